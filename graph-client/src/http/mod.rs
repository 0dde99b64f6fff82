//! One request over the wire and back: token, call, limits, retry, transport.
//!
//! This layer knows HTTP, tokens and waiting. What a response means is for the service's own classifier to say.

mod batch;
mod call;
mod challenge;
mod failure;
mod limiter;
mod meter;
mod retry;
mod token;
mod transport;

pub(crate) use self::batch::{Carrier, Envelope, Item, Numbered, failed_dependency, send_batch};
pub(crate) use self::call::{Body, Call, Shape, new_request_id};
pub(crate) use self::challenge::{demanded_claims, requested_claims};
pub(crate) use self::failure::{Failure, Repeat};
pub(crate) use self::limiter::{BatchPermits, BlockedFor, Limit, Limiters};
pub use self::limiter::{Concurrency, Load};
pub use self::meter::{Meter, RetryWait, Usage};
pub use self::retry::RetryOptions;
pub(crate) use self::retry::{Attempts, Retries, RetryBudget, RuntimeClock, repeat};
pub use self::token::AccessToken;
pub use self::transport::Response;
pub(crate) use self::transport::{Transport, decode};
