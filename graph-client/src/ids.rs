//! Identifiers, checked when they are made: a value that exists is well formed.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::text::Printable;

/// A value that breaks a rule: which field, what it held, and the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InvalidValue {
    /// The name of the field, such as `client id` or `owners[1]`.
    pub field: Cow<'static, str>,
    /// What the field held.
    pub value: String,
    /// The rule that the value breaks, as a sentence fragment: `must be …`.
    pub rule: Cow<'static, str>,
}

impl InvalidValue {
    /// Names a field, its value and the rule that the value breaks.
    #[must_use]
    pub fn new(
        field: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
        rule: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field: field.into(), value: value.into(), rule: rule.into() }
    }

    /// The same fault under the name that the caller knows the field by.
    #[must_use]
    pub fn at(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.field = field.into();
        self
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}: {}", Printable(&self.field), self.value, Printable(&self.rule))
    }
}

impl std::error::Error for InvalidValue {}

const GUID_RULE: &str = "must be a GUID: 32 hexadecimal digits in groups of 8-4-4-4-12";

/// Only the hyphenated form is taken: it is the one that Microsoft shows, and the other forms that a GUID library
/// accepts are usually a slip of the clipboard.
fn parse_guid(field: &'static str, text: &str) -> Result<Uuid, InvalidValue> {
    let trimmed = text.trim();
    if trimmed.len() == 36
        && let Ok(guid) = Uuid::try_parse(trimmed)
        && !guid.is_nil()
    {
        return Ok(guid);
    }
    Err(InvalidValue::new(field, text, GUID_RULE))
}

macro_rules! guid_id {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// From a GUID that is known to be one.
            #[must_use]
            pub const fn from_uuid(guid: Uuid) -> Self {
                Self(guid)
            }

            /// The GUID.
            #[must_use]
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                parse_guid($field, text).map(Self)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidValue;

            fn try_from(text: &str) -> Result<Self, InvalidValue> {
                text.parse()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.to_string()
            }
        }
    };
}

guid_id! {
    /// An application (client) id: what an app registration and its enterprise application share.
    ///
    /// It is not the object id of either; see [`ServicePrincipalId`].
    ClientId, "application (client) id"
}
guid_id! {
    /// The object id of a service principal, which the Entra portal shows under *Enterprise applications*.
    ///
    /// Exchange wants this id, not the object id of the app registration, which looks the same.
    ServicePrincipalId, "service principal object id"
}
guid_id! {
    /// The object id of a user, group or mailbox in Entra (`ExternalDirectoryObjectId` in Exchange).
    ObjectId, "Entra object id"
}
guid_id! {
    /// The id of an app role (application permission) of a resource such as Microsoft Graph.
    AppRoleId, "app role id"
}

/// The opaque id of an app role assignment. It is not a GUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppRoleAssignmentId(String);

impl AppRoleAssignmentId {
    /// The id as Graph sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppRoleAssignmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::text::printable(&self.0))
    }
}

impl From<String> for AppRoleAssignmentId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl From<&str> for AppRoleAssignmentId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// Every service principal is an object of the directory.
impl From<ServicePrincipalId> for ObjectId {
    fn from(id: ServicePrincipalId) -> Self {
        Self(id.0)
    }
}

/// A tenant: its GUID or one of its verified domains.
///
/// Both forms work in every address of the three services.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// The GUID or domain, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let trimmed = text.trim();
        if parse_guid("tenant", trimmed).is_ok() || is_domain(trimmed) {
            return Ok(Self(trimmed.to_ascii_lowercase().into()));
        }
        Err(InvalidValue::new(
            "tenant",
            text,
            "must be the tenant's GUID or one of its verified domains, such as contoso.onmicrosoft.com",
        ))
    }
}

impl Serialize for TenantId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TenantId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An SMTP address. The case is kept for display and ignored in comparisons, as Exchange does.
#[derive(Clone)]
pub struct SmtpAddress(Box<str>);

impl SmtpAddress {
    /// An address that a service sent: it is in use, whatever the rules say.
    pub(crate) fn as_sent(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.into()))
    }

    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or(&*self.0, |(local, _)| local)
    }

    /// What stands after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for SmtpAddress {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        address_fault(text).map_or_else(|| Ok(Self(text.into())), |rule| Err(InvalidValue::new("address", text, rule)))
    }
}

