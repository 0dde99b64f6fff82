//! Procedures: work on a tenant that is done in stages, some of which have to wait for something.
//!
//! A plan makes the tenant what a spec says. A procedure has another goal, such as retiring a group; it is derived from
//! the tenant as it is now, so that carrying it out again goes on from there.

mod administrator;
mod calls;
mod document;
mod goal;
mod guards;
mod migrate;
mod perform;
mod report;
mod retire;
mod run;
mod show;

pub use self::administrator::{Administrator, Duties};
pub use self::document::{Gate, Procedure, ProcedureStage, Remaining};
pub use self::goal::Goal;
pub use self::migrate::{ComparedMailbox, MembershipComparison, Migrate};
pub use self::report::{ProcedureReport, StageReport, StageState};
pub use self::retire::Retire;
pub use self::run::CarryOut;
