use serde::{Deserialize, Serialize};

use super::retire::Retire;

/// What a procedure is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "goal")]
#[non_exhaustive]
pub enum Goal {
    /// The application loses its access, and what restricted it is removed.
    Retire(Retire),
}

impl From<Retire> for Goal {
    fn from(retire: Retire) -> Self {
        Self::Retire(retire)
    }
}
