use graph_client::SmtpAddress;
use graph_client::graph::Timestamp;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::spec::RestrictedCalendarGroup;

/// What is migrated, and what is known from outside the tenant.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Migrate {
    /// The spec after the migration: its `restriction` says which way it goes.
    pub spec: RestrictedCalendarGroup,
    /// When the tenant-wide permission was revoked. Tokens that were issued before carry it for up to 28 hours, and only the
    /// policies restrict them: without this, policies are not removed.
    pub revoked_at: Option<Timestamp>,
    /// Whether mailboxes that only the policies let through may be lost.
    #[serde(default)]
    pub accept_lost: bool,
    /// An empty mailbox that is in the role's scope and that no policy lets through: only the role can allow it, so that a
    /// read of it shows that the role acts.
    pub canary: Option<SmtpAddress>,
    /// Whether a person says that the policy acts, on the way back. Before the permission is granted no call can show it:
    /// policies were seen to take more than a day. Afterwards a verification shows it: the members are allowed and others
    /// denied.
    #[serde(default)]
    pub policy_acts: bool,
    /// When the tenant-wide permission was granted, on the way back. Tokens that were issued before lack it for up to
    /// 28 hours: without this, the role is not removed.
    pub granted_at: Option<Timestamp>,
}

impl Migrate {
    /// Migrates to what a spec says: from access policies to a role where its restriction is RBAC, and from the role to an
    /// access policy where it is a policy.
    #[must_use]
    pub fn new(spec: RestrictedCalendarGroup) -> Self {
        Self { spec, revoked_at: None, accept_lost: false, canary: None, policy_acts: false, granted_at: None }
    }

    /// Sets when the tenant-wide permission was revoked.
    #[must_use]
    pub fn revoked_at(mut self, time: impl Into<Timestamp>) -> Self {
        self.revoked_at = Some(time.into());
        self
    }

    /// Accepts that mailboxes are lost which only the policies let through, such as members of nested groups that the spec
    /// does not name. Default: such a migration is blocked.
    #[must_use]
    pub fn accept_lost(mut self, accept: bool) -> Self {
        self.accept_lost = accept;
        self
    }

    /// Sets the canary: an empty mailbox made for it, which the spec names and no policy lets through.
    #[must_use]
    pub fn canary(mut self, mailbox: SmtpAddress) -> Self {
        self.canary = Some(mailbox);
        self
    }

    /// Sets when the tenant-wide permission was granted, on the way back.
    #[must_use]
    pub fn granted_at(mut self, time: impl Into<Timestamp>) -> Self {
        self.granted_at = Some(time.into());
        self
    }

    /// Says that the policy acts, on the way back.
    #[must_use]
    pub fn policy_acts(mut self, acts: bool) -> Self {
        self.policy_acts = acts;
        self
    }
}
