//! The state machine: one request in, one response out.

use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::address;
use crate::clock::http_date;
use crate::exchange::{self, Pages};
use crate::faults::{Faults, Plan, Seen};
use crate::graph;
use crate::record::{Record, RecordedRequest, Summary, kept_body, kept_headers};
use crate::request::{Request, Response};
use crate::sign_in::{self, Tokens};
use crate::world::{World, derived_id};

pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) tokens: Tokens,
    pub(crate) pages: Pages,
    pub(crate) faults: Faults,
    pub(crate) record: Record,
    #[cfg(feature = "server")]
    pub(crate) flights: crate::flight::Flights,
    pub(crate) watcher: Option<crate::watch::Watcher>,
    answered: u64,
}

/// A request, read as far as every surface needs it.
pub(crate) struct Incoming<'r> {
    pub(crate) request: &'r Request,
    pub(crate) json: Option<Value>,
    /// The path's segments, decoded.
    pub(crate) segments: Vec<String>,
    pub(crate) request_id: Uuid,
    pub(crate) client_request_id: String,
    pub(crate) batch_item: bool,
}

impl Incoming<'_> {
    /// The segments as text slices, for matching.
    pub(crate) fn path(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    fn cmdlet(&self) -> Option<&str> {
        self.json.as_ref()?.get("CmdletInput")?.get("CmdletName")?.as_str()
    }

    fn is_batch(&self) -> bool {
        self.segments.last().is_some_and(|last| last == "$batch")
    }

    fn is_write(&self) -> bool {
        match self.cmdlet() {
            Some(cmdlet) => !exchange::only_reads(cmdlet),
            None => {
                self.request.method() != "GET"
                    && !self.is_batch()
                    && matches!(self.segments.first().map(String::as_str), Some("v1.0" | "beta"))
            }
        }
    }
}

impl State {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world,
            tokens: Tokens::default(),
            pages: Pages::default(),
            faults: Faults::default(),
            record: Record::default(),
            #[cfg(feature = "server")]
            flights: crate::flight::Flights::default(),
            watcher: None,
            answered: 0,
        }
    }

    /// Answers a request, or an item of a batch as if it were one.
    pub(crate) fn answer(&mut self, request: &Request, batch_item: bool) -> Response {
        self.answered += 1;
        let request_id = derived_id("request", &self.answered.to_string());
        let call = Incoming {
            request,
            json: serde_json::from_slice(request.bytes()).ok(),
            segments: address::segments(request),
            request_id,
            client_request_id: request
                .header_value("client-request-id")
                .map_or_else(|| request_id.to_string(), str::to_owned),
            batch_item,
        };
        let place = self.note(&call);
        let now = self.world.now();
        let path = path_and_query(request.url());
        let plan = self
            .faults
            .take(now, &Seen { request, method: request.method(), path: &path, cmdlet: call.cmdlet(), batch_item });
        let fault = plan.fault();
        let mut response = match plan {
            Plan::Instead(response, _) => response,
            other => {
                self.world.visibility.begin_request(now);
                let response = self.route(&call);
                other.finish(response, request)
            }
        };
        self.record.finish(place, response.status, fault);
        if response.status == 501 && response.header(crate::record::MARK).is_some() {
            self.record.note_unmodelled(format!("{} {}", request.method(), request.url().path()));
        }
        if !batch_item {
            response = response
                .with_header("request-id", request_id.to_string())
                .with_header("client-request-id", &*call.client_request_id)
                .with_header("Date", http_date(now));
        }
        response
    }

    fn route(&mut self, call: &Incoming<'_>) -> Response {
        match call.path()[..] {
            [tenant, "oauth2", "v2.0", "token"] => {
                sign_in::answer(&mut self.world, &mut self.tokens, tenant, call.request)
            }
            [tenant, "oauth2", "token"] => {
                sign_in::answer_first_version(&mut self.world, &mut self.tokens, tenant, call.request)
            }
            [tenant, "v2.0", ".well-known", "openid-configuration"] => {
                sign_in::configuration(&self.world, tenant, call.request, true)
            }
            [tenant, ".well-known", "openid-configuration"] => {
                sign_in::configuration(&self.world, tenant, call.request, false)
            }
            [_, "discovery", "instance"] => sign_in::instance(call.request),
            [_, "discovery", "v2.0", "keys"] | [_, "discovery", "keys"] => sign_in::keys(),
            [tenant, "oauth2", "v2.0", "devicecode"] => {
                sign_in::start_device_code(&mut self.world, &mut self.tokens, tenant, call.request)
            }
            ["v1.0" | "beta", ..] => graph::answer(self, call),
            ["adminapi", ..] => exchange::answer(self, call),
            _ => not_modelled(call),
        }
    }

    /// The record, for people.
    pub(crate) fn transcript(&self) -> String {
        let mut lines = match self.record.dropped {
            0 => String::new(),
            dropped => format!("({dropped} older requests are not kept)\n"),
        };
        for request in &self.record.entries {
            let indent = if request.batch_item { "  " } else { "" };
            let what = request.cmdlet.as_deref().unwrap_or(&request.path);
            let by = request
                .application
                .as_deref()
                .map(|id| self.world.app(id).map_or_else(|| id.to_owned(), |app| app.display_name.clone()));
            let by = by.map(|name| format!("  ({name})")).unwrap_or_default();
            let fault = request.fault.map(|fault| format!("  [fault: {fault}]")).unwrap_or_default();
            lines.extend([indent, &request.status.to_string(), " ", &request.method, " ", what, &by, &fault, "\n"]);
        }
        lines
    }

    fn note(&mut self, call: &Incoming<'_>) -> Option<usize> {
        let request = call.request;
        let is_write = call.is_write();
        let tokens = &self.tokens;
        self.record.begin(
            || RecordedRequest {
                method: request.method().to_owned(),
                path: path_and_query(request.url()),
                cmdlet: call.cmdlet().map(str::to_owned),
                status: 0,
                fault: None,
                batch_item: call.batch_item,
                is_write,
                authorization: request.header_value("Authorization").is_some(),
                application: tokens.owner(request).map(|id| id.to_string()),
                headers: kept_headers(request),
                body: kept_body(request, call.json.as_ref()),
            },
            &Summary { cmdlet: call.cmdlet(), batch_item: call.batch_item, is_write },
        )
    }
}

pub(crate) fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// An answer in the fake's own voice, so that nobody takes it for the service's.
pub(crate) fn not_modelled(call: &Incoming<'_>) -> Response {
    let what = format!("{} {}", call.request.method(), call.request.url().path());
    let message = format!("fake-tenant does not model {what}. This is an answer of the fake, not of the service.");
    let body = serde_json::json!({"error": {"code": "fake-tenant.notModelled", "message": message}});
    Response::of_json(501, &body).with_header(crate::record::MARK, "not-modelled")
}
