//! Findings about what the application reaches: each advice at the right moment. The wrong one is in `danger.rs`.

use std::time::Duration;

use exchange_groups::graph_client::StaticToken;
use exchange_groups::{Actor, Finding, FindingKind as Kind, Permission, Rooms, Verdict};
use exchange_groups_tests::{Contoso, GROUP, OWNER};
use fake_tenant::{DirectoryRole, Fault, Matcher, NewGroup, NewRoleAssignment, PolicyRight, Resource};
use serde_json::json;

use super::follow::{Case, assert_says, small};
use super::scenarios;

scenarios! {
    ApplicationDisabled: a_disabled_application;
    PolicyWithWrongId: a_policy_for_the_object_id;
    TenantWidePermission: a_permission_that_stays, a_permission_that_the_plan_revokes, a_permission_that_the_policy_narrows,
        a_permission_for_web_services;
    OtherRole: a_role_over_everybody, a_role_of_ours_over_everybody, a_role_over_the_group_of_another_spec;
    OtherPolicy: a_policy_over_another_group;
    UndecidedPath: a_permission_that_nobody_lists;
    NothingToNarrow: a_policy_without_a_permission;
    DenyPolicy: a_policy_that_denies_a_room;
    WiderPermission: a_permission_that_writes;
    InsufficientPermission: a_permission_that_only_reads;
    NotPropagated: a_role_that_propagates, a_policy_that_propagates;
    OtherApplications: another_application_over_the_group;
    Namesake: a_second_registration_of_the_product;
    CanWidenItself: a_permission_to_grant_itself, a_directory_role;
    OthersCanWiden: administrators;
    ObsoletePermission: a_permission_of_the_outlook_api;
    RelatedPermission: a_permission_to_read_mail;
    BrokenScope: a_policy_whose_group_is_gone;
    DelegatedPermission: a_delegated_permission;
    FreeBusyVisible: a_calendar_that_shows_subjects;
    AddressNotASignInName: a_room_with_another_sign_in_name;
    OutdatedToken: a_token_from_before_the_revocation;
    RefusedUnderDenyPolicy: a_policy_that_binds_a_role;
    WriteRefused: a_writing_role_that_propagates;
    WriteUndecided: an_event_in_a_mailbox_of_somebody_else;
}

async fn a_disabled_application() {
    let tenant = small();
    tenant.set_application_enabled(tenant.booking_application(), false);
    let mut case = Case::of(tenant, Contoso::rbac).await;
    let finding = case.find(Kind::ApplicationDisabled).await;
    case.provision().await;
    assert_says(&finding, "Once the restriction is in place");
    case.follow(&finding).await;
    case.verify_without(Kind::ApplicationDisabled).await;
}

async fn a_policy_for_the_object_id() {
    let tenant = small();
    tenant.add_access_policy(&tenant.booking_application().object_id, PolicyRight::Restrict, "executives@contoso.com");
    let mut case = Case::of(tenant, Contoso::policy).await;
    let finding = case.find(Kind::PolicyWithWrongId).await;
    case.follow(&finding).await;
    case.verify_without(Kind::PolicyWithWrongId).await;
}

async fn a_permission_that_stays() {
    let mut case = Case::new(|contoso| contoso.rbac().revoke_tenant_wide_grant(false)).await;
    let finding = case.find(Kind::TenantWidePermission).await;
    assert_says(&finding, "Only once the role over the group has propagated");
    case.provision().await;
    case.follow(&finding).await;
    case.verify_without(Kind::TenantWidePermission).await;
}

async fn a_permission_that_the_plan_revokes() {
    let mut case = Case::new(Contoso::rbac).await;
    let proof = case.prove().await;
    let finding = proof.findings.iter().find(|it| it.kind == Kind::TenantWidePermission).unwrap().clone();
    assert_eq!(finding.advice.actor, Actor::Operator);
    assert_says(&finding, "Apply the plan: it revokes the permission once the role is in place.");
    case.verify_without(Kind::TenantWidePermission).await;
}

