//! The search for differences: against the snapshot first, since it tells what happened; then what the plan would still
//! change; then what the access model finds; then whatever else has changed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::access::Judge;
use super::difference::{DriftDifference, DriftEffect as Effect, DriftKind as Kind};
use super::search::Search;
use crate::access_findings;
use crate::change::Change;
use crate::finding::{Advice, Finding, FindingKind, Severity, Subject, VerdictEffect};
use crate::observe::Observation;
use crate::plan::Plan;
use crate::spec::RestrictedCalendarGroup;

pub(super) fn differences(
    spec: &RestrictedCalendarGroup,
    plan: &Plan,
    now: &Observation,
    before: Option<&Observation>,
) -> Vec<DriftDifference> {
    let fits = |before: &&Observation| {
        before.origin.tenant.eq_ignore_ascii_case(&now.origin.tenant) && before.facts.client_id == now.facts.client_id
    };
    let fitting = before.filter(fits);
    let mut search = Search {
        spec,
        plan,
        now,
        before: fitting,
        judge: Judge::new(spec, plan, now),
        open: plan.steps.iter().collect(),
        explained: BTreeSet::new(),
        found: Vec::new(),
    };
    if before.is_some() && fitting.is_none() {
        let advice = Advice::operator("Compare with a snapshot of this tenant and application");
        let message = "The snapshot is of another tenant or application";
        search.add(Kind::UnfitSnapshot, Effect::Unknown, message, Subject::default(), advice);
    }
    search.principal();
    search.group();
    search.members();
    search.rooms();
    search.policies();
    search.assignments();
    search.scopes();
    search.grants();
    search.organization();
    search.other_applications();
    search.namesakes();
    search.unread();
    search.remaining_steps();
    search.spec_unmet();
    search.access();
    search.other_parts();
    let mut found = search.found;
    found.sort_by_key(|difference| (difference.effect, difference.kind));
    found
}

