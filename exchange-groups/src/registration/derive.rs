//! From facts to the plan of a registration. Pure.

use graph_client::ClientId;
use graph_client::graph::{Application, PermissionGrant, ResourceAccessType};
use graph_client::well_known;

use super::document::{
    RegistrationFinding, RegistrationFindingKind as Kind, RegistrationPlan, RegistrationStep as Step,
};
use super::input::Registration;
use super::read::RegistrationFacts;
use crate::access::Opens;
use crate::credentials::{CredentialKind, CredentialState};
use crate::document::Digest;
use crate::finding::{Advice, Severity};
use crate::text::some_of;

impl Registration {
    /// Derives what is to be done. Pure: the same facts give the same plan.
    #[must_use]
    pub fn plan(&self, facts: &RegistrationFacts) -> RegistrationPlan {
        let mut findings = Vec::new();
        let application = facts.application.as_ref();
        let client_id = application.and_then(|it| it.app_id);
        self.which(facts, client_id, &mut findings);
        self.unknown_permissions(facts, &mut findings);
        let held = |value: &String| facts.granted.iter().any(|it| it.eq_ignore_ascii_case(value));
        let mut permissions: Vec<String> = self.application_permissions.clone();
        let opening = |it: &&String, what| facts.opens.get(*it) == Some(&what) && !held(it);
        let open: Vec<String> = permissions.iter().filter(|it| opening(it, Opens::UnlessPolicy)).cloned().collect();
        let is_narrowed = facts.is_restricted == Some(true) && self.policy_acts;
        if !open.is_empty() && !is_narrowed {
            permissions.retain(|it| !open.contains(it));
            findings.push(held_back(&open, facts));
        }
        let unlimited: Vec<&String> = permissions.iter().filter(|it| opening(it, Opens::Anything)).collect();
        if !unlimited.is_empty() {
            findings.push(not_narrowed(&unlimited));
        }
        let more: Vec<&String> = facts
            .granted
            .iter()
            .filter(|it| facts.opens.get(*it) != Some(&Opens::Nothing) && !self.application_permissions.contains(it))
            .collect();
        if !more.is_empty() {
            findings.push(RegistrationFinding {
                severity: Severity::Warning,
                kind: Kind::HoldsMore,
                message: format!(
                    "The application holds {} for the whole tenant, which this registration does not ask for",
                    some_of(more, 5)
                ),
                advice: Advice::operator(
                    "Plan and apply the spec of its group with revoke_tenant_wide_grant: a permission for calendars is revoked \
                     once the role is in place, and the findings of that plan say what to do about any other.",
                ),
            });
        }
        let mut steps = Vec::new();
        if application.is_none() {
            steps.push(Step::CreateApplication { name: self.name.clone() });
        }
        if facts.principal.is_none() {
            steps.push(Step::CreateServicePrincipal);
        }
        steps.extend(self.declare(application, &permissions, facts));
        let redirects = application.and_then(|it| it.web.as_ref()).map_or(&[][..], |web| &web.redirect_uris);
        let uris: Vec<String> = self.redirect_uris.iter().filter(|it| !redirects.contains(it)).cloned().collect();
        if !uris.is_empty() {
            steps.push(Step::AddRedirects { uris });
        }
        let known = permissions.into_iter().filter(|it| facts.roles.contains_key(it) && !held(it));
        steps.extend(known.map(|permission| Step::Grant { permission }));
        let consented: Vec<&str> = facts.consent.iter().flat_map(PermissionGrant::scopes).collect();
        let missing = self.delegated_permissions.iter();
        let missing = missing.filter(|it| facts.scopes.contains_key(*it) && !consented.contains(&it.as_str()));
        let permissions: Vec<String> = missing.cloned().collect();
        if !permissions.is_empty() {
            steps.push(Step::Consent { permissions });
        }
        steps.extend(self.add_secret(facts, &mut findings));
        if findings.iter().any(|finding| finding.severity == Severity::Blocking) {
            steps.clear();
        }
        findings.sort_by_key(|finding| finding.severity);
        RegistrationPlan {
            origin: facts.origin.clone(),
            observation: Digest::of(facts),
            registration: self.clone(),
            application: client_id,
            steps,
            findings,
        }
    }

    fn which(&self, facts: &RegistrationFacts, own: Option<ClientId>, findings: &mut Vec<RegistrationFinding>) {
        if let (Some(wanted), None) = (self.application, own) {
            findings.push(RegistrationFinding {
                severity: Severity::Blocking,
                kind: Kind::NoApplication,
                message: format!("No application {wanted} is registered in this tenant"),
                advice: Advice::operator(
                    "Give the client id of an app registration of this tenant. What another organisation registered is only a \
                     service principal here, and has its secrets there.",
                ),
            });
        }
        let others: Vec<&ClientId> = facts.of_name.iter().filter(|it| Some(**it) != own).collect();
        if others.is_empty() {
            return;
        }
        let is_settled = own.is_some() || self.application.is_some() || self.another;
        findings.push(RegistrationFinding {
            severity: if is_settled { Severity::Warning } else { Severity::Blocking },
            kind: Kind::NameTaken,
            message: format!("Other applications are called \"{}\", newest first: {}", self.name, some_of(others, 5)),
            advice: Advice::entra(
                "Find out by their sign-ins which one the product uses. Go on with that one by its client id, or say that \
                 another one is meant; retire those that nobody uses.",
            ),
        });
    }

