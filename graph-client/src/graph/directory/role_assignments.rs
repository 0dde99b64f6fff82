use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use reqwest::Method;
use serde_json::json;

use crate::client::Client;
use crate::error::Result;
use crate::graph::model::{model, open_enum};
use crate::graph::{DirectoryObject, Filter, List, Operation, Record, Timestamp, call};
use crate::ids::ObjectId;

/// Directory roles and who holds them. Made by [`Client::directory_roles`].
#[derive(Debug, Clone)]
pub struct DirectoryRoles {
    pub(crate) client: Client,
}

/// How a principal holds a directory role for the whole tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RoleHolding {
    /// The role is assigned to the principal itself.
    Direct,
    /// The role is assigned to a group that the principal is in.
    ThroughGroup,
    /// The principal may activate the role (Privileged Identity Management), but does not hold it now.
    Eligible,
}

impl DirectoryRoles {
    /// The roles that can be assigned.
    ///
    /// # Permissions
    ///
    /// `RoleManagement.Read.Directory`
    pub fn definitions(&self) -> List<RoleDefinition> {
        let path = "/v1.0/roleManagement/directory/roleDefinitions";
        List::records(call(&self.client, Method::GET, "list directory roles", path, &[]))
    }

    /// One role, by its id or template id, such as those of [`directory_roles`](crate::well_known::directory_roles).
    ///
    /// # Permissions
    ///
    /// `RoleManagement.Read.Directory`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn definition(&self, id: &str) -> Operation<RoleDefinition> {
        let path = "/v1.0/roleManagement/directory/roleDefinitions/{}";
        call(&self.client, Method::GET, "read a directory role", path, &[id]).record()
    }

    fn of_principal<T: Record + HasPrincipal>(
        &self,
        name: &'static str,
        collection: &str,
        principal: &ObjectId,
    ) -> List<T> {
        let path = format!("/v1.0/roleManagement/directory/{collection}");
        let request = self.client.request(Method::GET, path).named(name, format!("{name} ({principal})"));
        let asked = principal.to_string();
        let is_of_principal = {
            let asked = asked.clone();
            move |row: &T| row.principal().is_none_or(|id| id.eq_ignore_ascii_case(&asked))
        };
        List::records_that(request, is_of_principal).filter(Filter::eq("principalId", asked))
    }

    /// The roles that are assigned to a principal itself: a user, a group or a service principal.
    ///
    /// Roles that it holds through groups are in [`transitive_of`](Self::transitive_of), those that it may activate
    /// in [`eligible_of`](Self::eligible_of).
    ///
    /// # Permissions
    ///
    /// `RoleManagement.Read.Directory`
    pub fn assignments_of(&self, principal: &ObjectId) -> List<RoleAssignment> {
        self.of_principal("list role assignments", "roleAssignments", principal)
    }

    /// Who is assigned a role, by the role's id or template id.
    ///
    /// # Permissions
    ///
    /// `RoleManagement.Read.Directory`
    pub fn holders_of(&self, role: &ObjectId) -> List<RoleAssignment> {
        let name = "list the holders of a directory role";
        let request = call(&self.client, Method::GET, name, "/v1.0/roleManagement/directory/roleAssignments", &[]);
        List::records(request).filter(Filter::eq("roleDefinitionId", role.to_string()))
    }

    /// The roles that a principal holds, those of its groups included.
    ///
    /// # Permissions
    ///
    /// `RoleManagement.Read.Directory`
    pub fn transitive_of(&self, principal: &ObjectId) -> List<RoleAssignment> {
        let name = "list transitive role assignments";
        let path = "/v1.0/roleManagement/directory/transitiveRoleAssignments";
        let request = self.client.request(Method::GET, path).named(name, format!("{name} ({principal})"));
        // The list knows that only the advanced engine answers this.
        List::records(request).filter(Filter::eq("principalId", principal.to_string()))
    }

    /// The roles that a principal may activate (Privileged Identity Management).
    ///
    /// # Permissions
    ///
    /// `RoleEligibilitySchedule.Read.Directory`
    pub fn eligible_of(&self, principal: &ObjectId) -> List<RoleScheduleInstance> {
        self.of_principal("list eligible roles", "roleEligibilityScheduleInstances", principal)
    }

    /// The roles that a principal holds now, with the times that they began and end.
    ///
    /// # Permissions
    ///
    /// `RoleAssignmentSchedule.Read.Directory`
    pub fn active_of(&self, principal: &ObjectId) -> List<RoleScheduleInstance> {
        self.of_principal("list active roles", "roleAssignmentScheduleInstances", principal)
    }

    /// How a principal holds a role for the whole tenant: in none, one or several ways. Roles that are limited to an
    /// administrative unit or an application do not count.
    ///
    /// A service principal may hold, for example, [`EXCHANGE_ADMINISTRATOR`](crate::well_known::directory_roles).
    ///
    /// # Permissions
    ///
    /// `RoleManagement.Read.Directory` and `RoleEligibilitySchedule.Read.Directory`
    ///
    /// # Errors
    ///
    /// When one of the three lists cannot be read: "cannot tell" is never "does not hold". In a tenant without a
    /// premium licence Graph refuses the question for eligible roles: ask [`is_held`](Self::is_held) there.
    pub async fn how_held(&self, principal: &ObjectId, role: &ObjectId) -> Result<BTreeSet<RoleHolding>> {
        let mut ways = self.held_now(principal, role).await?;
        let mut eligible = self.eligible_of(principal).into_stream();
        while let Some(instance) = eligible.try_next().await? {
            if is_tenant_wide(role, instance.role_definition_id.as_deref(), instance.directory_scope_id.as_deref()) {
                ways.insert(RoleHolding::Eligible);
            }
        }
        Ok(ways)
    }

    /// Whether a principal holds a role for the whole tenant now, directly or through a group.
    ///
    /// # Permissions
    ///
    /// `RoleManagement.Read.Directory`
    ///
    /// # Errors
    ///
    /// When the assignments cannot be read: "cannot tell" is never "does not hold".
    pub async fn is_held(&self, principal: &ObjectId, role: &ObjectId) -> Result<bool> {
        Ok(!self.held_now(principal, role).await?.is_empty())
    }

    async fn held_now(&self, principal: &ObjectId, role: &ObjectId) -> Result<BTreeSet<RoleHolding>> {
        let mut ways = BTreeSet::new();
        let holds = |assignment: &RoleAssignment| {
            let role_id = assignment.role_definition_id.as_deref();
            is_tenant_wide(role, role_id, assignment.directory_scope_id.as_deref())
        };
        let mut direct = self.assignments_of(principal).into_stream();
        while let Some(assignment) = direct.try_next().await? {
            if holds(&assignment) {
                ways.insert(RoleHolding::Direct);
            }
        }
        let mut transitive = self.transitive_of(principal).into_stream();
        while let Some(assignment) = transitive.try_next().await? {
            let own =
                assignment.principal_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(&principal.to_string()));
            if !own && holds(&assignment) {
                ways.insert(RoleHolding::ThroughGroup);
            }
        }
        Ok(ways)
    }

    /// Assigns a role for the whole tenant.
    ///
    /// # Permissions
    ///
    /// `RoleManagement.ReadWrite.Directory`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when the principal holds it.
    pub fn assign(&self, principal: &ObjectId, role: &ObjectId) -> Operation<RoleAssignment> {
        let body = json!({ "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/" });
        let path = "/v1.0/roleManagement/directory/roleAssignments";
        call(&self.client, Method::POST, "assign a directory role", path, &[]).body(&body).record()
    }

    /// Takes a role away, by the id of the assignment.
    ///
    /// # Permissions
    ///
    /// `RoleManagement.ReadWrite.Directory`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it was taken away before.
    pub fn unassign(&self, assignment: &str) -> Operation<()> {
        let path = "/v1.0/roleManagement/directory/roleAssignments/{}";
        call(&self.client, Method::DELETE, "take a directory role away", path, &[assignment]).unit()
    }

    /// The roles that are activated in the tenant: one that nobody has ever held is not among them.
    ///
    /// # Permissions
    ///
    /// `RoleManagement.Read.Directory`
    pub fn activated(&self) -> List<DirectoryRole> {
        List::records(call(&self.client, Method::GET, "list activated directory roles", "/v1.0/directoryRoles", &[]))
    }
}

