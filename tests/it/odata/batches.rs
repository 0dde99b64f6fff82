//! Many requests in few, with every fault that one of them can have.

use std::time::{Duration, Instant};

use exchange_groups::graph_client::{Error, ErrorKind, Method, Page, Response, RetryOptions};
use exchange_groups_tests::{Answer, Contoso, RawServer};
use fake_tenant::{Fault, Matcher};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::{Graph, client_of, failed, ok};

/// Answers each item of a batch; the answers come in the opposite order.
fn batch(request: &Request, answer: impl Fn(&Value) -> Option<Value>) -> ResponseTemplate {
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    let mut responses: Vec<Value> = body["requests"]
        .as_array()
        .expect("a batch")
        .iter()
        .filter_map(|item| {
            let mut response = answer(item)?;
            response["id"] = item["id"].clone();
            Some(response)
        })
        .collect();
    responses.reverse();
    ok(&json!({ "responses": responses }))
}

fn item_ok(item: &Value) -> Value {
    json!({"status": 200, "headers": {"Content-Type": "application/json"}, "body": {"url": item["url"]}})
}

fn item_failed(status: u16, code: &str) -> Value {
    json!({"status": status, "headers": {"request-id": "id-of-item"}, "body": {"error": {"code": code, "message": "no"}}})
}

fn throttled(seconds: &str) -> Value {
    let mut item = item_failed(429, "TooManyRequests");
    item["headers"]["Retry-After"] = seconds.into();
    item
}

fn urls(body: &Value) -> Vec<&str> {
    body["requests"].as_array().into_iter().flatten().filter_map(|item| item["url"].as_str()).collect()
}

fn get(graph: &Graph, path: &str) -> exchange_groups::graph_client::Operation<Value> {
    graph.client.request(Method::GET, path).typed()
}

fn post(
    graph: &Graph,
    path: &str,
) -> exchange_groups::graph_client::Operation<exchange_groups::graph_client::Response> {
    graph.client.request(Method::POST, path).raw()
}

#[tokio::test]
async fn any_number_of_operations_is_answered_in_order_and_by_type() {
    let contoso = Contoso::start().await;
    let groups: Vec<Value> =
        contoso.client.request(Method::GET, "/v1.0/groups").list::<Value>().into_stream().try_collect().await.unwrap();
    contoso.tenant.clear_requests();
    let mut batch = contoso.client.batch();
    let rooms = batch.add(contoso.client.rooms().list().page_size(3));
    let nothing = batch.add(contoso.client.request(Method::GET, "/v1.0/groups/none").typed::<Value>());
    let handles: Vec<_> = groups
        .iter()
        .cycle()
        .take(43)
        .map(|group| {
            batch.add(
                contoso
                    .client
                    .request(Method::GET, format!("/v1.0/groups/{}", group["id"].as_str().unwrap()))
                    .typed::<Value>(),
            )
        })
        .collect();
    assert_eq!(batch.len(), 45);
    let mut answers = batch.send().await;
    assert_eq!(answers.take(rooms).unwrap().items.len(), 3);
    assert_eq!(answers.take(nothing).unwrap_err().kind(), ErrorKind::NotFound);
    for (handle, group) in handles.into_iter().zip(groups.iter().cycle()) {
        assert_eq!(answers.take(handle).unwrap()["id"], group["id"]);
    }
    let requests = contoso.tenant.requests();
    assert_eq!(requests.iter().filter(|request| request.path.ends_with("/$batch")).count(), 3);
}

#[tokio::test]
async fn throttled_items_alone_are_sent_again_after_the_longest_wait() {
    let graph = Graph::start(|number, request, _| {
        batch(request, |item| {
            Some(match item["url"].as_str().unwrap() {
                "/a" if number == 0 => throttled("0.1"),
                "/b" if number == 0 => throttled("0.3"),
                "/c" => item_failed(404, "Request_ResourceNotFound"),
                _ => item_ok(item),
            })
        })
    })
    .await;
    let started = Instant::now();
    let operations = ["a", "b", "c", "d"].map(|name| get(&graph, &format!("/v1.0/{name}")));
    let answers = graph.client.batch().run(operations).await;
    assert!(started.elapsed() >= Duration::from_millis(300), "{:?}", started.elapsed());
    let bodies = graph.bodies().await;
    assert_eq!(bodies.len(), 2);
    assert_eq!((urls(&bodies[0]), urls(&bodies[1])), (vec!["/a", "/b", "/c", "/d"], vec!["/a", "/b"]));
    for (at, url) in [(0, "/a"), (1, "/b"), (3, "/d")] {
        assert_eq!(answers[at].as_ref().unwrap()["url"], url);
    }
    let error = answers[2].as_ref().unwrap_err();
    assert_eq!(
        (error.kind(), error.request_id(), error.status()),
        (ErrorKind::NotFound, Some("id-of-item"), Some(404))
    );
    assert_eq!(error.operation(), "GET /v1.0/c");
}

