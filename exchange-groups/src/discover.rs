//! Which mailboxes the spec asks for, among those that are there.

use std::collections::{HashMap, HashSet};

use graph_client::SmtpAddress;
use graph_client::exchange::{Identity, Mailbox, Recipient};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Observation, RestrictedCalendarGroup};

/// A mailbox that is to be a member, and how to know it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) id: Option<Uuid>,
    pub(crate) address: SmtpAddress,
}

impl Target {
    fn of_room(room: &Mailbox) -> Option<Self> {
        let address = room.primary_smtp_address.clone()?;
        Some(Self { id: room.external_directory_object_id, address })
    }

    pub(crate) fn of_recipient(recipient: &Recipient) -> Option<Self> {
        let address = recipient.primary_smtp_address.clone()?;
        Some(Self { id: recipient.external_directory_object_id, address })
    }

    /// The object id: it stays when the address changes hands.
    pub(crate) fn identity(&self) -> Identity {
        match self.id {
            Some(id) => Identity::from(id).shown_as(&self.address),
            None => Identity::from(&self.address),
        }
    }

    pub(crate) fn key(&self) -> Key<'_> {
        (self.id, Some(&self.address))
    }
}

/// How a mailbox is known: by its object id, or, where one side has none, by its address.
pub(crate) type Key<'a> = (Option<Uuid>, Option<&'a SmtpAddress>);

pub(crate) fn key_of(recipient: &Recipient) -> Key<'_> {
    (recipient.external_directory_object_id, recipient.primary_smtp_address.as_ref())
}

/// A set of mailboxes that is looked up by [`Key`].
#[derive(Debug, Default)]
pub(crate) struct Roll<'a> {
    ids: HashSet<Uuid>,
    addresses: HashSet<&'a SmtpAddress>,
    addresses_without_id: HashSet<&'a SmtpAddress>,
}

impl<'a> Roll<'a> {
    pub(crate) fn of_targets(targets: impl IntoIterator<Item = &'a Target>) -> Self {
        targets.into_iter().map(Target::key).collect()
    }

    pub(crate) fn of_recipients(recipients: impl IntoIterator<Item = &'a Recipient>) -> Self {
        recipients.into_iter().map(key_of).collect()
    }

    pub(crate) fn has(&self, (id, address): Key<'_>) -> bool {
        let by_address = |addresses: &HashSet<&SmtpAddress>| address.is_some_and(|address| addresses.contains(address));
        match id {
            Some(id) => self.ids.contains(&id) || by_address(&self.addresses_without_id),
            None => by_address(&self.addresses),
        }
    }

    /// Whether a recipient is here by its id or by its address: for what must be found, either is enough.
    pub(crate) fn has_by_any(&self, recipient: &Recipient) -> bool {
        let (id, address) = key_of(recipient);
        self.has((id, address)) || address.is_some_and(|address| self.addresses.contains(address))
    }

    pub(crate) fn has_target(&self, target: &Target) -> bool {
        self.has(target.key())
    }
}

impl<'a> FromIterator<Key<'a>> for Roll<'a> {
    fn from_iter<I: IntoIterator<Item = Key<'a>>>(keys: I) -> Self {
        let mut roll = Self::default();
        for (id, address) in keys {
            roll.ids.extend(id);
            roll.addresses.extend(address);
            if id.is_none() {
                roll.addresses_without_id.extend(address);
            }
        }
        roll
    }
}

/// What the spec selects, and the addresses in it that lead nowhere.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub(crate) rooms: Vec<Target>,
    pub(crate) mailboxes: Vec<Target>,
    /// Rooms that the spec leaves out: they must stay closed.
    pub(crate) left_out: Vec<Target>,
    /// Addresses of rooms that are no room mailboxes.
    pub(crate) not_rooms: Vec<SmtpAddress>,
    /// Exceptions that except nothing.
    pub(crate) idle_exceptions: Vec<SmtpAddress>,
    pub(crate) unknown_mailboxes: Vec<SmtpAddress>,
}

impl Selection {
    /// Rooms come from Exchange, in the order of their addresses.
    pub(crate) fn of(spec: &RestrictedCalendarGroup, seen: &Observation) -> Self {
        let mut selection = Self::default();
        let by_address = by_address(&seen.rooms);
        let mut rooms: Vec<&Mailbox> = match (&spec.rooms.addresses, &spec.rooms.room_list, &spec.rooms.filter) {
            (Some(addresses), ..) => {
                let mut rooms = Vec::with_capacity(addresses.len());
                for address in addresses {
                    match by_address.get(address) {
                        Some(room) => rooms.push(*room),
                        None => selection.not_rooms.push(address.clone()),
                    }
                }
                rooms
            }
            (_, Some(_), _) => {
                let members = seen.room_list.iter().flat_map(|list| &list.members);
                let mut rooms = Vec::new();
                for address in members.filter_map(|member| member.primary_smtp_address.as_ref()) {
                    match by_address.get(address) {
                        Some(room) => rooms.push(*room),
                        None => selection.not_rooms.push(address.clone()),
                    }
                }
                rooms
            }
            (_, _, Some(filter)) => seen.rooms.iter().filter(|room| filter.matches(room)).collect(),
            _ => seen.rooms.iter().collect(),
        };
        for address in &spec.rooms.except {
            let excepted = by_address.get(address).copied();
            let before = rooms.len();
            rooms.retain(|room| excepted.is_none_or(|excepted| !std::ptr::eq(*room, excepted)));
            if rooms.len() == before {
                selection.idle_exceptions.push(address.clone());
            } else {
                selection.left_out.extend(excepted.and_then(Target::of_room));
            }
        }
        selection.rooms = rooms.into_iter().filter_map(Target::of_room).collect();
        selection.rooms.sort_by(|one, other| one.address.cmp(&other.address));
        // Two addresses of one room would make Exchange refuse the whole list.
        selection.rooms.dedup_by(|one, other| one.address == other.address);
        for address in &spec.mailboxes {
            match seen.recipient(address).filter(|recipient| recipient.is_mailbox()).and_then(Target::of_recipient) {
                Some(target) if selection.rooms.contains(&target) => {}
                Some(target) => selection.mailboxes.push(target),
                None => selection.unknown_mailboxes.push(address.clone()),
            }
        }
        selection
    }

    /// Who must stay closed: those that the spec names, and the rooms that it leaves out.
    pub(crate) fn closed(&self, spec: &RestrictedCalendarGroup, seen: &Observation) -> Vec<Target> {
        let named = spec.must_not_reach.iter().map(|address| {
            // The address that the spec gives is the one that is read; the id is what it is known by.
            let id = seen.recipient(address).and_then(|recipient| recipient.external_directory_object_id);
            Target { id, address: address.clone() }
        });
        let mut closed: Vec<Target> = named.collect();
        closed.extend(self.left_out.iter().filter(|room| !spec.must_not_reach.contains(&room.address)).cloned());
        closed
    }

    /// Everybody who is to be a member.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Target> {
        self.rooms.iter().chain(&self.mailboxes)
    }
}

fn by_address(rooms: &[Mailbox]) -> HashMap<&SmtpAddress, &Mailbox> {
    rooms
        .iter()
        .flat_map(|room| {
            room.email_addresses.iter().chain(&room.primary_smtp_address).map(move |address| (address, room))
        })
        .collect()
}
