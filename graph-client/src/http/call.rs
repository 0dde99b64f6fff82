use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;
use uuid::Uuid;

use super::{Failure, Repeat, Response, RetryOptions};
use crate::auth::AccessToken;
use crate::cloud::Service;
use crate::{Error, ErrorKind};

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
    pub(crate) is_safe: bool,
    /// What it is about may be unknown to some servers of the directory yet.
    pub(crate) just_created: bool,
    /// For one attempt, from sending to the last byte of the answer.
    pub(crate) time_limit: Duration,
    /// For all attempts and the waits between them.
    pub(crate) total_limit: Option<Duration>,
    pub(crate) retry: RetryOptions,
    pub(crate) classify: fn(&Response) -> Option<Failure>,
    pub(crate) client_request_id: String,
    /// The mailbox that the call works in, in lower case: Outlook limits calls by it.
    pub(crate) mailbox: Option<Box<str>>,
}

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

/// Exchange takes longer: many cmdlets need tens of seconds in a large tenant.
pub(crate) const EXCHANGE_TIME_LIMIT: Duration = Duration::from_secs(180);

impl Call {
    pub(crate) fn new(service: Service, method: Method, url: Url, classify: fn(&Response) -> Option<Failure>) -> Self {
        let is_safe = matches!(method, Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS);
        Self {
            operation: Cow::Borrowed(""),
            operation_name: "request",
            service,
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::Empty,
            is_safe,
            just_created: false,
            time_limit: TIME_LIMIT,
            total_limit: None,
            retry: RetryOptions::default(),
            classify,
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

    /// What is wrong with an answer, if anything is.
    pub(crate) fn judge(&self, response: &Response) -> Option<Failure> {
        let mut failure = (self.classify)(response)?;
        if self.just_created && failure.is_lag {
            failure.repeat = Repeat::OnceCopied;
        }
        Some(failure)
    }

    /// The error of a call whose time is over. What had been sent may have been carried out.
    pub(crate) fn is_late(&self, limit: Duration) -> Error {
        Error::new(ErrorKind::Interrupted, format!("no answer came within {limit:.1?}, all attempts included"))
            .with_outcome_unknown(!self.is_safe)
            .with_client_request_id(self.client_request_id.clone())
            .during(self.describe())
    }

    pub(crate) fn set_header(&mut self, name: &'static str, value: HeaderValue) {
        self.headers.insert(HeaderName::from_static(name), value);
    }
}
