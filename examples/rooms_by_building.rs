//! Lists the rooms of every building, with their size and features.
//!
//! Without `TENANT_ID` it works in a tenant in memory; `provision` names the variables for a real one. The application
//! needs `Place.Read.All`.
#![expect(clippy::print_stderr, reason = "a program prints")]

#[expect(dead_code, reason = "the server of the tenant in memory runs as long as it is held")]
mod common;

use std::collections::BTreeMap;
use std::io::{Write, stdout};

use exchange_groups::graph_client::Client;
use exchange_groups::graph_client::graph::Room;
use futures_util::TryStreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    run(&common::tenant().await?.client, &mut stdout()).await
}

async fn run(client: &Client, out: &mut impl Write) -> anyhow::Result<()> {
    let mut buildings: BTreeMap<String, Vec<Room>> = BTreeMap::new();
    let mut rooms = client.rooms().list().into_stream();
    while let Some(room) = rooms.try_next().await? {
        let building = room.building.clone().unwrap_or_else(|| "(no building)".to_owned());
        buildings.entry(building).or_default().push(room);
    }
    for (building, mut rooms) in buildings {
        writeln!(out, "{building}: {} rooms", rooms.len())?;
        rooms.sort_by(|one, other| {
            (one.floor_number, &one.display_name).cmp(&(other.floor_number, &other.display_name))
        });
        for room in rooms {
            let seats = room.capacity.map_or_else(|| "?".to_owned(), |seats| seats.to_string());
            let floor = room.floor_number.map_or_else(|| "?".to_owned(), |floor| floor.to_string());
            let address = room.email_address.map(|address| address.to_string()).unwrap_or_default();
            writeln!(
                out,
                "  floor {floor:>2}  {seats:>3} seats  {:<24} {address} {}",
                room.display_name.unwrap_or_default(),
                room.tags.join(", ")
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_room_stands_in_its_building() {
        let tenant = common::in_memory().await.unwrap();
        let mut out = Vec::new();
        run(&tenant.client, &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        let buildings = text.split_inclusive('\n').filter(|line| !line.starts_with(' '));
        assert_eq!(buildings.collect::<String>(), "Building 1: 15 rooms\nBuilding 2: 13 rooms\nBuilding 3: 12 rooms\n");
        assert!(text.contains("floor  5   24 seats  Boardroom"), "{text}");
        assert_eq!(text.lines().filter(|line| line.contains("@contoso.com")).count(), 40, "{text}");
    }
}
