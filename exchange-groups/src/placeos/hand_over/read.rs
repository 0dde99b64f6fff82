//! Reads both sides. What could not be read is a fact too.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::TryStreamExt as _;
use graph_client::SmtpAddress;
use graph_client::exchange::{ExchangeMailbox, ExchangePlace, ExchangeRecipient};
use graph_client::graph::BookingType;
use serde::{Deserialize, Serialize};

use super::error::HandOverError;
use super::input::HandOver;
use crate::access::Fact;
use crate::document::Origin;
use crate::membership::MailboxRef;
use crate::observe::{Observation, places};
use crate::placeos::api::{
    PlaceOs, PlaceOsDriver, PlaceOsError, PlaceOsModule, PlaceOsZone, SettingsView, StaffTenant, System,
};
use crate::placeos::reconcile::ExchangeRoom;
use crate::select::{Places, Selection};
use crate::spec::{RestrictedCalendarGroup, RoomKind, Rooms};
use crate::text::without_advice;

/// What a hand-over is derived from: rooms and group in Exchange, and what PlaceOS has. No secret is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandOverFacts {
    /// The tenant, and when it was read.
    pub origin: Origin,
    /// The origin of the domain of PlaceOS.
    pub placeos: String,
    /// The names of the tenant: its id and its domains.
    pub tenant_names: Vec<String>,
    /// Every room mailbox.
    pub rooms: Vec<ExchangeRoom>,
    /// Why the places of the rooms are missing, or a part of them: buildings, floors and labels are unknown then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places_missing: Option<String>,
    /// The further mailboxes of the spec, by their primary addresses.
    pub mailboxes: Vec<SmtpAddress>,
    /// The members of the group, or what is in the scope that the spec has in its place. Empty when there is no group.
    pub members: Fact<Vec<SmtpAddress>>,
    /// The zones.
    pub zones: Fact<Vec<PlaceOsZone>>,
    /// The drivers.
    pub drivers: Fact<Vec<PlaceOsDriver>>,
    /// The systems.
    pub systems: Fact<Vec<System>>,
    /// The modules.
    pub modules: Fact<Vec<PlaceOsModule>>,
    /// The settings of the calendar driver and its modules, and those of bookings modules where they are asked for; by the
    /// id of what they are of.
    pub settings: BTreeMap<String, Fact<Vec<SettingsView>>>,
    /// The tenants of Staff API.
    pub staff_tenants: Fact<Vec<StaffTenant>>,
}

fn fact<T>(read: Result<T, PlaceOsError>) -> Fact<T> {
    match read {
        Ok(value) => Fact::Read(value),
        Err(error) => Fact::Unread(error.to_string()),
    }
}

impl HandOver {
    /// Reads Exchange and PlaceOS. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// Those of [`ExchangeGroups::observe`](crate::ExchangeGroups::observe). PlaceOS: a key with the scopes of the reads in
    /// [`endpoints`](crate::placeos::endpoints), of an administrator.
    ///
    /// # Errors
    ///
    /// [`HandOverError::Microsoft`] when Exchange cannot be read. What PlaceOS does not give is left unread.
    pub async fn observe(&self) -> Result<HandOverFacts, HandOverError> {
        let observation = self.groups.observe(&self.spec).await?;
        let everything = Rooms::all().kinds(RoomKind::ALL.iter().copied());
        let listed = match &observation.places {
            Some(known) => known.clone(),
            None => match places(&self.groups.client.exchange(), &everything).await {
                Ok(places) => Fact::Read(places),
                Err(error) => Fact::Unread(without_advice(&error)),
            },
        };
        let mut facts = self.exchange_facts(&observation, &listed);
        // A name that is not read makes a tenant unknown, and never another one.
        if let Ok(organization) = self.groups.client.organization().get().await {
            facts.tenant_names.push(organization.id);
            facts.tenant_names.extend(organization.verified_domains.into_iter().map(|domain| domain.name));
        }
        self.read_booking_types(&mut facts).await;
        self.read_placeos(&mut facts).await;
        Ok(facts)
    }

    /// Graph alone knows of them, and follows by up to 48 hours. What it does not list is unknown.
    async fn read_booking_types(&self, facts: &mut HandOverFacts) {
        let listed = self.groups.client.places().rooms().into_stream().try_collect::<Vec<_>>().await;
        let types: HashMap<String, bool> = listed
            .unwrap_or_default()
            .into_iter()
            .filter_map(|room| {
                let is_reserved = room.booking_type? == BookingType::Reserved;
                Some((room.email_address?.as_str().to_lowercase(), is_reserved))
            })
            .collect();
        for room in &mut facts.rooms {
            room.is_reserved = types.get(&room.address.as_str().to_lowercase()).copied();
        }
    }

