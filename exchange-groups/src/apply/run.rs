use std::collections::BTreeSet;
use std::future::Future;
use std::time::{Duration, Instant};

use graph_client::exchange::{
    CmdletErrorKind, CreatedObject, DistributionGroup, Exchange, Identity, NewDistributionGroup, Wait,
};
use graph_client::{Client, ClientId, Error as ServiceError, ErrorKind, Meter, ObjectId};

use super::report::{Report, StageUsage};
use crate::access::Facts;
use crate::change::{Change, Stage, Step};
use crate::control::{Events, Stop};
use crate::document::Origin;
use crate::error::caller_of;
use crate::event::{Awaited, Event};
use crate::membership::MailboxRef;
use crate::observe::Observation;
use crate::outcome::{Outcome, StepReport};
use crate::plan::Plan;
use crate::text::without_advice;

/// The result of a step.
pub(super) type Attempt = Result<Outcome, ServiceError>;

/// How a run is controlled while it goes on.
pub(super) struct Control {
    /// How long to wait for replication.
    pub(super) wait: Wait,
    /// The stage that the run pauses before.
    pub(super) until: Option<Stage>,
    pub(super) stop: Stop,
    pub(super) events: Events,
}

pub(super) struct Run {
    /// The plan as the tenant is now: the planned steps that are not done yet.
    pub(super) plan: Plan,
    pub(super) client: Client,
    meter: Meter,
    pub(super) exchange: Exchange,
    pub(super) control: Control,
    pub(super) report: Report,
    total: usize,
    /// What was observed before the first change.
    pub(super) facts: Facts,
    /// The group, once it is known to be there.
    pub(super) group: Option<DistributionGroup>,
    /// Whether this run made something that may not be replicated yet.
    pub(super) is_fresh: bool,
    /// Mailboxes that Exchange said are not there when they were to be members.
    pub(super) refused: Vec<MailboxRef>,
    /// The application that makes the changes.
    administrator: Option<ClientId>,
    /// Whether the organisation says that it was prepared for role assignments.
    is_customised: bool,
    /// The reason why no further step is run.
    pub(super) halted: Option<String>,
    /// The reason why the tenant-wide permission is kept: without it the application would lose rooms.
    pub(super) keep_permission: Option<String>,
}

impl Run {
    pub(super) fn new(
        client: Client,
        control: Control,
        meter: Meter,
        seen: Observation,
        planned: &Plan,
        now: Plan,
    ) -> Self {
        let usage = meter.usage();
        let observed = StageUsage {
            stage: Stage::Observe,
            requests: planned.requests + usage.requests,
            retries: usage.retries,
            elapsed: planned.elapsed + seen.elapsed,
        };
        let mut report = Report {
            origin: Origin::now(&now.origin.tenant),
            address: now.spec.address.clone(),
            name: now.spec.name.to_string(),
            group_id: None,
            application: now.spec.application,
            restriction: now.spec.restriction,
            scope: now.spec.scope.clone(),
            membership: now.membership.clone(),
            members: None,
            steps: Vec::with_capacity(planned.steps.len()),
            stages: vec![observed],
        };
        // What was planned and is not called for any more is not done. Whether somebody has done it is not known.
        let open: BTreeSet<String> = now.steps.iter().flat_map(|step| step.change.effects()).collect();
        let is_not_needed = |step: &&Step| step.change.effects().iter().all(|effect| !open.contains(effect));
        for step in planned.steps.iter().filter(is_not_needed) {
            let change = step.change.clone();
            report.steps.push(StepReport { change, outcome: Outcome::NotNeeded, error: None });
        }
        Self {
            exchange: client.exchange(),
            control,
            total: report.steps.len() + now.steps.len(),
            plan: now,
            client,
            meter,
            report,
            facts: seen.facts,
            administrator: seen.administrator,
            group: seen.group.map(|seen| seen.group),
            is_fresh: false,
            refused: Vec::new(),
            is_customised: seen.organization.is_dehydrated == Some(false),
            halted: None,
            keep_permission: None,
        }
    }

    pub(super) async fn finish(mut self) -> Report {
        for stage in [Stage::Group, Stage::Members, Stage::Restriction, Stage::Revocation] {
            let steps: Vec<Step> = self.plan.steps.iter().filter(|step| step.stage() == stage).cloned().collect();
            // Who is in the group is read before anything is granted over it, also if the plan changes nobody.
            let grants = |step: &Step| matches!(step.stage(), Stage::Restriction | Stage::Revocation);
            let has_group = self.plan.spec.scope.is_group();
            let must_check = stage == Stage::Members && has_group && self.plan.steps.iter().any(grants);
            if steps.is_empty() && !must_check {
                continue;
            }
            if !self.must_stop(stage) {
                self.tell(&Event::Stage { stage });
            }
            let (before, started) = (self.meter.usage(), Instant::now());
            match (stage, &self.halted) {
                (_, Some(reason)) => {
                    let reason = reason.clone();
                    for step in steps {
                        self.end(step.change, Ok(Outcome::NotRun { reason: reason.clone() }));
                    }
                }
                (Stage::Members, None) => self.members(steps).await,
                (_, None) => self.one_by_one(steps).await,
            }
            let usage = self.meter.usage();
            self.report.stages.push(StageUsage {
                stage,
                requests: usage.requests - before.requests,
                retries: usage.retries - before.retries,
                elapsed: started.elapsed(),
            });
        }
        let before = self.meter.usage();
        self.describe_group().await;
        let usage = self.meter.usage();
        if let Some(last) = self.report.stages.last_mut() {
            last.requests += usage.requests - before.requests;
            last.retries += usage.retries - before.retries;
        }
        // What had been done before stands where the plan has it.
        self.report.steps.sort_by_key(StepReport::stage);
        self.report
    }

