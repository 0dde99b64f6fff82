//! Every kind of finding, with its effect on the verdict beside its definition.

use std::fmt;

use graph_client::exchange::ExchangeRecipient;
use graph_client::{SmtpAddress, Uuid, printable};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::change::Change;
use crate::names::named;

/// Something that an administrator should know.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// How much it matters for the plan.
    pub severity: Severity,
    /// What it is, to branch on.
    pub kind: FindingKind,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub advice: Advice,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Subject::is_none")]
    pub subject: Subject,
    /// The field of the spec that caused it, such as `rooms.addresses[3]`.
    pub spec_path: Option<String>,
}

/// What a finding is about, as data.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Subject {
    /// Its address.
    pub address: Option<SmtpAddress>,
    /// Its id: an object id in Entra, the name of an assignment, the identity of a policy.
    pub id: Option<String>,
    /// What it is: a `RecipientTypeDetails` of Exchange, or the name of a permission or role. `None` for an address that
    /// leads to nothing.
    pub kind: Option<String>,
}

impl Subject {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl From<&SmtpAddress> for Subject {
    fn from(address: &SmtpAddress) -> Self {
        Self { address: Some(address.clone()), ..Self::default() }
    }
}

impl From<&ExchangeRecipient> for Subject {
    fn from(recipient: &ExchangeRecipient) -> Self {
        Self {
            address: recipient.primary_smtp_address.clone(),
            id: recipient.external_directory_object_id.or(recipient.guid).map(|id: Uuid| id.to_string()),
            kind: recipient.recipient_type_details.clone(),
        }
    }
}

named! {
    /// How much a finding matters for the plan.
    #[non_exhaustive]
    pub enum Severity as "severity" {
        /// The plan cannot be applied as long as it stands.
        Blocking = "blocking",
        /// The plan can be applied, and the restriction will not hold, or cannot be verified, as long as it stands.
        Warning = "warning",
        /// For information.
        Note = "note",
    }
}

named! {
    /// Who follows an advice.
    #[non_exhaustive]
    pub enum Actor as "actor" {
        /// Whoever writes the spec.
        SpecAuthor = "spec_author",
        /// An Exchange administrator (role group *Organization Management*).
        ExchangeAdministrator = "exchange_administrator",
        /// An administrator of Entra who may grant and revoke permissions and directory roles (Privileged Role
        /// Administrator).
        EntraAdministrator = "entra_administrator",
        /// Whoever runs these crates.
        Operator = "operator",
        /// Nobody: it is for information.
        Nobody = "nobody",
    }
}

/// What to do about a finding: who, what, with which commands, and what is dangerous about it.
///
/// Following it leads to the spec, and never to a wider reach; where the moment matters, `danger` says so.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Advice {
    /// Who.
    pub actor: Actor,
    /// What, as a sentence.
    pub text: String,
    /// The changes that do it, if it is done by commands. Their text is [`Change::command`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// The command or portal step, where it is none of the changes that these crates make.
    pub command: Option<String>,
    /// What it makes reachable, or breaks, if it is done at the wrong moment.
    pub danger: Option<String>,
}

impl Advice {
    /// Advice for somebody.
    #[must_use]
    pub fn new(actor: Actor, text: impl Into<String>) -> Self {
        Self { actor, text: text.into(), changes: Vec::new(), command: None, danger: None }
    }

    /// Advice for whoever writes the spec.
    #[must_use]
    pub fn spec(text: impl Into<String>) -> Self {
        Self::new(Actor::SpecAuthor, text)
    }

    /// Advice for an Exchange administrator.
    #[must_use]
    pub fn exchange(text: impl Into<String>) -> Self {
        Self::new(Actor::ExchangeAdministrator, text)
    }

    /// Advice for an administrator of Entra.
    #[must_use]
    pub fn entra(text: impl Into<String>) -> Self {
        Self::new(Actor::EntraAdministrator, text)
    }

    /// Advice for whoever runs these crates.
    #[must_use]
    pub fn operator(text: impl Into<String>) -> Self {
        Self::new(Actor::Operator, text)
    }

    /// Information, with nothing to do.
    #[must_use]
    pub fn nobody(text: impl Into<String>) -> Self {
        Self::new(Actor::Nobody, text)
    }

    /// Adds a change that does it.
    #[must_use]
    pub fn with_change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// Sets the command or portal step that does it.
    #[must_use]
    pub fn with_command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// Sets what is dangerous about it.
    #[must_use]
    pub fn with_danger(mut self, danger: impl Into<String>) -> Self {
        self.danger = Some(danger.into());
        self
    }

    /// The commands that do it: PowerShell lines, or calls of Graph.
    pub fn commands(&self) -> impl Iterator<Item = String> + '_ {
        self.changes.iter().map(Change::command).chain(self.command.clone())
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.text))?;
        for command in self.commands() {
            write!(f, " [{}]", printable(&command))?;
        }
        match &self.danger {
            Some(danger) => write!(f, " Caution: {}", printable(danger)),
            None => Ok(()),
        }
    }
}

