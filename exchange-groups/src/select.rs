//! The selection of a spec: its mailboxes, among those of the tenant.

use std::collections::{HashMap, HashSet};

use graph_client::SmtpAddress;
use graph_client::exchange::{ExchangeMailbox, ExchangePlace, ExchangeRecipient};

use crate::access::Fact;
use crate::membership::{MailboxRef, MailboxSet};
use crate::observe::is_group;
use crate::observe::{Observation, ObservedRoomList};
use crate::spec::{RestrictedCalendarGroup, RoomKind, Rooms};

/// What the spec selects, and the addresses in it that match nothing.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// The mailboxes that are to be members: the rooms in the order of their addresses, those that are undecided and members
    /// already, then the further mailboxes. Each is one mailbox, however many of its addresses the spec has.
    pub(crate) members: Vec<MailboxRef>,
    pub(crate) rooms: usize,
    /// How many of the rooms are workspaces.
    pub(crate) workspaces: usize,
    /// How many of the rooms are equipment.
    pub(crate) equipment: usize,
    /// Rooms of which it is unknown whether they match, because their places are unknown. They are neither added nor removed.
    pub(crate) undecided: Vec<Undecided>,
    /// The addresses of places that match and have no mailbox in the list of rooms.
    pub(crate) places_without_room: Vec<ExchangePlace>,
    /// Rooms that the spec excludes: they must not be reached.
    pub(crate) excluded: Vec<MailboxRef>,
    /// Addresses of rooms that are no room mailboxes, and where the spec has them.
    pub(crate) unmatched_rooms: Vec<Unmatched>,
    /// Members of the room lists that are no room mailboxes, and where the spec has the list.
    pub(crate) other_list_members: Vec<(String, ExchangeRecipient)>,
    /// Exclusions that match no selected room.
    pub(crate) unmatched_exclusions: Vec<Unmatched>,
    pub(crate) unmatched_mailboxes: Vec<Unmatched>,
}

/// A room of which it is unknown whether it matches.
#[derive(Debug)]
pub(crate) struct Undecided {
    pub(crate) room: MailboxRef,
    /// Whether it is a member of the group, and so stays one.
    pub(crate) is_member: bool,
}

/// An address of the spec that matches no mailbox of its kind.
#[derive(Debug)]
pub(crate) struct Unmatched {
    pub(crate) path: String,
    pub(crate) address: SmtpAddress,
}

impl Unmatched {
    fn new(field: &str, index: usize, address: &SmtpAddress) -> Self {
        Self { path: format!("{field}[{index}]"), address: address.clone() }
    }
}

/// What a selection of rooms is made from. Exchange's list of mailboxes says which rooms there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoomSources<'a> {
    pub(crate) mailboxes: &'a [ExchangeMailbox],
    /// The room lists that are named, in the order in which they are.
    pub(crate) lists: &'a [ObservedRoomList],
    /// The places. `None` where they were not asked for.
    pub(crate) places: Option<&'a Fact<Vec<ExchangePlace>>>,
}

/// The rooms that match, among those of the tenant.
#[derive(Debug, Default)]
pub(crate) struct RoomSelection<'a> {
    /// In the order of their addresses.
    pub(crate) rooms: Vec<&'a ExchangeMailbox>,
    pub(crate) undecided: Vec<&'a ExchangeMailbox>,
    pub(crate) places_without_room: Vec<&'a ExchangePlace>,
    pub(crate) excluded: Vec<MailboxRef>,
    pub(crate) unmatched_rooms: Vec<Unmatched>,
    pub(crate) other_list_members: Vec<(String, ExchangeRecipient)>,
    pub(crate) unmatched_exclusions: Vec<Unmatched>,
}

