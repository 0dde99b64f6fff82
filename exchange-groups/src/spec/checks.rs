//! The rules of a spec: every fault is reported at once.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use graph_client::{InvalidValue, SmtpAddress};
use serde::{Deserialize, Serialize};

use super::rooms::{RoomFilter, RoomKind, Rooms, Workspaces};
use super::scope::Scope;

/// All faults of a spec. Each names a field, its value and the rule.
///
/// As JSON it is `{"faults": [{"field": …, "value": …, "rule": …}]}`. The field is a path such as `rooms.addresses[3]`;
/// `spec` is the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecError {
    faults: Vec<InvalidValue>,
}

impl SpecError {
    /// These faults.
    pub(crate) fn new(faults: Vec<InvalidValue>) -> Self {
        Self { faults }
    }

    /// The faults, in the order of the fields.
    #[must_use]
    pub fn faults(&self) -> &[InvalidValue] {
        &self.faults
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.faults {
            [fault] => write!(f, "the spec has a fault: {fault}"),
            faults => {
                write!(f, "the spec has {} faults:", faults.len())?;
                faults.iter().try_for_each(|fault| write!(f, "\n- {fault}"))
            }
        }
    }
}

impl std::error::Error for SpecError {}

/// How deep a spec may be nested. It needs four levels.
const DEEPEST: usize = 64;

/// How long the text of a spec may be. One with 10,000 addresses has half of it.
const LONGEST: usize = 1024 * 1024;

/// How far a line may be indented before its content begins.
const WIDEST: usize = 512;

/// The rule that a text breaks which no spec has: too long, or nested too deep.
fn text_fault(text: &str) -> Option<String> {
    if text.len() > LONGEST {
        return Some(format!("must be no longer than {} KiB", LONGEST / 1024));
    }
    let mut depth = 0_usize;
    for line in text.lines() {
        // Blocks are nested by indentation, and by several indicators in one line.
        let begin = line.len() - line.trim_start_matches([' ', '\t', '-', '?']).len();
        let indicators = line[..begin].bytes().filter(|byte| b"-?".contains(byte)).count();
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        if depth > DEEPEST || indicators > DEEPEST || begin > WIDEST {
            return Some(format!("must not be nested deeper than {DEEPEST} levels"));
        }
    }
    None
}

/// The checks of one spec, with the faults that they found.
#[derive(Default)]
pub(super) struct Checks {
    faults: Vec<InvalidValue>,
}

impl From<Checks> for SpecError {
    fn from(checks: Checks) -> Self {
        Self { faults: checks.faults }
    }
}

impl Checks {
    pub(super) fn is_passed(&self) -> bool {
        self.faults.is_empty()
    }

    /// A text that is too long, or nested too deep.
    pub(super) fn text(&mut self, text: &str) {
        if let Some(rule) = text_fault(text) {
            self.fault("spec", "", rule);
        }
    }

    pub(super) fn fault(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
        rule: impl Into<Cow<'static, str>>,
    ) {
        self.faults.push(InvalidValue::new(field, value, rule));
    }

    pub(super) fn parse<T: std::str::FromStr<Err = InvalidValue>>(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        text: &str,
    ) -> Option<T> {
        text.parse().map_err(|fault: InvalidValue| self.faults.push(fault.at(field))).ok()
    }

    pub(super) fn addresses(&mut self, field: &'static str, texts: &[String]) -> Vec<SmtpAddress> {
        let mut seen = HashSet::new();
        let mut addresses = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let field = format!("{field}[{index}]");
            let Some(address) = self.parse::<SmtpAddress>(field.clone(), text) else { continue };
            if seen.insert(address.clone()) {
                addresses.push(address);
            } else {
                self.fault(field, text, "must not stand in the list twice");
            }
        }
        addresses
    }

    /// A filter is taken as it stands: Exchange knows its grammar. What it must not be is empty, or open at its end.
    pub(super) fn scope(&mut self, scope: &Scope<String, String>) -> Option<Scope> {
        match scope {
            Scope::Group => Some(Scope::Group),
            Scope::Filter(text) => match serde_json::from_value(text.clone().into()) {
                Ok(filter) => Some(Scope::Filter(filter)),
                Err(error) => {
                    self.fault("scope.filter", text, error.to_string().trim_start_matches("a filter ").to_owned());
                    None
                }
            },
            Scope::AdministrativeUnit(text) => {
                self.parse("scope.administrative_unit", text).map(Scope::AdministrativeUnit)
            }
        }
    }

    pub(super) fn rooms(&mut self, rooms: &Rooms) -> Option<Rooms<SmtpAddress>> {
        let before = self.faults.len();
        let selects = rooms.lists().next().is_some() || rooms.filter.is_some();
        if rooms.addresses.is_some() && selects {
            self.fault("rooms", rooms.to_string(), "must use addresses alone, or room lists and a filter");
        }
        if rooms.room_list.is_some() && !rooms.room_lists.is_empty() {
            self.fault("rooms", rooms.to_string(), "must use one of room_list and room_lists");
        }
        if rooms.kinds.as_ref().is_some_and(Vec::is_empty) {
            self.fault("rooms.kinds", "[]", "must name at least one kind; leave it out for rooms and workspaces");
        }
        if rooms.needs_places() && rooms.selects(RoomKind::Equipment) {
            let rule =
                "must leave out equipment where the filter asks for building, floor, city or tags: it has no place";
            self.fault("rooms.kinds", RoomKind::Equipment.as_str(), rule);
        }
        if rooms.kinds.is_some() && rooms.workspaces != Workspaces::default() {
            self.fault("rooms.workspaces", rooms.workspaces.as_str(), "must be left out where kinds are named");
        }
        if rooms.addresses.as_ref().is_some_and(Vec::is_empty) {
            self.fault("rooms.addresses", "[]", "must name at least one room; leave it out for all rooms");
        }
        if let Some(filter) = &rooms.filter {
            let conditions = filter.conditions();
            if conditions.is_empty() {
                self.fault("rooms.filter", "{}", "must have at least one condition; leave it out for all rooms");
            }
            for (what, value) in conditions {
                if value.trim().is_empty() {
                    self.fault("rooms.filter", format!("{what} {value:?}"), "must not be empty");
                }
            }
        }
        if let Some(RoomFilter { capacity_at_least: Some(least), capacity_at_most: Some(most), .. }) = rooms.filter
            && least > most
        {
            let rule = format!("must not be less than capacity_at_least, which is {least}");
            self.fault("rooms.filter.capacity_at_most", most.to_string(), rule);
        }
        let checked = Rooms {
            addresses: rooms.addresses.as_ref().map(|texts| self.addresses("rooms.addresses", texts)),
            room_list: rooms.room_list.as_ref().and_then(|text| self.parse("rooms.room_list", text)),
            room_lists: self.addresses("rooms.room_lists", &rooms.room_lists),
            filter: rooms.filter.clone(),
            workspaces: rooms.workspaces,
            kinds: rooms.kinds.clone(),
            except: self.addresses("rooms.except", &rooms.except),
        };
        (self.faults.len() == before).then_some(checked)
    }
}

impl Rooms {
    /// The selection with its addresses checked.
    ///
    /// # Errors
    ///
    /// [`SpecError`] with every fault.
    pub fn checked(&self) -> Result<Rooms<SmtpAddress>, SpecError> {
        let mut check = Checks::default();
        check.rooms(self).ok_or_else(|| check.into())
    }
}
