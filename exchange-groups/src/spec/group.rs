use graph_client::exchange::{Alias, ApplicationRole, GroupName};
use graph_client::{ClientId, SmtpAddress};

use super::rooms::Rooms;
use super::scope::Scope;
use crate::names::named;

/// What should be true of one restricted calendar group: the spec.
///
/// It is made by a builder, or read from JSON or YAML; both go through the same checks, which report every fault at
/// once. Everything else (plan, report, proof) is derived from it.
///
/// # Examples
///
/// ```
/// use exchange_groups::{RestrictedCalendarGroup, Rooms};
///
/// let spec = RestrictedCalendarGroup::placeos("placeosroombooking@contoso.com", "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01")
///     .owner("exchange.admin@contoso.com")
///     .rooms(Rooms::all().except("boardroom@contoso.com"))
///     .must_not_reach("ceo@contoso.com")
///     .build()?;
/// assert_eq!(spec.name().as_str(), "PlaceOS Room Booking");
///
/// let same: RestrictedCalendarGroup = serde_json::from_str(&serde_json::to_string(&spec)?)?;
/// assert_eq!(same, spec);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestrictedCalendarGroup {
    pub(crate) name: GroupName,
    pub(crate) description: Option<String>,
    pub(crate) address: SmtpAddress,
    pub(crate) alias: Alias,
    pub(crate) owners: Vec<SmtpAddress>,
    pub(crate) rooms: Rooms<SmtpAddress>,
    pub(crate) mailboxes: Vec<SmtpAddress>,
    pub(crate) other_members: OtherMembers,
    pub(crate) allow_large_removal: bool,
    pub(crate) application: ClientId,
    pub(crate) permission: Permission,
    pub(crate) restriction: Restriction,
    pub(crate) scope: Scope,
    pub(crate) revoke_tenant_wide_grant: bool,
    pub(crate) must_not_reach: Vec<SmtpAddress>,
    pub(crate) skip_unmatched_rooms: bool,
    pub(crate) other_groups: Vec<SmtpAddress>,
    pub(crate) application_names: Vec<String>,
    pub(crate) longest_propagation: Option<String>,
}

impl RestrictedCalendarGroup {
    /// The group's name.
    #[must_use]
    pub fn name(&self) -> &GroupName {
        &self.name
    }

    /// The group's address.
    #[must_use]
    pub fn address(&self) -> &SmtpAddress {
        &self.address
    }

    /// The owners.
    #[must_use]
    pub fn owners(&self) -> &[SmtpAddress] {
        &self.owners
    }

    /// Which rooms are members.
    #[must_use]
    pub fn rooms(&self) -> &Rooms<SmtpAddress> {
        &self.rooms
    }

    /// Which further mailboxes are members.
    #[must_use]
    pub fn mailboxes(&self) -> &[SmtpAddress] {
        &self.mailboxes
    }

    /// The application that is restricted.
    #[must_use]
    pub fn application(&self) -> ClientId {
        self.application
    }

    /// How it is restricted.
    #[must_use]
    pub fn restriction(&self) -> Restriction {
        self.restriction
    }

    /// What the role of the application is limited to.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What the application may do with the calendars that it reaches.
    #[must_use]
    pub fn permission(&self) -> Permission {
        self.permission
    }

    /// The spec with another restriction. The permission that a policy narrows is not revoked.
    pub(crate) fn with_restriction(&self, restriction: Restriction) -> Self {
        let revoke = self.revoke_tenant_wide_grant && restriction == Restriction::Rbac;
        Self { restriction, revoke_tenant_wide_grant: revoke, ..self.clone() }
    }

    /// The spec that revokes the tenant-wide permission, or does not.
    pub(crate) fn with_revocation(&self, revoke: bool) -> Self {
        Self { revoke_tenant_wide_grant: revoke, ..self.clone() }
    }

    /// The mailboxes whose events the application must not reach.
    #[must_use]
    pub fn must_not_reach(&self) -> &[SmtpAddress] {
        &self.must_not_reach
    }

    /// The other groups that the same application is meant to reach.
    #[must_use]
    pub fn other_groups(&self) -> &[SmtpAddress] {
        &self.other_groups
    }

    /// The names that the product gives applications that it registers itself.
    #[must_use]
    pub fn application_names(&self) -> &[String] {
        &self.application_names
    }

    /// The longest propagation that was seen at the product, as a clause.
    #[must_use]
    pub fn longest_propagation(&self) -> Option<&str> {
        self.longest_propagation.as_deref()
    }
}

named! {
    /// How an application is restricted to the members of the group.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Restriction as "restriction" {
        /// RBAC for Applications: a role is assigned to the application over the direct members of the group.
        ///
        /// The role adds to what the application holds in Entra, so a tenant-wide calendar permission there must go.
        #[default]
        Rbac = "rbac",
        /// An application access policy: it narrows the tenant-wide permission, which must stay, to the group.
        ///
        /// Microsoft asks not to make new ones. Nested groups count.
        Policy = "policy",
    }
}

named! {
    /// What the application may do with the calendars that it reaches.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Permission as "permission" {
        /// Read them.
        #[default]
        Read = "read",
        /// Read and write them.
        ReadWrite = "read_write",
    }
}

impl Permission {
    /// The role of RBAC for Applications that grants it.
    #[must_use]
    pub fn role(self) -> ApplicationRole {
        match self {
            Self::Read => ApplicationRole::CalendarsRead,
            Self::ReadWrite => ApplicationRole::CalendarsReadWrite,
        }
    }
}

named! {
    /// What happens to members of the group that the spec does not name.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum OtherMembers as "other members" {
        /// They are removed: whoever is in the group can be read by the application.
        #[default]
        Remove = "remove",
        /// They stay, unless they must not be reached.
        Keep = "keep",
    }
}
