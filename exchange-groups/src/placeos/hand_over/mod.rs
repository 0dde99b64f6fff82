//! The hand-over: what is read, what follows from it, and how it is done.

mod apply;
mod derive;
mod document;
mod error;
mod gate;
mod input;
mod perform;
mod read;
mod show;

pub use self::apply::ApplyHandOver;
pub use self::document::{
    HandOverFinding, HandOverFindingKind, HandOverPlan, HandOverReport, HandOverStage, HandOverStageReport,
    HandOverStep, HandOverStepReport,
};
pub use self::error::HandOverError;
pub use self::input::{HandOver, StaffAccess};
pub use self::read::HandOverFacts;
