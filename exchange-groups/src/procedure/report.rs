use std::fmt;

use graph_client::printable;
use serde::{Deserialize, Serialize};

use super::goal::Goal;
use crate::document::Origin;
use crate::names::named;
use crate::outcome::{Outcome, StepReport};

/// What was done of a procedure.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProcedureReport {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// What the procedure is for.
    pub goal: Goal,
    /// The stages, in order.
    pub stages: Vec<StageReport>,
    /// The number of HTTP requests.
    pub requests: u64,
}

/// How far a stage came.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StageReport {
    /// The stage's name.
    pub name: String,
    /// The stage's heading.
    pub title: String,
    /// How far it came.
    pub state: StageState,
    /// Why it was not begun, or not finished.
    pub reason: Option<String>,
    /// Its steps and how they ended.
    pub steps: Vec<StepReport>,
}

named! {
    /// How far a stage of a procedure came.
    #[non_exhaustive]
    pub enum StageState as "state" {
        /// Everything in it is done.
        Done = "done",
        /// Its gate is not open yet: carry the procedure out again later.
        Waiting = "waiting",
        /// People have something to do in it before the next stage.
        Task = "task",
        /// A step failed, or its outcome is not confirmed.
        Failed = "failed",
        /// An earlier stage is not done, or the run was stopped.
        NotBegun = "not_begun",
    }
}

impl ProcedureReport {
    /// Whether every stage is done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stages.iter().all(|stage| stage.state == StageState::Done)
    }

    /// Whether a step failed, or its outcome is not confirmed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.stages.iter().any(|stage| stage.state == StageState::Failed)
    }

    /// How many steps made a change.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.stages.iter().flat_map(|stage| &stage.steps).filter(|step| step.outcome == Outcome::Done).count()
    }
}

impl fmt::Display for ProcedureReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} in {}: {} made", self.goal.title(), printable(&self.origin.tenant), self.changes())?;
        for stage in &self.stages {
            let state = match stage.state {
                StageState::Done => "done",
                StageState::Waiting => "WAITING",
                StageState::Task => "FOR PEOPLE",
                StageState::Failed => "FAILED",
                StageState::NotBegun => "not begun",
            };
            writeln!(f, "  {:<10} {}", state, stage.title)?;
            if let Some(reason) = &stage.reason {
                writeln!(f, "             {}", printable(reason))?;
            }
            for step in &stage.steps {
                let sentence = step.sentence();
                match &step.outcome {
                    Outcome::Failed { error } => {
                        writeln!(f, "    FAILED   {}\n             {}", printable(&sentence), printable(error))?;
                    }
                    Outcome::NotRun { reason } | Outcome::Unconfirmed { reason } => {
                        writeln!(
                            f,
                            "    {}  {}\n             {}",
                            step.outcome.as_str(),
                            printable(&sentence),
                            printable(reason)
                        )?;
                    }
                    _ => writeln!(f, "    {:<8} {}", step.outcome.as_str().replace('_', " "), printable(&sentence))?,
                }
            }
        }
        writeln!(f, "Requests       {}", self.requests)
    }
}
