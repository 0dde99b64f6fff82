//! What a product asks of a tenant beside its group: registrations, and the mailboxes that it calls.

use graph_client::SmtpAddress;
use serde::Serialize;
use serde_with::skip_serializing_none;

use super::group::RestrictedCalendarGroup;
use crate::names::named;

/// What a product asks of an application registration. A [`Profile`](crate::Profile) has those of its product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistrationProfile {
    /// The name of the application.
    pub name: &'static str,
    /// The name of its secret.
    pub secret_name: &'static str,
    /// The application permissions of Microsoft Graph that say nothing about calendars.
    pub application_permissions: &'static [&'static str],
    /// The application permissions for calendars, which are needed under an access policy and not under RBAC.
    pub calendar_permissions: &'static [&'static str],
    /// The delegated permissions of Microsoft Graph.
    pub delegated_permissions: &'static [&'static str],
}

impl RegistrationProfile {
    /// An application of this name, with a secret of this name, and no permissions.
    #[must_use]
    pub const fn new(name: &'static str, secret_name: &'static str) -> Self {
        Self { name, secret_name, application_permissions: &[], calendar_permissions: &[], delegated_permissions: &[] }
    }

    /// Sets the application permissions that say nothing about calendars.
    #[must_use]
    pub const fn application_permissions(mut self, permissions: &'static [&'static str]) -> Self {
        self.application_permissions = permissions;
        self
    }

    /// Sets the application permissions for calendars.
    #[must_use]
    pub const fn calendar_permissions(mut self, permissions: &'static [&'static str]) -> Self {
        self.calendar_permissions = permissions;
        self
    }

    /// Sets the delegated permissions.
    #[must_use]
    pub const fn delegated_permissions(mut self, permissions: &'static [&'static str]) -> Self {
        self.delegated_permissions = permissions;
        self
    }
}

/// One of the ways in which a product can be set up, and the mailboxes that it then calls as the application.
///
/// A group of rooms alone is right for some of them, and breaks others: [`gaps`](Self::gaps) says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProductShape {
    /// Its name, for a file or a command line.
    pub name: &'static str,
    /// What it is, as a sentence without a full stop.
    pub summary: &'static str,
    /// The calls that the product makes as the application.
    pub calls: &'static [ProductCall],
}

/// A call that a product makes as the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProductCall {
    /// What somebody does in the product.
    pub action: &'static str,
    /// The call of Graph.
    pub call: &'static str,
    /// Whose mailbox it is about: that one has to be in scope.
    pub mailbox: MailboxUse,
}

named! {
    /// What a mailbox is to a product.
    #[non_exhaustive]
    pub enum MailboxUse as "use of a mailbox" {
        /// A room that is booked.
        Room = "room",
        /// The mailbox that the product acts as where nobody is named.
        ServiceAccount = "service_account",
        /// The mailbox that mail is sent from.
        Sender = "sender",
        /// Somebody who hosts meetings, or to whom one is handed.
        Host = "host",
    }
}

/// A mailbox that a product calls, and that the spec does not make a member.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ShapeGap {
    /// What the mailbox is to the product.
    pub mailbox: MailboxUse,
    /// Its address. `None` where none was named.
    pub address: Option<SmtpAddress>,
    /// What does not work without it.
    pub breaks: Vec<&'static str>,
}

impl ProductShape {
    /// A way of this name.
    #[must_use]
    pub const fn new(name: &'static str, summary: &'static str, calls: &'static [ProductCall]) -> Self {
        Self { name, summary, calls }
    }

    /// The mailboxes that it needs beside the rooms, each once.
    pub fn needs(&self) -> impl Iterator<Item = MailboxUse> {
        let is_needed =
            |it: &&MailboxUse| **it != MailboxUse::Room && self.calls.iter().any(|call| call.mailbox == **it);
        MailboxUse::ALL.iter().filter(is_needed).copied()
    }

    /// The mailboxes that the product will call and that the spec does not make members: what would not work. `known` says
    /// who they are.
    #[must_use]
    pub fn gaps(&self, spec: &RestrictedCalendarGroup, known: &[(MailboxUse, SmtpAddress)]) -> Vec<ShapeGap> {
        let mut gaps = Vec::new();
        for mailbox in self.needs() {
            let breaks =
                || self.calls.iter().filter(|call| call.mailbox == mailbox).map(|call| call.action).collect::<Vec<_>>();
            let named: Vec<&SmtpAddress> =
                known.iter().filter(|(of, _)| *of == mailbox).map(|(_, address)| address).collect();
            if named.is_empty() {
                gaps.push(ShapeGap { mailbox, address: None, breaks: breaks() });
            }
            let is_member = |address: &&&SmtpAddress| {
                spec.mailboxes.contains(address) || spec.rooms.addresses.iter().flatten().any(|room| room == **address)
            };
            let missing = named.iter().filter(|address| !is_member(address));
            gaps.extend(missing.map(|it| ShapeGap { mailbox, address: Some((*it).clone()), breaks: breaks() }));
        }
        gaps
    }
}

impl ProductCall {
    /// A call for an action, about a mailbox.
    #[must_use]
    pub const fn new(action: &'static str, call: &'static str, mailbox: MailboxUse) -> Self {
        Self { action, call, mailbox }
    }
}

impl std::fmt::Display for ShapeGap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = self.mailbox.as_str().replace('_', " ");
        match &self.address {
            Some(address) => write!(f, "{address}, the {what}, is no member of the group")?,
            None => write!(f, "No {what} was named")?,
        }
        write!(f, ": without it these fail: {}", self.breaks.join("; "))
    }
}
