//! Which rooms a spec selects, and the list of rooms for a person who chooses.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::collections::BTreeSet;
use std::time::Duration;

use exchange_groups::{
    DisagreementKind, ErrorKind, FindingKind, Observation, Plan, RestrictedCalendarGroup, RoomFilter, RoomKind,
    RoomSurvey, Rooms, Severity, UnreadPart, Verdict, Workspaces,
};
use exchange_groups_tests::{Contoso, GROUP, OWNER};
use fake_tenant::{FakeTenant, Fault, Matcher, NewMailbox};
use proptest::prelude::*;
use serde_json::{Value, json};

const TWO_DAYS: Duration = Duration::from_secs(48 * 60 * 60);

fn calls(tenant: &FakeTenant, cmdlet: &str) -> usize {
    tenant.requests().iter().filter(|request| request.cmdlet.as_deref() == Some(cmdlet)).count()
}

async fn members(contoso: &Contoso, rooms: Rooms) -> Vec<String> {
    contoso.provision(&contoso.rbac().allow_large_removal(true).rooms(rooms).build().unwrap()).await;
    contoso.tenant.members(GROUP)
}

fn starting_with(contoso: &Contoso, start: &str) -> Vec<String> {
    contoso.rooms().into_iter().filter(|room| room.starts_with(start)).collect()
}

fn matching(filter: RoomFilter) -> Rooms {
    Rooms::matching(filter)
}

fn about(plan: &Plan, kind: FindingKind) -> Vec<String> {
    let of_kind = plan.findings.iter().filter(|finding| finding.kind == kind);
    of_kind.filter_map(|finding| finding.subject.address.as_ref()).map(ToString::to_string).collect()
}

#[tokio::test]
async fn rooms_are_selected_by_building_floor_city_and_tags() {
    let contoso = Contoso::start().await;
    for (room, tags) in [("lab-1", &["Screen", "Whiteboard"][..]), ("lab-2", &["screen"]), ("lab-3", &[])] {
        let mailbox = NewMailbox::room(room).building("Lab").floor(0).floor_label("Lobby").city("Zürich").capacity(8);
        contoso.tenant.add_mailbox(tags.iter().fold(mailbox, |mailbox, tag| mailbox.tag(tag)));
    }
    contoso.tenant.add_mailbox(NewMailbox::workspace("desks").building("Lab").tag("screen"));
    for (filter, expected) in [
        (RoomFilter::new().building("building 2"), starting_with(&contoso, "room-b2-")),
        (RoomFilter::new().building("Building 1").floor(2), starting_with(&contoso, "room-b1-02")),
        (RoomFilter::new().floor("lobby"), starting_with(&contoso, "lab-")),
        (RoomFilter::new().floor("0").city("ZÜRICH"), starting_with(&contoso, "lab-")),
        (RoomFilter::new().tag("screen").tag("whiteboard"), vec!["lab-1@contoso.com".into()]),
        (
            RoomFilter::new().tag("screen"),
            ["desks@contoso.com", "lab-1@contoso.com", "lab-2@contoso.com"].map(str::to_owned).to_vec(),
        ),
        (RoomFilter::new().building("Building 1").capacity_at_least(21), vec!["boardroom@contoso.com".into()]),
        (RoomFilter::new().city("zürich").capacity_at_most(7), Vec::new()),
    ] {
        let plan = contoso.plan(&contoso.rbac().rooms(matching(filter.clone())).build().unwrap()).await;
        assert_eq!(plan.rooms, expected.len(), "{filter}: {plan}");
        if !expected.is_empty() {
            assert_eq!(members(&contoso, matching(filter.clone())).await, expected, "{filter}");
        }
    }
}

