//! Exchange's pointers to service principals, and what role assignments give them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::errors::Failure;
use super::parameters::Arguments;
use super::recipients::{guid_property, object};
use super::role_assignments::reach_text;
use super::{Invocation, Outcome, Output};
use crate::access::{Assignee, Change, Pointer};
use crate::replication::ObjectKind;
use crate::world::World;

pub(super) fn new(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let (app_id, object_id) = (guid(arguments, "AppId")?, guid(arguments, "ObjectId")?);
    let checks = call.world.exchange.checks_service_principals;
    if checks && !is_in_directory(call.world, app_id, object_id) {
        return Err(Failure::no_such_service_principal(&object_id.to_string()));
    }
    let taken = call
        .world
        .access
        .current
        .pointers
        .iter()
        .find(|pointer| pointer.app_id == app_id || pointer.object_id == object_id);
    if let Some(pointer) = taken {
        return Err(Failure::already_exists(&distinguished_name(call.world, pointer)));
    }
    let guid = call.world.issue_id("pointer", &object_id.to_string());
    if checks {
        call.world.exchange.checked_pointers.insert(guid);
    }
    let pointer =
        Pointer { guid, app_id, object_id, display_name: arguments.text("DisplayName").unwrap_or_default().to_owned() };
    let row = row(call.world, &pointer);
    call.world.change(Change::PutPointer(pointer));
    call.created(ObjectKind::ServicePrincipal, guid);
    Ok(Output::one(row))
}

pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    // A warning does come; its words are ours.
    let warnings = vec!["The ServiceId property of service principals is deprecated. Use ObjectId instead.".to_owned()];
    let pointers = if let Some(identity) = arguments.text("Identity") {
        vec![resolve(call, identity)?]
    } else {
        let all = call.world.access.current.pointers.clone();
        all.into_iter().filter(|pointer| call.sees(pointer.guid)).collect()
    };
    let rows = pointers.iter().map(|pointer| row(call.world, pointer)).collect();
    Ok(Output::Objects { rows, warnings })
}

pub(super) fn set(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let mut pointer = resolve(call, arguments.text("Identity").unwrap_or_default())?;
    if let Some(name) = arguments.text("DisplayName") {
        name.clone_into(&mut pointer.display_name);
    }
    call.world.change(Change::PutPointer(pointer));
    Ok(Output::Nothing)
}

pub(super) fn remove(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let pointer = resolve(call, arguments.text("Identity").unwrap_or_default())?;
    forget(call.world, &pointer);
    Ok(Output::Nothing)
}

fn is_in_directory(world: &World, app_id: Uuid, object_id: Uuid) -> bool {
    world.apps.iter().any(|app| app.principal && app.client_id == app_id && app.object_id == object_id)
}

/// Removes what belongs to service principals that were deleted from the directory since (Microsoft
/// documentation).
pub(super) fn follow_directory(world: &mut World) {
    let checked = &world.exchange.checked_pointers;
    let gone: Vec<Pointer> = world
        .access
        .current
        .pointers
        .iter()
        .filter(|pointer| checked.contains(&pointer.guid))
        .filter(|pointer| !is_in_directory(world, pointer.app_id, pointer.object_id))
        .cloned()
        .collect();
    for pointer in gone {
        forget(world, &pointer);
    }
}

/// The role assignments go with it (Microsoft documentation, for one that the directory deleted).
fn forget(world: &mut World, pointer: &Pointer) {
    let orphans: Vec<Uuid> = world
        .access
        .current
        .assignments
        .iter()
        .filter(|assignment| assignment.assignee == Assignee::Application(pointer.object_id))
        .map(|assignment| assignment.guid)
        .collect();
    for guid in orphans {
        world.change(Change::RemoveAssignment(guid));
    }
    world.change(Change::RemovePointer(pointer.guid));
}

/// Answers from what is configured now, whatever has taken effect, and knows nothing of Entra grants.
pub(super) fn test(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let pointer = resolve(call, arguments.text("Identity").unwrap_or_default())?;
    let mailbox = match arguments.text("Resource") {
        Some(resource) => {
            Some(call.resolve(resource, |recipient| recipient.kind.is_mailbox(), Failure::recipient_not_found)?)
        }
        None => None,
    };
    let world = &*call.world;
    let mailbox = mailbox.and_then(|id| world.directory.get(id));
    let access = &world.access.current;
    let rows = access
        .grants(pointer.object_id)
        .map(|assignment| {
            let (scope, kind) = reach_text(world, assignment);
            // Text, not a Boolean: one client had to learn it (observed).
            let in_scope = match mailbox {
                None => "Not Run",
                Some(mailbox) if access.covers(&world.directory, &assignment.reach, mailbox) => "True",
                Some(_) => "False",
            };
            json!({
                "RoleName": assignment.role,
                "GrantedPermissions": permissions(&assignment.role),
                "AllowedResourceScope": scope,
                "ScopeType": kind,
                "InScope": in_scope,
            })
        })
        .collect();
    Ok(Output::all(rows))
}

fn permissions(role: &str) -> String {
    match role {
        "Application Mail Full Access" => "Mail.ReadWrite, Mail.Send".to_owned(),
        "Application Exchange Full Access" => {
            "Mail.ReadWrite, Mail.Send, MailboxSettings.ReadWrite, Calendars.ReadWrite, Contacts.ReadWrite".to_owned()
        }
        other => other.trim_start_matches("Application ").to_owned(),
    }
}

fn guid(arguments: &Arguments, name: &str) -> Result<Uuid, Failure> {
    let text = arguments.text(name).unwrap_or_default();
    Uuid::parse_str(text.trim())
        .map_err(|_| Failure::invalid(format!("The value \"{text}\" of {name} is not a valid GUID.")))
}

/// By name, distinguished name, guid, client id or object id.
pub(super) fn resolve(call: &mut Invocation<'_>, identity: &str) -> Result<Pointer, Failure> {
    let world = &*call.world;
    let named = |pointer: &&Pointer| {
        [pointer.guid, pointer.app_id, pointer.object_id]
            .iter()
            .any(|id| id.to_string().eq_ignore_ascii_case(identity.trim()))
            || distinguished_name(world, pointer).eq_ignore_ascii_case(identity)
            || (!pointer.display_name.is_empty() && pointer.display_name.eq_ignore_ascii_case(identity))
    };
    let mut found = world.access.current.pointers.iter().filter(named);
    let pointer = found.next().cloned();
    if found.next().is_some() {
        return Err(Failure::several(call.world.exchange.ambiguity, identity));
    }
    match pointer {
        Some(pointer) if call.sees(pointer.guid) => Ok(pointer),
        _ => Err(Failure::not_found(identity)),
    }
}

fn distinguished_name(world: &World, pointer: &Pointer) -> String {
    world.organization.distinguished_name(&pointer.object_id.to_string())
}

fn row(world: &World, pointer: &Pointer) -> Value {
    let mut row = object(json!({
        "DisplayName": pointer.display_name,
        "AppId": pointer.app_id,
        "ObjectId": pointer.object_id,
        "ServiceId": pointer.object_id,
        "Sid": format!("S-1-5-21-1196097974-1292650839-4244031858-{}", pointer.guid.as_fields().0),
        "Name": pointer.object_id,
        "Identity": pointer.object_id,
        "Id": pointer.object_id,
        "IsValid": true,
        "DistinguishedName": distinguished_name(world, pointer),
    }));
    guid_property(&mut row, "Guid", &pointer.guid.to_string());
    Value::Object(row)
}
