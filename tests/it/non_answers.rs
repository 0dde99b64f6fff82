//! A non-answer of Graph is not an answer: what is no record, no list and no success is an error.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use exchange_groups::graph_client::graph::{
    FreeBusyQuery, Group, InvitationResponse, PlaceKind, Properties, Room, ServicePrincipal,
};
use exchange_groups::graph_client::{
    Client, ClientId, ClientSecret, Error, ErrorKind, Method, Operation, Result, ServicePrincipalId,
};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::resources_support::client_of;

const ID: &str = "5b31c38c-2584-42f0-aa47-657fb3a84230";

/// A server that gives one answer to everything.
async fn answering(answer: ResponseTemplate) -> (MockServer, Client) {
    let server = MockServer::builder().start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let client = client_of(&server.uri());
    (server, client)
}

fn raw(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body, content_type)
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>() -> T {
    ID.parse().expect("a GUID")
}

type Outcome = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

fn outcome<T: Send + 'static>(operation: Operation<T>) -> Outcome {
    let sent = operation.into_future();
    Box::pin(async move { sent.await.map(drop) })
}

/// Every typed read of one record.
fn reads(client: &Client) -> Vec<(&'static str, Outcome)> {
    let calendar = client.calendar("room@contoso.com");
    vec![
        ("service principal", outcome(client.service_principals().get(&id()))),
        ("service principal by application", outcome(client.service_principals().by_app_id(&id()))),
        ("application", outcome(client.applications().get(id::<ClientId>()))),
        ("permission grant", outcome(client.permission_grants().get("g"))),
        ("directory role", outcome(client.directory_roles().definition(ID))),
        ("administrative unit", outcome(client.administrative_units().get(ID))),
        ("group", outcome(client.groups().get(ID))),
        ("user", outcome(client.users().get("ceo@contoso.com"))),
        ("selected user", outcome(client.users().get_with("ceo@contoso.com", &["displayName"]))),
        ("manager", outcome(client.users().manager("ceo@contoso.com"))),
        ("domain", outcome(client.organization().domain("contoso.com"))),
        ("room", outcome(client.rooms().get("room@contoso.com"))),
        ("place", outcome(client.places().get("room@contoso.com"))),
        ("mailbox settings", outcome(client.mailbox_settings("room@contoso.com").get())),
        ("purpose", outcome(client.mailbox_settings("room@contoso.com").purpose())),
        ("calendar", outcome(calendar.get())),
        ("event", outcome(calendar.event("e"))),
        ("attachment", outcome(calendar.attachment("e", "a"))),
        ("extension", outcome(calendar.extension("e", "com.contoso.booking"))),
        ("subscription", outcome(client.subscriptions().get("s"))),
        ("message", outcome(client.channel("t", "c").message("m"))),
        ("plan", outcome(client.planner().plan("p"))),
        ("task", outcome(client.planner().task("t"))),
        ("device", outcome(client.managed_devices().get("d"))),
    ]
}

