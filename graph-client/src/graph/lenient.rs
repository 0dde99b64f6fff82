//! Reads objects leniently: one odd value costs a property, and not the object or the list that it is in.
//!
//! Graph documents a type for each property, and now and then sends another: a number as text, a boolean as text, a
//! zero GUID for no id, one item where a list is documented, names in another case. What can be read is read; the rest
//! is left out and logged once for each type.
//!
//! The parser is generic over the format, and everything here that is generic over it exists once for all models: a
//! model is an [`Object`], a table of property names and a [`Slot`] for each of them. Derived code would be compiled
//! anew for each model, and costs more build time than the rest of the crate.

use std::any::type_name;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::macros::bucket;
use super::model::{Content, Properties};

/// What a model looks like on the wire.
#[derive(Debug)]
pub(crate) struct Table {
    /// The name of the type.
    pub(crate) name: &'static str,
    /// The names of the properties, in the order of the slots.
    pub(crate) properties: &'static [&'static str],
    /// Where each name is found, see [`buckets`](super::macros::buckets).
    pub(crate) buckets: &'static [u8],
    /// A bit for each property that an object cannot be without.
    pub(crate) required: u128,
}

/// An object that is filled while it is read.
pub(crate) trait Object {
    fn table(&self) -> &'static Table;

    /// Where the property of an index goes.
    fn slot(&mut self, index: usize) -> &mut dyn Slot;

    /// Where properties without a slot go.
    fn other(&mut self) -> &mut Properties;
}

/// What a slot can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A scalar or an object.
    One,
    /// A list, or one of its items.
    List,
    /// Any JSON, as a whole.
    Json,
}

/// A field that is filled while an object is read.
pub(crate) trait Slot {
    fn takes(&self) -> Takes;

    /// Empties the field: nothing or `null` was sent.
    fn clear(&mut self);

    /// Whether the field could be filled.
    fn set_scalar(&mut self, scalar: Scalar<'_>) -> bool;

    /// An empty object to be filled. `None` where the field takes none.
    fn open_object(&mut self) -> Option<&mut dyn Object> {
        None
    }

    /// Drops the object that [`open_object`](Self::open_object) gave: it is not complete.
    fn drop_object(&mut self) {
        self.refuse();
    }

    /// A list was sent where one value is documented.
    fn refuse(&mut self);

    /// An object was sent where a scalar is documented.
    fn refuse_object(&mut self) {
        self.refuse();
    }

    /// Reads items for as long as `next` fills them.
    fn set_items(&mut self, next: &mut dyn FnMut(&mut dyn Slot) -> bool) {
        let _ = next;
        self.refuse();
    }

    fn set_json(&mut self, json: Value) {
        let _ = json;
        self.refuse();
    }

    /// The value as it is sent back. Empty fields are absent.
    fn written(&self) -> Content<'_>;
}

/// A type that a property may have.
pub(crate) trait Property: super::model::Output + Sized + 'static {
    const IS_JSON: bool = false;

    /// The value that a scalar stands for, by itself or in another notation.
    fn from_scalar(_: Scalar<'_>) -> Option<Self> {
        None
    }

    /// An object that is to be filled. `None` for a type that is no object.
    fn empty_object() -> Option<Self> {
        None
    }

    fn as_object(&mut self) -> Option<&mut dyn Object> {
        None
    }

    /// What an object stands for where a scalar is documented.
    fn from_odd_object() -> Option<Self> {
        None
    }

    /// What a list stands for where one value is documented.
    fn from_odd_list() -> Option<Self> {
        None
    }

    /// Where [`IS_JSON`](Self::IS_JSON).
    fn from_json(_: Value) -> Option<Self> {
        None
    }
}

/// A scalar as it was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scalar<'a> {
    Text(&'a str),
    Bool(bool),
    Integer(i64),
    /// Past the largest signed integer.
    Large(u64),
    Float(f64),
}

