use std::time::{Duration, SystemTime};

use graph_client::exchange::{
    AccessCheckResult, AuthorizationRow, GetManagementRoleAssignment, PolicyIdentity, RemoveApplicationAccessPolicy,
    RemoveManagementRoleAssignment, TestApplicationAccessPolicy, TestServicePrincipalAuthorization,
};
use graph_client::graph::Timestamp;
use graph_client::{AppRoleId, ServicePrincipalId, well_known};

use super::compare::{ComparedMailbox, MembershipComparison};
use super::options::Migrate;
use crate::access::{
    Access, AccessModel, AccessPolicy, DataAccess, Fact, Facts, Grant, Level, PolicyApplication, PolicyRight, Resource,
    RoleScope, Truth,
};
use crate::change::{Change, GrantPermission, Step};
use crate::document::{ObservationRef, Origin};
use crate::error::{Error, Result};
use crate::finding::{Advice, Finding, FindingKind as Kind, Severity, Subject};
use crate::groups::ExchangeGroups;
use crate::observe::{Observation, UnreadPart, found};
use crate::plan::Plan;
use crate::procedure::document::{Gate, Procedure, ProcedureStage, Remaining};
use crate::procedure::guards;
use crate::prove::Evidence as Shown;
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
    /// The assignment of the role over the scope, if it is there.
    role: Option<AssignedRole>,
    /// What the application's own read of the canary shows, where its credential was given.
    canary: Option<Shown>,
    /// What Exchange's test shows of the members, and of mailboxes that must not be reached.
    tests: Tests,
    /// The service principal of Microsoft Graph, and the id of the calendar permission that it offers.
    offered: Option<(ServicePrincipalId, AppRoleId)>,
}

struct AssignedRole {
    /// When it was last changed, where Exchange says so.
    changed_at: Option<SystemTime>,
}

/// What a test cmdlet shows, for mailboxes of which it is known what it should.
#[derive(Default)]
struct Tests {
    not_as_wanted: Vec<String>,
    allowed: usize,
    denied: usize,
    /// Why some show nothing.
    undecided: Option<String>,
}

impl Tests {
    fn add(&mut self, mailbox: &crate::membership::MailboxRef, is_member: bool, shown: Result<Option<bool>, String>) {
        match shown {
            Ok(Some(is_allowed)) if is_allowed != is_member => self.not_as_wanted.push(mailbox.address.to_string()),
            Ok(Some(true)) => self.allowed += 1,
            Ok(Some(false)) => self.denied += 1,
            Ok(None) => self.undecided = Some(format!("Exchange's test gives no verdict on {}", mailbox.address)),
            Err(error) => self.undecided = Some(format!("Exchange's test could not be run: {error}")),
        }
    }

    /// Whether they show what acts for every member, and for nobody that must not be reached. A test that was not made
    /// shows nothing: one of either kind is the least.
    fn show(&self, what: &str) -> (Truth, String) {
        match self {
            Self { not_as_wanted, .. } if !not_as_wanted.is_empty() => {
                (Truth::No, format!("Exchange's test is not as wanted for {}", some_of(not_as_wanted, 3)))
            }
            Self { undecided: Some(why), .. } => (Truth::Unknown, why.clone()),
            Self { allowed: 0, denied: 0, .. } => (Truth::Unknown, "nothing was tested yet".into()),
            Self { allowed: 0, .. } => (Truth::Unknown, "no member was tested".into()),
            Self { denied: 0, .. } => {
                let why = "no mailbox was tested that must be refused: name one in must_not_reach";
                (Truth::Unknown, why.into())
            }
            Self { allowed, denied, .. } => (
                Truth::Yes,
                format!(
                    "Exchange's test shows {what} for {} and for none of {denied} others",
                    count(*allowed, "member")
                ),
            ),
        }
    }
}

