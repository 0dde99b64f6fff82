//! The layers of the crates point one way: which module may import which, and that none imports in a circle.
//!
//! The sources are read as tokens and every path is followed through the re-exports, so that a name that a module takes
//! from `crate::graph` counts for the file that defines it.

mod groups;
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use self::sources::{Import, Sources};

/// What a module may import besides itself and what is inside it.
type Layers = &'static [(&'static str, &'static [&'static str])];

/// From the bottom up. `graph` and `exchange` stand beside each other.
const GRAPH_CLIENT: Layers = &[
    ("text", &[]),
    ("redact", &[]),
    ("time", &["text"]),
    ("ids", &["text"]),
    ("kinds", &["ids"]),
    ("cloud", &["ids", "kinds"]),
    ("well_known", &["ids"]),
    ("error", &["ids", "kinds", "redact", "text"]),
    ("http", &["cloud", "error", "ids", "redact", "text", "time"]),
    ("auth", &["cloud", "error", "http", "ids", "kinds", "redact", "text", "time"]),
    ("pipeline", &["auth", "cloud", "error", "http", "ids", "redact", "text"]),
    ("config", &["cloud", "error", "http", "ids"]),
    ("client", &["auth", "cloud", "config", "error", "http", "ids", "pipeline"]),
    ("operation", &["client", "error", "http", "ids"]),
    (
        "graph",
        &["client", "cloud", "error", "http", "ids", "kinds", "operation", "pipeline", "text", "time", "well_known"],
    ),
    (
        "exchange",
        &["client", "cloud", "error", "http", "ids", "kinds", "operation", "pipeline", "text", "time", "well_known"],
    ),
];

/// Where a layer of its own lies inside a module: what is inside the first may import the second, not the other way.
const INSIDE: &[(&str, &[&str])] = &[
    ("graph", &["devices", "directory", "kinds", "outlook", "places", "subscriptions", "teamwork"]),
    ("exchange", &["cmdlets", "kinds"]),
];

/// Why the sources do not keep the layers. Empty if they do.
fn faults(sources: &Sources, layers: Layers) -> Vec<String> {
    let mut faults = sources.unresolved.clone();
    for import in &sources.imports {
        let (from, to) = (top(&import.from), top(&import.to));
        if from.is_empty() {
            continue;
        }
        if from == to {
            if part(&import.from) == from && part(&import.to) != to && !import.is_facade {
                faults.push(format!("{}:{}: {from} may not import {}", import.file, import.line, import.to));
            }
            continue;
        }
        match layers.iter().find(|(module, _)| *module == from) {
            None => faults.push(format!("{from} has no layer")),
            Some((_, allowed)) if !allowed.contains(&to) => {
                faults.push(format!("{}:{}: {from} may not import {to} ({})", import.file, import.line, import.to));
            }
            Some(_) => {}
        }
    }
    faults.extend(circles(&sources.imports).into_iter().map(|circle| format!("a circle: {}", circle.join(" ↔ "))));
    faults
}

fn top(module: &str) -> &str {
    module.split("::").next().unwrap_or_default()
}

/// The part of a crate that takes part in circles as one: a folder of resources or cmdlets, a module, or the machinery of
/// a module that has such folders.
fn part(module: &str) -> String {
    let mut segments = module.split("::");
    let first = segments.next().unwrap_or_default();
    let Some((_, folders)) = INSIDE.iter().find(|(outer, _)| *outer == first) else { return first.to_owned() };
    match segments.next() {
        Some(second) if folders.contains(&second) => format!("{first}::(resources)"),
        _ => first.to_owned(),
    }
}

/// The parts that import each other, directly or through others.
fn circles(imports: &[Import]) -> Vec<Vec<String>> {
    let imports = imports.iter().filter(|import| !import.is_facade);
    circles_among(imports.map(|import| (part(&import.from), part(&import.to))))
}

/// The files that import each other, directly or through others. What a file gathers from those below it does not count.
fn file_circles(sources: &Sources) -> Vec<Vec<String>> {
    let imports = sources.imports.iter().filter(|import| !import.is_reexport);
    circles_among(imports.map(|import| (import.from.clone(), import.to.clone())))
}

fn circles_among(imports: impl Iterator<Item = (String, String)>) -> Vec<Vec<String>> {
    let mut reaches: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in imports {
        if from != to && !from.is_empty() {
            reaches.entry(from).or_default().insert(to);
        }
    }
    loop {
        let before: usize = reaches.values().map(BTreeSet::len).sum();
        let known = reaches.clone();
        for all in reaches.values_mut() {
            let further: Vec<String> = all.iter().filter_map(|to| known.get(to)).flatten().cloned().collect();
            all.extend(further);
        }
        if reaches.values().map(BTreeSet::len).sum::<usize>() == before {
            break;
        }
    }
    let in_circle = |one: &String, other: &String| {
        reaches.get(one).is_some_and(|all| all.contains(other))
            && reaches.get(other).is_some_and(|all| all.contains(one))
    };
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for part in reaches.keys() {
        let circle: Vec<String> = reaches.keys().filter(|other| in_circle(part, other)).cloned().collect();
        if !circle.is_empty() {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn graph_client() -> Sources {
    Sources::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../graph-client/src"))
}

#[test]
fn the_modules_of_graph_client_import_downwards_only() {
    assert_eq!(faults(&graph_client(), GRAPH_CLIENT), Vec::<String>::new());
}

#[test]
fn every_module_of_graph_client_has_a_layer() {
    let layered: Vec<&str> = GRAPH_CLIENT.iter().map(|(module, _)| *module).collect();
    for module in graph_client().modules.iter().map(|module| top(module)).filter(|module| !module.is_empty()) {
        assert!(layered.contains(&module), "{module} has no layer");
    }
}

#[test]
fn an_import_against_the_layers_is_found_however_it_is_written() {
    for import in [
        "use crate::graph::User;",
        "use crate::{cloud::Cloud, graph::{Group, User}};",
        "fn f() { crate::exchange::Exchange::new(); }",
        "use super::super::pipeline::Pipeline;",
        "macro_rules! m { () => { $crate::graph::User } }",
    ] {
        let sources = graph_client().with("http/call.rs", import);
        let faults = faults(&sources, GRAPH_CLIENT);
        assert!(faults.iter().any(|fault| fault.contains("http may not import")), "{import}: {faults:?}");
    }
}

#[test]
fn an_import_from_the_root_is_found_because_it_hides_where_a_name_comes_from() {
    let sources = graph_client().with("http/call.rs", "use crate::User;");
    assert!(faults(&sources, GRAPH_CLIENT).iter().any(|fault| fault.contains("crate::User")));
}

#[test]
fn a_circle_between_allowed_modules_is_found() {
    let sources = graph_client().with("graph/list.rs", "use crate::graph::User;");
    let faults = faults(&sources, GRAPH_CLIENT);
    assert!(faults.iter().any(|fault| fault.contains("graph/list.rs")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.starts_with("a circle: ")), "{faults:?}");
}
