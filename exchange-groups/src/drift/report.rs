//! All differences of one run.

use std::fmt;
use std::time::Duration;

use graph_client::{ClientId, SmtpAddress, printable};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::difference::{DriftDifference, DriftEffect, DriftStatus};
use super::find;
use crate::change::Step;
use crate::document::{ObservationRef, Origin};
use crate::error::Result;
use crate::groups::ExchangeGroups;
use crate::observe::Observation;
use crate::plan::Plan;
use crate::spec::RestrictedCalendarGroup;
use crate::text::count;

/// What differs from the spec, and from the last snapshot. An [`Observation`] is the snapshot: store it as JSON.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Drift {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// The address of the group in the spec.
    pub group: SmtpAddress,
    /// The application.
    pub application: ClientId,
    /// The observation of now.
    pub observation: ObservationRef,
    /// The snapshot that it was compared with.
    pub snapshot: Option<ObservationRef>,
    /// How old the snapshot was, in seconds.
    pub snapshot_age: Option<u64>,
    /// The differences, the worst first.
    pub differences: Vec<DriftDifference>,
    /// All steps of the plan, in their order. None while something blocks the plan: then no difference has steps either,
    /// and a [`DriftKind::SpecUnmet`](super::DriftKind::SpecUnmet) says what blocks it.
    pub steps: Vec<Step>,
    /// How many members the group has.
    pub members: usize,
    /// How many room mailboxes the tenant has.
    pub rooms: usize,
    /// How many parts could not be read.
    pub unread: usize,
    /// The number of HTTP requests of the observation.
    pub requests: u64,
}

impl Drift {
    /// What differs between the spec, what is there now, and what was there before. Pure: nothing is asked.
    ///
    /// What is to be is judged by [`Plan::new`], and what is reached by the [access model](crate::access). Objects are
    /// compared by their ids. What could not be read is [unknown](DriftEffect::Unknown), and never in sync.
    #[must_use]
    pub fn between(spec: &RestrictedCalendarGroup, now: &Observation, before: Option<&Observation>) -> Self {
        // What is reached is judged as it is now, not as it will be after the plan.
        let plan = Plan::draft(spec, now);
        let is_blocked = plan.is_blocked();
        let age = before.and_then(|before| {
            let time = |seen: &Observation| seen.origin.made_at.to_string().parse::<jiff::Timestamp>().ok();
            let age = time(now)?.as_second().saturating_sub(time(before)?.as_second());
            u64::try_from(age).ok()
        });
        let reference =
            |seen: &Observation| ObservationRef { digest: seen.digest(), made_at: seen.origin.made_at.clone() };
        Self {
            origin: plan.origin.clone(),
            group: spec.address.clone(),
            application: spec.application,
            observation: plan.observation.clone(),
            snapshot: before.map(reference),
            snapshot_age: age,
            differences: find::differences(spec, &plan, now, before),
            steps: if is_blocked { Vec::new() } else { plan.steps },
            members: now.group.as_ref().map_or(0, |group| group.members.len()),
            rooms: now.rooms.len(),
            unread: now.unread.len(),
            requests: now.requests,
        }
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.differences.is_empty()
    }

    /// The outcome for a scheduled run: what is wider counts most, then what is unknown, then an outage.
    #[must_use]
    pub fn status(&self) -> DriftStatus {
        let has = |effect| self.differences.iter().any(|difference| difference.effect == effect);
        if self.differences.is_empty() {
            DriftStatus::InSync
        } else if has(DriftEffect::Wider) {
            DriftStatus::Wider
        } else if has(DriftEffect::Unknown) {
            DriftStatus::Unknown
        } else if has(DriftEffect::Outage) {
            DriftStatus::Outage
        } else {
            DriftStatus::Harmless
        }
    }

    /// How old the snapshot was.
    #[must_use]
    pub fn age_of_snapshot(&self) -> Option<Duration> {
        self.snapshot_age.map(Duration::from_secs)
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Drift of {} in {}", self.group, printable(&self.origin.tenant))?;
        match &self.snapshot {
            Some(snapshot) => writeln!(f, "  Snapshot    of {}", snapshot.made_at)?,
            None => writeln!(f, "  Snapshot    none: compared with the spec alone")?,
        }
        writeln!(f, "  Members     {}, of {} in the tenant", self.members, count(self.rooms, "room"))?;
        writeln!(f, "  Outcome     {}", self.status())?;
        if self.is_none() {
            return writeln!(f, "\nNothing differs.");
        }
        for (effect, title) in [
            (DriftEffect::Wider, "Wider than wanted"),
            (DriftEffect::Unknown, "Unknown"),
            (DriftEffect::Outage, "Outage"),
            (DriftEffect::Neither, "Neither, so far"),
        ] {
            let mut of_effect = self.differences.iter().filter(|it| it.effect == effect).peekable();
            if of_effect.peek().is_some() {
                writeln!(f, "\n{title}")?;
            }
            for difference in of_effect {
                writeln!(f, "  - {}. {}", printable(&difference.message), difference.advice)?;
                for step in &difference.steps {
                    writeln!(f, "      mended by: {step}")?;
                }
            }
        }
        Ok(())
    }
}

impl ExchangeGroups {
    /// Observes the tenant and tells what differs from the spec and from a snapshot. Nothing is changed.
    ///
    /// The snapshot is an [`Observation`] of before, from [`observe`](Self::observe). To keep the new one as well,
    /// observe and call [`Drift::between`].
    ///
    /// # Permissions
    ///
    /// As [`observe`](Self::observe).
    ///
    /// # Errors
    ///
    /// As [`observe`](Self::observe).
    pub async fn drift(&self, spec: &RestrictedCalendarGroup, snapshot: Option<&Observation>) -> Result<Drift> {
        Ok(Drift::between(spec, &self.observe(spec).await?, snapshot))
    }
}
