//! Role assignments and access policies: how they read back, who may make them, and tenants that have none.

use fake_tenant::{Application, DirectoryRole, FakeTenant, NoPolicies, Request};
use serde_json::{Value, json};

use crate::{SECURITY_GROUP, Session, ends_with, text, texts, with_group};

/// The booking application is registered in Exchange and holds a role over the group.
fn with_assignment() -> (FakeTenant, Session, Application) {
    let (tenant, admin) = with_group();
    let app = tenant.booking_application();
    admin.run("New-ServicePrincipal", json!({"AppId": app.client_id, "ObjectId": app.object_id}));
    admin.run(
        "New-ManagementRoleAssignment",
        json!({
            "Name": "bookings", "App": app.object_id, "Role": "Application Calendars.Read",
            "RecipientGroupScope": "PlaceOS Room Booking",
        }),
    );
    (tenant, admin, app)
}

fn assignment(admin: &Session) -> Value {
    admin.run("Get-ManagementRoleAssignment", json!({"Identity": "bookings"})).remove(0)
}

#[test]
fn a_scope_without_limit_reads_back_as_the_organization() {
    let (tenant, admin, app) = with_assignment();
    let all = json!({"App": app.object_id, "Role": "Application Mail.Read"});
    let row = admin.run("New-ManagementRoleAssignment", all).remove(0);
    assert_eq!(
        (&row["RecipientWriteScope"], &row["CustomResourceScope"], &row["CustomRecipientWriteScope"]),
        (&json!("Organization"), &json!(""), &json!(""))
    );
    assert!(tenant.can_read(&app, "ceo@contoso.com"), "consent is there all the while");
}

#[test]
fn whether_the_scope_column_follows_a_rename_can_be_chosen() {
    let (tenant, admin, _) = with_assignment();
    let old = tenant.group(SECURITY_GROUP).unwrap().name;
    admin.run(
        "Set-DistributionGroup",
        json!({"Identity": SECURITY_GROUP, "Name": "Bookable", "BypassSecurityGroupManagerCheck": true}),
    );
    assert_eq!(assignment(&admin)["CustomResourceScope"], "Bookable");
    tenant.set_scope_follows_rename(false);
    assert_eq!(assignment(&admin)["CustomResourceScope"], old);
    // Both mean the same group, whatever it is called.
    let found = admin.run("Get-ManagementRoleAssignment", json!({"RecipientGroupScope": "Bookable"}));
    assert_eq!(texts(&found, "Name"), ["bookings"]);
}

#[test]
fn an_assignment_is_disabled_enabled_and_moved_to_another_scope() {
    let (tenant, admin, app) = with_assignment();
    tenant.revoke_app_role(&app, "Calendars.ReadWrite");
    tenant.add_member(SECURITY_GROUP, "boardroom@contoso.com");
    let set = |change: Value| {
        let mut parameters = change;
        parameters["Identity"] = json!("bookings");
        admin.run("Set-ManagementRoleAssignment", parameters)
    };
    set(json!({"Enabled": false}));
    assert_eq!(assignment(&admin)["Enabled"], false);
    assert!(!tenant.can_read(&app, "boardroom@contoso.com"));
    let tested = admin.run("Test-ServicePrincipalAuthorization", json!({"Identity": app.object_id}));
    assert!(tested.is_empty(), "a disabled assignment gives nothing");
    set(json!({"Enabled": true}));
    assert!(tenant.can_read(&app, "boardroom@contoso.com"));

    set(json!({"RecipientGroupScope": "Executives"}));
    assert_eq!(assignment(&admin)["CustomResourceScope"], "Executives");
    assert!(tenant.can_read(&app, "ceo@contoso.com") && !tenant.can_read(&app, "boardroom@contoso.com"));
    admin.run("New-ManagementScope", json!({"Name": "rooms", "RecipientRestrictionFilter": "Alias -eq 'boardroom'"}));
    set(json!({"CustomResourceScope": "rooms", "Enabled": true}));
    let row = assignment(&admin);
    assert_eq!(
        (&row["RecipientWriteScope"], &row["CustomResourceScope"]),
        (&json!("CustomRecipientScope"), &json!("rooms"))
    );
    assert!(tenant.can_read(&app, "boardroom@contoso.com") && !tenant.can_read(&app, "ceo@contoso.com"));
    // Two scopes at once belong to no parameter set.
    let both = json!({"Identity": "bookings", "CustomResourceScope": "rooms", "RecipientGroupScope": "Executives"});
    let (status, exception, _) = admin.failure("Set-ManagementRoleAssignment", both);
    assert_eq!(status, 400);
    assert!(ends_with(&exception, "AmbiguousParameterSetException"));
}

