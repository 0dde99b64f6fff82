use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::Properties;
use crate::error::{self, ErrorKind};
use crate::http::{Failure, Repeat, Response};

/// What Microsoft Graph said when it refused a request: the `error` object of its body. Given by
/// [`Error::graph`](crate::Error::graph).
///
/// A body counts as Graph's own only if it is JSON with `error.code`. The page of a proxy has none, and says nothing about
/// the object or the permission that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GraphError {
    /// `error.code` as it came. Some services leave it empty.
    pub code: String,
    /// `error.message` as it came, without the secrets of the call.
    pub message: String,
    /// All codes: that of the error, of its details, and of the errors within it, from the outermost in.
    pub codes: Vec<String>,
    /// `error.target`: what the error is about, where the service says so.
    pub target: Option<String>,
    /// Each of several things that are wrong (`error.details`), and theirs.
    pub details: Vec<GraphErrorDetail>,
}

/// One of several things that are wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GraphErrorDetail {
    /// Its code.
    pub code: Option<String>,
    /// What the service says of it.
    pub message: Option<String>,
    /// What it is about.
    pub target: Option<String>,
}

impl GraphError {
    /// What Graph says with this code and message, for the error of a test.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        let code = code.into();
        Self { codes: vec![code.clone()], code, message: message.into(), target: None, details: Vec::new() }
    }

    /// Whether one of the codes is this one. Case counts for nothing.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.codes.iter().any(|own| own.eq_ignore_ascii_case(code))
    }
}

impl error::Detail for GraphError {
    fn texts(&mut self) -> Vec<&mut String> {
        let details = self.details.iter_mut();
        let details = details.flat_map(|it| it.code.iter_mut().chain(&mut it.message).chain(&mut it.target));
        let own = [&mut self.code, &mut self.message].into_iter().chain(&mut self.codes).chain(&mut self.target);
        own.chain(details).collect()
    }

    fn boxed_clone(&self) -> Box<dyn error::Detail> {
        Box::new(self.clone())
    }
}

impl error::Error {
    /// What Microsoft Graph said, when its own error body came: `None` for any other body, such as the page of a proxy.
    #[must_use]
    pub fn graph(&self) -> Option<&GraphError> {
        self.detail()
    }

    /// The same error with what Microsoft Graph said.
    #[must_use]
    pub fn with_graph(self, said: GraphError) -> Self {
        self.with_detail(said)
    }
}

/// Graph's error body. Names, nesting and types vary between its back ends, so it is read leniently: what a service says
/// about a failure must not be lost because it says it in another form.
#[derive(Default)]
struct Detail {
    /// The body has `error.code`, if only an empty one.
    is_graphs: bool,
    code: Option<String>,
    message: Option<String>,
    target: Option<String>,
    /// The codes of the errors within, from the outermost in.
    inner_codes: Vec<String>,
    inner_messages: Vec<String>,
    request_id: Option<String>,
    particulars: Vec<GraphErrorDetail>,
}

/// No service nests its errors deeper.
const DEEPEST: usize = 16;

impl Detail {
    /// Reads the error in a body. `None` when there is none.
    fn read(body: &[u8]) -> Option<Self> {
        let body: Value = crate::http::decode(body).ok()?;
        let error = member(&body, &["error"]).filter(|error| error.is_object())?;
        let mut detail = Self {
            is_graphs: member(error, &["code"]).is_some_and(|code| code.is_string() || code.is_number()),
            code: text(error, &["code"]),
            message: text(error, &["message"]),
            target: text(error, &["target"]),
            ..Self::default()
        };
        detail.read_particulars(error, DEEPEST);
        let mut inner = member(error, &["innerError"]);
        for _ in 0..DEEPEST {
            let Some(error) = inner else { break };
            detail.inner_codes.extend(text(error, &["code"]));
            detail.inner_messages.extend(text(error, &["message"]));
            detail.request_id = detail.request_id.or_else(|| text(error, &["request-id", "requestId"]));
            detail.read_particulars(error, DEEPEST);
            inner = member(error, &["innerError"]);
        }
        Some(detail)
    }

