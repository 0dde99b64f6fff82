//! System query options, and lists that come in pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use url::Url;

use super::{GraphCall, GraphError, GraphResult, error};
use crate::filter::{self, Expression};
use crate::request::Response;

#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    select: Option<Vec<String>>,
    top: Option<usize>,
    skip: usize,
    count: bool,
    filter: Option<Expression>,
    pairs: Vec<(String, String)>,
}

/// How a resource turns pages.
#[derive(Clone, Copy)]
pub(crate) enum Paging {
    /// `$skip` in the link, as Outlook and places do it.
    Skip { default: usize, max: usize },
    /// An opaque `$skiptoken`, as the directory does it.
    Token { default: usize, max: usize },
}

impl Query {
    pub(crate) fn read(url: &Url) -> Result<Self, GraphError> {
        let mut query = Self::default();
        for (name, value) in url.query_pairs() {
            query.pairs.push((name.to_string(), value.to_string()));
            match &*name.to_ascii_lowercase() {
                "$select" => {
                    query.select = Some(value.split(',').map(|name| name.trim().to_owned()).collect());
                }
                "$top" => query.top = Some(number(&name, &value)?),
                "$skip" => query.skip = number(&name, &value)?,
                "$skiptoken" => query.skip = skip_of_token(&value)?,
                "$count" => query.count = value.eq_ignore_ascii_case("true"),
                "$filter" => {
                    let filter = filter::odata(&value).map_err(|reason| {
                        error(400, "BadRequest", format!("Invalid filter clause: {reason} in '{value}'."))
                    })?;
                    query.filter = Some(filter);
                }
                _ => {}
            }
        }
        if query.top == Some(0) {
            return Err(page_size(0));
        }
        Ok(query)
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    pub(crate) fn filter(&self) -> Option<&Expression> {
        self.filter.as_ref()
    }

    pub(crate) fn is_selected(&self, name: &str) -> bool {
        self.select.as_ref().is_some_and(|names| names.iter().any(|other| other.eq_ignore_ascii_case(name)))
    }

    /// The object with only the properties asked for. Annotations stay, and Outlook's ids do.
    pub(crate) fn selected(&self, object: &Value) -> Value {
        let (Some(names), Some(properties)) = (&self.select, object.as_object()) else {
            return object.clone();
        };
        let kept: Map<String, Value> = properties
            .iter()
            .filter(|(key, _)| {
                key.starts_with('@')
                    || (*key == "id" && properties.contains_key("@odata.etag"))
                    || names.iter().any(|name| name.eq_ignore_ascii_case(key))
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        Value::Object(kept)
    }
}

fn page_size(asked: usize) -> GraphError {
    GraphError::bad_request(format!("Invalid page size specified: '{asked}'. Must be between 1 and 999 inclusive."))
}

fn number(name: &str, value: &str) -> Result<usize, GraphError> {
    value.trim().parse().map_err(|_| {
        error(
            400,
            "BadRequest",
            format!("Invalid value '{value}' for {name} query option found. The {name} query option requires a non-negative integer value."),
        )
    })
}

fn skip_of_token(token: &str) -> Result<usize, GraphError> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix("skip-")?.parse().ok())
        .ok_or_else(|| {
            error(
                400,
                "Directory_ExpiredPageToken",
                "The specified page token value has expired and can no longer be included in your request.",
            )
        })
}

impl GraphCall<'_> {
    /// One page of a list. Rows are made for the page only, unless a filter has to look at all.
    pub(crate) fn list<T>(
        &self,
        context: &str,
        items: Vec<T>,
        paging: Paging,
        row: impl Fn(&T) -> Value,
    ) -> GraphResult {
        let items: Vec<T> = match self.query.filter() {
            Some(filter) => items.into_iter().filter(|item| filter.holds_for(&row(item))).collect(),
            None => items,
        };
        let (Paging::Skip { default, max } | Paging::Token { default, max }) = paging;
        let asked = self.query.top.unwrap_or(default);
        // The directory refuses a page that is too large, the others give less.
        if matches!(paging, Paging::Token { .. }) && asked > max {
            return Err(page_size(asked));
        }
        let size = asked.min(max);
        let from = self.query.skip.min(items.len());
        let to = (from + size).min(items.len());
        let rows: Vec<Value> = items[from..to].iter().map(|item| self.query.selected(&row(item))).collect();
        let context = match &self.query.select {
            Some(names) => format!("{context}({})", names.join(",")),
            None => context.to_owned(),
        };
        let mut body = json!({"@odata.context": self.context(&context)});
        if self.query.count && from == 0 {
            body["@odata.count"] = json!(items.len());
        }
        if to < items.len() {
            body["@odata.nextLink"] = json!(self.next_link(to, paging));
        }
        body["value"] = Value::Array(rows);
        Ok(Response::of_json(200, &body))
    }

    /// The same URL with the place to go on from. Its escapes are in lower case, so that a client which
    /// takes the link apart and puts it together again shows.
    fn next_link(&self, to: usize, paging: Paging) -> String {
        let mut link = format!("{}{}?", self.incoming.request.origin(), self.incoming.request.url().path());
        for (name, value) in &self.query.pairs {
            if !name.eq_ignore_ascii_case("$skip") && !name.eq_ignore_ascii_case("$skiptoken") {
                link.extend([&escaped(name), "=", &escaped(value), "&"]);
            }
        }
        link + &match paging {
            Paging::Skip { .. } => format!("%24skip={to}"),
            Paging::Token { .. } => format!("%24skiptoken={}", URL_SAFE_NO_PAD.encode(format!("skip-{to}"))),
        }
    }
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02x}"),
        })
        .collect()
}
