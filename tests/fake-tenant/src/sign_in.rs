//! The sign-in service: `POST /{tenant}/oauth2/v2.0/token`.

mod assertions;
mod device_code;
mod discovery;

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use self::device_code::Devices;
pub(crate) use self::device_code::{Answer, start as start_device_code};
pub(crate) use self::discovery::{configuration, instance, keys};
use crate::clock::sign_in_timestamp;
use crate::recent::Recent;
use crate::request::{Request, Response};
use crate::roles::Resource;
use crate::world::{App, World, has_arrived};

/// How many tokens are good at once. Those that were not used for longest are forgotten, as if they had been revoked.
const MOST_TOKENS: usize = 10_000;

/// What a token said when it was made. Permissions are judged by this, not by what changed since.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) resource: Resource,
    pub(crate) client_id: Uuid,
    pub(crate) object_id: Uuid,
    pub(crate) roles: Vec<String>,
    pub(crate) directory_roles: HashSet<&'static str>,
    pub(crate) expires: Timestamp,
    /// The user that the application acts for, when somebody signed in to it.
    pub(crate) user: Option<SignedInUser>,
    /// Whether the client said that it understands challenges.
    pub(crate) understands_challenges: bool,
    /// Whether it was issued in answer to one.
    pub(crate) answers_challenge: bool,
}

impl Token {
    /// Whether Graph goes on evaluating it: such a token lives long and is worthless as soon as its
    /// application is disabled or deleted (Microsoft documentation).
    pub(crate) fn is_evaluated(&self) -> bool {
        self.understands_challenges && self.resource == Resource::Graph
    }
}

/// Somebody who signed in to an application, and what that allowed the application to do.
#[derive(Clone, Debug)]
pub(crate) struct SignedInUser {
    pub(crate) object_id: Uuid,
    pub(crate) scopes: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    issued: Recent<Token>,
    pub(crate) devices: Devices,
    /// Applications whose tokens are not good enough any more, by client id.
    pub(crate) challenged: HashSet<Uuid>,
    pub(crate) lifetime: SignedDuration,
    /// Of tokens under continuous access evaluation, when it is another.
    pub(crate) evaluated_lifetime: Option<SignedDuration>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            issued: Recent::new(MOST_TOKENS),
            devices: Devices::default(),
            challenged: HashSet::new(),
            lifetime: SignedDuration::from_secs(3599),
            evaluated_lifetime: None,
        }
    }
}

/// What a challenge asks for: a token that is younger than this moment.
const CHALLENGE_VALUE: &str = "1779000000";

/// The claims of a challenge, as they stand in `WWW-Authenticate`.
pub(crate) fn challenge() -> String {
    STANDARD.encode(json!({"access_token": {"nbf": {"essential": true, "value": CHALLENGE_VALUE}}}).to_string())
}

/// Why a bearer token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    Unknown,
    Expired,
    WrongAudience,
}

/// What the `claims` of a token request ask for.
#[derive(Clone, Debug, Default)]
struct AskedClaims {
    understands_challenges: bool,
    answers_challenge: bool,
}

impl AskedClaims {
    fn read(claims: &str) -> Self {
        let claims: Value = serde_json::from_str(claims).unwrap_or_default();
        let claims = &claims["access_token"];
        let capabilities = claims["xms_cc"]["values"].as_array().cloned().unwrap_or_default();
        let understands_challenges = capabilities.iter().any(|value| value == "cp1");
        Self {
            understands_challenges,
            answers_challenge: understands_challenges && claims["nbf"]["value"] == CHALLENGE_VALUE,
        }
    }
}

impl Tokens {
    /// Tokens of Graph whose client understands challenges may live longer than others.
    fn lifetime_of(&self, resource: Resource, asked: &AskedClaims) -> SignedDuration {
        let evaluated = asked.understands_challenges && resource == Resource::Graph;
        self.evaluated_lifetime.filter(|_| evaluated).unwrap_or(self.lifetime)
    }

    pub(crate) fn revoke_all(&mut self) {
        self.issued.clear();
    }

