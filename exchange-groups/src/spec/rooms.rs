use std::borrow::Cow;
use std::fmt;

use graph_client::SmtpAddress;
use graph_client::exchange::{ExchangeMailbox, ExchangePlace};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::names::named;
use crate::text::{count, plain};

/// Which rooms are members of the group.
///
/// They are named one by one (`addresses`), or selected: by room lists, by a filter, or by both, where a room has to be in
/// one of the lists and match the filter. Without any of these all rooms are selected. Text addresses (`Rooms<String>`) are
/// what a builder takes; a spec holds them checked.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Rooms"))]
#[serde(deny_unknown_fields, bound(deserialize = "A: Deserialize<'de>", serialize = "A: Serialize"))]
pub struct Rooms<A = String> {
    /// The rooms, by address. Goes with none of `room_list`, `room_lists` and `filter`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), inner(regex(pattern = super::schema::ADDRESS))))]
    pub(crate) addresses: Option<Vec<A>>,
    /// A room list, by address. The rooms of the room lists in it are selected too.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = super::schema::ADDRESS)))]
    pub(crate) room_list: Option<A>,
    /// Several room lists, by address, in place of `room_list`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(inner(regex(pattern = super::schema::ADDRESS))))]
    pub(crate) room_lists: Vec<A>,
    /// Conditions on the rooms.
    #[serde(default, deserialize_with = "super::mapping::optional")]
    pub(crate) filter: Option<RoomFilter>,
    /// Whether workspaces are selected. `kinds` says more.
    #[serde(default, skip_serializing_if = "Workspaces::is_default")]
    pub(crate) workspaces: Workspaces,
    /// The kinds of resources that are selected, in place of `workspaces`. Default: rooms and workspaces.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub(crate) kinds: Option<Vec<RoomKind>>,
    /// The rooms that are left out, by address. The application must not reach them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(inner(regex(pattern = super::schema::ADDRESS))))]
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
}

named! {
    /// The kind of a resource that can be booked.
    #[non_exhaustive]
    pub enum RoomKind as "kind of room" {
        /// A meeting room.
        Room = "room",
        /// A workspace: a pool of desks that is booked through one mailbox. Exchange keeps it as a room mailbox.
        Workspace = "workspace",
        /// Equipment, such as a projector or a car.
        Equipment = "equipment",
    }
}

impl RoomKind {
    const fn plural(self) -> &'static str {
        match self {
            Self::Room => "rooms",
            Self::Workspace => "workspaces",
            Self::Equipment => "equipment",
        }
    }

    /// The kind of a mailbox in Exchange's list of rooms and equipment.
    pub(crate) fn of(mailbox: &ExchangeMailbox) -> Self {
        let has_type =
            |name: &str| mailbox.resource_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case(name));
        if mailbox.recipient_type_details.as_deref() == Some("EquipmentMailbox") || has_type("Equipment") {
            Self::Equipment
        } else if has_type("Workspace") {
            Self::Workspace
        } else {
            Self::Room
        }
    }

    /// The kind of a place of `Get-Place`.
    pub(crate) fn of_place(place: &ExchangePlace) -> Self {
        if place.kind.as_deref() == Some("Space") { Self::Workspace } else { Self::Room }
    }
}

