//! Microsoft Graph, as far as provisioning room calendars needs it.

mod applications;
mod batch;
mod calendars;
mod delta;
mod directory;
mod events;
mod grants;
mod groups;
mod members;
mod monitoring;
mod organization;
mod paths;
mod places;
mod query;
mod role_management;
mod schedule;
mod schema;
mod service_principals;
mod spaces;
mod subscriptions;
mod users;

pub(crate) use self::applications::defaults as application_defaults;
pub(crate) use self::calendars::moment;
pub(crate) use self::events::book;
pub use self::paths::{AcceptedPath, paths};
pub(crate) use self::schema::is_operation;

use serde_json::{Value, json};

use self::query::Form;

use crate::clock::graph_error_date;
use crate::request::Response;
use crate::roles::Resource;
use crate::sign_in::{Refusal, Token};
use crate::state::{Incoming, State, not_modelled};
use crate::world::World;

/// An error as Graph shapes it.
pub(crate) struct GraphError {
    status: u16,
    code: &'static str,
    message: String,
    /// Code and target of the one detail, whose message is the same.
    detail: Option<(&'static str, &'static str)>,
    /// A header besides the usual ones.
    header: Option<(&'static str, String)>,
    /// Whether the route was not found, so that the schema has to say whose fault that is.
    unrouted: bool,
}

pub(crate) type GraphResult = Result<Response, GraphError>;

fn error(status: u16, code: &'static str, message: impl Into<String>) -> GraphError {
    GraphError { status, code, message: message.into(), detail: None, header: None, unrouted: false }
}

impl std::fmt::Display for GraphError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.message)
    }
}

impl GraphError {
    fn bad_request(message: impl Into<String>) -> Self {
        error(400, "Request_BadRequest", message)
    }

    fn not_found(what: &str) -> Self {
        error(
            404,
            "Request_ResourceNotFound",
            format!(
                "Resource '{what}' does not exist or one of its queried reference-property objects are not present."
            ),
        )
    }

    fn unknown_segment(segment: &str) -> Self {
        let error = error(400, "BadRequest", format!("Resource not found for the segment '{segment}'."));
        Self { unrouted: true, ..error }
    }

    fn wrong_method() -> Self {
        let error = error(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.");
        Self { unrouted: true, ..error }
    }

    /// Something that Graph does and the fake does not; the answer says the latter.
    fn not_modelled() -> Self {
        error(501, "NotModelled", "")
    }

    fn response(&self, world: &World, call: &Incoming<'_>) -> Response {
        let mut body = json!({"code": self.code, "message": self.message});
        if let Some((code, target)) = self.detail {
            body["details"] = json!([{"code": code, "message": self.message, "target": target}]);
        }
        body["innerError"] = json!({
            "date": graph_error_date(world.now()),
            "request-id": call.request_id,
            "client-request-id": call.client_request_id,
        });
        let response = Response::of_json(self.status, &json!({"error": body}));
        match &self.header {
            Some((name, value)) => response.with_header(name, value.as_str()),
            None => response,
        }
    }

    fn with_detail(mut self, code: &'static str, target: &'static str) -> Self {
        self.detail = Some((code, target));
        self
    }

    fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.header = Some((name, value));
        self
    }
}

/// What every handler gets: the request, whose it is, and the way back.
pub(crate) struct GraphCall<'a> {
    pub(crate) incoming: &'a Incoming<'a>,
    pub(crate) token: Token,
    pub(crate) query: query::Query,
    /// Of the page links that are good.
    pub(crate) generation: u64,
}

