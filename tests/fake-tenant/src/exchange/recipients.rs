//! `Get-Mailbox`, `Get-Recipient`, and what all lists of recipients have in common.

use serde_json::{Map, Value, json};

use super::errors::Failure;
use super::parameters::{Arguments, Bound};
use super::{Invocation, Outcome, Output, RowOf};
use crate::access::property_values;
use crate::clock::exchange_date_time;
use crate::filter::{self, Expression, Literal};
use crate::recipient::{Recipient, RecipientKind};
use crate::world::World;

pub(super) fn get_mailbox(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    list(call, arguments, RecipientKind::is_mailbox, mailbox_row)
}

/// The few settings of a mailbox that matter here.
pub(super) fn set_mailbox(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let identity = arguments.text("Identity").unwrap_or_default();
    let id = call.resolve(identity, |mailbox| mailbox.kind.is_mailbox(), Failure::not_found)?;
    let Some(mut mailbox) = call.world.directory.get(id).cloned() else {
        return Err(Failure::not_found(identity));
    };
    if mailbox.dir_synced {
        return Err(Failure::synchronized(identity, "Set-Mailbox", arguments.first_change()));
    }
    if let Some(name) = arguments.text("DisplayName") {
        name.clone_into(&mut mailbox.display_name);
    }
    if let Some(hidden) = arguments.flag("HiddenFromAddressListsEnabled") {
        mailbox.hidden = hidden;
    }
    if let Some(office) = arguments.get("Office") {
        mailbox.office = if let Bound::Text(office) = office { office.clone() } else { String::new() };
    }
    if let Some(capacity) = arguments.number("ResourceCapacity") {
        mailbox.place.capacity = u32::try_from(capacity).ok();
    }
    for (at, (name, _)) in super::cmdlets::CUSTOM_ATTRIBUTES.iter().enumerate() {
        if let Some(Bound::Text(text)) = arguments.get(name) {
            mailbox.custom_attributes[at].clone_from(text);
        }
    }
    if let Some(bound) = arguments.get("GrantSendOnBehalfTo") {
        let (add, remove, clear): (&[String], &[String], bool) = match bound {
            Bound::List(names) => (names, &[], true),
            Bound::Edit { add, remove } => (add, remove, false),
            _ => (&[], &[], true),
        };
        let (add, remove) = (sender_names(call, add)?, sender_names(call, remove)?);
        let held = mailbox.group.other.get("GrantSendOnBehalfTo").and_then(Value::as_array).filter(|_| !clear);
        let mut names: Vec<String> = held.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        names.retain(|name| !remove.contains(name));
        names.extend(add);
        mailbox.group.other.insert("GrantSendOnBehalfTo".to_owned(), json!(names));
    }
    mailbox.changed = call.world.now();
    call.world.directory.update(id, |old| *old = mailbox);
    Ok(Output::Nothing)
}

/// The names of those who may send, which for accounts are object ids.
fn sender_names(call: &mut Invocation<'_>, written: &[String]) -> Result<Vec<String>, Failure> {
    let mut names = Vec::with_capacity(written.len());
    for identity in written {
        let id = call.resolve(identity, |recipient| is_recipient(recipient.kind), Failure::recipient_not_found)?;
        names.extend(call.world.directory.get(id).map(|recipient| recipient.name.clone()));
    }
    Ok(names)
}

pub(super) fn get_recipient(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    list(call, arguments, is_recipient, recipient_row)
}

fn is_recipient(kind: RecipientKind) -> bool {
    kind.is_known_to_exchange()
}

