//! The PowerShell reading of a command, proven with a grammar of PowerShell: whatever the values are, the line is one
//! command with the expected arguments, and they read back equal.

use exchange_groups::graph_client::exchange::{
    AddMailboxFolderPermission, Cmdlet, FolderRight, Identity, ListChange, MailboxFolder, NewDistributionGroup,
    NewRoleGroup, RawCmdlet, RemoveDistributionGroupMember, SetCalendarProcessing, SetDistributionGroup, SetPlace,
    UpdateDistributionGroupMember,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::powershell_reader::{Line, expected};

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
