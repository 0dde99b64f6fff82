//! What decides over access to mailboxes, as it is configured and as it acts by now.

pub(crate) mod catalogue;
pub(crate) mod decision;
pub(crate) mod oracle;
pub(crate) mod permissions;
pub(crate) mod setup;
pub(crate) mod supposition;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use self::supposition::{Supposition, Suppositions};
use crate::directory::Directory;
use crate::filter::{self, Expression, Literal, Operator};
use crate::recipient::{Recipient, RecipientId};
use crate::replication::ObjectKind;

#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    pub(crate) all: BTreeSet<RecipientId>,
    /// Those of them that have members themselves, so that nesting costs nothing in a flat group.
    groups: BTreeSet<RecipientId>,
}

#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) identity: String,
    /// A client id, or `*`.
    pub(crate) app_id: String,
    pub(crate) scope: RecipientId,
    pub(crate) scope_name: String,
    pub(crate) scope_raw: String,
    pub(crate) deny: bool,
    pub(crate) description: String,
}

/// What Exchange keeps about an application: a pointer to its service principal.
#[derive(Clone, Debug)]
pub(crate) struct Pointer {
    pub(crate) guid: Uuid,
    pub(crate) app_id: Uuid,
    pub(crate) object_id: Uuid,
    pub(crate) display_name: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) guid: Uuid,
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) filter: Expression,
    pub(crate) exclusive: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Assignee {
    /// The object id of a service principal.
    Application(Uuid),
    /// An Exchange role group, by name.
    RoleGroup(String),
}

/// Which mailboxes a role assignment is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reach {
    Organization,
    /// The management scope with this guid.
    Scope(Uuid),
    Group(RecipientId),
    /// The administrative unit with this object id.
    Unit(Uuid),
}

/// An administrative unit of the directory.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) members: BTreeSet<RecipientId>,
}

#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub(crate) guid: Uuid,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) assignee: Assignee,
    pub(crate) reach: Reach,
    pub(crate) enabled: bool,
    pub(crate) delegating: bool,
    pub(crate) changed: Timestamp,
}

/// Everything that decides over access, apart from what the token says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configuration {
    pub(crate) members: HashMap<RecipientId, Members>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) pointers: Vec<Pointer>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) units: Vec<Unit>,
    deleted: BTreeSet<RecipientId>,
    suppositions: Suppositions,
    /// The client ids whose new policies do not act yet, and who are denied everything meanwhile.
    denied_meanwhile: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Change {
    AddMember { group: RecipientId, member: RecipientId, is_group: bool },
    RemoveMember { group: RecipientId, member: RecipientId },
    RemoveRecipient(RecipientId),
    PutPolicy(Policy),
    RemovePolicy(String),
    PutPointer(Pointer),
    RemovePointer(Uuid),
    PutScope(Scope),
    RemoveScope(Uuid),
    PutAssignment(Assignment),
    RemoveAssignment(Uuid),
    PutUnit(Unit),
}

impl Change {
    fn kind(&self) -> ObjectKind {
        match self {
            Self::AddMember { .. } | Self::RemoveMember { .. } | Self::PutUnit(_) => ObjectKind::Member,
            Self::RemoveRecipient(_) => ObjectKind::Group,
            Self::PutPolicy(_) | Self::RemovePolicy(_) => ObjectKind::AccessPolicy,
            Self::PutPointer(_) | Self::RemovePointer(_) => ObjectKind::ServicePrincipal,
            Self::PutScope(_) | Self::RemoveScope(_) => ObjectKind::ManagementScope,
            Self::PutAssignment(_) | Self::RemoveAssignment(_) => ObjectKind::RoleAssignment,
        }
    }
}

fn put<T>(list: &mut Vec<T>, item: T, same: impl Fn(&T) -> bool) {
    match list.iter_mut().find(|other| same(other)) {
        Some(place) => *place = item,
        None => list.push(item),
    }
}

