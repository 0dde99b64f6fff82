use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use uuid::Uuid;

use super::members::check_members;
use crate::exchange::cmdlet::{setters, single_output};
use crate::exchange::values::{Confirmed, ResultSize, check_display_name};
use crate::exchange::{Cmdlet, Effect, Identity, ObjectName, Recipient, lenient};
use crate::ids::InvalidValue;
use crate::text::Printable;

/// `New-RoleGroup`: makes a group whose members hold roles of Exchange.
///
/// # Permissions
///
/// Role Management: Organization Management or Exchange Administrator.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NewRoleGroup {
    name: ObjectName,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<Identity>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    managed_by: Vec<Identity>,
    custom_recipient_write_scope: Option<ObjectName>,
    description: Option<String>,
    display_name: Option<String>,
}

impl NewRoleGroup {
    /// A role group without roles and members.
    #[must_use]
    pub fn new(name: ObjectName) -> Self {
        Self {
            name,
            roles: Vec::new(),
            members: Vec::new(),
            managed_by: Vec::new(),
            custom_recipient_write_scope: None,
            description: None,
            display_name: None,
        }
    }

    /// Gives the group's members a role, such as `Security Group Creation and Membership`.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Adds a member: a person, a group, or an application that Exchange knows.
    #[must_use]
    pub fn member(mut self, member: impl Into<Identity>) -> Self {
        self.members.push(member.into());
        self
    }

    /// Adds somebody who may change the group.
    #[must_use]
    pub fn manager(mut self, manager: impl Into<Identity>) -> Self {
        self.managed_by.push(manager.into());
        self
    }

    setters! {
        /// Limits what the roles may change to the recipients of a management scope.
        write_scope(ObjectName) => custom_recipient_write_scope;
        /// Sets the description, which administrators see.
        description(impl Into<String>) => description;
        /// Sets the name that people see.
        display_name(impl Into<String>) => display_name;
    }
}

impl Cmdlet for NewRoleGroup {
    const NAME: &'static str = "New-RoleGroup";
    const EFFECT: Effect = Effect::Write;
    type Output = RoleGroup;

    fn check_output(&self, made: &RoleGroup) -> Result<(), String> {
        match &made.name {
            Some(name) if !super::distribution_groups::is_same(name, self.name.as_str()) => {
                Err("the role group that came back has another name".into())
            }
            _ => Ok(()),
        }
    }

    fn check(&self) -> Result<(), InvalidValue> {
        check_display_name(self.display_name.as_deref())?;
        check_members(&self.members)
    }
}

impl fmt::Display for NewRoleGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Create the role group \"{}\"", self.name)?;
        if !self.roles.is_empty() {
            write!(f, " with the roles {}", Printable(self.roles.join(", ")))?;
        }
        Ok(())
    }
}

/// `Get-RoleGroup`: role groups.
///
/// # Permissions
///
/// View-Only Configuration or Role Management.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetRoleGroup {
    identity: Option<Identity>,
    #[serde(default)]
    result_size: ResultSize,
}

impl GetRoleGroup {
    /// One role group, or none with [`NotFound`](crate::ErrorKind::NotFound).
    #[must_use]
    pub fn one(group: impl Into<Identity>) -> Self {
        Self { identity: Some(group.into()), result_size: ResultSize::Unlimited }
    }

    /// All role groups.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }
}

impl Cmdlet for GetRoleGroup {
    const NAME: &'static str = "Get-RoleGroup";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<RoleGroup>;
}

impl fmt::Display for GetRoleGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.identity {
            Some(identity) => write!(f, "Read the role group {identity}"),
            None => f.write_str("List all role groups"),
        }
    }
}

/// `Remove-RoleGroup`: removes a role group.
///
/// # Permissions
///
/// Role Management: Organization Management or Exchange Administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RemoveRoleGroup {
    identity: Identity,
    bypass_security_group_manager_check: bool,
    #[serde(default)]
    confirm: Confirmed,
}

impl RemoveRoleGroup {
    /// Removes the role group, also if the caller does not manage it.
    #[must_use]
    pub fn new(group: impl Into<Identity>) -> Self {
        Self { identity: group.into(), bypass_security_group_manager_check: true, confirm: Confirmed }
    }

