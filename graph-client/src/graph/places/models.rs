use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::graph::model::{SentAddress, input, model, open_enum, update};
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

model! {
    /// A meeting room. Every field but the id may be absent.
    #[derive(Default)]
    pub struct Room {
        /// The place's id. Microsoft says that it can change: keep the address or [`place_id`](Self::place_id).
        pub id: String = "id",
        /// The id that links a room to its floor and building.
        pub place_id: Option<String> = "placeId",
        /// The [`place_id`](Self::place_id) of the place above it.
        pub parent_id: Option<String> = "parentId",
        /// The name that people see.
        pub display_name: Option<String> = "displayName",
        /// The mailbox's address.
        pub email_address: Option<SmtpAddress> = "emailAddress" via SentAddress,
        /// A short name.
        pub nickname: Option<String> = "nickname",
        /// The building, as text.
        pub building: Option<String> = "building",
        /// The floor's number.
        pub floor_number: Option<i32> = "floorNumber",
        /// The floor, as people call it.
        pub floor_label: Option<String> = "floorLabel",
        /// Any further label.
        pub label: Option<String> = "label",
        /// How many people fit in. Old records hold it as text.
        pub capacity: Option<i32> = "capacity",
        /// How it is booked.
        pub booking_type: Option<BookingType> = "bookingType",
        /// Tags such as `whiteboard`.
        pub tags: Vec<String> = "tags",
        /// The telephone number.
        pub phone: Option<String> = "phone",
        /// Where it is, as a postal address.
        pub address: Option<PhysicalAddress> = "address",
        /// Where it is on the map. Old records spell the property in another case.
        pub geo_coordinates: Option<GeoCoordinates> = "geoCoordinates",
        /// The audio device's name.
        pub audio_device_name: Option<String> = "audioDeviceName",
        /// The video device's name.
        pub video_device_name: Option<String> = "videoDeviceName",
        /// The display's name.
        pub display_device_name: Option<String> = "displayDeviceName",
        /// Whether Teams Rooms is set up in it.
        pub teams_enabled_state: Option<FeatureState> = "teamsEnabledState",
        /// Whether a wheelchair can get in. Old records spell the property in another case.
        pub is_wheel_chair_accessible: Option<bool> = "isWheelChairAccessible",
    }

    /// A list of rooms and workspaces, which Exchange keeps as a distribution group.
    #[derive(Default)]
    pub struct RoomList {
        /// The place's id.
        pub id: String = "id",
        /// The id that links places.
        pub place_id: Option<String> = "placeId",
        /// The `place_id` of the place above it.
        pub parent_id: Option<String> = "parentId",
        /// The name that people see.
        pub display_name: Option<String> = "displayName",
        /// The list's address, by which its rooms are asked for.
        pub email_address: Option<SmtpAddress> = "emailAddress" via SentAddress,
        /// Any further label.
        pub label: Option<String> = "label",
        /// The telephone number.
        pub phone: Option<String> = "phone",
        /// Where it is, as a postal address.
        pub address: Option<PhysicalAddress> = "address",
        /// Where it is on the map.
        pub geo_coordinates: Option<GeoCoordinates> = "geoCoordinates",
        /// Tags.
        pub tags: Vec<String> = "tags",
        /// Whether a wheelchair can get in.
        pub is_wheel_chair_accessible: Option<bool> = "isWheelChairAccessible",
        /// The rooms, where they were asked for by `$expand`.
        pub rooms: Vec<Room> = "rooms",
        /// The workspaces, where they were asked for by `$expand`.
        pub workspaces: Vec<Workspace> = "workspaces",
    }

    /// A pool of desks that is booked through one mailbox.
    #[derive(Default)]
    pub struct Workspace {
        /// The place's id.
        pub id: String = "id",
        /// The id that links a workspace to its floor and building.
        pub place_id: Option<String> = "placeId",
        /// The `place_id` of the place above it.
        pub parent_id: Option<String> = "parentId",
        /// The name that people see.
        pub display_name: Option<String> = "displayName",
        /// The mailbox's address.
        pub email_address: Option<SmtpAddress> = "emailAddress" via SentAddress,
        /// A short name.
        pub nickname: Option<String> = "nickname",
        /// Any further label.
        pub label: Option<String> = "label",
        /// How many desks it has.
        pub capacity: Option<i32> = "capacity",
        /// The telephone number.
        pub phone: Option<String> = "phone",
        /// Where it is, as a postal address.
        pub address: Option<PhysicalAddress> = "address",
        /// Where it is on the map.
        pub geo_coordinates: Option<GeoCoordinates> = "geoCoordinates",
        /// Tags.
        pub tags: Vec<String> = "tags",
        /// The display's name.
        pub display_device_name: Option<String> = "displayDeviceName",
        /// Whether a wheelchair can get in.
        pub is_wheel_chair_accessible: Option<bool> = "isWheelChairAccessible",
        /// How it is used.
        pub mode: Option<PlaceMode> = "mode",
    }

    /// A building.
    #[derive(Default)]
    pub struct Building {
        /// The place's id, which is also its `place_id`.
        pub id: String = "id",
        /// The id that the floors name as their parent.
        pub place_id: Option<String> = "placeId",
        /// The `place_id` of the place above it.
        pub parent_id: Option<String> = "parentId",
        /// The name that people see.
        pub display_name: Option<String> = "displayName",
        /// Any further label.
        pub label: Option<String> = "label",
        /// The telephone number.
        pub phone: Option<String> = "phone",
        /// Its postal address.
        pub address: Option<PhysicalAddress> = "address",
        /// Where it is on the map.
        pub geo_coordinates: Option<GeoCoordinates> = "geoCoordinates",
        /// Tags.
        pub tags: Vec<String> = "tags",
        /// Whether a wheelchair can get in.
        pub is_wheel_chair_accessible: Option<bool> = "isWheelChairAccessible",
        /// Whether check-in by Wi-Fi is set up.
        pub wifi_state: Option<FeatureState> = "wifiState",
        /// Links to more about it.
        pub resource_links: Vec<ResourceLink> = "resourceLinks",
    }

    /// A floor of a building.
    #[derive(Default)]
    pub struct Floor {
        /// The place's id, which is also its `place_id`.
        pub id: String = "id",
        /// The id that rooms and sections name as their parent.
        pub place_id: Option<String> = "placeId",
        /// The `place_id` of the building.
        pub parent_id: Option<String> = "parentId",
        /// The name that people see.
        pub display_name: Option<String> = "displayName",
        /// Any further label.
        pub label: Option<String> = "label",
        /// The telephone number.
        pub phone: Option<String> = "phone",
        /// Its postal address.
        pub address: Option<PhysicalAddress> = "address",
        /// Where it is on the map.
        pub geo_coordinates: Option<GeoCoordinates> = "geoCoordinates",
        /// Tags.
        pub tags: Vec<String> = "tags",
        /// Whether a wheelchair can get in.
        pub is_wheel_chair_accessible: Option<bool> = "isWheelChairAccessible",
        /// Its position among the floors of the building.
        pub sort_order: Option<i32> = "sortOrder",
    }

    /// A part of a floor.
    #[derive(Default)]
    pub struct Section {
        /// The place's id, which is also its `place_id`.
        pub id: String = "id",
        /// The id that desks name as their parent.
        pub place_id: Option<String> = "placeId",
        /// The `place_id` of the floor.
        pub parent_id: Option<String> = "parentId",
        /// The name that people see.
        pub display_name: Option<String> = "displayName",
        /// Any further label.
        pub label: Option<String> = "label",
        /// The telephone number.
        pub phone: Option<String> = "phone",
        /// Its postal address.
        pub address: Option<PhysicalAddress> = "address",
        /// Where it is on the map.
        pub geo_coordinates: Option<GeoCoordinates> = "geoCoordinates",
        /// Tags.
        pub tags: Vec<String> = "tags",
        /// Whether a wheelchair can get in.
        pub is_wheel_chair_accessible: Option<bool> = "isWheelChairAccessible",
    }

    /// A desk.
    #[derive(Default)]
    pub struct Desk {
        /// The place's id, which is also its `place_id`.
        pub id: String = "id",
        /// The id that links places.
        pub place_id: Option<String> = "placeId",
        /// The `place_id` of the section.
        pub parent_id: Option<String> = "parentId",
        /// The name that people see.
        pub display_name: Option<String> = "displayName",
        /// Any further label.
        pub label: Option<String> = "label",
        /// The telephone number.
        pub phone: Option<String> = "phone",
        /// Its postal address.
        pub address: Option<PhysicalAddress> = "address",
        /// Where it is on the map.
        pub geo_coordinates: Option<GeoCoordinates> = "geoCoordinates",
        /// Tags.
        pub tags: Vec<String> = "tags",
        /// The display's name.
        pub display_device_name: Option<String> = "displayDeviceName",
        /// Whether a wheelchair can get in.
        pub is_wheel_chair_accessible: Option<bool> = "isWheelChairAccessible",
        /// Whether its height can be changed.
        pub height_adjustable_state: Option<FeatureState> = "heightAdjustableState",
        /// The mailbox by which it is booked.
        pub mailbox_details: Option<MailboxDetails> = "mailboxDetails",
        /// How it is used.
        pub mode: Option<PlaceMode> = "mode",
    }

    /// How a desk or workspace is used. The kind of use is the annotation `@odata.type` in `other`; see
    /// [`kind`](Self::kind).
    #[derive(Default)]
    pub struct PlaceMode {
        /// Whose desk it is, where it is assigned.
        pub assigned_user_email_address: Option<String> = "assignedUserEmailAddress",
        /// The id of whose desk it is, where it is assigned.
        pub assigned_user_id: Option<String> = "assignedUserId",
    }

    /// The mailbox by which a desk is booked.
    #[derive(Default)]
    pub struct MailboxDetails {
        /// Its address.
        pub email_address: Option<SmtpAddress> = "emailAddress" via SentAddress,
        /// Its id in Entra.
        pub external_directory_object_id: Option<String> = "externalDirectoryObjectId",
    }

    /// A link to more about a building.
    #[derive(Default)]
    pub struct ResourceLink {
        /// Its name.
        pub name: Option<String> = "name",
        /// The link.
        pub value: Option<String> = "value",
        /// What the value is.
        pub link_type: Option<String> = "linkType",
    }

    /// A postal address.
    #[derive(Default)]
    pub struct PhysicalAddress {
        /// The street and number.
        pub street: Option<String> = "street",
        /// The city.
        pub city: Option<String> = "city",
        /// The state or province.
        pub state: Option<String> = "state",
        /// The postal code.
        pub postal_code: Option<String> = "postalCode",
        /// The country or region.
        pub country_or_region: Option<String> = "countryOrRegion",
    }

    /// A position on the map.
    #[derive(Default)]
    pub struct GeoCoordinates {
        /// Degrees north of the equator.
        pub latitude: Option<f64> = "latitude",
        /// Degrees east of Greenwich.
        pub longitude: Option<f64> = "longitude",
        /// Metres above sea level.
        pub altitude: Option<f64> = "altitude",
        /// How exact latitude and longitude are, in metres.
        pub accuracy: Option<f64> = "accuracy",
        /// How exact the altitude is, in metres.
        pub altitude_accuracy: Option<f64> = "altitudeAccuracy",
    }
}

