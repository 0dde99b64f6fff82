use std::time::SystemTime;

use crate::graph::macros::{open_enum, resource};
use crate::graph::{
    Attachment, BodyType, Calendar, ExtendedProperty, GeoCoordinates, MultiValueProperty, OnlineMeetingProvider,
    OpenExtension, PhysicalAddress, Properties, Timestamp,
};
use crate::time::instant;

open_enum! {
    /// How an event shows in its calendar.
    pub enum FreeBusyStatus {
        /// Free.
        Free = "free",
        /// Perhaps.
        Tentative = "tentative",
        /// Busy.
        Busy = "busy",
        /// Out of the office.
        OutOfOffice = "oof",
        /// Working elsewhere.
        WorkingElsewhere = "workingElsewhere",
    }

    /// What an event is to its series.
    pub enum EventType {
        /// No series.
        Single = "singleInstance",
        /// One time of a series.
        Occurrence = "occurrence",
        /// One time of a series that was changed.
        Exception = "exception",
        /// The series itself.
        SeriesMaster = "seriesMaster",
    }

    /// How important it is.
    pub enum Importance {
        /// Not very.
        Low = "low",
        /// Usual.
        Normal = "normal",
        /// Very.
        High = "high",
    }

    /// How private it is.
    pub enum Sensitivity {
        /// Not.
        Normal = "normal",
        /// Personal.
        Personal = "personal",
        /// Private: others see only that it is busy.
        Private = "private",
        /// Confidential.
        Confidential = "confidential",
    }

    /// What an attendee is to a meeting.
    pub enum AttendeeType {
        /// Needed.
        Required = "required",
        /// Welcome.
        Optional = "optional",
        /// A room or a piece of equipment, which is booked by it.
        Resource = "resource",
    }

    /// How someone answered an invitation.
    pub enum ResponseType {
        /// Not asked.
        None = "none",
        /// They invited.
        Organizer = "organizer",
        /// Perhaps.
        TentativelyAccepted = "tentativelyAccepted",
        /// Yes.
        Accepted = "accepted",
        /// No.
        Declined = "declined",
        /// Not yet.
        NotResponded = "notResponded",
    }

    /// What kind of place it is.
    pub enum LocationType {
        /// Not said.
        Default = "default",
        /// A meeting room.
        ConferenceRoom = "conferenceRoom",
        /// A home.
        HomeAddress = "homeAddress",
        /// An office.
        BusinessAddress = "businessAddress",
        /// A position on the map.
        GeoCoordinates = "geoCoordinates",
        /// An address.
        StreetAddress = "streetAddress",
        /// A hotel.
        Hotel = "hotel",
        /// A restaurant.
        Restaurant = "restaurant",
        /// A shop or the like.
        LocalBusiness = "localBusiness",
        /// A postal address.
        PostalAddress = "postalAddress",
    }

    /// Where a place's id comes from.
    pub enum LocationIdType {
        /// The store of places.
        LocationStore = "locationStore",
        /// The directory.
        Directory = "directory",
        /// A private list.
        Private = "private",
        /// Bing.
        Bing = "bing",
    }

    /// How an event comes back.
    pub enum RecurrencePatternType {
        /// After so many days.
        Daily = "daily",
        /// On days of the week.
        Weekly = "weekly",
        /// On a day of the month.
        AbsoluteMonthly = "absoluteMonthly",
        /// On a weekday of the month, such as the second Tuesday.
        RelativeMonthly = "relativeMonthly",
        /// On a date.
        AbsoluteYearly = "absoluteYearly",
        /// On a weekday of a month.
        RelativeYearly = "relativeYearly",
    }

    /// When a series ends.
    pub enum RecurrenceRangeType {
        /// On a date.
        EndDate = "endDate",
        /// Never.
        NoEnd = "noEnd",
        /// After so many times.
        Numbered = "numbered",
    }

    /// Which of the weekdays of a month.
    pub enum WeekIndex {
        /// The first.
        First = "first",
        /// The second.
        Second = "second",
        /// The third.
        Third = "third",
        /// The fourth.
        Fourth = "fourth",
        /// The last.
        Last = "last",
    }

    /// A day of the week.
    pub enum DayOfWeek {
        /// Monday.
        Monday = "monday",
        /// Tuesday.
        Tuesday = "tuesday",
        /// Wednesday.
        Wednesday = "wednesday",
        /// Thursday.
        Thursday = "thursday",
        /// Friday.
        Friday = "friday",
        /// Saturday.
        Saturday = "saturday",
        /// Sunday.
        Sunday = "sunday",
    }

    /// What kind of telephone it is.
    pub enum PhoneType {
        /// At home.
        Home = "home",
        /// At work.
        Business = "business",
        /// Mobile.
        Mobile = "mobile",
        /// Another.
        Other = "other",
        /// An assistant's.
        Assistant = "assistant",
        /// A fax at home.
        HomeFax = "homeFax",
        /// A fax at work.
        BusinessFax = "businessFax",
        /// Another fax.
        OtherFax = "otherFax",
        /// A pager.
        Pager = "pager",
        /// A radio.
        Radio = "radio",
    }
}

