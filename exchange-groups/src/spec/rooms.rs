use std::borrow::Cow;
use std::fmt;

use graph_client::SmtpAddress;
use graph_client::exchange::ExchangeMailbox;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::names::named;
use crate::text::count;

/// Which rooms are members of the group.
///
/// Text addresses (`Rooms<String>`) are what a builder takes; a spec holds them checked.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "A: Deserialize<'de>", serialize = "A: Serialize"))]
pub struct Rooms<A = String> {
    pub(crate) addresses: Option<Vec<A>>,
    pub(crate) room_list: Option<A>,
    pub(crate) filter: Option<RoomFilter>,
    #[serde(default, skip_serializing_if = "Workspaces::is_default")]
    pub(crate) workspaces: Workspaces,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub(crate) except: Vec<A>,
}

named! {
    /// Whether a selection of rooms includes workspaces.
    ///
    /// Exchange keeps both as room mailboxes; a workspace has the resource type `Workspace`.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Workspaces as "workspaces" {
        /// Meeting rooms and workspaces.
        #[default]
        Include = "include",
        /// Meeting rooms alone.
        Exclude = "exclude",
        /// Workspaces alone.
        Only = "only",
    }
}

impl Workspaces {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn selects(self, room: &ExchangeMailbox) -> bool {
        match self {
            Self::Include => true,
            Self::Exclude => !is_workspace(room),
            Self::Only => is_workspace(room),
        }
    }
}

/// Whether a room mailbox is a workspace.
pub(crate) fn is_workspace(room: &ExchangeMailbox) -> bool {
    room.resource_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("Workspace"))
}

impl Rooms {
    /// Every room mailbox of the tenant.
    #[must_use]
    pub fn all() -> Self {
        Self { addresses: None, room_list: None, filter: None, workspaces: Workspaces::Include, except: Vec::new() }
    }

    /// These rooms.
    #[must_use]
    pub fn at<A: Into<String>>(addresses: impl IntoIterator<Item = A>) -> Self {
        Self { addresses: Some(addresses.into_iter().map(Into::into).collect()), ..Self::all() }
    }

    /// The rooms of a room list, by its address.
    #[must_use]
    pub fn in_list(room_list: impl Into<String>) -> Self {
        Self { room_list: Some(room_list.into()), ..Self::all() }
    }

    /// The rooms that match a filter.
    #[must_use]
    pub fn matching(filter: RoomFilter) -> Self {
        Self { filter: Some(filter), ..Self::all() }
    }

    /// Sets whether workspaces are selected too. Default: they are. Rooms that are named one by one are selected in any
    /// case.
    #[must_use]
    pub fn workspaces(mut self, workspaces: Workspaces) -> Self {
        self.workspaces = workspaces;
        self
    }

    /// Excludes a room.
    #[must_use]
    pub fn except(mut self, address: impl Into<String>) -> Self {
        self.except.push(address.into());
        self
    }
}

impl Default for Rooms {
    fn default() -> Self {
        Self::all()
    }
}

impl<A: fmt::Display> fmt::Display for Rooms<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.addresses, &self.room_list, &self.filter) {
            (Some(addresses), ..) => f.write_str(&count(addresses.len(), "named room"))?,
            (_, Some(list), _) => write!(f, "the rooms of {list}")?,
            (_, _, Some(filter)) => write!(f, "rooms {filter}")?,
            _ => f.write_str("all rooms")?,
        }
        match self.workspaces {
            Workspaces::Include => {}
            Workspaces::Exclude => f.write_str(", workspaces excluded")?,
            Workspaces::Only => f.write_str(", workspaces only")?,
        }
        if !self.except.is_empty() {
            let except: Vec<_> = self.except.iter().map(ToString::to_string).collect();
            write!(f, " except {}", except.join(", "))?;
        }
        Ok(())
    }
}

/// Conditions on a room mailbox, all of which must hold. Text is compared without case.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RoomFilter {
    /// The display name begins with this.
    pub name_starts_with: Option<String>,
    /// The address begins with this.
    pub address_starts_with: Option<String>,
    /// The office is this. Many organisations keep the building there.
    pub office: Option<String>,
    /// The first custom attribute is this.
    pub custom_attribute1: Option<String>,
    /// At least so many people fit in.
    pub capacity_at_least: Option<u32>,
}

impl RoomFilter {
    /// A filter without conditions, which a spec refuses until one is set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The display name begins with this.
    #[must_use]
    pub fn name_starts_with(mut self, text: impl Into<String>) -> Self {
        self.name_starts_with = Some(text.into());
        self
    }

    /// The address begins with this.
    #[must_use]
    pub fn address_starts_with(mut self, text: impl Into<String>) -> Self {
        self.address_starts_with = Some(text.into());
        self
    }

    /// The office is this.
    #[must_use]
    pub fn office(mut self, text: impl Into<String>) -> Self {
        self.office = Some(text.into());
        self
    }

    /// The first custom attribute is this.
    #[must_use]
    pub fn custom_attribute1(mut self, text: impl Into<String>) -> Self {
        self.custom_attribute1 = Some(text.into());
        self
    }

    /// At least so many people fit in. A room without a capacity does not match.
    #[must_use]
    pub fn capacity_at_least(mut self, people: u32) -> Self {
        self.capacity_at_least = Some(people);
        self
    }

    pub(crate) fn matches(&self, room: &ExchangeMailbox) -> bool {
        let text = |text: Option<&str>| text.unwrap_or_default().trim().to_lowercase();
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| text(found) == text(Some(wanted)))
        };
        let starts = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| text(found).starts_with(&text(Some(wanted))))
        };
        starts(&self.name_starts_with, room.display_name.as_deref())
            && starts(&self.address_starts_with, room.primary_smtp_address.as_ref().map(SmtpAddress::as_str))
            && is(&self.office, room.office.as_deref())
            && is(&self.custom_attribute1, room.custom_attribute1.as_deref())
            && self.capacity_at_least.is_none_or(|least| room.resource_capacity >= Some(i64::from(least)))
    }

    pub(super) fn conditions(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let text = |what, text: &'_ Option<String>| text.clone().map(|text| (what, Cow::Owned(text)));
        [
            text("name begins with", &self.name_starts_with),
            text("address begins with", &self.address_starts_with),
            text("office is", &self.office),
            text("custom attribute 1 is", &self.custom_attribute1),
            self.capacity_at_least.map(|least| ("capacity is at least", Cow::Owned(least.to_string()))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl fmt::Display for RoomFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions: Vec<_> =
            self.conditions().into_iter().map(|(what, value)| format!("{what} {value:?}")).collect();
        write!(f, "whose {}", conditions.join(" and "))
    }
}
