use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::{Failure, Meter, Repeat};

/// How often a call is repeated, and how long it may wait.
///
/// A wait that the service asks for is never cut short: if it does not fit into the budget, the call fails at once
/// with the wait in [`Error::retry_after`](crate::Error::retry_after).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryOptions {
    /// How often a request is sent at most. 1 means no retry. Default 6. Not counted are one attempt with a new token
    /// after a 401, and those of a call that is said to be about something
    /// [just created](crate::Request::just_created).
    pub max_attempts: u32,
    /// The wait before the first retry where the service names none; it doubles from there. Default 500 ms.
    pub base: Duration,
    /// The longest wait that this client chooses by itself, a day at most. Default 30 s.
    pub cap: Duration,
    /// The time after which no further attempt is started, from the first one on. Default 10 min.
    pub budget: Duration,
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self {
            max_attempts: 6,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            budget: Duration::from_secs(10 * 60),
        }
    }
}

impl RetryOptions {
    /// Every request is sent once.
    #[must_use]
    pub fn none() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// Sets how often a request is sent at most.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the first wait where the service names none.
    #[must_use]
    pub fn with_base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// Sets the longest wait that the client chooses by itself.
    #[must_use]
    pub fn with_cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Sets the time after which no further attempt is started.
    #[must_use]
    pub fn with_budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// The wait before attempt `next` (2 is the first retry), or `None` when there is to be none.
    ///
    /// `unit` in 0..1 spreads callers that failed together: over half of the own wait, or, where the service named
    /// one, over a tenth on top of it.
    fn delay(&self, next: u32, elapsed: Duration, hint: Option<Duration>, unit: f64) -> Option<Duration> {
        if next > self.max_attempts {
            return None;
        }
        let doubled = self.base.saturating_mul(1 << next.saturating_sub(2).min(16)).min(self.cap).min(LONGEST);
        let (least, spread) = match hint {
            // A service that asks for next to nothing is not asked six times at once.
            Some(hint) if hint >= doubled / 2 => (hint, hint.min(self.cap).min(LONGEST) / 10),
            _ => (doubled / 2, doubled / 2),
        };
        let left = self.budget.checked_sub(elapsed)?;
        (least <= left).then(|| least.saturating_add(spread.mul_f64(unit)).min(left))
    }
}

/// No wait of the client's own choice is longer, whatever the options say: a fraction of it is taken as a float.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The retries that all calls of a client share. When a service is down, the first calls find out, and the others
/// fail with their first error rather than keep it down.
///
/// Waits that the service asked for are free: the gate keeps them few.
#[derive(Debug)]
pub(crate) struct Allowance(AtomicU32);

/// What a full allowance holds, and what a retry and a success are worth: one retry in ten calls goes on for ever.
const FULL: u32 = 1_000;
const RETRY: u32 = 10;
const SUCCESS: u32 = 1;

impl Default for Allowance {
    fn default() -> Self {
        Self(AtomicU32::new(FULL))
    }
}

impl Allowance {
    pub(crate) fn earn(&self) {
        if self.0.load(Ordering::Relaxed) < FULL {
            let more = |held: u32| (held < FULL).then(|| (held + SUCCESS).min(FULL));
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }

    fn spend(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| held.checked_sub(RETRY)).is_ok()
    }
}

/// The attempts of one call.
pub(crate) struct Retries<'a> {
    options: &'a RetryOptions,
    started: Instant,
    attempt: u32,
    /// The waits for the directory's copies that are left.
    copying: std::array::IntoIter<u64, 6>,
}

/// The waits for the directory's copies in seconds: 35 together. An object that was just created was seen to be unknown
/// to some servers for 25 and more.
const COPYING: [u64; 6] = [1, 2, 4, 8, 8, 12];

impl<'a> Retries<'a> {
    pub(crate) fn start(options: &'a RetryOptions) -> Self {
        Self { options, started: Instant::now(), attempt: 1, copying: COPYING.into_iter() }
    }

