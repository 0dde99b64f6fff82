//! Retiring a group: the application loses its access first, and what limits it goes last.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use exchange_groups::access::Truth;
use exchange_groups::{Change, ErrorKind, Event, FindingKind, Procedure, ProcedureReport, Retire, StageState};
use exchange_groups_tests::{Contoso, GROUP, OWNER, quick_wait};
use fake_tenant::{Fault, Matcher, NewGroup, NewRoleAssignment, PolicyRight, Resource, When};
use proptest::prelude::*;

async fn derive(contoso: &Contoso, retire: &Retire) -> Procedure {
    contoso.groups.procedure(retire.clone()).await.unwrap()
}

fn commands(procedure: &Procedure) -> Vec<&'static str> {
    procedure.steps().map(|step| step.change.cmdlet().unwrap_or("Graph")).collect()
}

fn states(report: &ProcedureReport) -> Vec<(&str, StageState)> {
    report.stages.iter().filter(|stage| !stage.steps.is_empty()).map(|stage| (&*stage.name, stage.state)).collect()
}

fn reached(contoso: &Contoso) -> BTreeSet<String> {
    let tenant = &contoso.tenant;
    tenant.mailboxes().into_iter().filter(|mailbox| tenant.can_read(&contoso.booking, mailbox)).collect()
}

/// Long enough ago for every token of then to have expired.
fn long_ago() -> SystemTime {
    SystemTime::now() - Duration::from_secs(29 * 60 * 60)
}

#[tokio::test]
async fn a_restriction_by_rbac_is_retired_and_the_group_stays_unless_asked_for() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let retire = Retire::new(spec.clone());
    contoso.tenant.clear_requests();
    let procedure = derive(&contoso, &retire).await;
    assert_eq!(contoso.tenant.write_count(), 0, "the dry run only reads");
    assert_eq!(commands(&procedure), ["Remove-ManagementRoleAssignment", "Remove-ServicePrincipal"], "{procedure}");
    assert!(procedure.remaining.iter().any(|it| it.what.contains(GROUP)), "{procedure}");
    let report = contoso.groups.carry_out(&procedure).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(reached(&contoso), BTreeSet::new());
    assert!(!contoso.tenant.has_pointer(&contoso.booking) && contoso.tenant.group(GROUP).is_some());
    let again = derive(&contoso, &retire).await;
    assert!(again.is_done(), "{again}");

    let all = derive(&contoso, &retire.remove_group(true)).await;
    assert_eq!(commands(&all), ["Remove-DistributionGroup"], "{all}");
    assert!(contoso.groups.carry_out(&all).await.unwrap().is_complete());
    assert_eq!(contoso.tenant.group(GROUP), None);
}

/// The policy is all that limits a token that is out: it goes a token's life after the permission.
#[tokio::test]
async fn a_policy_outlives_the_permission_by_the_life_of_a_token() {
    let contoso = Contoso::start().await;
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    let retire = Retire::new(spec);
    let procedure = derive(&contoso, &retire).await;
    assert_eq!(commands(&procedure), ["Graph", "Remove-ApplicationAccessPolicy"], "{procedure}");
    let token = contoso.tenant.graph_token(&contoso.booking);
    assert!(token.contains('.'), "a token of before, which carries the permission");
    let report = contoso.groups.carry_out(&procedure).await.unwrap();
    assert_eq!(
        states(&report),
        [("revoke_permission", StageState::Done), ("remove_policies", StageState::Waiting)],
        "{report}"
    );
    assert_eq!(contoso.tenant.access_policies(&contoso.booking).len(), 1, "it still limits the token");

    // Nobody said when the permission was revoked.
    let unknown = derive(&contoso, &retire).await;
    let gate = |procedure: &Procedure| {
        let stage = procedure.stages.iter().find(|stage| stage.name == "remove_policies").unwrap();
        stage.gate.clone().unwrap()
    };
    assert_eq!(gate(&unknown).is_open, Truth::Unknown, "{unknown}");
    assert!(!contoso.groups.carry_out(&unknown).await.unwrap().is_complete());
    // An hour is not enough for a token with continuous access evaluation.
    let soon = retire.clone().revoked_at(SystemTime::now() - Duration::from_secs(3_600));
    let soon = derive(&contoso, &soon).await;
    assert!(gate(&soon).is_open == Truth::No && gate(&soon).not_before.is_some(), "{soon}");
    assert_eq!(contoso.groups.carry_out(&soon).await.unwrap().changes(), 0);
    let late = derive(&contoso, &retire.revoked_at(long_ago())).await;
    assert!(contoso.groups.carry_out(&late).await.unwrap().is_complete());
    assert!(contoso.tenant.access_policies(&contoso.booking).is_empty());
    assert_eq!(reached(&contoso), BTreeSet::new());
}

