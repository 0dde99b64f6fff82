use std::fmt;

use serde::{Deserialize, Serialize};

use crate::exchange::values::Confirmed;
use crate::exchange::{Cmdlet, DistributionGroup, Effect, Identity};
use crate::ids::{InvalidValue, ObjectId};

/// `Remove-DistributionGroup`: removes a group. There is no recycle bin for it.
///
/// # Permissions
///
/// To remove a group that the caller does not own: Organization Management, or the role *Security Group Creation and
/// Membership*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RemoveDistributionGroup {
    identity: Identity,
    bypass_security_group_manager_check: bool,
    #[serde(default)]
    confirm: Confirmed,
}

impl RemoveDistributionGroup {
    /// Removes the group with this object id, also if the caller does not own it.
    ///
    /// A group is removed by id alone: its name or address may belong to another group by now.
    #[must_use]
    pub fn by_id(group: ObjectId) -> Self {
        Self::exactly(group.into())
    }

    /// Removes a group that was read, by the id that it was read with.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when it has no id.
    pub fn of(group: &DistributionGroup) -> Result<Self, InvalidValue> {
        let id = group.external_directory_object_id.or(group.guid);
        let name = || group.display_name.clone().unwrap_or_default();
        let id = id.ok_or_else(|| InvalidValue::new("group", name(), "must have an id to be removed by"))?;
        let identity = Identity::from(id);
        Ok(Self::exactly(match &group.display_name {
            Some(name) => identity.shown_as(name),
            None => identity,
        }))
    }

    fn exactly(identity: Identity) -> Self {
        Self { identity, bypass_security_group_manager_check: true, confirm: Confirmed }
    }

    /// Says whether to remove a group that the caller does not own. Default `true`.
    #[must_use]
    pub fn bypass_manager_check(mut self, bypass: bool) -> Self {
        self.bypass_security_group_manager_check = bypass;
        self
    }
}

impl Cmdlet for RemoveDistributionGroup {
    const NAME: &'static str = "Remove-DistributionGroup";
    const EFFECT: Effect = Effect::Write;
    type Output = ();
}

impl fmt::Display for RemoveDistributionGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remove the group {}", self.identity)
    }
}