    /// The attempt that is being made, from 1.
    pub(crate) fn attempt(&self) -> u32 {
        self.attempt
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The attempts that count against the most: what the directory's copies took is not to cost another retry.
    pub(crate) fn counted(&self) -> u32 {
        let copying = COPYING.len() - self.copying.len();
        self.attempt.saturating_sub(u32::try_from(copying).unwrap_or_default())
    }

    /// Counts an attempt that needs no wait.
    pub(crate) fn count(&mut self) {
        self.attempt += 1;
    }

    /// Waits before the next attempt. `false` when there is to be none.
    pub(crate) async fn wait(
        &mut self,
        failure: &Failure,
        is_safe: bool,
        meter: &Meter,
        allowance: &Allowance,
    ) -> bool {
        let Some(wait) = self.next_wait(failure, is_safe, allowance) else { return false };
        self.sleep(wait, meter).await;
        true
    }

    /// How long to wait before the next attempt. `None` when there is to be none.
    pub(crate) fn next_wait(&mut self, failure: &Failure, is_safe: bool, allowance: &Allowance) -> Option<Duration> {
        if !failure.repeat.is_allowed(is_safe) {
            return None;
        }
        let wait = if failure.repeat == Repeat::OnceCopied {
            let wait = self.copying.next().map(Duration::from_secs)?;
            (self.elapsed().saturating_add(wait) <= self.options.budget).then_some(wait)?
        } else {
            let wait = self.options.delay(self.counted() + 1, self.elapsed(), failure.retry_after, random_unit())?;
            if failure.retry_after.is_none() && !allowance.spend() {
                tracing::debug!("no retry: too many calls of this client have failed");
                return None;
            }
            wait
        };
        tracing::debug!(attempt = self.attempt + 1, ?wait, status = failure.status, "waiting before the next attempt");
        Some(wait)
    }

    /// Waits, and counts the next attempt. Nothing else sleeps between attempts.
    pub(crate) async fn sleep(&mut self, wait: Duration, meter: &Meter) {
        meter.count_wait(wait);
        tokio::time::sleep(wait).await;
        self.attempt += 1;
    }
}

/// A number in 0..1. The standard library seeds its hasher at random, which is enough to spread retries.
fn random_unit() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
    let unit = bits as f64 / (1_u64 << 53) as f64;
    unit
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_is_never_shorter_than_asked_nor_past_the_budget(
            next in 2_u32..12,
            elapsed in 0_u64..700_000,
            hint in proptest::option::of(0_u64..1_000_000),
            unit in 0.0..1.0_f64,
        ) {
            let options = RetryOptions::default();
            let (elapsed, hint) = (Duration::from_millis(elapsed), hint.map(Duration::from_millis));
            if let Some(wait) = options.delay(next, elapsed, hint, unit) {
                prop_assert!(next <= options.max_attempts);
                prop_assert!(elapsed + wait <= options.budget);
                match hint {
                    Some(hint) => prop_assert!(wait >= hint && wait >= options.base / 2),
                    None => prop_assert!(wait <= options.cap),
                }
            } else {
                let least = hint.unwrap_or_default().max(options.cap / 2);
                prop_assert!(next > options.max_attempts || elapsed + least > options.budget);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn two_waits_of_seventeen_seconds_are_waited_in_full() {
        let options = RetryOptions::default();
        let mut failure = Failure::new(crate::error::ErrorKind::Throttled, "slow down");
        failure.repeat = Repeat::Always;
        failure.retry_after = Some(Duration::from_secs(17));
        let started = tokio::time::Instant::now();
        let mut retries = Retries::start(&options);
        let (meter, allowance) = (Meter::default(), Allowance::default());
        assert!(
            retries.wait(&failure, false, &meter, &allowance).await
                && retries.wait(&failure, false, &meter, &allowance).await
        );
        let waited = started.elapsed();
        assert!(waited >= Duration::from_secs(34) && waited <= Duration::from_secs(38), "{waited:?}");
        assert_eq!(retries.attempt(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_is_down_gets_a_hundred_retries_and_no_more_until_it_answers() {
        let options = RetryOptions::default();
        let mut failure = Failure::new(crate::error::ErrorKind::Unavailable, "down");
        failure.repeat = Repeat::Always;
        let (meter, allowance) = (Meter::default(), Allowance::default());
        let mut repeated = 0;
        while Retries::start(&options).wait(&failure, true, &meter, &allowance).await {
            repeated += 1;
        }
        assert_eq!(repeated, 100);
        (0..10).for_each(|_| allowance.earn());
        assert!(Retries::start(&options).wait(&failure, true, &meter, &allowance).await);
        failure.retry_after = Some(Duration::from_secs(1));
        assert!(Retries::start(&options).wait(&failure, true, &meter, &allowance).await, "an asked wait is free");
    }

    #[tokio::test(start_paused = true)]
    async fn copies_are_waited_for_35_seconds_and_cost_no_other_retry() {
        let options = RetryOptions::default().with_max_attempts(2);
        let mut failure = Failure::new(crate::error::ErrorKind::NotFound, "no such object");
        failure.repeat = Repeat::OnceCopied;
        let (meter, allowance) = (Meter::default(), Allowance::default());
        let started = tokio::time::Instant::now();
        let mut retries = Retries::start(&options);
        while retries.wait(&failure, false, &meter, &allowance).await {}
        assert_eq!(started.elapsed(), Duration::from_secs(35));
        failure.repeat = Repeat::Always;
        assert!(retries.wait(&failure, false, &meter, &allowance).await);
        assert!(!retries.wait(&failure, false, &meter, &allowance).await);
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_have_happened_is_repeated_only_if_safe() {
        let options = RetryOptions::default();
        let mut failure = Failure::new(crate::error::ErrorKind::Interrupted, "reset");
        failure.repeat = Repeat::IfSafe;
        let (meter, allowance) = (Meter::default(), Allowance::default());
        assert!(!Retries::start(&options).wait(&failure, false, &meter, &allowance).await);
        assert!(Retries::start(&options).wait(&failure, true, &meter, &allowance).await);
        failure.repeat = Repeat::Never;
        assert!(!Retries::start(&options).wait(&failure, true, &meter, &allowance).await);
    }
}
