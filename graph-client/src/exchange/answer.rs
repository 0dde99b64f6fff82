//! From a successful answer to rows. What the service calls a success is read with care: it may be empty in three ways,
//! hold one record without its envelope, ask for a confirmation, or not come from the service at all.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::http::{Response, decode};
use crate::{Error, ErrorKind, Result};

/// A page of a cmdlet's output.
pub(super) struct Answer<R> {
    pub(super) value: Vec<R>,
    pub(super) next_link: Option<String>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "R: Deserialize<'de>"))]
struct Envelope<R> {
    /// Absent is not the same as null: a record without an envelope has no `value`.
    #[serde(default = "Option::default", deserialize_with = "rows")]
    value: Option<Vec<R>>,
    #[serde(rename = "@odata.nextLink", default)]
    next_link: Option<String>,
    #[serde(rename = "@adminapi.warnings", default)]
    warnings: Option<Vec<String>>,
    #[serde(rename = "@adminapi.errors", default)]
    errors: Option<Value>,
    #[serde(rename = "@adminapi.confirmationmessage", default)]
    confirmation: Option<String>,
}

/// `value` is null when a command has nothing but warnings to say.
fn rows<'de, D: Deserializer<'de>, R: Deserialize<'de>>(deserializer: D) -> Result<Option<Vec<R>>, D::Error> {
    Option::<Vec<R>>::deserialize(deserializer).map(|rows| Some(rows.unwrap_or_default()))
}

impl<R: DeserializeOwned> Answer<R> {
    /// Reads a successful answer. Three forms of "done, nothing to show" are in use: no body, 204, and no rows.
    pub(super) fn read(response: &Response, is_safe: bool, is_later_page: bool) -> Result<Self> {
        let body = response.bytes();
        if body.iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace()) {
            if is_later_page {
                return Err(Error::new(ErrorKind::Decode, "a page of the answer is empty; the list is not complete"));
            }
            return Ok(Self { value: Vec::new(), next_link: None });
        }
        // The command was carried out, whatever can be made of the answer.
        let envelope = parse::<R>(body).map_err(|message| {
            let error = Error::new(ErrorKind::Decode, message).with_status(response.status());
            error.with_outcome_unknown(!is_safe)
        })?;
        if let Some(prompt) = envelope.confirmation {
            let message = format!("the command was not carried out, because it asked for confirmation: {prompt}");
            return Err(Error::new(ErrorKind::Service, message));
        }
        if let Some(errors) = envelope.errors.as_ref().and_then(said) {
            return Err(Error::new(ErrorKind::Service, errors).with_outcome_unknown(!is_safe));
        }
        let count = envelope.warnings.as_ref().map_or(0, Vec::len);
        if count > 0 {
            // The texts name objects, so only their number is traced.
            tracing::debug!(count, "the cmdlet gave warnings");
        }
        Ok(Self {
            value: envelope.value.unwrap_or_default(),
            next_link: envelope.next_link.filter(|link| !link.trim().is_empty()),
        })
    }
}

fn parse<R: DeserializeOwned>(body: &[u8]) -> Result<Envelope<R>, String> {
    match decode::<Envelope<R>>(body) {
        Ok(envelope) if envelope.value.is_some() => Ok(envelope),
        Ok(envelope) => match decode::<Map<String, Value>>(body) {
            // The end points for single entities give the record by itself.
            Ok(record) if record.keys().any(|key| !key.contains('@')) => {
                let row = R::deserialize(Value::Object(record)).map_err(|error| unexpected(&error))?;
                Ok(Envelope { value: Some(vec![row]), ..envelope })
            }
            _ => Ok(envelope),
        },
        // Properties come twice at times. The last one counts, as a JSON object has it.
        Err(error) if error.to_string().starts_with("duplicate field") => {
            let value = decode::<Value>(body).map_err(|error| unexpected(&error))?;
            Envelope::deserialize(value).map_err(|error| unexpected(&error))
        }
        Err(error) => Err(strange(body).unwrap_or_else(|| unexpected(&error))),
    }
}

