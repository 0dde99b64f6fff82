//! How people sign in to PlaceOS: the second application registration, handed over as an authentication source.

use std::fmt;

use graph_client::{ClientId, TenantId, printable};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::api::{AuthSource, AuthSourceSettings, PlaceOs, PlaceOsDomain, PlaceOsError};
use crate::document::Origin;
use crate::error::Error;
use crate::groups::ExchangeGroups;
use crate::outcome::Outcome;
use crate::registration::{
    Registration, RegistrationFinding, RegistrationFindingKind, RegistrationPlan, RegistrationReport, RegistrationStep,
};
use crate::spec::{Profile, Restriction};

/// The sign-in of people by Microsoft Entra ID: an authentication source of a PlaceOS domain, and the application that
/// it signs in by.
///
/// The source comes first, since the application needs its id for the address that people come back to; then the
/// application; then its client id and secret go into the source. It is not the application that reads rooms: that one signs
/// nobody in.
#[derive(Clone)]
pub struct UserSignIn {
    groups: ExchangeGroups,
    placeos: PlaceOs,
    tenant: TenantId,
    name: String,
    domain: Option<String>,
    registration: Registration,
    set_login: bool,
}

/// What is to be done for the sign-in of people.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserSignInPlan {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// The domain of PlaceOS.
    pub domain: String,
    /// The authentication source, by its id. `None` until it is made.
    pub source: Option<String>,
    /// The steps, in their order.
    pub steps: Vec<UserSignInStep>,
    /// What is to be known.
    pub findings: Vec<RegistrationFinding>,
}

/// One step of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
#[non_exhaustive]
pub enum UserSignInStep {
    /// Makes the authentication source, as yet without an application.
    CreateSource {
        /// Its name.
        name: String,
    },
    /// Registers the application, or completes it. Its address to come back to has the id of the source.
    Register {
        /// The steps that are known before the source is there.
        steps: Vec<RegistrationStep>,
    },
    /// Writes the application into the source, with the secret where a new one was added.
    WriteSource,
    /// Sends the people of the domain to sign in by the source.
    SetLogin {
        /// Where they were sent before.
        before: Option<String>,
    },
}

/// What came of it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserSignInReport {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// The authentication source, by its id.
    pub source: Option<String>,
    /// The application.
    pub application: Option<ClientId>,
    /// The steps, and how each ended.
    pub steps: Vec<UserSignInStepReport>,
}

/// A step, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserSignInStepReport {
    /// The step.
    #[serde(flatten)]
    pub step: UserSignInStep,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A sign-in that could not be planned or begun. Failures of single steps are in the report.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum UserSignInError {
    /// Graph could not be read, or the registration has faults.
    Microsoft(Error),
    /// PlaceOS could not be read.
    PlaceOs(PlaceOsError),
    /// Something blocks it.
    Blocked(String),
}

impl From<Error> for UserSignInError {
    fn from(error: Error) -> Self {
        Self::Microsoft(error)
    }
}

impl From<PlaceOsError> for UserSignInError {
    fn from(error: PlaceOsError) -> Self {
        Self::PlaceOs(error)
    }
}

impl fmt::Display for UserSignInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Microsoft(error) => write!(f, "{error}"),
            Self::PlaceOs(error) => write!(f, "{error}"),
            Self::Blocked(why) => write!(f, "the sign-in cannot be set up; nothing was changed: {}", printable(why)),
        }
    }
}

impl std::error::Error for UserSignInError {}

type Result<T> = std::result::Result<T, UserSignInError>;

/// What is there.
struct Facts {
    domain: PlaceOsDomain,
    source: Option<AuthSource>,
    registration: RegistrationPlan,
}

impl UserSignIn {
    /// The sign-in of people of a tenant, with the application that PlaceOS asks for. Its secret is not added yet.
    #[must_use]
    pub fn new(groups: ExchangeGroups, placeos: PlaceOs, tenant: TenantId) -> Self {
        let profile = Profile::PLACEOS.sign_in;
        let registration = profile.map_or_else(
            || Registration::new(Profile::PLACEOS.product),
            |profile| profile.registration(Restriction::Rbac),
        );
        Self { groups, placeos, tenant, name: "Microsoft".to_owned(), domain: None, registration, set_login: false }
    }

    /// Sets the name of the authentication source. Default: *Microsoft*.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the domain of PlaceOS. Default: the host of the address.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Changes the application registration: its name, its secret, or which application to go on with.
    #[must_use]
    pub fn registration(mut self, change: impl FnOnce(Registration) -> Registration) -> Self {
        self.registration = change(self.registration);
        self
    }

