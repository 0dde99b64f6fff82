use std::fmt;

use graph_client::ObjectId;
use graph_client::exchange::OpathFilter;
use serde::{Deserialize, Serialize};

/// What the role of the application is limited to.
///
/// Texts (`Scope<String, String>`) are what a builder takes; a spec holds them checked.
///
/// | strategy | fits | mind |
/// |---|---|---|
/// | group | up to 10,000 mailboxes that are chosen one by one, or by rooms | the default; direct members alone count |
/// | filter | mailboxes that a property tells, as many as there are: `CustomAttribute1 -eq 'Rooms'` | whoever writes the property decides who is reached |
/// | administrative unit | mailboxes that Entra keeps in a unit already | needs Microsoft Entra ID P1; the unit's administrators decide who is reached |
///
/// With another scope than the group no group is made: the address then only names the restriction.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scope<F = OpathFilter, U = ObjectId> {
    /// The direct members of the group.
    #[default]
    Group,
    /// The recipients that meet a condition, by a management scope: OPATH, as `New-ManagementScope` takes it. A scope that
    /// has the same condition already is used; else one is created.
    Filter(F),
    /// The members of an administrative unit of Entra, by its object id. The unit must be there.
    AdministrativeUnit(U),
}

impl<F, U> Scope<F, U> {
    /// Whether it is the group.
    #[must_use]
    pub fn is_group(&self) -> bool {
        matches!(self, Self::Group)
    }
}

impl Scope<String, String> {
    /// The recipients that meet a condition.
    #[must_use]
    pub fn filter(filter: impl Into<String>) -> Self {
        Self::Filter(filter.into())
    }

    /// The members of an administrative unit, by its object id.
    #[must_use]
    pub fn administrative_unit(unit: impl Into<String>) -> Self {
        Self::AdministrativeUnit(unit.into())
    }
}

impl From<Scope> for Scope<String, String> {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Group => Self::Group,
            Scope::Filter(filter) => Self::Filter(filter.as_str().to_owned()),
            Scope::AdministrativeUnit(unit) => Self::AdministrativeUnit(unit.to_string()),
        }
    }
}

/// What the role is over, to follow *over*.
impl<F: fmt::Display, U: fmt::Display> fmt::Display for Scope<F, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group => f.write_str("the members of the group"),
            Self::Filter(filter) => write!(f, "the recipients with {filter}"),
            Self::AdministrativeUnit(unit) => write!(f, "the members of the administrative unit {unit}"),
        }
    }
}
