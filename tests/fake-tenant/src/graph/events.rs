//! Events: made, changed, cancelled and answered, with the copies that attendees have.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::calendars::{missing, occurrences, window, zoned_moment};
use super::query::Paging;
use super::{GraphCall, GraphError, GraphResult, error};
use crate::calendar::{Event, Occurrence, zone};
use crate::clock::graph_date_time;
use crate::recipient::{RecipientId, RecipientKind};
use crate::request::Response;
use crate::world::World;

const PAGES: Paging = Paging::Skip { default: 10, max: 10_000 };
/// What one POST may carry; larger files need an upload session (Microsoft documentation).
const LARGEST_ATTACHMENT: usize = 3 * 1024 * 1024;

/// The zone in which times are to come back.
pub(crate) fn preferred_zone(call: &GraphCall<'_>) -> Result<(TimeZone, String), GraphError> {
    match call.preference("outlook.timezone") {
        None => Ok((TimeZone::UTC, "UTC".to_owned())),
        Some(name) => match zone(&name) {
            Some(zone) => Ok((zone, name)),
            None => Err(error(
                400,
                "TimeZoneNotSupportedException",
                format!(
                    "A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'."
                ),
            )),
        },
    }
}

/// Refuses relations that no row of an event is expanded by.
pub(crate) fn check_relations(call: &GraphCall<'_>) -> Result<(), GraphError> {
    let known = |name: &str| ["extensions", "attachments"].iter().any(|known| name.eq_ignore_ascii_case(known));
    let names = call.query.expand_text().map(|_| call.query.expanded()).unwrap_or_default();
    if names.iter().all(|name| known(name)) { Ok(()) } else { Err(GraphError::not_modelled()) }
}

#[expect(clippy::too_many_lines, reason = "a table of routes is read in one piece")]
pub(crate) fn answer(
    world: &mut World,
    call: &GraphCall<'_>,
    mailbox: RecipientId,
    calendar: &str,
    below: &[&str],
) -> GraphResult {
    let zone = preferred_zone(call)?;
    check_relations(call)?;
    let Some((id, rest)) = below.split_first() else {
        return match call.method() {
            "GET" => {
                let events = world.events.get(&mailbox).into_iter().flatten();
                let events: Vec<&Event> = events.filter(|event| event.calendar == calendar).collect();
                let context = format!("users('{}')/events", super::users::id_of(world, mailbox));
                call.list(&context, events, PAGES, |event| row(world, call, mailbox, &whole(event), &zone))
            }
            "POST" => create(world, call, mailbox, calendar, &zone),
            _ => Err(GraphError::wrong_method()),
        };
    };
    // The id of an occurrence is that of its series and a date.
    let (series, date) = match id.rsplit_once('.') {
        Some((series, date)) => (series, Some(date)),
        None => (*id, None),
    };
    let at = world
        .events
        .get(&mailbox)
        .and_then(|events| events.iter().position(|event| event.id == series))
        .ok_or_else(missing)?;
    let what = rest.first().map(|segment| segment.to_ascii_lowercase());
    match (call.method(), what.as_deref()) {
        ("GET", None) => {
            let event = &world.events[&mailbox][at];
            let found = match date {
                None => whole(event),
                Some(date) => event
                    .occurrences(Timestamp::MIN, Timestamp::MAX)
                    .into_iter()
                    .find(|occurrence| occurrence.id.ends_with(date))
                    .ok_or_else(missing)?,
            };
            Ok(call.entity("events/$entity", &row(world, call, mailbox, &found, &zone)))
        }
        ("GET", Some("instances")) => {
            let window = window(&|name| call.query.parameter(name).map(str::to_owned))?;
            let found: Vec<Occurrence<'_>> = occurrences(world, mailbox, calendar, window)
                .into_iter()
                .filter(|occurrence| occurrence.event.id == series)
                .collect();
            call.list("events", found, PAGES, |found| row(world, call, mailbox, found, &zone))
        }
        ("PATCH", None) if date.is_some() => {
            patch_occurrence(world, call, mailbox, at, date.unwrap_or_default(), &zone)
        }
        ("PATCH", None) => patch(world, call, mailbox, at, &zone),
        ("DELETE", None) => {
            match date {
                Some(date) => event_mut(world, mailbox, at)?.skipped.push(date.to_owned()),
                None => delete(world, mailbox, at, true),
            }
            Ok(Response::new(204))
        }
        ("POST", Some("cancel")) => {
            if world.events[&mailbox][at].organizer != Some(mailbox) {
                return Err(error(
                    400,
                    "ErrorInvalidRequest",
                    "Your request can't be completed. You need to be an organizer to cancel a meeting.",
                ));
            }
            refuse_null_comment(call)?;
            delete(world, mailbox, at, true);
            Ok(Response::new(202))
        }
        ("POST", Some(answer @ ("accept" | "decline" | "tentativelyaccept"))) => {
            let organizer = world.events[&mailbox][at].organizer;
            if organizer == Some(mailbox) || organizer.is_none() {
                return Err(error(
                    400,
                    "ErrorInvalidRequest",
                    "Your request can't be completed. You can't respond to this meeting because you're the meeting organizer.",
                ));
            }
            refuse_null_comment(call)?;
            respond(world, mailbox, at, answer);
            Ok(Response::new(202))
        }
        ("POST", Some("forward")) => {
            let to = call.incoming.json.as_ref().map(|body| {
                if body["toRecipients"].is_array() {
                    body["toRecipients"].clone()
                } else {
                    body["ToRecipients"].clone()
                }
            });
            let to: Vec<RecipientId> = to
                .as_ref()
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|to| world.directory.by_address(to["emailAddress"]["address"].as_str()?))
                .map(|person| person.id)
                .collect();
            if to.is_empty() {
                return Err(error(400, "ErrorInvalidRecipients", "At least one recipient isn't valid."));
            }
            let event = world.events[&mailbox][at].clone();
            for person in to {
                deliver(world, &event, person);
            }
            Ok(Response::new(202))
        }
        (_, Some(what @ ("attachments" | "extensions"))) => parts(world, call, mailbox, at, what, rest.get(1).copied()),
        ("GET" | "POST", Some(_)) => Err(GraphError::unknown_segment(rest[0])),
        _ => Err(GraphError::wrong_method()),
    }
}

