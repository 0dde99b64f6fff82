//! Microsoft's own monitors: exported, run, drifted, read back, mended; and what the service refuses.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::time::{Duration, SystemTime};

use exchange_groups::graph_client::graph::{
    BaselineResource, ConfigurationBaseline, DriftStatus, MonitorStatus, MonitorUpdate, NewMonitor, OpenObject,
    SnapshotStatus,
};
use exchange_groups::graph_client::{Client, ErrorKind};
use exchange_groups::{
    Change, DriftEffect, DriftKind, ErrorKind as OurKind, ExchangeGroups, MonitorVerdict, RestrictedCalendarGroup,
};
use exchange_groups_tests::{Contoso, GROUP, quick_wait};
use fake_tenant::FakeTenant;
use futures_util::TryStreamExt;
use serde_json::json;

const SLOT: Duration = Duration::from_secs(6 * 60 * 60);

async fn start() -> (Contoso, ExchangeGroups, RestrictedCalendarGroup) {
    start_at(SystemTime::now()).await
}

async fn start_at(time: SystemTime) -> (Contoso, ExchangeGroups, RestrictedCalendarGroup) {
    let tenant = FakeTenant::builder().rooms(3).people(1).build();
    for person in ["ceo", "exchange.admin"] {
        tenant.add_person(person);
    }
    tenant.set_time(time);
    tenant.grant_app_role(tenant.administrator(), "ConfigurationMonitoring.ReadWrite.All");
    let contoso = Contoso::of(tenant).await;
    let groups = ExchangeGroups::new(contoso.new_client()).wait(quick_wait());
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    (contoso, groups, spec)
}

/// The next hour of a run, at which a client needs a new token.
fn later(contoso: &Contoso) -> ExchangeGroups {
    contoso.tenant.set_time(contoso.tenant.now() + SLOT);
    ExchangeGroups::new(contoso.new_client()).wait(quick_wait())
}

fn admin(contoso: &Contoso) -> Client {
    contoso.new_client()
}

#[tokio::test]
async fn a_group_is_exported_drifts_and_is_mended() {
    let (contoso, groups, spec) = start().await;
    let export = groups.preview_monitor(&spec).await.unwrap();
    let kinds: Vec<&str> = export.baseline.resources.iter().map(|it| it.resource_type.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "microsoft.exchange.distributiongroup",
            "microsoft.exchange.managementroleassignment",
            "microsoft.exchange.accepteddomain"
        ]
    );
    let made = groups.export_monitor(&export, false).await.unwrap();
    // The kind was refused in the only test of all kinds that was published.
    let refused: Vec<&str> = made.refused.iter().map(|it| it.resource_type.as_str()).collect();
    assert_eq!(refused, ["microsoft.exchange.managementroleassignment"]);

    let fresh = groups.read_monitor(&spec).await.unwrap();
    assert_eq!(fresh.verdict, MonitorVerdict::CouldNotTell, "it has not run yet: {fresh:?}");

    let groups = later(&contoso);
    let clean = groups.read_monitor(&spec).await.unwrap();
    assert_eq!((clean.verdict, clean.differences.len()), (MonitorVerdict::NoDrift, 0), "{clean:?}");

    let room = contoso.rooms()[0].clone();
    contoso.tenant.remove_member(GROUP, &room);
    contoso.tenant.add_member(GROUP, "ceo@contoso.com");
    let groups = later(&contoso);
    let drifted = groups.read_monitor(&spec).await.unwrap();
    assert_eq!(drifted.verdict, MonitorVerdict::Drifted, "{drifted:?}");
    let kinds: Vec<(DriftKind, DriftEffect)> = drifted.differences.iter().map(|it| (it.kind, it.effect)).collect();
    assert_eq!(
        kinds,
        [(DriftKind::MemberAdded, DriftEffect::Wider), (DriftKind::MemberRemoved, DriftEffect::Outage)],
        "{drifted:?}"
    );
    assert!(matches!(drifted.differences[0].steps[0].change, Change::RemoveMember(_)), "{drifted:?}");
    assert!(drifted.differences[1].steps.iter().all(|step| matches!(step.change, Change::AddMember(_))), "{drifted:?}");

    let plan = groups.plan(&spec).await.unwrap();
    assert!(groups.apply(&plan).await.unwrap().is_complete());
    let groups = later(&contoso);
    let mended = groups.read_monitor(&spec).await.unwrap();
    assert_eq!((mended.verdict, mended.differences.len()), (MonitorVerdict::NoDrift, 0), "{mended:?}");
    assert!(mended.drifts.iter().all(|drift| drift.status == Some(DriftStatus::Fixed)), "{mended:?}");
}

#[tokio::test]
async fn an_export_that_would_delete_drifts_says_so_first() {
    let (contoso, groups, spec) = start().await;
    groups.export_monitor(&groups.preview_monitor(&spec).await.unwrap(), false).await.unwrap();
    let again = groups.preview_monitor(&spec).await.unwrap();
    let existing = again.existing.as_ref().unwrap();
    assert!(!existing.differs, "a kind that was refused is no difference: {again}");
    contoso.tenant.clear_requests();
    assert!(!groups.export_monitor(&again, false).await.unwrap().changed);
    assert_eq!(contoso.tenant.write_count(), 0, "a change would delete the history");

    contoso.tenant.add_member(GROUP, "ceo@contoso.com");
    let groups = later(&contoso);
    let preview = groups.preview_monitor(&spec).await.unwrap();
    let existing = preview.existing.as_ref().unwrap();
    assert_eq!((existing.differs, existing.drifts.len(), existing.runs), (true, 1, 1), "{preview}");
    assert!(preview.to_string().contains("deletes 1 drift and 1 run"), "{preview}");
    let error = groups.export_monitor(&preview, false).await.unwrap_err();
    assert_eq!(error.kind(), OurKind::Blocked, "{error}");
    assert_eq!(groups.read_monitor(&spec).await.unwrap().drifts.len(), 1, "nothing was deleted");
    assert!(groups.export_monitor(&preview, true).await.unwrap().changed);
    assert!(groups.read_monitor(&spec).await.unwrap().drifts.is_empty(), "as the service has it");
}

