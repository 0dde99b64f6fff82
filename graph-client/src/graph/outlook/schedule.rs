use std::collections::HashMap;
use std::future::IntoFuture;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use serde_json::json;

use crate::error::Result;
use crate::graph::macros::resource;
use crate::graph::{Calendars, DateTimeTimeZone, FreeBusyStatus, Operation, Page, WorkingHours};
use crate::ids::InvalidValue;
use crate::text::printable;

/// Microsoft's limit of mailboxes in one call.
const MAILBOXES_AT_ONCE: usize = 20;

/// Exchange answers four calls of one application and mailbox at a time.
const CALLS_AT_ONCE: usize = 4;

const LONGEST_WINDOW: Duration = Duration::from_secs(62 * 24 * 60 * 60);

/// For which time free and busy are asked, and how finely.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "it does nothing until it is asked"]
pub struct FreeBusyQuery {
    start: SystemTime,
    end: SystemTime,
    interval: Duration,
}

impl FreeBusyQuery {
    /// From one instant to another, less than 62 days, in steps of 30 minutes, or 5 where the time is no longer.
    pub fn new(start: SystemTime, end: SystemTime) -> Self {
        let half_an_hour = Duration::from_secs(30 * 60);
        let window = end.duration_since(start).unwrap_or_default();
        let interval = if window > half_an_hour { half_an_hour } else { Duration::from_secs(5 * 60) };
        Self { start, end, interval }
    }

    /// Asks in steps of 5 minutes to 24 hours, whole minutes, shorter than the time itself.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How many steps the response has.
    ///
    /// GUESS: a last step that the window cuts short counts; wrong if `availabilityView` leaves it out.
    fn steps(&self, minutes: u64) -> usize {
        let window = self.end.duration_since(self.start).unwrap_or_default();
        let steps = window.as_secs().div_ceil(minutes * 60);
        usize::try_from(steps).unwrap_or(usize::MAX)
    }

    /// Graph answers 500 or a wrong schedule to what breaks these rules.
    fn check(&self) -> Result<u64, InvalidValue> {
        let minutes = self.interval.as_secs() / 60;
        let text = || format!("{:?}", self.interval);
        if !(5..=1440).contains(&minutes) || self.interval != Duration::from_secs(minutes * 60) {
            return Err(InvalidValue::new("interval", text(), "must be 5 to 1440 whole minutes"));
        }
        let window = self.end.duration_since(self.start).unwrap_or_default();
        if window.is_zero() {
            let end = crate::time::timestamp(self.end);
            return Err(InvalidValue::new("end", end, "must be after the start"));
        }
        if window >= LONGEST_WINDOW {
            return Err(InvalidValue::new("window", format!("{window:?}"), "must be shorter than 62 days"));
        }
        if self.interval >= window {
            return Err(InvalidValue::new("interval", text(), "must be shorter than the window"));
        }
        Ok(minutes)
    }
}

/// What is known of one mailbox that was asked about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Availability {
    /// The address as it was asked for.
    pub mailbox: String,
    /// When it is free, or why that is not known. A mailbox that could not be read is never free.
    pub schedule: Result<ScheduleInformation, FreeBusyError>,
}

impl Availability {
    /// What is known of a mailbox, as a test needs it.
    pub fn new(mailbox: impl Into<String>, schedule: Result<ScheduleInformation, FreeBusyError>) -> Self {
        Self { mailbox: mailbox.into(), schedule }
    }
}

impl std::fmt::Display for FreeBusyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&printable(self.message.as_deref().unwrap_or("the service does not say why")))?;
        self.response_code.as_ref().map_or(Ok(()), |code| write!(f, " [{}]", printable(code)))
    }
}

impl std::error::Error for FreeBusyError {}

