use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::endpoint::{self, Granted};
use super::{AccessToken, TokenContext, TokenProvider, numbers};
use crate::auth::SignInReason;
use crate::error::{Error, ErrorKind, Result};
use crate::http::requested_claims;
use crate::ids::ClientId;
use crate::text::printable;
use crate::time::Later;

/// A person signs in elsewhere: this program shows an address and a code, and the person enters the code there.
///
/// The refresh token is kept in memory only. It serves for later tokens and for the second service, so that one person
/// is asked once; when it is dead, the person is asked again. Clones share it.
///
/// The application must allow public client flows and hold delegated permissions (`Exchange.Manage` for Exchange). What
/// can be done is what both the application's permissions and the person's own roles allow.
///
/// # Examples
///
/// ```
/// use graph_client::{Client, DeviceCode};
///
/// let credential = DeviceCode::new("8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse()?, |prompt| {
///     println!("{}", prompt.message());
/// });
/// let client = Client::builder().tenant("contoso.onmicrosoft.com").credential(credential).build()?;
/// # Ok::<(), graph_client::Error>(())
/// ```
#[derive(Clone)]
pub struct DeviceCode {
    client_id: ClientId,
    prompt: Arc<dyn Fn(DeviceCodePrompt) + Send + Sync>,
    claims_challenges: bool,
    /// Held through a whole sign-in: whoever comes second waits for the person, and asks no one.
    refresh_token: Arc<Mutex<Option<SecretString>>>,
}

/// What to show to the person who is to sign in. The texts are [`printable`].
///
/// `Debug` leaves the code out, so that it does not end in a log.
#[derive(Clone)]
pub struct DeviceCodePrompt {
    user_code: String,
    verification_uri: String,
    message: String,
    expires_at: SystemTime,
}

impl DeviceCodePrompt {
    /// The code that the person enters.
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// The page where the person enters it.
    #[must_use]
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// Both in a sentence of Microsoft's.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Until when the code can be entered.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }
}

impl fmt::Debug for DeviceCodePrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCodePrompt")
            .field("verification_uri", &self.verification_uri)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl DeviceCode {
    /// The application, and what shows the prompt. The callback must not block; a sign-in waits for the person after
    /// it has returned.
    pub fn new(client_id: ClientId, prompt: impl Fn(DeviceCodePrompt) + Send + Sync + 'static) -> Self {
        Self { client_id, prompt: Arc::new(prompt), claims_challenges: false, refresh_token: Arc::default() }
    }

    /// The application that the person signs in to.
    #[must_use]
    pub fn client_id(&self) -> ClientId {
        self.client_id
    }

    /// Says that the caller can handle claims challenges (continuous access evaluation): tokens hold longer, and a
    /// change of the person's account or place is noticed at once.
    #[must_use]
    pub fn with_claims_challenges(mut self) -> Self {
        self.claims_challenges = true;
        self
    }

    fn operation(&self, context: &TokenContext) -> String {
        format!("sign in to {} by device code of application {}", context.tenant, self.client_id)
    }

    async fn refresh(
        &self,
        context: &TokenContext,
        refresh_token: &SecretString,
        scope: &str,
        claims: Option<&str>,
    ) -> Result<Granted> {
        let client_id = self.client_id.to_string();
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("client_id", client_id.as_str()),
            ("refresh_token", refresh_token.expose_secret()),
            ("scope", scope),
        ];
        form.extend(claims.map(|claims| ("claims", claims)));
        endpoint::request_token(context, &self.operation(context), context.token_endpoint(), &form).await
    }

    /// The device authorisation grant (RFC 8628).
    async fn ask(&self, context: &TokenContext, scope: &str, claims: Option<&str>) -> Result<Granted> {
        let operation = self.operation(context);
        let client_id = self.client_id.to_string();
        let url = endpoint::address(&context.login, &context.tenant, "devicecode");
        let form = [("client_id", client_id.as_str()), ("scope", scope)];
        let reply = context.transport.post_form(&operation, url, &form, endpoint::refusal).await?;
        // The parser's own message could quote the response, and with it the device code.
        let issued: Issued = crate::http::decode(&reply.body).map_err(|_| {
            Error::new(ErrorKind::Decode, "the sign-in service answered without a device code")
                .during(operation.clone())
        })?;
        let life = Duration::from_secs(issued.expires_in.min(24 * 60 * 60));
        let url = context.token_endpoint();
        let mut form = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", client_id.as_str()),
            ("device_code", issued.device_code.expose_secret()),
        ];
        form.extend(claims.map(|claims| ("claims", claims)));
        (self.prompt)(DeviceCodePrompt {
            user_code: printable(&issued.user_code).into_owned(),
            verification_uri: printable(&issued.verification_uri).into_owned(),
            message: printable(&issued.message).into_owned(),
            expires_at: SystemTime::now().later(life),
        });
        let poll = || endpoint::request_token(context, &operation, url.clone(), &form);
        poll_until_granted(poll, Duration::from_secs(issued.interval), life)
            .await
            .map_err(|error| error.during(operation.clone()))
    }
}

