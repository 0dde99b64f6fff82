//! A change of PlaceOS as a value: the step of a plan and what is sent are read from it. No secret is in it.

use std::fmt;

use graph_client::{SmtpAddress, printable};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::api::{BookingsSettings, CalendarSettings, NewSystem, NewZone, StaffTenantChange};
use crate::names::named;

named! {
    /// Who mends a difference, or follows an advice.
    #[non_exhaustive]
    pub enum Owner as "owner" {
        /// An Exchange administrator.
        ExchangeAdministrator = "exchange_administrator",
        /// An administrator of PlaceOS, who may use Backoffice.
        PlaceOsAdministrator = "placeos_administrator",
        /// Whoever writes the spec.
        SpecAuthor = "spec_author",
        /// Whoever runs these crates.
        Operator = "operator",
    }
}

/// A zone: its name, and its id once it is there.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ZoneRef {
    /// The name.
    pub name: String,
    /// The id. `None` for a zone that an earlier step creates.
    pub id: Option<String>,
}

/// A system: the address of its room, and its id once it is there.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SystemRef {
    /// The address of the room's mailbox.
    pub address: SmtpAddress,
    /// The name.
    pub name: String,
    /// The id. `None` for a system that an earlier step creates.
    pub id: Option<String>,
}

/// A module: which one it is, and its id once it is there.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "module")]
#[non_exhaustive]
pub enum ModuleRef {
    /// The calendar module, which all systems share.
    Calendar {
        /// The id. `None` for a module that an earlier step creates.
        id: Option<String>,
    },
    /// The bookings module of a system.
    Bookings {
        /// The system.
        system: SystemRef,
        /// The id. `None` for a module that an earlier step creates.
        id: Option<String>,
    },
}

/// What a change of a system was derived from. The change still fits where this is still so.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SystemState {
    /// The version.
    pub version: i64,
    /// The address.
    pub email: Option<String>,
    /// How many people fit in.
    pub capacity: Option<i64>,
}

/// What of a system changes.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SystemChange {
    /// The address that it gets.
    pub email: Option<SmtpAddress>,
    /// How many people fit in.
    pub capacity: Option<i64>,
    /// The zones that it leaves, by id: buildings and levels that the room is not in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<String>,
    /// The zones that it enters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enters: Vec<ZoneRef>,
}

impl SystemChange {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A change of PlaceOS. `Display` is the change as a sentence.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
#[non_exhaustive]
pub enum HandOverChange {
    /// Creates a zone.
    CreateZone {
        /// The zone. Its parent is named apart.
        zone: NewZone,
        /// The zone that it is in.
        parent: Option<ZoneRef>,
    },
    /// Creates the calendar module. It does not run.
    CreateCalendarModule {
        /// The driver.
        driver: String,
        /// The address of the domain.
        uri: String,
    },
    /// Writes the settings of the calendar module with the application's secret, so that they are never displayed.
    WriteCalendarSettings {
        /// The calendar module. `None` for one that an earlier step creates.
        module: Option<String>,
        /// The record that is replaced.
        record: Option<String>,
        /// The settings, without the secret.
        settings: CalendarSettings,
    },
    /// Writes into the notes of the calendar module which credentials were handed over: what is never displayed cannot be
    /// compared.
    NoteCredentials {
        /// The calendar module. `None` for one that an earlier step creates.
        module: Option<String>,
        /// How the line begins that is replaced.
        topic: String,
        /// The rest of the line.
        text: String,
    },
    /// Creates or changes a tenant of Staff API.
    WriteStaffTenant {
        /// The tenant. `None` for a new one.
        id: Option<i64>,
        /// The tenant as it should be, without the secret.
        tenant: StaffTenantChange,
    },
    /// Creates a system.
    CreateSystem {
        /// The system. Its zones are named apart.
        system: NewSystem,
        /// The zones that it is in.
        zones: Vec<ZoneRef>,
    },
    /// Changes a system.
    UpdateSystem {
        /// The system.
        system: SystemRef,
        /// What the change was derived from.
        from: SystemState,
        /// What changes.
        to: SystemChange,
    },
    /// Puts the calendar module into a system.
    ConnectCalendar {
        /// The system.
        system: SystemRef,
        /// The calendar module. `None` for one that an earlier step creates.
        module: Option<String>,
    },
    /// Creates the bookings module of a system. It does not run.
    CreateBookings {
        /// The system.
        system: SystemRef,
        /// The driver.
        driver: String,
    },
    /// Writes the settings of a bookings module.
    WriteBookingsSettings {
        /// The system.
        system: SystemRef,
        /// The module. `None` for one that an earlier step creates.
        module: Option<String>,
        /// The record that is replaced.
        record: Option<String>,
        /// The settings.
        settings: BookingsSettings,
    },
    /// Stops a module.
    StopModule(ModuleRef),
    /// Starts a module: from then on it reads calendars.
    StartModule(ModuleRef),
}

impl fmt::Display for ZoneRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", printable(&self.name))
    }
}

