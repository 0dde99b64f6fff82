//! What decides on access in the whole tenant, read once and in pages: the permissions, roles and policies of every
//! application.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::StreamExt;
use graph_client::exchange::{
    ApplicationAccessPolicy, ExchangeServicePrincipal, GetManagementRoleAssignment, GetManagementScope,
    GetOrganizationConfig, GetRecipient, GetServicePrincipal, ManagementRoleAssignment, OpathFilter,
};
use graph_client::graph::{AppRoleAssignment, ServicePrincipal};
use graph_client::{Client, ClientId, ObjectId, ServicePrincipalId, Uuid, well_known};

use super::query::MAILBOXES;
use crate::access::{self, AccessModel, Fact, Facts, OpenScope, Truth};
use crate::error::{Error, Result};
use crate::observe::{Observation, Reader, Unread, UnreadPart, access_policies, found, translate};

/// An application of the tenant that holds something.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) client_id: ClientId,
    pub(super) name: Option<String>,
    pub(super) enabled: Option<bool>,
    pub(super) facts: Facts,
    /// Whether the conditions of its management scopes hold for whoever gets a mailbox, by their names in lower case.
    /// Those about groups alone are not among them.
    pub(super) takes_newcomers: BTreeMap<String, Truth>,
}

/// What was read of the tenant.
pub(super) struct Tenant {
    pub(super) name: String,
    /// Every service principal.
    pub(super) everybody: Fact<Vec<ServicePrincipal>>,
    pub(super) applications: Vec<Known>,
    /// Service principals whose client id is not known, as Exchange or Entra shows them.
    pub(super) unidentified: Vec<String>,
    pub(super) unread: Vec<Unread>,
}

impl Tenant {
    pub(super) async fn read(client: &Client) -> Result<Self> {
        let exchange = client.exchange();
        let organization = exchange.run(GetOrganizationConfig::new()).await;
        let organization = organization.map_err(Error::during("read the organisation"))?;
        // The client id stands for no application: each has facts of its own.
        let mut seen = Observation::empty(&organization.name, ClientId::from_uuid(Uuid::nil()));
        seen.organization = organization;
        let mut reader = Reader::new(client.clone(), seen, None);
        let principals = client.service_principals();
        let everybody = principals.list().select(&["id", "appId", "displayName", "accountEnabled"]);
        let everybody: Fact<Vec<ServicePrincipal>> = reader.list(UnreadPart::Entra, everybody).await;
        let mut offered: HashMap<ServicePrincipalId, ServicePrincipal> = HashMap::new();
        let mut granted: Fact<Vec<AppRoleAssignment>> = Fact::Read(Vec::new());
        for resource in [well_known::MICROSOFT_GRAPH, well_known::EXCHANGE_ONLINE] {
            let read = found(principals.by_app_id(&resource).await);
            // A tenant without the resource has nobody who holds a permission on it.
            let Some(resource) = reader.fact(UnreadPart::Entra, read.clone()).whole().cloned().flatten() else {
                if let Err(error) = read {
                    granted = partly(granted, crate::text::without_advice(&error));
                }
                continue;
            };
            let held = reader.list(UnreadPart::Entra, principals.app_role_assigned_to(&resource.id)).await;
            granted = joined(granted, held);
            offered.insert(resource.id, resource);
        }
        let policies = access_policies(&exchange).await;
        let policies = reader.fact(UnreadPart::Policies, policies);
        let registered = found(exchange.run(GetServicePrincipal::all()).await).map(Option::unwrap_or_default);
        let registered = reader.fact(UnreadPart::Roles, registered);
        let assignments = found(exchange.run(GetManagementRoleAssignment::all()).await).map(Option::unwrap_or_default);
        let assignments = reader.fact(UnreadPart::Roles, assignments);
        let assignments = of_applications(assignments);
        let has_scope = |it: &ManagementRoleAssignment| matches!(it.scope().into(), access::RoleScope::Management(_));
        let scopes = if assignments.entries().iter().any(has_scope) {
            let scopes = found(exchange.run(GetManagementScope::all()).await).map(Option::unwrap_or_default);
            reader.fact(UnreadPart::Scopes, scopes)
        } else {
            Fact::Read(Vec::new())
        };
        let policies = policies_with_scopes(&mut reader, policies).await;
        let named: BTreeSet<String> = assignments
            .entries()
            .iter()
            .filter_map(|it| match it.scope().into() {
                access::RoleScope::Group(name) => Some(name),
                _ => None,
            })
            .chain(scopes.entries().iter().flat_map(graph_client::exchange::ManagementScope::groups))
            .chain(policies.entries().iter().filter_map(|(_, policy)| match policy.scope {
                access::PolicyScope::Group(id) => Some(id.to_string()),
                _ => None,
            }))
            .collect();
        reader.names.assigned(assignments.entries());
        let groups = reader.groups_named(&named, Vec::new()).await;
        let units = units(&mut reader, &assignments).await;
        let scopes = translate::each(scopes, |scope| Some(translate::management_scope(scope)));
        let organization = translate::organization(
            &reader.seen.organization,
            Fact::Unread("the list of applications that may use Exchange Web Services was not read".into()),
        );

        let lists = Lists {
            everybody,
            granted,
            offered,
            policies,
            registered,
            assignments,
            scopes,
            groups,
            units,
            organization,
            date: reader.seen.facts.date,
        };
        let (mut applications, unidentified) = lists.applications();
        for application in &mut applications {
            if let Fact::Read(own) | Fact::Partly(own, _) = &mut application.facts.role_assignments {
                reader.names.tell_moved(own);
            }
        }
        list_scopes(&mut reader, &mut applications).await;
        let name = reader.seen.organization.name.clone();
        Ok(Self { name, everybody: lists.everybody, applications, unidentified, unread: reader.seen.unread })
    }
}

