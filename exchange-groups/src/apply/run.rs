use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use graph_client::exchange::{
    AccessRight, AuthorizationRow, CmdletErrorKind, DistributionGroup, Exchange, GetApplicationAccessPolicy,
    GetDistributionGroup, GetDistributionGroupMember, GetManagementRoleAssignment, GetOrganizationConfig,
    GetServicePrincipal, Identity, NewApplicationAccessPolicy, NewDistributionGroup, NewManagementRoleAssignment,
    NewServicePrincipal, Recipient, TestServicePrincipalAuthorization, UpdateDistributionGroupMember, Wait,
};
use graph_client::{Client, Error as ServiceError, ErrorKind, Meter, ObjectId};

use super::{Apply, Event, Listener, Outcome, Report, StageUsage, StepReport};
use crate::discover::{Roll, Target, key_of};
use crate::observe::{access_policies, found};
use crate::{Change, Finding, FindingKind, OtherMembers, Plan, RevokeGrant, Severity, Stage, Step};

/// How a step went.
type Attempt = Result<Outcome, ServiceError>;

pub(super) struct Run {
    plan: Plan,
    client: Client,
    meter: Meter,
    exchange: Exchange,
    wait: Wait,
    /// In a mutex only because shared references to a run cross threads.
    on_event: Mutex<Listener>,
    report: Report,
    /// The group, once it is known to be there.
    group: Option<DistributionGroup>,
    /// Whether this run made something that may not be everywhere yet.
    is_fresh: bool,
    /// Whether this run made the group itself, so that it is known to have no members yet.
    is_own_group: bool,
    /// Why no further step is run.
    halted: Option<String>,
    /// Why the tenant-wide permission stays: without it the application would lose rooms that it still needs it for.
    keep_grant: Option<String>,
}

impl Run {
    pub(super) fn new(apply: Apply) -> Self {
        let Apply { groups, plan, on_event } = apply;
        let (client, meter) = groups.client.metered();
        let observed = StageUsage { stage: Stage::Observe, requests: plan.requests, retries: 0, elapsed: plan.elapsed };
        let report = Report {
            address: plan.spec.address.clone(),
            name: plan.spec.name.to_string(),
            group_id: None,
            application: plan.spec.application,
            restriction: plan.spec.restriction,
            members: None,
            steps: Vec::with_capacity(plan.steps.len()),
            stages: vec![observed],
        };
        Self {
            exchange: client.exchange(),
            wait: groups.wait,
            plan,
            client,
            meter,
            on_event: Mutex::new(on_event),
            report,
            group: None,
            is_fresh: false,
            is_own_group: false,
            halted: None,
            keep_grant: None,
        }
    }

    /// The tenant that the plan was made for, if it is not this one: its ids mean nothing here.
    pub(super) async fn other_tenant(&self) -> Result<Option<Finding>, ServiceError> {
        let here = self.exchange.run(GetOrganizationConfig::new()).await?.name;
        let planned = &self.plan.organization;
        Ok((!here.eq_ignore_ascii_case(planned)).then(|| {
            Finding::new(
                Severity::Blocking,
                FindingKind::OtherTenant,
                format!("The plan was made for {planned}, and this is {here}"),
                "Plan again in this tenant.",
            )
        }))
    }