#[tokio::test]
async fn places_are_read_only_by_a_filter_that_asks_for_them() {
    let contoso = Contoso::start().await;
    for (rooms, reads) in [
        (Rooms::all(), 0),
        (matching(RoomFilter::new().office("Building 1").capacity_at_most(10)), 0),
        (Rooms::in_list("building-1@contoso.com"), 0),
        (Rooms::all().kinds([RoomKind::Equipment]), 0),
        // One list of rooms, and one of workspaces.
        (matching(RoomFilter::new().building("Building 1")), 2),
        (matching(RoomFilter::new().building("Building 1")).workspaces(Workspaces::Exclude), 1),
    ] {
        contoso.tenant.clear_requests();
        let plan = contoso.plan(&contoso.rbac().rooms(rooms.clone()).build().unwrap()).await;
        assert_eq!(calls(&contoso.tenant, "Get-Place"), reads, "{rooms}");
        assert_eq!(calls(&contoso.tenant, "Get-Mailbox"), 1, "{rooms}");
        assert_eq!(plan.places, (reads > 0).then_some(40), "{rooms}");
    }
}

#[tokio::test]
async fn kinds_say_whether_rooms_workspaces_and_equipment_are_selected() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_mailbox(NewMailbox::workspace("desks"));
    contoso.tenant.add_mailbox(NewMailbox::equipment("car").capacity(5));
    let rooms = contoso.rooms().into_iter().filter(|room| room != "desks@contoso.com").collect::<Vec<_>>();
    let with = |more: &[&str]| {
        let mut all: Vec<String> =
            rooms.iter().cloned().chain(more.iter().map(|it| format!("{it}@contoso.com"))).collect();
        all.sort();
        all
    };
    for (selection, expected) in [
        (Rooms::all().kinds([RoomKind::Room]), with(&[])),
        (Rooms::all().kinds([RoomKind::Workspace]), vec!["desks@contoso.com".to_owned()]),
        (Rooms::all().kinds([RoomKind::Equipment]), vec!["car@contoso.com".into(), "projector-1@contoso.com".into()]),
        (Rooms::all().kinds(RoomKind::ALL.iter().copied()), with(&["desks", "car", "projector-1"])),
        (Rooms::all(), with(&["desks"])),
    ] {
        let mut found = members(&contoso, selection.clone()).await;
        found.sort();
        assert_eq!(found, expected, "{selection}");
    }
    let spec = contoso.rbac().rooms(Rooms::all().kinds([RoomKind::Room, RoomKind::Equipment])).build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert_eq!((plan.rooms, plan.workspaces, plan.equipment), (42, 0, 2));
    assert!(plan.to_string().contains("42 of 43 in the tenant (all rooms and equipment), 2 of equipment"), "{plan}");
}

#[tokio::test]
async fn several_room_lists_nested_ones_and_a_filter_go_together() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_room_list("campus@contoso.com", ["building-3@contoso.com", "boardroom@contoso.com"]);
    let lists = Rooms::in_lists(["building-1@contoso.com", "campus@contoso.com"]);
    let mut both = contoso.tenant.members("building-1@contoso.com");
    both.extend(contoso.tenant.members("building-3@contoso.com"));
    both.sort();
    assert_eq!(members(&contoso, lists.clone()).await, both, "the boardroom is in both, and once in the group");
    let large = lists.filter(RoomFilter::new().capacity_at_least(21));
    assert_eq!(
        large.to_string(),
        r#"the rooms of building-1@contoso.com, campus@contoso.com whose capacity is at least "21""#
    );
    assert_eq!(members(&contoso, large).await, ["boardroom@contoso.com"]);
    let wrong = Rooms::in_lists(["building-1@contoso.com", "facilities@contoso.com"]);
    let plan = contoso.plan(&contoso.rbac().rooms(wrong).build().unwrap()).await;
    let finding = plan.blockers().next().unwrap();
    assert_eq!((finding.kind, finding.spec_path.as_deref()), (FindingKind::NotARoomList, Some("rooms.room_lists[1]")));
}

