//! Faults on request: what a network, a gateway or a busy service does to a client.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::signed;
use crate::request::{Interruption, Request, Response};
use crate::state::path_and_query;

/// Which requests a fault hits.
///
/// A matcher without conditions means any HTTP request; one with a cmdlet or a path also hits the
/// items of a `$batch`, one by one.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    cmdlet: Option<String>,
    path: Option<String>,
    method: Option<String>,
    skip: usize,
    times: Option<usize>,
}

impl Matcher {
    /// Any HTTP request.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests that run this cmdlet.
    #[must_use]
    pub fn cmdlet(name: &str) -> Self {
        Self { cmdlet: Some(name.to_owned()), ..Self::default() }
    }

    /// Requests whose path and query contain this text.
    #[must_use]
    pub fn path(part: &str) -> Self {
        Self { path: Some(part.to_owned()), ..Self::default() }
    }

    /// Only requests with this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Lets the first `count` matching requests through. Those that [`FakeTenant::throttle`](crate::FakeTenant::throttle)
    /// turns away are not counted: throttling comes before every plan.
    #[must_use]
    pub fn after(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    /// Hits `count` requests instead of one.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.times = Some(count);
        self
    }

    fn matches(&self, seen: &Seen<'_>) -> bool {
        let unconditional = self.cmdlet.is_none() && self.path.is_none();
        if unconditional && seen.batch_item {
            return false;
        }
        self.cmdlet.as_ref().is_none_or(|name| seen.cmdlet.is_some_and(|cmdlet| cmdlet.eq_ignore_ascii_case(name)))
            && self.path.as_ref().is_none_or(|part| seen.path.contains(part.as_str()))
            && self.method.as_ref().is_none_or(|method| seen.method.eq_ignore_ascii_case(method))
    }
}

/// Whether the tenant had done the work before the connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Nothing was done.
    BeforeEffect,
    /// It was done, and nobody was told.
    AfterEffect,
}

/// What goes wrong.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// An answer with this status and body; nothing is done.
    Status {
        /// The HTTP status.
        status: u16,
        /// Further headers.
        headers: Vec<(String, String)>,
        /// The JSON body; `null` for none.
        body: Value,
    },
    /// 429 with this `Retry-After`: seconds, seconds with a fraction, or a date.
    Throttle {
        /// The text of the header.
        retry_after: String,
    },
    /// Exchange's unreadable 403: NUL bytes under a false gzip label (observed).
    NulBody403 {
        /// The value of `x-ms-diagnostics`, if there is one.
        diagnostics: Option<String>,
    },
    /// Plain text where JSON belongs.
    PlainText {
        /// The HTTP status.
        status: u16,
        /// The text.
        text: String,
    },
    /// These bytes, whatever they are, in place of the answer.
    Body {
        /// Whether the work is done all the same.
        when: When,
        /// The HTTP status.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The bytes.
        body: Vec<u8>,
    },
    /// The right answer of Exchange, with this in place of its list of warnings. The service sends a list
    /// of texts; a text, an object or `null` has to be survived.
    Warnings(Value),
    /// A list of Exchange that ends after so many rows, with the warning of a list that was cut and no link
    /// to the rest (observed).
    CutList {
        /// How many rows are left.
        rows: usize,
    },
    /// A gateway's HTML page.
    Html {
        /// The HTTP status.
        status: u16,
    },
    /// The work is done, but a gateway answers with an HTML page of this status.
    AnswerLost {
        /// The HTTP status.
        status: u16,
    },
    /// The connection closes without an answer.
    DropConnection(When),
    /// The work is done, and the answer breaks off in the middle.
    TruncatedBody,
    /// The right answer, late.
    Delay(Duration),
    /// An error with this status that repeats what was asked: the headers, the token among them, and the body, as
    /// some gateways do. Nothing is done.
    Echo {
        /// The HTTP status.
        status: u16,
    },
    /// The right answer, with so many bytes of white space in front of it.
    Oversized {
        /// How many.
        bytes: usize,
    },
    /// The right answer, with this in place of the link to its next page. An answer that is no list stays as it is.
    NextLink(NextLink),
}

