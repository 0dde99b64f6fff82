//! Three tests that a newcomer wrote with the README and the documentation alone, in a quarter of an hour. The README shows them.
#![expect(clippy::unwrap_used, reason = "a test of a newcomer")]

use std::time::Duration;

use fake_tenant::{Application, FakeTenant, Fault, Matcher, Server, When};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

/// Client credentials. The secret travels by HTTP Basic, so that it needs no escaping.
async fn sign_in(server: &Server, app: &Application, resource: &str) -> String {
    let form = format!("grant_type=client_credentials&scope={resource}/.default");
    let request = Client::new().post(server.token_url()).basic_auth(&app.client_id, Some(app.secret()));
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
}

#[tokio::test]
async fn people_are_listed_to_the_last_page() {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.unwrap();
    let token = sign_in(&server, &tenant.administrator(), "https://graph.microsoft.com").await;

    let (mut people, mut pages) = (Vec::new(), 0);
    let mut next = Some(format!("{}/v1.0/users?$select=userPrincipalName&$top=50", server.graph_url()));
    while let Some(url) = next {
        let answer = Client::new().get(&url).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let page: Value = answer.json().await.unwrap();
        let rows = page["value"].as_array().unwrap();
        people.extend(rows.iter().map(|user| user["userPrincipalName"].as_str().unwrap().to_lowercase()));
        next = page["@odata.nextLink"].as_str().map(str::to_owned);
        pages += 1;
    }
    assert!(pages > 4, "{pages} pages");
    for person in tenant.people() {
        assert!(people.contains(&person), "{person} is missing");
    }
}

#[tokio::test]
async fn a_meeting_is_booked_once_through_throttling_and_a_dropped_connection() {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.unwrap();
    let token = sign_in(&server, &tenant.booking_application(), "https://graph.microsoft.com").await;
    tenant.throttle(1, "1");
    tenant.fail_next(Matcher::path("/events").method("POST"), Fault::DropConnection(When::AfterEffect));

    let event = json!({
        "subject": "Planning",
        "transactionId": "6f1c6b7e-4f2d-4c5e-9a51-0d6f3c2b8a10",
        "start": {"dateTime": "2026-12-01T09:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-12-01T10:00:00", "timeZone": "UTC"},
    });
    let url = format!("{}/v1.0/users/boardroom@contoso.com/events", server.graph_url());
    let answer = with_retries(Client::new().post(url).bearer_auth(&token).json(&event)).await;
    assert!(answer.status().is_success(), "{}\n{}", answer.status(), tenant.transcript());
    assert_eq!(tenant.events("boardroom@contoso.com").len(), 1, "{}", tenant.transcript());
    assert_eq!(tenant.pending_faults(), 0, "{}", tenant.transcript());
}

/// Sends until it is answered: waits as `Retry-After` says, and tries again after a broken connection.
async fn with_retries(request: RequestBuilder) -> Response {
    for _ in 0..5 {
        match request.try_clone().unwrap().send().await {
            Ok(answer) if answer.status() == 429 => {
                let seconds = answer.headers()["Retry-After"].to_str().unwrap().parse().unwrap();
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            Ok(answer) => return answer,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    panic!("gave up");
}

#[tokio::test]
async fn a_restricted_application_keeps_the_room_and_loses_the_chief_executive() {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.unwrap();
    let booking = tenant.booking_application();
    let token = sign_in(&server, &booking, "https://graph.microsoft.com").await;
    let look = |who: &str| {
        let url = format!("{}/v1.0/users/{who}@contoso.com/events", server.graph_url());
        Client::new().get(url).bearer_auth(&token).send()
    };
    assert_eq!(look("ceo").await.unwrap().status(), 200);

    let admin = sign_in(&server, &tenant.administrator(), "https://outlook.office365.com").await;
    for (cmdlet, parameters) in [
        (
            "New-DistributionGroup",
            json!({"Name": "Bookable", "Type": "Security", "Members": ["boardroom@contoso.com"]}),
        ),
        (
            "New-ApplicationAccessPolicy",
            json!({"AppId": booking.client_id, "AccessRight": "RestrictAccess", "PolicyScopeGroupId": "bookable@contoso.com"}),
        ),
    ] {
        let body = json!({"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}});
        let done = Client::new().post(server.invoke_url()).bearer_auth(&admin).json(&body).send().await.unwrap();
        assert_eq!(done.status(), 200, "{}", done.text().await.unwrap());
    }

    assert_eq!(look("boardroom").await.unwrap().status(), 200);
    let refused = look("ceo").await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], "ErrorAccessDenied");
}

#[test]
fn the_readme_shows_these_tests() {
    let this = include_str!("newcomer.rs");
    let shown = this.split_once("\n\n").and_then(|(_, tests)| tests.split_once("\n#[test]\n")).map(|(tests, _)| tests);
    assert!(shown.is_some_and(|tests| include_str!("../README.md").contains(tests)));
}
