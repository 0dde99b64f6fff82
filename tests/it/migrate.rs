//! Moving from access policies to RBAC and back: never wider, member by member, the old mechanism last.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::collections::BTreeSet;
use std::future::IntoFuture as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use exchange_groups::access::Truth;
use exchange_groups::{
    ErrorKind, Event, Migrate, OtherMembers, Permission, Procedure, ProcedureReport, RestrictedCalendarGroup,
    Restriction, Rooms, Severity, StageState, Stop, Verdict,
};
use exchange_groups_tests::{Contoso, GROUP, OWNER};
use fake_tenant::{FakeTenant, Fault, Level, Matcher, NewGroup, NewMailbox, NewRoleAssignment, PolicyRight, Resource};
use proptest::prelude::*;
use serde_json::json;

const OLD: &str = "old-rooms@contoso.com";
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(29 * 60 * 60);

/// A tenant whose application a policy restricts to a group of its own.
async fn with_policy(members: &[String]) -> Contoso {
    let contoso = Contoso::start().await;
    contoso.tenant.add_group(NewGroup::security(OLD).owner(OWNER).members(members));
    contoso.tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Restrict, OLD);
    contoso
}

/// The same, with a clock that is behind: what is done there is done so long ago.
async fn with_policy_since(members: &[String], ago: Duration) -> Contoso {
    let tenant = FakeTenant::contoso();
    tenant.set_time(SystemTime::now() - ago);
    tenant.add_group(NewGroup::security(OLD).owner(OWNER).members(members));
    let app = tenant.booking_application();
    tenant.add_access_policy(&app.client_id, PolicyRight::Restrict, OLD);
    Contoso::of(tenant).await
}

fn to_role(contoso: &Contoso, rooms: &[String]) -> RestrictedCalendarGroup {
    let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id).owner(OWNER);
    spec.rooms(Rooms::at(rooms.to_vec())).must_not_reach("ceo@contoso.com").build().unwrap()
}

fn reached(contoso: &Contoso) -> BTreeSet<String> {
    let tenant = &contoso.tenant;
    tenant.mailboxes().into_iter().filter(|mailbox| tenant.can_read(&contoso.booking, mailbox)).collect()
}

async fn derive(contoso: &Contoso, migrate: &Migrate) -> Procedure {
    contoso.groups.procedure(migrate.clone()).await.unwrap()
}

fn states(report: &ProcedureReport) -> Vec<(&str, StageState)> {
    report.stages.iter().filter(|stage| !stage.steps.is_empty()).map(|stage| (&*stage.name, stage.state)).collect()
}

fn gate(procedure: &Procedure, stage: &str) -> Truth {
    let stage = procedure.stages.iter().find(|it| it.name == stage).unwrap();
    stage.gate.as_ref().map_or(Truth::Yes, |gate| gate.is_open)
}

/// #4, #9, #20, #21: the whole way, through its gates, with exactly the same mailboxes at every step.
#[tokio::test]
async fn a_policy_becomes_a_role_stage_by_stage_and_the_policy_goes_last() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(5).collect();
    let contoso = with_policy(&rooms).await;
    let meant: BTreeSet<String> = rooms.iter().cloned().collect();
    assert_eq!(reached(&contoso), meant);
    let migrate = Migrate::new(to_role(&contoso, &rooms));
    let first = derive(&contoso, &migrate).await;
    assert!(!first.is_blocked(), "{first}");
    let comparison = first.comparison.as_ref().unwrap();
    assert_eq!((comparison.kept.len(), comparison.gained.len(), comparison.lost.len()), (5, 0, 0), "{first}");
    assert_eq!(gate(&first, "revoke_permission"), Truth::No);
    let report = contoso.groups.carry_out(&first).await.unwrap();
    assert_eq!(
        states(&report),
        [
            ("prepare", StageState::Done),
            ("revoke_permission", StageState::Waiting),
            ("remove_policies", StageState::NotBegun)
        ],
        "{report}"
    );
    assert_eq!(reached(&contoso), meant, "the role adds nobody");

    let early = derive(&contoso, &migrate).await;
    assert_eq!(gate(&early, "revoke_permission"), Truth::No, "a role takes up to two hours: {early}");
    assert_eq!(contoso.groups.carry_out(&early).await.unwrap().changes(), 0);
    assert_eq!(reached(&contoso), meant);

    // The same three hours ago.
    let contoso = with_policy_since(&rooms, 3 * HOUR).await;
    let migrate = Migrate::new(to_role(&contoso, &rooms));
    contoso.groups.carry_out(&derive(&contoso, &migrate).await).await.unwrap();
    contoso.tenant.set_time(SystemTime::now());
    let later = derive(&contoso, &migrate).await;
    assert_eq!(gate(&later, "revoke_permission"), Truth::Yes, "{later}");
    let report = contoso.groups.carry_out(&later).await.unwrap();
    assert_eq!(
        states(&report),
        [("revoke_permission", StageState::Done), ("remove_policies", StageState::Waiting)],
        "{report}"
    );
    assert_eq!(reached(&contoso), meant);
    assert_eq!(contoso.tenant.access_policies(&contoso.booking).len(), 1, "it limits the tokens of before");

    let unknown = derive(&contoso, &migrate).await;
    assert_eq!(gate(&unknown, "remove_policies"), Truth::Unknown, "{unknown}");
    let soon = derive(&contoso, &migrate.clone().revoked_at(SystemTime::now())).await;
    assert_eq!(gate(&soon, "remove_policies"), Truth::No, "{soon}");
    let last = derive(&contoso, &migrate.clone().revoked_at(SystemTime::now() - DAY)).await;
    assert!(contoso.groups.carry_out(&last).await.unwrap().is_complete());
    assert_eq!(reached(&contoso), meant);
    assert!(contoso.tenant.access_policies(&contoso.booking).is_empty());
    assert!(derive(&contoso, &migrate).await.is_done());
    assert_eq!(contoso.prove(&to_role(&contoso, &rooms)).await.verdict, Verdict::Verified);
}

