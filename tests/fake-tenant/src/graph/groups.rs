//! `/groups`: all of them can be read, only those without a life in Exchange can be changed.

use serde_json::{Value, json};

use super::query::Paging;
use super::{GraphCall, GraphError, GraphResult, users};
use crate::access::Change;
use crate::clock::graph_date_time;
use crate::recipient::{Recipient, RecipientId, RecipientKind};
use crate::request::Response;
use crate::world::World;

const READ: &[&str] = &[
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
];
const WRITE: &[&str] = &["GroupMember.ReadWrite.All", "Group.ReadWrite.All"];
const PAGES: Paging = Paging::Token { default: 100, max: 999 };

pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    match (call.method(), rest) {
        ("GET", []) => {
            call.need(READ)?;
            let groups: Vec<_> = world
                .directory
                .iter()
                .filter(|group| group.kind.is_group())
                .map(|group| (group.id, group.guid))
                .collect();
            let visible: Vec<RecipientId> =
                groups.into_iter().filter(|(_, guid)| world.visibility.sees(*guid)).map(|(id, _)| id).collect();
            call.list("groups", visible, PAGES, |id| world.directory.get(*id).map_or(Value::Null, row))
        }
        ("GET", [id]) => {
            call.need(READ)?;
            let group = find(world, id)?;
            let row = world.directory.get(group).map_or(Value::Null, row);
            Ok(call.entity("groups/$entity", &row))
        }
        ("GET", [id, members]) if members.eq_ignore_ascii_case("members") => {
            call.need(READ)?;
            let group = find(world, id)?;
            call.list("directoryObjects", world.members(group), PAGES, |id| {
                world.directory.get(*id).map_or(Value::Null, |member| member_row(call, member))
            })
        }
        ("POST", [id, members, "$ref"]) if members.eq_ignore_ascii_case("members") => {
            let group = writable(world, call, id)?;
            let member = call
                .incoming
                .json
                .as_ref()
                .and_then(|body| body.get("@odata.id"))
                .and_then(Value::as_str)
                .and_then(|link| link.rsplit('/').next())
                .unwrap_or_default();
            let member = member_id(world, member)?;
            if world.access.current.is_direct_member(group, member) {
                return Err(GraphError::bad_request(
                    "One or more added object references already exist for the following modified properties: 'members'.",
                ));
            }
            world.add_member(group, member);
            Ok(Response::new(204))
        }
        ("DELETE", [id, members, member, "$ref"]) if members.eq_ignore_ascii_case("members") => {
            let group = writable(world, call, id)?;
            let found = member_id(world, member)?;
            if !world.access.current.is_direct_member(group, found) {
                return Err(GraphError::not_found(member));
            }
            world.change(Change::RemoveMember { group, member: found });
            Ok(Response::new(204))
        }
        ("PATCH" | "DELETE", [id]) => {
            writable(world, call, id)?;
            Err(GraphError::wrong_method())
        }
        ("GET", [_, unknown, ..]) => Err(GraphError::unknown_segment(unknown)),
        _ => Err(GraphError::wrong_method()),
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
fn writable(world: &mut World, call: &GraphCall<'_>, id: &str) -> Result<RecipientId, GraphError> {
    call.need(WRITE)?;
    let group = find(world, id)?;
    let exchange_owned = world.directory.get(group).is_some_and(|group| group.kind.is_distribution_group());
    if exchange_owned {
        // The grammar is the service's (observed).
        return Err(GraphError::bad_request("Cannot Update a mail-enabled security groups and or distribution list."));
    }
    Ok(group)
}

fn member_id(world: &World, id: &str) -> Result<RecipientId, GraphError> {
    users::find(world, id).map(|member| member.id).ok_or_else(|| GraphError::not_found(id))
}

fn row(group: &Recipient) -> Value {
    let unified = group.kind == RecipientKind::Microsoft365Group;
    json!({
        "id": group.object_id_text(),
        "deletedDateTime": null,
        "createdDateTime": graph_date_time(group.created),
        "description": null,
        "displayName": group.display_name,
        "groupTypes": if unified { json!(["Unified"]) } else { json!([]) },
        "mail": group.primary(),
        "mailEnabled": true,
        "mailNickname": group.alias,
        "onPremisesSyncEnabled": group.dir_synced.then_some(true),
        "proxyAddresses": group.proxy_addresses().collect::<Vec<_>>(),
        "securityEnabled": group.kind == RecipientKind::SecurityGroup,
        "visibility": if unified { json!("Private") } else { Value::Null },
    })
}

fn member_row(call: &GraphCall<'_>, member: &Recipient) -> Value {
    if member.kind.is_group() {
        let mut row = row(member);
        row["@odata.type"] = json!("#microsoft.graph.group");
        return row;
    }
    // Without permission for the member's own type only its type and id are told.
    if !call.holds_any(&["User.ReadBasic.All", "User.Read.All", "Directory.Read.All"]) {
        return json!({
            "@odata.type": "#microsoft.graph.user",
            "id": member.object_id_text(),
            "displayName": null,
            "mail": null,
            "userPrincipalName": null,
        });
    }
    let mut row = users::row(call, member);
    row["@odata.type"] = json!("#microsoft.graph.user");
    row
}
