//! The guides name everything that they say they name.

use std::fs;
use std::path::Path;

use exchange_groups::{CauseKind, ErrorKind, FindingKind, VerdictEffect};

const TROUBLESHOOTING: &str = include_str!("../../exchange-groups/src/guide/troubleshooting.md");
const POWERSHELL: &str = include_str!("../../exchange-groups/src/guide/powershell.md");

/// The row of a table that is about this.
fn row<'a>(page: &'a str, about: &str) -> &'a str {
    let start = format!("| [`{about}`]");
    page.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("the page has no row for {about}"))
}

#[test]
fn every_cause_has_a_row_with_its_own_words() {
    let (_, causes) = TROUBLESHOOTING.split_once("# Every cause").expect("the list of causes");
    for cause in CauseKind::ALL {
        let row = row(causes, &format!("{cause:?}"));
        assert!(row.contains(cause.text()), "{row}");
    }
}

#[test]
fn every_finding_has_a_row_with_its_effect() {
    for finding in FindingKind::ALL {
        let row = row(TROUBLESHOOTING, &format!("{finding:?}"));
        let effect = match finding.effect() {
            VerdictEffect::Violates => "violated",
            VerdictEffect::Inconclusive => "inconclusive",
            VerdictEffect::Pending => "not propagated",
            _ => "–",
        };
        assert_eq!(row.split(" | ").nth(1), Some(effect), "{row}");
    }
}

#[test]
fn every_kind_of_error_has_a_row() {
    for kind in ErrorKind::ALL {
        assert!(TROUBLESHOOTING.contains(&format!("](ErrorKind::{kind:?}) |")), "{kind:?}");
    }
}

/// The cmdlets with a type, by the files that define them: `Write "Set-Place" => SetPlace`.
fn cmdlets(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the cmdlets") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            cmdlets(&path, found);
            continue;
        }
        let text = fs::read_to_string(path).expect("a source");
        // A macro for two of them has their names apart: `AddX, "Add-X", …`.
        let quoted = text.lines().filter_map(|line| {
            let line = line.trim();
            let is_defined = line.starts_with("Read \"") || line.starts_with("Write \"") || line.contains(", \"");
            is_defined.then(|| line.split('"').nth(1)).flatten()
        });
        found.extend(quoted.filter(|name| is_cmdlet(name)).map(str::to_owned));
    }
}

fn is_cmdlet(name: &str) -> bool {
    let Some((verb, noun)) = name.split_once('-') else { return false };
    ["Add", "Enable", "Get", "New", "Remove", "Set", "Test", "Update"].contains(&verb)
        && noun.chars().all(char::is_alphabetic)
}

#[test]
fn every_typed_cmdlet_has_a_row() {
    let mut found = Vec::new();
    cmdlets(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../graph-client/src/exchange/cmdlets")), &mut found);
    assert!(found.len() > 50, "{found:?}");
    let missing: Vec<_> = found.iter().filter(|name| !POWERSHELL.contains(&format!("\n| `{name}` | [`"))).collect();
    assert_eq!(missing, Vec::<&String>::new());
}
