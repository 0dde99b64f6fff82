//! New objects that some servers have not heard of yet.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::clock::signed;
use crate::tenant::FakeTenant;

/// A kind of object of Exchange, for which replication and propagation can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectKind {
    /// Groups.
    Group,
    /// Members of groups.
    Member,
    /// Service principals that were registered in Exchange.
    ServicePrincipal,
    /// Management scopes.
    ManagementScope,
    /// Role assignments.
    RoleAssignment,
    /// Application access policies.
    AccessPolicy,
}

/// How long reads do not find what was just made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplicationDelay {
    /// For so many requests that look for it. However often one request looks, it counts once.
    Reads(u32),
    /// For so long, by the tenant's clock.
    Time(Duration),
}

#[derive(Clone, Copy, Debug)]
enum Hidden {
    For(u32),
    Until(Timestamp),
}

/// What is there and not everywhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visibility {
    delays: HashMap<ObjectKind, ReplicationDelay>,
    hidden: HashMap<Uuid, Hidden>,
    /// Looked up by the request in hand: however often it looks, that is one request.
    looked_up: HashSet<Uuid>,
    /// When the request in hand came.
    now: Timestamp,
}

impl Visibility {
    pub(crate) fn set(&mut self, kind: ObjectKind, delay: ReplicationDelay) {
        self.delays.insert(kind, delay);
    }

    pub(crate) fn begin_request(&mut self, now: Timestamp) {
        self.now = now;
        self.looked_up.clear();
    }

    pub(crate) fn created(&mut self, kind: ObjectKind, id: Uuid) {
        let hidden = match self.delays.get(&kind) {
            None | Some(ReplicationDelay::Reads(0)) => return,
            Some(ReplicationDelay::Reads(reads)) => Hidden::For(*reads),
            Some(ReplicationDelay::Time(delay)) => {
                let delay: SignedDuration = signed(*delay);
                Hidden::Until(self.now.checked_add(delay).unwrap_or(Timestamp::MAX))
            }
        };
        self.hidden.insert(id, hidden);
    }

    /// Whether everything is visible, so that nobody has to look.
    pub(crate) fn is_complete(&self) -> bool {
        self.hidden.is_empty()
    }

    /// Whether this request may see the object; a request that may not uses up one read.
    pub(crate) fn sees(&mut self, id: Uuid) -> bool {
        if self.looked_up.contains(&id) {
            return false;
        }
        let over = match self.hidden.get_mut(&id) {
            None => return true,
            Some(Hidden::Until(then)) if self.now >= *then => {
                self.hidden.remove(&id);
                return true;
            }
            Some(Hidden::Until(_)) => return false,
            Some(Hidden::For(left)) => {
                *left -= 1;
                *left == 0
            }
        };
        if over {
            self.hidden.remove(&id);
        }
        self.looked_up.insert(id);
        false
    }
}

/// By which a membership is known to [`Visibility`].
pub(crate) fn membership(group: Uuid, member: Uuid) -> Uuid {
    Uuid::new_v5(&group, member.as_bytes())
}

impl FakeTenant {
    /// Sets how long a newly made object of a kind is not found, whether by its name or in a list. It
    /// exists all the while: a second one of its name is refused. It comes on top of the time that it
    /// takes to act, see [`FakeTenant::propagates_after`].
    pub fn visible_after(&self, kind: ObjectKind, delay: ReplicationDelay) {
        self.state().world.visibility.set(kind, delay);
    }

    /// Sets how many requests look for a newly made group or service principal in vain.
    pub fn set_visibility_lag(&self, requests: u32) {
        for kind in [ObjectKind::Group, ObjectKind::ServicePrincipal] {
            self.visible_after(kind, ReplicationDelay::Reads(requests));
        }
    }

    /// Sets how long a change of policies, scopes, assignments or members takes to show in calendars. From the start it shows at
    /// once, which the service never does: it takes an hour and more.
    /// The `Test-` cmdlets answer at once. What is configured when this is called counts as propagated.
    pub fn set_policy_delay(&self, delay: Duration) {
        let mut state = self.state();
        let now = state.world.now();
        state.world.access.set_delay(now, signed(delay));
    }

    /// Sets how long a change of one kind takes to act on calendars; the others keep theirs.
    pub fn propagates_after(&self, kind: ObjectKind, delay: Duration) {
        let mut state = self.state();
        let now = state.world.now();
        state.world.access.set_delay_of(now, kind, signed(delay));
    }

    /// Sets whether an application with a new access policy is denied every mailbox until that policy
    /// acts, as one tenant saw for more than 24 hours; otherwise it keeps the access that it had.
    pub fn deny_until_policies_act(&self, deny: bool) {
        let mut state = self.state();
        let now = state.world.now();
        state.world.access.deny_until_policies_act(now, deny);
    }
}
