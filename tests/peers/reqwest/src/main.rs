//! reqwest and serde alone: what others are measured against. It has no retries of its own; those here do as told.

use contract::{BatchResponses, Case, Group, PAGE, Page, TOKEN};
use futures_util::{StreamExt, stream};
use reqwest::{Client, StatusCode};

fn main() {
    contract::run(work);
}

async fn work(case: Case, url: String) -> Vec<Group> {
    let http = Client::new();
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
                let answer = http.get(url).bearer_auth(TOKEN).send().await.expect("an answer");
                let page: Page = answer.json().await.expect("a page");
                groups.extend(page.value);
                next = page.next;
            }
            groups
        }
        Case::Batch { count } => {
            let mut groups = Vec::new();
            for numbers in contract::batches(count) {
                let body = contract::batch_body(&numbers);
                let request = http.post(format!("{url}/v1.0/$batch")).bearer_auth(TOKEN).json(&body);
                let answer: BatchResponses = request.send().await.expect("an answer").json().await.expect("a batch");
                groups.extend(answer.responses.into_iter().filter(|item| item.status == 200).map(|item| item.body));
            }
            groups
        }
    }
}

async fn get(http: &Client, url: String) -> Group {
    loop {
        let answer = http.get(&url).bearer_auth(TOKEN).send().await.expect("an answer");
        if answer.status() != StatusCode::TOO_MANY_REQUESTS {
            return answer.error_for_status().expect("success").json().await.expect("a group");
        }
        let wait = answer.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
        tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
    }
}
