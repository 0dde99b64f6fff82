//! The facts about an application that Graph tells.

use fake_tenant::{DirectoryRole, FakeTenant, NewGroup, NewRoleAssignment, Request, Resource};
use serde_json::{Value, json};

use crate::{GRAPH, Session, text, texts};

const GRAPH_APP: &str = "00000003-0000-0000-c000-000000000000";
const READER_ROLES: &[&str] = &[
    "Application.Read.All",
    "Directory.Read.All",
    "RoleManagement.Read.Directory",
    "RoleEligibilitySchedule.Read.Directory",
    "AdministrativeUnit.Read.All",
];

/// A tenant, a session that reads the directory, and an application without anything.
fn world() -> (FakeTenant, Session, fake_tenant::Application) {
    let tenant = FakeTenant::contoso();
    let reader = tenant.add_application("Reader", "fake");
    for role in READER_ROLES {
        tenant.grant(&reader, Resource::Graph, role);
    }
    let app = tenant.add_application("Panel", "fake");
    let session = Session::of(&tenant, &reader);
    (tenant, session, app)
}

#[track_caller]
fn rows(session: &Session, path: &str) -> Vec<Value> {
    let response = session.get(path);
    assert_eq!(response.status(), 200, "{path}: {}", response.text());
    match response.json()["value"].take() {
        Value::Array(rows) => rows,
        other => panic!("{path}: {other}"),
    }
}

fn typed(rows: &[Value]) -> Vec<(String, String)> {
    rows.iter().map(|row| (text(&row["@odata.type"]), text(&row["id"]))).collect()
}

#[test]
fn resources_list_their_app_roles_and_ids_may_be_shared() {
    let (tenant, session, _) = world();
    let roles = |app_id: &str| {
        let resource = session.get(&format!("/v1.0/servicePrincipals(appId='{app_id}')?$select=id,appRoles")).json();
        let roles = resource["appRoles"].as_array().cloned().unwrap_or_default();
        move |id: &str| roles.iter().find(|role| role["id"] == id).map(|role| text(&role["value"]))
    };
    let graph = roles(GRAPH_APP);
    let exchange = roles("00000002-0000-0ff1-ce00-000000000000");
    // The same id, and not always the same name.
    let read = "798ee544-9d2d-430c-a058-570e29e34338";
    assert_eq!((graph(read).as_deref(), exchange(read).as_deref()), (Some("Calendars.Read"), Some("Calendars.Read")));
    let write = "ef54d2bf-783f-4e0f-bca1-3210c0444d99";
    assert_eq!(graph(write).as_deref(), Some("Calendars.ReadWrite"));
    assert_eq!(exchange(write).as_deref(), Some("Calendars.ReadWrite.All"));
    tenant.list_app_role(Resource::Graph, "33333333-2222-3333-4444-555555555555", "Calendars.New.All");
    assert_eq!(roles(GRAPH_APP)("33333333-2222-3333-4444-555555555555").as_deref(), Some("Calendars.New.All"));
    assert_eq!(exchange("ea3d980d-ebc7-4be4-8298-a167e5b8797c").as_deref(), Some("Exchange.ManageAsAppV2"));
    assert_eq!(graph("937550e9-33a3-494b-88ae-d9cd394b1fbb").as_deref(), Some("MailboxItem.Export.All"));
}

#[test]
fn grants_are_listed_page_by_page_whatever_they_are() {
    let (tenant, session, app) = world();
    let unlisted = "11111111-2222-3333-4444-555555555555";
    tenant.grant(&app, Resource::Graph, "Calendars.Read");
    tenant.grant(&app, Resource::Exchange, "Calendars.Read");
    tenant.grant(&app, Resource::Exchange, unlisted);
    let mut found = Vec::new();
    let mut next = format!("/v1.0/servicePrincipals/{}/appRoleAssignments?$top=2", app.object_id);
    while !next.is_empty() {
        let page = session.get(&next).json();
        found.extend(page["value"].as_array().cloned().unwrap_or_default());
        next = text(&page["@odata.nextLink"]).trim_start_matches(GRAPH).to_owned();
    }
    assert_eq!(
        texts(&found, "appRoleId"),
        ["798ee544-9d2d-430c-a058-570e29e34338", "798ee544-9d2d-430c-a058-570e29e34338", unlisted]
    );
    assert_eq!(
        texts(&found, "resourceDisplayName"),
        ["Microsoft Graph", "Office 365 Exchange Online", "Office 365 Exchange Online"]
    );
    assert_eq!(crate::claims(&tenant.exchange_token(&app))["roles"], json!(["Calendars.Read"]));
    // A new token of the other resource says nothing of it.
    tenant.revoke(&app, Resource::Graph, "Calendars.Read");
    assert!(crate::claims(&tenant.graph_token(&app)).get("roles").is_none());
    // Graph grants what the resource lists, and with the permission to grant.
    tenant.grant(&app, Resource::Graph, "AppRoleAssignment.ReadWrite.All");
    tenant.grant(&app, Resource::Graph, "Application.Read.All");
    let resource =
        text(&session.get("/v1.0/servicePrincipals(appId='00000002-0000-0ff1-ce00-000000000000')").json()["id"]);
    let grant = |role: &str| {
        let url = format!("{GRAPH}/v1.0/servicePrincipals/{}/appRoleAssignments", app.object_id);
        let body = json!({"principalId": app.object_id, "resourceId": resource, "appRoleId": role});
        tenant.handle(&Request::post(&url).bearer(&tenant.graph_token(&app)).json(&body)).status()
    };
    assert_eq!(grant("dc890d15-9560-4a4c-9b7f-a736ec74ec40"), 201);
    assert_eq!(grant("22222222-2222-3333-4444-555555555555"), 400);
    assert!(tenant.app_roles(&app).contains(&"full_access_as_app".to_owned()));
}

