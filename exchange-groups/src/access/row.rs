//! The rows of the catalogue of access paths, and their words.

use uuid::Uuid;

use super::verdict::Level;
use crate::names::named;

/// One row of the [`catalogue`](super::catalogue()).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// Where it belongs.
    pub resource: RowResource,
    /// What it is.
    pub kind: RowKind,
    /// The id of the app role, scope, role template or role. `None` where there is none or none was found.
    pub id: Option<Uuid>,
    /// The name.
    pub value: &'static str,
    /// The data that it allows access to. Empty when there is none.
    pub allows: &'static [DataAccess],
    /// What it lets an application do to widen its own access.
    pub escalates: &'static [Escalation],
    /// The condition under which it does.
    pub condition: Option<Condition>,
    /// What narrows it.
    pub narrowed_by: &'static [Narrowing],
    /// Whether an access policy covers it.
    pub coverage: PolicyCoverage,
    /// The role of RBAC for Applications that replaces it.
    pub replaced_by: Option<&'static str>,
    /// The risk as CISA's `ScubaGear` rates it.
    pub risk: Option<Risk>,
    /// The path to the tenant's highest privilege as Maester (after azure-tiering) rates it.
    pub tier_zero: Option<TierZero>,
    /// How well it is known.
    pub certainty: Certainty,
    /// How well the id is known.
    pub id_status: IdStatus,
    /// The permissions that a role contains.
    pub grants: &'static [&'static str],
}

