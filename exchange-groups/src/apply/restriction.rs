//! The steps of the restriction: register, assign, restrict, revoke. Each is read back before the next.

use futures_util::TryStreamExt;
use graph_client::exchange::{
    ApplicationAccessPolicy, AssignmentScope, AuthorizationRow, DistributionGroup, GetManagementRoleAssignment,
    GetManagementScope, GetServicePrincipal, ManagementRoleAssignment, NewApplicationAccessPolicy,
    NewManagementRoleAssignment, NewManagementScope, NewServicePrincipal, RemoveManagementRoleAssignment,
    SetManagementRoleAssignment, TestServicePrincipalAuthorization,
};
use graph_client::{Error as ServiceError, ErrorKind};

use super::run::{Attempt, Run, confirm, ours_if_taken};
use crate::access::{Fact, Facts, PolicyScope};
use crate::change::RevokePermission;
use crate::event::Awaited;
use crate::membership::MailboxRef;
use crate::observe::{access_policies, found, translate};
use crate::outcome::Outcome;
use crate::restriction;
use crate::spec::Scope;

impl Run {
    /// The facts that were observed, with the group as it is now.
    fn facts_with(&self, group: Option<&DistributionGroup>) -> Facts {
        let mut facts = self.facts.clone();
        if let Some(group) = group {
            facts.groups = Fact::Read(vec![translate::group_facts(group, Fact::default())]);
        }
        facts
    }

