//! Free and busy times, mailbox settings and mail.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::calendars::{denied, occurrences, reach, zoned_moment};
use super::events::preferred_zone;
use super::{GraphCall, GraphError, GraphResult, error, users};
use crate::access::decision::{Asker, Decision, Verdict, shown_to};
use crate::access::permissions::{Level, Purpose};
use crate::calendar::SentMail;
use crate::clock::calendar_date_time;
use crate::recipient::{Recipient, RecipientId, RecipientKind};
use crate::request::Response;
use crate::world::World;

/// The documentation says twenty; a hundred are known to work.
const MOST: usize = 100;

fn lookup<'b>(body: &'b Map<String, Value>, name: &str) -> Option<&'b Value> {
    body.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[expect(clippy::too_many_lines, reason = "the checks of one request, in the order in which the service makes them")]
pub(crate) fn get_schedule(world: &mut World, call: &GraphCall<'_>, user: &str) -> GraphResult {
    if call.method() != "POST" {
        return Err(GraphError::wrong_method());
    }
    let through = reach(world, call, user, Purpose::READ_TIMES)?;
    let body = call.body()?;
    let invalid = |message: &str| error(400, "ErrorInvalidParameter", message);
    let schedules = lookup(body, "schedules")
        .and_then(Value::as_array)
        .filter(|schedules| !schedules.is_empty())
        .ok_or_else(|| invalid("The parameter Schedules is missing or empty."))?;
    if schedules.len() > MOST {
        return Err(error(400, "ErrorTooManyMailboxes", "The number of mailboxes in the request exceeds the limit."));
    }
    let time = |name: &str| {
        lookup(body, name)
            .and_then(zoned_moment)
            .map(|(at, _)| at)
            .ok_or_else(|| invalid("The time window is invalid."))
    };
    let (start, end) = (time("startTime")?, time("endTime")?);
    let length = end.duration_since(start);
    if length <= SignedDuration::ZERO || length >= SignedDuration::from_hours(62 * 24) {
        return Err(error(
            400,
            "ErrorInvalidTimeInterval",
            "The requested time duration specified for FreeBusyViewOptions.TimeWindow is not within the allowed limits.",
        ));
    }
    let interval = match lookup(body, "availabilityViewInterval") {
        None => 30,
        // A null is more than the service can take (observed).
        Some(Value::Null) => {
            return Err(error(
                500,
                "ErrorInternalServerError",
                "An internal server error occurred. The operation failed.",
            ));
        }
        Some(value) => value
            .as_i64()
            .filter(|minutes| (5..=1440).contains(minutes))
            .ok_or_else(|| invalid("AvailabilityViewInterval must be between 5 and 1440."))?,
    };
    if SignedDuration::from_mins(interval) > length {
        return Err(invalid("AvailabilityViewInterval must be smaller than the time window."));
    }
    let zone = preferred_zone(call)?;
    let mut rows = Vec::with_capacity(schedules.len());
    for schedule in schedules {
        let address = schedule.as_str().unwrap_or_default();
        let failed = |code: &str, message: &str| json!({"scheduleId": address, "availabilityView": "", "error": {"message": message, "responseCode": code}});
        let mailbox = world.directory.by_address(address).filter(|mailbox| mailbox.kind.is_mailbox());
        let Some(mailbox) = mailbox else {
            rows.push(failed(
                "ErrorMailRecipientNotFound",
                "Unable to resolve e-mail address to an Active Directory object.",
            ));
            continue;
        };
        let Some(level) = shown_through(world, call, mailbox, through) else {
            rows.push(failed("ErrorNoFreeBusyAccess", "Free/busy information of the mailbox can't be accessed."));
            continue;
        };
        let found = occurrences(world, mailbox.id, "", (start, end));
        let slots = usize::try_from(length.as_mins() / interval).unwrap_or_default();
        let mut view = vec![0_u8; slots];
        let mut items = Vec::with_capacity(found.len());
        for occurrence in found {
            let shown = occurrence.event.properties.get("showAs").and_then(Value::as_str).unwrap_or("busy");
            let digit = match shown.to_ascii_lowercase().as_str() {
                "free" => 0,
                "tentative" => 1,
                "oof" => 3,
                "workingelsewhere" => 4,
                _ => 2,
            };
            for (slot, held) in view.iter_mut().enumerate() {
                let from = start + SignedDuration::from_mins(interval * i64::try_from(slot).unwrap_or_default());
                if occurrence.start < from + SignedDuration::from_mins(interval) && occurrence.end > from {
                    *held = (*held).max(digit);
                }
            }
            let text = |at: jiff::Timestamp| {
                let local = at.to_zoned_datetime(zone.0.clone());
                json!({"dateTime": format!("{}.0000000", local.strftime("%Y-%m-%dT%H:%M:%S")), "timeZone": zone.1})
            };
            let mut item = json!({"status": shown, "start": text(occurrence.start), "end": text(occurrence.end)});
            if level >= Level::Brief {
                let properties = &occurrence.event.properties;
                item["isPrivate"] = json!(properties.get("sensitivity").is_some_and(|value| value == "private"));
                item["subject"] = json!(properties.get("subject"));
                item["location"] = json!(properties.get("location").and_then(|place| place.get("displayName")));
            }
            items.push(item);
        }
        rows.push(json!({
            "scheduleId": address,
            "availabilityView": view.iter().map(u8::to_string).collect::<String>(),
            "scheduleItems": items,
            "workingHours": working_hours(),
        }));
    }
    let context = call.context("Collection(microsoft.graph.scheduleInformation)");
    Ok(Response::of_json(200, &json!({"@odata.context": context, "value": rows})))
}

