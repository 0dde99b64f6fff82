use std::time::Duration;

use uuid::Uuid;

use crate::exchange::macros::{cmdlet, record};
use crate::exchange::{Identity, OpathFilter, Quota};
use crate::ids::SmtpAddress;
use crate::text::Printable;

cmdlet! {
    /// reads mailboxes, with `ResultSize` unlimited.
    ///
    /// `Get-EXOMailbox`, which limits the properties of each mailbox, runs inside the PowerShell module and not in the
    /// service; [`select`](Self::select) does the same here.
    Read "Get-Mailbox" => GetMailbox -> Vec<ExchangeMailbox>, end_point "Mailbox";
    permissions "View-Only Recipients, which Exchange Administrator, Exchange Recipient Administrator and Global Reader have.";
    display |self, f| {
        match (&self.identity, &*self.recipient_type_details) {
            (Some(identity), _) => write!(f, "Read the mailbox {identity}"),
            (None, []) => f.write_str("List all mailboxes"),
            (None, types) => write!(f, "List all mailboxes of type {}", Printable(types.join(", "))),
        }?;
        match &self.filter {
            Some(filter) => write!(f, " with {filter}"),
            None => Ok(()),
        }
    };

    /// All mailboxes.
    fn all {
        /// One mailbox.
        one identity as identity;
        list recipient_type_details: impl Into<String>;
        /// Limits the list to mailboxes that meet a condition.
        optional filter: OpathFilter;
        /// Includes inactive mailboxes: those of deleted users, which a hold keeps.
        switch include_inactive_mailbox as with_inactive;
        result_size;
        select;
    }
}

impl GetMailbox {
    /// All room mailboxes.
    #[must_use]
    pub fn rooms() -> Self {
        Self::of_type(&["RoomMailbox"])
    }

    /// All mailboxes of some types, such as `RoomMailbox`, `EquipmentMailbox`, `SharedMailbox` or `UserMailbox`.
    #[must_use]
    pub fn of_type(types: &[&str]) -> Self {
        Self { recipient_type_details: types.iter().map(|&text| text.to_owned()).collect(), ..Self::default() }
    }
}

record! {
    /// A mailbox, as Exchange knows it.
    pub struct ExchangeMailbox {
        /// The object id in Entra ID. System mailboxes have none.
        pub external_directory_object_id: Option<Uuid>,
        /// The mailbox's own GUID.
        pub exchange_guid: Option<Uuid>,
        /// The primary address, which mail is sent from.
        pub primary_smtp_address: Option<SmtpAddress>,
        /// All addresses of type SMTP, the primary one among them.
        pub email_addresses: Vec<SmtpAddress>,
        /// The display name.
        pub display_name: Option<String>,
        /// The name in the directory; for cloud users it is often the object id.
        pub name: Option<String>,
        /// The alias.
        pub alias: Option<String>,
        /// `RoomMailbox`, `UserMailbox`, …
        pub recipient_type_details: Option<String>,
        /// `Room`, `Equipment` or `Workspace`; `None` for a user mailbox.
        pub resource_type: Option<String>,
        /// The capacity of the resource: how many people the room has space for.
        pub resource_capacity: Option<i64>,
        /// The office, which many organisations use for the building.
        pub office: Option<String>,
        /// Whether the mailbox is synchronised from on-premises Active Directory.
        pub is_dir_synced: Option<bool>,
        /// Whether the mailbox is hidden from address lists.
        pub hidden_from_address_lists_enabled: Option<bool>,
        /// The first of fifteen custom attributes, which an organisation uses as it likes.
        pub custom_attribute1: Option<String>,
        /// The distinguished name.
        pub distinguished_name: Option<String>,
        /// The user principal name, which the user signs in with.
        pub user_principal_name: Option<String>,
        /// The size of the mailbox at which it can no longer send.
        pub prohibit_send_quota: Option<Quota>,
        /// The size of the mailbox at which it can neither send nor receive.
        pub prohibit_send_receive_quota: Option<Quota>,
        /// How long deleted items are retained.
        pub retain_deleted_items_for: Option<Duration>,
    }
}

