use std::fmt;

use crate::{Finding, SpecError};

/// The result of every call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed, in the terms in which a caller reacts to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The spec breaks rules; nothing was sent.
    Spec,
    /// The plan has findings that must be dealt with first; nothing was changed.
    Blocked,
    /// Microsoft Graph or Exchange refused or could not be reached; see [`Error::service`].
    Service,
}

/// A call that failed. Failures of single steps are not errors but part of the [`Report`](crate::Report).
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
enum Inner {
    Spec(SpecError),
    Blocked(Vec<Finding>),
    Service { during: &'static str, error: graph_client::Error },
}

impl Error {
    pub(crate) fn blocked(findings: Vec<Finding>) -> Self {
        Self(Box::new(Inner::Blocked(findings)))
    }

    pub(crate) fn during(during: &'static str) -> impl Fn(graph_client::Error) -> Self {
        move |error| Self(Box::new(Inner::Service { during, error }))
    }

    /// What to branch on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Inner::Spec(_) => ErrorKind::Spec,
            Inner::Blocked(_) => ErrorKind::Blocked,
            Inner::Service { .. } => ErrorKind::Service,
        }
    }

    /// What the service said, for [`ErrorKind::Service`].
    #[must_use]
    pub fn service(&self) -> Option<&graph_client::Error> {
        match &*self.0 {
            Inner::Service { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The faults of the spec, for [`ErrorKind::Spec`].
    #[must_use]
    pub fn spec(&self) -> Option<&SpecError> {
        match &*self.0 {
            Inner::Spec(error) => Some(error),
            _ => None,
        }
    }

    /// What blocks the plan, for [`ErrorKind::Blocked`].
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match &*self.0 {
            Inner::Blocked(findings) => findings,
            _ => &[],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Inner::Spec(error) => fmt::Display::fmt(error, f),
            Inner::Blocked(findings) => {
                f.write_str("the plan cannot be applied; nothing was changed")?;
                findings.iter().try_for_each(|finding| write!(f, "\n- {finding}"))
            }
            Inner::Service { during, error } => write!(f, "{during}: {error}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Error").field(&self.0).finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The text above has the service's error in it already; what caused that is news.
        match &*self.0 {
            Inner::Service { error, .. } => error.source(),
            _ => None,
        }
    }
}

impl From<SpecError> for Error {
    fn from(error: SpecError) -> Self {
        Self(Box::new(Inner::Spec(error)))
    }
}
