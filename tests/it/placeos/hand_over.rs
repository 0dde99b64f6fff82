//! What a hand-over makes, in which order, and what it waits for.

use exchange_groups::Outcome;
use exchange_groups::Severity;
use exchange_groups::access::Truth;
use exchange_groups::placeos::{
    BookingsSettings, HandOver, HandOverChange, HandOverError, HandOverFindingKind, HandOverPlan, StaffAccess, ZoneMap,
};
use fake_placeos::{Fault, Level};
use serde_json::{Value, json};

use super::{BOARDROOM, DOMAIN, Domain, ROOMS, World, apply, plan};

fn kinds(plan: &HandOverPlan) -> Vec<(Severity, HandOverFindingKind)> {
    plan.findings.iter().map(|finding| (finding.severity, finding.kind)).collect()
}

fn blockers(plan: &HandOverPlan) -> Vec<HandOverFindingKind> {
    plan.blockers().map(|finding| finding.kind).collect()
}

#[tokio::test]
async fn rooms_become_systems_with_building_floor_and_capacity_and_then_they_run() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let hand_over = world.hand_over(&domain).staff_access(StaffAccess::Delegated).conference_type("teamsForBusiness");
    let planned = plan(&hand_over).await;
    assert!(domain.fake.requests().iter().all(|request| request.method == "GET"), "planning reads");
    let report = hand_over.apply(&planned).await.unwrap();
    assert!(report.is_complete(), "{report}");

    let zone = |id: &Value| domain.fake.zones().into_iter().find(|zone| zone["id"] == *id).unwrap();
    // What Exchange has of the rooms is what the tenant was made with.
    for (address, capacity, level) in [(ROOMS[0], 8, "Level 1"), (ROOMS[1], 12, "Level 1"), (ROOMS[2], 4, "Level 2")] {
        let system = domain.system(address);
        assert_eq!((&system["capacity"], &system["bookable"]), (&json!(capacity), &json!(true)), "{address}");
        let zones: Vec<Value> = system["zones"].as_array().unwrap().iter().map(zone).collect();
        let names: Vec<&str> = zones.iter().map(|zone| zone["display_name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Contoso", "Building 1", level], "{address}");
        let tags: Vec<&Value> = zones.iter().map(|zone| &zone["tags"]).collect();
        assert_eq!(tags, [&json!(["org"]), &json!(["building"]), &json!(["level"])]);
        assert_eq!(zones[2]["parent_id"], zones[1]["id"]);
        let modules: Vec<Value> = domain.fake.modules();
        let of_room: Vec<&Value> =
            modules.iter().filter(|module| system["modules"].as_array().unwrap().contains(&module["id"])).collect();
        let running: Vec<_> = of_room.iter().map(|module| (&module["name"], &module["running"])).collect();
        assert_eq!(running, [(&json!("Calendar"), &json!(true)), (&json!("Bookings"), &json!(true))], "{address}");
    }
    assert_eq!(domain.fake.systems().len(), 3, "the boardroom stays out");
    // One calendar module for all, and it runs first.
    let calendar = domain.module("Calendar");
    assert_eq!(domain.fake.started().first().map(String::as_str), calendar["id"].as_str());
    assert_eq!(domain.fake.started().len(), 4);

    let settings = domain.fake.settings();
    assert_eq!(settings.len(), 1);
    assert_eq!(
        (&settings[0]["parent_id"], &settings[0]["encryption_level"]),
        (&calendar["id"], &json!("never_display"))
    );
    let text: Value = serde_json::from_str(settings[0]["settings_string"].as_str().unwrap()).unwrap();
    let config = json!({
        "tenant": world.contoso.tenant.initial_domain(),
        "client_id": world.contoso.booking.client_id,
        "client_secret": world.secret(),
        "conference_type": "teamsForBusiness",
    });
    assert_eq!(text, json!({ "calendar_config": config }));

    let tenants = domain.fake.tenants();
    assert_eq!(tenants.len(), 1);
    assert_eq!((&tenants[0]["domain"], &tenants[0]["delegated"]), (&json!(DOMAIN), &json!(true)));
    assert_eq!(
        tenants[0]["credentials"],
        json!({ "conference_type": "teamsForBusiness" }),
        "no secret where none is needed"
    );

    assert_eq!(domain.fake.ignored_fields(), Vec::<String>::new());
    let again = plan(&hand_over).await;
    assert!(again.is_empty() && !again.is_blocked(), "{again}");
    assert!(again.reconciliation.is_agreed(), "{}", again.reconciliation);
    // Without the verification the same is said to run too early: the calendar module, and the bookings modules.
    let early = plan(&world.unverified(&domain)).await;
    let early = kinds(&early).into_iter().filter(|it| *it == (Severity::Warning, HandOverFindingKind::RunsUnverified));
    assert_eq!(early.count(), 2);
}

