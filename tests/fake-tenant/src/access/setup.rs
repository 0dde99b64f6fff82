//! Setting up access, past all permissions and past the cmdlets.

use uuid::Uuid;

use super::supposition::Supposition;
use super::{Assignee, Assignment, Change, Pointer, Policy, Reach, Scope, Unit};
use crate::calendar::{FolderPermission, Grantee};
use crate::exchange_state::{MailboxPermission, MailboxUser};
use crate::recipient::{Owner, RecipientId, RecipientKind};
use crate::roles::{DirectoryRole, Resource, app_role_of};
use crate::setup::{expect, expect_app, expect_app_mut, grant, local_part};
use crate::tenant::FakeTenant;
use crate::world::{PermissionGrant, World};

/// What an application access policy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyRight {
    /// `RestrictAccess`: nothing outside of the scope.
    Restrict,
    /// `DenyAccess`: nothing inside of the scope.
    Deny,
}

#[derive(Clone, Debug)]
enum NewScope {
    Organization,
    Group(String),
    Filter { text: String, exclusive: bool },
    Unit(String),
}

/// An assignment of an Exchange role to an application, to be made without the cmdlets' checks.
#[derive(Clone, Debug)]
pub struct NewRoleAssignment {
    role: String,
    name: Option<String>,
    scope: NewScope,
    enabled: bool,
    delegating: bool,
    pointer: Option<Uuid>,
}

impl NewRoleAssignment {
    /// A role such as `Application Calendars.Read` over the whole organisation. Management roles may be
    /// named too.
    #[must_use]
    pub fn new(role: &str) -> Self {
        Self {
            role: role.to_owned(),
            name: None,
            scope: NewScope::Organization,
            enabled: true,
            delegating: false,
            pointer: None,
        }
    }

    /// Sets the name, which is otherwise made from the role.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Only the direct members of a group, by address.
    #[must_use]
    pub fn group(mut self, address: &str) -> Self {
        self.scope = NewScope::Group(address.to_owned());
        self
    }

    /// Only what passes a recipient filter, by a management scope of its own.
    #[must_use]
    pub fn filter(mut self, filter: &str) -> Self {
        self.scope = NewScope::Filter { text: filter.to_owned(), exclusive: false };
        self
    }

    /// The same, by an exclusive management scope.
    #[must_use]
    pub fn exclusive_filter(mut self, filter: &str) -> Self {
        self.scope = NewScope::Filter { text: filter.to_owned(), exclusive: true };
        self
    }

    /// Only the members of an administrative unit, by name or object id.
    #[must_use]
    pub fn unit(mut self, unit: &str) -> Self {
        self.scope = NewScope::Unit(unit.to_owned());
        self
    }

    /// Disables it.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }

    /// Makes it one to hand the role on.
    #[must_use]
    pub fn delegating(mut self) -> Self {
        self.delegating = true;
        self
    }

    /// Makes it for a service principal of Exchange with this object id, which may be another than that of
    /// the application in Entra.
    ///
    /// # Panics
    /// When it is not a GUID.
    #[must_use]
    pub fn of_object_id(mut self, object_id: &str) -> Self {
        match Uuid::parse_str(object_id) {
            Ok(id) => self.pointer = Some(id),
            Err(reason) => panic!("{object_id} is not a GUID: {reason}"),
        }
        self
    }
}

/// Registers the service principal in Exchange, if it is not.
fn point(world: &mut World, client_id: Uuid, object_id: Uuid, display_name: String) {
    if world.access.current.pointers.iter().any(|pointer| pointer.object_id == object_id) {
        return;
    }
    let guid = world.issue_id("pointer", &object_id.to_string());
    world.change(Change::PutPointer(Pointer { guid, app_id: client_id, object_id, display_name }));
}

fn make_scope(world: &mut World, scope: NewScope, name: &str) -> Reach {
    match scope {
        NewScope::Organization => Reach::Organization,
        NewScope::Group(address) => Reach::Group(expect_group(world, &address)),
        NewScope::Filter { text, exclusive } => {
            let filter = match crate::filter::opath(&text) {
                Ok(filter) => filter,
                Err(reason) => panic!("`{text}` is not a recipient filter: {reason}"),
            };
            let guid = world.fresh_id("scope");
            let name = format!("{name} scope");
            world.change(Change::PutScope(Scope { guid, name, text, filter, exclusive }));
            Reach::Scope(guid)
        }
        NewScope::Unit(name) => match world.access.current.unit(&name) {
            Some(unit) => Reach::Unit(unit.id),
            None => panic!("no administrative unit in the tenant is called {name}"),
        },
    }
}