impl<'a> Scalar<'a> {
    pub(crate) fn text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Large(number) => Cow::Owned(number.to_string()),
            Self::Float(number) => Cow::Owned(number.to_string()),
        }
    }

    pub(crate) fn bool(self) -> Option<bool> {
        match self {
            Self::Text(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
            Self::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn integer(self) -> Option<i64> {
        match self {
            Self::Text(text) => {
                let text = text.trim();
                text.parse().ok().or_else(|| whole(text.parse().ok()?))
            }
            Self::Integer(number) => Some(number),
            Self::Float(number) => whole(number),
            Self::Bool(_) | Self::Large(_) => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a property that is documented as a float holds what a float can")]
    pub(crate) fn float(self) -> Option<f64> {
        match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Integer(number) => Some(number as f64),
            Self::Large(number) => Some(number as f64),
            Self::Float(number) => Some(number),
            Self::Bool(_) => None,
        }
    }

    /// A placeholder is no value, and not odd.
    fn is_placeholder(self) -> bool {
        matches!(self, Self::Text("" | "00000000-0000-0000-0000-000000000000"))
    }
}

/// A number without a fraction, such as `12.0`.
#[expect(clippy::cast_possible_truncation, reason = "it was just seen to be a whole number that fits")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// Logs once for each type that a value of another was left out. What it was is not logged: it may be anything.
fn left_out(expected: &'static str) {
    static LOGGED: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    if logged.get_or_insert_default().insert(expected) {
        tracing::warn!(expected, "a property of another type than is documented was left out");
    }
}

fn read_scalar<T: Property>(scalar: Scalar<'_>) -> Option<T> {
    let value = T::from_scalar(scalar);
    if value.is_none() && !scalar.is_placeholder() {
        left_out(type_name::<T>());
    }
    value
}

fn read_json<T: Property>(json: Value) -> Option<T> {
    if json.is_null() {
        return None;
    }
    let is_placeholder = json.as_str().is_some_and(|text| Scalar::Text(text).is_placeholder());
    let value = T::from_json(json);
    if value.is_none() && !is_placeholder {
        left_out(type_name::<T>());
    }
    value
}

impl<T: Property> Slot for Option<T> {
    fn takes(&self) -> Takes {
        if T::IS_JSON { Takes::Json } else { Takes::One }
    }

    fn clear(&mut self) {
        *self = None;
    }

    fn set_scalar(&mut self, scalar: Scalar<'_>) -> bool {
        *self = read_scalar(scalar);
        self.is_some()
    }

    fn open_object(&mut self) -> Option<&mut dyn Object> {
        *self = T::empty_object();
        self.as_mut()?.as_object()
    }

    fn drop_object(&mut self) {
        *self = None;
        left_out(type_name::<T>());
    }

    fn refuse(&mut self) {
        *self = T::from_odd_list();
        if self.is_none() {
            left_out(type_name::<T>());
        }
    }

    fn refuse_object(&mut self) {
        *self = T::from_odd_object();
        if self.is_none() {
            left_out(type_name::<T>());
        }
    }

    fn set_json(&mut self, json: Value) {
        *self = read_json(json);
    }

    fn written(&self) -> Content<'_> {
        self.as_ref().map_or(Content::Absent, super::model::Output::content)
    }
}

/// `null` stands for an empty collection, and was seen among the items of `businessPhones`.
impl<T: Property> Slot for Vec<T> {
    fn takes(&self) -> Takes {
        if T::IS_JSON { Takes::Json } else { Takes::List }
    }

    fn clear(&mut self) {
        self.clear();
    }

    fn set_scalar(&mut self, scalar: Scalar<'_>) -> bool {
        self.clear();
        // One item; a text of several is not taken apart, because what is one may hold a comma.
        if !matches!(scalar, Scalar::Text(text) if text.trim().is_empty()) {
            self.extend(read_scalar(scalar));
        }
        true
    }

    fn open_object(&mut self) -> Option<&mut dyn Object> {
        self.clear();
        self.extend(T::empty_object());
        self.last_mut()?.as_object()
    }

    fn refuse(&mut self) {
        self.clear();
        left_out(type_name::<T>());
    }

    fn refuse_object(&mut self) {
        let mut item = None::<T>;
        item.refuse_object();
        self.clear();
        self.extend(item);
    }

    fn set_items(&mut self, next: &mut dyn FnMut(&mut dyn Slot) -> bool) {
        self.clear();
        let mut item = None::<T>;
        while next(&mut item) {
            self.extend(item.take());
        }
    }

    fn set_json(&mut self, json: Value) {
        self.clear();
        match json {
            Value::Array(items) => self.extend(items.into_iter().filter_map(read_json)),
            Value::String(text) if text.trim().is_empty() => {}
            item => self.extend(read_json(item)),
        }
    }

    fn written(&self) -> Content<'_> {
        if self.is_empty() { Content::Absent } else { Content::Items(self) }
    }
}

impl Slot for String {
    fn takes(&self) -> Takes {
        Takes::One
    }

    fn clear(&mut self) {
        self.clear();
    }

    fn set_scalar(&mut self, scalar: Scalar<'_>) -> bool {
        *self = scalar.text().into_owned();
        true
    }

    fn refuse(&mut self) {
        self.clear();
        left_out("String");
    }

    fn written(&self) -> Content<'_> {
        if self.is_empty() { Content::Absent } else { Content::Text(self) }
    }
}