#[tokio::test]
async fn nothing_is_started_before_the_restriction_is_verified() {
    let world = World::start().await;
    let no_proof: Option<exchange_groups::Proof> = None;
    let made_at = |time: &str| Some(world.proof_with(|proof| proof["origin"]["made_at"] = time.into()));
    let with = |path: &str, value: Value| Some(world.proof_with(|proof| *proof.pointer_mut(path).unwrap() = value));
    let cases = [
        ("no verification", no_proof),
        ("inconclusive", with("/verdict", json!("inconclusive"))),
        ("not propagated", with("/verdict", json!("not_propagated"))),
        ("violated", with("/verdict", json!("violated"))),
        ("another application", with("/application", json!("11111111-2222-3333-4444-555555555555"))),
        ("another group", with("/group", json!("other@contoso.com"))),
        ("another tenant", with("/origin/tenant", json!("fabrikam.onmicrosoft.com"))),
        ("another permission", with("/permission", json!("read"))),
        ("a check that failed", with("/checks/0/live", json!({ "result": "denied" }))),
        ("no check at all", with("/checks", json!([]))),
        ("an old one", made_at("2026-01-01T00:00:00Z")),
        ("one of the future", made_at("2999-01-01T00:00:00Z")),
        ("no time", made_at("yesterday")),
    ];
    for (case, proof) in cases {
        let domain = Domain::start().await;
        let hand_over = world.unverified(&domain).staff_access(StaffAccess::Application);
        let hand_over = proof.map_or(hand_over.clone(), |proof| hand_over.proof(proof));
        let planned = plan(&hand_over).await;
        assert!(planned.waiting().count() >= 4, "{case}: {planned}");
        let report = hand_over.apply(&planned).await.unwrap();
        assert!(!report.is_complete() && !report.has_failed(), "{case}: {report}");
        assert_eq!(domain.fake.started(), Vec::<String>::new(), "{case}");
        // A tenant of Staff API that acts as the application needs no start.
        assert_eq!(domain.fake.tenants(), Vec::<Value>::new(), "{case}");
        assert_eq!(domain.fake.systems().len(), 3, "{case}: what is safe is done");
        // Nothing but the verification was missing.
        let report = apply(&world.hand_over(&domain).staff_access(StaffAccess::Application)).await;
        assert!(report.is_complete(), "{case}: {report}");
        assert_eq!(domain.fake.started().len(), 4, "{case}");
        assert_eq!(domain.fake.tenants()[0]["credentials"]["client_secret"], world.secret(), "{case}");
    }
}

#[tokio::test]
async fn a_new_module_that_runs_by_itself_is_stopped_until_the_restriction_is_verified() {
    let (world, domain) = (World::start().await, Domain::start().await);
    domain.fake.run_new_modules(true);
    apply(&world.unverified(&domain)).await;
    let running = domain.fake.modules().iter().filter(|module| module["running"] == true).count();
    assert_eq!((running, domain.fake.modules().len()), (0, 4));
    assert!(apply(&world.hand_over(&domain)).await.is_complete());
    assert_eq!(domain.fake.started().len(), 4);
}

