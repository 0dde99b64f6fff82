use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::facts::{Grant, Resource};
use super::table::ROWS;
use super::{Level, Truth};

/// The catalogue of access paths: what each permission, role and other access path opens, and what it lets an application
/// change.
///
/// Sources: Microsoft's permission data and pages, `ScubaGear`'s and Maester's lists of risky permissions, the roles of
/// real tenants; state of November 2026. It is matched on resource and id: the Exchange resource has roles with Graph's
/// ids. The names of the tenant's own service principals are held against it.
#[must_use]
pub fn catalogue() -> &'static [Row] {
    ROWS
}

/// One row of the [`catalogue`].
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
    /// What it opens. Empty when it opens nothing.
    pub opens: &'static [Opens],
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
    pub severity: Option<Severity>,
    /// The path to the tenant's highest privilege as Maester (after azure-tiering) rates it.
    pub tier_zero: Option<TierZero>,
    /// How well it is known.
    pub certainty: Certainty,
    /// How well the id is known.
    pub id_status: IdStatus,
    /// The permissions that a role contains.
    pub grants: &'static [&'static str],
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum $name { $($(#[$item])* $variant,)+ }
    )+};
}

words! {
    /// Where a row of the catalogue belongs.
    RowResource {
        /// Microsoft Graph.
        Graph,
        /// Office 365 Exchange Online.
        Exchange,
        /// Exchange's role-based access control.
        Rbac,
        /// Entra's directory roles.
        DirectoryRole,
        /// None of these.
        Other,
    }
    /// What a row of the catalogue is.
    RowKind {
        /// An application permission (app role).
        Application,
        /// A delegated permission (scope).
        Delegated,
        /// A role of RBAC for Applications.
        ApplicationRole,
        /// A management role of Exchange.
        ManagementRole,
        /// A kind of role assignment.
        Assignment,
        /// A role group of Exchange.
        RoleGroup,
        /// A directory role of Entra.
        DirectoryRole,
        /// Another way to data, or to more access.
        Other,
    }
    /// What a permission or role opens.
    Opens {
        /// Events of calendars.
        CalendarRead,
        /// Changing events.
        CalendarWrite,
        /// Free/busy, also of others through a mailbox that is reached.
        FreeBusy,
        /// The whole mailbox.
        MailboxFull,
        /// Mail. Invitations in it show subject, time, place and attendees.
        Mail,
        /// Settings of the mailbox.
        Settings,
    }
    /// What narrows an access path.
    Narrowing {
        /// Application access policies.
        AccessPolicy,
        /// The scope of a role assignment.
        RoleScope,
        /// The switches of Exchange Web Services.
        EwsSwitch,
    }
    /// Whether an application access policy covers a permission.
    PolicyCoverage {
        /// Microsoft's pages list it.
        Documented,
        /// No page lists it: a policy that denies it leaves it unknown.
        NotListed,
        /// Out of a policy's reach.
        None,
    }
    /// The risk of a permission as CISA's `ScubaGear` rates it.
    Severity {
        /// Low.
        Low,
        /// Medium.
        Medium,
        /// High.
        High,
        /// Critical.
        Critical,
    }
    /// How a permission leads to the tenant's highest privilege, as Maester (after azure-tiering) rates it.
    TierZero {
        /// Over further steps.
        Indirect,
        /// At once.
        Direct,
    }
    /// How well a row of the catalogue is known.
    Certainty {
        /// A page of Microsoft.
        Page,
        /// Microsoft's permission data.
        Data,
        /// Published attack research.
        Research,
        /// A record of a real tenant.
        Observed,
        /// An inference, or one report.
        Guess,
        /// The sources disagree.
        Dispute,
    }
    /// How well the id of a row is known.
    IdStatus {
        /// Two or more sources agree.
        Confirmed,
        /// One source.
        OneSource,
        /// To be looked up in the tenant.
        ResolveAtRunTime,
        /// No id was found.
        Unconfirmed,
        /// Known by name.
        NameOnly,
        /// There is none.
        NoId,
    }
    /// What an application can do to widen its own access.
    Escalation {
        /// Grant itself application permissions.
        GrantAppRoles,
        /// Give itself a directory role.
        DirectoryRoles,
        /// Change role assignments and scopes of Exchange.
        ExchangeRoles,
        /// Administer Exchange.
        ExchangeAdmin,
        /// Change application access policies.
        AccessPolicyChange,
        /// Change the switches of Exchange Web Services.
        EwsSwitchChange,
        /// Give permissions on mailboxes and folders.
        MailboxPermissions,
        /// Export mailboxes.
        MailboxExport,
        /// Change the members of groups in Exchange.
        ScopeGroupExchange,
        /// Administer the recipients of Exchange.
        ExchangeRecipients,
        /// Run cmdlets of Exchange, as far as its roles go.
        ExchangeCmdlets,
        /// Add a credential to another application.
        AppCredentials,
        /// Consent to delegated permissions for all users.
        GrantDelegated,
        /// Change the members of Microsoft 365 groups through Graph.
        ScopeGroupEntra,
        /// Change the members of administrative units.
        ScopeUnit,
        /// Change attributes of users.
        ScopeAttributes,
        /// Sign in as somebody.
        UserTakeover,
        /// Act with the rights of the person who is signed in.
        UserRights,
        /// Nobody says what it can do.
        Unknown,
    }
    /// The condition under which a permission or role widens access.
    Condition {
        /// Another application of the tenant has an access path, or can widen its own.
        AnotherApplicationHasAccess,
        /// An application that it owns has one.
        OwnedApplicationHasAccess,
        /// A user signs in to the application, or it holds a refresh token.
        UserSignsIn,
        /// Somebody activates an eligible assignment.
        UserActivates,
        /// It also holds a permission for schedules of directory roles.
        HoldsSchedulePermission,
        /// It also holds a permission for schedules of groups.
        HoldsGroupSchedulePermission,
        /// A role-assignable group or a scope group is managed in Privileged Identity Management.
        GroupUnderPim,
        /// An access package gives out a scope group or a role.
        AccessPackage,
        /// It also holds `UserAuthenticationMethod.ReadWrite.All`.
        HoldsAuthenticationMethodPermission,
        /// The account to take over is no administrator's.
        TargetIsNoAdministrator,
        /// A filter or membership rule in use reads an attribute that Graph writes.
        AttributeInUse,
        /// A filter in use reads addresses.
        AddressInFilter,
        /// No source names the condition.
        NotDocumented,
        /// Those of the narrower permissions for groups and users.
        AsNarrowerPermissions,
        /// A scope group is a Microsoft 365 group.
        ScopeGroupIsMicrosoft365,
        /// It owns a scope group that is a Microsoft 365 group.
        OwnsScopeGroup,
        /// A scope group is the group of a team.
        ScopeGroupIsTeam,
        /// A role assignment is limited to an administrative unit.
        UnitInUse,
        /// The tenant has a federated domain.
        FederatedDomain,
        /// Sign-in by certificate is on.
        CertificateSignIn,
        /// Provisioning writes users.
        ProvisioningWritesUsers,
        /// The tenant is hybrid.
        HybridTenant,
        /// A lifecycle workflow adds to a scope group or issues a temporary access pass.
        Workflow,
        /// An agent identity has an access path.
        AgentIdentityHasAccess,
        /// It also has a directory role, role group or management role that changes access.
        HoldsAdministrativeRole,
        /// It also has a role for recipients.
        HoldsRecipientRole,
        /// It also holds `Exchange.ManageAsApp`.
        HoldsManageAsApp,
    }
}

