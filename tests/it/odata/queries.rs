//! What is asked of a list, and what is not sent.

use exchange_groups::graph_client::{ErrorKind, Filter, Method, Search};
use exchange_groups_tests::Contoso;
use futures_util::StreamExt;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{Graph, header, page, parameter};

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
