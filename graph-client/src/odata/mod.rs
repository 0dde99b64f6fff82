//! What Graph's resources have in common as OData.

mod list;

pub use self::list::{Items, List, Page, Pages};
