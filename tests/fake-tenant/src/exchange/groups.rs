//! `New-`, `Get-`, `Set-` and `Remove-DistributionGroup`.

use serde_json::{Map, Value, json};

use super::cmdlets::CUSTOM_ATTRIBUTES;
use super::errors::Failure;
use super::members;
use super::parameters::{Arguments, Bound};
use super::recipients::{custom_attributes, guid_property, list, object};
use super::{Invocation, Outcome, Output};
use crate::clock::exchange_date_time;
use crate::recipient::{Owner, Recipient, RecipientId, RecipientKind};
use crate::replication::ObjectKind;
use crate::world::{NewRecipient, World};

/// Parameters that become something else than a setting of the same name.
const NOT_SETTINGS: &[&str] = &[
    "Identity",
    "Name",
    "Alias",
    "DisplayName",
    "PrimarySmtpAddress",
    "WindowsEmailAddress",
    "EmailAddresses",
    "ManagedBy",
    "Members",
    "Type",
    "RoomList",
    "CopyOwnerToMember",
    "MemberJoinRestriction",
    "MemberDepartRestriction",
    "HiddenFromAddressListsEnabled",
    "BypassSecurityGroupManagerCheck",
    "IgnoreNamingPolicy",
    "ForceUpgrade",
    "ResetMigrationToUnifiedGroup",
    "UpdateMemberCount",
    "OrganizationalUnit",
    "Confirm",
    "WhatIf",
    "Verbose",
    "Debug",
    "ErrorAction",
    "WarningAction",
    "InformationAction",
    "ErrorVariable",
    "WarningVariable",
    "OutVariable",
    "OutBuffer",
];

/// Who manages a group that nobody was named for, when an application made it (observed, rarely).
const DEFAULT_OWNER: &str = "Organization Management";

pub(super) fn new(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let plain = arguments.text("Name").unwrap_or_default();
    let policy = &call.world.organization.naming_policy;
    let under_policy = |name: &str| {
        if policy.is_empty() || arguments.is_set("IgnoreNamingPolicy") {
            name.to_owned()
        } else {
            policy.replace("<GroupName>", name)
        }
    };
    let name = under_policy(plain);
    let display_name = under_policy(arguments.text("DisplayName").unwrap_or(plain));
    check_length("Name", &name, 64)?;
    check_length("DisplayName", &display_name, 256)?;
    let alias = match arguments.text("Alias") {
        Some(alias) => {
            check_alias(alias)?;
            alias.to_owned()
        }
        None => alias_of(plain),
    };
    let address = match arguments.text("PrimarySmtpAddress") {
        Some(address) => address.to_owned(),
        None => format!("{}@{}", ascii(&alias), call.world.organization.default_domain),
    };
    check_address(call.world, &address)?;
    let kind = match (arguments.text("Type"), arguments.is_set("RoomList")) {
        (Some("Security"), true) => {
            return Err(Failure::invalid(
                "A room list can't be a security group: the parameters Type and RoomList don't go together.",
            ));
        }
        (Some("Security"), false) => RecipientKind::SecurityGroup,
        (_, true) => RecipientKind::RoomList,
        (_, false) => RecipientKind::DistributionList,
    };
    check_restrictions(arguments, kind)?;
    if kind == RecipientKind::SecurityGroup
        && arguments.is_set("ModerationEnabled")
        && arguments.list("ModeratedBy").is_none_or(<[String]>::is_empty)
    {
        return Err(Failure::invalid("A moderated security group needs at least one moderator in ModeratedBy."));
    }
    check_name_is_free(call.world, &name, None)?;
    check_address_is_free(call.world, &address, None)?;
    let owners = match arguments.list("ManagedBy") {
        Some(names) if !names.is_empty() => owners(call, names)?,
        _ => vec![Owner::RoleGroup(DEFAULT_OWNER.to_owned())],
    };
    let mut members = members::resolve_all(call, arguments.list("Members").unwrap_or_default())?;
    if arguments.is_set("CopyOwnerToMember") {
        members.extend(owners.iter().filter_map(|owner| match owner {
            Owner::Recipient(id) => Some(*id),
            _ => None,
        }));
    }
    let created = call.world.now();
    let id = call.world.create(NewRecipient { kind, address, alias, display_name, name: Some(name), created });
    call.world.directory.update(id, |group| {
        group.group.owners = owners;
        apply_settings(group, arguments);
    });
    for member in members {
        call.join(id, member);
    }
    let row = call.world.directory.get(id).map_or(Value::Null, |group| row(call.world, group));
    if let Some(guid) = call.world.directory.get(id).map(|group| group.guid) {
        call.created(ObjectKind::Group, guid);
    }
    Ok(Output::one(row))
}

pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    list(call, arguments, RecipientKind::is_distribution_group, row)
}

/// Groups of every kind, those without mail too (observed).
pub(super) fn get_group(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    list(call, arguments, RecipientKind::is_group, group_row)
}

pub(super) fn get_unified(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    list(call, arguments, |kind| kind == RecipientKind::Microsoft365Group, unified_row)
}

pub(super) fn set(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let id = changeable(call, arguments)?;
    let Some(mut group) = call.world.directory.get(id).cloned() else {
        return Ok(Output::Nothing);
    };
    if let Some(name) = arguments.text("Name") {
        check_length("Name", name, 64)?;
        check_name_is_free(call.world, name, Some(id))?;
        name.clone_into(&mut group.name);
        group.distinguished_name = call.world.organization.distinguished_name(name);
    }
    if let Some(name) = arguments.text("DisplayName") {
        check_length("DisplayName", name, 256)?;
        name.clone_into(&mut group.display_name);
    }
    if let Some(alias) = arguments.text("Alias") {
        check_alias(alias)?;
        alias.clone_into(&mut group.alias);
    }
    check_restrictions(arguments, group.kind)?;
    if arguments.is_set("RoomList") {
        if group.kind == RecipientKind::SecurityGroup {
            return Err(Failure::invalid("A security group can't become a room list."));
        }
        group.kind = RecipientKind::RoomList;
    }
    set_addresses(call.world, arguments, &mut group)?;
    match arguments.get("ManagedBy") {
        Some(Bound::List(names)) => group.group.owners = owners(call, names)?,
        Some(Bound::Edit { add, remove }) => {
            let (add, remove) = (owners(call, add)?, owners(call, remove)?);
            group.group.owners.retain(|owner| !remove.contains(owner));
            group.group.owners.extend(add);
        }
        _ => {}
    }
    if group.group.owners.is_empty() {
        return Err(Failure::last_owner());
    }
    apply_settings(&mut group, arguments);
    group.changed = call.world.now();
    call.world.directory.update(id, |old| *old = group);
    Ok(Output::Nothing)
}

pub(super) fn remove(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let id = changeable(call, arguments)?;
    call.world.remove_recipient(id);
    Ok(Output::Nothing)
}

/// The group that a command changes, if this caller may change it and it lives here.
pub(super) fn changeable(call: &mut Invocation<'_>, arguments: &Arguments) -> Result<RecipientId, Failure> {
    let identity = arguments.text("Identity").unwrap_or_default();
    let dynamic =
        call.world.directory.find(identity).find(|group| group.kind == RecipientKind::DynamicDistributionGroup);
    if let Some(group) = dynamic.filter(|_| call.cmdlet.name.ends_with("Member")) {
        return Err(Failure::dynamic_membership(&group.name));
    }
    let id = call.resolve(identity, |recipient| recipient.kind.is_distribution_group(), Failure::not_found)?;
    let Some(group) = call.world.directory.get(id) else {
        return Err(Failure::not_found(identity));
    };
    let manages = group.group.owners.contains(&Owner::Application(call.caller));
    if !manages && !arguments.is_set("BypassSecurityGroupManagerCheck") {
        return Err(match call.cmdlet.name {
            "Set-DistributionGroup" => Failure::executing_user(),
            _ => Failure::not_manager(),
        });
    }
    if group.dir_synced {
        return Err(Failure::synchronized(identity, call.cmdlet.name, arguments.first_change()));
    }
    Ok(id)
}