/// A role assignment, and what it needs in Exchange.
pub(super) fn assign(world: &mut World, application: &str, new: NewRoleAssignment) -> String {
    let app = expect_app(world, application);
    let (client_id, object_id, display_name) = (app.client_id, app.object_id, app.display_name.clone());
    let object_id = new.pointer.unwrap_or(object_id);
    point(world, client_id, object_id, display_name);
    let name = new.name.unwrap_or_else(|| {
        let base = format!("{}-{}", new.role, &object_id.to_string()[..8]);
        let names = std::iter::once(base.clone()).chain((1..).map(|number| format!("{base}-{number}")));
        let taken = |name: &String| world.access.current.assignments.iter().any(|other| other.name == *name);
        names.into_iter().find(|name| !taken(name)).unwrap_or(base)
    });
    let reach = make_scope(world, new.scope, &name);
    let guid = world.fresh_id("assignment");
    if let Reach::Group(group) = reach
        && let Some(group) = world.directory.get(group)
    {
        world.exchange.scope_names.insert(guid, group.name.clone());
    }
    let changed = world.now();
    world.change(Change::PutAssignment(Assignment {
        changed,
        guid,
        name: name.clone(),
        role: new.role,
        assignee: Assignee::Application(object_id),
        reach,
        enabled: new.enabled,
        delegating: new.delegating,
    }));
    name
}

/// The group at an address; one that only the directory knows has none and goes by its alias.
fn expect_group(world: &World, address: &str) -> RecipientId {
    let alias = local_part(address);
    let named = world
        .directory
        .find(alias)
        .find(|group| group.kind == RecipientKind::CloudSecurityGroup && group.alias.eq_ignore_ascii_case(alias));
    named.map_or_else(|| expect(world, address), |group| group.id)
}

fn expect_role(resource: Resource, role: &str) -> Uuid {
    match app_role_of(resource, role) {
        Some(id) => id,
        None => panic!("{} has no app role {role}", resource.display_name()),
    }
}

impl FakeTenant {
    /// Answers an open question about the service for this tenant.
    pub fn suppose(&self, supposition: Supposition, holds: bool) {
        self.state().world.access.suppose(supposition, holds);
    }

    /// Grants an app role of a resource by its value or its id, which need not be one that the resource
    /// lists. Tokens issued before do not have it.
    ///
    /// # Panics
    /// When the application is not in the tenant, or the resource has no role of that name.
    pub fn grant(&self, application: impl AsRef<str>, resource: Resource, role: &str) {
        grant(&mut self.state().world, application.as_ref(), resource, expect_role(resource, role));
    }

    /// Lets a resource list a further app role, as a new permission of the service would be.
    ///
    /// # Panics
    /// When the id is not a GUID.
    pub fn list_app_role(&self, resource: Resource, id: &str, value: &str) {
        let id = match Uuid::parse_str(id) {
            Ok(id) => id,
            Err(reason) => panic!("{id} is not a GUID: {reason}"),
        };
        self.state().world.links.listed_roles.push((resource, id, value.to_owned()));
    }

    /// Revokes an app role of a resource by its value or its id. Tokens issued before still have it.
    ///
    /// # Panics
    /// When the application is not in the tenant, or the resource has no role of that name.
    pub fn revoke(&self, application: impl AsRef<str>, resource: Resource, role: &str) {
        let role = expect_role(resource, role);
        expect_app_mut(&mut self.state().world, application.as_ref())
            .assignments
            .retain(|held| held.resource != resource || held.role != role);
    }

    /// Grants an application delegated scopes of a resource, for one person or, without one, for everybody.
    ///
    /// # Panics
    /// When the application or the person is not in the tenant.
    pub fn grant_scopes(&self, application: impl AsRef<str>, resource: Resource, scopes: &str, person: Option<&str>) {
        let world = &mut self.state().world;
        let client = expect_app(world, application.as_ref()).object_id;
        let principal = person.map(|person| object_id(world, person));
        let id = world.fresh_opaque_id("grant");
        world.grants.push(PermissionGrant { id, client, principal, resource, scope: scopes.to_owned() });
    }

