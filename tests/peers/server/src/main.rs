//! A small server of groups, for the comparison alone. It prints its address.
//!
//! | request | answer |
//! |---|---|
//! | `GET /v1.0/groups/{number}` | one group |
//! | `GET /v1.0/groups?$top=999` | all groups, in pages |
//! | `POST /v1.0/$batch` | the groups of its requests |
//! | `GET /v1.0/groups/throttled-{number}` | 429 with `Retry-After: 2` for 3 s from the first such request, then one group |
//! | `GET /control/throttled` | how many of these there were; the next is the first again |
//!
//! A request without the token gets 401, so that no client is measured that left it out.

use std::convert::Infallible;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};

const TOKEN: &str = "Bearer eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ0ZXN0In0.signature";
const GROUPS: usize = 100_000;
const PAGE: usize = 999;

struct State {
    pages: Vec<Bytes>,
    throttled: Mutex<Throttled>,
}

#[derive(Default)]
struct Throttled {
    sent: u64,
    ends: Option<Instant>,
}

fn group(number: usize) -> String {
    let description = "words about a group, such as somebody typed them once. ".repeat(12);
    format!(
        r#"{{"id":"{number:08x}-5d1a-4c6e-8b42-0f3e9a7c6d21","deletedDateTime":null,"classification":null,"createdDateTime":"2025-06-03T08:15:00Z","creationOptions":[],"description":"{description}","displayName":"Team {number}","expirationDateTime":null,"groupTypes":[],"isAssignableToRole":null,"mail":"team{number}@contoso.com","mailEnabled":true,"mailNickname":"team{number}","membershipRule":null,"onPremisesSyncEnabled":null,"preferredLanguage":null,"proxyAddresses":["SMTP:team{number}@contoso.com"],"renewedDateTime":"2025-06-03T08:15:00Z","securityEnabled":true,"theme":null,"visibility":null}}"#
    )
}

fn pages(host: &str) -> Vec<Bytes> {
    let count = GROUPS.div_ceil(PAGE);
    let page = |page: usize| {
        let groups: Vec<String> = (page * PAGE..GROUPS.min((page + 1) * PAGE)).map(group).collect();
        let next = if page + 1 < count {
            format!(r#""@odata.nextLink":"http://{host}/v1.0/groups?$top={PAGE}&$skiptoken={}","#, page + 1)
        } else {
            String::new()
        };
        format!(r#"{{"@odata.context":"http://{host}/v1.0/$metadata#groups",{next}"value":[{}]}}"#, groups.join(","))
    };
    (0..count).map(|number| page(number).into()).collect()
}

fn answer(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let answer = Response::builder().status(status).header("content-type", "application/json");
    answer.body(Full::new(body.into())).expect("it is well-formed")
}

fn one(last: &str) -> Response<Full<Bytes>> {
    match last.parse() {
        Ok(number) => answer(StatusCode::OK, group(number)),
        Err(_) => answer(StatusCode::NOT_FOUND, r#"{"error":{"code":"Request_ResourceNotFound","message":"none"}}"#),
    }
}

fn throttled(state: &State, number: &str) -> Response<Full<Bytes>> {
    let mut throttled = state.throttled.lock().expect("no thread panicked");
    throttled.sent += 1;
    let ends = *throttled.ends.get_or_insert_with(|| Instant::now() + Duration::from_secs(3));
    if Instant::now() >= ends {
        return one(number);
    }
    let mut refusal = answer(
        StatusCode::TOO_MANY_REQUESTS,
        r#"{"error":{"code":"TooManyRequests","message":"Please retry after 2 seconds."}}"#,
    );
    refusal.headers_mut().insert("retry-after", "2".parse().expect("it is a header"));
    refusal
}

fn batch(body: &Bytes) -> Response<Full<Bytes>> {
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(body) else {
        return answer(StatusCode::BAD_REQUEST, r#"{"error":{"code":"BadRequest","message":"no JSON"}}"#);
    };
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let requests = body["requests"].as_array().cloned().unwrap_or_default();
    let responses: Vec<String> = requests
        .iter()
        .map(|request| {
            let (id, url) = (text(&request["id"]), text(&request["url"]));
            let number = url.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or_default();
            let headers = r#"{"Content-Type":"application/json"}"#;
            format!(r#"{{"id":"{id}","status":200,"headers":{headers},"body":{}}}"#, group(number))
        })
        .collect();
    answer(StatusCode::OK, format!(r#"{{"responses":[{}]}}"#, responses.join(",")))
}

async fn respond(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    if path == "/control/throttled" {
        let sent = std::mem::take(&mut *state.throttled.lock().expect("no thread panicked")).sent;
        return Ok(answer(StatusCode::OK, sent.to_string()));
    }
    if request.headers().get("authorization").is_none_or(|value| value != TOKEN) {
        return Ok(answer(StatusCode::UNAUTHORIZED, r#"{"error":{"code":"InvalidAuthenticationToken","message":""}}"#));
    }
    if path == "/v1.0/$batch" {
        let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        return Ok(batch(&body));
    }
    if path == "/v1.0/groups" {
        // A client may have escaped the dollar.
        let query = request.uri().query().unwrap_or_default();
        let page = query.rsplit_once("skiptoken=").and_then(|(_, page)| page.parse().ok()).unwrap_or(0);
        return Ok(match state.pages.get(page) {
            Some(page) => answer(StatusCode::OK, page.clone()),
            None => answer(StatusCode::BAD_REQUEST, ""),
        });
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    Ok(match last.strip_prefix("throttled-") {
        Some(number) => throttled(&state, number),
        None => one(last),
    })
}

async fn serve() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let host = listener.local_addr()?.to_string();
    let state = Arc::new(State { pages: pages(&host), throttled: Mutex::default() });
    println!("http://{host}");
    std::io::stdout().flush()?;
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let state = Arc::clone(&state);
        let service = service_fn(move |request| respond(Arc::clone(&state), request));
        let io = hyper_util::rt::TokioIo::new(socket);
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
    }
}

fn main() -> std::io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve())
}
