//! Who belongs to what: members, owners, and the groups that something is in.

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::query::{Entity, Paging};
use super::{GraphCall, GraphError, GraphResult, error, groups, service_principals, users};
use crate::recipient::{Owner, Recipient, RecipientId};
use crate::request::Response;
use crate::world::{App, World};

const PAGES: Paging = Paging::Token { default: 100, max: 999 };
/// How many groups one call may check (widely known, though no page was found).
const MOST_CHECKED: usize = 20;
const MOST_BY_ID: usize = 1000;

const OBJECTS: Entity =
    Entity { name: "DirectoryObject", defaults: &[], sortable: &["displayName"], unsortable: &["mail"] };

/// Something that is in a group, or owns one.
#[derive(Clone, Copy)]
enum Object<'w> {
    Recipient(&'w Recipient),
    Application(&'w App),
}

impl Object<'_> {
    fn odata_type(self) -> &'static str {
        match self {
            Self::Recipient(recipient) => odata_type(recipient),
            Self::Application(_) => "#microsoft.graph.servicePrincipal",
        }
    }
}

/// A list of people and groups, of one type when a cast says so.
pub(crate) fn list(world: &World, call: &GraphCall<'_>, ids: &[RecipientId], cast: &[&str]) -> GraphResult {
    list_with(world, call, ids, &[], cast)
}

/// The same, and service principals by object id.
pub(crate) fn list_with(
    world: &World,
    call: &GraphCall<'_>,
    ids: &[RecipientId],
    principals: &[Uuid],
    cast: &[&str],
) -> GraphResult {
    let kind = match cast {
        [] => None,
        [cast] if cast.to_ascii_lowercase().starts_with("microsoft.graph.") => Some(format!("#{cast}")),
        [unknown, ..] => return Err(GraphError::unknown_segment(unknown)),
    };
    if kind.is_some() && call.query.is_demanding() && !(call.is_eventual() && call.query.counts()) {
        return Err(error(
            400,
            "Request_UnsupportedQuery",
            "The specified query needs the header 'ConsistencyLevel: eventual' and the parameter $count=true.",
        ));
    }
    let apps = world.apps.iter().filter(|app| app.principal && principals.contains(&app.object_id));
    let found: Vec<Object<'_>> = ids
        .iter()
        .filter_map(|id| world.directory.get(*id))
        .map(Object::Recipient)
        .chain(apps.map(Object::Application))
        .filter(|object| kind.as_ref().is_none_or(|kind| object.odata_type().eq_ignore_ascii_case(kind)))
        .collect();
    let (context, entity) = match kind.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("#microsoft.graph.user") => ("users", users::ENTITY),
        Some("#microsoft.graph.group") => ("groups", groups::ENTITY),
        Some("#microsoft.graph.serviceprincipal") => ("servicePrincipals", OBJECTS),
        _ => ("directoryObjects", OBJECTS),
    };
    let may_see_people = call.holds_any(&["User.ReadBasic.All", "User.Read.All", "Directory.Read.All"]);
    let may_see_apps = call.holds_any(&["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"]);
    call.directory_list(context, found, PAGES, entity, |object| match object {
        Object::Recipient(member) => row(call, member, kind.is_none(), may_see_people),
        Object::Application(app) => {
            let mut row = if may_see_apps {
                service_principals::app_row(world, app)
            } else {
                json!({"id": app.object_id, "displayName": null, "appId": null})
            };
            if kind.is_none() {
                row["@odata.type"] = json!(object.odata_type());
            }
            row
        }
    })
}

fn row(call: &GraphCall<'_>, member: &Recipient, typed: bool, may_see_people: bool) -> Value {
    let mut row = if member.kind.is_group() {
        groups::row(member)
    } else if may_see_people {
        // Filters look at everything, a plain list shows the default properties.
        if call.query.is_demanding() || call.query.selects() { users::row(member) } else { users::shown(call, member) }
    } else {
        // Without permission for the member's own type only its type and id are told.
        json!({
            "id": member.object_id_text(),
            "displayName": null,
            "mail": null,
            "userPrincipalName": null,
        })
    };
    if typed {
        row["@odata.type"] = json!(odata_type(member));
    }
    row
}

