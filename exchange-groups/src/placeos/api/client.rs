//! The HTTP client: one origin, one credential, and no secret in what comes back.

use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use graph_client::reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use graph_client::reqwest::{self, Method};
use graph_client::serde_json::{self, Value};
use graph_client::{ExposeSecret as _, RetryOptions, SecretString, Url, http_builder, printable};
use url_text::percent_encoded;

use super::endpoints::Endpoint;
use super::error::{PlaceOsError, PlaceOsErrorKind};

/// The largest answer that is read.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// How long a call may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The longest message of the service that is shown.
const MESSAGE_LIMIT: usize = 400;

/// What stands in the place of a secret.
const REDACTED: &str = "<redacted>";

/// How a program signs in to PlaceOS. `Debug` does not show it.
#[derive(Clone)]
pub struct PlaceOsCredential {
    header: &'static str,
    prefix: &'static str,
    secret: SecretString,
}

impl PlaceOsCredential {
    /// An API key, `<id>.<secret>`, as Backoffice shows it once.
    ///
    /// It holds on the domain that it was made for. The hand-over needs one of an administrator with the scope `public`.
    #[must_use]
    pub fn api_key(key: impl Into<SecretString>) -> Self {
        Self { header: "x-api-key", prefix: "", secret: key.into() }
    }

    /// An access token of PlaceOS's sign-in.
    #[must_use]
    pub fn bearer(token: impl Into<SecretString>) -> Self {
        Self { header: AUTHORIZATION.as_str(), prefix: "Bearer ", secret: token.into() }
    }
}

impl fmt::Debug for PlaceOsCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaceOsCredential").field("header", &self.header).finish_non_exhaustive()
    }
}

/// A client of one domain of PlaceOS. Clones share connections.
///
/// The credential goes to the origin of the base address and nowhere else: a redirect is an error. Reads are repeated where
/// the service fails for a moment; a change is repeated only where it is known that nothing was done.
#[derive(Clone)]
pub struct PlaceOs {
    base: Url,
    http: reqwest::Client,
    credential: PlaceOsCredential,
    /// What answers must not show, besides the credential.
    secrets: Vec<SecretString>,
    retry: RetryOptions,
    requests: Arc<AtomicU64>,
}

impl fmt::Debug for PlaceOs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaceOs").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// What a call brought: the JSON without the secrets that are known, and the total of a list.
pub(crate) struct Answer {
    pub(crate) body: Value,
    pub(crate) total: Option<usize>,
}

const MAKE: &str = "make a client";