named! {
    /// Where a row of the catalogue belongs.
    #[non_exhaustive]
    pub enum RowResource as "resource" {
        /// Microsoft Graph.
        Graph = "graph",
        /// Office 365 Exchange Online.
        Exchange = "exchange",
        /// Exchange's role-based access control.
        Rbac = "rbac",
        /// Entra's directory roles.
        DirectoryRole = "directory_role",
        /// None of these.
        Other = "other",
    }
    /// What a row of the catalogue is.
    #[non_exhaustive]
    pub enum RowKind as "kind of row" {
        /// An application permission (app role).
        Application = "application",
        /// A delegated permission (scope).
        Delegated = "delegated",
        /// A role of RBAC for Applications.
        ApplicationRole = "application_role",
        /// A management role of Exchange.
        ManagementRole = "management_role",
        /// A kind of role assignment.
        Assignment = "assignment",
        /// A role group of Exchange.
        RoleGroup = "role_group",
        /// A directory role of Entra.
        DirectoryRole = "directory_role",
        /// Another way to data, or to more access.
        Other = "other",
    }
    /// The data that a permission or role allows access to.
    #[non_exhaustive]
    pub enum DataAccess as "data access" {
        /// Events of calendars.
        CalendarRead = "calendar_read",
        /// Changing events.
        CalendarWrite = "calendar_write",
        /// Free/busy, also of others through a mailbox that is reached.
        FreeBusy = "free_busy",
        /// The whole mailbox.
        MailboxFull = "mailbox_full",
        /// Mail. Invitations in it show subject, time, place and attendees.
        Mail = "mail",
        /// Settings of the mailbox.
        Settings = "settings",
    }
    /// What narrows an access path.
    #[non_exhaustive]
    pub enum Narrowing as "narrowing" {
        /// Application access policies.
        AccessPolicy = "access_policy",
        /// The scope of a role assignment.
        RoleScope = "role_scope",
        /// The switches of Exchange Web Services.
        EwsSwitch = "ews_switch",
    }
    /// Whether an application access policy covers a permission.
    #[non_exhaustive]
    pub enum PolicyCoverage as "policy coverage" {
        /// Microsoft's pages list it.
        Documented = "documented",
        /// No page lists it: a policy that denies it leaves it unknown.
        NotListed = "not_listed",
        /// Out of a policy's reach.
        None = "none",
    }
    /// The risk of a permission as CISA's `ScubaGear` rates it.
    #[non_exhaustive]
    pub enum Risk as "risk" {
        /// Low.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
        /// Critical.
        Critical = "critical",
    }
    /// How a permission leads to the tenant's highest privilege, as Maester (after azure-tiering) rates it.
    #[non_exhaustive]
    pub enum TierZero as "path to tier zero" {
        /// Over further steps.
        Indirect = "indirect",
        /// At once.
        Direct = "direct",
    }
    /// How well a row of the catalogue is known.
    #[non_exhaustive]
    pub enum Certainty as "certainty" {
        /// A page of Microsoft.
        Page = "page",
        /// Microsoft's permission data.
        Data = "data",
        /// Published attack research.
        Research = "research",
        /// A record of a real tenant.
        Observed = "observed",
        /// An inference, or one report.
        Guess = "guess",
        /// The sources disagree.
        Dispute = "dispute",
    }
    /// How well the id of a row is known.
    #[non_exhaustive]
    pub enum IdStatus as "id status" {
        /// Two or more sources agree.
        Confirmed = "confirmed",
        /// One source.
        OneSource = "one_source",
        /// To be looked up in the tenant.
        ResolveAtRunTime = "resolve_at_run_time",
        /// No id was found.
        Unconfirmed = "unconfirmed",
        /// Known by name.
        NameOnly = "name_only",
        /// There is none.
        NoId = "no_id",
    }
    /// What an application can do to widen its own access.
    #[non_exhaustive]
    pub enum Escalation as "escalation" {
        /// Grant itself application permissions.
        GrantAppRoles = "grant_app_roles",
        /// Assign itself a directory role.
        DirectoryRoles = "directory_roles",
        /// Change role assignments and scopes of Exchange.
        ExchangeRoles = "exchange_roles",
        /// Administer Exchange.
        ExchangeAdmin = "exchange_admin",
        /// Change application access policies.
        AccessPolicyChange = "access_policy_change",
        /// Change the switches of Exchange Web Services.
        EwsSwitchChange = "ews_switch_change",
        /// Grant permissions on mailboxes and folders.
        MailboxPermissions = "mailbox_permissions",
        /// Export mailboxes.
        MailboxExport = "mailbox_export",
        /// Change the members of groups in Exchange.
        ScopeGroupExchange = "scope_group_exchange",
        /// Administer the recipients of Exchange.
        ExchangeRecipients = "exchange_recipients",
        /// Run cmdlets of Exchange, as far as its roles go.
        ExchangeCmdlets = "exchange_cmdlets",
        /// Add a credential to another application.
        AppCredentials = "app_credentials",
        /// Consent to delegated permissions for all users.
        GrantDelegated = "grant_delegated",
        /// Change the members of Microsoft 365 groups through Graph.
        ScopeGroupEntra = "scope_group_entra",
        /// Change the members of administrative units.
        ScopeUnit = "scope_unit",
        /// Change attributes of users.
        ScopeAttributes = "scope_attributes",
        /// Sign in as somebody.
        UserTakeover = "user_takeover",
        /// Act with the rights of the person who is signed in.
        UserRights = "user_rights",
        /// Nobody says what it can do.
        Unknown = "unknown",
    }
    /// The condition under which a permission or role widens access.
    #[non_exhaustive]
    pub enum Condition as "condition" {
        /// Another application of the tenant has an access path, or can widen its own.
        AnotherApplicationHasAccess = "another_application_has_access",
        /// An application that it owns has one.
        OwnedApplicationHasAccess = "owned_application_has_access",
        /// A user signs in to the application, or it holds a refresh token.
        UserSignsIn = "user_signs_in",
        /// Somebody activates an eligible assignment.
        UserActivates = "user_activates",
        /// It also holds a permission for schedules of directory roles.
        HoldsSchedulePermission = "holds_schedule_permission",
        /// It also holds a permission for schedules of groups.
        HoldsGroupSchedulePermission = "holds_group_schedule_permission",
        /// A role-assignable group or a scope group is managed in Privileged Identity Management.
        GroupUnderPim = "group_under_pim",
        /// An access package assigns a scope group or a role.
        AccessPackage = "access_package",
        /// It also holds `UserAuthenticationMethod.ReadWrite.All`.
        HoldsAuthenticationMethodPermission = "holds_authentication_method_permission",
        /// The account to take over is no administrator's.
        TargetIsNoAdministrator = "target_is_no_administrator",
        /// A filter or membership rule in use reads an attribute that Graph writes.
        AttributeInUse = "attribute_in_use",
        /// A filter in use reads addresses.
        AddressInFilter = "address_in_filter",
        /// No source names the condition.
        NotDocumented = "not_documented",
        /// Those of the narrower permissions for groups and users.
        AsNarrowerPermissions = "as_narrower_permissions",
        /// A scope group is a Microsoft 365 group.
        ScopeGroupIsMicrosoft365 = "scope_group_is_microsoft365",
        /// It owns a scope group that is a Microsoft 365 group.
        OwnsScopeGroup = "owns_scope_group",
        /// A scope group is the group of a team.
        ScopeGroupIsTeam = "scope_group_is_team",
        /// A role assignment is limited to an administrative unit.
        UnitInUse = "unit_in_use",
        /// The tenant has a federated domain.
        FederatedDomain = "federated_domain",
        /// Sign-in by certificate is on.
        CertificateSignIn = "certificate_sign_in",
        /// Provisioning writes users.
        ProvisioningWritesUsers = "provisioning_writes_users",
        /// The tenant is hybrid.
        HybridTenant = "hybrid_tenant",
        /// A lifecycle workflow adds to a scope group or issues a temporary access pass.
        Workflow = "workflow",
        /// An agent identity has an access path.
        AgentIdentityHasAccess = "agent_identity_has_access",
        /// It also has a directory role, role group or management role that changes access.
        HoldsAdministrativeRole = "holds_administrative_role",
        /// It also has a role for recipients.
        HoldsRecipientRole = "holds_recipient_role",
        /// It also holds `Exchange.ManageAsApp`.
        HoldsManageAsApp = "holds_manage_as_app",
    }
}

