//! One request's way out and back, over real sockets: waiting, repeating, refusing, signing in.

mod batches;
mod errors;
mod exchange_options;
mod lists;
mod retries;
mod tokens;
mod untyped;

use exchange_groups::graph_client::exchange::{GroupName, NewDistributionGroup};
use exchange_groups::graph_client::{Client, Cloud, Result, SmtpAddress, StaticToken};
use exchange_groups_tests::quick_retries;
use futures_util::TryStreamExt;

/// A client with given tokens whose three addresses are one server.
pub(super) fn client_at(url: &str) -> Client {
    Client::builder()
        .tenant("contoso.onmicrosoft.com")
        .credential(StaticToken::graph("a-graph-token").and_exchange("an-exchange-token"))
        .cloud(Cloud::custom(url, url, url).expect("a server on this machine"))
        .retry(quick_retries())
        .build()
        .expect("a client")
}

pub(super) fn new_group() -> NewDistributionGroup {
    NewDistributionGroup::security("Rooms".parse::<GroupName>().expect("a name"))
}

pub(super) fn address(text: &str) -> SmtpAddress {
    text.parse().expect("an address")
}

pub(super) async fn rooms(client: &Client) -> Result<Vec<String>> {
    client.rooms().list().into_stream().map_ok(|room| room.id).try_collect().await
}
