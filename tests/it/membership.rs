//! The members of a group at scale: the cheaper of two safe ways, lists, and mailboxes that vanish meanwhile.

#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use exchange_groups::{
    Change, ErrorKind, Event, MembershipMethod, OtherMembers, Outcome, Plan, RestrictedCalendarGroup, Rooms, Stage,
    Verdict,
};
use exchange_groups_tests::{Contoso, GROUP, OWNER};
use fake_tenant::{FakeTenant, Fault, Matcher, NewGroup, When};
use proptest::prelude::*;

async fn with_members(members: impl IntoIterator<Item: AsRef<str>>) -> Contoso {
    let contoso = Contoso::start().await;
    let group = NewGroup::security(GROUP).display_name("PlaceOS Room Booking").owner(OWNER);
    contoso.tenant.add_group(group.members(members));
    contoso
}

fn method(plan: &Plan) -> Option<(MembershipMethod, usize, Option<usize>)> {
    plan.membership.as_ref().map(|cost| (cost.method, cost.requests, cost.other_method))
}

/// Two requests in place of four: who is there is read, and the list is set. Whoever is not meant was removed by name
/// before, so the list removes nobody.
#[tokio::test]
async fn many_missing_members_are_added_by_setting_the_list_and_the_report_says_so() {
    let contoso = with_members(["boardroom@contoso.com", "adele.vance@contoso.com"]).await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert_eq!(method(&plan), Some((MembershipMethod::SetList, 2, Some(4))));
    let text = plan.to_string();
    assert!(text.contains("Remove adele.vance@contoso.com"), "whoever goes is named: {text}");
    assert!(text.contains("39 of them are missing"), "{text}");
    let report = contoso.groups.apply(&plan).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert!(report.to_string().contains("39 mailboxes by setting the whole list, in 2 requests"), "{report}");
    assert_eq!(contoso.tenant.count("Update-DistributionGroupMember"), 1);
    assert_eq!(contoso.tenant.count("Add-DistributionGroupMember"), 0);
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
}

#[tokio::test]
async fn few_missing_members_are_added_one_by_one() {
    let rooms = FakeTenant::contoso().rooms();
    let contoso = with_members(rooms.iter().skip(5)).await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert_eq!(method(&plan), Some((MembershipMethod::OneByOne, 1, Some(2))));
    let report = contoso.groups.apply(&plan).await.unwrap();
    assert!(report.to_string().contains("5 mailboxes one by one, in 1 request"), "{report}");
    assert_eq!(contoso.tenant.count("Update-DistributionGroupMember"), 0);
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
}

/// Members that others added are kept, so the list is never set.
#[tokio::test]
async fn add_only_never_sets_the_list() {
    let contoso = with_members(["boardroom@contoso.com", "adele.vance@contoso.com"]).await;
    let spec = contoso.rbac().other_members(OtherMembers::Keep).build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert_eq!(method(&plan), Some((MembershipMethod::OneByOne, 4, None)));
    contoso.provision(&spec).await;
    assert_eq!(contoso.tenant.count("Update-DistributionGroupMember"), 0);
    assert!(contoso.tenant.members(GROUP).contains(&"adele.vance@contoso.com".to_owned()));
}

/// Somebody adds a person while the run removes and adds: the list does not have them, so it is not set.
#[tokio::test]
async fn a_member_that_comes_while_the_list_is_about_to_be_set_is_not_lost() {
    let contoso = with_members(["boardroom@contoso.com", "adele.vance@contoso.com"]).await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    let tenant = contoso.tenant.clone();
    let report = contoso.groups.apply(&plan).on_event(move |event| {
        if matches!(event, Event::Step { change, .. } if matches!(**change, Change::RemoveMember(_))) {
            tenant.add_member(GROUP, "ben.vance@contoso.com");
        }
    });
    let report = report.await.unwrap();
    assert!(!report.is_complete(), "{report}");
    assert!(contoso.tenant.members(GROUP).contains(&"ben.vance@contoso.com".to_owned()));
    assert!(contoso.tenant.role_assignments(&contoso.booking).is_empty(), "nothing is granted over such a group");
    assert!(contoso.provision(&spec).await.is_complete(), "a new plan names them");
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
}

