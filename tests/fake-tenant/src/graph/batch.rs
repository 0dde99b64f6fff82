//! `$batch`: up to twenty requests in one, answered in any order.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use url::Url;

use super::{GraphError, GraphResult, error};
use crate::request::{Request, Response};
use crate::state::{Incoming, State};

const MOST: usize = 20;

pub(crate) fn answer(state: &mut State, call: &Incoming<'_>) -> GraphResult {
    if call.request.method() != "POST" {
        return Err(GraphError::wrong_method());
    }
    let invalid = |message: String| error(400, "BadRequest", message);
    let items = call
        .json
        .as_ref()
        .and_then(|body| body.get("requests"))
        .and_then(Value::as_array)
        .filter(|items| !items.is_empty())
        .ok_or_else(|| invalid("Invalid batch payload format.".to_owned()))?;
    if items.len() > MOST {
        return Err(invalid(format!("Number of batch request steps exceeds the maximum value of {MOST}.")));
    }
    let mut ids = HashSet::new();
    for item in items {
        let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
        if id.is_empty() || !ids.insert(id.to_lowercase()) {
            return Err(invalid(format!("Request id is missing or was used more than once: '{id}'.")));
        }
    }
    let mut outer = Response::new(200);
    let mut failed: HashSet<String> = HashSet::new();
    let mut responses = Vec::with_capacity(items.len());
    for item in items {
        let id = item["id"].as_str().unwrap_or_default().to_lowercase();
        let waits_for_failed = item
            .get("dependsOn")
            .and_then(Value::as_array)
            .is_some_and(|on| on.iter().filter_map(Value::as_str).any(|id| failed.contains(&id.to_lowercase())));
        let response = if waits_for_failed {
            Response::of_json(
                424,
                &json!({"error": {"code": "FailedDependency", "message": "The request failed because a request it depends on failed."}}),
            )
        } else {
            run(state, call, item)
        };
        if response.status >= 400 {
            failed.insert(id);
        }
        outer.delay = outer.delay.max(response.delay);
        outer.interruption = outer.interruption.or(response.interruption);
        responses.push(item_response(&item["id"], &response));
    }
    // Any order is allowed, so a client must not rely on the one it asked in.
    responses.reverse();
    Ok(outer.with_body("application/json", json!({"responses": responses}).to_string()))
}

fn run(state: &mut State, call: &Incoming<'_>, item: &Value) -> Response {
    let method = item.get("method").and_then(Value::as_str).unwrap_or("GET");
    let path = item.get("url").and_then(Value::as_str).unwrap_or_default();
    let version = call.segments.first().map_or("v1.0", String::as_str);
    let target = format!("{}/{version}/{}", call.request.origin(), path.trim_start_matches('/'));
    let Ok(url) = Url::parse(&target) else {
        return Response::new(400);
    };
    let mut request = Request::new(method, url);
    for (name, value) in item.get("headers").and_then(Value::as_object).into_iter().flatten() {
        if let Some(value) = value.as_str() {
            request = request.header(name, value);
        }
    }
    for name in ["Authorization", "client-request-id"] {
        if request.header_value(name).is_none()
            && let Some(value) = call.request.header_value(name)
        {
            request = request.header(name, value);
        }
    }
    match item.get("body") {
        None | Some(Value::Null) => {}
        Some(_) if request.header_value("Content-Type").is_none() => {
            return Response::of_json(
                400,
                &json!({"error": {"code": "BadRequest", "message": "Write request id : ".to_owned() + item["id"].as_str().unwrap_or_default() + " does not contain Content-Type header or body."}}),
            );
        }
        Some(Value::String(encoded)) => {
            request = request.body(STANDARD.decode(encoded).unwrap_or_default());
        }
        Some(body) => request = request.body(body.to_string()),
    }
    state.answer(&request, true)
}

fn item_response(id: &Value, response: &Response) -> Value {
    let headers: Map<String, Value> =
        response.headers.iter().map(|(name, value)| (name.clone(), Value::from(&**value))).collect();
    let mut item = json!({"id": id, "status": response.status, "headers": headers});
    if !response.body.is_empty() {
        item["body"] = response.json();
    }
    item
}
