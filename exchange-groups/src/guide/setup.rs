// What the examples of the guides begin with: Contoso in memory, and what its administrator holds.
// An example includes this file by a hidden line.

use exchange_groups::graph_client::{Client, ClientId, ClientSecret, Cloud};
use exchange_groups::{ExchangeGroups, RestrictedCalendarGroup, RestrictedCalendarGroupBuilder, Rooms};

/// A tenant in memory with 40 rooms, and an application that reads every calendar of it.
struct Contoso {
    tenant: fake_tenant::FakeTenant,
    cloud: Cloud,
    /// The client of the administering application.
    client: Client,
    /// The restricted application.
    app: ClientId,
    app_credential: ClientSecret,
    _server: fake_tenant::Server,
}

#[allow(dead_code, reason = "an example uses what it needs")]
impl Contoso {
    async fn serve() -> Result<Self, Box<dyn std::error::Error>> {
        let tenant = fake_tenant::FakeTenant::contoso();
        let server = tenant.serve().await?;
        let cloud = Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?;
        let (admin, booking) = (tenant.administrator(), tenant.booking_application());
        let client = Client::builder()
            .tenant(tenant.initial_domain())
            .credential(ClientSecret::new(admin.client_id.parse()?, admin.secret()))
            .cloud(cloud.clone())
            .build()?;
        let app: ClientId = booking.client_id.parse()?;
        let app_credential = ClientSecret::new(app, booking.secret());
        Ok(Self { tenant, cloud, client, app, app_credential, _server: server })
    }

    fn groups(&self) -> ExchangeGroups {
        ExchangeGroups::new(self.client.clone()).application(self.app_credential.clone())
    }

    fn spec(&self) -> RestrictedCalendarGroupBuilder {
        RestrictedCalendarGroup::placeos("placeosroombooking@contoso.com", self.app)
            .owner("exchange.admin@contoso.com")
            .rooms(Rooms::all().except("boardroom@contoso.com"))
            .revoke_tenant_wide_grant(true)
            .must_not_reach("ceo@contoso.com")
    }
}

/// Runs an example against it.
fn run(example: impl AsyncFnOnce(Contoso) -> Result<(), Box<dyn std::error::Error>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let contoso = Contoso::serve().await.expect("a server of the tenant in memory");
        example(contoso).await.expect("an example that runs");
    });
}
