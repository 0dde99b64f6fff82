//! The spans of plan, apply and prove: all calls of a run are inside its span.

use std::collections::{BTreeMap, BTreeSet};

use exchange_groups_tests::{Contoso, GROUP};

use crate::secrets::{Listening, Written};

/// The value of a field in a line of a trace.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("{name}="))?;
    rest.split([' ', '}']).next()
}

#[tokio::test]
async fn every_call_of_a_run_is_inside_its_span() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let written = Written::default();
    let listening = Listening::to(&written);
    let plan = contoso.groups.plan(&spec).await.unwrap();
    let report = contoso.groups.apply(&plan).await.unwrap();
    assert!(report.is_complete(), "{report}");
    contoso.groups.prove(&spec).await.unwrap();
    drop(listening);

    let text = written.text();
    let calls: Vec<&str> = text.lines().filter(|line| line.contains("graph.call{") && line.contains(": new")).collect();
    let mut runs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in &calls {
        let (_, run) = line.split_once("exchange_groups.").unwrap_or_else(|| panic!("outside a run: {line}"));
        assert!(!run.contains("exchange_groups."), "in two runs: {line}");
        let name = run.split('{').next().unwrap();
        assert_eq!(field(run, "group"), Some(GROUP), "{line}");
        assert_eq!(field(run, "application"), Some(&*contoso.booking.client_id), "{line}");
        runs.entry(name).or_default().insert(field(run, "run_id").expect("a run id"));
    }
    assert_eq!(runs.keys().copied().collect::<Vec<_>>(), ["apply", "plan", "prove"]);
    assert!(runs.values().all(|ids| ids.len() == 1), "one id for each run: {runs:?}");
    assert_eq!(runs.values().flatten().collect::<BTreeSet<_>>().len(), 3, "and no two alike: {runs:?}");
    let outside = text.lines().filter(|line| line.contains("http.request") && !line.contains("exchange_groups."));
    assert_eq!(outside.collect::<Vec<_>>(), Vec::<&str>::new(), "an attempt outside a run");
}
