//! The control port: what a test in Rust does by methods, a client in another language does over HTTP.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::{Payload, reply, whole};
use crate::request::{Request, Response};
use crate::{FakeTenant, Fault, Level, Matcher, NextLink, Resource, When};

/// A control port. It closes when this is dropped.
pub struct Control {
    address: SocketAddr,
    accepting: AbortHandle,
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Control {
    /// Where it is, such as `http://127.0.0.1:49153`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl FakeTenant {
    /// Opens a control port on an address of this machine: plain HTTP with JSON, for clients that are not written in Rust. What
    /// it takes is in the README. It gives secrets away, so that it belongs on a loopback address.
    ///
    /// # Errors
    /// When the address is no loopback address, or cannot be opened.
    pub async fn control_on(&self, address: SocketAddr) -> io::Result<Control> {
        if !address.ip().is_loopback() {
            let why = "the control port gives secrets away, and is opened on a loopback address alone";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        self.control_exposed_on(address).await
    }

    /// The same on an address that other machines reach, as in a container. Whoever reaches it has the secrets of the tenant.
    ///
    /// # Errors
    /// When the address cannot be opened.
    pub async fn control_exposed_on(&self, address: SocketAddr) -> io::Result<Control> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, self.clone())).abort_handle();
        Ok(Control { address, accepting })
    }

    /// Answers one request to the control port. No socket.
    #[must_use]
    pub fn control(&self, request: &Request) -> Response {
        let body: Value = match request.bytes() {
            [] => json!({}),
            body => match serde_json::from_slice(body) {
                Ok(body) => body,
                Err(error) => return refused(400, &format!("the body is no JSON: {error}")),
            },
        };
        let path = request.url().path().trim_end_matches('/').to_owned();
        let query: BTreeMap<String, String> = request.url().query_pairs().into_owned().collect();
        match (request.method(), path.as_str()) {
            ("GET", "") => Response::of_json(200, &self.state_of()),
            ("GET", "/requests") => Response::of_json(200, &rows_of(&self.requests())),
            ("DELETE", "/requests") => done(|| self.clear_requests()),
            ("GET", "/transcript") => Response::of_json(200, &json!({ "transcript": self.transcript() })),
            ("GET", "/unmodelled") => Response::of_json(200, &json!(self.unmodelled())),
            ("GET", "/reach") => self.reach_of(&query),
            ("GET", "/events") => self.events_of(&query),
            ("POST", "/events") => self.book_of(&body),
            ("GET", "/subscriptions") => Response::of_json(200, &self.subscriptions_of()),
            ("GET", "/failed") => Response::of_json(200, &rows_of(&self.failed_requests())),
            ("POST", "/clock") => self.set_clock(&body),
            ("POST", "/faults") => match faults_of(&body) {
                Ok(Planned::Next(matcher, fault)) => done(|| self.fail_next(matcher, fault)),
                Ok(Planned::AtRandom { seed, share, faults }) => done(|| self.fail_at_random(seed, share, faults)),
                Err(why) => refused(400, &why),
            },
            ("DELETE", "/faults") => done(|| self.clear_faults()),
            ("POST", "/applications") => self.add_application_of(&body),
            ("POST", "/cmdlet") => self.run_cmdlet_of(&body),
            ("POST", "/rooms") => self.add_of(&body, Self::add_room),
            ("POST", "/people") => self.add_of(&body, Self::add_person),
            (method, path) => refused(404, &format!("the control port has no {method} {path}: see the README")),
        }
    }

    fn state_of(&self) -> Value {
        let application = |it: &crate::Application| {
            json!({
                "clientId": it.client_id,
                "objectId": it.object_id,
                "displayName": it.display_name,
                "secret": it.secret(),
            })
        };
        json!({
            "tenantId": self.id(),
            "domain": self.domain(),
            "initialDomain": self.initial_domain(),
            "now": jiff::Timestamp::try_from(self.now()).map(|now| now.to_string()).unwrap_or_default(),
            "administrator": application(&self.administrator()),
            "bookingApplication": application(&self.booking_application()),
            "rooms": self.rooms(),
            "people": self.people(),
        })
    }

    fn events_of(&self, query: &BTreeMap<String, String>) -> Response {
        let Some(mailbox) = query.get("mailbox").filter(|mailbox| self.has_mailbox(mailbox)) else {
            return refused(404, "events needs mailbox, an address of the tenant");
        };
        let row = |event: &crate::EventView| {
            let attendees = event.attendees.iter().map(|it| json!({"address": it.address, "response": it.response}));
            json!({
                "id": event.id,
                "subject": event.subject,
                "start": event.start,
                "end": event.end,
                "organizer": event.organizer,
                "response": event.response,
                "isCancelled": event.is_cancelled,
                "attendees": attendees.collect::<Vec<_>>(),
            })
        };
        Response::of_json(200, &self.events(mailbox).iter().map(row).collect())
    }

    fn book_of(&self, body: &Value) -> Response {
        let organizer = match text(body, "organizer") {
            Ok(organizer) if self.has_mailbox(organizer) => organizer,
            Ok(organizer) => return refused(404, &format!("the tenant has no mailbox {organizer}")),
            Err(why) => return refused(400, &why),
        };
        let Some(event) = body.get("event").and_then(Value::as_object) else {
            return refused(400, "event has to be an object, as Graph takes it");
        };
        let world = &mut self.state().world;
        let organizer = crate::setup::expect(world, organizer);
        match crate::graph::book(world, organizer, "", None, event) {
            Ok(id) => Response::of_json(201, &json!({ "id": id })),
            Err(error) => refused(400, &error.to_string()),
        }
    }

    fn subscriptions_of(&self) -> Value {
        let row = |it: &crate::SubscriptionView| {
            json!({
                "id": it.id,
                "application": it.application,
                "resource": it.resource,
                "changes": it.changes,
                "url": it.url,
                "expires": it.expires,
            })
        };
        self.subscriptions().iter().map(row).collect()
    }

    fn has_mailbox(&self, address: &str) -> bool {
        self.mailboxes().iter().any(|it| it.eq_ignore_ascii_case(address))
    }

    fn reach_of(&self, query: &BTreeMap<String, String>) -> Response {
        let (Some(application), Some(mailbox)) = (query.get("application"), query.get("mailbox")) else {
            return refused(400, "reach needs application, a client id, and mailbox, an address");
        };
        if !self.has_mailbox(mailbox) || self.application(application).is_none() {
            return refused(404, "the tenant has no such application, or no such mailbox");
        }
        let reach = self.reaches(application, mailbox, Level::Events);
        Response::of_json(
            200,
            &json!({ "allowed": reach.allowed, "paths": reach.paths.iter().map(|path| format!("{path:?}")).collect::<Vec<_>>() }),
        )
    }

    fn set_clock(&self, body: &Value) -> Response {
        if let Some(seconds) = body.get("advanceSeconds").and_then(Value::as_u64) {
            self.advance(Duration::from_secs(seconds));
        } else if let Some(at) = body.get("set").and_then(Value::as_str) {
            let Some(at) = at.parse::<jiff::Timestamp>().ok().and_then(|at| SystemTime::try_from(at).ok()) else {
                return refused(400, "set has to be a time such as 2026-11-26T12:00:00Z");
            };
            self.set_time(at);
        } else if body.get("freeze").and_then(Value::as_bool) == Some(true) {
            self.freeze_clock();
        } else {
            return refused(400, "clock needs advanceSeconds, set or freeze");
        }
        Response::of_json(200, &json!({}))
    }

    fn add_of(&self, body: &Value, add: fn(&Self, &str) -> String) -> Response {
        match text(body, "address") {
            Ok(address) if self.is_free(address) => Response::of_json(201, &json!({ "id": add(self, address) })),
            Ok(address) => refused(409, &format!("{address} is taken already")),
            Err(why) => refused(400, &why),
        }
    }

    fn is_free(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        let full = if address.contains('@') { address } else { format!("{address}@{}", self.domain()) };
        self.state().world.directory.by_address(&full).is_none()
    }

    fn add_application_of(&self, body: &Value) -> Response {
        let (name, secret) = match (text(body, "displayName"), text(body, "secret")) {
            (Ok(name), Ok(secret)) => (name, secret),
            (Err(why), _) | (_, Err(why)) => return refused(400, &why),
        };
        let roles: Vec<&str> = body
            .get("roles")
            .and_then(Value::as_array)
            .map_or_else(Vec::new, |roles| roles.iter().filter_map(Value::as_str).collect());
        let known: Vec<&str> = Resource::Graph.app_roles().iter().map(|(value, _)| *value).collect();
        if let Some(unknown) = roles.iter().find(|role| !known.contains(role)) {
            return refused(400, &format!("the tenant knows no application permission {unknown} of Microsoft Graph"));
        }
        let application = self.add_application(name, secret);
        for role in roles {
            self.grant(&application, Resource::Graph, role);
        }
        let made = json!({ "clientId": application.client_id, "objectId": application.object_id });
        Response::of_json(201, &made)
    }

    /// As the tenant's administrator, and answered as the service answers.
    fn run_cmdlet_of(&self, body: &Value) -> Response {
        let name = match text(body, "name") {
            Ok(name) => name,
            Err(why) => return refused(400, &why),
        };
        let parameters = body.get("parameters").cloned().unwrap_or_else(|| json!({}));
        let url = format!("https://outlook.office365.com/adminapi/beta/{}/InvokeCommand", self.id());
        let input = json!({ "CmdletInput": { "CmdletName": name, "Parameters": parameters } });
        let token = self.exchange_token(self.administrator());
        self.handle(&Request::post(&url).bearer(&token).json(&input))
    }
}

