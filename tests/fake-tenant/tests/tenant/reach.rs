//! The decision over access, by the examples of the access model, and the calls that follow it.

use std::time::{Duration, SystemTime};

use fake_tenant::{
    Application, FakeTenant, Level, NewGroup, NewMailbox, NewRoleAssignment, PathKind, PolicyRight, Request, Resource,
    Supposition,
};
use serde_json::json;

use crate::{GRAPH, Session, graph_error};

const G: &str = "rooms@contoso.com";
const R1: &str = "r1@contoso.com";
const R3: &str = "r3@contoso.com";
const CEO: &str = "ceo@contoso.com";
const RAOP: &str = "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.";
const CREDENTIALS: &str = "Access is denied. Check credentials and try again.";

/// Rooms r1 and r2 in the group G, r3 in a group in it, r1 in an administrative unit and in a Microsoft 365
/// group, a chief executive in a group of one, and an application without anything.
fn world() -> (FakeTenant, Application) {
    let tenant = FakeTenant::builder().build();
    for room in ["r1", "r2", "r3", "r4"] {
        tenant.add_room(room);
    }
    tenant.add_person("ceo");
    tenant.add_group(NewGroup::security("nested").members(["r3"]));
    tenant.add_group(NewGroup::security("rooms").members(["r1", "r2", "nested"]));
    tenant.add_group(NewGroup::security("only-r1").members(["r1"]));
    tenant.add_group(NewGroup::security("only-r4").members(["r4"]));
    tenant.add_group(NewGroup::microsoft_365("team").members(["r1"]));
    tenant.add_unit("Building 1", ["r1"]);
    let app = tenant.add_application("A", "fake");
    (tenant, app)
}

fn role(name: &str) -> NewRoleAssignment {
    NewRoleAssignment::new(name)
}

fn scoped() -> NewRoleAssignment {
    role("Application Calendars.ReadWrite").group("rooms")
}

fn restrict(tenant: &FakeTenant, app: &Application, scope: &str) {
    tenant.add_access_policy(&app.client_id, PolicyRight::Restrict, scope);
}

/// The calls of Graph about a calendar answer as the tenant itself decides.
#[track_caller]
fn calls_agree(tenant: &FakeTenant, app: &Application, mailbox: &str) {
    let session = Session::of(tenant, app);
    let by_calendar = |level: Level| {
        let known = ["Calendars.", "Application Calendars.", "Application Exchange Full Access"];
        let kinds = [PathKind::GraphGrant, PathKind::Rbac];
        let paths = tenant.reaches_now(app, mailbox, level).paths;
        paths.iter().any(|path| kinds.contains(&path.kind) && known.iter().any(|name| path.by.starts_with(name)))
    };
    let read = session.calendar(mailbox).status();
    assert!(matches!(read, 200 | 403), "{mailbox}: {read}");
    assert_eq!(read == 200, by_calendar(Level::Events), "reading {mailbox}");
    assert_eq!(read == 200, tenant.can_read(app, mailbox), "reading {mailbox}");
    let event = json!({
        "subject": "Meeting",
        "start": {"dateTime": "2026-11-23T09:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-11-23T10:00:00", "timeZone": "UTC"},
    });
    let url = format!("{GRAPH}/v1.0/users/{mailbox}/events");
    let made = tenant.handle(&Request::post(&url).bearer(&session.graph).json(&event)).status();
    assert_eq!(made == 201, by_calendar(Level::Write), "writing to {mailbox}: {made}");
}

#[track_caller]
fn reaches(tenant: &FakeTenant, app: &Application, expected: [(&str, bool); 2]) {
    for (mailbox, allowed) in expected {
        let reach = tenant.reaches(app, mailbox, Level::Events);
        assert_eq!(reach.allowed, allowed, "{mailbox}: {:?}", reach.paths);
        assert_eq!(reach, tenant.reaches_now(app, mailbox, Level::Events), "nothing is on its way");
        calls_agree(tenant, app, mailbox);
    }
}

