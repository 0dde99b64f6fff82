//! Making the tenant what a test needs, past all permissions.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::access::Change;
use crate::calendar::Event;
use crate::clock::signed;
use crate::graph::moment;
use crate::newcomers::{NewGroup, NewMailbox};
use crate::recipient::{Recipient, RecipientId, RecipientKind};
use crate::roles::{DirectoryRole, Resource, app_role};
use crate::sign_in::Answer;
use crate::spaces::Space;
use crate::tenant::{Application, FakeTenant};
use crate::world::{
    App, AppLag, AppRoleAssignment, NewRecipient, PermissionGrant, Registration, Secret, UserAccount, World,
};

pub(crate) fn local_part(address: &str) -> &str {
    address.split('@').next().unwrap_or(address)
}

fn full_address(world: &World, address: &str) -> String {
    if address.contains('@') { address.to_owned() } else { format!("{address}@{}", world.organization.default_domain) }
}

pub(crate) fn free_address(world: &World, address: &str) -> String {
    let address = full_address(world, address);
    assert!(world.directory.by_address(&address).is_none(), "{address} is taken already");
    address
}

/// The recipient at an address, or the only one that goes by that id or name in Entra or in Exchange.
pub(crate) fn lookup<'w>(world: &'w World, name: &str) -> Option<&'w Recipient> {
    world.directory.by_address(&full_address(world, name)).or_else(|| {
        let mut named = world.directory.find(name.trim());
        named.next().filter(|_| named.next().is_none())
    })
}

pub(crate) fn expect(world: &World, name: &str) -> RecipientId {
    match lookup(world, name) {
        Some(recipient) => recipient.id,
        None => panic!("nobody in the tenant has the address, the id or the name {name}"),
    }
}

pub(crate) fn expect_app<'w>(world: &'w World, name: &str) -> &'w App {
    match world.app(name) {
        Some(app) => app,
        None => panic!("no application in the tenant is called {name}"),
    }
}

pub(crate) fn expect_app_mut<'w>(world: &'w mut World, name: &str) -> &'w mut App {
    match world.app_mut(name) {
        Some(app) => app,
        None => panic!("no application in the tenant is called {name}"),
    }
}

pub(crate) fn new_secret(world: &mut World, text: &str) -> Secret {
    let created = world.now();
    Secret { key_id: world.fresh_id("secret"), display_name: None, created, text: text.to_owned(), expires: None }
}

pub(crate) fn add_application(world: &mut World, name: &str, secret: &str) -> Application {
    let app = App {
        client_id: world.issue_id("application", name),
        object_id: world.issue_id("service-principal", name),
        display_name: name.to_owned(),
        secrets: vec![new_secret(world, secret)],
        trusts_assertions: false,
        thumbprints: Vec::new(),
        enabled: true,
        assignments: Vec::new(),
        directory_roles: Vec::new(),
        role_groups: Vec::new(),
        registration: Some(Registration {
            object_id: world.issue_id("registration", name),
            created: world.now(),
            properties: crate::graph::application_defaults(name),
            keys: Vec::new(),
            federated: Vec::new(),
        }),
        principal: true,
        lag: AppLag::default(),
    };
    let application = Application::of(&app);
    world.apps.push(app);
    application
}

pub(crate) fn grant_app_role(world: &mut World, application: &str, role: &str) {
    let Some((resource, id)) = app_role(role) else {
        panic!("the tenant knows no app role {role}");
    };
    grant(world, application, resource, id);
}

pub(crate) fn grant(world: &mut World, application: &str, resource: Resource, role: Uuid) {
    let created = world.now();
    let assignment = AppRoleAssignment { id: world.fresh_opaque_id("app-role-assignment"), resource, role, created };
    let app = expect_app_mut(world, application);
    if !app.assignments.iter().any(|held| held.resource == resource && held.role == role) {
        app.assignments.push(assignment);
    }
}

#[expect(clippy::must_use_candidate, reason = "what the `add_` methods return is a convenience; adding is the point")]
impl FakeTenant {
    fn update(&self, address: &str, change: impl FnOnce(&mut Recipient)) {
        let mut state = self.state();
        let id = expect(&state.world, address);
        state.world.directory.update(id, change);
    }

    /// Adds a mailbox and returns its address.
    ///
    /// # Panics
    /// When the address is taken.
    pub fn add_mailbox(&self, mailbox: NewMailbox) -> String {
        let world = &mut self.state().world;
        let now = world.now();
        mailbox.add_to(world, now)
    }

