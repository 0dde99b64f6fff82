//! The tenant that a program looks at or works in as its administrator: a real one, or Contoso in memory.

use anyhow::Context;
use exchange_groups::graph_client::{Client, ClientSecret, Cloud};
use fake_tenant::{FakeTenant, Server};

use self::environment::Environment;

pub(crate) mod environment;

pub(crate) struct Tenant {
    pub(crate) client: Client,
    /// The tenant in memory and its server, which runs as long as this is held. `None` in a real tenant.
    pub(crate) in_memory: Option<(FakeTenant, Server)>,
}

/// `TENANT_ID`, `CLIENT_ID` and `CLIENT_SECRET` name a real tenant and the application that administers it. Without any of
/// them it is Contoso in memory, as its administrator. The options are those that have a meaning in a real tenant alone.
pub(crate) async fn administrator(
    environment: &Environment,
    options: &[(&'static str, bool)],
) -> anyhow::Result<Tenant> {
    if environment.is_real(options)? {
        return Ok(Tenant { client: environment.client("CLIENT_ID", "CLIENT_SECRET")?, in_memory: None });
    }
    eprintln!("TENANT_ID is not set: this run works in a Microsoft 365 tenant in memory.\n");
    administrator_in_memory().await
}

/// Contoso, as its administrator.
pub(crate) async fn administrator_in_memory() -> anyhow::Result<Tenant> {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.context("the tenant in memory needs a port on this machine")?;
    let admin = tenant.administrator();
    let client = Client::builder()
        .tenant(tenant.domain())
        .credential(ClientSecret::new(admin.client_id.parse()?, admin.secret()))
        .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
        .build()?;
    Ok(Tenant { client, in_memory: Some((tenant, server)) })
}