/// Where the link to the next page leads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NextLink {
    /// Back to the page that it is on, for ever.
    Same,
    /// To the same rows under ever new addresses, for as long as the fault hits.
    Endless,
    /// To this address, such as one of another host.
    To(String),
    /// Nowhere: the list ends, and says nothing of the rest.
    Missing,
}

impl Fault {
    /// An answer with this status and JSON body.
    #[must_use]
    pub fn status(status: u16, body: Value) -> Self {
        Self::Status { status, headers: Vec::new(), body }
    }

    /// These bytes in place of the answer of Exchange, as JSON; nothing is done, unless told with
    /// [`Fault::when`].
    #[must_use]
    pub fn body(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let content_type = "application/json; charset=utf-8".to_owned();
        Self::Body { when: When::BeforeEffect, status, content_type, body: body.into() }
    }

    /// A 200 that holds nothing but NUL bytes, as Exchange's refusals do.
    #[must_use]
    pub fn nul_bytes() -> Self {
        Self::body(200, vec![0; 470])
    }

    /// Sets whether the work is done before a [`Fault::Body`] or a [`Fault::DropConnection`]; others stay as
    /// they are.
    #[must_use]
    pub fn when(mut self, wanted: When) -> Self {
        if let Self::Body { when, .. } | Self::DropConnection(when) = &mut self {
            *when = wanted;
        }
        self
    }

    /// Adds a header to a [`Fault::Status`]; others stay as they are.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Self::Status { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// 429 with this `Retry-After`.
    #[must_use]
    pub fn throttle(retry_after: &str) -> Self {
        Self::Throttle { retry_after: retry_after.to_owned() }
    }

    /// A 200 without any bytes.
    #[must_use]
    pub fn empty() -> Self {
        Self::body(200, Vec::new())
    }

    /// Exchange's answer to too many requests at once: a 400 in plain text (sentence observed).
    #[must_use]
    pub fn concurrency() -> Self {
        Self::PlainText {
            status: 400,
            text: "You have reached the maximum number of concurrent requests per tenant. Please wait and try again"
                .to_owned(),
        }
    }

    /// A cmdlet error of that type and sentence, in the form in which Exchange sends most of them.
    #[must_use]
    pub fn cmdlet_error(status: u16, exception: &str, sentence: &str) -> Self {
        Self::status(status, crate::exchange::cmdlet_error_body(status, exception, sentence))
    }

    /// What the record says of a request that it hit.
    fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Throttle { .. } => "throttled",
            Self::NulBody403 { .. } => "unreadable refusal",
            Self::PlainText { .. } => "plain text",
            Self::Body { .. } => "other body",
            Self::Warnings(_) => "odd warnings",
            Self::CutList { .. } => "list cut off",
            Self::Html { .. } => "page of a gateway",
            Self::AnswerLost { .. } => "done, answer lost",
            Self::DropConnection(When::BeforeEffect) => "connection dropped before anything was done",
            Self::DropConnection(When::AfterEffect) => "done, connection dropped",
            Self::TruncatedBody => "done, answer cut off",
            Self::Delay(_) => "late",
            Self::Echo { .. } => "echo",
            Self::Oversized { .. } => "oversized",
            Self::NextLink(_) => "odd link to the next page",
        }
    }

    /// The answer that replaces the real one, if the work is not to be done.
    fn instead(&self, request: &Request) -> Option<Response> {
        Some(match self {
            Self::Echo { status } => echo(*status, request),
            Self::Status { status, headers, body } => {
                let mut response =
                    if body.is_null() { Response::new(*status) } else { Response::of_json(*status, body) };
                response.headers.extend(headers.iter().cloned());
                response
            }
            Self::Throttle { retry_after } => throttled(retry_after),
            Self::NulBody403 { diagnostics } => nul_body_403(diagnostics.as_deref()),
            Self::PlainText { status, text } => Response::new(*status).with_body("text/plain", text.as_str()),
            Self::Html { status } => html(*status),
            Self::DropConnection(When::BeforeEffect) => dropped(),
            Self::Body { when: When::BeforeEffect, .. } => self.bytes()?,
            _ => return None,
        })
    }

    fn bytes(&self) -> Option<Response> {
        match self {
            Self::Body { status, content_type, body, .. } => {
                Some(Response::new(*status).with_body(content_type.as_str(), body.clone()))
            }
            _ => None,
        }
    }

    fn afterwards(&self, mut response: Response, request: &Request) -> Response {
        match self {
            Self::Oversized { bytes } => {
                let mut body = vec![b' '; *bytes];
                body.extend_from_slice(&response.body);
                response.body = body;
                response
            }
            Self::NextLink(link) => {
                let here = format!("{}{}", request.origin(), path_and_query(request.url()));
                rewritten(response, |body| link.set(body, &here))
            }
            Self::Body { .. } => self.bytes().unwrap_or(response),
            Self::Warnings(warnings) => rewritten(response, |body| body["@adminapi.warnings"] = warnings.clone()),
            Self::CutList { rows } => rewritten(response, |body| {
                if let Some(list) = body.get_mut("value").and_then(Value::as_array_mut) {
                    list.truncate(*rows);
                }
                if let Some(body) = body.as_object_mut() {
                    body.remove("@odata.nextLink");
                }
                body["@adminapi.warnings"] = json!([crate::exchange::MORE_RESULTS]);
            }),
            Self::AnswerLost { status } => html(*status),
            Self::DropConnection(_) => dropped(),
            Self::TruncatedBody => {
                response.interruption = Some(Interruption::TruncateBody);
                response
            }
            Self::Delay(delay) => {
                response.delay = Some(*delay);
                response
            }
            _ => response,
        }
    }
}

