use serde::{Deserialize, Serialize};
use serde_with::{DefaultOnNull, serde_as};

use super::segment;
use crate::{AppRoleAssignmentId, AppRoleId, Client, ClientId, List, Method, Result, ServicePrincipalId};

/// Service principals (enterprise applications). Made by [`Client::service_principals`].
#[derive(Debug, Clone)]
pub struct ServicePrincipals {
    pub(crate) client: Client,
}

impl ServicePrincipals {
    /// The service principal of an application in this tenant.
    ///
    /// # Permissions
    ///
    /// `Application.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the application has none: nobody has consented to it
    /// in this tenant.
    pub async fn by_app_id(&self, app_id: &ClientId) -> Result<ServicePrincipal> {
        self.client
            .request(Method::GET, format!("/v1.0/servicePrincipals(appId='{app_id}')"))
            .named("read a service principal", format!("read the service principal of application {app_id}"))
            .json()
            .await
    }

    /// The app roles (application permissions) that a service principal has been granted.
    ///
    /// # Permissions
    ///
    /// `Application.Read.All`
    pub fn app_role_assignments(&self, id: &ServicePrincipalId) -> List<AppRoleAssignment> {
        let request = self
            .client
            .request(Method::GET, format!("/v1.0/servicePrincipals/{id}/appRoleAssignments"))
            .named("list app role assignments", format!("list the app roles granted to service principal {id}"));
        List::new(request)
    }

    /// Takes a granted app role away. Tokens that were issued before keep it until they expire.
    ///
    /// # Permissions
    ///
    /// `AppRoleAssignment.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it was taken away before.
    pub async fn delete_app_role_assignment(
        &self,
        id: &ServicePrincipalId,
        assignment: &AppRoleAssignmentId,
    ) -> Result<()> {
        let assignment = segment(assignment.as_str());
        self.client
            .request(Method::DELETE, format!("/v1.0/servicePrincipals/{id}/appRoleAssignments/{assignment}"))
            .named("delete an app role assignment", format!("take an app role away from service principal {id}"))
            .send()
            .await
            .map(drop)
    }
}

/// An application as it exists in one tenant.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServicePrincipal {
    /// The object id.
    pub id: ServicePrincipalId,
    /// The application (client) id.
    pub app_id: Option<ClientId>,
    /// The name that administrators see.
    pub display_name: Option<String>,
    /// `false` when sign-in is disabled.
    pub account_enabled: Option<bool>,
    /// The permissions that this application offers to others.
    #[serde_as(as = "DefaultOnNull<Vec<_>>")]
    #[serde(default)]
    pub app_roles: Vec<AppRole>,
}

/// A permission that an application offers to others.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AppRole {
    /// The id by which it is granted.
    pub id: AppRoleId,
    /// The name in tokens, such as `Calendars.ReadWrite`.
    pub value: Option<String>,
    /// The name that administrators see.
    pub display_name: Option<String>,
    /// Whether it can be granted.
    pub is_enabled: Option<bool>,
    /// `Application` or `User`.
    #[serde_as(as = "DefaultOnNull<Vec<_>>")]
    #[serde(default)]
    pub allowed_member_types: Vec<String>,
}

/// A permission that a service principal has been granted, for the whole tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AppRoleAssignment {
    /// The assignment's id. It is opaque, not a GUID.
    pub id: AppRoleAssignmentId,
    /// The granted role. All zeros stand for default access.
    pub app_role_id: uuid::Uuid,
    /// The service principal that holds it.
    pub principal_id: Option<ServicePrincipalId>,
    /// The service principal that offers it, such as that of Microsoft Graph.
    pub resource_id: Option<ServicePrincipalId>,
    /// The name of what offers it.
    pub resource_display_name: Option<String>,
}
