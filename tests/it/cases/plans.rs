//! Plans, what is done by them, and what they advise.

use std::time::Duration;

use exchange_groups::graph_client::SmtpAddress;
use exchange_groups::{
    Awaited, Change, ErrorKind, Event, ExchangeGroups, FindingKind, OtherMembers, Outcome, Plan,
    RestrictedCalendarGroup, Rooms, Severity, Stage, Verdict,
};
use exchange_groups_tests::{Contoso, GROUP, quick_wait};
use fake_tenant::{DirectoryRole, FakeTenant, Fault, Matcher, NewMailbox};
use serde_json::{Value, json};

use super::{has, in_plan};

/// A stored plan after somebody has edited it.
fn edited(plan: &Plan, edit: impl FnOnce(&mut Value)) -> Plan {
    let mut document = serde_json::to_value(plan).expect("a document");
    edit(&mut document);
    serde_json::from_value(document).expect("a plan")
}

#[tokio::test]
async fn p1_an_edited_plan_shows_the_truth_and_does_nothing_that_the_spec_does_not_say() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    contoso.tenant.add_room("room-new@contoso.com");
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    let approved = plan.digest();
    let evil = edited(&plan, |document| {
        document["steps"][0]["change"]["parameters"]["Member"] = json!("ceo@contoso.com");
        document["steps"][0]["sentence"] = json!("Add room-new@contoso.com to the group");
    });
    assert!(evil.to_string().contains("ceo@contoso.com to"), "{evil}");
    assert_ne!(evil.digest(), approved);
    contoso.tenant.clear_requests();
    let error = contoso.groups.apply(&evil).approved(&approved).await.unwrap_err();
    assert_eq!((error.kind(), contoso.tenant.request_count()), (ErrorKind::NotApproved, 0), "{error}");
    // Without an approval the tenant is observed again, and what the plan lacks makes it stale.
    let error = contoso.groups.apply(&evil).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stale, "{error}");
    assert!(!contoso.tenant.members(GROUP).contains(&"ceo@contoso.com".to_owned()));
    assert!(contoso.groups.apply(&plan).approved(&approved).await.unwrap().is_complete());
}

#[tokio::test]
async fn p1_a_step_that_was_put_into_a_stored_plan_is_not_done_and_not_called_done() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    contoso.tenant.add_room("room-new@contoso.com");
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    let evil = edited(&plan, |document| {
        let mut step = document["steps"][0].clone();
        step["change"]["parameters"]["Member"] = json!("ceo@contoso.com");
        document["steps"].as_array_mut().unwrap().push(step);
    });
    let report = contoso.groups.apply(&evil).await.unwrap();
    let ceo = report.steps.iter().find(|step| step.sentence().contains("ceo@contoso.com")).expect("the step");
    assert_eq!(ceo.outcome, Outcome::NotNeeded, "{report}");
    assert!(
        report.to_string().contains("1 of 2 in place") && report.to_string().contains("not needed now"),
        "{report}"
    );
    assert!(!contoso.tenant.members(GROUP).contains(&"ceo@contoso.com".to_owned()));
}

#[tokio::test]
async fn p1_what_a_stored_plan_was_robbed_of_is_found_again() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().owner("nobody@contoso.com").build().unwrap();
    let blocked = contoso.plan(&spec).await;
    let approved = blocked.digest();
    let unblocked = edited(&blocked, |document| document["findings"] = json!([]));
    assert!(!unblocked.is_blocked());
    assert_eq!(contoso.groups.apply(&unblocked).await.unwrap_err().kind(), ErrorKind::Blocked);
    let other_spec = edited(&blocked, |document| document["spec"]["must_not_reach"] = json!([]));
    let error = contoso.groups.apply(&other_spec).approved(approved).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotApproved, "{error}");
    let plan = contoso.plan(&contoso.rbac().build().unwrap()).await;
    let without_revocation = edited(&plan, |document| drop(document["steps"].as_array_mut().unwrap().pop()));
    assert_eq!(contoso.groups.apply(&without_revocation).await.unwrap_err().kind(), ErrorKind::Stale);
    assert_eq!(contoso.tenant.write_count(), 0);
}

