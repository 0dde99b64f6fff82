//! The members that a spec wants, those that the group has, and the difference: one for plan, apply and proof.

use std::collections::HashSet;

use graph_client::SmtpAddress;
use graph_client::exchange::{ExchangeMailbox, ExchangeRecipient, Identity};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::spec::OtherMembers;

/// A reference to a mailbox: its object id, and its address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct MailboxRef {
    pub(crate) id: Option<Uuid>,
    pub(crate) address: SmtpAddress,
}

impl MailboxRef {
    pub(crate) fn of_room(room: &ExchangeMailbox) -> Option<Self> {
        let address = room.primary_smtp_address.clone()?;
        Some(Self { id: room.external_directory_object_id, address })
    }

    pub(crate) fn of_recipient(recipient: &ExchangeRecipient) -> Option<Self> {
        let address = recipient.primary_smtp_address.clone()?;
        Some(Self { id: recipient.external_directory_object_id, address })
    }

    /// The identity for Exchange: the object id, which does not change with the address.
    pub(crate) fn identity(&self) -> Identity {
        match self.id {
            Some(id) => Identity::from(id).shown_as(&self.address),
            None => Identity::from(&self.address),
        }
    }

    /// The identifier for Graph: the object id, which also works where the sign-in name is not the address.
    pub(crate) fn graph_id(&self) -> String {
        self.id.map_or_else(|| self.address.to_string(), |id| id.to_string())
    }

    pub(crate) fn ids(&self) -> MailboxIds<'_> {
        (self.id, Some(&self.address))
    }
}

/// What identifies a mailbox: its object id, or, where one side has none, its address.
pub(crate) type MailboxIds<'a> = (Option<Uuid>, Option<&'a SmtpAddress>);

pub(crate) fn ids_of_recipient(recipient: &ExchangeRecipient) -> MailboxIds<'_> {
    (recipient.external_directory_object_id, recipient.primary_smtp_address.as_ref())
}

/// A set of mailboxes that is looked up by [`MailboxIds`].
#[derive(Debug, Default)]
pub(crate) struct MailboxSet<'a> {
    ids: HashSet<Uuid>,
    addresses: HashSet<&'a SmtpAddress>,
    addresses_without_id: HashSet<&'a SmtpAddress>,
}

impl<'a> MailboxSet<'a> {
    pub(crate) fn of_refs(mailboxes: impl IntoIterator<Item = &'a MailboxRef>) -> Self {
        mailboxes.into_iter().map(MailboxRef::ids).collect()
    }

    pub(crate) fn of_recipients(recipients: impl IntoIterator<Item = &'a ExchangeRecipient>) -> Self {
        recipients.into_iter().map(ids_of_recipient).collect()
    }

    pub(crate) fn has(&self, (id, address): MailboxIds<'_>) -> bool {
        let by_address = |addresses: &HashSet<&SmtpAddress>| address.is_some_and(|address| addresses.contains(address));
        match id {
            Some(id) => self.ids.contains(&id) || by_address(&self.addresses_without_id),
            None => by_address(&self.addresses),
        }
    }

    /// Whether the set has a recipient by its id or by its address: either is enough for what must be found.
    pub(crate) fn has_by_any(&self, recipient: &ExchangeRecipient) -> bool {
        let (id, address) = ids_of_recipient(recipient);
        self.has((id, address)) || address.is_some_and(|address| self.addresses.contains(address))
    }
}

impl<'a> FromIterator<MailboxIds<'a>> for MailboxSet<'a> {
    fn from_iter<I: IntoIterator<Item = MailboxIds<'a>>>(keys: I) -> Self {
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

/// The membership difference: the members of a group against those that the spec asks for.
#[derive(Debug)]
pub(crate) struct Difference<'a> {
    /// Mailboxes that are to be members and are not.
    pub(crate) missing: Vec<&'a MailboxRef>,
    /// Members that must not be reached.
    pub(crate) denied: Vec<&'a ExchangeRecipient>,
    /// Members that the spec does not name, to be removed.
    pub(crate) unexpected: Vec<&'a ExchangeRecipient>,
    /// Members that the spec does not name, and keeps.
    pub(crate) kept: Vec<&'a ExchangeRecipient>,
}

impl<'a> Difference<'a> {
    pub(crate) fn of(
        wanted: &'a [MailboxRef],
        must_not_reach: &[MailboxRef],
        other_members: OtherMembers,
        present: &'a [ExchangeRecipient],
    ) -> Self {
        let members = MailboxSet::of_recipients(present);
        let mut difference = Self {
            missing: wanted.iter().filter(|mailbox| !members.has(mailbox.ids())).collect(),
            denied: Vec::new(),
            unexpected: Vec::new(),
            kept: Vec::new(),
        };
        let (wanted, denied) = (MailboxSet::of_refs(wanted), MailboxSet::of_refs(must_not_reach));
        for member in present {
            if denied.has_by_any(member) {
                difference.denied.push(member);
            } else if wanted.has(ids_of_recipient(member)) {
            } else if other_members == OtherMembers::Remove {
                difference.unexpected.push(member);
            } else {
                difference.kept.push(member);
            }
        }
        difference
    }

    /// The members to be removed, those that must not be reached first.
    pub(crate) fn removals(&self) -> impl Iterator<Item = &'a ExchangeRecipient> + '_ {
        self.denied.iter().chain(&self.unexpected).copied()
    }

    /// Whether there is no difference.
    pub(crate) fn is_none(&self) -> bool {
        self.missing.is_empty() && self.denied.is_empty() && self.unexpected.is_empty()
    }
}
