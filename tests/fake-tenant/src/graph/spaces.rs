//! Places of the hierarchy: buildings, floors, sections and desks, and the writing of places.

use serde_json::{Map, Value, json};

use super::places;
use super::query::Paging;
use super::{GraphCall, GraphResult, error};
use crate::recipient::RecipientKind;
use crate::request::Response;
use crate::spaces::Space;
use crate::world::World;

const PAGES: Paging = Paging::Skip { default: 1000, max: 1000 };
/// `descendants` gives no more and has no pages (Microsoft documentation).
const MOST_DESCENDANTS: usize = 2500;

pub(super) fn kind_of_cast(cast: &str) -> Option<&'static str> {
    let prefix = cast.get(.."microsoft.graph.".len())?;
    prefix.eq_ignore_ascii_case("microsoft.graph.").then(|| Space::kind(&cast[prefix.len()..])).flatten()
}

pub(super) fn find<'w>(world: &'w World, id: &str) -> Option<&'w Space> {
    world.spaces.iter().find(|space| world.places_enabled && space.id.to_string().eq_ignore_ascii_case(id))
}

pub(super) fn list(world: &World, call: &GraphCall<'_>, kind: &str) -> GraphResult {
    if call.query.is_demanding() || call.query.counts() {
        return Err(error(400, "ErrorInvalidRequest", "$filter and $count are not supported for this type of place."));
    }
    let shown = |space: &&Space| world.places_enabled && space.kind == kind;
    let found: Vec<&Space> = world.spaces.iter().filter(shown).collect();
    call.list(&format!("places/microsoft.graph.{kind}"), found, PAGES, |space| row(space))
}

/// Everything of one type below a place, at any depth.
pub(super) fn descendants(world: &World, call: &GraphCall<'_>, id: &str, cast: &str) -> GraphResult {
    let kind = cast.rsplit('.').next().unwrap_or(cast).to_ascii_lowercase();
    if !world.places_enabled {
        return Ok(Response::of_json(
            200,
            &json!({"@odata.context": call.context(&format!("Collection({cast})")), "value": []}),
        ));
    }
    let top = find(world, id).ok_or_else(|| places::not_found(id))?.id.to_string();
    let mut open = vec![top];
    let mut rows = Vec::new();
    while let Some(parent) = open.pop() {
        for space in world.spaces.iter().filter(|space| space.parent.as_ref() == Some(&parent)) {
            open.push(space.id.to_string());
            if space.kind == kind {
                rows.push(row(space));
            }
        }
        let mailboxes = match kind.as_str() {
            "room" => places::rooms(world),
            "workspace" => places::workspaces(world),
            _ => Vec::new(),
        };
        let here = mailboxes.into_iter().filter_map(|id| world.directory.get(id));
        rows.extend(here.filter(|place| place.place.parent.as_ref() == Some(&parent)).map(places::row));
    }
    rows.truncate(MOST_DESCENDANTS);
    let context = call.context(&format!("Collection({cast})"));
    Ok(Response::of_json(200, &json!({"@odata.context": context, "value": rows})))
}

pub(super) fn row(space: &Space) -> Value {
    let mut row = json!({
        "id": space.id,
        "placeId": space.id,
        "displayName": space.name,
        "parentId": space.parent,
        "address": null,
        "geoCoordinates": null,
        "isWheelChairAccessible": false,
        "label": null,
        "phone": null,
        "tags": [],
    });
    if space.kind == "desk" {
        row["mode"] = json!({"@odata.type": "#microsoft.graph.dropInPlaceMode"});
    }
    for (name, value) in &space.properties {
        row[name] = value.clone();
    }
    row
}

pub(super) fn create(world: &mut World, call: &GraphCall<'_>) -> GraphResult {
    let kind = call.field("@odata.type").map(|kind| kind.trim_start_matches('#')).and_then(kind_of_cast);
    // Rooms and workspaces come with a mailbox, which tests make with `add_mailbox`.
    let kind =
        kind.ok_or_else(|| error(400, "ErrorInvalidRequest", "The type of the place is missing or can't be created."))?;
    if !world.places_enabled {
        return Err(error(403, "ErrorAccessDenied", "The tenant has not enabled buildings."));
    }
    let name = call.field("displayName").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| error(400, "ErrorInvalidRequest", "A place needs a displayName."))?.to_owned();
    let parent = call.field("parentId").map(str::to_owned);
    let above = parent.as_ref().map(|id| find(world, id).map(|space| space.kind));
    // Desks sit in sections; a building has nothing above it (Microsoft documentation).
    let fits = matches!(
        (kind, above),
        ("building", None)
            | ("floor", Some(Some("building")))
            | ("section", Some(Some("floor")))
            | ("desk", Some(Some("section")))
    );
    if !fits {
        return Err(error(
            400,
            "ErrorInvalidRequest",
            format!("The parent of a {kind} is missing or of the wrong type."),
        ));
    }
    let mut properties = call.body()?.clone();
    for name in ["@odata.type", "displayName", "parentId", "id", "placeId"] {
        properties.remove(name);
    }
    let space = Space { id: world.fresh_id("space"), kind, name, parent, properties };
    let mut row = row(&space);
    row["@odata.type"] = json!(format!("#microsoft.graph.{kind}"));
    world.spaces.push(space);
    Ok(call.created("places/$entity", &row))
}