#[tokio::test]
async fn p2_the_stage_of_a_step_is_that_of_its_change_whatever_a_document_says() {
    let contoso = Contoso::start().await;
    let plan = contoso.plan(&contoso.rbac().build().unwrap()).await;
    let last = plan.steps.len() - 1;
    let stored = edited(&plan, |document| document["steps"][last]["stage"] = json!("observe"));
    assert_eq!(stored, plan);
    assert_eq!(stored.steps[last].stage(), Stage::Revocation);
    let report = contoso.groups.apply(&stored).await.unwrap();
    assert!(report.is_complete() && report.steps[last].stage() == Stage::Revocation, "{report}");
    assert!(!contoso.tenant.app_roles(&contoso.booking).contains(&"Calendars.ReadWrite".to_owned()));
}

#[tokio::test]
async fn p3_a_member_who_must_not_be_there_is_in_the_report() {
    let contoso = Contoso::start().await;
    let plan = contoso.plan(&contoso.rbac().build().unwrap()).await;
    let tenant = contoso.tenant.clone();
    let waiting = Awaited::MembersAsPlanned;
    let report = contoso.groups.apply(&plan).on_event(move |event| {
        if matches!(event, Event::Waiting { what, .. } if *what == waiting) {
            tenant.add_member(GROUP, "ceo@contoso.com");
        }
    });
    let report = report.await.unwrap();
    assert!(!report.is_complete(), "{report}");
    let members = report.members.as_ref().expect("a read-back");
    assert_eq!(members.unexpected, ["ceo@contoso.com"]);
    assert!(report.to_string().contains("UNEXPECTED   1 member: ceo@contoso.com"), "{report}");
    assert!(contoso.tenant.role_assignments(&contoso.booking).is_empty(), "no role over a group that is not right");
}

#[tokio::test]
async fn p3_members_that_could_not_be_read_back_are_not_called_complete() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.add_room("room-new@contoso.com");
    let plan = contoso.plan(&spec).await;
    let refused = Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "Not now.");
    // The observation of the run reads the members too, and is let through.
    contoso.tenant.fail_next(Matcher::cmdlet("Get-DistributionGroupMember").after(1).times(100), refused);
    let report = contoso.groups.apply(&plan).await.unwrap();
    assert!(report.members.is_none() && !report.is_complete(), "{report}");
    assert!(report.to_string().contains("NOT READ BACK"), "{report}");
}

#[tokio::test]
async fn p5_additions_go_first_except_what_must_be_closed_at_once() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().rooms(Rooms::at(["boardroom@contoso.com"])).build().unwrap()).await;
    contoso.tenant.add_member(GROUP, "ceo@contoso.com");
    contoso.tenant.clear_requests();
    contoso.provision(&contoso.rbac().rooms(Rooms::at(["room-b1-0101@contoso.com"])).build().unwrap()).await;
    let writes: Vec<(String, String)> = contoso
        .tenant
        .writes()
        .iter()
        .filter(|write| write.cmdlet.is_some())
        .map(|write| {
            (
                write.cmdlet.clone().unwrap_or_default(),
                write.parameter("Member").map(Value::to_string).unwrap_or_default(),
            )
        })
        .collect();
    let id = |address: &str| format!("\"{}\"", contoso.object_id(address));
    assert_eq!(
        writes,
        [
            ("Remove-DistributionGroupMember".to_owned(), id("ceo@contoso.com")),
            ("Add-DistributionGroupMember".to_owned(), id("room-b1-0101@contoso.com")),
            ("Remove-DistributionGroupMember".to_owned(), id("boardroom@contoso.com")),
        ]
    );
}

#[tokio::test]
async fn p6_a_member_who_comes_while_the_new_group_becomes_visible_is_not_lost() {
    for moment in [Awaited::GroupVisible, Awaited::MembersAsPlanned] {
        let contoso = Contoso::start().await;
        contoso.tenant.set_visibility_lag(3);
        let spec = contoso.rbac().other_members(OtherMembers::Keep).build().unwrap();
        let plan = contoso.plan(&spec).await;
        assert!(!plan.steps.iter().any(|step| matches!(step.change, Change::FillGroup(_))), "it would replace them");
        let tenant = contoso.tenant.clone();
        let report = contoso.groups.apply(&plan).on_event(move |event| {
            if matches!(event, Event::Waiting { what, .. } if *what == moment) {
                tenant.add_member(GROUP, "ben.vance@contoso.com");
            }
        });
        assert!(report.await.unwrap().is_complete());
        assert!(contoso.tenant.members(GROUP).contains(&"ben.vance@contoso.com".to_owned()), "{moment}");
    }
}

