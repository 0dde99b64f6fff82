//! Role assignments: which application may do what, and where.

use serde_json::{Value, json};

use super::errors::Failure;
use super::parameters::Arguments;
use super::recipients::{guid_property, object};
use super::{Invocation, Outcome, Output, scopes, service_principals};
use crate::access::{Assignee, Assignment, Change, Reach};
use crate::recipient::{Recipient, RecipientId};
use crate::world::World;

/// The application roles, after `Application ` (Microsoft documentation; the last line: observed).
const APPLICATION_ROLES: &[&str] = &[
    "Mail.Read",
    "Mail.ReadBasic",
    "Mail.ReadWrite",
    "Mail.Send",
    "MailboxSettings.Read",
    "MailboxSettings.ReadWrite",
    "Calendars.Read",
    "Calendars.ReadWrite",
    "Contacts.Read",
    "Contacts.ReadWrite",
    "Mail Full Access",
    "Exchange Full Access",
    "EWS.AccessAsApp",
    "MailboxFolder.Read",
    "MailboxFolder.ReadWrite",
    "MailboxItem.Read",
    "MailboxItem.Export",
    "MailboxItem.ImportExport",
    "MailboxConfigItem.Read",
    "MailboxConfigItem.ReadWrite",
    "MailTips.ReadBasic.All",
    "SMTP.SendAsApp",
];

/// The assignments that every organisation has from the start: a listing is never only one's own.
pub(crate) fn built_in(world: &mut World) {
    for (role, delegating) in [
        ("Mail Recipients", false),
        ("Mail Recipients", true),
        ("Distribution Groups", false),
        ("Application Calendars.Read", true),
        ("Application Calendars.ReadWrite", true),
    ] {
        let suffix = if delegating { "-Delegating" } else { "" };
        let name = format!("{role}-Organization Management{suffix}");
        let assignment = Assignment {
            guid: world.issue_id("assignment", &name),
            name,
            role: role.to_owned(),
            assignee: Assignee::RoleGroup("Organization Management"),
            reach: Reach::Organization,
            enabled: true,
            delegating,
        };
        world.change(Change::PutAssignment(assignment));
    }
}

pub(super) fn new(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    if !call.world.organization.is_hydrated(call.world.now()) {
        return Err(Failure::dehydrated());
    }
    let Some(app) = arguments.text("App") else {
        return Err(Failure::missing_parameter("App"));
    };
    let role = role(arguments.text("Role").unwrap_or_default())?;
    if !call.world.organization.delegates_roles(call.world.now()) {
        return Err(Failure::not_delegating(&role));
    }
    let pointer = service_principals::resolve(call, app)?;
    let reach = reach(call, arguments)?.unwrap_or(Reach::Organization);
    let assignee = Assignee::Application(pointer.object_id);
    let current = &call.world.access.current.assignments;
    let taken = |name: &str| current.iter().any(|other| other.name.eq_ignore_ascii_case(name));
    let same = current
        .iter()
        .find(|other| other.assignee == assignee && other.role == role && other.reach == reach && !other.delegating);
    if let Some(same) = same {
        return Err(Failure::already_exists(&distinguished_name(call.world, &same.name)));
    }
    let name = match arguments.text("Name") {
        Some(name) if name.chars().count() > 64 => {
            return Err(Failure::invalid(
                "The length of the property is too long. The maximum length is 64. Property: Name",
            ));
        }
        Some(name) if taken(name) => {
            return Err(Failure::already_exists(&distinguished_name(call.world, name)));
        }
        Some(name) => name.to_owned(),
        None => {
            let base = format!("{role}-{}", &pointer.object_id.to_string()[..8]);
            let mut name = base.clone();
            let mut count = 0;
            while taken(&name) {
                count += 1;
                name = format!("{base}-{count}");
            }
            name
        }
    };
    let assignment = Assignment {
        guid: call.world.issue_id("assignment", &name),
        name,
        role,
        assignee,
        reach,
        enabled: true,
        delegating: false,
    };
    let row = row(call.world, &assignment);
    call.world.change(Change::PutAssignment(assignment));
    Ok(Output::one(row))
}

pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    if let Some(identity) = arguments.text("Identity") {
        let assignment = resolve(call.world, identity)?;
        return Ok(Output::one(row(call.world, &assignment)));
    }
    let assignee = match arguments.text("RoleAssignee") {
        Some(name) if name.eq_ignore_ascii_case("Organization Management") => {
            Some(Assignee::RoleGroup("Organization Management"))
        }
        Some(name) => Some(Assignee::Application(service_principals::resolve(call, name)?.object_id)),
        None => None,
    };
    let group = match arguments.text("RecipientGroupScope") {
        Some(name) => Some(Reach::Group(group(call, name)?)),
        None => None,
    };
    let scope = match arguments.text("CustomRecipientWriteScope") {
        Some(name) => Some(Reach::Scope(scopes::resolve(call.world, name)?.guid)),
        None => None,
    };
    let unit = match arguments.text("RecipientAdministrativeUnitScope") {
        Some(name) => Some(unit_scope(call.world, name)?),
        None => None,
    };
    let world = &*call.world;
    let rows = world
        .access
        .current
        .assignments
        .iter()
        .filter(|assignment| {
            assignee.as_ref().is_none_or(|wanted| assignment.assignee == *wanted)
                && arguments.text("Role").is_none_or(|wanted| assignment.role.eq_ignore_ascii_case(wanted))
                && arguments.text("RoleAssigneeType").is_none_or(|wanted| assignee_type(assignment) == wanted)
                && [&group, &scope, &unit].into_iter().flatten().all(|wanted| assignment.reach == *wanted)
                && arguments.flag("Enabled").is_none_or(|wanted| assignment.enabled == wanted)
                && arguments.flag("Delegating").is_none_or(|wanted| assignment.delegating == wanted)
        })
        .map(|assignment| row(world, assignment))
        .collect();
    Ok(Output::all(rows))
}

pub(super) fn set(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let mut assignment = resolve(call.world, arguments.text("Identity").unwrap_or_default())?;
    if let Some(reach) = reach(call, arguments)? {
        assignment.reach = reach;
    }
    if let Some(enabled) = arguments.flag("Enabled") {
        assignment.enabled = enabled;
    }
    call.world.change(Change::PutAssignment(assignment));
    Ok(Output::Nothing)
}

pub(super) fn remove(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let assignment = resolve(call.world, arguments.text("Identity").unwrap_or_default())?;
    call.world.change(Change::RemoveAssignment(assignment.guid));
    Ok(Output::Nothing)
}

/// The full names of all application roles.
pub(super) fn application_role_names() -> impl Iterator<Item = String> {
    APPLICATION_ROLES.iter().map(|name| format!("Application {name}"))
}

fn role(name: &str) -> Result<String, Failure> {
    name.get(.."Application ".len())
        .filter(|start| start.eq_ignore_ascii_case("Application "))
        .and_then(|start| {
            let rest = &name[start.len()..];
            APPLICATION_ROLES.iter().find(|known| known.eq_ignore_ascii_case(rest))
        })
        .map(|known| format!("Application {known}"))
        .ok_or_else(|| Failure::not_found(name))
}

/// Where an assignment is to reach, if the parameters say so; they may say it in one way only.
fn reach(call: &mut Invocation<'_>, arguments: &Arguments) -> Result<Option<Reach>, Failure> {
    let scope = arguments.text("CustomResourceScope");
    let group_name = arguments.text("RecipientGroupScope");
    let unit = arguments.text("RecipientAdministrativeUnitScope");
    match (scope, group_name, unit) {
        (None, None, None) => Ok(None),
        (Some(scope), None, None) => Ok(Some(Reach::Scope(scopes::resolve(call.world, scope)?.guid))),
        (None, Some(name), None) => Ok(Some(Reach::Group(group(call, name)?))),
        (None, None, Some(name)) => Ok(Some(unit_scope(call.world, name)?)),
        _ => Err(Failure::unknown_parameter("RecipientGroupScope")),
    }
}

/// A group goes by name, distinguished name, guid, object id or display name here, and not by address
/// or alias (Microsoft documentation lists what it takes).
fn group(call: &mut Invocation<'_>, name: &str) -> Result<RecipientId, Failure> {
    let named = |group: &Recipient| {
        group.kind.is_group()
            && group.kind.is_known_to_exchange()
            && ([&group.name, &group.display_name, &group.distinguished_name]
                .iter()
                .any(|own| own.eq_ignore_ascii_case(name))
                || group.guid.to_string().eq_ignore_ascii_case(name)
                || group.object_id_text().eq_ignore_ascii_case(name))
    };
    call.resolve(name, named, Failure::not_found)
}

