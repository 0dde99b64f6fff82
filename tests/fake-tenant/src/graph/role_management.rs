//! `/roleManagement/directory`: who holds which directory role, directly, by way of a group, or could.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::delta::{self, Followed};
use super::query::Paging;
use super::{GraphCall, GraphError, GraphResult, error, members};
use crate::filter::Operator;
use crate::request::Response;
use crate::roles::DirectoryRole;
use crate::world::{World, derived_id};

const READ: &[&str] = &["RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "Directory.Read.All"];
const WRITE: &[&str] = &["RoleManagement.ReadWrite.Directory"];
const PAGES: Paging = Paging::Token { default: 100, max: 999 };

#[derive(Clone)]
struct Held {
    principal: Uuid,
    role: &'static str,
    /// The administrative unit over which it is held, if not over everything.
    unit: Option<Uuid>,
}

impl Held {
    fn over_everything(principal: Uuid, role: &'static str) -> Self {
        Self { principal, role, unit: None }
    }

    fn scope(&self) -> String {
        self.unit.map_or_else(|| "/".to_owned(), |unit| format!("/administrativeUnits/{unit}"))
    }
}

pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    let [provider, what, rest @ ..] = rest else {
        return Err(GraphError::unknown_segment("roleManagement"));
    };
    if !provider.eq_ignore_ascii_case("directory") {
        return Err(GraphError::unknown_segment(provider));
    }
    let what = what.to_ascii_lowercase();
    let writes = call.method() != "GET";
    match (&*what, writes) {
        ("roleeligibilityscheduleinstances", false) => {
            call.need(&["RoleEligibilitySchedule.Read.Directory", "RoleManagement.ReadWrite.Directory"])?;
        }
        ("roleassignmentscheduleinstances", false) => {
            call.need(&["RoleAssignmentSchedule.Read.Directory", "RoleManagement.ReadWrite.Directory"])?;
        }
        (_, false) => call.need(READ)?,
        (_, true) => call.need(WRITE)?,
    }
    match (&*what, call.method(), rest) {
        ("roledefinitions", "GET", []) => {
            if call.query.filter().is_some_and(crate::filter::Expression::has_alternative) {
                return Err(error(400, "Request_UnsupportedQuery", "Or operator not supported for this entity set."));
            }
            let roles = DirectoryRole::all().collect();
            call.list("roleManagement/directory/roleDefinitions", roles, PAGES, |role| definition(*role))
        }
        ("roledefinitions", "GET", [id]) => {
            let role = DirectoryRole::of_template(id).ok_or_else(|| GraphError::not_found(id))?;
            Ok(call.entity("roleManagement/directory/roleDefinitions/$entity", &definition(role)))
        }
        ("roleassignments", "GET", []) => {
            // The directory provider wants to know whose, or which (Microsoft documentation).
            let mut named = false;
            if let Some(filter) = call.query.filter() {
                filter.each_test(&mut |property, operator, _| {
                    named |= operator == Operator::Equal
                        && ["principalId", "roleDefinitionId"].iter().any(|name| name.eq_ignore_ascii_case(property));
                });
            }
            if !named {
                return Err(GraphError::bad_request(
                    "A filter on principalId or roleDefinitionId is required to list role assignments.",
                ));
            }
            list(world, call, "roleAssignments", direct(world))
        }
        ("transitiveroleassignments", "GET", []) => {
            if !(call.is_eventual() && call.query.counts()) {
                return Err(error(
                    400,
                    "Request_UnsupportedQuery",
                    "The request needs the header 'ConsistencyLevel: eventual' and the parameter $count=true.",
                ));
            }
            list(world, call, "transitiveRoleAssignments", transitive(world))
        }
        ("roleassignmentscheduleinstances", "GET", []) => {
            let rows = direct(world);
            call.list("roleManagement/directory/roleAssignmentScheduleInstances", rows, PAGES, |held| {
                let mut row = schedule(held);
                row["assignmentType"] = json!("Assigned");
                row
            })
        }
        ("roleeligibilityscheduleinstances", "GET", []) => {
            let mut rows: Vec<Held> = world
                .users
                .iter()
                .flat_map(|(id, account)| account.eligible.iter().map(|role| Held::over_everything(*id, role)))
                .collect();
            rows.sort_by_key(|held| held.principal);
            call.list("roleManagement/directory/roleEligibilityScheduleInstances", rows, PAGES, schedule)
        }
        ("roleassignments", "GET", [id]) => {
            let held = direct(world).into_iter().find(|held| assignment_id(held) == *id);
            let held = held.ok_or_else(|| GraphError::not_found(id))?;
            Ok(call.entity("roleManagement/directory/roleAssignments/$entity", &row(&held)))
        }
        ("roleassignments", "POST", []) => assign(world, call),
        ("roleassignments", "DELETE", [id]) => {
            let held = direct(world).into_iter().find(|held| assignment_id(held) == *id);
            let held = held.ok_or_else(|| GraphError::not_found(id))?;
            if let Some(unit) = held.unit {
                world.links.scoped_roles.retain(|scoped| *scoped != (held.principal, held.role, unit));
                return Ok(Response::new(204));
            }
            if let Some(app) = world.apps.iter_mut().find(|app| app.object_id == held.principal) {
                app.directory_roles.retain(|role| *role != held.role);
            }
            if let Some(account) = world.users.get_mut(&held.principal) {
                account.directory_roles.retain(|role| *role != held.role);
            }
            Ok(Response::new(204))
        }
        (_, "GET", _) => Err(GraphError::unknown_segment(&what)),
        _ => Err(GraphError::wrong_method()),
    }
}

