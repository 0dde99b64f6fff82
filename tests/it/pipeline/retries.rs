//! What is sent again, after which wait, and what is not.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use exchange_groups::graph_client::exchange::{
    CmdletErrorKind, GetAcceptedDomain, GetMailbox, GetOrganizationConfig, GetRecipient, Identity,
};
use exchange_groups::graph_client::{ErrorKind, Method, RetryOptions};
use exchange_groups_tests::{Answer, Contoso, GROUP, RawServer};
use fake_tenant::{Fault, Matcher, When};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{client_at, new_group, rooms};

#[tokio::test]
async fn a_throttled_step_in_the_middle_of_a_run_waits_as_asked_and_loses_nothing() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.tenant.fail_next(Matcher::cmdlet("Update-DistributionGroupMember"), Fault::throttle("1"));
    let started = Instant::now();
    let report = contoso.provision(&spec).await;
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(contoso.tenant.count("Update-DistributionGroupMember"), 2);
    assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
    assert_eq!(report.stages.iter().map(|usage| usage.retries).sum::<u64>(), 1, "{report}");
    assert!(report.to_string().contains("1 of them retries"), "{report}");
    assert!(contoso.prove(&spec).await.is_verified());
}

#[tokio::test]
async fn throttling_at_every_step_of_a_run_loses_nothing() {
    for skipped in 0..28 {
        let contoso = Contoso::start().await;
        let spec = contoso.rbac().build().unwrap();
        contoso.tenant.fail_next(Matcher::any().after(skipped), Fault::throttle("0"));
        contoso.provision(&spec).await;
        assert_eq!(contoso.tenant.members(GROUP), contoso.rooms());
        assert_eq!(contoso.tenant.role_assignments(&contoso.booking).len(), 1);
        assert!(!contoso.tenant.can_read(&contoso.booking, "ceo@contoso.com"));
    }
}

#[tokio::test]
async fn a_fraction_of_a_second_is_waited_in_full() {
    let contoso = Contoso::start().await;
    contoso.tenant.fail_next(Matcher::path("/v1.0/organization"), Fault::throttle("0.75"));
    let started = Instant::now();
    contoso.client.organization().get().await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(750), "{:?}", started.elapsed());
    assert!(contoso.client.usage().waited >= Duration::from_millis(750));
    assert_eq!((contoso.client.usage().requests, contoso.client.usage().retries), (2, 1));
}

#[tokio::test]
async fn a_date_is_waited_for() {
    let contoso = Contoso::start().await;
    let date = SystemTime::now() + Duration::from_secs(2);
    let text = httpdate::fmt_http_date(date);
    let date = httpdate::parse_http_date(&text).unwrap();
    contoso.tenant.fail_next(Matcher::cmdlet("New-DistributionGroup"), Fault::throttle(&text));
    contoso.client.exchange().run(new_group()).await.unwrap();
    assert!(SystemTime::now() >= date, "the second attempt came too early");
    assert_eq!(contoso.tenant.count("New-DistributionGroup"), 2);
}

#[tokio::test]
async fn a_wait_that_does_not_fit_the_budget_fails_at_once_and_says_how_long_it_is() {
    let contoso = Contoso::start().await;
    contoso.tenant.throttle(1, "3600");
    let error = contoso.client.organization().get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(error.attempts(), 1);
    assert!(error.is_retryable() && !error.is_outcome_unknown());
}

#[tokio::test]
async fn throttling_without_end_is_an_error_after_the_last_attempt() {
    let contoso = Contoso::start().await;
    contoso.client.exchange().run(GetOrganizationConfig::new()).await.unwrap();
    contoso.tenant.clear_requests();
    contoso.tenant.throttle(100, "0");
    let error = contoso.client.exchange().run(new_group()).await.unwrap_err();
    assert_eq!((error.kind(), error.status(), error.attempts()), (ErrorKind::Throttled, Some(429), 4));
    assert_eq!(contoso.tenant.request_count(), 4);
    assert!(!error.is_outcome_unknown(), "a throttled command was not carried out");
}