    pub(super) async fn finish(mut self) -> Report {
        // What it took to see that the plan is for this tenant belongs to the observation.
        let before = self.meter.usage();
        if let Some(observed) = self.report.stages.first_mut() {
            observed.requests += before.requests;
            observed.retries += before.retries;
        }
        for stage in [Stage::Group, Stage::Members, Stage::Restriction, Stage::Revocation] {
            let steps: Vec<Step> = self.plan.steps.iter().filter(|step| step.stage == stage).cloned().collect();
            // Who is in the group is read before anything is given over it, also if the plan changes nobody.
            let gives = |step: &Step| matches!(step.stage, Stage::Restriction | Stage::Revocation);
            let must_check = stage == Stage::Members && self.plan.steps.iter().any(gives);
            if steps.is_empty() && !must_check {
                continue;
            }
            self.tell(&Event::Stage { stage });
            let (before, started) = (self.meter.usage(), Instant::now());
            match (stage, &self.halted) {
                (_, Some(reason)) => {
                    let reason = reason.clone();
                    for step in steps {
                        self.end(step, Ok(Outcome::NotRun { reason: reason.clone() }));
                    }
                }
                (Stage::Members, None) => self.members(steps).await,
                (_, None) => self.one_by_one(steps).await,
            }
            let usage = self.meter.usage();
            self.report.stages.push(StageUsage {
                stage,
                requests: usage.requests - before.requests,
                retries: usage.retries - before.retries,
                elapsed: started.elapsed(),
            });
        }
        let before = self.meter.usage();
        self.describe_group().await;
        let usage = self.meter.usage();
        if let Some(last) = self.report.stages.last_mut() {
            last.requests += usage.requests - before.requests;
            last.retries += usage.retries - before.retries;
        }
        self.report
    }

    /// The report names the group, also when no step was about it.
    async fn describe_group(&mut self) {
        if self.group.is_none() {
            self.group = self.find_group().await.unwrap_or_default();
        }
        if let Some(group) = &self.group {
            if let Some(name) = &group.display_name {
                self.report.name.clone_from(name);
            }
            self.report.group_id = group.external_directory_object_id.map(ObjectId::from_uuid);
        }
    }

    fn tell(&mut self, event: &Event) {
        (self.on_event.get_mut().unwrap_or_else(PoisonError::into_inner))(event);
    }

    fn end(&mut self, step: Step, attempt: Attempt) {
        let (outcome, error) = match attempt {
            Ok(outcome) => (outcome, None),
            Err(error) => (Outcome::Failed { error: error.to_string() }, Some(error)),
        };
        if !outcome.is_success() {
            self.keep_grant.get_or_insert_with(|| "an earlier step is not done".into());
        }
        let Step { stage, sentence, .. } = step;
        self.report.steps.push(StepReport { stage, sentence: sentence.clone(), outcome: outcome.clone(), error });
        let (done, total) = (self.report.steps.len(), self.plan.steps.len());
        self.tell(&Event::Step { sentence, outcome, done, total });
    }

    async fn one_by_one(&mut self, steps: Vec<Step>) {
        for step in steps {
            let attempt = match (&self.halted, &self.keep_grant) {
                (Some(reason), _) => Ok(Outcome::NotRun { reason: reason.clone() }),
                (_, Some(reason)) if step.stage == Stage::Revocation => Ok(Outcome::NotRun { reason: reason.clone() }),
                _ => self.change(&step.change).await,
            };
            if !matches!(&attempt, Ok(outcome) if outcome.is_success()) {
                match step.change {
                    Change::CreateGroup(_) => self.halted = Some("the group is not there".into()),
                    Change::RegisterApplication(_) => {
                        self.halted = Some("Exchange does not know the application".into());
                    }
                    _ => {}
                }
            }
            self.end(step, attempt);
        }
    }

    async fn change(&mut self, change: &Change) -> Attempt {
        match change {
            Change::CreateGroup(cmdlet) => self.create_group(cmdlet).await,
            Change::AlterGroup(cmdlet) => self.exchange.run_ref(cmdlet).await.map(|()| Outcome::Done),
            Change::FillGroup(cmdlet) => self.fill(cmdlet).await,
            Change::AddMember(cmdlet) => self.exchange.run_ref(cmdlet).await.map(|()| Outcome::Done),
            Change::RemoveMember(cmdlet) => self.exchange.run_ref(cmdlet).await.map(|()| Outcome::Done),
            Change::RegisterApplication(cmdlet) => self.register(cmdlet).await,
            Change::AssignRole(cmdlet) => self.assign_role(cmdlet).await,
            Change::RestrictApplication(cmdlet) => self.restrict(cmdlet).await,
            Change::RevokeGrant(revoke) => self.revoke(revoke).await,
        }
    }

