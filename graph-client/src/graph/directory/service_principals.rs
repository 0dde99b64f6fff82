use reqwest::Method;
use serde_json::json;

use crate::client::Client;
use crate::error::Result;
use crate::graph::model::{model, open_enum};
use crate::graph::{
    DirectoryObject, KeyCredential, List, Operation, PasswordCredential, PermissionGrant, Properties, Timestamp, call,
};
use crate::ids::{AppRoleAssignmentId, AppRoleId, ClientId, ServicePrincipalId};

/// Service principals (enterprise applications) and what they have been granted. Made by
/// [`Client::service_principals`].
#[derive(Debug, Clone)]
pub struct ServicePrincipals {
    pub(crate) client: Client,
    pub(crate) just_created: bool,
}

/// What creating something has come to that can exist once only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Created<T> {
    /// It was made by this call.
    New(T),
    /// It was there already.
    Existed,
}

impl<T> Created<T> {
    /// What this call has made.
    pub fn into_new(self) -> Option<T> {
        match self {
            Self::New(value) => Some(value),
            Self::Existed => None,
        }
    }
}

impl ServicePrincipals {
    /// Says that the application or service principal was just created: calls then wait up to 35 s for the
    /// directory's servers to know it. Without this a missing object is an error at once.
    #[must_use]
    pub fn just_created(mut self) -> Self {
        self.just_created = true;
        self
    }

    fn call(&self, method: Method, name: &'static str, path: &str, ids: &[&str]) -> crate::graph::Request {
        call(&self.client, method, name, path, ids).created(self.just_created)
    }

    /// All service principals, 100 a page unless [`List::page_size`] says otherwise (at most 999).
    ///
    /// # Permissions
    ///
    /// `Application.Read.All`
    pub fn list(&self) -> List<ServicePrincipal> {
        List::records(call(&self.client, Method::GET, "list service principals", "/v1.0/servicePrincipals", &[]))
    }

    /// One service principal, by its object id.
    ///
    /// # Permissions
    ///
    /// `Application.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none. The object id of the app registration
    /// is not found here: it is another object.
    pub fn get(&self, id: &ServicePrincipalId) -> Operation<ServicePrincipal> {
        let path = "/v1.0/servicePrincipals/{}";
        self.call(Method::GET, "read a service principal", path, &[&id.to_string()]).record()
    }

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
    pub fn by_app_id(&self, app_id: &ClientId) -> Operation<ServicePrincipal> {
        let path = format!("/v1.0/servicePrincipals(appId='{app_id}')");
        let operation = format!("read the service principal of application {app_id}");
        let request = self.client.request(Method::GET, &path).created(self.just_created);
        request.named("read a service principal", operation).record()
    }

    /// Makes the service principal of an application in this tenant. The one that is there, if there is one.
    ///
    /// # Permissions
    ///
    /// `Application.ReadWrite.OwnedBy` for one's own applications, `Application.ReadWrite.All` for any
    ///
    /// # Errors
    ///
    /// The code `NoBackingApplicationObject` when there is no such application, or it is too new: see
    /// [`just_created`](Self::just_created).
    pub async fn create(&self, app_id: &ClientId) -> Result<ServicePrincipal> {
        let body = json!({ "appId": app_id });
        let name = "create a service principal";
        // A second one cannot come to be.
        let create = self.call(Method::POST, name, "/v1.0/servicePrincipals", &[]).body(&body).idempotent(true);
        // Whether a conflict is lag or a service principal that exists, reading it tells.
        match create.record::<ServicePrincipal>().await {
            Err(error) if error.kind() == crate::error::ErrorKind::Conflict => self.by_app_id(app_id).await,
            outcome => outcome,
        }
    }

    /// Deletes a service principal. The application loses all access to this tenant.
    ///
    /// # Permissions
    ///
    /// `Application.ReadWrite.OwnedBy` for one's own applications, `Application.ReadWrite.All` for any
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn delete(&self, id: &ServicePrincipalId) -> Operation<()> {
        let path = "/v1.0/servicePrincipals/{}";
        call(&self.client, Method::DELETE, "delete a service principal", path, &[&id.to_string()]).unit()
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
        List::records(request)
    }

    /// Who has been granted app roles of this resource, such as Microsoft Graph.
    ///
    /// The list of Microsoft Graph itself can be very long; the other direction,
    /// [`app_role_assignments`](Self::app_role_assignments), is short.
    ///
    /// # Permissions
    ///
    /// `Application.Read.All`
    pub fn app_role_assigned_to(&self, resource: &ServicePrincipalId) -> List<AppRoleAssignment> {
        let path = "/v1.0/servicePrincipals/{}/appRoleAssignedTo";
        let name = "list the holders of app roles";
        List::records(call(&self.client, Method::GET, name, path, &[&resource.to_string()]))
    }

