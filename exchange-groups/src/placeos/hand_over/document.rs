//! Plan and report, as values.

use std::collections::BTreeSet;

use graph_client::ClientId;
use graph_client::SmtpAddress;
use graph_client::serde_json::json;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::document::{Digest, ObservationRef, Origin};
use crate::finding::Severity;
use crate::names::named;
use crate::outcome::Outcome;
use crate::placeos::change::{HandOverChange, Owner};
use crate::placeos::reconcile::Reconciliation;
use crate::procedure::{Gate, StageState};

/// What is to be done to hand the rooms over, in order: what is done already is not in it. No secret is in it.
///
/// A plan is a value: print it for a review (`Display`), store it as JSON, and [apply](crate::placeos::HandOver::apply) it
/// later, which derives it again first and refuses one that lacks a step by then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandOverPlan {
    /// The tenant, the time and the software that made it.
    pub origin: Origin,
    /// The facts that it was derived from.
    pub observation: ObservationRef,
    /// The origin of the domain of PlaceOS.
    pub placeos: String,
    /// The group.
    pub group: SmtpAddress,
    /// The application.
    pub application: ClientId,
    /// The stages, in order. The steps of a stage are made once its gate is open.
    pub stages: Vec<HandOverStage>,
    /// The findings: blocking issues first.
    pub findings: Vec<HandOverFinding>,
    /// Where the three sides differ. The steps for PlaceOS are in the stages.
    pub reconciliation: Reconciliation,
}

/// A stage of a hand-over.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandOverStage {
    /// The name, which does not change between versions: `start`.
    pub name: String,
    /// The heading.
    pub title: String,
    /// What must be true before its steps are made.
    pub gate: Option<Gate>,
    /// The steps.
    pub steps: Vec<HandOverStep>,
}

/// A change, and why it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandOverStep {
    /// Why.
    pub reason: String,
    /// The change.
    pub change: HandOverChange,
}

impl HandOverStep {
    pub(crate) fn new(change: HandOverChange, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), change }
    }

    /// The change as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.change.to_string()
    }
}

/// Something that whoever hands over should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandOverFinding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is.
    pub kind: HandOverFindingKind,
    /// What was found.
    pub message: String,
    /// Who does something about it.
    pub owner: Owner,
    /// What.
    pub advice: String,
}

named! {
    /// What a finding of a hand-over is.
    #[non_exhaustive]
    pub enum HandOverFindingKind as "kind of finding" {
        /// A part of PlaceOS could not be read.
        Unread = "unread",
        /// The credentials are those of another application than the spec restricts.
        OtherApplication = "other_application",
        /// The credentials are of another tenant.
        OtherTenant = "other_tenant",
        /// The secret that PlaceOS is to have was not given.
        NoCredentials = "no_credentials",
        /// PlaceOS has no driver for calendars or bookings.
        NoDriver = "no_driver",
        /// Several drivers or modules could be meant.
        SeveralModules = "several_modules",
        /// A mailbox that PlaceOS is to act as is no member of the group.
        NotAMember = "not_a_member",
        /// The settings that nobody can read hold more than is known here.
        OtherSettings = "other_settings",
        /// A client secret stands in settings that more than administrators may read.
        ClearSecret = "clear_secret",
        /// A module runs, or a tenant of Staff API acts as the application, and the restriction is not verified.
        RunsUnverified = "runs_unverified",
        /// A tenant of Staff API acts as the application for everybody, so that people whose mailboxes are not in the group
        /// can neither search nor book.
        ActsAsApplication = "acts_as_application",
        /// Tokens from before the restriction may still reach more.
        OldTokens = "old_tokens",
        /// Several tenants of Staff API could be meant.
        SeveralTenants = "several_tenants",
        /// What PlaceOS holds of the credentials cannot be told.
        UnknownCredentials = "unknown_credentials",
    }
}

impl HandOverPlan {
    /// Whether nothing is left to do in PlaceOS.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps().next().is_none()
    }

    /// Every step, in order.
    pub fn steps(&self) -> impl Iterator<Item = &HandOverStep> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    /// Whether it has a blocking issue, and so cannot be applied.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.blockers().next().is_some()
    }

    /// The blocking issues.
    pub fn blockers(&self) -> impl Iterator<Item = &HandOverFinding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Blocking)
    }

    /// The steps whose stage waits for its gate.
    pub fn waiting(&self) -> impl Iterator<Item = (&Gate, &HandOverStep)> {
        self.stages.iter().filter_map(|stage| Some((stage.gate.as_ref()?, stage))).flat_map(|(gate, stage)| {
            let steps: &[HandOverStep] = if gate.is_open == crate::access::Truth::Yes { &[] } else { &stage.steps };
            steps.iter().map(move |step| (gate, step))
        })
    }

    /// The steps of another plan that this one does not have.
    pub(crate) fn lacks<'a>(&self, other: &'a Self) -> Vec<&'a HandOverStep> {
        let own: BTreeSet<String> = self.steps().map(|step| step.change.effect()).collect();
        other.steps().filter(|step| !own.contains(&step.change.effect())).collect()
    }

    /// The digest of its content. Whoever approves a plan notes it, and
    /// [`ApplyHandOver::approved`](crate::placeos::ApplyHandOver::approved) requires it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let steps: Vec<_> =
            self.stages.iter().map(|stage| json!({ "name": stage.name, "steps": stage.steps })).collect();
        Digest::of(&json!({ "tenant": self.origin.tenant, "placeos": self.placeos, "stages": steps }))
    }
}

/// What was done of a hand-over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandOverReport {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// The origin of the domain of PlaceOS.
    pub placeos: String,
    /// The stages, in order.
    pub stages: Vec<HandOverStageReport>,
    /// The number of requests to PlaceOS.
    pub requests: u64,
}

/// How far a stage came.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandOverStageReport {
    /// The stage's name.
    pub name: String,
    /// The stage's heading.
    pub title: String,
    /// How far it came.
    pub state: StageState,
    /// Why it was not begun, or not finished.
    pub reason: Option<String>,
    /// Its steps and how they ended.
    pub steps: Vec<HandOverStepReport>,
}

/// A step and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandOverStepReport {
    /// The change.
    pub change: HandOverChange,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl HandOverReport {
    /// Whether everything is done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stages.iter().all(|stage| stage.state == StageState::Done)
    }

    /// Whether a step failed, or its outcome is not confirmed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.stages.iter().any(|stage| stage.state == StageState::Failed)
    }

    /// Every step and how it ended.
    pub fn steps(&self) -> impl Iterator<Item = &HandOverStepReport> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    /// How many steps made a change.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.steps().filter(|step| step.outcome == Outcome::Done).count()
    }
}
