//! Reads what a spec asks about. What can be left unread is, and says why.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Instant, SystemTime};

use futures_util::StreamExt;
use graph_client::exchange::{
    ApplicationAccessPolicy, ApplicationRole, AssignedScope, AtAddress, CmdletErrorKind, DistributionGroup, Exchange,
    ExchangeServicePrincipal, GetAcceptedDomain, GetApplicationAccessPolicy, GetDistributionGroup,
    GetDistributionGroupMember, GetMailbox, GetMailboxFolderPermission, GetManagementRoleAssignment,
    GetManagementScope, GetOrganizationConfig, GetRecipient, GetRoleGroup, GetServicePrincipal, Identity,
    MailboxFolder, ManagementRoleAssignment, ManagementScope, Recipient,
};
use graph_client::graph::{AppRoleAssignment, PermissionGrant, ServicePrincipal};
use graph_client::{
    Client, ClientId, ErrorKind, List, ObjectId, Page, Service, ServicePrincipalId, SmtpAddress, Uuid, well_known,
};
use jiff::civil::Date;
use serde::de::DeserializeOwned;

use super::translate;
use super::{Observation, ObservedGroup, ObservedRoomList, OtherReach, Unread, UnreadPart, is_group};
use crate::access::{self, Fact};
use crate::document::Origin;
use crate::text::without_advice;
use crate::{Error, RestrictedCalendarGroup, Result};

/// How deep room lists, and groups under a policy, are followed into each other.
const MOST_NESTED: usize = 50;

/// Of how many mailboxes that must not be reached the calendar permissions are read.
const MOST_CALENDARS: usize = 20;

pub(super) fn today(now: SystemTime) -> Date {
    let now = jiff::Timestamp::try_from(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date()
}

pub(super) async fn observe(client: &Client, spec: &RestrictedCalendarGroup) -> Result<Observation> {
    let (client, meter) = client.metered();
    let started = Instant::now();
    let exchange = client.exchange();
    // The first read tells whether token, role and tenant work at all.
    let organization = exchange.run(GetOrganizationConfig::new()).await;
    let claims = client.token_claims(Service::Exchange).await.ok();
    let administrator = claims.as_ref().and_then(|claims| claims.client_id);
    let organization =
        organization.map_err(Error::during("read the organisation")).map_err(|error| error.called_by(administrator))?;
    let mut seen = Observation::empty(&organization.name, spec.application);
    seen.origin = Origin::now(&organization.name);
    seen.organization = organization;
    seen.administrator = administrator;
    // An application that administers by its own right is another one by which access can be widened. A person's
    // token says nothing about the application that it was issued to.
    seen.facts.other_applications = match claims.filter(|claims| claims.scopes.is_empty()) {
        Some(claims) => translate::administrator(claims.client_id, spec.application),
        None => Fact::default(),
    };
    let mut reader = Reader { client, exchange, spec, seen, assigned: BTreeMap::new(), named: BTreeMap::new() };
    reader.cmdlets().await;
    reader.recipients().await.map_err(|error| error.called_by(administrator))?;
    reader.entra().await;
    reader.exchange_application().await;
    reader.organization().await;
    reader.scopes().await;
    reader.calendars().await;
    let mut seen = reader.seen;
    seen.requests = meter.usage().requests;
    seen.elapsed = started.elapsed();
    Ok(seen)
}

struct Reader<'a> {
    client: Client,
    exchange: Exchange,
    spec: &'a RestrictedCalendarGroup,
    seen: Observation,
    /// When each role assignment of the application was last changed, by its name.
    assigned: BTreeMap<String, SystemTime>,
    /// When the groups of a name were made, the oldest of them.
    named: BTreeMap<String, SystemTime>,
}

