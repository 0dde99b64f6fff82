//! From a spec and an observation to ordered steps and findings. Pure: the same input gives the same plan.

mod findings;
mod forecast;
mod show;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use graph_client::{ServicePrincipalId, SmtpAddress};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tracing::Instrument as _;

use crate::access::Fact;
use crate::access_findings;
use crate::change::Step;
use crate::document::{Digest, ObservationRef, Origin, seconds};
use crate::error::Result;
use crate::finding::{Finding, Severity};
use crate::groups::ExchangeGroups;
use crate::membership::{Difference, MailboxRef, MembershipCost};
use crate::observe::Observation;
use crate::select::Selection;
use crate::spec::RestrictedCalendarGroup;
use crate::trace;

/// The steps that make the tenant what the spec says, in order, and the findings.
///
/// A plan is a value: print it for a review, store it as JSON, apply it later. `Display` is what an administrator
/// reads. It names the observation that it was made from; [`ExchangeGroups::apply`](crate::ExchangeGroups::apply)
/// observes again, and refuses a plan that no longer fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// The tenant, the time and the software that made it.
    pub origin: Origin,
    /// The observation that it was made from.
    pub observation: ObservationRef,
    /// The spec.
    pub spec: RestrictedCalendarGroup,
    /// The changes, in the order in which they are made.
    pub steps: Vec<Step>,
    /// The findings: blocking issues first, then warnings, then notes.
    pub findings: Vec<Finding>,
    /// How many rooms the spec selects, workspaces included.
    pub rooms: usize,
    /// How many of them are workspaces.
    pub workspaces: usize,
    /// How many of them are equipment.
    #[serde(default, skip_serializing_if = "is_none")]
    pub equipment: usize,
    /// How many room mailboxes the tenant has, workspaces included, and equipment mailboxes where the spec asks for them.
    pub rooms_in_tenant: usize,
    /// How many places `Get-Place` lists. `None` where the spec does not ask for what it shows, or it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<usize>,
    /// The rooms of which it is unknown whether they match. They are neither added nor removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<SmtpAddress>,
    /// The rooms that the spec excludes.
    pub excluded: Vec<SmtpAddress>,
    /// How the members that are missing are added. `None` when nobody is missing.
    pub membership: Option<MembershipCost>,
    /// The application's name.
    pub application_name: Option<String>,
    /// The number of HTTP requests of the observation.
    pub requests: u64,
    /// How long the observation took.
    #[serde(with = "seconds")]
    pub elapsed: Duration,
    pub(crate) service_principal: Option<ServicePrincipalId>,
    pub(crate) members: Vec<MailboxRef>,
    pub(crate) must_not_reach: Vec<MailboxRef>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_none(number: &usize) -> bool {
    *number == 0
}

impl Plan {
    /// Plans the changes from an observation to what the spec says.
    #[must_use]
    pub fn new(spec: &RestrictedCalendarGroup, seen: &Observation) -> Self {
        let mut plan = Self::draft(spec, seen);
        let after = plan.forecast(seen);
        plan.findings.extend(access_findings::findings(spec, seen, &after, &plan.members, &plan.must_not_reach));
        plan.findings.sort_by_key(|finding| finding.severity);
        plan
    }

    /// The plan with the findings about the objects that the spec names, and without those about what is reached.
    pub(crate) fn draft(spec: &RestrictedCalendarGroup, seen: &Observation) -> Self {
        let selection = Selection::of(spec, seen);
        let must_not_reach = selection.must_not_reach(spec, seen);
        let steps = steps::steps(spec, seen, &selection.members, &must_not_reach);
        let present = seen.group.as_ref().map_or(&[][..], |group| &group.members);
        let difference = Difference::of(&selection.members, &must_not_reach, spec.other_members, present);
        let membership = steps::membership_cost(spec, &selection.members, &difference, present.len());
        let findings = findings::findings(spec, seen, &selection, &must_not_reach, &steps);
        Self {
            origin: Origin::now(&seen.origin.tenant),
            observation: ObservationRef { digest: seen.digest(), made_at: seen.origin.made_at.clone() },
            spec: spec.clone(),
            steps,
            findings,
            rooms: selection.rooms,
            workspaces: selection.workspaces,
            equipment: selection.equipment,
            rooms_in_tenant: seen.rooms.len(),
            places: seen.places.as_ref().and_then(Fact::known).map(Vec::len),
            undecided: selection.undecided.iter().map(|undecided| undecided.room.address.clone()).collect(),
            excluded: selection.excluded.iter().map(|room| room.address.clone()).collect(),
            membership,
            application_name: seen.application.as_ref().and_then(|application| application.display_name.clone()),
            requests: seen.requests,
            elapsed: seen.elapsed,
            service_principal: seen.application.as_ref().map(|application| application.id),
            members: selection.members,
            must_not_reach,
        }
    }

    /// Whether there are no steps.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether it has a blocking issue, and so cannot be applied.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.blockers().next().is_some()
    }

    /// The blocking issues.
    pub fn blockers(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Blocking)
    }

    /// The facts as they will be once its steps are done.
    pub(crate) fn forecast(&self, seen: &Observation) -> crate::access::Facts {
        forecast::facts_after(&self.spec, seen, &self.steps, &self.members, &self.must_not_reach)
    }

    /// The digest of the plan's content: its tenant, its spec, its steps and the observation that it was made from.
    /// Whoever approves a plan notes it, and [`Apply::approved`](crate::Apply::approved) requires it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&json!({
            "tenant": self.origin.tenant,
            "spec": self.spec,
            "steps": self.steps,
            "observation": self.observation.digest,
        }))
    }

    /// The steps of another plan of the same spec that this one does not have, whatever the order and however the group
    /// is named.
    pub(crate) fn lacks<'a>(&self, other: &'a Self) -> Vec<&'a Step> {
        let own: BTreeSet<String> = self.steps.iter().flat_map(|step| step.change.effects()).collect();
        let is_missing = |step: &&Step| step.change.effects().iter().any(|effect| !own.contains(effect));
        other.steps.iter().filter(is_missing).collect()
    }
}

impl ExchangeGroups {
    /// Observes the tenant and plans the changes. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// As [`observe`](Self::observe).
    ///
    /// # Errors
    ///
    /// As [`observe`](Self::observe). A blocking issue is not an error but a finding of the plan.
    pub async fn plan(&self, spec: &RestrictedCalendarGroup) -> Result<Plan> {
        let span = trace::run!("exchange_groups.plan", *spec);
        async { Ok(Plan::new(spec, &self.observe(spec).await?)) }.instrument(span).await
    }
}
