use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use crate::exchange::cmdlet::{setters, settings_text, single_output};
use crate::exchange::{Cmdlet, Effect, Identity, ListChange, lenient};
use crate::ids::InvalidValue;

/// What is done with meeting requests by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AutomateProcessing {
    /// Nothing.
    None,
    /// Requests are put into the calendar as tentative. The only value for people.
    AutoUpdate,
    /// Requests are accepted or declined by the rules.
    AutoAccept,
}

/// Whether a room can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BookingType {
    /// It can.
    Standard,
    /// It cannot.
    Reserved,
}

/// `Get-CalendarProcessing`: the rules by which a mailbox takes meeting requests.
///
/// # Permissions
///
/// View-Only Recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetCalendarProcessing {
    identity: Identity,
}

impl GetCalendarProcessing {
    /// The rules of one mailbox.
    #[must_use]
    pub fn new(mailbox: impl Into<Identity>) -> Self {
        Self { identity: mailbox.into() }
    }
}

impl Cmdlet for GetCalendarProcessing {
    const NAME: &'static str = "Get-CalendarProcessing";
    const EFFECT: Effect = Effect::Read;
    type Output = CalendarProcessing;
}

impl fmt::Display for GetCalendarProcessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Read the calendar processing of {}", self.identity)
    }
}

/// `Set-CalendarProcessing`: changes the rules by which a mailbox takes meeting requests.
///
/// # Permissions
///
/// Mail Recipients, which Exchange Administrator and Exchange Recipient Administrator have.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SetCalendarProcessing {
    identity: Identity,
    automate_processing: Option<AutomateProcessing>,
    booking_type: Option<BookingType>,
    allow_conflicts: Option<bool>,
    allow_recurring_meetings: Option<bool>,
    all_book_in_policy: Option<bool>,
    all_request_in_policy: Option<bool>,
    all_request_out_of_policy: Option<bool>,
    book_in_policy: Option<ListChange<Identity>>,
    request_in_policy: Option<ListChange<Identity>>,
    request_out_of_policy: Option<ListChange<Identity>>,
    resource_delegates: Option<ListChange<Identity>>,
    forward_requests_to_delegates: Option<bool>,
    booking_window_in_days: Option<u32>,
    enforce_scheduling_horizon: Option<bool>,
    maximum_duration_in_minutes: Option<u32>,
    minimum_duration_in_minutes: Option<u32>,
    maximum_conflict_instances: Option<u32>,
    conflict_percentage_allowed: Option<u32>,
    enforce_capacity: Option<bool>,
    schedule_only_during_work_hours: Option<bool>,
    process_external_meeting_messages: Option<bool>,
    remove_canceled_meetings: Option<bool>,
    delete_subject: Option<bool>,
    delete_comments: Option<bool>,
    delete_attachments: Option<bool>,
    delete_non_calendar_items: Option<bool>,
    add_organizer_to_subject: Option<bool>,
    remove_private_property: Option<bool>,
    organizer_info: Option<bool>,
    add_additional_response: Option<bool>,
    additional_response: Option<String>,
    tentative_pending_approval: Option<bool>,
    enable_auto_release: Option<bool>,
    post_reservation_max_claim_time_in_minutes: Option<u32>,
}

impl SetCalendarProcessing {
    /// Changes to a mailbox's calendar processing; nothing changes until a setting is given.
    #[must_use]
    pub fn new(mailbox: impl Into<Identity>) -> Self {
        Self {
            identity: mailbox.into(),
            automate_processing: None,
            booking_type: None,
            allow_conflicts: None,
            allow_recurring_meetings: None,
            all_book_in_policy: None,
            all_request_in_policy: None,
            all_request_out_of_policy: None,
            book_in_policy: None,
            request_in_policy: None,
            request_out_of_policy: None,
            resource_delegates: None,
            forward_requests_to_delegates: None,
            booking_window_in_days: None,
            enforce_scheduling_horizon: None,
            maximum_duration_in_minutes: None,
            minimum_duration_in_minutes: None,
            maximum_conflict_instances: None,
            conflict_percentage_allowed: None,
            enforce_capacity: None,
            schedule_only_during_work_hours: None,
            process_external_meeting_messages: None,
            remove_canceled_meetings: None,
            delete_subject: None,
            delete_comments: None,
            delete_attachments: None,
            delete_non_calendar_items: None,
            add_organizer_to_subject: None,
            remove_private_property: None,
            organizer_info: None,
            add_additional_response: None,
            additional_response: None,
            tentative_pending_approval: None,
            enable_auto_release: None,
            post_reservation_max_claim_time_in_minutes: None,
        }
    }

