//! The members of the group: changed, and read back.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use graph_client::Error as ServiceError;
use graph_client::exchange::{
    AddDistributionGroupMember, CmdletErrorKind, ExchangeRecipient, GetDistributionGroupMember, GetRecipient,
    UpdateDistributionGroupMember,
};

use super::report::MembersReadBack;
use super::run::{Attempt, Run};
use crate::change::{Change, Stage, Step};
use crate::event::Awaited;
use crate::membership::{BATCH, Difference, MailboxRef, MailboxSet};
use crate::observe::found;
use crate::outcome::Outcome;
use crate::text::count;

impl Run {
    async fn read_members(&self) -> Result<Vec<ExchangeRecipient>, ServiceError> {
        self.exchange.run(GetDistributionGroupMember::new(self.group_identity())).await
    }

    fn difference<'a>(&'a self, members: &'a [ExchangeRecipient]) -> Difference<'a> {
        let plan = &self.plan;
        Difference::of(&plan.members, &plan.must_not_reach, plan.spec.other_members, members)
    }

    /// Sets the whole list of members. That replaces them all, so it must be known that there is nobody to lose.
    async fn fill(&mut self, cmdlet: &UpdateDistributionGroupMember) -> Attempt {
        let members = match self.read_members().await {
            Ok(members) => members,
            // A group that this run made may not be found yet, and has nobody.
            Err(error) if self.is_fresh && error.kind() == graph_client::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let difference = self.difference(&members);
        if difference.is_none() {
            return Ok(Outcome::AlreadyDone);
        }
        // Who was just removed by name may still be shown.
        let removed = self.report.steps.iter().filter_map(|step| match &step.change {
            Change::RemoveMember(cmdlet) if step.outcome.is_success() => Some(cmdlet.member()),
            _ => None,
        });
        let known: HashSet<String> =
            cmdlet.members().iter().chain(removed).map(|member| member.as_str().to_ascii_lowercase()).collect();
        let is_known = |member: &ExchangeRecipient| {
            let ids = [member.external_directory_object_id, member.guid].into_iter().flatten().map(|id| id.to_string());
            let address = member.primary_smtp_address.as_ref().map(|address| address.as_str().to_ascii_lowercase());
            ids.chain(address).any(|name| known.contains(&name))
        };
        let lost = members.iter().filter(|member| !is_known(member)).count();
        if lost > 0 {
            let reason =
                format!("setting the list would remove {} that it does not have: plan again", count(lost, "member"));
            return Ok(Outcome::NotRun { reason });
        }
        let cmdlet = cmdlet.clone().with_group(self.group_identity());
        let exchange = &self.exchange;
        let missing: Vec<MailboxRef> = difference.missing.into_iter().cloned().collect();
        match self.when_visible(|| async { exchange.run_ref(&cmdlet).await }).await {
            // One mailbox that vanished since would keep out all the others.
            Err(error) if names_nobody(&error) && self.group_is_there().await => self.add_each(missing).await,
            made => made.map(|()| Outcome::Done),
        }
    }

    async fn group_is_there(&self) -> bool {
        matches!(self.find_group().await, Ok(Some(_)))
    }

    /// Adds the mailboxes one by one. Those that are not there any more are left out, and remembered.
    async fn add_each(&mut self, missing: Vec<MailboxRef>) -> Attempt {
        let group = self.group_identity();
        let add = |mailbox: &MailboxRef| AddDistributionGroupMember::new(group.clone(), mailbox.identity());
        let results = self.exchange.run_all(missing.iter().map(add).collect()).await;
        for (mailbox, result) in missing.into_iter().zip(results) {
            match result {
                Err(error) if names_nobody(&error) => self.refused.push(mailbox),
                Err(error) if !is_in_place(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(Outcome::Done)
    }

    /// Which of these mailboxes are not in the tenant any more. What cannot be looked up is taken to be there.
    async fn vanished(&self, mailboxes: Vec<MailboxRef>) -> Vec<MailboxRef> {
        let looks = mailboxes.iter().map(|mailbox| GetRecipient::new(mailbox.identity())).collect();
        let looked = self.exchange.run_all(looks).await.into_iter().map(found);
        let is_gone = |looked: graph_client::Result<Option<Vec<ExchangeRecipient>>>| {
            looked.is_ok_and(|found| found.is_none_or(|recipients| recipients.is_empty()))
        };
        mailboxes.into_iter().zip(looked).filter_map(|(mailbox, looked)| is_gone(looked).then_some(mailbox)).collect()
    }

    /// Takes the mailboxes out of the plan that are not in the tenant any more: nobody can add them, and they do not stop
    /// the rest.
    async fn forget_vanished(&mut self, refused: Vec<MailboxRef>) -> Vec<MailboxRef> {
        let gone = self.vanished(refused).await;
        let set = MailboxSet::of_refs(&gone);
        self.plan.members.retain(|member| !set.has(member.ids()));
        drop(set);
        gone
    }

    /// In the order of the plan, and as many at once as one batch takes.
    pub(super) async fn members(&mut self, steps: Vec<Step>) {
        let (mut in_doubt, mut vanished) = (Vec::new(), Vec::new());
        let changes: Vec<Change> = steps.into_iter().map(|step| step.change).collect();
        for same in changes.chunk_by(|one, other| std::mem::discriminant(one) == std::mem::discriminant(other)) {
            for chunk in same.chunks(BATCH) {
                if self.must_stop(Stage::Members) {
                    self.not_run(chunk);
                    continue;
                }
                let results = self.change_members(chunk).await;
                let mut refused = std::mem::take(&mut self.refused);
                refused.extend(chunk.iter().zip(&results).filter_map(|(change, result)| self.refused(change, result)));
                let gone = if refused.is_empty() { refused } else { self.forget_vanished(refused).await };
                for (change, result) in chunk.iter().zip(results) {
                    match result {
                        Err(_) if is_about(change, &gone) => self.end(change.clone(), Ok(Outcome::NotNeeded)),
                        Err(error) if is_in_place(&error) => self.end(change.clone(), Ok(Outcome::AlreadyDone)),
                        Err(error) if error.is_outcome_unknown() => in_doubt.push((change.clone(), error)),
                        attempt => self.end(change.clone(), attempt),
                    }
                }
                vanished.extend(gone);
            }
        }
        self.read_back(in_doubt, vanished).await;
    }

    /// The mailbox that a command was refused for because there is nobody of that id.
    fn refused(&self, change: &Change, result: &Attempt) -> Option<MailboxRef> {
        let (Change::AddMember(cmdlet), Err(error)) = (change, result) else { return None };
        let is_it = |mailbox: &&MailboxRef| mailbox.identity().as_str() == cmdlet.member().as_str();
        names_nobody(error).then(|| self.plan.members.iter().find(is_it).cloned()).flatten()
    }

    fn not_run(&mut self, changes: &[Change]) {
        let reason = self.halted.clone().unwrap_or_default();
        for change in changes {
            self.end(change.clone(), Ok(Outcome::NotRun { reason: reason.clone() }));
        }
    }

    async fn change_members(&mut self, changes: &[Change]) -> Vec<Attempt> {
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
    async fn read_back(&mut self, in_doubt: Vec<(Change, ServiceError)>, vanished: Vec<MailboxRef>) {
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
        let Some(mut members) = last.into_inner().unwrap_or_else(PoisonError::into_inner) else {
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
        members.vanished = vanished.into_iter().map(|mailbox| mailbox.address).collect();
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
        vanished: Vec::new(),
        unexpected: difference.removals().map(called).collect(),
    }
}

/// Whether an error says that an object of the command is not there: a member, or the group.
fn names_nobody(error: &ServiceError) -> bool {
    let kind = error.cmdlet().map(|cmdlet| cmdlet.kind);
    matches!(kind, Some(CmdletErrorKind::RecipientNotFound | CmdletErrorKind::ObjectNotFound))
}

/// Whether a command adds one of these mailboxes.
fn is_about(change: &Change, mailboxes: &[MailboxRef]) -> bool {
    let Change::AddMember(cmdlet) = change else { return false };
    mailboxes.iter().any(|mailbox| mailbox.identity().as_str() == cmdlet.member().as_str())
}

/// Whether an error says that nothing is left to do.
fn is_in_place(error: &ServiceError) -> bool {
    let kind = error.cmdlet().map(|cmdlet| cmdlet.kind);
    matches!(kind, Some(CmdletErrorKind::AlreadyMember | CmdletErrorKind::NotMember))
}
