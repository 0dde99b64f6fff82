//! The tables that the cmdlets and their records are written as.
//!
//! [`cmdlet!`] writes a cmdlet, [`record!`] a row that comes back, [`settings!`] both at once where a `Set-` cmdlet and
//! the record of its `Get-` cmdlet have the same properties.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use super::lenient::{self, Quota};
use crate::ids::SmtpAddress;
use crate::time::Timestamp;

/// A cmdlet as a table entry. It writes the struct with its wire form, the constructor, the setters, [`Cmdlet`] and
/// `Display`.
///
/// ```text
/// cmdlet! {
///     /// adds one member.                                    // behind the name: "`Add-RoleGroupMember`: adds one member."
///     Write "Add-RoleGroupMember" => AddRoleGroupMember -> ();   // Read or Write, the name, the type, the output
///     permissions "Role Management.";                        // the section of this name
///     sentence "Add {member} to the role group {identity}";  // `Display`
///
///     /// Adds `member` to the role group.
///     fn new {                                               // takes the required parameters
///         required identity as group: impl Into<Identity>;
///         required member: impl Into<Identity>;
///         bypass_manager_check;
///     }
/// }
/// ```
///
/// A read that Microsoft documents an end point for has it in the header: `-> Vec<AcceptedDomain>, end_point "AcceptedDomain";`.
///
/// In place of `sentence`, `changes "Change the place {identity}"` has all parameters that are set behind it, and
/// `display |self, f| …` is any code. A constructor and a parameter are public, or have a setter, if they have a doc
/// comment. The parameters are, in the order of the wire, each with `#[serde(…)]` before it where it needs one:
///
/// - `required field as argument: Type`: an argument of the constructor, which takes `impl Into<Type>` if it says so,
/// - `optional field as setter: Type`: left out unless set,
/// - `list field as setter: impl Into<Type>`: left out while empty; the setter adds one value,
/// - `switch field as setter`: left out unless the setter switches it on,
/// - `one field as argument`: an optional identity with the constructor `one`,
/// - `matching field`: an optional filter with the constructor `matching`,
/// - `field field: Type = value`: anything else,
/// - `confirm`, `result_size`, `bypass_manager_check`, `with_group` and `select`: the same in every cmdlet,
/// - `rarely Name in field { … }`: parameters that are kept apart, so that a command stays small where it is one of several,
/// - `get field: Type`: no parameter, but a method that returns it.
///
/// What is special stands behind the table: `impl { … }` holds functions of [`Cmdlet`], such as `check`.
///
/// [`Cmdlet`]: crate::exchange::Cmdlet
macro_rules! cmdlet {
    (
        #[doc = $summary:literal]
        $(#[doc = $doc:literal])*
        $effect:ident $cmdlet:literal => $name:ident -> $output:ty $(, end_point $end_point:literal)?;
        permissions $permissions:literal;
        $(sentence $sentence:literal;)?
        $(changes $changes:literal;)?
        $(display |$this:ident, $f:ident| $display:expr;)?

        $(#[doc = $constructor_doc:literal])*
        fn $constructor:ident { $($parameters:tt)* }
        $(impl { $($items:tt)* })?
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter
            {
                {
                    #[doc = concat!("`", $cmdlet, "`:", $summary)]
                    $(#[doc = $doc])*
                    #[doc = ""]
                    #[doc = " # Permissions"]
                    #[doc = ""]
                    #[doc = $permissions]
                }
                $effect $cmdlet $name { $output } { $($end_point)? }
                { $(sentence $sentence)? $(changes $changes)? $(display $this $f { $display })? }
                { $($constructor_doc)* } $constructor
            }
            {} {} {} {} {} {} { $($($items)*)? }
            $($parameters)*
        }
    };

    // One parameter after the other: the fields of the struct, the names that a sentence may use, the arguments of the
    // constructor, the initial values, the methods, the functions of `Cmdlet`.
    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} {$($names:tt)*} {$($arguments:tt)*} {$($values:tt)*} $methods:tt $items:tt
        $(#[serde($($serde:tt)*)])* required $field:ident as $argument:ident: impl Into<$type:ty>; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* $(#[serde($($serde)*)])* $field: $type, } { $($names)* $field, }
            { $($arguments)* $argument: impl Into<$type>, } { $($values)* $field: $argument.into(), }
            $methods $items
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} {$($names:tt)*} {$($arguments:tt)*} {$($values:tt)*} $methods:tt $items:tt
        $(#[serde($($serde:tt)*)])* required $field:ident as $argument:ident: $type:ty; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* $(#[serde($($serde)*)])* $field: $type, } { $($names)* $field, }
            { $($arguments)* $argument: $type, } { $($values)* $field: $argument, }
            $methods $items
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt $fields:tt $names:tt $arguments:tt $values:tt $methods:tt $items:tt
        $(#[serde($($serde:tt)*)])* required $field:ident: $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within $fields $names $arguments $values $methods $items
            $(#[serde($($serde)*)])* required $field as $field: $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} {$($names:tt)*} $arguments:tt {$($values:tt)*} {$($methods:tt)*} $items:tt
        $(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])*
        optional $field:ident $(as $setter:ident)?: impl Into<$type:ty>; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* #[serde(skip_serializing_if = "Option::is_none")] $(#[serde($($serde)*)])* $field: Option<$type>, }
            { $($names)* $field, } $arguments { $($values)* $field: None, }
            {
                $($methods)*
                $crate::exchange::macros::cmdlet! { @setter {$($doc)*} [$($setter)? $field] [impl Into<$type>] $within $field }
            }
            $items
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} {$($names:tt)*} $arguments:tt {$($values:tt)*} {$($methods:tt)*} $items:tt
        $(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])*
        optional $field:ident $(as $setter:ident)?: $type:ty; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* #[serde(skip_serializing_if = "Option::is_none")] $(#[serde($($serde)*)])* $field: Option<$type>, }
            { $($names)* $field, } $arguments { $($values)* $field: None, }
            {
                $($methods)*
                $crate::exchange::macros::cmdlet! { @setter {$($doc)*} [$($setter)? $field] [$type] $within $field }
            }
            $items
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} {$($names:tt)*} $arguments:tt {$($values:tt)*} {$($methods:tt)*} $items:tt
        $(#[doc = $doc:literal])* list $field:ident $(as $setter:ident)?: impl Into<$type:ty>; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* #[serde(default, skip_serializing_if = "Vec::is_empty")] $field: Vec<$type>, }
            { $($names)* $field, } $arguments { $($values)* $field: Vec::new(), }
            {
                $($methods)*
                $crate::exchange::macros::cmdlet! { @adder {$($doc)*} [$($setter)? $field] [$type] $within $field }
            }
            $items
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} {$($names:tt)*} $arguments:tt {$($values:tt)*} {$($methods:tt)*} $items:tt
        $(#[doc = $doc:literal])* switch $field:ident $(as $setter:ident)?; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* #[serde(default, skip_serializing_if = "std::ops::Not::not")] $field: bool, }
            { $($names)* $field, } $arguments { $($values)* $field: false, }
            {
                $($methods)*
                $crate::exchange::macros::cmdlet! { @switch {$($doc)*} [$($setter)? $field] $within $field }
            }
            $items
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} {$($names:tt)*} $arguments:tt {$($values:tt)*} {$($methods:tt)*} $items:tt
        $(#[doc = $doc:literal])+ one $field:ident as $argument:ident; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* #[serde(skip_serializing_if = "Option::is_none")] $field: Option<$crate::exchange::Identity>, }
            { $($names)* $field, } $arguments { $($values)* $field: None, }
            {
                $(#[doc = $doc])+
                #[doc = " [`NotFound`](crate::ErrorKind::NotFound) when there is none."]
                #[must_use]
                pub fn one($argument: impl Into<$crate::exchange::Identity>) -> Self {
                    Self { $field: Some($argument.into()), ..Self::default() }
                }
                $($methods)*
            }
            $items
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} {$($names:tt)*} $arguments:tt {$($values:tt)*} {$($methods:tt)*} $items:tt
        $(#[doc = $doc:literal])+ matching $field:ident; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* #[serde(skip_serializing_if = "Option::is_none")] $field: Option<$crate::exchange::OpathFilter>, }
            { $($names)* $field, } $arguments { $($values)* $field: None, }
            {
                $($methods)*
                $(#[doc = $doc])+
                #[must_use]
                pub fn matching($field: $crate::exchange::OpathFilter) -> Self {
                    Self { $field: Some($field), ..Self::default() }
                }
            }
            $items
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} {$($names:tt)*} $arguments:tt {$($values:tt)*} $methods:tt $items:tt
        $(#[serde($($serde:tt)*)])* field $field:ident: $type:ty = $value:expr; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* $(#[serde($($serde)*)])* $field: $type, } { $($names)* $field, }
            $arguments { $($values)* $field: $value, } $methods $items
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} $names:tt $arguments:tt {$($values:tt)*} $methods:tt $items:tt
        confirm; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* #[serde(default)] confirm: $crate::exchange::values::Confirmed, } $names
            $arguments { $($values)* confirm: $crate::exchange::values::Confirmed, } $methods $items
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} $names:tt $arguments:tt {$($values:tt)*} $methods:tt $items:tt
        result_size; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* #[serde(default)] result_size: $crate::exchange::values::ResultSize, } $names
            $arguments { $($values)* result_size: $crate::exchange::values::ResultSize::Unlimited, } $methods $items
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} $names:tt $arguments:tt {$($values:tt)*} {$($methods:tt)*} $items:tt
        bypass_manager_check; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* bypass_security_group_manager_check: bool, } $names
            $arguments { $($values)* bypass_security_group_manager_check: true, }
            {
                $($methods)*
                /// Sets whether the command also runs when the caller is no owner of the group
                /// (`BypassSecurityGroupManagerCheck`). Default `true`.
                #[must_use]
                pub fn bypass_manager_check(mut self, bypass: bool) -> Self {
                    self.bypass_security_group_manager_check = bypass;
                    self
                }
            }
            $items
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt $fields:tt $names:tt $arguments:tt $values:tt {$($methods:tt)*} $items:tt
        with_group; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within $fields $names $arguments $values
            {
                $($methods)*
                /// Sets another identity for the group: its id in place of its address, once it is known.
                #[must_use]
                pub fn with_group(mut self, group: impl Into<$crate::exchange::Identity>) -> Self {
                    self.identity = group.into();
                    self
                }
            }
            $items
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} $names:tt $arguments:tt {$($values:tt)*} {$($methods:tt)*} {$($items:tt)*}
        select; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* #[serde(skip)] select: Vec<$crate::exchange::Property>, } $names
            $arguments { $($values)* select: Vec::new(), }
            {
                $($methods)*
                /// Limits each record to some properties (`$select`). The others come back as if they were not set.
                #[must_use]
                pub fn select(mut self, properties: impl IntoIterator<Item = $crate::exchange::Property>) -> Self {
                    self.select.extend(properties);
                    self
                }
            }
            {
                $($items)*
                fn select(&self) -> &[$crate::exchange::Property] {
                    &self.select
                }
            }
            $($rest)*
        }
    };
    (
        @parameter $entry:tt $within:tt $fields:tt $names:tt $arguments:tt $values:tt {$($methods:tt)*} $items:tt
        $(#[doc = $doc:literal])+ get $field:ident: $type:ty; $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within $fields $names $arguments $values
            {
                $($methods)*
                $(#[doc = $doc])+
                #[must_use]
                pub fn $field(&self) -> &$type {
                    &self.$field
                }
            }
            $items
            $($rest)*
        }
    };

    (
        @parameter $entry:tt $within:tt {$($fields:tt)*} $names:tt $arguments:tt {$($values:tt)*} $methods:tt $items:tt
        rarely $more:ident in $field:ident { $($parameters:tt)* } $($rest:tt)*
    ) => {
        $crate::exchange::macros::cmdlet! {
            @parameter { rarely $more $entry } {$field} {} {} {} {} {} {}
            $($parameters)*
        }
        $crate::exchange::macros::cmdlet! {
            @parameter $entry $within
            { $($fields)* #[serde(flatten)] $field: Box<$more>, } $names
            $arguments { $($values)* $field: Box::default(), } $methods $items
            $($rest)*
        }
    };
    (
        @parameter
        {
            rarely $more:ident
            {
                $meta:tt $effect:ident $cmdlet:literal $name:ident $output:tt $end_point:tt $display:tt
                $constructor_doc:tt $constructor:ident
            }
        }
        $within:tt {$($fields:tt)*} $names:tt {} $values:tt {$($methods:tt)*} {}
    ) => {
        #[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        #[allow(clippy::struct_excessive_bools, reason = "they are the switches of the cmdlet")]
        struct $more {
            $($fields)*
        }

        impl $name {
            $($methods)*
        }
    };

    // Without required parameters there is a default value.
    (
        @parameter
        {
            {$($meta:tt)*} $effect:ident $cmdlet:literal $name:ident $output:tt $end_point:tt $display:tt
            $constructor_doc:tt $constructor:ident
        }
        $within:tt $fields:tt $names:tt {} $values:tt $methods:tt $items:tt
    ) => {
        $crate::exchange::macros::cmdlet! {
            @write { $($meta)* #[derive(Default)] } $effect $cmdlet $name $output $end_point $display
            $constructor_doc $constructor $fields $names {} $values $methods $items
        }
    };
    (
        @parameter
        {
            $meta:tt $effect:ident $cmdlet:literal $name:ident $output:tt $end_point:tt $display:tt
            $constructor_doc:tt $constructor:ident
        }
        $within:tt $fields:tt $names:tt $arguments:tt $values:tt $methods:tt $items:tt
    ) => {
        $crate::exchange::macros::cmdlet! {
            @write $meta $effect $cmdlet $name $output $end_point $display
            $constructor_doc $constructor $fields $names $arguments $values $methods $items
        }
    };
    (
        @write {$($meta:tt)*} $effect:ident $cmdlet:literal $name:ident {$output:ty} {$($end_point:literal)?} $display:tt
        $constructor_doc:tt $constructor:ident {$($fields:tt)*} $names:tt $arguments:tt $values:tt {$($methods:tt)*}
        {$($items:tt)*}
    ) => {
        $($meta)*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        #[non_exhaustive]
        pub struct $name {
            $($fields)*
        }

        impl $name {
            $crate::exchange::macros::cmdlet! { @constructor $constructor_doc $constructor $arguments $values }

            $($methods)*
        }

        impl $crate::exchange::Cmdlet for $name {
            const NAME: &'static str = $cmdlet;
            const EFFECT: $crate::exchange::Effect = $crate::exchange::Effect::$effect;
            $(const DOCUMENTED_END_POINT: Option<&'static str> = Some($end_point);)?
            type Output = $output;

            $($items)*
        }

        impl std::fmt::Display for $name {
            $crate::exchange::macros::cmdlet! { @display $names $display }
        }
    };

    (@constructor {} $constructor:ident {$($arguments:tt)*} {$($values:tt)*}) => {
        fn $constructor($($arguments)*) -> Self {
            Self { $($values)* }
        }
    };
    (@constructor {$($doc:literal)+} $constructor:ident {$($arguments:tt)*} {$($values:tt)*}) => {
        $(#[doc = $doc])+
        #[must_use]
        pub fn $constructor($($arguments)*) -> Self {
            Self { $($values)* }
        }
    };

    (@setter {} $setter:tt $type:tt $within:tt $field:ident) => {};
    (@setter {$($doc:literal)+} [$setter:ident $($rest:ident)?] [$type:ty] {$($within:ident)?} $field:ident) => {
        $(#[doc = $doc])+
        #[must_use]
        pub fn $setter(mut self, $setter: $type) -> Self {
            self.$($within.)?$field = Some($setter.into());
            self
        }
    };
    (@adder {} $setter:tt $type:tt $within:tt $field:ident) => {};
    (@adder {$($doc:literal)+} [$setter:ident $($rest:ident)?] [$type:ty] {$($within:ident)?} $field:ident) => {
        $(#[doc = $doc])+
        #[must_use]
        pub fn $setter(mut self, $setter: impl Into<$type>) -> Self {
            self.$($within.)?$field.push($setter.into());
            self
        }
    };
    (@switch {} $setter:tt $within:tt $field:ident) => {};
    (@switch {$($doc:literal)+} [$setter:ident $($rest:ident)?] {$($within:ident)?} $field:ident) => {
        $(#[doc = $doc])+
        #[must_use]
        pub fn $setter(mut self) -> Self {
            self.$($within.)?$field = true;
            self
        }
    };

    (@display {$($name:ident,)*} {sentence $sentence:literal}) => {
        #[allow(unused_variables, reason = "a sentence names some of the parameters")]
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let Self { $($name,)* .. } = self;
            write!(f, $sentence)
        }
    };
    (@display {$($name:ident,)*} {changes $sentence:literal}) => {
        #[allow(unused_variables, reason = "a sentence names some of the parameters")]
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let Self { $($name,)* .. } = self;
            write!(f, $sentence)?;
            write!(f, ": {}", $crate::exchange::cmdlet::settings_text(self))
        }
    };
    (@display $names:tt {display $this:ident $f:ident {$display:expr}}) => {
        fn fmt(&$this, $f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            $display
        }
    };
}
pub(super) use cmdlet;

/// A record that comes back, as a table: a struct whose fields are read by their types, in every form that Exchange
/// sends them in ([`Lenient`]). A field that its type does not tell the reader of has it behind it:
/// `group_type: Vec<String> = "lenient::flags"`.
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident { $($fields:tt)* }) => {
        $crate::exchange::macros::record! { @field { $(#[$meta])* } $name {} $($fields)* }
    };
    (
        @field $head:tt $name:ident {$($fields:tt)*}
        $(#[$meta:meta])* pub $field:ident: $type:ty = $reader:literal, $($rest:tt)*
    ) => {
        $crate::exchange::macros::record! {
            @field $head $name
            { $($fields)* $(#[$meta])* #[serde(deserialize_with = $reader)] pub $field: $type, }
            $($rest)*
        }
    };
    (
        @field $head:tt $name:ident {$($fields:tt)*}
        $(#[$meta:meta])* pub $field:ident: $type:ty, $($rest:tt)*
    ) => {
        $crate::exchange::macros::record! {
            @field $head $name
            {
                $($fields)* $(#[$meta])*
                #[serde(deserialize_with = "crate::exchange::macros::read")] pub $field: $type,
            }
            $($rest)*
        }
    };
    (@field {$($head:tt)*} $name:ident {$($fields:tt)*}) => {
        $($head)*
        #[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        #[non_exhaustive]
        pub struct $name {
            $($fields)*
        }

        /// Exactly one record, as `New-*` cmdlets return.
        impl $crate::exchange::Output for $name {
            type Row = Self;

            const SHAPE: $crate::exchange::Shape = $crate::exchange::Shape::One;

            fn from_rows(rows: Vec<Self>) -> Result<Self, String> {
                $crate::exchange::cmdlet::single(rows)
            }
        }
    };
}
pub(super) use record;

/// A `Set-` cmdlet and the record of its `Get-` cmdlet, where their properties are the same: `both` has each property
/// with its doc comment once, as `name as setter: type of the parameter => type of the field`; `as _` for a parameter whose
/// setter is written by hand.
macro_rules! settings {
    (
        cmdlet { $($cmdlet:tt)* }
        $(#[doc = $constructor_doc:literal])+
        fn new { $($parameters:tt)* }
        $(impl { $($items:tt)* })?
        record { $(#[$meta:meta])* pub struct $record:ident { $($fields:tt)* } }
        both { $($both:tt)* }
    ) => {
        $crate::exchange::macros::settings! {
            @property
            { { $($cmdlet)* $(#[doc = $constructor_doc])+ } { $(impl { $($items)* })? } { $(#[$meta])* } $record }
            { $($parameters)* } { $($fields)* }
            $($both)*
        }
    };
    (
        @property $heads:tt {$($parameters:tt)*} {$($fields:tt)*}
        $(#[doc = $doc:literal])+ $field:ident as _: $type:ty => $read:ty; $($rest:tt)*
    ) => {
        $crate::exchange::macros::settings! {
            @property $heads
            { $($parameters)* optional $field: $type; } { $($fields)* $(#[doc = $doc])+ pub $field: $read, }
            $($rest)*
        }
    };
    (
        @property $heads:tt {$($parameters:tt)*} {$($fields:tt)*}
        $(#[doc = $doc:literal])+ $(#[serde($($serde:tt)*)])?
        $field:ident $(as $setter:ident)?: impl Into<$type:ty> => $read:ty $(= $reader:literal)?; $($rest:tt)*
    ) => {
        $crate::exchange::macros::settings! {
            @property $heads
            {
                $($parameters)* $(#[doc = $doc])+ $(#[serde($($serde)*)])?
                optional $field $(as $setter)?: impl Into<$type>;
            }
            { $($fields)* $(#[doc = $doc])+ $(#[serde($($serde)*)])? pub $field: $read $(= $reader)?, }
            $($rest)*
        }
    };
    (
        @property $heads:tt {$($parameters:tt)*} {$($fields:tt)*}
        $(#[doc = $doc:literal])+ $(#[serde($($serde:tt)*)])?
        $field:ident $(as $setter:ident)?: $type:ty => $read:ty $(= $reader:literal)?; $($rest:tt)*
    ) => {
        $crate::exchange::macros::settings! {
            @property $heads
            {
                $($parameters)* $(#[doc = $doc])+ $(#[serde($($serde)*)])?
                optional $field $(as $setter)?: $type;
            }
            { $($fields)* $(#[doc = $doc])+ $(#[serde($($serde)*)])? pub $field: $read $(= $reader)?, }
            $($rest)*
        }
    };
    (
        @property { {$($cmdlet:tt)*} {$($items:tt)*} {$($meta:tt)*} $record:ident }
        {$($parameters:tt)*} {$($fields:tt)*}
    ) => {
        $crate::exchange::macros::cmdlet! { $($cmdlet)* fn new { $($parameters)* } $($items)* }
        $crate::exchange::macros::record! { $($meta)* pub struct $record { $($fields)* } }
    };
}
pub(super) use settings;

/// A property that its type tells the reader of.
pub(super) trait Lenient: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// The reader of a field of [`record!`].
pub(super) fn read<'de, D: Deserializer<'de>, T: Lenient>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

macro_rules! lenient {
    ($($type:ty => $reader:path;)+) => {$(
        impl Lenient for $type {
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $reader(deserializer)
            }
        }
    )+};
}
lenient! {
    String => lenient::plain;
    Option<String> => lenient::text;
    Option<bool> => lenient::boolean;
    Option<i64> => lenient::number;
    Option<Uuid> => lenient::guid;
    Option<SmtpAddress> => lenient::address;
    Option<Timestamp> => lenient::time;
    Option<Duration> => lenient::time_span;
    Option<Quota> => Deserialize::deserialize;
    Vec<String> => lenient::names;
    Vec<SmtpAddress> => lenient::smtp_addresses;
}