impl<'a> RoomSelection<'a> {
    pub(crate) fn of(wanted: &Rooms<SmtpAddress>, sources: RoomSources<'a>) -> Self {
        let mut selection = Self::default();
        let by_address = by_address(sources.mailboxes);
        if let Some(addresses) = &wanted.addresses {
            for (index, address) in addresses.iter().enumerate() {
                match by_address.get(address) {
                    Some(room) => selection.rooms.push(*room),
                    None => selection.unmatched_rooms.push(Unmatched::new("rooms.addresses", index, address)),
                }
            }
        } else {
            let candidates = if wanted.lists().next().is_some() {
                selection.listed(wanted, sources, &by_address)
            } else {
                sources.mailboxes.iter().collect()
            };
            selection.choose(wanted, sources, candidates);
        }
        selection.exclude(wanted, &by_address);
        for rooms in [&mut selection.rooms, &mut selection.undecided] {
            rooms.sort_by_key(|room| &room.primary_smtp_address);
            // Two addresses of one room would make Exchange refuse the whole list.
            rooms.dedup_by_key(|room| std::ptr::from_ref::<ExchangeMailbox>(room));
        }
        selection
    }

    /// The rooms of the room lists.
    fn listed(
        &mut self,
        wanted: &Rooms<SmtpAddress>,
        sources: RoomSources<'a>,
        by_address: &HashMap<&SmtpAddress, &'a ExchangeMailbox>,
    ) -> Vec<&'a ExchangeMailbox> {
        let by_id: HashMap<_, _> =
            sources.mailboxes.iter().filter_map(|room| Some((room.external_directory_object_id?, room))).collect();
        let mut rooms = Vec::new();
        for ((path, _), list) in wanted.lists().zip(sources.lists) {
            for member in list.members.iter().filter(|member| !is_group(member)) {
                let room = match member.external_directory_object_id {
                    Some(id) => by_id.get(&id),
                    None => member.primary_smtp_address.as_ref().and_then(|address| by_address.get(address)),
                };
                match room {
                    Some(room) => rooms.push(*room),
                    None => self.other_list_members.push((path.clone(), member.clone())),
                }
            }
        }
        rooms
    }

    /// The candidates of the right kinds that match the filter. Where a place is unknown, so is the match.
    fn choose(&mut self, wanted: &Rooms<SmtpAddress>, sources: RoomSources<'a>, rooms: Vec<&'a ExchangeMailbox>) {
        let places = Places::of(sources.places.map_or(&[], Fact::entries));
        for room in rooms.into_iter().filter(|room| wanted.selects(RoomKind::of(room))) {
            let matches = match &wanted.filter {
                None => Some(true),
                Some(filter) if !filter.matches(room) => Some(false),
                Some(filter) if !filter.needs_places() => Some(true),
                Some(filter) => places.of_room(room).map(|place| filter.matches_place(place)),
            };
            match matches {
                Some(true) => self.rooms.push(room),
                Some(false) => {}
                None => self.undecided.push(room),
            }
        }
        if let Some(filter) = wanted.filter.as_ref().filter(|filter| filter.needs_places())
            && wanted.lists().next().is_none()
        {
            let without = places.without(sources.mailboxes);
            let meant =
                |place: &&ExchangePlace| filter.matches_place(place) && wanted.selects(RoomKind::of_place(place));
            self.places_without_room = without.into_iter().filter(meant).collect();
        }
    }

    fn exclude(&mut self, wanted: &Rooms<SmtpAddress>, by_address: &HashMap<&SmtpAddress, &'a ExchangeMailbox>) {
        for (index, address) in wanted.except.iter().enumerate() {
            let excluded = by_address.get(address).copied();
            let before = self.rooms.len() + self.undecided.len();
            for rooms in [&mut self.rooms, &mut self.undecided] {
                rooms.retain(|room| excluded.is_none_or(|excluded| !std::ptr::eq(*room, excluded)));
            }
            if self.rooms.len() + self.undecided.len() == before {
                self.unmatched_exclusions.push(Unmatched::new("rooms.except", index, address));
            } else {
                self.excluded.extend(excluded.and_then(MailboxRef::of_room));
            }
        }
    }
}

/// The places of `Get-Place`, by their addresses.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    places: &'a [ExchangePlace],
    by_address: HashMap<String, &'a ExchangePlace>,
}

impl<'a> Places<'a> {
    pub(crate) fn of(places: &'a [ExchangePlace]) -> Self {
        let by_address = places.iter().filter_map(|place| Some((address_of(place)?, place))).collect();
        Self { places, by_address }
    }

