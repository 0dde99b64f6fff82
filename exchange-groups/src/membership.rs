//! Who is to be a member, who is, and how they differ: one difference for plan, apply and proof.

use std::collections::HashSet;

use graph_client::SmtpAddress;
use graph_client::exchange::{Identity, Mailbox, Recipient};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::spec::OtherMembers;

/// A mailbox, and how it is known again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct MailboxRef {
    pub(crate) id: Option<Uuid>,
    pub(crate) address: SmtpAddress,
}

impl MailboxRef {
    pub(crate) fn of_room(room: &Mailbox) -> Option<Self> {
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

    /// What Graph is asked by: the object id, which is right also where the sign-in name is not the address.
    pub(crate) fn graph_id(&self) -> String {
        self.id.map_or_else(|| self.address.to_string(), |id| id.to_string())
    }

    pub(crate) fn key(&self) -> MailboxKey<'_> {
        (self.id, Some(&self.address))
    }
}

/// How a mailbox is known: by its object id, or, where one side has none, by its address.
pub(crate) type MailboxKey<'a> = (Option<Uuid>, Option<&'a SmtpAddress>);

pub(crate) fn key_of(recipient: &Recipient) -> MailboxKey<'_> {
    (recipient.external_directory_object_id, recipient.primary_smtp_address.as_ref())
}

/// A set of mailboxes that is looked up by [`MailboxKey`].
#[derive(Debug, Default)]
pub(crate) struct MailboxSet<'a> {
    ids: HashSet<Uuid>,
    addresses: HashSet<&'a SmtpAddress>,
    addresses_without_id: HashSet<&'a SmtpAddress>,
}

impl<'a> MailboxSet<'a> {
    pub(crate) fn of_refs(mailboxes: impl IntoIterator<Item = &'a MailboxRef>) -> Self {
        mailboxes.into_iter().map(MailboxRef::key).collect()
    }

    pub(crate) fn of_recipients(recipients: impl IntoIterator<Item = &'a Recipient>) -> Self {
        recipients.into_iter().map(key_of).collect()
    }

    pub(crate) fn has(&self, (id, address): MailboxKey<'_>) -> bool {
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
}

impl<'a> FromIterator<MailboxKey<'a>> for MailboxSet<'a> {
    fn from_iter<I: IntoIterator<Item = MailboxKey<'a>>>(keys: I) -> Self {
        let mut set = Self::default();
        for (id, address) in keys {
            set.ids.extend(id);
            set.addresses.extend(address);
            if id.is_none() {
                set.addresses_without_id.extend(address);
            }
        }
        set
    }
}

/// How the members of a group differ from those that the spec asks for.
#[derive(Debug)]
pub(crate) struct Difference<'a> {
    /// Who is to be a member and is not.
    pub(crate) comes: Vec<&'a MailboxRef>,
    /// Who is a member and must not be reached.
    pub(crate) denied: Vec<&'a Recipient>,
    /// Who is a member, is not asked for, and is to be removed.
    pub(crate) goes: Vec<&'a Recipient>,
    /// Who is a member, is not asked for, and is kept.
    pub(crate) kept: Vec<&'a Recipient>,
}

impl<'a> Difference<'a> {
    pub(crate) fn of(
        wanted: &'a [MailboxRef],
        must_not_reach: &[MailboxRef],
        other_members: OtherMembers,
        present: &'a [Recipient],
    ) -> Self {
        let members = MailboxSet::of_recipients(present);
        let mut difference = Self {
            comes: wanted.iter().filter(|mailbox| !members.has(mailbox.key())).collect(),
            denied: Vec::new(),
            goes: Vec::new(),
            kept: Vec::new(),
        };
        let (wanted, denied) = (MailboxSet::of_refs(wanted), MailboxSet::of_refs(must_not_reach));
        for member in present {
            if denied.has_by_any(member) {
                difference.denied.push(member);
            } else if wanted.has(key_of(member)) {
            } else if other_members == OtherMembers::Remove {
                difference.goes.push(member);
            } else {
                difference.kept.push(member);
            }
        }
        difference
    }

    /// Everybody who is to be removed, those that must not be reached first.
    pub(crate) fn removals(&self) -> impl Iterator<Item = &'a Recipient> + '_ {
        self.denied.iter().chain(&self.goes).copied()
    }

    /// Whether the members are as the spec asks for.
    pub(crate) fn is_none(&self) -> bool {
        self.comes.is_empty() && self.denied.is_empty() && self.goes.is_empty()
    }
}
