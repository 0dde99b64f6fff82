//! PowerShell as its grammar reads it: the value of an expression, and the one command of a line.

use serde_json::{Map, Value, json};
use tree_sitter::{Node, Parser, Tree};

/// A line in two forms: as it is, and as the grammar reads it. PowerShell takes four typographic characters for a
/// single quote, which the grammar does not know; both forms have the same characters otherwise.
pub(crate) struct Line {
    characters: Vec<char>,
    plain: String,
    pub(crate) tree: Tree,
}

/// The value of an expression. Text is in the units of .NET, as numbers may stand for halves of a character.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Read {
    Text(Vec<u16>),
    Other(Value),
}

impl Line {
    pub(crate) fn parse(line: &str) -> Self {
        let plain = line.replace(['\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'], "'");
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).expect("a grammar that fits the parser");
        let tree = parser.parse(&plain, None).expect("a tree");
        Self { characters: line.chars().collect(), plain, tree }
    }

    /// What the line has where the grammar sees `node`.
    pub(crate) fn text(&self, node: Node<'_>) -> String {
        let start = self.plain[..node.start_byte()].chars().count();
        let length = self.plain[node.byte_range()].chars().count();
        self.characters[start..start + length].iter().collect()
    }

    /// The only command of the line: its name and its arguments.
    pub(crate) fn command(&self) -> Result<(String, Map<String, Value>), String> {
        let root = self.tree.root_node();
        if root.has_error() {
            return Err(format!("the grammar sees an error: {}", root.to_sexp()));
        }
        let commands = find(root, "command");
        let [command] = &*commands else { return Err(format!("{} commands", commands.len())) };
        if find(root, "pipeline_chain_tail").len()
            + find(root, "redirection").len()
            + find(root, "sub_expression").len()
            > 0
            || find(root, "script_block").len() + find(root, "expandable_string_literal").len() > 0
            || find(root, "comment").len() + find(root, "stop_parsing").len() + find(root, "generic_token").len() > 0
            || command.end_byte() != self.plain.len()
        {
            return Err("something else than one command with plain arguments".into());
        }
        let name = command.child_by_field_name("command_name").ok_or("no name")?;
        let mut arguments = Map::new();
        let mut parameter = None;
        let elements = command.child_by_field_name("command_elements");
        for element in elements.map(children).unwrap_or_default() {
            match element.kind() {
                "command_argument_sep" => {}
                "command_parameter" => {
                    if let Some(earlier) = parameter.replace(self.text(element)) {
                        return Err(format!("{earlier} has no value"));
                    }
                }
                _ => {
                    let name = parameter.take().ok_or("a value without a parameter")?;
                    let name = name.trim_start_matches('-').trim_end_matches(':').to_owned();
                    arguments.insert(name, json_of(self.value(element)?)?);
                }
            }
        }
        Ok((self.text(name), arguments))
    }

    pub(crate) fn value(&self, node: Node<'_>) -> Result<Read, String> {
        let children = children(node);
        match node.kind() {
            "string_literal" => Ok(Read::Text(unquoted(&self.text(node))?.encode_utf16().collect())),
            "variable" => match &*self.text(node) {
                "$true" => Ok(Read::Other(json!(true))),
                "$false" => Ok(Read::Other(json!(false))),
                "$null" => Ok(Read::Other(Value::Null)),
                other => Err(format!("the variable {other}")),
            },
            "integer_literal" | "real_literal" => {
                serde_json::from_str(&self.text(node)).map(Read::Other).map_err(|error| error.to_string())
            }
            "array_expression" => {
                let mut inner = children.first().copied();
                while let Some(node) = inner.filter(|node| node.kind() != "array_literal_expression") {
                    inner = node.named_child(0);
                }
                let items = inner.map(self::children).unwrap_or_default();
                let items = items.into_iter().map(|item| json_of(self.value(item)?));
                Ok(Read::Other(Value::Array(items.collect::<Result<_, String>>()?)))
            }
            "hash_literal_expression" => {
                let mut table = Map::new();
                for entry in find(node, "hash_entry") {
                    let parts = self::children(entry);
                    let [key, value] = &*parts else { return Err("an entry of another form".into()) };
                    let key = match key.named_child(0).filter(|inner| inner.kind() != "simple_name") {
                        Some(text) => json_of(self.value(text)?)?.as_str().map(str::to_owned).ok_or("a key")?,
                        None => self.text(*key),
                    };
                    table.insert(key, json_of(self.value(*value)?)?);
                }
                Ok(Read::Other(Value::Object(table)))
            }
            "additive_expression" if children.len() == 2 => {
                match (self.value(children[0])?, self.value(children[1])?) {
                    (Read::Text(mut one), Read::Text(other)) => {
                        one.extend(other);
                        Ok(Read::Text(one))
                    }
                    _ => Err("a sum of something else than text".into()),
                }
            }
            "cast_expression" => {
                let unit = self.text(node).strip_prefix("[char]").and_then(|unit| unit.parse::<u16>().ok());
                unit.map(|unit| Read::Text(vec![unit])).ok_or_else(|| "a cast to something else".into())
            }
            "expression_with_unary_operator" if self.text(node).starts_with('-') => {
                serde_json::from_str(&self.text(node)).map(Read::Other).map_err(|error| error.to_string())
            }
            "array_literal_expression" | "parenthesized_expression" if children.len() != 1 => {
                Err("several values".into())
            }
            kind => match &*children {
                [only] => self.value(*only),
                _ => Err(format!("a node of kind {kind}")),
            },
        }
    }
}

pub(crate) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    (0..node.named_child_count()).filter_map(|index| node.named_child(index)).collect()
}

pub(crate) fn find<'a>(node: Node<'a>, kind: &str) -> Vec<Node<'a>> {
    let mut found = if node.kind() == kind { vec![node] } else { Vec::new() };
    for child in children(node) {
        found.extend(find(child, kind));
    }
    found
}

pub(crate) fn json_of(read: Read) -> Result<Value, String> {
    match read {
        Read::Text(units) => String::from_utf16(&units).map(Value::String).map_err(|error| error.to_string()),
        Read::Other(value) => Ok(value),
    }
}

/// As PowerShell's tokenizer reads a string in single quotes: two quotes of any kind stand for the second of them.
fn unquoted(quoted: &str) -> Result<String, String> {
    let is_quote = |c: char| matches!(c, '\'' | '\u{2018}'..='\u{201b}');
    let inner = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).ok_or("not in quotes")?;
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        if is_quote(c) {
            text.push(characters.next().filter(|c| is_quote(*c)).ok_or("a quote that ends the string")?);
        } else {
            text.push(c);
        }
    }
    Ok(text)
}

/// What a line must say for a value on the wire.
pub(crate) fn expected(wire: &Value) -> Value {
    match wire {
        Value::Array(items) => items.iter().map(expected).collect(),
        Value::Object(table) => {
            let is_table = table.get("@odata.type") == Some(&json!("#Exchange.GenericHashTable"));
            let members: Map<String, Value> = table
                .iter()
                .filter(|(key, _)| *key != "@odata.type")
                .map(|(key, value)| (key.clone(), expected(value)))
                .collect();
            if is_table && members.is_empty() { Value::Null } else { Value::Object(members) }
        }
        other => other.clone(),
    }
}
