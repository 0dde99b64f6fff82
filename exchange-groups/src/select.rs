//! The selection of a spec: its mailboxes, among those of the tenant.

use std::collections::{HashMap, HashSet};

use graph_client::SmtpAddress;
use graph_client::exchange::{ExchangeMailbox, ExchangeRecipient};

use crate::membership::{MailboxRef, MailboxSet};
use crate::observe::Observation;
use crate::observe::is_group;
use crate::spec::RestrictedCalendarGroup;
use crate::spec::is_workspace;

/// What the spec selects, and the addresses in it that match nothing.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// The mailboxes that are to be members: the rooms in the order of their addresses, then the further mailboxes. Each is
    /// one mailbox, however many of its addresses the spec has.
    pub(crate) members: Vec<MailboxRef>,
    pub(crate) rooms: usize,
    /// How many of the rooms are workspaces.
    pub(crate) workspaces: usize,
    /// Rooms that the spec excludes: they must not be reached.
    pub(crate) excluded: Vec<MailboxRef>,
    /// Addresses of rooms that are no room mailboxes, and where the spec has them.
    pub(crate) unmatched_rooms: Vec<Unmatched>,
    /// Members of the room list that are no room mailboxes.
    pub(crate) other_list_members: Vec<ExchangeRecipient>,
    /// Exclusions that match no selected room.
    pub(crate) unmatched_exclusions: Vec<Unmatched>,
    pub(crate) unmatched_mailboxes: Vec<Unmatched>,
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

impl Selection {
    /// Rooms come from Exchange, in the order of their addresses.
    pub(crate) fn of(spec: &RestrictedCalendarGroup, seen: &Observation) -> Self {
        let mut selection = Self::default();
        let by_address = by_address(&seen.rooms);
        let mut rooms: Vec<&ExchangeMailbox> = match (&spec.rooms.addresses, &spec.rooms.room_list, &spec.rooms.filter)
        {
            (Some(addresses), ..) => {
                let mut rooms = Vec::with_capacity(addresses.len());
                for (index, address) in addresses.iter().enumerate() {
                    match by_address.get(address) {
                        Some(room) => rooms.push(*room),
                        None => selection.unmatched_rooms.push(Unmatched::new("rooms.addresses", index, address)),
                    }
                }
                rooms
            }
            (_, Some(_), _) => {
                let by_id: HashMap<_, _> =
                    seen.rooms.iter().filter_map(|room| Some((room.external_directory_object_id?, room))).collect();
                let members = seen.room_list.iter().flat_map(|list| &list.members);
                let mut rooms = Vec::new();
                for member in members.filter(|member| !is_group(member)) {
                    let room = match member.external_directory_object_id {
                        Some(id) => by_id.get(&id),
                        None => member.primary_smtp_address.as_ref().and_then(|address| by_address.get(address)),
                    };
                    match room {
                        Some(room) => rooms.push(*room),
                        None => selection.other_list_members.push(member.clone()),
                    }
                }
                rooms
            }
            (_, _, Some(filter)) => seen.rooms.iter().filter(|room| filter.matches(room)).collect(),
            _ => seen.rooms.iter().collect(),
        };
        if spec.rooms.addresses.is_none() {
            rooms.retain(|room| spec.rooms.workspaces.selects(room));
        }
        for (index, address) in spec.rooms.except.iter().enumerate() {
            let excluded = by_address.get(address).copied();
            let before = rooms.len();
            rooms.retain(|room| excluded.is_none_or(|excluded| !std::ptr::eq(*room, excluded)));
            if rooms.len() == before {
                selection.unmatched_exclusions.push(Unmatched::new("rooms.except", index, address));
            } else {
                selection.excluded.extend(excluded.and_then(MailboxRef::of_room));
            }
        }
        rooms.sort_by_key(|room| &room.primary_smtp_address);
        // Two addresses of one room would make Exchange refuse the whole list.
        rooms.dedup_by_key(|room| std::ptr::from_ref::<ExchangeMailbox>(room));
        selection.workspaces = rooms.iter().filter(|room| is_workspace(room)).count();
        selection.members = rooms.into_iter().filter_map(MailboxRef::of_room).collect();
        selection.rooms = selection.members.len();
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
