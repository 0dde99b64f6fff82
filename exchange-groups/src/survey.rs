//! The rooms that there are, for a person who chooses among them: Exchange's mailboxes, their places, and where the sources
//! disagree. Reading is apart from judging, which is pure.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use futures_util::StreamExt as _;
use graph_client::exchange::{ExchangeMailbox, ExchangePlace, GetOrganizationConfig};
use graph_client::{ErrorKind, List, SmtpAddress, printable};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::access::Fact;
use crate::document::Origin;
use crate::error::{Error, Result};
use crate::groups::ExchangeGroups;
use crate::names::named;
use crate::observe::{ObservedRoomList, Unread, UnreadPart, mailboxes, places, room_lists};
use crate::select::{Places, RoomSelection, RoomSources};
use crate::spec::{RoomKind, Rooms};
use crate::text::{count, some_of, without_advice};

/// The rooms, workspaces and equipment of a tenant, and which of them a selection takes.
///
/// Exchange's list of mailboxes says which rooms there are; `Get-Place` says where they are; Graph's places, which follow
/// by up to 48 hours and leave out hidden rooms, are counted against both. `Display` is a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoomSurvey {
    /// The tenant, the time and the software that made it.
    pub origin: Origin,
    /// The selection, in words.
    pub selection: String,
    /// Every room, workspace and equipment mailbox, in the order of their addresses.
    pub rooms: Vec<SurveyedRoom>,
    /// How many there are, by each source.
    pub totals: RoomTotals,
    /// Where the sources disagree.
    pub disagreements: Vec<Disagreement>,
    /// The addresses of the selection that are no rooms: rooms and exclusions.
    pub unmatched: Vec<SmtpAddress>,
    /// What could not be read. What needs it is unknown.
    pub unread: Vec<Unread>,
}

/// A room, workspace or equipment mailbox.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SurveyedRoom {
    /// The primary address.
    pub address: SmtpAddress,
    /// The display name.
    pub name: Option<String>,
    /// The kind.
    pub kind: RoomKind,
    /// How many people fit in, by the mailbox.
    pub capacity: Option<i64>,
    /// The office, by the mailbox.
    pub office: Option<String>,
    /// What `Get-Place` shows. `None` where it does not list the room, or could not be read: it is unknown.
    pub place: Option<SurveyedPlace>,
    /// Whether the room is hidden from address lists. Graph leaves out hidden rooms.
    pub is_hidden: Option<bool>,
    /// Whether the selection takes it. `None` where that is unknown.
    pub is_selected: Option<bool>,
}

/// Where a room is, by `Get-Place`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SurveyedPlace {
    /// The building.
    pub building: Option<String>,
    /// The number of the floor.
    pub floor: Option<i64>,
    /// The label of the floor.
    pub floor_label: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// How many people fit in.
    pub capacity: Option<i64>,
    /// The tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The room lists that it is in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub room_lists: Vec<String>,
}

/// How many rooms there are, by each source. `None` where a source could not be read to its end.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoomTotals {
    /// Meeting rooms in Exchange.
    pub rooms: usize,
    /// Workspaces in Exchange.
    pub workspaces: usize,
    /// Equipment mailboxes in Exchange.
    pub equipment: usize,
    /// Rooms and workspaces that `Get-Place` lists.
    pub places: Option<usize>,
    /// Rooms and workspaces that Graph's places list.
    pub graph_places: Option<usize>,
    /// Rooms and workspaces that Graph says it has, where it says so.
    pub graph_count: Option<u64>,
    /// What the selection takes.
    pub selected: usize,
    /// Of how many it is unknown whether the selection takes them.
    pub undecided: usize,
}

/// Something about which the sources disagree.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Disagreement {
    /// What it is.
    pub kind: DisagreementKind,
    /// The room that it is about. `None` where it is about the lists as a whole, or the place has no address.
    pub address: Option<SmtpAddress>,
    /// What the sources say, and the likely reason.
    pub message: String,
}

