//! Text of others, made safe to show on a terminal or in a log.

use std::borrow::Cow;
use std::fmt;

/// Text of a service or of a directory object, as it may be shown: control characters, line breaks, bidirectional
/// controls and invisible format characters are written as `\u{1b}`.
///
/// Anyone who may name an object chooses what a program prints about it. Without this a name can move the cursor, hide
/// a part of a line, reverse its reading order, or begin a line of its own. What people write in any language stays as
/// it is, except that the two joiners (`U+200C`, `U+200D`) are written out as well.
///
/// # Examples
///
/// ```
/// use graph_client::printable;
///
/// assert_eq!(printable("Besprechungsraum Süd"), "Besprechungsraum Süd");
/// assert_eq!(printable("Rooms\u{1b}[2K\nverified"), r"Rooms\u{1b}[2K\u{a}verified");
/// ```
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unsafe(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// What moves the cursor, ends a line, changes the reading order, or is not seen at all. The ranges are those of the
/// general categories `Cc`, `Cf`, `Zl` and `Zp` (Unicode 16), the fillers that are letters without a shape, and the
/// supplementary variation selectors, in which any text can be hidden.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// A value whose `Display` shows text of others, made [`printable`].
pub(crate) struct Printable<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Printable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.0.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_shown_as_it_is() {
        for text in ["", "Salle Évreux", "会议室 3", "قاعة", "Room \\u{1b}", "Größe: 12 m²", "🏢 HQ", "a\u{fe0f}"]
        {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn what_moves_the_cursor_or_hides_is_written_out() {
        for (text, expected) in [
            ("\u{1b}]0;x\u{7}", r"\u{1b}]0;x\u{7}"),
            ("a\r\nb\tc", r"a\u{d}\u{a}b\u{9}c"),
            ("\u{9b}2J\u{7f}", r"\u{9b}2J\u{7f}"),
            ("\u{202e}moor\u{202c}\u{2066}x\u{2069}\u{200f}", r"\u{202e}moor\u{202c}\u{2066}x\u{2069}\u{200f}"),
            ("a\u{200b}b\u{feff}c\u{ad}d\u{2060}e\u{3164}", r"a\u{200b}b\u{feff}c\u{ad}d\u{2060}e\u{3164}"),
            ("a\u{2028}b\u{2029}c\u{85}", r"a\u{2028}b\u{2029}c\u{85}"),
            ("\u{e0041}\u{e0100}", r"\u{e0041}\u{e0100}"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }
}
