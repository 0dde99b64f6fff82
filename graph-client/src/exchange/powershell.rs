//! The PowerShell reading of a command: one line that can be pasted, made from the JSON that goes on the wire.

use std::fmt::{self, Write};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::Cmdlet;
use crate::error::Result;
use crate::ids::InvalidValue;

/// A parameter of a command with its value, as an expression of PowerShell.
///
/// The expression is of ASCII characters alone, so that a script file means the same in every version of PowerShell,
/// whatever encoding it is read in. No value can end its string or begin another expression.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PowerShellArgument {
    /// The parameter, without its hyphen.
    pub parameter: String,
    /// The value.
    pub value: String,
}

/// The arguments of a command, in the order of the wire.
pub(super) fn arguments<C: Cmdlet>(cmdlet: &C) -> Result<Vec<PowerShellArgument>> {
    let arguments = parameters(cmdlet)?.into_iter();
    Ok(arguments.map(|(parameter, value)| PowerShellArgument { parameter, value: format!("{value:#}") }).collect())
}

/// A text as an expression of PowerShell: a string in single quotes, in which nothing has a meaning, or a sum of such
/// strings and numbers of characters. It is of ASCII characters alone and on one line.
///
/// ```
/// use graph_client::exchange::powershell_text;
///
/// assert_eq!(powershell_text("Director's $room"), "'Director''s $room'");
/// assert_eq!(powershell_text("K\u{f6}ln"), "('K' + [char]246 + 'ln')");
/// ```
#[must_use]
pub fn powershell_text(text: &str) -> String {
    struct Text<'a>(&'a str);

    impl fmt::Display for Text<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_text(f, self.0)
        }
    }

    format!("{:#}", Text(text))
}

/// The line for a command, such as `Remove-DistributionGroup -Identity 'rooms' -Confirm:$false`.
pub(super) fn line<C: Cmdlet>(cmdlet: &C) -> Result<String> {
    let mut line = cmdlet.name().to_owned();
    for (parameter, value) in &parameters(cmdlet)? {
        // A switch takes its value behind a colon alone; what holds for one holds for a Boolean.
        let separator = if matches!(value, Node::Flag(_)) { ':' } else { ' ' };
        // Writing to a string does not fail.
        let _ = write!(line, " -{parameter}{separator}{value}");
    }
    Ok(line)
}

/// The parameters of a command whose names are those of PowerShell.
fn parameters<C: Cmdlet>(cmdlet: &C) -> Result<Vec<(String, Node)>> {
    let invalid = |field: &'static str, value: &str, rule: &'static str| InvalidValue::new(field, value, rule);
    let name = cmdlet.name();
    if !is_cmdlet_name(name) {
        return Err(invalid("cmdlet", name, CMDLET_RULE).into());
    }
    let wire = serde_json::to_string(cmdlet)
        .and_then(|text| serde_json::from_str::<Node>(&text))
        .map_err(|_| invalid("parameters", name, "must serialise to JSON"))?;
    let parameters = match wire {
        Node::Table(entries) => entries,
        Node::Null => Vec::new(),
        _ => return Err(invalid("parameters", name, "must serialise to an object").into()),
    };
    match parameters.iter().find(|(parameter, _)| !is_parameter_name(parameter)) {
        Some((parameter, _)) => Err(invalid("parameter", parameter, PARAMETER_RULE).into()),
        None => Ok(parameters),
    }
}

pub(super) const CMDLET_RULE: &str = "must have the form Verb-Noun, of letters and digits";
pub(super) const PARAMETER_RULE: &str = "must begin with a letter and hold letters and digits alone";

pub(super) fn is_cmdlet_name(text: &str) -> bool {
    text.split_once('-').is_some_and(|(verb, noun)| {
        !verb.is_empty() && verb.chars().all(|c| c.is_ascii_alphabetic()) && is_parameter_name(noun)
    })
}

