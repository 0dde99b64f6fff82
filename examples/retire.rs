//! Retires a restricted calendar group: the application loses its access first, and what limits it goes last.
//!
//! Without any configuration it does so in a tenant in memory, where time passes at once. With `TENANT_ID`, `CLIENT_ID` and
//! `CLIENT_SECRET` it shows in that tenant what would be done, and does it with `--yes`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

#[path = "common/administrator.rs"]
mod common;
#[path = "common/spec.rs"]
mod spec;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use clap::Parser;
use exchange_groups::graph_client::graph::Timestamp;
use exchange_groups::{
    ErrorKind, ExchangeGroups, Procedure, ProcedureReport, RestrictedCalendarGroup, Restriction, Retire, StageState,
};
use fake_tenant::FakeTenant;
use serde_json::json;

use self::common::environment::{self, BadInput, Environment};

const AFTER_HELP: &str = "\
Without TENANT_ID it works in a tenant in memory: no account, no configuration. With it, CLIENT_ID and CLIENT_SECRET name
the application that administers, GRAPH_URL, EXCHANGE_URL and LOGIN_URL other servers, and --spec the group; nothing is
changed without --yes.

Exit codes:
  0  the group is retired: nothing is left to do
  1  a service refused, or could not be reached
  2  bad input: the command line, the environment or the spec
  3  something stands in the way, or the tenant has changed since; nothing was changed
  4  a step was not done
  7  only a dry run was made; nothing was changed
  8  a stage waits: run again later, with --revoked-at
  9  the run paused before the stage of --until; run again to go on";

/// Retire a restricted calendar group: permission first, what limits it last
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_help = AFTER_HELP)]
struct Options {
    /// Read the spec of the group from a JSON or YAML file
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,

    /// When the tenant-wide permission was revoked, such as 2026-11-26T12:00:00Z: policies stay for 28 hours after it
    #[arg(long, value_name = "TIME")]
    revoked_at: Option<String>,

    /// Disable the application's sign-in first: its credentials leaked
    #[arg(long)]
    emergency: bool,

