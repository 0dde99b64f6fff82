//! The switches of Exchange Web Services, by date.

use jiff::civil::Date;

use super::Truth;
use super::facts::{Fact, Facts, MailboxFacts, OrganizationSettings, UserAgents};

/// A blank `EwsEnabled` became off for most tenants.
const BLANK_IS_OFF: Date = Date::constant(2026, 10, 1);
/// Off for everybody; the switches are gone.
const RETIRED: Date = Date::constant(2027, 4, 1);

/// Whether the application may call Exchange Web Services for a mailbox.
pub(super) fn is_allowed(facts: &Facts, mailbox: &MailboxFacts) -> (Truth, &'static str) {
    if facts.date >= RETIRED {
        return (Truth::No, "Exchange Web Services ended on 2027-04-01");
    }
    let organization = match facts.organization.known() {
        Some(settings) => organization_allows(settings, facts),
        None => (Truth::Unknown, "the settings of the organisation were not read"),
    };
    let cas = match &mailbox.cas {
        Fact::Read(cas) if cas.ews_enabled == Some(false) => {
            (Truth::No, "Exchange Web Services are off for the mailbox (EwsEnabled of Get-CASMailbox)")
        }
        Fact::Read(cas) => (agents_allow(&cas.user_agents), "the mailbox has a list of user agents"),
        Fact::Partly(..) | Fact::Unread(_) => (Truth::Unknown, "the settings of Get-CASMailbox were not read"),
    };
    let open = organization.0.and(cas.0);
    let because = [organization, cas].into_iter().find(|(part, _)| *part == open).map_or("", |(_, why)| why);
    (open, if open == Truth::Yes { "Exchange Web Services allow the application" } else { because })
}

fn organization_allows(settings: &OrganizationSettings, facts: &Facts) -> (Truth, &'static str) {
    let enabled = match settings.ews_enabled {
        Some(false) => (Truth::No, "Exchange Web Services are off for the organisation (EwsEnabled)"),
        // The list has no effect here.
        None if facts.date < BLANK_IS_OFF => (Truth::Yes, ""),
        None => (Truth::Unknown, "EwsEnabled is blank, which became off on 2026-10-01 for most tenants"),
        Some(true) => match &settings.ews_allowed_app_ids {
            Fact::Read(list) | Fact::Partly(list, _) if list.contains(&facts.client_id) => (Truth::Yes, ""),
            // Two pages disagree on what an empty list does from then.
            Fact::Read(list) if list.is_empty() && facts.date < BLANK_IS_OFF => (Truth::Yes, ""),
            Fact::Read(list) if list.is_empty() => {
                (Truth::Unknown, "EwsAllowedAppIDs is empty, and the sources disagree on what that does")
            }
            Fact::Read(_) => (Truth::No, "the application is not on EwsAllowedAppIDs"),
            Fact::Partly(..) | Fact::Unread(_) => (Truth::Unknown, "EwsAllowedAppIDs was not read"),
        },
    };
    let agents = match &settings.user_agents {
        Fact::Read(agents) => agents_allow(agents),
        Fact::Partly(..) | Fact::Unread(_) => Truth::Unknown,
    };
    match enabled.0.and(agents) {
        verdict if verdict == enabled.0 => enabled,
        verdict => (verdict, "the organisation has a list of user agents, or it was not read"),
    }
}

/// An application names its user agent itself, so that a list decides nothing for certain.
fn agents_allow(agents: &UserAgents) -> Truth {
    match agents {
        UserAgents::Any => Truth::Yes,
        UserAgents::Only(_) | UserAgents::Not(_) => Truth::Unknown,
    }
}
