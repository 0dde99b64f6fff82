//! Moving an application from access policies to RBAC for Applications, and back: never wider, with no outage that can be
//! avoided, the old mechanism last.

mod compare;
mod derive;
mod options;

pub use self::compare::{ComparedMailbox, MembershipComparison};
pub(super) use self::derive::derive;
pub use self::options::Migrate;