/// The heart of it: what is unknown is neither added nor removed, and the proof does not call it right.
#[tokio::test]
async fn a_room_whose_place_is_unknown_is_neither_added_nor_removed() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().rooms(matching(RoomFilter::new().building("Building 1"))).build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.add_mailbox(NewMailbox::room("annex").building("Building 1"));
    for room in ["annex@contoso.com", "boardroom@contoso.com"] {
        contoso.tenant.set_place_listed(room, false);
    }
    let plan = contoso.plan(&spec).await;
    assert!(plan.is_empty() && !plan.is_blocked(), "{plan}");
    assert_eq!((plan.rooms, plan.places), (14, Some(39)));
    assert_eq!(
        plan.undecided.iter().map(ToString::to_string).collect::<Vec<_>>(),
        about(&plan, FindingKind::UndecidedRoom)
    );
    assert_eq!(about(&plan, FindingKind::UndecidedRoom), ["annex@contoso.com", "boardroom@contoso.com"]);
    let text = plan.to_string();
    assert!(text.contains("14 of 41 in the tenant") && text.contains("39 places listed; 2 undecided"), "{text}");
    assert!(
        text.contains("It stays a member.") && text.contains("It is not added.") && text.contains("48 hours"),
        "{text}"
    );
    assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Inconclusive);
    assert!(contoso.tenant.can_read(&contoso.booking, "boardroom@contoso.com"));
    assert!(!contoso.tenant.can_read(&contoso.booking, "annex@contoso.com"));

    // Known, one is added, and the other stays.
    for room in ["annex@contoso.com", "boardroom@contoso.com"] {
        contoso.tenant.set_place_listed(room, true);
    }
    contoso.provision(&spec).await;
    assert!(contoso.tenant.can_read(&contoso.booking, "annex@contoso.com"));
    assert!(contoso.prove(&spec).await.is_verified());
}

#[tokio::test]
async fn an_unknown_place_protects_no_room_that_is_known_not_to_be_meant() {
    let contoso = Contoso::start().await;
    let filter = || RoomFilter::new().building("Building 1");
    contoso.provision(&contoso.rbac().rooms(matching(filter())).build().unwrap()).await;
    contoso.tenant.set_place_listed("boardroom@contoso.com", false);
    for rooms in [
        // It is excluded by name; it is too large; it is a room and only workspaces are meant.
        matching(filter()).except("boardroom@contoso.com"),
        matching(filter().capacity_at_most(20)),
        matching(filter()).kinds([RoomKind::Workspace]),
    ] {
        let spec = contoso.rbac().allow_large_removal(true).rooms(rooms.clone()).build().unwrap();
        let plan = contoso.plan(&spec).await;
        assert!(plan.undecided.is_empty(), "{plan}");
        assert!(plan.steps.iter().any(|step| step.sentence().contains("boardroom@contoso.com")), "{rooms}: {plan}");
    }
}

#[tokio::test]
async fn places_that_cannot_be_read_block_a_filter_that_needs_them_and_nothing_else() {
    let contoso = Contoso::start().await;
    let filtered = contoso.rbac().rooms(matching(RoomFilter::new().building("Building 1"))).build().unwrap();
    contoso.provision(&filtered).await;
    let fault = || Fault::cmdlet_error(403, "Microsoft.Exchange.Configuration.Tasks.TaskException", "No.");
    contoso.tenant.fail_next(Matcher::cmdlet("Get-Place").times(100), fault());
    let plan = contoso.plan(&filtered).await;
    assert!(plan.is_blocked() && plan.is_empty(), "{plan}");
    let unread = plan.blockers().find(|finding| finding.message.contains("list of places")).unwrap();
    assert_eq!(unread.severity, Severity::Blocking);
    assert_eq!((plan.places, plan.undecided.len(), plan.rooms), (None, 40, 0));
    assert!(about(&plan, FindingKind::UndecidedRoom).is_empty(), "one finding for all of them: {plan}");
    assert!(plan.to_string().contains("None of the 40 rooms of the tenant is known to match"), "{plan}");
    let all = contoso.rbac().allow_large_removal(true).build().unwrap();
    assert!(!contoso.plan(&all).await.is_blocked());
}

