use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::exchange::cmdlet::single_output;
use crate::exchange::{Cmdlet, Effect, Property, lenient};

/// `Get-OrganizationConfig`: the settings of the Exchange organisation.
///
/// # Permissions
///
/// View-Only Configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "PascalCase")]
pub struct GetOrganizationConfig {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    retrieve_ews_operation_access_policy: bool,
    #[serde(skip)]
    select: Vec<Property>,
}

impl GetOrganizationConfig {
    /// The settings of the organisation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the applications that EWS is open to as well, which are not sent otherwise.
    #[must_use]
    pub fn with_ews_applications(mut self) -> Self {
        self.retrieve_ews_operation_access_policy = true;
        self
    }

    /// Limits the answer to some properties; the others come back as if they were not set.
    #[must_use]
    pub fn select(mut self, properties: impl IntoIterator<Item = Property>) -> Self {
        self.select.extend(properties);
        self
    }
}

impl Cmdlet for GetOrganizationConfig {
    const NAME: &'static str = "Get-OrganizationConfig";
    const EFFECT: Effect = Effect::Read;
    type Output = OrganizationConfig;

    fn select(&self) -> &[Property] {
        &self.select
    }
}

impl fmt::Display for GetOrganizationConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Read the settings of the Exchange organisation")
    }
}

/// The settings of the Exchange organisation, as far as they matter to groups and applications.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct OrganizationConfig {
    /// The tenant's first domain, under `onmicrosoft.com`.
    #[serde(deserialize_with = "lenient::plain")]
    pub name: String,
    /// The organisation's name.
    #[serde(deserialize_with = "lenient::text")]
    pub display_name: Option<String>,
    /// Whether the tenant still shares its roles with all others, so that none can be assigned.
    #[serde(deserialize_with = "lenient::boolean")]
    pub is_dehydrated: Option<bool>,
    /// The organisation's own GUID.
    #[serde(deserialize_with = "lenient::guid")]
    pub guid: Option<Uuid>,
    /// Whether grants of RBAC for Applications are enforced beyond what Microsoft documents; it is off in live tenants.
    #[serde(deserialize_with = "lenient::boolean")]
    pub enforce_exo_app_rbac_permissions: Option<bool>,
    /// Whether mail tips are shown. The documented end point (admin API v2.0) gives the settings of mail tips alone, and
    /// none of the others here.
    #[serde(deserialize_with = "lenient::boolean")]
    pub mail_tips_all_tips_enabled: Option<bool>,
    /// Whether Exchange Web Services are open at all. `false` overrides every mailbox; nothing was "open" until October
    /// 2026 and is read as `false` since.
    #[serde(deserialize_with = "lenient::boolean")]
    pub ews_enabled: Option<bool>,
    /// The client ids of the applications that EWS is open to. Nothing unless
    /// [`with_ews_applications`](GetOrganizationConfig::with_ews_applications) asked for them.
    #[serde(
        rename = "EwsAllowedAppIDs",
        deserialize_with = "lenient::some_flags",
        skip_serializing_if = "Option::is_none"
    )]
    pub ews_allowed_app_ids: Option<Vec<String>>,
    /// `EnforceAllowList` or `EnforceBlockList`: which list decides on user agents. The lists hit Graph as well.
    #[serde(deserialize_with = "lenient::text")]
    pub ews_application_access_policy: Option<String>,
    /// The user agents that are let in where the policy enforces this list.
    #[serde(deserialize_with = "lenient::names")]
    pub ews_allow_list: Vec<String>,
    /// The user agents that are refused where the policy enforces this list.
    #[serde(deserialize_with = "lenient::names")]
    pub ews_block_list: Vec<String>,
    /// What the name of a new group is put into, such as `GRP_<GroupName>`. Empty for no policy.
    #[serde(deserialize_with = "lenient::text")]
    pub distribution_group_naming_policy: Option<String>,
    /// Words that no group's name may hold.
    #[serde(deserialize_with = "lenient::flags")]
    pub distribution_group_name_blocked_words_list: Vec<String>,
}
single_output!(OrganizationConfig);

/// `Enable-OrganizationCustomization`: gives a new tenant roles of its own, which it may then assign. It is done once;
/// a second run fails with [`NotOffered`](crate::exchange::CmdletErrorKind::NotOffered).
///
/// `IsDehydrated` is false at once, yet role groups and assignments cannot be made for up to an hour more.
///
/// # Permissions
///
/// Organization Management.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnableOrganizationCustomization {}

impl EnableOrganizationCustomization {
    /// Lets the tenant be customised.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Cmdlet for EnableOrganizationCustomization {
    const NAME: &'static str = "Enable-OrganizationCustomization";
    const EFFECT: Effect = Effect::Write;
    type Output = ();
}

impl fmt::Display for EnableOrganizationCustomization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prepare the Exchange organisation for role assignments")
    }
}

/// `Get-AcceptedDomain`: the domains that the organisation takes mail for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetAcceptedDomain {}

impl GetAcceptedDomain {
    /// All accepted domains.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Cmdlet for GetAcceptedDomain {
    const NAME: &'static str = "Get-AcceptedDomain";
    const EFFECT: Effect = Effect::Read;
    type Output = Vec<AcceptedDomain>;
}

impl fmt::Display for GetAcceptedDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("List the accepted domains")
    }
}

/// A domain that the organisation takes mail for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct AcceptedDomain {
    /// The domain, such as `contoso.com`.
    #[serde(deserialize_with = "lenient::plain")]
    pub domain_name: String,
    /// `Authoritative` or `InternalRelay`.
    #[serde(deserialize_with = "lenient::text")]
    pub domain_type: Option<String>,
    /// Whether new addresses are made in it.
    #[serde(rename = "Default", deserialize_with = "lenient::boolean")]
    pub is_default: Option<bool>,
    /// Whether it is the tenant's first one.
    #[serde(rename = "InitialDomain", deserialize_with = "lenient::boolean")]
    pub is_initial: Option<bool>,
    /// Whether it is being removed.
    #[serde(deserialize_with = "lenient::boolean")]
    pub pending_removal: Option<bool>,
}