/// One recipient by identity, or all that pass the filters. An empty identity is no identity.
pub(super) fn list(
    call: &mut Invocation<'_>,
    arguments: &Arguments,
    belongs: fn(RecipientKind) -> bool,
    row: RowOf,
) -> Outcome {
    if let Some(identity) = arguments.text("Identity") {
        let id = call.resolve(identity, |recipient| belongs(recipient.kind), Failure::not_found)?;
        return Ok(Output::Recipients { ids: vec![id], row });
    }
    let filter = arguments.text("Filter").map(|text| read_filter(call.world, text)).transpose()?;
    let owner = match arguments.text("ManagedBy") {
        Some(owner) => Some(super::groups::owner(call, owner)?),
        None => None,
    };
    let details = arguments.list("RecipientTypeDetails");
    let types = arguments.list("RecipientType");
    let anr = arguments.text("Anr").map(str::to_lowercase);
    let world = &*call.world;
    let mut found: Vec<&Recipient> = world
        .directory
        .iter()
        .filter(|recipient| {
            let kind = recipient.kind;
            let among = |names: Option<&[String]>, name: &str| {
                names.is_none_or(|names| names.iter().any(|wanted| wanted == name))
            };
            belongs(kind)
                && among(details, kind.type_details())
                && among(types, kind.recipient_type())
                && anr.as_ref().is_none_or(|start| begins_with(recipient, start))
                && owner.as_ref().is_none_or(|owner| recipient.group.owners.contains(owner))
                && filter
                    .as_ref()
                    .is_none_or(|filter| world.access.current.satisfies(&world.directory, recipient, filter))
        })
        .collect();
    if let Some(property) = arguments.text("SortBy") {
        found.sort_by_cached_key(|recipient| {
            property_values(&world.directory, recipient, property)
                .and_then(|values| values.first().map(Value::to_string))
                .unwrap_or_default()
                .to_lowercase()
        });
    }
    let found: Vec<_> = found.iter().map(|recipient| (recipient.id, recipient.guid)).collect();
    let ids = found.into_iter().filter(|(_, guid)| call.sees(*guid)).map(|(id, _)| id).collect();
    Ok(Output::Recipients { ids, row })
}

fn begins_with(recipient: &Recipient, start: &str) -> bool {
    [&recipient.display_name, &recipient.alias, &recipient.name]
        .into_iter()
        .chain(&recipient.addresses)
        .any(|text| text.to_lowercase().starts_with(start))
}

/// Reads a filter and checks that it speaks of properties that exist.
pub(super) fn read_filter(world: &World, text: &str) -> Result<Expression, Failure> {
    let filter = filter::opath(text).map_err(|reason| {
        Failure::invalid(format!(
            "Invalid filter syntax. For a description of the filter parameter syntax see the command help.\n\"{text}\": {reason}."
        ))
    })?;
    let any = world.directory.iter().next();
    let mut problem = None;
    filter.each_test(&mut |property, _, value| {
        let known = any.is_none_or(|any| property_values(&world.directory, any, property).is_some());
        if !known {
            problem = Some(format!(
                "\"{property}\" is not a recognized filterable property. For a complete list of filterable properties see the command help."
            ));
        }
        // These two are compared with distinguished names only (Microsoft documentation).
        let by_name = ["MemberOfGroup", "ManagedBy"]
            .iter()
            .any(|name| property.eq_ignore_ascii_case(name));
        if by_name
            && let Literal::Text(name) = value
            && !name.trim().to_ascii_uppercase().starts_with("CN=")
        {
            problem = Some(format!(
                "The value \"{name}\" of the property \"{property}\" is not a distinguished name."
            ));
        }
    });
    match problem {
        Some(sentence) => Err(Failure::invalid(sentence)),
        None => Ok(filter),
    }
}

pub(super) fn guid_property(row: &mut Map<String, Value>, name: &str, guid: &str) {
    row.insert(format!("{name}@data.type"), json!("System.Guid"));
    row.insert(format!("{name}@odata.type"), json!("#Guid"));
    row.insert(name.to_owned(), json!(guid));
}

