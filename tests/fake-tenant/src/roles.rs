//! Directory roles, and the two resources that have app roles.

mod app_roles;

use uuid::Uuid;

use crate::world::derived_id;

/// An Entra directory role, as far as it matters to access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DirectoryRole {
    /// Everything.
    GlobalAdministrator,
    /// Assigns directory roles and grants application permissions.
    PrivilegedRoleAdministrator,
    /// Everything in Exchange.
    ExchangeAdministrator,
    /// Recipients and groups, but neither policies nor roles.
    ExchangeRecipientAdministrator,
    /// Manages applications and their credentials; gives nothing in Exchange.
    ApplicationAdministrator,
    /// Manages applications and their credentials, apart from application proxies.
    CloudApplicationAdministrator,
    /// Manages synchronisation and federation.
    HybridIdentityAdministrator,
    /// An old role for partners, which is not to be used.
    PartnerTier1Support,
    /// An old role for partners, which is not to be used.
    PartnerTier2Support,
    /// Resets the credentials of everybody.
    PrivilegedAuthenticationAdministrator,
    /// Resets the credentials of people who are no administrators.
    AuthenticationAdministrator,
    /// Manages people and groups.
    UserAdministrator,
    /// Manages groups.
    GroupsAdministrator,
    /// Writes basic directory information.
    DirectoryWriters,
    /// Manages Teams and the groups behind them.
    TeamsAdministrator,
    /// Manages `SharePoint` and Microsoft 365 groups.
    SharePointAdministrator,
    /// Manages compliance.
    ComplianceAdministrator,
    /// Resets passwords of people who are no administrators.
    HelpdeskAdministrator,
    /// Reads everything.
    GlobalReader,
    /// Manages security.
    SecurityAdministrator,
    /// Reads security information.
    SecurityReader,
}

/// Each role with its template id and its name.
const DIRECTORY_ROLES: &[(DirectoryRole, &str, &str)] = &[
    (DirectoryRole::GlobalAdministrator, "62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
    (
        DirectoryRole::PrivilegedRoleAdministrator,
        "e8611ab8-c189-46e8-94e1-60213ab1f814",
        "Privileged Role Administrator",
    ),
    (DirectoryRole::ExchangeAdministrator, "29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator"),
    (
        DirectoryRole::ExchangeRecipientAdministrator,
        "31392ffb-586c-42d1-9346-e59415a2cc4e",
        "Exchange Recipient Administrator",
    ),
    (DirectoryRole::ApplicationAdministrator, "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator"),
    (
        DirectoryRole::CloudApplicationAdministrator,
        "158c047a-c907-4556-b7ef-446551a6b5f7",
        "Cloud Application Administrator",
    ),
    (
        DirectoryRole::HybridIdentityAdministrator,
        "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2",
        "Hybrid Identity Administrator",
    ),
    (DirectoryRole::PartnerTier1Support, "4ba39ca4-527c-499a-b93d-d9b492c50246", "Partner Tier1 Support"),
    (DirectoryRole::PartnerTier2Support, "e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8", "Partner Tier2 Support"),
    (
        DirectoryRole::PrivilegedAuthenticationAdministrator,
        "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
        "Privileged Authentication Administrator",
    ),
    (
        DirectoryRole::AuthenticationAdministrator,
        "c4e39bd9-1100-46d3-8c65-fb160da0071f",
        "Authentication Administrator",
    ),
    (DirectoryRole::UserAdministrator, "fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"),
    (DirectoryRole::GroupsAdministrator, "fdd7a751-b60b-444a-984c-02652fe8fa1c", "Groups Administrator"),
    (DirectoryRole::DirectoryWriters, "9360feb5-f418-4baa-8175-e2a00bac4301", "Directory Writers"),
    (DirectoryRole::TeamsAdministrator, "69091246-20e8-4a56-aa4d-066075b2a7a8", "Teams Administrator"),
    (DirectoryRole::SharePointAdministrator, "f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "SharePoint Administrator"),
    (DirectoryRole::ComplianceAdministrator, "17315797-102d-40b4-93e0-432062caca18", "Compliance Administrator"),
    (DirectoryRole::HelpdeskAdministrator, "729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator"),
    (DirectoryRole::GlobalReader, "f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"),
    (DirectoryRole::SecurityAdministrator, "194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator"),
    (DirectoryRole::SecurityReader, "5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader"),
];

impl DirectoryRole {
    fn entry(self) -> (&'static str, &'static str) {
        DIRECTORY_ROLES.iter().find(|(role, ..)| *role == self).map_or(("", ""), |(_, id, name)| (id, name))
    }

    /// The role's template id, the value of the `wids` claim.
    #[must_use]
    pub fn template_id(self) -> &'static str {
        self.entry().0
    }

    /// The name as administrators see it.
    #[must_use]
    pub fn display_name(self) -> &'static str {
        self.entry().1
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        DIRECTORY_ROLES.iter().map(|(role, ..)| *role)
    }

    pub(crate) fn of_template(id: &str) -> Option<Self> {
        Self::all().find(|role| role.template_id().eq_ignore_ascii_case(id))
    }
}

