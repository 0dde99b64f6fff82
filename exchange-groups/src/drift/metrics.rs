//! Drift as metrics with names that stay, for a scheduled run.

use std::fmt::Write as _;

use serde::Serialize;

use super::difference::{DriftDifference, DriftEffect, DriftKind, DriftStatus};
use super::report::Drift;

/// A value of a metric, all of which are gauges.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DriftMetric {
    /// The name, such as `exchange_groups_drift`.
    pub name: &'static str,
    /// What it is, as a sentence without a full stop.
    pub help: &'static str,
    /// The labels with their values.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: u64,
}

impl Drift {
    /// The metrics of this run. Names and labels stay as they are; a kind that does not occur is there as 0.
    ///
    /// | name | value |
    /// |---|---|
    /// | `exchange_groups_drift{effect=…}` | differences of this effect |
    /// | `exchange_groups_drift_differences{kind=…}` | differences of this kind |
    /// | `exchange_groups_drift_status{status=…}` | 1 for the outcome, 0 for the others |
    /// | `exchange_groups_drift_steps` | steps of the plan that would mend it |
    /// | `exchange_groups_members` | members of the group |
    /// | `exchange_groups_rooms` | room mailboxes of the tenant |
    /// | `exchange_groups_unread_parts` | parts that could not be read |
    /// | `exchange_groups_requests` | HTTP requests of the observation |
    /// | `exchange_groups_snapshot_age_seconds` | the age of the snapshot; absent without one |
    ///
    /// Each carries the labels `group` and `application` too.
    #[must_use]
    pub fn metrics(&self) -> Vec<DriftMetric> {
        let mut metrics = Vec::new();
        let mut add = |name, help, label: Option<(&'static str, &str)>, value: u64| {
            let mut labels = vec![("group", self.group.to_string()), ("application", self.application.to_string())];
            labels.extend(label.map(|(name, value)| (name, value.to_owned())));
            metrics.push(DriftMetric { name, help, labels, value });
        };
        let differences = |is: &dyn Fn(&DriftDifference) -> bool| {
            self.differences.iter().filter(|difference| is(difference)).count() as u64
        };
        for effect in DriftEffect::ALL {
            let number = differences(&|it| it.effect == *effect);
            let label = Some(("effect", effect.as_str()));
            add("exchange_groups_drift", "Differences from spec and snapshot, by effect", label, number);
        }
        for kind in DriftKind::ALL {
            let number = differences(&|it| it.kind == *kind);
            let label = Some(("kind", kind.as_str()));
            add("exchange_groups_drift_differences", "Differences from spec and snapshot, by kind", label, number);
        }
        for status in DriftStatus::ALL {
            let is_it = u64::from(*status == self.status());
            let label = Some(("status", status.as_str()));
            add("exchange_groups_drift_status", "The outcome of the run", label, is_it);
        }
        add("exchange_groups_drift_steps", "Steps of the plan", None, self.steps.len() as u64);
        add("exchange_groups_members", "Members of the group", None, self.members as u64);
        add("exchange_groups_rooms", "Room mailboxes of the tenant", None, self.rooms as u64);
        add("exchange_groups_unread_parts", "Parts that could not be read", None, self.unread as u64);
        add("exchange_groups_requests", "HTTP requests of the observation", None, self.requests);
        if let Some(age) = self.snapshot_age {
            add("exchange_groups_snapshot_age_seconds", "Age of the snapshot in seconds", None, age);
        }
        metrics
    }

    /// The metrics in the text format of Prometheus, version 0.0.4, for a push gateway or a text file collector.
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut text = String::new();
        let mut last = "";
        for metric in self.metrics() {
            if metric.name != last {
                let _ = writeln!(text, "# HELP {} {}\n# TYPE {} gauge", metric.name, metric.help, metric.name);
                last = metric.name;
            }
            let labels: Vec<String> =
                metric.labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let _ = writeln!(text, "{}{{{}}} {}", metric.name, labels.join(","), metric.value);
        }
        text
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
