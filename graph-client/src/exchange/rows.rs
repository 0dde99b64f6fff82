//! From a successful response to rows: the one place that holds a response against what its cmdlet promises.
//!
//! A cmdlet that lists must send a list, on every page; one that makes or tests something sends exactly one object; one
//! without output sends nothing in one of the three forms that are known. Anything else with a status of success, such
//! as a proxy's page, an empty body in place of a list or an object that is no record, is an error.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::value::Error as ProbeError;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::warnings::Warnings;
use super::{Cmdlet, Effect, Output, Shape, error};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Response, decode};
use crate::text::printable;

/// What a response is held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    shape: Shape,
    is_write: bool,
    /// The end point is one that Microsoft documents.
    is_documented: bool,
}

impl Expected {
    pub(super) const LIST: Self = Self { shape: Shape::List, is_write: false, is_documented: false };
}

/// Reads the responses to one command, page by page.
pub(super) struct Reader<C: Cmdlet> {
    expected: Expected,
    rows: Vec<<C::Output as Output>::Row>,
    /// The properties that could not be read so far; each is told once.
    odd: BTreeSet<String>,
}

impl<C: Cmdlet> Reader<C> {
    pub(super) fn new(cmdlet: &C, is_documented: bool) -> Self {
        let is_write = cmdlet.effect() == Effect::Write;
        let expected = Expected { shape: C::Output::SHAPE, is_write, is_documented };
        Self { expected, rows: Vec::new(), odd: BTreeSet::new() }
    }

    /// Takes up a page and gives the link to the next one.
    pub(super) fn read(
        &mut self,
        cmdlet: &C,
        response: &Response,
        warnings: Option<&Warnings>,
    ) -> Result<Option<String>> {
        let mut page = Page::read(response, self.expected)?;
        let tell = |text: &str| {
            if let Some(warnings) = warnings {
                warnings.add(cmdlet.name(), text);
            }
        };
        for text in &page.warnings {
            tell(text);
        }
        if !page.warnings.is_empty() {
            // The texts name objects, so only their number is traced.
            tracing::info!(cmdlet = cmdlet.name(), count = page.warnings.len(), "the cmdlet gave warnings");
        }
        for property in std::mem::take(&mut page.odd) {
            if self.odd.insert(property.clone()) {
                let property = printable(&property);
                tracing::warn!(cmdlet = cmdlet.name(), %property, "a value that is not understood was left out");
                tell(&format!(
                    "the property {property} of a row holds a value that is not understood; it was left out"
                ));
            }
        }
        self.rows.append(&mut page.rows);
        Ok(page.next_link)
    }

    /// The rows that were read so far.
    pub(super) fn into_rows(self) -> Vec<<C::Output as Output>::Row> {
        self.rows
    }

    /// The output, once the last page has been read.
    pub(super) fn finish(self, cmdlet: &C) -> Result<C::Output> {
        let fail = |message| Error::new(ErrorKind::Decode, message).with_outcome_unknown(self.expected.is_write);
        let output = C::Output::from_rows(self.rows).map_err(fail)?;
        cmdlet.check_output(&output).map_err(fail)?;
        Ok(output)
    }
}

/// One page of a response.
pub(super) struct Page<R> {
    pub(super) rows: Vec<R>,
    next_link: Option<String>,
    warnings: Vec<String>,
    odd: BTreeSet<String>,
}

