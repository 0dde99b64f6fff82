//! The same behind `wiremock`.

use fake_tenant::{FakeTenant, Fault, Matcher};
use serde_json::json;
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::text;

#[tokio::test]
async fn mocks_can_be_laid_over_the_tenant() {
    let tenant = FakeTenant::builder().rooms(150).build();
    let server = MockServer::builder().start().await;
    Mock::given(any()).respond_with(tenant.clone()).with_priority(10).mount(&server).await;
    Mock::given(path("/v1.0/organization"))
        .respond_with(ResponseTemplate::new(418))
        .with_priority(1)
        .mount(&server)
        .await;
    let token = tenant.graph_token(tenant.administrator());
    let client = reqwest::Client::new();
    let get = |path: &str| {
        client.get(format!("{}{path}", server.uri())).header("Authorization", format!("Bearer {token}")).send()
    };
    assert_eq!(get("/v1.0/organization").await.unwrap().status(), 418);
    let response = get("/v1.0/places/microsoft.graph.room").await.unwrap();
    assert!(response.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("application/json;odata.")));
    let body: serde_json::Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert!(text(&body["@odata.nextLink"]).starts_with(&server.uri()));
    tenant.fail_next(Matcher::any(), Fault::status(503, json!(null)));
    assert_eq!(get("/v1.0/places/microsoft.graph.room").await.unwrap().status(), 503);
}