    /// The same settings for another mailbox.
    #[must_use]
    pub fn with_mailbox(mut self, mailbox: impl Into<Identity>) -> Self {
        self.identity = mailbox.into();
        self
    }

    /// The settings of this value that the mailbox does not have yet; `None` when there is nothing to change.
    ///
    /// Lists of people always count as different: Exchange gives them back under other names than it was given.
    #[must_use]
    pub fn remaining(&self, present: &CalendarProcessing) -> Option<Self> {
        let (Ok(Value::Object(mut wanted)), Ok(present)) = (serde_json::to_value(self), serde_json::to_value(present))
        else {
            return Some(self.clone());
        };
        wanted.retain(|name, value| name == "Identity" || value.is_object() || Some(&*value) != present.get(name));
        if wanted.len() < 2 {
            return None;
        }
        // The label of the mailbox does not go through JSON.
        let remaining = serde_json::from_value::<Self>(Value::Object(wanted)).ok()?;
        Some(Self { identity: self.identity.clone(), ..remaining })
    }

    /// The mailbox.
    #[must_use]
    pub fn mailbox(&self) -> &Identity {
        &self.identity
    }

    setters! {
        /// Says what is done with requests by itself. Resource mailboxes of Exchange Online begin with `AutoAccept`; most of
        /// the other settings act with it alone.
        automate_processing(AutomateProcessing) => automate_processing;
        /// Says whether the room can be booked at all. Default `Standard`.
        booking_type(BookingType) => booking_type;
        /// Says whether bookings may overlap. Default `false`.
        allow_conflicts(bool) => allow_conflicts;
        /// Says whether series are taken. Default `true`.
        allow_recurring_meetings(bool) => allow_recurring_meetings;
        /// Says whether everyone's requests within the rules are accepted. Default `true`.
        all_book_in_policy(bool) => all_book_in_policy;
        /// Says whether everyone may ask delegates for what is within the rules. Default `false`.
        all_request_in_policy(bool) => all_request_in_policy;
        /// Says whether everyone may ask delegates for what is outside the rules. Default `false`.
        all_request_out_of_policy(bool) => all_request_out_of_policy;
        /// Changes whose requests within the rules are accepted: people and groups, but no dynamic groups.
        book_in_policy(ListChange<Identity>) => book_in_policy;
        /// Changes who may ask delegates for what is within the rules.
        request_in_policy(ListChange<Identity>) => request_in_policy;
        /// Changes who may ask delegates for what is outside the rules.
        request_out_of_policy(ListChange<Identity>) => request_out_of_policy;
        /// Changes the delegates, who decide on requests.
        resource_delegates(ListChange<Identity>) => resource_delegates;
        /// Says whether delegates get the requests. Default `true`.
        forward_requests_to_delegates(bool) => forward_requests_to_delegates;
        /// Sets how far ahead the room can be booked: 0 to 1,080 days. Default 180.
        booking_window_in_days(u32) => booking_window_in_days;
        /// Says whether series that end outside the window are declined, instead of cut. Default `true`.
        enforce_scheduling_horizon(bool) => enforce_scheduling_horizon;
        /// Sets the longest booking; 0 for no limit. Default 1,440.
        maximum_duration_in_minutes(u32) => maximum_duration_in_minutes;
        /// Sets the shortest booking, for workspaces. Default 0.
        minimum_duration_in_minutes(u32) => minimum_duration_in_minutes;
        /// Sets how many meetings of a series may conflict before it is declined. Default 0.
        maximum_conflict_instances(u32) => maximum_conflict_instances;
        /// Sets the percentage of a series' meetings that may conflict before the series is declined. Default 0.
        conflict_percentage_allowed(u32) => conflict_percentage_allowed;
        /// Says whether meetings with more people than seats are declined. Default `false`.
        enforce_capacity(bool) => enforce_capacity;
        /// Says whether meetings outside working hours are declined. Default `false`.
        schedule_only_during_work_hours(bool) => schedule_only_during_work_hours;
        /// Says whether requests from outside the organisation are taken. Default `false`.
        process_external_meeting_messages(bool) => process_external_meeting_messages;
        /// Says whether cancelled meetings are removed from the calendar. Default `false`.
        remove_canceled_meetings(bool) => remove_canceled_meetings;
        /// Says whether the subject is removed. Default `true`; panels and booking products want `false`.
        delete_subject(bool) => delete_subject;
        /// Says whether the body is removed. Default `true`.
        delete_comments(bool) => delete_comments;
        /// Says whether attachments are removed. Default `true`.
        delete_attachments(bool) => delete_attachments;
        /// Says whether other mail to the room is removed. Default `true`.
        delete_non_calendar_items(bool) => delete_non_calendar_items;
        /// Says whether the organiser's name replaces, or goes before, the subject. Default `true`.
        add_organizer_to_subject(bool) => add_organizer_to_subject;
        /// Says whether private meetings become public ones. Default `true`.
        remove_private_property(bool) => remove_private_property;
        /// Says whether a refusal holds the organiser of the meeting in the way. Default `true`.
        organizer_info(bool) => organizer_info;
        /// Says whether replies hold a text of the organisation's own. Default `false`.
        add_additional_response(bool) => add_additional_response;
        /// Sets that text.
        additional_response(impl Into<String>) => additional_response;
        /// Says whether requests that wait for a delegate are shown as tentative. Default `true`.
        tentative_pending_approval(bool) => tentative_pending_approval;
        /// Says whether a room that nobody checks into is released.
        enable_auto_release(bool) => enable_auto_release;
        /// Sets how long after the start of a meeting the room is released.
        post_reservation_max_claim_time_in_minutes(u32) => post_reservation_max_claim_time_in_minutes;
    }
}

