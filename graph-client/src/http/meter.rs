use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts what a client sends. Clones count together; see [`Client::metered`](crate::Client::metered).
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    retries: AtomicU64,
    waited_ms: AtomicU64,
    parent: Option<Meter>,
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

    pub(crate) fn count_wait(&self, wait: Duration) {
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let mut meter = Some(self);
        while let Some(Self(counters)) = meter {
            counters.waited_ms.fetch_add(ms, Ordering::Relaxed);
            meter = counters.parent.as_ref();
        }
    }
}