    /// The report names the group, also when no step was about it.
    async fn describe_group(&mut self) {
        if self.group.is_none() && self.plan.spec.scope.is_group() {
            self.group = self.find_group().await.unwrap_or_default();
        }
        if let Some(group) = &self.group {
            if let Some(name) = &group.display_name {
                self.report.name.clone_from(name);
            }
            self.report.group_id = group.external_directory_object_id.map(ObjectId::from_uuid);
        }
    }

    pub(super) fn tell(&self, event: &Event) {
        self.control.events.tell(event);
    }

    /// Tells that something is waited for.
    pub(super) fn tell_waiting(&self, what: Awaited) {
        self.tell(&Event::waiting(what, self.control.wait.deadline));
    }

    /// Why no further change is begun, if the run was stopped or is to pause before this stage.
    fn pause(&self, stage: Stage) -> Option<String> {
        if self.control.stop.is_stopped() {
            return Some("the run was stopped: plan again to go on".into());
        }
        let until = self.control.until.filter(|until| stage >= *until)?;
        let title = until.title().to_lowercase();
        Some(format!("the run was to pause before the stage \"{title}\": plan again to go on"))
    }

    /// Whether the run is to stop before the next change. The steps that are left are not run then.
    pub(super) fn must_stop(&mut self, stage: Stage) -> bool {
        if self.halted.is_none()
            && let Some(reason) = self.pause(stage)
        {
            self.halted = Some(reason);
            self.tell(&Event::Stopped);
        }
        self.halted.is_some()
    }

    pub(super) fn end(&mut self, change: Change, attempt: Attempt) {
        let (outcome, error) = match attempt {
            Ok(outcome) => (outcome, None),
            Err(error) => (Outcome::Failed { error: self.explain(&error) }, Some(error)),
        };
        if !outcome.is_success() {
            self.keep_permission.get_or_insert_with(|| "an earlier step is not done".into());
        }
        self.report.steps.push(StepReport { change: change.clone(), outcome: outcome.clone(), error });
        let (done, total) = (self.report.steps.len(), self.total);
        self.tell(&Event::Step { change: Box::new(change), outcome, done, total });
    }

    /// What an error says. An organisation that is customised already and is still refused as if it were not needs time,
    /// and not another command.
    fn explain(&self, error: &ServiceError) -> String {
        let is_dehydrated = error.cmdlet().is_some_and(|cmdlet| cmdlet.kind == CmdletErrorKind::Dehydrated);
        if !(is_dehydrated && self.is_customised) {
            return format!("{error}{}", caller_of(error, self.administrator));
        }
        format!(
            "{}. Enable-OrganizationCustomization was run already (IsDehydrated is False), and has not propagated yet: wait \
             for an hour and apply again. The next refusal may be that a delegating assignment is missing, for up to an \
             hour more: wait then too, and assign nothing",
            without_advice(error)
        )
    }

    async fn one_by_one(&mut self, steps: Vec<Step>) {
        for Step { change, .. } in steps {
            self.must_stop(change.stage());
            let attempt = match (&self.halted, &self.keep_permission) {
                (Some(reason), _) => Ok(Outcome::NotRun { reason: reason.clone() }),
                (_, Some(reason)) if change.stage() == Stage::Revocation => {
                    Ok(Outcome::NotRun { reason: reason.clone() })
                }
                _ => self.change(&change).await,
            };
            let halt = halted_by(&change, &attempt);
            let stage = change.stage();
            self.end(change, attempt);
            if halt.is_some() && !self.must_stop(stage) {
                self.halted = halt;
            }
        }
    }

    async fn change(&mut self, change: &Change) -> Attempt {
        match change {
            Change::CreateGroup(cmdlet) => self.create_group(cmdlet).await,
            Change::RegisterApplication(cmdlet) => self.register(cmdlet).await,
            Change::CreateScope(cmdlet) => self.create_scope(cmdlet).await,
            Change::AssignRole(cmdlet) => self.assign_role(cmdlet).await,
            Change::AlterRole(cmdlet) => self.alter_role(cmdlet).await,
            Change::RemoveRole(cmdlet) => self.remove_role(cmdlet).await,
            Change::RestrictApplication(cmdlet) => self.restrict(cmdlet).await,
            Change::RevokePermission(revoke) => self.revoke(revoke).await,
            other => self.named(other).make(&self.client).await.map(|()| Outcome::Done),
        }
    }

