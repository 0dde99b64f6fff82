//! A recipient: a mailbox, a group, or an account that could become one.

use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::exchange_state::ClientAccess;

/// The order in which recipients were made; also their key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RecipientId(pub(crate) u32);

/// What a recipient is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecipientKind {
    /// A person's mailbox.
    UserMailbox,
    /// A shared mailbox.
    SharedMailbox,
    /// A room.
    RoomMailbox,
    /// Equipment, such as a projector or a car.
    EquipmentMailbox,
    /// The system mailbox in which searches are kept: a mailbox that is nobody's.
    DiscoveryMailbox,
    /// A recipient without a mailbox in this organisation.
    MailUser,
    /// A room whose mailbox is on-premises.
    RemoteRoomMailbox,
    /// A directory account that Exchange does not know.
    User,
    /// A mail-enabled security group.
    SecurityGroup,
    /// A distribution list.
    DistributionList,
    /// A room list: a distribution list of rooms.
    RoomList,
    /// A Microsoft 365 group.
    Microsoft365Group,
    /// A dynamic distribution group, whose members are whoever passes its filter. Graph does not see it.
    DynamicDistributionGroup,
    /// A security group without mail, which only the directory knows.
    CloudSecurityGroup,
    /// A workspace: a mailbox by which desks are booked.
    Workspace,
}

impl RecipientKind {
    /// The `RecipientTypeDetails` of Exchange.
    #[must_use]
    pub fn type_details(self) -> &'static str {
        match self {
            Self::UserMailbox => "UserMailbox",
            Self::SharedMailbox => "SharedMailbox",
            // A workspace is a room mailbox whose resource type says so.
            Self::RoomMailbox | Self::Workspace => "RoomMailbox",
            Self::EquipmentMailbox => "EquipmentMailbox",
            Self::DiscoveryMailbox => "DiscoveryMailbox",
            Self::MailUser => "MailUser",
            Self::RemoteRoomMailbox => "RemoteRoomMailbox",
            Self::User => "User",
            Self::SecurityGroup => "MailUniversalSecurityGroup",
            Self::DistributionList => "MailUniversalDistributionGroup",
            Self::RoomList => "RoomList",
            Self::Microsoft365Group => "GroupMailbox",
            Self::DynamicDistributionGroup => "DynamicDistributionGroup",
            Self::CloudSecurityGroup => "UniversalSecurityGroup",
        }
    }

    /// The `RecipientType` of Exchange, which knows fewer kinds.
    #[must_use]
    pub fn recipient_type(self) -> &'static str {
        match self {
            Self::UserMailbox
            | Self::SharedMailbox
            | Self::RoomMailbox
            | Self::EquipmentMailbox
            | Self::Workspace
            | Self::DiscoveryMailbox => "UserMailbox",
            Self::MailUser | Self::RemoteRoomMailbox => "MailUser",
            Self::User => "User",
            Self::SecurityGroup => "MailUniversalSecurityGroup",
            Self::DistributionList | Self::RoomList | Self::Microsoft365Group => "MailUniversalDistributionGroup",
            Self::DynamicDistributionGroup => "DynamicDistributionGroup",
            Self::CloudSecurityGroup => "Group",
        }
    }

    /// Whether Exchange Online holds a mailbox for it.
    #[must_use]
    pub fn is_mailbox(self) -> bool {
        self.recipient_type() == "UserMailbox"
    }

    /// Whether it is one of the groups that `Get-DistributionGroup` shows.
    #[must_use]
    pub fn is_distribution_group(self) -> bool {
        matches!(self, Self::SecurityGroup | Self::DistributionList | Self::RoomList)
    }

    /// Whether it has members at all.
    #[must_use]
    pub fn is_group(self) -> bool {
        self.is_distribution_group() || matches!(self, Self::Microsoft365Group | Self::CloudSecurityGroup)
    }

    /// Whether Exchange has heard of it at all.
    pub(crate) fn is_known_to_exchange(self) -> bool {
        !matches!(self, Self::User | Self::CloudSecurityGroup)
    }

    pub(crate) fn is_room(self) -> bool {
        matches!(self, Self::RoomMailbox | Self::RemoteRoomMailbox)
    }

    pub(crate) fn is_resource(self) -> bool {
        matches!(self, Self::RoomMailbox | Self::EquipmentMailbox | Self::Workspace)
    }

    /// The `ResourceType` of Exchange, which tells workspaces from other rooms.
    pub(crate) fn resource_type(self) -> Option<&'static str> {
        match self {
            Self::RoomMailbox | Self::RemoteRoomMailbox => Some("Room"),
            Self::Workspace => Some("Workspace"),
            Self::EquipmentMailbox => Some("Equipment"),
            _ => None,
        }
    }

    /// Whether `IsValidSecurityPrincipal` is true.
    pub(crate) fn is_security_principal(self) -> bool {
        matches!(self.recipient_type(), "UserMailbox" | "MailUser" | "MailUniversalSecurityGroup")
    }

    /// Whether an application access policy may be scoped to it. Resources and shared mailboxes are
    /// security principals and still refused (Microsoft documentation).
    pub(crate) fn can_scope_policy(self) -> bool {
        matches!(self, Self::UserMailbox | Self::MailUser | Self::SecurityGroup)
    }
}

