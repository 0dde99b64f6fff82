use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::application::{Application, Proof, application_settings};
use super::{AccessToken, TokenContext, TokenProvider, endpoint};
use crate::cloud;
use crate::error::{Error, Result};
use crate::ids::{ClientId, InvalidValue, TenantId};

/// An application that signs in with an assertion (JWT) that something else signed: another identity provider, which
/// a federated credential of the application trusts, or a key vault that holds the application's key.
///
/// # Examples
///
/// Workload identity on Kubernetes, from the environment that its webhook sets:
///
/// ```no_run
/// use graph_client::{Client, ClientAssertion};
///
/// let credential = ClientAssertion::from_environment()?;
/// let tenant = credential.tenant().map(ToString::to_string).unwrap_or_else(|| "contoso.com".into());
/// let client = Client::builder().tenant(tenant).credential(credential).build()?;
/// # Ok::<(), graph_client::Error>(())
/// ```
///
/// An assertion from elsewhere, asked for at each sign-in:
///
/// ```
/// use graph_client::{ClientAssertion, Error};
/// # async fn sign_elsewhere(_: &str) -> Result<String, std::io::Error> { Ok(String::new()) }
///
/// let credential = ClientAssertion::new("8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse()?, |wanted| async move {
///     sign_elsewhere(wanted.audience()).await.map_err(|error| Error::auth("the vault did not sign").with_source(error))
/// });
/// # Ok::<(), graph_client::InvalidValue>(())
/// ```
#[derive(Clone)]
pub struct ClientAssertion {
    application: Application,
    source: Source,
    tenant: Option<TenantId>,
    authority: Option<Url>,
}

type Callback = dyn Fn(AssertionRequest) -> BoxFuture<'static, Result<String>> + Send + Sync;

#[derive(Clone)]
enum Source {
    Callback(Arc<Callback>),
    File(Arc<Path>),
}

/// What an assertion is wanted for. Given to the callback of [`ClientAssertion::new`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AssertionRequest {
    client_id: ClientId,
    audience: Url,
}

impl AssertionRequest {
    /// The application: the `iss` and `sub` of an assertion that is signed with the application's own key.
    #[must_use]
    pub fn client_id(&self) -> ClientId {
        self.client_id
    }

    /// The token end point: the `aud` of an assertion that is signed with the application's own key.
    ///
    /// Another identity provider's token has the audience of the federated credential, such as
    /// `api://AzureADTokenExchange`.
    #[must_use]
    pub fn audience(&self) -> &str {
        self.audience.as_str()
    }
}

impl ClientAssertion {
    /// The application, and what gives an assertion at each sign-in.
    pub fn new<A, F>(client_id: ClientId, assertion: A) -> Self
    where
        A: Fn(AssertionRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Result<String>> + Send + 'static,
    {
        let callback = move |request| -> BoxFuture<'static, Result<String>> { Box::pin(assertion(request)) };
        Self::of(client_id, Source::Callback(Arc::new(callback)))
    }

    /// The application, and the file that holds its assertion. It is read again at each sign-in, because whoever
    /// writes it renews it (Kubernetes: every hour).
    #[must_use]
    pub fn from_file(client_id: ClientId, path: impl Into<PathBuf>) -> Self {
        Self::of(client_id, Source::File(path.into().into()))
    }

    fn of(client_id: ClientId, source: Source) -> Self {
        Self { application: Application::new(client_id), source, tenant: None, authority: None }
    }

    /// Workload identity from the environment: `AZURE_CLIENT_ID` and `AZURE_FEDERATED_TOKEN_FILE`, which are required,
    /// and `AZURE_TENANT_ID` and `AZURE_AUTHORITY_HOST`, which are not.
    ///
    /// The client's own tenant is signed in to: pass it [`tenant`](Self::tenant). `AZURE_AUTHORITY_HOST` takes the
    /// place of the sign-in address of the client's [`Cloud`](crate::Cloud).
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] names the first variable that is missing or malformed.
    pub fn from_environment() -> Result<Self, InvalidValue> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidValue> {
        let given = |name| variable(name).filter(|value| !value.trim().is_empty());
        let required = |name: &'static str| {
            given(name).ok_or_else(|| InvalidValue::new(name, "", "must be set, as the workload identity webhook does"))
        };
        let client_id: ClientId = required("AZURE_CLIENT_ID")?.parse().map_err(at("AZURE_CLIENT_ID"))?;
        let mut credential = Self::from_file(client_id, required("AZURE_FEDERATED_TOKEN_FILE")?);
        if let Some(tenant) = given("AZURE_TENANT_ID") {
            credential.tenant = Some(tenant.parse().map_err(at("AZURE_TENANT_ID"))?);
        }
        if let Some(authority) = given("AZURE_AUTHORITY_HOST") {
            credential.authority = Some(cloud::root("AZURE_AUTHORITY_HOST", authority.trim())?);
        }
        Ok(credential)
    }

    application_settings!();

    /// The tenant that the environment names.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    async fn assertion(&self, audience: &Url) -> Result<SecretString> {
        let assertion: SecretString = match &self.source {
            Source::Callback(callback) => {
                let request = AssertionRequest { client_id: self.client_id(), audience: audience.clone() };
                callback(request).await?.into()
            }
            Source::File(path) => {
                let text = tokio::fs::read_to_string(path).await.map(SecretString::from).map_err(|error| {
                    Error::auth(format!("the assertion could not be read from {}", path.display()))
                        .with_advice("Check that the token file is mounted and readable.")
                        .with_source(error)
                })?;
                text.expose_secret().trim().into()
            }
        };
        if assertion.expose_secret().is_empty() {
            return Err(Error::auth("the assertion is empty"));
        }
        Ok(assertion)
    }
}

