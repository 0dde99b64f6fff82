use std::future::Future;
use std::time::{Duration, Instant};

use super::invoke::Exchange;
use super::{Cmdlet, CmdletErrorKind};
use crate::error::{Error, ErrorKind, Result};

/// The shortest poll interval between two looks.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

/// How long to wait for an object that was just made, and how often to look.
///
/// Reads lag writes: a new group may take up to a minute to be visible to all of Exchange's servers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    /// When to give up. Default 3 min.
    pub deadline: Duration,
    /// The poll interval after the first look; it doubles. Default 1 s.
    pub initial_interval: Duration,
    /// The longest poll interval. Default 15 s.
    pub max_interval: Duration,
}

impl Default for Wait {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(3 * 60),
            initial_interval: Duration::from_secs(1),
            max_interval: Duration::from_secs(15),
        }
    }
}

impl Wait {
    /// Sets when to give up.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the poll interval after the first look.
    #[must_use]
    pub fn with_initial_interval(mut self, interval: Duration) -> Self {
        self.initial_interval = interval;
        self
    }

    /// Sets the longest poll interval.
    #[must_use]
    pub fn with_max_interval(mut self, interval: Duration) -> Self {
        self.max_interval = interval;
        self
    }
}

/// An object that a command was to create, once it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreatedObject<T> {
    /// The command created it.
    New(T),
    /// The command's response was lost; the object is there.
    AfterLostResponse(T),
    /// The service said that there is such an object already, and it is the one that was looked for.
    Existing(T),
}

impl<T> CreatedObject<T> {
    /// The object.
    pub fn into_inner(self) -> T {
        match self {
            Self::New(object) | Self::AfterLostResponse(object) | Self::Existing(object) => object,
        }
    }
}

impl Exchange {
    /// Runs a command that creates something and waits until `look` finds it.
    ///
    /// A response that was lost is settled by looking, and so is "there is one already", which is also what a second
    /// try is told about an object that the first one made and nobody can read yet. What `look` finds is what the
    /// caller was to create: `look` must tell it from others.
    ///
    /// # Errors
    ///
    /// What the command gave, when nothing is found up to the deadline; what `look` gave.
    pub async fn create<C, T, F>(
        &self,
        cmdlet: &C,
        wait: &Wait,
        look: impl FnMut() -> F + Send,
    ) -> Result<CreatedObject<T>>
    where
        C: Cmdlet,
        T: Send,
        F: Future<Output = Result<Option<T>>> + Send,
    {
        let made = self.run_ref(cmdlet).await.map(drop);
        self.confirm(made, wait, look).await
    }

    /// Confirms a write by looking: what was made is waited for until `look` finds it, and so is what a write may have made
    /// whose response was lost, or that met such an object.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub async fn confirm<T, F>(
        &self,
        made: Result<()>,
        wait: &Wait,
        look: impl FnMut() -> F + Send,
    ) -> Result<CreatedObject<T>>
    where
        T: Send,
        F: Future<Output = Result<Option<T>>> + Send,
    {
        let failed = match made {
            Ok(()) => return self.wait_until_visible(wait, look).await.map(CreatedObject::New),
            Err(error) => error,
        };
        let is_there = failed
            .cmdlet()
            .is_some_and(|said| matches!(said.kind, CmdletErrorKind::AlreadyExists | CmdletErrorKind::AddressInUse));
        if !is_there && !failed.is_outcome_unknown() {
            return Err(failed);
        }
        match self.wait_until_visible(wait, look).await {
            Ok(found) if is_there => Ok(CreatedObject::Existing(found)),
            Ok(found) => Ok(CreatedObject::AfterLostResponse(found)),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(failed),
            Err(error) => Err(error),
        }
    }

    /// Looks until `look` finds what it looks for: a 404 and `None` mean "not yet", any other error ends the wait.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] at the deadline; else what `look` gave.
    pub async fn wait_until_visible<T, F>(&self, wait: &Wait, mut look: impl FnMut() -> F + Send) -> Result<T>
    where
        T: Send,
        F: Future<Output = Result<Option<T>>> + Send,
    {
        let started = Instant::now();
        // Not in a circle: an interval of nothing would be one request after the other.
        let mut interval = wait.initial_interval.max(SHORTEST_INTERVAL);
        loop {
            let last = match look().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => Error::new(ErrorKind::NotFound, "the object is not visible yet"),
                Err(error) if error.kind() == ErrorKind::NotFound => error,
                Err(error) => return Err(error),
            };
            if started.elapsed().saturating_add(interval) > wait.deadline {
                return Err(last.with_advice(
                    "It was made and is not visible yet: run again in some minutes, nothing is made twice.",
                ));
            }
            tokio::time::sleep(interval).await;
            interval = interval.saturating_mul(2).min(wait.max_interval).max(SHORTEST_INTERVAL);
        }
    }
}
