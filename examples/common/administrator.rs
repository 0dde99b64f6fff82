//! The tenant that a program looks at or works in as its administrator: a real one, or Contoso in memory.

use anyhow::Context;
use exchange_groups::graph_client::{Client, ClientSecret, Cloud};
use fake_tenant::{FakeTenant, Server};

pub(crate) struct Tenant {
    pub(crate) client: Client,
    /// The tenant in memory and its server, which runs as long as this is held. `None` in a real tenant.
    pub(crate) in_memory: Option<(FakeTenant, Server)>,
}

/// What is wrong with the environment.
#[derive(Debug)]
pub(crate) struct BadEnvironment(pub(crate) String);

impl std::fmt::Display for BadEnvironment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadEnvironment {}

/// `TENANT_ID`, `CLIENT_ID` and `CLIENT_SECRET` name a real tenant and the application that administers it. Without
/// `TENANT_ID` it is Contoso in memory, as its administrator.
pub(crate) async fn administrator() -> anyhow::Result<Tenant> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let needed =
        |name: &str| variable(name).ok_or_else(|| BadEnvironment(format!("TENANT_ID is set and {name} is not")));
    let fault = |name: &str, error: &dyn std::fmt::Display| BadEnvironment(format!("{name}: {error}"));
    let Some(tenant_id) = variable("TENANT_ID") else {
        eprintln!("TENANT_ID is not set: this run works in a Microsoft 365 tenant in memory.\n");
        return administrator_in_memory().await;
    };
    let client_id = needed("CLIENT_ID")?.parse().map_err(|error| fault("CLIENT_ID", &error))?;
    let secret = needed("CLIENT_SECRET")?;
    let cloud = match variable("GRAPH_URL") {
        None => Cloud::worldwide(),
        Some(graph) => Cloud::custom(&graph, &needed("EXCHANGE_URL")?, &needed("LOGIN_URL")?)
            .map_err(|error| fault("GRAPH_URL, EXCHANGE_URL, LOGIN_URL", &error))?,
    };
    let credential = ClientSecret::new(client_id, secret);
    let client = Client::builder().tenant(tenant_id).credential(credential).cloud(cloud).build();
    Ok(Tenant { client: client.map_err(|error| fault("TENANT_ID", &error))?, in_memory: None })
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
