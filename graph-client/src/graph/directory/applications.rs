use std::time::SystemTime;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::client::Client;
use crate::graph::{
    Application, ApplicationUpdate, DirectoryObject, FederatedCredential, KeyCredential, List, NewApplication,
    NewPassword, Operation, Timestamp, call,
};
use crate::ids::{ClientId, FederatedCredentialRef, KeyId};

/// App registrations. Made by [`Client::applications`].
#[derive(Debug, Clone)]
pub struct Applications {
    pub(crate) client: Client,
    pub(crate) just_created: bool,
}

/// What names an app registration: its object id or its application (client) id, which are not the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApplicationRef {
    /// The object id of the app registration.
    Id(String),
    /// The application (client) id.
    AppId(ClientId),
    /// The unique name that it was given when it was made.
    UniqueName(String),
}

impl From<ClientId> for ApplicationRef {
    fn from(id: ClientId) -> Self {
        Self::AppId(id)
    }
}

impl From<&ClientId> for ApplicationRef {
    fn from(id: &ClientId) -> Self {
        Self::AppId(*id)
    }
}

impl From<&Application> for ApplicationRef {
    fn from(application: &Application) -> Self {
        Self::Id(application.id.clone())
    }
}

impl ApplicationRef {
    /// By the object id of the app registration.
    #[must_use]
    pub fn id(id: impl Into<String>) -> Self {
        Self::Id(id.into())
    }

    /// The path to what is below the registration, and the ids in it.
    fn path(&self, below: &str) -> (String, String) {
        match self {
            Self::Id(id) => (format!("/v1.0/applications/{{}}{below}"), id.clone()),
            Self::AppId(id) => (format!("/v1.0/applications(appId='{{}}'){below}"), id.to_string()),
            Self::UniqueName(name) => {
                (format!("/v1.0/applications(uniqueName='{{}}'){below}"), name.replace('\'', "''"))
            }
        }
    }
}

impl Applications {
    /// Says that the application was just created: calls then wait up to 35 s for the directory's servers to know it.
    /// Without this a missing object is an error at once.
    #[must_use]
    pub fn just_created(mut self) -> Self {
        self.just_created = true;
        self
    }

    fn call(&self, method: Method, name: &'static str, app: &ApplicationRef, below: &str) -> crate::graph::Request {
        let (path, id) = app.path(below);
        call(&self.client, method, name, &path, &[&id]).created(self.just_created)
    }

    /// All app registrations, 100 a page unless [`List::page_size`] says otherwise (at most 999).
    ///
    /// # Permissions
    ///
    /// `Application.Read.All`
    pub fn list(&self) -> List<Application> {
        List::records(call(&self.client, Method::GET, "list applications", "/v1.0/applications", &[]))
    }

