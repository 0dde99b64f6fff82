use std::fmt;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use super::application::{Application, Proof, application_settings};
use super::{AccessToken, TokenContext, TokenProvider};
use crate::error::{Error, Result};
use crate::ids::{ClientId, InvalidValue};

/// An application that signs in with a client secret (the OAuth client credentials grant).
///
/// # Examples
///
/// ```
/// use graph_client::{ClientId, ClientSecret};
///
/// let id: ClientId = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse()?;
/// let credential = ClientSecret::new(id, "the secret's value, not its id");
/// assert!(!format!("{credential:?}").contains("value"));
/// # Ok::<(), graph_client::InvalidValue>(())
/// ```
#[derive(Clone)]
pub struct ClientSecret {
    application: Application,
    secret: SecretString,
}

impl ClientSecret {
    /// The application and the *value* of one of its secrets.
    #[must_use]
    pub fn new(client_id: ClientId, secret: impl Into<String>) -> Self {
        Self { application: Application::new(client_id), secret: secret.into().into() }
    }

    application_settings!();
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret").field("client_id", &self.client_id()).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenProvider for ClientSecret {
    async fn token(&self, context: &TokenContext) -> Result<AccessToken> {
        if self.secret.expose_secret().is_empty() {
            let fault = InvalidValue::new("client secret", "", "must not be empty");
            return Err(Error::from(fault).during(self.application.operation(context)));
        }
        let url = context.token_endpoint();
        let proof = || async { Ok(Proof::Secret(self.secret.clone())) };
        self.application.sign_in(context, &url, proof).await
    }
}