fn done(act: impl FnOnce()) -> Response {
    act();
    Response::of_json(200, &json!({}))
}

fn refused(status: u16, why: &str) -> Response {
    Response::of_json(status, &json!({ "error": why }))
}

fn text<'b>(body: &'b Value, name: &str) -> Result<&'b str, String> {
    let text = body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| format!("{name} has to be a text"))
}

fn rows_of(requests: &[crate::RecordedRequest]) -> Value {
    let row = |it: &crate::RecordedRequest| {
        json!({
            "method": it.method,
            "path": it.path,
            "cmdlet": it.cmdlet,
            "status": it.status,
            "application": it.application,
            "body": it.body,
        })
    };
    requests.iter().map(row).collect()
}

/// What a body of `/faults` asks for.
enum Planned {
    Next(Matcher, Fault),
    AtRandom { seed: u64, share: u64, faults: Vec<Fault> },
}

/// `{"match": {"cmdlet" | "path": …, "method": …, "after": n, "times": n}, "fault": …}`, or
/// `{"random": {"seed": n, "inAThousand": n}, "faults": […]}`.
fn faults_of(body: &Value) -> Result<Planned, String> {
    if let Some(random) = body.get("random") {
        let number = |name: &str| {
            random.get(name).and_then(Value::as_u64).ok_or_else(|| format!("random.{name} has to be a number"))
        };
        let faults = body.get("faults").and_then(Value::as_array).filter(|faults| !faults.is_empty());
        let faults = faults.ok_or("faults has to be a list of faults")?.iter().map(fault_of);
        let (seed, share) = (number("seed")?, number("inAThousand")?);
        return Ok(Planned::AtRandom { seed, share, faults: faults.collect::<Result<_, _>>()? });
    }
    let wanted = body.get("match").unwrap_or(&Value::Null);
    let word = |name: &str| wanted.get(name).and_then(Value::as_str);
    let count = |name: &str| wanted.get(name).and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    let mut matcher = match (word("cmdlet"), word("path")) {
        (Some(cmdlet), _) => Matcher::cmdlet(cmdlet),
        (None, Some(path)) => Matcher::path(path),
        (None, None) => Matcher::any(),
    };
    if let Some(method) = word("method") {
        matcher = matcher.method(method);
    }
    if let Some(after) = count("after") {
        matcher = matcher.after(after);
    }
    if let Some(times) = count("times") {
        matcher = matcher.times(times);
    }
    Ok(Planned::Next(matcher, fault_of(body.get("fault").unwrap_or(&Value::Null))?))
}

