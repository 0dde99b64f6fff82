//! The comparison. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};

use graph_client::SmtpAddress;
use graph_client::exchange::{AddDistributionGroupMember, RemoveDistributionGroupMember};

use super::model::{ExchangeRoom, Fix, ReconcileFacts, Reconciliation, RoomDifference, RoomDifferenceKind};
use crate::change::Change;
use crate::placeos::api::{NewSystem, PlaceOsModule, System};
use crate::placeos::change::{HandOverChange, ModuleRef, Owner, SystemChange, SystemRef, SystemState, ZoneRef};
use crate::placeos::zones::{RoomZones, Whereabouts, Zones};

/// Compares the rooms of Exchange, the members of the group and the systems of PlaceOS. Pure.
///
/// The spec decides: a room that it selects is a member, and has one system with its address, capacity, building and level,
/// the calendar module and a bookings module that runs. The steps of the fixes lead there and touch nothing else: names and
/// other zones, modules and fields of a system stay, and so does every system that is none of a room. Where it is not known
/// what is meant, a person decides.
///
/// A module is started by [`HandOver`](crate::placeos::HandOver) alone, and only once the restriction is verified.
#[must_use]
pub fn reconcile(facts: &ReconcileFacts) -> Reconciliation {
    Comparison::new(facts).run()
}

/// What to do where the application is not limited to a group.
const SCOPE: &str =
    "Change the property that the condition of the scope reads, or the members of the administrative unit.";

struct Comparison<'a> {
    facts: &'a ReconcileFacts,
    zones: Zones<'a>,
    systems: HashMap<String, Vec<&'a System>>,
    bookings: HashMap<&'a str, Vec<&'a PlaceOsModule>>,
    /// Names of systems that are taken, or will be.
    names: BTreeSet<String>,
    missing_zones: BTreeSet<String>,
    found: Vec<RoomDifference>,
}

fn lower(address: &str) -> String {
    address.trim().to_lowercase()
}

impl<'a> Comparison<'a> {
    fn new(facts: &'a ReconcileFacts) -> Self {
        let mut systems: HashMap<String, Vec<&System>> = HashMap::new();
        for system in facts.systems.entries() {
            if let Some(address) = system.address() {
                systems.entry(lower(address)).or_default().push(system);
            }
        }
        let mut bookings: HashMap<&str, Vec<&PlaceOsModule>> = HashMap::new();
        for module in facts.modules.entries() {
            if let (Some(system), true) = (&module.control_system_id, module.driver_id == facts.bookings_driver) {
                bookings.entry(system).or_default().push(module);
            }
        }
        let names = facts.systems.entries().iter().filter_map(|system| system.name.clone()).collect();
        Self {
            facts,
            zones: Zones::new(facts.zones.entries(), &facts.zone_map),
            systems,
            bookings,
            names,
            missing_zones: BTreeSet::new(),
            found: Vec::new(),
        }
    }

    fn add(
        &mut self,
        kind: RoomDifferenceKind,
        address: Option<&SmtpAddress>,
        system: Option<&System>,
        message: impl Into<String>,
        owner: Owner,
        fix: Fix,
    ) {
        self.found.push(RoomDifference {
            kind,
            address: address.cloned(),
            system: system.map(|system| system.id.clone()),
            message: message.into(),
            owner,
            fix,
        });
    }

    fn run(mut self) -> Reconciliation {
        let mut agreed = Vec::new();
        let placeos = [
            ("systems", self.facts.systems.missing()),
            ("modules", self.facts.modules.missing()),
            ("zones", self.facts.zones.missing()),
        ];
        let mut is_whole = true;
        for (what, why) in placeos {
            if let Some(why) = why {
                is_whole = false;
                self.unread(format!("the {what} of PlaceOS could not be read: {why}"));
            }
        }
        if let Some(why) = self.facts.members.missing().map(str::to_owned) {
            self.unread(format!("the members of the group could not be read: {why}"));
        }
        self.members();
        let has_members = self.facts.members.whole().is_some();
        for room in &self.facts.rooms {
            let before = self.found.len();
            if is_whole {
                match room.is_wanted {
                    Some(true) => self.wanted(room),
                    Some(false) => self.unwanted(room),
                    None => {}
                }
            }
            let is_fine =
                self.found.len() == before && !self.found.iter().any(|it| it.address.as_ref() == Some(&room.address));
            if is_fine && is_whole && has_members && room.is_wanted == Some(true) {
                agreed.push(room.address.clone());
            }
        }
        if is_whole {
            self.strangers();
        }
        Reconciliation { agreed, differences: self.found }
    }