/// `"comment": null` is refused; leaving it out is fine (observed).
fn refuse_null_comment(call: &GraphCall<'_>) -> Result<(), GraphError> {
    let comment = call.incoming.json.as_ref().and_then(|body| body.get("comment").or_else(|| body.get("Comment")));
    match comment {
        Some(Value::Null) => Err(error(400, "ErrorInvalidRequest", "The value of parameter 'Comment' is invalid.")),
        _ => Ok(()),
    }
}

pub(crate) fn whole(event: &Event) -> Occurrence<'_> {
    Occurrence::whole(event)
}

fn event_mut(world: &mut World, mailbox: RecipientId, at: usize) -> Result<&mut Event, GraphError> {
    world.events.get_mut(&mailbox).and_then(|events| events.get_mut(at)).ok_or_else(missing)
}

/// Properties that are not the caller's to set, or are kept elsewhere.
const KEPT_ELSEWHERE: &[&str] = &[
    "id",
    "iCalUId",
    "start",
    "end",
    "organizer",
    "isOrganizer",
    "responseStatus",
    "isCancelled",
    "transactionId",
    "type",
    "seriesMasterId",
    "createdDateTime",
    "lastModifiedDateTime",
    "changeKey",
    "webLink",
    "originalStartTimeZone",
    "originalEndTimeZone",
    "hasAttachments",
    "attachments",
    "extensions",
    "onlineMeeting",
    "calendar",
];

