//! Lists, queries, batches and delta queries, with every fault that a service or a link can have.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use exchange_groups::graph_client::graph::BodyType;
use exchange_groups::graph_client::{
    Change, Client, Cloud, DeltaEvent, Error, ErrorKind, Filter, Method, Page, RemovalReason, Response, RetryOptions,
    Search, StaticToken,
};
use exchange_groups_tests::{Answer, Contoso, RawServer, quick_retries};
use fake_tenant::{Fault, Matcher};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// A client of servers that take any token.
fn client_of(graph: &str) -> Client {
    Client::builder()
        .tenant("contoso.com")
        .credential(StaticToken::graph("token"))
        .cloud(Cloud::custom(graph, graph, graph).expect("an address on this machine"))
        .retry(quick_retries())
        .build()
        .expect("a client")
}

/// A server that answers by the number of the request, from 0.
struct Graph {
    server: MockServer,
    client: Client,
}

impl Graph {
    async fn start(answer: impl Fn(usize, &Request, &str) -> ResponseTemplate + Send + Sync + 'static) -> Self {
        let server = MockServer::builder().start().await;
        let (count, root) = (Mutex::new(0), server.uri());
        let respond = move |request: &Request| {
            let number = {
                let mut count = count.lock().expect("nothing panics in here");
                *count += 1;
                *count - 1
            };
            answer(number, request, &root)
        };
        Mock::given(any()).respond_with(respond).mount(&server).await;
        let client = client_of(&server.uri());
        Self { server, client }
    }

    async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.expect("a server that records")
    }

    async fn bodies(&self) -> Vec<Value> {
        self.requests().await.iter().map(|request| serde_json::from_slice(&request.body).unwrap_or_default()).collect()
    }

    fn groups(&self) -> exchange_groups::graph_client::List<Value> {
        self.client.request(Method::GET, "/v1.0/groups").list()
    }

    fn delta(&self) -> exchange_groups::graph_client::Delta<Value> {
        self.client.request(Method::GET, "/v1.0/groups/delta").delta()
    }
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn page(items: &[i32], next: Option<String>) -> ResponseTemplate {
    let mut body = json!({ "value": items });
    if let Some(next) = next {
        body["@odata.nextLink"] = next.into();
    }
    ok(&body)
}

fn failed(status: u16, code: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"error": {"code": code, "message": "no"}}))
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name).map(|value| value.to_str().expect("text"))
}

fn parameter(request: &Request, name: &str) -> Option<String> {
    request.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Three pages of one item each.
fn three(number: usize, root: &str) -> ResponseTemplate {
    let items = [i32::try_from(number).unwrap_or_default()];
    page(&items, (number < 2).then(|| format!("{root}/v1.0/groups?$skiptoken={number}")))
}

async fn all(graph: &Graph) -> (Vec<Value>, Option<Error>) {
    let mut stream = graph.groups().into_stream();
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(item) => items.push(item),
            Err(error) => {
                assert!(stream.next().await.is_none(), "the stream ends with its error");
                return (items, Some(error));
            }
        }
    }
    (items, None)
}

// Lists

#[tokio::test]
async fn the_next_page_and_no_further_one_is_read_while_the_caller_works() {
    let graph = Graph::start(|number, _, root| three(number, root).set_delay(Duration::from_millis(150))).await;
    let mut pages = graph.groups().into_pages();
    pages.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(graph.requests().await.len(), 2, "one page ahead, not two");
    let started = Instant::now();
    assert_eq!(pages.next().await.unwrap().unwrap().items, [1]);
    assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
    assert_eq!(pages.next().await.unwrap().unwrap().items, [2]);
    assert!(pages.next().await.is_none());
}

#[tokio::test]
async fn a_stream_that_is_dropped_asks_for_nothing_more() {
    let graph = Graph::start(|number, _, root| match number {
        0 => three(0, root),
        _ => failed(503, "x").insert_header("retry-after", "0.1"),
    })
    .await;
    let mut pages = graph.groups().into_pages();
    pages.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(pages);
    let sent = graph.requests().await.len();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(graph.requests().await.len(), sent, "the page ahead goes on being asked for");
}

