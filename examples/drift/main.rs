//! Tells what has drifted from a spec, and from the last snapshot.
//!
//! Without any configuration it provisions a tenant in memory, takes a snapshot, changes something behind its back
//! (`--case`), and reports. With `TENANT_ID`, `CLIENT_ID` and `CLIENT_SECRET` it looks at that tenant: once with
//! `--update` to write the snapshot, and then by schedule.
#![expect(clippy::print_stderr, reason = "a program prints")]

#[path = "../common/environment.rs"]
mod environment;
#[path = "../common/spec.rs"]
mod spec;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use exchange_groups::graph_client::{Client, ClientSecret, Cloud};
use exchange_groups::{Drift, Error, ErrorKind, ExchangeGroups, Observation, RestrictedCalendarGroup};
use fake_tenant::{FakeTenant, NewRoleAssignment, RecipientKind};
use serde_json::json;

use self::environment::{BadInput, Environment};

const AFTER_HELP: &str = "\
Without TENANT_ID it works in a tenant in memory: no account, no configuration. With it:

  TENANT_ID, CLIENT_ID, CLIENT_SECRET   the tenant, and the application that administers it
  GRAPH_URL, EXCHANGE_URL, LOGIN_URL    other servers: a sovereign cloud, or one on localhost

Exit codes:
  0  nothing differs
  1  a service refused, or could not be reached
  2  bad input: the command line, the environment, the spec or the snapshot
  3  something differs that neither widens nor interrupts access
  4  an outage: something that is to be reached is not
  5  the application reaches more than the spec says
  6  something is not known";

const GROUP: &str = "placeosroombooking@contoso.com";

/// Tell what has drifted from a spec and from the last snapshot
#[derive(Debug, Parser)]
#[command(after_help = AFTER_HELP)]
struct Options {
    /// What happens in the tenant in memory [default: member]
    #[arg(long, value_enum)]
    case: Option<Case>,

    /// The spec, a JSON or YAML file
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,

    /// The snapshot; without one the tenant is compared with the spec alone
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,

    /// Write what was seen as the new snapshot
    #[arg(long, requires = "snapshot")]
    update: bool,

    /// Print one JSON document in place of text
    #[arg(long, conflicts_with = "metrics")]
    json: bool,

