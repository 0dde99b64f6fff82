//! Graph's calendars, settings, places and subscriptions.

use fake_tenant::{FakeTenant, NewMailbox, RecipientKind, Request};
use serde_json::{Value, json};

use crate::{GRAPH, Session, graph_error, text};

const BOARDROOM: &str = "boardroom@contoso.com";

fn booking() -> (FakeTenant, Session) {
    let tenant = FakeTenant::contoso();
    let app = tenant.booking_application();
    tenant.grant_app_role(&app, "Mail.Send");
    tenant.grant_app_role(&app, "MailboxSettings.ReadWrite");
    tenant.grant_app_role(&app, "Place.ReadWrite.All");
    let session = Session::of(&tenant, &app);
    (tenant, session)
}

fn meeting(subject: &str, hour: u32) -> Value {
    json!({
        "subject": subject,
        "transactionId": subject,
        "start": {"dateTime": format!("2026-11-23T{hour:02}:00:00"), "timeZone": "UTC"},
        "end": {"dateTime": format!("2026-11-23T{:02}:00:00", hour + 1), "timeZone": "UTC"},
        "attendees": [{"type": "resource", "emailAddress": {"address": BOARDROOM}}],
    })
}

#[test]
fn an_event_reaches_the_room_by_its_booking_policy() {
    let (_, session) = booking();
    let path = "/v1.0/users/ceo@contoso.com/events";
    let made = session.send("POST", path, &meeting("Board", 9));
    assert_eq!(made.status(), 201, "{}", made.text());
    let event = made.json();
    assert_eq!(event["attendees"][0]["status"]["response"], "accepted");
    // The same transaction is the same event.
    assert_eq!(session.send("POST", path, &meeting("Board", 9)).json()["id"], event["id"]);
    let room = session.calendar(BOARDROOM).json()["value"].take();
    assert_eq!(room.as_array().unwrap().len(), 1);
    assert_eq!(room[0]["iCalUId"], event["iCalUId"]);
    assert_ne!(room[0]["id"], event["id"]);
    assert_eq!(room[0]["subject"], "Patti Fernandez", "the subject gives way to the organiser");
    let second = session.send("POST", path, &meeting("Clash", 9)).json();
    assert_eq!(second["attendees"][0]["status"]["response"], "declined");
    let id = text(&event["id"]);
    let own = session.send("POST", &format!("{path}/{id}/decline"), &json!({}));
    assert_eq!(own.status(), 400, "an organiser cannot decline");
    assert_eq!(session.send("POST", &format!("{path}/{id}/cancel"), &json!({"comment": null})).status(), 400);
    assert_eq!(session.send("POST", &format!("{path}/{id}/cancel"), &json!({})).status(), 202);
    assert_eq!(session.calendar(BOARDROOM).json()["value"], json!([]));
    let all_day = json!({"isAllDay": true, "start": {"dateTime": "2026-11-23T09:00:00", "timeZone": "UTC"}, "end": {"dateTime": "2026-11-24T09:00:00", "timeZone": "UTC"}});
    assert_eq!(session.send("POST", path, &all_day).status(), 400);
}

#[test]
fn times_come_in_the_zone_that_is_preferred_and_series_are_expanded() {
    let (tenant, session) = booking();
    let mut series = meeting("Daily", 9);
    series["recurrence"] = json!({"pattern": {"type": "daily", "interval": 1}, "range": {"type": "numbered", "startDate": "2026-11-23", "numberOfOccurrences": 3}});
    let id = text(&session.send("POST", "/v1.0/users/ceo@contoso.com/events", &series).json()["id"]);
    let view = format!(
        "{GRAPH}/v1.0/users/ceo@contoso.com/calendarView?startDateTime=2026-11-23T00:00:00Z&endDateTime=2026-12-24T00:00:00Z"
    );
    let request =
        Request::get(&view).bearer(&session.graph).header("Prefer", "outlook.timezone=\"Pacific Standard Time\"");
    let rows = tenant.handle(&request).json()["value"].take();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    assert_eq!(
        rows[0]["start"],
        json!({"dateTime": "2026-11-23T01:00:00.0000000", "timeZone": "Pacific Standard Time"})
    );
    assert_eq!((&rows[0]["type"], &rows[0]["seriesMasterId"]), (&json!("occurrence"), &json!(id)));
    let masters = session.get("/v1.0/users/ceo@contoso.com/events").json()["value"].take();
    assert_eq!(masters[0]["type"], "seriesMaster");
}

#[test]
fn a_view_is_followed_by_delta() {
    let (tenant, session) = booking();
    let get =
        |url: &str| tenant.handle(&Request::get(url).bearer(&session.graph).header("Prefer", "odata.maxpagesize=2"));
    for hour in 8..11 {
        tenant.add_event(
            BOARDROOM,
            "x",
            &format!("2026-11-23T{hour:02}:00:00Z"),
            &format!("2026-11-23T{hour:02}:30:00Z"),
        );
    }
    let first = get(&format!("{GRAPH}/v1.0/users/{BOARDROOM}/calendarView/delta?startDateTime=2026-11-23T00:00:00Z&endDateTime=2026-11-24T00:00:00Z")).json();
    assert_eq!(first["value"].as_array().unwrap().len(), 2);
    let second = get(&text(&first["@odata.nextLink"])).json();
    let link = text(&second["@odata.deltaLink"]);
    let gone = text(&first["value"][0]["id"]);
    session.send("DELETE", &format!("/v1.0/users/{BOARDROOM}/events/{gone}"), &Value::Null);
    let changes = get(&link).json();
    assert_eq!(changes["value"], json!([{"id": gone, "@removed": {"reason": "deleted"}}]));
    tenant.expire_delta_tokens();
    assert_eq!((get(&link).status(), graph_error(&get(&link)).1), (410, "SyncStateNotFound".into()));
}