/// Revoking what an access policy narrows would lead away from the spec.
async fn a_permission_that_the_policy_narrows() {
    let mut case = Case::new(Contoso::policy).await;
    let proof = case.prove().await;
    let finding = proof.findings.iter().find(|it| it.kind == Kind::TenantWidePermission).unwrap().clone();
    assert_eq!(finding.advice.actor, Actor::Operator);
    assert_says(&finding, "Apply the plan: its access policy narrows the permission to the group.");
    case.verify_without(Kind::TenantWidePermission).await;
}

async fn a_permission_for_web_services() {
    let tenant = small();
    tenant.grant(tenant.booking_application(), Resource::Exchange, "full_access_as_app");
    let mut case = Case::of(tenant, Contoso::rbac).await;
    case.provision().await;
    if case.prove().await.verdict != Verdict::Verified {
        let finding = case.find(Kind::TenantWidePermission).await;
        case.follow(&finding).await;
    }
    case.verify_without(Kind::TenantWidePermission).await;
}

async fn a_role_over_everybody() {
    let tenant = small();
    tenant.assign_role(tenant.booking_application(), NewRoleAssignment::new("Application Calendars.Read"));
    let mut case = Case::of(tenant, Contoso::rbac).await;
    let finding = case.find(Kind::OtherRole).await;
    case.provision().await;
    assert!(case.reaches("ceo@contoso.com"));
    case.follow(&finding).await;
    case.verify_without(Kind::OtherRole).await;
}

/// V8: to remove it would end what the other spec wants.
async fn a_role_over_the_group_of_another_spec() {
    let tenant = small();
    tenant.add_group(NewGroup::security("panels").owner(OWNER).members(["boardroom@contoso.com"]));
    let others = NewRoleAssignment::new("Application Calendars.ReadWrite").group("panels@contoso.com");
    tenant.assign_role(tenant.booking_application(), others);
    let lower = |contoso: &Contoso| contoso.rbac().rooms(Rooms::all().except("boardroom@contoso.com"));
    let mut case = Case::of(tenant, lower).await;
    case.provision().await;
    let finding = case.find(Kind::OtherRole).await;
    assert_says(&finding, "name the group in other_groups of the spec instead");
    let first = ["room-00001@contoso.com", "room-00002@contoso.com"];
    let spec = case.contoso.rbac().rooms(Rooms::at(first)).allow_large_removal(true);
    case.spec = spec.other_group("panels@contoso.com").build().unwrap();
    case.verify_without(Kind::OtherRole).await;
    assert!(case.reaches("boardroom@contoso.com"), "the other spec's room is still reached");
}

/// The plan moves it.
async fn a_role_of_ours_over_everybody() {
    let mut case = Case::new(Contoso::rbac).await;
    case.provision().await;
    let ours = case.tenant().role_assignments(&case.contoso.booking)[0].clone();
    case.tenant().run_cmdlet("Remove-ManagementRoleAssignment", json!({ "Identity": ours.name, "Confirm": false }));
    case.tenant().assign_role(&case.contoso.booking, NewRoleAssignment::new(&ours.role).name(&ours.name));
    case.start_from_here();
    let proof = case.prove().await;
    let finding = proof.findings.iter().find(|it| it.kind == Kind::OtherRole).unwrap().clone();
    assert_eq!(finding.advice.actor, Actor::Operator);
    assert_says(&finding, "Apply the plan: it corrects the role assignment");
    case.verify_without(Kind::OtherRole).await;
}

async fn a_policy_over_another_group() {
    let tenant = small();
    tenant.add_access_policy(&tenant.booking_application().client_id, PolicyRight::Restrict, "executives@contoso.com");
    let mut case = Case::of(tenant, Contoso::policy).await;
    case.tenant().set_policy_delay(Duration::from_secs(3_600));
    let finding = case.find(Kind::OtherPolicy).await;
    assert_says(&finding, "Only once the policy over the group has propagated");
    case.provision().await;
    case.follow(&finding).await;
    case.verify_without(Kind::OtherPolicy).await;
    assert!(!case.reaches("ceo@contoso.com"));
}

