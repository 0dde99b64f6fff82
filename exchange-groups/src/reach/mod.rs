//! Who reaches what, in the whole tenant and from configuration alone: the mailboxes of an application, the applications
//! of a mailbox, and every application that can read calendars.

mod audit;
mod mailbox;
mod query;
mod show;
mod tenant;

pub use self::audit::{Audit, AuditedApplication, AuditedPath, CalendarAccess, DelegatedReach};
pub use self::mailbox::{ApplicationReach, MailboxAccess};
pub use self::query::{MailboxReach, ReachQuery, ReachReport};
