//! What many tenants cost in one process: `cargo bench -p exchange-groups-tests --bench fleet`.
//!
//! The tenants (Contoso: 40 rooms, 200 people) are served by a process of their own, each on a port of its own, and each
//! number of tenants is measured by another, so that the memory is that of the crates alone. Requests are counted by the
//! clients, sign-ins excepted. Peak memory is read from `/proc` and so is shown on Linux only. Some 2,000 files are open at
//! once.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints, and that may fail loudly")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use exchange_groups::{DriftStatus, ExchangeGroups, RestrictedCalendarGroup};
use fake_tenant::FakeTenant;
use futures_util::{StreamExt, TryStreamExt, stream};
use graph_client::exchange::Wait;
use graph_client::{Client, ClientSecret, Cloud};
use serde_json::{Value, json};

const TENANTS: [usize; 4] = [1, 8, 100, 500];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["server", tenants] => runtime().block_on(serve(tenants.parse().unwrap())),
        ["client"] => {
            let line = std::io::stdin().lines().next().unwrap().unwrap();
            runtime().block_on(measure(&serde_json::from_str::<Vec<Value>>(&line).unwrap()));
        }
        _ => compare(),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

/// Serves until its input ends.
async fn serve(count: usize) {
    let mut all = Vec::new();
    for _ in 0..count {
        let tenant = FakeTenant::contoso();
        tenant.set_recording(false);
        let server = tenant.serve().await.unwrap();
        all.push((tenant, server));
    }
    let told = all.iter().map(|(tenant, server)| {
        let (admin, app) = (tenant.administrator(), tenant.booking_application());
        json!({
            "tenant": tenant.domain(),
            "admin": [admin.client_id, admin.secret()],
            "app": [app.client_id, app.secret()],
            "urls": [server.graph_url(), server.exchange_url(), server.login_url()],
        })
    });
    println!("{}", told.collect::<Value>());
    tokio::task::spawn_blocking(|| std::io::stdin().lines().for_each(drop)).await.unwrap();
}

fn this_program(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments).stdin(Stdio::piped());
    command
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn compare() {
    println!("| tenants at once | what | requests per tenant | wall | peak memory |");
    println!("|---:|---|---:|---:|---:|");
    for count in TENANTS {
        let mut server = Process(this_program(&["server", &count.to_string()]).stdout(Stdio::piped()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(server.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let mut client = Process(this_program(&["client"]).spawn().unwrap());
        std::io::Write::write_all(client.0.stdin.as_mut().unwrap(), line.as_bytes()).unwrap();
        assert!(client.0.wait().unwrap().success());
    }
}

/// The peak of resident memory since it was last asked for, in MiB. `None` where it cannot be told.
fn peak_memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: usize = line.trim().trim_end_matches(" kB").parse().ok()?;
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    Some(kib / 1_024)
}

struct Connected {
    client: Client,
    groups: ExchangeGroups,
    spec: RestrictedCalendarGroup,
}

fn connect(tenant: &Value, http: &reqwest::Client) -> Connected {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let [graph, exchange, login] = [0, 1, 2].map(|at| text(&tenant["urls"][at]));
    let credential = |who: &str| ClientSecret::new(text(&tenant[who][0]).parse().unwrap(), text(&tenant[who][1]));
    let client = Client::builder()
        .tenant(text(&tenant["tenant"]))
        .credential(credential("admin"))
        .cloud(Cloud::custom(&graph, &exchange, &login).unwrap())
        .http(http.clone())
        .build()
        .unwrap();
    let spec = RestrictedCalendarGroup::placeos("placeosroombooking@contoso.com", text(&tenant["app"][0]))
        .owner("exchange.admin@contoso.com")
        .revoke_tenant_wide_grant(true)
        .must_not_reach("ceo@contoso.com")
        .build()
        .unwrap();
    let wait = Wait::default().with_initial_interval(Duration::from_millis(5));
    let groups = ExchangeGroups::new(client.clone()).application(credential("app")).wait(wait);
    Connected { client, groups, spec }
}

/// Does the same in all tenants at once.
#[expect(clippy::future_not_send, reason = "it is not spawned")]
async fn at_once(what: &str, tenants: &[Value], run: impl AsyncFn(&Connected)) {
    let http = graph_client::http_builder().build().unwrap();
    let connected: Vec<Connected> = tenants.iter().map(|tenant| connect(tenant, &http)).collect();
    let _ = peak_memory();
    let started = Instant::now();
    stream::iter(&connected).map(|one| run(one)).buffer_unordered(tenants.len()).collect::<Vec<()>>().await;
    let wall = started.elapsed().as_secs_f64();
    let memory = peak_memory().map_or_else(|| "?".to_owned(), |mib| format!("{mib} MiB"));
    let requests: u64 = connected.iter().map(|one| one.client.usage().requests).sum();
    let count = tenants.len();
    println!("| {count} | {what} | {} | {wall:.2} s | {memory} |", requests.div_ceil(count as u64));
}

async fn measure(tenants: &[Value]) {
    // Not measured: all are set up, some at a time.
    let http = graph_client::http_builder().build().unwrap();
    let set_up = stream::iter(tenants).map(|tenant| {
        let one = connect(tenant, &http);
        async move {
            let report = one.groups.apply(&one.groups.plan(&one.spec).await?).await?;
            assert!(report.is_complete(), "{report}");
            exchange_groups::Result::<()>::Ok(())
        }
    });
    set_up.buffer_unordered(8).try_collect::<Vec<()>>().await.unwrap();
    drop(http);

    at_once("drift", tenants, async |one| {
        let drift = one.groups.drift(&one.spec, None).await.unwrap();
        assert_eq!(drift.status(), DriftStatus::InSync, "{drift}");
    })
    .await;
    at_once("plan", tenants, async |one| assert!(one.groups.plan(&one.spec).await.unwrap().is_empty())).await;
    at_once("verify", tenants, async |one| {
        let proof = one.groups.prove(&one.spec).await.unwrap();
        assert!(proof.is_verified(), "{proof}");
    })
    .await;
}
