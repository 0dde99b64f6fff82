use std::collections::HashMap;
use std::sync::OnceLock;

use super::facts::{AdministrativeUnit, Facts};
use super::members::{Groups, Members};
use super::verdict::Truth;

/// The access model of one application over the facts that were read.
///
/// Evaluation is strict: where the sources disagree, as on nested groups under an access policy, a verdict is unknown.
/// [`lenient`](Self::lenient) evaluation counts nested members as Microsoft's page does; it suits a forecast, not a
/// proof.
#[derive(Debug)]
pub struct AccessModel<'f> {
    pub(super) facts: &'f Facts,
    pub(super) is_lenient: bool,
    pub(super) groups: Groups<'f>,
    pub(super) units: Vec<(&'f AdministrativeUnit, Members<'f>)>,
    /// The recipients of management scopes, by the scope's name in lower case.
    pub(super) scope_recipients: HashMap<String, Members<'f>>,
    /// Whether there is a mailbox through which free/busy of others can be asked for.
    pub(super) callers: OnceLock<Truth>,
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
            scope_recipients: facts
                .scope_recipients
                .iter()
                .map(|(name, recipients)| (name.to_lowercase(), Members::new(recipients)))
                .collect(),
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