    async fn create_group(&mut self, cmdlet: &NewDistributionGroup) -> Attempt {
        let made = self.exchange.run_ref(cmdlet).await;
        // Somebody else, or an attempt that lost its answer, may have made it: then it is at our address.
        let outcome = settle(made.map(drop), || async { Ok(self.find_group().await?.is_some()) }).await?;
        self.is_fresh = true;
        self.is_own_group = outcome == Outcome::Done;
        self.tell(&Event::Waiting { what: "the new group to be visible" });
        let run = &*self;
        let group = run.exchange.wait_until_visible(&run.wait, || run.find_group()).await?;
        self.group = Some(group);
        Ok(outcome)
    }

    /// The group at the spec's address, if it is of the kind that carries permissions.
    async fn find_group(&self) -> Result<Option<DistributionGroup>, ServiceError> {
        let address = &self.plan.spec.address;
        let groups = found(self.exchange.run(GetDistributionGroup::one(address)).await)?;
        let is_ours = |group: &DistributionGroup| group.is_security_group() && group.has_address(address);
        Ok(groups.into_iter().flatten().find(is_ours))
    }

    async fn read_members(&self) -> Result<Vec<Recipient>, ServiceError> {
        self.exchange.run(GetDistributionGroupMember::new(&self.plan.spec.address)).await
    }

    /// Fills a group that has no members. It replaces them all, so it must be known that there is none to lose.
    async fn fill(&self, cmdlet: &UpdateDistributionGroupMember) -> Attempt {
        if !self.is_own_group {
            let members = self.read_members().await?;
            if self.difference(&members).is_none() {
                return Ok(Outcome::AlreadyDone);
            }
            let members = members.len();
            if members > 0 {
                let reason = format!("the group had no members and now has {members}: plan again");
                return Ok(Outcome::NotRun { reason });
            }
        }
        self.exchange.run_ref(cmdlet).await.map(|()| Outcome::Done)
    }

    async fn members(&mut self, steps: Vec<Step>) {
        let mut in_doubt = Vec::new();
        let (mut removals, mut additions, mut fills) = (Vec::new(), Vec::new(), Vec::new());
        for step in steps {
            match &step.change {
                Change::RemoveMember(cmdlet) => removals.push((cmdlet.clone(), step)),
                Change::AddMember(cmdlet) => additions.push((cmdlet.clone(), step)),
                _ => fills.push(step),
            }
        }
        // What must not be there goes first. Ten to a request, and news after each.
        for chunk in removals.chunks(10) {
            let results = self.exchange.run_all(chunk.iter().map(|(cmdlet, _)| cmdlet.clone()).collect()).await;
            self.end_members(chunk.iter().map(|(_, step)| step.clone()), results, &mut in_doubt);
        }
        for step in fills {
            match self.change(&step.change).await {
                Err(error) if error.is_outcome_unknown() => in_doubt.push((step, error)),
                attempt => self.end(step, attempt),
            }
        }
        for chunk in additions.chunks(10) {
            let results = self.exchange.run_all(chunk.iter().map(|(cmdlet, _)| cmdlet.clone()).collect()).await;
            self.end_members(chunk.iter().map(|(_, step)| step.clone()), results, &mut in_doubt);
        }
        self.read_back(in_doubt).await;
    }

    fn end_members(
        &mut self,
        steps: impl Iterator<Item = Step>,
        results: Vec<Result<(), ServiceError>>,
        in_doubt: &mut Vec<(Step, ServiceError)>,
    ) {
        for (step, result) in steps.zip(results) {
            match result {
                Ok(()) => self.end(step, Ok(Outcome::Done)),
                Err(error) if is_in_place(&error) => self.end(step, Ok(Outcome::AlreadyDone)),
                Err(error) if error.is_outcome_unknown() => in_doubt.push((step, error)),
                Err(error) => self.end(step, Err(error)),
            }
        }
    }