    /// Adds a room and returns its address.
    ///
    /// # Panics
    /// When the address is taken.
    pub fn add_room(&self, address: &str) -> String {
        self.add_mailbox(NewMailbox::room(address).capacity(8))
    }

    /// Adds so many rooms and returns their addresses.
    pub fn add_rooms(&self, count: usize) -> Vec<String> {
        let world = &mut self.state().world;
        let now = world.now();
        add_numbered(world, RecipientKind::RoomMailbox, "room", count, now)
    }

    /// Adds a person with a mailbox and returns the address.
    ///
    /// # Panics
    /// When the address is taken.
    pub fn add_person(&self, address: &str) -> String {
        self.add_mailbox(NewMailbox::person(address))
    }

    /// Adds so many people and returns their addresses.
    pub fn add_people(&self, count: usize) -> Vec<String> {
        let world = &mut self.state().world;
        let now = world.now();
        add_numbered(world, RecipientKind::UserMailbox, "person", count, now)
    }

    /// Adds a group and returns its address. It is there at once, whatever the visibility lag.
    ///
    /// # Panics
    /// When the address is taken, or an owner or a member is not in the tenant.
    pub fn add_group(&self, group: NewGroup) -> String {
        let world = &mut self.state().world;
        let now = world.now();
        group.add_to(world, now)
    }

    /// Adds a room list and returns its address.
    ///
    /// # Panics
    /// When the address is taken or a room is not in the tenant.
    pub fn add_room_list<M: AsRef<str>>(&self, address: &str, rooms: impl IntoIterator<Item = M>) -> String {
        self.add_group(NewGroup::room_list(address).members(rooms))
    }

    /// Puts a member into a group.
    ///
    /// # Panics
    /// When either is not in the tenant.
    pub fn add_member(&self, group: &str, member: &str) {
        let world = &mut self.state().world;
        let (group, member) = (expect(world, group), expect(world, member));
        world.add_member(group, member);
    }

    /// Takes a member out of a group, if it is in.
    ///
    /// # Panics
    /// When either is not in the tenant.
    pub fn remove_member(&self, group: &str, member: &str) {
        let world = &mut self.state().world;
        let (group, member) = (expect(world, group), expect(world, member));
        world.change(Change::RemoveMember { group, member });
    }

    /// Hides a recipient from address lists; a room disappears from places.
    ///
    /// # Panics
    /// When it is not in the tenant.
    pub fn hide(&self, address: &str) {
        self.update(address, |recipient| recipient.hidden = true);
    }

    /// Sets whether lists of places have a room or workspace: those of Graph, and `Get-Place`.
    ///
    /// # Panics
    /// When it is not in the tenant.
    // GUESS: `Get-Place` may lag as Graph's places do (microsoft-graph-docs issues 15460 and 20558 are about Graph); wrong if
    // it reads the mailbox itself.
    pub fn set_place_listed(&self, address: &str, listed: bool) {
        self.update(address, |place| place.place.unlisted = !listed);
    }

    /// Sets whether a recipient is synchronised from on-premises.
    ///
    /// # Panics
    /// When it is not in the tenant.
    pub fn set_dir_synced(&self, address: &str, synced: bool) {
        self.update(address, |recipient| recipient.dir_synced = synced);
    }

    /// Makes a mailbox one of another kind; its memberships stay.
    ///
    /// # Panics
    /// When it is not in the tenant.
    pub fn convert_mailbox(&self, address: &str, kind: RecipientKind) {
        self.update(address, |mailbox| {
            mailbox.kind = kind;
            mailbox.account_enabled = kind == RecipientKind::UserMailbox;
        });
    }

    /// Takes the mailbox away. The recipient stays, as a mail user, and stays in its groups.
    ///
    /// # Panics
    /// When it is not in the tenant.
    pub fn disable_mailbox(&self, address: &str) {
        self.convert_mailbox(address, RecipientKind::MailUser);
    }

    /// Deletes a recipient, which leaves all groups.
    ///
    /// # Panics
    /// When it is not in the tenant.
    pub fn remove_mailbox(&self, address: &str) {
        let world = &mut self.state().world;
        let id = expect(world, address);
        world.remove_recipient(id);
    }

