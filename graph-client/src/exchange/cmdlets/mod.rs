//! The cmdlets, one file per family.

mod access_policies;
mod administrative_units;
mod assigned_scope;
mod calendar_processing;
mod distribution_groups;
mod folder_permissions;
mod lookup;
mod mail_groups;
mod mailbox_access;
mod management_scopes;
mod members;
mod organization;
mod places;
mod recipients;
mod role_assignments;
mod role_entries;
mod role_groups;
mod roles;
mod service_principals;

pub use self::access_policies::{
    AccessCheck, AccessCheckResult, AccessRight, ApplicationAccessPolicy, GetApplicationAccessPolicy,
    NewApplicationAccessPolicy, PolicyIdentity, RemoveApplicationAccessPolicy, SetApplicationAccessPolicy,
    TestApplicationAccessPolicy,
};
pub use self::administrative_units::{ExchangeAdministrativeUnit, GetAdministrativeUnit};
pub use self::assigned_scope::AssignedScope;
pub use self::calendar_processing::{
    AutomateProcessing, CalendarBookingType, CalendarProcessing, GetCalendarProcessing, SetCalendarProcessing,
};
pub use self::distribution_groups::{
    DepartRestriction, DistributionGroup, DistributionGroupKind, GetDistributionGroup, JoinRestriction,
    ModerationNotice, NewDistributionGroup, RemoveDistributionGroup, SetDistributionGroup,
};
pub use self::folder_permissions::{
    AddMailboxFolderPermission, FolderRight, FolderUser, GetMailboxFolderPermission, MailboxFolder,
    MailboxFolderPermission, RemoveMailboxFolderPermission, SetMailboxFolderPermission,
};
pub use self::lookup::{Addressed, AtAddress};
pub use self::mail_groups::{ExchangeGroup, GetGroup, GetUnifiedGroup, UnifiedGroup};
pub use self::mailbox_access::{CasMailbox, GetCasMailbox, GetMailboxPermission, MailboxPermission};
pub use self::management_scopes::{
    GetManagementScope, ManagementScope, NewManagementScope, RemoveManagementScope, SetManagementScope,
};
pub use self::members::{
    AddDistributionGroupMember, GetDistributionGroupMember, GetDynamicDistributionGroupMember,
    RemoveDistributionGroupMember, UpdateDistributionGroupMember,
};
pub use self::organization::{
    AcceptedDomain, EnableOrganizationCustomization, GetAcceptedDomain, GetOrganizationConfig, OrganizationConfig,
};
pub use self::places::{ExchangePlace, GetPlace, PlaceType, SetPlace};
pub use self::recipients::{ExchangeMailbox, ExchangeRecipient, GetMailbox, GetRecipient, SetMailbox};
pub use self::role_assignments::{
    ApplicationRole, AssignmentScope, GetManagementRoleAssignment, ManagementRoleAssignment,
    NewManagementRoleAssignment, RemoveManagementRoleAssignment, SetManagementRoleAssignment,
};
pub use self::role_entries::{
    AddManagementRoleEntry, GetManagementRoleEntry, ManagementRoleEntry, RemoveManagementRoleEntry, RoleEntryIdentity,
};
pub use self::role_groups::{
    AddRoleGroupMember, GetRoleGroup, GetRoleGroupMember, NewRoleGroup, RemoveRoleGroup, RemoveRoleGroupMember,
    RoleGroup,
};
pub use self::roles::{GetManagementRole, ManagementRole, NewManagementRole, RemoveManagementRole};
pub use self::service_principals::{
    AuthorizationRow, ExchangeServicePrincipal, GetServicePrincipal, NewServicePrincipal, RemoveServicePrincipal,
    SetServicePrincipal, TestServicePrincipalAuthorization,
};
