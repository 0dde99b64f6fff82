use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as AsyncMutex;

use super::{AccessToken, TokenContext, TokenProvider};
use crate::auth::SignInReason;
use crate::cloud::{Cloud, Service};
use crate::error::{Error, ErrorKind, Result};
use crate::http::Transport;
use crate::ids::TenantId;
use crate::time::Later;

/// One token per service, with one refresh in flight however many callers wait for it.
#[derive(Debug)]
pub(crate) struct TokenCache {
    provider: Arc<dyn TokenProvider>,
    tenant: TenantId,
    cloud: Cloud,
    transport: Transport,
    graph: Slot,
    exchange: Slot,
    /// The refusal of the credential itself, which holds for both services.
    refusal: Mutex<Option<Refusal>>,
}

/// A sign-in that will be refused again, because the credential is wrong.
#[derive(Debug)]
struct Refusal {
    error: Error,
    until: Instant,
}

/// For how long a credential that was refused is not tried again. A service that is asked with a wrong secret over and
/// over locks the application out.
const REFUSED: Duration = Duration::from_secs(60);

/// Whether the same credential will be refused again, for whatever service.
fn is_final(error: &Error) -> bool {
    error.kind() == ErrorKind::Auth
        && error.sign_in().is_some_and(|refused| match refused.reason() {
            SignInReason::WrongSecret
            | SignInReason::ExpiredSecret
            | SignInReason::ApplicationNotFound
            | SignInReason::ApplicationDisabled
            | SignInReason::CredentialMismatch
            | SignInReason::AssertionRefused
            | SignInReason::TenantNotFound
            | SignInReason::WrongCloud => true,
            SignInReason::Other => matches!(refused.error(), "invalid_client" | "unauthorized_client"),
            _ => false,
        })
}

#[derive(Debug, Default)]
struct Slot {
    state: Mutex<State>,
    /// Held while a token is fetched. Dropping the fetching future frees it for the next caller.
    refresh: AsyncMutex<()>,
}

#[derive(Debug, Default, Clone)]
struct State {
    token: Option<AccessToken>,
    /// How many fetches have ended, so that those who waited for one can share how it ended.
    fetches: u64,
    failure: Option<Error>,
    /// Until when a token that still holds serves without another fetch, because the last one failed.
    rests_until: Option<Instant>,
    /// The claims that the last fetch asked for.
    challenge: Option<String>,
    /// The claims that a service demanded when it revoked the token, until there is a new one.
    demand: Option<String>,
}

/// How long a sign-in service that refused a renewal is left alone while the old token holds.
const REST: Duration = Duration::from_secs(30);

impl State {
    fn rests(&self) -> bool {
        self.rests_until.is_some_and(|until| Instant::now() < until)
    }

    /// Whether the last fetch asked for the claims that a service demands, if it demands any.
    fn meets(&self, challenge: Option<&str>) -> bool {
        challenge.is_none() || challenge == self.challenge.as_deref()
    }
}

impl Slot {
    fn read(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The token while it is fresh, else all that is known.
    fn fresh(&self) -> Result<AccessToken, Box<State>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.token {
            Some(token) if token.is_fresh() || (state.rests() && token.holds()) => Ok(token.clone()),
            _ => Err(Box::new(state.clone())),
        }
    }

    /// A token that a service has revoked serves nobody, even if no new one can be had. Whoever fetches the next one
    /// asks for the claims that the service demands.
    fn revoke(&self, revoked: &AccessToken, demand: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.token.as_ref().is_some_and(|token| token.is_same(revoked)) {
            state.token = None;
            state.demand = Some(demand.to_owned());
        }
    }
}

impl TokenCache {
    pub(crate) fn new(provider: Arc<dyn TokenProvider>, tenant: TenantId, cloud: Cloud, transport: Transport) -> Self {
        Self {
            provider,
            tenant,
            cloud,
            transport,
            graph: Slot::default(),
            exchange: Slot::default(),
            refusal: Mutex::default(),
        }
    }

    /// The error of a credential that was refused a moment ago.
    fn refused(&self) -> Option<Error> {
        let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        refusal.as_ref().filter(|refusal| Instant::now() < refusal.until).map(|refusal| refusal.error.clone())
    }

    /// The tokens that requests carry at the moment.
    pub(crate) fn in_use(&self) -> Vec<AccessToken> {
        [&self.graph, &self.exchange].into_iter().filter_map(|slot| slot.read().token).collect()
    }

    fn slot(&self, service: Service) -> &Slot {
        match service {
            Service::Graph => &self.graph,
            Service::Exchange => &self.exchange,
        }
    }

    /// A token that still holds: the cached one while it is fresh, else a new one. If no new one can be had, the old
    /// one serves as long as it holds.
    pub(crate) async fn get(&self, service: Service) -> Result<AccessToken> {
        let slot = self.slot(service);
        let seen = match slot.fresh() {
            Ok(token) => return Ok(token),
            Err(seen) => seen,
        };
        match self.fetch(service, &seen, None).await {
            Err(error) => match seen.token {
                Some(token) if token.holds() => {
                    tracing::warn!(%error, "the access token could not be renewed; the old one still holds");
                    Ok(token)
                }
                _ => Err(error),
            },
            fetched => fetched,
        }
    }

    /// A token other than `refused`, which a service did not take, and which meets its `challenge` if there is one.
    /// `None` when there is no other.
    pub(crate) async fn replace(
        &self,
        service: Service,
        refused: &AccessToken,
        challenge: Option<&str>,
    ) -> Result<Option<AccessToken>> {
        let slot = self.slot(service);
        let seen = slot.read();
        let token = match &seen.token {
            Some(token) if !token.is_same(refused) && seen.meets(challenge) => token.clone(),
            _ => {
                if let Some(demand) = challenge {
                    slot.revoke(refused, demand);
                }
                self.fetch(service, &seen, challenge).await?
            }
        };
        Ok((!token.is_same(refused)).then_some(token))
    }