    /// Reads the members until they are as planned, and decides the steps whose outcome is not known.
    async fn read_back(&mut self, in_doubt: Vec<(Step, ServiceError)>) {
        self.tell(&Event::Waiting { what: "the members to be as planned" });
        // Waiting brings no member that could not be added.
        let has_failed = self.report.steps.iter().any(|step| !step.outcome.is_success());
        let wait = if has_failed { self.wait.clone().with_deadline(Duration::ZERO) } else { self.wait.clone() };
        let last = Mutex::new(None);
        let run = &*self;
        let read = run.exchange.wait_until_visible(&wait, || async {
            let difference = run.difference(&run.read_members().await?);
            let is_as_planned = difference.is_none();
            *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(difference);
            Ok(is_as_planned.then_some(()))
        });
        let read = read.await;
        let Some(difference) = last.into_inner().unwrap_or_else(PoisonError::into_inner) else {
            let error = read.err().map(|error| error.to_string()).unwrap_or_default();
            self.halted = Some(format!("the members could not be read back: {error}"));
            for (step, error) in in_doubt {
                self.end(step, Err(error));
            }
            return;
        };
        self.report.members = Some(difference.present);
        let is_as_planned = difference.is_none();
        for (step, error) in in_doubt {
            self.end(step, if is_as_planned { Ok(Outcome::Done) } else { Err(error) });
        }
        if difference.extra > 0 {
            // A role would open them, and so would a policy beside another one.
            let extra = difference.extra;
            self.halted = Some(format!("the group still has {extra} members that it must not have: plan again"));
        } else if !is_as_planned {
            let Difference { missing, extra, .. } = difference;
            self.keep_grant = Some(format!("the members are not as planned: {missing} missing, {extra} too many"));
        }
    }

    fn difference(&self, members: &[Recipient]) -> Difference {
        let wanted = Roll::of_targets(&self.plan.members);
        let present = Roll::of_recipients(members);
        let removed: HashSet<&Identity> = self
            .plan
            .steps
            .iter()
            .filter_map(|step| match &step.change {
                Change::RemoveMember(cmdlet) => Some(cmdlet.member()),
                _ => None,
            })
            .collect();
        let closed = Roll::of_targets(&self.plan.closed);
        let must_go = |member: &&Recipient| {
            !wanted.has(key_of(member))
                && (self.plan.spec.other_members == OtherMembers::Remove
                    || closed.has_by_any(member)
                    || member.identity().is_some_and(|identity| removed.contains(&identity)))
        };
        Difference {
            present: members.len(),
            missing: self.plan.members.iter().filter(|target| !present.has_target(target)).count(),
            extra: members.iter().filter(must_go).count(),
        }
    }

    async fn register(&mut self, cmdlet: &NewServicePrincipal) -> Attempt {
        let made = self.exchange.run_ref(cmdlet).await;
        self.is_fresh = true;
        let app = self.plan.spec.application;
        let exchange = &self.exchange;
        let is_known = || async move {
            let pointers = found(exchange.run(GetServicePrincipal::new(app)).await)?;
            Ok(pointers.into_iter().flatten().any(|pointer| pointer.app_id.as_ref() == Some(app.as_uuid())))
        };
        settle(made.map(drop), is_known).await
    }

    /// Runs a command that names what was just made, and which may not be found for a while.
    async fn run_when_visible<C>(&mut self, cmdlet: &C) -> Result<(), ServiceError>
    where
        C: graph_client::exchange::Cmdlet,
    {
        if !self.is_fresh {
            return self.exchange.run_ref(cmdlet).await.map(drop);
        }
        let run = &*self;
        let look = || async { run.exchange.run_ref(cmdlet).await.map(|_| Some(())) };
        run.exchange.wait_until_visible(&run.wait, look).await
    }

