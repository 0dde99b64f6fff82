//! Reads by which rules the rooms of a building take meetings, and corrects them.
//!
//! It shows first what it would change; `--apply` changes it. Without any configuration it works in a tenant in memory;
//! with `TENANT_ID`, `CLIENT_ID` and `CLIENT_SECRET` in that tenant.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

mod connect;
#[path = "common/environment.rs"]
mod environment;

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use clap::Parser;
use exchange_groups::graph_client::exchange::{
    AutomateProcessing, Cmdlet, Exchange, ExchangePlace, GetCalendarProcessing, GetPlace, Identity, PlaceType,
    SetCalendarProcessing,
};
use indicatif::{ProgressBar, ProgressStyle};

use self::connect::Connection;
use self::environment::BadInput;

/// Read by which rules the rooms of a building take meetings, and correct them.
///
/// What a booking product needs is set in each case: requests are accepted by themselves, and the subject, the body and
/// the organiser stay as they were written. The options set the rest.
///
/// Exit codes: 0 every room is as it should be; 1 a service refused or could not be reached; 2 bad input; 4 some rooms
/// could not be read or changed; 7 there are differences, and --apply was not given.
#[derive(Debug, Parser)]
struct Options {
    /// The building, as its rooms have it [default: all buildings]
    #[arg(long)]
    building: Option<String>,

    /// How many days ahead a room can be booked
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=1080))]
    window: Option<u32>,

    /// The longest booking in minutes; 0 for no limit
    #[arg(long, value_name = "MINUTES")]
    longest: Option<u32>,

    /// Whether bookings may overlap
    #[arg(long, value_name = "BOOL")]
    conflicts: Option<bool>,

    /// Whether requests from outside the organisation are taken
    #[arg(long, value_name = "BOOL")]
    external: Option<bool>,

    /// Print the changes as PowerShell
    #[arg(long)]
    powershell: bool,

    /// Change what differs
    #[arg(long)]
    apply: bool,
}

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    AsWanted = 0,
    Failed = 1,
    BadInput = 2,
    Incomplete = 4,
    Planned = 7,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let exit = run(&options).await.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        if error.is::<BadInput>() { Exit::BadInput } else { Exit::Failed }
    });
    ExitCode::from(exit as u8)
}

async fn run(options: &Options) -> anyhow::Result<Exit> {
    let connection = Connection::open(&[]).await?;
    let kind = if connection.is_real { "the REAL tenant" } else { "the test tenant" };
    println!("This run works in {kind} {}.", connection.client.tenant());
    correct(&connection.client.exchange(), options).await
}

async fn correct(exchange: &Exchange, options: &Options) -> anyhow::Result<Exit> {
    let rooms = rooms(exchange, options.building.as_deref()).await?;
    println!("{} rooms in {}.", rooms.len(), options.building.as_deref().unwrap_or("all buildings"));
    let (changes, unread) = differences(exchange, options, &rooms).await;
    for change in &changes {
        if options.powershell {
            println!("{}", change.powershell()?);
        } else {
            println!("{change}");
        }
    }
    if changes.is_empty() {
        println!("Every room that could be read is as it should be.");
        return Ok(if unread == 0 { Exit::AsWanted } else { Exit::Incomplete });
    }
    if !options.apply {
        println!("{} rooms differ. Nothing was changed: --apply changes them.", changes.len());
        return Ok(Exit::Planned);
    }
    let failed = in_tens(exchange, "Changing", changes).await.into_iter().filter_map(Result::err);
    let failed = failed.inspect(|error| eprintln!("error: {error}")).count();
    let (left, unread) = differences(exchange, options, &rooms).await;
    println!("Read again: {} rooms differ.", left.len());
    Ok(if failed + left.len() + unread == 0 { Exit::AsWanted } else { Exit::Incomplete })
}

