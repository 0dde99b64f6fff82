//! Calendars: the calls that show what an application can really reach.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::delta::{self, Followed};
use super::query::Paging;
use super::{GraphCall, GraphError, GraphResult, error, events, schedule, users};
use crate::access::decision::{Asker, Decision, Verdict};
use crate::access::permissions::Purpose;
use crate::access::supposition::Supposition;
use crate::calendar::{FolderPermission, Grantee, Occurrence, zone};
use crate::exchange_state::{AgentAccess, Ews};
use crate::recipient::RecipientId;
use crate::request::Response;
use crate::world::World;

/// Large page sizes are accepted here (observed).
const PAGES: Paging = Paging::Skip { default: 10, max: 10_000 };

pub(crate) fn denied() -> GraphError {
    error(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
}

/// The refusal of a mailbox that a policy leaves out (observed).
fn excluded() -> GraphError {
    error(
        403,
        "ErrorAccessDenied",
        "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.",
    )
}

/// Whether the list of user agents that counts refuses one.
fn refuses_agent(ews: &Ews, agent: &str) -> bool {
    let agent = agent.to_lowercase();
    let is_on = |list: &[String]| {
        list.iter().any(|entry| {
            let entry = entry.to_lowercase();
            let middle = entry.trim_matches('*');
            match (entry.starts_with('*'), entry.ends_with('*')) {
                (true, true) => agent.contains(middle),
                (true, false) => agent.ends_with(middle),
                (false, true) => agent.starts_with(middle),
                (false, false) => agent == middle,
            }
        })
    };
    match ews.access {
        None => false,
        Some(AgentAccess::EnforceAllowList) => !is_on(&ews.allow_list),
        Some(AgentAccess::EnforceBlockList) => is_on(&ews.block_list),
    }
}

/// The mailbox, if this application may do that with it by now.
pub(crate) fn reach(
    world: &mut World,
    call: &GraphCall<'_>,
    user: &str,
    purpose: Purpose,
) -> Result<RecipientId, GraphError> {
    let now = world.now();
    world.access.propagate(now);
    let world = &*world;
    let token = &call.token;
    let asker = Asker::of_token(world, token);
    let decision = Decision { world, configuration: &world.access.effective, asker: &asker };
    let may_at_all = match &token.user {
        Some(_) => purpose.is_consented(&token.roles),
        None => decision.chances(purpose) != (false, false),
    };
    if !may_at_all {
        return Err(denied());
    }
    let mailbox = users::find_mailbox(world, user)
        .ok_or_else(|| error(404, "ErrorInvalidUser", format!("The requested user '{user}' is invalid.")))?;
    if !mailbox.kind.is_mailbox() {
        return Err(error(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        ));
    }
    // Somebody who signed in has their own mailbox; others' are not modelled for people.
    if let Some(person) = &token.user {
        return if mailbox.object_id == Some(person.object_id) { Ok(mailbox.id) } else { Err(denied()) };
    }
    match decision.verdict(mailbox, purpose) {
        Verdict::Granted => {
            let agent = call.incoming.request.header_value("User-Agent").unwrap_or_default();
            let lists = [&world.organization.ews, &mailbox.client_access.ews];
            // The lists of user agents for EWS bind Graph too (Microsoft documentation).
            if lists.into_iter().any(|ews| refuses_agent(ews, agent)) {
                return Err(error(403, "ErrorAccessDenied", "Access to OData is disabled."));
            }
            Ok(mailbox.id)
        }
        Verdict::Excluded => Err(excluded()),
        Verdict::OutOfScope if world.access.effective.supposes(Supposition::ScopeRefusalsNamePolicies) => {
            Err(excluded())
        }
        Verdict::OutOfScope | Verdict::Denied => Err(denied()),
    }
}

/// Everything below `/users/{id}` that is in the mailbox.
pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, user: &str, below: &[&str]) -> GraphResult {
    let lower: Vec<String> = below.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let reads = call.method() == "GET";
    match &lower[..] {
        ["mailboxsettings", ..] => return schedule::settings(world, call, user, &below[1..]),
        ["sendmail"] => return schedule::send_mail(world, call, user),
        // Free and busy are those of the people who are named, whichever calendar is asked.
        ["calendar", "getschedule"] | ["calendars", _, "getschedule"] => {
            return schedule::get_schedule(world, call, user);
        }
        _ => {}
    }
    // Forwarding needs no more than reading does (Microsoft documentation).
    let purpose = match &lower[..] {
        [.., "forward"] => Purpose::READ_CALENDAR,
        _ if reads => Purpose::READ_CALENDAR,
        _ => Purpose::WRITE_CALENDAR,
    };
    if lower.first().is_some_and(|first| ["mailbox", "messages", "mailfolders"].contains(first)) {
        return Err(error(501, "NotImplemented", "This fake tenant does not model the items of mailboxes."));
    }
    let known = ["calendar", "calendars", "calendarview", "calendargroup", "calendargroups", "events"];
    if !lower.first().is_some_and(|first| known.contains(first)) {
        return Err(GraphError::unknown_segment(below.last().unwrap_or(&user)));
    }
    let mailbox = reach(world, call, user, purpose)?;
    match &lower[..] {
        ["calendargroup" | "calendars" | "calendargroups", ..] => in_calendars(world, call, mailbox, below, &lower),
        ["calendar"] => {
            call.only_get()?;
            let row = calendar_row(world, mailbox, "");
            Ok(call.entity("calendar/$entity", &row))
        }
        ["calendar", "calendarpermissions", ..] => permissions(world, call, mailbox, below.get(2).copied()),
        ["calendar", "calendarview"] | ["calendarview"] => view(world, call, mailbox, ""),
        ["calendar", "calendarview", "delta"] | ["calendarview", "delta"] => view_delta(world, call, mailbox),
        ["calendar", "events", ..] => events::answer(world, call, mailbox, "", &below[2..]),
        ["events", ..] => events::answer(world, call, mailbox, "", &below[1..]),
        _ => Err(GraphError::unknown_segment(below.last().unwrap_or(&user))),
    }
}

