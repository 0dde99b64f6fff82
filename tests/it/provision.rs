//! From a fresh tenant to a restriction that holds, and back to it from wherever a run stopped.

use std::sync::{Arc, Mutex};

use exchange_groups::graph_client::exchange::{Cmdlet, Effect};
use exchange_groups::{
    Change, ErrorKind, Event, FindingKind, OtherMembers, Outcome, Permission, Plan, Report, RestrictedCalendarGroup,
    RoomFilter, Rooms, Severity, Stage, Verdict,
};
use exchange_groups_tests::{Contoso, GROUP, OWNER};
use fake_tenant::{Fault, Matcher, NewGroup, NewMailbox, RecipientKind, When};
use serde_json::json;

/// The commands of a plan, in order.
fn commands(plan: &Plan) -> Vec<String> {
    let steps = serde_json::to_value(&plan.steps).expect("a plan is JSON");
    let commands = steps.as_array().into_iter().flatten();
    commands.map(|step| step["change"]["command"].as_str().unwrap_or_default().to_owned()).collect()
}

fn outcomes(report: &Report) -> Vec<(Stage, &'static str)> {
    let name = |outcome: &Outcome| match outcome {
        Outcome::Done => "done",
        Outcome::AlreadyDone => "already done",
        Outcome::Failed { .. } => "failed",
        Outcome::NotRun { .. } => "not run",
        _ => "other",
    };
    report.steps.iter().map(|step| (step.stage(), name(&step.outcome))).collect()
}

/// The application reaches every room, and neither the chief executive nor anybody else who was asked about.
fn assert_restricted(contoso: &Contoso) {
    for room in contoso.rooms() {
        assert!(contoso.tenant.can_read(&contoso.booking, &room), "{room} is closed");
    }
    for person in ["ceo@contoso.com", "adele.vance@contoso.com", "reception@contoso.com", "projector-1@contoso.com"] {
        assert!(!contoso.tenant.can_read(&contoso.booking, person), "{person} is open");
    }
}

#[tokio::test]
async fn a_fresh_tenant_becomes_a_proven_restriction_by_rbac() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    assert!(contoso.tenant.can_read(&contoso.booking, "ceo@contoso.com"), "the start is the unrestricted consent");

    let plan = contoso.plan(&spec).await;
    assert_eq!(contoso.tenant.write_count(), 0, "a plan only reads");
    assert_eq!(
        commands(&plan),
        [
            "New-DistributionGroup",
            "Update-DistributionGroupMember",
            "New-ServicePrincipal",
            "New-ManagementRoleAssignment",
            "DELETE appRoleAssignments",
        ]
    );
    assert_eq!((plan.rooms, plan.rooms_in_tenant), (40, 40));
    let kinds: Vec<FindingKind> = plan.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [FindingKind::Outage, FindingKind::OthersCanWiden], "{plan}");

    let report = contoso.groups.apply(&plan).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.changes(), 5);
    assert_eq!(report.members.as_ref().map(|it| it.present), Some(40));

    let group = contoso.tenant.group(GROUP).expect("the group");
    assert_eq!(group.kind, RecipientKind::SecurityGroup);
    assert_eq!(
        (&*group.name, &*group.display_name, &*group.alias),
        ("PlaceOS Room Booking", "PlaceOS Room Booking", "placeosroombooking")
    );
    assert_eq!(group.description, "Room calendars that PlaceOS may read and write");
    assert!(group.owners.contains(&OWNER.to_owned()), "{:?}", group.owners);
    assert_eq!(group.members, contoso.rooms());
    assert_eq!(report.group_id.map(|id| id.to_string()), Some(group.object_id));

    let roles = contoso.tenant.role_assignments(&contoso.booking);
    assert_eq!(roles.len(), 1);
    assert_eq!((&*roles[0].role, roles[0].enabled), ("Application Calendars.ReadWrite", true));
    assert_eq!(roles[0].group.as_deref(), Some(GROUP));
    assert!(contoso.tenant.has_pointer(&contoso.booking));
    assert!(contoso.tenant.access_policies(&contoso.booking).is_empty());
    assert_eq!(
        contoso.tenant.app_roles(&contoso.booking),
        ["Group.Read.All", "User.Read.All", "Place.Read.All"],
        "the calendar permission is gone and every other one is left alone"
    );
    assert_restricted(&contoso);

    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
    assert_eq!(proof.checks.len(), 41);
}