impl fmt::Display for SystemRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" ({})", printable(&self.name), self.address)
    }
}

impl fmt::Display for ModuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calendar { .. } => f.write_str("the calendar module"),
            Self::Bookings { system, .. } => write!(f, "the bookings module of {system}"),
        }
    }
}

impl fmt::Display for SystemChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some(email) = &self.email {
            parts.push(format!("address {email}"));
        }
        if let Some(capacity) = self.capacity {
            parts.push(format!("capacity {capacity}"));
        }
        for zone in &self.enters {
            parts.push(format!("into the zone {zone}"));
        }
        for zone in &self.leaves {
            parts.push(format!("out of the zone {}", printable(zone)));
        }
        f.write_str(&parts.join(", "))
    }
}

impl fmt::Display for HandOverChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateZone { zone, parent } => {
                write!(f, "Create the zone \"{}\" ({})", printable(&zone.name), zone.tags.join(", "))?;
                parent.iter().try_for_each(|parent| write!(f, " in {parent}"))
            }
            Self::CreateCalendarModule { uri, .. } => write!(f, "Create the calendar module for {}", printable(uri)),
            Self::WriteCalendarSettings { settings, .. } => {
                let config = &settings.calendar_config;
                write!(
                    f,
                    "Write the settings of the calendar module, never to be displayed: tenant {}, application {}, its secret",
                    config.tenant, config.client_id
                )
            }
            Self::NoteCredentials { topic, .. } => {
                write!(f, "Note in the calendar module which credentials were handed over ({})", printable(topic))
            }
            Self::WriteStaffTenant { id, tenant } => {
                let verb = if id.is_some() { "Change" } else { "Create" };
                let how = if tenant.delegated {
                    "as the person who is signed in"
                } else {
                    "as the application, with its secret"
                };
                write!(f, "{verb} the Staff API tenant of {}: it acts {how}", printable(&tenant.domain))?;
                tenant.service_account.iter().try_for_each(|it| write!(f, ", with the service account {it}"))
            }
            Self::CreateSystem { system, zones } => {
                write!(f, "Create the system \"{}\" ({})", printable(&system.name), system.email)?;
                system.capacity.iter().try_for_each(|it| write!(f, ", capacity {it}"))?;
                zones.iter().try_for_each(|zone| write!(f, ", in {zone}"))
            }
            Self::UpdateSystem { system, to, .. } => write!(f, "Change the system {system}: {to}"),
            Self::ConnectCalendar { system, .. } => write!(f, "Put the calendar module into {system}"),
            Self::CreateBookings { system, .. } => write!(f, "Create the bookings module of {system}"),
            Self::WriteBookingsSettings { system, .. } => {
                write!(f, "Write the settings of the bookings module of {system}")
            }
            Self::StopModule(module) => write!(f, "Stop {module}"),
            Self::StartModule(module) => write!(f, "Start {module}"),
        }
    }
}

impl HandOverChange {
    /// The address of the room that it is about.
    #[must_use]
    pub fn room(&self) -> Option<&SmtpAddress> {
        match self {
            Self::CreateSystem { system, .. } => Some(&system.email),
            Self::UpdateSystem { system, .. }
            | Self::ConnectCalendar { system, .. }
            | Self::CreateBookings { system, .. }
            | Self::WriteBookingsSettings { system, .. }
            | Self::StartModule(ModuleRef::Bookings { system, .. })
            | Self::StopModule(ModuleRef::Bookings { system, .. }) => Some(&system.address),
            _ => None,
        }
    }

    /// What the change comes to, without versions and ids: a plan made again has the same texts for the same steps.
    pub(crate) fn effect(&self) -> String {
        match self {
            Self::WriteCalendarSettings { settings, .. } => {
                format!("settings {}", serde_json::to_value(settings).unwrap_or_default())
            }
            Self::NoteCredentials { topic, text, .. } => format!("note {topic} {text}"),
            Self::WriteStaffTenant { tenant, .. } => {
                // A new one gets a name besides.
                let tenant = StaffTenantChange { name: None, ..tenant.clone() };
                format!("tenant {}", serde_json::to_value(tenant).unwrap_or_default())
            }
            Self::WriteBookingsSettings { system, settings, .. } => {
                format!("bookings {} {}", system.address, serde_json::to_value(settings).unwrap_or_default())
            }
            other => other.to_string(),
        }
    }
}