/// The rooms of a building, in the order of their names.
async fn rooms(exchange: &Exchange, building: Option<&str>) -> anyhow::Result<Vec<Identity>> {
    let places = exchange.run(GetPlace::all(PlaceType::Room)).await?;
    let is_there = |place: &ExchangePlace| match (building, place.building.as_deref()) {
        (None, _) => true,
        (Some(wanted), Some(building)) => building.eq_ignore_ascii_case(wanted),
        (Some(_), None) => false,
    };
    let mut rooms: Vec<(String, Identity)> = Vec::new();
    for place in places.iter().filter(|place| is_there(place)) {
        let Some(identity) = place.identity.as_deref() else { continue };
        let name = place.display_name.clone().unwrap_or_else(|| identity.to_owned());
        rooms.push((name.clone(), identity.parse::<Identity>()?.shown_as(name)));
    }
    rooms.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(rooms.into_iter().map(|(_, identity)| identity).collect())
}

/// What is to be changed, and how many rooms could not be read.
async fn differences(
    exchange: &Exchange,
    options: &Options,
    rooms: &[Identity],
) -> (Vec<SetCalendarProcessing>, usize) {
    let reads = rooms.iter().map(GetCalendarProcessing::new).collect();
    let mut changes = Vec::new();
    let mut unread = 0;
    for (room, present) in rooms.iter().zip(in_tens(exchange, "Reading", reads).await) {
        match present {
            Ok(present) => changes.extend(wanted(room, options).remaining(&present)),
            Err(error) => {
                eprintln!("error: {error}");
                unread += 1;
            }
        }
    }
    (changes, unread)
}

/// The rules that a room should have.
fn wanted(room: &Identity, options: &Options) -> SetCalendarProcessing {
    let mut wanted = SetCalendarProcessing::new(room)
        .automate_processing(AutomateProcessing::AutoAccept)
        .delete_subject(false)
        .delete_comments(false)
        .add_organizer_to_subject(false)
        .remove_private_property(false);
    if let Some(days) = options.window {
        wanted = wanted.booking_window_in_days(days);
    }
    if let Some(minutes) = options.longest {
        wanted = wanted.maximum_duration_in_minutes(minutes);
    }
    if let Some(conflicts) = options.conflicts {
        wanted = wanted.allow_conflicts(conflicts);
    }
    if let Some(external) = options.external {
        wanted = wanted.process_external_meeting_messages(external);
    }
    wanted
}

/// Runs commands ten at a time, as a batch holds them, with a bar on a terminal.
async fn in_tens<C: Cmdlet>(
    exchange: &Exchange,
    title: &'static str,
    cmdlets: Vec<C>,
) -> Vec<exchange_groups::graph_client::Result<C::Output>> {
    let bar = if stderr().is_terminal() { ProgressBar::new(cmdlets.len() as u64) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{prefix:>9} [{bar:30}] {pos}/{len}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
    bar.set_prefix(title);
    let mut results = Vec::with_capacity(cmdlets.len());
    let mut cmdlets = cmdlets.into_iter().peekable();
    while cmdlets.peek().is_some() {
        let some = cmdlets.by_ref().take(10).collect();
        results.extend(exchange.run_all(some).await);
        bar.set_position(results.len() as u64);
    }
    bar.finish_and_clear();
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_dry_run_comes_first_and_a_second_run_has_nothing_to_do() {
        let connection = Connection::in_memory().await.unwrap();
        let exchange = connection.client.exchange();
        let options = |arguments: &[&str]| Options::parse_from([&["booking-policy"], arguments].concat());
        assert_eq!(correct(&exchange, &options(&["--window", "365"])).await.unwrap(), Exit::Planned);
        assert_eq!(correct(&exchange, &options(&["--window", "365", "--apply"])).await.unwrap(), Exit::AsWanted);
        assert_eq!(correct(&exchange, &options(&["--window", "365"])).await.unwrap(), Exit::AsWanted);
        assert_eq!(correct(&exchange, &options(&["--building", "nowhere"])).await.unwrap(), Exit::AsWanted);
    }
}
