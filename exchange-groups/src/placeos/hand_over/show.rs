//! What an administrator reads.

use std::fmt;

use graph_client::printable;

use super::document::{HandOverFinding, HandOverPlan, HandOverReport, HandOverStage};
use crate::access::Truth;
use crate::finding::Severity;
use crate::outcome::Outcome;
use crate::procedure::StageState;

impl fmt::Display for HandOverFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {} ({})", printable(&self.message), printable(&self.advice), self.owner.title())
    }
}

/// How many steps of a stage are shown one by one.
const SHOWN_STEPS: usize = 40;

impl fmt::Display for HandOverPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Hand-over to PlaceOS at {}", printable(&self.placeos))?;
        writeln!(f, "  Tenant          {}", printable(&self.origin.tenant))?;
        writeln!(f, "  Application     client id {}", self.application)?;
        writeln!(f, "  Group           {}", self.group)?;
        writeln!(
            f,
            "  Rooms           {} agreed, {} differing",
            self.reconciliation.agreed.len(),
            self.reconciliation.differences.len()
        )?;
        if self.is_empty() {
            writeln!(f, "\nNothing to do.")?;
        }
        let mut number = 0;
        for stage in &self.stages {
            show_stage(f, stage, &mut number)?;
        }
        for (severity, title) in
            [(Severity::Blocking, "Blocking issues"), (Severity::Warning, "Warnings"), (Severity::Note, "Notes")]
        {
            let mut findings = self.findings.iter().filter(|finding| finding.severity == severity).peekable();
            if findings.peek().is_some() {
                writeln!(f, "\n{title}")?;
                findings.try_for_each(|finding| writeln!(f, "  - {finding}"))?;
            }
        }
        let others: Vec<_> = self
            .reconciliation
            .differences
            .iter()
            .filter(|it| !matches!(it.fix, crate::placeos::reconcile::Fix::PlaceOs { .. }))
            .collect();
        if !others.is_empty() {
            writeln!(f, "\nFor others to mend")?;
            for difference in others {
                writeln!(f, "  - {difference} ({})", difference.owner.title())?;
                writeln!(f, "    {}", difference.fix)?;
            }
        }
        Ok(())
    }
}

fn show_stage(f: &mut fmt::Formatter<'_>, stage: &HandOverStage, number: &mut usize) -> fmt::Result {
    writeln!(f, "\n{}", stage.title)?;
    if let Some(gate) = &stage.gate {
        let is_met = match gate.is_open {
            Truth::Yes => "met",
            Truth::No => "not met yet",
            Truth::Unknown => "not known",
        };
        writeln!(f, "      once {} ({is_met}: {})", printable(&gate.condition), printable(&gate.evidence))?;
    }
    for step in stage.steps.iter().take(SHOWN_STEPS) {
        *number += 1;
        writeln!(f, "  {number:>2}. {}", printable(&step.sentence()))?;
        writeln!(f, "      because {}", printable(&step.reason))?;
    }
    if let Some(more) = stage.steps.len().checked_sub(SHOWN_STEPS).filter(|more| *more > 0) {
        *number += more;
        writeln!(f, "      … and {more} more; the JSON form has them all")?;
    }
    Ok(())
}

impl fmt::Display for HandOverReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Hand-over to PlaceOS at {}: {} made", printable(&self.placeos), self.changes())?;
        for stage in &self.stages {
            let state = match stage.state {
                StageState::Done => "done",
                StageState::Waiting => "WAITING",
                StageState::Task => "FOR PEOPLE",
                StageState::Failed => "FAILED",
                StageState::NotBegun => "not begun",
            };
            writeln!(f, "  {state:<10} {}", stage.title)?;
            if let Some(reason) = &stage.reason {
                writeln!(f, "             {}", printable(reason))?;
            }
            for step in &stage.steps {
                let (name, sentence) = (step.outcome.as_str().replace('_', " "), step.change.to_string());
                writeln!(f, "    {name:<12} {}", printable(&sentence))?;
                if let Outcome::Failed { error: why } | Outcome::Unconfirmed { reason: why } = &step.outcome {
                    writeln!(f, "                 {}", printable(why))?;
                }
            }
        }
        writeln!(f, "Requests       {}", self.requests)
    }
}