fn at(name: &'static str) -> impl Fn(InvalidValue) -> InvalidValue {
    move |fault| fault.at(name)
}

impl fmt::Debug for ClientAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ClientAssertion");
        debug.field("client_id", &self.client_id());
        if let Source::File(path) = &self.source {
            debug.field("file", path);
        }
        debug.finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenProvider for ClientAssertion {
    async fn token(&self, context: &TokenContext) -> Result<AccessToken> {
        let login = self.authority.as_ref().unwrap_or(&context.login);
        let url = endpoint::address(login, &context.tenant, "token");
        let proof = || async { Ok(Proof::Assertion(self.assertion(&url).await?)) };
        self.application.sign_in(context, &url, proof).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<ClientAssertion, InvalidValue> {
        ClientAssertion::from_variables(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    const ID: (&str, &str) = ("AZURE_CLIENT_ID", "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01");
    const FILE: (&str, &str) = ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/azure/tokens/azure-identity-token");

    #[test]
    fn the_environment_names_what_it_lacks() {
        let field = |variables: &[_]| from(variables).unwrap_err().field;
        assert_eq!(field(&[]), "AZURE_CLIENT_ID");
        assert_eq!(field(&[FILE, ("AZURE_CLIENT_ID", " ")]), "AZURE_CLIENT_ID");
        assert_eq!(field(&[FILE, ("AZURE_CLIENT_ID", "x")]), "AZURE_CLIENT_ID");
        assert_eq!(field(&[ID]), "AZURE_FEDERATED_TOKEN_FILE");
        // A variable that is set to nothing is not set.
        assert_eq!(field(&[ID, ("AZURE_FEDERATED_TOKEN_FILE", "")]), "AZURE_FEDERATED_TOKEN_FILE");
        assert!(from(&[ID, FILE, ("AZURE_TENANT_ID", ""), ("AZURE_AUTHORITY_HOST", "")]).is_ok());
        assert_eq!(field(&[ID, FILE, ("AZURE_TENANT_ID", "no tenant")]), "AZURE_TENANT_ID");
        let credential = from(&[ID, FILE, ("AZURE_TENANT_ID", "contoso.com")]).unwrap();
        assert_eq!(credential.tenant().map(ToString::to_string).as_deref(), Some("contoso.com"));
        assert!(from(&[ID, FILE]).unwrap().tenant().is_none());
    }

    #[test]
    fn the_authority_of_the_environment_is_https_or_on_this_machine() {
        let with = |host| from(&[ID, FILE, ("AZURE_AUTHORITY_HOST", host)]);
        assert!(with("https://login.microsoftonline.us/").unwrap().authority.is_some());
        assert!(with("http://127.0.0.1:8080").is_ok());
        for refused in ["http://login.microsoftonline.com", "login.microsoftonline.com", "ftp://localhost"] {
            assert_eq!(with(refused).unwrap_err().field, "AZURE_AUTHORITY_HOST", "{refused}");
        }
        let secret = with("https://user:hunter2@login.example").unwrap_err();
        assert!(!format!("{secret} {secret:?}").contains("hunter2"), "{secret:?}");
    }

    #[test]
    fn neither_the_callback_nor_a_token_is_shown() {
        let credential = ClientAssertion::new(ID.1.parse().unwrap(), |_| async { Ok("eyJ-secret".to_owned()) });
        assert_eq!(
            format!("{credential:?}"),
            "ClientAssertion { client_id: ClientId(8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01), .. }"
        );
    }
}
