use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::ids::InvalidValue;
use crate::text::printable;

/// The name of a property, as filters and selections use it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Property(Cow<'static, str>);

macro_rules! properties {
    ($($(#[$doc:meta])* $constant:ident = $name:literal;)+) => {
        impl Property {
            $($(#[$doc])* pub const $constant: Self = Self(Cow::Borrowed($name));)+
        }
    };
}
properties! {
    /// All addresses. Microsoft asks to filter by this one instead of `PrimarySmtpAddress`, which searches them all
    /// anyway.
    EMAIL_ADDRESSES = "EmailAddresses";
    /// The groups that the recipient is a direct member of. It is compared with a distinguished name.
    MEMBER_OF_GROUP = "MemberOfGroup";
    /// The owners. It is compared with a distinguished name.
    MANAGED_BY = "ManagedBy";
    /// The name in the directory.
    NAME = "Name";
    /// The name that people see.
    DISPLAY_NAME = "DisplayName";
    /// The alias.
    ALIAS = "Alias";
    /// The primary address.
    PRIMARY_SMTP_ADDRESS = "PrimarySmtpAddress";
    /// `RoomMailbox`, `UserMailbox`, …
    RECIPIENT_TYPE_DETAILS = "RecipientTypeDetails";
    /// The office, which many organisations use for the building.
    OFFICE = "Office";
    /// The first of fifteen attributes that an organisation may use as it likes.
    CUSTOM_ATTRIBUTE_1 = "CustomAttribute1";
    /// The object id in Entra.
    EXTERNAL_DIRECTORY_OBJECT_ID = "ExternalDirectoryObjectId";
    /// Whether the object is synchronised from on-premises Active Directory.
    IS_DIR_SYNCED = "IsDirSynced";
    /// Whether the address list hides the object.
    HIDDEN_FROM_ADDRESS_LISTS_ENABLED = "HiddenFromAddressListsEnabled";
    /// How many people fit into the room.
    RESOURCE_CAPACITY = "ResourceCapacity";
    /// `Room`, `Equipment` or `Workspace`.
    RESOURCE_TYPE = "ResourceType";
    /// The distinguished name.
    DISTINGUISHED_NAME = "DistinguishedName";
}

impl Property {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Property {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if super::powershell::is_parameter_name(text) {
            return Ok(Self(text.to_owned().into()));
        }
        Err(InvalidValue::new("property", text, super::powershell::PARAMETER_RULE))
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Property {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// An OPATH filter: a condition on the objects that a `Get-` cmdlet lists, or on the recipients of a management scope.
///
/// Values are quoted here, so that none can end its quotes. A filter is never empty: for a management scope an empty one
/// would mean everything.
///
/// # Examples
///
/// ```
/// use graph_client::exchange::{OpathFilter, Property};
///
/// let filter = OpathFilter::starts_with(&Property::NAME, "Room 'A'")?.and(!OpathFilter::flag(&Property::IS_DIR_SYNCED, true));
/// assert_eq!(filter.to_string(), "(Name -like 'Room ''A''*') -and (-not (IsDirSynced -eq 'True'))");
/// # Ok::<(), graph_client::InvalidValue>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct OpathFilter(String);

impl OpathFilter {
    /// The property has this value, whatever its case.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when the value cannot be written safely: it holds a control character, or a typographic single
    /// quote, of which Exchange does not document whether it ends a string.
    pub fn equals(property: &Property, value: impl AsRef<str>) -> Result<Self, InvalidValue> {
        Self::compare(property, "-eq", value.as_ref(), "")
    }

    /// The property does not have this value.
    ///
    /// # Errors
    ///
    /// As [`equals`](Self::equals).
    pub fn differs(property: &Property, value: impl AsRef<str>) -> Result<Self, InvalidValue> {
        Self::compare(property, "-ne", value.as_ref(), "")
    }

    /// The property begins with this text.
    ///
    /// # Errors
    ///
    /// As [`equals`](Self::equals), and when the text is empty or holds `*`.
    pub fn starts_with(property: &Property, text: impl AsRef<str>) -> Result<Self, InvalidValue> {
        let text = text.as_ref();
        if text.is_empty() || text.contains('*') {
            return Err(InvalidValue::new("filter", text, "must be text without *"));
        }
        Self::compare(property, "-like", text, "*")
    }

    /// The property fits a pattern, in which `*` stands for any text. Exchange takes it at the end alone.
    ///
    /// # Errors
    ///
    /// As [`equals`](Self::equals), and when the pattern is empty or begins with `*`.
    pub fn like(property: &Property, pattern: impl AsRef<str>) -> Result<Self, InvalidValue> {
        let pattern = pattern.as_ref();
        if pattern.is_empty() || pattern.starts_with('*') {
            return Err(InvalidValue::new("filter", pattern, "must begin with something else than *"));
        }
        Self::compare(property, "-like", pattern, "")
    }

    /// The property, which is a Boolean, is `value`.
    #[must_use]
    pub fn flag(property: &Property, value: bool) -> Self {
        // `$true` is PowerShell's; a client in wide use found that text is taken everywhere.
        Self(format!("{property} -eq '{}'", if value { "True" } else { "False" }))
    }

    /// The property has a value.
    #[must_use]
    pub fn is_set(property: &Property) -> Self {
        Self(format!("{property} -ne $null"))
    }

    /// The recipient is a direct member of the group. Members of groups inside it do not count, and the group must be one
    /// that Exchange knows.
    #[must_use]
    pub fn member_of(group: &DistinguishedName) -> Self {
        Self(format!("{} -eq '{}'", Property::MEMBER_OF_GROUP, group.0.replace('\'', "''")))
    }

    /// Both conditions hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self([self.0, other.0].map(|part| format!("({part})")).join(" -and "))
    }

    /// One of the conditions holds, or both do.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self([self.0, other.0].map(|part| format!("({part})")).join(" -or "))
    }

    /// One of many conditions holds; `None` when there are none.
    #[must_use]
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Option<Self> {
        Self::joined(filters, " -or ")
    }

    /// All of many conditions hold; `None` when there are none.
    #[must_use]
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Option<Self> {
        Self::joined(filters, " -and ")
    }

    fn joined(filters: impl IntoIterator<Item = Self>, operator: &str) -> Option<Self> {
        let filters: Vec<Self> = filters.into_iter().collect();
        match &*filters {
            [] => None,
            [one] => Some(one.clone()),
            many => {
                let parts: Vec<String> = many.iter().map(|filter| format!("({})", filter.0)).collect();
                Some(Self(parts.join(operator)))
            }
        }
    }

    /// The filter as it goes on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn compare(property: &Property, operator: &str, value: &str, tail: &str) -> Result<Self, InvalidValue> {
        match unsafe_value(value) {
            Some(rule) => Err(InvalidValue::new("filter", value, rule)),
            None => Ok(Self(format!("{property} {operator} '{}{tail}'", value.replace('\'', "''")))),
        }
    }
}

impl std::ops::Not for OpathFilter {
    type Output = Self;

    fn not(self) -> Self {
        Self(format!("-not ({})", self.0))
    }
}

impl fmt::Display for OpathFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.0))
    }
}