#[tokio::test]
async fn p7_a_permission_is_granted_only_once_the_policy_acts() {
    let contoso = Contoso::start().await;
    contoso.tenant.revoke_app_role(&contoso.booking, "Calendars.ReadWrite");
    let spec = contoso.policy().build().unwrap();
    for _ in 0..2 {
        let plan = contoso.plan(&spec).await;
        let advice = &in_plan(&plan, FindingKind::NothingToNarrow).advice;
        assert!(advice.text.starts_with("Only once the policy has propagated, grant Calendars.ReadWrite"));
        assert!(advice.danger.as_deref().is_some_and(|danger| danger.contains("every mailbox")), "{advice}");
        contoso.provision(&spec).await;
    }
}

#[tokio::test]
async fn p8_rights_are_asked_for_the_caller_and_never_for_the_restricted_application() {
    let contoso = Contoso::start().await;
    let admin = contoso.tenant.administrator();
    contoso.tenant.assign_directory_role(&admin, DirectoryRole::ExchangeRecipientAdministrator);
    contoso.tenant.remove_directory_role(&admin, DirectoryRole::ExchangeAdministrator);
    let groups = ExchangeGroups::new(contoso.new_client()).wait(quick_wait());
    let plan = groups.plan(&contoso.rbac().build().unwrap()).await.unwrap();
    let finding = in_plan(&plan, FindingKind::MissingRight);
    assert_eq!(finding.severity, Severity::Blocking);
    let text = finding.to_string();
    assert!(text.contains(&admin.client_id) && !text.contains(&contoso.booking.client_id), "{text}");
    assert!(text.contains("Exchange Administrator") && text.contains("Never assign them to the restricted"), "{text}");
    assert!(plan.findings.iter().all(|finding| !finding.to_string().contains("Give the application")), "{plan}");

    contoso.tenant.remove_directory_role(&admin, DirectoryRole::ExchangeRecipientAdministrator);
    let groups = ExchangeGroups::new(contoso.new_client()).wait(quick_wait());
    let error = groups.plan(&contoso.rbac().build().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains(&admin.client_id), "{error}");
    assert!(!error.to_string().contains(&contoso.booking.client_id), "{error}");
}

#[tokio::test]
async fn p9_rooms_are_to_be_divided_because_several_groups_can_be_named() {
    let contoso = Contoso::of(FakeTenant::builder().rooms(10_001).people(3).build()).await;
    let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id)
        .owner("person-00001@contoso.com")
        .must_not_reach("person-00002@contoso.com");
    let plan = contoso.plan(&spec.clone().build().unwrap()).await;
    let finding = in_plan(&plan, FindingKind::TooManyMembers);
    assert!(finding.severity == Severity::Blocking && finding.advice.text.contains("other_groups"), "{finding}");
    let half = spec.rooms(Rooms::matching(exchange_groups::RoomFilter::new().address_starts_with("room-0")));
    let plan = contoso.plan(&half.other_group("rooms-b@contoso.com").build().unwrap()).await;
    assert!(!has(&plan.findings, FindingKind::TooManyMembers) && plan.rooms == 9_999, "{}", plan.rooms);
}

#[tokio::test]
async fn p10_after_the_organisation_was_customised_the_advice_is_to_wait() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_dehydrated(true);
    contoso.tenant.set_hydration_delay(Duration::from_secs(1_800));
    contoso.tenant.set_delegation_delay(Duration::from_secs(1_800));
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    let first = in_plan(&plan, FindingKind::Dehydrated);
    assert!(first.advice.commands().any(|command| command == "Enable-OrganizationCustomization"), "{first}");
    contoso.run(exchange_groups::graph_client::exchange::EnableOrganizationCustomization::new()).await;

    // First as if nothing had been done, then as if a delegating assignment were missing.
    for refusal in ["as if not customised", "as if not delegated"] {
        let plan = contoso.plan(&spec).await;
        assert!(plan.findings.iter().all(|it| it.advice.text.contains("hour") || it.kind != FindingKind::Dehydrated));
        if !plan.is_blocked() {
            let report = contoso.groups.apply(&plan).await.unwrap();
            let failed = report.steps.iter().find(|step| matches!(step.change, Change::AssignRole(_))).unwrap();
            let Outcome::Failed { error } = &failed.outcome else { panic!("{refusal}: {report}") };
            assert!(error.to_lowercase().contains("wait") && error.contains("hour"), "{refusal}: {error}");
        }
        let held = contoso.tenant.app_roles(&contoso.booking);
        assert!(held.contains(&"Calendars.ReadWrite".to_owned()), "the permission stays meanwhile");
        contoso.tenant.advance(Duration::from_secs(1_801));
    }
    contoso.provision(&spec).await;
    assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Verified);
}