#[test]
fn grants_reach_what_policies_leave() {
    // The numbers are those of the examples.
    let (tenant, app) = world();
    tenant.grant(&app, Resource::Graph, "Calendars.ReadWrite");
    reaches(&tenant, &app, [(R1, true), (CEO, true)]); // 1
    restrict(&tenant, &app, G);
    reaches(&tenant, &app, [(R1, true), (CEO, false)]); // 2
    reaches(&tenant, &app, [(R3, true), (CEO, false)]); // 3, lenient
    tenant.suppose(Supposition::PoliciesCountNestedMembers, false);
    reaches(&tenant, &app, [(R1, true), (R3, false)]); // 3, the other answer
    tenant.add_access_policy(&app.client_id, PolicyRight::Deny, "only-r1");
    reaches(&tenant, &app, [(R1, false), (CEO, false)]); // 4

    let (tenant, app) = world();
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    tenant.add_access_policy(&app.client_id, PolicyRight::Deny, CEO);
    reaches(&tenant, &app, [(R1, true), (CEO, false)]); // 5

    let (tenant, app) = world();
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    tenant.add_access_policy("*", PolicyRight::Restrict, "only-r4");
    restrict(&tenant, &app, G);
    reaches(&tenant, &app, [(R1, true), (CEO, false)]); // 6
    reaches(&tenant, &app, [("r4@contoso.com", true), (CEO, false)]);
    tenant.suppose(Supposition::PoliciesForEveryoneJoin, false);
    reaches(&tenant, &app, [(R1, false), ("r4@contoso.com", false)]);

    let (tenant, app) = world();
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    tenant.add_access_policy("11111111-2222-3333-4444-555555555555", PolicyRight::Restrict, G);
    tenant.add_access_policy(&app.object_id, PolicyRight::Restrict, G);
    reaches(&tenant, &app, [(R1, true), (CEO, true)]); // 7, 8
}

#[test]
fn a_restriction_whose_group_was_deleted_can_be_read_either_way() {
    let (tenant, app) = world();
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    restrict(&tenant, &app, G);
    tenant.remove_mailbox(G);
    reaches(&tenant, &app, [(R1, false), (CEO, false)]); // 9
    tenant.suppose(Supposition::InvalidRestrictionsRestrict, false);
    reaches(&tenant, &app, [(R1, true), (CEO, true)]);
}

#[test]
fn roles_reach_their_scopes_whatever_policies_say() {
    let (tenant, app) = world();
    tenant.assign_role(&app, scoped());
    reaches(&tenant, &app, [(R1, true), (CEO, false)]); // 13
    reaches(&tenant, &app, [(R1, true), (R3, false)]);
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    reaches(&tenant, &app, [(R1, true), (CEO, true)]); // 14
    restrict(&tenant, &app, G);
    reaches(&tenant, &app, [(R1, true), (CEO, false)]); // 15
    let kinds = |reach: fake_tenant::Reach| reach.paths.iter().map(|path| path.kind).collect::<Vec<_>>();
    assert_eq!(kinds(tenant.reaches(&app, R1, Level::Events)), [PathKind::GraphGrant, PathKind::Rbac]);

    let (tenant, app) = world();
    tenant.assign_role(&app, role("Application Calendars.Read"));
    restrict(&tenant, &app, G);
    reaches(&tenant, &app, [(R1, true), (CEO, true)]); // 16

    let (tenant, app) = world();
    tenant.assign_role(&app, role("Application Exchange Full Access").group(G));
    reaches(&tenant, &app, [(R1, true), (CEO, false)]); // 17
    assert!(tenant.reaches(&app, R1, Level::Write).allowed);

    let (tenant, app) = world();
    tenant.assign_role(&app, scoped().disabled());
    reaches(&tenant, &app, [(R1, false), (CEO, false)]); // 18
    tenant.assign_role(&app, scoped().delegating());
    reaches(&tenant, &app, [(R1, false), (CEO, false)]);
    tenant.suppose(Supposition::DelegatingAssignmentsGiveAccess, true);
    reaches(&tenant, &app, [(R1, true), (CEO, false)]);
}

#[test]
fn roles_take_scopes_of_every_kind() {
    let (tenant, app) = world();
    let other = tenant.add_application("B", "fake");
    let dn = tenant.group(G).unwrap().distinguished_name;
    let by_group = format!("MemberOfGroup -eq '{dn}'");
    tenant.assign_role(&app, role("Application Calendars.Read").exclusive_filter(&by_group));
    tenant.assign_role(&other, role("Application Calendars.Read"));
    reaches(&tenant, &app, [(R1, true), (CEO, false)]); // 19
    reaches(&tenant, &other, [(R1, true), (CEO, true)]);

    for (assignment, expected) in [
        (role("Application Calendars.Read").filter("MemberOfGroup -eq 'CN=gone,DC=contoso'"), [false, false, false]), // 20
        (role("Application Calendars.Read").filter("RecipientTypeDetails -eq 'RoomMailbox'"), [true, true, false]), // 21
        (role("Application Calendars.Read").unit("Building 1"), [true, false, false]), // 23
        (role("Application Calendars.Read").group("team"), [true, false, false]),      // 24
    ] {
        let (tenant, app) = world();
        tenant.assign_role(&app, assignment);
        for (mailbox, allowed) in [R1, R3, CEO].into_iter().zip(expected) {
            assert_eq!(tenant.reaches(&app, mailbox, Level::Events).allowed, allowed, "{mailbox}");
            calls_agree(&tenant, &app, mailbox);
        }
    }

    // A group in a unit does not bring its members.
    let (tenant, app) = world();
    tenant.add_unit("Group", [G]);
    tenant.assign_role(&app, role("Application Calendars.Read").unit("Group"));
    reaches(&tenant, &app, [(R1, false), (CEO, false)]);
    tenant.suppose(Supposition::UnitsBringMembersOfGroups, true);
    reaches(&tenant, &app, [(R1, true), (CEO, false)]);

    // A group that Exchange does not know contains nobody.
    let (tenant, app) = world();
    tenant.add_group(NewGroup::entra_security("entra").members([R1]));
    tenant.assign_role(&app, role("Application Calendars.Read").group("entra"));
    reaches(&tenant, &app, [(R1, false), (CEO, false)]);
    tenant.suppose(Supposition::EntraGroupsScopeRoles, true);
    reaches(&tenant, &app, [(R1, true), (CEO, false)]);

    // The role of a service principal in Exchange that points elsewhere is nobody's.
    let (tenant, app) = world();
    tenant.assign_role(&app, scoped().of_object_id("11111111-2222-3333-4444-555555555555"));
    reaches(&tenant, &app, [(R1, false), (CEO, false)]); // 52
}