impl fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCode").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenProvider for DeviceCode {
    async fn token(&self, context: &TokenContext) -> Result<AccessToken> {
        let mut kept = self.refresh_token.lock().await;
        let scope = format!("{} offline_access", context.scope);
        let claims = requested_claims(self.claims_challenges, context.challenge.as_deref());
        let mut refreshed = None;
        if let Some(refresh_token) = &*kept {
            match self.refresh(context, refresh_token, &scope, claims.as_deref()).await {
                Ok(granted) => refreshed = Some(granted),
                Err(error) if wants_person(&error) => *kept = None,
                Err(error) => return Err(error),
            }
        }
        let granted = match refreshed {
            Some(granted) => granted,
            None => self.ask(context, &scope, claims.as_deref()).await?,
        };
        // A refresh may renew the refresh token, or leave the old one in place.
        if let Some(renewed) = granted.refresh_token {
            *kept = Some(renewed);
        }
        Ok(granted.token)
    }
}

/// Whether the refresh token no longer does, and the person would have to sign in again.
fn wants_person(error: &Error) -> bool {
    error.sign_in().is_some_and(|refused| match refused.reason() {
        SignInReason::SignInExpired | SignInReason::InteractionRequired => true,
        SignInReason::Other => matches!(refused.error(), "invalid_grant" | "interaction_required"),
        _ => false,
    })
}

/// The sign-in service's response to the request for a code.
#[derive(Deserialize)]
struct Issued {
    device_code: SecretString,
    user_code: String,
    verification_uri: String,
    #[serde(default)]
    message: String,
    #[serde(deserialize_with = "numbers::number")]
    expires_in: u64,
    /// RFC 8628 says five where there is none.
    #[serde(default = "five", deserialize_with = "numbers::number")]
    interval: u64,
}

fn five() -> u64 {
    5
}

/// Asks at the service's pace whether the person has finished.
async fn poll_until_granted<P, F>(poll: P, interval: Duration, life: Duration) -> Result<Granted>
where
    P: Fn() -> F + Send + Sync,
    F: Future<Output = Result<Granted>> + Send,
{
    let deadline = Instant::now().later(life);
    let mut interval = interval.max(Duration::from_secs(1));
    loop {
        // Past its end a code is known to be dead: there is no point in asking once more.
        if interval > deadline.saturating_duration_since(Instant::now()) {
            tokio::time::sleep_until(deadline).await;
            return Err(expired());
        }
        tokio::time::sleep(interval).await;
        let error = match poll().await {
            Ok(granted) => return Ok(granted),
            Err(error) => error,
        };
        match error.sign_in().map(crate::auth::SignInError::error) {
            Some("authorization_pending") => {}
            Some("slow_down") => interval = interval.saturating_add(Duration::from_secs(5)),
            // RFC 8628: a client that gets no response asks less often.
            _ if error.is_retryable() => interval = interval.saturating_mul(2),
            _ => return Err(error),
        }
    }
}

