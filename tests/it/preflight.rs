//! Whether a spec can be applied: every check at once, with three outcomes.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use exchange_groups::graph_client::{Client, ClientSecret};
use exchange_groups::{Actor, ExchangeGroups, Preflight, PreflightKind as Check, PreflightOutcome as Outcome};
use exchange_groups_tests::{Contoso, GROUP, quick_retries};
use fake_tenant::{DirectoryRole, Fault, Matcher, NewGroup, NewMailbox, NewRoleAssignment, PolicyRight, RecipientKind};

async fn preflight(contoso: &Contoso) -> Preflight {
    contoso.groups.preflight(&contoso.rbac().build().unwrap()).await
}

fn outcome(preflight: &Preflight, check: Check) -> Outcome {
    preflight.check(check).unwrap_or_else(|| panic!("no {check}: {preflight}")).outcome
}

#[tokio::test]
async fn a_tenant_that_is_ready_passes_every_check() {
    let contoso = Contoso::start().await;
    let preflight = preflight(&contoso).await;
    assert_eq!(preflight.checks.len(), Check::ALL.len(), "every check has an outcome: {preflight}");
    assert_eq!(preflight.with_outcome(Outcome::Failed).count(), 0, "{preflight}");
    assert_eq!(preflight.with_outcome(Outcome::CouldNotTell).count(), 0, "{preflight}");
    assert_eq!(contoso.tenant.write_count(), 0);
    assert_eq!(preflight, serde_json::from_str(&serde_json::to_string(&preflight).unwrap()).unwrap());
}

/// A secret that has expired: one failure, and everything else could not be told; nothing is an error.
#[tokio::test]
async fn a_sign_in_that_fails_ends_nothing_early() {
    let contoso = Contoso::start().await;
    let admin = contoso.tenant.administrator();
    let wrong = ClientSecret::new(admin.client_id.parse().unwrap(), "not the secret");
    let client = Client::builder()
        .tenant(contoso.tenant.domain())
        .credential(wrong)
        .cloud(contoso.cloud())
        .retry(quick_retries())
        .build()
        .unwrap();
    let preflight = ExchangeGroups::new(client).preflight(&contoso.rbac().build().unwrap()).await;
    assert_eq!(preflight.checks.len(), Check::ALL.len());
    assert_eq!(outcome(&preflight, Check::ExchangeSignIn), Outcome::Failed);
    assert_eq!(outcome(&preflight, Check::GraphSignIn), Outcome::Failed);
    for check in preflight.checks.iter().skip(2) {
        assert_eq!(check.outcome, Outcome::CouldNotTell, "{preflight}");
    }
    assert!(!preflight.to_string().contains("not the secret"), "{preflight}");
}

/// #19, #46, #47: a global administrator whose cmdlet is not recognised, a 401 until the role is there, and a permission
/// that nobody finds: who gives which right is said, and nothing of it needs a module on this machine.
#[tokio::test]
async fn complaints_19_46_and_47_missing_rights_are_named_with_who_gives_them() {
    let contoso = Contoso::start().await;
    let admin = contoso.tenant.administrator();
    contoso.tenant.revoke_app_role(&admin, "AppRoleAssignment.ReadWrite.All");
    let missing = preflight(&contoso).await;
    let roles = missing.check(Check::GraphRoles).unwrap();
    assert_eq!(roles.outcome, Outcome::Failed, "{missing}");
    assert!(roles.evidence.contains("AppRoleAssignment.ReadWrite.All"), "{missing}");
    assert_eq!(roles.advice.as_ref().map(|advice| advice.actor), Some(Actor::EntraAdministrator));

    let contoso = Contoso::start().await;
    contoso.tenant.remove_directory_role(contoso.tenant.administrator(), DirectoryRole::ExchangeAdministrator);
    let denied = preflight(&contoso).await;
    assert_eq!(outcome(&denied, Check::Tenant), Outcome::CouldNotTell, "{denied}");
    let advice = denied.check(Check::Tenant).unwrap().advice.as_ref().unwrap().to_string();
    assert!(advice.contains("Exchange.ManageAsApp") && advice.contains("no PowerShell module"), "{advice}");
}

