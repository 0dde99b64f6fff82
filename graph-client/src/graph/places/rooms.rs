use reqwest::Method;
use serde::Serialize;

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::graph::{
    Building, Desk, Floor, List, NewPlace, Operation, Page, Place, PlaceKind, PlaceUpdate, Properties, Record, Room,
    RoomList, Section, Workspace, call, record_shape,
};
use crate::ids::{PlaceRef, SmtpAddress};

/// Meeting rooms, as Graph's places list them. Made by [`Client::rooms`].
///
/// Places follow Exchange with a delay of up to two days, and leave out rooms that are hidden from the address list.
/// Ask Exchange ([`GetMailbox`](crate::exchange::GetMailbox)) when every room counts.
#[derive(Debug, Clone)]
pub struct Rooms {
    pub(crate) client: Client,
}

impl Rooms {
    /// All rooms of the tenant, 100 a page unless [`List::page_size`] says otherwise.
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    pub fn list(&self) -> List<Room> {
        List::records(call(&self.client, Method::GET, "list rooms", "/v1.0/places/microsoft.graph.room", &[]))
    }

    /// One room, by its address or id.
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is none, it is hidden from the address list, or it is no room.
    pub fn get(&self, id_or_address: impl Into<PlaceRef>) -> Operation<Room> {
        let id_or_address: PlaceRef = id_or_address.into();
        let request = call(&self.client, Method::GET, "read a room", "/v1.0/places/{}", &[id_or_address.as_str()]);
        request.shaped(record_shape::<Place>()).typed::<Properties>().then(|place| {
            match Place::from_properties(place?, Some(&PlaceKind::Room))
                .map_err(|error| crate::graph::undecodable(&error))?
            {
                Place::Room(room) => Ok(*room),
                other => {
                    let message = format!("{:?} is a place of another kind than a room", other.display_name());
                    Err(Error::new(ErrorKind::NotFound, message))
                }
            }
        })
    }

    /// The rooms of one room list.
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    pub fn in_list(&self, room_list: &SmtpAddress) -> List<Room> {
        let path = "/v1.0/places/{}/microsoft.graph.roomlist/rooms";
        List::records(call(&self.client, Method::GET, "list the rooms of a room list", path, &[room_list.as_str()]))
    }
}

/// Places of every kind: rooms and workspaces with their room lists, and the buildings, floors and sections above them.
/// Made by [`Client::places`].
///
/// Buildings, floors, sections and desks come only after an administrator has turned them on
/// (`Set-PlacesSettings -EnableBuildings 'Default:true'`). Before that the lists are empty, without an error: an
/// empty list does not say that the tenant has no buildings.
#[derive(Debug, Clone)]
pub struct Places {
    pub(crate) client: Client,
}

impl Places {
    fn list<T: Record>(&self, name: &'static str, path: &str) -> List<T> {
        List::records(call(&self.client, Method::GET, name, path, &[]))
    }

    /// All rooms.
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    pub fn rooms(&self) -> List<Room> {
        self.list("list rooms", "/v1.0/places/microsoft.graph.room")
    }

    /// All room lists.
    ///
    /// They are made and filled in Exchange ([`NewDistributionGroup`](crate::exchange::NewDistributionGroup)).
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    pub fn room_lists(&self) -> List<RoomList> {
        self.list("list room lists", "/v1.0/places/microsoft.graph.roomlist")
    }

    /// All workspaces: desk pools that are booked through one mailbox.
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    pub fn workspaces(&self) -> List<Workspace> {
        self.list("list workspaces", "/v1.0/places/microsoft.graph.workspace")
    }

    /// All buildings. Empty also when the tenant has not turned them on.
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    pub fn buildings(&self) -> List<Building> {
        self.list("list buildings", "/v1.0/places/microsoft.graph.building")
    }

    /// All floors. Empty also when the tenant has not turned them on.
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    pub fn floors(&self) -> List<Floor> {
        self.list("list floors", "/v1.0/places/microsoft.graph.floor")
    }

    /// All sections. Empty also when the tenant has not turned them on.
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    pub fn sections(&self) -> List<Section> {
        self.list("list sections", "/v1.0/places/microsoft.graph.section")
    }

    /// All desks. Empty also when the tenant has not turned them on.
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    pub fn desks(&self) -> List<Desk> {
        self.list("list desks", "/v1.0/places/microsoft.graph.desk")
    }

