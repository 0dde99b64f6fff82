//! Carries a plan out: idempotent, in order, with a report whatever happens.

mod report;
mod run;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

pub(crate) use self::report::seconds;
pub use self::report::{Outcome, Report, StageUsage, StepReport};
use self::run::Run;
use crate::{Error, ExchangeGroups, Plan, Result, Stage};

/// A plan that is about to be carried out. Made by [`ExchangeGroups::apply`]; await it for the [`Report`].
#[must_use = "nothing is applied before it is awaited"]
pub struct Apply {
    groups: ExchangeGroups,
    plan: Plan,
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
        /// The step as a sentence.
        sentence: String,
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
        Self { groups, plan, on_event: Box::new(|_| {}) }
    }

    /// Calls `listener` for everything that happens.
    pub fn on_event(mut self, listener: impl FnMut(&Event) + Send + 'static) -> Self {
        self.on_event = Box::new(listener);
        self
    }
}

impl IntoFuture for Apply {
    /// The report, also when steps failed. An [`Error`] means that nothing was changed: the plan is
    /// [`Blocked`](crate::ErrorKind::Blocked).
    type Output = Result<Report>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let blockers: Vec<_> = self.plan.blockers().cloned().collect();
            if !blockers.is_empty() {
                return Err(Error::blocked(blockers));
            }
            let has_steps = !self.plan.is_empty();
            let run = Run::new(self);
            if has_steps && let Some(finding) = run.other_tenant().await.map_err(Error::during("check the tenant"))? {
                return Err(Error::blocked(vec![finding]));
            }
            Ok(run.finish().await)
        })
    }
}

impl fmt::Debug for Apply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Apply").field("plan", &self.plan).finish_non_exhaustive()
    }
}
