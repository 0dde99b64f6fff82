use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use super::{DepartRestriction, JoinRestriction, ModerationNotice, listed};
use crate::exchange::cmdlet::{setters, settings};
use crate::exchange::values::check_display_name;
use crate::exchange::{Alias, Cmdlet, Effect, GroupName, Identity, ListChange, ProxyAddress};
use crate::ids::{InvalidValue, SmtpAddress};
use crate::text::Printable;

/// `Set-DistributionGroup`: changes a group's properties. Sending it twice does no more than sending it once.
///
/// # Permissions
///
/// To change a group that the caller does not own: Organization Management, or the role *Security Group Creation and
/// Membership*.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SetDistributionGroup {
    identity: Identity,
    display_name: Option<String>,
    managed_by: Option<ListChange<Identity>>,
    hidden_from_address_lists_enabled: Option<bool>,
    require_sender_authentication_enabled: Option<bool>,
    description: Option<String>,
    #[serde(flatten)]
    more: Box<More>,
    bypass_security_group_manager_check: bool,
}

/// What is seldom set, kept apart so that a command stays small where it is one of several.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_excessive_bools, reason = "they are the switches of the cmdlet")]
struct More {
    name: Option<GroupName>,
    alias: Option<Alias>,
    primary_smtp_address: Option<SmtpAddress>,
    email_addresses: Option<ListChange<ProxyAddress>>,
    member_join_restriction: Option<JoinRestriction>,
    member_depart_restriction: Option<DepartRestriction>,
    moderation_enabled: Option<bool>,
    moderated_by: Option<ListChange<Identity>>,
    bypass_nested_moderation_enabled: Option<bool>,
    bypass_moderation_from_senders_or_members: Option<ListChange<Identity>>,
    send_moderation_notifications: Option<ModerationNotice>,
    bcc_blocked: Option<bool>,
    mail_tip: Option<String>,
    grant_send_on_behalf_to: Option<ListChange<Identity>>,
    accept_messages_only_from_senders_or_members: Option<ListChange<Identity>>,
    reject_messages_from_senders_or_members: Option<ListChange<Identity>>,
    report_to_manager_enabled: Option<bool>,
    report_to_originator_enabled: Option<bool>,
    send_oof_message_to_originator_enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    room_list: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hidden_group_membership_enabled: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ignore_naming_policy: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    force_upgrade: bool,
    #[serde(flatten)]
    attributes: BTreeMap<String, Value>,
}

impl SetDistributionGroup {
    /// Changes to a group; nothing changes until a property is set.
    #[must_use]
    pub fn new(group: impl Into<Identity>) -> Self {
        Self {
            identity: group.into(),
            display_name: None,
            managed_by: None,
            hidden_from_address_lists_enabled: None,
            require_sender_authentication_enabled: None,
            description: None,
            more: Box::default(),
            bypass_security_group_manager_check: true,
        }
    }

