//! A random tenant: what is in it, and how it is built.

use exchange_groups::access::{RowKind, RowResource, catalogue};
use exchange_groups_tests::GROUP;
use fake_tenant::{
    AccessPath, Application, FakeTenant, NewGroup, NewMailbox, NewRoleAssignment, PolicyRight, RecipientKind, Resource,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

/// The mailboxes, which are the same in every world.
pub(crate) const MAILBOXES: [(&str, RecipientKind); 8] = [
    ("room-1@contoso.com", RecipientKind::RoomMailbox),
    ("room-2@contoso.com", RecipientKind::RoomMailbox),
    ("room-3@contoso.com", RecipientKind::RoomMailbox),
    ("desk@contoso.com", RecipientKind::Workspace),
    ("ceo@contoso.com", RecipientKind::UserMailbox),
    ("adele@contoso.com", RecipientKind::UserMailbox),
    ("front@contoso.com", RecipientKind::SharedMailbox),
    ("projector@contoso.com", RecipientKind::EquipmentMailbox),
];
const CEO: usize = 4;
const ADELE: usize = 5;

/// The groups: that of the spec, and one of each other kind.
const GROUPS: [&str; 6] =
    [GROUP, "inner@contoso.com", "list@contoso.com", "team@contoso.com", "directory@contoso.com", "gone@contoso.com"];
const SPEC_GROUP: usize = 0;
const INNER: usize = 1;
const LIST: usize = 2;
const TEAM: usize = 3;
const DIRECTORY: usize = 4;
const GONE: usize = 5;

/// The days on which verdicts are asked for: before and after Exchange Web Services are off unless set, and after their
/// end.
pub(crate) const DAYS: [(&str, u64); 3] =
    [("2026-09-15", 1_789_430_400), ("2026-11-26", 1_795_651_200), ("2027-05-01", 1_809_129_600)];

/// An app role that is granted.
#[derive(Debug, Clone)]
pub(crate) enum Held {
    /// A row of the catalogue.
    Row(usize),
    /// An id that no resource lists.
    Unlisted { exchange: bool, id: u8 },
    /// An id that no source has, under a name that the resource gives it.
    Named { exchange: bool, name: &'static str },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum PolicyFor {
    Own,
    Everyone,
    Another,
    /// Somebody mistook the object id for the client id.
    ObjectId,
}

#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) of: PolicyFor,
    pub(crate) deny: bool,
    pub(crate) scope: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) enum Scope {
    Organization,
    Group(usize),
    /// `{0}` stands for the distinguished name of a group.
    Filter {
        text: String,
        exclusive: bool,
    },
    Unit,
}

#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) name: &'static str,
    pub(crate) scope: Scope,
    pub(crate) enabled: bool,
    pub(crate) delegating: bool,
    /// For a service principal of Exchange that is not the application's.
    pub(crate) elsewhere: bool,
}

/// Who is on `EwsAllowedAppIDs`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Listed {
    Nobody,
    Application,
    Another,
}

