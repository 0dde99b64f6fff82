//! Reading what Exchange sends: booleans as text, lists as one text, empty text for no value.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use uuid::Uuid;

use crate::SmtpAddress;

/// `true`, `false`, and the same as text in any case. Anything else is not known.
pub(super) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(value) => Some(value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    })
}

/// A list, one text, a text with commas as flag enumerations have it, or nothing.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let split = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => split(&text),
        Value::Array(items) => items
            .into_iter()
            .filter_map(|item| match item {
                Value::String(text) if !text.is_empty() => Some(text),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    })
}

/// Text that comes as one value or as a list with one; `None` when the service leaves it out.
pub(super) fn lines<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Array(items) => Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")),
        _ => None,
    })
}

/// A GUID, or nothing for empty text, null and anything that is not one.
pub(super) fn guid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| Uuid::try_parse(text.trim()).ok()).filter(|guid| !guid.is_nil()))
}

/// An address as it is in use, or nothing for empty text and null.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SmtpAddress>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.as_deref().and_then(SmtpAddress::as_sent))
}

/// A whole number, also as text.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

/// Proxy addresses of type SMTP, without their prefix: `SMTP:` marks the primary one, `smtp:` the others.
pub(super) fn smtp_addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SmtpAddress>, D::Error> {
    let smtp = |text: &String| {
        let (prefix, address) = text.split_once(':')?;
        prefix.eq_ignore_ascii_case("smtp").then(|| SmtpAddress::as_sent(address)).flatten()
    };
    Ok(texts(deserializer)?.iter().filter_map(smtp).collect())
}
