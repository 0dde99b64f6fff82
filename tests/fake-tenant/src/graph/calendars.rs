//! Calendars: the only calls that show what an application can really reach.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::query::Paging;
use super::{GraphCall, GraphError, GraphResult, error, users};
use crate::access::{self, Verdict};
use crate::clock::calendar_date_time;
use crate::recipient::{Recipient, RecipientId};
use crate::world::{Event, World};

/// The mailbox, if this application may read its calendar by now.
fn reach(world: &mut World, call: &GraphCall<'_>, user: &str) -> Result<RecipientId, GraphError> {
    let now = world.now();
    world.access.settle(now);
    let denied = || error(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
    let token = &call.token;
    let granted_nothing = !access::reads_calendars(&token.roles)
        && !world
            .access
            .effective
            .grants(token.object_id)
            .any(|assignment| access::role_reads_calendars(&assignment.role));
    if granted_nothing {
        return Err(denied());
    }
    let mailbox = users::find(world, user)
        .ok_or_else(|| error(404, "ErrorInvalidUser", format!("The requested user '{user}' is invalid.")))?;
    if !mailbox.kind.is_mailbox() {
        return Err(error(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        ));
    }
    match world.access.effective.calendar_verdict(
        &world.directory,
        &token.client_id.to_string(),
        token.object_id,
        &token.roles,
        mailbox,
    ) {
        Verdict::Granted => Ok(mailbox.id),
        Verdict::Excluded => Err(error(
            403,
            "ErrorAccessDenied",
            "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.",
        )),
        Verdict::Denied => Err(denied()),
    }
}

pub(crate) fn view(world: &mut World, call: &GraphCall<'_>, user: &str) -> GraphResult {
    let id = reach(world, call, user)?;
    let window = |name: &'static str| -> Result<Timestamp, GraphError> {
        let text = call.query.parameter(name).ok_or_else(|| {
            error(
                400,
                "ErrorInvalidRequest",
                "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.",
            )
        })?;
        moment(text).ok_or_else(|| {
            error(400, "ErrorInvalidParameter", format!("The {name} parameter '{text}' is not a valid date and time."))
        })
    };
    let (start, end) = (window("startDateTime")?, window("endDateTime")?);
    if end < start {
        return Err(error(
            400,
            "ErrorInvalidRequest",
            "The EndDateTime of the time window is before its StartDateTime.",
        ));
    }
    let mut events: Vec<&Event> =
        world.events.get(&id).into_iter().flatten().filter(|event| event.start < end && event.end > start).collect();
    events.sort_by_key(|event| event.start);
    let mailbox = world.directory.get(id);
    let Some(mailbox) = mailbox else {
        return Err(GraphError::not_found(user));
    };
    let basic_only =
        call.holds_any(&["Calendars.ReadBasic.All"]) && !call.holds_any(&["Calendars.Read", "Calendars.ReadWrite"]);
    let context = format!("users('{}')/calendarView", mailbox.object_id_text());
    // Large page sizes are accepted here (observed).
    let pages = Paging::Skip { default: 10, max: 10_000 };
    call.list(&context, events, pages, |event| {
        let mut row = row(mailbox, event);
        if basic_only && let Some(row) = row.as_object_mut() {
            row.remove("body");
            row.remove("bodyPreview");
        }
        row
    })
}

pub(crate) fn calendar(world: &mut World, call: &GraphCall<'_>, user: &str) -> GraphResult {
    let id = reach(world, call, user)?;
    let Some(mailbox) = world.directory.get(id) else {
        return Err(GraphError::not_found(user));
    };
    Ok(call.entity(
        &format!("users('{}')/calendar/$entity", mailbox.object_id_text()),
        &json!({
            "id": format!("AQMk{}", mailbox.guid.simple()),
            "name": "Calendar",
            "color": "auto",
            "hexColor": "",
            "isDefaultCalendar": true,
            "canShare": false,
            "canViewPrivateItems": true,
            "canEdit": true,
            "isRemovable": false,
            "owner": {"name": mailbox.display_name, "address": mailbox.primary()},
        }),
    ))
}

/// An offset in the value wins; without one it is UTC (Microsoft documentation).
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    // A plus sign that was not escaped arrives as a space.
    let text = text.trim().replace(' ', "+");
    text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        local.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
    })
}

fn row(mailbox: &Recipient, event: &Event) -> Value {
    let at = |moment| json!({"dateTime": calendar_date_time(moment), "timeZone": "UTC"});
    json!({
        "@odata.etag": format!("W/\"{}\"", &event.id[..16]),
        "id": event.id,
        "iCalUId": format!("040000008200E00074C5B7101A82E008{}", &event.id[..32]),
        "originalStartTimeZone": "UTC",
        "originalEndTimeZone": "UTC",
        "subject": event.subject,
        "bodyPreview": "",
        "body": {"contentType": "html", "content": ""},
        "importance": "normal",
        "sensitivity": "normal",
        "isAllDay": false,
        "isCancelled": false,
        "isOrganizer": false,
        "showAs": "busy",
        "type": "singleInstance",
        "seriesMasterId": null,
        "recurrence": null,
        "start": at(event.start),
        "end": at(event.end),
        "location": {"displayName": mailbox.display_name, "locationType": "default"},
        "attendees": [],
        "organizer": {"emailAddress": {"name": mailbox.display_name, "address": mailbox.primary()}},
    })
}