impl PlaceMode {
    /// The kind of use: `reservablePlaceMode`, `dropInPlaceMode`, `assignedPlaceMode` or `unavailablePlaceMode`.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        type_name(&self.other)
    }
}

update! {
    /// Changes of a place. Which properties it has depends on its kind.
    pub struct PlaceUpdate {
        /// Its name. Exchange owns that of a room.
        pub display_name: String = "displayName",
        /// The `place_id` of the place above it.
        pub parent_id: String = "parentId",
        /// Any further label.
        pub label: String = "label",
        /// The tags, all of them.
        pub tags: Vec<String> = "tags",
        /// The telephone number.
        pub phone: String = "phone",
        /// The postal address.
        pub address: PhysicalAddress = "address",
        /// The position on the map.
        pub geo_coordinates: GeoCoordinates = "geoCoordinates",
        /// Whether a wheelchair can get in.
        pub is_wheel_chair_accessible: bool = "isWheelChairAccessible",
        /// Of a room: the building, as text.
        pub building: String = "building",
        /// Of a room: the floor's number.
        pub floor_number: i32 = "floorNumber",
        /// Of a room: the floor, as people call it.
        pub floor_label: String = "floorLabel",
        /// Of a room or workspace: how many people fit in.
        pub capacity: i32 = "capacity",
        /// Of a room or workspace: a short name.
        pub nickname: String = "nickname",
        /// Of a room: how it is booked.
        pub booking_type: BookingType = "bookingType",
        /// Of a room: the audio device's name.
        pub audio_device_name: String = "audioDeviceName",
        /// Of a room: the video device's name.
        pub video_device_name: String = "videoDeviceName",
        /// The display's name.
        pub display_device_name: String = "displayDeviceName",
        /// Of a room: whether Teams Rooms is set up.
        pub teams_enabled_state: FeatureState = "teamsEnabledState",
        /// Of a floor: its position in the building.
        pub sort_order: i32 = "sortOrder",
        /// Of a building: whether check-in by Wi-Fi is set up.
        pub wifi_state: FeatureState = "wifiState",
        /// Of a desk: whether its height can be changed.
        pub height_adjustable_state: FeatureState = "heightAdjustableState",
        /// Of a desk or workspace: how it is used.
        pub mode: PlaceMode = "mode",
    }
}

input! {
    /// What a place has from the start. Which properties it takes depends on its kind.
    pub struct PlaceProperties {
        /// Its name.
        pub display_name: String = "displayName",
        /// The `place_id` of the place above it.
        pub parent_id: String = "parentId",
        /// Any further label.
        pub label: String = "label",
        /// The tags.
        pub tags: Vec<String> = "tags",
        /// The telephone number.
        pub phone: String = "phone",
        /// The postal address.
        pub address: PhysicalAddress = "address",
        /// The position on the map.
        pub geo_coordinates: GeoCoordinates = "geoCoordinates",
        /// Whether a wheelchair can get in.
        pub is_wheel_chair_accessible: bool = "isWheelChairAccessible",
        /// Of a room or workspace: how many people fit in.
        pub capacity: i32 = "capacity",
        /// Of a room: how it is booked.
        pub booking_type: BookingType = "bookingType",
        /// Of a floor: its position in the building.
        pub sort_order: i32 = "sortOrder",
        /// Of a desk or workspace: how it is used.
        pub mode: PlaceMode = "mode",
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