#[tokio::test]
async fn a_wait_that_does_not_fit_fails_its_own_item_only() {
    let graph = Graph::start(|number, request, _| {
        batch(request, |item| {
            Some(match item["url"].as_str().unwrap() {
                "/hour" => throttled("3600"),
                "/soon" if number == 0 => throttled("0.05"),
                _ => item_ok(item),
            })
        })
    })
    .await;
    let answers = graph.client.batch().run(["/v1.0/hour", "/v1.0/soon"].map(|path| get(&graph, path))).await;
    let error = answers[0].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Throttled, Some(Duration::from_secs(3600))));
    assert!(answers[1].is_ok());
    // An operation that is not to be repeated is not.
    let graph = Graph::start(|_, request, _| batch(request, |_| Some(throttled("0.01")))).await;
    let once = get(&graph, "/v1.0/a").retry(RetryOptions::none());
    let answers = graph.client.batch().run([once, get(&graph, "/v1.0/b")]).await;
    let attempts = answers.iter().map(|answer| answer.as_ref().unwrap_err().attempts());
    assert_eq!(attempts.collect::<Vec<_>>(), [1, 4]);
}

#[tokio::test]
async fn an_operation_whose_own_time_is_over_is_not_sent_again() {
    let graph = Graph::start(|number, request, _| {
        batch(request, |item| {
            Some(match item["url"].as_str().unwrap() {
                "/short" | "/long" if number == 0 => throttled("0.3"),
                "/short" => panic!("its time was over"),
                _ => item_ok(item),
            })
        })
    })
    .await;
    let short = get(&graph, "/v1.0/short").total_timeout(Duration::from_millis(200));
    let answers = graph.client.batch().run([short, get(&graph, "/v1.0/long")]).await;
    let error = answers[0].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Throttled, 1), "{error}");
    assert!(answers[1].is_ok());
    // When no operation has time left, the batch ends.
    let graph = Graph::start(|_, _, _| ok(&json!({})).set_delay(Duration::from_secs(30))).await;
    let limited = |path| get(&graph, path).total_timeout(Duration::from_millis(100));
    let started = Instant::now();
    for answer in graph.client.batch().run(["/v1.0/a", "/v1.0/b"].map(limited)).await {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Interrupted);
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn typed_calls_go_into_a_batch_with_what_their_refusals_mean() {
    let contoso = Contoso::start().await;
    let client = &contoso.client;
    let room = &contoso.tenant.rooms()[0];
    contoso.tenant.clear_requests();
    let mut calls = client.batch();
    let organization = calls.add(client.organization().get());
    let user = calls.add(client.users().get(room).header("x-purpose", "a test"));
    let missing = calls.add(client.users().get("nobody@contoso.com"));
    let refused = calls.add(
        client.groups().create(&exchange_groups::graph_client::graph::NewGroup::security("x", "x").mail_enabled(true)),
    );
    let mut answers = calls.send().await;
    assert!(answers.take(organization).unwrap().id.len() > 30);
    assert_eq!(answers.take(user).unwrap().user_principal_name.as_deref(), Some(room.as_str()));
    let error = answers.take(missing).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::NotFound, "read a user (nobody@contoso.com)"));
    assert_eq!(answers.take(refused).unwrap_err().kind(), ErrorKind::Input);
    let sent = contoso.tenant.requests();
    assert_eq!(sent.iter().filter(|request| request.path.ends_with("/$batch")).count(), 1, "{sent:?}");

    let graph = Graph::start(|_, request, _| {
        batch(request, |item| {
            Some(match item["url"].as_str().unwrap() {
                "/users/ann@contoso.com/photo/$value" => {
                    json!({ "status": 200, "headers": { "Content-Type": "image/jpeg" }, "body": "/+8=" })
                }
                _ => item_failed(404, "ImageNotFound"),
            })
        })
    })
    .await;
    let photos = ["ann@contoso.com", "bob@contoso.com"].map(|user| graph.client.users().photo(user, None));
    let photos: Vec<_> = graph.client.batch().run(photos).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(photos, [Some(vec![0xff, 0xef]), None]);
}

