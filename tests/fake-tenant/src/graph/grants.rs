//! `/oauth2PermissionGrants`: what applications may do in somebody's name.

use serde_json::{Value, json};
use uuid::Uuid;

use super::delta::{self, Followed};
use super::query::Paging;
use super::{GraphCall, GraphError, GraphResult, error};
use crate::request::Response;
use crate::roles::Resource;
use crate::world::{PermissionGrant, World};

const READ: &[&str] = &["Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All"];
const WRITE: &[&str] = &["DelegatedPermissionGrant.ReadWrite.All"];
const PAGES: Paging = Paging::Token { default: 100, max: 999 };

pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    call.need(if call.method() == "GET" { READ } else { WRITE })?;
    if rest.first().is_some_and(|first| first.eq_ignore_ascii_case("delta")) && call.method() == "GET" {
        let rows = world.grants.iter().map(|grant| (grant.id.clone(), row(grant))).collect();
        return delta::answer(world, call, Followed::of_rows(call, "oauth2PermissionGrants", rows));
    }
    let place = match rest {
        [] => None,
        [id] => {
            let at = world.grants.iter().position(|grant| grant.id == *id);
            Some(at.ok_or_else(|| GraphError::not_found(id))?)
        }
        [_, unknown, ..] => return Err(GraphError::unknown_segment(unknown)),
    };
    match (call.method(), place) {
        ("GET", None) => call.list("oauth2PermissionGrants", world.grants.clone(), PAGES, row),
        ("GET", Some(at)) => Ok(call.entity("oauth2PermissionGrants/$entity", &row(&world.grants[at]))),
        ("POST", None) => create(world, call),
        ("PATCH", Some(at)) => {
            // The whole text is replaced: widening means sending the old scopes too.
            if let Some(scope) = call.field("scope") {
                scope.clone_into(&mut world.grants[at].scope);
            }
            Ok(Response::new(204))
        }
        ("DELETE", Some(at)) => {
            world.grants.remove(at);
            Ok(Response::new(204))
        }
        _ => Err(GraphError::wrong_method()),
    }
}

/// The grants of one client, as its service principal shows them.
pub(crate) fn of_client(world: &World, call: &GraphCall<'_>, client: Uuid) -> GraphResult {
    call.need(READ)?;
    let grants: Vec<PermissionGrant> = world.grants.iter().filter(|grant| grant.client == client).cloned().collect();
    call.list("oauth2PermissionGrants", grants, PAGES, row)
}

fn create(world: &mut World, call: &GraphCall<'_>) -> GraphResult {
    let invalid = |name: &str| {
        GraphError::bad_request(format!(
            "Invalid value specified for property '{name}' of resource 'OAuth2PermissionGrant'."
        ))
    };
    let id = |name: &str| call.field(name).and_then(|id| Uuid::parse_str(id).ok());
    let client = id("clientId").ok_or_else(|| invalid("clientId"))?;
    if !world.apps.iter().any(|app| app.principal && app.object_id == client) {
        return Err(GraphError::not_found(&client.to_string()));
    }
    let resource = id("resourceId").ok_or_else(|| invalid("resourceId"))?;
    let resource = Resource::ALL
        .into_iter()
        .find(|known| known.object_id() == resource)
        .ok_or_else(|| GraphError::not_found(&resource.to_string()))?;
    let principal = match call.field("consentType") {
        Some("AllPrincipals") if id("principalId").is_none() => None,
        Some("Principal") => Some(id("principalId").ok_or_else(|| invalid("principalId"))?),
        _ => return Err(invalid("consentType")),
    };
    let scope = call.field("scope").ok_or_else(|| invalid("scope"))?.to_owned();
    let same =
        |grant: &PermissionGrant| grant.client == client && grant.resource == resource && grant.principal == principal;
    if world.grants.iter().any(same) {
        return Err(error(409, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists."));
    }
    let grant = PermissionGrant { id: world.fresh_opaque_id("grant"), client, principal, resource, scope };
    let row = row(&grant);
    world.grants.push(grant);
    Ok(call.created("oauth2PermissionGrants/$entity", &row))
}

fn row(grant: &PermissionGrant) -> Value {
    json!({
        "clientId": grant.client,
        "consentType": if grant.principal.is_some() { "Principal" } else { "AllPrincipals" },
        "id": grant.id,
        "principalId": grant.principal,
        "resourceId": grant.resource.object_id(),
        "scope": grant.scope,
    })
}
