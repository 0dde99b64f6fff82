//! How many requests are being answered at once, in total and per application and mailbox.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use serde_json::json;

use crate::FakeTenant;
use crate::request::{Request, Response};

#[derive(Debug, Default)]
pub(crate) struct Flights {
    now: usize,
    peak: usize,
    by_mailbox: HashMap<String, usize>,
    peak_by_mailbox: usize,
    limit: Option<usize>,
    latency: Option<Duration>,
}

/// A request that is being answered; it is over when this is dropped.
pub(crate) struct Flight {
    tenant: FakeTenant,
    key: Option<String>,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let flights = &mut self.tenant.state().flights;
        flights.now = flights.now.saturating_sub(1);
        if let Some(key) = self.key.take()
            && let Entry::Occupied(mut flying) = flights.by_mailbox.entry(key)
        {
            *flying.get_mut() -= 1;
            if *flying.get() == 0 {
                flying.remove();
            }
        }
    }
}

/// Outlook's answer to a fifth request at once for one mailbox (sentence observed).
pub(crate) fn too_many() -> Response {
    let message = "Application is over its MailboxConcurrency limit.";
    Response::of_json(429, &json!({"error": {"code": "ApplicationThrottled", "message": message}}))
        .with_header("Retry-After", "1")
}

impl FakeTenant {
    /// Counts a request in, unless that would be one too many for its mailbox.
    pub(crate) fn take_off(&self, request: &Request) -> Option<Flight> {
        let mut segments = request.url().path().split('/').filter(|segment| !segment.is_empty()).skip(1);
        let below_users = segments.next().is_some_and(|first| first.eq_ignore_ascii_case("users"));
        let mailbox = segments.next().filter(|_| below_users && segments.next().is_some());
        let mut state = self.state();
        let application = state.tokens.owner(request);
        let key = mailbox.map(|mailbox| format!("{application:?} {}", mailbox.to_lowercase()));
        let flights = &mut state.flights;
        if let Some(key) = &key {
            let count = flights.by_mailbox.entry(key.clone()).or_default();
            if flights.limit.is_some_and(|limit| *count >= limit) {
                return None;
            }
            *count += 1;
            flights.peak_by_mailbox = flights.peak_by_mailbox.max(*count);
        }
        flights.now += 1;
        flights.peak = flights.peak.max(flights.now);
        drop(state);
        Some(Flight { tenant: self.clone(), key })
    }

    pub(crate) fn latency(&self) -> Option<Duration> {
        self.state().flights.latency
    }

    /// The most HTTP requests that a [`Server`](crate::Server) was answering at once.
    #[must_use]
    pub fn peak_concurrency(&self) -> usize {
        self.state().flights.peak
    }

    /// The most that it was answering at once for one application and one mailbox.
    #[must_use]
    pub fn peak_mailbox_concurrency(&self) -> usize {
        self.state().flights.peak_by_mailbox
    }

    /// Refuses more requests at once than this for one application and mailbox; Outlook's limit is four.
    /// `None` lifts the limit. A [`Server`](crate::Server) enforces it.
    pub fn limit_mailbox_concurrency(&self, limit: Option<usize>) {
        self.state().flights.limit = limit;
    }

    /// Lets a [`Server`](crate::Server) take this long over every answer, so that requests overlap.
    pub fn set_latency(&self, latency: Duration) {
        self.state().flights.latency = Some(latency);
    }
}