impl fmt::Display for Escalation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GrantAppRoles => "grant itself application permissions",
            Self::DirectoryRoles => "give itself a directory role",
            Self::ExchangeRoles => "change role assignments and scopes of Exchange",
            Self::ExchangeAdmin => "administer Exchange",
            Self::AccessPolicyChange => "change application access policies",
            Self::EwsSwitchChange => "change the switches of Exchange Web Services",
            Self::MailboxPermissions => "give itself permissions on mailboxes",
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
        })
    }
}

/// What a call needs of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// To open a calendar at a level.
    Level(Level),
    /// To ask for the free/busy times of others (`getSchedule`) through a mailbox that it reaches.
    Schedule,
}

impl Row {
    /// Whether it opens calendars at a level.
    #[must_use]
    pub fn opens_at(&self, level: Level) -> bool {
        let opens = |what| self.opens.contains(&what);
        match level {
            Level::Times => opens(Opens::FreeBusy) || opens(Opens::CalendarRead),
            Level::Brief | Level::Events => opens(Opens::CalendarRead),
            Level::Write => opens(Opens::CalendarWrite),
        }
    }

    pub(super) fn serves(&self, need: Need) -> bool {
        match need {
            Need::Level(level) => self.opens_at(level),
            Need::Schedule => self.opens.contains(&Opens::FreeBusy),
        }
    }

