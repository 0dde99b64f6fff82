//! Dangerous advice at the wrong moment: the danger that it names is real.

use std::time::Duration;

use exchange_groups::{FindingKind as Kind, Verdict};
use exchange_groups_tests::Contoso;
use fake_tenant::{DirectoryRole, NewGroup, PolicyRight};

use super::follow::{Case, small};

const HOUR: Duration = Duration::from_secs(3_600);

/// P7
#[tokio::test]
async fn a_permission_that_is_granted_before_the_policy_acts_reaches_everybody() {
    let tenant = small();
    tenant.revoke_app_role(tenant.booking_application(), "Calendars.ReadWrite");
    tenant.set_policy_delay(HOUR);
    let mut case = Case::of(tenant, Contoso::policy).await;
    let finding = case.find(Kind::NothingToNarrow).await;
    assert!(finding.advice.danger.as_deref().is_some_and(|danger| danger.contains("every mailbox")), "{finding}");
    case.apply().await;
    case.tenant().grant_app_role(&case.contoso.booking, "Calendars.ReadWrite");
    let widened = case.widened();
    assert!(widened.iter().any(|it| it.starts_with("ceo@contoso.com")), "{widened:?}");
    assert_ne!(case.prove().await.verdict, Verdict::Verified);
}

#[tokio::test]
async fn a_permission_that_is_revoked_before_the_role_is_there_leaves_no_room() {
    let mut case = Case::new(|contoso| contoso.rbac().revoke_tenant_wide_grant(false)).await;
    let finding = case.find(Kind::TenantWidePermission).await;
    assert!(finding.advice.danger.is_some(), "{finding}");
    assert!(case.reaches("boardroom@contoso.com"));
    case.carry_out(&finding).await;
    // Tokens that are out already live on.
    case.wait();
    assert!(!case.reaches("boardroom@contoso.com"), "the rooms are lost until the role is there");
}

#[tokio::test]
async fn another_policy_that_is_removed_before_ours_acts_leaves_none() {
    let tenant = small();
    tenant.add_access_policy(&tenant.booking_application().client_id, PolicyRight::Restrict, "executives@contoso.com");
    let mut case = Case::of(tenant, Contoso::policy).await;
    let finding = case.find(Kind::OtherPolicy).await;
    case.carry_out(&finding).await;
    let widened = case.widened();
    assert!(widened.iter().any(|it| it.starts_with("ben.vance@contoso.com")), "{widened:?}");
}

#[tokio::test]
async fn a_policy_that_denies_and_is_removed_too_early_uncovers_what_else_it_denies() {
    let tenant = small();
    tenant.add_group(NewGroup::security("private").owner("ceo").members(["boardroom@contoso.com", "ceo@contoso.com"]));
    tenant.add_access_policy(&tenant.booking_application().client_id, PolicyRight::Deny, "private@contoso.com");
    let mut case = Case::of(tenant, Contoso::policy).await;
    let finding = case.find(Kind::DenyPolicy).await;
    case.carry_out(&finding).await;
    let widened = case.widened();
    assert!(widened.iter().any(|it| it.starts_with("ceo@contoso.com")), "{widened:?}");
}

#[tokio::test]
async fn an_application_that_is_enabled_too_early_reaches_everybody() {
    let tenant = small();
    tenant.set_application_enabled(tenant.booking_application(), false);
    let mut case = Case::of(tenant, Contoso::rbac).await;
    let finding = case.find(Kind::ApplicationDisabled).await;
    case.carry_out(&finding).await;
    let widened = case.widened();
    assert!(widened.iter().any(|it| it.starts_with("ceo@contoso.com")), "{widened:?}");
}

/// P8: the right that the administering application lacks, assigned to the restricted one.
#[tokio::test]
async fn the_administrators_role_at_the_restricted_application_is_seen() {
    let mut case = Case::new(Contoso::rbac).await;
    case.provision().await;
    case.tenant().grant_app_role(&case.contoso.booking, "Exchange.ManageAsApp");
    case.tenant().assign_directory_role(&case.contoso.booking, DirectoryRole::ExchangeAdministrator);
    let proof = case.prove().await;
    assert_eq!(proof.verdict, Verdict::Violated, "{proof}");
    assert!(proof.findings.iter().any(|it| it.kind == Kind::CanWidenItself), "{proof}");
}
