use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use uuid::Uuid;

use super::cmdlet::single_output;
use super::{Cmdlet, DistributionGroup, Effect, Identity, lenient};
use crate::ClientId;

/// What an application access policy does with its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AccessRight {
    /// The application reaches the scope and nothing else.
    RestrictAccess,
    /// The application reaches everything but the scope.
    DenyAccess,
}

/// `New-ApplicationAccessPolicy`: narrows what an application's tenant-wide permissions reach.
///
/// Microsoft asks to use RBAC for Applications instead. A policy takes effect after an hour or more, also when
/// [`TestApplicationAccessPolicy`] says otherwise. Nested groups count.
///
/// # Permissions
///
/// Organization Configuration: Organization Management or Exchange Administrator.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NewApplicationAccessPolicy {
    access_right: AccessRight,
    app_id: ClientId,
    policy_scope_group_id: Identity,
    description: Option<String>,
}

impl NewApplicationAccessPolicy {
    /// Restricts the application to the members of `group`, a mail-enabled security group.
    #[must_use]
    pub fn restrict(app_id: ClientId, group: impl Into<Identity>) -> Self {
        Self {
            access_right: AccessRight::RestrictAccess,
            app_id,
            policy_scope_group_id: group.into(),
            description: None,
        }
    }

    /// Closes the members of `group` to the application.
    #[must_use]
    pub fn deny(app_id: ClientId, group: impl Into<Identity>) -> Self {
        Self { access_right: AccessRight::DenyAccess, ..Self::restrict(app_id, group) }
    }

    /// Sets the description. All policies of a tenant share a limited space, which descriptions use up.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same with another group as its scope.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<Identity>) -> Self {
        self.policy_scope_group_id = group.into();
        self
    }
}

impl Cmdlet for NewApplicationAccessPolicy {
    const NAME: &'static str = "New-ApplicationAccessPolicy";
    const EFFECT: Effect = Effect::Write;
    type Output = ApplicationAccessPolicy;
}

impl fmt::Display for NewApplicationAccessPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (app, group) = (&self.app_id, &self.policy_scope_group_id);
        match self.access_right {
            AccessRight::RestrictAccess => write!(f, "Restrict application {app} to the members of {group}"),
            AccessRight::DenyAccess => write!(f, "Close the members of {group} to application {app}"),
        }
    }
}

/// `Get-ApplicationAccessPolicy`: all application access policies of the tenant.
///
/// There is no reading of one policy here: with an identity that is empty or unknown the cmdlet gives them all, and
/// whoever removes what it gave removes every policy.
///
/// # Permissions
///
/// View-Only Configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetApplicationAccessPolicy {}

impl GetApplicationAccessPolicy {
    /// All policies.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }
}

impl Cmdlet for GetApplicationAccessPolicy {
    const NAME: &'static str = "Get-ApplicationAccessPolicy";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<ApplicationAccessPolicy>;
}

impl fmt::Display for GetApplicationAccessPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("List the application access policies")
    }
}

/// An application access policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ApplicationAccessPolicy {
    /// `{tenant GUID}\{application id}:{scope's SID};{scope's GUID}`
    pub identity: String,
    /// The application, or `*` for all.
    pub app_id: String,
    /// The scope's name.
    pub scope_name: Option<String>,
    /// The scope's identity, as a name.
    pub scope_identity: Option<String>,
    /// `RestrictAccess` or `DenyAccess`.
    pub access_right: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// Whether Exchange can make sense of it; not, for example, when its scope was deleted.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_valid: Option<bool>,
}
single_output!(ApplicationAccessPolicy);

impl ApplicationAccessPolicy {
    /// Whether the policy is about this application, by name or because it is about all.
    #[must_use]
    pub fn concerns(&self, app: &ClientId) -> bool {
        self.app_id == "*" || self.app_id.eq_ignore_ascii_case(&app.to_string())
    }

    /// The right, when it is one of the two that are known.
    #[must_use]
    pub fn right(&self) -> Option<AccessRight> {
        match self.access_right.as_deref() {
            Some(text) if text.eq_ignore_ascii_case("RestrictAccess") => Some(AccessRight::RestrictAccess),
            Some(text) if text.eq_ignore_ascii_case("DenyAccess") => Some(AccessRight::DenyAccess),
            _ => None,
        }
    }

    /// Whether the group is the policy's scope: by GUID where the policy has it, else by name.
    #[must_use]
    pub fn has_scope(&self, group: &DistributionGroup) -> bool {
        match self.scope_guid() {
            Some(guid) => Some(guid) == group.guid || Some(guid) == group.external_directory_object_id,
            None => self.scope_name.as_deref().is_some_and(|name| group.is_named(name)),
        }
    }

    /// The GUID of the scope, which the identity ends in.
    #[must_use]
    pub fn scope_guid(&self) -> Option<Uuid> {
        Uuid::try_parse(self.identity.rsplit(';').next()?).ok()
    }
}

/// `Test-ApplicationAccessPolicy`: whether the policies let an application reach a mailbox.
///
/// It answers from the configuration. The live service may follow an hour later, or more.
///
/// # Permissions
///
/// View-Only Configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct TestApplicationAccessPolicy {
    identity: Identity,
    app_id: ClientId,
}

impl TestApplicationAccessPolicy {
    /// Whether `app_id` reaches `mailbox`.
    #[must_use]
    pub fn new(mailbox: impl Into<Identity>, app_id: ClientId) -> Self {
        Self { identity: mailbox.into(), app_id }
    }
}

impl Cmdlet for TestApplicationAccessPolicy {
    const NAME: &'static str = "Test-ApplicationAccessPolicy";
    const EFFECT: Effect = Effect::Read;
    type Output = AccessCheck;
}

impl fmt::Display for TestApplicationAccessPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Test whether the policies let application {} reach {}", self.app_id, self.identity)
    }
}

/// The answer of [`TestApplicationAccessPolicy`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct AccessCheck {
    /// The application.
    pub app_id: Option<String>,
    /// The mailbox's name.
    pub mailbox: Option<String>,
    /// The mailbox's object id.
    #[serde(deserialize_with = "lenient::guid")]
    pub mailbox_id: Option<Uuid>,
    /// The verdict.
    pub access_check_result: AccessCheckResult,
}
single_output!(AccessCheck);

/// A verdict. Exchange was seen to translate it, so any other text is no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[non_exhaustive]
pub enum AccessCheckResult {
    /// The policies let the application in.
    Granted,
    /// The policies keep the application out.
    Denied,
    /// The answer is not understood.
    #[default]
    Unknown,
}

impl<'de> Deserialize<'de> for AccessCheckResult {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Bool(true) => Self::Granted,
            serde_json::Value::Bool(false) => Self::Denied,
            serde_json::Value::String(text) if text.eq_ignore_ascii_case("granted") => Self::Granted,
            serde_json::Value::String(text) if text.eq_ignore_ascii_case("denied") => Self::Denied,
            _ => Self::Unknown,
        })
    }
}
