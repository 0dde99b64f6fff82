use serde::{Deserialize, Serialize};

use crate::exchange::macros::{cmdlet, settings};
use crate::exchange::values::ResultSize;
use crate::exchange::{Identity, ListChange, lenient};
use crate::ids::InvalidValue;

/// The types of places that `Get-Place` lists.
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

cmdlet! {
    /// reads rooms, room lists and workspaces with their location and equipment.
    Read "Get-Place" => GetPlace -> Vec<ExchangePlace>;
    permissions "View-Only Recipients.";
    display |self, f| match (&self.identity, self.kind) {
        (Some(identity), _) => write!(f, "Read the place {identity}"),
        (None, Some(PlaceType::RoomList)) => f.write_str("List all room lists"),
        (None, Some(PlaceType::Space)) => f.write_str("List all workspaces"),
        (None, _) => f.write_str("List all rooms"),
    };

    fn unset {
        /// One place.
        one identity as place;
        #[serde(rename = "Type")]
        optional kind: PlaceType;
        optional result_size: ResultSize;
    }
}

impl GetPlace {
    /// All places of a type.
    #[must_use]
    pub fn all(kind: PlaceType) -> Self {
        Self { kind: Some(kind), result_size: Some(ResultSize::Unlimited), ..Self::unset() }
    }
}

settings! {
    cmdlet {
        /// changes the location and equipment of a place. The change may take a day to be visible.
        ///
        /// In a hybrid organisation some properties must be set on premises.
        Write "Set-Place" => SetPlace -> ();
        permissions "Mail Recipients, which Exchange Administrator and Exchange Recipient Administrator have.";
        changes "Change the place {identity}";
    }
    /// Changes to a place; nothing changes until a property is set.
    fn new {
        required identity as place: impl Into<Identity>;
    }
    impl {
        fn check(&self) -> Result<(), InvalidValue> {
            match &self.country_or_region {
                Some(country) if country.len() != 2 || !country.chars().all(|c| c.is_ascii_alphabetic()) => {
                    Err(InvalidValue::new("country", country, "must be two letters, such as US"))
                }
                _ => Ok(()),
            }
        }
    }
    record {
        /// A room, a room list or a workspace.
        pub struct ExchangePlace {
            /// The address.
            pub identity: Option<String>,
            /// The display name.
            pub display_name: Option<String>,
            /// `Room`, `RoomList` or `Space`.
            #[serde(rename = "Type")]
            pub kind: Option<String>,
            /// The room lists that the place belongs to.
            pub localities: Vec<String>,
        }
    }
    both {
        /// The building's name or number.
        building: impl Into<String> => Option<String>;
        /// The capacity: how many people the place has room for.
        capacity: u32 => Option<i64>;
        /// The city.
        city: impl Into<String> => Option<String>;
        /// The country or region, by its two letters (ISO 3166).
        country_or_region as country: impl Into<String> => Option<String>;
        /// The floor's number.
        floor: i32 => Option<i64>;
        /// The floor's label, such as `Lobby`.
        floor_label: impl Into<String> => Option<String>;
        /// The geographic coordinates, `latitude;longitude`, in degrees.
        geo_coordinates as _: String => Option<String>;
        /// Whether the place is wheelchair accessible.
        is_wheel_chair_accessible as wheelchair_accessible: bool => Option<bool>;
        /// A label, such as a nickname of the room.
        label: impl Into<String> => Option<String>;
        /// Whether the room has Microsoft Teams Rooms.
        #[serde(rename = "MTREnabled")]
        mtr_enabled as teams_room: bool => Option<bool>;
        /// The id of the parent place, such as the floor or the building.
        parent_id as parent: impl Into<String> => Option<String>;
        /// The telephone number.
        phone: impl Into<String> => Option<String>;
        /// The postal code.
        postal_code: impl Into<String> => Option<String>;
        /// The state or province.
        state: impl Into<String> => Option<String>;
        /// The street and number.
        street: impl Into<String> => Option<String>;
        /// The tags: features of the place, such as `whiteboard`.
        tags: ListChange<String> => Vec<String> = "lenient::flags";
        /// The name of the audio device.
        audio_device_name as audio_device: impl Into<String> => Option<String>;
        /// The name of the display device.
        display_device_name as display_device: impl Into<String> => Option<String>;
        /// The name of the video device.
        video_device_name as video_device: impl Into<String> => Option<String>;
    }
}

impl SetPlace {
    /// Sets the geographic coordinates, in degrees.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Cmdlet;

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
