use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::{DepartRestriction, DistributionGroup, GroupKind, JoinRestriction, ModerationNotice, listed};
use crate::exchange::cmdlet::setters;
use crate::exchange::cmdlets::members::check_members;
use crate::exchange::values::check_display_name;
use crate::exchange::{Alias, Cmdlet, Effect, GroupName, Identity};
use crate::ids::{InvalidValue, SmtpAddress};

/// `New-DistributionGroup`: makes a distribution group, a mail-enabled security group or a room list.
///
/// # Permissions
///
/// Exchange Administrator; for a security group, the Exchange role *Security Group Creation and Membership*.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NewDistributionGroup {
    name: GroupName,
    display_name: Option<String>,
    alias: Option<Alias>,
    #[serde(rename = "Type", default, skip_serializing_if = "GroupKind::is_default")]
    kind: GroupKind,
    primary_smtp_address: Option<SmtpAddress>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    managed_by: Vec<Identity>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<Identity>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    room_list: bool,
    description: Option<String>,
    #[serde(flatten)]
    more: Box<More>,
}

/// What is seldom set, kept apart so that a command stays small where it is one of several.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct More {
    notes: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    copy_owner_to_member: bool,
    member_join_restriction: Option<JoinRestriction>,
    member_depart_restriction: Option<DepartRestriction>,
    require_sender_authentication_enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ignore_naming_policy: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hidden_group_membership_enabled: bool,
    moderation_enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    moderated_by: Vec<Identity>,
    bypass_nested_moderation_enabled: Option<bool>,
    send_moderation_notifications: Option<ModerationNotice>,
    bcc_blocked: Option<bool>,
    organizational_unit: Option<String>,
}

impl NewDistributionGroup {
    /// A mail-enabled security group.
    #[must_use]
    pub fn security(name: GroupName) -> Self {
        Self::of_kind(name, GroupKind::Security)
    }

    /// A distribution group.
    #[must_use]
    pub fn distribution(name: GroupName) -> Self {
        Self::of_kind(name, GroupKind::Distribution)
    }

    /// A room list, which is a distribution group: it carries no permission.
    #[must_use]
    pub fn room_list(name: GroupName) -> Self {
        Self { room_list: true, ..Self::of_kind(name, GroupKind::Distribution) }
    }

    fn of_kind(name: GroupName, kind: GroupKind) -> Self {
        Self {
            name,
            display_name: None,
            alias: None,
            kind,
            primary_smtp_address: None,
            managed_by: Vec::new(),
            members: Vec::new(),
            room_list: false,
            description: None,
            more: Box::default(),
        }
    }

    /// Sets the alias. Without it Exchange makes one from the name.
    #[must_use]
    pub fn alias(mut self, alias: Alias) -> Self {
        self.alias = Some(alias);
        self
    }

    /// Sets the address. Its domain must be accepted. Without it: the alias at the default domain.
    #[must_use]
    pub fn primary_smtp_address(mut self, address: SmtpAddress) -> Self {
        self.primary_smtp_address = Some(address);
        self
    }

    /// Adds an owner: a mailbox, a mail user or a mail-enabled security group. Owners are not members.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<Identity>) -> Self {
        self.managed_by.push(owner.into());
        self
    }

    /// Adds a member.
    #[must_use]
    pub fn member(mut self, member: impl Into<Identity>) -> Self {
        self.members.push(member.into());
        self
    }

    /// Sets the description, which administrators see.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Adds members.
    #[must_use]
    pub fn members<I: Into<Identity>>(mut self, members: impl IntoIterator<Item = I>) -> Self {
        self.members.extend(members.into_iter().map(Into::into));
        self
    }

    /// Makes the owners members as well.
    #[must_use]
    pub fn owners_are_members(mut self) -> Self {
        self.more.copy_owner_to_member = true;
        self
    }

    /// Takes the name as it is, past the organisation's naming policy. Without it, the group that is made may have
    /// another name.
    #[must_use]
    pub fn ignore_naming_policy(mut self) -> Self {
        self.more.ignore_naming_policy = true;
        self
    }

    /// Hides the members from everyone but members and owners. **It cannot be undone.**
    #[must_use]
    pub fn hidden_membership(mut self) -> Self {
        self.more.hidden_group_membership_enabled = true;
        self
    }

    /// Lets `moderators` decide on each mail to the group.
    #[must_use]
    pub fn moderated_by<I: Into<Identity>>(mut self, moderators: impl IntoIterator<Item = I>) -> Self {
        self.more.moderation_enabled = Some(true);
        self.more.moderated_by.extend(moderators.into_iter().map(Into::into));
        self
    }

    setters! {
        /// Sets the name that people see: at most 256 characters. Default: the name.
        display_name(impl Into<String>) => display_name;
        /// Sets notes, which administrators see.
        notes(impl Into<String>) => more.notes;
        /// Says who may make himself a member.
        join_restriction(JoinRestriction) => more.member_join_restriction;
        /// Says who may leave.
        depart_restriction(DepartRestriction) => more.member_depart_restriction;
        /// Says whether only senders inside the organisation may write to the group. Default `true`.
        require_sender_authentication(bool) => more.require_sender_authentication_enabled;
        /// Says whether mail that a group inside this one has let through is let through here.
        bypass_nested_moderation(bool) => more.bypass_nested_moderation_enabled;
        /// Sets which senders are notified when a moderator rejects their message.
        moderation_notice(ModerationNotice) => more.send_moderation_notifications;
        /// Says whether the group takes no mail that names it in Bcc.
        bcc_blocked(bool) => more.bcc_blocked;
        /// Sets the organisational unit that the group is made in.
        organizational_unit(impl Into<String>) => more.organizational_unit;
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &GroupName {
        &self.name
    }
}

impl Cmdlet for NewDistributionGroup {
    const NAME: &'static str = "New-DistributionGroup";
    const EFFECT: Effect = Effect::Write;
    type Output = DistributionGroup;

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
        if self.kind != GroupKind::Security {
            return Ok(());
        }
        let fault = |field: &'static str, value: &str, rule: &'static str| Err(InvalidValue::new(field, value, rule));
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

impl fmt::Display for NewDistributionGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match (self.kind, self.room_list) {
            (_, true) => "room list",
            (GroupKind::Security, _) => "mail-enabled security group",
            (GroupKind::Distribution, _) => "distribution group",
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
