use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use graph_client::exchange::{
    AtAddress, CmdletSet, DistributionGroup, ExchangeMailbox, ExchangePlace, ExchangeRecipient, OrganizationConfig,
};
use graph_client::graph::ServicePrincipal;
use graph_client::{ClientId, SmtpAddress};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::{CalendarSharing, Fact, Facts, Truth};
use crate::document::{Digest, Origin};
use crate::names::named;

/// The state of the tenant, as far as a spec needs it. A plan is made from it without a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Observation {
    /// In which tenant, when and by what it was made.
    pub origin: Origin,
    /// The settings of the Exchange organisation.
    pub organization: OrganizationConfig,
    /// The accepted domains of the organisation.
    pub accepted_domains: Vec<String>,
    /// All room mailboxes, workspaces included; equipment mailboxes too where the spec asks for them.
    pub rooms: Vec<ExchangeMailbox>,
    /// The room lists that the spec names, in its order.
    pub room_lists: Vec<ObservedRoomList>,
    /// The rooms and workspaces as `Get-Place` lists them. `None` where the spec does not ask for what it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<Fact<Vec<ExchangePlace>>>,
    /// What the scope of the spec contains, where it is not the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ObservedScope>,
    /// The group at the spec's address.
    pub group: Option<ObservedGroup>,
    /// The other objects that have the spec's address, or have it as a name.
    pub address_holder: Option<AtAddress<ExchangeRecipient>>,
    /// Another group that has the spec's name.
    pub name_holder: Option<DistributionGroup>,
    /// The other groups that the spec lets the application reach, by their addresses. `None` where there is none.
    pub other_groups: BTreeMap<SmtpAddress, Option<ObservedGroup>>,
    /// The recipients at the other addresses in the spec.
    pub recipients: BTreeMap<SmtpAddress, AtAddress<ExchangeRecipient>>,
    /// The calendar permissions of the mailboxes that must not be reached, by the address in the spec.
    pub sharing: BTreeMap<SmtpAddress, Fact<CalendarSharing>>,
    /// The application in Entra. `None` when it has no service principal in this tenant.
    pub application: Option<ServicePrincipal>,
    /// The administering application: that of the client that observes. `None` when its token does not name it.
    pub administrator: Option<ClientId>,
    /// The facts that decide what the application reaches.
    pub facts: Facts,
    /// The other applications that a policy or a role lets reach the members of the group.
    pub other_applications: Vec<OtherReach>,
    /// The other applications that are called as this one is, or as the product calls those that it registers itself.
    #[serde(default)]
    pub namesakes: Fact<Vec<Namesake>>,
    /// The cmdlets that the administering application may run. `None` when that is not known.
    pub cmdlets: Option<CmdletSet>,
    /// The parts that could not be read, and why. What needs them is unknown.
    pub unread: Vec<Unread>,
    /// The number of HTTP requests.
    pub requests: u64,
    /// How long it took.
    #[serde(with = "crate::document::seconds")]
    pub elapsed: Duration,
}

/// Another application that reaches the members of the group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OtherReach {
    /// The application: a client id, or the assignee as a role assignment names it.
    pub application: String,
    /// The role assignment or access policy by which it reaches them.
    pub by: String,
}

/// Another application of the application's name, or of a name that the product gives those that it registers itself.
/// Which of them the product uses cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Namesake {
    /// Its client id.
    pub application: ClientId,
    /// Its name.
    pub name: String,
    /// The tenant-wide permissions by which it reads calendars.
    pub permissions: Vec<String>,
    /// Whether these reach every mailbox: no access policy that restricts narrows them.
    pub is_tenant_wide: Truth,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unread {
    /// The part.
    pub what: UnreadPart,
    /// The reason: what was attempted, and the service's message.
    pub error: String,
    /// Whether the caller lacks a right.
    pub is_denied: bool,
}

named! {
    /// The parts of an observation that may be left unread.
    #[non_exhaustive]
    pub enum UnreadPart as "part" {
        /// The cmdlets that the administering application may run.
        Cmdlets = "cmdlets",
        /// The service principal of the application in Entra, and its permissions.
        Entra = "entra",
        /// The access policies.
        Policies = "policies",
        /// The service principal of the application in Exchange, and its roles.
        Roles = "roles",
        /// The groups, management scopes and administrative units that roles and policies name.
        Scopes = "scopes",
        /// The directory roles of the application, active and eligible.
        DirectoryRoles = "directory_roles",
        /// The owners of the application, and the objects that it owns.
        Owners = "owners",
        /// The delegated permissions of the application.
        DelegatedPermissions = "delegated_permissions",
        /// The role groups of Exchange.
        RoleGroups = "role_groups",
        /// The role assignments of other applications.
        OtherApplications = "other_applications",
        /// The applications that are called as this one.
        Namesakes = "namesakes",
        /// The calendar permissions of mailboxes.
        Calendars = "calendars",
        /// The places: the buildings, floors, cities and tags of rooms.
        Places = "places",
    }
}

