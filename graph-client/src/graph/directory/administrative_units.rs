use reqwest::Method;

use crate::client::Client;
use crate::graph::macros::resource;
use crate::graph::{DirectoryObject, GraphIdentity, List, Operation, call};
use crate::ids::AdministrativeUnitId;

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
    pub fn get(&self, id: impl Into<AdministrativeUnitId>) -> Operation<AdministrativeUnit> {
        let id: AdministrativeUnitId = id.into();
        let path = "/v1.0/directory/administrativeUnits/{}";
        call(&self.client, Method::GET, "read an administrative unit", path, &[id.as_str()]).record()
    }

    /// The members: users, groups and devices. The members of a group that is a member are not members of the unit.
    ///
    /// # Permissions
    ///
    /// `AdministrativeUnit.Read.All`. Members of a kind that the application may not read come with their id alone.
    pub fn members(&self, id: impl Into<AdministrativeUnitId>) -> List<DirectoryObject> {
        let id: AdministrativeUnitId = id.into();
        let path = "/v1.0/directory/administrativeUnits/{}/members";
        List::records(call(
            &self.client,
            Method::GET,
            "list the members of an administrative unit",
            path,
            &[id.as_str()],
        ))
    }

    /// Who holds a directory role that is limited to the unit.
    ///
    /// # Permissions
    ///
    /// `RoleManagement.Read.Directory`
    pub fn scoped_role_members(&self, id: impl Into<AdministrativeUnitId>) -> List<ScopedRoleMembership> {
        let id: AdministrativeUnitId = id.into();
        let path = "/v1.0/directory/administrativeUnits/{}/scopedRoleMembers";
        List::records(call(&self.client, Method::GET, "list the roles of an administrative unit", path, &[id.as_str()]))
    }
}

resource! {
    /// A part of the directory that roles can be limited to.
    pub struct AdministrativeUnit {
        /// The object id.
        id: String,
        /// The name that administrators see.
        display_name: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// `HiddenMembership` when only its members see who they are.
        visibility: Option<String>,
        /// `Dynamic` where a rule says who its members are.
        membership_type: Option<String>,
        /// The rule.
        membership_rule: Option<String>,
        /// Whether the rule is applied: `On` or `Paused`.
        membership_rule_processing_state: Option<String>,
        /// Whether only roles that are limited to the unit may change its members.
        is_member_management_restricted: Option<bool>,
    }

    /// A directory role that somebody holds in one administrative unit.
    pub struct ScopedRoleMembership {
        /// The id. It is opaque.
        id: String,
        /// The unit.
        administrative_unit_id: Option<String>,
        /// The object id of the activated role.
        role_id: Option<String>,
        /// Who holds it.
        role_member_info: Option<GraphIdentity>,
    }
}

impl Client {
    /// Administrative units and their members.
    #[must_use]
    pub fn administrative_units(&self) -> AdministrativeUnits {
        AdministrativeUnits { client: self.clone() }
    }
}
