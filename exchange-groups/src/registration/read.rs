//! What is there of a registration.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use graph_client::exchange::{AccessRight, ApplicationAccessPolicy};
use graph_client::graph::{Application, ApplicationRef, Filter, PermissionGrant, ServicePrincipal, Timestamp};
use graph_client::{AppRoleId, Client, ClientId, ServicePrincipalId, well_known};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::input::Registration;
use crate::access::{Grant, Opens, Resource};
use crate::credentials::{Credentials, read_credentials};
use crate::document::Origin;
use crate::error::{Error, Result};
use crate::observe::{access_policies, found};
use crate::text::without_advice;

/// What is there of a registration: what a plan of it is made from.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegistrationFacts {
    /// Where, when and by what it was made.
    pub origin: Origin,
    /// The applications of the name, those made last first.
    pub of_name: Vec<ClientId>,
    /// The application to go on with, if it is there.
    pub application: Option<Application>,
    /// Its service principal.
    pub principal: Option<ServicePrincipalId>,
    /// The application permissions of Microsoft Graph that it holds, by their values.
    pub granted: Vec<String>,
    /// The consent for everybody to delegated permissions of Microsoft Graph.
    pub consent: Option<PermissionGrant>,
    /// Its secrets and certificates.
    pub credentials: Option<Credentials>,
    /// Whether an access policy restricts it. `None` where that was not read or not asked.
    pub is_restricted: Option<bool>,
    /// Why the access policies could not be read.
    pub policies_missing: Option<String>,
    /// The service principal of Microsoft Graph.
    pub(crate) graph: ServicePrincipalId,
    /// The application permissions of Microsoft Graph that are asked for and that it has.
    pub(crate) roles: BTreeMap<String, AppRoleId>,
    /// The delegated permissions of Microsoft Graph that are asked for and that it has.
    pub(crate) scopes: BTreeMap<String, String>,
    /// What the permissions open that are asked for, or held.
    pub(crate) opens: BTreeMap<String, Opens>,
}

/// The permission as if it were granted.
fn as_granted(value: &str, role: AppRoleId) -> Grant {
    Grant { resource: Resource::Graph, role, value: Some(value.to_owned()), assignment: None, eligible: false }
}

pub(super) async fn read(client: &Client, registration: &Registration) -> Result<RegistrationFacts> {
    let principals = client.service_principals();
    let organization = client.organization().get().await;
    let organization = organization.map_err(Error::during("read the organisation"))?;
    let tenant = organization.initial_domain().map_or_else(|| organization.id.clone(), str::to_owned);
    let graph = principals.by_app_id(&well_known::MICROSOFT_GRAPH).await;
    let graph = graph.map_err(Error::during("read the permissions of Microsoft Graph"))?;
    let list = client.applications().list().filter(Filter::eq("displayName", registration.name()));
    let named = list.select(&["id", "appId", "createdDateTime"]).into_stream().try_collect::<Vec<_>>().await;
    let mut named = named.map_err(Error::during("list the applications of the name"))?;
    let made = |it: &Application| it.created_date_time.as_ref().and_then(Timestamp::to_system_time);
    named.sort_by_key(|it| std::cmp::Reverse(made(it)));
    let mut facts = RegistrationFacts {
        origin: Origin::now(&tenant),
        of_name: named.iter().filter_map(|it| it.app_id).collect(),
        application: None,
        principal: None,
        granted: Vec::new(),
        consent: None,
        credentials: None,
        is_restricted: None,
        policies_missing: None,
        graph: graph.id,
        roles: registration
            .application_permissions
            .iter()
            .filter_map(|value| Some((value.clone(), graph.app_role(value)?.id)))
            .collect(),
        scopes: registration
            .delegated_permissions
            .iter()
            .filter_map(|value| Some((value.clone(), scope_of(&graph, value)?)))
            .collect(),
        opens: BTreeMap::new(),
    };
    facts.opens = facts.roles.iter().map(|(value, id)| (value.clone(), as_granted(value, *id).opens())).collect();
    let application = match (registration.application, registration.unique_name()) {
        (Some(id), _) => found(client.applications().get(id).await),
        (None, Some(name)) => found(client.applications().get(ApplicationRef::UniqueName(name)).await),
        (None, None) => Ok(None),
    };
    facts.application = application.map_err(Error::during("read the application"))?;
    let Some(wanted) = facts.application.as_ref().and_then(|it| it.app_id) else { return Ok(facts) };
    let principal = found(principals.by_app_id(&wanted).await);
    let principal = principal.map_err(Error::during("read the service principal"))?;
    facts.principal = principal.map(|it| it.id);
    facts.credentials = Some(read_credentials(client, wanted, std::time::Duration::ZERO).await?);
    if let Some(principal) = &facts.principal {
        let held = principals.app_role_assignments(principal).into_stream().try_collect::<Vec<_>>().await;
        let held = held.map_err(Error::during("read the permissions of the application"))?;
        let of_graph = held.iter().filter(|it| it.resource_id == Some(graph.id));
        for it in of_graph {
            let role = graph.app_roles.iter().find(|role| it.app_role_id == *role.id.as_uuid());
            let Some((role, value)) = role.and_then(|role| Some((role.id, role.value.clone()?))) else { continue };
            facts.opens.insert(value.clone(), as_granted(&value, role).opens());
            facts.granted.push(value);
        }
        let consents = principals.permission_grants(principal).into_stream().try_collect::<Vec<_>>().await;
        let consents = consents.map_err(Error::during("read the delegated permissions of the application"))?;
        facts.consent = consents
            .into_iter()
            .find(|it| it.principal_id.is_none() && it.resource_id.as_deref() == Some(&*graph.id.to_string()));
    }
    if facts.opens.values().any(|opens| *opens == Opens::UnlessPolicy) {
        match access_policies(&client.exchange()).await {
            Ok(policies) => {
                let restricts = |it: &ApplicationAccessPolicy| {
                    it.concerns(&wanted) && it.right() == Some(AccessRight::RestrictAccess) && it.is_valid == Some(true)
                };
                facts.is_restricted = Some(policies.iter().any(restricts));
            }
            Err(error) => facts.policies_missing = Some(without_advice(&error)),
        }
    }
    Ok(facts)
}

fn scope_of(graph: &ServicePrincipal, value: &str) -> Option<String> {
    let scope = graph.permission_scopes.iter().find(|it| it.value.as_deref() == Some(value))?;
    Some(scope.id.clone())
}
