//! Tenants to start from.

use jiff::{SignedDuration, Timestamp};

use crate::exchange::{BUILT_IN_ROLE_GROUPS, built_in_assignments};
use crate::exchange_state::Ews;
use crate::newcomers::{NewGroup, NewMailbox};
use crate::recipient::RecipientKind;
use crate::roles::DirectoryRole;
use crate::setup::{add_application, add_numbered, grant_app_role};
use crate::tenant::{Application, FakeTenant};
use crate::world::{Organization, RoleGroup, World, derived_id};

const ADMINISTRATOR: &str = "Provisioning";
const ADMINISTRATOR_SECRET: &str = "not-a-real-secret-of-provisioning";
const ADMINISTRATOR_ROLES: &[&str] = &[
    "Exchange.ManageAsApp",
    "Application.Read.All",
    "Directory.Read.All",
    "RoleManagement.Read.Directory",
    "RoleEligibilitySchedule.Read.Directory",
    "AppRoleAssignment.ReadWrite.All",
    "Organization.Read.All",
    "Place.Read.All",
    "User.Read.All",
    "GroupMember.Read.All",
];

const BOOKING: &str = "PlaceOS Bookings Visualiser";
const BOOKING_SECRET: &str = "not-a-real-secret-of-bookings";
/// What the one-click consent leaves behind: every calendar of the tenant.
const BOOKING_ROLES: &[&str] = &["Calendars.ReadWrite", "Group.Read.All", "User.Read.All", "Place.Read.All"];

