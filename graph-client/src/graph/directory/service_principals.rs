use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::client::Client;
use crate::error::Result;
use crate::graph::macros::{open_enum, resource};
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
pub enum GrantOutcome<T> {
    /// It was made by this call.
    New(T),
    /// It was there already.
    Existed,
}

impl<T> GrantOutcome<T> {
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
    ) -> Operation<GrantOutcome<AppRoleAssignment>> {
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
                Ok(GrantOutcome::Existed)
            }
            outcome => outcome.map(GrantOutcome::New),
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

resource! {
    /// An application as it exists in one tenant.
    pub struct ServicePrincipal requires id {
        /// The object id.
        id: ServicePrincipalId,
        /// The application (client) id.
        app_id: Option<ClientId>,
        /// The name that administrators see.
        display_name: Option<String>,
        /// The name that the application's publisher gave it.
        app_display_name: Option<String>,
        /// A description.
        description: Option<String>,
        /// The publisher's description.
        app_description: Option<String>,
        /// `false` when sign-in is disabled.
        account_enabled: Option<bool>,
        /// Whether Microsoft or an administrator has stopped it.
        is_disabled: Option<bool>,
        /// The permissions that this application offers to other applications and to people.
        app_roles: Vec<AppRole>,
        /// The permissions that it offers on behalf of people.
        permission_scopes: Vec<PermissionScope> = "oauth2PermissionScopes",
        /// Whether only people and applications with a role get a token for it.
        app_role_assignment_required: Option<bool>,
        /// The tenant that the application is registered in.
        app_owner_organization_id: Option<String>,
        /// What it stands for.
        kind: Option<ServicePrincipalType> = "servicePrincipalType",
        /// The names by which tokens can be asked for.
        service_principal_names: Vec<String>,
        /// Whose people may sign in.
        sign_in_audience: Option<String>,
        /// Other names, such as the Azure resource of a managed identity.
        alternative_names: Vec<String>,
        /// The home page.
        homepage: Option<String>,
        /// Where sign-in starts.
        login_url: Option<String>,
        /// Where sign-out ends.
        logout_url: Option<String>,
        /// Where tokens may be sent.
        reply_urls: Vec<String>,
        /// Notes of the administrators.
        notes: Option<String>,
        /// Who is told when a certificate expires.
        notification_email_addresses: Vec<String>,
        /// Certificates.
        key_credentials: Vec<KeyCredential>,
        /// Secrets, without their text.
        password_credentials: Vec<PasswordCredential>,
        /// Tags; `WindowsAzureActiveDirectoryIntegratedApp` makes it show among enterprise applications.
        tags: Vec<String>,
        /// Why Microsoft has disabled it.
        disabled_by_microsoft_status: Option<String>,
        /// The gallery template that it was made from.
        application_template_id: Option<String>,
        /// The application that made it.
        created_by_app_id: Option<String>,
        /// How people sign in.
        preferred_single_sign_on_mode: Option<String>,
        /// The thumbprint of the certificate that signs tokens.
        preferred_token_signing_key_thumbprint: Option<String>,
        /// The id of the key that encrypts tokens.
        token_encryption_key_id: Option<String>,
        /// When it was deleted, while it can be restored.
        deleted_date_time: Option<Timestamp>,
    }

    /// A permission that an application offers to others.
    pub struct AppRole requires id {
        /// The id by which it is granted.
        id: AppRoleId,
        /// The name in tokens, such as `Calendars.ReadWrite`.
        value: Option<String>,
        /// The name that administrators see.
        display_name: Option<String>,
        /// What it allows.
        description: Option<String>,
        /// Whether it can be granted.
        is_enabled: Option<bool>,
        /// `Application`, `User` or both.
        allowed_member_types: Vec<String>,
        /// Whether it is the application's or the service principal's.
        origin: Option<String>,
    }

    /// A permission that an application offers on behalf of the person who is signed in.
    pub struct PermissionScope {
        /// The id by which it is asked for.
        id: String,
        /// The name in tokens, such as `access_as_user`.
        value: Option<String>,
        /// Who may consent: `User` or `Admin`.
        kind: Option<String> = "type",
        /// Whether it can be granted.
        is_enabled: Option<bool>,
        /// The name that administrators see.
        admin_consent_display_name: Option<String>,
        /// What administrators read about it.
        admin_consent_description: Option<String>,
        /// The name that people see.
        user_consent_display_name: Option<String>,
        /// What people read about it.
        user_consent_description: Option<String>,
        /// Whether it is the application's or the service principal's.
        origin: Option<String>,
    }

    /// A permission that a service principal (or a person or group) has been granted, for the whole tenant.
    pub struct AppRoleAssignment requires id {
        /// The assignment's id. It is opaque, not a GUID.
        id: AppRoleAssignmentId,
        /// The granted role. All zeros stand for default access.
        app_role_id: Uuid,
        /// The service principal that holds it.
        principal_id: Option<ServicePrincipalId>,
        /// The name of what holds it.
        principal_display_name: Option<String>,
        /// `ServicePrincipal`, `User` or `Group`.
        principal_type: Option<String>,
        /// The service principal that offers it, such as that of Microsoft Graph.
        resource_id: Option<ServicePrincipalId>,
        /// The name of what offers it.
        resource_display_name: Option<String>,
        /// When it was granted.
        created_date_time: Option<Timestamp>,
        /// When it was taken away.
        deleted_date_time: Option<Timestamp>,
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
