//! Application access policies, which narrow what Entra granted.

use serde_json::{Value, json};
use uuid::Uuid;

use super::errors::Failure;
use super::parameters::Arguments;
use super::{Invocation, Outcome, Output};
use crate::access::{Change, Policy};
use crate::recipient::Recipient;
use crate::world::World;

/// The limit is on the size of all policies together: about a hundred, or three hundred when every
/// description is a single space (Microsoft documentation). The sizes that make it so are ours.
const SPACE: usize = 300;

fn size(policy: &Policy) -> usize {
    if policy.description == " " { 1 } else { 3 }
}

pub(super) fn new(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let apps: Vec<String> =
        arguments.list("AppId").unwrap_or_default().iter().map(|app| app_id(app)).collect::<Result<_, _>>()?;
    if apps.is_empty() {
        return Err(Failure::empty_parameter("AppId"));
    }
    let scope = arguments.text("PolicyScopeGroupId").unwrap_or_default();
    let id = call.resolve(scope, |recipient| recipient.kind.is_known_to_exchange(), Failure::recipient_not_found)?;
    let Some(scope) = call.world.directory.get(id) else {
        return Err(Failure::recipient_not_found(scope));
    };
    if !scope.kind.can_scope_policy() {
        return Err(Failure::not_security_principal(&scope.display_name));
    }
    let raw = format!("{};{}", scope.sid(), scope.guid);
    let tenant = call.world.organization.id;
    let policies: Vec<Policy> = apps
        .into_iter()
        .map(|app_id| Policy {
            identity: format!("{tenant}\\{app_id}:{raw}"),
            app_id,
            scope: scope.id,
            scope_name: scope.name.clone(),
            scope_raw: raw.clone(),
            deny: arguments.text("AccessRight") == Some("DenyAccess"),
            description: arguments.text_as_written("Description").to_owned(),
        })
        .collect();
    for policy in &policies {
        if find(call.world, &policy.identity).is_some() {
            return Err(Failure::already_exists(&policy.identity));
        }
    }
    let used: usize = call.world.access.current.policies.iter().chain(&policies).map(size).sum();
    if used > SPACE {
        return Err(Failure::policies_too_large());
    }
    let mut rows = Vec::with_capacity(policies.len());
    for policy in policies {
        rows.push(row(&policy));
        call.world.change(Change::PutPolicy(policy));
    }
    Ok(Output::all(rows))
}

/// An identity that is empty or unknown returns every policy (documented trap).
#[expect(clippy::unnecessary_wraps, reason = "the table of cmdlets wants one signature")]
pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let rows = match arguments.text("Identity").and_then(|identity| find(call.world, identity)) {
        Some(policy) => vec![row(policy)],
        None => call.world.access.current.policies.iter().map(row).collect(),
    };
    Ok(Output::all(rows))
}

pub(super) fn set(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let mut policy = resolve(call.world, arguments)?;
    if arguments.get("Description").is_some() {
        arguments.text_as_written("Description").clone_into(&mut policy.description);
    }
    call.world.change(Change::PutPolicy(policy));
    Ok(Output::Nothing)
}

pub(super) fn remove(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let policy = resolve(call.world, arguments)?;
    call.world.change(Change::RemovePolicy(policy.identity));
    Ok(Output::Nothing)
}

/// Answers from what is configured now, whatever has taken effect.
pub(super) fn test(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let app_id = app_id(arguments.text("AppId").unwrap_or_default())?;
    let id = call.resolve(
        arguments.text("Identity").unwrap_or_default(),
        |recipient: &Recipient| recipient.kind.is_mailbox(),
        Failure::recipient_not_found,
    )?;
    let granted = call.world.access.current.policies_allow(&app_id, id);
    let Some(mailbox) = call.world.directory.get(id) else {
        return Ok(Output::Nothing);
    };
    Ok(Output::one(json!({
        "AppId": app_id,
        "Mailbox": mailbox.alias,
        "MailboxId": mailbox.object_id_text(),
        "MailboxSid": mailbox.sid(),
        "AccessCheckResult": if granted { "Granted" } else { "Denied" },
    })))
}

/// A GUID, or `*` for all applications. The sentence is ours.
fn app_id(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if text == "*" {
        return Ok(text.to_owned());
    }
    Uuid::parse_str(text)
        .map(|id| id.to_string())
        .map_err(|_| Failure::invalid(format!("The AppId \"{text}\" is not a valid GUID.")))
}

fn find<'w>(world: &'w World, identity: &str) -> Option<&'w Policy> {
    world.access.current.policies.iter().find(|policy| policy.identity.eq_ignore_ascii_case(identity))
}

fn resolve(world: &World, arguments: &Arguments) -> Result<Policy, Failure> {
    let identity = arguments.text("Identity").unwrap_or_default();
    find(world, identity).cloned().ok_or_else(|| Failure::not_found(identity))
}

fn row(policy: &Policy) -> Value {
    json!({
        "Identity": policy.identity,
        "AppId": policy.app_id,
        "ScopeName": policy.scope_name,
        "ScopeIdentity": policy.scope_name,
        "ScopeIdentityRaw": policy.scope_raw,
        "AccessRight": if policy.deny { "DenyAccess" } else { "RestrictAccess" },
        "ShardType": "All",
        "Description": policy.description,
        "IsValid": true,
        "ObjectState": "Unchanged",
    })
}
