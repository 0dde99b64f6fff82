//! `/servicePrincipals` and their app role assignments.

use serde_json::{Value, json};
use uuid::Uuid;

use super::delta::{self, Followed};
use super::query::{Entity, Paging};
use super::{GraphCall, GraphError, GraphResult, error, grants, members};
use crate::access::{Assignee, Change};
use crate::clock::graph_date_time;
use crate::recipient::Owner;
use crate::request::Response;
use crate::roles::Resource;
use crate::world::{App, AppRoleAssignment, World, has_arrived};

const READ: &[&str] =
    &["Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy", "Directory.Read.All"];
const PAGES: Paging = Paging::Token { default: 100, max: 999 };

const WRITE: &[&str] = &["Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"];
const ENTITY: Entity = Entity { name: "ServicePrincipal", defaults: &[], sortable: &["displayName"], unsortable: &[] };

#[derive(Clone, Copy)]
enum Principal {
    /// The client id of an application.
    App(Uuid),
    Resource(Resource),
}

pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, first: &str, rest: &[&str]) -> GraphResult {
    // `servicePrincipals(appId='...')/...` is one segment shorter than `servicePrincipals/{id}/...`.
    let (key, rest) = match first.split_once('(') {
        Some((_, key)) => (Some(key.trim_end_matches(')').to_owned()), rest),
        None => match rest.split_first() {
            Some((id, rest)) => (Some((*id).to_owned()), rest),
            None => (None, rest),
        },
    };
    let Some(key) = key else {
        if call.method() == "POST" {
            return create(world, call);
        }
        call.only_get()?;
        call.need(READ)?;
        return call.directory_list("servicePrincipals", rows(world), PAGES, ENTITY, Value::clone);
    };
    if key.eq_ignore_ascii_case("delta") && rest.is_empty() {
        call.only_get()?;
        call.need(READ)?;
        let rows =
            rows(world).into_iter().map(|row| (row["id"].as_str().unwrap_or_default().to_owned(), row)).collect();
        return delta::answer(world, call, Followed::of_rows(call, "servicePrincipals", rows));
    }
    let principal = find(world, &key);
    let late = match principal {
        Some(Principal::App(id)) => world.apps.iter_mut().find(|app| app.client_id == id),
        _ => None,
    };
    let arrived = late.is_none_or(|app| has_arrived(&mut app.lag.principal));
    let principal = principal.filter(|_| arrived);
    let missing = || GraphError::not_found(key.split('=').next_back().unwrap_or(&key).trim_matches('\''));
    match (call.method(), rest) {
        ("GET", []) => {
            call.need(READ)?;
            let row = match principal.ok_or_else(missing)? {
                Principal::Resource(resource) => resource_row(world, resource),
                Principal::App(client_id) => {
                    world.app(&client_id.to_string()).map_or(Value::Null, |app| app_row(world, app))
                }
            };
            Ok(call.entity("servicePrincipals/$entity", &row))
        }
        (method, [side, rest @ ..])
            if ["appRoleAssignments", "appRoleAssignedTo"].iter().any(|known| side.eq_ignore_ascii_case(known)) =>
        {
            let writes = method != "GET";
            call.need(READ)?;
            if writes {
                call.need(&["AppRoleAssignment.ReadWrite.All"])?;
            }
            let principal = principal.ok_or_else(missing)?;
            let of_holder = side.eq_ignore_ascii_case("appRoleAssignments");
            let concerned = |app: &App, resource: Resource| match principal {
                Principal::App(client_id) => of_holder && app.client_id == client_id,
                Principal::Resource(own) => !of_holder && resource == own,
            };
            match (method, rest) {
                ("GET", []) => list(world, call, side, concerned),
                ("POST", []) => add(world, call, side, concerned),
                ("DELETE", [id]) => remove(world, id, concerned),
                _ => Err(GraphError::wrong_method()),
            }
        }
        ("GET", [what]) if what.eq_ignore_ascii_case("oauth2PermissionGrants") => {
            match principal.ok_or_else(missing)? {
                Principal::App(client_id) => {
                    let client = world.app(&client_id.to_string()).map(|app| app.object_id).unwrap_or_default();
                    grants::of_client(world, call, client)
                }
                Principal::Resource(_) => call.list("oauth2PermissionGrants", Vec::<Value>::new(), PAGES, Value::clone),
            }
        }
        ("GET", [what, cast @ ..]) if is_relation(what) => {
            call.need(READ)?;
            let Principal::App(client_id) = principal.ok_or_else(missing)? else {
                return call.list("directoryObjects", Vec::<Value>::new(), PAGES, Value::clone);
            };
            relation(world, call, client_id, what, cast)
        }
        ("PATCH", []) => {
            call.need(WRITE)?;
            let Principal::App(client_id) = principal.ok_or_else(missing)? else {
                return Err(GraphError::bad_request("This service principal can't be changed."));
            };
            let enabled = call.body()?.get("accountEnabled").and_then(Value::as_bool);
            if let (Some(app), Some(enabled)) = (world.app_mut(&client_id.to_string()), enabled) {
                app.enabled = enabled;
            }
            Ok(Response::new(204))
        }
        ("DELETE", []) => {
            call.need(WRITE)?;
            let Principal::App(client_id) = principal.ok_or_else(missing)? else {
                return Err(GraphError::bad_request("This service principal can't be deleted."));
            };
            delete(world, client_id);
            Ok(Response::new(204))
        }
        ("GET", [unknown, ..]) => Err(GraphError::unknown_segment(unknown)),
        _ => Err(GraphError::wrong_method()),
    }
}

