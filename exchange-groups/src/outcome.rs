//! How a step ended.

use serde::{Deserialize, Serialize};

use crate::change::{Change, Stage};

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
#[non_exhaustive]
pub enum Outcome {
    /// The change was made, and seen to be made where it can be read back.
    Done,
    /// The change had been made before.
    AlreadyDone,
    /// As the tenant is now the spec does not call for the change: it was made since the plan, is not of use any more, or
    /// was never part of what the spec says. It was not tried.
    NotNeeded,
    /// The service accepted the change, now or in an earlier run, and it was not visible by the deadline.
    Unconfirmed {
        /// What was looked for.
        reason: String,
    },
    /// The change was not made, or is not known to have been.
    Failed {
        /// What was attempted, the service's message, and what to do next.
        error: String,
    },
    /// The change was not tried.
    NotRun {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// The name of the outcome, which is also its tag in JSON.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::AlreadyDone => "already_done",
            Self::NotNeeded => "not_needed",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::Failed { .. } => "failed",
            Self::NotRun { .. } => "not_run",
        }
    }

    /// Whether nothing is left to do for the step: the tenant is as the spec wants it.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Done | Self::AlreadyDone | Self::NotNeeded)
    }
}

/// A step of the plan and how it ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepReport {
    /// The change.
    pub change: Change,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The error of the service, if that is how it ended. It is not part of the JSON form; its text is.
    #[serde(skip)]
    pub error: Option<graph_client::Error>,
}

impl StepReport {
    /// The change as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.change.to_string()
    }

    /// The stage in which it was made.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.change.stage()
    }
}
