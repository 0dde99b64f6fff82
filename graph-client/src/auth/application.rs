//! What the credentials of an application have in common: the client credentials grant.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{AccessToken, TokenContext, endpoint};
use crate::auth::SignInError;
use crate::cloud::Service;
use crate::error::Result;
use crate::http::{Attempts, Failure, Meter, Repeat, Retries, RetryBudget, RuntimeClock, repeat, requested_claims};
use crate::ids::ClientId;

/// How long after its creation an application may be unknown to a server of the directory. About a minute was seen.
const REPLICATION: Duration = Duration::from_secs(90);

/// The longest wait between two sign-ins of a new application.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// What an application proves who it is with.
pub(super) enum Proof {
    Secret(SecretString),
    Assertion(SecretString),
}

impl Proof {
    fn form(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Secret(secret) => vec![("client_secret", secret.expose_secret())],
            Self::Assertion(assertion) => vec![
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion.expose_secret()),
            ],
        }
    }
}

/// An application that signs in as itself.
#[derive(Debug, Clone)]
pub(super) struct Application {
    pub(super) client_id: ClientId,
    pub(super) created: Option<Instant>,
    pub(super) claims_challenges: bool,
}

impl Application {
    pub(super) fn new(client_id: ClientId) -> Self {
        Self { client_id, created: None, claims_challenges: false }
    }

    pub(super) fn operation(&self, context: &TokenContext) -> String {
        format!("sign in to {} as application {}", context.tenant, self.client_id)
    }

    /// Signs in once.
    async fn attempt(&self, context: &TokenContext, url: Url, proof: &[(&str, &str)]) -> Result<AccessToken> {
        let client_id = self.client_id.to_string();
        // An application's tokens are evaluated continuously by Graph alone.
        let capable = self.claims_challenges && context.service == Service::Graph;
        let claims = requested_claims(capable, context.challenge.as_deref());
        let mut form =
            vec![("grant_type", "client_credentials"), ("client_id", &client_id), ("scope", context.scope.as_str())];
        form.extend_from_slice(proof);
        if let Some(claims) = &claims {
            form.push(("claims", claims));
        }
        Ok(endpoint::request_token(context, &self.operation(context), url, &form).await?.token)
    }

    /// Signs in, again and again while a new application is not known everywhere. `proof` is made anew each time.
    pub(super) async fn sign_in<P, F>(&self, context: &TokenContext, url: &Url, proof: P) -> Result<AccessToken>
    where
        P: Fn() -> F + Send + Sync,
        F: Future<Output = Result<Proof>> + Send,
    {
        let mut options = context.transport.retry().clone();
        options.max_attempts = u32::MAX;
        options.max_delay = options.max_delay.min(LONGEST_WAIT);
        options.max_elapsed =
            self.created.map_or(Duration::ZERO, |created| REPLICATION.saturating_sub(created.elapsed()));
        let (budget, meter) = (RetryBudget::default(), Meter::default());
        let mut retries = Retries::start(options, &budget, &meter, &RuntimeClock);
        let mut sign_in = SignIn { application: self, context, url, proof };
        repeat(&mut sign_in, &mut retries).await.map_err(|failure| {
            let error = failure.into_error();
            let attempts = error.attempts().max(retries.attempt());
            let elapsed = error.elapsed().max(retries.elapsed());
            error.with_attempts(attempts, elapsed)
        })
    }
}

struct SignIn<'a, P> {
    application: &'a Application,
    context: &'a TokenContext,
    url: &'a Url,
    proof: P,
}

impl<P, F> Attempts for SignIn<'_, P>
where
    P: Fn() -> F + Send + Sync,
    F: Future<Output = Result<Proof>> + Send,
{
    type Output = AccessToken;

    async fn attempt(&mut self, _: &mut Retries<'_>) -> Result<AccessToken, Box<Failure>> {
        let final_ = |error| Box::new(Failure::from_error(error, Repeat::Never));
        let proof = (self.proof)().await;
        let proof = proof.map_err(|error| final_(error.during(self.application.operation(self.context))))?;
        let error = match self.application.attempt(self.context, self.url.clone(), &proof.form()).await {
            Ok(token) => return Ok(token),
            Err(error) => error,
        };
        if self.application.created.is_none() || !error.sign_in().is_some_and(SignInError::may_be_replication_lag) {
            return Err(final_(error));
        }
        tracing::debug!(code = error.code(), "the application is new and not known everywhere yet");
        // How long to wait is for this client to choose: what the service asked for was waited already.
        Err(Box::new(Failure::from_error(error.with_retry_after(None), Repeat::Always)))
    }

    fn is_idempotent(&self) -> bool {
        true
    }
}

/// The settings that every application's credential has.
macro_rules! application_settings {
    () => {
        /// The application that signs in.
        #[must_use]
        pub fn client_id(&self) -> crate::ids::ClientId {
            self.application.client_id
        }

        /// Says that the application, its secret or its certificate was created a moment ago.
        ///
        /// Until every server of the directory knows it, sign-in is refused as if it did not exist (`AADSTS700016`,
        /// `7000215`, `7000112`, `700027`). For 90 s from this call on such a refusal is waited out; a wrong secret
        /// then takes that long to be reported.
        #[must_use]
        pub fn just_created(mut self) -> Self {
            self.application.created = Some(std::time::Instant::now());
            self
        }

        /// Says that the caller can handle claims challenges (continuous access evaluation).
        ///
        /// Graph then issues tokens that hold for up to 28 hours and refuses them as soon as the application is
        /// disabled, deleted, at risk or outside the allowed places. This client answers such a challenge with one new
        /// sign-in; if that is refused as well, the call fails at once. Without it, tokens hold for about an hour and
        /// such events are seen when the next one is asked for. Managed identities have no such tokens.
        #[must_use]
        pub fn with_claims_challenges(mut self) -> Self {
            self.application.claims_challenges = true;
            self
        }
    };
}
pub(super) use application_settings;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_application_is_new_for_ninety_seconds() {
        let server = fake_tenant::FakeTenant::contoso().serve().await.unwrap();
        let context = TokenContext {
            login: server.login_url().parse().unwrap(),
            ..TokenContext::new(crate::cloud::Service::Graph, "contoso.com".parse().unwrap())
        };
        let mut unknown = Application::new("11111111-0000-4000-8000-000000000001".parse().unwrap());
        let sign_in = async |application: &Application| {
            let proof = || async { Ok(Proof::Secret("secret".into())) };
            application.sign_in(&context, &context.token_endpoint(), proof).await.unwrap_err()
        };
        for (age, attempts) in [(91, 1), (89, 2)] {
            unknown.created = Instant::now().checked_sub(Duration::from_secs(age));
            assert!(unknown.created.is_some(), "this machine runs for longer than that");
            let error = sign_in(&unknown).await;
            assert_eq!(error.code(), Some("AADSTS700016"));
            assert!(error.attempts() >= attempts && (attempts > 1 || error.attempts() == 1), "{age} s: {error}");
        }
    }
}
