//! Steps as PowerShell scripts that an administrator reads, tries with `-WhatIf`, and runs.

mod exchange;
mod graph;
mod header;
mod text;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

pub use self::header::ScriptHeader;
use crate::change::Step;
use crate::membership::MailboxRef;
use crate::plan::Plan;

/// How many mailboxes of each kind a script tests at its end.
const TESTED: usize = 3;

/// Steps as PowerShell: one script for Exchange, and one for Graph if a step needs it. They are two because the modules
/// clash in one session, and because the revocation waits until the restriction is proven.
///
/// Both hold ASCII characters alone. A character beyond that is composed in values (`[char]246`), and written as
/// `\u{f6}` in comments.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Script {
    /// The script for a session of the Exchange Online module.
    pub exchange: String,
    /// The script for a session of the Microsoft Graph module.
    pub graph: Option<String>,
}

impl Script {
    /// The script of these steps.
    ///
    /// - A change is made only if it is still needed: each step looks first, by id or by a name that no other object has.
    /// - What is removed was found exactly once, and is removed by the identity that was found.
    /// - What cannot be undone stands behind a switch of its own, such as `-AllowRemoveApplicationAccessPolicy`.
    /// - Neither script goes past a step of the other: it stops there, and goes on when it is told that the other one has
    ///   run so far.
    /// - A step whose change has no reading as PowerShell becomes an error that says so.
    #[must_use]
    pub fn new(header: &ScriptHeader, steps: &[Step]) -> Self {
        let numbered = || (1..).zip(steps);
        let is_graph = |step: &Step| step.change.cmdlet().is_none();
        let graph: Vec<(usize, &Step)> = numbered().filter(|(_, step)| is_graph(step)).collect();
        let exchange: Vec<(usize, &Step)> = numbered().filter(|(_, step)| !is_graph(step)).collect();
        let numbers = |steps: &[(usize, &Step)]| steps.iter().map(|(number, _)| *number).collect::<Vec<usize>>();
        Self {
            exchange: exchange::script(header, &exchange, &numbers(&graph)),
            graph: (!graph.is_empty()).then(|| graph::script(header, &graph, &numbers(&exchange))),
        }
    }
}

impl Plan {
    /// The plan as PowerShell, for an administrator who makes the changes with Microsoft's modules.
    ///
    /// It has the plan's own sentences and reasons. A plan with blocking issues has a script too; the issues stand.
    #[must_use]
    pub fn powershell(&self) -> Script {
        let mut header = ScriptHeader::new(
            format!("Plan for \"{}\" <{}>", self.spec.name, self.spec.address),
            self.origin.clone(),
            self.spec.application,
        );
        header.digest = Some(self.digest());
        header.application_name.clone_from(&self.application_name);
        header.group = Some(self.spec.address.clone());
        header.restriction = Some(self.spec.restriction);
        for member in &self.members {
            if let Some(id) = member.id {
                header.addresses.insert(id.to_string(), member.address.to_string());
            }
        }
        header.reached = self.members.iter().take(TESTED).map(MailboxRef::graph_id).collect();
        header.must_not_reach = self.must_not_reach.iter().take(TESTED).map(MailboxRef::graph_id).collect();
        for mailbox in &self.must_not_reach {
            header.addresses.insert(mailbox.graph_id(), mailbox.address.to_string());
        }
        Script::new(&header, &self.steps)
    }
}
