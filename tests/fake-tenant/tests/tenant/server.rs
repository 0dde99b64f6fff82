//! The same over a real socket.

use std::time::{Duration, Instant};

use fake_tenant::{FakeTenant, Fault, Matcher, When};
use serde_json::{Value, json};

use crate::{SECURITY_GROUP, Session, text, texts, with_group};

async fn post(url: &str, token: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
    reqwest::Client::new()
        .post(url)
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .body(body.to_string())
        .send()
        .await
}

async fn read(response: reqwest::Response) -> Value {
    let bytes = response.bytes().await.unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

#[tokio::test]
async fn one_origin_serves_all_three() {
    let tenant = FakeTenant::builder().rooms(120).build();
    let server = tenant.serve().await.unwrap();
    let client = reqwest::Client::new();
    let app = tenant.administrator();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default",
        app.client_id,
        app.secret()
    );
    let response = client
        .post(format!("{}/{}/oauth2/v2.0/token", server.login_url(), tenant.id()))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    let token = text(&read(response).await["access_token"]);
    let mut url = format!("{}/v1.0/places/microsoft.graph.room", server.graph_url());
    let mut rooms = Vec::new();
    loop {
        let response = client.get(&url).header("Authorization", format!("Bearer {token}")).send().await.unwrap();
        assert!(response.headers().contains_key("request-id"));
        let body = read(response).await;
        rooms.extend(texts(body["value"].as_array().unwrap(), "emailAddress"));
        match body.get("@odata.nextLink") {
            Some(link) => url = text(link),
            None => break,
        }
        assert!(url.starts_with(&server.graph_url()), "{url}");
    }
    assert_eq!(rooms.len(), 120);
    let url = format!("{}/adminapi/beta/contoso.com/InvokeCommand", server.exchange_url());
    let command = json!({"CmdletInput": {"CmdletName": "Get-AcceptedDomain"}});
    let token = tenant.exchange_token(&app);
    assert_eq!(post(&url, &token, &command).await.unwrap().status(), 200);
    // Wrong token: an empty 401.
    let refused = post(&url, "nonsense", &command).await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.bytes().await.unwrap().len()), (401, 0));
}

#[tokio::test]
async fn answers_break_off_on_request() {
    let (tenant, admin) = with_group();
    let server = tenant.serve().await.unwrap();
    let url = format!("{}/adminapi/beta/{}/InvokeCommand", server.exchange_url(), tenant.id());
    let command = json!({"CmdletInput": {"CmdletName": "Add-DistributionGroupMember", "Parameters": {
        "Identity": SECURITY_GROUP, "Member": "ceo", "BypassSecurityGroupManagerCheck": true,
    }}});
    tenant.fail_next(Matcher::any(), Fault::DropConnection(When::BeforeEffect));
    assert!(post(&url, &admin.exchange, &command).await.is_err());
    assert!(tenant.members(SECURITY_GROUP).is_empty());
    tenant.fail_next(Matcher::any(), Fault::TruncatedBody);
    let response = post(&url, &admin.exchange, &command).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.is_err());
    assert_eq!(tenant.members(SECURITY_GROUP).len(), 1);
    tenant.fail_next(Matcher::any(), Fault::NulBody403 { diagnostics: None });
    let response = post(&url, &admin.exchange, &command).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(response.bytes().await.unwrap().iter().all(|byte| *byte == 0));
}

#[tokio::test]
async fn a_slow_answer_holds_up_nobody_else() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let server = tenant.serve().await.unwrap();
    let url = format!("{}/v1.0/organization", server.graph_url());
    let client = reqwest::Client::new();
    let get = || client.get(&url).header("Authorization", format!("Bearer {}", admin.graph)).send();
    tenant.fail_next(Matcher::any(), Fault::Delay(Duration::from_secs(5)));
    let slow = tokio::spawn(get());
    while tenant.request_count() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let started = Instant::now();
    let others: Vec<_> = (0..20).map(|_| tokio::spawn(get())).collect();
    for other in others {
        assert_eq!(other.await.unwrap().unwrap().status(), 200);
    }
    assert!(started.elapsed() < Duration::from_secs(4));
    slow.abort();
}

#[tokio::test]
async fn a_dropped_server_is_gone() {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.unwrap();
    let url = format!("{}/v1.0/organization", server.url());
    let client = reqwest::Client::new();
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    drop(server);
    for _ in 0..100 {
        if client.get(&url).send().await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the server still answers");
}

/// A receiver of notifications: it repeats validation tokens, unless it is told not to, and keeps the rest.
#[expect(clippy::unwrap_used, reason = "a helper of tests may panic")]
async fn receiver(honest: bool) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notify", listener.local_addr().unwrap());
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            let text = loop {
                stream.readable().await.unwrap();
                let mut part = [0; 4096];
                if let Ok(count) = stream.try_read(&mut part) {
                    request.extend_from_slice(&part[..count]);
                }
                let text = String::from_utf8_lossy(&request).into_owned();
                if text.contains("validationToken=") || text.ends_with("]}") {
                    break text;
                }
            };
            let token = text.split("validationToken=").nth(1).and_then(|rest| rest.split(' ').next());
            let answer = match token {
                Some(token) if honest => {
                    url::form_urlencoded::parse(format!("x={token}").as_bytes()).next().unwrap().1.into_owned()
                }
                _ => String::new(),
            };
            if token.is_none() {
                sender.send(text.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned()).unwrap();
            }
            let reply = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
            stream.writable().await.unwrap();
            stream.try_write(reply.as_bytes()).unwrap();
        }
    });
    (url, receiver)
}

#[tokio::test]
async fn subscriptions_are_verified_and_changes_delivered() {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.unwrap();
    let token = tenant.graph_token(tenant.booking_application());
    let subscribe = async |url: String| {
        let body = serde_json::json!({"changeType": "created", "notificationUrl": url,
            "resource": "users/boardroom@contoso.com/events", "expirationDateTime": crate::calendars::soon(&tenant)});
        let request = reqwest::Client::new().post(format!("{}/v1.0/subscriptions", server.graph_url()));
        request.bearer_auth(&token).body(body.to_string()).send().await.unwrap().status().as_u16()
    };
    let (silent, _nothing) = receiver(false).await;
    assert_eq!(subscribe(silent).await, 400);
    let (url, mut notifications) = receiver(true).await;
    assert_eq!(subscribe(url).await, 201);
    tenant.add_event("boardroom@contoso.com", "x", "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z");
    let told = notifications.recv().await.unwrap();
    assert!(told.contains("\"changeType\":\"created\""), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_four_at_once_for_a_mailbox_are_refused_on_request() {
    let tenant = FakeTenant::contoso();
    tenant.limit_mailbox_concurrency(Some(4));
    tenant.set_latency(std::time::Duration::from_millis(300));
    let server = tenant.serve().await.unwrap();
    let token = tenant.graph_token(tenant.booking_application());
    let client = reqwest::Client::new();
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let url = format!("{}/v1.0/users/boardroom@contoso.com/calendar", server.graph_url());
            tokio::spawn(client.get(url).bearer_auth(&token).send())
        })
        .collect();
    let mut refused = 0;
    for task in tasks {
        refused += usize::from(task.await.unwrap().unwrap().status().as_u16() == 429);
    }
    assert_eq!((refused, tenant.peak_mailbox_concurrency()), (2, 4));
    assert!(tenant.peak_concurrency() <= 4);
}