/// A tenant. Sets of mailboxes are bits.
#[expect(clippy::struct_excessive_bools, reason = "they are independent switches of a tenant")]
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// Who has `CustomAttribute1` "PLACEOS".
    pub(crate) marked: u16,
    /// Who is in each of the groups.
    pub(crate) members: [u16; 6],
    /// Which group is in which.
    pub(crate) nested: Vec<(usize, usize)>,
    /// Whether the last group is deleted after policies and roles were made over it.
    pub(crate) is_gone: bool,
    pub(crate) unit: u16,
    pub(crate) unit_group: Option<usize>,
    pub(crate) grants: Vec<Held>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) roles: Vec<Role>,
    pub(crate) ews: (Option<bool>, Listed),
    /// Whose mailbox has EWS off.
    pub(crate) ews_off: u16,
    pub(crate) enforced: bool,
    /// On whose mailbox the service principal has `FullAccess`.
    pub(crate) full_access: u16,
    pub(crate) defaults: Vec<(usize, &'static str)>,
    pub(crate) shared: Option<(usize, usize, &'static str)>,
    pub(crate) is_enabled: bool,
    pub(crate) searches: bool,
    pub(crate) day: usize,
    /// Answers to the open questions to try beside the usual ones.
    pub(crate) guesses: [u16; 4],
}

fn rows_of(kind: RowKind) -> Vec<usize> {
    let rows = catalogue().iter().enumerate();
    rows.filter(|(_, row)| row.kind == kind).map(|(index, _)| index).collect()
}

/// Names that no source has, of which one is about no mailbox.
const NAMES: [&str; 4] = ["Calendars.Peek.All", "Mailboxes.Everything", "Sites.Peek.All", "full_access_as_device"];

fn held() -> impl Strategy<Value = Held> {
    let all = rows_of(RowKind::Application);
    let about_calendars: Vec<usize> = all.iter().copied().filter(|row| !catalogue()[*row].allows.is_empty()).collect();
    let usual = ["Calendars.Read", "Calendars.ReadWrite"];
    let usual: Vec<usize> = all
        .iter()
        .copied()
        .filter(|row| usual.contains(&catalogue()[*row].value) && catalogue()[*row].resource == RowResource::Graph)
        .collect();
    prop_oneof![
        5 => select(usual).prop_map(Held::Row),
        4 => select(about_calendars).prop_map(Held::Row),
        3 => select(all).prop_map(Held::Row),
        1 => (any::<bool>(), 0..3_u8).prop_map(|(exchange, id)| Held::Unlisted { exchange, id }),
        1 => (any::<bool>(), select(&NAMES[..])).prop_map(|(exchange, name)| Held::Named { exchange, name }),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    let of = prop_oneof![
        6 => Just(PolicyFor::Own),
        2 => Just(PolicyFor::Everyone),
        1 => Just(PolicyFor::Another),
        1 => Just(PolicyFor::ObjectId),
    ];
    let scope = prop_oneof![
        4 => Just(GROUP),
        3 => Just(GROUPS[INNER]),
        1 => Just(GROUPS[GONE]),
        1 => Just(MAILBOXES[CEO].0),
        1 => Just(MAILBOXES[ADELE].0),
    ];
    (of, prop::bool::weighted(0.35), scope).prop_map(|(of, deny, scope)| Policy { of, deny, scope })
}

fn atom() -> impl Strategy<Value = String> {
    select(
        &[
            "RecipientTypeDetails -eq 'RoomMailbox'",
            "RecipientTypeDetails -ne 'UserMailbox'",
            "RecipientTypeDetails -like '*Mailbox'",
            "CustomAttribute1 -eq 'PLACEOS'",
            "CustomAttribute1 -eq 'placeos'",
            "CustomAttribute1 -ne 'PLACEOS'",
            "CustomAttribute1 -like 'PLACE*'",
            "CustomAttribute1 -eq $null",
            "CustomAttribute1 -ne $null",
            "CustomAttribute7 -eq 'PLACEOS'",
            "Alias -eq 'room-1'",
            "Alias -like 'room*'",
            "Name -like '*2'",
            "DisplayName -ne 'CEO'",
            "Office -eq 'Building 1'",
            "Office -like '*ing 1'",
            "PrimarySmtpAddress -eq 'ceo@contoso.com'",
            "PrimarySmtpAddress -eq 'second.room-2@contoso.com'",
            "EmailAddresses -like '*@contoso.com'",
            "EmailAddresses -eq 'smtp:second.room-2@contoso.com'",
            "ResourceType -eq 'Room'",
            "ResourceType -ne 'Workspace'",
            "HiddenFromAddressListsEnabled -eq $false",
            "IsDirSynced -eq $true",
            "ResourceCapacity -gt 4",
            "Company -eq 'Contoso'",
            "MemberOfGroup -eq '{0}'",
            "MemberOfGroup -eq '{1}'",
            "MemberOfGroup -eq '{2}'",
            "MemberOfGroup -eq '{3}'",
            "MemberOfGroup -ne '{0}'",
            "MemberOfGroup -ne '{2}'",
            "MemberOfGroup -eq 'CN=Nobody,OU=contoso.onmicrosoft.com,DC=EURPR01A001,DC=PROD,DC=OUTLOOK,DC=COM'",
        ][..],
    )
    .prop_map(str::to_owned)
}

fn filter() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => atom(),
        1 => atom().prop_map(|one| format!("-not ({one})")),
        1 => (atom(), atom()).prop_map(|(one, other)| format!("({one}) -and ({other})")),
        1 => (atom(), atom()).prop_map(|(one, other)| format!("({one}) -or ({other})")),
        1 => (atom(), atom(), atom()).prop_map(|(one, two, three)| format!("{one} -and {two} -or {three}")),
        1 => (atom(), atom(), atom()).prop_map(|(one, two, three)| format!("{one} -or {two} -and -not {three}")),
    ]
}

