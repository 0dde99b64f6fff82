//! Lists the rooms of every building, with their size and features.
//!
//! Without `TENANT_ID` it works in a tenant in memory; `provision` names the variables for a real one. The application
//! needs `Place.Read.All`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

#[expect(dead_code, reason = "the server of the tenant in memory runs as long as it is held")]
mod common;

use std::collections::BTreeMap;

use exchange_groups::graph_client::graph::Room;
use futures_util::TryStreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let tenant = common::tenant().await?;
    let mut buildings: BTreeMap<String, Vec<Room>> = BTreeMap::new();
    let mut rooms = tenant.client.rooms().list().into_stream();
    while let Some(room) = rooms.try_next().await? {
        let building = room.building.clone().unwrap_or_else(|| "(no building)".to_owned());
        buildings.entry(building).or_default().push(room);
    }
    for (building, mut rooms) in buildings {
        println!("{building}: {} rooms", rooms.len());
        rooms.sort_by(|one, other| {
            (one.floor_number, &one.display_name).cmp(&(other.floor_number, &other.display_name))
        });
        for room in rooms {
            let seats = room.capacity.map_or_else(|| "?".to_owned(), |seats| seats.to_string());
            let floor = room.floor_number.map_or_else(|| "?".to_owned(), |floor| floor.to_string());
            let address = room.email_address.map(|address| address.to_string()).unwrap_or_default();
            println!(
                "  floor {floor:>2}  {seats:>3} seats  {:<24} {address} {}",
                room.display_name.unwrap_or_default(),
                room.tags.join(", ")
            );
        }
    }
    Ok(())
}
