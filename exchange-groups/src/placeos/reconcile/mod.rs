//! The rooms of Exchange, the members of the group and the systems of PlaceOS: where they differ, who mends it, and how.

mod derive;
mod model;
mod show;

pub use self::derive::reconcile;
pub use self::model::{ExchangeRoom, Fix, ReconcileFacts, Reconciliation, RoomDifference, RoomDifferenceKind};
