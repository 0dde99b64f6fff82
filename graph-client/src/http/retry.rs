use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::meter::{Meter, RetryWait};
use super::{Failure, Repeat};

/// How often a call is repeated, and how long it may wait.
///
/// A wait that the service asks for is never cut short: if it does not fit into [`max_elapsed`](Self::max_elapsed), the call fails at once
/// with the wait in [`Error::retry_after`](crate::Error::retry_after).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RetryOptions {
    /// How often a request is sent at most. 1 means no retry. Default 6. Not counted are one attempt with a new token
    /// after a 401, and those of a call that is said to be about something
    /// [just created](crate::Request::just_created).
    pub max_attempts: u32,
    /// The wait before the first retry where the service names none; it doubles from there. Default 500 ms.
    #[serde(with = "crate::time::friendly")]
    pub initial_delay: Duration,
    /// The longest wait that this client chooses by itself, a day at most. Default 30 s.
    #[serde(with = "crate::time::friendly")]
    pub max_delay: Duration,
    /// The time after which no further attempt is started, from the first one on. Default 10 min.
    #[serde(with = "crate::time::friendly")]
    pub max_elapsed: Duration,
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self {
            max_attempts: 6,
            initial_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(30),
            max_elapsed: Duration::from_secs(10 * 60),
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
    pub fn with_initial_delay(mut self, delay: Duration) -> Self {
        self.initial_delay = delay;
        self
    }

    /// Sets the longest wait that the client chooses by itself.
    #[must_use]
    pub fn with_max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets the time after which no further attempt is started.
    #[must_use]
    pub fn with_max_elapsed(mut self, limit: Duration) -> Self {
        self.max_elapsed = limit;
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
        let doubled =
            self.initial_delay.saturating_mul(1 << next.saturating_sub(2).min(16)).min(self.max_delay).min(LONGEST);
        let (least, spread) = match hint {
            // A service that asks for next to nothing is not asked six times at once.
            Some(hint) if hint >= doubled / 2 => (hint, hint.min(self.max_delay).min(LONGEST) / 10),
            _ => (doubled / 2, doubled / 2),
        };
        let left = self.max_elapsed.checked_sub(elapsed)?;
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
pub(crate) struct RetryBudget(AtomicU32);

/// What a full budget holds, and what a retry and a success are worth: one retry in ten calls goes on for ever.
const FULL: u32 = 1_000;
const RETRY: u32 = 10;
const SUCCESS: u32 = 1;

impl Default for RetryBudget {
    fn default() -> Self {
        Self(AtomicU32::new(FULL))
    }
}

impl RetryBudget {
    pub(crate) fn deposit(&self) {
        if self.0.load(Ordering::Relaxed) < FULL {
            let more = |held: u32| (held < FULL).then(|| (held + SUCCESS).min(FULL));
            let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }

    fn withdraw(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| held.checked_sub(RETRY)).is_ok()
    }
}

/// Time as the retries see it: what it is now, and how to wait. A test brings its own.
pub(crate) trait Clock: fmt::Debug + Send + Sync {
    fn now(&self) -> Instant;

    fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The clock of the runtime, which stands still where a test has paused it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuntimeClock;

impl Clock for RuntimeClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(wait))
    }
}

/// Something that is attempted until it succeeds, or until there is no point in going on.
pub(crate) trait Attempts: Send {
    type Output;

    /// Makes one attempt.
    fn attempt(&mut self, retries: &mut Retries<'_>)
    -> impl Future<Output = Result<Self::Output, Box<Failure>>> + Send;

    /// Whether repeating it does no more than doing it once.
    fn is_idempotent(&self) -> bool;

    /// There is to be no attempt after `failure`. What is attempted for several at once may give up on one of them and
    /// name another failure to wait for.
    fn give_up(&mut self, failure: Box<Failure>, retries: &Retries<'_>) -> Result<Box<Failure>, Box<Failure>> {
        let _ = retries;
        Err(failure)
    }
}

/// Attempts until it succeeds, waiting in between as the failures and the options say. Nothing else in this crate waits
/// between attempts.
pub(crate) async fn repeat<A: Attempts>(work: &mut A, retries: &mut Retries<'_>) -> Result<A::Output, Box<Failure>> {
    loop {
        let result = work.attempt(retries).await;
        retries.in_flight = false;
        let mut failure = match result {
            Ok(output) => return Ok(output),
            Err(failure) => failure,
        };
        let wait = loop {
            match retries.next_wait(&failure, work.is_idempotent()) {
                Some(wait) => break wait,
                None => failure = work.give_up(failure, retries)?,
            }
        };
        retries.outcome_unknown |= failure.outcome_unknown;
        retries.failure = Some(failure);
        retries.wait(wait).await;
    }
}

/// How far the attempts of one call have come, and what they may still cost.
pub(crate) struct Retries<'a> {
    options: RetryOptions,
    budget: &'a RetryBudget,
    meter: &'a Meter,
    clock: &'a dyn Clock,
    started: Instant,
    attempt: u32,
    /// How many requests were sent.
    sent: u32,
    /// Attempts that do not count against the most.
    uncounted: u32,
    /// The waits for the directory's replication that are left.
    replication: std::array::IntoIter<u64, 6>,
    /// An earlier attempt may have been carried out.
    pub(crate) outcome_unknown: bool,
    /// A request is on its way.
    pub(crate) in_flight: bool,
    /// How the last attempt ended, until the next one's request goes out.
    pub(crate) failure: Option<Box<Failure>>,
}