pub(super) fn is_parameter_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// JSON that keeps the order of its members.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Null,
    Flag(bool),
    Number(Number),
    Text(String),
    List(Vec<Self>),
    Table(Vec<(String, Self)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Nodes;

        impl<'de> Visitor<'de> for Nodes {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> std::result::Result<Node, E> {
                Ok(Node::Null)
            }

            fn visit_bool<E>(self, value: bool) -> std::result::Result<Node, E> {
                Ok(Node::Flag(value))
            }

            fn visit_i64<E>(self, value: i64) -> std::result::Result<Node, E> {
                Ok(Node::Number(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> std::result::Result<Node, E> {
                Ok(Node::Number(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> std::result::Result<Node, E> {
                Ok(Number::from_f64(value).map_or(Node::Null, Node::Number))
            }

            fn visit_str<E>(self, value: &str) -> std::result::Result<Node, E> {
                Ok(Node::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Node, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Node::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> std::result::Result<Node, A::Error> {
                let mut table = Vec::new();
                while let Some(member) = members.next_entry()? {
                    table.push(member);
                }
                Ok(Node::Table(table))
            }
        }

        deserializer.deserialize_any(Nodes)
    }
}

/// The member of a table on the wire that tells Exchange's types.
const TYPE: &str = "@odata.type";

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("$null"),
            Self::Flag(value) => write!(f, "${value}"),
            // A number with a sign looks like the name of a parameter.
            Self::Number(number) if number.to_string().starts_with('-') => write!(f, "({number})"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write_text(f, text),
            Self::List(items) => {
                f.write_str("@(")?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_char(',')?;
                    }
                    item.fmt(f)?;
                }
                f.write_char(')')
            }
            Self::Table(members) => write_table(f, members),
        }
    }
}

fn write_table(f: &mut fmt::Formatter<'_>, members: &[(String, Node)]) -> fmt::Result {
    let is_type = |name: &str| members.iter().any(|(key, value)| key == TYPE && *value == Node::Text(name.to_owned()));
    let shown: Vec<_> = members.iter().filter(|(key, _)| key != TYPE).collect();
    if is_type("#Exchange.ByteArrayType")
        && let [(_, Node::Text(data))] = &*shown
    {
        f.write_str("([System.Convert]::FromBase64String(")?;
        write_text(f, data)?;
        return f.write_str("))");
    }
    if is_type("#Exchange.GenericHashTable") && shown.is_empty() {
        // On the wire an empty table clears a property; in PowerShell nothing does.
        return f.write_str("$null");
    }
    f.write_str("@{")?;
    for (index, (key, value)) in shown.into_iter().enumerate() {
        if index > 0 {
            f.write_char(';')?;
        }
        match &**key {
            "Add" | "Remove" => f.write_str(key)?,
            key => write_text(f, key)?,
        }
        f.write_char('=')?;
        fmt::Display::fmt(value, f)?;
    }
    f.write_char('}')
}

/// A string in single quotes, in which nothing has a meaning but the quote itself. PowerShell takes four typographic
/// characters for it as well; each is written twice.
///
/// What a terminal acts on, or a reader cannot see, is written as a number: `('one' + [char]10 + 'two')`. In the alternate
/// form that holds for all that is not ASCII.
fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let is_ascii_only = f.alternate();
    let is_unsafe = |c: char| is_unsafe(c) || (is_ascii_only && !c.is_ascii());
    if !text.chars().any(is_unsafe) {
        f.write_char('\'')?;
        write_quoted(f, text)?;
        return f.write_char('\'');
    }
    f.write_str("('")?;
    let mut is_open = true;
    for c in text.chars() {
        if is_unsafe(c) {
            if is_open {
                f.write_char('\'')?;
                is_open = false;
            }
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(f, " + [char]{unit}")?;
            }
        } else {
            if !is_open {
                f.write_str(" + '")?;
                is_open = true;
            }
            write_quoted(f, c.encode_utf8(&mut [0; 4]))?;
        }
    }
    f.write_str(if is_open { "')" } else { ")" })
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for c in text.chars() {
        if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
            f.write_char(c)?;
        }
        f.write_char(c)?;
    }
    Ok(())
}

/// Control characters, line ends, and characters without a width of their own, which may show a line other than it is.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> String {
        serde_json::from_str::<Node>(json).unwrap().to_string()
    }

    #[test]
    fn every_kind_of_value_has_its_form() {
        for (json, form) in [
            ("true", "$true"),
            ("null", "$null"),
            ("14", "14"),
            ("-5", "(-5)"),
            (r#""rooms""#, "'rooms'"),
            ("[]", "@()"),
            (r#"["a","b"]"#, "@('a','b')"),
            (r##"{"@odata.type":"#Exchange.GenericHashTable","Add":"x","Remove":["y"]}"##, "@{Add='x';Remove=@('y')}"),
            (r##"{"@odata.type":"#Exchange.GenericHashTable"}"##, "$null"),
            (
                r##"{"@odata.type":"#Exchange.ByteArrayType","Data":"AAE="}"##,
                "([System.Convert]::FromBase64String('AAE='))",
            ),
        ] {
            assert_eq!(shown(json), form);
        }
    }

    #[test]
    fn quotes_are_doubled_and_unseen_characters_are_numbers() {
        assert_eq!(shown(r#""Director's \u2019room\u2018""#), "'Director''s \u{2019}\u{2019}room\u{2018}\u{2018}'");
        assert_eq!(shown(r#""$(Remove-Item *)`n""#), "'$(Remove-Item *)`n'");
        assert_eq!(shown(r#""one\r\ntwo""#), "('one' + [char]13 + [char]10 + 'two')");
        assert_eq!(shown(r#""\u0000""#), "('' + [char]0)");
        assert_eq!(shown(r#""\u202e'x'""#), "('' + [char]8238 + '''x''')");
    }

    #[test]
    fn a_script_is_ascii() {
        let node: Node = serde_json::from_str(r#"{"Add":["K\u00f6ln \ud83d\ude00", "it\u2019s"]}"#).unwrap();
        assert_eq!(
            format!("{node:#}"),
            "@{Add=@(('K' + [char]246 + 'ln ' + [char]55357 + [char]56832),('it' + [char]8217 + 's'))}"
        );
    }
}
