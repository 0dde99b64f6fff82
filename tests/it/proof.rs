//! A proof says yes only to what was seen, mailbox by mailbox, and in both ways of looking.

use std::time::Duration;

use exchange_groups::access::Access;
use exchange_groups::graph_client::exchange::{Cmdlet, Effect};
use exchange_groups::graph_client::{ClientSecret, ErrorKind};
use exchange_groups::{
    Awaited, Check, CheckOutcome, Event, Evidence, ExchangeGroups, Expectation, FindingKind, OtherMembers, Outcome,
    Permission, Plan, Proof, Rooms, Severity, Verdict,
};
use exchange_groups_tests::{Contoso, GROUP, quick_wait};
use fake_tenant::{Fault, Matcher};
use serde::Serialize;
use serde_json::json;

fn has_finding(proof: &Proof, kind: FindingKind) -> bool {
    proof.findings.iter().any(|finding| finding.kind == kind)
}

fn check<'a>(proof: &'a Proof, mailbox: &str) -> (&'a Check, CheckOutcome) {
    proof.outcomes().find(|(check, _)| check.mailbox.as_str() == mailbox).expect("a check of the mailbox")
}

/// Whether every mailbox of a round has been read.
fn is_last_read(event: &Event) -> bool {
    matches!(event, Event::Checked { done, total, .. } if done == total)
}

#[tokio::test]
async fn every_room_and_every_closed_mailbox_is_looked_at_in_both_ways() {
    for policy in [false, true] {
        let contoso = Contoso::start().await;
        let spec = if policy { contoso.policy() } else { contoso.rbac() }
            .must_not_reach("adele.vance@contoso.com")
            .mailbox("reception@contoso.com")
            .build()
            .unwrap();
        contoso.provision(&spec).await;
        contoso.tenant.clear_requests();
        let proof = contoso.prove(&spec).await;
        assert!(proof.is_verified(), "{proof}");

        let mut open: Vec<_> = contoso.rooms();
        open.push("reception@contoso.com".into());
        let mailboxes = |expected| {
            let checks = proof.checks.iter().filter(|check| check.expected == expected);
            checks.map(|check| check.mailbox.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(mailboxes(Expectation::Reached), open);
        assert_eq!(mailboxes(Expectation::NotReached), ["ceo@contoso.com", "adele.vance@contoso.com"]);
        assert!(proof.outcomes().all(|(_, outcome)| outcome == CheckOutcome::Passed));

        let test = if policy { "Test-ApplicationAccessPolicy" } else { "Test-ServicePrincipalAuthorization" };
        assert_eq!(contoso.tenant.count(test), 43);
        let requests = contoso.tenant.requests();
        for check in &proof.checks {
            let id = check.id.expect("an object id");
            let reads: Vec<_> =
                requests.iter().filter(|request| request.path.contains(&format!("/users/{id}/calendarView"))).collect();
            assert_eq!(reads.len(), 1, "{}", check.mailbox);
            assert_eq!(
                reads[0].application.as_deref(),
                Some(&*contoso.booking.client_id),
                "with the application's own token"
            );
        }
        assert!(proof.to_string().contains("41 of 41") && proof.to_string().contains("2 of 2"), "{proof}");
    }
}

#[tokio::test]
async fn a_tenant_wide_permission_that_stays_refutes_a_role() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().revoke_tenant_wide_grant(false).build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert!(!plan.is_blocked());
    let finding =
        plan.findings.iter().find(|finding| finding.kind == FindingKind::TenantWidePermission).expect("a finding");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.message.contains("Calendars.ReadWrite"), "{finding}");
    assert!(finding.advice.to_string().contains("revoke_tenant_wide_grant"), "{finding}");
    assert!(contoso.groups.apply(&plan).await.unwrap().is_complete());

    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Violated);
    assert!(has_finding(&proof, FindingKind::TenantWidePermission), "{proof}");
    let (ceo, outcome) = check(&proof, "ceo@contoso.com");
    assert_eq!(ceo.tested, Evidence::Denied, "Exchange's own test does not see the permission in Entra");
    assert_eq!((ceo.configured, &ceo.live), (Access::Allowed, &Evidence::Allowed));
    assert_eq!(outcome, CheckOutcome::Failed);
}

