//! Moving from access policies to RBAC and back: never wider, member by member, the old mechanism last.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use exchange_groups::access::Truth;
use exchange_groups::{
    ErrorKind, Event, Migrate, OtherMembers, Procedure, ProcedureReport, RestrictedCalendarGroup, Restriction, Rooms,
    Severity, StageState, Verdict,
};
use exchange_groups_tests::{Contoso, GROUP, OWNER};
use fake_tenant::{FakeTenant, Fault, Matcher, NewGroup, NewMailbox, NewRoleAssignment, PolicyRight, Resource};
use proptest::prelude::*;

const OLD: &str = "old-rooms@contoso.com";
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
    let contoso = with_policy_since(&rooms, Duration::from_secs(3 * 3_600)).await;
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
    let report = contoso.groups.carry_out(&derive(&contoso, &acting).await).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert!(contoso.tenant.role_assignments(&contoso.booking).is_empty());
    assert_eq!(reached(&contoso), meant);
    assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Verified);
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
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    /// At every step exactly the intended mailboxes are reached, with the policies, beside them, and without them.
    #[test]
    fn a_migration_keeps_exactly_the_intended_set_at_every_step(
        groups in prop::collection::vec(1..32_u8, 1..4),
        denied in prop::option::of(0..32_u8),
        keep in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let tenant = FakeTenant::builder().people(3).build();
            // The first run is three hours ago.
            tenant.set_time(SystemTime::now() - Duration::from_secs(3 * 3_600));
            let rooms: Vec<String> = (0..5).map(|number| format!("room-{number}@contoso.com")).collect();
            for room in &rooms {
                tenant.add_room(room);
            }
            let of = |bits: u8| rooms.iter().enumerate().filter(move |(at, _)| bits & (1 << at) != 0).map(|(_, it)| it);
            let app = tenant.booking_application();
            let owner = "person-00001@contoso.com";
            for (at, bits) in groups.iter().enumerate() {
                let address = format!("group-{at}@contoso.com");
                tenant.add_group(NewGroup::security(&address).owner(owner).members(of(*bits)));
                tenant.add_access_policy(&app.client_id, PolicyRight::Restrict, &address);
            }
            if let Some(bits) = denied {
                tenant.add_group(NewGroup::security("denied@contoso.com").owner(owner).members(of(bits)));
                tenant.add_access_policy(&app.client_id, PolicyRight::Deny, "denied@contoso.com");
            }
            let contoso = Contoso::of(tenant).await;
            let meant = reached(&contoso);
            if meant.is_empty() {
                return Ok(());
            }
            let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id)
                .owner(owner)
                .rooms(Rooms::at(meant.clone()))
                .restriction(Restriction::Rbac)
                .other_members(if keep { OtherMembers::Keep } else { OtherMembers::Remove })
                .must_not_reach("person-00002@contoso.com")
                .build()
                .unwrap();
            let other = Arc::new(Mutex::new(Vec::new()));
            for (is_later, revoked_at) in [(false, None), (true, None), (true, Some(SystemTime::now() - DAY))] {
                if is_later {
                    contoso.tenant.set_time(SystemTime::now());
                }
                let migrate = Migrate::new(spec.clone());
                let migrate = revoked_at.into_iter().fold(migrate, Migrate::revoked_at);
                let procedure = contoso.groups.procedure(migrate).await.unwrap();
                prop_assert!(!procedure.is_blocked(), "{}", procedure);
                let (fake, app, meant, found) =
                    (contoso.tenant.clone(), contoso.booking.clone(), meant.clone(), Arc::clone(&other));
                let report = contoso.groups.carry_out(&procedure).on_event(move |event| {
                    if let Event::Step { change, .. } = event {
                        let now: BTreeSet<String> =
                            fake.mailboxes().into_iter().filter(|it| fake.can_read(&app, it)).collect();
                        if now != meant {
                            found.lock().unwrap().push(format!("{change}: {now:?}"));
                        }
                    }
                });
                let report = report.await.unwrap();
                prop_assert!(!report.has_failed(), "{}", report);
            }
            prop_assert!(other.lock().unwrap().is_empty(), "{:?}", other);
            prop_assert_eq!(reached(&contoso), meant);
            let restricting = contoso.tenant.access_policies(&contoso.booking).into_iter().filter(|it| !it.denies).count();
            prop_assert_eq!(restricting, 0);
            Ok(())
        })?;
    }
}