#[tokio::test]
async fn a_fresh_tenant_becomes_a_proven_restriction_by_access_policy() {
    let contoso = Contoso::start().await;
    let spec = contoso.policy().build().unwrap();
    let before = contoso.tenant.app_roles(&contoso.booking);

    let plan = contoso.plan(&spec).await;
    assert_eq!(
        commands(&plan),
        ["New-DistributionGroup", "Update-DistributionGroupMember", "New-ApplicationAccessPolicy"]
    );
    let report = contoso.groups.apply(&plan).await.unwrap();
    assert!(report.is_complete(), "{report}");

    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
    let policies = contoso.tenant.access_policies(&contoso.booking);
    assert_eq!(policies.len(), 1);
    assert_eq!((&*policies[0].scope, policies[0].denies), (GROUP, false));
    assert_eq!(policies[0].app_id, contoso.booking.client_id);
    assert_eq!(contoso.tenant.app_roles(&contoso.booking), before, "a policy narrows the permission, which must stay");
    assert!(contoso.tenant.role_assignments(&contoso.booking).is_empty());
    assert_restricted(&contoso);

    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
}

#[tokio::test]
async fn the_report_begins_with_the_groups_address_and_counts_every_stage() {
    let contoso = Contoso::start().await;
    let report = contoso.provision(&contoso.rbac().build().unwrap()).await;
    let text = report.to_string();
    assert!(text.lines().next().is_some_and(|line| line.contains(GROUP)), "{text}");
    let stages: Vec<_> = report.stages.iter().map(|usage| usage.stage).collect();
    assert_eq!(stages, [Stage::Observe, Stage::Group, Stage::Members, Stage::Restriction, Stage::Revocation]);
    assert!(report.stages.iter().all(|usage| usage.requests > 0), "{text}");
}

#[tokio::test]
async fn a_second_run_plans_nothing_and_writes_nothing() {
    for policy in [false, true] {
        let contoso = Contoso::start().await;
        let spec = if policy { contoso.policy() } else { contoso.rbac() }.build().unwrap();
        contoso.provision(&spec).await;
        contoso.tenant.clear_requests();

        let plan = contoso.plan(&spec).await;
        assert!(plan.is_empty(), "{plan}");
        assert!(plan.to_string().contains("Nothing to do"), "{plan}");
        let report = contoso.groups.apply(&plan).await.unwrap();
        assert!(report.is_complete() && report.steps.is_empty());
        assert_eq!(report.address.as_str(), GROUP);
        contoso.prove(&spec).await;
        assert_eq!(contoso.tenant.writes(), [], "neither plan, nor apply, nor proof may write");
    }
}

#[tokio::test]
async fn a_room_that_comes_is_exactly_one_step() {
    for policy in [false, true] {
        let contoso = Contoso::start().await;
        let spec = if policy { contoso.policy() } else { contoso.rbac() }.build().unwrap();
        contoso.provision(&spec).await;
        contoso.tenant.add_room("room-b4-0101@contoso.com");

        let plan = contoso.plan(&spec).await;
        assert_eq!(commands(&plan), ["Add-DistributionGroupMember"]);
        assert!(plan.steps[0].sentence().contains("room-b4-0101@contoso.com"), "{}", plan.steps[0].sentence());
        contoso.tenant.clear_requests();
        assert!(contoso.groups.apply(&plan).await.unwrap().is_complete());
        assert_eq!(contoso.tenant.write_count(), 1);
        assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
        assert!(contoso.tenant.can_read(&contoso.booking, "room-b4-0101@contoso.com"));
        assert!(contoso.plan(&spec).await.is_empty());
    }
}

#[tokio::test]
async fn a_room_whose_mailbox_is_taken_away_is_exactly_one_step() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.disable_mailbox("room-b2-0101@contoso.com");
    assert!(contoso.tenant.members(GROUP).contains(&"room-b2-0101@contoso.com".to_owned()), "it stays a member");

    let plan = contoso.plan(&spec).await;
    assert_eq!(commands(&plan), ["Remove-DistributionGroupMember"]);
    assert!(plan.steps[0].sentence().contains("room-b2-0101@contoso.com"), "{}", plan.steps[0].sentence());
    assert!(contoso.groups.apply(&plan).await.unwrap().is_complete());
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
    assert_eq!(contoso.rooms().len(), 39);
    assert!(contoso.plan(&spec).await.is_empty());
}

#[tokio::test]
async fn a_room_that_becomes_a_persons_mailbox_is_closed_by_exactly_one_step() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.convert_mailbox("room-b3-0201@contoso.com", RecipientKind::UserMailbox);
    assert!(contoso.tenant.can_read(&contoso.booking, "room-b3-0201@contoso.com"), "it is open until then");

    let plan = contoso.plan(&spec).await;
    assert_eq!(commands(&plan), ["Remove-DistributionGroupMember"]);
    assert!(contoso.groups.apply(&plan).await.unwrap().is_complete());
    assert!(!contoso.tenant.can_read(&contoso.booking, "room-b3-0201@contoso.com"));
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
}

