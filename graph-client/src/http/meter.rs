use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts what a client sends. Clones count together; see [`Client::metered`](crate::Client::metered).
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Counters>);

type OnWait = Box<dyn Fn(&RetryWait) + Send + Sync>;

#[derive(Default)]
struct Counters {
    requests: AtomicU64,
    retries: AtomicU64,
    waited_ms: AtomicU64,
    parent: Option<Meter>,
    on_wait: Option<OnWait>,
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counters")
            .field("requests", &self.requests)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

/// A wait before a call is attempted again; see [`Client::on_retry_wait`](crate::Client::on_retry_wait).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryWait {
    /// How long.
    pub wait: Duration,
    /// The HTTP status that the service gave, if it responded.
    pub status: Option<u16>,
    /// Whether the service asked for less load: it responded with 429, or named the time after which to come again.
    pub is_throttled: bool,
}

/// What a client has sent so far, sign-ins excepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Usage {
    /// HTTP requests, retries included. A batch is one.
    pub requests: u64,
    /// How many of them repeated an earlier one.
    pub retries: u64,
    /// The time spent waiting between attempts, summed over all calls.
    pub waited: Duration,
}

impl Meter {
    /// What was counted so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            requests: self.0.requests.load(Ordering::Relaxed),
            retries: self.0.retries.load(Ordering::Relaxed),
            waited: Duration::from_millis(self.0.waited_ms.load(Ordering::Relaxed)),
        }
    }

    /// A meter whose counts are counted here as well.
    pub(crate) fn child(&self) -> Self {
        Self(Arc::new(Counters { parent: Some(self.clone()), ..Counters::default() }))
    }

    pub(crate) fn count_request(&self, is_retry: bool) {
        let mut meter = Some(self);
        while let Some(Self(counters)) = meter {
            counters.requests.fetch_add(1, Ordering::Relaxed);
            counters.retries.fetch_add(u64::from(is_retry), Ordering::Relaxed);
            meter = counters.parent.as_ref();
        }
    }

    /// A meter whose counts are counted here as well, and which tells of every wait.
    pub(crate) fn listening(&self, on_wait: impl Fn(&RetryWait) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Counters { parent: Some(self.clone()), on_wait: Some(Box::new(on_wait)), ..Counters::default() }))
    }

    pub(crate) fn count_wait(&self, wait: &RetryWait) {
        let ms = u64::try_from(wait.wait.as_millis()).unwrap_or(u64::MAX);
        let mut meter = Some(self);
        while let Some(Self(counters)) = meter {
            counters.waited_ms.fetch_add(ms, Ordering::Relaxed);
            if let Some(on_wait) = &counters.on_wait {
                on_wait(wait);
            }
            meter = counters.parent.as_ref();
        }
    }
}
