//! Application access policies, which narrow what Entra granted.

use serde_json::{Value, json};
use uuid::Uuid;

use super::errors::Failure;
use super::parameters::Arguments;
use super::{Invocation, Outcome, Output};
use crate::access::{Change, Policy};
use crate::exchange_state::NoPolicies;
use crate::recipient::Recipient;
use crate::replication::ObjectKind;
use crate::world::{World, derived_id};

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
    let scope = arguments.text("PolicyScopeGroupID").unwrap_or_default();
    let id = call.resolve(scope, |recipient| recipient.kind.is_known_to_exchange(), Failure::recipient_not_found)?;
    let Some(scope) = call.world.directory.get(id) else {
        return Err(Failure::recipient_not_found(scope));
    };
    if !scope.kind.can_scope_policy() {
        return Err(Failure::not_security_principal(&scope.display_name));
    }
    // The id is that of the directory, by which the scope is found again (observed).
    let raw = format!("{};{}", scope.sid(), scope.object_id_text());
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
        if call.world.access.current.policies.iter().any(|other| other.identity == policy.identity) {
            return Err(Failure::already_exists(&policy.identity));
        }
    }
    let used: usize = call.world.access.current.policies.iter().chain(&policies).map(size).sum();
    if used > SPACE {
        return Err(Failure::policies_too_large());
    }
    let mut rows = Vec::with_capacity(policies.len());
    for policy in policies {
        rows.push(row(call.world, &policy));
        let key = key(&policy.identity);
        call.world.change(Change::PutPolicy(policy));
        call.created(ObjectKind::AccessPolicy, key);
    }
    Ok(Output::all(rows))
}

/// An identity that is empty or unknown returns every policy (documented trap).
pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let mut policies = call.world.access.current.policies.clone();
    policies.retain(|policy| call.sees(key(&policy.identity)));
    let exchange = &mut call.world.exchange;
    exchange.had_policy |= !policies.is_empty();
    // A first policy that reads do not find yet is none to them either.
    if !exchange.had_policy && exchange.no_policies == NoPolicies::NotFound {
        return Err(Failure::no_policies(&call.world.organization.id.to_string()));
    }
    if let Some(identity) = arguments.text("Identity")
        && policies.iter().any(|policy| policy.identity.eq_ignore_ascii_case(identity))
    {
        policies.retain(|policy| policy.identity.eq_ignore_ascii_case(identity));
    }
    Ok(Output::all(policies.iter().map(|policy| row(call.world, policy)).collect()))
}

pub(super) fn set(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let mut policy = resolve(call, arguments)?;
    if arguments.get("Description").is_some() {
        arguments.text_as_written("Description").clone_into(&mut policy.description);
    }
    call.world.change(Change::PutPolicy(policy));
    Ok(Output::Nothing)
}

pub(super) fn remove(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let policy = resolve(call, arguments)?;
    call.world.exchange.had_policy = true;
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

/// By which a policy is known to [`Visibility`](crate::replication::Visibility).
fn key(identity: &str) -> Uuid {
    derived_id("policy", identity)
}

fn resolve(call: &mut Invocation<'_>, arguments: &Arguments) -> Result<Policy, Failure> {
    let identity = arguments.text("Identity").unwrap_or_default();
    let policies = &call.world.access.current.policies;
    let found = policies.iter().find(|policy| policy.identity.eq_ignore_ascii_case(identity)).cloned();
    found.filter(|policy| call.sees(key(&policy.identity))).ok_or_else(|| Failure::not_found(identity))
}

fn row(world: &World, policy: &Policy) -> Value {
    // GUESS: a policy is invalid when its scope is gone or no security principal any more; wrong if such a
    // policy still reads as valid.
    let valid = world.directory.get(policy.scope).is_some_and(|scope| scope.kind.can_scope_policy());
    json!({
        "Identity": policy.identity,
        "AppId": policy.app_id,
        "ScopeName": policy.scope_name,
        "ScopeIdentity": policy.scope_name,
        "ScopeIdentityRaw": policy.scope_raw,
        "AccessRight": if policy.deny { "DenyAccess" } else { "RestrictAccess" },
        "ShardType": "All",
        "Description": policy.description,
        "IsValid": valid,
        "ObjectState": "Unchanged",
    })
}