#[tokio::test]
async fn a_link_goes_out_as_it_came_and_a_saved_one_is_resumed_with_the_headers() {
    let (link, link_root) = (
        "/v1.0/Groups?$filter=mail%20eq%20%27a%2fb%3d%27&%24skiptoken=A%2bb_%e2%82%ac",
        Arc::new(Mutex::new(String::new())),
    );
    let root = Arc::clone(&link_root);
    let server = RawServer::start(move |_, request| {
        let root = root.lock().unwrap();
        let next = format!(r#","@odata.nextLink":"{root}{link}""#);
        let next = if request.target.contains("skiptoken") { "" } else { &next };
        Answer::Json(200, format!(r#"{{"value":[1]{next}}}"#))
    })
    .await;
    *link_root.lock().unwrap() = server.url();
    let client = client_of(&server.url());
    let list = || client.request(Method::GET, "/v1.0/groups").list::<Value>().prefer("odata.maxpagesize=5");
    let first = list().count().await.unwrap();
    assert_eq!(list().count().into_stream().try_collect::<Vec<_>>().await.unwrap(), [1, 1]);
    let saved = first.next_link.unwrap();
    assert_eq!(saved, format!("{}{link}", server.url()));
    // The link is the query: that of the list is left out, its headers are not.
    let rest = list().count().select(&["id"]).starting_at(&saved).into_stream();
    assert_eq!(rest.try_collect::<Vec<_>>().await.unwrap(), [1]);
    let requests = server.requests();
    assert_eq!(requests[2].target, link);
    assert_eq!(requests[3].target, link);
    for request in &requests {
        let head = request.head.to_ascii_lowercase();
        assert!(head.contains("prefer: odata.maxpagesize=5") && head.contains("consistencylevel: eventual"), "{head}");
    }
}

#[tokio::test]
async fn a_saved_link_that_needs_the_advanced_engine_says_so_by_itself() {
    let graph = Graph::start(|_, _, _| page(&[], None)).await;
    for (query, expected) in [("%24count=true&$skiptoken=x", Some("eventual")), ("$skiptoken=x", None)] {
        graph.groups().starting_at(&format!("{}/v1.0/groups?{query}", graph.server.uri())).await.unwrap();
        assert_eq!(header(graph.requests().await.last().unwrap(), "consistencylevel"), expected);
    }
    let error = graph.groups().starting_at("skiptoken").await.unwrap_err();
    assert_eq!((error.kind(), graph.requests().await.len()), (ErrorKind::Input, 2));
}

#[tokio::test]
async fn a_link_to_a_foreign_host_is_not_followed() {
    let foreign = Graph::start(|_, _, _| page(&[7], None)).await;
    let link = format!("{}/v1.0/groups", foreign.server.uri());
    let graph = Graph::start(move |_, _, _| page(&[1], Some(link.clone()))).await;
    let (items, error) = all(&graph).await;
    assert_eq!((items, error.unwrap().kind()), (vec![json!(1)], ErrorKind::Untrusted));
    let saved = format!("{}/v1.0/groups", foreign.server.uri());
    assert_eq!(graph.groups().starting_at(&saved).await.unwrap_err().kind(), ErrorKind::Untrusted);
    assert_eq!(foreign.requests().await.len(), 0, "the token was sent to another host");
}

#[tokio::test]
async fn a_link_that_comes_twice_ends_the_list_with_an_error() {
    let graph = Graph::start(|number, _, root| {
        page(&[i32::try_from(number).unwrap()], Some(format!("{root}/v1.0/groups?$skiptoken={}", number % 2)))
    })
    .await;
    let (items, error) = all(&graph).await;
    assert_eq!((items.len(), error.unwrap().kind()), (3, ErrorKind::Untrusted));
    assert_eq!(graph.requests().await.len(), 3);
    // The same page for ever, from the very first link on.
    let graph = Graph::start(|_, _, root| page(&[1], Some(format!("{root}/v1.0/groups")))).await;
    assert_eq!(all(&graph).await.1.unwrap().kind(), ErrorKind::Untrusted);
    assert_eq!(graph.requests().await.len(), 1);
}

#[tokio::test]
async fn an_empty_page_goes_on_and_every_page_repeats_the_headers() {
    let graph = Graph::start(|number, _, root| match number {
        1 => page(&[], Some(format!("{root}/v1.0/groups?$skiptoken=other"))),
        _ => three(number, root),
    })
    .await;
    let list = graph.groups().count().immutable_ids().time_zone("Europe/Berlin").body_type(BodyType::Text);
    let list = list.header("Prefer", "odata.maxpagesize=1").prefer("odata.maxpagesize=2").header("x-own", "1");
    assert_eq!(list.into_stream().try_collect::<Vec<_>>().await.unwrap(), [0, 2]);
    let requests = graph.requests().await;
    assert_eq!(requests.len(), 3);
    let prefer = "IdType=\"ImmutableId\", outlook.timezone=\"Europe/Berlin\", outlook.body-content-type=\"text\", \
                  odata.maxpagesize=2";
    for request in &requests {
        assert_eq!(header(request, "prefer"), Some(prefer));
        assert_eq!(header(request, "consistencylevel"), Some("eventual"));
        assert_eq!(header(request, "x-own"), Some("1"));
        assert_eq!(header(request, "authorization"), Some("Bearer token"));
    }
    let id = |at: usize| header(&requests[at], "client-request-id").unwrap();
    assert!(id(0) != id(1) && id(1) != id(2), "each request has an id of its own");
    assert!(parameter(&requests[1], "$count").is_none(), "the link is all there is of the query");
}

#[tokio::test]
async fn an_id_of_the_caller_is_on_every_page() {
    let graph = Graph::start(|number, _, root| three(number, root)).await;
    graph.groups().client_request_id("mine").into_stream().try_collect::<Vec<_>>().await.unwrap();
    assert!(graph.requests().await.iter().all(|request| header(request, "client-request-id") == Some("mine")));
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_an_error_and_the_end() {
    type Last = fn() -> ResponseTemplate;
    let cases: [(Last, ErrorKind); 7] = [
        (|| failed(400, "Directory_ExpiredPageToken"), ErrorKind::Expired),
        (|| ResponseTemplate::new(410), ErrorKind::Expired),
        (|| ResponseTemplate::new(200).set_body_string("<html>Sign in</html>"), ErrorKind::Decode),
        (|| ok(&json!({"values": []})), ErrorKind::Decode),
        (|| ok(&json!({"value": 5, "@odata.nextLink": "https://graph.example/next"})), ErrorKind::Decode),
        (|| failed(403, "Authorization_RequestDenied"), ErrorKind::Denied),
        (|| failed(500, "Service_InternalServerError"), ErrorKind::Unavailable),
    ];
    for (last, kind) in cases {
        let graph = Graph::start(move |number, _, root| if number < 2 { three(number, root) } else { last() }).await;
        let (items, error) = all(&graph).await;
        assert_eq!(items, [0, 1]);
        let error = error.expect("an error");
        assert_eq!((error.kind(), error.operation()), (kind, "GET /v1.0/groups"), "{error}");
    }
}

#[tokio::test]
async fn a_throttled_page_is_waited_for() {
    let graph = Graph::start(|number, _, root| match number {
        0 => three(0, root),
        1 => failed(429, "TooManyRequests").insert_header("retry-after", "0.2"),
        _ => page(&[9], None),
    })
    .await;
    let started = Instant::now();
    assert_eq!(all(&graph).await.0, [0, 9]);
    assert!(started.elapsed() >= Duration::from_millis(200));
}

// Queries

#[tokio::test]
async fn a_query_is_quoted_encoded_and_sent_with_what_it_needs() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_group(fake_tenant::NewGroup::distribution("o'brien@contoso.com"));
    contoso.tenant.clear_requests();
    let list = || contoso.client.request(Method::GET, "/v1.0/groups").list::<Value>();
    let found = list().filter(Filter::eq("mail", "o'brien@contoso.com")).select(&["id", "mail"]).await.unwrap();
    assert_eq!(found.items.len(), 1);
    assert_eq!((found.count, &found.items[0]["mail"]), (None, &json!("o'brien@contoso.com")));
    let count = list().filter(Filter::ne("mail", "o'brien@contoso.com")).count().await.unwrap().count;
    assert!(count.is_some());
    let requests: Vec<_> = contoso.tenant.requests().into_iter().filter(|r| r.path.contains("/groups")).collect();
    assert_eq!(requests[0].header("consistencylevel"), None, "{:?}", requests[0]);
    assert!(requests[0].path.contains("mail%20eq%20%27o%27%27brien@contoso.com%27"), "{}", requests[0].path);
    assert_eq!(requests[1].header("consistencylevel"), Some("eventual"));
    assert!(requests[1].path.contains("$count=true"), "{}", requests[1].path);
}

#[tokio::test]
async fn a_query_that_would_be_ignored_is_not_sent() {
    let graph = Graph::start(|_, _, _| page(&[], None)).await;
    let list = |path: &str| graph.client.request(Method::GET, path).list::<Value>();
    let view = "/v1.0/users/a@contoso.com/calendarView";
    for refused in [
        list("/v1.0/places/microsoft.graph.room").search(Search::text("x")),
        list("/v1.0/places/microsoft.graph.room").order_by("capacity"),
        list(view).search(Search::text("x")),
        list("/v1.0/groups").count().expand("members"),
        list("/v1.0/groups").page_size(1000),
        list("/v1.0/groups").filter(Filter::eq("a eq 1 or b", 1)),
        list("/v1.0/groups").time_zone("x\", y"),
    ] {
        let error = refused.await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Input, 0), "{error}");
    }
    let mut stream = list(view).search(Search::text("x")).into_stream();
    assert_eq!(stream.next().await.unwrap().unwrap_err().kind(), ErrorKind::Input);
    assert!(stream.next().await.is_none());
    assert_eq!(graph.requests().await.len(), 0);
    // The way past it.
    list(view).query("$search", "\"x\"").await.unwrap();
    assert_eq!(parameter(&graph.requests().await[0], "$search").as_deref(), Some("\"x\""));
}

#[tokio::test]
async fn a_body_of_any_type_can_be_sent() {
    let graph = Graph::start(|_, _, _| ResponseTemplate::new(204)).await;
    graph
        .client
        .request(Method::PUT, "/v1.0/me/photo/$value")
        .body_bytes("image/png", vec![1, 2])
        .unit()
        .await
        .unwrap();
    let requests = graph.requests().await;
    assert_eq!((header(&requests[0], "content-type"), &*requests[0].body), (Some("image/png"), &[1, 2][..]));
}

// Batches

/// Answers each item of a batch; the answers come in the opposite order.
fn batch(request: &Request, answer: impl Fn(&Value) -> Option<Value>) -> ResponseTemplate {
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    let mut responses: Vec<Value> = body["requests"]
        .as_array()
        .expect("a batch")
        .iter()
        .filter_map(|item| {
            let mut response = answer(item)?;
            response["id"] = item["id"].clone();
            Some(response)
        })
        .collect();
    responses.reverse();
    ok(&json!({ "responses": responses }))
}

fn item_ok(item: &Value) -> Value {
    json!({"status": 200, "headers": {"Content-Type": "application/json"}, "body": {"url": item["url"]}})
}

fn item_failed(status: u16, code: &str) -> Value {
    json!({"status": status, "headers": {"request-id": "id-of-item"}, "body": {"error": {"code": code, "message": "no"}}})
}

fn throttled(seconds: &str) -> Value {
    let mut item = item_failed(429, "TooManyRequests");
    item["headers"]["Retry-After"] = seconds.into();
    item
}

fn urls(body: &Value) -> Vec<&str> {
    body["requests"].as_array().into_iter().flatten().filter_map(|item| item["url"].as_str()).collect()
}

fn get(graph: &Graph, path: &str) -> exchange_groups::graph_client::Operation<Value> {
    graph.client.request(Method::GET, path).typed()
}

fn post(graph: &Graph, path: &str) -> exchange_groups::graph_client::Operation<()> {
    graph.client.request(Method::POST, path).unit()
}

#[tokio::test]
async fn any_number_of_operations_is_answered_in_order_and_by_type() {
    let contoso = Contoso::start().await;
    let groups: Vec<Value> =
        contoso.client.request(Method::GET, "/v1.0/groups").list::<Value>().into_stream().try_collect().await.unwrap();
    contoso.tenant.clear_requests();
    let mut batch = contoso.client.batch();
    let rooms = batch.add(contoso.client.rooms().list().page_size(3));
    let nothing = batch.add(contoso.client.request(Method::GET, "/v1.0/groups/none").typed::<Value>());
    let handles: Vec<_> = groups
        .iter()
        .cycle()
        .take(43)
        .map(|group| {
            batch.add(
                contoso
                    .client
                    .request(Method::GET, format!("/v1.0/groups/{}", group["id"].as_str().unwrap()))
                    .typed::<Value>(),
            )
        })
        .collect();
    assert_eq!(batch.len(), 45);
    let mut answers = batch.send().await;
    assert_eq!(answers.take(rooms).unwrap().items.len(), 3);
    assert_eq!(answers.take(nothing).unwrap_err().kind(), ErrorKind::NotFound);
    for (handle, group) in handles.into_iter().zip(groups.iter().cycle()) {
        assert_eq!(answers.take(handle).unwrap()["id"], group["id"]);
    }
    let requests = contoso.tenant.requests();
    assert_eq!(requests.iter().filter(|request| request.path.ends_with("/$batch")).count(), 3);
}

#[tokio::test]
async fn throttled_items_alone_are_sent_again_after_the_longest_wait() {
    let graph = Graph::start(|number, request, _| {
        batch(request, |item| {
            Some(match item["url"].as_str().unwrap() {
                "/a" if number == 0 => throttled("0.1"),
                "/b" if number == 0 => throttled("0.3"),
                "/c" => item_failed(404, "Request_ResourceNotFound"),
                _ => item_ok(item),
            })
        })
    })
    .await;
    let started = Instant::now();
    let operations = ["a", "b", "c", "d"].map(|name| get(&graph, &format!("/v1.0/{name}")));
    let answers = graph.client.batch().run(operations).await;
    assert!(started.elapsed() >= Duration::from_millis(300), "{:?}", started.elapsed());
    let bodies = graph.bodies().await;
    assert_eq!(bodies.len(), 2);
    assert_eq!((urls(&bodies[0]), urls(&bodies[1])), (vec!["/a", "/b", "/c", "/d"], vec!["/a", "/b"]));
    for (at, url) in [(0, "/a"), (1, "/b"), (3, "/d")] {
        assert_eq!(answers[at].as_ref().unwrap()["url"], url);
    }
    let error = answers[2].as_ref().unwrap_err();
    assert_eq!(
        (error.kind(), error.request_id(), error.status()),
        (ErrorKind::NotFound, Some("id-of-item"), Some(404))
    );
    assert_eq!(error.operation(), "GET /v1.0/c");
}

#[tokio::test]
async fn a_wait_that_does_not_fit_fails_its_own_item_only() {
    let graph = Graph::start(|number, request, _| {
        batch(request, |item| {
            Some(match item["url"].as_str().unwrap() {
                "/hour" => throttled("3600"),
                "/soon" if number == 0 => throttled("0.05"),
                _ => item_ok(item),
            })
        })
    })
    .await;
    let answers = graph.client.batch().run(["/v1.0/hour", "/v1.0/soon"].map(|path| get(&graph, path))).await;
    let error = answers[0].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Throttled, Some(Duration::from_secs(3600))));
    assert!(answers[1].is_ok());
    // An operation that is not to be repeated is not.
    let graph = Graph::start(|_, request, _| batch(request, |_| Some(throttled("0.01")))).await;
    let once = get(&graph, "/v1.0/a").retry(RetryOptions::none());
    let answers = graph.client.batch().run([once, get(&graph, "/v1.0/b")]).await;
    let attempts = answers.iter().map(|answer| answer.as_ref().unwrap_err().attempts());
    assert_eq!(attempts.collect::<Vec<_>>(), [1, 4]);
}

