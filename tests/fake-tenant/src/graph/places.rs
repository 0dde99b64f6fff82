//! `/places`: rooms and room lists as the address book at Places knows them.

use serde_json::{Value, json};

use super::query::Paging;
use super::{GraphCall, GraphError, GraphResult, error};
use crate::recipient::{Recipient, RecipientId, RecipientKind};
use crate::world::{World, derived_id};

const PAGES: Paging = Paging::Skip { default: 100, max: 999 };

pub(crate) fn answer(world: &World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    call.only_get()?;
    if !call.holds_any(&["Place.Read.All", "Place.ReadWrite.All"]) {
        return Err(error(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."));
    }
    match rest {
        [] => Err(error(400, "ErrorInvalidRequest", "A place type is needed, such as microsoft.graph.room.")),
        [cast] if cast.eq_ignore_ascii_case("microsoft.graph.room") => {
            list(world, call, "places/microsoft.graph.room", rooms(world))
        }
        [cast] if cast.eq_ignore_ascii_case("microsoft.graph.roomlist") => {
            list(world, call, "places/microsoft.graph.roomList", room_lists(world))
        }
        // The tenant has none of these, and the buildings setting is off: empty, and no error.
        [cast]
            if ["workspace", "building", "floor", "section", "desk"]
                .iter()
                .any(|kind| cast.eq_ignore_ascii_case(&format!("microsoft.graph.{kind}"))) =>
        {
            list(world, call, &format!("places/{cast}"), Vec::new())
        }
        [cast] if cast.to_ascii_lowercase().starts_with("microsoft.graph.") => Err(GraphError::unknown_segment(cast)),
        [id] => {
            let place = find(world, id).ok_or_else(|| not_found(id))?;
            let mut row = row(place);
            row["@odata.type"] = json!(match place.kind {
                RecipientKind::RoomList => "#microsoft.graph.roomList",
                _ => "#microsoft.graph.room",
            });
            Ok(call.entity("places/$entity", &row))
        }
        [list_address, cast, what] if cast.eq_ignore_ascii_case("microsoft.graph.roomlist") => {
            // A room list goes by its address here, never by its id (Microsoft documentation).
            let room_list = world
                .directory
                .by_address(list_address)
                .filter(|list| list.kind == RecipientKind::RoomList)
                .ok_or_else(|| not_found(list_address))?;
            let members = match &*what.to_ascii_lowercase() {
                "rooms" => world
                    .members(room_list.id)
                    .into_iter()
                    .filter(|id| world.directory.get(*id).is_some_and(|room| world.is_in_places(room)))
                    .collect(),
                "workspaces" => Vec::new(),
                _ => return Err(GraphError::unknown_segment(what)),
            };
            let context = format!("places('{}')/microsoft.graph.roomList/{what}", list_address.replace('@', "%40"));
            list(world, call, &context, members)
        }
        [_, unknown, ..] => Err(GraphError::unknown_segment(unknown)),
    }
}

fn not_found(id: &str) -> GraphError {
    error(404, "ErrorItemNotFound", format!("The place '{id}' was not found."))
}

fn rooms(world: &World) -> Vec<RecipientId> {
    world.directory.iter().filter(|room| world.is_in_places(room)).map(|room| room.id).collect()
}

fn room_lists(world: &World) -> Vec<RecipientId> {
    world
        .directory
        .iter()
        .filter(|list| list.kind == RecipientKind::RoomList && !list.hidden)
        .map(|list| list.id)
        .collect()
}

fn list(world: &World, call: &GraphCall<'_>, context: &str, places: Vec<RecipientId>) -> GraphResult {
    call.list(context, places, PAGES, |id| world.directory.get(*id).map_or(Value::Null, row))
}

fn find<'w>(world: &'w World, id: &str) -> Option<&'w Recipient> {
    let listed =
        |place: &&Recipient| world.is_in_places(place) || (place.kind == RecipientKind::RoomList && !place.hidden);
    world.directory.by_address(id).filter(listed).or_else(|| {
        world.directory.iter().filter(listed).find(|place| {
            let (own, place_id) = ids(place);
            id.eq_ignore_ascii_case(&own) || id.eq_ignore_ascii_case(&place_id)
        })
    })
}

/// For places with a mailbox `id` and `placeId` differ, and neither is the Entra object id.
fn ids(place: &Recipient) -> (String, String) {
    let key = place.guid.to_string();
    (derived_id("place", &key).to_string(), derived_id("place-id", &key).to_string())
}

fn row(place: &Recipient) -> Value {
    let (id, place_id) = ids(place);
    if place.kind == RecipientKind::RoomList {
        return json!({
            "id": id,
            "placeId": place_id,
            "displayName": place.display_name,
            "address": address(place),
            "geoCoordinates": coordinates(place),
            "phone": place.place.phone,
            "emailAddress": place.primary(),
        });
    }
    json!({
        "id": id,
        "placeId": place_id,
        "displayName": place.display_name,
        "address": address(place),
        "geoCoordinates": coordinates(place),
        "phone": place.place.phone.as_deref().unwrap_or(""),
        "nickname": place.display_name,
        "emailAddress": place.primary(),
        "building": place.place.building,
        "floorNumber": place.place.floor,
        "floorLabel": place.place.floor_label.clone().or_else(|| place.place.floor.map(|floor| floor.to_string())),
        "label": place.place.label,
        "capacity": place.place.capacity,
        "bookingType": "standard",
        "audioDeviceName": place.place.audio,
        "videoDeviceName": place.place.video,
        "displayDeviceName": place.place.display,
        "isWheelChairAccessible": place.place.wheelchair,
        "parentId": place.place.parent,
        "tags": place.place.tags,
    })
}

fn address(place: &Recipient) -> Value {
    let place = &place.place;
    let parts = [&place.street, &place.city, &place.state, &place.postal_code, &place.country];
    if parts.iter().all(|part| part.is_none()) {
        return Value::Null;
    }
    json!({
        "street": place.street,
        "city": place.city,
        "state": place.state,
        "postalCode": place.postal_code,
        "countryOrRegion": place.country,
    })
}

fn coordinates(place: &Recipient) -> Value {
    place.place.coordinates.map_or(Value::Null, |(latitude, longitude)| {
        json!({"latitude": latitude, "longitude": longitude, "accuracy": null, "altitude": null, "altitudeAccuracy": null})
    })
}
