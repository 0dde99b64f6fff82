//! Kinds with names: a variant and its name are written once, and code, text, JSON and parsing agree on it.

use graph_client::InvalidValue;

/// Defines enums without data whose variants have names: `ALL`, `as_str`, `Display`, `FromStr` and serde all come from
/// the one list. The text after `as` is what an unknown name is said to be.
macro_rules! named {
    ($(
        $(#[$meta:meta])*
        $vis:vis enum $name:ident as $what:literal {
            $($(#[$item:meta])* $variant:ident = $text:literal,)+
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "schema", derive(::schemars::JsonSchema))]
        $vis enum $name {
            $($(#[$item])* #[cfg_attr(feature = "schema", schemars(rename = $text))] $variant,)+
        }

        impl $name {
            /// Every value, in the order of its definition.
            $vis const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name, which is also the JSON form.
            #[must_use]
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::graph_client::InvalidValue;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                let named = Self::ALL.iter().find(|it| it.as_str() == text).copied();
                named.ok_or_else(|| $crate::names::unknown($what, text, &[$($text),+]))
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as ::serde::Deserialize<'de>>::deserialize(deserializer)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }
    )+};
}
pub(crate) use named;

/// The fault of a name that is none of these.
pub(crate) fn unknown(what: &'static str, text: &str, names: &[&str]) -> InvalidValue {
    InvalidValue::new(what, text, format!("must be one of {}", names.join(", ")))
}

#[cfg(test)]
mod tests {

    named! {
        /// A light.
        #[derive(Default)]
        enum Light as "light" {
            /// Red.
            #[default]
            RedAndAmber = "red_and_amber",
            /// Green.
            Green = "green",
        }
    }

    #[test]
    fn a_kind_has_one_name_in_code_text_and_json() {
        for (light, name) in Light::ALL.iter().zip(["red_and_amber", "green"]) {
            assert_eq!((light.as_str(), &*light.to_string()), (name, name));
            assert_eq!(serde_json::to_value(light).unwrap(), name);
            assert_eq!(serde_json::from_value::<Light>(name.into()).unwrap(), *light);
            assert_eq!(name.parse::<Light>().unwrap(), *light);
        }
        assert_eq!(Light::default(), Light::RedAndAmber);
        let error = "blue".parse::<Light>().unwrap_err();
        assert_eq!(error.to_string(), "light \"blue\": must be one of red_and_amber, green");
        assert!(serde_json::from_str::<Light>("\"blue\"").unwrap_err().to_string().contains("must be one of"));
    }
}