#[tokio::test]
async fn every_kind_of_tenant_wide_calendar_permission_counts() {
    for permission in ["Calendars.Read", "Calendars.ReadBasic.All", "full_access_as_app"] {
        let contoso = Contoso::start().await;
        contoso.tenant.revoke_app_role(&contoso.booking, "Calendars.ReadWrite");
        contoso.tenant.grant_app_role(&contoso.booking, permission);
        let spec = contoso.rbac().revoke_tenant_wide_grant(false).build().unwrap();
        let plan = contoso.plan(&spec).await;
        // What Exchange Web Services does for `full_access_as_app` depends on switches whose blank state nobody documents.
        let kinds = [FindingKind::TenantWidePermission, FindingKind::UndecidedPath];
        let finding = plan.findings.iter().find(|finding| kinds.contains(&finding.kind));
        assert!(finding.is_some_and(|finding| finding.message.contains(permission)), "{permission}\n{plan}");

        let spec = contoso.rbac().build().unwrap();
        contoso.provision(&spec).await;
        assert!(!contoso.tenant.app_roles(&contoso.booking).contains(&permission.to_owned()));
        assert!(contoso.prove(&spec).await.is_verified());
    }
}

#[tokio::test]
async fn without_the_applications_credential_nothing_is_verified() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let groups = ExchangeGroups::new(contoso.new_client()).wait(quick_wait());
    let proof = groups.prove(&spec).await.unwrap();
    assert_eq!(proof.verdict, Verdict::Inconclusive);
    assert!(
        proof.checks.iter().all(|check| matches!(&check.live, Evidence::Unknown(why) if why.contains("credential")))
    );
    assert!(proof.to_string().contains("INCONCLUSIVE"), "{proof}");
    assert!(proof.not_checked.iter().any(|what| what.contains("credential")), "{proof}");
}

#[tokio::test]
async fn a_wrong_secret_of_the_application_could_not_tell_and_closes_nothing() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let wrong = ClientSecret::new(contoso.booking.client_id.parse().unwrap(), "wrong");
    let groups = ExchangeGroups::new(contoso.new_client()).wait(quick_wait()).application(wrong);
    let proof = groups.prove(&spec).await.unwrap();
    assert_eq!(proof.verdict, Verdict::Inconclusive);
    for check in &proof.checks {
        assert!(matches!(&check.live, Evidence::Unknown(why) if why.contains("AADSTS7000215")), "{check:?}");
    }
}

#[tokio::test]
async fn a_chief_executive_who_became_a_member_refutes() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.add_member(GROUP, "ceo@contoso.com");
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Violated);
    assert!(has_finding(&proof, FindingKind::Drift), "{proof}");
    let (ceo, outcome) = check(&proof, "ceo@contoso.com");
    assert_eq!((ceo.configured, &ceo.live, outcome), (Access::Allowed, &Evidence::Allowed, CheckOutcome::Failed));
    assert!(proof.to_string().contains("ceo@contoso.com must not be reached: FAILED"), "{proof}");
}

#[tokio::test]
async fn a_policy_that_opens_a_nested_group_refutes() {
    let contoso = Contoso::start().await;
    let keep = exchange_groups::OtherMembers::Keep;
    let spec = contoso.policy().other_members(keep).build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.add_member(GROUP, "executives@contoso.com");
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Violated, "the chief executive is in that group");
    assert!(has_finding(&proof, FindingKind::NestedGroup), "{proof}");
    let (ceo, outcome) = check(&proof, "ceo@contoso.com");
    assert_eq!((&ceo.live, outcome), (&Evidence::Allowed, CheckOutcome::Failed));
}

#[tokio::test]
async fn a_room_that_is_not_a_member_refutes() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.remove_member(GROUP, "boardroom@contoso.com");
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Violated);
    assert_eq!(check(&proof, "boardroom@contoso.com").1, CheckOutcome::Failed);
    assert_eq!(proof.outcomes().filter(|(_, outcome)| *outcome == CheckOutcome::Passed).count(), 40);
}

#[tokio::test]
async fn where_nothing_must_stay_closed_nothing_is_verified() {
    let contoso = Contoso::start().await;
    let spec = exchange_groups::RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id)
        .owner(exchange_groups_tests::OWNER)
        .revoke_tenant_wide_grant(true)
        .build()
        .unwrap();
    contoso.provision(&spec).await;
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Inconclusive);
    assert!(has_finding(&proof, FindingKind::NoDeniedMailbox), "{proof}");
    assert!(!proof.is_verified());
}

