//! The PowerShell reading of a command, proven with a grammar of PowerShell: whatever the values are, the line is one
//! command with the expected arguments, and they read back equal.

use exchange_groups::graph_client::exchange::{
    AddMailboxFolderPermission, Cmdlet, FolderRight, Identity, ListChange, MailboxFolder, NewDistributionGroup,
    NewRoleGroup, RawCmdlet, RemoveDistributionGroupMember, SetCalendarProcessing, SetDistributionGroup, SetPlace,
    UpdateDistributionGroupMember,
};
use proptest::prelude::*;
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
    fn command(&self) -> Result<(String, Map<String, Value>), String> {
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

/// Checks the readings of one command against each other.
fn check<C: Cmdlet>(cmdlet: &C) -> Result<(), TestCaseError> {
    let line = cmdlet.powershell().map_err(|error| TestCaseError::fail(error.to_string()))?;
    let odd = line.chars().find(|c| c.is_control() || ('\u{2028}'..='\u{202e}').contains(c));
    prop_assert!(odd.is_none(), "{odd:?} in {line:?}");
    let wire = serde_json::to_value(cmdlet).expect("JSON");
    match Line::parse(&line).command() {
        Ok((name, arguments)) => {
            prop_assert_eq!(name, cmdlet.name());
            prop_assert_eq!(Value::Object(arguments), expected(&wire), "{}", line);
        }
        Err(fault) => return Err(TestCaseError::fail(format!("{fault} in {line:?}"))),
    }
    prop_assert!(!cmdlet.to_string().is_empty());
    Ok(())
}

/// Text made to break out of quotes, and any other.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::select(vec![
        "'",
        "''",
        "\u{2018}",
        "\u{2019}",
        "\u{201a}",
        "\u{201b}",
        "\"",
        "\u{201c}",
        "\u{201d}",
        "$(Remove-Mailbox *)",
        "$x",
        "`",
        "`n",
        "@{",
        "@(",
        "@'",
        "'@",
        "}",
        ")",
        ";",
        "|",
        "||",
        "&",
        "&&",
        "\n",
        "\r\n",
        "\t",
        " ",
        "--%",
        "#",
        "<#",
        "#>",
        "-Confirm:$true",
        ",",
        "\0",
        "\u{1b}[31m",
        "\u{202e}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{200b}",
        "\u{e0041}",
        "%",
        ">",
        "2>&1",
        "[char]10",
        "ö",
        "会議",
        "😀",
        "a",
        "Room 1",
    ]);
    prop_oneof![proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat()), any::<String>(),]
}

fn identity() -> impl Strategy<Value = Identity> {
    hostile().prop_filter_map("an identity is not blank", |text| text.parse::<Identity>().ok())
}

/// Any value that a parameter takes.
fn parameter() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        4 => hostile().prop_map(Value::String),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let list = || proptest::collection::vec(hostile(), 0..4);
    let table = (list(), list(), hostile()).prop_map(|(add, remove, key)| {
        let mut table = json!({ "@odata.type": "#Exchange.GenericHashTable", "Add": add, "Remove": remove });
        if key != "@odata.type" {
            table[key] = json!("x");
        }
        table
    });
    prop_oneof![4 => scalar, 2 => list().prop_map(|list| json!(list)), 2 => table]
}

proptest! {
    #[test]
    fn any_parameter_of_any_cmdlet_reads_back(values in proptest::collection::vec(parameter(), 0..5)) {
        let mut cmdlet = RawCmdlet::<Vec<Value>>::new("Set-Something").unwrap();
        for (index, value) in values.into_iter().enumerate() {
            cmdlet = cmdlet.parameter(format!("Parameter{index}"), value).unwrap();
        }
        check(&cmdlet)?;
    }

    #[test]
    fn typed_cmdlets_read_back(a in identity(), b in identity(), text in hostile(), other in hostile()) {
        check(&RemoveDistributionGroupMember::new(&a, &b))?;
        let change = ListChange::Alter { add: vec![a.clone()], remove: vec![b.clone()] };
        let set = SetDistributionGroup::new(&a).description(&text).mail_tip(&other).owners(change.clone());
        let set = set.send_on_behalf(ListChange::Replace(vec![])).moderators(ListChange::Replace(vec![b.clone()]));
        check(&set.custom_attribute(7, &text).unwrap())?;
        let settings = SetCalendarProcessing::new(&a).book_in_policy(change).additional_response(&text);
        check(&settings.delete_subject(false).booking_window_in_days(90_u32))?;
        let place = SetPlace::new(&a).building(&text).street(&other).floor(-2).capacity(14_u32);
        check(&place.tags(ListChange::Replace(vec![text.clone(), other.clone()])))?;
        check(&NewRoleGroup::new("Room keepers".parse().unwrap()).role(&text).member(&a).description(&other))?;
        check(&NewDistributionGroup::security("rooms".parse().unwrap()).owner(&a).member(&b).description(&text).notes(&other))?;
        if a != b && !a.as_str().eq_ignore_ascii_case(b.as_str()) {
            check(&UpdateDistributionGroupMember::replace_all("g".parse::<Identity>().unwrap(), [&a, &b]).unwrap())?;
        }
        if let Ok(folder) = MailboxFolder::new(a, "\\Calendar") {
            check(&AddMailboxFolderPermission::new(folder, &b, [FolderRight::Reviewer, FolderRight::FolderVisible]))?;
        }
    }

    #[test]
    fn typed_cmdlets_come_back_from_the_wire(a in identity(), text in hostile()) {
        let set = SetDistributionGroup::new(&a).description(&text).mail_tip(&text);
        let back: SetDistributionGroup = serde_json::from_value(serde_json::to_value(&set).unwrap()).unwrap();
        prop_assert_eq!(back, set);
        let settings = SetCalendarProcessing::new(&a).additional_response(&text).allow_conflicts(true);
        let back: SetCalendarProcessing = serde_json::from_value(serde_json::to_value(&settings).unwrap()).unwrap();
        prop_assert_eq!(back, settings);
    }
}

#[test]
fn the_proof_itself_notices_what_it_looks_for() {
    for line in [
        "Get-X -A 'a'; Get-Y",
        "Get-X -A 'a' | Remove-X",
        "Get-X -A $(Get-Y)",
        "Get-X -A \"$x\"",
        "Get-X -A 'a' # comment",
        "Get-X -A 'a\u{2019}; Remove-Y'",
        "Get-X -A",
        "Get-X 'a'",
        "Get-X -A 'a' > file",
    ] {
        let read = Line::parse(line).command();
        let expected = json!({ "A": "a" });
        assert!(
            read.as_ref().is_err() || read != Ok(("Get-X".into(), expected.as_object().unwrap().clone())),
            "{line}"
        );
    }
}

#[test]
fn an_administrator_can_read_the_line() {
    let change = ListChange::Alter { add: vec!["o'neil@contoso.com".parse::<Identity>().unwrap()], remove: vec![] };
    let set = SetDistributionGroup::new("rooms".parse::<Identity>().unwrap()).owners(change);
    assert_eq!(
        set.hidden_from_address_lists(true).powershell().unwrap(),
        "Set-DistributionGroup -Identity 'rooms' -ManagedBy @{Add=@('o''neil@contoso.com')} \
         -HiddenFromAddressListsEnabled:$true -BypassSecurityGroupManagerCheck:$true"
    );
}