fn in_calendars(
    world: &mut World,
    call: &GraphCall<'_>,
    mailbox: RecipientId,
    below: &[&str],
    lower: &[&str],
) -> GraphResult {
    let group_id = format!("AQMkG{}", mailbox.0);
    // A path through the one calendar group leads to the same calendars.
    let at = match lower {
        ["calendargroups"] => {
            call.only_get()?;
            let row = json!({"id": group_id, "name": "My Calendars", "classId": "0006f0b7-0000-0000-c000-000000000046", "changeKey": "1"});
            return call.list("calendarGroups", vec![row], PAGES, Value::clone);
        }
        ["calendargroups", _, "calendars", ..] if below[1] != group_id => return Err(missing()),
        ["calendargroups", _, "calendars", ..] => 3,
        ["calendargroup", "calendars", ..] => 2,
        ["calendars", ..] => 1,
        _ => return Err(GraphError::unknown_segment(below.last().unwrap_or(&""))),
    };
    let default = default_id(world, mailbox);
    let held = world.calendars.get(&mailbox).cloned().unwrap_or_default();
    let Some(id) = below.get(at) else {
        if call.method() == "POST" {
            let name = call.field("name").filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| error(400, "ErrorInvalidProperty", "A calendar needs a name."))?.to_owned();
            if name.eq_ignore_ascii_case("Calendar") || held.iter().any(|(_, other)| other.eq_ignore_ascii_case(&name))
            {
                return Err(error(409, "ErrorFolderExists", "A folder with the specified name already exists."));
            }
            let id = world.fresh_opaque_id("calendar");
            world.calendars.entry(mailbox).or_default().push((id.clone(), name));
            let row = calendar_row(world, mailbox, &id);
            return Ok(call.created("calendars/$entity", &row));
        }
        call.only_get()?;
        let mut rows = vec![calendar_row(world, mailbox, "")];
        rows.extend(held.iter().map(|(id, _)| calendar_row(world, mailbox, id)));
        return call.list("calendars", rows, PAGES, Value::clone);
    };
    // Ids are case sensitive.
    let calendar = if *id == default { "" } else { *id };
    if !calendar.is_empty() && !held.iter().any(|(known, _)| known == calendar) {
        return Err(missing());
    }
    match (call.method(), lower.get(at + 1..).unwrap_or_default()) {
        ("GET", []) => {
            let row = calendar_row(world, mailbox, calendar);
            Ok(call.entity("calendars/$entity", &row))
        }
        ("DELETE", []) if calendar.is_empty() => {
            Err(error(400, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted."))
        }
        ("DELETE", []) => {
            if let Some(held) = world.calendars.get_mut(&mailbox) {
                held.retain(|(known, _)| known != calendar);
            }
            if let Some(events) = world.events.get_mut(&mailbox) {
                events.retain(|event| event.calendar != calendar);
            }
            Ok(Response::new(204))
        }
        ("PATCH", []) => {
            let name = call.field("name").unwrap_or_default().to_owned();
            let held = world.calendars.entry(mailbox).or_default();
            if let Some((_, known)) = held.iter_mut().find(|(known, _)| known == calendar) {
                *known = name;
            }
            let row = calendar_row(world, mailbox, calendar);
            Ok(call.entity("calendars/$entity", &row))
        }
        (_, ["calendarview"]) => view(world, call, mailbox, calendar),
        (_, ["events", ..]) => events::answer(world, call, mailbox, calendar, &below[at + 2..]),
        (_, ["calendarpermissions", ..]) if calendar.is_empty() => {
            permissions(world, call, mailbox, below.get(at + 2).copied())
        }
        _ => Err(GraphError::unknown_segment(below.last().unwrap_or(&""))),
    }
}

pub(crate) fn missing() -> GraphError {
    error(404, "ErrorItemNotFound", "The specified object was not found in the store.")
}

fn default_id(world: &World, mailbox: RecipientId) -> String {
    world.directory.get(mailbox).map_or_else(String::new, |mailbox| format!("AQMk{}", mailbox.guid.simple()))
}

fn calendar_row(world: &World, id: RecipientId, calendar: &str) -> Value {
    let Some(mailbox) = world.directory.get(id) else {
        return Value::Null;
    };
    let name = world
        .calendars
        .get(&id)
        .and_then(|held| held.iter().find(|(known, _)| known == calendar))
        .map_or("Calendar", |(_, name)| name);
    json!({
        "id": if calendar.is_empty() { default_id(world, id) } else { calendar.to_owned() },
        "name": name,
        "color": "auto",
        "hexColor": "",
        "changeKey": "nfZyf7VcrEKLNoU37KWlkQAAA0x0+w==",
        "isDefaultCalendar": calendar.is_empty(),
        "canShare": false,
        "canViewPrivateItems": true,
        "canEdit": true,
        "isRemovable": !calendar.is_empty(),
        "isTallyingResponses": false,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness",
        "owner": {"name": mailbox.display_name, "address": mailbox.primary()},
    })
}

fn permission_row(world: &World, entry: &FolderPermission) -> Value {
    let (name, address) = match &entry.grantee {
        Grantee::Default => ("My Organization".to_owned(), None),
        Grantee::Anonymous => ("People outside my organization".to_owned(), None),
        Grantee::Recipient(id) => {
            let address = world.directory.get(*id).map(|recipient| recipient.primary().to_owned());
            (entry.grantee.display_name(world), address)
        }
    };
    let mut email = json!({"name": name});
    if let Some(address) = &address {
        email["address"] = json!(address);
    }
    json!({
        "id": permission_id(world, entry),
        "isRemovable": !entry.grantee.is_built_in(),
        "isInsideOrganization": entry.grantee != Grantee::Anonymous,
        "role": entry.role(),
        "allowedRoles": ["none", "freeBusyRead", "limitedRead", "read", "write"],
        "emailAddress": email,
    })
}

fn permission_id(world: &World, entry: &FolderPermission) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(match &entry.grantee {
        Grantee::Recipient(id) => {
            world.directory.get(*id).map_or_else(String::new, |recipient| format!("u={}", recipient.primary()))
        }
        built_in => built_in.display_name(world),
    })
}

