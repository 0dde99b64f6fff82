use std::fmt;

use graph_client::printable;

use super::document::{HandOverFinding, HandOverStep};
use crate::document::Digest;
use crate::error::Error;
use crate::text::count;

/// A hand-over that changed nothing. Failures of single steps are in its report.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum HandOverError {
    /// Exchange or Graph could not be read.
    Microsoft(Error),
    /// The plan has blocking issues, as things are now.
    Blocked(Vec<HandOverFinding>),
    /// Things have changed since the plan was made: these steps are to be done now, and it does not have them.
    Stale(Vec<HandOverStep>),
    /// The plan is not the one that was approved.
    NotApproved {
        /// The digest that was approved.
        approved: Digest,
        /// The digest of the plan.
        plan: Digest,
    },
}

impl fmt::Display for HandOverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Microsoft(error) => write!(f, "{error}"),
            Self::Blocked(findings) => {
                f.write_str("the hand-over cannot be made; nothing was changed")?;
                findings.iter().try_for_each(|finding| write!(f, "\n- {finding}"))
            }
            Self::Stale(steps) => {
                write!(
                    f,
                    "things have changed since the plan was made; nothing was changed. Plan again: the plan lacks {}",
                    count(steps.len(), "step")
                )?;
                steps.iter().try_for_each(|step| write!(f, "\n- {}", printable(&step.sentence())))
            }
            Self::NotApproved { approved, plan } => {
                write!(f, "the plan's digest is {plan}, and {approved} was approved; nothing was sent")
            }
        }
    }
}

impl std::error::Error for HandOverError {}

impl From<Error> for HandOverError {
    fn from(error: Error) -> Self {
        Self::Microsoft(error)
    }
}