/// The time of a revocation that was not made would open the gate right after the one that is made.
#[tokio::test]
async fn a_time_of_revocation_is_refused_while_the_permission_is_held() {
    let contoso = Contoso::start().await;
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    let procedure = derive(&contoso, &Retire::new(spec).revoked_at(long_ago())).await;
    assert!(procedure.blockers().any(|it| it.message.contains("revoked_at")), "{procedure}");
    let error = contoso.groups.carry_out(&procedure).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Blocked, "{error}");
}

#[tokio::test]
async fn what_another_application_or_group_needs_is_left_alone() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let tenant = &contoso.tenant;
    let panels = tenant.add_application("Panels", "secret");
    tenant.assign_role(&panels, NewRoleAssignment::new("Application Calendars.Read").name("panels").group(GROUP));
    tenant.add_group(NewGroup::security("second@contoso.com").owner(OWNER).members(["reception@contoso.com"]));
    let by_hand = NewRoleAssignment::new("Application Mail.Read").name("mail").group("second@contoso.com");
    tenant.assign_role(&contoso.booking, by_hand);
    tenant.add_access_policy("*", PolicyRight::Deny, "second@contoso.com");
    tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Deny, "second@contoso.com");
    let retire = Retire::new(spec).remove_group(true).revoked_at(long_ago());
    let procedure = derive(&contoso, &retire).await;
    assert_eq!(commands(&procedure), ["Remove-ManagementRoleAssignment"], "{procedure}");
    let text = procedure.to_string();
    for stays in
        ["other applications are restricted to it", "it was not made for this group", "1 other role assignment need"]
    {
        assert!(text.contains(stays), "{stays}\n{text}");
    }
    assert!(text.contains("it is not about this application alone") && text.contains("it denies"), "{text}");
    assert!(contoso.groups.carry_out(&procedure).await.unwrap().is_complete());
    assert_eq!(tenant.role_assignments(&panels).len(), 1);
    assert_eq!(tenant.role_assignments(&contoso.booking).len(), 1, "the one for mail");
    assert!(tenant.has_pointer(&contoso.booking) && tenant.group(GROUP).is_some());
    assert_eq!(tenant.access_policies(&contoso.booking).len(), 2, "its own, and the one for everybody");
}

/// An unscoped role that somebody assigned by hand: the application still reads everything, and that is said.
#[tokio::test]
async fn an_access_path_that_is_kept_is_said() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let wide = NewRoleAssignment::new("Application Calendars.Read").name("by hand");
    contoso.tenant.assign_role(&contoso.booking, wide);
    let procedure = derive(&contoso, &Retire::new(spec)).await;
    let finding = procedure.findings.iter().find(|finding| finding.kind == FindingKind::OtherRole);
    assert!(finding.is_some_and(|finding| finding.message.contains("by hand")), "{procedure}");
}

/// What is granted for mail is limited by the same policy, and by nothing else.
#[tokio::test]
async fn a_policy_stays_while_it_limits_another_permission() {
    let contoso = Contoso::start().await;
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.grant(&contoso.booking, Resource::Graph, "Mail.Read");
    let retire = Retire::new(spec);
    let procedure = derive(&contoso, &retire).await;
    assert_eq!(commands(&procedure), ["Graph"], "{procedure}");
    let warned = procedure.findings.iter().find(|it| it.message.contains("Mail.Read")).unwrap();
    assert!(warned.advice.danger.is_some(), "{procedure}");
    contoso.groups.carry_out(&procedure).await.unwrap();
    let retire = retire.revoked_at(long_ago());
    let stays = derive(&contoso, &retire).await;
    assert!(stays.is_done(), "{stays}");
    assert_eq!(contoso.tenant.access_policies(&contoso.booking).len(), 1);
    contoso.tenant.revoke_app_role(&contoso.booking, "Mail.Read");
    assert!(contoso.groups.carry_out(&derive(&contoso, &retire).await).await.unwrap().is_complete());
    assert!(contoso.tenant.access_policies(&contoso.booking).is_empty());
}

