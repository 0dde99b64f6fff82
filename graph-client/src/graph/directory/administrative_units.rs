use reqwest::Method;

use crate::client::Client;
use crate::graph::model::model;
use crate::graph::{DirectoryObject, Identity, List, Operation, call};

/// Administrative units: parts of the directory that roles can be limited to. Made by
/// [`Client::administrative_units`].
#[derive(Debug, Clone)]
pub struct AdministrativeUnits {
    pub(crate) client: Client,
}

impl AdministrativeUnits {
    /// All administrative units.
    ///
    /// # Permissions
    ///
    /// `AdministrativeUnit.Read.All`
    pub fn list(&self) -> List<AdministrativeUnit> {
        let path = "/v1.0/directory/administrativeUnits";
        List::records(call(&self.client, Method::GET, "list administrative units", path, &[]))
    }

    /// One administrative unit, by its object id.
    ///
    /// # Permissions
    ///
    /// `AdministrativeUnit.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn get(&self, id: &str) -> Operation<AdministrativeUnit> {
        let path = "/v1.0/directory/administrativeUnits/{}";
        call(&self.client, Method::GET, "read an administrative unit", path, &[id]).record()
    }

    /// The members: users, groups and devices. The members of a group that is a member are not members of the unit.
    ///
    /// # Permissions
    ///
    /// `AdministrativeUnit.Read.All`. Members of a kind that the application may not read come with their id alone.
    pub fn members(&self, id: &str) -> List<DirectoryObject> {
        let path = "/v1.0/directory/administrativeUnits/{}/members";
        List::records(call(&self.client, Method::GET, "list the members of an administrative unit", path, &[id]))
    }

    /// Who holds a directory role that is limited to the unit.
    ///
    /// # Permissions
    ///
    /// `RoleManagement.Read.Directory`
    pub fn scoped_role_members(&self, id: &str) -> List<ScopedRoleMembership> {
        let path = "/v1.0/directory/administrativeUnits/{}/scopedRoleMembers";
        List::records(call(&self.client, Method::GET, "list the roles of an administrative unit", path, &[id]))
    }
}

model! {
    /// A part of the directory that roles can be limited to.
    #[derive(Default)]
    pub struct AdministrativeUnit {
        /// The object id.
        pub id: String = "id",
        /// The name that administrators see.
        pub display_name: Option<String> = "displayName",
        /// What it is for.
        pub description: Option<String> = "description",
        /// `HiddenMembership` when only its members see who they are.
        pub visibility: Option<String> = "visibility",
        /// `Dynamic` where a rule says who its members are.
        pub membership_type: Option<String> = "membershipType",
        /// The rule.
        pub membership_rule: Option<String> = "membershipRule",
        /// Whether the rule is applied: `On` or `Paused`.
        pub membership_rule_processing_state: Option<String> = "membershipRuleProcessingState",
        /// Whether only roles that are limited to the unit may change its members.
        pub is_member_management_restricted: Option<bool> = "isMemberManagementRestricted",
    }

    /// A directory role that somebody holds in one administrative unit.
    #[derive(Default)]
    pub struct ScopedRoleMembership {
        /// The id. It is opaque.
        pub id: String = "id",
        /// The unit.
        pub administrative_unit_id: Option<String> = "administrativeUnitId",
        /// The object id of the activated role.
        pub role_id: Option<String> = "roleId",
        /// Who holds it.
        pub role_member_info: Option<Identity> = "roleMemberInfo",
    }
}

impl Client {
    /// Administrative units and their members.
    #[must_use]
    pub fn administrative_units(&self) -> AdministrativeUnits {
        AdministrativeUnits { client: self.clone() }
    }
}