impl Configuration {
    fn apply(&mut self, change: Change) {
        match change {
            Change::AddMember { group, member, is_group } => {
                let members = self.members.entry(group).or_default();
                members.all.insert(member);
                if is_group {
                    members.groups.insert(member);
                }
            }
            Change::RemoveMember { group, member } => {
                if let Some(members) = self.members.get_mut(&group) {
                    members.all.remove(&member);
                    members.groups.remove(&member);
                }
            }
            Change::RemoveRecipient(id) => {
                self.members.remove(&id);
                for members in self.members.values_mut() {
                    members.all.remove(&id);
                    members.groups.remove(&id);
                }
                for unit in &mut self.units {
                    unit.members.remove(&id);
                }
                self.deleted.insert(id);
            }
            Change::PutPolicy(policy) => {
                let identity = policy.identity.clone();
                put(&mut self.policies, policy, |other| other.identity == identity);
            }
            Change::RemovePolicy(identity) => {
                self.policies.retain(|other| other.identity != identity);
            }
            Change::PutPointer(pointer) => {
                let guid = pointer.guid;
                put(&mut self.pointers, pointer, |other| other.guid == guid);
            }
            Change::RemovePointer(guid) => self.pointers.retain(|other| other.guid != guid),
            Change::PutScope(scope) => {
                let guid = scope.guid;
                put(&mut self.scopes, scope, |other| other.guid == guid);
            }
            Change::RemoveScope(guid) => self.scopes.retain(|other| other.guid != guid),
            Change::PutAssignment(assignment) => {
                let guid = assignment.guid;
                put(&mut self.assignments, assignment, |other| other.guid == guid);
            }
            Change::RemoveAssignment(guid) => self.assignments.retain(|other| other.guid != guid),
            Change::PutUnit(unit) => {
                let id = unit.id;
                put(&mut self.units, unit, |other| other.id == id);
            }
        }
    }

    pub(crate) fn is_direct_member(&self, group: RecipientId, member: RecipientId) -> bool {
        self.members.get(&group).is_some_and(|members| members.all.contains(&member))
    }

    fn is_nested_member(&self, group: RecipientId, member: RecipientId) -> bool {
        let mut seen = HashSet::from([group]);
        let mut open = vec![group];
        while let Some(group) = open.pop() {
            let Some(members) = self.members.get(&group) else {
                continue;
            };
            if members.all.contains(&member) {
                return true;
            }
            open.extend(members.groups.iter().filter(|nested| seen.insert(**nested)));
        }
        false
    }

    /// An administrative unit by object id or name.
    pub(crate) fn unit(&self, name: &str) -> Option<&Unit> {
        self.units
            .iter()
            .find(|unit| unit.name.eq_ignore_ascii_case(name) || unit.id.to_string().eq_ignore_ascii_case(name))
    }

    /// Whether the tenant answers an open question with yes.
    pub(crate) fn supposes(&self, supposition: Supposition) -> bool {
        self.suppositions.holds(supposition)
    }

    /// What application access policies say about a mailbox.
    pub(crate) fn policies_allow(&self, client_id: &str, mailbox: RecipientId) -> bool {
        let named = |app: &String| app == "*" || app.eq_ignore_ascii_case(client_id);
        if self.denied_meanwhile.iter().any(named) {
            return false;
        }
        let everyones = self.policies.iter().filter(|policy| policy.app_id == "*");
        let own = self.policies.iter().filter(|policy| policy.app_id.eq_ignore_ascii_case(client_id));
        if self.supposes(Supposition::PoliciesForEveryoneJoin) {
            self.allowed_by(everyones.chain(own), mailbox)
        } else {
            self.allowed_by(everyones, mailbox) && self.allowed_by(own, mailbox)
        }
    }

