use std::time::SystemTime;

use crate::graph::model::{model, open_enum};
use crate::graph::{
    Attachment, BodyType, Calendar, ExtendedProperty, GeoCoordinates, MultiValueProperty, OnlineMeetingProvider,
    OpenExtension, PhysicalAddress, Timestamp,
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

model! {
    /// An event. Every field but the id may be absent.
    #[derive(Default)]
    pub struct Event {
        /// The event's id in this mailbox. It holds upper and lower case, `=` and `/`.
        pub id: String = "id",
        /// The id that the copies of all attendees share. The times of a series have one each.
        pub i_cal_u_id: Option<String> = "iCalUId",
        /// The id that the maker chose so that making it twice makes one.
        pub transaction_id: Option<String> = "transactionId",
        /// What it is to its series.
        pub kind: Option<EventType> = "type",
        /// The series.
        pub series_master_id: Option<String> = "seriesMasterId",
        /// The subject. Room mailboxes replace it by the organiser's name unless told otherwise.
        pub subject: Option<String> = "subject",
        /// The body.
        pub body: Option<ItemBody> = "body",
        /// The body's begin, as plain text.
        pub body_preview: Option<String> = "bodyPreview",
        /// The begin.
        pub start: Option<DateTimeTimeZone> = "start",
        /// The end.
        pub end: Option<DateTimeTimeZone> = "end",
        /// When a time of a series would have begun.
        pub original_start: Option<Timestamp> = "originalStart",
        /// The zone that the begin was entered in. It may be `tzone://Microsoft/Custom`, which cannot be sent.
        pub original_start_time_zone: Option<String> = "originalStartTimeZone",
        /// The zone that the end was entered in.
        pub original_end_time_zone: Option<String> = "originalEndTimeZone",
        /// Whether it lasts whole days.
        pub is_all_day: Option<bool> = "isAllDay",
        /// Whether it has been called off.
        pub is_cancelled: Option<bool> = "isCancelled",
        /// Whether it was not sent yet.
        pub is_draft: Option<bool> = "isDraft",
        /// Whether the mailbox is the organiser's.
        pub is_organizer: Option<bool> = "isOrganizer",
        /// Who invited.
        pub organizer: Option<Recipient> = "organizer",
        /// Who was invited.
        pub attendees: Vec<Attendee> = "attendees",
        /// Whether attendees see each other.
        pub hide_attendees: Option<bool> = "hideAttendees",
        /// Whether an answer is wanted.
        pub response_requested: Option<bool> = "responseRequested",
        /// How the mailbox answered.
        pub response_status: Option<ResponseStatus> = "responseStatus",
        /// Whether attendees may propose another time.
        pub allow_new_time_proposals: Option<bool> = "allowNewTimeProposals",
        /// Where.
        pub location: Option<Location> = "location",
        /// Where, all places.
        pub locations: Vec<Location> = "locations",
        /// How it shows in the calendar.
        pub show_as: Option<FreeBusyStatus> = "showAs",
        /// How important it is.
        pub importance: Option<Importance> = "importance",
        /// How private it is.
        pub sensitivity: Option<Sensitivity> = "sensitivity",
        /// Categories.
        pub categories: Vec<String> = "categories",
        /// Whether something is attached.
        pub has_attachments: Option<bool> = "hasAttachments",
        /// How it comes back.
        pub recurrence: Option<Recurrence> = "recurrence",
        /// The times of the series that were called off.
        pub cancelled_occurrences: Vec<String> = "cancelledOccurrences",
        /// The times of the series that were changed, where they were asked for.
        pub exception_occurrences: Vec<Event> = "exceptionOccurrences",
        /// The times of the series, where they were asked for.
        pub instances: Vec<Event> = "instances",
        /// Whether it is an online meeting.
        pub is_online_meeting: Option<bool> = "isOnlineMeeting",
        /// How to join.
        pub online_meeting: Option<OnlineMeeting> = "onlineMeeting",
        /// Who provides the online meeting.
        pub online_meeting_provider: Option<OnlineMeetingProvider> = "onlineMeetingProvider",
        /// An older way to join.
        pub online_meeting_url: Option<String> = "onlineMeetingUrl",
        /// Whether there is a reminder.
        pub is_reminder_on: Option<bool> = "isReminderOn",
        /// How many minutes before the begin.
        pub reminder_minutes_before_start: Option<i32> = "reminderMinutesBeforeStart",
        /// The event in Outlook on the web.
        pub web_link: Option<String> = "webLink",
        /// What is attached, where it was asked for by `$expand`.
        pub attachments: Vec<Attachment> = "attachments",
        /// Open extensions, where they were asked for by `$expand`.
        pub extensions: Vec<OpenExtension> = "extensions",
        /// Extended properties, where they were asked for by `$expand`.
        pub single_value_extended_properties: Vec<ExtendedProperty> = "singleValueExtendedProperties",
        /// Extended properties with several values.
        pub multi_value_extended_properties: Vec<MultiValueProperty> = "multiValueExtendedProperties",
        /// The calendar, where it was asked for by `$expand`.
        pub calendar: Option<Box<Calendar>> = "calendar",
        /// The version.
        pub change_key: Option<String> = "changeKey",
        /// When it was made.
        pub created_date_time: Option<Timestamp> = "createdDateTime",
        /// When it was last changed.
        pub last_modified_date_time: Option<Timestamp> = "lastModifiedDateTime",
    }

    /// A local time and the zone that it is in.
    #[derive(Default)]
    pub struct DateTimeTimeZone {
        /// The time without an offset, such as `2026-11-22T12:00:00.0000000`.
        pub date_time: String = "dateTime",
        /// `UTC`, a Windows name or an IANA name.
        pub time_zone: Option<String> = "timeZone",
    }

    /// A name and an address. The address is text: that of a person outside may be anything.
    #[derive(Default)]
    pub struct EmailAddress {
        /// The address.
        pub address: Option<String> = "address",
        /// The name.
        pub name: Option<String> = "name",
    }

    /// Someone by their address.
    #[derive(Default)]
    pub struct Recipient {
        /// Who.
        pub email_address: Option<EmailAddress> = "emailAddress",
    }

    /// Someone who was invited.
    #[derive(Default)]
    pub struct Attendee {
        /// Who.
        pub email_address: Option<EmailAddress> = "emailAddress",
        /// What they are to the meeting.
        pub kind: Option<AttendeeType> = "type",
        /// How they answered.
        pub status: Option<ResponseStatus> = "status",
        /// Another time that they propose.
        pub proposed_new_time: Option<TimeSlot> = "proposedNewTime",
    }

    /// An answer to an invitation.
    #[derive(Default)]
    pub struct ResponseStatus {
        /// The answer.
        pub response: Option<ResponseType> = "response",
        /// When it was given; `0001-01-01T00:00:00Z` for never.
        pub time: Option<Timestamp> = "time",
    }

    /// From when until when.
    #[derive(Default)]
    pub struct TimeSlot {
        /// The begin.
        pub start: Option<DateTimeTimeZone> = "start",
        /// The end.
        pub end: Option<DateTimeTimeZone> = "end",
    }

    /// A body.
    #[derive(Default)]
    pub struct ItemBody {
        /// What it is written in.
        pub content_type: Option<BodyType> = "contentType",
        /// What it says.
        pub content: Option<String> = "content",
    }

    /// Where something takes place.
    #[derive(Default)]
    pub struct Location {
        /// The name.
        pub display_name: Option<String> = "displayName",
        /// What kind of place it is.
        pub location_type: Option<LocationType> = "locationType",
        /// The address of the room. Naming it here does not book it: invite it as a resource.
        pub location_email_address: Option<String> = "locationEmailAddress",
        /// A link.
        pub location_uri: Option<String> = "locationUri",
        /// An id.
        pub unique_id: Option<String> = "uniqueId",
        /// Where the id comes from.
        pub unique_id_type: Option<LocationIdType> = "uniqueIdType",
        /// The postal address.
        pub address: Option<PhysicalAddress> = "address",
        /// The position on the map.
        pub coordinates: Option<GeoCoordinates> = "coordinates",
    }

    /// How to join an online meeting.
    #[derive(Default)]
    pub struct OnlineMeeting {
        /// The link.
        pub join_url: Option<String> = "joinUrl",
        /// The number to type in after calling.
        pub conference_id: Option<String> = "conferenceId",
        /// The number to call.
        pub toll_number: Option<String> = "tollNumber",
        /// Free numbers to call.
        pub toll_free_numbers: Vec<String> = "tollFreeNumbers",
        /// A number with everything in it.
        pub quick_dial: Option<String> = "quickDial",
        /// All numbers.
        pub phones: Vec<Phone> = "phones",
    }

    /// A telephone number.
    #[derive(Default)]
    pub struct Phone {
        /// The number.
        pub number: Option<String> = "number",
        /// What kind it is.
        pub kind: Option<PhoneType> = "type",
        /// The language.
        pub language: Option<String> = "language",
        /// The region.
        pub region: Option<String> = "region",
    }

    /// How an event comes back.
    #[derive(Default)]
    pub struct Recurrence {
        /// On which days.
        pub pattern: Option<RecurrencePattern> = "pattern",
        /// From when until when.
        pub range: Option<RecurrenceRange> = "range",
    }

    /// On which days an event comes back. Numbers that do not matter are 0.
    #[derive(Default)]
    pub struct RecurrencePattern {
        /// The kind.
        pub kind: Option<RecurrencePatternType> = "type",
        /// After how many days, weeks, months or years.
        pub interval: Option<i32> = "interval",
        /// The days of the week.
        pub days_of_week: Vec<DayOfWeek> = "daysOfWeek",
        /// The day that weeks begin on.
        pub first_day_of_week: Option<DayOfWeek> = "firstDayOfWeek",
        /// The day of the month.
        pub day_of_month: Option<i32> = "dayOfMonth",
        /// The month, from 1.
        pub month: Option<i32> = "month",
        /// Which of the weekdays of the month.
        pub index: Option<WeekIndex> = "index",
    }

    /// From when until when an event comes back.
    #[derive(Default)]
    pub struct RecurrenceRange {
        /// How it ends.
        pub kind: Option<RecurrenceRangeType> = "type",
        /// The first day, such as `2026-11-22`.
        pub start_date: Option<String> = "startDate",
        /// The last day; `0001-01-01` where there is none.
        pub end_date: Option<String> = "endDate",
        /// How many times; 0 where that does not matter.
        pub number_of_occurrences: Option<i32> = "numberOfOccurrences",
        /// The zone of these days.
        pub recurrence_time_zone: Option<String> = "recurrenceTimeZone",
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