#[tokio::test]
async fn a_policy_stays_while_it_is_not_known_which_permissions_are_held() {
    let contoso = Contoso::start().await;
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    let retire = Retire::new(spec).revoked_at(long_ago());
    contoso.tenant.revoke_app_role(&contoso.booking, "Calendars.ReadWrite");
    let id = "7d0c3f6e-5b1a-4a83-9a4e-2f6f0f1f2b11";
    let grant = serde_json::json!({ "id": "cannot-be-told", "appRoleId": id, "resourceId": id });
    contoso.tenant.fail_next(
        Matcher::path("appRoleAssignments").method("GET").times(1_000),
        Fault::status(200, serde_json::json!({ "value": [grant] })),
    );
    let procedure = derive(&contoso, &retire).await;
    let stage = procedure.stages.iter().find(|stage| stage.name == "remove_policies").unwrap();
    let gate = stage.gate.as_ref().map(|gate| gate.is_open);
    assert!(procedure.is_blocked() || gate == Some(Truth::Unknown), "{procedure}");
    let _ = contoso.groups.carry_out(&procedure).await;
    assert_eq!(contoso.tenant.access_policies(&contoso.booking).len(), 1);
}

/// Without its group a denial denies nobody.
#[tokio::test]
async fn a_group_stays_while_a_policy_that_stays_is_over_it_or_over_a_group_around_it() {
    for case in ["denied", "denied for everybody", "inside a denied group", "nothing"] {
        let contoso = Contoso::start().await;
        let spec = contoso.rbac().build().unwrap();
        contoso.provision(&spec).await;
        let tenant = &contoso.tenant;
        match case {
            "denied" => {
                tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Deny, GROUP);
            }
            "denied for everybody" => {
                tenant.add_access_policy("*", PolicyRight::Deny, GROUP);
            }
            "inside a denied group" => {
                tenant.add_group(NewGroup::security("around@contoso.com").owner(OWNER));
                tenant.add_member("around@contoso.com", GROUP);
                tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Deny, "around@contoso.com");
            }
            _ => {}
        }
        let procedure = derive(&contoso, &Retire::new(spec).remove_group(true).revoked_at(long_ago())).await;
        let removes = commands(&procedure).contains(&"Remove-DistributionGroup");
        assert_eq!(removes, case == "nothing", "{case}: {procedure}");
    }
}

/// One application, two groups: the other one keeps its access.
#[tokio::test]
async fn the_permission_stays_where_another_group_needs_it() {
    let contoso = Contoso::start().await;
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.add_group(NewGroup::security("second@contoso.com").owner(OWNER).members(["reception@contoso.com"]));
    contoso.tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Restrict, "second@contoso.com");
    let procedure = derive(&contoso, &Retire::new(spec.clone())).await;
    assert_eq!(commands(&procedure), ["Remove-ApplicationAccessPolicy"], "{procedure}");
    assert!(contoso.groups.carry_out(&procedure).await.unwrap().is_complete());
    assert_eq!(reached(&contoso), BTreeSet::from(["reception@contoso.com".to_owned()]));
    let emergency = derive(&contoso, &Retire::new(spec).emergency(true)).await;
    assert!(emergency.steps().any(|step| matches!(step.change, Change::RevokePermission(_))), "{emergency}");
}

#[tokio::test]
async fn a_group_with_members_of_others_stays() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.add_member(GROUP, "lee.braun@contoso.com");
    let procedure = derive(&contoso, &Retire::new(spec).remove_group(true)).await;
    assert!(!commands(&procedure).contains(&"Remove-DistributionGroup"), "{procedure}");
    assert!(procedure.to_string().contains("lee.braun@contoso.com"), "{procedure}");
}

