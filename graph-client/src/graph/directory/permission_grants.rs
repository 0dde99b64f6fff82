use reqwest::Method;
use serde_json::json;

use crate::client::Client;
use crate::error::{ErrorKind, Result};
use crate::graph::macros::{open_enum, resource};
use crate::graph::{GrantOutcome, List, Operation, call};
use crate::ids::{DirectoryObjectId, PermissionGrantId, ServicePrincipalId};

/// Delegated permissions that have been granted (`oauth2PermissionGrants`). Made by [`Client::permission_grants`].
#[derive(Debug, Clone)]
pub struct PermissionGrants {
    pub(crate) client: Client,
}

impl PermissionGrants {
    /// All grants of the tenant.
    ///
    /// # Permissions
    ///
    /// `Directory.Read.All`
    pub fn list(&self) -> List<PermissionGrant> {
        List::records(call(&self.client, Method::GET, "list permission grants", "/v1.0/oauth2PermissionGrants", &[]))
    }

    /// One grant.
    ///
    /// # Permissions
    ///
    /// `Directory.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is none.
    pub fn get(&self, id: impl Into<PermissionGrantId>) -> Operation<PermissionGrant> {
        let id: PermissionGrantId = id.into();
        call(&self.client, Method::GET, "read a permission grant", "/v1.0/oauth2PermissionGrants/{}", &[id.as_str()])
            .record()
    }

    /// Grants delegated permissions of a resource, such as Microsoft Graph, for all people of the tenant (admin
    /// consent).
    ///
    /// There is one grant of each client for each resource. Where it exists, widen it by
    /// [`set_scopes`](Self::set_scopes).
    ///
    /// # Permissions
    ///
    /// `DelegatedPermissionGrant.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Denied`] without the permission.
    pub fn grant_for_all(
        &self,
        client: &ServicePrincipalId,
        resource: &ServicePrincipalId,
        scopes: &[&str],
    ) -> Operation<GrantOutcome<PermissionGrant>> {
        let body = json!({
            "clientId": client,
            "consentType": ConsentType::AllPrincipals,
            "resourceId": resource,
            "scope": scopes.join(" "),
        });
        self.create(&body)
    }

    /// Grants delegated permissions on behalf of one person.
    ///
    /// # Permissions
    ///
    /// `DelegatedPermissionGrant.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Denied`] without the permission.
    pub fn grant_for_one(
        &self,
        client: &ServicePrincipalId,
        resource: &ServicePrincipalId,
        user: impl Into<DirectoryObjectId>,
        scopes: &[&str],
    ) -> Operation<GrantOutcome<PermissionGrant>> {
        let body = json!({
            "clientId": client,
            "consentType": ConsentType::Principal,
            "principalId": user.into(),
            "resourceId": resource,
            "scope": scopes.join(" "),
        });
        self.create(&body)
    }

    fn create(&self, body: &serde_json::Value) -> Operation<GrantOutcome<PermissionGrant>> {
        // A second grant of the same pair is refused, so a repetition does no harm.
        let request = call(&self.client, Method::POST, "grant permissions", "/v1.0/oauth2PermissionGrants", &[]);
        request.body(body).idempotent(true).record().then(|outcome| match outcome {
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(GrantOutcome::Existed),
            outcome => outcome.map(GrantOutcome::New),
        })
    }

    /// Replaces the permissions of a grant: those that are not named are taken away.
    ///
    /// # Permissions
    ///
    /// `DelegatedPermissionGrant.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is no such grant.
    pub fn set_scopes(&self, id: impl Into<PermissionGrantId>, scopes: &[&str]) -> Operation<()> {
        let id: PermissionGrantId = id.into();
        let path = "/v1.0/oauth2PermissionGrants/{}";
        call(&self.client, Method::PATCH, "change a permission grant", path, &[id.as_str()])
            .body(&json!({ "scope": scopes.join(" ") }))
            .idempotent(true)
            .unit()
    }

    /// Takes a grant away.
    ///
    /// # Permissions
    ///
    /// `DelegatedPermissionGrant.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when it was taken away before.
    pub fn delete(&self, id: impl Into<PermissionGrantId>) -> Operation<()> {
        let id: PermissionGrantId = id.into();
        let path = "/v1.0/oauth2PermissionGrants/{}";
        call(&self.client, Method::DELETE, "delete a permission grant", path, &[id.as_str()]).unit()
    }
}

open_enum! {
    /// The principals that permissions were granted for.
    pub enum ConsentType {
        /// Everyone in the tenant.
        AllPrincipals = "AllPrincipals",
        /// One person.
        Principal = "Principal",
    }
}

resource! {
    /// Delegated permissions that a client has been granted.
    pub struct PermissionGrant {
        /// The grant's id.
        id: String,
        /// The object id of the service principal that may use them.
        client_id: Option<String>,
        /// The principals that they were granted for.
        consent_type: Option<ConsentType>,
        /// The person, where it is one.
        principal_id: Option<String>,
        /// The object id of the service principal that offers them.
        resource_id: Option<String>,
        /// The permissions, with spaces between them; see [`scopes`](Self::scopes).
        scope: Option<String>,
    }
}

impl PermissionGrant {
    /// The permissions one by one.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.as_deref().unwrap_or_default().split_whitespace()
    }
}

impl Client {
    /// Delegated permissions that have been granted.
    #[must_use]
    pub fn permission_grants(&self) -> PermissionGrants {
        PermissionGrants { client: self.clone() }
    }
}
