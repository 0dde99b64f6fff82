//! The sign-in of people: authentication sources and the domains that they are of. Building blocks for a set-up of the
//! second application, which needs the source's id before it can be registered.

use std::collections::BTreeMap;

use graph_client::serde_json::{self, Value, json};
use graph_client::{ClientId, ExposeSecret as _, SecretString, TenantId};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::calls::{decoded, without};
use super::client::PlaceOs;
use super::endpoints::{
    CREATE_AUTH_SOURCE, Endpoint, LIST_AUTH_SOURCES, LIST_DOMAINS, UPDATE_AUTH_SOURCE, UPDATE_DOMAIN,
};
use super::error::PlaceOsError;
use super::models::{AuthSource, PlaceOsDomain};

type Result<T> = std::result::Result<T, PlaceOsError>;

/// An authentication source as it should be, without the secret: the second application, with which people sign in.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthSourceSettings {
    /// The name.
    pub name: String,
    /// The domain that it is of, by id.
    pub authority_id: String,
    /// The application (client) id. `None` until the application is registered, which needs the source's id for its
    /// redirect address.
    pub client_id: Option<ClientId>,
    /// The origin of the sign-in service.
    pub site: String,
    /// What is asked for.
    pub scope: String,
    /// The method of the request for a token.
    pub token_method: String,
    /// Where the request for a token has the credentials.
    pub auth_scheme: String,
    /// Where tokens are asked for.
    pub token_url: String,
    /// Where people sign in.
    pub authorize_url: String,
    /// Where the profile of a person is read.
    pub raw_info_url: String,
    /// Which property of the profile is which one of PlaceOS.
    pub info_mappings: BTreeMap<String, String>,
}

impl AuthSourceSettings {
    /// Sign-in by Microsoft Entra ID, as PlaceOS documents it.
    #[must_use]
    pub fn microsoft(name: impl Into<String>, authority_id: impl Into<String>, tenant: &TenantId) -> Self {
        const SITE: &str = "https://login.microsoftonline.com";
        let mappings = [
            ("email", "mail,userPrincipalName"),
            ("first_name", "givenName"),
            ("last_name", "surname"),
            ("uid", "id"),
            ("access_token", "token"),
            ("refresh_token", "refresh_token"),
            ("expires", "expires"),
            ("expires_at", "expires_at"),
        ];
        Self {
            name: name.into(),
            authority_id: authority_id.into(),
            client_id: None,
            site: SITE.to_owned(),
            scope: "openid offline_access calendars.readwrite.shared group.read.all user.read.all".to_owned(),
            // GUESS: the names of what Backoffice shows as POST and Request Body; wrong if the API refuses them.
            token_method: "post".to_owned(),
            auth_scheme: "request_body".to_owned(),
            token_url: format!("{SITE}/{tenant}/oauth2/v2.0/token"),
            authorize_url: format!("{SITE}/{tenant}/oauth2/v2.0/authorize"),
            raw_info_url: "https://graph.microsoft.com/v1.0/me".to_owned(),
            info_mappings: mappings.map(|(name, property)| (name.to_owned(), property.to_owned())).into(),
        }
    }

    /// Sets the application.
    #[must_use]
    pub fn client_id(mut self, client_id: ClientId) -> Self {
        self.client_id = Some(client_id);
        self
    }

    pub(crate) fn body(&self, secret: Option<&SecretString>) -> Value {
        let mut body = serde_json::to_value(self).unwrap_or_default();
        if let Some(secret) = secret {
            body["client_secret"] = secret.expose_secret().into();
        }
        body
    }
}

impl AuthSource {
    /// The redirect address that the application needs: of the domain, such as `contoso.placeos.run`.
    #[must_use]
    pub fn redirect_uri(&self, domain: &str) -> String {
        format!("https://{domain}/auth/oauth2/callback?id={}", self.id)
    }

    /// Where people are sent to sign in by it.
    #[must_use]
    pub fn login_url(&self) -> String {
        format!("/auth/login?provider=oauth2&id={}&continue={{{{url}}}}", self.id)
    }
}

impl PlaceOs {
    /// The domains that PlaceOS answers on.
    ///
    /// # Errors
    ///
    /// As [`zones`](Self::zones).
    pub async fn domains(&self) -> Result<Vec<PlaceOsDomain>> {
        let domains: Vec<Value> = self.list(LIST_DOMAINS, &[]).await?;
        // What is set there for other parts of PlaceOS may hold secrets.
        let domains = domains.into_iter().map(|domain| without(domain, &["internals", "config"]));
        domains.map(|domain| decoded(LIST_DOMAINS, domain)).collect()
    }

    /// Sets where the people of a domain sign in and out.
    ///
    /// # Errors
    ///
    /// A [`PlaceOsError`].
    pub async fn set_login(&self, domain_id: &str, login_url: &str, logout_url: &str) -> Result<()> {
        let body = json!({ "login_url": login_url, "logout_url": logout_url });
        self.call(UPDATE_DOMAIN, &[domain_id], &[], Some(&body)).await.map(drop)
    }

    /// The authentication sources of a domain, by its id.
    ///
    /// # Errors
    ///
    /// As [`zones`](Self::zones).
    pub async fn auth_sources(&self, authority_id: &str) -> Result<Vec<AuthSource>> {
        let filter = [("authority_id", authority_id.to_owned())];
        let sources: Vec<Value> = self.list(LIST_AUTH_SOURCES, &filter).await?;
        let sources: Result<Vec<_>> = sources.into_iter().map(|it| auth_source_of(LIST_AUTH_SOURCES, it)).collect();
        // A service that does not know the filter gives all.
        Ok(sources?.into_iter().filter(|it| it.authority_id.as_deref() == Some(authority_id)).collect())
    }

    /// Creates an authentication source. The secret is left out as long as the application is not registered.
    ///
    /// # Errors
    ///
    /// A [`PlaceOsError`]; where its [outcome is unknown](PlaceOsError::is_outcome_unknown), look it up by its name.
    pub async fn create_auth_source(
        &self,
        source: &AuthSourceSettings,
        secret: Option<&SecretString>,
    ) -> Result<AuthSource> {
        let client = secret.map_or_else(|| self.clone(), |secret| self.hiding(secret));
        let answer = client.call(CREATE_AUTH_SOURCE, &[], &[], Some(&source.body(secret))).await?;
        auth_source_of(CREATE_AUTH_SOURCE, answer.body)
    }

    /// Changes an authentication source. Without a secret it keeps the one that it has.
    ///
    /// # Errors
    ///
    /// A [`PlaceOsError`].
    pub async fn update_auth_source(
        &self,
        id: &str,
        source: &AuthSourceSettings,
        secret: Option<&SecretString>,
    ) -> Result<AuthSource> {
        let client = secret.map_or_else(|| self.clone(), |secret| self.hiding(secret));
        let answer = client.call(UPDATE_AUTH_SOURCE, &[id], &[], Some(&source.body(secret))).await?;
        auth_source_of(UPDATE_AUTH_SOURCE, answer.body)
    }
}

/// The service gives the secret to administrators. It is not kept.
fn auth_source_of(endpoint: &'static Endpoint, source: Value) -> Result<AuthSource> {
    decoded(endpoint, without(source, &["client_secret"]))
}
