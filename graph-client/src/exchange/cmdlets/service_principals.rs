use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use uuid::Uuid;

use crate::exchange::cmdlet::single_output;
use crate::exchange::values::{Confirmed, check_display_name};
use crate::exchange::{Cmdlet, Effect, Identity, lenient};
use crate::ids::{ClientId, InvalidValue, ServicePrincipalId};
use crate::text::Printable;

/// `New-ServicePrincipal`: makes the pointer by which Exchange knows an application.
///
/// # Permissions
///
/// Role Management: Organization Management or Exchange Administrator.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NewServicePrincipal {
    app_id: ClientId,
    object_id: ServicePrincipalId,
    display_name: Option<String>,
}

impl NewServicePrincipal {
    /// The application, by its client id and the object id of its *enterprise application*.
    ///
    /// Exchange does not check the ids. With the object id of the app registration, which looks the same, a
    /// restriction would be made for nobody.
    #[must_use]
    pub fn new(app_id: ClientId, object_id: ServicePrincipalId) -> Self {
        Self { app_id, object_id, display_name: None }
    }

    /// The object id of the enterprise application.
    #[must_use]
    pub fn object_id(&self) -> ServicePrincipalId {
        self.object_id
    }

    /// Sets the name that administrators see.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }
}

impl Cmdlet for NewServicePrincipal {
    const NAME: &'static str = "New-ServicePrincipal";
    const EFFECT: Effect = Effect::Write;
    type Output = ExchangeServicePrincipal;

    fn check_output(&self, made: &ExchangeServicePrincipal) -> Result<(), String> {
        let is = |id: Option<Uuid>, asked: &Uuid| id.is_none_or(|id| id == *asked);
        if is(made.app_id, self.app_id.as_uuid()) && is(made.object_id, self.object_id.as_uuid()) {
            return Ok(());
        }
        Err("the service principal that came back is not the one that was asked for".into())
    }
}

impl fmt::Display for NewServicePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Register the service principal of application ")?;
        if let Some(name) = &self.display_name {
            write!(f, "\"{}\" ", Printable(name))?;
        }
        write!(f, "({}) in Exchange", self.app_id)
    }
}

/// `Get-ServicePrincipal`: applications as Exchange knows them.
///
/// # Permissions
///
/// View-Only Configuration or Role Management.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GetServicePrincipal {
    identity: Option<Identity>,
}

impl GetServicePrincipal {
    /// By client id, object id, name or GUID; [`NotFound`](crate::ErrorKind::NotFound) when Exchange does not know it.
    #[must_use]
    pub fn new(identity: impl Into<Identity>) -> Self {
        Self { identity: Some(identity.into()) }
    }

    /// All applications that Exchange knows.
    #[must_use]
    pub fn all() -> Self {
        Self { identity: None }
    }
}

impl Cmdlet for GetServicePrincipal {
    const NAME: &'static str = "Get-ServicePrincipal";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<ExchangeServicePrincipal>;
}

impl fmt::Display for GetServicePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.identity {
            Some(identity) => write!(f, "Look up the application {identity} in Exchange"),
            None => f.write_str("List the applications that Exchange knows"),
        }
    }
}

/// `Set-ServicePrincipal`: changes the name of an application in Exchange.
///
/// # Permissions
///
/// Role Management: Organization Management or Exchange Administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SetServicePrincipal {
    identity: ServicePrincipalId,
    display_name: String,
}

impl SetServicePrincipal {
    /// Gives the application the name that administrators see.
    #[must_use]
    pub fn new(service_principal: ServicePrincipalId, display_name: impl Into<String>) -> Self {
        Self { identity: service_principal, display_name: display_name.into() }
    }
}

impl Cmdlet for SetServicePrincipal {
    const NAME: &'static str = "Set-ServicePrincipal";
    const EFFECT: Effect = Effect::Write;
    type Output = ();

    fn check(&self) -> Result<(), InvalidValue> {
        check_display_name(Some(&self.display_name))
    }
}

impl fmt::Display for SetServicePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Printable(&self.display_name);
        write!(f, "Name the application (service principal {}) \"{name}\" in Exchange", self.identity)
    }
}