async fn vanishing(contoso: &Contoso, spec: &RestrictedCalendarGroup, gone: &'static str) {
    let plan = contoso.plan(spec).await;
    let tenant = contoso.tenant.clone();
    let report = contoso.groups.apply(&plan).on_event(move |event| {
        if matches!(event, Event::Stage { stage: Stage::Members }) {
            tenant.remove_mailbox(gone);
        }
    });
    let report = report.await.unwrap();
    assert!(report.is_complete(), "{report}");
    let members = report.members.as_ref().unwrap();
    assert_eq!(members.vanished.iter().map(ToString::to_string).collect::<Vec<_>>(), [gone], "{report}");
    assert!(report.to_string().contains("vanished"), "{report}");
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
    let again = contoso.plan(spec).await;
    assert!(again.is_empty(), "{again}");
}

#[tokio::test]
async fn a_room_that_vanishes_before_the_list_is_set_does_not_stop_the_rest() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    let gone = contoso.rooms()[7].clone();
    vanishing(&contoso, &spec, gone.leak()).await;
    assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Verified);
}

#[tokio::test]
async fn a_room_that_vanishes_before_it_is_added_does_not_stop_the_rest() {
    let rooms = FakeTenant::contoso().rooms();
    let contoso = with_members(rooms.iter().skip(5)).await;
    let spec = contoso.rbac().build().unwrap();
    let gone = contoso.rooms()[3].clone();
    vanishing(&contoso, &spec, gone.leak()).await;
    assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Verified);
}

/// That a command says so is not enough: the mailbox is looked up.
#[tokio::test]
async fn a_room_that_is_there_and_cannot_be_added_is_a_failure() {
    let rooms = FakeTenant::contoso().rooms();
    let contoso = with_members(rooms.iter().skip(2)).await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    for _ in 0..4 {
        contoso.tenant.fail_next(
            Matcher::cmdlet("Add-DistributionGroupMember"),
            Fault::cmdlet_error(
                404,
                "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
                "Couldn't find object.",
            ),
        );
    }
    let report = contoso.groups.apply(&plan).await.unwrap();
    assert!(!report.is_complete(), "{report}");
    assert!(report.steps.iter().any(|step| matches!(step.outcome, Outcome::Failed { .. })), "{report}");
    assert!(
        contoso.tenant.app_roles(&contoso.booking).contains(&"Calendars.ReadWrite".to_owned()),
        "it would lose rooms"
    );
}

/// Exchange takes 10,000 members; 5,000 are set at once and the others are added in batches. (M3, #34, #36)
#[tokio::test]
async fn ten_thousand_members_take_one_list_and_five_hundred_batches() {
    let contoso = Contoso::of(FakeTenant::builder().rooms(10_000).people(3).build()).await;
    let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id)
        .owner("person-00001@contoso.com")
        .must_not_reach("person-00002@contoso.com")
        .build()
        .unwrap();
    let plan = contoso.plan(&spec).await;
    assert_eq!(method(&plan), Some((MembershipMethod::SetList, 502, Some(1_000))), "of 1,000 requests one by one");
    let report = contoso.groups.apply(&plan).await.unwrap();
    assert_eq!(report.members.as_ref().map(|it| it.present), Some(10_000), "{report}");
    let members = report.stages.iter().find(|usage| usage.stage == Stage::Members).unwrap();
    // 502 as planned, and the ten pages that read them back.
    assert!(members.requests <= 502 + 12, "{report}");
    assert!(contoso.plan(&spec).await.is_empty());
}

/// M4: a selection that came out empty, or too small, removes nobody.
#[tokio::test]
async fn a_group_is_not_emptied_by_a_selection_that_matches_too_little() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    let few = contoso.rbac().rooms(Rooms::at([contoso.rooms()[0].clone()])).build().unwrap();
    let plan = contoso.plan(&few).await;
    assert!(plan.is_blocked(), "{plan}");
    assert_eq!(contoso.groups.apply(&plan).await.unwrap_err().kind(), ErrorKind::Blocked);
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
}