#[test]
fn items_of_mailboxes_are_a_way_of_their_own() {
    for name in ["MailboxItem.Read", "MailboxItem.Export", "MailboxItem.ImportExport", "MailboxItem.ReadWrite"] {
        let writes = name.ends_with("ImportExport") || name.ends_with("ReadWrite");
        let (tenant, app) = world();
        tenant.assign_role(&app, role(&format!("Application {name}")).group(G));
        reaches(&tenant, &app, [(R1, true), (CEO, false)]);
        assert_eq!(tenant.reaches(&app, R1, Level::Write).allowed, writes, "{name}");
        // 39: the permission reaches everybody, beside a role that does not.
        let (tenant, app) = world();
        tenant.assign_role(&app, scoped());
        tenant.grant(&app, Resource::Graph, &format!("{name}.All"));
        restrict(&tenant, &app, G);
        reaches(&tenant, &app, [(R1, true), (CEO, true)]);
        tenant.suppose(Supposition::PoliciesCoverMailboxItems, true);
        reaches(&tenant, &app, [(R1, true), (CEO, false)]);
    }
    let (tenant, app) = world();
    tenant.grant(&app, Resource::Graph, "MailboxItem.Read.All");
    tenant.suppose(Supposition::MailboxItemsIncludeEvents, false);
    reaches(&tenant, &app, [(R1, false), (CEO, false)]);
    tenant.grant(&app, Resource::Graph, "MailboxItem.Export.All");
    reaches(&tenant, &app, [(R1, true), (CEO, true)]);
}

#[test]
fn a_basic_permission_reads_and_does_not_write() {
    let (tenant, app) = world();
    tenant.grant(&app, Resource::Graph, "Calendars.ReadBasic.All");
    reaches(&tenant, &app, [(R1, true), (CEO, true)]);
    assert!(!tenant.reaches(&app, R1, Level::Write).allowed);
    restrict(&tenant, &app, G);
    reaches(&tenant, &app, [(R1, true), (CEO, false)]); // 38
    tenant.suppose(Supposition::PoliciesCoverReadBasic, false);
    reaches(&tenant, &app, [(R1, true), (CEO, true)]);
}

#[test]
fn an_id_counts_with_its_resource_only() {
    const READ: &str = "798ee544-9d2d-430c-a058-570e29e34338";
    let (tenant, app) = world();
    tenant.grant(&app, Resource::Exchange, READ);
    reaches(&tenant, &app, [(R1, false), (CEO, false)]); // 40
    tenant.suppose(Supposition::OutlookRestAnswers, true);
    assert!(tenant.reaches(&app, CEO, Level::Events).is_by(PathKind::LegacyRest));
    restrict(&tenant, &app, G);
    reaches(&tenant, &app, [(R1, true), (CEO, false)]);
    tenant.revoke(&app, Resource::Exchange, READ);
    tenant.grant(&app, Resource::Graph, READ);
    assert!(tenant.reaches(&app, R1, Level::Events).is_by(PathKind::GraphGrant));

    let (tenant, app) = world();
    for name in ["Place.Read.All", "User.Read.All", "GroupMember.Read.All", "Presence.Read.All", "Calendars.Read.All"] {
        tenant.grant(&app, Resource::Graph, name);
    }
    tenant.grant(&app, Resource::Graph, "11111111-2222-3333-4444-555555555555");
    tenant.grant_scopes(&app, Resource::Graph, "Calendars.ReadWrite.Shared", None);
    reaches(&tenant, &app, [(R1, false), (CEO, false)]); // 41, 47
}

