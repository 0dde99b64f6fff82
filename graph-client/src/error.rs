use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::ids::InvalidValue;
use crate::kinds::kinds;
use crate::redact::redact;
use crate::text::printable;

/// The result of every call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

kinds! {
    /// Why a call failed, in the terms in which a caller reacts to it.
    #[non_exhaustive]
    pub enum ErrorKind {
        /// The call was refused before anything was sent: a value breaks a rule.
        Input,
        /// No access token could be had, or the service refused the token (HTTP 401).
        Auth,
        /// The caller is known but may not do this (HTTP 403). The service itself says so: the page of a proxy is
        /// [`Decode`](Self::Decode).
        Denied,
        /// The object does not exist, or is not visible yet (HTTP 404). The service itself says so: the page of a proxy is
        /// [`Decode`](Self::Decode).
        NotFound,
        /// What the call goes on from is no longer known: the link to a page or to later changes has expired, or the service
        /// has lost track (HTTP 410, `Directory_ExpiredPageToken`, `resyncRequired`, `syncStateNotFound`). Start again from
        /// the first page.
        Expired,
        /// The object exists already, or its state forbids the change.
        Conflict,
        /// The service asked for fewer calls, and went on asking until the retries were used up.
        Throttled,
        /// The service could not answer (HTTP 408, 500, 502, 503, 504).
        Unavailable,
        /// No connection could be made: nothing was sent.
        Connect,
        /// The request was sent and no complete response came back. A write may have happened.
        Interrupted,
        /// A response arrived that is not what the service documents: another body or status than that of the call, or the page
        /// of a proxy.
        Decode,
        /// A link in a response points to another origin, or in a circle. It was not followed.
        Untrusted,
        /// The service refused the call for a reason of its own; see [`Error::code`] and the message.
        Service,
    }
}

/// A failed call: what was attempted, what the service said, and what to do next.
///
/// The type is one word wide. [`kind`](Self::kind) is what to branch on; everything else that is known
/// has an accessor. `Display` gives one line for a log: it holds no secret, and what the service said is
/// [`printable`]. [`message`](Self::message) is as the service sent it, without the secrets of the call.
#[derive(Clone)]
pub struct Error(pub(crate) Box<Inner>);

/// What is known of a failed call, or of a failed attempt.
#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) kind: ErrorKind,
    pub(crate) operation: Cow<'static, str>,
    pub(crate) message: String,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) client_request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    pub(crate) outcome_unknown: bool,
    pub(crate) advice: Option<Cow<'static, str>>,
    pub(crate) details: Vec<Box<dyn Detail>>,
    pub(crate) claims_challenge: Option<String>,
    pub(crate) source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Inner {
    pub(crate) fn new(kind: ErrorKind, message: String) -> Self {
        Self {
            kind,
            operation: Cow::Borrowed(""),
            message,
            status: None,
            code: None,
            request_id: None,
            client_request_id: None,
            retry_after: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            outcome_unknown: false,
            advice: None,
            details: Vec::new(),
            claims_challenge: None,
            source: None,
        }
    }

    /// What a service said in its own form.
    pub(crate) fn detail<T: Detail>(&self) -> Option<&T> {
        self.details.iter().find_map(|detail| (&**detail as &dyn Any).downcast_ref())
    }

    /// Removes the secrets that are known to have been sent, and what looks like one.
    fn redact(&mut self, secrets: &[&str]) {
        clean(&mut self.message, secrets);
        for text in [&mut self.code, &mut self.request_id].into_iter().flatten() {
            clean(text, secrets);
        }
        for text in [&mut self.operation].into_iter().chain(&mut self.advice) {
            if let Cow::Owned(text) = text {
                clean(text, secrets);
            }
        }
        for detail in &mut self.details {
            detail.texts().into_iter().for_each(|text| clean(text, secrets));
        }
    }
}