pub(super) fn owner(call: &mut Invocation<'_>, name: &str) -> Result<Owner, Failure> {
    // GUESS: an application can be an owner; wrong if ManagedBy refuses service principals.
    if let Some(app) = call.world.app(name) {
        return Ok(Owner::Application(app.object_id));
    }
    if name.eq_ignore_ascii_case(DEFAULT_OWNER) {
        return Ok(Owner::RoleGroup(DEFAULT_OWNER.to_owned()));
    }
    let can_own = |recipient: &Recipient| {
        recipient.kind.is_mailbox() || matches!(recipient.kind, RecipientKind::MailUser | RecipientKind::SecurityGroup)
    };
    call.resolve(name, can_own, Failure::recipient_not_found).map(Owner::Recipient)
}

fn owners(call: &mut Invocation<'_>, names: &[String]) -> Result<Vec<Owner>, Failure> {
    let mut owners = Vec::with_capacity(names.len());
    for name in names {
        let owner = owner(call, name)?;
        if owners.contains(&owner) {
            return Err(Failure::duplicated("ManagedBy", name));
        }
        owners.push(owner);
    }
    Ok(owners)
}

fn check_length(parameter: &str, text: &str, most: usize) -> Result<(), Failure> {
    let length = text.chars().count();
    if length > most {
        return Err(Failure::invalid(format!(
            "The length of the property is too long. The maximum length is {most} and the length of the value provided is {length}. Property: {parameter}"
        )));
    }
    Ok(())
}

fn allowed_in_alias(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(character)
        || ('\u{a1}'..='\u{ff}').contains(&character)
}

fn check_alias(alias: &str) -> Result<(), Failure> {
    check_length("Alias", alias, 64)?;
    let valid = alias.split('.').all(|part| !part.is_empty() && part.chars().all(allowed_in_alias));
    if valid {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "Property expression \"{alias}\" isn't valid. Valid values are: Strings formed with characters from A to Z (uppercase or lowercase), digits from 0 to 9, !, #, $, %, &, ', *, +, -, /, =, ?, ^, _, `, {{, |, }} or ~. One or more periods may be embedded in an alias, but each of them should be preceded and followed by at least one of the other characters. Unicode characters from U+00A1 to U+00FF are also valid in an alias, but they will be mapped to a best-fit US-ASCII string in the e-mail address, which is generated from such an alias."
    )))
}

/// The name without spaces; what an alias cannot hold becomes a question mark.
fn alias_of(name: &str) -> String {
    name.chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| if allowed_in_alias(character) || character == '.' { character } else { '?' })
        .take(64)
        .collect()
}

fn ascii(alias: &str) -> String {
    alias
        .chars()
        .map(|character| match character {
            'À'..='Å' => 'A',
            'à'..='å' => 'a',
            'Ç' => 'C',
            'ç' => 'c',
            'È'..='Ë' => 'E',
            'è'..='ë' => 'e',
            'Ì'..='Ï' => 'I',
            'ì'..='ï' => 'i',
            'Ñ' => 'N',
            'ñ' => 'n',
            'Ò'..='Ö' | 'Ø' => 'O',
            'ò'..='ö' | 'ø' => 'o',
            'Ù'..='Ü' => 'U',
            'ù'..='ü' => 'u',
            'ß' => 's',
            ascii if ascii.is_ascii() => ascii,
            _ => '?',
        })
        .collect()
}

