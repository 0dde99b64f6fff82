//! Watches a room's calendar for the coming week: `cargo run --example watch_calendar -- boardroom@contoso.com`.
//!
//! It reads everything once, then asks again and again for what has changed. Without `TENANT_ID` it works in a tenant in
//! memory, where it books the room itself and ends after the change has come. The application needs `Calendars.Read`
//! (in memory also `Calendars.ReadWrite`).
#![expect(clippy::print_stderr, reason = "a program prints")]

mod common;

use std::collections::BTreeMap;
use std::io::{Write, stdout};
use std::time::{Duration, SystemTime};

use exchange_groups::graph_client::DeltaEvent;
use exchange_groups::graph_client::graph::{DateTimeTimeZone, Event, NewEvent};
use futures_util::TryStreamExt;

use self::common::Tenant;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let room = std::env::args().nth(1).unwrap_or_else(|| "boardroom@contoso.com".to_owned());
    run(&common::tenant().await?, &room, &mut stdout()).await
}

async fn run(tenant: &Tenant, room: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let calendar = tenant.client.calendar(room);
    let now = SystemTime::now();
    let hour = Duration::from_secs(60 * 60);
    let mut known: BTreeMap<String, Event> = BTreeMap::new();
    let mut link: Option<String> = None;
    for round in 0.. {
        let mut changes = calendar.view_delta(now, now + 7 * 24 * hour);
        if let Some(link) = &link {
            changes = changes.since(link);
        }
        // What was known and does not come again after a resync is gone.
        let mut before = None;
        let mut events = changes.into_stream();
        while let Some(event) = events.try_next().await? {
            match event {
                DeltaEvent::Changed(event) => {
                    writeln!(
                        out,
                        "{} {}",
                        if known.contains_key(&event.id) { "changed:" } else { "new:    " },
                        show(&event)
                    )?;
                    known.insert(event.id.clone(), event);
                }
                DeltaEvent::Removed(removed) => {
                    // Something that is gone may come that was never here.
                    if let Some(event) = known.remove(&removed.id) {
                        writeln!(out, "gone:    {}", show(&event))?;
                    }
                }
                DeltaEvent::Resync(_) => before = Some(std::mem::take(&mut known)),
                DeltaEvent::Link(next) => link = Some(next),
                _ => {}
            }
        }
        for (id, event) in before.unwrap_or_default() {
            if !known.contains_key(&id) {
                writeln!(out, "gone:    {}", show(&event))?;
            }
        }
        match (&tenant.in_memory, round) {
            (None, _) => tokio::time::sleep(Duration::from_secs(30)).await,
            (Some(_), 0) => {
                writeln!(out, "-- {} events are known; now the room is booked --", known.len())?;
                let time = |after: Duration| DateTimeTimeZone::utc(now + after);
                calendar.create_event(&NewEvent::new("Quarterly review", time(2 * hour), time(3 * hour))).await?;
            }
            (Some(_), _) => break,
        }
    }
    Ok(())
}

fn show(event: &Event) -> String {
    let start = event.start.as_ref().map(|start| start.date_time.as_str()).unwrap_or_default();
    let subject = event.subject.as_deref().unwrap_or("(no subject)");
    format!("{} {subject}", start.get(..16).unwrap_or(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_booking_comes_as_the_only_change() {
        let tenant = common::in_memory().await.unwrap();
        let mut out = Vec::new();
        run(&tenant, "boardroom@contoso.com", &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        let (before, after) = text.split_once("-- 0 events are known; now the room is booked --\n").unwrap();
        assert_eq!(before, "");
        assert!(after.starts_with("new: ") && after.ends_with(" Quarterly review\n"), "{after}");
        assert_eq!(after.lines().count(), 1);
    }
}