/// A member in an expanded relation, by the rules of a list of members.
pub(crate) fn shown(call: &GraphCall<'_>, member: &Recipient) -> Value {
    let mut object =
        row(call, member, true, call.holds_any(&["User.ReadBasic.All", "User.Read.All", "Directory.Read.All"]));
    if let (Some(object), false) = (object.as_object_mut(), member.kind.is_group()) {
        object.retain(|key, _| key.starts_with('@') || users::DEFAULTS.contains(&key.as_str()));
    }
    object
}

pub(crate) fn odata_type(member: &Recipient) -> &'static str {
    if member.kind.is_group() { "#microsoft.graph.group" } else { "#microsoft.graph.user" }
}

/// Direct members and theirs, each once.
pub(crate) fn transitive(world: &World, group: RecipientId) -> Vec<RecipientId> {
    let mut seen = HashSet::from([group]);
    let mut found = Vec::new();
    let mut open = vec![group];
    while let Some(group) = open.pop() {
        for member in world.members(group) {
            if seen.insert(member) {
                found.push(member);
                open.push(member);
            }
        }
    }
    found
}

/// The groups that something is in, directly or by way of others.
pub(crate) fn parents(world: &World, member: RecipientId, all: bool) -> Vec<RecipientId> {
    let groups: Vec<RecipientId> =
        world.directory.iter().filter(|group| group.kind.is_group()).map(|group| group.id).collect();
    let mut seen = HashSet::from([member]);
    let mut found = Vec::new();
    let mut open = vec![member];
    while let Some(at) = open.pop() {
        for group in groups.iter().filter(|group| world.access.current.is_direct_member(**group, at)) {
            if seen.insert(*group) {
                found.push(*group);
                if all {
                    open.push(*group);
                }
            }
        }
    }
    found.sort_unstable();
    found
}

