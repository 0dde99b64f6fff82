//! What differences do to access, by the access model and its findings.

use std::collections::BTreeSet;

use graph_client::exchange::ExchangeRecipient;

use super::difference::DriftEffect as Effect;
use crate::access::{Access, AccessModel, Level, MailboxFacts};
use crate::access_findings;
use crate::finding::{Finding, FindingKind, Subject, VerdictEffect};
use crate::membership::MailboxRef;
use crate::observe::{Mailboxes, Observation};
use crate::plan::Plan;
use crate::spec::{Permission, RestrictedCalendarGroup};

/// The access model over what is there now.
pub(super) struct Judge<'a> {
    spec: &'a RestrictedCalendarGroup,
    model: AccessModel<'a>,
    mailboxes: Mailboxes<'a>,
    findings: Vec<Finding>,
    /// What the mailboxes that the spec wants have to bear.
    of_all_wanted: Effect,
}

impl<'a> Judge<'a> {
    pub(super) fn new(spec: &'a RestrictedCalendarGroup, plan: &Plan, now: &'a Observation) -> Self {
        let findings = access_findings::findings(spec, now, &now.facts, &plan.members, &plan.must_not_reach);
        let mut judge = Self {
            spec,
            model: AccessModel::new(&now.facts),
            mailboxes: Mailboxes::of(now),
            findings,
            of_all_wanted: Effect::Neither,
        };
        let effects: BTreeSet<Effect> = plan.members.iter().map(|mailbox| judge.of_wanted(mailbox)).collect();
        let worst = [Effect::Outage, Effect::Unknown].into_iter().find(|effect| effects.contains(effect));
        judge.of_all_wanted = worst.unwrap_or(Effect::Neither);
        judge
    }

    /// Whether every mailbox that the spec wants is reached: an outage if one is not, unknown if that is not known.
    pub(super) const fn of_all_wanted(&self) -> Effect {
        self.of_all_wanted
    }

    /// The findings about access as it is now that say it is not as the spec says, or may not be.
    pub(super) fn findings(&self) -> Vec<(&Finding, Effect)> {
        self.findings.iter().filter_map(|finding| Some((finding, effect_of(finding)?))).collect()
    }

    /// Which of these effects there is now; the worst one.
    pub(super) fn effect(&self, possible: &[Effect]) -> Effect {
        let mut there: BTreeSet<Effect> = self.findings.iter().filter_map(effect_of).collect();
        there.insert(self.of_all_wanted);
        let mut effects = [Effect::Wider, Effect::Outage].into_iter().filter(|it| possible.contains(it));
        match effects.find(|it| there.contains(it)) {
            Some(effect) => effect,
            None if !possible.is_empty() && there.contains(&Effect::Unknown) => Effect::Unknown,
            None => Effect::Neither,
        }
    }

    /// What it does that a mailbox is where the spec does not want it.
    pub(super) fn of_unwanted(&self, member: &ExchangeRecipient) -> Effect {
        let facts = match MailboxRef::of_recipient(member) {
            Some(mailbox) => self.mailboxes.facts(&mailbox),
            None => MailboxFacts { ids: crate::observe::member(member).ids, ..MailboxFacts::default() },
        };
        match self.model.reach(&facts, Level::Events).verdict {
            Access::Allowed => Effect::Wider,
            Access::Denied => Effect::Neither,
            Access::Unknown => Effect::Unknown,
        }
    }

    /// What it does that a mailbox is not where the spec wants it.
    pub(super) fn of_wanted(&self, mailbox: &MailboxRef) -> Effect {
        let level = match self.spec.permission {
            Permission::ReadWrite => Level::Write,
            _ => Level::Events,
        };
        match self.model.reach(&self.mailboxes.facts(mailbox), level).verdict {
            Access::Allowed => Effect::Neither,
            Access::Denied => Effect::Outage,
            Access::Unknown => Effect::Unknown,
        }
    }

    pub(super) fn group_subject(&self) -> Subject {
        Subject::from(&self.spec.address)
    }
}

fn effect_of(finding: &Finding) -> Option<Effect> {
    match finding.kind {
        FindingKind::NotReached
        | FindingKind::DenyPolicy
        | FindingKind::InsufficientPermission
        | FindingKind::NothingToNarrow => Some(Effect::Outage),
        kind => match kind.effect() {
            VerdictEffect::Violates => Some(Effect::Wider),
            VerdictEffect::Inconclusive => Some(Effect::Unknown),
            _ => None,
        },
    }
}