/// #11, #51: the kind of group and where it is kept are seen before anything is applied.
#[tokio::test]
async fn complaints_11_and_51_a_group_of_the_wrong_kind_or_from_on_premises_is_seen() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_group(NewGroup::distribution(GROUP).owner("exchange.admin@contoso.com"));
    let wrong = preflight(&contoso).await;
    assert_eq!(outcome(&wrong, Check::GroupKind), Outcome::Failed, "{wrong}");

    let contoso = Contoso::start().await;
    contoso.tenant.add_group(NewGroup::security(GROUP).display_name("PlaceOS Room Booking").dir_synced());
    let synced = preflight(&contoso).await;
    let check = synced.check(Check::GroupKind).unwrap();
    assert!(check.outcome == Outcome::Failed && check.evidence.contains("on-premises"), "{synced}");
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_all_at_once() {
    let contoso = Contoso::start().await;
    let spec = exchange_groups::RestrictedCalendarGroup::placeos("ceo@contoso.com", &*contoso.booking.object_id)
        .owner("nobody@contoso.com")
        .must_not_reach("nowhere@contoso.com")
        .build()
        .unwrap();
    let preflight = contoso.groups.preflight(&spec).await;
    for check in [Check::Address, Check::Owners, Check::Application, Check::MustNotReach] {
        assert_eq!(outcome(&preflight, check), Outcome::Failed, "{check}: {preflight}");
        assert!(preflight.check(check).unwrap().advice.is_some(), "{check}");
    }
    let elsewhere = contoso.rbac().build().unwrap();
    let elsewhere = exchange_groups::RestrictedCalendarGroup::placeos("rooms@fabrikam.com", elsewhere.application())
        .owner("exchange.admin@contoso.com")
        .must_not_reach("ceo@contoso.com")
        .build()
        .unwrap();
    assert_eq!(outcome(&contoso.groups.preflight(&elsewhere).await, Check::AcceptedDomain), Outcome::Failed);
    assert!(preflight.to_string().contains("In the way"), "{preflight}");
}

/// A part that could not be read is neither passed nor failed.
#[tokio::test]
async fn what_could_not_be_read_could_not_be_told() {
    let contoso = Contoso::start().await;
    contoso.tenant.fail_next(
        Matcher::cmdlet("Get-ServicePrincipal").times(100),
        Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "No."),
    );
    assert_eq!(outcome(&preflight(&contoso).await, Check::Holdings), Outcome::CouldNotTell);
}

#[tokio::test]
async fn an_organisation_that_was_never_customised_is_seen_where_it_matters() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_dehydrated(true);
    let rbac = preflight(&contoso).await;
    assert_ne!(rbac.check(Check::Customized).unwrap().evidence, "IsDehydrated is False", "{rbac}");
    let policy = contoso.groups.preflight(&contoso.policy().build().unwrap()).await;
    assert_eq!(outcome(&policy, Check::Customized), Outcome::Passed, "{policy}");
    assert_eq!(outcome(&policy, Check::PolicySpace), Outcome::Passed, "{policy}");
}

/// A plan that is blocked is never ready, whatever blocks it.
#[tokio::test]
async fn whatever_blocks_the_plan_stands_in_the_way() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.policy().build().unwrap()).await;
    contoso.tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Deny, GROUP);
    let spec = contoso.policy().build().unwrap();
    let preflight = contoso.groups.preflight(&spec).await;
    assert!(contoso.plan(&spec).await.is_blocked());
    assert!(!preflight.is_ready(), "{preflight}");
    assert_eq!(outcome(&preflight, Check::OtherIssues), Outcome::Failed, "{preflight}");
}

/// An address that several recipients have is told where the spec has it.
#[tokio::test]
async fn an_ambiguous_owner_is_the_owners_fault_and_not_the_groups() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_mailbox(NewMailbox::new(RecipientKind::MailUser, "exchange.admin").shares_address());
    let preflight = preflight(&contoso).await;
    assert_eq!(outcome(&preflight, Check::Address), Outcome::Passed, "{preflight}");
    assert_eq!(outcome(&preflight, Check::Owners), Outcome::Failed, "{preflight}");
}