impl Cmdlet for SetCalendarProcessing {
    const NAME: &'static str = "Set-CalendarProcessing";
    const EFFECT: Effect = Effect::Write;
    type Output = ();

    fn check(&self) -> Result<(), InvalidValue> {
        let most = |field: &'static str, value: Option<u32>, most: u32, rule: &'static str| match value {
            Some(value) if value > most => Err(InvalidValue::new(field, value.to_string(), rule)),
            _ => Ok(()),
        };
        let number = "must be at most 2,147,483,647";
        let largest = i32::MAX.unsigned_abs();
        most("booking window", self.booking_window_in_days, 1080, "must be at most 1,080 days")?;
        most("allowed conflicts", self.conflict_percentage_allowed, 100, "must be at most 100, a percentage")?;
        most("maximum duration", self.maximum_duration_in_minutes, largest, number)?;
        most("minimum duration", self.minimum_duration_in_minutes, largest, number)?;
        most("maximum conflicts", self.maximum_conflict_instances, largest, number)
    }
}

impl fmt::Display for SetCalendarProcessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change the calendar processing of {}: {}", self.identity, settings_text(self))
    }
}

/// The rules by which a mailbox takes meeting requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct CalendarProcessing {
    /// The mailbox, where the service sends it: a name or an object id.
    #[serde(deserialize_with = "lenient::text")]
    pub identity: Option<String>,
    /// What is done with requests by itself.
    #[serde(deserialize_with = "lenient::text")]
    pub automate_processing: Option<String>,
    /// Whether the room can be booked at all.
    #[serde(deserialize_with = "lenient::text")]
    pub booking_type: Option<String>,
    /// Whether bookings may overlap.
    #[serde(deserialize_with = "lenient::boolean")]
    pub allow_conflicts: Option<bool>,
    /// Whether series are taken.
    #[serde(deserialize_with = "lenient::boolean")]
    pub allow_recurring_meetings: Option<bool>,
    /// Whether everyone's requests within the rules are accepted.
    #[serde(deserialize_with = "lenient::boolean")]
    pub all_book_in_policy: Option<bool>,
    /// Whether everyone may ask delegates for what is within the rules.
    #[serde(deserialize_with = "lenient::boolean")]
    pub all_request_in_policy: Option<bool>,
    /// Whether everyone may ask delegates for what is outside the rules.
    #[serde(deserialize_with = "lenient::boolean")]
    pub all_request_out_of_policy: Option<bool>,
    /// Whose requests within the rules are accepted: people and groups, but no dynamic groups, as names or legacy distinguished names.
    #[serde(deserialize_with = "lenient::names")]
    pub book_in_policy: Vec<String>,
    /// Who may ask delegates for what is within the rules, as names or legacy distinguished names.
    #[serde(deserialize_with = "lenient::names")]
    pub request_in_policy: Vec<String>,
    /// Who may ask delegates for what is outside the rules, as names or legacy distinguished names.
    #[serde(deserialize_with = "lenient::names")]
    pub request_out_of_policy: Vec<String>,
    /// The delegates, who decide on requests, as names or legacy distinguished names.
    #[serde(deserialize_with = "lenient::names")]
    pub resource_delegates: Vec<String>,
    /// Whether delegates get the requests.
    #[serde(deserialize_with = "lenient::boolean")]
    pub forward_requests_to_delegates: Option<bool>,
    /// How far ahead the room can be booked: 0 to 1,080 days.
    #[serde(deserialize_with = "lenient::number")]
    pub booking_window_in_days: Option<i64>,
    /// Whether series that end outside the window are declined, instead of cut.
    #[serde(deserialize_with = "lenient::boolean")]
    pub enforce_scheduling_horizon: Option<bool>,
    /// The longest booking.
    #[serde(deserialize_with = "lenient::number")]
    pub maximum_duration_in_minutes: Option<i64>,
    /// The shortest booking, for workspaces.
    #[serde(deserialize_with = "lenient::number")]
    pub minimum_duration_in_minutes: Option<i64>,
    /// How many meetings of a series may conflict before it is declined.
    #[serde(deserialize_with = "lenient::number")]
    pub maximum_conflict_instances: Option<i64>,
    /// The percentage of a series' meetings that may conflict before the series is declined.
    #[serde(deserialize_with = "lenient::number")]
    pub conflict_percentage_allowed: Option<i64>,
    /// Whether meetings with more people than seats are declined.
    #[serde(deserialize_with = "lenient::boolean")]
    pub enforce_capacity: Option<bool>,
    /// Whether meetings outside working hours are declined.
    #[serde(deserialize_with = "lenient::boolean")]
    pub schedule_only_during_work_hours: Option<bool>,
    /// Whether requests from outside the organisation are taken.
    #[serde(deserialize_with = "lenient::boolean")]
    pub process_external_meeting_messages: Option<bool>,
    /// Whether cancelled meetings are removed from the calendar.
    #[serde(deserialize_with = "lenient::boolean")]
    pub remove_canceled_meetings: Option<bool>,
    /// Whether the subject is removed.
    #[serde(deserialize_with = "lenient::boolean")]
    pub delete_subject: Option<bool>,
    /// Whether the body is removed.
    #[serde(deserialize_with = "lenient::boolean")]
    pub delete_comments: Option<bool>,
    /// Whether attachments are removed.
    #[serde(deserialize_with = "lenient::boolean")]
    pub delete_attachments: Option<bool>,
    /// Whether other mail to the room is removed.
    #[serde(deserialize_with = "lenient::boolean")]
    pub delete_non_calendar_items: Option<bool>,
    /// Whether the organiser's name replaces, or goes before, the subject.
    #[serde(deserialize_with = "lenient::boolean")]
    pub add_organizer_to_subject: Option<bool>,
    /// Whether private meetings become public ones.
    #[serde(deserialize_with = "lenient::boolean")]
    pub remove_private_property: Option<bool>,
    /// Whether a refusal holds the organiser of the meeting in the way.
    #[serde(deserialize_with = "lenient::boolean")]
    pub organizer_info: Option<bool>,
    /// Whether replies hold a text of the organisation's own.
    #[serde(deserialize_with = "lenient::boolean")]
    pub add_additional_response: Option<bool>,
    /// The text that replies hold.
    #[serde(deserialize_with = "lenient::text")]
    pub additional_response: Option<String>,
    /// Whether requests that wait for a delegate are shown as tentative.
    #[serde(deserialize_with = "lenient::boolean")]
    pub tentative_pending_approval: Option<bool>,
    /// Whether a room that nobody checks into is released.
    #[serde(deserialize_with = "lenient::boolean")]
    pub enable_auto_release: Option<bool>,
    /// How long after the start of a meeting the room is released.
    #[serde(deserialize_with = "lenient::number")]
    pub post_reservation_max_claim_time_in_minutes: Option<i64>,
}
single_output!(CalendarProcessing);

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> SetCalendarProcessing {
        SetCalendarProcessing::new("room@contoso.com".parse::<Identity>().unwrap())
    }

    #[test]
    fn numbers_keep_to_the_limits() {
        assert!(set().booking_window_in_days(1080_u32).check().is_ok());
        assert!(set().booking_window_in_days(1081_u32).check().is_err());
        assert!(set().conflict_percentage_allowed(101_u32).check().is_err());
    }

    #[test]
    fn only_what_differs_remains() {
        let wanted = set().delete_subject(false).booking_window_in_days(365_u32);
        let wanted = wanted.automate_processing(AutomateProcessing::AutoAccept);
        let present = r#"{"AutomateProcessing":"AutoAccept","DeleteSubject":"True","BookingWindowInDays":180}"#;
        let mut present: CalendarProcessing = serde_json::from_str(present).unwrap();
        let remaining = wanted.remaining(&present).unwrap();
        assert_eq!(remaining, set().delete_subject(false).booking_window_in_days(365_u32));
        (present.delete_subject, present.booking_window_in_days) = (Some(false), Some(365));
        assert_eq!(wanted.remaining(&present), None);
        let sentence =
            "Change the calendar processing of room@contoso.com: BookingWindowInDays 365, DeleteSubject false";
        assert_eq!(remaining.to_string(), sentence);
    }
}
