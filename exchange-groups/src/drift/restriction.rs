//! Differences of what restricts the application, of what it holds, and of the organisation.

use std::collections::BTreeMap;

use graph_client::exchange::Identity;

use super::difference::{DriftEffect as Effect, DriftKind as Kind};
use super::search::Search;
use crate::access::{AccessPolicy, Facts, Grant, PolicyApplication, RoleAssignment, RoleScope, SignIn, Truth};
use crate::change::Change;
use crate::finding::{Advice, Subject};
use crate::restriction::{grant_name, resource_name};

const BOTH: &[Effect] = &[Effect::Wider, Effect::Outage];

fn subject(id: impl Into<String>, kind: &str) -> Subject {
    Subject { id: Some(id.into()), kind: Some(kind.to_owned()), address: None }
}

/// The policies about the application, by their identities.
fn policies_of(facts: &Facts) -> BTreeMap<String, &AccessPolicy> {
    let ids =
        [Some(*facts.client_id.as_uuid()), facts.service_principal.known().copied().flatten().map(|id| *id.as_uuid())];
    let is_own = |policy: &&AccessPolicy| match policy.application {
        PolicyApplication::Every => true,
        PolicyApplication::One(id) => ids.contains(&Some(id)),
    };
    let policies = facts.policies.entries().iter().filter(is_own);
    policies.map(|policy| (policy.identity.to_ascii_lowercase(), policy)).collect()
}

fn assignments_of(facts: &Facts) -> BTreeMap<String, &RoleAssignment> {
    facts.role_assignments.entries().iter().map(|it| (it.name.to_ascii_lowercase(), it)).collect()
}

/// Grants by the resource and the role: a permission that is given again has another id of its own.
fn grants_of(facts: &Facts) -> BTreeMap<String, &Grant> {
    let key = |grant: &Grant| format!("{}/{}/{}", resource_name(grant.resource), grant.role, grant.eligible);
    facts.grants.entries().iter().map(|grant| (key(grant), grant)).collect()
}

fn scope_text(scope: &RoleScope) -> String {
    match scope {
        RoleScope::Organization => "the whole organisation".to_owned(),
        RoleScope::Group(name) => format!("the group {name}"),
        RoleScope::Management(name) => format!("the management scope {name}"),
        RoleScope::AdministrativeUnit(name) => format!("the administrative unit {name}"),
        RoleScope::Unrecognised(text) => format!("a scope that is not understood ({text})"),
    }
}

