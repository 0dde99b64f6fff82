//! Binding: what a caller wrote, against what a cmdlet takes.

use serde_json::{Map, Value};

use super::cmdlets::Cmdlet;
use super::errors::Failure;

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterType {
    /// One text, which may be the name of an object.
    Text,
    /// A switch or a Boolean: the wire has one form for both.
    Flag,
    /// A number, or `Unlimited`.
    Size,
    /// A whole number.
    Number,
    /// One of the names of a type, or the beginning of just one of them.
    OneOf(&'static str, &'static [&'static str]),
    /// Any of the names of a type.
    SomeOf(&'static str, &'static [&'static str]),
    /// A list, or a tagged table of what to add and remove.
    List,
}

pub(crate) type Parameter = (&'static str, ParameterType);

/// What a caller wrote for a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bound {
    Nothing,
    Text(String),
    Flag(bool),
    /// `None` is `Unlimited`.
    Size(Option<usize>),
    Number(i64),
    List(Vec<String>),
    Edit {
        add: Vec<String>,
        remove: Vec<String>,
    },
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments(Vec<(&'static str, Bound)>);

/// Taken by every cmdlet.
const COMMON: &[Parameter] = &[
    ("Confirm", ParameterType::Flag),
    ("WhatIf", ParameterType::Flag),
    ("Verbose", ParameterType::Flag),
    ("Debug", ParameterType::Flag),
    ("ErrorAction", ParameterType::Text),
    ("WarningAction", ParameterType::Text),
    ("InformationAction", ParameterType::Text),
    ("ErrorVariable", ParameterType::Text),
    ("WarningVariable", ParameterType::Text),
    ("OutVariable", ParameterType::Text),
    ("OutBuffer", ParameterType::Text),
];

const LIST_TYPE: &str = "Microsoft.Exchange.Data.MultiValuedProperty";

/// Binds parameters. `may_use` tells whether the caller's roles include a parameter: one that they do
/// not include is as unknown as a misspelt one.
pub(crate) fn bind(
    cmdlet: &Cmdlet,
    parameters: &Map<String, Value>,
    may_use: impl Fn(&str) -> bool,
) -> Result<Arguments, Failure> {
    let mut bound: Vec<(&'static str, Bound)> = Vec::with_capacity(parameters.len());
    for (written, value) in parameters {
        let known = cmdlet
            .parameters
            .iter()
            .chain([&COMMON])
            .flat_map(|set| set.iter())
            .find(|(name, _)| name.eq_ignore_ascii_case(written))
            .filter(|(name, _)| may_use(name));
        let Some((name, takes)) = known else {
            return Err(Failure::unknown_parameter(written));
        };
        bound.push((name, convert(name, *takes, value)?));
    }
    let arguments = Arguments(bound);
    for name in cmdlet.required {
        match arguments.get(name) {
            None => return Err(Failure::missing_parameter(name)),
            // A `Get-` with an empty identity is answered with everything; nothing else is.
            Some(_) if cmdlet.verb() == "Get" => {}
            Some(Bound::Nothing) => return Err(Failure::empty_parameter(name)),
            Some(Bound::Text(text)) if text.is_empty() => {
                return Err(Failure::empty_parameter(name));
            }
            Some(_) => {}
        }
    }
    Ok(arguments)
}

fn convert(name: &str, takes: ParameterType, value: &Value) -> Result<Bound, Failure> {
    if value.is_null() {
        return Ok(Bound::Nothing);
    }
    match takes {
        ParameterType::Text => scalar(value).map(Bound::Text).ok_or_else(|| match value {
            Value::Object(_) => Failure::object_for_text(),
            _ => Failure::not_convertible(name, "System.Object[]", "System.String"),
        }),
        ParameterType::Flag => match scalar(value).map(|text| text.to_ascii_lowercase()).as_deref() {
            Some("true" | "$true" | "1") => Ok(Bound::Flag(true)),
            Some("false" | "$false" | "0") => Ok(Bound::Flag(false)),
            _ => Err(Failure::not_convertible(name, &value.to_string(), "System.Boolean")),
        },
        ParameterType::Size => match scalar(value).as_deref() {
            Some(text) if text.eq_ignore_ascii_case("unlimited") => Ok(Bound::Size(None)),
            Some(text) => text.parse().map(|size| Bound::Size(Some(size))).map_err(|_| {
                Failure::not_convertible(name, text, "Microsoft.Exchange.Data.Unlimited`1[System.UInt32]")
            }),
            None => Err(Failure::object_for_text()),
        },
        ParameterType::Number => scalar(value)
            .and_then(|text| text.trim().parse().ok())
            .map(Bound::Number)
            .ok_or_else(|| Failure::not_convertible(name, &value.to_string(), "System.Int32")),
        ParameterType::OneOf(kind, names) => {
            let text = scalar(value).ok_or_else(|| Failure::not_convertible(name, "System.Object[]", kind))?;
            enumerator(name, &text, kind, names).map(|text| Bound::Text(text.to_owned()))
        }
        ParameterType::SomeOf(kind, names) => list(name, kind, value)?
            .iter()
            .flat_map(|text| text.split(','))
            .map(|text| enumerator(name, text.trim(), kind, names).map(str::to_owned))
            .collect::<Result<_, _>>()
            .map(Bound::List),
        ParameterType::List => match value {
            Value::Object(table) => edit(name, table),
            _ => list(name, LIST_TYPE, value).map(Bound::List),
        },
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A single value also binds to a list.
fn list(name: &str, kind: &str, value: &Value) -> Result<Vec<String>, Failure> {
    match value {
        Value::Array(items) => items
            .iter()
            .map(|item| match scalar(item) {
                Some(text) if text.trim().is_empty() => Err(Failure::empty_parameter(name)),
                Some(text) => Ok(text),
                None if item.is_null() => Err(Failure::empty_parameter(name)),
                None => Err(Failure::object_for_text()),
            })
            .collect(),
        Value::Object(_) => Err(Failure::untagged(name, kind)),
        single => scalar(single).map(|text| vec![text]).ok_or_else(Failure::object_for_text),
    }
}

fn edit(name: &str, table: &Map<String, Value>) -> Result<Bound, Failure> {
    let tagged =
        table.get("@odata.type").and_then(Value::as_str).is_some_and(|tag| tag == "#Exchange.GenericHashTable");
    if !tagged {
        return Err(Failure::untagged(name, LIST_TYPE));
    }
    let part = |key: &str| {
        table
            .iter()
            .find(|(written, value)| written.eq_ignore_ascii_case(key) && !value.is_null())
            .map_or_else(|| Ok(Vec::new()), |(_, value)| list(name, LIST_TYPE, value))
    };
    let (add, remove) = (part("add")?, part("remove")?);
    // An empty table clears the list.
    if add.is_empty() && remove.is_empty() {
        return Ok(Bound::List(Vec::new()));
    }
    Ok(Bound::Edit { add, remove })
}

fn enumerator<'n>(parameter: &str, text: &str, kind: &str, names: &[&'n str]) -> Result<&'n str, Failure> {
    let lower = text.to_ascii_lowercase();
    if let Some(exact) = names.iter().find(|name| name.eq_ignore_ascii_case(text)) {
        return Ok(exact);
    }
    let mut starting = names.iter().filter(|name| !lower.is_empty() && name.to_ascii_lowercase().starts_with(&lower));
    match (starting.next(), starting.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Failure::not_a_name(parameter, text, kind, names)),
    }
}

impl Arguments {
    pub(crate) fn get(&self, name: &str) -> Option<&Bound> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, bound)| bound)
    }

    /// Sets a switch.
    pub(crate) fn set(&mut self, name: &'static str) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, Bound::Flag(true)));
    }

    /// Text that is there and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Bound::Text(text)) if !text.trim().is_empty() => Some(text),
            _ => None,
        }
    }

    /// Text as it is, be it a single space.
    pub(crate) fn text_as_written(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Bound::Text(text)) => text,
            _ => "",
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Some(Bound::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.flag(name) == Some(true)
    }

    pub(crate) fn list(&self, name: &str) -> Option<&[String]> {
        match self.get(name) {
            Some(Bound::List(list)) => Some(list),
            _ => None,
        }
    }

    /// What a list becomes, or nothing if the list is not to change.
    pub(crate) fn edited(&self, name: &str, list: &[String]) -> Option<Vec<String>> {
        Some(match self.get(name)? {
            Bound::List(list) => list.clone(),
            Bound::Edit { add, remove } => {
                let is = |item: &String, other: &String| item.eq_ignore_ascii_case(other);
                let kept = list.iter().filter(|item| !remove.iter().chain(add).any(|other| is(item, other)));
                kept.chain(add).cloned().collect()
            }
            _ => Vec::new(),
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Bound)> {
        self.0.iter().map(|(name, bound)| (*name, bound))
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Bound::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The name of the first parameter that says what to change.
    pub(crate) fn first_change(&self) -> &'static str {
        self.0
            .iter()
            .map(|(name, _)| *name)
            .find(|name| {
                *name != "Identity"
                    && *name != "BypassSecurityGroupManagerCheck"
                    && COMMON.iter().all(|(common, _)| common != name)
            })
            .unwrap_or("Identity")
    }
}
