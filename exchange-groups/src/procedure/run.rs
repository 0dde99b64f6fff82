//! Carries a procedure out: stage by stage, as far as the gates are open.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use graph_client::{InvalidValue, printable};
use tracing::Instrument as _;

use super::calls::derive;
use super::document::{Procedure, ProcedureStage, missing_from};
use super::goal::Goal;
use super::perform::Performer;
use super::report::{ProcedureReport, StageReport, StageState};
use crate::access::Truth;
use crate::change::Change;
use crate::control::{Events, Running, Stop};
use crate::document::{Digest, Origin};
use crate::error::{Error, Result};
use crate::event::{Event, Listener};
use crate::finding::{Advice, Finding, FindingKind, Severity};
use crate::groups::ExchangeGroups;
use crate::outcome::{Outcome, StepReport};
use crate::spec::{RestrictedCalendarGroup, SpecError};

/// A procedure that is ready to be carried out. Made by [`ExchangeGroups::carry_out`](crate::ExchangeGroups::carry_out);
/// await it for the [`ProcedureReport`].
#[must_use = "nothing is carried out before it is awaited"]
pub struct CarryOut {
    groups: ExchangeGroups,
    procedure: Procedure,
    approved: Option<Digest>,
    until: Option<String>,
    stop: Stop,
    on_event: Listener,
}

impl CarryOut {
    pub(super) fn new(groups: ExchangeGroups, procedure: Procedure) -> Self {
        Self { groups, procedure, approved: None, until: None, stop: Stop::new(), on_event: Box::new(|_| {}) }
    }

    /// Requires the procedure to be the approved one, whose [`Procedure::digest`] this is. Another one is refused before
    /// any request.
    pub fn approved(mut self, digest: impl Into<Digest>) -> Self {
        self.approved = Some(digest.into());
        self
    }

    /// Pauses before the stage of this [`name`](ProcedureStage::name): its steps and those of later stages are not run. A
    /// name that no stage has is an error of kind [`ErrorKind::Spec`](crate::ErrorKind::Spec) before any request.
    pub fn until(mut self, stage: impl Into<String>) -> Self {
        self.until = Some(stage.into());
        self
    }

    /// Calls `listener` for everything that happens.
    pub fn on_event(mut self, listener: impl FnMut(&Event) + Send + 'static) -> Self {
        self.on_event = Box::new(listener);
        self
    }

    /// Sets the handle that stops it; see [`Stop`].
    pub fn stopped_by(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Starts it, for the events as a stream. The listener of [`on_event`](Self::on_event) is told as well.
    pub fn start(mut self) -> Running<Result<ProcedureReport>> {
        let mut on_event = std::mem::replace(&mut self.on_event, Box::new(|_| {}));
        Running::start(self.stop.clone(), |mut listener| {
            self.on_event(move |event| {
                on_event(event);
                listener(event);
            })
            .into_future()
        })
    }
}

impl fmt::Debug for CarryOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CarryOut").field("procedure", &self.procedure).finish_non_exhaustive()
    }
}

impl IntoFuture for CarryOut {
    /// The report, also when steps failed. An [`Error`] means that nothing was changed: the procedure is
    /// [`Blocked`](crate::ErrorKind::Blocked) as the tenant is now, is [`Stale`](crate::ErrorKind::Stale), or is not the
    /// [approved](crate::ErrorKind::NotApproved) one.
    type Output = Result<ProcedureReport>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let span = tracing::info_span!(
            "exchange_groups.carry_out",
            goal = self.procedure.goal.title(),
            application = %self.procedure.application,
            run_id = %uuid::Uuid::new_v4(),
        );
        Box::pin(carry_out(self).instrument(span))
    }
}

async fn carry_out(run: CarryOut) -> Result<ProcedureReport> {
    let CarryOut { groups, procedure, approved, until, stop, on_event } = run;
    if let Some(approved) = approved {
        let digest = procedure.digest();
        if approved != digest {
            return Err(Error::not_approved(approved, digest));
        }
    }
    if let Some(until) = until.as_ref().filter(|until| procedure.stages.iter().all(|stage| stage.name != **until)) {
        let names: Vec<&str> = procedure.stages.iter().map(|stage| &*stage.name).collect();
        let rule = format!("must name a stage of the procedure: {}", names.join(", "));
        return Err(SpecError::new(vec![InvalidValue::new("until", until, rule)]).into());
    }
    let events = Events::new(on_event);
    let (client, meter) = groups.client.metered();
    let client = events.heard_from(&client);
    let groups = ExchangeGroups { client: client.clone(), ..groups };
    let now = derive(&groups, &procedure.goal).await?;
    if !now.origin.tenant.eq_ignore_ascii_case(&procedure.origin.tenant) {
        return Err(Error::blocked(vec![other_tenant(&procedure.origin.tenant, &now.origin.tenant)]));
    }
    let blockers: Vec<_> = now.blockers().cloned().collect();
    if !blockers.is_empty() {
        return Err(Error::blocked(blockers));
    }
    let unplanned: Vec<_> = procedure.lacks(&now).into_iter().cloned().collect();
    if !unplanned.is_empty() {
        return Err(Error::stale(&procedure.observation, unplanned));
    }
    let performer = Performer { exchange: client.exchange(), client, wait: groups.wait.clone(), stop, events };
    let mut stages = Vec::with_capacity(now.stages.len());
    let mut closed: Option<String> = None;
    let total = now.steps().count();
    let mut done = 0;
    for stage in &now.stages {
        if until.as_ref() == Some(&stage.name) {
            closed.get_or_insert_with(|| "the run was to pause before this stage".into());
        }
        let report = match (&now.goal, &closed) {
            // Group, members and restriction are made as by a plan of the spec.
            (Goal::Migrate(migrate), None) if stage.name == "prepare" && !stage.steps.is_empty() => {
                apply_stage(&groups, &migrate.spec, &now, stage, &performer).await?
            }
            _ => run_stage(&performer, stage, closed.as_deref(), &mut done, total).await,
        };
        if report.state != StageState::Done && !stage.is_optional {
            closed.get_or_insert_with(|| format!("the stage \"{}\" is not done", stage.title));
        }
        stages.push(report);
    }
    Ok(ProcedureReport {
        origin: Origin::now(&now.origin.tenant),
        goal: now.goal,
        stages,
        requests: meter.usage().requests,
    })
}

