//! `/groups`: all of them can be read, only those without a life in Exchange can be changed.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::delta::{self, Followed};
use super::query::{Entity, Paging};
use super::{GraphCall, GraphError, GraphResult, members, users};
use crate::access::Change;
use crate::address::linked_id;
use crate::clock::graph_date_time;
use crate::recipient::{Owner, Recipient, RecipientId, RecipientKind};
use crate::request::Response;
use crate::world::{NewRecipient, World};

const READ: &[&str] = &[
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
];
const WRITE: &[&str] = &["Group.ReadWrite.All"];
const WRITE_MEMBERS: &[&str] = &["GroupMember.ReadWrite.All", "Group.ReadWrite.All"];
const PAGES: Paging = Paging::Token { default: 100, max: 999 };
/// Members in one change, and objects of an expanded relation (Microsoft documentation).
const MOST_BOUND: usize = 20;
const MOST_EXPANDED: usize = 20;
pub(crate) const ENTITY: Entity =
    Entity { name: "Group", defaults: &[], sortable: &["displayName"], unsortable: &["mail", "proxyAddresses"] };

#[expect(clippy::too_many_lines, reason = "a table of routes is read in one piece")]
pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    let lower: Vec<String> = rest.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    match (call.method(), &lower[..]) {
        ("GET", []) => {
            call.need(READ)?;
            let visible = visible(world);
            // What cannot be expanded for one cannot be for any.
            if !call.query.expansions()?.is_empty() {
                visible.iter().try_for_each(|id| expanded(world, call, *id).map(drop))?;
            }
            call.directory_list("groups", visible, PAGES, ENTITY, |id| expanded(world, call, *id).unwrap_or_default())
        }
        ("GET", ["delta"]) => {
            call.need(READ)?;
            follow(world, call)
        }
        ("POST", []) => create(world, call),
        ("GET", [_]) => {
            call.need(READ)?;
            let group = find(world, rest[0])?;
            let row = expanded(world, call, group)?;
            Ok(call.entity("groups/$entity", &row))
        }
        ("PATCH", [_]) => {
            let binds = call.body()?.contains_key("members@odata.bind");
            let group = writable(world, call, rest[0], if binds { WRITE_MEMBERS } else { WRITE })?;
            if binds {
                bind_members(world, call, group)?;
            }
            change(world, call, group)
        }
        ("DELETE", [_]) => {
            let group = writable(world, call, rest[0], WRITE)?;
            world.remove_recipient(group);
            Ok(Response::new(204))
        }
        ("GET", [_, what @ ("members" | "transitivemembers" | "owners" | "memberof" | "transitivememberof"), ..]) => {
            call.need(READ)?;
            let group = find(world, rest[0])?;
            let (ids, principals) = match *what {
                "members" => (world.members(group), members::principals_in(world, &[group])),
                "transitivemembers" => {
                    let ids = members::transitive(world, group);
                    let groups: Vec<RecipientId> = std::iter::once(group).chain(ids.iter().copied()).collect();
                    (ids, members::principals_in(world, &groups))
                }
                "owners" => owners(world, group),
                "memberof" => (members::parents(world, group, false), Vec::new()),
                _ => (members::parents(world, group, true), Vec::new()),
            };
            members::list_with(world, call, &ids, &principals, &rest[2..])
        }
        ("POST", [_, "members", "$ref"]) => {
            let group = writable(world, call, rest[0], WRITE_MEMBERS)?;
            let member = member_id(world, &linked(call))?;
            if world.access.current.is_direct_member(group, member) {
                return Err(already("members"));
            }
            let nested = world.directory.get(member).is_some_and(|member| member.kind.is_group());
            let unified =
                world.directory.get(group).is_some_and(|group| group.kind == RecipientKind::Microsoft365Group);
            if nested && unified {
                return Err(GraphError::bad_request("The member is of a type that can't be added to this group."));
            }
            world.add_member(group, member);
            Ok(Response::new(204))
        }
        ("DELETE", [_, "members", member, "$ref"]) => {
            let group = writable(world, call, rest[0], WRITE_MEMBERS)?;
            let found = member_id(world, member)?;
            if !world.access.current.is_direct_member(group, found) {
                return Err(GraphError::not_found(member));
            }
            world.change(Change::RemoveMember { group, member: found });
            Ok(Response::new(204))
        }
        ("POST", [_, "owners", "$ref"]) => {
            let group = writable(world, call, rest[0], WRITE_MEMBERS)?;
            let owner = owner(world, &linked(call))?;
            let held = world.directory.get(group).is_some_and(|group| group.group.owners.contains(&owner));
            if held {
                return Err(already("owners"));
            }
            world.directory.update(group, |group| group.group.owners.push(owner));
            Ok(Response::new(204))
        }
        ("DELETE", [_, "owners", id, "$ref"]) => {
            let group = writable(world, call, rest[0], WRITE_MEMBERS)?;
            let owner = owner(world, id)?;
            let held = world.directory.get(group).map(|group| group.group.owners.clone()).unwrap_or_default();
            if !held.contains(&owner) {
                return Err(GraphError::not_found(id));
            }
            if held.len() == 1 {
                return Err(GraphError::bad_request(
                    "The group must have at least one owner, hence this owner cannot be removed.",
                ));
            }
            world.directory.update(group, |group| group.group.owners.retain(|other| *other != owner));
            Ok(Response::new(204))
        }
        (_, [_, what]) if members::is_check(what) => {
            let group = find(world, rest[0])?;
            members::check(world, call, group, what)
        }
        ("GET", [_, unknown, ..]) => Err(GraphError::unknown_segment(unknown)),
        _ => Err(GraphError::wrong_method()),
    }
}

