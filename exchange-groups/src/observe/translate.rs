//! From records of the services to the facts of the access model.

use std::collections::HashMap;

use graph_client::exchange::{
    AccessRight, ApplicationAccessPolicy, DistributionGroup, ExchangeRecipient, ExchangeServicePrincipal, FolderRight,
    MailboxFolderPermission, ManagementRoleAssignment, ManagementScope, OrganizationConfig, RoleGroup,
};
use graph_client::graph::{
    AppRoleAssignment, DirectoryObject, PermissionGrant, RoleAssignment as DirectoryRoleAssignment,
    RoleScheduleInstance, ServicePrincipal,
};
use graph_client::{AppRoleId, ClientId, ObjectId, ServicePrincipalId, SmtpAddress, Uuid, well_known};

use crate::access::{self, Fact};

pub(crate) fn ids(entra: Option<Uuid>, guid: Option<Uuid>) -> access::Ids {
    access::Ids { entra: entra.map(ObjectId::from_uuid), guid, exchange_guid: None }
}

pub(crate) fn texts(addresses: &[SmtpAddress], primary: Option<&SmtpAddress>) -> Vec<String> {
    let mut all: Vec<String> = addresses.iter().chain(primary).map(ToString::to_string).collect();
    all.sort_unstable();
    all.dedup();
    all
}

pub(crate) fn member(recipient: &ExchangeRecipient) -> access::Member {
    access::Member {
        ids: ids(recipient.external_directory_object_id, recipient.guid),
        kind: recipient.recipient_type_details.clone(),
    }
}

/// The facts about a group, with its members as far as they are known.
pub(crate) fn group_facts(group: &DistributionGroup, members: Fact<Vec<access::Member>>) -> access::Group {
    let kind = group.recipient_type_details.as_deref();
    access::Group {
        ids: ids(group.external_directory_object_id, group.guid),
        name: group.name.clone(),
        display_name: group.display_name.clone(),
        distinguished_name: group.distinguished_name.clone(),
        addresses: texts(&group.email_addresses, group.primary_smtp_address.as_ref()),
        kind: kind.map(group_type),
        members,
        owners: Fact::Read(group.managed_by.iter().map(|owner| principal(owner)).collect()),
        joining: group.member_join_restriction.as_deref().map(|restriction| {
            if restriction.eq_ignore_ascii_case("Open") { access::Joining::Open } else { access::Joining::ByOwner }
        }),
        membership_rule: None,
    }
}

pub(crate) fn group_type(kind: &str) -> access::GroupType {
    match kind {
        "MailUniversalSecurityGroup" => access::GroupType::MailEnabledSecurity,
        "MailUniversalDistributionGroup" | "MailNonUniversalGroup" | "RoomList" => access::GroupType::Distribution,
        "GroupMailbox" => access::GroupType::Microsoft365,
        "DynamicDistributionGroup" => access::GroupType::DynamicDistribution,
        other => access::GroupType::Other(other.to_owned()),
    }
}

/// An owner comes as a name or an object id, never as an address.
fn principal(owner: &str) -> access::Principal {
    access::Principal { ids: ids(Uuid::try_parse(owner).ok(), None), name: owner.to_owned(), kind: None }
}

pub(crate) fn role_assignment(assignment: &ManagementRoleAssignment) -> access::RoleAssignment {
    access::RoleAssignment {
        name: assignment.name.clone().or_else(|| assignment.identity.clone()).unwrap_or_default(),
        role: assignment.role.clone().unwrap_or_default(),
        permissions: Fact::Unread("the assignment does not show them".into()),
        scope: assignment.scope().into(),
        enabled: assignment.enabled,
        delegating: assignment.is_delegating(),
    }
}

/// Whether a record in the list of role groups has nothing of one.
pub(crate) fn is_no_role_group(record: &RoleGroup) -> bool {
    record.roles.is_empty() && record.members.is_empty() && record.managed_by.is_empty()
}

