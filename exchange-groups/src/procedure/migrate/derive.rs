use std::time::{Duration, SystemTime};

use graph_client::exchange::{
    AccessCheckResult, GetManagementRoleAssignment, PolicyIdentity, RemoveApplicationAccessPolicy,
    TestApplicationAccessPolicy, TestServicePrincipalAuthorization,
};
use graph_client::graph::Timestamp;
use graph_client::{ServicePrincipalId, well_known};

use super::compare::{ComparedMailbox, MembershipComparison};
use super::options::Migrate;
use crate::access::{AccessModel, AccessPolicy, Level, PolicyApplication, PolicyRight, RoleScope, Truth};
use crate::change::{Change, GrantPermission, RevokePermission, Step};
use crate::document::{ObservationRef, Origin, whole_seconds};
use crate::error::{Error, Result};
use crate::finding::{Advice, Finding, FindingKind as Kind, Severity, Subject};
use crate::groups::ExchangeGroups;
use crate::observe::{Observation, UnreadPart, found};
use crate::plan::Plan;
use crate::procedure::document::{Gate, Procedure, ProcedureStage, Remaining};
use crate::restriction::{self, TOKENS_ARE_DEAD_AFTER};
use crate::spec::{Permission, RestrictedCalendarGroup, Restriction};
use crate::text::{count, some_of};

/// How long a role takes to act where the application is in use, by Microsoft's page.
const ROLE_ACTS_AFTER: Duration = Duration::from_secs(2 * 60 * 60);

/// How many mailboxes that must not be reached the tests ask about.
const TESTED: usize = 20;

/// What the tenant says beside its configuration.
#[derive(Default)]
struct Evidence {
    /// When the role over the scope was last changed.
    assigned_at: Option<SystemTime>,
    /// Members for which Exchange's test does not show the role or the policy, and others for which it does.
    not_as_wanted: Vec<String>,
    /// How many mailboxes were tested.
    tested: usize,
    /// Why nothing was tested.
    error: Option<String>,
    /// The service principal of Microsoft Graph, and the id of the calendar permission that it offers.
    offered: Option<(ServicePrincipalId, graph_client::AppRoleId)>,
}

pub(in crate::procedure) async fn derive(groups: &ExchangeGroups, migrate: &Migrate) -> Result<Procedure> {
    // The permission goes in a stage of its own.
    let spec = migrate.spec.with_revocation(false);
    let seen = groups.observe(&spec).await?;
    let plan = Plan::new(&spec, &seen);
    let evidence = match spec.restriction {
        Restriction::Rbac => role_evidence(groups, &spec, &seen, &plan).await?,
        Restriction::Policy => policy_evidence(groups, &spec, &seen, &plan).await?,
    };
    let now = SystemTime::now();
    let mut migration = Migration {
        migrate,
        spec: &spec,
        seen: &seen,
        plan,
        evidence,
        now,
        findings: Vec::new(),
        remaining: Vec::new(),
    };
    Ok(match spec.restriction {
        Restriction::Rbac => migration.role(),
        Restriction::Policy => migration.policy(),
    })
}

