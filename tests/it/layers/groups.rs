//! The layers of `exchange-groups`, from the bottom up.

use super::sources::Sources;
use super::{Layers, faults, graph_client};

const EXCHANGE_GROUPS: Layers = &[
    ("text", &[]),
    ("names", &[]),
    ("document", &[]),
    ("spec", &["names", "text"]),
    ("trace", &["spec"]),
    ("groups", &[]),
    ("access", &["names", "text"]),
    ("change", &["names"]),
    ("finding", &["change", "names"]),
    ("outcome", &["change"]),
    ("event", &["access", "change", "document", "names", "outcome"]),
    ("control", &["event"]),
    ("error", &["change", "document", "finding", "names", "spec", "text"]),
    ("credentials", &["document", "error", "finding", "groups", "names", "text"]),
    ("membership", &["names", "spec", "text"]),
    ("additions", &["document", "error", "finding", "groups", "membership", "spec", "text"]),
    ("restriction", &["access", "spec"]),
    ("observe", &["access", "document", "error", "groups", "membership", "names", "restriction", "spec", "text"]),
    ("reach", &["access", "document", "error", "groups", "names", "observe", "text"]),
    ("explain", &["access", "error", "finding", "groups", "names", "observe", "text"]),
    ("select", &["access", "membership", "observe", "spec"]),
    (
        "registration",
        &[
            "access",
            "credentials",
            "document",
            "error",
            "finding",
            "groups",
            "names",
            "observe",
            "outcome",
            "spec",
            "text",
        ],
    ),
    (
        "sharing",
        &[
            "additions",
            "document",
            "error",
            "finding",
            "groups",
            "membership",
            "names",
            "observe",
            "outcome",
            "select",
            "spec",
            "text",
        ],
    ),
    ("survey", &["access", "document", "error", "groups", "names", "observe", "select", "spec", "text"]),
    ("access_findings", &["access", "change", "finding", "membership", "observe", "restriction", "spec", "text"]),
    (
        "plan",
        &[
            "access",
            "access_findings",
            "change",
            "document",
            "error",
            "finding",
            "groups",
            "membership",
            "observe",
            "restriction",
            "select",
            "spec",
            "text",
            "trace",
        ],
    ),
    (
        "preflight",
        &["change", "document", "finding", "groups", "names", "observe", "plan", "restriction", "spec", "text"],
    ),
    (
        "drift",
        &[
            "access",
            "access_findings",
            "change",
            "document",
            "error",
            "finding",
            "groups",
            "membership",
            "names",
            "observe",
            "plan",
            "restriction",
            "spec",
            "text",
        ],
    ),
    ("script", &["access", "change", "document", "membership", "plan", "spec"]),
    (
        "apply",
        &[
            "access",
            "change",
            "control",
            "document",
            "error",
            "event",
            "finding",
            "groups",
            "membership",
            "observe",
            "outcome",
            "plan",
            "restriction",
            "spec",
            "text",
            "trace",
        ],
    ),
    (
        "prove",
        &[
            "access",
            "access_findings",
            "change",
            "control",
            "document",
            "error",
            "event",
            "finding",
            "groups",
            "membership",
            "names",
            "observe",
            "plan",
            "restriction",
            "spec",
            "text",
            "trace",
        ],
    ),
    (
        "monitor",
        &[
            "access",
            "change",
            "document",
            "drift",
            "error",
            "finding",
            "groups",
            "names",
            "observe",
            "plan",
            "restriction",
            "spec",
            "text",
        ],
    ),
    ("evidence", &["access", "credentials", "document", "finding", "names", "prove", "spec", "text"]),
    (
        "procedure",
        &[
            "access",
            "apply",
            "change",
            "control",
            "document",
            "error",
            "event",
            "finding",
            "groups",
            "membership",
            "names",
            "observe",
            "outcome",
            "plan",
            "prove",
            "restriction",
            "script",
            "select",
            "spec",
            "text",
        ],
    ),
    (
        "placeos",
        &[
            "access",
            "change",
            "control",
            "credentials",
            "document",
            "error",
            "finding",
            "groups",
            "membership",
            "names",
            "observe",
            "outcome",
            "procedure",
            "prove",
            "registration",
            "select",
            "spec",
            "text",
        ],
    ),
];

fn exchange_groups() -> Sources {
    Sources::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../exchange-groups/src"))
}

#[test]
fn the_modules_of_exchange_groups_import_downwards_only() {
    assert_eq!(faults(&exchange_groups(), EXCHANGE_GROUPS), Vec::<String>::new());
}

#[test]
fn the_layers_are_listed_from_the_bottom_up_and_leave_no_module_out() {
    for (at, (module, allowed)) in EXCHANGE_GROUPS.iter().enumerate() {
        let below: Vec<&str> = EXCHANGE_GROUPS[..at].iter().map(|(module, _)| *module).collect();
        for import in *allowed {
            assert!(below.contains(import), "{module} may import {import}, which is not below it");
        }
    }
    let layered: Vec<&str> = EXCHANGE_GROUPS.iter().map(|(module, _)| *module).collect();
    for module in exchange_groups().modules.iter().map(|module| super::top(module)).filter(|it| !it.is_empty()) {
        assert!(layered.contains(&module), "{module} has no layer");
    }
}

#[test]
fn no_two_files_of_exchange_groups_import_each_other_not_even_through_others() {
    assert_eq!(super::file_circles(&exchange_groups()), Vec::<Vec<String>>::new());
}

#[test]
fn a_circle_between_files_of_one_module_is_found() {
    let sources = exchange_groups().with("access/row.rs", "use super::table::ROWS;");
    let circles = super::file_circles(&sources);
    assert_eq!(circles, [["access::row", "access::table"]]);
}

#[test]
fn an_import_against_the_layers_of_exchange_groups_is_found() {
    for import in ["use crate::plan::Plan;", "fn f() { crate::groups::ExchangeGroups::new(); }"] {
        let faults = faults(&exchange_groups().with("membership.rs", import), EXCHANGE_GROUPS);
        assert!(faults.iter().any(|fault| fault.contains("membership may not import")), "{import}: {faults:?}");
    }
    let faults = faults(&exchange_groups().with("plan/steps.rs", "use crate::Finding;"), EXCHANGE_GROUPS);
    assert!(faults.iter().any(|fault| fault.contains("crate::Finding")), "{faults:?}");
}

/// A product's name stands in its profile, in the module that speaks to its API, and in the documentation. Data of tests is
/// no text of the crates.
#[test]
fn the_name_of_a_product_stands_in_its_profile_and_its_module_only() {
    // Messages of `graph-client` and the sample application of the fake tenant are not about a profile.
    const EXCEPTIONS: [&str; 3] =
        ["exchange-groups/src/spec/profile.rs", "graph-client/src/graph/error.rs", "fake-tenant/src/contoso.rs"];

    let fake_tenant = Sources::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fake-tenant/src"));
    let crates =
        [("exchange-groups", exchange_groups()), ("graph-client", graph_client()), ("fake-tenant", fake_tenant)];
    let mut found = Vec::new();
    for (name, sources) in &crates {
        for (file, line, text) in sources.lines() {
            let place = format!("{name}/src/{file}");
            let is_documentation = text.trim_start().starts_with("//");
            // The shorthand and addresses are names in code, and no words.
            let is_of_product = EXCEPTIONS.contains(&&*place) || place.starts_with("exchange-groups/src/placeos/");
            if text.contains("PlaceOS") && !is_documentation && !is_of_product {
                found.push(format!("{place}:{line}: {}", text.trim()));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}