pub(super) fn delete(world: &mut World, id: &str) -> GraphResult {
    let Some(space) = find(world, id).map(|space| space.id) else {
        return match places::find(world, id) {
            Some(_) => {
                Err(error(400, "ErrorInvalidRequest", "Rooms, workspaces and room lists can't be deleted here."))
            }
            None => Err(places::not_found(id)),
        };
    };
    if world.spaces.iter().any(|other| other.parent.as_deref() == Some(&space.to_string())) {
        return Err(error(400, "ErrorInvalidRequest", "The place has places below it."));
    }
    world.spaces.retain(|other| other.id != space);
    Ok(Response::new(204))
}

pub(super) fn patch(world: &mut World, call: &GraphCall<'_>, id: &str) -> GraphResult {
    let body = call.body()?.clone();
    if let Some(space) = find(world, id).map(|space| space.id) {
        let Some(space) = world.spaces.iter_mut().find(|other| other.id == space) else {
            return Err(places::not_found(id));
        };
        for (name, value) in body {
            match (name.as_str(), value.as_str()) {
                ("displayName", Some(text)) => text.clone_into(&mut space.name),
                ("parentId", text) => space.parent = text.map(str::to_owned),
                (name, _) if name.contains('@') || name == "id" || name == "placeId" => {}
                _ => {
                    space.properties.insert(name, value);
                }
            }
        }
        let mut row = row(space);
        row["@odata.type"] = json!(format!("#microsoft.graph.{}", space.kind));
        return Ok(call.entity("places/$entity", &row));
    }
    let found = places::find(world, id).map(|place| (place.id, place.kind)).ok_or_else(|| places::not_found(id))?;
    let (place, kind) = found;
    // The type says which properties there are (Microsoft documentation).
    if !body.contains_key("@odata.type") {
        return Err(error(400, "ErrorInvalidRequest", "The property @odata.type is required to update a place."));
    }
    write(world, place, &body);
    let mut row = world.directory.get(place).map_or(Value::Null, places::row);
    row["@odata.type"] = json!(match kind {
        RecipientKind::RoomList => "#microsoft.graph.roomList",
        RecipientKind::Workspace => "#microsoft.graph.workspace",
        _ => "#microsoft.graph.room",
    });
    Ok(call.entity("places/$entity", &row))
}

fn write(world: &mut World, id: crate::recipient::RecipientId, body: &Map<String, Value>) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let whole = |value: &Value| value.as_i64().and_then(|number| i32::try_from(number).ok());
    world.directory.update(id, |recipient| {
        if let Some(name) = body.get("nickname").or_else(|| body.get("displayName")).and_then(Value::as_str) {
            name.clone_into(&mut recipient.display_name);
        }
        let place = &mut recipient.place;
        for (name, value) in body {
            match name.as_str() {
                "building" => place.building = text(value),
                "capacity" => place.capacity = whole(value).and_then(|number| u32::try_from(number).ok()),
                "floorNumber" => place.floor = whole(value),
                "floorLabel" => place.floor_label = text(value),
                "label" => place.label = text(value),
                "phone" => place.phone = text(value),
                "audioDeviceName" => place.audio = text(value),
                "videoDeviceName" => place.video = text(value),
                "displayDeviceName" => place.display = text(value),
                "parentId" => place.parent = text(value),
                "isWheelChairAccessible" => place.wheelchair = value.as_bool().unwrap_or(false),
                "tags" => {
                    let tags = value.as_array().into_iter().flatten();
                    place.tags = tags.filter_map(text).collect();
                }
                "address" => {
                    place.street = text(&value["street"]);
                    place.city = text(&value["city"]);
                    place.state = text(&value["state"]);
                    place.postal_code = text(&value["postalCode"]);
                    place.country = text(&value["countryOrRegion"]);
                }
                "geoCoordinates" => {
                    place.coordinates = value["latitude"].as_f64().zip(value["longitude"].as_f64());
                }
                _ => {}
            }
        }
    });
}