/// What does not stand in the way is said and fails nothing; a right is asked for where a step needs it.
#[tokio::test]
async fn a_warning_fails_no_check_and_a_right_is_asked_for_where_a_step_needs_it() {
    let contoso = Contoso::start().await;
    let spec = exchange_groups::RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id)
        .owner("exchange.admin@contoso.com")
        .revoke_tenant_wide_grant(true)
        .build()
        .unwrap();
    let no_proof = contoso.groups.preflight(&spec).await;
    assert!(!contoso.plan(&spec).await.is_blocked());
    assert_eq!(no_proof.with_outcome(Outcome::Failed).count(), 0, "nothing is in the way: {no_proof}");
    assert_eq!(outcome(&no_proof, Check::MustNotReach), Outcome::CouldNotTell, "nobody can verify it: {no_proof}");
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.revoke_app_role(contoso.tenant.administrator(), "AppRoleAssignment.ReadWrite.All");
    let groups = ExchangeGroups::new(contoso.new_client());
    let done = groups.preflight(&spec).await;
    assert_eq!(outcome(&done, Check::GraphRoles), Outcome::Passed, "there is nothing to revoke any more: {done}");
}

/// An assignment of the caller's own is known by its ids, and said before what a directory role would allow.
#[tokio::test]
async fn a_delegating_assignment_of_the_callers_own_is_recognised() {
    let contoso = Contoso::start().await;
    let admin = contoso.tenant.administrator();
    let own = NewRoleAssignment::new("Application Calendars.ReadWrite").name("own").delegating();
    contoso.tenant.assign_role(&admin, own);
    let preflight = preflight(&contoso).await;
    let check = preflight.check(Check::DelegatingAssignment).unwrap();
    assert_eq!(check.outcome, Outcome::Passed, "{preflight}");
    assert!(check.evidence.contains("the administering application"), "{preflight}");
}

/// Who changes an assignment needs to be able to assign the role on, as who makes one does.
#[tokio::test]
async fn a_plan_that_alters_a_role_needs_the_delegating_assignment_too() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    let assignment = contoso.tenant.role_assignments(&contoso.booking)[0].name.clone();
    let disabled = serde_json::json!({ "Identity": assignment, "Enabled": false });
    contoso.tenant.run_cmdlet("Set-ManagementRoleAssignment", disabled);
    let preflight = contoso.groups.preflight(&spec).await;
    let evidence = &preflight.check(Check::DelegatingAssignment).unwrap().evidence;
    assert!(evidence.contains("may assign the role"), "{preflight}");
}

/// Who is in a role group is not shown: only the directory role in the token says it.
#[tokio::test]
async fn who_may_assign_a_role_is_not_told_without_the_directory_role() {
    let contoso = Contoso::start().await;
    contoso.tenant.remove_directory_role(contoso.tenant.administrator(), DirectoryRole::ExchangeAdministrator);
    contoso.tenant.assign_directory_role(contoso.tenant.administrator(), DirectoryRole::ExchangeRecipientAdministrator);
    let preflight = preflight(&contoso).await;
    assert_eq!(outcome(&preflight, Check::DelegatingAssignment), Outcome::CouldNotTell, "{preflight}");
}

/// Where the roles could not be read, whether one is to be assigned is not known.
#[tokio::test]
async fn nothing_is_said_to_be_needless_on_roles_that_were_not_read() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    assert_eq!(outcome(&preflight(&contoso).await, Check::DelegatingAssignment), Outcome::Passed);
    contoso.tenant.set_dehydrated(true);
    contoso.tenant.fail_next(
        Matcher::cmdlet("Get-ServicePrincipal").times(100),
        Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "No."),
    );
    let unread = preflight(&contoso).await;
    let delegating = &unread.check(Check::DelegatingAssignment).unwrap().evidence;
    assert!(!delegating.contains("no role is to be assigned"), "{unread}");
    assert_ne!(outcome(&unread, Check::Customized), Outcome::Passed, "{unread}");
}