    /// Assigns an Exchange role to an application, registers its service principal in Exchange if that is
    /// missing, and returns the name of the assignment.
    ///
    /// # Panics
    /// When the application, the group or the unit is not in the tenant, or the filter cannot be read.
    pub fn assign_role(&self, application: impl AsRef<str>, assignment: NewRoleAssignment) -> String {
        assign(&mut self.state().world, application.as_ref(), assignment)
    }

    /// Makes an application access policy, for an application or, as `*`, for all of them. Any text is
    /// taken as the application: a wrong id makes a policy that concerns nobody.
    ///
    /// # Panics
    /// When the scope is not in the tenant.
    pub fn add_access_policy(&self, app_id: &str, right: PolicyRight, scope: &str) {
        let world = &mut self.state().world;
        let scope = expect(world, scope);
        let Some(scope) = world.directory.get(scope) else {
            return;
        };
        let raw = format!("{};{}", scope.sid(), scope.object_id_text());
        let policy = Policy {
            identity: format!("{}\\{app_id}:{raw}", world.organization.id),
            app_id: app_id.to_owned(),
            scope: scope.id,
            scope_name: scope.name.clone(),
            scope_raw: raw,
            deny: right == PolicyRight::Deny,
            description: String::new(),
        };
        world.exchange.had_policy = true;
        world.change(Change::PutPolicy(policy));
    }

    /// Sets `EnforceExoAppRbacPermissions` of the organisation.
    pub fn set_enforce_app_roles(&self, enforced: bool) {
        self.state().world.organization.enforce_app_rbac = enforced;
    }

    /// Sets the EWS switches of the organisation: `EwsEnabled`, where `None` is blank, and the client ids
    /// in `EwsAllowedAppIDs`.
    pub fn set_ews<A: AsRef<str>>(&self, enabled: Option<bool>, allowed: impl IntoIterator<Item = A>) {
        let organization = &mut self.state().world.organization;
        organization.ews.enabled = enabled;
        organization.ews_allowed_app_ids = allowed.into_iter().map(|id| id.as_ref().to_owned()).collect();
    }

    /// Sets `EwsEnabled` of a mailbox.
    ///
    /// # Panics
    /// When the mailbox is not in the tenant.
    pub fn set_mailbox_ews(&self, mailbox: &str, enabled: bool) {
        let world = &mut self.state().world;
        let mailbox = expect(world, mailbox);
        world.directory.update(mailbox, |mailbox| mailbox.client_access.ews.enabled = Some(enabled));
    }

    /// Gives the service principal of an application `FullAccess` on a mailbox.
    ///
    /// # Panics
    /// When the application or the mailbox is not in the tenant.
    pub fn add_mailbox_permission(&self, application: impl AsRef<str>, mailbox: &str) {
        let world = &mut self.state().world;
        let principal = expect_app(world, application.as_ref()).object_id;
        let mailbox = expect(world, mailbox);
        permit(world, principal, mailbox);
    }

    /// Takes the service principal's permissions on a mailbox away.
    ///
    /// # Panics
    /// When the application or the mailbox is not in the tenant.
    pub fn remove_mailbox_permission(&self, application: impl AsRef<str>, mailbox: &str) {
        let world = &mut self.state().world;
        let user = MailboxUser::ServicePrincipal(expect_app(world, application.as_ref()).object_id);
        let mailbox = expect(world, mailbox);
        world.exchange.mailbox_permissions.entry(mailbox).or_default().retain(|entry| entry.user != user);
    }

