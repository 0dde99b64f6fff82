//! The anchor mailbox, which says whose servers a command is for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::{Exchange, GetAcceptedDomain, GetOrganizationConfig};
use crate::{ErrorKind, RetryOptions, TenantId};

/// The mailbox that every tenant has, by the same GUID.
const SYSTEM_MAILBOX: &str = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}";

/// How long the look-up in Graph may hold up the first command.
const GRAPH_TIME: Duration = Duration::from_secs(20);

/// How long a look-up that failed is not repeated.
const PAUSE: Duration = Duration::from_secs(60);

/// The tenant's initial domain: looked up once, shared by the clones of a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct InitialDomain {
    domain: Arc<OnceCell<TenantId>>,
    /// When this caller last failed to read it.
    failed: Arc<Mutex<Option<Instant>>>,
}

impl InitialDomain {
    /// The same tenant, for a caller with other rights.
    pub(crate) fn for_other_caller(&self) -> Self {
        Self { domain: Arc::clone(&self.domain), failed: Arc::default() }
    }
}

/// Whether a tenant is named by its initial domain: one label under a domain that Microsoft gives tenants.
// GUESS: the endings of the national clouds; wrong if a tenant there is looked up although it is named by its initial
// domain, which costs one read.
fn is_initial(tenant: &TenantId) -> bool {
    [".onmicrosoft.com", ".onmicrosoft.us", ".partner.onmschina.cn"]
        .iter()
        .any(|ending| tenant.as_str().strip_suffix(ending).is_some_and(|label| !label.contains('.')))
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
            let initial = match exchange.run(GetAcceptedDomain::new()).await {
                Ok(domains) => domains.into_iter().find(|domain| domain.is_initial == Some(true)),
                Err(error) if error.kind() == ErrorKind::Denied => None,
                Err(_) => return None,
            };
            if let Some(domain) = initial.and_then(|initial| domain(&initial.domain_name)) {
                return Some(domain);
            }
            let asked = self.client.organization().get().retry(RetryOptions::none()).total_timeout(GRAPH_TIME);
            let initial = asked.await.ok().and_then(|organization| {
                organization.verified_domains.into_iter().find(|domain| domain.is_initial == Some(true))
            });
            if let Some(domain) = initial.and_then(|initial| domain(&initial.name)) {
                return Some(domain);
            }
            // The organisation has the name of its initial domain.
            let settings = exchange.run(GetOrganizationConfig::new()).await.ok()?;
            domain(&settings.name).filter(is_initial)
        })
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
