//! What every client in Rust is asked, and what it prints: `CASE IN_FLIGHT COUNT URL` in, one line of JSON out.
//!
//! A client reads one group before it calls [`begin`], from where time counts: neither the start of the process nor its first
//! connection does. `peer.mjs` and `peer.py` keep to the same.

use std::sync::OnceLock;
use std::time::Instant;

use serde::Deserialize;
use sha2::{Digest, Sha256};

pub const TOKEN: &str = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ0ZXN0In0.signature";
pub const PAGE: usize = 999;
pub const BATCH: usize = 20;

/// A group with what Graph sends by default and a program might look at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_field_names)]
pub struct Group {
    pub id: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub mail: Option<String>,
    pub mail_enabled: Option<bool>,
    pub mail_nickname: Option<String>,
    pub security_enabled: Option<bool>,
    pub visibility: Option<String>,
    pub created_date_time: Option<String>,
    #[serde(default)]
    pub group_types: Vec<String>,
    #[serde(default)]
    pub proxy_addresses: Vec<String>,
}

/// One page of groups.
#[derive(Debug, Deserialize)]
pub struct Page {
    pub value: Vec<Group>,
    #[serde(rename = "@odata.nextLink")]
    pub next: Option<String>,
}

/// The response to a batch.
#[derive(Debug, Deserialize)]
pub struct BatchResponses {
    pub responses: Vec<BatchItem>,
}

/// One response of a batch.
#[derive(Debug, Deserialize)]
pub struct BatchItem {
    pub status: u16,
    pub body: Group,
}

/// The body of a batch that reads these groups.
pub fn batch_body(numbers: &[usize]) -> serde_json::Value {
    let requests: Vec<_> = numbers
        .iter()
        .map(
            |number| serde_json::json!({"id": number.to_string(), "method": "GET", "url": format!("/groups/{number}")}),
        )
        .collect();
    serde_json::json!({ "requests": requests })
}

/// The groups of one batch after the other.
pub fn batches(count: usize) -> Vec<Vec<usize>> {
    (0..count).collect::<Vec<_>>().chunks(BATCH).map(<[usize]>::to_vec).collect()
}

/// What is to be done.
pub enum Case {
    /// So many GETs of one group each.
    Get { in_flight: usize, count: usize },
    /// So many groups of the list, in whole pages.
    List { count: usize },
    /// So many GETs in batches of twenty, one batch after the other.
    Batch { count: usize },
    /// As many GETs at once of what answers 429 for a while.
    Throttled { in_flight: usize },
}

static BEGUN: OnceLock<(u64, Instant)> = OnceLock::new();

/// Called once, after the first group was read and before anything else is.
pub fn begin() {
    let _ = BEGUN.set((processor_ms(), Instant::now()));
}

/// Runs a client: `work` is given the case and the server's address, and gives what it read.
pub fn run<F: Future<Output = Vec<Group>>>(work: impl FnOnce(Case, String) -> F) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, in_flight, count, url] = &arguments[..] else { panic!("CASE IN_FLIGHT COUNT URL") };
    let (in_flight, count) = (in_flight.parse().expect("a number"), count.parse().expect("a number"));
    let case = match case.as_str() {
        "get" => Case::Get { in_flight, count },
        "list" => Case::List { count },
        "batch" => Case::Batch { count },
        "throttled" => Case::Throttled { in_flight },
        other => panic!("no such case: {other}"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let groups = runtime.block_on(work(case, url.clone()));
    let &(before, started) = BEGUN.get().expect("the client has begun");
    let (wall, processor) = (started.elapsed(), processor_ms() - before);
    let answer = serde_json::json!({
        "count": groups.len(), "digest": digest(&groups), "wall_us": wall.as_micros() as u64,
        "processor_ms": processor, "peak_kib": peak_kib(),
    });
    println!("{answer}");
}

/// The same for the same groups in any order.
fn digest(groups: &[Group]) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut lines: Vec<String> = groups
        .iter()
        .map(|group| format!("{}\t{}\t{}\n", group.id, text(&group.display_name), text(&group.mail)))
        .collect();
    lines.sort_unstable();
    let hash = Sha256::digest(lines.concat());
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn processor_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or_default();
    // User and system time, in hundredths of a second.
    (ticks(11) + ticks(12)) * 10
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}
