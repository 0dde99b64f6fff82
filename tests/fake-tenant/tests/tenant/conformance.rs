//! The table of cmdlets against Microsoft's cmdlet pages.
//!
//! The pages are not a part of this repository. `CONFORMANCE_DATA` names the folder that holds what was taken from them, in
//! `exchange-parameters.json`; without it there is nothing to check, and the test says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use fake_tenant::{AcceptedParameter, ParameterType, cmdlets};
use serde_json::{Map, Value};

/// Where the table differs from the pages on purpose: cmdlet, parameter, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "Get-OrganizationConfig",
        "RetrieveEwsOperationAccessPolicy",
        "newer than the syntax that the page lists; EwsAllowedAppIDs reads back with it only",
    ),
    ("Get-CASMailbox", "", "the page was read by itself: Exchange Online's parameters of 2026"),
    ("Set-CASMailbox", "", "the page was read by itself: those about protocols and EWS"),
    (
        "Get-ApplicationAccessPolicy",
        "Identity",
        "marked as required on the page, which also documents the call without it",
    ),
    ("Get-ManagementRole", "Identity", "marked as required on the page, whose first example lists all roles"),
    ("New-ServicePrincipal", "ServiceId", "deprecated: the page tells to use ObjectId in its place"),
    ("Add-DistributionGroupMember", "Member", "optional on the page; a command that names nobody has nothing to do"),
    ("Remove-DistributionGroupMember", "Member", "optional on the page; a command that names nobody has nothing to do"),
    ("Update-DistributionGroupMember", "Members", "optional on the page; what it does without is not documented"),
    (
        "New-ApplicationAccessPolicy",
        "AccessRight",
        "the page has the type of the identity there, and names RestrictAccess and DenyAccess as its values",
    ),
];

/// Types whose values the table lists under another name, or that the pages do not spell as a type.
const SAME: &[(&str, &str)] = &[("<ResourceBookingType>", "BookingType")];

fn excepted(cmdlet: &str, parameter: &str) -> bool {
    EXCEPTIONS.iter().any(|(known, of, _)| *known == cmdlet && (of.is_empty() || *of == parameter))
}

/// Whether a parameter takes what Microsoft's type says.
fn agrees(takes: ParameterType, kind: &str) -> bool {
    let kind = SAME.iter().find(|(written, _)| *written == kind).map_or(kind, |(_, same)| same);
    let plain = kind.rsplit(['.', '+']).next().unwrap_or(kind);
    let (plain, plural) = match plain.strip_suffix("[]") {
        Some(item) => (item, true),
        None => (plain, plain == "MultiValuedProperty" || plain == "ProxyAddressCollection"),
    };
    match takes {
        ParameterType::Flag => matches!(plain, "SwitchParameter" | "Boolean"),
        ParameterType::Number => matches!(plain, "Int16" | "Int32" | "Int64" | "UInt32"),
        ParameterType::Size => plain == "Unlimited",
        ParameterType::List => plural,
        ParameterType::OneOf(named, _) => named.rsplit('.').next() == Some(plain) && !plural,
        // Flags are one value of several names.
        ParameterType::SomeOf(named, _) => named.rsplit('.').next() == Some(plain),
        ParameterType::Text => {
            !plural && !matches!(plain, "SwitchParameter" | "Boolean" | "Unlimited" | "Int16" | "Int32" | "UInt32")
        }
        _ => false,
    }
}

/// Whether a page wants a parameter in every one of its parameter sets.
fn always_required(page: &Value, parameter: &str) -> bool {
    let listed = |set: &Value| set.as_array().is_some_and(|set| set.iter().any(|name| name == parameter));
    page["parameters"][parameter]["required"] == true
        && page["parameterSets"].as_object().is_some_and(|sets| sets.values().all(listed))
}

struct Check<'p> {
    page: &'p Value,
    cmdlet: &'static str,
    differences: Vec<String>,
    checked: usize,
}

