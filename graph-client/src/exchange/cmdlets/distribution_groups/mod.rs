use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use uuid::Uuid;

use crate::exchange::cmdlet::single_output;
use crate::exchange::values::ResultSize;
use crate::exchange::{Cmdlet, Effect, Filter, Identity, Property, lenient};
use crate::ids::SmtpAddress;
use crate::time::Timestamp;

mod new;
mod remove;
mod set;

pub use self::new::NewDistributionGroup;
pub use self::remove::RemoveDistributionGroup;
pub use self::set::SetDistributionGroup;

/// What a new group is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum GroupKind {
    /// It distributes mail and carries no permission. The service's default.
    #[default]
    Distribution,
    /// It distributes mail and carries permissions: a mail-enabled security group.
    Security,
}

impl GroupKind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Who may make himself a member of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum JoinRestriction {
    /// Anyone. Not for a security group.
    Open,
    /// Nobody: owners add members. The service's default.
    Closed,
    /// Anyone, once an owner agrees. On a security group it has no effect.
    ApprovalRequired,
}

/// Who may leave a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DepartRestriction {
    /// Any member. The service's default for a distribution group; not for a security group.
    Open,
    /// Nobody: owners remove members. The service's default for a security group.
    Closed,
}

/// The senders that are notified when a moderator rejects their message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ModerationNotice {
    /// All senders. The service's default.
    Always,
    /// Senders inside the organisation.
    Internal,
    /// Nobody.
    Never,
}

fn listed(identities: &[Identity]) -> String {
    identities.iter().map(Identity::to_string).collect::<Vec<_>>().join(" and ")
}

/// `Get-DistributionGroup`: groups, with `ResultSize` unlimited.
///
/// # Permissions
///
/// View-Only Recipients.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetDistributionGroup {
    identity: Option<Identity>,
    filter: Option<Filter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recipient_type_details: Vec<String>,
    managed_by: Option<Identity>,
    #[serde(default)]
    result_size: ResultSize,
    #[serde(skip)]
    select: Vec<Property>,
}

impl GetDistributionGroup {
    /// The group with this identity, or none with [`NotFound`](crate::ErrorKind::NotFound).
    #[must_use]
    pub fn one(identity: impl Into<Identity>) -> Self {
        Self { identity: Some(identity.into()), ..Self::all() }
    }

    /// All groups.
    #[must_use]
    pub fn all() -> Self {
        Self {
            identity: None,
            filter: None,
            recipient_type_details: Vec::new(),
            managed_by: None,
            result_size: ResultSize::Unlimited,
            select: Vec::new(),
        }
    }

    /// All groups that meet a condition. None is an empty list, where [`one`](Self::one) is an error.
    #[must_use]
    pub fn matching(filter: Filter) -> Self {
        Self { filter: Some(filter), ..Self::all() }
    }

    /// All groups that a recipient owns.
    #[must_use]
    pub fn owned_by(owner: impl Into<Identity>) -> Self {
        Self { managed_by: Some(owner.into()), ..Self::all() }
    }

    /// Limits the list to mail-enabled security groups.
    #[must_use]
    pub fn security_groups(self) -> Self {
        self.of_type("MailUniversalSecurityGroup")
    }

    /// Limits the list to room lists.
    #[must_use]
    pub fn room_lists(self) -> Self {
        self.of_type("RoomList")
    }

    fn of_type(mut self, details: &str) -> Self {
        self.recipient_type_details.push(details.to_owned());
        self
    }

    /// Limits each group to some properties; the others come back as if they were not set.
    #[must_use]
    pub fn select(mut self, properties: impl IntoIterator<Item = Property>) -> Self {
        self.select.extend(properties);
        self
    }
}

impl Cmdlet for GetDistributionGroup {
    const NAME: &'static str = "Get-DistributionGroup";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<DistributionGroup>;

    fn select(&self) -> &[Property] {
        &self.select
    }
}

impl fmt::Display for GetDistributionGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(identity) = &self.identity {
            return write!(f, "Read the group {identity}");
        }
        f.write_str("List all distribution groups")?;
        if !self.recipient_type_details.is_empty() {
            write!(f, " of type {}", self.recipient_type_details.join(", "))?;
        }
        if let Some(owner) = &self.managed_by {
            write!(f, " that {owner} owns")?;
        }
        match &self.filter {
            Some(filter) => write!(f, " with {filter}"),
            None => Ok(()),
        }
    }
}

