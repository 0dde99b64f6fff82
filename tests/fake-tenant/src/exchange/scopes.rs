//! Management scopes: named recipient filters.

use serde_json::{Value, json};

use super::errors::Failure;
use super::parameters::Arguments;
use super::recipients::{guid_property, object, read_filter};
use super::{Invocation, Outcome, Output};
use crate::access::{Change, Reach, Scope};
use crate::replication::ObjectKind;
use crate::world::World;

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
    let text = arguments.text("RecipientRestrictionFilter").unwrap_or_default();
    let filter = read_filter(call.world, text)?;
    check_name_is_free(call.world, name)?;
    let scope = Scope {
        guid: call.world.issue_id("scope", name),
        name: name.to_owned(),
        text: text.to_owned(),
        filter,
        exclusive: arguments.is_set("Exclusive"),
    };
    // The answer shows the filter as it was written; a later look shows it as the service keeps it.
    let row = row(call.world, &scope, &scope.text);
    let guid = scope.guid;
    call.world.change(Change::PutScope(scope));
    call.created(ObjectKind::ManagementScope, guid);
    Ok(Output::one(row))
}

pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let mut scopes = match arguments.text("Identity") {
        Some(identity) => vec![resolve(call, identity)?],
        None => call.world.access.current.scopes.clone(),
    };
    if arguments.text("Identity").is_none() {
        scopes.retain(|scope| call.sees(scope.guid));
    }
    let world = &*call.world;
    let rows = scopes
        .iter()
        .filter(|scope| {
            arguments.flag("Exclusive").is_none_or(|exclusive| scope.exclusive == exclusive)
                && (!arguments.is_set("Orphan") || !is_used(world, scope))
        })
        .map(|scope| row(world, scope, &normalised(&scope.text)))
        .collect();
    Ok(Output::all(rows))
}

/// Acts on every assignment that uses the scope.
pub(super) fn set(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let mut scope = resolve(call, arguments.text("Identity").unwrap_or_default())?;
    if let Some(text) = arguments.text("RecipientRestrictionFilter") {
        scope.filter = read_filter(call.world, text)?;
        text.clone_into(&mut scope.text);
    }
    if let Some(name) = arguments.text("Name") {
        check_name_is_free(call.world, name)?;
        name.clone_into(&mut scope.name);
    }
    call.world.change(Change::PutScope(scope));
    Ok(Output::Nothing)
}

pub(super) fn remove(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let scope = resolve(call, arguments.text("Identity").unwrap_or_default())?;
    if is_used(call.world, &scope) {
        return Err(Failure::scope_in_use(&scope.name));
    }
    call.world.change(Change::RemoveScope(scope.guid));
    Ok(Output::Nothing)
}

pub(super) fn resolve(call: &mut Invocation<'_>, identity: &str) -> Result<Scope, Failure> {
    let world = &*call.world;
    let named = |scope: &&Scope| {
        scope.name.eq_ignore_ascii_case(identity)
            || scope.guid.to_string().eq_ignore_ascii_case(identity)
            || distinguished_name(world, &scope.name).eq_ignore_ascii_case(identity)
    };
    let found = world.access.current.scopes.iter().find(named).cloned();
    found.filter(|found| call.sees(found.guid)).ok_or_else(|| Failure::scope_not_found(identity))
}

fn is_used(world: &World, scope: &Scope) -> bool {
    world.access.current.assignments.iter().any(|assignment| assignment.reach == Reach::Scope(scope.guid))
}

fn check_name_is_free(world: &World, name: &str) -> Result<(), Failure> {
    let taken = world.access.current.scopes.iter().any(|scope| scope.name.eq_ignore_ascii_case(name));
    if taken {
        return Err(Failure::already_exists(&distinguished_name(world, name)));
    }
    Ok(())
}

fn distinguished_name(world: &World, name: &str) -> String {
    let organization = &world.organization.initial_domain;
    format!(
        "CN={name},CN=Scopes,CN=RBAC,CN=Configuration,CN={organization},CN=ConfigurationUnits,DC=EURPR01A001,DC=PROD,DC=OUTLOOK,DC=COM"
    )
}

/// Brackets around everything, and the containers of distinguished names in capitals.
fn normalised(filter: &str) -> String {
    let mut text = String::with_capacity(filter.len() + 4);
    let mut parts = filter.split('\'');
    if let Some(first) = parts.next() {
        text += first;
    }
    // What lies between an odd and an even quote is a value.
    let mut inside = true;
    for part in parts {
        text.push('\'');
        match part.split_once(",OU=") {
            Some((name, containers)) if inside => {
                text += name;
                text += ",OU=";
                text += &containers.to_uppercase();
            }
            _ => text += part,
        }
        inside = !inside;
    }
    format!("(({text}))")
}

fn row(world: &World, scope: &Scope, filter: &str) -> Value {
    let mut row = object(json!({
        "RecipientRoot": null,
        "RecipientFilter": filter,
        "ServerFilter": "",
        "DatabaseFilter": "",
        "ScopeRestrictionType": "RecipientScope",
        "Exclusive": scope.exclusive,
        "Name": scope.name,
        "Identity": scope.name,
        "Id": scope.name,
        "IsValid": true,
        "DistinguishedName": distinguished_name(world, &scope.name),
    }));
    guid_property(&mut row, "Guid", &scope.guid.to_string());
    Value::Object(row)
}
