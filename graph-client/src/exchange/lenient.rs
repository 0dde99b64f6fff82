//! Reading what Exchange sends: booleans as text, lists as one text, empty text for no value.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
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

/// Text, also where the service sends a number or a Boolean; nothing for empty text.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
        _ => None,
    })
}

/// A time span such as `90.00:00:00` (days, hours, minutes, seconds) or `00:30:00`.
pub(super) fn time_span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => parse_time_span(&text),
        // What was stored by this crate.
        stored @ Value::Object(_) => Duration::deserialize(stored).ok(),
        _ => None,
    })
}

fn parse_time_span(text: &str) -> Option<Duration> {
    let (before, after) = text.trim().split_once(':')?;
    let (days, hours) = before.split_once('.').unwrap_or(("0", before));
    let (minutes, seconds) = after.split_once(':').unwrap_or((after, "0"));
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let number = |text: &str| text.parse::<u64>().ok();
    let hours = number(days)?.checked_mul(24)?.checked_add(number(hours)?)?;
    let seconds =
        hours.checked_mul(3600)?.checked_add(number(minutes)?.checked_mul(60)?)?.checked_add(number(whole)?)?;
    let nanos = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Some(Duration::new(seconds, nanos))
}

/// A size, as Exchange writes it: `35 MB (36,700,160 bytes)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub enum Quota {
    /// So many bytes.
    Bytes(u64),
    /// No limit.
    Unlimited,
    /// Something else, which is not understood.
    Unknown,
}

impl<'de> Deserialize<'de> for Quota {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Number(number) => number.as_u64().map_or(Self::Unknown, Self::Bytes),
            Value::String(text) if text.trim().eq_ignore_ascii_case("unlimited") => Self::Unlimited,
            Value::String(text) => parse_size(&text).map_or(Self::Unknown, Self::Bytes),
            // What was stored by this crate.
            Value::Object(stored) => stored.get("Bytes").and_then(Value::as_u64).map_or(Self::Unknown, Self::Bytes),
            _ => Self::Unknown,
        })
    }
}

/// The bytes in brackets, which are exact. Thousands are grouped by the language of the session.
fn parse_size(text: &str) -> Option<u64> {
    let exact = text.split_once('(')?.1.split_once(')')?.0;
    let digits: String = exact.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Proxy addresses of type SMTP, without their prefix: `SMTP:` marks the primary one, `smtp:` the others.
pub(super) fn smtp_addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SmtpAddress>, D::Error> {
    let smtp = |text: &String| {
        let (prefix, address) = text.split_once(':')?;
        prefix.eq_ignore_ascii_case("smtp").then(|| SmtpAddress::as_sent(address)).flatten()
    };
    Ok(texts(deserializer)?.iter().filter_map(smtp).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_to_the_byte() {
        let quota = |text: &str| serde_json::from_str::<Quota>(text).unwrap();
        assert_eq!(quota(r#""35 MB (36,700,160 bytes)""#), Quota::Bytes(36_700_160));
        assert_eq!(quota(r#""99 GB (106.300.440.576 Bytes)""#), Quota::Bytes(106_300_440_576));
        assert_eq!(quota(r#""Unlimited""#), Quota::Unlimited);
        assert_eq!(quota(r#""much""#), Quota::Unknown);
        for quota in [Quota::Bytes(7), Quota::Unlimited, Quota::Unknown] {
            assert_eq!(serde_json::from_value::<Quota>(serde_json::to_value(quota).unwrap()).unwrap(), quota);
        }
    }

    #[test]
    fn time_spans_have_days_or_none() {
        assert_eq!(parse_time_span("90.00:00:00"), Some(Duration::from_secs(90 * 86_400)));
        assert_eq!(parse_time_span("00:30:05.25"), Some(Duration::from_millis(1_805_250)));
        assert_eq!(parse_time_span("06:00"), Some(Duration::from_secs(6 * 3600)));
        for text in ["", "Unlimited", "x:y", "99999999999999999999.00:00:00"] {
            assert_eq!(parse_time_span(text), None, "{text}");
        }
    }
}
