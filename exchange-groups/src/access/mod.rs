//! The access model: which mailboxes an application reaches, by which access paths, and whether it can widen that.
//!
//! It is pure: it reads [`Facts`] and asks nobody. Verdicts have three values. A part of the facts that was not read
//! makes unknown exactly what needs it, and a permission, role, scope or filter that is not known makes unknown what it
//! could open: nothing is taken for harmless because it is not on a list.
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
mod ews;
mod facts;
mod filter;
mod members;
mod over;
mod path;
mod policies;
mod reach;
mod remedy;
mod residual;
mod scopes;
mod table;
mod uses;
mod verdict;
mod widen;

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

pub(crate) use self::catalogue::directory_role;
pub use self::catalogue::{
    Certainty, Condition, Escalation, IdStatus, Narrowing, Opens, PolicyCoverage, Row, RowKind, RowResource, Severity,
    TierZero, catalogue,
};
pub use self::caveats::{Caveat, CaveatKind};
pub use self::facts::{
    AccessPolicy, AdministrativeUnit, CalendarEntry, CalendarRight, CalendarSharing, CasSettings, DelegatedGrant,
    DirectoryRole, ExchangePrincipal, Fact, Facts, Found, Grant, Group, GroupType, Ids, Joining, MailboxFacts,
    ManagementScope, Member, OrganizationSettings, OtherApplication, PolicyApplication, PolicyRight, PolicyScope,
    Principal, Resource, RoleAssignment, RoleGroup, RoleScope, SignIn, UserAgents,
};
use self::members::{Groups, Members};
pub use self::over::{AssignmentOver, WiderPath};
pub use self::path::{AccessPath, PathReach, Reach, Remedy, Subject, Via};
pub use self::residual::Residual;
pub use self::verdict::{Access, Level, Truth};
pub use self::widen::{WhoElse, Widening, WideningPath};

/// The access model of one application over the facts that were read.
///
/// Evaluation is strict: where the sources disagree, as on nested groups under an access policy, a verdict is unknown.
/// [`lenient`](Self::lenient) evaluation counts nested members as Microsoft's page does; it suits a forecast, not a
/// proof.
#[derive(Debug)]
pub struct AccessModel<'f> {
    facts: &'f Facts,
    is_lenient: bool,
    groups: Groups<'f>,
    units: Vec<(&'f AdministrativeUnit, Members<'f>)>,
    /// Whether there is a mailbox through which free/busy of others can be asked for.
    callers: OnceLock<Truth>,
}

impl<'f> AccessModel<'f> {
    /// The model over these facts.
    #[must_use]
    pub fn new(facts: &'f Facts) -> Self {
        let units = facts.administrative_units.entries().iter();
        Self {
            facts,
            is_lenient: false,
            groups: Groups::new(&facts.groups),
            units: units.map(|unit| (unit, Members::new(&unit.members))).collect(),
            callers: OnceLock::new(),
        }
    }

    /// Counts nested members of a policy's group as members, as Microsoft's page has done since 2024-11. Users found
    /// otherwise before.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.is_lenient = true;
        self.callers = OnceLock::new();
        self
    }

    /// The facts.
    #[must_use]
    pub const fn facts(&self) -> &'f Facts {
        self.facts
    }
}