/// The role groups that have the application as a member.
// GUESS: a role group shows a service principal by one of its ids or names; wrong if a tenant shows another text, which
// would hide a role group that the application is in.
pub(crate) fn role_groups(groups: &[RoleGroup], principal: &ExchangeServicePrincipal) -> Vec<access::RoleGroup> {
    let ids = [principal.app_id, principal.object_id, principal.guid].map(|id| id.map(|id| id.to_string()));
    let names = [principal.display_name.clone(), principal.identity.clone()];
    let called: Vec<String> = ids.into_iter().chain(names).flatten().filter(|name| !name.is_empty()).collect();
    let has = |group: &RoleGroup| {
        group.members.iter().any(|member| called.iter().any(|name| name.eq_ignore_ascii_case(member)))
    };
    let fact = |group: &RoleGroup| access::RoleGroup {
        name: group.name.clone().unwrap_or_default(),
        roles: Fact::Read(group.roles.clone()),
    };
    groups.iter().filter(|group| has(group)).map(fact).collect()
}

pub(crate) fn management_scope(scope: &ManagementScope) -> access::ManagementScope {
    access::ManagementScope {
        name: scope.name.clone().or_else(|| scope.identity.clone()).unwrap_or_default(),
        filter: scope
            .recipient_filter
            .clone()
            .map_or_else(|| Fact::Unread("the scope shows no filter".into()), Fact::Read),
        recipient_root: scope.recipient_root.clone().filter(|root| !root.trim().is_empty()),
        exclusive: scope.exclusive == Some(true),
    }
}

pub(crate) fn policy(policy: &ApplicationAccessPolicy, scope: access::PolicyScope) -> Option<access::AccessPolicy> {
    let application = match policy.app_id.as_str() {
        "*" => access::PolicyApplication::Every,
        id => access::PolicyApplication::One(Uuid::try_parse(id).ok()?),
    };
    let right = match policy.right()? {
        AccessRight::RestrictAccess => access::PolicyRight::Restrict,
        AccessRight::DenyAccess => access::PolicyRight::Deny,
        _ => return None,
    };
    Some(access::AccessPolicy {
        identity: policy.identity.clone(),
        application,
        right,
        scope,
        is_valid: policy.is_valid,
    })
}

pub(crate) fn organization(
    config: &OrganizationConfig,
    allowed: Fact<Vec<graph_client::ClientId>>,
) -> access::OrganizationSettings {
    let user_agents = match config.ews_application_access_policy.as_deref() {
        None | Some("") => Fact::Read(access::UserAgents::Any),
        Some(text) if text.eq_ignore_ascii_case("EnforceAllowList") => {
            Fact::Read(access::UserAgents::Only(config.ews_allow_list.clone()))
        }
        Some(text) if text.eq_ignore_ascii_case("EnforceBlockList") => {
            Fact::Read(access::UserAgents::Not(config.ews_block_list.clone()))
        }
        Some(other) => Fact::Unread(format!("EwsApplicationAccessPolicy is \"{other}\", which is not known")),
    };
    access::OrganizationSettings {
        ews_enabled: config.ews_enabled,
        ews_allowed_app_ids: allowed,
        user_agents,
        enforce_app_rbac: config.enforce_exo_app_rbac_permissions,
    }
}

/// The name of a directory role: lists of assignments have its id alone, which is the same in every tenant.
fn role_name(template: Uuid) -> String {
    access::directory_role(template).map_or_else(|| template.to_string(), |row| row.value.to_string())
}

fn active_role(role: &DirectoryRoleAssignment) -> Option<access::DirectoryRole> {
    let template = Uuid::try_parse(role.role_definition_id.as_deref()?).ok()?;
    let name = role.role_definition.as_ref().and_then(|definition| definition.display_name.clone());
    Some(access::DirectoryRole {
        template,
        name: name.unwrap_or_else(|| role_name(template)),
        eligible: false,
        scope: role.directory_scope_id.clone().filter(|scope| scope != "/"),
    })
}