    /// Names the group by another identity: by its id, once it is known, in place of its address.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<Identity>) -> Self {
        self.identity = group.into();
        self
    }

    setters! {
        /// Sets the name in the directory.
        name(GroupName) => more.name;
        /// Sets the alias.
        alias(Alias) => more.alias;
        /// Sets the primary address, which becomes one of all addresses. Not together with
        /// [`email_addresses`](Self::email_addresses).
        primary_smtp_address(SmtpAddress) => more.primary_smtp_address;
        /// Changes the addresses.
        email_addresses(ListChange<ProxyAddress>) => more.email_addresses;
        /// Says who may make himself a member.
        join_restriction(JoinRestriction) => more.member_join_restriction;
        /// Says who may leave.
        depart_restriction(DepartRestriction) => more.member_depart_restriction;
        /// Says whether moderators decide on mail to the group.
        moderation(bool) => more.moderation_enabled;
        /// Changes the moderators.
        moderators(ListChange<Identity>) => more.moderated_by;
        /// Says whether mail that a group inside this one has let through is let through here.
        bypass_nested_moderation(bool) => more.bypass_nested_moderation_enabled;
        /// Changes whose mail needs no moderator.
        unmoderated_senders(ListChange<Identity>) => more.bypass_moderation_from_senders_or_members;
        /// Sets which senders are notified when a moderator rejects their message.
        moderation_notice(ModerationNotice) => more.send_moderation_notifications;
        /// Says whether the group takes no mail that names it in Bcc.
        bcc_blocked(bool) => more.bcc_blocked;
        /// Sets the text that senders see before they write to the group.
        mail_tip(impl Into<String>) => more.mail_tip;
        /// Changes who may send on behalf of the group.
        send_on_behalf(ListChange<Identity>) => more.grant_send_on_behalf_to;
        /// Changes the only senders, or groups of senders, that may write to the group. Clearing it lets everyone write.
        accepted_senders(ListChange<Identity>) => more.accept_messages_only_from_senders_or_members;
        /// Changes the senders, or groups of senders, that may not write to the group.
        rejected_senders(ListChange<Identity>) => more.reject_messages_from_senders_or_members;
        /// Says whether owners are told of mail that was not delivered.
        report_to_manager(bool) => more.report_to_manager_enabled;
        /// Says whether senders are told of mail that was not delivered.
        report_to_originator(bool) => more.report_to_originator_enabled;
        /// Says whether members' automatic replies go to the sender.
        send_oof_to_originator(bool) => more.send_oof_message_to_originator_enabled;
    }

    /// Makes the group a room list.
    #[must_use]
    pub fn make_room_list(mut self) -> Self {
        self.more.room_list = true;
        self
    }

    /// Hides the members from everyone but members and owners. **It cannot be undone.**
    #[must_use]
    pub fn hidden_membership(mut self) -> Self {
        self.more.hidden_group_membership_enabled = true;
        self
    }

    /// Takes a new name as it is, past the organisation's naming policy.
    #[must_use]
    pub fn ignore_naming_policy(mut self) -> Self {
        self.more.ignore_naming_policy = true;
        self
    }

    /// Changes a group that an older Exchange made without asking first.
    #[must_use]
    pub fn force_upgrade(mut self) -> Self {
        self.more.force_upgrade = true;
        self
    }

    /// Sets one of fifteen attributes that an organisation may use as it likes. Empty text clears it.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] unless `number` is 1 to 15 and the text has at most 1,024 characters.
    pub fn custom_attribute(mut self, number: u8, value: impl Into<String>) -> Result<Self, InvalidValue> {
        let value = value.into();
        if !(1..=15).contains(&number) {
            return Err(InvalidValue::new("custom attribute", number.to_string(), "must be 1 to 15"));
        }
        if value.chars().count() > 1024 {
            return Err(InvalidValue::new("custom attribute", value, "must have at most 1,024 characters"));
        }
        self.more.attributes.insert(format!("CustomAttribute{number}"), value.into());
        Ok(self)
    }

    /// Changes one of five lists that an organisation may use as it likes.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] unless `number` is 1 to 5.
    pub fn extension_attribute(mut self, number: u8, change: &ListChange<String>) -> Result<Self, InvalidValue> {
        if !(1..=5).contains(&number) {
            return Err(InvalidValue::new("extension custom attribute", number.to_string(), "must be 1 to 5"));
        }
        let value = serde_json::to_value(change).unwrap_or_default();
        self.more.attributes.insert(format!("ExtensionCustomAttribute{number}"), value);
        Ok(self)
    }

    /// Sets the name that people see.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// Changes the owners.
    #[must_use]
    pub fn owners(mut self, owners: ListChange<Identity>) -> Self {
        self.managed_by = Some(owners);
        self
    }

    /// Says whether the address list hides the group.
    #[must_use]
    pub fn hidden_from_address_lists(mut self, hidden: bool) -> Self {
        self.hidden_from_address_lists_enabled = Some(hidden);
        self
    }

    /// Says whether only senders inside the organisation may write to the group.
    #[must_use]
    pub fn require_sender_authentication(mut self, required: bool) -> Self {
        self.require_sender_authentication_enabled = Some(required);
        self
    }

    /// Sets the description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Says whether to change a group that the caller does not own. Default `true`.
    #[must_use]
    pub fn bypass_manager_check(mut self, bypass: bool) -> Self {
        self.bypass_security_group_manager_check = bypass;
        self
    }
}