#[tokio::test]
async fn a_policy_that_does_not_act_yet_is_not_propagated() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::NotPropagated, "{proof}");
    let (ceo, outcome) = check(&proof, "ceo@contoso.com");
    assert_eq!(ceo.configured, Access::Denied, "the configuration is right by now");
    assert_eq!((&ceo.live, outcome), (&Evidence::Allowed, CheckOutcome::Pending), "and the calendar is still open");
    assert!(has_finding(&proof, FindingKind::NotPropagated), "{proof}");
    assert!(proof.to_string().contains("Change nothing, and verify again later"), "{proof}");
}

#[tokio::test]
async fn a_role_that_does_not_act_yet_is_not_propagated() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::NotPropagated, "{proof}");
    let (room, outcome) = check(&proof, "boardroom@contoso.com");
    assert_eq!((room.configured, &room.live), (Access::Allowed, &Evidence::Denied));
    assert_eq!(outcome, CheckOutcome::Pending);
    assert!(has_finding(&proof, FindingKind::NotPropagated), "{proof}");
}

#[tokio::test]
async fn a_proof_that_may_wait_does_so_until_the_change_acts() {
    for policy in [false, true] {
        let contoso = Contoso::start().await;
        contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
        let spec = if policy { contoso.policy() } else { contoso.rbac() }.build().unwrap();
        contoso.provision(&spec).await;
        let tenant = contoso.tenant.clone();
        let proof =
            contoso.groups.prove(&spec).wait_up_to(Duration::from_secs(30)).poll_interval(Duration::from_millis(20));
        let proof = proof.on_event(move |event| {
            if is_last_read(event) {
                // 20 minutes a round: the first three come too early.
                tenant.advance(Duration::from_secs(1_200));
            }
        });
        let proof = proof.await.unwrap();
        assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
        assert_eq!(proof.checks.len(), 41);
    }
}

#[tokio::test]
async fn a_waiting_proof_gives_up_at_its_deadline() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    let proof = contoso.groups.prove(&spec).wait_up_to(Duration::from_secs(3)).poll_interval(Duration::from_millis(50));
    let proof = proof.await.unwrap();
    assert_eq!(proof.verdict, Verdict::NotPropagated, "waiting for nothing shows nothing");
    assert!(proof.rounds > 1 && proof.waited > Duration::ZERO, "{proof}");
}

#[tokio::test]
async fn a_proof_that_may_wait_for_less_than_an_interval_looks_again_at_the_end() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    let tenant = contoso.tenant.clone();
    let proof = contoso.groups.prove(&spec).wait_up_to(Duration::from_millis(300));
    let proof = proof.on_event(move |event| {
        if matches!(event, Event::Waiting { .. }) {
            tenant.advance(Duration::from_secs(7_200));
        }
    });
    let proof = proof.await.unwrap();
    assert_eq!((proof.verdict, proof.rounds), (Verdict::Verified, 2), "{proof}");
}

#[tokio::test]
async fn what_was_waited_for_is_not_thrown_away_with_a_last_look_that_failed() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
    let spec = contoso.policy().build().unwrap();
    contoso.provision(&spec).await;
    let tenant = contoso.tenant.clone();
    let proof = contoso.groups.prove(&spec).wait_up_to(Duration::from_millis(300));
    let proof = proof.on_event(move |event| {
        if matches!(event, Event::Waiting { .. }) {
            tenant.advance(Duration::from_secs(7_200));
            let refused = json!({ "error": { "code": "Forbidden", "message": "Not now." } });
            tenant.fail_next(Matcher::cmdlet("Get-OrganizationConfig"), Fault::status(403, refused));
        }
    });
    let proof = proof.await.unwrap();
    assert_eq!((proof.verdict, proof.rounds), (Verdict::Inconclusive, 2), "{proof}");
    let unknown = |check: &Check| matches!(&check.live, Evidence::Unknown(why) if why.contains("Not now [Forbidden]"));
    assert!(proof.checks.iter().all(unknown), "{proof}");
}

#[tokio::test]
async fn a_mailbox_that_exchange_cannot_judge_is_unknown_and_not_passed() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.fail_next(
        Matcher::cmdlet("Test-ServicePrincipalAuthorization").after(40),
        Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "The test is out of order."),
    );
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Inconclusive, "{proof}");
    let open: Vec<_> = proof.outcomes().filter(|(_, outcome)| *outcome != CheckOutcome::Passed).collect();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].1, CheckOutcome::Inconclusive);
    assert!(matches!(&open[0].0.tested, Evidence::Unknown(why) if why.contains("out of order")), "{open:?}");
}

