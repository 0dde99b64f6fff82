use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::auth::TokenCache;
use crate::cloud::Service;
use crate::exchange::{Exchange, InitialDomain};
use crate::graph::{
    AdministrativeUnits, Applications, Calendars, Channel, DirectoryRoles, Groups, Mail, Mailbox, ManagedDevices,
    Organizations, PermissionGrants, Places, Planner, Rooms, ServicePrincipals, Subscriptions, Users,
};
use crate::http::{Allowance, Gate, Pipeline, Transport};
use crate::odata::Batch;
use crate::{
    Cloud, Concurrency, Error, ErrorKind, InvalidValue, List, Load, Meter, Method, Request, Result, RetryOptions,
    TenantId, TokenProvider,
};

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

    /// Meeting rooms, as Graph's places list them.
    #[must_use]
    pub fn rooms(&self) -> Rooms {
        Rooms { client: self.clone() }
    }

    /// Places of every kind: rooms, workspaces, room lists, buildings, floors, sections and desks.
    #[must_use]
    pub fn places(&self) -> Places {
        Places { client: self.clone() }
    }

    /// The organisation that the tenant belongs to.
    #[must_use]
    pub fn organization(&self) -> Organizations {
        Organizations { client: self.clone() }
    }

    /// Service principals (enterprise applications) and the permissions that they hold.
    #[must_use]
    pub fn service_principals(&self) -> ServicePrincipals {
        ServicePrincipals { client: self.clone(), just_created: false }
    }

    /// App registrations.
    #[must_use]
    pub fn applications(&self) -> Applications {
        Applications { client: self.clone(), just_created: false }
    }

    /// Delegated permissions that have been granted.
    #[must_use]
    pub fn permission_grants(&self) -> PermissionGrants {
        PermissionGrants { client: self.clone() }
    }

    /// Directory roles and who holds them.
    #[must_use]
    pub fn directory_roles(&self) -> DirectoryRoles {
        DirectoryRoles { client: self.clone() }
    }

    /// Administrative units and their members.
    #[must_use]
    pub fn administrative_units(&self) -> AdministrativeUnits {
        AdministrativeUnits { client: self.clone() }
    }

    /// Groups and their members.
    #[must_use]
    pub fn groups(&self) -> Groups {
        Groups { client: self.clone() }
    }

    /// People, rooms and other accounts.
    #[must_use]
    pub fn users(&self) -> Users {
        Users { client: self.clone() }
    }

    /// The settings of a mailbox.
    #[must_use]
    pub fn mailbox_settings(&self, mailbox: impl Into<String>) -> Mailbox {
        Mailbox { client: self.clone(), mailbox: mailbox.into() }
    }

    /// The calendars of a mailbox and what is in them.
    #[must_use]
    pub fn calendar(&self, mailbox: impl Into<String>) -> Calendars {
        Calendars::new(self.clone(), mailbox.into())
    }

    /// Mail that is sent from a mailbox.
    #[must_use]
    pub fn mail(&self, mailbox: impl Into<String>) -> Mail {
        Mail { client: self.clone(), mailbox: mailbox.into() }
    }

    /// A channel of a team, by their ids. A team has the id of its group.
    #[must_use]
    pub fn channel(&self, team: impl Into<String>, channel: impl Into<String>) -> Channel {
        Channel { client: self.clone(), team: team.into(), id: channel.into() }
    }

    /// Plans, buckets and tasks.
    #[must_use]
    pub fn planner(&self) -> Planner {
        Planner { client: self.clone() }
    }

    /// Devices that Intune manages.
    #[must_use]
    pub fn managed_devices(&self) -> ManagedDevices {
        ManagedDevices { client: self.clone() }
    }

    /// Subscriptions to changes.
    #[must_use]
    pub fn subscriptions(&self) -> Subscriptions {
        Subscriptions { client: self.clone() }
    }

    /// Exchange Online administration.
    #[must_use]
    pub fn exchange(&self) -> Exchange {
        Exchange::new(self.clone())
    }

    /// Any Graph call, through the same pipeline as the typed ones.
    ///
    /// `path` starts with the version, such as `/v1.0/me` or `/beta/places`. It must be percent-encoded.
    ///
    /// # Examples
    ///
    /// ```
    /// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    /// # rt.block_on(async {
    /// # use graph_client::{Client, ClientSecret, Cloud};
    /// use graph_client::Method;
    /// # let tenant = fake_tenant::FakeTenant::contoso();
    /// # let server = tenant.serve().await?;
    /// # let app = tenant.administrator();
    /// # let client = Client::builder()
    /// #     .tenant(tenant.domain())
    /// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
    /// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
    /// #     .build()?;
    ///
    /// let answer: serde_json::Value = client.request(Method::GET, "/v1.0/organization").json().await?;
    /// assert_eq!(answer["value"].as_array().map(Vec::len), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> Request {
        Request::new(self.clone(), method, path.as_ref())
    }

    /// Any Graph list, through the same pipeline and with the same care as the typed ones.
    ///
    /// # Examples
    ///
    /// ```
    /// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    /// # rt.block_on(async {
    /// # use graph_client::{Client, ClientSecret, Cloud};
    /// use futures_util::TryStreamExt;
    /// # let tenant = fake_tenant::FakeTenant::contoso();
    /// # let server = tenant.serve().await?;
    /// # let app = tenant.administrator();
    /// # let client = Client::builder()
    /// #     .tenant(tenant.domain())
    /// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
    /// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
    /// #     .build()?;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct RoomList {
    ///     id: String,
    /// }
    ///
    /// let lists = client.list::<RoomList>("/v1.0/places/microsoft.graph.roomlist");
    /// let lists: Vec<RoomList> = lists.into_stream().try_collect().await?;
    /// assert_eq!(lists.len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn list<T: DeserializeOwned + Send + 'static>(&self, path: impl AsRef<str>) -> List<T> {
        List::new(self.request(Method::GET, path))
    }

    /// Many requests in few: they are sent twenty at a time, and each has an answer of its own.
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone())
    }

    /// A clone that counts its requests by themselves, and the meter that shows them. They count here as well.
    #[must_use]
    pub fn metered(&self) -> (Self, Meter) {
        let meter = self.meter.child();
        (Self { meter: meter.clone(), ..self.clone() }, meter)
    }

    /// What this client and its clones have sent so far.
    #[must_use]
    pub fn usage(&self) -> crate::Usage {
        self.meter.usage()
    }

    /// What Graph lets through at the moment.
    #[must_use]
    pub fn graph_load(&self) -> Load {
        self.pipeline.gate.load(Service::Graph)
    }

    /// What Exchange lets through at the moment.
    #[must_use]
    pub fn exchange_load(&self) -> Load {
        self.pipeline.gate.load(Service::Exchange)
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
        let gate = Gate::new(&self.pipeline.concurrency);
        let concurrency = self.pipeline.concurrency.clone();
        let pipeline =
            Arc::new(Pipeline { tenant, cloud, transport, tokens, gate, concurrency, allowance: Allowance::default() });
        Self { pipeline, meter: self.meter.clone(), initial_domain: self.initial_domain.for_other_caller() }
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

    /// The HTTP client to send with: a caller's own TLS, proxy or pool. The type is that of reqwest 0.13.
    ///
    /// It must not follow redirects (a token would go with them) and must not decompress: Exchange labels some
    /// answers as gzip that are not. [`http_builder`](Self::http_builder) is set up like that.
    pub fn http(mut self, http: reqwest::Client) -> Self {
        self.http = Some(http);
        self
    }

    /// What the HTTP client is made of unless [`http`](Self::http) gives another: to be given a proxy, a certificate
    /// authority or a pool of one's own.
    ///
    /// # Examples
    ///
    /// ```
    /// use graph_client::{Client, ClientBuilder};
    ///
    /// let http = ClientBuilder::http_builder().tcp_keepalive(std::time::Duration::from_secs(30)).build().unwrap();
    /// let builder = Client::builder().tenant("contoso.onmicrosoft.com").http(http);
    /// ```
    pub fn http_builder() -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .user_agent(concat!("graph-client-rs/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // Another crate may turn these features of reqwest on; Exchange's false gzip labels would then end in errors.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .connect_timeout(Duration::from_secs(20))
            .pool_idle_timeout(Duration::from_secs(60))
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
            None => Self::http_builder()
                .build()
                .map_err(|error| Error::new(ErrorKind::Input, "no HTTP client could be made").with_source(error))?,
        };
        let transport = Transport::new(http, self.retry);
        let tokens = TokenCache::new(credential, tenant.clone(), self.cloud.clone(), transport.clone());
        let gate = Gate::new(&self.concurrency);
        let concurrency = self.concurrency;
        let allowance = Allowance::default();
        let pipeline =
            Arc::new(Pipeline { tenant, cloud: self.cloud, transport, tokens, gate, concurrency, allowance });
        Ok(Client { pipeline, meter: Meter::default(), initial_domain: InitialDomain::default() })
    }
}