    pub(crate) fn check(&self, request: &Request, resource: Resource, now: Timestamp) -> Result<&Token, Refusal> {
        let token = bearer(request).ok_or(Refusal::Missing)?;
        let token = self.issued.get(token).ok_or(Refusal::Unknown)?;
        if now >= token.expires {
            return Err(Refusal::Expired);
        }
        if token.resource != resource {
            return Err(Refusal::WrongAudience);
        }
        Ok(token)
    }

    /// Whose token a request carries, whatever it is worth.
    pub(crate) fn owner(&self, request: &Request) -> Option<Uuid> {
        bearer(request).and_then(|token| self.issued.get(token)).map(|token| token.client_id)
    }

    /// The tokens of an application in its own name that a resource still takes.
    pub(crate) fn living<'t>(&'t self, world: &World, client_id: Uuid) -> impl Iterator<Item = &'t Token> {
        let now = world.now();
        let revoked = world.app(&client_id.to_string()).is_none_or(|app| !app.enabled || !app.principal);
        self.issued.values().filter(move |token| {
            token.client_id == client_id
                && token.user.is_none()
                && now < token.expires
                && !(revoked && token.is_evaluated())
                && (token.resource != Resource::Graph || self.challenges(token).is_none())
        })
    }

    /// Whether the token has to be exchanged for one that answers a challenge, and if its client can.
    pub(crate) fn challenges(&self, token: &Token) -> Option<bool> {
        (self.challenged.contains(&token.client_id) && !token.answers_challenge).then_some(token.understands_challenges)
    }

    /// A token with which an application acts for somebody.
    fn issue_for(
        &mut self,
        world: &mut World,
        app: &App,
        resource: Resource,
        audience: &str,
        user: SignedInUser,
        asked: &AskedClaims,
    ) -> String {
        let now = world.now();
        let expires = now + self.lifetime;
        let roles = world.user_directory_roles(user.object_id).to_vec();
        let name =
            world.directory.find(&user.object_id.to_string()).next().and_then(|user| user.user_principal_name.clone());
        let mut claims = json!({
            "aud": audience,
            "iss": format!("https://sts.windows.net/{}/", world.organization.id),
            "iat": now.as_second(),
            "nbf": now.as_second(),
            "exp": expires.as_second(),
            "appid": app.client_id,
            "idtyp": "user",
            "oid": user.object_id,
            "scp": user.scopes.join(" "),
            "tid": world.organization.id,
            "upn": name,
            "ver": "1.0",
            "wids": roles,
        });
        if asked.understands_challenges {
            claims["xms_cc"] = json!(["cp1"]);
        }
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": "fake-tenant"});
        let signature = world.fresh_opaque_id("signature");
        let text = format!(
            "{}.{}.{signature}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string()),
        );
        let token = Token {
            resource,
            client_id: app.client_id,
            object_id: app.object_id,
            roles: user.scopes.clone(),
            directory_roles: roles.into_iter().collect(),
            expires,
            user: Some(user),
            understands_challenges: asked.understands_challenges,
            answers_challenge: asked.answers_challenge,
        };
        self.issued.insert(text.clone(), token);
        text
    }

    fn issue(
        &mut self,
        world: &mut World,
        app: &App,
        resource: Resource,
        audience: &str,
        asked: &AskedClaims,
    ) -> String {
        let now = world.now();
        let expires = now + self.lifetime_of(resource, asked);
        let roles = app.roles(resource, &world.links);
        let mut claims = json!({
            "aud": audience,
            "iss": format!("https://sts.windows.net/{}/", world.organization.id),
            "iat": now.as_second(),
            "nbf": now.as_second(),
            "exp": expires.as_second(),
            "app_displayname": app.display_name,
            "appid": app.client_id,
            "appidacr": "1",
            "idtyp": "app",
            "oid": app.object_id,
            "sub": app.object_id,
            "tid": world.organization.id,
            "uti": world.fresh_opaque_id("token"),
            "ver": "1.0",
            "wids": app.directory_roles,
        });
        if !roles.is_empty() {
            claims["roles"] = json!(roles);
        }
        if asked.understands_challenges {
            claims["xms_cc"] = json!(["cp1"]);
        }
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": "fake-tenant"});
        let signature = world.fresh_opaque_id("signature");
        let token = format!(
            "{}.{}.{signature}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string()),
        );
        self.issued.insert(
            token.clone(),
            Token {
                resource,
                client_id: app.client_id,
                object_id: app.object_id,
                roles,
                directory_roles: app.directory_roles.iter().copied().collect(),
                expires,
                user: None,
                understands_challenges: asked.understands_challenges,
                answers_challenge: asked.answers_challenge,
            },
        );
        token
    }
}

