//! PlaceOS's REST API and Staff API, as far as rooms and calendars need them.

mod calls;
mod client;
mod endpoints;
mod error;
mod models;
mod settings;
mod sign_in;

pub use self::client::{PlaceOs, PlaceOsCredential};
pub use self::endpoints::{Endpoint, PlaceOsService, endpoints};
pub use self::error::{PlaceOsError, PlaceOsErrorKind};
pub use self::models::{
    AuthSource, EncryptionLevel, PlaceOsDomain, PlaceOsDriver, PlaceOsModule, PlaceOsZone, SettingsRecord, StaffTenant,
    System,
};
pub use self::settings::{
    BookingsSettings, CalendarConfig, CalendarCredentials, CalendarSettings, NewSystem, NewZone, SettingsView,
    StaffTenantChange, SystemUpdate,
};
pub use self::sign_in::AuthSourceSettings;
