//! What the tenant was asked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::request::Request;

/// The header by which an answer that is the fake's own is known.
pub(crate) const MARK: &str = "fake-tenant";

/// One request, or one item of a `$batch`, and how it ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The Exchange cmdlet, when it was one.
    pub cmdlet: Option<String>,
    /// The status of the answer; that of the item, for an item of a batch. 502 where the connection was dropped, though the
    /// client got none.
    pub status: u16,
    /// The fault that a test had planned for it, in a few words.
    pub fault: Option<&'static str>,
    /// Whether it came as an item of a `$batch`, which is recorded itself as well.
    pub batch_item: bool,
    /// Whether it asked for a change: any cmdlet but `Get-` and `Test-`, any Graph method but `GET`.
    pub is_write: bool,
    /// Whether an `Authorization` header was there.
    pub authorization: bool,
    /// The client id of the application whose token it carried, when that token was issued here.
    pub application: Option<String>,
    /// The headers, without `Authorization`.
    pub headers: Vec<(String, String)>,
    /// The body. A sign-in form is shown as an object without its credentials.
    pub body: Option<Value>,
}

impl RecordedRequest {
    /// The first header of that name, in any case of letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        crate::request::find(&self.headers, name)
    }

    /// A parameter of the cmdlet.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        self.body
            .as_ref()?
            .get("CmdletInput")?
            .get("Parameters")?
            .as_object()?
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) silent: bool,
    pub(crate) entries: Vec<RecordedRequest>,
    pub(crate) requests: usize,
    pub(crate) writes: usize,
    pub(crate) cmdlets: BTreeMap<String, usize>,
    /// What was asked and is not modelled: method and path.
    pub(crate) unmodelled: BTreeSet<String>,
}

impl Record {
    /// Notes a request; the answer's status is filled in at the returned place when it is known.
    pub(crate) fn begin(&mut self, entry: impl FnOnce() -> RecordedRequest, summary: &Summary<'_>) -> Option<usize> {
        if !summary.batch_item {
            self.requests += 1;
        }
        if summary.is_write {
            self.writes += 1;
        }
        if let Some(cmdlet) = summary.cmdlet {
            match self.cmdlets.get_mut(cmdlet) {
                Some(count) => *count += 1,
                None => {
                    self.cmdlets.insert(cmdlet.to_owned(), 1);
                }
            }
        }
        if self.silent {
            return None;
        }
        self.entries.push(entry());
        Some(self.entries.len() - 1)
    }

    pub(crate) fn finish(&mut self, place: Option<usize>, status: u16, fault: Option<&'static str>) {
        if let Some(entry) = place.and_then(|at| self.entries.get_mut(at)) {
            entry.status = status;
            entry.fault = fault;
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self { silent: self.silent, ..Self::default() };
    }
}

/// The part of a request that is counted even when nothing is kept.
pub(crate) struct Summary<'a> {
    pub(crate) cmdlet: Option<&'a str>,
    pub(crate) batch_item: bool,
    pub(crate) is_write: bool,
}

pub(crate) fn kept_headers(request: &Request) -> Vec<(String, String)> {
    request.headers().iter().filter(|(name, _)| !name.eq_ignore_ascii_case("Authorization")).cloned().collect()
}

pub(crate) fn kept_body(request: &Request, json: Option<&Value>) -> Option<Value> {
    if let Some(json) = json {
        let mut json = json.clone();
        hide_authorization(&mut json);
        return Some(json);
    }
    let is_form =
        request.header_value("Content-Type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if is_form {
        let fields = url::form_urlencoded::parse(request.bytes())
            .map(|(key, value)| {
                let secret = matches!(&*key, "client_secret" | "client_assertion" | "device_code" | "refresh_token");
                let shown = if secret { "<hidden>".into() } else { value.into_owned() };
                (key.into_owned(), Value::from(shown))
            })
            .collect();
        return Some(Value::Object(fields));
    }
    (!request.bytes().is_empty()).then(|| Value::from(String::from_utf8_lossy(request.bytes()).into_owned()))
}

/// The items of a `$batch` carry tokens of their own.
fn hide_authorization(body: &mut Value) {
    let items = body.get_mut("requests").and_then(Value::as_array_mut);
    for item in items.into_iter().flatten() {
        if let Some(headers) = item.get_mut("headers").and_then(Value::as_object_mut) {
            headers.retain(|name, _| !name.eq_ignore_ascii_case("Authorization"));
        }
    }
}