named! {
    /// What sources of rooms disagree about.
    #[non_exhaustive]
    pub enum DisagreementKind as "kind of disagreement" {
        /// Exchange has the mailbox, and `Get-Place` does not list it.
        NoPlace = "no_place",
        /// `Get-Place` lists it, and Exchange Online has no such mailbox.
        NoMailbox = "no_mailbox",
        /// Exchange has the mailbox, and Graph's places do not list it.
        NotInGraph = "not_in_graph",
        /// Graph's places list it, and Exchange Online has no such mailbox.
        OnlyInGraph = "only_in_graph",
        /// The capacity of the mailbox is not that of the place.
        Capacity = "capacity",
        /// Graph lists fewer places than it counts.
        ListCutShort = "list_cut_short",
        /// A room list that is named is none.
        NoRoomList = "no_room_list",
        /// A member of a room list has no mailbox among the rooms.
        ListMember = "list_member",
    }
}

/// Graph's places: their addresses, and how many there are by Graph's own count.
#[derive(Debug, Clone, Default)]
struct GraphPlaces {
    addresses: Vec<Option<SmtpAddress>>,
    count: Option<u64>,
}

/// What a survey is made of.
struct Sources {
    mailboxes: Vec<ExchangeMailbox>,
    lists: Vec<ObservedRoomList>,
    places: Fact<Vec<ExchangePlace>>,
    graph: Fact<GraphPlaces>,
}

impl ExchangeGroups {
    /// Lists the rooms, workspaces and equipment of the tenant, where they are, and which of them a selection takes.
    /// Nothing is changed.
    ///
    /// # Permissions
    ///
    /// Exchange: `Exchange.ManageAsApp` with Global Reader or more. Graph: `Place.Read.All`, without which the totals are
    /// not checked against Graph's places.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Spec`](crate::ErrorKind::Spec) when the selection breaks a rule,
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the mailboxes or the room lists cannot be read to their end.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn run(groups: exchange_groups::ExchangeGroups) -> exchange_groups::Result<()> {
    /// use exchange_groups::{RoomFilter, Rooms};
    ///
    /// let survey = groups.rooms(&Rooms::matching(RoomFilter::new().building("Building 1"))).await?;
    /// println!("{survey}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rooms(&self, rooms: &Rooms) -> Result<RoomSurvey> {
        let wanted = rooms.checked()?;
        let everything = Rooms::all().kinds(RoomKind::ALL.iter().copied());
        let exchange = self.client.exchange();
        let organization =
            exchange.run(GetOrganizationConfig::new()).await.map_err(Error::during("read the organisation"))?;
        let mut unread = Vec::new();
        let mut fact = |error: &graph_client::Error| {
            let is_denied = error.kind() == ErrorKind::Denied;
            unread.push(Unread { what: UnreadPart::Places, error: without_advice(error), is_denied });
            without_advice(error)
        };
        let sources = Sources {
            mailboxes: mailboxes(&exchange, &everything).await.map_err(Error::during("list the rooms"))?,
            lists: room_lists(&exchange, &wanted).await.map_err(Error::during("read the room list"))?,
            places: match places(&exchange, &everything).await {
                Ok(places) => Fact::Read(places),
                Err(error) => Fact::Unread(fact(&error)),
            },
            graph: match self.graph_places().await {
                Ok(places) => Fact::Read(places),
                Err(error) => Fact::Unread(fact(&error)),
            },
        };
        Ok(survey(Origin::now(&organization.name), &wanted, &sources, unread))
    }

    async fn graph_places(&self) -> graph_client::Result<GraphPlaces> {
        let places = self.client.places();
        let mut found = GraphPlaces { count: Some(0), ..GraphPlaces::default() };
        found.extend(places.rooms(), |room| room.email_address).await?;
        found.extend(places.workspaces(), |space| space.email_address).await?;
        Ok(found)
    }
}

