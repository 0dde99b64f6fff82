//! Buildings and floors of Exchange as zones of PlaceOS.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::api::{NewZone, PlaceOsZone};
use super::change::{HandOverChange, ZoneRef};

/// Which zones stand for which buildings and floors.
///
/// What is not named is looked up: a zone tagged `building` or `level` that has the name, and of several zones none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ZoneMap {
    /// Zone ids by building.
    pub buildings: BTreeMap<String, String>,
    /// Zone ids by building and floor.
    pub levels: BTreeMap<String, BTreeMap<String, String>>,
    /// The zone of the organisation. Default: the only one that is tagged `org`.
    pub organization: Option<String>,
    /// Whether missing zones are created.
    pub create_missing: bool,
}

impl ZoneMap {
    /// A map that names no zone, and creates none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the zone of a building.
    #[must_use]
    pub fn building(mut self, building: impl Into<String>, zone: impl Into<String>) -> Self {
        self.buildings.insert(building.into(), zone.into());
        self
    }

    /// Names the zone of a floor, by its label or number.
    #[must_use]
    pub fn level(mut self, building: impl Into<String>, floor: impl Into<String>, zone: impl Into<String>) -> Self {
        self.levels.entry(building.into()).or_default().insert(floor.into(), zone.into());
        self
    }

    /// Names the zone of the organisation, in which buildings are created.
    #[must_use]
    pub fn organization(mut self, zone: impl Into<String>) -> Self {
        self.organization = Some(zone.into());
        self
    }

    /// Sets whether missing zones are created. Default `false`: a building that is named otherwise in PlaceOS would be there
    /// twice.
    #[must_use]
    pub fn create_missing(mut self, create: bool) -> Self {
        self.create_missing = create;
        self
    }
}

/// The place of a room, as zones are looked up for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whereabouts<'a> {
    pub(crate) building: &'a str,
    pub(crate) floor: Option<&'a str>,
    pub(crate) floor_number: Option<i64>,
}

/// Looks zones up, and notes which ones are created.
#[derive(Debug)]
pub(crate) struct Zones<'a> {
    known: &'a [PlaceOsZone],
    map: &'a ZoneMap,
    /// The names that are taken, in lower case.
    names: BTreeSet<String>,
    /// The names of the zones that are created, by their lower case.
    created: BTreeMap<String, String>,
}

/// The zones of a room: what is found or created, the steps that create it, and what is missing.
#[derive(Debug, Default)]
pub(crate) struct RoomZones {
    pub(crate) building: Option<ZoneRef>,
    pub(crate) level: Option<ZoneRef>,
    pub(crate) steps: Vec<HandOverChange>,
    pub(crate) missing: Vec<String>,
}

