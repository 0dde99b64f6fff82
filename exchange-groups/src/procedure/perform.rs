//! Makes one change that needs nothing but itself, and reads back that it is made.

use std::future::Future;

use futures_util::TryStreamExt;
use graph_client::exchange::{
    CreatedObject, Exchange, GetDistributionGroup, GetManagementRoleAssignment, GetManagementScope,
    GetServicePrincipal, Identity, Wait,
};
use graph_client::graph::AppRoleAssignment;
use graph_client::{Client, Error as ServiceError, ErrorKind, ServicePrincipalId};

use crate::change::Change;
use crate::control::{Events, Stop};
use crate::event::{Awaited, Event};
use crate::observe::{access_policies, found};
use crate::outcome::Outcome;

/// Makes changes one by one.
pub(super) struct Performer {
    pub(super) client: Client,
    pub(super) exchange: Exchange,
    pub(super) wait: Wait,
    pub(super) stop: Stop,
    pub(super) events: Events,
}

impl Performer {
    /// Makes a change. What was removed by somebody else meanwhile is done already; what cannot be seen by the deadline is
    /// unconfirmed, which is no success.
    pub(super) async fn perform(&self, change: &Change) -> Result<Outcome, ServiceError> {
        let made = change.make(&self.client).await;
        let exchange = &self.exchange;
        match change {
            Change::RemoveRole(cmdlet) => {
                let assignment = cmdlet.identity();
                self.gone(made, || async {
                    let read = exchange.run(GetManagementRoleAssignment::one(assignment.clone())).await;
                    Ok(found(read)?.is_none_or(|assignments| assignments.is_empty()))
                })
                .await
            }
            Change::RemovePolicy(cmdlet) => {
                let policy = cmdlet.identity();
                self.gone(made, || async {
                    let policies = access_policies(exchange).await?;
                    Ok(policies.iter().all(|it| !it.identity.eq_ignore_ascii_case(policy.as_str())))
                })
                .await
            }
            Change::RemoveScope(cmdlet) => {
                let scope = cmdlet.identity();
                self.gone(made, || async {
                    let read = exchange.run(GetManagementScope::one(scope.clone())).await;
                    Ok(found(read)?.is_none_or(|scopes| scopes.is_empty()))
                })
                .await
            }
            Change::UnregisterApplication(cmdlet) => {
                let principal = cmdlet.identity();
                self.gone(made, || async {
                    let read = exchange.run(GetServicePrincipal::new(principal)).await;
                    Ok(found(read)?.is_none_or(|principals| principals.is_empty()))
                })
                .await
            }
            Change::RemoveGroup(cmdlet) => {
                let group = cmdlet.identity();
                self.gone(made, || async {
                    let read = exchange.run(GetDistributionGroup::one(group.clone())).await;
                    Ok(found(read)?.is_none_or(|groups| groups.is_empty()))
                })
                .await
            }
            Change::RevokePermission(revoke) => {
                self.gone(made, || async {
                    let held = self.permissions(revoke.service_principal).await?;
                    Ok(held.iter().all(|grant| grant.id != revoke.assignment))
                })
                .await
            }
            Change::GrantPermission(grant) => {
                self.visible(made, || async {
                    let held = self.permissions(grant.service_principal).await?;
                    Ok(held
                        .iter()
                        .any(|it| it.resource_id == Some(grant.resource_id) && it.app_role_id == *grant.role.as_uuid()))
                })
                .await
            }
            Change::AssignRole(cmdlet) => {
                let application = cmdlet.application();
                self.visible(made, || async {
                    let held = found(exchange.run(GetManagementRoleAssignment::of(application)).await)?;
                    let is_it = |name: Option<&str>| {
                        name.is_some_and(|name| {
                            cmdlet.assignment_name().is_none_or(|it| it.as_str().eq_ignore_ascii_case(name))
                        })
                    };
                    Ok(held.iter().flatten().any(|it| is_it(it.name.as_deref())))
                })
                .await
            }
            Change::CreateScope(cmdlet) => {
                let scope = Identity::from(cmdlet.name());
                self.visible(made, || async {
                    let read = exchange.run(GetManagementScope::one(scope.clone())).await;
                    Ok(found(read)?.is_some_and(|scopes| !scopes.is_empty()))
                })
                .await
            }
            _ => made.map(|()| Outcome::Done),
        }
    }

    async fn permissions(&self, holder: ServicePrincipalId) -> Result<Vec<AppRoleAssignment>, ServiceError> {
        self.client.service_principals().app_role_assignments(&holder).into_stream().try_collect().await
    }

    /// Waits until what a command removed is gone.
    async fn gone<F>(
        &self,
        made: Result<(), ServiceError>,
        is_gone: impl Fn() -> F + Send + Sync,
    ) -> Result<Outcome, ServiceError>
    where
        F: Future<Output = Result<bool, ServiceError>> + Send,
    {
        let (made, was_there) = match made {
            Err(error) if error.kind() == ErrorKind::NotFound => (Ok(()), false),
            made => (made, true),
        };
        let outcome = self.seen(made, Awaited::ObjectGone, is_gone).await?;
        Ok(if outcome == Outcome::Done && !was_there { Outcome::AlreadyDone } else { outcome })
    }

    /// Waits until what a command made is there.
    async fn visible<F>(
        &self,
        made: Result<(), ServiceError>,
        is_there: impl Fn() -> F + Send + Sync,
    ) -> Result<Outcome, ServiceError>
    where
        F: Future<Output = Result<bool, ServiceError>> + Send,
    {
        self.seen(made, Awaited::ChangeVisible, is_there).await
    }

    async fn seen<F>(
        &self,
        made: Result<(), ServiceError>,
        what: Awaited,
        is_seen: impl Fn() -> F + Send + Sync,
    ) -> Result<Outcome, ServiceError>
    where
        F: Future<Output = Result<bool, ServiceError>> + Send,
    {
        self.events.tell(&Event::waiting(what, self.wait.deadline));
        let was_taken = made.is_ok();
        let look = || {
            let seen = is_seen();
            async move { Ok(seen.await?.then_some(())) }
        };
        match self.stop.or(self.exchange.confirm(made, &self.wait, look)).await {
            None => {
                Ok(Outcome::Unconfirmed { reason: "the run was stopped before it was seen: derive it again".into() })
            }
            Some(Ok(CreatedObject::Existing(()))) => Ok(Outcome::AlreadyDone),
            Some(Ok(_)) => Ok(Outcome::Done),
            Some(Err(error)) if was_taken => {
                let reason = format!("the service accepted it, and it was not seen since: {error}");
                Ok(Outcome::Unconfirmed { reason })
            }
            Some(Err(error)) => Err(error),
        }
    }
}