#[tokio::test]
async fn an_operation_whose_own_time_is_over_is_not_sent_again() {
    let graph = Graph::start(|number, request, _| {
        batch(request, |item| {
            Some(match item["url"].as_str().unwrap() {
                "/short" | "/long" if number == 0 => throttled("0.3"),
                "/short" => panic!("its time was over"),
                _ => item_ok(item),
            })
        })
    })
    .await;
    let short = get(&graph, "/v1.0/short").total_timeout(Duration::from_millis(200));
    let answers = graph.client.batch().run([short, get(&graph, "/v1.0/long")]).await;
    let error = answers[0].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Throttled, 1), "{error}");
    assert!(answers[1].is_ok());
    // When no operation has time left, the batch ends.
    let graph = Graph::start(|_, _, _| ok(&json!({})).set_delay(Duration::from_secs(30))).await;
    let limited = |path| get(&graph, path).total_timeout(Duration::from_millis(100));
    let started = Instant::now();
    for answer in graph.client.batch().run(["/v1.0/a", "/v1.0/b"].map(limited)).await {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Interrupted);
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn typed_calls_go_into_a_batch_with_what_their_refusals_mean() {
    let contoso = Contoso::start().await;
    let client = &contoso.client;
    let room = &contoso.tenant.rooms()[0];
    contoso.tenant.clear_requests();
    let mut calls = client.batch();
    let organization = calls.add(client.organization().get());
    let user = calls.add(client.users().get(room).header("x-purpose", "a test"));
    let missing = calls.add(client.users().get("nobody@contoso.com"));
    let refused = calls.add(
        client.groups().create(&exchange_groups::graph_client::graph::NewGroup::security("x", "x").mail_enabled(true)),
    );
    let mut answers = calls.send().await;
    assert!(answers.take(organization).unwrap().id.len() > 30);
    assert_eq!(answers.take(user).unwrap().user_principal_name.as_deref(), Some(room.as_str()));
    let error = answers.take(missing).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::NotFound, "read a user (nobody@contoso.com)"));
    assert_eq!(answers.take(refused).unwrap_err().kind(), ErrorKind::Input);
    let sent = contoso.tenant.requests();
    assert_eq!(sent.iter().filter(|request| request.path.ends_with("/$batch")).count(), 1, "{sent:?}");

    let graph = Graph::start(|_, request, _| {
        batch(request, |item| {
            Some(match item["url"].as_str().unwrap() {
                "/users/ann@contoso.com/photo/$value" => {
                    json!({ "status": 200, "headers": { "Content-Type": "image/jpeg" }, "body": "/+8=" })
                }
                _ => item_failed(404, "ImageNotFound"),
            })
        })
    })
    .await;
    let photos = ["ann@contoso.com", "bob@contoso.com"].map(|user| graph.client.users().photo(user, None));
    let photos: Vec<_> = graph.client.batch().run(photos).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(photos, [Some(vec![0xff, 0xef]), None]);
}

