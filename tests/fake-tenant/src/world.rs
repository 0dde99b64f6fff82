//! What the tenant holds, as opposed to what it is being asked.

use std::collections::{BTreeMap, HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::access::{Access, Change};
use crate::calendar::{Event, FolderPermission, SentMail};
use crate::clock::Clock;
use crate::delta::Deltas;
use crate::directory::Directory;
use crate::exchange_state::{ClientAccess, Ews, ExchangeState};
use crate::filter::Expression;
use crate::links::Links;
use crate::recipient::{GroupSettings, Place, Recipient, RecipientId, RecipientKind};
use crate::replication::Visibility;
use crate::roles::Resource;
use crate::spaces::Space;
use crate::subscriptions::{Notification, Subscription};

const NAMESPACE: Uuid = Uuid::from_u128(0x6f2d_1c9b_58e4_4a07_9b31_0c7d_e5f4_a210);

/// The same name gives the same id in every run, so that a test may write an id down.
pub(crate) fn derived_id(kind: &str, name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{kind}/{name}").as_bytes())
}

#[derive(Clone, Debug)]
pub(crate) struct Organization {
    pub(crate) id: Uuid,
    pub(crate) display_name: String,
    /// The `.onmicrosoft.com` domain.
    pub(crate) initial_domain: String,
    pub(crate) default_domain: String,
    /// All accepted domains, the initial one first.
    pub(crate) domains: Vec<String>,
    pub(crate) dehydrated: bool,
    /// When customization was enabled; creations are refused for a while longer.
    pub(crate) hydrated_at: Option<Timestamp>,
    pub(crate) hydration_delay: SignedDuration,
    /// How much longer application roles cannot be handed on.
    pub(crate) delegation_delay: SignedDuration,
    /// For instance `GRP_<GroupName>`; empty for none.
    pub(crate) naming_policy: String,
    pub(crate) ews: Ews,
    /// The client ids that may use EWS while it is enabled; empty for no list.
    pub(crate) ews_allowed_app_ids: Vec<String>,
    pub(crate) enforce_app_rbac: bool,
}

impl Organization {
    pub(crate) fn accepts(&self, domain: &str) -> bool {
        self.domains.iter().any(|own| own.eq_ignore_ascii_case(domain))
    }

    pub(crate) fn is_named(&self, tenant: &str) -> bool {
        tenant.eq_ignore_ascii_case(&self.id.to_string()) || self.accepts(tenant)
    }

    /// Whether role objects can be made: not before customization was enabled, and not right after it.
    pub(crate) fn is_hydrated(&self, now: Timestamp) -> bool {
        !self.dehydrated && self.hydrated_at.is_none_or(|at| now.duration_since(at) >= self.hydration_delay)
    }

    /// Whether application roles can be handed on by now.
    pub(crate) fn delegates_roles(&self, now: Timestamp) -> bool {
        let delay = self.hydration_delay.saturating_add(self.delegation_delay);
        self.hydrated_at.is_none_or(|at| now.duration_since(at) >= delay)
    }

    pub(crate) fn distinguished_name(&self, name: &str) -> String {
        let name = name.replace('\\', "\\\\").replace(',', "\\,");
        format!(
            "CN={name},OU={},OU=Microsoft Exchange Hosted Organizations,DC=EURPR01A001,DC=PROD,DC=OUTLOOK,DC=COM",
            self.initial_domain
        )
    }
}

#[derive(Clone, Debug)]
pub(crate) struct AppRoleAssignment {
    pub(crate) id: String,
    pub(crate) resource: Resource,
    pub(crate) role: Uuid,
    pub(crate) created: Timestamp,
}

#[derive(Clone)]
pub(crate) struct Secret {
    pub(crate) key_id: Uuid,
    pub(crate) display_name: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) text: String,
    pub(crate) expires: Option<Timestamp>,
}

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) client_id: Uuid,
    /// Of the service principal.
    pub(crate) object_id: Uuid,
    pub(crate) display_name: String,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) trusts_assertions: bool,
    /// SHA-256 thumbprints of its certificates, base64url without padding.
    pub(crate) thumbprints: Vec<String>,
    pub(crate) enabled: bool,
    pub(crate) assignments: Vec<AppRoleAssignment>,
    pub(crate) directory_roles: Vec<&'static str>,
    /// Exchange role groups.
    pub(crate) role_groups: Vec<String>,
    /// The application object; an application of another tenant has none here.
    pub(crate) registration: Option<Registration>,
    /// Whether it has a service principal.
    pub(crate) principal: bool,
    pub(crate) lag: AppLag,
}

/// An application object.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    pub(crate) object_id: Uuid,
    pub(crate) created: Timestamp,
    /// The properties as Graph shows them, apart from credentials and ids.
    pub(crate) properties: Map<String, Value>,
    pub(crate) keys: Vec<Value>,
    pub(crate) federated: Vec<Value>,
}