/// How a calendar is shared, from the entries of its folder.
pub(crate) fn sharing(entries: &[MailboxFolderPermission]) -> Fact<access::CalendarSharing> {
    use access::CalendarRight as Right;

    let right = |entry: &MailboxFolderPermission| match &*entry.access_rights {
        [] => Right::Other("no right at all".into()),
        _ if entry.grants(FolderRight::None) => Right::Nothing,
        _ if entry.grants(FolderRight::AvailabilityOnly) => Right::Availability,
        _ if entry.grants(FolderRight::LimitedDetails) => Right::LimitedDetails,
        [only] => match only.as_str() {
            "Reviewer" | "NonEditingAuthor" | "Author" | "PublishingAuthor" | "Editor" | "PublishingEditor"
            | "Owner" => Right::Details,
            other => Right::Other(other.to_owned()),
        },
        several => Right::Other(several.join(", ")),
    };
    let is = |entry: &MailboxFolderPermission, name: &str| {
        entry.user.as_deref().is_some_and(|user| user.eq_ignore_ascii_case(name))
    };
    let Some(default) = entries.iter().find(|entry| is(entry, "Default")) else {
        return Fact::Unread("the calendar shows no entry \"Default\"".into());
    };
    let others = entries.iter().filter(|entry| !is(entry, "Default") && !is(entry, "Anonymous"));
    Fact::Read(access::CalendarSharing {
        default: right(default),
        // The holder comes by a display name alone, which identifies nobody.
        entries: others
            .map(|entry| access::CalendarEntry {
                holder: access::Member { ids: access::Ids::default(), kind: None },
                right: right(entry),
            })
            .collect(),
    })
}

/// A list of records as facts. A record that cannot be told is not left out in silence: the list is then known in part.
pub(crate) fn each<T, F>(records: Fact<Vec<T>>, fact: impl Fn(&T) -> Option<F>) -> Fact<Vec<F>> {
    let facts: Vec<F> = records.entries().iter().filter_map(&fact).collect();
    let is_whole = facts.len() == records.entries().len();
    match records {
        Fact::Unread(why) => Fact::Unread(why),
        Fact::Partly(_, why) => Fact::Partly(facts, why),
        Fact::Read(_) if is_whole => Fact::Read(facts),
        Fact::Read(_) => Fact::Partly(facts, "an entry of the list is not understood".into()),
    }
}

/// The resource that a service principal offers permissions on.
fn resource_of(principal: &ServicePrincipal) -> Option<access::Resource> {
    Some(match principal.app_id? {
        well_known::MICROSOFT_GRAPH => access::Resource::Graph,
        well_known::EXCHANGE_ONLINE => access::Resource::Exchange,
        other => access::Resource::Other(other),
    })
}

/// The application permissions, with the names that the tenant's own service principals have for them.
pub(crate) fn grants(
    principal: ServicePrincipalId,
    assignments: &Fact<Vec<AppRoleAssignment>>,
    offered: &HashMap<ServicePrincipalId, ServicePrincipal>,
) -> Fact<Vec<access::Grant>> {
    let mut unknown = assignments.missing().map(str::to_owned);
    let mut grants = Vec::new();
    for assignment in assignments.entries() {
        if assignment.principal_id.is_some_and(|id| id != principal) {
            unknown = Some("the list has grants of another principal".into());
            continue;
        }
        let offering = assignment.resource_id.and_then(|id| offered.get(&id));
        let Some((offering, resource)) = offering.and_then(|it| Some((it, resource_of(it)?))) else {
            let name = assignment.resource_display_name.as_deref().unwrap_or("a resource without a name");
            unknown = Some(format!("what is granted on \"{name}\" is not known"));
            continue;
        };
        let role = AppRoleId::from_uuid(assignment.app_role_id);
        let known = offering.app_roles.iter().find(|known| known.id == role);
        grants.push(access::Grant {
            resource,
            role,
            value: known.and_then(|known| known.value.clone()),
            assignment: Some(assignment.id.clone()),
            eligible: false,
        });
    }
    match (assignments, unknown) {
        (Fact::Unread(why), _) => Fact::Unread(why.clone()),
        (_, Some(why)) => Fact::Partly(grants, why),
        (_, None) => Fact::Read(grants),
    }
}

pub(crate) fn delegated_grants(
    grants: Fact<Vec<PermissionGrant>>,
    offered: &HashMap<ServicePrincipalId, ServicePrincipal>,
) -> Fact<Vec<access::DelegatedGrant>> {
    each(grants, |grant| {
        let offering = offered.get(&grant.resource_id.as_deref()?.parse().ok()?)?;
        Some(access::DelegatedGrant {
            resource: resource_of(offering)?,
            scopes: grant.scopes().map(str::to_owned).collect(),
            user: grant.principal_id.as_deref().and_then(|id| id.parse().ok()),
            id: Some(grant.id.clone()),
        })
    })
}

