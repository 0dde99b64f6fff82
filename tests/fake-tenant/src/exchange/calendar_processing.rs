//! `Get-` and `Set-CalendarProcessing`: how a room answers who wants to book it.

use serde_json::{Map, Value, json};

use super::errors::Failure;
use super::parameters::{Arguments, Bound};
use super::recipients::object;
use super::{Invocation, Outcome, Output};
use crate::recipient::{Recipient, RecipientId, RecipientKind};
use crate::world::World;

/// Parameters whose values are people and groups.
const PEOPLE: &[&str] = &["BookInPolicy", "RequestInPolicy", "RequestOutOfPolicy", "ResourceDelegates"];

/// The least and the most that a number may be.
const RANGES: &[(&str, i64, i64)] = &[
    ("BookingWindowInDays", 0, 1080),
    ("MaximumDurationInMinutes", 0, i32::MAX as i64),
    ("MinimumDurationInMinutes", 0, i32::MAX as i64),
    ("MaximumConflictInstances", 0, i32::MAX as i64),
    ("ConflictPercentageAllowed", 0, 100),
    ("PostReservationMaxClaimTimeInMinutes", 0, i32::MAX as i64),
];

pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let ids: Vec<RecipientId> = match arguments.text("Identity") {
        Some(identity) => vec![call.resolve(identity, is_mailbox, Failure::not_found)?],
        // No identity is every mailbox, as with most `Get-` cmdlets.
        None => call.world.directory.iter().filter(|mailbox| is_mailbox(mailbox)).map(|mailbox| mailbox.id).collect(),
    };
    Ok(Output::Recipients { ids, row })
}

pub(super) fn set(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let identity = arguments.text("Identity").unwrap_or_default();
    let id = call.resolve(identity, is_mailbox, Failure::not_found)?;
    let Some(mailbox) = call.world.directory.get(id) else {
        return Err(Failure::not_found(identity));
    };
    let (kind, guid) = (mailbox.kind, mailbox.guid);
    let mut changed = call.world.calendar_processing.get(&guid).cloned().unwrap_or_default();
    for (name, bound) in arguments.iter() {
        if name == "Identity" {
            continue;
        }
        if !shown(kind).contains_key(name) && name != "EnableAutoRelease" {
            continue;
        }
        check(kind, name, bound)?;
        let value = match bound {
            Bound::Nothing if PEOPLE.contains(&name) => json!([]),
            Bound::Nothing => Value::Null,
            Bound::Text(text) => json!(text),
            Bound::Flag(flag) => json!(flag),
            Bound::Number(number) => json!(number),
            Bound::Size(size) => json!(size),
            Bound::List(names) => json!(people(call, name, names)?),
            Bound::Edit { add, remove } => {
                let (add, remove) = (people(call, name, add)?, people(call, name, remove)?);
                let mut list: Vec<String> = changed
                    .get(name)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .filter(|held| !remove.contains(held))
                    .collect();
                for person in add {
                    if !list.contains(&person) {
                        list.push(person);
                    }
                }
                json!(list)
            }
        };
        changed.insert(name.to_owned(), value);
    }
    call.world.calendar_processing.insert(guid, changed);
    Ok(Output::Nothing)
}

fn is_mailbox(recipient: &Recipient) -> bool {
    recipient.kind.is_mailbox() && recipient.kind != RecipientKind::DiscoveryMailbox
}

fn check(kind: RecipientKind, name: &str, bound: &Bound) -> Result<(), Failure> {
    if name == "AutomateProcessing" && !kind.is_resource() && *bound != Bound::Text("AutoUpdate".to_owned()) {
        // Fixed for people (Microsoft documentation); the sentence is ours.
        return Err(Failure::invalid(
            "AutomateProcessing can be changed on resource mailboxes only; the value AutoUpdate is fixed for user mailboxes.",
        ));
    }
    if let (Bound::Number(number), Some((_, least, most))) = (bound, RANGES.iter().find(|(known, ..)| *known == name))
        && !(least..=most).contains(&number)
    {
        return Err(Failure::invalid(format!(
            "The property value is invalid. The value {number} must be between {least} and {most}. Property: {name}"
        )));
    }
    Ok(())
}

/// People are kept as legacy distinguished names, however they were written.
fn people(call: &mut Invocation<'_>, parameter: &str, names: &[String]) -> Result<Vec<String>, Failure> {
    let mut found: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        // Dynamic groups are not taken (Microsoft documentation).
        let can_book = |recipient: &Recipient| {
            !matches!(recipient.kind, RecipientKind::User | RecipientKind::DynamicDistributionGroup)
        };
        let by_legacy_name = call
            .world
            .directory
            .iter()
            .find(|recipient| can_book(recipient) && recipient.legacy_dn().eq_ignore_ascii_case(name))
            .map(|recipient| recipient.id);
        let id = match by_legacy_name {
            Some(id) => id,
            None => call.resolve(name, can_book, Failure::recipient_not_found)?,
        };
        let legacy = call.world.directory.get(id).map(Recipient::legacy_dn).unwrap_or_default();
        if found.contains(&legacy) {
            return Err(Failure::duplicated(parameter, name));
        }
        found.push(legacy);
    }
    Ok(found)
}

/// What a mailbox starts with (Microsoft documentation).
fn shown(kind: RecipientKind) -> Map<String, Value> {
    let mut row = object(json!({
        "AutomateProcessing": if kind.is_resource() { "AutoAccept" } else { "AutoUpdate" },
        "AllowConflicts": false,
        "AllowRecurringMeetings": true,
        "AllBookInPolicy": true,
        "AllRequestInPolicy": false,
        "AllRequestOutOfPolicy": false,
        "BookingType": "Standard",
        "BookingWindowInDays": 180,
        "MaximumDurationInMinutes": 1440,
        "MinimumDurationInMinutes": 0,
        "ScheduleOnlyDuringWorkHours": false,
        "EnforceSchedulingHorizon": true,
        "EnforceCapacity": false,
        "EnforceAdjacencyAsOverlap": false,
        "ConflictPercentageAllowed": 0,
        "MaximumConflictInstances": 0,
        "ForwardRequestsToDelegates": true,
    }));
    row.extend(object(json!({
        "DeleteAttachments": true,
        "DeleteComments": true,
        "DeleteSubject": true,
        "AddOrganizerToSubject": true,
        "RemovePrivateProperty": true,
        "RemoveOldMeetingMessages": true,
        "RemoveForwardedMeetingNotifications": false,
        "RemoveCanceledMeetings": false,
        "DeleteNonCalendarItems": true,
        "TentativePendingApproval": true,
        "OrganizerInfo": true,
        "AddNewRequestsTentatively": true,
        "AddAdditionalResponse": false,
        "AdditionalResponse": "",
        "ProcessExternalMeetingMessages": false,
        "EnableResponseDetails": true,
        "EnableAutoRelease": false,
        "PostReservationMaxClaimTimeInMinutes": 10,
        "ResourceDelegates": [],
        "BookInPolicy": [],
        "RequestInPolicy": [],
        "RequestOutOfPolicy": [],
    })));
    row
}

fn row(world: &World, mailbox: &Recipient) -> Value {
    let mut row = shown(mailbox.kind);
    for (name, value) in world.calendar_processing.get(&mailbox.guid).into_iter().flatten() {
        row.insert(name.clone(), value.clone());
    }
    row.extend(object(json!({
        "MailboxOwnerId": mailbox.name,
        "Identity": mailbox.name,
        "IsValid": true,
    })));
    Value::Object(row)
}
