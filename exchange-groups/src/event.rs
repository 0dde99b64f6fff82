//! What happens during a run, as data: for a progress bar, a log, or another process.

use std::time::{Duration, SystemTime};

use graph_client::SmtpAddress;
use graph_client::graph::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::change::{Change, Stage};
use crate::document::whole_seconds;
use crate::names::named;
use crate::outcome::Outcome;

/// Who is told of the events of a run.
pub(crate) type Listener = Box<dyn FnMut(&Event) + Send>;

/// An event of a run: of applying a plan, of carrying out a procedure, or of a verification.
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
    /// Something is not visible, or has not propagated, yet.
    Waiting {
        /// The awaited change.
        what: Awaited,
        /// When the run stops waiting. It goes on earlier if what it waits for is seen.
        until: Timestamp,
    },
    /// A service asked for less load: a call waits before its next attempt.
    Throttled {
        /// When the call is attempted again.
        until: Timestamp,
    },
    /// A mailbox was read with the application's own token.
    Checked {
        /// The mailbox.
        mailbox: SmtpAddress,
        /// What the read showed.
        access: Access,
        /// How many mailboxes have been read.
        done: usize,
        /// How many are to be read.
        total: usize,
    },
    /// The run was stopped, or paused before a stage: nothing further is begun.
    Stopped,
}

impl Event {
    /// The name of the event, which is also its tag in JSON.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Stage { .. } => "stage",
            Self::Step { .. } => "step",
            Self::Waiting { .. } => "waiting",
            Self::Throttled { .. } => "throttled",
            Self::Checked { .. } => "checked",
            Self::Stopped => "stopped",
        }
    }

    /// Waiting for something from now on, up to so long.
    pub(crate) fn waiting(what: Awaited, up_to: Duration) -> Self {
        Self::Waiting { what, until: from_now(up_to) }
    }

    /// A call that waits before it is attempted again.
    pub(crate) fn throttled(wait: Duration) -> Self {
        Self::Throttled { until: from_now(wait) }
    }
}

fn from_now(wait: Duration) -> Timestamp {
    let now = SystemTime::now();
    whole_seconds(now.checked_add(wait).unwrap_or(now)).into()
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
        /// An object that was made or changed is visible.
        ChangeVisible = "change_visible",
        /// An object that was removed is no longer listed.
        ObjectGone = "object_gone",
        /// The live service acts on the configuration.
        Propagation = "propagation",
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
            Self::ChangeVisible => "the change to be visible",
            Self::ObjectGone => "the object to be gone",
            Self::Propagation => "the change to propagate",
        }
    }
}