impl Cmdlet for SetDistributionGroup {
    const NAME: &'static str = "Set-DistributionGroup";
    const EFFECT: Effect = Effect::Write;
    type Output = ();

    fn check(&self) -> Result<(), InvalidValue> {
        check_display_name(self.display_name.as_deref())?;
        // A stored command may hold any parameter where these are kept.
        let is_known = |name: &&String| name.trim_start_matches("Extension").starts_with("CustomAttribute");
        if let Some(name) = self.more.attributes.keys().find(|name| !is_known(name)) {
            return Err(InvalidValue::new("parameter", name, "must be one of Set-DistributionGroup"));
        }
        if self.more.email_addresses.is_some()
            && let Some(address) = &self.more.primary_smtp_address
        {
            let rule = "must not be set together with the list of addresses";
            return Err(InvalidValue::new("primary address", address.as_str(), rule));
        }
        Ok(())
    }
}

/// What the sentence has words of its own for.
const SAID_ABOVE: &[&str] =
    &["DisplayName", "ManagedBy", "HiddenFromAddressListsEnabled", "RequireSenderAuthenticationEnabled", "Description"];

impl fmt::Display for SetDistributionGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change the group {}:", self.identity)?;
        let mut separator = " ";
        let mut part = |f: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>| {
            f.write_str(separator)?;
            separator = ", ";
            f.write_fmt(text)
        };
        if let Some(name) = &self.display_name {
            part(f, format_args!("display name \"{}\"", Printable(name)))?;
        }
        match &self.managed_by {
            None => {}
            Some(ListChange::Replace(owners)) => part(f, format_args!("owned by {} alone", listed(owners)))?,
            Some(ListChange::Alter { add, remove }) => {
                if !add.is_empty() {
                    part(f, format_args!("also owned by {}", listed(add)))?;
                }
                if !remove.is_empty() {
                    part(f, format_args!("no longer owned by {}", listed(remove)))?;
                }
            }
        }
        if let Some(hidden) = self.hidden_from_address_lists_enabled {
            part(f, format_args!("{} in the address list", if hidden { "hidden" } else { "shown" }))?;
        }
        if let Some(required) = self.require_sender_authentication_enabled {
            part(f, format_args!("mail from {}", if required { "inside only" } else { "anyone" }))?;
        }
        if let Some(description) = &self.description {
            part(f, format_args!("description \"{}\"", Printable(description)))?;
        }
        for (name, value) in settings(self, SAID_ABOVE) {
            part(f, format_args!("{name} {value}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> SetDistributionGroup {
        SetDistributionGroup::new("rooms".parse::<Identity>().unwrap())
    }

    #[test]
    fn addresses_are_one_list_or_one_address_and_attributes_have_numbers() {
        let address: SmtpAddress = "rooms@contoso.com".parse().unwrap();
        let change = ListChange::Alter { add: vec![ProxyAddress::secondary(address.clone())], remove: vec![] };
        assert!(set().email_addresses(change.clone()).check().is_ok());
        assert!(set().email_addresses(change).primary_smtp_address(address).check().is_err());
        assert!(set().custom_attribute(16, "x").is_err() && set().custom_attribute(15, "x").is_ok());
        assert!(set().extension_attribute(6, &ListChange::Replace(vec![])).is_err());
    }

    #[test]
    fn the_sentence_names_every_change() {
        let change = set().display_name("Rooms").bcc_blocked(true).custom_attribute(3, "B42").unwrap();
        let sentence = "Change the group rooms: display name \"Rooms\", BccBlocked true, CustomAttribute3 B42";
        assert_eq!(change.to_string(), sentence);
        let back: SetDistributionGroup = serde_json::from_value(serde_json::to_value(&change).unwrap()).unwrap();
        assert_eq!(back, change);
    }
}
