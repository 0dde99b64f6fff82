//! Makes the room group of PlaceOS's documentation, restricts the application to it, and verifies the result.
//!
//! Without any configuration it does so in a tenant in memory. With `TENANT_ID`, `CLIENT_ID` and `CLIENT_SECRET` it
//! works in that tenant; `APP_CLIENT_ID` and `APP_CLIENT_SECRET`, the restricted application's own, let it verify the
//! result. `GRAPH_URL`, `EXCHANGE_URL` and `LOGIN_URL` name other servers: a sovereign cloud, or one on localhost.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

#[path = "../common/environment.rs"]
mod environment;
mod options;
mod show;
#[path = "../common/spec.rs"]
mod spec;
mod target;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use exchange_groups::{
    Digest, Error, ErrorKind, ExchangeGroups, Plan, Preflight, PreflightOutcome, Proof, Report,
    RestrictedCalendarGroup, Stop, Verdict,
};
use serde_json::json;

use self::environment::{BadInput, Environment};
use self::options::Options;
use self::show::{Progress, Show};
use self::target::Target;

/// How the program ends. 2 is also what it ends with when the command line is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// The restriction is verified.
    Verified = 0,
    /// A service refused, or could not be reached; or something else went wrong.
    Failed = 1,
    /// The spec or the environment has faults.
    BadInput = 2,
    /// The plan has blocking issues, a check failed, or the tenant has changed since it was made. Nothing was changed.
    Blocked = 3,
    /// Some steps were not done.
    Incomplete = 4,
    /// The restriction is violated.
    Violated = 5,
    /// The verification is inconclusive, or a check could not be told.
    Inconclusive = 6,
    /// Only a plan, its scripts or a preflight was asked for. Nothing was changed.
    Planned = 7,
    /// The configuration is right, and the live service does not act on it yet.
    NotPropagated = 8,
    /// The run paused before a stage, or was stopped.
    Paused = 9,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let exit = run_and_tell(&options, &Environment::read(), &Show::new(options.json)).await;
    ExitCode::from(exit as u8)
}

/// Runs, and tells of an error where everything else is told.
async fn run_and_tell(options: &Options, environment: &Environment, show: &Show) -> Exit {
    let error = match run(options, environment, show).await {
        Ok(exit) => return exit,
        Err(error) => error,
    };
    let exit = match error.downcast_ref::<Error>().map(Error::kind) {
        Some(ErrorKind::Spec) => Exit::BadInput,
        Some(ErrorKind::Blocked | ErrorKind::Stale | ErrorKind::NotApproved) => Exit::Blocked,
        _ if error.is::<BadInput>() => Exit::BadInput,
        _ => Exit::Failed,
    };
    eprintln!("error: {error:#}");
    // Whoever asked for a document gets one in every case, and one only.
    if !show.has_shown_a_document() {
        let _ = show.document(&json!({ "error": format!("{error:#}"), "exit": exit as u8 }));
    }
    exit
}

async fn run(options: &Options, environment: &Environment, show: &Show) -> anyhow::Result<Exit> {
    let target = Target::choose(options, environment).await?;
    let spec = target.spec(options, environment)?;
    let groups = target.groups();
    if options.json {
        eprint!("{}", target.introduction());
    }
    show.text(target.introduction());

    if options.preflight {
        let preflight = groups.preflight(&spec).await;
        show.text(&preflight);
        show.document(&json!({ "preflight": preflight }))?;
        return Ok(readiness(&preflight));
    }
    let plan = groups.plan(&spec).await?;
    show.text(&plan);
    show.text(format_args!("Digest of this plan: {}\n", plan.digest()));
    if options.plan_only || options.scripts.is_some() || plan.is_blocked() {
        let scripts = options.scripts.as_deref().filter(|_| !plan.is_blocked());
        let scripts = scripts.map(|folder| write_scripts(&plan, folder)).transpose()?.unwrap_or_default();
        for script in &scripts {
            show.text(format_args!("Written: {}", script.display()));
        }
        show.document(&json!({ "plan": plan, "digest": plan.digest(), "scripts": scripts }))?;
        return Ok(if plan.is_blocked() { Exit::Blocked } else { Exit::Planned });
    }
    if let Some(approved) = options.approved.as_deref().filter(|approved| Digest::from(*approved) != plan.digest()) {
        let error = format!(
            "{approved} was approved, and this is another plan, {}: nothing was changed. Review this plan and give its \
             digest, or restore what has changed since",
            plan.digest(),
        );
        eprintln!("error: {error}");
        show.document(&json!({ "plan": plan, "digest": plan.digest(), "error": error, "exit": Exit::Blocked as u8 }))?;
        return Ok(Exit::Blocked);
    }
    target.sign_in_as_restricted(&spec).await?;
    if !target.is_confirmed(options, &plan)? {
        show.text("Nothing was changed.");
        return Ok(Exit::Planned);
    }
    let stop = Stop::new();
    let _stopper = stop_on_interrupt(&stop);
    let report = apply(&groups, &plan, options, &stop).await?;
    show.text(&report);
    if stop.is_stopped() || (options.until.is_some() && !report.is_complete()) {
        show.document(&json!({ "plan": plan, "report": report }))?;
        return Ok(if report.steps.iter().any(|step| step.error.is_some()) { Exit::Incomplete } else { Exit::Paused });
    }
    let after = async {
        let proof = prove(&groups, &spec, options, &stop).await?;
        show.text(&proof);
        anyhow::Ok((proof, groups.plan(&spec).await?))
    };
    let (proof, again) = match after.await {
        Ok(after) => after,
        Err(error) => {
            // What was changed is told, whatever comes after it.
            show.document(&json!({ "plan": plan, "report": report, "error": format!("{error:#}") }))?;
            return Err(error);
        }
    };
    if again.is_empty() {
        show.text("Planned again: nothing is left to do.");
    } else {
        show.text(format!("Planned again:\n{again}"));
    }
    show.document(&json!({ "plan": plan, "report": report, "proof": proof, "plan_after": again }))?;
    Ok(verdict(&report, &proof, &again))
}