#[test]
fn delegated_grants_say_for_whom() {
    let (tenant, session, app) = world();
    tenant.grant_scopes(&app, Resource::Graph, "Calendars.ReadWrite.Shared User.Read", None);
    tenant.grant_scopes(&app, Resource::Exchange, "EWS.AccessAsUser.All", Some("ceo@contoso.com"));
    let found = rows(&session, &format!("/v1.0/servicePrincipals/{}/oauth2PermissionGrants", app.object_id));
    assert_eq!(texts(&found, "consentType"), ["AllPrincipals", "Principal"]);
    assert_eq!(texts(&found, "scope"), ["Calendars.ReadWrite.Shared User.Read", "EWS.AccessAsUser.All"]);
    assert_eq!(found[1]["principalId"], session.get("/v1.0/users/ceo@contoso.com").json()["id"]);
}

#[test]
fn owners_and_what_is_owned() {
    let (tenant, session, app) = world();
    let other = tenant.add_application("Second", "fake");
    tenant.add_application_owner(&app, "ceo@contoso.com");
    tenant.add_application_owner(&other, &app);
    tenant.add_group(NewGroup::microsoft_365("panels").owner(&app).owner("ceo"));
    let group = tenant.group("panels@contoso.com").unwrap().object_id;
    let ceo = text(&session.get("/v1.0/users/ceo@contoso.com").json()["id"]);
    let principal = |id: &str| ("#microsoft.graph.servicePrincipal".to_owned(), id.to_owned());
    let person = ("#microsoft.graph.user".to_owned(), ceo);
    let list = |path: &str| typed(&rows(&session, &format!("/v1.0/{path}")));

    let of = format!("servicePrincipals/{}", app.object_id);
    assert_eq!(list(&format!("{of}/owners")), std::slice::from_ref(&person));
    assert_eq!(list(&format!("servicePrincipals/{}/owners", other.object_id)), [principal(&app.object_id)]);
    assert_eq!(list(&format!("applications(appId='{}')/owners", app.client_id)), std::slice::from_ref(&person));
    let owned = rows(&session, &format!("/v1.0/{of}/ownedObjects"));
    let kinds: Vec<String> = texts(&owned, "@odata.type");
    assert_eq!(kinds, ["#microsoft.graph.group", "#microsoft.graph.servicePrincipal", "#microsoft.graph.application"]);
    assert_eq!((text(&owned[0]["id"]), text(&owned[1]["appId"])), (group.clone(), other.client_id.clone()));
    assert_eq!(list(&format!("groups/{group}/owners")), [person, principal(&app.object_id)]);
    let cast = format!("groups/{group}/owners/microsoft.graph.servicePrincipal");
    assert_eq!(rows(&session, &format!("/v1.0/{cast}"))[0]["appId"], app.client_id);
    let exchange_owned = tenant.group("board@contoso.com").unwrap().object_id;
    assert_eq!(list(&format!("groups/{exchange_owned}/owners")).len(), 1);
}

