//! The access model: which mailboxes an application reaches, by which access paths, and whether it can widen that.
//!
//! It is pure: it reads [`Facts`] and asks nobody. A part of the facts that was not read makes unknown exactly what needs
//! it. See [`Facts`] for what it is told.

mod facts;
mod path;
mod verdict;

pub use self::facts::{
    AccessPolicy, AdministrativeUnit, CalendarEntry, CalendarRight, CalendarSharing, CasSettings, DelegatedGrant,
    DirectoryRole, ExchangePrincipal, Fact, Facts, Found, Grant, Group, GroupType, Ids, Joining, MailboxFacts,
    ManagementScope, Member, OrganizationSettings, OtherApplication, PolicyApplication, PolicyRight, PolicyScope,
    Principal, Resource, RoleAssignment, RoleGroup, RoleScope, SignIn, UserAgents,
};
pub use self::path::{AccessPath, PathReach, Reach, Remedy, Subject, Via};
pub use self::verdict::{Access, Level, Truth};