/// `/directoryRoles`: the roles that somebody holds, with who holds each.
// GUESS: an assignment activates a role, and the permissions are those of role management; wrong if a tenant lists roles
// that nobody holds, or refuses these permissions.
pub(crate) fn activated(world: &mut World, call: &GraphCall<'_>, keyed: Option<&str>, rest: &[&str]) -> GraphResult {
    call.only_get()?;
    call.need(READ)?;
    let all = direct(world);
    let held = |role: &DirectoryRole| all.iter().any(|held| held.role == role.template_id());
    let active: Vec<DirectoryRole> = DirectoryRole::all().filter(held).collect();
    // `directoryRoles(roleTemplateId='...')`, or by the id that the role has here.
    let (key, below) = match (keyed.and_then(|first| first.split_once('=')), rest) {
        (Some((_, template)), below) => (template.trim_end_matches(')').trim_matches('\''), below),
        (None, [key, below @ ..]) => (*key, below),
        (None, []) => return call.list("directoryRoles", active, PAGES, |role| activated_row(*role)),
    };
    if key.eq_ignore_ascii_case("delta") {
        let rows = active.iter().map(|role| (activated_id(*role).to_string(), activated_row(*role))).collect();
        return delta::answer(world, call, Followed::of_rows(call, "directoryRoles", rows));
    }
    let named = |role: &&DirectoryRole| match keyed {
        Some(_) => role.template_id().eq_ignore_ascii_case(key),
        None => activated_id(**role).to_string().eq_ignore_ascii_case(key),
    };
    let role = *active.iter().find(named).ok_or_else(|| GraphError::not_found(key))?;
    match below {
        [] => Ok(call.entity("directoryRoles/$entity", &activated_row(role))),
        [what, cast @ ..] if what.eq_ignore_ascii_case("members") => {
            let holders = all.iter().filter(|held| held.role == role.template_id() && held.unit.is_none());
            let holders: Vec<Uuid> = holders.map(|held| held.principal).collect();
            let recipient = |id: &Uuid| world.directory.find(&id.to_string()).find(|it| it.object_id == Some(*id));
            let people: Vec<_> = holders.iter().filter_map(recipient).map(|it| it.id).collect();
            members::list_with(world, call, &people, &holders, cast)
        }
        [unknown, ..] => Err(GraphError::unknown_segment(unknown)),
    }
}

/// `/directoryRoleTemplates`: every role that there is.
pub(crate) fn templates(call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    call.only_get()?;
    call.need(READ)?;
    let row = |role: &DirectoryRole| {
        json!({
            "id": role.template_id(),
            "deletedDateTime": null,
            "description": role.display_name(),
            "displayName": role.display_name(),
        })
    };
    match rest {
        [] => call.list("directoryRoleTemplates", DirectoryRole::all().collect(), PAGES, row),
        [id] => {
            let role = DirectoryRole::of_template(id).ok_or_else(|| GraphError::not_found(id))?;
            Ok(call.entity("directoryRoleTemplates/$entity", &row(&role)))
        }
        [_, unknown, ..] => Err(GraphError::unknown_segment(unknown)),
    }
}

/// A role has an id in each tenant, besides that of its template.
fn activated_id(role: DirectoryRole) -> Uuid {
    derived_id("directory-role", role.template_id())
}

fn activated_row(role: DirectoryRole) -> Value {
    json!({
        "id": activated_id(role),
        "deletedDateTime": null,
        "description": role.display_name(),
        "displayName": role.display_name(),
        "roleTemplateId": role.template_id(),
    })
}

fn direct(world: &World) -> Vec<Held> {
    let apps = world.apps.iter().filter(|app| app.principal);
    let of_apps =
        apps.flat_map(|app| app.directory_roles.iter().map(|role| Held::over_everything(app.object_id, role)));
    let scoped = world.links.scoped_roles.iter().map(|(principal, role, unit)| Held {
        principal: *principal,
        role,
        unit: Some(*unit),
    });
    let mut people: Vec<Held> = world
        .users
        .iter()
        .flat_map(|(id, account)| account.directory_roles.iter().map(|role| Held::over_everything(*id, role)))
        .collect();
    people.sort_by_key(|held| held.principal);
    of_apps.chain(scoped).chain(people).collect()
}