pub(in crate::procedure) async fn derive(groups: &ExchangeGroups, migrate: &Migrate) -> Result<Procedure> {
    // The permission goes in a stage of its own.
    let spec = migrate.spec.with_revocation(false);
    let seen = groups.observe(&spec).await?;
    let plan = Plan::new(&spec, &seen);
    let evidence = match spec.restriction {
        Restriction::Rbac => role_evidence(groups, migrate, &spec, &seen, &plan).await?,
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
    let after = match spec.restriction {
        Restriction::Rbac => migration.facts_with_the_role(),
        Restriction::Policy => migration.facts_with_the_policy(),
    };
    let mut comparison = MembershipComparison::of(&seen, &migration.plan, &after, migration.level());
    comparison.name(&groups.client.exchange()).await;
    Ok(match spec.restriction {
        Restriction::Rbac => migration.role(comparison),
        Restriction::Policy => migration.policy(comparison),
    })
}

/// The mailboxes to test, and whether each is a member.
fn to_test(plan: &Plan) -> Vec<(&crate::membership::MailboxRef, bool)> {
    let members = plan.members.iter().map(|member| (member, true));
    members.chain(plan.must_not_reach.iter().take(TESTED).map(|denied| (denied, false))).collect()
}

async fn role_evidence(
    groups: &ExchangeGroups,
    migrate: &Migrate,
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
    let changed_at = ours.and_then(|it| it.when_changed.as_ref()?.to_system_time());
    evidence.role = Some(AssignedRole { changed_at });
    let tests = to_test(plan);
    let ask = |mailbox: &crate::membership::MailboxRef| {
        TestServicePrincipalAuthorization::new(spec.application).resource(mailbox.identity())
    };
    let answers = exchange.run_all(tests.iter().map(|(mailbox, _)| ask(mailbox)).collect()).await;
    for ((mailbox, is_member), rows) in tests.into_iter().zip(answers) {
        let shown = rows.map(|rows| covers(&rows, spec.permission.role().as_str()));
        evidence.tests.add(mailbox, is_member, shown.map_err(|error| crate::text::without_advice(&error)));
    }
    if let Some(canary) = plan.members.iter().find(|member| migrate.canary.as_ref() == Some(&member.address)) {
        evidence.canary = crate::prove::read_one(groups, spec, canary).await;
    }
    Ok(evidence)
}

/// Whether a role covers the mailbox that was asked about. `None` when no row of the role says so: a role that is not
/// listed, or that was not held against the mailbox ("Not Run"), is no denial.
fn covers(rows: &[AuthorizationRow], role: &str) -> Option<bool> {
    let rows = rows.iter().filter(|row| row.role_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(role)));
    let shown: Vec<Option<bool>> = rows.map(|row| row.in_scope).collect();
    match &*shown {
        rows if rows.contains(&Some(true)) => Some(true),
        [] => None,
        rows if rows.contains(&None) => None,
        _ => Some(false),
    }
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
    let tests = to_test(plan);
    let ask = |mailbox: &crate::membership::MailboxRef| {
        TestApplicationAccessPolicy::new(mailbox.identity(), spec.application)
    };
    let exchange = groups.client.exchange();
    let answers = exchange.run_all(tests.iter().map(|(mailbox, _)| ask(mailbox)).collect()).await;
    for ((mailbox, is_member), tested) in tests.into_iter().zip(answers) {
        let shown = tested.map(|tested| match tested.access_check_result {
            AccessCheckResult::Granted => Some(true),
            AccessCheckResult::Denied => Some(false),
            _ => None,
        });
        evidence.tests.add(mailbox, is_member, shown.map_err(|error| crate::text::without_advice(&error)));
    }
    Ok(evidence)
}

fn permission_name(permission: Permission) -> &'static str {
    match permission {
        Permission::Read => "Calendars.Read",
        Permission::ReadWrite => "Calendars.ReadWrite",
    }
}

