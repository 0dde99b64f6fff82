//! A client of any server, without a sign-in.

use exchange_groups::graph_client::{Client, Cloud, RetryOptions, StaticToken};
use exchange_groups_tests::quick_retries;

/// A client whose services are all at one address.
pub(crate) fn client_of(url: &str) -> Client {
    with_retries(url, quick_retries())
}

pub(crate) fn with_retries(url: &str, retries: RetryOptions) -> Client {
    Client::builder()
        .tenant("contoso.onmicrosoft.com")
        .credential(StaticToken::graph("a token"))
        .cloud(Cloud::custom(url, url, url).expect("a cloud"))
        .retry(retries)
        .build()
        .expect("a client")
}