/// How much of a mailbox free/busy shows to a caller that goes through another. Only that other one is
/// held against policies (observed); the calendar's own permissions decide over the rest.
fn shown_through(world: &World, call: &GraphCall<'_>, mailbox: &Recipient, through: RecipientId) -> Option<Level> {
    let token = &call.token;
    let asker = Asker::of_token(world, token);
    let decision = Decision { world, configuration: &world.access.effective, asker: &asker };
    let beyond = token.user.is_some()
        || world.directory.get(through).is_some_and(|through| decision.asks_through(through))
        || decision.verdict(mailbox, Purpose::READ_TIMES) == Verdict::Granted;
    shown_to(world, &world.folder_permissions(mailbox.id), mailbox.id, through).filter(|_| beyond)
}

fn working_hours() -> Value {
    json!({
        "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        "startTime": "08:00:00.0000000",
        "endTime": "17:00:00.0000000",
        "timeZone": {"name": "UTC"},
    })
}

fn settings_of(world: &World, mailbox: RecipientId) -> Map<String, Value> {
    let kind = world.directory.get(mailbox).map(|mailbox| mailbox.kind);
    let purpose = match kind {
        Some(RecipientKind::RoomMailbox) => "room",
        Some(RecipientKind::EquipmentMailbox) => "equipment",
        Some(RecipientKind::SharedMailbox) => "shared",
        Some(RecipientKind::UserMailbox) => "user",
        _ => "others",
    };
    let now = calendar_date_time(world.now());
    let mut settings = crate::exchange::object(json!({
        "archiveFolder": null,
        "timeZone": "UTC",
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "dateFormat": "M/d/yyyy",
        "timeFormat": "h:mm tt",
        "automaticRepliesSetting": {
            "status": "disabled",
            "externalAudience": "all",
            "internalReplyMessage": "",
            "externalReplyMessage": "",
            "scheduledStartDateTime": {"dateTime": now, "timeZone": "UTC"},
            "scheduledEndDateTime": {"dateTime": now, "timeZone": "UTC"},
        },
        "language": {"locale": "en-US", "displayName": "English (United States)"},
        "workingHours": working_hours(),
    }));
    for (name, value) in world.mailbox_settings.get(&mailbox).into_iter().flatten() {
        settings.insert(name.clone(), value.clone());
    }
    settings.insert("userPurpose".to_owned(), json!(purpose));
    settings
}

pub(crate) fn settings(world: &mut World, call: &GraphCall<'_>, user: &str, below: &[&str]) -> GraphResult {
    let purpose = if call.method() == "GET" { Purpose::READ_SETTINGS } else { Purpose::WRITE_SETTINGS };
    let mailbox = reach(world, call, user, purpose)?;
    let all = settings_of(world, mailbox);
    let context = format!("users('{}')/mailboxSettings", users::id_of(world, mailbox));
    match (call.method(), below) {
        ("GET", []) => Ok(call.entity(&context, &Value::Object(all))),
        ("GET", [name]) => {
            let (name, value) = all
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .ok_or_else(|| GraphError::unknown_segment(name))?;
            let context = format!("{context}/{name}");
            // A setting that is not an object is wrapped.
            if value.is_object() {
                Ok(call.entity(&context, value))
            } else {
                Ok(Response::of_json(200, &json!({"@odata.context": call.context(&context), "value": value})))
            }
        }
        ("PATCH", []) => {
            let body = call.body()?.clone();
            let held = world.mailbox_settings.entry(mailbox).or_default();
            for (name, value) in body {
                if name == "userPurpose" || !all.contains_key(&name) {
                    return Err(error(400, "ErrorInvalidRequest", format!("The property '{name}' can't be changed.")));
                }
                // Part of a setting changes that part only.
                let mut merged = held.get(&name).or_else(|| all.get(&name)).cloned().unwrap_or_default();
                if let (Some(object), Value::Object(changes)) = (merged.as_object_mut(), &value) {
                    object.extend(changes.clone());
                } else {
                    merged = value;
                }
                held.insert(name, merged);
            }
            let all = settings_of(world, mailbox);
            Ok(call.entity(&context, &Value::Object(all)))
        }
        _ => Err(GraphError::wrong_method()),
    }
}

pub(crate) fn send_mail(world: &mut World, call: &GraphCall<'_>, user: &str) -> GraphResult {
    if call.method() != "POST" {
        return Err(GraphError::wrong_method());
    }
    let mailbox = reach(world, call, user, Purpose::SEND_MAIL)?;
    let from = world.directory.get(mailbox).map(|mailbox| mailbox.primary().to_owned()).ok_or_else(denied)?;
    let body = call.body()?;
    let message = lookup(body, "message")
        .ok_or_else(|| error(400, "ErrorInvalidRequest", "The parameter Message is missing."))?;
    let to: Vec<String> = ["toRecipients", "ccRecipients", "bccRecipients"]
        .iter()
        .flat_map(|name| message[*name].as_array().into_iter().flatten())
        .filter_map(|to| to["emailAddress"]["address"].as_str().map(str::to_owned))
        .collect();
    if to.is_empty() {
        return Err(error(400, "ErrorInvalidRecipients", "At least one recipient is not valid."));
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    world.sent.push(SentMail { from, to, subject: text(&message["subject"]), body: text(&message["body"]["content"]) });
    Ok(Response::new(202))
}
