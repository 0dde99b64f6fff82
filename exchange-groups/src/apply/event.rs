use serde::{Deserialize, Serialize};

use super::report::Outcome;
use crate::change::{Change, Stage};
use crate::names::named;

pub(super) type Listener = Box<dyn FnMut(&Event) + Send>;

/// An event while a plan is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[non_exhaustive]
pub enum Event {
    /// A stage begins.
    Stage {
        /// The stage.
        stage: Stage,
    },
    /// A step has ended, with or without success.
    Step {
        /// The change.
        change: Box<Change>,
        /// How it ended.
        outcome: Outcome,
        /// How many steps have ended.
        done: usize,
        /// How many steps there are.
        total: usize,
    },
    /// Something that was made or changed is not visible yet.
    Waiting {
        /// The awaited change.
        what: Awaited,
    },
}

impl Event {
    /// The name of the event, which is also its tag in JSON.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Stage { .. } => "stage",
            Self::Step { .. } => "step",
            Self::Waiting { .. } => "waiting",
        }
    }
}

named! {
    /// A change that a run waits for.
    #[non_exhaustive]
    pub enum Awaited as "awaited change" {
        /// The new group is visible.
        GroupVisible = "group_visible",
        /// The members are as planned.
        MembersAsPlanned = "members_as_planned",
        /// The service principal is registered in Exchange.
        ApplicationRegistered = "application_registered",
        /// The role assignment is visible.
        RoleVisible = "role_visible",
        /// The access policy is visible.
        PolicyVisible = "policy_visible",
        /// Exchange's own test shows the role.
        RoleInTest = "role_in_test",
        /// The tenant-wide permission is no longer listed.
        PermissionGone = "permission_gone",
    }
}

impl Awaited {
    /// The change in words, to follow *waiting for*.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::GroupVisible => "the new group to be visible",
            Self::MembersAsPlanned => "the members to be as planned",
            Self::ApplicationRegistered => "the application to be registered in Exchange",
            Self::RoleVisible => "the role assignment to be visible",
            Self::PolicyVisible => "the access policy to be visible",
            Self::RoleInTest => "Exchange's test to show the role",
            Self::PermissionGone => "the permission to be gone",
        }
    }
}
