//! Events, free/busy and subscriptions.

use std::time::{Duration, SystemTime};

use exchange_groups::graph_client::graph::{
    Attendee, DateTimeTimeZone, EventUpdate, FreeBusyQuery, InvitationResponse as Reply, ItemBody, NewEvent,
    NewMessage, NewSubscription, Patch,
};
use exchange_groups::graph_client::{ErrorKind, EventId, ObjectId, SmtpAddress, UserRef};
use exchange_groups_tests::{Answer, RawRequest, RawServer};
use serde_json::{Value, json};

use crate::resources_support::client_of;

const GROUP: &str = "5a0d9c1e-7c34-4f0b-b8f4-9a1c2f3d4e05";

fn body(request: &RawRequest) -> Value {
    serde_json::from_slice(&request.body).expect("JSON")
}

fn at(hour: u64) -> DateTimeTimeZone {
    DateTimeTimeZone::utc(SystemTime::UNIX_EPOCH + Duration::from_secs(hour * 3600))
}

#[tokio::test]
async fn an_event_is_sent_again_under_the_same_transaction() {
    let server = RawServer::start(|number, _| match number {
        // The service acted, and the connection broke before the answer.
        0 => Answer::Close,
        _ => Answer::Json(201, json!({ "id": "1", "subject": "Review" }).to_string()),
    })
    .await;
    let event = NewEvent::new("Review", at(9), at(10)).attendee(Attendee::resource("room@contoso.com"));
    let made = client_of(&server.url()).calendar("room@contoso.com").create_event(&event).await.expect("an event");
    assert_eq!(made.subject.as_deref(), Some("Review"));
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(body(&requests[0])["transactionId"], body(&requests[1])["transactionId"]);
    assert_eq!(body(&requests[0])["attendees"][0]["type"], "resource");
}

#[tokio::test]
async fn what_may_be_done_once_only_is_not_sent_again() {
    let server = RawServer::start(|_, _| Answer::Close).await;
    let client = client_of(&server.url());
    let error = client.calendar("a@contoso.com").cancel("1", None).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    let message = NewMessage::new("b@contoso.com", "Hello", ItemBody::text("x"));
    assert!(client.mail("a@contoso.com").send(&message).await.unwrap_err().is_outcome_unknown());
    assert_eq!(server.requests().len(), 2);
    let nobody = NewMessage::default().subject("x");
    assert_eq!(client.mail("a@contoso.com").send(&nobody).await.unwrap_err().kind(), ErrorKind::Input);
}

#[tokio::test]
async fn answers_and_changes_send_what_was_said_and_nothing_else() {
    let server = RawServer::start(|_, request| match request.method.as_str() {
        "PATCH" => Answer::Json(200, json!({ "id": "1" }).to_string()),
        // A body where there must be none.
        _ => Answer::Json(202, "{}".to_owned()),
    })
    .await;
    let calendar = client_of(&server.url()).calendar("a@contoso.com").time_zone("Europe/Berlin").immutable_ids();
    calendar.cancel("A=/b", None).await.expect("cancelled");
    calendar.cancel("1", Some("ill")).await.expect("cancelled");
    calendar.decline("1", &Reply::silent()).await.expect("declined");
    let update = EventUpdate::new().subject("New").location(Patch::Clear).property("ext_a", json!({ "b": 1 }));
    calendar.update_event("1", &update).await.expect("changed");
    let requests = server.requests();
    assert_eq!(requests[0].target, "/v1.0/users/a@contoso.com/events/A%3D%2Fb/cancel");
    assert_eq!(body(&requests[0]), json!({}));
    assert_eq!(body(&requests[1]), json!({ "comment": "ill" }));
    assert_eq!(body(&requests[2]), json!({ "sendResponse": false }));
    assert_eq!(body(&requests[3]), json!({ "subject": "New", "location": null, "ext_a": { "b": 1 } }));
    for request in &requests {
        let head = request.head.to_ascii_lowercase();
        assert!(head.contains("outlook.timezone=\"europe/berlin\""), "{head}");
        assert!(head.contains("idtype=\"immutableid\""), "{head}");
    }
}