    async fn fetch(&self, service: Service, seen: &State, challenge: Option<&str>) -> Result<AccessToken> {
        let slot = self.slot(service);
        let _refreshing = slot.refresh.lock().await;
        let now = slot.read();
        let challenge = challenge.or(now.demand.as_deref());
        if now.fetches != seen.fetches && now.meets(challenge) {
            // Somebody fetched while this caller waited: share the token, or the failure.
            match (now.token, now.failure) {
                (_, Some(failure)) => return Err(failure),
                (Some(token), None) => return Ok(token),
                // It was revoked since.
                (None, None) => {}
            }
        }
        if let Some(refused) = self.refused() {
            return Err(refused);
        }
        let context = TokenContext {
            service,
            scope: self.cloud.endpoint(service).scope.clone(),
            tenant: self.tenant.clone(),
            login: self.cloud.login.clone(),
            transport: self.transport.clone(),
            challenge: challenge.map(str::to_owned),
        };
        let fetched = self.provider.token(&context).await.map_err(Error::without_token);
        let mut state = slot.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.fetches += 1;
        state.challenge = context.challenge;
        match &fetched {
            Ok(token) => {
                state.token = Some(token.clone());
                state.failure = None;
                state.demand = None;
                state.rests_until = None;
            }
            Err(error) => {
                // While an old token holds the credential is left alone anyway.
                if is_final(error) && !state.token.as_ref().is_some_and(AccessToken::holds) {
                    let refusal = Refusal { error: error.clone(), until: Instant::now().later(REFUSED) };
                    *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
                }
                state.failure = Some(error.clone());
                state.rests_until = Some(Instant::now().later(REST));
            }
        }
        fetched
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::SystemTime;

    use super::*;

    #[derive(Debug, Default)]
    struct Scripted {
        calls: AtomicUsize,
        life: Duration,
        fail_from: usize,
    }

    #[async_trait::async_trait]
    impl TokenProvider for Scripted {
        async fn token(&self, _: &TokenContext) -> Result<AccessToken> {
            let call = self.calls.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            if call >= self.fail_from {
                return Err(Error::auth("no"));
            }
            AccessToken::new(format!("token-{call}"), SystemTime::now() + self.life)
        }
    }

    fn cache(life: Duration, fail_from: usize) -> (Arc<Scripted>, Arc<TokenCache>) {
        let provider = Arc::new(Scripted { life, fail_from, ..Scripted::default() });
        let tenant = "contoso.com".parse().unwrap();
        let dynamic: Arc<dyn TokenProvider> = Arc::<Scripted>::clone(&provider);
        (provider, Arc::new(TokenCache::new(dynamic, tenant, Cloud::default(), Transport::default())))
    }

    async fn two_hundred(cache: &Arc<TokenCache>) -> Vec<Result<AccessToken>> {
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let cache = Arc::clone(cache);
                tokio::spawn(async move { cache.get(Service::Graph).await })
            })
            .collect();
        let mut results = Vec::new();
        for task in tasks {
            results.push(task.await.unwrap());
        }
        results
    }

    #[tokio::test]
    async fn two_hundred_callers_share_one_sign_in_and_one_failure() {
        let (provider, cache) = cache(Duration::from_secs(3600), 1);
        assert!(two_hundred(&cache).await.iter().all(Result::is_ok));
        assert_eq!(provider.calls.load(Ordering::SeqCst), 1);

        let (provider, cache) = self::cache(Duration::from_secs(3600), 0);
        assert!(two_hundred(&cache).await.iter().all(Result::is_err));
        assert_eq!(provider.calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn the_old_token_serves_while_it_holds_if_the_refresh_fails() {
        let (provider, cache) = cache(Duration::from_millis(400), 1);
        let first = cache.get(Service::Graph).await.unwrap();
        tokio::time::sleep(Duration::from_millis(250)).await;
        let second = cache.get(Service::Graph).await.unwrap();
        assert!(second.is_same(&first));
        assert_eq!(provider.calls.load(Ordering::SeqCst), 2, "a refresh was tried before expiry");
        assert!(cache.get(Service::Graph).await.unwrap().is_same(&first));
        assert_eq!(provider.calls.load(Ordering::SeqCst), 2, "and is not tried again at once");
        tokio::time::sleep(Duration::from_millis(250)).await;
        assert!(cache.get(Service::Graph).await.is_err(), "an expired token is not served");
    }

    #[tokio::test]
    async fn a_dropped_caller_leaves_the_cache_usable() {
        let (provider, cache) = cache(Duration::from_secs(3600), usize::MAX);
        let dropped = tokio::time::timeout(Duration::from_millis(5), cache.get(Service::Graph)).await;
        assert!(dropped.is_err());
        assert!(cache.get(Service::Graph).await.is_ok());
        assert_eq!(provider.calls.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_refused_token_is_replaced_once_for_all_who_held_it() {
        let (provider, cache) = cache(Duration::from_secs(3600), usize::MAX);
        let refused = cache.get(Service::Graph).await.unwrap();
        let (a, b) =
            tokio::join!(cache.replace(Service::Graph, &refused, None), cache.replace(Service::Graph, &refused, None));
        assert!(a.unwrap().unwrap().is_same(&b.unwrap().unwrap()));
        assert_eq!(provider.calls.load(Ordering::SeqCst), 2);
    }
}