    pub(super) fn is_narrowed_by(&self, what: Narrowing) -> bool {
        self.narrowed_by.contains(&what)
    }

    fn is(&self, resource: RowResource, kind: RowKind) -> bool {
        self.resource == resource && self.kind == kind
    }

    fn is_named(&self, name: &str) -> bool {
        self.value.eq_ignore_ascii_case(name)
    }
}

/// What the catalogue says about a permission or role.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    /// The catalogue knows it.
    Listed(&'static Row),
    /// The catalogue does not know it: whether it opens mailboxes or widens access is a no or unknown.
    Unlisted { opens: Truth, widens: Truth, because: String },
}

impl Entry {
    fn unknown(because: impl Into<String>) -> Self {
        Self::Unlisted { opens: Truth::Unknown, widens: Truth::Unknown, because: because.into() }
    }
}

fn find(resource: RowResource, kind: RowKind, fits: impl Fn(&Row) -> bool) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.is(resource, kind) && fits(row))
}

/// What is known about a granted application permission: by resource and id, with the tenant's own name for it.
pub(super) fn application_permission(grant: &Grant) -> Entry {
    let resource = match grant.resource {
        Resource::Graph => RowResource::Graph,
        Resource::Exchange => RowResource::Exchange,
        Resource::Other(_) => return unlisted_permission(grant),
    };
    let row = find(resource, RowKind::Application, |row| row.id.as_ref() == Some(grant.role.as_uuid()));
    match (row, grant.value.as_deref()) {
        (Some(row), Some(name)) if row.is_named(name) => Entry::Listed(row),
        (Some(row), Some(name)) => Entry::unknown(format!(
            "the tenant names this permission {name} and the catalogue of access paths {}",
            row.value
        )),
        (Some(row), None) if row.id_status == IdStatus::Confirmed => Entry::Listed(row),
        (Some(row), None) => {
            Entry::unknown(format!("its name was not read, and only one source gives this id to {}", row.value))
        }
        (None, _) => unlisted_permission(grant),
    }
}

/// The words in the name of a permission by which it may be about mailboxes.
const MAILBOX_WORDS: [&str; 10] =
    ["calendar", "mail", "exchange", "bookings", "ediscovery", "full_access", "ews", "imap", "pop.", "outlook"];

