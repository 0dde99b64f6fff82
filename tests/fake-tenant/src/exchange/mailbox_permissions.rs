//! `Get-`, `Add-` and `Remove-MailboxPermission`: rights to whole mailboxes.

use serde_json::{Value, json};

use super::errors::Failure;
use super::parameters::Arguments;
use super::{Invocation, Outcome, Output, service_principals};
use crate::exchange_state::{MailboxPermission, MailboxUser};
use crate::recipient::{Recipient, RecipientId, RecipientKind};
use crate::world::World;

pub(super) const RIGHTS: &[&str] =
    &["ChangeOwner", "ChangePermission", "DeleteItem", "ExternalAccount", "FullAccess", "ReadPermission"];

/// The owner's own entry, which every mailbox has.
const SELF: &str = "NT AUTHORITY\\SELF";

pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let mailbox = mailbox(call, arguments)?;
    let wanted = match arguments.text("User") {
        Some(user) if !user.eq_ignore_ascii_case(SELF) => Some(user_of(call, user)?),
        _ => None,
    };
    let world = &*call.world;
    let Some(owner) = world.directory.get(mailbox) else {
        return Ok(Output::Nothing);
    };
    let mut rows = Vec::new();
    if wanted.is_none() {
        rows.push(row(owner, SELF, &["FullAccess", "ReadPermission"], false));
    }
    if !arguments.text("User").is_some_and(|user| user.eq_ignore_ascii_case(SELF)) {
        let entries = entries(world, mailbox).iter();
        let entries = entries.filter(|entry| wanted.as_ref().is_none_or(|wanted| entry.user == *wanted));
        rows.extend(entries.map(|entry| entry_row(world, owner, entry)));
    }
    Ok(Output::all(rows))
}

/// An entry that is there already is no error; the words of the warning are PowerShell's.
pub(super) fn add(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let mailbox = mailbox(call, arguments)?;
    let user = user_of(call, arguments.text("User").unwrap_or_default())?;
    let deny = arguments.is_set("Deny");
    let entries = call.world.exchange.mailbox_permissions.entry(mailbox).or_default();
    let at = entries.iter().position(|entry| entry.user == user && entry.deny == deny).unwrap_or_else(|| {
        entries.push(MailboxPermission { user, rights: Vec::new(), deny });
        entries.len() - 1
    });
    let before = entries[at].rights.len();
    for right in arguments.list("AccessRights").unwrap_or_default() {
        if !entries[at].rights.contains(right) {
            entries[at].rights.push(right.clone());
        }
    }
    let warnings = if entries[at].rights.len() == before {
        vec!["The appropriate access control entry is already present on the object.".to_owned()]
    } else {
        Vec::new()
    };
    let entry = entries[at].clone();
    let world = &*call.world;
    let rows = world.directory.get(mailbox).map(|owner| entry_row(world, owner, &entry));
    Ok(Output::Objects { rows: rows.into_iter().collect(), warnings })
}

/// An entry that is not there is no error either.
pub(super) fn remove(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let mailbox = mailbox(call, arguments)?;
    let user = user_of(call, arguments.text("User").unwrap_or_default())?;
    let deny = arguments.is_set("Deny");
    let rights = arguments.list("AccessRights").unwrap_or_default();
    let entries = call.world.exchange.mailbox_permissions.entry(mailbox).or_default();
    let mut removed = false;
    for entry in entries.iter_mut().filter(|entry| entry.user == user && entry.deny == deny) {
        let before = entry.rights.len();
        entry.rights.retain(|right| !rights.contains(right));
        removed |= entry.rights.len() < before;
    }
    entries.retain(|entry| !entry.rights.is_empty());
    let warnings = if removed {
        Vec::new()
    } else {
        // GUESS: a warning; wrong if the service fails the command.
        vec!["Can't remove the access control entry on the object because the entry isn't present.".to_owned()]
    };
    Ok(Output::Objects { rows: Vec::new(), warnings })
}

fn entries(world: &World, mailbox: RecipientId) -> &[MailboxPermission] {
    world.exchange.mailbox_permissions.get(&mailbox).map_or(&[], Vec::as_slice)
}

fn mailbox(call: &mut Invocation<'_>, arguments: &Arguments) -> Result<RecipientId, Failure> {
    let identity = arguments.text("Identity").unwrap_or_default();
    call.resolve(identity, |recipient| recipient.kind.is_mailbox(), Failure::not_found)
}

/// A person, a security group, or a service principal that was registered in Exchange (Microsoft
/// documentation on IMAP and POP applications).
fn user_of(call: &mut Invocation<'_>, name: &str) -> Result<MailboxUser, Failure> {
    if let Ok(pointer) = service_principals::resolve(call, name) {
        return Ok(MailboxUser::ServicePrincipal(pointer.object_id));
    }
    let can_hold = |recipient: &Recipient| {
        recipient.kind.is_mailbox() || matches!(recipient.kind, RecipientKind::MailUser | RecipientKind::SecurityGroup)
    };
    call.resolve(name, can_hold, Failure::recipient_not_found).map(MailboxUser::Recipient)
}

fn entry_row(world: &World, owner: &Recipient, entry: &MailboxPermission) -> Value {
    let user = match entry.user {
        MailboxUser::ServicePrincipal(id) => id.to_string(),
        // GUESS: a person is shown by the sign-in name, a group by its name; wrong if both come as ids.
        MailboxUser::Recipient(id) => world
            .directory
            .get(id)
            .map_or_else(String::new, |user| user.user_principal_name.clone().unwrap_or_else(|| user.name.clone())),
    };
    row(owner, &user, &entry.rights, entry.deny)
}

fn row<R: AsRef<str>>(owner: &Recipient, user: &str, rights: &[R], deny: bool) -> Value {
    let rights: Vec<&str> = rights.iter().map(AsRef::as_ref).collect();
    json!({
        "Identity": owner.name,
        "User": user,
        // One item that is a comma list, and a text where a Boolean belongs (both observed).
        "AccessRights@odata.type": "#Collection(String)",
        "AccessRights": [rights.join(", ")],
        "Deny": if deny { "True" } else { "False" },
        "IsInherited": false,
        "InheritanceType": "All",
        "UserSid": null,
        "IsValid": true,
        "ObjectState": "Unchanged",
    })
}