/// Everything that was read of the tenant, application or not.
struct Lists {
    everybody: Fact<Vec<ServicePrincipal>>,
    granted: Fact<Vec<AppRoleAssignment>>,
    /// The resources, by the object ids of their service principals.
    offered: HashMap<ServicePrincipalId, ServicePrincipal>,
    policies: Policies,
    registered: Fact<Vec<ExchangeServicePrincipal>>,
    assignments: Fact<Vec<ManagementRoleAssignment>>,
    scopes: Fact<Vec<access::ManagementScope>>,
    groups: Fact<Vec<access::Group>>,
    units: Fact<Vec<access::AdministrativeUnit>>,
    organization: access::OrganizationSettings,
    date: jiff::civil::Date,
}

/// What is known of who holds something.
#[derive(Default)]
struct Holder {
    principal: Option<ServicePrincipalId>,
    name: Option<String>,
    enabled: Option<bool>,
}

impl Lists {
    /// Every application that holds something, and the holders whose application is not known.
    fn applications(&self) -> (Vec<Known>, Vec<String>) {
        let own_grants = by_principal(&self.granted);
        let by_id: HashMap<ServicePrincipalId, &ServicePrincipal> =
            self.everybody.entries().iter().map(|it| (it.id, it)).collect();
        let mut holders: BTreeMap<ClientId, Holder> = BTreeMap::new();
        let mut unidentified = BTreeSet::new();
        for holder in own_grants.keys() {
            match by_id.get(holder).and_then(|it| Some((it.app_id?, *it))) {
                Some((app, it)) => {
                    let (name, enabled) = (it.display_name.clone(), it.account_enabled);
                    holders.insert(app, Holder { principal: Some(it.id), name, enabled });
                }
                None => {
                    unidentified.insert(format!("service principal {holder}"));
                }
            }
        }
        for (assignee, registration) in registrations(&self.registered, &self.assignments) {
            let Some(app) = registration.and_then(|it| it.app_id).map(ClientId::from_uuid) else {
                unidentified.insert(format!("assignee {assignee}"));
                continue;
            };
            let entra = self.everybody.entries().iter().find(|it| it.app_id == Some(app));
            holders.entry(app).or_insert_with(|| Holder {
                principal: entra.map(|it| it.id),
                name: entra
                    .and_then(|it| it.display_name.clone())
                    .or_else(|| registration.and_then(|it| it.display_name.clone())),
                enabled: entra.and_then(|it| it.account_enabled),
            });
        }
        let known = |(client_id, holder): (ClientId, Holder)| {
            let facts = self.facts(client_id, &holder, &own_grants);
            Known { client_id, name: holder.name, enabled: holder.enabled, facts, takes_newcomers: BTreeMap::new() }
        };
        (holders.into_iter().map(known).collect(), unidentified.into_iter().collect())
    }

