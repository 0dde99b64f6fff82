use std::time::SystemTime;

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::graph::outlook::calendar::between;
use crate::graph::{Attendee, Calendars, DateTimeTimeZone, Event, EventUpdate, List, NewEvent, Operation, Recipient};
use crate::ids::{EventId, InvalidValue};

impl Calendars {
    /// The events of the calendar: single ones and series, 10 a page unless [`List::page_size`] says otherwise.
    ///
    /// The times of a series are not in it; [`view`](Self::view) has them.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadBasic.All` or `Calendars.Read`
    pub fn events(&self) -> List<Event> {
        let name = "list events";
        List::records(match self.calendar {
            None => self.of_mailbox(Method::GET, name, "/events", &[]),
            Some(_) => self.of_calendar(Method::GET, name, "/events", &[]),
        })
    }

    /// One event of the mailbox.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadBasic.All` or `Calendars.Read`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn event(&self, id: impl Into<EventId>) -> Operation<Event> {
        let id: EventId = id.into();
        self.of_mailbox(Method::GET, "read an event", "/events/{}", &[id.as_str()]).record()
    }

    /// Makes an event and sends the invitations.
    ///
    /// A [`NewEvent`] has a transaction id, by which Exchange makes one event of it however often it is sent: so the
    /// call is repeated after a time-out, and a caller may send the same `NewEvent` again.
    ///
    /// # Examples
    ///
    /// ```
    /// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    /// # rt.block_on(async {
    /// # use graph_client::{Client, ClientSecret, Cloud};
    /// use std::time::{Duration, SystemTime};
    ///
    /// use graph_client::graph::{Attendee, DateTimeTimeZone, NewEvent, OnlineMeetingProvider};
    /// # let tenant = fake_tenant::FakeTenant::contoso();
    /// # let server = tenant.serve().await?;
    /// # let app = tenant.booking_application();
    /// # let client = Client::builder()
    /// #     .tenant(tenant.domain())
    /// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
    /// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
    /// #     .build()?;
    /// # let room = tenant.rooms()[0].clone();
    ///
    /// let hour = Duration::from_secs(3600);
    /// let at = |hours: u32| DateTimeTimeZone::utc(SystemTime::now() + hours * hour);
    /// let meeting = NewEvent::new("Design review", at(24), at(25))
    ///     .attendee(Attendee::resource(&room))
    ///     .is_online_meeting(true)
    ///     .online_meeting_provider(OnlineMeetingProvider::TeamsForBusiness);
    ///
    /// let organiser = client.calendar("exchange.admin@contoso.com").immutable_ids();
    /// let event = organiser.create_event(&meeting).total_timeout(Duration::from_secs(10)).await?;
    ///
    /// // The room answers by itself, some seconds later: read the event again to see its answer.
    /// let event = organiser.event(&event.id).await?;
    /// for attendee in &event.attendees {
    ///     println!("{:?}", attendee.status.as_ref().and_then(|status| status.response.as_ref()));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) when the times of a whole-day event are not midnights.
    pub fn create_event(&self, event: &NewEvent) -> Operation<Event> {
        let name = "create an event";
        let request = match self.calendar {
            None => self.of_mailbox(Method::POST, name, "/events", &[]),
            Some(_) => self.of_calendar(Method::POST, name, "/events", &[]),
        };
        request.checked(event.check()).body(event).idempotent(event.transaction_id.is_some()).record()
    }

    /// Changes an event. Attendees are told: all of them, or, when nothing but the attendees changes, those who come
    /// or go.
    ///
    /// Attendees are replaced as a whole: send those who stay, too.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none; the code
    /// `ErrorOccurrenceCrossingBoundary` when a time of a series would pass the next one.
    pub fn update_event(&self, id: impl Into<EventId>, update: &EventUpdate) -> Operation<Event> {
        let id: EventId = id.into();
        self.of_mailbox(Method::PATCH, "change an event", "/events/{}", &[id.as_str()]).body(update).record()
    }

    /// Deletes an event. On the organiser's copy this tells the attendees, without a word; [`cancel`](Self::cancel)
    /// has one.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it was deleted before.
    pub fn delete_event(&self, id: impl Into<EventId>) -> Operation<()> {
        let id: EventId = id.into();
        self.of_mailbox(Method::DELETE, "delete an event", "/events/{}", &[id.as_str()]).unit()
    }

    /// Calls a meeting off and tells the attendees. For the organiser's copy only.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the mailbox is not the organiser's.
    pub fn cancel(&self, id: impl Into<EventId>, comment: Option<&str>) -> Operation<()> {
        let id: EventId = id.into();
        // A comment of null is refused: it must not be there at all.
        let body = comment.map_or_else(|| json!({}), |comment| json!({ "comment": comment }));
        self.act("cancel an event", "cancel", id.as_str(), &body)
    }

    /// Accepts an invitation.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the mailbox is the organiser's.
    pub fn accept(&self, id: impl Into<EventId>, response: &InvitationResponse) -> Operation<()> {
        let id: EventId = id.into();
        self.act("accept an event", "accept", id.as_str(), &response.body())
    }

    /// Accepts an invitation with reservations.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn tentatively_accept(&self, id: impl Into<EventId>, response: &InvitationResponse) -> Operation<()> {
        let id: EventId = id.into();
        self.act("tentatively accept an event", "tentativelyAccept", id.as_str(), &response.body())
    }

    /// Declines an invitation. The organiser cannot: [`cancel`](Self::cancel) is theirs.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn decline(&self, id: impl Into<EventId>, response: &InvitationResponse) -> Operation<()> {
        let id: EventId = id.into();
        self.act("decline an event", "decline", id.as_str(), &response.body())
    }

    /// Forwards an invitation.
    ///
    /// # Permissions
    ///
    /// `Calendars.Read`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is no such event.
    pub fn forward(&self, id: impl Into<EventId>, to: &[Recipient], comment: Option<&str>) -> Operation<()> {
        let id: EventId = id.into();
        let mut body = json!({ "toRecipients": to });
        if let Some(comment) = comment {
            body["comment"] = comment.into();
        }
        self.act("forward an event", "forward", id.as_str(), &body)
    }

    /// Snoozes the reminder of an event.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    pub fn snooze_reminder(&self, id: impl Into<EventId>, until: &DateTimeTimeZone) -> Operation<()> {
        let id: EventId = id.into();
        self.act("snooze a reminder", "snoozeReminder", id.as_str(), &json!({ "newReminderTime": until }))
    }

    /// Ends the reminder of an event.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    pub fn dismiss_reminder(&self, id: impl Into<EventId>) -> Operation<()> {
        let id: EventId = id.into();
        self.act("end a reminder", "dismissReminder", id.as_str(), &json!({}))
    }

    /// Deletes an event for good: it does not go to the deleted items, and nobody is told.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    pub fn permanently_delete_event(&self, id: impl Into<EventId>) -> Operation<()> {
        let id: EventId = id.into();
        self.act("delete an event for good", "permanentDelete", id.as_str(), &json!({}))
    }

    fn act(&self, name: &'static str, action: &str, id: &str, body: &serde_json::Value) -> Operation<()> {
        // The response has a body now and then although it must not have one; it says nothing.
        let request = self.of_mailbox(Method::POST, name, &format!("/events/{{}}/{action}"), &[id]).body(body);
        // GUESS: the pages of these two give 200; wrong if they answer 202 or 204 only, which is taken as well.
        let is_reminder = matches!(action, "dismissReminder" | "snoozeReminder");
        request.unit_on(if is_reminder { &[200, 202, 204] } else { &[202, 204] })
    }

    /// The times of a series between two instants.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadBasic.All` or `Calendars.Read`
    pub fn instances(&self, series: impl Into<EventId>, start: SystemTime, end: SystemTime) -> List<Event> {
        let series: EventId = series.into();
        let request = self.of_mailbox(
            Method::GET,
            "list the times of a series.as_str()",
            "/events/{}/instances",
            &[series.as_str()],
        );
        List::records(between(request, start, end))
    }
}

