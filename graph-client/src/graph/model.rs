//! What the models of Graph's resources have in common: the types that properties may have, and how they are written.
//!
//! Graph leaves properties out (`$select`, old records, national clouds), sends `null` for empty collections, spells
//! some names in several cases and adds properties at any time. The models are made by
//! [`resource!`](super::macros::resource) so that all of them take this in one way: everything but an id may be absent,
//! names are compared without case, and what has no field is kept in `other`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use super::lenient::{Property, Scalar, Slot, Takes};
use crate::error::{Error, ErrorKind};
use crate::ids::{AppRoleAssignmentId, AppRoleId, ClientId, ServicePrincipalId, SmtpAddress};
use crate::time::Timestamp;

/// Properties by name, as JSON.
pub type Properties = serde_json::Map<String, Value>;

/// A value as it is sent.
pub(crate) enum Content<'a> {
    /// Nothing: the property is not sent.
    Absent,
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(&'a str),
    Shown(&'a dyn fmt::Display),
    Items(&'a dyn Items),
    Object(&'a dyn Written),
    Entries(Vec<(&'a str, Self)>),
    Properties(&'a Properties),
}

/// What can be sent.
pub(crate) trait Output {
    fn content(&self) -> Content<'_>;
}

/// A list that is sent.
pub(crate) trait Items {
    fn len(&self) -> usize;

    fn item(&self, index: usize) -> Content<'_>;
}

/// An object that is sent.
pub(crate) trait Written {
    fn properties(&self) -> &'static [&'static str];

    fn property(&self, index: usize) -> Content<'_>;

    fn other(&self) -> Option<&Properties> {
        None
    }
}

/// Whether an object has its id, if it is of a kind that has.
pub(crate) fn has_id(object: &dyn Written) -> bool {
    let id = object.properties().iter().position(|name| *name == "id");
    id.is_none_or(|index| !matches!(object.property(index), Content::Absent))
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Shown(value) => serializer.collect_str(value),
            Self::Items(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for index in 0..items.len() {
                    list.serialize_element(&items.item(index))?;
                }
                list.end()
            }
            Self::Object(object) => {
                let mut map = serializer.serialize_map(None)?;
                for (index, name) in object.properties().iter().enumerate() {
                    let content = object.property(index);
                    if !matches!(content, Content::Absent) {
                        map.serialize_entry(name, &content)?;
                    }
                }
                for (name, value) in object.other().into_iter().flatten() {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            Self::Entries(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (name, content) in entries {
                    map.serialize_entry(name, content)?;
                }
                map.end()
            }
            Self::Properties(properties) => properties.serialize(serializer),
        }
    }
}

/// The field of a model.
pub(crate) trait Field: Slot {
    /// Whether an object cannot be without it.
    const IS_REQUIRED: bool = false;

    /// The field before anything was read.
    fn blank() -> Self;
}

impl Field for String {
    fn blank() -> Self {
        Self::new()
    }
}

impl<T: Property> Field for Option<T> {
    fn blank() -> Self {
        None
    }
}

impl<T: Property> Field for Vec<T> {
    fn blank() -> Self {
        Self::new()
    }
}

macro_rules! required {
    ($($name:ty = $blank:expr),+ $(,)?) => {$(
        impl Field for $name {
            const IS_REQUIRED: bool = true;

            fn blank() -> Self {
                $blank
            }
        }

        impl Slot for $name {
            fn takes(&self) -> Takes {
                Takes::One
            }

            fn clear(&mut self) {}

            fn set_scalar(&mut self, scalar: Scalar<'_>) -> bool {
                <$name>::from_scalar(scalar).map(|value| *self = value).is_some()
            }

            fn refuse(&mut self) {}

            fn written(&self) -> Content<'_> {
                self.content()
            }
        }
    )+};
}

required! {
    ServicePrincipalId = Self::from_uuid(Uuid::nil()),
    AppRoleId = Self::from_uuid(Uuid::nil()),
    AppRoleAssignmentId = Self::from(String::new()),
    Uuid = Self::nil(),
}

/// The types of properties that are sent as text, numbers or booleans: how each is read and written.
macro_rules! scalars {
    ($($name:ty: |$scalar:ident| $read:expr, |$value:ident| $written:expr;)+) => {$(
        impl Output for $name {
            fn content(&self) -> Content<'_> {
                let $value = self;
                $written
            }
        }

        impl Property for $name {
            fn from_scalar($scalar: Scalar<'_>) -> Option<Self> {
                $read
            }
        }
    )+};
}

scalars! {
    String: |scalar| Some(scalar.text().into_owned()), |text| Content::Text(text);
    Timestamp: |scalar| Some(Self::from(&*scalar.text())), |time| Content::Text(time.as_str());
    SecretText: |scalar| Some(Self::from(&*scalar.text())), |text| Content::Text(text.as_str());
    // An address that a service sends is in use, whatever the rules for new ones say.
    SmtpAddress: |scalar| Self::as_sent(&scalar.text()), |address| Content::Text(address.as_str());
    AppRoleAssignmentId: |scalar| Some(Self::from(&*scalar.text())), |id| Content::Text(id.as_str());
    ClientId: |scalar| scalar.text().parse().ok(), |id| Content::Shown(id);
    ServicePrincipalId: |scalar| scalar.text().parse().ok(), |id| Content::Shown(id);
    AppRoleId: |scalar| scalar.text().parse().ok(), |id| Content::Shown(id);
    Uuid: |scalar| scalar.text().parse().ok(), |guid| Content::Shown(guid);
    bool: |scalar| scalar.bool(), |value| Content::Bool(*value);
    i32: |scalar| scalar.integer()?.try_into().ok(), |number| Content::Integer((*number).into());
    i64: |scalar| scalar.integer(), |number| Content::Integer(*number);
    f64: |scalar| scalar.float(), |number| Content::Float(*number);
}

impl<T: Property> Property for Box<T> {
    const IS_JSON: bool = T::IS_JSON;

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        T::from_scalar(scalar).map(Self::new)
    }

    fn empty_object() -> Option<Self> {
        T::empty_object().map(Self::new)
    }

    fn as_object(&mut self) -> Option<&mut dyn super::lenient::Object> {
        (**self).as_object()
    }

    fn from_json(json: Value) -> Option<Self> {
        T::from_json(json).map(Self::new)
    }
}

impl<T: Output> Output for Box<T> {
    fn content(&self) -> Content<'_> {
        (**self).content()
    }
}

impl Property for Properties {
    const IS_JSON: bool = true;

    fn from_json(json: Value) -> Option<Self> {
        match json {
            Value::Object(properties) => Some(properties),
            _ => None,
        }
    }
}

impl Output for Properties {
    fn content(&self) -> Content<'_> {
        Content::Properties(self)
    }
}