fn unexpected(error: &serde_json::Error) -> String {
    format!("the answer is not what was expected: {error}")
}

/// What a body is that is not JSON at all.
fn strange(body: &[u8]) -> Option<String> {
    const SHOWN: usize = 200;
    if body.starts_with(b"\x1f\x8b") {
        return Some("the answer is compressed, although the request asked for plain text".into());
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim_matches(|c: char| c == '\0' || c == '\u{feff}' || c.is_whitespace());
    match text.chars().next()? {
        '{' | '[' => None,
        '<' => Some("the answer is a web page; something between here and Exchange Online may have sent it".into()),
        _ => Some(format!("the answer is plain text: {}", text.chars().take(SHOWN).collect::<String>())),
    }
}

/// What `@adminapi.errors` says, which comes with a success.
fn said(errors: &Value) -> Option<String> {
    let text = match errors {
        Value::Null => return None,
        Value::Array(items) if items.is_empty() => return None,
        Value::Array(items) => {
            let texts = items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            texts.collect::<Vec<_>>().join("; ")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::exchange::Mailbox;

    fn read(body: &[u8], is_later_page: bool) -> Result<Answer<Mailbox>> {
        let response = Response { status: 200, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body) };
        Answer::read(&response, false, is_later_page)
    }

    #[test]
    fn nothing_to_show_has_many_forms_and_none_of_them_is_a_later_page() {
        for body in ["", " \r\n", "\0\0\0", "{}", r#"{"value":[]}"#, r#"{"value":null,"@adminapi.warnings":["w"]}"#] {
            let answer = read(body.as_bytes(), false).unwrap();
            assert!(answer.value.is_empty() && answer.next_link.is_none(), "{body:?}");
        }
        assert_eq!(read(b"\0\0", true).err().map(|error| error.kind()), Some(ErrorKind::Decode));
        let blank = read(br#"{"value":[],"@odata.nextLink":" "}"#, false).unwrap();
        assert_eq!(blank.next_link, None);
    }

    #[test]
    fn a_record_without_its_envelope_is_one_row() {
        let answer = read(br#"{"@odata.context":"x","DisplayName":"Room 1"}"#, false).unwrap();
        assert_eq!(answer.value.len(), 1);
        assert_eq!(answer.value[0].display_name.as_deref(), Some("Room 1"));
    }

    #[test]
    fn a_property_that_comes_twice_has_its_last_value() {
        let body = br#"{"value":[{"Alias":"a","LastUsedDate(DateTime])":1,"Alias":"b","LastUsedDate(DateTime])":2}]}"#;
        assert_eq!(read(body, false).unwrap().value[0].alias.as_deref(), Some("b"));
    }

    #[test]
    fn what_is_no_answer_is_named_and_leaves_the_outcome_open() {
        for (body, word) in [
            (&b"<!DOCTYPE html><html>Sign in</html>"[..], "web page"),
            (b"Please wait", "Please wait"),
            (b"\x1f\x8b\x08\x00", "compressed"),
            (br#"{"value":[{"#, "not what was expected"),
            (b"\"text\"", "plain text"),
        ] {
            let error = read(body, false).err().unwrap();
            assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Decode, true));
            assert!(error.message().contains(word), "{error}");
        }
    }

    #[test]
    fn a_prompt_or_an_error_inside_a_success_is_a_failure() {
        let prompt = read(br#"{"value":[],"@adminapi.confirmationmessage":"Are you sure?"}"#, false).err().unwrap();
        assert!(prompt.message().contains("not carried out") && prompt.message().contains("Are you sure?"));
        let error = read(br#"{"value":[],"@adminapi.errors":["It broke."]}"#, false).err().unwrap();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Service, "It broke."));
        assert!(read(br#"{"value":[],"@adminapi.errors":[]}"#, false).is_ok());
    }
}
