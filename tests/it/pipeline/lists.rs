//! Lists are read to their end, or are errors.

use std::collections::BTreeSet;

use exchange_groups::graph_client::ErrorKind;
use exchange_groups::graph_client::exchange::{GetAcceptedDomain, GetMailbox};
use exchange_groups_tests::Contoso;
use fake_tenant::{FakeTenant, Fault, Matcher};
use futures_util::{StreamExt, TryStreamExt};

use serde_json::{Value, json};
use wiremock::matchers::{any, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{client_at, rooms};

#[tokio::test]
async fn a_list_of_places_is_read_over_all_pages() {
    let contoso = Contoso::of(FakeTenant::builder().rooms(1_234).build()).await;
    let ids = rooms(&contoso.client).await.unwrap();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 1_234);
    let pages = contoso.tenant.requests().iter().filter(|request| request.path.starts_with("/v1.0/places")).count();
    assert_eq!(pages, 13, "100 a page unless something else is asked for");
}

#[tokio::test]
async fn a_next_link_to_another_origin_is_refused_before_the_token_is_sent() {
    let (ours, theirs) = (MockServer::builder().start().await, MockServer::builder().start().await);
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"value": []})))
        .mount(&theirs)
        .await;
    let page = |link: String| json!({"value": [{"id": "1", "DomainName": "contoso.com"}], "@odata.nextLink": link});
    for link in [format!("{}/v1.0/next", theirs.uri()), theirs.uri().replace("127.0.0.1", "localhost") + "/v1.0/x"] {
        ours.reset().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(page(link))).mount(&ours).await;
        let client = client_at(&ours.uri());
        let mut list = client.rooms().list().into_stream();
        assert_eq!(list.next().await.unwrap().unwrap().id, "1");
        let error = list.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Untrusted);
        assert!(error.to_string().contains("was not followed"), "{error}");
        assert!(list.next().await.is_none(), "the list ends there");

        let error = client.exchange().run(GetAcceptedDomain::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Untrusted);
    }
    assert_eq!(theirs.received_requests().await.unwrap().len(), 0, "the other server must see nothing");
}

#[tokio::test]
async fn a_next_link_out_of_the_tenants_administration_is_refused() {
    let server = MockServer::builder().start().await;
    let link = format!("{}/adminapi/beta/fabrikam.com/InvokeCommand?%24skiptoken=1", server.uri());
    let page = json!({"value": [{"DomainName": "contoso.com"}], "@odata.nextLink": link});
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(page)).mount(&server).await;
    let error = client_at(&server.uri()).exchange().run(GetAcceptedDomain::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Untrusted);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_next_link_that_goes_in_a_circle_is_an_error() {
    let server = MockServer::builder().start().await;
    let link = format!("{}/v1.0/places/microsoft.graph.room?$skip=1", server.uri());
    let page = json!({"value": [{"id": "1"}], "@odata.nextLink": link});
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(page)).mount(&server).await;
    let error = rooms(&client_at(&server.uri())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Untrusted);
    assert!(server.received_requests().await.unwrap().len() <= 3);

    server.reset().await;
    let link = format!("{}/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand?%24skiptoken=1", server.uri());
    let page = json!({"value": [{"DomainName": "contoso.com"}], "@odata.nextLink": link});
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(page)).mount(&server).await;
    let error = client_at(&server.uri()).exchange().run(GetAcceptedDomain::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Untrusted);
    assert!(server.received_requests().await.unwrap().len() <= 3);
}

#[tokio::test]
async fn an_empty_page_with_a_next_link_goes_on() {
    let server = MockServer::builder().start().await;
    let places = "/v1.0/places/microsoft.graph.room";
    let next = format!("{}{places}?%24skiptoken=a%2Fb%3D", server.uri());
    Mock::given(path(places))
        .and(query_param("$skiptoken", "a/b="))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"value": [{"id": "late"}]})))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(path(places))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"value": [], "@odata.nextLink": next})))
        .mount(&server)
        .await;
    assert_eq!(rooms(&client_at(&server.uri())).await.unwrap(), ["late"]);
    let requests = server.received_requests().await.unwrap();
    let sent = requests[1].url.as_str();
    assert!(sent.ends_with(&format!("{places}?%24skiptoken=a%2Fb%3D")), "a link goes back byte for byte: {sent}");
}

#[tokio::test]
async fn an_error_on_the_second_page_is_an_error_and_not_the_end_of_the_list() {
    let contoso = Contoso::of(FakeTenant::builder().rooms(1_500).build()).await;
    contoso.tenant.fail_next(
        Matcher::path("/v1.0/places").after(1),
        Fault::status(404, json!({"error": {"code": "ErrorItemNotFound", "message": "No such page."}})),
    );
    let error = rooms(&contoso.client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);

    for fault in [
        Fault::status(404, Value::Null),
        Fault::status(200, Value::Null),
        Fault::status(204, Value::Null),
        Fault::cmdlet_error(400, "", "Expired or Invalid pagination request. Default Expiry time is 00:30:00"),
    ] {
        contoso.tenant.fail_next(Matcher::cmdlet("Get-Mailbox").after(1), fault.clone());
        let answer = contoso.client.exchange().run(GetMailbox::rooms()).await;
        assert!(
            answer.is_err(),
            "{fault:?} gave {} rooms of 1,500",
            answer.map(|rooms| rooms.len()).unwrap_or_default()
        );
    }
    assert_eq!(contoso.client.exchange().run(GetMailbox::rooms()).await.unwrap().len(), 1_500);
}

#[tokio::test]
async fn exchanges_pages_are_posted_with_the_same_command_and_anchor() {
    let contoso = Contoso::of(FakeTenant::builder().rooms(2_500).build()).await;
    assert_eq!(contoso.client.exchange().run(GetMailbox::rooms()).await.unwrap().len(), 2_500);
    let requests = contoso.tenant.requests();
    let pages: Vec<_> = requests.iter().filter(|request| request.cmdlet.as_deref() == Some("Get-Mailbox")).collect();
    assert_eq!(pages.len(), 3);
    let anchor =
        format!("APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{}", contoso.tenant.initial_domain());
    for page in &pages {
        assert_eq!(page.method, "POST");
        assert_eq!(page.body, pages[0].body);
        assert_eq!(page.header("X-AnchorMailbox"), Some(&*anchor));
        assert_eq!(page.header("Prefer"), Some("odata.maxpagesize=1000"));
    }
    assert_eq!(pages[0].parameter("ResultSize"), Some(&json!("Unlimited")));
}

#[tokio::test]
async fn a_scan_goes_on_from_a_link_that_was_kept() {
    let contoso = Contoso::start().await;
    let first = contoso.client.rooms().list().page_size(15).await.unwrap();
    assert_eq!(first.items.len(), 15);
    let link = first.next_link.expect("there is more");
    let rest: Vec<_> = contoso.client.rooms().list().starting_at(&link).into_stream().try_collect().await.unwrap();
    assert_eq!(rest.len(), 25);
}
