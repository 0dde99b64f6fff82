//! Migrates an application from access policies to RBAC for Applications, or back: member by member, never wider, the old
//! mechanism last.
//!
//! Without any configuration it does so in a tenant in memory, where time passes at once. With `TENANT_ID`, `CLIENT_ID` and
//! `CLIENT_SECRET` it shows in that tenant what would be done, and does with `--yes` what may be done now.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

#[path = "common/administrator.rs"]
mod common;
#[path = "common/spec.rs"]
mod spec;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Parser;
use exchange_groups::graph_client::SmtpAddress;
use exchange_groups::graph_client::graph::Timestamp;
use exchange_groups::{
    ErrorKind, ExchangeGroups, Migrate, Procedure, ProcedureReport, RestrictedCalendarGroup,
    RestrictedCalendarGroupBuilder, Restriction, Rooms, StageState,
};
use fake_tenant::{FakeTenant, NewGroup, PolicyRight};
use serde_json::json;

use self::common::environment::{self, BadInput, Environment};

const AFTER_HELP: &str = "\
Without TENANT_ID it works in a tenant in memory: no account, no configuration. With it, CLIENT_ID and CLIENT_SECRET name
the application that administers, GRAPH_URL, EXCHANGE_URL and LOGIN_URL other servers, and --spec what should be true
afterwards; nothing is changed without --yes.

Exit codes:
  0  it is migrated: nothing is left to do
  1  a service refused, or could not be reached
  2  bad input: the command line, the environment or the spec
  3  something stands in the way, or the tenant has changed since; nothing was changed
  4  a step was not done
  7  only a dry run was made; nothing was changed
  8  a stage waits: run again later; the gate says for what
  9  the run paused before the stage of --until; run again to go on";

/// Migrate an application from access policies to RBAC for Applications, or back
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_help = AFTER_HELP)]
struct Options {
    /// Read the spec after the migration from a JSON or YAML file
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,

    /// From the role back to an access policy
    #[arg(long)]
    back: bool,

    /// When the tenant-wide permission was revoked, such as 2026-11-26T12:00:00Z: policies stay for 28 hours after it
    #[arg(long, value_name = "TIME")]
    revoked_at: Option<String>,

    /// An empty mailbox that the spec names and no policy lets through: once it can be read, the role acts
    #[arg(long, value_name = "ADDRESS")]
    canary: Option<SmtpAddress>,

    /// Accept that mailboxes are lost which only the policies let through
    #[arg(long)]
    accept_lost: bool,

    /// With --back: the policy acts, as far as you know: no call can show it before the permission is granted
    #[arg(long)]
    policy_acts: bool,

    /// With --back: when the permission was granted: the role stays for 28 hours after it
    #[arg(long, value_name = "TIME")]
    granted_at: Option<String>,

    /// Pause before this stage, by the name that --json shows
    #[arg(long, value_name = "STAGE")]
    until: Option<String>,

    /// Do it in a real tenant. Without it the run is dry
    #[arg(long)]
    yes: bool,

    /// Print one JSON document in place of text
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options, &Environment::read()).await {
        Ok((exit, shown)) => {
            println!("{shown}");
            ExitCode::from(exit)
        }
        Err(error) => {
            let exit = exit_of(&error);
            eprintln!("error: {error:#}");
            if options.json {
                println!("{}", json!({ "error": format!("{error:#}"), "exit": exit }));
            }
            ExitCode::from(exit)
        }
    }
}

fn exit_of(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<exchange_groups::Error>().map(exchange_groups::Error::kind) {
        Some(ErrorKind::Spec) => 2,
        Some(ErrorKind::Blocked | ErrorKind::Stale | ErrorKind::NotApproved) => 3,
        _ if error.is::<BadInput>() => 2,
        _ => 1,
    }
}