impl Escalation {
    /// What it lets an application do, as a clause.
    pub(super) fn phrase(self) -> &'static str {
        match self {
            Self::GrantAppRoles => "grant itself application permissions",
            Self::DirectoryRoles => "assign itself a directory role",
            Self::ExchangeRoles => "change role assignments and scopes of Exchange",
            Self::ExchangeAdmin => "administer Exchange",
            Self::AccessPolicyChange => "change application access policies",
            Self::EwsSwitchChange => "change the switches of Exchange Web Services",
            Self::MailboxPermissions => "grant itself permissions on mailboxes",
            Self::MailboxExport => "export mailboxes",
            Self::ScopeGroupExchange => "change the members of a scope group in Exchange",
            Self::ExchangeRecipients => "administer the recipients of Exchange",
            Self::ExchangeCmdlets => "run cmdlets of Exchange",
            Self::AppCredentials => "act as another application",
            Self::GrantDelegated => "consent to delegated permissions for all users",
            Self::ScopeGroupEntra => "change the members of a Microsoft 365 group that is a scope",
            Self::ScopeUnit => "change the members of an administrative unit that is a scope",
            Self::ScopeAttributes => "change attributes that a scope reads",
            Self::UserTakeover => "sign in as somebody else",
            Self::UserRights => "act with the rights of a person who signs in",
            Self::Unknown => "do what no source describes",
        }
    }
}

impl Condition {
    /// The condition as a clause.
    pub(super) fn phrase(self) -> &'static str {
        match self {
            Self::AnotherApplicationHasAccess => "another application has an access path",
            Self::OwnedApplicationHasAccess => "an application that it owns has an access path",
            Self::UserSignsIn => "a user signs in to it",
            Self::UserActivates => "somebody activates an eligible assignment",
            Self::HoldsSchedulePermission => "it also holds a permission for schedules of directory roles",
            Self::HoldsGroupSchedulePermission => "it also holds a permission for schedules of groups",
            Self::GroupUnderPim => "a role-assignable group or scope group is managed in PIM",
            Self::AccessPackage => "an access package assigns a scope group or a role",
            Self::HoldsAuthenticationMethodPermission => "it also holds UserAuthenticationMethod.ReadWrite.All",
            Self::TargetIsNoAdministrator => "the account to take over is no administrator's",
            Self::AttributeInUse => "a filter or membership rule reads an attribute that Graph writes",
            Self::AddressInFilter => "a filter reads addresses that Graph writes",
            Self::NotDocumented => "its undocumented condition holds",
            Self::AsNarrowerPermissions => "a permission for groups or users would do",
            Self::ScopeGroupIsMicrosoft365 => "a scope group is a Microsoft 365 group",
            Self::OwnsScopeGroup => "it owns a scope group",
            Self::ScopeGroupIsTeam => "a scope group is the group of a team",
            Self::UnitInUse => "a role assignment is limited to an administrative unit",
            Self::FederatedDomain => "the tenant has a federated domain",
            Self::CertificateSignIn => "sign-in by certificate is on",
            Self::ProvisioningWritesUsers => "provisioning writes users",
            Self::HybridTenant => "the tenant is hybrid",
            Self::Workflow => "a lifecycle workflow adds to a scope group or issues a pass",
            Self::AgentIdentityHasAccess => "an agent identity has an access path",
            Self::HoldsAdministrativeRole => "it also has a role that changes access",
            Self::HoldsRecipientRole => "it also has a role for recipients",
            Self::HoldsManageAsApp => "it also holds Exchange.ManageAsApp",
        }
    }
}

/// What a call needs of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Access to a calendar at a level.
    Level(Level),
    /// To ask for the free/busy times of others (`getSchedule`) through a mailbox that it reaches.
    Schedule,
}

impl Row {
    /// Whether it allows access to calendars at a level.
    #[must_use]
    pub fn allows_at(&self, level: Level) -> bool {
        let allows = |what| self.allows.contains(&what);
        match level {
            Level::Times => allows(DataAccess::FreeBusy) || allows(DataAccess::CalendarRead),
            Level::Brief | Level::Events => allows(DataAccess::CalendarRead),
            Level::Write => allows(DataAccess::CalendarWrite),
        }
    }

    pub(super) fn serves(&self, need: Need) -> bool {
        match need {
            Need::Level(level) => self.allows_at(level),
            Need::Schedule => self.allows.contains(&DataAccess::FreeBusy),
        }
    }

    pub(super) fn is_narrowed_by(&self, what: Narrowing) -> bool {
        self.narrowed_by.contains(&what)
    }

    pub(super) fn is(&self, resource: RowResource, kind: RowKind) -> bool {
        self.resource == resource && self.kind == kind
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.value.eq_ignore_ascii_case(name)
    }
}
