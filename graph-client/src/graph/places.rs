use serde::{Deserialize, Serialize};
use serde_with::{DefaultOnNull, DisplayFromStr, PickFirst, serde_as};

use crate::{Client, List, Method, SmtpAddress};

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
        let request = self.client.request(Method::GET, "/v1.0/places/microsoft.graph.room");
        List::new(request.named("list rooms", "list rooms"))
    }
}

/// A meeting room. Every field but the id may be absent.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Room {
    /// The place's id. Microsoft says that it can change: keep the address or [`place_id`](Self::place_id).
    pub id: String,
    /// The id that links a room to its floor and building.
    pub place_id: Option<String>,
    /// The name that people see.
    pub display_name: Option<String>,
    /// The mailbox's address.
    pub email_address: Option<SmtpAddress>,
    /// A short name.
    pub nickname: Option<String>,
    /// The building, as text.
    pub building: Option<String>,
    /// The floor's number.
    #[serde_as(as = "Option<PickFirst<(_, DisplayFromStr)>>")]
    pub floor_number: Option<i32>,
    /// The floor, as people call it.
    pub floor_label: Option<String>,
    /// Any further label.
    pub label: Option<String>,
    /// How many people fit in. Old records hold it as text.
    #[serde_as(as = "Option<PickFirst<(_, DisplayFromStr)>>")]
    pub capacity: Option<i32>,
    /// `standard`, `reserved` or `unknown`.
    pub booking_type: Option<String>,
    /// Tags such as `whiteboard`.
    #[serde_as(as = "DefaultOnNull<Vec<_>>")]
    pub tags: Vec<String>,
    /// The audio device's name.
    pub audio_device_name: Option<String>,
    /// The video device's name.
    pub video_device_name: Option<String>,
    /// The display's name.
    pub display_device_name: Option<String>,
    /// Whether a wheelchair can get in. Old records spell the property in another case.
    #[serde(alias = "isWheelchairAccessible")]
    pub is_wheel_chair_accessible: Option<bool>,
}
