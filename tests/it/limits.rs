//! Any duration, any wait, any wrong secret: nothing panics, nothing is repeated without end.

use std::future::IntoFuture;
use std::time::{Duration, SystemTime};

use exchange_groups::graph_client::{
    AccessToken, Client, ClientSecret, Cloud, Concurrency, DeviceCode, ErrorKind, Method, RetryOptions, SignInError,
    SignInReason,
};
use exchange_groups_tests::Contoso;
use serde_json::{Value, json};
use wiremock::matchers::{any, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::resources_support::{client_of, with_retries};

const APP: &str = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01";

/// W17.
#[tokio::test]
async fn a_device_code_with_the_largest_interval_and_life_panics_nowhere() {
    for number in [json!(u64::MAX), json!("18446744073709551615")] {
        let server = MockServer::builder().start().await;
        let issued = json!({"device_code": "d", "user_code": "u", "verification_uri": "v\u{1b}[2J", "message": "m\nn",
                            "expires_in": 1, "interval": number});
        let respond = ResponseTemplate::new(200).set_body_json(issued);
        Mock::given(path_regex("devicecode$")).respond_with(respond).mount(&server).await;
        let shown = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let seen = std::sync::Arc::clone(&shown);
        let credential = DeviceCode::new(APP.parse().unwrap(), move |prompt| {
            let text = format!("{}{}{}", prompt.message(), prompt.verification_uri(), prompt.user_code());
            *seen.lock().unwrap() = text;
        });
        let error = client_of(&server.uri()).with_credential(credential).organization().get().await.unwrap_err();
        assert_eq!(error.sign_in().map(SignInError::reason), Some(SignInReason::DeviceCodeExpired));
        let shown = shown.lock().unwrap().clone();
        assert!(shown.contains(r"\u{a}") && !shown.contains(['\u{1b}', '\n']), "{shown:?}");
    }
    // A life without end as well: the wait is given up by the caller.
    let server = MockServer::builder().start().await;
    let issued = json!({"device_code": "d", "user_code": "u", "verification_uri": "v", "expires_in": u64::MAX, "interval": u64::MAX});
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(issued)).mount(&server).await;
    let credential = DeviceCode::new(APP.parse().unwrap(), |_| {});
    let client = client_of(&server.uri()).with_credential(credential);
    let waiting = tokio::time::timeout(Duration::from_millis(300), client.organization().get().into_future());
    assert!(waiting.await.is_err(), "it waits and does not panic");
}

/// W17.
#[tokio::test]
async fn the_longest_durations_are_taken_everywhere() {
    let server = MockServer::builder().start().await;
    let organization = ResponseTemplate::new(200).set_body_json(json!({"value": [{"id": "1"}]}));
    Mock::given(any()).respond_with(organization).mount(&server).await;
    let longest = RetryOptions::default()
        .with_initial_delay(Duration::MAX)
        .with_max_delay(Duration::MAX)
        .with_max_elapsed(Duration::MAX)
        .with_max_attempts(u32::MAX);
    let client = with_retries(&server.uri(), longest.clone());
    let read =
        || client.organization().get().timeout(Duration::MAX).total_timeout(Duration::MAX).retry(longest.clone());
    read().await.unwrap();
    client.batch().retry(longest.clone()).run([read()]).await.remove(0).unwrap_err();
    let token = AccessToken::new("a-token-for-all-time", SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(token.expires_at(), SystemTime::UNIX_EPOCH);

    // A service that fails makes the client wait by its own choice: it waits, and does not panic.
    let failing = MockServer::builder().start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&failing).await;
    let client = with_retries(&failing.uri(), longest);
    let waiting = tokio::time::timeout(Duration::from_millis(300), client.organization().get().into_future());
    assert!(waiting.await.is_err());
}

/// W17.
#[tokio::test]
async fn a_token_without_end_and_one_that_renews_itself_for_ever_are_taken_or_refused() {
    for expires_in in [json!(u64::MAX), json!("18446744073709551615"), json!(3_599)] {
        let server = MockServer::builder().start().await;
        let token = json!({"access_token": "t", "expires_in": expires_in, "refresh_in": u64::MAX});
        Mock::given(path_regex("token$"))
            .respond_with(ResponseTemplate::new(200).set_body_json(token))
            .mount(&server)
            .await;
        let organization = ResponseTemplate::new(200).set_body_json(json!({"value": [{"id": "1"}]}));
        Mock::given(path_regex("organization")).respond_with(organization).mount(&server).await;
        let credential = ClientSecret::new(APP.parse().unwrap(), "s");
        let outcome = client_of(&server.uri()).with_credential(credential).organization().get().await;
        assert!(outcome.as_ref().is_ok() || outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::Decode));
    }
}

