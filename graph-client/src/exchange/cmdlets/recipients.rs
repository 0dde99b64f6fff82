use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use uuid::Uuid;

use crate::exchange::values::ResultSize;
use crate::exchange::{Cmdlet, Effect, Filter, Identity, Property, Quota, lenient};
use crate::ids::SmtpAddress;
use crate::text::Printable;

/// `Get-Mailbox`: mailboxes, with `ResultSize` unlimited.
///
/// # Permissions
///
/// View-Only Recipients, which Exchange Administrator, Exchange Recipient Administrator and Global Reader have.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetMailbox {
    identity: Option<Identity>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recipient_type_details: Vec<String>,
    filter: Option<Filter>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    include_inactive_mailbox: bool,
    #[serde(default)]
    result_size: ResultSize,
    #[serde(skip)]
    select: Vec<Property>,
}

impl GetMailbox {
    /// One mailbox, or none with [`NotFound`](crate::ErrorKind::NotFound).
    #[must_use]
    pub fn one(identity: impl Into<Identity>) -> Self {
        Self { identity: Some(identity.into()), ..Self::default() }
    }

    /// All mailboxes.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

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

    /// Limits the list to mailboxes that meet a condition.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Lists mailboxes of deleted users too, which a hold keeps.
    #[must_use]
    pub fn with_inactive(mut self) -> Self {
        self.include_inactive_mailbox = true;
        self
    }

    /// Limits each mailbox to some properties, as `Get-EXOMailbox` does; the others come back as if they were not set.
    ///
    /// `Get-EXOMailbox` itself runs inside the PowerShell module, not in the service.
    #[must_use]
    pub fn select(mut self, properties: impl IntoIterator<Item = Property>) -> Self {
        self.select.extend(properties);
        self
    }
}

impl Cmdlet for GetMailbox {
    const NAME: &'static str = "Get-Mailbox";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<Mailbox>;

    fn select(&self) -> &[Property] {
        &self.select
    }
}

impl fmt::Display for GetMailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.identity, &*self.recipient_type_details) {
            (Some(identity), _) => write!(f, "Read the mailbox {identity}"),
            (None, []) => f.write_str("List all mailboxes"),
            (None, types) => write!(f, "List all mailboxes of type {}", Printable(types.join(", "))),
        }?;
        match &self.filter {
            Some(filter) => write!(f, " with {filter}"),
            None => Ok(()),
        }
    }
}

/// A mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Mailbox {
    /// The object id in Entra. System mailboxes have none.
    #[serde(deserialize_with = "lenient::guid")]
    pub external_directory_object_id: Option<Uuid>,
    /// The mailbox's own GUID.
    #[serde(deserialize_with = "lenient::guid")]
    pub exchange_guid: Option<Uuid>,
    /// The address that mail is sent from.
    #[serde(deserialize_with = "lenient::address")]
    pub primary_smtp_address: Option<SmtpAddress>,
    /// All addresses of type SMTP, the primary one among them.
    #[serde(deserialize_with = "lenient::smtp_addresses")]
    pub email_addresses: Vec<SmtpAddress>,
    /// The name that people see.
    #[serde(deserialize_with = "lenient::text")]
    pub display_name: Option<String>,
    /// The name in the directory; for cloud users it is often the object id.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The alias.
    #[serde(deserialize_with = "lenient::text")]
    pub alias: Option<String>,
    /// `RoomMailbox`, `UserMailbox`, …
    #[serde(deserialize_with = "lenient::text")]
    pub recipient_type_details: Option<String>,
    /// `Room`, `Equipment` or `Workspace`; nothing for a person.
    #[serde(deserialize_with = "lenient::text")]
    pub resource_type: Option<String>,
    /// How many people fit into the room.
    #[serde(deserialize_with = "lenient::number")]
    pub resource_capacity: Option<i64>,
    /// The office, which many organisations use for the building.
    #[serde(deserialize_with = "lenient::text")]
    pub office: Option<String>,
    /// Whether the mailbox is synchronised from on-premises Active Directory.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_dir_synced: Option<bool>,
    /// Whether the address list hides it.
    #[serde(deserialize_with = "lenient::boolean")]
    pub hidden_from_address_lists_enabled: Option<bool>,
    /// The first of fifteen attributes that an organisation may use as it likes.
    #[serde(deserialize_with = "lenient::text")]
    pub custom_attribute1: Option<String>,
    /// The distinguished name.
    #[serde(deserialize_with = "lenient::text")]
    pub distinguished_name: Option<String>,
    /// The name to sign in with.
    #[serde(deserialize_with = "lenient::text")]
    pub user_principal_name: Option<String>,
    /// How large the mailbox may become before nothing can be sent from it.
    pub prohibit_send_quota: Option<Quota>,
    /// How large the mailbox may become before nothing arrives in it.
    pub prohibit_send_receive_quota: Option<Quota>,
    /// How long deleted items are kept.
    #[serde(deserialize_with = "lenient::time_span")]
    pub retain_deleted_items_for: Option<Duration>,
}

