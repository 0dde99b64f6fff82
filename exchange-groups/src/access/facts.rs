use std::collections::BTreeMap;

use graph_client::{AppRoleAssignmentId, AppRoleId, ClientId, ObjectId, ServicePrincipalId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_with::{DisplayFromStr, serde_as};
use uuid::Uuid;

use crate::names::named;

/// A part of the facts: read, read in part, or unread. What is unread spoils exactly the conclusions that need it.
///
/// The default is unread, so that a part that nobody filled in is never taken for an empty one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// Read to its end.
    Read(T),
    /// The part that was read, and why the rest was not: a list of which one page failed.
    Partly(T, String),
    /// Not read, and why.
    Unread(String),
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self::Unread("not read".into())
    }
}

impl<T> From<T> for Fact<T> {
    fn from(value: T) -> Self {
        Self::Read(value)
    }
}

impl<T> Fact<T> {
    /// What was read, be it in part.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Read(value) | Self::Partly(value, _) => Some(value),
            Self::Unread(_) => None,
        }
    }

    /// What was read to its end.
    pub const fn whole(&self) -> Option<&T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Partly(..) | Self::Unread(_) => None,
        }
    }

    /// Why something of it is missing. `None` when it was read to its end.
    pub fn missing(&self) -> Option<&str> {
        match self {
            Self::Read(_) => None,
            Self::Partly(_, why) | Self::Unread(why) => Some(why),
        }
    }
}

impl<T> Fact<Vec<T>> {
    /// The entries that were read, be it in part.
    pub fn entries(&self) -> &[T] {
        self.known().map_or(&[], Vec::as_slice)
    }
}

/// What is known about one application in one tenant, on one day.
///
/// [`Facts::new`] leaves every part unread. Fill in what was read; the fields are public for that.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The day that the verdicts are about: the switches of Exchange Web Services change by date.
    #[serde_as(as = "DisplayFromStr")]
    pub date: Date,
    /// The application (client) id. Access policies name it.
    pub client_id: ClientId,
    /// The application's service principal, the object that the `oid` of its tokens names. Roles are held by it.
    /// `Read(None)` when the tenant has none.
    pub service_principal: Fact<Option<ServicePrincipalId>>,
    /// Whether the service principal is enabled.
    pub sign_in: Fact<SignIn>,
    /// The application permissions granted to it: app role assignments on any resource, all pages.
    pub grants: Fact<Vec<Grant>>,
    /// The delegated permissions granted to it.
    pub delegated_grants: Fact<Vec<DelegatedGrant>>,
    /// The accounts that sign in to it or of which it holds a refresh token, such as a service account.
    pub signed_in: Fact<Vec<Principal>>,
    /// All application access policies of the tenant, at least those with its client id and those with `*`.
    pub policies: Fact<Vec<AccessPolicy>>,
    /// The service principal as it is registered in Exchange. `Read(None)` when it is not.
    pub exchange_principal: Fact<Option<ExchangePrincipal>>,
    /// The role assignments of the service principal in Exchange, delegating ones included.
    pub role_assignments: Fact<Vec<RoleAssignment>>,
    /// The management scopes that the assignments name.
    pub scopes: Fact<Vec<ManagementScope>>,
    /// The recipients that Exchange itself lists for the condition of a management scope (`Get-Recipient` with its
    /// filter), by the scope's name. It decides where the condition reads a property that is not among the facts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scope_recipients: BTreeMap<String, Fact<Vec<Member>>>,
    /// The groups that policies and scopes name, with the groups nested in them, and every group that has such a name.
    pub groups: Fact<Vec<Group>>,
    /// The administrative units that the assignments name.
    pub administrative_units: Fact<Vec<AdministrativeUnit>>,
    /// The settings of the Exchange organisation.
    pub organization: Fact<OrganizationSettings>,
    /// The directory roles of the service principal: direct, through groups, and eligible ones.
    pub directory_roles: Fact<Vec<DirectoryRole>>,
    /// The role groups of Exchange that the service principal is a member of.
    pub role_groups: Fact<Vec<RoleGroup>>,
    /// The applications that the service principal owns. Itself may be among them.
    pub owned_applications: Fact<Vec<OtherApplication>>,
    /// The other applications of the tenant with an access path, or a way to widen their own.
    pub other_applications: Fact<Vec<OtherApplication>>,
    /// The owners of the registration and of the service principal. They are the application.
    pub owners: Fact<Vec<Principal>>,
    /// The roles of the service principal in Microsoft Purview, such as *eDiscovery Manager*.
    pub purview_roles: Fact<Vec<String>>,
}