/// #9: a policy counts nested members and a role does not: who would fall out is named before anything is done.
#[tokio::test]
async fn members_of_nested_groups_are_lost_and_that_is_refused_until_it_is_accepted() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(5).collect();
    let contoso = with_policy(&rooms[..3]).await;
    contoso.tenant.add_group(NewGroup::security("inner@contoso.com").owner(OWNER).members(&rooms[3..]));
    contoso.tenant.add_member(OLD, "inner@contoso.com");
    let migrate = Migrate::new(to_role(&contoso, &rooms[..3]));
    let procedure = derive(&contoso, &migrate).await;
    let lost: BTreeSet<String> = procedure
        .comparison
        .as_ref()
        .unwrap()
        .lost
        .iter()
        .filter_map(|it| it.address.as_ref())
        .map(ToString::to_string)
        .collect();
    assert_eq!(lost, rooms[3..].iter().cloned().collect(), "{procedure}");
    assert!(procedure.is_blocked() && procedure.to_string().contains("LOST 2"), "{procedure}");
    assert_eq!(contoso.groups.carry_out(&procedure).await.unwrap_err().kind(), ErrorKind::Blocked);
    let accepted = derive(&contoso, &migrate.accept_lost(true)).await;
    assert!(!accepted.is_blocked(), "{accepted}");
}

#[tokio::test]
async fn a_mailbox_that_the_policies_keep_out_is_not_gained_but_for_the_canary() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(5).collect();
    let contoso = with_policy(&rooms[..3]).await;
    let migrate = Migrate::new(to_role(&contoso, &rooms));
    let procedure = derive(&contoso, &migrate).await;
    assert!(procedure.is_blocked() && procedure.to_string().contains("GAINED 2"), "{procedure}");

    contoso.tenant.add_mailbox(NewMailbox::room("canary@contoso.com"));
    let mut with_canary = rooms[..3].to_vec();
    with_canary.push("canary@contoso.com".into());
    let spec = to_role(&contoso, &with_canary);
    let procedure = derive(&contoso, &Migrate::new(spec).canary("canary@contoso.com".parse().unwrap())).await;
    assert!(!procedure.is_blocked(), "{procedure}");
}

/// What cannot be translated, and what stops to act, is said; it stays.
#[tokio::test]
async fn denials_and_policies_for_every_application_stay_and_an_unscoped_role_is_refused() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(4).collect();
    let contoso = with_policy(&rooms).await;
    contoso.tenant.add_group(NewGroup::security("denied@contoso.com").owner(OWNER).members(&rooms[..1]));
    contoso.tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Deny, "denied@contoso.com");
    contoso.tenant.add_access_policy("*", PolicyRight::Deny, "denied@contoso.com");
    let gained = derive(&contoso, &Migrate::new(to_role(&contoso, &rooms))).await;
    assert!(gained.is_blocked(), "what is denied now would be gained: {gained}");
    let procedure = derive(&contoso, &Migrate::new(to_role(&contoso, &rooms[1..]))).await;
    assert!(!procedure.is_blocked(), "{procedure}");
    let text = procedure.to_string();
    assert!(text.contains("it denies") && text.contains("it does not bind a role"), "{text}");
    assert_eq!(procedure.stages[2].steps.len(), 1, "its own restricting policy alone goes");
    contoso.tenant.assign_role(&contoso.booking, NewRoleAssignment::new("Application Calendars.Read").name("wide"));
    let wide = derive(&contoso, &Migrate::new(to_role(&contoso, &rooms[1..]))).await;
    assert!(wide.blockers().any(|it| it.message.contains("wide")), "{wide}");
}

