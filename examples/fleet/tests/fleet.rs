//! Several workers, one database, several tenants in memory: `./test` starts the database and then this.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use fake_tenant::{FakeTenant, Fault, Matcher, RecordedRequest, Server};
use serde_json::Value;
use tokio_postgres::{Client, NoTls};

const GROUP: &str = "rooms@contoso.com";

struct Member {
    id: String,
    tenant: FakeTenant,
    server: Server,
    administrator_secret: String,
    application_secret: String,
}

struct World {
    folder: PathBuf,
    database: String,
    sql: Client,
    members: Vec<Member>,
}

impl World {
    async fn new(count: usize) -> Self {
        let database = std::env::var("DATABASE_URL").expect("DATABASE_URL: run ./test, which starts a PostgreSQL");
        let (sql, connection) = tokio_postgres::connect(&database, NoTls).await.unwrap();
        tokio::spawn(connection);
        let folder = std::env::temp_dir().join(format!("fleet-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut members = Vec::new();
        for number in 0..count {
            let tenant = FakeTenant::builder().rooms(8).people(5).build();
            let member = Member {
                id: format!("tenant-{number}"),
                server: tenant.serve().await.unwrap(),
                administrator_secret: format!("not-a-real-secret-of-administrator-{number}"),
                application_secret: format!("not-a-real-secret-of-application-{number}"),
                tenant,
            };
            // No tenant takes what another has.
            for (application, secret) in [
                (member.tenant.administrator(), &member.administrator_secret),
                (member.tenant.booking_application(), &member.application_secret),
            ] {
                member.tenant.expire_secrets(&application);
                member.tenant.add_secret(&application, secret);
            }
            members.push(member);
        }
        let world = Self { folder, database, sql, members };
        world.write_files();
        world
    }

    fn write_files(&self) {
        let mut file = "tenants:\n".to_owned();
        for Member { id, tenant, server, application_secret, .. } in &self.members {
            let (administrator, application) = (tenant.administrator(), tenant.booking_application());
            let client = serde_json::json!({ "tenant": tenant.id(), "cloud": {
                "graph_url": server.graph_url(), "exchange_url": server.exchange_url(), "login_url": server.login_url(),
            }});
            let _ = write!(
                file,
                "- id: {id}\n  client: {client}\n  spec: {id}.yaml\n  \
                 administrator: {{ client_id: {}, secret: {{ env: {} }} }}\n  \
                 application: {{ client_id: {}, secret: {{ file: {id}.secret }} }}\n",
                administrator.client_id,
                variable(id),
                application.client_id,
            );
            if id == "tenant-3" {
                file += "  schedules: { drift: \"* * * * *\" }\n";
            }
            let spec = serde_json::json!({
                "name": "Rooms", "address": GROUP, "owners": ["person-00001@contoso.com"],
                "application": application.client_id, "revoke_tenant_wide_grant": true,
                "must_not_reach": ["person-00002@contoso.com"],
            });
            std::fs::write(self.folder.join(format!("{id}.yaml")), spec.to_string()).unwrap();
            std::fs::write(self.folder.join(format!("{id}.secret")), format!("{application_secret}\n")).unwrap();
        }
        std::fs::write(self.folder.join("tenants.yaml"), file).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
        command
            .args(arguments)
            .env("DATABASE_URL", &self.database)
            .env("FLEET_TENANTS", self.folder.join("tenants.yaml"));
        for member in &self.members {
            command.env(variable(&member.id), &member.administrator_secret);
        }
        command
    }

    fn fleet(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn worker(&self) -> Worker {
        Worker(self.command(&["work", "--jobs", "4", "--heartbeat", "1"]).spawn().unwrap())
    }

    fn status(&self, id: &str) -> Value {
        let status: Value = serde_json::from_str(&self.fleet(&["status", "--json"])).unwrap();
        status["tenants"].as_array().unwrap().iter().find(|tenant| tenant["tenant"] == id).unwrap().clone()
    }

    /// Waits until the last run of a kind ended with this.
    async fn until(&self, id: &str, kind: &str, outcome: &str) {
        wait_for(&format!("{kind} of {id}: {outcome}"), async || {
            let status = self.status(id);
            status["last"][kind]["outcome"] == outcome && status["jobs"]["running"] == 0
        })
        .await;
    }

    async fn count(&self, sql: &str) -> i64 {
        self.sql.query_one(sql, &[]).await.unwrap().get(0)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A process that does not outlive the test.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn variable(id: &str) -> String {
    format!("SECRET_OF_{}", id.to_uppercase().replace('-', "_"))
}

async fn wait_for(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < Duration::from_secs(150), "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What was changed with success, and how often. A batch is told by its items.
fn writes(tenant: &FakeTenant) -> BTreeMap<String, usize> {
    let mut writes = BTreeMap::new();
    let is_item = |it: &RecordedRequest| it.batch_item || !it.path.contains("$batch");
    for write in tenant.writes().into_iter().filter(|it| it.status < 400 && is_item(it)) {
        let body = write.body.unwrap_or_default();
        *writes.entry(format!("{} {} {body}", write.method, write.path)).or_default() += 1;
    }
    writes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_is_applied_verified_and_watched_while_a_worker_dies() {
    let world = World::new(6).await;
    let ids: Vec<&str> = world.members.iter().map(|member| member.id.as_str()).collect();
    let tenant = |number: usize| &world.members[number].tenant;

    // The members of the first are set, and the answer takes its time: a worker dies of that. The last has no secret.
    tenant(0).fail_next(Matcher::cmdlet("Update-DistributionGroupMember"), Fault::Delay(Duration::from_mins(1)));
    let late_secret = world.folder.join("tenant-5.secret");
    std::fs::remove_file(&late_secret).unwrap();

    for kind in ["apply", "plan", "drift"] {
        world.fleet(&["run", kind]);
    }
    world.fleet(&["run", "drift"]); // it waits already
    let jobs = world.sql.query("select payload::text from graphile_worker._private_jobs", &[]).await.unwrap();
    assert_eq!(jobs.len(), 3 * ids.len());
    for job in &jobs {
        let payload: Value = serde_json::from_str(job.get(0)).unwrap();
        let keys: Vec<&str> = payload.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["tenant", "kind"], "nothing else is in a job");
    }

    let mut workers: Vec<Worker> = (0..3).map(|_| world.worker()).collect();
    wait_for("the members of the first tenant", async || tenant(0).count("Update-DistributionGroupMember") == 1).await;
    let sql = "select worker from fleet.runs where tenant = 'tenant-0' and finished_at is null";
    let worker: String = world.sql.query_one(sql, &[]).await.unwrap().get(0);
    let at = workers.iter().position(|it| worker.ends_with(&format!(" of process {}", it.0.id()))).unwrap();
    drop(workers.remove(at)); // SIGKILL
    assert_eq!(world.status("tenant-0")["jobs"]["running"], 1, "nobody has noticed yet");

    wait_for("the job without a secret to fail", async || {
        world.count("select count(*) from fleet.runs where tenant = 'tenant-5' and error like 'the secret%'").await > 0
    })
    .await;
    std::fs::write(&late_secret, &world.members[5].application_secret).unwrap();

    for id in &ids {
        world.until(id, "verify", "verified").await;
    }
    world.fleet(&["run", "drift"]);
    for id in &ids {
        world.until(id, "drift", "in_sync").await;
        assert_eq!(world.status(id)["jobs"]["failed"], 0);
    }
    let lost = "select count(*) from fleet.runs where tenant = 'tenant-0' and error = 'the worker was lost'";
    assert_eq!(world.count(lost).await, 1);
    let sql = "select worker, outcome from fleet.runs where tenant = 'tenant-0' and kind = 'apply' order by id";
    let runs = world.sql.query(sql, &[]).await.unwrap();
    assert_eq!(runs.len(), 2);
    assert_ne!(runs[1].get::<_, String>(0), worker, "another worker went on");
    assert!(runs[1].get::<_, String>(1).starts_with("complete"));

    // Somebody adds a mailbox behind our backs. It is seen, reviewed and mended.
    tenant(1).add_member(GROUP, "person-00003@contoso.com");
    world.fleet(&["run", "drift", "tenant-1"]);
    world.until("tenant-1", "drift", "wider").await;
    let table = world.fleet(&["status"]);
    assert!(table.lines().any(|line| line.starts_with("tenant-1") && line.contains("wider")), "{table}");
    world.fleet(&["run", "plan", "tenant-1"]);
    world.until("tenant-1", "plan", "1 step to do").await;
    world.fleet(&["run", "apply", "tenant-1", "--reviewed"]);
    world.until("tenant-1", "apply", "complete, 1 step done").await;

    // What has changed since it was reviewed is not applied.
    tenant(2).add_room("new-room@contoso.com");
    world.fleet(&["run", "apply", "tenant-2", "--reviewed"]);
    world.until("tenant-2", "apply", "not approved").await;
    assert!(!tenant(2).members(GROUP).contains(&"new-room@contoso.com".to_owned()));

    // One tenant is looked at every minute, by whichever worker: there is one job and not one for each worker.
    let scheduled = "select count(*) from fleet.runs where tenant = 'tenant-3' and kind = 'drift'";
    let before = world.count(scheduled).await;
    wait_for("the schedule", async || world.count(scheduled).await > before).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.count(scheduled).await, before + 1);

    let overlaps = "select count(*) from fleet.runs a join fleet.runs b on a.tenant = b.tenant and a.id < b.id
                    and tstzrange(a.started_at, a.finished_at) && tstzrange(b.started_at, b.finished_at)";
    assert_eq!(world.count(overlaps).await, 0, "two jobs of one tenant ran at once");
    let together = "select count(*) from fleet.runs a join fleet.runs b on a.tenant < b.tenant
                    and tstzrange(a.started_at, a.finished_at) && tstzrange(b.started_at, b.finished_at)";
    assert!(world.count(together).await > 0, "jobs of different tenants run at once");
    for member in &world.members {
        let writes = writes(&member.tenant);
        assert!(!writes.is_empty());
        assert!(writes.values().all(|times| *times == 1), "{}: {writes:#?}", member.id);
        assert_eq!(member.tenant.count("New-DistributionGroup"), 1);
    }

    // The documents are the crates' own, and no secret is anywhere.
    let (proof, format): (Value, Value) = {
        let proof: Value = serde_json::from_str(&world.fleet(&["show", "tenant-4", "proof"])).unwrap();
        (proof["verdict"].clone(), proof["origin"]["format"].clone())
    };
    assert_eq!((proof, format), ("verified".into(), 1.into()));
    let texts = "select coalesce(string_agg(document::text, ''), '') || (select string_agg(runs::text, '') from fleet.runs runs)
                 from fleet.documents";
    let text: String = world.sql.query_one(texts, &[]).await.unwrap().get(0);
    assert!(!text.contains("not-a-real-secret"));

    for mut worker in workers {
        // A signal lets it finish what it is at.
        assert!(Command::new("kill").arg(worker.0.id().to_string()).status().unwrap().success());
        wait_for("a worker to end", async || worker.0.try_wait().unwrap().is_some()).await;
        assert!(worker.0.wait().unwrap().success());
    }
}