/// `Remove-ServicePrincipal`: makes Exchange forget an application. Its enterprise application in Entra stays.
///
/// # Permissions
///
/// Role Management: Organization Management or Exchange Administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RemoveServicePrincipal {
    identity: ServicePrincipalId,
    #[serde(default)]
    confirm: Confirmed,
}

impl RemoveServicePrincipal {
    /// Removes the pointer with this object id.
    #[must_use]
    pub fn new(service_principal: ServicePrincipalId) -> Self {
        Self { identity: service_principal, confirm: Confirmed }
    }
}

impl Cmdlet for RemoveServicePrincipal {
    const NAME: &'static str = "Remove-ServicePrincipal";
    const EFFECT: Effect = Effect::Write;
    type Output = ();
}

impl fmt::Display for RemoveServicePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remove the service principal {} from Exchange", self.identity)
    }
}

/// An application as Exchange knows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ExchangeServicePrincipal {
    /// The application (client) id.
    #[serde(deserialize_with = "lenient::guid")]
    pub app_id: Option<Uuid>,
    /// The object id of the enterprise application in Entra.
    #[serde(deserialize_with = "lenient::guid")]
    pub object_id: Option<Uuid>,
    /// The name that administrators see.
    #[serde(deserialize_with = "lenient::text")]
    pub display_name: Option<String>,
    /// The identity in Exchange.
    #[serde(deserialize_with = "lenient::text")]
    pub identity: Option<String>,
    /// The pointer's own GUID.
    #[serde(deserialize_with = "lenient::guid")]
    pub guid: Option<Uuid>,
    /// A switch beside the organisation's `EnforceExoAppRbacPermissions`; Microsoft does not describe it.
    #[serde(deserialize_with = "lenient::boolean")]
    pub override_enforce_exo_app_rbac_permissions: Option<bool>,
}
single_output!(ExchangeServicePrincipal);

/// `Test-ServicePrincipalAuthorization`: which role assignments an application has, and whether a mailbox is in their
/// scope.
///
/// It answers from the configuration, past the cache that Graph goes by for up to two hours, and does not see grants in
/// Entra: "in scope" does not mean that the application can read now, nor "not in scope" that it cannot.
///
/// # Permissions
///
/// Role Management or View-Only Configuration.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct TestServicePrincipalAuthorization {
    identity: Identity,
    resource: Option<Identity>,
}

impl TestServicePrincipalAuthorization {
    /// The role assignments of an application, by client id or object id.
    #[must_use]
    pub fn new(application: impl Into<Identity>) -> Self {
        Self { identity: application.into(), resource: None }
    }

    /// Asks whether this mailbox is in scope.
    #[must_use]
    pub fn resource(mut self, mailbox: impl Into<Identity>) -> Self {
        self.resource = Some(mailbox.into());
        self
    }
}

impl Cmdlet for TestServicePrincipalAuthorization {
    const NAME: &'static str = "Test-ServicePrincipalAuthorization";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<AuthorizationRow>;
}

impl fmt::Display for TestServicePrincipalAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.resource {
            Some(mailbox) => write!(f, "Test whether application {} is assigned to {mailbox}", self.identity),
            None => write!(f, "Test what application {} is assigned to", self.identity),
        }
    }
}

/// One role assignment of an application, as the test shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct AuthorizationRow {
    /// The role, such as `Application Calendars.Read`.
    #[serde(deserialize_with = "lenient::text")]
    pub role_name: Option<String>,
    /// What the role permits, such as `Calendars.Read`.
    #[serde(deserialize_with = "lenient::flags")]
    pub granted_permissions: Vec<String>,
    /// The scope's name.
    #[serde(deserialize_with = "lenient::text")]
    pub allowed_resource_scope: Option<String>,
    /// `CustomRecipientScope`, `AdministrativeUnit`, `Group` or `Organization`.
    #[serde(deserialize_with = "lenient::text")]
    pub scope_type: Option<String>,
    /// Whether the mailbox is in scope. Nothing when none was asked about, or the answer is not understood.
    #[serde(deserialize_with = "lenient::boolean")]
    pub in_scope: Option<bool>,
}
