use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::distribution_groups::is_same;
use crate::exchange::macros::{cmdlet, record};
use crate::exchange::{Identity, ObjectName};
use crate::ids::{InvalidValue, ObjectId, ServicePrincipalId};
use crate::text::Printable;
use crate::time::Timestamp;

macro_rules! application_roles {
    ($($(#[$doc:meta])* $role:ident = $name:literal;)+) => {
        /// A role of RBAC for Applications.
        ///
        /// Source: the 24 roles of Microsoft's page on RBAC for Applications. No role exists for `Calendars.ReadBasic`, IMAP, POP or Autodiscover.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum ApplicationRole {
            $($(#[$doc])* #[serde(rename = $name)] $role,)+
        }

        impl ApplicationRole {
            /// All roles.
            pub const ALL: &'static [Self] = &[$(Self::$role),+];

            /// The name in Exchange.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$role => $name,)+
                }
            }
        }
    };
}
application_roles! {
    /// Read calendars.
    CalendarsRead = "Application Calendars.Read";
    /// Read and write calendars.
    CalendarsReadWrite = "Application Calendars.ReadWrite";
    /// Read mail.
    MailRead = "Application Mail.Read";
    /// Read mail without bodies and attachments.
    MailReadBasic = "Application Mail.ReadBasic";
    /// Read and write mail.
    MailReadWrite = "Application Mail.ReadWrite";
    /// Read and write mail, with what other roles for mail leave out.
    MailAdvancedReadWriteAll = "Application Mail-Advanced.ReadWrite.All";
    /// Send mail.
    MailSend = "Application Mail.Send";
    /// Read mailbox settings.
    MailboxSettingsRead = "Application MailboxSettings.Read";
    /// Read and write mailbox settings.
    MailboxSettingsReadWrite = "Application MailboxSettings.ReadWrite";
    /// Read contacts.
    ContactsRead = "Application Contacts.Read";
    /// Read and write contacts.
    ContactsReadWrite = "Application Contacts.ReadWrite";
    /// Read, write and send mail.
    MailFullAccess = "Application Mail Full Access";
    /// Everything in a mailbox.
    ExchangeFullAccess = "Application Exchange Full Access";
    /// Everything in a mailbox, by Exchange Web Services, which end in 2027.
    EwsAccessAsApp = "Application EWS.AccessAsApp";
    /// Read folders of a mailbox.
    MailboxFolderRead = "Application MailboxFolder.Read";
    /// Read and write folders of a mailbox.
    MailboxFolderReadWrite = "Application MailboxFolder.ReadWrite";
    /// Read items of a mailbox.
    MailboxItemRead = "Application MailboxItem.Read";
    /// Read and write items of a mailbox.
    MailboxItemReadWrite = "Application MailboxItem.ReadWrite";
    /// Export items of a mailbox.
    MailboxItemExport = "Application MailboxItem.Export";
    /// Export and import items of a mailbox.
    MailboxItemImportExport = "Application MailboxItem.ImportExport";
    /// Read the configuration items of a mailbox.
    MailboxConfigItemRead = "Application MailboxConfigItem.Read";
    /// Read and write the configuration items of a mailbox.
    MailboxConfigItemReadWrite = "Application MailboxConfigItem.ReadWrite";
    /// Read mail tips.
    MailTipsReadBasicAll = "Application MailTips.ReadBasic.All";
    /// Send mail by SMTP.
    SmtpSendAsApp = "Application SMTP.SendAsApp";
}

impl fmt::Display for ApplicationRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A role of another name is unknown to this crate; it may grant access to anything.
impl FromStr for ApplicationRole {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let is = |role: &&Self| role.as_str().eq_ignore_ascii_case(text.trim());
        let known = Self::ALL.iter().find(is).copied();
        known.ok_or_else(|| {
            InvalidValue::new("role", text, "must be a role of RBAC for Applications that is known here")
        })
    }
}

/// The scope of a role assignment. One assignment has one scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AssignmentScope {
    /// The direct members of a group, by its id, name or distinguished name; Exchange does not accept its address here.
    #[serde(rename = "RecipientGroupScope")]
    Group(Identity),
    /// The recipients of a management scope, by its name.
    #[serde(rename = "CustomResourceScope")]
    Custom(ObjectName),
    /// The members of an administrative unit in Entra ID, by its object id.
    #[serde(rename = "RecipientAdministrativeUnitScope")]
    AdministrativeUnit(ObjectId),
}

impl fmt::Display for AssignmentScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => write!(f, "the members of {group}"),
            Self::Custom(scope) => write!(f, "the management scope \"{scope}\""),
            Self::AdministrativeUnit(unit) => write!(f, "the administrative unit {unit}"),
        }
    }
}