fn visible(world: &mut World) -> Vec<RecipientId> {
    let groups: Vec<_> =
        world.directory.iter().filter(|group| group.kind.is_group()).map(|group| (group.id, group.guid)).collect();
    groups.into_iter().filter(|(_, guid)| world.visibility.sees(*guid)).map(|(id, _)| id).collect()
}

fn already(what: &str) -> GraphError {
    GraphError::bad_request(format!(
        "One or more added object references already exist for the following modified properties: '{what}'."
    ))
}

/// The id in the `@odata.id` of the body.
fn linked(call: &GraphCall<'_>) -> String {
    call.field("@odata.id").map(linked_id).unwrap_or_default()
}

/// The people and the service principals that own a group; the directory does not know role groups.
fn owners(world: &World, group: RecipientId) -> (Vec<RecipientId>, Vec<Uuid>) {
    let owners = world.directory.get(group).map(|group| group.group.owners.as_slice()).unwrap_or_default();
    members::split(owners)
}

fn owner(world: &World, id: &str) -> Result<Owner, GraphError> {
    let app = world.apps.iter().find(|app| app.principal && app.object_id.to_string().eq_ignore_ascii_case(id));
    match app {
        Some(app) => Ok(Owner::Application(app.object_id)),
        None => users::by_object_id(world, id).map(Owner::Recipient).ok_or_else(|| GraphError::not_found(id)),
    }
}

fn find(world: &mut World, id: &str) -> Result<RecipientId, GraphError> {
    let found = world
        .directory
        .find(id)
        .find(|group| group.kind.is_group() && group.object_id_text().eq_ignore_ascii_case(id))
        .map(|group| (group.id, group.guid));
    match found {
        Some((id, guid)) if world.visibility.sees(guid) => Ok(id),
        _ => Err(GraphError::not_found(id)),
    }
}

/// Groups that Exchange owns are read-only here, whatever the permissions.
fn writable(world: &mut World, call: &GraphCall<'_>, id: &str, roles: &[&str]) -> Result<RecipientId, GraphError> {
    call.need(roles)?;
    let group = find(world, id)?;
    let exchange_owned = world.directory.get(group).is_some_and(|group| group.kind.is_distribution_group());
    if exchange_owned {
        // The grammar is the service's (observed).
        return Err(GraphError::bad_request("Cannot Update a mail-enabled security groups and or distribution list."));
    }
    Ok(group)
}

/// A person or a group, by object id; people also by name and address.
fn member_id(world: &World, id: &str) -> Result<RecipientId, GraphError> {
    let group = || {
        world
            .directory
            .find(id)
            .find(|group| group.kind.is_group() && group.object_id_text().eq_ignore_ascii_case(id))
            .map(|group| group.id)
    };
    users::find(world, id).map(|member| member.id).or_else(group).ok_or_else(|| GraphError::not_found(id))
}