#[tokio::test]
async fn a_room_that_the_spec_leaves_out_is_removed() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    let spec = contoso.rbac().rooms(Rooms::all().except("boardroom@contoso.com")).build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert_eq!(commands(&plan), ["Remove-DistributionGroupMember"]);
    assert_eq!(plan.excluded.iter().map(ToString::to_string).collect::<Vec<_>>(), ["boardroom@contoso.com"]);
    assert!(contoso.groups.apply(&plan).await.unwrap().is_complete());
    assert!(!contoso.tenant.can_read(&contoso.booking, "boardroom@contoso.com"));
}

#[tokio::test]
async fn an_exception_leaves_a_room_out_by_any_of_its_addresses() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_mailbox(NewMailbox::room("quiet-room").proxy_address("silent-room@contoso.com"));
    let spec = contoso.rbac().rooms(Rooms::all().except("Silent-Room@contoso.com")).build().unwrap();
    contoso.provision(&spec).await;
    assert!(!contoso.tenant.members(GROUP).contains(&"quiet-room@contoso.com".to_owned()));
    assert_eq!(contoso.tenant.members(GROUP).len(), 40);
}

#[tokio::test]
async fn an_owner_that_the_spec_adds_is_added_and_the_others_stay() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    let spec = contoso.rbac().owner("lee.braun@contoso.com").build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert_eq!(commands(&plan), ["Set-DistributionGroup"]);
    assert!(contoso.groups.apply(&plan).await.unwrap().is_complete());
    let owners = contoso.tenant.group(GROUP).unwrap().owners;
    assert!(owners.contains(&OWNER.to_owned()) && owners.contains(&"lee.braun@contoso.com".to_owned()), "{owners:?}");
    assert!(contoso.plan(&spec).await.is_empty());
}

#[tokio::test]
async fn a_person_who_was_put_into_the_group_is_removed() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.add_member(GROUP, "adele.vance@contoso.com");
    assert!(contoso.tenant.can_read(&contoso.booking, "adele.vance@contoso.com"));

    let plan = contoso.plan(&spec).await;
    assert_eq!(commands(&plan), ["Remove-DistributionGroupMember"]);
    assert!(plan.steps[0].sentence().contains("adele.vance@contoso.com"), "{}", plan.steps[0].sentence());
    assert!(contoso.groups.apply(&plan).await.unwrap().is_complete());
    assert_restricted(&contoso);
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
}

#[tokio::test]
async fn other_members_stay_if_the_spec_says_so_except_those_that_must_stay_closed() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    contoso.tenant.add_member(GROUP, "adele.vance@contoso.com");
    contoso.tenant.add_member(GROUP, "ceo@contoso.com");

    let spec = contoso.rbac().other_members(OtherMembers::Keep).build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert_eq!(commands(&plan), ["Remove-DistributionGroupMember"]);
    assert!(plan.steps[0].sentence().contains("ceo@contoso.com"), "{}", plan.steps[0].sentence());
    assert!(contoso.groups.apply(&plan).await.unwrap().is_complete());
    assert!(contoso.tenant.can_read(&contoso.booking, "adele.vance@contoso.com"));
    assert!(!contoso.tenant.can_read(&contoso.booking, "ceo@contoso.com"));
    assert!(contoso.plan(&spec).await.is_empty());
}

#[tokio::test]
async fn a_group_gets_the_name_that_the_spec_says_and_keeps_its_address() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    let spec = contoso.rbac().name("Bookable rooms").description("All of them").build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert_eq!(commands(&plan), ["Set-DistributionGroup"]);
    let report = contoso.groups.apply(&plan).await.unwrap();
    assert!(report.is_complete(), "{report}");
    let group = contoso.tenant.group(GROUP).unwrap();
    assert_eq!((&*group.display_name, &*group.address), ("Bookable rooms", GROUP));
    assert_eq!(group.description, "All of them");
    assert_eq!(contoso.tenant.role_assignments(&contoso.booking).len(), 1);
    assert!(contoso.plan(&spec).await.is_empty());
}

#[tokio::test]
async fn mailboxes_that_are_no_rooms_become_members_when_they_are_named() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().mailbox("reception@contoso.com").build().unwrap();
    let report = contoso.provision(&spec).await;
    assert_eq!(report.members.as_ref().map(|it| it.present), Some(41));
    assert!(contoso.tenant.can_read(&contoso.booking, "reception@contoso.com"));
    assert!(!contoso.tenant.can_read(&contoso.booking, "ceo@contoso.com"));
    assert!(contoso.prove(&spec).await.is_verified());
}

#[tokio::test]
async fn a_room_list_gives_its_rooms_and_no_others() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().rooms(Rooms::in_list("building-2@contoso.com")).build().unwrap();
    contoso.provision(&spec).await;
    assert_eq!(contoso.tenant.members(GROUP), contoso.tenant.members("building-2@contoso.com"));
    assert_eq!(contoso.tenant.members(GROUP).len(), 13);
    assert!(!contoso.tenant.can_read(&contoso.booking, "room-b1-0101@contoso.com"));
}