async fn a_permission_that_nobody_lists() {
    let tenant = small();
    let id = "5a1f0c52-0d37-4f16-8a2b-9c1f4c1d7e01";
    tenant.list_app_role(Resource::Graph, id, "Calendars.Everything.All");
    tenant.grant(tenant.booking_application(), Resource::Graph, id);
    let mut case = Case::of(tenant, Contoso::rbac).await;
    case.provision().await;
    assert_eq!(case.prove().await.verdict, Verdict::Inconclusive);
    let finding = case.find(Kind::UndecidedPath).await;
    case.follow(&finding).await;
    case.verify_without(Kind::UndecidedPath).await;
}

/// P7
async fn a_policy_without_a_permission() {
    let tenant = small();
    tenant.revoke_app_role(tenant.booking_application(), "Calendars.ReadWrite");
    tenant.set_policy_delay(Duration::from_secs(3_600));
    let mut case = Case::of(tenant, Contoso::policy).await;
    let finding = case.find(Kind::NothingToNarrow).await;
    case.provision().await;
    case.by_hand(
        &finding,
        Actor::EntraAdministrator,
        "Only once the policy has propagated, grant Calendars.ReadWrite",
        |contoso| {
            contoso.tenant.grant_app_role(&contoso.booking, "Calendars.ReadWrite");
        },
    );
    case.verify_without(Kind::NothingToNarrow).await;
}

/// V10
async fn a_policy_that_denies_a_room() {
    let tenant = small();
    tenant.add_group(NewGroup::security("private").owner("ceo").members(["boardroom@contoso.com", "ceo@contoso.com"]));
    tenant.add_access_policy(&tenant.booking_application().client_id, PolicyRight::Deny, "private@contoso.com");
    let mut case = Case::of(tenant, Contoso::policy).await;
    let finding = case.find(Kind::DenyPolicy).await;
    assert_says(&finding, "Only once the restriction of this plan has propagated");
    case.provision().await;
    assert!(!case.reaches("boardroom@contoso.com"));
    case.follow(&finding).await;
    case.verify_without(Kind::DenyPolicy).await;
    assert!(case.reaches("boardroom@contoso.com") && !case.reaches("ceo@contoso.com"));
}

async fn a_permission_that_writes() {
    let mut case = Case::new(|contoso| contoso.policy().permission(Permission::Read)).await;
    let finding = case.find(Kind::WiderPermission).await;
    case.provision().await;
    assert_eq!(case.prove().await.verdict, Verdict::Violated);
    let spec = case.contoso.policy().permission(Permission::ReadWrite);
    case.edit(&finding, "Set permission to read_write if that is meant.", spec);
    case.verify_without(Kind::WiderPermission).await;
    // For reading alone, the other way: RBAC.
    let spec = case.contoso.rbac().permission(Permission::Read);
    case.edit(&finding, "for reading alone set restriction to rbac", spec);
    let report = case.apply().await;
    assert!(report.is_complete(), "{report}");
    case.wait();
    case.assert_gone(Kind::WiderPermission).await;
}

/// V5
async fn a_permission_that_only_reads() {
    let tenant = small();
    let booking = tenant.booking_application();
    tenant.revoke_app_role(&booking, "Calendars.ReadWrite");
    tenant.grant_app_role(&booking, "Calendars.Read");
    tenant.set_policy_delay(Duration::from_secs(3_600));
    let mut case = Case::of(tenant, Contoso::policy).await;
    let finding = case.find(Kind::InsufficientPermission).await;
    case.provision().await;
    assert_eq!(case.prove().await.verdict, Verdict::Violated);
    case.by_hand(
        &finding,
        Actor::EntraAdministrator,
        "Only once the policy has propagated, grant Calendars.ReadWrite",
        |contoso| {
            contoso.tenant.grant_app_role(&contoso.booking, "Calendars.ReadWrite");
        },
    );
    case.verify_without(Kind::InsufficientPermission).await;
}