    /// The details of an error, and theirs.
    fn read_particulars(&mut self, error: &Value, depth: usize) {
        for item in member(error, &["details"]).and_then(Value::as_array).into_iter().flatten() {
            self.particulars.push(GraphErrorDetail {
                code: text(item, &["code"]),
                message: text(item, &["message"]),
                target: text(item, &["target"]),
            });
            if depth > 0 {
                self.read_particulars(item, depth - 1);
            }
        }
    }

    /// The most telling code: one among the details, else the innermost that this crate acts on, else the first.
    fn specific_code(&self) -> Option<String> {
        let particular = self.particulars.iter().filter_map(|particular| particular.code.as_ref());
        let acted_on = particular.chain(self.inner_codes.iter().rev()).find(|code| is_acted_on(code));
        acted_on.or(self.code.as_ref()).or_else(|| self.inner_codes.first()).cloned()
    }

    /// What the service said, in its own words.
    fn whole_message(&self) -> String {
        let mut message = self.message.clone().unwrap_or_default();
        for particular in &self.particulars {
            add(&mut message, particular);
        }
        for inner in &self.inner_messages {
            let inner = GraphErrorDetail { code: None, message: Some(inner.clone()), target: None };
            add(&mut message, &inner);
        }
        if message.is_empty() {
            message.push_str("the service gave no reason");
        }
        message
    }

    /// The error as Graph's own. `None` for a body that is only like it.
    fn into_graphs(self) -> Option<GraphError> {
        let particulars = self.particulars.iter().filter_map(|particular| particular.code.clone());
        let codes = self.code.iter().cloned().chain(particulars).chain(self.inner_codes).collect();
        self.is_graphs.then(|| GraphError {
            code: self.code.unwrap_or_default(),
            message: self.message.unwrap_or_default(),
            codes,
            target: self.target,
            details: self.particulars,
        })
    }
}

/// A member by one of its names, in any case.
fn member<'a>(object: &'a Value, names: &[&str]) -> Option<&'a Value> {
    let is_one = |name: &String| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    object.as_object()?.iter().find_map(|(name, value)| is_one(name).then_some(value))
}

/// A text that says something; a number stands for its text.
fn text(object: &Value, names: &[&str]) -> Option<String> {
    let text = match member(object, names)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// What a response of Graph says beyond its status. `None` for a success.
pub(crate) fn classify(response: &Response) -> Option<Failure> {
    // An error in a response of 200 was seen by others.
    if response.is_success() && !is_error_alone(&response.body) {
        return None;
    }
    let Some(detail) = Detail::read(&response.body) else {
        return (!response.is_success()).then(|| without_body(response));
    };
    let code = detail.specific_code();
    let mut failure = Failure::from_status(response, detail.whole_message());
    if failure.request_id.is_none() {
        failure.request_id.clone_from(&detail.request_id);
    }
    failure.renew_token = failure.status == Some(401);
    failure.advice = advice(code.as_deref().unwrap_or_default(), &failure.message).map(Into::into);
    match code.as_deref() {
        Some("Request_ThrottledTemporarily" | "ApplicationThrottled" | "TooManyRequests") => {
            failure.kind = ErrorKind::Throttled;
            failure.repeat = Repeat::Always;
            failure.outcome_unknown = false;
        }
        Some(code) if has_lost_track(code) => failure.kind = ErrorKind::Expired,
        Some("Request_MultipleObjectsWithSameKeyValue") => failure.kind = ErrorKind::Conflict,
        Some("Request_BadRequest") if is_duplicate(&failure.message) => failure.kind = ErrorKind::Conflict,
        _ => {}
    }
    failure.is_replication_delay = is_replication_delay(&failure, code.as_deref(), &detail.particulars);
    failure.code = code;
    match detail.into_graphs() {
        Some(graph) => failure.add_detail(graph),
        None => not_of_graph(&mut failure),
    }
    Some(failure)
}

/// A status says something about the object only if Graph gave it. What stands in front of Graph answers 404 as well,
/// and a page of 403 is no denial of Exchange's.
fn not_of_graph(failure: &mut Failure) {
    let is_about_object = matches!(failure.kind, ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Conflict);
    if is_about_object {
        failure.kind = ErrorKind::Decode;
        failure.advice.get_or_insert_with(|| {
            "The response does not come from Microsoft Graph itself: check the proxy or gateway in between, and whether \
             what was asked for has happened."
                .into()
        });
    }
}

/// No error body is larger.
const LARGEST_ERROR: usize = 64 * 1024;

/// Whether the body is an object with an error and nothing but annotations beside it, in whatever order.
fn is_error_alone(body: &[u8]) -> bool {
    struct Alone;

    impl<'de> Visitor<'de> for Alone {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
            let mut has_error = false;
            while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                if name.eq_ignore_ascii_case("error") {
                    has_error = map.next_value::<Option<Properties>>()?.is_some();
                } else if name.contains('@') {
                    map.next_value::<IgnoredAny>()?;
                } else {
                    return Err(serde::de::Error::custom("it has a property"));
                }
            }
            Ok(has_error)
        }
    }

    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    body.len() <= LARGEST_ERROR
        && serde_json::Deserializer::from_slice(body).deserialize_map(Alone).is_ok_and(|is_alone| is_alone)
}

