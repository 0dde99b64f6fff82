use std::fmt;
use std::sync::Arc;
#[cfg(feature = "exchange")]
use std::sync::Mutex;
use std::time::Duration;
#[cfg(feature = "exchange")]
use std::time::Instant;

#[cfg(feature = "exchange")]
use tokio::sync::OnceCell;

use crate::auth::{TokenCache, TokenClaims, TokenProvider};
use crate::cloud::{Cloud, Service};
use crate::config::ClientConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Concurrency, Limiters, Load, Meter, RetryBudget, RetryOptions, RetryWait, Transport, Usage};
use crate::ids::{InvalidValue, TenantId};
use crate::pipeline::Pipeline;

/// A client of one tenant, signed in by one credential.
///
/// Cloning is cheap, and clones share connections, tokens and limits. Nothing that a client hands out borrows from it.
///
/// # Examples
///
/// ```
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # rt.block_on(async {
/// use futures_util::TryStreamExt;
/// use graph_client::{Client, ClientSecret, Cloud};
///
/// let tenant = fake_tenant::FakeTenant::contoso();
/// let server = tenant.serve().await?;
/// let app = tenant.administrator();
///
/// let client = Client::builder()
///     .tenant(tenant.domain())
///     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
///     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
///     .build()?;
///
/// let mut rooms = client.rooms().list().into_stream();
/// while let Some(room) = rooms.try_next().await? {
///     println!("{}", room.display_name.unwrap_or_default());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) meter: Meter,
    #[cfg(feature = "exchange")]
    pub(crate) initial_domain: InitialDomain,
}

impl Client {
    /// Starts a client: a tenant and a credential are needed, everything else has a default.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The tenant that the client works in.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.pipeline.tenant
    }

    /// The cloud that the client talks to.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        &self.pipeline.cloud
    }

    /// What the access token for a service says about itself: its roles, its application or user, and when it ends.
    ///
    /// A preflight asks this before it calls, because a token without any role is issued as well. The token is the one
    /// that calls use; it is got first if there is none. A role that was granted since is not in it: see
    /// [`with_shared_credential`](Self::with_shared_credential) for a client with new tokens.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Auth`] when sign-in is refused, and [`ErrorKind::Decode`] when the token is not a readable JWT: it
    /// may serve all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    /// # rt.block_on(async {
    /// # use graph_client::{Client, ClientSecret, Cloud};
    /// use graph_client::Service;
    /// # let tenant = fake_tenant::FakeTenant::contoso();
    /// # let server = tenant.serve().await?;
    /// # let app = tenant.administrator();
    /// # let client = Client::builder()
    /// #     .tenant(tenant.domain())
    /// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
    /// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
    /// #     .build()?;
    ///
    /// let claims = client.token_claims(Service::Exchange).await?;
    /// assert!(claims.has_role("Exchange.ManageAsApp"), "grant it, and let an administrator consent");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn token_claims(&self, service: Service) -> Result<TokenClaims> {
        let token = self.pipeline.tokens.get(service).await?;
        token.claims().ok_or_else(|| {
            Error::new(ErrorKind::Decode, format!("the token for {} is not a readable JWT", service.display_name()))
                .during("read the access token")
        })
    }

    /// A clone that counts its requests by themselves, and the meter that shows them. They count here as well.
    #[must_use]
    pub fn metered(&self) -> (Self, Meter) {
        let meter = self.meter.child();
        (Self { meter: meter.clone(), ..self.clone() }, meter)
    }

    /// A clone that calls `listener` before each wait between two attempts of a call: the service asked for less load,
    /// or failed for a moment. The listener is called by the call that waits, and must not block.
    #[must_use]
    pub fn on_retry_wait(&self, listener: impl Fn(&RetryWait) + Send + Sync + 'static) -> Self {
        Self { meter: self.meter.listening(listener), ..self.clone() }
    }

    /// What this client and its clones have sent so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.meter.usage()
    }

    /// What Graph lets through at the moment.
    #[must_use]
    pub fn graph_load(&self) -> Load {
        self.pipeline.limiters.load(Service::Graph)
    }

    /// What Exchange lets through at the moment.
    #[must_use]
    pub fn exchange_load(&self) -> Load {
        self.pipeline.limiters.load(Service::Exchange)
    }

    /// A client of the same tenant and cloud that signs in by another credential, with tokens of its own.
    #[must_use]
    pub fn with_credential(&self, credential: impl TokenProvider) -> Self {
        self.with_shared_credential(Arc::new(credential))
    }

    /// Like [`with_credential`](Self::with_credential), for a credential that is shared.
    ///
    /// The new client has no tokens yet: it signs in again, and so carries the permissions of the moment. Its requests
    /// count here as well.
    #[must_use]
    pub fn with_shared_credential(&self, credential: Arc<dyn TokenProvider>) -> Self {
        let cloud = self.pipeline.cloud.clone();
        let transport = self.pipeline.transport.clone();
        let tenant = self.tenant().clone();
        let tokens = TokenCache::new(credential, tenant.clone(), cloud.clone(), transport.clone());
        // Services count by application: another one has limits of its own.
        let limiters = Limiters::new(&self.pipeline.concurrency);
        let concurrency = self.pipeline.concurrency.clone();
        let pipeline = Arc::new(Pipeline {
            tenant,
            cloud,
            transport,
            tokens,
            limiters,
            concurrency,
            retry_budget: RetryBudget::default(),
        });
        Self {
            pipeline,
            meter: self.meter.clone(),
            #[cfg(feature = "exchange")]
            initial_domain: self.initial_domain.for_other_caller(),
        }
    }
}

