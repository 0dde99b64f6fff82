//! The tenant of the worked examples: an application, two rooms, a third one in a nested group, the CEO.

use graph_client::{AppRoleId, ClientId, ObjectId, ServicePrincipalId};
use uuid::Uuid;

use crate::access::*;

pub(super) const CLIENT: u128 = 0xA000;
pub(super) const PRINCIPAL: u128 = 0xA001;
pub(super) const OTHER_CLIENT: u128 = 0xB000;

pub(super) fn guid(id: u128) -> Uuid {
    // Far away from the ids of the catalogue.
    Uuid::from_u128(0x7e57_0000_0000_4000_8000_0000_0000_0000 | id)
}

pub(super) fn client(id: u128) -> ClientId {
    ClientId::from_uuid(guid(id))
}

pub(super) fn object(id: u128) -> ObjectId {
    ObjectId::from_uuid(guid(id))
}

pub(super) fn principal(id: u128) -> ServicePrincipalId {
    ServicePrincipalId::from_uuid(guid(id))
}

/// Mailboxes and groups by name, so that an example reads like its row.
fn id_of(name: &str) -> u128 {
    const NAMES: [&str; 17] = [
        "r1", "r2", "r3", "ceo", "svc", "x", "third", "owner", "G", "N", "H", "M", "R1", "CEO", "U", "new r1", "nobody",
    ];
    let at = NAMES.iter().position(|known| *known == name);
    0x100 + at.map_or_else(|| panic!("{name} is not in the tenant"), |at| at as u128)
}

pub(super) fn ids(name: &str) -> Ids {
    let id = id_of(name);
    Ids { entra: Some(object(id)), exchange_guid: Some(guid(id + 0x1000)), guid: Some(guid(id + 0x2000)) }
}

fn mailbox_kind(name: &str) -> &'static str {
    match name {
        "r1" | "r2" | "r3" | "new r1" => "RoomMailbox",
        _ => "UserMailbox",
    }
}

pub(super) fn mailbox(name: &str) -> MailboxFacts {
    MailboxFacts {
        found: Found::One,
        ids: ids(name),
        addresses: Fact::Read(vec![format!("SMTP:{}@contoso.com", name.replace(' ', "."))]),
        kind: Fact::Read(mailbox_kind(name).into()),
        distinguished_name: Some(format!("CN={name},OU=contoso,DC=example")),
        properties: [("CustomAttribute1".to_owned(), Vec::new())].into(),
        cas: Fact::Read(CasSettings::default()),
        full_access: Fact::Read(false),
        has_folder_entry: false,
        sharing: Fact::Read(CalendarSharing { default: CalendarRight::Nothing, entries: Vec::new() }),
    }
}

pub(super) fn member(name: &str) -> Member {
    let kind = if ["G", "N", "H", "R1", "CEO"].contains(&name) {
        "MailUniversalSecurityGroup"
    } else if name == "M" {
        "GroupMailbox"
    } else {
        mailbox_kind(name)
    };
    Member { ids: ids(name), kind: Some(kind.into()) }
}

pub(super) fn person(name: &str) -> Principal {
    Principal { ids: ids(name), name: format!("{name}@contoso.com"), kind: Some("UserMailbox".into()) }
}

pub(super) fn group(name: &str, kind: GroupType, members: &[&str]) -> Group {
    Group {
        ids: ids(name),
        name: Some(name.into()),
        display_name: Some(format!("The group {name}")),
        distinguished_name: Some(distinguished_name(name)),
        addresses: vec![format!("{name}@contoso.com")],
        kind: Some(kind),
        members: Fact::Read(members.iter().map(|name| member(name)).collect()),
        owners: Fact::Read(vec![person("owner")]),
        joining: Some(Joining::ByOwner),
        membership_rule: None,
    }
}

pub(super) fn distinguished_name(group: &str) -> String {
    format!("CN={group},OU=contoso.onmicrosoft.com,OU=Microsoft Exchange Hosted Organizations,DC=EURPR01A001,DC=PROD")
}

