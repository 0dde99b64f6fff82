use std::time::{Duration, SystemTime};

use graph_client::SmtpAddress;
use graph_client::exchange::{
    Identity, PolicyIdentity, RemoveApplicationAccessPolicy, RemoveDistributionGroup, RemoveManagementRoleAssignment,
    RemoveManagementScope, RemoveServicePrincipal,
};

use super::options::Retire;
use crate::access::{
    AccessModel, AccessPolicy, Level, PolicyApplication, PolicyRight, RoleAssignment, SignIn, Truth, Via,
};
use crate::change::{Change, DisableSignIn, RevokePermission, Step};
use crate::document::{ObservationRef, Origin, whole_seconds};
use crate::error::Result;
use crate::finding::{Advice, Finding, FindingKind as Kind, Severity, Subject};
use crate::groups::ExchangeGroups;
use crate::membership::{Difference, MailboxRef};
use crate::observe::{Observation, UnreadPart};
use crate::procedure::document::{Gate, Procedure, ProcedureStage, Remaining};
use crate::restriction::{self, TOKENS_ARE_DEAD_AFTER};
use crate::select::Selection;
use crate::spec::{OtherMembers, RestrictedCalendarGroup, Scope};
use crate::text::{count, some_of};

pub(in crate::procedure) async fn derive(groups: &ExchangeGroups, retire: &Retire) -> Result<Procedure> {
    Ok(procedure(retire, &groups.observe(&retire.spec).await?, SystemTime::now()))
}

/// Pure: the same tenant at the same time gives the same procedure.
fn procedure(retire: &Retire, seen: &Observation, now: SystemTime) -> Procedure {
    let mut retirement = Retirement { retire, spec: &retire.spec, seen, findings: Vec::new(), remaining: Vec::new() };
    retirement.unread();
    let sign_in = retirement.sign_in();
    let permission = retirement.permission();
    let roles = retirement.roles();
    let policies = retirement.policies(permission.steps.is_empty(), now);
    let scope = retirement.scope();
    let registration = retirement.registration(&roles);
    let group = retirement.group();
    retirement.other_paths();
    retirement.what_stays();
    let stages = vec![sign_in, permission, roles, policies, scope, registration, group];
    let has_work = stages.iter().any(|stage| !stage.steps.is_empty());
    let Retirement { mut findings, remaining, .. } = retirement;
    if has_work {
        let advice = Advice::operator(
            "Stop the modules of the product that read calendars, and take the application's credentials out of their \
             settings: they would fail, again and again, once it reaches nothing.",
        );
        let message = "The product reads calendars until it is stopped";
        findings.push(Finding::new(Severity::Note, Kind::Outage, message, advice));
    }
    findings.sort_by_key(|finding| finding.severity);
    Procedure {
        origin: Origin::now(&seen.origin.tenant),
        observation: ObservationRef { digest: seen.digest(), made_at: seen.origin.made_at.clone() },
        goal: retire.clone().into(),
        application: retire.spec.application,
        application_name: seen.application.as_ref().and_then(|application| application.display_name.clone()),
        stages,
        findings,
        comparison: None,
        remaining,
        requests: seen.requests,
    }
}

struct Retirement<'a> {
    retire: &'a Retire,
    spec: &'a RestrictedCalendarGroup,
    seen: &'a Observation,
    findings: Vec<Finding>,
    remaining: Vec<Remaining>,
}

