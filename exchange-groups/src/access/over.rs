//! The assignments and policies over a group, and the access paths that are allowed beyond it.

use std::collections::{BTreeMap, BTreeSet};

use graph_client::ObjectId;
use serde::Serialize;

use super::facts::{
    AccessPolicy, Fact, Group, Ids, MailboxFacts, PolicyApplication, PolicyScope, RoleAssignment, RoleScope,
};
use super::filter::Filter;
use super::row::Need;
use super::scopes::{Resolved, is_called};
use super::{Access, AccessModel, AccessPath, Level, Remedy, Truth, Via};

/// A role assignment that is limited to the members of a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AssignmentOver<'f> {
    /// The assignment.
    pub assignment: &'f RoleAssignment,
    /// Whether its scope is this group. Unknown when the name in the scope column fits another group too.
    pub is_over_group: Truth,
    /// Whether it is limited by a management scope with `MemberOfGroup`, which does not follow the group when its
    /// distinguished name changes.
    pub by_filter: bool,
    /// Whether it grants access: the service principal is registered, and the assignment is enabled and not only
    /// delegating.
    pub is_effective: Truth,
}

impl AssignmentOver<'_> {
    /// Whether its role allows access to calendars at a level.
    #[must_use]
    pub fn allows(&self, level: Level) -> Truth {
        let allows = self.assignment.allows(Need::Level(level));
        allows.graph.or(allows.ews)
    }
}

/// An access path that is allowed for mailboxes outside a wanted set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WiderPath {
    /// The access path.
    pub path: AccessPath,
    /// What it rests on.
    pub via: Via,
    /// Whether it allows access to a mailbox outside the set, or may.
    pub is_wider: Truth,
    /// Why, for one such mailbox.
    pub because: String,
    /// The mailboxes outside the set that it allows access to, among those that are known. There may be others.
    pub mailboxes: Vec<Ids>,
    /// Whether it allows access to mailboxes that are in no group or unit at all.
    pub allows_any: Truth,
    /// How it is ended.
    pub remedy: Remedy,
}

