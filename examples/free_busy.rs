//! Shows when the rooms of a building are free today: `cargo run --example free_busy -- "Building 1"`.
//!
//! Without a name it takes the first building. Without `TENANT_ID` it works in a tenant in memory; `provision` names the
//! variables for a real one. The application needs `Place.Read.All` and `Calendars.ReadBasic.All`.
#![expect(clippy::print_stderr, reason = "a program prints")]

mod common;

use std::io::{Write, stdout};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use exchange_groups::graph_client::graph::{DateTimeTimeZone, FreeBusyQuery, FreeBusyStatus, NewEvent, Room};
use futures_util::TryStreamExt;

use self::common::Tenant;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    run(&common::tenant().await?, std::env::args().nth(1), &mut stdout()).await
}

async fn run(tenant: &Tenant, building: Option<String>, out: &mut impl Write) -> anyhow::Result<()> {
    let rooms: Vec<Room> = tenant.client.rooms().list().into_stream().try_collect().await?;
    let name = match building {
        Some(name) => name,
        None => rooms.iter().find_map(|room| room.building.clone()).context("no room names its building")?,
    };
    let addresses: Vec<String> = rooms
        .iter()
        .filter(|room| room.building.as_deref().is_some_and(|building| building.eq_ignore_ascii_case(&name)))
        .filter_map(|room| Some(room.email_address.as_ref()?.to_string()))
        .collect();
    let asker = addresses.first().with_context(|| format!("no room is in {name:?}"))?;

    let today = midnight(SystemTime::now())?;
    let hour = Duration::from_secs(60 * 60);
    if tenant.in_memory.is_some() {
        // So that there is something to see.
        for (address, begin) in addresses.iter().step_by(2).zip(8..) {
            let time = |hours: u32| DateTimeTimeZone::utc(today + hours * hour);
            tenant
                .client
                .calendar(address)
                .create_event(&NewEvent::new("Team meeting", time(begin), time(begin + 2)))
                .await?;
        }
    }
    let day = FreeBusyQuery::new(today, today + 24 * hour).interval(hour);
    writeln!(out, "{name} today, hour by hour in UTC: . free, # busy, ~ perhaps, x out, ? something else\n")?;
    for room in tenant.client.calendar(asker).free_busy(&addresses, &day).await? {
        match room.schedule {
            Ok(schedule) => {
                let line: String = schedule
                    .slots()
                    .map(|status| match status {
                        FreeBusyStatus::Free | FreeBusyStatus::WorkingElsewhere => '.',
                        FreeBusyStatus::Busy => '#',
                        FreeBusyStatus::Tentative => '~',
                        FreeBusyStatus::OutOfOffice => 'x',
                        _ => '?',
                    })
                    .collect();
                writeln!(out, "{line}  {}", room.mailbox)?;
            }
            // A room that cannot be read is not free: it is not known.
            Err(error) => {
                writeln!(out, "{:<24}  {} ({})", "not known", room.mailbox, error.message.unwrap_or_default())?;
            }
        }
    }
    Ok(())
}

fn midnight(time: SystemTime) -> anyhow::Result<SystemTime> {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds / 86_400 * 86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_meeting_is_busy_for_its_hours_and_the_other_rooms_are_free() {
        let tenant = common::in_memory().await.unwrap();
        let mut out = Vec::new();
        run(&tenant, Some("building 1".to_owned()), &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\n........##..............  room-b1-0101@contoso.com\n"), "{text}");
        assert!(text.contains("\n........................  room-b1-0102@contoso.com\n"), "{text}");
        assert!(!text.contains("room-b2"), "{text}");
    }

    #[tokio::test]
    async fn a_building_that_does_not_exist_is_told() {
        let tenant = common::in_memory().await.unwrap();
        let error = run(&tenant, Some("Building 9".to_owned()), &mut Vec::new()).await.unwrap_err();
        assert_eq!(error.to_string(), "no room is in \"Building 9\"");
    }
}