#[tokio::test]
async fn a_module_that_runs_gets_no_secret_and_no_room_before_the_restriction_is_verified() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let calendar = domain.fake.add_module(json!({
        "driver_id": domain.driver("Calendar"), "name": "Calendar", "role": "service", "running": true,
    }));
    let system = domain.fake.add_system(json!({ "name": "Room A", "email": ROOMS[0], "capacity": 8 }));
    let bookings = domain.fake.add_module(json!({
        "driver_id": domain.driver("Bookings"), "name": "Bookings", "role": "logic", "running": true,
        "control_system_id": system,
    }));
    domain.fake.change_system(&system, json!({ "modules": [bookings] }));
    let unverified = world.unverified(&domain);
    let planned = plan(&unverified).await;
    assert!(kinds(&planned).contains(&(Severity::Warning, HandOverFindingKind::RunsUnverified)), "{planned}");
    let report = unverified.apply(&planned).await.unwrap();
    assert!(!report.is_complete(), "{report}");
    assert_eq!(domain.fake.settings(), Vec::<Value>::new());
    assert_eq!(domain.system(ROOMS[0])["modules"], json!([bookings]));

    let report = apply(&world.hand_over(&domain)).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(domain.fake.settings().len(), 1);
    assert_eq!(domain.system(ROOMS[0])["modules"], json!([bookings, calendar]));
}

#[tokio::test]
async fn a_room_that_the_verification_has_not_seen_is_not_started() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let new = "room-d@contoso.com";
    world.contoso.tenant.add_mailbox(fake_tenant::NewMailbox::room(new).display_name("Room D"));
    world.contoso.provision(&world.spec).await;
    let report = apply(&world.hand_over(&domain)).await;
    assert!(!report.is_complete(), "{report}");
    assert_eq!(domain.fake.started().len(), 4, "the three that were seen, and the calendar");
    let system = domain.system(new);
    let running = domain.fake.modules().into_iter().find(|module| module["control_system_id"] == system["id"]).unwrap();
    assert_eq!(running["running"], json!(false));

    let proof = world.contoso.prove(&world.spec).await;
    let report = apply(&world.unverified(&domain).proof(proof)).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(domain.fake.started().len(), 5);
}

#[tokio::test]
async fn what_has_come_since_the_verification_closes_the_gate() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let gate =
        |plan: &HandOverPlan| plan.stages.iter().find(|stage| stage.name == "start").unwrap().gate.clone().unwrap();
    assert_eq!(gate(&plan(&world.hand_over(&domain)).await).is_open, Truth::Yes);
    // Somebody must not be reached of whom nothing is known.
    let spec = world.contoso.rbac().rooms(exchange_groups::Rooms::all().except(BOARDROOM));
    let spec = spec.must_not_reach("adele.vance@contoso.com").build().unwrap();
    let stricter = HandOver::new(world.contoso.groups.clone(), domain.client(), spec)
        .credentials(world.credentials())
        .domain(DOMAIN)
        .proof(world.proof.clone());
    let found = gate(&plan(&stricter).await);
    assert_eq!(found.is_open, Truth::Unknown, "{found:?}");
    // Somebody is a member who was not.
    world.contoso.tenant.add_member(exchange_groups_tests::GROUP, "ceo@contoso.com");
    let hand_over = world.hand_over(&domain);
    let planned = plan(&hand_over).await;
    assert_eq!(gate(&planned).is_open, Truth::No, "{planned}");
    assert!(gate(&planned).evidence.contains("ceo@contoso.com"), "{planned}");
    hand_over.apply(&planned).await.unwrap();
    assert_eq!(domain.fake.started(), Vec::<String>::new());
}