fn apply(event: &mut Event, body: &Map<String, Value>) -> Result<(), GraphError> {
    let time = |name: &str| -> Result<Option<(Timestamp, String)>, GraphError> {
        match body.get(name) {
            None => Ok(None),
            Some(value) => zoned_moment(value).map(Some).ok_or_else(|| {
                error(
                    400,
                    "ErrorPropertyValidationFailure",
                    format!("At least one property failed validation: {name}."),
                )
            }),
        }
    };
    let all_day = body.get("isAllDay").or_else(|| event.properties.get("isAllDay")) == Some(&Value::Bool(true));
    if let Some((start, zone)) = time("start")? {
        event.start = start;
        event.time_zone = zone;
    }
    if let Some((end, _)) = time("end")? {
        event.end = end;
    }
    if event.end < event.start {
        return Err(error(400, "ErrorPropertyValidationFailure", "The end of the event is before its start."));
    }
    if all_day {
        let midnight = |name: &str| {
            body.get(name).and_then(|value| value["dateTime"].as_str()).is_none_or(|text| {
                text.split('T')
                    .nth(1)
                    .is_none_or(|time| time.chars().all(|letter| matches!(letter, '0' | ':' | '.' | 'Z')))
            })
        };
        if !midnight("start")
            || !midnight("end")
            || event.end.duration_since(event.start) < SignedDuration::from_hours(24)
        {
            return Err(error(
                400,
                "ErrorPropertyValidationFailure",
                "The Event.Start property for an all-day event needs to be set to midnight. The duration of an event marked as All day must be at least 24 hours.",
            ));
        }
    }
    for attendee in body.get("attendees").and_then(Value::as_array).into_iter().flatten() {
        if attendee["emailAddress"]["address"].as_str().is_none_or(str::is_empty) {
            return Err(error(400, "ErrorMissingEmailAddress", "At least one attendee has no e-mail address."));
        }
    }
    for (name, value) in body {
        if !KEPT_ELSEWHERE.contains(&name.as_str()) && !name.contains('@') {
            event.properties.insert(name.clone(), value.clone());
        }
    }
    for attachment in body.get("attachments").and_then(Value::as_array).into_iter().flatten() {
        event.attachments.push(attachment_row(&event.id, event.attachments.len(), attachment)?);
    }
    Ok(())
}

fn create(
    world: &mut World,
    call: &GraphCall<'_>,
    mailbox: RecipientId,
    calendar: &str,
    zone: &(TimeZone, String),
) -> GraphResult {
    let body = call.body()?.clone();
    if !body.contains_key("start") || !body.contains_key("end") {
        return Err(error(400, "ErrorInvalidRequest", "An event needs a start and an end."));
    }
    let transaction = call.field("transactionId").map(str::to_owned);
    // The same transaction again is the same event: the one that is there is the answer.
    let before = transaction.as_ref().and_then(|id| {
        world.events.get(&mailbox).into_iter().flatten().find(|event| event.transaction.as_ref() == Some(id))
    });
    if let Some(event) = before {
        return Ok(call.created("events/$entity", &row(world, call, mailbox, &whole(event), zone)));
    }
    let id = book(world, mailbox, calendar, transaction, &body)?;
    let event = world.events[&mailbox].iter().find(|event| event.id == id).ok_or_else(missing)?;
    Ok(call.created("events/$entity", &row(world, call, mailbox, &whole(event), zone)))
}