/// The rule that an address breaks. Limits: 64 characters before the `@`, 255 after it (RFC 5321).
fn address_fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("must not be empty");
    }
    if text.contains(char::is_whitespace) {
        return Some("must not contain spaces");
    }
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Some("must have the form name@domain");
    };
    if local.contains('@') {
        return Some("must contain one @ only");
    }
    if local.is_empty() || local.len() > 64 {
        return Some("must have 1 to 64 characters before the @");
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Some("may have dots before the @ only between other characters");
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if !local.chars().all(allowed) {
        return Some("may hold only letters, digits, dots and !#$%&'*+-/=?^_`{|}~ before the @");
    }
    (!is_domain(domain)).then_some("must end in a domain name such as contoso.com")
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 255 && text.contains('.') && text.split('.').all(label)
}

impl AsRef<str> for SmtpAddress {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&SmtpAddress> for String {
    fn from(address: &SmtpAddress) -> Self {
        address.as_str().to_owned()
    }
}

impl From<&TenantId> for String {
    fn from(tenant: &TenantId) -> Self {
        tenant.as_str().to_owned()
    }
}

impl TryFrom<&str> for SmtpAddress {
    type Error = InvalidValue;

    fn try_from(text: &str) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl PartialEq for SmtpAddress {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for SmtpAddress {}

impl Hash for SmtpAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl Ord for SmtpAddress {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let lower = |address: &Self| address.0.to_ascii_lowercase();
        lower(self).cmp(&lower(other))
    }
}

impl PartialOrd for SmtpAddress {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SmtpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::text::printable(&self.0))
    }
}

impl fmt::Debug for SmtpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpAddress({self})")
    }
}

impl From<SmtpAddress> for String {
    fn from(address: SmtpAddress) -> Self {
        address.0.into()
    }
}

