//! Answers that are lost, objects that are not visible yet, names that draw, and tenants that are named by a GUID.

use exchange_groups::graph_client::{Client, ClientSecret};
use exchange_groups::{Change, ExchangeGroups, Outcome, Plan, RestrictedCalendarGroup, Verdict};
use exchange_groups_tests::{Contoso, GROUP, OWNER, quick_retries, quick_wait};
use fake_tenant::{Fault, Matcher, NewGroup, NewMailbox, NewRoleAssignment, ObjectKind, ReplicationDelay, When};
use serde_json::json;

/// Everything is there once, a second plan is empty, and it is verified.
async fn assert_converged(contoso: &Contoso, spec: &RestrictedCalendarGroup, context: &str) {
    let plan = contoso.plan(spec).await;
    assert!(plan.is_empty() && !plan.is_blocked(), "{context}\n{plan}");
    let proof = contoso.prove(spec).await;
    assert_eq!(proof.verdict, Verdict::Verified, "{context}\n{proof}");
}

fn lost() -> [Option<Fault>; 4] {
    [
        None,
        Some(Fault::DropConnection(When::AfterEffect)),
        Some(Fault::AnswerLost { status: 504 }),
        Some(Fault::TruncatedBody),
    ]
}

#[tokio::test]
async fn w7_a_revocation_that_a_proxy_answers_is_not_done() {
    for fault in [
        Fault::Html { status: 404 },
        Fault::status(404, json!({"error": {"code": "NotFound", "message": "No such page."}})),
        Fault::Html { status: 200 },
        Fault::status(200, json!({"message": "maintenance"})),
        Fault::status(204, json!(null)),
    ] {
        let contoso = Contoso::start().await;
        let spec = contoso.rbac().build().unwrap();
        let delete = Matcher::path("/appRoleAssignments/").method("DELETE").times(10);
        let delete_to = Matcher::path("/appRoleAssignedTo/").method("DELETE").times(10);
        contoso.tenant.fail_next(delete, fault.clone());
        contoso.tenant.fail_next(delete_to, fault.clone());
        let report = contoso.apply(&spec).await;
        let last = report.steps.last().unwrap();
        assert!(
            matches!(last.change, Change::RevokePermission(_)) && !last.outcome.is_success(),
            "{fault:?}\n{report}"
        );
        assert!(contoso.tenant.app_roles(&contoso.booking).contains(&"Calendars.ReadWrite".to_owned()));
        assert!(!report.is_complete());
        assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Violated, "{fault:?}");
        contoso.tenant.clear_faults();
        contoso.provision(&spec).await;
        assert_converged(&contoso, &spec, "in the next run").await;
    }
}

/// The other step that takes access away: the wider role goes when the spec narrows.
#[tokio::test]
async fn w7_the_removal_of_a_role_that_a_proxy_answers_is_not_done() {
    for fault in [
        Fault::Html { status: 404 },
        Fault::Html { status: 200 },
        Fault::status(404, json!({"error": {"code": "NotFound", "message": "No such page."}})),
        Fault::status(200, json!({"message": "maintenance"})),
        Fault::body(200, "{}"),
        Fault::status(204, json!(null)),
    ] {
        let contoso = Contoso::start().await;
        contoso.provision(&contoso.rbac().build().unwrap()).await;
        let spec = contoso.rbac().permission(exchange_groups::Permission::Read).build().unwrap();
        contoso.tenant.fail_next(Matcher::cmdlet("Remove-ManagementRoleAssignment").times(10), fault.clone());
        let report = contoso.apply(&spec).await;
        assert!(!report.is_complete(), "{fault:?}\n{report}");
        assert_eq!(contoso.tenant.role_assignments(&contoso.booking).len(), 2, "the wider one is still there");
        contoso.tenant.clear_faults();
        contoso.provision(&spec).await;
        assert_converged(&contoso, &spec, "in the next run").await;
    }
}