/// `Get-Recipient`: anything that mail can be sent to.
///
/// # Permissions
///
/// View-Only Recipients, as [`GetMailbox`].
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetRecipient {
    identity: Option<Identity>,
    filter: Option<Filter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recipient_type_details: Vec<String>,
    #[serde(default)]
    result_size: ResultSize,
}

impl GetRecipient {
    /// The recipient with this identity, or none with [`NotFound`](crate::ErrorKind::NotFound).
    #[must_use]
    pub fn new(identity: impl Into<Identity>) -> Self {
        Self { identity: Some(identity.into()), ..Self::default() }
    }

    /// All recipients that meet a condition: with the filter of a management scope, those that the scope reaches.
    #[must_use]
    pub fn matching(filter: Filter) -> Self {
        Self { filter: Some(filter), ..Self::default() }
    }

    /// Limits the list to some types, such as `RoomMailbox` or `MailUniversalSecurityGroup`.
    #[must_use]
    pub fn of_type(mut self, types: &[&str]) -> Self {
        self.recipient_type_details.extend(types.iter().map(|&text| text.to_owned()));
        self
    }
}

impl Cmdlet for GetRecipient {
    const NAME: &'static str = "Get-Recipient";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<Recipient>;
}

impl fmt::Display for GetRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.identity, &self.filter) {
            (Some(identity), _) => write!(f, "Look up the recipient {identity}"),
            (None, Some(filter)) => write!(f, "List the recipients with {filter}"),
            (None, None) => f.write_str("List all recipients"),
        }
    }
}

/// Anything that mail can be sent to, and what a group has as a member.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Recipient {
    /// The object id in Entra. Some recipients have none.
    #[serde(deserialize_with = "lenient::guid")]
    pub external_directory_object_id: Option<Uuid>,
    /// The object's GUID in Exchange.
    #[serde(deserialize_with = "lenient::guid")]
    pub guid: Option<Uuid>,
    /// The primary address. Some recipients have none.
    #[serde(deserialize_with = "lenient::address")]
    pub primary_smtp_address: Option<SmtpAddress>,
    /// All addresses of type SMTP, where the service sends them.
    #[serde(deserialize_with = "lenient::smtp_addresses")]
    pub email_addresses: Vec<SmtpAddress>,
    /// The name that people see.
    #[serde(deserialize_with = "lenient::text")]
    pub display_name: Option<String>,
    /// The name in the directory; for cloud users it is often the object id.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The alias.
    #[serde(deserialize_with = "lenient::text")]
    pub alias: Option<String>,
    /// `UserMailbox`, `MailUniversalSecurityGroup`, …
    #[serde(deserialize_with = "lenient::text")]
    pub recipient_type: Option<String>,
    /// `RoomMailbox`, `SharedMailbox`, `MailUser`, …
    #[serde(deserialize_with = "lenient::text")]
    pub recipient_type_details: Option<String>,
    /// Whether it can be the scope of an access policy.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_valid_security_principal: Option<bool>,
    /// Whether it is synchronised from on-premises Active Directory.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_dir_synced: Option<bool>,
    /// The distinguished name.
    #[serde(deserialize_with = "lenient::text")]
    pub distinguished_name: Option<String>,
}

impl Recipient {
    /// The identity to name it by: the Entra object id, else the GUID, else the address.
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
