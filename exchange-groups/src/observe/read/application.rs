//! What the application is and holds, in Entra and in Exchange.

use std::collections::{BTreeSet, HashMap};

use graph_client::exchange::{
    AccessRight, ApplicationAccessPolicy, AssignedScope, ExchangeServicePrincipal, GetManagementRoleAssignment,
    GetManagementScope, GetRecipient, GetRoleGroup, GetServicePrincipal, ManagementRoleAssignment, ManagementScope,
};
use graph_client::graph::{AppRoleAssignment, PermissionGrant, ServicePrincipal};
use graph_client::{ClientId, List, ObjectId, Page, ServicePrincipalId};
use serde::de::DeserializeOwned;

use super::Reader;
use super::lookup::{access_policies, found};
use crate::access::{self, Fact};
use crate::observe::observation::{OtherReach, UnreadPart, is_group};
use crate::observe::translate;
use crate::text::without_advice;

impl Reader<'_> {
    /// What the application is and holds in Entra. The result is the applications that are called alike, which a spec asks
    /// for.
    pub(super) async fn entra(&mut self) -> Fact<Vec<ServicePrincipal>> {
        let principals = self.client.service_principals();
        let application = found(principals.by_app_id(&self.application).await);
        let application = self.fact(UnreadPart::Entra, application);
        self.seen.facts.service_principal = match &application {
            Fact::Read(application) => Fact::Read(application.as_ref().map(|it| it.id)),
            Fact::Partly(_, why) | Fact::Unread(why) => Fact::Unread(why.clone()),
        };
        let Fact::Read(Some(application)) = application else {
            return match self.called_alike(None) {
                Some(list) => self.list(UnreadPart::Namesakes, list).await,
                None => Fact::Read(Vec::new()),
            };
        };
        let name = application.display_name.clone();
        let id = application.id;
        self.seen.facts.sign_in = match application.account_enabled {
            Some(true) => Fact::Read(access::SignIn::Enabled),
            Some(false) => Fact::Read(access::SignIn::Disabled { since: None }),
            None => Fact::Unread("the service principal does not say whether it is enabled".into()),
        };
        self.seen.application = Some(application);
        let roles = self.client.directory_roles();
        let object = ObjectId::from(id);
        // One request for the first pages, which are the only ones as a rule.
        let mut batch = self.client.batch();
        let grants = batch.add(principals.app_role_assignments(&id));
        let delegated = batch.add(principals.permission_grants(&id));
        let active = batch.add(roles.transitive_of(&object));
        let eligible = batch.add(roles.eligible_of(&object));
        let owners = batch.add(principals.owners(&id));
        let owned = batch.add(principals.owned_objects(&id));
        let alike = self.spec.and_then(|_| self.called_alike(name.as_deref())).map(|list| batch.add(list));
        let mut pages = batch.send().await;
        let grants = pages.take(grants);
        let grants = self.whole(UnreadPart::Entra, grants, || principals.app_role_assignments(&id)).await;
        let delegated = pages.take(delegated);
        let part = UnreadPart::DelegatedPermissions;
        let delegated = self.whole(part, delegated, || principals.permission_grants(&id)).await;
        let active = pages.take(active);
        let active = self.whole(UnreadPart::DirectoryRoles, active, || roles.transitive_of(&object)).await;
        let eligible = match pages.take(eligible) {
            // GUESS: a tenant without Privileged Identity Management refuses the list with this code, and has no eligible
            // roles; wrong if roles that were made eligible while it had the licence can still be activated.
            Err(error) if error.code() == Some("AadPremiumLicenseRequired") => Fact::Read(Vec::new()),
            eligible => self.whole(UnreadPart::DirectoryRoles, eligible, || roles.eligible_of(&object)).await,
        };
        let owners = pages.take(owners);
        let owners = self.whole(UnreadPart::Owners, owners, || principals.owners(&id)).await;
        let owned = pages.take(owned);
        let owned = self.whole(UnreadPart::Owners, owned, || principals.owned_objects(&id)).await;

        let alike = match alike.map(|alike| pages.take(alike)) {
            None => Fact::Read(Vec::new()),
            Some(Ok(page)) if page.next_link.is_none() => Fact::Read(page.items),
            Some(first) => match (first, self.called_alike(name.as_deref())) {
                (Ok(_), Some(list)) => self.list(UnreadPart::Namesakes, list).await,
                (Ok(page), None) => Fact::Read(page.items),
                (Err(error), _) => self.fact(UnreadPart::Namesakes, Err(error)),
            },
        };
        let offered = self.resources(&grants, &delegated).await;
        let app = self.application;
        let facts = &mut self.seen.facts;
        facts.grants = translate::grants(id, &grants, &offered);
        facts.delegated_grants = translate::delegated_grants(delegated, &offered);
        facts.directory_roles = translate::directory_roles(&active, &eligible);
        facts.owners = translate::each(owners, translate::owner);
        facts.owned_applications = translate::each(owned, |object| translate::owned_application(object, app));
        alike
    }

    /// The whole list, of which a batch gave the first page.
    pub(super) async fn whole<T: DeserializeOwned + Send + 'static>(
        &mut self,
        what: UnreadPart,
        first: graph_client::Result<Page<T>>,
        list: impl FnOnce() -> List<T>,
    ) -> Fact<Vec<T>> {
        match first {
            Ok(page) if page.next_link.is_none() => Fact::Read(page.items),
            Ok(_) => self.list(what, list()).await,
            Err(error) => self.fact(what, Err(error)),
        }
    }

    /// The resources that permissions are on, by the object ids of their service principals.
    pub(super) async fn resources(
        &mut self,
        grants: &Fact<Vec<AppRoleAssignment>>,
        delegated: &Fact<Vec<PermissionGrant>>,
    ) -> HashMap<ServicePrincipalId, ServicePrincipal> {
        let of_grants = grants.entries().iter().filter_map(|grant| grant.resource_id);
        let of_delegated = delegated.entries().iter().filter_map(|grant| grant.resource_id.as_deref()?.parse().ok());
        let ids: BTreeSet<ServicePrincipalId> = of_grants.chain(of_delegated).collect();
        let principals = self.client.service_principals();
        let read = self.client.batch().run(ids.iter().map(|id| principals.get(id))).await;
        let mut offered = HashMap::new();
        for (id, read) in ids.into_iter().zip(read) {
            match read {
                Ok(principal) => {
                    offered.insert(id, principal);
                }
                Err(error) => self.leave_unread(UnreadPart::Entra, &error),
            }
        }
        offered
    }

    pub(super) async fn exchange_application(&mut self) {
        let app = self.application;
        let registered = found(self.exchange.run(GetServicePrincipal::new(app)).await);
        let registered = match self.fact(UnreadPart::Roles, registered.map(Option::unwrap_or_default)) {
            Fact::Read(them) => match them.iter().find(|it| it.app_id.as_ref() == Some(app.as_uuid())) {
                // Without its id a record may be that of the application, or none of an application at all.
                None if them.iter().any(|it| it.app_id.is_none()) => {
                    self.odd(UnreadPart::Roles, "Exchange shows an application without its id")
                }
                own => Fact::Read(own.cloned()),
            },
            Fact::Partly(_, why) | Fact::Unread(why) => Fact::Unread(why),
        };
        if self.spec.is_some() {
            self.role_groups(&registered).await;
        }
        let principal = match registered {
            Fact::Read(registered) => Fact::Read(registered.map(|it| access::ExchangePrincipal {
                app_id: it.app_id.map(ClientId::from_uuid),
                object_id: it.object_id.map(ServicePrincipalId::from_uuid),
            })),
            Fact::Partly(_, why) | Fact::Unread(why) => Fact::Unread(why),
        };
        let object_id = principal.whole().copied().flatten().and_then(|it| it.object_id);
        self.seen.facts.role_assignments = match (&principal, object_id) {
            (Fact::Read(None), _) => Fact::Read(Vec::new()),
            (Fact::Read(Some(_)), Some(id)) => {
                let assignments = found(self.exchange.run(GetManagementRoleAssignment::of(id)).await);
                let assignments = self.fact(UnreadPart::Roles, assignments.map(Option::unwrap_or_default));
                self.names.assigned(assignments.entries());
                translate::each(assignments, |it| Some(translate::role_assignment(it)))
            }
            (Fact::Read(Some(_)), None) => {
                self.odd(UnreadPart::Roles, "Exchange shows no object id for the application")
            }
            (Fact::Partly(_, why) | Fact::Unread(why), _) => Fact::Unread(why.clone()),
        };
        self.seen.facts.exchange_principal = principal;
        self.policies().await;
        self.other_roles().await;
    }

    /// The role groups that the application is in. Only what Exchange has registered can be in one.
    async fn role_groups(&mut self, registered: &Fact<Option<ExchangeServicePrincipal>>) {
        self.seen.facts.role_groups = match registered {
            Fact::Read(None) => Fact::Read(Vec::new()),
            Fact::Read(Some(principal)) => {
                let groups = found(self.exchange.run(GetRoleGroup::all()).await).map(Option::unwrap_or_default);
                match self.fact(UnreadPart::RoleGroups, groups) {
                    // Every role group shows who manages it, its roles or its members.
                    Fact::Read(groups) if groups.iter().any(translate::is_no_role_group) => self.odd(
                        UnreadPart::RoleGroups,
                        "Exchange shows a record that is no role group among the role groups",
                    ),
                    Fact::Read(groups) => Fact::Read(translate::role_groups(&groups, principal)),
                    Fact::Partly(_, why) | Fact::Unread(why) => Fact::Unread(why),
                }
            }
            Fact::Partly(_, why) | Fact::Unread(why) => Fact::Unread(why.clone()),
        };
    }

    async fn policies(&mut self) {
        let policies = access_policies(&self.exchange).await;
        let policies = match self.fact(UnreadPart::Policies, policies) {
            Fact::Read(policies) => policies,
            Fact::Partly(_, why) | Fact::Unread(why) => {
                self.seen.facts.policies = Fact::Unread(why);
                return;
            }
        };
        let restricts = |policy: &&ApplicationAccessPolicy| {
            policy.right() == Some(AccessRight::RestrictAccess) && policy.is_valid == Some(true)
        };
        let restricted = policies.iter().filter(restricts).map(|policy| policy.app_id.to_ascii_lowercase());
        self.restricted = Fact::Read(restricted.collect());
        let group = self.seen.group.as_ref().map(|seen| &seen.group);
        let over_group = |policy: &&ApplicationAccessPolicy| group.is_some_and(|group| policy.has_scope(group));
        let app = self.application;
        for policy in policies.iter().filter(over_group).filter(|policy| !policy.concerns(&app)) {
            let by = format!("access policy {}", policy.identity);
            self.seen.other_applications.push(OtherReach { application: policy.app_id.clone(), by });
        }
        // A policy that names an object id in place of the client id does nothing; it is kept to say so.
        let object_id = self.seen.application.as_ref().map(|application| application.id.to_string());
        let is_mistaken = |policy: &ApplicationAccessPolicy| {
            object_id.as_deref().is_some_and(|id| policy.app_id.eq_ignore_ascii_case(id))
        };
        let mut read = Vec::new();
        let mut unknown = None;
        for policy in policies.iter().filter(|policy| policy.concerns(&app) || is_mistaken(policy)) {
            let scope = self.policy_scope(policy).await;
            match translate::policy(policy, scope) {
                Some(policy) => read.push(policy),
                None => unknown = Some(format!("the policy {} is of a kind that is not known", policy.identity)),
            }
        }
        self.seen.facts.policies = match unknown {
            None => Fact::Read(read),
            Some(why) => Fact::Partly(read, why),
        };
    }

    /// The principal that a policy is scoped to, by the GUID at the end of its identity, never by the name it shows.
    pub(crate) async fn policy_scope(&mut self, policy: &ApplicationAccessPolicy) -> access::PolicyScope {
        let Some(id) = policy.scope_guid() else {
            return access::PolicyScope::Unresolved("its identity ends in no GUID".into());
        };
        if let Some(seen) = &self.seen.group
            && [seen.group.guid, seen.group.external_directory_object_id].contains(&Some(id))
        {
            return access::PolicyScope::Group(id);
        }
        match found(self.exchange.run(GetRecipient::new(id)).await) {
            Ok(None) => access::PolicyScope::Deleted,
            Ok(Some(recipients)) => match &*recipients {
                [] => access::PolicyScope::Deleted,
                [one] if is_group(one) => access::PolicyScope::Group(id),
                [one] => access::PolicyScope::User(translate::member(one).ids),
                _ => access::PolicyScope::Unresolved(format!("several recipients have the id {id}")),
            },
            Err(error) => {
                self.leave_unread(UnreadPart::Scopes, &error);
                access::PolicyScope::Unresolved(without_advice(&error))
            }
        }
    }

    /// The role assignments of other applications over the group.
    async fn other_roles(&mut self) {
        let Some(seen) = &self.seen.group else { return };
        let group = seen.group.clone();
        let assignments = found(self.exchange.run(GetManagementRoleAssignment::all()).await);
        let assignments = assignments.map(Option::unwrap_or_default);
        let Fact::Read(assignments) = self.fact(UnreadPart::OtherApplications, assignments) else {
            return;
        };
        let own: BTreeSet<&str> =
            self.seen.facts.role_assignments.entries().iter().map(|assignment| assignment.name.as_str()).collect();
        let is_other = |assignment: &&ManagementRoleAssignment| {
            assignment.role_assignee_type.as_deref() == Some("ServicePrincipal")
                && assignment.name.as_deref().is_none_or(|name| !own.contains(name))
        };
        let assignments: Vec<_> = assignments.iter().filter(is_other).collect();
        // A management scope may name the group in its filter.
        let has_scope = |it: &&ManagementRoleAssignment| matches!(it.scope(), AssignedScope::ManagementScope(_));
        let scopes = if assignments.iter().any(has_scope) {
            let scopes = found(self.exchange.run(GetManagementScope::all()).await).map(Option::unwrap_or_default);
            self.fact(UnreadPart::Scopes, scopes)
        } else {
            Fact::Read(Vec::new())
        };
        let names_group = |scope: &&ManagementScope| {
            let own = group.distinguished_name.as_deref();
            scope.groups().iter().any(|named| own.is_some_and(|own| own.eq_ignore_ascii_case(named)))
        };
        let over_group: BTreeSet<String> = scopes
            .entries()
            .iter()
            .filter(names_group)
            .filter_map(|it| Some(it.name.as_ref()?.to_lowercase()))
            .collect();
        let is_over_group = |assignment: &&&ManagementRoleAssignment| match assignment.scope() {
            AssignedScope::ManagementScope(name) => over_group.contains(&name.to_lowercase()),
            scope => scope.is_group(&group),
        };
        let others: Vec<_> = assignments
            .iter()
            .filter(is_over_group)
            .map(|assignment| OtherReach {
                application: assignment.role_assignee.clone().unwrap_or_default(),
                by: format!(
                    "role \"{}\" (assignment \"{}\")",
                    assignment.role.as_deref().unwrap_or_default(),
                    assignment.name.as_deref().unwrap_or_default()
                ),
            })
            .collect();
        self.seen.other_applications.extend(others);
        self.seen.other_applications.sort();
    }
}
