//! Carries out the plan of a registration.

use std::time::Duration;

use graph_client::graph::{
    ApplicationRef, ApplicationUpdate, Applications, GrantOutcome, NewApplication, RequiredResourceAccess,
    ResourceAccess, WebApplication,
};
use graph_client::{Client, ClientId, ServicePrincipalId, well_known};
use tracing::Instrument as _;

use super::document::{RegistrationPlan, RegistrationReport, RegistrationStep as Step, RegistrationStepReport};
use super::input::Registration;
use super::read::{RegistrationFacts, read};
use crate::credentials::{NewSecret, add_password};
use crate::document::Origin;
use crate::error::{Error, Result};
use crate::finding::{Advice, Finding, FindingKind, Severity};
use crate::groups::ExchangeGroups;
use crate::outcome::Outcome;

struct Run<'a> {
    groups: &'a ExchangeGroups,
    client: &'a Client,
    registration: &'a Registration,
    facts: &'a RegistrationFacts,
    application: Option<ClientId>,
    principal: Option<ServicePrincipalId>,
    is_new: bool,
    secret: Option<NewSecret>,
}

type Done = std::result::Result<Outcome, String>;

fn told(error: &graph_client::Error) -> String {
    error.to_string()
}

impl Run<'_> {
    fn applications(&self) -> Applications {
        let applications = self.client.applications();
        if self.is_new { applications.just_created() } else { applications }
    }

    fn principals(&self) -> graph_client::graph::ServicePrincipals {
        let principals = self.client.service_principals();
        if self.is_new { principals.just_created() } else { principals }
    }

    fn application(&self) -> std::result::Result<ClientId, String> {
        self.application.ok_or_else(|| "the application was not registered".to_owned())
    }

    fn principal(&self) -> std::result::Result<ServicePrincipalId, String> {
        self.principal.ok_or_else(|| "the application has no service principal".to_owned())
    }

    async fn step(&mut self, step: &Step) -> Done {
        match step {
            Step::CreateApplication { name } => self.create(name).await,
            Step::CreateServicePrincipal => {
                let application = self.application()?;
                let made = self.principals().create(&application).await.map_err(|error| told(&error))?;
                self.principal = Some(made.id);
                self.is_new = true;
                Ok(Outcome::Done)
            }
            Step::Declare { application_permissions, delegated_permissions } => {
                self.declare(application_permissions, delegated_permissions).await
            }
            Step::AddRedirects { uris } => self.redirect(uris).await,
            Step::Grant { permission } => {
                let principal = self.principal()?;
                let role = self.facts.roles.get(permission);
                let role = role.ok_or_else(|| format!("Microsoft Graph has no permission {permission}"))?;
                let granted = self.principals().grant_app_role(&principal, &self.facts.graph, role).await;
                match granted.map_err(|error| told(&error))? {
                    GrantOutcome::Existed => Ok(Outcome::AlreadyDone),
                    _ => Ok(Outcome::Done),
                }
            }
            Step::Consent { permissions } => self.consent(permissions).await,
            Step::AddSecret { name, valid_for } => {
                let application = self.application()?;
                let valid_for = Duration::from_secs(*valid_for);
                self.secret = Some(if self.is_new {
                    let added = add_password(&self.applications(), application, name, valid_for).await;
                    added.map_err(|error| told(&error))?
                } else {
                    let added = self.groups.add_secret(application, name, valid_for).await;
                    added.map_err(|error| error.to_string())?
                });
                Ok(Outcome::Done)
            }
        }
    }

    /// The name in the directory makes sure that a repetition does not make a second one.
    async fn create(&mut self, name: &str) -> Done {
        let unique_name = self.registration.unique_name();
        let mut new = NewApplication::new(name);
        if let Some(unique) = &unique_name {
            new = new.unique_name(unique);
        }
        let created = match (self.client.applications().create(&new).await, unique_name) {
            (Ok(created), _) => Ok(created),
            // It may have been made all the same, and not be known everywhere yet.
            (Err(error), Some(unique)) if error.is_outcome_unknown() => {
                let there = self.client.applications().just_created().get(ApplicationRef::UniqueName(unique)).await;
                there.map_err(|_| error)
            }
            (Err(error), _) => Err(error),
        };
        let created = created.map_err(|error| told(&error))?;
        self.application = created.app_id;
        self.is_new = true;
        if self.application.is_none() { Err("Graph shows no client id of it".into()) } else { Ok(Outcome::Done) }
    }

    async fn declare(&self, roles: &[String], scopes: &[String]) -> Done {
        let application = self.application()?;
        let now = self.applications().get(application).await.map_err(|error| told(&error))?;
        let graph = well_known::MICROSOFT_GRAPH.to_string();
        let mut all = now.required_resource_access;
        let at = all.iter().position(|it| it.resource_app_id.as_deref() == Some(&*graph)).unwrap_or_else(|| {
            all.push(RequiredResourceAccess::new(&well_known::MICROSOFT_GRAPH, Vec::new()));
            all.len() - 1
        });
        let roles = roles.iter().filter_map(|it| Some(ResourceAccess::role(self.facts.roles.get(it)?)));
        let scope = |it: &String| Some(ResourceAccess::scope(&self.facts.scopes.get(it)?.parse().ok()?));
        let scopes = scopes.iter().filter_map(scope);
        for wanted in roles.chain(scopes).collect::<Vec<_>>() {
            if !all[at].resource_access.iter().any(|it| it.id == wanted.id && it.kind == wanted.kind) {
                all[at].resource_access.push(wanted);
            }
        }
        let update = ApplicationUpdate::new().required_resource_access(all);
        self.applications().update(application, &update).await.map_err(|error| told(&error))?;
        Ok(Outcome::Done)
    }

    async fn redirect(&self, uris: &[String]) -> Done {
        let application = self.application()?;
        let now = self.applications().get(application).await.map_err(|error| told(&error))?;
        let mut web = WebApplication::default();
        // The list is replaced: those that others added stay.
        web.redirect_uris = now.web.map(|it| it.redirect_uris).unwrap_or_default();
        web.redirect_uris.extend(uris.iter().filter(|it| !web.redirect_uris.contains(it)).cloned().collect::<Vec<_>>());
        let update = ApplicationUpdate::new().web(web);
        self.applications().update(application, &update).await.map_err(|error| told(&error))?;
        Ok(Outcome::Done)
    }

    async fn consent(&self, permissions: &[String]) -> Done {
        let principal = self.principal()?;
        let grants = self.client.permission_grants();
        let texts: Vec<&str> = permissions.iter().map(String::as_str).collect();
        if let Some(grant) = &self.facts.consent {
            let all: Vec<&str> = grant.scopes().chain(texts).collect();
            grants.set_scopes(grant.id.as_str(), &all).await.map_err(|error| told(&error))?;
        } else {
            let grant = grants.grant_for_all(&principal, &self.facts.graph, &texts);
            let made = if self.is_new { grant.just_created().await } else { grant.await };
            if let GrantOutcome::Existed = made.map_err(|error| told(&error))? {
                return Err("there is a consent that was not there before: plan again".into());
            }
        }
        Ok(Outcome::Done)
    }
}