    /// Puts an event into a calendar. Times are as in `2026-11-23T09:00:00Z`; without an offset they
    /// are UTC.
    ///
    /// # Panics
    /// When the mailbox is not in the tenant, or a time cannot be read.
    pub fn add_event(&self, mailbox: &str, subject: &str, start: &str, end: &str) {
        let world = &mut self.state().world;
        let read = |text: &str| match moment(text) {
            Some(at) => at,
            None => panic!("{text} is not a date and time"),
        };
        let (start, end) = (read(start), read(end));
        let id = expect(world, mailbox);
        let mut event = Event::new(world, start, end);
        event.properties.insert("subject".to_owned(), subject.into());
        let event_id = event.id.clone();
        world.events.entry(id).or_default().push(event);
        world.notify(id, &event_id, "created");
    }

    /// Makes a meeting in the calendar of its organiser, from a body as Graph takes it: with attendees, who get copies and whose
    /// rooms answer, with a recurrence, and so on. Returns the id of the event.
    ///
    /// ```
    /// use fake_tenant::FakeTenant;
    /// use serde_json::json;
    ///
    /// let tenant = FakeTenant::contoso();
    /// tenant.book(
    ///     "adele.vance@contoso.com",
    ///     &json!({
    ///         "subject": "Planning",
    ///         "start": {"dateTime": "2026-12-01T09:00:00", "timeZone": "UTC"},
    ///         "end": {"dateTime": "2026-12-01T10:00:00", "timeZone": "UTC"},
    ///         "attendees": [{"emailAddress": {"address": "boardroom@contoso.com"}, "type": "resource"}],
    ///     }),
    /// );
    /// assert_eq!(tenant.events("adele.vance@contoso.com")[0].attendees[0].response, "accepted");
    /// assert_eq!(tenant.events("boardroom@contoso.com").len(), 1);
    /// ```
    ///
    /// # Panics
    /// When the organiser is not in the tenant, or Graph would refuse the body.
    pub fn book(&self, organizer: &str, event: &serde_json::Value) -> String {
        let world = &mut self.state().world;
        let id = expect(world, organizer);
        match event.as_object().map(|body| crate::graph::book(world, id, "", None, body)) {
            Some(Ok(event)) => event,
            Some(Err(error)) => panic!("Graph would refuse the event: {error}"),
            None => panic!("an event is a JSON object"),
        }
    }

    /// Registers an application with a secret, and gives it a service principal without any roles.
    pub fn add_application(&self, name: &str, secret: &str) -> Application {
        add_application(&mut self.state().world, name, secret)
    }

