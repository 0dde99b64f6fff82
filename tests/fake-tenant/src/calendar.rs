//! Who may do what with a calendar, as Exchange's folder permissions and as Graph's calendar permissions.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::recipient::{Recipient, RecipientId};
use crate::world::World;

/// The grantee of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grantee {
    /// Everyone in the organisation.
    Default,
    Anonymous,
    Recipient(RecipientId),
}

impl Grantee {
    pub(crate) fn built_in(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("Default") {
            Some(Self::Default)
        } else if name.eq_ignore_ascii_case("Anonymous") {
            Some(Self::Anonymous)
        } else {
            None
        }
    }

    pub(crate) fn is_built_in(&self) -> bool {
        !matches!(self, Self::Recipient(_))
    }

    pub(crate) fn display_name(&self, world: &World) -> String {
        match self {
            Self::Default => "Default".to_owned(),
            Self::Anonymous => "Anonymous".to_owned(),
            Self::Recipient(id) => {
                world.directory.get(*id).map(|recipient| recipient.display_name.clone()).unwrap_or_default()
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct FolderPermission {
    pub(crate) grantee: Grantee,
    /// Exchange's names of the rights.
    pub(crate) rights: Vec<String>,
    pub(crate) flags: Vec<String>,
}

impl FolderPermission {
    fn starting(grantee: Grantee, right: &str) -> Self {
        Self { grantee, rights: vec![right.to_owned()], flags: Vec::new() }
    }

    /// Graph's `calendarRoleType`, which knows fewer.
    pub(crate) fn role(&self) -> &'static str {
        let is = |names: &[&str]| self.rights.iter().any(|right| names.contains(&right.as_str()));
        if self.flags.iter().any(|flag| flag == "CanViewPrivateItems") {
            "delegateWithPrivateEventAccess"
        } else if self.flags.iter().any(|flag| flag == "Delegate") {
            "delegateWithoutPrivateEventAccess"
        } else if is(&["Editor", "PublishingEditor", "Owner", "Author", "PublishingAuthor"]) {
            "write"
        } else if is(&["Reviewer", "ReadItems", "NonEditingAuthor"]) {
            "read"
        } else if is(&["LimitedDetails"]) {
            "limitedRead"
        } else if is(&["AvailabilityOnly"]) {
            "freeBusyRead"
        } else {
            "none"
        }
    }

    /// The entry that a Graph role stands for.
    pub(crate) fn of_role(grantee: Grantee, role: &str) -> Option<Self> {
        let (right, flags): (&str, &[&str]) = match role {
            "none" => ("None", &[]),
            "freeBusyRead" => ("AvailabilityOnly", &[]),
            "limitedRead" => ("LimitedDetails", &[]),
            "read" => ("Reviewer", &[]),
            "write" => ("Editor", &[]),
            "delegateWithoutPrivateEventAccess" => ("Editor", &["Delegate"]),
            "delegateWithPrivateEventAccess" => ("Editor", &["Delegate", "CanViewPrivateItems"]),
            _ => return None,
        };
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        Some(Self { flags, ..Self::starting(grantee, right) })
    }
}

impl World {
    /// The entries of a mailbox's calendar. One that nobody touched has the two that every calendar has.
    pub(crate) fn folder_permissions(&self, mailbox: RecipientId) -> Vec<FolderPermission> {
        self.folder_permissions.get(&mailbox).cloned().unwrap_or_else(|| {
            vec![
                FolderPermission::starting(Grantee::Default, "AvailabilityOnly"),
                FolderPermission::starting(Grantee::Anonymous, "None"),
            ]
        })
    }

    /// Whoever passes the filter of a dynamic distribution group.
    pub(crate) fn dynamic_members(&self, group: RecipientId) -> Vec<RecipientId> {
        let Some(filter) = self.dynamic_groups.get(&group) else {
            return Vec::new();
        };
        let joins = |recipient: &&Recipient| {
            recipient.kind.is_mailbox() && self.access.current.satisfies(&self.directory, recipient, filter)
        };
        self.directory.iter().filter(joins).map(|recipient| recipient.id).collect()
    }
}

/// An event of one calendar. What attendees have are copies with ids of their own and the same `uid`.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) uid: String,
    /// The id of its calendar; empty for the default one.
    pub(crate) calendar: String,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) time_zone: String,
    /// As Graph shows them, apart from what is kept here.
    pub(crate) properties: Map<String, Value>,
    pub(crate) organizer: Option<RecipientId>,
    pub(crate) response: &'static str,
    pub(crate) cancelled: bool,
    pub(crate) transaction: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
    pub(crate) version: u64,
    pub(crate) attachments: Vec<Value>,
    pub(crate) extensions: Vec<Value>,
    /// Dates of a series on which nothing takes place.
    pub(crate) skipped: Vec<String>,
    /// Dates of a series on which something else takes place: the series as it is on that day.
    pub(crate) exceptions: BTreeMap<String, Self>,
}

/// An event, or one occurrence of a series, in a window of time.
#[derive(Clone, Debug)]
pub(crate) struct Occurrence<'e> {
    pub(crate) event: &'e Event,
    pub(crate) id: String,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) of_series: bool,
    /// Whether it differs from its series.
    pub(crate) is_exception: bool,
}

