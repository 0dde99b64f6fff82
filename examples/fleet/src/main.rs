//! Plans, applies, verifications and drift checks of many tenants, as jobs of a queue in `PostgreSQL`.
//!
//! `fleet run` puts jobs into the queue, any number of `fleet work` take them out, and `fleet status` shows where each
//! tenant stands. Retries and schedules are the queue's. The tenant is the only state: a job that was cut off is run
//! again by whichever worker has it next, and does what is left.

mod job;
mod status;
mod store;
mod tenants;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};
use exchange_groups::Plan;
use graphile_worker::{WorkerOptions, WorkerShutdownConfig};

use crate::job::{Job, Kind, Worker};
use crate::store::Store;
use crate::tenants::Tenants;

/// Plans, applies, verifications and drift checks of many tenants, as jobs of a queue in a database
#[derive(Debug, Parser)]
struct Options {
    /// Where the database is: a URL, or `host=… user=… dbname=…`
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database: String,

    /// The file of the tenants
    #[arg(long, env = "FLEET_TENANTS", value_name = "FILE", default_value = "tenants.yaml")]
    tenants: PathBuf,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take jobs out of the queue and do them, until a signal
    Work {
        /// How many at a time
        #[arg(long, default_value_t = 8)]
        jobs: usize,

        /// How often a worker says that it is there, in seconds; the jobs of one that has not for six times as long go
        /// to others
        #[arg(long, default_value_t = 10)]
        heartbeat: u64,
    },
    /// Put jobs into the queue
    Run {
        kind: Kind,

        /// Which tenants; all without any
        tenants: Vec<String>,

        /// Apply the last plan of each tenant that `fleet run plan` made, and no other
        #[arg(long)]
        reviewed: bool,
    },
    /// Show where each tenant stands
    Status {
        #[arg(long)]
        json: bool,
    },
    /// Print the last document of a tenant, in its own JSON form
    Show {
        tenant: String,

        #[arg(value_parser = ["plan", "report", "proof", "drift", "snapshot"])]
        document: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(run(Options::parse())).await {
        Ok(text) => {
            // Nobody may be reading any more (`| head`).
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> anyhow::Result<String> {
    let tenants = Arc::new(Tenants::read(&options.tenants)?);
    match options.command {
        Command::Work { jobs, heartbeat } => {
            // Each job has a connection of its own; these are for the queue.
            let store = Store::new(&options.database, 4)?;
            store.set_up().await?;
            work(Worker { tenants, store }, jobs, Duration::from_secs(heartbeat)).await?;
            Ok(String::new())
        }
        Command::Run { kind, tenants: names, reviewed } => {
            anyhow::ensure!(!reviewed || kind == Kind::Apply, "--reviewed is for apply");
            let store = Store::new(&options.database, 1)?;
            store.set_up().await?;
            for tenant in tenants.chosen(&names)? {
                let mut job = Job::new(&tenant.id, kind);
                if reviewed {
                    let plan = store.last_document(&tenant.id, "plan").await?;
                    let plan = plan.with_context(|| format!("{} has no plan", tenant.id))?;
                    job.approved = Some(serde_json::from_str::<Plan>(&plan)?.digest().to_string());
                }
                let spec = job.spec();
                store.queue().add_job(job, spec).await?;
            }
            Ok(String::new())
        }
        Command::Status { json } => {
            let store = Store::new(&options.database, 1)?;
            status::show(&tenants, &store, json).await
        }
        Command::Show { tenant, document } => {
            let store = Store::new(&options.database, 1)?;
            let text = store.last_document(&tenants.named(&tenant)?.id, &document).await?;
            Ok(text.with_context(|| format!("{tenant} has no {document}"))? + "\n")
        }
    }
}

async fn work(worker: Worker, jobs: usize, heartbeat: Duration) -> anyhow::Result<()> {
    let mut options = WorkerOptions::default()
        .database(worker.store.database())
        .concurrency(jobs)
        .heartbeat_interval(heartbeat)
        .sweep_interval(heartbeat * 2)
        .sweep_threshold(heartbeat * 6)
        .recovery_delay(Duration::ZERO)
        // Kubernetes kills half a minute after it asked.
        .worker_shutdown(WorkerShutdownConfig::default().grace_period(Duration::from_secs(25)))
        .define_job::<Job>();
    for tenant in worker.tenants.all() {
        for (kind, schedule) in &tenant.schedules {
            let line = Job::new(&tenant.id, *kind).crontab(schedule)?;
            options = options.with_cron(line).with_context(|| format!("the schedule {schedule:?} of {}", tenant.id))?;
        }
    }
    Ok(options.add_extension(worker).init().await?.run().await?)
}