/// W2.
#[tokio::test]
async fn a_body_that_is_not_the_record_asked_for_is_an_error_for_every_typed_read() {
    let bodies: [(&str, &[u8]); 13] = [
        ("application/json", b"{}"),
        ("application/json", br#"{"message":"maintenance"}"#),
        ("application/json", br#"{"Message":"An error has occurred."}"#),
        ("application/json", br#"{"@odata.context":"c","error":{"code":"x","message":"m"}}"#),
        ("application/json", br#"{"@odata.context":"c","id":"1","value":"room","error":{"code":"x","message":"m"}}"#),
        ("application/json", br#"{"id":"","message":"m"}"#),
        ("application/json", br#"{"id":null}"#),
        ("application/json", b"[]"),
        ("application/json", b"null"),
        ("application/json", br#""ok""#),
        ("text/html", b"<html><body>Sign in</body></html>"),
        ("application/json", b""),
        ("application/json", b"\0\0\0\0"),
    ];
    for (content_type, body) in bodies {
        let (_server, client) = answering(raw(200, content_type, body)).await;
        for (what, read) in reads(&client) {
            let error = read.await.err().unwrap_or_else(|| panic!("{what} from {}", String::from_utf8_lossy(body)));
            assert!(matches!(error.kind(), ErrorKind::Decode | ErrorKind::Service), "{what}: {error}");
            assert!(!error.is_outcome_unknown(), "{what} is a read: {error}");
        }
        assert!(client.organization().get().await.is_err());
    }
}

/// W2. A list has an id no more than a notice has, even if one of its items has one.
#[tokio::test]
async fn a_list_is_no_record() {
    let (_server, client) = answering(ResponseTemplate::new(200).set_body_json(json!({"value": [{"id": ID}]}))).await;
    for (what, read) in reads(&client).into_iter().filter(|(what, _)| *what != "purpose") {
        assert_eq!(read.await.expect_err(what).kind(), ErrorKind::Decode, "{what}");
    }
}

/// W2. A cache in between gave another object's record.
#[tokio::test]
async fn another_object_is_not_the_one_asked_for() {
    let other = "11111111-2222-4333-8444-555555555555";
    let (_server, client) =
        answering(ResponseTemplate::new(200).set_body_json(json!({"id": other, "appId": other}))).await;
    let error = client.service_principals().get(&id()).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Decode && error.message().contains("another object"), "{error}");
    assert!(client.service_principals().by_app_id(&id()).await.is_err());
    assert!(client.groups().get(ID).await.is_err());
    // An address is not an id: the record tells the id.
    assert_eq!(client.users().get("ceo@contoso.com").await.unwrap().id, other);
}

/// W2.
#[tokio::test]
async fn a_page_of_a_proxy_is_no_picture_and_no_place() {
    let (_server, client) = answering(raw(200, "text/html", "<html>Sign in</html>")).await;
    assert_eq!(client.users().photo("ceo@contoso.com", None).await.unwrap_err().kind(), ErrorKind::Decode);
    let (_server, client) = answering(raw(200, "image/jpeg", [0xff, 0xd8])).await;
    assert_eq!(client.users().photo("ceo@contoso.com", None).await.unwrap(), Some(vec![0xff, 0xd8]));
    let (_server, client) = answering(ResponseTemplate::new(200).set_body_json(json!({"value": [{"id": ""}]}))).await;
    assert!(client.places().descendants("b", &PlaceKind::Desk).await.is_err());
    assert!(client.organization().get().await.is_err());
    let (_server, client) =
        answering(ResponseTemplate::new(200).set_body_json(json!({"value": ["another group"]}))).await;
    assert!(client.groups().check_member_groups(ID, &["g"]).await.is_err());
}

/// W13. A condition that the service ignored gives rows of others.
#[tokio::test]
async fn a_role_or_grant_of_another_principal_is_no_answer() {
    let other = "11111111-2222-4333-8444-555555555555";
    for (owner, is_own) in [(ID, true), (other, false)] {
        let row = json!({"id": "r", "principalId": owner, "clientId": owner, "roleDefinitionId": "d", "directoryScopeId": "/"});
        let (_server, client) = answering(ResponseTemplate::new(200).set_body_json(json!({"value": [row]}))).await;
        let roles = client.directory_roles();
        assert_eq!(roles.assignments_of(&id()).await.is_ok(), is_own);
        assert_eq!(roles.eligible_of(&id()).await.is_ok(), is_own);
        assert_eq!(roles.active_of(&id()).await.is_ok(), is_own);
        assert_eq!(client.service_principals().permission_grants(&id()).await.is_ok(), is_own);
        // What a principal holds through its groups is theirs.
        assert!(roles.transitive_of(&id()).await.is_ok());
    }
}

/// W2. What was selected is all that can be asked of a record.
#[tokio::test]
async fn a_record_needs_no_id_that_was_not_selected() {
    let (_server, client) = answering(ResponseTemplate::new(200).set_body_json(json!({"displayName": "CEO"}))).await;
    let user = client.users().get_with("ceo@contoso.com", &["displayName"]).await.unwrap();
    assert_eq!(user.display_name.as_deref(), Some("CEO"));
    assert!(client.users().get_with("ceo@contoso.com", &["id", "displayName"]).await.is_err());
}

/// Answers a batch with one body for every item.
fn items(status: u16, body: Value) -> impl Fn(&Request) -> ResponseTemplate + Send + Sync {
    move |request| {
        let sent: Value = serde_json::from_slice(&request.body).expect("a batch");
        let sent = sent["requests"].as_array().cloned().unwrap_or_default();
        let item = |item: &Value| json!({"id": item["id"], "status": status, "headers": {}, "body": body});
        ResponseTemplate::new(200).set_body_json(json!({"responses": sent.iter().map(item).collect::<Vec<_>>()}))
    }
}

async fn batching(status: u16, body: Value) -> (MockServer, Client) {
    let server = MockServer::builder().start().await;
    Mock::given(any()).respond_with(items(status, body)).mount(&server).await;
    let client = client_of(&server.uri());
    (server, client)
}

/// W2, W7.
#[tokio::test]
async fn items_of_a_batch_are_checked_like_requests_of_their_own() {
    let (_server, client) = batching(200, json!({"message": "maintenance"})).await;
    let read = client.batch().run([client.service_principals().get(&id())]).await.remove(0);
    assert_eq!(read.unwrap_err().kind(), ErrorKind::Decode);
    let page = client.batch().run([client.groups().members(ID)]).await.remove(0);
    assert_eq!(page.unwrap_err().kind(), ErrorKind::Decode);
    let write = client.batch().run([revocation(&client)]).await.remove(0);
    let error = write.unwrap_err();
    assert!(error.kind() == ErrorKind::Decode && error.is_outcome_unknown(), "{error}");

    let (_server, client) = batching(404, json!("<html>Not found</html>")).await;
    let write = client.batch().run([revocation(&client)]).await.remove(0);
    assert_eq!(write.unwrap_err().kind(), ErrorKind::Decode, "a page of HTML is not Graph's 404");
    let (_server, client) = batching(204, Value::Null).await;
    client.batch().run([revocation(&client)]).await.remove(0).unwrap();
}

fn revocation(client: &Client) -> Operation<()> {
    client.service_principals().delete_app_role_assignment(&id(), &"an-opaque-id".into())
}

/// W2.
#[tokio::test]
async fn a_list_without_rows_or_with_rows_that_are_no_records_is_an_error() {
    for body in [
        json!({}),
        json!({"message": "maintenance"}),
        json!({"value": null}),
        json!({"value": "many"}),
        json!({"@odata.context": "c", "error": {"code": "x", "message": "m"}}),
        json!({"value": [], "error": {"code": "x", "message": "m"}}),
        json!({"value": [{"id": ID}], "error": {"code": "x", "message": "m"}}),
        json!({"value": [{}]}),
        json!({"value": [{"id": ID}, {"message": "maintenance"}]}),
        json!({"value": [{"id": ""}]}),
        json!([{"id": ID}]),
    ] {
        let (_server, client) = answering(ResponseTemplate::new(200).set_body_json(&body)).await;
        assert!(client.groups().list().await.is_err(), "{body}");
        let rows: Result<Vec<Group>> = client.groups().list().into_stream().try_collect().await;
        assert!(rows.is_err(), "{body}");
        let members = client.groups().members(ID).into_stream().try_collect::<Vec<_>>().await;
        assert!(members.is_err(), "{body}");
        let assignments = client.service_principals().app_role_assignments(&id()).into_stream().try_collect::<Vec<_>>();
        assert!(assignments.await.is_err(), "{body}");
        assert!(client.places().descendants("p", &PlaceKind::Desk).await.is_err(), "{body}");
        assert!(client.users().delta().await.is_err(), "{body}");
    }
    for body in ["<html></html>", "", "\0\0"] {
        let (_server, client) = answering(raw(200, "text/html", body)).await;
        assert!(client.groups().list().await.is_err(), "{body:?}");
    }
    // A list of names alone has no ids.
    let (_server, client) =
        answering(ResponseTemplate::new(200).set_body_json(json!({"value": [{"displayName": "A"}]}))).await;
    assert_eq!(client.groups().list().select(&["displayName"]).await.unwrap().items.len(), 1);
    assert!(client.groups().list().select(&["id", "displayName"]).await.is_err());
}

/// W2. The error of a service is told as what it is, wherever its annotations stand.
#[tokio::test]
async fn an_error_after_its_context_is_the_services_error() {
    let body = json!({"@odata.context": "c", "error": {"code": "UnknownError", "message": "Try later."}});
    let (_server, client) = answering(ResponseTemplate::new(200).set_body_json(body)).await;
    for error in [
        client.groups().get(ID).await.unwrap_err(),
        client.groups().list().await.unwrap_err(),
        client.request(Method::GET, "/v1.0/me").json::<Value>().await.unwrap_err(),
    ] {
        assert_eq!((error.code(), error.message()), (Some("UnknownError"), "Try later."));
    }
}

/// Every write without output.
fn writes(client: &Client) -> Vec<(&'static str, Outcome)> {
    let calendar = client.calendar("room@contoso.com");
    vec![
        ("revoke", outcome(revocation(client))),
        ("delete service principal", outcome(client.service_principals().delete(&id()))),
        (
            "delete application",
            outcome(client.applications().delete(exchange_groups::graph_client::graph::ApplicationRef::id(ID))),
        ),
        (
            "remove password",
            outcome(
                client
                    .applications()
                    .remove_password(exchange_groups::graph_client::graph::ApplicationRef::id(ID), "k"),
            ),
        ),
        ("delete grant", outcome(client.permission_grants().delete("g"))),
        ("set scopes", outcome(client.permission_grants().set_scopes("g", &["User.Read"]))),
        ("take role", outcome(client.directory_roles().unassign("a"))),
        ("delete event", outcome(calendar.delete_event("e"))),
        ("cancel", outcome(calendar.cancel("e", None))),
        ("decline", outcome(calendar.decline("e", &InvitationResponse::silent()))),
        ("dismiss", outcome(calendar.dismiss_reminder("e"))),
        ("change extension", outcome(calendar.update_extension("e", "com.contoso.booking", &Properties::new()))),
        ("delete subscription", outcome(client.subscriptions().delete("s"))),
        ("delete place", outcome(client.places().delete("p"))),
    ]
}

/// W7.
#[tokio::test]
async fn a_write_without_output_succeeds_only_on_the_documented_success() {
    for (status, content_type, body) in [
        (200, "text/html", "<html>Blocked by your organisation</html>"),
        (200, "application/json", r#"{"message":"maintenance"}"#),
        (200, "application/json", "null"),
        (201, "application/json", "{}"),
        (202, "text/html", "<html>Please sign in</html>"),
        (206, "text/plain", "part"),
    ] {
        let (_server, client) = answering(raw(status, content_type, body)).await;
        for (what, write) in writes(&client) {
            let error = write.await.err().unwrap_or_else(|| panic!("{what} by {status} {body}"));
            assert!(error.kind() == ErrorKind::Decode && error.is_outcome_unknown(), "{what}: {error}");
            assert_eq!(error.status(), Some(status));
        }
    }
    let (_server, client) = answering(ResponseTemplate::new(204)).await;
    for (what, write) in writes(&client) {
        write.await.unwrap_or_else(|error| panic!("{what}: {error}"));
    }
    // Actions of Outlook answer so, now and then with a body that says nothing.
    let (_server, client) = answering(raw(202, "application/json", "{}")).await;
    client.calendar("room@contoso.com").cancel("e", None).await.unwrap();
}

/// W7. A proxy's 404 says nothing about what was to be deleted.
#[tokio::test]
async fn only_graphs_own_404_is_not_found() {
    for (content_type, body) in [
        ("text/html", "<html>404 Not Found</html>"),
        ("text/plain", ""),
        ("application/json", "{}"),
        ("application/json", r#"{"message":"no Route matched with those values"}"#),
        ("application/json", r#"{"error":"not_found"}"#),
        ("application/json", r#"{"error":{"message":"no such route"}}"#),
    ] {
        let (_server, client) = answering(raw(404, content_type, body)).await;
        let error = revocation(&client).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Decode, Some(404)), "{body}");
        assert!(error.graph().is_none() && error.advice().is_some(), "{body}: {error}");
        assert_eq!(client.groups().get(ID).await.unwrap_err().kind(), ErrorKind::Decode, "{body}");
        assert!(
            client.users().manager("ceo@contoso.com").await.is_err(),
            "{body}: a person without a manager is no 404 of a proxy"
        );
        assert!(client.users().photo("ceo@contoso.com", None).await.is_err(), "{body}");
    }
    let own = json!({"error": {"code": "Request_ResourceNotFound", "message": "Resource 'x' does not exist."}});
    let (_server, client) = answering(ResponseTemplate::new(404).set_body_json(own)).await;
    let error = revocation(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.graph().map(|graph| graph.code.as_str()), Some("Request_ResourceNotFound"));
    assert_eq!(client.users().manager("ceo@contoso.com").await.unwrap(), None);
}

/// W7. Neither does its 403 or 409 about permissions or what exists.
#[tokio::test]
async fn a_proxys_page_is_no_denial_and_no_conflict() {
    for status in [403, 409, 412] {
        let (_server, client) = answering(raw(status, "text/html", "<html>Forbidden</html>")).await;
        assert_eq!(client.calendar("ceo@contoso.com").get().await.unwrap_err().kind(), ErrorKind::Decode, "{status}");
        let grant = client.permission_grants().grant_for_all(&id(), &id(), &["User.Read"]).await;
        assert!(grant.is_err(), "{status} does not say that it exists");
    }
}

/// W7. What stands before the sign-in service says nothing about it either.
#[tokio::test]
async fn a_404_on_the_way_to_a_token_is_not_the_404_of_an_object() {
    for status in [400, 403, 404, 409, 410] {
        let (_server, client) = answering(raw(status, "text/html", "<html>Blocked</html>")).await;
        let secret = ClientSecret::new(ID.parse().unwrap(), "the-secret-of-it");
        let client = client.with_credential(secret);
        let error = revocation(&client).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Auth, Some(status)), "{error}");
        assert!(client.users().manager("ceo@contoso.com").await.is_err(), "{status}");
    }
}

/// W12.
#[tokio::test]
async fn an_error_whose_only_message_is_within_is_told() {
    let body = json!({"error": {"code": "BadRequest", "message": "", "target": "root", "innerError": {
        "code": "folderAlreadyExists",
        "message": "Resource folder already exists.",
        "details": [{"code": "Deep", "message": "It was set up before.", "target": "folder",
                     "details": [{"code": "Deepest", "message": "By another application."}]}],
        "innererror": {"code": "innermost", "message": "On 2021-09-14."},
        "request-id": "f88be238-1339-49c8-b03d-37f45d54761f"
    }}});
    let (_server, client) = answering(ResponseTemplate::new(400).set_body_json(body)).await;
    let error = client.groups().get(ID).await.unwrap_err();
    let shown = error.to_string();
    for part in ["folder already exists", "folder: It was set up before", "By another application", "On 2021-09-14"] {
        assert!(error.message().contains(part) && shown.contains(part), "{part}: {shown}");
    }
    assert!(!error.message().starts_with(';'), "{error}");
    let graph = error.graph().unwrap();
    for code in ["BadRequest", "folderAlreadyExists", "Deep", "Deepest", "INNERMOST"] {
        assert!(graph.has_code(code), "{code}: {graph:?}");
    }
    assert_eq!(
        (graph.code.as_str(), graph.message.as_str(), graph.target.as_deref()),
        ("BadRequest", "", Some("root"))
    );
    assert_eq!(error.request_id(), Some("f88be238-1339-49c8-b03d-37f45d54761f"));
}

fn half_hours(steps: u64) -> FreeBusyQuery {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_341_600);
    FreeBusyQuery::new(start, start + Duration::from_secs(steps * 1_800))
}

/// W13.
#[tokio::test]
async fn an_availability_view_that_is_shorter_or_longer_than_asked_is_never_free() {
    let answer = |view: &str| json!({"value": [{"scheduleId": "room@contoso.com", "availabilityView": view}]});
    for view in ["0", "00000000", "0000000000", ""] {
        let (_server, client) = answering(ResponseTemplate::new(200).set_body_json(answer(view))).await;
        let mailbox = ["room@contoso.com"];
        let room = client.calendar("room@contoso.com").free_busy(&mailbox, &half_hours(9)).await.unwrap().remove(0);
        let error = room.schedule.expect_err("an answer to another question");
        assert!(view.is_empty() || error.to_string().contains("of the 9"), "{error}");
    }
    let (_server, client) = answering(ResponseTemplate::new(200).set_body_json(answer("000000000"))).await;
    let room =
        client.calendar("room@contoso.com").schedule(&["ROOM@contoso.com"], &half_hours(9)).await.unwrap().remove(0);
    assert!(room.schedule.unwrap().is_free());
}

/// W13.
#[tokio::test]
async fn two_different_answers_for_one_mailbox_and_odd_errors_are_never_free() {
    let room =
        |view: &str, error: Value| json!({"scheduleId": "room@contoso.com", "availabilityView": view, "error": error});
    for rows in [
        json!([room("00", Value::Null), room("22", Value::Null)]),
        json!([room("00", json!("mailbox is moving"))]),
        json!([room("00", json!(503))]),
        json!([room("00", json!({"message": "m"}))]),
        json!([{"scheduleId": "other@contoso.com", "availabilityView": "00"}]),
    ] {
        let (_server, client) = answering(ResponseTemplate::new(200).set_body_json(json!({"value": rows}))).await;
        let answers =
            client.calendar("room@contoso.com").free_busy(&["room@contoso.com"], &half_hours(2)).await.unwrap();
        assert!(answers[0].schedule.is_err(), "{answers:?}");
    }
}

/// W15.
#[tokio::test]
async fn one_odd_scalar_in_one_row_costs_that_field_and_not_the_list() {
    let rows = json!({"value": [
        {"id": ID, "appId": "00000000-0000-0000-0000-000000000000", "accountEnabled": "True", "displayName": 7,
         "tags": "one", "appRoles": null, "notes": {"x": 1}, "homepage": ["h"]},
        {"id": "6463a5ce-2119-4198-9f2a-628761df4a62", "appId": "not a guid", "accountEnabled": "perhaps", "displayName": "B",
         "appRoles": [{"id": "798ee544-9d2d-430c-a058-570e29e34338", "value": "Calendars.Read", "isEnabled": 1}]},
    ]});
    let (_server, client) = answering(ResponseTemplate::new(200).set_body_json(rows)).await;
    let found: Vec<ServicePrincipal> = client.service_principals().list().into_stream().try_collect().await.unwrap();
    let [first, second] = &*found else { panic!("{found:?}") };
    assert_eq!((first.app_id, first.account_enabled, first.display_name.as_deref()), (None, Some(true), Some("7")));
    assert_eq!((first.tags.as_slice(), &first.notes, &first.homepage), (["one".to_owned()].as_slice(), &None, &None));
    assert_eq!((second.app_id, second.account_enabled, second.display_name.as_deref()), (None, None, Some("B")));
    assert_eq!(second.app_roles[0].value.as_deref(), Some("Calendars.Read"));

    let rooms = json!({"value": [{"id": "1", "capacity": 12.0, "floorNumber": "3", "isWheelChairAccessible": "false",
                                  "emailAddress": 5, "address": "Main Street 1", "tags": {"a": 1}}]});
    let (_server, client) = answering(ResponseTemplate::new(200).set_body_json(rooms)).await;
    let rooms: Vec<Room> = client.rooms().list().into_stream().try_collect().await.unwrap();
    assert_eq!((rooms[0].capacity, rooms[0].floor_number, &rooms[0].address), (Some(12), Some(3), &None));
}

/// W16.
#[tokio::test]
async fn an_endless_list_of_empty_pages_with_fresh_links_ends_with_an_error() {
    let server = MockServer::builder().start().await;
    let root = server.uri();
    let count = std::sync::atomic::AtomicUsize::new(0);
    let respond = move |_: &Request| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let next = format!("{root}/v1.0/groups?$skiptoken={number}");
        ResponseTemplate::new(200).set_body_json(json!({"value": [], "@odata.nextLink": next}))
    };
    Mock::given(any()).respond_with(respond).mount(&server).await;
    let all = client_of(&server.uri()).groups().list().into_stream().try_collect::<Vec<_>>();
    let error: Error = all.await.unwrap_err();
    assert!(error.kind() == ErrorKind::Untrusted && error.message().contains("not complete"), "{error}");
    assert!(server.received_requests().await.unwrap().len() <= 1_100);
}

/// W2. An id by another type is still the id.
#[tokio::test]
async fn a_service_principal_is_found_under_its_id_in_any_case() {
    let body = json!({"id": ID.to_uppercase(), "appId": ID});
    let (_server, client) = answering(ResponseTemplate::new(200).set_body_json(body)).await;
    let found = client.service_principals().get(&id()).await.unwrap();
    assert_eq!(found.id, id::<ServicePrincipalId>());
}