async fn apply(groups: &ExchangeGroups, plan: &RegistrationPlan) -> Result<RegistrationReport> {
    plan.registration.check()?;
    let (client, meter) = groups.client.metered();
    let facts = read(&client, &plan.registration).await?;
    let now = plan.registration.plan(&facts);
    let unplanned: Vec<String> =
        now.steps.iter().filter(|step| !plan.steps.contains(step)).map(ToString::to_string).collect();
    if now.is_blocked() || plan.is_blocked() || !unplanned.is_empty() || facts.origin.tenant != plan.origin.tenant {
        return Err(Error::blocked(vec![changed(&now, &unplanned)]));
    }
    let mut run = Run {
        groups,
        client: &client,
        registration: &plan.registration,
        facts: &facts,
        application: now.application,
        principal: facts.principal,
        is_new: false,
        secret: None,
    };
    let mut steps: Vec<RegistrationStepReport> = Vec::new();
    for step in &plan.steps {
        let has_failed = steps.iter().any(|it| !it.outcome.is_success());
        let outcome = if has_failed {
            Outcome::NotRun { reason: "a step before it failed".into() }
        } else if now.steps.contains(step) {
            run.step(step).await.unwrap_or_else(|error| Outcome::Failed { error })
        } else {
            Outcome::AlreadyDone
        };
        steps.push(RegistrationStepReport { step: step.clone(), outcome });
    }
    let (application, secret) = (run.application, run.secret);
    let requests = meter.usage().requests;
    Ok(RegistrationReport { origin: Origin::now(&plan.origin.tenant), application, steps, secret, requests })
}