#[tokio::test]
async fn a_calendar_that_does_not_answer_is_unknown_and_not_closed() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    for (fault, word) in [
        (Fault::status(404, json!({"error": {"code": "MailboxNotEnabledForRESTAPI", "message": "None."}})), "None"),
        (Fault::status(404, json!({"error": {"code": "ErrorInvalidUser", "message": "Invalid."}})), "Invalid"),
        (Fault::status(400, json!({"error": {"code": "BadRequest", "message": "Bad."}})), "Bad"),
    ] {
        let ceo = contoso.object_id("ceo@contoso.com");
        contoso.tenant.fail_next(Matcher::path(&format!("/users/{ceo}/calendarView")), fault);
        let proof = contoso.prove(&spec).await;
        assert_eq!(proof.verdict, Verdict::Inconclusive, "only a refusal proves that it is closed: {proof}");
        let (ceo, _) = check(&proof, "ceo@contoso.com");
        assert!(matches!(&ceo.live, Evidence::Unknown(why) if why.contains(word)), "{ceo:?}");
    }
}

/// Neither a token that is not taken nor a service that is busy says that the mailbox is closed.
#[tokio::test]
async fn a_closed_mailbox_that_answers_401_or_429_is_not_shown_to_be_closed() {
    for (status, code) in [(401, "InvalidAuthenticationToken"), (429, "TooManyRequests")] {
        let contoso = Contoso::start().await;
        let spec = contoso.rbac().build().unwrap();
        contoso.provision(&spec).await;
        let ceo = contoso.object_id("ceo@contoso.com");
        let fault = Fault::status(status, json!({"error": {"code": code, "message": "Not now."}}));
        contoso.tenant.fail_next(Matcher::path(&format!("/users/{ceo}/calendarView")).times(20), fault);
        let proof = contoso.prove(&spec).await;
        assert_eq!(proof.verdict, Verdict::Inconclusive, "{status}: {proof}");
        let (ceo, outcome) = check(&proof, "ceo@contoso.com");
        assert!(matches!(ceo.live, Evidence::Unknown(_)), "{status}: {ceo:?}");
        assert_eq!(outcome, CheckOutcome::Inconclusive);
    }
}

/// Exchange's own test is the gate of the revocation: without the role the application would reach nothing.
#[tokio::test]
async fn the_permission_stays_while_the_test_does_not_show_the_role() {
    for rows in [
        json!([]),
        json!([{ "RoleName": "Application Calendars.Read", "InScope": false }]),
        json!([{ "RoleName": "Application Calendars.Read", "InScope": "Not Run" }]),
        json!([{ "RoleName": "Application Contacts.Read", "InScope": true }]),
    ] {
        let contoso = Contoso::start().await;
        let spec = contoso.rbac().build().unwrap();
        let test = Matcher::cmdlet("Test-ServicePrincipalAuthorization").times(10_000);
        contoso.tenant.fail_next(test, Fault::status(200, json!({ "value": rows })));
        let report = contoso.apply(&spec).await;
        let last = report.steps.last().unwrap();
        assert!(matches!(last.outcome, Outcome::NotRun { .. }), "{rows}: {report}");
        assert!(contoso.rooms().iter().all(|room| contoso.tenant.can_read(&contoso.booking, room)), "{rows}");
        assert!(contoso.tenant.can_read(&contoso.booking, "ceo@contoso.com"), "the permission is kept: {rows}");
    }
}

#[tokio::test]
async fn a_disabled_application_could_not_tell() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.set_application_enabled(&contoso.booking, false);
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Inconclusive, "an application that cannot sign in shows nothing: {proof}");
}

