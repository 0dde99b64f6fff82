//! What the models of this module have in common.
//!
//! Graph leaves properties out (`$select`, old records, national clouds), sends `null` for empty collections, spells
//! some names in several cases and adds properties at any time. The models are made by [`model!`] so that all of them
//! take this in one way: everything but an id may be absent, names are compared without case, and what has no field is
//! kept in `other`. Derived code with `#[serde(flatten)]` would do the last by holding every object in memory twice.

use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::lenient::{Lenient, LenientList};
use crate::error::{Error, ErrorKind};
use crate::ids::{AppRoleAssignmentId, AppRoleId, ServicePrincipalId, SmtpAddress};

/// Properties by name, as JSON.
pub type Properties = serde_json::Map<String, serde_json::Value>;

/// How the type of a field stands on the wire.
pub(crate) trait Field: Sized {
    type Wire: DeserializeOwned;

    fn from_wire(wire: Self::Wire) -> Self;

    /// What a field is whose property did not come. `None` for what an object cannot be without.
    fn absent() -> Option<Self>;

    /// Whether there is nothing to send.
    fn is_empty(&self) -> bool;
}

impl Field for String {
    type Wire = Lenient<Self>;

    fn from_wire(wire: Self::Wire) -> Self {
        wire.0.unwrap_or_default()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl<T: DeserializeOwned> Field for Option<T> {
    type Wire = Lenient<T>;

    fn from_wire(wire: Self::Wire) -> Self {
        wire.0
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

impl<T: DeserializeOwned> Field for Vec<T> {
    /// `null` stands for an empty collection, and was seen among the items of `businessPhones`.
    type Wire = LenientList<T>;

    fn from_wire(wire: Self::Wire) -> Self {
        wire.0
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

macro_rules! required {
    ($($name:ty),+) => {$(
        impl Field for $name {
            type Wire = Self;

            fn from_wire(wire: Self) -> Self {
                wire
            }

            fn absent() -> Option<Self> {
                None
            }

            fn is_empty(&self) -> bool {
                false
            }
        }
    )+};
}

required!(ServicePrincipalId, AppRoleId, AppRoleAssignmentId, Uuid);

/// An address that a service sent: it is in use, whatever the rules for new ones say.
pub(crate) struct SentAddress(Option<SmtpAddress>);

impl<'de> Deserialize<'de> for SentAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Lenient::<String>::deserialize(deserializer)?.0;
        Ok(Self(text.as_deref().and_then(SmtpAddress::as_sent)))
    }
}

impl From<SentAddress> for Option<SmtpAddress> {
    fn from(address: SentAddress) -> Self {
        address.0
    }
}

/// Makes the types of what Graph sends. Each field names its property; `via` names the type that reads it from the
/// wire where that is more lenient than the field's own.
macro_rules! model {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* pub $field:ident: $ty:ty = $wire:literal $(via $via:ty)?, )*
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $ty, )*
            /// Every property that has no field here, as it came: annotations, extensions, news.
            pub other: $crate::graph::Properties,
        }

        impl $crate::graph::Record for $name {
            const PROPERTIES: &'static [&'static str] = &[$($wire),*];

            fn is_record(&self) -> bool {
                true $( && !($wire == "id" && $crate::graph::model::Field::is_empty(&self.$field)) )*
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                const NAMES: &[&str] = &[$($wire),*];

                #[expect(non_camel_case_types, reason = "a variant has the name of the field")]
                enum Name {
                    $( $field, )*
                    __Other(String),
                }

                struct NameVisitor;

                impl serde::de::Visitor<'_> for NameVisitor {
                    type Value = Name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("the name of a property")
                    }

                    fn visit_str<E>(self, text: &str) -> Result<Name, E> {
                        Ok(match text {
                            $( $wire => Name::$field, )*
                            $( _ if text.eq_ignore_ascii_case($wire) => Name::$field, )*
                            _ => Name::__Other(text.to_owned()),
                        })
                    }
                }

                impl<'de> serde::Deserialize<'de> for Name {
                    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                        deserializer.deserialize_identifier(NameVisitor)
                    }
                }

                struct ObjectVisitor;

                impl<'de> serde::de::Visitor<'de> for ObjectVisitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("an object with the properties of ", stringify!($name)))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        $( let mut $field: Option<$ty> = None; )*
                        let mut other = $crate::graph::Properties::new();
                        while let Some(property) = map.next_key::<Name>()? {
                            match property {
                                $( Name::$field => $field = Some($crate::graph::model::read!(map, $ty $(, $via)?)), )*
                                Name::__Other(key) => {
                                    other.insert(key, map.next_value()?);
                                }
                            }
                        }
                        Ok($name {
                            $(
                                $field: match $field.or_else(<$ty as $crate::graph::model::Field>::absent) {
                                    Some(value) => value,
                                    None => return Err(serde::de::Error::missing_field($wire)),
                                },
                            )*
                            other,
                        })
                    }
                }

                deserializer.deserialize_struct(stringify!($name), NAMES, ObjectVisitor)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;

                let mut map = serializer.serialize_map(None)?;
                $(
                    if !$crate::graph::model::Field::is_empty(&self.$field) {
                        map.serialize_entry($wire, &self.$field)?;
                    }
                )*
                for (name, value) in &self.other {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    )+};
}

