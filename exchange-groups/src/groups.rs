//! What the calls of this crate have in common: the client, and the credential of the restricted application.

use std::fmt;
use std::sync::Arc;

use graph_client::exchange::Wait;
use graph_client::{Client, TokenProvider};

/// Restricted calendar groups of one tenant: observe, plan, apply, verify.
///
/// # Examples
///
/// ```
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # rt.block_on(async {
/// use exchange_groups::graph_client::{Client, ClientSecret, Cloud};
/// use exchange_groups::{ExchangeGroups, RestrictedCalendarGroup, Rooms, Verdict};
///
/// let tenant = fake_tenant::FakeTenant::contoso();
/// let server = tenant.serve().await?;
/// let (admin, app) = (tenant.administrator(), tenant.booking_application());
/// let client = Client::builder()
///     .tenant(tenant.domain())
///     .credential(ClientSecret::new(admin.client_id.parse()?, admin.secret()))
///     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
///     .build()?;
///
/// let spec = RestrictedCalendarGroup::placeos("placeosroombooking@contoso.com", &*app.client_id)
///     .owner("exchange.admin@contoso.com")
///     .rooms(Rooms::all().except("boardroom@contoso.com"))
///     .revoke_tenant_wide_grant(true)
///     .must_not_reach("ceo@contoso.com")
///     .build()?;
///
/// let groups = ExchangeGroups::new(client).application(ClientSecret::new(app.client_id.parse()?, app.secret()));
/// let plan = groups.plan(&spec).await?;
/// println!("{plan}");
/// let report = groups.apply(&plan).await?;
/// assert!(report.is_complete());
/// let proof = groups.prove(&spec).await?;
/// assert_eq!(proof.verdict, Verdict::Verified);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct ExchangeGroups {
    pub(crate) client: Client,
    pub(crate) application: Option<Arc<dyn TokenProvider>>,
    pub(crate) wait: Wait,
}

impl ExchangeGroups {
    /// Uses this client, with its permissions and roles.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, application: None, wait: Wait::default() }
    }

    /// Sets the restricted application's own credential, with which the proof reads calendars. It is used for nothing
    /// else. Without it a proof rests on the configuration and Exchange's own test alone, and is inconclusive.
    #[must_use]
    pub fn application(mut self, credential: impl TokenProvider) -> Self {
        self.application = Some(Arc::new(credential));
        self
    }

    /// Sets how long to wait for replication after a change.
    #[must_use]
    pub fn wait(mut self, wait: Wait) -> Self {
        self.wait = wait;
        self
    }
}

impl fmt::Debug for ExchangeGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeGroups")
            .field("client", &self.client)
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}
