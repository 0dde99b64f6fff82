//! Carries a plan out: idempotent, in order, with a report whatever happens.

mod members;
mod report;
mod restriction;
mod run;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

pub use self::report::{MembersReadBack, Outcome, Report, StageUsage, StepReport};
use self::run::Run;
use crate::document::Digest;
use crate::finding::{Advice, Finding, FindingKind, Severity};
use crate::{Change, Error, ExchangeGroups, Observation, Plan, Result, Stage};

/// A plan that is about to be carried out. Made by [`ExchangeGroups::apply`]; await it for the [`Report`].
#[must_use = "nothing is applied before it is awaited"]
pub struct Apply {
    groups: ExchangeGroups,
    plan: Plan,
    approved: Option<Digest>,
    on_event: Listener,
}

type Listener = Box<dyn FnMut(&Event) + Send>;

/// What happens while a plan is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A stage begins.
    Stage {
        /// The stage.
        stage: Stage,
    },
    /// A step has ended, in whatever way.
    Step {
        /// The change.
        change: Box<Change>,
        /// How it ended.
        outcome: Outcome,
        /// How many steps have ended.
        done: usize,
        /// How many steps there are.
        total: usize,
    },
    /// Something that was made or changed is not visible yet.
    Waiting {
        /// What is waited for.
        what: &'static str,
    },
}

impl Apply {
    pub(crate) fn new(groups: ExchangeGroups, plan: Plan) -> Self {
        Self { groups, plan, approved: None, on_event: Box::new(|_| {}) }
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
}

impl IntoFuture for Apply {
    /// The report, also when steps failed. An [`Error`] means that nothing was changed: the plan is
    /// [`Blocked`](crate::ErrorKind::Blocked) as the tenant is now, is [`Stale`](crate::ErrorKind::Stale), or is not the
    /// [approved](crate::ErrorKind::NotApproved) one.
    type Output = Result<Report>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if let Some(approved) = &self.approved {
                let digest = self.plan.digest();
                if *approved != digest {
                    return Err(Error::not_approved(approved.clone(), digest));
                }
            }
            let (client, meter) = self.groups.client.metered();
            // The tenant is the only truth: what the plan's document says of it is not trusted.
            let seen = Observation::of(&client, &self.plan.spec).await?;
            if !seen.origin.tenant.eq_ignore_ascii_case(&self.plan.origin.tenant) {
                return Err(Error::blocked(vec![other_tenant(&self.plan.origin.tenant, &seen.origin.tenant)]));
            }
            let now = Plan::new(&self.plan.spec, &seen);
            let blockers: Vec<_> = now.blockers().cloned().collect();
            if !blockers.is_empty() {
                return Err(Error::blocked(blockers));
            }
            let unplanned: Vec<_> = self.plan.lacks(&now).into_iter().cloned().collect();
            if !unplanned.is_empty() {
                return Err(Error::stale(&self.plan.observation, unplanned));
            }
            let Self { groups, plan, on_event, .. } = self;
            Ok(Run::new(&groups, client, meter, seen, &plan, now, on_event).finish().await)
        })
    }
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