impl<T: Output + DeserializeOwned + 'static> Property for BTreeMap<String, T> {
    const IS_JSON: bool = true;

    fn from_json(json: Value) -> Option<Self> {
        serde_json::from_value(json).ok()
    }
}

impl<T: Output> Output for BTreeMap<String, T> {
    fn content(&self) -> Content<'_> {
        Content::Entries(self.iter().map(|(name, value)| (name.as_str(), value.content())).collect())
    }
}

impl<T: Output> Items for Vec<T> {
    fn len(&self) -> usize {
        self.len()
    }

    fn item(&self, index: usize) -> Content<'_> {
        self.get(index).map_or(Content::Null, Output::content)
    }
}

impl<T: Output> Output for Vec<T> {
    fn content(&self) -> Content<'_> {
        Content::Items(self)
    }
}

impl<T: Output> Output for Option<T> {
    fn content(&self) -> Content<'_> {
        self.as_ref().map_or(Content::Absent, Output::content)
    }
}

impl<T: Output> Output for Patch<T> {
    fn content(&self) -> Content<'_> {
        match self {
            Self::Keep => Content::Absent,
            Self::Clear => Content::Null,
            Self::Set(value) => value.content(),
        }
    }
}

/// Compares names without case. It stands alone so that it is compiled once for all enumerations.
#[inline(never)]
pub(crate) fn is_same_name(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// The text of an enumeration's value. Old answers hold an object or a number instead, which says nothing today.
pub(crate) fn enum_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Text;

    impl<'de> Visitor<'de> for Text {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name of a value")
        }

        fn visit_str<E>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_i64<E>(self, number: i64) -> Result<String, E> {
            Ok(number.to_string())
        }

        fn visit_u64<E>(self, number: u64) -> Result<String, E> {
            Ok(number.to_string())
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(String::new())
        }
    }

    deserializer.deserialize_any(Text)
}

