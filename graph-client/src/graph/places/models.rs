use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::graph::macros::{open_enum, resource};
use crate::graph::{Properties, Record, object_of, type_name};
use crate::ids::SmtpAddress;

/// A place that is to be made.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "it does nothing until it is sent"]
pub struct NewPlace {
    pub(crate) kind: PlaceKind,
    pub(crate) properties: PlaceProperties,
}

impl NewPlace {
    /// A place by its kind, name and the place above it (its `place_id`): none for a building, a building for a
    /// floor, a floor for a section or room, a section for a desk.
    pub fn new(kind: PlaceKind, display_name: impl Into<String>, parent: Option<&str>) -> Self {
        let mut properties = PlaceProperties::default().display_name(display_name);
        properties.parent_id = parent.map(str::to_owned);
        Self { kind, properties }
    }

    /// Sets what else is known of it.
    pub fn with(mut self, change: impl FnOnce(PlaceProperties) -> PlaceProperties) -> Self {
        self.properties = change(self.properties);
        self
    }
}

open_enum! {
    /// What a place is.
    pub enum PlaceKind {
        /// A meeting room.
        Room = "room",
        /// A list of rooms and workspaces.
        RoomList = "roomList",
        /// A pool of desks that is booked through one mailbox.
        Workspace = "workspace",
        /// A building.
        Building = "building",
        /// A floor of a building.
        Floor = "floor",
        /// A part of a floor.
        Section = "section",
        /// A desk.
        Desk = "desk",
    }

    /// How a room is booked.
    pub enum BookingType {
        /// Anyone may book it.
        Standard = "standard",
        /// First come, first served; it cannot be booked.
        Reserved = "reserved",
    }

    /// Whether a place has a feature.
    pub enum FeatureState {
        /// It has it.
        Enabled = "enabled",
        /// It does not have it.
        Disabled = "disabled",
    }
}

/// Makes the types of places: each has the properties that all places have, and its own.
macro_rules! places {
    ($( [$($head:tt)*] { $($own:tt)* } $(with [$($foot:tt)*])? )+) => {$(
        resource! {
            $($head)* {
                /// The place's id. Microsoft says that it can change: keep the address or the `place_id`.
                id: String,
                /// The id by which places refer to each other, as in `parent_id`.
                place_id: Option<String>,
                /// The `place_id` of the place above it: the building of a floor, the floor of a room, workspace or
                /// section, the section of a desk.
                parent_id: Option<String> [read create update],
                /// The display name. Exchange owns that of a room.
                display_name: Option<String> [read create update],
                /// Any further label.
                label: Option<String> [read create update],
                /// The telephone number.
                phone: Option<String> [read create update],
                /// The postal address.
                address: Option<PhysicalAddress> [read create update],
                /// The position on the map. Old records spell the property in another case.
                geo_coordinates: Option<GeoCoordinates> [read create update],
                /// Tags such as `whiteboard`. An update replaces all of them.
                tags: Vec<String> [read create update],
                /// Whether it is accessible by wheelchair. Old records spell the property in another case.
                is_wheel_chair_accessible: Option<bool> [read create update],
                $($own)*
            }
            $($($foot)*)?
        }
    )+};
}