    /// Gives an application a role of Purview with which it may search mailboxes.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn add_purview_role(&self, application: impl AsRef<str>) {
        let world = &mut self.state().world;
        let principal = expect_app(world, application.as_ref()).object_id;
        world.links.searchers.insert(principal);
    }

    /// Sets the permission of a calendar's Default entry, such as `AvailabilityOnly` or `None`.
    ///
    /// # Panics
    /// When the mailbox is not in the tenant.
    pub fn set_default_calendar_permission(&self, mailbox: &str, right: &str) {
        self.set_calendar_entry(mailbox, None, right);
    }

    /// Sets the permission of a person or a group on a calendar, such as `Reviewer`.
    ///
    /// # Panics
    /// When either is not in the tenant.
    pub fn set_calendar_permission(&self, mailbox: &str, reader: &str, right: &str) {
        self.set_calendar_entry(mailbox, Some(reader), right);
    }

    fn set_calendar_entry(&self, mailbox: &str, reader: Option<&str>, right: &str) {
        let world = &mut self.state().world;
        let mailbox = expect(world, mailbox);
        let grantee = reader.map_or(Grantee::Default, |reader| Grantee::Recipient(expect(world, reader)));
        let mut entries = world.folder_permissions(mailbox);
        entries.retain(|entry| entry.grantee != grantee);
        entries.insert(0, FolderPermission { grantee, rights: vec![right.to_owned()], flags: Vec::new() });
        world.folder_permissions.insert(mailbox, entries);
    }

    /// Sets the sign-in name of an account, which is otherwise its address.
    ///
    /// # Panics
    /// When it is not in the tenant.
    pub fn set_user_principal_name(&self, address: &str, name: &str) {
        let world = &mut self.state().world;
        let id = expect(world, address);
        world.directory.update(id, |account| account.user_principal_name = Some(name.to_owned()));
    }

    /// Adds an administrative unit with members by address and returns its object id.
    ///
    /// # Panics
    /// When a member is not in the tenant.
    pub fn add_unit<M: AsRef<str>>(&self, name: &str, members: impl IntoIterator<Item = M>) -> String {
        let world = &mut self.state().world;
        let members = members.into_iter().map(|member| expect(world, member.as_ref())).collect();
        let id = world.issue_id("unit", name);
        world.change(Change::PutUnit(Unit { id, name: name.to_owned(), members }));
        id.to_string()
    }

    /// Adds an owner of an application and its service principal: a person by address, or another
    /// application.
    ///
    /// # Panics
    /// When either is not in the tenant.
    pub fn add_application_owner(&self, application: impl AsRef<str>, owner: impl AsRef<str>) {
        let world = &mut self.state().world;
        let client_id = expect_app(world, application.as_ref()).client_id;
        let owner = match world.app(owner.as_ref()) {
            Some(app) => Owner::Application(app.object_id),
            None => Owner::Recipient(expect(world, owner.as_ref())),
        };
        world.links.owners.push((client_id, owner));
    }

    /// Puts the service principal of an application into a group.
    ///
    /// # Panics
    /// When either is not in the tenant.
    pub fn add_application_to_group(&self, application: impl AsRef<str>, group: &str) {
        let world = &mut self.state().world;
        let principal = expect_app(world, application.as_ref()).object_id;
        let group = expect_group(world, group);
        world.links.members.push((group, principal));
    }

    /// Assigns a directory role to an application over an administrative unit only, by name or object id.
    ///
    /// # Panics
    /// When the application or the unit is not in the tenant.
    pub fn assign_directory_role_over(&self, application: impl AsRef<str>, role: DirectoryRole, unit: &str) {
        let world = &mut self.state().world;
        let principal = expect_app(world, application.as_ref()).object_id;
        let Some(unit) = world.access.current.unit(unit).map(|unit| unit.id) else {
            panic!("no administrative unit in the tenant is called {unit}");
        };
        world.links.scoped_roles.push((principal, role.template_id(), unit));
    }

    /// Makes a service principal that of a managed identity, which has no application object.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn make_managed_identity(&self, application: impl AsRef<str>) {
        let world = &mut self.state().world;
        let app = expect_app_mut(world, application.as_ref());
        app.registration = None;
        let principal = app.object_id;
        world.links.managed.insert(principal);
    }

    /// Makes an application eligible for a directory role, which gives nothing until it is activated.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn make_application_eligible(&self, application: impl AsRef<str>, role: DirectoryRole) {
        let world = &mut self.state().world;
        let principal = expect_app(world, application.as_ref()).object_id;
        world.users.entry(principal).or_default().eligible.push(role.template_id());
    }
}

/// Gives a service principal `FullAccess` on a mailbox.
pub(super) fn permit(world: &mut World, principal: Uuid, mailbox: RecipientId) {
    world.exchange.mailbox_permissions.entry(mailbox).or_default().push(MailboxPermission {
        user: MailboxUser::ServicePrincipal(principal),
        rights: vec!["FullAccess".to_owned()],
        deny: false,
    });
}

/// The object id of whoever has an address.
fn object_id(world: &World, address: &str) -> Uuid {
    let id = expect(world, address);
    match world.directory.get(id).and_then(|recipient| recipient.object_id) {
        Some(id) => id,
        None => panic!("the directory does not know {address}"),
    }
}