impl PlaceOs {
    /// A client of the domain at this address, such as `https://contoso.placeos.run`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`PlaceOsErrorKind::Input`] when the address is no `https` origin (plain `http` is for this machine alone), or the
    /// credential cannot be sent.
    pub fn new(base: &str, credential: PlaceOsCredential) -> Result<Self, PlaceOsError> {
        let shown = printable(base).into_owned();
        let base: Url = base.trim().parse().map_err(|_| PlaceOsError::input(MAKE, format!("{shown} is no address")))?;
        let is_here = match base.host_str() {
            Some("localhost") => true,
            Some(host) => host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
            None => false,
        };
        if base.scheme() != "https" && !(base.scheme() == "http" && is_here) {
            return Err(PlaceOsError::input(MAKE, "the address must begin with https://"));
        }
        if base.path() != "/" || base.query().is_some() || base.fragment().is_some() {
            return Err(PlaceOsError::input(MAKE, "the address is that of the domain, without a path"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(PlaceOsError::input(MAKE, "the address must not hold a user or a password"));
        }
        header(&credential)?;
        let http = http_builder().user_agent(concat!("exchange-groups/", env!("CARGO_PKG_VERSION"))).build();
        let http = http.map_err(|error| PlaceOsError::input(MAKE, format!("no HTTP client could be made: {error}")))?;
        let (retry, requests) = (RetryOptions::default(), Arc::default());
        Ok(Self { base, http, credential, secrets: Vec::new(), retry, requests })
    }

    /// Sends with another HTTP client: for a proxy or a certificate authority. Redirects stay refused.
    ///
    /// # Errors
    ///
    /// [`PlaceOsErrorKind::Input`] when no client can be made.
    pub fn http_with(
        mut self,
        change: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Self, PlaceOsError> {
        let http = change(http_builder()).redirect(reqwest::redirect::Policy::none()).build();
        self.http =
            http.map_err(|error| PlaceOsError::input(MAKE, format!("no HTTP client could be made: {error}")))?;
        Ok(self)
    }

    /// Sets how failed calls are repeated.
    #[must_use]
    pub fn retry(mut self, retry: RetryOptions) -> Self {
        self.retry = retry;
        self
    }

    /// The origin of the domain.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// How many requests this client and its clones have sent.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// A clone in whose answers this secret is not shown either.
    pub(crate) fn hiding(&self, secret: &SecretString) -> Self {
        let mut client = self.clone();
        client.secrets.push(secret.clone());
        client
    }

    /// Makes a call.
    pub(crate) async fn call(
        &self,
        endpoint: &'static Endpoint,
        variables: &[&str],
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Answer, PlaceOsError> {
        let url = self.url(endpoint, variables, query)?;
        debug_assert!(
            body.and_then(Value::as_object).is_none_or(|body| body.keys().all(|it| endpoint.body.contains(&&**it))),
            "{endpoint:?} has a field that the table lacks"
        );
        let started = Instant::now();
        let mut delay = self.retry.initial_delay;
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(endpoint, &url, body).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let wait = failure.retry_after.unwrap_or(delay);
            let is_last = attempt >= self.retry.max_attempts || started.elapsed() + wait > self.retry.max_elapsed;
            if is_last || !failure.may_be_repeated(endpoint) {
                return Err(failure.error);
            }
            tokio::time::sleep(wait).await;
            attempt += 1;
            delay = (delay * 2).min(self.retry.max_delay);
        }
    }

    fn url(
        &self,
        endpoint: &'static Endpoint,
        variables: &[&str],
        query: &[(&str, String)],
    ) -> Result<Url, PlaceOsError> {
        let mut variables = variables.iter();
        let mut path = String::new();
        for segment in endpoint.path.split('/').skip(1) {
            path.push('/');
            if !segment.starts_with('{') {
                path.push_str(segment);
                continue;
            }
            let id = variables.next().copied().unwrap_or_default();
            // What is no id could lead to another path.
            if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
                let message = format!("\"{}\" is no id of PlaceOS", printable(id));
                return Err(PlaceOsError::input(endpoint.purpose, message));
            }
            path.push_str(id);
        }
        let mut url = self.base.clone();
        url.set_path(&path);
        if !query.is_empty() {
            debug_assert!(query.iter().all(|(name, _)| endpoint.query.contains(name)), "{endpoint:?}: {query:?}");
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    async fn attempt(
        &self,
        endpoint: &'static Endpoint,
        url: &Url,
        body: Option<&Value>,
    ) -> Result<Answer, Box<Failure>> {
        let during = endpoint.purpose;
        let failed = |error: PlaceOsError| Box::new(Failure { error, retry_after: None, was_not_sent: true });
        let method = Method::from_bytes(endpoint.method.as_bytes())
            .map_err(|_| failed(PlaceOsError::input(during, "no such method")))?;
        let mut request = reqwest::Request::new(method, url.clone());
        *request.timeout_mut() = Some(TIME_LIMIT);
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(self.credential.header, header(&self.credential).map_err(failed)?);
        if let Some(body) = body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.to_string().into());
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut response = self.http.execute(request).await.map_err(|error| Failure::network(endpoint, error))?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut bytes: Vec<u8> = Vec::new();
        loop {
            match response.chunk().await {
                Ok(None) => break,
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= BODY_LIMIT => bytes.extend_from_slice(&chunk),
                Ok(Some(_)) => {
                    let error = PlaceOsError::new(PlaceOsErrorKind::Decode, during, "the answer is too large");
                    return Err(Failure::answered(endpoint, status, error));
                }
                Err(error) => return Err(Failure::network(endpoint, error)),
            }
        }
        let body = serde_json::from_slice::<Value>(&bytes);
        if !(200..300).contains(&status) {
            return Err(self.refusal(endpoint, status, &headers, body.ok()));
        }
        let body = match body {
            Ok(body) => self.scrubbed(body),
            Err(_) if bytes.is_empty() => Value::Null,
            Err(_) if !endpoint.is_read() => Value::Null,
            Err(_) => {
                let error = PlaceOsError::new(PlaceOsErrorKind::Decode, during, "the answer is no JSON");
                return Err(Failure::answered(endpoint, status, error));
            }
        };
        let total = headers.get("X-Total-Count").and_then(|total| total.to_str().ok()?.trim().parse().ok());
        Ok(Answer { body, total })
    }

    /// What the service said, as far as it may be shown.
    #[expect(clippy::unnecessary_box_returns, reason = "errors are boxed, so that answers are small")]
    fn refusal(
        &self,
        endpoint: &'static Endpoint,
        status: u16,
        headers: &HeaderMap,
        body: Option<Value>,
    ) -> Box<Failure> {
        use PlaceOsErrorKind::{Auth, Conflict, Denied, Invalid, NotFound, Redirect, Throttled, Unavailable};
        let kind = match status {
            300..=399 => Redirect,
            401 | 511 => Auth,
            403 => Denied,
            404 => NotFound,
            409 => Conflict,
            429 => Throttled,
            500..=599 => Unavailable,
            _ => Invalid,
        };
        let body = body.map(|body| self.scrubbed(body)).unwrap_or_default();
        let mut message = body["error"].as_str().unwrap_or_default().to_owned();
        for failure in body["failures"].as_array().into_iter().flatten() {
            let (field, reason) = (failure["field"].as_str(), failure["reason"].as_str());
            let _ = write!(message, "; {}: {}", field.unwrap_or("?"), reason.unwrap_or("refused"));
        }
        if kind == Redirect {
            // Where it leads may hold what was sent.
            message = format!("the answer leads away from {}", self.base.origin().ascii_serialization());
        }
        if message.is_empty() {
            message = kind.as_str().replace('_', " ");
        }
        if let Some((end, _)) = message.char_indices().nth(MESSAGE_LIMIT) {
            message.truncate(end);
            message.push('…');
        }
        let seconds = headers.get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.trim().parse::<u64>().ok());
        let mut failure = Failure::answered(endpoint, status, PlaceOsError::new(kind, endpoint.purpose, message));
        failure.retry_after = seconds.map(Duration::from_secs);
        failure
    }

    /// JSON of the service without the secrets that it may repeat.
    fn scrubbed(&self, mut body: Value) -> Value {
        let mut forms: Vec<String> = Vec::new();
        for secret in std::iter::once(&self.credential.secret).chain(&self.secrets) {
            let secret = secret.expose_secret();
            forms.extend(forms_of(secret));
            // The second half of a key is the secret one.
            if let Some((_, half)) = secret.split_once('.') {
                forms.extend(forms_of(half));
            }
        }
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        scrub(&mut body, &forms);
        body
    }
}

/// The credential as a header, which is shown nowhere.
fn header(credential: &PlaceOsCredential) -> Result<HeaderValue, PlaceOsError> {
    let secret = credential.secret.expose_secret();
    let value = HeaderValue::from_str(&format!("{}{secret}", credential.prefix));
    let mut value =
        value.map_err(|_| PlaceOsError::input(MAKE, "the key or token has characters that no header takes"))?;
    if secret.trim().is_empty() {
        return Err(PlaceOsError::input(MAKE, "the key or token is empty"));
    }
    value.set_sensitive(true);
    Ok(value)
}

/// A secret as it is, in a query, in JSON, and in JSON within JSON. Shorter texts are words that may stand anywhere.
fn forms_of(secret: &str) -> Vec<String> {
    if secret.len() < 8 {
        return Vec::new();
    }
    let quoted = |text: &str| {
        let json = Value::from(text).to_string();
        json[1..json.len() - 1].to_owned()
    };
    let (once, query) = (quoted(secret), percent_encoded(secret));
    vec![secret.to_owned(), quoted(&once), once, query]
}

fn scrub(value: &mut Value, secrets: &[String]) {
    match value {
        Value::String(text) => {
            for secret in secrets {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), REDACTED);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| scrub(item, secrets)),
        Value::Object(members) => {
            let holds = |name: &str| secrets.iter().any(|secret| name.contains(secret.as_str()));
            if members.keys().any(|name| holds(name)) {
                *members = std::mem::take(members).into_iter().filter(|(name, _)| !holds(name)).collect();
            }
            members.values_mut().for_each(|item| scrub(item, secrets));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

mod url_text {
    use std::fmt::Write as _;

    /// Text as a query writes it, with every byte escaped that is no letter or digit.
    pub(super) fn percent_encoded(text: &str) -> String {
        text.bytes().fold(String::new(), |mut out, byte| {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "%{byte:02X}");
            }
            out
        })
    }
}

/// A failed attempt.
struct Failure {
    error: PlaceOsError,
    retry_after: Option<Duration>,
    /// Nothing was sent, so nothing was done.
    was_not_sent: bool,
}

impl Failure {
    #[expect(clippy::unnecessary_box_returns, reason = "errors are boxed, so that answers are small")]
    fn network(endpoint: &'static Endpoint, error: reqwest::Error) -> Box<Self> {
        let was_not_sent = error.is_connect();
        let error = error.without_url();
        let message = if error.is_timeout() {
            "no answer in time".to_owned()
        } else if was_not_sent {
            "no connection".to_owned()
        } else {
            "the connection broke".to_owned()
        };
        let mut error = PlaceOsError::new(PlaceOsErrorKind::Network, endpoint.purpose, message);
        error.is_outcome_unknown = !was_not_sent && !endpoint.is_read();
        Box::new(Self { error, retry_after: None, was_not_sent })
    }

    #[expect(clippy::unnecessary_box_returns, reason = "errors are boxed, so that answers are small")]
    fn answered(endpoint: &'static Endpoint, status: u16, mut error: PlaceOsError) -> Box<Self> {
        error.status = Some(status);
        // A gateway answers with 5xx for a service that goes on working; so may a service that failed half-way.
        error.is_outcome_unknown = !endpoint.is_read() && (status >= 500 || (200..300).contains(&status));
        Box::new(Self { error, retry_after: None, was_not_sent: false })
    }

    fn may_be_repeated(&self, endpoint: &Endpoint) -> bool {
        let is_momentary = matches!(
            self.error.kind,
            PlaceOsErrorKind::Throttled | PlaceOsErrorKind::Unavailable | PlaceOsErrorKind::Network
        );
        let is_final = matches!(self.error.status, Some(501 | 505));
        let is_undone = self.was_not_sent || self.error.kind == PlaceOsErrorKind::Throttled;
        is_momentary && !is_final && (endpoint.is_read() || is_undone)
    }
}