    fn facts(
        &self,
        client_id: ClientId,
        holder: &Holder,
        own_grants: &HashMap<ServicePrincipalId, Vec<AppRoleAssignment>>,
    ) -> Facts {
        let mut facts = Facts::new(client_id, self.date);
        facts.service_principal = match (&self.everybody, holder.principal) {
            (_, Some(id)) => Fact::Read(Some(id)),
            (Fact::Read(_), None) => Fact::Read(None),
            (Fact::Partly(_, why) | Fact::Unread(why), None) => Fact::Unread(why.clone()),
        };
        facts.sign_in = match holder.enabled {
            Some(true) => Fact::Read(access::SignIn::Enabled),
            Some(false) => Fact::Read(access::SignIn::Disabled { since: None }),
            None => Fact::Unread("whether it is enabled was not read".into()),
        };
        let held = holder.principal.and_then(|id| own_grants.get(&id)).cloned().unwrap_or_default();
        let held = match self.granted.missing() {
            None => Fact::Read(held),
            Some(why) => Fact::Partly(held, why.to_owned()),
        };
        facts.grants = match (holder.principal, self.everybody.missing()) {
            (Some(id), _) => translate::grants(id, &held, &self.offered),
            (None, None) => Fact::Read(Vec::new()),
            (None, Some(why)) => Fact::Unread(why.to_owned()),
        };
        let object_id = holder.principal.map(|id| id.to_string());
        let concerns = |raw: &ApplicationAccessPolicy| {
            raw.concerns(&client_id) || object_id.as_deref().is_some_and(|id| raw.app_id.eq_ignore_ascii_case(id))
        };
        facts.policies = match &self.policies {
            Fact::Unread(why) => Fact::Unread(why.clone()),
            Fact::Read(list) => Fact::Read(own_policies(list, concerns)),
            Fact::Partly(list, why) => Fact::Partly(own_policies(list, concerns), why.clone()),
        };
        let registration = self.registered.entries().iter().find(|it| it.app_id == Some(*client_id.as_uuid()));
        facts.exchange_principal = match (&self.registered, registration) {
            (_, Some(it)) => Fact::Read(Some(access::ExchangePrincipal {
                app_id: it.app_id.map(ClientId::from_uuid),
                object_id: it.object_id.map(ServicePrincipalId::from_uuid),
            })),
            (Fact::Read(_), None) => Fact::Read(None),
            (Fact::Partly(_, why) | Fact::Unread(why), None) => Fact::Unread(why.clone()),
        };
        let own = self.assignments.entries().iter();
        let own = own.filter(|it| registration.is_some_and(|registration| is_of(it, registration)));
        let own: Vec<_> = own.map(translate::role_assignment).collect();
        facts.role_assignments = match self.assignments.missing() {
            None => Fact::Read(own),
            Some(why) => Fact::Partly(own, why.to_owned()),
        };
        facts.scopes = self.scopes.clone();
        facts.groups = self.groups.clone();
        facts.administrative_units = self.units.clone();
        facts.organization = Fact::Read(self.organization.clone());
        facts
    }
}

