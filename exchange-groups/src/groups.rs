use std::fmt;
use std::sync::Arc;

use graph_client::exchange::Wait;
use graph_client::{Client, TokenProvider};
use tracing::Instrument as _;

use crate::apply::Apply;
use crate::error::Result;
use crate::observe::Observation;
use crate::plan::Plan;
use crate::prove::Prove;
use crate::spec::RestrictedCalendarGroup;
use crate::trace;

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
    client: Client,
    application: Option<Arc<dyn TokenProvider>>,
    wait: Wait,
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

    /// Observes the tenant. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// Exchange: `Exchange.ManageAsApp` with Global Reader or more. Graph: `Application.Read.All`; to tell whether the
    /// application can widen its own reach also `Directory.Read.All`, `RoleManagement.Read.Directory` and
    /// `RoleEligibilitySchedule.Read.Directory`. What may not be read is left unread, and what needs it is unknown.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the organisation, the rooms, the group or the addresses of
    /// the spec cannot be read to their end.
    pub async fn observe(&self, spec: &RestrictedCalendarGroup) -> Result<Observation> {
        Observation::of(&self.client, spec).await
    }

    /// Observes the tenant and plans the changes. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// As [`observe`](Self::observe).
    ///
    /// # Errors
    ///
    /// As [`observe`](Self::observe). A blocking issue is not an error but a finding of the plan.
    pub async fn plan(&self, spec: &RestrictedCalendarGroup) -> Result<Plan> {
        let span = trace::run!("exchange_groups.plan", *spec);
        async { Ok(Plan::new(spec, &self.observe(spec).await?)) }.instrument(span).await
    }

    /// Applies a plan. Await the value; see [`Apply`] for progress.
    ///
    /// The tenant is observed again first. A plan that is blocked as the tenant is now, or that lacks a step which is
    /// needed now, is refused; a step that has been done meanwhile is not done again. So a plan can be applied again
    /// after an interruption, and never does what was not in it.
    ///
    /// # Permissions
    ///
    /// Exchange: `Exchange.ManageAsApp` with Exchange Administrator. Graph, to revoke a tenant-wide permission:
    /// `AppRoleAssignment.ReadWrite.All`.
    pub fn apply(&self, plan: &Plan) -> Apply {
        Apply::new(self.client.clone(), self.wait.clone(), plan.clone())
    }

    /// Verifies that the application reaches every room and no mailbox that it must not reach. Await the value; see
    /// [`Prove`] for waiting, sampling and progress. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// As [`observe`](Self::observe).
    pub fn prove(&self, spec: &RestrictedCalendarGroup) -> Prove {
        Prove::new(self.client.clone(), self.application.clone(), spec.clone())
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
