//! hyper and serde alone, with hyper-util's pool of connections and without TLS: about the least that HTTP/1.1 costs.

use std::time::Duration;

use contract::{BatchResponses, Case, Group, PAGE, Page, TOKEN};
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

type Http = Client<HttpConnector, Full<Bytes>>;

fn main() {
    contract::run(work);
}

async fn work(case: Case, url: String) -> Vec<Group> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let http = Client::builder(TokioExecutor::new()).build(connector);
    get(&http, format!("{url}/v1.0/groups/0")).await;
    contract::begin();
    match case {
        Case::Get { in_flight, count } => {
            stream::iter(0..count)
                .map(|n| get(&http, format!("{url}/v1.0/groups/{n}")))
                .buffer_unordered(in_flight)
                .collect()
                .await
        }
        Case::Throttled { in_flight } => {
            let gets = stream::iter(0..in_flight).map(|n| get(&http, format!("{url}/v1.0/groups/throttled-{n}")));
            gets.buffer_unordered(in_flight).collect().await
        }
        Case::List { count } => {
            let (mut groups, mut next) = (Vec::new(), Some(format!("{url}/v1.0/groups?$top={PAGE}")));
            while let Some(url) = next.take_if(|_| groups.len() < count) {
                let (_, body) = send(&http, "GET", &url, Bytes::new()).await.expect("a page");
                let page: Page = serde_json::from_slice(&body).expect("a page");
                groups.extend(page.value);
                next = page.next;
            }
            groups
        }
        Case::Batch { count } => {
            let (mut groups, url) = (Vec::new(), format!("{url}/v1.0/$batch"));
            for numbers in contract::batches(count) {
                let body = contract::batch_body(&numbers).to_string();
                let (_, body) = send(&http, "POST", &url, body.into()).await.expect("a batch");
                let answer: BatchResponses = serde_json::from_slice(&body).expect("a batch");
                groups.extend(answer.responses.into_iter().filter(|item| item.status == 200).map(|item| item.body));
            }
            groups
        }
    }
}

async fn get(http: &Http, url: String) -> Group {
    loop {
        match send(http, "GET", &url, Bytes::new()).await {
            Ok((status, body)) => {
                assert_eq!(status, StatusCode::OK);
                return serde_json::from_slice(&body).expect("a group");
            }
            Err(wait) => tokio::time::sleep(wait).await,
        }
    }
}

/// The body, or how long to wait.
async fn send(http: &Http, method: &str, url: &str, body: Bytes) -> Result<(StatusCode, Bytes), Duration> {
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/json")
        .body(Full::new(body))
        .expect("a request");
    let answer = http.request(request).await.expect("an answer");
    let status = answer.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let seconds = answer.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
        return Err(Duration::from_secs(seconds));
    }
    Ok((status, answer.into_body().collect().await.expect("a body").to_bytes()))
}
