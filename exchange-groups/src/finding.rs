//! Every kind of finding, with its effect on the verdict beside its definition.

use std::fmt;

use graph_client::exchange::Recipient;
use graph_client::{SmtpAddress, Uuid, printable};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::Change;

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

impl From<&Recipient> for Subject {
    fn from(recipient: &Recipient) -> Self {
        Self {
            address: recipient.primary_smtp_address.clone(),
            id: recipient.external_directory_object_id.or(recipient.guid).map(|id: Uuid| id.to_string()),
            kind: recipient.recipient_type_details.clone(),
        }
    }
}

/// How much a finding matters for the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// The plan cannot be applied as long as it stands.
    Blocking,
    /// The plan can be applied, and the restriction will not hold, or cannot be verified, as long as it stands.
    Warning,
    /// Good to know.
    Note,
}

/// Who follows an advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Actor {
    /// Whoever writes the spec.
    SpecAuthor,
    /// An Exchange administrator (role group *Organization Management*).
    ExchangeAdministrator,
    /// An administrator of Entra who may grant and revoke permissions and directory roles (Privileged Role
    /// Administrator).
    EntraAdministrator,
    /// Whoever runs these crates.
    Operator,
    /// Nobody: it is to be known.
    Nobody,
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
    pub(crate) fn new(actor: Actor, text: impl Into<String>) -> Self {
        Self { actor, text: text.into(), changes: Vec::new(), command: None, danger: None }
    }

    pub(crate) fn spec(text: impl Into<String>) -> Self {
        Self::new(Actor::SpecAuthor, text)
    }

    pub(crate) fn exchange(text: impl Into<String>) -> Self {
        Self::new(Actor::ExchangeAdministrator, text)
    }

    pub(crate) fn entra(text: impl Into<String>) -> Self {
        Self::new(Actor::EntraAdministrator, text)
    }

    pub(crate) fn operator(text: impl Into<String>) -> Self {
        Self::new(Actor::Operator, text)
    }

    pub(crate) fn nobody(text: impl Into<String>) -> Self {
        Self::new(Actor::Nobody, text)
    }

    pub(crate) fn with_change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    pub(crate) fn with_command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    pub(crate) fn with_danger(mut self, danger: impl Into<String>) -> Self {
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

/// What a kind of finding does to the verdict of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerdictEffect {
    /// The restriction is not what the spec says.
    Violates,
    /// Whether the restriction is what the spec says cannot be told.
    Undecided,
    /// The configuration is what the spec says, and does not act yet.
    Pending,
    /// None: the checks of the mailboxes decide.
    Unaffected,
}