/// Makes an event, tells who wants to know, and invites its attendees.
pub(crate) fn book(
    world: &mut World,
    organizer: RecipientId,
    calendar: &str,
    transaction: Option<String>,
    body: &Map<String, Value>,
) -> Result<String, GraphError> {
    let mut event = Event::new(world, Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
    event.end = Timestamp::MAX;
    apply(&mut event, body)?;
    calendar.clone_into(&mut event.calendar);
    event.organizer = Some(organizer);
    event.response = "organizer";
    event.transaction = transaction;
    let id = event.id.clone();
    world.events.entry(organizer).or_default().push(event);
    world.notify(organizer, &id, "created");
    invite(world, organizer, &id);
    Ok(id)
}

fn attendees(world: &World, event: &Event) -> Vec<RecipientId> {
    let listed = event.properties.get("attendees").and_then(Value::as_array);
    let addresses = listed.into_iter().flatten().filter_map(|attendee| attendee["emailAddress"]["address"].as_str());
    addresses
        .filter_map(|address| world.directory.by_address(address))
        .filter(|person| person.kind.is_mailbox())
        .map(|person| person.id)
        .collect()
}

/// Gives every attendee in the tenant a copy, and takes note of the rooms that answer at once.
fn invite(world: &mut World, mailbox: RecipientId, id: &str) {
    let Some(event) = world.events.get(&mailbox).and_then(|events| events.iter().find(|event| event.id == id)).cloned()
    else {
        return;
    };
    for person in attendees(world, &event) {
        if person != mailbox {
            let response = deliver(world, &event, person);
            note_response(world, mailbox, &event.uid, person, response);
        }
    }
}

/// Puts a copy into somebody's calendar and returns the answer that this calls forth.
fn deliver(world: &mut World, event: &Event, person: RecipientId) -> &'static str {
    let processing = |world: &World, name: &str, default: bool| {
        let guid = world.directory.get(person).map(|person| person.guid).unwrap_or_default();
        world
            .calendar_processing
            .get(&guid)
            .and_then(|changed| changed.get(name))
            .map_or(default, |value| *value == Value::Bool(true))
    };
    let kind = world.directory.get(person).map(|person| (person.kind, person.guid));
    let resource = kind.is_some_and(|(kind, _)| kind.is_resource());
    let accepts = resource
        && kind
            .and_then(|(_, guid)| world.calendar_processing.get(&guid)?.get("AutomateProcessing"))
            .is_none_or(|mode| mode == "AutoAccept");
    let taken = world.events.get(&person).into_iter().flatten().any(|other| {
        other.uid != event.uid && !other.cancelled && !other.occurrences(event.start, event.end).is_empty()
    });
    if accepts
        && taken
        && kind.is_some_and(|(kind, _)| kind != RecipientKind::Workspace)
        && !processing(world, "AllowConflicts", false)
    {
        return "declined";
    }
    let response = if accepts { "accepted" } else { "notResponded" };
    let mut copy = Event { organizer: event.organizer, response, ..Event::new(world, event.start, event.end) };
    copy.uid.clone_from(&event.uid);
    copy.time_zone.clone_from(&event.time_zone);
    copy.properties.clone_from(&event.properties);
    if accepts {
        if processing(world, "DeleteSubject", true) {
            // With the organiser's name in its place unless that is off too (Microsoft documentation).
            let organizer =
                event.organizer.and_then(|id| world.directory.get(id)).map(|person| person.display_name.clone());
            let subject = organizer.filter(|_| processing(world, "AddOrganizerToSubject", true)).unwrap_or_default();
            copy.properties.insert("subject".to_owned(), json!(subject));
        }
        if processing(world, "DeleteComments", true) {
            copy.properties.insert("body".to_owned(), json!({"contentType": "html", "content": ""}));
        }
        if processing(world, "RemovePrivateProperty", true) {
            copy.properties.insert("sensitivity".to_owned(), json!("normal"));
        }
    }
    let held = world.events.entry(person).or_default();
    let (id, change) = if let Some(old) = held.iter_mut().find(|old| old.uid == event.uid) {
        copy.id.clone_from(&old.id);
        copy.version = old.version + 1;
        *old = copy;
        (old.id.clone(), "updated")
    } else {
        let id = copy.id.clone();
        held.push(copy);
        (id, "created")
    };
    world.notify(person, &id, change);
    response
}

/// Writes an attendee's answer into the organiser's event.
fn note_response(world: &mut World, organizer: RecipientId, uid: &str, person: RecipientId, response: &str) {
    let now = world.now();
    let addresses = world.directory.get(person).map(|person| person.addresses.clone()).unwrap_or_default();
    let Some(event) =
        world.events.get_mut(&organizer).and_then(|events| events.iter_mut().find(|event| event.uid == uid))
    else {
        return;
    };
    let time = if response == "notResponded" { "0001-01-01T00:00:00Z".to_owned() } else { graph_date_time(now) };
    let listed = event.properties.get_mut("attendees").and_then(Value::as_array_mut);
    for attendee in listed.into_iter().flatten() {
        let address = attendee["emailAddress"]["address"].as_str().unwrap_or_default();
        if addresses.iter().any(|own| own.eq_ignore_ascii_case(address)) {
            let response = if response == "notResponded" { "none" } else { response };
            attendee["status"] = json!({"response": response, "time": time});
        }
    }
}

