//! PowerShell: whatever a text is, it stays a text.

use std::sync::LazyLock;

use exchange_groups::{Origin, Script, ScriptHeader};
use graph_client::exchange::{Cmdlet as _, RawCmdlet, powershell_text};
use serde_json::{Value, json};

use crate::powershell_reader::{Line, expected, find};

pub(crate) fn powershell_argument(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let expression = powershell_text(text);
    assert!(expression.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{expression:?}");
    let line = format!("Set-Thing -Value {expression}");
    let read = Line::parse(&line).command().unwrap_or_else(|fault| panic!("{fault} in {line:?}"));
    assert_eq!(Value::Object(read.1), json!({ "Value": text }));

    let change = json!({ "@odata.type": "#Exchange.GenericHashTable", "Add": [text, text], "Remove": text });
    let cmdlet = RawCmdlet::<()>::new("Set-Thing").expect("a cmdlet");
    let cmdlet = cmdlet.parameter("Value", text).and_then(|it| it.parameter("Change", change)).expect("parameters");
    let line = cmdlet.powershell().expect("a line");
    assert!(!line.chars().any(char::is_control), "{line:?}");
    let (name, arguments) = Line::parse(&line).command().unwrap_or_else(|fault| panic!("{fault} in {line:?}"));
    assert_eq!(name, "Set-Thing");
    assert_eq!(Value::Object(arguments), expected(&serde_json::to_value(&cmdlet).expect("JSON")), "{line}");
}

/// The commands of a script, in which a text stands wherever a header takes one.
fn commands(text: &str) -> Vec<String> {
    let origin: Origin = serde_json::from_value(json!({
        "format": 1, "tenant": text, "made_at": text, "software": text,
    }))
    .expect("an origin");
    let application = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse().expect("an id");
    let mut header = ScriptHeader::new(text, origin, application);
    header.application_name = Some(text.to_owned());
    header.digest = Some(text.into());
    header.reached = vec![text.to_owned()];
    header.addresses = [(text.to_owned(), text.to_owned())].into();
    header.restriction = Some(exchange_groups::Restriction::Rbac);
    let script = Script::new(&header, &[]).exchange;
    assert!(script.chars().all(|c| matches!(c, ' ' | '\n') || c.is_ascii_graphic()), "{script}");
    let line = Line::parse(&script);
    let root = line.tree.root_node();
    assert!(!root.has_error(), "the grammar sees an error: {script}");
    let names = find(root, "command").into_iter().filter_map(|it| it.child_by_field_name("command_name"));
    names.map(|name| line.text(name)).collect()
}

pub(crate) fn powershell_script(bytes: &[u8]) {
    static PLAIN: LazyLock<Vec<String>> = LazyLock::new(|| commands("plain"));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    assert_eq!(commands(text), *PLAIN, "a text became a command");
}
