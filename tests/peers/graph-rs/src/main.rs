//! graph-rs-sdk with its defaults, and the option that it waits for `Retry-After`, which is off by default.
//!
//! It sends tokens to Microsoft's hosts only. Its feature for tests, `test-util`, takes another address and plain HTTP.

use contract::{BatchResponses, Case, Group, PAGE, Page, TOKEN};
use futures_util::{StreamExt, stream};
use graph_rs_sdk::{GraphClient, GraphClientConfiguration, ODataQuery};

fn main() {
    contract::run(work);
}

async fn work(case: Case, url: String) -> Vec<Group> {
    let waits = matches!(case, Case::Throttled { .. });
    let options =
        GraphClientConfiguration::new().access_token(TOKEN).https_only(false).wait_for_retry_after_headers(waits);
    let mut client = GraphClient::from(options);
    client.use_test_endpoint(&url::Url::parse(&format!("{url}/v1.0")).expect("an address"));
    let client = &client;
    get(client, "0".to_owned()).await;
    contract::begin();
    match case {
        Case::Get { in_flight, count } => {
            stream::iter(0..count).map(|n| get(client, n.to_string())).buffer_unordered(in_flight).collect().await
        }
        Case::Throttled { in_flight } => {
            let gets = stream::iter(0..in_flight).map(|n| get(client, format!("throttled-{n}")));
            gets.buffer_unordered(in_flight).collect().await
        }
        Case::List { count } => {
            let pages = client.groups().list_group().top(PAGE.to_string()).paging().stream::<Page>().expect("a list");
            let mut pages = std::pin::pin!(pages);
            let mut groups = Vec::new();
            while groups.len() < count {
                let Some(page) = pages.next().await else { break };
                groups.extend(page.expect("an answer").into_body().expect("a page").value);
            }
            groups
        }
        Case::Batch { count } => {
            let mut groups = Vec::new();
            for numbers in contract::batches(count) {
                let answer = client.batch(&contract::batch_body(&numbers)).send().await.expect("an answer");
                let answer: BatchResponses = answer.json().await.expect("a batch");
                groups.extend(answer.responses.into_iter().filter(|item| item.status == 200).map(|item| item.body));
            }
            groups
        }
    }
}

async fn get(client: &GraphClient, id: String) -> Group {
    let answer = client.group(id).get_group().send().await.expect("an answer");
    answer.json().await.expect("a group")
}
