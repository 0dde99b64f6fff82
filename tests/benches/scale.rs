//! What a large tenant costs: `cargo bench -p exchange-groups-tests --bench scale`.
//!
//! The tenant is served by a process of its own, and each size is measured by another, so that the memory is that of the
//! crates alone. Requests are counted by the tenant, sign-ins included. Peak memory is read from `/proc` and so is shown on
//! Linux only. Beside each number of requests stands the least that the wire permits: see `exchange_groups::ExchangeGroups`.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints, and that may fail loudly")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use exchange_groups::access::Access;
use exchange_groups::{ExchangeGroups, RestrictedCalendarGroup};
use fake_tenant::FakeTenant;
use futures_util::TryStreamExt;
use graph_client::exchange::Wait;
use graph_client::{Client, ClientSecret, Cloud};
use serde_json::{Value, json};

const GROUP: &str = "placeosroombooking@contoso.com";
/// Rooms, and other mailboxes.
const SIZES: [(usize, usize); 4] = [(100, 1_000), (1_000, 10_000), (10_000, 10_000), (10_000, 100_000)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["server", rooms, others] => runtime().block_on(serve(rooms.parse().unwrap(), others.parse().unwrap())),
        ["client", rooms, others, tenant] => {
            let tenant = serde_json::from_str(tenant).unwrap();
            runtime().block_on(measure(rooms.parse().unwrap(), others.parse().unwrap(), &tenant));
        }
        ["reach", rooms, others, tenant] => {
            let tenant = serde_json::from_str(tenant).unwrap();
            runtime().block_on(measure_reach(rooms.parse().unwrap(), others.parse().unwrap(), &tenant));
        }
        _ => compare(),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

/// Serves until its input ends, and says how many requests came whenever it is asked.
async fn serve(rooms: usize, others: usize) {
    let tenant = FakeTenant::builder().rooms(rooms).people(others).build();
    tenant.set_recording(false);
    let server = tenant.serve().await.unwrap();
    let (admin, app) = (tenant.administrator(), tenant.booking_application());
    println!(
        "{}",
        json!({
            "tenant": tenant.domain(),
            "admin": [admin.client_id, admin.secret()],
            "app": [app.client_id, app.secret()],
            "urls": [server.graph_url(), server.exchange_url(), server.login_url()],
        })
    );
    tokio::task::spawn_blocking(|| std::io::stdin().lines().for_each(drop)).await.unwrap();
}

fn this_program(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments);
    command
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn compare() {
    println!("| rooms | others | what | requests | least | wall | peak memory |");
    println!("|---:|---:|---|---:|---:|---:|---:|");
    for (rooms, others) in SIZES {
        let (rooms, others) = (rooms.to_string(), others.to_string());
        let mut server = this_program(&["server", &rooms, &others]);
        let mut server = Server(server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(server.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        // Reach has a process of its own: what was freed before may still count as its memory.
        for what in ["client", "reach"] {
            assert!(this_program(&[what, &rooms, &others, line.trim()]).status().unwrap().success());
        }
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

struct Row<'a> {
    rooms: usize,
    others: usize,
    client: &'a Client,
    before: u64,
    started: Instant,
}

impl<'a> Row<'a> {
    fn new(rooms: usize, others: usize, client: &'a Client) -> Self {
        Self { rooms, others, client, before: 0, started: Instant::now() }
    }

    fn begin(&mut self) {
        let _ = peak_memory();
        self.before = self.client.usage().requests;
        self.started = Instant::now();
    }

    fn end(&self, what: &str, least: usize) {
        let (rooms, others) = (self.rooms, self.others);
        let requests = self.client.usage().requests - self.before;
        let wall = self.started.elapsed();
        let memory = peak_memory().map_or_else(|| "?".to_owned(), |mib| format!("{mib} MiB"));
        println!("| {rooms} | {others} | {what} | {requests} | {least} | {:.2} s | {memory} |", wall.as_secs_f64());
    }
}

fn connect(tenant: &Value) -> (Client, ExchangeGroups, RestrictedCalendarGroup) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let [graph, exchange, login] = [0, 1, 2].map(|at| text(&tenant["urls"][at]));
    let credential = |who: &str| ClientSecret::new(text(&tenant[who][0]).parse().unwrap(), text(&tenant[who][1]));
    let client = Client::builder()
        .tenant(text(&tenant["tenant"]))
        .credential(credential("admin"))
        .cloud(Cloud::custom(&graph, &exchange, &login).unwrap())
        .build()
        .unwrap();
    let spec = RestrictedCalendarGroup::placeos(GROUP, text(&tenant["app"][0]))
        .owner("person-00001@contoso.com")
        .revoke_tenant_wide_grant(true)
        .must_not_reach("person-00002@contoso.com")
        .build()
        .unwrap();
    let wait = Wait::default().with_initial_interval(Duration::from_millis(5));
    let groups = ExchangeGroups::new(client.clone()).application(credential("app")).wait(wait);
    (client, groups, spec)
}

const fn pages(count: usize) -> usize {
    count.div_ceil(1_000)
}

async fn measure(rooms: usize, others: usize, tenant: &Value) {
    let (client, groups, spec) = connect(tenant);
    let mut row = Row::new(rooms, others, &client);

    row.begin();
    let seen = groups.observe(&spec).await.unwrap();
    assert_eq!(seen.rooms.len(), rooms);
    drop(seen);
    row.end("discover", pages(rooms));

    row.begin();
    let plan = groups.plan(&spec).await.unwrap();
    row.end("plan", pages(rooms));

    row.begin();
    let report = groups.apply(&plan).await.unwrap();
    assert!(report.is_complete(), "{report}");
    drop((plan, report));
    // Observed again, the group, 5,000 members by one command and ten to a request, read back, role and permission.
    let members = 1 + rooms.saturating_sub(5_000).div_ceil(10) + pages(rooms);
    row.end("apply", pages(rooms) + 1 + members + 3);

    row.begin();
    let proof = groups.prove(&spec).await.unwrap();
    assert!(proof.is_verified(), "{proof}");
    drop(proof);
    // Rooms and members, ten tests and twenty reads to a request.
    row.end("verify", 2 * pages(rooms) + (rooms + 1).div_ceil(10) + (rooms + 1).div_ceil(20));

    row.begin();
    assert!(groups.plan(&spec).await.unwrap().is_empty());
    row.end("plan, nothing to do", 2 * pages(rooms));
}

async fn measure_reach(rooms: usize, others: usize, tenant: &Value) {
    let (client, groups, spec) = connect(tenant);
    let mut row = Row::new(rooms, others, &client);

    row.begin();
    let mut reached = 0;
    let mut mailboxes = Box::pin(groups.reach(spec.application()).into_stream());
    while let Some(mailbox) = mailboxes.try_next().await.unwrap() {
        reached += usize::from(mailbox.access == Access::Allowed);
    }
    assert_eq!(reached, rooms);
    // The mailboxes, and the members of the group.
    row.end("reach", pages(rooms + others) + pages(rooms));
}