/// With those that people hold by way of a group.
fn transitive(world: &World) -> Vec<Held> {
    let mut all = direct(world);
    for held in all.clone() {
        let group = world
            .directory
            .find(&held.principal.to_string())
            .find(|group| group.kind.is_group() && group.object_id == Some(held.principal));
        let Some(group) = group.map(|group| group.id) else {
            continue;
        };
        let members = members::transitive(world, group);
        let groups: Vec<_> = std::iter::once(group).chain(members.iter().copied()).collect();
        let people = members.into_iter().filter_map(|id| world.directory.get(id)?.object_id);
        let principals = people.chain(members::principals_in(world, &groups));
        all.extend(principals.map(|principal| Held { principal, ..held.clone() }));
    }
    all
}

fn list(world: &World, call: &GraphCall<'_>, what: &str, held: Vec<Held>) -> GraphResult {
    let expand = call.query.expand_text();
    match expand {
        Some(expand) if expand.contains(',') => {
            return Err(GraphError::bad_request("Only one relation can be expanded at a time."));
        }
        None | Some("roleDefinition" | "principal") => {}
        Some(_) => return Err(GraphError::not_modelled()),
    }
    call.list(&format!("roleManagement/directory/{what}"), held, PAGES, |held| {
        let mut row = row(held);
        match expand {
            Some("roleDefinition") => {
                row["roleDefinition"] = DirectoryRole::of_template(held.role).map_or(Value::Null, definition);
            }
            Some("principal") => row["principal"] = principal(world, held.principal),
            _ => {}
        }
        row
    })
}

fn principal(world: &World, id: Uuid) -> Value {
    if let Some(app) = world.apps.iter().find(|app| app.object_id == id) {
        return json!({
            "@odata.type": "#microsoft.graph.servicePrincipal",
            "id": id,
            "appId": app.client_id,
            "displayName": app.display_name,
        });
    }
    world.directory.find(&id.to_string()).next().map_or(Value::Null, |object| {
        json!({
            "@odata.type": members::odata_type(object),
            "id": id,
            "displayName": object.display_name,
            "mail": object.addresses.first(),
        })
    })
}

fn assign(world: &mut World, call: &GraphCall<'_>) -> GraphResult {
    let role = call
        .field("roleDefinitionId")
        .and_then(DirectoryRole::of_template)
        .ok_or_else(|| GraphError::not_found(call.field("roleDefinitionId").unwrap_or_default()))?
        .template_id();
    if call.field("directoryScopeId") != Some("/") {
        return Err(GraphError::bad_request("The directoryScopeId has to be / here."));
    }
    let principal = call
        .field("principalId")
        .and_then(|id| Uuid::parse_str(id).ok())
        .ok_or_else(|| GraphError::bad_request("Invalid value specified for property 'principalId'."))?;
    let held = Held::over_everything(principal, role);
    if direct(world).iter().any(|other| other.principal == principal && other.role == role && other.unit.is_none()) {
        return Err(GraphError::bad_request(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        ));
    }
    if let Some(app) = world.apps.iter_mut().find(|app| app.principal && app.object_id == principal) {
        app.directory_roles.push(role);
    } else if world.directory.find(&principal.to_string()).any(|object| object.object_id == Some(principal)) {
        world.users.entry(principal).or_default().directory_roles.push(role);
    } else {
        return Err(GraphError::not_found(&principal.to_string()));
    }
    Ok(call.created("roleManagement/directory/roleAssignments/$entity", &row(&held)))
}

/// Opaque, and the same as long as the assignment lasts.
fn assignment_id(held: &Held) -> String {
    let id = derived_id("directory-role-assignment", &format!("{}{}{}", held.principal, held.role, held.scope()));
    format!("{}-1", URL_SAFE_NO_PAD.encode([id.into_bytes(), held.principal.into_bytes()].concat()))
}

fn row(held: &Held) -> Value {
    json!({
        "id": assignment_id(held),
        "principalId": held.principal,
        "directoryScopeId": held.scope(),
        "appScopeId": null,
        "condition": null,
        "roleDefinitionId": held.role,
    })
}

fn schedule(held: &Held) -> Value {
    json!({
        "id": format!("{}-e", assignment_id(held)),
        "principalId": held.principal,
        "roleDefinitionId": held.role,
        "directoryScopeId": held.scope(),
        "appScopeId": null,
        "startDateTime": "2026-01-12T14:44:50.287Z",
        "endDateTime": null,
        "memberType": "Direct",
        "roleEligibilityScheduleId": derived_id("schedule", &assignment_id(held)),
    })
}

fn definition(role: DirectoryRole) -> Value {
    json!({
        "id": role.template_id(),
        "description": role.display_name(),
        "displayName": role.display_name(),
        "isBuiltIn": true,
        "isEnabled": true,
        "resourceScopes": ["/"],
        "templateId": role.template_id(),
        "version": "1",
        "rolePermissions": [],
    })
}
