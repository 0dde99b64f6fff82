//! Exchange Online administration: cmdlets as typed values, run over HTTPS without PowerShell.
//!
//! A cmdlet is a value with three readings: it serialises to the parameters that go on the wire, its `Display` is the
//! sentence for a plan or a log, and [`Cmdlet::powershell`] is the line that an administrator can paste.
//! [`Exchange::run`] runs one, [`Exchange::run_all`] runs many of a kind in batches. [`RawCmdlet`] is any cmdlet that has
//! no type here.
//!
//! # Permissions
//!
//! Every call needs the app role `Exchange.ManageAsApp` on *Office 365 Exchange Online*, and an Entra directory role
//! or an Exchange role group that gives the cmdlet. `Exchange Administrator` gives all that this crate types. A role
//! that was granted after the access token was issued is not in the token; the client signs in once more before it
//! reports a missing role.
//!
//! # Sources
//!
//! `InvokeCommand`, the end point that Microsoft's own PowerShell module uses, is not documented by Microsoft. Its form
//! is taken from published captures and from clients in use. Parameters, limits and defaults are those of the cmdlets'
//! documentation. [`Exchange::prefer_documented`] uses the few end points that Microsoft documents.

mod access_policies;
mod anchor;
mod answer;
mod batch;
mod calendar_processing;
mod cmdlet;
mod error;
mod filter;
mod folder_permissions;
mod groups;
mod invoke;
mod lenient;
mod lookup;
mod mail_groups;
mod mailbox_access;
mod management_scopes;
mod members;
mod organization;
mod places;
mod powershell;
mod raw;
mod recipients;
mod role_assignments;
mod role_groups;
mod roles;
mod service_principals;
mod values;
mod visible;
mod warnings;

pub use self::access_policies::{
    AccessCheck, AccessCheckResult, AccessRight, ApplicationAccessPolicy, GetApplicationAccessPolicy,
    NewApplicationAccessPolicy, PolicyIdentity, RemoveApplicationAccessPolicy, SetApplicationAccessPolicy,
    TestApplicationAccessPolicy,
};
pub(crate) use self::anchor::InitialDomain;
pub use self::calendar_processing::{
    AutomateProcessing, BookingType, CalendarProcessing, GetCalendarProcessing, SetCalendarProcessing,
};
pub use self::cmdlet::{Cmdlet, Effect, Output, Shape};
pub use self::error::{CmdletError, CmdletErrorKind};
pub use self::filter::{DistinguishedName, Filter, Property};
pub use self::folder_permissions::{
    AddMailboxFolderPermission, FolderRight, FolderUser, GetMailboxFolderPermission, MailboxFolder,
    MailboxFolderPermission, RemoveMailboxFolderPermission, SetMailboxFolderPermission,
};
pub use self::groups::{
    DepartRestriction, DistributionGroup, GetDistributionGroup, GroupKind, JoinRestriction, ModerationNotice,
    NewDistributionGroup, RemoveDistributionGroup, SetDistributionGroup,
};
pub use self::invoke::{CmdletSet, Exchange};
pub use self::lenient::Quota;
pub use self::lookup::{Addressed, AtAddress};
pub use self::mail_groups::{ExchangeGroup, GetGroup, GetUnifiedGroup, UnifiedGroup};
pub use self::mailbox_access::{CasMailbox, GetCasMailbox, GetMailboxPermission, MailboxPermission};
pub use self::management_scopes::{
    GetManagementScope, ManagementScope, NewManagementScope, RemoveManagementScope, SetManagementScope,
};
pub use self::members::{
    AddDistributionGroupMember, GetDistributionGroupMember, RemoveDistributionGroupMember,
    UpdateDistributionGroupMember,
};
pub use self::organization::{
    AcceptedDomain, EnableOrganizationCustomization, GetAcceptedDomain, GetOrganizationConfig, OrganizationConfig,
};
pub use self::places::{GetPlace, Place, PlaceType, SetPlace};
pub use self::raw::RawCmdlet;
pub use self::recipients::{GetMailbox, GetRecipient, Mailbox, Recipient};
pub use self::role_assignments::{
    ApplicationRole, AssignedScope, AssignmentScope, GetManagementRoleAssignment, ManagementRoleAssignment,
    NewManagementRoleAssignment, RemoveManagementRoleAssignment, SetManagementRoleAssignment,
};
pub use self::role_groups::{
    AddRoleGroupMember, GetRoleGroup, GetRoleGroupMember, NewRoleGroup, RemoveRoleGroup, RemoveRoleGroupMember,
    RoleGroup,
};
pub use self::roles::{GetManagementRole, ManagementRole};
pub use self::service_principals::{
    AuthorizationRow, ExchangeServicePrincipal, GetServicePrincipal, NewServicePrincipal, RemoveServicePrincipal,
    SetServicePrincipal, TestServicePrincipalAuthorization,
};
pub use self::values::{Alias, GroupName, Identity, ListChange, ObjectName, ProxyAddress};
pub use self::visible::{Created, Wait};
pub use self::warnings::{Warning, Warnings};
