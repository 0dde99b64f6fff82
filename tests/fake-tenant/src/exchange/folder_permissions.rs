//! `Get-`, `Add-`, `Set-` and `Remove-MailboxFolderPermission`, on calendars.

use serde_json::{Value, json};

use super::errors::Failure;
use super::parameters::{Arguments, Bound};
use super::{Invocation, Outcome, Output};
use crate::calendar::{FolderPermission, Grantee};
use crate::recipient::{Recipient, RecipientId, RecipientKind};
use crate::world::World;

pub(super) const RIGHTS: &[&str] = &[
    "None",
    "CreateItems",
    "CreateSubfolders",
    "DeleteAllItems",
    "DeleteOwnedItems",
    "EditAllItems",
    "EditOwnedItems",
    "FolderContact",
    "FolderOwner",
    "FolderVisible",
    "ReadItems",
    "Author",
    "Contributor",
    "Editor",
    "NonEditingAuthor",
    "Owner",
    "PublishingAuthor",
    "PublishingEditor",
    "Reviewer",
    "AvailabilityOnly",
    "LimitedDetails",
];

const NOT_FOUND: &str = "Microsoft.Exchange.Management.StoreTasks.UserNotFoundInPermissionEntryException";
const EXISTS: &str = "Microsoft.Exchange.Management.StoreTasks.UserAlreadyExistsInPermissionEntryException";

pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let (mailbox, folder) = folder(call, arguments)?;
    let wanted = match arguments.text("User") {
        Some(user) => Some(grantee(call, user)?),
        None => None,
    };
    let rows: Vec<Value> = call
        .world
        .folder_permissions(mailbox)
        .iter()
        .filter(|entry| wanted.as_ref().is_none_or(|wanted| entry.grantee == *wanted))
        .map(|entry| row(call.world, &folder, entry))
        .collect();
    match arguments.text("User") {
        Some(user) if rows.is_empty() => Err(no_entry(&folder, user)),
        _ => Ok(Output::all(rows)),
    }
}

pub(super) fn add(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let (mailbox, folder) = folder(call, arguments)?;
    let user = arguments.text("User").unwrap_or_default();
    let grantee = grantee(call, user)?;
    let mut entries = call.world.folder_permissions(mailbox);
    if entries.iter().any(|entry| entry.grantee == grantee) {
        return Err(Failure::other(EXISTS, format!("An existing permission entry was found for user: {user}.")));
    }
    let entry = entry(grantee, arguments)?;
    let row = row(call.world, &folder, &entry);
    entries.push(entry);
    call.world.folder_permissions.insert(mailbox, entries);
    Ok(Output::one(row))
}

pub(super) fn set(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let (mailbox, folder) = folder(call, arguments)?;
    let user = arguments.text("User").unwrap_or_default();
    let grantee = grantee(call, user)?;
    let mut entries = call.world.folder_permissions(mailbox);
    let Some(held) = entries.iter_mut().find(|entry| entry.grantee == grantee) else {
        return Err(no_entry(&folder, user));
    };
    *held = entry(grantee, arguments)?;
    call.world.folder_permissions.insert(mailbox, entries);
    Ok(Output::Nothing)
}

pub(super) fn remove(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let (mailbox, folder) = folder(call, arguments)?;
    let user = arguments.text("User").unwrap_or_default();
    let grantee = grantee(call, user)?;
    if grantee.is_built_in() {
        return Err(Failure::invalid(format!("The permission entry of {user} can't be removed.")));
    }
    let mut entries = call.world.folder_permissions(mailbox);
    let before = entries.len();
    entries.retain(|entry| entry.grantee != grantee);
    if entries.len() == before {
        return Err(no_entry(&folder, user));
    }
    call.world.folder_permissions.insert(mailbox, entries);
    Ok(Output::Nothing)
}

fn no_entry(folder: &str, user: &str) -> Failure {
    Failure::other(
        NOT_FOUND,
        format!("There is no existing permission entry found for user: {user} on folder {folder}."),
    )
}

/// `mailbox:\folder`. Only the calendar is kept here; the other folders of a mailbox are not found.
fn folder(call: &mut Invocation<'_>, arguments: &Arguments) -> Result<(RecipientId, String), Failure> {
    let identity = arguments.text("Identity").unwrap_or_default();
    let Some((mailbox, folder)) = identity.split_once(":\\") else {
        return Err(Failure::invalid(format!(
            "The folder identity '{identity}' isn't valid: it takes the form Mailbox:\\FolderPath."
        )));
    };
    let is_mailbox = |recipient: &Recipient| recipient.kind.is_mailbox();
    let id = call.resolve(mailbox, is_mailbox, Failure::not_found)?;
    if !folder.eq_ignore_ascii_case("Calendar") {
        return Err(Failure::not_found(identity));
    }
    Ok((id, "Calendar".to_owned()))
}

fn grantee(call: &mut Invocation<'_>, user: &str) -> Result<Grantee, Failure> {
    if let Some(built_in) = Grantee::built_in(user) {
        return Ok(built_in);
    }
    let can_hold = |recipient: &Recipient| {
        recipient.kind.is_mailbox() || matches!(recipient.kind, RecipientKind::MailUser | RecipientKind::SecurityGroup)
    };
    call.resolve(user, can_hold, Failure::recipient_not_found).map(Grantee::Recipient)
}

fn entry(grantee: Grantee, arguments: &Arguments) -> Result<FolderPermission, Failure> {
    let rights = arguments.list("AccessRights").unwrap_or_default().to_vec();
    let flags = match arguments.get("SharingPermissionFlags") {
        Some(Bound::List(flags)) => flags.clone(),
        _ => Vec::new(),
    };
    let delegate = flags.iter().any(|flag| flag == "Delegate");
    if flags.iter().any(|flag| flag == "CanViewPrivateItems") && !delegate {
        return Err(Failure::invalid("CanViewPrivateItems needs Delegate."));
    }
    if delegate && !rights.iter().any(|right| right == "Editor") {
        // Delegates are editors (Microsoft documentation).
        return Err(Failure::invalid("The sharing permission flags can only be used when AccessRights is Editor."));
    }
    Ok(FolderPermission { grantee, rights, flags })
}

fn row(world: &World, folder: &str, entry: &FolderPermission) -> Value {
    json!({
        "FolderName": folder,
        "User": entry.grantee.display_name(world),
        // One item that is a comma list (observed).
        "AccessRights@odata.type": "#Collection(String)",
        "AccessRights": [entry.rights.join(", ")],
        "SharingPermissionFlags": (!entry.flags.is_empty()).then(|| entry.flags.join(", ")),
        "Identity": entry.grantee.display_name(world),
        "IsValid": true,
    })
}
