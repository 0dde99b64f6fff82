use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use uuid::Uuid;

use super::cmdlet::single_output;
use super::{Cmdlet, DistributionGroup, Effect, Identity, lenient};
use crate::ServicePrincipalId;

/// A role of RBAC for Applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ApplicationRole {
    /// Read calendars.
    #[serde(rename = "Application Calendars.Read")]
    CalendarsRead,
    /// Read and write calendars.
    #[serde(rename = "Application Calendars.ReadWrite")]
    CalendarsReadWrite,
}

impl ApplicationRole {
    /// The name in Exchange.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CalendarsRead => "Application Calendars.Read",
            Self::CalendarsReadWrite => "Application Calendars.ReadWrite",
        }
    }
}

impl fmt::Display for ApplicationRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a role of this name lets an application read calendars.
pub(super) fn covers_calendars(role: &str) -> bool {
    ["Application Calendars.Read", "Application Calendars.ReadWrite", "Application Exchange Full Access"]
        .iter()
        .chain(&["Application EWS.AccessAsApp"])
        .any(|known| known.eq_ignore_ascii_case(role))
}

/// `New-ManagementRoleAssignment`: gives an application a role over the direct members of a group.
///
/// The role adds to what the application holds in Entra: with a tenant-wide calendar permission there, it narrows
/// nothing. Nested groups do not count. It takes effect in 30 minutes to two hours.
///
/// # Permissions
///
/// Role Management, and a delegating assignment of the role: Organization Management.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NewManagementRoleAssignment {
    app: ServicePrincipalId,
    role: ApplicationRole,
    recipient_group_scope: Identity,
}

impl NewManagementRoleAssignment {
    /// Gives the application the role over the members of `group`.
    ///
    /// Exchange takes the group's id, name or distinguished name here, not its address.
    #[must_use]
    pub fn over_group(app: ServicePrincipalId, role: ApplicationRole, group: impl Into<Identity>) -> Self {
        Self { app, role, recipient_group_scope: group.into() }
    }

    /// The same over another group.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<Identity>) -> Self {
        self.recipient_group_scope = group.into();
        self
    }

    /// The application's service principal.
    #[must_use]
    pub fn application(&self) -> ServicePrincipalId {
        self.app
    }

    /// The role.
    #[must_use]
    pub fn role(&self) -> ApplicationRole {
        self.role
    }
}

impl Cmdlet for NewManagementRoleAssignment {
    const NAME: &'static str = "New-ManagementRoleAssignment";
    const EFFECT: Effect = Effect::Write;
    type Output = ManagementRoleAssignment;
}

impl fmt::Display for NewManagementRoleAssignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Give the application (service principal {}) the role \"{}\" over the members of {}",
            self.app, self.role, self.recipient_group_scope
        )
    }
}

/// `Get-ManagementRoleAssignment`: the roles that an assignee holds.
///
/// # Permissions
///
/// View-Only Configuration or Role Management.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetManagementRoleAssignment {
    role_assignee: Identity,
}

impl GetManagementRoleAssignment {
    /// The roles of an application, by the object id of its service principal.
    #[must_use]
    pub fn of(assignee: impl Into<Identity>) -> Self {
        Self { role_assignee: assignee.into() }
    }
}

impl Cmdlet for GetManagementRoleAssignment {
    const NAME: &'static str = "Get-ManagementRoleAssignment";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<ManagementRoleAssignment>;
}

impl fmt::Display for GetManagementRoleAssignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List the roles of {}", self.role_assignee)
    }
}

/// A role that somebody holds in Exchange.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ManagementRoleAssignment {
    /// The assignment's name.
    pub name: Option<String>,
    /// The assignment's identity.
    pub identity: Option<String>,
    /// The assignment's GUID.
    #[serde(deserialize_with = "lenient::guid")]
    pub guid: Option<Uuid>,
    /// The role's name.
    pub role: Option<String>,
    /// Who holds it: the object id, for an application.
    pub role_assignee: Option<String>,
    /// `ServicePrincipal`, `RoleGroup`, `User`, …
    pub role_assignee_type: Option<String>,
    /// The management scope that limits an application.
    pub custom_resource_scope: Option<String>,
    /// The scope that limits what is written; for a group scope it names the group.
    pub custom_recipient_write_scope: Option<String>,
    /// `Organization`, `Group`, `AdministrativeUnit`, `CustomRecipientScope`, …
    pub recipient_write_scope: Option<String>,
    /// Whether it counts.
    #[serde(deserialize_with = "lenient::boolean")]
    pub enabled: Option<bool>,
}
single_output!(ManagementRoleAssignment);

impl ManagementRoleAssignment {
    /// Whether the role lets an application read calendars.
    #[must_use]
    pub fn covers_calendars(&self) -> bool {
        covers_calendars(self.role.as_deref().unwrap_or_default())
    }

    /// Whether the assignment is over the direct members of this group.
    ///
    /// Exchange names a group scope by the group's id or name, and a management scope by a name of its own, which may
    /// be the same. So a name counts only where a group's stands, and an id in both places.
    #[must_use]
    pub fn is_over(&self, group: &DistributionGroup) -> bool {
        let kind = self.recipient_write_scope.as_deref().unwrap_or_default();
        let by_name = !["CustomRecipientScope", "AdministrativeUnit"].iter().any(|it| it.eq_ignore_ascii_case(kind));
        let is = |scope: &Option<String>, by_name: bool| {
            scope.as_deref().is_some_and(|scope| group.has_id(scope) || (by_name && group.is_named(scope)))
        };
        is(&self.custom_resource_scope, false) || is(&self.custom_recipient_write_scope, by_name)
    }

    /// What limits the assignment, as Exchange names it. `None` stands for the whole organisation.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        [&self.custom_resource_scope, &self.custom_recipient_write_scope]
            .into_iter()
            .filter_map(Option::as_deref)
            .find(|scope| !scope.is_empty())
    }
}