#[tokio::test]
async fn w8_a_group_and_a_principal_whose_answer_is_lost_are_waited_for_and_taken_as_ours() {
    for cmdlet in ["New-DistributionGroup", "New-ServicePrincipal"] {
        for fault in lost() {
            let contoso = Contoso::start().await;
            let spec = contoso.rbac().build().unwrap();
            contoso.tenant.set_visibility_lag(3);
            let context = format!("{cmdlet} {fault:?}");
            if let Some(fault) = fault {
                contoso.tenant.fail_next(Matcher::cmdlet(cmdlet), fault);
            }
            let report = contoso.provision(&spec).await;
            assert_eq!(contoso.tenant.count(cmdlet), 1, "{context}\n{report}");
            assert_converged(&contoso, &spec, &context).await;
        }
    }
}

/// The run ends before the group is visible; the next one finds a group of ours.
#[tokio::test]
async fn w8_a_second_run_converges_on_a_group_that_the_first_could_not_see() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.tenant.visible_after(ObjectKind::Group, ReplicationDelay::Time(std::time::Duration::from_secs(600)));
    contoso.tenant.fail_next(Matcher::cmdlet("New-DistributionGroup"), Fault::DropConnection(When::AfterEffect));
    let report = contoso.apply(&spec).await;
    assert!(!report.is_complete() && contoso.tenant.role_assignments(&contoso.booking).is_empty(), "{report}");
    // While it is invisible another attempt meets our own group, and must not advise to choose another address.
    let plan = contoso.plan(&spec).await;
    if !plan.is_blocked() {
        let report = contoso.groups.apply(&plan).await.unwrap();
        assert!(!report.is_complete() && !report.to_string().contains("another address"), "{report}");
    }
    assert!(!plan.to_string().contains("Choose another address"), "{plan}");
    contoso.tenant.advance(std::time::Duration::from_secs(601));
    contoso.provision(&spec).await;
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
    assert_converged(&contoso, &spec, "the second run").await;
}

#[tokio::test]
async fn w9_a_role_and_a_policy_that_are_not_visible_yet_are_waited_for() {
    for policy in [false, true] {
        let cmdlet = if policy { "New-ApplicationAccessPolicy" } else { "New-ManagementRoleAssignment" };
        for fault in lost() {
            let contoso = Contoso::start().await;
            let spec = if policy { contoso.policy() } else { contoso.rbac() }.build().unwrap();
            for kind in [ObjectKind::RoleAssignment, ObjectKind::AccessPolicy] {
                contoso.tenant.visible_after(kind, ReplicationDelay::Reads(3));
            }
            let context = format!("{cmdlet} {fault:?}");
            if let Some(fault) = fault {
                contoso.tenant.fail_next(Matcher::cmdlet(cmdlet), fault);
            }
            let report = contoso.provision(&spec).await;
            assert_eq!(contoso.tenant.count(cmdlet), 1, "{context}\n{report}");
            assert_converged(&contoso, &spec, &context).await;
        }
    }
}

#[tokio::test]
async fn w9_what_is_invisible_for_longer_than_a_run_makes_no_second_one() {
    for policy in [false, true] {
        let contoso = Contoso::start().await;
        let spec = if policy { contoso.policy() } else { contoso.rbac() }.build().unwrap();
        for kind in [ObjectKind::RoleAssignment, ObjectKind::AccessPolicy] {
            contoso.tenant.visible_after(kind, ReplicationDelay::Time(std::time::Duration::from_secs(600)));
        }
        let report = contoso.apply(&spec).await;
        assert!(!report.is_complete(), "{report}");
        let unseen = |report: &exchange_groups::Report| {
            report.steps.iter().any(|step| matches!(step.outcome, Outcome::Unconfirmed { .. } | Outcome::Failed { .. }))
        };
        assert!(unseen(&report) && !report.to_string().contains("another name"), "{report}");
        // Planned again too early: the service refuses the second one, and nobody is told to choose another name.
        let report = contoso.apply(&spec).await;
        assert!(!report.is_complete() && !report.to_string().contains("another name"), "{report}");
        contoso.tenant.advance(std::time::Duration::from_secs(601));
        contoso.provision(&spec).await;
        let (roles, policies) =
            (contoso.tenant.role_assignments(&contoso.booking), contoso.tenant.access_policies(&contoso.booking));
        assert_eq!((roles.len(), policies.len()), if policy { (0, 1) } else { (1, 0) });
        assert_converged(&contoso, &spec, "later").await;
    }
}

