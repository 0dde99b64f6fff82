#![expect(clippy::print_stdout, reason = "the long form tells what it did")]
//! One client under load: 200 tasks, a disturbance in every twentieth request, and callers that give up in the middle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use exchange_groups_tests::{Contoso, quick_retries};
use fake_tenant::{FakeTenant, Fault, When};
use serde_json::json;
use tokio::task::JoinSet;

const TASKS: usize = 200;

/// How many calls are made: few in the suite, `LOAD=50000` in the long form.
fn calls() -> usize {
    std::env::var("LOAD").ok().and_then(|calls| calls.parse().ok()).unwrap_or(4_000)
}

/// The disturbances that a read survives.
fn disturbances() -> [Fault; 6] {
    [
        Fault::status(503, json!({ "error": { "code": "serviceNotAvailable", "message": "Not now." } })),
        Fault::DropConnection(When::BeforeEffect),
        Fault::DropConnection(When::AfterEffect),
        Fault::TruncatedBody,
        Fault::AnswerLost { status: 502 },
        Fault::throttle("0"),
    ]
}

/// Numbers that look random and are the same in every run.
fn scattered(number: usize) -> u64 {
    (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33
}

/// Memory of the process in KiB, where the machine says it.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Every call ends, each answer is that of its own question, nobody who gives up takes a permit along, and one sign-in serves
/// all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_tasks_share_one_client_under_faults_and_drops() {
    let calls = calls();
    let contoso = Contoso::of(FakeTenant::builder().rooms(1).people(300).build()).await;
    let people = Arc::new(contoso.tenant.people());
    let client = contoso.new_client();
    client.token_claims(exchange_groups::graph_client::Service::Graph).await.unwrap();
    contoso.tenant.clear_requests();
    contoso.tenant.fail_at_random(7, 50, disturbances());

    let (answered, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let before = memory();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (client, people) = (client.clone(), Arc::clone(&people));
        let (answered, dropped) = (Arc::clone(&answered), Arc::clone(&dropped));
        tasks.spawn(async move {
            for call in 0..calls / TASKS {
                let number = task * calls + call;
                let wanted = &people[usize::try_from(scattered(number)).unwrap_or_default() % people.len()];
                // A call that is disturbed each time is not what is tried here.
                let read = client.users().get(wanted).retry(quick_retries().with_max_attempts(12));
                if number.is_multiple_of(10) {
                    // Somebody who does not wait for the answer.
                    let patience = Duration::from_micros(scattered(number) % 3_000);
                    if tokio::time::timeout(patience, read.into_future()).await.is_err() {
                        dropped.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                } else {
                    let user = read.await.unwrap_or_else(|error| panic!("call {number}: {error}"));
                    let address = user.mail.as_ref().map(ToString::to_string).unwrap_or_default();
                    assert!(address.eq_ignore_ascii_case(wanted), "{wanted} was asked for, and {address} came");
                }
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let (answered, dropped) = (answered.load(Ordering::Relaxed), dropped.load(Ordering::Relaxed));
    assert_eq!(answered + dropped, calls / TASKS * TASKS, "every call ended");
    assert_eq!(contoso.sign_ins(), 0, "one sign-in serves all");
    let mut disturbed: BTreeMap<&str, usize> = BTreeMap::new();
    for fault in contoso.tenant.requests().iter().filter_map(|request| request.fault) {
        *disturbed.entry(fault).or_default() += 1;
    }
    assert_eq!(disturbed.len(), disturbances().len(), "{disturbed:?}");
    println!(
        "{calls} calls in {} requests; of the last of them, disturbed: {disturbed:?}",
        contoso.tenant.request_count()
    );
    if let (Some(before), Some(after)) = (before, memory()) {
        // A leak of one answer a call would be many times that.
        assert!(after.saturating_sub(before) < 64 * 1024, "{before} KiB before, {after} KiB after");
        println!("{answered} answered, {dropped} dropped, {} KiB more than before", after.saturating_sub(before));
    }

    // All permits are back: as many calls as the client lets out at once are let out at once.
    contoso.tenant.clear_faults();
    let all: BTreeSet<String> = people.iter().take(64).cloned().collect();
    let mut calls = JoinSet::new();
    for person in all.clone() {
        let client = client.clone();
        calls.spawn(async move { client.users().get(&person).await.map(|_| person) });
    }
    let mut back = BTreeSet::new();
    while let Some(read) = calls.join_next().await {
        back.insert(read.unwrap().unwrap());
    }
    assert_eq!(back, all);
}