#[tokio::test]
async fn what_could_not_be_read_blocks_a_migration() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    for cmdlet in ["Get-ApplicationAccessPolicy", "Get-DistributionGroupMember"] {
        let contoso = with_policy(&rooms).await;
        contoso.tenant.fail_next(
            Matcher::cmdlet(cmdlet).times(1_000),
            Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "No."),
        );
        let procedure = derive(&contoso, &Migrate::new(to_role(&contoso, &rooms))).await;
        assert!(procedure.is_blocked(), "{cmdlet}: {procedure}");
    }
}

/// Nothing restricts it: there is no way to see the role act, and that is said.
#[tokio::test]
async fn an_application_without_a_policy_is_told_of_the_outage() {
    let contoso = Contoso::start().await;
    let rooms = contoso.rooms();
    let procedure = derive(&contoso, &Migrate::new(to_role(&contoso, &rooms)).accept_lost(true)).await;
    assert!(procedure.comparison.as_ref().unwrap().is_unrestricted, "{procedure}");
    assert!(procedure.to_string().contains("expect up to two hours"), "{procedure}");
}

#[tokio::test]
async fn a_permission_without_a_role_is_named() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    let contoso = with_policy(&rooms).await;
    contoso.tenant.grant(&contoso.booking, Resource::Exchange, "full_access_as_app");
    let procedure = derive(&contoso, &Migrate::new(to_role(&contoso, &rooms))).await;
    let warned = procedure
        .findings
        .iter()
        .any(|it| it.severity == Severity::Warning && it.message.contains("full_access_as_app"));
    assert!(warned, "{procedure}");
}

/// The other way: the policy first, then the permission, the role last; the permission never without a policy that acts.
#[tokio::test]
async fn a_role_becomes_a_policy_and_the_permission_waits_for_it() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    let meant: BTreeSet<String> = contoso.rooms().into_iter().collect();
    let spec = contoso.policy().build().unwrap();
    let migrate = Migrate::new(spec.clone());
    let report = contoso.groups.carry_out(&derive(&contoso, &migrate).await).await.unwrap();
    assert_eq!(report.stages[0].state, StageState::Done, "{report}");
    assert_eq!(reached(&contoso), meant);
    let waiting = derive(&contoso, &migrate).await;
    assert_eq!(gate(&waiting, "grant_permission"), Truth::No, "{waiting}");
    assert_eq!(contoso.groups.carry_out(&waiting).await.unwrap().changes(), 0);
    let acting = migrate.clone().policy_acts(true);
    let report = contoso.groups.carry_out(&derive(&contoso, &acting).await).await.unwrap();
    assert!(!report.has_failed(), "{report}");
    assert_eq!(reached(&contoso), meant);
    // A token of before the grant lacks the permission, and would read nothing without the role.
    let unknown = derive(&contoso, &acting).await;
    assert_eq!(gate(&unknown, "remove_roles"), Truth::Unknown, "{unknown}");
    let soon = derive(&contoso, &acting.clone().granted_at(SystemTime::now())).await;
    assert_eq!(gate(&soon, "remove_roles"), Truth::No, "{soon}");
    let unseen = derive(&contoso, &migrate.clone().granted_at(SystemTime::now() - DAY)).await;
    assert_eq!(gate(&unseen, "remove_roles"), Truth::Unknown, "nobody saw the policy act: {unseen}");
    let late = derive(&contoso, &acting.granted_at(SystemTime::now() - DAY)).await;
    let report = contoso.groups.carry_out(&late).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert!(contoso.tenant.role_assignments(&contoso.booking).is_empty());
    assert_eq!(reached(&contoso), meant);
    assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Verified);
}

