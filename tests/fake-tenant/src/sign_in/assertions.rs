//! Client assertions: what is said in them is checked, who signed them is taken on trust.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::world::{App, World};

type Refusal = (&'static str, u32, String);

fn part(assertion: &str, at: usize) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(assertion.split('.').nth(at)?).ok()?).ok()
}

/// Checks an assertion by certificate or by another identity provider. `None` when the application has
/// neither a certificate nor a federated credential.
pub(super) fn check(world: &World, app: &App, assertion: &str) -> Option<Result<(), Refusal>> {
    let keys = app.registration.iter().flat_map(|registration| &registration.keys);
    // A key that was registered through Graph goes by the thumbprint it was given.
    let registered: Vec<Vec<u8>> = app
        .thumbprints
        .iter()
        .filter_map(|thumbprint| URL_SAFE_NO_PAD.decode(thumbprint).ok())
        .chain(keys.filter_map(|key| STANDARD.decode(key["customKeyIdentifier"].as_str()?).ok()))
        .collect();
    let federated = app.registration.as_ref().map(|registration| registration.federated.as_slice()).unwrap_or_default();
    if registered.is_empty() && federated.is_empty() {
        return None;
    }
    let client = app.client_id.to_string();
    let refuse = |code, text: String| Some(Err(("invalid_client", code, text)));
    let (Some(header), Some(claims)) = (part(assertion, 0), part(assertion, 1)) else {
        return refuse(50_027, "JWT token is invalid or malformed.".to_owned());
    };
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let now = world.now().as_second();
    let late = claims["exp"].as_i64().is_none_or(|expires| expires <= now);
    let early = claims["nbf"].as_i64().is_some_and(|from| from > now + 300);
    if late || early {
        return refuse(700_024, "Client assertion is not within its valid time range.".to_owned());
    }
    if !text("iss").eq_ignore_ascii_case(&client) {
        return Some(check_federated(federated, &claims));
    }
    if !text("sub").eq_ignore_ascii_case(&client) {
        return refuse(
            700_021,
            "Client assertion application identifier doesn't match 'client_id' parameter.".to_owned(),
        );
    }
    let audience = text("aud").trim_end_matches("/oauth2/v2.0/token");
    let tenant = audience.rsplit('/').next().unwrap_or_default();
    if !text("aud").ends_with("/oauth2/v2.0/token") || !world.organization.is_named(tenant) {
        return refuse(50_013, "Assertion failed audience validation.".to_owned());
    }
    let thumbprint = header["x5t#S256"].as_str().or_else(|| header["x5t"].as_str());
    let thumbprint = thumbprint.and_then(|text| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok());
    if thumbprint.is_none_or(|thumbprint| !registered.contains(&thumbprint)) {
        return refuse(
            700_027,
            "The certificate with identifier used to sign the client assertion is not registered on application."
                .to_owned(),
        );
    }
    Some(Ok(()))
}

/// Issuer, audience and subject have to be those of one credential; the subject's case counts.
fn check_federated(federated: &[Value], claims: &Value) -> Result<(), Refusal> {
    let refuse = |code, what: &str, value: &Value| {
        Err((
            "invalid_client",
            code,
            format!("No matching federated identity record found for presented assertion {what} {value}."),
        ))
    };
    let same_issuer = || federated.iter().filter(|known| known["issuer"] == claims["iss"]);
    if same_issuer().next().is_none() {
        return refuse(700_211, "issuer", &claims["iss"]);
    }
    if !same_issuer().any(|known| known["subject"] == claims["sub"]) {
        return refuse(700_213, "subject", &claims["sub"]);
    }
    if !same_issuer().any(|known| known["subject"] == claims["sub"] && known["audiences"][0] == claims["aud"]) {
        return refuse(700_212, "audience", &claims["aud"]);
    }
    Ok(())
}
