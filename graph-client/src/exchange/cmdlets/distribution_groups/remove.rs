use crate::exchange::macros::cmdlet;
use crate::exchange::{DistributionGroup, Identity};
use crate::ids::{InvalidValue, ObjectId};

cmdlet! {
    /// removes a group. There is no recycle bin for it.
    Write "Remove-DistributionGroup" => RemoveDistributionGroup -> ();
    permissions "To remove a group that the caller does not own: Organization Management, or the role *Security Group Creation and Membership*.";
    sentence "Remove the group {identity}";

    fn exactly {
        required identity: impl Into<Identity>;
        bypass_manager_check;
        confirm;
        /// The group that is removed.
        get identity: Identity;
    }
}

impl RemoveDistributionGroup {
    /// Removes the group with this object id, also if the caller does not own it.
    ///
    /// A group is removed by id alone: its name or address may belong to another group by now.
    #[must_use]
    pub fn by_id(group: ObjectId) -> Self {
        Self::exactly(group)
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
}