/// How many more requests do not find what was just made.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppLag {
    pub(crate) application: u32,
    pub(crate) principal: u32,
    /// At the sign-in service.
    pub(crate) sign_in: u32,
    pub(crate) secret: u32,
}

/// Whether a lag lets this request through; one that it does not let through uses up a turn.
pub(crate) fn has_arrived(left: &mut u32) -> bool {
    let arrived = *left == 0;
    *left = left.saturating_sub(1);
    arrived
}

/// A delegated permission grant.
#[derive(Clone, Debug)]
pub(crate) struct PermissionGrant {
    pub(crate) id: String,
    /// The object id of the client's service principal.
    pub(crate) client: Uuid,
    pub(crate) principal: Option<Uuid>,
    pub(crate) resource: Resource,
    pub(crate) scope: String,
}

impl App {
    pub(crate) fn roles(&self, resource: Resource, links: &Links) -> Vec<String> {
        self.assignments
            .iter()
            .filter(|assignment| assignment.resource == resource)
            .filter_map(|assignment| links.app_role_value(resource, assignment.role))
            .map(str::to_owned)
            .collect()
    }

    pub(crate) fn is_named(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(&self.client_id.to_string())
            || name.eq_ignore_ascii_case(&self.object_id.to_string())
            || name == self.display_name
    }
}

/// An Exchange role group. Applications keep the names of theirs, since they are judged by them.
#[derive(Clone, Debug)]
pub(crate) struct RoleGroup {
    pub(crate) guid: Uuid,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) roles: Vec<String>,
    pub(crate) members: Vec<RecipientId>,
    pub(crate) built_in: bool,
}

/// What a person holds in the directory, by object id.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserAccount {
    pub(crate) directory_roles: Vec<&'static str>,
    /// Roles that could be activated.
    pub(crate) eligible: Vec<&'static str>,
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) organization: Organization,
    pub(crate) clock: Clock,
    pub(crate) directory: Directory,
    pub(crate) apps: Vec<App>,
    pub(crate) access: Access,
    pub(crate) events: BTreeMap<RecipientId, Vec<Event>>,
    /// What was changed of calendar processing, by the mailbox's guid.
    pub(crate) calendar_processing: HashMap<Uuid, Map<String, Value>>,
    /// The entries of the calendars whose permissions somebody touched.
    pub(crate) folder_permissions: HashMap<RecipientId, Vec<FolderPermission>>,
    /// The filters of dynamic distribution groups.
    pub(crate) dynamic_groups: HashMap<RecipientId, Expression>,
    pub(crate) role_groups: Vec<RoleGroup>,
    /// Directory roles of people and groups, by object id.
    pub(crate) users: HashMap<Uuid, UserAccount>,
    pub(crate) grants: Vec<PermissionGrant>,
    pub(crate) links: Links,
    /// How many requests look in vain for an application or service principal that was just made.
    pub(crate) replication_lag: u32,
    pub(crate) deltas: Deltas,
    /// Calendars besides the default one: id and name.
    pub(crate) calendars: HashMap<RecipientId, Vec<(String, String)>>,
    /// What was changed of mailbox settings.
    pub(crate) mailbox_settings: HashMap<RecipientId, Map<String, Value>>,
    pub(crate) sent: Vec<SentMail>,
    pub(crate) places_enabled: bool,
    /// Buildings, floors, sections and desks.
    pub(crate) spaces: Vec<Space>,
    pub(crate) subscriptions: Vec<Subscription>,
    /// Notifications that nobody has fetched or delivered yet.
    pub(crate) outbox: Vec<Notification>,
    pub(crate) visibility: Visibility,
    pub(crate) exchange: ExchangeState,
    pub(crate) monitoring: crate::monitoring::Monitoring,
    pub(crate) places_lag: SignedDuration,
    /// After how many places a list of Graph ends, without a link to the rest.
    pub(crate) places_cut: Option<usize>,
    serial: u64,
    /// Ids that were given out, to deleted objects too.
    issued: HashSet<Uuid>,
}

/// What is needed to make a recipient; the rest is derived.
#[derive(Clone, Debug)]
pub(crate) struct NewRecipient {
    pub(crate) kind: RecipientKind,
    pub(crate) address: String,
    pub(crate) alias: String,
    pub(crate) display_name: String,
    /// Groups have a name of their own, accounts are named by their object id.
    pub(crate) name: Option<String>,
    pub(crate) created: Timestamp,
}