fn rows(world: &World) -> Vec<Value> {
    let resources = Resource::ALL.into_iter().map(|resource| resource_row(world, resource));
    let visible = world.apps.iter().filter(|app| app.principal && app.lag.principal == 0);
    resources.chain(visible.map(|app| app_row(world, app))).collect()
}

fn is_relation(segment: &str) -> bool {
    ["owners", "ownedObjects", "memberOf", "transitiveMemberOf"].iter().any(|known| segment.eq_ignore_ascii_case(known))
}

/// Who owns a service principal, what it owns, and which groups it is in.
fn relation(world: &World, call: &GraphCall<'_>, client_id: Uuid, what: &str, cast: &[&str]) -> GraphResult {
    let principal = world.app(&client_id.to_string()).map(|app| app.object_id).unwrap_or_default();
    match &*what.to_ascii_lowercase() {
        "owners" => {
            let owners = world.links.owners.iter().filter(|(owned, _)| *owned == client_id);
            let (people, principals) = members::split(owners.map(|(_, owner)| owner));
            members::list_with(world, call, &people, &principals, cast)
        }
        "ownedobjects" => {
            let as_owner = Owner::Application(principal);
            let groups =
                world.directory.iter().filter(|group| group.kind.is_group() && group.group.owners.contains(&as_owner));
            let groups: Vec<Value> = groups.map(|group| typed(super::groups::row(group), "group")).collect();
            let owned = world.links.owners.iter().filter(|(_, owner)| *owner == as_owner);
            let owned: Vec<&App> = owned.filter_map(|(owned, _)| world.app(&owned.to_string())).collect();
            let mut rows = groups;
            rows.extend(
                owned.iter().filter(|app| app.principal).map(|app| typed(app_row(world, app), "servicePrincipal")),
            );
            let domain = &world.organization.default_domain;
            let registered = owned.iter().filter(|app| app.registration.is_some());
            rows.extend(registered.map(|app| typed(super::applications::row(app, domain), "application")));
            if let [cast] = cast {
                rows.retain(|row| row["@odata.type"].as_str() == Some(&*format!("#{cast}")));
            }
            call.list("directoryObjects", rows, PAGES, Value::clone)
        }
        what => {
            let groups = members::groups_of_principal(world, principal, what == "transitivememberof");
            members::list(world, call, &groups, cast)
        }
    }
}

fn typed(mut row: Value, kind: &str) -> Value {
    row["@odata.type"] = json!(format!("#microsoft.graph.{kind}"));
    row
}

/// Deleting a service principal takes its pointer in Exchange and its assignments with it; scopes stay
/// (Microsoft documentation).
pub(super) fn delete(world: &mut World, client_id: Uuid) {
    let Some(app) = world.app_mut(&client_id.to_string()) else {
        return;
    };
    app.principal = false;
    app.assignments.clear();
    app.directory_roles.clear();
    let object_id = app.object_id;
    world.links.members.retain(|(_, member)| *member != object_id);
    let configured = &world.access.current;
    let pointers = configured.pointers.iter().filter(|pointer| pointer.object_id == object_id);
    let held = Assignee::Application(object_id);
    let assignments = configured.assignments.iter().filter(|assignment| assignment.assignee == held);
    let changes: Vec<Change> = pointers
        .map(|pointer| Change::RemovePointer(pointer.guid))
        .chain(assignments.map(|assignment| Change::RemoveAssignment(assignment.guid)))
        .collect();
    for change in changes {
        world.change(change);
    }
}

