//! Reading what Exchange sends: booleans and numbers as text, lists as one text, objects in place of names, empty text
//! for no value.
//!
//! Each reader takes every form that was seen and fails on any other. A failure costs that property and not the row:
//! the place where rows are read leaves the property out and says so.

use std::fmt::Display;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::ids::SmtpAddress;
use crate::time::Timestamp;

fn no(what: impl Display) -> String {
    format!("not {what}")
}

/// `true`, `false`, and the same as text in any case. `Not Run` is what a test says of a question that was not asked.
pub(super) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Bool(value) => Ok(Some(value)),
        Value::String(text) => match &*text.trim().to_ascii_lowercase() {
            "" | "not run" => Ok(None),
            "true" | "$true" => Ok(Some(true)),
            "false" | "$false" => Ok(Some(false)),
            _ => Err(D::Error::custom(no("a Boolean"))),
        },
        _ => Err(D::Error::custom(no("a Boolean"))),
    }
}

/// The names of flags: a list, or one text with commas, as flag enumerations have it, or both at once.
pub(super) fn flags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let values = items(Value::deserialize(deserializer)?).map_err(D::Error::custom)?;
    let parts = values.iter().flat_map(|text| text.split(','));
    Ok(parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
}

/// The same where a list that was not sent is something else than an empty one.
pub(super) fn some_flags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    flags(deserializer).map(Some)
}

/// Names and identities: a list, or one text, which is never divided: a name may hold a comma (`Meyer, Alex`), and a
/// distinguished name does.
pub(super) fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    items(Value::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn items(value: Value) -> Result<Vec<String>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.into_iter().filter_map(|item| one(item).transpose()).collect(),
        value => Ok(one(value)?.into_iter().collect()),
    }
}

/// One value as text: what an object is called, when it is one.
fn one(value: Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok((!text.trim().is_empty()).then_some(text)),
        Value::Bool(_) | Value::Number(_) => Ok(Some(value.to_string())),
        Value::Object(object) => match called(&object) {
            Some(name) => Ok(Some(name.to_owned())),
            // Nothing that was sent is lost, whatever it is called.
            None if !object.is_empty() => Ok(Some(Value::Object(object).to_string())),
            None => Err(no("text")),
        },
        Value::Array(mut items) if items.len() == 1 => one(items.remove(0)),
        Value::Array(_) => Err(no("one value")),
    }
}

/// What an object is best told by: an id before a name, a name before what people see.
fn called(object: &Map<String, Value>) -> Option<&str> {
    const KEYS: &[&str] = &[
        "ExternalDirectoryObjectId",
        "ObjectGuid",
        "Guid",
        "DistinguishedName",
        "PrimarySmtpAddress",
        "Identity",
        "Name",
        "DisplayName",
    ];
    let text = |key: &&str| {
        let is = |(name, _): &(&String, &Value)| name.eq_ignore_ascii_case(key);
        object.iter().find(is).and_then(|(_, value)| value.as_str()).filter(|text| is_value(text))
    };
    KEYS.iter().find_map(text)
}

fn is_value(text: &str) -> bool {
    !text.trim().is_empty() && !Uuid::try_parse(text.trim()).is_ok_and(|guid| guid.is_nil())
}

/// Text that comes as one value or as a list; `None` when the service leaves it out.
pub(super) fn lines<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        value => items(value).map(|lines| Some(lines.join("\n"))).map_err(D::Error::custom),
    }
}

/// A GUID; `None` for null, empty text and the GUID of zeros.
pub(super) fn guid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
    let Some(text) = one(Value::deserialize(deserializer)?).map_err(D::Error::custom)? else { return Ok(None) };
    match Uuid::try_parse(text.trim()) {
        Ok(guid) => Ok((!guid.is_nil()).then_some(guid)),
        Err(_) => Err(D::Error::custom(no("a GUID"))),
    }
}

/// An address as it is in use, with or without `smtp:` before it; `None` for null and empty text.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SmtpAddress>, D::Error> {
    let Some(text) = one(Value::deserialize(deserializer)?).map_err(D::Error::custom)? else { return Ok(None) };
    smtp(&text).map(Some).ok_or_else(|| D::Error::custom(no("an SMTP address")))
}

/// A whole number, also as text and as `12.0`.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let Some(text) = one(Value::deserialize(deserializer)?).map_err(D::Error::custom)? else { return Ok(None) };
    let text = text.trim();
    let whole = text.split_once('.').filter(|(_, fraction)| fraction.bytes().all(|digit| digit == b'0'));
    let whole = whole.map_or(text, |(whole, _)| whole);
    whole.parse().map(Some).map_err(|_| D::Error::custom(no("a whole number")))
}

