use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use reqwest::Method;
use serde_json::json;

use crate::client::Client;
use crate::error::Result;
use crate::graph::macros::{open_enum, resource};
use crate::graph::{DirectoryObject, Filter, List, Operation, Record, Timestamp, call};
use crate::ids::{ObjectId, RoleAssignmentId, RoleDefinitionId};

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
    pub fn definition(&self, id: impl Into<RoleDefinitionId>) -> Operation<RoleDefinition> {
        let id: RoleDefinitionId = id.into();
        let path = "/v1.0/roleManagement/directory/roleDefinitions/{}";
        call(&self.client, Method::GET, "read a directory role", path, &[id.as_str()]).record()
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
    pub fn unassign(&self, assignment: impl Into<RoleAssignmentId>) -> Operation<()> {
        let assignment: RoleAssignmentId = assignment.into();
        let path = "/v1.0/roleManagement/directory/roleAssignments/{}";
        call(&self.client, Method::DELETE, "take a directory role away", path, &[assignment.as_str()]).unit()
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

resource! {
    /// A directory role that a principal holds.
    pub struct RoleAssignment {
        /// The assignment's id. It is opaque.
        id: String,
        /// Who holds it.
        principal_id: Option<String>,
        /// The role.
        role_definition_id: Option<String>,
        /// Where it holds: `/` for the whole tenant, or a unit or application.
        directory_scope_id: Option<String>,
        /// Where it holds, for a scope that the directory does not know.
        app_scope_id: Option<String>,
        /// The tenant of the principal.
        principal_organization_id: Option<String>,
        /// A condition.
        condition: Option<String>,
        /// Who holds it, where that was asked for by `$expand`.
        principal: Option<DirectoryObject>,
        /// The role, where it was asked for by `$expand`.
        role_definition: Option<RoleDefinition>,
    }

    /// A directory role.
    pub struct RoleDefinition {
        /// The role's id; that of a built-in role is the same in every tenant.
        id: String,
        /// The name that administrators see.
        display_name: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// The id of a built-in role, in every tenant.
        template_id: Option<String>,
        /// Whether it is one of Microsoft's.
        is_built_in: Option<bool>,
        /// Whether it can be assigned.
        is_enabled: Option<bool>,
        /// Where it can hold.
        resource_scopes: Vec<String>,
        /// What it allows.
        role_permissions: Vec<RolePermission>,
        /// The version.
        version: Option<String>,
    }

    /// What a role allows.
    pub struct RolePermission {
        /// The actions.
        allowed_resource_actions: Vec<String>,
        /// Actions that are taken out.
        excluded_resource_actions: Vec<String>,
        /// A condition.
        condition: Option<String>,
    }

    /// A directory role that a principal holds, or may activate, for some time.
    pub struct RoleScheduleInstance {
        /// The id.
        id: String,
        /// Whose it is.
        principal_id: Option<String>,
        /// The role.
        role_definition_id: Option<String>,
        /// Where it holds: `/` for the whole tenant.
        directory_scope_id: Option<String>,
        /// Where it holds, for a scope that the directory does not know.
        app_scope_id: Option<String>,
        /// How it came about.
        member_type: Option<MemberType>,
        /// `Assigned` or `Activated`, for one that is held.
        assignment_type: Option<String>,
        /// From when.
        start_date_time: Option<Timestamp>,
        /// Until when.
        end_date_time: Option<Timestamp>,
        /// The schedule of one that is held.
        role_assignment_schedule_id: Option<String>,
        /// The schedule of one that may be activated.
        role_eligibility_schedule_id: Option<String>,
    }

    /// A directory role that is activated in the tenant.
    pub struct DirectoryRole {
        /// The object id, which differs between tenants.
        id: String,
        /// The id of the role in every tenant.
        role_template_id: Option<String>,
        /// The name that administrators see.
        display_name: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// When it was deleted.
        deleted_date_time: Option<Timestamp>,
    }
}

impl Client {
    /// Directory roles and who holds them.
    #[must_use]
    pub fn directory_roles(&self) -> DirectoryRoles {
        DirectoryRoles { client: self.clone() }
    }
}