/// A stage whose steps are a plan of the spec.
async fn apply_stage(
    groups: &ExchangeGroups,
    spec: &RestrictedCalendarGroup,
    procedure: &Procedure,
    stage: &ProcedureStage,
    performer: &Performer,
) -> Result<StageReport> {
    let plan = groups.plan(&spec.with_revocation(false)).await?;
    // What was approved is done and nothing else, though somebody changed the tenant since.
    let unplanned: Vec<_> = missing_from(&stage.steps, &plan.steps).into_iter().cloned().collect();
    if !unplanned.is_empty() {
        return Err(Error::stale(&procedure.observation, unplanned));
    }
    let events = performer.events.clone();
    let applied = groups.apply(&plan).stopped_by(&performer.stop).on_event(move |event| events.tell(event)).await?;
    let (how_far, reason) = if applied.is_complete() {
        (StageState::Done, None)
    } else if performer.stop.is_stopped() {
        (StageState::NotBegun, Some("the run was stopped".to_owned()))
    } else {
        (StageState::Failed, Some("a step is not done".to_owned()))
    };
    let (name, title) = (stage.name.clone(), stage.title.clone());
    Ok(StageReport { name, title, state: how_far, reason, steps: applied.steps })
}

async fn run_stage(
    performer: &Performer,
    stage: &ProcedureStage,
    closed: Option<&str>,
    done: &mut usize,
    total: usize,
) -> StageReport {
    let mut report = StageReport {
        name: stage.name.clone(),
        title: stage.title.clone(),
        state: StageState::Done,
        reason: None,
        steps: Vec::new(),
    };
    if stage.steps.is_empty() && stage.tasks.is_empty() {
        return report;
    }
    let not_open = stage.gate.as_ref().filter(|gate| gate.is_open != Truth::Yes);
    let reason = match (closed, not_open) {
        (Some(reason), _) => {
            report.state = StageState::NotBegun;
            Some(reason.to_owned())
        }
        (None, Some(gate)) => {
            report.state = StageState::Waiting;
            let from = gate.not_before.as_ref().map(|time| format!(", not before {time}")).unwrap_or_default();
            Some(format!("it begins once {}: {}{from}", printable(&gate.condition), printable(&gate.evidence)))
        }
        (None, None) => None,
    };
    report.reason = reason;
    for step in &stage.steps {
        if report.state == StageState::Done && performer.stop.is_stopped() {
            performer.events.tell(&Event::Stopped);
            report.state = StageState::NotBegun;
            report.reason = Some("the run was stopped".into());
        }
        let outcome = if let Some(reason) = &report.reason {
            (Outcome::NotRun { reason: reason.clone() }, None)
        } else {
            match performer.perform(&step.change).await {
                Ok(outcome) => (outcome, None),
                Err(error) => (Outcome::Failed { error: error.to_string() }, Some(error)),
            }
        };
        if report.reason.is_none() && !outcome.0.is_success() {
            report.state = StageState::Failed;
            report.reason = Some("an earlier step is not done".into());
        }
        *done += 1;
        let (outcome, error) = outcome;
        let change: Change = step.change.clone();
        let event = Event::Step { change: Box::new(change.clone()), outcome: outcome.clone(), done: *done, total };
        performer.events.tell(&event);
        report.steps.push(StepReport { change, outcome, error });
    }
    if report.state == StageState::Done && !stage.tasks.is_empty() {
        report.state = StageState::Task;
        let tasks: Vec<String> = stage.tasks.iter().map(ToString::to_string).collect();
        report.reason = Some(tasks.join(" "));
    }
    report
}

fn other_tenant(derived: &str, here: &str) -> Finding {
    Finding::new(
        Severity::Blocking,
        FindingKind::OtherTenant,
        format!("The procedure was made for {derived}, and this is {here}"),
        Advice::operator("Derive it again in this tenant."),
    )
}

impl ExchangeGroups {
    /// Carries a procedure out, as far as its gates are open. Await the value; see [`CarryOut`] for progress.
    ///
    /// The procedure is derived again first. One that is blocked as the tenant is now, or that lacks a step which is needed
    /// now, is refused. Carry it out again later to go on: each run begins where the tenant is.
    ///
    /// # Permissions
    ///
    /// Exchange: `Exchange.ManageAsApp` with Exchange Administrator. Graph, for tenant-wide permissions:
    /// `AppRoleAssignment.ReadWrite.All`.
    pub fn carry_out(&self, procedure: &Procedure) -> CarryOut {
        CarryOut::new(self.clone(), procedure.clone())
    }
}