    /// Creates a management scope, and waits until it is visible.
    pub(super) async fn create_scope(&mut self, cmdlet: &NewManagementScope) -> Attempt {
        let made = self.exchange.run_ref(cmdlet).await.map(drop);
        self.is_fresh = true;
        self.tell_waiting(Awaited::ChangeVisible);
        let run = &*self;
        let look = || async move {
            let scopes = found(run.exchange.run(GetManagementScope::one(cmdlet.name())).await)?;
            let is_it = |scope: &graph_client::exchange::ManagementScope| {
                scope.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(cmdlet.name().as_str()))
            };
            Ok(scopes.into_iter().flatten().find(is_it))
        };
        ours_if_taken(confirm(run, made, look).await).map(|(outcome, _)| outcome)
    }

    pub(super) async fn register(&mut self, cmdlet: &NewServicePrincipal) -> Attempt {
        let made = self.exchange.run_ref(cmdlet).await.map(drop);
        self.is_fresh = true;
        self.tell_waiting(Awaited::ApplicationRegistered);
        let run = &*self;
        let app = run.plan.spec.application;
        let look = || async move {
            let registered = found(run.exchange.run(GetServicePrincipal::new(app)).await)?;
            let is_ours = |it: &graph_client::exchange::ExchangeServicePrincipal| {
                it.app_id.as_ref() == Some(app.as_uuid()) && it.object_id.as_ref() == Some(cmdlet.object_id().as_uuid())
            };
            Ok(registered.into_iter().flatten().find(is_ours))
        };
        ours_if_taken(confirm(run, made, look).await).map(|(outcome, _)| outcome)
    }

    pub(super) async fn assign_role(&mut self, cmdlet: &NewManagementRoleAssignment) -> Attempt {
        // A scope is a group by id; a plan for a group that was not there could only name its address.
        let scope = self.group.as_ref().and_then(DistributionGroup::scope_identity);
        let cmdlet = match (cmdlet.scope(), scope) {
            (Some(AssignmentScope::Group(_)), Some(scope)) => {
                cmdlet.clone().with_group(scope.shown_as(&self.plan.spec.address))
            }
            _ => cmdlet.clone(),
        };
        let exchange = &self.exchange;
        let made = self.when_visible(|| async { exchange.run_ref(&cmdlet).await.map(drop) }).await;
        self.is_fresh = true;
        self.role_is_in_place(made).await
    }

    pub(super) async fn alter_role(&mut self, cmdlet: &SetManagementRoleAssignment) -> Attempt {
        let cmdlet = match (cmdlet.moves_to(), self.group.as_ref().and_then(DistributionGroup::scope_identity)) {
            (Some(AssignmentScope::Group(_)), Some(scope)) => {
                cmdlet.clone().with_group(scope.shown_as(&self.plan.spec.address))
            }
            _ => cmdlet.clone(),
        };
        let made = self.exchange.run_ref(&cmdlet).await;
        // A further step may still be needed for the role to be in place: this one ends when it was taken.
        match made {
            Err(error) if error.is_outcome_unknown() => self.role_is_in_place(Err(error)).await,
            made => made.map(|()| Outcome::Done),
        }
    }

    /// Removes a role assignment, and reads back that it is gone.
    pub(super) async fn remove_role(&mut self, cmdlet: &RemoveManagementRoleAssignment) -> Attempt {
        let (made, is_ours) = match self.exchange.run_ref(cmdlet).await {
            Err(error) if error.kind() == ErrorKind::NotFound => (Ok(()), false),
            made => (made, true),
        };
        let run = &*self;
        let Some(application) = run.plan.service_principal else { return made.map(|()| Outcome::Done) };
        let name = cmdlet.identity().as_str();
        let look = || async move {
            let held = run.exchange.run(GetManagementRoleAssignment::of(application)).await?;
            let is_it =
                |it: &ManagementRoleAssignment| it.name.as_deref().is_none_or(|it| it.eq_ignore_ascii_case(name));
            Ok((!held.iter().any(is_it)).then_some(()))
        };
        match confirm(run, made, look).await? {
            (Outcome::Done, _) if !is_ours => Ok(Outcome::AlreadyDone),
            (Outcome::Unconfirmed { .. }, _) => {
                let reason = "the removal was accepted, and Exchange still lists the role: plan again".to_owned();
                Ok(Outcome::Unconfirmed { reason })
            }
            (outcome, _) => Ok(outcome),
        }
    }

    /// Waits until the role over the group is there and enabled.
    async fn role_is_in_place(&mut self, made: Result<(), ServiceError>) -> Attempt {
        self.tell_waiting(Awaited::RoleVisible);
        let run = &*self;
        let Some(application) = run.plan.service_principal else { return made.map(|()| Outcome::Done) };
        let is_over_group = run.plan.spec.scope.is_group();
        if is_over_group && run.group.is_none() {
            return made.map(|()| Outcome::Done);
        }
        let look = || async move {
            let assignments = found(run.exchange.run(GetManagementRoleAssignment::of(application)).await)?;
            let mut facts = run.facts_with(run.group.as_ref().filter(|_| is_over_group));
            facts.role_assignments = Fact::Read(assignments.iter().flatten().map(translate::role_assignment).collect());
            if matches!(run.plan.spec.scope, Scope::Filter(_)) {
                let scopes = found(run.exchange.run(GetManagementScope::all()).await)?;
                facts.scopes = Fact::Read(scopes.iter().flatten().map(translate::management_scope).collect());
            }
            let group = run.group.as_ref().map(restriction::ids_of);
            let right = restriction::right_roles(&run.plan.spec, &facts, group.as_ref());
            Ok(right.iter().any(|role| role.enabled != Some(false)).then_some(()))
        };
        ours_if_taken(confirm(run, made, look).await).map(|(outcome, _)| outcome)
    }

    pub(super) async fn restrict(&mut self, cmdlet: &NewApplicationAccessPolicy) -> Attempt {
        let cmdlet = match self.group.as_ref().and_then(DistributionGroup::scope_identity) {
            Some(scope) => cmdlet.clone().with_group(scope.shown_as(&self.plan.spec.address)),
            None => cmdlet.clone(),
        };
        let exchange = &self.exchange;
        let made = self.when_visible(|| async { exchange.run_ref(&cmdlet).await.map(drop) }).await;
        self.tell_waiting(Awaited::PolicyVisible);
        let run = &*self;
        let look = || async move {
            let Some(group) = &run.group else { return Ok(None) };
            let policies = access_policies(&run.exchange).await?;
            let mut facts = run.facts_with(Some(group));
            let over_group = policies.iter().filter(|policy| policy.has_scope(group));
            let scope = |policy: &ApplicationAccessPolicy| policy.scope_guid().map(PolicyScope::Group);
            let over_group = over_group.filter_map(|policy| translate::policy(policy, scope(policy)?));
            facts.policies = Fact::Read(over_group.collect());
            let has_policy = restriction::has_right_policy(&run.plan.spec, &facts, &restriction::ids_of(group));
            Ok(has_policy.then_some(()))
        };
        ours_if_taken(confirm(run, made, look).await).map(|(outcome, _)| outcome)
    }

    /// Revokes the tenant-wide permission, once Exchange's own test shows that the role is in place: otherwise the
    /// application would reach nothing. That it is gone is read back.
    pub(super) async fn revoke(&mut self, revoke: &RevokePermission) -> Attempt {
        self.tell_waiting(Awaited::RoleInTest);
        let run = &*self;
        let role = run.plan.spec.permission.role().as_str();
        let look = || async {
            // Ten members in one request stand for all: they have the role by the same group.
            let test = |member: &MailboxRef| {
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
        match run.control.stop.or(run.exchange.wait_until_visible(&run.control.wait, look)).await {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                return Ok(Outcome::NotRun { reason: format!("Exchange's test does not show the role yet: {error}") });
            }
            None => return Ok(Outcome::NotRun { reason: "the run was stopped: plan again to go on".into() }),
        }
        let principals = run.client.service_principals();
        let made = match principals.delete_app_role_assignment(&revoke.service_principal, &revoke.assignment).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            made => made.map(|()| true),
        };
        let (made, is_ours) = match made {
            Ok(is_ours) => (Ok(()), is_ours),
            Err(error) => (Err(error), true),
        };
        self.tell_waiting(Awaited::PermissionGone);
        let run = &*self;
        let look = || async move {
            let held: Vec<graph_client::graph::AppRoleAssignment> = run
                .client
                .service_principals()
                .app_role_assignments(&revoke.service_principal)
                .into_stream()
                .try_collect()
                .await?;
            Ok(held.iter().all(|grant| grant.id != revoke.assignment).then_some(()))
        };
        match confirm(run, made, look).await? {
            (Outcome::Done, _) if !is_ours => Ok(Outcome::AlreadyDone),
            (Outcome::Unconfirmed { .. }, _) => {
                let reason = "Graph accepted the deletion, and still lists the permission: plan again".to_owned();
                Ok(Outcome::Unconfirmed { reason })
            }
            (outcome, _) => Ok(outcome),
        }
    }
}
