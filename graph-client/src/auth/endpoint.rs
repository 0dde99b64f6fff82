//! The sign-in service's token end point: one request for a token, and what its refusals mean.

use std::time::{Duration, SystemTime};

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::sign_in_error::{SignInError, SignInReason};
use super::{AccessToken, TokenContext, numbers};
use crate::cloud;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Failure, Repeat, Response};
use crate::ids::TenantId;

/// An address of the sign-in service, such as its `token` end point.
pub(super) fn address(login: &Url, tenant: &TenantId, name: &str) -> Url {
    cloud::join(login, &format!("{tenant}/oauth2/v2.0/{name}"))
}

/// What the sign-in service grants.
pub(super) struct Granted {
    pub(super) token: AccessToken,
    pub(super) refresh_token: Option<SecretString>,
}

#[derive(Deserialize)]
struct Grant {
    access_token: SecretString,
    #[serde(deserialize_with = "numbers::number")]
    expires_in: u64,
    #[serde(default, deserialize_with = "numbers::optional")]
    refresh_in: Option<u64>,
    refresh_token: Option<SecretString>,
}

/// Posts a form to the token end point.
pub(super) async fn request_token(
    context: &TokenContext,
    operation: &str,
    url: Url,
    form: &[(&str, &str)],
) -> Result<Granted> {
    use tracing::Instrument as _;

    let span = tracing::debug_span!(
        "graph.sign_in",
        "otel.kind" = "client",
        "server.address" = url.host_str(),
        "graph.service" = %context.service,
    );
    let reply = context.transport.post_form(operation, url, form, refusal).instrument(span).await?;
    let answered_at = SystemTime::now();
    // The parser's own message could quote the response, and with it a token.
    let granted: Grant = crate::http::decode(&reply.body).map_err(|_| no_token().during(operation.to_owned()))?;
    let after = |seconds| answered_at.checked_add(Duration::from_secs(seconds));
    let expires_at = after(granted.expires_in).ok_or_else(|| no_token().during(operation.to_owned()))?;
    let token = AccessToken::build(granted.access_token, expires_at, granted.refresh_in.and_then(after))
        .map_err(|error| error.during(operation.to_owned()))?;
    Ok(Granted { token, refresh_token: granted.refresh_token })
}

fn no_token() -> Error {
    Error::new(ErrorKind::Decode, "the sign-in service answered without a token")
}

#[derive(Deserialize)]
struct Refused {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default, deserialize_with = "numbers::list")]
    error_codes: Vec<u32>,
    suberror: Option<String>,
    claims: Option<String>,
    trace_id: Option<String>,
    correlation_id: Option<String>,
}