fn permissions(world: &mut World, call: &GraphCall<'_>, mailbox: RecipientId, id: Option<&str>) -> GraphResult {
    let mut entries = world.folder_permissions(mailbox);
    let role = || {
        let role = call.field("role").unwrap_or_default();
        FolderPermission::of_role(Grantee::Default, role)
            .ok_or_else(|| error(400, "ErrorInvalidRequest", format!("The role '{role}' is not valid.")))
    };
    let Some(id) = id else {
        if call.method() == "POST" {
            let address = call.incoming.json.as_ref().and_then(|body| body["emailAddress"]["address"].as_str());
            let person = address.and_then(|address| world.directory.by_address(address)).map(|person| person.id);
            let grantee =
                Grantee::Recipient(person.ok_or_else(|| {
                    error(400, "ErrorInvalidRequest", "The recipient of the permission was not found.")
                })?);
            if entries.iter().any(|entry| entry.grantee == grantee) {
                return Err(error(409, "ErrorDuplicateUserIdsSpecified", "The recipient already has a permission."));
            }
            let entry = FolderPermission { grantee, ..role()? };
            let row = permission_row(world, &entry);
            entries.push(entry);
            world.folder_permissions.insert(mailbox, entries);
            return Ok(call.created("calendarPermissions/$entity", &row));
        }
        call.only_get()?;
        return call.list("calendarPermissions", entries, PAGES, |entry| permission_row(world, entry));
    };
    let at = entries.iter().position(|entry| permission_id(world, entry) == id).ok_or_else(missing)?;
    match call.method() {
        "GET" => Ok(call.entity("calendarPermissions/$entity", &permission_row(world, &entries[at]))),
        "PATCH" => {
            let grantee = entries[at].grantee.clone();
            entries[at] = FolderPermission { grantee, ..role()? };
            let row = permission_row(world, &entries[at]);
            world.folder_permissions.insert(mailbox, entries);
            Ok(call.entity("calendarPermissions/$entity", &row))
        }
        "DELETE" if entries[at].grantee.is_built_in() => {
            Err(error(400, "ErrorInvalidRequest", "This permission cannot be removed."))
        }
        "DELETE" => {
            entries.remove(at);
            world.folder_permissions.insert(mailbox, entries);
            Ok(Response::new(204))
        }
        _ => Err(GraphError::wrong_method()),
    }
}

