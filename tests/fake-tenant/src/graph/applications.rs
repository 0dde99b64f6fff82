//! `/applications`: registrations, their passwords, keys and federated credentials.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::delta::{self, Followed};
use super::query::{Entity, Paging};
use super::{GraphCall, GraphError, GraphResult, error, members, service_principals};
use crate::clock::graph_date_time;
use crate::request::Response;
use crate::world::{App, AppLag, Registration, Secret, World, has_arrived};

const READ: &[&str] =
    &["Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy", "Directory.Read.All"];
const WRITE: &[&str] = &["Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"];
const PAGES: Paging = Paging::Token { default: 100, max: 999 };
const ENTITY: Entity =
    Entity { name: "Application", defaults: &[], sortable: &["displayName"], unsortable: &["appId"] };
/// Two years, as the portal and Graph have it.
const SECRET_LIFE: SignedDuration = SignedDuration::from_hours(24 * 730);
const MOST_FEDERATED: usize = 20;
/// Properties that are not the caller's to set.
const READ_ONLY: &[&str] =
    &["id", "appId", "createdDateTime", "deletedDateTime", "publisherDomain", "passwordCredentials", "keyCredentials"];

/// What a registration looks like from the start.
pub(crate) fn defaults(name: &str) -> Map<String, Value> {
    let Value::Object(properties) = json!({
        "displayName": name,
        "description": null,
        "identifierUris": [],
        "signInAudience": "AzureADMyOrg",
        "tags": [],
        "uniqueName": null,
        "isFallbackPublicClient": null,
        "api": {"acceptMappedClaims": null, "knownClientApplications": [], "requestedAccessTokenVersion": null, "oauth2PermissionScopes": [], "preAuthorizedApplications": []},
        "appRoles": [],
        "publicClient": {"redirectUris": []},
        "requiredResourceAccess": [],
        "spa": {"redirectUris": []},
        "web": {"homePageUrl": null, "redirectUris": [], "implicitGrantSettings": {"enableIdTokenIssuance": false, "enableAccessTokenIssuance": false}},
    }) else {
        return Map::new();
    };
    properties
}

pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, first: &str, rest: &[&str]) -> GraphResult {
    let (key, rest) = match first.split_once('(') {
        Some((_, key)) => (Some(key.trim_end_matches(')').to_owned()), rest),
        None => match rest.split_first() {
            Some((id, rest)) => (Some((*id).to_owned()), rest),
            None => (None, rest),
        },
    };
    let reads = call.method() == "GET";
    call.need(if reads { READ } else { WRITE })?;
    let Some(key) = key else {
        return match call.method() {
            "GET" => {
                let domain = world.organization.initial_domain.clone();
                let apps: Vec<&App> = world.apps.iter().filter(|app| app.registration.is_some()).collect();
                call.directory_list("applications", apps, PAGES, ENTITY, |app| row(app, &domain))
            }
            "POST" => create(world, call),
            _ => Err(GraphError::wrong_method()),
        };
    };
    if key.eq_ignore_ascii_case("delta") && rest.is_empty() {
        call.only_get()?;
        let domain = &world.organization.initial_domain;
        let registered = world
            .apps
            .iter()
            .filter_map(|app| Some((app.registration.as_ref()?.object_id.to_string(), row(app, domain))));
        let followed = Followed::of_rows(call, "applications", registered.collect());
        return delta::answer(world, call, followed);
    }
    let at = find(world, &key)?;
    let domain = world.organization.initial_domain.clone();
    let lower: Vec<String> = rest.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    match (call.method(), &lower[..]) {
        ("GET", []) => Ok(call.entity("applications/$entity", &row(&world.apps[at], &domain))),
        ("PATCH", []) => {
            let body = call.body()?.clone();
            patch(&mut world.apps[at], &body)?;
            Ok(Response::new(204))
        }
        ("DELETE", []) => {
            // Its service principal here goes with it.
            service_principals::delete(world, world.apps[at].client_id);
            let app = world.apps.remove(at);
            world.grants.retain(|grant| grant.client != app.object_id);
            Ok(Response::new(204))
        }
        ("GET", ["owners", ..]) => {
            let owned = world.apps[at].client_id;
            let owners = world.links.owners.iter().filter(|(other, _)| *other == owned);
            let (people, principals) = members::split(owners.map(|(_, owner)| owner));
            members::list_with(world, call, &people, &principals, &rest[1..])
        }
        ("POST", ["addpassword"]) => add_password(world, call, at),
        ("POST", ["removepassword"]) => {
            let id = call.field("keyId").and_then(|id| Uuid::parse_str(id).ok());
            let secrets = &mut world.apps[at].secrets;
            let before = secrets.len();
            secrets.retain(|secret| Some(secret.key_id) != id);
            if secrets.len() == before {
                return Err(GraphError::bad_request("No password credential found with keyId."));
            }
            Ok(Response::new(204))
        }
        (_, ["federatedidentitycredentials", ..]) => federated(world, call, at, rest.get(1).copied()),
        ("GET" | "POST", [unknown, ..]) => Err(GraphError::unknown_segment(unknown)),
        _ => Err(GraphError::wrong_method()),
    }
}

