//! What services send, read as the clients read it.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use graph_client::exchange::{CmdletError, CmdletErrorKind, ExchangeMailbox, GetRecipient, RawCmdlet};
use graph_client::graph::{Group, Notifications, User};
use graph_client::{ErrorKind, Method, Service, StaticToken};
use serde_json::{Value, json};

use crate::wire::{Answer, Wire, tells};

/// A sentence that no other part of an answer holds.
const SENTENCE: &str = "The quick brown room jumps over the lazy mailbox";

pub(crate) fn cmdlet_error(bytes: &[u8]) {
    for status in [200, 400, 401, 403, 404, 429, 500, 503] {
        let error = CmdletError::read(status, [], bytes);
        assert!(status < 400 || error.is_some_and(|error| !error.sentence.is_empty()), "a failure says nothing");
    }
    // The bytes around a sentence that the service sends must not hide it.
    let noise = String::from_utf8_lossy(bytes);
    let detail = json!({ "error": {
        "code": noise,
        "message": noise,
        "details": [{ "code": noise, "target": noise, "message": SENTENCE }],
        "innererror": { "message": noise, "internalexception": { "message": noise, "type": noise } },
    }});
    let error = CmdletError::read(400, [("x-ms-diagnostics", &*noise)], detail.to_string());
    assert_eq!(error.map(|error| error.sentence).as_deref(), Some(SENTENCE));
    // A kind is decided for any sentence.
    let piped = json!({ "error": { "details": [{ "message": format!("Ex000001|A.B|{SENTENCE} {noise}") }] } });
    let error = CmdletError::read(400, [], piped.to_string()).expect("a failure");
    assert!(error.sentence.starts_with(SENTENCE) || error.kind != CmdletErrorKind::ObjectNotFound);
}

pub(crate) fn graph_response(bytes: &[u8]) {
    let answer = Answer::read(bytes);
    Wire::with(&answer, |wire| {
        match wire.wait_for(wire.client().request(Method::GET, "me").json::<Value>()) {
            Ok(value) => {
                assert!(answer.is_success(), "a failure is taken for a success");
                let body = answer.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(answer.body);
                assert_eq!(Some(value), serde_json::from_slice(body).ok());
            }
            Err(error) => {
                tells(&error);
                assert_eq!(error.status(), Some(answer.status));
                assert!(!answer.is_success() || error.kind() == ErrorKind::Decode, "{error}");
            }
        }
        let client = wire.client();
        let mut batch = client.batch();
        let parts = ["me", "users"].map(|path| batch.add(client.request(Method::GET, path).typed::<Value>()));
        let mut responses = wire.wait_for(batch.send());
        for part in parts {
            if let Err(error) = responses.take(part) {
                tells(&error);
            }
        }
    });
}

pub(crate) fn graph_pages(bytes: &[u8]) {
    let answer = Answer::read(bytes);
    Wire::with(&answer, |wire| {
        // The same page again and again, where it links to the same service.
        let mut pages = pin!(wire.client().request(Method::GET, "groups").list::<Group>().into_pages());
        for _ in 0..3 {
            match wire.wait_for(pages.try_next()) {
                Ok(Some(_)) => assert!(answer.is_success(), "a failure is taken for a page"),
                Ok(None) => break,
                Err(error) => {
                    tells(&error);
                    break;
                }
            }
        }
        let mut pages = pin!(wire.client().request(Method::GET, "users/delta").delta::<User>().into_pages());
        for _ in 0..3 {
            match wire.wait_for(pages.try_next()) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    tells(&error);
                    break;
                }
            }
        }
    });
}

pub(crate) fn exchange_rows(bytes: &[u8]) {
    let answer = Answer::read(bytes);
    Wire::with(&answer, |wire| {
        let exchange = wire.client().exchange();
        let cmdlet = RawCmdlet::<Vec<ExchangeMailbox>>::new("Get-Mailbox").expect("a cmdlet");
        match wire.wait_for(async { exchange.run(cmdlet).await }) {
            Ok(_) => assert!(answer.is_success(), "a failure is taken for rows"),
            Err(error) => tells(&error),
        }
        let write = RawCmdlet::<()>::new("Set-Mailbox").expect("a cmdlet");
        match wire.wait_for(async { wire.client().exchange().run(write).await }) {
            Ok(()) => assert!(answer.is_success(), "a failure is taken for a change"),
            Err(error) => tells(&error),
        }
        let mut pages = pin!(wire.client().exchange().list(GetRecipient::all()).into_pages());
        for _ in 0..3 {
            match wire.wait_for(pages.try_next()) {
                Ok(Some(_)) => assert!(answer.is_success(), "a failure is taken for a page"),
                Ok(None) => break,
                Err(error) => {
                    tells(&error);
                    break;
                }
            }
        }
    });
}

pub(crate) fn sign_in(bytes: &[u8]) {
    let answer = Answer::read(bytes);
    Wire::with(&answer, |wire| {
        let granted = serde_json::from_slice::<Value>(answer.body).ok();
        let granted = granted.as_ref().and_then(|body| body["access_token"].as_str());
        match wire.wait_for(wire.client_that_signs_in().token_claims(Service::Graph)) {
            Ok(_) => assert!(answer.is_success(), "a refusal is taken for a token"),
            Err(error) => {
                tells(&error);
                if let Some(token) = granted.filter(|token| answer.is_success() && is_secret(token)) {
                    assert!(!error.to_string().contains(token), "the token in {error}");
                }
            }
        }
    });
}

/// Whether a text is none that an error may hold for another reason.
fn is_secret(token: &str) -> bool {
    token.len() > 40 && !token.contains(' ')
}

pub(crate) fn token_claims(bytes: &[u8]) {
    let token = String::from_utf8_lossy(bytes);
    Wire::with(&Answer::read(b""), |wire| {
        let client = wire.client().with_credential(StaticToken::graph(token.clone()));
        match wire.wait_for(client.token_claims(Service::Graph)) {
            Ok(claims) => {
                assert!(claims.roles.iter().all(|role| claims.has_role(role)));
                assert!(claims.scopes.iter().all(|scope| claims.has_scope(scope)));
                assert_eq!(token.trim().split('.').count(), 3, "no web token, and yet with claims");
            }
            Err(error) => {
                tells(&error);
                assert!(!is_secret(&token) || !error.to_string().contains(&*token), "the token in {error}");
            }
        }
    });
}

pub(crate) fn notifications(bytes: &[u8]) {
    let reader = Notifications::new("a client state");
    match reader.read(bytes) {
        Ok(batch) => {
            let body: Value = serde_json::from_slice(bytes).expect("what was read is JSON");
            let sent = body["value"].as_array().map_or(0, Vec::len);
            assert_eq!(batch.accepted.len() + batch.refused, sent);
            for notification in &batch.accepted {
                let _ = notification.event();
            }
        }
        Err(error) => tells(&error),
    }
}