impl NextLink {
    fn set(&self, body: &mut Value, here: &str) {
        let (true, Some(body)) = (body["value"].is_array(), body.as_object_mut()) else {
            return;
        };
        let link = match self {
            Self::Missing => {
                body.remove("@odata.nextLink");
                return;
            }
            Self::Same => here.to_owned(),
            Self::Endless => {
                let (start, turn) = here.rsplit_once("again=").unwrap_or((here, "0"));
                let joint = match start.chars().last() {
                    Some('?' | '&') => "",
                    _ if start.contains('?') => "&",
                    _ => "?",
                };
                format!("{start}{joint}again={}", turn.parse::<u64>().unwrap_or_default() + 1)
            }
            Self::To(link) => link.clone(),
        };
        body.insert("@odata.nextLink".to_owned(), json!(link));
    }
}

/// What was asked, in the answer.
fn echo(status: u16, request: &Request) -> Response {
    let headers: Vec<String> = request.headers().iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let asked = String::from_utf8_lossy(request.bytes()).into_owned();
    let message =
        format!("Could not process {} {}\n{}\n\n{asked}", request.method(), request.url(), headers.join("\n"));
    let response = Response::of_json(status, &json!({"error": {"code": "BadRequest", "message": message}}));
    headers.iter().filter_map(|header| header.split_once(": ")).fold(response, |response, (name, value)| {
        if name.eq_ignore_ascii_case("authorization") { response.with_header("x-echo", value) } else { response }
    })
}

/// The same answer with another body; one that is no JSON object stays as it is.
fn rewritten(mut response: Response, change: impl FnOnce(&mut Value)) -> Response {
    let mut body = response.json();
    if body.is_object() {
        change(&mut body);
        response.body = body.to_string().into();
    }
    response
}

fn html(status: u16) -> Response {
    let text = match status {
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    };
    Response::new(status).with_body("text/html", format!("<html><body>{text}</body></html>"))
}

fn dropped() -> Response {
    let mut response = Response::new(502).with_body("text/plain", "The connection was closed.");
    response.interruption = Some(Interruption::DropConnection);
    response
}

pub(crate) fn throttled(retry_after: &str) -> Response {
    Response::of_json(
        429,
        &json!({"error": {
            "code": "TooManyRequests",
            "message": "Please retry again later.",
            "innerError": {"code": "429", "message": "Please retry after", "status": "429"},
        }}),
    )
    .with_header("Retry-After", retry_after)
}

pub(crate) fn nul_body_403(diagnostics: Option<&str>) -> Response {
    let mut response =
        Response::new(403).with_body("application/json", vec![0; 470]).with_header("Content-Encoding", "gzip");
    if let Some(reason) = diagnostics {
        response = response.with_header("x-ms-diagnostics", reason);
    }
    response
}

/// What a matcher looks at.
pub(crate) struct Seen<'a> {
    pub(crate) request: &'a Request,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) cmdlet: Option<&'a str>,
    pub(crate) batch_item: bool,
}