#[tokio::test]
async fn a_filter_gives_the_rooms_that_meet_all_of_its_conditions() {
    let in_building_3 = |room: &str| room.starts_with("room-b3-");
    let contoso = Contoso::start().await;
    contoso.tenant.add_mailbox(
        NewMailbox::room("tagged")
            .custom_attribute(1, "Bookable")
            .capacity(30)
            .office("building 3")
            .display_name("T 1"),
    );
    for (filter, expected) in [
        (
            RoomFilter::new().office("Building 3"),
            contoso.rooms().into_iter().filter(|room| in_building_3(room) || room.starts_with("tagged@")).collect(),
        ),
        (
            RoomFilter::new().office("Building 3").address_starts_with("ROOM-"),
            contoso.rooms().into_iter().filter(|room| in_building_3(room)).collect::<Vec<_>>(),
        ),
        (
            RoomFilter::new().capacity_at_least(24),
            vec!["boardroom@contoso.com".to_owned(), "tagged@contoso.com".to_owned()],
        ),
        (RoomFilter::new().custom_attribute1("bookable"), vec!["tagged@contoso.com".to_owned()]),
        (RoomFilter::new().name_starts_with("board"), vec!["boardroom@contoso.com".to_owned()]),
    ] {
        let spec = contoso.rbac().rooms(Rooms::matching(filter.clone())).allow_large_removal(true).build().unwrap();
        contoso.provision(&spec).await;
        assert_eq!(contoso.tenant.members(GROUP), expected, "{filter}");
    }
}

#[tokio::test]
async fn rooms_can_be_named_one_by_one_in_any_case_of_letters() {
    let contoso = Contoso::start().await;
    let rooms = Rooms::at(["Boardroom@Contoso.com", "room-b1-0101@contoso.com"]);
    contoso.provision(&contoso.rbac().rooms(rooms).build().unwrap()).await;
    assert_eq!(contoso.tenant.members(GROUP), ["boardroom@contoso.com", "room-b1-0101@contoso.com"]);
}

#[tokio::test]
async fn two_addresses_of_one_room_make_one_member() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_mailbox(NewMailbox::room("quiet-room").proxy_address("silent-room@contoso.com"));
    let rooms = Rooms::at(["quiet-room@contoso.com", "silent-room@contoso.com", "boardroom@contoso.com"]);
    contoso.provision(&contoso.rbac().rooms(rooms).build().unwrap()).await;
    assert_eq!(contoso.tenant.members(GROUP), ["boardroom@contoso.com", "quiet-room@contoso.com"]);
}

#[tokio::test]
async fn a_spec_in_a_json_file_is_as_good_as_one_in_code() {
    let contoso = Contoso::start().await;
    let text = json!({
        "name": "PlaceOS Room Booking",
        "address": GROUP,
        "owners": [OWNER],
        "rooms": {"room_list": "building-1@contoso.com", "except": ["boardroom@contoso.com"]},
        "application": contoso.booking.client_id,
        "permission": "read",
        "restriction": "rbac",
        "revoke_tenant_wide_grant": true,
        "must_not_reach": ["ceo@contoso.com", "boardroom@contoso.com"],
    })
    .to_string();
    let spec: RestrictedCalendarGroup = serde_json::from_str(&text).unwrap();
    contoso.provision(&spec).await;
    assert_eq!(contoso.tenant.members(GROUP).len(), 14);
    assert_eq!(contoso.tenant.role_assignments(&contoso.booking)[0].role, "Application Calendars.Read");
    assert!(contoso.prove(&spec).await.is_verified());
}

#[tokio::test]
async fn a_run_that_stops_at_the_role_says_so_and_the_next_run_does_the_rest() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.tenant.fail_next(
        Matcher::cmdlet("New-ManagementRoleAssignment"),
        Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "Something is wrong today."),
    );
    let report = contoso.apply(&spec).await;
    assert!(!report.is_complete());
    assert_eq!(
        outcomes(&report),
        [
            (Stage::Group, "done"),
            (Stage::Members, "done"),
            (Stage::Restriction, "done"),
            (Stage::Restriction, "failed"),
            (Stage::Revocation, "not run"),
        ]
    );
    let text = report.to_string();
    assert!(text.contains("Something is wrong today") && text.contains("not run"), "{text}");
    let error = report.steps[3].error.as_ref().expect("the error itself");
    assert_eq!((error.status(), error.code()), (Some(400), Some("TaskException")));
    assert!(contoso.tenant.can_read(&contoso.booking, "boardroom@contoso.com"), "nothing is lost on the way");
    assert!(contoso.tenant.app_roles(&contoso.booking).contains(&"Calendars.ReadWrite".to_owned()));

    let plan = contoso.plan(&spec).await;
    assert_eq!(commands(&plan), ["New-ManagementRoleAssignment", "DELETE appRoleAssignments"]);
    assert!(contoso.groups.apply(&plan).await.unwrap().is_complete());
    assert_restricted(&contoso);
    assert!(contoso.prove(&spec).await.is_verified());
}