/// Reads an object into its slots.
///
/// Properties may be absent, except those that the table requires.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D, object: &mut dyn Object) -> Result<(), D::Error> {
    let table = object.table();
    deserializer.deserialize_struct(table.name, table.properties, Whole(object))
}

struct Whole<'a>(&'a mut dyn Object);

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the properties of {}", self.0.table().name)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        match read_properties(map, self.0)? {
            Some(name) => Err(A::Error::custom(format_args!("the property {name} is missing or malformed"))),
            None => Ok(()),
        }
    }
}

/// Reads all properties. Gives the name of one that the object cannot be without and that is not there.
fn read_properties<'de, A: MapAccess<'de>>(
    mut map: A,
    object: &mut dyn Object,
) -> Result<Option<&'static str>, A::Error> {
    let table = object.table();
    let mut key = Key { names: table.properties, buckets: table.buckets, other: String::new() };
    let mut missing = table.required;
    while let Some(known) = map.next_key_seed(&mut key)? {
        let Some(index) = known else {
            let value = map.next_value()?;
            object.other().insert(std::mem::take(&mut key.other), value);
            continue;
        };
        let bit = 1 << index;
        let is_filled = map.next_value_seed(Fill(object.slot(index)))?;
        if is_filled {
            missing &= !bit;
        } else {
            missing |= bit & table.required;
        }
    }
    Ok((missing != 0).then(|| table.properties.get(missing.trailing_zeros() as usize).copied().unwrap_or_default()))
}

/// Finds names among those of a table.
struct Key {
    names: &'static [&'static str],
    buckets: &'static [u8],
    /// The name, where it is not in the table.
    other: String,
}

impl Key {
    fn find(&mut self, text: &str) -> Option<usize> {
        let index = self.exact(text).or_else(|| self.names.iter().position(|name| name.eq_ignore_ascii_case(text)));
        if index.is_none() {
            text.clone_into(&mut self.other);
        }
        index
    }

    /// The name as Graph writes it, which it nearly always is.
    fn exact(&self, text: &str) -> Option<usize> {
        let mut bucket = bucket(text, self.buckets.len());
        loop {
            let index = usize::from(*self.buckets.get(bucket)?);
            if *self.names.get(index)? == text {
                return Some(index);
            }
            bucket = (bucket + 1) & (self.buckets.len() - 1);
        }
    }
}

impl<'de> DeserializeSeed<'de> for &mut Key {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for &mut Key {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a property")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.find(text))
    }
}

/// Fills a slot. Gives whether it could be.
struct Fill<'a>(&'a mut dyn Slot);

