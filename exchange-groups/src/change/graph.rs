//! Changes that are calls of Graph.

use std::fmt;

use graph_client::{AppRoleAssignmentId, AppRoleId, Client, ClientId, Method, ServicePrincipalId, printable};
use serde::{Deserialize, Serialize};

/// Revokes a tenant-wide permission of an application, through Graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RevokePermission {
    /// The application.
    pub application: ClientId,
    /// Its service principal.
    pub service_principal: ServicePrincipalId,
    /// The app role assignment.
    pub assignment: AppRoleAssignmentId,
    /// The permission, such as `Calendars.ReadWrite`.
    pub permission: String,
    /// The resource of the permission, such as *Microsoft Graph*.
    pub resource: String,
}

impl RevokePermission {
    pub(super) fn command(&self) -> String {
        format!(
            "Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId '{}' -AppRoleAssignmentId '{}'",
            self.service_principal, self.assignment
        )
    }

    pub(super) async fn make(&self, client: &Client) -> graph_client::Result<()> {
        client.service_principals().delete_app_role_assignment(&self.service_principal, &self.assignment).await
    }
}

impl fmt::Display for RevokePermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Revoke the tenant-wide permission \"{}\" ({}) of application {}",
            printable(&self.permission),
            printable(&self.resource),
            self.application
        )
    }
}

/// Grants an application a tenant-wide permission, through Graph: what an administrator's consent does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GrantPermission {
    /// The application.
    pub application: ClientId,
    /// Its service principal.
    pub service_principal: ServicePrincipalId,
    /// The service principal of the resource.
    pub resource_id: ServicePrincipalId,
    /// The app role.
    pub role: AppRoleId,
    /// The permission, such as `Calendars.ReadWrite`.
    pub permission: String,
    /// The resource of the permission, such as *Microsoft Graph*.
    pub resource: String,
}

impl GrantPermission {
    pub(super) fn command(&self) -> String {
        let Self { service_principal, resource_id, role, .. } = self;
        format!(
            "New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId '{service_principal}' -PrincipalId \
             '{service_principal}' -ResourceId '{resource_id}' -AppRoleId '{role}'"
        )
    }

    pub(super) async fn make(&self, client: &Client) -> graph_client::Result<()> {
        let principals = client.service_principals();
        principals.grant_app_role(&self.service_principal, &self.resource_id, &self.role).await.map(drop)
    }
}

impl fmt::Display for GrantPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Grant the tenant-wide permission \"{}\" ({}) to application {}",
            printable(&self.permission),
            printable(&self.resource),
            self.application
        )
    }
}

/// Disables the sign-in of an application, through Graph: it gets no new tokens, for whatever it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DisableSignIn {
    /// The application.
    pub application: ClientId,
    /// Its service principal.
    pub service_principal: ServicePrincipalId,
}

impl DisableSignIn {
    pub(super) fn command(&self) -> String {
        format!("Update-MgServicePrincipal -ServicePrincipalId '{}' -AccountEnabled:$false", self.service_principal)
    }

    pub(super) async fn make(&self, client: &Client) -> graph_client::Result<()> {
        let path = format!("/v1.0/servicePrincipals/{}", self.service_principal);
        let body = serde_json::json!({ "accountEnabled": false });
        client.request(Method::PATCH, path).body(&body).unit().await
    }
}

impl fmt::Display for DisableSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Disable the sign-in of application {}", self.application)
    }
}