impl Check<'_> {
    fn parameter(&mut self, parameter: &AcceptedParameter) {
        let (cmdlet, name) = (self.cmdlet, parameter.name);
        if excepted(cmdlet, name) {
            return;
        }
        self.checked += 1;
        let Some(written) = self.page["parameters"].get(name) else {
            self.differences.push(format!("{cmdlet} -{name}: not on the page"));
            return;
        };
        let kind = written["type"].as_str().unwrap_or_default();
        if !agrees(parameter.takes, kind) {
            self.differences.push(format!("{cmdlet} -{name}: {kind} on the page, {:?} here", parameter.takes));
        }
        if written["online"] == false {
            self.differences.push(format!("{cmdlet} -{name}: on premises only"));
        }
        if parameter.required && written["required"] != true {
            self.differences.push(format!("{cmdlet} -{name}: required here and not on the page"));
        }
        if !parameter.required && always_required(self.page, name) {
            self.differences.push(format!("{cmdlet} -{name}: required on the page and not here"));
        }
    }
}

fn pages() -> Option<Map<String, Value>> {
    let folder = std::env::var_os("CONFORMANCE_DATA").map(PathBuf::from)?;
    let text = std::fs::read_to_string(folder.join("exchange-parameters.json")).expect("the pages can be read");
    match serde_json::from_str::<Value>(&text).expect("the pages are JSON")["cmdlets"].take() {
        Value::Object(pages) => Some(pages),
        other => panic!("cmdlets is {other}"),
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "what was checked is a part of the result")]
fn the_table_of_cmdlets_is_that_of_the_cmdlet_pages_conformance() {
    let Some(pages) = pages() else {
        println!("CONFORMANCE_DATA does not name a folder with exchange-parameters.json: nothing is checked");
        return;
    };
    let mut differences = Vec::new();
    let (mut known, mut checked) = (0, 0);
    let mut missing = BTreeMap::new();
    for cmdlet in cmdlets() {
        let Some(page) = pages.get(cmdlet.name) else {
            if !excepted(cmdlet.name, "") {
                differences.push(format!("{}: no page", cmdlet.name));
            }
            continue;
        };
        known += 1;
        let mut check = Check { page, cmdlet: cmdlet.name, differences: Vec::new(), checked: 0 };
        for parameter in &cmdlet.parameters {
            check.parameter(parameter);
        }
        checked += check.checked;
        differences.extend(check.differences);
        let accepted: BTreeSet<&str> = cmdlet.parameters.iter().map(|parameter| parameter.name).collect();
        let left_out = page["parameters"].as_object().into_iter().flatten().filter(|(name, written)| {
            !accepted.contains(name.as_str())
                && written["online"] == true
                && !matches!(name.as_str(), "Confirm" | "WhatIf" | "DomainController" | "Credential")
        });
        missing.insert(cmdlet.name, left_out.count());
    }
    println!(
        "{known} cmdlets and {checked} of their parameters agree with the pages but for {} differences, {} exceptions \
         aside; {} parameters of Exchange Online are not accepted; {} cmdlets with a page are not answered",
        differences.len(),
        EXCEPTIONS.len(),
        missing.values().sum::<usize>(),
        pages.len() - known,
    );
    for (cmdlet, parameter, reason) in EXCEPTIONS {
        println!("exception: {cmdlet} {parameter}: {reason}");
    }
    assert!(checked > 300, "the pages are those of Exchange");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What holds without the pages.
#[test]
fn the_table_of_cmdlets_names_everything_once() {
    let mut names = BTreeSet::new();
    for cmdlet in cmdlets() {
        assert!(names.insert(cmdlet.name), "{} twice", cmdlet.name);
        let mut parameters = BTreeSet::new();
        for parameter in &cmdlet.parameters {
            assert!(parameters.insert(parameter.name.to_lowercase()), "{} -{} twice", cmdlet.name, parameter.name);
        }
    }
    assert!(names.contains("Set-CASMailbox") && names.contains("Get-MailboxPermission"));
}
