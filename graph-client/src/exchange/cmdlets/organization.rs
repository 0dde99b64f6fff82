use uuid::Uuid;

use crate::exchange::lenient;
use crate::exchange::macros::{cmdlet, record};

cmdlet! {
    /// reads the settings of the Exchange organisation.
    Read "Get-OrganizationConfig" => GetOrganizationConfig -> OrganizationConfig, end_point "OrganizationConfig";
    permissions "View-Only Configuration.";
    sentence "Read the settings of the Exchange organisation";

    /// The settings of the organisation.
    fn new {
        /// Requests the applications that may use EWS (`RetrieveEwsOperationAccessPolicy`), which are not sent otherwise.
        switch retrieve_ews_operation_access_policy as with_ews_applications;
        select;
    }
}

record! {
    /// The settings of the Exchange organisation, as far as they matter to groups and applications.
    pub struct OrganizationConfig {
        /// The tenant's initial domain, under `onmicrosoft.com`.
        pub name: String,
        /// The organisation's display name.
        pub display_name: Option<String>,
        /// Whether the tenant is dehydrated: it still shares its roles with all others, so that none can be assigned.
        pub is_dehydrated: Option<bool>,
        /// The organisation's own GUID.
        pub guid: Option<Uuid>,
        /// Whether grants of RBAC for Applications are enforced beyond what Microsoft documents; it is off in live
        /// tenants.
        pub enforce_exo_app_rbac_permissions: Option<bool>,
        /// Whether mail tips are enabled. The documented end point (admin API v2.0) returns the settings of mail tips
        /// alone, and none of the others here.
        pub mail_tips_all_tips_enabled: Option<bool>,
        /// Whether Exchange Web Services are enabled for the organisation. `false` overrides every mailbox; a missing
        /// value meant "enabled" until October 2026 and is read as `false` since.
        pub ews_enabled: Option<bool>,
        /// The client ids of the applications that may use EWS. `None` unless
        /// [`with_ews_applications`](GetOrganizationConfig::with_ews_applications) requested them.
        #[serde(rename = "EwsAllowedAppIDs", skip_serializing_if = "Option::is_none")]
        pub ews_allowed_app_ids: Option<Vec<String>> = "lenient::some_flags",
        /// `EnforceAllowList` or `EnforceBlockList`: which list decides on user agents. The lists apply to Graph as well.
        pub ews_application_access_policy: Option<String>,
        /// The user agents that are allowed where the policy is `EnforceAllowList`.
        pub ews_allow_list: Vec<String>,
        /// The user agents that are blocked where the policy is `EnforceBlockList`.
        pub ews_block_list: Vec<String>,
        /// The naming policy for groups, such as `GRP_<GroupName>`. Empty for none.
        pub distribution_group_naming_policy: Option<String>,
        /// The words that a group's name may not contain.
        pub distribution_group_name_blocked_words_list: Vec<String> = "lenient::flags",
    }
}

cmdlet! {
    /// enables role customisation in a new tenant, so that roles can be assigned. It is done once; a second run fails with
    /// [`NotOffered`](crate::exchange::CmdletErrorKind::NotOffered).
    ///
    /// `IsDehydrated` is false at once, yet role groups and assignments cannot be created for up to an hour more.
    Write "Enable-OrganizationCustomization" => EnableOrganizationCustomization -> ();
    permissions "Organization Management.";
    sentence "Prepare the Exchange organisation for role assignments";

    /// Enables role customisation.
    fn new {}
}

cmdlet! {
    /// lists the domains that the organisation accepts mail for.
    Read "Get-AcceptedDomain" => GetAcceptedDomain -> Vec<AcceptedDomain>, end_point "AcceptedDomain";
    permissions "View-Only Configuration.";
    sentence "List the accepted domains";

    /// All accepted domains.
    fn new {}
}

record! {
    /// A domain that the organisation accepts mail for.
    pub struct AcceptedDomain {
        /// The domain, such as `contoso.com`.
        pub domain_name: String,
        /// `Authoritative` or `InternalRelay`.
        pub domain_type: Option<String>,
        /// Whether it is the default domain, which new addresses are created in.
        #[serde(rename = "Default")]
        pub is_default: Option<bool>,
        /// Whether it is the tenant's initial domain, under `onmicrosoft.com`.
        #[serde(rename = "InitialDomain")]
        pub is_initial: Option<bool>,
        /// Whether the domain is being removed.
        pub pending_removal: Option<bool>,
    }
}