    fn unknown_permissions(&self, facts: &RegistrationFacts, findings: &mut Vec<RegistrationFinding>) {
        let roles = self.application_permissions.iter().filter(|it| !facts.roles.contains_key(*it));
        let scopes = self.delegated_permissions.iter().filter(|it| !facts.scopes.contains_key(*it));
        let unknown = roles.map(|it| (it, "application")).chain(scopes.map(|it| (it, "delegated")));
        findings.extend(unknown.map(|(value, kind)| RegistrationFinding {
            severity: Severity::Blocking,
            kind: Kind::UnknownPermission,
            message: format!("Microsoft Graph has no {kind} permission {value} in this tenant"),
            advice: Advice::operator("Correct its value: it is written as in Microsoft's permissions reference."),
        }));
    }

    fn declare(&self, application: Option<&Application>, roles: &[String], facts: &RegistrationFacts) -> Option<Step> {
        let graph = well_known::MICROSOFT_GRAPH.to_string();
        let declared: Vec<(&str, Option<&ResourceAccessType>)> = application
            .iter()
            .flat_map(|it| &it.required_resource_access)
            .filter(|it| it.resource_app_id.as_deref() == Some(&*graph))
            .flat_map(|it| &it.resource_access)
            .map(|it| (&*it.id, it.kind.as_ref()))
            .collect();
        let has = |id: &str, kind: &ResourceAccessType| {
            declared.iter().any(|(known, of)| known.eq_ignore_ascii_case(id) && *of == Some(kind))
        };
        let roles = roles
            .iter()
            .filter(|it| facts.roles.get(*it).is_some_and(|id| !has(&id.to_string(), &ResourceAccessType::Role)));
        let scopes = self
            .delegated_permissions
            .iter()
            .filter(|it| facts.scopes.get(*it).is_some_and(|id| !has(id, &ResourceAccessType::Scope)));
        let (roles, scopes): (Vec<String>, Vec<String>) = (roles.cloned().collect(), scopes.cloned().collect());
        (!roles.is_empty() || !scopes.is_empty())
            .then_some(Step::Declare { application_permissions: roles, delegated_permissions: scopes })
    }

    fn add_secret(&self, facts: &RegistrationFacts, findings: &mut Vec<RegistrationFinding>) -> Option<Step> {
        let wanted = self.secret.as_ref()?;
        let is_it = |it: &&crate::credentials::Credential| {
            it.kind == CredentialKind::Secret
                && it.name.as_deref() == Some(&*wanted.name)
                && !it.states.contains(&CredentialState::Expired)
        };
        if facts.credentials.iter().flat_map(|it| &it.credentials).any(|it| is_it(&it)) {
            findings.push(RegistrationFinding {
                severity: Severity::Note,
                kind: Kind::SecretExists,
                message: format!("A secret \"{}\" is valid already, and cannot be read again", wanted.name),
                advice: Advice::operator(
                    "If nobody has it, add one of another name, hand it over, and remove this one.",
                ),
            });
            return None;
        }
        Some(Step::AddSecret { name: wanted.name.clone(), valid_for: wanted.valid_for })
    }
}

fn not_narrowed(unlimited: &[&String]) -> RegistrationFinding {
    RegistrationFinding {
        severity: Severity::Blocking,
        kind: Kind::NotNarrowed,
        message: format!(
            "No access policy is known to narrow what these permissions open, or the application could widen its access by them: \
             {}",
            some_of(unlimited, 10)
        ),
        advice: Advice::operator(
            "Leave them out. Where the product reads calendars by one, assign the role over the group in its place, by a plan of \
             the spec.",
        ),
    }
}

fn held_back(open: &[String], facts: &RegistrationFacts) -> RegistrationFinding {
    let why = match &facts.policies_missing {
        Some(why) => format!("the access policies could not be read: {why}"),
        None if facts.is_restricted == Some(true) => "nobody said that the access policy acts".to_owned(),
        None => "no access policy restricts the application yet".to_owned(),
    };
    RegistrationFinding {
        severity: Severity::Warning,
        kind: Kind::HeldBack,
        message: format!(
            "Not granted yet, since it would reach every mailbox of the tenant, and {why}: {}",
            open.join(", ")
        ),
        advice: Advice::operator(
            "Apply the spec of its group, with an access policy, and see the policy deny a mailbox outside the group, which \
             takes hours; then say so (policy_acts), and plan this registration again. With RBAC for Applications the permission is not needed.",
        ),
    }
}
