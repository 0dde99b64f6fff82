//! The mailboxes of an observation as the access model asks about them.

use std::collections::HashMap;

use graph_client::exchange::{AtAddress, ExchangeMailbox, ExchangeRecipient};
use graph_client::{ObjectId, SmtpAddress, Uuid};

use super::observation::Observation;
use super::translate::{ids, texts};
use crate::access::{self, Fact, MailboxFacts};
use crate::membership::MailboxRef;

/// The facts about a room mailbox.
fn room(room: &ExchangeMailbox) -> access::MailboxFacts {
    let mut facts = access::MailboxFacts {
        ids: access::Ids {
            entra: room.external_directory_object_id.map(ObjectId::from_uuid),
            exchange_guid: room.exchange_guid,
            guid: None,
        },
        addresses: Fact::Read(texts(&room.email_addresses, room.primary_smtp_address.as_ref())),
        kind: room.recipient_type_details.clone().map_or_else(Fact::default, Fact::Read),
        distinguished_name: room.distinguished_name.clone(),
        ..access::MailboxFacts::default()
    };
    for (name, value) in [
        ("Name", &room.name),
        ("Alias", &room.alias),
        ("DisplayName", &room.display_name),
        ("Office", &room.office),
        ("CustomAttribute1", &room.custom_attribute1),
        ("ResourceType", &room.resource_type),
    ] {
        if let Some(value) = value {
            facts.properties.insert(name.to_owned(), vec![value.clone()]);
        }
    }
    facts
}

/// The facts about a recipient.
pub(crate) fn recipient_facts(recipient: &ExchangeRecipient) -> access::MailboxFacts {
    let mut facts = access::MailboxFacts {
        ids: ids(recipient.external_directory_object_id, recipient.guid),
        addresses: Fact::Read(texts(&recipient.email_addresses, recipient.primary_smtp_address.as_ref())),
        kind: recipient.recipient_type_details.clone().map_or_else(Fact::default, Fact::Read),
        distinguished_name: recipient.distinguished_name.clone(),
        ..access::MailboxFacts::default()
    };
    for (name, value) in
        [("Name", &recipient.name), ("Alias", &recipient.alias), ("DisplayName", &recipient.display_name)]
    {
        if let Some(value) = value {
            facts.properties.insert(name.to_owned(), vec![value.clone()]);
        }
    }
    facts
}

/// The mailboxes that an observation saw, found by id or address.
pub(crate) struct Mailboxes<'a> {
    seen: &'a Observation,
    rooms: HashMap<Uuid, &'a ExchangeMailbox>,
    rooms_by_address: HashMap<&'a SmtpAddress, &'a ExchangeMailbox>,
    members: HashMap<Uuid, &'a ExchangeRecipient>,
}

impl<'a> Mailboxes<'a> {
    pub(crate) fn of(seen: &'a Observation) -> Self {
        let groups = seen.group.iter().chain(seen.other_groups.values().flatten());
        Self {
            seen,
            rooms: seen.rooms.iter().filter_map(|room| Some((room.external_directory_object_id?, room))).collect(),
            rooms_by_address: seen
                .rooms
                .iter()
                .filter_map(|room| Some((room.primary_smtp_address.as_ref()?, room)))
                .collect(),
            members: groups
                .flat_map(|group| &group.members)
                .filter_map(|member| Some((member.external_directory_object_id?, member)))
                .collect(),
        }
    }

    /// Whether a room signs in by another name than its address.
    pub(crate) fn has_other_sign_in_name(&self, mailbox: &MailboxRef) -> bool {
        let room = mailbox.id.and_then(|id| self.rooms.get(&id));
        room.and_then(|room| room.user_principal_name.as_deref())
            .is_some_and(|name| !name.is_empty() && !name.eq_ignore_ascii_case(mailbox.address.as_str()))
    }

    /// A mailbox as a member of a group.
    pub(crate) fn member(&self, mailbox: &MailboxRef) -> access::Member {
        let facts = self.facts(mailbox);
        access::Member { ids: facts.ids, kind: facts.kind.known().cloned() }
    }

    /// The facts about a mailbox of the spec or of the group: from the list of rooms where it is one, else from what was
    /// looked up.
    pub(crate) fn facts(&self, mailbox: &MailboxRef) -> access::MailboxFacts {
        let found_room = match mailbox.id {
            Some(id) => self.rooms.get(&id),
            None => self.rooms_by_address.get(&mailbox.address),
        };
        let mut facts = match (found_room, self.seen.recipients.get(&mailbox.address)) {
            (Some(found), _) => room(found),
            (None, Some(AtAddress::One(found))) => recipient_facts(found),
            (None, Some(AtAddress::Several(_))) => access::MailboxFacts {
                found: access::Found::Ambiguous(format!("several recipients have the address {}", mailbox.address)),
                ..access::MailboxFacts::default()
            },
            (None, Some(_)) => access::MailboxFacts { found: access::Found::Nobody, ..access::MailboxFacts::default() },
            (None, None) => match mailbox.id.and_then(|id| self.members.get(&id)) {
                Some(member) => recipient_facts(member),
                None => access::MailboxFacts { ids: ids(mailbox.id, None), ..access::MailboxFacts::default() },
            },
        };
        if let Some(sharing) = self.seen.sharing.get(&mailbox.address) {
            facts.sharing = sharing.clone();
        }
        facts
    }
}

impl Observation {
    /// What was seen of the mailbox at an address: one that the spec names, or a room or member by its primary address.
    /// It is what the [`AccessModel`](crate::access::AccessModel) is asked about. Settings that only a look at each
    /// mailbox shows (`Get-CASMailbox`, `Get-MailboxPermission`) are unread in it.
    #[must_use]
    pub fn mailbox(&self, address: &SmtpAddress) -> MailboxFacts {
        let member = || {
            let groups = self.group.iter().chain(self.other_groups.values().flatten());
            let mut members = groups.flat_map(|group| &group.members);
            members.find(|member| member.primary_smtp_address.as_ref() == Some(address))
        };
        let known = self.recipient(address).or_else(member);
        let id = known.and_then(|recipient| recipient.external_directory_object_id);
        Mailboxes::of(self).facts(&MailboxRef { id, address: address.clone() })
    }
}
