//! `Get-` and `Set-Place`: where a room is and what is in it. Graph's places show the same.

use serde_json::{Value, json};

use super::errors::Failure;
use super::parameters::{Arguments, Bound};
use super::{Invocation, Outcome, Output};
use crate::recipient::{Place, Recipient, RecipientId, RecipientKind};
use crate::world::World;

/// Settings that are mastered on-premises in a hybrid organisation, as far as we take them to be
/// (Microsoft documentation names "some").
const MASTERED_ON_PREMISES: &[&str] =
    &["City", "CountryOrRegion", "GeoCoordinates", "Phone", "PostalCode", "State", "Street"];

pub(super) fn get(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    if let Some(identity) = arguments.text("Identity") {
        let id = resolve(call, identity)?;
        return Ok(Output::Recipients { ids: vec![id], row });
    }
    let wanted = arguments.text("Type");
    let ids = call
        .world
        .directory
        .iter()
        .filter(|place| {
            is_place(place) && !place.place.unlisted && wanted.is_none_or(|wanted| kind_name(place.kind) == wanted)
        })
        .map(|place| place.id)
        .collect();
    Ok(Output::Recipients { ids, row })
}

pub(super) fn set(call: &mut Invocation<'_>, arguments: &Arguments) -> Outcome {
    let identity = arguments.text("Identity").unwrap_or_default();
    let id = resolve(call, identity)?;
    let Some(recipient) = call.world.directory.get(id) else {
        return Err(Failure::not_found(identity));
    };
    let mut place = recipient.place.clone();
    let synced = recipient.dir_synced;
    for (name, bound) in arguments.iter() {
        if synced && MASTERED_ON_PREMISES.contains(&name) {
            return Err(Failure::synchronized(identity, "Set-Place", name));
        }
        change(&mut place, name, bound)?;
    }
    let now = call.world.now();
    call.world.directory.update(id, |recipient| {
        recipient.place = place;
        recipient.changed = now;
    });
    Ok(Output::Nothing)
}

fn change(place: &mut Place, name: &str, bound: &Bound) -> Result<(), Failure> {
    let text = || match bound {
        Bound::Text(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let whole = || match bound {
        Bound::Number(number) => Some(*number),
        _ => None,
    };
    let negative = || Failure::invalid(format!("The value of {name} is out of range."));
    match name {
        "Building" => place.building = text(),
        "Capacity" => place.capacity = whole().map(u32::try_from).transpose().map_err(|_| negative())?,
        "City" => place.city = text(),
        "CountryOrRegion" => {
            let country = text();
            let is_code = |code: &str| code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_alphabetic());
            if country.as_deref().is_some_and(|country| !is_code(country)) {
                return Err(Failure::invalid("CountryOrRegion has to be an ISO 3166-1 code of two letters."));
            }
            place.country = country;
        }
        "Floor" => place.floor = whole().map(i32::try_from).transpose().map_err(|_| negative())?,
        "FloorLabel" => place.floor_label = text(),
        "GeoCoordinates" => {
            place.coordinates = text()
                .map(|written| {
                    let mut numbers = written.split(';').map(|number| number.trim().parse::<f64>());
                    match (numbers.next(), numbers.next()) {
                        (Some(Ok(latitude)), Some(Ok(longitude))) => Ok((latitude, longitude)),
                        _ => Err(Failure::invalid(format!("The value \"{written}\" of GeoCoordinates is not valid."))),
                    }
                })
                .transpose()?;
        }
        "IsWheelChairAccessible" => place.wheelchair = *bound == Bound::Flag(true),
        "Label" => place.label = text(),
        "MTREnabled" => place.teams_room = *bound == Bound::Flag(true),
        "ParentId" => place.parent = text(),
        "Phone" => place.phone = text(),
        "PostalCode" => place.postal_code = text(),
        "State" => place.state = text(),
        "Street" => place.street = text(),
        "AudioDeviceName" => place.audio = text(),
        "DisplayDeviceName" => place.display = text(),
        "VideoDeviceName" => place.video = text(),
        "Tags" => match bound {
            Bound::List(tags) => place.tags.clone_from(tags),
            Bound::Edit { add, remove } => {
                place.tags.retain(|tag| !remove.contains(tag));
                place.tags.extend(add.iter().cloned());
            }
            _ => place.tags.clear(),
        },
        _ => {}
    }
    Ok(())
}

fn is_place(recipient: &Recipient) -> bool {
    recipient.kind.is_room() || matches!(recipient.kind, RecipientKind::RoomList | RecipientKind::Workspace)
}

fn kind_name(kind: RecipientKind) -> &'static str {
    match kind {
        RecipientKind::RoomList => "RoomList",
        RecipientKind::Workspace => "Space",
        _ => "Room",
    }
}

fn resolve(call: &mut Invocation<'_>, identity: &str) -> Result<RecipientId, Failure> {
    call.resolve(identity, is_place, Failure::not_found)
}

fn row(world: &World, recipient: &Recipient) -> Value {
    let place = &recipient.place;
    let lists: Vec<&str> = world
        .directory
        .iter()
        .filter(|list| {
            list.kind == RecipientKind::RoomList && world.access.current.is_direct_member(list.id, recipient.id)
        })
        .map(Recipient::primary)
        .collect();
    json!({
        "Identity": recipient.primary(),
        "DisplayName": recipient.display_name,
        "Type": kind_name(recipient.kind),
        "Street": place.street.as_deref().unwrap_or(""),
        "City": place.city.as_deref().unwrap_or(""),
        "State": place.state.as_deref().unwrap_or(""),
        "PostalCode": place.postal_code.as_deref().unwrap_or(""),
        "CountryOrRegion": place.country.as_deref().unwrap_or(""),
        "GeoCoordinates": place.coordinates.map(|(latitude, longitude)| format!("{latitude};{longitude}")),
        "Phone": place.phone.as_deref().unwrap_or(""),
        "Capacity": place.capacity,
        "Building": place.building.as_deref().unwrap_or(""),
        "Label": place.label.as_deref().unwrap_or(""),
        "AudioDeviceName": place.audio,
        "VideoDeviceName": place.video,
        "DisplayDeviceName": place.display,
        "IsWheelChairAccessible": place.wheelchair,
        "Floor": place.floor,
        "FloorLabel": place.floor_label.clone().or_else(|| place.floor.map(|floor| floor.to_string())),
        "Tags": place.tags,
        "Localities": lists,
        "MTREnabled": place.teams_room,
        "ParentId": place.parent,
    })
}
