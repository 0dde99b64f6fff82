use std::fmt;
use std::time::SystemTime;

use secrecy::SecretString;
use serde::Deserialize;

use crate::graph::macros::{open_enum, resource};
use crate::graph::{AppRole, PermissionScope, Timestamp};
use crate::ids::ClientId;

open_enum! {
    /// Whose people may sign in.
    pub enum SignInAudience {
        /// Those of the application's own tenant.
        MyOrganization = "AzureADMyOrg",
        /// Those of any tenant.
        AnyOrganization = "AzureADMultipleOrgs",
        /// Those of any tenant, and personal accounts.
        AnyOrganizationAndPersonal = "AzureADandPersonalMicrosoftAccount",
        /// Personal accounts only.
        Personal = "PersonalMicrosoftAccount",
    }

    /// What kind of permission it is.
    pub enum ResourceAccessType {
        /// An app role: for the application itself.
        Role = "Role",
        /// A delegated permission: on behalf of a person.
        Scope = "Scope",
    }
}

resource! {
    /// An app registration.
    pub struct Application {
        /// The object id, which is not the client id.
        id: String,
        /// The application (client) id.
        app_id: Option<ClientId>,
        /// The name that people see.
        display_name: Option<String> [read create update],
        /// A description.
        description: Option<String> [read create update],
        /// A name that is set at creation and cannot be changed later.
        unique_name: Option<String> [read create],
        /// Whose people may sign in.
        sign_in_audience: Option<SignInAudience> [read create update],
        /// The names by which tokens for it can be asked for.
        identifier_uris: Vec<String> [read create update],
        /// The permissions that it declares. Declaring grants nothing.
        required_resource_access: Vec<RequiredResourceAccess> [read create update],
        /// The permissions that it offers to other applications and to people.
        app_roles: Vec<AppRole> [read create update],
        /// The permissions that it offers on behalf of people.
        api: Option<ApiApplication> [read create update],
        /// How a web application signs people in.
        web: Option<WebApplication> [read create update],
        /// How a single-page application signs people in.
        spa: Option<SinglePageApplication> [read create update],
        /// How an application on a device signs people in.
        public_client: Option<PublicClient> [read create update],
        /// Whether it is a public client (an application on a device) where nothing else tells.
        is_fallback_public_client: Option<bool> [read create update],
        /// Whether devices may sign in without a person.
        is_device_only_auth_supported: Option<bool>,
        /// Whether tokens come by POST only.
        oauth2_require_post_response: Option<bool>,
        /// Secrets, without their text.
        password_credentials: Vec<PasswordCredential>,
        /// Certificates. A list of applications leaves them out unless they are selected; an update replaces all of them.
        key_credentials: Vec<KeyCredential> [read create update],
        /// Which groups are in tokens.
        group_membership_claims: Option<String>,
        /// Links to show to people.
        info: Option<InformationalUrls>,
        /// Notes of the administrators.
        notes: Option<String> [read create update],
        /// The domain of the publisher.
        publisher_domain: Option<String>,
        /// A reference into the organisation's own records.
        service_management_reference: Option<String>,
        /// Where the SAML metadata is.
        saml_metadata_url: Option<String>,
        /// The first place that tokens may be sent to.
        default_redirect_uri: Option<String>,
        /// The gallery template that it was made from.
        application_template_id: Option<String>,
        /// The application that made it.
        created_by_app_id: Option<String>,
        /// Why Microsoft has disabled it.
        disabled_by_microsoft_status: Option<String>,
        /// Whether it is disabled.
        is_disabled: Option<bool>,
        /// The id of the key that encrypts tokens.
        token_encryption_key_id: Option<String>,
        /// Tags.
        tags: Vec<String> [read create update],
        /// When it was made.
        created_date_time: Option<Timestamp>,
        /// When it was deleted, while it can be restored.
        deleted_date_time: Option<Timestamp>,
    }
    /// An app registration that is to be made, by [`named`](Self::new).
    create NewApplication;
    /// Changes of an app registration. Collections are replaced, not added to.
    update ApplicationUpdate;
}

