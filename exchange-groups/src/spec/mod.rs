//! What should be true: the spec, its builder, the selection of rooms, and the profiles of products.

mod builder;
mod checks;
mod group;
mod profile;
mod rooms;
mod scope;

pub use self::builder::RestrictedCalendarGroupBuilder;
pub use self::checks::SpecError;
pub use self::group::{OtherMembers, Permission, RestrictedCalendarGroup, Restriction};
pub use self::profile::Profile;
pub(crate) use self::rooms::is_workspace;
pub use self::rooms::{RoomFilter, Rooms, Workspaces};
pub use self::scope::Scope;
