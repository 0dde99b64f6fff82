use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::WWW_AUTHENTICATE;

use super::Response;
use crate::auth::demanded_claims;
use crate::exchange::CmdletError;
use crate::graph::GraphError;
use crate::{Error, ErrorKind, SignInError};

/// An attempt that did not succeed, and whether another one makes sense.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) advice: Option<Cow<'static, str>>,
    pub(crate) cmdlet: Option<CmdletError>,
    /// What Graph said, if the body is Graph's own.
    pub(crate) graph: Option<Box<GraphError>>,
    pub(crate) source: Option<Arc<reqwest::Error>>,
    pub(crate) repeat: Repeat,
    /// The service turns away the whole application, whatever its calls are about.
    pub(crate) is_of_application: bool,
    /// A directory whose copies are not up to date answers like this. So does one that lacks the object.
    pub(crate) is_lag: bool,
    /// The token may be stale: a new one is worth a try.
    pub(crate) renew_token: bool,
    /// The claims that the new token must ask for (continuous access evaluation).
    pub(crate) challenge: Option<String>,
    /// Why the sign-in service refused, if it did.
    pub(crate) sign_in: Option<Box<SignInError>>,
    /// The request reached the service, and nothing says whether it was carried out.
    pub(crate) in_doubt: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The answer is final.
    Never,
    /// Only if sending twice does no more than sending once.
    IfSafe,
    /// The service did not act on the request.
    Always,
    /// The directory does not know yet what the request is about, and did not act on it.
    OnceCopied,
}

impl Repeat {
    /// Whether a request may be repeated, which is safe if sending it twice does no more than sending it once.
    pub(crate) fn is_allowed(self, is_safe: bool) -> bool {
        match self {
            Self::Never => false,
            Self::IfSafe => is_safe,
            Self::Always | Self::OnceCopied => true,
        }
    }
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            status: None,
            code: None,
            request_id: None,
            retry_after: None,
            advice: None,
            cmdlet: None,
            graph: None,
            source: None,
            repeat: Repeat::Never,
            is_of_application: false,
            is_lag: false,
            renew_token: false,
            challenge: None,
            sign_in: None,
            in_doubt: false,
        }
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
            408 | 500 | 502 | 503 | 504 | 509 => (ErrorKind::Unavailable, Repeat::IfSafe),
            _ => (ErrorKind::Service, Repeat::Never),
        };
        let mut failure = Self::new(kind, message);
        failure.status = Some(status);
        failure.request_id = response.request_id().map(str::to_owned);
        failure.retry_after = retry_after;
        // `<Tenant_Application|Tenant|Application>/<Read|Write|ReadWrite>/…`
        failure.is_of_application = response.header("x-ms-throttle-scope").is_some_and(|scope| scope.contains('/'));
        failure.repeat = repeat;
        failure.in_doubt = repeat == Repeat::IfSafe;
        if status == 401 {
            let headers = response.headers.get_all(WWW_AUTHENTICATE);
            failure.challenge = demanded_claims(headers.iter().filter_map(|header| header.to_str().ok()));
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
            let message = if error.is_timeout() { "no answer came in time" } else { "the connection broke" };
            let mut failure = Self::new(ErrorKind::Interrupted, message);
            failure.repeat = Repeat::IfSafe;
            failure.in_doubt = true;
            failure
        };
        failure.source = Some(Arc::new(error));
        failure
    }

    /// Adds why no new token could be had.
    pub(crate) fn explain(&mut self, refused: &Error) {
        if let Some(sign_in) = refused.sign_in() {
            self.sign_in = Some(Box::new(sign_in.clone()));
        }
        if let Some(advice) = refused.advice() {
            let why = refused.message().trim_end_matches('.');
            self.advice = Some(Cow::Owned(format!("No new token could be had: {why}. {advice}")));
        }
    }

    /// Whether it is in doubt that a change was made is for the caller to say, who knows whether it is one.
    pub(crate) fn into_error(self) -> Error {
        let mut error = Error::new(self.kind, self.message)
            .with_code(self.code)
            .with_request_id(self.request_id)
            .with_retry_after(self.retry_after);
        if let Some(status) = self.status {
            error = error.with_status(status);
        }
        if let Some(advice) = self.advice {
            error = error.with_advice(advice);
        }
        if let Some(sign_in) = self.sign_in {
            error = error.with_sign_in(*sign_in);
        }
        if let Some(claims) = self.challenge {
            error = error.with_claims_challenge(claims);
        }
        if let Some(cmdlet) = self.cmdlet {
            error = error.with_cmdlet(cmdlet);
        }
        if let Some(graph) = self.graph {
            error = error.with_graph(*graph);
        }
        if let Some(source) = self.source {
            error = error.with_source(source);
        }
        error.redacted(&[])
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
    // A date in the past asks for no wait, which is still an answer.
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
