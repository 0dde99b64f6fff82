//! How many calls are in flight at once, and when none may be.
//!
//! A service that throttles one call throttles them all, so the response to one stops the others: a limiter is blocked for as
//! long as the service asked, then one call probes, and the limit grows from there. All clones of a client share it.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::cloud::Service;
use crate::time::Later;

/// The most calls in flight, which a response of 429 or 503 lowers and success raises again.
///
/// A client begins with four calls at once, and each response lets four others begin. After a time without calls, too, no more
/// than four begin before the first response, or before a quarter of a second has passed: a service that throttles has little
/// to turn away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Concurrency {
    /// Calls to Graph in flight at most. Default 64.
    pub graph: usize,
    /// Calls to Exchange in flight at most, batches counted as one. Exchange publishes no limit and refuses too many
    /// at once per tenant. Default 4.
    pub exchange: usize,
    /// Calls to one mailbox in flight at most. Outlook takes four per application and mailbox. Default 4.
    pub mailbox: usize,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self { graph: 64, exchange: 4, mailbox: 4 }
    }
}

impl Concurrency {
    /// Sets how many calls to Graph are in flight at most; 0 counts as 1.
    #[must_use]
    pub fn with_graph(mut self, calls: usize) -> Self {
        self.graph = calls;
        self
    }

    /// Sets how many calls to Exchange are in flight at most; 0 counts as 1.
    #[must_use]
    pub fn with_exchange(mut self, calls: usize) -> Self {
        self.exchange = calls;
        self
    }

    /// Sets how many calls to one mailbox are in flight at most; 0 counts as 1.
    #[must_use]
    pub fn with_mailbox(mut self, calls: usize) -> Self {
        self.mailbox = calls;
        self
    }
}

/// What a service lets through at the moment. Waits for a single mailbox are not in it. Made by [`Client::graph_load`](crate::Client::graph_load) and
/// [`Client::exchange_load`](crate::Client::exchange_load).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Load {
    /// How many calls may be in flight.
    pub limit: usize,
    /// How many are.
    pub in_flight: usize,
    /// How many wait for their turn.
    pub waiting: usize,
    /// For how long the service asked to be left alone.
    pub blocked_for: Option<Duration>,
}

/// How many calls begin together before the first response.
const TOGETHER: usize = 4;

/// How many more may be in flight with each response, until all may that the limit allows: 4, 16 and 64 are three round trips.
const MORE_WITH_A_RESPONSE: usize = 3;

/// For how long calls wait for a response to those that began before them. A refusal for load comes fast; one that takes long is
/// no reason to hold the others.
const FIRST_RESPONSE: Duration = Duration::from_millis(250);

/// Lanes of mailboxes that are kept although nobody uses them.
const IDLE_LIMITERS: usize = 1_024;

#[derive(Debug)]
pub(crate) struct Limiters {
    graph: Arc<Limiter>,
    exchange: Arc<Limiter>,
    mailboxes: Mutex<HashMap<Box<str>, Arc<Limiter>>>,
    per_mailbox: usize,
}

impl Limiters {
    pub(crate) fn new(concurrency: &Concurrency) -> Self {
        Self {
            graph: Arc::new(Limiter::new(concurrency.graph)),
            exchange: Arc::new(Limiter::new(concurrency.exchange)),
            mailboxes: Mutex::default(),
            per_mailbox: concurrency.mailbox,
        }
    }

    fn service(&self, service: Service) -> &Arc<Limiter> {
        match service {
            Service::Graph => &self.graph,
            Service::Exchange => &self.exchange,
        }
    }

    fn mailbox(&self, mailbox: &str) -> Arc<Limiter> {
        let mut limiters = lock(&self.mailboxes);
        if let Some(limiter) = limiters.get(mailbox) {
            return Arc::clone(limiter);
        }
        if limiters.len() >= IDLE_LIMITERS {
            limiters.retain(|_, limiter| Arc::strong_count(limiter) > 1 || limiter.load().blocked_for.is_some());
        }
        let limiter = Arc::new(Limiter::new(self.per_mailbox));
        limiters.insert(mailbox.into(), Arc::clone(&limiter));
        limiter
    }