fn partly<T>(fact: Fact<Vec<T>>, why: String) -> Fact<Vec<T>> {
    match fact {
        Fact::Read(list) | Fact::Partly(list, _) => Fact::Partly(list, why),
        Fact::Unread(_) => Fact::Unread(why),
    }
}

/// Both lists as one; what is missing of either is missing of it.
fn joined<T>(one: Fact<Vec<T>>, other: Fact<Vec<T>>) -> Fact<Vec<T>> {
    match (one, other) {
        (Fact::Read(mut list), Fact::Read(other)) => {
            list.extend(other);
            Fact::Read(list)
        }
        (Fact::Read(mut list), Fact::Partly(other, why))
        | (Fact::Partly(mut list, why), Fact::Read(other) | Fact::Partly(other, _)) => {
            list.extend(other);
            Fact::Partly(list, why)
        }
        (one, Fact::Unread(why)) => partly(one, why),
        (Fact::Unread(why), _) => Fact::Unread(why),
    }
}

fn by_principal(granted: &Fact<Vec<AppRoleAssignment>>) -> HashMap<ServicePrincipalId, Vec<AppRoleAssignment>> {
    let mut held: HashMap<_, Vec<AppRoleAssignment>> = HashMap::new();
    for assignment in granted.entries() {
        let is_application = assignment.principal_type.as_deref().is_none_or(|kind| kind == "ServicePrincipal");
        if let (Some(id), true) = (assignment.principal_id, is_application) {
            held.entry(id).or_default().push(assignment.clone());
        }
    }
    held
}

/// The assignments of applications. One that does not say what its assignee is may be of one.
fn of_applications(assignments: Fact<Vec<ManagementRoleAssignment>>) -> Fact<Vec<ManagementRoleAssignment>> {
    let is_application = |it: &ManagementRoleAssignment| {
        it.role_assignee_type.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("ServicePrincipal"))
    };
    match assignments {
        Fact::Read(list) => Fact::Read(list.into_iter().filter(is_application).collect()),
        Fact::Partly(list, why) => Fact::Partly(list.into_iter().filter(is_application).collect(), why),
        Fact::Unread(why) => Fact::Unread(why),
    }
}

/// Whether an assignment is that of a service principal, which it names by one of its ids or names.
fn is_of(assignment: &ManagementRoleAssignment, principal: &ExchangeServicePrincipal) -> bool {
    let ids = [principal.object_id, principal.app_id, principal.guid].into_iter().flatten().map(|id| id.to_string());
    let names = [principal.display_name.clone(), principal.identity.clone()].into_iter().flatten();
    let assignee = assignment.role_assignee.as_deref();
    ids.chain(names).any(|name| !name.is_empty() && assignee.is_some_and(|it| it.eq_ignore_ascii_case(&name)))
}

/// The assignees of roles, with their service principals in Exchange where one has such an id or name.
fn registrations<'a>(
    registered: &'a Fact<Vec<ExchangeServicePrincipal>>,
    assignments: &Fact<Vec<ManagementRoleAssignment>>,
) -> BTreeMap<String, Option<&'a ExchangeServicePrincipal>> {
    let find = |it: &ManagementRoleAssignment| registered.entries().iter().find(|principal| is_of(it, principal));
    let named = |it: &ManagementRoleAssignment| Some((it.role_assignee.clone()?, find(it)));
    assignments.entries().iter().filter_map(named).collect()
}

type Policies = Fact<Vec<(ApplicationAccessPolicy, access::AccessPolicy)>>;

