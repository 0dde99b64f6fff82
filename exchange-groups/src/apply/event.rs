use serde::{Deserialize, Serialize};

use super::report::Outcome;
use crate::change::{Change, Stage};
use crate::names::named;

pub(super) type Listener = Box<dyn FnMut(&Event) + Send>;

/// What happens while a plan is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[non_exhaustive]
pub enum Event {
    /// A stage begins.
    Stage {
        /// The stage.
        stage: Stage,
    },
    /// A step has ended, in whatever way.
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
        /// What is waited for.
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
    /// What a run waits for.
    #[non_exhaustive]
    pub enum Awaited as "awaited change" {
        /// The group that was created, in reads.
        GroupVisible = "group_visible",
        /// The members, as the plan has them.
        MembersAsPlanned = "members_as_planned",
        /// The registration of the service principal in Exchange.
        ApplicationRegistered = "application_registered",
        /// The role assignment, in reads.
        RoleVisible = "role_visible",
        /// The access policy, in reads.
        PolicyVisible = "policy_visible",
        /// The role, in Exchange's own test.
        RoleInTest = "role_in_test",
        /// The end of the tenant-wide permission, in reads.
        PermissionGone = "permission_gone",
    }
}

impl Awaited {
    /// It in words, after *waiting for*.
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