impl Retirement<'_> {
    fn stays(&mut self, what: impl Into<String>, subject: Subject, why: impl Into<String>) {
        self.remaining.push(Remaining { what: what.into(), subject, why: why.into() });
    }

    /// Nothing is removed where it is not known what would be left.
    fn unread(&mut self) {
        let needed = [
            UnreadPart::Entra,
            UnreadPart::Policies,
            UnreadPart::Roles,
            UnreadPart::Scopes,
            UnreadPart::OtherApplications,
        ];
        for part in self.seen.unread.iter().filter(|part| needed.contains(&part.what)) {
            let message = format!("{} could not be read: {}", part.what.description(), part.error);
            let advice = Advice::operator(
                "Derive the procedure again with an administering application that may read it: what limits the \
                 application must not be removed before it is known that it reaches nothing.",
            );
            self.findings.push(Finding::new(Severity::Blocking, Kind::NotRead, message, advice));
        }
    }

    /// In an emergency the application gets no more tokens; those that are out live on.
    fn sign_in(&self) -> ProcedureStage {
        let mut stage = ProcedureStage::new("disable_sign_in", "Sign-in");
        // Whoever may not disable it revokes the permission all the same.
        stage.is_optional = true;
        stage.reach = Some("what tokens that are issued already allow, for up to 28 hours".into());
        stage.undo = Some("enable sign-in under Enterprise applications > the application > Properties".into());
        let is_enabled = self.seen.facts.sign_in.whole() != Some(&SignIn::Disabled { since: None });
        if let (true, true, Some(application)) = (self.retire.emergency, is_enabled, &self.seen.application) {
            let change = Change::DisableSignIn(DisableSignIn {
                application: self.spec.application,
                service_principal: application.id,
            });
            stage.steps.push(Step { reason: "it must get no new token, whatever it is used for".into(), change });
        }
        stage
    }

    fn permission(&self) -> ProcedureStage {
        let mut stage = ProcedureStage::new("revoke_permission", "Tenant-wide permission");
        stage.reach = Some("what its roles and tokens that are issued already allow".into());
        stage.undo = Some("grant the permission again, safe only while the policy over the group is there".into());
        let Some(application) = &self.seen.application else { return stage };
        for grant in restriction::calendar_grants(&self.seen.facts) {
            let Some(assignment) = grant.assignment.clone() else { continue };
            let change = Change::RevokePermission(RevokePermission {
                application: self.spec.application,
                service_principal: application.id,
                assignment,
                permission: restriction::grant_name(grant),
                resource: restriction::resource_name(grant.resource),
            });
            stage.steps.push(Step { reason: "the application is to read no calendar any more".into(), change });
        }
        stage
    }

    /// Whether an assignment was made for this group: it has our name, or is a role for calendars over the group.
    fn is_ours(&self, assignment: &RoleAssignment) -> bool {
        let named = restriction::PERMISSIONS
            .iter()
            .any(|permission| restriction::is_named(assignment, &restriction::assignment_name(self.spec, *permission)));
        let Some(group) = self.seen.group.as_ref().map(|seen| restriction::ids_of(&seen.group)) else { return named };
        let over = AccessModel::new(&self.seen.facts).assignments_over(&group).into_iter();
        let mut over = over.filter(|over| over.is_over_group == Truth::Yes && !over.by_filter);
        named
            || over.any(|over| {
                over.assignment.name == assignment.name
                    && over.allows(Level::Events) == Truth::Yes
                    && assignment.delegating == Some(false)
            })
    }

    fn roles(&mut self) -> ProcedureStage {
        let mut stage = ProcedureStage::new("remove_roles", "Role assignments");
        stage.reach = Some("nothing by a role over the group".into());
        stage.undo = Some("apply a plan of the spec".into());
        for assignment in self.seen.facts.role_assignments.entries() {
            match assignment.name.parse::<Identity>() {
                Ok(name) if self.is_ours(assignment) => {
                    let change = Change::RemoveRole(RemoveManagementRoleAssignment::new(name));
                    stage.steps.push(Step { reason: "it is made for this group".into(), change });
                }
                _ => {
                    let what = format!("the role assignment \"{}\" of {}", assignment.name, assignment.role);
                    let subject = Subject { id: Some(assignment.name.clone()), ..Subject::default() };
                    self.stays(what, subject, "it was not made for this group");
                }
            }
        }
        stage
    }

    /// A policy limits what tokens that are out still allow: it goes once they have expired.
    fn policies(&mut self, is_revoked: bool, now: SystemTime) -> ProcedureStage {
        let mut stage = ProcedureStage::new("remove_policies", "Access policies");
        stage.reach = Some("nothing".into());
        stage.undo = Some(
            "create the policy again and wait until it is seen to act; only then may the permission be granted".into(),
        );
        let group = self.seen.group.as_ref().map(|seen| restriction::ids_of(&seen.group));
        let model = AccessModel::new(&self.seen.facts);
        let over = group.map_or_else(Vec::new, |group| {
            model.policies_over(&group).into_iter().map(|policy| policy.identity.clone()).collect()
        });
        let own = PolicyApplication::One(*self.spec.application.as_uuid());
        let policies: Vec<AccessPolicy> = self.seen.facts.policies.entries().to_vec();
        for policy in policies {
            let subject = Subject { id: Some(policy.identity.clone()), ..Subject::default() };
            let what = format!("the access policy {}", policy.identity);
            let why = match (policy.application == own, policy.right, over.contains(&policy.identity)) {
                (false, ..) => "it is not about this application alone",
                (_, PolicyRight::Deny, _) => "it denies: whatever it keeps out stays out",
                (_, _, false) => "it is not over this group",
                (true, PolicyRight::Restrict, true) => match policy.identity.parse::<PolicyIdentity>() {
                    Ok(identity) => {
                        let change = Change::RemovePolicy(RemoveApplicationAccessPolicy::new(identity));
                        let reason = "there is nothing left for it to restrict".to_owned();
                        stage.steps.push(Step { reason, change });
                        continue;
                    }
                    Err(_) => "its identity is not one that a command can name exactly",
                },
            };
            self.stays(what, subject, why);
        }
        if !stage.steps.is_empty() {
            stage.gate = Some(self.gate(is_revoked, now));
        }
        stage
    }

    fn gate(&self, is_revoked: bool, now: SystemTime) -> Gate {
        let condition =
            "no token that carries the permission can be alive: without the policy it would reach every mailbox";
        let gate = |is_open, evidence: String, not_before| Gate {
            condition: condition.to_owned(),
            is_open,
            evidence,
            not_before,
        };
        if !is_revoked {
            return gate(Truth::No, "the permission is not revoked yet".into(), None);
        }
        let revoked_at = self.retire.revoked_at.as_ref().and_then(graph_client::graph::Timestamp::to_system_time);
        let Some(revoked_at) = revoked_at else {
            let evidence = "when it was revoked is not known: the report of the run that did it says so".into();
            return gate(Truth::Unknown, evidence, None);
        };
        let until = revoked_at.checked_add(TOKENS_ARE_DEAD_AFTER).unwrap_or(revoked_at);
        let hours = TOKENS_ARE_DEAD_AFTER.as_secs() / 3_600;
        let evidence = format!("a token lives for up to {hours} hours after it was issued");
        let until_whole = whole_seconds(until).checked_add(Duration::from_secs(1)).unwrap_or(until);
        gate(Truth::from(now >= until), evidence, Some(until_whole.into()))
    }

    fn scope(&mut self) -> ProcedureStage {
        let mut stage = ProcedureStage::new("remove_scope", "Management scope");
        stage.undo = Some("apply a plan of the spec".into());
        let name = restriction::scope_name(self.spec);
        let facts = &self.seen.facts;
        if let Some(ours) = facts.scopes.entries().iter().find(|it| it.name.eq_ignore_ascii_case(name.as_str())) {
            let change = Change::RemoveScope(RemoveManagementScope::new(Identity::from(&name)));
            let reason = format!("it is made for this group, and Exchange refuses while a role uses it: {}", ours.name);
            stage.steps.push(Step { reason, change });
        } else if let Scope::Filter(filter) = &self.spec.scope
            && let Some(other) = restriction::scope_of_filter(self.spec, facts, filter)
        {
            let what = format!("the management scope \"{}\"", other.name);
            self.stays(what, Subject::default(), "it was there before, and others may use it");
        }
        stage
    }

    /// The registration in Exchange goes once no role of any kind is left.
    fn registration(&mut self, roles: &ProcedureStage) -> ProcedureStage {
        let mut stage = ProcedureStage::new("unregister", "Registration in Exchange");
        stage.undo = Some("apply a plan of the spec".into());
        let Some(principal) = self.seen.facts.exchange_principal.whole().copied().flatten() else { return stage };
        let left = self.seen.facts.role_assignments.entries().len() - roles.steps.len();
        let what = "the registration of the application in Exchange";
        match (principal.object_id, left, self.seen.facts.role_assignments.whole()) {
            (Some(id), 0, Some(_)) => {
                let change = Change::UnregisterApplication(RemoveServicePrincipal::new(id));
                stage.steps.push(Step { reason: "no role is assigned to it any more".into(), change });
            }
            (_, 0, _) => self.stays(what, Subject::default(), "what is assigned to it was not read"),
            (_, left, _) => {
                self.stays(what, Subject::default(), format!("{} need it", count(left, "other role assignment")));
            }
        }
        stage
    }

    fn group(&mut self) -> ProcedureStage {
        let mut stage = ProcedureStage::new("remove_group", "Group");
        stage.undo = Some(
            "there is no recycle bin: a new group has another id, and everything over it must be made anew".into(),
        );
        let Some(seen) = self.seen.group.as_ref().filter(|_| self.spec.scope.is_group()) else { return stage };
        let what = format!("the group {}", self.spec.address);
        let subject = Subject::from(&self.spec.address);
        let why = if !self.retire.remove_group {
            Some("it is removed only if that is asked for".to_owned())
        } else if seen.group.is_dir_synced == Some(true) {
            Some("it is synchronised from on-premises Active Directory".to_owned())
        } else if !self.seen.other_applications.is_empty() {
            let others =
                self.seen.other_applications.iter().map(|other| format!("{} by {}", other.application, other.by));
            Some(format!("other applications are restricted to it: {}", some_of(others, 3)))
        } else {
            self.others_in_group(seen)
        };
        match (why, RemoveDistributionGroup::of(&seen.group)) {
            (Some(why), _) => self.stays(what, subject, why),
            (None, Err(fault)) => self.stays(what, subject, fault.to_string()),
            (None, Ok(cmdlet)) => {
                let change = Change::RemoveGroup(cmdlet.bypass_manager_check(true));
                stage.steps.push(Step { reason: "no policy, role or scope that was read names it".into(), change });
                let advice = Advice::exchange(
                    "Look for the group in transport rules, other groups, calendar permissions and BookInPolicy lists \
                     before it is removed: Exchange has no way to ask who uses it.",
                );
                let message = format!("What else uses the group {} cannot be read", self.spec.address);
                self.findings.push(Finding::new(Severity::Warning, Kind::OtherApplications, message, advice));
                stage.gate = Some(Gate {
                    condition: "nothing that limits the application is left over the group".into(),
                    is_open: Truth::Yes,
                    evidence: "roles and policies go in the stages before".into(),
                    not_before: None,
                });
            }
        }
        stage
    }

    /// Members that the spec does not name are somebody's who needs the group.
    fn others_in_group(&self, seen: &crate::observe::ObservedGroup) -> Option<String> {
        let selection = Selection::of(self.spec, self.seen);
        let others = Difference::of(&selection.members, &[], OtherMembers::Remove, &seen.members);
        let called = |member: &&graph_client::exchange::ExchangeRecipient| {
            let address = member.primary_smtp_address.as_ref().map(SmtpAddress::to_string);
            address.or_else(|| member.display_name.clone()).unwrap_or_else(|| "a member without a name".into())
        };
        let others: Vec<String> = others.unexpected.iter().map(called).collect();
        (!others.is_empty()).then(|| format!("it has members that the spec does not name: {}", some_of(others, 3)))
    }

    /// By what the application still reaches calendars once everything of this procedure is done.
    fn other_paths(&mut self) {
        let facts = &self.seen.facts;
        let model = AccessModel::new(facts);
        for path in model.wider_than(&[], &[], Level::Events) {
            let is_removed = match &path.via {
                Via::Grant { assignment, .. } => restriction::calendar_grants(facts).any(|grant| {
                    grant.assignment.is_some() && grant.assignment.as_ref().map(ToString::to_string) == *assignment
                }),
                Via::RoleAssignment { name, .. } => {
                    facts.role_assignments.entries().iter().any(|it| it.name == *name && self.is_ours(it))
                }
                _ => false,
            };
            if is_removed || path.is_wider == Truth::No {
                continue;
            }
            let message = format!("The application keeps an access path to calendars: {}, {}", path.via, path.because);
            let advice = Advice::exchange(format!("If that is not meant: {}", path.remedy));
            self.findings.push(Finding::new(Severity::Warning, Kind::OtherRole, message, advice));
        }
    }

    fn what_stays(&mut self) {
        for grant in self.seen.facts.grants.entries() {
            if !restriction::calendar_grants(&self.seen.facts).any(|calendar| calendar == grant) {
                let what = format!("the permission {} on {}", restriction::grant_name(grant), grant.resource);
                self.stays(what, Subject::default(), "it is not for calendars");
            }
        }
        if self.seen.application.is_some() {
            let what = "the application's registration, secrets and certificates";
            self.stays(what, Subject::default(), "the product may use them for something else: its owner removes them");
        }
        let rooms: Vec<MailboxRef> = Selection::of(self.spec, self.seen).members;
        if !rooms.is_empty() {
            let what = format!("the settings and folder permissions of {}", count(rooms.len(), "mailbox"));
            self.stays(what, Subject::default(), "they are not part of the restriction");
        }
    }
}