/// The waits for the directory's replication in seconds: 35 together. An object that was just created was seen to be
/// unknown to some servers for 25 and more.
const REPLICATION: [u64; 6] = [1, 2, 4, 8, 8, 12];

impl<'a> Retries<'a> {
    pub(crate) fn start(
        options: RetryOptions,
        budget: &'a RetryBudget,
        meter: &'a Meter,
        clock: &'a dyn Clock,
    ) -> Self {
        Self {
            options,
            budget,
            meter,
            clock,
            started: clock.now(),
            attempt: 1,
            sent: 0,
            uncounted: 0,
            replication: REPLICATION.into_iter(),
            outcome_unknown: false,
            in_flight: false,
            failure: None,
        }
    }

    /// The attempt that is being made, from 1.
    pub(crate) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How many requests were sent.
    pub(crate) fn sent(&self) -> u32 {
        self.sent
    }

    /// The attempt's request goes out.
    pub(crate) fn sending(&mut self) {
        self.meter.count_request(self.attempt > 1);
        self.sent = self.attempt;
        self.failure = None;
        self.in_flight = true;
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.started)
    }

    /// For how long another attempt may still be waited for.
    pub(crate) fn time_left(&self) -> Duration {
        self.options.max_elapsed.saturating_sub(self.elapsed())
    }

    pub(crate) fn options(&self) -> &RetryOptions {
        &self.options
    }

    /// The wait where the service names none.
    pub(crate) fn initial_delay(&self) -> Duration {
        self.options.initial_delay
    }

    /// The attempts that count against the most.
    pub(crate) fn counted(&self) -> u32 {
        self.attempt.saturating_sub(self.uncounted)
    }

    /// Counts an attempt that needs no wait and takes none from the others, such as one with a new token.
    pub(crate) fn count_free(&mut self) {
        self.attempt += 1;
        self.uncounted += 1;
    }

    /// How long to wait before the next attempt. `None` when there is to be none.
    pub(crate) fn next_wait(&mut self, failure: &Failure, is_idempotent: bool) -> Option<Duration> {
        if !failure.repeat.is_allowed(is_idempotent) {
            return None;
        }
        let wait = match failure.repeat {
            Repeat::AtOnce => Duration::ZERO,
            Repeat::AfterReplication => {
                let wait = self.replication.next().map(Duration::from_secs)?;
                self.uncounted += 1;
                (self.elapsed().saturating_add(wait) <= self.options.max_elapsed).then_some(wait)?
            }
            _ => {
                let next = self.counted() + 1;
                let wait = self.options.delay(next, self.elapsed(), failure.retry_after, random_unit())?;
                if failure.retry_after.is_none() && !self.budget.withdraw() {
                    tracing::debug!("no retry: too many calls of this client have failed");
                    return None;
                }
                wait
            }
        };
        tracing::debug!(attempt = self.attempt + 1, ?wait, status = failure.status, "waiting before the next attempt");
        Some(wait)
    }

    /// Waits, and counts the next attempt.
    async fn wait(&mut self, wait: Duration) {
        if !wait.is_zero() {
            let failure = self.failure.as_deref();
            self.meter.count_wait(&RetryWait {
                wait,
                status: failure.and_then(|failure| failure.status),
                is_throttled: failure
                    .is_some_and(|failure| failure.status == Some(429) || failure.retry_after.is_some()),
            });
            self.clock.sleep(wait).await;
        }
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
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;

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
                prop_assert!(elapsed + wait <= options.max_elapsed);
                match hint {
                    Some(hint) => prop_assert!(wait >= hint && wait >= options.initial_delay / 2),
                    None => prop_assert!(wait <= options.max_delay),
                }
            } else {
                let least = hint.unwrap_or_default().max(options.max_delay / 2);
                prop_assert!(next > options.max_attempts || elapsed + least > options.max_elapsed);
            }
        }
    }

    /// Fails as it is told to, attempt after attempt.
    struct Fails {
        failure: fn() -> Failure,
        is_idempotent: bool,
        attempts: u32,
    }

    impl Attempts for Fails {
        type Output = ();

        async fn attempt(&mut self, _: &mut Retries<'_>) -> Result<(), Box<Failure>> {
            self.attempts += 1;
            Err(Box::new((self.failure)()))
        }

        fn is_idempotent(&self) -> bool {
            self.is_idempotent
        }
    }

    /// A clock that goes on only while it is waited on.
    #[derive(Debug)]
    struct TestClock(Arc<Mutex<Instant>>);

    impl TestClock {
        fn new() -> Self {
            Self(Arc::new(Mutex::new(Instant::now())))
        }
    }

    impl Clock for TestClock {
        fn now(&self) -> Instant {
            *self.0.lock().unwrap()
        }

        fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            *self.0.lock().unwrap() += wait;
            Box::pin(std::future::ready(()))
        }
    }

    fn failure(kind: ErrorKind, repeat: Repeat) -> Failure {
        let mut failure = Failure::new(kind, "refused");
        failure.repeat = repeat;
        failure
    }

    fn throttled() -> Failure {
        let mut failure = failure(ErrorKind::Throttled, Repeat::Always);
        failure.retry_after = Some(Duration::from_secs(17));
        failure
    }

    fn down() -> Failure {
        failure(ErrorKind::Unavailable, Repeat::Always)
    }

    fn unknown() -> Failure {
        failure(ErrorKind::NotFound, Repeat::AfterReplication)
    }

    fn reset() -> Failure {
        failure(ErrorKind::Interrupted, Repeat::IfIdempotent)
    }

    fn refused() -> Failure {
        failure(ErrorKind::Denied, Repeat::Never)
    }

    /// How many attempts are made, and how much time they take.
    async fn attempts(
        failure: fn() -> Failure,
        is_idempotent: bool,
        options: RetryOptions,
        budget: &RetryBudget,
    ) -> (u32, Duration) {
        let (meter, clock) = (Meter::default(), TestClock::new());
        let mut retries = Retries::start(options, budget, &meter, &clock);
        let mut work = Fails { failure, is_idempotent, attempts: 0 };
        assert!(repeat(&mut work, &mut retries).await.is_err());
        (work.attempts, retries.elapsed())
    }

    #[tokio::test]
    async fn two_waits_of_seventeen_seconds_are_waited_in_full() {
        let options = RetryOptions::default().with_max_attempts(3);
        let (attempts, waited) = attempts(throttled, false, options, &RetryBudget::default()).await;
        assert!(waited >= Duration::from_secs(34) && waited <= Duration::from_secs(38), "{waited:?}");
        assert_eq!(attempts, 3);
    }

    #[tokio::test]
    async fn a_service_that_is_down_gets_a_hundred_retries_and_no_more_until_it_answers() {
        let budget = RetryBudget::default();
        let mut retries = 0;
        for _ in 0..200 {
            retries += attempts(down, true, RetryOptions::default(), &budget).await.0 - 1;
        }
        assert_eq!(retries, 100);
        (0..10).for_each(|_| budget.deposit());
        assert_eq!(attempts(down, true, RetryOptions::default(), &budget).await.0, 2);
        let options = RetryOptions::default().with_max_attempts(4);
        assert_eq!(attempts(throttled, true, options, &budget).await.0, 4, "an asked wait is free");
    }

    #[tokio::test]
    async fn replication_is_waited_for_35_seconds_and_costs_no_other_retry() {
        let options = RetryOptions::default().with_max_attempts(2);
        let budget = RetryBudget::default();
        let (attempts, waited) = attempts(unknown, false, options.clone(), &budget).await;
        assert_eq!((attempts, waited), (7, Duration::from_secs(35)));
        let (meter, clock) = (Meter::default(), TestClock::new());
        let mut retries = Retries::start(options, &budget, &meter, &clock);
        while retries.next_wait(&unknown(), false).is_some() {
            retries.attempt += 1;
        }
        assert!(retries.next_wait(&down(), false).is_some());
        retries.attempt += 1;
        assert!(retries.next_wait(&down(), false).is_none());
    }

    #[tokio::test]
    async fn what_may_have_happened_is_repeated_only_if_it_is_idempotent() {
        let budget = RetryBudget::default();
        let options = RetryOptions::default().with_max_attempts(3);
        assert_eq!(attempts(reset, false, options.clone(), &budget).await.0, 1);
        assert_eq!(attempts(reset, true, options.clone(), &budget).await.0, 3);
        assert_eq!(attempts(refused, true, options, &budget).await.0, 1);
    }
}
