//! From a spec and an observation to ordered steps and findings. Pure: the same input gives the same plan.

mod findings;
mod forecast;
mod show;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use graph_client::graph::Timestamp;
use graph_client::{ServicePrincipalId, SmtpAddress, printable};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::document::{Digest, Origin, seconds};
use crate::finding::{Finding, Severity};
use crate::membership::MailboxRef;
use crate::select::Selection;
use crate::{Change, Observation, RestrictedCalendarGroup, Stage, reach};

/// What is to be done so that the tenant is as the spec says, in order, and what stands in the way.
///
/// A plan is a value: print it for a review, store it as JSON, apply it later. `Display` is what an administrator
/// reads. It names the observation that it was made from; [`ExchangeGroups::apply`](crate::ExchangeGroups::apply)
/// observes again, and refuses a plan that no longer fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// For which tenant, when and by what it was made.
    pub origin: Origin,
    /// What it was made from.
    pub observation: ObservationRef,
    /// What should be true.
    pub spec: RestrictedCalendarGroup,
    /// The changes, in the order in which they are made.
    pub steps: Vec<Step>,
    /// What an administrator should know, the blocking issues first.
    pub findings: Vec<Finding>,
    /// How many rooms the spec selects, workspaces included.
    pub rooms: usize,
    /// How many of them are workspaces.
    pub workspaces: usize,
    /// How many room mailboxes the tenant has, workspaces included.
    pub rooms_in_tenant: usize,
    /// The rooms that the spec excludes.
    pub excluded: Vec<SmtpAddress>,
    /// The application's name.
    pub application_name: Option<String>,
    /// The requests that it took to observe the tenant.
    pub requests: u64,
    /// How long that took.
    #[serde(with = "seconds")]
    pub elapsed: Duration,
    pub(crate) service_principal: Option<ServicePrincipalId>,
    pub(crate) members: Vec<MailboxRef>,
    pub(crate) must_not_reach: Vec<MailboxRef>,
}

/// The observation that a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObservationRef {
    /// The digest of what was seen.
    pub digest: Digest,
    /// When it was seen.
    pub made_at: Timestamp,
}

/// One change and why it is needed. Its stage, its sentence and its command are read from the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// Why it is needed.
    pub reason: String,
    /// The change itself.
    pub change: Change,
}

impl Step {
    /// When it is made.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.change.stage()
    }

    /// The change as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.change.to_string()
    }

    /// The command that makes it: a line of PowerShell, or a call of Graph.
    #[must_use]
    pub fn command(&self) -> String {
        self.change.command()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (because {})", self.change, printable(&self.reason))
    }
}

impl Plan {
    /// The plan that makes a tenant, as it was observed, what the spec says.
    #[must_use]
    pub fn new(spec: &RestrictedCalendarGroup, seen: &Observation) -> Self {
        let mut plan = Self::draft(spec, seen);
        let after = forecast::facts_after(seen, &plan);
        plan.findings.extend(reach::findings(spec, seen, &after, &plan.members, &plan.must_not_reach));
        plan.findings.sort_by_key(|finding| finding.severity);
        plan
    }

    /// The plan with the findings about the objects that the spec names, and without those about what is reached.
    pub(crate) fn draft(spec: &RestrictedCalendarGroup, seen: &Observation) -> Self {
        let selection = Selection::of(spec, seen);
        let must_not_reach = selection.must_not_reach(spec, seen);
        let steps = steps::steps(spec, seen, &selection.members, &must_not_reach);
        let findings = findings::findings(spec, seen, &selection, &must_not_reach, &steps);
        Self {
            origin: Origin::now(&seen.origin.tenant),
            observation: ObservationRef { digest: seen.digest(), made_at: seen.origin.made_at.clone() },
            spec: spec.clone(),
            steps,
            findings,
            rooms: selection.rooms,
            workspaces: selection.workspaces,
            rooms_in_tenant: seen.rooms.len(),
            excluded: selection.excluded.iter().map(|room| room.address.clone()).collect(),
            application_name: seen.application.as_ref().and_then(|application| application.display_name.clone()),
            requests: seen.requests,
            elapsed: seen.elapsed,
            service_principal: seen.application.as_ref().map(|application| application.id),
            members: selection.members,
            must_not_reach,
        }
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether a blocking issue stands in the way of applying it.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.blockers().next().is_some()
    }

    /// The blocking issues.
    pub fn blockers(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Blocking)
    }

    /// The digest of what the plan would do: its tenant, its spec, its steps and the observation that it was made from.
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
        let own: BTreeSet<String> = self.steps.iter().flat_map(|step| effects(&step.change)).collect();
        let is_missing = |step: &&Step| effects(&step.change).iter().any(|effect| !own.contains(effect));
        other.steps.iter().filter(is_missing).collect()
    }
}

/// What a change brings about, one text for each effect, without the name of the group: a plan for a group that is not
/// there yet can only name its address, and once it is there its id is used.
pub(crate) fn effects(change: &Change) -> Vec<String> {
    let each = |kind: &str, values: &Value| {
        let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
        values.iter().map(|value| format!("{kind} {value}")).collect()
    };
    let wire = serde_json::to_value(change).unwrap_or_default();
    let (command, mut parameters) = (wire["command"].to_string(), wire["parameters"].clone());
    match change {
        Change::FillGroup(_) => each("member", &parameters["Members"]),
        Change::AddMember(_) => vec![format!("member {}", parameters["Member"])],
        Change::RemoveMember(_) => vec![format!("no member {}", parameters["Member"])],
        Change::AlterGroup(_) => {
            let properties = parameters.as_object_mut().map(std::mem::take).unwrap_or_default();
            let is_property = |name: &str| !matches!(name, "Identity" | "Confirm" | "BypassSecurityGroupManagerCheck");
            let properties = properties.into_iter().filter(|(name, _)| is_property(name));
            properties.map(|(name, value)| format!("{command} {name} {value}")).collect()
        }
        Change::AssignRole(_) | Change::AlterRole(_) | Change::RestrictApplication(_) => {
            for scope in ["RecipientGroupScope", "PolicyScopeGroupId"] {
                if let Some(group) = parameters.get_mut(scope) {
                    *group = "the group".into();
                }
            }
            vec![format!("{command} {parameters}")]
        }
        _ => vec![format!("{command} {parameters}")],
    }
}
