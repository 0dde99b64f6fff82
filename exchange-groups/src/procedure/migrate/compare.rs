//! Member by member: who is reached before and after.

use std::collections::{HashMap, HashSet};

use graph_client::exchange::{Exchange, ExchangeRecipient, GetRecipient, Identity};
use graph_client::{ObjectId, SmtpAddress};
use serde::{Deserialize, Serialize};

use crate::access::{Access, AccessModel, Facts, Ids, Level, MailboxFacts, MailboxPresence, PathReach, Truth};
use crate::membership::MailboxRef;
use crate::observe::{Mailboxes, Observation, recipient_facts};
use crate::plan::Plan;

/// What the application reaches now, held against what it reaches once the old mechanism is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MembershipComparison {
    /// Reached before and after.
    pub kept: Vec<ComparedMailbox>,
    /// Not reached now, and reached after: nobody may be, but for a canary.
    pub gained: Vec<ComparedMailbox>,
    /// Reached now, or maybe, and not after.
    pub lost: Vec<ComparedMailbox>,
    /// Whether it is reached now, or after, is not known.
    pub unknown: Vec<ComparedMailbox>,
    /// Whether the application certainly reaches every mailbox now: nothing restricts it. Those that are lost are then
    /// not listed.
    pub is_unrestricted: bool,
    /// Whether a mailbox that is in no group at all is reached now.
    pub others_now: Access,
    /// Whether a mailbox that is in no group at all is reached by what is new.
    pub others_gained: Access,
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
    /// Compares what the application reaches by the facts as they are with what it reaches by those of afterwards, for
    /// every mailbox that is known.
    ///
    /// Where the sources disagree, as on members of nested groups under a policy, it is not known whether a mailbox is
    /// reached: it is never taken for one that is, nor for one that is not.
    pub(super) fn of(seen: &Observation, plan: &Plan, after: &Facts, level: Level) -> Self {
        let models = Models { now: AccessModel::new(&seen.facts), after: AccessModel::new(after), level };
        let others = models.of(&MailboxFacts::stranger());
        let mut comparison = Self {
            kept: Vec::new(),
            gained: Vec::new(),
            lost: Vec::new(),
            unknown: Vec::new(),
            is_unrestricted: others.now == Access::Allowed,
            others_now: others.now,
            others_gained: others.added,
        };
        for (address, facts) in candidates(seen, plan, &models) {
            let change = models.of(&facts);
            let list = match change.fate() {
                Fate::Untouched => continue,
                Fate::Kept => &mut comparison.kept,
                Fate::Gained => &mut comparison.gained,
                Fate::Lost if comparison.is_unrestricted => continue,
                Fate::Lost => &mut comparison.lost,
                Fate::Unknown => &mut comparison.unknown,
            };
            list.push(ComparedMailbox { address, ids: facts.ids, because: change.because });
        }
        comparison
    }
}

impl MembershipComparison {
    /// Looks up the addresses of those that no source named, as far as a person reads the list.
    pub(super) async fn name(&mut self, exchange: &Exchange) {
        /// How many are shown and named in findings.
        const READ: usize = 10;
        let shown = [&mut self.gained, &mut self.lost, &mut self.unknown].into_iter();
        let shown = shown.flat_map(|list| list.iter_mut().filter(|it| it.address.is_none()).take(READ));
        let mut unnamed: Vec<(&mut ComparedMailbox, Identity)> = shown
            .filter_map(|mailbox| {
                let id = mailbox.ids.entra.map(|id| *id.as_uuid()).or(mailbox.ids.guid)?;
                Some((mailbox, Identity::from(id)))
            })
            .collect();
        let asked = unnamed.iter().map(|(_, id)| GetRecipient::new(id.clone())).collect();
        for ((mailbox, _), answer) in unnamed.iter_mut().zip(exchange.run_all(asked).await) {
            // A name is for people: without one the id stands for it.
            let found = answer
                .ok()
                .into_iter()
                .flatten()
                .find(|recipient| recipient_facts(recipient).ids.same(&mailbox.ids) == Truth::Yes);
            mailbox.address = found.and_then(|recipient| recipient.primary_smtp_address);
        }
    }
}

struct Models<'f> {
    now: AccessModel<'f>,
    after: AccessModel<'f>,
    level: Level,
}