#[tokio::test]
async fn what_may_have_happened_is_repeated_only_if_that_does_no_harm() {
    let graph = Graph::start(|number, request, _| {
        batch(request, |item| Some(if number < 2 { item_failed(503, "UnknownError") } else { item_ok(item) }))
    })
    .await;
    let mut batch = graph.client.batch().in_flight(1);
    let write = batch.add(post(&graph, "/v1.0/write"));
    let safe = batch.add(graph.client.request(Method::POST, "/v1.0/safe").idempotent(true).raw());
    let mut answers = batch.send().await;
    let error = answers.take(write).unwrap_err();
    assert!(error.is_outcome_unknown() && error.kind() == ErrorKind::Unavailable, "{error}");
    answers.take(safe).unwrap();
    let sent: Vec<Value> = graph.bodies().await;
    assert_eq!(sent.iter().flat_map(urls).filter(|url| *url == "/write").count(), 1);
    // An action without parameters wants an empty object.
    assert!(sent.iter().all(|body| body["requests"][0]["body"] == json!({})));
    assert!(sent.iter().all(|body| body["requests"][0]["headers"]["content-type"] == "application/json"));
}

#[tokio::test]
async fn an_answer_that_is_left_out_is_asked_for_again_if_that_does_no_harm() {
    let graph = Graph::start(|number, request, _| batch(request, |item| (number > 1).then(|| item_ok(item)))).await;
    let mut batch = graph.client.batch().in_flight(1);
    let (write, read) = (batch.add(post(&graph, "/v1.0/write")), batch.add(get(&graph, "/v1.0/read")));
    let mut answers = batch.send().await;
    let error = answers.take(write).unwrap_err();
    assert!(error.is_outcome_unknown() && error.kind() == ErrorKind::Interrupted, "{error}");
    answers.take(read).unwrap();
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_writes_in_doubt_and_repeats_reads() {
    let server = RawServer::start(|_, _| Answer::Close).await;
    let client = client_of(&server.url());
    let mut batch = client.batch();
    let write = batch.add(client.request(Method::POST, "/v1.0/write").unit());
    let read = batch.add(client.request(Method::GET, "/v1.0/read").raw());
    let mut answers = batch.send().await;
    assert!(answers.take(write).unwrap_err().is_outcome_unknown());
    assert!(!answers.take(read).unwrap_err().is_outcome_unknown());
    let count = |part: &str| {
        let has = |body: &[u8]| String::from_utf8_lossy(body).contains(part);
        server.requests().iter().filter(|request| has(&request.body)).count()
    };
    assert_eq!((count("/write"), count("/read")), (1, 4));
}

#[tokio::test]
async fn dependence_is_kept_while_items_are_repeated() {
    let graph = Graph::start(|number, request, _| {
        batch(request, |item| {
            Some(match (number, item["url"].as_str().unwrap()) {
                (0, "/parent") | (1, "/child") => throttled("0.05"),
                (0, "/child") => item_failed(424, "FailedDependency"),
                _ => item_ok(item),
            })
        })
    })
    .await;
    let mut batch = graph.client.batch();
    let parent = batch.add(post(&graph, "/v1.0/parent"));
    let child = batch.add_after(&[parent.id()], post(&graph, "/v1.0/child"));
    let mut answers = batch.send().await;
    answers.take(parent).unwrap();
    answers.take(child).unwrap();
    let bodies = graph.bodies().await;
    let sent: Vec<_> = bodies.iter().map(urls).collect();
    assert_eq!(sent, [vec!["/parent", "/child"], vec!["/parent", "/child"], vec!["/child"]]);
    assert_eq!(bodies[1]["requests"][1]["dependsOn"], json!(["0"]));
    assert_eq!(bodies[2]["requests"][0]["dependsOn"], Value::Null, "what has succeeded is not in this batch");
}

#[tokio::test]
async fn what_waits_for_a_failure_fails_with_it_and_nothing_else_does() {
    let graph = Graph::start(|_, request, _| {
        batch(request, |item| {
            Some(match item["url"].as_str().unwrap() {
                "/1" => item_failed(403, "accessDenied"),
                _ if item["dependsOn"].is_array() => item_failed(424, "FailedDependency"),
                _ => item_ok(item),
            })
        })
    })
    .await;
    // A chain longer than a batch: what comes after the cut is not even sent.
    let mut batch = graph.client.batch();
    let mut handles = vec![batch.add(post(&graph, "/v1.0/1"))];
    for number in 2..=30 {
        let before = handles.last().unwrap().id();
        handles.push(batch.add_after(&[before], post(&graph, &format!("/v1.0/{number}"))));
    }
    let other = batch.add(get(&graph, "/v1.0/other"));
    let mut answers = batch.send().await;
    answers.take(other).unwrap();
    let errors: Vec<Error> = handles.into_iter().map(|handle| answers.take(handle).unwrap_err()).collect();
    assert_eq!(errors[0].kind(), ErrorKind::Denied);
    for error in &errors[1..] {
        assert_eq!((error.status(), error.code()), (Some(424), Some("FailedDependency")), "{error}");
        assert!(std::error::Error::source(error).is_some());
        assert!(!error.is_outcome_unknown());
    }
    let bodies = graph.bodies().await;
    assert_eq!(bodies.iter().map(|body| urls(body).len()).sum::<usize>(), 21);
}

#[tokio::test]
async fn what_waits_for_a_closed_mailbox_is_not_sent_either() {
    let graph = Graph::start(|_, request, _| {
        if request.url.path().ends_with("/$batch") {
            return batch(request, |item| Some(item_ok(item)));
        }
        failed(429, "ApplicationThrottled").insert_header("retry-after", "3600")
    })
    .await;
    let closed = "/v1.0/users/closed@contoso.com/events";
    assert_eq!(get(&graph, closed).await.unwrap_err().kind(), ErrorKind::Throttled);
    let mut calls = graph.client.batch();
    let first = calls.add(post(&graph, closed));
    let second = calls.add_after(&[first.id()], post(&graph, "/v1.0/second"));
    let third = calls.add_after(&[second.id()], post(&graph, "/v1.0/third"));
    let other = calls.add(get(&graph, "/v1.0/other"));
    let mut answers = calls.send().await;
    let error = answers.take(first).unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.is_outcome_unknown()), (ErrorKind::Throttled, 0, false));
    for handle in [second, third] {
        let error = answers.take(handle).unwrap_err();
        assert_eq!(error.code(), Some("FailedDependency"), "{error}");
    }
    assert!(answers.take(other).is_ok());
    let bodies = graph.bodies().await;
    assert_eq!(urls(bodies.last().unwrap()), ["/other"]);

    // A wait that outlasts the operations' own time is not begun.
    let graph = Graph::start(|number, request, _| match number {
        0 => failed(429, "ApplicationThrottled").insert_header("retry-after", "15"),
        _ => batch(request, |item| Some(item_ok(item))),
    })
    .await;
    let once = get(&graph, closed).retry(RetryOptions::none());
    assert_eq!(once.await.unwrap_err().kind(), ErrorKind::Throttled);
    let started = Instant::now();
    let hurried = get(&graph, closed).total_timeout(Duration::from_secs(2));
    let answers = graph.client.batch().run([hurried]).await;
    assert_eq!(answers[0].as_ref().unwrap_err().kind(), ErrorKind::Throttled);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test]
