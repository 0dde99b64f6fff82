use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::{DepartRestriction, JoinRestriction, ModerationNotice, listed};
use crate::exchange::cmdlet::settings;
use crate::exchange::macros::cmdlet;
use crate::exchange::values::check_display_name;
use crate::exchange::{Alias, GroupName, Identity, ListChange, ProxyAddress};
use crate::ids::{InvalidValue, SmtpAddress};
use crate::text::Printable;

cmdlet! {
    /// changes a group's properties. It is idempotent.
    Write "Set-DistributionGroup" => SetDistributionGroup -> ();
    permissions "To change a group that the caller does not own: Organization Management, or the role *Security Group Creation and Membership*.";
    display |self, f| self.changes(f);

    /// Changes to a group; nothing changes until a property is set.
    fn new {
        required identity as group: impl Into<Identity>;
        /// Sets the display name.
        optional display_name: impl Into<String>;
        /// Changes the owners.
        optional managed_by as owners: ListChange<Identity>;
        /// Sets whether the group is hidden from address lists.
        optional hidden_from_address_lists_enabled as hidden_from_address_lists: bool;
        /// Sets whether only authenticated senders, inside the organisation, may send to the group.
        optional require_sender_authentication_enabled as require_sender_authentication: bool;
        /// Sets the description.
        optional description: impl Into<String>;
        rarely More in more {
            /// Sets the name in the directory.
            optional name: GroupName;
            /// Sets the alias.
            optional alias: Alias;
            /// Sets the primary address, which becomes one of all addresses. Not together with
            /// [`email_addresses`](Self::email_addresses).
            optional primary_smtp_address: SmtpAddress;
            /// Changes the addresses.
            optional email_addresses: ListChange<ProxyAddress>;
            /// Sets who may join.
            optional member_join_restriction as join_restriction: JoinRestriction;
            /// Sets who may leave.
            optional member_depart_restriction as depart_restriction: DepartRestriction;
            /// Sets whether moderators approve messages to the group.
            optional moderation_enabled as moderation: bool;
            /// Changes the moderators.
            optional moderated_by as moderators: ListChange<Identity>;
            /// Sets whether a message that the moderators of a nested group approved needs no approval here.
            optional bypass_nested_moderation_enabled as bypass_nested_moderation: bool;
            /// Changes the senders, or groups of senders, whose messages need no approval.
            optional bypass_moderation_from_senders_or_members as unmoderated_senders: ListChange<Identity>;
            /// Sets which senders are notified when a moderator rejects their message.
            optional send_moderation_notifications as moderation_notice: ModerationNotice;
            /// Sets whether the group rejects messages that have it in Bcc.
            optional bcc_blocked: bool;
            /// Sets the mail tip, which senders see before they write to the group.
            optional mail_tip: impl Into<String>;
            /// Changes the users who may send on behalf of the group.
            optional grant_send_on_behalf_to as send_on_behalf: ListChange<Identity>;
            /// Changes the senders, or groups of senders, from which alone the group accepts messages. Clearing the list
            /// accepts every sender.
            optional accept_messages_only_from_senders_or_members as accepted_senders: ListChange<Identity>;
            /// Changes the senders, or groups of senders, whose messages the group rejects.
            optional reject_messages_from_senders_or_members as rejected_senders: ListChange<Identity>;
            /// Sets whether delivery reports are sent to the owners.
            optional report_to_manager_enabled as report_to_manager: bool;
            /// Sets whether delivery reports are sent to the sender.
            optional report_to_originator_enabled as report_to_originator: bool;
            /// Sets whether the automatic replies of members are sent to the sender.
            optional send_oof_message_to_originator_enabled as send_oof_to_originator: bool;
            /// Converts the group to a room list.
            switch room_list as make_room_list;
            /// Hides the members from everyone but members and owners. **It cannot be undone.**
            switch hidden_group_membership_enabled as hidden_membership;
            /// Exempts a new name from the organisation's naming policy.
            switch ignore_naming_policy;
            /// Upgrades a group that an older version of Exchange created, without confirmation.
            switch force_upgrade;
            #[serde(flatten)]
            field attributes: BTreeMap<String, Value> = BTreeMap::new();
        }
        bypass_manager_check;
        with_group;
    }
    impl {
        fn check(&self) -> Result<(), InvalidValue> {
            check_display_name(self.display_name.as_deref())?;
            // A stored command may hold any parameter in this table.
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
}

impl SetDistributionGroup {
    /// Sets one of the fifteen custom attributes, which an organisation uses as it likes. Empty text clears it.
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

    /// Changes one of the five extension custom attributes: lists which an organisation uses as it likes.
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

    fn changes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// The parameters that the sentence has words of its own for.
const SAID_ABOVE: &[&str] =
    &["DisplayName", "ManagedBy", "HiddenFromAddressListsEnabled", "RequireSenderAuthenticationEnabled", "Description"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Cmdlet;

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
