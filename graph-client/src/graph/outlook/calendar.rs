use std::time::SystemTime;

use reqwest::Method;
use serde_json::json;

use crate::client::Client;
use crate::error::Result;
use crate::graph::macros::{open_enum, resource};
use crate::graph::{Delta, EmailAddress, Event, List, Operation, Request, call};
use crate::ids::{CalendarGroupId, CalendarId, CalendarPermissionId, InvalidValue, UserRef};
use crate::time::timestamp;

/// The calendars of one mailbox and what is in them. Made by [`Client::calendar`].
///
/// It works on the mailbox's default calendar unless [`in_calendar`](Self::in_calendar) names another one. Events have
/// their own methods below; permissions, attachments and free/busy times too.
///
/// An application reaches a mailbox through `Calendars.*`, tenant-wide, or through the Exchange role `Application
/// Calendars.*` for a scope with the mailbox in it; the sections *Permissions* name the tenant-wide ones.
#[derive(Debug, Clone)]
pub struct Calendars {
    pub(crate) client: Client,
    pub(crate) mailbox: UserRef,
    pub(crate) calendar: Option<CalendarId>,
    pub(crate) zone: Option<String>,
    pub(crate) preferences: Vec<&'static str>,
}

/// A request for what lies between two instants.
pub(crate) fn between(request: Request, start: SystemTime, end: SystemTime) -> Request {
    let fault = (end <= start).then(|| InvalidValue::new("end", timestamp(end), "must be after the start"));
    request.checked(fault).query("startDateTime", timestamp(start)).query("endDateTime", timestamp(end))
}

impl Calendars {
    pub(crate) fn new(client: Client, mailbox: UserRef) -> Self {
        Self { client, mailbox, calendar: None, zone: None, preferences: Vec::new() }
    }

    /// The same for another calendar of the mailbox, by its id.
    #[must_use]
    pub fn in_calendar(mut self, id: impl Into<CalendarId>) -> Self {
        self.calendar = Some(id.into());
        self
    }

    /// Asks for times in a zone, by its Windows or IANA name. Without it they come in UTC.
    #[must_use]
    pub fn time_zone(mut self, name: &str) -> Self {
        self.zone = Some(name.to_owned());
        self
    }

    /// Asks for ids that stay the same when an event moves to another folder of its mailbox.
    #[must_use]
    pub fn immutable_ids(self) -> Self {
        self.preferring("IdType=\"ImmutableId\"")
    }

    /// Asks for the bodies of events as plain text instead of HTML.
    #[must_use]
    pub fn text_bodies(self) -> Self {
        self.preferring("outlook.body-content-type=\"text\"")
    }

    fn preferring(mut self, preference: &'static str) -> Self {
        self.preferences.push(preference);
        self
    }

    /// A request for what is `below` the mailbox, whatever the calendar.
    pub(crate) fn of_mailbox(&self, method: Method, name: &'static str, below: &str, ids: &[&str]) -> Request {
        // The mailbox of whoever is signed in has an address of its own.
        let request = if self.mailbox.as_str().eq_ignore_ascii_case("me") {
            call(&self.client, method, name, &format!("/v1.0/me{below}"), ids)
        } else {
            let mut all = vec![self.mailbox.as_str()];
            all.extend_from_slice(ids);
            call(&self.client, method, name, &format!("/v1.0/users/{{}}{below}"), &all)
        };
        let request = self.preferences.iter().fold(request, |request, preference| request.prefer(preference));
        match &self.zone {
            Some(zone) => request.time_zone(zone),
            None => request,
        }
    }

    /// A request for what is `below` the calendar that was chosen.
    pub(crate) fn of_calendar(&self, method: Method, name: &'static str, below: &str, ids: &[&str]) -> Request {
        match &self.calendar {
            None => self.of_mailbox(method, name, &format!("/calendar{below}"), ids),
            Some(calendar) => {
                let mut all = vec![calendar.as_str()];
                all.extend_from_slice(ids);
                self.of_mailbox(method, name, &format!("/calendars/{{}}{below}"), &all)
            }
        }
    }

    /// What is in the calendar between two instants: single events and the occurrences of series, 10 a page unless
    /// [`List::page_size`] says otherwise.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadBasic.All` or `Calendars.Read`
    pub fn view(&self, start: SystemTime, end: SystemTime) -> List<Event> {
        let name = "read a calendar view";
        let request = match self.calendar {
            // The short path is the one that every kind of permission covers.
            None => self.of_mailbox(Method::GET, name, "/calendarView", &[]),
            Some(_) => self.of_calendar(Method::GET, name, "/calendarView", &[]),
        };
        List::records(between(request, start, end))
    }

