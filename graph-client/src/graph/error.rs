use serde::Deserialize;

use crate::ErrorKind;
use crate::http::{Failure, Repeat, Response};

/// Graph's error body. Names and nesting vary between its back ends.
#[derive(Deserialize)]
struct Envelope {
    error: Option<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    code: Option<String>,
    message: Option<String>,
    #[serde(alias = "innererror", rename = "innerError")]
    inner: Option<Inner>,
    details: Option<Vec<Particular>>,
}

/// One of several things that are wrong.
#[derive(Deserialize)]
struct Particular {
    code: Option<String>,
    message: Option<String>,
    target: Option<String>,
}

#[derive(Deserialize)]
struct Inner {
    code: Option<String>,
    #[serde(alias = "requestId", rename = "request-id")]
    request_id: Option<String>,
}

/// What an answer of Graph says beyond its status. `None` for a success.
pub(crate) fn classify(response: &Response) -> Option<Failure> {
    // An error in an answer of 200 was seen by others; it is always the only member, so it stands at the start.
    let disguised = || response.body.trim_ascii_start().starts_with(b"{\"error\"");
    if response.is_success() && !disguised() {
        return None;
    }
    let detail = crate::http::decode::<Envelope>(&response.body).ok().and_then(|envelope| envelope.error);
    if response.is_success() && detail.is_none() {
        return None;
    }
    let Some(detail) = detail else {
        return Some(without_body(response));
    };
    let inner = detail.inner;
    let particulars = detail.details.unwrap_or_default();
    let code = specific_code(&particulars)
        .or(detail.code.filter(|code| !code.is_empty()))
        .or_else(|| inner.as_ref().and_then(|inner| inner.code.clone()));
    let mut message = detail.message.filter(|message| !message.is_empty()).unwrap_or_default();
    for particular in &particulars {
        add(&mut message, particular);
    }
    if message.is_empty() {
        message.push_str("the service gave no reason");
    }
    let mut failure = Failure::from_status(response, message);
    if failure.request_id.is_none() {
        failure.request_id = inner.and_then(|inner| inner.request_id);
    }
    failure.renew_token = failure.status == Some(401);
    failure.advice = advice(code.as_deref().unwrap_or_default(), &failure.message).map(Into::into);
    match code.as_deref() {
        Some("Request_ThrottledTemporarily" | "ApplicationThrottled" | "TooManyRequests") => {
            failure.kind = ErrorKind::Throttled;
            failure.repeat = Repeat::Always;
            failure.in_doubt = false;
        }
        Some(code) if has_lost_track(code) => failure.kind = ErrorKind::Expired,
        Some("Request_MultipleObjectsWithSameKeyValue") => failure.kind = ErrorKind::Conflict,
        Some("Request_BadRequest") if is_duplicate(&failure.message) => failure.kind = ErrorKind::Conflict,
        _ => {}
    }
    failure.is_lag = is_lag(&failure, code.as_deref());
    failure.code = code;
    Some(failure)
}

/// Whether a directory that does not know a new object yet answers like this. Nothing else is waited for.
fn is_lag(failure: &Failure, code: Option<&str>) -> bool {
    match code {
        Some("Request_ResourceNotFound" | "Directory_ObjectNotFound") => failure.kind == ErrorKind::NotFound,
        Some("NoBackingApplicationObject") => true,
        // A read that was stale and a creation that was not: the next read finds the object.
        Some("Request_MultipleObjectsWithSameKeyValue") => failure.kind == ErrorKind::Conflict,
        _ => failure.message.contains("preAuthorizedApplications"),
    }
}

fn without_body(response: &Response) -> Failure {
    let text = response.text();
    let what = match text.trim() {
        "" => "the service gave no reason",
        text if text.starts_with('<') => "a page of HTML came instead of an answer, as from a proxy or gateway",
        _ => "the answer is not the service's error form",
    };
    let mut failure = Failure::from_status(response, what.to_owned());
    failure.renew_token = failure.status == Some(401);
    failure
}

/// The code among the details that says more than the general one.
fn specific_code(particulars: &[Particular]) -> Option<String> {
    let known = |code: &&String| code.as_str() == "NoBackingApplicationObject";
    particulars.iter().filter_map(|particular| particular.code.as_ref()).find(known).cloned()
}

/// Says which property is wrong and why, where the message does not.
fn add(message: &mut String, particular: &Particular) {
    let reason = particular.message.as_deref().filter(|reason| !reason.is_empty() && !message.contains(*reason));
    let target = particular.target.as_deref().filter(|target| !target.is_empty() && !message.contains(*target));
    let addition = match (target, reason) {
        (Some(target), Some(reason)) => format!("{target}: {reason}"),
        (Some(target), None) => target.to_owned(),
        (None, Some(reason)) => reason.to_owned(),
        (None, None) => return,
    };
    if !message.is_empty() {
        message.push_str("; ");
    }
    message.push_str(&addition);
}

/// The place to go on from has expired. Sent with 410 and with 400, in both cases of the first letter.
fn has_lost_track(code: &str) -> bool {
    ["Directory_ExpiredPageToken", "resyncRequired", "syncStateNotFound"]
        .iter()
        .any(|expired| expired.eq_ignore_ascii_case(code))
}

/// Two conditions that Graph tells by their text alone.
fn is_duplicate(message: &str) -> bool {
    message.contains("Permission being assigned already exists")
        || message.contains("added object references already exist")
}

fn advice(code: &str, message: &str) -> Option<&'static str> {
    Some(match code {
        "Authorization_RequestDenied" => {
            "The application lacks a Graph permission for this call, or it was granted after the token was issued."
        }
        "ErrorAccessDenied" if message.contains("[RAOP]") || message.contains("Access to OData is disabled") => {
            "Exchange closes this mailbox to the application: an access policy or an RBAC scope leaves it out, or a \
             change has not taken effect yet (Microsoft: over an hour; PlaceOS: up to 12)."
        }
        "ErrorAccessDenied" => {
            "The application holds no calendar permission that covers this mailbox: neither a tenant-wide grant in \
             Entra nor an RBAC role assignment in Exchange."
        }
        "MailboxNotEnabledForRESTAPI" => {
            "The mailbox has no licence, is deleted, or is on premises: it has no calendar in Exchange Online."
        }
        "InvalidAuthenticationToken" => {
            "The token was refused: it has expired, was revoked, or is for another service or cloud."
        }
        "Directory_ExpiredPageToken" => "The list took too long to read: start it again from its first page.",
        _ => return None,
    })
}
