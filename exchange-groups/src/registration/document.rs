//! The plan of a registration, and the report on it.

use std::fmt;

use graph_client::{ClientId, printable};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::input::Registration;
use crate::credentials::NewSecret;
use crate::document::{Digest, Origin};
use crate::finding::{Advice, Severity};
use crate::names::named;
use crate::outcome::Outcome;

/// What is to be done for a registration.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegistrationPlan {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// The digest of the facts that it was made from.
    pub observation: Digest,
    /// What it is to be.
    pub registration: Registration,
    /// The application that it goes on with. `None` where one is made.
    pub application: Option<ClientId>,
    /// The steps, in their order.
    pub steps: Vec<RegistrationStep>,
    /// What is to be known.
    pub findings: Vec<RegistrationFinding>,
}

/// One step of a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
#[non_exhaustive]
pub enum RegistrationStep {
    /// Registers the application.
    CreateApplication {
        /// Its name.
        name: String,
    },
    /// Makes its service principal, to which permissions are granted.
    CreateServicePrincipal,
    /// Writes down in the registration which permissions it asks for. That grants nothing.
    Declare {
        /// The application permissions that are added.
        application_permissions: Vec<String>,
        /// The delegated permissions that are added.
        delegated_permissions: Vec<String>,
    },
    /// Adds addresses that people come back to when they have signed in.
    AddRedirects {
        /// The addresses.
        uris: Vec<String>,
    },
    /// Grants an application permission of Microsoft Graph for the whole tenant.
    Grant {
        /// Its value.
        permission: String,
    },
    /// Consents to delegated permissions of Microsoft Graph for everybody.
    Consent {
        /// Their values.
        permissions: Vec<String>,
    },
    /// Adds a secret.
    AddSecret {
        /// Its name.
        name: String,
        /// For how many seconds it is valid.
        valid_for: u64,
    },
}

/// Something to know about a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegistrationFinding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is.
    pub kind: RegistrationFindingKind,
    /// What was found, as a sentence without a full stop.
    pub message: String,
    /// Who does what about it.
    pub advice: Advice,
}

named! {
    /// What a finding about a registration is.
    #[non_exhaustive]
    pub enum RegistrationFindingKind as "kind of finding" {
        /// Applications of the name are there.
        NameTaken = "name_taken",
        /// The application to go on with is not registered in this tenant.
        NoApplication = "no_application",
        /// Microsoft Graph has no such permission.
        UnknownPermission = "unknown_permission",
        /// A permission that reaches every mailbox is held back until an access policy restricts the application, and acts.
        HeldBack = "held_back",
        /// A permission that no access policy narrows, by which the application can widen its access, or of which neither is
        /// known not to be so.
        NotNarrowed = "not_narrowed",
        /// It holds a permission that reaches every mailbox or widens its access, and that this registration does not ask for.
        HoldsMore = "holds_more",
        /// A secret of the name is valid already.
        SecretExists = "secret_exists",
        /// Something could not be read.
        NotRead = "not_read",
    }
}

/// What came of carrying out the plan of a registration.
#[skip_serializing_none]
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct RegistrationReport {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// The application. `None` where it was not made.
    pub application: Option<ClientId>,
    /// The steps and how each ended.
    pub steps: Vec<RegistrationStepReport>,
    /// The secret that was added. It is nowhere else, and not part of the JSON form.
    #[serde(skip)]
    pub secret: Option<NewSecret>,
    /// The number of HTTP requests.
    pub requests: u64,
}

/// A step of a registration, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegistrationStepReport {
    /// The step.
    #[serde(flatten)]
    pub step: RegistrationStep,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl RegistrationPlan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether something blocks it, so that it cannot be carried out.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Blocking)
    }
}

impl RegistrationReport {
    /// Whether every step was made, or had been.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.steps.iter().all(|step| step.outcome.is_success())
    }
}

impl fmt::Display for RegistrationStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateApplication { name } => write!(f, "Register the application \"{}\"", printable(name)),
            Self::CreateServicePrincipal => f.write_str("Make its service principal"),
            Self::Declare { application_permissions, delegated_permissions } => {
                let all: Vec<&str> =
                    application_permissions.iter().chain(delegated_permissions).map(String::as_str).collect();
                write!(f, "Write down that it asks for {}", all.join(", "))
            }
            Self::AddRedirects { uris } => write!(f, "Let people come back to {}", printable(&uris.join(", "))),
            Self::Grant { permission } => write!(f, "Grant {permission} for the whole tenant"),
            Self::Consent { permissions } => write!(f, "Consent for everybody to {}", permissions.join(", ")),
            Self::AddSecret { name, valid_for } => {
                write!(f, "Add the secret \"{}\", valid for {} days", printable(name), valid_for / (24 * 60 * 60))
            }
        }
    }
}

impl fmt::Display for RegistrationFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", printable(&self.message), self.advice)
    }
}

impl fmt::Display for RegistrationPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = match self.application {
            Some(id) => format!("client id {id}"),
            None => "to be registered".to_owned(),
        };
        let name = printable(self.registration.name());
        writeln!(f, "Registration of {name} in {}, {which}", printable(&self.origin.tenant))?;
        for finding in &self.findings {
            writeln!(f, "  {:<8}  {finding}", finding.severity.to_string().to_uppercase())?;
        }
        for (index, step) in self.steps.iter().enumerate() {
            writeln!(f, "  {:>2}. {step}", index + 1)?;
        }
        if self.steps.is_empty() {
            writeln!(f, "  Nothing is to be done.")?;
        }
        Ok(())
    }
}

impl fmt::Display for RegistrationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let complete = if self.is_complete() { "complete" } else { "NOT COMPLETE" };
        let which = self.application.map_or_else(|| "not registered".to_owned(), |id| format!("client id {id}"));
        writeln!(f, "Registration {complete}, {which}")?;
        for step in &self.steps {
            write!(f, "  {:<12} {}", step.outcome.as_str(), step.step)?;
            match &step.outcome {
                Outcome::Failed { error } => writeln!(f, ": {}", printable(error))?,
                Outcome::NotRun { reason } | Outcome::Unconfirmed { reason } => writeln!(f, ": {}", printable(reason))?,
                _ => writeln!(f)?,
            }
        }
        Ok(())
    }
}
