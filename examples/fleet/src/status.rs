//! Where each tenant stands.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::job::Kind;
use crate::store::{Known, Store};
use crate::tenants::Tenants;

pub(crate) async fn show(tenants: &Tenants, store: &Store, json: bool) -> anyhow::Result<String> {
    let mut fleet = Vec::new();
    for tenant in tenants.all() {
        fleet.push((tenant.id.as_str(), store.known(&tenant.id).await?));
    }
    Ok(if json { document(&fleet) } else { table(&fleet) })
}

fn document(fleet: &[(&str, Known)]) -> String {
    let tenant = |(id, known): &(&str, Known)| {
        let last: Map<String, Value> = (known.last.iter())
            .map(|last| (last.kind.as_str().to_owned(), json!({ "outcome": last.outcome, "when": last.when })))
            .collect();
        json!({
            "tenant": id,
            "last": last,
            "jobs": { "waiting": known.waiting, "running": known.running, "failed": known.failed },
            "error": known.error,
        })
    };
    format!("{:#}\n", json!({ "tenants": fleet.iter().map(tenant).collect::<Vec<_>>() }))
}

fn table(fleet: &[(&str, Known)]) -> String {
    let of = |known: &Known, kind| {
        let last = known.last.iter().find(|last| last.kind == kind);
        last.map_or_else(|| "-".to_owned(), |last| format!("{} {}", last.outcome, last.when))
    };
    let width = fleet.iter().map(|(id, _)| id.len()).max().unwrap_or(0).max("tenant".len());
    let mut text = String::new();
    let mut line = |[tenant, verdict, drift, apply, waiting, running, failed]: [&str; 7]| {
        let _ = writeln!(
            text,
            "{tenant:<width$}  {verdict:<35}  {drift:<30}  {apply:<42}  {waiting:>7}  {running:>7}  {failed:>6}"
        );
    };
    line(["tenant", "verdict", "drift", "apply", "waiting", "running", "failed"]);
    for (id, known) in fleet {
        let [waiting, running, failed] = [known.waiting, known.running, known.failed].map(|count| count.to_string());
        let [verdict, drift, apply] = [Kind::Verify, Kind::Drift, Kind::Apply].map(|kind| of(known, kind));
        line([id, &verdict, &drift, &apply, &waiting, &running, &failed]);
    }
    for (id, known) in fleet {
        if let Some(error) = &known.error {
            let _ = writeln!(text, "\n{id}: {error}");
        }
    }
    text
}