    /// The rooms of one room list.
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    pub fn rooms_in(&self, room_list: &SmtpAddress) -> List<Room> {
        Rooms { client: self.client.clone() }.in_list(room_list)
    }

    /// The workspaces of one room list.
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    pub fn workspaces_in(&self, room_list: &SmtpAddress) -> List<Workspace> {
        let path = "/v1.0/places/{}/microsoft.graph.roomlist/workspaces";
        List::records(call(
            &self.client,
            Method::GET,
            "list the workspaces of a room list",
            path,
            &[room_list.as_str()],
        ))
    }

    /// One place of whatever kind, by its id or, where it has a mailbox, its address.
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn get(&self, id_or_address: impl Into<PlaceRef>) -> Operation<Place> {
        let id_or_address: PlaceRef = id_or_address.into();
        call(&self.client, Method::GET, "read a place", "/v1.0/places/{}", &[id_or_address.as_str()]).record()
    }

    /// Every place of one kind below a building, floor or section. Microsoft ends the response at 2,500.
    ///
    /// # Permissions
    ///
    /// `Place.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is no such place.
    pub fn descendants(&self, id: impl Into<PlaceRef>, kind: &PlaceKind) -> Operation<Vec<Place>> {
        let id: PlaceRef = id.into();
        let path = "/v1.0/places/{}/descendants/microsoft.graph.{}";
        let request =
            call(&self.client, Method::GET, "list the places below a place", path, &[id.as_str(), kind.as_str()]);
        // The items of a list by kind may come without a type, which the kind then gives.
        let kind = kind.clone();
        request.typed::<Page<Properties>>().then(move |page| {
            let items = page?.items.into_iter();
            items
                .map(|item| {
                    let place =
                        Place::from_properties(item, Some(&kind)).map_err(|error| crate::graph::undecodable(&error))?;
                    let unnamed =
                        || Error::new(ErrorKind::Decode, "a row of the list is not a place: it has no id.as_str()");
                    place.is_record().then_some(place).ok_or_else(unnamed)
                })
                .collect()
        })
    }

    /// Changes a place.
    ///
    /// # Permissions
    ///
    /// `Place.ReadWrite.All`, or the Exchange administrator role for a signed-in user
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn update(
        &self,
        id_or_address: impl Into<PlaceRef>,
        kind: &PlaceKind,
        update: &PlaceUpdate,
    ) -> Operation<Place> {
        let id_or_address: PlaceRef = id_or_address.into();
        // Setting the same values twice does no more than setting them once.
        call(&self.client, Method::PATCH, "change a place", "/v1.0/places/{}", &[id_or_address.as_str()])
            .body(&Typed { kind: format!("#microsoft.graph.{kind}"), body: update })
            .idempotent(true)
            .record()
    }

    /// Makes a place. A room or workspace gets a mailbox with a generated address.
    ///
    /// # Permissions
    ///
    /// `Place.ReadWrite.All`; a signed-in user must also be an Exchange administrator.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) with Microsoft's reason, such as a parent of the wrong kind.
    pub fn create(&self, place: &NewPlace) -> Operation<Place> {
        let body = Typed { kind: format!("#microsoft.graph.{}", place.kind), body: &place.properties };
        call(&self.client, Method::POST, "create a place", "/v1.0/places", &[]).body(&body).record()
    }

    /// Deletes a building, floor, section or desk. Rooms, workspaces and room lists are deleted in Exchange.
    ///
    /// # Permissions
    ///
    /// `Place.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn delete(&self, id: impl Into<PlaceRef>) -> Operation<()> {
        let id: PlaceRef = id.into();
        call(&self.client, Method::DELETE, "delete a place", "/v1.0/places/{}", &[id.as_str()]).unit()
    }
}

/// A body with the type that tells a polymorphic call what it is about.
#[derive(Serialize)]
struct Typed<'a, T> {
    #[serde(rename = "@odata.type")]
    kind: String,
    #[serde(flatten)]
    body: &'a T,
}

impl Client {
    /// Meeting rooms, as Graph's places list them.
    #[must_use]
    pub fn rooms(&self) -> Rooms {
        Rooms { client: self.clone() }
    }

    /// Places of every kind: rooms, workspaces, room lists, buildings, floors, sections and desks.
    #[must_use]
    pub fn places(&self) -> Places {
        Places { client: self.clone() }
    }
}