fn changed(now: &RegistrationPlan, unplanned: &[String]) -> Finding {
    let blocking = now.findings.iter().find(|finding| finding.severity == Severity::Blocking);
    match blocking {
        Some(finding) => {
            Finding::new(Severity::Blocking, FindingKind::NameTaken, finding.message.clone(), finding.advice.clone())
        }
        None => Finding::new(
            Severity::Blocking,
            FindingKind::Drift,
            format!(
                "The tenant is not as when the registration was planned; not in the plan: {}",
                unplanned.join("; ")
            ),
            Advice::operator("Plan the registration again, and look at what has changed."),
        ),
    }
}

impl ExchangeGroups {
    /// Reads what is there of a registration. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// Graph: `Application.Read.All`, for delegated permissions `Directory.Read.All`. Where it asks for a permission on
    /// calendars also Exchange, as [`audit`](Self::audit).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Spec`](crate::ErrorKind::Spec) with every fault, before any request;
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when something could not be read.
    pub async fn observe_registration(&self, registration: &Registration) -> Result<RegistrationFacts> {
        registration.check()?;
        let span = tracing::info_span!("exchange_groups.observe_registration", run_id = %uuid::Uuid::new_v4());
        Box::pin(read(&self.client, registration).instrument(span)).await
    }

    /// What is to be done for a registration. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// As [`observe_registration`](Self::observe_registration).
    ///
    /// # Errors
    ///
    /// As [`observe_registration`](Self::observe_registration).
    pub async fn plan_registration(&self, registration: &Registration) -> Result<RegistrationPlan> {
        Ok(registration.plan(&self.observe_registration(registration).await?))
    }

    /// Carries out the plan of a registration, step by step. It stops at the first failure; planning and applying again goes
    /// on from there, with the application that was made.
    ///
    /// The secret comes once, in the report: hand it over, and drop it. Where the response with it is lost, it is taken away
    /// again, so that the next run adds it anew; where that fails, the step says that it may be there.
    ///
    /// # Permissions
    ///
    /// Graph: `Application.ReadWrite.OwnedBy` for an application that the caller makes or owns, else
    /// `Application.ReadWrite.All`; `AppRoleAssignment.ReadWrite.All` to grant application permissions, and
    /// `DelegatedPermissionGrant.ReadWrite.All` to consent to delegated ones.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Blocked`](crate::ErrorKind::Blocked) when something blocks the plan, or the tenant has changed so that
    /// more would be done than was planned; [`ErrorKind::Service`](crate::ErrorKind::Service) when something could not be
    /// read. A step that fails is no error: the report says it.
    pub async fn apply_registration(&self, plan: &RegistrationPlan) -> Result<RegistrationReport> {
        let span = tracing::info_span!("exchange_groups.apply_registration", run_id = %uuid::Uuid::new_v4());
        Box::pin(apply(self, plan).instrument(span)).await
    }
}
