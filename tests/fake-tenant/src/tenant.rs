//! The tenant as its users hold it: requests, clock, faults and the record.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::clock::signed;
use crate::faults::{Fault, Matcher};
use crate::record::RecordedRequest;
use crate::request::{Request, Response};
use crate::state::State;
use crate::world::{App, World};

/// A Microsoft 365 tenant in memory. Clones are handles to the same tenant.
#[derive(Clone)]
pub struct FakeTenant {
    state: Arc<Mutex<State>>,
}

/// An application with its service principal in the tenant.
///
/// Methods that want to know which application is meant take this, or its client id, object id or
/// display name as text.
#[derive(Clone)]
#[non_exhaustive]
pub struct Application {
    /// The application (client) id.
    pub client_id: String,
    /// The object id of the service principal.
    pub object_id: String,
    /// The display name.
    pub display_name: String,
    secret: String,
}

impl Application {
    /// The client secret.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    pub(crate) fn of(app: &App) -> Self {
        Self {
            client_id: app.client_id.to_string(),
            object_id: app.object_id.to_string(),
            display_name: app.display_name.clone(),
            secret: app.secrets.first().map_or_else(String::new, |secret| secret.text.clone()),
        }
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("client_id", &self.client_id)
            .field("object_id", &self.object_id)
            .field("display_name", &self.display_name)
            .finish_non_exhaustive()
    }
}

impl AsRef<str> for Application {
    fn as_ref(&self) -> &str {
        &self.client_id
    }
}

impl fmt::Debug for FakeTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("FakeTenant")
            .field("id", &state.world.organization.id)
            .field("domain", &state.world.organization.default_domain)
            .field("requests", &state.record.requests)
            .finish_non_exhaustive()
    }
}