/// A service that tokens are issued for, and whose app roles are granted to applications. An app role is
/// known by its resource and its id: the two resources share some ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Microsoft Graph, `00000003-0000-0000-c000-000000000000`.
    Graph,
    /// Office 365 Exchange Online, `00000002-0000-0ff1-ce00-000000000000`.
    Exchange,
}

const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";

impl Resource {
    pub(crate) const ALL: [Self; 2] = [Self::Graph, Self::Exchange];

    /// The application id, the same in every tenant.
    #[must_use]
    pub fn app_id(self) -> &'static str {
        match self {
            Self::Graph => GRAPH,
            Self::Exchange => EXCHANGE,
        }
    }

    pub(crate) fn display_name(self) -> &'static str {
        match self {
            Self::Graph => "Microsoft Graph",
            Self::Exchange => "Office 365 Exchange Online",
        }
    }

    /// The object id of its service principal in this tenant.
    pub(crate) fn object_id(self) -> Uuid {
        derived_id("resource", self.app_id())
    }

    pub(crate) fn app_roles(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Graph => app_roles::GRAPH,
            Self::Exchange => app_roles::EXCHANGE,
        }
    }

    /// The resource that a scope names, with every national cloud's spelling of it.
    pub(crate) fn of_identifier(identifier: &str) -> Option<Self> {
        match identifier.trim_end_matches('/').to_ascii_lowercase().as_str() {
            "https://graph.microsoft.com"
            | "https://graph.microsoft.us"
            | "https://dod-graph.microsoft.us"
            | "https://microsoftgraph.chinacloudapi.cn"
            | GRAPH => Some(Self::Graph),
            "https://outlook.office365.com"
            | "https://outlook.office.com"
            | "https://outlook.office365.us"
            | "https://outlook-dod.office365.us"
            | "https://outlook.office365.cn"
            | "https://partner.outlook.cn"
            | EXCHANGE => Some(Self::Exchange),
            _ => None,
        }
    }
}

/// Finds an app role by name; of a name that both resources have, Graph's.
pub(crate) fn app_role(name: &str) -> Option<(Resource, Uuid)> {
    Resource::ALL.into_iter().find_map(|resource| Some((resource, app_role_of(resource, name)?)))
}

/// Finds an app role of one resource by its name or its id. An id need not be one that the resource lists.
pub(crate) fn app_role_of(resource: Resource, name_or_id: &str) -> Option<Uuid> {
    let listed = resource.app_roles().iter().find(|(value, _)| *value == name_or_id).map(|(_, id)| *id);
    Uuid::parse_str(listed.unwrap_or(name_or_id)).ok()
}

/// Finds an app role by id on one resource.
pub(crate) fn app_role_by_id(resource: Resource, id: Uuid) -> Option<&'static str> {
    let id = id.to_string();
    resource.app_roles().iter().find(|(_, other)| *other == id).map(|(value, _)| *value)
}
