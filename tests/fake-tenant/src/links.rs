//! What the directory holds about applications besides the applications themselves.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::recipient::{Owner, RecipientId};
use crate::roles::{Resource, app_role_by_id};

/// The relations of applications and service principals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    /// The client id of an application and one of its owners, who own its service principal too.
    pub(crate) owners: Vec<(Uuid, Owner)>,
    /// A group and the object id of a service principal in it.
    pub(crate) members: Vec<(RecipientId, Uuid)>,
    /// Somebody, and who is above them.
    pub(crate) managers: HashMap<RecipientId, RecipientId>,
    /// Service principals, by object id, that hold a role of Purview for searching mailboxes.
    pub(crate) searchers: HashSet<Uuid>,
    /// Service principals, by object id, that are managed identities.
    pub(crate) managed: HashSet<Uuid>,
    /// The object id of a service principal, the template id of a directory role, and the administrative
    /// unit over which it holds it.
    pub(crate) scoped_roles: Vec<(Uuid, &'static str, Uuid)>,
    /// App roles that a resource lists besides the well-known ones: id and value.
    pub(crate) listed_roles: Vec<(Resource, Uuid, String)>,
}

impl Links {
    /// The value of an app role that a resource lists.
    pub(crate) fn app_role_value(&self, resource: Resource, id: Uuid) -> Option<&str> {
        app_role_by_id(resource, id).or_else(|| {
            let listed = self.listed_roles.iter().find(|(other, listed, _)| *other == resource && *listed == id);
            listed.map(|(.., value)| value.as_str())
        })
    }
}