#[tokio::test]
async fn what_may_have_happened_is_repeated_only_if_that_does_no_harm() {
    let graph = Graph::start(|number, request, _| {
        batch(request, |item| Some(if number < 2 { item_failed(503, "UnknownError") } else { item_ok(item) }))
    })
    .await;
    let mut batch = graph.client.batch().in_flight(1);
    let write = batch.add(post(&graph, "/v1.0/write"));
    let safe = batch.add(graph.client.request(Method::POST, "/v1.0/safe").idempotent(true).unit());
    let mut answers = batch.send().await;
    let error = answers.take(write).unwrap_err();
    assert!(error.is_outcome_unknown() && error.kind() == ErrorKind::Unavailable, "{error}");
    answers.take(safe).unwrap();
    let sent: Vec<Value> = graph.bodies().await;
    assert_eq!(sent.iter().flat_map(urls).filter(|url| *url == "/write").count(), 1);
    // An action without parameters wants an empty object.
    assert!(sent.iter().all(|body| body["requests"][0]["body"] == json!({})));
    assert!(sent.iter().all(|body| body["requests"][0]["headers"]["content-type"] == "application/json"));
}

#[tokio::test]
async fn an_answer_that_is_left_out_is_asked_for_again_if_that_does_no_harm() {
    let graph = Graph::start(|number, request, _| batch(request, |item| (number > 1).then(|| item_ok(item)))).await;
    let mut batch = graph.client.batch().in_flight(1);
    let (write, read) = (batch.add(post(&graph, "/v1.0/write")), batch.add(get(&graph, "/v1.0/read")));
    let mut answers = batch.send().await;
    let error = answers.take(write).unwrap_err();
    assert!(error.is_outcome_unknown() && error.kind() == ErrorKind::Interrupted, "{error}");
    answers.take(read).unwrap();
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_writes_in_doubt_and_repeats_reads() {
    let server = RawServer::start(|_, _| Answer::Close).await;
    let client = client_of(&server.url());
    let mut batch = client.batch();
    let write = batch.add(client.request(Method::POST, "/v1.0/write").unit());
    let read = batch.add(client.request(Method::GET, "/v1.0/read").raw());
    let mut answers = batch.send().await;
    assert!(answers.take(write).unwrap_err().is_outcome_unknown());
    assert!(!answers.take(read).unwrap_err().is_outcome_unknown());
    let count = |part: &str| {
        let has = |body: &[u8]| String::from_utf8_lossy(body).contains(part);
        server.requests().iter().filter(|request| has(&request.body)).count()
    };
    assert_eq!((count("/write"), count("/read")), (1, 4));
}

#[tokio::test]
async fn dependence_is_kept_while_items_are_repeated() {
    let graph = Graph::start(|number, request, _| {
        batch(request, |item| {
            Some(match (number, item["url"].as_str().unwrap()) {
                (0, "/parent") | (1, "/child") => throttled("0.05"),
                (0, "/child") => item_failed(424, "FailedDependency"),
                _ => item_ok(item),
            })
        })
    })
    .await;
    let mut batch = graph.client.batch();
    let parent = batch.add(post(&graph, "/v1.0/parent"));
    let child = batch.add_after(&[parent.id()], post(&graph, "/v1.0/child"));
    let mut answers = batch.send().await;
    answers.take(parent).unwrap();
    answers.take(child).unwrap();
    let bodies = graph.bodies().await;
    let sent: Vec<_> = bodies.iter().map(urls).collect();
    assert_eq!(sent, [vec!["/parent", "/child"], vec!["/parent", "/child"], vec!["/child"]]);
    assert_eq!(bodies[1]["requests"][1]["dependsOn"], json!(["0"]));
    assert_eq!(bodies[2]["requests"][0]["dependsOn"], Value::Null, "what has succeeded is not in this batch");
}

#[tokio::test]
async fn what_waits_for_a_failure_fails_with_it_and_nothing_else_does() {
    let graph = Graph::start(|_, request, _| {
        batch(request, |item| {
            Some(match item["url"].as_str().unwrap() {
                "/1" => item_failed(403, "accessDenied"),
                _ if item["dependsOn"].is_array() => item_failed(424, "FailedDependency"),
                _ => item_ok(item),
            })
        })
    })
    .await;
    // A chain longer than a batch: what comes after the cut is not even sent.
    let mut batch = graph.client.batch();
    let mut handles = vec![batch.add(post(&graph, "/v1.0/1"))];
    for number in 2..=30 {
        let before = handles.last().unwrap().id();
        handles.push(batch.add_after(&[before], post(&graph, &format!("/v1.0/{number}"))));
    }
    let other = batch.add(get(&graph, "/v1.0/other"));
    let mut answers = batch.send().await;
    answers.take(other).unwrap();
    let errors: Vec<Error> = handles.into_iter().map(|handle| answers.take(handle).unwrap_err()).collect();
    assert_eq!(errors[0].kind(), ErrorKind::Denied);
    for error in &errors[1..] {
        assert_eq!((error.status(), error.code()), (Some(424), Some("FailedDependency")), "{error}");
        assert!(std::error::Error::source(error).is_some());
        assert!(!error.is_outcome_unknown());
    }
    let bodies = graph.bodies().await;
    assert_eq!(bodies.iter().map(|body| urls(body).len()).sum::<usize>(), 21);
}

#[tokio::test]
async fn versions_do_not_mix_and_headers_go_with_each_item() {
    let graph = Graph::start(|_, request, _| {
        let version = request.url.path().to_owned();
        batch(request, move |item| {
            Some(match item["url"].as_str().unwrap() {
                "/photo" => json!({"status": 200, "headers": {"content-type": "image/jpeg"}, "body": "_-8="}),
                "/gone" => json!({"status": 204}),
                _ => json!({"status": 200, "body": {"version": version}}),
            })
        })
    })
    .await;
    let mut batch = graph.client.batch();
    let stable = batch.add(get(&graph, "/v1.0/a?x=%2f").immutable_ids().client_request_id("mine").header("x-own", "1"));
    let beta = batch.add(get(&graph, "/beta/a"));
    let photo = batch.add(graph.client.request(Method::GET, "/v1.0/photo").raw());
    let gone = batch.add(graph.client.request(Method::DELETE, "/v1.0/gone").unit());
    let put = graph.client.request(Method::PUT, "/beta/photo").body_bytes("image/jpeg", vec![0xff, 0xef]);
    let put = batch.add(put.raw());
    let counted = batch.add(graph.groups().count());
    let mut answers = batch.send().await;
    assert_eq!(answers.take(stable).unwrap()["version"], "/v1.0/$batch");
    assert_eq!(answers.take(beta).unwrap()["version"], "/beta/$batch");
    let photo: Response = answers.take(photo).unwrap();
    assert_eq!((photo.bytes(), photo.header("Content-Type")), (&[0xff, 0xef][..], Some("image/jpeg")));
    answers.take(gone).unwrap();
    assert_eq!(answers.take(put).unwrap().status(), 200);
    assert_eq!(answers.take(counted).unwrap_err().kind(), ErrorKind::Decode);
    let bodies = graph.bodies().await;
    let find = |url: &str, method: &str| {
        let items = bodies.iter().flat_map(|body| body["requests"].as_array().unwrap());
        items.into_iter().find(|item| item["url"] == url && item["method"] == method).unwrap()
    };
    let item = find("/a?x=%2f", "GET");
    assert_eq!(item["headers"], json!({"client-request-id": "mine", "prefer": "IdType=\"ImmutableId\"", "x-own": "1"}));
    assert_eq!(item["body"], Value::Null);
    let item = find("/photo", "PUT");
    assert_eq!((&item["body"], &item["headers"]["content-type"]), (&json!("_-8="), &json!("image/jpeg")));
    assert_eq!(find("/groups?$count=true", "GET")["headers"]["consistencylevel"], "eventual");
}

#[tokio::test]
async fn a_whole_of_424_is_read_item_by_item() {
    let graph = Graph::start(|_, request, _| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let responses = [json!({"id": body["requests"][0]["id"], "status": 200, "body": {}})];
        ResponseTemplate::new(424).set_body_json(json!({ "responses": responses }))
    })
    .await;
    assert!(graph.client.batch().run([get(&graph, "/v1.0/a")]).await[0].is_ok());
}