#[test]
fn a_role_that_nobody_knows_may_open_everything() {
    let (tenant, app) = world();
    tenant.list_app_role(Resource::Exchange, "33333333-2222-3333-4444-555555555555", "Calendars.ReadSome.All");
    tenant.grant(&app, Resource::Exchange, "33333333-2222-3333-4444-555555555555");
    tenant.grant(&app, Resource::Graph, "11111111-2222-3333-4444-555555555555");
    assert_eq!(crate::claims(&tenant.exchange_token(&app))["roles"], json!(["Calendars.ReadSome.All"]));
    tenant.add_access_policy("*", PolicyRight::Deny, "only-r1");
    reaches(&tenant, &app, [(R1, false), (CEO, false)]);
    tenant.suppose(Supposition::UnlistedRolesOpenEverything, true);
    reaches_by_unlisted(&tenant, &app, R1);
    tenant.revoke(&app, Resource::Graph, "11111111-2222-3333-4444-555555555555");
    reaches_by_unlisted(&tenant, &app, CEO);
}

#[track_caller]
fn reaches_by_unlisted(tenant: &FakeTenant, app: &Application, mailbox: &str) {
    assert!(tenant.reaches(app, mailbox, Level::Write).is_by(PathKind::Unlisted));
    calls_agree(tenant, app, mailbox);
}

fn at(tenant: &FakeTenant, seconds: u64) {
    tenant.set_time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
}

/// 2026-08-15, 2026-11-15 and 2027-04-02.
const DATES: [u64; 3] = [1_786_752_000, 1_794_700_800, 1_806_624_000];

#[test]
fn ews_has_its_own_switches() {
    let (tenant, app) = world();
    tenant.grant(&app, Resource::Exchange, "full_access_as_app");
    let allowed = |mailbox: &str| tenant.reaches(&app, mailbox, Level::Write).is_by(PathKind::EwsGrant);
    let none: [&str; 0] = [];
    at(&tenant, DATES[1]);
    tenant.set_ews(Some(true), ["22222222-2222-3333-4444-555555555555"]);
    assert!(!allowed(R1) && !allowed(CEO)); // 31
    tenant.set_ews(Some(true), [&app.client_id]);
    assert!(allowed(R1) && allowed(CEO)); // 32
    assert!(!tenant.can_read(&app, R1), "Graph does not take it");
    restrict(&tenant, &app, G);
    assert!(allowed(R1) && !allowed(CEO)); // 33

    let (tenant, app) = world();
    tenant.grant(&app, Resource::Exchange, "full_access_as_app");
    let allowed = |mailbox: &str| tenant.reaches(&app, mailbox, Level::Write).allowed;
    at(&tenant, DATES[1]);
    tenant.set_ews(Some(true), [&app.client_id]);
    tenant.set_mailbox_ews(R1, false);
    assert!(!allowed(R1) && allowed(CEO)); // 34
    at(&tenant, DATES[2]);
    assert!(!allowed(CEO)); // 35
    at(&tenant, DATES[1]);
    tenant.set_ews(Some(true), none);
    assert!(allowed(CEO)); // 36b
    tenant.suppose(Supposition::EmptyEwsListBlocks, true);
    assert!(!allowed(CEO));
    tenant.set_ews(None, none);
    assert!(!allowed(CEO)); // 37
    tenant.suppose(Supposition::BlankEwsIsOff, false);
    assert!(allowed(CEO));
    tenant.suppose(Supposition::BlankEwsIsOff, true);
    at(&tenant, DATES[0]);
    assert!(allowed(CEO));
    tenant.set_ews(Some(false), [&app.client_id]);
    assert!(!allowed(CEO));

    let (tenant, app) = world();
    at(&tenant, DATES[0]);
    tenant.assign_role(&app, role("Application EWS.AccessAsApp").group(G));
    assert!(tenant.reaches(&app, R1, Level::Write).is_by(PathKind::EwsRbac));
    assert!(!tenant.reaches(&app, CEO, Level::Times).allowed);
    tenant.set_ews(Some(false), none);
    assert!(!tenant.reaches(&app, R1, Level::Write).allowed);
}

#[test]
fn imap_needs_a_mailbox_permission_and_discovery_a_role() {
    let (tenant, app) = world();
    tenant.grant(&app, Resource::Exchange, "IMAP.AccessAsApp");
    tenant.add_mailbox_permission(&app, R1);
    assert!(!tenant.reaches(&app, R1, Level::Times).allowed); // 45
    tenant.suppose(Supposition::ImapShowsCalendars, true);
    assert!(tenant.reaches(&app, R1, Level::Brief).is_by(PathKind::Imap));
    assert!(!tenant.reaches(&app, R1, Level::Events).allowed);
    assert!(!tenant.reaches(&app, CEO, Level::Times).allowed);
    tenant.remove_mailbox_permission(&app, R1);
    assert!(!tenant.reaches(&app, R1, Level::Times).allowed);

    let (tenant, app) = world();
    tenant.grant(&app, Resource::Graph, "eDiscovery.ReadWrite.All");
    restrict(&tenant, &app, G);
    assert!(!tenant.reaches(&app, CEO, Level::Times).allowed); // 55
    tenant.add_purview_role(&app);
    assert!(tenant.reaches(&app, CEO, Level::Events).is_by(PathKind::EDiscovery));
}