/// How an invitation is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvitationResponse {
    /// What the organiser reads.
    pub comment: Option<String>,
    /// Whether the organiser is told.
    pub send: bool,
}

impl InvitationResponse {
    /// The organiser is told, without a word.
    #[must_use]
    pub fn sent() -> Self {
        Self { comment: None, send: true }
    }

    /// The organiser is not told.
    #[must_use]
    pub fn silent() -> Self {
        Self { comment: None, send: false }
    }

    /// What the organiser reads.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    fn body(&self) -> serde_json::Value {
        let mut body = json!({ "sendResponse": self.send });
        if let Some(comment) = &self.comment {
            body["comment"] = comment.as_str().into();
        }
        body
    }
}

impl NewEvent {
    /// An event with a transaction id of its own.
    pub fn new(subject: impl Into<String>, start: DateTimeTimeZone, end: DateTimeTimeZone) -> Self {
        Self::default().transaction_id(Uuid::new_v4().to_string()).subject(subject).start(start).end(end)
    }

    /// An event of whole days: `first` and `after` are days such as `2026-11-22`, `after` the day after the last one.
    pub fn all_day(subject: impl Into<String>, first: &str, after: &str, time_zone: &str) -> Self {
        let midnight = |day: &str| DateTimeTimeZone::new(format!("{day}T00:00:00"), time_zone);
        Self::new(subject, midnight(first), midnight(after)).is_all_day(true)
    }