/// The codes that change what is done. Where one stands deep inside, it says more than the general one outside.
fn is_acted_on(code: &str) -> bool {
    let known = ["NoBackingApplicationObject", "Request_ThrottledTemporarily", "ApplicationThrottled"];
    known.contains(&code) || has_lost_track(code)
}

/// Whether a directory that does not know a new object yet answers like this. Nothing else is waited for.
fn is_replication_delay(failure: &Failure, code: Option<&str>, particulars: &[GraphErrorDetail]) -> bool {
    match code {
        Some("Request_ResourceNotFound" | "Directory_ObjectNotFound") => failure.kind == ErrorKind::NotFound,
        Some("NoBackingApplicationObject") => true,
        // A read that was stale and a creation that was not: the next read finds the object.
        Some("Request_MultipleObjectsWithSameKeyValue") => failure.status == Some(409),
        _ => particulars.iter().any(|particular| {
            particular.code.as_deref() == Some("InvalidValue")
                && particular.target.as_deref() == Some("api.preAuthorizedApplications.delegatedPermissionIds")
        }),
    }
}

fn without_body(response: &Response) -> Failure {
    let what = match described(response) {
        empty if response.body.trim_ascii().is_empty() => format!("the service gave no reason: {empty}"),
        begin if begin.starts_with("it begins") => format!("the response is not the service's error form; {begin}"),
        page => page,
    };
    let mut failure = Failure::from_status(response, what);
    failure.renew_token = failure.status == Some(401);
    not_of_graph(&mut failure);
    failure
}

/// A body that is not what was documented, in a few words.
pub(super) fn described(response: &Response) -> String {
    let text = response.text();
    match text.trim_start_matches('\u{feff}').trim() {
        "" => "the body is empty".to_owned(),
        text if text.starts_with('<') => {
            "a page of HTML came instead of a response, as from a proxy or gateway".to_owned()
        }
        text => {
            let begin: String = text.chars().take(200).collect();
            format!("it begins {begin:?}")
        }
    }
}