    /// Grants an app role (application permission) of a resource, such as Microsoft Graph, for the whole tenant.
    ///
    /// It is in tokens that are issued from now on; those that are out do not have it.
    ///
    /// # Permissions
    ///
    /// `AppRoleAssignment.ReadWrite.All` and `Application.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when a service principal does not exist, or is too new:
    /// see [`just_created`](Self::just_created).
    pub fn grant_app_role(
        &self,
        principal: &ServicePrincipalId,
        resource: &ServicePrincipalId,
        role: &AppRoleId,
    ) -> Operation<Created<AppRoleAssignment>> {
        let body = json!({ "principalId": principal, "resourceId": resource, "appRoleId": role });
        let resource = resource.to_string();
        let path = "/v1.0/servicePrincipals/{}/appRoleAssignedTo";
        // A repetition finds the role granted, which is success.
        let grant = self.call(Method::POST, "grant an app role", path, &[&resource]).body(&body).idempotent(true);
        grant.record().then(|outcome| match outcome {
            Err(error)
                if error.kind() == crate::error::ErrorKind::Conflict
                    && error.message().contains("Permission being assigned already exists") =>
            {
                Ok(Created::Existed)
            }
            outcome => outcome.map(Created::New),
        })
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
    pub fn delete_app_role_assignment(
        &self,
        id: &ServicePrincipalId,
        assignment: &AppRoleAssignmentId,
    ) -> Operation<()> {
        call(
            &self.client,
            Method::DELETE,
            "take an app role away from service principal",
            "/v1.0/servicePrincipals/{}/appRoleAssignments/{}",
            &[&id.to_string(), assignment.as_str()],
        )
        .unit()
    }

    /// The owners: people and service principals that may change the service principal and add credentials to it.
    ///
    /// # Permissions
    ///
    /// `Application.Read.All`. Owners of a kind that the application may not read come with their id alone.
    pub fn owners(&self, id: &ServicePrincipalId) -> List<DirectoryObject> {
        let path = "/v1.0/servicePrincipals/{}/owners";
        List::records(self.call(Method::GET, "list the owners of a service principal", path, &[&id.to_string()]))
    }

    /// What a service principal owns: applications, service principals, groups.
    ///
    /// # Permissions
    ///
    /// `Application.Read.All`
    pub fn owned_objects(&self, id: &ServicePrincipalId) -> List<DirectoryObject> {
        let path = "/v1.0/servicePrincipals/{}/ownedObjects";
        List::records(self.call(Method::GET, "list what a service principal owns", path, &[&id.to_string()]))
    }

    /// The groups, activated directory roles and administrative units that a service principal is a direct member of.
    ///
    /// # Permissions
    ///
    /// `Application.Read.All`
    pub fn member_of(&self, id: &ServicePrincipalId) -> List<DirectoryObject> {
        let path = "/v1.0/servicePrincipals/{}/memberOf";
        List::records(self.call(Method::GET, "list a service principal's memberships", path, &[&id.to_string()]))
    }

    /// The groups, activated directory roles and administrative units that a service principal is a member of, directly
    /// or through groups.
    ///
    /// Roles that are limited to a part of the directory, and those that are only eligible, are not among them:
    /// [`DirectoryRoles`](crate::graph::DirectoryRoles) knows them.
    ///
    /// # Permissions
    ///
    /// `Application.Read.All`
    pub fn transitive_member_of(&self, id: &ServicePrincipalId) -> List<DirectoryObject> {
        let path = "/v1.0/servicePrincipals/{}/transitiveMemberOf";
        let name = "list a service principal's transitive memberships";
        List::records(self.call(Method::GET, name, path, &[&id.to_string()]))
    }

    /// The delegated permissions that a service principal has been granted.
    ///
    /// # Permissions
    ///
    /// `Directory.Read.All`
    pub fn permission_grants(&self, id: &ServicePrincipalId) -> List<PermissionGrant> {
        let path = "/v1.0/servicePrincipals/{}/oauth2PermissionGrants";
        let id = id.to_string();
        let request = call(&self.client, Method::GET, "list the grants of a service principal", path, &[&id]);
        List::records_that(request, move |grant: &PermissionGrant| {
            grant.client_id.as_deref().is_none_or(|client| client.eq_ignore_ascii_case(&id))
        })
    }
}

open_enum! {
    /// What a service principal stands for.
    pub enum ServicePrincipalType {
        /// An application.
        Application = "Application",
        /// A managed identity of Azure.
        ManagedIdentity = "ManagedIdentity",
        /// An application from before app registrations.
        Legacy = "Legacy",
        /// A sign-in with another provider.
        SocialIdp = "SocialIdp",
    }
}

model! {
    /// An application as it exists in one tenant.
    pub struct ServicePrincipal {
        /// The object id.
        pub id: ServicePrincipalId = "id",
        /// The application (client) id.
        pub app_id: Option<ClientId> = "appId",
        /// The name that administrators see.
        pub display_name: Option<String> = "displayName",
        /// The name that the application's publisher gave it.
        pub app_display_name: Option<String> = "appDisplayName",
        /// A description.
        pub description: Option<String> = "description",
        /// The publisher's description.
        pub app_description: Option<String> = "appDescription",
        /// `false` when sign-in is disabled.
        pub account_enabled: Option<bool> = "accountEnabled",
        /// Whether Microsoft or an administrator has stopped it.
        pub is_disabled: Option<bool> = "isDisabled",
        /// The permissions that this application offers to other applications and to people.
        pub app_roles: Vec<AppRole> = "appRoles",
        /// The permissions that it offers on behalf of people.
        pub permission_scopes: Vec<PermissionScope> = "oauth2PermissionScopes",
        /// Whether only people and applications with a role get a token for it.
        pub app_role_assignment_required: Option<bool> = "appRoleAssignmentRequired",
        /// The tenant that the application is registered in.
        pub app_owner_organization_id: Option<String> = "appOwnerOrganizationId",
        /// What it stands for.
        pub kind: Option<ServicePrincipalType> = "servicePrincipalType",
        /// The names by which tokens can be asked for.
        pub service_principal_names: Vec<String> = "servicePrincipalNames",
        /// Whose people may sign in.
        pub sign_in_audience: Option<String> = "signInAudience",
        /// Other names, such as the Azure resource of a managed identity.
        pub alternative_names: Vec<String> = "alternativeNames",
        /// The home page.
        pub homepage: Option<String> = "homepage",
        /// Where sign-in starts.
        pub login_url: Option<String> = "loginUrl",
        /// Where sign-out ends.
        pub logout_url: Option<String> = "logoutUrl",
        /// Where tokens may be sent.
        pub reply_urls: Vec<String> = "replyUrls",
        /// Notes of the administrators.
        pub notes: Option<String> = "notes",
        /// Who is told when a certificate expires.
        pub notification_email_addresses: Vec<String> = "notificationEmailAddresses",
        /// Certificates.
        pub key_credentials: Vec<KeyCredential> = "keyCredentials",
        /// Secrets, without their text.
        pub password_credentials: Vec<PasswordCredential> = "passwordCredentials",
        /// Tags; `WindowsAzureActiveDirectoryIntegratedApp` makes it show among enterprise applications.
        pub tags: Vec<String> = "tags",
        /// Why Microsoft has disabled it.
        pub disabled_by_microsoft_status: Option<String> = "disabledByMicrosoftStatus",
        /// The gallery template that it was made from.
        pub application_template_id: Option<String> = "applicationTemplateId",
        /// The application that made it.
        pub created_by_app_id: Option<String> = "createdByAppId",
        /// How people sign in.
        pub preferred_single_sign_on_mode: Option<String> = "preferredSingleSignOnMode",
        /// The thumbprint of the certificate that signs tokens.
        pub preferred_token_signing_key_thumbprint: Option<String> = "preferredTokenSigningKeyThumbprint",
        /// The id of the key that encrypts tokens.
        pub token_encryption_key_id: Option<String> = "tokenEncryptionKeyId",
        /// When it was deleted, while it can be restored.
        pub deleted_date_time: Option<Timestamp> = "deletedDateTime",
    }

    /// A permission that an application offers to others.
    pub struct AppRole {
        /// The id by which it is granted.
        pub id: AppRoleId = "id",
        /// The name in tokens, such as `Calendars.ReadWrite`.
        pub value: Option<String> = "value",
        /// The name that administrators see.
        pub display_name: Option<String> = "displayName",
        /// What it allows.
        pub description: Option<String> = "description",
        /// Whether it can be granted.
        pub is_enabled: Option<bool> = "isEnabled",
        /// `Application`, `User` or both.
        pub allowed_member_types: Vec<String> = "allowedMemberTypes",
        /// Whether it is the application's or the service principal's.
        pub origin: Option<String> = "origin",
    }

    /// A permission that an application offers on behalf of the person who is signed in.
    #[derive(Default)]
    pub struct PermissionScope {
        /// The id by which it is asked for.
        pub id: String = "id",
        /// The name in tokens, such as `access_as_user`.
        pub value: Option<String> = "value",
        /// Who may consent: `User` or `Admin`.
        pub kind: Option<String> = "type",
        /// Whether it can be granted.
        pub is_enabled: Option<bool> = "isEnabled",
        /// The name that administrators see.
        pub admin_consent_display_name: Option<String> = "adminConsentDisplayName",
        /// What administrators read about it.
        pub admin_consent_description: Option<String> = "adminConsentDescription",
        /// The name that people see.
        pub user_consent_display_name: Option<String> = "userConsentDisplayName",
        /// What people read about it.
        pub user_consent_description: Option<String> = "userConsentDescription",
        /// Whether it is the application's or the service principal's.
        pub origin: Option<String> = "origin",
    }

    /// A permission that a service principal (or a person or group) has been granted, for the whole tenant.
    pub struct AppRoleAssignment {
        /// The assignment's id. It is opaque, not a GUID.
        pub id: AppRoleAssignmentId = "id",
        /// The granted role. All zeros stand for default access.
        pub app_role_id: uuid::Uuid = "appRoleId",
        /// The service principal that holds it.
        pub principal_id: Option<ServicePrincipalId> = "principalId",
        /// The name of what holds it.
        pub principal_display_name: Option<String> = "principalDisplayName",
        /// `ServicePrincipal`, `User` or `Group`.
        pub principal_type: Option<String> = "principalType",
        /// The service principal that offers it, such as that of Microsoft Graph.
        pub resource_id: Option<ServicePrincipalId> = "resourceId",
        /// The name of what offers it.
        pub resource_display_name: Option<String> = "resourceDisplayName",
        /// When it was granted.
        pub created_date_time: Option<Timestamp> = "createdDateTime",
        /// When it was taken away.
        pub deleted_date_time: Option<Timestamp> = "deletedDateTime",
    }
}

impl ServicePrincipal {
    /// A service principal of which only the id is known.
    #[must_use]
    pub fn new(id: ServicePrincipalId) -> Self {
        Self {
            id,
            app_id: None,
            display_name: None,
            app_display_name: None,
            description: None,
            app_description: None,
            account_enabled: None,
            is_disabled: None,
            app_roles: Vec::new(),
            permission_scopes: Vec::new(),
            app_role_assignment_required: None,
            app_owner_organization_id: None,
            kind: None,
            service_principal_names: Vec::new(),
            sign_in_audience: None,
            alternative_names: Vec::new(),
            homepage: None,
            login_url: None,
            logout_url: None,
            reply_urls: Vec::new(),
            notes: None,
            notification_email_addresses: Vec::new(),
            key_credentials: Vec::new(),
            password_credentials: Vec::new(),
            tags: Vec::new(),
            disabled_by_microsoft_status: None,
            application_template_id: None,
            created_by_app_id: None,
            preferred_single_sign_on_mode: None,
            preferred_token_signing_key_thumbprint: None,
            token_encryption_key_id: None,
            deleted_date_time: None,
            other: Properties::new(),
        }
    }

