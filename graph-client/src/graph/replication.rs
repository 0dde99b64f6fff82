//! The wait for the directory's copies.
//!
//! An object that was just created is not known to every server of the directory for some seconds (25 and more were
//! seen). Only the caller can tell this from an object that does not exist, so it waits only when told to.

use std::future::Future;
use std::time::Duration;

use crate::{Error, ErrorKind, Result};

/// The waits between attempts in seconds: 35 together.
const WAITS: [u64; 6] = [1, 2, 4, 8, 8, 12];

/// Makes the call, again and again while the directory does not know what it refers to, if `just_created`.
pub(crate) async fn patiently<T, F>(just_created: bool, call: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for wait in WAITS.iter().take(if just_created { WAITS.len() } else { 0 }) {
        match call().await {
            Err(error) if is_lag(&error) => tokio::time::sleep(Duration::from_secs(*wait)).await,
            outcome => return outcome,
        }
    }
    call().await
}

/// Whether the error is one that a directory gives which does not know a new object yet. Nothing else is waited for.
fn is_lag(error: &Error) -> bool {
    match error.code() {
        Some("Request_ResourceNotFound" | "Directory_ObjectNotFound") => error.kind() == ErrorKind::NotFound,
        Some("NoBackingApplicationObject") => true,
        // A read that was stale and a creation that was not: the next read finds the object.
        Some("Request_MultipleObjectsWithSameKeyValue") => error.kind() == ErrorKind::Conflict,
        _ => error.message().contains("preAuthorizedApplications"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn missing() -> Error {
        Error::new(ErrorKind::NotFound, "no such object").with_code(Some("Request_ResourceNotFound".into()))
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_new_object_is_waited_for_and_not_for_ever() {
        let calls = AtomicU32::new(0);
        let late = || async { if calls.fetch_add(1, Ordering::Relaxed) < 3 { Err(missing()) } else { Ok(()) } };
        assert!(patiently(false, late).await.is_err());
        assert!(patiently(true, late).await.is_ok());
        assert_eq!(calls.load(Ordering::Relaxed), 4);

        let started = tokio::time::Instant::now();
        assert!(patiently(true, || async { Err::<(), _>(missing()) }).await.is_err());
        assert_eq!(started.elapsed(), Duration::from_secs(35));
    }

    #[tokio::test(start_paused = true)]
    async fn other_errors_end_the_wait() {
        let denied = || async { Err::<(), _>(Error::new(ErrorKind::Denied, "no")) };
        let started = tokio::time::Instant::now();
        assert_eq!(patiently(true, denied).await.unwrap_err().kind(), ErrorKind::Denied);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
