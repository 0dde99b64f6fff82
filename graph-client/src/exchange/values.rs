use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ids::{ClientId, InvalidValue, ObjectId, ServicePrincipalId, SmtpAddress};
use crate::text::printable;

/// Which object a cmdlet is about: an address, an Entra object id, a GUID or a distinguished name.
///
/// It is never empty: `Get-*` cmdlets take an empty identity for all objects. It may carry a label, which stands for
/// it in sentences; the label never goes on the wire and does not count in comparisons.
#[derive(Clone)]
pub struct Identity {
    value: String,
    label: Option<Box<str>>,
}

impl Identity {
    const fn new(value: String) -> Self {
        Self { value, label: None }
    }

    /// The identity as it goes on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// The same identity, shown to people as `label`: an address says more than an object id.
    #[must_use]
    pub fn shown_as(mut self, label: impl fmt::Display) -> Self {
        self.label = Some(label.to_string().into());
        self
    }
}

impl FromStr for Identity {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text.trim().is_empty() {
            return Err(InvalidValue::new(
                "identity",
                text,
                "must not be empty: Exchange would take it for all objects",
            ));
        }
        Ok(Self::new(text.to_owned()))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(self.label.as_deref().unwrap_or(&self.value)))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", printable(&self.value))
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl Serialize for Identity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.value)
    }
}

impl<'de> Deserialize<'de> for Identity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

macro_rules! identity_from {
    ($($id:ty),+) => {$(
        impl From<$id> for Identity {
            fn from(id: $id) -> Self {
                Self::new(id.to_string())
            }
        }

        impl From<&$id> for Identity {
            fn from(id: &$id) -> Self {
                Self::new(id.to_string())
            }
        }
    )+};
}
identity_from!(ObjectId, ServicePrincipalId, ClientId, uuid::Uuid);

/// As it was sent: what is shown of it may differ.
impl From<SmtpAddress> for Identity {
    fn from(address: SmtpAddress) -> Self {
        Self::new(address.into())
    }
}

impl From<&SmtpAddress> for Identity {
    fn from(address: &SmtpAddress) -> Self {
        Self::new(address.as_str().to_owned())
    }
}

/// An object of Exchange's configuration by its name, which is unique among its kind.
impl From<&ObjectName> for Identity {
    fn from(name: &ObjectName) -> Self {
        Self::new(name.as_str().to_owned())
    }
}

impl From<&Self> for Identity {
    fn from(identity: &Self) -> Self {
        identity.clone()
    }
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $field:literal, $fault:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                match $fault(text) {
                    None => Ok(Self(text.to_owned())),
                    Some(rule) => Err(InvalidValue::new($field, text, rule)),
                }
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidValue;

            fn try_from(text: &str) -> Result<Self, InvalidValue> {
                text.parse()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&printable(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), printable(&self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

checked_text! {
    /// The name of a group: 1 to 64 characters, unique in the organisation.
    GroupName, "name", name_fault
}
checked_text! {
    /// The name of a management scope, a role assignment or a role group: 1 to 64 characters.
    ObjectName, "name", name_fault
}
checked_text! {
    /// The alias of a recipient: 1 to 64 characters that may stand before the `@` of an address.
    Alias, "alias", alias_fault
}

fn name_fault(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        Some("must not be empty")
    } else if text.trim() != text {
        Some("must not begin or end with a space")
    } else if text.chars().count() > 64 {
        Some("must have at most 64 characters")
    } else if text.chars().any(char::is_control) {
        Some("must not hold line breaks or other control characters")
    } else {
        None
    }
}

/// Source: the `Alias` parameter of `New-DistributionGroup`. Letters of U+00A1 to U+00FF are allowed there and mapped
/// to ASCII in the address.
fn alias_fault(text: &str) -> Option<&'static str> {
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || "!#%*+-/=?^_~$&'`{}|.".contains(c) || ('\u{a1}'..='\u{ff}').contains(&c);
    if text.is_empty() {
        Some("must not be empty")
    } else if text.chars().count() > 64 {
        Some("must have at most 64 characters")
    } else if !text.chars().all(allowed) {
        Some("may hold only letters, digits, dots and !#%*+-/=?^_~$&'`{}|")
    } else if text.starts_with('.') || text.ends_with('.') || text.contains("..") {
        Some("may have dots only between other characters")
    } else {
        None
    }
}

/// The rule for the name that people see, which every recipient has.
pub(super) fn check_display_name(name: Option<&str>) -> Result<(), InvalidValue> {
    match name {
        Some(name) if name.trim().is_empty() => Err(InvalidValue::new("display name", name, "must not be empty")),
        Some(name) if name.chars().count() > 256 => {
            Err(InvalidValue::new("display name", name, "must have at most 256 characters"))
        }
        _ => Ok(()),
    }
}

/// An address of a recipient, with what it is used for. A prefix such as `@` before an address would be stored with it,
/// so only these two can be written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProxyAddress {
    address: SmtpAddress,
    is_primary: bool,
}

impl ProxyAddress {
    /// The address that mail is sent from.
    #[must_use]
    pub fn primary(address: SmtpAddress) -> Self {
        Self { address, is_primary: true }
    }

    /// A further address that mail arrives at.
    #[must_use]
    pub fn secondary(address: SmtpAddress) -> Self {
        Self { address, is_primary: false }
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> &SmtpAddress {
        &self.address
    }
}

impl fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", if self.is_primary { "SMTP" } else { "smtp" }, self.address)
    }
}