/// Everything read, and nothing granted.
pub(super) fn tenant() -> Facts {
    let security = |name, members: &[&str]| group(name, GroupType::MailEnabledSecurity, members);
    let mut facts = Facts::new(client(CLIENT), jiff::civil::date(2026, 11, 26));
    facts.service_principal = Fact::Read(Some(principal(PRINCIPAL)));
    facts.sign_in = Fact::Read(SignIn::Enabled);
    facts.grants = Fact::Read(Vec::new());
    facts.delegated_grants = Fact::Read(Vec::new());
    facts.signed_in = Fact::Read(Vec::new());
    facts.policies = Fact::Read(Vec::new());
    facts.exchange_principal = Fact::Read(None);
    facts.role_assignments = Fact::Read(Vec::new());
    facts.scopes = Fact::Read(Vec::new());
    facts.groups = Fact::Read(vec![
        security("G", &["r1", "r2", "N"]),
        security("N", &["r3"]),
        security("H", &["x"]),
        group("M", GroupType::Microsoft365, &["r1"]),
        security("R1", &["r1"]),
        security("CEO", &["ceo"]),
    ]);
    facts.administrative_units = Fact::Read(vec![AdministrativeUnit {
        id: object(id_of("U")),
        name: Some("U".into()),
        members: Fact::Read(vec![member("r1")]),
        membership_rule: None,
    }]);
    facts.organization = Fact::Read(OrganizationSettings {
        ews_enabled: None,
        ews_allowed_app_ids: Fact::Read(Vec::new()),
        user_agents: Fact::Read(UserAgents::Any),
        enforce_app_rbac: Some(false),
    });
    facts.directory_roles = Fact::Read(Vec::new());
    facts.role_groups = Fact::Read(Vec::new());
    facts.owned_applications = Fact::Read(Vec::new());
    facts.other_applications = Fact::Read(Vec::new());
    facts.owners = Fact::Read(Vec::new());
    facts.purview_roles = Fact::Read(Vec::new());
    facts
}

pub(super) fn read<T>(fact: &mut Fact<T>) -> &mut T {
    match fact {
        Fact::Read(value) => value,
        Fact::Partly(..) | Fact::Unread(_) => panic!("the example needs a part that was read"),
    }
}

pub(super) fn permission(resource: Resource, name: &str) -> Grant {
    let place = if resource == Resource::Graph { RowResource::Graph } else { RowResource::Exchange };
    let row = catalogue()
        .iter()
        .find(|row| row.resource == place && row.kind == RowKind::Application && row.value == name)
        .unwrap_or_else(|| panic!("{name} is not in the catalogue"));
    Grant {
        resource,
        role: AppRoleId::from_uuid(row.id.unwrap_or_else(|| guid(0xdead))),
        value: Some(name.into()),
        assignment: Some("grant-1".into()),
        eligible: false,
    }
}

pub(super) fn policy(right: PolicyRight, application: PolicyApplication, group: &str) -> AccessPolicy {
    let scope = PolicyScope::Group(*ids(group).entra.unwrap().as_uuid());
    AccessPolicy { identity: format!("tenant\\app:{group}"), application, right, scope, is_valid: Some(true) }
}

pub(super) fn role(role: &str, scope: RoleScope) -> RoleAssignment {
    RoleAssignment {
        name: format!("{role} of the example"),
        role: role.into(),
        permissions: Fact::default(),
        scope,
        enabled: Some(true),
        delegating: Some(false),
    }
}

pub(super) fn management_scope(filter: &str) -> ManagementScope {
    ManagementScope { name: "scope".into(), filter: Fact::Read(filter.into()), recipient_root: None, exclusive: false }
}

/// The steps by which examples differ from the empty tenant.
pub(super) trait World: Sized {
    fn with(self, change: impl FnOnce(&mut Facts)) -> Self;

    fn graph(self, name: &str) -> Self {
        self.with(|facts| read(&mut facts.grants).push(permission(Resource::Graph, name)))
    }

    fn exchange(self, name: &str) -> Self {
        self.with(|facts| read(&mut facts.grants).push(permission(Resource::Exchange, name)))
    }

    fn policy(self, right: PolicyRight, group: &str) -> Self {
        self.policy_for(PolicyApplication::One(guid(CLIENT)), right, group)
    }

    fn policy_for(self, application: PolicyApplication, right: PolicyRight, group: &str) -> Self {
        self.with(|facts| read(&mut facts.policies).push(policy(right, application, group)))
    }

    /// The service principal is registered in Exchange.
    fn registered(self) -> Self {
        self.with(|facts| {
            let id = Some(principal(PRINCIPAL));
            facts.exchange_principal =
                Fact::Read(Some(ExchangePrincipal { app_id: Some(facts.client_id), object_id: id }));
        })
    }

    fn role(self, name: &str, scope: RoleScope) -> Self {
        self.registered().with(|facts| read(&mut facts.role_assignments).push(role(name, scope)))
    }

    /// The role over a management scope.
    fn filtered(self, filter: &str) -> Self {
        self.role("Application Calendars.ReadWrite", RoleScope::Management("scope".into()))
            .with(|facts| read(&mut facts.scopes).push(management_scope(filter)))
    }

    fn directory_role(self, name: &str) -> Self {
        let row = catalogue().iter().find(|row| row.kind == RowKind::DirectoryRole && row.value == name);
        let template = row.and_then(|row| row.id).unwrap_or_else(|| panic!("{name} is not in the catalogue"));
        self.with(|facts| {
            let role = DirectoryRole { template, name: name.into(), eligible: false, scope: None };
            read(&mut facts.directory_roles).push(role);
        })
    }
}

impl World for Facts {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

pub(super) fn group_mut<'f>(facts: &'f mut Facts, name: &str) -> &'f mut Group {
    read(&mut facts.groups).iter_mut().find(|group| group.name.as_deref() == Some(name)).unwrap()
}