/// What an update does to one property.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// The property stays as it is: it is not sent.
    #[default]
    Keep,
    /// The property is emptied: `null` is sent.
    Clear,
    /// The property gets a value.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the property stays as it is.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The value that is set, if one is.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl From<&str> for Patch<String> {
    fn from(value: &str) -> Self {
        Self::Set(value.to_owned())
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}

/// A text that is secret, or opens something. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretText(String);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl SecretText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// The name of the type that an annotation gives, without its namespace. It comes with or without `#`, in any case.
pub(crate) fn type_name(properties: &Properties) -> Option<&str> {
    let annotation = properties.get("@odata.type")?.as_str()?;
    annotation.rsplit('.').next()
}

pub(crate) fn object_of<T: DeserializeOwned>(properties: Properties) -> serde_json::Result<Box<T>> {
    serde_json::from_value(serde_json::Value::Object(properties)).map(Box::new)
}

pub(crate) fn undecodable(error: &serde_json::Error) -> Error {
    // As a message and not as a source, so that what it quotes is redacted and shown safely.
    Error::new(ErrorKind::Decode, format!("the answer is not what was expected: {error}"))
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macros make public types")]
mod tests {
    use super::*;
    use crate::graph::macros::{open_enum, resource};

    open_enum! {
        /// A colour.
        pub enum Colour {
            /// Red.
            Red = "red",
            /// Light blue.
            LightBlue = "lightBlue",
        }
    }

    resource! {
        /// A thing.
        pub struct Thing {
            /// Its id.
            id: String,
            /// Its size.
            size: Option<i32> [read create update],
            /// Its colour.
            colour: Option<Colour>,
            /// Its names.
            names: Vec<String> [read update],
            /// Its address.
            address: Option<SmtpAddress> = "geoAddress",
            /// Its label.
            short_label: Option<SecretText> [read],
            /// Its label, as it is written.
            short_label: Option<String> [create update],
        }
        /// A thing to create.
        create NewThing;
        /// Changes of a thing.
        update ThingUpdate;
    }

    fn read(json: &str) -> Thing {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn absent_null_and_misspelt_properties_are_read_and_news_are_kept() {
        let thing = read(r#"{"ID":"1","size":"4","colour":"LIGHTBLUE","names":null,"new":{"a":[1]},"geoaddress":""}"#);
        assert_eq!((thing.id.as_str(), thing.size, thing.names.len()), ("1", Some(4), 0));
        assert_eq!(thing.colour, Some(Colour::LightBlue));
        assert_eq!(thing.address, None);
        let back = serde_json::to_value(&thing).unwrap();
        assert_eq!(back, serde_json::json!({"id": "1", "size": 4, "colour": "lightBlue", "new": {"a": [1]}}));
        assert_eq!(read("{}"), Thing::default());
        assert_eq!(read(r#"{"size":null,"names":["a",null,"b"]}"#).names, ["a", "b"]);
        assert_eq!(read(r#"{"size":"many"}"#).size, None);
    }

    #[test]
    fn unknown_values_survive_a_round_trip() {
        let thing = read(r#"{"colour":"ultraViolet"}"#);
        assert_eq!(thing.colour, Some(Colour::Unknown("ultraViolet".into())));
        assert_eq!(serde_json::to_value(&thing).unwrap()["colour"], "ultraViolet");
        assert_eq!(read(r#"{"colour":{"r":1}}"#).colour, Some(Colour::Unknown(String::new())));
    }

    #[test]
    fn an_update_tells_absent_null_and_value_apart() {
        let update = ThingUpdate::new().size(3).short_label(Patch::Clear).property("ext_a", "b");
        let json = serde_json::to_value(update).unwrap();
        assert_eq!(json, serde_json::json!({"size": 3, "shortLabel": null, "ext_a": "b"}));
        assert_eq!(
            serde_json::to_value(ThingUpdate::new().names(Vec::new())).unwrap(),
            serde_json::json!({"names": []})
        );
        let new = serde_json::to_value(NewThing::default().size(1).short_label("a").property("ext_a", 1)).unwrap();
        assert_eq!(new, serde_json::json!({"size": 1, "shortLabel": "a", "ext_a": 1}));
    }
}