named! {
    /// What a kind of finding does to the verdict of a proof.
    #[non_exhaustive]
    pub enum VerdictEffect as "effect" {
        /// The restriction is not what the spec says.
        Violates = "violates",
        /// Whether the restriction is what the spec says is inconclusive.
        Inconclusive = "inconclusive",
        /// The configuration is what the spec says, and has not propagated yet.
        Pending = "pending",
        /// None: the checks of the mailboxes decide.
        Unaffected = "unaffected",
    }
}

macro_rules! finding_kinds {
    ($($(#[$doc:meta])+ $kind:ident = $name:literal => $effect:ident,)+) => {
        named! {
            /// What a finding is about.
            #[non_exhaustive]
            pub enum FindingKind as "kind of finding" {
                $($(#[$doc])+ $kind = $name,)+
            }
        }

        impl FindingKind {
            /// What it does to the verdict of a proof.
            #[must_use]
            pub const fn effect(self) -> VerdictEffect {
                match self {
                    $(Self::$kind => VerdictEffect::$effect,)+
                }
            }
        }
    };
}

finding_kinds! {
    /// The address of the group is in a domain that the organisation does not accept.
    DomainNotAccepted = "domain_not_accepted" => Unaffected,
    /// The address of the group belongs to something else.
    AddressTaken = "address_taken" => Unaffected,
    /// Several recipients have the same address.
    AmbiguousAddress = "ambiguous_address" => Inconclusive,
    /// The address of the group is the name or alias of another object, which a command could act on instead.
    AddressIsAName = "address_is_a_name" => Unaffected,
    /// The name of the group belongs to another group.
    NameTaken = "name_taken" => Unaffected,
    /// The group is not a mail-enabled security group.
    WrongGroupType = "wrong_group_type" => Inconclusive,
    /// The group is synchronised from on-premises Active Directory.
    DirectorySynced = "directory_synced" => Unaffected,
    /// An owner does not exist.
    UnknownOwner = "unknown_owner" => Unaffected,
    /// An owner is of a kind that can own no group.
    UnfitOwner = "unfit_owner" => Unaffected,
    /// A room that the spec names is no room mailbox of Exchange Online.
    UnmatchedRoom = "unmatched_room" => Inconclusive,
    /// A room that the spec names is no room mailbox, and the spec says to go on without it.
    SkippedRoom = "skipped_room" => Unaffected,
    /// A member of the room list is no room mailbox of Exchange Online.
    NotARoom = "not_a_room" => Unaffected,
    /// The address of the room list is not that of a room list.
    NotARoomList = "not_a_room_list" => Inconclusive,
    /// The room list has room lists as members.
    NestedRoomList = "nested_room_list" => Unaffected,
    /// Whether a room matches the filter is unknown: Exchange has the mailbox, and its place is not known yet.
    UndecidedRoom = "undecided_room" => Inconclusive,
    /// A place matches the filter, and Exchange Online has no such mailbox: it is on-premises, or deleted.
    PlaceWithoutRoom = "place_without_room" => Unaffected,
    /// A further mailbox does not exist.
    UnknownMailbox = "unknown_mailbox" => Inconclusive,
    /// A mailbox that must not be reached does not exist.
    UnknownDeniedMailbox = "unknown_denied_mailbox" => Inconclusive,
    /// A mailbox that must not be reached is a member by the spec.
    DeniedMailboxIsMember = "denied_mailbox_is_member" => Violates,
    /// The spec names no mailbox that must not be reached.
    NoDeniedMailbox = "no_denied_mailbox" => Inconclusive,
    /// The spec selects no room.
    NoRooms = "no_rooms" => Inconclusive,
    /// The group would have more members than Exchange takes.
    TooManyMembers = "too_many_members" => Inconclusive,
    /// The plan removes more than half of the members.
    LargeRemoval = "large_removal" => Unaffected,
    /// A policy denies the members of the group, so that removing one of them would open its mailbox.
    RemovalWidens = "removal_widens" => Unaffected,
    /// A member of the group has neither an id nor an address.
    UnidentifiedMember = "unidentified_member" => Inconclusive,
    /// The application does not exist in the tenant.
    UnknownApplication = "unknown_application" => Inconclusive,
    /// The application is disabled in Entra: it gets no new tokens.
    ApplicationDisabled = "application_disabled" => Inconclusive,
    /// Exchange has registered the application under another object id.
    ApplicationMismatch = "application_mismatch" => Unaffected,
    /// A policy names the application by an object id, and so does nothing.
    PolicyWithWrongId = "policy_with_wrong_id" => Unaffected,
    /// The tenant has never been customised, so no role can be assigned.
    Dehydrated = "dehydrated" => Unaffected,
    /// The administering application may not run a cmdlet that the plan needs.
    MissingRight = "missing_right" => Unaffected,
    /// The application holds a tenant-wide permission that reaches more than the spec says.
    TenantWidePermission = "tenant_wide_permission" => Violates,
    /// A role of the application reaches more than the spec says.
    OtherRole = "other_role" => Violates,
    /// An access policy lets the application reach more than the spec says.
    OtherPolicy = "other_policy" => Violates,
    /// An access path may reach more than the spec says: the references do not say, or a part could not be read.
    UndecidedPath = "undecided_path" => Inconclusive,
    /// The application holds no tenant-wide calendar permission that the policy could narrow.
    NothingToNarrow = "nothing_to_narrow" => Unaffected,
    /// Mailboxes that the spec wants reached are not reached.
    NotReached = "not_reached" => Unaffected,
    /// A policy denies mailboxes that the spec wants reached.
    DenyPolicy = "deny_policy" => Unaffected,
    /// Mailboxes were refused that a policy denies, while the others were read: waiting does not help.
    RefusedUnderDenyPolicy = "refused_under_deny_policy" => Inconclusive,
    /// The application may do more with the calendars than the spec says.
    WiderPermission = "wider_permission" => Violates,
    /// The application may do less with the calendars than the spec says.
    InsufficientPermission = "insufficient_permission" => Violates,
    /// A group is a member of the group.
    NestedGroup = "nested_group" => Unaffected,
    /// An exclusion matches no room.
    UnmatchedExclusion = "unmatched_exclusion" => Unaffected,
    /// A naming policy changes the name of the group.
    NamingPolicy = "naming_policy" => Unaffected,
    /// Something could not be read. What needs it is unknown, and nothing else.
    NotRead = "not_read" => Unaffected,
    /// The configuration is right, and has not propagated to the live service yet.
    NotPropagated = "not_propagated" => Unaffected,
    /// Steps of the plan that decide over access are not done.
    Drift = "drift" => Violates,
    /// Properties of the group that do not decide over access differ from the spec.
    PropertiesDiffer = "properties_differ" => Unaffected,
    /// Between the revocation of the tenant-wide permission and the propagation of the role the application may read nothing.
    Outage = "outage" => Unaffected,
    /// The group has members that the spec does not name and keeps.
    KeptMembers = "kept_members" => Unaffected,
    /// Another group that the spec names does not exist.
    UnknownOtherGroup = "unknown_other_group" => Unaffected,
    /// The token carries a permission that the application no longer holds.
    OutdatedToken = "outdated_token" => Pending,
    /// The live service refuses to create an event where the configuration allows it.
    WriteRefused = "write_refused" => Pending,
    /// Writing was to be verified by an event, and the result is inconclusive.
    WriteUndecided = "write_undecided" => Inconclusive,
    /// Other applications reach the members of the group by it.
    OtherApplications = "other_applications" => Unaffected,
    /// Another application of the name holds a tenant-wide calendar permission that nothing narrows.
    Namesake = "namesake" => Unaffected,
    /// The application can widen its own reach.
    CanWidenItself = "can_widen_itself" => Violates,
    /// Whether the application can widen its own reach is not known.
    WideningUndecided = "widening_undecided" => Inconclusive,
    /// Who else can widen the reach of the application.
    OthersCanWiden = "others_can_widen" => Unaffected,
    /// A permission of the application that serves no purpose any more.
    ObsoletePermission = "obsolete_permission" => Unaffected,
    /// A permission of the application for something else than calendars, which shows a part of them.
    RelatedPermission = "related_permission" => Unaffected,
    /// The scope of a role or policy leads nowhere.
    BrokenScope = "broken_scope" => Unaffected,
    /// Users who sign in to the application let it reach their calendars.
    DelegatedPermission = "delegated_permission" => Unaffected,
    /// The application sees when people are busy whose events it does not reach.
    FreeBusyVisible = "free_busy_visible" => Unaffected,
    /// A mailbox is found by its object id and not by its address.
    AddressNotASignInName = "address_not_a_sign_in_name" => Unaffected,
    /// The tenant is not the one that the plan was made for.
    OtherTenant = "other_tenant" => Unaffected,
}

impl Finding {
    /// A finding without a subject.
    #[must_use]
    pub fn new(severity: Severity, kind: FindingKind, message: impl Into<String>, advice: Advice) -> Self {
        // Where what the service said comes last, its own full stop is one too many.
        let message = message.into().trim_end().trim_end_matches('.').to_owned();
        Self { severity, kind, message, advice, subject: Subject::default(), spec_path: None }
    }

    /// Sets what it is about.
    #[must_use]
    pub fn about(mut self, subject: impl Into<Subject>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Sets the field of the spec that caused it.
    #[must_use]
    pub fn at(mut self, spec_path: impl Into<String>) -> Self {
        self.spec_path = Some(spec_path.into());
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", printable(self.message.trim_end_matches('.')), self.advice)
    }
}
