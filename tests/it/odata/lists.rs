//! Lists: pages, links, and a reader that works in between.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use exchange_groups::graph_client::graph::BodyType;
use exchange_groups::graph_client::{ErrorKind, Method};
use exchange_groups_tests::{Answer, RawServer};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{Graph, all, client_of, failed, header, ok, page, parameter, three};

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
