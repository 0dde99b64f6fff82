//! What the pipeline costs, beside reqwest and serde alone: `cargo bench -p exchange-groups-tests --bench pipeline`.
//!
//! One run, one server in a process of its own, and a new process for every measurement; the two sides take turns, and
//! medians are compared. Processor time and peak memory are read from `/proc` and so are shown on Linux only.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints, and that may fail loudly")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use graph_client::{Client, Cloud, Method, StaticToken};
use http_body_util::Full;
use hyper::service::service_fn;
use serde::Deserialize;

const GETS: usize = 20_000;
const GROUPS: usize = 100_000;
const PAGE: usize = 999;
const ROUNDS: usize = 15;
const TOKEN: &str = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ0ZXN0In0.signature";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["server"] => runtime().block_on(serve()),
        [side, job, in_flight, url] => runtime().block_on(measure(side, job, in_flight.parse().unwrap(), url)),
        _ => compare(),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "decoded and dropped, as in a program that looks for one of many")]
#[expect(clippy::struct_field_names, reason = "the names are Graph's")]
struct Group {
    id: String,
    display_name: Option<String>,
    description: Option<String>,
    mail: Option<String>,
    mail_enabled: Option<bool>,
    mail_nickname: Option<String>,
    security_enabled: Option<bool>,
    visibility: Option<String>,
    created_date_time: Option<String>,
    #[serde(default)]
    group_types: Vec<String>,
    #[serde(default)]
    proxy_addresses: Vec<String>,
}

// ---------------------------------------------------------------------------------------------------------------- //
// The server

fn group(number: usize) -> String {
    format!(
        r#"{{"id":"{number:08}-7c34-4f0b-b8f4-9a1c2f3d4e05","displayName":"Group {number}","mailEnabled":false,"mailNickname":"g{number}","securityEnabled":true,"visibility":null,"createdDateTime":"2025-11-11T09:47:38Z","groupTypes":[],"proxyAddresses":["SMTP:g{number}@contoso.com"],"mail":"g{number}@contoso.com"}}"#
    )
}