/// What becomes of one mailbox.
struct Change {
    presence: MailboxPresence,
    now: Access,
    after: Access,
    /// By the access paths that are new, or open wider than now.
    added: Access,
    /// By the access paths that end, or open less than now.
    removed: Access,
    because: String,
}

enum Fate {
    Untouched,
    Kept,
    Gained,
    Lost,
    Unknown,
}

impl Change {
    fn fate(&self) -> Fate {
        if self.presence == MailboxPresence::Unknown {
            return Fate::Unknown;
        }
        let (is_added, is_removed) = (self.added != Access::Denied, self.removed != Access::Denied);
        match (self.now, self.after) {
            (Access::Allowed, _) if !is_added && !is_removed => Fate::Kept,
            _ if !is_added && !is_removed => Fate::Untouched,
            (Access::Denied, _) if self.added == Access::Allowed => Fate::Gained,
            // Only what is certainly reached now is not gained.
            (Access::Denied | Access::Unknown, _) if is_added => Fate::Unknown,
            (_, Access::Denied) => Fate::Lost,
            (_, Access::Unknown) if is_removed => Fate::Unknown,
            _ => Fate::Kept,
        }
    }
}

impl Models<'_> {
    fn of(&self, mailbox: &MailboxFacts) -> Change {
        let (now, after) = (self.now.reach(mailbox, self.level), self.after.reach(mailbox, self.level));
        let decides = now.paths.iter().find(|path| path.verdict == now.verdict);
        Change {
            presence: now.subject,
            now: now.verdict,
            after: after.verdict,
            added: more(&after.paths, &now.paths),
            removed: more(&now.paths, &after.paths),
            because: decides.map_or_else(|| "no access path leads to it".to_owned(), |path| path.because.clone()),
        }
    }
}

/// What the access paths allow that are more open than among the others.
fn more(paths: &[PathReach], others: &[PathReach]) -> Access {
    const fn openness(access: Access) -> u8 {
        match access {
            Access::Denied => 0,
            Access::Unknown => 1,
            Access::Allowed => 2,
        }
    }
    let other = |path: &PathReach| {
        let same = others.iter().filter(|other| other.path == path.path && other.via == path.via);
        Access::any(same.map(|other| other.verdict))
    };
    let wider = paths.iter().filter(|path| openness(path.verdict) > openness(other(path)));
    Access::any(wider.map(|path| path.verdict))
}

/// Every mailbox that is known: those of the spec, the rooms, the members of every group that was read, and the scopes of
/// policies. Each is there once, by the source that knows most of it.
fn candidates(seen: &Observation, plan: &Plan, models: &Models<'_>) -> Vec<(Option<SmtpAddress>, MailboxFacts)> {
    let mailboxes = Mailboxes::of(seen);
    let rooms = seen.rooms.iter().filter_map(MailboxRef::of_room);
    let named = plan.members.iter().chain(&plan.must_not_reach).cloned().chain(rooms);
    let named = named.map(|mailbox| (Some(mailbox.address.clone()), mailboxes.facts(&mailbox)));
    let groups = seen.group.iter().chain(seen.other_groups.values().flatten());
    let listed = groups.flat_map(|group| &group.members);
    let listed = listed.chain(seen.scope.iter().flat_map(|scope| scope.recipients.entries()));
    let is_mailbox = |member: &&ExchangeRecipient| {
        member.recipient_type_details.as_ref().is_none_or(|kind| !kind.to_ascii_lowercase().ends_with("group"))
    };
    let listed = listed.filter(is_mailbox);
    let listed = listed.map(|member| (member.primary_smtp_address.clone(), recipient_facts(member)));
    let members = models.now.members().chain(models.after.members()).map(|facts| (None, facts));

    let mut found: Vec<(Option<SmtpAddress>, MailboxFacts)> = Vec::new();
    let mut by_entra: HashMap<ObjectId, usize> = HashMap::new();
    let mut by_ids: HashSet<Ids> = HashSet::new();
    for (address, facts) in named.chain(listed).chain(members) {
        if let Some(id) = facts.ids.entra {
            let known = *by_entra.entry(id).or_insert(found.len());
            if let Some((known, _)) = found.get_mut(known) {
                *known = known.take().or(address);
                continue;
            }
        } else if !by_ids.insert(facts.ids) || found.iter().any(|(_, known)| known.ids.same(&facts.ids) == Truth::Yes) {
            continue;
        }
        found.push((address, facts));
    }
    found
}
