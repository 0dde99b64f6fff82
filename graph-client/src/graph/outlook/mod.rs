//! Mailboxes: calendars, events, mail and settings.

mod calendar;
mod calendar_refusal;
mod event_extras;
mod event_models;
mod events;
mod mail;
mod mailbox_settings;
mod schedule;
mod time_zones;

pub use self::calendar::{
    Calendar, CalendarColor, CalendarGroup, CalendarPermission, CalendarRole, CalendarUpdate, Calendars,
    OnlineMeetingProvider,
};
pub use self::calendar_refusal::CalendarRefusal;
pub use self::event_extras::{Attachment, ExtendedProperty, MultiValueProperty, OpenExtension, UploadSession};
pub use self::event_models::{
    Attendee, AttendeeType, DateTimeTimeZone, DayOfWeek, EmailAddress, Event, EventType, EventUpdate, FreeBusyStatus,
    Importance, ItemBody, Location, LocationIdType, LocationType, NewEvent, OnlineMeeting, Phone, PhoneType, Recipient,
    Recurrence, RecurrencePattern, RecurrencePatternType, RecurrenceRange, RecurrenceRangeType, ResponseStatus,
    ResponseType, Sensitivity, TimeSlot, WeekIndex,
};
pub use self::events::InvitationResponse;
pub use self::mail::{Mail, NewMessage};
pub use self::mailbox_settings::{
    AutomaticReplies, AutomaticRepliesStatus, DelegateMeetingMessages, ExternalAudience, Locale, MailboxSettings,
    MailboxSettingsUpdate, NamedTimeZone, UserMailboxSettings, UserPurpose, WorkingHours,
};
pub use self::schedule::{Availability, FreeBusyError, FreeBusyQuery, ScheduleInformation, ScheduleItem};
pub use self::time_zones::{TimeZoneInformation, TimeZones};