async fn run(options: &Options, environment: &Environment) -> anyhow::Result<(u8, String)> {
    // What the time is, before anything is asked.
    let revoked_at = time("--revoked-at", options.revoked_at.as_deref())?;
    let granted_at = time("--granted-at", options.granted_at.as_deref())?;
    let for_a_real_tenant = [
        ("--spec", options.spec.is_some()),
        ("--revoked-at", options.revoked_at.is_some()),
        ("--granted-at", options.granted_at.is_some()),
        ("--canary", options.canary.is_some()),
        ("--accept-lost", options.accept_lost),
        ("--policy-acts", options.policy_acts),
        ("--yes", options.yes),
    ];
    let tenant = common::administrator(environment, &for_a_real_tenant).await?;
    let groups = ExchangeGroups::new(tenant.client);
    if let Some((fake, _)) = &tenant.in_memory {
        return in_memory(&groups, fake, options).await;
    }
    let spec = wanted(options, environment)?;
    let mut migrate = Migrate::new(spec).accept_lost(options.accept_lost).policy_acts(options.policy_acts);
    if let Some(time) = revoked_at {
        migrate = migrate.revoked_at(time);
    }
    if let Some(time) = granted_at {
        migrate = migrate.granted_at(time);
    }
    if let Some(canary) = &options.canary {
        migrate = migrate.canary(canary.clone());
    }
    let procedure = groups.procedure(migrate).await?;
    if procedure.is_blocked() || !options.yes {
        let exit = match (procedure.is_blocked(), procedure.is_done()) {
            (true, _) => 3,
            (false, true) => 0,
            (false, false) => 7,
        };
        return Ok((exit, show(&[(procedure, None)], options)?));
    }
    let run = groups.carry_out(&procedure);
    let report = match &options.until {
        Some(stage) => run.until(stage).await?,
        None => run.await?,
    };
    Ok((exit_of_report(&report), show(&[(procedure, Some(report))], options)?))
}

fn time(option: &str, text: Option<&str>) -> anyhow::Result<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    let time = Timestamp::from(text);
    if time.to_system_time().is_none() {
        return Err(BadInput::from(format!("{option} {text}: must be a time such as 2026-11-26T12:00:00Z")).into());
    }
    Ok(Some(time))
}

/// The spec after the migration.
fn wanted(options: &Options, environment: &Environment) -> Result<RestrictedCalendarGroup, BadInput> {
    let path = options.spec.as_ref().ok_or_else(|| BadInput::from("a real tenant needs --spec FILE".to_owned()))?;
    let spec = spec::read(path)?;
    let spec = if options.back {
        spec.restriction(Restriction::Policy).revoke_tenant_wide_grant(false)
    } else {
        spec.restriction(Restriction::Rbac)
    };
    spec::build(spec, environment)
}

fn exit_of_report(report: &ProcedureReport) -> u8 {
    match report.stages.iter().map(|stage| stage.state).find(|state| *state != StageState::Done) {
        None => 0,
        Some(StageState::Waiting) => 8,
        // Nothing stands before it: it is that of --until.
        Some(StageState::NotBegun) => 9,
        Some(_) => 4,
    }
}

const HOUR: Duration = Duration::from_secs(3_600);

/// The whole way in a tenant in memory: three runs, with hours and then a day between them.
async fn in_memory(groups: &ExchangeGroups, fake: &FakeTenant, options: &Options) -> anyhow::Result<(u8, String)> {
    let application = fake.booking_application();
    fake.set_time(SystemTime::now() - HOUR * 3);
    let rooms: Vec<String> = fake.rooms().into_iter().take(8).collect();
    let migrate = if options.back {
        restricted_by_a_role(groups, fake, &rooms).await?
    } else {
        restricted_by_a_policy(fake, &rooms)?
    };
    let mut runs = Vec::new();
    for after in [Duration::ZERO, HOUR * 3, HOUR * 29] {
        if after > Duration::ZERO {
            fake.set_time(SystemTime::now());
        }
        let mut migrate = migrate.clone();
        if after > HOUR * 24 {
            let a_day_ago = SystemTime::now() - HOUR * 29;
            migrate = migrate.revoked_at(a_day_ago).granted_at(a_day_ago);
        }
        // In memory a policy acts at once.
        let migrate = migrate.policy_acts(after > Duration::ZERO);
        let procedure = groups.procedure(migrate).await?;
        if procedure.is_blocked() {
            return Ok((3, show(&[(procedure, None)], options)?));
        }
        let run = groups.carry_out(&procedure);
        let report = match &options.until {
            Some(stage) => run.until(stage).await?,
            None => run.await?,
        };
        runs.push((procedure, Some(report)));
        if options.until.is_some() {
            break;
        }
    }
    let reached = fake.mailboxes().iter().filter(|mailbox| fake.can_read(&application, mailbox)).count();
    let exit = runs.last().and_then(|(_, report)| report.as_ref()).map_or(4, exit_of_report);
    let mut shown = show(&runs, options)?;
    if !options.json {
        let _ = write!(shown, "\nIn the tenant in memory the application reaches {reached} mailboxes.");
    }
    Ok((exit, shown))
}

