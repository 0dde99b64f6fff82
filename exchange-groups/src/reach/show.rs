use std::fmt;

use graph_client::printable;

use super::audit::{Audit, AuditedApplication, CalendarAccess};
use super::mailbox::MailboxAccess;
use super::query::{MailboxReach, ReachReport};
use crate::access::{Access, Fact, Truth};
use crate::observe::Unread;
use crate::text::{count, some_of};

fn show_unread(f: &mut fmt::Formatter<'_>, unread: &[Unread]) -> fmt::Result {
    for part in unread {
        writeln!(f, "  NOT READ  {}: {}", part.what.description(), printable(&part.error))?;
    }
    Ok(())
}

impl fmt::Display for MailboxReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Allowed => "allowed",
            Access::Denied => "denied",
            Access::Unknown => "UNKNOWN",
        };
        let kind = self.kind.as_deref().unwrap_or("of an unknown kind");
        match &self.address {
            Some(address) => write!(f, "{access:<8} {address} ({})", printable(kind))?,
            None => write!(f, "{access:<8} a mailbox without an address ({})", printable(kind))?,
        }
        match self.paths.first() {
            Some(path) => write!(f, ", by {}", path.via),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ReachReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.application_name.as_deref().unwrap_or("(not found)");
        writeln!(f, "Reach of {}, client id {}, in {}", printable(name), self.application, self.origin.tenant)?;
        let reached = self.allowed.len();
        writeln!(f, "  By the configuration it reaches {} of {} mailboxes", reached, self.mailboxes)?;
        if !self.unknown.is_empty() {
            writeln!(f, "  Of {} it cannot be told", count(self.unknown.len(), "mailbox"))?;
        }
        for mailbox in self.allowed.iter().chain(&self.unknown).take(20) {
            writeln!(f, "    {mailbox}")?;
        }
        if reached + self.unknown.len() > 20 {
            writeln!(f, "    … and {} more", reached + self.unknown.len() - 20)?;
        }
        show_unread(f, &self.unread)?;
        writeln!(f, "  {}", count(usize::try_from(self.requests).unwrap_or(usize::MAX), "request"))
    }
}

impl fmt::Display for MailboxAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Applications that reach {} ({}), by the configuration", self.mailbox, self.presence)?;
        for it in &self.applications {
            let name = it.name.as_deref().unwrap_or("(without a name)");
            let doubt = if it.access == Access::Unknown { ", which cannot be told for certain" } else { "" };
            writeln!(f, "  {}, client id {}{doubt}", printable(name), it.application)?;
            for path in &it.paths {
                writeln!(f, "    by {}: {}", path.via, path.because)?;
            }
        }
        if self.applications.is_empty() {
            writeln!(f, "  none that was found")?;
        }
        writeln!(f, "  {} hold something and do not reach it", count(self.denied, "other application"))?;
        for holder in &self.unidentified {
            writeln!(f, "  UNKNOWN   {} holds something, and its application is not known", printable(holder))?;
        }
        show_unread(f, &self.unread)
    }
}

fn show_application(f: &mut fmt::Formatter<'_>, it: &AuditedApplication) -> fmt::Result {
    let name = it.name.as_deref().unwrap_or("(without a name)");
    let disabled = if it.enabled == Some(false) { ", disabled" } else { "" };
    writeln!(f, "  {}, client id {}{disabled}", printable(name), it.application)?;
    for path in &it.paths {
        let limit = match (&path.limited_to, path.is_tenant_wide) {
            (_, Truth::Yes) => "every mailbox".to_owned(),
            (Some(limit), Truth::No) => limit.clone(),
            (Some(limit), Truth::Unknown) => format!("perhaps {limit} alone, perhaps more"),
            (None, Truth::No) => "some mailboxes".to_owned(),
            (None, Truth::Unknown) => "which mailboxes is not known".to_owned(),
        };
        writeln!(f, "    {}: {}", path.via, printable(&limit))?;
        if path.is_tenant_wide != Truth::No {
            writeln!(f, "      {}", path.because)?;
            writeln!(f, "      to end it, {}", path.remedy)?;
        }
    }
    if it.has_grant_beside_role() {
        writeln!(
            f,
            "    CAUTION  a tenant-wide permission stands beside a role: the scope of the role restricts nothing"
        )?;
    }
    if it.can_widen == Truth::Yes {
        writeln!(f, "    CAUTION  it can widen its own access by a permission that it holds")?;
    }
    if !it.same_name.is_empty() {
        writeln!(f, "    CAUTION  other applications have the same name: {}", some_of(&it.same_name, 3))?;
    }
    Ok(())
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Applications of {} that can read calendars", printable(&self.origin.tenant))?;
        for (access, title) in [
            (CalendarAccess::Unrestricted, "RESTRICTED TO NOTHING"),
            (CalendarAccess::Undecided, "Not known to be restricted"),
            (CalendarAccess::Restricted, "Restricted"),
        ] {
            let mut some = self.applications.iter().filter(|it| it.access == access).peekable();
            if some.peek().is_some() {
                writeln!(f, "\n{title}")?;
                some.try_for_each(|it| show_application(f, it))?;
            }
        }
        if self.applications.is_empty() {
            writeln!(f, "  none that was found")?;
        }
        writeln!(
            f,
            "\n{} hold a permission or role and read no calendar by it",
            count(self.others, "other application")
        )?;
        match &self.delegated {
            Fact::Read(some) if some.is_empty() => {
                writeln!(f, "No application reads the calendars of whoever signs in, by a consent for everybody")?;
            }
            Fact::Read(some) | Fact::Partly(some, _) => {
                for it in some {
                    let name = it.name.as_deref().unwrap_or("(without a name)");
                    let permissions = it.permissions.join(", ");
                    writeln!(f, "{} reads the calendars of whoever signs in to it ({permissions})", printable(name))?;
                }
            }
            Fact::Unread(why) => writeln!(f, "NOT READ  the delegated permissions: {}", printable(why))?,
        }
        for holder in &self.unidentified {
            writeln!(f, "UNKNOWN   {} holds something, and its application is not known", printable(holder))?;
        }
        show_unread(f, &self.unread)?;
        writeln!(f, "{}", count(usize::try_from(self.requests).unwrap_or(usize::MAX), "request"))
    }
}