#[test]
fn enforced_roles_shut_grants_if_that_is_what_they_do() {
    let (tenant, app) = world();
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    restrict(&tenant, &app, G);
    tenant.set_enforce_app_roles(true);
    reaches(&tenant, &app, [(R1, false), (CEO, false)]); // 54
    tenant.suppose(Supposition::EnforcementShutsGrants, false);
    reaches(&tenant, &app, [(R1, true), (CEO, false)]);
    tenant.suppose(Supposition::EnforcementShutsGrants, true);
    tenant.assign_role(&app, scoped());
    reaches(&tenant, &app, [(R1, true), (CEO, false)]);
}

/// What `getSchedule` through one mailbox says of another: its items, or its error.
fn schedule(tenant: &FakeTenant, app: &Application, through: &str, other: &str) -> serde_json::Value {
    let body = json!({
        "schedules": [other],
        "startTime": {"dateTime": "2026-11-23T08:00:00", "timeZone": "UTC"},
        "endTime": {"dateTime": "2026-11-23T18:00:00", "timeZone": "UTC"},
    });
    let url = format!("{GRAPH}/v1.0/users/{through}/calendar/getSchedule");
    let response = tenant.handle(&Request::post(&url).bearer(&tenant.graph_token(app)).json(&body));
    assert_eq!(response.status(), 200, "{}", response.text());
    response.json()["value"][0].take()
}

#[test]
fn free_busy_of_everybody_goes_through_any_reachable_mailbox() {
    for by_policy in [true, false] {
        let (tenant, app) = world();
        tenant.add_event(CEO, "Merger", "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z");
        if by_policy {
            tenant.grant(&app, Resource::Graph, "Calendars.Read");
            restrict(&tenant, &app, G);
        } else {
            tenant.assign_role(&app, scoped());
        }
        let allowed = |level: Level| tenant.reaches(&app, CEO, level).allowed;
        // 42: AvailabilityOnly is what every calendar starts with.
        let reach = tenant.reaches(&app, CEO, Level::Times);
        assert_eq!(reach.paths[0].kind, PathKind::GetSchedule);
        assert_eq!(reach.paths[0].through.as_deref(), Some(R1));
        assert_eq!([allowed(Level::Brief), allowed(Level::Events)], [false, false]);
        let shown = schedule(&tenant, &app, R1, CEO);
        assert_eq!(shown["scheduleItems"][0]["status"], "busy");
        assert!(shown["scheduleItems"][0].get("subject").is_none());
        tenant.set_default_calendar_permission(CEO, "LimitedDetails");
        assert_eq!([allowed(Level::Brief), allowed(Level::Events)], [true, false]);
        assert_eq!(schedule(&tenant, &app, R1, CEO)["scheduleItems"][0]["subject"], "Merger");
        tenant.set_default_calendar_permission(CEO, "Reviewer");
        assert_eq!([allowed(Level::Brief), allowed(Level::Events)], [true, false], "free/busy shows no more");
        // 43
        tenant.set_default_calendar_permission(CEO, "None");
        assert!(!allowed(Level::Times));
        assert!(schedule(&tenant, &app, R1, CEO)["scheduleItems"].is_null());
        assert_eq!(schedule(&tenant, &app, R1, CEO)["error"]["responseCode"], "ErrorNoFreeBusyAccess");
        // An entry for the mailbox in the path, or for a group of it.
        tenant.set_calendar_permission(CEO, "r2", "LimitedDetails");
        let reach = tenant.reaches(&app, CEO, Level::Brief);
        assert_eq!(reach.paths[0].through.as_deref(), Some("r2@contoso.com"));
        assert_eq!(schedule(&tenant, &app, "r2@contoso.com", CEO)["scheduleItems"][0]["subject"], "Merger");
        tenant.set_calendar_permission(CEO, G, "AvailabilityOnly");
        assert!(schedule(&tenant, &app, R1, CEO).get("error").is_none());
        // Whether a role's scope stops it is not known.
        tenant.suppose(Supposition::SchedulesAnswerBeyondRoleScopes, false);
        assert_eq!(allowed(Level::Times), by_policy);
        assert_eq!(schedule(&tenant, &app, R1, CEO).get("error").is_none(), by_policy);
        assert!(schedule(&tenant, &app, R1, "r2@contoso.com").get("error").is_none());
    }
}

