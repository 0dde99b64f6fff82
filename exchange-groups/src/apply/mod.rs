//! Applies a plan: idempotent, in order, with a report whatever happens.

mod members;
mod report;
mod restriction;
mod run;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use graph_client::Client;
use graph_client::exchange::Wait;
use tracing::Instrument as _;

pub use self::report::{MembersReadBack, Report, StageUsage};
use self::run::{Control, Run};
use crate::change::Stage;
use crate::control::{Events, Running, Stop};
use crate::document::Digest;
use crate::error::{Error, Result};
use crate::event::{Event, Listener};
use crate::finding::{Advice, Finding, FindingKind, Severity};
use crate::groups::ExchangeGroups;
use crate::observe::Observation;
use crate::plan::Plan;
use crate::trace;

/// A plan that is ready to be applied. Made by [`ExchangeGroups::apply`](crate::ExchangeGroups::apply); await it for the [`Report`].
#[must_use = "nothing is applied before it is awaited"]
pub struct Apply {
    client: Client,
    wait: Wait,
    plan: Plan,
    approved: Option<Digest>,
    until: Option<Stage>,
    stop: Stop,
    on_event: Listener,
}

impl Apply {
    pub(crate) fn new(client: Client, wait: Wait, plan: Plan) -> Self {
        Self { client, wait, plan, approved: None, until: None, stop: Stop::new(), on_event: Box::new(|_| {}) }
    }

    /// Requires the plan to be the approved one, whose [`Plan::digest`] this is. Another plan is refused before any
    /// request.
    pub fn approved(mut self, digest: impl Into<Digest>) -> Self {
        self.approved = Some(digest.into());
        self
    }

    /// Calls `listener` for everything that happens.
    pub fn on_event(mut self, listener: impl FnMut(&Event) + Send + 'static) -> Self {
        self.on_event = Box::new(listener);
        self
    }

    /// Pauses before a stage: its steps and those of later stages are not run. With
    /// [`Stage::Revocation`] everything is prepared, and the tenant-wide permission stays until a change window. Plan
    /// again to go on.
    pub fn until(mut self, stage: Stage) -> Self {
        self.until = Some(stage);
        self
    }

    /// Sets the handle that stops the run; see [`Stop`].
    pub fn stopped_by(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Starts it, for the events as a stream. The listener of [`on_event`](Self::on_event) is told as well.
    pub fn start(mut self) -> Running<Result<Report>> {
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

impl IntoFuture for Apply {
    /// The report, also when steps failed. An [`Error`] means that nothing was changed: the plan is
    /// [`Blocked`](crate::ErrorKind::Blocked) as the tenant is now, is [`Stale`](crate::ErrorKind::Stale), or is not the
    /// [approved](crate::ErrorKind::NotApproved) one.
    type Output = Result<Report>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let span = trace::run!("exchange_groups.apply", self.plan.spec);
        Box::pin(apply(self).instrument(span))
    }
}

async fn apply(apply: Apply) -> Result<Report> {
    let Apply { client, wait, plan, approved, until, stop, on_event } = apply;
    if let Some(approved) = approved {
        let digest = plan.digest();
        if approved != digest {
            return Err(Error::not_approved(approved, digest));
        }
    }
    let (client, meter) = client.metered();
    let events = Events::new(on_event);
    let client = events.heard_from(&client);
    // The tenant is the only truth: what the plan's document says of it is not trusted.
    let seen = Observation::of(&client, &plan.spec).await?;
    if !seen.origin.tenant.eq_ignore_ascii_case(&plan.origin.tenant) {
        return Err(Error::blocked(vec![other_tenant(&plan.origin.tenant, &seen.origin.tenant)]));
    }
    let now = Plan::new(&plan.spec, &seen);
    let blockers: Vec<_> = now.blockers().cloned().collect();
    if !blockers.is_empty() {
        return Err(Error::blocked(blockers));
    }
    let unplanned: Vec<_> = plan.lacks(&now).into_iter().cloned().collect();
    if !unplanned.is_empty() {
        return Err(Error::stale(&plan.observation, unplanned));
    }
    let control = Control { wait, until, stop, events };
    Ok(Run::new(client, control, meter, seen, &plan, now).finish().await)
}

fn other_tenant(planned: &str, here: &str) -> Finding {
    Finding::new(
        Severity::Blocking,
        FindingKind::OtherTenant,
        format!("The plan was made for {planned}, and this is {here}"),
        Advice::operator("Plan again in this tenant."),
    )
}

impl fmt::Debug for Apply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Apply").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl ExchangeGroups {
    /// Applies a plan. Await the value; see [`Apply`] for progress.
    ///
    /// The tenant is observed again first. A plan that is blocked as the tenant is now, or that lacks a step which is
    /// needed now, is refused; a step that has been done meanwhile is not done again. So a plan can be applied again
    /// after an interruption, and never does what was not in it.
    ///
    /// # Permissions
    ///
    /// Exchange: `Exchange.ManageAsApp` with Exchange Administrator. Graph, to revoke a tenant-wide permission:
    /// `AppRoleAssignment.ReadWrite.All`.
    pub fn apply(&self, plan: &Plan) -> Apply {
        Apply::new(self.client.clone(), self.wait.clone(), plan.clone())
    }
}