/// The faults of the control port, as the README lists them.
fn fault_of(fault: &Value) -> Result<Fault, String> {
    let number = |name: &str| fault.get(name).and_then(Value::as_u64);
    let status = |name: &str| number(name).and_then(|status| u16::try_from(status).ok());
    let word = |name: &str| fault.get(name).and_then(Value::as_str);
    if let Some(status) = status("status") {
        return Ok(Fault::status(status, fault.get("body").cloned().unwrap_or_else(|| json!({}))));
    }
    if let Some(wait) = word("throttle") {
        return Ok(Fault::throttle(wait));
    }
    if let Some(status) = status("answerLost") {
        return Ok(Fault::AnswerLost { status });
    }
    if let Some(status) = status("html") {
        return Ok(Fault::Html { status });
    }
    if let Some(status) = status("echo") {
        return Ok(Fault::Echo { status });
    }
    if let Some(delay) = number("delayMilliseconds") {
        return Ok(Fault::Delay(Duration::from_millis(delay)));
    }
    if let Some(bytes) = number("oversized").and_then(|bytes| usize::try_from(bytes).ok()) {
        return Ok(Fault::Oversized { bytes });
    }
    if let Some(rows) = number("cutList").and_then(|rows| usize::try_from(rows).ok()) {
        return Ok(Fault::CutList { rows });
    }
    match (word("reset"), word("nextLink"), fault.as_str()) {
        (Some("before"), ..) => Ok(Fault::DropConnection(When::BeforeEffect)),
        (Some("after"), ..) => Ok(Fault::DropConnection(When::AfterEffect)),
        (_, Some("same"), _) => Ok(Fault::NextLink(NextLink::Same)),
        (_, Some("endless"), _) => Ok(Fault::NextLink(NextLink::Endless)),
        (_, Some("missing"), _) => Ok(Fault::NextLink(NextLink::Missing)),
        (_, Some(link), _) if link.starts_with("http") => Ok(Fault::NextLink(NextLink::To(link.to_owned()))),
        (.., Some("nulBytes")) => Ok(Fault::nul_bytes()),
        (.., Some("truncated")) => Ok(Fault::TruncatedBody),
        (.., Some("empty")) => Ok(Fault::empty()),
        _ => Err("a fault is one of status, throttle, answerLost, html, echo, delayMilliseconds, oversized, cutList, \
                  reset (before or after), nextLink (same, endless, missing or an address), \"nulBytes\", \"truncated\" \
                  and \"empty\""
            .to_owned()),
    }
}

async fn accept(listener: TcpListener, tenant: FakeTenant) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, tenant.clone()));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, tenant: FakeTenant) {
    let service = service_fn(move |request| {
        let tenant = tenant.clone();
        async move {
            let request = whole(request, "http").await?;
            reply(tenant.control(&request), false) as io::Result<hyper::Response<Payload>>
        }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