places! {
    [
        /// A meeting room. Every field but the id may be absent.
        pub struct Room
    ] {
        /// The SMTP address of the mailbox.
        email_address: Option<SmtpAddress>,
        /// A short name.
        nickname: Option<String>,
        /// The building, as text.
        building: Option<String>,
        /// The number of the floor.
        floor_number: Option<i32>,
        /// The label of the floor, such as `Ground floor`.
        floor_label: Option<String>,
        /// The number of people that the room is for. Old records hold it as text.
        capacity: Option<i32>,
        /// How it is booked.
        booking_type: Option<BookingType>,
        /// The name of the audio device.
        audio_device_name: Option<String>,
        /// The name of the video device.
        video_device_name: Option<String>,
        /// The name of the display.
        display_device_name: Option<String>,
        /// Whether Teams Rooms is set up.
        teams_enabled_state: Option<FeatureState>,
    }

    [
        /// A list of rooms and workspaces, which Exchange keeps as a distribution group.
        pub struct RoomList
    ] {
        /// The SMTP address of the list, by which its rooms are listed.
        email_address: Option<SmtpAddress>,
        /// The rooms, where they were asked for by `$expand`.
        rooms: Vec<Room>,
        /// The workspaces, where they were asked for by `$expand`.
        workspaces: Vec<Workspace>,
    }

    [
        /// A pool of desks that is booked through one mailbox.
        pub struct Workspace
    ] {
        /// The SMTP address of the mailbox.
        email_address: Option<SmtpAddress>,
        /// A short name.
        nickname: Option<String>,
        /// The number of desks.
        capacity: Option<i32>,
        /// The name of the display.
        display_device_name: Option<String>,
        /// How it is used.
        mode: Option<PlaceMode>,
    }

    [
        /// A building. Its id is also its `place_id`.
        pub struct Building
    ] {
        /// Whether check-in by Wi-Fi is set up.
        wifi_state: Option<FeatureState>,
        /// Links to more information.
        resource_links: Vec<ResourceLink>,
    }

    [
        /// A floor of a building. Its id is also its `place_id`.
        pub struct Floor
    ] {
        /// The position among the floors of the building.
        sort_order: Option<i32>,
    }

    [
        /// A part of a floor. Its id is also its `place_id`.
        pub struct Section
    ] {}

    [
        /// A desk. Its id is also its `place_id`.
        pub struct Desk
    ] {
        /// The name of the display.
        display_device_name: Option<String>,
        /// Whether the height is adjustable.
        height_adjustable_state: Option<FeatureState>,
        /// The mailbox by which it is booked.
        mailbox_details: Option<MailboxDetails>,
        /// How it is used.
        mode: Option<PlaceMode>,
    }

    [fields] {
        /// Of a room: the building, as text.
        building: Option<String> [update],
        /// Of a room: the number of the floor.
        floor_number: Option<i32> [update],
        /// Of a room: the label of the floor.
        floor_label: Option<String> [update],
        /// Of a room or workspace: the number of people or desks.
        capacity: Option<i32> [create update],
        /// Of a room or workspace: a short name.
        nickname: Option<String> [update],
        /// Of a room: how it is booked.
        booking_type: Option<BookingType> [create update],
        /// Of a room: the name of the audio device.
        audio_device_name: Option<String> [update],
        /// Of a room: the name of the video device.
        video_device_name: Option<String> [update],
        /// Of a room, workspace or desk: the name of the display.
        display_device_name: Option<String> [update],
        /// Of a room: whether Teams Rooms is set up.
        teams_enabled_state: Option<FeatureState> [update],
        /// Of a floor: the position among the floors of the building.
        sort_order: Option<i32> [create update],
        /// Of a building: whether check-in by Wi-Fi is set up.
        wifi_state: Option<FeatureState> [update],
        /// Of a desk: whether the height is adjustable.
        height_adjustable_state: Option<FeatureState> [update],
        /// Of a desk or workspace: how it is used.
        mode: Option<PlaceMode> [create update],
    } with [
        /// The properties of a new place. Which of them a place takes depends on its kind.
        create PlaceProperties;
        /// Changes of a place. Which properties a place takes depends on its kind.
        update PlaceUpdate;
    ]
}

resource! {
    /// How a desk or workspace is used. The kind of use is the annotation `@odata.type` in `other`; see
    /// [`kind`](Self::kind).
    pub struct PlaceMode {
        /// Whose desk it is, where it is assigned.
        assigned_user_email_address: Option<String>,
        /// The id of whose desk it is, where it is assigned.
        assigned_user_id: Option<String>,
    }

    /// The mailbox by which a desk is booked.
    pub struct MailboxDetails {
        /// Its address.
        email_address: Option<SmtpAddress>,
        /// Its id in Entra.
        external_directory_object_id: Option<String>,
    }

    /// A link to more about a building.
    pub struct ResourceLink {
        /// Its name.
        name: Option<String>,
        /// The link.
        value: Option<String>,
        /// What the value is.
        link_type: Option<String>,
    }

    /// A postal address.
    pub struct PhysicalAddress {
        /// The street and number.
        street: Option<String>,
        /// The city.
        city: Option<String>,
        /// The state or province.
        state: Option<String>,
        /// The postal code.
        postal_code: Option<String>,
        /// The country or region.
        country_or_region: Option<String>,
    }

    /// A position on the map.
    pub struct GeoCoordinates {
        /// Degrees north of the equator.
        latitude: Option<f64>,
        /// Degrees east of Greenwich.
        longitude: Option<f64>,
        /// Metres above sea level.
        altitude: Option<f64>,
        /// How exact latitude and longitude are, in metres.
        accuracy: Option<f64>,
        /// How exact the altitude is, in metres.
        altitude_accuracy: Option<f64>,
    }
}