enum Match<'a> {
    One(&'a PlaceOsZone),
    None,
    Several,
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn shown(zone: &PlaceOsZone) -> String {
    zone.name.clone().or_else(|| zone.display_name.clone()).unwrap_or_else(|| zone.id.clone())
}

fn say_missing(missing: &mut Vec<String>, is_missing: bool, what: &str) {
    if is_missing && missing.is_empty() {
        missing.push(format!("PlaceOS has no zone for {what}"));
    }
}

impl<'a> Zones<'a> {
    pub(crate) fn new(zones: &'a [PlaceOsZone], map: &'a ZoneMap) -> Self {
        let names = zones.iter().filter_map(|zone| Some(zone.name.as_ref()?.to_lowercase())).collect();
        Self { known: zones, map, names, created: BTreeMap::new() }
    }

    /// The zone of the organisation.
    pub(crate) fn organization(&self) -> Option<ZoneRef> {
        let mut tagged = self.known.iter().filter(|zone| zone.tags.iter().any(|tag| tag == "org"));
        let found = match &self.map.organization {
            Some(id) => self.known.iter().find(|zone| zone.id == *id),
            None => tagged.next().filter(|_| tagged.next().is_none()),
        }?;
        Some(ZoneRef { name: shown(found), id: Some(found.id.clone()) })
    }

    pub(crate) fn has_tag(&self, id: &str, tag: &str) -> bool {
        self.known.iter().any(|zone| zone.id == id && zone.tags.iter().any(|it| it == tag))
    }

    /// The zones of a place.
    pub(crate) fn of(&mut self, place: Whereabouts<'_>) -> RoomZones {
        let mut found = RoomZones::default();
        let building = place.building;
        let mapped = self.map.buildings.iter().find(|(name, _)| same(name, building)).map(|(_, id)| id.clone());
        let names = [building.to_owned()];
        let what = format!("the building \"{building}\"");
        let parent = self.organization();
        found.building = self.zone(mapped, "building", None, &names, &what, &mut found.missing).or_else(|| {
            let wanted = NewZone {
                name: building.to_owned(),
                display_name: building.to_owned(),
                code: None,
                tags: vec!["building".into()],
                parent_id: None,
            };
            self.create(wanted, parent, &found.missing, &mut found.steps)
        });
        let floor =
            place.floor.map(str::to_owned).or_else(|| place.floor_number.map(|number| format!("Level {number}")));
        let (Some(floor), Some(parent)) = (floor, found.building.clone()) else {
            say_missing(&mut found.missing, found.building.is_none(), &what);
            return found;
        };
        let number = place.floor_number.map(|number| number.to_string());
        let levels = self.map.levels.iter().find(|(name, _)| same(name, building)).map(|(_, levels)| levels);
        let mapped = levels.and_then(|levels| {
            let is_it = |name: &str| same(name, &floor) || number.as_ref().is_some_and(|number| same(name, number));
            levels.iter().find(|(name, _)| is_it(name)).map(|(_, id)| id.clone())
        });
        // How a level is named is up to whoever made it.
        let mut names = vec![floor.clone(), format!("{building} {floor}")];
        if let Some(number) = &number {
            for word in ["Level", "Floor"] {
                names.push(format!("{word} {number}"));
                names.push(format!("{building} {word} {number}"));
            }
            names.push(number.clone());
        }
        let what = format!("the level \"{floor}\" of the building \"{building}\"");
        let before = found.missing.len();
        found.level = match &parent.id {
            Some(id) => self.zone(mapped, "level", Some(id), &names, &what, &mut found.missing),
            None => None,
        };
        if found.level.is_none() && found.missing.len() == before {
            let wanted = NewZone {
                name: format!("{building} {floor}"),
                display_name: floor.clone(),
                code: number,
                tags: vec!["level".into()],
                parent_id: None,
            };
            found.level = self.create(wanted, Some(parent), &[], &mut found.steps);
            say_missing(&mut found.missing, found.level.is_none(), &what);
        }
        found
    }

    fn zone(
        &self,
        mapped: Option<String>,
        tag: &str,
        parent: Option<&str>,
        names: &[String],
        what: &str,
        missing: &mut Vec<String>,
    ) -> Option<ZoneRef> {
        if let Some(id) = mapped {
            let zone = self.known.iter().find(|zone| zone.id == id);
            if zone.is_none() {
                missing.push(format!("the zone {id}, which is named for {what}, does not exist"));
            }
            return zone.map(|zone| ZoneRef { name: shown(zone), id: Some(zone.id.clone()) });
        }
        let is_named = |zone: &PlaceOsZone| {
            [&zone.name, &zone.display_name, &zone.code]
                .into_iter()
                .flatten()
                .any(|it| names.iter().any(|name| same(it, name)))
        };
        let mut matching = self.known.iter().filter(|zone| {
            zone.tags.iter().any(|it| it == tag)
                && parent.is_none_or(|parent| zone.parent_id.as_deref() == Some(parent))
                && is_named(zone)
        });
        let found = match (matching.next(), matching.next()) {
            (Some(zone), None) => Match::One(zone),
            (None, _) => Match::None,
            (Some(_), Some(_)) => Match::Several,
        };
        match found {
            Match::One(zone) => Some(ZoneRef { name: shown(zone), id: Some(zone.id.clone()) }),
            Match::None => None,
            Match::Several => {
                missing.push(format!("several zones could be {what}"));
                None
            }
        }
    }

    /// A zone that is created, unless it is already.
    fn create(
        &mut self,
        zone: NewZone,
        parent: Option<ZoneRef>,
        missing: &[String],
        steps: &mut Vec<HandOverChange>,
    ) -> Option<ZoneRef> {
        // What is there in a way that was not understood is not created once more.
        if !self.map.create_missing || !missing.is_empty() {
            return None;
        }
        let key = zone.name.to_lowercase();
        if let Some(name) = self.created.get(&key) {
            return Some(ZoneRef { name: name.clone(), id: None });
        }
        if self.names.contains(&key) {
            return None;
        }
        let reference = ZoneRef { name: zone.name.clone(), id: None };
        self.created.insert(key, zone.name.clone());
        steps.push(HandOverChange::CreateZone { zone, parent });
        Some(reference)
    }
}