impl Facts {
    /// The facts about an application with every part unread.
    #[must_use]
    pub fn new(client_id: ClientId, date: Date) -> Self {
        Self {
            date,
            client_id,
            service_principal: Fact::default(),
            sign_in: Fact::default(),
            grants: Fact::default(),
            delegated_grants: Fact::default(),
            signed_in: Fact::default(),
            policies: Fact::default(),
            exchange_principal: Fact::default(),
            role_assignments: Fact::default(),
            scopes: Fact::default(),
            scope_recipients: BTreeMap::new(),
            groups: Fact::default(),
            administrative_units: Fact::default(),
            organization: Fact::default(),
            directory_roles: Fact::default(),
            role_groups: Fact::default(),
            owned_applications: Fact::default(),
            other_applications: Fact::default(),
            owners: Fact::default(),
            purview_roles: Fact::default(),
        }
    }
}

/// Whether a service principal gets tokens.
#[serde_as]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignIn {
    /// It gets tokens.
    Enabled,
    /// It gets no new tokens. Those issued before live on for up to 24 hours.
    Disabled {
        /// Since when, if that is known.
        #[serde_as(as = "Option<DisplayFromStr>")]
        since: Option<Date>,
    },
}

/// The ids of an object in Entra and Exchange. Objects are compared by id, never by name.
///
/// `ExternalDirectoryObjectId` is the key; an object without one is known by its GUIDs in Exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ids {
    /// The Entra object id (`ExternalDirectoryObjectId`).
    pub entra: Option<ObjectId>,
    /// The mailbox's GUID (`ExchangeGuid`).
    pub exchange_guid: Option<Uuid>,
    /// The recipient's GUID (`Guid`).
    pub guid: Option<Uuid>,
}

/// A person, group or service principal that owns something or signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// Its ids.
    pub ids: Ids,
    /// What to call it: an address or a display name.
    pub name: String,
    /// What it is, as `RecipientTypeDetails` says: `UserMailbox`, `MailUniversalSecurityGroup`; `ServicePrincipal` for
    /// a service principal. `None` when that is not known.
    pub kind: Option<String>,
}

/// The resource that a permission belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Resource {
    /// Microsoft Graph.
    Graph,
    /// Office 365 Exchange Online. Some of its roles have the ids of Graph's.
    Exchange,
    /// Another resource, by its application id.
    Other(ClientId),
}

/// An application permission granted to the service principal (an app role assignment).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The resource.
    pub resource: Resource,
    /// The app role's id. Only together with the resource does it identify a permission.
    pub role: AppRoleId,
    /// The permission's name, as the `appRoles` of the resource's service principal in this tenant say.
    pub value: Option<String>,
    /// The grant's own id, to revoke it.
    pub assignment: Option<AppRoleAssignmentId>,
    /// Whether it is only eligible in Privileged Identity Management, until it is activated.
    #[serde(default)]
    pub eligible: bool,
}

/// Delegated permissions granted to the application on one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegatedGrant {
    /// The resource.
    pub resource: Resource,
    /// The scopes, such as `Calendars.ReadWrite.Shared`.
    pub scopes: Vec<String>,
    /// The one user that it is for. `None` for every user (`consentType: AllPrincipals`).
    pub user: Option<ObjectId>,
    /// The grant's own id, to revoke it.
    pub id: Option<String>,
}

/// The application that an access policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyApplication {
    /// Every application (`*`).
    Every,
    /// One application. The policy works by client id; whatever id stands there is kept.
    One(Uuid),
}

named! {
    /// What an access policy does with the mailboxes of its scope.
    #[non_exhaustive]
    pub enum PolicyRight as "policy right" {
        /// `RestrictAccess`: the application reaches these and no other.
        Restrict = "restrict",
        /// `DenyAccess`: the application does not reach these.
        Deny = "deny",
    }
}

/// The principal that an access policy is scoped to, found by the GUID at the end of the policy's identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PolicyScope {
    /// A group, by an id of it. Its members are among [`Facts::groups`].
    Group(Uuid),
    /// A user mailbox or mail user: this one and no other.
    User(Ids),
    /// The principal is deleted.
    Deleted,
    /// The kind of the principal is not known, and why.
    Unresolved(String),
}