cmdlet! {
    /// changes whether address lists show a mailbox. It is idempotent.
    ///
    /// A mailbox that is synchronised from on-premises Active Directory is changed there; here it fails with
    /// [`DirectorySynced`](crate::exchange::CmdletErrorKind::DirectorySynced).
    Write "Set-Mailbox" => SetMailbox -> ();
    permissions "Mail Recipients, which Exchange Administrator and Exchange Recipient Administrator have.";
    changes "Change the mailbox {identity}";

    /// Changes to a mailbox; nothing changes until a setting is given.
    fn new {
        required identity as mailbox: impl Into<Identity>;
        /// Sets whether the mailbox is hidden from address lists. Default `false`.
        ///
        /// A hidden room is missing from Graph's lists of places.
        optional hidden_from_address_lists_enabled as hidden_from_address_lists: bool;
        confirm;
    }
}

cmdlet! {
    /// reads recipients: every object that mail can be sent to.
    Read "Get-Recipient" => GetRecipient -> Vec<ExchangeRecipient>;
    permissions "View-Only Recipients, as [`GetMailbox`].";
    display |self, f| match (&self.identity, &self.filter) {
        (Some(identity), _) => write!(f, "Look up the recipient {identity}"),
        (None, Some(filter)) => write!(f, "List the recipients with {filter}"),
        (None, None) => f.write_str("List all recipients"),
    };

    /// All recipients.
    fn all {
        optional identity: Identity;
        /// All recipients that meet a condition: with the filter of a management scope, those in the scope.
        matching filter;
        list recipient_type_details: impl Into<String>;
        result_size;
    }
}

impl GetRecipient {
    /// The recipient with this identity; [`NotFound`](crate::ErrorKind::NotFound) when there is none.
    #[must_use]
    pub fn new(identity: impl Into<Identity>) -> Self {
        Self { identity: Some(identity.into()), ..Self::all() }
    }

    /// Limits the list to some types, such as `RoomMailbox` or `MailUniversalSecurityGroup`.
    #[must_use]
    pub fn of_type(mut self, types: &[&str]) -> Self {
        self.recipient_type_details.extend(types.iter().map(|&text| text.to_owned()));
        self
    }
}

record! {
    /// A recipient: an object that mail can be sent to, or a member of a group.
    pub struct ExchangeRecipient {
        /// The object id in Entra ID. Some recipients have none.
        pub external_directory_object_id: Option<Uuid>,
        /// The object's GUID in Exchange.
        pub guid: Option<Uuid>,
        /// The primary address. Some recipients have none.
        pub primary_smtp_address: Option<SmtpAddress>,
        /// All addresses of type SMTP, where the service sends them.
        pub email_addresses: Vec<SmtpAddress>,
        /// The display name.
        pub display_name: Option<String>,
        /// The name in the directory; for cloud users it is often the object id.
        pub name: Option<String>,
        /// The alias.
        pub alias: Option<String>,
        /// `UserMailbox`, `MailUniversalSecurityGroup`, …
        pub recipient_type: Option<String>,
        /// `RoomMailbox`, `SharedMailbox`, `MailUser`, …
        pub recipient_type_details: Option<String>,
        /// Whether it is a security principal, which can be the scope of an application access policy.
        pub is_valid_security_principal: Option<bool>,
        /// Whether it is synchronised from on-premises Active Directory.
        pub is_dir_synced: Option<bool>,
        /// The distinguished name.
        pub distinguished_name: Option<String>,
    }
}

impl ExchangeRecipient {
    /// The identity that commands name the recipient by: the Entra object id, else the GUID, else the address.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.external_directory_object_id
            .or(self.guid)
            .map(Identity::from)
            .or_else(|| self.primary_smtp_address.as_ref().map(Identity::from))
    }

    /// Whether it is a mailbox of Exchange Online, whatever its use.
    #[must_use]
    pub fn is_mailbox(&self) -> bool {
        let is_here = |kind: &str| kind.ends_with("Mailbox") && !kind.starts_with("Remote") && kind != "GroupMailbox";
        self.recipient_type_details.as_deref().is_some_and(is_here)
            || self.recipient_type.as_deref() == Some("UserMailbox")
    }
}