    /// Any matching denial, else any matching restriction, else whether there is a restriction at all.
    fn allowed_by<'p>(&self, policies: impl Iterator<Item = &'p Policy>, mailbox: RecipientId) -> bool {
        let mut restricted = false;
        let mut allowed = false;
        for policy in policies {
            let deleted = self.deleted.contains(&policy.scope);
            let matches = !deleted && (policy.scope == mailbox || self.is_policy_member(policy.scope, mailbox));
            if policy.deny && matches {
                return false;
            }
            if !policy.deny {
                restricted |= !deleted || self.supposes(Supposition::InvalidRestrictionsRestrict);
                allowed |= matches;
            }
        }
        allowed || !restricted
    }

    fn is_policy_member(&self, group: RecipientId, mailbox: RecipientId) -> bool {
        if self.supposes(Supposition::PoliciesCountNestedMembers) {
            self.is_nested_member(group, mailbox)
        } else {
            self.is_direct_member(group, mailbox)
        }
    }

    /// The role assignments by which an application has access.
    fn effective_assignments(&self, object_id: Uuid) -> impl Iterator<Item = &Assignment> {
        let delegating = self.supposes(Supposition::DelegatingAssignmentsGiveAccess);
        self.assignments.iter().filter(move |assignment| {
            assignment.enabled
                && (delegating || !assignment.delegating)
                && assignment.assignee == Assignee::Application(object_id)
        })
    }

    /// The enabled role assignments of an application.
    pub(crate) fn grants(&self, object_id: Uuid) -> impl Iterator<Item = &Assignment> {
        self.assignments.iter().filter(move |assignment| {
            assignment.enabled && !assignment.delegating && assignment.assignee == Assignee::Application(object_id)
        })
    }

    /// Whether the scope of an assignment covers a mailbox: direct members only, unlike policies. That a
    /// management scope is exclusive is nothing to applications (Microsoft documentation).
    pub(crate) fn covers(&self, directory: &Directory, scope: &Reach, mailbox: &Recipient) -> bool {
        match scope {
            Reach::Organization => true,
            Reach::Group(group) => {
                let known = directory.get(*group).is_some_and(|group| group.kind.is_known_to_exchange());
                (known || self.supposes(Supposition::EntraGroupsScopeRoles))
                    && self.is_direct_member(*group, mailbox.id)
            }
            Reach::Scope(guid) => self
                .scopes
                .iter()
                .find(|scope| scope.guid == *guid)
                .is_some_and(|scope| self.satisfies(directory, mailbox, &scope.filter)),
            Reach::Unit(id) => self.units.iter().find(|unit| unit.id == *id).is_some_and(|unit| {
                unit.members.contains(&mailbox.id)
                    || (self.supposes(Supposition::UnitsBringMembersOfGroups)
                        && unit.members.iter().any(|group| self.is_direct_member(*group, mailbox.id)))
            }),
        }
    }

    /// Whether a recipient satisfies a recipient filter.
    pub(crate) fn satisfies(&self, directory: &Directory, recipient: &Recipient, filter: &Expression) -> bool {
        filter.holds(&|property, operator, value| {
            if property.eq_ignore_ascii_case("MemberOfGroup") {
                self.is_member_of(directory, recipient, operator, value)
            } else {
                let values = property_values(directory, recipient, property).unwrap_or_default();
                filter::compare(&values, operator, value)
            }
        })
    }

    fn is_member_of(&self, directory: &Directory, recipient: &Recipient, operator: Operator, value: &Literal) -> bool {
        let member = match value {
            Literal::Text(name) => {
                directory.by_distinguished_name(name).is_some_and(|group| self.is_direct_member(group.id, recipient.id))
            }
            // `-eq $null` asks for those that are in no group.
            _ => !self.members.values().any(|members| members.all.contains(&recipient.id)),
        };
        match operator {
            Operator::Equal => member,
            Operator::NotEqual => !member,
            _ => false,
        }
    }
}

/// The properties that a recipient filter may name; `None` for any other name.
pub(crate) fn property_values(directory: &Directory, recipient: &Recipient, property: &str) -> Option<Vec<Value>> {
    let text = |text: &str| vec![Value::from(text)];
    let property = property.to_ascii_lowercase();
    if let Some(number) = property.strip_prefix("customattribute") {
        let at = number.parse::<usize>().ok()?.checked_sub(1)?;
        return Some(text(recipient.custom_attributes.get(at)?));
    }
    Some(match &*property {
        "alias" => text(&recipient.alias),
        "displayname" => text(&recipient.display_name),
        "name" | "id" | "identity" => text(&recipient.name),
        "distinguishedname" => text(&recipient.distinguished_name),
        "office" => text(&recipient.office),
        "recipienttype" => text(recipient.kind.recipient_type()),
        "recipienttypedetails" => text(recipient.kind.type_details()),
        "guid" | "exchangeobjectid" => text(&recipient.guid.to_string()),
        "exchangeguid" => text(&recipient.exchange_guid.to_string()),
        "externaldirectoryobjectid" => text(&recipient.object_id_text()),
        "legacyexchangedn" => text(&recipient.legacy_dn()),
        "userprincipalname" => text(recipient.user_principal_name.as_deref().unwrap_or("")),
        "hiddenfromaddresslistsenabled" => vec![Value::from(recipient.hidden)],
        "isdirsynced" => vec![Value::from(recipient.dir_synced)],
        "ismailboxenabled" => vec![Value::from(recipient.kind.is_mailbox())],
        "resourcetype" if recipient.kind.is_room() => text("Room"),
        "resourcetype" if recipient.kind == crate::RecipientKind::Workspace => text("Workspace"),
        "resourcetype" if recipient.kind.is_resource() => text("Equipment"),
        "resourcecapacity" => recipient.place.capacity.map(Value::from).into_iter().collect(),
        "grouptype" => match recipient.kind {
            kind if !kind.is_group() => Vec::new(),
            crate::RecipientKind::SecurityGroup => text("Universal, SecurityEnabled"),
            _ => text("Universal"),
        },
        // A filter on the primary address searches all of them (Microsoft documentation).
        "emailaddresses" | "primarysmtpaddress" | "windowsemailaddress" => {
            recipient.addresses.iter().cloned().chain(recipient.proxy_addresses()).map(Value::from).collect()
        }
        "managedby" => recipient
            .group
            .owners
            .iter()
            .filter_map(|owner| match owner {
                crate::recipient::Owner::Recipient(id) => {
                    directory.get(*id).map(|owner| Value::from(&*owner.distinguished_name))
                }
                _ => None,
            })
            .collect(),
        "resourcetype" | "memberofgroup" => Vec::new(),
        _ => return None,
    })
}