    /// Waits for the call's turn. The permits are kept until they are dropped.
    ///
    /// A limiter that is blocked for longer than the call's `max_wait` ends the wait at once.
    pub(crate) async fn acquire(
        &self,
        service: Service,
        mailbox: Option<&str>,
        max_wait: Duration,
    ) -> Result<Permits, BlockedFor> {
        let deadline = Instant::now().checked_add(max_wait);
        // The narrow limiter first: a call that waits for its mailbox takes no permit from the others.
        let mailbox = match mailbox {
            Some(mailbox) => Some(Limiter::acquire(self.mailbox(mailbox), 1, deadline).await?),
            None => None,
        };
        Ok(Permits { service: Limiter::acquire(Arc::clone(self.service(service)), 1, deadline).await?, mailbox })
    }

    /// Waits for a batch's turn at each of the mailboxes that its requests work in, and says which are blocked for longer
    /// than its `max_wait`.
    pub(crate) async fn acquire_mailboxes<'a>(
        &self,
        mailboxes: impl IntoIterator<Item = &'a str>,
        max_wait: Duration,
    ) -> (BatchPermits, Vec<(&'a str, BlockedFor)>) {
        let deadline = Instant::now().checked_add(max_wait);
        // In one order, so that two batches do not wait for each other.
        let mut requests: BTreeMap<&str, usize> = BTreeMap::new();
        for mailbox in mailboxes {
            *requests.entry(mailbox).or_default() += 1;
        }
        let (mut permits, mut blocked) = (Vec::with_capacity(requests.len()), Vec::new());
        for (mailbox, count) in requests {
            match Limiter::acquire(self.mailbox(mailbox), count.min(AT_ONCE_IN_BATCH), deadline).await {
                Ok(permit) => permits.push(permit),
                Err(blocked_for) => blocked.push((mailbox, blocked_for)),
            }
        }
        (BatchPermits(permits), blocked)
    }

    /// A service said of calls in a batch, which itself was taken, that there are too many.
    pub(crate) fn block(&self, limit: &Limit, wait: Duration) {
        let limiter = match limit {
            Limit::Service(service) => Arc::clone(self.service(*service)),
            Limit::Mailbox(mailbox) => self.mailbox(mailbox),
        };
        let blocks = lock(&limiter.state).blocks;
        limiter.block(wait, blocks);
    }

    pub(crate) fn load(&self, service: Service) -> Load {
        self.service(service).load()
    }
}

/// What a service limits calls by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Limit {
    Service(Service),
    Mailbox(Box<str>),
}

impl Limit {
    /// What is meant where a call in a batch is turned away: its mailbox, or all calls if the service says so. Exchange
    /// counts them all together. `None` where Graph turns one call away alone: that stops no other.
    pub(crate) fn of_call_in_batch(service: Service, mailbox: Option<&str>, is_of_application: bool) -> Option<Self> {
        match mailbox {
            _ if is_of_application || service == Service::Exchange => Some(Self::Service(service)),
            Some(mailbox) => Some(Self::Mailbox(mailbox.into())),
            None => None,
        }
    }
}

/// A limiter is blocked for longer than a call may wait.
#[derive(Debug)]
pub(crate) struct BlockedFor(pub(crate) Duration);

/// How many requests of a batch Outlook carries out at a time, whatever their mailboxes.
const AT_ONCE_IN_BATCH: usize = 4;

