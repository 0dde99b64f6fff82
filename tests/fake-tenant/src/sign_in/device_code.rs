//! Signing in on another device, and the refresh tokens that come of it.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AskedClaims, Refused, SignedInUser, Tokens, refuse, resource_of};
use crate::request::{Request, Response};
use crate::roles::Resource;
use crate::world::{App, World};

pub(super) const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const LIFE: SignedDuration = SignedDuration::from_mins(15);

/// What whoever is asked does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Answer {
    #[default]
    Nothing,
    Declines,
    SignsIn {
        person: Uuid,
        after_polls: u32,
    },
}

#[derive(Clone, Debug)]
struct Code {
    client: Uuid,
    scope: String,
    expires: Timestamp,
    polls: u32,
}

#[derive(Clone, Debug)]
struct Refresh {
    client: Uuid,
    person: Uuid,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Devices {
    pub(crate) answer: Answer,
    pub(crate) slow_down: u32,
    codes: HashMap<String, Code>,
    refresh: HashMap<String, Refresh>,
}

impl Devices {
    pub(crate) fn forget_refresh_tokens(&mut self) {
        self.refresh.clear();
    }
}

/// `POST /{tenant}/oauth2/v2.0/devicecode`.
pub(crate) fn start(world: &mut World, tokens: &mut Tokens, tenant: &str, request: &Request) -> Response {
    match begin(world, tokens, tenant, request) {
        Ok(body) => Response::of_json(200, &body),
        Err(refused) => refused.response(world),
    }
}

fn begin(world: &mut World, tokens: &mut Tokens, tenant: &str, request: &Request) -> Result<Value, Refused> {
    if !world.organization.is_named(tenant) {
        return refuse("invalid_request", 90002, format!("Tenant '{tenant}' not found."));
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(request.bytes()).into_owned().collect();
    let client = client(world, &form)?.client_id;
    let scope = form.get("scope").cloned().unwrap_or_default();
    parts(world, &scope)?;
    let code = world.fresh_opaque_id("device-code");
    let user_code = world.fresh_id("user-code").simple().to_string()[..9].to_ascii_uppercase();
    let now = world.now();
    tokens.devices.codes.insert(code.clone(), Code { client, scope, expires: now + LIFE, polls: 0 });
    Ok(json!({
        "user_code": user_code,
        "device_code": code,
        "verification_uri": "https://microsoft.com/devicelogin",
        "expires_in": LIFE.as_secs(),
        "interval": 5,
        "message": format!("To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code {user_code} to authenticate."),
    }))
}

fn client(world: &World, form: &HashMap<String, String>) -> Result<App, Refused> {
    let id = form.get("client_id").map(String::as_str).unwrap_or_default();
    let app = world.apps.iter().find(|app| app.principal && app.client_id.to_string().eq_ignore_ascii_case(id));
    match app {
        Some(app) => Ok(app.clone()),
        None => refuse(
            "unauthorized_client",
            700_016,
            format!("Application with identifier '{id}' was not found in the directory."),
        ),
    }
}

/// The resource that a list of scopes is for, and which of its scopes are wanted; all granted ones when
/// none are named.
fn parts(world: &World, scope: &str) -> Result<(Resource, String, Vec<String>), Refused> {
    let mut found: Option<(Resource, String)> = None;
    let mut names = Vec::new();
    for word in scope.split_whitespace() {
        if ["openid", "profile", "email", "offline_access"].contains(&word) {
            continue;
        }
        let (resource, name) = word.rsplit_once('/').unwrap_or(("https://graph.microsoft.com", word));
        let (known, audience) =
            resource_of(world, &format!("{resource}/.default")).map(|(known, text)| (known, text.to_owned()))?;
        if found.as_ref().is_some_and(|(other, _)| *other != known) {
            return refuse("invalid_scope", 70011, "The scopes are for more than one resource.");
        }
        found = Some((known, audience));
        if name != ".default" {
            names.push(name.to_owned());
        }
    }
    match found {
        Some((resource, audience)) => Ok((resource, audience, names)),
        None => Ok((Resource::Graph, "https://graph.microsoft.com".to_owned(), names)),
    }
}

/// The token request, with a device code or a refresh token.
pub(super) fn token(world: &mut World, tokens: &mut Tokens, form: &HashMap<String, String>) -> Result<Value, Refused> {
    let app = client(world, form)?;
    let public = app
        .registration
        .as_ref()
        .is_some_and(|held| held.properties.get("isFallbackPublicClient") == Some(&Value::Bool(true)));
    if !public && !form.contains_key("client_secret") && !form.contains_key("client_assertion") {
        return refuse(
            "invalid_client",
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        );
    }
    let (person, scope) = match form.get("refresh_token") {
        Some(token) => match tokens.devices.refresh.get(token) {
            Some(held) if held.client == app.client_id => (held.person, form.get("scope").cloned().unwrap_or_default()),
            _ => {
                return refuse(
                    "invalid_grant",
                    70_008,
                    "The provided authorization code or refresh token has expired due to inactivity.",
                );
            }
        },
        None => poll(world, tokens, &app, form)?,
    };
    let (resource, audience, wanted) = parts(world, &scope)?;
    let granted: Vec<String> = world
        .grants
        .iter()
        .filter(|grant| grant.client == app.object_id && grant.resource == resource)
        .filter(|grant| grant.principal.is_none_or(|only| only == person))
        .flat_map(|grant| grant.scope.split_whitespace().map(str::to_owned))
        .collect();
    if granted.is_empty() || wanted.iter().any(|name| !granted.contains(name)) {
        return refuse(
            "invalid_grant",
            65_001,
            format!("The user or administrator has not consented to use the application with ID '{}'.", app.client_id),
        );
    }
    let user = SignedInUser { object_id: person, scopes: granted.clone() };
    let asked = form.get("claims").map(|claims| AskedClaims::read(claims)).unwrap_or_default();
    let access_token = tokens.issue_for(world, &app, resource, &audience, user, &asked);
    let refresh = world.fresh_opaque_id("refresh-token");
    tokens.devices.refresh.insert(refresh.clone(), Refresh { client: app.client_id, person });
    let shown: Vec<String> = granted.iter().map(|name| format!("{audience}/{name}")).collect();
    Ok(json!({
        "token_type": "Bearer",
        "scope": shown.join(" "),
        "expires_in": tokens.lifetime.as_secs(),
        "ext_expires_in": tokens.lifetime.as_secs(),
        "access_token": access_token,
        "refresh_token": refresh,
    }))
}

/// One poll for a device code: who signed in and for what, or why not yet.
fn poll(
    world: &World,
    tokens: &mut Tokens,
    app: &App,
    form: &HashMap<String, String>,
) -> Result<(Uuid, String), Refused> {
    let now = world.now();
    let text = form.get("device_code").map(String::as_str).unwrap_or_default();
    let devices = &mut tokens.devices;
    let Some(code) = devices.codes.get_mut(text).filter(|code| code.client == app.client_id) else {
        return refuse("bad_verification_code", 70_020, "The provided value for the device code is not valid.");
    };
    if now >= code.expires {
        return refuse("expired_token", 70_020, "The provided value for the device code has expired.");
    }
    if devices.slow_down > 0 {
        devices.slow_down -= 1;
        return refuse("slow_down", 70_016, "The client polls too often.");
    }
    code.polls += 1;
    match devices.answer {
        Answer::Declines => refuse("authorization_declined", 65_004, "User declined to consent to access the app."),
        Answer::SignsIn { person, after_polls } if code.polls > after_polls => {
            let scope = code.scope.clone();
            devices.codes.remove(text);
            Ok((person, scope))
        }
        _ => refuse(
            "authorization_pending",
            70_016,
            "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        ),
    }
}