fn expired() -> Error {
    let refused = crate::auth::SignInError { error: "expired_token".into(), ..crate::auth::SignInError::default() };
    let error = Error::auth("nobody entered the device code in time").with_code(Some("expired_token".into()));
    let advice = refused.advice();
    let error = error.with_detail(refused);
    match advice {
        Some(advice) => error.with_advice(advice),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as StdMutex;

    use super::*;
    use crate::auth::SignInError;

    fn refused(error: &str) -> Result<Granted> {
        let refused = SignInError { error: error.into(), ..SignInError::default() };
        Err(Error::auth(error).with_detail(refused))
    }

    fn granted() -> Result<Granted> {
        let token = AccessToken::new("t", SystemTime::now() + Duration::from_secs(3600))?;
        Ok(Granted { token, refresh_token: None })
    }

    /// The seconds at which polls were made, and how it ended.
    async fn run(answers: Vec<Result<Granted>>, interval: u64, life: u64) -> (Vec<u64>, Result<Granted>) {
        let (started, polls) = (Instant::now(), StdMutex::new(Vec::new()));
        let answers = StdMutex::new(answers.into_iter());
        let poll = || {
            polls.lock().unwrap().push(started.elapsed().as_secs());
            let answer = answers.lock().unwrap().next().unwrap_or_else(|| refused("authorization_pending"));
            async { answer }
        };
        let end = poll_until_granted(poll, Duration::from_secs(interval), Duration::from_secs(life)).await;
        (polls.into_inner().unwrap(), end)
    }

    #[tokio::test(start_paused = true)]
    async fn polls_keep_the_interval_and_slow_down_by_five_seconds() {
        let answers =
            vec![refused("authorization_pending"), refused("slow_down"), refused("authorization_pending"), granted()];
        let (polls, end) = run(answers, 5, 900).await;
        assert!(end.is_ok());
        assert_eq!(polls, [5, 10, 20, 30]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_interval_of_nothing_is_a_second() {
        let (polls, end) = run(vec![refused("authorization_pending"), granted()], 0, 900).await;
        assert!(end.is_ok());
        assert_eq!(polls, [1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_does_not_answer_is_asked_less_often() {
        let lost = Err(Error::new(ErrorKind::Connect, "no connection"));
        let (polls, end) = run(vec![lost, granted()], 5, 900).await;
        assert!(end.is_ok());
        assert_eq!(polls, [5, 15]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_code_expires_and_the_person_may_decline() {
        let (polls, end) = run(Vec::new(), 5, 12).await;
        let error = end.map(|_| ()).unwrap_err();
        assert_eq!(polls, [5, 10]);
        assert_eq!(error.sign_in().unwrap().reason(), SignInReason::DeviceCodeExpired);
        assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some("expired_token")));
        assert!(error.advice().is_some());

        for (answer, reason) in [
            ("authorization_declined", SignInReason::Declined),
            ("expired_token", SignInReason::DeviceCodeExpired),
            ("bad_verification_code", SignInReason::Other),
        ] {
            let (polls, end) = run(vec![refused(answer)], 5, 900).await;
            assert_eq!(polls, [5]);
            assert_eq!(end.map(|_| ()).unwrap_err().sign_in().unwrap().reason(), reason);
        }
    }

    #[test]
    fn nothing_is_shown_that_signs_in() {
        let credential = DeviceCode::new("8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse().unwrap(), |_| {});
        assert_eq!(
            format!("{credential:?}"),
            "DeviceCode { client_id: ClientId(8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01), .. }"
        );
        let prompt = DeviceCodePrompt {
            user_code: "FJC3-secret".into(),
            verification_uri: "https://microsoft.com/devicelogin".into(),
            message: "enter the code FJC3-secret".into(),
            expires_at: SystemTime::UNIX_EPOCH,
        };
        let shown = format!("{prompt:?}");
        assert!(shown.contains("devicelogin") && !shown.contains("FJC3"), "{shown}");
    }
}