#[test]
fn free_and_busy_are_told_per_mailbox() {
    let (tenant, session) = booking();
    tenant.add_event(BOARDROOM, "x", "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z");
    let ask = |interval: Value| {
        let body = json!({"schedules": [BOARDROOM, "nobody@contoso.com"], "availabilityViewInterval": interval,
            "startTime": {"dateTime": "2026-11-23T08:00:00", "timeZone": "UTC"}, "endTime": {"dateTime": "2026-11-23T12:00:00", "timeZone": "UTC"}});
        session.send("POST", &format!("/v1.0/users/{BOARDROOM}/calendar/getSchedule"), &body)
    };
    let answer = ask(json!(60)).json();
    assert_eq!(answer["value"][0]["availabilityView"], "0200");
    assert_eq!(answer["value"][1]["error"]["responseCode"], "ErrorMailRecipientNotFound");
    assert!(answer["value"][1].get("scheduleItems").is_none());
    assert_eq!(ask(Value::Null).status(), 500);
    assert_eq!(ask(json!(300)).status(), 400);
}

#[test]
fn settings_mail_and_permissions_are_kept() {
    let (tenant, session) = booking();
    let path = format!("/v1.0/users/{BOARDROOM}/mailboxSettings");
    assert_eq!(session.get(&format!("{path}/userPurpose")).json()["value"], "room");
    session.send("PATCH", &path, &json!({"timeZone": "Pacific Standard Time"}));
    assert_eq!(session.get(&path).json()["timeZone"], "Pacific Standard Time");
    let mail = json!({"message": {"subject": "Hi", "body": {"content": "x"}, "toRecipients": [{"emailAddress": {"address": "ceo@contoso.com"}}]}});
    assert_eq!(session.send("POST", &format!("/v1.0/users/{BOARDROOM}/sendMail"), &mail).status(), 202);
    assert_eq!(tenant.sent_mail()[0].to, ["ceo@contoso.com"]);
    let entries = session.get(&format!("/v1.0/users/{BOARDROOM}/calendar/calendarPermissions")).json()["value"].take();
    assert_eq!(entries[0]["role"], "freeBusyRead");
}

#[test]
fn the_hierarchy_of_places_needs_its_setting() {
    let (tenant, session) = booking();
    let building = tenant.add_space("building", "B1", "");
    let floor = tenant.add_space("floor", "1", &building);
    tenant.set_parent(BOARDROOM, &floor);
    tenant.add_mailbox(NewMailbox::new(RecipientKind::Workspace, "desks").capacity(9));
    let count = |path: &str| session.get(path).json()["value"].as_array().map_or(0, Vec::len);
    assert_eq!(count("/v1.0/places/microsoft.graph.building"), 0);
    assert_eq!(count("/v1.0/places/microsoft.graph.workspace"), 1);
    tenant.places_enabled(true);
    assert_eq!(count("/v1.0/places/microsoft.graph.building"), 1);
    assert_eq!(count(&format!("/v1.0/places/{building}/descendants/microsoft.graph.room")), 1);
    assert_eq!(session.get(&format!("/v1.0/places/{floor}")).json()["@odata.type"], "#microsoft.graph.floor");
    let patch = json!({"@odata.type": "microsoft.graph.room", "capacity": 30});
    assert_eq!(session.send("PATCH", &format!("/v1.0/places/{BOARDROOM}"), &patch).json()["capacity"], 30);
    let desk = json!({"@odata.type": "microsoft.graph.desk", "displayName": "d", "parentId": floor});
    assert_eq!(session.send("POST", "/v1.0/places", &desk).status(), 400, "desks sit in sections");
}

#[test]
fn changes_are_notified_to_subscriptions() {
    let (tenant, session) = booking();
    let body = json!({"changeType": "created,deleted", "notificationUrl": "http://127.0.0.1:9/", "clientState": "s",
        "resource": format!("users/{BOARDROOM}/events"), "lifecycleNotificationUrl": "http://127.0.0.1:9/life",
        "expirationDateTime": (soon(&tenant))});
    let made = session.send("POST", "/v1.0/subscriptions", &body);
    assert_eq!(made.status(), 201, "{}", made.text());
    let id = text(&made.json()["id"]);
    tenant.add_event(BOARDROOM, "x", "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z");
    let sent = tenant.take_notifications();
    assert_eq!((sent.len(), &sent[0].body["value"][0]["changeType"]), (1, &json!("created")));
    assert_eq!(sent[0].body["value"][0]["clientState"], "s");
    tenant.lifecycle_event("reauthorizationRequired");
    assert_eq!(tenant.take_notifications()[0].body["value"][0]["lifecycleEvent"], "reauthorizationRequired");
    assert_eq!(session.send("POST", &format!("/v1.0/subscriptions/{id}/reauthorize"), &json!({})).status(), 204);
    assert_eq!(session.send("DELETE", &format!("/v1.0/subscriptions/{id}"), &Value::Null).status(), 204);
    assert_eq!(session.get(&format!("/v1.0/subscriptions/{id}")).status(), 404);
}

/// A moment two days from now, as text, by way of the tenant's own clock.
#[expect(clippy::unwrap_used, reason = "a helper of tests may panic")]
pub(crate) fn soon(tenant: &FakeTenant) -> String {
    let seconds = tenant.now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 2 * 86_400;
    let days = i64::try_from(seconds / 86_400).unwrap() + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T00:00:00Z")
}