/// A batch's permits at its mailboxes.
#[derive(Debug)]
pub(crate) struct BatchPermits(#[expect(dead_code, reason = "the permits are kept until it is dropped")] Vec<Permit>);

/// A call's permit in its limiters.
#[derive(Debug)]
pub(crate) struct Permits {
    service: Permit,
    mailbox: Option<Permit>,
}

impl Permits {
    /// The service answered, in whatever way, and did not throttle.
    pub(crate) fn answered(&self) {
        self.service.grow();
        if let Some(mailbox) = &self.mailbox {
            mailbox.grow();
        }
    }

    /// The service throttled. Outlook counts by mailbox, so only that limiter is stopped where there is one, unless the
    /// service says that it means the whole application.
    pub(crate) fn throttled(&self, wait: Duration, everywhere: bool) {
        match &self.mailbox {
            Some(mailbox) if !everywhere => mailbox.block(wait),
            _ => self.service.block(wait),
        }
    }
}

#[derive(Debug)]
struct Permit {
    limiter: Arc<Limiter>,
    /// How many calls it is for.
    calls: usize,
    /// How often the limiter had been blocked when they entered.
    blocks: u64,
}

impl Permit {
    /// A response to a call that was sent before the limiter was blocked says nothing about what it bears now.
    fn grow(&self) {
        self.limiter.grow(self.blocks);
    }

    fn block(&self, wait: Duration) {
        self.limiter.block(wait, self.blocks);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = lock(&self.limiter.state);
        state.in_flight -= self.calls;
        // Without calls nobody knows what the service bears.
        if state.in_flight == 0 && state.waiting == 0 {
            state.opened = TOGETHER;
        }
        self.limiter.wake(state);
    }
}

#[derive(Debug)]
struct Limiter {
    most: usize,
    state: Mutex<State>,
    turn: Notify,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// Below it the limit grows with every success, above it with every full round of successes.
    threshold: usize,
    successes: usize,
    in_flight: usize,
    waiting: usize,
    /// How many of them wait for several permits at once.
    waiting_for_several: usize,
    blocked_until: Option<Instant>,
    blocks: u64,
    /// How many calls may be in flight by the responses since there were no calls. The limit holds beside it.
    opened: usize,
    /// When that last became more.
    opened_at: Instant,
}

impl State {
    fn open(&mut self, more: usize, now: Instant) {
        self.opened += more;
        self.opened_at = now;
    }
}

enum Attempt {
    Acquired(u64),
    Full,
    /// The limit allows it, but there is no response yet to the calls before.
    NoResponseUntil(Instant),
    BlockedUntil(Instant),
}

impl Limiter {
    fn new(most: usize) -> Self {
        let most = most.max(1);
        let state = State {
            limit: most,
            threshold: most,
            successes: 0,
            in_flight: 0,
            waiting: 0,
            waiting_for_several: 0,
            blocked_until: None,
            blocks: 0,
            opened: TOGETHER,
            opened_at: Instant::now(),
        };
        Self { most, state: Mutex::new(state), turn: Notify::new() }
    }

    async fn acquire(limiter: Arc<Self>, calls: usize, deadline: Option<Instant>) -> Result<Permit, BlockedFor> {
        let blocks = match limiter.try_acquire(calls) {
            Attempt::Acquired(blocks) => blocks,
            _ => Self::wait(&limiter, calls, deadline).await?,
        };
        Ok(Permit { limiter, calls, blocks })
    }

    async fn wait(limiter: &Self, calls: usize, deadline: Option<Instant>) -> Result<u64, BlockedFor> {
        let _waiting = Waiting::new(limiter, calls);
        loop {
            // Listening begins before looking, so that no turn is missed in between.
            let mut turn = pin!(limiter.turn.notified());
            turn.as_mut().enable();
            match limiter.try_acquire(calls) {
                Attempt::Acquired(blocks) => return Ok(blocks),
                Attempt::Full => turn.await,
                Attempt::NoResponseUntil(until) => match select(turn, pin!(tokio::time::sleep_until(until))).await {
                    Either::Left(_) | Either::Right(_) => {}
                },
                Attempt::BlockedUntil(until) if deadline.is_some_and(|deadline| until > deadline) => {
                    return Err(BlockedFor(until.saturating_duration_since(Instant::now())));
                }
                Attempt::BlockedUntil(until) => match select(turn, pin!(tokio::time::sleep_until(until))).await {
                    Either::Left(_) | Either::Right(_) => {}
                },
            }
        }
    }

    fn try_acquire(&self, calls: usize) -> Attempt {
        let mut state = lock(&self.state);
        let now = Instant::now();
        if let Some(until) = state.blocked_until {
            if now < until {
                return Attempt::BlockedUntil(until);
            }
            state.blocked_until = None;
        }
        // Several that never fit together go when they are alone.
        let alone = state.in_flight == 0;
        if !alone && state.in_flight + calls > state.limit {
            return Attempt::Full;
        }
        if !alone && state.in_flight + calls > state.opened {
            let until = state.opened_at.later(FIRST_RESPONSE);
            if now < until {
                return Attempt::NoResponseUntil(until);
            }
            let more = state.opened;
            state.open(more, now);
        }
        if alone {
            state.opened_at = now;
        }
        state.in_flight += calls;
        Attempt::Acquired(state.blocks)
    }

    fn grow(&self, blocks: u64) {
        let mut state = lock(&self.state);
        if state.blocks != blocks {
            return;
        }
        let opens = state.opened < self.most;
        if opens {
            state.open(MORE_WITH_A_RESPONSE, Instant::now());
        }
        let mut grows = false;
        if state.limit < self.most {
            state.successes += 1;
            grows = state.limit < state.threshold || state.successes >= state.limit;
        }
        if grows {
            state.successes = 0;
            state.limit += 1;
        }
        if opens || grows {
            self.wake(state);
        }
    }

    /// There may be room. A permit is the next one's turn, but one who needs several may leave it to another.
    fn wake(&self, state: MutexGuard<'_, State>) {
        let everyone = state.waiting_for_several > 0;
        drop(state);
        if everyone {
            self.turn.notify_waiters();
        } else {
            self.turn.notify_one();
        }
    }

    /// Halves where the limit goes back to, and lets one call through after the wait.
    fn block(&self, wait: Duration, blocks: u64) {
        let mut state = lock(&self.state);
        // Calls that were in flight together are turned away together: that is one event.
        if state.blocks == blocks {
            state.threshold = (state.limit / 2).max(1);
            state.limit = 1;
            state.successes = 0;
            state.blocks += 1;
        }
        state.blocked_until = state.blocked_until.max(Some(Instant::now().later(wait)));
        drop(state);
        // Whoever waits looks at how long, and may not be able to wait so long.
        self.turn.notify_waiters();
    }

    fn load(&self) -> Load {
        let state = lock(&self.state);
        let left = |until: Instant| until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        Load {
            limit: state.limit,
            in_flight: state.in_flight,
            waiting: state.waiting,
            blocked_for: state.blocked_until.and_then(left),
        }
    }
}

/// Counts a call that waits, also if it is given up.
struct Waiting<'a> {
    limiter: &'a Limiter,
    for_several: bool,
}

