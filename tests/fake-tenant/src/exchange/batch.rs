//! Exchange's `$batch`: up to ten commands, each with an absolute URL and a token of its own.

use serde_json::{Map, Value, json};
use url::Url;

use super::errors::Failure;
use crate::request::{Request, Response};
use crate::state::{Incoming, State};

/// Microsoft's own module sends no more (observed).
// GUESS: more are refused; wrong if a batch of eleven is carried out.
const MOST: usize = 10;

pub(super) fn answer(state: &mut State, call: &Incoming<'_>) -> Response {
    let items = call
        .json
        .as_ref()
        .and_then(|body| body.get("requests"))
        .and_then(Value::as_array)
        .filter(|items| !items.is_empty());
    let Some(items) = items else {
        return Failure::bare("The batch has no requests.").response("");
    };
    if items.len() > MOST {
        return Failure::bare(&format!(
            "The current change set contains too many operations. Only change sets with a maximum number of '{MOST}' operations are allowed."
        ))
        .response("");
    }
    let mut outer = Response::new(200);
    let mut responses = Vec::with_capacity(items.len());
    for item in items {
        let response = run(state, item);
        outer.delay = outer.delay.max(response.delay);
        outer.interruption = outer.interruption.or(response.interruption);
        responses.push(item_response(item, &response));
    }
    // Answers are matched by id; their order means nothing.
    responses.reverse();
    outer.with_body("application/json", json!({"responses": responses}).to_string())
}

fn run(state: &mut State, item: &Value) -> Response {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let Ok(url) = Url::parse(text("url")) else {
        return Failure::bare("The url of a batch item has to be absolute.").response("");
    };
    if url.path().ends_with("/$batch") {
        return Failure::bare("A batch cannot contain a batch.").response("");
    }
    let mut request = Request::new(text("method"), url);
    for (name, value) in item.get("headers").and_then(Value::as_object).into_iter().flatten() {
        if let Some(value) = value.as_str() {
            request = request.header(name, value);
        }
    }
    if let Some(body) = item.get("body") {
        request = request.body(body.to_string());
    }
    state.answer(&request, true)
}

fn item_response(item: &Value, response: &Response) -> Value {
    let headers: Map<String, Value> =
        response.headers.iter().map(|(name, value)| (name.clone(), Value::from(&**value))).collect();
    let body = match response.json() {
        Value::Null if response.body.iter().any(|byte| *byte != 0) => json!(response.text()),
        json => json,
    };
    json!({
        "id": item.get("id"),
        "status": response.status,
        "headers": headers,
        "body": body,
    })
}