#[tokio::test]
async fn a_refused_token_is_renewed_for_the_item_alone() {
    let contoso = Contoso::start().await;
    let body = json!({"error": {"code": "InvalidAuthenticationToken", "message": "Access token has expired."}});
    contoso.tenant.fail_next(Matcher::path("/organization"), Fault::status(401, body));
    let organization = || contoso.client.request(Method::GET, "/v1.0/organization").typed::<Page<Value>>();
    let answers = contoso.client.batch().run([organization(), organization()]).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

#[tokio::test]
async fn what_does_not_belong_in_a_batch_is_refused_by_itself() {
    let graph = Graph::start(|_, request, _| batch(request, |item| Some(item_ok(item)))).await;
    let other = client_of(&graph.server.uri());
    let mut one = graph.client.batch();
    let mut two = graph.client.batch();
    let foreign_client = one.add(other.request(Method::GET, "/v1.0/a").typed::<Value>());
    let no_version = one.add(get(&graph, "/v2.0/a"));
    let bad_query = one.add(graph.groups().page_size(0));
    let after_bad = one.add_after(&[bad_query.id()], get(&graph, "/v1.0/never"));
    let good = one.add(get(&graph, "/v1.0/a"));
    let foreign_parent = two.add_after(&[good.id()], get(&graph, "/v1.0/a"));
    let mut answers = one.send().await;
    for error in [
        answers.take(foreign_client).unwrap_err(),
        answers.take(no_version).unwrap_err(),
        answers.take(bad_query).unwrap_err(),
        answers.take(foreign_parent).unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Input, 0), "{error}");
    }
    assert_eq!(answers.take(after_bad).unwrap_err().code(), Some("FailedDependency"));
    answers.take(good).unwrap();
    assert_eq!(graph.bodies().await.iter().flat_map(urls).count(), 1);
    assert!(graph.client.batch().run(Vec::<exchange_groups::graph_client::Operation<Value>>::new()).await.is_empty());
}