#[test]
fn names_of_assignments_are_unique_and_short() {
    let (_, admin, app) = with_assignment();
    let named = |name: &str| {
        let parameters = json!({"Name": name, "App": app.object_id, "Role": "Application Mail.Read"});
        admin.failure("New-ManagementRoleAssignment", parameters)
    };
    let (status, exception, sentence) = named("Bookings");
    assert_eq!(status, 400);
    assert!(ends_with(&exception, "ADObjectAlreadyExistsException"));
    assert!(sentence.starts_with("The object 'CN=Bookings,") && sentence.ends_with("already exists."), "{sentence}");
    assert_eq!(named(&"x".repeat(65)).0, 400);
}

#[test]
fn roles_are_handed_on_by_those_who_have_a_delegating_assignment() {
    let (tenant, admin, app) = with_assignment();
    let helper = tenant.add_application("Least Privileged", "fake");
    tenant.grant_app_role(&helper, "Exchange.ManageAsApp");
    admin.run("New-ServicePrincipal", json!({"AppId": helper.client_id, "ObjectId": helper.object_id}));
    admin.run(
        "New-RoleGroup",
        json!({"Name": "App RBAC Admin", "Roles": ["Role Management"], "Members": [helper.object_id]}),
    );
    let helper = Session::of(&tenant, &helper);
    let assign =
        |role: &str| helper.invoke("New-ManagementRoleAssignment", json!({"App": app.object_id, "Role": role}));
    let (status, _, sentence) = crate::explain(&assign("Application Calendars.ReadWrite"));
    assert_eq!(status, 400);
    assert!(sentence.contains("You must be assigned a delegating role assignment"), "{sentence}");
    admin.run(
        "New-ManagementRoleAssignment",
        json!({"SecurityGroup": "App RBAC Admin", "Role": "Application Calendars.ReadWrite", "Delegating": true}),
    );
    assert_eq!(assign("Application Calendars.ReadWrite").status(), 200);
    assert_eq!(assign("Application Mail.Read").status(), 400, "another role was not delegated");
    assert_eq!(
        helper.failure("Remove-ManagementRoleAssignment", json!({"Identity": "bookings", "Confirm": false})).0,
        400
    );

    // A delegating assignment of an application gives it no access.
    tenant.revoke_app_role(&app, "Calendars.ReadWrite");
    for name in tenant.role_assignments(&app).into_iter().map(|assignment| assignment.name) {
        admin.run("Remove-ManagementRoleAssignment", json!({"Identity": name, "Confirm": false}));
    }
    let delegating = json!({"App": app.object_id, "Role": "Application Calendars.Read", "Delegating": true});
    let row = admin.run("New-ManagementRoleAssignment", delegating).remove(0);
    assert_eq!(row["RoleAssignmentDelegationType"], "DelegatingOrgWide");
    assert!(!tenant.can_read(&app, "boardroom@contoso.com"));
}