fn check_address(world: &World, address: &str) -> Result<(), Failure> {
    let parts = address.split_once('@').filter(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !address.contains(char::is_whitespace)
    });
    match parts {
        None => Err(Failure::invalid(format!(
            "The address '{address}' is invalid: \"{address}\" isn't a valid SMTP address. The domain name can't contain spaces and it has to have a prefix and a suffix, such as example.com."
        ))),
        Some((_, domain)) if !world.organization.accepts(domain) => Err(Failure::domain_not_accepted(domain)),
        Some(_) => Ok(()),
    }
}

fn check_name_is_free(world: &World, name: &str, except: Option<RecipientId>) -> Result<(), Failure> {
    let distinguished_name = world.organization.distinguished_name(name);
    match world.directory.by_distinguished_name(&distinguished_name) {
        Some(other) if Some(other.id) != except => Err(Failure::already_exists(&other.distinguished_name)),
        _ => Ok(()),
    }
}

fn check_address_is_free(world: &World, address: &str, except: Option<RecipientId>) -> Result<(), Failure> {
    match world.directory.by_address(address) {
        Some(other) if Some(other.id) != except => Err(Failure::address_in_use(address)),
        _ => Ok(()),
    }
}

fn check_restrictions(arguments: &Arguments, kind: RecipientKind) -> Result<(), Failure> {
    for name in ["MemberJoinRestriction", "MemberDepartRestriction"] {
        let open = arguments.text(name) == Some("Open");
        if open && kind == RecipientKind::SecurityGroup {
            return Err(Failure::invalid(format!("{name} can't be Open for a security group.")));
        }
        if name == "MemberDepartRestriction" && arguments.text(name) == Some("ApprovalRequired") {
            return Err(Failure::invalid("MemberDepartRestriction has to be Open or Closed."));
        }
    }
    Ok(())
}

fn set_addresses(world: &World, arguments: &Arguments, group: &mut Recipient) -> Result<(), Failure> {
    let primary = arguments.text("PrimarySmtpAddress").or_else(|| arguments.text("WindowsEmailAddress"));
    let list = arguments.get("EmailAddresses");
    if primary.is_some() && list.is_some() {
        return Err(Failure::invalid("The EmailAddresses and PrimarySmtpAddress parameters can't be used together."));
    }
    let mut addresses = group.addresses.clone();
    if let Some(primary) = primary {
        addresses.retain(|address| !address.eq_ignore_ascii_case(primary));
        addresses.insert(0, primary.to_owned());
    }
    match list {
        Some(Bound::List(written)) => {
            addresses.clear();
            for address in written {
                add_address(&mut addresses, address);
            }
        }
        Some(Bound::Edit { add, remove }) => {
            for address in remove {
                let address = smtp(address).1;
                addresses.retain(|own| !own.eq_ignore_ascii_case(address));
            }
            for address in add {
                add_address(&mut addresses, address);
            }
        }
        _ => {}
    }
    if addresses.is_empty() {
        return Err(Failure::invalid("A mail-enabled group has to have a primary SMTP address."));
    }
    for address in &addresses {
        if !group.has_address(address) {
            check_address(world, address)?;
            check_address_is_free(world, address, Some(group.id))?;
        }
    }
    group.addresses = addresses;
    Ok(())
}

/// `SMTP:` in capitals makes an address the primary one.
fn smtp(written: &str) -> (bool, &str) {
    match written.split_once(':') {
        Some((prefix, address)) => (prefix == "SMTP", address),
        None => (false, written),
    }
}

fn add_address(addresses: &mut Vec<String>, written: &str) {
    let (primary, address) = smtp(written);
    addresses.retain(|own| !own.eq_ignore_ascii_case(address));
    let at = if primary { 0 } else { addresses.len() };
    addresses.insert(at, address.to_owned());
}

