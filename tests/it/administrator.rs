//! The least rights of an administering application.

use exchange_groups::{Administrator, Duties, Permission, Procedure, StageState};
use exchange_groups_tests::Contoso;
use fake_tenant::{Application, NewRoleAssignment, Resource};

async fn derive(contoso: &Contoso, application: &Application, duties: Duties) -> Procedure {
    let goal = Administrator::new(application.client_id.parse().expect("a client id"), Permission::ReadWrite);
    contoso.groups.procedure(goal.duties(duties)).await.expect("a procedure")
}

fn commands(procedure: &Procedure, stage: &str) -> Vec<String> {
    let stage = procedure.stages.iter().find(|it| it.name == stage).expect("a stage");
    stage.tasks.iter().flat_map(|task| task.commands().collect::<Vec<_>>()).collect()
}

#[tokio::test]
async fn it_is_given_the_cmdlets_that_are_used_and_one_role_to_assign_on() {
    let contoso = Contoso::start().await;
    let small = contoso.tenant.add_application("Room administration", "secret");
    let procedure = derive(&contoso, &small, Duties::Administer).await;
    let consent: String = procedure.stages[1].tasks.iter().map(ToString::to_string).collect();
    for permission in ["Exchange.ManageAsApp", "Application.Read.All", "Organization.Read.All"] {
        assert!(consent.contains(permission), "{procedure}");
    }
    assert!(!consent.contains("AppRoleAssignment"), "revoking stays with a person: {procedure}");
    let roles = commands(&procedure, "cut_roles");
    assert!(
        roles[0].contains("-Parent 'Role Management'") && roles[0].contains("'New-ManagementRoleAssignment'"),
        "{roles:?}"
    );
    assert!(!roles.iter().any(|role| role.contains("Remove-DistributionGroup'")), "nobody asks for that: {roles:?}");
    let delegated = commands(&procedure, "delegate");
    assert_eq!(delegated.len(), 1, "{procedure}");
    assert!(
        delegated[0].contains("'Application Calendars.ReadWrite'") && delegated[0].contains("-Delegating"),
        "{delegated:?}"
    );
    assert!(delegated[0].contains(&small.object_id), "by the object id of the enterprise application");
    assert_eq!(commands(&procedure, "try_escalation").len(), 3);
    assert!(procedure.to_string().contains("over the whole organisation"), "what remains is said: {procedure}");

    // What the crates can do themselves is done; the rest waits for people.
    let report = contoso.groups.carry_out(&procedure).await.expect("a report");
    assert_eq!(report.stages[1].state, StageState::Task, "{report}");
    assert_eq!(contoso.tenant.write_count(), 0, "nothing before the permissions are there");
}

#[tokio::test]
async fn what_is_there_already_is_not_asked_for_again() {
    let contoso = Contoso::start().await;
    let small = contoso.tenant.add_application("Room verification", "secret");
    contoso.tenant.grant(&small, Resource::Exchange, "Exchange.ManageAsApp");
    for permission in ["Application.Read.All", "Organization.Read.All"] {
        contoso.tenant.grant(&small, Resource::Graph, permission);
    }
    for role in ["View-Only Recipients", "View-Only Configuration"] {
        contoso.tenant.assign_role(&small, NewRoleAssignment::new(role).name(&format!("{role} of rooms")));
    }
    let procedure = derive(&contoso, &small, Duties::Verify).await;
    assert!(procedure.is_done(), "{procedure}");
}

#[tokio::test]
async fn a_permission_that_undoes_the_limits_is_told() {
    let contoso = Contoso::start().await;
    let small = contoso.tenant.add_application("Room administration", "secret");
    contoso.tenant.grant(&small, Resource::Graph, "AppRoleAssignment.ReadWrite.All");
    let procedure = derive(&contoso, &small, Duties::Administer).await;
    assert!(procedure.findings.iter().any(|it| it.message.contains("AppRoleAssignment.ReadWrite.All")), "{procedure}");
}