#[tokio::test]
async fn what_could_not_be_read_blocks_a_retirement() {
    for cmdlet in ["Get-ApplicationAccessPolicy", "Get-ServicePrincipal", "Get-ManagementRoleAssignment"] {
        let contoso = Contoso::start().await;
        let spec = contoso.rbac().build().unwrap();
        contoso.provision(&spec).await;
        contoso.tenant.clear_requests();
        contoso.tenant.fail_next(
            Matcher::cmdlet(cmdlet).times(1_000),
            Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "No."),
        );
        let procedure = derive(&contoso, &Retire::new(spec)).await;
        assert!(procedure.is_blocked(), "{cmdlet}: {procedure}");
        let error = contoso.groups.carry_out(&procedure).await.unwrap_err();
        assert_eq!((error.kind(), contoso.tenant.write_count()), (ErrorKind::Blocked, 0), "{cmdlet}: {error}");
    }
}

#[tokio::test]
async fn in_an_emergency_sign_in_is_disabled_first_and_the_policy_stays() {
    let contoso = Contoso::start().await;
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    let procedure = derive(&contoso, &Retire::new(spec).emergency(true)).await;
    assert!(matches!(procedure.steps().next().unwrap().change, Change::DisableSignIn(_)), "{procedure}");
    let report = contoso.groups.carry_out(&procedure).await.unwrap();
    assert!(report.has_failed(), "the administrator may not do that: {report}");
    assert!(!contoso.tenant.app_roles(&contoso.booking).contains(&"Calendars.ReadWrite".to_owned()), "and revokes it");
    contoso.tenant.grant_app_role(contoso.tenant.administrator(), "Application.ReadWrite.All");
    let groups = exchange_groups::ExchangeGroups::new(contoso.new_client()).wait(quick_wait());
    let report = groups.carry_out(&procedure).await.unwrap();
    assert!(!report.has_failed(), "{report}");
    assert!(
        contoso.client_as(&contoso.booking).token_claims(exchange_groups::graph_client::Service::Graph).await.is_err()
    );
    assert_eq!(contoso.tenant.access_policies(&contoso.booking).len(), 1);
}

#[tokio::test]
async fn a_procedure_of_before_is_refused_when_there_is_more_to_remove() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let procedure = derive(&contoso, &Retire::new(spec)).await;
    contoso.tenant.grant(&contoso.booking, Resource::Graph, "Calendars.Read");
    let error = contoso.groups.carry_out(&procedure).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stale, "{error}");
    let error = contoso.groups.carry_out(&procedure).approved("another digest").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotApproved, "{error}");
}

#[tokio::test]
async fn a_removal_whose_response_is_lost_is_read_back_and_a_failure_stops_what_follows() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let retire = Retire::new(spec);
    let procedure = derive(&contoso, &retire).await;
    let remove = || Matcher::cmdlet("Remove-ManagementRoleAssignment");
    contoso
        .tenant
        .fail_next(remove(), Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "No."));
    let failed = contoso.groups.carry_out(&procedure).await.unwrap();
    assert!(failed.has_failed(), "{failed}");
    assert!(contoso.tenant.has_pointer(&contoso.booking), "what follows is not begun: {failed}");
    contoso.tenant.fail_next(remove(), Fault::DropConnection(When::AfterEffect));
    let report = contoso.groups.carry_out(&procedure).await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert!(contoso.tenant.role_assignments(&contoso.booking).is_empty());
}

#[tokio::test]
async fn a_retirement_survives_a_round_trip_and_names_its_stages() {
    let contoso = Contoso::start().await;
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    let procedure = derive(&contoso, &Retire::new(spec)).await;
    let stored: Procedure = serde_json::from_str(&serde_json::to_string(&procedure).unwrap()).unwrap();
    assert_eq!((&stored, stored.digest()), (&procedure, procedure.digest()));
    let names: Vec<&str> = procedure.stages.iter().map(|stage| &*stage.name).collect();
    assert_eq!(
        names,
        [
            "disable_sign_in",
            "revoke_permission",
            "remove_roles",
            "remove_policies",
            "remove_scope",
            "unregister",
            "remove_group"
        ]
    );
    let report = contoso.groups.carry_out(&procedure).until("revoke_permission").await.unwrap();
    assert_eq!(report.changes(), 0, "{report}");
}

