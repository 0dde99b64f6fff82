use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;

use super::{AccessToken, TokenContext, TokenProvider};
use crate::error::{Error, Result};

/// Any credential of the Azure SDK for Rust: managed identity, workload identity, the Azure CLI and so on.
///
/// The credential chooses the tenant and the sign-in address by itself: they must be those of the client. The Azure SDK
/// takes no claims, so that a claims challenge ends in an error. The type of the credential is that of `azure_core` 1.
///
/// # Examples
///
/// ```ignore
/// // azure_identity 1.0
/// let credential = azure_identity::ManagedIdentityCredential::new(None)?;
/// let client = Client::builder().tenant("contoso.com").credential(AzureCredential::new(credential)).build()?;
/// ```
#[derive(Clone)]
pub struct AzureCredential(Arc<dyn TokenCredential>);

impl AzureCredential {
    /// Wraps a credential of the Azure SDK.
    #[must_use]
    pub fn new(credential: Arc<dyn TokenCredential>) -> Self {
        Self(credential)
    }
}

impl fmt::Debug for AzureCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a foreign type shows is not ours to vouch for.
        f.debug_struct("AzureCredential").finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenProvider for AzureCredential {
    async fn token(&self, context: &TokenContext) -> Result<AccessToken> {
        let operation = format!("sign in to {} by the Azure credential", context.tenant);
        if context.challenge.is_some() {
            return Err(Error::auth("the service demands claims, which an Azure credential cannot ask for")
                .with_advice("Sign in by one of this crate's own credentials, or change the tenant's policy.")
                .during(operation));
        }
        let token = self.0.get_token(&[&context.scope], None).await.map_err(|error| {
            Error::auth("the Azure credential gave no token").with_source(error).during(operation.clone())
        })?;
        AccessToken::new(token.token.secret().to_owned(), token.expires_on.into())
            .map_err(|error| error.during(operation))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::time::{Duration, SystemTime};

    use azure_core::credentials::{AccessToken as AzureToken, TokenRequestOptions};

    use super::*;
    use crate::error::ErrorKind;

    #[derive(Debug)]
    struct Mock {
        expires_at: SystemTime,
        fails: bool,
    }

    #[async_trait]
    impl TokenCredential for Mock {
        async fn get_token(
            &self,
            scopes: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AzureToken> {
            if self.fails {
                return Err(azure_core::Error::with_message(azure_core::error::ErrorKind::Credential, "no az login"));
            }
            Ok(AzureToken::new(format!("token for {}", scopes.join(" ")), self.expires_at.into()))
        }
    }

    #[tokio::test]
    async fn the_token_and_its_end_are_those_of_the_azure_credential() {
        let expires_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000);
        let credential = AzureCredential::new(Arc::new(Mock { expires_at, fails: false }));
        let token = credential
            .token(&TokenContext::new(crate::cloud::Service::Graph, "contoso.com".parse().unwrap()))
            .await
            .unwrap();
        assert_eq!(token.expose_secret(), "token for https://graph.microsoft.com/.default");
        assert_eq!(token.expires_at(), expires_at);
        assert_eq!(format!("{credential:?}"), "AzureCredential { .. }");
    }

    #[tokio::test]
    async fn its_failure_is_the_source_of_ours() {
        let credential = AzureCredential::new(Arc::new(Mock { expires_at: SystemTime::now(), fails: true }));
        let error = credential
            .token(&TokenContext::new(crate::cloud::Service::Graph, "contoso.com".parse().unwrap()))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
        assert!(error.source().unwrap().to_string().contains("no az login"));

        let mut context = TokenContext::new(crate::cloud::Service::Graph, "contoso.com".parse().unwrap());
        context.challenge = Some("{}".into());
        let error = credential.token(&context).await.unwrap_err();
        assert!(error.message().contains("claims"), "{error}");
    }
}
