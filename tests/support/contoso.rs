use std::time::Duration;

use exchange_groups::graph_client::exchange::{Cmdlet, Output, Wait};
use exchange_groups::graph_client::{Client, ClientSecret, Cloud, RetryOptions, StaticToken};
use exchange_groups::{
    ExchangeGroups, Plan, Proof, Report, RestrictedCalendarGroup, RestrictedCalendarGroupBuilder, Restriction,
};
use fake_tenant::{Application, FakeTenant, Server};

/// The address of the group that the tests make.
pub const GROUP: &str = "placeosroombooking@contoso.com";

/// The owner of that group.
pub const OWNER: &str = "exchange.admin@contoso.com";

/// Waits that suit a tenant in memory.
#[must_use]
pub fn quick_wait() -> Wait {
    Wait::default()
        .with_initial_interval(Duration::from_millis(5))
        .with_max_interval(Duration::from_millis(20))
        .with_deadline(Duration::from_millis(800))
}

/// Retries that suit a tenant in memory. What a service asks for is waited all the same.
#[must_use]
pub fn quick_retries() -> RetryOptions {
    RetryOptions::default()
        .with_max_attempts(4)
        .with_initial_delay(Duration::from_millis(5))
        .with_max_delay(Duration::from_millis(20))
        .with_max_elapsed(Duration::from_secs(20))
}

/// A tenant behind a server, the administrator's client, and the restricted groups on top of it.
#[derive(Debug)]
pub struct Contoso {
    /// The tenant's state.
    pub tenant: FakeTenant,
    /// The server, which stops when this is dropped.
    pub server: Server,
    /// The administrator's client.
    pub client: Client,
    /// Restricted groups, with the booking application's credential.
    pub groups: ExchangeGroups,
    /// The booking application, which is to be restricted.
    pub booking: Application,
}

impl Contoso {
    /// Contoso with its 40 rooms, as `fake-tenant` describes it.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn start() -> Self {
        Self::of(FakeTenant::contoso()).await
    }

    /// Any other tenant.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn of(tenant: FakeTenant) -> Self {
        let server = tenant.serve().await.expect("a free port");
        let booking = tenant.booking_application();
        let client = client_of(&tenant, &server, quick_retries());
        let groups = ExchangeGroups::new(client.clone()).wait(quick_wait()).application(credential(&booking));
        Self { tenant, server, client, groups, booking }
    }

    /// Where the tenant is served.
    ///
    /// # Panics
    /// Never: the server's addresses are good.
    #[must_use]
    pub fn cloud(&self) -> Cloud {
        Cloud::custom(self.server.graph_url(), self.server.exchange_url(), self.server.login_url())
            .expect("addresses on this machine")
    }

    /// A further client of the administrator, which shares nothing with the first.
    #[must_use]
    pub fn new_client(&self) -> Client {
        self.new_client_that_retries(quick_retries())
    }

    /// The same, with other retries.
    #[must_use]
    pub fn new_client_that_retries(&self, retry: RetryOptions) -> Client {
        client_of(&self.tenant, &self.server, retry)
    }

    /// A client that signs in as this application.
    #[must_use]
    pub fn client_as(&self, application: &Application) -> Client {
        self.client.with_credential(credential(application))
    }

    /// A client with tokens that were got elsewhere.
    #[must_use]
    pub fn client_with_tokens(&self, tokens: StaticToken) -> Client {
        self.client.with_credential(tokens)
    }

    /// The usual spec: all rooms, RBAC, the tenant-wide permission revoked, the CEO kept out.
    pub fn rbac(&self) -> RestrictedCalendarGroupBuilder {
        RestrictedCalendarGroup::placeos(GROUP, &*self.booking.client_id)
            .owner(OWNER)
            .revoke_tenant_wide_grant(true)
            .must_not_reach("ceo@contoso.com")
    }

    /// The usual spec with an application access policy.
    pub fn policy(&self) -> RestrictedCalendarGroupBuilder {
        RestrictedCalendarGroup::placeos(GROUP, &*self.booking.client_id)
            .owner(OWNER)
            .restriction(Restriction::Policy)
            .must_not_reach("ceo@contoso.com")
    }

    /// Plans.
    ///
    /// # Panics
    /// When something cannot be read.
    pub async fn plan(&self, spec: &RestrictedCalendarGroup) -> Plan {
        self.groups.plan(spec).await.unwrap_or_else(|error| panic!("no plan: {error}"))
    }

    /// Plans and applies, whatever comes of the steps.
    ///
    /// # Panics
    /// When the plan is blocked.
    pub async fn apply(&self, spec: &RestrictedCalendarGroup) -> Report {
        let plan = self.plan(spec).await;
        self.groups.apply(&plan).await.unwrap_or_else(|error| panic!("not applied: {error}"))
    }

    /// Plans and applies, and insists that every step is done.
    ///
    /// # Panics
    /// When one is not.
    pub async fn provision(&self, spec: &RestrictedCalendarGroup) -> Report {
        let report = self.apply(spec).await;
        assert!(report.is_complete(), "{report}");
        report
    }

    /// Proves.
    ///
    /// # Panics
    /// When something cannot be read.
    pub async fn prove(&self, spec: &RestrictedCalendarGroup) -> Proof {
        self.groups.prove(spec).await.unwrap_or_else(|error| panic!("no proof: {error}"))
    }

    /// Runs a cmdlet as the administrator, past the tested code.
    ///
    /// # Panics
    /// When it fails.
    pub async fn run<C: Cmdlet>(&self, cmdlet: C) -> C::Output
    where
        C::Output: Output,
    {
        self.new_client().exchange().run(cmdlet).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The addresses of all rooms, sorted.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        let mut rooms = self.tenant.rooms();
        rooms.sort_unstable();
        rooms
    }

    /// The object id of the recipient at an address.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn object_id(&self, address: &str) -> String {
        let rows = self.tenant.run_cmdlet("Get-Recipient", serde_json::json!({ "Identity": address }));
        let id = rows.first().and_then(|row| row["ExternalDirectoryObjectId"].as_str());
        id.unwrap_or_else(|| panic!("{address} has no object id")).to_owned()
    }

    /// How often somebody signed in.
    #[must_use]
    pub fn sign_ins(&self) -> usize {
        self.tenant.requests().iter().filter(|request| request.path.contains("/oauth2/")).count()
    }
}

fn client_of(tenant: &FakeTenant, server: &Server, retry: RetryOptions) -> Client {
    let cloud = Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url());
    Client::builder()
        .tenant(tenant.initial_domain())
        .credential(credential(&tenant.administrator()))
        .cloud(cloud.expect("addresses on this machine"))
        .retry(retry)
        // Nothing here speaks TLS, and reading the machine's certificates takes longer than most tests.
        .http_with(|http| http.tls_certs_only([]))
        .build()
        .expect("a client")
}

/// The credential of an application of the tenant.
///
/// # Panics
/// Never: its client id is one.
#[must_use]
pub fn credential(application: &Application) -> ClientSecret {
    ClientSecret::new(application.client_id.parse().expect("a client id"), application.secret())
}
