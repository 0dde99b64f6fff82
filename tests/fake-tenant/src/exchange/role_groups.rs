//! Role groups, their members, and the management roles that they hold.

use serde_json::{Value, json};

use super::cmdlets;
use super::errors::Failure;
use super::parameters::{Arguments, Bound};
use super::recipients::{guid_property, object};
use super::rights::{self, ROLES};
use super::{Invocation, Outcome, Output, service_principals};
use crate::recipient::{Recipient, RecipientId, RecipientKind};
use crate::world::{RoleGroup, World};

pub(super) fn new(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    if !call.world.organization.is_hydrated(call.world.now()) {
        return Err(Failure::dehydrated());
    }
    let name = arguments.text("Name").unwrap_or_default();
    if name.chars().count() > 64 {
        return Err(Failure::invalid(
            "The length of the property is too long. The maximum length is 64. Property: Name",
        ));
    }
    if find(call.world, name).is_some() {
        return Err(Failure::already_exists(&distinguished_name(call.world, name)));
    }
    let mut roles = Vec::new();
    for role in arguments.list("Roles").unwrap_or_default() {
        let known = ROLES.iter().find(|known| known.name.eq_ignore_ascii_case(role));
        roles.push(known.ok_or_else(|| Failure::not_found(role))?.name.to_owned());
    }
    let group = RoleGroup {
        guid: call.world.issue_id("role-group", name),
        name: name.to_owned(),
        description: arguments.text("Description").unwrap_or_default().to_owned(),
        roles,
        members: Vec::new(),
        built_in: false,
    };
    call.world.role_groups.push(group);
    for member in arguments.list("Members").unwrap_or_default() {
        join(call, name, member)?;
    }
    let row = find(call.world, name).map_or(Value::Null, |group| row(call.world, group));
    Ok(Output::one(row))
}

pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let rows = match arguments.text("Identity") {
        Some(identity) => {
            let group = find(call.world, identity).ok_or_else(|| Failure::not_found(identity))?;
            vec![row(call.world, group)]
        }
        None => call.world.role_groups.iter().map(|group| row(call.world, group)).collect(),
    };
    Ok(Output::all(rows))
}

pub(super) fn remove(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let identity = arguments.text("Identity").unwrap_or_default();
    let group = find(call.world, identity).ok_or_else(|| Failure::not_found(identity))?;
    if group.built_in {
        return Err(Failure::invalid(format!("The built-in role group \"{}\" can't be removed.", group.name)));
    }
    let name = group.name.clone();
    call.world.role_groups.retain(|group| group.name != name);
    for app in &mut call.world.apps {
        app.role_groups.retain(|held| *held != name);
    }
    Ok(Output::Nothing)
}

pub(super) fn members(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let identity = arguments.text("Identity").unwrap_or_default();
    let group = find(call.world, identity).ok_or_else(|| Failure::not_found(identity))?;
    let world = &*call.world;
    let mut rows: Vec<Value> = group
        .members
        .iter()
        .filter_map(|id| world.directory.get(*id))
        .map(|member| {
            member_row(&member.name, &member.display_name, member.kind.type_details(), &member.guid.to_string())
        })
        .collect();
    rows.extend(world.apps.iter().filter(|app| app.role_groups.contains(&group.name)).map(|app| {
        // GUESS: the type's name; wrong if a role group shows its service principals under another.
        member_row(&app.object_id.to_string(), &app.display_name, "ServicePrincipal", &app.object_id.to_string())
    }));
    Ok(Output::all(rows))
}

pub(super) fn add_member(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let identity = arguments.text("Identity").unwrap_or_default();
    let group = find(call.world, identity).ok_or_else(|| Failure::not_found(identity))?.name.clone();
    join(call, &group, arguments.text("Member").unwrap_or_default())?;
    Ok(Output::Nothing)
}

pub(super) fn remove_member(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let identity = arguments.text("Identity").unwrap_or_default();
    let group = find(call.world, identity).ok_or_else(|| Failure::not_found(identity))?.name.clone();
    let member = arguments.text("Member").unwrap_or_default();
    let left = match who(call, member)? {
        Who::Application(at) => {
            let held = &mut call.world.apps[at].role_groups;
            let before = held.len();
            held.retain(|name| *name != group);
            held.len() < before
        }
        Who::Recipient(id) => call
            .world
            .role_groups
            .iter_mut()
            .find(|other| other.name == group)
            .and_then(|group| group.members.iter().position(|member| *member == id).map(|at| group.members.remove(at)))
            .is_some(),
    };
    if left { Ok(Output::Nothing) } else { Err(Failure::not_member(member, &group)) }
}

enum Who {
    /// The place of an application in the tenant's list.
    Application(usize),
    Recipient(RecipientId),
}

/// An application is found by its pointer in Exchange, which has to be made first (Microsoft
/// documentation); everybody else as a recipient.
fn who(call: &mut Invocation<'_>, name: &str) -> Result<Who, Failure> {
    if let Ok(pointer) = service_principals::resolve(call, name)
        && let Some(at) = call.world.apps.iter().position(|app| app.object_id == pointer.object_id)
    {
        return Ok(Who::Application(at));
    }
    let can_join = |recipient: &Recipient| {
        matches!(recipient.kind, RecipientKind::UserMailbox | RecipientKind::MailUser | RecipientKind::SecurityGroup)
    };
    call.resolve(name, can_join, Failure::recipient_not_found).map(Who::Recipient)
}