#[test]
fn directory_roles_are_active_eligible_or_held_through_a_group() {
    let (tenant, session, app) = world();
    tenant.assign_directory_role(&app, DirectoryRole::ApplicationAdministrator);
    tenant.make_application_eligible(&app, DirectoryRole::PrivilegedRoleAdministrator);
    tenant.add_group(NewGroup::security("inner").display_name("Inner"));
    tenant.add_group(NewGroup::security("outer").display_name("Outer").members(["inner"]));
    tenant.add_application_to_group(&app, "inner");
    tenant.assign_directory_role_to("outer@contoso.com", DirectoryRole::ExchangeAdministrator);
    let id = &app.object_id;
    let filter = format!("$filter=principalId eq '{id}'");
    let of = |what: &str| {
        let found = rows(&session, &format!("/v1.0/roleManagement/directory/{what}?{filter}"));
        texts(&found, "roleDefinitionId")
    };
    assert_eq!(of("roleAssignments"), [DirectoryRole::ApplicationAdministrator.template_id()]);
    assert_eq!(of("roleEligibilityScheduleInstances"), ["e8611ab8-c189-46e8-94e1-60213ab1f814"]);
    let url = format!("{GRAPH}/v1.0/roleManagement/directory/transitiveRoleAssignments?$count=true&{filter}");
    let request = Request::get(&url).bearer(&session.graph).header("ConsistencyLevel", "eventual");
    let transitive = tenant.handle(&request).json()["value"].as_array().cloned().unwrap_or_default();
    assert_eq!(
        texts(&transitive, "roleDefinitionId"),
        ["9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "29232cdf-9323-42fd-ade2-1d097af3e4de"]
    );
    let groups = |what: &str| texts(&rows(&session, &format!("/v1.0/servicePrincipals/{id}/{what}")), "displayName");
    assert_eq!(groups("memberOf"), ["Inner"]);
    assert_eq!(groups("transitiveMemberOf"), ["Inner", "Outer"]);
    // Over a unit only.
    let unit = tenant.add_unit("Building 1", ["boardroom"]);
    tenant.assign_directory_role_over(&app, DirectoryRole::GroupsAdministrator, "Building 1");
    let held = rows(&session, &format!("/v1.0/roleManagement/directory/roleAssignments?{filter}"));
    assert_eq!(texts(&held, "directoryScopeId"), ["/".to_owned(), format!("/administrativeUnits/{unit}")]);
    let outer = tenant.group("outer@contoso.com").unwrap().object_id;
    let members = rows(&session, &format!("/v1.0/groups/{outer}/transitiveMembers"));
    assert_eq!(texts(&members, "@odata.type"), ["#microsoft.graph.group", "#microsoft.graph.servicePrincipal"]);
}

#[test]
fn administrative_units_and_their_members() {
    let (tenant, session, app) = world();
    let unit = tenant.add_unit("Building 1", ["boardroom", "board"]);
    let units = rows(&session, "/v1.0/directory/administrativeUnits");
    assert_eq!(
        (texts(&units, "displayName"), texts(&units, "id")),
        (vec!["Building 1".to_owned()], vec![unit.clone()])
    );
    let members = rows(&session, &format!("/v1.0/directory/administrativeUnits/{unit}/members"));
    assert_eq!(texts(&members, "mail"), ["boardroom@contoso.com", "board@contoso.com"]);
    assert_eq!(session.get(&format!("/v1.0/directory/administrativeUnits/{unit}")).json()["id"], unit);
    assert_eq!(session.get("/v1.0/directory/administrativeUnits/none").status(), 404);
    let without = Session::of(&tenant, &app);
    assert_eq!(without.get("/v1.0/directory/administrativeUnits").status(), 403);
    // Exchange knows the unit as the scope of an assignment.
    let admin = Session::administrator(&tenant);
    admin.run("New-ServicePrincipal", json!({"AppId": app.client_id, "ObjectId": app.object_id}));
    let assignment = json!({
        "App": app.object_id, "Role": "Application Calendars.Read", "RecipientAdministrativeUnitScope": unit,
    });
    let made = admin.run("New-ManagementRoleAssignment", assignment);
    assert_eq!(made[0]["RecipientWriteScope"], "AdministrativeUnit");
    assert!(tenant.reaches(&app, "boardroom", fake_tenant::Level::Events).allowed);
    assert!(!tenant.reaches(&app, "ceo", fake_tenant::Level::Events).allowed);
}

#[test]
fn a_managed_identity_has_no_application() {
    let (tenant, session, app) = world();
    let of = format!("/v1.0/servicePrincipals/{}", app.object_id);
    assert_eq!(session.get(&of).json()["servicePrincipalType"], "Application");
    tenant.make_managed_identity(&app);
    assert_eq!(session.get(&of).json()["servicePrincipalType"], "ManagedIdentity");
    assert_eq!(session.get(&format!("/v1.0/applications(appId='{}')", app.client_id)).status(), 404);
}

#[test]
fn a_role_that_was_set_up_elsewhere_shows_in_exchange() {
    let (tenant, _, app) = world();
    tenant.assign_role(&app, NewRoleAssignment::new("Application Calendars.Read").name("Panels").group("board"));
    let admin = Session::administrator(&tenant);
    let found = admin.run("Get-ManagementRoleAssignment", json!({"RoleAssignee": app.object_id}));
    assert_eq!(
        (texts(&found, "Name"), texts(&found, "RecipientWriteScope")),
        (vec!["Panels".to_owned()], vec!["Group".to_owned()])
    );
    assert_eq!(admin.run("Get-ServicePrincipal", json!({"Identity": app.client_id}))[0]["ObjectId"], app.object_id);
}

#[test]
fn the_initial_domain_is_marked() {
    let (_, session, _) = world();
    let organization = rows(&session, "/v1.0/organization").remove(0);
    let domains = organization["verifiedDomains"].as_array().cloned().unwrap_or_default();
    let initial: Vec<String> =
        domains.iter().filter(|domain| domain["isInitial"] == true).map(|domain| text(&domain["name"])).collect();
    assert_eq!(initial, ["contoso.onmicrosoft.com"]);
}