impl<R> Default for Page<R> {
    fn default() -> Self {
        Self { rows: Vec::new(), next_link: None, warnings: Vec::new(), odd: BTreeSet::new() }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    /// Absent is not the same as null.
    #[serde(borrow, default, deserialize_with = "present")]
    value: Option<&'a RawValue>,
    #[serde(rename = "@odata.nextLink", default)]
    next_link: Value,
    #[serde(rename = "@adminapi.warnings", default)]
    warnings: Value,
    #[serde(rename = "@adminapi.errors", default)]
    errors: Value,
    #[serde(rename = "@adminapi.confirmationmessage", default)]
    confirmation: Value,
    #[serde(default)]
    error: Value,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl<R: DeserializeOwned> Page<R> {
    pub(super) fn read(response: &Response, expected: Expected) -> Result<Self> {
        // The command was carried out, whatever can be made of the response.
        let in_doubt = |error: Error| error.with_status(response.status()).with_outcome_unknown(expected.is_write);
        let refuse = |message: String| in_doubt(Error::new(ErrorKind::Decode, message));
        let body = response.bytes();
        if body.iter().all(u8::is_ascii_whitespace) {
            // Source: working clients know `{"value":[]}`, no body with 200, and 204 as "done, nothing to show".
            return if expected.may_be_nothing() && matches!(response.status(), 200 | 204) {
                Ok(Self::default())
            } else {
                Err(refuse(format!("the response has no body, where {} was expected", expected.what())))
            };
        }
        let plain = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let envelope: Envelope<'_> = serde_json::from_slice(plain).map_err(|error| refuse(strange(body, &error)))?;
        if let Some(prompt) = texts(&envelope.confirmation).first() {
            let message = format!("the command was not carried out, because it asked for confirmation: {prompt}");
            return Err(Error::new(ErrorKind::Service, message));
        }
        let mut errors = texts(&envelope.errors);
        errors.extend(texts(&envelope.error));
        if !errors.is_empty() {
            return Err(in_doubt(Error::new(ErrorKind::Service, errors.join("; "))));
        }
        let warnings = texts(&envelope.warnings);
        let next_link = match envelope.next_link {
            Value::Null => None,
            Value::String(link) => Some(link).filter(|link| !link.trim().is_empty()),
            _ => return Err(refuse("the link to the next page is not text".into())),
        };
        if next_link.is_none() && warnings.iter().any(|text| is_truncation(text)) {
            return Err(refuse("the list was cut short, and there is no link to the rest of it".into()));
        }
        let mut page = Self { next_link, warnings, ..Self::default() };
        let properties = properties_of::<R>();
        match envelope.value.map(RawValue::get) {
            Some("null") if expected.may_be_nothing() && !page.warnings.is_empty() => {}
            Some(text) if text.starts_with('[') => {
                let rows: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| refuse(unexpected(&error)))?;
                if expected.shape == Shape::Nothing && !rows.is_empty() {
                    return Err(refuse(format!("the response holds {} objects, where none was expected", rows.len())));
                }
                page.rows.reserve(rows.len());
                for row in rows {
                    page.rows.push(read_row(row.get(), properties, &mut page.odd).map_err(&refuse)?);
                }
            }
            // GUESS: the documented end points may send one object by itself, as some clients expect; wrong if they
            // always send `value`.
            None if expected.shape == Shape::One && expected.is_documented && properties.is_some() => {
                let text = std::str::from_utf8(plain).unwrap_or_default();
                let row = read_row(text, properties, &mut page.odd);
                page.rows.push(row.map_err(|_| refuse(no_rows(body, expected)))?);
            }
            _ => return Err(refuse(no_rows(body, expected))),
        }
        Ok(page)
    }
}

impl Expected {
    /// Whether "nothing" is a response. It is for a cmdlet without output, and for a write whose rows are only listed;
    /// a read has to list.
    ///
    /// One client meets `"value":null` beside warnings alone, without saying from which cmdlets. A `Set-` that changed
    /// nothing says so in a warning and has no output; a list that is missing is not taken for an empty one.
    // GUESS: `"value":null` is only sent by cmdlets without output; wrong if a live read with no rows is refused here.
    fn may_be_nothing(self) -> bool {
        self.shape == Shape::Nothing || (self.shape == Shape::List && self.is_write)
    }

    fn what(self) -> &'static str {
        match self.shape {
            Shape::Nothing => "an empty list",
            Shape::One => "one object",
            Shape::List => "a list",
        }
    }
}

/// Whether a warning says that rows were left out.
fn is_truncation(warning: &str) -> bool {
    warning.to_ascii_lowercase().contains("more results available")
}

/// The texts of an annotation, which comes as a list, one text, an object or nothing.
fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Object(object) => error::message_of(object).or_else(|| (!object.is_empty()).then(|| value.to_string())),
        other => Some(other.to_string()),
    };
    let list: Vec<String> = match value {
        Value::Array(items) => items.iter().filter_map(one).collect(),
        other => one(other).into_iter().collect(),
    };
    list.into_iter().filter(|text| !text.trim().is_empty()).collect()
}