async fn role_evidence(
    groups: &ExchangeGroups,
    spec: &RestrictedCalendarGroup,
    seen: &Observation,
    plan: &Plan,
) -> Result<Evidence> {
    let mut evidence = Evidence::default();
    let ids = seen.group.as_ref().map(|seen| restriction::ids_of(&seen.group));
    let roles = restriction::right_roles(spec, &seen.facts, ids.as_ref());
    let (Some(role), Some(application)) = (roles.iter().find(|it| it.enabled == Some(true)), &seen.application) else {
        return Ok(evidence);
    };
    let exchange = groups.client.exchange();
    let held = found(exchange.run(GetManagementRoleAssignment::of(application.id)).await);
    let held = held.map_err(Error::during("read when the role was assigned"))?;
    let ours = held.iter().flatten().find(|it| it.name.as_deref() == Some(&*role.name));
    evidence.assigned_at = ours.and_then(|it| it.when_changed.as_ref()?.to_system_time());
    let named = spec.permission.role();
    let tests = plan.members.iter().map(|member| (member, true));
    let tests: Vec<_> = tests.chain(plan.must_not_reach.iter().take(TESTED).map(|denied| (denied, false))).collect();
    let asked = tests
        .iter()
        .map(|(mailbox, _)| TestServicePrincipalAuthorization::new(spec.application).resource(mailbox.identity()))
        .collect();
    for ((mailbox, wanted), rows) in tests.iter().zip(exchange.run_all(asked).await) {
        match rows {
            Ok(rows) => {
                let has_role = rows.iter().any(|row| {
                    row.in_scope == Some(true)
                        && row.role_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(named.as_str()))
                });
                evidence.tested += 1;
                if has_role != *wanted {
                    evidence.not_as_wanted.push(mailbox.address.to_string());
                }
            }
            Err(error) => evidence.error = Some(crate::text::without_advice(&error)),
        }
    }
    Ok(evidence)
}

async fn policy_evidence(
    groups: &ExchangeGroups,
    spec: &RestrictedCalendarGroup,
    seen: &Observation,
    plan: &Plan,
) -> Result<Evidence> {
    let mut evidence = Evidence::default();
    let graph = found(groups.client.service_principals().by_app_id(&well_known::MICROSOFT_GRAPH).await);
    let graph = graph.map_err(Error::during("read the permissions of Microsoft Graph"))?;
    let value = permission_name(spec.permission);
    evidence.offered = graph.and_then(|graph| Some((graph.id, graph.app_role(value)?.id)));
    let ids = seen.group.as_ref().map(|seen| restriction::ids_of(&seen.group));
    if !ids.is_some_and(|ids| restriction::has_right_policy(spec, &seen.facts, &ids)) {
        return Ok(evidence);
    }
    let tests = plan.members.iter().map(|member| (member, true));
    let tests: Vec<_> = tests.chain(plan.must_not_reach.iter().take(TESTED).map(|denied| (denied, false))).collect();
    let asked = tests
        .iter()
        .map(|(mailbox, _)| TestApplicationAccessPolicy::new(mailbox.identity(), spec.application))
        .collect();
    let exchange = groups.client.exchange();
    for ((mailbox, wanted), tested) in tests.iter().zip(exchange.run_all(asked).await) {
        match tested.map(|tested| tested.access_check_result) {
            Ok(result @ (AccessCheckResult::Granted | AccessCheckResult::Denied)) => {
                evidence.tested += 1;
                if (result == AccessCheckResult::Granted) != *wanted {
                    evidence.not_as_wanted.push(mailbox.address.to_string());
                }
            }
            Ok(_) => evidence.error = Some("Exchange's test gave a result that is not known".into()),
            Err(error) => evidence.error = Some(crate::text::without_advice(&error)),
        }
    }
    Ok(evidence)
}

fn permission_name(permission: Permission) -> &'static str {
    match permission {
        Permission::Read => "Calendars.Read",
        Permission::ReadWrite => "Calendars.ReadWrite",
    }
}

struct Migration<'a> {
    migrate: &'a Migrate,
    spec: &'a RestrictedCalendarGroup,
    seen: &'a Observation,
    plan: Plan,
    evidence: Evidence,
    now: SystemTime,
    findings: Vec<Finding>,
    remaining: Vec<Remaining>,
}