macro_rules! read {
    ($map:ident, $ty:ty) => {
        <$ty as $crate::graph::model::Field>::from_wire($map.next_value()?)
    };
    ($map:ident, $ty:ty, $via:ty) => {
        <$ty>::from($map.next_value::<$via>()?)
    };
}

/// Makes the types of what a caller creates: a setter for each optional property, nothing sent for the others.
macro_rules! input {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* pub $field:ident: $ty:ty = $wire:literal, )*
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
        #[must_use = "it does nothing until it is sent"]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(rename = $wire, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$ty>,
            )*
            /// Any other property, such as one of a schema extension.
            #[serde(flatten)]
            pub other: $crate::graph::Properties,
        }

        impl $name {
            $(
                $(#[$field_meta])*
                pub fn $field(mut self, value: impl Into<$ty>) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )*

            /// Sets any other property, such as one of a schema extension.
            pub fn property(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
                self.other.insert(name.into(), value.into());
                self
            }
        }
    )+};
}

/// Makes the types of changes: a property is kept, emptied or set.
macro_rules! update {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* pub $field:ident: $ty:ty = $wire:literal, )*
        }
    )+) => {$(
        $(#[$meta])*
        ///
        /// What is not mentioned stays as it is. [`Patch::Clear`](crate::graph::Patch::Clear) empties a property.
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
        #[must_use = "it does nothing until it is sent"]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(rename = $wire, skip_serializing_if = "crate::graph::Patch::is_keep")]
                pub $field: $crate::graph::Patch<$ty>,
            )*
            /// Any other property, such as one of a schema extension. `null` empties it.
            #[serde(flatten)]
            pub other: $crate::graph::Properties,
        }

        impl $name {
            /// Changes nothing yet.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                $(#[$field_meta])*
                pub fn $field(mut self, change: impl Into<$crate::graph::Patch<$ty>>) -> Self {
                    self.$field = change.into();
                    self
                }
            )*

            /// Changes any other property, such as one of a schema extension. `null` empties it.
            pub fn property(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
                self.other.insert(name.into(), value.into());
                self
            }
        }
    )+};
}

/// Makes enumerations that Graph may extend: compared without case, and what is not known is kept.
macro_rules! open_enum {
    ($(
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )+
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
            /// A value that this version does not know, as it came; also what Graph itself calls `unknown`.
            Unknown(String),
        }

        impl $name {
            /// The value as Graph writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $(
                    if text.eq_ignore_ascii_case($text) {
                        return Self::$variant;
                    }
                )+
                Self::Unknown(text.to_owned())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::text::printable(self.as_str()))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = $crate::graph::model::enum_text(deserializer)?;
                Ok(Self::from(text.as_str()))
            }
        }
    )+};
}

pub(crate) use {input, model, open_enum, read, update};

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

    open_enum! {
        /// A colour.
        pub enum Colour {
            /// Red.
            Red = "red",
            /// Light blue.
            LightBlue = "lightBlue",
        }
    }

    model! {
        /// A thing.
        #[derive(Default)]
        pub struct Thing {
            /// Its id.
            pub id: String = "id",
            /// Its size.
            pub size: Option<i32> = "size",
            /// Its colour.
            pub colour: Option<Colour> = "colour",
            /// Its names.
            pub names: Vec<String> = "names",
            /// Its address.
            pub address: Option<SmtpAddress> = "geoAddress" via SentAddress,
        }
    }

    update! {
        /// Changes of a thing.
        pub struct ThingUpdate {
            /// Its size.
            pub size: i32 = "size",
            /// Its label.
            pub label: String = "label",
            /// Its names.
            pub names: Vec<String> = "names",
        }
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
        let update = ThingUpdate::new().size(3).label(Patch::Clear).property("ext_a", "b");
        let json = serde_json::to_value(update).unwrap();
        assert_eq!(json, serde_json::json!({"size": 3, "label": null, "ext_a": "b"}));
        assert_eq!(
            serde_json::to_value(ThingUpdate::new().names(Vec::new())).unwrap(),
            serde_json::json!({"names": []})
        );
    }
}
