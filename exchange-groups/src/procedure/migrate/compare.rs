//! Member by member: who is reached before and after.

use std::collections::BTreeMap;

use graph_client::{ObjectId, SmtpAddress};
use serde::{Deserialize, Serialize};

use crate::access::{Access, AccessModel, AccessPath, Ids, Level, MailboxFacts, PathReach};
use crate::membership::MailboxRef;
use crate::observe::{Mailboxes, Observation};

/// Who is reached by the policies now, held against the role that takes their place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MembershipComparison {
    /// Reached before and after.
    pub kept: Vec<ComparedMailbox>,
    /// Not reached now, and reached after: nobody may be, but for a canary.
    pub gained: Vec<ComparedMailbox>,
    /// Reached now, and not after.
    pub lost: Vec<ComparedMailbox>,
    /// Whether it is reached now is not known.
    pub unknown: Vec<ComparedMailbox>,
    /// Whether the application reaches every mailbox now: no policy restricts it.
    pub is_unrestricted: bool,
}

/// A mailbox of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ComparedMailbox {
    /// Its address, where it is known.
    pub address: Option<SmtpAddress>,
    /// Its ids.
    pub ids: Ids,
    /// Why it is reached now, or not: which policy and which group.
    pub because: String,
}

impl ComparedMailbox {
    /// What to call it.
    pub(in crate::procedure) fn label(&self) -> String {
        let id = || self.ids.entra.map(|id| id.to_string()).or(self.ids.guid.map(|id| id.to_string()));
        let address = self.address.as_ref().map(ToString::to_string);
        address.or_else(id).unwrap_or_else(|| "a mailbox without an id".into())
    }
}

impl MembershipComparison {
    /// Compares what the tenant-wide permission reaches under the policies with what the spec selects.
    ///
    /// Members of nested groups count for a policy, as Microsoft's page says: whoever may be reached now may be lost.
    pub(super) fn of(seen: &Observation, wanted: &[MailboxRef]) -> Self {
        let strict = AccessModel::new(&seen.facts);
        let lenient = AccessModel::new(&seen.facts).lenient();
        let mailboxes = Mailboxes::of(seen);
        let mut addresses: BTreeMap<ObjectId, SmtpAddress> = BTreeMap::new();
        for room in seen.rooms.iter().filter_map(MailboxRef::of_room) {
            if let Some(id) = room.id {
                addresses.insert(ObjectId::from_uuid(id), room.address);
            }
        }
        let mut comparison = Self {
            is_unrestricted: by_permission(&strict, &MailboxFacts::stranger()).0 == Access::Allowed,
            ..Self::default()
        };
        let mut after = Vec::with_capacity(wanted.len());
        for mailbox in wanted {
            let facts = mailboxes.facts(mailbox);
            after.push(facts.ids);
            // Only what is certainly reached now is not gained.
            let (now, because) = by_permission(&strict, &facts);
            let compared = ComparedMailbox { address: Some(mailbox.address.clone()), ids: facts.ids, because };
            match now {
                Access::Allowed => comparison.kept.push(compared),
                Access::Denied => comparison.gained.push(compared),
                Access::Unknown => comparison.unknown.push(compared),
            }
        }
        for facts in strict.members() {
            if after.iter().any(|ids| ids.same(&facts.ids) == crate::access::Truth::Yes) {
                continue;
            }
            let (now, because) = by_permission(&lenient, &facts);
            if now != Access::Denied
                && !comparison.lost.iter().any(|lost| lost.ids.same(&facts.ids) == crate::access::Truth::Yes)
            {
                let address = facts.ids.entra.and_then(|id| addresses.get(&id)).cloned();
                comparison.lost.push(ComparedMailbox { address, ids: facts.ids, because });
            }
        }
        comparison
    }
}

/// Whether a tenant-wide permission reaches a mailbox, under the policies as they are.
fn by_permission(model: &AccessModel<'_>, facts: &MailboxFacts) -> (Access, String) {
    let reach = model.reach(facts, Level::Events);
    let by_grant = |path: &&PathReach| {
        matches!(path.path, AccessPath::GraphGrant | AccessPath::EwsGrant | AccessPath::UnlistedGrant)
    };
    let paths: Vec<&PathReach> = reach.paths.iter().filter(by_grant).collect();
    let access = Access::any(paths.iter().map(|path| path.verdict));
    let decides = paths.iter().find(|path| path.verdict == access);
    (access, decides.map_or_else(|| "the application holds no such permission".to_owned(), |path| path.because.clone()))
}