// Delta queries

fn delta(items: &Value, next: Option<&str>, link: Option<&str>) -> ResponseTemplate {
    let mut body = json!({ "value": items });
    if let Some(next) = next {
        body["@odata.nextLink"] = next.into();
    }
    if let Some(link) = link {
        body["@odata.deltaLink"] = link.into();
    }
    ok(&body)
}

#[tokio::test]
async fn a_round_gives_changes_removals_and_the_link_for_the_next_one() {
    let graph = Graph::start(|number, _, root| match number {
        0 => delta(&json!([{"id": "1"}]), Some(&format!("{root}/v1.0/groups/delta?$skiptoken=a")), None),
        1 => delta(&json!([]), Some(&format!("{root}/v1.0/groups/delta?$skiptoken=b")), None),
        _ => delta(
            &json!([{"id": "2", "@removed": {"reason": "changed"}}, {"id": "1"}]),
            None,
            Some(&format!("{root}/v1.0/groups/delta?$deltatoken=c%2f")),
        ),
    })
    .await;
    let round = graph.delta().select(&["id"]).header("x-own", "1").await.unwrap();
    assert!(!round.is_resync);
    assert_eq!(round.link, format!("{}/v1.0/groups/delta?$deltatoken=c%2f", graph.server.uri()));
    assert_eq!(round.changes[0], Change::Changed(json!({"id": "1"})));
    let Change::Removed(removed) = &round.changes[1] else { panic!("{:?}", round.changes) };
    assert_eq!((&*removed.id, &removed.reason), ("2", &RemovalReason::Changed));
    graph.delta().since(&round.link).header("x-own", "1").await.unwrap();
    let requests = graph.requests().await;
    assert_eq!(requests[0].url.query(), Some("$select=id"));
    assert_eq!(requests[3].url.query(), Some("$deltatoken=c%2f"));
    assert!(requests.iter().all(|request| header(request, "x-own") == Some("1")));
}

