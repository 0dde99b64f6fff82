//! This project's client, as a program uses it: its defaults, and its own lists, batches and retries.

use contract::{BATCH, Case, Group, PAGE, TOKEN};
use futures_util::{StreamExt, TryStreamExt, stream};
use graph_client::{Client, Cloud, Method, StaticToken};

fn main() {
    contract::run(work);
}

async fn work(case: Case, url: String) -> Vec<Group> {
    let client = Client::builder()
        .tenant("contoso.com")
        .credential(StaticToken::graph(TOKEN))
        .cloud(Cloud::custom(&url, &url, &url).expect("addresses"))
        .build()
        .expect("a client");
    let get = |path: String| client.request(Method::GET, path).json::<Group>();
    get("/v1.0/groups/0".to_owned()).await.expect("a group");
    contract::begin();
    match case {
        Case::Get { in_flight, count } => {
            let gets = stream::iter(0..count).map(|n| get(format!("/v1.0/groups/{n}")));
            gets.buffer_unordered(in_flight).try_collect().await.expect("groups")
        }
        Case::Throttled { in_flight } => {
            let gets = stream::iter(0..in_flight).map(|n| get(format!("/v1.0/groups/throttled-{n}")));
            gets.buffer_unordered(in_flight).try_collect().await.expect("groups")
        }
        Case::List { count } => {
            let page = u32::try_from(PAGE).expect("it is small");
            let groups = client.list::<Group>("/v1.0/groups").page_size(page).into_stream();
            groups.take(count).try_collect().await.expect("groups")
        }
        Case::Batch { count } => {
            let mut groups = Vec::new();
            for numbers in contract::batches(count) {
                assert!(numbers.len() <= BATCH);
                let gets =
                    numbers.iter().map(|n| client.request(Method::GET, format!("/v1.0/groups/{n}")).typed::<Group>());
                groups.extend(client.batch().run(gets).await.into_iter().map(|group| group.expect("a group")));
            }
            groups
        }
    }
}