macro_rules! finding_kinds {
    ($($(#[$doc:meta])+ $kind:ident => $effect:ident,)+) => {
        /// What a finding is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum FindingKind {
            $($(#[$doc])+ $kind,)+
        }

        impl FindingKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

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
    DomainNotAccepted => Unaffected,
    /// The address of the group belongs to something else.
    AddressTaken => Unaffected,
    /// Several recipients have the same address.
    AmbiguousAddress => Undecided,
    /// The address of the group is the name or alias of another object, which commands could take for it.
    AddressIsAName => Unaffected,
    /// The name of the group belongs to another group.
    NameTaken => Unaffected,
    /// The group is not a mail-enabled security group.
    WrongGroupType => Undecided,
    /// The group is synchronised from on-premises Active Directory.
    DirectorySynced => Unaffected,
    /// An owner does not exist.
    UnknownOwner => Unaffected,
    /// An owner is of a kind that can own no group.
    UnfitOwner => Unaffected,
    /// A room that the spec names is no room mailbox of Exchange Online.
    UnmatchedRoom => Undecided,
    /// A room that the spec names is no room mailbox, and the spec says to go on without it.
    SkippedRoom => Unaffected,
    /// A member of the room list is no room mailbox of Exchange Online.
    NotARoom => Unaffected,
    /// The address of the room list is not that of a room list.
    NotARoomList => Undecided,
    /// The room list has room lists as members.
    NestedRoomList => Unaffected,
    /// A further mailbox does not exist.
    UnknownMailbox => Undecided,
    /// A mailbox that must not be reached does not exist.
    UnknownDeniedMailbox => Undecided,
    /// A mailbox that must not be reached is a member by the spec.
    DeniedMailboxIsMember => Violates,
    /// The spec names no mailbox that must not be reached.
    NoDeniedMailbox => Undecided,
    /// The spec selects no room.
    NoRooms => Undecided,
    /// The group would have more members than Exchange takes.
    TooManyMembers => Undecided,
    /// The plan removes more than half of the members.
    LargeRemoval => Unaffected,
    /// A member of the group has neither an id nor an address.
    UnidentifiedMember => Undecided,
    /// The application does not exist in the tenant.
    UnknownApplication => Undecided,
    /// The application is disabled in Entra: it gets no new tokens.
    ApplicationDisabled => Undecided,
    /// Exchange has registered the application under another object id.
    ApplicationMismatch => Unaffected,
    /// A policy names the application by an object id, and so does nothing.
    PolicyWithWrongId => Unaffected,
    /// The tenant has never been customised, so no role can be assigned.
    Dehydrated => Unaffected,
    /// The administering application may not run a cmdlet that the plan needs.
    MissingRight => Unaffected,
    /// The application holds a tenant-wide permission that reaches more than the spec says.
    TenantWidePermission => Violates,
    /// A role of the application reaches more than the spec says.
    OtherRole => Violates,
    /// An access policy lets the application reach more than the spec says.
    OtherPolicy => Violates,
    /// An access path may reach more than the spec says: the references do not say, or a part could not be read.
    UndecidedPath => Undecided,
    /// The application holds no tenant-wide calendar permission that the policy could narrow.
    NothingToNarrow => Unaffected,
    /// Mailboxes that the spec wants reached are not reached.
    NotReached => Unaffected,
    /// A policy denies mailboxes that the spec wants reached.
    DenyPolicy => Unaffected,
    /// Mailboxes were refused that a policy denies, while the others were read: it is not for time to mend.
    RefusedUnderDenyPolicy => Undecided,
    /// The application may do more with the calendars than the spec says.
    WiderPermission => Violates,
    /// The application may do less with the calendars than the spec says.
    InsufficientPermission => Violates,
    /// A group is a member of the group.
    NestedGroup => Unaffected,
    /// A room is excluded that is not there.
    UnmatchedExclusion => Unaffected,
    /// A naming policy changes the name of the group.
    NamingPolicy => Unaffected,
    /// Something could not be read. What needs it is unknown, and nothing else.
    NotRead => Unaffected,
    /// The configuration is right, and the live service does not act on it yet.
    NotYetInEffect => Unaffected,
    /// Steps of the plan that decide over access are not done.
    Drift => Violates,
    /// Properties of the group that do not decide over access differ from the spec.
    PropertiesDiffer => Unaffected,
    /// Between the end of the tenant-wide permission and the effect of the role the application may read nothing.
    Outage => Unaffected,
    /// The group has members that the spec does not name and keeps.
    KeptMembers => Unaffected,
    /// Another group that the spec names does not exist.
    UnknownOtherGroup => Unaffected,
    /// The token carries a permission that the application no longer holds.
    TokenNotYetNarrowed => Pending,
    /// The live service refuses to create an event where the configuration allows it.
    WriteRefused => Pending,
    /// Writing was to be verified by an event, and it could not be told.
    WriteUndecided => Undecided,
    /// Other applications reach the members of the group by it.
    OtherApplications => Unaffected,
    /// The application can widen its own reach.
    CanWidenItself => Violates,
    /// Whether the application can widen its own reach is not known.
    WideningUndecided => Undecided,
    /// Who else can widen the reach of the application.
    OthersCanWiden => Unaffected,
    /// A permission of the application that serves no purpose any more.
    ObsoletePermission => Unaffected,
    /// A permission of the application for something else than calendars, which shows a part of them.
    RelatedPermission => Unaffected,
    /// The scope of a role or policy leads nowhere.
    BrokenScope => Unaffected,
    /// Users who sign in to the application let it reach their calendars.
    DelegatedPermission => Unaffected,
    /// The application sees when people are busy whose events it does not reach.
    FreeBusyVisible => Unaffected,
    /// A mailbox is found by its object id and not by its address.
    AddressNotASignInName => Unaffected,
    /// The tenant is not the one that the plan was made for.
    OtherTenant => Unaffected,
}

impl Finding {
    pub(crate) fn new(severity: Severity, kind: FindingKind, message: impl Into<String>, advice: Advice) -> Self {
        // Where what the service said comes last, its own full stop is one too many.
        let message = message.into().trim_end().trim_end_matches('.').to_owned();
        Self { severity, kind, message, advice, subject: Subject::default(), spec_path: None }
    }

    #[must_use]
    pub(crate) fn about(mut self, subject: impl Into<Subject>) -> Self {
        self.subject = subject.into();
        self
    }

    #[must_use]
    pub(crate) fn at(mut self, spec_path: impl Into<String>) -> Self {
        self.spec_path = Some(spec_path.into());
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", printable(self.message.trim_end_matches('.')), self.advice)
    }
}
