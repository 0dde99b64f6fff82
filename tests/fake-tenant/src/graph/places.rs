//! `/places`: rooms and room lists as the address book at Places knows them.

use serde_json::{Value, json};

use super::query::Paging;
use super::{GraphCall, GraphError, GraphResult, error, spaces};
use crate::recipient::{Recipient, RecipientId, RecipientKind};
use crate::request::Response;
use crate::world::{World, derived_id};

const PAGES: Paging = Paging::Skip { default: 100, max: 999 };

pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    let roles: &[&str] = match call.method() {
        "GET" => &["Place.Read.All", "Place.ReadWrite.All"],
        _ => &["Place.ReadWrite.All"],
    };
    if !call.holds_any(roles) {
        return Err(error(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."));
    }
    match (call.method(), rest) {
        ("GET", _) => read(world, call, rest),
        ("PATCH", [id]) => spaces::patch(world, call, id),
        ("POST", []) => spaces::create(world, call),
        ("DELETE", [id]) => spaces::delete(world, id),
        _ => Err(GraphError::wrong_method()),
    }
}

fn read(world: &World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    match rest {
        [] => Err(error(400, "ErrorInvalidRequest", "A place type is needed, such as microsoft.graph.room.")),
        [cast] if cast.eq_ignore_ascii_case("microsoft.graph.room") => {
            list(world, call, "places/microsoft.graph.room", rooms(world))
        }
        [cast] if cast.eq_ignore_ascii_case("microsoft.graph.roomlist") => {
            list(world, call, "places/microsoft.graph.roomList", room_lists(world))
        }
        [cast] if cast.eq_ignore_ascii_case("microsoft.graph.workspace") => {
            list(world, call, "places/microsoft.graph.workspace", workspaces(world))
        }
        // With the buildings setting off these are empty, which is no error.
        [cast] if spaces::kind_of_cast(cast).is_some() => {
            spaces::list(world, call, spaces::kind_of_cast(cast).unwrap_or_default())
        }
        [id, descendants, cast] if descendants.eq_ignore_ascii_case("descendants") => {
            spaces::descendants(world, call, id, cast)
        }
        [cast] if cast.to_ascii_lowercase().starts_with("microsoft.graph.") => Err(GraphError::unknown_segment(cast)),
        [id] => {
            if let Some(space) = spaces::find(world, id) {
                let mut row = spaces::row(space);
                row["@odata.type"] = json!(format!("#microsoft.graph.{}", space.kind));
                return Ok(call.entity("places/$entity", &row));
            }
            let place = find(world, id).ok_or_else(|| not_found(id))?;
            let mut row = row(place);
            row["@odata.type"] = json!(match place.kind {
                RecipientKind::RoomList => "#microsoft.graph.roomList",
                RecipientKind::Workspace => "#microsoft.graph.workspace",
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
                "workspaces" => world
                    .members(room_list.id)
                    .into_iter()
                    .filter(|id| world.directory.get(*id).is_some_and(|place| place.kind == RecipientKind::Workspace))
                    .collect(),
                _ => return Err(GraphError::unknown_segment(what)),
            };
            let context = format!("places('{}')/microsoft.graph.roomList/{what}", list_address.replace('@', "%40"));
            list(world, call, &context, members)
        }
        [_, unknown, ..] => Err(GraphError::unknown_segment(unknown)),
    }
}

pub(super) fn not_found(id: &str) -> GraphError {
    error(404, "ErrorItemNotFound", format!("The place '{id}' was not found."))
}

pub(super) fn rooms(world: &World) -> Vec<RecipientId> {
    world.directory.iter().filter(|room| world.is_in_places(room)).map(|room| room.id).collect()
}

pub(super) fn workspaces(world: &World) -> Vec<RecipientId> {
    let shown = |place: &&Recipient| place.kind == RecipientKind::Workspace && !place.hidden && !place.place.unlisted;
    world.directory.iter().filter(shown).map(|place| place.id).collect()
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
    let response = call.list(context, places, PAGES, |id| world.directory.get(*id).map_or(Value::Null, row))?;
    let Some(cut) = world.places_cut else { return Ok(response) };
    let mut body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    if let Some(rows) = body["value"].as_array_mut() {
        rows.truncate(cut);
    }
    if let Some(body) = body.as_object_mut() {
        body.remove("@odata.nextLink");
    }
    Ok(Response::of_json(200, &body))
}

pub(super) fn find<'w>(world: &'w World, id: &str) -> Option<&'w Recipient> {
    let listed = |place: &&Recipient| {
        let listed = matches!(place.kind, RecipientKind::RoomList | RecipientKind::Workspace) && !place.hidden;
        world.is_in_places(place) || listed
    };
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

pub(super) fn row(place: &Recipient) -> Value {
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
    if place.kind == RecipientKind::Workspace {
        return json!({
            "id": id,
            "placeId": place_id,
            "displayName": place.display_name,
            "nickname": place.display_name,
            "address": address(place),
            "geoCoordinates": coordinates(place),
            "phone": place.place.phone,
            "emailAddress": place.primary(),
            "capacity": place.place.capacity,
            "displayDeviceName": place.place.display,
            "isWheelChairAccessible": place.place.wheelchair,
            "label": place.place.label,
            "mode": {"@odata.type": "#microsoft.graph.reservablePlaceMode"},
            "parentId": place.place.parent,
            "tags": place.place.tags,
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