#[test]
fn rights_of_a_reachable_mailbox_may_be_a_way() {
    let (tenant, app) = world();
    tenant.assign_role(&app, scoped());
    tenant.set_calendar_permission(CEO, R1, "Reviewer");
    assert!(!tenant.reaches(&app, CEO, Level::Events).allowed);
    tenant.suppose(Supposition::SharedCalendarsAreReached, true);
    assert!(tenant.reaches(&app, CEO, Level::Events).is_by(PathKind::SharedCalendar));
    assert!(!tenant.reaches(&app, CEO, Level::Write).allowed);

    let (tenant, app) = world();
    at(&tenant, DATES[0]);
    tenant.assign_role(&app, role("Application EWS.AccessAsApp").group(G));
    tenant.set_default_calendar_permission(CEO, "Editor");
    assert!(!tenant.reaches(&app, CEO, Level::Times).allowed);
    tenant.suppose(Supposition::ImpersonationOpensOthers, true);
    assert!(tenant.reaches(&app, CEO, Level::Write).is_by(PathKind::Impersonation));
}

#[test]
fn refusals_say_what_the_service_says() {
    let (tenant, app) = world();
    let refusal = |mailbox: &str| graph_error(&Session::of(&tenant, &app).calendar(mailbox));
    let denied = |sentence: &str| (403, "ErrorAccessDenied".to_owned(), sentence.to_owned());
    assert_eq!(refusal(R1), denied(CREDENTIALS));
    tenant.assign_role(&app, scoped());
    assert_eq!(refusal(CEO), denied(RAOP));
    tenant.suppose(Supposition::ScopeRefusalsNamePolicies, false);
    assert_eq!(refusal(CEO), denied(CREDENTIALS));
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    restrict(&tenant, &app, G);
    assert_eq!(refusal(CEO), denied(RAOP), "a policy always names itself");
    let nobody = (404, "ErrorInvalidUser".to_owned(), "The requested user 'nobody@contoso.com' is invalid.".to_owned());
    assert_eq!(refusal("nobody@contoso.com"), nobody);
    assert_eq!(refusal(G).1, "ErrorInvalidUser");
    tenant.add_mailbox(NewMailbox::new(fake_tenant::RecipientKind::MailUser, "partner"));
    assert_eq!(
        (refusal("partner@contoso.com").0, &*refusal("partner@contoso.com").1),
        (404, "MailboxNotEnabledForRESTAPI")
    );
    assert!(!tenant.reaches(&app, "partner", Level::Times).allowed);
}

#[test]
fn lists_of_user_agents_bind_graph_too() {
    let (tenant, app) = world();
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    let admin = Session::administrator(&tenant);
    let url = format!(
        "{GRAPH}/v1.0/users/{R1}/calendarView?startDateTime=2026-11-23T00:00:00Z&endDateTime=2026-11-24T00:00:00Z"
    );
    let token = tenant.graph_token(&app);
    let call = |agent: &str| tenant.handle(&Request::get(&url).bearer(&token).header("User-Agent", agent));
    let set = |parameters| admin.run("Set-OrganizationConfig", parameters);
    set(json!({"EwsApplicationAccessPolicy": "EnforceBlockList", "EwsBlockList": ["Panel*"]}));
    let refused = (403, "ErrorAccessDenied".to_owned(), "Access to OData is disabled.".to_owned());
    assert_eq!(graph_error(&call("Panel/2.1")), refused);
    assert_eq!(call("Booking/1.0").status(), 200);
    set(json!({"EwsApplicationAccessPolicy": "EnforceAllowList", "EwsAllowList": ["Panel*"]}));
    assert_eq!([call("Panel/2.1").status(), call("Booking/1.0").status()], [200, 403]);
    // It is no restriction: a client names itself as it likes.
    assert!(tenant.reaches(&app, R1, Level::Events).allowed);
}

#[test]
fn what_cmdlets_set_decides() {
    let (tenant, app) = world();
    at(&tenant, DATES[0]);
    let admin = Session::administrator(&tenant);
    tenant.grant(&app, Resource::Exchange, "full_access_as_app");
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    let reached = |mailbox: &str, kind: PathKind| tenant.reaches(&app, mailbox, Level::Events).is_by(kind);
    assert!(reached(R1, PathKind::EwsGrant));
    admin.run("Set-CASMailbox", json!({"Identity": R1, "EwsEnabled": false}));
    assert!(!reached(R1, PathKind::EwsGrant) && reached(CEO, PathKind::EwsGrant));
    admin.run("Set-OrganizationConfig", json!({"EwsEnabled": false}));
    assert!(!reached(CEO, PathKind::EwsGrant));
    admin.run("Set-OrganizationConfig", json!({"EnforceExoAppRbacPermissions": true}));
    assert!(!reached(CEO, PathKind::GraphGrant));
    calls_agree(&tenant, &app, CEO);

    let (tenant, app) = world();
    let admin = Session::administrator(&tenant);
    tenant.suppose(Supposition::ImapShowsCalendars, true);
    tenant.grant(&app, Resource::Exchange, "POP.AccessAsApp");
    admin.run("New-ServicePrincipal", json!({"AppId": app.client_id, "ObjectId": app.object_id}));
    admin.run("Add-MailboxPermission", json!({"Identity": R1, "User": app.object_id, "AccessRights": "FullAccess"}));
    assert!(tenant.reaches(&app, R1, Level::Brief).is_by(PathKind::Imap));
    tenant.remove_mailbox_permission(&app, R1);
    tenant.add_mailbox_permission(&app, CEO);
    let entries = admin.run("Get-MailboxPermission", json!({"Identity": CEO}));
    assert!(entries.iter().any(|entry| entry["User"] == app.object_id));
    assert!(!tenant.reaches(&app, R1, Level::Times).allowed && tenant.reaches(&app, CEO, Level::Times).allowed);
}

