//! What should be true: the spec, its builder, the selection of rooms, and the profiles of products.

mod builder;
mod checks;
mod file;
mod group;
mod mapping;
mod product;
mod profile;
mod rooms;
#[cfg(feature = "schema")]
mod schema;
mod scope;

pub use self::builder::RestrictedCalendarGroupBuilder;
pub use self::checks::SpecError;
pub use self::group::{OtherMembers, Permission, RestrictedCalendarGroup, Restriction};
pub use self::product::{MailboxUse, ProductCall, ProductShape, RegistrationProfile, ShapeGap};
pub use self::profile::Profile;
pub use self::rooms::{RoomFilter, RoomKind, Rooms, Workspaces};
pub use self::scope::Scope;
