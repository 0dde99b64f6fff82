//! Kinds of things: enumerations without data, each of whose variants has one name everywhere.

/// Makes an enumeration whose variants are known by their names in `snake_case`: in `as_str`, `Display`, `FromStr` and serde.
macro_rules! kinds {
    ($(
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident, )+
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
        }

        impl $name {
            /// Its name in `snake_case`, as it stands in files and traces.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $crate::kinds::snake_case!(stringify!($variant)), )+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ids::InvalidValue;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                $(
                    if name == Self::$variant.as_str() {
                        return Ok(Self::$variant);
                    }
                )+
                let names = [$( Self::$variant.as_str() ),+].join(", ");
                Err($crate::ids::InvalidValue::new(stringify!($name), name, format!("must be one of {names}")))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                name.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

/// `SnakeCase` as `snake_case`, at compile time.
macro_rules! snake_case {
    ($name:expr) => {{
        const NAME: &[u8] = $name.as_bytes();
        const LENGTH: usize = $crate::kinds::snake_length(NAME);
        const SNAKE: [u8; LENGTH] = $crate::kinds::snake(NAME);
        const TEXT: &str = match std::str::from_utf8(&SNAKE) {
            Ok(text) => text,
            Err(_) => panic!("the name of a variant is ASCII"),
        };
        TEXT
    }};
}
pub(crate) use {kinds, snake_case};

pub(crate) const fn snake_length(name: &[u8]) -> usize {
    let mut length = name.len();
    let mut at = 1;
    while at < name.len() {
        if name[at].is_ascii_uppercase() {
            length += 1;
        }
        at += 1;
    }
    length
}

pub(crate) const fn snake<const N: usize>(name: &[u8]) -> [u8; N] {
    let mut snake = [0; N];
    let (mut at, mut to) = (0, 0);
    while at < name.len() {
        if at > 0 && name[at].is_ascii_uppercase() {
            snake[to] = b'_';
            to += 1;
        }
        snake[to] = name[at].to_ascii_lowercase();
        to += 1;
        at += 1;
    }
    snake
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro makes public types")]
mod tests {
    kinds! {
        /// A kind.
        #[derive(PartialOrd, Ord)]
        pub enum Kind {
            /// One word.
            Plain,
            /// Three.
            NotYetThere,
        }
    }

    #[test]
    fn a_kind_has_one_name_everywhere() {
        assert_eq!(Kind::NotYetThere.as_str(), "not_yet_there");
        assert_eq!(format!("{:>8}|", Kind::Plain), "   plain|");
        assert_eq!(serde_json::to_value(Kind::NotYetThere).unwrap(), "not_yet_there");
        assert_eq!(serde_json::from_str::<Kind>("\"plain\"").unwrap(), Kind::Plain);
        assert_eq!("not_yet_there".parse(), Ok(Kind::NotYetThere));
        let error = "NotYetThere".parse::<Kind>().unwrap_err().to_string();
        assert!(error.contains("plain, not_yet_there"), "{error}");
    }
}