    /// Invites someone, or books a room.
    pub fn attendee(mut self, attendee: Attendee) -> Self {
        self.attendees.get_or_insert_default().push(attendee);
        self
    }

    /// Exchange refuses this with an error that does not say what is wrong.
    fn check(&self) -> Vec<InvalidValue> {
        if self.is_all_day != Some(true) {
            return Vec::new();
        }
        let (Some(start), Some(end)) = (&self.start, &self.end) else {
            return vec![InvalidValue::new("start and end", "", "must be given for a whole-day event")];
        };
        let mut faults = Vec::new();
        for (field, time) in [("start", start), ("end", end)] {
            if !time.is_midnight() {
                faults.push(InvalidValue::new(field, &time.date_time, "must be midnight for a whole-day event"));
            }
        }
        if start.time_zone != end.time_zone {
            let zone = end.time_zone.as_deref().unwrap_or_default();
            faults.push(InvalidValue::new("end", zone, "must be in the zone of the start for a whole-day event"));
        }
        if start.date_time.get(..10) >= end.date_time.get(..10) {
            let rule = "must be the midnight after the last day of a whole-day event";
            faults.push(InvalidValue::new("end", &end.date_time, rule));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_days_are_midnights_of_one_zone() {
        let fault = |event: NewEvent| event.check().remove(0).rule;
        assert!(NewEvent::all_day("x", "2026-11-22", "2026-11-23", "UTC").check().is_empty());
        assert!(fault(NewEvent::all_day("x", "2026-11-22", "2026-11-22", "UTC")).contains("after the last day"));
        let event = NewEvent::all_day("x", "2026-11-22", "2026-11-23", "UTC");
        let other = DateTimeTimeZone::new("2026-11-23T00:00:00", "Europe/Berlin");
        assert!(fault(event.clone().end(other)).contains("zone"));
        assert!(fault(event.start(DateTimeTimeZone::new("2026-11-22T09:00:00", "UTC"))).contains("midnight"));
    }

    #[test]
    fn a_comment_that_is_not_given_is_not_there() {
        assert_eq!(InvitationResponse::sent().body(), json!({ "sendResponse": true }));
        assert_eq!(
            InvitationResponse::silent().comment("no").body(),
            json!({ "sendResponse": false, "comment": "no" })
        );
    }

    #[test]
    fn two_events_have_two_transactions() {
        let at = || DateTimeTimeZone::new("2026-11-22T09:00:00", "UTC");
        let (one, two) = (NewEvent::new("a", at(), at()), NewEvent::new("a", at(), at()));
        assert!(one.transaction_id.is_some() && one.transaction_id != two.transaction_id);
    }
}