    fn exchange_facts(&self, observation: &Observation, listed: &Fact<Vec<ExchangePlace>>) -> HandOverFacts {
        let selection = Selection::of(&self.spec, observation);
        let mut tenant_names = vec![self.groups.client.tenant().to_string(), observation.origin.tenant.clone()];
        tenant_names.extend(observation.accepted_domains.iter().cloned());
        HandOverFacts {
            origin: observation.origin.clone(),
            placeos: self.placeos.base().origin().ascii_serialization(),
            tenant_names,
            rooms: rooms(observation, &selection, listed),
            places_missing: listed.missing().map(str::to_owned),
            mailboxes: further(&self.spec, observation),
            members: members(&self.spec, observation),
            zones: Fact::default(),
            drivers: Fact::default(),
            systems: Fact::default(),
            modules: Fact::default(),
            settings: BTreeMap::new(),
            staff_tenants: Fact::default(),
        }
    }

    async fn read_placeos(&self, facts: &mut HandOverFacts) {
        let placeos = &self.placeos;
        facts.zones = fact(placeos.zones().await);
        facts.drivers = fact(placeos.drivers().await);
        facts.systems = fact(placeos.systems().await);
        facts.modules = fact(placeos.modules().await);
        facts.staff_tenants = fact(placeos.staff_tenants().await);
        let calendar: Vec<String> = self.calendar_drivers(facts).into_iter().map(|driver| driver.id.clone()).collect();
        let bookings: Vec<String> = self.bookings_drivers(facts).into_iter().map(|driver| driver.id.clone()).collect();
        let of = |module: &&PlaceOsModule, drivers: &[String]| {
            module.driver_id.as_ref().is_some_and(|driver| drivers.contains(driver))
        };
        let modules = facts.modules.entries();
        let mut parents: Vec<String> =
            modules.iter().filter(|module| of(module, &calendar)).map(|module| module.id.clone()).collect();
        if self.options.bookings_settings.is_some() {
            parents.extend(modules.iter().filter(|module| of(module, &bookings)).map(|module| module.id.clone()));
        }
        parents.extend(calendar);
        for parent in parents {
            let settings = read_settings(placeos, &parent).await;
            facts.settings.insert(parent, settings);
        }
    }
}

async fn read_settings(placeos: &PlaceOs, parent: &str) -> Fact<Vec<SettingsView>> {
    fact(placeos.settings_of(parent).await)
}

fn rooms(observation: &Observation, selection: &Selection, listed: &Fact<Vec<ExchangePlace>>) -> Vec<ExchangeRoom> {
    let places = Places::of(listed.entries());
    let addresses = |list: &mut dyn Iterator<Item = &MailboxRef>| -> HashSet<String> {
        list.map(|it| it.address.as_str().to_lowercase()).collect()
    };
    let undecided = addresses(&mut selection.undecided.iter().map(|it| &it.room));
    let wanted = addresses(&mut selection.members.iter());
    let mut rooms: Vec<ExchangeRoom> =
        observation.rooms.iter().filter_map(|room| exchange_room(room, &places)).collect();
    for room in &mut rooms {
        let address = room.address.as_str().to_lowercase();
        room.is_wanted = (!undecided.contains(&address)).then(|| wanted.contains(&address));
    }
    rooms.sort_by(|one, other| one.address.cmp(&other.address));
    rooms
}

fn members(spec: &RestrictedCalendarGroup, observation: &Observation) -> Fact<Vec<SmtpAddress>> {
    let addresses = |recipients: &[ExchangeRecipient]| -> Vec<SmtpAddress> {
        recipients.iter().filter_map(|recipient| recipient.primary_smtp_address.clone()).collect()
    };
    if spec.scope().is_group() {
        return Fact::Read(observation.group.as_ref().map(|group| addresses(&group.members)).unwrap_or_default());
    }
    match observation.scope.as_ref().map(|scope| &scope.recipients) {
        Some(Fact::Read(recipients)) => Fact::Read(addresses(recipients)),
        Some(Fact::Partly(recipients, why)) => Fact::Partly(addresses(recipients), why.clone()),
        Some(Fact::Unread(why)) => Fact::Unread(why.clone()),
        None => Fact::default(),
    }
}

fn exchange_room(room: &ExchangeMailbox, places: &Places<'_>) -> Option<ExchangeRoom> {
    let address = room.primary_smtp_address.clone()?;
    let text = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let place = places.of_room(room);
    let mut found = ExchangeRoom::new(address.clone());
    found.aliases = room.email_addresses.iter().filter(|alias| **alias != address).cloned().collect();
    found.name = text(&room.display_name);
    found.capacity = place.and_then(|place| place.capacity).or(room.resource_capacity);
    if let Some(place) = place {
        found.building = text(&place.building);
        found.floor = text(&place.floor_label);
        found.floor_number = place.floor;
        found.label = text(&place.label);
        found.features.clone_from(&place.tags);
        let devices = [&place.audio_device_name, &place.display_device_name, &place.video_device_name];
        found.features.extend(devices.into_iter().filter_map(text));
    }
    Some(found)
}

/// The further mailboxes of the spec, by their primary addresses where they are known.
fn further(spec: &RestrictedCalendarGroup, observation: &Observation) -> Vec<SmtpAddress> {
    let primary = |address: &SmtpAddress| {
        let recipient = observation.recipient(address);
        recipient.and_then(|recipient| recipient.primary_smtp_address.clone()).unwrap_or_else(|| address.clone())
    };
    spec.mailboxes().iter().map(primary).collect()
}
