//! What of Exchange is modelled, as a page that is made from the code.

use std::fmt::Write as _;

use fake_tenant::cmdlets;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/COVERAGE.md");

fn page() -> String {
    let mut page = String::from(
        "# What of Exchange is modelled\n\nMade from the code by the test `coverage`; `UPDATE_COVERAGE=1` writes it anew. Every \
         other cmdlet is refused\nas one that the caller may not run, every other parameter as one that the cmdlet does not \
         have.\n\n| cmdlet | parameters |\n|---|---|\n",
    );
    let mut all: Vec<_> = cmdlets().collect();
    all.sort_by_key(|cmdlet| cmdlet.name);
    for cmdlet in all {
        let mut names: Vec<_> = cmdlet.parameters.iter().map(|parameter| format!("`{}`", parameter.name)).collect();
        names.sort();
        let _ = writeln!(page, "| `{}` | {} |", cmdlet.name, names.join(", "));
    }
    page
}

#[test]
fn the_page_of_what_is_modelled_is_that_of_the_code() {
    let page = page();
    if std::env::var_os("UPDATE_COVERAGE").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page, "run with UPDATE_COVERAGE=1");
}