#[derive(Clone, Debug)]
struct Planned {
    matcher: Matcher,
    fault: Fault,
}

/// Faults that hit some of the requests, and the same ones for the same seed.
#[derive(Clone, Debug)]
struct Scattered {
    seed: u64,
    /// The request number, counted from when they began.
    at: u64,
    in_a_thousand: u64,
    faults: Vec<Fault>,
}

impl Scattered {
    fn next(&mut self) -> Option<Fault> {
        self.at += 1;
        let number = mixed(self.seed ^ mixed(self.at));
        let hit = number % 1000 < self.in_a_thousand;
        let which = usize::try_from(mixed(number)).unwrap_or(usize::MAX) % self.faults.len().max(1);
        hit.then(|| self.faults.get(which).cloned()).flatten()
    }
}

/// `SplitMix64` (public domain): numbers that look random and are the same in every run.
fn mixed(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    planned: Vec<Planned>,
    scattered: Option<Scattered>,
    throttle: Option<(usize, String)>,
    window: Option<(Timestamp, String)>,
}

/// What a fault means for the request in hand.
pub(crate) enum Plan {
    Instead(Response, &'static str),
    Afterwards(Fault),
    Nothing,
}

impl Faults {
    pub(crate) fn throttle(&mut self, requests: usize, retry_after: &str) {
        self.throttle = Some((requests, retry_after.to_owned()));
    }

    pub(crate) fn throttle_window(&mut self, now: Timestamp, window: Duration, retry_after: &str) {
        let until = now.checked_add(signed(window)).unwrap_or(Timestamp::MAX);
        self.window = Some((until, retry_after.to_owned()));
    }

    pub(crate) fn plan(&mut self, matcher: Matcher, fault: Fault) {
        self.planned.push(Planned { matcher, fault });
    }

    /// How many requests are still to be hit by what was planned.
    pub(crate) fn pending(&self) -> usize {
        let planned: usize = self.planned.iter().map(|planned| planned.matcher.times.unwrap_or(1)).sum();
        planned + self.throttle.as_ref().map_or(0, |(left, _)| *left)
    }

    pub(crate) fn scatter(&mut self, seed: u64, in_a_thousand: u64, faults: Vec<Fault>) {
        self.scattered = Some(Scattered { seed, at: 0, in_a_thousand, faults });
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn take(&mut self, now: Timestamp, seen: &Seen<'_>) -> Plan {
        if !seen.batch_item {
            if let Some((left, retry_after)) = &mut self.throttle
                && *left > 0
            {
                *left -= 1;
                return Plan::Instead(throttled(retry_after), "throttled");
            }
            if let Some((until, retry_after)) = &self.window
                && now < *until
            {
                return Plan::Instead(throttled(retry_after), "throttled");
            }
        }
        let mut hit = None;
        for (at, planned) in self.planned.iter_mut().enumerate() {
            if !planned.matcher.matches(seen) {
                continue;
            }
            if planned.matcher.skip > 0 {
                planned.matcher.skip -= 1;
                continue;
            }
            hit = Some(at);
            break;
        }
        let Some(at) = hit else {
            let scattered = self.scattered.as_mut().filter(|_| !seen.batch_item).and_then(Scattered::next);
            return scattered.map_or(Plan::Nothing, |fault| Plan::of(fault, seen.request));
        };
        let left = self.planned[at].matcher.times.unwrap_or(1).saturating_sub(1);
        let fault = if left == 0 {
            self.planned.remove(at).fault
        } else {
            self.planned[at].matcher.times = Some(left);
            self.planned[at].fault.clone()
        };
        Plan::of(fault, seen.request)
    }
}

impl Plan {
    fn of(fault: Fault, request: &Request) -> Self {
        match fault.instead(request) {
            Some(response) => Self::Instead(response, fault.name()),
            None => Self::Afterwards(fault),
        }
    }

    /// The name of the fault, if there is one.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Instead(_, name) => Some(name),
            Self::Afterwards(fault) => Some(fault.name()),
            Self::Nothing => None,
        }
    }

    pub(crate) fn finish(self, response: Response, request: &Request) -> Response {
        match self {
            Self::Afterwards(fault) => fault.afterwards(response, request),
            Self::Instead(..) | Self::Nothing => response,
        }
    }
}
