//! The anchor mailbox, which says whose servers a command is for.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::{Exchange, RawCmdlet, lenient};
use crate::cloud::{self, Service};
use crate::error::ErrorKind;
use crate::http::{Call, Failure, Response, RetryOptions};
use crate::ids::TenantId;

/// The mailbox that every tenant has, by the same GUID.
const SYSTEM_MAILBOX: &str = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}";

/// How long the look-up in Graph may hold up the first command.
const GRAPH_TIME: Duration = Duration::from_secs(20);

/// How long a look-up that failed is not repeated.
const PAUSE: Duration = Duration::from_secs(60);

/// Whether a tenant is named by its initial domain: one label under a domain that Microsoft gives tenants.
// GUESS: the endings of the national clouds; wrong if a tenant there is looked up although it is named by its initial
// domain, which costs one read.
fn is_initial(tenant: &TenantId) -> bool {
    [".onmicrosoft.com", ".onmicrosoft.us", ".partner.onmschina.cn"]
        .iter()
        .any(|ending| tenant.as_str().strip_suffix(ending).is_some_and(|label| !label.contains('.')))
}

/// What Exchange says of a domain. The typed cmdlets are above this.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AcceptedDomain {
    domain_name: String,
    #[serde(rename = "InitialDomain", default, deserialize_with = "is_true")]
    is_initial: bool,
}

/// What Exchange says of the organisation.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OrganizationConfig {
    name: String,
}

fn is_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(lenient::boolean(deserializer)? == Some(true))
}

/// A read without parameters. A name that the type refused would be a fault of this file's.
fn command<T: DeserializeOwned + Send + 'static>(name: &str) -> Option<RawCmdlet<Vec<T>>> {
    RawCmdlet::new(name).ok()
}

/// What Graph says of the organisation's domains.
#[derive(Deserialize)]
struct Organizations {
    value: Vec<Organization>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    verified_domains: Vec<VerifiedDomain>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VerifiedDomain {
    name: String,
    #[serde(default)]
    is_initial: bool,
}

impl Exchange {
    /// One anchor for all calls of a tenant sends them to one back end, which has seen the writes before the reads.
    ///
    /// Behind the `@` stands the tenant's initial domain. With the tenant's GUID writes were seen to fail for want of
    /// permission "to target DC", and a custom domain is said to fail too; reads work with any.
    pub(super) async fn anchor(&self) -> String {
        match &self.user {
            Some(user) => format!("UPN:{user}"),
            None => format!("APP:{SYSTEM_MAILBOX}@{}", self.anchor_domain().await),
        }
    }

    async fn anchor_domain(&self) -> TenantId {
        let tenant = self.client.tenant();
        let known = &self.client.initial_domain;
        if self.is_looking_up || is_initial(tenant) {
            return tenant.clone();
        }
        let failed = || known.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let look_up = || async {
            if failed().is_some_and(|at| at.elapsed() < PAUSE) {
                return Err(());
            }
            let found = self.look_up_domain().await;
            found.ok_or_else(|| {
                *failed() = Some(Instant::now());
                tracing::warn!("the tenant's initial domain could not be read; writes to Exchange may fail");
            })
        };
        known.domain.get_or_try_init(look_up).await.unwrap_or(tenant).clone()
    }

    /// Reads the initial domain from Exchange, which any anchor will do for, and from Graph where Exchange refuses:
    /// a person who signed in to Exchange is not asked to sign in to Graph without need.
    fn look_up_domain(&self) -> BoxFuture<'_, Option<TenantId>> {
        Box::pin(async {
            let domain = |name: &str| name.parse::<TenantId>().ok().filter(|domain| domain.as_str().contains('.'));
            let exchange = Self { is_looking_up: true, warnings: None, ..self.clone() };
            let initial = match exchange.run(command::<AcceptedDomain>("Get-AcceptedDomain")?).await {
                Ok(domains) => domains.into_iter().find(|domain| domain.is_initial),
                Err(error) if error.kind() == ErrorKind::Denied => None,
                Err(_) => return None,
            };
            if let Some(domain) = initial.and_then(|initial| domain(&initial.domain_name)) {
                return Some(domain);
            }
            if let Some(domain) = self.domain_in_graph().await.and_then(|name| domain(&name)) {
                return Some(domain);
            }
            // The organisation has the name of its initial domain.
            let settings = exchange.run(command::<OrganizationConfig>("Get-OrganizationConfig")?).await.ok()?.pop()?;
            domain(&settings.name).filter(is_initial)
        })
    }

    async fn domain_in_graph(&self) -> Option<String> {
        let root = &self.client.pipeline.cloud.endpoint(Service::Graph).url;
        let url = cloud::join(root, "/v1.0/organization?$select=verifiedDomains");
        let refused = |response: &Response| {
            (!response.is_success()).then(|| Failure::from_status(response, "the organisation was not given".into()))
        };
        let mut call = Call::new(Service::Graph, Method::GET, url, refused).named("read the organisation", "");
        call.retry = RetryOptions::none();
        call.total_limit = Some(GRAPH_TIME);
        let response = self.client.pipeline.execute(&call, &self.client.meter).await.ok()?;
        let organizations: Organizations = response.json().ok()?;
        let mut domains = organizations.value.into_iter().flat_map(|organization| organization.verified_domains);
        domains.find(|domain| domain.is_initial).map(|domain| domain.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_initial_domain_is_told_from_other_domains() {
        let is = |name: &str| is_initial(&name.parse().unwrap());
        assert!(is("contoso.onmicrosoft.com") && is("contoso.onmicrosoft.us"));
        for other in ["contoso.com", "contoso.mail.onmicrosoft.com", "3c8fb1f0-6f4e-4b1e-9c5b-2f6f0a4d7e11"] {
            assert!(!is(other), "{other}");
        }
    }
}