#[tokio::test]
async fn free_and_busy_come_in_order_and_an_unreadable_mailbox_is_never_free() {
    let server = RawServer::start(|_, request| {
        let asked = body(request)["schedules"].as_array().cloned().unwrap_or_default();
        assert!(asked.len() <= 20);
        let mut items: Vec<Value> = asked
            .iter()
            .filter_map(Value::as_str)
            .filter(|address| !address.starts_with("r7@"))
            .map(|address| {
                if address.starts_with("r3@") {
                    json!({ "scheduleId": address, "availabilityView": "",
                        "error": { "message": "no", "responseCode": "ErrorMailRecipientNotFound" } })
                } else {
                    json!({ "scheduleId": address.to_uppercase(), "availabilityView": "02", "scheduleItems": null })
                }
            })
            .collect();
        items.reverse();
        Answer::Json(200, json!({ "value": items }).to_string())
    })
    .await;
    let addresses: Vec<String> = (0..45).map(|number| format!("r{number}@contoso.com")).collect();
    let now = SystemTime::now();
    let query = FreeBusyQuery::new(now, now + Duration::from_secs(3600));
    let calendar = client_of(&server.url()).calendar("r0@contoso.com");
    let answers = calendar.free_busy(&addresses, &query).await.expect("answers");
    assert_eq!(server.requests().len(), 3);
    assert!(answers.iter().map(|answer| &answer.mailbox).eq(&addresses));
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.schedule.is_err(), number == 3 || number == 7, "{answer:?}");
    }
    let error = answers[3].schedule.as_ref().unwrap_err();
    assert_eq!(error.response_code.as_deref(), Some("ErrorMailRecipientNotFound"));
    let wrong = query.interval(Duration::from_secs(60));
    assert_eq!(calendar.free_busy(&addresses, &wrong).await.unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_subscription_that_would_last_too_long_is_not_sent() {
    let server =
        RawServer::start(|_, _| Answer::Json(201, json!({ "id": "1", "clientState": "hush" }).to_string())).await;
    let subscriptions = client_of(&server.url()).subscriptions();
    let new = |days: u64| {
        let expires = SystemTime::now() + Duration::from_secs(days * 86_400);
        NewSubscription::events_of("a@contoso.com", "https://contoso.com/hook", "hush", expires)
    };
    assert_eq!(subscriptions.create(&new(8)).await.unwrap_err().kind(), ErrorKind::Input);
    assert!(server.requests().is_empty());
    let made = subscriptions.create(&new(6).immutable_ids()).await.expect("a subscription");
    assert!(!format!("{made:?}").contains("hush"));
    let sent = body(&server.requests()[0]);
    assert_eq!(sent["changeType"], "created,updated,deleted");
    assert_eq!(sent["resource"], "users/a@contoso.com/events");
}

#[tokio::test]
async fn calendars_are_made_in_groups() {
    let server = RawServer::start(|_, request| match request.method.as_str() {
        "DELETE" => Answer::Json(204, String::new()),
        _ => Answer::Json(201, json!({ "id": "AAMk=", "name": "Rooms" }).to_string()),
    })
    .await;
    let calendars = client_of(&server.url()).calendar("a@contoso.com");
    let group = calendars.create_calendar_group("Rooms").await.expect("a group");
    calendars.create_calendar_in(&group.id, "Boardroom").await.expect("a calendar");
    calendars.delete_calendar_group(&group.id).await.expect("deleted");
    let requests = server.requests();
    let sent: Vec<_> = requests.iter().map(|request| (request.method.as_str(), request.target.as_str())).collect();
    assert_eq!(
        sent,
        [
            ("POST", "/v1.0/users/a@contoso.com/calendarGroups"),
            ("POST", "/v1.0/users/a@contoso.com/calendarGroups/AAMk%3D/calendars"),
            ("DELETE", "/v1.0/users/a@contoso.com/calendarGroups/AAMk%3D"),
        ]
    );
    assert_eq!(body(&requests[1]), json!({ "name": "Boardroom" }));
}

#[tokio::test]
async fn time_zones_are_listed_by_either_name() {
    let zone =
        json!({ "value": [{ "alias": "Europe/Berlin", "displayName": "(UTC+01:00) Amsterdam, Berlin, Bern, Rome" }] });
    let server = RawServer::start(move |_, _| Answer::Json(200, zone.to_string())).await;
    let zones = client_of(&server.url()).time_zones("a@contoso.com");
    let iana = zones.iana().await.expect("zones");
    assert_eq!(iana.items[0].alias.as_deref(), Some("Europe/Berlin"));
    zones.windows().await.expect("zones");
    let targets: Vec<_> = server.requests().iter().map(|request| request.target.clone()).collect();
    assert_eq!(
        targets,
        [
            "/v1.0/users/a@contoso.com/outlook/supportedTimeZones(TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana')",
            "/v1.0/users/a@contoso.com/outlook/supportedTimeZones",
        ]
    );
}

#[tokio::test]
async fn ids_are_taken_in_every_form_and_bad_ones_are_refused_before_anything_is_sent() {
    let server =
        RawServer::start(|_, _| Answer::Json(200, json!({ "id": GROUP, "displayName": "x" }).to_string())).await;
    let client = client_of(&server.url());
    let id: ObjectId = GROUP.parse().expect("an id");
    let address: SmtpAddress = "a@contoso.com".parse().expect("an address");
    client.groups().get(id).await.expect("a group");
    client.groups().get(GROUP).await.expect("a group");
    let _ = client.users().get(&address).await;
    let _ = client.users().get(UserRef::from(id)).await;
    let sent = server.requests().len();
    assert_eq!(sent, 4);
    for bad in ["", " ", ".", ".."] {
        assert_eq!(client.users().get(bad).await.expect_err(bad).kind(), ErrorKind::Input);
        assert!(bad.parse::<EventId>().is_err_and(|fault| fault.field == "event"), "{bad}");
    }
    assert_eq!(server.requests().len(), sent);
}