#[test]
fn a_service_principal_is_registered_by_the_ids_of_the_enterprise_application() {
    let (tenant, admin, app) = with_assignment();
    let other = tenant.add_application("Panels", "fake");
    let register = |app_id: &str, object_id: &str| {
        admin.invoke("New-ServicePrincipal", json!({"AppId": app_id, "ObjectId": object_id})).status()
    };
    let made_up = "00000000-1111-4222-8333-444444444444";
    assert_eq!(register(&other.client_id, made_up), 400);
    // One blog says that any ids are taken; they give nothing.
    tenant.set_service_principal_check(false);
    assert_eq!(register(&other.client_id, made_up), 200);
    admin.run("New-ManagementRoleAssignment", json!({"App": other.client_id, "Role": "Application Calendars.Read"}));
    assert!(!tenant.can_read(&other, "boardroom@contoso.com"));

    // What the directory deletes, Exchange forgets, with its assignments.
    let directory = tenant.administrator();
    tenant.grant_app_role(&directory, "Application.ReadWrite.All");
    let url = format!("https://graph.microsoft.com/v1.0/servicePrincipals/{}", app.object_id);
    let delete = Request::delete(&url).bearer(&tenant.graph_token(&directory));
    assert_eq!(tenant.handle(&delete).status(), 204);
    assert_eq!(admin.failure("Get-ServicePrincipal", json!({"Identity": app.object_id})).0, 404);
    assert_eq!(admin.failure("Get-ManagementRoleAssignment", json!({"Identity": "bookings"})).0, 404);
    assert_eq!(admin.run("Get-ServicePrincipal", json!({})).len(), 1, "the other was never in the directory");
}

#[test]
fn every_application_role_of_the_documentation_is_there() {
    let (_, admin, app) = with_assignment();
    let roles = texts(&admin.run("Get-ManagementRole", json!({})), "Name");
    assert_eq!(roles.iter().filter(|role| role.starts_with("Application ")).count(), 24);
    for role in ["Application MailboxItem.ReadWrite", "Application Mail-Advanced.ReadWrite.All"] {
        admin.run("New-ManagementRoleAssignment", json!({"App": app.object_id, "Role": role}));
    }
}

#[test]
fn a_tenant_that_never_had_a_policy_answers_that_it_cannot_be_found() {
    let (tenant, admin) = with_group();
    let app = tenant.booking_application();
    let (status, exception, sentence) = admin.failure("Get-ApplicationAccessPolicy", json!({}));
    assert_eq!(status, 404);
    assert!(ends_with(&exception, "ManagementObjectNotFoundException"));
    assert!(sentence.contains("couldn't be found"), "{sentence}");
    tenant.set_no_policies(NoPolicies::Empty);
    assert!(admin.run("Get-ApplicationAccessPolicy", json!({})).is_empty());
    tenant.set_no_policies(NoPolicies::NotFound);

    let policy = json!({"AppId": app.client_id, "AccessRight": "RestrictAccess", "PolicyScopeGroupID": SECURITY_GROUP});
    let identity = text(&admin.run("New-ApplicationAccessPolicy", policy)[0]["Identity"]);
    assert_eq!(admin.run("Get-ApplicationAccessPolicy", json!({})).len(), 1);
    // A scope that was deleted leaves its policy behind.
    admin.run(
        "Remove-DistributionGroup",
        json!({"Identity": SECURITY_GROUP, "BypassSecurityGroupManagerCheck": true, "Confirm": false}),
    );
    assert_eq!(admin.run("Get-ApplicationAccessPolicy", json!({}))[0]["IsValid"], false);
    admin.run("Remove-ApplicationAccessPolicy", json!({"Identity": identity, "Confirm": false}));
    assert!(admin.run("Get-ApplicationAccessPolicy", json!({})).is_empty(), "it had one once");
}

#[test]
fn an_administrator_of_recipients_has_no_say_over_the_organization() {
    let tenant = FakeTenant::contoso();
    let app = tenant.add_application("Recipients", "fake");
    tenant.grant_app_role(&app, "Exchange.ManageAsApp");
    tenant.assign_directory_role(&app, DirectoryRole::ExchangeRecipientAdministrator);
    let recipients = Session::of(&tenant, &app);
    assert_eq!(recipients.invoke("Set-CASMailbox", json!({"Identity": "ceo", "EwsEnabled": false})).status(), 200);
    assert_eq!(recipients.invoke("Set-OrganizationConfig", json!({"EwsEnabled": false})).status(), 403);
}