    /// The app role with a name, such as `Calendars.ReadWrite`, if it can be granted to applications.
    #[must_use]
    pub fn app_role(&self, value: &str) -> Option<&AppRole> {
        self.app_roles.iter().find(|role| {
            role.value.as_deref() == Some(value)
                && role.allowed_member_types.iter().any(|kind| kind.eq_ignore_ascii_case("Application"))
        })
    }
}

impl AppRole {
    /// An app role for applications.
    #[must_use]
    pub fn new(id: AppRoleId, value: impl Into<String>) -> Self {
        let value = Some(value.into());
        let allowed_member_types = vec!["Application".to_owned()];
        Self {
            id,
            value,
            display_name: None,
            description: None,
            is_enabled: Some(true),
            allowed_member_types,
            origin: None,
            other: Properties::new(),
        }
    }
}

impl AppRoleAssignment {
    /// An assignment of which only its id and the role are known.
    #[must_use]
    pub fn new(id: AppRoleAssignmentId, role: uuid::Uuid) -> Self {
        Self {
            id,
            app_role_id: role,
            principal_id: None,
            principal_display_name: None,
            principal_type: None,
            resource_id: None,
            resource_display_name: None,
            created_date_time: None,
            deleted_date_time: None,
            other: Properties::new(),
        }
    }
}

impl Client {
    /// Service principals (enterprise applications) and the permissions that they hold.
    #[must_use]
    pub fn service_principals(&self) -> ServicePrincipals {
        ServicePrincipals { client: self.clone(), just_created: false }
    }
}
