//! The least rights with which an application administers restricted calendar groups.

mod derive;
mod options;

pub(super) use self::derive::derive;
pub use self::options::{Administrator, Duties};