fn role() -> impl Strategy<Value = Role> {
    let all: Vec<&'static str> = rows_of(RowKind::ApplicationRole).iter().map(|row| catalogue()[*row].value).collect();
    let name = prop_oneof![
        5 => select(&["Application Calendars.Read", "Application Calendars.ReadWrite"][..]),
        4 => select(all),
        1 => select(&["Application Calendars.Peek", "ApplicationImpersonation", "Role Management", "Mail Recipients"][..]),
    ];
    let scope = prop_oneof![
        1 => Just(Scope::Organization),
        5 => select(&[SPEC_GROUP, SPEC_GROUP, INNER, INNER, LIST, LIST, TEAM, DIRECTORY, GONE][..]).prop_map(Scope::Group),
        4 => (filter(), any::<bool>()).prop_map(|(text, exclusive)| Scope::Filter { text, exclusive }),
        2 => Just(Scope::Unit),
    ];
    let flags = (prop::bool::weighted(0.85), prop::bool::weighted(0.1), prop::bool::weighted(0.03));
    (name, scope, flags).prop_map(|(name, scope, (enabled, delegating, elsewhere))| Role {
        name,
        scope,
        enabled,
        delegating,
        elsewhere,
    })
}

fn nested() -> impl Strategy<Value = (usize, usize)> {
    select(
        &[
            (SPEC_GROUP, INNER),
            (SPEC_GROUP, LIST),
            (SPEC_GROUP, TEAM),
            (INNER, SPEC_GROUP),
            (INNER, LIST),
            (LIST, INNER),
        ][..],
    )
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    let some = || any::<u16>();
    let few = || (any::<u16>(), any::<u16>()).prop_map(|(one, other)| one & other);
    let groups = (
        some(),
        [few().boxed(), few().boxed(), few().boxed(), few().boxed(), few().boxed(), few().boxed()],
        vec(nested(), 0..3),
        prop::bool::weighted(0.3),
        few(),
        prop_oneof![4 => Just(None), 1 => select(&[LIST, TEAM, INNER][..]).prop_map(Some)],
    );
    let access = (vec(held(), 0..3), vec(policy(), 0..4), vec(role(), 0..4));
    let ews = prop_oneof![
        1 => Just((None, Listed::Nobody)),
        1 => Just((Some(false), Listed::Nobody)),
        1 => Just((Some(true), Listed::Nobody)),
        1 => Just((Some(true), Listed::Another)),
        2 => Just((Some(true), Listed::Application)),
    ];
    let right = select(&["None", "AvailabilityOnly", "LimitedDetails", "Reviewer"][..]);
    let reader = select(&["AvailabilityOnly", "LimitedDetails", "Reviewer", "Editor"][..]);
    let index = 0..MAILBOXES.len();
    let switches = (
        ews,
        few(),
        prop::bool::weighted(0.05),
        few(),
        vec((index.clone(), right), 0..4),
        proptest::option::weighted(0.15, (index.clone(), index, reader)),
    );
    let rest = (prop::bool::weighted(0.97), prop::bool::weighted(0.3), 0..DAYS.len(), any::<[u16; 4]>());
    (groups, access, switches, rest).prop_map(|(groups, access, switches, rest)| {
        let (marked, members, nested, is_gone, unit, unit_group) = groups;
        let (grants, policies, roles) = access;
        let (ews, ews_off, enforced, full_access, defaults, shared) = switches;
        let (is_enabled, searches, day, guesses) = rest;
        World {
            marked,
            members,
            nested,
            is_gone,
            unit,
            unit_group,
            grants,
            policies,
            roles,
            ews,
            ews_off,
            enforced,
            full_access,
            defaults,
            shared,
            is_enabled,
            searches,
            day,
            guesses,
        }
    })
}