impl Calendars {
    /// When mailboxes are free or busy: any number of them, asked for 20 at a time, answers in the order of the
    /// addresses.
    ///
    /// A mailbox that cannot be read comes as an error of its own and does not disturb the others.
    ///
    /// The question is asked through this mailbox, so with access limited in Exchange it must be one that the
    /// application reaches: a room among those that are asked about will do. Times come in UTC whatever
    /// [`time_zone`](Self::time_zone) says.
    ///
    /// # Permissions
    ///
    /// `Calendars.ReadBasic.All` or `Calendars.Read`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) when the window or the interval breaks a rule;
    /// any other when a whole call failed.
    pub async fn free_busy<A: AsRef<str> + Sync>(
        &self,
        mailboxes: &[A],
        query: &FreeBusyQuery,
    ) -> Result<Vec<Availability>> {
        query.check()?;
        let addresses: Vec<String> = mailboxes.iter().map(|address| address.as_ref().to_owned()).collect();
        let calls: Vec<_> =
            addresses.chunks(MAILBOXES_AT_ONCE).map(|some| self.schedule(some, query).into_future()).collect();
        let answers: Vec<Vec<Availability>> = stream::iter(calls).buffered(CALLS_AT_ONCE).try_collect().await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// When at most 20 mailboxes are free or busy, in one request (`getSchedule`), which can stand in a
    /// [`Batch`](crate::Batch): answers in the order of the addresses.
    ///
    /// # Permissions
    ///
    /// As [`free_busy`](Self::free_busy)
    ///
    /// # Errors
    ///
    /// As [`free_busy`](Self::free_busy); [`ErrorKind::Input`](crate::ErrorKind::Input) for no mailbox or more than 20.
    pub fn schedule<A: AsRef<str>>(&self, mailboxes: &[A], query: &FreeBusyQuery) -> Operation<Vec<Availability>> {
        let addresses: Vec<String> = mailboxes.iter().map(|address| address.as_ref().to_owned()).collect();
        let asker = Self { zone: None, preferences: Vec::new(), ..self.clone() };
        let request =
            asker.of_mailbox(Method::POST, "read free and busy times", "/calendar/getSchedule", &[]).read_only();
        let checked = query.check().and_then(|minutes| {
            let rule = "must be 1 to 20 mailboxes in one request";
            let is_right = (1..=MAILBOXES_AT_ONCE).contains(&addresses.len());
            is_right.then_some(minutes).ok_or_else(|| InvalidValue::new("mailboxes", addresses.len().to_string(), rule))
        });
        let (request, steps) = match checked {
            Ok(minutes) => {
                let body = json!({
                    "schedules": addresses,
                    "startTime": DateTimeTimeZone::utc(query.start),
                    "endTime": DateTimeTimeZone::utc(query.end),
                    "availabilityViewInterval": minutes,
                });
                (request.body(&body), query.steps(minutes))
            }
            Err(fault) => (request.refused(fault), 0),
        };
        request.typed::<Page<ScheduleInformation>>().then(move |page| Ok(matched(&addresses, page?.items, steps)))
    }
}

/// Gives every address its response. One without a response, or with a response to another question, is an error item.
fn matched(addresses: &[String], items: Vec<ScheduleInformation>, steps: usize) -> Vec<Availability> {
    let mut answers: HashMap<String, Vec<ScheduleInformation>> = HashMap::new();
    for item in items {
        if let Some(id) = item.schedule_id.as_deref() {
            answers.entry(id.to_ascii_lowercase()).or_default().push(item);
        }
    }
    addresses
        .iter()
        .map(|address| {
            // An address may be asked for twice.
            let given = answers.get(&address.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default();
            Availability { mailbox: address.clone(), schedule: settled(given, steps) }
        })
        .collect()
}

/// What the answers for one mailbox come to.
fn settled(given: &[ScheduleInformation], steps: usize) -> Result<ScheduleInformation, FreeBusyError> {
    let unknown = |why: String| FreeBusyError { message: Some(why), ..FreeBusyError::default() };
    let Some((answer, others)) = given.split_first() else {
        return Err(unknown("the service gave no answer for this mailbox".to_owned()));
    };
    if let Some(error) = given.iter().find_map(|answer| answer.error.as_ref()) {
        return Err(error.clone());
    }
    if others.iter().any(|other| other != answer) {
        return Err(unknown("the service gave several answers for this mailbox".to_owned()));
    }
    match answer.availability_view.as_deref().unwrap_or_default().chars().count() {
        0 => Err(unknown("the answer does not say when the mailbox is free".to_owned())),
        given if given != steps => {
            Err(unknown(format!("the answer covers {given} steps of the {steps} that were asked for")))
        }
        _ => Ok(answer.clone()),
    }
}

resource! {
    /// When one mailbox is free or busy.
    pub struct ScheduleInformation {
        /// The address.
        schedule_id: Option<String>,
        /// One character for each step: see [`slots`](Self::slots).
        availability_view: Option<String>,
        /// What takes the time. Empty also where only free and busy may be seen.
        schedule_items: Vec<ScheduleItem>,
        /// The working hours.
        working_hours: Option<WorkingHours>,
        /// Why nothing is known of it.
        error: Option<FreeBusyError>,
    }

    /// Something that takes time.
    pub struct ScheduleItem {
        /// How it shows.
        status: Option<FreeBusyStatus>,
        /// The begin.
        start: Option<DateTimeTimeZone>,
        /// The end.
        end: Option<DateTimeTimeZone>,
        /// The subject, where it may be seen.
        subject: Option<String>,
        /// Where, where it may be seen.
        location: Option<String>,
        /// Whether it is private.
        is_private: Option<bool>,
    }

    /// Why nothing is known of a mailbox. Whatever is sent as an error is one: a mailbox that has one is never free.
    pub struct FreeBusyError or from_text {
        /// Exchange's code, such as `ErrorMailRecipientNotFound`.
        response_code: Option<String>,
        /// What Exchange says.
        message: Option<String>,
    }
}

impl FreeBusyError {
    fn from_text(text: &str) -> Self {
        Self { message: Some(text.to_owned()), ..Self::default() }
    }
}

impl ScheduleInformation {
    /// How the mailbox shows in each step from the start.
    pub fn slots(&self) -> impl Iterator<Item = FreeBusyStatus> {
        self.availability_view.as_deref().unwrap_or_default().chars().map(|digit| match digit {
            '0' => FreeBusyStatus::Free,
            '1' => FreeBusyStatus::Tentative,
            '2' => FreeBusyStatus::Busy,
            '3' => FreeBusyStatus::OutOfOffice,
            '4' => FreeBusyStatus::WorkingElsewhere,
            other => FreeBusyStatus::Unknown(other.to_string()),
        })
    }

    /// Whether every step is free.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.error.is_none()
            && self.slots().next().is_some()
            && self.slots().all(|status| status == FreeBusyStatus::Free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(seconds: u64) -> FreeBusyQuery {
        FreeBusyQuery::new(SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn what_graph_would_answer_wrongly_is_refused() {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        assert_eq!(query(3600).check(), Ok(30));
        assert_eq!(query(1800).check(), Ok(5));
        assert!(query(0).check().unwrap_err().rule.contains("after the start"));
        assert!(query(62 * 86400).check().unwrap_err().rule.contains("62 days"));
        assert!(query(62 * 86400 - 1).check().is_ok());
        for wrong in [minutes(4), minutes(1441), Duration::from_secs(301)] {
            assert!(query(86400 * 3).interval(wrong).check().unwrap_err().rule.contains("5 to 1440"), "{wrong:?}");
        }
        assert!(query(3600).interval(minutes(60)).check().unwrap_err().rule.contains("shorter"));
    }

    #[test]
    fn a_mailbox_without_an_answer_is_never_free() {
        let item = |id: &str, view: Option<&str>, error: Option<FreeBusyError>| ScheduleInformation {
            schedule_id: Some(id.to_owned()),
            availability_view: view.map(str::to_owned),
            error,
            ..ScheduleInformation::default()
        };
        let refused = FreeBusyError { response_code: Some("ErrorMailRecipientNotFound".into()), ..Default::default() };
        let items = vec![
            item("D@contoso.com", Some(""), None),
            item("c@contoso.com", None, Some(refused.clone())),
            item("A@CONTOSO.com", Some("0000"), None),
        ];
        let asked = ["a@contoso.com", "b@contoso.com", "c@contoso.com", "d@contoso.com"].map(str::to_owned);
        let answers = matched(&asked, items, 4);
        assert!(answers[0].schedule.as_ref().unwrap().is_free());
        assert!(answers[1].schedule.is_err() && answers[3].schedule.is_err());
        assert_eq!(answers[2].schedule, Err(refused));
        assert!(!ScheduleInformation::default().is_free());
    }

    #[test]
    fn the_steps_of_a_window_are_counted() {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        assert_eq!(query(9 * 1800).steps(30), 9);
        assert_eq!(query(9 * 1800).interval(minutes(60)).steps(60), 5);
        assert_eq!(query(5 * 60 + 1).steps(5), 2);
    }
}