    /// Says whether to change a role group that the caller does not manage. Default `true`.
    #[must_use]
    pub fn bypass_manager_check(mut self, bypass: bool) -> Self {
        self.bypass_security_group_manager_check = bypass;
        self
    }
}

impl Cmdlet for RemoveRoleGroup {
    const NAME: &'static str = "Remove-RoleGroup";
    const EFFECT: Effect = Effect::Write;
    type Output = ();
}

impl fmt::Display for RemoveRoleGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remove the role group {}", self.identity)
    }
}

/// `Get-RoleGroupMember`: the members of a role group.
///
/// # Permissions
///
/// View-Only Configuration or Role Management.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetRoleGroupMember {
    identity: Identity,
    #[serde(default)]
    result_size: ResultSize,
}

impl GetRoleGroupMember {
    /// The members of a role group.
    #[must_use]
    pub fn new(group: impl Into<Identity>) -> Self {
        Self { identity: group.into(), result_size: ResultSize::Unlimited }
    }
}

impl Cmdlet for GetRoleGroupMember {
    const NAME: &'static str = "Get-RoleGroupMember";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<Recipient>;
}

impl fmt::Display for GetRoleGroupMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List the members of the role group {}", self.identity)
    }
}

/// `Add-RoleGroupMember`: adds one member.
///
/// # Permissions
///
/// Role Management: Organization Management or Exchange Administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AddRoleGroupMember {
    identity: Identity,
    member: Identity,
    bypass_security_group_manager_check: bool,
}

impl AddRoleGroupMember {
    /// Adds `member` to the role group, also if the caller does not manage it.
    #[must_use]
    pub fn new(group: impl Into<Identity>, member: impl Into<Identity>) -> Self {
        Self { identity: group.into(), member: member.into(), bypass_security_group_manager_check: true }
    }

    /// Says whether to change a role group that the caller does not manage. Default `true`.
    #[must_use]
    pub fn bypass_manager_check(mut self, bypass: bool) -> Self {
        self.bypass_security_group_manager_check = bypass;
        self
    }
}

impl Cmdlet for AddRoleGroupMember {
    const NAME: &'static str = "Add-RoleGroupMember";
    const EFFECT: Effect = Effect::Write;
    type Output = ();
}

impl fmt::Display for AddRoleGroupMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Add {} to the role group {}", self.member, self.identity)
    }
}

/// `Remove-RoleGroupMember`: removes one member.
///
/// # Permissions
///
/// Role Management: Organization Management or Exchange Administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RemoveRoleGroupMember {
    identity: Identity,
    member: Identity,
    bypass_security_group_manager_check: bool,
    #[serde(default)]
    confirm: Confirmed,
}

impl RemoveRoleGroupMember {
    /// Removes `member` from the role group, also if the caller does not manage it.
    #[must_use]
    pub fn new(group: impl Into<Identity>, member: impl Into<Identity>) -> Self {
        Self {
            identity: group.into(),
            member: member.into(),
            bypass_security_group_manager_check: true,
            confirm: Confirmed,
        }
    }

    /// Says whether to change a role group that the caller does not manage. Default `true`.
    #[must_use]
    pub fn bypass_manager_check(mut self, bypass: bool) -> Self {
        self.bypass_security_group_manager_check = bypass;
        self
    }
}

impl Cmdlet for RemoveRoleGroupMember {
    const NAME: &'static str = "Remove-RoleGroupMember";
    const EFFECT: Effect = Effect::Write;
    type Output = ();
}

impl fmt::Display for RemoveRoleGroupMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remove {} from the role group {}", self.member, self.identity)
    }
}

/// A group whose members hold roles of Exchange.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct RoleGroup {
    /// The name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The name that people see.
    #[serde(deserialize_with = "lenient::text")]
    pub display_name: Option<String>,
    /// The GUID.
    #[serde(deserialize_with = "lenient::guid")]
    pub guid: Option<Uuid>,
    /// The roles, by name.
    #[serde(deserialize_with = "lenient::names")]
    pub roles: Vec<String>,
    /// The members, as names or object ids.
    #[serde(deserialize_with = "lenient::names")]
    pub members: Vec<String>,
    /// Who may change it, as names or object ids.
    #[serde(deserialize_with = "lenient::names")]
    pub managed_by: Vec<String>,
    /// The description.
    #[serde(deserialize_with = "lenient::lines")]
    pub description: Option<String>,
}
single_output!(RoleGroup);