fn addresses(set: u16) -> impl Iterator<Item = &'static str> {
    MAILBOXES.iter().enumerate().filter(move |(index, _)| has(set, *index)).map(|(_, (address, _))| *address)
}

pub(crate) const fn has(set: u16, index: usize) -> bool {
    set & (1 << index) != 0
}

fn local(address: &str) -> &str {
    address.split('@').next().unwrap_or(address)
}

impl World {
    /// The tenant, with the application that is judged: the booking application.
    pub(crate) fn build(&self) -> FakeTenant {
        let tenant = FakeTenant::builder().build();
        let app = tenant.booking_application();
        tenant.revoke_app_role(&app, "Calendars.ReadWrite");
        tenant.add_person("exchange.admin");
        self.add_recipients(&tenant);
        self.open_paths(&tenant, &app);
        self.set_switches(&tenant, &app);
        if self.is_gone {
            tenant.remove_mailbox(GROUPS[GONE]);
        }
        tenant
    }

    fn add_recipients(&self, tenant: &FakeTenant) {
        for (index, (address, kind)) in MAILBOXES.into_iter().enumerate() {
            let mut mailbox = NewMailbox::new(kind, address);
            if has(self.marked, index) {
                mailbox = mailbox.custom_attribute(1, "PLACEOS");
            }
            if index % 2 == 0 {
                mailbox = mailbox.office("Building 1").proxy_address(&format!("second.{address}"));
            }
            tenant.add_mailbox(mailbox);
        }
        for (index, address) in GROUPS.into_iter().enumerate() {
            let group = match index {
                LIST => NewGroup::distribution(address),
                TEAM => NewGroup::microsoft_365(address),
                DIRECTORY => NewGroup::entra_security(address),
                _ => NewGroup::security(address),
            };
            tenant.add_group(group.members(addresses(self.members[index])));
        }
        for (outer, inner) in &self.nested {
            tenant.add_member(GROUPS[*outer], GROUPS[*inner]);
        }
        let groups = self.unit_group.map(|group| GROUPS[group]);
        tenant.add_unit("Unit", addresses(self.unit).chain(groups));
    }

