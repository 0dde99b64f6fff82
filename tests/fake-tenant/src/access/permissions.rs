//! What each app role and each application role opens.

use super::Supposition;
use crate::roles::Resource;

/// How much of a calendar is open; each level contains those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// When the mailbox is busy.
    Times,
    /// Subject and place too.
    Brief,
    /// The events.
    Events,
    /// Making, changing and deleting events.
    Write,
}

/// The calls by which something is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// Graph's calls about calendars.
    Calendar,
    /// Graph's calls about items of any folder.
    MailboxItems,
    Ews,
    /// And POP.
    Imap,
    OutlookRest,
    EDiscovery,
    Settings,
    Mail,
}

impl Api {
    /// Whose tokens it takes.
    pub(super) fn resource(self) -> Resource {
        match self {
            Self::Calendar | Self::MailboxItems | Self::EDiscovery | Self::Settings | Self::Mail => Resource::Graph,
            Self::Ews | Self::Imap | Self::OutlookRest => Resource::Exchange,
        }
    }

    /// Whether it shows calendars.
    pub(super) fn shows_calendars(self) -> bool {
        !matches!(self, Self::Settings | Self::Mail)
    }
}

/// Whether application access policies bind an app role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coverage {
    /// The pages list it.
    Listed,
    /// The pages do not list it; covered if that is supposed.
    Unlisted(Supposition),
    Outside,
}

/// What an app role opens by one API.
#[derive(Clone, Copy)]
pub(super) struct Permission {
    pub(super) resource: Resource,
    pub(super) value: &'static str,
    pub(super) api: Api,
    pub(super) level: Level,
    pub(super) coverage: Coverage,
    /// What has to be supposed for it to open anything.
    pub(super) needs: Option<Supposition>,
}

const fn graph(value: &'static str, api: Api, level: Level) -> Permission {
    Permission { resource: Resource::Graph, value, api, level, coverage: Coverage::Listed, needs: None }
}

const fn exchange(value: &'static str, api: Api, level: Level) -> Permission {
    Permission { resource: Resource::Exchange, ..graph(value, api, level) }
}

const fn unlisted(permission: Permission, coverage: Supposition) -> Permission {
    Permission { coverage: Coverage::Unlisted(coverage), ..permission }
}

const fn outside(permission: Permission) -> Permission {
    Permission { coverage: Coverage::Outside, ..permission }
}

const fn supposing(permission: Permission, needs: Supposition) -> Permission {
    Permission { needs: Some(needs), ..permission }
}

const ITEMS: Supposition = Supposition::PoliciesCoverMailboxItems;
const OUTLOOK_REST: Supposition = Supposition::OutlookRestAnswers;
const IMAP: Supposition = Supposition::ImapShowsCalendars;

/// App roles that open something of a mailbox. Any other opens nothing here; `Calendars.Read.All` and
/// `Calendars.ReadWrite.All` of Graph are about work hours and locations.
pub(super) const PERMISSIONS: &[Permission] = &[
    graph("Calendars.Read", Api::Calendar, Level::Events),
    graph("Calendars.ReadWrite", Api::Calendar, Level::Write),
    unlisted(graph("Calendars.ReadBasic.All", Api::Calendar, Level::Events), Supposition::PoliciesCoverReadBasic),
    supposing(
        unlisted(graph("MailboxItem.Read.All", Api::MailboxItems, Level::Events), ITEMS),
        Supposition::MailboxItemsIncludeEvents,
    ),
    supposing(
        unlisted(graph("MailboxItem.ReadWrite.All", Api::MailboxItems, Level::Write), ITEMS),
        Supposition::MailboxItemsIncludeEvents,
    ),
    unlisted(graph("MailboxItem.Export.All", Api::MailboxItems, Level::Events), ITEMS),
    unlisted(graph("MailboxItem.ImportExport.All", Api::MailboxItems, Level::Write), ITEMS),
    // GUESS: that reading is enough to export; wrong if an export needs eDiscovery.ReadWrite.All.
    outside(graph("eDiscovery.Read.All", Api::EDiscovery, Level::Events)),
    outside(graph("eDiscovery.ReadWrite.All", Api::EDiscovery, Level::Events)),
    graph("MailboxSettings.Read", Api::Settings, Level::Events),
    graph("MailboxSettings.ReadWrite", Api::Settings, Level::Write),
    graph("Mail.Send", Api::Mail, Level::Write),
    exchange("full_access_as_app", Api::Ews, Level::Write),
    supposing(exchange("Calendars.Read", Api::OutlookRest, Level::Events), OUTLOOK_REST),
    supposing(exchange("Calendars.Read.All", Api::OutlookRest, Level::Events), OUTLOOK_REST),
    supposing(exchange("Calendars.ReadWrite.All", Api::OutlookRest, Level::Write), OUTLOOK_REST),
    outside(supposing(exchange("IMAP.AccessAsApp", Api::Imap, Level::Brief), IMAP)),
    outside(supposing(exchange("POP.AccessAsApp", Api::Imap, Level::Brief), IMAP)),
];