async fn waits(spec: fn(&Contoso) -> exchange_groups::RestrictedCalendarGroupBuilder) {
    let mut case = Case::new(spec).await;
    case.tenant().set_policy_delay(Duration::from_secs(3_600));
    let report = case.apply().await;
    assert!(report.is_complete(), "{report}");
    let proof = case.prove().await;
    assert_eq!(proof.verdict, Verdict::NotPropagated, "{proof}");
    let finding = proof.findings.iter().find(|it| it.kind == Kind::NotPropagated).unwrap();
    assert_eq!(finding.advice.actor, Actor::Operator);
    assert_says(finding, "Change nothing, and verify again later.");
    case.verify_without(Kind::NotPropagated).await;
}

async fn a_role_that_propagates() {
    waits(Contoso::rbac).await;
}

async fn a_policy_that_propagates() {
    waits(Contoso::policy).await;
}

/// V14
async fn another_application_over_the_group() {
    let mut case = Case::new(Contoso::rbac).await;
    case.provision().await;
    let panels = case.tenant().add_application("Panels", "not-a-real-secret-of-panels");
    let role = || NewRoleAssignment::new("Application Calendars.Read").name("panels");
    case.tenant().assign_role(&panels, role().group(GROUP));
    case.tenant().add_room("room-new");
    let finding = case.find(Kind::OtherApplications).await;
    case.by_hand(&finding, Actor::ExchangeAdministrator, "restrict them to a group of their own", |contoso| {
        contoso.tenant.add_group(NewGroup::security("panels").owner(OWNER).members(["boardroom@contoso.com"]));
        let remove = json!({ "Identity": "panels", "Confirm": false });
        contoso.tenant.run_cmdlet("Remove-ManagementRoleAssignment", remove);
        contoso.tenant.assign_role(&panels, role().group("panels@contoso.com"));
    });
    case.verify_without(Kind::OtherApplications).await;
}

/// The product was consented to again. Its new registration reaches everybody until it is restricted too.
async fn a_second_registration_of_the_product() {
    let mut case = Case::of(small(), Contoso::rbac).await;
    case.provision().await;
    let second = case.tenant().add_application("PlaceOS Bookings Visualiser", "not-a-real-secret-of-the-second");
    case.tenant().grant(&second, Resource::Graph, "Calendars.ReadWrite");
    let finding = case.find(Kind::Namesake).await;
    assert_eq!(finding.subject.id.as_deref(), Some(&*second.client_id));
    case.by_hand(&finding, Actor::EntraAdministrator, "Restrict that one, and retire the other", |contoso| {
        contoso.tenant.add_access_policy(&second.client_id, PolicyRight::Restrict, GROUP);
    });
    case.verify_without(Kind::Namesake).await;
}

async fn a_permission_to_grant_itself() {
    let tenant = small();
    tenant.grant_app_role(tenant.booking_application(), "AppRoleAssignment.ReadWrite.All");
    let mut case = Case::of(tenant, Contoso::rbac).await;
    let finding = case.find(Kind::CanWidenItself).await;
    assert!(finding.message.contains("risk"), "{finding}");
    case.provision().await;
    assert_eq!(case.prove().await.verdict, Verdict::Violated);
    case.follow(&finding).await;
    case.verify_without(Kind::CanWidenItself).await;
}

/// V3
async fn a_directory_role() {
    let tenant = small();
    let booking = tenant.booking_application();
    tenant.grant_app_role(&booking, "Exchange.ManageAsApp");
    tenant.assign_directory_role(&booking, DirectoryRole::ExchangeAdministrator);
    let mut case = Case::of(tenant, Contoso::rbac).await;
    case.provision().await;
    let finding = case.find(Kind::CanWidenItself).await;
    assert_eq!(finding.advice.actor, Actor::EntraAdministrator);
    if finding.advice.commands().next().is_some() {
        case.follow(&finding).await;
    }
    case.tenant().remove_directory_role(&case.contoso.booking, DirectoryRole::ExchangeAdministrator);
    case.verify_without(Kind::CanWidenItself).await;
}