    fn unread(&mut self, message: String) {
        let advice = "Give the program the rights to read it, and run it again.".to_owned();
        self.add(RoomDifferenceKind::Unread, None, None, message, Owner::Operator, Fix::Person { advice });
    }

    /// The first two sides: rooms and members.
    fn members(&mut self) {
        let facts = self.facts;
        for room in facts.rooms.iter().filter(|room| room.is_wanted.is_none()) {
            let advice = "Read the places of the rooms as well, or name the room in the spec.".to_owned();
            let message = "whether the spec selects the room is unknown, because its place is";
            self.add(
                RoomDifferenceKind::Undecided,
                Some(&room.address),
                None,
                message,
                Owner::SpecAuthor,
                Fix::Person { advice },
            );
        }
        let Some(members) = facts.members.whole() else { return };
        let present: HashSet<String> = members.iter().map(|it| lower(it.as_str())).collect();
        let rooms: Vec<&SmtpAddress> =
            facts.rooms.iter().filter(|room| room.is_wanted == Some(true)).map(|room| &room.address).collect();
        for address in rooms.iter().copied().chain(&facts.mailboxes) {
            if present.contains(&lower(address.as_str())) {
                continue;
            }
            let fix = if facts.is_group {
                let add = AddDistributionGroupMember::new(&facts.group, address);
                Fix::Exchange { change: Box::new(Change::AddMember(add)) }
            } else {
                Fix::Person { advice: SCOPE.to_owned() }
            };
            let message = "the spec makes it a member of the group, and it is none: the application is denied";
            self.add(RoomDifferenceKind::NotAMember, Some(address), None, message, Owner::ExchangeAdministrator, fix);
        }
        let wanted: HashSet<String> =
            rooms.iter().copied().chain(&facts.mailboxes).map(|it| lower(it.as_str())).collect();
        let undecided: HashSet<String> = facts
            .rooms
            .iter()
            .filter(|room| room.is_wanted.is_none())
            .map(|room| lower(room.address.as_str()))
            .collect();
        for member in members {
            let name = lower(member.as_str());
            if wanted.contains(&name) || undecided.contains(&name) {
                continue;
            }
            let message = "it is a member of the group, and the spec does not select it: the application reaches it";
            let (owner, fix) = if facts.keeps_other_members {
                let advice = "The spec keeps other members. Name it there, or let the spec remove them.".to_owned();
                (Owner::SpecAuthor, Fix::Person { advice })
            } else if !facts.is_group {
                (Owner::ExchangeAdministrator, Fix::Person { advice: SCOPE.to_owned() })
            } else {
                let remove = RemoveDistributionGroupMember::new(&facts.group, member);
                (Owner::ExchangeAdministrator, Fix::Exchange { change: Box::new(Change::RemoveMember(remove)) })
            };
            self.add(RoomDifferenceKind::UnwantedMember, Some(member), None, message, owner, fix);
        }
    }

