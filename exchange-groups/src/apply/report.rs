use std::fmt;
use std::time::Duration;

use graph_client::{ClientId, ObjectId, SmtpAddress, printable};
use serde::{Deserialize, Serialize};

use crate::change::Stage;
use crate::document::{Origin, seconds};
use crate::membership::MembershipCost;
use crate::outcome::{Outcome, StepReport};
use crate::spec::{Restriction, Scope};
use crate::text::{count, some_of};

/// What was done. `Display` is for an administrator: the group's address comes first, because the next step of a
/// product's set-up asks for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// The group's address.
    pub address: SmtpAddress,
    /// The group's name, which a naming policy may have changed.
    pub name: String,
    /// The group's object id in Entra.
    pub group_id: Option<ObjectId>,
    /// The application that is restricted.
    pub application: ClientId,
    /// How it is restricted.
    pub restriction: Restriction,
    /// What its role is limited to.
    #[serde(default)]
    pub scope: Scope,
    /// How the members that were missing were added. `None` when nobody was missing.
    pub membership: Option<MembershipCost>,
    /// The members, read back; `None` when they were not read.
    pub members: Option<MembersReadBack>,
    /// Every step of the plan and how it ended.
    pub steps: Vec<StepReport>,
    /// The requests of each stage, with those of the observation that the plan was made from.
    pub stages: Vec<StageUsage>,
}

/// The members of the group as they were after the changes, held against the plan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MembersReadBack {
    /// How many members the group has.
    pub present: usize,
    /// Who was to be a member and is not.
    pub missing: Vec<SmtpAddress>,
    /// Who was to be a member and is not in the tenant any more: it vanished after it was observed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vanished: Vec<SmtpAddress>,
    /// Who is a member and was not to be: addresses, or ids where there is none.
    pub unexpected: Vec<String>,
}

impl MembersReadBack {
    /// Whether the members are as planned.
    #[must_use]
    pub fn is_as_planned(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty()
    }
}

/// The requests and time of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StageUsage {
    /// The stage.
    pub stage: Stage,
    /// HTTP requests, retries included. A batch is one.
    pub requests: u64,
    /// How many of them repeated an earlier one.
    pub retries: u64,
    /// How long it took.
    #[serde(with = "seconds")]
    pub elapsed: Duration,
}

impl Report {
    /// Whether every step of the plan is done, and what was read back is as planned.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.steps.iter().all(|step| step.outcome.is_success())
            && self.members.as_ref().map_or(!self.changed_members(), MembersReadBack::is_as_planned)
    }

    /// Whether members were changed, and so had to be read back.
    fn changed_members(&self) -> bool {
        self.steps.iter().any(|step| step.stage() == Stage::Members && step.outcome == Outcome::Done)
    }

    /// How many steps made a change.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.steps.iter().filter(|step| step.outcome == Outcome::Done).count()
    }

    /// The requests of all stages.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.stages.iter().map(|stage| stage.requests).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scope.is_group() {
            writeln!(f, "Group address  {}", self.address)?;
            writeln!(f, "Group name     {}", printable(&self.name))?;
        } else {
            writeln!(f, "Scope          {}", self.scope)?;
        }
        if let Some(id) = self.group_id {
            writeln!(f, "Group id       {id}")?;
        }
        writeln!(f, "Tenant         {}", printable(&self.origin.tenant))?;
        if self.members.is_none() && self.changed_members() {
            writeln!(f, "Members        NOT READ BACK: plan again")?;
        }
        if let Some(members) = &self.members {
            writeln!(f, "Members        {}", members.present)?;
            if let Some(cost) = &self.membership {
                writeln!(f, "  added        {cost}")?;
            }
            if !members.vanished.is_empty() {
                let who = some_of(&members.vanished, 3);
                writeln!(f, "  vanished     {}: {who}", count(members.vanished.len(), "mailbox"))?;
            }
            if !members.missing.is_empty() {
                let who = some_of(&members.missing, 3);
                writeln!(f, "  MISSING      {}: {who}", count(members.missing.len(), "mailbox"))?;
            }
            if !members.unexpected.is_empty() {
                let who = some_of(members.unexpected.iter().map(|name| printable(name)), 3);
                writeln!(f, "  UNEXPECTED   {}: {who}", count(members.unexpected.len(), "member"))?;
            }
        }
        let how = match self.restriction {
            Restriction::Rbac => "RBAC for Applications",
            Restriction::Policy => "application access policy",
        };
        writeln!(f, "Application    {} ({how})", self.application)?;
        let in_place = |step: &&StepReport| matches!(step.outcome, Outcome::Done | Outcome::AlreadyDone);
        let in_place = self.steps.iter().filter(in_place).count();
        writeln!(f, "Changes        {in_place} of {} in place, {} made now", self.steps.len(), self.changes())?;
        for step in &self.steps {
            let sentence = step.sentence();
            let sentence = printable(&sentence);
            match &step.outcome {
                Outcome::Failed { error } => writeln!(f, "  FAILED   {sentence}\n           {}", printable(error))?,
                Outcome::NotRun { reason } => {
                    writeln!(f, "  not run  {sentence}\n           because {}", printable(reason))?;
                }
                Outcome::Unconfirmed { reason } => {
                    writeln!(f, "  not visible {sentence}\n           {}", printable(reason))?;
                }
                Outcome::NotNeeded => writeln!(f, "  not needed now  {sentence}")?,
                Outcome::Done | Outcome::AlreadyDone => {}
            }
        }
        writeln!(f, "Requests       {}", self.requests())?;
        for usage in &self.stages {
            let retries =
                if usage.retries > 0 { format!(", {} of them retries", usage.retries) } else { String::new() };
            writeln!(f, "  {:<22} {:>4} in {:.1?}{retries}", usage.stage.title(), usage.requests, usage.elapsed)?;
        }
        Ok(())
    }
}