fn apply_settings(group: &mut Recipient, arguments: &Arguments) {
    if let Some(hidden) = arguments.flag("HiddenFromAddressListsEnabled") {
        group.hidden = hidden;
    }
    let restriction = |name: &str, now: &'static str| match arguments.text(name) {
        Some("Open") => "Open",
        Some("ApprovalRequired") => "ApprovalRequired",
        Some(_) => "Closed",
        None => now,
    };
    group.group.join = restriction("MemberJoinRestriction", group.group.join);
    group.group.depart = restriction("MemberDepartRestriction", group.group.depart);
    for (at, (name, _)) in CUSTOM_ATTRIBUTES.iter().enumerate() {
        match arguments.get(name) {
            Some(Bound::Text(text)) => group.custom_attributes[at].clone_from(text),
            Some(Bound::Nothing) => group.custom_attributes[at].clear(),
            _ => {}
        }
    }
    for (name, bound) in arguments.iter() {
        if NOT_SETTINGS.contains(&name) || name.starts_with("CustomAttribute") {
            continue;
        }
        let value = match bound {
            Bound::Nothing => Value::Null,
            Bound::Text(text) => json!(text),
            Bound::Flag(flag) => json!(flag),
            Bound::Size(size) => json!(size),
            Bound::Number(number) => json!(number),
            Bound::List(list) => json!(list),
            Bound::Edit { add, remove } => {
                let mut list: Vec<String> = group
                    .group
                    .other
                    .get(name)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect();
                list.retain(|item| !remove.contains(item));
                list.extend(add.iter().cloned());
                json!(list)
            }
        };
        group.group.other.insert(name.to_owned(), value);
    }
}

/// Owners come back as names, which for accounts are object ids, and never as addresses.
fn owner_names(world: &World, group: &Recipient) -> Vec<String> {
    group
        .group
        .owners
        .iter()
        .filter_map(|owner| match owner {
            Owner::Recipient(id) => world.directory.get(*id).map(|owner| owner.name.clone()),
            Owner::Application(id) => Some(id.to_string()),
            Owner::RoleGroup(name) => Some(name.clone()),
        })
        .collect()
}

/// What `Get-Group` shows, which is about the account and less about the mail.
fn group_row(world: &World, group: &Recipient) -> Value {
    let security = matches!(group.kind, RecipientKind::SecurityGroup | RecipientKind::CloudSecurityGroup);
    let members: Vec<String> = world
        .members(group.id)
        .into_iter()
        .filter_map(|id| world.directory.get(id).map(|member| member.name.clone()))
        .collect();
    let mut row = object(json!({
        "DisplayName": group.display_name,
        "Name": group.name,
        "GroupType": if security { "Universal, SecurityEnabled" } else { "Universal" },
        "ManagedBy@odata.type": "#Collection(String)",
        "ManagedBy": owner_names(world, group),
        "Members@odata.type": "#Collection(String)",
        "Members": members,
        "WindowsEmailAddress": group.primary(),
        "RecipientType": group.kind.recipient_type(),
        "RecipientTypeDetails": group.kind.type_details(),
        "ExternalDirectoryObjectId": group.object_id_text(),
        "IsDirSynced": group.dir_synced,
        "Identity": group.name,
        "Id": group.name,
        "IsValid": true,
        "DistinguishedName": group.distinguished_name,
    }));
    guid_property(&mut row, "Guid", &group.guid.to_string());
    guid_property(&mut row, "ExchangeObjectId", &group.guid.to_string());
    Value::Object(row)
}

