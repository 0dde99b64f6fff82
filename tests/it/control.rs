//! A run under control: its events as a stream, stopped without harm, paused before a stage.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use exchange_groups::access::Access;
use exchange_groups::{Awaited, Change, Event, Outcome, Stage, StepReport, Stop, Verdict};
use exchange_groups_tests::{Contoso, GROUP, quick_wait};
use fake_tenant::{Fault, Matcher};
use futures_util::StreamExt;
use serde_json::json;

/// Longer than anything here takes, and shorter than the waits that are stopped.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_events_of_a_run_are_a_stream_and_the_report_comes_at_its_end() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let mut run =
        contoso.groups.apply(&plan).on_event(move |event| listener.lock().unwrap().push(event.clone())).start();
    let mut events = Vec::new();
    while let Some(event) = run.next().await {
        events.push(event);
    }
    let report = run.finish().await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(events, *told.lock().unwrap(), "whoever listens besides is told the same");
    let steps: Vec<&Event> = events.iter().filter(|event| matches!(event, Event::Step { .. })).collect();
    assert_eq!(steps.len(), report.steps.len());
    for event in &events {
        let json = serde_json::to_value(event).unwrap();
        assert_eq!(json["event"], event.as_str());
        assert_eq!(&serde_json::from_value::<Event>(json).unwrap(), event);
    }
    let awaited: Vec<Awaited> = events
        .iter()
        .filter_map(|event| match event {
            Event::Waiting { what, .. } => Some(*what),
            _ => None,
        })
        .collect();
    assert_eq!(awaited.first(), Some(&Awaited::GroupVisible), "{awaited:?}");
    assert!(awaited.contains(&Awaited::PermissionGone), "{awaited:?}");
}

#[tokio::test]
async fn a_run_that_nobody_listens_to_ends_with_its_report() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    let mut run = contoso.groups.apply(&plan).start();
    assert!(run.next().await.is_some(), "it goes on from the first event");
    assert!(run.finish().await.unwrap().is_complete());
}

/// After every single step: the application reaches no more than before, what is left is not run, and planning again goes
/// on to the end.
#[tokio::test]
async fn a_run_that_is_stopped_after_any_step_does_no_harm_and_goes_on_when_planned_again() {
    for after in 0..5 {
        let contoso = Contoso::start().await;
        let spec = contoso.rbac().build().unwrap();
        let plan = contoso.plan(&spec).await;
        let stop = Stop::new();
        let (handle, mut ended) = (stop.clone(), 0);
        if after == 0 {
            stop.stop();
        }
        let report = contoso
            .groups
            .apply(&plan)
            .stopped_by(&stop)
            .on_event(move |event| {
                ended += usize::from(matches!(event, Event::Step { .. }));
                if ended >= after {
                    handle.stop();
                }
            })
            .await
            .unwrap();
        assert_eq!(report.is_complete(), after == 5, "{report}");
        assert_eq!(report.steps.len(), plan.steps.len(), "{report}");
        let not_run = |outcome: &Outcome| matches!(outcome, Outcome::NotRun { reason } if reason.contains("stopped"));
        assert!(report.steps.iter().skip(after).all(|step| not_run(&step.outcome)), "after {after}: {report}");
        assert_eq!(contoso.tenant.writes().len(), after, "after {after}: no further change was begun");
        assert!(contoso.rooms().iter().all(|room| contoso.tenant.can_read(&contoso.booking, room)));
        let again = contoso.provision(&spec).await;
        assert!(again.is_complete(), "{again}");
        assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Verified);
    }
}

/// The wait for a group that is not visible would last an hour.
#[tokio::test]
async fn a_wait_ends_at_once_when_the_run_is_stopped() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_visibility_lag(1_000_000);
    let groups = contoso.groups.clone().wait(quick_wait().with_deadline(Duration::from_secs(3_600)));
    let spec = contoso.rbac().build().unwrap();
    let plan = groups.plan(&spec).await.unwrap();
    let mut run = groups.apply(&plan).start();
    let stop = run.stop_handle();
    let mut told = 0;
    let report = tokio::time::timeout(LONG, async {
        while let Some(event) = run.next().await {
            told += usize::from(matches!(event, Event::Stopped));
            if matches!(event, Event::Waiting { .. }) {
                stop.stop();
            }
        }
        run.finish().await
    });
    let report = report.await.expect("the wait was stopped").unwrap();
    assert!(!report.is_complete());
    assert!(matches!(report.steps[0].outcome, Outcome::Unconfirmed { .. }), "what was sent is told: {report}");
    assert_eq!(contoso.tenant.writes().len(), 1);
    assert_eq!(told, 1, "{report}");
    let is_stopped =
        |step: &StepReport| matches!(&step.outcome, Outcome::NotRun { reason } if reason.contains("stopped"));
    assert!(report.steps[1..].iter().all(is_stopped), "not that the group is not there: {report}");
}