/// The window of a view.
pub(crate) fn window(parameter: &dyn Fn(&str) -> Option<String>) -> Result<(Timestamp, Timestamp), GraphError> {
    let read = |name: &'static str| -> Result<Timestamp, GraphError> {
        let text = parameter(name).ok_or_else(|| {
            error(
                400,
                "ErrorInvalidRequest",
                "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.",
            )
        })?;
        moment(&text).ok_or_else(|| {
            error(400, "ErrorInvalidParameter", format!("The {name} parameter '{text}' is not a valid date and time."))
        })
    };
    let (start, end) = (read("startDateTime")?, read("endDateTime")?);
    if end < start {
        return Err(error(
            400,
            "ErrorInvalidRequest",
            "The EndDateTime of the time window is before its StartDateTime.",
        ));
    }
    Ok((start, end))
}

/// Single events and occurrences in a window, in order of time.
pub(crate) fn occurrences<'w>(
    world: &'w World,
    mailbox: RecipientId,
    calendar: &str,
    (start, end): (Timestamp, Timestamp),
) -> Vec<Occurrence<'w>> {
    let events = world.events.get(&mailbox).into_iter().flatten();
    let mut found: Vec<Occurrence<'_>> = events
        .filter(|event| event.calendar == calendar && !event.cancelled)
        .flat_map(|event| event.occurrences(start, end))
        .collect();
    found.sort_by_key(|occurrence| occurrence.start);
    found
}