/// Fields that a default page carries and the type above leaves alone.
fn padding() -> String {
    let names = ["classification", "preferredDataLocation", "preferredLanguage", "securityIdentifier", "theme"];
    let description = "a group that has a description of some length ".repeat(15);
    format!(r#","{}":null,"description":"{description}""#, names.join(r#"":null,""#))
}

fn pages(host: &str) -> Vec<Bytes> {
    let padding = padding();
    let count = GROUPS.div_ceil(PAGE);
    (0..count)
        .map(|page| {
            let numbers = page * PAGE..GROUPS.min((page + 1) * PAGE);
            let items: Vec<String> = numbers
                .map(|number| group(number).replacen(r#","mailEnabled""#, &format!(r#"{padding},"mailEnabled""#), 1))
                .collect();
            let next = if page + 1 < count {
                format!(r#""@odata.nextLink":"http://{host}/v1.0/groups?$top={PAGE}&$skiptoken={}","#, page + 1)
            } else {
                String::new()
            };
            format!(r#"{{{next}"value":[{}]}}"#, items.join(",")).into()
        })
        .collect()
}

async fn serve() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let (pages, small) = (Arc::new(pages(&host)), Bytes::from(group(1)));
    let sent = Arc::new(AtomicU64::new(0));
    let opened: Arc<std::sync::Mutex<Option<Instant>>> = Arc::default();
    println!("{host}");
    std::io::stdout().flush().unwrap();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let _ = socket.set_nodelay(true);
        let (pages, small) = (Arc::clone(&pages), small.clone());
        let (sent, opened) = (Arc::clone(&sent), Arc::clone(&opened));
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let path = request.uri().path();
            let answer = hyper::Response::builder().header("content-type", "application/json");
            let answer = if path == "/v1.0/groups" {
                let query = request.uri().query().unwrap_or_default();
                let page = query.rsplit_once("skiptoken=").map_or(0, |(_, page)| page.parse().unwrap());
                answer.body(Full::new(pages[page].clone()))
            } else if path == "/v1.0/throttled" {
                sent.fetch_add(1, Ordering::Relaxed);
                let mut opened = opened.lock().unwrap();
                let opened = opened.get_or_insert_with(|| Instant::now() + Duration::from_secs(3));
                if Instant::now() < *opened {
                    answer.status(429).header("retry-after", "2").body(Full::default())
                } else {
                    answer.body(Full::new(small.clone()))
                }
            } else if path == "/v1.0/reset" {
                *opened.lock().unwrap() = None;
                answer.body(Full::new(sent.swap(0, Ordering::Relaxed).to_string().into()))
            } else {
                answer.body(Full::new(small.clone()))
            };
            std::future::ready(answer)
        });
        let connection =
            hyper::server::conn::http1::Builder::new().serve_connection(hyper_util::rt::TokioIo::new(socket), service);
        tokio::spawn(connection);
    }
}

// ---------------------------------------------------------------------------------------------------------------- //
// One measurement, in a process of its own

async fn measure(side: &str, job: &str, in_flight: usize, url: &str) {
    let started = Instant::now();
    let count = match (side, job) {
        ("raw", "get") => raw_gets(url, in_flight).await,
        ("ours", "get") => our_gets(url, in_flight).await,
        ("raw", "list") => raw_list(url).await,
        ("ours", "list") => our_list(url).await,
        ("ours", "throttle") => our_throttle(url, in_flight, 0).await,
        ("ours", "throttle-warm") => our_throttle(url, in_flight, 2_000).await,
        _ => panic!("no such measurement: {side} {job}"),
    };
    let wall = started.elapsed();
    println!("{count} {} {} {}", wall.as_micros(), processor_ms(), peak_kib());
}

fn processor_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or_default();
    // Fields 14 and 15, in hundredths of a second.
    (ticks(11) + ticks(12)) * 10
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

fn raw_client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

fn our_client(url: &str) -> Client {
    Client::builder()
        .tenant("contoso.com")
        .credential(StaticToken::graph(TOKEN))
        .cloud(Cloud::custom(url, url, url).unwrap())
        .build()
        .unwrap()
}

async fn raw_get(http: &reqwest::Client, url: &str) -> Group {
    let answer = http.get(format!("{url}/v1.0/groups/1")).bearer_auth(TOKEN).send().await.unwrap();
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

async fn raw_gets(url: &str, in_flight: usize) -> usize {
    let http = raw_client();
    let gets = stream::iter(0..GETS).map(|_| raw_get(&http, url));
    gets.buffer_unordered(in_flight)
        .fold(0, |count, group| async move { count + usize::from(!group.id.is_empty()) })
        .await
}

async fn our_gets(url: &str, in_flight: usize) -> usize {
    let client = our_client(url);
    let gets = stream::iter(0..GETS).map(|_| client.request(Method::GET, "/v1.0/groups/1").json::<Group>());
    gets.buffer_unordered(in_flight)
        .try_fold(0, |count, group| async move { Ok(count + usize::from(!group.id.is_empty())) })
        .await
        .unwrap()
}

#[derive(Deserialize)]
struct RawPage {
    value: Vec<Group>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

async fn raw_list(url: &str) -> usize {
    let http = raw_client();
    let mut next = Some(format!("{url}/v1.0/groups?$top={PAGE}"));
    let mut count = 0;
    while let Some(url) = next {
        let answer = http.get(url).bearer_auth(TOKEN).send().await.unwrap();
        let page: RawPage = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        count += page.value.len();
        next = page.next;
    }
    count
}

async fn our_list(url: &str) -> usize {
    let groups = our_client(url).list::<Group>("/v1.0/groups").page_size(u32::try_from(PAGE).unwrap()).into_stream();
    groups.try_fold(0, |count, _| async move { Ok(count + 1) }).await.unwrap()
}

/// How many requests it takes to bring calls through a time of 429, after some that succeeded.
async fn our_throttle(url: &str, in_flight: usize, before: usize) -> usize {
    let client = our_client(url);
    let gets = stream::iter(0..before).map(|_| client.request(Method::GET, "/v1.0/groups/1").json::<Group>());
    gets.buffer_unordered(in_flight).try_fold((), |(), _| async { Ok(()) }).await.unwrap();
    let calls = stream::iter(0..in_flight).map(|_| client.request(Method::GET, "/v1.0/throttled").json::<Group>());
    let answered =
        calls.buffer_unordered(in_flight).try_fold(0, |count, _| async move { Ok(count + 1) }).await.unwrap();
    assert_eq!(answered, in_flight);
    let sent: usize = client.request(Method::GET, "/v1.0/reset").json().await.unwrap();
    sent
}

// ---------------------------------------------------------------------------------------------------------------- //
// The comparison

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_server() -> (Server, String) {
    let mut child =
        Command::new(std::env::current_exe().unwrap()).arg("server").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Server(child), format!("http://{}", line.trim()))
}

/// Count, wall microseconds, processor milliseconds, peak KiB.
fn run(side: &str, job: &str, in_flight: usize, url: &str) -> [u64; 4] {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([side, job, &in_flight.to_string(), url])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{side} {job} failed");
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<u64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

/// Thousandths, so that ratios have a median like every other number.
fn thousandths(ours: u64, raw: u64) -> u64 {
    ours * 1_000 / raw.max(1)
}

#[expect(clippy::cast_precision_loss, reason = "a ratio to two places")]
fn as_ratio(thousandths: u64) -> f64 {
    thousandths as f64 / 1_000.0
}

fn compare() {
    let (_server, url) = start_server();
    println!("medians of {ROUNDS} rounds; ratio = graph-client / reqwest and serde alone, of the same round\n");
    println!(
        "{:<34} {:>10} {:>10} {:>6}   {:>8} {:>8} {:>6}   {:>8} {:>8}",
        "", "wall ms", "raw", "ratio", "cpu ms", "raw", "ratio", "peak KiB", "raw"
    );
    for (title, job, in_flight) in [
        ("20,000 GETs, 1 in flight", "get", 1),
        ("20,000 GETs, 16 in flight", "get", 16),
        ("20,000 GETs, 64 in flight", "get", 64),
        ("100,000 groups in pages of 999", "list", 1),
    ] {
        let (mut ours, mut raw) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // Who goes first changes, so that neither always finds the machine warm.
            for side in if round % 2 == 0 { ["ours", "raw"] } else { ["raw", "ours"] } {
                let result = run(side, job, in_flight, &url);
                assert_eq!(result[0], if job == "list" { GROUPS as u64 } else { GETS as u64 });
                if side == "ours" { ours.push(result) } else { raw.push(result) }
            }
        }
        let of = |results: &[[u64; 4]], at: usize| median(results.iter().map(|result| result[at]).collect());
        // A machine has slower minutes; the two sides of a round share them.
        let ratio =
            |at: usize| median(ours.iter().zip(&raw).map(|(ours, raw)| thousandths(ours[at], raw[at])).collect());
        let [wall, cpu, peak] = [1, 2, 3].map(|at| (of(&ours, at), of(&raw, at), as_ratio(ratio(at))));
        println!(
            "{title:<34} {:>10} {:>10} {:>6.2}   {:>8} {:>8} {:>6.2}   {:>8} {:>8}",
            wall.0 / 1_000,
            wall.1 / 1_000,
            wall.2,
            cpu.0,
            cpu.1,
            cpu.2,
            peak.0,
            peak.1
        );
    }
    println!("\n64 calls while the server answers 429 with Retry-After: 2 for 3 s");
    for (title, job) in
        [("a client that has just started", "throttle"), ("one with 64 calls in flight", "throttle-warm")]
    {
        let [sent, wall, ..] = run("ours", job, 64, &url);
        println!("{title:<34} {sent} requests in {} ms", wall / 1_000);
    }
}
