//! The access model: which mailboxes an application reaches, by which access paths, and whether it can widen that.
//!
//! It is pure: it reads [`Facts`] and asks nobody. Verdicts have three values. A part of the facts that was not read
//! makes unknown exactly what needs it, and a permission, role, scope or filter that is not known makes unknown what it
//! could allow: nothing is taken for harmless because it is not on a list.
//!
//! ```
//! use exchange_groups::access::{Access, AccessModel, Fact, Facts, Grant, Ids, Level, MailboxFacts, Resource, SignIn};
//! use exchange_groups::graph_client::well_known::app_roles;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let mut facts = Facts::new("8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse()?, "2026-11-26".parse()?);
//! facts.sign_in = Fact::Read(SignIn::Enabled);
//! facts.grants = Fact::Read(vec![Grant {
//!     resource: Resource::Graph,
//!     role: app_roles::CALENDARS_READ,
//!     value: Some("Calendars.Read".into()),
//!     assignment: None,
//!     eligible: false,
//! }]);
//! facts.policies = Fact::Read(Vec::new());
//!
//! let ceo = MailboxFacts {
//!     ids: Ids::entra("6d0e7f1c-4a52-4f0e-8f0b-1f6f2a7c9d10".parse()?),
//!     kind: Fact::Read("UserMailbox".into()),
//!     ..MailboxFacts::default()
//! };
//! let model = AccessModel::new(&facts);
//! let reach = model.reach(&ceo, Level::Events);
//! // The roles in Exchange were not read, and one path that is allowed is enough.
//! assert_eq!(reach.verdict, Access::Allowed);
//! assert_eq!(model.reach(&ceo, Level::Write).verdict, Access::Unknown);
//! # Ok(())
//! # }
//! ```

mod catalogue;
mod caveats;
mod escalation;
mod ews;
mod facts;
mod filter;
mod members;
mod model;
mod over;
mod path;
mod policies;
mod reach;
mod remedy;
mod residual;
mod row;
mod scopes;
mod table;
mod uses;
mod verdict;
mod who_else;
mod widen;

#[cfg(test)]
mod tests;

pub use self::catalogue::catalogue;
pub(crate) use self::catalogue::{Opens, directory_role};
pub use self::caveats::{Caveat, CaveatKind};
pub use self::facts::{
    AccessPolicy, AdministrativeUnit, CalendarEntry, CalendarRight, CalendarSharing, CasSettings, DelegatedGrant,
    DirectoryRole, ExchangePrincipal, Fact, Facts, Found, Grant, Group, GroupType, Ids, Joining, MailboxFacts,
    ManagementScope, Member, OrganizationSettings, OtherApplication, PolicyApplication, PolicyRight, PolicyScope,
    Principal, Resource, RoleAssignment, RoleGroup, RoleScope, SignIn, UserAgents,
};
pub use self::model::AccessModel;
pub use self::over::{AssignmentOver, WiderPath};
pub use self::path::{AccessPath, MailboxPresence, PathReach, Reach, Remedy, Via};
pub use self::residual::Residual;
pub use self::row::{
    Certainty, Condition, DataAccess, Escalation, IdStatus, Narrowing, PolicyCoverage, Risk, Row, RowKind, RowResource,
    TierZero,
};
pub(crate) use self::scopes::OpenScope;
pub use self::verdict::{Access, Level, Truth};
pub use self::who_else::WhoElse;
pub use self::widen::{Widening, WideningPath};
