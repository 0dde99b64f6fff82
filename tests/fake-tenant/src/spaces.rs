//! Places without a mailbox: buildings, floors, sections and desks.

use serde_json::{Map, Value};
use uuid::Uuid;

/// A place of the hierarchy. Its `id` and its `placeId` are the same, unlike a room's.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    pub(crate) id: Uuid,
    /// `building`, `floor`, `section` or `desk`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) parent: Option<String>,
    pub(crate) properties: Map<String, Value>,
}

impl Space {
    /// The kind by its name, in any case of letters.
    pub(crate) fn kind(name: &str) -> Option<&'static str> {
        ["building", "floor", "section", "desk"].into_iter().find(|kind| kind.eq_ignore_ascii_case(name))
    }
}
