//! What the body of a success must be. What is no response of Graph's: a gateway's page, a notice of maintenance or another
//! object under 200 is an error, for every call whose documentation says what comes.
//!
//! Lists are checked where a page is decoded; everything else here.

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::Properties;
use super::error::described;
use crate::error::ErrorKind;
use crate::http::{Failure, Response, Shape};

/// What Graph sends as one object.
pub(crate) trait Record: DeserializeOwned + Send + 'static {
    /// The names of its properties. One with an `id` cannot be without it.
    const PROPERTIES: &'static [&'static str];

    /// Whether a row of a list is one: it has its id, if it is of a kind that has.
    fn is_record(&self) -> bool;
}

/// The check of a call whose success is one record.
pub(crate) fn record<T: Record>() -> Shape {
    Arc::new(|response: &Response, url: &Url| check(T::PROPERTIES, response, url))
}

/// The check of a call whose success has nothing to read.
pub(crate) fn nothing(statuses: &'static [u16]) -> Shape {
    Arc::new(|response: &Response, _: &Url| {
        // Services send bodies with these statuses now and then, which say nothing. A page of HTML is not theirs.
        let is_page = response.body.trim_ascii_start().starts_with(b"<");
        let is_expected = statuses.contains(&response.status()) && !is_page;
        // 200 is documented of some actions, and is what everything else in between sends as well.
        let is_empty = response.status() != 200 || is_harmless(&response.body);
        (!is_expected || !is_empty).then(|| {
            let (status, body) = (response.status(), described(response));
            not_documented(response, format!("HTTP {status} is not the documented success of this call; {body}"))
        })
    })
}

/// The check of a call whose success is a picture.
pub(crate) fn picture() -> Shape {
    Arc::new(|response: &Response, _: &Url| {
        let content_type = response.header("content-type").unwrap_or("application/octet-stream").to_ascii_lowercase();
        let is_picture = content_type.starts_with("image/") || content_type.starts_with("application/octet-stream");
        (!is_picture || response.body.is_empty())
            .then(|| not_documented(response, format!("the response is no picture: {}", described(response))))
    })
}

/// Nothing, or an object that has an id or is of a type.
fn is_harmless(body: &[u8]) -> bool {
    body.trim_ascii().is_empty()
        || crate::http::decode::<Properties>(body).is_ok_and(|object| {
            object.is_empty()
                || object.keys().any(|name| name.eq_ignore_ascii_case("id") || name.starts_with("@odata."))
        })
}

fn check(properties: &[&str], response: &Response, url: &Url) -> Option<Failure> {
    let wrong = |what: &str| {
        let body = described(response);
        Some(not_documented(response, format!("the response is not the record that was asked for: {what}; {body}")))
    };
    let Ok(body) = crate::http::decode::<Value>(&response.body) else { return wrong("it is not JSON") };
    let Some(object) = body.as_object() else { return wrong("it is not an object") };
    if property(object, "error").is_some_and(|error| !error.is_null()) {
        return wrong("it holds an error");
    }
    let selected = selected(url);
    let has = |name: &str| property(object, name).is_some();
    if properties.contains(&"id") && is_among("id", &selected) {
        match property(object, "id").map(|id| id.as_str().map_or_else(|| Cow::from(id.to_string()), Cow::from)) {
            Some(id) if !id.trim().is_empty() && id != "null" => {}
            _ => return wrong("it has no id"),
        }
    } else if !selected.is_empty() {
        // What was selected and has no value may be left out; then the context says that it is a record.
        let is_entity =
            property(object, "@odata.context").and_then(Value::as_str).is_some_and(|c| c.ends_with("$entity"));
        if !is_entity && !selected.iter().any(|name| has(name)) {
            return wrong("it has none of the selected properties");
        }
    } else if !properties.iter().any(|name| has(name)) {
        return wrong("it has none of the record's properties");
    }
    if let Some((name, wanted)) = asked_for(url)
        && let Some(Value::String(given)) = property(object, name)
        && !given.eq_ignore_ascii_case(&wanted)
    {
        return wrong("it is another object");
    }
    None
}

/// The properties that a URL asks for. None where it asks for those that come by default.
fn selected(url: &Url) -> Vec<String> {
    url.query_pairs()
        .filter(|(name, _)| name.eq_ignore_ascii_case("$select") || name.eq_ignore_ascii_case("select"))
        .flat_map(|(_, value)| value.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>())
        .filter(|name| !name.is_empty())
        .collect()
}

fn is_among(name: &str, selected: &[String]) -> bool {
    selected.is_empty() || selected.iter().any(|selected| selected == "*" || selected.eq_ignore_ascii_case(name))
}

/// Whether what a URL asks for comes with its id.
pub(crate) fn asks_for_id(url: &Url) -> bool {
    is_among("id", &selected(url))
}

/// The id that a URL asks for, where the record must have the very same: directory objects by object id or application id.
fn asked_for(url: &Url) -> Option<(&'static str, String)> {
    const BY_ID: [&str; 5] = ["users", "groups", "serviceprincipals", "applications", "administrativeunits"];
    let mut segments = url.path_segments()?.rev();
    let (last, parent) = (segments.next()?, segments.next()?.to_ascii_lowercase());
    if let Some(id) = last.strip_suffix("')").and_then(|last| last.split_once("(appId='")) {
        return Uuid::try_parse(id.1).is_ok().then(|| ("appId", id.1.to_owned()));
    }
    (BY_ID.contains(&&*parent) && last.len() == 36 && Uuid::try_parse(last).is_ok()).then(|| ("id", last.to_owned()))
}

fn property<'a>(object: &'a Properties, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The service answered, so a write may have happened.
fn not_documented(response: &Response, message: String) -> Failure {
    let mut failure = Failure::new(ErrorKind::Decode, message);
    failure.status = Some(response.status());
    failure.request_id = response.request_id().map(str::to_owned);
    failure.outcome_unknown = true;
    failure.advice = Some(
        "Check the proxy or gateway between this program and Microsoft Graph, and read back what was to be changed."
            .into(),
    );
    failure
}