impl GraphPlaces {
    async fn extend<T>(&mut self, list: List<T>, address: fn(T) -> Option<SmtpAddress>) -> graph_client::Result<()>
    where
        T: serde::de::DeserializeOwned + Send + 'static,
    {
        let mut pages = Box::pin(list.count().into_pages());
        let mut total = None;
        while let Some(page) = pages.next().await {
            let page = page?;
            total = total.or(page.count);
            self.addresses.extend(page.items.into_iter().map(address));
        }
        self.count = self.count.zip(total).map(|(before, more)| before + more);
        Ok(())
    }
}

/// Judges what was read. Pure.
fn survey(origin: Origin, wanted: &Rooms<SmtpAddress>, sources: &Sources, unread: Vec<Unread>) -> RoomSurvey {
    let Sources { mailboxes, lists, places, graph } = sources;
    let chosen = RoomSelection::of(wanted, RoomSources { mailboxes, lists, places: Some(places) });
    let by_address = Places::of(places.entries());
    let set = |rooms: &[&ExchangeMailbox]| -> HashSet<*const ExchangeMailbox> {
        rooms.iter().map(|room| std::ptr::from_ref(*room)).collect()
    };
    let (selected, undecided) = (set(&chosen.rooms), set(&chosen.undecided));
    let mut rooms: Vec<SurveyedRoom> = mailboxes
        .iter()
        .filter_map(|room| {
            Some(SurveyedRoom {
                address: room.primary_smtp_address.clone()?,
                name: room.display_name.clone(),
                kind: RoomKind::of(room),
                capacity: room.resource_capacity,
                office: room.office.clone().filter(|office| !office.is_empty()),
                place: by_address.of_room(room).map(SurveyedPlace::of),
                is_hidden: room.hidden_from_address_lists_enabled,
                is_selected: (!undecided.contains(&std::ptr::from_ref(room)))
                    .then(|| selected.contains(&std::ptr::from_ref(room))),
            })
        })
        .collect();
    rooms.sort_by(|one, other| one.address.cmp(&other.address));
    let of_kind = |kind| rooms.iter().filter(|room| room.kind == kind).count();
    let totals = RoomTotals {
        rooms: of_kind(RoomKind::Room),
        workspaces: of_kind(RoomKind::Workspace),
        equipment: of_kind(RoomKind::Equipment),
        places: places.whole().map(Vec::len),
        graph_places: graph.whole().map(|graph| graph.addresses.len()),
        graph_count: graph.whole().and_then(|graph| graph.count),
        selected: rooms.iter().filter(|room| room.is_selected == Some(true)).count(),
        undecided: rooms.iter().filter(|room| room.is_selected.is_none()).count(),
    };
    let mut found = Disagreements::default();
    if places.known().is_some() {
        found.places(&rooms, &by_address.without(mailboxes));
    }
    if let Some(graph) = graph.known() {
        found.graph(&rooms, mailboxes, graph);
    }
    found.lists(wanted, lists, &chosen);
    let unmatched = chosen.unmatched_rooms.into_iter().chain(chosen.unmatched_exclusions);
    RoomSurvey {
        origin,
        selection: wanted.to_string(),
        totals,
        disagreements: found.found,
        unmatched: unmatched.map(|unmatched| unmatched.address).collect(),
        unread,
        rooms,
    }
}

impl SurveyedPlace {
    fn of(place: &ExchangePlace) -> Self {
        let text = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        Self {
            building: text(&place.building),
            floor: place.floor,
            floor_label: text(&place.floor_label),
            city: text(&place.city),
            capacity: place.capacity,
            tags: place.tags.clone(),
            room_lists: place.localities.clone(),
        }
    }

    fn floor(&self) -> String {
        match (self.floor, &self.floor_label) {
            (Some(number), Some(label)) if number.to_string() != *label => format!("{number} ({label})"),
            (Some(number), _) => number.to_string(),
            (None, label) => label.clone().unwrap_or_default(),
        }
    }
}

