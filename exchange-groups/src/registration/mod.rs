//! Application registrations: the one that reads calendars, and the one by which people sign in, planned and made like the
//! rest.
//!
//! A permission that reaches every calendar is not granted before something restricts it: under RBAC for Applications it
//! is not needed at all, and under an access policy it comes after the policy.

mod apply;
mod derive;
mod document;
mod input;
mod read;

pub use self::document::{
    RegistrationFinding, RegistrationFindingKind, RegistrationPlan, RegistrationReport, RegistrationStep,
    RegistrationStepReport,
};
pub use self::input::Registration;
pub use self::read::RegistrationFacts;
