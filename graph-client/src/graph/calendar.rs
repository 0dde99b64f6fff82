use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::segment;
use crate::{Client, List, Method};

/// The default calendar of one mailbox. Made by [`Client::calendar`].
#[derive(Debug, Clone)]
pub struct Calendars {
    pub(crate) client: Client,
    pub(crate) mailbox: String,
}

impl Calendars {
    /// What is in the calendar between two instants: single events and the occurrences of series, 10 a page unless
    /// [`List::page_size`] says otherwise.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadBasic.All` or `Calendars.Read`, tenant-wide, or the Exchange role `Application Calendars.Read`
    /// for a scope with the mailbox in it.
    pub fn view(&self, start: SystemTime, end: SystemTime) -> List<Event> {
        let path = format!("/v1.0/users/{}/calendarView", segment(&self.mailbox));
        let request = self
            .client
            .request(Method::GET, path)
            .named("read a calendar view", format!("read the calendar of {}", self.mailbox))
            .query("startDateTime", timestamp(start))
            .query("endDateTime", timestamp(end));
        List::new(request)
    }
}

fn timestamp(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).unwrap_or_default().to_string()
}

/// An event, with what tells who uses a room and when.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Event {
    /// The event's id in this mailbox. It holds upper and lower case, `=` and `/`.
    pub id: String,
    /// The id that the copies of all attendees share.
    pub i_cal_u_id: Option<String>,
    /// The subject. Room mailboxes replace it by the organiser's name unless told otherwise.
    pub subject: Option<String>,
    /// The begin.
    pub start: Option<DateTimeTimeZone>,
    /// The end.
    pub end: Option<DateTimeTimeZone>,
    /// Whether it lasts whole days.
    pub is_all_day: Option<bool>,
    /// Whether it has been called off.
    pub is_cancelled: Option<bool>,
    /// `free`, `tentative`, `busy`, `oof`, `workingElsewhere` or `unknown`, in any case.
    pub show_as: Option<String>,
    /// `singleInstance`, `occurrence`, `exception` or `seriesMaster`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// A local time and the zone that it is in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct DateTimeTimeZone {
    /// The time without an offset, such as `2026-11-22T12:00:00.0000000`.
    pub date_time: String,
    /// `UTC`, a Windows name or an IANA name.
    pub time_zone: Option<String>,
}
