//! The members of the group: changed, and read back.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use graph_client::Error as ServiceError;
use graph_client::exchange::{
    CmdletErrorKind, ExchangeRecipient, GetDistributionGroupMember, UpdateDistributionGroupMember,
};

use super::report::MembersReadBack;
use super::run::{Attempt, Run};
use crate::change::{Change, Stage, Step};
use crate::event::Awaited;
use crate::membership::Difference;
use crate::outcome::Outcome;

/// How many members one batch changes.
const BATCH: usize = 10;

impl Run {
    async fn read_members(&self) -> Result<Vec<ExchangeRecipient>, ServiceError> {
        self.exchange.run(GetDistributionGroupMember::new(self.group_identity())).await
    }

    fn difference<'a>(&'a self, members: &'a [ExchangeRecipient]) -> Difference<'a> {
        let plan = &self.plan;
        Difference::of(&plan.members, &plan.must_not_reach, plan.spec.other_members, members)
    }

    /// Sets the members of a group that has none. That replaces them all, so it must be known that there is nobody to
    /// lose.
    async fn fill(&self, cmdlet: &UpdateDistributionGroupMember) -> Attempt {
        let members = match self.read_members().await {
            Ok(members) => members,
            // A group that this run made may not be found yet, and has nobody.
            Err(error) if self.is_fresh && error.kind() == graph_client::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        if self.difference(&members).is_none() {
            return Ok(Outcome::AlreadyDone);
        }
        if !members.is_empty() {
            let reason = format!("the group had no members and now has {}: plan again", members.len());
            return Ok(Outcome::NotRun { reason });
        }
        let cmdlet = cmdlet.clone().with_group(self.group_identity());
        let exchange = &self.exchange;
        self.when_visible(|| async { exchange.run_ref(&cmdlet).await }).await.map(|()| Outcome::Done)
    }

    /// In the order of the plan, and as many at once as one batch takes.
    pub(super) async fn members(&mut self, steps: Vec<Step>) {
        let mut in_doubt = Vec::new();
        let changes: Vec<Change> = steps.into_iter().map(|step| step.change).collect();
        for same in changes.chunk_by(|one, other| std::mem::discriminant(one) == std::mem::discriminant(other)) {
            for chunk in same.chunks(BATCH) {
                if self.must_stop(Stage::Members) {
                    self.not_run(chunk);
                    continue;
                }
                let results = self.change_members(chunk).await;
                for (change, result) in chunk.iter().zip(results) {
                    match result {
                        Err(error) if is_in_place(&error) => self.end(change.clone(), Ok(Outcome::AlreadyDone)),
                        Err(error) if error.is_outcome_unknown() => in_doubt.push((change.clone(), error)),
                        attempt => self.end(change.clone(), attempt),
                    }
                }
            }
        }
        self.read_back(in_doubt).await;
    }

    fn not_run(&mut self, changes: &[Change]) {
        let reason = self.halted.clone().unwrap_or_default();
        for change in changes {
            self.end(change.clone(), Ok(Outcome::NotRun { reason: reason.clone() }));
        }
    }

    async fn change_members(&self, changes: &[Change]) -> Vec<Attempt> {
        let mut additions = Vec::new();
        let mut removals = Vec::new();
        let mut attempts = Vec::new();
        for change in changes {
            match self.named(change) {
                Change::AddMember(cmdlet) => additions.push(cmdlet),
                Change::RemoveMember(cmdlet) => removals.push(cmdlet),
                Change::FillGroup(cmdlet) => attempts.push(self.fill(&cmdlet).await),
                other => attempts.push(other.make(&self.client).await.map(|()| Outcome::Done)),
            }
        }
        let done = |result: Result<(), ServiceError>| result.map(|()| Outcome::Done);
        attempts.extend(self.exchange.run_all(additions).await.into_iter().map(done));
        attempts.extend(self.exchange.run_all(removals).await.into_iter().map(done));
        attempts
    }

    /// Reads the members until they are as planned, and decides the steps whose outcome is not known.
    async fn read_back(&mut self, in_doubt: Vec<(Change, ServiceError)>) {
        self.tell_waiting(Awaited::MembersAsPlanned);
        // Waiting brings no member that could not be added.
        let has_failed = self.report.steps.iter().any(|step| !step.outcome.is_success());
        let is_stopped = self.control.stop.is_stopped();
        let wait = self.control.wait.clone();
        let wait = if has_failed || is_stopped { wait.with_deadline(Duration::ZERO) } else { wait };
        let last = Mutex::new(None);
        let run = &*self;
        let read = run.exchange.wait_until_visible(&wait, || async {
            let members = run.read_members().await?;
            let difference = run.difference(&members);
            let is_as_planned = difference.is_none();
            *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(read_back(&difference, members.len()));
            Ok(is_as_planned.then_some(()))
        });
        // What was sent is read back in any case; a wait that is stopped ends with what was read so far.
        let read = if is_stopped { Some(read.await) } else { run.control.stop.or(read).await };
        let Some(members) = last.into_inner().unwrap_or_else(PoisonError::into_inner) else {
            let error = match read {
                Some(Err(error)) => error.to_string(),
                _ => "the run was stopped".into(),
            };
            self.halted = Some(format!("the members could not be read back: {error}"));
            for (change, error) in in_doubt {
                self.end(change, Err(error));
            }
            return;
        };
        for (change, error) in in_doubt {
            self.end(change, if members.is_as_planned() { Ok(Outcome::Done) } else { Err(error) });
        }
        if !members.unexpected.is_empty() {
            // A role would allow access to them, and so would a policy beside another one.
            let extra = members.unexpected.len();
            self.halted = Some(format!("the group has {extra} members that it must not have: plan again"));
        } else if !members.missing.is_empty() {
            let missing = members.missing.len();
            self.keep_permission = Some(format!("the members are not as planned: {missing} missing"));
        }
        self.report.members = Some(members);
    }
}

fn read_back(difference: &Difference<'_>, present: usize) -> MembersReadBack {
    let called = |member: &ExchangeRecipient| {
        let address = member.primary_smtp_address.as_ref().map(ToString::to_string);
        let id = || member.identity().map(|identity| identity.to_string());
        address.or_else(id).or_else(|| member.display_name.clone()).unwrap_or_else(|| "without a name".into())
    };
    MembersReadBack {
        present,
        missing: difference.missing.iter().map(|mailbox| mailbox.address.clone()).collect(),
        unexpected: difference.removals().map(called).collect(),
    }
}

/// Whether an error says that nothing is left to do.
fn is_in_place(error: &ServiceError) -> bool {
    let kind = error.cmdlet().map(|cmdlet| cmdlet.kind);
    matches!(kind, Some(CmdletErrorKind::AlreadyMember | CmdletErrorKind::NotMember))
}