/// What a service said in its own form. The service's module reads it back, by its type.
pub(crate) trait Detail: Any + fmt::Debug + Send + Sync {
    /// Every text in it, each of which may repeat a secret.
    fn texts(&mut self) -> Vec<&mut String>;

    fn boxed_clone(&self) -> Box<dyn Detail>;
}

impl Clone for Box<dyn Detail> {
    fn clone(&self) -> Self {
        (**self).boxed_clone()
    }
}

const _: () = {
    const fn shareable<T: Send + Sync + 'static>() {}
    shareable::<Error>();
    assert!(size_of::<Error>() == size_of::<usize>());
};

impl Error {
    /// An error, such as one that a test wants to be given.
    ///
    /// The message is shown to whoever runs the program: it must hold no secret. What looks like one is cut out.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        // Parsers quote what they read, and services what they were sent.
        Inner::new(kind, message.into()).into()
    }

    /// An error of a [`TokenProvider`](crate::TokenProvider) that is written outside this crate.
    ///
    /// The message is shown to whoever runs the program: it must hold no secret.
    #[must_use]
    pub fn auth(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Auth, message)
    }

    /// The same error with the cause that [`source`](StdError::source) will give.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// The same error with what was attempted, unless it says so already.
    #[must_use]
    pub fn during(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        if self.0.operation.is_empty() {
            self.0.operation = operation.into();
        }
        self
    }

    /// The error of a call for which no token could be had. It says nothing about what the call is about, whatever the
    /// way to the token said.
    pub(crate) fn without_token(mut self) -> Self {
        let is_about_object = matches!(
            self.0.kind,
            ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Expired | ErrorKind::Service
        );
        if is_about_object {
            self.0.kind = ErrorKind::Auth;
        }
        self
    }

    /// The same error with an HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The same error with the service's own code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Option<String>>) -> Self {
        self.0.code = code.into().filter(|code| !code.is_empty());
        self
    }

    /// The same error with the service's id of the request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<Option<String>>) -> Self {
        self.0.request_id = id.into();
        self
    }

    /// The same error with the id that the client gave the request.
    #[must_use]
    pub fn with_client_request_id(mut self, id: String) -> Self {
        self.0.client_request_id = Some(id);
        self
    }

    /// The same error with how long the service asked to wait.
    #[must_use]
    pub fn with_retry_after(mut self, hint: impl Into<Option<Duration>>) -> Self {
        self.0.retry_after = hint.into();
        self
    }

    /// The same error with how often the request was sent, and how long that took.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }

    /// The same error with what to do next.
    #[must_use]
    pub fn with_advice(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.0.advice = Some(advice.into());
        self
    }

    /// Adds what a service said in its own form.
    pub(crate) fn with_detail(mut self, detail: impl Detail) -> Self {
        self.0.details.push(Box::new(detail));
        self
    }

    /// What a service said in its own form.
    pub(crate) fn detail<T: Detail>(&self) -> Option<&T> {
        self.0.detail()
    }

    /// The same error without the secrets that are known to have been sent.
    pub(crate) fn redacted(mut self, secrets: &[&str]) -> Self {
        self.0.redact(secrets);
        self
    }

    /// The same error, of a write that may have happened or not.
    #[must_use]
    pub fn with_outcome_unknown(mut self, unknown: bool) -> Self {
        self.0.outcome_unknown = unknown;
        self
    }

    /// What to branch on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was attempted, such as `Get-Mailbox` or `list rooms`.
    #[must_use]
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// What the service said, or what this crate found wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The HTTP status of the last response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service's own code: `Request_ResourceNotFound` (Graph), `AADSTS7000215` (sign-in), or the exception's
    /// short name (Exchange).
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The service's id of the request, which Microsoft's support asks for.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The id that this client gave the request; the same over all its attempts.
    #[must_use]
    pub fn client_request_id(&self) -> Option<&str> {
        self.0.client_request_id.as_deref()
    }

    /// How long the service asked to wait in its last response.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many times the request was sent. 0 when it was refused before sending.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// From the first attempt to the error, waits included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// What to do next, where that is known.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// The claims (JSON) that the service demands of a token, and that a new token did not satisfy.
    #[must_use]
    pub fn claims_challenge(&self) -> Option<&str> {
        self.0.claims_challenge.as_deref()
    }

    /// Whether the same call may succeed later without any change by the caller.
    ///
    /// True for [`Throttled`](ErrorKind::Throttled), [`Unavailable`](ErrorKind::Unavailable),
    /// [`Connect`](ErrorKind::Connect) and [`Interrupted`](ErrorKind::Interrupted). It does not say that repeating is
    /// harmless: see [`is_outcome_unknown`](Self::is_outcome_unknown).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Throttled | ErrorKind::Unavailable | ErrorKind::Connect | ErrorKind::Interrupted
        )
    }

    /// Whether a write was sent and may have happened although no response says so.
    ///
    /// Read the object back and decide; do not repeat the write blindly. It is so for writes, too, that are harmless to
    /// repeat, when all their attempts have failed.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if !inner.operation.is_empty() {
            write!(f, "{}: ", printable(&inner.operation))?;
        }
        f.write_str(&printable(inner.message.trim_end_matches('.')))?;
        if let Some(code) = &inner.code {
            write!(f, " [{}]", printable(code))?;
        }
        let mut open = false;
        let mut part = |f: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>| {
            f.write_str(if open { ", " } else { " (" })?;
            open = true;
            f.write_fmt(text)
        };
        if let Some(status) = inner.status {
            part(f, format_args!("HTTP {status}"))?;
        }
        if let Some(id) = &inner.request_id {
            part(f, format_args!("request-id {}", printable(id)))?;
        } else if let Some(id) = &inner.client_request_id {
            part(f, format_args!("client-request-id {id}"))?;
        }
        // A failure that a wait mends says how long.
        if let (Some(wait), true) = (inner.retry_after, self.is_retryable()) {
            part(f, format_args!("retry after {wait:?}"))?;
        }
        if inner.attempts > 1 {
            part(f, format_args!("after {} attempts in {:.1?}", inner.attempts, inner.elapsed))?;
        }
        if open {
            f.write_str(")")?;
        }
        if inner.outcome_unknown {
            f.write_str("; the change may have happened all the same")?;
        }
        if let Some(advice) = &inner.advice {
            write!(f, ". {}", printable(advice))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &inner.kind).field("operation", &inner.operation).field("message", &inner.message);
        debug.field("status", &inner.status).field("code", &inner.code).field("request_id", &inner.request_id);
        debug.field("client_request_id", &inner.client_request_id).field("retry_after", &inner.retry_after);
        debug.field("attempts", &inner.attempts).field("elapsed", &inner.elapsed);
        debug.field("outcome_unknown", &inner.outcome_unknown).field("advice", &inner.advice);
        debug.field("details", &inner.details).field("source", &inner.source);
        debug.finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

fn clean(text: &mut String, secrets: &[&str]) {
    if let Cow::Owned(clean) = redact(text, secrets) {
        *text = clean;
    }
}

impl From<Inner> for Error {
    fn from(mut inner: Inner) -> Self {
        inner.redact(&[]);
        Self(Box::new(inner))
    }
}

/// Several faults, told in one message. The source is the first.
impl From<Vec<InvalidValue>> for Error {
    fn from(faults: Vec<InvalidValue>) -> Self {
        let message: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let error = Self::new(ErrorKind::Input, message.join("; "));
        match faults.into_iter().next() {
            Some(first) => error.with_source(first),
            None => error,
        }
    }
}

impl From<InvalidValue> for Error {
    fn from(invalid: InvalidValue) -> Self {
        Self::new(ErrorKind::Input, invalid.to_string()).with_source(invalid)
    }
}
