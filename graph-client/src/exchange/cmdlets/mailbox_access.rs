//! What a mailbox is open to besides its owner: protocols, and who may open all of it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use uuid::Uuid;

use crate::exchange::values::ResultSize;
use crate::exchange::{Cmdlet, Effect, Identity, lenient};
use crate::ids::SmtpAddress;

/// `Get-CASMailbox`: which protocols mailboxes can be opened by.
///
/// # Permissions
///
/// View-Only Recipients.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetCasMailbox {
    identity: Option<Identity>,
    #[serde(default)]
    result_size: ResultSize,
}

impl GetCasMailbox {
    /// One mailbox, or none with [`NotFound`](crate::ErrorKind::NotFound).
    #[must_use]
    pub fn one(mailbox: impl Into<Identity>) -> Self {
        Self { identity: Some(mailbox.into()), ..Self::default() }
    }

    /// All mailboxes.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }
}

impl Cmdlet for GetCasMailbox {
    const NAME: &'static str = "Get-CASMailbox";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<CasMailbox>;
}

impl fmt::Display for GetCasMailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.identity {
            Some(mailbox) => write!(f, "Read which protocols {mailbox} can be opened by"),
            None => f.write_str("List which protocols each mailbox can be opened by"),
        }
    }
}

/// Which protocols a mailbox can be opened by.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct CasMailbox {
    /// The object id in Entra.
    #[serde(deserialize_with = "lenient::guid")]
    pub external_directory_object_id: Option<Uuid>,
    /// The object's GUID in Exchange.
    #[serde(deserialize_with = "lenient::guid")]
    pub guid: Option<Uuid>,
    /// The address that mail is sent from.
    #[serde(deserialize_with = "lenient::address")]
    pub primary_smtp_address: Option<SmtpAddress>,
    /// The name in the directory; for cloud users it is often the object id.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The name that people see.
    #[serde(deserialize_with = "lenient::text")]
    pub display_name: Option<String>,
    /// Whether Exchange Web Services open it. The organisation's setting comes first.
    #[serde(deserialize_with = "lenient::boolean")]
    pub ews_enabled: Option<bool>,
    /// `EnforceAllowList` or `EnforceBlockList`: which list decides on user agents. The lists hit Graph as well.
    #[serde(deserialize_with = "lenient::text")]
    pub ews_application_access_policy: Option<String>,
    /// The user agents that are let in where the policy enforces this list.
    #[serde(deserialize_with = "lenient::names")]
    pub ews_allow_list: Vec<String>,
    /// The user agents that are refused where the policy enforces this list.
    #[serde(deserialize_with = "lenient::names")]
    pub ews_block_list: Vec<String>,
    /// Whether IMAP opens it.
    #[serde(deserialize_with = "lenient::boolean")]
    pub imap_enabled: Option<bool>,
    /// Whether POP opens it.
    #[serde(deserialize_with = "lenient::boolean")]
    pub pop_enabled: Option<bool>,
    /// Whether Exchange `ActiveSync` opens it.
    #[serde(deserialize_with = "lenient::boolean")]
    pub active_sync_enabled: Option<bool>,
}

/// `Get-MailboxPermission`: who may open a whole mailbox.
///
/// # Permissions
///
/// View-Only Recipients.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetMailboxPermission {
    identity: Identity,
    user: Option<Identity>,
    #[serde(default)]
    result_size: ResultSize,
}

impl GetMailboxPermission {
    /// All permissions of a mailbox.
    #[must_use]
    pub fn new(mailbox: impl Into<Identity>) -> Self {
        Self { identity: mailbox.into(), user: None, result_size: ResultSize::Unlimited }
    }

    /// Limits the list to one holder: a person, a group, or an application by the object id of its service principal.
    #[must_use]
    pub fn user(mut self, user: impl Into<Identity>) -> Self {
        self.user = Some(user.into());
        self
    }
}

impl Cmdlet for GetMailboxPermission {
    const NAME: &'static str = "Get-MailboxPermission";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<MailboxPermission>;
}

impl fmt::Display for GetMailboxPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            Some(user) => write!(f, "Read what {user} may do in the mailbox {}", self.identity),
            None => write!(f, "List who may open the mailbox {}", self.identity),
        }
    }
}

/// A permission over a whole mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct MailboxPermission {
    /// The mailbox, as a name or an object id.
    #[serde(deserialize_with = "lenient::text")]
    pub identity: Option<String>,
    /// Who holds it, as a name, an id or a SID. `NT AUTHORITY\SELF` is the mailbox's own account.
    #[serde(deserialize_with = "lenient::text")]
    pub user: Option<String>,
    /// The rights, such as `FullAccess`.
    #[serde(deserialize_with = "lenient::flags")]
    pub access_rights: Vec<String>,
    /// Whether it takes the rights away instead.
    #[serde(deserialize_with = "lenient::boolean")]
    pub deny: Option<bool>,
    /// Whether it comes from above the mailbox.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_inherited: Option<bool>,
}