resource! {
    /// An event. Every field but the id may be absent.
    pub struct Event {
        /// The event's id in this mailbox. It holds upper and lower case, `=` and `/`.
        id: String,
        /// The id that the copies of all attendees share. The times of a series have one each.
        i_cal_u_id: Option<String>,
        /// The id that the creator chose so that a repeated request creates one event. [`NewEvent::new`] chooses one.
        transaction_id: Option<String> [read create],
        /// What it is to its series.
        kind: Option<EventType> = "type",
        /// The series.
        series_master_id: Option<String>,
        /// The subject. Room mailboxes replace it by the organiser's name unless told otherwise.
        subject: Option<String> [read create update],
        /// The body. That of an online meeting holds how to join: keep that part when the body is changed.
        body: Option<ItemBody> [read create update],
        /// The body's begin, as plain text.
        body_preview: Option<String>,
        /// The begin.
        start: Option<DateTimeTimeZone> [read create update],
        /// The end.
        end: Option<DateTimeTimeZone> [read create update],
        /// When a time of a series would have begun.
        original_start: Option<Timestamp>,
        /// The zone that the begin was entered in. It may be `tzone://Microsoft/Custom`, which cannot be sent.
        original_start_time_zone: Option<String>,
        /// The zone that the end was entered in.
        original_end_time_zone: Option<String>,
        /// Whether it lasts whole days. Then start and end are midnights, the end that of the day after the last one.
        is_all_day: Option<bool> [read create update],
        /// Whether it has been called off.
        is_cancelled: Option<bool>,
        /// Whether it was not sent yet.
        is_draft: Option<bool>,
        /// Whether the mailbox is the organiser's.
        is_organizer: Option<bool>,
        /// Who invited.
        organizer: Option<Recipient>,
        /// The attendees. A room is booked by inviting it as a [resource](Attendee::resource). An update replaces all of them.
        attendees: Vec<Attendee> [read create update],
        /// Whether each attendee sees only themselves in the list of attendees.
        hide_attendees: Option<bool> [read create update],
        /// Whether a response is wanted.
        response_requested: Option<bool> [read create update],
        /// How the mailbox answered.
        response_status: Option<ResponseStatus>,
        /// Whether attendees may propose another time.
        allow_new_time_proposals: Option<bool> [read create update],
        /// Where.
        location: Option<Location> [read create update],
        /// All locations. The first must be `location`.
        locations: Vec<Location> [read create update],
        /// How it shows in the calendar.
        show_as: Option<FreeBusyStatus> [read create update],
        /// How important it is.
        importance: Option<Importance> [read create update],
        /// How private it is.
        sensitivity: Option<Sensitivity> [read create update],
        /// Categories. An update replaces all of them.
        categories: Vec<String> [read create update],
        /// Whether something is attached.
        has_attachments: Option<bool>,
        /// How it comes back.
        recurrence: Option<Recurrence> [read create update],
        /// The times of the series that were called off.
        cancelled_occurrences: Vec<String>,
        /// The times of the series that were changed, where they were asked for.
        exception_occurrences: Vec<Event>,
        /// The times of the series, where they were asked for.
        instances: Vec<Event>,
        /// Whether it is an online meeting.
        is_online_meeting: Option<bool> [read create update],
        /// How to join.
        online_meeting: Option<OnlineMeeting>,
        /// Who provides the online meeting.
        online_meeting_provider: Option<OnlineMeetingProvider> [read create update],
        /// An older way to join.
        online_meeting_url: Option<String>,
        /// Whether there is a reminder.
        is_reminder_on: Option<bool> [read create update],
        /// How many minutes before the begin.
        reminder_minutes_before_start: Option<i32> [read create update],
        /// The event in Outlook on the web.
        web_link: Option<String>,
        /// What is attached, where it was asked for by `$expand`.
        attachments: Vec<Attachment>,
        /// Open extensions, where they were asked for by `$expand`.
        extensions: Vec<OpenExtension>,
        /// Open extensions: an object each, with `@odata.type` and `extensionName`.
        extensions: Vec<Properties> [create],
        /// Extended properties with one value. They are read where they were asked for by `$expand`.
        single_value_extended_properties: Vec<ExtendedProperty> [read create update],
        /// Extended properties with several values.
        multi_value_extended_properties: Vec<MultiValueProperty>,
        /// The calendar, where it was asked for by `$expand`.
        calendar: Option<Box<Calendar>>,
        /// The version.
        change_key: Option<String>,
        /// When it was made.
        created_date_time: Option<Timestamp>,
        /// When it was last changed.
        last_modified_date_time: Option<Timestamp>,
    }
    /// An event that is to be made, by [`new`](Self::new) or [`all_day`](Self::all_day).
    create NewEvent;
    /// Changes of an event.
    update EventUpdate;
}

