//! The tenants of Staff API.

use serde_json::{Value, json};

use crate::request::Response;
use crate::schema::TENANT;
use crate::state::{Object, State, text};

/// A tenant as it is answered: never with its credentials.
fn shown(tenant: &Object) -> Value {
    let mut shown = tenant.clone();
    shown.remove("credentials");
    Value::Object(shown)
}

pub(crate) fn list(state: &State) -> Response {
    Response::json(200, &state.tenants.iter().map(shown).collect())
}

fn invalid(field: &str, reason: &str) -> Response {
    // GUESS: the sentence; the shape is the published `Application::ValidationError`.
    let body = json!({ "error": "validation failed", "failures": [{ "field": field, "reason": reason }] });
    Response::json(422, &body)
}

/// What the service refuses of a whole tenant.
fn refusal(state: &State, tenant: &Object) -> Option<Response> {
    if text(tenant, "domain").is_empty() {
        return Some(invalid("domain", "is required"));
    }
    if !["office365", "google"].contains(&text(tenant, "platform")) {
        return Some(invalid("platform", "must be office365 or google"));
    }
    let is_delegated = tenant.get("delegated").and_then(Value::as_bool).unwrap_or_default();
    if !is_delegated {
        for field in ["tenant", "client_id", "client_secret"] {
            if tenant.get("credentials").is_none_or(|it| it[field].as_str().is_none_or(str::is_empty)) {
                return Some(invalid("credentials", &format!("{field} is required")));
            }
        }
    }
    let names = |it: &Object| (text(it, "domain").to_owned(), text(it, "email_domain").to_owned());
    let is_taken = state.tenants.iter().any(|it| it.get("id") != tenant.get("id") && names(it) == names(tenant));
    is_taken.then(|| invalid("domain", "domain and email_domain are taken"))
}

pub(crate) fn create(state: &mut State, body: &Value) -> Response {
    let (mut tenant, ignored) = match TENANT.read(body) {
        Ok(read) => read,
        Err(field) => return Response::error(400, &format!("invalid value of {field}")),
    };
    state.ignored.extend(ignored);
    let id = state.tenants.iter().filter_map(|it| it.get("id").and_then(Value::as_i64)).max().unwrap_or_default() + 1;
    tenant.insert("id".to_owned(), id.into());
    for (name, value) in [("delegated", json!(false)), ("booking_limits", json!({})), ("early_checkin", json!(3600))] {
        tenant.entry(name).or_insert(value);
    }
    if let Some(refused) = refusal(state, &tenant) {
        return refused;
    }
    state.tenants.push(tenant.clone());
    Response::json(201, &shown(&tenant))
}

pub(crate) fn update(state: &mut State, id: &str, body: &Value) -> Response {
    let position = id
        .parse::<i64>()
        .ok()
        .and_then(|id| state.tenants.iter().position(|it| it.get("id").and_then(Value::as_i64) == Some(id)));
    let Some(position) = position else { return Response::error(404, "tenant not found") };
    let (fields, ignored) = match TENANT.read(body) {
        Ok(read) => read,
        Err(field) => return Response::error(400, &format!("invalid value of {field}")),
    };
    state.ignored.extend(ignored);
    let mut tenant = state.tenants[position].clone();
    for (name, value) in fields {
        // Omitted or empty credentials keep the old ones.
        let is_empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
        if name != "credentials" || !is_empty {
            tenant.insert(name, value);
        }
    }
    if let Some(refused) = refusal(state, &tenant) {
        return refused;
    }
    state.tenants[position].clone_from(&tenant);
    Response::json(200, &shown(&tenant))
}