#[derive(Default)]
struct Disagreements {
    found: Vec<Disagreement>,
}

impl Disagreements {
    fn add(&mut self, kind: DisagreementKind, address: Option<SmtpAddress>, message: impl Into<String>) {
        self.found.push(Disagreement { kind, address, message: message.into() });
    }

    fn places(&mut self, rooms: &[SurveyedRoom], without: &[&ExchangePlace]) {
        for room in rooms.iter().filter(|room| room.kind != RoomKind::Equipment) {
            match &room.place {
                None => self.add(
                    DisagreementKind::NoPlace,
                    Some(room.address.clone()),
                    "Exchange has the mailbox, and Get-Place does not list it: places follow new mailboxes by up to 48 hours",
                ),
                Some(place) => {
                    if let (Some(mailbox), Some(place)) = (room.capacity, place.capacity)
                        && mailbox != place
                    {
                        let message = format!("its capacity is {mailbox} by its mailbox, and {place} by Get-Place");
                        self.add(DisagreementKind::Capacity, Some(room.address.clone()), message);
                    }
                }
            }
        }
        for place in without {
            let shown = place.identity.as_deref().or(place.display_name.as_deref()).unwrap_or("a place without a name");
            let message = format!(
                "Get-Place lists {shown}, and Exchange Online has no such mailbox: it is on-premises, or deleted"
            );
            self.add(DisagreementKind::NoMailbox, shown.parse().ok(), message);
        }
    }

    fn graph(&mut self, rooms: &[SurveyedRoom], mailboxes: &[ExchangeMailbox], graph: &GraphPlaces) {
        let listed: HashSet<&SmtpAddress> = graph.addresses.iter().flatten().collect();
        if let Some(counted) = graph.count.filter(|counted| *counted != listed_count(graph)) {
            let message = format!(
                "Graph lists {} and counts {counted}: its list of places was cut short",
                count(graph.addresses.len(), "place")
            );
            self.add(DisagreementKind::ListCutShort, None, message);
        }
        // A place may go by another address of the mailbox.
        let listed_by_another: HashSet<&SmtpAddress> = mailboxes
            .iter()
            .filter(|mailbox| mailbox.email_addresses.iter().any(|address| listed.contains(address)))
            .filter_map(|mailbox| mailbox.primary_smtp_address.as_ref())
            .collect();
        let is_listed =
            |room: &SurveyedRoom| listed.contains(&room.address) || listed_by_another.contains(&room.address);
        for room in rooms.iter().filter(|room| room.kind != RoomKind::Equipment && !is_listed(room)) {
            let reason = match room.is_hidden {
                Some(true) => "it is hidden from address lists, and Graph leaves out hidden rooms",
                _ => "places follow new mailboxes by up to 48 hours",
            };
            let message = format!("Exchange has the mailbox, and Graph's places do not list it: {reason}");
            self.add(DisagreementKind::NotInGraph, Some(room.address.clone()), message);
        }
        let known: BTreeSet<&SmtpAddress> =
            mailboxes.iter().flat_map(|room| room.primary_smtp_address.iter().chain(&room.email_addresses)).collect();
        for address in graph.addresses.iter().flatten().filter(|address| !known.contains(address)) {
            let message =
                "Graph's places list it, and Exchange Online has no such mailbox: it is on-premises, or deleted";
            self.add(DisagreementKind::OnlyInGraph, Some(address.clone()), message);
        }
    }

