use std::fmt;

use graph_client::printable;

use super::Plan;
use crate::change::{Change, Step};
use crate::finding::Severity;
use crate::spec::Restriction;
use crate::text::{count, some_of};

/// How many changes of single members are shown one by one.
const SHOWN_MEMBERS: usize = 10;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = &self.spec;
        writeln!(f, "Plan for \"{}\" <{}>", printable(spec.name.as_str()), spec.address)?;
        let app = self.application_name.as_deref().unwrap_or("(not found)");
        writeln!(f, "  Application     {}, client id {}", printable(app), spec.application)?;
        match spec.restriction {
            Restriction::Rbac => {
                let role = spec.permission.role();
                writeln!(f, "  Restriction     RBAC for Applications: \"{role}\" over {}", spec.scope)?;
            }
            Restriction::Policy => {
                writeln!(f, "  Restriction     application access policy: only the members of the group")?;
            }
        }
        write!(f, "  Rooms           {} of {} in the tenant ({})", self.rooms, self.rooms_in_tenant, spec.rooms)?;
        if self.workspaces > 0 {
            write!(f, ", of which {}", count(self.workspaces, "workspace"))?;
        }
        if self.equipment > 0 {
            write!(f, ", {} of equipment", self.equipment)?;
        }
        if let Some(places) = self.places {
            write!(f, "; {} listed", count(places, "place"))?;
        }
        if !self.undecided.is_empty() {
            write!(f, "; {} undecided", self.undecided.len())?;
        }
        writeln!(f)?;
        if !spec.mailboxes.is_empty() {
            writeln!(f, "  Mailboxes       {}", some_of(&spec.mailboxes, 10))?;
        }
        if !spec.must_not_reach.is_empty() {
            writeln!(f, "  Must not reach  {}", some_of(&spec.must_not_reach, 10))?;
        }
        if self.steps.is_empty() {
            writeln!(f, "\nNothing to do: the tenant is as the spec says.")?;
        } else {
            self.show_steps(f)?;
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

impl Plan {
    fn show_steps(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut stage = None;
        let mut shown = 0;
        let is_member_change = |step: &Step| matches!(step.change, Change::AddMember(_) | Change::RemoveMember(_));
        let hidden = self.steps.iter().filter(|step| is_member_change(step)).count().saturating_sub(SHOWN_MEMBERS);
        for (number, step) in (1..).zip(&self.steps) {
            if stage != Some(step.stage()) {
                stage = Some(step.stage());
                writeln!(f, "\n{}", step.stage().title())?;
            }
            if is_member_change(step) {
                shown += 1;
                if shown > SHOWN_MEMBERS {
                    if shown == SHOWN_MEMBERS + 1 {
                        writeln!(f, "      … and {} to add or remove, one by one", count(hidden, "more member"))?;
                    }
                    continue;
                }
            }
            show_step(f, number, step)?;
        }
        Ok(())
    }
}

fn show_step(f: &mut fmt::Formatter<'_>, number: usize, step: &Step) -> fmt::Result {
    writeln!(f, "  {number:>2}. {}", printable(&step.sentence()))?;
    writeln!(f, "      because {}", printable(&step.reason))
}
