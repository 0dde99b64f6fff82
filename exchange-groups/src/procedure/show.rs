use std::fmt;

use graph_client::printable;

use super::document::{Procedure, ProcedureStage};
use super::goal::Goal;
use super::migrate::MembershipComparison;
use crate::access::Truth;
use crate::finding::Severity;
use crate::script::{Script, ScriptHeader};

impl Goal {
    /// The goal as a heading.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        match self {
            Self::Retire(_) => "Retirement",
            Self::Migrate(_) => "Migration",
            Self::Administrator(_) => "Least-privileged administrator",
        }
    }
}

impl Procedure {
    /// A stage as PowerShell, for administrators who run it themselves; `None` for a stage without steps. A script has one
    /// stage, because the next one may have to wait: its gate stands in the printed procedure.
    #[must_use]
    pub fn powershell(&self, stage: &str) -> Option<Script> {
        let stage = self.stages.iter().find(|it| it.name == stage && !it.steps.is_empty())?;
        let title = format!("{}, stage \"{}\"", self.goal.title(), stage.title);
        let mut header = ScriptHeader::new(title, self.origin.clone(), self.application);
        header.digest = Some(self.digest());
        header.application_name.clone_from(&self.application_name);
        Some(Script::new(&header, &stage.steps))
    }
}

impl fmt::Display for Procedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let app = self.application_name.as_deref().unwrap_or("(not found)");
        writeln!(f, "{} in {}", self.goal.title(), printable(&self.origin.tenant))?;
        writeln!(f, "  Application     {}, client id {}", printable(app), self.application)?;
        if let Some(comparison) = &self.comparison {
            show_comparison(f, comparison)?;
        }
        if self.is_done() {
            writeln!(f, "\nNothing to do.")?;
        }
        let mut number = 0;
        for stage in &self.stages {
            show_stage(f, stage, &mut number)?;
        }
        if !self.remaining.is_empty() {
            writeln!(f, "\nWhat stays")?;
            for remaining in &self.remaining {
                writeln!(f, "  - {}\n    because {}", printable(&remaining.what), printable(&remaining.why))?;
            }
        }
        for (severity, title) in
            [(Severity::Blocking, "Blocking issues"), (Severity::Warning, "Warnings"), (Severity::Note, "Notes")]
        {
            let mut findings = self.findings.iter().filter(|finding| finding.severity == severity).peekable();
            if findings.peek().is_some() {
                writeln!(f, "\n{title}")?;
                for finding in findings {
                    writeln!(f, "  - {finding}")?;
                }
            }
        }
        Ok(())
    }
}

/// How many mailboxes of a kind are shown one by one.
const SHOWN_MAILBOXES: usize = 10;

fn show_comparison(f: &mut fmt::Formatter<'_>, comparison: &MembershipComparison) -> fmt::Result {
    writeln!(f, "  Reached before and after  {}", comparison.kept.len())?;
    for (title, list) in
        [("GAINED", &comparison.gained), ("LOST", &comparison.lost), ("NOT KNOWN", &comparison.unknown)]
    {
        if list.is_empty() {
            continue;
        }
        writeln!(f, "  {title} {}", list.len())?;
        for mailbox in list.iter().take(SHOWN_MAILBOXES) {
            writeln!(f, "    {}: {}", mailbox.label(), printable(&mailbox.because))?;
        }
        if list.len() > SHOWN_MAILBOXES {
            writeln!(f, "    … and {} more", list.len() - SHOWN_MAILBOXES)?;
        }
    }
    Ok(())
}

fn show_stage(f: &mut fmt::Formatter<'_>, stage: &ProcedureStage, number: &mut usize) -> fmt::Result {
    if stage.steps.is_empty() && stage.tasks.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{} ({})", stage.title, stage.name)?;
    if let Some(gate) = &stage.gate {
        let is_met = match gate.is_open {
            Truth::Yes => "met",
            Truth::No => "not met yet",
            Truth::Unknown => "not known",
        };
        writeln!(f, "      once {} ({is_met}: {})", printable(&gate.condition), printable(&gate.evidence))?;
        if let Some(not_before) = gate.not_before.as_ref().filter(|_| gate.is_open != Truth::Yes) {
            writeln!(f, "      not before {not_before}")?;
        }
    }
    for step in &stage.steps {
        *number += 1;
        writeln!(f, "  {number:>2}. {}", printable(&step.sentence()))?;
        writeln!(f, "      because {}", printable(&step.reason))?;
    }
    for task in &stage.tasks {
        writeln!(f, "   -  {} ({})", task, task.actor)?;
    }
    if let Some(reach) = &stage.reach {
        writeln!(f, "      After it the application reaches {}", printable(reach))?;
    }
    if let Some(undo) = &stage.undo {
        writeln!(f, "      To undo it: {}", printable(undo))?;
    }
    Ok(())
}