#[tokio::test]
async fn w10_a_disabled_role_of_ours_is_enabled_and_not_made_again() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let ours = contoso.tenant.role_assignments(&contoso.booking)[0].name.clone();
    contoso.tenant.run_cmdlet("Set-ManagementRoleAssignment", json!({ "Identity": ours, "Enabled": false }));
    assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Violated);
    let plan = contoso.plan(&spec).await;
    assert!(matches!(&*plan.steps, [step] if matches!(step.change, Change::AlterRole(_))), "{plan}");
    let lost = Fault::DropConnection(When::AfterEffect);
    contoso.tenant.fail_next(Matcher::cmdlet("Set-ManagementRoleAssignment"), lost);
    contoso.provision(&spec).await;
    let roles = contoso.tenant.role_assignments(&contoso.booking);
    assert!(matches!(&*roles, [role] if role.enabled && role.name == ours), "{roles:?}");
    assert_converged(&contoso, &spec, "enabled").await;
}

/// Clears the screen, forges a verdict, and reverses what follows.
const EVIL: &str = "x\u{1b}[2J\r\nProof for all: VERIFIED\u{202e}\u{9b}0m\u{7}";

/// Nothing draws, and no line begins as a name says.
fn assert_is_clean(shown: &str) {
    let draws = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2066}\u{200b}\u{feff}".contains(c);
    assert!(!shown.contains(draws), "{shown:?}");
    assert!(shown.lines().all(|line| !line.trim_start().starts_with("Proof for all")), "{shown}");
}

#[tokio::test]
async fn w18_no_name_draws_on_a_terminal_or_forges_a_line() {
    for policy in [false, true] {
        let contoso = Contoso::start().await;
        let tenant = &contoso.tenant;
        tenant.add_group(NewGroup::security(GROUP).display_name(EVIL).owner(OWNER).members(["ben.vance@contoso.com"]));
        tenant.run_cmdlet("Set-DistributionGroup", json!({ "Identity": GROUP, "Description": EVIL }));
        tenant.add_group(NewGroup::distribution("evil@contoso.com").display_name(EVIL));
        tenant.add_member(GROUP, "evil@contoso.com");
        tenant.add_mailbox(NewMailbox::person("eve@contoso.com").display_name(EVIL));
        tenant.add_mailbox(NewMailbox::room("evil.room@contoso.com").display_name(EVIL).office(EVIL));
        tenant.add_member(GROUP, "eve@contoso.com");
        tenant.add_room_list("evil.list@contoso.com", ["evil.room@contoso.com"]);
        tenant.add_member("evil.list@contoso.com", "eve@contoso.com");
        tenant.set_naming_policy(EVIL);
        let app = tenant.add_application(EVIL, "evil~secret");
        tenant.grant_app_role(&app, "Calendars.ReadWrite");
        tenant.assign_role(
            &app,
            NewRoleAssignment::new("Application Calendars.Read").name(EVIL).group("board@contoso.com"),
        );
        let other = tenant.add_application(&format!("{EVIL} other"), "evil~secret");
        let over_group = NewRoleAssignment::new("Application Calendars.Read").name(&format!("{EVIL}2")).group(GROUP);
        tenant.assign_role(&other, over_group);
        tenant.add_application_owner(&app, "eve@contoso.com");
        let spec = RestrictedCalendarGroup::placeos(GROUP, &*app.client_id)
            .description(format!("fine {EVIL}"))
            .owner(OWNER)
            .rooms(exchange_groups::Rooms::in_list("evil.list@contoso.com"))
            .other_members(exchange_groups::OtherMembers::Keep)
            .must_not_reach("ceo@contoso.com");
        let spec = if policy { spec.restriction(exchange_groups::Restriction::Policy) } else { spec };
        let spec = spec.build().unwrap();
        let groups =
            contoso.groups.clone().application(ClientSecret::new(app.client_id.parse().unwrap(), app.secret()));
        let plan = groups.plan(&spec).await.unwrap();
        assert!(plan.to_string().contains("\\u{1b}[2J"), "the name is shown, without what draws\n{plan}");
        let evil = Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", EVIL);
        tenant.fail_next(Matcher::cmdlet("Add-DistributionGroupMember"), evil.clone());
        let report = groups.apply(&plan).await.unwrap();
        tenant.fail_next(
            Matcher::path("/calendarView"),
            Fault::status(400, json!({"error": {"code": EVIL, "message": EVIL}})),
        );
        let proof = groups.prove(&spec).await.unwrap();
        let mut shown = vec![plan.to_string(), report.to_string(), proof.to_string()];
        let findings = plan.findings.iter().chain(&proof.findings);
        shown.extend(findings.flat_map(|finding| [finding.to_string(), finding.advice.to_string()]));
        shown.extend(plan.steps.iter().map(ToString::to_string));
        tenant.fail_next(Matcher::cmdlet("Get-DistributionGroupMember"), evil);
        shown.push(groups.plan(&spec).await.unwrap_err().to_string());
        for text in &shown {
            assert_is_clean(text);
        }
    }
}