    /// One app registration.
    ///
    /// # Permissions
    ///
    /// `Application.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn get(&self, app: impl Into<ApplicationRef>) -> Operation<Application> {
        self.call(Method::GET, "read an application", &app.into(), "").record()
    }

    /// Makes an app registration.
    ///
    /// # Permissions
    ///
    /// `Application.ReadWrite.OwnedBy`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) with Microsoft's reason. Sending it twice makes two: look for
    /// it before repeating a call whose outcome is unknown.
    pub fn create(&self, application: &NewApplication) -> Operation<Application> {
        call(&self.client, Method::POST, "create an application", "/v1.0/applications", &[]).body(application).record()
    }

    /// Changes an app registration. Collections are replaced, not added to.
    ///
    /// # Permissions
    ///
    /// `Application.ReadWrite.OwnedBy`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn update(&self, app: impl Into<ApplicationRef>, update: &ApplicationUpdate) -> Operation<()> {
        let request = self.call(Method::PATCH, "change an application", &app.into(), "");
        request.body(update).idempotent(true).unit()
    }

    /// Deletes an app registration, which can be restored for 30 days.
    ///
    /// # Permissions
    ///
    /// `Application.ReadWrite.OwnedBy`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn delete(&self, app: impl Into<ApplicationRef>) -> Operation<()> {
        self.call(Method::DELETE, "delete an application", &app.into(), "").unit()
    }

    /// Makes a client secret. Its text comes this once only. `end` is two years from now unless it is given.
    ///
    /// # Permissions
    ///
    /// `Application.ReadWrite.OwnedBy`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the tenant's policy forbids secrets or so long a life.
    pub fn add_password(
        &self,
        app: impl Into<ApplicationRef>,
        display_name: &str,
        end: Option<SystemTime>,
    ) -> Operation<NewPassword> {
        let mut credential = json!({ "displayName": display_name });
        if let Some(end) = end {
            credential["endDateTime"] = Timestamp::from(end).as_str().into();
        }
        let body = json!({ "passwordCredential": credential });
        self.call(Method::POST, "add a password to an application", &app.into(), "/addPassword").body(&body).record()
    }

    /// Takes a client secret away. Tokens that were issued with it live until they expire.
    ///
    /// # Permissions
    ///
    /// `Application.ReadWrite.OwnedBy`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is no such application.
    pub fn remove_password(&self, app: impl Into<ApplicationRef>, key: impl Into<KeyId>) -> Operation<()> {
        self.call(Method::POST, "remove a password from an application", &app.into(), "/removePassword")
            .body(&json!({ "keyId": key.into() }))
            .unit()
    }

    /// Replaces the certificates: those that are not named are taken away. This works without a valid key, which
    /// [`add_key`](Self::add_key) needs.
    ///
    /// # Permissions
    ///
    /// `Application.ReadWrite.OwnedBy`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is no such application.
    pub fn set_keys(&self, app: impl Into<ApplicationRef>, keys: &[KeyCredential]) -> Operation<()> {
        self.update(app, &ApplicationUpdate::new().key_credentials(keys.to_vec()))
    }

    /// Adds a certificate next to those that are there.
    ///
    /// `proof` is a token that an existing key of the application has signed: audience
    /// `00000002-0000-0000-c000-000000000000`, issuer the application's object id, valid for ten minutes.
    ///
    /// # Permissions
    ///
    /// None for an application's own keys, otherwise `Application.ReadWrite.OwnedBy`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the proof does not hold.
    pub fn add_key(
        &self,
        app: impl Into<ApplicationRef>,
        key: &KeyCredential,
        proof: &SecretString,
    ) -> Operation<KeyCredential> {
        self.call(Method::POST, "add a key to an application", &app.into(), "/addKey")
            .body(&json!({ "keyCredential": key, "passwordCredential": null, "proof": proof.expose_secret() }))
            .record()
    }

    /// Takes a certificate away. For `proof` see [`add_key`](Self::add_key).
    ///
    /// # Permissions
    ///
    /// None for an application's own keys, otherwise `Application.ReadWrite.OwnedBy`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the proof does not hold.
    pub fn remove_key(
        &self,
        app: impl Into<ApplicationRef>,
        key: impl Into<KeyId>,
        proof: &SecretString,
    ) -> Operation<()> {
        self.call(Method::POST, "remove a key from an application", &app.into(), "/removeKey")
            .body(&json!({ "keyId": key.into(), "proof": proof.expose_secret() }))
            .unit()
    }

    /// The owners: people and service principals that may change the registration and add credentials to it.
    ///
    /// # Permissions
    ///
    /// `Application.Read.All`. Owners of a kind that the application may not read come with their id alone.
    pub fn owners(&self, app: impl Into<ApplicationRef>) -> List<DirectoryObject> {
        List::records(self.call(Method::GET, "list the owners of an application", &app.into(), "/owners"))
    }

    /// The outside identities that may sign in as the application, without a secret.
    ///
    /// # Permissions
    ///
    /// `Application.Read.All`
    pub fn federated_credentials(&self, app: impl Into<ApplicationRef>) -> List<FederatedCredential> {
        let name = "list federated credentials";
        List::records(self.call(Method::GET, name, &app.into(), "/federatedIdentityCredentials"))
    }

    /// Lets an outside identity sign in as the application. Microsoft does not check the values: a wrong one shows
    /// only when a token is asked for.
    ///
    /// # Permissions
    ///
    /// `Application.ReadWrite.OwnedBy`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when the name or the pair of issuer and subject is taken.
    pub fn add_federated_credential(
        &self,
        app: impl Into<ApplicationRef>,
        credential: &FederatedCredential,
    ) -> Operation<FederatedCredential> {
        self.call(Method::POST, "add a federated credential", &app.into(), "/federatedIdentityCredentials")
            .body(credential)
            .record()
    }

    /// Takes an outside identity away, by the id or name of its credential.
    ///
    /// # Permissions
    ///
    /// `Application.ReadWrite.OwnedBy`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn delete_federated_credential(
        &self,
        app: impl Into<ApplicationRef>,
        credential: impl Into<FederatedCredentialRef>,
    ) -> Operation<()> {
        let credential: FederatedCredentialRef = credential.into();
        let (path, id) = app.into().path("/federatedIdentityCredentials/{}");
        let name = "delete a federated credential";
        call(&self.client, Method::DELETE, name, &path, &[&id, credential.as_str()]).unit()
    }
}

impl Client {
    /// App registrations.
    #[must_use]
    pub fn applications(&self) -> Applications {
        Applications { client: self.clone(), just_created: false }
    }
}
