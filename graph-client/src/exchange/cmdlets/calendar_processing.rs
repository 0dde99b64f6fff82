use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exchange::macros::{cmdlet, settings};
use crate::exchange::{Identity, ListChange};
use crate::ids::InvalidValue;

/// How the calendar attendant processes meeting requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AutomateProcessing {
    /// Requests are not processed.
    None,
    /// Requests are put into the calendar as tentative. The only value for user mailboxes.
    AutoUpdate,
    /// Requests are accepted or declined by the rules of the resource.
    AutoAccept,
}

/// Whether a resource mailbox can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CalendarBookingType {
    /// The resource can be booked.
    Standard,
    /// The resource cannot be booked.
    Reserved,
}

cmdlet! {
    /// reads the calendar processing of a mailbox: the rules by which meeting requests are accepted.
    Read "Get-CalendarProcessing" => GetCalendarProcessing -> CalendarProcessing;
    permissions "View-Only Recipients.";
    sentence "Read the calendar processing of {identity}";

    /// The calendar processing of one mailbox.
    fn new {
        required identity as mailbox: impl Into<Identity>;
    }
}

settings! {
    cmdlet {
        /// changes the calendar processing of a mailbox: the rules by which meeting requests are accepted.
        Write "Set-CalendarProcessing" => SetCalendarProcessing -> ();
        permissions "Mail Recipients, which Exchange Administrator and Exchange Recipient Administrator have.";
        changes "Change the calendar processing of {identity}";
    }
    /// Changes to a mailbox's calendar processing; nothing changes until a setting is given.
    fn new {
        required identity as mailbox: impl Into<Identity>;
    }
    impl {
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
    record {
        /// The calendar processing of a mailbox: the rules by which meeting requests are accepted. Lists of users hold names
        /// or legacy distinguished names.
        pub struct CalendarProcessing {
            /// The mailbox, where the service sends it: a name or an object id.
            pub identity: Option<String>,
        }
    }
    both {
        /// How meeting requests are processed. Resource mailboxes of Exchange Online begin with `AutoAccept`; most of
        /// the other settings apply with it alone.
        automate_processing: AutomateProcessing => Option<String>;
        /// Whether the resource can be booked (`Standard`) or not (`Reserved`). Default `Standard`.
        booking_type: CalendarBookingType => Option<String>;
        /// Whether conflicting bookings are accepted. Default `false`.
        allow_conflicts: bool => Option<bool>;
        /// Whether recurring meetings are accepted. Default `true`.
        allow_recurring_meetings: bool => Option<bool>;
        /// Whether in-policy requests of all users are approved automatically. Default `true`.
        all_book_in_policy: bool => Option<bool>;
        /// Whether all users may submit in-policy requests, which a delegate approves. Default `false`.
        all_request_in_policy: bool => Option<bool>;
        /// Whether all users may submit out-of-policy requests, which a delegate approves. Default `false`.
        all_request_out_of_policy: bool => Option<bool>;
        /// The users and groups (no dynamic ones) whose in-policy requests are approved automatically.
        book_in_policy: ListChange<Identity> => Vec<String>;
        /// The users and groups who may submit in-policy requests, which a delegate approves.
        request_in_policy: ListChange<Identity> => Vec<String>;
        /// The users and groups who may submit out-of-policy requests, which a delegate approves.
        request_out_of_policy: ListChange<Identity> => Vec<String>;
        /// The delegates, who approve or decline requests.
        resource_delegates: ListChange<Identity> => Vec<String>;
        /// Whether requests are forwarded to the delegates. Default `true`.
        forward_requests_to_delegates: bool => Option<bool>;
        /// How many days ahead the resource can be booked: 0 to 1,080. Default 180.
        booking_window_in_days: u32 => Option<i64>;
        /// Whether a recurring meeting that ends outside the booking window is declined, instead of shortened. Default `true`.
        enforce_scheduling_horizon: bool => Option<bool>;
        /// The longest duration of a booking; 0 for no limit. Default 1,440.
        maximum_duration_in_minutes: u32 => Option<i64>;
        /// The shortest duration of a booking, for workspaces. Default 0.
        minimum_duration_in_minutes: u32 => Option<i64>;
        /// How many instances of a recurring meeting may conflict before it is declined. Default 0.
        maximum_conflict_instances: u32 => Option<i64>;
        /// The percentage of a recurring meeting's instances that may conflict before it is declined. Default 0.
        conflict_percentage_allowed: u32 => Option<i64>;
        /// Whether meetings with more attendees than the capacity are declined. Default `false`.
        enforce_capacity: bool => Option<bool>;
        /// Whether meetings outside the working hours are declined. Default `false`.
        schedule_only_during_work_hours: bool => Option<bool>;
        /// Whether requests from outside the organisation are processed. Default `false`.
        process_external_meeting_messages: bool => Option<bool>;
        /// Whether cancelled meetings are removed from the calendar. Default `false`.
        remove_canceled_meetings: bool => Option<bool>;
        /// Whether the subject is removed. Default `true`; panels and booking products need `false`.
        delete_subject: bool => Option<bool>;
        /// Whether the body is removed. Default `true`.
        delete_comments: bool => Option<bool>;
        /// Whether attachments are removed. Default `true`.
        delete_attachments: bool => Option<bool>;
        /// Whether other messages to the resource are removed. Default `true`.
        delete_non_calendar_items: bool => Option<bool>;
        /// Whether the organiser's name replaces the subject or is put before it. Default `true`.
        add_organizer_to_subject: bool => Option<bool>;
        /// Whether the private flag of meetings is cleared. Default `true`.
        remove_private_property: bool => Option<bool>;
        /// Whether the organiser of the conflicting meeting is named when a request is declined. Default `true`.
        organizer_info: bool => Option<bool>;
        /// Whether [`additional_response`](Self::additional_response) is added to responses. Default `false`.
        add_additional_response: bool => Option<bool>;
        /// The additional text of responses.
        additional_response: impl Into<String> => Option<String>;
        /// Whether requests that wait for a delegate are shown as tentative. Default `true`.
        tentative_pending_approval: bool => Option<bool>;
        /// Whether the room is released when nobody checks in.
        enable_auto_release: bool => Option<bool>;
        /// How many minutes after the start of a meeting the room is released.
        post_reservation_max_claim_time_in_minutes: u32 => Option<i64>;
    }
}

impl SetCalendarProcessing {
    /// Sets another mailbox for the same settings.
    #[must_use]
    pub fn with_mailbox(mut self, mailbox: impl Into<Identity>) -> Self {
        self.identity = mailbox.into();
        self
    }

    /// The settings of this value that the mailbox does not have yet; `None` when there is nothing to change.
    ///
    /// Lists of users always count as different: Exchange gives them back under other names than it was given.
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

    /// The mailbox that the settings are for.
    #[must_use]
    pub fn mailbox(&self) -> &Identity {
        &self.identity
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Cmdlet;

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