cmdlet! {
    /// assigns a role of RBAC for Applications to an application.
    ///
    /// The role adds to the application permissions that Entra ID grants: beside a tenant-wide calendar permission it
    /// limits nothing. Members of nested groups are not in the scope of a group. Propagation takes 30 minutes to two hours.
    Write "New-ManagementRoleAssignment" => NewManagementRoleAssignment -> ManagementRoleAssignment;
    permissions "Role Management, and a delegating assignment of the role: Organization Management.";
    display |self, f| {
        write!(f, "Assign the role \"{}\" to the application (service principal {}) over ", self.role, self.app)?;
        match &self.scope {
            Some(scope) => scope.fmt(f),
            None => f.write_str("every mailbox of the organisation"),
        }
    };

    /// Assigns the role to the application over **every mailbox** of the organisation.
    fn over_whole_organization {
        /// Sets the assignment's name. Without it Exchange generates one.
        optional name: ObjectName;
        required app: ServicePrincipalId;
        required role: ApplicationRole;
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        field scope: Option<AssignmentScope> = None;
    }
    impl {
        fn check_output(&self, made: &ManagementRoleAssignment) -> Result<(), String> {
            let is = |sent: &Option<String>, asked: &str| sent.as_deref().is_none_or(|sent| is_same(sent, asked));
            let is_named = || self.name.as_ref().is_none_or(|name| is(&made.name, name.as_str()));
            if is(&made.role, self.role.as_str()) && is_named() {
                return Ok(());
            }
            Err("the role assignment that came back is not the one that was asked for".into())
        }
    }
}

impl NewManagementRoleAssignment {
    /// Assigns the role to the application over a scope.
    #[must_use]
    pub fn new(app: ServicePrincipalId, role: ApplicationRole, scope: AssignmentScope) -> Self {
        Self { scope: Some(scope), ..Self::over_whole_organization(app, role) }
    }

    /// Assigns the role to the application over the direct members of `group`.
    ///
    /// Exchange accepts the group's id, name or distinguished name here, not its address.
    #[must_use]
    pub fn over_group(app: ServicePrincipalId, role: ApplicationRole, group: impl Into<Identity>) -> Self {
        Self::new(app, role, AssignmentScope::Group(group.into()))
    }

    /// Sets another group as the scope.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<Identity>) -> Self {
        self.scope = Some(AssignmentScope::Group(group.into()));
        self
    }

    /// The object id of the application's service principal.
    #[must_use]
    pub fn application(&self) -> ServicePrincipalId {
        self.app
    }

    /// The assignment's name; `None` where Exchange generates one.
    #[must_use]
    pub fn assignment_name(&self) -> Option<&ObjectName> {
        self.name.as_ref()
    }

    /// The role that is assigned.
    #[must_use]
    pub fn role(&self) -> ApplicationRole {
        self.role
    }

    /// The scope of the assignment; `None` for the whole organisation.
    #[must_use]
    pub fn scope(&self) -> Option<&AssignmentScope> {
        self.scope.as_ref()
    }
}

cmdlet! {
    /// moves a role assignment to another scope, or enables or disables it.
    Write "Set-ManagementRoleAssignment" => SetManagementRoleAssignment -> ();
    permissions "As [`NewManagementRoleAssignment`].";
    display |self, f| match (&self.scope, self.enabled) {
        (Some(scope), _) => write!(f, "Move the role assignment {} to {scope}", self.identity),
        (None, Some(true)) => write!(f, "Enable the role assignment {}", self.identity),
        (None, _) => write!(f, "Disable the role assignment {}", self.identity),
    };

    fn of {
        required identity as assignment: impl Into<Identity>;
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        field scope: Option<AssignmentScope> = None;
        optional enabled: bool;
        confirm;
    }
}

impl SetManagementRoleAssignment {
    /// Moves the assignment to another scope.
    #[must_use]
    pub fn scope(assignment: impl Into<Identity>, scope: AssignmentScope) -> Self {
        Self { scope: Some(scope), ..Self::of(assignment) }
    }

    /// Enables or disables the assignment.
    #[must_use]
    pub fn enabled(assignment: impl Into<Identity>, enabled: bool) -> Self {
        Self { enabled: Some(enabled), ..Self::of(assignment) }
    }

    /// The scope that the assignment is moved to; `None` when it stays where it is.
    #[must_use]
    pub fn moves_to(&self) -> Option<&AssignmentScope> {
        self.scope.as_ref()
    }

    /// Sets another identity for the group that the assignment is moved to: its id, once it is known.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<Identity>) -> Self {
        self.scope = Some(AssignmentScope::Group(group.into()));
        self
    }
}

cmdlet! {
    /// removes a role assignment.
    Write "Remove-ManagementRoleAssignment" => RemoveManagementRoleAssignment -> ();
    permissions "As [`NewManagementRoleAssignment`].";
    sentence "Remove the role assignment {identity}";

    /// Removes the assignment with this identity.
    fn new {
        required identity as assignment: impl Into<Identity>;
        confirm;
        /// The assignment that is removed.
        get identity: Identity;
    }
}