/// What an application role of Exchange opens by one API.
#[derive(Clone, Copy)]
pub(super) struct Role {
    pub(super) name: &'static str,
    pub(super) api: Api,
    pub(super) level: Level,
    pub(super) needs: Option<Supposition>,
}

const fn role(name: &'static str, api: Api, level: Level) -> Role {
    Role { name, api, level, needs: None }
}

const fn item_role(name: &'static str, level: Level) -> Role {
    Role { needs: Some(Supposition::MailboxItemsIncludeEvents), ..role(name, Api::MailboxItems, level) }
}

/// Application roles that open something of a mailbox. Any other opens nothing here.
pub(super) const ROLES: &[Role] = &[
    role("Application Calendars.Read", Api::Calendar, Level::Events),
    role("Application Calendars.ReadWrite", Api::Calendar, Level::Write),
    role("Application Exchange Full Access", Api::Calendar, Level::Write),
    role("Application EWS.AccessAsApp", Api::Ews, Level::Write),
    item_role("Application MailboxItem.Read", Level::Events),
    item_role("Application MailboxItem.ReadWrite", Level::Write),
    role("Application MailboxItem.Export", Api::MailboxItems, Level::Events),
    role("Application MailboxItem.ImportExport", Api::MailboxItems, Level::Write),
    role("Application MailboxSettings.Read", Api::Settings, Level::Events),
    role("Application MailboxSettings.ReadWrite", Api::Settings, Level::Write),
    role("Application Exchange Full Access", Api::Settings, Level::Write),
    role("Application Mail.Send", Api::Mail, Level::Write),
    role("Application Mail Full Access", Api::Mail, Level::Write),
    role("Application Exchange Full Access", Api::Mail, Level::Write),
];

/// What a call wants with a mailbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose {
    pub(crate) api: Api,
    pub(crate) level: Level,
}

impl Purpose {
    pub(crate) const READ_TIMES: Self = Self { api: Api::Calendar, level: Level::Times };
    pub(crate) const READ_CALENDAR: Self = Self { api: Api::Calendar, level: Level::Events };
    pub(crate) const WRITE_CALENDAR: Self = Self { api: Api::Calendar, level: Level::Write };
    pub(crate) const READ_SETTINGS: Self = Self { api: Api::Settings, level: Level::Events };
    pub(crate) const WRITE_SETTINGS: Self = Self { api: Api::Settings, level: Level::Write };
    pub(crate) const SEND_MAIL: Self = Self { api: Api::Mail, level: Level::Write };

    pub(super) fn is_served_by(self, api: Api, level: Level) -> bool {
        api == self.api && level >= self.level
    }

    /// Whether a token of Graph with these roles or scopes carries a permission for it.
    pub(crate) fn is_consented(self, roles: &[String]) -> bool {
        PERMISSIONS.iter().any(|permission| {
            permission.resource == Resource::Graph
                && self.is_served_by(permission.api, permission.level)
                && roles.iter().any(|role| role == permission.value)
        })
    }
}
