//! What the integration tests share: a Contoso that is served over a real socket, a client of it, and a server that
//! misbehaves on the level of TCP.

mod contoso;
mod raw;

pub use self::contoso::{Contoso, GROUP, OWNER, credential, quick_retries, quick_wait};
pub use self::raw::{Answer, RawRequest, RawServer};

/// The code blocks of the README are tests too.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
