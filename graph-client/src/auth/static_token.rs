use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use super::{AccessToken, TokenContext, TokenProvider};
use crate::cloud::Service;
use crate::error::{Error, Result};
use crate::ids::InvalidValue;
use crate::time::Later;

/// Tokens that the caller got elsewhere and does not expect to renew.
///
/// A token is for one resource, so Graph and Exchange each need their own.
///
/// # Examples
///
/// ```
/// use graph_client::{Client, StaticToken};
///
/// let client = Client::builder()
///     .tenant("contoso.onmicrosoft.com")
///     .credential(StaticToken::graph("eyJ0eXAi").and_exchange("eyJhbGci"))
///     .build()?;
/// # Ok::<(), graph_client::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct StaticToken {
    graph: Option<SecretString>,
    exchange: Option<SecretString>,
}

impl StaticToken {
    /// A token for Microsoft Graph.
    #[must_use]
    pub fn graph(token: impl Into<String>) -> Self {
        Self { graph: Some(token.into().into()), exchange: None }
    }

    /// A token for Exchange Online.
    #[must_use]
    pub fn exchange(token: impl Into<String>) -> Self {
        Self::default().and_exchange(token)
    }

    /// Adds a token for Exchange Online.
    #[must_use]
    pub fn and_exchange(mut self, token: impl Into<String>) -> Self {
        self.exchange = Some(token.into().into());
        self
    }
}

impl std::fmt::Debug for StaticToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaticToken")
            .field("graph", &self.graph.is_some())
            .field("exchange", &self.exchange.is_some())
            .finish()
    }
}

#[async_trait]
impl TokenProvider for StaticToken {
    async fn token(&self, context: &TokenContext) -> Result<AccessToken> {
        let token = match context.service {
            Service::Graph => &self.graph,
            Service::Exchange => &self.exchange,
        };
        let Some(token) = token else {
            return Err(Error::auth(format!("no token for {} was given", context.service.display_name()))
                .with_advice("A token is for one resource: give StaticToken one for each service that is called."));
        };
        // Tokens are pasted, and a line end goes with them easily.
        let token = token.expose_secret().trim();
        if token.is_empty() {
            return Err(InvalidValue::new(format!("token for {}", context.service), "", "must not be empty").into());
        }
        // The real end is in the token, which is opaque; the service says when it is over.
        AccessToken::new(token, SystemTime::now().later(Duration::from_secs(24 * 60 * 60)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[tokio::test]
    async fn a_token_is_for_one_service_and_is_taken_as_pasted() {
        let graph = TokenContext::new(crate::cloud::Service::Graph, "contoso.com".parse().unwrap());
        let exchange = TokenContext {
            service: Service::Exchange,
            ..TokenContext::new(crate::cloud::Service::Graph, "contoso.com".parse().unwrap())
        };
        let pasted = StaticToken::graph(" eyJ0eXAi\n");
        assert_eq!(pasted.token(&graph).await.unwrap().expose_secret(), "eyJ0eXAi");
        let error = pasted.token(&exchange).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
        assert!(error.message().contains("Exchange") && error.advice().is_some());
        let error = StaticToken::exchange(" ").token(&exchange).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert_eq!(format!("{:?}", StaticToken::exchange("hunter2")), "StaticToken { graph: false, exchange: true }");
    }
}
