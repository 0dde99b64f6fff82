//! The control port and TLS: what clients in other languages have.

use fake_tenant::{FakeTenant, Request};
use serde_json::{Value, json};

fn post(tenant: &FakeTenant, path: &str, body: &Value) -> (u16, Value) {
    let answer = tenant.control(&Request::post(&format!("http://localhost{path}")).json(body));
    (answer.status(), answer.json())
}

fn get(tenant: &FakeTenant, path: &str) -> Value {
    tenant.control(&Request::get(&format!("http://localhost{path}"))).json()
}

#[test]
fn what_a_test_does_by_methods_is_done_by_requests() {
    let tenant = FakeTenant::contoso();
    let state = get(&tenant, "/");
    assert_eq!(state["rooms"].as_array().unwrap().len(), 40);
    let booking = state["bookingApplication"]["clientId"].as_str().unwrap().to_owned();
    let reach = |mailbox: &str| get(&tenant, &format!("/reach?application={booking}&mailbox={mailbox}"));
    assert_eq!(reach("ceo@contoso.com")["allowed"], true);
    assert!(!reach("ceo@contoso.com")["paths"].as_array().unwrap().is_empty());

    assert_eq!(post(&tenant, "/rooms", &json!({ "address": "atrium@contoso.com" })).0, 201);
    assert_eq!(post(&tenant, "/rooms", &json!({ "address": "Atrium@contoso.com" })).0, 409, "once");
    assert!(tenant.rooms().contains(&"atrium@contoso.com".to_owned()));
    let (status, made) = post(
        &tenant,
        "/applications",
        &json!({ "displayName": "Signage", "secret": "s", "roles": ["Place.Read.All"] }),
    );
    assert_eq!(status, 201);
    assert_eq!(tenant.app_roles(made["clientId"].as_str().unwrap()), ["Place.Read.All"]);
    let unknown = json!({ "displayName": "x", "secret": "s", "roles": ["Calendar.Read"] });
    assert_eq!(post(&tenant, "/applications", &unknown).0, 400);

    let before = tenant.now();
    assert_eq!(post(&tenant, "/clock", &json!({ "freeze": true })).0, 200);
    assert_eq!(post(&tenant, "/clock", &json!({ "advanceSeconds": 3_600 })).0, 200);
    assert!(tenant.now().duration_since(before).unwrap().as_secs() >= 3_600);
    assert_eq!(post(&tenant, "/clock", &json!({ "set": "yesterday" })).0, 400);

    let (status, domains) = post(&tenant, "/cmdlet", &json!({ "name": "Get-AcceptedDomain" }));
    assert_eq!(status, 200);
    let names: Vec<_> = domains["value"].as_array().unwrap().iter().map(|it| it["DomainName"].clone()).collect();
    assert!(names.contains(&json!("contoso.com")), "{names:?}");
    let fault = json!({ "match": { "cmdlet": "Get-AcceptedDomain", "times": 1 }, "fault": { "status": 503 } });
    assert_eq!(post(&tenant, "/faults", &fault).0, 200);
    assert_eq!(post(&tenant, "/cmdlet", &json!({ "name": "Get-AcceptedDomain" })).0, 503);
    assert_eq!(post(&tenant, "/cmdlet", &json!({ "name": "Get-AcceptedDomain" })).0, 200);
    let nonsense = json!({ "match": {}, "fault": { "explode": true } });
    let (status, why) = post(&tenant, "/faults", &nonsense);
    assert!(status == 400 && why["error"].as_str().unwrap().contains("answerLost"), "{why}");

    assert_eq!(get(&tenant, "/requests").as_array().unwrap().len(), 3);
    assert!(get(&tenant, "/transcript")["transcript"].as_str().unwrap().contains("Get-AcceptedDomain"));
    assert!(get(&tenant, "/nothing")["error"].as_str().unwrap().contains("README"));
}