/// A token without a request for one.
pub(crate) fn issue(tokens: &mut Tokens, world: &mut World, app: &App, resource: Resource, audience: &str) -> String {
    tokens.issue(world, app, resource, audience, &AskedClaims::default())
}

fn bearer(request: &Request) -> Option<&str> {
    let value = request.header_value("Authorization")?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

pub(crate) fn answer(world: &mut World, tokens: &mut Tokens, tenant: &str, request: &Request) -> Response {
    if request.method() != "POST" {
        return Response::new(405).with_header("Allow", "POST");
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(request.bytes()).into_owned().collect();
    match token(world, tokens, tenant, request, &form) {
        Ok(body) => Response::of_json(200, &body).with_header("Cache-Control", "no-store"),
        Err(refused) => refused.response(world),
    }
}

/// `POST /{tenant}/oauth2/token`: a resource in place of scopes, and numbers as text.
pub(crate) fn answer_first_version(
    world: &mut World,
    tokens: &mut Tokens,
    tenant: &str,
    request: &Request,
) -> Response {
    if request.method() != "POST" {
        return Response::new(405).with_header("Allow", "POST");
    }
    let mut form: HashMap<String, String> = url::form_urlencoded::parse(request.bytes()).into_owned().collect();
    let resource = form.remove("resource").unwrap_or_default();
    form.insert("scope".to_owned(), format!("{resource}/.default"));
    let now = world.now();
    match token(world, tokens, tenant, request, &form) {
        Ok(mut body) => {
            let lifetime = body["expires_in"].as_i64().unwrap_or_default();
            for name in ["expires_in", "ext_expires_in"] {
                body[name] = json!(body[name].to_string());
            }
            body["not_before"] = json!(now.as_second().to_string());
            body["expires_on"] = json!((now.as_second() + lifetime).to_string());
            body["resource"] = json!(resource);
            Response::of_json(200, &body).with_header("Cache-Control", "no-store")
        }
        Err(refused) => refused.response(world),
    }
}

struct Refused {
    error: &'static str,
    code: u32,
    text: String,
}

fn refuse<T>(error: &'static str, code: u32, text: impl Into<String>) -> Result<T, Refused> {
    Err(Refused { error, code, text: text.into() })
}

impl Refused {
    fn response(self, world: &mut World) -> Response {
        let status = if self.error == "invalid_client" { 401 } else { 400 };
        let (trace, correlation) = (world.fresh_id("trace"), world.fresh_id("correlation"));
        let timestamp = sign_in_timestamp(world.now());
        let (code, text) = (self.code, self.text);
        Response::of_json(
            status,
            &json!({
                "error": self.error,
                "error_description": format!(
                    "AADSTS{code}: {text}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {timestamp}"
                ),
                "error_codes": [code],
                "timestamp": timestamp,
                "trace_id": trace,
                "correlation_id": correlation,
                "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
            }),
        )
    }
}

fn token(
    world: &mut World,
    tokens: &mut Tokens,
    tenant: &str,
    request: &Request,
    form: &HashMap<String, String>,
) -> Result<Value, Refused> {
    let organization = &world.organization;
    if !organization.is_named(tenant) {
        return refuse(
            "invalid_request",
            90002,
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
            ),
        );
    }
    let (client_id, secret) = credentials(request, form);
    match form.get("grant_type").map(String::as_str) {
        Some("client_credentials") => {}
        Some(device_code::GRANT | "refresh_token") => return device_code::token(world, tokens, form),
        Some(other) => {
            return refuse(
                "unsupported_grant_type",
                70003,
                format!("The app requested an unsupported grant type '{other}'."),
            );
        }
        None => {
            return refuse(
                "invalid_request",
                900_144,
                "The request body must contain the following parameter: 'grant_type'.",
            );
        }
    }
    let Some(client_id) = client_id.filter(|id| !id.is_empty()) else {
        return refuse(
            "invalid_request",
            900_144,
            "The request body must contain the following parameter: 'client_id'.",
        );
    };
    let organization = world.organization.clone();
    let known = world
        .apps
        .iter_mut()
        .find(|app| app.principal && app.client_id.to_string().eq_ignore_ascii_case(&client_id))
        .and_then(|app| has_arrived(&mut app.lag.sign_in).then(|| app.clone()));
    let Some(app) = known else {
        return refuse(
            "unauthorized_client",
            700_016,
            format!(
                "Application with identifier '{client_id}' was not found in the directory '{}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
                organization.display_name
            ),
        );
    };
    if !app.enabled {
        return refuse(
            "unauthorized_client",
            7_000_112,
            format!("Application '{client_id}'({}) is disabled.", app.display_name),
        );
    }
    check_credential(world, &app, secret, form)?;
    let scope = form.get("scope").map_or("", |scope| scope.trim());
    let (resource, audience) = resource_of(world, scope)?;
    let asked = form.get("claims").map(|claims| AskedClaims::read(claims)).unwrap_or_default();
    let access_token = tokens.issue(world, &app, resource, audience, &asked);
    let lifetime = tokens.lifetime_of(resource, &asked).as_secs();
    Ok(json!({
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": access_token,
    }))
}

/// Client id and secret, from the form or from HTTP Basic.
fn credentials(request: &Request, form: &HashMap<String, String>) -> (Option<String>, Option<String>) {
    let basic = request
        .header_value("Authorization")
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|encoded| STANDARD.decode(encoded.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some((id, secret)) = basic.as_deref().and_then(|pair| pair.split_once(':')) {
        let decode = |text: &str| {
            url::form_urlencoded::parse(format!("x={text}").as_bytes()).next().map(|(_, value)| value.into_owned())
        };
        return (decode(id), decode(secret));
    }
    (form.get("client_id").cloned(), form.get("client_secret").cloned())
}

fn check_credential(
    world: &mut World,
    app: &App,
    secret: Option<String>,
    form: &HashMap<String, String>,
) -> Result<(), Refused> {
    let client_id = app.client_id;
    if let Some(assertion) = form.get("client_assertion") {
        let jwt = assertion.split('.').count() == 3;
        if jwt
            && !app.trusts_assertions
            && let Some(outcome) = assertions::check(world, app, assertion)
        {
            return outcome.or_else(|(error, code, text)| refuse(error, code, text));
        }
        return if app.trusts_assertions && jwt {
            Ok(())
        } else {
            refuse(
                "invalid_client",
                700_027,
                "The certificate with identifier used to sign the client assertion is not registered on application.",
            )
        };
    }
    let Some(secret) = secret.filter(|secret| !secret.is_empty()) else {
        return refuse(
            "invalid_client",
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        );
    };
    let matching: Vec<_> = app.secrets.iter().filter(|known| known.text == secret).collect();
    let wrong = || {
        refuse(
            "invalid_client",
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client_id}'."
            ),
        )
    };
    if matching.is_empty() {
        return wrong();
    }
    if let Some(app) = world.apps.iter_mut().find(|other| other.client_id == client_id)
        && !has_arrived(&mut app.lag.secret)
    {
        return wrong();
    }
    let now = world.now();
    if matching.iter().all(|known| known.expires.is_some_and(|expires| expires <= now)) {
        return refuse("invalid_client", 7_000_222, "The provided client secret keys are expired.");
    }
    Ok(())
}

fn resource_of<'s>(world: &World, scope: &'s str) -> Result<(Resource, &'s str), Refused> {
    let resource =
        scope.strip_suffix("/.default").filter(|resource| !resource.is_empty() && !scope.contains(char::is_whitespace));
    let Some(identifier) = resource else {
        return refuse(
            "invalid_scope",
            70011,
            format!("The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."),
        );
    };
    match Resource::of_identifier(identifier) {
        Some(resource) => Ok((resource, identifier)),
        None => refuse(
            "invalid_resource",
            500_011,
            format!(
                "The resource principal named {identifier} was not found in the tenant named {}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.",
                world.organization.display_name
            ),
        ),
    }
}
