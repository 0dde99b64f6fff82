//! The tenant's clock: real time plus an offset, so that a test can wait twelve hours in no time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    offset: SignedDuration,
    frozen: Option<Timestamp>,
}

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        self.frozen.unwrap_or_else(Timestamp::now) + self.offset
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.offset = self.offset.saturating_add(signed(by)).min(LONGEST);
    }

    /// Stops at a moment.
    pub(crate) fn set(&mut self, at: Timestamp) {
        *self = Self { offset: SignedDuration::ZERO, frozen: Some(at) };
    }

    pub(crate) fn freeze(&mut self) {
        self.frozen.get_or_insert_with(Timestamp::now);
    }
}

/// A thousand years: whatever the clock shows, it can show that much more.
const LONGEST: SignedDuration = SignedDuration::from_hours(1_000 * 365 * 24);

/// A `std` duration as a signed one; anything longer than a thousand years counts as that.
pub(crate) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).map_or(LONGEST, |duration| duration.min(LONGEST))
}

/// `2026-09-01T08:15:30`: the `date` of a Graph error, UTC without saying so.
pub(crate) fn graph_error_date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// `2026-09-01T08:15:30Z`: a Graph `DateTimeOffset`.
pub(crate) fn graph_date_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-09-01T08:15:30.0000000`: the `dateTime` of a calendar's `dateTimeTimeZone`, without offset.
pub(crate) fn calendar_date_time(at: Timestamp) -> String {
    format!("{}.{:07}", at.strftime("%Y-%m-%dT%H:%M:%S"), at.subsec_nanosecond() / 100)
}

/// `2026-09-01T08:15:30.0000000Z`: Exchange's dates carry seven fraction digits.
pub(crate) fn exchange_date_time(at: Timestamp) -> String {
    calendar_date_time(at) + "Z"
}

/// `2019-10-31 12:37:32Z`: the sign-in service puts a space between day and hour.
pub(crate) fn sign_in_timestamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// `Tue, 01 Sep 2026 08:15:30 GMT`: the `Date` header.
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