    /// Remove the group as well, if nothing else needs it. There is no recycle bin for it
    #[arg(long)]
    remove_group: bool,

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

/// The exit code, and what is shown.
async fn run(options: &Options, environment: &Environment) -> anyhow::Result<(u8, String)> {
    let for_a_real_tenant = [
        ("--spec", options.spec.is_some()),
        ("--revoked-at", options.revoked_at.is_some()),
        ("--emergency", options.emergency),
        ("--yes", options.yes),
    ];
    let tenant = common::administrator(environment, &for_a_real_tenant).await?;
    let groups = ExchangeGroups::new(tenant.client);
    match &tenant.in_memory {
        Some((fake, _)) => in_memory(&groups, fake, options).await,
        None => real(&groups, options, environment).await,
    }
}

fn retire(spec: RestrictedCalendarGroup, options: &Options) -> anyhow::Result<Retire> {
    let retire = Retire::new(spec).emergency(options.emergency).remove_group(options.remove_group);
    let Some(text) = &options.revoked_at else { return Ok(retire) };
    let time = Timestamp::from(text.as_str());
    if time.to_system_time().is_none() {
        return Err(BadInput::from(format!("--revoked-at {text}: must be a time such as 2026-11-26T12:00:00Z")).into());
    }
    Ok(retire.revoked_at(time))
}

async fn real(groups: &ExchangeGroups, options: &Options, environment: &Environment) -> anyhow::Result<(u8, String)> {
    let path = options.spec.as_ref().ok_or_else(|| BadInput::from("a real tenant needs --spec FILE".to_owned()))?;
    let spec = spec::build(spec::read(path)?, environment)?;
    let procedure = groups.procedure(retire(spec, options)?).await?;
    if procedure.is_blocked() || !options.yes {
        let exit = match (procedure.is_blocked(), procedure.is_done()) {
            (true, _) => 3,
            (false, true) => 0,
            (false, false) => 7,
        };
        return Ok((exit, show(&procedure, &[], options)?));
    }
    let report = carry_out(groups, &procedure, options).await?;
    Ok((exit_of_report(&report), show(&procedure, &[report], options)?))
}

async fn carry_out(
    groups: &ExchangeGroups,
    procedure: &Procedure,
    options: &Options,
) -> anyhow::Result<ProcedureReport> {
    let run = groups.carry_out(procedure);
    Ok(match &options.until {
        Some(stage) => run.until(stage).await?,
        None => run.await?,
    })
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

/// A group that an access policy restricts to, and the day after its permission was revoked.
async fn in_memory(groups: &ExchangeGroups, tenant: &FakeTenant, options: &Options) -> anyhow::Result<(u8, String)> {
    let application = tenant.booking_application();
    let spec = RestrictedCalendarGroup::placeos("placeosroombooking@contoso.com", &*application.client_id)
        .owner("exchange.admin@contoso.com")
        .restriction(Restriction::Policy)
        .must_not_reach("ceo@contoso.com")
        .build()?;
    let plan = groups.plan(&spec).await?;
    groups.apply(&plan).await.context("the group that is to be retired")?;
    let first = groups.procedure(retire(spec.clone(), options)?).await?;
    let mut reports = vec![carry_out(groups, &first, options).await?];
    if options.until.is_none() && !reports[0].is_complete() {
        // In memory a day passes at once: as if the first run had been on the day before.
        tenant.advance(Duration::from_secs(29 * 60 * 60));
        let the_day_before = SystemTime::now() - Duration::from_secs(29 * 60 * 60);
        let second = groups.procedure(retire(spec, options)?.revoked_at(the_day_before)).await?;
        reports.push(carry_out(groups, &second, options).await?);
    }
    let reached = tenant.mailboxes().iter().filter(|mailbox| tenant.can_read(&application, mailbox)).count();
    let exit = reports.last().map_or(4, exit_of_report);
    let mut shown = show(&first, &reports, options)?;
    if !options.json {
        let _ = write!(shown, "\nIn the tenant in memory the application reaches {reached} mailboxes.");
    }
    Ok((exit, shown))
}

fn show(procedure: &Procedure, reports: &[ProcedureReport], options: &Options) -> anyhow::Result<String> {
    if options.json {
        let document = json!({ "procedure": procedure, "digest": procedure.digest(), "reports": reports });
        return Ok(serde_json::to_string_pretty(&document)?);
    }
    let reports: Vec<String> = reports.iter().map(ToString::to_string).collect();
    Ok(format!("{procedure}\n{}", reports.join("\nLater:\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run_with(arguments: &[&str]) -> (u8, String) {
        run_in(&Environment::default(), arguments).await
    }

    async fn run_in(environment: &Environment, arguments: &[&str]) -> (u8, String) {
        let options = Options::try_parse_from(["retire"].iter().chain(arguments)).unwrap();
        run(&options, environment).await.unwrap_or_else(|error| (exit_of(&error), format!("{error:#}")))
    }

    #[tokio::test]
    async fn it_ends_with_an_application_that_reaches_nothing() {
        let (exit, text) = run_with(&["--remove-group"]).await;
        assert_eq!(exit, 0, "{text}");
        assert!(text.contains("WAITING") && text.contains("reaches 0 mailboxes"), "{text}");
    }

    #[tokio::test]
    async fn it_pauses_and_waits_and_says_so_as_one_document() {
        let (exit, document) = run_with(&["--json", "--until", "remove_policies"]).await;
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert_eq!((exit, &document["reports"][0]["stages"][1]["state"]), (9, &"done".into()), "{document}");
        assert!(document["digest"].is_string() && document["procedure"]["goal"]["goal"] == "retire");
    }

    /// The environment of a tenant that is served on this machine, without its `TENANT_ID` for example.
    fn environment(tenant: &FakeTenant, server: &fake_tenant::Server, without: &[&str]) -> Environment {
        let administrator = tenant.administrator();
        let variables = [
            ("TENANT_ID", tenant.id()),
            ("CLIENT_ID", administrator.client_id.clone()),
            ("CLIENT_SECRET", administrator.secret().to_owned()),
            ("GRAPH_URL", server.graph_url()),
            ("EXCHANGE_URL", server.exchange_url()),
            ("LOGIN_URL", server.login_url()),
        ];
        variables.into_iter().filter(|(name, _)| !without.contains(name)).collect()
    }

    #[tokio::test]
    async fn a_time_that_is_none_is_bad_input() {
        let tenant = FakeTenant::contoso();
        let server = tenant.serve().await.unwrap();
        let path = std::env::temp_dir().join(format!("retire-time-{}.yaml", std::process::id()));
        std::fs::write(&path, spec_of(&tenant.booking_application().client_id)).unwrap();
        let arguments = ["--spec", path.to_str().unwrap(), "--revoked-at", "yesterday"];
        let (exit, text) = run_in(&environment(&tenant, &server, &[]), &arguments).await;
        assert!(exit == 2 && text.contains("yesterday"), "{text}");
        std::fs::remove_file(path).unwrap();
    }

    fn spec_of(application: &str) -> String {
        format!(
            "name: Rooms\naddress: rooms@contoso.com\napplication: {application}\nowners: [exchange.admin@contoso.com]\n\
             must_not_reach: [ceo@contoso.com]\n"
        )
    }

    /// Whoever revokes a leaked credential and forgot a variable must not be told that it is done.
    #[tokio::test]
    async fn what_is_for_a_real_tenant_is_not_done_in_memory() {
        let (exit, text) = run_with(&["--spec", "prod.yaml", "--yes", "--emergency"]).await;
        assert!(exit == 2 && text.contains("TENANT_ID") && text.contains("--spec, --emergency, --yes"), "{text}");
        let (exit, text) = run_with(&["--yes"]).await;
        assert!(exit == 2 && text.contains("--yes is for a real tenant"), "{text}");
        let tenant = FakeTenant::contoso();
        let server = tenant.serve().await.unwrap();
        let (exit, text) = run_in(&environment(&tenant, &server, &["TENANT_ID"]), &[]).await;
        assert!(exit == 2 && text.contains("TENANT_ID is not set, and CLIENT_ID, CLIENT_SECRET"), "{text}");
        let (exit, text) = run_in(&environment(&tenant, &server, &["GRAPH_URL"]), &["--spec", "prod.yaml"]).await;
        assert!(exit == 2 && text.contains("EXCHANGE_URL and LOGIN_URL set, GRAPH_URL missing"), "{text}");
    }

    #[tokio::test]
    async fn the_application_that_administers_is_not_the_one_that_is_retired() {
        let tenant = FakeTenant::contoso();
        let server = tenant.serve().await.unwrap();
        let path = std::env::temp_dir().join(format!("retire-own-{}.yaml", std::process::id()));
        let arguments = ["--spec", path.to_str().unwrap()];
        let environment = environment(&tenant, &server, &[]);
        let own = spec_of(&tenant.administrator().client_id);
        let other = spec_of(&tenant.booking_application().client_id);
        for (text, fault) in [
            (&*own, "CLIENT_ID is the application that is to be restricted"),
            ("", "is empty"),
            ("name = \"Rooms\"\n[rooms]\n", "must be JSON or YAML"),
            (&*format!("{other}must_not_reach: [adele.vance@contoso.com]\n"), "\"must_not_reach\""),
            (&*format!("{other}rooms: {{except: [a@contoso.com], except: []}}\n"), "\"except\""),
        ] {
            std::fs::write(&path, text).unwrap();
            let (exit, error) = run_in(&environment, &arguments).await;
            assert!(exit == 2 && error.contains(fault), "{text}: {error}");
            assert!(error.contains("retire-own") || text == own, "it names the file: {error}");
        }
        std::fs::write(&path, other).unwrap();
        assert!(matches!(run_in(&environment, &arguments).await.0, 0 | 3 | 7));
        assert_eq!(tenant.write_count(), 0);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn the_exit_code_of_a_pause_is_documented() {
        assert!(AFTER_HELP.contains("\n  9  "));
    }
}