    fn lists(&mut self, wanted: &Rooms<SmtpAddress>, lists: &[ObservedRoomList], chosen: &RoomSelection<'_>) {
        for ((_, address), list) in wanted.lists().zip(lists) {
            let kind = list.group.as_ref().and_then(|group| group.recipient_type_details.as_deref());
            if kind != Some("RoomList") {
                let message = format!("it is {}, and no room list", kind.unwrap_or("unknown to Exchange"));
                self.add(DisagreementKind::NoRoomList, Some(address.clone()), message);
            }
        }
        for (_, member) in &chosen.other_list_members {
            let name = member.display_name.as_deref().unwrap_or("without a name");
            let message = format!("a member of a room list has no mailbox among the rooms: {name}");
            self.add(DisagreementKind::ListMember, member.primary_smtp_address.clone(), message);
        }
    }
}

fn listed_count(graph: &GraphPlaces) -> u64 {
    u64::try_from(graph.addresses.len()).unwrap_or(u64::MAX)
}

/// How many disagreements of a kind are shown one by one.
const SHOWN: usize = 10;

impl fmt::Display for RoomSurvey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let totals = &self.totals;
        writeln!(f, "Rooms of {}", printable(&self.origin.tenant))?;
        write!(
            f,
            "  Exchange      {}, {}, {} of equipment",
            count(totals.rooms, "room"),
            count(totals.workspaces, "workspace"),
            totals.equipment
        )?;
        let number = |number: Option<usize>| number.map_or_else(|| "not read".to_owned(), |number| number.to_string());
        write!(f, "\n  Get-Place     {}", number(totals.places))?;
        writeln!(f, "\n  Graph places  {}", number(totals.graph_places))?;
        write!(f, "  Selected      {} ({})", totals.selected, printable(&self.selection))?;
        match totals.undecided {
            0 => writeln!(f)?,
            some => writeln!(f, ", {some} undecided")?,
        }
        writeln!(f)?;
        let rows: Vec<[String; 7]> = self.rooms.iter().map(SurveyedRoom::row).collect();
        let head = ["", "Address", "Kind", "Building", "Floor", "Seats", "Tags"].map(str::to_owned);
        let mut widths = [0; 7];
        for row in rows.iter().chain([&head]) {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in [&head].into_iter().chain(&rows) {
            let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(f, "  {}", cells.join("  ").trim_end())?;
        }
        self.show_disagreements(f)?;
        if !self.unmatched.is_empty() {
            writeln!(f, "\nNo rooms: {}", some_of(&self.unmatched, SHOWN))?;
        }
        for unread in &self.unread {
            writeln!(f, "\n{} could not be read: {}", unread.what.description(), printable(&unread.error))?;
        }
        Ok(())
    }
}

impl RoomSurvey {
    fn show_disagreements(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.disagreements.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nDisagreements")?;
        for kind in DisagreementKind::ALL {
            let of_kind: Vec<_> = self.disagreements.iter().filter(|it| it.kind == *kind).collect();
            for disagreement in of_kind.iter().take(SHOWN) {
                writeln!(f, "  - {disagreement}")?;
            }
            if of_kind.len() > SHOWN {
                writeln!(f, "  - … and {} more of the kind {kind}", of_kind.len() - SHOWN)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => write!(f, "{}: {}", printable(address.as_str()), printable(&self.message)),
            None => f.write_str(&printable(&self.message)),
        }
    }
}

impl SurveyedRoom {
    fn row(&self) -> [String; 7] {
        let place = self.place.as_ref();
        let mark = match self.is_selected {
            Some(true) => "x",
            Some(false) => "",
            None => "?",
        };
        [
            mark.to_owned(),
            printable(self.address.as_str()).to_string(),
            self.kind.to_string(),
            // What is unknown is not the same as what is empty.
            place.map_or_else(
                || "?".to_owned(),
                |it| it.building.as_deref().map(printable).unwrap_or_default().to_string(),
            ),
            place.map_or_else(|| "?".to_owned(), |it| printable(&it.floor()).to_string()),
            self.capacity.map(|people| people.to_string()).unwrap_or_default(),
            place.map_or_else(|| "?".to_owned(), |it| printable(&it.tags.join(", ")).to_string()),
        ]
    }
}