/// What is granted for mail is limited by the same policies, and by nothing else.
#[tokio::test]
async fn policies_stay_while_they_limit_another_permission() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    let contoso = with_policy_since(&rooms, 3 * HOUR).await;
    contoso.tenant.grant(&contoso.booking, Resource::Graph, "Mail.Read");
    let migrate = Migrate::new(to_role(&contoso, &rooms));
    contoso.groups.carry_out(&derive(&contoso, &migrate).await).await.unwrap();
    contoso.tenant.set_time(SystemTime::now());
    contoso.groups.carry_out(&derive(&contoso, &migrate).await).await.unwrap();
    assert!(!contoso.tenant.app_roles(&contoso.booking).iter().any(|role| role.starts_with("Calendars.")));
    let late = migrate.revoked_at(SystemTime::now() - DAY);
    let procedure = derive(&contoso, &late).await;
    assert!(procedure.is_done(), "{procedure}");
    let warned = procedure.findings.iter().find(|it| it.message.contains("Mail.Read")).unwrap();
    assert!(warned.severity == Severity::Warning && warned.advice.danger.is_some(), "{procedure}");
    assert!(procedure.remaining.iter().any(|it| it.why.contains("other permissions")), "{procedure}");
    contoso.groups.carry_out(&procedure).await.unwrap();
    assert_eq!(contoso.tenant.access_policies(&contoso.booking).len(), 1);
    contoso.tenant.revoke_app_role(&contoso.booking, "Mail.Read");
    assert!(contoso.groups.carry_out(&derive(&contoso, &late).await).await.unwrap().is_complete());
    assert!(contoso.tenant.access_policies(&contoso.booking).is_empty());
}

/// Which permissions an application holds is not known while one of them cannot be told.
#[tokio::test]
async fn policies_stay_while_it_is_not_known_what_they_limit() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    let contoso = with_policy_since(&rooms, 3 * HOUR).await;
    let migrate = Migrate::new(to_role(&contoso, &rooms));
    contoso.groups.carry_out(&derive(&contoso, &migrate).await).await.unwrap();
    contoso.tenant.set_time(SystemTime::now());
    contoso.groups.carry_out(&derive(&contoso, &migrate).await).await.unwrap();
    let id = "7d0c3f6e-5b1a-4a83-9a4e-2f6f0f1f2b11";
    let grant =
        json!({ "id": "cannot-be-told", "appRoleId": id, "resourceId": id, "resourceDisplayName": "Somebody's" });
    contoso.tenant.fail_next(
        Matcher::path("appRoleAssignments").method("GET").times(1_000),
        Fault::status(200, json!({ "value": [grant] })),
    );
    let procedure = derive(&contoso, &migrate.revoked_at(SystemTime::now() - DAY)).await;
    assert!(procedure.is_blocked() || gate(&procedure, "remove_policies") == Truth::Unknown, "{procedure}");
    let _ = contoso.groups.carry_out(&procedure).await;
    assert_eq!(contoso.tenant.access_policies(&contoso.booking).len(), 1);
}

/// Members of a group that is there already are reached by the role, named in the spec or not.
#[tokio::test]
async fn an_outsider_that_the_group_keeps_is_gained() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    let contoso = with_policy(&rooms).await;
    let tenant = &contoso.tenant;
    tenant.add_group(NewGroup::security(GROUP).owner(OWNER).members(["lee.braun@contoso.com"]));
    let spec = |others| {
        let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id).owner(OWNER);
        let spec = spec.rooms(Rooms::at(rooms.clone())).must_not_reach("ceo@contoso.com").other_members(others);
        Migrate::new(spec.build().unwrap())
    };
    let kept = derive(&contoso, &spec(OtherMembers::Keep)).await;
    let gained = kept.blockers().find(|it| it.message.contains("lee.braun@contoso.com"));
    assert!(gained.is_some() && kept.to_string().contains("GAINED 1"), "{kept}");
    let removed = derive(&contoso, &spec(OtherMembers::Remove)).await;
    assert!(!removed.is_blocked(), "{removed}");
    contoso.groups.carry_out(&removed).await.unwrap();
    assert_eq!(reached(&contoso), rooms.iter().cloned().collect());
}

/// Exchange's test answers "Not Run", or with no row: neither says that the role is there, nor that it is not.
#[tokio::test]
async fn a_test_without_a_verdict_opens_no_gate() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    let contoso = with_policy_since(&rooms, 3 * HOUR).await;
    let migrate = Migrate::new(to_role(&contoso, &rooms));
    contoso.groups.carry_out(&derive(&contoso, &migrate).await).await.unwrap();
    contoso.tenant.set_time(SystemTime::now());
    let not_run = json!([{ "RoleName": "Application Calendars.ReadWrite", "InScope": "Not Run" }]);
    for rows in [not_run, json!([])] {
        contoso.tenant.fail_next(
            Matcher::cmdlet("Test-ServicePrincipalAuthorization").times(1_000),
            Fault::status(200, json!({ "value": rows })),
        );
        let procedure = derive(&contoso, &migrate).await;
        assert_eq!(gate(&procedure, "revoke_permission"), Truth::Unknown, "{procedure}");
        contoso.tenant.clear_faults();
    }
    assert_eq!(gate(&derive(&contoso, &migrate).await, "revoke_permission"), Truth::Yes);
}