resource! {
    /// The permissions of one resource that an application declares.
    pub struct RequiredResourceAccess {
        /// The application id of the resource, such as Microsoft Graph.
        resource_app_id: Option<String>,
        /// The permissions.
        resource_access: Vec<ResourceAccess>,
    }

    /// A permission that an application declares.
    pub struct ResourceAccess {
        /// The id of the app role or delegated permission.
        id: String,
        /// Which of the two it is.
        kind: Option<ResourceAccessType> = "type",
    }

    /// What an application offers on behalf of people.
    pub struct ApiApplication {
        /// The permissions.
        permission_scopes: Vec<PermissionScope> = "oauth2PermissionScopes",
        /// Who needs no consent.
        pre_authorized_applications: Vec<PreAuthorizedApplication>,
        /// Who is consented to together with it.
        known_client_applications: Vec<String>,
        /// Whether claims may be mapped.
        accept_mapped_claims: Option<bool>,
        /// The version of tokens: 1 or 2.
        requested_access_token_version: Option<i32>,
    }

    /// An application that needs no consent.
    pub struct PreAuthorizedApplication {
        /// Its application (client) id.
        app_id: Option<String>,
        /// The permissions that it needs none for.
        delegated_permission_ids: Vec<String>,
    }

    /// How a web application signs people in.
    pub struct WebApplication {
        /// Where tokens may be sent.
        redirect_uris: Vec<String>,
        /// The home page.
        home_page_url: Option<String>,
        /// Where sign-out ends.
        logout_url: Option<String>,
    }

    /// How a single-page application signs people in.
    pub struct SinglePageApplication {
        /// Where tokens may be sent.
        redirect_uris: Vec<String>,
    }

    /// How an application on a device signs people in.
    pub struct PublicClient {
        /// Where tokens may be sent.
        redirect_uris: Vec<String>,
    }

    /// Links to show to people.
    pub struct InformationalUrls {
        /// The logo.
        logo_url: Option<String>,
        /// The marketing page.
        marketing_url: Option<String>,
        /// The privacy statement.
        privacy_statement_url: Option<String>,
        /// The support page.
        support_url: Option<String>,
        /// The terms of service.
        terms_of_service_url: Option<String>,
    }

    /// A client secret, without its text.
    pub struct PasswordCredential {
        /// The id by which it is removed.
        key_id: Option<String>,
        /// The name that administrators see.
        display_name: Option<String>,
        /// The first three characters.
        hint: Option<String>,
        /// A further id.
        custom_key_identifier: Option<String>,
        /// From when it is valid.
        start_date_time: Option<Timestamp>,
        /// Until when it is valid.
        end_date_time: Option<Timestamp>,
    }

    /// A certificate.
    pub struct KeyCredential {
        /// The id by which it is removed.
        key_id: Option<String>,
        /// The name that administrators see.
        display_name: Option<String>,
        /// `AsymmetricX509Cert` or another kind.
        kind: Option<String> = "type",
        /// `Verify` or `Sign`.
        usage: Option<String>,
        /// The certificate as Base64 of its DER form. Graph sends it only where it is selected.
        key: Option<String>,
        /// The thumbprint, as Base64.
        custom_key_identifier: Option<String>,
        /// From when it is valid.
        start_date_time: Option<Timestamp>,
        /// Until when it is valid.
        end_date_time: Option<Timestamp>,
    }

    /// An outside identity that may sign in as the application.
    pub struct FederatedCredential {
        /// The id.
        id: String,
        /// The name, 3 to 120 characters, which cannot be changed.
        name: Option<String>,
        /// Who vouches for the identity: the URL in its tokens.
        issuer: Option<String>,
        /// The identity; upper and lower case count.
        subject: Option<String>,
        /// The audience of its tokens: one value, `api://AzureADTokenExchange` in the worldwide cloud.
        audiences: Vec<String>,
        /// A description.
        description: Option<String>,
    }
}

impl PasswordCredential {
    /// Whether the secret is no longer valid at an instant. `None` when its end is not known.
    #[must_use]
    pub fn is_expired_at(&self, time: SystemTime) -> Option<bool> {
        Some(self.end_date_time.as_ref()?.to_system_time()? <= time)
    }
}

impl KeyCredential {
    /// A certificate by which an application signs in. `certificate` is Base64 of the DER form: what stands between
    /// the lines of a PEM file.
    #[must_use]
    pub fn certificate(display_name: impl Into<String>, certificate: impl Into<String>) -> Self {
        Self {
            kind: Some("AsymmetricX509Cert".into()),
            usage: Some("Verify".into()),
            key: Some(certificate.into()),
            display_name: Some(display_name.into()),
            ..Self::default()
        }
    }
}

impl FederatedCredential {
    /// An outside identity by its issuer and subject.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        issuer: impl Into<String>,
        subject: impl Into<String>,
        audience: impl Into<String>,
    ) -> Self {
        Self {
            name: Some(name.into()),
            issuer: Some(issuer.into()),
            subject: Some(subject.into()),
            audiences: vec![audience.into()],
            ..Self::default()
        }
    }
}

impl RequiredResourceAccess {
    /// Permissions of one resource: app roles for the application itself, scopes on behalf of people.
    #[must_use]
    pub fn new(resource: &ClientId, permissions: Vec<ResourceAccess>) -> Self {
        Self { resource_app_id: Some(resource.to_string()), resource_access: permissions, ..Self::default() }
    }
}

impl ResourceAccess {
    /// An app role, such as [`app_roles::CALENDARS_READ`](crate::well_known::app_roles::CALENDARS_READ).
    #[must_use]
    pub fn role(id: &crate::ids::AppRoleId) -> Self {
        Self { id: id.to_string(), kind: Some(ResourceAccessType::Role), ..Self::default() }
    }

    /// A delegated permission, such as [`scopes::CALENDARS_READ`](crate::well_known::scopes::CALENDARS_READ).
    #[must_use]
    pub fn scope(id: &uuid::Uuid) -> Self {
        Self { id: id.to_string(), kind: Some(ResourceAccessType::Scope), ..Self::default() }
    }
}

/// A client secret that was just made, with its text, which cannot be read again. `Debug` does not show it.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewPassword {
    /// The id by which it is removed.
    pub key_id: String,
    /// The name that administrators see.
    pub display_name: Option<String>,
    /// The first three characters.
    pub hint: Option<String>,
    /// From when it is valid.
    pub start_date_time: Option<Timestamp>,
    /// Until when it is valid.
    pub end_date_time: Option<Timestamp>,
    /// The secret.
    #[serde(rename = "secretText")]
    pub secret: SecretString,
}

impl crate::graph::Record for NewPassword {
    const PROPERTIES: &'static [&'static str] = &["secretText"];

    fn is_record(&self) -> bool {
        true
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPassword")
            .field("key_id", &self.key_id)
            .field("display_name", &self.display_name)
            .field("end_date_time", &self.end_date_time)
            .field("secret", &"<redacted>")
            .finish_non_exhaustive()
    }
}

impl NewApplication {
    /// An application for its own tenant.
    pub fn new(display_name: impl Into<String>) -> Self {
        Self::default().display_name(display_name).sign_in_audience(SignInAudience::MyOrganization)
    }
}