/// The place of an application by object id, `appId='...'` or `uniqueName='...'`.
fn find(world: &mut World, key: &str) -> Result<usize, GraphError> {
    let (name, value) = match key.split_once('=') {
        Some((name, value)) => (name.trim().to_ascii_lowercase(), value.trim().trim_matches('\'')),
        None => ("id".to_owned(), key),
    };
    let named = |app: &App| {
        app.registration.as_ref().is_some_and(|registration| match &*name {
            "appid" => app.client_id.to_string().eq_ignore_ascii_case(value),
            "uniquename" => registration.properties.get("uniqueName").and_then(Value::as_str) == Some(value),
            _ => registration.object_id.to_string().eq_ignore_ascii_case(value),
        })
    };
    let missing = || GraphError::not_found(value);
    let at = world.apps.iter().position(named).ok_or_else(missing)?;
    if has_arrived(&mut world.apps[at].lag.application) { Ok(at) } else { Err(missing()) }
}

fn create(world: &mut World, call: &GraphCall<'_>) -> GraphResult {
    let body = call.body()?.clone();
    let name = call.field("displayName").filter(|name| !name.is_empty()).ok_or_else(|| {
        GraphError::bad_request("A value is required for property 'displayName' of resource 'Application'.")
    })?;
    // GUESS: the code and status of a name that is taken; wrong if a tenant shows others.
    if let Some(unique) = call.field("uniqueName") {
        let has = |app: &App| {
            let properties = app.registration.as_ref().map(|it| &it.properties);
            properties.and_then(|it| it.get("uniqueName")).and_then(Value::as_str) == Some(unique)
        };
        if world.apps.iter().any(has) {
            return Err(GraphError::bad_request(
                "Another object with the same value for property uniqueName already exists.",
            ));
        }
    }
    let created = world.now();
    let mut app = App {
        client_id: world.fresh_id("application"),
        object_id: world.fresh_id("service-principal"),
        display_name: name.to_owned(),
        secrets: Vec::new(),
        trusts_assertions: false,
        thumbprints: Vec::new(),
        enabled: true,
        assignments: Vec::new(),
        directory_roles: Vec::new(),
        role_groups: Vec::new(),
        registration: Some(Registration {
            object_id: world.fresh_id("registration"),
            created,
            properties: defaults(name),
            keys: Vec::new(),
            federated: Vec::new(),
        }),
        principal: false,
        lag: AppLag { application: world.replication_lag, ..AppLag::default() },
    };
    patch(&mut app, &body)?;
    let row = row(&app, &world.organization.initial_domain);
    world.apps.push(app);
    Ok(call.created("applications/$entity", &row))
}