impl UnreadPart {
    /// The part as the subject of a sentence.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Cmdlets => "The list of cmdlets that the administering application may run",
            Self::Entra => "What the application holds in Entra",
            Self::Policies => "The list of access policies",
            Self::Roles => "The list of the application's roles in Exchange",
            Self::Scopes => "A group, management scope or administrative unit of a role or policy",
            Self::DirectoryRoles => "The list of the application's directory roles",
            Self::Owners => "The list of owners of the application",
            Self::DelegatedPermissions => "The list of delegated permissions",
            Self::RoleGroups => "The list of role groups",
            Self::OtherApplications => "The list of the role assignments of other applications",
            Self::Namesakes => "The list of applications of the application's name",
            Self::Calendars => "The sharing of a calendar",
            Self::Places => "The list of places",
        }
    }
}

/// The group with its members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObservedGroup {
    /// The group.
    pub group: DistributionGroup,
    /// Its direct members.
    pub members: Vec<ExchangeRecipient>,
}

/// What a scope contains that is not the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObservedScope {
    /// The recipients that Exchange lists for the condition of the spec; for an administrative unit its members that are
    /// recipients among those that were read.
    pub recipients: Fact<Vec<ExchangeRecipient>>,
    /// Whether it is there: a management scope with this condition, or the administrative unit. `None` when that was not
    /// read.
    pub exists: Option<bool>,
}

/// A room list that a spec names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObservedRoomList {
    /// The address by which the spec names it.
    pub address: SmtpAddress,
    /// The group at its address. `None` when there is none.
    pub group: Option<DistributionGroup>,
    /// Its direct members, and those of the room lists in it.
    pub members: Vec<ExchangeRecipient>,
    /// The room lists in it, by address or name.
    pub nested: Vec<String>,
}

impl Observation {
    /// An observation in which nothing was seen: the application holds nothing and every list is empty, except for the
    /// facts, all of which are unread. For tests and tools that make observations of their own.
    #[must_use]
    pub fn empty(tenant: impl Into<String>, application: ClientId) -> Self {
        Self {
            origin: Origin::now(tenant),
            organization: OrganizationConfig::default(),
            accepted_domains: Vec::new(),
            rooms: Vec::new(),
            room_lists: Vec::new(),
            places: None,
            scope: None,
            group: None,
            address_holder: None,
            name_holder: None,
            other_groups: BTreeMap::new(),
            recipients: BTreeMap::new(),
            sharing: BTreeMap::new(),
            application: None,
            administrator: None,
            facts: Facts::new(application, today(SystemTime::now())),
            other_applications: Vec::new(),
            namesakes: Fact::default(),
            cmdlets: None,
            unread: Vec::new(),
            requests: 0,
            elapsed: Duration::ZERO,
        }
    }

    /// The recipient at an address of the spec.
    pub(crate) fn recipient(&self, address: &SmtpAddress) -> Option<&ExchangeRecipient> {
        self.recipients.get(address).and_then(AtAddress::as_one)
    }

    /// The administering application as the subject or object of a sentence.
    pub(crate) fn called_administrator(&self) -> String {
        match self.administrator {
            Some(id) => format!("the administering application {id}"),
            None => "the administering application".to_owned(),
        }
    }

    /// The digest of the observed state. Time, caller, cost and the text of refusals are not part of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.state())
    }

    /// The observed state as JSON: what the digest is of.
    pub(crate) fn state(&self) -> Value {
        let mut seen = self.clone();
        seen.origin = Origin { made_at: "".into(), software: String::new(), ..seen.origin };
        seen.administrator = None;
        seen.facts.date = jiff::civil::Date::ZERO;
        // Of the other applications only the one that looks is known.
        seen.facts.other_applications = Fact::default();
        seen.cmdlets = None;
        seen.unread = Vec::new();
        (seen.requests, seen.elapsed) = (0, Duration::ZERO);
        let mut seen = serde_json::to_value(&seen).unwrap_or_default();
        forget_what_varies(&mut seen);
        seen
    }
}

/// Removes what differs from call to call: why facts are missing, since a refusal has another request id each time, and
/// the annotations of Graph.
fn forget_what_varies(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !name.starts_with('@'));
            for (name, member) in members.iter_mut() {
                match (name.as_str(), &mut *member) {
                    ("unread", Value::String(_)) => *member = Value::Null,
                    ("partly", Value::Array(parts)) if parts.len() == 2 => {
                        parts[1] = Value::Null;
                        forget_what_varies(&mut parts[0]);
                    }
                    (_, member) => forget_what_varies(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(forget_what_varies),
        _ => {}
    }
}

fn today(now: SystemTime) -> Date {
    let now = jiff::Timestamp::try_from(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date()
}

/// Whether a recipient is a group.
pub(crate) fn is_group(recipient: &ExchangeRecipient) -> bool {
    let kind = recipient.recipient_type_details.as_deref().unwrap_or_default();
    kind.ends_with("Group") || kind == "RoomList" || kind == "GroupMailbox"
}