async fn versions_do_not_mix_and_headers_go_with_each_item() {
    let graph = Graph::start(|_, request, _| {
        let version = request.url.path().to_owned();
        batch(request, move |item| {
            Some(match item["url"].as_str().unwrap() {
                "/photo" => json!({"status": 200, "headers": {"content-type": "image/jpeg"}, "body": "_-8="}),
                "/gone" => json!({"status": 204}),
                _ => json!({"status": 200, "body": {"version": version}}),
            })
        })
    })
    .await;
    let mut batch = graph.client.batch();
    let stable = batch.add(get(&graph, "/v1.0/a?x=%2f").immutable_ids().client_request_id("mine").header("x-own", "1"));
    let beta = batch.add(get(&graph, "/beta/a"));
    let photo = batch.add(graph.client.request(Method::GET, "/v1.0/photo").raw());
    let gone = batch.add(graph.client.request(Method::DELETE, "/v1.0/gone").unit());
    let put = graph.client.request(Method::PUT, "/beta/photo").body_bytes("image/jpeg", vec![0xff, 0xef]);
    let put = batch.add(put.raw());
    let counted = batch.add(graph.groups().count());
    let mut answers = batch.send().await;
    assert_eq!(answers.take(stable).unwrap()["version"], "/v1.0/$batch");
    assert_eq!(answers.take(beta).unwrap()["version"], "/beta/$batch");
    let photo: Response = answers.take(photo).unwrap();
    assert_eq!((photo.bytes(), photo.header("Content-Type")), (&[0xff, 0xef][..], Some("image/jpeg")));
    answers.take(gone).unwrap();
    assert_eq!(answers.take(put).unwrap().status(), 200);
    assert_eq!(answers.take(counted).unwrap_err().kind(), ErrorKind::Decode);
    let bodies = graph.bodies().await;
    let find = |url: &str, method: &str| {
        let items = bodies.iter().flat_map(|body| body["requests"].as_array().unwrap());
        items.into_iter().find(|item| item["url"] == url && item["method"] == method).unwrap()
    };
    let item = find("/a?x=%2f", "GET");
    assert_eq!(item["headers"], json!({"client-request-id": "mine", "prefer": "IdType=\"ImmutableId\"", "x-own": "1"}));
    assert_eq!(item["body"], Value::Null);
    let item = find("/photo", "PUT");
    assert_eq!((&item["body"], &item["headers"]["content-type"]), (&json!("_-8="), &json!("image/jpeg")));
    assert_eq!(find("/groups?$count=true", "GET")["headers"]["consistencylevel"], "eventual");
}

