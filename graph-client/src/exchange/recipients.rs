use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use uuid::Uuid;

use super::values::ResultSize;
use super::{Cmdlet, Effect, Identity, lenient};
use crate::SmtpAddress;

/// `Get-Mailbox`: mailboxes, with `ResultSize` unlimited.
///
/// # Permissions
///
/// View-Only Recipients, which Exchange Administrator, Exchange Recipient Administrator and Global Reader have.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetMailbox {
    identity: Option<Identity>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recipient_type_details: Vec<String>,
    #[serde(default)]
    result_size: ResultSize,
}

impl GetMailbox {
    /// One mailbox, or none with [`NotFound`](crate::ErrorKind::NotFound).
    #[must_use]
    pub fn one(identity: impl Into<Identity>) -> Self {
        Self { identity: Some(identity.into()), recipient_type_details: Vec::new(), result_size: ResultSize::Unlimited }
    }

    /// All room mailboxes.
    #[must_use]
    pub fn rooms() -> Self {
        Self::of_type(&["RoomMailbox"])
    }

    /// All mailboxes of some types, such as `RoomMailbox`, `EquipmentMailbox`, `SharedMailbox` or `UserMailbox`.
    #[must_use]
    pub fn of_type(types: &[&str]) -> Self {
        Self {
            identity: None,
            recipient_type_details: types.iter().map(|&text| text.to_owned()).collect(),
            result_size: ResultSize::Unlimited,
        }
    }
}

impl Cmdlet for GetMailbox {
    const NAME: &'static str = "Get-Mailbox";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<Mailbox>;
}

impl fmt::Display for GetMailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.identity, &*self.recipient_type_details) {
            (Some(identity), _) => write!(f, "Read the mailbox {identity}"),
            (None, []) => f.write_str("List all mailboxes"),
            (None, types) => write!(f, "List all mailboxes of type {}", types.join(", ")),
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
    pub display_name: Option<String>,
    /// The name in the directory; for cloud users it is often the object id.
    pub name: Option<String>,
    /// The alias.
    pub alias: Option<String>,
    /// `RoomMailbox`, `UserMailbox`, …
    pub recipient_type_details: Option<String>,
    /// `Room`, `Equipment` or `Workspace`; nothing for a person.
    pub resource_type: Option<String>,
    /// How many people fit into the room.
    #[serde(deserialize_with = "lenient::number")]
    pub resource_capacity: Option<i64>,
    /// The office, which many organisations use for the building.
    pub office: Option<String>,
    /// Whether the mailbox is kept on premises.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_dir_synced: Option<bool>,
    /// Whether the address list hides it.
    #[serde(deserialize_with = "lenient::boolean")]
    pub hidden_from_address_lists_enabled: Option<bool>,
    /// The first of fifteen attributes that an organisation may use as it likes.
    pub custom_attribute1: Option<String>,
    /// The distinguished name.
    pub distinguished_name: Option<String>,
}

/// `Get-Recipient`: anything that mail can be sent to.
///
/// # Permissions
///
/// View-Only Recipients, as [`GetMailbox`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetRecipient {
    identity: Identity,
    #[serde(default)]
    result_size: ResultSize,
}

impl GetRecipient {
    /// The recipient with this identity, or none with [`NotFound`](crate::ErrorKind::NotFound).
    #[must_use]
    pub fn new(identity: impl Into<Identity>) -> Self {
        Self { identity: identity.into(), result_size: ResultSize::Unlimited }
    }
}

impl Cmdlet for GetRecipient {
    const NAME: &'static str = "Get-Recipient";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<Recipient>;
}

impl fmt::Display for GetRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Look up the recipient {}", self.identity)
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
    pub display_name: Option<String>,
    /// The name in the directory; for cloud users it is often the object id.
    pub name: Option<String>,
    /// The alias.
    pub alias: Option<String>,
    /// `UserMailbox`, `MailUniversalSecurityGroup`, …
    pub recipient_type: Option<String>,
    /// `RoomMailbox`, `SharedMailbox`, `MailUser`, …
    pub recipient_type_details: Option<String>,
    /// Whether it can be the scope of an access policy.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_valid_security_principal: Option<bool>,
    /// Whether it is kept on premises.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_dir_synced: Option<bool>,
    /// The distinguished name.
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