    /// Print metrics in the text format of Prometheus in place of text
    #[arg(long)]
    metrics: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Case {
    /// Nothing
    Nothing,
    /// Somebody puts a person's mailbox into the group
    Member,
    /// A room is added
    Room,
    /// A room becomes a person's mailbox
    Converted,
    /// The tenant-wide permission is granted again
    Grant,
    /// The role assignment is disabled
    Assignment,
    /// A role over the whole organisation is assigned
    Unscoped,
    /// The group is deleted
    Group,
    /// A room is hidden from address lists
    Hidden,
}

fn bad(text: impl Into<String>) -> anyhow::Error {
    let text: String = text.into();
    BadInput::from(text).into()
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let (code, text) = run_and_tell(&options, &Environment::read()).await;
    if !text.is_empty() {
        use std::io::Write as _;
        // Nobody may be reading any more (`| head`).
        let _ = write!(std::io::stdout(), "{text}");
    }
    ExitCode::from(code)
}

/// Runs, and gives the exit code and what is shown. Whoever asked for a document gets one in every case.
async fn run_and_tell(options: &Options, environment: &Environment) -> (u8, String) {
    let error = match Box::pin(run(options, environment)).await {
        Ok(drift) => return shown(options, environment, &drift),
        Err(error) => error,
    };
    let is_input = error.is::<BadInput>() || error.downcast_ref::<Error>().map(Error::kind) == Some(ErrorKind::Spec);
    let code = if is_input { 2 } else { 1 };
    eprintln!("error: {error:#}");
    let document = json!({ "error": format!("{error:#}"), "exit": code });
    (code, if options.json { format!("{document:#}\n") } else { String::new() })
}

fn shown(options: &Options, environment: &Environment, drift: &Drift) -> (u8, String) {
    let status = drift.status();
    let text = if options.json {
        format!("{:#}\n", json!({ "drift": drift, "status": status, "metrics": drift.metrics() }))
    } else if options.metrics {
        drift.prometheus()
    } else if environment.get("TENANT_ID").is_none() {
        format!("{drift}\nThis is of Contoso, the tenant in memory.\n")
    } else {
        drift.to_string()
    };
    (status.code(), text)
}

async fn run(options: &Options, environment: &Environment) -> anyhow::Result<Drift> {
    if !environment.is_real(&[("--spec", options.spec.is_some()), ("--snapshot", options.snapshot.is_some())])? {
        return Box::pin(in_memory(options.case.unwrap_or(Case::Member))).await;
    }
    if options.case.is_some() {
        return Err(bad("--case is for the tenant in memory, and TENANT_ID names a real one"));
    }
    let client = environment.client("CLIENT_ID", "CLIENT_SECRET")?;
    let spec = options.spec.as_deref().ok_or_else(|| bad("a real tenant needs --spec FILE"))?;
    let spec = spec::build(spec::read(spec)?, environment)?;
    let before = read_snapshot(options)?;
    let now = ExchangeGroups::new(client).observe(&spec).await?;
    let drift = Drift::between(&spec, &now, before.as_ref());
    if options.update
        && let Some(path) = &options.snapshot
    {
        write_snapshot(path, &now)?;
    }
    Ok(drift)
}

/// The snapshot, or none where `--update` is to write the first one.
fn read_snapshot(options: &Options) -> anyhow::Result<Option<Observation>> {
    let Some(path) = &options.snapshot else { return Ok(None) };
    let wrong = |fault: String| bad(format!("--snapshot {}: {fault}", path.display()));
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| wrong(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && options.update => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(wrong(format!("{error}; write the first with --update")))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// Writes beside the old one first: a run that is interrupted leaves a whole snapshot.
fn write_snapshot(path: &Path, seen: &Observation) -> anyhow::Result<()> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, serde_json::to_vec_pretty(seen)?)
        .and_then(|()| std::fs::rename(&beside, path))
        .with_context(|| format!("the snapshot {} could not be written", path.display()))
}

async fn in_memory(case: Case) -> anyhow::Result<Drift> {
    eprintln!("TENANT_ID is not set: this run works in a Microsoft 365 tenant in memory.\n");
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.context("the tenant in memory needs a port on this machine")?;
    let (administrator, application) = (tenant.administrator(), tenant.booking_application());
    let client = Client::builder()
        .tenant(tenant.domain())
        .credential(ClientSecret::new(administrator.client_id.parse()?, administrator.secret()))
        .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
        .build()?;
    let groups = ExchangeGroups::new(client);
    let spec = RestrictedCalendarGroup::placeos(GROUP, &*application.client_id)
        .owner("exchange.admin@contoso.com")
        .revoke_tenant_wide_grant(true)
        .must_not_reach("ceo@contoso.com")
        .build()
        .map_err(Error::from)?;
    let report = groups.apply(&groups.plan(&spec).await?).await?;
    anyhow::ensure!(report.is_complete(), "{report}");
    let snapshot = groups.observe(&spec).await?;
    let room = tenant.rooms().into_iter().next().context("Contoso has rooms")?;
    let assignments = tenant.role_assignments(&application);
    match case {
        Case::Nothing => {}
        Case::Member => tenant.add_member(GROUP, "adele.vance@contoso.com"),
        Case::Room => drop(tenant.add_room("atrium@contoso.com")),
        Case::Converted => tenant.convert_mailbox(&room, RecipientKind::UserMailbox),
        Case::Grant => tenant.grant_app_role(&application, "Calendars.ReadWrite"),
        Case::Assignment => {
            for assignment in assignments {
                let change = json!({ "Identity": assignment.name, "Enabled": false });
                tenant.run_cmdlet("Set-ManagementRoleAssignment", change);
            }
        }
        Case::Unscoped => {
            drop(tenant.assign_role(&application, NewRoleAssignment::new("Application Calendars.Read")));
        }
        Case::Group => drop(tenant.run_cmdlet("Remove-DistributionGroup", json!({ "Identity": GROUP }))),
        Case::Hidden => tenant.hide(&room),
    }
    Ok(groups.drift(&spec, Some(&snapshot)).await?)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod operate;
