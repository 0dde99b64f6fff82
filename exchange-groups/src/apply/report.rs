use std::fmt;
use std::time::Duration;

use graph_client::{ClientId, ObjectId, SmtpAddress};
use serde::Serialize;

use crate::{Restriction, Stage};

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
#[non_exhaustive]
pub enum Outcome {
    /// The change was made.
    Done,
    /// The change had been made before.
    AlreadyDone,
    /// The change was not made, or is not known to have been.
    Failed {
        /// What was attempted, what the service said, and what to do next.
        error: String,
    },
    /// The change was not tried.
    NotRun {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// Whether the tenant is now as the step wants it.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Done | Self::AlreadyDone)
    }
}

/// What was done. `Display` is for an administrator: the group's address comes first, because the next step of a
/// product's set-up asks for it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The group's address.
    pub address: SmtpAddress,
    /// The group's name, which a naming policy may have changed.
    pub name: String,
    /// The group's object id in Entra.
    pub group_id: Option<ObjectId>,
    /// The application that is restricted.
    pub application: ClientId,
    /// How it is restricted.
    pub restriction: Restriction,
    /// How many members the group has, read back; `None` when it was not read.
    pub members: Option<usize>,
    /// Every step of the plan and how it ended.
    pub steps: Vec<StepReport>,
    /// The requests of each stage, with those of the observation that the plan was made from.
    pub stages: Vec<StageUsage>,
}

/// A step of the plan and how it ended.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// When it was made.
    pub stage: Stage,
    /// The change as a sentence.
    pub sentence: String,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The error of the service, if that is how it ended.
    #[serde(skip)]
    pub error: Option<graph_client::Error>,
}

/// What a stage cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StageUsage {
    /// The stage.
    pub stage: Stage,
    /// HTTP requests, retries included. A batch is one.
    pub requests: u64,
    /// How many of them repeated an earlier one.
    pub retries: u64,
    /// How long it took.
    #[serde(serialize_with = "seconds")]
    pub elapsed: Duration,
}

pub(crate) fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

impl Report {
    /// Whether every step of the plan is done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.steps.iter().all(|step| step.outcome.is_success())
    }

    /// How many steps made a change.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.steps.iter().filter(|step| step.outcome == Outcome::Done).count()
    }

    /// The requests of all stages.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.stages.iter().map(|stage| stage.requests).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Group address  {}", self.address)?;
        writeln!(f, "Group name     {}", self.name)?;
        if let Some(id) = self.group_id {
            writeln!(f, "Group id       {id}")?;
        }
        if let Some(members) = self.members {
            writeln!(f, "Members        {members}")?;
        }
        let how = match self.restriction {
            Restriction::Rbac => "RBAC for Applications",
            Restriction::Policy => "application access policy",
        };
        writeln!(f, "Application    {} ({how})", self.application)?;
        let successes = self.steps.iter().filter(|step| step.outcome.is_success()).count();
        writeln!(f, "Changes        {successes} of {} in place, {} made now", self.steps.len(), self.changes())?;
        for step in &self.steps {
            match &step.outcome {
                Outcome::Failed { error } => writeln!(f, "  FAILED   {}\n           {error}", step.sentence)?,
                Outcome::NotRun { reason } => writeln!(f, "  not run  {}\n           because {reason}", step.sentence)?,
                Outcome::Done | Outcome::AlreadyDone => {}
            }
        }
        writeln!(f, "Requests       {}", self.requests())?;
        for usage in &self.stages {
            let retries =
                if usage.retries > 0 { format!(", {} of them retries", usage.retries) } else { String::new() };
            writeln!(f, "  {:<22} {:>4} in {:.1?}{retries}", usage.stage, usage.requests, usage.elapsed)?;
        }
        Ok(())
    }
}