    /// Gives an application a further secret.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn add_secret(&self, application: impl AsRef<str>, secret: &str) {
        let world = &mut self.state().world;
        let secret = new_secret(world, secret);
        expect_app_mut(world, application.as_ref()).secrets.push(secret);
    }

    /// Lets all secrets of an application expire now.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn expire_secrets(&self, application: impl AsRef<str>) {
        let world = &mut self.state().world;
        let now = world.now();
        for secret in &mut expect_app_mut(world, application.as_ref()).secrets {
            secret.expires = Some(now);
        }
    }

    /// Accepts any well-formed client assertion (certificate or federated) from this application.
    /// Signatures are not checked.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn trust_assertions(&self, application: impl AsRef<str>) {
        let world = &mut self.state().world;
        expect_app_mut(world, application.as_ref()).trusts_assertions = true;
    }

    /// Registers a certificate of an application by its SHA-256 thumbprint in base64url, the `x5t#S256`
    /// of an assertion. Audience, issuer, subject and times of assertions are checked; the signature is
    /// taken on trust.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn register_certificate(&self, application: impl AsRef<str>, thumbprint: &str) {
        let world = &mut self.state().world;
        expect_app_mut(world, application.as_ref()).thumbprints.push(thumbprint.trim_end_matches('=').to_owned());
    }

    /// Lets an application be used without a credential, which signing in by device code needs.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn allow_public_client(&self, application: impl AsRef<str>) {
        let world = &mut self.state().world;
        if let Some(registration) = &mut expect_app_mut(world, application.as_ref()).registration {
            registration.properties.insert("isFallbackPublicClient".to_owned(), true.into());
        }
    }

    /// Grants an application delegated scopes for everybody, such as `Exchange.Manage` (Exchange) or
    /// `User.Read.All` (Graph), separated by spaces.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn grant_delegated(&self, application: impl AsRef<str>, scopes: &str) {
        let world = &mut self.state().world;
        let client = expect_app(world, application.as_ref()).object_id;
        let exchange = scopes.contains("Exchange.");
        let resource = if exchange { Resource::Exchange } else { Resource::Graph };
        let id = world.fresh_opaque_id("grant");
        world.grants.push(PermissionGrant { id, client, principal: None, resource, scope: scopes.to_owned() });
    }

    /// Says who signs in with the device codes that are given out, and after how many polls that wait.
    ///
    /// # Panics
    /// When nobody has that address.
    pub fn sign_in_by_device(&self, address: &str, after_polls: u32) {
        let state = &mut *self.state();
        let id = expect(&state.world, address);
        match state.world.directory.get(id).and_then(|person| person.object_id) {
            Some(person) => state.tokens.devices.answer = Answer::SignsIn { person, after_polls },
            None => panic!("the directory does not know {address}"),
        }
    }

    /// Lets whoever is asked to sign in with a device code decline.
    pub fn decline_device_sign_in(&self) {
        self.state().tokens.devices.answer = Answer::Declines;
    }

    /// Answers so many polls for a device code with `slow_down`.
    pub fn slow_device_polls(&self, polls: u32) {
        self.state().tokens.devices.slow_down = polls;
    }

    /// Makes every refresh token that was given out so far worthless.
    pub fn revoke_refresh_tokens(&self) {
        self.state().tokens.devices.forget_refresh_tokens();
    }

    /// Challenges every token of an application at Graph until one is requested with the claims of the
    /// challenge. A token without the capability `cp1` meets a plain 401.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn challenge_claims(&self, application: impl AsRef<str>) {
        let state = &mut *self.state();
        let client = expect_app(&state.world, application.as_ref()).client_id;
        state.tokens.challenged.insert(client);
    }

    /// Enables or disables an application for sign-in. Tokens it has stay good.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn set_application_enabled(&self, application: impl AsRef<str>, enabled: bool) {
        let world = &mut self.state().world;
        expect_app_mut(world, application.as_ref()).enabled = enabled;
    }

    /// Grants an app role of Graph or Exchange by its value, such as `Calendars.ReadWrite`. Tokens
    /// issued before do not have it.
    ///
    /// # Panics
    /// When the application or the role is not in the tenant.
    pub fn grant_app_role(&self, application: impl AsRef<str>, role: &str) {
        grant_app_role(&mut self.state().world, application.as_ref(), role);
    }

    /// Takes an app role away. Tokens issued before still have it.
    ///
    /// # Panics
    /// When the application or the role is not in the tenant.
    pub fn revoke_app_role(&self, application: impl AsRef<str>, role: &str) {
        let Some((resource, id)) = app_role(role) else {
            panic!("the tenant knows no app role {role}");
        };
        let world = &mut self.state().world;
        expect_app_mut(world, application.as_ref())
            .assignments
            .retain(|held| held.resource != resource || held.role != id);
    }

    /// Assigns a directory role to an application. Tokens issued before do not have it.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn assign_directory_role(&self, application: impl AsRef<str>, role: DirectoryRole) {
        let world = &mut self.state().world;
        let roles = &mut expect_app_mut(world, application.as_ref()).directory_roles;
        if !roles.contains(&role.template_id()) {
            roles.push(role.template_id());
        }
    }

    /// Takes a directory role away. Tokens issued before still have it.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn remove_directory_role(&self, application: impl AsRef<str>, role: DirectoryRole) {
        let world = &mut self.state().world;
        expect_app_mut(world, application.as_ref()).directory_roles.retain(|held| *held != role.template_id());
    }

    /// Assigns a directory role to a person or a group. Tokens issued before do not have it.
    ///
    /// # Panics
    /// When the address is not in the tenant, or is that of somebody who is not in the directory.
    pub fn assign_directory_role_to(&self, address: &str, role: DirectoryRole) {
        self.with_account(address, |account| {
            if !account.directory_roles.contains(&role.template_id()) {
                account.directory_roles.push(role.template_id());
            }
        });
    }

    /// Makes a person or a group eligible for a directory role, which gives nothing until it is activated.
    ///
    /// # Panics
    /// When the address is not in the tenant, or is that of somebody who is not in the directory.
    pub fn make_eligible(&self, address: &str, role: DirectoryRole) {
        self.with_account(address, |account| account.eligible.push(role.template_id()));
    }

    fn with_account(&self, address: &str, change: impl FnOnce(&mut UserAccount)) {
        let world = &mut self.state().world;
        let id = expect(world, address);
        match world.directory.get(id).and_then(|recipient| recipient.object_id) {
            Some(object_id) => change(world.users.entry(object_id).or_default()),
            None => panic!("the directory does not know {address}"),
        }
    }

    /// Makes an application a member of an Exchange role group: `Organization Management`,
    /// `Recipient Management` or `View-Only Organization Management`. This needs no new token.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn add_to_role_group(&self, application: impl AsRef<str>, role_group: &str) {
        let world = &mut self.state().world;
        expect_app_mut(world, application.as_ref()).role_groups.push(role_group.to_owned());
    }

    /// Adds an accepted domain, which is a verified one too.
    pub fn add_accepted_domain(&self, domain: &str) {
        self.state().world.organization.domains.push(domain.to_owned());
    }

    /// Sets whether the organisation is dehydrated: no scopes or role assignments can be made until
    /// `Enable-OrganizationCustomization` ran.
    pub fn set_dehydrated(&self, dehydrated: bool) {
        let organization = &mut self.state().world.organization;
        organization.dehydrated = dehydrated;
        organization.hydrated_at = None;
    }

    /// Sets how long after `Enable-OrganizationCustomization` creations go on failing, although the
    /// organisation says at once that it is not dehydrated any more.
    pub fn set_hydration_delay(&self, delay: Duration) {
        let delay: SignedDuration = signed(delay);
        self.state().world.organization.hydration_delay = delay;
    }

    /// Sets how much longer than the hydration delay application roles cannot be assigned: the caller has
    /// no delegating assignment yet.
    pub fn set_delegation_delay(&self, delay: Duration) {
        self.state().world.organization.delegation_delay = signed(delay);
    }

    /// Adds a dynamic distribution group with a recipient filter and returns its address. Graph does not
    /// see it.
    ///
    /// # Panics
    /// When the address is taken or the filter cannot be read.
    pub fn add_dynamic_group(&self, address: &str, filter: &str) -> String {
        let world = &mut self.state().world;
        let address = free_address(world, address);
        let filter = match crate::filter::opath(filter) {
            Ok(filter) => filter,
            Err(reason) => panic!("`{filter}` is not a recipient filter: {reason}"),
        };
        let local = local_part(&address).to_owned();
        let created = world.now();
        let id = world.create(NewRecipient {
            kind: RecipientKind::DynamicDistributionGroup,
            address: address.clone(),
            alias: local.clone(),
            display_name: local.clone(),
            name: Some(local),
            created,
        });
        world.dynamic_groups.insert(id, filter);
        address
    }

    /// Switches the buildings setting of places on or off; off unless set. With it off, lists of
    /// buildings, floors, sections and desks are empty, and that is no error.
    pub fn places_enabled(&self, enabled: bool) {
        self.state().world.places_enabled = enabled;
    }

    /// Adds a building, floor, section or desk and returns its id. The parent is the id of another, or
    /// empty for a building.
    ///
    /// # Panics
    /// When the kind is none of these.
    pub fn add_space(&self, kind: &str, name: &str, parent: &str) -> String {
        let world = &mut self.state().world;
        let Some(kind) = Space::kind(kind) else {
            panic!("{kind} is not a building, floor, section or desk");
        };
        let id = world.fresh_id("space");
        world.spaces.push(Space {
            id,
            kind,
            name: name.to_owned(),
            parent: (!parent.is_empty()).then(|| parent.to_owned()),
            properties: serde_json::Map::new(),
        });
        id.to_string()
    }

    /// Puts a room or workspace on a floor or section, by that one's id.
    ///
    /// # Panics
    /// When the room is not in the tenant.
    pub fn set_parent(&self, address: &str, parent: &str) {
        self.update(address, |place| place.place.parent = Some(parent.to_owned()));
    }

    /// Sends a lifecycle notification (`missed`, `reauthorizationRequired` or `subscriptionRemoved`) to
    /// every subscription that gave an address for those.
    pub fn lifecycle_event(&self, event: &str) {
        self.state().world.notify_lifecycle(event);
    }

    /// Sets the naming policy of groups, such as `GRP_<GroupName>`; empty for none.
    pub fn set_naming_policy(&self, policy: &str) {
        policy.clone_into(&mut self.state().world.organization.naming_policy);
    }
}

pub(crate) fn add_numbered(
    world: &mut World,
    kind: RecipientKind,
    prefix: &str,
    count: usize,
    created: Timestamp,
) -> Vec<String> {
    let mut number = 0;
    (0..count)
        .map(|_| {
            let address = loop {
                number += 1;
                let address = full_address(world, &format!("{prefix}-{number:05}"));
                if world.directory.by_address(&address).is_none() {
                    break address;
                }
            };
            let mut mailbox =
                NewMailbox::new(kind, &address).display_name(&format!("{} {number:05}", capitalised(prefix)));
            if kind == RecipientKind::RoomMailbox {
                mailbox = mailbox.capacity(8);
            }
            mailbox.add_to(world, created)
        })
        .collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