#[tokio::test]
async fn a_building_that_does_not_exist_is_answered_with_those_that_do() {
    let contoso = Contoso::start().await;
    let plan =
        contoso.plan(&contoso.rbac().rooms(matching(RoomFilter::new().building("Bulding 1"))).build().unwrap()).await;
    let finding = plan.blockers().find(|finding| finding.kind == FindingKind::NoRooms).unwrap();
    assert!(finding.message.ends_with("the buildings are Building 1, Building 2, Building 3"), "{finding}");
    let filter = RoomFilter::new().building("Building 1").floor(17);
    let plan = contoso.plan(&contoso.rbac().rooms(matching(filter)).build().unwrap()).await;
    let finding = plan.blockers().find(|finding| finding.kind == FindingKind::NoRooms).unwrap();
    assert!(finding.message.ends_with("the floors are 1, 2, 3, 4, 5"), "{finding}");
}

#[tokio::test]
async fn specs_of_before_are_read_as_they_were() {
    for (rooms, shown) in [
        (json!({}), "all rooms"),
        (
            json!({"room_list": "b1@contoso.com", "except": ["x@contoso.com"]}),
            "the rooms of b1@contoso.com except x@contoso.com",
        ),
        (json!({"workspaces": "only"}), "all rooms, workspaces only"),
        (
            json!({"filter": {"office": "B1", "capacity_at_least": 4}}),
            r#"rooms whose office is "B1" and capacity is at least "4""#,
        ),
        (json!({"addresses": ["a@contoso.com"]}), "1 named room"),
    ] {
        let spec = json!({
            "name": "R", "address": "r@contoso.com", "owners": [OWNER], "rooms": rooms,
            "application": "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01",
        });
        let spec: RestrictedCalendarGroup = serde_json::from_value(spec).unwrap();
        assert_eq!(spec.rooms().to_string(), shown);
        assert_eq!(serde_json::to_value(spec.rooms()).unwrap(), rooms, "written as it was read");
    }
    let new = Rooms::matching(RoomFilter::new().building("B1").floor(3).tag("a").tag("b"))
        .kinds([RoomKind::Workspace, RoomKind::Room]);
    let shown =
        r#"rooms and workspaces whose building is "B1" and floor is "3" and tags include "a" and tags include "b""#;
    assert_eq!(new.to_string(), shown);
}