pub(crate) fn directory_roles(
    active: &Fact<Vec<DirectoryRoleAssignment>>,
    eligible: &Fact<Vec<RoleScheduleInstance>>,
) -> Fact<Vec<access::DirectoryRole>> {
    let mut held: Vec<_> = active.entries().iter().filter_map(active_role).collect();
    held.extend(eligible.entries().iter().filter_map(eligible_role));
    let is_whole = held.len() == active.entries().len() + eligible.entries().len();
    match active.missing().or(eligible.missing()) {
        None if is_whole => Fact::Read(held),
        None => Fact::Partly(held, "a role is not understood".into()),
        Some(why) if held.is_empty() => Fact::Unread(why.to_owned()),
        Some(why) => Fact::Partly(held, why.to_owned()),
    }
}

fn eligible_role(role: &RoleScheduleInstance) -> Option<access::DirectoryRole> {
    let template = Uuid::try_parse(role.role_definition_id.as_deref()?).ok()?;
    Some(access::DirectoryRole {
        template,
        name: role_name(template),
        eligible: true,
        scope: role.directory_scope_id.clone().filter(|scope| scope != "/"),
    })
}

fn object_id(object: &DirectoryObject) -> Option<ObjectId> {
    object.id().parse().ok()
}

pub(crate) fn owner(object: &DirectoryObject) -> Option<access::Principal> {
    let id = object_id(object)?;
    Some(access::Principal {
        ids: access::Ids { entra: Some(id), ..access::Ids::default() },
        name: object.mail().or_else(|| object.display_name()).map_or_else(|| id.to_string(), str::to_owned),
        kind: match object {
            DirectoryObject::ServicePrincipal(_) => Some("ServicePrincipal".into()),
            _ => None,
        },
    })
}

/// The other applications of the tenant, of which the administering one is known: it changes groups, roles and policies.
pub(crate) fn administrator(administrator: Option<ClientId>, own: ClientId) -> Fact<Vec<access::OtherApplication>> {
    match administrator.filter(|administrator| *administrator != own) {
        None => Fact::Unread("the other applications were not checked".into()),
        Some(client_id) => Fact::Partly(
            vec![access::OtherApplication {
                client_id,
                name: "the administering application".into(),
                has_access_path: Fact::Unread("what it holds was not read".into()),
                can_widen: Fact::Read(true),
            }],
            "only the administering application was checked".into(),
        ),
    }
}

/// An application that the service principal owns. Whether that one has an access path is a question of its own.
pub(crate) fn owned_application(object: &DirectoryObject, own: ClientId) -> Option<access::OtherApplication> {
    let client_id = match object {
        DirectoryObject::ServicePrincipal(principal) => principal.app_id?,
        DirectoryObject::Other(properties) => properties.get("appId")?.as_str()?.parse().ok()?,
        _ => return None,
    };
    let fact = || {
        if client_id == own { Fact::Read(false) } else { Fact::Unread("what it holds was not read".into()) }
    };
    Some(access::OtherApplication {
        client_id,
        name: object.display_name().unwrap_or_default().to_owned(),
        has_access_path: fact(),
        can_widen: fact(),
    })
}

pub(crate) fn directory_member(object: &DirectoryObject) -> Option<access::Member> {
    let kind = match object {
        DirectoryObject::Group(_) => Some("Group".to_owned()),
        _ => None,
    };
    Some(access::Member { ids: access::Ids { entra: Some(object_id(object)?), ..access::Ids::default() }, kind })
}

pub(crate) fn client_ids(ids: Option<&[String]>) -> Fact<Vec<ClientId>> {
    let Some(ids) = ids else { return Fact::Unread("the organisation does not show EwsAllowedAppIDs".into()) };
    let ids: Result<Vec<ClientId>, _> = ids.iter().map(|id| id.trim().parse()).collect();
    ids.map_or_else(|fault| Fact::Unread(format!("an entry of EwsAllowedAppIDs is no client id: {fault}")), Fact::Read)
}
