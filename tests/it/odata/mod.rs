//! Lists, queries, batches and delta queries, with every fault that a service or a link can have.

mod batches;
mod delta;
mod lists;
mod queries;

use std::sync::Mutex;

use exchange_groups::graph_client::{Client, Cloud, Error, Method, StaticToken};
use exchange_groups_tests::quick_retries;
use futures_util::StreamExt;
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