impl<'a> Waiting<'a> {
    fn new(limiter: &'a Limiter, calls: usize) -> Self {
        let for_several = calls > 1;
        let mut state = lock(&limiter.state);
        state.waiting += 1;
        state.waiting_for_several += usize::from(for_several);
        drop(state);
        Self { limiter, for_several }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.limiter.state);
        state.waiting -= 1;
        state.waiting_for_several -= usize::from(self.for_several);
        // It may have been this one's turn, which is another's now; and one answer may make room for several.
        self.limiter.wake(state);
    }
}

/// A panic while the lock was held leaves numbers that are at worst off by one; waiting for ever would be worse.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn limiters(graph: usize) -> Arc<Limiters> {
        Arc::new(Limiters::new(&Concurrency::default().with_graph(graph)))
    }

    const MAX_WAIT: Duration = Duration::from_secs(600);

    async fn acquire(limiters: &Limiters) -> Permits {
        limiters.acquire(Service::Graph, None, MAX_WAIT).await.expect("no limiter is blocked for so long")
    }

    /// A server that turns everything away for a while, and calls that come back when they are told to.
    async fn requests_through_a_window(calls: usize, before: usize, window: Duration, hint: Duration) -> usize {
        let limiters = limiters(64);
        for _ in 0..before {
            acquire(&limiters).await.answered();
        }
        let opens = Instant::now() + window;
        let sent = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..calls)
            .map(|_| {
                let (limiters, sent) = (Arc::clone(&limiters), Arc::clone(&sent));
                tokio::spawn(async move {
                    loop {
                        let permits = acquire(&limiters).await;
                        sent.fetch_add(1, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        if Instant::now() >= opens {
                            permits.answered();
                            return;
                        }
                        permits.throttled(hint, false);
                        drop(permits);
                        tokio::time::sleep(hint).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        sent.load(Ordering::SeqCst)
    }

    #[tokio::test(start_paused = true)]
    async fn sixty_four_calls_through_three_seconds_of_429_take_little_more_than_sixty_four_requests() {
        for before in [0, 1_000] {
            let sent = requests_through_a_window(64, before, Duration::from_secs(3), Duration::from_secs(2)).await;
            assert!((64..=72).contains(&sent), "{sent} requests after {before}");
        }
    }

    /// The times at which calls begin, when all are there at once and each is answered after so long.
    async fn begins(limiters: &Arc<Limiters>, calls: usize, answer: Duration) -> Vec<Duration> {
        let started = Instant::now();
        let tasks: Vec<_> = (0..calls)
            .map(|_| {
                let limiters = Arc::clone(limiters);
                tokio::spawn(async move {
                    let permits = acquire(&limiters).await;
                    let began = started.elapsed();
                    tokio::time::sleep(answer).await;
                    permits.answered();
                    began
                })
            })
            .collect();
        let mut began = Vec::new();
        for task in tasks {
            began.push(task.await.expect("no panic"));
        }
        began
    }

    #[tokio::test(start_paused = true)]
    async fn full_concurrency_is_reached_within_three_round_trips() {
        let (limiters, trip) = (limiters(64), Duration::from_millis(50));
        let in_trip = |began: &[Duration], trips: u32| began.iter().filter(|at| **at < trip * (trips + 1)).count();
        for what in ["cold", "after a pause"] {
            let began = begins(&limiters, 200, trip).await;
            assert_eq!(in_trip(&began, 0), 4, "{what}: nobody knows yet what the service does");
            assert_eq!(in_trip(&began, 1) - in_trip(&began, 0), 16, "{what}: the answers open it");
            assert_eq!(in_trip(&began, 2) - in_trip(&began, 1), 64, "{what}: all that may be in flight");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn long_answers_hold_the_others_up_for_a_moment_only() {
        let limiters = limiters(64);
        for _ in 0..100 {
            acquire(&limiters).await.answered();
        }
        let began = begins(&limiters, 64, Duration::from_secs(60)).await;
        let last = began.iter().max().expect("there are some");
        assert!(*last <= FIRST_RESPONSE * 4, "{last:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_of_one_call_stops_all_others() {
        let limiters = limiters(64);
        let permits = acquire(&limiters).await;
        permits.throttled(Duration::from_secs(7), false);
        drop(permits);
        let started = Instant::now();
        drop(acquire(&limiters).await);
        assert!(started.elapsed() >= Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_halves_and_recovers() {
        let limiters = limiters(64);
        for _ in 0..60 {
            acquire(&limiters).await.answered();
        }
        assert_eq!(limiters.load(Service::Graph).limit, 64);
        acquire(&limiters).await.throttled(Duration::ZERO, false);
        assert_eq!(limiters.load(Service::Graph).limit, 1);
        for _ in 0..31 {
            acquire(&limiters).await.answered();
        }
        assert_eq!(limiters.load(Service::Graph).limit, 32, "it is back at half after as many successes");
        for _ in 0..32 {
            acquire(&limiters).await.answered();
        }
        assert_eq!(limiters.load(Service::Graph).limit, 33, "and goes on by one per round");
    }

    #[tokio::test(start_paused = true)]
    async fn never_more_than_the_limit_are_in_flight_and_dropped_waiters_leave_nothing_behind() {
        let limiters = limiters(3);
        let permits = [acquire(&limiters).await, acquire(&limiters).await, acquire(&limiters).await];
        for _ in 0..10 {
            assert!(tokio::time::timeout(Duration::from_millis(1), acquire(&limiters)).await.is_err());
        }
        let load = limiters.load(Service::Graph);
        assert_eq!((load.limit, load.in_flight, load.waiting), (3, 3, 0));
        drop(permits);
        let again = [acquire(&limiters).await, acquire(&limiters).await, acquire(&limiters).await];
        assert_eq!(limiters.load(Service::Graph).in_flight, again.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_mailbox_stops_itself_alone() {
        let limiters = limiters(64);
        let permits = limiters.acquire(Service::Graph, Some("room-1"), MAX_WAIT).await.expect("open");
        permits.throttled(Duration::from_secs(60), false);
        drop(permits);
        let other = limiters.acquire(Service::Graph, Some("room-2"), MAX_WAIT);
        assert!(tokio::time::timeout(Duration::from_secs(1), other).await.is_ok());
        let same = limiters.acquire(Service::Graph, Some("room-1"), MAX_WAIT);
        assert!(tokio::time::timeout(Duration::from_secs(1), same).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn four_calls_of_a_mailbox_are_in_flight_and_no_fifth() {
        let limiters = limiters(64);
        let mut permits = Vec::new();
        for _ in 0..4 {
            permits.push(limiters.acquire(Service::Graph, Some("room-1"), MAX_WAIT).await.expect("open"));
        }
        let fifth = limiters.acquire(Service::Graph, Some("room-1"), MAX_WAIT);
        assert!(tokio::time::timeout(Duration::from_secs(1), fifth).await.is_err());
        permits.pop();
        let fifth = limiters.acquire(Service::Graph, Some("room-1"), MAX_WAIT);
        assert!(tokio::time::timeout(Duration::from_secs(1), fifth).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn answers_to_what_was_sent_before_the_closure_do_not_open_the_lane() {
        let limiters = limiters(64);
        for _ in 0..60 {
            acquire(&limiters).await.answered();
        }
        let mut permits = Vec::new();
        for _ in 0..64 {
            permits.push(acquire(&limiters).await);
        }
        let mut permits = permits.into_iter();
        permits.by_ref().take(4).for_each(|permits| permits.throttled(Duration::from_secs(5), false));
        permits.for_each(|permits| permits.answered());
        let load = limiters.load(Service::Graph);
        assert_eq!((load.limit, load.in_flight), (1, 0));
        acquire(&limiters).await.answered();
        assert_eq!(limiters.load(Service::Graph).limit, 2, "the probe opens it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_has_no_longer_patience_than_its_budget() {
        let limiters = limiters(64);
        let permits = acquire(&limiters).await;
        let waiting = tokio::spawn({
            let limiters = Arc::clone(&limiters);
            async move {
                let _all: Vec<_> =
                    [acquire(&limiters).await, acquire(&limiters).await, acquire(&limiters).await].into();
                let BlockedFor(wait) = limiters
                    .acquire(Service::Graph, None, Duration::from_secs(60))
                    .await
                    .expect_err("an hour is too long");
                wait
            }
        });
        tokio::task::yield_now().await;
        permits.throttled(Duration::from_secs(3600), false);
        let started = Instant::now();
        assert!(waiting.await.expect("no panic") > Duration::from_secs(3000));
        assert!(started.elapsed() < Duration::from_secs(1), "it is told at once");
    }

    #[tokio::test(start_paused = true)]
    async fn a_shorter_wait_does_not_open_what_a_longer_one_closed() {
        let limiters = limiters(64);
        let (first, second) = (acquire(&limiters).await, acquire(&limiters).await);
        first.throttled(Duration::from_secs(60), false);
        second.throttled(Duration::from_secs(1), false);
        assert_eq!(limiters.load(Service::Graph).blocked_for, Some(Duration::from_secs(60)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_call_closes_its_mailbox_and_the_service_only_where_it_means_the_application() {
        for is_of_application in [false, true] {
            let limiters = limiters(64);
            let permits = limiters.acquire(Service::Graph, Some("a"), MAX_WAIT).await.expect("open");
            permits.throttled(Duration::from_secs(7), is_of_application);
            assert_eq!(limiters.load(Service::Graph).blocked_for.is_some(), is_of_application);
            assert_eq!(limiters.mailbox("a").load().blocked_for.is_some(), !is_of_application);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn idle_lanes_do_not_pile_up_and_a_blocked_one_is_not_forgotten() {
        let limiters = limiters(64);
        limiters.block(&Limit::Mailbox("blocked".into()), Duration::from_secs(600));
        for number in 0..3 * IDLE_LIMITERS {
            drop(limiters.mailbox(&number.to_string()));
        }
        assert!(lock(&limiters.mailboxes).len() <= IDLE_LIMITERS);
        assert!(limiters.mailbox("blocked").load().blocked_for.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_that_gives_up_passes_its_turn_on() {
        let limiters = limiters(1);
        let permits = acquire(&limiters).await;
        let mut first = Box::pin(limiters.acquire(Service::Graph, None, MAX_WAIT));
        let mut second = Box::pin(limiters.acquire(Service::Graph, None, MAX_WAIT));
        assert!(futures_util::poll!(&mut first).is_pending() && futures_util::poll!(&mut second).is_pending());
        drop(permits);
        // It was the first one's turn.
        drop(first);
        let second = tokio::time::timeout(Duration::from_secs(1), second).await;
        assert!(second.expect("it is the second one's turn").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn batches_take_the_permits_that_outlook_counts() {
        let limiters = limiters(64);
        let (first, blocked) = limiters.acquire_mailboxes(["a", "b", "a", "a", "a", "a", "b"], MAX_WAIT).await;
        assert!(blocked.is_empty());
        let single = limiters.acquire(Service::Graph, Some("a"), MAX_WAIT);
        assert!(tokio::time::timeout(Duration::from_secs(1), single).await.is_err(), "four of them are at once");
        assert!(limiters.acquire(Service::Graph, Some("b"), MAX_WAIT).await.is_ok());
        drop(first);
        assert!(limiters.acquire(Service::Graph, Some("a"), MAX_WAIT).await.is_ok());
        limiters.block(&Limit::Mailbox("a".into()), Duration::from_secs(3600));
        let (_permits, blocked) = limiters.acquire_mailboxes(["a", "b"], Duration::from_secs(60)).await;
        assert!(matches!(blocked[..], [("a", BlockedFor(_))]), "{blocked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_that_does_not_fit_leaves_the_place_to_a_call_that_does() {
        let limiters = limiters(64);
        let mut permits = Vec::new();
        for _ in 0..4 {
            permits.push(limiters.acquire(Service::Graph, Some("a"), MAX_WAIT).await.expect("open"));
        }
        let mut batch = Box::pin(limiters.acquire_mailboxes(["a"; 4], MAX_WAIT));
        let mut single = Box::pin(limiters.acquire(Service::Graph, Some("a"), MAX_WAIT));
        assert!(futures_util::poll!(&mut batch).is_pending() && futures_util::poll!(&mut single).is_pending());
        permits.pop();
        let single = async { tokio::time::timeout(Duration::from_secs(1), single).await.expect("one permit is free") };
        let (single, _) = tokio::join!(single, async { futures_util::poll!(&mut batch) });
        drop((single, permits));
        let (_permits, blocked) =
            tokio::time::timeout(Duration::from_secs(1), batch).await.expect("all four permits are free");
        assert!(blocked.is_empty());
    }
}