impl PlaceMode {
    /// The kind of use: `reservablePlaceMode`, `dropInPlaceMode`, `assignedPlaceMode` or `unavailablePlaceMode`.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        type_name(&self.other)
    }
}

/// A place of any kind.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Place {
    /// A meeting room.
    Room(Box<Room>),
    /// A list of rooms and workspaces.
    RoomList(Box<RoomList>),
    /// A pool of desks that is booked through one mailbox.
    Workspace(Box<Workspace>),
    /// A building.
    Building(Box<Building>),
    /// A floor of a building.
    Floor(Box<Floor>),
    /// A part of a floor.
    Section(Box<Section>),
    /// A desk.
    Desk(Box<Desk>),
    /// A kind that this version does not know, or none was given.
    Other(Properties),
}

macro_rules! each_place {
    ($place:expr, $item:ident => $known:expr, $other:ident => $unknown:expr) => {
        match $place {
            Self::Room($item) => $known,
            Self::RoomList($item) => $known,
            Self::Workspace($item) => $known,
            Self::Building($item) => $known,
            Self::Floor($item) => $known,
            Self::Section($item) => $known,
            Self::Desk($item) => $known,
            Self::Other($other) => $unknown,
        }
    };
}

impl Place {
    /// The place's id.
    #[must_use]
    pub fn id(&self) -> &str {
        each_place!(self, place => &place.id, other => text(other, "id").unwrap_or_default())
    }

    /// The id that links places.
    #[must_use]
    pub fn place_id(&self) -> Option<&str> {
        each_place!(self, place => place.place_id.as_deref(), other => text(other, "placeId"))
    }

    /// The [`place_id`](Self::place_id) of the place above it.
    #[must_use]
    pub fn parent_id(&self) -> Option<&str> {
        each_place!(self, place => place.parent_id.as_deref(), other => text(other, "parentId"))
    }

    /// The name that people see.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        each_place!(self, place => place.display_name.as_deref(), other => text(other, "displayName"))
    }

    /// The address of its mailbox or list, where it has one.
    #[must_use]
    pub fn email_address(&self) -> Option<&SmtpAddress> {
        match self {
            Self::Room(room) => room.email_address.as_ref(),
            Self::RoomList(list) => list.email_address.as_ref(),
            Self::Workspace(workspace) => workspace.email_address.as_ref(),
            Self::Desk(desk) => desk.mailbox_details.as_ref().and_then(|mailbox| mailbox.email_address.as_ref()),
            _ => None,
        }
    }

    pub(crate) fn from_properties(place: Properties, kind: Option<&PlaceKind>) -> serde_json::Result<Self> {
        let own = type_name(&place).map(PlaceKind::from);
        Ok(match own.as_ref().or(kind) {
            Some(PlaceKind::Room) => Self::Room(object_of(place)?),
            Some(PlaceKind::RoomList) => Self::RoomList(object_of(place)?),
            Some(PlaceKind::Workspace) => Self::Workspace(object_of(place)?),
            Some(PlaceKind::Building) => Self::Building(object_of(place)?),
            Some(PlaceKind::Floor) => Self::Floor(object_of(place)?),
            Some(PlaceKind::Section) => Self::Section(object_of(place)?),
            Some(PlaceKind::Desk) => Self::Desk(object_of(place)?),
            Some(PlaceKind::Unknown(_)) | None => Self::Other(place),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::text::printable(self.display_name().unwrap_or_else(|| self.id())))
    }
}

fn text<'a>(properties: &'a Properties, name: &str) -> Option<&'a str> {
    properties.get(name)?.as_str()
}

impl Record for Place {
    const PROPERTIES: &'static [&'static str] = &["id"];

    fn is_record(&self) -> bool {
        !self.id().is_empty()
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_properties(Properties::deserialize(deserializer)?, None).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        each_place!(self, place => place.serialize(serializer), other => other.serialize(serializer))
    }
}