/// A role that lets everything through would pass every test of members.
#[tokio::test]
async fn without_a_mailbox_that_must_be_refused_the_role_is_not_shown() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    let contoso = with_policy_since(&rooms, 3 * HOUR).await;
    let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id).owner(OWNER);
    let migrate = Migrate::new(spec.rooms(Rooms::at(rooms.clone())).build().unwrap());
    contoso.groups.carry_out(&derive(&contoso, &migrate).await).await.unwrap();
    contoso.tenant.set_time(SystemTime::now());
    let procedure = derive(&contoso, &migrate).await;
    assert_eq!(gate(&procedure, "revoke_permission"), Truth::Unknown, "{procedure}");
    assert!(procedure.to_string().contains("must_not_reach"), "{procedure}");
}

/// The application's own read of the canary is what shows the role.
#[tokio::test]
async fn a_canary_is_read_and_one_that_a_policy_lets_through_is_refused() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    let contoso = with_policy_since(&rooms, 3 * HOUR).await;
    contoso.tenant.add_mailbox(NewMailbox::room("canary@contoso.com"));
    let mut with_canary = rooms.clone();
    with_canary.push("canary@contoso.com".into());
    let migrate = Migrate::new(to_role(&contoso, &with_canary)).canary("canary@contoso.com".parse().unwrap());
    contoso.groups.carry_out(&derive(&contoso, &migrate).await).await.unwrap();
    contoso.tenant.set_time(SystemTime::now());
    let seen = derive(&contoso, &migrate).await;
    assert_eq!(gate(&seen, "revoke_permission"), Truth::Yes, "{seen}");
    assert!(seen.to_string().contains("reads the canary"), "{seen}");
    let refusal = json!({ "error": { "code": "ErrorAccessDenied",
        "message": "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings." } });
    for (status, body, gate_is) in
        [(403, refusal, Truth::No), (503, json!({ "error": { "code": "ServiceUnavailable" } }), Truth::Unknown)]
    {
        contoso.tenant.fail_next(Matcher::path("calendarView").times(100), Fault::status(status, body));
        let procedure = derive(&contoso, &migrate).await;
        assert_eq!(gate(&procedure, "revoke_permission"), gate_is, "{procedure}");
        contoso.tenant.clear_faults();
    }
    let through = derive(&contoso, &Migrate::new(to_role(&contoso, &rooms)).canary(rooms[0].parse().unwrap())).await;
    assert!(through.blockers().any(|it| it.message.contains("shows nothing")), "{through}");
}

/// What no role takes the place of is never revoked.
#[tokio::test]
async fn a_calendar_permission_without_a_role_stops_the_migration_before_anything_is_done() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    for (resource, role) in
        [(Resource::Graph, "Calendars.ReadBasic.All"), (Resource::Exchange, "Calendars.ReadWrite.All")]
    {
        let contoso = with_policy(&rooms).await;
        contoso.tenant.grant(&contoso.booking, resource, role);
        contoso.tenant.clear_requests();
        let procedure = derive(&contoso, &Migrate::new(to_role(&contoso, &rooms))).await;
        assert!(procedure.blockers().any(|it| it.message.contains(role)), "{procedure}");
        assert_eq!(contoso.groups.carry_out(&procedure).await.unwrap_err().kind(), ErrorKind::Blocked);
        assert_eq!(contoso.tenant.write_count(), 0);
    }
}

/// "All but these" cannot be said by a role.
#[tokio::test]
async fn denials_alone_are_no_restriction_that_a_role_could_replace() {
    let contoso = Contoso::start().await;
    let rooms: Vec<String> = contoso.rooms().into_iter().take(3).collect();
    contoso.tenant.add_group(NewGroup::security("denied@contoso.com").owner(OWNER).members(["ceo@contoso.com"]));
    contoso.tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Deny, "denied@contoso.com");
    let procedure = derive(&contoso, &Migrate::new(to_role(&contoso, &rooms)).accept_lost(true)).await;
    assert!(procedure.blockers().any(|it| it.message.contains("every mailbox but")), "{procedure}");
}