fn patch(
    world: &mut World,
    call: &GraphCall<'_>,
    mailbox: RecipientId,
    at: usize,
    zone: &(TimeZone, String),
) -> GraphResult {
    let body = call.body()?.clone();
    let now = world.now();
    let mut event = world.events[&mailbox][at].clone();
    let before = attendees(world, &event);
    apply(&mut event, &body)?;
    event.changed = now;
    event.version += 1;
    let (id, uid, organizes) = (event.id.clone(), event.uid.clone(), event.organizer == Some(mailbox));
    let after = attendees(world, &event);
    *event_mut(world, mailbox, at)? = event;
    world.notify(mailbox, &id, "updated");
    if organizes {
        for person in before.into_iter().filter(|person| !after.contains(person) && *person != mailbox) {
            drop_copy(world, person, &uid);
        }
        invite(world, mailbox, &id);
    }
    let event = &world.events[&mailbox][at];
    Ok(call.entity("events/$entity", &row(world, call, mailbox, &whole(event), zone)))
}

/// Changes one occurrence of a series. It must not reach the occurrences beside it (Microsoft's page on updating events).
/// Copies of attendees are changed with it.
fn patch_occurrence(
    world: &mut World,
    call: &GraphCall<'_>,
    mailbox: RecipientId,
    at: usize,
    date: &str,
    zone: &(TimeZone, String),
) -> GraphResult {
    let body = call.body()?.clone();
    let now = world.now();
    let series = world.events[&mailbox][at].clone();
    let all = series.occurrences(Timestamp::MIN, Timestamp::MAX);
    let place = all.iter().position(|occurrence| occurrence.id.ends_with(date)).ok_or_else(missing)?;
    let mut changed = all[place].event.clone();
    (changed.start, changed.end) = (all[place].start, all[place].end);
    changed.exceptions.clear();
    apply(&mut changed, &body)?;
    let before = place.checked_sub(1).and_then(|place| all.get(place));
    let crosses = before.is_some_and(|before| changed.start < before.end)
        || all.get(place + 1).is_some_and(|after| changed.end > after.start);
    if crosses {
        return Err(error(
            400,
            "ErrorOccurrenceCrossingBoundary",
            "Modified occurrence is crossing or overlapping adjacent occurrence.",
        ));
    }
    changed.changed = now;
    changed.version += 1;
    let (uid, id, organizes) = (series.uid.clone(), series.id.clone(), series.organizer == Some(mailbox));
    let copies: Vec<RecipientId> = if organizes { attendees(world, &series) } else { Vec::new() };
    for person in copies.into_iter().filter(|person| *person != mailbox) {
        let copy = world.events.get_mut(&person).and_then(|events| events.iter_mut().find(|event| event.uid == uid));
        if let Some(copy) = copy {
            let theirs = Event {
                id: copy.id.clone(),
                calendar: copy.calendar.clone(),
                response: copy.response,
                ..changed.clone()
            };
            copy.exceptions.insert(date.to_owned(), theirs);
            copy.version += 1;
            let id = copy.id.clone();
            world.notify(person, &id, "updated");
        }
    }
    let event = event_mut(world, mailbox, at)?;
    event.exceptions.insert(date.to_owned(), changed);
    event.version += 1;
    event.changed = now;
    world.notify(mailbox, &id, "updated");
    let event = &world.events[&mailbox][at];
    let all = event.occurrences(Timestamp::MIN, Timestamp::MAX);
    let found = all.iter().find(|occurrence| occurrence.id.ends_with(date)).ok_or_else(missing)?;
    Ok(call.entity("events/$entity", &row(world, call, mailbox, found, zone)))
}

fn drop_copy(world: &mut World, person: RecipientId, uid: &str) {
    let held = world.events.get_mut(&person);
    let removed = held.and_then(|events| events.iter().position(|event| event.uid == uid).map(|at| events.remove(at)));
    if let Some(event) = removed {
        world.notify(person, &event.id, "deleted");
    }
}

/// Takes an event out. The organiser's takes all copies with it.
fn delete(world: &mut World, mailbox: RecipientId, at: usize, tell: bool) {
    let Some(events) = world.events.get_mut(&mailbox) else {
        return;
    };
    let event = events.remove(at);
    world.notify(mailbox, &event.id, "deleted");
    if event.organizer == Some(mailbox) && tell {
        for person in attendees(world, &event) {
            if person != mailbox {
                drop_copy(world, person, &event.uid);
            }
        }
    }
}

