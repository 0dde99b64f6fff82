//! How many calls are in flight at once, and when none may be.
//!
//! A service that throttles one call throttles them all, so the answer to one stops the others: a lane is closed for as
//! long as the service asked, then one call probes, and the limit grows from there. All clones of a client share it.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::cloud::Service;

/// The most calls in flight, which an answer of 429 or 503 lowers and success raises again.
///
/// A client begins with a few calls at once and doubles them with every round that succeeds, so that a service that
/// throttles from the start has little to turn away.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// What a service lets through at the moment. Made by [`Client::graph_load`](crate::Client::graph_load) and
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
    pub closed_for: Option<Duration>,
}

/// Where a new lane begins.
const INITIAL: usize = 4;

/// Lanes of mailboxes that are kept although nobody uses them.
const IDLE_LANES: usize = 1_024;

#[derive(Debug)]
pub(crate) struct Gate {
    graph: Arc<Lane>,
    exchange: Arc<Lane>,
    mailboxes: Mutex<HashMap<Box<str>, Arc<Lane>>>,
    per_mailbox: usize,
}

impl Gate {
    pub(crate) fn new(concurrency: &Concurrency) -> Self {
        Self {
            graph: Arc::new(Lane::new(concurrency.graph)),
            exchange: Arc::new(Lane::new(concurrency.exchange)),
            mailboxes: Mutex::default(),
            per_mailbox: concurrency.mailbox,
        }
    }

    fn service(&self, service: Service) -> &Arc<Lane> {
        match service {
            Service::Graph => &self.graph,
            Service::Exchange => &self.exchange,
        }
    }

    fn mailbox(&self, mailbox: &str) -> Arc<Lane> {
        let mut lanes = lock(&self.mailboxes);
        if let Some(lane) = lanes.get(mailbox) {
            return Arc::clone(lane);
        }
        if lanes.len() >= IDLE_LANES {
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1 || lane.load().closed_for.is_some());
        }
        let lane = Arc::new(Lane::new(self.per_mailbox));
        lanes.insert(mailbox.into(), Arc::clone(&lane));
        lane
    }

    /// Waits for the call's turn. The pass keeps its place until it is dropped.
    pub(crate) async fn enter(&self, service: Service, mailbox: Option<&str>) -> Pass {
        // The narrow lane first: a call that waits for its mailbox takes no place from the others.
        let mailbox = match mailbox {
            Some(mailbox) => Some(Lane::enter(self.mailbox(mailbox)).await),
            None => None,
        };
        Pass { service: Lane::enter(Arc::clone(self.service(service))).await, mailbox }
    }

    pub(crate) fn load(&self, service: Service) -> Load {
        self.service(service).load()
    }
}

/// A call's place in its lanes.
#[derive(Debug)]
pub(crate) struct Pass {
    service: Place,
    mailbox: Option<Place>,
}

impl Pass {
    /// The service answered, in whatever way, and did not throttle.
    pub(crate) fn answered(&self) {
        self.service.0.grow();
        if let Some(mailbox) = &self.mailbox {
            mailbox.0.grow();
        }
    }

    /// The service throttled. Outlook counts by mailbox, so only that lane is stopped where there is one.
    pub(crate) fn throttled(&self, hint: Option<Duration>) {
        match &self.mailbox {
            Some(mailbox) => mailbox.0.close(hint),
            None => self.service.0.close(hint),
        }
    }
}

#[derive(Debug)]
struct Place(Arc<Lane>);

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.in_flight -= 1;
        drop(state);
        self.0.turn.notify_one();
    }
}

#[derive(Debug)]
struct Lane {
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
    closed_until: Option<Instant>,
}

enum Entry {
    Entered,
    Full,
    ClosedUntil(Instant),
}

impl Lane {
    fn new(most: usize) -> Self {
        let most = most.max(1);
        let state = State {
            limit: INITIAL.min(most),
            threshold: most,
            successes: 0,
            in_flight: 0,
            waiting: 0,
            closed_until: None,
        };
        Self { most, state: Mutex::new(state), turn: Notify::new() }
    }

    async fn enter(lane: Arc<Self>) -> Place {
        if !matches!(lane.try_enter(), Entry::Entered) {
            let _waiting = Waiting::new(&lane);
            loop {
                // Listening begins before looking, so that no turn is missed in between.
                let mut turn = pin!(lane.turn.notified());
                turn.as_mut().enable();
                match lane.try_enter() {
                    Entry::Entered => break,
                    Entry::Full => turn.await,
                    Entry::ClosedUntil(until) => match select(turn, pin!(tokio::time::sleep_until(until))).await {
                        Either::Left(_) | Either::Right(_) => {}
                    },
                }
            }
        }
        Place(lane)
    }

    fn try_enter(&self) -> Entry {
        let mut state = lock(&self.state);
        if let Some(until) = state.closed_until {
            if Instant::now() < until {
                return Entry::ClosedUntil(until);
            }
            state.closed_until = None;
        }
        if state.in_flight >= state.limit {
            return Entry::Full;
        }
        state.in_flight += 1;
        Entry::Entered
    }

