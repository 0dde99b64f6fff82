use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::WWW_AUTHENTICATE;

use super::{Response, demanded_claims};
use crate::error::{Detail, Error, ErrorKind, Inner};

/// An attempt that did not succeed: the error that it may become, and whether another one makes sense.
pub(crate) struct Failure {
    error: Inner,
    pub(crate) repeat: Repeat,
    /// The service turns away the whole application, whatever its calls are about.
    pub(crate) is_of_application: bool,
    /// A directory that has not replicated yet responds like this. So does one that lacks the object.
    pub(crate) is_replication_delay: bool,
    /// The token may be stale: a new one is worth a try.
    pub(crate) renew_token: bool,
}

/// What is known of an attempt is what is known of an error.
impl Deref for Failure {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.error
    }
}

impl DerefMut for Failure {
    fn deref_mut(&mut self) -> &mut Inner {
        &mut self.error
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The response is final.
    Never,
    /// Only if sending twice does no more than sending once.
    IfIdempotent,
    /// The service did not act on the request.
    Always,
    /// The directory does not know yet what the request is about, and did not act on it.
    AfterReplication,
    /// Nothing has to be waited for.
    AtOnce,
}

impl Repeat {
    /// Whether a request may be repeated, which is safe if sending it twice does no more than sending it once.
    pub(crate) fn is_allowed(self, is_idempotent: bool) -> bool {
        match self {
            Self::Never => false,
            Self::IfIdempotent => is_idempotent,
            Self::Always | Self::AfterReplication | Self::AtOnce => true,
        }
    }
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            error: Inner::new(kind, message.into()),
            repeat: Repeat::Never,
            is_of_application: false,
            is_replication_delay: false,
            renew_token: false,
        }
    }

    /// An error that a further attempt may mend.
    pub(crate) fn from_error(error: Error, repeat: Repeat) -> Self {
        Self { error: *error.0, repeat, ..Self::new(ErrorKind::Service, "") }
    }

    /// Adds what the service said in its own form.
    pub(crate) fn add_detail(&mut self, detail: impl Detail) {
        self.error.details.push(Box::new(detail));
    }

    /// What the status alone says. A service's classifier refines it.
    pub(crate) fn from_status(response: &Response, message: String) -> Self {
        let status = response.status();
        let retry_after = response.retry_after();
        let (kind, repeat) = match status {
            401 => (ErrorKind::Auth, Repeat::Never),
            403 => (ErrorKind::Denied, Repeat::Never),
            404 => (ErrorKind::NotFound, Repeat::Never),
            410 => (ErrorKind::Expired, Repeat::Never),
            409 | 412 => (ErrorKind::Conflict, Repeat::Never),
            429 => (ErrorKind::Throttled, Repeat::Always),
            408 | 500 | 502 | 503 | 504 | 509 => (ErrorKind::Unavailable, Repeat::IfIdempotent),
            _ => (ErrorKind::Service, Repeat::Never),
        };
        let mut failure = Self::new(kind, message);
        failure.status = Some(status);
        failure.request_id = response.request_id().map(str::to_owned);
        failure.retry_after = retry_after;
        // `<Tenant_Application|Tenant|Application>/<Read|Write|ReadWrite>/…`
        failure.is_of_application = response.header("x-ms-throttle-scope").is_some_and(|scope| scope.contains('/'));
        failure.repeat = repeat;
        failure.outcome_unknown = repeat == Repeat::IfIdempotent;
        if status == 401 {
            let headers = response.headers.get_all(WWW_AUTHENTICATE);
            failure.claims_challenge = demanded_claims(headers.iter().filter_map(|header| header.to_str().ok()));
        }
        if (300..400).contains(&status) {
            failure.advice = Some("Redirects are not followed, because the access token would go with them.".into());
        }
        failure
    }

    /// The network failed. Only what was never sent is known to have had no effect.
    pub(crate) fn from_transport(error: reqwest::Error) -> Self {
        // The URL may carry addresses and filters.
        let error = error.without_url();
        let mut failure = if error.is_builder() {
            Self::new(ErrorKind::Input, "the request could not be built")
        } else if error.is_connect() {
            let mut failure = Self::new(ErrorKind::Connect, "no connection could be made");
            failure.repeat = Repeat::Always;
            failure.advice = Some("Check the network, the proxy and the addresses of the cloud.".into());
            failure
        } else {
            let message = if error.is_timeout() { "no response came in time" } else { "the connection broke" };
            let mut failure = Self::new(ErrorKind::Interrupted, message);
            failure.repeat = Repeat::IfIdempotent;
            failure.outcome_unknown = true;
            failure
        };
        failure.source = Some(Arc::new(error));
        failure
    }

    /// Adds why no new token could be had.
    pub(crate) fn explain(&mut self, refused: &Error) {
        self.error.details.extend(refused.0.details.iter().cloned());
        if let Some(advice) = refused.advice() {
            let why = refused.message().trim_end_matches('.');
            self.error.advice = Some(Cow::Owned(format!("No new token could be had: {why}. {advice}")));
        }
    }

    /// Whether it is in doubt that a change was made is for the caller to say, who knows whether it is one.
    pub(crate) fn into_error(mut self) -> Error {
        self.error.outcome_unknown = false;
        self.error.into()
    }
}

/// A `Retry-After` value: seconds, with or without a fraction, or an HTTP date. A number that is too large for a clock
/// asks for the longest wait.
pub(crate) fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        let is_endless = seconds.is_finite() && seconds >= Duration::MAX.as_secs_f64();
        return if is_endless { Some(Duration::MAX) } else { Duration::try_from_secs_f64(seconds).ok() };
    }
    let date = httpdate::parse_http_date(value).ok()?;
    // A date in the past asks for no wait, which is still a response.
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        let now = httpdate::parse_http_date("Sun, 22 Nov 2026 10:00:00 GMT").unwrap();
        for (text, expected) in [
            ("2", Some(Duration::from_secs(2))),
            (" 2.128 ", Some(Duration::from_millis(2128))),
            ("0", Some(Duration::ZERO)),
            ("Sun, 22 Nov 2026 10:00:03 GMT", Some(Duration::from_secs(3))),
            ("Sun, 22 Nov 2026 09:00:00 GMT", Some(Duration::ZERO)),
            ("-1", None),
            ("soon", None),
            ("NaN", None),
            ("inf", None),
            ("1e300", Some(Duration::MAX)),
            ("18446744073709551616", Some(Duration::MAX)),
        ] {
            assert_eq!(parse_retry_after(text, now), expected, "{text}");
        }
    }
}
