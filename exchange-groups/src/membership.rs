//! The members that a spec wants, those that the group has, and the difference: one for plan, apply and proof.

use std::collections::HashSet;
use std::fmt;

use graph_client::SmtpAddress;
use graph_client::exchange::{ExchangeMailbox, ExchangeRecipient, Identity};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::names::named;
use crate::spec::OtherMembers;
use crate::text::count;

/// How many members one `Update-DistributionGroupMember` is given. Exchange takes 10,000, ends a command after 15 minutes,
/// and Microsoft advises 5,000; the rest is added one by one.
pub(crate) const SET_LIMIT: usize = 5_000;

/// How many members one batch changes, each by a command of its own.
pub(crate) const BATCH: usize = 10;

/// How many members a page of a list has.
const PAGE: usize = 1_000;

named! {
    /// How members are added to a group.
    #[non_exhaustive]
    pub enum MembershipMethod as "method" {
        /// One `Update-DistributionGroupMember` with the whole list, in place of the members that are there. It is used only
        /// where everybody who is there is in the list: it then removes nobody.
        SetList = "set_list",
        /// One `Add-DistributionGroupMember` for each, ten to a request.
        OneByOne = "one_by_one",
    }
}

/// How the members that are missing are added, and what the other way would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MembershipCost {
    /// The method.
    pub method: MembershipMethod,
    /// How many members are missing.
    pub missing: usize,
    /// The requests that the method takes, the look before it included.
    pub requests: usize,
    /// The requests that the other method would take. `None` where it is not safe: the list is too long for one command,
    /// or members are kept that it would remove.
    pub other_method: Option<usize>,
}

impl MembershipCost {
    /// The method that needs fewer round trips, of those that are safe. `None` when nobody is missing.
    ///
    /// Setting the whole list is safe where members that the spec does not name are removed anyway, where it is short
    /// enough for one command, or where there is nobody to lose.
    pub(crate) fn of(missing: usize, wanted: usize, present: usize, other_members: OtherMembers) -> Option<Self> {
        if missing == 0 {
            return None;
        }
        let one_by_one = missing.div_ceil(BATCH);
        let is_empty = present == 0;
        // Setting the list would lose a member that somebody adds meanwhile, and such members are to be kept.
        let may_set = other_members == OtherMembers::Remove && missing > 1 && (is_empty || wanted <= SET_LIMIT);
        // Who is there is read right before, and what does not fit in the list is added one by one.
        let set_list = present.div_ceil(PAGE).max(1) + 1 + wanted.saturating_sub(SET_LIMIT).div_ceil(BATCH);
        Some(if may_set && (is_empty || set_list < one_by_one) {
            Self { method: MembershipMethod::SetList, missing, requests: set_list, other_method: Some(one_by_one) }
        } else {
            Self {
                method: MembershipMethod::OneByOne,
                missing,
                requests: one_by_one,
                other_method: may_set.then_some(set_list),
            }
        })
    }
}

impl fmt::Display for MembershipCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (this, other) = match self.method {
            MembershipMethod::SetList => ("by setting the whole list", "one by one"),
            MembershipMethod::OneByOne => ("one by one", "by setting the whole list"),
        };
        write!(f, "{} {this}, in {}", count(self.missing, "mailbox"), count(self.requests, "request"))?;
        match self.other_method {
            Some(requests) => write!(f, " ({other} it would take {requests})"),
            None => Ok(()),
        }
    }
}

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
