use serde::{Deserialize, Serialize};

use crate::spec::RestrictedCalendarGroup;

/// What is retired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Retire {
    /// The spec of the group.
    pub spec: RestrictedCalendarGroup,
}

impl Retire {
    /// Retires the group of a spec.
    #[must_use]
    pub fn new(spec: RestrictedCalendarGroup) -> Self {
        Self { spec }
    }
}