    async fn create_group(&mut self, cmdlet: &NewDistributionGroup) -> Attempt {
        let made = self.exchange.run_ref(cmdlet).await.map(drop);
        self.is_fresh = true;
        self.tell_waiting(Awaited::GroupVisible);
        // Somebody else, or an attempt that lost its response, may have made it: then it is at our address.
        let run = &*self;
        let (outcome, group) = confirm(run, made, || run.find_group()).await?;
        self.group = group;
        Ok(outcome)
    }

    /// The group at the spec's address, if it is a mail-enabled security group.
    pub(super) async fn find_group(&self) -> Result<Option<DistributionGroup>, ServiceError> {
        let group = self.exchange.group_at(&self.plan.spec.address).await?.one();
        Ok(group.filter(DistributionGroup::is_security_group))
    }

    /// The group by its id, once it is known: its address may be the name of something else.
    pub(super) fn group_identity(&self) -> Identity {
        let identity = self.group.as_ref().and_then(DistributionGroup::identity);
        let address = &self.plan.spec.address;
        identity.map_or_else(|| Identity::from(address), |identity| identity.shown_as(address))
    }

    /// The change with the group named by its id.
    pub(super) fn named(&self, change: &Change) -> Change {
        let group = self.group_identity();
        match change.clone() {
            Change::AlterGroup(cmdlet) => Change::AlterGroup(cmdlet.with_group(group)),
            Change::FillGroup(cmdlet) => Change::FillGroup(cmdlet.with_group(group)),
            Change::AddMember(cmdlet) => Change::AddMember(cmdlet.with_group(group)),
            Change::RemoveMember(cmdlet) => Change::RemoveMember(cmdlet.with_group(group)),
            other => other,
        }
    }

    /// Runs a command that names what was just made, and which may not be found for a while.
    pub(super) async fn when_visible<F>(&self, run: impl Fn() -> F + Send + Sync) -> Result<(), ServiceError>
    where
        F: Future<Output = Result<(), ServiceError>> + Send,
    {
        if !self.is_fresh {
            return run().await;
        }
        self.exchange.wait_until_visible(&self.control.wait, || async { run().await.map(Some) }).await
    }
}

/// Why the steps that follow are not run after this one, if they need it.
fn halted_by(change: &Change, attempt: &Attempt) -> Option<String> {
    let (is_not, whether) = match change {
        Change::CreateGroup(_) => ("the group is not there", "the group is there"),
        Change::RegisterApplication(_) => {
            ("Exchange has not registered the application", "Exchange has registered the application")
        }
        Change::CreateScope(_) => ("the management scope is not there", "the management scope is there"),
        // What replaces a role must be there before that role goes.
        Change::AssignRole(_) | Change::AlterRole(_) => {
            ("the role over the group is not in place", "the role over the group is in place")
        }
        _ => return None,
    };
    match attempt {
        Ok(outcome) if outcome.is_success() => None,
        Ok(Outcome::Unconfirmed { .. }) => Some(format!("it is not known yet whether {whether}: plan again")),
        _ => Some(is_not.to_owned()),
    }
}

/// Confirms a write by reading back. An accepted write that is not visible by the deadline is unconfirmed, which is no
/// failure; a failed write that left nothing visible has failed with the service's error. A run that is stopped reads back
/// once what was sent, and waits for nothing.
pub(super) async fn confirm<T, F>(
    run: &Run,
    made: Result<(), ServiceError>,
    mut look: impl FnMut() -> F + Send,
) -> Result<(Outcome, Option<T>), ServiceError>
where
    T: Send,
    F: Future<Output = Result<Option<T>, ServiceError>> + Send,
{
    let was_taken = made.is_ok();
    let stop = &run.control.stop;
    let once = run.control.wait.clone().with_deadline(Duration::ZERO);
    let again = made.clone();
    let confirmed = match stop.or(run.exchange.confirm(made, &run.control.wait, &mut look)).await {
        Some(confirmed) => confirmed,
        None => run.exchange.confirm(again, &once, look).await,
    };
    match confirmed {
        Ok(CreatedObject::New(seen) | CreatedObject::AfterLostResponse(seen)) => Ok((Outcome::Done, Some(seen))),
        Ok(CreatedObject::Existing(seen)) => Ok((Outcome::AlreadyDone, Some(seen))),
        Ok(_) => Ok((Outcome::Done, None)),
        Err(look) if was_taken => {
            let reason = format!("the service accepted it, and it was not visible since: {look}");
            Ok((Outcome::Unconfirmed { reason }, None))
        }
        Err(error) => Err(error),
    }
}

/// A conflict over an object that only this crate makes is not a failure: an earlier run made it, and it is not visible
/// yet.
pub(super) fn ours_if_taken<T>(
    confirmed: Result<(Outcome, Option<T>), ServiceError>,
) -> Result<(Outcome, Option<T>), ServiceError> {
    match confirmed {
        Err(error) if error.kind() == ErrorKind::Conflict => {
            let reason = format!(
                "the service says that it exists already, and does not show it yet: wait, and plan again ({})",
                error.message()
            );
            Ok((Outcome::Unconfirmed { reason }, None))
        }
        confirmed => confirmed,
    }
}