#[tokio::test]
async fn three_hundred_addresses_from_a_list_are_added_and_nobody_else_is_touched() {
    let contoso = Contoso::of(FakeTenant::builder().rooms(400).people(5).build()).await;
    let rooms = contoso.rooms();
    contoso.tenant.add_group(NewGroup::security(GROUP).members([&rooms[0], "person-00003@contoso.com"]));
    let mut list: Vec<String> = rooms[..298].to_vec();
    list.push("nobody@contoso.com".into());
    list.push("not-here-either@contoso.com".into());
    list.push(rooms[5].to_uppercase());
    let group = GROUP.parse().unwrap();

    let preview = contoso.groups.preview_additions(&group, &list).await.unwrap();
    assert_eq!((contoso.tenant.write_count(), preview.added.len(), preview.members), (0, 297, 2), "{preview}");

    let additions = contoso.groups.add_members(&group, &list).await.unwrap();
    assert!(!additions.is_complete(), "two are unknown");
    assert_eq!((additions.added.len(), additions.already.len(), additions.failed.len()), (297, 1, 0), "{additions}");
    let unknown: Vec<String> = additions.unknown.iter().map(ToString::to_string).collect();
    assert_eq!(unknown, ["nobody@contoso.com", "not-here-either@contoso.com"]);
    assert!(additions.to_string().contains("2 addresses: nobody@contoso.com"), "{additions}");
    let mut expected = rooms[..298].to_vec();
    expected.push("person-00003@contoso.com".into());
    let mut members = contoso.tenant.members(GROUP);
    members.sort();
    expected.sort();
    assert_eq!(members, expected);
    assert!(additions.requests <= 30 + 31 + 6, "ten to a request: {}", additions.requests);

    let again = contoso.groups.add_members(&group, &rooms[..298]).await.unwrap();
    assert!(again.is_complete() && again.added.is_empty() && again.already.len() == 298, "{again}");
}

#[tokio::test]
async fn every_fault_of_a_list_is_told_before_any_request() {
    let contoso = Contoso::start().await;
    contoso.tenant.clear_requests();
    let list = ["boardroom@contoso.com", "no address", "", "a@b@c"];
    let error = contoso.groups.add_members(&GROUP.parse().unwrap(), list).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Spec);
    let fields: Vec<_> = error.spec().unwrap().faults().iter().map(|fault| fault.field.to_string()).collect();
    assert_eq!(fields, ["addresses[1]", "addresses[2]", "addresses[3]"]);
    assert_eq!(contoso.tenant.request_count(), 0);
}

/// What is no mailbox, and what has the address only as a name, is not added. Groups that take no members are refused.
#[tokio::test]
async fn only_mailboxes_are_added_and_only_to_a_security_group_of_the_cloud() {
    let contoso = with_members(["boardroom@contoso.com"]).await;
    let group = GROUP.parse().unwrap();
    let additions =
        contoso.groups.add_members(&group, ["facilities@contoso.com", "reception@contoso.com"]).await.unwrap();
    let unfit: Vec<String> = additions.unfit.iter().map(|it| it.address.to_string()).collect();
    assert_eq!(unfit, ["facilities@contoso.com"], "a distribution list: {additions}");
    assert_eq!(additions.added.len(), 1);

    contoso.tenant.set_dir_synced(GROUP, true);
    let error = contoso.groups.add_members(&group, ["ceo@contoso.com"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Blocked, "{error}");
    let nowhere = "nowhere@contoso.com".parse().unwrap();
    let error = contoso.groups.add_members(&nowhere, ["ceo@contoso.com"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Blocked, "{error}");
}

/// The response is lost, and the member is there.
#[tokio::test]
async fn an_addition_whose_outcome_is_unknown_is_read_back() {
    let contoso = with_members(["boardroom@contoso.com"]).await;
    contoso.tenant.fail_next(Matcher::cmdlet("Add-DistributionGroupMember"), Fault::DropConnection(When::AfterEffect));
    let room = contoso.rooms()[3].clone();
    let additions = contoso.groups.add_members(&GROUP.parse().unwrap(), [&room]).await.unwrap();
    assert!(additions.is_complete(), "{additions}");
    assert_eq!(contoso.tenant.members(GROUP).iter().filter(|member| **member == room).count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whoever is in the group by others' hands stays, whatever the list and the method.
    #[test]
    fn add_only_never_removes(present in prop::collection::btree_set(0..40_usize, 0..40), people in 0..3_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let rooms = FakeTenant::contoso().rooms();
            let others = ["adele.vance@contoso.com", "lee.braun@contoso.com", "ben.vance@contoso.com"];
            let members: Vec<&str> =
                present.iter().map(|&room| &*rooms[room]).chain(others.into_iter().take(people)).collect();
            let contoso = with_members(&members).await;
            let spec = contoso.rbac().other_members(OtherMembers::Keep).build().unwrap();
            let plan = contoso.plan(&spec).await;
            prop_assert!(!plan.steps.iter().any(|step| matches!(step.change, Change::RemoveMember(_) | Change::FillGroup(_))
                && !members.is_empty()));
            contoso.groups.apply(&plan).await.unwrap();
            let after = contoso.tenant.members(GROUP);
            prop_assert!(members.iter().all(|member| after.iter().any(|it| it == member)));
            prop_assert!(contoso.plan(&spec).await.is_empty());
            Ok(())
        })?;
    }
}