#[tokio::test]
async fn a_run_that_stops_at_the_policy_says_so_and_the_next_run_does_the_rest() {
    let contoso = Contoso::start().await;
    let spec = contoso.policy().build().unwrap();
    contoso.tenant.fail_next(
        Matcher::cmdlet("New-ApplicationAccessPolicy"),
        Fault::cmdlet_error(400, "", "The total size of App Access Policies exceeded the limit."),
    );
    let report = contoso.apply(&spec).await;
    assert_eq!(outcomes(&report), [(Stage::Group, "done"), (Stage::Members, "done"), (Stage::Restriction, "failed")]);
    assert!(report.to_string().contains("Remove policies that are not needed"), "{report}");

    let plan = contoso.plan(&spec).await;
    assert_eq!(commands(&plan), ["New-ApplicationAccessPolicy"]);
    assert!(contoso.groups.apply(&plan).await.unwrap().is_complete());
    assert_restricted(&contoso);
}

#[tokio::test]
async fn a_missing_graph_permission_fails_the_revocation_alone() {
    let contoso = Contoso::start().await;
    contoso.tenant.revoke_app_role(contoso.tenant.administrator(), "AppRoleAssignment.ReadWrite.All");
    let spec = contoso.rbac().build().unwrap();
    let report = contoso.apply(&spec).await;
    assert_eq!(outcomes(&report).last(), Some(&(Stage::Revocation, "failed")));
    assert!(report.steps[..4].iter().all(|step| step.outcome.is_success()), "{report}");
    assert!(report.to_string().contains("lacks a Graph permission"), "{report}");

    contoso.tenant.grant_app_role(contoso.tenant.administrator(), "AppRoleAssignment.ReadWrite.All");
    // A role that was granted after the token was minted needs a new sign-in, as of a new process.
    let groups = exchange_groups::ExchangeGroups::new(contoso.new_client());
    let plan = groups.plan(&spec).await.unwrap();
    assert_eq!(commands(&plan), ["DELETE appRoleAssignments"]);
    assert!(groups.apply(&plan).await.unwrap().is_complete());
    assert_restricted(&contoso);
}

#[tokio::test]
async fn what_somebody_else_did_in_the_meantime_is_not_needed() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.add_room("room-new-1@contoso.com");
    contoso.tenant.add_room("room-new-2@contoso.com");
    contoso.tenant.add_member(GROUP, "adele.vance@contoso.com");
    contoso.tenant.add_member(GROUP, "alex.wilber@contoso.com");
    let plan = contoso.plan(&spec).await;
    assert_eq!(plan.steps.len(), 4);

    contoso.tenant.add_member(GROUP, "room-new-1@contoso.com");
    contoso.tenant.remove_member(GROUP, "alex.wilber@contoso.com");
    let report = contoso.groups.apply(&plan).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.changes(), 2);
    assert_eq!(report.steps.iter().filter(|step| step.outcome == Outcome::NotNeeded).count(), 2);
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
}

#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct Registration {
    app_id: String,
    object_id: String,
}

impl std::fmt::Display for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Register {}", self.app_id)
    }
}

impl Cmdlet for Registration {
    const NAME: &'static str = "New-ServicePrincipal";
    const EFFECT: Effect = Effect::Write;
    type Output = Vec<serde_json::Value>;
}

#[tokio::test]
async fn an_application_that_was_registered_in_the_meantime_is_not_needed() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    let (app_id, object_id) = (contoso.booking.client_id.clone(), contoso.booking.object_id.clone());
    contoso.run(Registration { app_id, object_id }).await;
    let report = contoso.groups.apply(&plan).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.steps[2].outcome, Outcome::NotNeeded);
    assert_restricted(&contoso);
}

#[tokio::test]
async fn a_permission_that_was_revoked_in_the_meantime_is_not_needed() {
    let contoso = Contoso::start().await;
    let plan = contoso.plan(&contoso.rbac().build().unwrap()).await;
    contoso.tenant.revoke_app_role(&contoso.booking, "Calendars.ReadWrite");
    let report = contoso.groups.apply(&plan).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.steps[4].outcome, Outcome::NotNeeded);
}

#[tokio::test]
async fn the_same_plan_applied_twice_makes_nothing_twice() {
    for policy in [false, true] {
        let contoso = Contoso::start().await;
        let spec = if policy { contoso.policy() } else { contoso.rbac() }.build().unwrap();
        let plan = contoso.plan(&spec).await;
        assert!(contoso.groups.apply(&plan).await.unwrap().is_complete());
        let fills = contoso.tenant.count("Update-DistributionGroupMember");
        let report = contoso.groups.apply(&plan).await.unwrap();
        assert_eq!(report.changes(), 0, "{report}");
        assert_eq!(contoso.tenant.count("Update-DistributionGroupMember"), fills, "the group has members by now");
        assert_eq!(contoso.tenant.groups().iter().filter(|group| group.starts_with("placeos")).count(), 1);
        assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
        let restrictions = contoso.tenant.role_assignments(&contoso.booking).len()
            + contoso.tenant.access_policies(&contoso.booking).len();
        assert_eq!(restrictions, 1);
        assert_restricted(&contoso);
    }
}

