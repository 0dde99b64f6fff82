use super::{DepartRestriction, DistributionGroup, DistributionGroupKind, JoinRestriction, ModerationNotice, listed};
use crate::exchange::cmdlets::members::check_members;
use crate::exchange::macros::cmdlet;
use crate::exchange::values::check_display_name;
use crate::exchange::{Alias, GroupName, Identity};
use crate::ids::{InvalidValue, SmtpAddress};

cmdlet! {
    /// creates a distribution group, a mail-enabled security group or a room list.
    Write "New-DistributionGroup" => NewDistributionGroup -> DistributionGroup;
    permissions "Exchange Administrator; for a security group, the Exchange role *Security Group Creation and Membership*.";
    display |self, f| {
        let kind = match (self.kind, self.room_list) {
            (_, true) => "room list",
            (DistributionGroupKind::Security, _) => "mail-enabled security group",
            (DistributionGroupKind::Distribution, _) => "distribution group",
        };
        write!(f, "Create the {kind} \"{}\"", self.name)?;
        if let Some(address) = &self.primary_smtp_address {
            write!(f, " at {address}")?;
        }
        if !self.managed_by.is_empty() {
            write!(f, ", owned by {}", listed(&self.managed_by))?;
        }
        if !self.members.is_empty() {
            write!(f, ", with {} members", self.members.len())?;
        }
        Ok(())
    };

    /// A distribution group.
    fn distribution {
        required name: GroupName;
        /// Sets the display name: at most 256 characters. Default: the name.
        optional display_name: impl Into<String>;
        /// Sets the alias. Without it Exchange generates one from the name.
        optional alias: Alias;
        #[serde(rename = "Type", default, skip_serializing_if = "DistributionGroupKind::is_default")]
        field kind: DistributionGroupKind = DistributionGroupKind::Distribution;
        /// Sets the primary address. Its domain must be accepted. Without it: the alias at the default domain.
        optional primary_smtp_address: SmtpAddress;
        /// Adds an owner: a mailbox, a mail user or a mail-enabled security group. Owners are not members.
        list managed_by as owner: impl Into<Identity>;
        /// Adds a member.
        list members as member: impl Into<Identity>;
        switch room_list;
        /// Sets the description that administrators see.
        optional description: impl Into<String>;
        rarely More in more {
            /// Sets the notes that administrators see.
            optional notes: impl Into<String>;
            /// Adds the owners as members.
            switch copy_owner_to_member as owners_are_members;
            /// Sets who may join.
            optional member_join_restriction as join_restriction: JoinRestriction;
            /// Sets who may leave.
            optional member_depart_restriction as depart_restriction: DepartRestriction;
            /// Sets whether only authenticated senders, inside the organisation, may send to the group. Default `true`.
            optional require_sender_authentication_enabled as require_sender_authentication: bool;
            /// Exempts the name from the organisation's naming policy. Without it, the group that is created may have
            /// another name.
            switch ignore_naming_policy;
            /// Hides the members from everyone but members and owners. **It cannot be undone.**
            switch hidden_group_membership_enabled as hidden_membership;
            optional moderation_enabled: bool;
            list moderated_by: impl Into<Identity>;
            /// Sets whether a message that the moderators of a nested group approved needs no approval here.
            optional bypass_nested_moderation_enabled as bypass_nested_moderation: bool;
            /// Sets which senders are notified when a moderator rejects their message.
            optional send_moderation_notifications as moderation_notice: ModerationNotice;
            /// Sets whether the group rejects messages that have it in Bcc.
            optional bcc_blocked: bool;
            /// Sets the organisational unit that the group is created in.
            optional organizational_unit: impl Into<String>;
        }
    }
    impl {
        /// A naming policy may have changed the names, but not the address.
        fn check_output(&self, made: &DistributionGroup) -> Result<(), String> {
            match &self.primary_smtp_address {
                Some(address) if made.primary_smtp_address.is_some() && !made.has_address(address) => {
                    Err("the group that came back has another address".into())
                }
                _ => Ok(()),
            }
        }

        fn check(&self) -> Result<(), InvalidValue> {
            check_display_name(self.display_name.as_deref())?;
            check_members(&self.members)?;
            if self.kind != DistributionGroupKind::Security {
                return Ok(());
            }
            let fault =
                |field: &'static str, value: &str, rule: &'static str| Err(InvalidValue::new(field, value, rule));
            if self.more.member_join_restriction == Some(JoinRestriction::Open) {
                return fault("member join restriction", "Open", "must not be Open for a security group");
            }
            if self.more.member_depart_restriction == Some(DepartRestriction::Open) {
                return fault("member depart restriction", "Open", "must not be Open for a security group");
            }
            if self.more.moderation_enabled == Some(true) && self.more.moderated_by.is_empty() {
                return fault("moderators", "", "must be named for a security group");
            }
            Ok(())
        }
    }
}

impl NewDistributionGroup {
    /// A mail-enabled security group.
    #[must_use]
    pub fn security(name: GroupName) -> Self {
        Self { kind: DistributionGroupKind::Security, ..Self::distribution(name) }
    }

    /// A room list, which is a distribution group: permissions cannot be granted to it.
    #[must_use]
    pub fn room_list(name: GroupName) -> Self {
        Self { room_list: true, ..Self::distribution(name) }
    }

    /// Adds members.
    #[must_use]
    pub fn members<I: Into<Identity>>(mut self, members: impl IntoIterator<Item = I>) -> Self {
        self.members.extend(members.into_iter().map(Into::into));
        self
    }

    /// Enables moderation: `moderators` approve each message to the group.
    #[must_use]
    pub fn moderated_by<I: Into<Identity>>(mut self, moderators: impl IntoIterator<Item = I>) -> Self {
        self.more.moderation_enabled = Some(true);
        self.more.moderated_by.extend(moderators.into_iter().map(Into::into));
        self
    }

    /// The group's name.
    #[must_use]
    pub fn name(&self) -> &GroupName {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Cmdlet;

    fn group() -> NewDistributionGroup {
        NewDistributionGroup::security("rooms".parse().unwrap())
    }

    #[test]
    fn what_exchange_refuses_for_security_groups_is_refused_here() {
        assert!(group().check().is_ok());
        assert!(group().join_restriction(JoinRestriction::Open).check().is_err());
        assert!(group().depart_restriction(DepartRestriction::Open).check().is_err());
        assert!(group().moderated_by(Vec::<Identity>::new()).check().is_err());
        let distribution = NewDistributionGroup::distribution("rooms".parse().unwrap());
        assert!(distribution.join_restriction(JoinRestriction::Open).check().is_ok());
    }

    #[test]
    fn members_and_names_have_limits() {
        let identity = |index: usize| format!("room-{index}@contoso.com").parse::<Identity>().unwrap();
        assert!(group().members((0..10_000).map(identity)).check().is_ok());
        assert!(group().members((0..10_001).map(identity)).check().is_err());
        assert!(group().members([identity(1), identity(1)]).check().is_err());
        assert!(group().display_name("x".repeat(256)).check().is_ok());
        assert!(group().display_name("x".repeat(257)).check().is_err());
    }

    #[test]
    fn a_room_list_is_a_distribution_group() {
        let list = NewDistributionGroup::room_list("RL Building 42".parse().unwrap());
        assert_eq!(serde_json::to_string(&list).unwrap(), r#"{"Name":"RL Building 42","RoomList":true}"#);
    }
}
