//! What a job is, and what it does.

use std::fmt;
use std::sync::Arc;

use anyhow::Context as _;
use clap::ValueEnum;
use exchange_groups::{Drift, Error, ErrorKind, Observation, Plan, Verdict};
use graphile_worker::{IntoTaskHandlerResult, JobSpec, TaskHandler, WorkerContext, WorkerContextExt};
use serde::{Deserialize, Serialize};

use crate::store::{Run, Store};
use crate::tenants::Tenants;

/// What is done in a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Say what is to be done, and change nothing
    Plan,
    /// Make the tenant as its spec says, and have it verified
    Apply,
    /// Show what the application reaches
    Verify,
    /// Tell what differs from the spec, and from when it was last verified
    Drift,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Verify => "verify",
            Self::Drift => "drift",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::value_variants().iter().copied().find(|kind| kind.as_str() == name)
    }

    /// How often it is tried. The queue waits for e seconds after the first failure, and e times as long after each
    /// further one: half an hour for 8, ten hours for 11. A change may take hours to propagate.
    const fn attempts(self) -> i16 {
        match self {
            Self::Plan | Self::Apply | Self::Drift => 8,
            Self::Verify => 11,
        }
    }
}

/// A job as the queue keeps it. A secret has no place in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) tenant: String,
    pub(crate) kind: Kind,
    /// The digest of the plan that was reviewed: no other is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approved: Option<String>,
}

impl Job {
    pub(crate) fn new(tenant: &str, kind: Kind) -> Self {
        Self { tenant: tenant.to_owned(), kind, approved: None }
    }

    fn key(&self) -> String {
        format!("{}:{}", self.kind.as_str(), self.tenant)
    }

    /// The jobs of a tenant are in a queue of their own, from which one is given out at a time. A job that waits already
    /// is not put in twice.
    pub(crate) fn spec(&self) -> JobSpec {
        JobSpec {
            queue_name: Some(self.tenant.clone()),
            job_key: Some(self.key()),
            max_attempts: Some(self.kind.attempts()),
            ..JobSpec::default()
        }
    }

    /// The line of a crontab for the queue. What was missed in the last hour is made up for.
    pub(crate) fn crontab(&self, schedule: &str) -> anyhow::Result<String> {
        let (key, task, payload) = (self.key(), Self::IDENTIFIER, serde_json::to_string(self)?);
        let (queue, attempts) = (&self.tenant, self.kind.attempts());
        Ok(format!("{schedule} {task} ?id={key}&job_key={key}&queue={queue}&max={attempts}&fill=1h {payload}"))
    }
}

/// What a worker has at hand.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) store: Store,
}

/// How a run ended.
enum Outcome {
    /// There is nothing to be gained by trying again.
    Final(String),
    /// The queue tries again.
    Again(String),
}

/// What the queue is told, and keeps as the error of the job.
struct Failure(String);

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TaskHandler for Job {
    const IDENTIFIER: &'static str = "restricted_group";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        Box::pin(self.run_and_note(&context)).await.map_err(|error| Failure(format!("{error:#}")))
    }
}

impl Job {
    async fn run_and_note(&self, context: &WorkerContext) -> anyhow::Result<()> {
        let worker = context.get_ext::<Worker>().context("a worker knows its tenants")?;
        let (job, name) = (context.job(), format!("{} of process {}", context.worker_id(), std::process::id()));
        let run = Run::begin(&worker.store, self, *job.id(), *job.attempts(), &name).await?;
        match Box::pin(self.carry_out(worker, &run)).await {
            Ok(outcome) => {
                let (Outcome::Final(text) | Outcome::Again(text)) = &outcome;
                run.end(Ok(text)).await?;
                anyhow::ensure!(matches!(outcome, Outcome::Final(_)), "{text}");
            }
            Err(error) => {
                run.end(Err(&format!("{error:#}"))).await?;
                return Err(error);
            }
        }
        if self.kind == Kind::Apply {
            let next = Self::new(&self.tenant, Kind::Verify);
            context.add_job(next.clone(), next.spec()).await?;
        }
        Ok(())
    }

    async fn carry_out(&self, worker: &Worker, run: &Run) -> anyhow::Result<Outcome> {
        let tenant = worker.tenants.named(&self.tenant)?;
        let spec = worker.tenants.spec(tenant)?;
        let groups = worker.tenants.groups(tenant)?;
        match self.kind {
            Kind::Plan => {
                let plan = groups.plan(&spec).await?;
                run.keep("plan", &plan).await?;
                Ok(Outcome::Final(summary(&plan)))
            }
            Kind::Apply => {
                let plan = groups.plan(&spec).await?;
                run.keep("plan", &plan).await?;
                let mut apply = groups.apply(&plan);
                if let Some(digest) = &self.approved {
                    apply = apply.approved(digest.as_str());
                }
                let report = match apply.await {
                    Ok(report) => report,
                    Err(error) => return refused(error),
                };
                run.keep("report", &report).await?;
                if !report.is_complete() {
                    return Ok(Outcome::Again("incomplete".to_owned()));
                }
                Ok(Outcome::Final(format!("complete, {} done", steps(report.changes()))))
            }
            Kind::Verify => {
                let proof = groups.prove(&spec).await?;
                run.keep("proof", &proof).await?;
                let verdict = proof.verdict.to_string();
                if proof.verdict == Verdict::NotPropagated {
                    return Ok(Outcome::Again(verdict));
                }
                if proof.is_verified() {
                    // What later drifts are compared with.
                    run.keep("snapshot", &groups.observe(&spec).await?).await?;
                }
                Ok(Outcome::Final(verdict))
            }
            Kind::Drift => {
                let snapshot: Option<Observation> = run.last("snapshot").await?;
                let drift = Drift::between(&spec, &groups.observe(&spec).await?, snapshot.as_ref());
                run.keep("drift", &drift).await?;
                Ok(Outcome::Final(drift.status().to_string()))
            }
        }
    }
}

fn summary(plan: &Plan) -> String {
    if plan.is_blocked() { "blocked".to_owned() } else { format!("{} to do", steps(plan.steps.len())) }
}

fn steps(count: usize) -> String {
    if count == 1 { "1 step".to_owned() } else { format!("{count} steps") }
}

/// A plan that is not applied: whether to plan again, or to wait for somebody.
fn refused(error: Error) -> anyhow::Result<Outcome> {
    match error.kind() {
        ErrorKind::Blocked => Ok(Outcome::Final("blocked".to_owned())),
        ErrorKind::NotApproved => Ok(Outcome::Final("not approved".to_owned())),
        _ => Err(error.into()),
    }
}