impl Rooms {
    /// Every room mailbox of the tenant.
    #[must_use]
    pub fn all() -> Self {
        Self {
            addresses: None,
            room_list: None,
            room_lists: Vec::new(),
            filter: None,
            workspaces: Workspaces::Include,
            kinds: None,
            except: Vec::new(),
        }
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

    /// The rooms of several room lists, by their addresses. A room that is in two of them is selected once.
    #[must_use]
    pub fn in_lists<A: Into<String>>(room_lists: impl IntoIterator<Item = A>) -> Self {
        Self { room_lists: room_lists.into_iter().map(Into::into).collect(), ..Self::all() }
    }

    /// The rooms that match a filter.
    #[must_use]
    pub fn matching(filter: RoomFilter) -> Self {
        Self { filter: Some(filter), ..Self::all() }
    }

    /// Limits the rooms of room lists to those that match a filter.
    #[must_use]
    pub fn filter(mut self, filter: RoomFilter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Sets whether workspaces are selected too. Default: they are. Rooms that are named one by one are selected in any
    /// case.
    #[must_use]
    pub fn workspaces(mut self, workspaces: Workspaces) -> Self {
        self.workspaces = workspaces;
        self
    }

    /// Sets the kinds that are selected, in place of [`workspaces`](Self::workspaces). Default: rooms and workspaces.
    /// Equipment mailboxes are read only where they are asked for. Rooms that are named one by one are selected whatever
    /// their kind, equipment where it is among the kinds.
    #[must_use]
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = RoomKind>) -> Self {
        self.kinds = Some(kinds.into_iter().collect());
        self
    }

    /// Excludes a room.
    #[must_use]
    pub fn except(mut self, address: impl Into<String>) -> Self {
        self.except.push(address.into());
        self
    }
}

impl<A> Rooms<A> {
    /// The room lists, and where the spec has each.
    pub(crate) fn lists(&self) -> impl Iterator<Item = (String, &A)> {
        let several = self.room_lists.iter().enumerate().map(|(at, list)| (format!("rooms.room_lists[{at}]"), list));
        self.room_list.iter().map(|list| ("rooms.room_list".to_owned(), list)).chain(several)
    }

    /// Whether rooms of this kind are selected.
    pub(crate) fn selects(&self, kind: RoomKind) -> bool {
        match (&self.kinds, self.workspaces) {
            (Some(kinds), _) => kinds.contains(&kind),
            (None, Workspaces::Include) => kind != RoomKind::Equipment,
            (None, Workspaces::Exclude) => kind == RoomKind::Room,
            (None, Workspaces::Only) => kind == RoomKind::Workspace,
        }
    }

    /// Whether the filter asks about what Exchange keeps of a place and not of its mailbox.
    pub(crate) fn needs_places(&self) -> bool {
        self.filter.as_ref().is_some_and(RoomFilter::needs_places)
    }

    /// What is selected, without a filter: `rooms`, `rooms and equipment`.
    fn noun(&self) -> String {
        let Some(kinds) = &self.kinds else { return "rooms".to_owned() };
        let plurals: Vec<_> =
            RoomKind::ALL.iter().filter(|kind| kinds.contains(kind)).map(|kind| kind.plural()).collect();
        match plurals.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => "rooms of no kind".to_owned(),
        }
    }
}

impl Default for Rooms {
    fn default() -> Self {
        Self::all()
    }
}