/// Writes one script for a session of each module.
fn write_scripts(plan: &Plan, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let script = plan.powershell();
    let texts = [("exchange.ps1", Some(script.exchange)), ("graph.ps1", script.graph)];
    let is_there = |path: &Path| {
        let fault = "is there already and is not written over; name another folder";
        BadInput::from(format!("--scripts {}: {fault}", path.display()))
    };
    if folder.is_file() {
        return Err(is_there(folder).into());
    }
    for (name, _) in texts.iter().filter(|(_, text)| text.is_some()) {
        if folder.join(name).exists() {
            return Err(is_there(&folder.join(name)).into());
        }
    }
    std::fs::create_dir_all(folder).with_context(|| format!("make the folder {}", folder.display()))?;
    let mut written = Vec::new();
    for (name, text) in texts {
        let Some(text) = text else { continue };
        let path = folder.join(name);
        // A script that somebody may have changed, or already run, is not written over.
        let file = File::options().write(true).create_new(true).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("write {}", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

fn readiness(preflight: &Preflight) -> Exit {
    if preflight.is_ready() {
        Exit::Planned
    } else if preflight.with_outcome(PreflightOutcome::Failed).next().is_some() {
        Exit::Blocked
    } else {
        Exit::Inconclusive
    }
}

/// The first Ctrl+C stops the run without harm, and its report is shown.
fn stop_on_interrupt(stop: &Stop) -> AbortOnDrop {
    let stop = stop.clone();
    AbortOnDrop(tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.stop();
        }
    }))
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn apply(groups: &ExchangeGroups, plan: &Plan, options: &Options, stop: &Stop) -> anyhow::Result<Report> {
    let progress = Progress::new("Applying", plan.steps.len(), options.events);
    let mut listener = progress.clone();
    let mut apply = groups.apply(plan).stopped_by(stop).on_event(move |event| listener.event(event));
    if let Some(stage) = options.until {
        apply = apply.until(stage);
    }
    if let Some(digest) = &options.approved {
        apply = apply.approved(digest.as_str());
    }
    let report = apply.await?;
    progress.finish();
    Ok(report)
}

async fn prove(
    groups: &ExchangeGroups,
    spec: &RestrictedCalendarGroup,
    options: &Options,
    stop: &Stop,
) -> anyhow::Result<Proof> {
    let progress = Progress::new("Verifying", 0, options.events);
    let mut listener = progress.clone();
    let deadline = Duration::from_secs(options.wait.saturating_mul(60));
    let mut prove = groups.prove(spec).wait_up_to(deadline).stopped_by(stop);
    if let Some(sample) = options.sample {
        prove = prove.sample(sample);
    }
    let proof = prove.on_event(move |event| listener.event(event)).await?;
    progress.finish();
    Ok(proof)
}

fn verdict(report: &Report, proof: &Proof, again: &Plan) -> Exit {
    match proof.verdict {
        _ if !report.is_complete() => Exit::Incomplete,
        Verdict::Violated => Exit::Violated,
        _ if !again.is_empty() => Exit::Incomplete,
        Verdict::Verified => Exit::Verified,
        Verdict::NotPropagated => Exit::NotPropagated,
        _ => Exit::Inconclusive,
    }
}

#[cfg(test)]
mod tests;
