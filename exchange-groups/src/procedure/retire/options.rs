use graph_client::graph::Timestamp;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::spec::RestrictedCalendarGroup;

/// What is retired, and how far.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Retire {
    /// The spec of the group.
    pub spec: RestrictedCalendarGroup,
    /// When the tenant-wide permission was revoked. Tokens that were issued before carry it for up to a day, and only a
    /// policy restricts them: without this, policies are not removed.
    pub revoked_at: Option<Timestamp>,
    /// Whether the application's sign-in is disabled first, which stops everything that it is used for.
    #[serde(default)]
    pub emergency: bool,
    /// Whether the group is removed at the end, if nothing else needs it. There is no recycle bin for it.
    #[serde(default)]
    pub remove_group: bool,
}

impl Retire {
    /// Retires the group of a spec: permission, roles, policies, scope and registration. The group itself stays.
    #[must_use]
    pub fn new(spec: RestrictedCalendarGroup) -> Self {
        Self { spec, revoked_at: None, emergency: false, remove_group: false }
    }

    /// Sets when the tenant-wide permission was revoked.
    #[must_use]
    pub fn revoked_at(mut self, time: impl Into<Timestamp>) -> Self {
        self.revoked_at = Some(time.into());
        self
    }

    /// Disables the application's sign-in before anything else: its credentials leaked. That stops everything that it is
    /// used for; policies stay as long as tokens may be alive.
    #[must_use]
    pub fn emergency(mut self, emergency: bool) -> Self {
        self.emergency = emergency;
        self
    }

    /// Removes the group as well, at the end and if nothing else needs it. Default: it stays.
    #[must_use]
    pub fn remove_group(mut self, remove: bool) -> Self {
        self.remove_group = remove;
        self
    }
}