#[cfg(feature = "exchange")]
/// The tenant's initial domain (`contoso.onmicrosoft.com`): looked up once, shared by the clones of a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct InitialDomain {
    pub(crate) domain: Arc<OnceCell<TenantId>>,
    /// When this caller last failed to read it.
    pub(crate) failed: Arc<Mutex<Option<Instant>>>,
}

#[cfg(feature = "exchange")]
impl InitialDomain {
    /// The same tenant, for a caller with other rights.
    fn for_other_caller(&self) -> Self {
        Self { domain: Arc::clone(&self.domain), failed: Arc::default() }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("tenant", self.tenant())
            .field("cloud", &self.pipeline.cloud)
            .finish_non_exhaustive()
    }
}

/// A builder of an HTTP client as these crates make them, for a client of another service: it follows no redirect, with
/// which a credential would go, and uses the TLS library that the features choose.
pub fn http_builder() -> reqwest::ClientBuilder {
    ClientBuilder::careful(ClientBuilder::http_builder())
}

/// What a caller configures once. Made by [`Client::builder`].
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    tenant: Option<String>,
    credential: Option<Arc<dyn TokenProvider>>,
    cloud: Cloud,
    retry: RetryOptions,
    concurrency: Concurrency,
    http: Option<reqwest::Client>,
    http_builder: Option<reqwest::ClientBuilder>,
}

impl ClientBuilder {
    /// The tenant: its GUID or one of its verified domains. Required.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// How the client signs in. Required.
    ///
    /// A credential that the sign-in service refuses for good (a wrong or expired secret, an application or tenant that is
    /// not there: `invalid_client` and the like) is not tried again for 60 s: calls get the same error without a request.
    /// Another client begins anew: see [`Client::with_credential`].
    pub fn credential(self, credential: impl TokenProvider) -> Self {
        self.shared_credential(Arc::new(credential))
    }

    /// Like [`credential`](Self::credential), for a credential that is shared.
    pub fn shared_credential(mut self, credential: Arc<dyn TokenProvider>) -> Self {
        self.credential = Some(credential);
        self
    }

    /// The cloud. Default: [`Cloud::worldwide`].
    pub fn cloud(mut self, cloud: Cloud) -> Self {
        self.cloud = cloud;
        self
    }

    /// Everything that a configuration sets: the tenant, the cloud, retries and limits.
    pub fn config(mut self, config: ClientConfig) -> Self {
        let ClientConfig { tenant, cloud, retry, concurrency } = config;
        self.tenant = tenant.map(|tenant| tenant.to_string()).or(self.tenant);
        self.cloud(cloud).retry(retry).concurrency(concurrency)
    }

    /// How failed calls are repeated.
    pub fn retry(mut self, retry: RetryOptions) -> Self {
        self.retry = retry;
        self
    }

    /// How many calls are in flight at most.
    pub fn concurrency(mut self, concurrency: Concurrency) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// The HTTP client to send with, where one is shared. The type is that of reqwest 0.13.
    ///
    /// It must not follow redirects (a token would go with them) and must not decompress: Exchange labels some
    /// responses as gzip that are not. [`http_with`](Self::http_with) sees to both.
    pub fn http(mut self, http: reqwest::Client) -> Self {
        self.http = Some(http);
        self
    }

    /// Changes the HTTP client that is made: a proxy, a certificate authority, a pool. It goes on to refuse redirects, with
    /// which a token would go, and to leave bodies as they come.
    ///
    /// # Examples
    ///
    /// ```
    /// use graph_client::Client;
    ///
    /// let builder = Client::builder()
    ///     .tenant("contoso.onmicrosoft.com")
    ///     .http_with(|http| http.tcp_keepalive(std::time::Duration::from_secs(30)));
    /// ```
    pub fn http_with(mut self, change: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Self {
        self.http_builder = Some(change(self.http_builder.take().unwrap_or_else(Self::http_builder)));
        self
    }

    fn http_builder() -> reqwest::ClientBuilder {
        // One provider serves the process; where the program has chosen one, it stays.
        #[cfg(all(feature = "ring", not(feature = "rustls")))]
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        reqwest::Client::builder()
            .user_agent(concat!("graph-client-rs/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(20))
            .pool_idle_timeout(Duration::from_secs(60))
    }

    /// What no caller may change: a redirect would take the token along, and Exchange labels some responses as gzip that
    /// are not.
    fn careful(http: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        http.redirect(reqwest::redirect::Policy::none()).no_gzip().no_brotli().no_zstd().no_deflate()
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] names the tenant or the credential if it is missing or malformed, or says why no HTTP
    /// client could be made.
    pub fn build(self) -> Result<Client> {
        let tenant: TenantId = self.tenant.as_deref().unwrap_or_default().parse()?;
        let credential = self
            .credential
            .ok_or_else(|| InvalidValue::new("credential", "", "must be given, such as ClientSecret::new(..)"))?;
        let http = match self.http {
            Some(http) => http,
            None => Self::careful(self.http_builder.unwrap_or_else(Self::http_builder))
                .build()
                .map_err(|error| Error::new(ErrorKind::Input, "no HTTP client could be made").with_source(error))?,
        };
        let transport = Transport::new(http, self.retry);
        let tokens = TokenCache::new(credential, tenant.clone(), self.cloud.clone(), transport.clone());
        let limiters = Limiters::new(&self.concurrency);
        let concurrency = self.concurrency;
        let retry_budget = RetryBudget::default();
        let pipeline =
            Arc::new(Pipeline { tenant, cloud: self.cloud, transport, tokens, limiters, concurrency, retry_budget });
        Ok(Client {
            pipeline,
            meter: Meter::default(),
            #[cfg(feature = "exchange")]
            initial_domain: InitialDomain::default(),
        })
    }
}