/// Reading beside writing: neither is gained nor lost in silence.
#[tokio::test]
async fn writing_is_not_gained_and_its_loss_is_said() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    let contoso = with_policy(&rooms).await;
    let spec = |permission| {
        let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id).owner(OWNER);
        let spec = spec.rooms(Rooms::at(rooms.clone())).must_not_reach("ceo@contoso.com").permission(permission);
        Migrate::new(spec.build().unwrap())
    };
    let reads = derive(&contoso, &spec(Permission::Read)).await;
    assert!(!reads.is_blocked() && reads.to_string().contains("The role only reads"), "{reads}");
    contoso.tenant.revoke_app_role(&contoso.booking, "Calendars.ReadWrite");
    contoso.tenant.grant(&contoso.booking, Resource::Graph, "Calendars.Read");
    let writes = derive(&contoso, &spec(Permission::ReadWrite)).await;
    assert!(writes.is_blocked() && writes.to_string().contains("GAINED 3"), "{writes}");
    let reads = derive(&contoso, &spec(Permission::Read)).await;
    assert!(!reads.is_blocked(), "{reads}");
}

/// On the way back whatever else a policy lets through would be gained: policies add up.
#[tokio::test]
async fn the_way_back_is_blocked_where_other_policies_or_nested_members_would_be_gained() {
    for case in ["another group", "one mailbox", "a nested group", "nothing"] {
        let contoso = Contoso::start().await;
        contoso.provision(&contoso.rbac().other_members(OtherMembers::Keep).build().unwrap()).await;
        let tenant = &contoso.tenant;
        tenant.add_group(NewGroup::security("other@contoso.com").owner(OWNER).members(["lee.braun@contoso.com"]));
        match case {
            "another group" => {
                tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Restrict, "other@contoso.com");
            }
            "one mailbox" => {
                tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Restrict, "lee.braun@contoso.com");
            }
            "a nested group" => tenant.add_member(GROUP, "other@contoso.com"),
            _ => {}
        }
        let spec = contoso.policy().other_members(OtherMembers::Keep).build().unwrap();
        let procedure = derive(&contoso, &Migrate::new(spec).policy_acts(true)).await;
        assert_eq!(procedure.is_blocked(), case != "nothing", "{case}: {procedure}");
        if case != "nothing" {
            assert!(procedure.blockers().any(|it| it.message.contains("lee.braun")), "{case}: {procedure}");
        }
    }
}

/// Somebody changes the tenant between the procedure and its first stage: only what was approved is done.
#[tokio::test]
async fn a_stage_does_nothing_that_the_procedure_does_not_say() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    let contoso = with_policy(&rooms).await;
    contoso.tenant.add_group(NewGroup::security(GROUP).owner(OWNER).members(&rooms[..1]));
    let procedure = derive(&contoso, &Migrate::new(to_role(&contoso, &rooms))).await;
    assert!(!procedure.is_blocked(), "{procedure}");
    contoso.tenant.clear_requests();
    derive(&contoso, &Migrate::new(to_role(&contoso, &rooms))).await;
    let derived = contoso.tenant.request_count();
    contoso.tenant.clear_requests();
    contoso.tenant.fail_next(Matcher::any().after(derived), Fault::Delay(Duration::from_millis(400)));
    let run = tokio::spawn(contoso.groups.carry_out(&procedure).into_future());
    while contoso.tenant.request_count() < derived {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    contoso.tenant.add_member(GROUP, "lee.braun@contoso.com");
    let error = run.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), contoso.tenant.write_count()), (ErrorKind::Stale, 0), "{error}");
}

/// A write fails in each stage: nobody is reached that was not, it is said, and the next run goes on.
#[tokio::test]
async fn a_failed_write_in_any_stage_is_reported_and_the_next_run_goes_on() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    let meant: BTreeSet<String> = rooms.iter().cloned().collect();
    let refusal = || Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "No.");
    let writes = [
        Matcher::cmdlet("New-DistributionGroup"),
        Matcher::cmdlet("New-ServicePrincipal"),
        Matcher::cmdlet("New-ManagementRoleAssignment"),
        Matcher::path("appRoleAssignments").method("DELETE"),
        Matcher::cmdlet("Remove-ApplicationAccessPolicy"),
    ];
    for write in writes {
        let contoso = with_policy_since(&rooms, 3 * HOUR).await;
        let fault = if format!("{write:?}").contains("DELETE") {
            Fault::status(403, json!({ "error": { "code": "Authorization_RequestDenied", "message": "No." } }))
        } else {
            refusal()
        };
        contoso.tenant.fail_next(write.clone(), fault);
        let migrate = Migrate::new(to_role(&contoso, &rooms));
        let mut failed = 0;
        for (is_later, revoked_at) in
            [(false, None), (false, None), (true, None), (true, None), (true, Some(DAY)), (true, Some(DAY))]
        {
            if is_later {
                contoso.tenant.set_time(SystemTime::now());
            }
            let migrate =
                revoked_at.into_iter().fold(migrate.clone(), |it, ago| it.revoked_at(SystemTime::now() - ago));
            let report = contoso.groups.carry_out(&derive(&contoso, &migrate).await).await.unwrap();
            failed += usize::from(report.has_failed());
            assert_eq!(reached(&contoso), meant, "{write:?}: {report}");
        }
        assert_eq!(failed, 1, "{write:?}");
        assert!(contoso.tenant.access_policies(&contoso.booking).is_empty(), "{write:?}");
        assert_eq!(contoso.prove(&to_role(&contoso, &rooms)).await.verdict, Verdict::Verified, "{write:?}");
    }
}