impl Reader<'_> {
    /// What was read, or why it was not.
    fn fact<T>(&mut self, what: UnreadPart, result: graph_client::Result<T>) -> Fact<T> {
        match result {
            Ok(value) => Fact::Read(value),
            Err(error) => {
                self.leave_unread(what, &error);
                Fact::Unread(without_advice(&error))
            }
        }
    }

    fn leave_unread(&mut self, what: UnreadPart, error: &graph_client::Error) {
        let is_denied = error.kind() == ErrorKind::Denied;
        self.seen.unread.push(Unread { what, error: without_advice(error), is_denied });
    }

    /// What was answered and cannot be what was asked for.
    fn odd<T>(&mut self, what: UnreadPart, why: &str) -> Fact<T> {
        self.seen.unread.push(Unread { what, error: why.to_owned(), is_denied: false });
        Fact::Unread(why.to_owned())
    }

    /// A list to its end, or as far as it could be read.
    async fn list<T: DeserializeOwned + Send + 'static>(&mut self, what: UnreadPart, list: List<T>) -> Fact<Vec<T>> {
        let mut items = Vec::new();
        let mut stream = Box::pin(list.into_stream());
        while let Some(item) = stream.next().await {
            match item {
                Ok(item) => items.push(item),
                Err(error) => {
                    self.leave_unread(what, &error);
                    let why = without_advice(&error);
                    return if items.is_empty() { Fact::Unread(why) } else { Fact::Partly(items, why) };
                }
            }
        }
        Fact::Read(items)
    }

    async fn cmdlets(&mut self) {
        match self.exchange.available_cmdlets().await {
            Ok(cmdlets) if !cmdlets.is_empty() => self.seen.cmdlets = Some(cmdlets),
            Ok(_) => self.seen.unread.push(Unread {
                what: UnreadPart::Cmdlets,
                error: "the list is empty".into(),
                is_denied: false,
            }),
            Err(error) => self.leave_unread(UnreadPart::Cmdlets, &error),
        }
    }

    /// The part without which there is nothing to say: domains, rooms, the group, and who is at the spec's addresses.
    async fn recipients(&mut self) -> Result<()> {
        let exchange = &self.exchange;
        let domains = exchange.run(GetAcceptedDomain::new()).await.map_err(Error::during("read the domains"))?;
        self.seen.accepted_domains = domains
            .into_iter()
            .filter(|domain| domain.pending_removal != Some(true))
            .map(|domain| domain.domain_name)
            .collect();
        self.seen.rooms = exchange.run(GetMailbox::rooms()).await.map_err(Error::during("list the rooms"))?;
        self.group().await.map_err(Error::during("read the group"))?;
        for address in &self.spec.other_groups {
            let group = observed_group(&self.exchange, address).await.map_err(Error::during("read another group"))?;
            self.seen.other_groups.insert(address.clone(), group);
        }
        if let Some(list) = &self.spec.rooms.room_list {
            let list = room_list(&self.exchange, list).await.map_err(Error::during("read the room list"))?;
            self.seen.room_list = Some(list);
        }
        self.addresses().await.map_err(Error::during("look up the addresses of the spec"))
    }

    async fn group(&mut self) -> graph_client::Result<()> {
        let spec = self.spec;
        self.seen.group = observed_group(&self.exchange, &spec.address).await?;
        if self.seen.group.is_some() {
            return Ok(());
        }
        let holder = self.exchange.recipient_at(&spec.address).await?;
        self.seen.address_holder = (holder != AtAddress::Nothing).then_some(holder);
        if let Ok(name) = spec.name.as_str().parse::<Identity>() {
            let has_name = |group: &DistributionGroup| {
                group.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(spec.name.as_str()))
            };
            let groups = found(self.exchange.run(GetDistributionGroup::one(name)).await)?;
            self.seen.name_holder = groups.and_then(|groups| groups.into_iter().find(has_name));
        }
        Ok(())
    }

    async fn addresses(&mut self) -> graph_client::Result<()> {
        let spec = self.spec;
        let rooms: BTreeSet<&SmtpAddress> = self
            .seen
            .rooms
            .iter()
            .flat_map(|room| room.email_addresses.iter().chain(&room.primary_smtp_address))
            .collect();
        // Rooms that are known to be rooms need no look-up of their own.
        let named_rooms = spec.rooms.addresses.iter().flatten().filter(|address| !rooms.contains(address));
        let addresses: BTreeSet<&SmtpAddress> =
            spec.owners.iter().chain(&spec.mailboxes).chain(&spec.must_not_reach).chain(named_rooms).collect();
        let addresses: Vec<SmtpAddress> = addresses.into_iter().cloned().collect();
        for (address, found) in addresses.iter().zip(self.exchange.recipients_at(&addresses).await) {
            self.seen.recipients.insert(address.clone(), found?);
        }
        Ok(())
    }

    async fn entra(&mut self) {
        let principals = self.client.service_principals();
        let application = found(principals.by_app_id(&self.spec.application).await);
        let application = self.fact(UnreadPart::Entra, application);
        self.seen.facts.service_principal = match &application {
            Fact::Read(application) => Fact::Read(application.as_ref().map(|it| it.id)),
            Fact::Partly(_, why) | Fact::Unread(why) => Fact::Unread(why.clone()),
        };
        let Fact::Read(Some(application)) = application else { return };
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

        let offered = self.resources(&grants, &delegated).await;
        let app = self.spec.application;
        let facts = &mut self.seen.facts;
        facts.grants = translate::grants(id, &grants, &offered);
        facts.delegated_grants = translate::delegated_grants(delegated, &offered);
        facts.directory_roles = translate::directory_roles(&active, &eligible);
        facts.owners = translate::each(owners, translate::owner);
        facts.owned_applications = translate::each(owned, |object| translate::owned_application(object, app));
    }

    /// The whole list, of which a batch gave the first page.
    async fn whole<T: DeserializeOwned + Send + 'static>(
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
    async fn resources(
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

    async fn exchange_application(&mut self) {
        let app = self.spec.application;
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
        self.role_groups(&registered).await;
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
                let changed = |it: &ManagementRoleAssignment| {
                    Some((it.name.clone()?, it.when_changed.as_ref()?.to_system_time()?))
                };
                self.assigned = assignments.entries().iter().filter_map(changed).collect();
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
        let group = self.seen.group.as_ref().map(|seen| &seen.group);
        let over_group = |policy: &&ApplicationAccessPolicy| group.is_some_and(|group| policy.has_scope(group));
        let app = self.spec.application;
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
    async fn policy_scope(&mut self, policy: &ApplicationAccessPolicy) -> access::PolicyScope {
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

    /// The switches of Exchange Web Services matter only to an application that may use them.
    async fn organization(&mut self) {
        use access::Resource;

        let is_for_ews = |grant: &access::Grant| {
            grant.resource == Resource::Exchange && grant.role == well_known::app_roles::FULL_ACCESS_AS_APP
        };
        let is_role_for_ews = |assignment: &access::RoleAssignment| {
            let row = access::catalogue().iter().find(|row| row.value.eq_ignore_ascii_case(&assignment.role));
            row.is_none_or(|row| row.narrowed_by.contains(&access::Narrowing::EwsSwitch))
                || assignment.role.eq_ignore_ascii_case(ApplicationRole::ExchangeFullAccess.as_str())
        };
        let may_use_ews = self.seen.facts.grants.entries().iter().any(is_for_ews)
            || self.seen.facts.role_assignments.entries().iter().any(is_role_for_ews);
        let allowed = if may_use_ews {
            let config = self.exchange.run(GetOrganizationConfig::new().with_ews_applications()).await;
            match self.fact(UnreadPart::Scopes, config) {
                Fact::Read(config) => translate::client_ids(config.ews_allowed_app_ids.as_deref()),
                Fact::Partly(_, why) | Fact::Unread(why) => Fact::Unread(why),
            }
        } else {
            Fact::Unread("the application cannot use Exchange Web Services".into())
        };
        self.seen.facts.organization = Fact::Read(translate::organization(&self.seen.organization, allowed));
    }

    /// Whatever roles and policies are limited to.
    async fn scopes(&mut self) {
        let assignments: Vec<access::RoleScope> =
            self.seen.facts.role_assignments.entries().iter().map(|it| it.scope.clone()).collect();
        let mut names = BTreeSet::new();
        let mut units = BTreeSet::new();
        let mut needs_scopes = false;
        for scope in assignments {
            match scope {
                access::RoleScope::Group(name) => {
                    names.insert(name);
                }
                access::RoleScope::Management(_) => needs_scopes = true,
                access::RoleScope::AdministrativeUnit(unit) => {
                    units.insert(unit);
                }
                _ => {}
            }
        }
        self.seen.facts.scopes = if needs_scopes {
            let scopes = found(self.exchange.run(GetManagementScope::all()).await).map(Option::unwrap_or_default);
            let scopes = self.fact(UnreadPart::Scopes, scopes);
            for scope in scopes.entries() {
                names.extend(scope.groups());
            }
            translate::each(scopes, |scope| Some(translate::management_scope(scope)))
        } else {
            Fact::Read(Vec::new())
        };
        self.groups(names).await;
        self.names_that_moved();
        self.units(units).await;
    }

    /// A scope column shows the name that a group had. An assignment that was last changed before the group of that name
    /// was made is over another group, which was called so before.
    fn names_that_moved(&mut self) {
        let (Fact::Read(assignments) | Fact::Partly(assignments, _)) = &mut self.seen.facts.role_assignments else {
            return;
        };
        for assignment in assignments {
            let access::RoleScope::Group(name) = &assignment.scope else { continue };
            let made = self.named.get(&name.to_ascii_lowercase());
            if let (Some(changed), Some(made)) = (self.assigned.get(&assignment.name), made)
                && changed < made
            {
                let scope = format!("{name} (a group that was called so before the one that is now)");
                assignment.scope = access::RoleScope::Unrecognised(scope);
            }
        }
    }

    async fn groups(&mut self, names: BTreeSet<String>) {
        let mut groups: Vec<access::Group> = Vec::new();
        let mut known: BTreeSet<Uuid> = BTreeSet::new();
        let mut missing = None;
        let observed: Vec<ObservedGroup> =
            self.seen.group.iter().chain(self.seen.other_groups.values().flatten()).cloned().collect();
        let mut open: Vec<(DistributionGroup, Option<Vec<Recipient>>)> =
            observed.into_iter().map(|seen| (seen.group, Some(seen.members))).collect();
        let policy_scopes = self.seen.facts.policies.entries().iter().filter_map(|policy| match policy.scope {
            access::PolicyScope::Group(id) => Some(id.to_string()),
            _ => None,
        });
        let names: BTreeSet<String> = names.into_iter().chain(policy_scopes).collect();
        for name in names {
            match self.groups_named(&name).await {
                Ok(found) => open.extend(found.into_iter().map(|group| (group, None))),
                Err(error) => {
                    self.leave_unread(UnreadPart::Scopes, &error);
                    missing = Some(without_advice(&error));
                }
            }
        }
        // Groups in groups: a policy counts their members.
        while let Some((group, members)) = open.pop() {
            let Some(id) = group.guid.or(group.external_directory_object_id) else { continue };
            if !known.insert(id) {
                continue;
            }
            let made = group.when_created.as_ref().and_then(graph_client::graph::Timestamp::to_system_time);
            if let (Some(name), Some(made)) = (&group.name, made) {
                let oldest = self.named.entry(name.to_ascii_lowercase()).or_insert(made);
                *oldest = made.min(*oldest);
            }
            if groups.len() >= MOST_NESTED {
                missing = Some(format!("more than {MOST_NESTED} groups are nested in each other"));
                break;
            }
            let members = match (members, group.identity()) {
                (Some(members), _) => Fact::Read(members),
                (None, Some(identity)) => {
                    let members = self.exchange.run(GetDistributionGroupMember::new(identity)).await;
                    self.fact(UnreadPart::Scopes, members)
                }
                (None, None) => Fact::Unread("the group shows no id".into()),
            };
            for nested in members.entries().iter().filter(|member| is_group(member)) {
                let Some(identity) = nested.identity() else { continue };
                match found(self.exchange.run(GetDistributionGroup::one(identity)).await) {
                    Ok(found) => open.extend(found.into_iter().flatten().map(|group| (group, None))),
                    Err(error) => self.leave_unread(UnreadPart::Scopes, &error),
                }
            }
            groups.push(translate::group_facts(&group, translate::each(members, |it| Some(translate::member(it)))));
        }
        self.seen.facts.groups = match missing {
            None => Fact::Read(groups),
            Some(why) => Fact::Partly(groups, why),
        };
    }

    /// Every group that such a text names: a name, an id or a distinguished name.
    async fn groups_named(&self, name: &str) -> graph_client::Result<Vec<DistributionGroup>> {
        let Ok(identity) = name.parse::<Identity>() else { return Ok(Vec::new()) };
        Ok(found(self.exchange.run(GetDistributionGroup::one(identity)).await)?.unwrap_or_default())
    }

    async fn units(&mut self, names: BTreeSet<String>) {
        let mut units = Vec::new();
        let mut missing = None;
        for name in names {
            let Ok(id) = name.parse::<ObjectId>() else {
                missing = Some(format!("the administrative unit \"{name}\" is named and not identified"));
                continue;
            };
            let members = self.list(UnreadPart::Scopes, self.client.administrative_units().members(&name)).await;
            let members = translate::each(members, translate::directory_member);
            units.push(access::AdministrativeUnit { id, name: None, members, membership_rule: None });
        }
        self.seen.facts.administrative_units = match missing {
            None => Fact::Read(units),
            Some(why) => Fact::Partly(units, why),
        };
    }

    /// The calendar permissions of the mailboxes that must not be reached: what `getSchedule` answers for them.
    async fn calendars(&mut self) {
        let mailboxes: Vec<(SmtpAddress, Identity)> = self
            .spec
            .must_not_reach
            .iter()
            .filter_map(|address| Some((address.clone(), self.seen.recipient(address)?.identity()?)))
            .take(MOST_CALENDARS)
            .collect();
        let reads = mailboxes
            .iter()
            .map(|(_, identity)| GetMailboxFolderPermission::new(MailboxFolder::calendar(identity.clone())))
            .collect();
        let mut sharing = BTreeMap::new();
        for ((address, _), entries) in mailboxes.into_iter().zip(self.exchange.run_all(reads).await) {
            let fact = match self.fact(UnreadPart::Calendars, entries) {
                Fact::Read(entries) => translate::sharing(&entries),
                Fact::Partly(_, why) | Fact::Unread(why) => Fact::Unread(why),
            };
            sharing.insert(address, fact);
        }
        self.seen.sharing = sharing;
    }
}

async fn observed_group(exchange: &Exchange, address: &SmtpAddress) -> graph_client::Result<Option<ObservedGroup>> {
    // Several groups at one address: none of them is known to be the one.
    let Some(group) = exchange.group_at(address).await?.one() else { return Ok(None) };
    let identity = group.identity().unwrap_or_else(|| address.into());
    let members = exchange.run(GetDistributionGroupMember::new(identity)).await?;
    Ok(Some(ObservedGroup { group, members }))
}

/// A room list with the room lists in it: a campus is a list of buildings.
async fn room_list(exchange: &Exchange, address: &SmtpAddress) -> graph_client::Result<ObservedRoomList> {
    let group = exchange.group_at(address).await?.one();
    let mut list = ObservedRoomList { group, members: Vec::new(), nested: Vec::new() };
    let mut open: Vec<Identity> = list.group.iter().filter_map(DistributionGroup::identity).collect();
    let mut known: BTreeSet<String> = BTreeSet::new();
    while let Some(identity) = open.pop() {
        if !known.insert(identity.as_str().to_ascii_lowercase()) {
            continue;
        }
        for member in exchange.run(GetDistributionGroupMember::new(identity)).await? {
            if is_group(&member) {
                let name = member.primary_smtp_address.as_ref().map(ToString::to_string);
                list.nested.extend(name.or_else(|| member.display_name.clone()));
                open.extend(member.identity());
            }
            list.members.push(member);
        }
    }
    Ok(list)
}

/// All access policies. A tenant that never had one says that it cannot be found, instead of listing none.
pub(crate) async fn access_policies(exchange: &Exchange) -> graph_client::Result<Vec<ApplicationAccessPolicy>> {
    match exchange.run(GetApplicationAccessPolicy::all()).await {
        Err(error) if error.cmdlet().is_some_and(|cmdlet| cmdlet.kind == CmdletErrorKind::ObjectNotFound) => {
            Ok(Vec::new())
        }
        listed => listed,
    }
}

/// "Not found" is an answer where the service itself says so of the object; any other error is not, nor is the 404 of a
/// proxy.
pub(crate) fn found<T>(result: graph_client::Result<T>) -> graph_client::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound && is_said_by_the_service(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_said_by_the_service(error: &graph_client::Error) -> bool {
    match (error.cmdlet(), error.graph()) {
        (Some(cmdlet), _) => {
            // The code `NotFound` alone is what a server in between says as well.
            let sentence = cmdlet.sentence.to_ascii_lowercase();
            let is_named = cmdlet.exception.is_some() || cmdlet.message_id.is_some();
            let is_said = ["couldn't be found", "couldn't find object"].iter().any(|part| sentence.contains(part));
            matches!(cmdlet.kind, CmdletErrorKind::ObjectNotFound | CmdletErrorKind::RecipientNotFound)
                && (is_named || is_said)
        }
        (None, Some(graph)) => graph.code.eq_ignore_ascii_case("Request_ResourceNotFound"),
        (None, None) => false,
    }
}
