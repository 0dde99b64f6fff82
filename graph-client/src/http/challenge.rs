//! Claims challenges (continuous access evaluation): a service refuses a token and says what a new one must satisfy.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Map, Value, json};

/// The claims (JSON) that the `WWW-Authenticate` headers of a response ask for.
///
/// There may be several headers, several challenges in one, parameters in any order and commas within quotes.
pub(crate) fn demanded_claims<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<String> {
    headers.into_iter().find_map(|header| {
        let mut is_bearer = false;
        for item in items(header) {
            let (scheme, parameter) = split_scheme(&item);
            if let Some(scheme) = scheme {
                is_bearer = scheme.eq_ignore_ascii_case("bearer");
            }
            let Some((name, value)) = parameter.split_once('=') else { continue };
            if is_bearer && name.trim().eq_ignore_ascii_case("claims") {
                return decode(&unquote(value.trim()));
            }
        }
        None
    })
}

/// The parts between the commas that are not within quotes.
fn items(header: &str) -> Vec<String> {
    let (mut items, mut item) = (Vec::new(), String::new());
    let (mut quoted, mut escaped) = (false, false);
    for character in header.chars() {
        match character {
            ',' if !quoted => {
                items.push(std::mem::take(&mut item));
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = quoted && !escaped && character == '\\';
        item.push(character);
    }
    items.push(item);
    items
}

/// `Bearer realm=""` opens a challenge; `realm=""` goes on with one.
fn split_scheme(item: &str) -> (Option<&str>, &str) {
    let item = item.trim();
    let head = item.split('=').next().unwrap_or(item).trim_end();
    match head.split_once(char::is_whitespace) {
        Some((scheme, _)) => (Some(scheme), item[scheme.len()..].trim_start()),
        None if head == item => (Some(item), ""),
        None => (None, item),
    }
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let (mut text, mut escaped) = (String::new(), false);
    for character in inner.chars() {
        escaped = !escaped && character == '\\';
        if !escaped {
            text.push(character);
        }
    }
    text
}

/// Base64 of either alphabet, with or without padding; some services send the JSON as it is.
fn decode(value: &str) -> Option<String> {
    let json = if value.trim_start().starts_with('{') {
        value.to_owned()
    } else {
        let standard = value.trim_end_matches('=').replace('-', "+").replace('_', "/");
        String::from_utf8(STANDARD_NO_PAD.decode(standard).ok()?).ok()?
    };
    // Only an object can be sent on.
    serde_json::from_str::<Map<String, Value>>(&json).ok().map(|_| json)
}

/// The `claims` parameter of a token request: what a service demanded, and that the caller can handle challenges.
pub(crate) fn requested_claims(capable: bool, demanded: Option<&str>) -> Option<String> {
    let mut claims: Map<String, Value> = demanded.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    if capable {
        let access_token = claims.entry("access_token").or_insert_with(|| json!({}));
        if !access_token.is_object() {
            *access_token = json!({});
        }
        access_token["xms_cc"] = json!({"values": ["cp1"]});
    }
    (!claims.is_empty()).then(|| Value::Object(claims).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"access_token":{"nbf":{"essential":true, "value":"1604106651"}}}"#;
    const BASE64: &str = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwgInZhbHVlIjoiMTYwNDEwNjY1MSJ9fX0=";

    #[test]
    fn claims_are_found_in_every_form_of_the_header() {
        let bare = BASE64.trim_end_matches('=');
        let escaped = JSON.replace('"', "\\\"");
        for header in [
            format!(
                r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="{BASE64}""#
            ),
            format!(r#"Bearer claims="{BASE64}", error="insufficient_claims", realm="a, claims=no""#),
            format!("bearer error=insufficient_claims,claims={bare}"),
            format!(r#"Basic realm="x", Bearer client_id="y",error="insufficient_claims" , Claims = "{BASE64}""#),
            format!(r#"Negotiate, Bearer error_description="a \" quote, and a comma", claims="{BASE64}""#),
            format!(r#"Bearer claims="{escaped}""#),
        ] {
            assert_eq!(demanded_claims([header.as_str()]).as_deref(), Some(JSON), "{header}");
        }
        let second = format!(r#"Bearer claims="{BASE64}""#);
        assert_eq!(demanded_claims(["Basic realm=\"a\"", &second]).as_deref(), Some(JSON));
    }

    #[test]
    fn what_is_no_challenge_is_not_taken_for_one() {
        let basic = format!(r#"Basic claims="{BASE64}""#);
        let within = format!(r#"Bearer realm="claims={BASE64}""#);
        for header in
            ["", "Bearer", r#"Bearer realm="", error="invalid_token""#, r#"Bearer claims="!!""#, &basic, &within]
        {
            assert_eq!(demanded_claims([header]), None, "{header}");
        }
        // JSON, but not an object.
        assert_eq!(demanded_claims([r#"Bearer claims="WzFd""#]), None);
    }

    #[test]
    fn demanded_claims_and_the_capability_are_sent_together() {
        assert_eq!(requested_claims(false, None), None);
        let parse = |text: Option<String>| serde_json::from_str::<Value>(&text.unwrap()).unwrap();
        assert_eq!(parse(requested_claims(true, None)), json!({"access_token": {"xms_cc": {"values": ["cp1"]}}}));
        let nbf = json!({"essential": true, "value": "1604106651"});
        assert_eq!(
            parse(requested_claims(true, Some(JSON))),
            json!({"access_token": {"nbf": nbf, "xms_cc": {"values": ["cp1"]}}})
        );
        assert_eq!(parse(requested_claims(false, Some(JSON))), json!({"access_token": {"nbf": nbf}}));
    }
}