resource! {
    /// A local time and the zone that it is in.
    pub struct DateTimeTimeZone {
        /// The time without an offset, such as `2026-11-22T12:00:00.0000000`.
        date_time: String,
        /// `UTC`, a Windows name or an IANA name.
        time_zone: Option<String>,
    }

    /// A name and an address. The address is text: that of a person outside may be anything.
    pub struct EmailAddress {
        /// The address.
        address: Option<String>,
        /// The name.
        name: Option<String>,
    }

    /// Someone by their address.
    pub struct Recipient {
        /// Who.
        email_address: Option<EmailAddress>,
    }

    /// Someone who was invited.
    pub struct Attendee {
        /// Who.
        email_address: Option<EmailAddress>,
        /// What they are to the meeting.
        kind: Option<AttendeeType> = "type",
        /// How they answered.
        status: Option<ResponseStatus>,
        /// Another time that they propose.
        proposed_new_time: Option<TimeSlot>,
    }

    /// A response to an invitation.
    pub struct ResponseStatus {
        /// The response.
        response: Option<ResponseType>,
        /// When it was given; `0001-01-01T00:00:00Z` for never.
        time: Option<Timestamp>,
    }

    /// From when until when.
    pub struct TimeSlot {
        /// The begin.
        start: Option<DateTimeTimeZone>,
        /// The end.
        end: Option<DateTimeTimeZone>,
    }

    /// A body.
    pub struct ItemBody {
        /// What it is written in.
        content_type: Option<BodyType>,
        /// What it says.
        content: Option<String>,
    }

    /// Where something takes place.
    pub struct Location {
        /// The name.
        display_name: Option<String>,
        /// What kind of place it is.
        location_type: Option<LocationType>,
        /// The address of the room. Naming it here does not book it: invite it as a resource.
        location_email_address: Option<String>,
        /// A link.
        location_uri: Option<String>,
        /// An id.
        unique_id: Option<String>,
        /// Where the id comes from.
        unique_id_type: Option<LocationIdType>,
        /// The postal address.
        address: Option<PhysicalAddress>,
        /// The position on the map.
        coordinates: Option<GeoCoordinates>,
    }

    /// How to join an online meeting.
    pub struct OnlineMeeting {
        /// The link.
        join_url: Option<String>,
        /// The number to type in after calling.
        conference_id: Option<String>,
        /// The number to call.
        toll_number: Option<String>,
        /// Free numbers to call.
        toll_free_numbers: Vec<String>,
        /// A number with everything in it.
        quick_dial: Option<String>,
        /// All numbers.
        phones: Vec<Phone>,
    }

    /// A telephone number.
    pub struct Phone {
        /// The number.
        number: Option<String>,
        /// What kind it is.
        kind: Option<PhoneType> = "type",
        /// The language.
        language: Option<String>,
        /// The region.
        region: Option<String>,
    }

    /// How an event comes back.
    pub struct Recurrence {
        /// On which days.
        pattern: Option<RecurrencePattern>,
        /// From when until when.
        range: Option<RecurrenceRange>,
    }

    /// On which days an event comes back. Numbers that do not matter are 0.
    pub struct RecurrencePattern {
        /// The kind.
        kind: Option<RecurrencePatternType> = "type",
        /// After how many days, weeks, months or years.
        interval: Option<i32>,
        /// The days of the week.
        days_of_week: Vec<DayOfWeek>,
        /// The day that weeks begin on.
        first_day_of_week: Option<DayOfWeek>,
        /// The day of the month.
        day_of_month: Option<i32>,
        /// The month, from 1.
        month: Option<i32>,
        /// Which of the weekdays of the month.
        index: Option<WeekIndex>,
    }

    /// From when until when an event comes back.
    pub struct RecurrenceRange {
        /// How it ends.
        kind: Option<RecurrenceRangeType> = "type",
        /// The first day, such as `2026-11-22`.
        start_date: Option<String>,
        /// The last day; `0001-01-01` where there is none.
        end_date: Option<String>,
        /// How many times; 0 where that does not matter.
        number_of_occurrences: Option<i32>,
        /// The zone of these days.
        recurrence_time_zone: Option<String>,
    }
}

