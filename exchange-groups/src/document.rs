//! The parts that plan, report and proof have in common: a format version, their origin, digests.

use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use graph_client::graph::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The version of the JSON form of a document. A document of another version is refused when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FormatVersion(());

impl FormatVersion {
    /// The version that this release writes and reads.
    pub const NUMBER: u32 = 1;

    pub(crate) const CURRENT: Self = Self(());
}

impl Serialize for FormatVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(Self::NUMBER)
    }
}

impl<'de> Deserialize<'de> for FormatVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            Self::NUMBER => Ok(Self(())),
            other => Err(D::Error::custom(format!(
                "the document has format version {other}, and this release reads version {}: make it again",
                Self::NUMBER
            ))),
        }
    }
}

/// Where, when and by what a document was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Origin {
    /// The version of the document's JSON form.
    pub format: FormatVersion,
    /// The name of the Exchange organisation, which is the initial domain of the tenant.
    pub tenant: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// The software that made it, with its version.
    pub software: String,
}

impl Origin {
    pub(crate) fn now(tenant: impl Into<String>) -> Self {
        Self {
            format: FormatVersion::CURRENT,
            tenant: tenant.into(),
            made_at: whole_seconds(SystemTime::now()).into(),
            software: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// A time in whole seconds.
pub(crate) fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(since.as_secs())).unwrap_or(time)
}

/// A SHA-256 digest of a document's content, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of a value's JSON form. Objects are compared by content: the order of their members does not count.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        // What does not serialise has no content.
        let mut text = String::new();
        canonical(&serde_json::to_value(value).unwrap_or_default(), &mut text);
        let mut digits = String::with_capacity(64);
        for byte in Sha256::digest(text) {
            let _ = write!(digits, "{byte:02x}");
        }
        Self(digits)
    }

    /// The digest in hexadecimal.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Digest {
    fn from(text: &str) -> Self {
        Self(text.trim().to_ascii_lowercase())
    }
}

impl From<&Self> for Digest {
    fn from(digest: &Self) -> Self {
        digest.clone()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The observation that a document was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObservationRef {
    /// The digest of the observation.
    pub digest: Digest,
    /// When the observation was made.
    pub made_at: Timestamp,
}

/// JSON with the members of every object in the order of their names.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in members {
                let _ = write!(out, "{}:", Value::from(&**name));
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        scalar => {
            let _ = write!(out, "{scalar}");
        }
    }
}

pub(crate) mod seconds {
    //! Durations as seconds, for people who read the JSON.

    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_secs_f64())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Ok(Duration::try_from_secs_f64(f64::deserialize(deserializer)?).unwrap_or_default())
    }
}
