use std::collections::BTreeSet;

use graph_client::ClientId;
use graph_client::graph::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_with::skip_serializing_none;

use super::goal::Goal;
use super::migrate::MembershipComparison;
use crate::access::Truth;
use crate::change::Step;
use crate::document::{Digest, ObservationRef, Origin};
use crate::finding::{Advice, Finding, Severity, Subject};

/// Ordered stages toward a goal, as the tenant is now: what is done already is not in it.
///
/// A procedure is a value, as a plan is: print it for a review (`Display`), store it as JSON, carry it out later with
/// [`ExchangeGroups::carry_out`](crate::ExchangeGroups::carry_out), which derives it again first and refuses one that no
/// longer fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Procedure {
    /// The tenant, the time and the software that made it.
    pub origin: Origin,
    /// The observation that it was derived from.
    pub observation: ObservationRef,
    /// What it is for. It is derived from this and from the tenant alone.
    pub goal: Goal,
    /// The application that it is about.
    pub application: ClientId,
    /// The application's name.
    pub application_name: Option<String>,
    /// The stages, in the order in which they are carried out. A stage begins when the one before it is done and its
    /// gate is open.
    pub stages: Vec<ProcedureStage>,
    /// The findings: blocking issues first. A procedure with a blocking issue is not carried out.
    pub findings: Vec<Finding>,
    /// Who is reached before and after, mailbox by mailbox: of a migration to a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<MembershipComparison>,
    /// What stays as it is, and why.
    pub remaining: Vec<Remaining>,
    /// The number of HTTP requests that deriving it took.
    pub requests: u64,
}

/// A stage of a procedure.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProcedureStage {
    /// The name, which does not change between versions: `revoke_permission`.
    pub name: String,
    /// The heading.
    pub title: String,
    /// Whether the next stage begins even if this one is not done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_optional: bool,
    /// What must be true before its steps are run. `None` when the stage before is enough.
    pub gate: Option<Gate>,
    /// The changes. A stage without any is done, or has tasks for people alone.
    pub steps: Vec<Step>,
    /// What people do in this stage, as these crates cannot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Advice>,
    /// What the application reaches once the stage is done.
    pub reach: Option<String>,
    /// How the stage is undone, and what that opens.
    pub undo: Option<String>,
}

impl ProcedureStage {
    /// A stage without steps.
    pub(crate) fn new(name: &str, title: &str) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            is_optional: false,
            gate: None,
            steps: Vec::new(),
            tasks: Vec::new(),
            reach: None,
            undo: None,
        }
    }
}

/// What must be true before a stage begins.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Gate {
    /// The condition, as a clause: *no token that carries the permission can be alive*.
    pub condition: String,
    /// Whether it is met. A stage begins only where it is known to be.
    pub is_open: Truth,
    /// The evidence for that, or what is missing.
    pub evidence: String,
    /// When it can be met at the earliest, if time is what it waits for.
    pub not_before: Option<Timestamp>,
}

/// An object that stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Remaining {
    /// The object, in words.
    pub what: String,
    /// The object, as data.
    #[serde(default)]
    pub subject: Subject,
    /// Why it stays.
    pub why: String,
}

/// The steps that have an effect which none of these has.
pub(super) fn missing_from<'a, 'b>(
    own: impl IntoIterator<Item = &'b Step>,
    steps: impl IntoIterator<Item = &'a Step>,
) -> Vec<&'a Step> {
    let own: BTreeSet<String> = own.into_iter().flat_map(|step| step.change.effects()).collect();
    let has_other = |step: &&Step| step.change.effects().iter().any(|effect| !own.contains(effect));
    steps.into_iter().filter(has_other).collect()
}

impl Procedure {
    /// Whether nothing is left to do, for these crates and for people.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.stages.iter().all(|stage| stage.steps.is_empty() && stage.tasks.is_empty())
    }

    /// Every change, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    /// Whether it has a blocking issue, and so cannot be carried out.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.blockers().next().is_some()
    }

    /// The blocking issues.
    pub fn blockers(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Blocking)
    }

    /// The steps of another procedure of the same goal that this one does not have, in whatever stage.
    pub(crate) fn lacks<'a>(&self, other: &'a Self) -> Vec<&'a Step> {
        missing_from(self.steps(), other.steps())
    }

    /// The digest of its content: its tenant, its goal and its steps. Whoever approves a procedure notes it, and
    /// [`CarryOut::approved`](crate::CarryOut::approved) requires it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let steps: Vec<_> =
            self.stages.iter().map(|stage| json!({ "name": stage.name, "steps": stage.steps })).collect();
        Digest::of(&json!({ "tenant": self.origin.tenant, "goal": self.goal, "stages": steps }))
    }
}
