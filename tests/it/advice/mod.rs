//! Every piece of advice, followed.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

mod access;
mod danger;
mod follow;
mod objects;
mod powershell;
mod reads;
mod texts;
mod wording;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use exchange_groups::FindingKind;

/// A tenant in which a finding appears, its advice followed, and what comes of it.
struct Scenario {
    kind: FindingKind,
    name: &'static str,
    run: Pin<Box<dyn Future<Output = ()> + Send>>,
}

macro_rules! scenarios {
    ($($kind:ident: $($name:ident),+;)+) => {
        pub(super) fn scenarios() -> Vec<super::Scenario> {
            vec![$($(super::Scenario {
                kind: exchange_groups::FindingKind::$kind,
                name: stringify!($name),
                run: Box::pin($name()),
            }),+),+]
        }
    };
}
use scenarios;

/// The kinds that no scenario makes, and why.
const WITHOUT_SCENARIO: &[(FindingKind, &str)] = &[];

/// Following the advice of any finding leads to the spec, and at no step to a wider reach.
#[tokio::test(flavor = "multi_thread")]
async fn every_advice_leads_to_the_spec_and_never_wider() {
    let scenarios = [objects::scenarios(), access::scenarios(), reads::scenarios()].into_iter().flatten();
    let mut covered = BTreeSet::new();
    let mut running = Vec::new();
    for Scenario { kind, name, run } in scenarios {
        covered.insert(format!("{kind:?}"));
        running.push((kind, name, tokio::spawn(run)));
    }
    let mut failed = Vec::new();
    for (kind, name, running) in running {
        if let Err(error) = running.await {
            let panic = error.into_panic();
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
            failed.push(format!("{kind:?}, {name}: {said}"));
        }
    }
    assert!(failed.is_empty(), "{} failed:\n\n{}", failed.len(), failed.join("\n\n"));
    let excused: BTreeSet<_> = WITHOUT_SCENARIO.iter().map(|(kind, _)| format!("{kind:?}")).collect();
    let all: BTreeSet<_> = FindingKind::ALL.iter().map(|kind| format!("{kind:?}")).collect();
    let missing: Vec<_> = all.difference(&covered).filter(|kind| !excused.contains(*kind)).collect();
    assert!(missing.is_empty(), "no scenario for {missing:?}");
    assert!(excused.is_disjoint(&covered), "excused, and has a scenario all the same");
}