/// W17, W20.
#[tokio::test]
async fn a_retry_after_without_end_is_told_and_closes_the_service() {
    for wait in ["18446744073709551615", "18446744073709551616", "1e300", "99999999999"] {
        let server = MockServer::builder().start().await;
        let throttled = ResponseTemplate::new(429).insert_header("retry-after", wait);
        Mock::given(any()).respond_with(throttled).mount(&server).await;
        let client = client_of(&server.uri());
        let error = client.organization().get().await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Throttled, 1), "{wait}: {error}");
        let error = client.organization().get().await.unwrap_err();
        assert!(error.attempts() == 0 && error.kind() == ErrorKind::Throttled, "{wait}: nothing more is sent: {error}");
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
    }
}

/// W20.
#[tokio::test]
async fn the_wait_of_a_throttled_call_is_in_the_message() {
    let server = MockServer::builder().start().await;
    let body = json!({"error": {"code": "TooManyRequests", "message": "Please retry again later."}});
    let throttled = ResponseTemplate::new(429).insert_header("retry-after", "3600").set_body_json(body);
    Mock::given(any()).respond_with(throttled).mount(&server).await;
    let client = client_of(&server.uri());
    let error = client.organization().get().await.unwrap_err();
    assert!(error.to_string().contains("retry after 3600s"), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)));
    // Whoever comes next is told as well.
    let error = client.organization().get().await.unwrap_err();
    assert!(error.to_string().contains("retry after 3"), "{error}");
}

/// W21.
#[tokio::test]
async fn empty_header_values_are_refused_before_anything_is_sent() {
    let server = MockServer::builder().start().await;
    let client = client_of(&server.uri());
    let get = || client.request(Method::GET, "/v1.0/me");
    let requests = [
        get().time_zone(""),
        get().time_zone("  "),
        get().time_zone("UTC\nx"),
        get().prefer(""),
        get().prefer(" "),
        get().header("prefer", ""),
        get().header("x-anything", ""),
        get().header("if-match", " "),
        get().client_request_id(""),
        get().client_request_id(" "),
        get().body_bytes("", "x"),
    ];
    for (number, request) in requests.into_iter().enumerate() {
        let error = request.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{number}: {error}");
    }
    let calendar = client.calendar("room@contoso.com").time_zone("");
    assert_eq!(calendar.get().await.unwrap_err().kind(), ErrorKind::Input);
    let now = SystemTime::now();
    let view = calendar.view(now, now + Duration::from_secs(3_600)).await.unwrap_err();
    assert_eq!(view.kind(), ErrorKind::Input);
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
    // Nothing to select is what comes by default.
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(json!({"id": "1"}))).mount(&server).await;
    get().select(&[]).json::<Value>().await.unwrap();
    assert_eq!(server.received_requests().await.unwrap()[0].url.query(), None);
}

/// W22.
#[tokio::test]
async fn two_hundred_sign_ins_in_turn_with_a_wrong_secret_are_one_request() {
    let contoso = Contoso::start().await;
    contoso.tenant.clear_requests();
    let wrong = || ClientSecret::new(contoso.booking.client_id.parse().unwrap(), "not-the-secret-of-it");
    let client = contoso.client.with_credential(wrong());
    let mut texts = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let error = client.organization().get().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some("AADSTS7000215")));
        texts.insert(error.message().to_owned());
    }
    let error = client.token_claims(exchange_groups::graph_client::Service::Exchange).await.unwrap_err();
    assert_eq!(error.code(), Some("AADSTS7000215"), "the secret is wrong for every service");
    assert_eq!((contoso.sign_ins(), texts.len()), (1, 1));

    // Another credential begins anew, the same secret or not.
    contoso.client.with_credential(wrong()).organization().get().await.unwrap_err();
    assert_eq!(contoso.sign_ins(), 2);
    contoso.client_as(&contoso.booking).token_claims(exchange_groups::graph_client::Service::Graph).await.unwrap();
    assert_eq!(contoso.sign_ins(), 3);
}

/// W22. What may be otherwise in a moment is asked for again.
#[tokio::test]
async fn a_sign_in_service_that_cannot_answer_is_asked_again() {
    let server = MockServer::builder().start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503)).mount(&server).await;
    let client = Client::builder()
        .tenant("contoso.com")
        .credential(ClientSecret::new(APP.parse().unwrap(), "s"))
        .cloud(Cloud::custom(server.uri(), server.uri(), server.uri()).unwrap())
        .retry(RetryOptions::none())
        .concurrency(Concurrency::default())
        .build()
        .unwrap();
    for requests in 1..=3 {
        client.organization().get().await.unwrap_err();
        assert_eq!(server.received_requests().await.unwrap().len(), requests);
    }
}