/// What a principal holds or may activate.
trait HasPrincipal {
    fn principal(&self) -> Option<&str>;
}

impl HasPrincipal for RoleAssignment {
    fn principal(&self) -> Option<&str> {
        self.principal_id.as_deref()
    }
}

impl HasPrincipal for RoleScheduleInstance {
    fn principal(&self) -> Option<&str> {
        self.principal_id.as_deref()
    }
}

fn is_tenant_wide(wanted: &ObjectId, role: Option<&str>, scope: Option<&str>) -> bool {
    role.is_some_and(|role| role.eq_ignore_ascii_case(&wanted.to_string())) && scope == Some("/")
}

open_enum! {
    /// How a role schedule came about.
    pub enum MemberType {
        /// It was given to the principal itself.
        Direct = "Direct",
        /// It was given to a group.
        Group = "Group",
        /// It comes from above.
        Inherited = "Inherited",
    }
}

model! {
    /// A directory role that a principal holds.
    #[derive(Default)]
    pub struct RoleAssignment {
        /// The assignment's id. It is opaque.
        pub id: String = "id",
        /// Who holds it.
        pub principal_id: Option<String> = "principalId",
        /// The role.
        pub role_definition_id: Option<String> = "roleDefinitionId",
        /// Where it holds: `/` for the whole tenant, or a unit or application.
        pub directory_scope_id: Option<String> = "directoryScopeId",
        /// Where it holds, for a scope that the directory does not know.
        pub app_scope_id: Option<String> = "appScopeId",
        /// The tenant of the principal.
        pub principal_organization_id: Option<String> = "principalOrganizationId",
        /// A condition.
        pub condition: Option<String> = "condition",
        /// Who holds it, where that was asked for by `$expand`.
        pub principal: Option<DirectoryObject> = "principal",
        /// The role, where it was asked for by `$expand`.
        pub role_definition: Option<RoleDefinition> = "roleDefinition",
    }

    /// A directory role.
    #[derive(Default)]
    pub struct RoleDefinition {
        /// The role's id; that of a built-in role is the same in every tenant.
        pub id: String = "id",
        /// The name that administrators see.
        pub display_name: Option<String> = "displayName",
        /// What it is for.
        pub description: Option<String> = "description",
        /// The id of a built-in role, in every tenant.
        pub template_id: Option<String> = "templateId",
        /// Whether it is one of Microsoft's.
        pub is_built_in: Option<bool> = "isBuiltIn",
        /// Whether it can be assigned.
        pub is_enabled: Option<bool> = "isEnabled",
        /// Where it can hold.
        pub resource_scopes: Vec<String> = "resourceScopes",
        /// What it allows.
        pub role_permissions: Vec<RolePermission> = "rolePermissions",
        /// The version.
        pub version: Option<String> = "version",
    }

    /// What a role allows.
    #[derive(Default)]
    pub struct RolePermission {
        /// The actions.
        pub allowed_resource_actions: Vec<String> = "allowedResourceActions",
        /// Actions that are taken out.
        pub excluded_resource_actions: Vec<String> = "excludedResourceActions",
        /// A condition.
        pub condition: Option<String> = "condition",
    }

    /// A directory role that a principal holds, or may activate, for some time.
    #[derive(Default)]
    pub struct RoleScheduleInstance {
        /// The id.
        pub id: String = "id",
        /// Whose it is.
        pub principal_id: Option<String> = "principalId",
        /// The role.
        pub role_definition_id: Option<String> = "roleDefinitionId",
        /// Where it holds: `/` for the whole tenant.
        pub directory_scope_id: Option<String> = "directoryScopeId",
        /// Where it holds, for a scope that the directory does not know.
        pub app_scope_id: Option<String> = "appScopeId",
        /// How it came about.
        pub member_type: Option<MemberType> = "memberType",
        /// `Assigned` or `Activated`, for one that is held.
        pub assignment_type: Option<String> = "assignmentType",
        /// From when.
        pub start_date_time: Option<Timestamp> = "startDateTime",
        /// Until when.
        pub end_date_time: Option<Timestamp> = "endDateTime",
        /// The schedule of one that is held.
        pub role_assignment_schedule_id: Option<String> = "roleAssignmentScheduleId",
        /// The schedule of one that may be activated.
        pub role_eligibility_schedule_id: Option<String> = "roleEligibilityScheduleId",
    }

    /// A directory role that is activated in the tenant.
    #[derive(Default)]
    pub struct DirectoryRole {
        /// The object id, which differs between tenants.
        pub id: String = "id",
        /// The id of the role in every tenant.
        pub role_template_id: Option<String> = "roleTemplateId",
        /// The name that administrators see.
        pub display_name: Option<String> = "displayName",
        /// What it is for.
        pub description: Option<String> = "description",
        /// When it was deleted.
        pub deleted_date_time: Option<Timestamp> = "deletedDateTime",
    }
}

impl Client {
    /// Directory roles and who holds them.
    #[must_use]
    pub fn directory_roles(&self) -> DirectoryRoles {
        DirectoryRoles { client: self.clone() }
    }
}
