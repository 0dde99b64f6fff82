//! Instants as the services write them, and arithmetic on time that cannot overflow.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

/// About thirty years: further than any wait, and near enough for every clock.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// A later time on the same clock, for any duration.
///
/// The standard library's `+` panics where the sum is past the clock's end, and a service or a caller may name any
/// duration.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use graph_client::Later;
///
/// let now = Instant::now();
/// assert_eq!(now.later(Duration::from_secs(1)), now + Duration::from_secs(1));
/// assert!(now.later(Duration::MAX) > now + Duration::from_secs(1_000_000));
/// ```
pub trait Later: Copy {
    /// The time that lies `by` after this one; one that is some thirty years away where the clock does not reach so
    /// far.
    #[must_use]
    fn later(self, by: Duration) -> Self;
}

macro_rules! later {
    ($($clock:ty),+) => {$(
        impl Later for $clock {
            fn later(self, by: Duration) -> Self {
                self.checked_add(by).or_else(|| self.checked_add(FAR)).unwrap_or(self)
            }
        }
    )+};
}

later!(Instant, SystemTime, tokio::time::Instant);

/// An instant as the services write it, such as `2026-11-22T10:15:00Z`.
///
/// The text is kept as it came. Two texts may stand for the same instant: compare
/// [`to_system_time`](Self::to_system_time) where that matters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(String);

impl Timestamp {
    /// The text as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The instant. `None` where the text is a placeholder or otherwise no instant.
    #[must_use]
    pub fn to_system_time(&self) -> Option<SystemTime> {
        self.0.parse::<jiff::Timestamp>().ok()?.try_into().ok()
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(timestamp(time))
    }
}

impl From<&str> for Timestamp {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::text::printable(&self.0))
    }
}

/// An instant in UTC, to the precision that Outlook keeps. What lies outside the calendar becomes its nearest end.
pub(crate) fn timestamp(time: SystemTime) -> String {
    instant(time).to_string()
}

pub(crate) fn instant(time: SystemTime) -> jiff::Timestamp {
    let instant = jiff::Timestamp::try_from(time).unwrap_or(if time < SystemTime::UNIX_EPOCH {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    });
    // Seven digits of a second are the most that Graph writes; six are what both sides count in.
    jiff::Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(instant)
}

/// Durations in files, as people write them: `500ms`, `30s`, `10m`.
pub(crate) mod friendly {
    pub(crate) use jiff::fmt::serde::unsigned_duration::friendly::compact::required::{deserialize, serialize};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_duration_panics() {
        for by in [Duration::ZERO, Duration::from_secs(60), FAR, Duration::from_secs(u64::MAX), Duration::MAX] {
            assert!(Instant::now().later(by).duration_since(Instant::now()) <= by);
            assert!(SystemTime::UNIX_EPOCH.later(by) >= SystemTime::UNIX_EPOCH);
            assert!(tokio::time::Instant::now().later(by).duration_since(tokio::time::Instant::now()) <= by);
        }
        let end = SystemTime::UNIX_EPOCH.later(Duration::from_secs(i64::MAX.unsigned_abs()));
        assert_eq!(end.later(FAR), end, "the end of the clock has nothing after it");
    }

    #[test]
    fn instants_are_read_with_any_number_of_digits_and_written_in_utc() {
        for text in ["2026-11-22T10:15:00Z", "2026-11-22T10:15:00.0000000Z", "2026-11-22T11:15:00+01:00"] {
            let time = Timestamp::from(text).to_system_time().unwrap();
            assert_eq!(Timestamp::from(time).as_str(), "2026-11-22T10:15:00Z", "{text}");
        }
        assert_eq!(Timestamp::from("NA").to_system_time(), None);
        assert!(Timestamp::from("0001-01-01T00:00:00Z").to_system_time().is_some());
    }
}
