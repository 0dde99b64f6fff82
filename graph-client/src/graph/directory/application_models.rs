use std::fmt;
use std::time::SystemTime;

use secrecy::SecretString;
use serde::Deserialize;

use crate::graph::model::{input, model, open_enum, update};
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

model! {
    /// An app registration.
    #[derive(Default)]
    pub struct Application {
        /// The object id, which is not the client id.
        pub id: String = "id",
        /// The application (client) id.
        pub app_id: Option<ClientId> = "appId",
        /// The name that people see.
        pub display_name: Option<String> = "displayName",
        /// A description.
        pub description: Option<String> = "description",
        /// A name that was given once and for all.
        pub unique_name: Option<String> = "uniqueName",
        /// Whose people may sign in.
        pub sign_in_audience: Option<SignInAudience> = "signInAudience",
        /// The names by which tokens for it can be asked for.
        pub identifier_uris: Vec<String> = "identifierUris",
        /// The permissions that it declares. Declaring grants nothing.
        pub required_resource_access: Vec<RequiredResourceAccess> = "requiredResourceAccess",
        /// The permissions that it offers to other applications and to people.
        pub app_roles: Vec<AppRole> = "appRoles",
        /// The permissions that it offers on behalf of people.
        pub api: Option<ApiApplication> = "api",
        /// How a web application signs people in.
        pub web: Option<WebApplication> = "web",
        /// How a single-page application signs people in.
        pub spa: Option<SinglePageApplication> = "spa",
        /// How an application on a device signs people in.
        pub public_client: Option<PublicClient> = "publicClient",
        /// Whether it is an application on a device, where nothing else tells.
        pub is_fallback_public_client: Option<bool> = "isFallbackPublicClient",
        /// Whether devices may sign in without a person.
        pub is_device_only_auth_supported: Option<bool> = "isDeviceOnlyAuthSupported",
        /// Whether tokens come by POST only.
        pub oauth2_require_post_response: Option<bool> = "oauth2RequirePostResponse",
        /// Secrets, without their text.
        pub password_credentials: Vec<PasswordCredential> = "passwordCredentials",
        /// Certificates. A list leaves them out unless they are selected.
        pub key_credentials: Vec<KeyCredential> = "keyCredentials",
        /// Which groups are in tokens.
        pub group_membership_claims: Option<String> = "groupMembershipClaims",
        /// Links to show to people.
        pub info: Option<InformationalUrls> = "info",
        /// Notes of the administrators.
        pub notes: Option<String> = "notes",
        /// The domain of the publisher.
        pub publisher_domain: Option<String> = "publisherDomain",
        /// A reference into the organisation's own records.
        pub service_management_reference: Option<String> = "serviceManagementReference",
        /// Where the SAML metadata is.
        pub saml_metadata_url: Option<String> = "samlMetadataUrl",
        /// The first place that tokens may be sent to.
        pub default_redirect_uri: Option<String> = "defaultRedirectUri",
        /// The gallery template that it was made from.
        pub application_template_id: Option<String> = "applicationTemplateId",
        /// The application that made it.
        pub created_by_app_id: Option<String> = "createdByAppId",
        /// Why Microsoft has disabled it.
        pub disabled_by_microsoft_status: Option<String> = "disabledByMicrosoftStatus",
        /// Whether it is disabled.
        pub is_disabled: Option<bool> = "isDisabled",
        /// The id of the key that encrypts tokens.
        pub token_encryption_key_id: Option<String> = "tokenEncryptionKeyId",
        /// Tags.
        pub tags: Vec<String> = "tags",
        /// When it was made.
        pub created_date_time: Option<Timestamp> = "createdDateTime",
        /// When it was deleted, while it can be restored.
        pub deleted_date_time: Option<Timestamp> = "deletedDateTime",
    }

    /// The permissions of one resource that an application declares.
    #[derive(Default)]
    pub struct RequiredResourceAccess {
        /// The application id of the resource, such as Microsoft Graph.
        pub resource_app_id: Option<String> = "resourceAppId",
        /// The permissions.
        pub resource_access: Vec<ResourceAccess> = "resourceAccess",
    }

    /// A permission that an application declares.
    #[derive(Default)]
    pub struct ResourceAccess {
        /// The id of the app role or delegated permission.
        pub id: String = "id",
        /// Which of the two it is.
        pub kind: Option<ResourceAccessType> = "type",
    }

    /// What an application offers on behalf of people.
    #[derive(Default)]
    pub struct ApiApplication {
        /// The permissions.
        pub permission_scopes: Vec<PermissionScope> = "oauth2PermissionScopes",
        /// Who needs no consent.
        pub pre_authorized_applications: Vec<PreAuthorizedApplication> = "preAuthorizedApplications",
        /// Who is consented to together with it.
        pub known_client_applications: Vec<String> = "knownClientApplications",
        /// Whether claims may be mapped.
        pub accept_mapped_claims: Option<bool> = "acceptMappedClaims",
        /// The version of tokens: 1 or 2.
        pub requested_access_token_version: Option<i32> = "requestedAccessTokenVersion",
    }

    /// An application that needs no consent.
    #[derive(Default)]
    pub struct PreAuthorizedApplication {
        /// Its application (client) id.
        pub app_id: Option<String> = "appId",
        /// The permissions that it needs none for.
        pub delegated_permission_ids: Vec<String> = "delegatedPermissionIds",
    }

    /// How a web application signs people in.
    #[derive(Default)]
    pub struct WebApplication {
        /// Where tokens may be sent.
        pub redirect_uris: Vec<String> = "redirectUris",
        /// The home page.
        pub home_page_url: Option<String> = "homePageUrl",
        /// Where sign-out ends.
        pub logout_url: Option<String> = "logoutUrl",
    }

    /// How a single-page application signs people in.
    #[derive(Default)]
    pub struct SinglePageApplication {
        /// Where tokens may be sent.
        pub redirect_uris: Vec<String> = "redirectUris",
    }

    /// How an application on a device signs people in.
    #[derive(Default)]
    pub struct PublicClient {
        /// Where tokens may be sent.
        pub redirect_uris: Vec<String> = "redirectUris",
    }

    /// Links to show to people.
    #[derive(Default)]
    pub struct InformationalUrls {
        /// The logo.
        pub logo_url: Option<String> = "logoUrl",
        /// The marketing page.
        pub marketing_url: Option<String> = "marketingUrl",
        /// The privacy statement.
        pub privacy_statement_url: Option<String> = "privacyStatementUrl",
        /// The support page.
        pub support_url: Option<String> = "supportUrl",
        /// The terms of service.
        pub terms_of_service_url: Option<String> = "termsOfServiceUrl",
    }

    /// A client secret, without its text.
    #[derive(Default)]
    pub struct PasswordCredential {
        /// The id by which it is removed.
        pub key_id: Option<String> = "keyId",
        /// The name that administrators see.
        pub display_name: Option<String> = "displayName",
        /// The first three characters.
        pub hint: Option<String> = "hint",
        /// A further id.
        pub custom_key_identifier: Option<String> = "customKeyIdentifier",
        /// From when it is valid.
        pub start_date_time: Option<Timestamp> = "startDateTime",
        /// Until when it is valid.
        pub end_date_time: Option<Timestamp> = "endDateTime",
    }

    /// A certificate.
    #[derive(Default)]
    pub struct KeyCredential {
        /// The id by which it is removed.
        pub key_id: Option<String> = "keyId",
        /// The name that administrators see.
        pub display_name: Option<String> = "displayName",
        /// `AsymmetricX509Cert` or another kind.
        pub kind: Option<String> = "type",
        /// `Verify` or `Sign`.
        pub usage: Option<String> = "usage",
        /// The certificate as Base64 of its DER form. Graph sends it only where it is selected.
        pub key: Option<String> = "key",
        /// The thumbprint, as Base64.
        pub custom_key_identifier: Option<String> = "customKeyIdentifier",
        /// From when it is valid.
        pub start_date_time: Option<Timestamp> = "startDateTime",
        /// Until when it is valid.
        pub end_date_time: Option<Timestamp> = "endDateTime",
    }

    /// An outside identity that may sign in as the application.
    #[derive(Default)]
    pub struct FederatedCredential {
        /// The id.
        pub id: String = "id",
        /// The name, 3 to 120 characters, which cannot be changed.
        pub name: Option<String> = "name",
        /// Who vouches for the identity: the URL in its tokens.
        pub issuer: Option<String> = "issuer",
        /// The identity; upper and lower case count.
        pub subject: Option<String> = "subject",
        /// The audience of its tokens: one value, `api://AzureADTokenExchange` in the worldwide cloud.
        pub audiences: Vec<String> = "audiences",
        /// A description.
        pub description: Option<String> = "description",
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

input! {
    /// An app registration that is to be made, by [`named`](Self::new).
    pub struct NewApplication {
        /// The name that people see.
        pub display_name: String = "displayName",
        /// A description.
        pub description: String = "description",
        /// A name that cannot be changed later.
        pub unique_name: String = "uniqueName",
        /// Whose people may sign in.
        pub sign_in_audience: SignInAudience = "signInAudience",
        /// The names by which tokens for it can be asked for.
        pub identifier_uris: Vec<String> = "identifierUris",
        /// The permissions that it declares. Declaring grants nothing.
        pub required_resource_access: Vec<RequiredResourceAccess> = "requiredResourceAccess",
        /// The permissions that it offers to other applications and to people.
        pub app_roles: Vec<AppRole> = "appRoles",
        /// The permissions that it offers on behalf of people.
        pub api: ApiApplication = "api",
        /// How a web application signs people in.
        pub web: WebApplication = "web",
        /// How a single-page application signs people in.
        pub spa: SinglePageApplication = "spa",
        /// How an application on a device signs people in.
        pub public_client: PublicClient = "publicClient",
        /// Whether it is an application on a device.
        pub is_fallback_public_client: bool = "isFallbackPublicClient",
        /// Certificates.
        pub key_credentials: Vec<KeyCredential> = "keyCredentials",
        /// Notes of the administrators.
        pub notes: String = "notes",
        /// Tags.
        pub tags: Vec<String> = "tags",
    }
}

impl NewApplication {
    /// An application for its own tenant.
    pub fn new(display_name: impl Into<String>) -> Self {
        Self::default().display_name(display_name).sign_in_audience(SignInAudience::MyOrganization)
    }
}

update! {
    /// Changes of an app registration. Collections are replaced, not added to.
    pub struct ApplicationUpdate {
        /// The name that people see.
        pub display_name: String = "displayName",
        /// A description.
        pub description: String = "description",
        /// Whose people may sign in.
        pub sign_in_audience: SignInAudience = "signInAudience",
        /// The names by which tokens for it can be asked for.
        pub identifier_uris: Vec<String> = "identifierUris",
        /// The permissions that it declares. Declaring grants nothing.
        pub required_resource_access: Vec<RequiredResourceAccess> = "requiredResourceAccess",
        /// The permissions that it offers to other applications and to people.
        pub app_roles: Vec<AppRole> = "appRoles",
        /// The permissions that it offers on behalf of people.
        pub api: ApiApplication = "api",
        /// How a web application signs people in.
        pub web: WebApplication = "web",
        /// How a single-page application signs people in.
        pub spa: SinglePageApplication = "spa",
        /// How an application on a device signs people in.
        pub public_client: PublicClient = "publicClient",
        /// Whether it is an application on a device.
        pub is_fallback_public_client: bool = "isFallbackPublicClient",
        /// Certificates, all of them.
        pub key_credentials: Vec<KeyCredential> = "keyCredentials",
        /// Notes of the administrators.
        pub notes: String = "notes",
        /// Tags.
        pub tags: Vec<String> = "tags",
    }
}