fn respond(world: &mut World, mailbox: RecipientId, at: usize, answer: &str) {
    let response = match answer {
        "accept" => "accepted",
        "decline" => "declined",
        _ => "tentativelyAccepted",
    };
    let event = &mut world.events.entry(mailbox).or_default()[at];
    event.response = response;
    event.version += 1;
    let (id, uid, organizer) = (event.id.clone(), event.uid.clone(), event.organizer);
    if let Some(organizer) = organizer {
        note_response(world, organizer, &uid, mailbox, response);
    }
    if response == "declined" {
        delete(world, mailbox, at, false);
    } else {
        world.notify(mailbox, &id, "updated");
    }
}

fn attachment_row(event: &str, number: usize, body: &Value) -> Result<Value, GraphError> {
    use base64::Engine as _;
    let kind = body["@odata.type"].as_str().unwrap_or_default();
    if !kind.trim_start_matches('#').eq_ignore_ascii_case("microsoft.graph.fileAttachment") {
        return Err(error(400, "ErrorInvalidRequest", "Only file attachments are taken here."));
    }
    let content = body["contentBytes"].as_str().unwrap_or_default();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(content)
        .map_err(|_| error(400, "ErrorInvalidRequest", "contentBytes is not base64."))?;
    if bytes.len() >= LARGEST_ATTACHMENT {
        return Err(error(
            413,
            "ErrorMessageSizeExceeded",
            "The request exceeds the maximum supported size; use an upload session.",
        ));
    }
    Ok(json!({
        "@odata.type": "#microsoft.graph.fileAttachment",
        "id": format!("{}AT{number}", &event[..20]),
        "name": body["name"],
        "contentType": body["contentType"].as_str().unwrap_or("application/octet-stream"),
        "size": bytes.len(),
        "isInline": body["isInline"].as_bool().unwrap_or(false),
        "contentBytes": content,
    }))
}

/// Attachments and open extensions.
fn parts(
    world: &mut World,
    call: &GraphCall<'_>,
    mailbox: RecipientId,
    at: usize,
    what: &str,
    id: Option<&str>,
) -> GraphResult {
    let event = event_mut(world, mailbox, at)?;
    let event_id = event.id.clone();
    let attachments = what == "attachments";
    let list = if attachments { &mut event.attachments } else { &mut event.extensions };
    let place = id.map(|id| {
        let named = |part: &Value| {
            part["id"] == id || part["extensionName"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(id))
        };
        list.iter().position(named).ok_or_else(missing)
    });
    let place = place.transpose()?;
    let context = format!("events('{event_id}')/{what}");
    match (call.method(), place) {
        ("GET", None) => call.list(&context, list.clone(), Paging::Skip { default: 100, max: 1000 }, Value::clone),
        ("GET", Some(place)) => Ok(call.entity(&format!("{context}/$entity"), &list[place])),
        ("POST", None) if attachments => {
            let row = attachment_row(&event_id, list.len(), &Value::Object(call.body()?.clone()))?;
            list.push(row.clone());
            Ok(call.created(&format!("{context}/$entity"), &row))
        }
        ("POST", None) => {
            let name = call.field("extensionName").filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| error(400, "ErrorInvalidRequest", "An extension needs an extensionName."))?;
            let mut row = call.body()?.clone();
            // The id comes back with a prefix of its own (observed).
            row.insert("id".to_owned(), json!(format!("Microsoft.OutlookServices.OpenTypeExtension.{name}")));
            row.insert("@odata.type".to_owned(), json!("#microsoft.graph.openTypeExtension"));
            list.retain(|part| part["extensionName"] != name);
            list.push(Value::Object(row.clone()));
            Ok(call.created(&format!("{context}/$entity"), &Value::Object(row)))
        }
        ("PATCH", Some(place)) if !attachments => {
            for (name, value) in call.body()? {
                list[place][name] = value.clone();
            }
            Ok(call.entity(&format!("{context}/$entity"), &list[place]))
        }
        ("DELETE", Some(place)) => {
            list.remove(place);
            Ok(Response::new(204))
        }
        _ => Err(GraphError::wrong_method()),
    }
}

