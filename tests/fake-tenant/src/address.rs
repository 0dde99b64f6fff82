//! Addresses as clients write them, brought into one form before anything is routed.
//!
//! `users('x')`, `users/x`, `delta()`, `microsoft.graph.delta()`, `graph.room`, `members/$ref?@id=...`: the SDKs differ in
//! all of these, and Graph takes each of them.

use crate::graph::is_operation;
use crate::request::Request;

/// The decoded segments of the path. Those of Graph are in one form: keys and functions without parentheses, casts
/// with `microsoft.graph.`, and a reference to be deleted in the path. Alternate keys stay as they are written.
pub(crate) fn segments(request: &Request) -> Vec<String> {
    let path = request.url().path();
    let plain = path.split('/').filter(|segment| !segment.is_empty()).map(percent_decoded);
    if !matches!(path.split('/').find(|segment| !segment.is_empty()), Some("v1.0" | "beta")) {
        return plain.collect();
    }
    let mut steps = Vec::new();
    for segment in plain {
        push_steps(&segment, &mut steps);
    }
    let ends_in_ref = steps.last().is_some_and(|last| last.eq_ignore_ascii_case("$ref"));
    if request.method() == "DELETE" && ends_in_ref {
        let named = request.url().query_pairs().find(|(name, _)| matches!(&**name, "@id" | "$id" | "@odata.id"));
        if let Some((_, link)) = named {
            steps.insert(steps.len() - 1, linked_id(&link));
        }
    }
    steps
}

fn push_steps(segment: &str, steps: &mut Vec<String>) {
    let (name, key) = match segment.strip_suffix(')').and_then(|open| open.split_once('(')) {
        Some((name, key)) if !name.is_empty() => (name, Some(key)),
        _ => (segment, None),
    };
    let name = without_namespace(name);
    match key {
        None | Some("") => steps.push(name),
        Some(key) => match unquoted(key) {
            Some(key) => steps.extend([name, key]),
            None if key.contains('=') => steps.push(format!("{name}({key})")),
            None => steps.extend([name, key.to_owned()]),
        },
    }
}

/// A cast keeps its namespace, in its long form; an operation loses it.
fn without_namespace(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let start = ["microsoft.graph.", "graph."].into_iter().find(|start| lower.starts_with(start)).map(str::len);
    match start.map(|start| &name[start..]) {
        Some(rest) if rest.is_empty() || !rest.bytes().all(|letter| letter.is_ascii_alphanumeric()) => name.to_owned(),
        Some(rest) if is_operation(rest) => rest.to_owned(),
        Some(rest) => format!("microsoft.graph.{rest}"),
        None => name.to_owned(),
    }
}

/// `'it''s'` is `it's`.
fn unquoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("''", "'"))
}

/// The id in a reference: `https://host/v1.0/directoryObjects/id`, `directoryObjects('id')`, or shorter.
pub(crate) fn linked_id(link: &str) -> String {
    let path = link.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let last = percent_decoded(path.rsplit('/').next().unwrap_or_default());
    let key = last.strip_suffix(')').and_then(|open| open.split_once('(')).map(|(_, key)| key);
    match key {
        Some(key) => unquoted(key).unwrap_or_else(|| key.to_owned()),
        None => last,
    }
}

/// `scheme://host:port` as the client knows the tenant: by what a proxy forwards, then by `Host`, since a front may not
/// know better.
pub(crate) fn origin(request: &Request) -> String {
    let first = |name: &str| {
        let value = request.header_value(name)?.split(',').next()?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    let forwarded = |name: &str| {
        let nearest = first("Forwarded")?;
        let value = nearest.split(';').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
        })?;
        (!value.is_empty()).then_some(value)
    };
    let scheme = forwarded("proto").or_else(|| first("X-Forwarded-Proto"));
    let host = forwarded("host").or_else(|| {
        let host = first("X-Forwarded-Host")?;
        match first("X-Forwarded-Port") {
            Some(port) if !host.contains(':') => Some(format!("{host}:{port}")),
            _ => Some(host),
        }
    });
    let host = host.or_else(|| request.header_value("Host").map(str::to_owned));
    let scheme = scheme.as_deref().unwrap_or(request.url().scheme());
    match host {
        Some(host) => format!("{scheme}://{host}"),
        None => request.url().origin().ascii_serialization(),
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = (*first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = if let Some(byte) = escaped {
            bytes.push(byte);
            &after[2..]
        } else {
            bytes.push(*first);
            after
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
