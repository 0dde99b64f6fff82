//! Recognises the objects that restrict the application: our own role assignment by its name, any role or policy over the
//! group by its scope.

use std::time::Duration;

use graph_client::exchange::{DistributionGroup, ObjectName, OpathFilter};
use graph_client::{ObjectId, Uuid};

use crate::access::{
    AccessModel, DataAccess, Facts, Grant, Ids, ManagementScope, PolicyApplication, PolicyRight, Resource,
    RoleAssignment, RoleScope, Truth,
};
use crate::spec::{Permission, RestrictedCalendarGroup, Scope};

/// How long after a revocation no token lives that was issued before it. Microsoft's pages say 24 hours for applications with
/// continuous access evaluation or a managed identity, and 28 for users; what must not meet such a token waits for the longer.
/// Removing a permission is not among the events that end one earlier.
pub(crate) const TOKENS_ARE_DEAD_AFTER: Duration = Duration::from_secs(28 * 60 * 60);

/// Every permission that a spec can grant.
pub(crate) const PERMISSIONS: [Permission; 2] = [Permission::Read, Permission::ReadWrite];

/// The namespace of the names of our assignments: fixed, so that every run makes the same.
const NAMES: Uuid = Uuid::from_u128(0x7c1d_3f0a_5b52_4e39_9a64_2f8e_0d6b_91c7);

/// The name of our role assignment: unique for this application, permission and group, the same in every run, and at
/// most 64 characters.
pub(crate) fn assignment_name(spec: &RestrictedCalendarGroup, permission: Permission) -> ObjectName {
    let role = permission.role();
    let role = role.as_str().trim_start_matches("Application ").to_owned();
    let group = spec.address.as_str().to_ascii_lowercase();
    let unique = Uuid::new_v5(&NAMES, format!("{}/{role}/{group}", spec.application).as_bytes());
    let name = format!("restricted-{role}-{}", unique.simple());
    name.parse().unwrap_or_else(|fault| unreachable!("at most 63 plain characters: {fault}"))
}

/// Whether an assignment has this name.
pub(crate) fn is_named(assignment: &RoleAssignment, name: &ObjectName) -> bool {
    assignment.name.eq_ignore_ascii_case(name.as_str())
}

/// The ids of a group.
pub(crate) fn ids_of(group: &DistributionGroup) -> Ids {
    Ids { entra: group.external_directory_object_id.map(ObjectId::from_uuid), guid: group.guid, exchange_guid: None }
}

/// The name of our management scope: unique for this group, the same in every run, and at most 64 characters.
pub(crate) fn scope_name(spec: &RestrictedCalendarGroup) -> ObjectName {
    let group = spec.address.as_str().to_ascii_lowercase();
    let unique = Uuid::new_v5(&NAMES, format!("scope/{}/{group}", spec.application).as_bytes());
    let name = format!("restricted-scope-{}", unique.simple());
    name.parse().unwrap_or_else(|fault| unreachable!("at most 63 plain characters: {fault}"))
}

/// The management scope that has the condition of the spec: ours before any other, else the first by name.
pub(crate) fn scope_of_filter<'f>(
    spec: &RestrictedCalendarGroup,
    facts: &'f Facts,
    filter: &OpathFilter,
) -> Option<&'f ManagementScope> {
    let name = scope_name(spec);
    let fitting = AccessModel::new(facts).scopes_with_filter(filter.as_str());
    let ours = fitting.iter().find(|scope| scope.name.eq_ignore_ascii_case(name.as_str()));
    ours.or_else(|| fitting.iter().min_by_key(|scope| &scope.name)).copied()
}

/// The application's assignments of the spec's role over the scope of the spec, enabled or not. Delegating ones grant no
/// access. Without the group's ids none are over the group.
pub(crate) fn right_roles<'f>(
    spec: &RestrictedCalendarGroup,
    facts: &'f Facts,
    group: Option<&Ids>,
) -> Vec<&'f RoleAssignment> {
    let role = spec.permission.role();
    let is_right = |assignment: &&RoleAssignment| {
        assignment.delegating != Some(true) && assignment.role.eq_ignore_ascii_case(role.as_str())
    };
    match &spec.scope {
        Scope::Group => {
            let over_group = group.map_or_else(Vec::new, |group| AccessModel::new(facts).assignments_over(group));
            let over_group = over_group.into_iter().filter(|over| over.is_over_group == Truth::Yes);
            over_group.map(|over| over.assignment).filter(is_right).collect()
        }
        Scope::Filter(filter) => {
            let scopes = AccessModel::new(facts).scopes_with_filter(filter.as_str());
            let is_over = |assignment: &&RoleAssignment| {
                matches!(&assignment.scope, RoleScope::Management(name)
                    if scopes.iter().any(|scope| scope.name.eq_ignore_ascii_case(name)))
            };
            facts.role_assignments.entries().iter().filter(is_right).filter(is_over).collect()
        }
        Scope::AdministrativeUnit(unit) => {
            let names = facts.administrative_units.entries().iter().filter(|it| it.id == *unit);
            let names: Vec<&str> = names.filter_map(|it| it.name.as_deref()).collect();
            let is_over = |assignment: &&RoleAssignment| {
                matches!(&assignment.scope, RoleScope::AdministrativeUnit(text)
                    if text.eq_ignore_ascii_case(&unit.to_string()) || names.iter().any(|name| name.eq_ignore_ascii_case(text)))
            };
            facts.role_assignments.entries().iter().filter(is_right).filter(is_over).collect()
        }
    }
}

/// Whether a policy of the application itself restricts it to the members of the group.
pub(crate) fn has_right_policy(spec: &RestrictedCalendarGroup, facts: &Facts, group: &Ids) -> bool {
    let own = PolicyApplication::One(*spec.application.as_uuid());
    AccessModel::new(facts).policies_over(group).into_iter().any(|policy| {
        policy.application == own && policy.right == PolicyRight::Restrict && policy.is_valid != Some(false)
    })
}

/// The policies of the application itself that deny the members of the group. Exchange knows a policy by its application
/// and its group, so a restricting one over the same group cannot be made beside it.
pub(crate) fn denying_policies<'f>(
    spec: &RestrictedCalendarGroup,
    facts: &'f Facts,
    group: &Ids,
) -> Vec<&'f crate::access::AccessPolicy> {
    let own = PolicyApplication::One(*spec.application.as_uuid());
    let model = AccessModel::new(facts);
    let over = model.policies_over(group).into_iter();
    let denying = over.filter(|policy| policy.application == own && policy.right == PolicyRight::Deny);
    let identities: Vec<String> = denying.map(|policy| policy.identity.clone()).collect();
    facts.policies.entries().iter().filter(|policy| identities.contains(&policy.identity)).collect()
}

/// The tenant-wide permissions that allow access to calendars: those that an application may hold for reading rooms.
///
/// Permissions of Bookings and eDiscovery are left out: they serve another purpose, and are reported instead.
pub(crate) fn calendar_grants(facts: &Facts) -> impl Iterator<Item = &Grant> {
    facts.grants.entries().iter().filter(|grant| {
        grant.row().is_some_and(|row| {
            row.allows.contains(&DataAccess::CalendarRead)
                && !row.value.starts_with("Bookings")
                && !row.value.starts_with("eDiscovery")
        })
    })
}

/// The name of a permission.
pub(crate) fn grant_name(grant: &Grant) -> String {
    match grant.via() {
        crate::access::Via::Grant { name, .. } => name,
        _ => grant.role.to_string(),
    }
}

/// The name of a resource.
pub(crate) fn resource_name(resource: Resource) -> String {
    resource.to_string()
}