/// Makes the service principal of an application that is there.
fn create(world: &mut World, call: &GraphCall<'_>) -> GraphResult {
    call.need(WRITE)?;
    let id = call.field("appId").and_then(|id| Uuid::parse_str(id).ok()).ok_or_else(|| {
        GraphError::bad_request("A value is required for property 'appId' of resource 'ServicePrincipal'.")
    })?;
    let lag = world.replication_lag;
    // A copy of the directory that has not heard of the application yet says there is none.
    let known = world
        .apps
        .iter_mut()
        .find(|app| app.client_id == id && app.registration.is_some())
        .and_then(|app| has_arrived(&mut app.lag.application).then_some(app));
    let Some(app) = known else {
        return Err(GraphError::bad_request(format!(
            "The appId '{id}' of the service principal does not reference a valid application object."
        ))
        .with_detail("NoBackingApplicationObject", "appId"));
    };
    if app.principal {
        return Err(error(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            format!(
                "The service principal cannot be created, updated, or restored because the service principal name {id} is already in use."
            ),
        )
        .with_detail("ObjectConflict", "servicePrincipalNames"));
    }
    app.principal = true;
    app.lag.principal = lag;
    app.lag.sign_in = lag;
    let client_id = app.client_id.to_string();
    let row = world.app(&client_id).map_or(Value::Null, |app| app_row(world, app));
    Ok(call.created("servicePrincipals/$entity", &row))
}

fn find(world: &World, key: &str) -> Option<Principal> {
    let (by_app_id, id) = match key.split_once('=') {
        Some((name, value)) => (name.trim().eq_ignore_ascii_case("appId"), value.trim().trim_matches('\'')),
        None => (false, key),
    };
    let resource = Resource::ALL.into_iter().find(|resource| {
        if by_app_id {
            resource.app_id().eq_ignore_ascii_case(id)
        } else {
            resource.object_id().to_string().eq_ignore_ascii_case(id)
        }
    });
    resource.map(Principal::Resource).or_else(|| {
        world
            .apps
            .iter()
            .find(|app| {
                if !app.principal {
                    return false;
                }
                let own = if by_app_id { app.client_id } else { app.object_id };
                own.to_string().eq_ignore_ascii_case(id)
            })
            .map(|app| Principal::App(app.client_id))
    })
}

/// The assignments that a principal holds, or those of its roles that others hold.
fn list(world: &World, call: &GraphCall<'_>, side: &str, concerned: impl Fn(&App, Resource) -> bool) -> GraphResult {
    let rows: Vec<Value> = world
        .apps
        .iter()
        .flat_map(|app| app.assignments.iter().map(move |assignment| (app, assignment)))
        .filter(|(app, assignment)| concerned(app, assignment.resource))
        .map(|(app, assignment)| assignment_row(app, assignment))
        .collect();
    call.list(side, rows, PAGES, Value::clone)
}

fn add(world: &mut World, call: &GraphCall<'_>, side: &str, concerned: impl Fn(&App, Resource) -> bool) -> GraphResult {
    let field = |name: &str| {
        call.incoming
            .json
            .as_ref()
            .and_then(|body| body.get(name))
            .and_then(Value::as_str)
            .and_then(|text| Uuid::parse_str(text).ok())
            .ok_or_else(|| {
                GraphError::bad_request(format!(
                    "Invalid value specified for property '{name}' of resource 'AppRoleAssignment'."
                ))
            })
    };
    let (principal, resource, role) = (field("principalId")?, field("resourceId")?, field("appRoleId")?);
    let resource = Resource::ALL
        .into_iter()
        .find(|known| known.object_id() == resource)
        .ok_or_else(|| GraphError::not_found(&resource.to_string()))?;
    if world.links.app_role_value(resource, role).is_none() {
        return Err(GraphError::bad_request("Permission being assigned was not found on application"));
    }
    let id = world.fresh_opaque_id("app-role-assignment");
    let created = world.now();
    let Some(app) = world.apps.iter_mut().find(|app| app.principal && app.object_id == principal) else {
        return Err(GraphError::not_found(&principal.to_string()));
    };
    if !concerned(app, resource) {
        return Err(GraphError::bad_request("The assignment is not one of the service principal in the address."));
    }
    if app.assignments.iter().any(|held| held.resource == resource && held.role == role) {
        return Err(GraphError::bad_request("Permission being assigned already exists on the object"));
    }
    let assignment = AppRoleAssignment { id, resource, role, created };
    let mut row = assignment_row(app, &assignment);
    app.assignments.push(assignment);
    row["@odata.context"] = json!(call.context(&format!("{side}/$entity")));
    Ok(Response::of_json(201, &row))
}

fn remove(world: &mut World, id: &str, concerned: impl Fn(&App, Resource) -> bool) -> GraphResult {
    for app in &mut world.apps {
        // The id is opaque text whose letters' case counts.
        let held = app.assignments.iter().position(|held| held.id == id && concerned(app, held.resource));
        if let Some(at) = held {
            app.assignments.remove(at);
            return Ok(Response::new(204));
        }
    }
    Err(GraphError::not_found(id))
}