#[tokio::test]
async fn a_whole_of_424_is_read_item_by_item() {
    let graph = Graph::start(|_, request, _| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let responses = [json!({"id": body["requests"][0]["id"], "status": 200, "body": {}})];
        ResponseTemplate::new(424).set_body_json(json!({ "responses": responses }))
    })
    .await;
    assert!(graph.client.batch().run([get(&graph, "/v1.0/a")]).await[0].is_ok());
}

#[tokio::test]
async fn a_refused_token_is_renewed_for_the_item_alone() {
    let contoso = Contoso::start().await;
    let body = json!({"error": {"code": "InvalidAuthenticationToken", "message": "Access token has expired."}});
    contoso.tenant.fail_next(Matcher::path("/organization"), Fault::status(401, body));
    let organization = || contoso.client.request(Method::GET, "/v1.0/organization").typed::<Page<Value>>();
    let answers = contoso.client.batch().run([organization(), organization()]).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

#[tokio::test]
async fn what_does_not_belong_in_a_batch_is_refused_by_itself() {
    let graph = Graph::start(|_, request, _| batch(request, |item| Some(item_ok(item)))).await;
    let other = client_of(&graph.server.uri());
    let mut one = graph.client.batch();
    let mut two = graph.client.batch();
    let foreign_client = one.add(other.request(Method::GET, "/v1.0/a").typed::<Value>());
    let no_version = one.add(get(&graph, "/v2.0/a"));
    let bad_query = one.add(graph.groups().page_size(0));
    let after_bad = one.add_after(&[bad_query.id()], get(&graph, "/v1.0/never"));
    let good = one.add(get(&graph, "/v1.0/a"));
    let foreign_parent = two.add_after(&[good.id()], get(&graph, "/v1.0/a"));
    let mut answers = one.send().await;
    for error in [
        answers.take(foreign_client).unwrap_err(),
        answers.take(no_version).unwrap_err(),
        answers.take(bad_query).unwrap_err(),
        answers.take(foreign_parent).unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Input, 0), "{error}");
    }
    assert_eq!(answers.take(after_bad).unwrap_err().code(), Some("FailedDependency"));
    answers.take(good).unwrap();
    assert_eq!(graph.bodies().await.iter().flat_map(urls).count(), 1);
    assert!(graph.client.batch().run(Vec::<exchange_groups::graph_client::Operation<Value>>::new()).await.is_empty());
}
