use std::time::SystemTime;

use graph_client::SmtpAddress;
use graph_client::exchange::{
    Identity, PolicyIdentity, RemoveApplicationAccessPolicy, RemoveDistributionGroup, RemoveManagementRoleAssignment,
    RemoveManagementScope, RemoveServicePrincipal,
};

use super::options::Retire;
use crate::access::{
    AccessModel, AccessPolicy, Ids, Level, PolicyApplication, PolicyRight, PolicyScope, RoleAssignment, SignIn, Truth,
    Via,
};
use crate::change::{Change, DisableSignIn, Step};
use crate::document::{ObservationRef, Origin};
use crate::error::Result;
use crate::finding::{Advice, Finding, FindingKind as Kind, Severity, Subject};
use crate::groups::ExchangeGroups;
use crate::membership::{Difference, MailboxRef};
use crate::observe::{Observation, UnreadPart};
use crate::procedure::document::{Gate, Procedure, ProcedureStage, Remaining};
use crate::procedure::guards;
use crate::restriction;
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
    let policies = retirement.policies(&permission.steps, now);
    let scope = retirement.scope();
    let registration = retirement.registration(&roles);
    let group = retirement.group(&roles, &policies);
    retirement.other_paths(&permission.steps);
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
        self.findings.extend(guards::not_read(self.seen, &needed));
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

    fn permission(&mut self) -> ProcedureStage {
        let mut stage = ProcedureStage::new("revoke_permission", "Tenant-wide permission");
        stage.reach = Some("what its roles and tokens that are issued already allow".into());
        stage.undo = Some("grant the permission again, safe only while the policy over the group is there".into());
        let others = self.policies_of_other_groups();
        let grants = restriction::calendar_grants(&self.seen.facts);
        if self.retire.emergency || others.is_empty() {
            let reason = "the application is to read no calendar any more";
            stage.steps = guards::revocations(self.spec, self.seen, grants, reason);
            return stage;
        }
        let others = some_of(others.iter().map(|policy| policy.identity.clone()), 3);
        for grant in grants {
            let what = format!("the permission {} on {}", restriction::grant_name(grant), grant.resource);
            let why = format!("the application needs it for another group, to which it is restricted by {others}");
            self.stays(what, Subject::default(), why);
        }
        stage
    }

    /// The policies that certainly restrict the application to something else than this group, and stay.
    fn policies_of_other_groups(&self) -> Vec<&AccessPolicy> {
        let own = PolicyApplication::One(*self.spec.application.as_uuid());
        let over = self.policies_over();
        let restricts = |policy: &&AccessPolicy| {
            policy.application == own
                && policy.right == PolicyRight::Restrict
                && policy.is_valid == Some(true)
                && matches!(policy.scope, PolicyScope::Group(_) | PolicyScope::User(_))
        };
        let policies = self.seen.facts.policies.entries().iter().filter(restricts);
        policies.filter(|policy| !over.contains(&policy.identity)).collect()
    }

    /// The identities of the policies over this group.
    fn policies_over(&self) -> Vec<String> {
        let Some(group) = self.seen.group.as_ref().map(|seen| restriction::ids_of(&seen.group)) else {
            return Vec::new();
        };
        let model = AccessModel::new(&self.seen.facts);
        model.policies_over(&group).into_iter().map(|policy| policy.identity.clone()).collect()
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
    fn policies(&mut self, revocations: &[Step], now: SystemTime) -> ProcedureStage {
        let mut stage = ProcedureStage::new("remove_policies", "Access policies");
        stage.undo = Some(
            "create the policy again and wait until it is seen to act; only then may the permission be granted".into(),
        );
        let over = self.policies_over();
        let is_needed_elsewhere = !self.retire.emergency && !self.policies_of_other_groups().is_empty();
        let limited = guards::limited_beside(&self.seen.facts, revocations);
        let own = PolicyApplication::One(*self.spec.application.as_uuid());
        let policies: Vec<AccessPolicy> = self.seen.facts.policies.entries().to_vec();
        for policy in policies {
            let why = match (policy.application == own, policy.right, over.contains(&policy.identity)) {
                (false, ..) => "it is not about this application alone",
                (_, PolicyRight::Deny, _) => "it denies: whatever it keeps out stays out",
                (_, _, false) => "it is not over this group",
                (true, PolicyRight::Restrict, true) if !is_needed_elsewhere && !limited.is_empty() => {
                    "it limits other permissions, which would reach every mailbox without it"
                }
                (true, PolicyRight::Restrict, true) => match policy.identity.parse::<PolicyIdentity>() {
                    Ok(identity) => {
                        let change = Change::RemovePolicy(RemoveApplicationAccessPolicy::new(identity));
                        let reason = if is_needed_elsewhere {
                            "the application is restricted to other groups, and no more to this one"
                        } else {
                            "there is nothing left for it to restrict"
                        };
                        stage.steps.push(Step { reason: reason.to_owned(), change });
                        continue;
                    }
                    Err(_) => "its identity is not one that a command can name exactly",
                },
            };
            self.remaining.push(guards::policy_stays(&policy, why));
        }
        self.findings.extend(guards::not_revoked_yet(revocations, self.retire.revoked_at.as_ref()));
        if is_needed_elsewhere {
            // Another policy restricts it as well: without this one it reaches less.
            stage.reach = Some("the members of the other groups, to which policies restrict it".into());
        } else {
            stage.reach = Some("nothing".into());
            if !limited.is_empty() && !over.is_empty() {
                self.findings.push(guards::policies_are_needed(&limited));
            }
            if !stage.steps.is_empty() {
                let facts = &self.seen.facts;
                stage.gate = Some(guards::token_gate(facts, revocations, self.retire.revoked_at.as_ref(), now));
            }
        }
        stage
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

    fn group(&mut self, roles: &ProcedureStage, policies: &ProcedureStage) -> ProcedureStage {
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
            self.limits_left(&restriction::ids_of(&seen.group), roles, policies).or_else(|| self.others_in_group(seen))
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

    /// What is still over the group once this procedure is done: without the group, a policy or role acts on nobody, and a
    /// denial denies nobody.
    fn limits_left(&self, group: &Ids, roles: &ProcedureStage, policies: &ProcedureStage) -> Option<String> {
        let facts = &self.seen.facts;
        let model = AccessModel::new(facts);
        let is_removed = |stage: &ProcedureStage, identity: &str| {
            stage.steps.iter().any(|step| match &step.change {
                Change::RemovePolicy(cmdlet) => cmdlet.identity().as_str().eq_ignore_ascii_case(identity),
                Change::RemoveRole(cmdlet) => cmdlet.identity().as_str().eq_ignore_ascii_case(identity),
                _ => false,
            })
        };
        let policies_left = model.policies_over(group).into_iter().map(|policy| &policy.identity);
        let policies_left = policies_left.filter(|identity| !is_removed(policies, identity));
        let policies_left = policies_left.map(|identity| format!("the access policy {identity}"));
        let roles_left = model.assignments_over(group).into_iter().map(|over| &over.assignment.name);
        let roles_left = roles_left.filter(|name| !is_removed(roles, name));
        let roles_left = roles_left.map(|name| format!("the role assignment \"{name}\""));
        let left: Vec<String> = policies_left.chain(roles_left).collect();
        if !left.is_empty() {
            return Some(format!("it is the scope of what stays: {}", some_of(&left, 3)));
        }
        let outer = facts.groups.entries().iter().filter(|outer| outer.ids.same(group) != Truth::Yes);
        for outer in outer {
            if outer.members.entries().iter().any(|member| member.ids.same(group) == Truth::Yes) {
                return Some(format!("it is a member of the group {}, over which a policy or role is", outer.label()));
            }
            if let Some(why) = outer.members.missing() {
                return Some(format!("whether it is a member of the group {} was not read: {why}", outer.label()));
            }
        }
        None
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
    fn other_paths(&mut self, revocations: &[Step]) {
        let facts = &self.seen.facts;
        let model = AccessModel::new(facts);
        for path in model.wider_than(&[], &[], Level::Events) {
            let is_removed = match &path.via {
                Via::Grant { assignment, .. } => revocations.iter().any(|step| {
                    matches!(&step.change, Change::RevokePermission(revoke)
                        if Some(revoke.assignment.to_string()) == *assignment)
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