/// The configuration as administrators see it, and as the data path has got round to seeing it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    pub(crate) current: Configuration,
    pub(crate) effective: Configuration,
    pending: VecDeque<(Timestamp, Change)>,
    delays: HashMap<ObjectKind, SignedDuration>,
    /// For the kinds that have none of their own.
    delay: SignedDuration,
    deny_until_policies_act: bool,
}

impl Access {
    fn delay(&self, kind: ObjectKind) -> SignedDuration {
        self.delays.get(&kind).copied().unwrap_or(self.delay)
    }

    pub(crate) fn change(&mut self, now: Timestamp, change: Change) {
        self.current.apply(change.clone());
        let kind = change.kind();
        let waits = self.pending.iter().any(|(_, other)| other.kind() == kind);
        if self.delay(kind).is_zero() && !waits {
            self.effective.apply(change);
        } else {
            self.pending.push_back((now, change));
            self.note_denied_meanwhile();
        }
    }

    /// Answers an open question, for both the configuration and its effect, at once.
    pub(crate) fn suppose(&mut self, supposition: Supposition, holds: bool) {
        self.current.suppositions.set(supposition, holds);
        self.effective.suppositions.set(supposition, holds);
    }

    /// Sets the delay of every kind.
    pub(crate) fn set_delay(&mut self, now: Timestamp, delay: SignedDuration) {
        self.propagate(now);
        self.delays.clear();
        self.delay = delay;
    }

    pub(crate) fn set_delay_of(&mut self, now: Timestamp, kind: ObjectKind, delay: SignedDuration) {
        self.propagate(now);
        self.delays.insert(kind, delay);
    }

    pub(crate) fn deny_until_policies_act(&mut self, now: Timestamp, deny: bool) {
        self.propagate(now);
        self.deny_until_policies_act = deny;
        self.note_denied_meanwhile();
    }

    /// Lets everything take effect that is old enough.
    pub(crate) fn propagate(&mut self, now: Timestamp) {
        let is_due =
            |access: &Self, made: Timestamp, change: &Change| now.duration_since(made) >= access.delay(change.kind());
        if !self.pending.iter().any(|(made, change)| is_due(self, *made, change)) {
            return;
        }
        for (made, change) in std::mem::take(&mut self.pending) {
            if is_due(self, made, &change) {
                self.effective.apply(change);
            } else {
                self.pending.push_back((made, change));
            }
        }
        self.note_denied_meanwhile();
    }

    fn note_denied_meanwhile(&mut self) {
        self.effective.denied_meanwhile.clear();
        if !self.deny_until_policies_act {
            return;
        }
        let acting = &self.effective.policies;
        let waiting = self.pending.iter().filter_map(|(_, change)| match change {
            Change::PutPolicy(policy) if acting.iter().all(|other| other.identity != policy.identity) => {
                Some(policy.app_id.clone())
            }
            _ => None,
        });
        self.effective.denied_meanwhile = waiting.collect();
    }
}