    fn grow(&self) {
        let mut state = lock(&self.state);
        if state.limit >= self.most {
            return;
        }
        state.successes += 1;
        if state.limit < state.threshold || state.successes >= state.limit {
            state.successes = 0;
            state.limit += 1;
            drop(state);
            self.turn.notify_one();
        }
    }

    /// Halves where the limit goes back to, and lets one call through after the wait.
    fn close(&self, hint: Option<Duration>) {
        let mut state = lock(&self.state);
        // Calls that were in flight together are turned away together: that is one event.
        if state.limit > 1 {
            state.threshold = (state.limit / 2).max(1);
        }
        state.limit = 1;
        state.successes = 0;
        if let Some(until) = hint.and_then(|hint| Instant::now().checked_add(hint)) {
            state.closed_until = state.closed_until.max(Some(until));
        }
    }

    fn load(&self) -> Load {
        let state = lock(&self.state);
        let left = |until: Instant| until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        Load {
            limit: state.limit,
            in_flight: state.in_flight,
            waiting: state.waiting,
            closed_for: state.closed_until.and_then(left),
        }
    }
}

/// Counts a call that waits, also if it is given up.
struct Waiting<'a>(&'a Lane);

impl<'a> Waiting<'a> {
    fn new(lane: &'a Lane) -> Self {
        lock(&lane.state).waiting += 1;
        Self(lane)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).waiting -= 1;
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

    fn gate(graph: usize) -> Arc<Gate> {
        Arc::new(Gate::new(&Concurrency::default().with_graph(graph)))
    }

    async fn enter(gate: &Gate) -> Pass {
        gate.enter(Service::Graph, None).await
    }

    /// A server that turns everything away for a while, and calls that come back when they are told to.
    async fn requests_through_a_window(calls: usize, window: Duration, hint: Duration) -> usize {
        let gate = gate(64);
        let opens = Instant::now() + window;
        let sent = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..calls)
            .map(|_| {
                let (gate, sent) = (Arc::clone(&gate), Arc::clone(&sent));
                tokio::spawn(async move {
                    loop {
                        let pass = enter(&gate).await;
                        sent.fetch_add(1, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        if Instant::now() >= opens {
                            pass.answered();
                            return;
                        }
                        pass.throttled(Some(hint));
                        drop(pass);
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
        let sent = requests_through_a_window(64, Duration::from_secs(3), Duration::from_secs(2)).await;
        assert!((64..=72).contains(&sent), "{sent} requests");
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_of_one_call_stops_all_others() {
        let gate = gate(64);
        let pass = enter(&gate).await;
        pass.throttled(Some(Duration::from_secs(7)));
        drop(pass);
        let started = Instant::now();
        drop(enter(&gate).await);
        assert!(started.elapsed() >= Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_halves_and_recovers() {
        let gate = gate(64);
        for _ in 0..60 {
            enter(&gate).await.answered();
        }
        assert_eq!(gate.load(Service::Graph).limit, 64);
        enter(&gate).await.throttled(None);
        assert_eq!(gate.load(Service::Graph).limit, 1);
        for _ in 0..31 {
            enter(&gate).await.answered();
        }
        assert_eq!(gate.load(Service::Graph).limit, 32, "it is back at half after as many successes");
        for _ in 0..32 {
            enter(&gate).await.answered();
        }
        assert_eq!(gate.load(Service::Graph).limit, 33, "and goes on by one per round");
    }

    #[tokio::test(start_paused = true)]
    async fn never_more_than_the_limit_are_in_flight_and_dropped_waiters_leave_nothing_behind() {
        let gate = gate(3);
        let passes = [enter(&gate).await, enter(&gate).await, enter(&gate).await];
        for _ in 0..10 {
            assert!(tokio::time::timeout(Duration::from_millis(1), enter(&gate)).await.is_err());
        }
        let load = gate.load(Service::Graph);
        assert_eq!((load.limit, load.in_flight, load.waiting), (3, 3, 0));
        drop(passes);
        let again = [enter(&gate).await, enter(&gate).await, enter(&gate).await];
        assert_eq!(gate.load(Service::Graph).in_flight, again.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_mailbox_stops_itself_alone() {
        let gate = gate(64);
        let pass = gate.enter(Service::Graph, Some("room-1")).await;
        pass.throttled(Some(Duration::from_secs(60)));
        drop(pass);
        let other = gate.enter(Service::Graph, Some("room-2"));
        assert!(tokio::time::timeout(Duration::from_secs(1), other).await.is_ok());
        let same = gate.enter(Service::Graph, Some("room-1"));
        assert!(tokio::time::timeout(Duration::from_secs(1), same).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn four_calls_of_a_mailbox_are_in_flight_and_no_fifth() {
        let gate = gate(64);
        let mut passes = Vec::new();
        for _ in 0..4 {
            passes.push(gate.enter(Service::Graph, Some("room-1")).await);
        }
        let fifth = gate.enter(Service::Graph, Some("room-1"));
        assert!(tokio::time::timeout(Duration::from_secs(1), fifth).await.is_err());
        passes.pop();
        let fifth = gate.enter(Service::Graph, Some("room-1"));
        assert!(tokio::time::timeout(Duration::from_secs(1), fifth).await.is_ok());
    }
}