#[tokio::test]
async fn a_room_whose_system_could_not_be_made_ready_is_not_started() {
    let (world, domain) = (World::start().await, Domain::start().await);
    domain.fake.fail("PUT", "/module/", Fault::status(403));
    let report = apply(&world.hand_over(&domain)).await;
    assert!(report.has_failed(), "{report}");
    let started = domain.fake.started();
    assert_eq!(started.len(), 3, "the calendar and two rooms: {report}");
    let systems = domain.fake.systems();
    let unconnected = systems.iter().find(|it| it["modules"].as_array().unwrap().len() == 1).unwrap();
    assert!(!started.contains(&unconnected["modules"][0].as_str().unwrap().to_owned()));
    assert!(apply(&world.hand_over(&domain)).await.is_complete());
    assert_eq!(domain.fake.started().len(), 4);
}

#[tokio::test]
async fn rooms_of_another_scope_than_a_group_are_compared_with_what_is_in_it() {
    let (contoso, domain) = (exchange_groups_tests::Contoso::of(super::tenant()).await, Domain::start().await);
    let filter = exchange_groups::Scope::filter("RecipientTypeDetails -eq 'RoomMailbox'");
    let spec = contoso.rbac().scope(filter).build().unwrap();
    contoso.provision(&spec).await;
    let proof = contoso.prove(&spec).await;
    assert!(proof.is_verified(), "{proof}");
    let credentials = exchange_groups::placeos::CalendarCredentials::new(
        contoso.tenant.id().parse().unwrap(),
        spec.application(),
        contoso.booking.secret(),
    );
    let hand_over = HandOver::new(contoso.groups.clone(), domain.client(), spec)
        .credentials(credentials)
        .domain(DOMAIN)
        .zones(ZoneMap::new().create_missing(true))
        .proof(proof);
    let report = apply(&hand_over).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(domain.fake.systems().len(), 4);
    let again = plan(&hand_over).await;
    assert!(again.is_empty() && again.reconciliation.is_agreed(), "{again}");
}

#[tokio::test]
async fn the_mailbox_that_placeos_acts_as_has_to_be_a_member_and_seen() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let account = "adele.vance@contoso.com".parse().unwrap();
    let planned = plan(&world.hand_over(&domain).service_account(account)).await;
    assert_eq!(blockers(&planned), [HandOverFindingKind::NotAMember], "{planned}");

    let spec = world.contoso.rbac().rooms(exchange_groups::Rooms::all().except(BOARDROOM));
    let spec = spec.mailbox("adele.vance@contoso.com").build().unwrap();
    world.contoso.provision(&spec).await;
    let hand_over = |proof: &exchange_groups::Proof| {
        HandOver::new(world.contoso.groups.clone(), domain.client(), spec.clone())
            .credentials(world.credentials())
            .domain(DOMAIN)
            .zones(ZoneMap::new().create_missing(true))
            .service_account("adele.vance@contoso.com".parse().unwrap())
            .proof(proof.clone())
    };
    let report = apply(&hand_over(&world.proof)).await;
    assert!(!report.is_complete(), "{report}");
    assert_eq!(domain.fake.started(), Vec::<String>::new());
    let report = apply(&hand_over(&world.contoso.prove(&spec).await)).await;
    assert!(report.is_complete(), "{report}");
    let settings: Value = serde_json::from_str(domain.fake.settings()[0]["settings_string"].as_str().unwrap()).unwrap();
    assert_eq!(settings["calendar_service_account"], "adele.vance@contoso.com");
}

#[tokio::test]
async fn another_version_is_read_back_and_the_change_sent_again_where_it_still_fits() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let id = domain.fake.add_system(json!({ "name": "Room A", "email": ROOMS[0], "capacity": 6, "map_id": "map-1" }));
    let others = json!({ "description": "by somebody else", "support_url": "https://help" });
    domain.fake.fail("PATCH", "/systems/", Fault::SystemChanged { id: id.clone(), fields: others });
    let report = apply(&world.hand_over(&domain)).await;
    assert!(report.is_complete(), "{report}");
    let system = domain.system(ROOMS[0]);
    assert_eq!(system["capacity"], json!(8));
    assert_eq!(
        (&system["description"], &system["map_id"], &system["name"]),
        (&json!("by somebody else"), &json!("map-1"), &json!("Room A")),
        "what others wrote stays"
    );
    let conflicts = domain.fake.requests().iter().filter(|request| request.status == Some(409)).count();
    assert_eq!(conflicts, 1);
}

