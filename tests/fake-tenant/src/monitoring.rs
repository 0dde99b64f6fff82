//! The state of Tenant Configuration Management: monitors, their runs and drifts, snapshot jobs.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What the service keeps.
#[derive(Clone, Debug)]
pub(crate) struct Monitoring {
    pub(crate) monitors: Vec<Monitor>,
    pub(crate) runs: Vec<Run>,
    pub(crate) drifts: Vec<Drift>,
    pub(crate) jobs: Vec<Job>,
    /// The kinds that it refuses.
    pub(crate) refused: BTreeSet<String>,
    /// Whether Microsoft's reader may read the tenant.
    pub(crate) reader: bool,
    /// Whether single objects come in `value`, as some documented samples have it.
    pub(crate) wraps: bool,
}

impl Default for Monitoring {
    fn default() -> Self {
        // Refused in the only test of all kinds that was published (March 2026).
        let refused = [
            "applicationaccesspolicy",
            "managementroleassignment",
            "managementroleentry",
            "mailboxcalendarfolder",
            "resourceconfiguration",
        ];
        Self {
            monitors: Vec::new(),
            runs: Vec::new(),
            drifts: Vec::new(),
            jobs: Vec::new(),
            refused: refused.map(|kind| format!("microsoft.exchange.{kind}")).into(),
            reader: true,
            wraps: false,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Monitor {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) active: bool,
    pub(crate) baseline: Map<String, Value>,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) creator: Uuid,
}

#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) id: Uuid,
    pub(crate) monitor: Uuid,
    pub(crate) began: Timestamp,
    pub(crate) ended: Timestamp,
    pub(crate) status: &'static str,
    pub(crate) drifts: usize,
    pub(crate) errors: Vec<(String, String, String)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Drift {
    pub(crate) id: Uuid,
    pub(crate) monitor: Uuid,
    pub(crate) kind: String,
    pub(crate) resource: String,
    pub(crate) reported: Timestamp,
    pub(crate) fixed: Option<Timestamp>,
    pub(crate) identifier: Map<String, Value>,
    pub(crate) properties: Vec<(String, Value, Value)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) kinds: Vec<String>,
    pub(crate) created: Timestamp,
    pub(crate) content: Uuid,
}

/// The last of the four hours of the day (00, 06, 12, 18 GMT) that has come.
pub(crate) fn last_slot(now: Timestamp) -> Timestamp {
    const SLOT: i64 = 6 * 3_600;
    let slot = now.as_second().div_euclid(SLOT) * SLOT;
    Timestamp::from_second(slot).unwrap_or(now)
}

/// Mended drifts are kept for thirty days.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
