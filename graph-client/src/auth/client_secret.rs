use std::fmt;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_with::{DisplayFromStr, PickFirst, serde_as};

use super::{AccessToken, TokenContext, TokenProvider};
use crate::http::{Failure, FormReply};
use crate::{ClientId, Error, ErrorKind, InvalidValue, Result, cloud};

/// An application that signs in with a client secret (the OAuth client credentials grant).
///
/// # Examples
///
/// ```
/// use graph_client::{ClientId, ClientSecret};
///
/// let id: ClientId = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse()?;
/// let credential = ClientSecret::new(id, "the secret's value, not its id");
/// assert!(!format!("{credential:?}").contains("value"));
/// # Ok::<(), graph_client::InvalidValue>(())
/// ```
#[derive(Clone)]
pub struct ClientSecret {
    client_id: ClientId,
    secret: SecretString,
}

impl ClientSecret {
    /// The application and the *value* of one of its secrets.
    #[must_use]
    pub fn new(client_id: ClientId, secret: impl Into<String>) -> Self {
        Self { client_id, secret: secret.into().into() }
    }

    /// The application that signs in.
    #[must_use]
    pub fn client_id(&self) -> ClientId {
        self.client_id
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenProvider for ClientSecret {
    async fn token(&self, context: &TokenContext) -> Result<AccessToken> {
        let operation = format!("sign in to {} as application {}", context.tenant, self.client_id);
        if self.secret.expose_secret().is_empty() {
            let fault = InvalidValue::new("client secret", "", "must not be empty");
            return Err(Error::from(fault).during(operation));
        }
        let url = cloud::join(&context.login, &format!("{}/oauth2/v2.0/token", context.tenant))?;
        let client_id = self.client_id.to_string();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &client_id),
            ("client_secret", self.secret.expose_secret()),
            ("scope", &context.scope),
        ];
        let reply = context.transport.post_form(&operation, url, &form, refusal).await?;
        let asked_at = SystemTime::now();
        let granted: Granted = serde_json::from_slice(&reply.body).map_err(|error| {
            Error::new(ErrorKind::Decode, "the sign-in service answered without a token")
                .during(operation.clone())
                .with_source(error)
        })?;
        AccessToken::new(granted.access_token, asked_at + Duration::from_secs(granted.expires_in))
            .map_err(|error| error.during(operation))
    }
}

/// The granted token. Managed identities and the v1 end points send numbers as text.
#[serde_as]
#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    #[serde_as(as = "PickFirst<(_, DisplayFromStr)>")]
    expires_in: u64,
}

#[derive(Deserialize)]
struct Refused {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u32>,
    trace_id: Option<String>,
}

/// The codes after which the sign-in service may answer if asked again.
const TRANSIENT: [u32; 4] = [90033, 90024, 90012, 90006];

fn refusal(reply: &FormReply) -> Option<Failure> {
    if reply.is_success() {
        return None;
    }
    let Ok(refused) = serde_json::from_slice::<Refused>(&reply.body) else {
        return Some(Failure::from_status(reply, "the sign-in service refused without a reason".into()));
    };
    let code = refused.error_codes.first().copied();
    let transient = refused.error == "temporarily_unavailable" || code.is_some_and(|code| TRANSIENT.contains(&code));
    // The description goes on with trace ids and a time stamp, which have their own places.
    let text = refused.error_description.lines().next().unwrap_or_default();
    let text = text.split(" Trace ID:").next().unwrap_or(text).trim();
    let text = text.split_once(": ").filter(|(head, _)| head.starts_with("AADSTS")).map_or(text, |(_, rest)| rest);
    let text = if text.is_empty() { refused.error.as_str() } else { text };
    let mut failure = Failure::from_status(reply, text.to_owned());
    if !(transient || reply.status == 429 || reply.status >= 500) {
        failure.kind = ErrorKind::Auth;
    }
    if transient {
        failure.kind = ErrorKind::Unavailable;
        failure.repeat = crate::http::Repeat::Always;
    }
    failure.code = Some(code.map_or(refused.error, |code| format!("AADSTS{code}")));
    failure.request_id = refused.trace_id;
    failure.advice = code.and_then(advice).map(Into::into);
    Some(failure)
}

/// What an administrator does about a sign-in error. Source: Microsoft's list of AADSTS error codes.
fn advice(code: u32) -> Option<&'static str> {
    Some(match code {
        700_016 => {
            "Check the client id and the tenant: the application is not registered in this tenant, or nobody has \
             consented to it there."
        }
        7_000_215 => "Check the client secret: paste its value, not the secret's id.",
        7_000_222 => "The client secret has expired: add a new one under Certificates & secrets.",
        7_000_112 => "The application is disabled in this tenant: enable its enterprise application.",
        7_000_218 => "The application must send a secret or an assertion.",
        90_002 | 900_023 | 90_013 => "Check the tenant: it must be the GUID or a verified domain of the tenant.",
        500_011 | 50_001 => {
            "The service is not known in this tenant: check the cloud, and that the tenant has Exchange Online."
        }
        70_011 => "Check the addresses of the cloud: the token was asked for a scope that does not exist.",
        90_038 | 900_382 | 900_432 => "The tenant lives in another cloud: build the client with that Cloud.",
        53_003 => "Conditional Access blocked the sign-in: allow this application from this place.",
        _ => return None,
    })
}