fn local(at: Timestamp, (zone, name): &(TimeZone, String)) -> Value {
    let local = at.to_zoned_datetime(zone.clone());
    let text = format!("{}.{:07}", local.strftime("%Y-%m-%dT%H:%M:%S"), at.subsec_nanosecond() / 100);
    json!({"dateTime": text, "timeZone": name})
}

/// An event or an occurrence as Graph shows it. Its id never changes here, so that `Prefer: IdType` makes
/// no difference: nothing moves from folder to folder.
pub(crate) fn row(
    world: &World,
    call: &GraphCall<'_>,
    mailbox: RecipientId,
    found: &Occurrence<'_>,
    zone: &(TimeZone, String),
) -> Value {
    let event = found.event;
    let organizer = event.organizer.or(Some(mailbox)).and_then(|id| world.directory.get(id));
    let person = organizer.map(|person| json!({"name": person.display_name, "address": person.primary()}));
    let own = world.directory.get(mailbox);
    let mut row = json!({
        "@odata.etag": format!("W/\"{}{}\"", &event.id[..16], event.version),
        "id": found.id,
        "createdDateTime": graph_date_time(event.created),
        "lastModifiedDateTime": graph_date_time(event.changed),
        "changeKey": format!("{}{}", &event.id[..16], event.version),
        "categories": [],
        "transactionId": event.transaction,
        "originalStartTimeZone": event.time_zone,
        "originalEndTimeZone": event.time_zone,
        "iCalUId": event.uid,
        "reminderMinutesBeforeStart": 15,
        "isReminderOn": true,
        "hasAttachments": !event.attachments.is_empty(),
        "subject": "",
        "bodyPreview": "",
        "importance": "normal",
        "sensitivity": "normal",
        "isAllDay": false,
        "isCancelled": event.cancelled,
        "isOrganizer": event.organizer == Some(mailbox),
        "responseRequested": true,
        "seriesMasterId": found.of_series.then_some(&event.id),
        "showAs": "busy",
        "type": match (found.of_series, found.is_exception) {
            (true, true) => "exception",
            (true, false) => "occurrence",
            (false, _) if event.is_series() => "seriesMaster",
            (false, _) => "singleInstance",
        },
        "webLink": format!("https://outlook.office365.com/owa/?itemid={}", event.id),
        "onlineMeetingUrl": null,
        "isOnlineMeeting": false,
        "onlineMeetingProvider": "unknown",
        "allowNewTimeProposals": true,
        "hideAttendees": false,
        "recurrence": null,
        "responseStatus": {"response": event.response, "time": "0001-01-01T00:00:00Z"},
        "body": {"contentType": "html", "content": ""},
        "location": {"displayName": own.map(|own| own.display_name.as_str()), "locationType": "default"},
        "locations": [],
        "attendees": [],
        "organizer": {"emailAddress": person},
        "onlineMeeting": null,
    });
    for (name, value) in &event.properties {
        row[name] = value.clone();
    }
    if found.of_series {
        row["recurrence"] = Value::Null;
    }
    row["start"] = local(found.start, zone);
    row["end"] = local(found.end, zone);
    if let Some(content) = event.properties.get("body").and_then(|body| body["content"].as_str()) {
        row["bodyPreview"] = json!(content.chars().take(255).collect::<String>());
    }
    if row["isOnlineMeeting"] == true {
        row["onlineMeetingProvider"] = json!("teamsForBusiness");
        row["onlineMeeting"] =
            json!({"joinUrl": format!("https://teams.microsoft.com/l/meetup-join/{}", &event.id[..16])});
    }
    for name in call.query.expanded() {
        match &*name.to_ascii_lowercase() {
            "extensions" => row["extensions"] = json!(event.extensions),
            "attachments" => row["attachments"] = json!(event.attachments),
            _ => {}
        }
    }
    let basic_only =
        call.holds_any(&["Calendars.ReadBasic.All"]) && !call.holds_any(&["Calendars.Read", "Calendars.ReadWrite"]);
    if basic_only && let Some(row) = row.as_object_mut() {
        for name in ["body", "bodyPreview", "attachments", "extensions"] {
            row.remove(name);
        }
    }
    row
}