cmdlet! {
    /// lists role assignments.
    Read "Get-ManagementRoleAssignment" => GetManagementRoleAssignment -> Vec<ManagementRoleAssignment>;
    permissions "View-Only Configuration or Role Management.";
    display |self, f| match (&self.identity, &self.role_assignee, &self.role) {
        (Some(identity), ..) => write!(f, "Read the role assignment {identity}"),
        (_, Some(assignee), _) => write!(f, "List the roles of {assignee}"),
        (.., Some(role)) => write!(f, "List who holds the role \"{}\"", Printable(role)),
        _ => f.write_str("List all role assignments"),
    };

    /// All assignments.
    fn all {
        /// One assignment.
        one identity as assignment;
        optional role_assignee: Identity;
        optional role: String;
        /// Limits the list to delegating assignments, whose holder may assign the role to others, or to regular ones.
        optional delegating: bool;
    }
}

impl GetManagementRoleAssignment {
    /// The assignments of an application, by the object id of its service principal.
    #[must_use]
    pub fn of(assignee: impl Into<Identity>) -> Self {
        Self { role_assignee: Some(assignee.into()), ..Self::default() }
    }

    /// All assignments of a role of RBAC for Applications.
    #[must_use]
    pub fn holders_of(role: ApplicationRole) -> Self {
        Self::holders_of_named(role.as_str())
    }

    /// All assignments of a role, by its name: one of Exchange's own, such as `Role Management`, or one that this crate
    /// does not know.
    #[must_use]
    pub fn holders_of_named(role: impl Into<String>) -> Self {
        Self { role: Some(role.into()), ..Self::default() }
    }
}

record! {
    /// The assignment of a management role to a user, a role group or an application.
    pub struct ManagementRoleAssignment {
        /// The assignment's name.
        pub name: Option<String>,
        /// The assignment's identity.
        pub identity: Option<String>,
        /// The assignment's GUID.
        pub guid: Option<Uuid>,
        /// The role's name.
        pub role: Option<String>,
        /// The assignee: the object id, for an application.
        pub role_assignee: Option<String>,
        /// `ServicePrincipal`, `RoleGroup`, `User`, …
        pub role_assignee_type: Option<String>,
        /// The scope of an application's assignment: the name of a management scope, or the name of a group.
        pub custom_resource_scope: Option<String>,
        /// The scope for writing: the id of an administrative unit, or a management scope where the assignee is a user or
        /// a group.
        pub custom_recipient_write_scope: Option<String>,
        /// `Organization`, `Group`, `AdministrativeUnit`, `CustomRecipientScope`, …
        pub recipient_write_scope: Option<String>,
        /// The scope for reading: `Organization` for an application, whatever its scope for writing.
        pub recipient_read_scope: Option<String>,
        /// `Regular`, or `Delegating` and `DelegatingOrgWide` for an assignment whose holder may assign the role to
        /// others.
        pub role_assignment_delegation_type: Option<String>,
        /// Whether the assignment is enabled.
        pub enabled: Option<bool>,
        /// When the assignment was last changed (`WhenChangedUTC`).
        #[serde(rename = "WhenChangedUTC")]
        pub when_changed: Option<Timestamp>,
    }
}

impl ManagementRoleAssignment {
    /// Whether the assignment is a delegating one, whose holder may assign the role to others; `None` when the service
    /// does not say.
    #[must_use]
    pub fn is_delegating(&self) -> Option<bool> {
        match &*self.role_assignment_delegation_type.as_deref()?.to_ascii_lowercase() {
            "regular" => Some(false),
            "delegating" | "delegatingorgwide" => Some(true),
            _ => None,
        }
    }

    /// The role, when it is one of RBAC for Applications that this crate knows.
    #[must_use]
    pub fn application_role(&self) -> Option<ApplicationRole> {
        self.role.as_deref()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_one_parameter_and_none_is_the_whole_organisation() {
        let app: ServicePrincipalId = "b6c2f6a4-55c1-4b09-8a77-0e5b1f6f2d02".parse().unwrap();
        let role = ApplicationRole::CalendarsRead;
        let wire = |value: &NewManagementRoleAssignment| serde_json::to_value(value).unwrap();
        let whole = NewManagementRoleAssignment::over_whole_organization(app, role);
        assert_eq!(wire(&whole), serde_json::json!({ "App": app, "Role": "Application Calendars.Read" }));
        let scope = AssignmentScope::Custom("app-rooms".parse().unwrap());
        let scoped = NewManagementRoleAssignment::new(app, role, scope);
        assert_eq!(wire(&scoped)["CustomResourceScope"], "app-rooms");
        for value in [whole, scoped] {
            assert_eq!(serde_json::from_value::<NewManagementRoleAssignment>(wire(&value)).unwrap(), value);
        }
    }

    #[test]
    fn roles_have_the_names_that_exchange_knows() {
        for role in ApplicationRole::ALL {
            assert!(role.as_str().starts_with("Application "));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
    }

    #[test]
    fn a_role_is_read_from_its_name_and_an_unknown_one_is_none() {
        let role = |name: &str| ManagementRoleAssignment { role: Some(name.into()), ..Default::default() };
        let known = role("application mailboxitem.readwrite").application_role();
        assert_eq!(known, Some(ApplicationRole::MailboxItemReadWrite));
        assert_eq!(role("Application Calendars.Everything").application_role(), None);
        assert_eq!(ApplicationRole::ALL.len(), 24, "as many as Microsoft's page lists");
    }
}
