//! How many calls are in flight at once, and when none may be.
//!
//! A service that throttles one call throttles them all, so the answer to one stops the others: a lane is closed for as
//! long as the service asked, then one call probes, and the limit grows from there. All clones of a client share it.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::cloud::Service;
use crate::time::Later;

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
    ///
    /// A lane that is closed for longer than the call's `patience` ends the wait at once.
    pub(crate) async fn enter(
        &self,
        service: Service,
        mailbox: Option<&str>,
        patience: Duration,
    ) -> Result<Pass, ClosedFor> {
        let deadline = Instant::now().checked_add(patience);
        // The narrow lane first: a call that waits for its mailbox takes no place from the others.
        let mailbox = match mailbox {
            Some(mailbox) => Some(Lane::enter(self.mailbox(mailbox), 1, deadline).await?),
            None => None,
        };
        Ok(Pass { service: Lane::enter(Arc::clone(self.service(service)), 1, deadline).await?, mailbox })
    }

    /// Waits for a batch's turn at each of the mailboxes that its requests work in, and says which are closed for longer
    /// than its `patience`.
    pub(crate) async fn enter_mailboxes<'a>(
        &self,
        mailboxes: impl IntoIterator<Item = &'a str>,
        patience: Duration,
    ) -> (BatchPass, Vec<(&'a str, ClosedFor)>) {
        let deadline = Instant::now().checked_add(patience);
        // In one order, so that two batches do not wait for each other.
        let mut requests: BTreeMap<&str, usize> = BTreeMap::new();
        for mailbox in mailboxes {
            *requests.entry(mailbox).or_default() += 1;
        }
        let (mut places, mut closed) = (Vec::with_capacity(requests.len()), Vec::new());
        for (mailbox, count) in requests {
            match Lane::enter(self.mailbox(mailbox), count.min(AT_ONCE_IN_BATCH), deadline).await {
                Ok(place) => places.push(place),
                Err(too_long) => closed.push((mailbox, too_long)),
            }
        }
        (BatchPass(places), closed)
    }

    /// A request in a batch was turned away: the next ones to its mailbox wait, or all if the service says that it
    /// means all. The batch itself was taken, so what is said of one of its requests alone stops no other.
    pub(crate) fn throttled_in_batch(&self, mailbox: Option<&str>, wait: Duration, everywhere: bool) {
        let lane = match mailbox {
            _ if everywhere => Arc::clone(&self.graph),
            Some(mailbox) => self.mailbox(mailbox),
            None => return,
        };
        let closures = lock(&lane.state).closures;
        lane.close(wait, closures);
    }

    /// A service said in a response to something else that it gets too many calls.
    pub(crate) fn close(&self, service: Service, wait: Duration) {
        let lane = self.service(service);
        let closures = lock(&lane.state).closures;
        lane.close(wait, closures);
    }

    pub(crate) fn load(&self, service: Service) -> Load {
        self.service(service).load()
    }
}

/// A lane is closed for longer than a call may wait.
#[derive(Debug)]
pub(crate) struct ClosedFor(pub(crate) Duration);

/// How many requests of a batch Outlook carries out at a time, whatever their mailboxes.
const AT_ONCE_IN_BATCH: usize = 4;