#[tokio::test]
async fn p12_a_waiting_proof_looks_once_in_an_interval() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.policy().build().unwrap()).await;
    contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
    // A room is removed, and the old policy still lets it be reached.
    let spec = contoso.policy().rooms(Rooms::all().except("boardroom@contoso.com")).build().unwrap();
    contoso.provision(&spec).await;
    let once = contoso.prove(&spec).await;
    assert_eq!(once.verdict, Verdict::NotPropagated, "{once}");

    let (interval, deadline) = (Duration::from_millis(300), Duration::from_secs(1));
    let before = contoso.tenant.request_count();
    let proof = contoso.groups.prove(&spec).wait_up_to(deadline).poll_interval(interval).await.unwrap();
    let requests = contoso.tenant.request_count() - before;
    assert_eq!(proof.verdict, Verdict::NotPropagated, "{proof}");
    assert!((2..=4).contains(&proof.rounds) && proof.waited <= deadline * 2, "{proof}");
    // The first look and the last are at everything; those between at what is pending.
    let most = 2 * once.requests + 2 * u64::from(proof.rounds);
    assert!(requests as u64 <= most + 4, "{requests} requests, {most} expected at most");
}

#[tokio::test]
async fn p13_a_typo_a_person_and_equipment_among_the_rooms_are_told_apart() {
    let contoso = Contoso::start().await;
    let (typo, person) = ("room-b1-O101@contoso.com", "adele.vance@contoso.com");
    let mut rooms = contoso.rooms();
    rooms.extend([typo, person, "projector-1@contoso.com"].map(str::to_owned));
    let spec = contoso.rbac().rooms(Rooms::at(rooms.clone()));
    let plan = contoso.plan(&spec.clone().build().unwrap()).await;
    let unmatched: Vec<_> = plan.findings.iter().filter(|it| it.kind == FindingKind::UnmatchedRoom).collect();
    let subjects: Vec<_> = unmatched
        .iter()
        .map(|it| {
            let address = it.subject.address.as_ref().map(SmtpAddress::as_str).unwrap_or_default();
            (address, it.subject.kind.as_deref(), it.spec_path.as_deref())
        })
        .collect();
    assert_eq!(
        subjects,
        [
            (typo, None, Some("rooms.addresses[40]")),
            (person, Some("UserMailbox"), Some("rooms.addresses[41]")),
            ("projector-1@contoso.com", Some("EquipmentMailbox"), Some("rooms.addresses[42]")),
        ]
    );
    assert!(plan.is_blocked());

    let spec = spec.skip_unmatched_rooms(true).build().unwrap();
    let report = contoso.provision(&spec).await;
    assert_eq!(report.members.as_ref().map(|members| members.present), Some(40));
    assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Verified, "the caller may go on with the rest");

    rooms.push("BOARDROOM@contoso.com".into());
    let error = contoso.rbac().rooms(Rooms::at(rooms)).build().unwrap_err();
    let fault = &error.faults()[0];
    assert_eq!((&*fault.field, &*fault.value), ("rooms.addresses[43]", "BOARDROOM@contoso.com"), "{error}");
}

#[tokio::test]
async fn p16_two_addresses_of_one_mailbox_are_one_member_and_one_check() {
    for with_members in [false, true] {
        let contoso = Contoso::start().await;
        contoso.tenant.add_mailbox(NewMailbox::shared("frontdesk@contoso.com").proxy_address("front.desk@contoso.com"));
        if with_members {
            contoso.provision(&contoso.rbac().build().unwrap()).await;
        }
        let spec = contoso.rbac().mailbox("frontdesk@contoso.com").mailbox("front.desk@contoso.com").build().unwrap();
        let report = contoso.provision(&spec).await;
        assert_eq!(report.members.as_ref().map(|members| members.present), Some(41), "{report}");
        let proof = contoso.prove(&spec).await;
        let checks = proof.checks.iter().filter(|check| check.mailbox.as_str().contains("desk")).count();
        assert_eq!((proof.verdict, checks, proof.checks.len()), (Verdict::Verified, 1, 42), "{proof}");
        assert!(contoso.plan(&spec).await.is_empty());
    }
}
