use serde::{Deserialize, Serialize};

use super::administrator::Administrator;
use super::migrate::Migrate;
use super::retire::Retire;

/// What a procedure is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "goal")]
#[non_exhaustive]
pub enum Goal {
    /// The application loses its access, and what restricted it is removed.
    Retire(Retire),
    /// The application moves from access policies to a role, or back.
    Migrate(Migrate),
    /// An application administers restricted calendar groups with the least rights.
    Administrator(Administrator),
}

impl From<Retire> for Goal {
    fn from(retire: Retire) -> Self {
        Self::Retire(retire)
    }
}

impl From<Migrate> for Goal {
    fn from(migrate: Migrate) -> Self {
        Self::Migrate(migrate)
    }
}

impl From<Administrator> for Goal {
    fn from(administrator: Administrator) -> Self {
        Self::Administrator(administrator)
    }
}