    /// The place of a room. Its own address goes before the others that it has.
    pub(crate) fn of_room(&self, room: &ExchangeMailbox) -> Option<&'a ExchangePlace> {
        let addresses = room.primary_smtp_address.iter().chain(&room.email_addresses);
        addresses.filter_map(|address| self.by_address.get(&address.as_str().to_ascii_lowercase())).copied().next()
    }

    /// The places that have no mailbox among these.
    pub(crate) fn without(&self, rooms: &[ExchangeMailbox]) -> Vec<&'a ExchangePlace> {
        let known: HashSet<String> = rooms
            .iter()
            .flat_map(|room| room.email_addresses.iter().chain(&room.primary_smtp_address))
            .map(|address| address.as_str().to_ascii_lowercase())
            .collect();
        self.places.iter().filter(|place| address_of(place).is_none_or(|address| !known.contains(&address))).collect()
    }
}

fn address_of(place: &ExchangePlace) -> Option<String> {
    place.identity.as_deref().map(|address| address.trim().to_ascii_lowercase()).filter(|address| !address.is_empty())
}

impl Selection {
    pub(crate) fn of(spec: &RestrictedCalendarGroup, seen: &Observation) -> Self {
        let sources = RoomSources { mailboxes: &seen.rooms, lists: &seen.room_lists, places: seen.places.as_ref() };
        let chosen = RoomSelection::of(&spec.rooms, sources);
        let of_kind = |kind| chosen.rooms.iter().filter(|room| RoomKind::of(room) == kind).count();
        let present = MailboxSet::of_recipients(seen.group.iter().flat_map(|group| &group.members));
        let mut selection = Self {
            workspaces: of_kind(RoomKind::Workspace),
            equipment: of_kind(RoomKind::Equipment),
            members: chosen.rooms.iter().copied().filter_map(MailboxRef::of_room).collect(),
            undecided: chosen
                .undecided
                .iter()
                .copied()
                .filter_map(MailboxRef::of_room)
                .map(|room| Undecided { is_member: present.has(room.ids()), room })
                .collect(),
            places_without_room: chosen.places_without_room.into_iter().cloned().collect(),
            excluded: chosen.excluded,
            unmatched_rooms: chosen.unmatched_rooms,
            other_list_members: chosen.other_list_members,
            unmatched_exclusions: chosen.unmatched_exclusions,
            ..Self::default()
        };
        selection.rooms = selection.members.len();
        // What is unknown is no reason to remove a member. A finding keeps a proof from taking it for right.
        let held = selection.undecided.iter().filter(|undecided| undecided.is_member);
        selection.members.extend(held.map(|undecided| undecided.room.clone()));
        for (index, address) in spec.mailboxes.iter().enumerate() {
            let mailbox = seen.recipient(address).filter(|recipient| recipient.is_mailbox());
            match mailbox.and_then(MailboxRef::of_recipient) {
                Some(mailbox) => selection.members.push(mailbox),
                None => selection.unmatched_mailboxes.push(Unmatched::new("mailboxes", index, address)),
            }
        }
        let mut seen_before = HashSet::new();
        selection.members.retain(|mailbox| match mailbox.id {
            Some(id) => seen_before.insert(id.to_string()),
            None => seen_before.insert(mailbox.address.as_str().to_ascii_lowercase()),
        });
        selection
    }

    /// The mailboxes that must not be reached: those that the spec names, and the rooms that it excludes.
    pub(crate) fn must_not_reach(&self, spec: &RestrictedCalendarGroup, seen: &Observation) -> Vec<MailboxRef> {
        let named = spec.must_not_reach.iter().map(|address| {
            // The address that the spec gives is the one that is shown; the id identifies it.
            let id = seen.recipient(address).and_then(|recipient| recipient.external_directory_object_id);
            MailboxRef { id, address: address.clone() }
        });
        let mut mailboxes: Vec<MailboxRef> = named.collect();
        let known = MailboxSet::of_refs(&mailboxes);
        let excluded: Vec<_> = self.excluded.iter().filter(|room| !known.has(room.ids())).cloned().collect();
        mailboxes.extend(excluded);
        mailboxes
    }
}

fn by_address(rooms: &[ExchangeMailbox]) -> HashMap<&SmtpAddress, &ExchangeMailbox> {
    rooms
        .iter()
        .flat_map(|room| {
            room.email_addresses.iter().chain(&room.primary_smtp_address).map(move |address| (address, room))
        })
        .collect()
}