#[tokio::test]
async fn too_many_commands_at_once_told_in_plain_text_are_sent_again() {
    let contoso = Contoso::start().await;
    contoso.tenant.fail_next(Matcher::cmdlet("New-DistributionGroup"), Fault::concurrency());
    contoso.client.exchange().run(new_group()).await.unwrap();
    assert_eq!(contoso.tenant.count("New-DistributionGroup"), 2);
    let groups = contoso.tenant.groups();
    assert_eq!(groups.iter().filter(|group| group.to_lowercase().starts_with("rooms@")).count(), 1, "{groups:?}");
}

#[tokio::test]
async fn a_service_that_is_unavailable_for_a_moment_is_asked_again() {
    let contoso = Contoso::start().await;
    let unavailable = || Fault::status(503, Value::Null);
    contoso.tenant.fail_next(Matcher::path("/v1.0/organization"), unavailable());
    contoso.client.organization().get().await.unwrap();
    contoso.tenant.fail_next(Matcher::cmdlet("Get-AcceptedDomain"), unavailable());
    contoso.client.exchange().run(GetAcceptedDomain::new()).await.unwrap();
    // Exchange turned the command away; it was not carried out.
    contoso.tenant.fail_next(Matcher::cmdlet("New-DistributionGroup"), unavailable());
    contoso.client.exchange().run(new_group()).await.unwrap();
    assert_eq!(contoso.tenant.count("New-DistributionGroup"), 2);
}

#[tokio::test]
async fn a_write_that_ended_in_500_is_not_repeated() {
    let contoso = Contoso::start().await;
    contoso.tenant.fail_next(Matcher::cmdlet("New-DistributionGroup").times(9), Fault::status(500, Value::Null));
    let error = contoso.client.exchange().run(new_group()).await.unwrap_err();
    assert_eq!(contoso.tenant.count("New-DistributionGroup"), 1);
    assert_eq!(error.status(), Some(500));
    assert!(error.is_outcome_unknown(), "{error}");

    contoso.tenant.fail_next(Matcher::path("/v1.0/groups").method("POST").times(9), Fault::status(500, Value::Null));
    let request = contoso.client.request(Method::POST, "/v1.0/groups").body(&json!({}));
    let error = request.send().await.unwrap_err();
    assert!(error.is_outcome_unknown());
    // A 429 says that nothing was done. A 503 does not, whatever wait it names.
    let away = MockServer::builder().start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "0.01");
    Mock::given(any()).respond_with(busy).mount(&away).await;
    let error = client_at(&away.uri()).request(Method::POST, "/v1.0/groups").body(&json!({})).send().await.unwrap_err();
    assert_eq!((error.attempts(), error.is_outcome_unknown()), (1, true), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_millis(10)));
    let posts = contoso.tenant.requests().iter().filter(|request| request.path.ends_with("/groups")).count();
    assert_eq!(posts, 1);
}

#[tokio::test]
async fn several_recipients_that_match_are_a_final_answer_although_it_is_500() {
    let contoso = Contoso::start().await;
    contoso.tenant.fail_next(
        Matcher::cmdlet("Get-Recipient").times(9),
        Fault::cmdlet_error(
            500,
            "",
            "The operation couldn't be performed because there are multiple recipients matching identity \"Jo\".",
        ),
    );
    let identity: Identity = "Jo".parse().unwrap();
    let error = contoso.client.exchange().run(GetRecipient::new(identity)).await.unwrap_err();
    assert_eq!(error.cmdlet().map(|cmdlet| cmdlet.kind), Some(CmdletErrorKind::SeveralMatch));
    assert_eq!(contoso.tenant.count("Get-Recipient"), 1);
}

