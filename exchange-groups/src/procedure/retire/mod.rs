//! Retiring a group: the application loses its access first, and what restricted it goes last.

mod derive;
mod options;

pub(super) use self::derive::derive;
pub use self::options::Retire;