#[tokio::test]
async fn a_change_that_no_longer_fits_is_reported_and_not_made() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let id = domain.fake.add_system(json!({ "name": "Room A", "email": ROOMS[0], "capacity": 6 }));
    let others = json!({ "capacity": 7 });
    domain.fake.fail("PATCH", "/systems/", Fault::SystemChanged { id: id.clone(), fields: others });
    let report = apply(&world.hand_over(&domain)).await;
    assert_eq!(domain.system(ROOMS[0])["capacity"], json!(7), "{report}");
    let failed = report.steps().find(|step| matches!(step.outcome, Outcome::Failed { .. })).unwrap();
    let Outcome::Failed { error } = &failed.outcome else { unreachable!() };
    assert!(error.contains("its capacity was 6 and is 7"), "{error}");
    // The other rooms are not held up by it.
    assert_eq!(domain.fake.systems().len(), 3);
}

#[tokio::test]
async fn a_system_is_mended_and_its_other_zones_and_modules_stay() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let fake = &domain.fake;
    let org = fake.zones()[0]["id"].clone();
    let building =
        fake.add_zone(json!({ "name": "B1", "display_name": "Building 1", "tags": ["building"], "parent_id": org }));
    let old =
        fake.add_zone(json!({ "name": "B1 L9", "display_name": "Level 9", "tags": ["level"], "parent_id": building }));
    let level =
        fake.add_zone(json!({ "name": "B1 L1", "display_name": "Level 1", "tags": ["level"], "parent_id": building }));
    let signs = fake.add_zone(json!({ "name": "Signs", "tags": ["signage"] }));
    let display = fake.add_module(
        json!({ "driver_id": domain.driver("Display"), "name": "Display", "role": "device", "running": true }),
    );
    let id = fake.add_system(json!({
        "name": "A", "email": ROOMS[0].to_uppercase(), "capacity": 8, "modules": [display], "zones": [org, building, old, signs],
    }));
    let report = apply(&world.hand_over(&domain)).await;
    assert!(report.is_complete(), "{report}");
    let system = fake.systems().into_iter().find(|system| system["id"] == *id).unwrap();
    assert_eq!(system["zones"], json!([org, building, level, signs]));
    assert_eq!(system["modules"][0], json!(display));
    assert_eq!(system["name"], "A");
    assert_eq!(fake.modules()[0]["running"], json!(true));
    assert_eq!(fake.zones().iter().filter(|zone| zone["tags"] == json!(["building"])).count(), 1, "none is made twice");
}

#[tokio::test]
async fn zones_are_created_only_where_that_is_asked_for() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let before = domain.fake.zones().len();
    let hand_over = world.hand_over(&domain).zones(ZoneMap::new());
    let planned = plan(&hand_over).await;
    let missing: Vec<_> = planned.reconciliation.differences.iter().map(|it| it.kind.as_str()).collect();
    assert!(missing.contains(&"no_zone"), "{planned}");
    let report = hand_over.apply(&planned).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(domain.fake.zones().len(), before);

    let tower = domain.fake.add_zone(json!({ "name": "The Tower", "tags": ["building"] }));
    let first = domain.fake.add_zone(json!({ "name": "Ground", "tags": ["level"], "parent_id": tower }));
    let second = domain.fake.add_zone(json!({ "name": "Upstairs", "tags": ["level"], "parent_id": tower }));
    let map = ZoneMap::new().building("building 1", &tower).level("Building 1", "1", &first).level(
        "Building 1",
        "Level 2",
        &second,
    );
    let report = apply(&world.hand_over(&domain).zones(map)).await;
    assert!(report.is_complete(), "{report}");
    let zones = domain.system(ROOMS[2])["zones"].clone();
    assert!(zones.as_array().unwrap().ends_with(&[json!(tower), json!(second)]), "{zones}");
}

