//! Places: rooms, workspaces, room lists, buildings, floors, sections and desks.

mod models;
mod rooms;

pub use self::models::{
    BookingType, Building, Desk, FeatureState, Floor, GeoCoordinates, MailboxDetails, NewPlace, PhysicalAddress, Place,
    PlaceKind, PlaceMode, PlaceProperties, PlaceUpdate, ResourceLink, Room, RoomList, Section, Workspace,
};
pub use self::rooms::{Places, Rooms};