impl<A: fmt::Display> fmt::Display for Rooms<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = self.noun();
        let lists: Vec<_> = self.lists().map(|(_, list)| list.to_string()).collect();
        match (&self.addresses, &*lists) {
            (Some(addresses), _) => f.write_str(&count(addresses.len(), "named room"))?,
            (None, []) if self.filter.is_some() => f.write_str(&noun)?,
            (None, []) => write!(f, "all {noun}")?,
            (None, lists) => write!(f, "the {noun} of {}", lists.join(", "))?,
        }
        if let Some(filter) = &self.filter {
            write!(f, " {filter}")?;
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

/// Conditions on a room, all of which must hold. Text is compared without case.
///
/// Building, floor, city and tags are what `Get-Place` shows; they are read only where a filter asks for them. The rest
/// is in the mailbox.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RoomFilter {
    /// The display name begins with this.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub name_starts_with: Option<String>,
    /// The address begins with this.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub address_starts_with: Option<String>,
    /// The office is this. Many organisations keep the building there.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub office: Option<String>,
    /// The first custom attribute is this.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub custom_attribute1: Option<String>,
    /// At least so many people fit in.
    #[cfg_attr(feature = "schema", schemars(range(max = 4_294_967_295_u32)))]
    pub capacity_at_least: Option<u32>,
    /// At most so many people fit in.
    #[cfg_attr(feature = "schema", schemars(range(max = 4_294_967_295_u32)))]
    pub capacity_at_most: Option<u32>,
    /// The building of the place is this.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub building: Option<String>,
    /// The floor of the place is this: its number, such as `"3"`, or its label, such as `"Lobby"`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub floor: Option<String>,
    /// The city of the place is this.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub city: Option<String>,
    /// The place has all of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(inner(length(min = 1))))]
    pub tags: Vec<String>,
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

    /// At most so many people fit in. A room without a capacity does not match.
    #[must_use]
    pub fn capacity_at_most(mut self, people: u32) -> Self {
        self.capacity_at_most = Some(people);
        self
    }

    /// The building of the place is this.
    #[must_use]
    pub fn building(mut self, text: impl Into<String>) -> Self {
        self.building = Some(text.into());
        self
    }

    /// The floor of the place is this: its number or its label.
    #[must_use]
    pub fn floor(mut self, number_or_label: impl fmt::Display) -> Self {
        self.floor = Some(number_or_label.to_string());
        self
    }

    /// The city of the place is this.
    #[must_use]
    pub fn city(mut self, text: impl Into<String>) -> Self {
        self.city = Some(text.into());
        self
    }

    /// The place has this tag, and all others that are set.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    pub(crate) fn needs_places(&self) -> bool {
        self.building.is_some() || self.floor.is_some() || self.city.is_some() || !self.tags.is_empty()
    }

    /// Whether the mailbox meets the conditions on mailboxes.
    pub(crate) fn matches(&self, room: &ExchangeMailbox) -> bool {
        let starts = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| folded(found).starts_with(&folded(Some(wanted))))
        };
        let fits = |is: &dyn Fn(i64) -> bool| room.resource_capacity.is_some_and(is);
        starts(&self.name_starts_with, room.display_name.as_deref())
            && starts(&self.address_starts_with, room.primary_smtp_address.as_ref().map(SmtpAddress::as_str))
            && is(self.office.as_ref(), room.office.as_deref())
            && is(self.custom_attribute1.as_ref(), room.custom_attribute1.as_deref())
            && self.capacity_at_least.is_none_or(|least| fits(&|people| people >= i64::from(least)))
            && self.capacity_at_most.is_none_or(|most| fits(&|people| people <= i64::from(most)))
    }

    /// Whether the place meets the conditions on places.
    pub(crate) fn matches_place(&self, place: &ExchangePlace) -> bool {
        let is_floor = |wanted: &String| {
            // What is no number is a label; a number may be one too.
            wanted.trim().parse::<i64>().is_ok_and(|number| place.floor == Some(number))
                || is(Some(wanted), place.floor_label.as_deref())
        };
        is(self.building.as_ref(), place.building.as_deref())
            && is(self.city.as_ref(), place.city.as_deref())
            && self.floor.as_ref().is_none_or(is_floor)
            && self.tags.iter().all(|wanted| place.tags.iter().any(|tag| is(Some(wanted), Some(tag))))
    }

    pub(super) fn conditions(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let text = |what, text: &'_ Option<String>| text.clone().map(|text| (what, Cow::Owned(text)));
        let number = |what, number: Option<u32>| number.map(|number| (what, Cow::Owned(number.to_string())));
        [
            text("name begins with", &self.name_starts_with),
            text("address begins with", &self.address_starts_with),
            text("office is", &self.office),
            text("custom attribute 1 is", &self.custom_attribute1),
            number("capacity is at least", self.capacity_at_least),
            number("capacity is at most", self.capacity_at_most),
            text("building is", &self.building),
            text("floor is", &self.floor),
            text("city is", &self.city),
        ]
        .into_iter()
        .flatten()
        .chain(self.tags.iter().map(|tag| ("tags include", Cow::Borrowed(tag.as_str()))))
        .collect()
    }
}

/// A text as it is compared.
fn folded(text: Option<&str>) -> String {
    text.unwrap_or_default().trim().to_lowercase()
}

fn is(wanted: Option<&String>, found: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| folded(found) == folded(Some(wanted)))
}

impl fmt::Display for RoomFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions: Vec<_> =
            self.conditions().into_iter().map(|(what, value)| format!("{what} {:?}", plain(&value))).collect();
        write!(f, "whose {}", conditions.join(" and "))
    }
}