/// Whether a role takes the place of this permission: by its row, as Graph and Exchange share ids under other names.
fn has_role(grant: &Grant) -> bool {
    grant.resource == Resource::Graph
        && grant.row().and_then(|row| row.replaced_by).is_some_and(|role| {
            restriction::PERMISSIONS.iter().any(|known| known.role().as_str().eq_ignore_ascii_case(role))
        })
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

impl<'a> Migration<'a> {
    fn block(&mut self, kind: Kind, message: impl Into<String>, advice: Advice) {
        self.findings.push(Finding::new(Severity::Blocking, kind, message, advice));
    }

    fn stays(&mut self, policy: &AccessPolicy, why: &str) {
        self.remaining.push(guards::policy_stays(policy, why));
    }

    /// What could not be read, and what the plan of the spec found in the way. A role that reaches more than the spec says
    /// is a warning of a plan, and no way to begin a migration.
    fn plan_findings(&mut self) {
        let needed = [UnreadPart::Entra, UnreadPart::Policies, UnreadPart::Roles, UnreadPart::Scopes];
        self.findings.extend(guards::not_read(self.seen, &needed));
        let is_wider = |it: &Finding| it.kind == Kind::OtherRole && !self.spec.scope.is_group();
        let in_the_way = self.plan.findings.iter().filter(|it| it.severity == Severity::Blocking || is_wider(it));
        let in_the_way: Vec<Finding> = in_the_way.cloned().collect();
        self.findings.extend(in_the_way.into_iter().map(|finding| Finding { severity: Severity::Blocking, ..finding }));
    }

    fn own_policies(&self, right: PolicyRight) -> Vec<AccessPolicy> {
        let own = PolicyApplication::One(*self.spec.application.as_uuid());
        let policies = self.seen.facts.policies.entries().iter();
        policies.filter(|policy| policy.application == own && policy.right == right).cloned().collect()
    }

    /// How much of a calendar the spec's permission shows or changes: reading beside writing is a gain as well.
    fn level(&self) -> Level {
        match self.spec.permission {
            Permission::Read => Level::Events,
            Permission::ReadWrite => Level::Write,
        }
    }

    fn prepare(&self, title: &str, reach: &str) -> ProcedureStage {
        let mut stage = ProcedureStage::new("prepare", title);
        stage.steps.clone_from(&self.plan.steps);
        stage.reach = Some(reach.to_owned());
        stage
    }

    /// The permissions that a role takes the place of.
    fn mapped(&self) -> Vec<&'a Grant> {
        restriction::calendar_grants(&self.seen.facts).filter(|grant| has_role(grant)).collect()
    }

    /// The facts once the role is there and the permission is not.
    fn facts_with_the_role(&self) -> Facts {
        let mut after = self.plan.forecast(self.seen);
        let revoked = self.mapped();
        if let Fact::Read(grants) | Fact::Partly(grants, _) = &mut after.grants {
            grants.retain(|grant| !revoked.contains(&grant));
        }
        after
    }

    fn role(&mut self, comparison: MembershipComparison) -> Procedure {
        self.plan_findings();
        let mapped = self.mapped();
        let reason = "from here on the role alone allows access";
        let revocations = guards::revocations(self.spec, self.seen, mapped.iter().copied(), reason);
        let is_held = !mapped.is_empty();
        if is_held {
            self.judge(&comparison);
            self.what_the_permission_adds(&mapped);
        }
        self.canary();
        self.denials(is_held);
        self.masks();
        self.unmapped();
        let mut prepare =
            self.prepare("Role beside the policies", "what the policies let through, as before: the role adds nobody");
        prepare.undo = Some("remove the role assignment, by its name; then the group, if it was made for this".into());
        let mut revoke = ProcedureStage::new("revoke_permission", "Tenant-wide permission");
        revoke.reach =
            Some("the members of the role's scope; by a token of before still what the policies let through".into());
        revoke.undo = Some("grant the permission again: safe only while the policies are there".into());
        revoke.steps = revocations;
        if !revoke.steps.is_empty() {
            revoke.gate = Some(self.role_gate());
        }
        let remove = self.remove_policies(&revoke.steps);
        self.procedure(vec![prepare, revoke, remove], comparison)
    }

    /// The old mechanism goes last, and only if there is nothing left that it limits.
    fn remove_policies(&mut self, revocations: &[Step]) -> ProcedureStage {
        let mut remove = ProcedureStage::new("remove_policies", "Access policies");
        remove.reach = Some("the members of the role's scope".into());
        remove.undo = Some(
            "create the policy again and wait until it is seen to act; only then may the permission be granted: without a \
             policy it reaches every mailbox"
                .into(),
        );
        let policies = self.own_policies(PolicyRight::Restrict);
        let limited = guards::limited_beside(&self.seen.facts, revocations);
        self.findings.extend(guards::not_revoked_yet(revocations, self.migrate.revoked_at.as_ref()));
        if !limited.is_empty() && !policies.is_empty() {
            self.findings.push(guards::policies_are_needed(&limited));
        }
        for policy in policies {
            if !limited.is_empty() {
                self.stays(&policy, "it limits other permissions, which would reach every mailbox without it");
                continue;
            }
            let Ok(identity) = policy.identity.parse::<PolicyIdentity>() else {
                self.stays(&policy, "its identity is not one that a command can name exactly");
                continue;
            };
            let change = Change::RemovePolicy(RemoveApplicationAccessPolicy::new(identity));
            remove.steps.push(Step { reason: "it narrows a permission that is not held any more".into(), change });
        }
        if !remove.steps.is_empty() {
            let revoked_at = self.migrate.revoked_at.as_ref();
            remove.gate = Some(guards::token_gate(&self.seen.facts, revocations, revoked_at, self.now));
        }
        remove
    }

    /// Who gains and who loses, before anything is done.
    fn judge(&mut self, comparison: &MembershipComparison) {
        let canary = self.migrate.canary.as_ref();
        let is_canary = |it: &&ComparedMailbox| canary.is_some() && it.address.as_ref() == canary;
        let names = |list: &[ComparedMailbox]| list.iter().map(ComparedMailbox::label).collect::<Vec<_>>();
        let gained: Vec<String> =
            comparison.gained.iter().filter(|it| !is_canary(it)).map(ComparedMailbox::label).collect();
        let (lost, unknown) = (names(&comparison.lost), names(&comparison.unknown));
        let (old, new) = match self.spec.restriction {
            Restriction::Rbac => ("the policies", "the role"),
            Restriction::Policy => ("the role", "the permission under its policies"),
        };
        if !gained.is_empty() {
            let message = format!(
                "{} would reach {} that {old} {} out: {}",
                crate::text::capitalised(new),
                count(gained.len(), "mailbox"),
                if self.spec.restriction == Restriction::Rbac { "keep" } else { "keeps" },
                some_of(&gained, 5)
            );
            let advice = match self.spec.restriction {
                Restriction::Rbac => Advice::spec(
                    "Leave them out of the spec, and out of the group where other members are kept; or add them to the \
                     group of a policy first and verify. A spec that writes where the application only reads changes \
                     nothing before the migration: migrate with the permission that is held.",
                ),
                Restriction::Policy => Advice::exchange(
                    "Remove the other policies that let them through, or take them out of the group, then derive the \
                     procedure again.",
                ),
            };
            self.block(Kind::OtherRole, message, advice);
        }
        if !unknown.is_empty() {
            let message = format!("Whether {} is reached before and after is not known", some_of(&unknown, 5));
            let advice = Advice::operator(
                "Correct what could not be read, or what the sources leave open: members of nested groups are made direct \
                 members of the policy's group.",
            );
            self.block(Kind::UndecidedPath, message, advice);
        }
        if comparison.others_gained != Access::Denied {
            let message = format!("{} would reach mailboxes that are in no group", crate::text::capitalised(new));
            let advice =
                Advice::operator("Correct the scope, or what could not be read; nothing may be wider than now.");
            self.block(Kind::TenantWidePermission, message, advice);
        }
        let is_wide = comparison.others_now != Access::Denied;
        let loses = match (comparison.others_now, &*lost) {
            (Access::Denied, []) => None,
            (Access::Denied, lost) => {
                Some(format!("{} that {old} let through: {}", count(lost.len(), "mailbox"), some_of(lost, 5)))
            }
            (Access::Allowed, _) => {
                Some("any mailbox outside its scope, and nothing keeps the application from them now".to_owned())
            }
            (Access::Unknown, _) => {
                Some("mailboxes outside its scope, of which it is not known whether they are reached now".to_owned())
            }
        };
        if let Some(loses) = loses {
            let severity = if self.migrate.accept_lost { Severity::Warning } else { Severity::Blocking };
            let message = format!("{} would not reach {loses}", crate::text::capitalised(new));
            let advice = Advice::spec(
                "Name them in the spec, nested members as well: a role counts direct members alone. Or accept that they are \
                 lost (accept_lost).",
            );
            self.findings.push(Finding::new(severity, Kind::NotReached, message, advice));
        }
        if self.spec.restriction == Restriction::Policy {
            return;
        }
        if is_wide {
            let message = "Nothing shows before the revocation whether the role acts: the application reaches its members \
                           by the permission as well";
            let advice = Advice::operator(
                "Revoke in quiet hours, and expect up to two hours in which nothing is reached. A canary cannot show it: \
                 no policy keeps one out.",
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

    /// A canary shows the role only if nothing else lets it through.
    fn canary(&mut self) {
        let Some(canary) = &self.migrate.canary else { return };
        let member = self.plan.members.iter().find(|member| member.address == *canary);
        let why = match member {
            None => Some("the spec does not name it, so that the role does not reach it"),
            Some(member) => {
                let mut facts = self.seen.facts.clone();
                facts.role_assignments = Fact::Read(Vec::new());
                let mailbox = crate::observe::Mailboxes::of(self.seen).facts(member);
                let access = AccessModel::new(&facts).reach(&mailbox, Level::Events).verdict;
                let is_held = restriction::calendar_grants(&facts).next().is_some();
                (is_held && access != Access::Denied).then_some("the permission reaches it, or may, without the role")
            }
        };
        if let Some(why) = why {
            let message = format!("The canary {canary} shows nothing: {why}");
            let advice = Advice::spec(
                "Make an empty mailbox that is in no policy's group, name it in the spec, and wait until it is refused \
                 before the role is assigned.",
            );
            self.block(Kind::UndecidedPath, message, advice);
        }
    }

    /// A role for reading takes the place of a permission for writing: the product may write.
    fn what_the_permission_adds(&mut self, mapped: &[&Grant]) {
        let writes = |grant: &&&Grant| grant.row().is_some_and(|row| row.allows.contains(&DataAccess::CalendarWrite));
        let writing: Vec<String> = mapped.iter().filter(writes).map(|grant| restriction::grant_name(grant)).collect();
        if self.spec.permission == Permission::Read && !writing.is_empty() {
            let message = format!("The role only reads, and {} lets the application write", some_of(&writing, 2));
            let advice = Advice::spec("Make sure that the product only reads; else set permission to read_write.");
            self.findings.push(Finding::new(Severity::Warning, Kind::NotReached, message, advice).at("permission"));
        }
    }

    /// A denial cannot become a role: it is the inverse.
    fn denials(&mut self, is_held: bool) {
        let denials = self.own_policies(PolicyRight::Deny);
        if is_held && !denials.is_empty() && self.own_policies(PolicyRight::Restrict).is_empty() {
            let names = some_of(denials.iter().map(|policy| policy.identity.clone()), 3);
            let message = format!("The application reaches every mailbox but those that {names} denies");
            let advice = Advice::exchange(
                "No role says \"all but these\". Decide which mailboxes are meant, restrict the application to them by a \
                 policy first, and verify; then migrate.",
            );
            self.block(Kind::DenyPolicy, message, advice);
        }
        for policy in denials {
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

    /// Permissions for calendars that no role takes the place of.
    fn unmapped(&mut self) {
        let facts = &self.seen.facts;
        let is_ews = |grant: &&Grant| {
            grant
                .row()
                .is_some_and(|row| row.resource == crate::access::RowResource::Exchange && row.replaced_by.is_some())
        };
        let unmapped: Vec<&Grant> = restriction::calendar_grants(facts).filter(|grant| !has_role(grant)).collect();
        let name = |grant: &&Grant| format!("{} on {}", restriction::grant_name(grant), grant.resource);
        let ews: Vec<String> = unmapped.iter().copied().filter(is_ews).map(|it| name(&it)).collect();
        let others: Vec<String> = unmapped.iter().copied().filter(|it| !is_ews(it)).map(|it| name(&it)).collect();
        if !ews.is_empty() {
            let message = format!("{} stays, and is not moved to a role", some_of(&ews, 3));
            let advice = Advice::operator(
                "Exchange Web Services end in April 2027. Revoke it once the product does not need it: the policies stay \
                 until then.",
            );
            self.findings.push(Finding::new(Severity::Warning, Kind::ObsoletePermission, message, advice));
        }
        if !others.is_empty() {
            let message = format!("No role of RBAC for Applications takes the place of {}", some_of(&others, 3));
            let advice = Advice::operator(
                "Make sure that the product does not need it, and revoke it under Enterprise applications > the \
                 application > Permissions; then derive the procedure again.",
            );
            self.block(Kind::ObsoletePermission, message, advice);
        }
    }

    fn role_gate(&self) -> Gate {
        let (tested, evidence) = self.evidence.tests.show("the role");
        let from = self.evidence.role.as_ref().map(|role| role.changed_at);
        let from = from.map(|at| at.map(|at| at.checked_add(ROLE_ACTS_AFTER).unwrap_or(at)));
        let (is_open, evidence) = match (from, tested) {
            (None, _) => (Truth::No, "the role is not assigned yet".to_owned()),
            (Some(_), Truth::No) => (Truth::No, evidence),
            (Some(None), _) => (Truth::Unknown, "Exchange does not say when the role was assigned".into()),
            (Some(Some(from)), _) if self.now < from => {
                (Truth::No, "a role takes up to two hours to act where the application is in use".into())
            }
            (Some(Some(_)), Truth::Yes) => {
                let evidence = format!("{evidence}, and it was assigned more than two hours ago");
                match (&self.evidence.canary, &self.migrate.canary) {
                    (Some(Shown::Allowed), _) => (
                        Truth::Yes,
                        format!("{evidence}; the application reads the canary, which the role alone allows"),
                    ),
                    (Some(Shown::Denied), _) => (Truth::No, "the application is still refused at the canary".into()),
                    (Some(Shown::Unknown(why)), _) => {
                        (Truth::Unknown, format!("whether the application reads the canary is not known: {why}"))
                    }
                    (Some(Shown::NotInSample) | None, Some(_)) => (
                        Truth::Yes,
                        format!("{evidence}; nobody read the canary: the application's credential was not given"),
                    ),
                    (Some(Shown::NotInSample) | None, None) => (Truth::Yes, evidence),
                }
            }
            (Some(Some(_)), Truth::Unknown) => (Truth::Unknown, evidence),
        };
        Gate {
            condition: "the role acts: otherwise the application would read nothing".into(),
            is_open,
            evidence,
            not_before: from.flatten().map(guards::after),
        }
    }

    /// The roles that the policy takes the place of.
    fn replaced_roles(&self) -> Vec<String> {
        let rbac = self.spec.with_restriction(Restriction::Rbac);
        let group = self.seen.group.as_ref().map(|seen| restriction::ids_of(&seen.group));
        let roles = restriction::right_roles(&rbac, &self.seen.facts, group.as_ref());
        roles.iter().map(|role| role.name.clone()).collect()
    }

    /// The facts once the permission and its policy are there and the role is not.
    fn facts_with_the_policy(&self) -> Facts {
        let mut after = self.plan.forecast(self.seen);
        if restriction::calendar_grants(&self.seen.facts).next().is_none() {
            self.add_grant(&mut after);
        }
        let removed = self.replaced_roles();
        if let Fact::Read(roles) | Fact::Partly(roles, _) = &mut after.role_assignments {
            roles.retain(|role| !removed.contains(&role.name));
        }
        after
    }

    fn policy(&mut self, comparison: MembershipComparison) -> Procedure {
        self.plan_findings();
        let facts = &self.seen.facts;
        let is_held = restriction::calendar_grants(facts).next().is_some();
        let group = self.seen.group.as_ref().map(|seen| restriction::ids_of(&seen.group));
        let has_policy = group.is_some_and(|ids| restriction::has_right_policy(self.spec, facts, &ids));
        let roles = self.replaced_roles();
        if is_held && !has_policy {
            let message =
                "The application holds a tenant-wide permission already, and no policy over the group restricts it";
            let advice =
                Advice::operator("Plan and apply the spec instead: there is no permission to be granted in order.");
            self.block(Kind::TenantWidePermission, message, advice);
        }
        self.judge(&comparison);
        if let Some(granted_at) = self.migrate.granted_at.as_ref().filter(|_| !is_held) {
            let message = format!("The application holds no tenant-wide permission, and granted_at says {granted_at}");
            let advice = Advice::operator(
                "Leave granted_at out until the permission is granted, and set it to the time of that run.",
            );
            self.findings
                .push(Finding::new(Severity::Blocking, Kind::TenantWidePermission, message, advice).at("granted_at"));
        }
        self.newly_limited(has_policy);
        let mut prepare = self.prepare(
            "Policy beside the role",
            "what the role allows, as before: a policy acts on the permission alone",
        );
        prepare.undo = Some("remove the policy, as long as the permission is not granted".into());
        let grant = self.grant(is_held, has_policy);
        let roles = self.remove_roles(&roles, is_held, has_policy);
        self.procedure(vec![prepare, grant, roles], comparison)
    }

    fn grant(&mut self, is_held: bool, has_policy: bool) -> ProcedureStage {
        let mut grant = ProcedureStage::new("grant_permission", "Tenant-wide permission");
        grant.reach = Some("the members of the group, by the role and by the permission".into());
        grant.undo = Some("revoke the permission again; the role is still there".into());
        let facts = &self.seen.facts;
        match (is_held, &self.seen.application, self.evidence.offered) {
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
                let (tested, evidence) = self.evidence.tests.show("the policy");
                let (is_open, evidence) = match (has_policy, facts.grants.missing()) {
                    (false, _) => (Truth::No, "the policy is not there yet".to_owned()),
                    (true, Some(why)) => {
                        (Truth::Unknown, format!("which permissions it holds was not read to the end: {why}"))
                    }
                    (true, None) => (tested, evidence),
                };
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
        grant
    }

    fn remove_roles(&self, roles: &[String], is_held: bool, has_policy: bool) -> ProcedureStage {
        let mut stage = ProcedureStage::new("remove_roles", "Role assignments");
        stage.reach = Some("the members of the group, by the permission that the policy narrows".into());
        stage.undo = Some("apply a plan of a spec with RBAC".into());
        for role in roles {
            if let Ok(name) = role.parse::<graph_client::exchange::Identity>() {
                let cmdlet = RemoveManagementRoleAssignment::new(name);
                let reason = "the permission and its policy take its place".to_owned();
                stage.steps.push(Step { reason, change: Change::RemoveRole(cmdlet) });
            }
        }
        if !stage.steps.is_empty() {
            stage.gate = Some(self.permission_gate(is_held, has_policy));
        }
        stage
    }

    /// A token of before lacks the permission: with the role gone it would read nothing.
    fn permission_gate(&self, is_held: bool, has_policy: bool) -> Gate {
        let (tested, shown) = self.evidence.tests.show("the policy");
        let from = self.migrate.granted_at.as_ref().and_then(Timestamp::to_system_time);
        let from = from.map(|at| at.checked_add(TOKENS_ARE_DEAD_AFTER).unwrap_or(at));
        let hours = TOKENS_ARE_DEAD_AFTER.as_secs() / 3_600;
        let (is_open, evidence) = match (is_held && has_policy, tested, from) {
            (false, ..) => (Truth::No, "the permission and its policy are not both there yet".to_owned()),
            (true, Truth::No | Truth::Unknown, _) => (tested, shown),
            (true, Truth::Yes, None) => {
                let why = "when the permission was granted is not known: the report of the run that did it says so";
                (Truth::Unknown, why.to_owned())
            }
            (true, Truth::Yes, Some(from)) if self.now < from => (
                Truth::No,
                format!("a token of before the grant lives for up to {hours} hours, and lacks the permission"),
            ),
            (true, Truth::Yes, Some(_)) if !self.migrate.policy_acts => {
                let why = "a verification shows it: the members are read and others are refused (policy_acts)";
                (Truth::Unknown, why.to_owned())
            }
            (true, Truth::Yes, Some(_)) => (Truth::Yes, format!("{shown}, and a person saw both act (policy_acts)")),
        };
        Gate {
            condition: "the permission and its policy act: otherwise the application would read nothing".into(),
            is_open,
            evidence,
            not_before: from.filter(|_| is_held && has_policy).map(guards::after),
        }
    }

    /// A new policy limits every permission that policies cover, be it for mail or contacts.
    fn newly_limited(&mut self, has_policy: bool) {
        let is_limited = !self.own_policies(PolicyRight::Restrict).is_empty();
        let calendars: Vec<&Grant> = restriction::calendar_grants(&self.seen.facts).collect();
        let grants = self.seen.facts.grants.entries().iter().filter(|grant| !calendars.contains(grant));
        let limited: Vec<String> = grants
            .filter(|grant| grant.is_limited_by_policies() != Truth::No)
            .map(|grant| format!("{} on {}", restriction::grant_name(grant), grant.resource))
            .collect();
        if !has_policy && !is_limited && !limited.is_empty() {
            let message = format!("The policy limits {} to the members of the group as well", some_of(&limited, 3));
            let advice = Advice::operator("Make sure that the product needs them for no other mailbox.");
            self.findings.push(Finding::new(Severity::Warning, Kind::Outage, message, advice));
        }
    }

    fn add_grant(&self, facts: &mut Facts) {
        let Some((_, role)) = self.evidence.offered else { return };
        let grant = Grant {
            resource: Resource::Graph,
            role,
            value: Some(permission_name(self.spec.permission).to_owned()),
            assignment: None,
            eligible: false,
        };
        match &mut facts.grants {
            Fact::Read(grants) | Fact::Partly(grants, _) => grants.push(grant),
            Fact::Unread(why) => facts.grants = Fact::Partly(vec![grant], why.clone()),
        }
    }

    fn procedure(&mut self, stages: Vec<ProcedureStage>, comparison: MembershipComparison) -> Procedure {
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
            comparison: Some(comparison),
            requests: self.seen.requests,
        }
    }
}