impl GraphCall<'_> {
    fn method(&self) -> &str {
        self.incoming.request.method()
    }

    fn holds_any(&self, roles: &[&str]) -> bool {
        self.token.roles.iter().any(|role| roles.contains(&role.as_str()))
    }

    /// Refuses a directory request whose token has none of these app roles.
    fn need(&self, roles: &[&str]) -> Result<(), GraphError> {
        if self.holds_any(roles) {
            Ok(())
        } else {
            Err(error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."))
        }
    }

    /// What the path ends in.
    fn path_end(&self) -> &str {
        self.incoming.segments.last().map_or("", String::as_str)
    }

    /// The JSON object in the body.
    fn body(&self) -> Result<&serde_json::Map<String, Value>, GraphError> {
        self.incoming
            .json
            .as_ref()
            .and_then(Value::as_object)
            .ok_or_else(|| error(400, "BadRequest", "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format."))
    }

    /// A text property of the body.
    fn field(&self, name: &str) -> Option<&str> {
        self.incoming.json.as_ref()?.get(name)?.as_str()
    }

    /// `201` with the object that was made.
    fn created(&self, context: &str, object: &Value) -> Response {
        let mut response = self.entity(context, object);
        response.status = 201;
        response
    }

    fn only_get(&self) -> Result<(), GraphError> {
        if self.method() == "GET" { Ok(()) } else { Err(GraphError::wrong_method()) }
    }

    /// `https://host/v1.0/$metadata#...`
    fn context(&self, what: &str) -> String {
        format!("{}/$metadata#{what}", self.root())
    }

    /// `https://host/v1.0`
    fn root(&self) -> String {
        let version = self.incoming.segments.first().map_or("v1.0", String::as_str);
        format!("{}/{version}", self.incoming.request.origin())
    }

    /// One object: `$select` applied, context in front.
    fn entity(&self, context: &str, object: &Value) -> Response {
        let mut body = json!({"@odata.context": self.context(context)});
        if let (Some(body), Value::Object(object)) = (body.as_object_mut(), self.query.selected(object)) {
            body.extend(object);
        }
        Response::of_json(200, &body)
    }
}

/// What Graph says of its JSON when nobody asked for other metadata.
const JSON: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

pub(crate) fn answer(state: &mut State, call: &Incoming<'_>) -> Response {
    if let [_, "$metadata"] = call.path()[..] {
        return not_modelled(call);
    }
    let response = match route(state, call) {
        Ok(response) => enveloped(response, call),
        Err(error) => {
            let known = error.unrouted && schema::place(&call.path()[1..]).takes(call.request.method());
            if known || error.status == 501 {
                return not_modelled(call);
            }
            error.response(&state.world, call)
        }
    };
    if response.status == 401 && response.header("WWW-Authenticate").is_none() {
        return response.with_header(
            "WWW-Authenticate",
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"",
        );
    }
    response
}

/// The headers of an answer that is none of an error.
fn enveloped(mut response: Response, call: &Incoming<'_>) -> Response {
    let plain = |(name, value): &(String, String)| name == "Content-Type" && value == "application/json";
    if call.segments.last().is_some_and(|last| last == "$batch") || !response.headers.iter().any(plain) {
        return response;
    }
    response.headers.retain(|header| !plain(header));
    let made = (response.status == 201).then(|| response.json()["id"].as_str().map(str::to_owned)).flatten();
    if let Some(id) = made.filter(|_| response.header("Location").is_none()) {
        let path = call.request.url().path().trim_end_matches('/');
        // GUESS: the directory's addresses look otherwise; wrong for who compares them.
        response = response.with_header("Location", format!("{}{path}/{id}", call.request.origin()));
    }
    response.with_header("Content-Type", JSON).with_header("OData-Version", "4.0")
}

fn route(state: &mut State, call: &Incoming<'_>) -> GraphResult {
    let now = state.world.now();
    let token = state
        .tokens
        .check(call.request, Resource::Graph, now)
        .map_err(|refusal| {
            error(
                401,
                "InvalidAuthenticationToken",
                match refusal {
                    Refusal::Missing => "Access token is empty.",
                    Refusal::Unknown => "CompactToken parsing failed with error code: 80049217",
                    Refusal::Expired => "Lifetime validation failed, the token is expired.",
                    Refusal::WrongAudience => "Access token validation failure. Invalid audience.",
                },
            )
        })?
        .clone();
    let revoked = token.is_evaluated()
        && state.world.app(&token.client_id.to_string()).is_none_or(|app| !app.enabled || !app.principal);
    if let Some(understands) = state.tokens.challenges(&token).or(revoked.then_some(true)) {
        let refused = error(
            401,
            "InvalidAuthenticationToken",
            "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp",
        );
        // A client that did not say it understands challenges gets none.
        return Err(if understands {
            refused.with_header(
                "WWW-Authenticate",
                format!(
                    "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", error=\"insufficient_claims\", claims=\"{}\"",
                    crate::sign_in::challenge()
                ),
            )
        } else {
            refused
        });
    }
    let path = call.path();
    let path = &path[1..];
    if let ["$batch"] = path {
        return batch::answer(state, call);
    }
    let generation = state.pages.generation;
    let remembered = remembered(state, call);
    let mut query = query::Query::read(call.request.url(), &remembered)?;
    let (path, form) = Form::of(call.request.method(), path);
    query.form = form;
    let call = GraphCall { incoming: call, token, query, generation };
    if call.query.link_generation().is_some_and(|given| given != generation) {
        return Err(query::page_expired());
    }
    check(&call, path)?;
    let response = resource(&mut state.world, &call, path)?;
    if !paths::is_accepted(call.method(), path) {
        return Err(GraphError::not_modelled());
    }
    // Only lists have a number, and only those of the directory and a manager references.
    let answered = match form {
        Form::Rows => true,
        Form::Number => response.header("Content-Type") == Some("text/plain"),
        Form::References => {
            let context = response.json()["@odata.context"].as_str().map(str::to_owned).unwrap_or_default();
            context.ends_with("#$ref") || context.ends_with("#Collection($ref)")
        }
    };
    match answered {
        // Better nothing than a response from which a relation is missing.
        true if call.query.is_overlooked() => Err(GraphError::not_modelled()),
        true => Ok(response),
        false => Err(GraphError::unknown_segment(call.path_end())),
    }
}

