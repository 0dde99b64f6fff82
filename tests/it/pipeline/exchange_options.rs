//! Exchange's calls take the options of Graph's, and its lists are read page by page.

use std::time::{Duration, Instant};

use exchange_groups::graph_client::exchange::{GetAcceptedDomain, GetMailbox};
use exchange_groups::graph_client::{ErrorKind, RetryOptions};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::client_at;

/// A list of five pages, one row each. The rows are numbered.
async fn five_pages() -> MockServer {
    let server = MockServer::start().await;
    let uri = server.uri();
    let respond = move |request: &Request| {
        let page: usize =
            request.url.query_pairs().find(|(name, _)| name == "page").map_or(0, |(_, page)| page.parse().unwrap_or(0));
        let link = format!("{uri}/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand?page={}", page + 1);
        let mut body = json!({ "value": [{ "DisplayName": format!("room-{page}") }] });
        if page < 4 {
            body["@odata.nextLink"] = link.into();
        }
        ResponseTemplate::new(200).set_body_json(body)
    };
    Mock::given(any()).respond_with(respond).mount(&server).await;
    server
}

fn header(request: &Request, name: &str) -> Option<String> {
    Some(request.headers.get(name)?.to_str().ok()?.to_owned())
}

async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap_or_default()
}

#[tokio::test]
async fn a_list_is_streamed_row_by_row_and_stops_where_the_caller_stops() {
    let server = five_pages().await;
    let client = client_at(&server.uri());
    let all: Vec<_> = client.exchange().list(GetMailbox::all()).into_stream().try_collect().await.expect("a list");
    assert_eq!(all.len(), 5);
    let before = requests(&server).await.len();
    let mut rows = client.exchange().list(GetMailbox::all()).into_stream();
    let first = rows.try_next().await.expect("a row").expect("one at least");
    drop(rows);
    assert_eq!(first.display_name.as_deref(), Some("room-0"));
    assert_eq!(requests(&server).await.len(), before + 1, "what nobody reads is not asked for");
}

#[tokio::test]
async fn a_list_is_resumed_from_the_link_of_a_page() {
    let server = five_pages().await;
    let client = client_at(&server.uri());
    let mut pages = client.exchange().list(GetMailbox::all()).into_pages();
    pages.try_next().await.expect("a page");
    let second = pages.try_next().await.expect("a page").expect("a second page");
    let link = second.next_link.expect("a third page");
    let rest = client.exchange().list(GetMailbox::all()).starting_at(&link).into_stream();
    let names: Vec<String> =
        rest.map_ok(|row| row.display_name.unwrap_or_default()).try_collect().await.expect("the rest");
    assert_eq!(names, ["room-2", "room-3", "room-4"]);
}

#[tokio::test]
async fn a_list_is_resumed_on_the_service_and_in_the_tenant_only() {
    let server = five_pages().await;
    let client = client_at(&server.uri());
    let elsewhere = format!("{}/adminapi/beta/fabrikam.onmicrosoft.com/InvokeCommand?page=2", server.uri());
    for link in ["no link", "https://elsewhere.example/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand", &elsewhere]
    {
        let rows = client.exchange().list(GetMailbox::all()).starting_at(link).into_stream();
        let error = rows.try_collect::<Vec<_>>().await.expect_err(link);
        assert!(matches!(error.kind(), ErrorKind::Input | ErrorKind::Untrusted), "{link}: {error}");
    }
    assert_eq!(requests(&server).await.len(), 0, "neither the token nor the command went anywhere");
}

#[tokio::test]
async fn a_cmdlet_takes_the_options_of_every_call() {
    let server = five_pages().await;
    let client = client_at(&server.uri());
    let domains = client
        .exchange()
        .run(GetMailbox::all())
        .client_request_id("5a0d9c1e-7c34-4f0b-b8f4-9a1c2f3d4e05")
        .header("x-of-mine", "yes")
        .prefer("odata.maxpagesize=7")
        .await
        .expect("a list");
    assert_eq!(domains.len(), 5);
    for request in requests(&server).await {
        assert_eq!(header(&request, "client-request-id").as_deref(), Some("5a0d9c1e-7c34-4f0b-b8f4-9a1c2f3d4e05"));
        assert_eq!(header(&request, "x-of-mine").as_deref(), Some("yes"));
        assert_eq!(header(&request, "prefer").as_deref(), Some("odata.maxpagesize=7"));
        assert!(header(&request, "x-anchormailbox").is_some_and(|anchor| anchor.starts_with("APP:SystemMailbox")));
    }
}

#[tokio::test]
async fn a_cmdlet_takes_time_limits_and_retries_of_its_own() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503).insert_header("retry-after", "30")).mount(&server).await;
    let client = client_at(&server.uri());
    let started = Instant::now();
    let patient = RetryOptions::default().with_max_elapsed(Duration::from_secs(600));
    let run = client.exchange().run(GetAcceptedDomain::new()).retry(patient).total_timeout(Duration::from_millis(300));
    let error = run.await.expect_err("it is down");
    assert!(started.elapsed() < Duration::from_secs(20), "the caller's own time limit ends it: {error}");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 1));
}

#[tokio::test]
async fn what_only_graph_takes_is_refused_before_anything_is_sent() {
    let server = five_pages().await;
    let client = client_at(&server.uri());
    let error = client.exchange().run(GetMailbox::all()).time_zone("UTC").await.expect_err("an option of Graph's");
    assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    let batch = client.batch().run([client.exchange().run(GetMailbox::all())]).await;
    assert!(
        batch.iter().all(|result| result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Input)),
        "{batch:?}"
    );
    assert_eq!(requests(&server).await.len(), 0);
}

#[tokio::test]
async fn a_stale_token_in_a_batch_of_graphs_is_renewed_by_one_request_and_the_rest_go_together() {
    let server = MockServer::start().await;
    let renewed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let respond = move |request: &Request| {
        if !request.url.path().ends_with("/$batch") {
            renewed.store(true, std::sync::atomic::Ordering::SeqCst);
            return ResponseTemplate::new(200).set_body_json(json!({ "id": "alone" }));
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let status = if renewed.load(std::sync::atomic::Ordering::SeqCst) { 200 } else { 401 };
        let items = body["requests"].as_array().cloned().unwrap_or_default();
        let responses: Vec<Value> = items
            .iter()
            .map(|item| json!({ "id": item["id"], "status": status, "body": { "id": format!("user-{}", item["id"]) } }))
            .collect();
        ResponseTemplate::new(200).set_body_json(json!({ "responses": responses }))
    };
    Mock::given(any()).respond_with(respond).mount(&server).await;
    let client = client_at(&server.uri());
    let users = ["a", "b", "c", "d", "e"].map(|name| {
        client.request(exchange_groups::graph_client::Method::GET, format!("/v1.0/users/{name}")).typed::<Value>()
    });
    let results = client.batch().run(users).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let paths: Vec<String> = requests(&server).await.iter().map(|request| request.url.path().to_owned()).collect();
    assert_eq!(paths, ["/v1.0/$batch", "/v1.0/users/a", "/v1.0/$batch"]);
}