#[tokio::test]
async fn a_transient_fault_under_400_is_repeated_for_a_read_and_not_for_a_write() {
    let contoso = Contoso::start().await;
    let fault = || Fault::cmdlet_error(400, "Microsoft.Exchange.Data.Directory.TransientException", "Try again.");
    contoso.tenant.fail_next(Matcher::cmdlet("Get-AcceptedDomain"), fault());
    contoso.client.exchange().run(GetAcceptedDomain::new()).await.unwrap();
    assert_eq!(contoso.tenant.count("Get-AcceptedDomain"), 2);
    contoso.tenant.fail_next(Matcher::cmdlet("New-DistributionGroup"), fault());
    let error = contoso.client.exchange().run(new_group()).await.unwrap_err();
    assert!(error.is_retryable() && error.is_outcome_unknown());
    assert_eq!(contoso.tenant.count("New-DistributionGroup"), 1);
}

#[tokio::test]
async fn a_post_whose_connection_broke_is_not_repeated_and_a_get_is() {
    let server = RawServer::start(|number, _| match number {
        // The third comes over a connection that is open since the second.
        0 | 2 | 3 => Answer::Close,
        _ => Answer::Json(200, json!({"value": [{"id": "1", "displayName": "Contoso"}]}).to_string()),
    })
    .await;
    let client = client_at(&server.url());
    client.organization().get().await.expect("a GET is sent again");
    assert_eq!(server.requests().len(), 2);

    let error = client.request(Method::POST, "/v1.0/groups").body(&json!({})).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(error.is_outcome_unknown() && error.is_retryable());
    assert_eq!(server.requests().len(), 3, "the POST may have been carried out");

    let error = client.exchange().run(new_group()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Interrupted, true));
    assert_eq!(server.requests().len(), 4);

    client.request(Method::POST, "/v1.0/groups").body(&json!({})).send().await.unwrap();
}

