//! What is there: facts, read once. What could not be read is a fact too.

mod mailboxes;
mod observation;
mod read;
pub(crate) mod translate;

pub(crate) use self::mailboxes::{Mailboxes, recipient_facts};
pub(crate) use self::observation::is_group;
pub use self::observation::{
    Namesake, Observation, ObservedGroup, ObservedRoomList, ObservedScope, OtherReach, Unread, UnreadPart,
};
pub(crate) use self::read::{Reader, access_policies, application_facts, found, mailboxes, places, room_lists};
pub(crate) use self::translate::member;