/// What a response of the sign-in service says beyond its status. `None` for a success.
pub(super) fn refusal(reply: &Response) -> Option<Failure> {
    if reply.is_success() {
        return None;
    }
    let Ok(refused) = crate::http::decode::<Refused>(&reply.body) else {
        return Some(Failure::from_status(reply, "the sign-in service refused without a reason".into()));
    };
    let description = refused.error_description;
    // The description goes on with trace ids and a time stamp, which have their own places.
    let text = description.lines().next().unwrap_or_default();
    let text = text.split(" Trace ID:").next().unwrap_or(text).trim();
    let (number, text) = text
        .split_once(": ")
        .and_then(|(head, rest)| Some((head.strip_prefix("AADSTS")?.parse().ok()?, rest)))
        .map_or((None, text), |(number, rest): (u32, &str)| (Some(number), rest));
    let text = if text.is_empty() { refused.error.as_str() } else { text };
    let mut failure = Failure::from_status(reply, text.to_owned());
    let mut codes = refused.error_codes;
    if codes.is_empty() {
        codes.extend(number);
    }
    let sign_in = SignInError {
        error: refused.error,
        codes,
        suberror: refused.suberror,
        claims: refused.claims,
        trace_id: refused.trace_id,
        correlation_id: refused.correlation_id,
    };
    match sign_in.reason() {
        SignInReason::Throttled => {
            failure.kind = ErrorKind::Throttled;
            failure.repeat = Repeat::Always;
        }
        SignInReason::Unavailable => {
            failure.kind = ErrorKind::Unavailable;
            failure.repeat = Repeat::Always;
        }
        _ if reply.status() == 429 || reply.status() >= 500 => {}
        _ => {
            failure.kind = ErrorKind::Auth;
            failure.repeat = Repeat::Never;
        }
    }
    failure.code = Some(sign_in.codes.first().map_or(sign_in.error.clone(), |code| format!("AADSTS{code}")));
    failure.request_id.clone_from(&sign_in.trace_id);
    failure.advice = sign_in.advice().map(Into::into);
    failure.add_detail(sign_in);
    Some(failure)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderMap;

    use super::*;

    fn reply(status: u16, body: &str) -> Response {
        Response { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    #[test]
    fn a_refusal_is_taken_apart() {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Trace ID: t Correlation ID: c Timestamp: 2026-11-22 10:00:00Z","error_codes":[7000215],"timestamp":"2026-11-22 10:00:00Z","trace_id":"t","correlation_id":"c","suberror":"bad_token","claims":"{}"}"#;
        let failure = refusal(&reply(401, body)).unwrap();
        assert_eq!((failure.kind, failure.repeat), (ErrorKind::Auth, Repeat::Never));
        assert_eq!(failure.message, "Invalid client secret provided.");
        assert_eq!(failure.code.as_deref(), Some("AADSTS7000215"));
        let error = failure.into_error();
        let sign_in = error.sign_in().unwrap();
        assert_eq!((sign_in.error(), sign_in.codes()), ("invalid_client", [7_000_215].as_slice()));
        assert_eq!(sign_in.reason(), SignInReason::WrongSecret);
        assert_eq!((sign_in.suberror(), sign_in.claims()), (Some("bad_token"), Some("{}")));
        assert_eq!((sign_in.trace_id(), sign_in.correlation_id()), (Some("t"), Some("c")));
    }

    #[test]
    fn the_number_is_found_in_the_text_when_the_list_is_missing_or_odd() {
        for codes in ["", r#","error_codes":"none""#, r#","error_codes":[]"#] {
            let body = format!(r#"{{"error":"x","error_description":"AADSTS90002: Tenant 'y' not found."{codes}}}"#);
            let failure = refusal(&reply(400, &body)).unwrap();
            assert_eq!(failure.code.as_deref(), Some("AADSTS90002"), "{body}");
            assert_eq!(failure.message, "Tenant 'y' not found.");
        }
    }

    #[test]
    fn passing_faults_are_repeated_and_final_ones_are_not() {
        for (status, error, code, kind, repeat) in [
            (400, "invalid_request", 90_033, ErrorKind::Unavailable, Repeat::Always),
            (400, "invalid_request", 90_024, ErrorKind::Unavailable, Repeat::Always),
            (400, "invalid_request", 90_012, ErrorKind::Unavailable, Repeat::Always),
            (400, "invalid_request", 90_006, ErrorKind::Unavailable, Repeat::Always),
            (400, "temporarily_unavailable", 1, ErrorKind::Unavailable, Repeat::Always),
            (400, "invalid_request", 90_055, ErrorKind::Throttled, Repeat::Always),
            (429, "invalid_request", 1, ErrorKind::Throttled, Repeat::Always),
            (500, "server_error", 1, ErrorKind::Unavailable, Repeat::IfIdempotent),
            (400, "invalid_grant", 70_008, ErrorKind::Auth, Repeat::Never),
            (401, "invalid_client", 7_000_222, ErrorKind::Auth, Repeat::Never),
            (400, "unauthorized_client", 700_016, ErrorKind::Auth, Repeat::Never),
            (400, "invalid_grant", 50_196, ErrorKind::Auth, Repeat::Never),
        ] {
            let body = format!(r#"{{"error":"{error}","error_codes":[{code}]}}"#);
            let failure = refusal(&reply(status, &body)).unwrap();
            assert_eq!((failure.kind, failure.repeat), (kind, repeat), "{status} {body}");
        }
    }
}