/// Stopped before any of its requests, a run leaves everybody as they were, also by a token of before; the next one goes on.
#[tokio::test]
async fn a_migration_that_is_stopped_anywhere_widens_nothing_and_is_taken_up_again() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(2).collect();
    let meant: BTreeSet<String> = rooms.iter().cloned().collect();
    let mut at = 0;
    loop {
        at += 1;
        let contoso = with_policy_since(&rooms, 3 * HOUR).await;
        let _old = contoso.tenant.graph_token(&contoso.booking);
        let migrate = Migrate::new(to_role(&contoso, &rooms));
        let (stop, mut seen) = (Stop::new(), 0);
        let procedure = derive(&contoso, &migrate).await;
        let handle = stop.clone();
        let report = contoso.groups.carry_out(&procedure).stopped_by(&stop).on_event(move |event| {
            seen += 1;
            if seen == at && !matches!(event, Event::Stopped) {
                handle.stop();
            }
        });
        let report = report.await.unwrap();
        let now = |contoso: &Contoso| -> BTreeSet<String> {
            let (tenant, app) = (&contoso.tenant, &contoso.booking);
            let reached = |mailbox: &String| tenant.reaches_now(app, mailbox, Level::Events).allowed;
            tenant.mailboxes().into_iter().filter(reached).collect()
        };
        assert_eq!(now(&contoso), meant, "stopped at {at}: {report}");
        for (is_later, revoked_at) in [(false, None), (true, None), (true, Some(DAY))] {
            if is_later {
                contoso.tenant.set_time(SystemTime::now());
            }
            let migrate =
                revoked_at.into_iter().fold(migrate.clone(), |it, ago| it.revoked_at(SystemTime::now() - ago));
            contoso.groups.carry_out(&derive(&contoso, &migrate).await).await.unwrap();
            assert_eq!(reached(&contoso), meant, "stopped at {at}");
        }
        assert!(contoso.tenant.access_policies(&contoso.booking).is_empty(), "stopped at {at}");
        if !stop.is_stopped() {
            break;
        }
    }
    assert!(at > 5, "{at} events");
}

/// What an administrator reads before anything is done.
#[tokio::test]
async fn the_printed_procedure() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    let contoso = with_policy(&rooms).await;
    contoso.tenant.grant(&contoso.booking, Resource::Graph, "Mail.Read");
    let procedure = derive(&contoso, &Migrate::new(to_role(&contoso, &rooms))).await;
    insta::assert_snapshot!("a_migration_to_a_role", procedure.to_string());
}

