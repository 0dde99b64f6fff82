//! What the fleet keeps beside the queue: who ran when with which outcome, and the documents that were made.

use anyhow::Context;
use deadpool_postgres::{ClientWrapper, Object};
use graphile_worker::WorkerUtils;
use graphile_worker::tokio_postgres::TokioPostgresDatabase;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Client;

use crate::job::{Job, Kind};

const TABLES: &str = "
create schema if not exists fleet;

create table if not exists fleet.runs (
    id bigint generated always as identity primary key,
    tenant text not null,
    kind text not null,
    job bigint not null,
    attempt integer not null,
    worker text not null,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    outcome text,
    error text
);
create unique index if not exists one_run_of_a_tenant on fleet.runs (tenant) where finished_at is null;
create index if not exists last_run_of_a_kind on fleet.runs (tenant, kind, id);

-- json and not jsonb: a document stays as it was written.
create table if not exists fleet.documents (
    run bigint not null references fleet.runs on delete cascade,
    kind text not null,
    document json not null,
    primary key (run, kind)
);";

/// The key of the lock that keeps two processes from making the tables at once.
const SETTING_UP: i64 = 0x666c_6565_7400;

#[derive(Debug, Clone)]
pub(crate) struct Store {
    database: TokioPostgresDatabase,
}

impl Store {
    /// A store with so many connections at most, none of which is made before it is needed.
    pub(crate) fn new(url: &str, connections: usize) -> anyhow::Result<Self> {
        Ok(Self { database: TokioPostgresDatabase::from_url(url, connections)? })
    }

    /// Makes the tables of the queue and of the fleet where they are not there.
    pub(crate) async fn set_up(&self) -> anyhow::Result<()> {
        let session = self.session().await?;
        session.execute("select pg_advisory_lock($1)", &[&SETTING_UP]).await?;
        session.batch_execute(TABLES).await?;
        Ok(self.queue().migrate().await?)
    }

    pub(crate) fn database(&self) -> TokioPostgresDatabase {
        self.database.clone()
    }

    pub(crate) fn queue(&self) -> WorkerUtils {
        WorkerUtils::new(self.database.clone(), "graphile_worker")
    }

    async fn connection(&self) -> anyhow::Result<Object> {
        self.database.pool().get().await.context("the database")
    }

    /// A connection of its own. An advisory lock lasts as long as its session: with the process it goes.
    async fn session(&self) -> anyhow::Result<ClientWrapper> {
        Ok(Object::take(self.connection().await?))
    }

    /// The last document of a kind of this tenant, as text.
    pub(crate) async fn last_document(&self, tenant: &str, kind: &str) -> anyhow::Result<Option<String>> {
        last_document(&*self.connection().await?, tenant, kind).await
    }
}

async fn last_document(client: &Client, tenant: &str, kind: &str) -> anyhow::Result<Option<String>> {
    let sql = "select document::text from fleet.documents join fleet.runs on runs.id = run
               where tenant = $1 and documents.kind = $2 order by run desc limit 1";
    Ok(client.query_opt(sql, &[&tenant, &kind]).await?.map(|row| row.get(0)))
}

/// A run of a job: the tenant is its own until the run is dropped.
pub(crate) struct Run {
    session: ClientWrapper,
    id: i64,
    tenant: String,
}

impl Run {
    /// Takes the tenant and notes the start.
    ///
    /// The queue gives out one job of a tenant at a time, and takes it away from a worker that is not heard of. A worker
    /// that was only held up still has the lock.
    pub(crate) async fn begin(store: &Store, job: &Job, id: i64, attempt: i16, worker: &str) -> anyhow::Result<Self> {
        let session = store.session().await?;
        let lock = "select pg_try_advisory_lock(hashtextextended('fleet ' || $1, 0))";
        let is_taken: bool = session.query_one(lock, &[&job.tenant]).await?.get(0);
        anyhow::ensure!(is_taken, "another worker still has {}", job.tenant);
        // Whose lock is gone is gone.
        let lost = "update fleet.runs set finished_at = clock_timestamp(), error = 'the worker was lost'
                    where tenant = $1 and finished_at is null";
        session.execute(lost, &[&job.tenant]).await?;
        let begin =
            "insert into fleet.runs (tenant, kind, job, attempt, worker) values ($1, $2, $3, $4, $5) returning id";
        let kind = job.kind.as_str();
        let row = session.query_one(begin, &[&job.tenant, &kind, &id, &i32::from(attempt), &worker]).await?;
        Ok(Self { id: row.get(0), tenant: job.tenant.clone(), session })
    }

    /// Keeps a document of the crates, in their own versioned form.
    pub(crate) async fn keep(&self, kind: &str, document: &(impl Serialize + Sync)) -> anyhow::Result<()> {
        let sql = "insert into fleet.documents (run, kind, document) values ($1, $2, $3::text::json)";
        self.session.execute(sql, &[&self.id, &kind, &serde_json::to_string(document)?]).await?;
        Ok(())
    }

    /// The last document of a kind of this tenant. One that cannot be read is an error: without it a drift would be compared
    /// with nothing, and nobody would know.
    pub(crate) async fn last<T: DeserializeOwned>(&self, kind: &str) -> anyhow::Result<Option<T>> {
        let text = last_document(&self.session, &self.tenant, kind).await?;
        let unread = || {
            format!(
                "the last {kind} of {} cannot be read: verify the tenant again, which writes a new one",
                self.tenant
            )
        };
        text.map(|text| serde_json::from_str(&text).with_context(unread)).transpose()
    }

    /// Notes the end.
    pub(crate) async fn end(&self, outcome: Result<&str, &str>) -> anyhow::Result<()> {
        let sql = "update fleet.runs set finished_at = clock_timestamp(), outcome = $2, error = $3 where id = $1";
        self.session.execute(sql, &[&self.id, &outcome.ok(), &outcome.err()]).await?;
        Ok(())
    }
}

/// The last outcome of a kind of run.
pub(crate) struct Last {
    pub(crate) kind: Kind,
    pub(crate) outcome: String,
    pub(crate) when: String,
}

/// What is known of a tenant.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) last: Vec<Last>,
    pub(crate) waiting: i64,
    pub(crate) running: i64,
    pub(crate) failed: i64,
    /// Why the last run failed, if it did.
    pub(crate) error: Option<String>,
}

impl Store {
    pub(crate) async fn known(&self, tenant: &str) -> anyhow::Result<Known> {
        let client = self.connection().await?;
        let last = "select distinct on (kind) kind, outcome,
                        to_char(finished_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
                    from fleet.runs where tenant = $1 and outcome is not null order by kind, id desc";
        let mut known = Known::default();
        for row in client.query(last, &[&tenant]).await? {
            if let Some(kind) = Kind::named(row.get(0)) {
                known.last.push(Last { kind, outcome: row.get(1), when: row.get(2) });
            }
        }
        let jobs = "select count(*) filter (where locked_at is null and attempts < max_attempts),
                        count(*) filter (where locked_at is not null),
                        count(*) filter (where locked_at is null and attempts >= max_attempts)
                    from graphile_worker.jobs where queue_name = $1";
        let row = client.query_one(jobs, &[&tenant]).await?;
        (known.waiting, known.running, known.failed) = (row.get(0), row.get(1), row.get(2));
        let error =
            "select error from fleet.runs where tenant = $1 and finished_at is not null order by id desc limit 1";
        known.error = client.query_opt(error, &[&tenant]).await?.and_then(|row| row.get(0));
        Ok(known)
    }
}
