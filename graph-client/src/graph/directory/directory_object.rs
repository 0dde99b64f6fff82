use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::graph::lenient::Property;
use crate::graph::model::{Content, Output};
use crate::graph::{
    AdministrativeUnit, Application, DirectoryRole, Group, Properties, Record, ServicePrincipal, User, object_of,
    type_name,
};

/// An object of the directory: what is a member or an owner of something.
///
/// Without a permission for an object's own kind, only its id comes and everything else is empty.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum DirectoryObject {
    /// A person, a room mailbox or another mailbox with an account.
    User(Box<User>),
    /// A group.
    Group(Box<Group>),
    /// An application as it exists in this tenant.
    ServicePrincipal(Box<ServicePrincipal>),
    /// An app registration.
    Application(Box<Application>),
    /// A directory role that is activated in the tenant.
    DirectoryRole(Box<DirectoryRole>),
    /// An administrative unit.
    AdministrativeUnit(Box<AdministrativeUnit>),
    /// Another kind, such as a device or a contact, or one that was not named.
    Other(Properties),
}

impl DirectoryObject {
    /// The object's id. Empty only where Graph sent none.
    #[must_use]
    pub fn id(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::User(user) => user.id.as_str().into(),
            Self::Group(group) => group.id.as_str().into(),
            Self::ServicePrincipal(principal) => principal.id.to_string().into(),
            Self::Application(application) => application.id.as_str().into(),
            Self::DirectoryRole(role) => role.id.as_str().into(),
            Self::AdministrativeUnit(unit) => unit.id.as_str().into(),
            Self::Other(_) => self.text("id").unwrap_or_default().into(),
        }
    }

    /// The name that people see.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        match self {
            Self::User(user) => user.display_name.as_deref(),
            Self::Group(group) => group.display_name.as_deref(),
            Self::ServicePrincipal(principal) => principal.display_name.as_deref(),
            Self::Application(application) => application.display_name.as_deref(),
            Self::DirectoryRole(role) => role.display_name.as_deref(),
            Self::AdministrativeUnit(unit) => unit.display_name.as_deref(),
            Self::Other(_) => self.text("displayName"),
        }
    }

    /// The mail address, where it has one.
    #[must_use]
    pub fn mail(&self) -> Option<&str> {
        match self {
            Self::User(user) => user.mail.as_deref(),
            Self::Group(group) => group.mail.as_deref(),
            Self::ServicePrincipal(_) | Self::Application(_) | Self::DirectoryRole(_) | Self::AdministrativeUnit(_) => {
                None
            }
            Self::Other(_) => self.text("mail"),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self {
            Self::Other(properties) => properties.get(name)?.as_str(),
            _ => None,
        }
    }
}

impl Record for DirectoryObject {
    const PROPERTIES: &'static [&'static str] = &["id"];

    fn is_record(&self) -> bool {
        !self.id().is_empty()
    }
}

impl Property for DirectoryObject {
    const IS_JSON: bool = true;

    fn from_json(json: serde_json::Value) -> Option<Self> {
        serde_json::from_value(json).ok()
    }
}

impl Output for DirectoryObject {
    fn content(&self) -> Content<'_> {
        match self {
            Self::User(user) => user.content(),
            Self::Group(group) => group.content(),
            Self::ServicePrincipal(principal) => principal.content(),
            Self::Application(application) => application.content(),
            Self::DirectoryRole(role) => role.content(),
            Self::AdministrativeUnit(unit) => unit.content(),
            Self::Other(properties) => properties.content(),
        }
    }
}

impl<'de> Deserialize<'de> for DirectoryObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Properties::deserialize(deserializer)?;
        let kind = type_name(&object).map(str::to_ascii_lowercase);
        let read = |error: serde_json::Error| serde::de::Error::custom(error);
        Ok(match kind.as_deref() {
            Some("application") => Self::Application(object_of(object).map_err(read)?),
            Some("directoryrole") => Self::DirectoryRole(object_of(object).map_err(read)?),
            Some("administrativeunit") => Self::AdministrativeUnit(object_of(object).map_err(read)?),
            Some("user") => Self::User(object_of(object).map_err(read)?),
            Some("group") => Self::Group(object_of(object).map_err(read)?),
            Some("serviceprincipal") => Self::ServicePrincipal(object_of(object).map_err(read)?),
            _ => Self::Other(object),
        })
    }
}

impl Serialize for DirectoryObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.content().serialize(serializer)
    }
}
