//! Drift: what differs from the spec and from the last snapshot, what it does, who owns it and what mends it.

mod access;
mod difference;
mod find;
mod group;
mod metrics;
mod report;
mod restriction;
mod search;

pub use self::difference::{DriftDifference, DriftEffect, DriftKind, DriftStatus};
pub use self::metrics::DriftMetric;
pub use self::report::Drift;