#[tokio::test]
async fn the_survey_shows_every_room_and_which_are_selected() {
    let contoso = Contoso::start().await;
    contoso
        .tenant
        .add_mailbox(NewMailbox::workspace("desks").building("Lab").floor(2).floor_label("Roof").tag("screen"));
    contoso.tenant.add_room_list("campus@contoso.com", ["desks@contoso.com"]);
    contoso.tenant.clear_requests();
    let survey = contoso.groups.rooms(&matching(RoomFilter::new().building("Lab"))).await.unwrap();
    // The organisation, mailboxes, two lists of places in Exchange and two in Graph; and signing in to both.
    assert!(contoso.tenant.request_count() <= 8, "{}", contoso.tenant.request_count());
    let totals = &survey.totals;
    assert_eq!((totals.rooms, totals.workspaces, totals.equipment), (40, 1, 1));
    assert_eq!((totals.places, totals.graph_places, totals.graph_count), (Some(41), Some(41), Some(41)));
    assert_eq!((totals.selected, totals.undecided), (1, 0));
    assert!(survey.disagreements.is_empty() && survey.unread.is_empty(), "{survey}");
    let desks = survey.rooms.iter().find(|room| room.address.as_str() == "desks@contoso.com").unwrap();
    assert_eq!((desks.kind, desks.is_selected), (RoomKind::Workspace, Some(true)));
    let place = desks.place.as_ref().unwrap();
    assert_eq!(
        (place.building.as_deref(), place.floor, place.floor_label.as_deref()),
        (Some("Lab"), Some(2), Some("Roof"))
    );
    assert_eq!(
        (place.tags.as_slice(), place.room_lists.as_slice()),
        (&["screen".to_owned()][..], &["campus@contoso.com".to_owned()][..])
    );
    let text = survey.to_string();
    let row = text.lines().find(|line| line.contains("desks@")).unwrap();
    assert_eq!(
        row.split_whitespace().collect::<Vec<_>>(),
        ["x", "desks@contoso.com", "workspace", "Lab", "2", "(Roof)", "screen"]
    );
    assert_eq!(text.lines().filter(|line| line.contains("@contoso.com")).count(), 42);
    let again: RoomSurvey = serde_json::from_value(serde_json::to_value(&survey).unwrap()).unwrap();
    assert_eq!(again, survey);

    let error = contoso.groups.rooms(&Rooms::at(["boardroom"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Spec);
}

#[tokio::test]
async fn the_survey_reports_where_exchange_and_places_disagree() {
    let contoso = Contoso::start().await;
    contoso.tenant.hide("room-b1-0101@contoso.com");
    contoso.tenant.set_place_listed("boardroom@contoso.com", false);
    contoso.tenant.add_mailbox(NewMailbox::remote_room("attic").building("Building 1"));
    contoso.tenant.add_room_list("old@contoso.com", ["attic@contoso.com"]);
    let rooms =
        Rooms::in_lists(["building-1@contoso.com", "old@contoso.com"]).filter(RoomFilter::new().building("Building 1"));
    let survey = contoso.groups.rooms(&rooms).await.unwrap();
    let of = |kind| -> Vec<String> {
        let of_kind = survey.disagreements.iter().filter(|it| it.kind == kind);
        of_kind.map(|it| it.address.as_ref().map(ToString::to_string).unwrap_or_default()).collect()
    };
    assert_eq!(of(DisagreementKind::NoPlace), ["boardroom@contoso.com"]);
    assert_eq!(of(DisagreementKind::NotInGraph), ["boardroom@contoso.com", "room-b1-0101@contoso.com"]);
    assert_eq!(of(DisagreementKind::NoMailbox), ["attic@contoso.com"]);
    assert_eq!(of(DisagreementKind::OnlyInGraph), ["attic@contoso.com"]);
    assert_eq!(of(DisagreementKind::ListMember), ["attic@contoso.com"]);
    let hidden = survey.disagreements.iter().find(|it| it.to_string().contains("room-b1-0101")).unwrap();
    assert!(hidden.message.contains("hidden from address lists"), "{hidden}");
    let boardroom = survey.rooms.iter().find(|room| room.address.as_str() == "boardroom@contoso.com").unwrap();
    assert_eq!((boardroom.is_selected, &boardroom.place), (None, &None), "unknown, and not unselected");
    assert_eq!((survey.totals.selected, survey.totals.undecided), (14, 1));
}

#[tokio::test]
async fn a_survey_without_a_right_says_what_it_could_not_read() {
    let contoso = Contoso::start().await;
    contoso.tenant.fail_next(
        Matcher::path("/places/").times(100),
        Fault::Status {
            status: 403,
            headers: Vec::new(),
            body: json!({"error": {"code": "ErrorAccessDenied", "message": "Access is denied."}}),
        },
    );
    let survey = contoso.groups.rooms(&Rooms::all()).await.unwrap();
    assert_eq!((survey.totals.graph_places, survey.totals.graph_count, survey.totals.places), (None, None, Some(40)));
    assert_eq!(
        survey.unread.iter().map(|unread| (unread.what, unread.is_denied)).collect::<Vec<_>>(),
        [(UnreadPart::Places, true)]
    );
    assert!(survey.disagreements.is_empty(), "what was not read is no disagreement: {survey}");
    assert!(survey.to_string().contains("Graph places  not read"), "{survey}");
}

/// findRooms gives a hundred rooms at most, and other lists differ.
#[tokio::test]
async fn complaint_37_more_than_a_hundred_rooms_are_all_found() {
    let contoso = Contoso::of(FakeTenant::builder().rooms(250).build()).await;
    contoso.tenant.add_person("exchange.admin");
    let survey = contoso.groups.rooms(&Rooms::all()).await.unwrap();
    let totals = &survey.totals;
    assert_eq!((survey.rooms.len(), totals.rooms, totals.selected), (250, 250, 250));
    assert_eq!((totals.places, totals.graph_places, totals.graph_count), (Some(250), Some(250), Some(250)));
    let addresses: BTreeSet<_> = survey.rooms.iter().map(|room| room.address.to_string()).collect();
    assert_eq!(addresses, contoso.rooms().into_iter().collect());
}

/// Places end after a hundred, without a link to the rest.
#[tokio::test]
async fn complaint_38_a_list_of_places_that_is_cut_short_is_noticed_and_loses_no_room() {
    let contoso = Contoso::of(FakeTenant::builder().rooms(250).build()).await;
    contoso.tenant.cut_places_at(Some(100));
    let survey = contoso.groups.rooms(&Rooms::all()).await.unwrap();
    assert_eq!(
        (survey.totals.selected, survey.totals.graph_places, survey.totals.graph_count),
        (250, Some(100), Some(250))
    );
    let cut = survey.disagreements.iter().find(|it| it.kind == DisagreementKind::ListCutShort).unwrap();
    assert_eq!(cut.message, "Graph lists 100 places and counts 250: its list of places was cut short");
    let missing = survey.disagreements.iter().filter(|it| it.kind == DisagreementKind::NotInGraph).count();
    assert_eq!(missing, 150);
    assert!(survey.to_string().contains("and 140 more of the kind not_in_graph"), "{survey}");
}

/// A new room takes up to two days to appear in places. It is a room all the same.
#[tokio::test]
async fn complaint_39_a_new_room_is_selected_before_places_list_it() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_places_lag(TWO_DAYS);
    contoso.tenant.add_room("annex");
    assert!(members(&contoso, Rooms::all()).await.contains(&"annex@contoso.com".to_owned()));
    let survey = contoso.groups.rooms(&Rooms::all()).await.unwrap();
    assert_eq!((survey.totals.rooms, survey.totals.graph_places, survey.totals.selected), (41, Some(40), 41));
    let [late] = &survey.disagreements[..] else { panic!("{survey}") };
    assert_eq!(
        (late.kind, late.address.as_ref().unwrap().as_str()),
        (DisagreementKind::NotInGraph, "annex@contoso.com")
    );
    assert!(late.message.contains("up to 48 hours"), "{late}");
    contoso.tenant.advance(TWO_DAYS);
    assert!(contoso.groups.rooms(&Rooms::all()).await.unwrap().disagreements.is_empty());
}

/// The same, confirmed by the team, for a filter that needs what places show.
#[tokio::test]
async fn complaint_40_a_room_that_places_do_not_list_is_reported_and_not_silently_absent() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_mailbox(NewMailbox::room("annex").building("Building 2"));
    contoso.tenant.set_place_listed("annex@contoso.com", false);
    let rooms = matching(RoomFilter::new().building("Building 2"));
    let plan = contoso.plan(&contoso.rbac().rooms(rooms.clone()).build().unwrap()).await;
    assert_eq!(about(&plan, FindingKind::UndecidedRoom), ["annex@contoso.com"]);
    assert!(!members(&contoso, rooms).await.contains(&"annex@contoso.com".to_owned()));
}

