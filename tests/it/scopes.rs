//! What the role is limited to where it is not the group: a condition on recipients, or an administrative unit.

use exchange_groups::{
    Change, FindingKind, Plan, RestrictedCalendarGroup, RestrictedCalendarGroupBuilder, Restriction, RoomFilter, Rooms,
    Scope, Stage, Stop, Verdict,
};
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{FakeTenant, Fault, Matcher, NewMailbox, NewRoleAssignment};

const FILTER: &str = "CustomAttribute1 -eq 'Bookable'";

/// Contoso with five rooms that have the attribute.
async fn marked() -> (Contoso, Vec<String>) {
    let tenant = FakeTenant::contoso();
    let rooms: Vec<String> = (1..=5).map(|number| format!("marked-{number}@contoso.com")).collect();
    for room in &rooms {
        tenant.add_mailbox(NewMailbox::room(room).custom_attribute(1, "Bookable"));
    }
    (Contoso::of(tenant).await, rooms)
}

fn by_filter(contoso: &Contoso) -> RestrictedCalendarGroupBuilder {
    RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id)
        .rooms(Rooms::matching(RoomFilter::new().custom_attribute1("Bookable")))
        .scope(Scope::filter(FILTER))
        .revoke_tenant_wide_grant(true)
        .must_not_reach("ceo@contoso.com")
}

fn commands(plan: &Plan) -> Vec<&'static str> {
    plan.steps.iter().map(|step| step.change.cmdlet().unwrap_or("Graph")).collect()
}

fn assert_reached(contoso: &Contoso, reached: &[String]) {
    for mailbox in contoso.tenant.mailboxes() {
        let is_meant = reached.contains(&mailbox);
        assert_eq!(contoso.tenant.can_read(&contoso.booking, &mailbox), is_meant, "{mailbox}");
    }
}

#[tokio::test]
async fn a_role_over_a_condition_needs_no_group_and_reaches_just_the_mailboxes_that_meet_it() {
    let (contoso, rooms) = marked().await;
    let spec = by_filter(&contoso).build().unwrap();
    let plan = contoso.plan(&spec).await;
    let expected = ["New-ServicePrincipal", "New-ManagementScope", "New-ManagementRoleAssignment", "Graph"];
    assert_eq!(commands(&plan), expected, "{plan}");
    let wider = [FindingKind::OtherRole, FindingKind::UndecidedPath, FindingKind::TenantWidePermission];
    assert!(!plan.findings.iter().any(|finding| wider.contains(&finding.kind)), "{plan}");
    let report = contoso.groups.apply(&plan).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert!(report.to_string().contains("the recipients with CustomAttribute1"), "{report}");
    assert_eq!(contoso.tenant.group(GROUP), None, "no group is made");
    assert_reached(&contoso, &rooms);
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
    assert!(contoso.plan(&spec).await.is_empty());
}

/// The condition holds for a person too: the plan says so before anything is done, and the proof does not pass.
#[tokio::test]
async fn a_mailbox_that_meets_the_condition_and_is_not_meant_is_found() {
    let (contoso, _) = marked().await;
    contoso.tenant.add_mailbox(NewMailbox::person("new.hire@contoso.com").custom_attribute(1, "bookable"));
    let spec = by_filter(&contoso).build().unwrap();
    let plan = contoso.plan(&spec).await;
    let finding = plan.findings.iter().find(|finding| finding.kind == FindingKind::OtherRole);
    let finding = finding.unwrap_or_else(|| panic!("{plan}"));
    assert!(finding.message.contains("new.hire@contoso.com"), "{finding}");
    contoso.groups.apply(&plan).await.unwrap();
    assert!(contoso.tenant.can_read(&contoso.booking, "new.hire@contoso.com"), "the condition decides");
    assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Violated);
}