impl DateTimeTimeZone {
    /// A local time and its zone, by a Windows or IANA name.
    #[must_use]
    pub fn new(date_time: impl Into<String>, time_zone: impl Into<String>) -> Self {
        Self { date_time: date_time.into(), time_zone: Some(time_zone.into()), ..Self::default() }
    }

    /// An instant, in UTC.
    #[must_use]
    pub fn utc(time: SystemTime) -> Self {
        Self::new(instant(time).strftime("%Y-%m-%dT%H:%M:%S%.7f").to_string(), "UTC")
    }

    /// The instant, for a time in UTC, which is how Graph sends times unless it is asked for another zone. `None` for
    /// a time in another zone, which takes a table of zones to convert.
    #[must_use]
    pub fn to_system_time(&self) -> Option<SystemTime> {
        let zone = self.time_zone.as_deref().unwrap_or("UTC");
        let is_utc = ["UTC", "tzone://Microsoft/Utc", "Etc/UTC", "Etc/GMT", "Z"]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(zone));
        if !is_utc {
            return None;
        }
        let text = self.date_time.trim_end_matches(['Z', 'z']);
        let time: jiff::civil::DateTime = text.parse().ok()?;
        time.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()?.timestamp().try_into().ok()
    }

    /// Whether it is the begin of a day in its zone.
    pub(crate) fn is_midnight(&self) -> bool {
        let text: &str = &self.date_time;
        text.parse::<jiff::civil::DateTime>().is_ok_and(|time| time.time() == jiff::civil::Time::midnight())
    }
}

impl EmailAddress {
    /// An address without a name.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: Some(address.into()), ..Self::default() }
    }
}

impl Recipient {
    /// Someone by their address.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self { email_address: Some(EmailAddress::new(address)), ..Self::default() }
    }
}

impl Attendee {
    fn new(address: impl Into<String>, kind: AttendeeType) -> Self {
        Self { email_address: Some(EmailAddress::new(address)), kind: Some(kind), ..Self::default() }
    }

    /// Someone who is needed.
    #[must_use]
    pub fn required(address: impl Into<String>) -> Self {
        Self::new(address, AttendeeType::Required)
    }

    /// Someone who is welcome.
    #[must_use]
    pub fn optional(address: impl Into<String>) -> Self {
        Self::new(address, AttendeeType::Optional)
    }

    /// A room or piece of equipment, which is booked by inviting it.
    #[must_use]
    pub fn resource(address: impl Into<String>) -> Self {
        Self::new(address, AttendeeType::Resource)
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.email_address.as_ref()?.address.as_deref()
    }
}

impl ItemBody {
    /// Plain text.
    #[must_use]
    pub fn text(content: impl Into<String>) -> Self {
        Self { content_type: Some(BodyType::Text), content: Some(content.into()), ..Self::default() }
    }

    /// HTML.
    #[must_use]
    pub fn html(content: impl Into<String>) -> Self {
        Self { content_type: Some(BodyType::Html), content: Some(content.into()), ..Self::default() }
    }
}

impl Location {
    /// A place by its name.
    #[must_use]
    pub fn named(display_name: impl Into<String>) -> Self {
        Self { display_name: Some(display_name.into()), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn instants_go_there_and_back_in_utc() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_344_300);
        let there = DateTimeTimeZone::utc(time);
        assert_eq!(there.date_time, "2026-11-22T10:45:00.0000000");
        assert_eq!(there.to_system_time(), Some(time));
        let local = DateTimeTimeZone::new("2026-11-22T10:45:00.0000000", "W. Europe Standard Time");
        assert_eq!(local.to_system_time(), None);
    }
}
