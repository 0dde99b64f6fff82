use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::Exchange;
use crate::text::Printable;

/// The most warnings that are kept until they are taken.
const MOST: usize = 1_000;

/// The warnings of the commands that an [`Exchange`] runs. Made by [`Exchange::with_warnings`]; clones share them.
///
/// A warning never changes whether a command succeeded. The first 1,000 are kept until they are taken.
#[derive(Debug, Clone, Default)]
pub struct Warnings(Arc<Mutex<VecDeque<Warning>>>);

impl Warnings {
    /// The warnings since the last time, in the order in which they came.
    #[must_use]
    pub fn take(&self) -> Vec<Warning> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }

    pub(super) fn add(&self, cmdlet: &str, message: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MOST {
            kept.push_back(Warning { cmdlet: cmdlet.to_owned(), message: message.to_owned() });
        }
    }
}

/// What a cmdlet warned of although it succeeded, or what was odd about its response.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The cmdlet.
    pub cmdlet: String,
    /// The text, as the service sent it.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Printable(&self.cmdlet), Printable(&self.message))
    }
}

impl Exchange {
    /// The same with the warnings of its commands collected, and where to take them from.
    #[must_use]
    pub fn with_warnings(&self) -> (Self, Warnings) {
        let warnings = Warnings::default();
        (Self { warnings: Some(warnings.clone()), ..self.clone() }, warnings)
    }
}