impl<'e> Occurrence<'e> {
    /// An event by itself, be it a series.
    pub(crate) fn whole(event: &'e Event) -> Self {
        let (start, end) = (event.start, event.end);
        Self { event, id: event.id.clone(), start, end, of_series: false, is_exception: false }
    }
}

/// Occurrences beyond this are not made: a series without end has to stop somewhere.
const MOST_OCCURRENCES: i64 = 1000;

impl Event {
    pub(crate) fn new(world: &mut World, start: Timestamp, end: Timestamp) -> Self {
        let now = world.now();
        let id = world.fresh_opaque_id("event");
        Self {
            uid: format!("040000008200E00074C5B7101A82E008{}", &id[..32]),
            id,
            calendar: String::new(),
            start,
            end,
            time_zone: "UTC".to_owned(),
            properties: Map::new(),
            organizer: None,
            response: "none",
            cancelled: false,
            transaction: None,
            created: now,
            changed: now,
            version: 1,
            attachments: Vec::new(),
            extensions: Vec::new(),
            skipped: Vec::new(),
            exceptions: BTreeMap::new(),
        }
    }

    pub(crate) fn is_series(&self) -> bool {
        self.properties.get("recurrence").is_some_and(Value::is_object)
    }

    /// The occurrences that touch the window; of a single event, itself.
    pub(crate) fn occurrences(&self, from: Timestamp, to: Timestamp) -> Vec<Occurrence<'_>> {
        let length = self.end.duration_since(self.start);
        let touches = |start: Timestamp| start < to && start + length > from;
        if !self.is_series() {
            let single = Occurrence::whole(self);
            return if touches(self.start) { vec![single] } else { Vec::new() };
        }
        let recurrence = &self.properties["recurrence"];
        let (pattern, range) = (&recurrence["pattern"], &recurrence["range"]);
        let interval = pattern["interval"].as_i64().unwrap_or(1).max(1);
        let weekly = pattern["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("weekly"));
        let days: Vec<String> = pattern["daysOfWeek"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|day| day.as_str().map(str::to_lowercase))
            .collect();
        let count = range["numberOfOccurrences"].as_i64().filter(|count| *count > 0);
        let numbered = range["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("numbered"));
        let last = range["endDate"].as_str().filter(|_| range["type"] == "endDate").map(str::to_owned);
        let mut found = Vec::new();
        let mut made = 0;
        for day in 0..MOST_OCCURRENCES * 7 {
            let start = self.start + SignedDuration::from_hours(24 * day);
            let date = start.strftime("%Y-%m-%d").to_string();
            if start >= to
                || made >= MOST_OCCURRENCES
                || last.as_ref().is_some_and(|last| date > *last)
                || (numbered && count.is_some_and(|count| made >= count))
            {
                break;
            }
            let falls = if weekly {
                let name = start.strftime("%A").to_string().to_lowercase();
                (day / 7) % interval == 0 && (if days.is_empty() { day % 7 == 0 } else { days.contains(&name) })
            } else {
                day % interval == 0
            };
            if !falls {
                continue;
            }
            made += 1;
            if self.skipped.contains(&date) {
                continue;
            }
            let id = format!("{}.{date}", self.id);
            match self.exceptions.get(&date) {
                Some(event) if event.start < to && event.end > from => {
                    let (start, end) = (event.start, event.end);
                    found.push(Occurrence { event, id, start, end, of_series: true, is_exception: true });
                }
                None if touches(start) => {
                    let end = start + length;
                    found.push(Occurrence { event: self, id, start, end, of_series: true, is_exception: false });
                }
                _ => {}
            }
        }
        found
    }
}

/// A message that was sent through Graph.
#[derive(Clone, Debug)]
pub(crate) struct SentMail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) subject: String,
    pub(crate) body: String,
}

/// The time zones that clients ask for by their Windows names.
const WINDOWS_ZONES: &[(&str, &str)] = &[
    ("UTC", "UTC"),
    ("GMT Standard Time", "Europe/London"),
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("Romance Standard Time", "Europe/Paris"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("E. Europe Standard Time", "Europe/Chisinau"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("Mountain Standard Time", "America/Denver"),
    ("Central Standard Time", "America/Chicago"),
    ("Eastern Standard Time", "America/New_York"),
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("AUS Central Standard Time", "Australia/Darwin"),
    ("E. Australia Standard Time", "Australia/Brisbane"),
    ("W. Australia Standard Time", "Australia/Perth"),
    ("New Zealand Standard Time", "Pacific/Auckland"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("China Standard Time", "Asia/Shanghai"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("India Standard Time", "Asia/Kolkata"),
    ("Arabian Standard Time", "Asia/Dubai"),
];

pub(crate) fn windows_zones() -> impl Iterator<Item = &'static str> {
    WINDOWS_ZONES.iter().map(|(name, _)| *name)
}

/// A time zone by its Windows or its IANA name.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    if name.eq_ignore_ascii_case("UTC") || name.eq_ignore_ascii_case("tzone://Microsoft/Utc") {
        return Some(TimeZone::UTC);
    }
    let windows = WINDOWS_ZONES.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(name));
    TimeZone::get(windows.map_or(name, |(_, iana)| iana)).ok()
}