/// Says which property is wrong and why, where the message does not.
fn add(message: &mut String, particular: &GraphErrorDetail) {
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
        "ErrorAccessDenied" if message.contains("Access to OData is disabled") && !message.contains("[RAOP]") => {
            "The list of user agents of the organisation or the mailbox (EwsApplicationAccessPolicy) refuses this client: \
             let an Exchange administrator allow its User-Agent with `Set-OrganizationConfig -EwsAllowList` or \
             `Set-CASMailbox -EwsAllowList`."
        }
        "ErrorAccessDenied" if message.contains("[RAOP]") => {
            "Exchange closes this mailbox to the application: an access policy or an RBAC scope leaves it out, or a \
             change has not taken effect yet (Microsoft: over an hour; PlaceOS: up to 12)."
        }
        "ErrorAccessDenied" => {
            "The application holds no permission for this (calendars, mail or mailbox settings) that covers this mailbox: \
             neither a tenant-wide grant in Entra nor an RBAC role assignment in Exchange."
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

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, body: &str) -> Option<Failure> {
        let headers = reqwest::header::HeaderMap::new();
        classify(&Response { status, headers, body: bytes::Bytes::copy_from_slice(body.as_bytes()) })
    }

    #[test]
    fn an_error_is_read_in_every_form() {
        for (body, code, request_id) in [
            (
                r#"{"error":{"code":20241,"message":"m","innerError":{"request-id":"1","requestId":"1"}}}"#,
                "20241",
                Some("1"),
            ),
            (r#"{"error":{"code":"","message":"m","innererror":{"code":"deep","requestId":"2"}}}"#, "deep", Some("2")),
            (
                r#"{"error":{"code":"BadRequest","innerError":{"code":"x","innerError":{"code":"resyncRequired"}}}}"#,
                "resyncRequired",
                None,
            ),
            (
                r#"{"error":{"code":"BadRequest","details":[{"code":"NoBackingApplicationObject"}]}}"#,
                "NoBackingApplicationObject",
                None,
            ),
            (r#"{"Error":{"Code":"Upper","message":null}}"#, "Upper", None),
        ] {
            let failure = failure(400, body).expect("an error");
            assert_eq!((failure.code.as_deref(), failure.request_id.as_deref()), (Some(code), request_id), "{body}");
        }
        let expired = r#"{"error":{"code":"BadRequest","innerError":{"code":"resyncRequired"}}}"#;
        assert_eq!(failure(400, expired).map(|failure| failure.kind), Some(ErrorKind::Expired));
    }

    #[test]
    fn what_is_no_error_body_is_quoted() {
        let failure = failure(502, "upstream connect error").expect("an error");
        assert!(failure.message.contains("\"upstream connect error\""), "{}", failure.message);
        let long = failure_of(&"x".repeat(1_000));
        assert!(long.len() < 300, "{long}");
    }

    fn failure_of(body: &str) -> String {
        failure(500, body).expect("an error").message.clone()
    }

    #[test]
    fn an_error_under_200_is_an_error_however_it_is_written() {
        for body in [
            "{\"error\":{\"code\":\"x\"}}",
            "\u{feff}{\n  \"error\" : {\"code\":\"x\"}}",
            "{\"@odata.context\":\"c\",\"error\":{\"code\":\"x\"}}",
            "{\"error\":{\"code\":\"x\"},\"@odata.etag\":\"e\"}",
        ] {
            assert!(failure(200, body).is_some(), "{body}");
        }
        for body in ["{\"id\":\"1\",\"error\":{\"code\":\"x\"}}", "{\"error\":null}", "{\"errors\":1}", "{}"] {
            assert!(failure(200, body).is_none(), "{body}");
        }
    }

    #[test]
    fn lag_is_told_from_what_is_really_missing() {
        let refused = |target: &str| {
            format!(
                r#"{{"error":{{"code":"Request_BadRequest","details":[{{"code":"InvalidValue","target":"{target}"}}]}}}}"#
            )
        };
        for (status, body, expected) in [
            (404, r#"{"error":{"code":"Request_ResourceNotFound"}}"#.to_owned(), true),
            (400, r#"{"error":{"code":"Request_ResourceNotFound"}}"#.to_owned(), false),
            (404, r#"{"error":{"code":"itemNotFound"}}"#.to_owned(), false),
            (
                400,
                r#"{"error":{"code":"Request_BadRequest","details":[{"code":"NoBackingApplicationObject"}]}}"#
                    .to_owned(),
                true,
            ),
            (400, refused("api.preAuthorizedApplications.delegatedPermissionIds"), true),
            (400, refused("api.preAuthorizedApplications.appId"), false),
            (409, r#"{"error":{"code":"Request_MultipleObjectsWithSameKeyValue"}}"#.to_owned(), true),
        ] {
            assert_eq!(failure(status, &body).expect("an error").is_replication_delay, expected, "{status} {body}");
        }
    }
}