fn create(world: &mut World, call: &GraphCall<'_>) -> GraphResult {
    call.need(&["Group.Create", "Group.ReadWrite.All"])?;
    let body = call.body()?;
    let flag = |name: &str| {
        body.get(name).and_then(Value::as_bool).ok_or_else(|| {
            GraphError::bad_request(format!("A value is required for property '{name}' of resource 'Group'."))
        })
    };
    let text = |name: &str| {
        call.field(name).filter(|text| !text.trim().is_empty()).ok_or_else(|| {
            GraphError::bad_request(format!("A value is required for property '{name}' of resource 'Group'."))
        })
    };
    let (display_name, nickname) = (text("displayName")?.to_owned(), text("mailNickname")?.to_owned());
    let (mail, security) = (flag("mailEnabled")?, flag("securityEnabled")?);
    let types = body.get("groupTypes").and_then(Value::as_array).cloned().unwrap_or_default();
    let unified = types.iter().any(|kind| kind == "Unified");
    let kind = match (mail, security, unified) {
        (true, _, true) => RecipientKind::Microsoft365Group,
        (false, true, false) => RecipientKind::CloudSecurityGroup,
        (true, _, false) => {
            return Err(GraphError::bad_request(
                "The service does not currently support writes of mail-enabled groups. Please ensure that the mail-enablement property is unset and the security-enablement property is set.",
            ));
        }
        _ => {
            return Err(GraphError::bad_request("Invalid combination of mailEnabled, securityEnabled and groupTypes."));
        }
    };
    if nickname.chars().any(|letter| " @()\\[]\";:<>,".contains(letter)) {
        return Err(GraphError::bad_request(
            "Invalid value specified for property 'mailNickname' of resource 'Group'.",
        ));
    }
    let address = format!("{nickname}@{}", world.organization.default_domain);
    if unified && world.directory.by_address(&address).is_some() {
        return Err(GraphError::bad_request(
            "Another object with the same value for property mailNickname already exists.",
        ));
    }
    let bound = |name: &str| -> Vec<String> {
        let links = body.get(&format!("{name}@odata.bind")).and_then(Value::as_array).cloned().unwrap_or_default();
        links.iter().filter_map(|link| link.as_str().map(linked_id)).collect()
    };
    let owners: Vec<Owner> = bound("owners").iter().map(|id| owner(world, id)).collect::<Result<_, _>>()?;
    let members: Vec<RecipientId> = bound("members").iter().map(|id| member_id(world, id)).collect::<Result<_, _>>()?;
    let created = world.now();
    // The directory does not mind two groups of one name; Exchange's names are unique.
    let name = Some(format!("{nickname}_{}", world.fresh_id("group-name").simple()));
    let id = world.create(NewRecipient { kind, address, alias: nickname.clone(), display_name, name, created });
    world.directory.update(id, |group| group.group.owners = owners);
    for member in members {
        world.add_member(id, member);
    }
    change(world, call, id)?;
    if let Some(guid) = world.directory.get(id).map(|group| group.guid) {
        world.visibility.created(crate::ObjectKind::Group, guid);
    }
    let row = world.directory.get(id).map_or(Value::Null, row);
    Ok(call.created("groups/$entity", &row))
}

/// `members@odata.bind` of a change: all of them or none.
fn bind_members(world: &mut World, call: &GraphCall<'_>, group: RecipientId) -> Result<(), GraphError> {
    let links = call.body()?.get("members@odata.bind").and_then(Value::as_array).cloned().unwrap_or_default();
    if links.len() > MOST_BOUND {
        return Err(GraphError::bad_request(format!(
            "The number of references in 'members@odata.bind' exceeds the limit of {MOST_BOUND}."
        )));
    }
    let mut members = Vec::new();
    for link in &links {
        let link = link.as_str().ok_or_else(|| GraphError::bad_request("A reference has to be a text."))?;
        let member = member_id(world, &linked_id(link))?;
        if members.contains(&member) || world.access.current.is_direct_member(group, member) {
            return Err(already("members"));
        }
        let nested = world.directory.get(member).is_some_and(|member| member.kind.is_group());
        let unified = world.directory.get(group).is_some_and(|group| group.kind == RecipientKind::Microsoft365Group);
        if nested && unified {
            return Err(GraphError::bad_request("A Microsoft 365 group cannot have groups as members."));
        }
        members.push(member);
    }
    for member in members {
        world.add_member(group, member);
    }
    Ok(())
}

