use std::fmt::{Debug, Display};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http;

/// What running a cmdlet does to the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It reads. It is repeated freely.
    Read,
    /// It changes something. It is repeated only if the service did not act on it.
    Write,
}

/// A cmdlet with its parameters: what it serialises to is what goes on the wire, and its `Display` is a sentence.
///
/// Implement it for a cmdlet that this crate does not type.
///
/// # Examples
///
/// ```
/// use graph_client::exchange::{Cmdlet, Effect};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct GetPlace {
///     identity: String,
/// }
///
/// #[derive(Debug, Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Place {
///     building: Option<String>,
/// }
///
/// impl Cmdlet for GetPlace {
///     const NAME: &'static str = "Get-Place";
///     const EFFECT: Effect = Effect::Read;
///     type Output = Vec<Place>;
/// }
///
/// impl std::fmt::Display for GetPlace {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         write!(f, "Read the place {}", self.identity)
///     }
/// }
/// ```
pub trait Cmdlet: Serialize + Display + Debug + Send + Sync {
    /// The name, such as `Get-Mailbox`.
    const NAME: &'static str;

    /// What it does to the tenant.
    const EFFECT: Effect;

    /// What it gives: `()`, one record, or a `Vec` of records over all pages.
    type Output: Output;

    /// The limit for one attempt, from sending to the last byte of the answer.
    ///
    /// Exchange gives a cmdlet 15 minutes; most take seconds.
    fn time_limit(&self) -> Duration {
        http::EXCHANGE_TIME_LIMIT
    }
}

/// What a cmdlet gives, made from the rows of its answer.
pub trait Output: Sized + Send {
    /// One row of the answer.
    type Row: DeserializeOwned + Send;

    /// The output of a command that succeeded.
    ///
    /// # Errors
    ///
    /// The sentence that says why these rows cannot be its answer.
    fn from_rows(rows: Vec<Self::Row>) -> Result<Self, String>;
}

impl Output for () {
    type Row = serde::de::IgnoredAny;

    fn from_rows(_: Vec<Self::Row>) -> Result<Self, String> {
        Ok(())
    }
}

impl<T: DeserializeOwned + Send> Output for Vec<T> {
    type Row = T;

    fn from_rows(rows: Self) -> Result<Self, String> {
        Ok(rows)
    }
}

/// Exactly one row, as `New-*` and most `Test-*` cmdlets give.
pub(super) fn single<T>(mut rows: Vec<T>) -> Result<T, String> {
    match (rows.pop(), rows.len()) {
        (Some(row), 0) => Ok(row),
        (None, _) => Err("the cmdlet succeeded and gave no object back".into()),
        (Some(_), others) => Err(format!("the cmdlet gave {} objects back instead of one", others + 1)),
    }
}

/// Lets a record be the output of a cmdlet that gives exactly one.
macro_rules! single_output {
    ($($record:ty),+) => {$(
        impl $crate::exchange::Output for $record {
            type Row = Self;

            fn from_rows(rows: Vec<Self>) -> Result<Self, String> {
                $crate::exchange::cmdlet::single(rows)
            }
        }
    )+};
}
pub(super) use single_output;
