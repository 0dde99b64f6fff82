//! Text of others on its way to a terminal or a log.

use std::borrow::Cow;
use std::fmt;

/// The text without what a terminal acts on or what would forge a line.
///
/// Names, descriptions and error texts are written by whoever may write them. Line breaks and tabs become spaces; other
/// control characters, the marks that turn the direction of text and the separators of lines are shown by their numbers.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\r' | '\n' | '\t' => {
                if !shown.ends_with(' ') {
                    shown.push(' ');
                }
            }
            c if is_unprintable(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Shows a value as [`printable`] shows its text.
pub(crate) struct Printable<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Printable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.0.to_string()))
    }
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_acts_on_is_shown_raw() {
        assert_eq!(printable("Room 1 – Zürich"), "Room 1 – Zürich");
        assert_eq!(printable("a\u{1b}[2Jb\r\n\tPROVEN"), "a\\u{1b}[2Jb PROVEN");
        for c in ['\0', '\u{7f}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200f}', '\u{2028}'] {
            let shown = Printable(format!("x{c}y")).to_string();
            assert_eq!(shown, format!("x{}y", c.escape_unicode()));
        }
    }
}
