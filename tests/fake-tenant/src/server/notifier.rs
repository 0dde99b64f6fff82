//! Change notifications over plain HTTP: the handshake before a subscription, and the delivery.

use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use crate::FakeTenant;
use crate::request::{Request, Response};

const PAUSE: Duration = Duration::from_millis(20);
/// How long a receiver may take (Microsoft documentation).
const PATIENCE: Duration = Duration::from_secs(10);
const TOKEN: &str = "Validation: Testing client application reachability for subscription Request-Id: 0b1c2d3e+/=";

/// Delivers what is in the tenant's outbox, for as long as the server runs.
pub(super) async fn deliver(tenant: FakeTenant) {
    loop {
        for notification in tenant.take_notifications() {
            // The service tries again for hours; here a receiver that is not there is not waited for.
            let body = notification.body.to_string();
            let _ = timeout(PATIENCE, post(&notification.url, "application/json", &body)).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Asks the receiver of a new subscription to repeat a token, and returns the refusal when it does not.
/// Requests for anything else pass.
pub(super) async fn handshake(request: &Request) -> Option<Response> {
    let path = request.url().path().trim_end_matches('/').to_ascii_lowercase();
    if request.method() != "POST" || !path.ends_with("/subscriptions") {
        return None;
    }
    let body: serde_json::Value = serde_json::from_slice(request.bytes()).unwrap_or_default();
    for name in ["notificationUrl", "lifecycleNotificationUrl"] {
        let Some(url) = body[name].as_str() else {
            continue;
        };
        let Ok(mut target) = Url::parse(url) else {
            return Some(refused("The notification URL is not a URL."));
        };
        target.query_pairs_mut().append_pair("validationToken", TOKEN);
        match timeout(PATIENCE, post(target.as_str(), "text/plain", "")).await {
            Ok(Ok((200, answer))) if answer == TOKEN => {}
            Ok(Ok(_)) => {
                return Some(refused(
                    "Subscription validation request failed. Response must exactly match validationToken query parameter.",
                ));
            }
            Ok(Err(_)) => {
                return Some(refused(
                    "Subscription validation request failed. Notification endpoint could not be reached.",
                ));
            }
            Err(_) => return Some(refused("Subscription validation request timed out.")),
        }
    }
    None
}

fn refused(message: &str) -> Response {
    Response::of_json(400, &json!({"error": {"code": "ValidationError", "message": message}}))
}

/// One POST. HTTP/1.0, so that the answer ends with the connection.
async fn post(url: &str, content_type: &str, body: &str) -> io::Result<(u16, String)> {
    let url = Url::parse(url).map_err(io::Error::other)?;
    let host = url.host_str().unwrap_or("127.0.0.1");
    let port = url.port_or_known_default().unwrap_or(80);
    let mut stream = TcpStream::connect((host, port)).await?;
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let head = format!(
        "POST {target} HTTP/1.0\r\nHost: {host}:{port}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| io::Error::other("no answer"))?;
    let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or_else(|| io::Error::other("no status"))?, body.to_owned()))
}