/// What is known of a room, a workspace or a room list as a place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) capacity: Option<u32>,
    pub(crate) building: Option<String>,
    pub(crate) floor: Option<i32>,
    pub(crate) floor_label: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) street: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) country: Option<String>,
    /// Latitude and longitude.
    pub(crate) coordinates: Option<(f64, f64)>,
    pub(crate) wheelchair: bool,
    pub(crate) teams_room: bool,
    pub(crate) audio: Option<String>,
    pub(crate) video: Option<String>,
    pub(crate) display: Option<String>,
    pub(crate) tags: Vec<String>,
    /// Whether no list of places has it, which real tenants show for new rooms.
    pub(crate) unlisted: bool,
    /// The `placeId` of the floor or section that it is on.
    pub(crate) parent: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Owner {
    Recipient(RecipientId),
    /// The object id of an application's service principal.
    Application(Uuid),
    /// An Exchange role group, by name.
    RoleGroup(String),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct GroupSettings {
    pub(crate) owners: Vec<Owner>,
    pub(crate) join: &'static str,
    pub(crate) depart: &'static str,
    /// Settings that are kept and shown but have no effect here.
    pub(crate) other: Map<String, Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct Recipient {
    pub(crate) id: RecipientId,
    pub(crate) kind: RecipientKind,
    /// The Entra object id; system mailboxes have none.
    pub(crate) object_id: Option<Uuid>,
    pub(crate) guid: Uuid,
    pub(crate) exchange_guid: Uuid,
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) alias: String,
    pub(crate) user_principal_name: Option<String>,
    /// The first one is the primary address; all without `smtp:`.
    pub(crate) addresses: Vec<String>,
    pub(crate) distinguished_name: String,
    pub(crate) hidden: bool,
    pub(crate) dir_synced: bool,
    pub(crate) account_enabled: bool,
    pub(crate) office: String,
    pub(crate) custom_attributes: [String; 15],
    pub(crate) place: Place,
    pub(crate) client_access: ClientAccess,
    pub(crate) group: GroupSettings,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
}

impl Recipient {
    pub(crate) fn primary(&self) -> &str {
        self.addresses.first().map_or("", |address| address)
    }

    /// `SMTP:` marks the primary address, `smtp:` the others.
    pub(crate) fn proxy_addresses(&self) -> impl Iterator<Item = String> {
        self.addresses.iter().enumerate().map(|(at, address)| {
            let prefix = if at == 0 { "SMTP" } else { "smtp" };
            format!("{prefix}:{address}")
        })
    }

    pub(crate) fn object_id_text(&self) -> String {
        self.object_id.map_or_else(String::new, |id| id.to_string())
    }

    /// A security identifier as access policies and their tests show it.
    pub(crate) fn sid(&self) -> String {
        format!("S-1-5-21-1196097974-1292650839-4244031858-{}", 1_272_000 + self.id.0)
    }

    pub(crate) fn legacy_dn(&self) -> String {
        format!(
            "/o=ExchangeLabs/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn={}-{}",
            &self.guid.simple().to_string()[..16],
            self.alias
        )
    }

    /// The distinguished name the other way round, as in `forest/organisation/name`.
    pub(crate) fn canonical_name(&self) -> String {
        let mut rest = self.distinguished_name.as_str();
        let (mut domain, mut containers) = (Vec::new(), vec![self.name.as_str()]);
        while let Some(at) = rest.find(",OU=").or_else(|| rest.find(",DC=")) {
            let part = &rest[at + 4..];
            let end = part.find(",OU=").or_else(|| part.find(",DC=")).unwrap_or(part.len());
            let parts = if rest[at..].starts_with(",OU=") { &mut containers } else { &mut domain };
            parts.push(&part[..end]);
            rest = part;
        }
        containers.reverse();
        format!("{}/{}", domain.join("."), containers.join("/"))
    }

    /// Every text by which the index has this recipient, in lower case: its identities, and the display
    /// names of groups, which some parameters take.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys = self.identities();
        if self.kind.is_group() {
            keys.push(self.display_name.to_lowercase());
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Every text that identifies this recipient to a cmdlet, in lower case.
    pub(crate) fn identities(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.addresses.iter().map(|address| address.to_lowercase()).collect();
        keys.extend(self.object_id.map(|id| id.to_string()));
        keys.push(self.guid.to_string());
        if self.kind.is_mailbox() {
            keys.push(self.exchange_guid.to_string());
        }
        keys.push(self.alias.to_lowercase());
        keys.push(self.name.to_lowercase());
        keys.push(self.distinguished_name.to_lowercase());
        keys.push(self.canonical_name().to_lowercase());
        keys.push(self.legacy_dn().to_lowercase());
        keys.extend(self.user_principal_name.as_ref().map(|upn| upn.to_lowercase()));
        keys
    }

    pub(crate) fn has_address(&self, address: &str) -> bool {
        self.addresses.iter().any(|own| own.eq_ignore_ascii_case(address))
    }
}