#[tokio::test]
async fn what_the_inputs_get_wrong_blocks_before_anything_is_sent() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let other = exchange_groups::placeos::CalendarCredentials::new(
        "fabrikam.onmicrosoft.com".parse().unwrap(),
        "11111111-2222-3333-4444-555555555555".parse().unwrap(),
        "a secret of another application",
    );
    let planned = plan(&world.hand_over(&domain).credentials(other.clone())).await;
    assert_eq!(blockers(&planned), [HandOverFindingKind::OtherApplication, HandOverFindingKind::OtherTenant]);
    let error = world.hand_over(&domain).credentials(other).apply(&planned).await.unwrap_err();
    assert!(matches!(error, HandOverError::Blocked(_)), "{error}");
    assert!(domain.fake.requests().iter().all(|request| request.method == "GET"));

    let by_id = exchange_groups::placeos::CalendarCredentials::new(
        world.contoso.tenant.id().parse().unwrap(),
        world.spec.application(),
        world.secret(),
    );
    assert!(!plan(&world.hand_over(&domain).credentials(by_id)).await.is_blocked(), "the tenant by its id");

    domain.fake.add_driver(json!({ "name": "Bookings 2", "module_name": "Bookings", "role": "logic" }));
    let planned = plan(&world.hand_over(&domain)).await;
    assert_eq!(blockers(&planned), [HandOverFindingKind::SeveralModules]);
    let named = world.hand_over(&domain).bookings_driver(domain.driver("Bookings"));
    assert!(!plan(&named).await.is_blocked());

    let empty = Domain::of(fake_placeos::FakePlaceOs::empty(DOMAIN)).await;
    let planned = plan(&world.hand_over(&empty)).await;
    assert_eq!(blockers(&planned), [HandOverFindingKind::NoDriver, HandOverFindingKind::NoDriver]);
}

#[tokio::test]
async fn what_a_key_may_not_read_blocks_and_is_no_empty_list() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let key = domain.fake.new_key(Level::Admin, &["systems", "zones", "drivers", "settings"]);
    let hand_over = HandOver::new(world.contoso.groups.clone(), domain.client_with(&key), world.spec.clone())
        .credentials(world.credentials())
        .proof(world.proof.clone())
        .staff_access(StaffAccess::Delegated);
    let planned = plan(&hand_over).await;
    assert_eq!(blockers(&planned), [HandOverFindingKind::Unread, HandOverFindingKind::Unread], "{planned}");
    let said: Vec<&str> = planned.blockers().map(|finding| finding.message.as_str()).collect();
    assert!(said[0].contains("modules") && said[1].contains("tenants of Staff API"), "{said:?}");
    assert!(hand_over.apply(&planned).await.is_err());
    assert!(domain.fake.requests().iter().all(|request| request.method == "GET"));
}

#[tokio::test]
async fn a_secret_in_the_clear_is_found_and_settings_of_others_are_not_lost() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let calendar = domain.fake.add_module(json!({
        "driver_id": domain.driver("Calendar"), "name": "Calendar", "role": "service", "running": false,
    }));
    domain.fake.add_settings(json!({
        "parent_id": calendar, "encryption_level": "none", "keys": ["calendar_config"],
        "settings_string": "calendar_config:\n  client_secret: pasted-into-the-wrong-tab",
    }));
    let planned = plan(&world.hand_over(&domain)).await;
    let clear = planned.findings.iter().find(|finding| finding.kind == HandOverFindingKind::ClearSecret).unwrap();
    assert!(!planned.is_blocked() && clear.message.contains("none"), "{planned}");
    assert!(!planned.to_string().contains("pasted-into"));

    let hidden = json!({
        "parent_id": calendar, "encryption_level": "never_display", "keys": ["calendar_config", "proxy"],
        "settings_string": "{\"proxy\":{}}",
    });
    domain.fake.add_settings(hidden);
    let planned = plan(&world.hand_over(&domain)).await;
    assert_eq!(blockers(&planned), [HandOverFindingKind::OtherSettings], "{planned}");
}