impl Migration<'_> {
    fn block(&mut self, kind: Kind, message: impl Into<String>, advice: Advice) {
        self.findings.push(Finding::new(Severity::Blocking, kind, message, advice));
    }

    fn unread(&mut self) {
        let needed = [UnreadPart::Entra, UnreadPart::Policies, UnreadPart::Roles, UnreadPart::Scopes];
        let parts: Vec<_> = self.seen.unread.iter().filter(|part| needed.contains(&part.what)).cloned().collect();
        for part in parts {
            let message = format!("{} could not be read: {}", part.what.description(), part.error);
            let advice =
                Advice::operator("Derive the procedure again with an administering application that may read it.");
            self.block(Kind::NotRead, message, advice);
        }
    }

    /// What the plan of the spec found in the way.
    fn plan_blockers(&mut self) {
        let blockers: Vec<_> = self.plan.blockers().cloned().collect();
        self.findings.extend(blockers);
    }

    fn own_policies(&self, right: PolicyRight) -> Vec<AccessPolicy> {
        let own = PolicyApplication::One(*self.spec.application.as_uuid());
        let policies = self.seen.facts.policies.entries().iter();
        policies.filter(|policy| policy.application == own && policy.right == right).cloned().collect()
    }

    fn prepare(&self, title: &str, reach: &str) -> ProcedureStage {
        let mut stage = ProcedureStage::new("prepare", title);
        stage.steps.clone_from(&self.plan.steps);
        stage.reach = Some(reach.to_owned());
        stage
    }

    fn role(&mut self) -> Procedure {
        self.unread();
        self.plan_blockers();
        let comparison = MembershipComparison::of(self.seen, &self.plan.members);
        let policies = self.own_policies(PolicyRight::Restrict);
        let has_grant = restriction::calendar_grants(&self.seen.facts).next().is_some();
        if has_grant {
            self.compare(&comparison);
        }
        self.denials();
        self.masks();
        self.unmapped();
        let mut prepare =
            self.prepare("Role beside the policies", "what the policies let through, as before: the role adds nobody");
        prepare.undo = Some("remove the role assignment, by its name; then the group, if it was made for this".into());
        let mut revoke = ProcedureStage::new("revoke_permission", "Tenant-wide permission");
        revoke.reach =
            Some("the members of the role's scope; by a token of before still what the policies let through".into());
        revoke.undo = Some("grant the permission again: safe only while the policies are there".into());
        if let Some(application) = &self.seen.application {
            for grant in restriction::calendar_grants(&self.seen.facts) {
                let Some(assignment) = grant.assignment.clone() else { continue };
                let change = Change::RevokePermission(RevokePermission {
                    application: self.spec.application,
                    service_principal: application.id,
                    assignment,
                    permission: restriction::grant_name(grant),
                    resource: restriction::resource_name(grant.resource),
                });
                revoke.steps.push(Step { reason: "from here on the role alone allows access".into(), change });
            }
        }
        if !revoke.steps.is_empty() {
            revoke.gate = Some(self.role_gate());
        }
        let mut remove = ProcedureStage::new("remove_policies", "Access policies");
        remove.reach = Some("the members of the role's scope".into());
        remove.undo = Some(
            "create the policy again and wait until it is seen to act; only then may the permission be granted: without a \
             policy it reaches every mailbox"
                .into(),
        );
        for policy in policies {
            let Ok(identity) = policy.identity.parse::<PolicyIdentity>() else {
                self.stays(&policy, "its identity is not one that a command can name exactly");
                continue;
            };
            let change = Change::RemovePolicy(RemoveApplicationAccessPolicy::new(identity));
            remove.steps.push(Step { reason: "it narrows a permission that is not held any more".into(), change });
        }
        if !remove.steps.is_empty() {
            remove.gate = Some(self.token_gate(has_grant));
        }
        self.procedure(vec![prepare, revoke, remove], Some(comparison))
    }

    /// Who gains and who loses, before anything is done.
    fn compare(&mut self, comparison: &MembershipComparison) {
        let canary = self.migrate.canary.as_ref();
        let names = |list: &[ComparedMailbox]| -> Vec<String> {
            list.iter()
                .filter(|it| canary.is_none() || it.address.as_ref() != canary)
                .map(ComparedMailbox::label)
                .collect()
        };
        let (gained, lost, unknown) = (names(&comparison.gained), names(&comparison.lost), names(&comparison.unknown));
        if !gained.is_empty() {
            let message = format!(
                "The role would reach {} that the policies keep out: {}",
                count(gained.len(), "mailbox"),
                some_of(&gained, 5)
            );
            let advice =
                Advice::spec("Leave them out of the spec, or add them to the group of a policy first and verify.");
            self.block(Kind::OtherRole, message, advice);
        }
        if !unknown.is_empty() {
            let message = format!("Whether the policies let {} through is not known", some_of(&unknown, 5));
            let advice = Advice::operator(
                "Correct what could not be read, or what the sources leave open: members of nested groups are made direct \
                 members of the policy's group.",
            );
            self.block(Kind::UndecidedPath, message, advice);
        }
        if !lost.is_empty() {
            let severity = if self.migrate.accept_lost { Severity::Warning } else { Severity::Blocking };
            let message = format!(
                "The role would not reach {} that the policies let through: {}",
                count(lost.len(), "mailbox"),
                some_of(&lost, 5)
            );
            let advice = Advice::spec(
                "Name them in the spec, nested members as well: a role counts direct members alone. Or accept that they are \
                 lost (accept_lost).",
            );
            self.findings.push(Finding::new(severity, Kind::NotReached, message, advice));
        }
        if comparison.is_unrestricted {
            let message =
                "No access policy restricts the application: it reaches every mailbox until the permission is revoked";
            let advice = Advice::operator(
                "The role cannot be seen to act before that: revoke in quiet hours, and expect up to two hours in which \
                 nothing is reached.",
            );
            self.findings.push(Finding::new(Severity::Warning, Kind::Outage, message, advice));
        } else if canary.is_none() {
            let message =
                "While the permission is there, nobody can see whether the role acts: the same call succeeds by either";
            let advice = Advice::operator(
                "Offer a canary: an empty mailbox that the spec names and no policy lets through. Once it can be read, the \
                 role acts.",
            );
            self.findings.push(Finding::new(Severity::Note, Kind::Outage, message, advice));
        }
    }

    /// A denial cannot become a role: it is the inverse.
    fn denials(&mut self) {
        for policy in self.own_policies(PolicyRight::Deny) {
            let message = format!("The access policy {} denies, which no role can", policy.identity);
            let advice = Advice::exchange(
                "Keep the policy, and keep its mailboxes out of the spec: the comparison already leaves out what it denies.",
            );
            let subject = Subject { id: Some(policy.identity.clone()), ..Subject::default() };
            self.findings.push(Finding::new(Severity::Note, Kind::DenyPolicy, message, advice).about(subject));
            self.stays(&policy, "it denies: whatever it keeps out stays out");
        }
    }

    /// Policies for every application stop to act on this one, and roles without a scope let it reach everything.
    fn masks(&mut self) {
        let every = self.seen.facts.policies.entries().iter();
        let every: Vec<AccessPolicy> =
            every.filter(|policy| policy.application == PolicyApplication::Every).cloned().collect();
        for policy in every {
            self.stays(&policy, "it is for every application; it does not bind a role, so it stops acting on this one");
        }
        let model = AccessModel::new(&self.seen.facts);
        let wide: Vec<String> = self
            .seen
            .facts
            .role_assignments
            .entries()
            .iter()
            .filter(|it| {
                it.scope == RoleScope::Organization && it.delegating != Some(true) && it.enabled != Some(false)
            })
            .filter(|it| model.allows_calendars(it, Level::Events) != Truth::No)
            .map(|it| it.name.clone())
            .collect();
        if !wide.is_empty() {
            let message = format!("A role without a scope reaches every mailbox already: {}", some_of(&wide, 3));
            let advice = Advice::exchange("Remove the assignment, or limit it, then derive the procedure again.");
            self.block(Kind::OtherRole, message, advice);
        }
    }

    /// Permissions that no role takes the place of.
    fn unmapped(&mut self) {
        let known = ["Calendars.Read", "Calendars.ReadWrite", "Calendars.Read.All", "Calendars.ReadWrite.All"];
        let facts = &self.seen.facts;
        let names: Vec<String> = restriction::calendar_grants(facts)
            .map(restriction::grant_name)
            .filter(|name| !known.iter().any(|known| known.eq_ignore_ascii_case(name)))
            .collect();
        if !names.is_empty() {
            let message = format!("No role of RBAC for Applications takes the place of {}", some_of(&names, 3));
            let advice = Advice::operator(
                "Make sure that the product does not need it: it is revoked with the others. Exchange Web Services end in \
                 April 2027 in any case.",
            );
            self.findings.push(Finding::new(Severity::Warning, Kind::ObsoletePermission, message, advice));
        }
    }

    fn stays(&mut self, policy: &AccessPolicy, why: &str) {
        self.remaining.push(Remaining {
            what: format!("the access policy {}", policy.identity),
            subject: Subject { id: Some(policy.identity.clone()), ..Subject::default() },
            why: why.to_owned(),
        });
    }

    fn tested(&self, what: &str) -> (Truth, String) {
        let Evidence { not_as_wanted, tested, error, .. } = &self.evidence;
        match (error, &**not_as_wanted) {
            (Some(error), _) => (Truth::Unknown, format!("Exchange's test could not be run: {error}")),
            (None, []) if *tested > 0 => (Truth::Yes, format!("Exchange's test shows {what} for {tested} mailboxes")),
            (None, []) => (Truth::Unknown, "nothing was tested yet".into()),
            (None, some) => (Truth::No, format!("Exchange's test is not as wanted for {}", some_of(some, 3))),
        }
    }

    fn role_gate(&self) -> Gate {
        let (tested, evidence) = self.tested("the role");
        let from = self.evidence.assigned_at.map(|at| at.checked_add(ROLE_ACTS_AFTER).unwrap_or(at));
        let (is_open, evidence) = match (from, tested) {
            (None, _) => (Truth::No, "the role is not assigned yet".to_owned()),
            (Some(from), Truth::Yes) if self.now >= from => {
                (Truth::Yes, format!("{evidence}, and it was assigned more than two hours ago"))
            }
            (Some(_), Truth::Yes) => {
                (Truth::No, "a role takes up to two hours to act where the application is in use".into())
            }
            (Some(_), other) => (other, evidence),
        };
        Gate {
            condition: "the role acts: otherwise the application would read nothing".into(),
            is_open,
            evidence,
            not_before: from.map(|time| Timestamp::from(whole_seconds(time))),
        }
    }

    /// Only the policies limit a token of before.
    fn token_gate(&self, has_grant: bool) -> Gate {
        let condition =
            "no token that carries the permission can be alive: without the policies it would reach every mailbox";
        let until = self.migrate.revoked_at.as_ref().and_then(Timestamp::to_system_time);
        let until = until.map(|at| at.checked_add(TOKENS_ARE_DEAD_AFTER).unwrap_or(at));
        let (is_open, evidence) = match (has_grant, until) {
            (true, _) => (Truth::No, "the permission is not revoked yet"),
            (false, None) => {
                (Truth::Unknown, "when it was revoked is not known: the report of the run that did it says so")
            }
            (false, Some(until)) => (
                Truth::from(self.now >= until),
                "a token lives for 60 to 90 minutes, and for up to 28 hours with continuous access evaluation",
            ),
        };
        let not_before = until.filter(|_| !has_grant).map(|time| Timestamp::from(whole_seconds(time)));
        Gate { condition: condition.into(), is_open, evidence: evidence.into(), not_before }
    }

    fn policy(&mut self) -> Procedure {
        self.unread();
        self.plan_blockers();
        let held = restriction::calendar_grants(&self.seen.facts).next().is_some();
        let group = self.seen.group.as_ref().map(|seen| restriction::ids_of(&seen.group));
        let has_policy = group.is_some_and(|ids| restriction::has_right_policy(self.spec, &self.seen.facts, &ids));
        if held && !has_policy {
            let message =
                "The application holds a tenant-wide permission already, and no policy over the group restricts it";
            let advice =
                Advice::operator("Plan and apply the spec instead: there is no permission to be granted in order.");
            self.block(Kind::TenantWidePermission, message, advice);
        }
        let mut prepare = self.prepare(
            "Policy beside the role",
            "what the role allows, as before: a policy acts on the permission alone",
        );
        prepare.undo = Some("remove the policy, as long as the permission is not granted".into());
        let mut grant = ProcedureStage::new("grant_permission", "Tenant-wide permission");
        grant.reach = Some("the members of the group, by the role and by the permission".into());
        grant.undo = Some("revoke the permission again; the role is still there".into());
        match (held, &self.seen.application, self.evidence.offered) {
            (false, Some(application), Some((resource_id, role))) => {
                let change = Change::GrantPermission(GrantPermission {
                    application: self.spec.application,
                    service_principal: application.id,
                    resource_id,
                    role,
                    permission: permission_name(self.spec.permission).to_owned(),
                    resource: "Microsoft Graph".to_owned(),
                });
                grant.steps.push(Step { reason: "the policy narrows it to the group".into(), change });
                let (tested, evidence) = self.tested("the policy");
                let is_open = if has_policy { tested } else { Truth::No };
                let evidence = if has_policy { evidence } else { "the policy is not there yet".into() };
                grant.gate = Some(Gate {
                    condition: "the policy acts: without it the permission would reach every mailbox".into(),
                    // The test reads the configuration and not the live service, which may take more than a day.
                    is_open: is_open.and(Truth::from(self.migrate.policy_acts)),
                    evidence: format!("{evidence}; whether the live service acts on it, a person says (policy_acts)"),
                    not_before: None,
                });
            }
            (false, Some(_), None) => {
                let message = "Microsoft Graph does not show the calendar permission in this tenant";
                self.block(Kind::NotRead, message, Advice::operator("Derive the procedure again."));
            }
            _ => {}
        }
        let mut roles = ProcedureStage::new("remove_roles", "Role assignments");
        roles.reach = Some("the members of the group, by the permission that the policy narrows".into());
        roles.undo = Some("apply a plan of a spec with RBAC".into());
        let rbac = self.spec.with_restriction(Restriction::Rbac);
        let ids = group;
        for role in restriction::right_roles(&rbac, &self.seen.facts, ids.as_ref()) {
            if let Ok(name) = role.name.parse::<graph_client::exchange::Identity>() {
                let cmdlet = graph_client::exchange::RemoveManagementRoleAssignment::new(name);
                let reason = "the permission and its policy take its place".to_owned();
                roles.steps.push(Step { reason, change: Change::RemoveRole(cmdlet) });
            }
        }
        if !roles.steps.is_empty() {
            roles.gate = Some(Gate {
                condition: "the permission and its policy act: otherwise the application would read nothing".into(),
                is_open: Truth::from(held && has_policy && self.migrate.policy_acts),
                evidence: "a verification shows it: the members are read and others are refused (policy_acts)".into(),
                not_before: None,
            });
        }
        self.procedure(vec![prepare, grant, roles], None)
    }

    fn procedure(&mut self, stages: Vec<ProcedureStage>, comparison: Option<MembershipComparison>) -> Procedure {
        let mut findings = std::mem::take(&mut self.findings);
        findings.sort_by_key(|finding| finding.severity);
        Procedure {
            origin: Origin::now(&self.seen.origin.tenant),
            observation: ObservationRef { digest: self.seen.digest(), made_at: self.seen.origin.made_at.clone() },
            goal: self.migrate.clone().into(),
            application: self.spec.application,
            application_name: self.seen.application.as_ref().and_then(|it| it.display_name.clone()),
            stages,
            findings,
            remaining: std::mem::take(&mut self.remaining),
            comparison,
            requests: self.seen.requests,
        }
    }
}
