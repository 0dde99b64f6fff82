//! The tables from which models, create bodies, update bodies and enumerations come.

/// Makes the types of resources and of what is inside them, each property from one line of a table:
///
/// ```text
/// resource! {
///     /// A group.
///     pub struct Group {
///         /// The object id.
///         id: String,
///         /// The name that people see.
///         display_name: Option<String> [read create update],
///         /// The kind of the group.
///         kind: Option<GroupKind> = "type" [read create],
///     }
///     /// A group to create.
///     create NewGroup;
///     /// Changes of a group.
///     update GroupUpdate;
/// }
/// ```
///
/// The name on the wire is the field's name in camel case unless `=` gives another. The brackets say which bodies have
/// the property; without them it is only read. A property with another type in a body has a line for each type.
///
/// A model's field is an `Option`, a `Vec`, a `String` (empty where nothing came) or an id without which there is no
/// object (`struct AppRole requires id`). Where anything else was sent than an object, the value is left out, or made of
/// its text by a function (`struct FreeBusyError or from_text`). A create body holds an `Option` of the same type and has a setter for it, an
/// update body a [`Patch`](super::model::Patch).
macro_rules! resource {
    // Sorts the lines of a table by the bodies that have them.
    (@sort [$($r:tt)*] $c:tt $u:tt $line:tt [] $($rest:tt)*) => {
        resource!(@sort [$($r)* $line] $c $u $($rest)*);
    };
    (@sort [$($r:tt)*] $c:tt $u:tt $line:tt [read] $($rest:tt)*) => {
        resource!(@sort [$($r)* $line] $c $u $($rest)*);
    };
    (@sort $r:tt [$($c:tt)*] $u:tt $line:tt [create] $($rest:tt)*) => {
        resource!(@sort $r [$($c)* $line] $u $($rest)*);
    };
    (@sort $r:tt $c:tt [$($u:tt)*] $line:tt [update] $($rest:tt)*) => {
        resource!(@sort $r $c [$($u)* $line] $($rest)*);
    };
    (@sort [$($r:tt)*] [$($c:tt)*] $u:tt $line:tt [read create] $($rest:tt)*) => {
        resource!(@sort [$($r)* $line] [$($c)* $line] $u $($rest)*);
    };
    (@sort [$($r:tt)*] $c:tt [$($u:tt)*] $line:tt [read update] $($rest:tt)*) => {
        resource!(@sort [$($r)* $line] $c [$($u)* $line] $($rest)*);
    };
    (@sort $r:tt [$($c:tt)*] [$($u:tt)*] $line:tt [create update] $($rest:tt)*) => {
        resource!(@sort $r [$($c)* $line] [$($u)* $line] $($rest)*);
    };
    (@sort [$($r:tt)*] [$($c:tt)*] [$($u:tt)*] $line:tt [read create update] $($rest:tt)*) => {
        resource!(@sort [$($r)* $line] [$($c)* $line] [$($u)* $line] $($rest)*);
    };
    (@sort $r:tt $c:tt $u:tt => $model:tt $create:tt $update:tt) => {
        resource!(@model $model $r);
        resource!(@create $create $c);
        resource!(@update $update $u);
    };

    (@table {
        $(
            $(#[$meta:meta])*
            $field:ident: $outer:ident $(<$inner:ty>)? $(= $wire:literal)? $([$($body:ident)+])?,
        )*
    } $($types:tt)+) => {
        resource!(@sort [] [] []
            $({ [$(#[$meta])*] $field ($outer $(<$inner>)?) ($field $($wire)?) } [$($($body)+)?])*
            => $($types)+);
    };

    // The table of names, and the fields by their index in it, for reading and writing.
    (@names $($raw:tt)*) => {{
        const RAW: &[&str] = &[$( resource!(@raw $raw) ),*];
        const TEXT: &[u8] = &$crate::graph::macros::camel_text::<{ $crate::graph::macros::camel_len(RAW) }>(RAW);
        const NAMES: [&str; RAW.len()] = $crate::graph::macros::camel_names(RAW, TEXT);
        &NAMES
    }};
    (@raw ($field:ident)) => { stringify!($field) };
    (@raw ($field:ident $wire:literal)) => { $wire };
    (@index $($field:ident)*) => {
        #[expect(non_camel_case_types, reason = "a variant has the name of the field")]
        enum Index {
            $( $field, )*
        }
    };
    (@written $name:ident $written:path, $($field:ident $raw:tt)*) => {
        impl $crate::graph::model::Written for $name {
            fn properties(&self) -> &'static [&'static str] {
                const NAMES: &[&str] = resource!(@names $($raw)*);
                NAMES
            }

            fn property(&self, index: usize) -> $crate::graph::model::Content<'_> {
                match index {
                    $( _ if index == Index::$field as usize => $written(&self.$field), )*
                    _ => $crate::graph::model::Content::Absent,
                }
            }

            fn other(&self) -> Option<&$crate::graph::model::Properties> {
                Some(&self.other)
            }
        }

        impl $crate::graph::model::Output for $name {
            fn content(&self) -> $crate::graph::model::Content<'_> {
                $crate::graph::model::Content::Object(self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::graph::model::Content::Object(self).serialize(serializer)
            }
        }
    };

    (@model {} $fields:tt) => {};
    (@model { [$($meta:tt)*] $name:ident [$($required:ident)?] [$($odd:ident)?] } [
        $({ [$($field_meta:tt)*] $field:ident ($outer:ident $(<$inner:ty>)?) $raw:tt })*
    ]) => {
        $($meta)*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $( $($field_meta)* pub $field: $outer $(<$inner>)?, )*
            /// Every property that has no field here, as it came: annotations, extensions, and what Graph has added.
            pub other: $crate::graph::model::Properties,
        }

        impl $name {
            fn blank() -> Self {
                Self {
                    $( $field: $crate::graph::model::Field::blank(), )*
                    other: $crate::graph::model::Properties::new(),
                }
            }
        }

        resource!(@default $name $($required)?);

        const _: () = {
            resource!(@index $($field)*);
            resource!(@written $name $crate::graph::lenient::Slot::written, $($field $raw)*);

            impl $crate::graph::Record for $name {
                const PROPERTIES: &'static [&'static str] = resource!(@names $($raw)*);

                fn is_record(&self) -> bool {
                    $crate::graph::model::has_id(self)
                }
            }

            impl $crate::graph::lenient::Object for $name {
                fn table(&self) -> &'static $crate::graph::lenient::Table {
                    const TABLE: &$crate::graph::lenient::Table = &$crate::graph::lenient::Table {
                        name: stringify!($name),
                        properties: <$name as $crate::graph::Record>::PROPERTIES,
                        buckets: {
                            const NAMES: &[&str] = <$name as $crate::graph::Record>::PROPERTIES;
                            &$crate::graph::macros::buckets::<{ (2 * NAMES.len()).next_power_of_two() }>(NAMES)
                        },
                        required: 0 $( | (
                            (<$outer $(<$inner>)? as $crate::graph::model::Field>::IS_REQUIRED as u128)
                                << (Index::$field as u128)
                        ) )*,
                    };
                    TABLE
                }

                fn slot(&mut self, index: usize) -> &mut dyn $crate::graph::lenient::Slot {
                    match index {
                        $( _ if index == Index::$field as usize => &mut self.$field, )*
                        _ => unreachable!("a table has a field for each of its names"),
                    }
                }

                fn other(&mut self) -> &mut $crate::graph::model::Properties {
                    &mut self.other
                }
            }

            impl $crate::graph::lenient::Property for $name {
                fn empty_object() -> Option<Self> {
                    Some(Self::blank())
                }

                fn as_object(&mut self) -> Option<&mut dyn $crate::graph::lenient::Object> {
                    Some(self)
                }

                $(
                    fn from_scalar(scalar: $crate::graph::lenient::Scalar<'_>) -> Option<Self> {
                        Some(Self::$odd(&scalar.text()))
                    }

                    fn from_odd_list() -> Option<Self> {
                        Some(Self::$odd(""))
                    }
                )?
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let mut model = Self::blank();
                    $crate::graph::lenient::read(deserializer, &mut model)?;
                    Ok(model)
                }
            }
        };
    };
    (@default $name:ident) => {
        impl Default for $name {
            fn default() -> Self {
                Self::blank()
            }
        }
    };
    (@default $name:ident $required:ident) => {};

    (@create {} $fields:tt) => {};
    (@create { [$($meta:tt)*] $name:ident } [
        $({ [$($field_meta:tt)*] $field:ident $type:tt $raw:tt })*
    ]) => {
        $($meta)*
        #[derive(Debug, Clone, PartialEq, Default)]
        #[non_exhaustive]
        #[must_use = "it does nothing until it is sent"]
        pub struct $name {
            $( $($field_meta)* pub $field: Option<resource!(@type $type)>, )*
            /// Any other property, such as one of a schema extension.
            pub other: $crate::graph::model::Properties,
        }

        impl $name {
            $(
                $($field_meta)*
                pub fn $field(mut self, value: impl Into<resource!(@type $type)>) -> Self {
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

        const _: () = {
            resource!(@index $($field)*);
            resource!(@written $name $crate::graph::model::Output::content, $($field $raw)*);
        };
    };

    (@update {} $fields:tt) => {};
    (@update { [$($meta:tt)*] $name:ident } [
        $({ [$($field_meta:tt)*] $field:ident $type:tt $raw:tt })*
    ]) => {
        $($meta)*
        ///
        /// What is not mentioned stays as it is. [`Patch::Clear`](crate::graph::Patch::Clear) empties a property.
        #[derive(Debug, Clone, PartialEq, Default)]
        #[non_exhaustive]
        #[must_use = "it does nothing until it is sent"]
        pub struct $name {
            $( $($field_meta)* pub $field: $crate::graph::model::Patch<resource!(@type $type)>, )*
            /// Any other property, such as one of a schema extension. `null` empties it.
            pub other: $crate::graph::model::Properties,
        }

        impl $name {
            /// Changes nothing yet.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                $($field_meta)*
                pub fn $field(mut self, change: impl Into<$crate::graph::model::Patch<resource!(@type $type)>>) -> Self {
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

        const _: () = {
            resource!(@index $($field)*);
            resource!(@written $name $crate::graph::model::Output::content, $($field $raw)*);
        };
    };
    (@type (Option<$type:ty>)) => { $type };
    (@type (Vec<$type:ty>)) => { Vec<$type> };
    (@type ($type:ident)) => { $type };

    // The forms of a table.
    (
        $(#[$meta:meta])* pub struct $name:ident { $($fields:tt)* }
        $(#[$create_meta:meta])* create $create:ident;
        $(#[$update_meta:meta])* update $update:ident;
    ) => {
        resource!(@table { $($fields)* }
            { [$(#[$meta])*] $name [] [] } { [$(#[$create_meta])*] $create } { [$(#[$update_meta])*] $update });
    };
    (
        $(#[$meta:meta])* pub struct $name:ident { $($fields:tt)* }
        $(#[$create_meta:meta])* create $create:ident;
    ) => {
        resource!(@table { $($fields)* } { [$(#[$meta])*] $name [] [] } { [$(#[$create_meta])*] $create } {});
    };
    (
        $(#[$meta:meta])* pub struct $name:ident { $($fields:tt)* }
        $(#[$update_meta:meta])* update $update:ident;
    ) => {
        resource!(@table { $($fields)* } { [$(#[$meta])*] $name [] [] } {} { [$(#[$update_meta])*] $update });
    };
    (
        fields { $($fields:tt)* }
        $(#[$create_meta:meta])* create $create:ident;
        $(#[$update_meta:meta])* update $update:ident;
    ) => {
        resource!(@table { $($fields)* } {} { [$(#[$create_meta])*] $create } { [$(#[$update_meta])*] $update });
    };
    (
        fields { $($fields:tt)* }
        $(#[$create_meta:meta])* create $create:ident;
    ) => {
        resource!(@table { $($fields)* } {} { [$(#[$create_meta])*] $create } {});
    };
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident $(requires $required:ident)? $(or $odd:ident)? { $($fields:tt)* }
    )+) => {
        $( resource!(@table { $($fields)* } { [$(#[$meta])*] $name [$($required)?] [$($odd)?] } {} {}); )+
    };
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
                    if $crate::graph::model::is_same_name(text, $text) {
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

        impl $crate::graph::model::Output for $name {
            fn content(&self) -> $crate::graph::model::Content<'_> {
                $crate::graph::model::Content::Text(self.as_str())
            }
        }

        impl $crate::graph::lenient::Property for $name {
            fn from_scalar(scalar: $crate::graph::lenient::Scalar<'_>) -> Option<Self> {
                Some(Self::from(&*scalar.text()))
            }

            /// Old responses hold an object instead, which says nothing today.
            fn from_odd_object() -> Option<Self> {
                Some(Self::Unknown(String::new()))
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

pub(crate) use {open_enum, resource};

/// How long the camel-case forms of snake-case names are together. A name without `_` is one already.
pub(crate) const fn camel_len(names: &[&str]) -> usize {
    let mut len = 0;
    let mut name = 0;
    while name < names.len() {
        let text = names[name].as_bytes();
        let mut at = 0;
        while at < text.len() {
            if text[at] != b'_' {
                len += 1;
            }
            at += 1;
        }
        name += 1;
    }
    len
}

/// The camel-case forms of snake-case names, one after the other.
pub(crate) const fn camel_text<const LEN: usize>(names: &[&str]) -> [u8; LEN] {
    let mut camel = [0; LEN];
    let mut len = 0;
    let mut name = 0;
    while name < names.len() {
        let text = names[name].as_bytes();
        let mut at = 0;
        while at < text.len() {
            if text[at] != b'_' {
                let begins_word = at > 0 && text[at - 1] == b'_';
                camel[len] = if begins_word { text[at].to_ascii_uppercase() } else { text[at] };
                len += 1;
            }
            at += 1;
        }
        name += 1;
    }
    camel
}

/// Takes the text of [`camel_text`] apart.
pub(crate) const fn camel_names<const COUNT: usize>(names: &[&str], mut text: &'static [u8]) -> [&'static str; COUNT] {
    let mut camel = [""; COUNT];
    let mut name = 0;
    while name < COUNT {
        let (own, rest) = text.split_at(camel_len(&[names[name]]));
        camel[name] = match std::str::from_utf8(own) {
            Ok(own) => own,
            Err(_) => panic!("names are ASCII"),
        };
        text = rest;
        name += 1;
    }
    camel
}

/// A hash table of names: each bucket holds the index of a name, or one past the last. A name is in the first free bucket
/// from its own on. At least half are free, so that a search ends soon.
pub(crate) const fn buckets<const COUNT: usize>(names: &[&str]) -> [u8; COUNT] {
    assert!(COUNT.is_power_of_two() && 2 * names.len() <= COUNT && names.len() < u8::MAX as usize, "too many names");
    #[expect(clippy::cast_possible_truncation, reason = "it was just seen to fit")]
    let free = names.len() as u8;
    let mut buckets = [free; COUNT];
    let mut index = 0;
    while index < free {
        let mut place = bucket(names[index as usize], COUNT);
        while buckets[place] != free {
            place = (place + 1) & (COUNT - 1);
        }
        buckets[place] = index;
        index += 1;
    }
    buckets
}

/// The bucket of a name: its length and three of its letters tell the names of a model apart, nearly.
pub(crate) const fn bucket(name: &str, count: usize) -> usize {
    let name = name.as_bytes();
    let len = name.len();
    if len == 0 {
        return 0;
    }
    let letters = name[0] as usize + 31 * name[len / 2] as usize + 257 * name[len - 1] as usize;
    (letters + 7 * len) & (count - 1)
}
