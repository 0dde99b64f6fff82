//! Domains, rooms, the group, and who is at the addresses of the spec.

use std::collections::{BTreeMap, BTreeSet};

use graph_client::SmtpAddress;
use graph_client::exchange::{
    AtAddress, DistributionGroup, Exchange, ExchangeMailbox, ExchangePlace, GetAcceptedDomain, GetDistributionGroup,
    GetDistributionGroupMember, GetMailbox, GetMailboxFolderPermission, GetPlace, Identity, MailboxFolder, PlaceType,
};

use super::Reader;
use super::lookup::found;
use crate::access::Fact;
use crate::error::{Error, Result};
use crate::observe::observation::{ObservedGroup, ObservedRoomList, UnreadPart, is_group};
use crate::observe::translate;
use crate::spec::{RestrictedCalendarGroup, RoomKind, Rooms};

/// Of how many mailboxes that must not be reached the calendar permissions are read.
const MOST_CALENDARS: usize = 20;

impl Reader<'_> {
    /// The part without which there is nothing to say: domains, rooms, the group, and who is at the spec's addresses.
    pub(super) async fn recipients(&mut self, spec: &RestrictedCalendarGroup) -> Result<()> {
        let exchange = &self.exchange;
        let domains = exchange.run(GetAcceptedDomain::new()).await.map_err(Error::during("read the domains"))?;
        self.seen.accepted_domains = domains
            .into_iter()
            .filter(|domain| domain.pending_removal != Some(true))
            .map(|domain| domain.domain_name)
            .collect();
        self.seen.rooms = mailboxes(exchange, &spec.rooms).await.map_err(Error::during("list the rooms"))?;
        if spec.scope.is_group() {
            self.group(spec).await.map_err(Error::during("read the group"))?;
        }
        for address in &spec.other_groups {
            let group = observed_group(&self.exchange, address).await.map_err(Error::during("read another group"))?;
            self.seen.other_groups.insert(address.clone(), group);
        }
        self.seen.room_lists =
            room_lists(&self.exchange, &spec.rooms).await.map_err(Error::during("read the room list"))?;
        if spec.rooms.needs_places() {
            let found = places(&self.exchange, &spec.rooms).await;
            self.seen.places = Some(self.fact(UnreadPart::Places, found));
        }
        self.addresses(spec).await.map_err(Error::during("look up the addresses of the spec"))
    }

    async fn group(&mut self, spec: &RestrictedCalendarGroup) -> graph_client::Result<()> {
        self.seen.group = observed_group(&self.exchange, &spec.address).await?;
        if self.seen.group.is_some() {
            return Ok(());
        }
        let holder = self.exchange.recipient_at(&spec.address).await?;
        self.seen.address_holder = (holder != AtAddress::Nothing).then_some(holder);
        if let Ok(name) = spec.name.as_str().parse::<Identity>() {
            let has_name = |group: &DistributionGroup| {
                group.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(spec.name.as_str()))
            };
            let groups = found(self.exchange.run(GetDistributionGroup::one(name)).await)?;
            self.seen.name_holder = groups.and_then(|groups| groups.into_iter().find(has_name));
        }
        Ok(())
    }

    async fn addresses(&mut self, spec: &RestrictedCalendarGroup) -> graph_client::Result<()> {
        let rooms: BTreeSet<&SmtpAddress> = self
            .seen
            .rooms
            .iter()
            .flat_map(|room| room.email_addresses.iter().chain(&room.primary_smtp_address))
            .collect();
        // Rooms that are known to be rooms need no look-up of their own.
        let named_rooms = spec.rooms.addresses.iter().flatten().filter(|address| !rooms.contains(address));
        let addresses: BTreeSet<&SmtpAddress> =
            spec.owners.iter().chain(&spec.mailboxes).chain(&spec.must_not_reach).chain(named_rooms).collect();
        let addresses: Vec<SmtpAddress> = addresses.into_iter().cloned().collect();
        for (address, found) in addresses.iter().zip(self.exchange.recipients_at(&addresses).await) {
            self.seen.recipients.insert(address.clone(), found?);
        }
        Ok(())
    }

    /// The calendar permissions of the mailboxes that must not be reached: what `getSchedule` shows of them.
    pub(super) async fn calendars(&mut self, spec: &RestrictedCalendarGroup) {
        let mailboxes: Vec<(SmtpAddress, Identity)> = spec
            .must_not_reach
            .iter()
            .filter_map(|address| Some((address.clone(), self.seen.recipient(address)?.identity()?)))
            .take(MOST_CALENDARS)
            .collect();
        let reads = mailboxes
            .iter()
            .map(|(_, identity)| GetMailboxFolderPermission::new(MailboxFolder::calendar(identity.clone())))
            .collect();
        let mut sharing = BTreeMap::new();
        for ((address, _), entries) in mailboxes.into_iter().zip(self.exchange.run_all(reads).await) {
            let fact = match self.fact(UnreadPart::Calendars, entries) {
                Fact::Read(entries) => translate::sharing(&entries),
                Fact::Partly(_, why) | Fact::Unread(why) => Fact::Unread(why),
            };
            sharing.insert(address, fact);
        }
        self.seen.sharing = sharing;
    }
}

