//! The objects that restrict the application, known again: our own role assignment by its name, any role or policy over
//! the group by its scope.

use graph_client::Uuid;
use graph_client::exchange::ObjectName;

use crate::access::{
    AccessModel, AccessPolicy, Grant, Ids, Opens, PolicyApplication, PolicyRight, Resource, RoleAssignment, Truth,
};
use crate::{CalendarPermission, Observation, RestrictedCalendarGroup};

/// Every permission that a spec can give.
pub(crate) const PERMISSIONS: [CalendarPermission; 2] = [CalendarPermission::Read, CalendarPermission::ReadWrite];

/// The namespace of the names of our assignments: fixed, so that every run makes the same.
const NAMES: Uuid = Uuid::from_u128(0x7c1d_3f0a_5b52_4e39_9a64_2f8e_0d6b_91c7);

/// The name of our role assignment: the same in every run for this application, permission and group, at most 64
/// characters, and that of no other.
pub(crate) fn assignment_name(spec: &RestrictedCalendarGroup, permission: CalendarPermission) -> ObjectName {
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

fn ids_of_group(seen: &Observation) -> Option<Ids> {
    let group = &seen.group.as_ref()?.group;
    Some(Ids {
        entra: group.external_directory_object_id.map(graph_client::ObjectId::from_uuid),
        guid: group.guid,
        exchange_guid: None,
    })
}

/// The application's role assignments over the members of the group, delegating ones left out: those give no access.
pub(crate) fn roles_over_group(seen: &Observation) -> Vec<&RoleAssignment> {
    let Some(ids) = ids_of_group(seen) else { return Vec::new() };
    AccessModel::new(&seen.facts)
        .assignments_over(&ids)
        .into_iter()
        .filter(|over| over.is_over_group == Truth::Yes && over.assignment.delegating != Some(true))
        .map(|over| over.assignment)
        .collect()
}

/// Whether a policy of the application itself restricts it to the members of the group.
pub(crate) fn has_policy_over_group(seen: &Observation) -> bool {
    let Some(ids) = ids_of_group(seen) else { return false };
    let own = PolicyApplication::One(*seen.facts.client_id.as_uuid());
    let restricts = |policy: &&AccessPolicy| {
        policy.application == own && policy.right == PolicyRight::Restrict && policy.is_valid != Some(false)
    };
    let model = AccessModel::new(&seen.facts);
    model.policies_over(&ids).into_iter().any(|policy| restricts(&policy))
}

/// The tenant-wide permissions that open calendars by themselves: those that an application may hold for reading rooms.
///
/// Permissions of Bookings and eDiscovery are left out: they serve another purpose, and are reported instead.
pub(crate) fn calendar_grants(facts: &crate::access::Facts) -> impl Iterator<Item = &Grant> {
    facts.grants.entries().iter().filter(|grant| {
        grant.row().is_some_and(|row| {
            row.opens.contains(&Opens::CalendarRead)
                && !row.value.starts_with("Bookings")
                && !row.value.starts_with("eDiscovery")
        })
    })
}

/// What to call a permission.
pub(crate) fn grant_name(grant: &Grant) -> String {
    match grant.via() {
        crate::access::Via::Grant { name, .. } => name,
        _ => grant.role.to_string(),
    }
}

/// What to call a resource.
pub(crate) fn resource_name(resource: Resource) -> String {
    resource.to_string()
}