fn join(call: &mut Invocation<'_>, group: &str, member: &str) -> Result<(), Failure> {
    match who(call, member)? {
        Who::Application(at) => {
            let held = &mut call.world.apps[at].role_groups;
            if held.iter().any(|name| name == group) {
                return Err(Failure::already_member(member, group));
            }
            held.push(group.to_owned());
        }
        Who::Recipient(id) => {
            let Some(group) = call.world.role_groups.iter_mut().find(|other| other.name == group) else {
                return Err(Failure::not_found(group));
            };
            if group.members.contains(&id) {
                return Err(Failure::already_member(member, &group.name));
            }
            group.members.push(id);
        }
    }
    Ok(())
}

pub(super) fn find<'w>(world: &'w World, identity: &str) -> Option<&'w RoleGroup> {
    world.role_groups.iter().find(|group| {
        group.name.eq_ignore_ascii_case(identity)
            || group.guid.to_string().eq_ignore_ascii_case(identity)
            || distinguished_name(world, &group.name).eq_ignore_ascii_case(identity)
    })
}

fn distinguished_name(world: &World, name: &str) -> String {
    world.organization.distinguished_name(name)
}

fn row(world: &World, group: &RoleGroup) -> Value {
    let mut members: Vec<String> =
        group.members.iter().filter_map(|id| world.directory.get(*id)).map(|member| member.name.clone()).collect();
    members.extend(
        world.apps.iter().filter(|app| app.role_groups.contains(&group.name)).map(|app| app.object_id.to_string()),
    );
    let assignments: Vec<String> = group.roles.iter().map(|role| format!("{role}-{}", group.name)).collect();
    let mut row = object(json!({
        "Name": group.name,
        "DisplayName": group.name,
        "Description": group.description,
        "Roles@odata.type": "#Collection(String)",
        "Roles": group.roles,
        "RoleAssignments@odata.type": "#Collection(String)",
        "RoleAssignments": assignments,
        "Members@odata.type": "#Collection(String)",
        "Members": members,
        "ManagedBy@odata.type": "#Collection(String)",
        "ManagedBy": ["Organization Management"],
        "RoleGroupType": "Standard",
        "IsReadOnly": group.built_in,
        "Identity": group.name,
        "Id": group.name,
        "IsValid": true,
        "DistinguishedName": distinguished_name(world, &group.name),
    }));
    guid_property(&mut row, "Guid", &group.guid.to_string());
    Value::Object(row)
}

fn member_row(name: &str, display_name: &str, details: &str, guid: &str) -> Value {
    let mut row = object(json!({
        "Name": name,
        "Identity": name,
        "DisplayName": display_name,
        "RecipientTypeDetails": details,
    }));
    guid_property(&mut row, "Guid", guid);
    Value::Object(row)
}

/// `Get-ManagementRole`, which tells with `-Cmdlet` and `-CmdletParameters` what it takes to run something.
pub(super) fn roles(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let wanted = arguments.text("Identity");
    let cmdlet = match arguments.text("Cmdlet") {
        Some(name) if name.contains('*') => {
            return Err(Failure::invalid("Wildcards are not supported for Cmdlet here."));
        }
        Some(name) => match cmdlets::find(name) {
            Some(cmdlet) => Some(cmdlet),
            // Nobody may run what is not there.
            None => return Ok(Output::all(Vec::new())),
        },
        None => None,
    };
    let parameters: Vec<String> = match arguments.get("CmdletParameters") {
        Some(Bound::List(names)) => names.clone(),
        _ => Vec::new(),
    };
    let known = |parameter: &String| {
        cmdlet.is_none_or(|cmdlet| {
            cmdlet.parameters.iter().flat_map(|set| set.iter()).any(|(name, _)| name.eq_ignore_ascii_case(parameter))
        })
    };
    let all_known = parameters.iter().all(known);
    let mut rows: Vec<Value> = ROLES
        .iter()
        .filter(|role| {
            wanted.is_none_or(|wanted| role.name.eq_ignore_ascii_case(wanted))
                && cmdlet.is_none_or(|cmdlet| {
                    all_known
                        && role.gives(cmdlet)
                        && parameters.iter().all(|parameter| role.gives_parameter(parameter))
                })
        })
        .map(|role| role_row(call.world, role.name))
        .collect();
    if cmdlet.is_none() {
        let applications = super::role_assignments::application_role_names();
        rows.extend(
            applications
                .filter(|name| wanted.is_none_or(|wanted| name.eq_ignore_ascii_case(wanted)))
                .map(|name| role_row(call.world, &name)),
        );
    }
    match wanted {
        Some(wanted) if rows.is_empty() => Err(Failure::not_found(wanted)),
        _ => Ok(Output::all(rows)),
    }
}

fn role_row(world: &World, name: &str) -> Value {
    let mut row = object(json!({
        "Name": name,
        "Identity": name,
        "Id": name,
        "RoleType": name.replace([' ', '-', '.'], ""),
        "IsRootRole": true,
        "IsEndUserRole": false,
        "Parent": "",
        "Description": rights::description(name),
        "IsValid": true,
        "DistinguishedName": format!(
            "CN={name},CN=Roles,CN=RBAC,CN=Configuration,CN={},CN=ConfigurationUnits,DC=EURPR01A001,DC=PROD,DC=OUTLOOK,DC=COM",
            world.organization.initial_domain
        ),
    }));
    guid_property(&mut row, "Guid", &crate::world::derived_id("management-role", name).to_string());
    Value::Object(row)
}
