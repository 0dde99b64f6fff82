use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What a delta query says about one object.
///
/// Also decodes the items of a relation's changes, such as `members@delta` of a group.
///
/// # Examples
///
/// ```
/// use graph_client::{Change, RemovalReason};
///
/// let item = r#"{"id":"1","@removed":{"reason":"deleted"}}"#;
/// let Change::Removed(removed) = serde_json::from_str::<Change<serde_json::Value>>(item)? else { panic!() };
/// assert_eq!((&*removed.id, removed.reason), ("1", RemovalReason::Deleted));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// The object is new or changed. What did not change may be absent.
    Changed(T),
    /// The object is gone.
    Removed(Removed),
}

/// An object that is gone from what is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Removed {
    /// The object's id.
    pub id: String,
    /// The object's type where the service gives it, such as `#microsoft.graph.user` among the members of a group.
    #[serde(rename = "@odata.type", default)]
    pub kind: Option<String>,
    /// Why it is gone.
    #[serde(rename = "@removed")]
    pub reason: RemovalReason,
}

/// Why an object is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemovalReason {
    /// It was deleted, and cannot be restored. Outlook gives this reason always. Among the members of a group it says
    /// only that the object is no member any more.
    Deleted,
    /// It was deleted and can be restored, or it no longer belongs to what is asked for.
    Changed,
    /// A reason that this crate does not know, or none.
    Other(String),
}

impl<'de> Deserialize<'de> for RemovalReason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Annotation {
            reason: Option<String>,
        }
        let reason = Annotation::deserialize(deserializer)?.reason.unwrap_or_default();
        Ok(match reason.to_ascii_lowercase().as_str() {
            "deleted" => Self::Deleted,
            "changed" => Self::Changed,
            _ => Self::Other(reason),
        })
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let item = Value::deserialize(deserializer)?;
        if item.get("@removed").is_some_and(|removed| !removed.is_null()) {
            Removed::deserialize(item).map(Self::Removed).map_err(D::Error::custom)
        } else {
            T::deserialize(item).map(Self::Changed).map_err(D::Error::custom)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removals_are_told_from_changes() {
        let read = |text: &str| serde_json::from_str::<Change<Value>>(text).unwrap();
        let reason = |text: &str| match read(text) {
            Change::Removed(removed) => Some(removed.reason),
            Change::Changed(_) => None,
        };
        assert_eq!(reason(r#"{"id":"1","@removed":{"reason":"Changed"}}"#), Some(RemovalReason::Changed));
        assert_eq!(reason(r#"{"id":"1","@removed":{"reason":"moved"}}"#), Some(RemovalReason::Other("moved".into())));
        assert_eq!(reason(r#"{"id":"1","@removed":{}}"#), Some(RemovalReason::Other(String::new())));
        assert_eq!(reason(r#"{"id":"1","members@delta":[{"id":"2","@removed":{"reason":"deleted"}}]}"#), None);
        assert!(serde_json::from_str::<Change<Value>>(r#"{"@removed":{"reason":"deleted"}}"#).is_err());
    }
}
