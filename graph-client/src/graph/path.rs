//! Requests for paths that hold ids.

use std::borrow::Cow;

use reqwest::Method;

use super::Request;
use crate::client::Client;
use crate::cloud::{self, Service};
use crate::error::{Error, Result};
use crate::ids::{InvalidValue, ObjectId, names_one_object};

/// Percent-encodes what stands between two slashes of a path.
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
        }
    }
    encoded
}

/// A request for `template`, each `{}` of which stands for one id.
///
/// An id that is empty would address the collection instead of one member, and `..` something else altogether: both
/// are refused before anything is sent.
pub(crate) fn call(client: &Client, method: Method, name: &'static str, template: &str, ids: &[&str]) -> Request {
    let mut path = String::with_capacity(template.len() + 64);
    let mut rest = template;
    for id in ids {
        if !names_one_object(id) {
            let fault = InvalidValue::new("id", *id, "must be the id or address of one object");
            return Request::to_url(client.clone(), method, Err(Error::from(fault).during(name)));
        }
        let (before, after) = rest.split_once("{}").unwrap_or((rest, ""));
        path.push_str(before);
        path.push_str(&segment(id));
        rest = after;
    }
    path.push_str(rest);
    let operation = match ids {
        [] => Cow::Borrowed(name),
        ids => Cow::Owned(format!("{name} ({})", ids.join(", "))),
    };
    client.request(method, path).named(name, operation)
}

/// A link to an object of the directory, as members and owners are named.
pub(crate) fn object_link(client: &Client, id: &str) -> Result<String> {
    let id: ObjectId = id.parse()?;
    let root = &client.cloud().endpoint(Service::Graph).url;
    Ok(cloud::join(root, &format!("/v1.0/directoryObjects/{id}")).to_string())
}