impl Search<'_> {
    fn unread(&mut self) {
        let now = self.now;
        for unread in &now.unread {
            let message = format!("{} could not be read: {}", unread.what.description(), unread.error);
            let advice = if unread.is_denied {
                Advice::entra("Give the administering application the right again, then run again")
            } else {
                Advice::operator("Run again")
            };
            let subject = Subject { id: Some(unread.what.to_string()), ..Subject::default() };
            self.add(Kind::Unreadable, Effect::Unknown, message, subject, advice);
        }
    }

    /// What the plan would change, and no difference has explained.
    fn remaining_steps(&mut self) {
        for step in std::mem::take(&mut self.open) {
            let both = [Effect::Wider, Effect::Outage];
            let (kind, possible): (Kind, &[Effect]) = match &step.change {
                Change::CreateGroup(_) => (Kind::GroupDeleted, &both),
                Change::AddMember(_) | Change::FillGroup(_) => (Kind::MemberRemoved, &[Effect::Outage]),
                Change::RemoveMember(_) => (Kind::MemberAdded, &[Effect::Wider]),
                Change::AlterGroup(_) => (Kind::GroupPropertyChanged, &[]),
                Change::RegisterApplication(_) | Change::UnregisterApplication(_) => {
                    (Kind::RegistrationChanged, &[Effect::Outage])
                }
                Change::AssignRole(_) => (Kind::AssignmentRemoved, &both),
                Change::AlterRole(_) => (Kind::AssignmentChanged, &both),
                Change::RemoveRole(_) => (Kind::AssignmentAdded, &both),
                Change::RestrictApplication(_) => (Kind::PolicyRemoved, &both),
                Change::RemovePolicy(_) => (Kind::PolicyAdded, &both),
                Change::RevokePermission(_) => (Kind::GrantGiven, &[Effect::Wider]),
                _ => (Kind::OtherChange, &both),
            };
            let effect = self.judge.effect(possible);
            let message = format!("The tenant is not as the spec says: {}", step.reason);
            let subject = self.judge.group_subject();
            self.add_with_steps(kind, effect, message, subject, vec![step.clone()]);
        }
    }

    /// What keeps the spec from being met, or from being known to be met, and no difference has told yet.
    fn spec_unmet(&mut self) {
        let plan = self.plan;
        for finding in &plan.findings {
            let is_told = match finding.kind {
                FindingKind::UnknownApplication => self.has(Kind::ServicePrincipalDeleted),
                FindingKind::ApplicationDisabled => self.has(Kind::ServicePrincipalDisabled),
                FindingKind::ApplicationMismatch => self.has(Kind::RegistrationChanged),
                FindingKind::WrongGroupType => self.has(Kind::GroupTypeChanged),
                FindingKind::DirectorySynced => self.has(Kind::GroupSynchronised),
                FindingKind::NotRead => self.has(Kind::Unreadable),
                // That is how the spec was written.
                FindingKind::NoDeniedMailbox => true,
                _ => false,
            };
            let effect = match (finding.kind, finding.kind.effect()) {
                (FindingKind::UnknownMailbox | FindingKind::UnmatchedRoom, _) => Effect::Outage,
                (_, VerdictEffect::Violates) => Effect::Wider,
                (_, VerdictEffect::Inconclusive) => Effect::Unknown,
                _ if finding.severity == Severity::Blocking => Effect::Neither,
                _ => continue,
            };
            if !is_told {
                let (message, subject) = (finding.message.clone(), finding.subject.clone());
                self.add(Kind::SpecUnmet, effect, message, subject, finding.advice.clone());
            }
        }
    }

    /// Whether the differences so far tell the cause of what a finding says. One is told when the steps of the plan,
    /// each of which has its difference, end it, or when a difference is about the same object.
    fn is_told(&self, finding: &Finding, effect: Effect, stays: &[Finding]) -> bool {
        // That it can widen itself is a cause of its own.
        if finding.kind == FindingKind::CanWidenItself {
            return self.has(Kind::ApplicationOwnsGroup);
        }
        let same_effect = || self.found.iter().filter(|difference| difference.effect == effect);
        let is_it = |other: &Finding| other.kind == finding.kind && other.subject == finding.subject;
        let id = finding.subject.id.as_deref();
        let is_same_object = |difference: &DriftDifference| {
            id.zip(difference.subject.id.as_deref()).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
        };
        let is_whole_cause = |difference: &DriftDifference| match effect {
            // Without tokens nothing is reached, and what was not read leaves everything open that needs it.
            Effect::Outage => {
                matches!(difference.kind, Kind::ServicePrincipalDeleted | Kind::ServicePrincipalDisabled)
            }
            Effect::Unknown => difference.kind == Kind::Unreadable,
            _ => false,
        };
        let ends = !stays.iter().any(is_it) && same_effect().next().is_some();
        ends || same_effect().any(|difference| is_same_object(difference) || is_whole_cause(difference))
    }

    /// What the access model finds and no difference has explained.
    fn access(&mut self) {
        let findings: Vec<_> =
            self.judge.findings().into_iter().map(|(finding, effect)| (finding.clone(), effect)).collect();
        let plan = self.plan;
        let after = plan.forecast(self.now);
        let stays = access_findings::findings(self.spec, self.now, &after, &plan.members, &plan.must_not_reach);
        for (finding, effect) in &findings {
            let effect = *effect;
            if self.is_told(finding, effect, &stays) {
                continue;
            }
            let (message, subject, advice) = (finding.message.clone(), finding.subject.clone(), finding.advice.clone());
            self.add(Kind::AccessChanged, effect, message, subject, advice);
        }
        // A mailbox that is not reached, though no finding says why.
        let effect = self.judge.of_all_wanted();
        let is_told = self.found.iter().any(|difference| difference.effect == effect);
        if effect != Effect::Neither && !is_told {
            let message = match effect {
                Effect::Outage => "A mailbox that the spec wants is not reached",
                _ => "Whether every mailbox that the spec wants is reached is not known",
            };
            let advice = Advice::operator("Prove the restriction, which names the mailboxes");
            self.add(Kind::AccessChanged, effect, message, self.judge.group_subject(), advice);
        }
    }

    /// Whatever else has changed since the snapshot.
    fn other_parts(&mut self) {
        let Some(before) = self.before else { return };
        let (now, then) = (parts(self.now), parts(before));
        let names: BTreeSet<&String> = now.keys().chain(then.keys()).collect();
        for name in names {
            let (now, then) = (now.get(name), then.get(name));
            let is_unread =
                |part: Option<&Value>| part.is_none_or(|it| it.get("unread").is_some() || it.get("partly").is_some());
            if now == then || self.explained.contains(&**name) {
                continue;
            }
            let effect = if name.starts_with("facts.") && is_unread(now) && !is_unread(then) {
                Effect::Unknown
            } else {
                self.judge.effect(&[Effect::Wider, Effect::Outage])
            };
            let message = format!("{} differs from the snapshot", described(name));
            let subject = Subject { id: Some(name.clone()), ..Subject::default() };
            let advice = Advice::operator("Look whether it is meant, and keep the new snapshot if so");
            self.add(Kind::OtherChange, effect, message, subject, advice);
        }
    }
}

/// A part of an observation in words.
fn described(part: &str) -> String {
    format!("The part \"{}\" of the observation", part.trim_start_matches("facts.").replace('_', " "))
}

/// The parts of an observation, those of its facts one by one.
fn parts(seen: &Observation) -> BTreeMap<String, Value> {
    let Value::Object(mut state) = seen.state() else { return BTreeMap::new() };
    let facts = state.remove("facts");
    state.remove("origin");
    let mut parts: BTreeMap<String, Value> = state.into_iter().collect();
    if let Some(Value::Object(facts)) = facts {
        parts.extend(facts.into_iter().map(|(name, value)| (format!("facts.{name}"), value)));
    }
    parts
}