#[tokio::test]
async fn members_of_a_group_that_appeared_in_the_meantime_are_not_replaced() {
    let contoso = Contoso::start().await;
    let plan = contoso.plan(&contoso.rbac().build().unwrap()).await;
    let others = NewGroup::security(GROUP).display_name("PlaceOS Room Booking").members(["lee.braun@contoso.com"]);
    contoso.tenant.add_group(others);
    let error = contoso.groups.apply(&plan).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stale, "{error}");
    assert!(error.to_string().contains("lee.braun@contoso.com"), "{error}");
    assert_eq!(contoso.tenant.write_count(), 0, "somebody's members would be lost");
}

#[tokio::test]
async fn members_that_came_into_an_empty_group_since_the_plan_are_not_replaced() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_group(NewGroup::security(GROUP).display_name("PlaceOS Room Booking").owner(OWNER));
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert!(commands(&plan).contains(&"Update-DistributionGroupMember".to_owned()));
    contoso.tenant.add_member(GROUP, "lee.braun@contoso.com");
    let error = contoso.groups.apply(&plan).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stale, "{error}");
    assert!(error.to_string().contains("Plan again"), "{error}");
    assert_eq!(contoso.tenant.write_count(), 0);

    assert!(contoso.provision(&spec).await.is_complete());
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
}

/// Every write of a run, by the cmdlet or path that a fault can find it by.
const RBAC_WRITES: [&str; 4] =
    ["New-DistributionGroup", "Update-DistributionGroupMember", "New-ServicePrincipal", "New-ManagementRoleAssignment"];

#[tokio::test]
async fn an_answer_that_is_lost_after_the_effect_fails_nothing_and_repeats_nothing() {
    for fault in [Fault::DropConnection(When::AfterEffect), Fault::TruncatedBody, Fault::AnswerLost { status: 504 }] {
        for cmdlet in RBAC_WRITES {
            let contoso = Contoso::start().await;
            let spec = contoso.rbac().build().unwrap();
            contoso.tenant.fail_next(Matcher::cmdlet(cmdlet), fault.clone());
            let report = contoso.apply(&spec).await;
            assert!(report.is_complete(), "{cmdlet} {fault:?}\n{report}");
            assert_eq!(contoso.tenant.count(cmdlet), 1, "{cmdlet} {fault:?}");
            assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
            assert_eq!(contoso.tenant.role_assignments(&contoso.booking).len(), 1);
            assert_restricted(&contoso);
        }
    }
}

#[tokio::test]
async fn an_answer_to_a_policy_that_is_lost_after_the_effect_makes_no_second_policy() {
    let contoso = Contoso::start().await;
    let spec = contoso.policy().build().unwrap();
    let lost = Fault::DropConnection(When::AfterEffect);
    contoso.tenant.fail_next(Matcher::cmdlet("New-ApplicationAccessPolicy"), lost);
    let report = contoso.provision(&spec).await;
    assert_eq!(contoso.tenant.count("New-ApplicationAccessPolicy"), 1, "{report}");
    assert_eq!(contoso.tenant.access_policies(&contoso.booking).len(), 1);
    assert_restricted(&contoso);
}

#[tokio::test]
async fn a_revocation_whose_answer_is_lost_is_done() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let matcher = Matcher::path("/appRoleAssignments/").method("DELETE");
    contoso.tenant.fail_next(matcher, Fault::DropConnection(When::AfterEffect));
    contoso.provision(&spec).await;
    assert_restricted(&contoso);
}

#[tokio::test]
async fn answers_to_member_changes_that_are_lost_are_settled_by_reading_the_members() {
    for count in [1, 3] {
        for cmdlet in ["Add-DistributionGroupMember", "Remove-DistributionGroupMember"] {
            let contoso = Contoso::start().await;
            let spec = contoso.rbac().build().unwrap();
            contoso.provision(&spec).await;
            for number in 0..count {
                contoso.tenant.add_room(&format!("room-new-{number}@contoso.com"));
                let person = contoso.tenant.people()[number].clone();
                contoso.tenant.add_member(GROUP, &person);
            }
            contoso.tenant.fail_next(Matcher::cmdlet(cmdlet), Fault::DropConnection(When::AfterEffect));
            let report = contoso.provision(&spec).await;
            assert_eq!(contoso.tenant.count(cmdlet), count, "{report}");
            assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
            assert!(contoso.plan(&spec).await.is_empty());
        }
    }
}