#[tokio::test]
async fn a_proof_that_cannot_read_the_tenant_is_an_error() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let fault = Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "Not now.");
    contoso.tenant.fail_next(Matcher::cmdlet("Get-DistributionGroupMember"), fault);
    let error = contoso.groups.prove(&spec).await.unwrap_err();
    assert_eq!(error.service().map(exchange_groups::graph_client::Error::kind), Some(ErrorKind::Service));
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewManagementScope {
    name: &'static str,
    recipient_restriction_filter: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ScopedAssignment {
    app: String,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_resource_scope: Option<&'static str>,
}

macro_rules! write_cmdlet {
    ($cmdlet:ty, $name:literal) => {
        impl std::fmt::Display for $cmdlet {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($name)
            }
        }

        impl Cmdlet for $cmdlet {
            const NAME: &'static str = $name;
            const EFFECT: Effect = Effect::Write;
            type Output = Vec<serde_json::Value>;
        }
    };
}
write_cmdlet!(NewManagementScope, "New-ManagementScope");
write_cmdlet!(ScopedAssignment, "New-ManagementRoleAssignment");

#[tokio::test]
async fn another_role_over_the_whole_organisation_refutes() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let app = contoso.booking.object_id.clone();
    contoso.run(ScopedAssignment { app, role: "Application Calendars.Read", custom_resource_scope: None }).await;
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Violated);
    assert!(has_finding(&proof, FindingKind::OtherRole), "{proof}");
}

#[tokio::test]
async fn a_management_scope_that_is_called_like_the_group_is_not_taken_for_it() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso
        .run(NewManagementScope {
            name: "PlaceOS Room Booking",
            recipient_restriction_filter: "RecipientTypeDetails -eq 'UserMailbox'",
        })
        .await;
    let scope = Some("PlaceOS Room Booking");
    let app = contoso.booking.object_id.clone();
    contoso.run(ScopedAssignment { app, role: "Application Mail Full Access", custom_resource_scope: None }).await;
    let app = contoso.booking.object_id.clone();
    contoso.run(ScopedAssignment { app, role: "Application Calendars.Read", custom_resource_scope: scope }).await;
    assert!(contoso.tenant.can_read(&contoso.booking, "adele.vance@contoso.com"));
    let plan = contoso.plan(&spec).await;
    assert!(
        plan.findings.iter().any(|finding| finding.kind == FindingKind::OtherRole),
        "the role over all people goes unseen\n{plan}"
    );
    assert_ne!(contoso.prove(&spec).await.verdict, Verdict::Verified);
}

/// A mailbox that opened while the proof was waiting must not stay closed on paper.
#[tokio::test]
async fn what_opens_while_a_proof_waits_is_seen() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let tenant = contoso.tenant.clone();
    let mut rounds = 0;
    let proof =
        contoso.groups.prove(&spec).wait_up_to(Duration::from_secs(10)).poll_interval(Duration::from_millis(20));
    let proof = proof.on_event(move |event| {
        if is_last_read(event) {
            rounds += 1;
            if rounds == 1 {
                tenant.add_member(GROUP, "ceo@contoso.com");
            }
            tenant.advance(Duration::from_secs(4_000));
        }
    });
    let proof = proof.await.unwrap();
    assert_eq!(proof.verdict, Verdict::Violated, "{proof}");
}

#[tokio::test]
async fn a_plan_that_changes_no_member_still_looks_who_is_one_before_it_gives_a_role() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.policy().build().unwrap()).await;
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    contoso.tenant.add_member(GROUP, "ceo@contoso.com");
    let error = contoso.groups.apply(&plan).await.unwrap_err();
    assert_eq!(error.kind(), exchange_groups::ErrorKind::Stale, "{error}");
    assert!(error.unplanned()[0].sentence().contains("ceo@contoso.com"), "{error}");
    assert!(contoso.tenant.role_assignments(&contoso.booking).is_empty());
}

/// The group had its members when the run looked; who is in it counts when the role is given.
#[tokio::test]
async fn who_became_a_member_after_the_first_look_is_seen_before_the_role_is_given() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.policy().build().unwrap()).await;
    let plan = contoso.plan(&contoso.rbac().build().unwrap()).await;
    let (tenant, mut has_begun) = (contoso.tenant.clone(), false);
    let report = contoso.groups.apply(&plan).on_event(move |_| {
        if !std::mem::replace(&mut has_begun, true) {
            tenant.add_member(GROUP, "ceo@contoso.com");
        }
    });
    let report = report.await.unwrap();
    assert!(!report.is_complete(), "{report}");
    assert!(contoso.tenant.role_assignments(&contoso.booking).is_empty(), "{report}");
}