fn unified_row(world: &World, group: &Recipient) -> Value {
    let kept = |name: &str| group.group.other.get(name).cloned();
    let mut row = object(json!({
        "DisplayName": group.display_name,
        "Name": group.name,
        "Alias": group.alias,
        "PrimarySmtpAddress": group.primary(),
        "EmailAddresses@odata.type": "#Collection(String)",
        "EmailAddresses": group.proxy_addresses().collect::<Vec<_>>(),
        "AccessType": kept("Visibility").unwrap_or_else(|| json!("Private")),
        "GroupType": "Universal",
        "ManagedBy@odata.type": "#Collection(String)",
        "ManagedBy": owner_names(world, group),
        "GroupMemberCount": world.members(group.id).len(),
        "HiddenFromAddressListsEnabled": group.hidden,
        "IsDirSynced": group.dir_synced,
        "RecipientType": group.kind.recipient_type(),
        "RecipientTypeDetails": group.kind.type_details(),
        "ExternalDirectoryObjectId": group.object_id_text(),
        "Identity": group.name,
        "Id": group.name,
        "IsValid": true,
        "DistinguishedName": group.distinguished_name,
    }));
    guid_property(&mut row, "Guid", &group.guid.to_string());
    guid_property(&mut row, "ExchangeObjectId", &group.guid.to_string());
    Value::Object(row)
}

pub(crate) fn row(world: &World, group: &Recipient) -> Value {
    let security = group.kind == RecipientKind::SecurityGroup;
    let organization = &world.organization.initial_domain;
    let mut row: Map<String, Value> = object(json!({
        "GroupType": if security { "Universal, SecurityEnabled" } else { "Universal" },
        "SamAccountName": group.alias,
        "BypassNestedModerationEnabled": false,
        "IsDirSynced": group.dir_synced,
        "ManagedBy@odata.type": "#Collection(String)",
        "ManagedBy": owner_names(world, group),
        "MemberJoinRestriction": group.group.join,
        "MemberDepartRestriction": group.group.depart,
        "MigrationToUnifiedGroupInProgress": false,
        "HiddenGroupMembershipEnabled": false,
        "ReportToManagerEnabled": false,
        "ReportToOriginatorEnabled": true,
        "SendOofMessageToOriginatorEnabled": false,
        "Description@odata.type": "#Collection(String)",
        "Description": [],
        "Alias": group.alias,
        "DisplayName": group.display_name,
        "PrimarySmtpAddress": group.primary(),
        "WindowsEmailAddress": group.primary(),
        "EmailAddresses@odata.type": "#Collection(String)",
        "EmailAddresses": group.proxy_addresses().collect::<Vec<_>>(),
        "EmailAddressPolicyEnabled": false,
        "HiddenFromAddressListsEnabled": group.hidden,
        "ModerationEnabled": false,
        "RequireSenderAuthenticationEnabled": true,
        "GrantSendOnBehalfTo@odata.type": "#Collection(String)",
        "GrantSendOnBehalfTo": [],
    }));
    row.extend(object(json!({
        "LegacyExchangeDN": group.legacy_dn(),
        "MaxReceiveSize": "Unlimited",
        "MaxSendSize": "Unlimited",
        "RecipientType": group.kind.recipient_type(),
        "RecipientTypeDetails": group.kind.type_details(),
        "ExternalDirectoryObjectId": group.object_id_text(),
        "Identity": group.name,
        "Id": group.name,
        "IsValid": true,
        "Name": group.name,
        "ExchangeVersion": "0.10 (14.0.100.0)",
        "OrganizationId": format!("EURPR01A001.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/{organization} - EURPR01A001.PROD.OUTLOOK.COM/ConfigurationUnits/{organization}/Configuration"),
        "DistinguishedName": group.distinguished_name,
        "WhenCreatedUTC@data.type": "System.DateTime",
        "WhenCreatedUTC": exchange_date_time(group.created),
        "WhenChangedUTC@data.type": "System.DateTime",
        "WhenChangedUTC": exchange_date_time(group.changed),
    })));
    guid_property(&mut row, "Guid", &group.guid.to_string());
    guid_property(&mut row, "ExchangeObjectId", &group.guid.to_string());
    custom_attributes(&mut row, group);
    for (name, value) in &group.group.other {
        row.insert(name.clone(), value.clone());
    }
    Value::Object(row)
}
