//! `Get-` and `Set-CASMailbox`: by which protocols a mailbox is reached, and EWS above all.

use serde_json::{Map, Value, json};

use super::errors::Failure;
use super::parameters::{Arguments, Bound};
use super::recipients::{guid_property, list, object};
use super::{Invocation, Outcome, Output};
use crate::exchange_state::{AgentAccess, Ews};
use crate::recipient::{Recipient, RecipientKind};
use crate::world::World;

pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    list(call, arguments, RecipientKind::is_mailbox, row)
}

pub(super) fn set(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let identity = arguments.text("Identity").unwrap_or_default();
    let id = call.resolve(identity, |mailbox| mailbox.kind.is_mailbox(), Failure::not_found)?;
    call.world.directory.update(id, |mailbox| {
        let settings = &mut mailbox.client_access;
        set_ews(&mut settings.ews, arguments);
        for (name, bound) in arguments.iter() {
            if let (Bound::Flag(flag), true) = (bound, is_protocol(name)) {
                settings.other.insert(name.to_owned(), json!(flag));
            }
        }
    });
    Ok(Output::Nothing)
}

fn is_protocol(name: &str) -> bool {
    name.ends_with("Enabled") && name != "EwsEnabled" || name == "SmtpClientAuthenticationDisabled"
}

/// Sets what is named; `null` clears a setting, so that nobody has set it.
pub(super) fn set_ews(ews: &mut Ews, arguments: &Arguments) {
    if arguments.get("EwsEnabled").is_some() {
        ews.enabled = arguments.flag("EwsEnabled");
    }
    if arguments.get("EwsApplicationAccessPolicy").is_some() {
        ews.access = arguments.text("EwsApplicationAccessPolicy").map(AgentAccess::named);
    }
    if let Some(list) = arguments.edited("EwsAllowList", &ews.allow_list) {
        ews.allow_list = list;
    }
    if let Some(list) = arguments.edited("EwsBlockList", &ews.block_list) {
        ews.block_list = list;
    }
}

pub(super) fn ews_row(ews: &Ews) -> Map<String, Value> {
    let listed = |list: &[String]| if list.is_empty() { Value::Null } else { json!(list) };
    object(json!({
        "EwsEnabled": ews.enabled,
        "EwsAllowOutlook": null,
        "EwsAllowMacOutlook": null,
        "EwsAllowEntourage": null,
        "EwsApplicationAccessPolicy": ews.access.map(AgentAccess::name),
        "EwsAllowList": listed(&ews.allow_list),
        "EwsBlockList": listed(&ews.block_list),
    }))
}

/// What a mailbox has before anybody sets anything.
fn protocols() -> Map<String, Value> {
    object(json!({
        "ActiveSyncEnabled": true,
        "OWAEnabled": true,
        "OWAforDevicesEnabled": true,
        "OutlookMobileEnabled": true,
        "MacOutlookEnabled": true,
        "OneWinNativeOutlookEnabled": true,
        "UniversalOutlookEnabled": true,
        "MAPIEnabled": true,
        "PopEnabled": true,
        "ImapEnabled": true,
        "SmtpClientAuthenticationDisabled": null,
    }))
}

fn row(_: &World, mailbox: &Recipient) -> Value {
    let mut row = object(json!({
        "Name": mailbox.name,
        "DisplayName": mailbox.display_name,
        "PrimarySmtpAddress": mailbox.primary(),
        "EmailAddresses@odata.type": "#Collection(String)",
        "EmailAddresses": mailbox.proxy_addresses().collect::<Vec<_>>(),
        "LegacyExchangeDN": mailbox.legacy_dn(),
        "ExternalDirectoryObjectId": mailbox.object_id_text(),
        "Identity": mailbox.name,
        "Id": mailbox.name,
        "IsValid": true,
        "DistinguishedName": mailbox.distinguished_name,
    }));
    row.extend(protocols());
    row.extend(mailbox.client_access.other.clone());
    row.extend(ews_row(&mailbox.client_access.ews));
    guid_property(&mut row, "Guid", &mailbox.guid.to_string());
    guid_property(&mut row, "ExchangeObjectId", &mailbox.guid.to_string());
    Value::Object(row)
}