/// A distribution group, a mail-enabled security group or a room list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct DistributionGroup {
    /// The object id in Entra.
    #[serde(deserialize_with = "lenient::guid")]
    pub external_directory_object_id: Option<Uuid>,
    /// The object's GUID in Exchange.
    #[serde(deserialize_with = "lenient::guid")]
    pub guid: Option<Uuid>,
    /// The address.
    #[serde(deserialize_with = "lenient::address")]
    pub primary_smtp_address: Option<SmtpAddress>,
    /// All addresses of type SMTP, the primary one among them.
    #[serde(deserialize_with = "lenient::smtp_addresses")]
    pub email_addresses: Vec<SmtpAddress>,
    /// The name in the directory. The admin centre may add a time stamp to it.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The name that people see.
    #[serde(deserialize_with = "lenient::text")]
    pub display_name: Option<String>,
    /// The alias.
    #[serde(deserialize_with = "lenient::text")]
    pub alias: Option<String>,
    /// `MailUniversalSecurityGroup`, `MailUniversalDistributionGroup` or `RoomList`.
    #[serde(deserialize_with = "lenient::text")]
    pub recipient_type_details: Option<String>,
    /// Flags such as `Universal` and `SecurityEnabled`.
    #[serde(deserialize_with = "lenient::flags")]
    pub group_type: Vec<String>,
    /// The owners, as names or object ids, not as addresses.
    #[serde(deserialize_with = "lenient::names")]
    pub managed_by: Vec<String>,
    /// Who may become a member: `Open`, `Closed` or `ApprovalRequired`.
    #[serde(deserialize_with = "lenient::text")]
    pub member_join_restriction: Option<String>,
    /// Who may leave: `Open` or `Closed`.
    #[serde(deserialize_with = "lenient::text")]
    pub member_depart_restriction: Option<String>,
    /// The description, where the service sends it.
    #[serde(deserialize_with = "lenient::lines")]
    pub description: Option<String>,
    /// Whether the group is synchronised from on-premises Active Directory.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_dir_synced: Option<bool>,
    /// Whether the address list hides it.
    #[serde(deserialize_with = "lenient::boolean")]
    pub hidden_from_address_lists_enabled: Option<bool>,
    /// Whether only senders inside the organisation may write to it.
    #[serde(deserialize_with = "lenient::boolean")]
    pub require_sender_authentication_enabled: Option<bool>,
    /// The distinguished name. `New-DistributionGroup` may leave it out.
    #[serde(deserialize_with = "lenient::text")]
    pub distinguished_name: Option<String>,
    /// When it was made (`WhenCreatedUTC`).
    #[serde(rename = "WhenCreatedUTC", deserialize_with = "lenient::time")]
    pub when_created: Option<Timestamp>,
}
single_output!(DistributionGroup);

impl DistributionGroup {
    /// The identity to name it by: the Entra object id, else the GUID, else the address.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.external_directory_object_id
            .or(self.guid)
            .map(Identity::from)
            .or_else(|| self.primary_smtp_address.as_ref().map(Identity::from))
    }

    /// The identity for the scope of a role assignment or policy: the GUID that Exchange documents, else the Entra
    /// object id.
    #[must_use]
    pub fn scope_identity(&self) -> Option<Identity> {
        self.guid.or(self.external_directory_object_id).map(Identity::from)
    }

    /// Whether it is a mail-enabled security group, the only kind that carries permissions.
    #[must_use]
    pub fn is_security_group(&self) -> bool {
        self.recipient_type_details.as_deref() == Some("MailUniversalSecurityGroup")
    }

    /// Whether `text`, as another object names it, is one of this group's ids: object id, GUID or distinguished name.
    #[must_use]
    pub fn has_id(&self, text: &str) -> bool {
        let text = text.trim();
        let guid = Uuid::try_parse(text).ok();
        guid.is_some_and(|guid| Some(guid) == self.external_directory_object_id || Some(guid) == self.guid)
            || self.distinguished_name.as_deref().is_some_and(|name| is_same(name.trim(), text))
    }

    /// Whether `text`, as the scope of a role assignment shows it, stands for this group: its name in the directory, its
    /// distinguished name, GUID or object id, whole and in any case of letters.
    ///
    /// An address, an alias or the name that people see does not count: others may have them too.
    ///
    /// Source: live records show the name there; Exchange takes the others where it is asked for.
    #[must_use]
    pub fn is_scope(&self, text: &str) -> bool {
        let text = text.trim();
        self.has_id(text) || self.name.as_deref().is_some_and(|name| is_same(name.trim(), text))
    }
}

/// Whether two names are the same in any case of letters.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    !one.is_empty() && (one.eq_ignore_ascii_case(other) || one.to_lowercase() == other.to_lowercase())
}