#[tokio::test]
async fn another_secret_is_handed_over_once() {
    let (world, domain) = (World::start().await, Domain::start().await);
    assert!(apply(&world.hand_over(&domain)).await.is_complete());
    let rotated = world.credentials().key_id("key-2");
    let hand_over = world.hand_over(&domain).credentials(rotated);
    let planned = plan(&hand_over).await;
    let changes: Vec<_> = planned.steps().map(|step| &step.change).collect();
    assert!(
        matches!(
            changes[..],
            [HandOverChange::WriteCalendarSettings { record: Some(_), .. }, HandOverChange::NoteCredentials { .. }]
        ),
        "{planned}"
    );
    assert!(hand_over.apply(&planned).await.unwrap().is_complete());
    assert_eq!(domain.fake.settings().len(), 1, "the record is replaced");
    assert!(plan(&hand_over).await.is_empty());
    assert_eq!(plan(&hand_over.replace_credentials(true)).await.steps().count(), 2);
}

#[tokio::test]
async fn a_tenant_of_staff_api_that_acts_for_everybody_is_seen_and_set_back_at_once() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let credentials = json!({ "tenant": "t", "client_id": "c", "client_secret": "left-by-the-consent" });
    domain.fake.add_tenant(json!({
        "name": "Contoso", "domain": DOMAIN, "platform": "office365", "delegated": false, "credentials": credentials,
        "early_checkin": 1800,
    }));
    domain.fake.add_tenant(
        json!({ "name": "Other", "domain": "other.placeos.run", "platform": "office365", "delegated": true }),
    );
    let tenants = domain.client().staff_tenants().await.unwrap();
    let delegated: Vec<_> = tenants.iter().map(|it| (it.domain.as_deref().unwrap(), it.delegated)).collect();
    assert_eq!(delegated, [(DOMAIN, Some(false)), ("other.placeos.run", Some(true))]);

    // To reach less is no start: it waits for nothing.
    let hand_over = world.unverified(&domain).staff_access(StaffAccess::Delegated);
    let planned = plan(&hand_over).await;
    assert!(kinds(&planned).contains(&(Severity::Warning, HandOverFindingKind::RunsUnverified)), "{planned}");
    hand_over.apply(&planned).await.unwrap();
    let tenant = domain.fake.tenants().remove(0);
    assert_eq!(
        (&tenant["delegated"], &tenant["early_checkin"], &tenant["name"]),
        (&json!(true), &json!(1800), &json!("Contoso"))
    );
    assert_eq!(domain.fake.tenants()[1]["name"], "Other");
}

#[tokio::test]
async fn bookings_modules_get_the_settings_that_are_asked_for_and_keep_those_of_others() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let system = domain.fake.add_system(json!({ "name": "Room A", "email": ROOMS[0], "capacity": 8 }));
    let module = domain.fake.add_module(json!({
        "driver_id": domain.driver("Bookings"), "name": "Bookings", "role": "logic", "running": false,
        "control_system_id": system,
    }));
    let own =
        json!({ "parent_id": module, "encryption_level": "none", "keys": ["title"], "settings_string": "title: Hi" });
    domain.fake.add_settings(own);
    let settings =
        BookingsSettings { cache_polling_period: Some(3), disable_book_now: Some(false), ..Default::default() };
    let hand_over = world.hand_over(&domain).bookings_settings(settings);
    let report = apply(&hand_over).await;
    assert!(report.is_complete(), "{report}");
    let written: Vec<Value> = domain.fake.settings();
    assert!(written.iter().any(|it| it["settings_string"] == "title: Hi"), "{written:?}");
    let asked = written.iter().filter(|it| it["encryption_level"] == "none" && it["parent_id"] != *module);
    let asked: Vec<Value> =
        asked.map(|it| serde_json::from_str(it["settings_string"].as_str().unwrap()).unwrap()).collect();
    assert_eq!(asked, vec![json!({ "cache_polling_period": 3, "disable_book_now": false }); 2]);
    assert!(plan(&hand_over).await.is_empty());
}