async fn observed_group(exchange: &Exchange, address: &SmtpAddress) -> graph_client::Result<Option<ObservedGroup>> {
    // Several groups at one address: none of them is known to be the one.
    let Some(group) = exchange.group_at(address).await?.one() else { return Ok(None) };
    let identity = group.identity().unwrap_or_else(|| address.into());
    let members = exchange.run(GetDistributionGroupMember::new(identity)).await?;
    Ok(Some(ObservedGroup { group, members }))
}

/// The mailboxes among which rooms are selected. Equipment is listed only where it is asked for.
pub(crate) async fn mailboxes<A>(exchange: &Exchange, rooms: &Rooms<A>) -> graph_client::Result<Vec<ExchangeMailbox>>
where
    A: Sync,
{
    let types: &[&str] =
        if rooms.selects(RoomKind::Equipment) { &["RoomMailbox", "EquipmentMailbox"] } else { &["RoomMailbox"] };
    exchange.run(GetMailbox::of_type(types)).await
}

/// The room lists that are named, in their order.
pub(crate) async fn room_lists(
    exchange: &Exchange,
    rooms: &Rooms<SmtpAddress>,
) -> graph_client::Result<Vec<ObservedRoomList>> {
    let mut lists = Vec::new();
    for (_, address) in rooms.lists() {
        lists.push(room_list(exchange, address).await?);
    }
    Ok(lists)
}

/// The places of the kinds that are asked for. Exchange lists them with the right that the mailboxes need as well, with the
/// building of workspaces, which Graph does not show, and with the rooms that Graph leaves out because they are hidden.
pub(crate) async fn places<A>(exchange: &Exchange, rooms: &Rooms<A>) -> graph_client::Result<Vec<ExchangePlace>>
where
    A: Sync,
{
    let mut places = Vec::new();
    for (kind, of_place) in [(RoomKind::Room, PlaceType::Room), (RoomKind::Workspace, PlaceType::Space)] {
        if rooms.selects(kind) {
            places.extend(exchange.run(GetPlace::all(of_place)).await?);
        }
    }
    Ok(places)
}

/// A room list with the room lists in it: a campus is a list of buildings.
async fn room_list(exchange: &Exchange, address: &SmtpAddress) -> graph_client::Result<ObservedRoomList> {
    let group = exchange.group_at(address).await?.one();
    let mut list = ObservedRoomList { address: address.clone(), group, members: Vec::new(), nested: Vec::new() };
    let mut open: Vec<Identity> = list.group.iter().filter_map(DistributionGroup::identity).collect();
    let mut known: BTreeSet<String> = BTreeSet::new();
    while let Some(identity) = open.pop() {
        if !known.insert(identity.as_str().to_ascii_lowercase()) {
            continue;
        }
        for member in exchange.run(GetDistributionGroupMember::new(identity)).await? {
            if is_group(&member) {
                let name = member.primary_smtp_address.as_ref().map(ToString::to_string);
                list.nested.extend(name.or_else(|| member.display_name.clone()));
                open.extend(member.identity());
            }
            list.members.push(member);
        }
    }
    Ok(list)
}
