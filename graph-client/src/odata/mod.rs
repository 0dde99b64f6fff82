//! What Graph's resources have in common as OData.

mod batch;
mod change;
mod delta;
mod filter;
mod list;
mod literal;
mod operation;
mod query;
mod read;
mod support;

pub use self::batch::{Answers, Batch, BatchId, Handle};
pub use self::change::{Change, RemovalReason, Removed};
pub use self::delta::{Delta, DeltaEvent, DeltaEvents, DeltaPage, DeltaPages, DeltaRound, Resync};
pub use self::filter::Filter;
pub use self::list::{Items, List, Page, Pages};
pub use self::literal::Literal;
pub use self::operation::Operation;
pub use self::query::{Expand, Search};
pub(crate) use self::support::Support;
