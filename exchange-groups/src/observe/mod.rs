//! What is there: facts, read once. What could not be read is a fact too.

mod mailboxes;
mod observation;
mod read;
pub(crate) mod translate;

pub(crate) use self::mailboxes::Mailboxes;
pub(crate) use self::observation::is_group;
pub use self::observation::{Observation, ObservedGroup, ObservedRoomList, OtherReach, Unread, UnreadPart};
pub(crate) use self::read::{access_policies, found};
pub(crate) use self::read::{mailboxes, places, room_lists};
pub(crate) use self::translate::member;
