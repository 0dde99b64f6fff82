//! App roles, directory roles and the two resources that have them.

use uuid::Uuid;

use crate::world::derived_id;

/// An Entra directory role, as far as this tenant knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DirectoryRole {
    /// Everything.
    GlobalAdministrator,
    /// Everything in Exchange.
    ExchangeAdministrator,
    /// Recipients and groups, but neither policies nor roles.
    ExchangeRecipientAdministrator,
    /// Reads everything.
    GlobalReader,
    /// Manages applications; gives nothing in Exchange.
    ApplicationAdministrator,
}

impl DirectoryRole {
    /// The role's template id, the value of the `wids` claim.
    #[must_use]
    pub fn template_id(self) -> &'static str {
        match self {
            Self::GlobalAdministrator => "62e90394-69f5-4237-9190-012177145e10",
            Self::ExchangeAdministrator => "29232cdf-9323-42fd-ade2-1d097af3e4de",
            Self::ExchangeRecipientAdministrator => "31392ffb-586c-42d1-9346-e59415a2cc4e",
            Self::GlobalReader => "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
            Self::ApplicationAdministrator => "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
        }
    }
}

impl DirectoryRole {
    pub(crate) const ALL: [Self; 5] = [
        Self::GlobalAdministrator,
        Self::ExchangeAdministrator,
        Self::ExchangeRecipientAdministrator,
        Self::GlobalReader,
        Self::ApplicationAdministrator,
    ];

    pub(crate) fn of_template(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.template_id().eq_ignore_ascii_case(id))
    }

    /// The name as administrators see it.
    #[must_use]
    pub fn display_name(self) -> &'static str {
        match self {
            Self::GlobalAdministrator => "Global Administrator",
            Self::ExchangeAdministrator => "Exchange Administrator",
            Self::ExchangeRecipientAdministrator => "Exchange Recipient Administrator",
            Self::GlobalReader => "Global Reader",
            Self::ApplicationAdministrator => "Application Administrator",
        }
    }
}

/// A service that tokens are issued for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Graph,
    Exchange,
}

const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";

impl Resource {
    pub(crate) const ALL: [Self; 2] = [Self::Graph, Self::Exchange];

    pub(crate) fn app_id(self) -> &'static str {
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
            Self::Graph => GRAPH_ROLES,
            Self::Exchange => EXCHANGE_ROLES,
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

/// Finds an app role by name. Names are unique over both resources.
pub(crate) fn app_role(name: &str) -> Option<(Resource, &'static str, Uuid)> {
    Resource::ALL.into_iter().find_map(|resource| {
        resource
            .app_roles()
            .iter()
            .find(|(value, _)| *value == name)
            .and_then(|(value, id)| Some((resource, *value, Uuid::parse_str(id).ok()?)))
    })
}

/// Finds an app role by id on one resource.
pub(crate) fn app_role_by_id(resource: Resource, id: Uuid) -> Option<&'static str> {
    let id = id.to_string();
    resource.app_roles().iter().find(|(_, other)| *other == id).map(|(value, _)| *value)
}

const GRAPH_ROLES: &[(&str, &str)] = &[
    ("Calendars.Read", "798ee544-9d2d-430c-a058-570e29e34338"),
    ("Calendars.ReadWrite", "ef54d2bf-783f-4e0f-bca1-3210c0444d99"),
    ("Calendars.ReadBasic.All", "8ba4a692-bc31-4128-9094-475872af8a53"),
    ("Place.Read.All", "913b9306-0ce1-42b8-9137-6a7df690a760"),
    ("Place.ReadWrite.All", "f1f5e9aa-ad18-4b97-883e-6aa7e95b7a5f"),
    ("User.ReadBasic.All", "97235f07-e226-4f63-ace3-39588e11d3a1"),
    ("User.Read.All", "df021288-bdef-4463-88db-98f22de89214"),
    ("Group.Read.All", "5b567255-7703-4780-807c-7be8301ae99b"),
    ("Group.Create", "bf7b1a76-6e77-406b-b258-bf5c7720e98f"),
    ("Group.ReadWrite.All", "62a82d76-70ea-41e2-9197-370581804d09"),
    ("GroupMember.Read.All", "98830695-27a2-44f7-8c18-0c3ebc9698f6"),
    ("GroupMember.ReadWrite.All", "dbaae8cf-10b5-4b86-a4a1-f871c94c6695"),
    ("MailboxSettings.Read", "40f97065-369a-49f4-947c-6a255697ae91"),
    ("MailboxSettings.ReadWrite", "6931bccd-447a-43d1-b442-00a195474933"),
    ("Mail.Send", "b633e1c5-b582-4048-a93e-9f11b44c7e96"),
    ("Application.Read.All", "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"),
    ("Application.ReadWrite.All", "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9"),
    ("Application.ReadWrite.OwnedBy", "18a4783c-866b-4cc7-a460-3d5e5662c884"),
    ("AppRoleAssignment.ReadWrite.All", "06b708a9-e830-4db3-a914-8e69da51d44f"),
    ("DelegatedPermissionGrant.ReadWrite.All", "8e8e4742-1d95-4f68-9d56-6ee75648c72a"),
    ("Directory.Read.All", "7ab1d382-f21e-4acd-a863-ba3e13f7da61"),
    ("RoleManagement.Read.Directory", "483bed4a-2ad3-4361-a73b-c83ccdbdc53c"),
    ("RoleManagement.ReadWrite.Directory", "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"),
    ("RoleManagement.Read.Exchange", "c769435f-f061-4d0b-8ff1-3d39870e5f85"),
    ("Organization.Read.All", "498476ce-e0fe-48b0-b801-37ba7e2685c6"),
    ("Domain.Read.All", "dbb9058a-0e50-45d7-ae91-66909b5d4664"),
    ("RoleAssignmentSchedule.Read.Directory", "d5fe8ce8-684c-4c83-a52c-46e882ce4be1"),
    ("RoleEligibilitySchedule.Read.Directory", "ff278e11-4a33-4d0c-83d2-d01dc58929a5"),
    ("LicenseAssignment.Read.All", "e2f98668-2877-4f38-a2f4-8202e0717aa1"),
];

/// The second name looks like the first and opens nothing here (observed); its id is not published,
/// the one below is made up.
const EXCHANGE_ROLES: &[(&str, &str)] = &[
    ("Exchange.ManageAsApp", "dc50a0fb-09a3-484d-be87-e023b12c6440"),
    ("Exchange.ManageAsAppV2", "5a5a5a5a-0000-4000-8000-0000000000a2"),
    ("full_access_as_app", "dc890d15-9560-4a4c-9b7f-a736ec74ec40"),
];