#[tokio::test]
async fn a_post_that_is_said_to_be_harmless_is_repeated() {
    let server =
        RawServer::start(|number, _| if number == 0 { Answer::Close } else { Answer::Json(200, "{}".into()) }).await;
    let client = client_at(&server.url());
    client.request(Method::POST, "/v1.0/search/query").body(&json!({})).idempotent(true).send().await.unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_read_cmdlet_is_a_post_and_is_repeated_all_the_same() {
    let contoso = Contoso::start().await;
    contoso.tenant.fail_next(Matcher::cmdlet("Get-Mailbox"), Fault::DropConnection(When::AfterEffect));
    assert_eq!(contoso.client.exchange().run(GetMailbox::rooms()).await.unwrap().len(), 40);
    assert_eq!(contoso.tenant.count("Get-Mailbox"), 2);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_connect_error_and_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client_at(&url).exchange().run(new_group()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.is_retryable() && !error.is_outcome_unknown());
    assert!(error.advice().is_some_and(|advice| advice.contains("network")), "{error}");
}

/// What is told of a call is what it is for; its path and filter may hold more.
#[tokio::test]
async fn an_error_of_the_network_names_no_url_to_its_last_cause() {
    let closing = RawServer::start(|_, _| Answer::Close).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for url in [nobody, closing.url()] {
        let now = SystemTime::now();
        let view = client_at(&url).calendar("ceo@contoso.com").view(now, now + Duration::from_secs(60));
        let error = view.await.unwrap_err();
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        let mut depth = 0;
        while let Some(said) = cause {
            assert!(!said.to_string().contains("calendarView"), "{said}");
            (cause, depth) = (said.source(), depth + 1);
        }
        assert!(depth > 1, "the cause is kept: {error}");
    }
}

/// Outlook counts by mailbox; the header says when all calls of the application are meant.
#[tokio::test]
async fn a_throttled_mailbox_stops_the_others_only_if_the_whole_application_is_meant() {
    for (scope, stops_all) in [(None, false), (Some("Tenant_Application/ReadWrite/contoso"), true)] {
        let contoso = Contoso::start().await;
        let mut fault = Fault::status(429, json!({"error": {"code": "TooManyRequests", "message": "Later."}}))
            .with_header("Retry-After", "3600");
        if let Some(scope) = scope {
            fault = fault.with_header("x-ms-throttle-scope", scope);
        }
        contoso.tenant.fail_next(Matcher::path("/calendarView"), fault);
        let client = contoso.client_as(&contoso.booking);
        let now = SystemTime::now();
        let error = client.calendar("ceo@contoso.com").view(now, now + Duration::from_secs(60)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled, "{error}");
        assert_eq!(client.graph_load().blocked_for.is_some(), stops_all, "{scope:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let server = RawServer::start(|number, _| match number {
        0 | 2 => Answer::Truncated,
        _ => Answer::Json(200, json!({"value": [{"id": "1"}]}).to_string()),
    })
    .await;
    let client = client_at(&server.url());
    client.organization().get().await.expect("a GET is sent again");
    let error = client.exchange().run(new_group()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Interrupted, true));
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_read_and_not_asked_for_again() {
    let limit = 64 * 1024 * 1024;
    let server = RawServer::start(move |number, _| match number {
        0 => Answer::Promise(limit + 1),
        _ => Answer::Endless,
    })
    .await;
    let client = client_at(&server.url());
    for _ in 0..2 {
        let error = client.organization().get().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.message().contains("64 MiB"), "{error}");
        assert!(error.advice().is_some_and(|advice| advice.contains("$select")), "{error}");
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn calls_that_are_given_up_leave_no_place_behind() {
    let server = RawServer::start(|number, _| match number {
        0..4 => Answer::Promise(100),
        _ => Answer::Json(200, json!({"value": [{"id": "1"}]}).to_string()),
    })
    .await;
    let client = client_at(&server.url());
    let organization = || client.organization().get().into_future();
    let many = futures_util::future::join_all((0..20).map(|_| organization()));
    tokio::time::timeout(Duration::from_millis(300), many).await.expect_err("four never end, the others wait for them");
    let load = client.graph_load();
    assert_eq!((load.in_flight, load.waiting), (0, 0));
    organization().await.expect("there is room");
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_given_up() {
    let contoso = Contoso::start().await;
    contoso.client.organization().get().await.unwrap();
    contoso.tenant.fail_next(Matcher::path("/v1.0/organization"), Fault::Delay(Duration::from_secs(30)));
    let request = contoso.client.request(Method::GET, "/v1.0/organization").timeout(Duration::from_millis(100));
    let error = request.retry(RetryOptions::none()).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(error.message().contains("in time"), "{error}");
}

#[tokio::test]
async fn html_instead_of_json_is_told_as_that() {
    let contoso = Contoso::start().await;
    contoso.tenant.fail_next(Matcher::path("/v1.0/organization"), Fault::Html { status: 502 });
    contoso.client.organization().get().await.expect("a gateway's 502 is asked again");
    contoso.tenant.fail_next(Matcher::path("/v1.0/organization"), Fault::Html { status: 400 });
    let error = contoso.client.organization().get().await.unwrap_err();
    assert!(error.message().contains("HTML"), "{error}");
    contoso.tenant.fail_next(Matcher::path("/v1.0/organization"), Fault::Html { status: 200 });
    let error = contoso.client.organization().get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    contoso.tenant.fail_next(Matcher::cmdlet("Get-AcceptedDomain"), Fault::Html { status: 200 });
    let error = contoso.client.exchange().run(GetAcceptedDomain::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
}

#[tokio::test]
async fn a_success_that_holds_an_error_is_an_error() {
    let contoso = Contoso::start().await;
    let body = json!({"error": {"code": "ErrorItemNotFound", "message": "Gone."}});
    contoso.tenant.fail_next(Matcher::path("/v1.0/places"), Fault::status(200, body));
    let error = rooms(&contoso.client).await.unwrap_err();
    assert_eq!(error.code(), Some("ErrorItemNotFound"));
}

#[tokio::test]
async fn a_storm_of_429_takes_few_requests_and_loses_no_call() {
    let server = MockServer::builder().start().await;
    let opens: Mutex<Option<Instant>> = Mutex::default();
    let respond = move |_: &wiremock::Request| {
        let mut opens = opens.lock().expect("nothing panics in here");
        let opens = opens.get_or_insert_with(|| Instant::now() + Duration::from_millis(700));
        if Instant::now() < *opens {
            return ResponseTemplate::new(429).insert_header("retry-after", "0.5");
        }
        ResponseTemplate::new(200).set_body_json(json!({ "value": [{ "id": "1" }] }))
    };
    Mock::given(any()).respond_with(respond).mount(&server).await;
    let client = client_at(&server.uri());
    let calls = (0..64).map(|_| client.organization().get().into_future());
    for answer in futures_util::future::join_all(calls).await {
        answer.expect("it waits for the service");
    }
    // The first four find out, then one at a time asks; the others have not been sent yet.
    let requests = server.received_requests().await.expect("a server that records").len();
    assert!((64..=72).contains(&requests), "{requests} requests");
}

#[tokio::test]
async fn the_total_time_is_kept_and_the_error_says_how_far_the_call_came() {
    // A wait that would outlast it is not begun.
    let contoso = Contoso::start().await;
    contoso.client.organization().get().await.unwrap();
    contoso.tenant.fail_next(Matcher::path("/v1.0/organization"), Fault::throttle("30"));
    let started = Instant::now();
    let error = contoso.client.organization().get().total_timeout(Duration::from_secs(10)).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Throttled, 1));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));

    // The service is to be left alone for half a minute: another call is told so, and nothing is sent.
    let post = |limit| {
        let request = contoso.client.request(Method::POST, "/v1.0/groups").body(&json!({}));
        request.total_timeout(Duration::from_millis(limit)).send()
    };
    let error = post(100).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.is_outcome_unknown()), (ErrorKind::Throttled, 0, false));
    assert!(error.retry_after().is_some_and(|wait| wait > Duration::from_secs(20)), "{error:?}");
    assert!(error.to_string().contains("Nothing was sent"), "{error}");

    // What was sent and not answered may have happened, if it was a write.
    let server = RawServer::start(|_, _| Answer::Promise(100)).await;
    let client = client_at(&server.url());
    for (method, in_doubt) in [(Method::GET, false), (Method::PUT, true), (Method::POST, true)] {
        let request = client.request(method, "/v1.0/x").total_timeout(Duration::from_millis(100));
        let error = request.send().await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Interrupted, 1), "{error}");
        assert_eq!(error.is_outcome_unknown(), in_doubt, "{error}");
        assert!(error.elapsed() >= Duration::from_millis(100), "{error:?}");
    }
}

#[tokio::test]
async fn a_write_that_may_be_repeated_is_in_doubt_all_the_same_when_it_fails() {
    let server = RawServer::start(|_, _| Answer::Close).await;
    let client = client_at(&server.url());
    let error = client.users().delete("ann@contoso.com").await.unwrap_err();
    assert_eq!((error.attempts(), error.is_outcome_unknown()), (4, true), "{error}");
    assert!(!client.users().get("ann@contoso.com").await.unwrap_err().is_outcome_unknown());
    assert!(!client.groups().check_member_groups("1", &["2"]).await.unwrap_err().is_outcome_unknown());

    // Nobody is there any more: perhaps because the first attempt deleted them.
    let server = RawServer::start(|number, _| match number {
        0 => Answer::Close,
        _ => Answer::Json(404, json!({"error": {"code": "Request_ResourceNotFound", "message": "no"}}).to_string()),
    })
    .await;
    let error = client_at(&server.url()).users().delete("ann@contoso.com").await.unwrap_err();
    assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::NotFound, true), "{error}");
}
