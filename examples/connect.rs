//! The tenant that a program works in: that of the environment, or one in memory.

use anyhow::Context;
use exchange_groups::graph_client::{Client, ClientSecret, Cloud};
use fake_tenant::{FakeTenant, Server};

use crate::environment::Environment;

/// A client of a tenant. The tenant in memory, if it is that, lives as long as this.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// The tenant is no test tenant: what is changed stays changed.
    pub(crate) is_real: bool,
    _in_memory: Option<(FakeTenant, Server)>,
}

impl Connection {
    /// By `TENANT_ID`, `CLIENT_ID` and `CLIENT_SECRET`, with `GRAPH_URL`, `EXCHANGE_URL` and `LOGIN_URL` for other
    /// servers; without any of them, Contoso in memory. The options are those that have a meaning in a real tenant alone.
    pub(crate) async fn open(options: &[(&'static str, bool)]) -> anyhow::Result<Self> {
        let environment = Environment::read();
        if !environment.is_real(options)? {
            eprintln!("TENANT_ID is not set: this run works in a Microsoft 365 tenant in memory.\n");
            return Self::in_memory().await;
        }
        let client = environment.client("CLIENT_ID", "CLIENT_SECRET")?;
        let is_real = !client.cloud().is_local();
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