impl FakeTenant {
    pub(crate) fn of(world: World) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(world))) }
    }

    /// A test that panicked in the middle of a set-up call leaves nothing half done that could matter.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request. No socket, no waiting: what the wire is to do to the answer is told by
    /// [`Response::delay`] and [`Response::interruption`].
    #[must_use]
    pub fn handle(&self, request: &Request) -> Response {
        let (response, watcher) = {
            let state = &mut *self.state();
            (state.answer(request, false), state.watcher.clone())
        };
        if let Some(watcher) = watcher {
            watcher(self);
        }
        response
    }

    /// The time by the tenant's clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.state().world.now().try_into().unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Moves the tenant's clock forward: tokens expire, links expire, delayed configuration takes effect.
    pub fn advance(&self, by: Duration) {
        self.state().world.clock.advance(by);
    }

    /// Stops the tenant's clock; from now on only [`FakeTenant::advance`] moves it.
    pub fn freeze_clock(&self) {
        self.state().world.clock.freeze();
    }

    /// Stops the tenant's clock at a moment. What the service does on a date, such as the end of Exchange Web
    /// Services, goes by this clock.
    ///
    /// # Panics
    /// When the moment is thousands of years away.
    pub fn set_time(&self, at: SystemTime) {
        match jiff::Timestamp::try_from(at) {
            Ok(at) => self.state().world.clock.set(at),
            Err(reason) => panic!("the clock does not go to {at:?}: {reason}"),
        }
    }

    /// Sets how long the tokens live that are issued from now on; 3,599 seconds unless set.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.state().tokens.lifetime = signed(lifetime);
    }

    /// Sets how long Graph tokens live that are issued from now on to clients that understand challenges
    /// (`cp1`): up to a day, by Microsoft's page for workload identities. As long as others unless set.
    pub fn set_evaluated_token_lifetime(&self, lifetime: Duration) {
        self.state().tokens.evaluated_lifetime = Some(signed(lifetime));
    }

    /// Makes every token that was issued so far worthless.
    pub fn revoke_tokens(&self) {
        self.state().tokens.revoke_all();
    }

    /// Makes every link to a next page that was given out so far worthless: Exchange's, and those of
    /// Graph that carry a token.
    pub fn expire_page_links(&self) {
        self.state().pages.expire_all();
    }

    /// Makes every delta link that was given out so far worthless: the next use is answered with 410 and
    /// the way to a full synchronisation.
    pub fn expire_delta_tokens(&self) {
        self.state().world.deltas.expire_all();
    }

    /// Sets how many requests look in vain for an application, service principal or secret that was just
    /// made through Graph. Graph and the sign-in service count on their own.
    pub fn set_replication_lag(&self, requests: u32) {
        self.state().world.replication_lag = requests;
    }

    /// Sets how long a new room takes to show in Graph's places. Exchange has it at once.
    pub fn set_places_lag(&self, lag: Duration) {
        self.state().world.places_lag = signed(lag);
    }

    /// Ends Graph's lists of rooms and workspaces after so many, without a link to the rest, whatever `$count` says:
    /// microsoft-graph-docs issue 9923.
    pub fn cut_places_at(&self, places: Option<usize>) {
        self.state().world.places_cut = places;
    }

    /// Throttles the next `requests` HTTP requests, to whichever service, with this `Retry-After`: seconds such as `2` or
    /// `0`, seconds with a fraction, or a date. A client over a socket waits in real time, whatever the tenant's clock says.
    pub fn throttle(&self, requests: usize, retry_after: &str) {
        self.state().faults.throttle(requests, retry_after);
    }

    /// Throttles every HTTP request until so much time has passed by the tenant's clock.
    pub fn throttle_window(&self, window: Duration, retry_after: &str) {
        let mut state = self.state();
        let now = state.world.now();
        state.faults.throttle_window(now, window, retry_after);
    }

    /// Plans a fault for the next request that matches. Several plans wait side by side; a request
    /// that matches more than one meets the oldest. A plan that nothing matches does nothing:
    /// [`FakeTenant::pending_faults`] tells.
    pub fn fail_next(&self, matcher: Matcher, fault: Fault) {
        self.state().faults.plan(matcher, fault);
    }

    /// How many requests are still to be hit by what [`FakeTenant::fail_next`] and [`FakeTenant::throttle`] planned: 0 at the end
    /// of a test whose faults all happened.
    #[must_use]
    pub fn pending_faults(&self) -> usize {
        self.state().faults.pending()
    }

    /// Disturbs so many in a thousand requests, each by one of these faults. Which requests and which fault depends on
    /// the seed and on the order of the requests alone, so that a run can be repeated. Faults that were planned with
    /// [`FakeTenant::fail_next`] come first; items of a batch are not disturbed one by one.
    ///
    /// ```
    /// use std::time::Duration;
    /// use fake_tenant::{FakeTenant, Fault, When};
    ///
    /// let tenant = FakeTenant::contoso();
    /// tenant.fail_at_random(
    ///     7,
    ///     50,
    ///     [Fault::throttle("1"), Fault::DropConnection(When::AfterEffect), Fault::Delay(Duration::from_millis(20))],
    /// );
    /// ```
    pub fn fail_at_random(&self, seed: u64, in_a_thousand: u64, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.scatter(seed, in_a_thousand, faults.into_iter().collect());
    }

    /// Drops every fault that has not happened yet, and all throttling.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// What the tenant was asked, in order. Items of a batch follow the batch. The last 20,000 are kept, unless
    /// [`FakeTenant::keep_requests`] says otherwise.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state().record.entries.iter().cloned().collect()
    }

    /// How many HTTP requests came; a `$batch` is one.
    #[must_use]
    pub fn request_count(&self) -> usize {
        self.state().record.requests
    }

    /// How often a cmdlet was asked for, in batches or alone, whatever came of it.
    #[must_use]
    pub fn count(&self, cmdlet: &str) -> usize {
        self.state()
            .record
            .cmdlets
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(cmdlet))
            .map(|(_, count)| count)
            .sum()
    }

    /// The requests that asked for a change, whatever came of them.
    #[must_use]
    pub fn writes(&self) -> Vec<RecordedRequest> {
        let state = self.state();
        state.record.entries.iter().filter(|request| request.is_write).cloned().collect()
    }

    /// How many requests, or items of batches, asked for a change.
    #[must_use]
    pub fn write_count(&self) -> usize {
        self.state().record.writes
    }

    /// What was asked and is not modelled: method and path of each, once, in order of the alphabet. Such a request is
    /// answered with 501 and the header `fake-tenant: not-modelled`. No more than a thousand are listed.
    #[must_use]
    pub fn unmodelled(&self) -> Vec<String> {
        self.state().record.unmodelled.iter().cloned().collect()
    }

    /// The requests that were refused or failed, by the tenant or by a fault.
    #[must_use]
    pub fn failed_requests(&self) -> Vec<RecordedRequest> {
        let state = self.state();
        state.record.entries.iter().filter(|request| request.status >= 400).cloned().collect()
    }

    /// What happened, a line for each request: status, method, path or cmdlet, and who asked. Items of a batch are
    /// indented. A first line says how many older ones are not kept.
    #[must_use]
    pub fn transcript(&self) -> String {
        self.state().transcript()
    }

    /// Forgets all requests and sets all counts to nought.
    pub fn clear_requests(&self) {
        self.state().record.clear();
    }

    /// Keeps the last so many requests, and items of batches, for [`FakeTenant::requests`] and what else tells of them. The
    /// counts are of all.
    pub fn keep_requests(&self, most: usize) {
        self.state().record.keep(most);
    }

    /// Switches the keeping of requests off or on. The counts go on either way; a benchmark has no use
    /// for the rest.
    pub fn set_recording(&self, recording: bool) {
        self.state().record.silent = !recording;
    }
}