/// Old rooms are readable, new ones are denied: the next run adds them.
#[tokio::test]
async fn complaint_41_a_room_that_was_made_later_is_added_by_the_next_run() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().rooms(matching(RoomFilter::new().building("Building 2"))).build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.add_mailbox(NewMailbox::room("annex").building("Building 2"));
    assert!(!contoso.tenant.can_read(&contoso.booking, "annex@contoso.com"));
    assert!(!contoso.prove(&spec).await.is_verified(), "drift is seen");
    let report = contoso.provision(&spec).await;
    assert_eq!(report.changes(), 1);
    assert!(contoso.tenant.can_read(&contoso.booking, "annex@contoso.com"));
    assert!(contoso.prove(&spec).await.is_verified());
}

/// A tenant of rooms: whether each is in the building, has a place that is listed, is excluded, and is a member.
fn observation(rooms: &[(bool, bool, bool, bool)]) -> (RestrictedCalendarGroup, Observation) {
    let id = |at: usize| format!("00000000-0000-4000-8000-{at:012}");
    let address = |at: usize| format!("room-{at}@contoso.com");
    let value = |value: Value| value;
    let mut selection = Rooms::matching(RoomFilter::new().building("B"));
    for (at, _) in rooms.iter().enumerate().filter(|(_, room)| room.2) {
        selection = selection.except(address(at));
    }
    let application = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01";
    let spec =
        RestrictedCalendarGroup::builder("Rooms", GROUP, application).owner(OWNER).rooms(selection).build().unwrap();
    let mut seen = Observation::empty("contoso.onmicrosoft.com", application.parse().unwrap());
    let mut document = serde_json::to_value(&seen).unwrap();
    let mailbox = |at: usize| {
        value(json!({
            "ExternalDirectoryObjectId": id(at), "PrimarySmtpAddress": address(at), "EmailAddresses": [format!("SMTP:{}", address(at))],
            "RecipientTypeDetails": "RoomMailbox", "ResourceType": "Room", "RecipientType": "UserMailbox", "DisplayName": address(at),
        }))
    };
    document["rooms"] = (0..rooms.len()).map(mailbox).collect();
    let places: Vec<Value> = rooms
        .iter()
        .enumerate()
        .filter(|(_, room)| room.1)
        .map(|(at, room)| json!({"Identity": address(at), "Type": "Room", "Building": if room.0 { "B" } else { "C" }}))
        .collect();
    document["places"] = json!({ "read": places });
    let members: Vec<Value> = rooms.iter().enumerate().filter(|(_, room)| room.3).map(|(at, _)| mailbox(at)).collect();
    document["group"] = json!({
        "group": {"PrimarySmtpAddress": GROUP, "RecipientTypeDetails": "MailUniversalSecurityGroup", "Guid": id(900)},
        "members": members,
    });
    seen = serde_json::from_value(document).unwrap();
    (spec, seen)
}