/// The row of a group with the relations that `$expand` asks for. No more than twenty of each come (Microsoft
/// documentation).
fn expanded(world: &World, call: &GraphCall<'_>, id: RecipientId) -> Result<Value, GraphError> {
    let mut object = world.directory.get(id).map_or(Value::Null, row);
    for expansion in call.query.expansions()? {
        let (ids, name) = match &*expansion.name.to_ascii_lowercase() {
            "members" if members::principals_in(world, &[id]).is_empty() => (world.members(id), "members"),
            "owners" => match owners(world, id) {
                (people, principals) if principals.is_empty() => (people, "owners"),
                _ => return Err(GraphError::not_modelled()),
            },
            _ => return Err(GraphError::not_modelled()),
        };
        let related = ids.into_iter().take(MOST_EXPANDED).filter_map(|id| world.directory.get(id));
        object[name] = related.map(|member| expansion.shown(members::shown(call, member))).collect();
    }
    Ok(object)
}

fn change(world: &mut World, call: &GraphCall<'_>, group: RecipientId) -> GraphResult {
    let now = world.now();
    let body = call.body()?.clone();
    world.directory.update(group, |group| {
        if let Some(name) = body.get("displayName").and_then(Value::as_str) {
            name.clone_into(&mut group.display_name);
        }
        if let Some(name) = body.get("mailNickname").and_then(Value::as_str) {
            name.clone_into(&mut group.alias);
        }
        if let Some(description) = body.get("description") {
            let lines = description.as_str().map(|text| json!([text]));
            group.group.other.insert("Description".to_owned(), lines.unwrap_or_else(|| json!([])));
        }
        if let Some(visibility) = body.get("visibility") {
            group.group.other.insert("Visibility".to_owned(), visibility.clone());
        }
        group.changed = now;
    });
    Ok(Response::new(204))
}

fn follow(world: &mut World, call: &GraphCall<'_>) -> GraphResult {
    if call.query.expand_text().is_some() {
        return Err(GraphError::bad_request("$expand is not supported with delta."));
    }
    let ids = visible(world);
    let mut rows = BTreeMap::new();
    let mut all_members = BTreeMap::new();
    let tells_members = !call.query.selects() || call.query.is_selected("members");
    for id in ids {
        let Some(group) = world.directory.get(id) else {
            continue;
        };
        rows.insert(group.object_id_text(), row(group));
        if tells_members {
            let members = world
                .members(id)
                .into_iter()
                .filter_map(|member| world.directory.get(member))
                .map(|member| (member.object_id_text(), members::odata_type(member)))
                .collect();
            all_members.insert(group.object_id_text(), members);
        }
    }
    delta::answer(world, call, Followed { members: all_members, ..Followed::of_rows(call, "groups", rows) })
}

pub(crate) fn is_security(kind: RecipientKind) -> bool {
    matches!(kind, RecipientKind::SecurityGroup | RecipientKind::CloudSecurityGroup)
}

pub(crate) fn row(group: &Recipient) -> Value {
    let unified = group.kind == RecipientKind::Microsoft365Group;
    let description = group.group.other.get("Description").and_then(Value::as_array).and_then(|lines| lines.first());
    let visibility = group.group.other.get("Visibility").cloned();
    json!({
        "id": group.object_id_text(),
        "deletedDateTime": null,
        "classification": null,
        "createdDateTime": graph_date_time(group.created),
        "description": description,
        "displayName": group.display_name,
        "groupTypes": if unified { json!(["Unified"]) } else { json!([]) },
        "isAssignableToRole": null,
        "mail": group.addresses.first(),
        "mailEnabled": group.kind != RecipientKind::CloudSecurityGroup,
        "mailNickname": group.alias,
        "onPremisesSyncEnabled": group.dir_synced.then_some(true),
        "proxyAddresses": group.proxy_addresses().collect::<Vec<_>>(),
        "securityEnabled": is_security(group.kind),
        "securityIdentifier": group.sid(),
        "visibility": visibility.unwrap_or(if unified { json!("Private") } else { Value::Null }),
    })
}
