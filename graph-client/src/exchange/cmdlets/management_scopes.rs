use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use uuid::Uuid;

use crate::exchange::cmdlet::{settings_text, single_output};
use crate::exchange::filter::values_of;
use crate::exchange::values::Confirmed;
use crate::exchange::{Cmdlet, DistinguishedName, Effect, Filter, Identity, ObjectName, Property, lenient};

/// `New-ManagementScope`: names the recipients that roles may be limited to, by a condition.
///
/// # Permissions
///
/// Role Management: Organization Management or Exchange Administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NewManagementScope {
    name: ObjectName,
    recipient_restriction_filter: Filter,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    exclusive: bool,
}

impl NewManagementScope {
    /// A scope of the recipients that meet a condition. There is none without one: it would hold everyone.
    #[must_use]
    pub fn new(name: ObjectName, filter: Filter) -> Self {
        Self { name, recipient_restriction_filter: filter, exclusive: false }
    }

    /// A scope of the direct members of a group.
    #[must_use]
    pub fn members_of(name: ObjectName, group: &DistinguishedName) -> Self {
        Self::new(name, Filter::member_of(group))
    }

    /// Keeps everyone else's roles away from these recipients, as soon as the scope is made.
    #[must_use]
    pub fn exclusive(mut self) -> Self {
        self.exclusive = true;
        self
    }
}

impl Cmdlet for NewManagementScope {
    const NAME: &'static str = "New-ManagementScope";
    const EFFECT: Effect = Effect::Write;
    type Output = ManagementScope;

    fn check_output(&self, made: &ManagementScope) -> Result<(), String> {
        match &made.name {
            Some(name) if !super::distribution_groups::is_same(name, self.name.as_str()) => {
                Err("the management scope that came back has another name".into())
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for NewManagementScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.exclusive { "exclusive management scope" } else { "management scope" };
        write!(f, "Create the {kind} \"{}\" of recipients with {}", self.name, self.recipient_restriction_filter)
    }
}

/// `Get-ManagementScope`: management scopes.
///
/// # Permissions
///
/// View-Only Configuration or Role Management.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetManagementScope {
    identity: Option<Identity>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    orphan: bool,
    exclusive: Option<bool>,
}

impl GetManagementScope {
    /// One scope, by its name, or none with [`NotFound`](crate::ErrorKind::NotFound).
    #[must_use]
    pub fn one(scope: impl Into<Identity>) -> Self {
        Self { identity: Some(scope.into()), ..Self::default() }
    }

    /// All scopes. Those of a group are found by [`ManagementScope::groups`]: Exchange has no way to ask for them.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// The scopes that no role assignment uses.
    #[must_use]
    pub fn unused() -> Self {
        Self { orphan: true, ..Self::default() }
    }

    /// Limits the list to scopes that are exclusive, or to those that are not.
    #[must_use]
    pub fn exclusive(mut self, exclusive: bool) -> Self {
        self.exclusive = Some(exclusive);
        self
    }
}

impl Cmdlet for GetManagementScope {
    const NAME: &'static str = "Get-ManagementScope";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<ManagementScope>;
}

impl fmt::Display for GetManagementScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.identity {
            Some(identity) => write!(f, "Read the management scope {identity}"),
            None if self.orphan => f.write_str("List the management scopes that nothing uses"),
            None => f.write_str("List all management scopes"),
        }
    }
}

/// `Set-ManagementScope`: changes a scope, and with it **every** role assignment that uses it.
///
/// # Permissions
///
/// Role Management: Organization Management or Exchange Administrator.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SetManagementScope {
    identity: Identity,
    name: Option<ObjectName>,
    recipient_restriction_filter: Option<Filter>,
    #[serde(default)]
    confirm: Confirmed,
}

impl SetManagementScope {
    /// Gives the scope another condition.
    #[must_use]
    pub fn filter(scope: impl Into<Identity>, filter: Filter) -> Self {
        Self { identity: scope.into(), name: None, recipient_restriction_filter: Some(filter), confirm: Confirmed }
    }

    /// Gives the scope another name.
    #[must_use]
    pub fn name(scope: impl Into<Identity>, name: ObjectName) -> Self {
        Self { identity: scope.into(), name: Some(name), recipient_restriction_filter: None, confirm: Confirmed }
    }
}

impl Cmdlet for SetManagementScope {
    const NAME: &'static str = "Set-ManagementScope";
    const EFFECT: Effect = Effect::Write;
    type Output = ();
}

impl fmt::Display for SetManagementScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change the management scope {}: {}", self.identity, settings_text(self))
    }
}

/// `Remove-ManagementScope`: removes a scope. It fails while a role assignment uses it.
///
/// # Permissions
///
/// Role Management: Organization Management or Exchange Administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RemoveManagementScope {
    identity: Identity,
    #[serde(default)]
    confirm: Confirmed,
}

impl RemoveManagementScope {
    /// Removes the scope with this name or GUID.
    #[must_use]
    pub fn new(scope: impl Into<Identity>) -> Self {
        Self { identity: scope.into(), confirm: Confirmed }
    }
}

impl Cmdlet for RemoveManagementScope {
    const NAME: &'static str = "Remove-ManagementScope";
    const EFFECT: Effect = Effect::Write;
    type Output = ();
}

impl fmt::Display for RemoveManagementScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remove the management scope {}", self.identity)
    }
}

/// A management scope.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ManagementScope {
    /// The name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The identity.
    #[serde(deserialize_with = "lenient::text")]
    pub identity: Option<String>,
    /// The GUID.
    #[serde(deserialize_with = "lenient::guid")]
    pub guid: Option<Uuid>,
    /// The condition, in the form that Exchange gives it: with brackets, other spaces and another case than it was
    /// written with.
    #[serde(deserialize_with = "lenient::text")]
    pub recipient_filter: Option<String>,
    /// Where the recipients must lie.
    #[serde(deserialize_with = "lenient::text")]
    pub recipient_root: Option<String>,
    /// `RecipientScope`, …
    #[serde(deserialize_with = "lenient::text")]
    pub scope_restriction_type: Option<String>,
    /// Whether it keeps everyone else's roles away.
    #[serde(deserialize_with = "lenient::boolean")]
    pub exclusive: Option<bool>,
}
single_output!(ManagementScope);

impl ManagementScope {
    /// The distinguished names of the groups whose direct members the condition asks for, as far as it can be read.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        self.recipient_filter.as_deref().map(|filter| values_of(filter, &Property::MEMBER_OF_GROUP)).unwrap_or_default()
    }

    /// Whether the condition is about this group's members: a different case is the same name.
    #[must_use]
    pub fn is_about(&self, group: &DistinguishedName) -> bool {
        self.groups().iter().any(|name| name.eq_ignore_ascii_case(group.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_found_by_its_group_in_any_form_of_the_filter() {
        let group: DistinguishedName = "CN=rooms,OU=contoso.onmicrosoft.com,DC=COM".parse().unwrap();
        let scope = ManagementScope {
            recipient_filter: Some("((MemberOfGroup -eq 'CN=ROOMS,OU=CONTOSO.ONMICROSOFT.COM,DC=COM'))".into()),
            ..ManagementScope::default()
        };
        assert!(scope.is_about(&group));
        assert!(!ManagementScope::default().is_about(&group));
    }

    #[test]
    fn no_filter_is_empty() {
        let wire = r#"{"Name":"x","RecipientRestrictionFilter":" "}"#;
        assert!(serde_json::from_str::<NewManagementScope>(wire).is_err());
    }
}