#[test]
fn administrators_are_refused_only_if_that_is_supposed() {
    let (tenant, app) = world();
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    tenant.assign_directory_role_to(CEO, fake_tenant::DirectoryRole::GlobalAdministrator);
    reaches(&tenant, &app, [(R1, true), (CEO, true)]);
    tenant.suppose(Supposition::AdministratorsAreRefused, true);
    reaches(&tenant, &app, [(R1, true), (CEO, false)]);
    assert_eq!(graph_error(&Session::of(&tenant, &app).calendar(CEO)).2, RAOP);
}

#[test]
fn a_room_with_another_sign_in_name_is_found_by_its_object_id() {
    let (tenant, app) = world();
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    tenant.set_user_principal_name(R1, "room.one@contoso.onmicrosoft.com");
    let admin = Session::administrator(&tenant);
    let id = crate::text(&admin.get("/v1.0/users/room.one@contoso.onmicrosoft.com").json()["id"]);
    assert_eq!(admin.get(&format!("/v1.0/users/{R1}")).status(), 404, "the directory knows no address");
    let status = |user: &str| Session::of(&tenant, &app).calendar(user).status();
    assert_eq!([status(R1), status(&id), status("room.one@contoso.onmicrosoft.com")], [200, 200, 200]);
    tenant.suppose(Supposition::AddressesFindMailboxes, false);
    assert_eq!(graph_error(&Session::of(&tenant, &app).calendar(R1)).1, "ErrorInvalidUser");
    assert_eq!([status(&id), status("r2@contoso.com")], [200, 200]);
    // A sign-in name comes before somebody else's address.
    tenant.suppose(Supposition::AddressesFindMailboxes, true);
    tenant.set_user_principal_name("r4@contoso.com", R1);
    restrict(&tenant, &app, G);
    assert_eq!([status(R1), status(&id)], [403, 200]);
}

#[test]
fn tokens_outlive_what_they_were_issued_for() {
    let (tenant, app) = world();
    tenant.freeze_clock();
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    tenant.assign_role(&app, scoped());
    let old = Session::of(&tenant, &app);
    tenant.revoke(&app, Resource::Graph, "Calendars.Read");
    assert!(!tenant.reaches(&app, CEO, Level::Events).allowed);
    assert!(tenant.reaches_now(&app, CEO, Level::Events).allowed);
    assert!(!tenant.can_read(&app, CEO));
    assert_eq!(old.calendar(CEO).status(), 200);
    assert_eq!(Session::of(&tenant, &app).calendar(CEO).status(), 403);
    tenant.advance(Duration::from_secs(3599));
    assert!(!tenant.reaches_now(&app, CEO, Level::Events).allowed);
    assert_eq!(old.calendar(CEO).status(), 401);

    // 56: a disabled application gets no new tokens, and the old ones go on.
    let old = Session::of(&tenant, &app);
    tenant.set_application_enabled(&app, false);
    assert!(!tenant.reaches(&app, R1, Level::Events).allowed);
    assert!(tenant.reaches_now(&app, R1, Level::Events).allowed);
    assert_eq!(old.calendar(R1).status(), 200);
    tenant.advance(Duration::from_secs(3599));
    assert!(!tenant.reaches_now(&app, R1, Level::Events).allowed);
}

