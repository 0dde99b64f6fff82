//! Findings about the organisation and about what could not be read.

use std::time::Duration;

use exchange_groups::graph_client::ClientSecret;
use exchange_groups::{Actor, ExchangeGroups, FindingKind as Kind, Outcome, Stage, Verdict};
use exchange_groups_tests::{Contoso, quick_wait};
use fake_tenant::{Application, DirectoryRole, Fault, Matcher};

use super::follow::{Case, assert_says, small};
use super::scenarios;

scenarios! {
    Dehydrated: an_organisation_that_was_never_customised;
    MissingRight: an_administrator_without_the_role;
    NotRead: a_part_that_fails, directory_roles_that_may_not_be_read;
    WideningUndecided: directory_roles_that_were_not_read;
}

/// P10
async fn an_organisation_that_was_never_customised() {
    let tenant = small();
    tenant.set_dehydrated(true);
    tenant.set_hydration_delay(Duration::from_secs(45 * 60));
    tenant.set_delegation_delay(Duration::from_secs(40 * 60));
    let mut case = Case::of(tenant, Contoso::rbac).await;
    let finding = case.find(Kind::Dehydrated).await;
    let plan = case.plan().await;
    assert!(case.groups.apply(&plan).await.is_err(), "it blocks");
    case.follow(&finding).await;
    case.assert_gone(Kind::Dehydrated).await;
    // Within the first hour, and within the second: neither says to run it again or to assign anything now.
    for (minutes, says) in [(1, "wait for an hour and apply again"), (50, "within the last two hours, wait")] {
        case.tenant().advance(Duration::from_secs(minutes * 60));
        let report = case.apply().await;
        assert!(!report.is_complete(), "{report}");
        let role = report.steps.iter().find(|step| step.sentence().starts_with("Assign the role")).unwrap();
        let Outcome::Failed { error } = &role.outcome else { panic!("{report}") };
        assert!(error.contains(says), "{error}");
        assert!(!error.contains("Run Enable-OrganizationCustomization"), "{error}");
        let revocation = report.steps.iter().find(|step| step.stage() == Stage::Revocation).unwrap();
        assert!(matches!(revocation.outcome, Outcome::NotRun { .. }), "{report}");
    }
    case.wait();
    case.verify_without(Kind::Dehydrated).await;
}

/// Groups that an application of its own administers.
fn administered_by(case: &Case, application: &Application) -> ExchangeGroups {
    let booking = &case.contoso.booking;
    let reader = ClientSecret::new(booking.client_id.parse().unwrap(), booking.secret());
    ExchangeGroups::new(case.contoso.client_as(application)).wait(quick_wait()).application(reader)
}

/// An application with every right that is needed, except for the directory role.
fn helpdesk(case: &Case, graph: &[&str]) -> Application {
    let desk = case.tenant().add_application("Helpdesk", "not-a-real-secret-of-the-helpdesk");
    for role in ["Exchange.ManageAsApp", "Application.Read.All", "AppRoleAssignment.ReadWrite.All"].iter().chain(graph)
    {
        case.tenant().grant_app_role(&desk, role);
    }
    desk
}

const READS: &[&str] =
    &["Directory.Read.All", "RoleManagement.Read.Directory", "RoleEligibilitySchedule.Read.Directory"];

/// P8
async fn an_administrator_without_the_role() {
    let mut case = Case::new(Contoso::rbac).await;
    let desk = helpdesk(&case, READS);
    case.tenant().assign_directory_role(&desk, DirectoryRole::ExchangeRecipientAdministrator);
    case.groups = administered_by(&case, &desk);
    let finding = case.find(Kind::MissingRight).await;
    assert!(finding.advice.text.contains(&desk.client_id), "{finding}");
    assert!(!finding.to_string().contains(&case.contoso.booking.client_id), "{finding}");
    case.by_hand(&finding, Actor::EntraAdministrator, "the Entra role Exchange Administrator", |contoso| {
        contoso.tenant.assign_directory_role(&desk, DirectoryRole::ExchangeAdministrator);
    });
    case.groups = administered_by(&case, &desk);
    case.verify_without(Kind::MissingRight).await;
}

async fn a_part_that_fails() {
    let mut case = Case::new(Contoso::rbac).await;
    case.provision().await;
    let fault = Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "Not now.");
    case.tenant().fail_next(Matcher::cmdlet("Get-ManagementRoleAssignment").times(8), fault);
    let plan = case.plan().await;
    let finding = plan.blockers().find(|finding| finding.kind == Kind::NotRead).unwrap().clone();
    assert_eq!(finding.advice.actor, Actor::Operator);
    assert_says(&finding, "Plan again");
    case.tenant().clear_faults();
    case.verify_without(Kind::NotRead).await;
}

/// A right that the plan can do without.
async fn unread_directory_roles(kind: Kind, says: &str) {
    let mut case = Case::new(Contoso::rbac).await;
    let desk = helpdesk(&case, &[]);
    case.tenant().assign_directory_role(&desk, DirectoryRole::ExchangeAdministrator);
    case.groups = administered_by(&case, &desk);
    case.provision().await;
    let proof = case.prove().await;
    assert_eq!(proof.verdict, Verdict::Inconclusive, "{proof}");
    let finding = case.find(kind).await;
    assert!(finding.advice.text.contains(&desk.client_id), "{finding}");
    case.by_hand(&finding, Actor::EntraAdministrator, says, |contoso| {
        for role in READS {
            contoso.tenant.grant_app_role(&desk, role);
        }
    });
    case.groups = administered_by(&case, &desk);
    case.verify_without(kind).await;
}

async fn directory_roles_that_may_not_be_read() {
    unread_directory_roles(Kind::NotRead, "RoleManagement.Read.Directory").await;
}

async fn directory_roles_that_were_not_read() {
    unread_directory_roles(Kind::WideningUndecided, "RoleManagement.Read.Directory").await;
}

/// A person who owns the group is not taken for the application where the application could not be read.
#[tokio::test]
async fn nobody_is_told_to_remove_the_owner_of_the_group_because_graph_is_not_read() {
    let mut case = Case::new(Contoso::rbac).await;
    case.provision().await;
    let body = serde_json::json!({ "error": { "code": "Authorization_RequestDenied", "message": "Not now." } });
    case.tenant().fail_next(Matcher::path("/servicePrincipals").times(100), Fault::status(403, body));
    let plan = case.plan().await;
    assert!(plan.findings.iter().any(|finding| finding.kind == Kind::NotRead), "{plan}");
    let removes_an_owner = |finding: &&exchange_groups::Finding| finding.advice.to_string().contains("> Owners");
    assert_eq!(plan.findings.iter().find(removes_an_owner).map(ToString::to_string), None);
}