async fn policies_with_scopes(reader: &mut Reader<'_>, policies: Fact<Vec<ApplicationAccessPolicy>>) -> Policies {
    let mut read = Vec::new();
    let mut unknown = policies.missing().map(str::to_owned);
    for policy in policies.entries() {
        let scope = reader.policy_scope(policy).await;
        match translate::policy(policy, scope) {
            Some(understood) => read.push((policy.clone(), understood)),
            None => unknown = Some(format!("the policy {} is of a kind that is not known", policy.identity)),
        }
    }
    match (policies, unknown) {
        (Fact::Unread(why), _) => Fact::Unread(why),
        (_, Some(why)) => Fact::Partly(read, why),
        (_, None) => Fact::Read(read),
    }
}

fn own_policies(
    policies: &[(ApplicationAccessPolicy, access::AccessPolicy)],
    concerns: impl Fn(&ApplicationAccessPolicy) -> bool,
) -> Vec<access::AccessPolicy> {
    policies.iter().filter(|(raw, _)| concerns(raw)).map(|(_, policy)| policy.clone()).collect()
}

async fn units(
    reader: &mut Reader<'_>,
    assignments: &Fact<Vec<ManagementRoleAssignment>>,
) -> Fact<Vec<access::AdministrativeUnit>> {
    let names: BTreeSet<String> = assignments
        .entries()
        .iter()
        .filter_map(|it| match it.scope().into() {
            access::RoleScope::AdministrativeUnit(name) => Some(name),
            _ => None,
        })
        .collect();
    let (mut units, mut missing) = (Vec::new(), None);
    for name in names {
        let Ok(id) = name.parse::<ObjectId>() else {
            missing = Some(format!("the administrative unit \"{name}\" is named and not identified"));
            continue;
        };
        let members = reader.client.administrative_units().members(&name);
        let members = reader.list(UnreadPart::Scopes, members).await;
        let members = translate::each(members, translate::directory_member);
        units.push(access::AdministrativeUnit { id, name: None, members, membership_rule: None });
    }
    match missing {
        None => Fact::Read(units),
        Some(why) => Fact::Partly(units, why),
    }
}

/// The recipients of conditions that the facts alone do not decide, and whether these hold for whoever gets a mailbox:
/// each condition asked once.
async fn list_scopes(reader: &mut Reader<'_>, applications: &mut [Known]) {
    let mut listed: BTreeMap<String, (Fact<Vec<access::Member>>, Truth)> = BTreeMap::new();
    for application in applications {
        for scope in AccessModel::new(&application.facts).scopes_to_list() {
            let key = scope.name.to_lowercase();
            if !listed.contains_key(&key) {
                listed.insert(key.clone(), list_scope(reader, &scope).await);
            }
            if let Some((recipients, takes_newcomers)) = listed.get(&key) {
                application.facts.scope_recipients.insert(scope.name, recipients.clone());
                application.takes_newcomers.insert(key, *takes_newcomers);
            }
        }
    }
}

async fn list_scope(reader: &mut Reader<'_>, scope: &OpenScope) -> (Fact<Vec<access::Member>>, Truth) {
    let filter = match serde_json::from_value::<OpathFilter>(scope.filter.clone().into()) {
        Ok(filter) => filter,
        Err(error) => return (Fact::Unread(error.to_string()), scope.takes_newcomers.and(Truth::Unknown)),
    };
    let read = reader.exchange.run(GetRecipient::matching(filter.clone())).await;
    let read = reader.fact(UnreadPart::Scopes, read);
    let recipients = translate::each(read, |recipient| Some(translate::member(recipient)));
    let takes_newcomers = match scope.takes_newcomers {
        // What holds for every mailbox of today may hold for everybody, whatever it is about.
        Truth::No => {
            let outside = GetRecipient::matching(!filter).of_type(MAILBOXES);
            let mut outside = Box::pin(reader.exchange.list(outside).into_stream());
            match outside.next().await {
                Some(Ok(_)) => Truth::No,
                None => Truth::Unknown,
                Some(Err(error)) => {
                    reader.leave_unread(UnreadPart::Scopes, &error);
                    Truth::Unknown
                }
            }
        }
        other => other,
    };
    (recipients, takes_newcomers)
}
