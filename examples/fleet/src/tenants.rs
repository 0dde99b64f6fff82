//! The tenants of the fleet: a file that names for each one its spec, its applications and where their secrets are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use exchange_groups::graph_client::{Client, ClientConfig, ClientId, ClientSecret};
use exchange_groups::{ExchangeGroups, RestrictedCalendarGroup, RestrictedCalendarGroupBuilder};
use serde::Deserialize;

use crate::job::Kind;

/// The file, read.
#[derive(Debug)]
pub(crate) struct Tenants {
    all: Vec<Tenant>,
    /// Paths in the file are taken from where it lies.
    folder: PathBuf,
    /// One HTTP client for all: the hosts of Microsoft are the same for every tenant of a cloud.
    http: reqwest::Client,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tenants: Vec<Tenant>,
}

/// One tenant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tenant {
    /// The name by which jobs, runs and the command line know it.
    pub(crate) id: String,
    /// The tenant and its cloud, as [`ClientConfig`] has them.
    client: ClientConfig,
    /// The spec, a JSON or YAML file.
    spec: PathBuf,
    /// The application that administers.
    administrator: Account,
    /// The restricted application, which reads calendars to verify.
    application: Account,
    /// When what is run, in the five fields of cron, in UTC.
    #[serde(default)]
    pub(crate) schedules: BTreeMap<Kind, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    client_id: ClientId,
    secret: SecretPlace,
}

/// Where a secret is. It is read when a job needs it: a new one counts from the next job on.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum SecretPlace {
    Env { env: String },
    File { file: PathBuf },
}

impl Tenants {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || {
            let file: File = yaml_serde::from_str(&std::fs::read_to_string(path)?)?;
            let mut seen = BTreeSet::new();
            for Tenant { id, client, .. } in &file.tenants {
                // It becomes part of a crontab, of the key of a job and of a queue's name.
                let is_plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-' || it == '.';
                ensure!(!id.is_empty() && id.chars().all(is_plain), "{id:?} is not of a-z, 0-9, \"-\" and \".\"");
                ensure!(seen.insert(id), "{id} is there twice");
                ensure!(client.tenant.is_some(), "{id} has no client.tenant");
            }
            anyhow::Ok(file.tenants)
        };
        let all = read().with_context(|| format!("the tenants of {}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let http = exchange_groups::graph_client::http_builder().build()?;
        Ok(Self { all, folder, http })
    }

    pub(crate) fn all(&self) -> &[Tenant] {
        &self.all
    }

    pub(crate) fn named(&self, id: &str) -> anyhow::Result<&Tenant> {
        let tenant = self.all.iter().find(|tenant| tenant.id == id);
        tenant.with_context(|| format!("{id} is not in the file of tenants"))
    }

    /// The tenants of these names, or all.
    pub(crate) fn chosen(&self, names: &[String]) -> anyhow::Result<Vec<&Tenant>> {
        if names.is_empty() {
            return Ok(self.all.iter().collect());
        }
        names.iter().map(|name| self.named(name)).collect()
    }

    pub(crate) fn spec(&self, tenant: &Tenant) -> anyhow::Result<RestrictedCalendarGroup> {
        let path = self.folder.join(&tenant.spec);
        let read = || {
            let text = std::fs::read_to_string(&path)?;
            RestrictedCalendarGroupBuilder::check_text(&text)?;
            let builder: RestrictedCalendarGroupBuilder = yaml_serde::from_str(&text)?;
            anyhow::Ok(builder.build()?)
        };
        read().with_context(|| format!("the spec {}", path.display()))
    }

    /// The way into the tenant, with its own credentials.
    pub(crate) fn groups(&self, tenant: &Tenant) -> anyhow::Result<ExchangeGroups> {
        let client = Client::builder()
            .config(tenant.client.clone())
            .credential(self.credential(&tenant.administrator)?)
            .http(self.http.clone())
            .build()?;
        Ok(ExchangeGroups::new(client).application(self.credential(&tenant.application)?))
    }

    fn credential(&self, account: &Account) -> anyhow::Result<ClientSecret> {
        let secret = match &account.secret {
            SecretPlace::Env { env } => std::env::var(env).with_context(|| format!("the variable {env}"))?,
            SecretPlace::File { file } => {
                let path = self.folder.join(file);
                std::fs::read_to_string(&path).with_context(|| format!("the secret {}", path.display()))?
            }
        };
        let secret = secret.trim();
        if secret.is_empty() {
            bail!("the secret of {} is empty", account.client_id);
        }
        Ok(ClientSecret::new(account.client_id, secret.to_owned()))
    }
}