    fn open_paths(&self, tenant: &FakeTenant, app: &Application) {
        let resource = |exchange: bool| if exchange { Resource::Exchange } else { Resource::Graph };
        for held in &self.grants {
            match held {
                Held::Row(row) => {
                    let row = &catalogue()[*row];
                    let role = row.id.map_or_else(|| row.value.to_owned(), |id| id.to_string());
                    let resource = resource(row.resource == RowResource::Exchange);
                    tenant.open(app, AccessPath::AppRole { resource, role: &role });
                }
                Held::Unlisted { exchange, id } => {
                    tenant.grant(app, resource(*exchange), &format!("1111111{id}-2222-4333-8444-555555555555"));
                }
                Held::Named { exchange, name } => {
                    let id = format!("9999999{}-2222-4333-8444-555555555555", name.len() % 10);
                    tenant.list_app_role(resource(*exchange), &id, name);
                    tenant.grant(app, resource(*exchange), &id);
                }
            }
        }
        for policy in &self.policies {
            let other = tenant.administrator().client_id;
            let of = match policy.of {
                PolicyFor::Own => &app.client_id,
                PolicyFor::Everyone => "*",
                PolicyFor::Another => &other,
                PolicyFor::ObjectId => &app.object_id,
            };
            let right = if policy.deny { PolicyRight::Deny } else { PolicyRight::Restrict };
            tenant.add_access_policy(of, right, policy.scope);
        }
        for role in &self.roles {
            let mut new = NewRoleAssignment::new(role.name);
            new = match &role.scope {
                Scope::Organization => new,
                Scope::Group(group) => new.group(GROUPS[*group]),
                Scope::Filter { text, exclusive } => {
                    let filter = with_names(tenant, text);
                    if *exclusive { new.exclusive_filter(&filter) } else { new.filter(&filter) }
                }
                Scope::Unit => new.unit("Unit"),
            };
            if !role.enabled {
                new = new.disabled();
            }
            if role.delegating {
                new = new.delegating();
            }
            if role.elsewhere {
                new = new.of_object_id("0b5c3d1e-6a7f-4c2d-9e8b-1f2a3b4c5d6e");
            }
            tenant.assign_role(app, new);
        }
    }

    fn set_switches(&self, tenant: &FakeTenant, app: &Application) {
        let other = tenant.administrator().client_id;
        let listed = match self.ews.1 {
            Listed::Nobody => None,
            Listed::Application => Some(&app.client_id),
            Listed::Another => Some(&other),
        };
        tenant.set_ews(self.ews.0, listed);
        for (index, (address, _)) in MAILBOXES.into_iter().enumerate() {
            if has(self.ews_off, index) {
                tenant.set_mailbox_ews(address, false);
            }
            if has(self.full_access, index) {
                tenant.add_mailbox_permission(app, address);
            }
        }
        tenant.set_enforce_app_roles(self.enforced);
        for (index, right) in &self.defaults {
            tenant.set_default_calendar_permission(MAILBOXES[*index].0, right);
        }
        if let Some((index, reader, right)) = self.shared
            && index != reader
        {
            tenant.set_calendar_permission(MAILBOXES[index].0, MAILBOXES[reader].0, right);
        }
        if self.searches {
            tenant.add_purview_role(app);
        }
        tenant.set_application_enabled(app, self.is_enabled);
    }

    /// Whether a Microsoft 365 group is nested in another group.
    pub(crate) fn has_a_team_in_a_group(&self) -> bool {
        self.nested.iter().any(|(_, inner)| *inner == TEAM)
    }

    /// Whether a permission is held that no source has, under a name that is about no mailbox. The rule for what is
    /// missing in the sources takes it for harmless.
    pub(crate) fn holds_a_harmless_name(&self) -> bool {
        self.grants
            .iter()
            .any(|held| matches!(held, Held::Named { exchange: false, name } if *name == "Sites.Peek.All"))
    }
}

/// A filter with the distinguished names of its groups.
fn with_names(tenant: &FakeTenant, filter: &str) -> String {
    let mut filter = filter.to_owned();
    for (index, address) in GROUPS.into_iter().enumerate() {
        let placeholder = format!("{{{index}}}");
        if filter.contains(&placeholder) {
            let name = tenant.group(address).map(|group| group.distinguished_name);
            let name = name.unwrap_or_else(|| format!("CN={},OU=contoso.onmicrosoft.com", local(address)));
            filter = filter.replace(&placeholder, &name.replace('\'', "''"));
        }
    }
    filter
}

/// The object id of the recipient at an address.
pub(crate) fn object_id(tenant: &FakeTenant, address: &str) -> String {
    let rows = tenant.run_cmdlet("Get-Recipient", json!({ "Identity": address }));
    rows[0]["ExternalDirectoryObjectId"].as_str().unwrap_or_default().to_owned()
}
