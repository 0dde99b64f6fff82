//! Role assignments: which application may do what, and where.

use serde_json::{Value, json};
use uuid::Uuid;

use super::errors::Failure;
use super::parameters::Arguments;
use super::recipients::{guid_property, object};
use super::rights::ROLES;
use super::{Delegates, Invocation, Outcome, Output, role_groups, scopes, service_principals};
use crate::access::{Assignee, Assignment, Change, Reach};
use crate::clock::exchange_date_time;
use crate::recipient::{Recipient, RecipientId};
use crate::replication::ObjectKind;
use crate::world::World;

const APPLICATION: &str = "Application ";

/// The application roles, after `Application ` (Microsoft documentation of 2025-11).
const APPLICATION_ROLES: &[&str] = &[
    "Mail.Read",
    "Mail.ReadBasic",
    "Mail.ReadWrite",
    "Mail.Send",
    "Mail-Advanced.ReadWrite.All",
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
    "MailboxItem.ReadWrite",
    "MailboxItem.Export",
    "MailboxItem.ImportExport",
    "MailboxConfigItem.Read",
    "MailboxConfigItem.ReadWrite",
    "MailTips.ReadBasic.All",
    "SMTP.SendAsApp",
];

const ORGANIZATION_MANAGEMENT: &str = "Organization Management";

/// The assignments that every organisation has from the start: a listing is never only one's own.
pub(crate) fn built_in(world: &mut World) {
    let administrative = [("Mail Recipients", false), ("Mail Recipients", true), ("Distribution Groups", false)];
    let administrative = administrative.map(|(role, delegating)| (role.to_owned(), delegating));
    for (role, delegating) in administrative.into_iter().chain(application_role_names().map(|role| (role, true))) {
        let suffix = if delegating { "-Delegating" } else { "" };
        let name = format!("{role}-Organization Management{suffix}");
        let assignment = Assignment {
            guid: world.issue_id("assignment", &name),
            name,
            role,
            assignee: Assignee::RoleGroup(ORGANIZATION_MANAGEMENT.to_owned()),
            reach: Reach::Organization,
            enabled: true,
            delegating,
            changed: world.now(),
        };
        world.change(Change::PutAssignment(assignment));
    }
}

pub(super) fn new(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    if !call.world.organization.is_hydrated(call.world.now()) {
        return Err(Failure::dehydrated());
    }
    let delegating = arguments.is_set("Delegating");
    let (assignee, role, short) = match (arguments.text("App"), arguments.text("SecurityGroup")) {
        (Some(_), Some(_)) => return Err(Failure::parameter_set()),
        (Some(app), None) => {
            let role = application_role(arguments.text("Role").unwrap_or_default())?;
            check_delegation(call, &role)?;
            let pointer = service_principals::resolve(call, app)?;
            let short = pointer.object_id.to_string()[..8].to_owned();
            (Assignee::Application(pointer.object_id), role, short)
        }
        (None, Some(name)) => {
            let role = any_role(arguments.text("Role").unwrap_or_default())?;
            check_delegation(call, &role)?;
            let group = role_groups::find(call.world, name).ok_or_else(|| Failure::not_found(name))?;
            (Assignee::RoleGroup(group.name.clone()), role, group.name.clone())
        }
        (None, None) => return Err(Failure::missing_parameter("App")),
    };
    let reach = reach(call, arguments)?.unwrap_or(Reach::Organization);
    let current = &call.world.access.current.assignments;
    let taken = |name: &str| current.iter().any(|other| other.name.eq_ignore_ascii_case(name));
    let same = current.iter().find(|other| {
        other.assignee == assignee && other.role == role && other.reach == reach && other.delegating == delegating
    });
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
            let base: String = format!("{role}-{short}").chars().take(60).collect();
            let mut name = base.clone();
            let mut count = 0;
            while taken(&name) {
                count += 1;
                name = format!("{base}-{count}");
            }
            name
        }
    };
    let guid = call.world.issue_id("assignment", &name);
    let changed = call.world.now();
    let assignment = Assignment { guid, name, role, assignee, reach, enabled: true, delegating, changed };
    note_scope_name(call.world, &assignment);
    let row = row(call.world, &assignment);
    call.world.change(Change::PutAssignment(assignment));
    call.created(ObjectKind::RoleAssignment, guid);
    Ok(Output::one(row))
}

pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    if let Some(identity) = arguments.text("Identity") {
        let assignment = resolve(call, identity)?;
        return Ok(Output::one(row(call.world, &assignment)));
    }
    let assignee = match arguments.text("RoleAssignee") {
        Some(name) => Some(match role_groups::find(call.world, name) {
            Some(group) => Assignee::RoleGroup(group.name.clone()),
            None => Assignee::Application(service_principals::resolve(call, name)?.object_id),
        }),
        None => None,
    };
    let group = match arguments.text("RecipientGroupScope") {
        Some(name) => Some(Reach::Group(group(call, name)?)),
        None => None,
    };
    let scope = match arguments.text("CustomRecipientWriteScope") {
        Some(name) => Some(Reach::Scope(scopes::resolve(call, name)?.guid)),
        None => None,
    };
    let unit = match arguments.text("RecipientAdministrativeUnitScope") {
        Some(name) => Some(unit_scope(call.world, name)?),
        None => None,
    };
    let mut found = call.world.access.current.assignments.clone();
    found.retain(|assignment| {
        assignee.as_ref().is_none_or(|wanted| assignment.assignee == *wanted)
            && arguments.text("Role").is_none_or(|wanted| assignment.role.eq_ignore_ascii_case(wanted))
            && arguments.text("RoleAssigneeType").is_none_or(|wanted| assignee_type(assignment) == wanted)
            && [&group, &scope, &unit].into_iter().flatten().all(|wanted| assignment.reach == *wanted)
            && arguments.flag("Enabled").is_none_or(|wanted| assignment.enabled == wanted)
            && arguments.flag("Delegating").is_none_or(|wanted| assignment.delegating == wanted)
            && call.world.visibility.sees(assignment.guid)
    });
    Ok(Output::all(found.iter().map(|assignment| row(call.world, assignment)).collect()))
}

pub(super) fn set(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let mut assignment = resolve(call, arguments.text("Identity").unwrap_or_default())?;
    check_delegation(call, &assignment.role)?;
    if let Some(reach) = reach(call, arguments)? {
        assignment.reach = reach;
        note_scope_name(call.world, &assignment);
    }
    if let Some(enabled) = arguments.flag("Enabled") {
        assignment.enabled = enabled;
    }
    assignment.changed = call.world.now();
    call.world.change(Change::PutAssignment(assignment));
    Ok(Output::Nothing)
}

pub(super) fn remove(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let assignment = resolve(call, arguments.text("Identity").unwrap_or_default())?;
    check_delegation(call, &assignment.role)?;
    call.world.change(Change::RemoveAssignment(assignment.guid));
    Ok(Output::Nothing)
}

/// Roles are handed on, changed and taken away by those who have a delegating assignment of them; after the
/// organisation was customised nobody has for a while.
fn check_delegation(call: &Invocation<'_>, role: &str) -> Result<(), Failure> {
    let Delegates::RoleGroups(groups) = &call.delegates else {
        return Ok(());
    };
    let held = |assignment: &Assignment| {
        let group = match &assignment.assignee {
            Assignee::RoleGroup(name) => groups.contains(name),
            Assignee::Application(_) => false,
        };
        group && assignment.delegating && assignment.enabled && assignment.role == role
    };
    // Administrative roles are listed in part only, so Organization Management has the others as well.
    let administrative = !role.starts_with(APPLICATION) && groups.iter().any(|name| name == ORGANIZATION_MANAGEMENT);
    let settled = call.world.organization.delegates_roles(call.world.now());
    if settled && (administrative || call.world.access.current.assignments.iter().any(held)) {
        return Ok(());
    }
    Err(Failure::not_delegating(role))
}

/// The full names of all application roles.
pub(super) fn application_role_names() -> impl Iterator<Item = String> {
    APPLICATION_ROLES.iter().map(|name| format!("{APPLICATION}{name}"))
}

fn application_role(name: &str) -> Result<String, Failure> {
    application_role_names().find(|known| known.eq_ignore_ascii_case(name)).ok_or_else(|| Failure::not_found(name))
}

fn any_role(name: &str) -> Result<String, Failure> {
    let administrative = ROLES.iter().find(|known| known.name.eq_ignore_ascii_case(name));
    administrative.map_or_else(|| application_role(name), |known| Ok(known.name.to_owned()))
}

