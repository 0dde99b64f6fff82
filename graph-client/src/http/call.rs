use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;
use uuid::Uuid;

use super::{Failure, Response, RetryOptions};
use crate::auth::AccessToken;
use crate::cloud::Service;

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
    /// For one attempt, from sending to the last byte of the answer.
    pub(crate) time_limit: Duration,
    pub(crate) retry: RetryOptions,
    pub(crate) classify: fn(&Response) -> Option<Failure>,
    pub(crate) client_request_id: String,
    /// The mailbox that the call works in, in lower case: Outlook limits calls by it.
    pub(crate) mailbox: Option<Box<str>>,
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
            operation: Cow::Owned(format!("{method} {}", url.path())),
            operation_name: "request",
            service,
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::Empty,
            is_safe,
            time_limit: TIME_LIMIT,
            retry: RetryOptions::default(),
            classify,
            client_request_id: Uuid::new_v4().to_string(),
            mailbox: None,
        }
    }

    pub(crate) fn named(mut self, name: &'static str, operation: impl Into<Cow<'static, str>>) -> Self {
        self.operation_name = name;
        self.operation = operation.into();
        self
    }

    pub(crate) fn set_header(&mut self, name: &'static str, value: HeaderValue) {
        self.headers.insert(HeaderName::from_static(name), value);
    }
}