async fn administrators() {
    let mut case = Case::new(Contoso::rbac).await;
    let finding = case.find(Kind::OthersCanWiden).await;
    assert_eq!(finding.advice.actor, Actor::Nobody);
    case.verify().await;
}

async fn a_permission_of_the_outlook_api() {
    let tenant = small();
    tenant.grant(tenant.booking_application(), Resource::Exchange, "Contacts.Read");
    let mut case = Case::of(tenant, Contoso::rbac).await;
    case.provision().await;
    let finding = case.find(Kind::ObsoletePermission).await;
    case.follow(&finding).await;
    case.verify_without(Kind::ObsoletePermission).await;
}

async fn a_permission_to_read_mail() {
    let tenant = small();
    tenant.grant_app_role(tenant.booking_application(), "Mail.Read");
    let mut case = Case::of(tenant, Contoso::rbac).await;
    case.verify().await;
    let finding = case.find(Kind::RelatedPermission).await;
    assert_says(&finding, "If the application does not need it:");
    case.follow(&finding).await;
    case.verify_without(Kind::RelatedPermission).await;
}

async fn a_policy_whose_group_is_gone() {
    let tenant = small();
    tenant.add_group(NewGroup::security("old-rooms").owner(OWNER).members(["boardroom@contoso.com"]));
    tenant.add_access_policy(&tenant.booking_application().client_id, PolicyRight::Restrict, "old-rooms@contoso.com");
    let remove =
        json!({ "Identity": "old-rooms@contoso.com", "BypassSecurityGroupManagerCheck": true, "Confirm": false });
    tenant.run_cmdlet("Remove-DistributionGroup", remove);
    let mut case = Case::of(tenant, Contoso::rbac).await;
    let finding = case.find(Kind::BrokenScope).await;
    assert_says(&finding, "Only once the restriction of this plan has propagated");
    case.provision().await;
    case.follow(&finding).await;
    case.verify_without(Kind::BrokenScope).await;
}

async fn a_delegated_permission() {
    let tenant = small();
    tenant.grant_scopes(tenant.booking_application(), Resource::Graph, "Calendars.Read", None);
    let mut case = Case::of(tenant, Contoso::rbac).await;
    case.verify().await;
    let finding = case.find(Kind::DelegatedPermission).await;
    case.follow(&finding).await;
    case.verify_without(Kind::DelegatedPermission).await;
}

async fn a_calendar_that_shows_subjects() {
    let tenant = small();
    tenant.set_default_calendar_permission("ceo@contoso.com", "LimitedDetails");
    let mut case = Case::of(tenant, Contoso::rbac).await;
    let proof = case.verify().await;
    assert!(proof.findings.iter().any(|it| it.kind == Kind::FreeBusyVisible), "{proof}");
    let finding = case.find(Kind::FreeBusyVisible).await;
    case.follow(&finding).await;
    case.verify_without(Kind::FreeBusyVisible).await;
}

/// V15
async fn a_room_with_another_sign_in_name() {
    let tenant = small();
    tenant.set_user_principal_name("boardroom@contoso.com", "room.4711@contoso.com");
    let mut case = Case::of(tenant, Contoso::rbac).await;
    // [injected]: that Graph does not find such a mailbox by its address is not known.
    let body = json!({ "error": { "code": "ErrorInvalidUser", "message": "The requested user is invalid." } });
    let by_address = Matcher::path("/users/boardroom@contoso.com/").times(20);
    case.tenant().fail_next(by_address, Fault::status(404, body));
    let proof = case.verify().await;
    assert!(proof.findings.iter().any(|it| it.kind == Kind::AddressNotASignInName), "{proof}");
    let finding = case.find(Kind::AddressNotASignInName).await;
    case.follow(&finding).await;
    case.verify_without(Kind::AddressNotASignInName).await;
}