/// An application access policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPolicy {
    /// The policy's identity, to remove it.
    pub identity: String,
    /// The application.
    pub application: PolicyApplication,
    /// Whether it restricts or denies.
    pub right: PolicyRight,
    /// The scope.
    pub scope: PolicyScope,
    /// `IsValid`. `None` when the service did not say.
    pub is_valid: Option<bool>,
}

/// A service principal as registered in Exchange (`Get-ServicePrincipal`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangePrincipal {
    /// `AppId`.
    pub app_id: Option<ClientId>,
    /// `ObjectId`: the service principal that roles are assigned to. With another one than the token's, they grant nothing.
    pub object_id: Option<ServicePrincipalId>,
}

/// What a role assignment is limited to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RoleScope {
    /// Nothing: the whole organisation.
    Organization,
    /// A group, as the scope column shows it: by its `Name`, or by an id or its distinguished name.
    Group(String),
    /// A management scope, by its name.
    Management(String),
    /// An administrative unit, by its id or name.
    AdministrativeUnit(String),
    /// A kind of scope that is not known, or columns that contradict each other: it may be limited by anything or nothing.
    Unrecognised(String),
}

/// A role assignment of the service principal in Exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleAssignment {
    /// The assignment's name, to remove it.
    pub name: String,
    /// The role, such as `Application Calendars.Read` or `Role Management`.
    pub role: String,
    /// The permissions that the role contains (`GrantedPermissions`, `allowedResourceActions`).
    pub permissions: Fact<Vec<String>>,
    /// What it is limited to.
    pub scope: RoleScope,
    /// Whether it is enabled. `None` when the service did not say.
    pub enabled: Option<bool>,
    /// Whether it only grants the right to assign the role on. `None` when the service did not say.
    pub delegating: Option<bool>,
}

/// A management scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagementScope {
    /// Its name.
    pub name: String,
    /// The recipient filter. An empty one holds for everybody.
    pub filter: Fact<String>,
    /// The part of the directory that it is limited to, if any.
    pub recipient_root: Option<String>,
    /// Whether it is exclusive. Exclusive scopes do not restrict applications.
    #[serde(default)]
    pub exclusive: bool,
}

/// What a group is. It decides who can change its members, and where it can be a scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GroupType {
    /// A mail-enabled security group: Graph cannot write its members.
    MailEnabledSecurity,
    /// A distribution list or room list: Graph cannot write its members.
    Distribution,
    /// A Microsoft 365 group: Graph writes its members.
    Microsoft365,
    /// A dynamic distribution group.
    DynamicDistribution,
    /// A security group of Entra without mail.
    Entra,
    /// Another kind, by its `RecipientTypeDetails`.
    Other(String),
}

named! {
    /// Who may join a group (`MemberJoinRestriction`, or the visibility of a Microsoft 365 group).
    #[non_exhaustive]
    pub enum Joining as "joining" {
        /// Everybody, by themselves.
        Open = "open",
        /// Only members that an owner adds or approves.
        ByOwner = "by_owner",
    }
}

/// A group that a policy or a scope names, or that is nested in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its ids.
    pub ids: Ids,
    /// Its `Name`, which the scope column of a role assignment shows.
    pub name: Option<String>,
    /// Its display name.
    pub display_name: Option<String>,
    /// Its distinguished name, which filters compare.
    pub distinguished_name: Option<String>,
    /// Its addresses, with or without the prefix `smtp:`.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// What it is. `None` when that was not read.
    pub kind: Option<GroupType>,
    /// Its direct members. A nested group is one of them, and itself among [`Facts::groups`].
    pub members: Fact<Vec<Member>>,
    /// Its owners (`ManagedBy`).
    pub owners: Fact<Vec<Principal>>,
    /// Who may join it. `None` when that was not read.
    pub joining: Option<Joining>,
    /// The membership rule of a dynamic Microsoft 365 group.
    pub membership_rule: Option<String>,
}

/// A direct member of a group or administrative unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its ids.
    pub ids: Ids,
    /// What it is, as `RecipientTypeDetails` says. `None` when that is not known: then it may be a group.
    pub kind: Option<String>,
}

/// An administrative unit in Entra.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdministrativeUnit {
    /// Its object id.
    pub id: ObjectId,
    /// Its display name.
    pub name: Option<String>,
    /// Its members.
    pub members: Fact<Vec<Member>>,
    /// The membership rule of a dynamic unit.
    pub membership_rule: Option<String>,
}

