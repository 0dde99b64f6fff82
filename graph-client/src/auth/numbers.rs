//! Numbers as the sign-in service sends them: managed identities and the v1 end points send them as text.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

fn read(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A number that must be there.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    read(&Value::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom("a number was expected"))
}

/// A number that may be missing or something else.
pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(read(&Value::deserialize(deserializer)?))
}

/// A list of numbers, each of which may be something else.
pub(super) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(items.iter().filter_map(|item| u32::try_from(read(item)?).ok()).collect())
}
