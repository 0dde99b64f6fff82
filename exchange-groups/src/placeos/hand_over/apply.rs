//! Applies a plan: stage by stage, as far as the gates are open.

use std::collections::HashSet;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use graph_client::printable;

use super::document::{HandOverPlan, HandOverReport, HandOverStage, HandOverStageReport, HandOverStepReport};
use super::error::HandOverError;
use super::input::HandOver;
use super::perform::{Ended, Performer};
use crate::access::Truth;
use crate::control::Stop;
use crate::document::{Digest, Origin};
use crate::outcome::Outcome;
use crate::placeos::change::{HandOverChange, ModuleRef};
use crate::procedure::StageState;

type Listener = Box<dyn FnMut(&HandOverStepReport) + Send>;

/// A hand-over that is ready to be made. Made by [`HandOver::apply`]; await it for the [`HandOverReport`].
#[must_use = "nothing is done before it is awaited"]
pub struct ApplyHandOver {
    hand_over: HandOver,
    plan: HandOverPlan,
    approved: Option<Digest>,
    stop: Stop,
    on_step: Listener,
}

impl HandOver {
    /// Applies a plan, as far as its gates are open. Await the value; see [`ApplyHandOver`] for progress.
    ///
    /// Everything is read and planned again first. A plan that is blocked as things are now, or that lacks a step which is
    /// needed now, is refused. Apply again to go on: each run begins where things are.
    ///
    /// # Permissions
    ///
    /// Those of [`observe`](Self::observe). PlaceOS: a key of an administrator with the scopes in
    /// [`endpoints`](crate::placeos::endpoints).
    pub fn apply(&self, plan: &HandOverPlan) -> ApplyHandOver {
        ApplyHandOver {
            hand_over: self.clone(),
            plan: plan.clone(),
            approved: None,
            stop: Stop::new(),
            on_step: Box::new(|_| {}),
        }
    }
}

impl ApplyHandOver {
    /// Requires the plan to be the approved one, whose [`HandOverPlan::digest`] this is. Another one is refused before any
    /// request.
    pub fn approved(mut self, digest: impl Into<Digest>) -> Self {
        self.approved = Some(digest.into());
        self
    }

    /// Sets the handle that stops it, before the next step.
    pub fn stopped_by(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Calls `listener` for every step that has ended.
    pub fn on_step(mut self, listener: impl FnMut(&HandOverStepReport) + Send + 'static) -> Self {
        self.on_step = Box::new(listener);
        self
    }
}

impl fmt::Debug for ApplyHandOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplyHandOver").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl IntoFuture for ApplyHandOver {
    /// The report, also when steps failed. A [`HandOverError`] means that nothing was changed.
    type Output = Result<HandOverReport, HandOverError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(apply(self))
    }
}

async fn apply(run: ApplyHandOver) -> Result<HandOverReport, HandOverError> {
    let ApplyHandOver { hand_over, plan, approved, stop, mut on_step } = run;
    if let Some(approved) = approved {
        let digest = plan.digest();
        if approved != digest {
            return Err(HandOverError::NotApproved { approved, plan: digest });
        }
    }
    let before = hand_over.placeos.requests();
    let now = hand_over.plan(&hand_over.observe().await?);
    let blockers: Vec<_> = now.blockers().cloned().collect();
    if !blockers.is_empty() {
        return Err(HandOverError::Blocked(blockers));
    }
    let is_same = now.placeos == plan.placeos && now.origin.tenant.eq_ignore_ascii_case(&plan.origin.tenant);
    let unplanned: Vec<_> = if is_same { plan.lacks(&now) } else { now.steps().collect() };
    if !unplanned.is_empty() {
        return Err(HandOverError::Stale(unplanned.into_iter().cloned().collect()));
    }
    let mut runner = Runner {
        performer: Performer::new(hand_over.placeos.clone(), hand_over.credentials.as_ref()),
        stop,
        on_step: &mut on_step,
        closed: None,
        is_calendar_ready: true,
        undone: HashSet::new(),
    };
    let mut stages = Vec::with_capacity(now.stages.len());
    for stage in &now.stages {
        stages.push(runner.stage(stage).await);
    }
    Ok(HandOverReport {
        origin: Origin::now(&now.origin.tenant),
        placeos: now.placeos,
        stages,
        requests: hand_over.placeos.requests() - before,
    })
}

struct Runner<'a> {
    performer: Performer<'a>,
    stop: Stop,
    on_step: &'a mut Listener,
    /// Why nothing more is done.
    closed: Option<String>,
    /// Whether the calendar module is there with its settings.
    is_calendar_ready: bool,
    /// The rooms of which a step is not done.
    undone: HashSet<String>,
}

impl Runner<'_> {
    fn is_undone(&self, change: &HandOverChange) -> bool {
        change.room().is_some_and(|room| self.undone.contains(&room.as_str().to_lowercase()))
    }

    async fn stage(&mut self, stage: &HandOverStage) -> HandOverStageReport {
        let (name, title) = (stage.name.clone(), stage.title.clone());
        let mut report = HandOverStageReport { name, title, state: StageState::Done, reason: None, steps: Vec::new() };
        let starts = stage.name.starts_with("start") || stage.name == "connect";
        if let Some(closed) = &self.closed {
            report.state = StageState::NotBegun;
            report.reason = Some(closed.clone());
        } else if let Some(gate) = stage.gate.as_ref().filter(|gate| gate.is_open != Truth::Yes) {
            report.state = StageState::Waiting;
            report.reason = Some(format!("it begins once {}: {}", gate.condition, printable(&gate.evidence)));
        } else if starts && !self.is_calendar_ready {
            report.state = StageState::NotBegun;
            report.reason = Some("the calendar module is not ready".to_owned());
        }
        // The steps of these stages rest on each other; those of others are about one room each.
        let is_chain = matches!(&*stage.name, "calendar_module" | "credentials" | "staff_api");
        for step in &stage.steps {
            if report.reason.is_none() && self.stop.is_stopped() {
                report.state = StageState::NotBegun;
                let reason = "the run was stopped".to_owned();
                self.closed = Some(reason.clone());
                report.reason = Some(reason);
            }
            let ended = match &report.reason {
                Some(reason) if report.state != StageState::Failed || is_chain || self.closed.is_some() => {
                    Outcome::NotRun { reason: reason.clone() }.into()
                }
                _ if starts && self.is_undone(&step.change) => {
                    Outcome::NotRun { reason: "an earlier step for this room is not done".to_owned() }.into()
                }
                _ => self.performer.perform(&step.change).await,
            };
            let Ended { outcome, is_general } = ended;
            if let Some(room) = step.change.room().filter(|_| !outcome.is_success()) {
                self.undone.insert(room.as_str().to_lowercase());
            }
            if !outcome.is_success() && report.state == StageState::Done {
                report.state = StageState::Failed;
                report.reason = Some("a step is not done".to_owned());
            }
            if matches!(&step.change, HandOverChange::StartModule(ModuleRef::Calendar { .. })) && !outcome.is_success()
            {
                self.closed.get_or_insert_with(|| "the calendar module was not started".to_owned());
            }
            if is_general {
                self.closed.get_or_insert_with(|| {
                    "an earlier step failed in a way that the next one would as well".to_owned()
                });
            }
            let step = HandOverStepReport { change: step.change.clone(), outcome };
            (self.on_step)(&step);
            report.steps.push(step);
        }
        if matches!(&*stage.name, "calendar_module" | "credentials") && report.state != StageState::Done {
            self.is_calendar_ready = false;
        }
        report
    }
}
