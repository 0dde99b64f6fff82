use std::future::Future;
use std::time::{Duration, Instant};

use super::invoke::Exchange;
use crate::{Error, ErrorKind, Result};

/// How long to wait for an object that was just made, and how often to look.
///
/// Reads lag writes: a new group may take up to a minute to be visible to all of Exchange's servers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    /// When to give up. Default 3 min.
    pub deadline: Duration,
    /// The pause after the first look; it doubles. Default 1 s.
    pub first_pause: Duration,
    /// The longest pause. Default 15 s.
    pub longest_pause: Duration,
}

impl Default for Wait {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(3 * 60),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(15),
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

    /// Sets the pause after the first look.
    #[must_use]
    pub fn with_first_pause(mut self, pause: Duration) -> Self {
        self.first_pause = pause;
        self
    }

    /// Sets the longest pause.
    #[must_use]
    pub fn with_longest_pause(mut self, pause: Duration) -> Self {
        self.longest_pause = pause;
        self
    }
}

impl Exchange {
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
        let mut pause = wait.first_pause;
        loop {
            let last = match look().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => Error::new(ErrorKind::NotFound, "the object is not visible yet"),
                Err(error) if error.kind() == ErrorKind::NotFound => error,
                Err(error) => return Err(error),
            };
            if started.elapsed().saturating_add(pause) > wait.deadline {
                return Err(last.with_advice(
                    "It was made and is not visible yet: run again in some minutes, nothing is made twice.",
                ));
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(wait.longest_pause);
        }
    }
}