/// A room that is meant and does not meet the condition: it is named, and not verified.
#[tokio::test]
async fn a_room_that_does_not_meet_the_condition_is_named() {
    let (contoso, mut rooms) = marked().await;
    rooms.push("boardroom@contoso.com".into());
    let spec = by_filter(&contoso).rooms(Rooms::at(rooms)).build().unwrap();
    let plan = contoso.plan(&spec).await;
    let finding = plan.findings.iter().find(|finding| finding.kind == FindingKind::NotReached);
    assert!(finding.unwrap_or_else(|| panic!("{plan}")).message.contains("boardroom@contoso.com"), "{plan}");
    contoso.groups.apply(&plan).await.unwrap();
    assert_ne!(contoso.prove(&spec).await.verdict, Verdict::Verified);
}

/// Exchange shows a condition in another form than it was written in.
#[tokio::test]
async fn a_management_scope_with_the_same_condition_is_used_and_none_is_made() {
    let (contoso, rooms) = marked().await;
    let other = contoso.tenant.add_application("Signage", "secret");
    contoso.tenant.assign_role(
        &other,
        NewRoleAssignment::new("Application Calendars.Read")
            .name("signage")
            .filter("((CustomAttribute1  -eq 'BOOKABLE'))"),
    );
    let spec = by_filter(&contoso).build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert!(!commands(&plan).contains(&"New-ManagementScope"), "{plan}");
    assert!(contoso.groups.apply(&plan).await.unwrap().is_complete());
    assert_eq!(contoso.tenant.management_scopes().len(), 1);
    assert_reached(&contoso, &rooms);
    assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Verified);
}

/// Somebody changed our scope: setting it back would change every assignment that uses it, so it is not done unasked.
#[tokio::test]
async fn our_management_scope_with_another_condition_blocks_the_plan() {
    let (contoso, _) = marked().await;
    contoso.provision(&by_filter(&contoso).build().unwrap()).await;
    let other = by_filter(&contoso).scope(Scope::filter("CustomAttribute1 -eq 'Other'")).build().unwrap();
    let plan = contoso.plan(&other).await;
    assert!(plan.is_blocked(), "{plan}");
    let blocker = plan.blockers().next().unwrap();
    assert_eq!((blocker.kind, blocker.spec_path.as_deref()), (FindingKind::BrokenScope, Some("scope")));
    let changes = &blocker.advice.changes;
    assert!(matches!(&**changes, [Change::AlterScope(_)]), "{blocker}");
    // Following the advice leads to the spec.
    changes[0].make(&contoso.client).await.unwrap();
    contoso.provision(&other).await;
    assert!(contoso.plan(&other).await.is_empty());
}

/// Without the list of scopes it is not known whether one has to be made: a plan without that step would be complete at once.
#[tokio::test]
async fn scopes_that_could_not_be_read_block_a_role_over_a_condition() {
    let (contoso, _) = marked().await;
    contoso.tenant.fail_next(Matcher::cmdlet("Get-ManagementScope").times(100), Fault::Html { status: 200 });
    let plan = contoso.plan(&by_filter(&contoso).build().unwrap()).await;
    assert!(plan.blockers().any(|finding| finding.kind == FindingKind::NotRead), "{plan}");
}

#[tokio::test]
async fn a_role_over_an_administrative_unit_reaches_its_members() {
    let contoso = Contoso::start().await;
    let rooms: Vec<String> = contoso.rooms().into_iter().take(7).collect();
    let unit = contoso.tenant.add_unit("Rooms of the north", &rooms);
    let spec =
        by_filter(&contoso).rooms(Rooms::at(rooms.clone())).scope(Scope::administrative_unit(&unit)).build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert_eq!(commands(&plan), ["New-ServicePrincipal", "New-ManagementRoleAssignment", "Graph"], "{plan}");
    assert!(plan.to_string().contains(&format!("the administrative unit {unit}")), "{plan}");
    assert!(contoso.groups.apply(&plan).await.unwrap().is_complete());
    assert_reached(&contoso, &rooms);
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
    assert!(contoso.plan(&spec).await.is_empty());
}

