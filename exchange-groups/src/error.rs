use std::fmt;

use graph_client::{ClientId, ErrorKind as ServiceErrorKind, printable};

use crate::change::Step;
use crate::document::{Digest, ObservationRef};
use crate::finding::Finding;
use crate::names::named;
use crate::spec::SpecError;
use crate::text::count;

/// The result of every call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

named! {
    /// The kinds of [`Error`], for a program to react to.
    #[non_exhaustive]
    pub enum ErrorKind as "kind of error" {
        /// The spec breaks rules; nothing was sent.
        Spec = "spec",
        /// The plan has blocking issues, as the tenant is now; nothing was changed.
        Blocked = "blocked",
        /// The tenant has changed since the plan was made, so that it lacks steps; nothing was changed.
        Stale = "stale",
        /// The plan is not the one that was approved; nothing was sent.
        NotApproved = "not_approved",
        /// Microsoft Graph or Exchange refused or could not be reached; see [`Error::service`].
        Service = "service",
    }
}

/// A call that failed. Failures of single steps are not errors but part of the [`Report`](crate::Report).
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
enum Inner {
    Spec(SpecError),
    Blocked(Vec<Finding>),
    Stale { observation: ObservationRef, unplanned: Vec<Step> },
    NotApproved { approved: Digest, plan: Digest },
    Service { during: &'static str, error: graph_client::Error, caller: Option<ClientId> },
}

impl Error {
    /// A plan with blocking issues.
    #[must_use]
    pub fn blocked(findings: Vec<Finding>) -> Self {
        Self(Box::new(Inner::Blocked(findings)))
    }

    /// A plan that no longer fits the tenant: these steps are to be done now, and it does not have them.
    #[must_use]
    pub fn stale(observation: &ObservationRef, unplanned: Vec<Step>) -> Self {
        Self(Box::new(Inner::Stale { observation: observation.clone(), unplanned }))
    }

    /// A plan with another digest than the approved one.
    #[must_use]
    pub fn not_approved(approved: impl Into<Digest>, plan: impl Into<Digest>) -> Self {
        Self(Box::new(Inner::NotApproved { approved: approved.into(), plan: plan.into() }))
    }

    /// A failed call to Microsoft Graph or Exchange, and what it was made for: *list the rooms*.
    #[must_use]
    pub fn of_service(during: &'static str, error: graph_client::Error) -> Self {
        Self(Box::new(Inner::Service { during, error, caller: None }))
    }

    pub(crate) fn during(during: &'static str) -> impl Fn(graph_client::Error) -> Self {
        move |error| Self::of_service(during, error)
    }

    /// Sets which application called: it is not the restricted one, which must not be granted what the caller lacks.
    pub(crate) fn called_by(mut self, application: Option<ClientId>) -> Self {
        if let Inner::Service { caller, .. } = &mut *self.0 {
            *caller = application;
        }
        self
    }

    /// The kind of error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Inner::Spec(_) => ErrorKind::Spec,
            Inner::Blocked(_) => ErrorKind::Blocked,
            Inner::Stale { .. } => ErrorKind::Stale,
            Inner::NotApproved { .. } => ErrorKind::NotApproved,
            Inner::Service { .. } => ErrorKind::Service,
        }
    }

    /// The error of the service, for [`ErrorKind::Service`].
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

    /// The steps that are needed now and that the plan lacks, for [`ErrorKind::Stale`].
    #[must_use]
    pub fn unplanned(&self) -> &[Step] {
        match &*self.0 {
            Inner::Stale { unplanned, .. } => unplanned,
            _ => &[],
        }
    }

    /// The blocking issues of the plan, for [`ErrorKind::Blocked`].
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match &*self.0 {
            Inner::Blocked(findings) => findings,
            _ => &[],
        }
    }
}

/// The application that made a refused call, as a clause after the error's text.
pub(crate) fn caller_of(error: &graph_client::Error, caller: Option<ClientId>) -> String {
    match (error.kind(), caller) {
        (ServiceErrorKind::Denied, Some(caller)) => {
            format!(" (called by the administering application {caller})")
        }
        _ => String::new(),
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
            Inner::Stale { observation, unplanned } => {
                write!(
                    f,
                    "the tenant has changed since {}, when the plan's observation was made; nothing was changed. Plan \
                     again: {} now to be done that the plan does not have",
                    observation.made_at,
                    if unplanned.len() == 1 { "1 step is".to_owned() } else { count(unplanned.len(), "step") + " are" },
                )?;
                unplanned.iter().try_for_each(|step| write!(f, "\n- {}", printable(&step.sentence())))
            }
            Inner::NotApproved { approved, plan } => {
                write!(f, "the plan's digest is {plan}, and {approved} was approved; nothing was sent")
            }
            Inner::Service { during, error, caller } => {
                write!(f, "{during}: {error}")?;
                f.write_str(&caller_of(error, *caller))
            }
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
