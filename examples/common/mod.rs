//! The tenant that a program works in: a real one, or Contoso in memory.

use anyhow::Context;
use exchange_groups::graph_client::{Client, ClientSecret, Cloud};
use fake_tenant::{FakeTenant, Server};

use self::environment::Environment;

mod environment;

pub(crate) struct Tenant {
    pub(crate) client: Client,
    /// The tenant in memory and its server, which runs as long as this is held. `None` in a real tenant.
    pub(crate) in_memory: Option<(FakeTenant, Server)>,
}

/// `TENANT_ID`, and `APP_CLIENT_ID` with `APP_CLIENT_SECRET` (or else `CLIENT_ID` with `CLIENT_SECRET`), name a real tenant and
/// an application that may read places and calendars. `GRAPH_URL`, `EXCHANGE_URL` and `LOGIN_URL` name other servers.
pub(crate) async fn tenant() -> anyhow::Result<Tenant> {
    let environment = Environment::read();
    if !environment.is_real(&[])? {
        eprintln!("TENANT_ID is not set: this run works in a Microsoft 365 tenant in memory.\n");
        return in_memory().await;
    }
    let client = match environment.get("APP_CLIENT_ID") {
        Some(_) => environment.client("APP_CLIENT_ID", "APP_CLIENT_SECRET")?,
        None => environment.client("CLIENT_ID", "CLIENT_SECRET")?,
    };
    Ok(Tenant { client, in_memory: None })
}

/// Contoso, as the booking application.
pub(crate) async fn in_memory() -> anyhow::Result<Tenant> {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.context("the tenant in memory needs a port on this machine")?;
    let app = tenant.booking_application();
    let client = Client::builder()
        .tenant(tenant.domain())
        .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
        .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
        .build()?;
    Ok(Tenant { client, in_memory: Some((tenant, server)) })
}
