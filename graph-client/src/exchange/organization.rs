use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cmdlet::single_output;
use super::{Cmdlet, Effect, Property, lenient};

/// `Get-OrganizationConfig`: the settings of the Exchange organisation.
///
/// # Permissions
///
/// View-Only Configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetOrganizationConfig {
    #[serde(skip)]
    select: Vec<Property>,
}

impl GetOrganizationConfig {
    /// The settings of the organisation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
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
    pub name: String,
    /// The organisation's name.
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
    /// What the name of a new group is put into, such as `GRP_<GroupName>`. Empty for no policy.
    pub distribution_group_naming_policy: Option<String>,
    /// Words that no group's name may hold.
    #[serde(deserialize_with = "lenient::texts")]
    pub distribution_group_name_blocked_words_list: Vec<String>,
}
single_output!(OrganizationConfig);

/// `Enable-OrganizationCustomization`: gives a new tenant roles of its own, which it may then assign. It is done once;
/// a second run fails with [`NotOffered`](super::CmdletErrorKind::NotOffered).
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
        f.write_str("Let the Exchange organisation be customised")
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
    pub domain_name: String,
    /// `Authoritative` or `InternalRelay`.
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