impl<'f> AccessModel<'f> {
    /// The role assignments whose scope is the members of this group, in every shape that Exchange shows: by the group
    /// itself, or by a management scope whose filter is `MemberOfGroup` with its distinguished name and nothing else.
    /// The group must be among [`Facts::groups`](super::Facts::groups); none are over a group that is not.
    #[must_use]
    pub fn assignments_over(&self, group: &Ids) -> Vec<AssignmentOver<'f>> {
        let Some(group) = self.group(group) else { return Vec::new() };
        let registered = self.is_registered().0;
        let over = |assignment: &'f RoleAssignment| {
            let (is_over_group, by_filter) = match self.resolve(&assignment.scope) {
                Resolved::Group(found) => (Truth::from(std::ptr::eq(found, group)), false),
                Resolved::Management(scope) => match &scope.filter {
                    Fact::Read(filter) => {
                        let filter = Filter::parse(filter);
                        let named = filter.only_group().and_then(|name| self.group_by_distinguished_name(name));
                        let root = scope.recipient_root.as_deref().is_some_and(|root| !root.trim().is_empty());
                        let is_this = Truth::from(named.is_some_and(|named| std::ptr::eq(named, group)));
                        (if root { is_this.and(Truth::Unknown) } else { is_this }, true)
                    }
                    Fact::Partly(..) | Fact::Unread(_) => (Truth::Unknown, true),
                },
                Resolved::Organization | Resolved::Unit(_) => (Truth::No, false),
                Resolved::Nothing => match &assignment.scope {
                    RoleScope::Group(name) if is_called(group, name) => (Truth::Unknown, false),
                    // A management scope that was not read may be over anything.
                    RoleScope::Management(_) if self.facts.scopes.missing().is_some() => (Truth::Unknown, true),
                    _ => (Truth::No, false),
                },
            };
            (is_over_group != Truth::No).then(|| AssignmentOver {
                assignment,
                is_over_group,
                by_filter,
                is_effective: registered.and(assignment.is_effective()),
            })
        };
        self.facts.role_assignments.entries().iter().filter_map(over).collect()
    }

    /// The access policies about the application whose scope is this group.
    #[must_use]
    pub fn policies_over(&self, group: &Ids) -> Vec<&AccessPolicy> {
        let Some(group) = self.group(group) else { return Vec::new() };
        self.policies().filter(|policy| matches!(&policy.scope, PolicyScope::Group(id) if group.has_id(*id))).collect()
    }

    /// The access policies about one other application whose scope is this group: whoever adds a member to the group
    /// changes what these applications reach.
    #[must_use]
    pub fn policies_of_others_over(&self, group: &Ids) -> Vec<&'f AccessPolicy> {
        let Some(group) = self.group(group) else { return Vec::new() };
        let own = *self.facts.client_id.as_uuid();
        let is_other = |policy: &&AccessPolicy| {
            matches!(policy.application, PolicyApplication::One(id) if id != own)
                && matches!(&policy.scope, PolicyScope::Group(id) if group.has_id(*id))
        };
        self.facts.policies.entries().iter().filter(is_other).collect()
    }

    fn group(&self, ids: &Ids) -> Option<&'f Group> {
        self.groups.only(|group| group.ids.same(ids) == Truth::Yes)
    }

    /// The access paths that are allowed, or may be, for mailboxes outside `wanted` at a level, each with the remedy that
    /// ends it. `known` adds mailboxes to check, such as those that must not be reached.
    ///
    /// Checked are these, every mailbox in a group or unit of the facts, and one that is in none. `getSchedule` is
    /// left out: it shows others by design, see [`reach`](Self::reach) at [`Level::Times`].
    #[must_use]
    pub fn wider_than(&self, wanted: &[Ids], known: &[MailboxFacts], level: Level) -> Vec<WiderPath> {
        let by_entra: BTreeSet<ObjectId> = wanted.iter().filter_map(|ids| ids.entra).collect();
        let is_wanted = |ids: &Ids| match ids.entra {
            Some(id) if by_entra.contains(&id) => true,
            Some(_) => wanted.iter().any(|other| other.entra.is_none() && other.same(ids) == Truth::Yes),
            None => wanted.iter().any(|other| other.same(ids) == Truth::Yes),
        };
        let mut wider: BTreeMap<(AccessPath, Via), WiderPath> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut look_at = |mailbox: &MailboxFacts, is_stranger: bool| {
            if !seen.insert(mailbox.ids) || is_wanted(&mailbox.ids) {
                return;
            }
            for path in self.paths(mailbox, Need::Level(level)) {
                let allows = match path.verdict {
                    Access::Denied => continue,
                    Access::Allowed => Truth::Yes,
                    Access::Unknown => Truth::Unknown,
                };
                let entry = wider.entry((path.path, path.via.clone())).or_insert_with(|| WiderPath {
                    path: path.path,
                    remedy: self.remedy(&path.via),
                    via: path.via,
                    is_wider: Truth::No,
                    because: String::new(),
                    mailboxes: Vec::new(),
                    allows_any: Truth::No,
                });
                if entry.is_wider != Truth::Yes && (allows == Truth::Yes || entry.because.is_empty()) {
                    entry.because = crate::text::plain(&path.because);
                }
                entry.is_wider = entry.is_wider.or(allows);
                if is_stranger {
                    entry.allows_any = allows;
                } else if allows == Truth::Yes {
                    entry.mailboxes.push(mailbox.ids);
                }
            }
        };
        for mailbox in known {
            look_at(mailbox, false);
        }
        for mailbox in self.members() {
            look_at(&mailbox, false);
        }
        look_at(&MailboxFacts::stranger(), true);
        wider.into_values().collect()
    }
}
