use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::exchange::cmdlet::{setters, settings_text};
use crate::exchange::values::ResultSize;
use crate::exchange::{Cmdlet, Effect, Identity, ListChange, lenient};
use crate::ids::InvalidValue;

/// The kinds of places that `Get-Place` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum PlaceType {
    /// Rooms.
    Room,
    /// Room lists.
    RoomList,
    /// Workspaces.
    Space,
}

/// `Get-Place`: rooms, room lists and workspaces with what is known of where they are.
///
/// # Permissions
///
/// View-Only Recipients.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetPlace {
    identity: Option<Identity>,
    #[serde(rename = "Type")]
    kind: Option<PlaceType>,
    result_size: Option<ResultSize>,
}

impl GetPlace {
    /// One place, or none with [`NotFound`](crate::ErrorKind::NotFound).
    #[must_use]
    pub fn one(place: impl Into<Identity>) -> Self {
        Self { identity: Some(place.into()), kind: None, result_size: None }
    }

    /// All places of a kind.
    #[must_use]
    pub fn all(kind: PlaceType) -> Self {
        Self { identity: None, kind: Some(kind), result_size: Some(ResultSize::Unlimited) }
    }
}

impl Cmdlet for GetPlace {
    const NAME: &'static str = "Get-Place";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<Place>;
}

impl fmt::Display for GetPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.identity, self.kind) {
            (Some(identity), _) => write!(f, "Read the place {identity}"),
            (None, Some(PlaceType::RoomList)) => f.write_str("List all room lists"),
            (None, Some(PlaceType::Space)) => f.write_str("List all workspaces"),
            (None, _) => f.write_str("List all rooms"),
        }
    }
}

/// `Set-Place`: says where a place is and what it has. Readers of places may see it a day later.
///
/// In a hybrid organisation some of it must be set on premises.
///
/// # Permissions
///
/// Mail Recipients, which Exchange Administrator and Exchange Recipient Administrator have.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SetPlace {
    identity: Identity,
    building: Option<String>,
    capacity: Option<u32>,
    city: Option<String>,
    country_or_region: Option<String>,
    floor: Option<i32>,
    floor_label: Option<String>,
    geo_coordinates: Option<String>,
    is_wheel_chair_accessible: Option<bool>,
    label: Option<String>,
    #[serde(rename = "MTREnabled")]
    mtr_enabled: Option<bool>,
    parent_id: Option<String>,
    phone: Option<String>,
    postal_code: Option<String>,
    state: Option<String>,
    street: Option<String>,
    tags: Option<ListChange<String>>,
    audio_device_name: Option<String>,
    display_device_name: Option<String>,
    video_device_name: Option<String>,
}

impl SetPlace {
    /// Changes to a place; nothing changes until a property is set.
    #[must_use]
    pub fn new(place: impl Into<Identity>) -> Self {
        Self {
            identity: place.into(),
            building: None,
            capacity: None,
            city: None,
            country_or_region: None,
            floor: None,
            floor_label: None,
            geo_coordinates: None,
            is_wheel_chair_accessible: None,
            label: None,
            mtr_enabled: None,
            parent_id: None,
            phone: None,
            postal_code: None,
            state: None,
            street: None,
            tags: None,
            audio_device_name: None,
            display_device_name: None,
            video_device_name: None,
        }
    }

    setters! {
        /// Sets the building's name or number.
        building(impl Into<String>) => building;
        /// Sets how many people fit in.
        capacity(u32) => capacity;
        /// Sets the city.
        city(impl Into<String>) => city;
        /// Sets the country, by its two letters (ISO 3166).
        country(impl Into<String>) => country_or_region;
        /// Sets the floor's number.
        floor(i32) => floor;
        /// Sets what the floor is called.
        floor_label(impl Into<String>) => floor_label;
        /// Says whether wheelchairs get there.
        wheelchair_accessible(bool) => is_wheel_chair_accessible;
        /// Sets a label, such as a nickname of the room.
        label(impl Into<String>) => label;
        /// Says whether the room has Microsoft Teams Rooms.
        teams_room(bool) => mtr_enabled;
        /// Sets the place that this one is in, by its id.
        parent(impl Into<String>) => parent_id;
        /// Sets the telephone number.
        phone(impl Into<String>) => phone;
        /// Sets the postal code.
        postal_code(impl Into<String>) => postal_code;
        /// Sets the state or province.
        state(impl Into<String>) => state;
        /// Sets the street and number.
        street(impl Into<String>) => street;
        /// Changes what the place has, in words that people look for.
        tags(ListChange<String>) => tags;
        /// Sets the name of the audio device.
        audio_device(impl Into<String>) => audio_device_name;
        /// Sets the name of the display.
        display_device(impl Into<String>) => display_device_name;
        /// Sets the name of the video device.
        video_device(impl Into<String>) => video_device_name;
    }