impl<'de> Deserialize<'de> for OpathFilter {
    /// A stored filter is taken as it was built, provided that it is not empty and its quotes are in pairs.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim().is_empty() || !text.matches('\'').count().is_multiple_of(2) || unsafe_value(&text).is_some() {
            return Err(de::Error::custom("a filter must not be empty, and its quotes must be in pairs"));
        }
        Ok(Self(text))
    }
}

fn unsafe_value(value: &str) -> Option<&'static str> {
    if value.chars().any(char::is_control) {
        Some("must not hold line breaks or other control characters")
    } else if value.contains(['\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}']) {
        Some("must not hold typographic single quotes: a filter may end at one")
    } else {
        None
    }
}

/// A distinguished name, such as `CN=rooms-b42,OU=contoso.onmicrosoft.com,…`: the only name of a group that filters take.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct DistinguishedName(String);

impl DistinguishedName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DistinguishedName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let fault = |rule| Err(InvalidValue::new("distinguished name", text, rule));
        if let Some(rule) = unsafe_value(text) {
            return fault(rule);
        }
        let is_named = text.split_once('=').is_some_and(|(kind, rest)| {
            ["CN", "OU"].iter().any(|known| known.eq_ignore_ascii_case(kind.trim())) && rest.contains('=')
        });
        if !is_named {
            return fault("must have the form CN=name,OU=…,DC=…");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.0))
    }
}

