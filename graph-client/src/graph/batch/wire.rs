use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE};
use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use url::{Position, Url};

use crate::error::{Error, Result};
use crate::http::{Body, Call, Response};
use crate::ids::InvalidValue;

/// A request as it stands in a batch.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    method: String,
    url: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
}

#[derive(Serialize)]
pub(super) struct Numbered<'a> {
    pub(super) id: String,
    #[serde(rename = "dependsOn", skip_serializing_if = "Vec::is_empty")]
    pub(super) depends_on: Vec<String>,
    #[serde(flatten)]
    pub(super) item: &'a Item,
}

#[derive(Serialize)]
pub(super) struct Requests<'a> {
    pub(super) requests: Vec<Numbered<'a>>,
}

impl Item {
    /// The request in the form of a batch, and the version of Graph that it is for.
    pub(super) fn of(call: &Call, root: &Url) -> Result<(Self, &'static str)> {
        let (version, url) = relative(root, &call.url).ok_or_else(|| {
            InvalidValue::new("request", call.url.path(), "must be a path of /v1.0 or /beta to be in a batch")
        })?;
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in &call.headers {
            let is_default = name == ACCEPT && value == "application/json";
            if name == AUTHORIZATION || is_default {
                continue;
            }
            if let Ok(value) = value.to_str() {
                headers
                    .entry(name.to_string())
                    .and_modify(|all| *all = format!("{all}, {value}"))
                    .or_insert(value.into());
            }
        }
        headers.insert("client-request-id".to_owned(), call.client_request_id.clone());
        let content_type = headers.get(CONTENT_TYPE.as_str()).map_or("application/json", String::as_str);
        let invalid = |error| Error::from(InvalidValue::new("body", "", "must be JSON")).with_source(error);
        let body = match &call.body {
            // An action without parameters wants an empty object nevertheless.
            Body::Empty if matches!(call.method, Method::POST | Method::PATCH | Method::PUT) => {
                Some(serde_json::from_str("{}").map_err(invalid)?)
            }
            Body::Empty => None,
            Body::Json(bytes) if is_json(content_type) => Some(serde_json::from_slice(bytes).map_err(invalid)?),
            Body::Json(bytes) => {
                let text = Value::from(URL_SAFE.encode(bytes)).to_string();
                Some(RawValue::from_string(text).map_err(invalid)?)
            }
            Body::WithToken(_) => {
                return Err(InvalidValue::new("request", call.url.path(), "must be a request to Graph").into());
            }
        };
        if body.is_some() && !headers.contains_key(CONTENT_TYPE.as_str()) {
            headers.insert(CONTENT_TYPE.to_string(), "application/json".to_owned());
        }
        Ok((Self { method: call.method.to_string(), url, headers, body }, version))
    }
}

/// The version and what follows it, of a URL below the root of Graph.
fn relative(root: &Url, url: &Url) -> Option<(&'static str, String)> {
    if url.origin() != root.origin() {
        return None;
    }
    let below = url[Position::BeforePath..Position::AfterQuery].strip_prefix(root.path().trim_end_matches('/'))?;
    let (version, rest) = below.strip_prefix('/')?.split_once('/')?;
    let version = ["v1.0", "beta"].into_iter().find(|known| known.eq_ignore_ascii_case(version))?;
    (!rest.is_empty()).then(|| (version, format!("/{rest}")))
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}

#[derive(Deserialize)]
struct Replies {
    responses: Vec<Reply>,
}

#[derive(Deserialize)]
struct Reply {
    id: String,
    status: u16,
    #[serde(default)]
    headers: Option<HashMap<String, Value>>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

/// The responses in a batch's response, by the number of the request.
pub(super) fn replies(response: &Response) -> Result<HashMap<usize, Response>> {
    let replies: Replies = response.json()?;
    Ok(replies.responses.into_iter().filter_map(Reply::into_response).collect())
}

impl Reply {
    fn into_response(self) -> Option<(usize, Response)> {
        let id = self.id.parse().ok()?;
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers.unwrap_or_default() {
            let text = value.as_str().map_or_else(|| Cow::from(value.to_string()), Cow::from);
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(&name), HeaderValue::try_from(&*text)) {
                headers.insert(name, value);
            }
        }
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let body = self.body.map_or_else(Bytes::new, |body| body_of(body.get(), content_type));
        Some((id, Response { status: self.status, headers, body }))
    }
}

/// JSON stands in the batch as it is; what is not JSON as a text, which is base64 unless its type is one of text.
fn body_of(json: &str, content_type: &str) -> Bytes {
    if json == "null" {
        return Bytes::new();
    }
    let Ok(text) = serde_json::from_str::<String>(json) else {
        return Bytes::copy_from_slice(json.as_bytes());
    };
    let decoded = || {
        let plain: String = text
            .trim_end_matches('=')
            .chars()
            .map(|c| {
                if c == '-' {
                    '+'
                } else if c == '_' {
                    '/'
                } else {
                    c
                }
            })
            .collect();
        STANDARD_NO_PAD.decode(plain).ok()
    };
    if content_type.is_empty() || is_json(content_type) {
        // Some services pack their JSON as well.
        return match decoded().filter(|bytes| matches!(bytes.first(), Some(b'{' | b'['))) {
            Some(bytes) => bytes.into(),
            None => Bytes::copy_from_slice(json.as_bytes()),
        };
    }
    if content_type.trim_start().to_ascii_lowercase().starts_with("text/") {
        return text.into();
    }
    decoded().map_or_else(|| text.clone().into(), Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_relative_to_the_version() {
        let root = Url::parse("https://proxy.example/graph/").unwrap();
        let of = |url: &str| relative(&root, &Url::parse(url).unwrap());
        assert_eq!(
            of("https://proxy.example/graph/v1.0/users?$filter=mail%20eq%20'%2f'"),
            Some(("v1.0", "/users?$filter=mail%20eq%20%27%2f%27".to_owned()))
        );
        assert_eq!(of("https://proxy.example/graph/Beta/me"), Some(("beta", "/me".to_owned())));
        assert_eq!(of("https://proxy.example/graph/v1.0"), None);
        assert_eq!(of("https://proxy.example/graph/v2.0/me"), None);
        assert_eq!(of("https://proxy.example/v1.0/me"), None);
        assert_eq!(of("https://other.example/graph/v1.0/me"), None);
    }

    #[test]
    fn bodies_come_back_as_they_were_sent() {
        for (json, content_type, expected) in [
            (r#"{"a": 1}"#, "application/json", &br#"{"a": 1}"#[..]),
            ("null", "application/json", b""),
            ("\"plain\"", "application/json; charset=utf-8", b"\"plain\""),
            ("\"eyJhIjoxfQ==\"", "application/json", b"{\"a\":1}"),
            ("\"_-8=\"", "image/jpeg", b"\xff\xef"),
            ("\"/+8\"", "image/jpeg", b"\xff\xef"),
            ("\"1234\"", "text/plain", b"1234"),
            ("12", "text/plain", b"12"),
            ("\"not base64!\"", "application/octet-stream", b"not base64!"),
        ] {
            assert_eq!(&*body_of(json, content_type), expected, "{json} {content_type}");
        }
    }
}