/// An administrative unit goes by object id or name.
fn unit_scope(world: &World, name: &str) -> Result<Reach, Failure> {
    world.access.current.unit(name).map(|unit| Reach::Unit(unit.id)).ok_or_else(|| Failure::not_found(name))
}

fn resolve(world: &World, identity: &str) -> Result<Assignment, Failure> {
    world
        .access
        .current
        .assignments
        .iter()
        .find(|assignment| {
            assignment.name.eq_ignore_ascii_case(identity)
                || assignment.guid.to_string().eq_ignore_ascii_case(identity)
                || distinguished_name(world, &assignment.name).eq_ignore_ascii_case(identity)
        })
        .cloned()
        .ok_or_else(|| Failure::not_found(identity))
}

fn distinguished_name(world: &World, name: &str) -> String {
    let organization = &world.organization.initial_domain;
    format!(
        "CN={name},CN=Role Assignments,CN=RBAC,CN=Configuration,CN={organization},CN=ConfigurationUnits,DC=EURPR01A001,DC=PROD,DC=OUTLOOK,DC=COM"
    )
}

fn assignee_type(assignment: &Assignment) -> &'static str {
    match assignment.assignee {
        Assignee::Application(_) => "ServicePrincipal",
        Assignee::RoleGroup(_) => "RoleGroup",
    }
}

/// The name of a reach and its kind, as `Test-ServicePrincipalAuthorization` shows them. The kind of a
/// group scope is our guess.
pub(super) fn reach_text(world: &World, reach: &Reach) -> (String, &'static str) {
    match reach {
        Reach::Organization => ("Organization".to_owned(), "Organization"),
        Reach::Scope(guid) => {
            let name =
                world.access.current.scopes.iter().find(|scope| scope.guid == *guid).map(|scope| scope.name.clone());
            (name.unwrap_or_default(), "CustomRecipientScope")
        }
        Reach::Group(id) => {
            let group = world.directory.get(*id).map(Recipient::object_id_text);
            (group.unwrap_or_default(), "Group")
        }
        Reach::Unit(id) => {
            let unit = world.access.current.units.iter().find(|unit| unit.id == *id).map(|unit| unit.name.clone());
            (unit.unwrap_or_default(), "AdministrativeUnit")
        }
    }
}

pub(super) fn row(world: &World, assignment: &Assignment) -> Value {
    let assignee = match &assignment.assignee {
        Assignee::Application(id) => id.to_string(),
        Assignee::RoleGroup(name) => (*name).to_owned(),
    };
    let (scope, kind) = reach_text(world, &assignment.reach);
    let (resource_scope, write_scope) = match assignment.reach {
        Reach::Organization => (Value::Null, Value::Null),
        Reach::Scope(_) => (json!(scope), Value::Null),
        Reach::Group(_) => (Value::Null, json!(scope)),
        Reach::Unit(id) => (json!(scope), json!(id)),
    };
    let mut row = object(json!({
        "Name": assignment.name,
        "Identity": assignment.name,
        "Id": assignment.name,
        "Role": assignment.role,
        "RoleAssignee": assignee,
        "RoleAssigneeName": assignee,
        "RoleAssigneeType": assignee_type(assignment),
        "User": assignee,
        "AssignmentMethod": "Direct",
        "EffectiveUserName": "All Group Members",
        "RoleAssignmentDelegationType": if assignment.delegating { "DelegatingOrgWide" } else { "Regular" },
        "CustomResourceScope": resource_scope,
        "CustomRecipientWriteScope": write_scope,
        "RecipientReadScope": "Organization",
        "RecipientWriteScope": kind,
        "ConfigReadScope": "None",
        "ConfigWriteScope": "None",
        "Enabled": assignment.enabled,
        "IsValid": true,
        "DistinguishedName": distinguished_name(world, &assignment.name),
    }));
    guid_property(&mut row, "Guid", &assignment.guid.to_string());
    Value::Object(row)
}