/// The groups that a service principal is in, directly or by way of others.
pub(crate) fn groups_of_principal(world: &World, principal: Uuid, all: bool) -> Vec<RecipientId> {
    let direct = world.links.members.iter().filter(|(_, member)| *member == principal).map(|(group, _)| *group);
    let mut found: Vec<RecipientId> = direct.collect();
    if all {
        let above: Vec<RecipientId> = found.iter().flat_map(|group| parents(world, *group, true)).collect();
        found.extend(above);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Owners by what they are.
pub(crate) fn split<'o>(owners: impl IntoIterator<Item = &'o Owner>) -> (Vec<RecipientId>, Vec<Uuid>) {
    let (mut people, mut principals) = (Vec::new(), Vec::new());
    for owner in owners {
        match owner {
            Owner::Recipient(id) => people.push(*id),
            Owner::Application(id) => principals.push(*id),
            Owner::RoleGroup(_) => {}
        }
    }
    (people, principals)
}

/// The service principals in a group.
pub(crate) fn principals_in(world: &World, groups: &[RecipientId]) -> Vec<Uuid> {
    world.links.members.iter().filter(|(group, _)| groups.contains(group)).map(|(_, member)| *member).collect()
}

pub(crate) fn groups_of(
    world: &World,
    call: &GraphCall<'_>,
    member: RecipientId,
    all: bool,
    cast: &[&str],
) -> GraphResult {
    list(world, call, &parents(world, member, all), cast)
}

/// The checks of membership, which all follow nesting.
pub(crate) fn is_check(what: &str) -> bool {
    ["checkmembergroups", "getmembergroups", "checkmemberobjects", "getmemberobjects"].contains(&what)
}

pub(crate) fn check(world: &World, call: &GraphCall<'_>, member: RecipientId, what: &str) -> GraphResult {
    if call.method() != "POST" {
        return Err(GraphError::wrong_method());
    }
    call.need(&["GroupMember.Read.All", "Group.Read.All", "Directory.Read.All", "User.Read.All"])?;
    let body = call.body()?;
    let security_only = body.get("securityEnabledOnly").and_then(Value::as_bool).unwrap_or(false);
    let ids: Vec<String> = parents(world, member, true)
        .into_iter()
        .filter_map(|id| world.directory.get(id))
        .filter(|group| !security_only || groups::is_security(group.kind))
        .map(Recipient::object_id_text)
        .collect();
    let ids = if what.starts_with("get") {
        ids
    } else {
        let name = if what == "checkmembergroups" { "groupIds" } else { "ids" };
        let wanted = body
            .get(name)
            .and_then(Value::as_array)
            .ok_or_else(|| GraphError::bad_request(format!("The parameter '{name}' is missing.")))?;
        if wanted.len() > MOST_CHECKED {
            return Err(GraphError::bad_request(format!(
                "The number of ids in '{name}' exceeds the limit of {MOST_CHECKED}."
            )));
        }
        ids.into_iter()
            .filter(|id| {
                wanted.iter().any(|wanted| wanted.as_str().is_some_and(|wanted| wanted.eq_ignore_ascii_case(id)))
            })
            .collect()
    };
    Ok(Response::of_json(200, &json!({"@odata.context": call.context("Collection(Edm.String)"), "value": ids})))
}

/// The collections of directory objects, on each of which `getByIds` can be called.
pub(crate) const COLLECTIONS: [&str; 5] = ["applications", "directoryobjects", "groups", "serviceprincipals", "users"];

/// The objects with these ids, in the order of the ids; those that are not there are left out.
pub(crate) fn by_ids(world: &World, call: &GraphCall<'_>) -> GraphResult {
    if call.method() != "POST" {
        return Err(GraphError::wrong_method());
    }
    call.need(&["Directory.Read.All", "User.Read.All", "Group.Read.All", "GroupMember.Read.All"])?;
    let body = call.body()?;
    let ids = body.get("ids").and_then(Value::as_array).cloned().unwrap_or_default();
    if ids.is_empty() || ids.len() > MOST_BY_ID {
        return Err(GraphError::bad_request(format!("Between 1 and {MOST_BY_ID} ids are needed.")));
    }
    let types: Vec<&str> =
        body.get("types").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let object = |id: &str| -> Option<Value> {
        let same = |other: &Uuid| other.to_string().eq_ignore_ascii_case(id);
        let named = |mut row: Value, kind: &str| {
            row["@odata.type"] = json!(format!("#microsoft.graph.{kind}"));
            row
        };
        if let Some(app) = world.apps.iter().find(|app| app.principal && same(&app.object_id)) {
            return Some(named(service_principals::app_row(world, app), "servicePrincipal"));
        }
        let registered = |app: &&App| app.registration.as_ref().is_some_and(|it| same(&it.object_id));
        if let Some(app) = world.apps.iter().find(registered) {
            return Some(named(super::applications::row(app, &world.organization.initial_domain), "application"));
        }
        world.directory.get(by_id(world, id)?).map(|object| row(call, object, true, true))
    };
    let wanted = |row: &Value| {
        let kind = row["@odata.type"].as_str().and_then(|kind| kind.rsplit('.').next()).unwrap_or_default();
        let same = |name: &&str| name.eq_ignore_ascii_case(kind) || name.eq_ignore_ascii_case("directoryObject");
        types.is_empty() || types.iter().any(same)
    };
    let rows: Vec<Value> = ids.iter().filter_map(|id| object(id.as_str()?)).filter(wanted).collect();
    Ok(Response::of_json(200, &json!({"@odata.context": call.context("directoryObjects"), "value": rows})))
}

fn by_id(world: &World, id: &str) -> Option<RecipientId> {
    world.directory.find(id).find(|object| object.object_id_text().eq_ignore_ascii_case(id)).map(|object| object.id)
}

/// `/directoryObjects`: one by its id, and the checks of it.
pub(crate) fn directory_objects(world: &World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    match rest {
        [id, what] if is_check(&what.to_ascii_lowercase()) => {
            let object = by_id(world, id).ok_or_else(|| GraphError::not_found(id))?;
            check(world, call, object, &what.to_ascii_lowercase())
        }
        [id] => {
            call.only_get()?;
            call.need(&["Directory.Read.All", "User.Read.All"])?;
            let object = by_id(world, id).ok_or_else(|| GraphError::not_found(id))?;
            let row = world.directory.get(object).map_or(Value::Null, |object| row(call, object, true, true));
            Ok(call.entity("directoryObjects/$entity", &row))
        }
        _ => Err(GraphError::unknown_segment("directoryObjects")),
    }
}
