use std::time::Duration;

use super::recipients::ExchangeRecipient;
use crate::exchange::Identity;
use crate::exchange::macros::cmdlet;
use crate::ids::InvalidValue;

cmdlet! {
    /// lists a group's direct members, with `ResultSize` unlimited.
    ///
    /// For a Microsoft 365 group the list is empty, without an error.
    Read "Get-DistributionGroupMember" => GetDistributionGroupMember -> Vec<ExchangeRecipient>, end_point "DistributionGroupMember";
    permissions "View-Only Recipients.";
    sentence "List the members of {identity}";

    /// The direct members of a group.
    fn new {
        required identity as group: impl Into<Identity>;
        result_size;
    }
}

cmdlet! {
    /// lists the members of a dynamic distribution group, as they were last evaluated, with `ResultSize` unlimited.
    Read "Get-DynamicDistributionGroupMember" => GetDynamicDistributionGroupMember -> Vec<ExchangeRecipient>, end_point "DynamicDistributionGroupMember";
    permissions "View-Only Recipients.";
    sentence "List the members of the dynamic group {identity}";

    /// The members of a dynamic distribution group.
    fn new {
        required identity as group: impl Into<Identity>;
        result_size;
    }
}

cmdlet! {
    /// adds one member to a group.
    Write "Add-DistributionGroupMember" => AddDistributionGroupMember -> ();
    permissions "To change a group that the caller does not own: Organization Management, or the role *Security Group Creation and Membership*.";
    sentence "Add {member} to {identity}";

    /// Adds `member` to `group`, also if the caller does not own it.
    fn new {
        required identity as group: impl Into<Identity>;
        required member: impl Into<Identity>;
        bypass_manager_check;
        with_group;
        /// The member.
        get member: Identity;
    }
}

cmdlet! {
    /// removes one member from a group.
    Write "Remove-DistributionGroupMember" => RemoveDistributionGroupMember -> ();
    permissions "As [`AddDistributionGroupMember`].";
    sentence "Remove {member} from {identity}";

    /// Removes `member` from `group`, also if the caller does not own it.
    fn new {
        required identity as group: impl Into<Identity>;
        required member: impl Into<Identity>;
        bypass_manager_check;
        confirm;
        with_group;
        /// The member.
        get member: Identity;
    }
}

cmdlet! {
    /// replaces **all** members of a group.
    ///
    /// Microsoft recommends at most 5,000 members in one call and accepts 10,000. A call may run for 15 minutes.
    Write "Update-DistributionGroupMember" => UpdateDistributionGroupMember -> ();
    permissions "As [`AddDistributionGroupMember`].";
    display |self, f| match &*self.members {
        [] => write!(f, "Remove all members of {}", self.identity),
        [one] => write!(f, "Set the member list of {} to {one}", self.identity),
        all => write!(f, "Set the member list of {} to {} mailboxes", self.identity, all.len()),
    };

    /// Removes all members of `group`, also if the caller does not own it.
    ///
    /// Read the members back: no public record shows a tenant that accepts an empty list.
    fn clear {
        required identity as group: impl Into<Identity>;
        field members: Vec<Identity> = Vec::new();
        bypass_manager_check;
        confirm;
        with_group;
    }
    impl {
        fn check(&self) -> Result<(), InvalidValue> {
            check_members(&self.members)
        }

        /// Exchange's own limit is 15 minutes; its error is worth waiting for.
        fn time_limit(&self) -> Duration {
            Duration::from_secs(16 * 60)
        }
    }
}

impl UpdateDistributionGroupMember {
    /// The largest number of members that the service accepts in one call.
    pub const MAX_MEMBERS: usize = 10_000;

    /// Sets the member list of `group` to `members`, also if the caller does not own it.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when there are more than 10,000 members, the same one twice, or none: to empty a group is not
    /// done by accident but by [`clear`](Self::clear).
    pub fn replace_all<I: Into<Identity>>(
        group: impl Into<Identity>,
        members: impl IntoIterator<Item = I>,
    ) -> Result<Self, InvalidValue> {
        let members: Vec<Identity> = members.into_iter().map(Into::into).collect();
        if members.is_empty() {
            return Err(InvalidValue::new("members", "", "must not be empty: use clear to empty a group"));
        }
        check_members(&members)?;
        Ok(Self { members, ..Self::clear(group) })
    }

    /// The member list that the group is set to.
    #[must_use]
    pub fn members(&self) -> &[Identity] {
        &self.members
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
