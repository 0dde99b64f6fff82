use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::exchange::macros::{cmdlet, record};
use crate::exchange::{Identity, lenient};
use crate::ids::SmtpAddress;
use crate::time::Timestamp;

mod new;
mod remove;
mod set;

pub use self::new::NewDistributionGroup;
pub use self::remove::RemoveDistributionGroup;
pub use self::set::SetDistributionGroup;

/// The type of a new group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DistributionGroupKind {
    /// A distribution group, which permissions cannot be granted to. The service's default.
    #[default]
    Distribution,
    /// A mail-enabled security group, which permissions can be granted to.
    Security,
}

impl DistributionGroupKind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Who may join a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum JoinRestriction {
    /// Anyone may join. Not for a security group.
    Open,
    /// Only owners add members. The service's default.
    Closed,
    /// Anyone may join once an owner approves. It has no effect on a security group.
    ApprovalRequired,
}

/// Who may leave a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DepartRestriction {
    /// Any member may leave. The service's default for a distribution group; not for a security group.
    Open,
    /// Only owners remove members. The service's default for a security group.
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
    /// No sender.
    Never,
}

fn listed(identities: &[Identity]) -> String {
    identities.iter().map(Identity::to_string).collect::<Vec<_>>().join(" and ")
}

cmdlet! {
    /// reads distribution groups, mail-enabled security groups and room lists, with `ResultSize` unlimited.
    Read "Get-DistributionGroup" => GetDistributionGroup -> Vec<DistributionGroup>;
    permissions "View-Only Recipients.";
    display |self, f| {
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
    };

    /// All groups.
    fn all {
        /// The group with this identity.
        one identity as identity;
        /// All groups that meet a condition. None is an empty list, where [`one`](Self::one) is an error.
        matching filter;
        list recipient_type_details: impl Into<String>;
        optional managed_by: Identity;
        result_size;
        select;
    }
}

impl GetDistributionGroup {
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
}

record! {
    /// A distribution group, a mail-enabled security group or a room list.
    pub struct DistributionGroup {
        /// The object id in Entra ID.
        pub external_directory_object_id: Option<Uuid>,
        /// The object's GUID in Exchange.
        pub guid: Option<Uuid>,
        /// The primary address.
        pub primary_smtp_address: Option<SmtpAddress>,
        /// All addresses of type SMTP, the primary one among them.
        pub email_addresses: Vec<SmtpAddress>,
        /// The name in the directory. The admin centre may add a time stamp to it.
        pub name: Option<String>,
        /// The display name.
        pub display_name: Option<String>,
        /// The alias.
        pub alias: Option<String>,
        /// `MailUniversalSecurityGroup`, `MailUniversalDistributionGroup` or `RoomList`.
        pub recipient_type_details: Option<String>,
        /// Flags such as `Universal` and `SecurityEnabled`.
        pub group_type: Vec<String> = "lenient::flags",
        /// The owners, as names or object ids, not as addresses.
        pub managed_by: Vec<String>,
        /// Who may join: `Open`, `Closed` or `ApprovalRequired`.
        pub member_join_restriction: Option<String>,
        /// Who may leave: `Open` or `Closed`.
        pub member_depart_restriction: Option<String>,
        /// The description, where the service sends it.
        pub description: Option<String> = "lenient::lines",
        /// Whether the group is synchronised from on-premises Active Directory.
        pub is_dir_synced: Option<bool>,
        /// Whether the group is hidden from address lists.
        pub hidden_from_address_lists_enabled: Option<bool>,
        /// Whether only authenticated senders, inside the organisation, may send to the group.
        pub require_sender_authentication_enabled: Option<bool>,
        /// The distinguished name. `New-DistributionGroup` may leave it out.
        pub distinguished_name: Option<String>,
        /// When the group was created (`WhenCreatedUTC`).
        #[serde(rename = "WhenCreatedUTC")]
        pub when_created: Option<Timestamp>,
    }
}

impl DistributionGroup {
    /// The identity that commands name the group by: the Entra object id, else the GUID, else the address.
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

    /// Whether it is a mail-enabled security group, the only type that permissions can be granted to.
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
    /// An address, an alias or the display name does not count: others may have them too.
    ///
    /// Source: live records show the name there; Exchange accepts the others as a parameter.
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