impl World {
    pub(crate) fn new(organization: Organization) -> Self {
        Self {
            organization,
            clock: Clock::default(),
            directory: Directory::default(),
            apps: Vec::new(),
            access: Access::default(),
            events: BTreeMap::new(),
            calendar_processing: HashMap::new(),
            folder_permissions: HashMap::new(),
            dynamic_groups: HashMap::new(),
            role_groups: Vec::new(),
            users: HashMap::new(),
            grants: Vec::new(),
            links: Links::default(),
            replication_lag: 0,
            deltas: Deltas::default(),
            calendars: HashMap::new(),
            mailbox_settings: HashMap::new(),
            sent: Vec::new(),
            places_enabled: false,
            spaces: Vec::new(),
            subscriptions: Vec::new(),
            outbox: Vec::new(),
            visibility: Visibility::default(),
            exchange: ExchangeState::default(),
            monitoring: crate::monitoring::Monitoring::default(),
            places_lag: SignedDuration::ZERO,
            places_cut: None,
            serial: 0,
            issued: HashSet::new(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The directory roles of a person, by template id.
    pub(crate) fn user_directory_roles(&self, object_id: Uuid) -> &[&'static str] {
        self.users.get(&object_id).map_or(&[], |account| &account.directory_roles)
    }

    /// An id that was not given out before, and is the same in every run that does the same things.
    pub(crate) fn fresh_id(&mut self, kind: &str) -> Uuid {
        self.serial += 1;
        derived_id(kind, &self.serial.to_string())
    }

    /// The id that belongs to a name, or a fresh one when an earlier object of that name had it.
    pub(crate) fn issue_id(&mut self, kind: &str, name: &str) -> Uuid {
        let id = derived_id(kind, &name.to_lowercase());
        if self.issued.insert(id) {
            return id;
        }
        self.fresh_id(kind)
    }

    /// An opaque id as Graph has them for assignments and events.
    pub(crate) fn fresh_opaque_id(&mut self, kind: &str) -> String {
        let (left, right) = (self.fresh_id(kind), self.fresh_id(kind));
        URL_SAFE_NO_PAD.encode([left.into_bytes(), right.into_bytes()].concat())
    }

    pub(crate) fn change(&mut self, change: Change) {
        let now = self.now();
        self.access.change(now, change);
    }

    pub(crate) fn app(&self, name: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.is_named(name))
    }

    pub(crate) fn app_mut(&mut self, name: &str) -> Option<&mut App> {
        self.apps.iter_mut().find(|app| app.is_named(name))
    }

    /// Makes a recipient.
    pub(crate) fn create(&mut self, new: NewRecipient) -> RecipientId {
        let id = self.directory.next_id();
        let object_id = self.issue_id("object", &new.address);
        let guid = self.issue_id("recipient", &new.address);
        let is_group = new.kind.is_group() || new.kind == RecipientKind::DynamicDistributionGroup;
        let name = new.name.unwrap_or_else(|| object_id.to_string());
        let security = matches!(new.kind, RecipientKind::SecurityGroup | RecipientKind::CloudSecurityGroup);
        let recipient = Recipient {
            id,
            kind: new.kind,
            object_id: (new.kind != RecipientKind::DiscoveryMailbox).then_some(object_id),
            guid,
            exchange_guid: derived_id("mailbox", &guid.to_string()),
            distinguished_name: self.organization.distinguished_name(&name),
            name,
            display_name: new.display_name,
            alias: new.alias,
            user_principal_name: (!is_group).then(|| new.address.clone()),
            addresses: if new.kind == RecipientKind::CloudSecurityGroup { Vec::new() } else { vec![new.address] },
            hidden: false,
            dir_synced: false,
            account_enabled: matches!(new.kind, RecipientKind::UserMailbox | RecipientKind::User),
            office: String::new(),
            custom_attributes: std::array::from_fn(|_| String::new()),
            place: Place::default(),
            client_access: ClientAccess::default(),
            group: GroupSettings {
                join: "Closed",
                depart: if security { "Closed" } else { "Open" },
                ..GroupSettings::default()
            },
            created: new.created,
            changed: new.created,
        };
        self.directory.insert(recipient)
    }

    pub(crate) fn remove_recipient(&mut self, id: RecipientId) {
        self.directory.remove(id);
        self.events.remove(&id);
        self.links.managers.retain(|report, above| *report != id && *above != id);
        self.change(Change::RemoveRecipient(id));
    }

    pub(crate) fn add_member(&mut self, group: RecipientId, member: RecipientId) {
        let is_group = self.directory.get(member).is_some_and(|member| member.kind.is_group());
        self.change(Change::AddMember { group, member, is_group });
    }

    pub(crate) fn members(&self, group: RecipientId) -> Vec<RecipientId> {
        self.access.current.members.get(&group).map(|members| members.all.iter().copied().collect()).unwrap_or_default()
    }

    /// Whether the address book at Places has the room by now.
    pub(crate) fn is_in_places(&self, room: &Recipient) -> bool {
        room.kind.is_room()
            && !room.hidden
            && !room.place.unlisted
            && self.now().duration_since(room.created) >= self.places_lag
    }
}