/// A permission that the catalogue lacks is harmless only where its name says so, and a role of the Exchange resource
/// never.
fn unlisted_permission(grant: &Grant) -> Entry {
    let Some(name) = grant.value.as_deref() else {
        return Entry::unknown("the catalogue of access paths does not have its id, and its name was not read");
    };
    if grant.resource == Resource::Exchange {
        let named = find(RowResource::Exchange, RowKind::Application, |row| row.id.is_none() && row.is_named(name));
        if let Some(row) = named.filter(|row| row.opens.is_empty() && !row.escalates.is_empty()) {
            // It is there for cmdlets, under an id that no source has.
            let because = format!("no source says what {} can do", row.value);
            return Entry::Unlisted { opens: Truth::No, widens: Truth::Unknown, because };
        }
        return Entry::unknown(format!("no source says what {name} of Office 365 Exchange Online opens"));
    }
    let lower = name.to_ascii_lowercase();
    // GUESS: a permission of another resource without these words opens no mailbox either; wrong if such a resource
    // forwards calls to Exchange under a name that does not show it.
    let opens = if MAILBOX_WORDS.iter().any(|word| lower.contains(word)) { Truth::Unknown } else { Truth::No };
    let widens = if only_reads(name) { Truth::No } else { Truth::Unknown };
    Entry::Unlisted { opens, widens, because: format!("the catalogue of access paths does not have {name}") }
}

/// Whether a permission only reads, by Microsoft's pattern `Resource.Operation.Constraint`.
// GUESS: nothing that only reads lets an application widen its access; wrong if such a permission reads credentials that
// Exchange or Entra accept.
fn only_reads(name: &str) -> bool {
    let mut segments = name.split('.').skip(1);
    let reads = |segment: &str| {
        let segment = segment.to_ascii_lowercase();
        segment.starts_with("read") && !segment.contains("write") && !segment.contains("update")
    };
    segments.next().is_some_and(reads) && segments.all(|segment| !segment.to_ascii_lowercase().contains("write"))
}

/// What is known about a delegated permission, by name: that is how a delegated grant holds it.
pub(super) fn delegated_permission(resource: Resource, scope: &str) -> Entry {
    const SIGN_IN: [&str; 5] = ["openid", "profile", "email", "offline_access", "User.Read"];
    let row_resource = match resource {
        Resource::Graph => Some(RowResource::Graph),
        Resource::Exchange => Some(RowResource::Exchange),
        Resource::Other(_) => None,
    };
    let row = row_resource.and_then(|resource| find(resource, RowKind::Delegated, |row| row.is_named(scope)));
    if let Some(row) = row {
        return Entry::Listed(row);
    }
    let because = format!("the catalogue of access paths does not have the delegated permission {scope}");
    let opens = MAILBOX_WORDS.iter().any(|word| scope.to_ascii_lowercase().contains(word));
    let is_harmless = only_reads(scope) || SIGN_IN.iter().any(|known| known.eq_ignore_ascii_case(scope));
    Entry::Unlisted {
        opens: if opens { Truth::Unknown } else { Truth::No },
        widens: if is_harmless { Truth::No } else { Truth::Unknown },
        because,
    }
}

/// The role of Exchange by name: an application role or a management role.
pub(super) fn exchange_role(name: &str) -> Option<&'static Row> {
    find(RowResource::Rbac, RowKind::ApplicationRole, |row| row.is_named(name))
        .or_else(|| find(RowResource::Rbac, RowKind::ManagementRole, |row| row.is_named(name)))
}

/// The row of a permission that a role of Exchange contains: of the role that is for this permission alone, so that the
/// protocol is known.
pub(super) fn role_permission(name: &str) -> Option<&'static Row> {
    find(RowResource::Rbac, RowKind::ApplicationRole, |row| {
        row.grants.len() == 1 && row.grants[0].eq_ignore_ascii_case(name)
    })
    .or_else(|| find(RowResource::Graph, RowKind::Application, |row| row.is_named(name)))
}

pub(super) fn role_group(name: &str) -> Option<&'static Row> {
    find(RowResource::Rbac, RowKind::RoleGroup, |row| row.is_named(name))
}

pub(crate) fn directory_role(template: Uuid) -> Option<&'static Row> {
    find(RowResource::DirectoryRole, RowKind::DirectoryRole, |row| row.id == Some(template))
}

/// The row for a delegating assignment.
pub(super) fn delegating_assignment() -> Option<&'static Row> {
    find(RowResource::Rbac, RowKind::Assignment, |_| true)
}