    /// What is in the calendar between two instants, and from then on what changes in it.
    ///
    /// Of the times of a series only the begin, the end and the series come. With another calendar than the default
    /// one Graph may refuse.
    ///
    /// # Permissions
    ///
    /// `Calendars.Read`
    pub fn view_delta(&self, start: SystemTime, end: SystemTime) -> Delta<Event> {
        let name = "read the changes of a calendar";
        let request = match self.calendar {
            None => self.of_mailbox(Method::GET, name, "/calendarView/delta", &[]),
            Some(_) => self.of_calendar(Method::GET, name, "/calendarView/delta", &[]),
        };
        between(request, start, end).delta().of_records()
    }

    /// All calendars of the mailbox.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadBasic.All` or `Calendars.Read`
    pub fn calendars(&self) -> List<Calendar> {
        List::records(self.of_mailbox(Method::GET, "list calendars", "/calendars", &[]))
    }

    /// The groups that the calendars are in.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadBasic.All` or `Calendars.Read`
    pub fn calendar_groups(&self) -> List<CalendarGroup> {
        List::records(self.of_mailbox(Method::GET, "list calendar groups", "/calendarGroups", &[]))
    }

    /// The calendars of one group.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadBasic.All` or `Calendars.Read`
    pub fn calendars_in(&self, group: impl Into<CalendarGroupId>) -> List<Calendar> {
        let group: CalendarGroupId = group.into();
        let name = "list the calendars of a group.as_str()";
        List::records(self.of_mailbox(Method::GET, name, "/calendarGroups/{}/calendars", &[group.as_str()]))
    }

    /// Makes a group of calendars.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when the name is taken.
    pub fn create_calendar_group(&self, name: &str) -> Operation<CalendarGroup> {
        let request = self.of_mailbox(Method::POST, "create a calendar group", "/calendarGroups", &[]);
        request.body(&json!({ "name": name })).record()
    }

    /// Makes a further calendar in a group.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// As [`create_calendar`](Self::create_calendar).
    pub fn create_calendar_in(&self, group: impl Into<CalendarGroupId>, name: &str) -> Operation<Calendar> {
        let group: CalendarGroupId = group.into();
        let path = "/calendarGroups/{}/calendars";
        self.of_mailbox(Method::POST, "create a calendar", path, &[group.as_str()])
            .body(&json!({ "name": name }))
            .record()
    }

    /// Deletes a group of calendars, which must be empty.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn delete_calendar_group(&self, id: impl Into<CalendarGroupId>) -> Operation<()> {
        let id: CalendarGroupId = id.into();
        self.of_mailbox(Method::DELETE, "delete a calendar group", "/calendarGroups/{}", &[id.as_str()]).unit()
    }

    /// The calendar itself.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadBasic.All` or `Calendars.Read`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the mailbox or calendar does not exist;
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied) when the mailbox is closed to the application.
    pub fn get(&self) -> Operation<Calendar> {
        self.of_calendar(Method::GET, "read a calendar", "", &[]).record()
    }

    /// Makes a further calendar in the mailbox.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when the name is taken.
    pub fn create_calendar(&self, name: &str) -> Operation<Calendar> {
        let request = self.of_mailbox(Method::POST, "create a calendar", "/calendars", &[]);
        request.body(&json!({ "name": name })).record()
    }

    /// Changes the calendar.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn update_calendar(&self, update: &CalendarUpdate) -> Operation<Calendar> {
        let request = self.of_calendar(Method::PATCH, "change a calendar", "", &[]);
        request.body(update).idempotent(true).record()
    }

    /// Deletes a calendar by its id, with everything in it. The default calendar cannot be deleted.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn delete_calendar(&self, id: impl Into<CalendarId>) -> Operation<()> {
        let id: CalendarId = id.into();
        self.of_mailbox(Method::DELETE, "delete a calendar", "/calendars/{}", &[id.as_str()]).unit()
    }

    /// Who may do what with the calendar.
    ///
    /// # Permissions
    ///
    /// `Calendars.Read`
    pub fn permissions(&self) -> List<CalendarPermission> {
        List::records(self.of_calendar(Method::GET, "list calendar permissions", "/calendarPermissions", &[]))
    }

    /// Shares the calendar with someone.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the role cannot be given to them.
    pub fn share(&self, with: &EmailAddress, role: &CalendarRole) -> Operation<CalendarPermission> {
        let request = self.of_calendar(Method::POST, "share a calendar", "/calendarPermissions", &[]);
        request.body(&json!({ "emailAddress": with, "role": role })).record()
    }

    /// Changes what someone may do with the calendar, by the id of the permission.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is no such permission.
    pub fn set_role(
        &self,
        permission: impl Into<CalendarPermissionId>,
        role: &CalendarRole,
    ) -> Operation<CalendarPermission> {
        let permission: CalendarPermissionId = permission.into();
        self.of_calendar(
            Method::PATCH,
            "change a calendar permission.as_str()",
            "/calendarPermissions/{}",
            &[permission.as_str()],
        )
        .body(&json!({ "role": role }))
        .idempotent(true)
        .record()
    }

    /// Shares the calendar with someone no longer, by the id of the permission.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadWrite`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is no such permission.
    pub fn unshare(&self, permission: impl Into<CalendarPermissionId>) -> Operation<()> {
        let permission: CalendarPermissionId = permission.into();
        let name = "delete a calendar permission.as_str()";
        self.of_calendar(Method::DELETE, name, "/calendarPermissions/{}", &[permission.as_str()]).unit()
    }
}

