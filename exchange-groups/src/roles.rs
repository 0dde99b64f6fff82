/// The roles of RBAC for Applications that open calendars.
///
/// Source: Microsoft's page on RBAC for Applications.
const OPEN_CALENDARS: &[&str] = &[
    "Application Calendars.Read",
    "Application Calendars.ReadWrite",
    "Application MailboxItem.Read",
    "Application MailboxItem.ReadWrite",
    "Application MailboxItem.Export",
    "Application MailboxItem.ImportExport",
    "Application Exchange Full Access",
    "Application EWS.AccessAsApp",
];

/// Whether a role of this name lets an application read calendars.
pub(crate) fn opens_calendars(role: Option<&str>) -> bool {
    role.is_some_and(|role| OPEN_CALENDARS.iter().any(|known| known.eq_ignore_ascii_case(role)))
}
