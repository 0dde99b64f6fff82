//! What a large tenant costs: `cargo bench -p exchange-groups-tests --bench scale`.
//!
//! The tenant is served by a process of its own, and each size is measured by another, so that the memory is that of the
//! crates alone. Requests are counted by the client, without sign-ins. Peak memory is read from `/proc` and so is shown on
//! Linux only. Beside each number of requests stands the least that the wire permits: see `exchange_groups::ExchangeGroups`.
//!
//! `… --bench scale -- job` does the whole job in the way of these crates and in the way of scripts, one cmdlet a room, and
//! writes `docs/job.md` and `docs/job.svg`. The tenant takes 20 ms over each response there: nobody publishes what Exchange
//! takes, and it is more.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints, and that may fail loudly")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use exchange_groups::access::Access;
use exchange_groups::{ExchangeGroups, RestrictedCalendarGroup};
use fake_tenant::FakeTenant;
use futures_util::TryStreamExt;
use graph_client::exchange::{RawCmdlet, Wait};
use graph_client::{Client, ClientSecret, Cloud};
use serde_json::{Value, json};

const GROUP: &str = "placeosroombooking@contoso.com";
/// Rooms, and other mailboxes.
const SIZES: [(usize, usize); 4] = [(100, 1_000), (1_000, 10_000), (10_000, 10_000), (10_000, 100_000)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["server", rooms, others, latency] => {
            let latency = Duration::from_millis(latency.parse().unwrap());
            runtime().block_on(serve(rooms.parse().unwrap(), others.parse().unwrap(), latency));
        }
        ["client", rooms, others, tenant] => {
            let tenant = serde_json::from_str(tenant).unwrap();
            runtime().block_on(measure(rooms.parse().unwrap(), others.parse().unwrap(), &tenant));
        }
        ["job", way, rooms, tenant] => {
            let tenant = serde_json::from_str(tenant).unwrap();
            runtime().block_on(do_job(way, rooms.parse().unwrap(), &tenant));
        }
        ["job"] => compare_jobs(),
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

/// Serves until its input ends.
async fn serve(rooms: usize, others: usize, latency: Duration) {
    let tenant = FakeTenant::builder().rooms(rooms).people(others).build();
    tenant.set_recording(false);
    tenant.set_latency(latency);
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

impl Server {
    /// The server, and where it is as JSON.
    fn start(rooms: usize, others: usize, latency: Duration) -> (Self, String) {
        let arguments = ["server", &rooms.to_string(), &others.to_string(), &latency.as_millis().to_string()];
        let mut server = this_program(&arguments);
        let mut server = Self(server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(server.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        (server, line.trim().to_owned())
    }
}

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
        let (_server, tenant) = Server::start(rooms, others, Duration::ZERO);
        let (rooms, others) = (rooms.to_string(), others.to_string());
        // Reach has a process of its own: what was freed before may still count as its memory.
        for what in ["client", "reach"] {
            assert!(this_program(&[what, &rooms, &others, &tenant]).status().unwrap().success());
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

// ---------------------------------------------------------------------------------------------------------------- //
// The whole job, beside scripts.

const LATENCY: Duration = Duration::from_millis(20);
const JOBS: [usize; 3] = [40, 1_000, 10_000];
const CRATES: &str = "crates";
const SCRIPT: &str = "script";

/// One job, done in one way.
#[derive(serde::Deserialize, serde::Serialize)]
struct Done {
    way: String,
    rooms: usize,
    requests: u64,
    seconds: f64,
}

/// Rooms found, a group of them, a role over it in place of the permission, and each room tried, in one of the ways.
async fn do_job(way: &str, rooms: usize, tenant: &Value) {
    let (client, groups, spec) = connect(tenant);
    let started = Instant::now();
    let requests = if way == CRATES {
        let plan = groups.plan(&spec).await.unwrap();
        assert!(groups.apply(&plan).await.unwrap().is_complete());
        let changed = client.usage().requests;
        let proof = groups.prove(&spec).await.unwrap();
        assert!(proof.is_verified(), "{proof}");
        changed + proof.requests
    } else {
        script(&client, tenant, rooms).await
    };
    let done = Done { way: way.to_owned(), rooms, requests, seconds: started.elapsed().as_secs_f64() };
    println!("{}", serde_json::to_string(&done).unwrap());
}

/// The same as scripts do it: one cmdlet after the other, one for each room, and a read of each calendar.
async fn script(client: &Client, tenant: &Value, count: usize) -> u64 {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (app, secret) = (text(&tenant["app"][0]), text(&tenant["app"][1]));
    let run = async |name: &str, parameters: Value| -> Vec<Value> {
        let mut cmdlet = RawCmdlet::<Vec<Value>>::new(name).unwrap();
        for (parameter, value) in parameters.as_object().unwrap() {
            cmdlet = cmdlet.parameter(parameter, value).unwrap();
        }
        client.exchange().run(cmdlet).await.unwrap()
    };
    let rooms = run("Get-Mailbox", json!({ "RecipientTypeDetails": "RoomMailbox", "ResultSize": "Unlimited" })).await;
    assert_eq!(rooms.len(), count);
    let rooms: Vec<String> = rooms.iter().map(|room| text(&room["PrimarySmtpAddress"])).collect();
    let named = json!({ "Name": "PlaceOS Room Booking", "PrimarySmtpAddress": GROUP, "Type": "Security" });
    let group = text(&run("New-DistributionGroup", named).await[0]["DistinguishedName"]);
    for room in &rooms {
        run("Add-DistributionGroupMember", json!({ "Identity": GROUP, "Member": room })).await;
    }
    let principal = client.service_principals().by_app_id(&app.parse().unwrap()).await.unwrap();
    run(
        "New-ServicePrincipal",
        json!({ "AppId": app, "ObjectId": principal.id.to_string(), "DisplayName": "Booking" }),
    )
    .await;
    let filter = format!("MemberOfGroup -eq '{group}'");
    run("New-ManagementScope", json!({ "Name": "Rooms", "RecipientRestrictionFilter": filter })).await;
    let role = json!({ "App": app, "Role": "Application Calendars.ReadWrite", "CustomResourceScope": "Rooms" });
    run("New-ManagementRoleAssignment", role).await;
    let grants = client.service_principals().app_role_assignments(&principal.id).await.unwrap();
    for grant in grants.items {
        client.service_principals().delete_app_role_assignment(&principal.id, &grant.id).await.unwrap();
    }
    for room in &rooms {
        let tested = run("Test-ServicePrincipalAuthorization", json!({ "Identity": app, "Resource": room })).await;
        assert!(tested.iter().any(|row| row["InScope"] == "True" || row["InScope"] == true), "{tested:?}");
    }
    let [graph, exchange, login] = [0, 1, 2].map(|at| text(&tenant["urls"][at]));
    let application = Client::builder()
        .tenant(text(&tenant["tenant"]))
        .credential(ClientSecret::new(app.parse().unwrap(), secret))
        .cloud(Cloud::custom(&graph, &exchange, &login).unwrap())
        .build()
        .unwrap();
    for room in &rooms {
        application.calendar(room.as_str()).get().await.unwrap();
    }
    client.usage().requests + application.usage().requests
}

fn compare_jobs() {
    let mut all = Vec::new();
    for rooms in JOBS {
        for way in [CRATES, SCRIPT] {
            let (_server, tenant) = Server::start(rooms, 100, LATENCY);
            let output = this_program(&["job", way, &rooms.to_string(), &tenant]).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let done: Done = serde_json::from_slice(&output.stdout).unwrap();
            println!("{rooms} rooms by {way}: {} requests, {:.1} s", done.requests, done.seconds);
            all.push(done);
        }
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    std::fs::write(docs.join("job.md"), table(&all)).unwrap();
    std::fs::write(docs.join("job.svg"), chart(&all)).unwrap();
}

fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("?", |it| it.1);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{model}, {cores} cores, Linux {}", read("/proc/sys/kernel/osrelease").trim())
}

fn table(all: &[Done]) -> String {
    let mut text = format!(
        "# The whole job, beside scripts\n\n\
         Rooms are found, a group is made of them, a role over it takes the place of the tenant-wide permission, and each \
         room is tried by Exchange's own test and by a read. Scripts run one cmdlet after the other, one for each room. \
         These crates also read back what they changed, try the mailbox that must not be reached, and look at every other \
         access path. The server takes {} ms over each response; what Exchange takes nobody publishes, and it is more.\n\n\
         Written by `cargo bench -p exchange-groups-tests --bench scale -- job`. {}.\n\n\
         ![chart](job.svg)\n\n| rooms | way | requests | s |\n|---:|---|---:|---:|\n",
        LATENCY.as_millis(),
        machine()
    );
    for done in all {
        writeln!(text, "| {} | {} | {} | {:.1} |", done.rooms, done.way, done.requests, done.seconds).unwrap();
    }
    text
}

/// Bars of the time that each way takes, on a logarithmic scale.
fn chart(all: &[Done]) -> String {
    let longest = all.iter().map(|done| done.seconds).fold(1.0, f64::max);
    let mut bars = String::new();
    for (at, done) in all.iter().enumerate() {
        let y = 30 + at * 26 + at / 2 * 14;
        let width = 20.0 + 360.0 * (1.0 + done.seconds).ln() / (1.0 + longest).ln();
        let colour = if done.way == CRATES { "#1f6feb" } else { "#9aa4af" };
        writeln!(
            bars,
            r#"<text x="8" y="{text}">{rooms} rooms, {way}</text><rect x="190" y="{y}" width="{width:.0}" height="20" fill="{colour}"/><text x="{after:.0}" y="{text}">{seconds:.1} s, {requests} requests</text>"#,
            text = y + 15,
            rooms = done.rooms,
            way = done.way,
            after = 196.0 + width,
            seconds = done.seconds,
            requests = done.requests,
        )
        .unwrap();
    }
    let height = 40 + all.len() * 26 + all.len() / 2 * 14;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {height}" font-family="sans-serif" font-size="12" fill="#57606a">
<title>The whole job: seconds, on a logarithmic scale</title>
<text x="8" y="18">The whole job, seconds on a logarithmic scale; {} ms a response; {}</text>
{bars}</svg>
"##,
        LATENCY.as_millis(),
        machine()
    )
}
