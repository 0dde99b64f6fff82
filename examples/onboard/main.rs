//! Connects the rooms of a Microsoft 365 tenant to PlaceOS: registration, restriction at once, verification, hand-over,
//! systems, sign-in of people, concierge, reconciliation.
//!
//! Without any configuration it does all of it in a tenant and a PlaceOS domain in memory, from the state that the one-click
//! consent of PlaceOS leaves behind: an application that reads every calendar. With `TENANT_ID`, `CLIENT_ID`,
//! `CLIENT_SECRET`, `PLACEOS_URL` and `PLACEOS_API_KEY` it shows what would be done there, and does it with `--yes`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

#[path = "../common/administrator.rs"]
mod common;
mod steps;
#[cfg(test)]
mod tests;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use exchange_groups::ErrorKind;
use exchange_groups::graph_client::{ClientId, SmtpAddress};
use serde_json::json;

use self::common::environment::BadInput;

const AFTER_HELP: &str = "\
Without TENANT_ID it works in a tenant and a PlaceOS domain in memory: no account, no configuration. With it, CLIENT_ID and
CLIENT_SECRET name the application that administers, PLACEOS_URL and PLACEOS_API_KEY the domain, and GRAPH_URL, EXCHANGE_URL
and LOGIN_URL other servers; --group, --owner and --must-not-reach are needed, and nothing is changed without --yes.

Exit codes:
  0  the rooms run in PlaceOS, and everything agrees
  1  a service refused, or could not be reached
  2  bad input: the command line or the environment
  3  something stands in the way; nothing further was changed
  4  a step was not done, or something does not agree
  5  the restriction is violated: nothing was started
  6  the verification is inconclusive: nothing was started
  7  only a dry run was made; nothing was changed
  8  the restriction has not propagated yet: nothing was started; run again later, with --secret-file both times";

/// Connect the rooms of a tenant to PlaceOS, restricted before anything runs
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Go on with this application. In memory: the one that the one-click consent registered
    #[arg(long, value_name = "CLIENT_ID")]
    application: Option<ClientId>,

    /// Register another application although there is one of the name
    #[arg(long, conflicts_with = "application")]
    another: bool,

    /// The address of the group of rooms
    #[arg(long, value_name = "ADDRESS")]
    group: Option<SmtpAddress>,

    /// An owner of the group
    #[arg(long, value_name = "ADDRESS")]
    owner: Option<SmtpAddress>,

    /// A mailbox that must not be reached. May be given several times
    #[arg(long, value_name = "ADDRESS")]
    must_not_reach: Vec<SmtpAddress>,

    /// The domain of PlaceOS. Default: the host of its address
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,

    /// Set up the sign-in of people as well
    #[arg(long)]
    sign_in: bool,

    /// Share the calendars of the rooms with the people of this group
    #[arg(long, value_name = "ADDRESS")]
    concierge: Option<SmtpAddress>,

    /// Keep the application's secret in this file, which only its owner may read, for a run that is repeated: it cannot be
    /// read from Entra again
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// Wait up to so many minutes for the restriction to propagate
    #[arg(long, value_name = "MINUTES", default_value_t = 0)]
    wait: u64,

    /// Show what would be done, and change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,

    /// Do it in a real tenant. Without it the run is dry there
    #[arg(long)]
    yes: bool,

    /// Print one JSON document in place of text
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match Box::pin(run(&options)).await {
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

async fn run(options: &Options) -> anyhow::Result<(u8, String)> {
    let world = world::World::of(options).await?;
    Box::pin(steps::onboard(&world, options)).await
}