    /// Sets where on earth the place is, in degrees.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] unless the latitude is -90 to 90 and the longitude -180 to 180.
    pub fn coordinates(mut self, latitude: f64, longitude: f64) -> Result<Self, InvalidValue> {
        let text = format!("{latitude};{longitude}");
        if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
            return Err(InvalidValue::new("coordinates", text, "must be -90 to 90 and -180 to 180 degrees"));
        }
        self.geo_coordinates = Some(text);
        Ok(self)
    }
}

impl Cmdlet for SetPlace {
    const NAME: &'static str = "Set-Place";
    const EFFECT: Effect = Effect::Write;
    type Output = ();

    fn check(&self) -> Result<(), InvalidValue> {
        match &self.country_or_region {
            Some(country) if country.len() != 2 || !country.chars().all(|c| c.is_ascii_alphabetic()) => {
                Err(InvalidValue::new("country", country, "must be two letters, such as US"))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for SetPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change the place {}: {}", self.identity, settings_text(self))
    }
}

/// A room, a room list or a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Place {
    /// The address.
    #[serde(deserialize_with = "lenient::text")]
    pub identity: Option<String>,
    /// The name that people see.
    #[serde(deserialize_with = "lenient::text")]
    pub display_name: Option<String>,
    /// `Room`, `RoomList` or `Space`.
    #[serde(rename = "Type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// The building's name or number.
    #[serde(deserialize_with = "lenient::text")]
    pub building: Option<String>,
    /// How many people fit in.
    #[serde(deserialize_with = "lenient::number")]
    pub capacity: Option<i64>,
    /// The city.
    #[serde(deserialize_with = "lenient::text")]
    pub city: Option<String>,
    /// The country.
    #[serde(deserialize_with = "lenient::text")]
    pub country_or_region: Option<String>,
    /// The floor's number.
    #[serde(deserialize_with = "lenient::number")]
    pub floor: Option<i64>,
    /// What the floor is called.
    #[serde(deserialize_with = "lenient::text")]
    pub floor_label: Option<String>,
    /// Where on earth it is: `latitude;longitude`.
    #[serde(deserialize_with = "lenient::text")]
    pub geo_coordinates: Option<String>,
    /// Whether wheelchairs get there.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_wheel_chair_accessible: Option<bool>,
    /// A label, such as a nickname of the room.
    #[serde(deserialize_with = "lenient::text")]
    pub label: Option<String>,
    /// Whether the room has Microsoft Teams Rooms.
    #[serde(rename = "MTREnabled", deserialize_with = "lenient::boolean")]
    pub mtr_enabled: Option<bool>,
    /// The id of the place that this one is in.
    #[serde(deserialize_with = "lenient::text")]
    pub parent_id: Option<String>,
    /// The telephone number.
    #[serde(deserialize_with = "lenient::text")]
    pub phone: Option<String>,
    /// The postal code.
    #[serde(deserialize_with = "lenient::text")]
    pub postal_code: Option<String>,
    /// The state or province.
    #[serde(deserialize_with = "lenient::text")]
    pub state: Option<String>,
    /// The street and number.
    #[serde(deserialize_with = "lenient::text")]
    pub street: Option<String>,
    /// What it has, in words that people look for.
    #[serde(deserialize_with = "lenient::flags")]
    pub tags: Vec<String>,
    /// The room lists that it is in.
    #[serde(deserialize_with = "lenient::names")]
    pub localities: Vec<String>,
    /// The name of the audio device.
    #[serde(deserialize_with = "lenient::text")]
    pub audio_device_name: Option<String>,
    /// The name of the display.
    #[serde(deserialize_with = "lenient::text")]
    pub display_device_name: Option<String>,
    /// The name of the video device.
    #[serde(deserialize_with = "lenient::text")]
    pub video_device_name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_and_coordinates_are_checked() {
        let set = || SetPlace::new("room@contoso.com".parse::<Identity>().unwrap());
        assert!(set().country("US").check().is_ok());
        assert!(set().country("USA").check().is_err());
        assert!(set().coordinates(91.0, 0.0).is_err() && set().coordinates(f64::NAN, 0.0).is_err());
        let wire = serde_json::to_value(set().coordinates(47.6062, -122.3321).unwrap().teams_room(true)).unwrap();
        assert_eq!((&wire["GeoCoordinates"], &wire["MTREnabled"]), (&"47.6062;-122.3321".into(), &true.into()));
    }
}