/// When everything that a tenant starts with was made: long enough ago for every lag.
fn founded() -> Timestamp {
    Timestamp::from_second(1_762_854_458).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Makes a tenant that has an administrator application, a booking application, and little else.
#[derive(Clone, Debug)]
pub struct FakeTenantBuilder {
    domain: String,
    display_name: Option<String>,
    rooms: usize,
    people: usize,
}

impl FakeTenantBuilder {
    /// Sets the default domain; `contoso.com` unless set. The initial domain is made from its first
    /// label.
    #[must_use]
    pub fn domain(mut self, domain: &str) -> Self {
        domain.clone_into(&mut self.domain);
        self
    }

    /// Sets the display name of the organisation.
    #[must_use]
    pub fn display_name(mut self, name: &str) -> Self {
        self.display_name = Some(name.to_owned());
        self
    }

    /// Sets how many rooms there are: `room-00001@...` and so on.
    #[must_use]
    pub fn rooms(mut self, count: usize) -> Self {
        self.rooms = count;
        self
    }

    /// Sets how many people there are: `person-00001@...` and so on.
    #[must_use]
    pub fn people(mut self, count: usize) -> Self {
        self.people = count;
        self
    }

    /// Makes the tenant.
    #[must_use]
    pub fn build(self) -> FakeTenant {
        FakeTenant::of(self.world())
    }

    fn world(self) -> World {
        let label = self.domain.split('.').next().unwrap_or_default().to_owned();
        let initial_domain = format!("{label}.onmicrosoft.com");
        let mut world = World::new(Organization {
            id: derived_id("tenant", &self.domain),
            display_name: self.display_name.unwrap_or_else(|| {
                let (first, rest) = label.split_at(label.len().min(1));
                first.to_uppercase() + rest
            }),
            domains: vec![initial_domain.clone(), self.domain.clone()],
            initial_domain,
            default_domain: self.domain,
            dehydrated: false,
            hydrated_at: None,
            hydration_delay: SignedDuration::ZERO,
            delegation_delay: SignedDuration::ZERO,
            naming_policy: String::new(),
            ews: Ews::default(),
            ews_allowed_app_ids: Vec::new(),
            enforce_app_rbac: false,
        });
        built_in_assignments(&mut world);
        for (name, roles) in BUILT_IN_ROLE_GROUPS {
            let guid = world.issue_id("role-group", name);
            world.role_groups.push(RoleGroup {
                guid,
                name: (*name).to_owned(),
                description: String::new(),
                roles: roles.iter().map(|role| (*role).to_owned()).collect(),
                members: Vec::new(),
                built_in: true,
            });
        }
        add_application(&mut world, ADMINISTRATOR, ADMINISTRATOR_SECRET);
        add_application(&mut world, BOOKING, BOOKING_SECRET);
        for role in ADMINISTRATOR_ROLES {
            grant_app_role(&mut world, ADMINISTRATOR, role);
        }
        for role in BOOKING_ROLES {
            grant_app_role(&mut world, BOOKING, role);
        }
        if let Some(app) = world.app_mut(ADMINISTRATOR) {
            app.directory_roles.push(DirectoryRole::ExchangeAdministrator.template_id());
        }
        add_numbered(&mut world, RecipientKind::RoomMailbox, "room", self.rooms, founded());
        add_numbered(&mut world, RecipientKind::UserMailbox, "person", self.people, founded());
        world
    }
}

impl FakeTenant {
    /// A tenant with two applications and nobody in it.
    #[must_use]
    pub fn builder() -> FakeTenantBuilder {
        FakeTenantBuilder { domain: "contoso.com".to_owned(), display_name: None, rooms: 0, people: 0 }
    }

    /// Contoso: 40 rooms in three buildings with a room list each, 200 people, `ceo@contoso.com`,
    /// `exchange.admin@contoso.com`, a shared mailbox, equipment, and groups of every kind.
    ///
    /// | address at `contoso.com` | what it is |
    /// |---|---|
    /// | `room-b1-0101` ... `room-b3-0304` | 39 rooms: building, floor, number |
    /// | `boardroom` | the fortieth, in building 1 |
    /// | `building-1`, `building-2`, `building-3` | room lists |
    /// | `reception` | a shared mailbox |
    /// | `projector-1` | equipment |
    /// | `everyone` | a Microsoft 365 group with everybody in it |
    /// | `facilities` | a distribution list of three people |
    /// | `executives` | a security group: the chief executive and the group `board` |
    /// | `board` | a security group: the boardroom and two people |
    #[must_use]
    pub fn contoso() -> Self {
        let mut world = Self::builder().world();
        let created = founded();
        rooms(&mut world, created);
        people(&mut world, created);
        for mailbox in [
            NewMailbox::shared("reception").display_name("Reception"),
            NewMailbox::new(RecipientKind::EquipmentMailbox, "projector-1").display_name("Projector 1"),
            NewMailbox::new(
                RecipientKind::DiscoveryMailbox,
                "DiscoverySearchMailbox{D919BA05-46A6-415f-80AD-7E09334BB852}@contoso.onmicrosoft.com",
            )
            .display_name("Discovery Search Mailbox")
            .hidden(),
        ] {
            mailbox.add_to(&mut world, created);
        }
        groups(&mut world, created);
        Self::of(world)
    }

    /// The application that an administrator runs tools as. It holds `Exchange.ManageAsApp` with the role Exchange
    /// Administrator, `Application.Read.All`, `Directory.Read.All`, `RoleManagement.Read.Directory`,
    /// `RoleEligibilitySchedule.Read.Directory`, `AppRoleAssignment.ReadWrite.All`, `Organization.Read.All`,
    /// `Place.Read.All`, `User.Read.All` and `GroupMember.Read.All`, and nothing of calendars.
    ///
    /// # Panics
    /// Never: every tenant starts with it and it cannot be deleted.
    #[must_use]
    pub fn administrator(&self) -> Application {
        self.known(ADMINISTRATOR)
    }

    /// The booking application, which a one-click consent left with access to every calendar: `Calendars.ReadWrite`,
    /// `Group.Read.All`, `User.Read.All` and `Place.Read.All`.
    ///
    /// # Panics
    /// Never: every tenant starts with it and it cannot be deleted.
    #[must_use]
    pub fn booking_application(&self) -> Application {
        self.known(BOOKING)
    }

    fn known(&self, name: &str) -> Application {
        match self.application(name) {
            Some(application) => application,
            None => panic!("every tenant starts with the application {name}"),
        }
    }
}

/// Rooms are named after mountains; there are enough of those.
const MOUNTAINS: &[&str] = &[
    "Rainier",
    "Hood",
    "Baker",
    "Adams",
    "Shasta",
    "Whitney",
    "Elbert",
    "Logan",
    "Denali",
    "Foraker",
    "Robson",
    "Stuart",
    "Lassen",
    "Olympus",
    "Pikes",
    "Evans",
    "Harvard",
    "Princeton",
    "Shuksan",
    "Jefferson",
    "Washington",
    "Everest",
    "Lhotse",
    "Makalu",
    "Nuptse",
    "Annapurna",
    "Eiger",
    "Jungfrau",
    "Matterhorn",
    "Weisshorn",
    "Dom",
    "Piz Bernina",
    "Ortler",
    "Watzmann",
    "Zugspitze",
    "Dachstein",
    "Triglav",
    "Snowdon",
    "Ben Nevis",
];

const CAPACITIES: &[u32] = &[4, 6, 8, 10, 12, 20];

/// Rooms per building; with the boardroom, forty.
const BUILDINGS: &[(u32, u32)] = &[(1, 14), (2, 13), (3, 12)];

fn rooms(world: &mut World, created: Timestamp) {
    let mut mountains = MOUNTAINS.iter();
    for (building, count) in BUILDINGS {
        let name = format!("Building {building}");
        let mut members = Vec::new();
        for (at, mountain) in (0..*count).zip(&mut mountains) {
            let (floor, number) = (at / 4 + 1, at % 4 + 1);
            let capacity = CAPACITIES[(at as usize + *building as usize) % CAPACITIES.len()];
            members.push(
                NewMailbox::room(&format!("room-b{building}-{floor:02}{number:02}"))
                    .display_name(&format!("B{building} {floor}.{number:02} {mountain}"))
                    .capacity(capacity)
                    .building(&name)
                    .floor(i32::try_from(floor).unwrap_or_default())
                    .add_to(world, created),
            );
        }
        if *building == 1 {
            members.push(
                NewMailbox::room("boardroom")
                    .display_name("Boardroom")
                    .capacity(24)
                    .building(&name)
                    .floor(5)
                    .add_to(world, created),
            );
        }
        NewGroup::room_list(&format!("building-{building}"))
            .display_name(&format!("{name} Rooms"))
            .members(members)
            .add_to(world, created);
    }
}

const GIVEN_NAMES: &[&str] = &[
    "Adele",
    "Alex",
    "Amber",
    "Ben",
    "Bianca",
    "Cameron",
    "Diego",
    "Emily",
    "Enrico",
    "Grady",
    "Henrietta",
    "Isaiah",
    "Johanna",
    "Joni",
    "Lee",
    "Lidia",
    "Lynne",
    "Megan",
    "Miriam",
    "Nestor",
];
const FAMILY_NAMES: &[&str] =
    &["Vance", "Wilber", "Rodriguez", "Walters", "Pisani", "White", "Siciliani", "Braun", "Cattaneo", "Archie"];

fn people(world: &mut World, created: Timestamp) {
    for family in FAMILY_NAMES {
        for given in GIVEN_NAMES {
            NewMailbox::person(&format!("{given}.{family}").to_lowercase())
                .display_name(&format!("{given} {family}"))
                .office("Building 1")
                .add_to(world, created);
        }
    }
    for (address, name) in [("ceo", "Patti Fernandez"), ("exchange.admin", "Exchange Administrator")] {
        NewMailbox::person(address).display_name(name).add_to(world, created);
    }
}

fn groups(world: &mut World, created: Timestamp) {
    let everybody: Vec<String> = world
        .directory
        .iter()
        .filter(|account| account.kind == RecipientKind::UserMailbox)
        .map(|account| account.primary().to_owned())
        .collect();
    for group in [
        NewGroup::microsoft_365("everyone").display_name("All Company").owner("ceo").members(everybody),
        NewGroup::distribution("facilities").display_name("Facilities").owner("exchange.admin").members([
            "adele.vance",
            "alex.wilber",
            "lee.braun",
        ]),
        NewGroup::security("board").display_name("Board").owner("ceo").members([
            "boardroom",
            "joni.white",
            "lidia.archie",
        ]),
        NewGroup::security("executives").display_name("Executives").owner("ceo").members(["ceo", "board"]),
    ] {
        group.add_to(world, created);
    }
}