#[tokio::test]
async fn an_administrative_unit_that_is_not_there_blocks_the_plan() {
    let contoso = Contoso::start().await;
    let spec = by_filter(&contoso).scope(Scope::administrative_unit("6d0e7f1c-4a52-4f0e-8f0b-1f6f2a7c9d10"));
    let plan = contoso.plan(&spec.build().unwrap()).await;
    assert!(plan.blockers().any(|blocker| blocker.kind == FindingKind::BrokenScope), "{plan}");
}

#[tokio::test]
async fn a_run_that_stops_after_the_scope_is_created_goes_on_with_it() {
    let (contoso, rooms) = marked().await;
    let spec = by_filter(&contoso).build().unwrap();
    let plan = contoso.plan(&spec).await;
    let stop = Stop::new();
    let handle = stop.clone();
    let report = contoso.groups.apply(&plan).stopped_by(&stop).on_event(move |event| {
        if matches!(event, exchange_groups::Event::Step { change, .. } if matches!(**change, Change::CreateScope(_))) {
            handle.stop();
        }
    });
    assert!(!report.await.unwrap().is_complete());
    assert!(contoso.tenant.role_assignments(&contoso.booking).is_empty());
    let again = contoso.plan(&spec).await;
    assert_eq!(commands(&again), ["New-ManagementRoleAssignment", "Graph"], "{again}");
    assert!(again.steps.iter().all(|step| matches!(step.stage(), Stage::Restriction | Stage::Revocation)));
    assert!(contoso.groups.apply(&again).await.unwrap().is_complete());
    assert_eq!(contoso.tenant.management_scopes().len(), 1);
    assert_reached(&contoso, &rooms);
}

/// The list of recipients decides what the condition holds for; without it nobody can say.
#[tokio::test]
async fn without_the_list_of_recipients_nothing_is_verified() {
    let (contoso, _) = marked().await;
    let spec = by_filter(&contoso).build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.fail_next(
        fake_tenant::Matcher::cmdlet("Get-Recipient").times(1_000),
        fake_tenant::Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "No."),
    );
    match contoso.groups.prove(&spec).await {
        Ok(proof) => assert_eq!(proof.verdict, Verdict::Inconclusive, "{proof}"),
        Err(error) => assert_eq!(error.kind(), exchange_groups::ErrorKind::Service, "{error}"),
    }
}

#[test]
fn a_scope_is_checked_with_everything_else_and_reads_back_from_a_file() {
    let spec = || RestrictedCalendarGroup::placeos(GROUP, "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01");
    let faults = |builder: RestrictedCalendarGroupBuilder| {
        let error = builder.build().unwrap_err();
        error.faults().iter().map(|fault| fault.field.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(faults(spec().scope(Scope::filter(" "))), ["scope.filter"]);
    assert_eq!(faults(spec().scope(Scope::filter("Name -eq 'x"))), ["scope.filter"]);
    assert_eq!(faults(spec().scope(Scope::administrative_unit("north"))), ["scope.administrative_unit"]);
    assert_eq!(faults(spec()), ["owners"], "a group needs an owner");
    assert_eq!(faults(spec().scope(Scope::filter(FILTER)).restriction(Restriction::Policy)), ["scope"]);
    let built = spec().scope(Scope::filter(FILTER)).build().unwrap();
    let json = serde_json::to_value(&built).unwrap();
    assert_eq!(json["scope"], serde_json::json!({ "filter": FILTER }));
    assert_eq!(serde_json::from_value::<RestrictedCalendarGroup>(json).unwrap(), built);
    let grouped = serde_json::to_value(spec().owner("a@contoso.com").build().unwrap()).unwrap();
    assert_eq!(grouped.get("scope"), None, "a file from before has none");
}
