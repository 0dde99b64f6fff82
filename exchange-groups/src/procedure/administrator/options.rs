use graph_client::ClientId;
use serde::{Deserialize, Serialize};

use crate::names::named;
use crate::spec::Permission;

named! {
    /// What an administering application is for.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Duties as "duties" {
        /// Everything that a plan does but for the tenant-wide permission, which a person revokes.
        #[default]
        Administer = "administer",
        /// Reading alone: observing, drift and audits. A person sets the restriction up.
        Verify = "verify",
    }
}

/// An application that is to administer restricted calendar groups with the least rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Administrator {
    /// The administering application, which is another one than those that are restricted.
    pub application: ClientId,
    /// What it is for.
    #[serde(default)]
    pub duties: Duties,
    /// What the restricted applications may do with calendars: the only role that it can assign on.
    pub permission: Permission,
}

impl Administrator {
    /// An application that administers groups whose applications may do this with calendars.
    #[must_use]
    pub fn new(application: ClientId, permission: Permission) -> Self {
        Self { application, duties: Duties::Administer, permission }
    }

    /// Sets what it is for. Default: everything that a plan does.
    #[must_use]
    pub fn duties(mut self, duties: Duties) -> Self {
        self.duties = duties;
        self
    }
}