/// The user agent lists that hold for Exchange Web Services and for Graph's calendars.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UserAgents {
    /// No list applies.
    #[default]
    Any,
    /// `EnforceAllowList`, with `EwsAllowList`.
    Only(Vec<String>),
    /// `EnforceBlockList`, with `EwsBlockList`.
    Not(Vec<String>),
}

/// Settings of the Exchange organisation that decide on access paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationSettings {
    /// `EwsEnabled`. `None` when it is blank, which means something else than unread.
    pub ews_enabled: Option<bool>,
    /// `EwsAllowedAppIDs`, which reads back only with `-RetrieveEwsOperationAccessPolicy`.
    pub ews_allowed_app_ids: Fact<Vec<ClientId>>,
    /// `EwsApplicationAccessPolicy` with its list.
    pub user_agents: Fact<UserAgents>,
    /// `EnforceExoAppRbacPermissions`. `None` when the service did not say.
    pub enforce_app_rbac: Option<bool>,
}

/// A directory role of the service principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryRole {
    /// The role template's id.
    pub template: Uuid,
    /// Its name, to show it.
    pub name: String,
    /// Whether it is only eligible, until it is activated.
    pub eligible: bool,
    /// The administrative unit or object that it is limited to. `None` for the whole directory.
    pub scope: Option<String>,
}

/// A role group of Exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleGroup {
    /// Its name.
    pub name: String,
    /// The roles that it grants.
    pub roles: Fact<Vec<String>>,
}

/// Another application of the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherApplication {
    /// Its client id.
    pub client_id: ClientId,
    /// Its display name.
    pub name: String,
    /// Whether it has an access path to calendars.
    pub has_access_path: Fact<bool>,
    /// Whether it can widen access: the permissions that let an application do so.
    pub can_widen: Fact<bool>,
}

/// Whether the mailbox that is asked about was found, and as what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Found {
    /// Exactly one recipient has the address, and Entra and Exchange agree on its id.
    #[default]
    One,
    /// Several recipients have the address, or Entra and Exchange disagree.
    Ambiguous(String),
    /// Nobody has the address.
    Nobody,
    /// A soft-deleted or inactive mailbox: Graph does not reach it.
    Deleted,
    /// The look-up failed, and why.
    Unread(String),
}

/// How much of a calendar somebody sees by an entry of its folder permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CalendarRight {
    /// `None`.
    Nothing,
    /// `AvailabilityOnly`.
    Availability,
    /// `LimitedDetails`.
    LimitedDetails,
    /// `Reviewer` and more.
    Details,
    /// Rights that are none of these.
    Other(String),
}

/// The permissions on a mailbox's default calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarSharing {
    /// The entry *Default*.
    pub default: CalendarRight,
    /// The other entries. A group holds one for its members.
    pub entries: Vec<CalendarEntry>,
}

/// An entry of a calendar's folder permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarEntry {
    /// Who has it.
    pub holder: Member,
    /// What they see.
    pub right: CalendarRight,
}

/// The settings of one mailbox for Exchange Web Services (`Get-CASMailbox`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CasSettings {
    /// `EwsEnabled`. `None` when it is blank.
    pub ews_enabled: Option<bool>,
    /// `EwsApplicationAccessPolicy` with its list.
    pub user_agents: UserAgents,
}

/// What is known about one mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MailboxFacts {
    /// Whether it was found.
    pub found: Found,
    /// Its ids.
    pub ids: Ids,
    /// Its primary address and its proxy addresses, with or without the prefix `smtp:`.
    pub addresses: Fact<Vec<String>>,
    /// `RecipientTypeDetails`, such as `RoomMailbox`.
    pub kind: Fact<String>,
    /// Its distinguished name.
    pub distinguished_name: Option<String>,
    /// Properties that filters read, by name without regard to case: `CustomAttribute1`, `Department`. Only what was
    /// read; a property that is blank stands there as an empty list.
    pub properties: BTreeMap<String, Vec<String>>,
    /// Its settings for Exchange Web Services.
    pub cas: Fact<CasSettings>,
    /// Whether the service principal has `FullAccess` on it.
    pub full_access: Fact<bool>,
    /// Whether an entry of the service principal was seen in the folder permissions of its calendar.
    pub has_folder_entry: bool,
    /// The permissions on its calendar.
    pub sharing: Fact<CalendarSharing>,
}
