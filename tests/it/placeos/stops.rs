//! A run that breaks off at any request, or is stopped after any step, is gone on with by the next one: to the same end, with
//! nothing made twice and nothing started early.

use exchange_groups::Stop;
use exchange_groups::placeos::StaffAccess;
use fake_placeos::{FakePlaceOs, Fault};
use serde_json::json;

use super::{Domain, ROOMS, World, apply, plan};

/// A domain that has a part of everything, so that a run creates and changes.
async fn domain() -> Domain {
    let fake = FakePlaceOs::contoso();
    fake.add_system(json!({ "name": "A", "email": ROOMS[0], "capacity": 1 }));
    Domain::of(fake).await
}

#[tokio::test]
async fn a_fault_at_any_request_is_gone_on_from_to_the_same_end() {
    let world = World::start().await;
    let undisturbed = domain().await;
    let hand_over = |domain: &Domain| world.hand_over(domain).staff_access(StaffAccess::Application);
    let planned = plan(&hand_over(&undisturbed)).await;
    undisturbed.fake.forget_requests();
    assert!(hand_over(&undisturbed).apply(&planned).await.unwrap().is_complete());
    let expected = undisturbed.state();
    let requests = undisturbed.fake.requests();
    let writes = requests.iter().filter(|request| request.method != "GET").count();
    assert!(writes > 20 && requests.len() > 2 * writes, "{writes} of {}", requests.len());
    for (at, request) in requests.iter().enumerate() {
        let faults = match &*request.method {
            // A read that fails for a moment is repeated, and never seen here.
            "GET" => vec![Fault::status(403)],
            _ => vec![
                Fault::DropBefore,
                Fault::DropAfter,
                Fault::status(500),
                Fault::AnswerLost(502),
                Fault::status(403),
            ],
        };
        for fault in faults {
            let case = format!("{fault:?} at request {at}: {} {}", request.method, request.path);
            let domain = domain().await;
            let hand_over = hand_over(&domain);
            // The domains are alike, but for their addresses.
            let mut planned = planned.clone();
            planned.placeos = domain.server.url();
            domain.fake.fail_after(at, fault);
            // A read that fails for good blocks; everything else is in the report.
            let first = hand_over.apply(&planned).await;
            assert_eq!(domain.fake.clear_faults(), 0, "{case}");
            if let Ok(report) = &first {
                assert_eq!(report.steps().count(), planned.steps().count(), "{case}: every step is told of");
                let is_same = domain.state() == expected;
                assert!(!report.is_complete() || is_same, "{case}: it says that all is done\n{report}");
            }
            let second = hand_over.apply(&planned).await.unwrap_or_else(|error| panic!("{case}: {error}"));
            assert!(second.is_complete(), "{case}: {second}");
            assert_eq!(domain.state(), expected, "{case}");
        }
    }
    assert!(plan(&hand_over(&undisturbed)).await.is_empty());
}

#[tokio::test]
async fn a_fault_at_any_request_starts_nothing_that_is_not_verified() {
    let world = World::start().await;
    for fault in [Fault::DropAfter, Fault::status(403)] {
        for skip in (0..).step_by(2) {
            let domain = domain().await;
            let hand_over = world.unverified(&domain).staff_access(StaffAccess::Application);
            let planned = plan(&hand_over).await;
            domain.fake.fail_after(skip, fault.clone());
            let _ = hand_over.apply(&planned).await;
            let is_over = domain.fake.clear_faults() > 0;
            let _ = hand_over.apply(&plan(&hand_over).await).await;
            assert_eq!(domain.fake.started(), Vec::<String>::new(), "{fault:?} at request {skip}");
            assert!(domain.fake.tenants().is_empty());
            if is_over {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_run_that_is_stopped_after_any_step_tells_what_was_not_run() {
    let world = World::start().await;
    let undisturbed = domain().await;
    assert!(apply(&world.hand_over(&undisturbed)).await.is_complete());
    let expected = undisturbed.state();
    for after in 1.. {
        let domain = domain().await;
        let hand_over = world.hand_over(&domain);
        let planned = plan(&hand_over).await;
        let stop = Stop::new();
        let (handle, mut seen) = (stop.clone(), 0);
        let run = hand_over.apply(&planned).stopped_by(&stop).on_step(move |_| {
            seen += 1;
            if seen == after {
                handle.stop();
            }
        });
        let report = run.await.unwrap();
        let total = planned.steps().count();
        let done = report.steps().filter(|step| step.outcome.is_success()).count();
        assert_eq!((report.steps().count(), done), (total, after.min(total)), "{report}");
        if after >= total {
            break;
        }
        assert!(!report.is_complete());
        assert!(apply(&hand_over).await.is_complete());
        assert_eq!(domain.state(), expected, "stopped after {after}");
    }
}
