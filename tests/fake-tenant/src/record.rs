//! What the tenant was asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

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

/// How many requests are kept unless a test says otherwise: some tens of megabytes.
const MOST_KEPT: usize = 20_000;
/// How many different requests that are not modelled are kept.
const MOST_UNMODELLED: usize = 1_000;

#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) silent: bool,
    pub(crate) entries: VecDeque<RecordedRequest>,
    /// How many are kept.
    most: usize,
    /// How many older ones are not kept any more.
    pub(crate) dropped: usize,
    pub(crate) requests: usize,
    pub(crate) writes: usize,
    pub(crate) cmdlets: BTreeMap<String, usize>,
    /// What was asked and is not modelled: method and path.
    pub(crate) unmodelled: BTreeSet<String>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            silent: false,
            entries: VecDeque::new(),
            most: MOST_KEPT,
            dropped: 0,
            requests: 0,
            writes: 0,
            cmdlets: BTreeMap::new(),
            unmodelled: BTreeSet::new(),
        }
    }
}

impl Record {
    /// Notes a request; the answer's status is filled in by the returned number when it is known.
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
        self.entries.push_back(entry());
        self.drop_oldest();
        Some(self.dropped + self.entries.len() - 1)
    }

    fn drop_oldest(&mut self) {
        let beyond = self.entries.len().saturating_sub(self.most);
        self.entries.drain(..beyond);
        self.dropped += beyond;
    }

    pub(crate) fn keep(&mut self, most: usize) {
        self.most = most;
        self.drop_oldest();
    }

    pub(crate) fn note_unmodelled(&mut self, what: String) {
        if self.unmodelled.len() < MOST_UNMODELLED {
            self.unmodelled.insert(what);
        }
    }

    pub(crate) fn finish(&mut self, number: Option<usize>, status: u16, fault: Option<&'static str>) {
        let at = number.and_then(|number| number.checked_sub(self.dropped));
        if let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
            entry.status = status;
            entry.fault = fault;
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self { silent: self.silent, most: self.most, ..Self::default() };
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