proptest! {
    /// For every room: one that is known to match is added, one that is known not to match or is excluded is removed, and
    /// one of which it is unknown is left as it is and reported.
    #[test]
    fn what_is_unknown_changes_nothing(rooms in proptest::collection::vec(any::<(bool, bool, bool, bool)>(), 1..12)) {
        let (spec, seen) = observation(&rooms);
        let plan = Plan::new(&spec, &seen);
        let text: Vec<String> = plan.steps.iter().map(exchange_groups::Step::sentence).collect();
        let undecided: BTreeSet<String> = plan.undecided.iter().map(ToString::to_string).collect();
        let is_filled = text.iter().any(|step| step.starts_with("Set the member list"));
        for (at, (is_inside, is_listed, is_excluded, is_member)) in rooms.iter().copied().enumerate() {
            let address = format!("room-{at}@contoso.com");
            let is_changed = text.iter().any(|step| step.contains(&address));
            let is_unknown = !is_listed && !is_excluded;
            prop_assert_eq!(undecided.contains(&address), is_unknown);
            if is_unknown {
                prop_assert!(!is_changed, "{address}: {plan}");
            } else if !(is_filled && is_inside && !is_excluded) {
                prop_assert_eq!(is_changed, is_member != (is_inside && !is_excluded), "{}: {}", address, plan);
            }
        }
        let reported = plan.findings.iter().filter(|finding| finding.kind == FindingKind::UndecidedRoom).count();
        prop_assert_eq!(reported, undecided.len());
    }
}