#[tokio::test]
async fn a_write_that_is_lost_before_its_effect_is_reported_and_the_next_run_makes_it() {
    for cmdlet in RBAC_WRITES {
        let contoso = Contoso::start().await;
        let spec = contoso.rbac().build().unwrap();
        contoso.tenant.fail_next(Matcher::cmdlet(cmdlet), Fault::DropConnection(When::BeforeEffect));
        let report = contoso.apply(&spec).await;
        let failed: Vec<_> = report.steps.iter().filter(|step| step.error.is_some()).collect();
        assert_eq!(failed.len(), 1, "{cmdlet}\n{report}");
        let error = failed[0].error.as_ref().unwrap();
        assert!(error.operation().starts_with(cmdlet), "{error}");
        assert!(error.is_outcome_unknown() && error.to_string().contains("may have happened"), "{error}");
        let last = &report.steps.last().unwrap().outcome;
        assert!(matches!(last, Outcome::NotRun { .. }), "the permission must stay: {report}");
        assert!(contoso.tenant.can_read(&contoso.booking, "boardroom@contoso.com"), "no room is lost");

        contoso.provision(&spec).await;
        assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
        assert_restricted(&contoso);
    }
}

#[tokio::test]
async fn a_policy_that_is_lost_before_its_effect_is_reported_and_the_next_run_makes_it() {
    let contoso = Contoso::start().await;
    let spec = contoso.policy().build().unwrap();
    let lost = Fault::DropConnection(When::BeforeEffect);
    contoso.tenant.fail_next(Matcher::cmdlet("New-ApplicationAccessPolicy"), lost);
    let report = contoso.apply(&spec).await;
    assert_eq!(outcomes(&report).last(), Some(&(Stage::Restriction, "failed")), "{report}");
    contoso.provision(&spec).await;
    assert_eq!(contoso.tenant.access_policies(&contoso.booking).len(), 1);
}

#[tokio::test]
async fn a_member_change_that_is_lost_before_its_effect_is_reported_and_the_next_run_makes_it() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.add_room("room-new@contoso.com");
    let lost = Fault::DropConnection(When::BeforeEffect);
    contoso.tenant.fail_next(Matcher::cmdlet("Add-DistributionGroupMember"), lost);
    let report = contoso.apply(&spec).await;
    assert_eq!(outcomes(&report), [(Stage::Members, "failed")], "{report}");
    contoso.provision(&spec).await;
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
}

#[tokio::test]
async fn without_the_group_nothing_else_is_tried() {
    let contoso = Contoso::start().await;
    contoso.tenant.fail_next(
        Matcher::cmdlet("New-DistributionGroup"),
        Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "No."),
    );
    let report = contoso.apply(&contoso.rbac().build().unwrap()).await;
    assert_eq!(contoso.tenant.write_count(), 1, "{report}");
    assert!(outcomes(&report)[1..].iter().all(|(_, outcome)| *outcome == "not run"), "{report}");
    assert!(report.to_string().contains("the group is not there"), "{report}");
}

#[tokio::test]
async fn the_tenant_wide_permission_stays_as_long_as_a_room_is_not_a_member() {
    let contoso = Contoso::start().await;
    let rooms = contoso.rooms();
    let group = NewGroup::security(GROUP).display_name("PlaceOS Room Booking").owner(OWNER);
    contoso.tenant.add_group(group.members(rooms.iter().skip(10)));
    contoso.tenant.fail_next(
        Matcher::cmdlet("Add-DistributionGroupMember").after(7),
        Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "This one not."),
    );
    let report = contoso.apply(&contoso.rbac().build().unwrap()).await;
    assert_eq!(report.steps.iter().filter(|step| step.error.is_some()).count(), 1, "{report}");
    assert_eq!(contoso.tenant.members(GROUP).len(), 39, "one member's failure is not another's");
    assert!(matches!(report.steps.last().unwrap().outcome, Outcome::NotRun { .. }), "{report}");
    for room in contoso.rooms() {
        assert!(contoso.tenant.can_read(&contoso.booking, &room), "{room} was lost");
    }
}

#[tokio::test]
async fn the_tenant_wide_permission_stays_when_the_role_that_replaces_it_is_only_there_in_part() {
    let contoso = Contoso::start().await;
    let read = contoso.rbac().permission(Permission::Read).revoke_tenant_wide_grant(false).build().unwrap();
    contoso.provision(&read).await;
    contoso.tenant.fail_next(
        Matcher::cmdlet("New-ManagementRoleAssignment"),
        Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "Something is wrong today."),
    );
    let report = contoso.apply(&contoso.rbac().build().unwrap()).await;
    assert_eq!(
        outcomes(&report),
        [(Stage::Restriction, "failed"), (Stage::Restriction, "not run"), (Stage::Revocation, "not run")],
        "Exchange's test shows the reading role, and the application writes by the permission: {report}"
    );
    assert!(contoso.tenant.app_roles(&contoso.booking).contains(&"Calendars.ReadWrite".to_owned()));
}