impl Search<'_> {
    pub(super) fn principal(&mut self) {
        let (now, before) = (self.now, self.before);
        let principal = |facts: &Facts| facts.service_principal.known().copied().flatten();
        let here = principal(&now.facts);
        let there = before.and_then(|before| principal(&before.facts));
        let client = now.facts.client_id.to_string();
        match (now.facts.service_principal.whole(), here, there) {
            (Some(None), _, _) => {
                let message = "The application has no service principal in this tenant: it gets no tokens";
                let advice = Advice::entra(
                    "Restore the service principal within 30 days of its deletion, then plan and apply: its registration in \
                     Exchange and its role assignments went with it",
                );
                self.add(
                    Kind::ServicePrincipalDeleted,
                    Effect::Outage,
                    message,
                    subject(client.clone(), "ServicePrincipal"),
                    advice,
                );
            }
            (_, Some(here), Some(there)) if here != there => {
                let effect = self.judge.effect(BOTH);
                let message = format!(
                    "The service principal was made anew: its object id is {here}, and was {there}. Role assignments of the old \
                     one do not hold for it"
                );
                let advice = Advice::exchange(
                    "Plan and apply: the registration and the role assignment are made for the new one",
                );
                let makes = |change: &Change| matches!(change, Change::RegisterApplication(_) | Change::AssignRole(_));
                self.add_mended(
                    Kind::ServicePrincipalReplaced,
                    effect,
                    message,
                    subject(here.to_string(), "ServicePrincipal"),
                    advice,
                    makes,
                );
            }
            _ => {}
        }
        if matches!(now.facts.sign_in.known(), Some(SignIn::Disabled { .. })) {
            let message = "The service principal is disabled: the application gets no new tokens, and keeps what it has for up to 24 hours";
            let advice = Advice::entra("Enable it, unless it was disabled on purpose");
            self.add(
                Kind::ServicePrincipalDisabled,
                Effect::Outage,
                message,
                subject(client.clone(), "ServicePrincipal"),
                advice,
            );
        }
        if let Some(before) = before
            && let (Some(here), Some(there)) =
                (now.facts.exchange_principal.whole(), before.facts.exchange_principal.whole())
            && here != there
            && !self.has(Kind::ServicePrincipalDeleted)
            && !self.has(Kind::ServicePrincipalReplaced)
        {
            let effect = self.judge.effect(BOTH);
            let message = "The registration of the application in Exchange differs from the snapshot";
            let advice = Advice::exchange("Plan and apply");
            let registers =
                |change: &Change| matches!(change, Change::RegisterApplication(_) | Change::UnregisterApplication(_));
            self.add_mended(
                Kind::RegistrationChanged,
                effect,
                message,
                subject(client, "ServicePrincipal"),
                advice,
                registers,
            );
        }
    }

    pub(super) fn policies(&mut self) {
        let Some(before) = self.before else { return };
        let (Some(_), Some(_)) = (self.now.facts.policies.whole(), before.facts.policies.whole()) else { return };
        let (now, then) = (policies_of(&self.now.facts), policies_of(&before.facts));
        for (key, policy) in &then {
            let subject = subject(policy.identity.clone(), "ApplicationAccessPolicy");
            match now.get(key) {
                None => {
                    let effect = self.judge.effect(BOTH);
                    let message = "An access policy for the application is gone: what it narrowed, it narrows no more";
                    let advice = Advice::exchange(
                        "Make the policy again at once, if the application holds a tenant-wide permission",
                    );
                    let makes = |change: &Change| matches!(change, Change::RestrictApplication(_));
                    self.add_mended(Kind::PolicyRemoved, effect, message, subject, advice, makes);
                }
                Some(now) if now != policy => {
                    let effect = self.judge.effect(BOTH);
                    let message = "An access policy for the application has changed: its scope, or whether Exchange can evaluate it";
                    let advice = Advice::exchange("Look what happened to the group of its scope, then plan and apply");
                    let makes = |change: &Change| matches!(change, Change::RestrictApplication(_));
                    self.add_mended(Kind::PolicyChanged, effect, message, subject, advice, makes);
                }
                Some(_) => {}
            }
        }
        for (_, policy) in now.iter().filter(|(key, _)| !then.contains_key(*key)) {
            let effect = self.judge.effect(BOTH);
            let message = format!(
                "There is a further access policy for the application ({}): policies add up, and a denial takes away",
                policy.right
            );
            let advice = Advice::exchange("Ask who made it. Remove it only if nobody needs it");
            self.add(
                Kind::PolicyAdded,
                effect,
                message,
                subject(policy.identity.clone(), "ApplicationAccessPolicy"),
                advice,
            );
        }
    }

    pub(super) fn assignments(&mut self) {
        let Some(before) = self.before else { return };
        let (Some(_), Some(_)) = (self.now.facts.role_assignments.whole(), before.facts.role_assignments.whole())
        else {
            return;
        };
        // Its assignments go with the service principal.
        let is_gone = self.has(Kind::ServicePrincipalDeleted);
        let (now, then) = (assignments_of(&self.now.facts), assignments_of(&before.facts));
        for (key, old) in &then {
            let subject = subject(old.name.clone(), &old.role);
            let makes = |change: &Change| matches!(change, Change::AssignRole(_));
            let alters = |change: &Change| matches!(change, Change::AlterRole(_) | Change::AssignRole(_));
            let Some(new) = now.get(key) else {
                if !is_gone {
                    let effect = self.judge.effect(BOTH);
                    let message =
                        format!("The assignment of the role \"{}\" over {} is gone", old.role, scope_text(&old.scope));
                    let advice = Advice::exchange("Plan and apply");
                    self.add_mended(Kind::AssignmentRemoved, effect, message, subject, advice, makes);
                }
                continue;
            };
            if new.enabled != old.enabled {
                let effect = self.judge.effect(BOTH);
                let how = if new.enabled == Some(false) { "disabled" } else { "enabled" };
                let message = format!("The assignment of the role \"{}\" was {how}", new.role);
                self.add_mended(
                    Kind::AssignmentSwitched,
                    effect,
                    message,
                    subject.clone(),
                    Advice::exchange("Plan and apply"),
                    alters,
                );
            }
            if new.scope != old.scope || new.role != old.role || new.delegating != old.delegating {
                let effect = self.judge.effect(BOTH);
                let message = format!(
                    "The assignment of the role \"{}\" is now over {}, and was over {}",
                    new.role,
                    scope_text(&new.scope),
                    scope_text(&old.scope)
                );
                self.add_mended(
                    Kind::AssignmentChanged,
                    effect,
                    message,
                    subject,
                    Advice::exchange("Plan and apply"),
                    alters,
                );
            }
        }
        for (_, new) in now.iter().filter(|(key, _)| !then.contains_key(*key)) {
            let effect = self.judge.effect(BOTH);
            let message =
                format!("The application has a further role: \"{}\" over {}", new.role, scope_text(&new.scope));
            let advice = Advice::exchange("Ask who assigned it, and remove it by its name");
            let name = new.name.clone();
            self.add_mended(
                Kind::AssignmentAdded,
                effect,
                message,
                subject(new.name.clone(), &new.role),
                advice,
                |change| matches!(change, Change::RemoveRole(cmdlet) if is_called(cmdlet.identity(), &name)),
            );
        }
    }

    pub(super) fn scopes(&mut self) {
        let Some(before) = self.before else { return };
        for new in self.now.facts.scopes.entries() {
            let old = before.facts.scopes.entries().iter().find(|old| old.name.eq_ignore_ascii_case(&new.name));
            let Some(old) = old else { continue };
            if old.filter.known().is_some() && new.filter.known().is_some() && old != new {
                let effect = self.judge.effect(BOTH);
                let message =
                    format!("The management scope \"{}\" was edited: whom it holds for has changed", new.name);
                let advice = Advice::exchange("List everybody who uses the scope, then set its filter back");
                self.add(
                    Kind::ScopeFilterChanged,
                    effect,
                    message,
                    subject(new.name.clone(), "ManagementScope"),
                    advice,
                );
            }
        }
    }

    pub(super) fn grants(&mut self) {
        let Some(before) = self.before else { return };
        let (Some(_), Some(_)) = (self.now.facts.grants.whole(), before.facts.grants.whole()) else { return };
        let (now, then) = (grants_of(&self.now.facts), grants_of(&before.facts));
        for (_, grant) in now.iter().filter(|(key, _)| !then.contains_key(*key)) {
            let effect = self.judge.effect(BOTH);
            let message = format!(
                "The application was given the tenant-wide permission {} ({})",
                grant_name(grant),
                resource_name(grant.resource)
            );
            let advice = Advice::entra(
                "Find in the audit log who gave it, or which consent flow of the product did; revoke it, unless it is needed",
            );
            let id = grant.assignment.clone();
            let subject =
                subject(id.as_ref().map_or_else(|| grant.role.to_string(), ToString::to_string), &grant_name(grant));
            self.add_mended(
                Kind::GrantGiven,
                effect,
                message,
                subject,
                advice,
                |change| matches!(change, Change::RevokePermission(revoke) if Some(&revoke.assignment) == id.as_ref()),
            );
        }
        if self.has(Kind::ServicePrincipalDeleted) {
            return;
        }
        for (_, grant) in then.iter().filter(|(key, _)| !now.contains_key(*key)) {
            let effect = self.judge.effect(BOTH);
            let message = format!(
                "The application has lost the tenant-wide permission {} ({})",
                grant_name(grant),
                resource_name(grant.resource)
            );
            let advice = Advice::entra("Look whether it is meant: where a policy restricts, the permission must stay");
            self.add(Kind::GrantRevoked, effect, message, subject(grant.role.to_string(), &grant_name(grant)), advice);
        }
    }

    pub(super) fn organization(&mut self) {
        let Some(before) = self.before else { return };
        let enforced = |facts: &Facts| facts.organization.known().and_then(|settings| settings.enforce_app_rbac);
        let (now, then) = (enforced(&self.now.facts), enforced(&before.facts));
        if now != then {
            let effect = self.judge.effect(BOTH);
            let how = match now {
                Some(true) => {
                    "on, which no page of Microsoft describes: the permissions of Entra may count for nothing, and roles alone"
                }
                Some(false) => "off",
                None => "no longer shown",
            };
            let message = format!("EnforceExoAppRbacPermissions is {how}");
            let advice = Advice::exchange("Restrict the application by a role in place of a policy");
            self.add(
                Kind::AppRbacSwitched,
                effect,
                message,
                subject("EnforceExoAppRbacPermissions", "OrganizationConfig"),
                advice,
            );
        }
        for domain in &before.accepted_domains {
            if !self.now.accepted_domains.iter().any(|it| it.eq_ignore_ascii_case(domain)) {
                let message = format!("The domain {domain} is not accepted any more");
                let advice = Advice::exchange(
                    "Give the group and the rooms addresses in another domain first, if they need one",
                );
                self.add(
                    Kind::DomainRemoved,
                    Effect::Neither,
                    message,
                    subject(domain.clone(), "AcceptedDomain"),
                    advice,
                );
            }
        }
    }

    pub(super) fn other_applications(&mut self) {
        let Some(before) = self.before else { return };
        for other in self.now.other_applications.iter().filter(|other| !before.other_applications.contains(other)) {
            let message = format!(
                "Another application, {}, reaches the members of the group by {}: a second registration of the product, \
                 perhaps, which nothing else limits",
                other.application, other.by
            );
            let advice = Advice::entra("List the applications of the product's name, and compare their sign-ins");
            self.add(
                Kind::OtherApplicationAdded,
                Effect::Neither,
                message,
                subject(other.application.clone(), "Application"),
                advice,
            );
        }
    }
}

impl Search<'_> {
    /// The product may have been consented to again: it then uses another registration, which nothing restricts.
    pub(super) fn namesakes(&mut self) {
        let before = self.before.and_then(|before| before.namesakes.whole());
        for other in self.now.namesakes.entries() {
            let was_there = before.is_some_and(|before| before.contains(other));
            let (effect, how) = match other.is_tenant_wide {
                Truth::Yes => (Effect::Wider, "reaches every mailbox by a permission that nothing narrows"),
                Truth::Unknown => (Effect::Unknown, "may reach every mailbox"),
                Truth::No if was_there || before.is_none() => continue,
                Truth::No => (Effect::Neither, "holds no calendar permission that nothing narrows"),
            };
            let message = format!("Another application is called \"{}\", {}, and {how}", other.name, other.application);
            let advice = Advice::entra(
                "Find out by their sign-ins which one the product uses: its flow of consent makes a new one each time. \
                 Restrict that one, and retire the other",
            );
            self.add(Kind::Namesake, effect, message, subject(other.application.to_string(), "Application"), advice);
        }
    }
}

fn is_called(identity: &Identity, name: &str) -> bool {
    identity.as_str().eq_ignore_ascii_case(name)
}