#[tokio::test]
async fn a_plan_is_approved_by_its_digest_stored_as_json_and_refused_once_it_lacks_a_step() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let hand_over = world.hand_over(&domain);
    let planned = plan(&hand_over).await;
    let stored: HandOverPlan = serde_json::from_str(&serde_json::to_string(&planned).unwrap()).unwrap();
    assert_eq!(stored, planned);
    let facts = hand_over.observe().await.unwrap();
    let kept = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
    assert_eq!(hand_over.plan(&kept).digest(), planned.digest(), "facts that were kept give the same plan");
    let error = hand_over.apply(&planned).approved("another digest").await.unwrap_err();
    assert!(matches!(error, HandOverError::NotApproved { .. }), "{error}");

    let new = fake_tenant::NewMailbox::room("room-d@contoso.com").display_name("Room D");
    world.contoso.tenant.add_mailbox(new);
    let error = hand_over.apply(&stored).approved(planned.digest()).await.unwrap_err();
    assert!(matches!(&error, HandOverError::Stale(steps) if !steps.is_empty()), "{error}");
    assert!(domain.fake.requests().iter().all(|request| request.method == "GET"));
}

#[tokio::test]
async fn a_plan_reads_as_an_administrator_does() {
    let (world, domain) = (World::start().await, Domain::start().await);
    domain.fake.add_system(json!({ "name": "\u{1b}[2KRoom A", "email": ROOMS[0], "capacity": 1 }));
    let planned = plan(&world.unverified(&domain)).await;
    let text = planned.to_string();
    for part in [
        "Hand-over to PlaceOS at http://127.0.0.1",
        "Create the zone \"Building 1\" (building) in \"Contoso\"",
        "Create the calendar module for https://contoso.placeos.run",
        "never to be displayed",
        "capacity 8",
        "once the restriction of this application to this group is verified (not known: no verification was given)",
        "because its system differs from the room: it has the capacity 1, and the room 8; it is not in the building",
        "because room-c@contoso.com is there, and PlaceOS has no such zone",
        "Start the calendar module",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
    let gate = planned.stages.iter().find(|stage| stage.name == "start").unwrap().gate.as_ref().unwrap();
    assert_eq!(gate.is_open, Truth::Unknown);
}

/// What the one-click consent leaves behind: Staff API acts as the application, and rooms alone are not enough for that.
#[tokio::test]
async fn a_staff_tenant_that_acts_as_the_application_is_told() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let told = |plan: &HandOverPlan| {
        plan.findings.iter().filter(|it| it.kind == HandOverFindingKind::ActsAsApplication).count()
    };
    let tenant =
        json!({ "name": "Contoso", "domain": DOMAIN, "platform": "office365", "delegated": false, "credentials": {} });
    domain.fake.add_tenant(tenant);
    let plan_untouched = plan(&world.hand_over(&domain)).await;
    assert_eq!(told(&plan_untouched), 1, "{plan_untouched}");
    let delegated = world.hand_over(&domain).staff_access(StaffAccess::Delegated);
    let planned = plan(&delegated).await;
    assert_eq!(told(&planned), 0, "{planned}");
    assert!(delegated.apply(&planned).await.unwrap().is_complete());
    assert_eq!(told(&plan(&world.hand_over(&domain)).await), 0);
}