#[tokio::test]
async fn a_lost_track_becomes_a_full_round_that_the_caller_sees() {
    for (status, code, has_location) in [
        (410, "resyncRequired", true),
        (410, "syncStateNotFound", false),
        (400, "SyncStateNotFound", false),
        (400, "ResyncRequired", true),
        (400, "Directory_ExpiredPageToken", false),
    ] {
        let graph = Graph::start(move |number, _, root| match number {
            0 if has_location => {
                failed(status, code).insert_header("location", format!("{root}/v1.0/groups/delta?$deltatoken="))
            }
            0 => failed(status, code),
            1 => delta(&json!([{"id": "1"}]), Some(&format!("{root}/v1.0/groups/delta?$skiptoken=a")), None),
            _ => delta(&json!([{"id": "2"}]), None, Some(&format!("{root}/v1.0/groups/delta?$deltatoken=new"))),
        })
        .await;
        let saved = format!("{}/v1.0/groups/delta?$deltatoken=old", graph.server.uri());
        let events = graph.delta().select(&["id"]).since(&saved).into_stream().try_collect::<Vec<_>>().await.unwrap();
        assert_eq!(events.len(), 4, "{events:?}");
        let DeltaEvent::Resync(resync) = &events[0] else { panic!("{events:?}") };
        assert_eq!(resync.code.as_deref(), Some(code));
        assert!(matches!(&events[2], DeltaEvent::Changed(object) if object["id"] == "2"));
        assert!(matches!(&events[3], DeltaEvent::Link(link) if link.ends_with("new")));
        let anew = graph.requests().await[1].url.query().map(str::to_owned);
        assert_eq!(anew.as_deref(), Some(if has_location { "$deltatoken=" } else { "$select=id" }));
    }
}