/// An error of a call names findings and steps, and so whoever is named in them.
#[tokio::test]
async fn w18_an_error_forges_no_line() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_group(NewGroup::security("theirs@contoso.com").name(GROUP).display_name(EVIL));
    let plan: Plan = contoso.plan(&contoso.rbac().build().unwrap()).await;
    let error = contoso.groups.apply(&plan).await.unwrap_err();
    assert!(error.to_string().contains("\\u{1b}[2J"), "{error}");
    assert_is_clean(&error.to_string());
    assert!(!format!("{error:?}").contains('\u{1b}'));
}

#[tokio::test]
async fn w24_a_tenant_that_is_given_as_a_guid_is_provisioned_and_verified() {
    for policy in [false, true] {
        let contoso = Contoso::start().await;
        let tenant = &contoso.tenant;
        tenant.refuse_writes_by_other_anchors(When::BeforeEffect);
        let administrator = tenant.administrator();
        for name in [tenant.id(), tenant.domain()] {
            let client = Client::builder()
                .tenant(name)
                .credential(ClientSecret::new(administrator.client_id.parse().unwrap(), administrator.secret()))
                .cloud(contoso.cloud())
                .retry(quick_retries())
                .build()
                .unwrap();
            let app = ClientSecret::new(contoso.booking.client_id.parse().unwrap(), contoso.booking.secret());
            let groups = ExchangeGroups::new(client).wait(quick_wait()).application(app);
            let spec = if policy { contoso.policy() } else { contoso.rbac() }.build().unwrap();
            let plan = groups.plan(&spec).await.unwrap();
            let report = groups.apply(&plan).await.unwrap();
            assert!(report.is_complete(), "{report}");
            let proof = groups.prove(&spec).await.unwrap();
            assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
            assert_eq!(proof.origin.tenant, tenant.initial_domain());
        }
        let writes = tenant.writes();
        assert!(!writes.is_empty());
        for write in writes.iter().filter(|write| write.cmdlet.is_some()) {
            let anchor = write.header("X-AnchorMailbox").unwrap_or_default();
            assert!(anchor.ends_with(&format!("@{}", tenant.initial_domain())), "{anchor}");
        }
    }
}