    fn systems_of(&self, room: &ExchangeRoom) -> Vec<&'a System> {
        let mut found: Vec<&System> = Vec::new();
        for address in std::iter::once(&room.address).chain(&room.aliases) {
            for system in self.systems.get(&lower(address.as_str())).into_iter().flatten() {
                if !found.iter().any(|it| it.id == system.id) {
                    found.push(system);
                }
            }
        }
        found
    }

    /// A room that the spec selects.
    fn wanted(&mut self, room: &ExchangeRoom) {
        let systems = self.systems_of(room);
        match systems.as_slice() {
            [] => self.without_system(room),
            [system] => self.with_system(room, system),
            several => {
                let ids: Vec<&str> = several.iter().map(|system| system.id.as_str()).collect();
                let message = format!("{} systems have its address: {}", several.len(), ids.join(", "));
                let advice = "Leave the address with one of them: each reads the same calendar.".to_owned();
                let owner = Owner::PlaceOsAdministrator;
                let fix = Fix::Person { advice };
                self.add(RoomDifferenceKind::SeveralSystems, Some(&room.address), None, message, owner, fix);
            }
        }
    }

    fn zones_of(&mut self, room: &ExchangeRoom) -> RoomZones {
        let Some(building) = room.building.as_deref().filter(|it| !it.trim().is_empty()) else {
            return RoomZones::default();
        };
        let place = Whereabouts {
            building: building.trim(),
            floor: room.floor.as_deref().map(str::trim).filter(|it| !it.is_empty()),
            floor_number: room.floor_number,
        };
        let zones = self.zones.of(place);
        for missing in &zones.missing {
            if self.missing_zones.insert(missing.clone()) {
                let advice = "Name the zone in the map, or let missing zones be created.".to_owned();
                let (owner, fix) = (Owner::Operator, Fix::Person { advice });
                self.add(RoomDifferenceKind::NoZone, None, None, missing.clone(), owner, fix);
            }
        }
        zones
    }

    fn without_system(&mut self, room: &ExchangeRoom) {
        let shown = room.name.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let name = shown.unwrap_or_else(|| room.address.as_str()).to_owned();
        let without_address = |it: &&System| it.address().is_none() && it.name.as_deref() == Some(&*name);
        if let Some(system) = self.facts.systems.entries().iter().find(without_address) {
            let message = format!("the system {} has its name, and no address", system.id);
            let advice = format!("If it is the room, set its address to {}. Otherwise rename it.", room.address);
            let (owner, fix) = (Owner::PlaceOsAdministrator, Fix::Person { advice });
            self.add(RoomDifferenceKind::NameTaken, Some(&room.address), Some(system), message, owner, fix);
            return;
        }
        // Names of systems are unique, and those of rooms are not.
        let unique = if self.names.contains(&name) { format!("{name} ({})", room.address) } else { name };
        self.names.insert(unique.clone());
        let zones = self.zones_of(room);
        let mut steps = zones.steps;
        let system = SystemRef { address: room.address.clone(), name: unique.clone(), id: None };
        // GUESS: from the widest zone to the narrowest; wrong if systems of PlaceOS have them in another order, which
        // is that of their settings.
        let refs: Vec<ZoneRef> =
            self.zones.organization().into_iter().chain(zones.building).chain(zones.level).collect();
        steps.push(HandOverChange::CreateSystem {
            system: NewSystem {
                name: unique,
                display_name: shown.map(str::to_owned),
                email: room.address.clone(),
                capacity: room.capacity,
                bookable: room.is_reserved != Some(true),
                code: room.label.clone(),
                features: room.features.clone(),
                zones: Vec::new(),
            },
            zones: refs,
        });
        steps.push(HandOverChange::ConnectCalendar {
            system: system.clone(),
            module: self.facts.calendar_module.clone(),
        });
        if let Some(driver) = self.facts.bookings_driver.clone() {
            steps.push(HandOverChange::CreateBookings { system: system.clone(), driver });
            steps.push(HandOverChange::StartModule(ModuleRef::Bookings { system, id: None }));
        }
        let (owner, fix) = (Owner::PlaceOsAdministrator, Fix::PlaceOs { steps });
        let message = "PlaceOS has no system with its address";
        self.add(RoomDifferenceKind::NoSystem, Some(&room.address), None, message, owner, fix);
    }

    fn with_system(&mut self, room: &ExchangeRoom, system: &'a System) {
        let owner = Owner::PlaceOsAdministrator;
        let reference = SystemRef {
            address: room.address.clone(),
            name: system.display_name.clone().or_else(|| system.name.clone()).unwrap_or_else(|| system.id.clone()),
            id: Some(system.id.clone()),
        };
        let zones = self.zones_of(room);
        let mut change = SystemChange::default();
        let is_address = system.address().is_some_and(|it| it.eq_ignore_ascii_case(room.address.as_str()));
        let mut seen = Vec::new();
        if !is_address {
            change.email = Some(room.address.clone());
            seen.push(format!("it has the address {}", system.address().unwrap_or_default()));
        }
        if let Some(capacity) = room.capacity.filter(|it| system.capacity != Some(*it)) {
            change.capacity = Some(capacity);
            let own = system.capacity.map_or("no capacity".to_owned(), |it| format!("the capacity {it}"));
            seen.push(format!("it has {own}, and the room {capacity}"));
        }
        for (zone, tag) in [(&zones.building, "building"), (&zones.level, "level")] {
            let Some(zone) = zone else { continue };
            if zone.id.as_ref().is_some_and(|id| system.zones.contains(id)) {
                continue;
            }
            seen.push(format!("it is not in the {tag} {zone}"));
            change.enters.push(zone.clone());
            change.leaves.extend(system.zones.iter().filter(|id| self.zones.has_tag(id, tag)).cloned());
        }
        if !change.is_empty() {
            let mut steps = zones.steps;
            let from = SystemState {
                version: system.version.unwrap_or_default(),
                email: system.email.clone(),
                capacity: system.capacity,
            };
            let message = format!("its system differs from the room: {}", seen.join("; "));
            steps.push(HandOverChange::UpdateSystem { system: reference.clone(), from, to: change });
            let fix = Fix::PlaceOs { steps };
            self.add(RoomDifferenceKind::SystemDiffers, Some(&room.address), Some(system), message, owner, fix);
        }
        let module = self.facts.calendar_module.clone();
        if module.as_ref().is_none_or(|module| !system.modules.contains(module)) {
            let steps = vec![HandOverChange::ConnectCalendar { system: reference.clone(), module }];
            let message = "the calendar module is not in its system";
            let fix = Fix::PlaceOs { steps };
            self.add(RoomDifferenceKind::NotConnected, Some(&room.address), Some(system), message, owner, fix);
        }
        let Some(driver) = self.facts.bookings_driver.clone() else { return };
        let modules = self.bookings.get(system.id.as_str()).cloned().unwrap_or_default();
        if modules.is_empty() {
            let start = ModuleRef::Bookings { system: reference.clone(), id: None };
            let steps =
                vec![HandOverChange::CreateBookings { system: reference, driver }, HandOverChange::StartModule(start)];
            let fix = Fix::PlaceOs { steps };
            let message = "its system has no bookings module";
            self.add(RoomDifferenceKind::NoBookings, Some(&room.address), Some(system), message, owner, fix);
        } else if !modules.iter().any(|module| module.running == Some(true)) {
            let id = modules.first().map(|module| module.id.clone());
            let steps = vec![HandOverChange::StartModule(ModuleRef::Bookings { system: reference, id })];
            let fix = Fix::PlaceOs { steps };
            let message = "the bookings module of its system does not run";
            self.add(RoomDifferenceKind::NotRunning, Some(&room.address), Some(system), message, owner, fix);
        }
    }

    /// A room that the spec does not select: what reads it with our calendar module is refused.
    fn unwanted(&mut self, room: &ExchangeRoom) {
        let Some(calendar) = self.facts.calendar_module.as_ref() else { return };
        for system in self.systems_of(room) {
            let modules = self.bookings.get(system.id.as_str()).cloned().unwrap_or_default();
            let running = modules.iter().filter(|module| module.running == Some(true));
            let reference = SystemRef {
                address: room.address.clone(),
                name: system.display_name.clone().or_else(|| system.name.clone()).unwrap_or_default(),
                id: Some(system.id.clone()),
            };
            let stop = |module: &&PlaceOsModule| {
                let (system, id) = (reference.clone(), Some(module.id.clone()));
                HandOverChange::StopModule(ModuleRef::Bookings { system, id })
            };
            let steps: Vec<_> = running.map(stop).collect();
            if steps.is_empty() || !system.modules.contains(calendar) {
                continue;
            }
            let message = "its bookings module runs, and the spec does not select the room: the application is denied";
            let (owner, fix) = (Owner::PlaceOsAdministrator, Fix::PlaceOs { steps });
            self.add(RoomDifferenceKind::RunsInVain, Some(&room.address), Some(system), message, owner, fix);
        }
    }

    /// Systems with an address that no room has. Another tenant's rooms may be among them: nothing is done to them.
    fn strangers(&mut self) {
        let facts = self.facts;
        let known: HashSet<String> = facts
            .rooms
            .iter()
            .flat_map(|room| std::iter::once(&room.address).chain(&room.aliases))
            .map(|it| lower(it.as_str()))
            .collect();
        for system in facts.systems.entries() {
            let Some(address) = system.address().filter(|address| !known.contains(&lower(address))) else { continue };
            let is_ours = facts.calendar_module.as_ref().is_some_and(|module| system.modules.contains(module));
            let message = if is_ours {
                "a system has this address and our calendar module, and Exchange has no such room: every read fails"
            } else {
                "a system has this address, and Exchange has no such room"
            };
            let advice = "Correct the address, or take the system out of use. A room of another tenant needs another \
                          calendar module."
                .to_owned();
            let (owner, fix) = (Owner::PlaceOsAdministrator, Fix::Person { advice });
            let (message, parsed) = match address.parse::<SmtpAddress>() {
                Ok(parsed) => (message.to_owned(), Some(parsed)),
                Err(_) => (format!("{message} ({address})"), None),
            };
            self.add(RoomDifferenceKind::NoRoom, parsed.as_ref(), Some(system), message, owner, fix);
        }
    }
}
