//! Microsoft Graph: its protocol, and its resources by area.
//!
//! Rows are decoded leniently: everything but an id may be absent, because `$select`, old records and national clouds
//! leave things out.

// The protocol.
mod batch;
mod change;
mod delta;
mod error;
mod filter;
mod lenient;
mod list;
mod literal;
mod macros;
mod model;
mod operation;
mod pages;
mod path;
mod query;
mod request;
mod shape;
mod support;

// The resources.
#[cfg(feature = "devices")]
mod devices;
mod directory;
#[cfg(feature = "monitoring")]
mod monitoring;
mod outlook;
mod places;
#[cfg(feature = "subscriptions")]
mod subscriptions;
#[cfg(any(feature = "teams", feature = "planner"))]
mod teamwork;

pub use self::batch::{Batch, BatchHandle, BatchId, BatchResponses};
pub use self::change::{Change, RemovalReason, Removed};
pub use self::delta::{Delta, DeltaEvent, DeltaEvents, DeltaPage, DeltaPages, DeltaRound, Resync};
#[cfg(feature = "devices")]
pub use self::devices::*;
pub use self::directory::*;
pub(crate) use self::error::classify;
pub use self::error::{GraphError, GraphErrorDetail};
pub use self::filter::Filter;
pub use self::list::{Items, List, Page, Pages};
pub use self::literal::Literal;
pub use self::model::{Patch, Properties, SecretText};
pub(crate) use self::model::{object_of, type_name, undecodable};
#[cfg(feature = "monitoring")]
pub use self::monitoring::*;
pub use self::outlook::*;
pub(crate) use self::path::{call, object_link};
pub use self::places::*;
pub use self::query::{Expand, Search};
pub use self::request::{BodyType, Priority, Request};
pub(crate) use self::shape::{
    Record, asks_for_id, nothing as nothing_shape, picture as picture_shape, record as record_shape,
};
#[cfg(feature = "subscriptions")]
pub use self::subscriptions::*;
#[cfg(feature = "teams")]
pub(crate) use self::support::QueryOption;
pub(crate) use self::support::Support;
#[cfg(any(feature = "teams", feature = "planner"))]
pub use self::teamwork::*;
pub use crate::operation::Operation;
pub use crate::time::Timestamp;
