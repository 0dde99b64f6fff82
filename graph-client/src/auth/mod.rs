//! Where access tokens come from, and the cache above it.

mod application;
#[cfg(feature = "azure-core")]
mod azure;
mod cache;
mod challenge;
mod claims;
mod client_assertion;
#[cfg(feature = "certificate")]
mod client_certificate;
mod client_secret;
mod device_code;
mod endpoint;
mod sign_in_error;
mod static_token;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

#[cfg(feature = "azure-core")]
pub use self::azure::AzureCredential;
pub(crate) use self::cache::TokenCache;
pub(crate) use self::challenge::demanded_claims;
pub use self::claims::TokenClaims;
pub use self::client_assertion::{AssertionRequest, ClientAssertion};
#[cfg(feature = "certificate")]
pub use self::client_certificate::ClientCertificate;
pub use self::client_secret::ClientSecret;
pub use self::device_code::{DeviceCode, DeviceCodePrompt};
pub use self::sign_in_error::{SignInError, SignInReason};
pub use self::static_token::StaticToken;
use crate::cloud::Service;
use crate::http::Transport;
use crate::{Error, Result, TenantId};

/// A way to get an access token. The client caches what it returns.
///
/// # Examples
///
/// ```
/// use graph_client::{AccessToken, Result, TokenContext, TokenProvider};
///
/// #[derive(Debug)]
/// struct Vault;
///
/// #[async_trait::async_trait]
/// impl TokenProvider for Vault {
///     async fn token(&self, context: &TokenContext) -> Result<AccessToken> {
///         let secret = format!("a token for {}", context.scope());
///         let expires = std::time::SystemTime::now() + std::time::Duration::from_secs(3600);
///         AccessToken::new(secret, expires)
///     }
/// }
/// ```
#[async_trait]
pub trait TokenProvider: fmt::Debug + Send + Sync + 'static {
    /// A new token for the scope of the context.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) when sign-in is refused; see [`Error::auth`].
    async fn token(&self, context: &TokenContext) -> Result<AccessToken>;
}

/// A credential that is shared, also one whose type was chosen at run time.
#[async_trait]
impl<T: TokenProvider + ?Sized> TokenProvider for Arc<T> {
    async fn token(&self, context: &TokenContext) -> Result<AccessToken> {
        (**self).token(context).await
    }
}

/// What a token is wanted for.
#[derive(Debug)]
#[non_exhaustive]
pub struct TokenContext {
    pub(crate) service: Service,
    pub(crate) scope: String,
    pub(crate) tenant: TenantId,
    pub(crate) login: Url,
    pub(crate) transport: Transport,
    /// The claims that the service demanded when it refused the last token.
    pub(crate) challenge: Option<String>,
}

impl TokenContext {
    /// The service that the token is for.
    #[must_use]
    pub fn service(&self) -> Service {
        self.service
    }

    /// The scope, such as `https://graph.microsoft.com/.default`.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The tenant to sign in to.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The sign-in service's address, without the tenant.
    #[must_use]
    pub fn authority(&self) -> &Url {
        &self.login
    }

    /// The claims (JSON) that the service demanded when it refused the last token, to be sent on as the `claims`
    /// parameter of the token request. A token without them would be refused again.
    #[must_use]
    pub fn claims(&self) -> Option<&str> {
        self.challenge.as_deref()
    }

    fn token_endpoint(&self) -> Url {
        endpoint::address(&self.login, &self.tenant, "token")
    }

    #[cfg(test)]
    fn for_test() -> Self {
        let cloud = crate::Cloud::default();
        Self {
            service: Service::Graph,
            scope: cloud.endpoint(Service::Graph).scope.clone(),
            tenant: "contoso.com".parse().unwrap(),
            login: cloud.login,
            transport: Transport::default(),
            challenge: None,
        }
    }
}

/// An access token and the time until which it holds. `Debug` shows no secret; there is no `Display`.
#[derive(Clone)]
pub struct AccessToken(Arc<Token>);

struct Token {
    secret: SecretString,
    header: HeaderValue,
    expires_at: SystemTime,
    refresh_at: SystemTime,
}

/// How long before its end a token is renewed.
const SLACK: Duration = Duration::from_secs(5 * 60);

impl AccessToken {
    /// A token that holds until `expires_at`. It is renewed five minutes before, or after half of a shorter life.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) when the token cannot be sent in an HTTP header.
    pub fn new(secret: impl Into<SecretString>, expires_at: SystemTime) -> Result<Self> {
        Self::build(secret.into(), expires_at, None)
    }

    /// `refresh_at` is the service's own wish, which a long-lived token comes with.
    fn build(secret: SecretString, expires_at: SystemTime, refresh_at: Option<SystemTime>) -> Result<Self> {
        let mut header = HeaderValue::try_from(format!("Bearer {}", secret.expose_secret()))
            .map_err(|_| Error::auth("the access token holds characters that no HTTP header can carry"))?;
        header.set_sensitive(true);
        let life = expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        let latest = expires_at.checked_sub(SLACK.min(life / 2)).unwrap_or(expires_at);
        let refresh_at = refresh_at.map_or(latest, |wish| wish.min(latest));
        Ok(Self(Arc::new(Token { secret, header, expires_at, refresh_at })))
    }

    /// Until when the token holds.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.0.expires_at
    }

    /// The token itself, for a call that this crate does not make. Handle it as a password.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.secret.expose_secret()
    }

    pub(crate) fn header(&self) -> &HeaderValue {
        &self.0.header
    }

    fn is_same(&self, other: &Self) -> bool {
        self.expose_secret() == other.expose_secret()
    }

    fn is_fresh(&self) -> bool {
        SystemTime::now() < self.0.refresh_at
    }

    fn holds(&self) -> bool {
        SystemTime::now() < self.0.expires_at
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_at", &self.0.expires_at).finish_non_exhaustive()
    }
}