#[tokio::test]
async fn what_was_sent_before_a_stop_is_read_back_once() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    let stop = Stop::new();
    let stopping = stop.clone();
    let apply = contoso.groups.apply(&plan).stopped_by(&stop).on_event(move |event| {
        if matches!(event, Event::Waiting { .. }) {
            stopping.stop();
        }
    });
    let report = apply.await.unwrap();
    assert_eq!((&report.steps[0].outcome, contoso.tenant.writes().len()), (&Outcome::Done, 1), "{report}");
}

#[tokio::test]
async fn a_write_that_was_refused_is_failed_though_the_run_was_stopped() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    let stop = Stop::new();
    let stopping = stop.clone();
    let refused = json!({ "error": { "code": "Forbidden", "message": "You may not." } });
    contoso.tenant.fail_next(Matcher::cmdlet("New-DistributionGroup"), Fault::status(403, refused));
    let apply = contoso.groups.apply(&plan).stopped_by(&stop).on_event(move |event| {
        if matches!(event, Event::Waiting { .. }) {
            stopping.stop();
        }
    });
    let report = apply.await.unwrap();
    assert!(matches!(&report.steps[0].outcome, Outcome::Failed { error } if error.contains("You may not")), "{report}");
    assert!(report.steps[0].error.is_some());
}

#[tokio::test]
async fn a_run_pauses_before_the_revocation_and_a_later_plan_has_that_alone() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    let before = contoso.tenant.app_roles(&contoso.booking);
    let report = contoso.groups.apply(&plan).until(Stage::Revocation).await.unwrap();
    assert!(!report.is_complete());
    let (last, others) = report.steps.split_last().unwrap();
    assert!(others.iter().all(|step| step.outcome.is_success()), "{report}");
    assert!(matches!(&last.outcome, Outcome::NotRun { reason } if reason.contains("pause")), "{report}");
    assert_eq!(contoso.tenant.app_roles(&contoso.booking), before);
    assert_eq!(contoso.tenant.role_assignments(&contoso.booking).len(), 1);

    let window = contoso.plan(&spec).await;
    assert!(matches!(&*window.steps, [step] if matches!(step.change, Change::RevokePermission(_))), "{window}");
    assert!(contoso.groups.apply(&window).await.unwrap().is_complete());
    assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Verified);
}

#[tokio::test]
async fn a_run_that_pauses_before_the_members_leaves_an_empty_group() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    let report = contoso.groups.apply(&plan).until(Stage::Members).await.unwrap();
    assert_eq!(report.steps.iter().filter(|step| step.outcome == Outcome::Done).count(), 1, "{report}");
    assert_eq!(contoso.tenant.members(GROUP), Vec::<String>::new());
    assert!(!contoso.tenant.has_pointer(&contoso.booking));
}

#[tokio::test]
async fn a_service_that_asks_for_less_load_is_told_of() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    contoso.tenant.throttle(2, "1");
    let mut run = contoso.groups.apply(&plan).start();
    let mut throttled = 0;
    while let Some(event) = run.next().await {
        throttled += usize::from(matches!(event, Event::Throttled { .. }));
    }
    assert!(run.finish().await.unwrap().is_complete());
    assert!(throttled > 0);
}

#[tokio::test]
async fn every_mailbox_that_a_verification_reads_is_told_once_with_what_was_seen() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let mut run = contoso.groups.prove(&spec).start();
    let (mut allowed, mut denied) = (BTreeSet::new(), BTreeSet::new());
    while let Some(event) = run.next().await {
        if let Event::Checked { mailbox, access, .. } = event {
            let list = if access == Access::Allowed { &mut allowed } else { &mut denied };
            assert!(list.insert(mailbox.to_string()), "{mailbox} is told twice");
        }
    }
    assert_eq!(run.finish().await.unwrap().verdict, Verdict::Verified);
    assert_eq!(allowed, contoso.rooms().into_iter().collect());
    assert_eq!(denied, BTreeSet::from(["ceo@contoso.com".to_owned()]));
}

/// What was not read is unknown: neither verified nor violated.
#[tokio::test]
async fn a_verification_that_is_stopped_is_inconclusive() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let stop = Stop::new();
    stop.stop();
    let proof = contoso.groups.prove(&spec).stopped_by(&stop).await.unwrap();
    assert_eq!(proof.verdict, Verdict::Inconclusive, "{proof}");
    assert!(proof.to_string().contains("stopped"), "{proof}");
}

/// A verification that waits for propagation would wait for an hour.
#[tokio::test]
async fn a_verification_that_waits_ends_at_once_when_it_is_stopped() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let prove = contoso.groups.prove(&spec).wait_up_to(Duration::from_secs(3_600)).poll_interval(LONG * 10);
    let mut run = prove.start();
    let stop = run.stop_handle();
    let proof = tokio::time::timeout(LONG, async {
        while let Some(event) = run.next().await {
            if matches!(event, Event::Waiting { what: Awaited::Propagation, .. }) {
                stop.stop();
            }
        }
        run.finish().await
    });
    let proof = proof.await.expect("the wait was stopped").unwrap();
    assert_eq!(proof.verdict, Verdict::NotPropagated, "{proof}");
}
