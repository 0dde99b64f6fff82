//! Nothing that others name can draw on a terminal or forge a line.

use exchange_groups::graph_client::graph::{FreeBusyError, GroupVisibility, Place, Timestamp};
use exchange_groups::graph_client::{ErrorKind, SmtpAddress};
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::resources_support::client_of;

/// Clears the screen, forges a line, and reverses what follows.
const EVIL: &str = "x\u{1b}[2J\r\nPROVEN\u{202e}\u{2066}\u{200b}\u{9b}0m\u{7}";

fn is_clean(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() || "\u{202e}\u{2066}\u{200b}".contains(c))
}

/// W18.
#[tokio::test]
async fn the_error_of_a_service_cannot_draw_on_a_terminal() {
    let server = MockServer::builder().start().await;
    let body = json!({"error": {"code": EVIL, "message": EVIL, "target": EVIL, "details": [{"code": EVIL, "message": EVIL, "target": EVIL}],
                                "innerError": {"code": EVIL, "message": format!("{EVIL}2"), "request-id": EVIL}}});
    Mock::given(any()).respond_with(ResponseTemplate::new(403).set_body_json(body)).mount(&server).await;
    let client = client_of(&server.uri());
    let error = client.groups().get(EVIL).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(
        is_clean(&error.to_string()) && error.to_string().contains(r"\u{1b}[2J\u{d}\u{a}PROVEN\u{202e}"),
        "{error}"
    );
    assert!(is_clean(&format!("{error:?}")), "{error:?}");
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(is_clean(&source), "{source:?}");

    // What is refused before it is sent, and what came and was not understood.
    let error = client
        .request(exchange_groups::graph_client::Method::GET, "/v1.0/me")
        .time_zone(EVIL)
        .send()
        .await
        .unwrap_err();
    assert!(is_clean(&error.to_string()) && is_clean(&format!("{error:?}")), "{error:?}");
    let server = MockServer::builder().start().await;
    let answer = ResponseTemplate::new(200).set_body_raw(format!("plain {EVIL}"), "text/plain");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let error = client_of(&server.uri()).groups().get("g").await.unwrap_err();
    assert!(is_clean(&error.to_string()), "{error}");
    let error = client_of(&server.uri()).groups().list().await.unwrap_err();
    assert!(is_clean(&error.to_string()), "{error}");
}

/// W18.
#[test]
fn every_display_of_what_a_tenant_names_is_clean() {
    let place: Place =
        serde_json::from_value(json!({"@odata.type": "#microsoft.graph.room", "id": EVIL, "displayName": EVIL}))
            .unwrap();
    let unnamed: Place = serde_json::from_value(json!({"@odata.type": "#microsoft.graph.room", "id": EVIL})).unwrap();
    let busy: FreeBusyError = serde_json::from_value(json!({"message": EVIL, "responseCode": EVIL})).unwrap();
    let visibility: GroupVisibility = serde_json::from_value(json!(EVIL)).unwrap();
    let invalid = EVIL.parse::<SmtpAddress>().unwrap_err();
    let shown = [
        place.to_string(),
        unnamed.to_string(),
        busy.to_string(),
        visibility.to_string(),
        Timestamp::from(EVIL).to_string(),
        exchange_groups::graph_client::AppRoleAssignmentId::from(EVIL).to_string(),
        invalid.to_string(),
        invalid.at(EVIL).to_string(),
    ];
    for text in shown {
        assert!(is_clean(&text) && text.contains("PROVEN"), "{text:?}");
    }
}