/// Text, also where the service sends a number, a Boolean or an object; `None` for null and empty text.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    one(Value::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// A date and time, as text.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    text(deserializer).map(|text| text.as_deref().map(Timestamp::from))
}

/// Text where there is always a value; empty text when the service leaves it out.
pub(super) fn plain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    items(Value::deserialize(deserializer)?).map(|items| items.join(",")).map_err(D::Error::custom)
}

/// A time span such as `90.00:00:00` (days, hours, minutes, seconds) or `00:30:00`.
pub(super) fn time_span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let span = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(None),
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => parse_time_span(&text),
        // What was stored by this crate.
        stored @ Value::Object(_) => Duration::deserialize(stored).ok(),
        _ => None,
    };
    span.map(Some).ok_or_else(|| D::Error::custom(no("a time span")))
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

/// Addresses of type SMTP, without their prefix: `SMTP:` marks the primary one, `smtp:` the others. What this crate
/// stores has no prefix. Addresses of other types (`X500:`, `SIP:`) are left out.
pub(super) fn smtp_addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SmtpAddress>, D::Error> {
    let list = match Value::deserialize(deserializer)? {
        // No SMTP address holds a comma outside of quotes; what is cut from an address of another type is none.
        Value::String(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        value => items(value).map_err(D::Error::custom)?,
    };
    Ok(list.iter().filter_map(|text| smtp(text)).collect())
}

fn smtp(text: &str) -> Option<SmtpAddress> {
    let address = match text.split_once(':') {
        None => text,
        Some((kind, address)) if kind.trim().eq_ignore_ascii_case("smtp") => address,
        Some(_) => return None,
    };
    SmtpAddress::as_sent(address).filter(|address| address.as_str().contains('@'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::exchange::{DistributionGroup, ExchangeMailbox};

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

    #[test]
    fn what_is_one_name_is_not_divided_and_what_is_an_object_keeps_what_it_is_told_by() {
        let group = |value: Value| -> DistributionGroup {
            serde_json::from_value(json!({ "ManagedBy": value, "GroupType": "Universal, SecurityEnabled" })).unwrap()
        };
        let name = "CN=Meyer\\, Alex,OU=contoso.onmicrosoft.com,DC=PROD";
        for (sent, read) in [
            (json!("Meyer, Alex"), vec!["Meyer, Alex"]),
            (json!([name, null, ""]), vec![name]),
            (json!([{ "Name": "Meyer, Alex", "DistinguishedName": name }]), vec![name]),
            (json!([{ "Strange": 1 }]), vec![r#"{"Strange":1}"#]),
            (json!(null), vec![]),
        ] {
            let group = group(sent);
            assert_eq!(group.managed_by, read);
            assert_eq!(group.group_type, ["Universal", "SecurityEnabled"]);
        }
    }

    #[test]
    fn scalars_are_read_in_each_form_that_was_seen() {
        let mailbox: ExchangeMailbox = serde_json::from_value(json!({
            "IsDirSynced": "False",
            "ResourceCapacity": 12.0,
            "ExternalDirectoryObjectId": "00000000-0000-0000-0000-000000000000",
            "ExchangeGuid": "",
            "Office": 42,
            "PrimarySmtpAddress": "SMTP:room@contoso.com",
            "EmailAddresses": "SMTP:room@contoso.com, smtp:r@contoso.com,X500:/o=x/cn=a@b,SIP:room@contoso.com",
        }))
        .unwrap();
        assert_eq!((mailbox.is_dir_synced, mailbox.resource_capacity), (Some(false), Some(12)));
        assert_eq!((mailbox.external_directory_object_id, mailbox.exchange_guid), (None, None));
        assert_eq!(mailbox.office.as_deref(), Some("42"));
        let addresses: Vec<&str> = mailbox.email_addresses.iter().map(SmtpAddress::as_str).collect();
        assert_eq!(addresses, ["room@contoso.com", "r@contoso.com"]);
        assert_eq!(mailbox.primary_smtp_address.as_ref(), mailbox.email_addresses.first());
        for odd in [json!({ "IsDirSynced": "perhaps" }), json!({ "ResourceCapacity": 12.5 })] {
            assert!(serde_json::from_value::<ExchangeMailbox>(odd).is_err());
        }
    }
}