#[tokio::test]
async fn what_came_before_a_resync_is_not_in_the_round() {
    let graph = Graph::start(|number, _, root| match number {
        0 => delta(&json!([{"id": "old"}]), Some(&format!("{root}/v1.0/groups/delta?$skiptoken=a")), None),
        1 => failed(410, "resyncRequired"),
        _ => delta(&json!([{"id": "new"}]), None, Some("link")),
    })
    .await;
    let round = graph.delta().await.unwrap();
    assert!(round.is_resync);
    assert_eq!(round.changes, [Change::Changed(json!({"id": "new"}))]);
}

#[tokio::test]
async fn a_second_loss_is_an_error_and_so_is_a_foreign_place_to_start_again() {
    let graph = Graph::start(|_, _, _| failed(410, "resyncRequired")).await;
    let error = graph.delta().await.unwrap_err();
    assert_eq!((error.kind(), graph.requests().await.len()), (ErrorKind::Expired, 2), "{error}");

    let foreign = Graph::start(|_, _, _| delta(&json!([]), None, Some("link"))).await;
    let location = foreign.server.uri();
    let graph = Graph::start(move |_, _, _| failed(410, "resyncRequired").insert_header("location", &*location)).await;
    assert_eq!(graph.delta().await.unwrap_err().kind(), ErrorKind::Untrusted);
    assert_eq!(foreign.requests().await.len(), 0, "the token was sent to another host");
}

#[tokio::test]
async fn a_round_without_an_end_is_an_error() {
    let graph = Graph::start(|_, _, _| delta(&json!([{"id": "1"}]), None, None)).await;
    let error = graph.delta().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Decode, "GET /v1.0/groups/delta"), "{error}");
}

#[tokio::test]
async fn now_is_asked_of_the_directory_and_page_sizes_of_outlook() {
    let graph = Graph::start(|_, _, _| delta(&json!([]), None, Some("link"))).await;
    let view = || graph.client.request(Method::GET, "/v1.0/users/a@contoso.com/calendarView/delta").delta::<Value>();
    assert_eq!(graph.delta().from_now().await.unwrap().link, "link");
    view().page_size(50).time_zone("UTC").await.unwrap();
    let requests = graph.requests().await;
    assert_eq!(parameter(&requests[0], "$deltatoken").as_deref(), Some("latest"));
    assert_eq!(header(&requests[1], "prefer"), Some("odata.maxpagesize=50, outlook.timezone=\"UTC\""));
    for refused in [
        view().from_now(),
        view().select(&["id"]),
        view().filter(Filter::eq("id", "x")),
        graph.delta().page_size(5),
        graph.delta().filter(Filter::ne("id", "x")),
    ] {
        assert_eq!(refused.await.unwrap_err().kind(), ErrorKind::Input);
    }
    assert_eq!(graph.requests().await.len(), 2);
}