    async fn assign_role(&mut self, cmdlet: &NewManagementRoleAssignment) -> Attempt {
        // A scope is a group by id; a plan for a group that was not there could only name its address.
        let cmdlet = match self.group.as_ref().and_then(DistributionGroup::scope_identity) {
            Some(scope) => cmdlet.clone().with_group(scope.shown_as(&self.plan.spec.address)),
            None => cmdlet.clone(),
        };
        let made = self.run_when_visible(&cmdlet).await;
        let run = &*self;
        let has_role = || async {
            let group = run.find_group().await?;
            let assignments = found(run.exchange.run(GetManagementRoleAssignment::of(cmdlet.application())).await)?;
            Ok(assignments.into_iter().flatten().any(|assignment| {
                assignment.role.as_deref() == Some(cmdlet.role().as_str())
                    && assignment.enabled != Some(false)
                    && group.as_ref().is_some_and(|group| assignment.scope().is_group(group))
            }))
        };
        settle(made, has_role).await
    }

    async fn restrict(&mut self, cmdlet: &NewApplicationAccessPolicy) -> Attempt {
        let cmdlet = match self.group.as_ref().and_then(DistributionGroup::scope_identity) {
            Some(scope) => cmdlet.clone().with_group(scope.shown_as(&self.plan.spec.address)),
            None => cmdlet.clone(),
        };
        let made = self.run_when_visible(&cmdlet).await;
        let run = &*self;
        let is_restricted = || async {
            let Some(group) = run.find_group().await? else { return Ok(false) };
            let policies = access_policies(run.exchange.run(GetApplicationAccessPolicy::all()).await)?;
            Ok(policies.iter().any(|policy| {
                policy.concerns(&run.plan.spec.application)
                    && policy.right() == Some(AccessRight::RestrictAccess)
                    && policy.has_scope(&group)
            }))
        };
        settle(made, is_restricted).await
    }

    /// Takes the tenant-wide permission away, once Exchange's own test shows that the role is in place: otherwise the
    /// application would read nothing.
    async fn revoke(&mut self, revoke: &RevokeGrant) -> Attempt {
        self.tell(&Event::Waiting { what: "Exchange's test to show the role" });
        let run = &*self;
        let role = run.plan.spec.permission.role().as_str();
        let look = || async {
            // Ten members in one request stand for all: they have the role by the same group.
            let test = |member: &Target| {
                TestServicePrincipalAuthorization::new(revoke.application).resource(member.identity())
            };
            for rows in run.exchange.run_all(run.plan.members.iter().take(10).map(test).collect()).await {
                let has_role = |row: &AuthorizationRow| {
                    row.in_scope == Some(true)
                        && row.role_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(role))
                };
                if !rows?.iter().any(has_role) {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        };
        if let Err(error) = run.exchange.wait_until_visible(&run.wait, look).await {
            return Ok(Outcome::NotRun { reason: format!("Exchange's test does not show the role yet: {error}") });
        }
        let principals = self.client.service_principals();
        match principals.delete_app_role_assignment(&revoke.service_principal, &revoke.assignment).await {
            Ok(()) => Ok(Outcome::Done),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Outcome::AlreadyDone),
            Err(error) => Err(error),
        }
    }
}

/// How the members of the group differ from the plan.
#[derive(Clone, Copy)]
struct Difference {
    present: usize,
    missing: usize,
    extra: usize,
}

impl Difference {
    fn is_none(self) -> bool {
        self.missing == 0 && self.extra == 0
    }
}

/// Whether an error says that nothing is left to do.
fn is_in_place(error: &ServiceError) -> bool {
    let kind = error.cmdlet().map(|cmdlet| cmdlet.kind);
    matches!(kind, Some(CmdletErrorKind::AlreadyMember | CmdletErrorKind::NotMember))
}

/// Decides a write that met an existing object, or whose answer was lost: it is done if a look shows it. What the
/// service said first stands otherwise.
async fn settle<F>(made: Result<(), ServiceError>, look: impl FnOnce() -> F) -> Attempt
where
    F: Future<Output = Result<bool, ServiceError>>,
{
    let error = match made {
        Ok(()) => return Ok(Outcome::Done),
        Err(error) => error,
    };
    let is_worth_a_look = error.kind() == ErrorKind::Conflict || error.is_outcome_unknown();
    if is_worth_a_look && look().await.unwrap_or_default() { Ok(Outcome::AlreadyDone) } else { Err(error) }
}