open_enum! {
    /// What someone may do with a calendar.
    pub enum CalendarRole {
        /// Nothing.
        None = "none",
        /// See when it is busy.
        FreeBusyRead = "freeBusyRead",
        /// See subjects and places too.
        LimitedRead = "limitedRead",
        /// See everything but private events.
        Read = "read",
        /// Change it.
        Write = "write",
        /// Act for its owner, without private events.
        Delegate = "delegateWithoutPrivateEventAccess",
        /// Act for its owner, with private events.
        DelegateWithPrivate = "delegateWithPrivateEventAccess",
        /// What was put together in Exchange.
        Custom = "custom",
    }

    /// A calendar's colour.
    pub enum CalendarColor {
        /// Outlook chooses.
        Auto = "auto",
        /// Light blue.
        LightBlue = "lightBlue",
        /// Light green.
        LightGreen = "lightGreen",
        /// Light orange.
        LightOrange = "lightOrange",
        /// Light grey.
        LightGray = "lightGray",
        /// Light yellow.
        LightYellow = "lightYellow",
        /// Light teal.
        LightTeal = "lightTeal",
        /// Light pink.
        LightPink = "lightPink",
        /// Light brown.
        LightBrown = "lightBrown",
        /// Light red.
        LightRed = "lightRed",
        /// The last one.
        MaxColor = "maxColor",
    }

    /// Who provides online meetings.
    pub enum OnlineMeetingProvider {
        /// Teams.
        TeamsForBusiness = "teamsForBusiness",
        /// Skype for Business.
        SkypeForBusiness = "skypeForBusiness",
        /// Skype.
        SkypeForConsumer = "skypeForConsumer",
    }
}

impl CalendarRole {
    /// Whether events can be changed with it.
    #[must_use]
    pub fn can_edit(&self) -> bool {
        matches!(self, Self::Write | Self::Delegate | Self::DelegateWithPrivate)
    }
}

resource! {
    /// A calendar.
    pub struct Calendar {
        /// The id, which contains upper and lower case, `=` and `/`.
        id: String,
        /// The name.
        name: Option<String> [read update],
        /// Whose it is.
        owner: Option<EmailAddress>,
        /// Whether the caller may change it.
        can_edit: Option<bool>,
        /// Whether the caller may share it.
        can_share: Option<bool>,
        /// Whether the caller sees private events.
        can_view_private_items: Option<bool>,
        /// Whether it is the mailbox's default calendar. An update to `true` makes it the default.
        is_default_calendar: Option<bool> [read update],
        /// Whether it can be deleted.
        is_removable: Option<bool>,
        /// Whether it counts answers to invitations.
        is_tallying_responses: Option<bool>,
        /// The colour.
        color: Option<CalendarColor> [read update],
        /// Its colour as `#rrggbb`; empty unless someone chose it.
        hex_color: Option<String>,
        /// Who can provide online meetings.
        allowed_online_meeting_providers: Vec<OnlineMeetingProvider>,
        /// Who does unless told otherwise.
        default_online_meeting_provider: Option<OnlineMeetingProvider>,
        /// The version.
        change_key: Option<String>,
    }
    /// Changes of a calendar.
    update CalendarUpdate;
}

resource! {
    /// A group of calendars.
    pub struct CalendarGroup {
        /// The id.
        id: String,
        /// The name.
        name: Option<String>,
        /// The class.
        class_id: Option<String>,
        /// The version.
        change_key: Option<String>,
    }

    /// What someone may do with a calendar.
    pub struct CalendarPermission {
        /// The id.
        id: String,
        /// Who. `My Organization` stands for everyone inside.
        email_address: Option<EmailAddress>,
        /// What they may do.
        role: Option<CalendarRole>,
        /// What they can be allowed to do.
        allowed_roles: Vec<CalendarRole>,
        /// Whether they are in the organisation.
        is_inside_organization: Option<bool>,
        /// Whether it can be taken away.
        is_removable: Option<bool>,
    }
}

impl Client {
    /// The calendars of a mailbox and what is in them.
    #[must_use]
    pub fn calendar(&self, mailbox: impl Into<UserRef>) -> Calendars {
        Calendars::new(self.clone(), mailbox.into())
    }
}