impl<'de> Deserialize<'de> for DistinguishedName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The texts that a filter compares `property` with, as far as it can be read. Exchange gives filters back in another
/// form: with brackets, other spaces and another case.
pub(super) fn values_of(filter: &str, property: &Property) -> Vec<String> {
    let mut values = Vec::new();
    let mut rest = filter;
    while let Some(quote) = rest.find('\'') {
        let before = rest[..quote].trim_end().to_ascii_lowercase();
        let (value, after) = unquote(&rest[quote + 1..]);
        let name = before.strip_suffix("-eq").map(str::trim_end);
        if name.is_some_and(|name| name.ends_with(&property.as_str().to_ascii_lowercase())) {
            values.push(value);
        }
        rest = after;
    }
    values
}

/// The text up to the quote that ends it, and what stands behind that.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let Some(quote) = rest.find('\'') else {
            value.push_str(rest);
            return (value, "");
        };
        value.push_str(&rest[..quote]);
        rest = &rest[quote + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return (value, rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_cannot_leave_their_quotes() {
        let filter = OpathFilter::equals(&Property::NAME, "x' -or Name -like '*").unwrap();
        assert_eq!(filter.as_str(), "Name -eq 'x'' -or Name -like ''*'");
        for value in ["a\u{2019}b", "a\nb", "\0"] {
            assert!(OpathFilter::equals(&Property::NAME, value).is_err(), "{value:?}");
        }
        assert!(OpathFilter::starts_with(&Property::NAME, "").is_err());
        assert!(OpathFilter::like(&Property::NAME, "*").is_err());
        assert!("Name -eq 'x' -or Alias".parse::<Property>().is_err());
    }

    #[test]
    fn conditions_combine_with_brackets() {
        let name = |text: &str| OpathFilter::equals(&Property::NAME, text).unwrap();
        assert_eq!(name("a").or(!name("b")).as_str(), "(Name -eq 'a') -or (-not (Name -eq 'b'))");
        assert_eq!(OpathFilter::any([name("a"), name("b")]).unwrap().as_str(), "(Name -eq 'a') -or (Name -eq 'b')");
        assert_eq!(OpathFilter::all([name("a")]), Some(name("a")));
        assert_eq!(OpathFilter::any([]), None);
        assert_eq!(OpathFilter::is_set(&Property::OFFICE).as_str(), "Office -ne $null");
    }

    #[test]
    fn a_group_is_found_in_the_form_that_exchange_gives_back() {
        let group: DistinguishedName = "CN=Director's rooms,OU=contoso,DC=com".parse().unwrap();
        let filter = OpathFilter::member_of(&group);
        assert_eq!(filter.as_str(), "MemberOfGroup -eq 'CN=Director''s rooms,OU=contoso,DC=com'");
        let back = format!("(({}))", filter.as_str().replace("MemberOfGroup -eq", "memberofgroup  -EQ"));
        assert_eq!(values_of(&back, &Property::MEMBER_OF_GROUP), [group.as_str()]);
        assert!("rooms-b42".parse::<DistinguishedName>().is_err());
    }

    #[test]
    fn no_stored_filter_is_empty() {
        assert!(serde_json::from_str::<OpathFilter>("\"\"").is_err());
        assert!(serde_json::from_str::<OpathFilter>("\"Name -eq 'x\"").is_err());
        assert!(serde_json::from_str::<OpathFilter>("\"Name -eq 'x'\"").is_ok());
    }

    proptest! {
        #[test]
        fn every_value_that_is_taken_is_read_back(value in any::<String>(), other in "[ -~]{0,20}") {
            let filters = [&value, &other].map(|value| OpathFilter::equals(&Property::NAME, value));
            let taken: Vec<_> = [value, other].into_iter().zip(&filters).filter(|(_, filter)| filter.is_ok()).collect();
            let joined = OpathFilter::all(filters.iter().flatten().cloned());
            if let Some(filter) = joined {
                let values: Vec<String> = taken.into_iter().map(|(value, _)| value).collect();
                prop_assert_eq!(values_of(filter.as_str(), &Property::NAME), values);
            }
        }
    }
}