/// The sign-in service goes on to give the permission that was revoked.
async fn a_token_from_before_the_revocation() {
    let tenant = small();
    tenant.set_token_lifetime(Duration::from_secs(24 * 60 * 60));
    let mut case = Case::of(tenant, Contoso::rbac).await;
    let before = StaticToken::graph(case.tenant().graph_token(&case.contoso.booking));
    case.provision().await;
    let own = case.groups.clone();
    case.groups = own.clone().application(before);
    assert_eq!(case.prove().await.verdict, Verdict::NotPropagated);
    let finding = case.find(Kind::OutdatedToken).await;
    assert!(finding.message.contains("Calendars.ReadWrite"), "{finding}");
    assert_eq!(finding.advice.actor, Actor::Operator);
    assert_says(&finding, "Verify again in some minutes");
    case.groups = own;
    case.verify_without(Kind::OutdatedToken).await;
}

/// By Microsoft's page it does not; a service that thinks otherwise is to be survived.
async fn a_policy_that_binds_a_role() {
    let tenant = small();
    tenant.add_group(NewGroup::security("private").owner("ceo").members(["boardroom@contoso.com", "ceo@contoso.com"]));
    tenant.add_access_policy(&tenant.booking_application().client_id, PolicyRight::Deny, "private@contoso.com");
    let mut case = Case::of(tenant, Contoso::rbac).await;
    case.provision().await;
    let room = case.contoso.object_id("boardroom@contoso.com");
    let reads = Matcher::path(&format!("/users/{room}/calendarView")).times(50);
    let refused = json!({"error": {"code": "ErrorAccessDenied",
        "message": "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings."}});
    case.tenant().fail_next(reads, Fault::status(403, refused));
    assert_eq!(case.prove().await.verdict, Verdict::Inconclusive);
    let finding = case.find(Kind::RefusedUnderDenyPolicy).await;
    case.by_hand(&finding, Actor::ExchangeAdministrator, "from that policy's group", |contoso| {
        contoso.tenant.remove_member("private@contoso.com", "boardroom@contoso.com");
        contoso.tenant.clear_faults();
    });
    case.verify_without(Kind::RefusedUnderDenyPolicy).await;
}

/// A proof that writes, and the finding of a kind in it.
async fn written(case: &Case, mailbox: &str, kind: Kind) -> (Verdict, Finding) {
    let proof = case.groups.prove(&case.spec).write_in(mailbox.parse().unwrap()).await.unwrap();
    let finding = proof.findings.iter().find(|it| it.kind == kind).unwrap_or_else(|| panic!("no {kind:?}\n{proof}"));
    (proof.verdict, finding.clone())
}

async fn a_writing_role_that_propagates() {
    let mut case = Case::new(Contoso::rbac).await;
    case.provision().await;
    let refused = json!({"error": {"code": "ErrorAccessDenied", "message": "Access is denied. Check credentials and try again."}});
    let writes = Matcher::path("/events").method("POST").times(5);
    case.tenant().fail_next(writes, Fault::status(403, refused));
    let (verdict, finding) = written(&case, "boardroom@contoso.com", Kind::WriteRefused).await;
    assert_eq!(verdict, Verdict::NotPropagated);
    assert_eq!(finding.advice.actor, Actor::Operator);
    assert_says(&finding, "change nothing and verify again later");
    case.tenant().clear_faults();
    case.verify_without(Kind::WriteRefused).await;
}

async fn an_event_in_a_mailbox_of_somebody_else() {
    let mut case = Case::new(Contoso::rbac).await;
    case.provision().await;
    let (verdict, finding) = written(&case, "adele.vance@contoso.com", Kind::WriteUndecided).await;
    assert_eq!(verdict, Verdict::Inconclusive);
    assert_eq!(finding.advice.actor, Actor::Operator);
    assert_says(&finding, "with a mailbox that the application is to reach");
    let proof = case.groups.prove(&case.spec).write_in("boardroom@contoso.com".parse().unwrap()).await.unwrap();
    assert!(proof.is_verified() && proof.findings.iter().all(|it| it.kind != Kind::WriteUndecided), "{proof}");
    case.verify_without(Kind::WriteUndecided).await;
}