fn resource(world: &mut World, call: &GraphCall<'_>, path: &[&str]) -> GraphResult {
    let Some((first, rest)) = path.split_first() else {
        return Err(GraphError::unknown_segment(""));
    };
    // Graph does not mind the case of its segments.
    let lower = first.to_ascii_lowercase();
    if members::COLLECTIONS.contains(&&*lower) && matches!(rest, [what] if what.eq_ignore_ascii_case("getByIds")) {
        return members::by_ids(world, call);
    }
    match &*lower {
        "organization" => organization::answer(world, call, rest),
        "places" => places::answer(world, call, rest),
        "users" => users::answer(world, call, rest),
        "me" => match &call.token.user {
            Some(user) => {
                let id = user.object_id.to_string();
                let path: Vec<&str> = std::iter::once(id.as_str()).chain(rest.iter().copied()).collect();
                users::answer(world, call, &path)
            }
            None => Err(error(400, "BadRequest", "/me request is only valid with delegated authentication flow.")),
        },
        "groups" => groups::answer(world, call, rest),
        "subscriptions" => subscriptions::answer(world, call, rest),
        "admin" => monitoring::answer(world, call, rest),
        "domains" => organization::domains(world, call, rest),
        "subscribedskus" => organization::skus(world, call, rest),
        "directoryobjects" => members::directory_objects(world, call, rest),
        "directory" => directory::answer(world, call, rest),
        "oauth2permissiongrants" => grants::answer(world, call, rest),
        "rolemanagement" => role_management::answer(world, call, rest),
        "directoryroles" => role_management::activated(world, call, None, rest),
        "directoryroletemplates" => role_management::templates(call, rest),
        _ if lower.starts_with("directoryroles(") => role_management::activated(world, call, Some(first), rest),
        _ if lower == "applications" || lower.starts_with("applications(") => {
            applications::answer(world, call, first, rest)
        }
        _ if lower == "serviceprincipals" || lower.starts_with("serviceprincipals(") => {
            service_principals::answer(world, call, first, rest)
        }
        _ => Err(GraphError::unknown_segment(first)),
    }
}

/// The options of the round that a delta link goes on with.
fn remembered(state: &State, call: &Incoming<'_>) -> Vec<(String, String)> {
    if !call.segments.last().is_some_and(|last| last.eq_ignore_ascii_case("delta")) {
        return Vec::new();
    }
    let token = call.request.url().query_pairs().find(|(name, _)| matches!(&**name, "$deltatoken" | "$skiptoken"));
    token.map(|(_, token)| state.world.deltas.query(&token)).unwrap_or_default()
}

/// What the schema says of names and bodies. It is that of v1.0: of beta only what is there is checked.
fn check(call: &GraphCall<'_>, path: &[&str]) -> Result<(), GraphError> {
    if call.incoming.segments.first().is_some_and(|version| version == "beta") {
        return Ok(());
    }
    let place = schema::place(path);
    let query = &call.query;
    if !path.last().is_some_and(|last| last.eq_ignore_ascii_case("delta")) || query.expanded().is_empty() {
        schema::check_names(place, query.select_names(), &query.expanded(), &query.order_names())?;
    }
    // Of a list that is read it is known afterwards whether its relations came.
    if call.method() != "GET" && !query.expanded().is_empty() {
        return Err(GraphError::not_modelled());
    }
    match (call.method(), call.incoming.json.as_ref().and_then(Value::as_object)) {
        ("POST" | "PATCH", Some(body)) => schema::check_body(place, body),
        _ => Ok(()),
    }
}