impl Serialize for SmtpAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SmtpAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Ids that a service gives and nobody makes: any text that names one object.
macro_rules! service_ids {
    ($( $(#[$meta:meta])* $name:ident, $field:literal, $rule:literal; )+) => {$(
        $(#[$meta])*
        ///
        /// A text at hand becomes one by `From`, and is checked before anything is sent; `parse` checks at once.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as the service gave it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                if names_one_object(text) { Ok(Self(text.to_owned())) } else { Err(InvalidValue::new($field, text, $rule)) }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&String> for $name {
            fn from(text: &String) -> Self {
                Self(text.clone())
            }
        }

        impl From<&Self> for $name {
            fn from(id: &Self) -> Self {
                id.clone()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Printable(&self.0).fmt(f)
            }
        }
    )+};
}

/// Whether a text names one member of a collection: an empty one would address the collection, and `..` something else
/// altogether.
pub(crate) fn names_one_object(id: &str) -> bool {
    !id.trim().is_empty() && !matches!(id, "." | "..")
}

service_ids! {
    /// A user, or the account of a room: its object id, user principal name, or an address that is its user principal name.
    UserRef, "user", "must be the object id or user principal name of one user";
    /// A group's object id.
    GroupId, "group", "must be the object id of one group";
    /// The object id of anything in the directory: a user, a group, a service principal.
    DirectoryObjectId, "directory object", "must be the object id of one directory object";
    /// An administrative unit's object id.
    AdministrativeUnitId, "administrative unit", "must be the object id of one administrative unit";
    /// The id of a directory role's definition.
    RoleDefinitionId, "role definition", "must be the id of one role definition";
    /// The id of a directory role's assignment.
    RoleAssignmentId, "role assignment", "must be the id of one role assignment";
    /// The id of a delegated permission grant.
    PermissionGrantId, "permission grant", "must be the id of one permission grant";
    /// An event's id. It changes when the event moves, unless ids are immutable.
    EventId, "event", "must be the id of one event";
    /// The id of an attachment of an event.
    AttachmentId, "attachment", "must be the id of one attachment";
    /// A calendar's id.
    CalendarId, "calendar", "must be the id of one calendar";
    /// A calendar group's id.
    CalendarGroupId, "calendar group", "must be the id of one calendar group";
    /// The id of a permission on a calendar.
    CalendarPermissionId, "calendar permission", "must be the id of one calendar permission";
    /// A place: its id, its `place_id`, or the address of its mailbox.
    PlaceRef, "place", "must be the id or address of one place";
    /// A subscription's id.
    SubscriptionId, "subscription", "must be the id of one subscription";
}
#[cfg(feature = "applications")]
service_ids! {
    /// The `keyId` of a password or certificate of an application.
    KeyId, "key id", "must be the key id of one credential";
    /// A federated credential of an application: its id or name.
    FederatedCredentialRef, "federated credential", "must be the id or name of one federated credential";
}
#[cfg(feature = "teams")]
service_ids! {
    /// The id of a team, which is that of its group.
    TeamId, "team", "must be the id of one team";
    /// The id of a channel.
    ChannelId, "channel", "must be the id of one channel";
    /// The id of a message in a channel.
    MessageId, "message", "must be the id of one message";
}
#[cfg(feature = "planner")]
service_ids! {
    /// The id of a plan.
    PlanId, "plan", "must be the id of one plan";
    /// The id of a task of a plan.
    TaskId, "task", "must be the id of one task";
}
#[cfg(feature = "devices")]
service_ids! {
    /// The id of a device that Intune manages.
    DeviceId, "device", "must be the id of one managed device";
}

macro_rules! known_as {
    ($($id:ty => $($reference:ty),+;)+) => {$($(
        impl From<$id> for $reference {
            fn from(id: $id) -> Self {
                Self(id.to_string())
            }
        }

        impl From<&$id> for $reference {
            fn from(id: &$id) -> Self {
                Self(id.to_string())
            }
        }
    )+)+};
}
known_as! {
    ObjectId => UserRef, GroupId, DirectoryObjectId, AdministrativeUnitId;
    ServicePrincipalId => DirectoryObjectId;
    SmtpAddress => UserRef, PlaceRef;
    Uuid => UserRef, GroupId, DirectoryObjectId, AdministrativeUnitId, SubscriptionId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_malformed_id_of_the_documentation_is_refused_with_field_value_and_rule() {
        let error = "e7e4dbfc-046-4074-9b3b-2ae8f144f59b".parse::<ClientId>().unwrap_err();
        assert_eq!(error.field, "application (client) id");
        assert_eq!(error.value, "e7e4dbfc-046-4074-9b3b-2ae8f144f59b");
        assert!(error.rule.contains("8-4-4-4-12"), "{}", error.rule);
    }

    #[test]
    fn guids_in_braces_without_hyphens_or_all_zero_are_refused() {
        for text in [
            "{8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01}",
            "8f1c6d520b7e4a2e9d115c2b7f90aa01",
            "00000000-0000-0000-0000-000000000000",
            "",
        ] {
            assert!(text.parse::<ClientId>().is_err(), "{text}");
        }
        assert!("8F1C6D52-0B7E-4A2E-9D11-5C2B7F90AA01".parse::<ClientId>().is_ok());
    }

    #[test]
    fn addresses_break_one_named_rule() {
        for (text, rule) in [
            ("", "empty"),
            ("room 1@contoso.com", "spaces"),
            ("room.contoso.com", "name@domain"),
            ("a@b@contoso.com", "one @"),
            (".room@contoso.com", "dots"),
            ("ro..om@contoso.com", "dots"),
            ("röom@contoso.com", "letters"),
            ("room@contoso", "domain"),
            ("room@-contoso.com", "domain"),
        ] {
            let error = text.parse::<SmtpAddress>().unwrap_err();
            assert!(error.rule.contains(rule), "{text}: {}", error.rule);
        }
        assert!(format!("{}@contoso.com", "a".repeat(64)).parse::<SmtpAddress>().is_ok());
        assert!(format!("{}@contoso.com", "a".repeat(65)).parse::<SmtpAddress>().is_err());
    }

    #[test]
    fn addresses_compare_without_case_and_keep_it() {
        let given: SmtpAddress = "Room.1@Contoso.com".parse().unwrap();
        let other: SmtpAddress = "room.1@contoso.COM".parse().unwrap();
        assert_eq!(given, other);
        assert_eq!(std::collections::HashSet::from([given.clone(), other]).len(), 1);
        assert_eq!(given.to_string(), "Room.1@Contoso.com");
        assert_eq!((given.local_part(), given.domain()), ("Room.1", "Contoso.com"));
    }
}