#[tokio::test]
async fn a_stage_that_does_not_exist_is_refused_and_not_passed_by() {
    let contoso = Contoso::start().await;
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    let procedure = derive(&contoso, &Retire::new(spec)).await;
    let before = contoso.tenant.request_count();
    let error = contoso.groups.carry_out(&procedure).until("revoke_permision").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Spec, "{error}");
    let text = error.to_string();
    assert!(
        text.contains("until") && text.contains("revoke_permision") && text.contains("revoke_permission, "),
        "{text}"
    );
    assert_eq!(contoso.tenant.request_count(), before);
    // What a person reads on the screen is what can be typed.
    assert!(procedure.to_string().contains("(revoke_permission)"), "{procedure}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The application never reaches a mailbox that it did not reach before, at no step; and what belongs to another
    /// application is as it was.
    #[test]
    fn retiring_widens_nothing_and_leaves_others_untouched(
        policy in any::<bool>(),
        grants in any::<[bool; 2]>(),
        foreign in prop::collection::vec((any::<bool>(), any::<bool>()), 0..4),
        remove_group in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let contoso = Contoso::of(fake_tenant::FakeTenant::builder().rooms(4).people(4).build()).await;
            let spec = if policy { contoso.policy() } else { contoso.rbac() };
            let spec = spec.must_not_reach("person-00001@contoso.com");
            let spec = exchange_groups::RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id)
                .owner("person-00002@contoso.com")
                .restriction(spec.clone().build().map_or(exchange_groups::Restriction::Rbac, |spec| spec.restriction()))
                .revoke_tenant_wide_grant(!policy)
                .must_not_reach("person-00001@contoso.com")
                .build()
                .unwrap();
            contoso.provision(&spec).await;
            for (held, role) in grants.iter().zip(["Calendars.ReadWrite", "Calendars.Read"]) {
                if *held {
                    contoso.tenant.grant(&contoso.booking, Resource::Graph, role);
                }
            }
            let other = contoso.tenant.add_application("Other", "secret");
            contoso.tenant.grant(&other, Resource::Graph, "Calendars.Read");
            for (number, (by_role, over_group)) in foreign.iter().enumerate() {
                let scope = if *over_group { GROUP.to_owned() } else { format!("own-{number}@contoso.com") };
                if !over_group {
                    contoso.tenant.add_group(NewGroup::security(&scope).owner("person-00002@contoso.com"));
                }
                if *by_role {
                    let role = NewRoleAssignment::new("Application Calendars.Read").name(&format!("other {number}"));
                    contoso.tenant.assign_role(&other, role.group(&scope));
                } else if contoso.tenant.access_policies(&other).iter().all(|policy| policy.scope != scope) {
                    contoso.tenant.add_access_policy(&other.client_id, PolicyRight::Restrict, &scope);
                }
            }
            let inventory = |contoso: &Contoso| {
                let tenant = &contoso.tenant;
                (
                    format!("{:?} {:?}", tenant.role_assignments(&other), tenant.access_policies(&other)),
                    tenant.app_roles(&other),
                    tenant.mailboxes().into_iter().filter(|it| tenant.can_read(&other, it)).collect::<Vec<_>>(),
                )
            };
            let before = inventory(&contoso);
            let last = Arc::new(Mutex::new(reached(&contoso)));
            let wider = Arc::new(Mutex::new(Vec::new()));
            for revoked_at in [None, Some(long_ago())] {
                let mut retire = Retire::new(spec.clone()).remove_group(remove_group);
                if let Some(revoked_at) = revoked_at {
                    retire = retire.revoked_at(revoked_at);
                }
                let procedure = contoso.groups.procedure(retire).await.unwrap();
                let (tenant, app) = (contoso.tenant.clone(), contoso.booking.clone());
                let (seen, found) = (Arc::clone(&last), Arc::clone(&wider));
                let report = contoso.groups.carry_out(&procedure).on_event(move |event| {
                    if let Event::Step { change, .. } = event {
                        let now: BTreeSet<String> =
                            tenant.mailboxes().into_iter().filter(|it| tenant.can_read(&app, it)).collect();
                        let mut before = seen.lock().unwrap();
                        if !now.is_subset(&before) {
                            found.lock().unwrap().push(change.to_string());
                        }
                        *before = now;
                    }
                });
                let report = report.await.unwrap();
                prop_assert!(!report.has_failed(), "{}", report);
            }
            prop_assert!(wider.lock().unwrap().is_empty(), "{:?}", wider);
            prop_assert_eq!(reached(&contoso), BTreeSet::new());
            prop_assert_eq!(inventory(&contoso), before);
            Ok(())
        })?;
    }
}