    /// Sends the people of the domain to sign in by the source. Default `false`: whoever signs in otherwise still does.
    #[must_use]
    pub fn set_login(mut self, set: bool) -> Self {
        self.set_login = set;
        self
    }

    fn domain_name(&self) -> String {
        self.domain.clone().or_else(|| self.placeos.base().host_str().map(str::to_owned)).unwrap_or_default()
    }

    async fn read(&self) -> Result<Facts> {
        let name = self.domain_name();
        let domains = self.placeos.domains().await?;
        let is_it = |it: &PlaceOsDomain| it.domain.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(&name));
        let Some(domain) = domains.into_iter().find(is_it) else {
            return Err(UserSignInError::Blocked(format!(
                "PlaceOS has no domain {name}: name the one that people use"
            )));
        };
        let sources = self.placeos.auth_sources(&domain.id).await?;
        let mut of_name = sources.into_iter().filter(|it| it.name.as_deref() == Some(&self.name));
        let source = of_name.next();
        if of_name.next().is_some() {
            let why = format!("the domain {name} has several authentication sources called \"{}\"", self.name);
            return Err(UserSignInError::Blocked(why));
        }
        let wanted = self.wanted(source.as_ref());
        let registration = self.groups.plan_registration(&wanted).await?;
        Ok(Facts { domain, source, registration })
    }

    /// The registration with the address that has the id of the source.
    fn wanted(&self, source: Option<&AuthSource>) -> Registration {
        let wanted = self.registration.clone();
        match source {
            Some(source) => wanted.redirect_uri(source.redirect_uri(&self.domain_name())),
            None => wanted,
        }
    }

    /// What is to be done. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// As [`ExchangeGroups::observe_registration`], and a key of an administrator of PlaceOS.
    ///
    /// # Errors
    ///
    /// [`UserSignInError`] when something could not be read, or PlaceOS has no such domain.
    pub async fn plan(&self) -> Result<UserSignInPlan> {
        Ok(self.derive(&self.read().await?))
    }

    fn derive(&self, facts: &Facts) -> UserSignInPlan {
        let Facts { domain, source, registration } = facts;
        let mut steps = Vec::new();
        if source.is_none() {
            steps.push(UserSignInStep::CreateSource { name: self.name.clone() });
        }
        if !registration.is_empty() || source.is_none() {
            steps.push(UserSignInStep::Register { steps: registration.steps.clone() });
        }
        let known = source.as_ref().and_then(|it| it.client_id.as_deref());
        let is_written = registration.application.is_some_and(|it| known == Some(&*it.to_string()));
        let adds_secret = registration.steps.iter().any(|step| matches!(step, RegistrationStep::AddSecret { .. }));
        if !is_written || adds_secret {
            steps.push(UserSignInStep::WriteSource);
        }
        let goes_there = source.as_ref().is_some_and(|it| domain.login_url.as_deref() == Some(&*it.login_url()));
        if self.set_login && !goes_there {
            steps.push(UserSignInStep::SetLogin { before: domain.login_url.clone() });
        }
        if registration.is_blocked() {
            steps.clear();
        }
        let mut findings = registration.findings.clone();
        // A secret that nobody can read again is of no use to a source that does not have it.
        let is_lost = |it: &RegistrationFinding| it.kind == RegistrationFindingKind::SecretExists && is_written;
        findings.retain(|it| !is_lost(it));
        UserSignInPlan {
            origin: registration.origin.clone(),
            domain: self.domain_name(),
            source: source.as_ref().map(|it| it.id.clone()),
            steps,
            findings,
        }
    }

    /// Does what a plan says. It stops at the first failure; planning and applying again goes on from there.
    ///
    /// # Errors
    ///
    /// [`UserSignInError`] when something could not be read, blocks it, or has changed so that more would be done than was
    /// planned.
    pub async fn apply(&self, plan: &UserSignInPlan) -> Result<UserSignInReport> {
        let facts = self.read().await?;
        let now = self.derive(&facts);
        if facts.registration.is_blocked() {
            let findings: Vec<String> = facts.registration.findings.iter().map(ToString::to_string).collect();
            return Err(UserSignInError::Blocked(findings.join("; ")));
        }
        let kind = |step: &UserSignInStep| std::mem::discriminant(step);
        if now.steps.iter().any(|step| !plan.steps.iter().any(|it| kind(it) == kind(step))) {
            return Err(UserSignInError::Blocked("things have changed since the plan was made: plan again".to_owned()));
        }
        let mut run = Run { sign_in: self, domain: facts.domain, source: facts.source, registered: None };
        let mut steps: Vec<UserSignInStepReport> = Vec::new();
        for step in &now.steps {
            let outcome = if steps.iter().any(|it| !it.outcome.is_success()) {
                Outcome::NotRun { reason: "a step before it failed".into() }
            } else {
                run.step(step).await.unwrap_or_else(|error| Outcome::Failed { error })
            };
            steps.push(UserSignInStepReport { step: step.clone(), outcome });
        }
        let application = run.registered.as_ref().and_then(|it| it.application).or(facts.registration.application);
        Ok(UserSignInReport {
            origin: Origin::now(&plan.origin.tenant),
            source: run.source.map(|it| it.id),
            application,
            steps,
        })
    }
}