impl Serialize for ProxyAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = if self.is_primary { "SMTP" } else { "smtp" };
        serializer.collect_str(&format_args!("{kind}:{}", self.address.as_str()))
    }
}

impl<'de> Deserialize<'de> for ProxyAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (prefix, address) = text.split_once(':').unwrap_or(("", &text));
        let address = address.parse().map_err(de::Error::custom)?;
        match prefix {
            "SMTP" => Ok(Self::primary(address)),
            "smtp" => Ok(Self::secondary(address)),
            _ => Err(de::Error::custom("an address must begin with SMTP: or smtp:")),
        }
    }
}

/// `Confirm: false`. With `true` Exchange checks the command, answers with its prompt and does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Confirmed;

impl Serialize for Confirmed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(false)
    }
}

impl<'de> Deserialize<'de> for Confirmed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if bool::deserialize(deserializer)? {
            return Err(de::Error::custom("Confirm must be false: with true Exchange does nothing"));
        }
        Ok(Self)
    }
}

/// A change to a property that holds several values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ListChange<T> {
    /// The property holds these values and no others. An empty list clears it.
    Replace(Vec<T>),
    /// Values come and go; the others stay.
    Alter {
        /// What is added.
        add: Vec<T>,
        /// What is removed.
        remove: Vec<T>,
    },
}

const HASH_TABLE: &str = "#Exchange.GenericHashTable";

/// The tag without which Exchange does not bind a table.
#[derive(Deserialize)]
enum HashTable {
    #[serde(rename = "#Exchange.GenericHashTable")]
    Tagged,
}

impl<T: Serialize> Serialize for ListChange<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;

        let (add, remove) = match self {
            // An empty table clears the property; an empty list was never seen to.
            Self::Replace(values) if values.is_empty() => (values, values),
            Self::Replace(values) => return values.serialize(serializer),
            Self::Alter { add, remove } => (add, remove),
        };
        let mut table = serializer.serialize_map(None)?;
        table.serialize_entry("@odata.type", HASH_TABLE)?;
        for (key, values) in [("Add", add), ("Remove", remove)] {
            if !values.is_empty() {
                table.serialize_entry(key, values)?;
            }
        }
        table.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ListChange<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire<T> {
            List(Vec<T>),
            Table {
                #[serde(rename = "@odata.type")]
                _type: HashTable,
                #[serde(rename = "Add", default = "Vec::new")]
                add: Vec<T>,
                #[serde(rename = "Remove", default = "Vec::new")]
                remove: Vec<T>,
            },
        }
        Ok(match Wire::deserialize(deserializer)? {
            Wire::List(values) => Self::Replace(values),
            Wire::Table { add, remove, .. } if add.is_empty() && remove.is_empty() => Self::Replace(Vec::new()),
            Wire::Table { add, remove, .. } => Self::Alter { add, remove },
        })
    }
}

/// `ResultSize: "Unlimited"`. The default is 1,000, and the rest is left out with no more than a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum ResultSize {
    #[default]
    Unlimited,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_keep_to_the_limits_of_exchange() {
        assert!("a".repeat(64).parse::<GroupName>().is_ok());
        assert!("é".repeat(64).parse::<GroupName>().is_ok(), "characters count, not bytes");
        for name in ["", "  ", " rooms", "rooms\n", &"a".repeat(65)] {
            assert!(name.parse::<GroupName>().is_err(), "{name:?}");
        }
        for alias in ["rooms", "rooms.b42", "r&d's_{rooms}", "räume"] {
            assert!(alias.parse::<Alias>().is_ok(), "{alias:?}");
        }
        for alias in ["", "meeting rooms", ".rooms", "rooms.", "ro..oms", "rooms@x", "会議", &"a".repeat(65)] {
            assert!(alias.parse::<Alias>().is_err(), "{alias:?}");
        }
    }

    #[test]
    fn list_changes_are_lists_or_tagged_tables() {
        let text = |change: &ListChange<&str>| serde_json::to_string(change).unwrap();
        assert_eq!(text(&ListChange::Replace(vec!["a"])), r#"["a"]"#);
        let cleared = r##"{"@odata.type":"#Exchange.GenericHashTable"}"##;
        assert_eq!(text(&ListChange::Replace(vec![])), cleared);
        let altered = ListChange::Alter { add: vec!["a"], remove: vec!["b"] };
        let wire = r##"{"@odata.type":"#Exchange.GenericHashTable","Add":["a"],"Remove":["b"]}"##;
        assert_eq!(text(&altered), wire);
        assert_eq!(serde_json::from_str::<ListChange<&str>>(wire).unwrap(), altered);
        assert!(serde_json::from_str::<ListChange<&str>>(r#"{"Add":["a"]}"#).is_err(), "a table is tagged");
    }

    #[test]
    fn a_label_is_shown_and_never_sent() {
        let identity = "21f0b6c3-9d1f-4c55-8f38-1b2c3d4e5f07".parse::<Identity>().unwrap().shown_as("room@contoso.com");
        assert_eq!(identity.to_string(), "room@contoso.com");
        assert_eq!(serde_json::to_string(&identity).unwrap(), "\"21f0b6c3-9d1f-4c55-8f38-1b2c3d4e5f07\"");
    }

    #[test]
    fn no_identity_is_empty() {
        assert!("".parse::<Identity>().is_err());
        assert!(" \t".parse::<Identity>().is_err());
        assert!(serde_json::from_str::<Identity>("\"\"").is_err());
    }
}
