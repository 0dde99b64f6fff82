use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;
use uuid::Uuid;

use super::{AccessToken, Failure, Repeat, Response, Retries, RetryOptions};
use crate::cloud::Service;
use crate::error::{Error, ErrorKind};

/// One request that is to be made, with everything that it takes to repeat it.
pub(crate) struct Call {
    /// What is attempted, for errors. It may hold an address.
    pub(crate) operation: Cow<'static, str>,
    /// The same without any value, for traces.
    pub(crate) operation_name: &'static str,
    pub(crate) service: Service,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// Whether sending it twice does no more than sending it once.
    pub(crate) is_idempotent: bool,
    /// Whether it changes nothing, so that nothing can be in doubt after it.
    pub(crate) is_safe: bool,
    /// What it is about may be unknown to some servers of the directory yet.
    pub(crate) just_created: bool,
    /// For one attempt, from sending to the last byte of the response.
    pub(crate) time_limit: Duration,
    /// For all attempts and the waits between them.
    pub(crate) total_limit: Option<Duration>,
    pub(crate) retry: RetryOptions,
    pub(crate) classify: fn(&Response) -> Option<Failure>,
    /// What is wrong with a success, by what is documented of this call.
    pub(crate) shape: Option<Shape>,
    pub(crate) client_request_id: String,
    /// The mailbox that the call works in, in lower case: Outlook limits calls by it.
    pub(crate) mailbox: Option<Box<str>>,
}

/// What is wrong with a successful response to a URL, if anything is.
pub(crate) type Shape = Arc<dyn Fn(&Response, &Url) -> Option<Failure> + Send + Sync>;

/// A GUID that names one request among all. It need not be a secret, so the standard library's seeded hasher makes it
/// without a system call.
pub(crate) fn new_request_id() -> String {
    let half = || RandomState::new().hash_one(0_u8);
    uuid::Builder::from_random_bytes(Uuid::from_u64_pair(half(), half()).into_bytes()).into_uuid().to_string()
}

pub(crate) enum Body {
    Empty,
    Json(Bytes),
    /// A body that repeats the token, as each item of an Exchange batch does.
    WithToken(Box<dyn Fn(&AccessToken) -> Bytes + Send + Sync>),
}

/// Graph answers a read within seconds or not at all.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(60);

impl Call {
    pub(crate) fn new(service: Service, method: Method, url: Url, classify: fn(&Response) -> Option<Failure>) -> Self {
        let is_safe = matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
        let is_idempotent = is_safe || matches!(method, Method::PUT | Method::DELETE);
        Self {
            operation: Cow::Borrowed(""),
            operation_name: "request",
            service,
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::Empty,
            is_idempotent,
            is_safe,
            just_created: false,
            time_limit: TIME_LIMIT,
            total_limit: None,
            retry: RetryOptions::default(),
            classify,
            shape: None,
            client_request_id: new_request_id(),
            mailbox: None,
        }
    }

    pub(crate) fn named(mut self, name: &'static str, operation: impl Into<Cow<'static, str>>) -> Self {
        self.name(name, operation);
        self
    }

    pub(crate) fn name(&mut self, name: &'static str, operation: impl Into<Cow<'static, str>>) {
        self.operation_name = name;
        self.operation = operation.into();
    }

    /// What is attempted; a call without a name of its own has a method and a path.
    pub(crate) fn describe(&self) -> Cow<'static, str> {
        if self.operation.is_empty() {
            return Cow::Owned(format!("{} {}", self.method, self.url.path()));
        }
        self.operation.clone()
    }

    /// What is wrong with a response, if anything is.
    pub(crate) fn judge(&self, response: &Response) -> Option<Failure> {
        let shape = || self.shape.as_ref().and_then(|shape| shape(response, &self.url));
        let mut failure = (self.classify)(response).or_else(shape)?;
        if self.just_created && failure.is_replication_delay {
            failure.repeat = Repeat::AfterReplication;
        }
        Some(failure)
    }

    /// The error of a call that failed for good.
    pub(crate) fn failed(&self, failure: Failure, retries: &Retries<'_>) -> Error {
        let outcome_unknown = failure.outcome_unknown || retries.outcome_unknown;
        failure
            .into_error()
            .with_outcome_unknown(outcome_unknown && !self.is_safe)
            .with_client_request_id(self.client_request_id.clone())
            .with_attempts(retries.sent(), retries.elapsed())
            .during(self.describe())
    }

    /// Why a call is not sent whose limiter stays blocked for too long.
    pub(crate) fn blocked(wait: Duration) -> Failure {
        let message = format!("another call was told to wait, and {wait:.0?} of that are left");
        let mut failure = Failure::new(ErrorKind::Throttled, message);
        failure.retry_after = Some(wait);
        failure.advice = Some("Nothing was sent: wait as long as that, or let the call take longer in all.".into());
        failure
    }

    /// The error of a call whose time is over.
    pub(crate) fn late(&self, limit: Duration, retries: &mut Retries<'_>) -> Error {
        if let Some(mut failure) = retries.failure.take() {
            // It waited for another attempt: what the service said last is worth more than that.
            failure.advice.get_or_insert_with(|| format!("The total time of {limit:.1?} ended the wait.").into());
            return self.failed(*failure, retries);
        }
        let failure = if retries.sent() == 0 {
            let message = format!("nothing was sent within {limit:.1?}: the call waited for a token or for its turn");
            Failure::new(ErrorKind::Interrupted, message)
        } else {
            let message = format!("no response came within {limit:.1?}, all attempts included");
            let mut failure = Failure::new(ErrorKind::Interrupted, message);
            // What is on its way may have been carried out.
            failure.outcome_unknown = retries.in_flight;
            failure
        };
        self.failed(failure, retries)
    }

    pub(crate) fn set_header(&mut self, name: &'static str, value: HeaderValue) {
        self.headers.insert(HeaderName::from_static(name), value);
    }
}