struct Run<'a> {
    sign_in: &'a UserSignIn,
    domain: PlaceOsDomain,
    source: Option<AuthSource>,
    registered: Option<RegistrationReport>,
}

impl Run<'_> {
    async fn step(&mut self, step: &UserSignInStep) -> std::result::Result<Outcome, String> {
        let UserSignIn { groups, placeos, tenant, name, .. } = self.sign_in;
        let told = |error: PlaceOsError| error.to_string();
        let settings = AuthSourceSettings::microsoft(name, &*self.domain.id, tenant);
        let source = || self.source.as_ref().ok_or_else(|| "there is no authentication source".to_owned());
        match step {
            UserSignInStep::CreateSource { .. } => {
                let made = placeos.create_auth_source(&settings, None).await;
                self.source = Some(made.map_err(told)?);
            }
            UserSignInStep::Register { .. } => {
                let wanted = self.sign_in.wanted(Some(source()?));
                let plan = groups.plan_registration(&wanted).await.map_err(|error| error.to_string())?;
                let report = groups.apply_registration(&plan).await.map_err(|error| error.to_string())?;
                let is_complete = report.is_complete();
                let shown = report.to_string();
                self.registered = Some(report);
                if !is_complete {
                    return Err(shown);
                }
            }
            UserSignInStep::WriteSource => {
                let wanted = self.sign_in.wanted(Some(source()?));
                let application = match self.registered.as_ref().and_then(|it| it.application) {
                    Some(id) => Some(id),
                    None => groups.plan_registration(&wanted).await.map_err(|error| error.to_string())?.application,
                };
                let application = application.ok_or_else(|| "the application is not registered".to_owned())?;
                let secret = self.registered.as_ref().and_then(|it| it.secret.as_ref()).map(|it| &it.secret);
                let written = placeos.update_auth_source(&source()?.id, &settings.client_id(application), secret).await;
                let written = written.map_err(told)?;
                if written.client_id.as_deref() != Some(&*application.to_string()) {
                    return Ok(Outcome::Unconfirmed { reason: "the source does not show the client id".into() });
                }
                self.source = Some(written);
            }
            UserSignInStep::SetLogin { .. } => {
                let login = source()?.login_url();
                placeos.set_login(&self.domain.id, &login, "/auth/logout?continue={{url}}").await.map_err(told)?;
            }
        }
        Ok(Outcome::Done)
    }
}

impl UserSignInPlan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl UserSignInReport {
    /// Whether every step was made.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.steps.iter().all(|step| step.outcome.is_success())
    }
}

impl fmt::Display for UserSignInStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateSource { name } => {
                write!(f, "Create the authentication source \"{}\" in PlaceOS", printable(name))
            }
            Self::Register { steps } => {
                f.write_str("Register the application that people sign in by, with the address to come back to")?;
                steps.iter().try_for_each(|step| write!(f, "\n       - {step}"))
            }
            Self::WriteSource => f.write_str("Write the client id and the new secret into the authentication source"),
            Self::SetLogin { before } => {
                let before = before.as_deref().filter(|it| !it.is_empty()).unwrap_or("nowhere");
                write!(f, "Send the people of the domain to sign in by it; before: {}", printable(before))
            }
        }
    }
}

impl fmt::Display for UserSignInPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Sign-in of people at {}", printable(&self.domain))?;
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

impl fmt::Display for UserSignInReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let complete = if self.is_complete() { "complete" } else { "NOT COMPLETE" };
        writeln!(f, "Sign-in of people {complete}")?;
        for step in &self.steps {
            let sentence = step.step.to_string();
            write!(f, "  {:<12} {}", step.outcome.as_str(), sentence.lines().next().unwrap_or_default())?;
            match &step.outcome {
                Outcome::Failed { error } => writeln!(f, ": {}", printable(error))?,
                Outcome::NotRun { reason } | Outcome::Unconfirmed { reason } => writeln!(f, ": {}", printable(reason))?,
                _ => writeln!(f)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for UserSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSignIn")
            .field("placeos", &self.placeos)
            .field("tenant", &self.tenant)
            .field("name", &self.name)
            .field("registration", &self.registration)
            .finish_non_exhaustive()
    }
}
