use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, Result};

/// An access token and the time until which it holds. `Debug` shows no secret; there is no `Display`.
#[derive(Clone)]
pub struct AccessToken(Arc<Token>);

struct Token {
    secret: SecretString,
    header: HeaderValue,
    expires_at: SystemTime,
    refresh_at: SystemTime,
}

/// How long before its end a token is renewed.
const SLACK: Duration = Duration::from_secs(5 * 60);

impl AccessToken {
    /// A token that holds until `expires_at`. It is renewed five minutes before, or after half of a shorter life.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) when the token cannot be sent in an HTTP header.
    pub fn new(secret: impl Into<SecretString>, expires_at: SystemTime) -> Result<Self> {
        Self::build(secret.into(), expires_at, None)
    }

    /// `refresh_at` is the service's own wish, which a long-lived token comes with.
    pub(crate) fn build(secret: SecretString, expires_at: SystemTime, refresh_at: Option<SystemTime>) -> Result<Self> {
        let mut header = HeaderValue::try_from(format!("Bearer {}", secret.expose_secret()))
            .map_err(|_| Error::auth("the access token holds characters that no HTTP header can carry"))?;
        header.set_sensitive(true);
        let life = expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        let latest = expires_at.checked_sub(SLACK.min(life / 2)).unwrap_or(expires_at);
        let refresh_at = refresh_at.map_or(latest, |wish| wish.min(latest));
        Ok(Self(Arc::new(Token { secret, header, expires_at, refresh_at })))
    }

    /// Until when the token holds.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.0.expires_at
    }

    /// The token itself, for a call that this crate does not make. Handle it as a password.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.secret.expose_secret()
    }

    pub(crate) fn header(&self) -> &HeaderValue {
        &self.0.header
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.expose_secret() == other.expose_secret()
    }

    pub(crate) fn is_fresh(&self) -> bool {
        SystemTime::now() < self.0.refresh_at
    }

    pub(crate) fn holds(&self) -> bool {
        SystemTime::now() < self.0.expires_at
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_at", &self.0.expires_at).finish_non_exhaustive()
    }
}