#[tokio::test]
async fn a_migration_survives_a_round_trip_as_json() {
    let rooms: Vec<String> = FakeTenant::contoso().rooms().into_iter().take(3).collect();
    let contoso = with_policy(&rooms).await;
    let procedure = derive(&contoso, &Migrate::new(to_role(&contoso, &rooms))).await;
    let stored: Procedure = serde_json::from_str(&serde_json::to_string(&procedure).unwrap()).unwrap();
    assert_eq!((&stored, stored.digest()), (&procedure, procedure.digest()));
    assert!(procedure.powershell("prepare").is_some() && procedure.powershell("nothing").is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    /// A procedure that is not blocked keeps exactly the intended mailboxes at every step, with the policies, beside them,
    /// and without them; also by the oldest token that lives. Blocked are those that would change who is reached.
    #[test]
    fn a_migration_keeps_exactly_the_intended_set_at_every_step(
        groups in prop::collection::vec(0..32_u8, 1..4),
        denied in prop::option::of(0..32_u8),
        everybody in prop::option::of((any::<bool>(), 0..32_u8)),
        existing in prop::option::of(0..32_u8),
        nested in prop::option::weighted(0.3, 1..32_u8),
        keep in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let tenant = FakeTenant::builder().people(3).build();
            // The first run is three hours ago.
            tenant.set_time(SystemTime::now() - 3 * HOUR);
            let rooms: Vec<String> = (0..5).map(|number| format!("room-{number}@contoso.com")).collect();
            for room in &rooms {
                tenant.add_room(room);
            }
            let of = |bits: u8| rooms.iter().enumerate().filter(move |(at, _)| bits & (1 << at) != 0).map(|(_, it)| it);
            let app = tenant.booking_application();
            let owner = "person-00001@contoso.com";
            let group = |address: &str, bits: u8| {
                tenant.add_group(NewGroup::security(address).owner(owner).members(of(bits)));
            };
            for (at, bits) in groups.iter().enumerate() {
                let address = format!("group-{at}@contoso.com");
                group(&address, *bits);
                tenant.add_access_policy(&app.client_id, PolicyRight::Restrict, &address);
            }
            if let Some(bits) = denied {
                group("denied@contoso.com", bits);
                tenant.add_access_policy(&app.client_id, PolicyRight::Deny, "denied@contoso.com");
            }
            if let Some((denies, bits)) = everybody {
                group("everybody@contoso.com", bits);
                let right = if denies { PolicyRight::Deny } else { PolicyRight::Restrict };
                tenant.add_access_policy("*", right, "everybody@contoso.com");
            }
            if let Some(bits) = nested {
                group("inner@contoso.com", bits);
                tenant.add_member("group-0@contoso.com", "inner@contoso.com");
            }
            if let Some(bits) = existing {
                group(GROUP, bits);
            }
            let contoso = Contoso::of(tenant).await;
            let meant = reached(&contoso);
            if meant.is_empty() {
                return Ok(());
            }
            let _old = contoso.tenant.graph_token(&contoso.booking);
            let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id)
                .owner(owner)
                .rooms(Rooms::at(meant.clone()))
                .restriction(Restriction::Rbac)
                .allow_large_removal(true)
                .other_members(if keep { OtherMembers::Keep } else { OtherMembers::Remove })
                .must_not_reach("person-00002@contoso.com")
                .build()
                .unwrap();
            let other = Arc::new(Mutex::new(Vec::new()));
            let outsiders = existing.is_some_and(|bits| of(bits).any(|room| !meant.contains(room)));
            for (is_later, revoked_at) in [(false, None), (true, None), (true, Some(SystemTime::now() - DAY))] {
                if is_later {
                    contoso.tenant.set_time(SystemTime::now());
                }
                let migrate = Migrate::new(spec.clone());
                let migrate = revoked_at.into_iter().fold(migrate, Migrate::revoked_at);
                let procedure = contoso.groups.procedure(migrate).await.unwrap();
                if (keep && outsiders) || nested.is_some() {
                    // Outsiders would be gained. Of members of nested groups it is not known whether they are reached.
                    prop_assert!(!(keep && outsiders) || procedure.is_blocked(), "{}", procedure);
                    if procedure.is_blocked() {
                        prop_assert_eq!(contoso.tenant.write_count(), 0);
                        return Ok(());
                    }
                }
                prop_assert!(!procedure.is_blocked(), "{}", procedure);
                let (fake, app, meant, found) =
                    (contoso.tenant.clone(), contoso.booking.clone(), meant.clone(), Arc::clone(&other));
                let report = contoso.groups.carry_out(&procedure).on_event(move |event| {
                    if let Event::Step { change, .. } = event {
                        let now: BTreeSet<String> =
                            fake.mailboxes().into_iter().filter(|it| fake.can_read(&app, it)).collect();
                        let by_any_token = |it: &String| fake.reaches_now(&app, it, Level::Write).allowed;
                        let ever: BTreeSet<String> = fake.mailboxes().into_iter().filter(by_any_token).collect();
                        if now != meant || ever != meant {
                            found.lock().unwrap().push(format!("{change}: {now:?} {ever:?}"));
                        }
                    }
                });
                let report = report.await.unwrap();
                prop_assert!(!report.has_failed(), "{}", report);
            }
            prop_assert!(other.lock().unwrap().is_empty(), "{:?}", other);
            prop_assert_eq!(reached(&contoso), meant);
            let restricting = contoso.tenant.access_policies(&contoso.booking).into_iter().filter(|it| !it.denies);
            let own = restricting.filter(|it| it.scope != "everybody@contoso.com").count();
            prop_assert_eq!(own, 0);
            Ok(())
        })?;
    }
}
