use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use uuid::Uuid;

use super::cmdlet::single_output;
use super::values::ResultSize;
use super::{Alias, Cmdlet, Effect, GroupName, Identity, ListChange, lenient};
use crate::SmtpAddress;

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
    #[serde(rename = "Type")]
    kind: GroupKind,
    primary_smtp_address: Option<SmtpAddress>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    managed_by: Vec<Identity>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<Identity>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    room_list: bool,
    description: Option<String>,
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
    #[serde(default)]
    result_size: ResultSize,
}

impl GetDistributionGroup {
    /// The group with this identity, or none with [`NotFound`](crate::ErrorKind::NotFound).
    #[must_use]
    pub fn one(identity: impl Into<Identity>) -> Self {
        Self { identity: Some(identity.into()), result_size: ResultSize::Unlimited }
    }

    /// All groups.
    #[must_use]
    pub fn all() -> Self {
        Self { identity: None, result_size: ResultSize::Unlimited }
    }
}

impl Cmdlet for GetDistributionGroup {
    const NAME: &'static str = "Get-DistributionGroup";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<DistributionGroup>;
}

impl fmt::Display for GetDistributionGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.identity {
            Some(identity) => write!(f, "Read the group {identity}"),
            None => f.write_str("List all distribution groups"),
        }
    }
}

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
    bypass_security_group_manager_check: bool,
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
            bypass_security_group_manager_check: true,
        }
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
}

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
            part(f, format_args!("display name \"{name}\""))?;
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
            part(f, format_args!("description \"{description}\""))?;
        }
        Ok(())
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
    pub name: Option<String>,
    /// The name that people see.
    pub display_name: Option<String>,
    /// The alias.
    pub alias: Option<String>,
    /// `MailUniversalSecurityGroup`, `MailUniversalDistributionGroup` or `RoomList`.
    pub recipient_type_details: Option<String>,
    /// Flags such as `Universal` and `SecurityEnabled`.
    #[serde(deserialize_with = "lenient::texts")]
    pub group_type: Vec<String>,
    /// The owners, as names or object ids, not as addresses.
    #[serde(deserialize_with = "lenient::texts")]
    pub managed_by: Vec<String>,
    /// The description, where the service sends it.
    #[serde(deserialize_with = "lenient::lines")]
    pub description: Option<String>,
    /// Whether the group is kept on premises.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_dir_synced: Option<bool>,
    /// Whether the address list hides it.
    #[serde(deserialize_with = "lenient::boolean")]
    pub hidden_from_address_lists_enabled: Option<bool>,
    /// Whether only senders inside the organisation may write to it.
    #[serde(deserialize_with = "lenient::boolean")]
    pub require_sender_authentication_enabled: Option<bool>,
    /// The distinguished name. `New-DistributionGroup` may leave it out.
    pub distinguished_name: Option<String>,
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
            || self.distinguished_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(text))
    }

    /// Whether `text`, as another object names it, is this group: by id, name or address.
    ///
    /// The display name does not count: several groups may share it.
    #[must_use]
    pub fn is_named(&self, text: &str) -> bool {
        let text = text.trim();
        self.has_id(text)
            || self.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(text))
            || self
                .email_addresses
                .iter()
                .chain(&self.primary_smtp_address)
                .any(|address| address.as_str().eq_ignore_ascii_case(text))
    }
}
