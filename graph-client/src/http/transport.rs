use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use serde::de::{DeserializeOwned, Error as _};
use url::Url;

use super::failure::parse_retry_after;
use super::{AccessToken, Attempts, Body, Call, Failure, Meter, Retries, RetryBudget, RetryOptions, RuntimeClock};
use crate::error::{Error, ErrorKind, Result};
use crate::redact::redact;

/// The largest response that is read. A page of 1,000 mailboxes with every property is about 10 MB.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// What every request takes, and sends if it has a body, unless its headers say something else.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A response of a service: status, headers and the raw body.
#[derive(Clone)]
pub struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Response {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header's value, when there is one and it is text. Names are compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The service's id of the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.header("request-id").or_else(|| self.header("x-ms-request-id"))
    }

    /// The body as it came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body decoded from JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] with the place where the body departs from the type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        decode(&self.body).map_err(|error| {
            Error::new(ErrorKind::Decode, format!("the response is not what was expected: {error}"))
                .with_status(self.status)
                .with_request_id(self.request_id().map(str::to_owned))
        })
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        parse_retry_after(self.headers.get(RETRY_AFTER)?.to_str().ok()?, SystemTime::now())
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Bodies may hold secrets, such as that of addPassword.
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("request_id", &self.request_id().map(|id| redact(id, &[])))
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Some gateways put a byte order mark before their JSON.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // To check the whole at once is a seventh of the work of checking string by string.
    serde_json::from_str(std::str::from_utf8(body).map_err(serde_json::Error::custom)?)
}

/// The HTTP client: it sends one request and reads the whole response.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    http: reqwest::Client,
    retry: RetryOptions,
}

impl Default for Transport {
    fn default() -> Self {
        Self::new(reqwest::Client::new(), RetryOptions::default())
    }
}

impl Transport {
    pub(crate) fn new(http: reqwest::Client, retry: RetryOptions) -> Self {
        Self { http, retry }
    }

    pub(crate) fn retry(&self) -> &RetryOptions {
        &self.retry
    }

    pub(crate) async fn send(&self, call: &Call, token: &AccessToken) -> Result<Response, Box<Failure>> {
        let mut request = reqwest::Request::new(call.method.clone(), call.url.clone());
        *request.timeout_mut() = Some(call.time_limit);
        let headers = request.headers_mut();
        headers.reserve(call.headers.len() + 4);
        headers.extend(call.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        headers.entry(ACCEPT).or_insert(JSON);
        headers.insert(AUTHORIZATION, token.header().clone());
        if let Ok(id) = HeaderValue::from_str(&call.client_request_id) {
            headers.insert(CLIENT_REQUEST_ID, id);
        }
        let body = match &call.body {
            Body::Empty => None,
            Body::Json(bytes) => Some(bytes.clone()),
            Body::WithToken(body) => Some(body(token)),
        };
        if let Some(body) = body {
            request.headers_mut().entry(CONTENT_TYPE).or_insert(JSON);
            *request.body_mut() = Some(body.into());
        }
        self.exchange(request).await
    }

    /// Posts a form to the sign-in service, with the retries of every other call.
    pub(crate) async fn post_form(
        &self,
        operation: &str,
        url: Url,
        form: &[(&str, &str)],
        classify: fn(&Response) -> Option<Failure>,
    ) -> Result<Response> {
        let body: Bytes = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish().into();
        // A sign-in is none of the client's calls: it is not counted, and takes no retry from them.
        let (budget, meter) = (RetryBudget::default(), Meter::default());
        let mut retries = Retries::start(self.retry.clone(), &budget, &meter, &RuntimeClock);
        let mut post = PostForm { transport: self, url, body, classify };
        super::repeat(&mut post, &mut retries).await.map_err(|failure| {
            // What is in a form of the sign-in service and may not be shown; client ids and scopes are short or known.
            let secrets: Vec<&str> = form.iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| *value).collect();
            let error = failure.into_error().with_attempts(retries.attempt(), retries.elapsed());
            error.during(operation.to_owned()).redacted(&secrets)
        })
    }

    async fn exchange(&self, request: reqwest::Request) -> Result<Response, Box<Failure>> {
        let mut response = self.http.execute(request).await.map_err(broken)?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let announced = response.content_length().unwrap_or_default();
        if announced > BODY_LIMIT as u64 {
            return Err(too_large());
        }
        let Some(first) = response.chunk().await.map_err(broken)? else {
            return Ok(Response { status, headers, body: Bytes::new() });
        };
        // Most responses arrive in one piece and need no copy.
        let Some(second) = response.chunk().await.map_err(broken)? else {
            return Ok(Response { status, headers, body: first });
        };
        // Room for all of it at once, unless the announcement is unusually large: then for as much as comes.
        let announced = usize::try_from(announced).unwrap_or_default().min(16 * 1024 * 1024);
        let mut body = BytesMut::with_capacity(announced.max(first.len() + second.len()).max(64 * 1024));
        body.extend_from_slice(&first);
        body.extend_from_slice(&second);
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, headers, body: body.freeze() })
    }
}

struct PostForm<'a> {
    transport: &'a Transport,
    url: Url,
    body: Bytes,
    classify: fn(&Response) -> Option<Failure>,
}

impl Attempts for PostForm<'_> {
    type Output = Response;

    async fn attempt(&mut self, _: &mut Retries<'_>) -> Result<Response, Box<Failure>> {
        let mut request = reqwest::Request::new(reqwest::Method::POST, self.url.clone());
        *request.timeout_mut() = Some(super::call::TIME_LIMIT);
        let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, content_type);
        *request.body_mut() = Some(self.body.clone().into());
        let response = self.transport.exchange(request).await?;
        match (self.classify)(&response) {
            None => Ok(response),
            Some(failure) => Err(Box::new(failure)),
        }
    }

    /// Asking for a token twice does no harm.
    fn is_idempotent(&self) -> bool {
        true
    }
}

/// Which fields of a form hold a secret.
fn is_secret(field: &str) -> bool {
    matches!(field, "client_secret" | "client_assertion" | "refresh_token" | "device_code")
}

/// It was answered, so a write has happened, and another attempt would bring the same.
fn too_large() -> Box<Failure> {
    let mut failure = Failure::new(ErrorKind::Decode, format!("the response is larger than {} MiB", BODY_LIMIT >> 20));
    failure.advice = Some("Ask for less: fewer properties by $select, or smaller pages.".into());
    Box::new(failure)
}

fn broken(error: reqwest::Error) -> Box<Failure> {
    Box::new(Failure::from_transport(error))
}