/// A role would allow access to whoever is in the group.
#[tokio::test]
async fn no_role_is_given_over_a_group_whose_members_could_not_be_read_back() {
    let contoso = Contoso::start().await;
    let plan = contoso.plan(&contoso.rbac().build().unwrap()).await;
    let tenant = contoso.tenant.clone();
    let report = contoso.groups.apply(&plan).on_event(move |event| {
        if matches!(event, Event::Waiting { what: Awaited::MembersAsPlanned, .. }) {
            let exception = "Microsoft.Exchange.Management.Tasks.TaskException";
            let read = Matcher::cmdlet("Get-DistributionGroupMember").times(10_000);
            tenant.fail_next(read, Fault::cmdlet_error(400, exception, "The list is out of order."));
        }
    });
    let report = report.await.unwrap();
    assert!(!report.is_complete(), "{report}");
    assert!(contoso.tenant.role_assignments(&contoso.booking).is_empty(), "{report}");
    assert!(contoso.rooms().iter().all(|room| contoso.tenant.can_read(&contoso.booking, room)), "{report}");
}

/// Without the tenant-wide permission the application would lose the room that is missing.
#[tokio::test]
async fn the_permission_stays_while_a_room_is_missing_from_the_group() {
    let contoso = Contoso::start().await;
    let plan = contoso.plan(&contoso.rbac().build().unwrap()).await;
    let tenant = contoso.tenant.clone();
    let report = contoso.groups.apply(&plan).on_event(move |event| {
        if matches!(event, Event::Waiting { what: Awaited::MembersAsPlanned, .. }) {
            let mut members = tenant.run_cmdlet("Get-DistributionGroupMember", json!({ "Identity": GROUP }));
            members.pop();
            let read = Matcher::cmdlet("Get-DistributionGroupMember").times(10_000);
            tenant.fail_next(read, Fault::status(200, json!({ "value": members })));
        }
    });
    let report = report.await.unwrap();
    assert!(!report.is_complete(), "{report}");
    assert!(contoso.tenant.can_read(&contoso.booking, "ceo@contoso.com"), "the permission is kept: {report}");
}

#[tokio::test]
async fn a_room_that_is_left_out_is_removed_even_where_others_are_kept_and_must_stay_closed() {
    let contoso = Contoso::start().await;
    let everybody = contoso.rbac().build().unwrap();
    contoso.provision(&everybody).await;
    let spec = contoso
        .rbac()
        .rooms(Rooms::all().except("boardroom@contoso.com"))
        .other_members(OtherMembers::Keep)
        .build()
        .unwrap();
    assert_eq!(contoso.plan(&spec).await.steps.len(), 1);
    contoso.provision(&spec).await;
    let proof = contoso.prove(&spec).await;
    assert_eq!(check(&proof, "boardroom@contoso.com").0.expected, Expectation::NotReached);
    assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
}

#[tokio::test]
async fn p15_a_role_of_ours_for_another_permission_is_replaced() {
    for (before, after) in [(Permission::Read, Permission::ReadWrite), (Permission::ReadWrite, Permission::Read)] {
        let contoso = Contoso::start().await;
        contoso.provision(&contoso.rbac().permission(before).build().unwrap()).await;
        let spec = contoso.rbac().permission(after).build().unwrap();
        contoso.provision(&spec).await;
        assert_eq!(contoso.tenant.role_assignments(&contoso.booking).len(), 1);
        let proof = contoso.prove(&spec).await;
        assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
        assert!(contoso.plan(&spec).await.is_empty());
    }
}

#[tokio::test]
async fn the_credential_of_another_application_proves_nothing() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let admin = contoso.tenant.administrator();
    let other = ClientSecret::new(admin.client_id.parse().unwrap(), admin.secret());
    let proof = contoso.groups.clone().application(other).prove(&spec).await.unwrap();
    assert_eq!(proof.verdict, Verdict::Inconclusive, "{proof}");
    assert!(proof.to_string().contains("the credential is that of application"), "{proof}");
}

#[tokio::test]
async fn a_plan_for_another_tenant_is_not_applied() {
    let contoso = Contoso::start().await;
    let plan = contoso.plan(&contoso.rbac().build().unwrap()).await;
    let text = serde_json::to_string(&plan).unwrap().replace("contoso.onmicrosoft.com", "fabrikam.onmicrosoft.com");
    let plan: Plan = serde_json::from_str(&text).unwrap();
    let error = contoso.groups.apply(&plan).await.unwrap_err();
    assert_eq!(error.findings()[0].kind, FindingKind::OtherTenant);
    assert_eq!(contoso.tenant.write_count(), 0);
}