/// A batch's places at its mailboxes.
#[derive(Debug)]
pub(crate) struct BatchPass(#[expect(dead_code, reason = "the places are kept until it is dropped")] Vec<Place>);

/// A call's place in its lanes.
#[derive(Debug)]
pub(crate) struct Pass {
    service: Place,
    mailbox: Option<Place>,
}

impl Pass {
    /// The service answered, in whatever way, and did not throttle.
    pub(crate) fn answered(&self) {
        self.service.grow();
        if let Some(mailbox) = &self.mailbox {
            mailbox.grow();
        }
    }

    /// The service throttled. Outlook counts by mailbox, so only that lane is stopped where there is one, unless the
    /// service says that it means the whole application.
    pub(crate) fn throttled(&self, wait: Duration, everywhere: bool) {
        match &self.mailbox {
            Some(mailbox) if !everywhere => mailbox.close(wait),
            _ => self.service.close(wait),
        }
    }
}

#[derive(Debug)]
struct Place {
    lane: Arc<Lane>,
    /// How many calls it is for.
    calls: usize,
    /// How often the lane had been closed when they entered.
    closures: u64,
}

impl Place {
    /// An answer to a call that was sent before the lane was closed says nothing about what it bears now.
    fn grow(&self) {
        self.lane.grow(self.closures);
    }

    fn close(&self, wait: Duration) {
        self.lane.close(wait, self.closures);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = lock(&self.lane.state);
        state.in_flight -= self.calls;
        self.lane.wake(state);
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
    /// How many of them wait for several places at once.
    waiting_for_several: usize,
    closed_until: Option<Instant>,
    closures: u64,
}

enum Entry {
    Entered(u64),
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
            waiting_for_several: 0,
            closed_until: None,
            closures: 0,
        };
        Self { most, state: Mutex::new(state), turn: Notify::new() }
    }

    async fn enter(lane: Arc<Self>, calls: usize, deadline: Option<Instant>) -> Result<Place, ClosedFor> {
        let closures = match lane.try_enter(calls) {
            Entry::Entered(closures) => closures,
            _ => Self::wait(&lane, calls, deadline).await?,
        };
        Ok(Place { lane, calls, closures })
    }

    async fn wait(lane: &Self, calls: usize, deadline: Option<Instant>) -> Result<u64, ClosedFor> {
        let _waiting = Waiting::new(lane, calls);
        loop {
            // Listening begins before looking, so that no turn is missed in between.
            let mut turn = pin!(lane.turn.notified());
            turn.as_mut().enable();
            match lane.try_enter(calls) {
                Entry::Entered(closures) => return Ok(closures),
                Entry::Full => turn.await,
                Entry::ClosedUntil(until) if deadline.is_some_and(|deadline| until > deadline) => {
                    return Err(ClosedFor(until.saturating_duration_since(Instant::now())));
                }
                Entry::ClosedUntil(until) => match select(turn, pin!(tokio::time::sleep_until(until))).await {
                    Either::Left(_) | Either::Right(_) => {}
                },
            }
        }
    }

    fn try_enter(&self, calls: usize) -> Entry {
        let mut state = lock(&self.state);
        if let Some(until) = state.closed_until {
            if Instant::now() < until {
                return Entry::ClosedUntil(until);
            }
            state.closed_until = None;
        }
        // Several that never fit together go when they are alone.
        if state.in_flight > 0 && state.in_flight + calls > state.limit {
            return Entry::Full;
        }
        state.in_flight += calls;
        Entry::Entered(state.closures)
    }

    fn grow(&self, closures: u64) {
        let mut state = lock(&self.state);
        if state.limit >= self.most || state.closures != closures {
            return;
        }
        state.successes += 1;
        if state.limit < state.threshold || state.successes >= state.limit {
            state.successes = 0;
            state.limit += 1;
            self.wake(state);
        }
    }

    /// There may be room. A place is the next one's turn, but one who needs several may leave it to another.
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
    fn close(&self, wait: Duration, closures: u64) {
        let mut state = lock(&self.state);
        // Calls that were in flight together are turned away together: that is one event.
        if state.closures == closures {
            state.threshold = (state.limit / 2).max(1);
            state.limit = 1;
            state.successes = 0;
            state.closures += 1;
        }
        state.closed_until = state.closed_until.max(Some(Instant::now().later(wait)));
        drop(state);
        // Whoever waits looks at how long, and may have no patience for it.
        self.turn.notify_waiters();
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
struct Waiting<'a> {
    lane: &'a Lane,
    for_several: bool,
}

impl<'a> Waiting<'a> {
    fn new(lane: &'a Lane, calls: usize) -> Self {
        let for_several = calls > 1;
        let mut state = lock(&lane.state);
        state.waiting += 1;
        state.waiting_for_several += usize::from(for_several);
        drop(state);
        Self { lane, for_several }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.lane.state);
        state.waiting -= 1;
        state.waiting_for_several -= usize::from(self.for_several);
        // It may have been this one's turn, which is another's now.
        self.lane.wake(state);
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

    const PATIENCE: Duration = Duration::from_secs(600);

    async fn enter(gate: &Gate) -> Pass {
        gate.enter(Service::Graph, None, PATIENCE).await.expect("no lane is closed for so long")
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
                        pass.throttled(hint, false);
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
        pass.throttled(Duration::from_secs(7), false);
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
        enter(&gate).await.throttled(Duration::ZERO, false);
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
        let pass = gate.enter(Service::Graph, Some("room-1"), PATIENCE).await.expect("open");
        pass.throttled(Duration::from_secs(60), false);
        drop(pass);
        let other = gate.enter(Service::Graph, Some("room-2"), PATIENCE);
        assert!(tokio::time::timeout(Duration::from_secs(1), other).await.is_ok());
        let same = gate.enter(Service::Graph, Some("room-1"), PATIENCE);
        assert!(tokio::time::timeout(Duration::from_secs(1), same).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn four_calls_of_a_mailbox_are_in_flight_and_no_fifth() {
        let gate = gate(64);
        let mut passes = Vec::new();
        for _ in 0..4 {
            passes.push(gate.enter(Service::Graph, Some("room-1"), PATIENCE).await.expect("open"));
        }
        let fifth = gate.enter(Service::Graph, Some("room-1"), PATIENCE);
        assert!(tokio::time::timeout(Duration::from_secs(1), fifth).await.is_err());
        passes.pop();
        let fifth = gate.enter(Service::Graph, Some("room-1"), PATIENCE);
        assert!(tokio::time::timeout(Duration::from_secs(1), fifth).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn answers_to_what_was_sent_before_the_closure_do_not_open_the_lane() {
        let gate = gate(64);
        for _ in 0..60 {
            enter(&gate).await.answered();
        }
        let mut passes = Vec::new();
        for _ in 0..64 {
            passes.push(enter(&gate).await);
        }
        let mut passes = passes.into_iter();
        passes.by_ref().take(4).for_each(|pass| pass.throttled(Duration::from_secs(5), false));
        passes.for_each(|pass| pass.answered());
        let load = gate.load(Service::Graph);
        assert_eq!((load.limit, load.in_flight), (1, 0));
        enter(&gate).await.answered();
        assert_eq!(gate.load(Service::Graph).limit, 2, "the probe opens it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_has_no_longer_patience_than_its_budget() {
        let gate = gate(64);
        let pass = enter(&gate).await;
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move {
                let _all: Vec<_> = [enter(&gate).await, enter(&gate).await, enter(&gate).await].into();
                let ClosedFor(wait) =
                    gate.enter(Service::Graph, None, Duration::from_secs(60)).await.expect_err("an hour is too long");
                wait
            }
        });
        tokio::task::yield_now().await;
        pass.throttled(Duration::from_secs(3600), false);
        let started = Instant::now();
        assert!(waiting.await.expect("no panic") > Duration::from_secs(3000));
        assert!(started.elapsed() < Duration::from_secs(1), "it is told at once");
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_that_gives_up_passes_its_turn_on() {
        let gate = gate(1);
        let pass = enter(&gate).await;
        let mut first = Box::pin(gate.enter(Service::Graph, None, PATIENCE));
        let mut second = Box::pin(gate.enter(Service::Graph, None, PATIENCE));
        assert!(futures_util::poll!(&mut first).is_pending() && futures_util::poll!(&mut second).is_pending());
        drop(pass);
        // It was the first one's turn.
        drop(first);
        let second = tokio::time::timeout(Duration::from_secs(1), second).await;
        assert!(second.expect("it is the second one's turn").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn batches_take_the_places_that_outlook_counts() {
        let gate = gate(64);
        let (first, closed) = gate.enter_mailboxes(["a", "b", "a", "a", "a", "a", "b"], PATIENCE).await;
        assert!(closed.is_empty());
        let single = gate.enter(Service::Graph, Some("a"), PATIENCE);
        assert!(tokio::time::timeout(Duration::from_secs(1), single).await.is_err(), "four of them are at once");
        assert!(gate.enter(Service::Graph, Some("b"), PATIENCE).await.is_ok());
        drop(first);
        assert!(gate.enter(Service::Graph, Some("a"), PATIENCE).await.is_ok());
        gate.throttled_in_batch(Some("a"), Duration::from_secs(3600), false);
        let (_places, closed) = gate.enter_mailboxes(["a", "b"], Duration::from_secs(60)).await;
        assert!(matches!(closed[..], [("a", ClosedFor(_))]), "{closed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_that_does_not_fit_leaves_the_place_to_a_call_that_does() {
        let gate = gate(64);
        let mut passes = Vec::new();
        for _ in 0..4 {
            passes.push(gate.enter(Service::Graph, Some("a"), PATIENCE).await.expect("open"));
        }
        let mut batch = Box::pin(gate.enter_mailboxes(["a"; 4], PATIENCE));
        let mut single = Box::pin(gate.enter(Service::Graph, Some("a"), PATIENCE));
        assert!(futures_util::poll!(&mut batch).is_pending() && futures_util::poll!(&mut single).is_pending());
        passes.pop();
        let single = async { tokio::time::timeout(Duration::from_secs(1), single).await.expect("one place is free") };
        let (single, _) = tokio::join!(single, async { futures_util::poll!(&mut batch) });
        drop((single, passes));
        let (_places, closed) =
            tokio::time::timeout(Duration::from_secs(1), batch).await.expect("all four places are free");
        assert!(closed.is_empty());
    }
}
