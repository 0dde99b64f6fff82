use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::exchange::values::{Confirmed, ResultSize};
use crate::exchange::{Cmdlet, Effect, Identity, Recipient};
use crate::ids::InvalidValue;

/// `Get-DistributionGroupMember`: a group's direct members, with `ResultSize` unlimited.
///
/// A Microsoft 365 group gives no members and no error.
///
/// # Permissions
///
/// View-Only Recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetDistributionGroupMember {
    identity: Identity,
    #[serde(default)]
    result_size: ResultSize,
}

impl GetDistributionGroupMember {
    /// The direct members of a group.
    #[must_use]
    pub fn new(group: impl Into<Identity>) -> Self {
        Self { identity: group.into(), result_size: ResultSize::Unlimited }
    }
}

impl Cmdlet for GetDistributionGroupMember {
    const NAME: &'static str = "Get-DistributionGroupMember";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<Recipient>;
}

impl fmt::Display for GetDistributionGroupMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List the members of {}", self.identity)
    }
}

/// `Add-DistributionGroupMember`: adds one member.
///
/// # Permissions
///
/// To change a group that the caller does not own: Organization Management, or the role *Security Group Creation and
/// Membership*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AddDistributionGroupMember {
    identity: Identity,
    member: Identity,
    bypass_security_group_manager_check: bool,
}

impl AddDistributionGroupMember {
    /// Adds `member` to `group`, also if the caller does not own it.
    #[must_use]
    pub fn new(group: impl Into<Identity>, member: impl Into<Identity>) -> Self {
        Self { identity: group.into(), member: member.into(), bypass_security_group_manager_check: true }
    }

    /// Names the group by another identity: by its id, once it is known, in place of its address.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<Identity>) -> Self {
        self.identity = group.into();
        self
    }

    /// Says whether to change a group that the caller does not own. Default `true`.
    #[must_use]
    pub fn bypass_manager_check(mut self, bypass: bool) -> Self {
        self.bypass_security_group_manager_check = bypass;
        self
    }

    /// The member.
    #[must_use]
    pub fn member(&self) -> &Identity {
        &self.member
    }
}

impl Cmdlet for AddDistributionGroupMember {
    const NAME: &'static str = "Add-DistributionGroupMember";
    const EFFECT: Effect = Effect::Write;
    type Output = ();
}

impl fmt::Display for AddDistributionGroupMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Add {} to {}", self.member, self.identity)
    }
}

/// `Remove-DistributionGroupMember`: removes one member.
///
/// # Permissions
///
/// As [`AddDistributionGroupMember`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RemoveDistributionGroupMember {
    identity: Identity,
    member: Identity,
    bypass_security_group_manager_check: bool,
    #[serde(default)]
    confirm: Confirmed,
}

impl RemoveDistributionGroupMember {
    /// Removes `member` from `group`, also if the caller does not own it.
    #[must_use]
    pub fn new(group: impl Into<Identity>, member: impl Into<Identity>) -> Self {
        Self {
            identity: group.into(),
            member: member.into(),
            bypass_security_group_manager_check: true,
            confirm: Confirmed,
        }
    }

    /// Names the group by another identity: by its id, once it is known, in place of its address.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<Identity>) -> Self {
        self.identity = group.into();
        self
    }

    /// Says whether to change a group that the caller does not own. Default `true`.
    #[must_use]
    pub fn bypass_manager_check(mut self, bypass: bool) -> Self {
        self.bypass_security_group_manager_check = bypass;
        self
    }

    /// The member.
    #[must_use]
    pub fn member(&self) -> &Identity {
        &self.member
    }
}

impl Cmdlet for RemoveDistributionGroupMember {
    const NAME: &'static str = "Remove-DistributionGroupMember";
    const EFFECT: Effect = Effect::Write;
    type Output = ();
}

impl fmt::Display for RemoveDistributionGroupMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remove {} from {}", self.member, self.identity)
    }
}

/// `Update-DistributionGroupMember`: replaces **all** members of a group.
///
/// Microsoft advises at most 5,000 members in one call and takes 10,000. A call may run for 15 minutes.
///
/// # Permissions
///
/// As [`AddDistributionGroupMember`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct UpdateDistributionGroupMember {
    identity: Identity,
    members: Vec<Identity>,
    bypass_security_group_manager_check: bool,
    #[serde(default)]
    confirm: Confirmed,
}

impl UpdateDistributionGroupMember {
    /// The most members that the service takes in one call.
    pub const MAX_MEMBERS: usize = 10_000;

    /// Sets the member list of `group` to `members`, also if the caller does not own it.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when there are more than 10,000 members, one stands there twice, or there is none: emptying a
    /// group is not done by accident.
    pub fn replace_all<I: Into<Identity>>(
        group: impl Into<Identity>,
        members: impl IntoIterator<Item = I>,
    ) -> Result<Self, InvalidValue> {
        let members: Vec<Identity> = members.into_iter().map(Into::into).collect();
        if members.is_empty() {
            return Err(InvalidValue::new("members", "", "must not be empty: use clear to empty a group"));
        }
        check_members(&members)?;
        Ok(Self { identity: group.into(), members, bypass_security_group_manager_check: true, confirm: Confirmed })
    }

    /// Removes all members of `group`, also if the caller does not own it.
    ///
    /// That an empty list is taken as one has no public proof: read the members back.
    #[must_use]
    pub fn clear(group: impl Into<Identity>) -> Self {
        Self {
            identity: group.into(),
            members: Vec::new(),
            bypass_security_group_manager_check: true,
            confirm: Confirmed,
        }
    }

    /// Names the group by another identity: by its id, once it is known, in place of its address.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<Identity>) -> Self {
        self.identity = group.into();
        self
    }

    /// Says whether to change a group that the caller does not own. Default `true`.
    #[must_use]
    pub fn bypass_manager_check(mut self, bypass: bool) -> Self {
        self.bypass_security_group_manager_check = bypass;
        self
    }

    /// All members that the group will have.
    #[must_use]
    pub fn members(&self) -> &[Identity] {
        &self.members
    }
}

impl Cmdlet for UpdateDistributionGroupMember {
    const NAME: &'static str = "Update-DistributionGroupMember";
    const EFFECT: Effect = Effect::Write;
    type Output = ();

    fn check(&self) -> Result<(), InvalidValue> {
        check_members(&self.members)
    }

    /// Exchange's own limit is 15 minutes; what it says then is worth waiting for.
    fn time_limit(&self) -> Duration {
        Duration::from_secs(16 * 60)
    }
}

impl fmt::Display for UpdateDistributionGroupMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.members {
            [] => write!(f, "Remove all members of {}", self.identity),
            [one] => write!(f, "Set the member list of {} to {one}", self.identity),
            all => write!(f, "Set the member list of {} to {} mailboxes", self.identity, all.len()),
        }
    }
}

/// The rules for a list of members: at most 10,000, each once.
pub(crate) fn check_members(members: &[Identity]) -> Result<(), InvalidValue> {
    let count = members.len();
    if count > UpdateDistributionGroupMember::MAX_MEMBERS {
        return Err(InvalidValue::new("members", format!("{count} members"), "must be at most 10,000"));
    }
    let mut sorted: Vec<String> = members.iter().map(|member| member.as_str().to_ascii_lowercase()).collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(InvalidValue::new("members", pair[0].clone(), "must name each recipient once")),
        None => Ok(()),
    }
}