#[tokio::test]
async fn the_tenant_wide_permission_stays_when_the_group_could_not_be_changed() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().revoke_tenant_wide_grant(false).build().unwrap()).await;
    contoso.tenant.fail_next(
        Matcher::cmdlet("Set-DistributionGroup"),
        Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "Something is wrong today."),
    );
    let spec = contoso.rbac().owner("lee.braun@contoso.com").build().unwrap();
    let report = contoso.apply(&spec).await;
    assert_eq!(outcomes(&report), [(Stage::Group, "failed"), (Stage::Revocation, "not run")], "{report}");
    assert!(report.to_string().contains("an earlier step is not done"), "{report}");
    contoso.provision(&spec).await;
    assert_restricted(&contoso);
}

#[tokio::test]
async fn a_role_is_not_given_over_a_group_that_still_has_a_closed_mailbox() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_group(NewGroup::security(GROUP).display_name("PlaceOS Room Booking").owner(OWNER).members([
        "boardroom@contoso.com",
        "room-b1-0101@contoso.com",
        "ceo@contoso.com",
    ]));
    contoso.tenant.revoke_app_role(&contoso.booking, "Calendars.ReadWrite");
    contoso.tenant.fail_next(
        Matcher::cmdlet("Remove-DistributionGroupMember"),
        Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "She stays."),
    );
    let spec = contoso.rbac().build().unwrap();
    let report = contoso.apply(&spec).await;
    assert!(!report.is_complete());
    assert_eq!(contoso.tenant.count("New-ManagementRoleAssignment"), 0, "{report}");
    assert!(!contoso.tenant.can_read(&contoso.booking, "ceo@contoso.com"));
    contoso.provision(&spec).await;
    assert_restricted(&contoso);
}

#[tokio::test]
async fn a_plan_that_was_stored_as_json_applies_the_same() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    let text = serde_json::to_string_pretty(&plan).unwrap();
    let stored: Plan = serde_json::from_str(&text).unwrap();
    assert_eq!(stored, plan);
    // A label is for people and not part of the document: who reads a stored plan is shown the ids that it acts on.
    let commands = |plan: &Plan| plan.steps.iter().map(exchange_groups::Step::command).collect::<Vec<_>>();
    assert_eq!(commands(&stored), commands(&plan), "what was reviewed is what is applied");
    assert_eq!(stored.digest(), plan.digest());
    let report = contoso.groups.apply(&stored).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
    assert_restricted(&contoso);
}

#[tokio::test]
async fn what_was_just_made_is_waited_for() {
    for policy in [false, true] {
        let contoso = Contoso::start().await;
        contoso.tenant.set_visibility_lag(4);
        let spec = if policy { contoso.policy() } else { contoso.rbac() }.build().unwrap();
        let report = contoso.provision(&spec).await;
        assert_eq!(contoso.tenant.members(GROUP), contoso.rooms(), "{report}");
        assert_eq!(contoso.tenant.count("New-DistributionGroup"), 1);
        assert_restricted(&contoso);
    }
}

#[tokio::test]
async fn a_naming_policy_changes_the_name_and_nothing_is_done_about_it_again() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_naming_policy("GRP_<GroupName>");
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert!(plan.findings.iter().any(|finding| finding.severity == Severity::Note), "{plan}");
    let report = contoso.groups.apply(&plan).await.unwrap();
    assert_eq!(report.name, contoso.tenant.group(GROUP).unwrap().display_name);
    assert!(contoso.plan(&spec).await.is_empty());
    assert!(contoso.prove(&spec).await.is_verified());
}

#[tokio::test]
async fn progress_is_told_stage_by_stage_and_step_by_step() {
    let contoso = Contoso::start().await;
    let plan = contoso.plan(&contoso.rbac().build().unwrap()).await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&events);
    let apply = contoso.groups.apply(&plan).on_event(move |event| listener.lock().unwrap().push(event.clone()));
    assert!(apply.await.unwrap().is_complete());
    let events = events.lock().unwrap();
    let stages: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Stage { stage } => Some(*stage),
            _ => None,
        })
        .collect();
    assert_eq!(stages, [Stage::Group, Stage::Members, Stage::Restriction, Stage::Revocation]);
    let steps: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Step { done, total, .. } => Some((*done, *total)),
            _ => None,
        })
        .collect();
    assert_eq!(steps, [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]);
}

#[tokio::test]
async fn members_are_named_by_object_id_and_shown_by_address() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.add_room("room-new@contoso.com");
    let plan = contoso.plan(&spec).await;
    let Change::AddMember(cmdlet) = &plan.steps[0].change else { panic!("{plan}") };
    assert_ne!(cmdlet.member().as_str(), "room-new@contoso.com", "an address may change hands before it is applied");
    assert!(cmdlet.to_string().contains("room-new@contoso.com"), "{cmdlet}");
}