impl<'de> DeserializeSeed<'de> for Fill<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        if self.0.takes() == Takes::Json {
            self.0.set_json(Value::deserialize(deserializer)?);
            return Ok(true);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fill<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        self.0.clear();
        Ok(false)
    }

    fn visit_none<E: Error>(self) -> Result<bool, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        Ok(self.0.set_scalar(Scalar::Text(text)))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        Ok(self.0.set_scalar(Scalar::Bool(value)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<bool, E> {
        Ok(self.0.set_scalar(Scalar::Integer(number)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<bool, E> {
        Ok(self.0.set_scalar(i64::try_from(number).map_or(Scalar::Large(number), Scalar::Integer)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<bool, E> {
        Ok(self.0.set_scalar(Scalar::Float(number)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        if let Some(object) = self.0.open_object() {
            let is_complete = read_properties(map, object)?.is_none();
            if !is_complete {
                self.0.drop_object();
            }
            return Ok(is_complete);
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.0.refuse_object();
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        if self.0.takes() == Takes::One {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            self.0.refuse();
            return Ok(false);
        }
        let mut outcome = Ok(true);
        self.0.set_items(&mut |item| match items.next_element_seed(Fill(item)) {
            Ok(item) => item.is_some(),
            Err(error) => {
                outcome = Err(error);
                false
            }
        });
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::macros::buckets;

    fn fill(slot: &mut dyn Slot, json: &str) -> serde_json::Result<bool> {
        Fill(slot).deserialize(&mut serde_json::Deserializer::from_str(json))
    }

    fn read<T: Property>(json: &str) -> Option<T> {
        let mut slot = None;
        fill(&mut slot, json).unwrap();
        slot
    }

    #[test]
    fn scalars_stand_for_one_another_where_they_can() {
        assert_eq!(
            (read::<bool>("\"True\""), read::<bool>("true"), read::<bool>("\"perhaps\"")),
            (Some(true), Some(true), None)
        );
        assert_eq!(
            (read::<i32>("\"12\""), read::<i32>("12.0"), read::<i32>("\"12.0\""), read::<i32>("12.5")),
            (Some(12), Some(12), Some(12), None)
        );
        assert_eq!((read::<i32>("3000000000"), read::<i64>("18446744073709551615")), (None, None));
        assert_eq!((read::<String>("7").as_deref(), read::<String>("false").as_deref()), (Some("7"), Some("false")));
        assert_eq!(read::<String>("18446744073709551615").as_deref(), Some("18446744073709551615"));
        assert_eq!((read::<f64>("\"1.5\""), read::<f64>("2")), (Some(1.5), Some(2.0)));
        assert_eq!(read::<crate::ids::ClientId>("\"00000000-0000-0000-0000-000000000000\""), None);
    }

    #[test]
    fn what_is_of_no_use_is_left_out_and_the_rest_is_read() {
        assert!(read::<String>(r#"{"x":[1,{"y":2}]}"#).is_none() && read::<String>("[1]").is_none());
        assert!(read::<crate::ids::ClientId>(r#"{"d":1}"#).is_none() && read::<i32>("[1,[2]]").is_none());
        let list = |json: &str| {
            let mut list = vec!["old".to_owned()];
            fill(&mut list, json).unwrap();
            list
        };
        assert_eq!(list(r#"["1",null,{"z":1},[2],3]"#), ["1", "3"]);
        assert_eq!(list(r#""one, two""#), ["one, two"]);
        assert!(list("null").is_empty() && list(r#"" ""#).is_empty() && list(r#"{"a":1}"#).is_empty());
        assert!(fill(&mut None::<String>, r#"{"a": "#).is_err());
        assert!(fill(&mut Vec::<String>::new(), r#"["a", "#).is_err());
    }

    #[test]
    fn names_are_found_in_any_order_and_case() {
        const NAMES: &[&str] = &["id", "displayName", "mail"];
        let mut key = Key { names: NAMES, buckets: &const { buckets::<8>(NAMES) }, other: String::new() };
        let found = ["displayName", "mail", "id", "MAIL", "DisplayName", "news", "id"].map(|name| key.find(name));
        assert_eq!(found, [Some(1), Some(2), Some(0), Some(2), Some(1), None, Some(0)]);
    }
}
