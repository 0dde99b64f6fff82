//! Who owns what in the directory, and what else service principals belong to.

use std::collections::HashSet;

use uuid::Uuid;

use crate::recipient::{Owner, RecipientId};

/// The relations of applications and service principals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    /// The client id of an application and one of its owners, who own its service principal too.
    pub(crate) owners: Vec<(Uuid, Owner)>,
    /// A group and the object id of a service principal in it.
    pub(crate) members: Vec<(RecipientId, Uuid)>,
    /// Service principals, by object id, that hold a role of Purview for searching mailboxes.
    pub(crate) searchers: HashSet<Uuid>,
}
