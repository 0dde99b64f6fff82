//! What every procedure that removes a limit holds to: nothing that limits goes before what it limits.

use std::time::SystemTime;

use graph_client::AppRoleAssignmentId;
use graph_client::graph::Timestamp;

use super::document::{Gate, Remaining};
use crate::access::{AccessPolicy, Facts, Grant, Truth};
use crate::change::{Change, RevokePermission, Step};
use crate::document::whole_seconds;
use crate::finding::{Advice, Finding, FindingKind as Kind, Severity, Subject};
use crate::observe::{Observation, UnreadPart};
use crate::restriction::{self, TOKENS_ARE_DEAD_AFTER};
use crate::spec::RestrictedCalendarGroup;
use crate::text::some_of;

/// A blocking issue for each of these parts that could not be read.
pub(super) fn not_read(seen: &Observation, needed: &[UnreadPart]) -> Vec<Finding> {
    let parts = seen.unread.iter().filter(|part| needed.contains(&part.what));
    let finding = |part: &crate::observe::Unread| {
        let message = format!("{} could not be read: {}", part.what.description(), part.error);
        let advice = Advice::operator(
            "Derive the procedure again with an administering application that may read it: what limits the application \
             must not be removed before it is known what it reaches.",
        );
        Finding::new(Severity::Blocking, Kind::NotRead, message, advice)
    };
    parts.map(finding).collect()
}

/// The steps that revoke these permissions. One without an id of its own cannot be named, and so stays.
pub(super) fn revocations<'f>(
    spec: &RestrictedCalendarGroup,
    seen: &Observation,
    grants: impl IntoIterator<Item = &'f Grant>,
    reason: &str,
) -> Vec<Step> {
    let Some(application) = &seen.application else { return Vec::new() };
    let step = |grant: &Grant| {
        let change = Change::RevokePermission(RevokePermission {
            application: spec.application,
            service_principal: application.id,
            assignment: grant.assignment.clone()?,
            permission: restriction::grant_name(grant),
            resource: restriction::resource_name(grant.resource),
        });
        Some(Step { reason: reason.to_owned(), change })
    };
    grants.into_iter().filter_map(step).collect()
}

/// The permissions that access policies limit, or may, and that these steps do not revoke. While one of them is held, the
/// policies are all that keeps it from every mailbox, whatever it is for.
pub(super) fn limited_beside(facts: &Facts, revoked: &[Step]) -> Vec<String> {
    let revoked: Vec<&AppRoleAssignmentId> = revoked
        .iter()
        .filter_map(|step| match &step.change {
            Change::RevokePermission(revoke) => Some(&revoke.assignment),
            _ => None,
        })
        .collect();
    let stays = |grant: &&Grant| grant.assignment.as_ref().is_none_or(|id| !revoked.contains(&id));
    let limited = facts.grants.entries().iter().filter(stays);
    let limited = limited.filter(|grant| grant.is_limited_by_policies() != Truth::No);
    limited.map(|grant| format!("{} on {}", restriction::grant_name(grant), grant.resource)).collect()
}

/// Why the policies stay: permissions that they limit.
pub(super) fn policies_are_needed(limited: &[String]) -> Finding {
    let message = format!("The access policies stay: they limit {}", some_of(limited, 5));
    let advice = Advice::operator(
        "Revoke these permissions, or move them to roles with a scope first. Then derive the procedure again.",
    )
    .with_danger("Without the policies these permissions reach every mailbox of the organisation.");
    Finding::new(Severity::Warning, Kind::TenantWidePermission, message, advice)
}

/// A policy that stays, and why.
pub(super) fn policy_stays(policy: &AccessPolicy, why: impl Into<String>) -> Remaining {
    Remaining {
        what: format!("the access policy {}", policy.identity),
        subject: Subject { id: Some(policy.identity.clone()), ..Subject::default() },
        why: why.into(),
    }
}

/// A time of a revocation that was not made, or of one before the last: the policies would go while tokens carry the
/// permission.
pub(super) fn not_revoked_yet(revocations: &[Step], revoked_at: Option<&Timestamp>) -> Option<Finding> {
    let revoked_at = revoked_at.filter(|_| !revocations.is_empty())?;
    let held = revocations.iter().filter_map(|step| match &step.change {
        Change::RevokePermission(revoke) => Some(revoke.permission.clone()),
        _ => None,
    });
    let message = format!("The application holds {}, and revoked_at says {revoked_at}", some_of(held, 3));
    let advice = Advice::operator(
        "Leave revoked_at out until the permission is revoked, and set it to the time of that run: its report has it.",
    )
    .with_danger(
        "With a time before the last revocation the policies would go while tokens still carry the permission.",
    );
    Some(Finding::new(Severity::Blocking, Kind::TenantWidePermission, message, advice))
}

/// Access policies go once no token can be alive that carries a permission which only they limit.
pub(super) fn token_gate(facts: &Facts, revocations: &[Step], revoked_at: Option<&Timestamp>, now: SystemTime) -> Gate {
    let gate = |is_open, evidence: String, not_before| Gate {
        condition:
            "no token that carries the permission can be alive: without the policies it would reach every mailbox"
                .to_owned(),
        is_open,
        evidence,
        not_before,
    };
    if !revocations.is_empty() {
        return gate(Truth::No, "the permission is not revoked yet".into(), None);
    }
    if let Some(why) = facts.grants.missing() {
        let evidence = format!("which permissions it holds was not read to the end: {why}");
        return gate(Truth::Unknown, evidence, None);
    }
    let Some(revoked_at) = revoked_at.and_then(Timestamp::to_system_time) else {
        let evidence = "when it was revoked is not known: the report of the run that did it says so".into();
        return gate(Truth::Unknown, evidence, None);
    };
    let until = revoked_at.checked_add(TOKENS_ARE_DEAD_AFTER).unwrap_or(revoked_at);
    let hours = TOKENS_ARE_DEAD_AFTER.as_secs() / 3_600;
    let evidence =
        format!("a token lives for 60 to 90 minutes, and for up to {hours} hours with continuous access evaluation");
    gate(Truth::from(now >= until), evidence, Some(after(until)))
}

/// A time in whole seconds that is not before this one.
pub(super) fn after(time: SystemTime) -> Timestamp {
    let whole = whole_seconds(time);
    let next = whole.checked_add(std::time::Duration::from_secs(1)).unwrap_or(time);
    Timestamp::from(if whole < time { next } else { time })
}