/// What is wrong with a body that has no rows where there must be some, and what it says instead.
fn no_rows(body: &[u8], expected: Expected) -> String {
    let said = decode::<Map<String, Value>>(body).ok().and_then(|object| error::message_of(&object));
    let said = said.map(|said| format!("; it says: {}", short(&said))).unwrap_or_default();
    format!("the response does not hold {}{said}", expected.what())
}

fn short(text: &str) -> String {
    const SHOWN: usize = 200;
    text.chars().take(SHOWN).collect()
}

fn unexpected(error: &serde_json::Error) -> String {
    format!("the response is not what was expected: {error}")
}

/// What a body is that is no envelope.
fn strange(body: &[u8], error: &serde_json::Error) -> String {
    if body.starts_with(b"\x1f\x8b") {
        return "the response is compressed, although the request asked for plain text".into();
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim_matches(|c: char| c == '\0' || c == '\u{feff}' || c.is_whitespace());
    match text.chars().next() {
        None => "the response is a row of NUL bytes".into(),
        Some('{' | '[') => unexpected(error),
        Some('<') => "the response is a web page; something between here and Exchange Online may have sent it".into(),
        Some(_) => format!("the response is plain text: {}", short(text)),
    }
}

/// Reads one row. A property that cannot be read costs that property, and not the row.
fn read_row<R: DeserializeOwned>(
    text: &str,
    properties: Option<&[&str]>,
    odd: &mut BTreeSet<String>,
) -> Result<R, String> {
    if let Some(properties) = properties {
        let is_record = Record(properties).deserialize(&mut serde_json::Deserializer::from_str(text));
        match is_record {
            Ok(true) => {}
            Ok(false) => return Err("a row of the response has none of the properties of its record".into()),
            Err(_) => return Err("a row of the response is not an object".into()),
        }
    }
    let error = match serde_json::from_str(text) {
        Ok(row) => return Ok(row),
        Err(error) => unexpected(&error),
    };
    // Properties come twice at times. The last one counts, as a JSON object has it.
    let Ok(object) = serde_json::from_str::<Map<String, Value>>(text) else { return Err(error) };
    if let Ok(row) = R::deserialize(Value::Object(object.clone())) {
        return Ok(row);
    }
    // A property that fails by itself is the one that fails in the row.
    let is_safe = |(name, value): &(String, Value)| {
        let alone = Map::from_iter([(name.clone(), value.clone())]);
        R::deserialize(Value::Object(alone)).is_ok()
    };
    let (read, left_out): (Vec<_>, Vec<_>) = object.into_iter().partition(is_safe);
    let row = R::deserialize(Value::Object(read.into_iter().collect())).map_err(|_| error)?;
    odd.extend(left_out.into_iter().map(|(name, _)| name));
    Ok(row)
}

/// The properties that a record has, by its own reading; `None` for a type that takes any.
fn properties_of<R: DeserializeOwned>() -> Option<&'static [&'static str]> {
    struct Probe<'a>(&'a mut Option<&'static [&'static str]>);

    impl<'de> Deserializer<'de> for Probe<'_> {
        type Error = ProbeError;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ProbeError> {
            Err(ProbeError::custom("nothing is read"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, ProbeError> {
            *self.0 = Some(fields);
            self.deserialize_any(visitor)
        }

        fn deserialize_newtype_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            visitor: V,
        ) -> Result<V::Value, ProbeError> {
            visitor.visit_newtype_struct(self)
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
            seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut fields = None;
    let _ = R::deserialize(Probe(&mut fields));
    fields.filter(|fields| !fields.is_empty())
}

/// Whether an object has one of these properties at least.
struct Record<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Record<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Record<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        let mut is_known = false;
        while let Some(known) = members.next_key_seed(Known(self.0))? {
            is_known |= known;
            members.next_value::<IgnoredAny>()?;
        }
        Ok(is_known)
    }
}

/// Whether a name is one of these.
struct Known<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Known<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Known<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(self.0.contains(&name))
    }
}

#[cfg(test)]
mod tests;
