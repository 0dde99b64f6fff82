//! Secrets taken out of what a service says: it may repeat what it was sent.

use std::borrow::Cow;
use std::ops::Range;

/// What stands in the place of a secret.
const REDACTED: &str = "<redacted>";

/// Shorter texts are words that may stand anywhere; no credential is so short.
const SHORTEST: usize = 8;

/// The names under which secrets are sent, in lower case.
const NAMES: [&str; 11] = [
    "client_secret",
    "client_assertion",
    "refresh_token",
    "access_token",
    "id_token",
    "device_code",
    "assertion",
    "password",
    "secrettext",
    "proof",
    "passwd",
];

/// The text without the secrets that are `known` to have been sent, in any form in which they may come back, and without
/// everything that looks like one: the values of [`NAMES`], bearer tokens and JSON web tokens.
pub(crate) fn redact<'a>(text: &'a str, known: &[&str]) -> Cow<'a, str> {
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<Range<usize>> = Vec::new();
    for secret in known.iter().map(|secret| secret.trim()).filter(|secret| secret.len() >= SHORTEST) {
        for form in forms(secret) {
            found.extend(lower.match_indices(&form).map(|(at, form)| at..at + form.len()));
        }
    }
    named(text, &lower, &mut found);
    bearers(text, &lower, &mut found);
    web_tokens(text, &mut found);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    found.sort_unstable_by_key(|range| range.start);
    let (mut clean, mut end) = (String::with_capacity(text.len()), 0);
    for range in found {
        if range.start >= end {
            clean.push_str(&text[end..range.start]);
            clean.push_str(REDACTED);
        }
        end = end.max(range.end);
    }
    clean.push_str(&text[end..]);
    Cow::Owned(clean)
}

/// A secret as it is, in a form, in a query, and in JSON; all in lower case, because escapes are written in both.
fn forms(secret: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let query = form.replace('+', "%20");
    let json = serde_json::Value::from(secret).to_string();
    let mut forms = vec![secret.to_owned(), form, query, json[1..json.len() - 1].to_owned()];
    for form in &mut forms {
        form.make_ascii_lowercase();
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// The values in `client_secret=…`, `"client_secret":"…"` and their like, however they are quoted and escaped.
fn named(text: &str, lower: &str, found: &mut Vec<Range<usize>>) {
    for name in NAMES {
        for (at, _) in lower.match_indices(name) {
            let mut rest = at + name.len();
            rest = skip(text, rest, |c| matches!(c, '"' | '\'' | '\\' | ' '));
            rest += match &lower[rest..] {
                after if after.starts_with(['=', ':']) => 1,
                after if after.starts_with("%3d") || after.starts_with("%3a") => 3,
                _ => continue,
            };
            let start = skip(text, rest, |c| matches!(c, '"' | '\'' | '\\' | ' '));
            let is_quoted = text[rest..start].contains(['"', '\'']);
            let ends = |c: char| {
                if is_quoted { matches!(c, '"' | '\'') } else { c.is_whitespace() || "&\"',;)}]<>".contains(c) }
            };
            let end = text[start..].find(ends).map_or(text.len(), |length| start + length);
            if end > start {
                found.push(start..end);
            }
        }
    }
}

/// What follows `Bearer` and is no word of a sentence.
fn bearers(text: &str, lower: &str, found: &mut Vec<Range<usize>>) {
    for (at, bearer) in lower.match_indices("bearer") {
        let after = at + bearer.len();
        let start = skip(text, after, |c| matches!(c, ' ' | '+' | ':' | '"' | '\\'));
        let start = if lower[after..].starts_with("%20") { after + 3 } else { start };
        let end = skip(text, start, is_of_token);
        let is_word = text[start..end].trim_end_matches('.').chars().all(|c| c.is_ascii_lowercase());
        // `Bearer realm=""` and `Bearer authorization_uri=…` are challenges.
        let is_parameter = text[end..].starts_with('"') && text[..end].ends_with('=');
        if start > after && end > start && !is_word && !is_parameter {
            found.push(start..end);
        }
    }
}

/// Three parts in base64 with dots between, the first of which is a JSON object.
fn web_tokens(text: &str, found: &mut Vec<Range<usize>>) {
    for (at, _) in text.match_indices("eyJ") {
        let end = skip(text, at, is_of_token);
        if text[at..end].trim_end_matches('.').contains('.') {
            found.push(at..end);
        }
    }
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~+/=%".contains(c)
}

fn skip(text: &str, from: usize, over: impl Fn(char) -> bool) -> usize {
    text[from..].find(|c| !over(c)).map_or(text.len(), |length| from + length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_taken_out() {
        for (text, expected) in [
            (
                "bad request: client_id=1&client_secret=hunter2&scope=x",
                "bad request: client_id=1&client_secret=<redacted>&scope=x",
            ),
            (r#"{"client_secret": "a b,c", "x": 1}"#, r#"{"client_secret": "<redacted>", "x": 1}"#),
            (r#"{\"refresh_token\":\"0.AX\"}"#, r#"{\"refresh_token\":\"<redacted>"}"#),
            ("CLIENT_ASSERTION%3DeyJx%26", "CLIENT_ASSERTION%3D<redacted>"),
            ("Authorization: Bearer abc123.def", "Authorization: Bearer <redacted>"),
            ("sent bearer%20Abc", "sent bearer%20<redacted>"),
            ("token eyJhbGciOi.eyJzdWIi.c2ln was refused", "token <redacted> was refused"),
        ] {
            assert_eq!(redact(text, &[]), expected, "{text}");
        }
    }

    #[test]
    fn sentences_about_secrets_stay() {
        for text in [
            "The user name or the password is wrong.",
            "Bearer token is missing",
            r#"Bearer realm="", error="insufficient_claims""#,
            "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "Invalid client secret provided. Ensure the secret being sent is the client secret value.",
        ] {
            assert_eq!(redact(text, &["token", "secret"]), text);
        }
    }

    #[test]
    fn a_secret_that_was_sent_is_known_in_every_form() {
        let secret = "b00king~Secret/With+Signs=&%\"";
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let json = serde_json::to_string(secret).unwrap();
        for echo in [secret, &form, &json, &form.replace("%2F", "%2f").replace("%2B", "%2b")] {
            let text = format!("the value {echo} is not accepted");
            let clean = redact(&text, &[secret]);
            assert!(!clean.contains("Secret") || echo.contains("%2f"), "{clean}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_and_no_secret_stays(before in "\\PC{0,12}", secret in "[!-~]{8,40}", after in "\\PC{0,12}") {
            let text = format!("{before}{secret}{after} bearer {secret} password={secret}");
            prop_assert!(!redact(&text, &[&secret]).contains(&secret));
        }
    }
}