fn view(world: &mut World, call: &GraphCall<'_>, mailbox: RecipientId, calendar: &str) -> GraphResult {
    call.only_get()?;
    let window = window(&|name| call.query.parameter(name).map(str::to_owned))?;
    let zone = events::preferred_zone(call)?;
    events::check_relations(call)?;
    let found = occurrences(world, mailbox, calendar, window);
    let context = format!("users('{}')/calendarView", users::id_of(world, mailbox));
    call.list(&context, found, PAGES, |occurrence| events::row(world, call, mailbox, occurrence, &zone))
}

fn view_delta(world: &mut World, call: &GraphCall<'_>, mailbox: RecipientId) -> GraphResult {
    call.only_get()?;
    if call.query.is_demanding() || call.query.selects() || call.query.expand_text().is_some() {
        return Err(error(
            400,
            "ErrorInvalidUrlQuery",
            "The following parameters are not supported with change tracking over the 'CalendarView' resource: '$orderby, $filter, $select, $expand, $search'.",
        ));
    }
    // The window is in the first request only; the links stand for it.
    let token = ["$deltatoken", "$skiptoken"].iter().find_map(|name| call.query.parameter(name)).unwrap_or_default();
    let kept = world.deltas.query(token);
    let parameter = |name: &str| {
        let given = call.query.parameter(name).map(str::to_owned);
        given.or_else(|| kept.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone()))
    };
    let of = |window: &str| format!("view {} {window}", mailbox.0);
    let (window_text, rows) = if kept.is_empty() && !token.is_empty() {
        // Not a link that is known: there is nothing to compare with.
        (String::new(), BTreeMap::new())
    } else {
        let window = window(&parameter)?;
        let zone = events::preferred_zone(call)?;
        let rows = occurrences(world, mailbox, "", window)
            .iter()
            .map(|occurrence| (occurrence.id.clone(), events::row(world, call, mailbox, occurrence, &zone)))
            .collect();
        (format!("{} {}", window.0, window.1), rows)
    };
    let page = call.preference("odata.maxpagesize").and_then(|size| size.parse().ok()).filter(|size| *size > 0);
    delta::answer(
        world,
        call,
        Followed {
            context: "Collection(event)".to_owned(),
            of: of(&window_text),
            rows,
            members: BTreeMap::new(),
            page: page.unwrap_or(10),
            expired: "SyncStateNotFound",
            shown: Box::new(|row| {
                let mut row = row.clone();
                row["@odata.type"] = json!("#microsoft.graph.event");
                row
            }),
        },
    )
}

/// An offset in the value wins; without one it is UTC (Microsoft documentation).
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    moment_in(text, &TimeZone::UTC)
}

/// The same, with the zone that counts when there is no offset.
pub(crate) fn moment_in(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    // A plus sign that was not escaped arrives as a space.
    let text = text.trim().replace(' ', "+");
    text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        local.to_zoned_datetime(zone.clone()).ok().map(|at| at.timestamp())
    })
}

/// A `dateTimeTimeZone`.
pub(crate) fn zoned_moment(value: &Value) -> Option<(Timestamp, String)> {
    let name = value["timeZone"].as_str().unwrap_or("UTC");
    let at = moment_in(value["dateTime"].as_str()?, &zone(name)?)?;
    Some((at, name.to_owned()))
}
