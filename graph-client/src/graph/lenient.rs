//! One odd value costs a property, and not the object or the list that it is in.
//!
//! Graph documents a type for each property, and now and then sends another: a number as text, a boolean as text, a zero
//! GUID for no id, one item where a list is documented. What can be read is read; the rest is left out, and said once.

use std::any::type_name;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeOwned, Error, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A value, or nothing where there is none or it is of no use.
pub(crate) struct Lenient<T>(pub(crate) Option<T>);

/// The items of a list that are of use.
pub(crate) struct LenientList<T>(pub(crate) Vec<T>);

/// Says once for each type that a value of another was left out. What it was is not said: it may be anything.
fn left_out<T>() {
    static SAID: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.get_or_insert_default().insert(type_name::<T>()) {
        tracing::warn!(expected = type_name::<T>(), "a property of another type than is documented was left out");
    }
}

/// A scalar as a `T`, by itself or as what it may stand for.
fn scalar<T: DeserializeOwned, E: Error>(of: &[Scalar<'_>]) -> Lenient<T> {
    let found = of.iter().find_map(|scalar| match *scalar {
        Scalar::Text(text) => T::deserialize(IntoDeserializer::<E>::into_deserializer(text)).ok(),
        Scalar::Bool(value) => T::deserialize(IntoDeserializer::<E>::into_deserializer(value)).ok(),
        Scalar::Signed(number) => T::deserialize(IntoDeserializer::<E>::into_deserializer(number)).ok(),
        Scalar::Float(number) => T::deserialize(IntoDeserializer::<E>::into_deserializer(number)).ok(),
    });
    // A placeholder is no value, and not odd.
    let is_placeholder = matches!(of.first(), Some(Scalar::Text("" | "00000000-0000-0000-0000-000000000000")));
    if found.is_none() && !is_placeholder {
        left_out::<T>();
    }
    Lenient(found)
}

#[derive(Clone, Copy)]
enum Scalar<'a> {
    Text(&'a str),
    Bool(bool),
    Signed(i64),
    Float(f64),
}

struct LenientVisitor<T>(PhantomData<fn() -> T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for LenientVisitor<T> {
    type Value = Lenient<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Lenient<T>, E> {
        Ok(Lenient(None))
    }

    fn visit_none<E: Error>(self) -> Result<Lenient<T>, E> {
        Ok(Lenient(None))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Lenient<T>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Lenient<T>, E> {
        if let Ok(value) = T::deserialize(IntoDeserializer::<E>::into_deserializer(text)) {
            return Ok(Lenient(Some(value)));
        }
        let trimmed = text.trim();
        let mut meanings = vec![Scalar::Text(text)];
        if trimmed.eq_ignore_ascii_case("true") || trimmed.eq_ignore_ascii_case("false") {
            meanings.push(Scalar::Bool(trimmed.eq_ignore_ascii_case("true")));
        }
        if let Ok(number) = trimmed.parse() {
            meanings.push(Scalar::Signed(number));
        }
        if let Ok(number) = trimmed.parse::<f64>() {
            meanings.extend(whole(number).map(Scalar::Signed));
            meanings.push(Scalar::Float(number));
        }
        Ok(scalar::<T, E>(&meanings))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Lenient<T>, E> {
        Ok(scalar::<T, E>(&[Scalar::Bool(value), Scalar::Text(if value { "true" } else { "false" })]))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Lenient<T>, E> {
        match T::deserialize(IntoDeserializer::<E>::into_deserializer(number)) {
            Ok(value) => Ok(Lenient(Some(value))),
            Err(_) => Ok(scalar::<T, E>(&[Scalar::Text(&number.to_string())])),
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Lenient<T>, E> {
        match T::deserialize(IntoDeserializer::<E>::into_deserializer(number)) {
            Ok(value) => Ok(Lenient(Some(value))),
            Err(_) => Ok(scalar::<T, E>(&[Scalar::Text(&number.to_string())])),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Lenient<T>, E> {
        let text = number.to_string();
        let meanings = [Some(Scalar::Float(number)), whole(number).map(Scalar::Signed), Some(Scalar::Text(&text))];
        Ok(scalar::<T, E>(&meanings.into_iter().flatten().collect::<Vec<_>>()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lenient<T>, A::Error> {
        if let Ok(value) = T::deserialize(MapAccessDeserializer::new(&mut map)) {
            return Ok(Lenient(Some(value)));
        }
        // The rest of the object is passed over. Where that is not possible, it is not an odd value but a broken response.
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        left_out::<T>();
        Ok(Lenient(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Lenient<T>, A::Error> {
        if let Ok(value) = T::deserialize(SeqAccessDeserializer::new(&mut items)) {
            return Ok(Lenient(Some(value)));
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        left_out::<T>();
        Ok(Lenient(None))
    }
}

/// A number without a fraction, such as `12.0`.
#[expect(clippy::cast_possible_truncation, reason = "it was just seen to be a whole number that fits")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LenientVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<fn() -> T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for ListVisitor<T> {
    type Value = LenientList<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<LenientList<T>, E> {
        Ok(LenientList(Vec::new()))
    }

    fn visit_none<E: Error>(self) -> Result<LenientList<T>, E> {
        Ok(LenientList(Vec::new()))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<LenientList<T>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<LenientList<T>, E> {
        // One item; a text of several is not taken apart, because what is one may hold a comma.
        if text.trim().is_empty() {
            return Ok(LenientList(Vec::new()));
        }
        LenientVisitor::<T>(PhantomData).visit_str(text).map(one)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<LenientList<T>, E> {
        LenientVisitor::<T>(PhantomData).visit_bool(value).map(one)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<LenientList<T>, E> {
        LenientVisitor::<T>(PhantomData).visit_i64(number).map(one)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<LenientList<T>, E> {
        LenientVisitor::<T>(PhantomData).visit_u64(number).map(one)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<LenientList<T>, E> {
        LenientVisitor::<T>(PhantomData).visit_f64(number).map(one)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LenientList<T>, A::Error> {
        LenientVisitor::<T>(PhantomData).visit_map(map).map(one)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<LenientList<T>, A::Error> {
        let mut list = Vec::with_capacity(items.size_hint().unwrap_or_default().min(1_024));
        while let Some(Lenient(item)) = items.next_element::<Lenient<T>>()? {
            list.extend(item);
        }
        Ok(LenientList(list))
    }
}

fn one<T>(Lenient(item): Lenient<T>) -> LenientList<T> {
    LenientList(item.into_iter().collect())
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for LenientList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: DeserializeOwned>(json: &str) -> Option<T> {
        serde_json::from_str::<Lenient<T>>(json).unwrap().0
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
        assert_eq!((read::<String>("7").as_deref(), read::<String>("false").as_deref()), (Some("7"), Some("false")));
        assert_eq!(read::<f64>("\"1.5\""), Some(1.5));
        assert_eq!(read::<crate::ids::ClientId>("\"00000000-0000-0000-0000-000000000000\""), None);
    }

    #[test]
    fn what_is_of_no_use_is_left_out_and_the_rest_is_read() {
        #[derive(Deserialize)]
        struct Row {
            a: Lenient<String>,
            b: LenientList<String>,
            c: Lenient<crate::ids::ClientId>,
            d: Lenient<i32>,
        }
        let json = r#"[{"a":{"x":[1,{"y":2}]},"b":["1",null,{"z":1},[2],3],"c":{"d":1},"d":[1,[2]]},{"a":"end","b":"one, two","c":null,"d":1}]"#;
        let rows: Vec<Row> = serde_json::from_str(json).unwrap();
        assert!(rows[0].a.0.is_none() && rows[0].c.0.is_none() && rows[0].d.0.is_none());
        assert_eq!(rows[0].b.0, ["1", "3"]);
        assert_eq!(
            (rows[1].a.0.as_deref(), rows[1].b.0.as_slice(), rows[1].d.0),
            (Some("end"), ["one, two".to_owned()].as_slice(), Some(1))
        );
        assert!(serde_json::from_str::<Lenient<String>>(r#"{"a": "#).is_err());
    }
}
