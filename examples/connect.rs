//! The tenant that a program works in: that of the environment, or one in memory.

use anyhow::{Context, bail};
use exchange_groups::graph_client::{Client, ClientSecret, Cloud};
use fake_tenant::{FakeTenant, Server};

/// A client of a tenant. The tenant in memory, if it is that, lives as long as this.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// The tenant is no test tenant: what is changed stays changed.
    pub(crate) is_real: bool,
    _in_memory: Option<(FakeTenant, Server)>,
}

impl Connection {
    /// By `TENANT_ID`, `CLIENT_ID` and `CLIENT_SECRET`, with `GRAPH_URL`, `EXCHANGE_URL` and `LOGIN_URL` for other
    /// servers; without `TENANT_ID`, Contoso in memory.
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let Some(tenant) = variable("TENANT_ID") else { return Self::in_memory().await };
        let required = |name: &str| variable(name).with_context(|| format!("TENANT_ID is set and {name} is not"));
        let cloud = match (variable("GRAPH_URL"), variable("EXCHANGE_URL"), variable("LOGIN_URL")) {
            (None, None, None) => Cloud::worldwide(),
            (Some(graph), Some(exchange), Some(login)) => Cloud::custom(graph, exchange, login)?,
            _ => bail!("GRAPH_URL, EXCHANGE_URL and LOGIN_URL go together: a cloud has all three"),
        };
        let is_real = !cloud.is_local();
        let id = required("CLIENT_ID")?.parse().context("CLIENT_ID")?;
        let credential = ClientSecret::new(id, required("CLIENT_SECRET")?);
        let client = Client::builder().tenant(tenant).credential(credential).cloud(cloud).build()?;
        Ok(Self { client, is_real, _in_memory: None })
    }

    /// Contoso, as its administrator.
    pub(crate) async fn in_memory() -> anyhow::Result<Self> {
        let tenant = FakeTenant::contoso();
        let server = tenant.serve().await.context("the tenant in memory needs a port on this machine")?;
        let administrator = tenant.administrator();
        let client = Client::builder()
            .tenant(tenant.domain())
            .credential(ClientSecret::new(administrator.client_id.parse()?, administrator.secret()))
            .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
            .build()?;
        Ok(Self { client, is_real: false, _in_memory: Some((tenant, server)) })
    }
}
