//! Arithmetic on time that cannot overflow.

use std::time::{Duration, Instant, SystemTime};

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
}