#[test]
fn a_token_under_evaluation_lives_longer_and_ends_with_its_application() {
    let (tenant, app) = world();
    tenant.freeze_clock();
    tenant.set_evaluated_token_lifetime(Duration::from_secs(86_400));
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    let answer = crate::sign_in(
        &tenant,
        &tenant.id(),
        &[
            ("grant_type", "client_credentials"),
            ("client_id", &app.client_id),
            ("client_secret", app.secret()),
            ("scope", "https://graph.microsoft.com/.default"),
            ("claims", r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#),
        ],
    )
    .json();
    assert_eq!(answer["expires_in"], 86_400);
    let graph = crate::text(&answer["access_token"]);
    let claims = crate::claims(&graph);
    assert_eq!(claims["xms_cc"], json!(["cp1"]));
    assert_eq!(claims["roles"], json!(["Calendars.Read"]));
    assert_eq!((&claims["oid"], &claims["idtyp"]), (&json!(app.object_id), &json!("app")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 86_400);
    assert!(crate::claims(&tenant.graph_token(&app)).get("xms_cc").is_none());
    let session = Session { graph, ..Session::of(&tenant, &app) };
    tenant.revoke(&app, Resource::Graph, "Calendars.Read");
    tenant.advance(Duration::from_secs(80_000));
    assert_eq!(session.calendar(CEO).status(), 200, "revoking a permission does not end it");
    assert!(tenant.reaches_now(&app, CEO, Level::Events).allowed);
    tenant.set_application_enabled(&app, false);
    let refused = session.calendar(CEO);
    assert_eq!(refused.status(), 401);
    assert!(refused.header("WWW-Authenticate").unwrap().contains("insufficient_claims"));
    assert!(!tenant.reaches_now(&app, CEO, Level::Events).allowed);
}

#[test]
fn configuration_that_has_not_propagated_is_not_in_effect() {
    let (tenant, app) = world();
    tenant.freeze_clock();
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    tenant.set_policy_delay(Duration::from_secs(3600));
    restrict(&tenant, &app, G);
    assert!(!tenant.reaches(&app, CEO, Level::Events).allowed);
    assert!(tenant.reaches_now(&app, CEO, Level::Events).allowed);
    calls_agree(&tenant, &app, CEO);
    tenant.advance(Duration::from_secs(3600));
    assert!(!tenant.reaches_now(&app, CEO, Level::Events).allowed);
    calls_agree(&tenant, &app, CEO);
}

#[test]
fn deleting_a_service_principal_takes_its_roles_with_it() {
    let (tenant, app) = world();
    tenant.assign_role(&app, scoped());
    tenant.grant(&app, Resource::Graph, "Application.ReadWrite.All");
    let url = format!("{GRAPH}/v1.0/servicePrincipals/{}", app.object_id);
    let deleted = tenant.handle(&Request::delete(&url).bearer(&tenant.graph_token(&app)));
    assert_eq!(deleted.status(), 204, "{}", deleted.text());
    assert!(tenant.role_assignments(&app).is_empty() && !tenant.has_pointer(&app));
    assert!(!tenant.reaches(&app, R1, Level::Times).allowed);
}

/// A step of setting a tenant up.
type Step = fn(&FakeTenant, &Application);

#[test]
fn calls_follow_the_decision_whatever_is_combined() {
    let grants: [Step; 4] = [
        |_, _| {},
        |tenant, app| tenant.grant(app, Resource::Graph, "Calendars.Read"),
        |tenant, app| tenant.grant(app, Resource::Graph, "Calendars.ReadWrite"),
        |tenant, app| tenant.grant(app, Resource::Graph, "MailboxItem.ReadWrite.All"),
    ];
    let policies: [Step; 4] = [
        |_, _| {},
        |tenant, app| restrict(tenant, app, G),
        |tenant, _| tenant.add_access_policy("*", PolicyRight::Restrict, "only-r4"),
        |tenant, app| tenant.add_access_policy(&app.client_id, PolicyRight::Deny, "only-r1"),
    ];
    let roles: [Step; 4] = [
        |_, _| {},
        |tenant, app| drop(tenant.assign_role(app, scoped())),
        |tenant, app| drop(tenant.assign_role(app, role("Application Calendars.Read").unit("Building 1"))),
        |tenant, app| drop(tenant.assign_role(app, role("Application MailboxItem.Read"))),
    ];
    for combination in 0..64 {
        let (grant, policy, role) = (grants[combination / 16], policies[combination / 4 % 4], roles[combination % 4]);
        let (tenant, app) = world();
        let mut before: Vec<bool> = Vec::new();
        for (at, step) in [policy, role, grant].into_iter().enumerate() {
            step(&tenant, &app);
            let reached: Vec<bool> = [R1, R3, CEO, "r4@contoso.com"]
                .into_iter()
                .flat_map(|mailbox| {
                    [Level::Times, Level::Brief, Level::Events, Level::Write].map(|level| (mailbox, level))
                })
                .map(|(mailbox, level)| tenant.reaches(&app, mailbox, level).allowed)
                .collect();
            for levels in reached.chunks(4) {
                assert!(
                    levels.is_sorted_by(|wider, narrower| *wider || !*narrower),
                    "a level contains those before it"
                );
            }
            // A role or a grant that is added never narrows.
            assert!(at == 0 || reached.iter().zip(&before).all(|(now, before)| *now || !*before));
            before = reached;
        }
        for mailbox in [R1, R3, CEO, "r4@contoso.com"] {
            calls_agree(&tenant, &app, mailbox);
        }
    }
}