/// Where an assignment is to reach, if the parameters say so; they may say it in one way only.
fn reach(call: &mut Invocation<'_>, arguments: &Arguments) -> Result<Option<Reach>, Failure> {
    let scope = arguments.text("CustomResourceScope");
    let group_name = arguments.text("RecipientGroupScope");
    let unit = arguments.text("RecipientAdministrativeUnitScope");
    match (scope, group_name, unit) {
        (None, None, None) => Ok(None),
        (Some(scope), None, None) => Ok(Some(Reach::Scope(scopes::resolve(call, scope)?.guid))),
        (None, Some(name), None) => Ok(Some(Reach::Group(group(call, name)?))),
        (None, None, Some(name)) => Ok(Some(unit_scope(call.world, name)?)),
        _ => Err(Failure::parameter_set()),
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
    call.only(name, named, Failure::not_found)
}

/// An administrative unit goes by object id or name.
fn unit_scope(world: &World, name: &str) -> Result<Reach, Failure> {
    world.access.current.unit(name).map(|unit| Reach::Unit(unit.id)).ok_or_else(|| Failure::not_found(name))
}

fn resolve(call: &mut Invocation<'_>, identity: &str) -> Result<Assignment, Failure> {
    let world = &*call.world;
    let named = |assignment: &&Assignment| {
        assignment.name.eq_ignore_ascii_case(identity)
            || assignment.guid.to_string().eq_ignore_ascii_case(identity)
            || distinguished_name(world, &assignment.name).eq_ignore_ascii_case(identity)
    };
    let found = world.access.current.assignments.iter().find(named).cloned();
    found.filter(|found| call.sees(found.guid)).ok_or_else(|| Failure::not_found(identity))
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

/// The name of a reach and its kind, as an assignment and `Test-ServicePrincipalAuthorization` show them. A
/// group goes by its name there (observed), neither by an id nor by an address.
pub(super) fn reach_text(world: &World, assignment: &Assignment) -> (String, &'static str) {
    match &assignment.reach {
        Reach::Organization => ("Organization".to_owned(), "Organization"),
        Reach::Scope(guid) => {
            let name =
                world.access.current.scopes.iter().find(|scope| scope.guid == *guid).map(|scope| scope.name.clone());
            (name.unwrap_or_default(), "CustomRecipientScope")
        }
        Reach::Group(id) => (group_name(world, assignment.guid, *id), "Group"),
        Reach::Unit(id) => {
            let unit = world.access.current.units.iter().find(|unit| unit.id == *id).map(|unit| unit.name.clone());
            (unit.unwrap_or_default(), "AdministrativeUnit")
        }
    }
}

/// The name of a group that an assignment reaches: that of today, or that of the day of the assignment,
/// which is all that is left of a group that was deleted.
fn group_name(world: &World, assignment: Uuid, group: RecipientId) -> String {
    let then = world.exchange.scope_names.get(&assignment).cloned();
    let now = world.directory.get(group).map(|group| group.name.clone());
    let name = if world.exchange.scope_follows_rename { now.or(then) } else { then.or(now) };
    name.unwrap_or_default()
}

fn note_scope_name(world: &mut World, assignment: &Assignment) {
    let name = match assignment.reach {
        Reach::Group(id) => world.directory.get(id).map(|group| group.name.clone()),
        _ => None,
    };
    match name {
        Some(name) => world.exchange.scope_names.insert(assignment.guid, name),
        None => world.exchange.scope_names.remove(&assignment.guid),
    };
}

pub(super) fn row(world: &World, assignment: &Assignment) -> Value {
    let assignee = match &assignment.assignee {
        Assignee::Application(id) => id.to_string(),
        Assignee::RoleGroup(name) => name.clone(),
    };
    let (scope, kind) = reach_text(world, assignment);
    let resource_scope = if assignment.reach == Reach::Organization { String::new() } else { scope };
    // Of a unit it is the id (code of a public tool).
    let write_scope = if let Reach::Unit(id) = assignment.reach { id.to_string() } else { String::new() };
    let delegation = match (assignment.delegating, &assignment.reach) {
        (false, _) => "Regular",
        (true, Reach::Organization) => "DelegatingOrgWide",
        (true, _) => "Delegating",
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
        "RoleAssignmentDelegationType": delegation,
        "CustomResourceScope": resource_scope,
        "CustomRecipientWriteScope": write_scope,
        "RecipientReadScope": "Organization",
        "RecipientWriteScope": kind,
        "ConfigReadScope": "None",
        "ConfigWriteScope": "None",
        "Enabled": assignment.enabled,
        "IsValid": true,
        "DistinguishedName": distinguished_name(world, &assignment.name),
        // GUESS: an assignment shows when it was changed, as groups do; wrong if a tenant does not show it.
        "WhenChangedUTC@data.type": "System.DateTime",
        "WhenChangedUTC": exchange_date_time(assignment.changed),
    }));
    guid_property(&mut row, "Guid", &assignment.guid.to_string());
    Value::Object(row)
}