fn patch(app: &mut App, body: &Map<String, Value>) -> Result<(), GraphError> {
    let Some(registration) = &mut app.registration else {
        return Ok(());
    };
    for name in body.keys().filter(|name| !name.contains('@')) {
        let known = registration.properties.contains_key(name) || READ_ONLY.contains(&name.as_str());
        if !known {
            return Err(GraphError::bad_request(format!("Invalid property '{name}' for resource 'Application'.")));
        }
    }
    if body.keys().any(|name| READ_ONLY.contains(&name.as_str()) && name != "keyCredentials") {
        return Err(GraphError::bad_request("One or more properties are read-only."));
    }
    if body.get("displayName").is_some_and(|name| name.as_str().is_none_or(str::is_empty)) {
        return Err(GraphError::bad_request(
            "A value is required for property 'displayName' of resource 'Application'.",
        ));
    }
    for (name, value) in body {
        match (name.as_str(), value) {
            ("keyCredentials", Value::Array(keys)) => {
                // The whole list is replaced; the keys themselves are not shown again.
                registration.keys.clone_from(keys);
            }
            (_, Value::Object(changes)) => {
                if let Some(held) = registration.properties.get_mut(name).and_then(Value::as_object_mut) {
                    held.extend(changes.clone());
                }
            }
            ("displayName", Value::String(text)) => {
                app.display_name.clone_from(text);
                registration.properties.insert(name.clone(), value.clone());
            }
            (name, _) if name.contains('@') => {}
            _ => {
                registration.properties.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(())
}

fn add_password(world: &mut World, call: &GraphCall<'_>, at: usize) -> GraphResult {
    let wanted =
        call.incoming.json.as_ref().and_then(|body| body.get("passwordCredential")).cloned().unwrap_or_default();
    let moment = |name: &str| -> Result<Option<Timestamp>, GraphError> {
        wanted.get(name).and_then(Value::as_str).map(str::parse).transpose().map_err(|_| {
            GraphError::bad_request(format!(
                "Invalid value specified for property '{name}' of resource 'PasswordCredential'."
            ))
        })
    };
    let created = moment("startDateTime")?.unwrap_or_else(|| world.now());
    let expires = moment("endDateTime")?.unwrap_or(created + SECRET_LIFE);
    let text = format!("{}~{}", &world.fresh_opaque_id("secret")[..4], &world.fresh_opaque_id("secret")[..35]);
    let secret = Secret {
        key_id: world.fresh_id("secret"),
        display_name: wanted.get("displayName").and_then(Value::as_str).map(str::to_owned),
        created,
        text,
        expires: Some(expires),
    };
    let mut row = password_row(&secret);
    row["secretText"] = json!(secret.text);
    let lag = world.replication_lag;
    let app = &mut world.apps[at];
    app.lag.secret = lag;
    app.secrets.push(secret);
    Ok(call.entity("microsoft.graph.passwordCredential", &row))
}

fn password_row(secret: &Secret) -> Value {
    json!({
        "customKeyIdentifier": null,
        "displayName": secret.display_name,
        "endDateTime": secret.expires.map(graph_date_time),
        "hint": secret.text.chars().take(3).collect::<String>(),
        "keyId": secret.key_id,
        "secretText": null,
        "startDateTime": graph_date_time(secret.created),
    })
}

fn federated(world: &mut World, call: &GraphCall<'_>, at: usize, id: Option<&str>) -> GraphResult {
    let fresh = world.fresh_id("federated");
    let Some(registration) = &mut world.apps[at].registration else {
        return Err(GraphError::wrong_method());
    };
    let context = format!("applications('{}')/federatedIdentityCredentials", registration.object_id);
    let list = &mut registration.federated;
    let place = id.map(|id| {
        let same = |held: &Value| held["id"] == id || held["name"] == id;
        list.iter().position(same).ok_or_else(|| GraphError::not_found(id))
    });
    let place = place.transpose()?;
    match (call.method(), place) {
        ("GET", None) => call.list(&context, list.clone(), PAGES, Value::clone),
        ("GET", Some(place)) => Ok(call.entity(&format!("{context}/$entity"), &list[place])),
        ("POST", None) => {
            let text = |name: &str| {
                call.field(name).filter(|text| !text.is_empty()).ok_or_else(|| {
                    GraphError::bad_request(format!(
                        "A value is required for property '{name}' of resource 'FederatedIdentityCredential'."
                    ))
                })
            };
            let (name, issuer, subject) = (text("name")?, text("issuer")?, text("subject")?);
            let audiences = call.body()?.get("audiences").and_then(Value::as_array).cloned().unwrap_or_default();
            if !(3..=120).contains(&name.len()) || audiences.len() != 1 {
                return Err(GraphError::bad_request(
                    "A federated identity credential has a name of 3 to 120 characters and exactly one audience.",
                ));
            }
            if list.len() >= MOST_FEDERATED {
                return Err(error(
                    400,
                    "Directory_QuotaExceeded",
                    "The limit of 20 federated identity credentials is reached.",
                ));
            }
            let taken = |held: &Value| held["name"] == name || (held["issuer"] == issuer && held["subject"] == subject);
            if list.iter().any(taken) {
                return Err(error(
                    409,
                    "Request_MultipleObjectsWithSameKeyValue",
                    "FederatedIdentityCredential with that name, or that issuer and subject, already exists.",
                ));
            }
            // Wrong values are taken and fail at the sign-in service only (Microsoft documentation).
            let row = json!({
                "id": fresh,
                "name": name,
                "issuer": issuer,
                "subject": subject,
                "description": call.field("description"),
                "audiences": audiences,
            });
            list.push(row.clone());
            Ok(call.created(&format!("{context}/$entity"), &row))
        }
        ("PATCH", Some(place)) => {
            for (name, value) in call.body()? {
                if name == "name" && list[place]["name"] != *value {
                    return Err(GraphError::bad_request(
                        "The name of a federated identity credential can't be changed.",
                    ));
                }
                list[place][name] = value.clone();
            }
            Ok(Response::new(204))
        }
        ("DELETE", Some(place)) => {
            list.remove(place);
            Ok(Response::new(204))
        }
        _ => Err(GraphError::wrong_method()),
    }
}

pub(super) fn row(app: &App, domain: &str) -> Value {
    let Some(registration) = &app.registration else {
        return Value::Null;
    };
    let mut row = json!({
        "id": registration.object_id,
        "deletedDateTime": null,
        "appId": app.client_id,
        "createdDateTime": graph_date_time(registration.created),
        "publisherDomain": domain,
    });
    for (name, value) in &registration.properties {
        row[name] = value.clone();
    }
    row["passwordCredentials"] = app.secrets.iter().map(password_row).collect();
    let keys = registration.keys.iter().map(|key| {
        let mut key = key.clone();
        key["key"] = Value::Null;
        key
    });
    row["keyCredentials"] = keys.collect();
    row
}
