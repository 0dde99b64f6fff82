use std::fmt;

use graph_client::printable;

use crate::names::named;

named! {
    /// The kinds of [`PlaceOsError`], for a program to react to.
    #[non_exhaustive]
    pub enum PlaceOsErrorKind as "kind of error" {
        /// What was given breaks a rule; nothing was sent.
        Input = "input",
        /// The key or token is not accepted.
        Auth = "auth",
        /// The key or token may not do this.
        Denied = "denied",
        /// There is no such object.
        NotFound = "not_found",
        /// The object has changed since it was read: its version is another one.
        Conflict = "conflict",
        /// The service refuses what was sent.
        Invalid = "invalid",
        /// The service asks for less load.
        Throttled = "throttled",
        /// The service failed, or something before it did.
        Unavailable = "unavailable",
        /// The service could not be reached, or the connection broke.
        Network = "network",
        /// The answer leads to another address. The key does not go there.
        Redirect = "redirect",
        /// The answer is not what the API promises.
        Decode = "decode",
    }
}

/// A call of PlaceOS that failed. No secret is in it, whatever the service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOsError {
    pub(crate) kind: PlaceOsErrorKind,
    pub(crate) status: Option<u16>,
    pub(crate) during: &'static str,
    pub(crate) message: String,
    pub(crate) is_outcome_unknown: bool,
}

impl PlaceOsError {
    pub(crate) fn new(kind: PlaceOsErrorKind, during: &'static str, message: impl Into<String>) -> Self {
        Self { kind, status: None, during, message: message.into(), is_outcome_unknown: false }
    }

    pub(crate) fn input(during: &'static str, message: impl Into<String>) -> Self {
        Self::new(PlaceOsErrorKind::Input, during, message)
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> PlaceOsErrorKind {
        self.kind
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Whether a change may have been made all the same: it was sent, and what came of it was not told.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.is_outcome_unknown
    }

    /// Whether the next call would most likely fail as well.
    pub(crate) fn is_general(&self) -> bool {
        use PlaceOsErrorKind::{Auth, Network, Redirect, Throttled, Unavailable};
        matches!(self.kind, Auth | Network | Redirect | Throttled | Unavailable)
    }

    fn advice(&self) -> Option<&'static str> {
        Some(match self.kind {
            PlaceOsErrorKind::Auth => {
                "Check the API key in Backoffice: it holds on the domain that it was made for, and may have expired."
            }
            PlaceOsErrorKind::Denied => {
                "The key needs the permissions of an administrator and the scope of the resource; Staff API takes the \
                 scope \"public\" alone."
            }
            PlaceOsErrorKind::Redirect => "Give the address at which the domain answers itself.",
            _ => return None,
        })
    }
}

impl fmt::Display for PlaceOsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlaceOS: {}: ", self.during)?;
        if let Some(status) = self.status {
            write!(f, "HTTP {status}: ")?;
        }
        f.write_str(&printable(&self.message))?;
        if self.is_outcome_unknown {
            f.write_str(". Whether it was done is not known")?;
        }
        match self.advice() {
            Some(advice) => write!(f, ". {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PlaceOsError {}
