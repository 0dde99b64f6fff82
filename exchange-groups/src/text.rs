//! Helpers for English sentences.

/// `1 step`, `2 steps`, `2 mailboxes`: a number and what it counts.
pub(crate) fn count(number: usize, what: &str) -> String {
    match (number, what.ends_with(['x', 's'])) {
        (1, _) => format!("1 {what}"),
        (_, true) => format!("{} {what}es", thousands(number)),
        (_, false) => format!("{} {what}s", thousands(number)),
    }
}

/// `10,001`: a number with thousands separators.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A noun with its indefinite article, by its sound.
pub(crate) fn with_article(noun: &str) -> String {
    let begins_with_a_vowel = noun.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']);
    // "User" and "unique" begin as "you" does.
    let sounds_like_you = ["User", "Uni", "user", "uni"].iter().any(|start| noun.starts_with(start));
    format!("{} {noun}", if begins_with_a_vowel && !sounds_like_you { "an" } else { "a" })
}

/// The message of an error without the client's general advice, for a finding that has advice of its own.
pub(crate) fn without_advice(error: &graph_client::Error) -> String {
    let text = error.to_string();
    let text = error.advice().and_then(|advice| text.strip_suffix(advice)).unwrap_or(&text);
    text.trim_end().trim_end_matches('.').to_owned()
}

/// A sentence with a capital letter.
pub(crate) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The names in a sentence: at most `shown` of them, and how many more there are.
pub(crate) fn some_of<T: std::fmt::Display>(names: impl IntoIterator<Item = T>, shown: usize) -> String {
    let names: Vec<_> = names.into_iter().map(|name| name.to_string()).collect();
    match names.len().checked_sub(shown) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..shown].join(", ")),
    }
}

/// A text without control and direction characters, which could change what a terminal shows.
pub(crate) fn plain(text: &str) -> String {
    let is_hostile = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if is_hostile(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!((&*count(1, "step"), &*count(0, "step"), &*count(2, "step")), ("1 step", "0 steps", "2 steps"));
        assert_eq!(count(2, "mailbox"), "2 mailboxes");
        let numbers = [7, 999, 1_000, 10_001, 1_234_567].map(thousands);
        assert_eq!(numbers, ["7", "999", "1,000", "10,001", "1,234,567"]);
        let nouns = ["UserMailbox", "EquipmentMailbox", "RoomMailbox", "UniversalGroup"].map(with_article);
        assert_eq!(nouns, ["a UserMailbox", "an EquipmentMailbox", "a RoomMailbox", "a UniversalGroup"]);
        assert_eq!(some_of(["a", "b"], 2), "a, b");
        assert_eq!(some_of(["a", "b", "c"], 2), "a, b and 1 more");
    }
}