/// The control port gives secrets away.
#[test]
fn calendars_and_disturbances_are_at_hand_for_every_language() {
    let tenant = FakeTenant::contoso();
    let event = json!({
        "subject": "Planning",
        "start": {"dateTime": "2026-12-01T09:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-12-01T10:00:00", "timeZone": "UTC"},
        "attendees": [{"emailAddress": {"address": "boardroom@contoso.com"}, "type": "resource"}],
    });
    let (status, made) = post(&tenant, "/events", &json!({"organizer": "adele.vance@contoso.com", "event": event}));
    assert_eq!(status, 201, "{made}");
    let events = get(&tenant, "/events?mailbox=adele.vance@contoso.com");
    assert_eq!(events[0]["id"], made["id"]);
    assert_eq!(events[0]["start"], "2026-12-01T09:00:00Z");
    assert_eq!(events[0]["attendees"][0], json!({"address": "boardroom@contoso.com", "response": "accepted"}));
    assert_eq!(get(&tenant, "/events?mailbox=boardroom@contoso.com")[0]["organizer"], "adele.vance@contoso.com");
    assert_eq!(post(&tenant, "/events", &json!({"organizer": "nobody@contoso.com", "event": event})).0, 404);
    let (status, why) = post(&tenant, "/events", &json!({"organizer": "ceo@contoso.com", "event": {"start": 1}}));
    assert_eq!(status, 400, "{why}");
    assert_eq!(get(&tenant, "/subscriptions"), json!([]));

    let list = || post(&tenant, "/cmdlet", &json!({ "name": "Get-AcceptedDomain" })).0;
    for (fault, status) in [
        (json!({"echo": 418}), 418),
        (json!({"oversized": 100}), 200),
        (json!({"cutList": 0}), 200),
        (json!({"nextLink": "same"}), 200),
        (json!({"reset": "after"}), 502),
        (json!("empty"), 200),
    ] {
        assert_eq!(
            post(&tenant, "/faults", &json!({"match": {"cmdlet": "Get-AcceptedDomain"}, "fault": fault})).0,
            200
        );
        assert_eq!(list(), status, "{fault}");
    }
    let random = json!({"random": {"seed": 1, "inAThousand": 1000}, "faults": [{"status": 503}]});
    assert_eq!(post(&tenant, "/faults", &random).0, 200);
    assert_eq!((list(), list()), (503, 503));
    assert_eq!(tenant.control(&Request::delete("http://localhost/faults")).status(), 200);
    assert_eq!(list(), 200);
    assert!(get(&tenant, "/failed").as_array().is_some_and(|failed| failed.len() >= 3));
}

#[tokio::test]
async fn the_control_port_is_opened_on_a_loopback_address_alone() {
    let tenant = FakeTenant::contoso();
    assert!(tenant.control_on(([0, 0, 0, 0], 0).into()).await.is_err());
    let control = tenant.control_on(([127, 0, 0, 1], 0).into()).await.unwrap();
    let answer = reqwest::get(control.url()).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("bookingApplication"));
}

/// Links and discovery have the origin that the client used, TLS included.
#[tokio::test]
async fn a_server_over_tls_is_trusted_by_its_own_certificate_and_by_nothing_else() {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve_tls().await.unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"));
    let path = format!("{}/{}/v2.0/.well-known/openid-configuration", server.login_url(), tenant.id());
    let stranger = reqwest::Client::builder().use_rustls_tls().build().unwrap();
    assert!(stranger.get(&path).send().await.is_err(), "nobody signed the certificate");
    let certificate = reqwest::Certificate::from_pem(server.certificate().unwrap().as_bytes()).unwrap();
    let client = reqwest::Client::builder().use_rustls_tls().add_root_certificate(certificate).build().unwrap();
    let found: Value = serde_json::from_str(&client.get(&path).send().await.unwrap().text().await.unwrap()).unwrap();
    let token = found["token_endpoint"].as_str().unwrap();
    assert!(token.starts_with(&server.url()), "{token}");
}