fn assignment_row(app: &App, assignment: &AppRoleAssignment) -> Value {
    json!({
        "id": assignment.id,
        "deletedDateTime": null,
        "appRoleId": assignment.role,
        "createdDateTime": graph_date_time(assignment.created),
        "principalDisplayName": app.display_name,
        "principalId": app.object_id,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": assignment.resource.display_name(),
        "resourceId": assignment.resource.object_id(),
    })
}

pub(crate) fn app_row(world: &World, app: &App) -> Value {
    let managed = world.links.managed.contains(&app.object_id);
    json!({
        "id": app.object_id,
        "deletedDateTime": null,
        "accountEnabled": app.enabled,
        "appId": app.client_id,
        "appDisplayName": app.display_name,
        "appRoleAssignmentRequired": false,
        "displayName": app.display_name,
        "servicePrincipalNames": [app.client_id],
        "servicePrincipalType": if managed { "ManagedIdentity" } else { "Application" },
        "signInAudience": "AzureADMyOrg",
        "appRoles": [],
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
    })
}

/// Delegated permissions of Microsoft Graph with their ids, by Microsoft's list of permissions of 2026-08-07: those for
/// calendars, places, people and groups, and the ones of `OpenID` Connect. The service has several hundred.
const GRAPH_SCOPES: &[(&str, &str)] = &[
    ("Calendars.Read", "465a38f9-76ea-45b9-9f34-9e8b0d4b0b42"),
    ("Calendars.Read.Shared", "2b9c4092-424d-4249-948d-b43879977640"),
    ("Calendars.ReadBasic", "662d75ba-a364-42ad-adee-f5f880ea4878"),
    ("Calendars.ReadWrite", "1ec239c2-d7c9-4623-a91a-a9775856bb36"),
    ("Calendars.ReadWrite.Shared", "12466101-c9b8-439a-8589-dd09ee67e8e9"),
    ("Group.Read.All", "5f8c59db-677d-491f-a6b8-5f174b11ec1d"),
    ("GroupMember.Read.All", "bc024368-1153-4739-b217-4326f2e966d0"),
    ("MailboxSettings.Read", "87f447af-9fa4-4c32-9dfa-4a57a73d18ce"),
    ("Place.Read.All", "cb8f45a0-5c2e-4ea1-b803-84b870a7d7ec"),
    ("User.Read", "e1fe6dd8-ba31-4d61-89e7-88639da4683d"),
    ("User.Read.All", "a154be20-db9c-4678-8ab7-66f6cc099a59"),
    ("User.ReadBasic.All", "b340eb25-3456-403f-be2f-af7a0d370277"),
    ("email", "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0"),
    ("offline_access", "7427e0e9-2fba-42fe-b0c0-848c9e6a8182"),
    ("openid", "37f7f235-527c-4136-accd-4a02d197296e"),
    ("profile", "14dad69e-099b-42c9-810b-d002981feec1"),
];

fn scope_rows(resource: Resource) -> Vec<Value> {
    let scopes = if resource == Resource::Graph { GRAPH_SCOPES } else { &[] };
    let row = |(value, id): &(&str, &str)| {
        json!({
            "adminConsentDescription": value,
            "adminConsentDisplayName": value,
            "id": id,
            "isEnabled": true,
            "type": "Admin",
            "userConsentDescription": null,
            "userConsentDisplayName": null,
            "value": value,
        })
    };
    scopes.iter().map(row).collect()
}

fn resource_row(world: &World, resource: Resource) -> Value {
    let known = resource.app_roles().iter().map(|(value, id)| (*value, (*id).to_owned()));
    let further = world.links.listed_roles.iter().filter(|(other, ..)| *other == resource);
    let further = further.map(|(_, id, value)| (value.as_str(), id.to_string()));
    let roles: Vec<Value> = known
        .chain(further)
        .map(|(value, id)| {
            json!({
                "allowedMemberTypes": ["Application"],
                "description": value,
                "displayName": value,
                "id": id,
                "isEnabled": true,
                "origin": "Application",
                "value": value,
            })
        })
        .collect();
    json!({
        "id": resource.object_id(),
        "deletedDateTime": null,
        "accountEnabled": true,
        "appId": resource.app_id(),
        "appDisplayName": resource.display_name(),
        "appRoleAssignmentRequired": false,
        "displayName": resource.display_name(),
        "servicePrincipalNames": [resource.app_id()],
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMultipleOrgs",
        "appRoles": roles,
        "oauth2PermissionScopes": scope_rows(resource),
        "tags": [],
    })
}
