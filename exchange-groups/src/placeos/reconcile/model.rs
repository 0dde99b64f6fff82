use graph_client::SmtpAddress;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::access::Fact;
use crate::change::Change;
use crate::names::named;
use crate::placeos::api::{PlaceOsModule, PlaceOsZone, System};
use crate::placeos::change::{HandOverChange, Owner};
use crate::placeos::zones::ZoneMap;

/// A room mailbox of Exchange.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeRoom {
    /// The primary address.
    pub address: SmtpAddress,
    /// Its other addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<SmtpAddress>,
    /// The display name.
    pub name: Option<String>,
    /// How many people fit in.
    pub capacity: Option<i64>,
    /// The building.
    pub building: Option<String>,
    /// The label of the floor.
    pub floor: Option<String>,
    /// The number of the floor.
    pub floor_number: Option<i64>,
    /// The label, such as a number on the door.
    pub label: Option<String>,
    /// What is in the room: the tags of the place and its devices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Whether it cannot be booked by everybody (booking type *reserved*). `None` where that is unknown.
    pub is_reserved: Option<bool>,
    /// Whether the spec selects it. `None` where that is unknown.
    pub is_wanted: Option<bool>,
}

impl ExchangeRoom {
    /// A room that the spec selects.
    #[must_use]
    pub fn new(address: SmtpAddress) -> Self {
        Self {
            address,
            aliases: Vec::new(),
            name: None,
            capacity: None,
            building: None,
            floor: None,
            floor_number: None,
            label: None,
            features: Vec::new(),
            is_reserved: None,
            is_wanted: Some(true),
        }
    }
}

/// What is compared: the three sides, and which modules of PlaceOS connect them. What was not read is no empty list.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReconcileFacts {
    /// The address of the group.
    pub group: SmtpAddress,
    /// Whether the members of the group are what the application is limited to. Otherwise it is a condition or an
    /// administrative unit, whose members no cmdlet adds.
    pub is_group: bool,
    /// Every room mailbox of Exchange.
    pub rooms: Vec<ExchangeRoom>,
    /// The further mailboxes that the spec makes members, by their primary addresses.
    pub mailboxes: Vec<SmtpAddress>,
    /// Whether members that the spec does not name stay.
    pub keeps_other_members: bool,
    /// The members of the group, or what is in the other scope, by their primary addresses.
    pub members: Fact<Vec<SmtpAddress>>,
    /// The systems.
    pub systems: Fact<Vec<System>>,
    /// The modules.
    pub modules: Fact<Vec<PlaceOsModule>>,
    /// The zones.
    pub zones: Fact<Vec<PlaceOsZone>>,
    /// Which zones stand for which buildings and floors.
    pub zone_map: ZoneMap,
    /// The calendar module. `None` where there is none yet.
    pub calendar_module: Option<String>,
    /// The driver of bookings modules. `None` where there is none.
    pub bookings_driver: Option<String>,
}

named! {
    /// In which way a room differs.
    #[non_exhaustive]
    pub enum RoomDifferenceKind as "kind of difference" {
        /// The spec selects the room, and it is no member of the group.
        NotAMember = "not_a_member",
        /// A member of the group that the spec does not select.
        UnwantedMember = "unwanted_member",
        /// Whether the spec selects the room is unknown.
        Undecided = "undecided",
        /// PlaceOS has no system with the address of the room.
        NoSystem = "no_system",
        /// A system without an address has the name of the room.
        NameTaken = "name_taken",
        /// Several systems have the address of the room.
        SeveralSystems = "several_systems",
        /// The system has another capacity, building, level or address than the room.
        SystemDiffers = "system_differs",
        /// PlaceOS has no zone for the building or the level.
        NoZone = "no_zone",
        /// The calendar module is not in the system.
        NotConnected = "not_connected",
        /// The system has no bookings module.
        NoBookings = "no_bookings",
        /// The bookings module does not run.
        NotRunning = "not_running",
        /// A bookings module reads the calendar of a room that the spec does not select: every read is refused.
        RunsInVain = "runs_in_vain",
        /// A system has an address that is none of a room in Exchange.
        NoRoom = "no_room",
        /// One of the sides could not be read.
        Unread = "unread",
    }
}

/// How a difference is mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
#[non_exhaustive]
pub enum Fix {
    /// By a change of the group.
    Exchange {
        /// The change.
        change: Box<Change>,
    },
    /// By changes of PlaceOS, in this order.
    PlaceOs {
        /// The changes.
        steps: Vec<HandOverChange>,
    },
    /// By a person who decides.
    Person {
        /// What is to be decided or done.
        advice: String,
    },
}

/// One difference: what it is, who owns it, and how it is mended.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoomDifference {
    /// What it is.
    pub kind: RoomDifferenceKind,
    /// The address of the room or member.
    pub address: Option<SmtpAddress>,
    /// The system, by id.
    pub system: Option<String>,
    /// What was found.
    pub message: String,
    /// Who mends it.
    pub owner: Owner,
    /// How.
    pub fix: Fix,
}

/// The outcome of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reconciliation {
    /// The rooms on which all three sides agree.
    pub agreed: Vec<SmtpAddress>,
    /// The differences, room by room.
    pub differences: Vec<RoomDifference>,
}

impl Reconciliation {
    /// Whether nothing differs, and everything was read.
    #[must_use]
    pub fn is_agreed(&self) -> bool {
        self.differences.is_empty()
    }

    /// The changes of PlaceOS, in order.
    pub fn placeos_steps(&self) -> impl Iterator<Item = &HandOverChange> {
        self.differences.iter().flat_map(|difference| match &difference.fix {
            Fix::PlaceOs { steps } => steps.as_slice(),
            _ => &[],
        })
    }

    /// The changes of the group.
    pub fn exchange_changes(&self) -> impl Iterator<Item = &Change> {
        self.differences.iter().filter_map(|difference| match &difference.fix {
            Fix::Exchange { change } => Some(&**change),
            _ => None,
        })
    }
}