pub(super) fn custom_attributes(row: &mut Map<String, Value>, recipient: &Recipient) {
    for (at, value) in recipient.custom_attributes.iter().enumerate() {
        row.insert(format!("CustomAttribute{}", at + 1), json!(value));
    }
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn mailbox_row(_: &World, mailbox: &Recipient) -> Value {
    let kind = mailbox.kind;
    let mut addresses: Vec<String> = mailbox.proxy_addresses().collect();
    addresses.push(format!("SIP:{}", mailbox.primary()));
    let created = format!("{}+00:00", crate::clock::calendar_date_time(mailbox.created));
    let mut row = object(json!({
        "UserPrincipalName": mailbox.user_principal_name,
        "Alias": mailbox.alias,
        "DisplayName": mailbox.display_name,
        "Name": mailbox.name,
        "PrimarySmtpAddress": mailbox.primary(),
        "WindowsEmailAddress": mailbox.primary(),
        "RecipientType": kind.recipient_type(),
        "RecipientTypeDetails": kind.type_details(),
        "ExternalDirectoryObjectId": mailbox.object_id_text(),
        "LitigationHoldDuration": "Unlimited",
        "RetainDeletedItemsFor": "14.00:00:00",
        "ProhibitSendQuota": "99 GB (106,300,440,576 bytes)",
        "ProhibitSendReceiveQuota": "100 GB (107,374,182,400 bytes)",
        "IssueWarningQuota": "98 GB (105,226,698,752 bytes)",
        "HiddenFromAddressListsEnabled": mailbox.hidden,
        "GrantSendOnBehalfTo": mailbox.group.other.get("GrantSendOnBehalfTo").cloned().unwrap_or_else(|| json!([])),
    }));
    row.extend(object(json!({
        "IsMailboxEnabled": true,
        "IsDirSynced": mailbox.dir_synced,
        "IsShared": kind == RecipientKind::SharedMailbox,
        "IsResource": kind.is_resource(),
        "IsInactiveMailbox": false,
        "ResourceType": kind.resource_type(),
        "ResourceCapacity": mailbox.place.capacity,
        "RoomMailboxAccountEnabled": (kind.type_details() == "RoomMailbox").then_some(false),
        "AccountDisabled": !mailbox.account_enabled,
        "Office": mailbox.office,
        "EmailAddresses@odata.type": "#Collection(String)",
        "EmailAddresses": addresses,
        "WhenMailboxCreated@data.type": "System.DateTime",
        "WhenMailboxCreated": created,
        "LegacyExchangeDN": mailbox.legacy_dn(),
        "Identity": mailbox.name,
        "Id": mailbox.name,
        "IsValid": true,
        "DistinguishedName": mailbox.distinguished_name,
        "AdministrativeUnits": [],
    })));
    guid_property(&mut row, "ExchangeGuid", &mailbox.exchange_guid.to_string());
    guid_property(&mut row, "Guid", &mailbox.guid.to_string());
    guid_property(&mut row, "ExchangeObjectId", &mailbox.guid.to_string());
    custom_attributes(&mut row, mailbox);
    Value::Object(row)
}

/// What `Get-Recipient` and `Get-DistributionGroupMember` show.
pub(super) fn recipient_row(_: &World, recipient: &Recipient) -> Value {
    let kind = recipient.kind;
    let mut row = object(json!({
        "Identity": recipient.name,
        "Alias": recipient.alias,
        "DisplayName": recipient.display_name,
        "Name": recipient.name,
        "PrimarySmtpAddress": recipient.primary(),
        "EmailAddresses@odata.type": "#Collection(String)",
        "EmailAddresses": recipient.proxy_addresses().collect::<Vec<_>>(),
        "RecipientType": kind.recipient_type(),
        "RecipientTypeDetails": kind.type_details(),
        "ExternalDirectoryObjectId": recipient.object_id_text(),
        "HiddenFromAddressListsEnabled": recipient.hidden,
        "IsDirSynced": recipient.dir_synced,
        "IsValidSecurityPrincipal": kind.is_security_principal(),
        "Office": recipient.office,
        "ResourceType": kind.resource_type(),
        "DistinguishedName": recipient.distinguished_name,
        "WhenCreatedUTC@data.type": "System.DateTime",
        "WhenCreatedUTC": exchange_date_time(recipient.created),
    }));
    guid_property(&mut row, "Guid", &recipient.guid.to_string());
    guid_property(&mut row, "ExchangeObjectId", &recipient.guid.to_string());
    if kind.is_mailbox() {
        guid_property(&mut row, "ExchangeGuid", &recipient.exchange_guid.to_string());
    }
    custom_attributes(&mut row, recipient);
    Value::Object(row)
}