/// A failed run counts no drifts; a paused monitor has none; an old run says nothing of now.
#[tokio::test]
async fn no_drift_is_said_on_a_successful_run_alone() {
    let (contoso, groups, spec) = start().await;
    let made = groups.export_monitor(&groups.preview_monitor(&spec).await.unwrap(), false).await.unwrap();
    contoso.tenant.set_configuration_reader(false);
    contoso.tenant.add_member(GROUP, "ceo@contoso.com");
    let groups = later(&contoso);
    let failed = groups.read_monitor(&spec).await.unwrap();
    assert_eq!(failed.verdict, MonitorVerdict::CouldNotTell, "{failed:?}");
    assert!(failed.because.as_deref().unwrap().contains("failed"), "{failed:?}");

    contoso.tenant.set_configuration_reader(true);
    contoso.tenant.remove_member(GROUP, "ceo@contoso.com");
    for wraps in [true, false] {
        contoso.tenant.set_wrapped_monitoring_objects(wraps);
        let client = admin(&contoso);
        let monitor = client.configuration_monitors().get(&made.id).await.unwrap();
        assert_eq!(monitor.status, Some(MonitorStatus::Active), "wrapped or bare");
    }
    let groups = later(&contoso);
    assert_eq!(groups.read_monitor(&spec).await.unwrap().verdict, MonitorVerdict::NoDrift);
    let pause = MonitorUpdate::new().status(MonitorStatus::Inactive);
    admin(&contoso).configuration_monitors().update(&made.id, &pause).await.unwrap();
    let paused = groups.read_monitor(&spec).await.unwrap();
    assert_eq!(paused.verdict, MonitorVerdict::CouldNotTell, "{paused:?}");
}

/// The tenant's last run is a day old: where are the ones since?
#[tokio::test]
async fn an_old_run_says_nothing_of_now() {
    let (contoso, groups, spec) = start_at(SystemTime::now() - 5 * SLOT).await;
    groups.export_monitor(&groups.preview_monitor(&spec).await.unwrap(), false).await.unwrap();
    let old = later(&contoso).read_monitor(&spec).await.unwrap();
    assert_eq!(old.verdict, MonitorVerdict::CouldNotTell, "{old:?}");
    assert!(old.because.as_deref().unwrap().contains("older"), "{old:?}");
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_before_any_request_and_all_at_once() {
    let (contoso, ..) = start().await;
    let client = admin(&contoso);
    let properties = |text: &str| OpenObject::from_iter([("Name".to_owned(), json!(text))]);
    let baseline = ConfigurationBaseline::new(
        "wrong",
        vec![
            BaselineResource::new("one", "Microsoft.Exchange.Place", properties("x")),
            BaselineResource::new("one", "microsoft.exchange.place", OpenObject::new()),
            BaselineResource::new("two", "microsoft.exchange.place", properties("[concat('a')]")),
        ],
    );
    contoso.tenant.clear_requests();
    let error = client.configuration_monitors().create(&NewMonitor::new("short", baseline)).await.unwrap_err();
    let text = error.to_string();
    assert_eq!((error.kind(), contoso.tenant.request_count()), (ErrorKind::Input, 0), "{text}");
    for rule in ["8 to 32", "in lower case", "one property at least", "must be there once", "begin with ["] {
        assert!(text.contains(rule), "{rule}: {text}");
    }
}

/// The refusal has an empty message, as was observed: the error says all the same what was attempted.
#[tokio::test]
async fn without_the_permission_the_error_says_what_was_attempted() {
    let contoso = Contoso::start().await;
    let error =
        admin(&contoso).configuration_monitors().list().into_stream().try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert!(error.to_string().contains("list the configuration monitors"), "{error}");
}

#[tokio::test]
async fn a_snapshot_is_taken_read_and_deleted() {
    let (contoso, ..) = start().await;
    let client = admin(&contoso);
    let snapshots = client.configuration_snapshots();
    let job = snapshots.create("Before migration", &["microsoft.exchange.distributiongroup"]).await.unwrap();
    assert_eq!((job.status.clone(), job.completed_date_time.clone()), (Some(SnapshotStatus::Running), None), "{job:?}");
    assert_eq!(snapshots.content(&job).await.unwrap_err().kind(), ErrorKind::Input, "it has no content yet");
    contoso.tenant.advance(Duration::from_secs(30));
    let job = snapshots.job(&job.id).await.unwrap();
    assert!(job.status == Some(SnapshotStatus::Succeeded) && job.completed_date_time.is_some(), "{job:?}");
    let content = snapshots.content(&job).await.unwrap();
    assert!(content.resources.iter().any(|it| it.properties["PrimarySmtpAddress"] == GROUP), "{content:?}");
    snapshots.delete(&job.id).await.unwrap();
    assert!(snapshots.jobs().into_stream().try_collect::<Vec<_>>().await.unwrap().is_empty());
}