const OWNER: &str = "exchange.admin@contoso.com";

fn spec_in_memory(fake: &FakeTenant, rooms: &[String]) -> RestrictedCalendarGroupBuilder {
    RestrictedCalendarGroup::placeos("placeosroombooking@contoso.com", &*fake.booking_application().client_id)
        .owner(OWNER)
        .rooms(Rooms::at(rooms.to_vec()))
        .must_not_reach("ceo@contoso.com")
}

/// An application that an access policy restricts to a group with a group in it. A role counts direct members alone: the
/// members of the nested group are lost, which is accepted here.
fn restricted_by_a_policy(fake: &FakeTenant, rooms: &[String]) -> anyhow::Result<Migrate> {
    fake.add_group(NewGroup::security("floor-2@contoso.com").owner(OWNER).members(&rooms[5..]));
    fake.add_group(NewGroup::security("old-rooms@contoso.com").owner(OWNER).members(&rooms[..5]));
    fake.add_member("old-rooms@contoso.com", "floor-2@contoso.com");
    fake.add_access_policy(&fake.booking_application().client_id, PolicyRight::Restrict, "old-rooms@contoso.com");
    Ok(Migrate::new(spec_in_memory(fake, &rooms[..5]).build()?).accept_lost(true))
}

/// An application with a role over the group, and without a tenant-wide permission.
async fn restricted_by_a_role(groups: &ExchangeGroups, fake: &FakeTenant, rooms: &[String]) -> anyhow::Result<Migrate> {
    let spec = spec_in_memory(fake, rooms);
    let plan = groups.plan(&spec.clone().revoke_tenant_wide_grant(true).build()?).await?;
    groups.apply(&plan).await?;
    Ok(Migrate::new(spec.restriction(Restriction::Policy).build()?))
}

fn show(runs: &[(Procedure, Option<ProcedureReport>)], options: &Options) -> anyhow::Result<String> {
    if options.json {
        let runs: Vec<_> = runs
            .iter()
            .map(
                |(procedure, report)| json!({ "procedure": procedure, "digest": procedure.digest(), "report": report }),
            )
            .collect();
        return Ok(serde_json::to_string_pretty(&json!({ "runs": runs }))?);
    }
    let text = |(procedure, report): &(Procedure, Option<ProcedureReport>)| match report {
        Some(report) => format!("{procedure}\n{report}"),
        None => procedure.to_string(),
    };
    Ok(runs.iter().map(text).collect::<Vec<_>>().join("\n----- later -----\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run_with(arguments: &[&str]) -> (u8, String) {
        let options = Options::try_parse_from(["migrate"].iter().chain(arguments)).unwrap();
        run(&options, &Environment::default()).await.unwrap_or_else(|error| (exit_of(&error), format!("{error:#}")))
    }

    #[tokio::test]
    async fn it_ends_with_a_role_and_without_a_policy() {
        let (exit, text) = run_with(&[]).await;
        assert_eq!(exit, 0, "{text}");
        assert!(text.contains("LOST 3") && text.contains("reaches 5 mailboxes"), "{text}");
    }

    #[tokio::test]
    async fn back_it_ends_with_a_policy_and_without_a_role() {
        let (exit, text) = run_with(&["--back"]).await;
        assert_eq!(exit, 0, "{text}");
        assert!(text.contains("Remove the role assignment") && text.contains("reaches 8 mailboxes"), "{text}");
    }

    #[tokio::test]
    async fn it_pauses_before_a_stage_and_prints_one_document() {
        let (exit, document) = run_with(&["--json", "--until", "revoke_permission"]).await;
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert_eq!((exit, &document["runs"][0]["report"]["stages"][0]["state"]), (9, &"done".into()), "{document}");
    }

    #[tokio::test]
    async fn a_time_that_is_none_is_bad_input() {
        assert_eq!(run_with(&["--revoked-at", "yesterday"]).await.0, 2);
        assert_eq!(run_with(&["--back", "--granted-at", "yesterday"]).await.0, 2);
    }

    #[tokio::test]
    async fn what_is_for_a_real_tenant_is_not_done_in_memory() {
        for given in [&["--spec", "prod.yaml"][..], &["--yes"], &["--canary", "canary@contoso.com"], &["--accept-lost"]]
        {
            let (exit, text) = run_with(given).await;
            assert!(exit == 2 && text.contains("TENANT_ID") && text.contains(given[0]), "{text}");
        }
    }
}
