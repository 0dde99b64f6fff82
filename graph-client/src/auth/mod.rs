//! Where access tokens come from, and the cache above it.

mod application;
#[cfg(feature = "azure-core")]
mod azure;
mod cache;
mod claims;
mod client_assertion;
#[cfg(feature = "certificate")]
mod client_certificate;
mod client_secret;
mod device_code;
mod endpoint;
mod numbers;
mod sign_in_error;
mod static_token;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

#[cfg(feature = "azure-core")]
pub use self::azure::AzureCredential;
pub(crate) use self::cache::TokenCache;
pub use self::claims::TokenClaims;
pub use self::client_assertion::{AssertionRequest, ClientAssertion};
#[cfg(feature = "certificate")]
pub use self::client_certificate::ClientCertificate;
pub use self::client_secret::ClientSecret;
pub use self::device_code::{DeviceCode, DeviceCodePrompt};
pub use self::sign_in_error::{SignInError, SignInReason};
pub use self::static_token::StaticToken;
use crate::cloud::{Cloud, Service};
use crate::error::Result;
pub use crate::http::AccessToken;
use crate::http::Transport;
use crate::ids::TenantId;

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
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) when sign-in is refused; see [`Error::auth`](crate::Error::auth).
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
    /// What a client in the worldwide cloud asks a provider, for the test of one.
    ///
    /// # Examples
    ///
    /// ```
    /// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    /// # rt.block_on(async {
    /// use graph_client::{Service, StaticToken, TokenContext, TokenProvider};
    ///
    /// let context = TokenContext::new(Service::Graph, "contoso.onmicrosoft.com".parse()?);
    /// assert_eq!(context.scope(), "https://graph.microsoft.com/.default");
    /// let token = StaticToken::graph("a token").token(&context).await?;
    /// assert_eq!(token.expose_secret(), "a token");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn new(service: Service, tenant: TenantId) -> Self {
        let cloud = Cloud::default();
        let scope = cloud.endpoint(service).scope.clone();
        Self { service, scope, tenant, login: cloud.login, transport: Transport::default(), challenge: None }
    }

    /// The same, after a service demanded claims (JSON) of the token.
    #[must_use]
    pub fn with_claims(mut self, claims: impl Into<String>) -> Self {
        self.challenge = Some(claims.into());
        self
    }

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
}
