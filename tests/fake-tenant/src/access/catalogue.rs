//! Opening any access path that the catalogue of access paths knows, one row at a time.

use uuid::Uuid;

use super::setup::{NewRoleAssignment, assign, permit};
use crate::recipient::Owner;
use crate::roles::{DirectoryRole, Resource, app_role_of};
use crate::setup::{expect_app, expect_app_mut, grant};
use crate::tenant::FakeTenant;
use crate::world::PermissionGrant;

/// One access path, or one way to widen access, as a row of a catalogue names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessPath<'a> {
    /// An app role, by id or, where no source gives one, by value.
    AppRole {
        /// The resource that has it.
        resource: Resource,
        /// The id or the value.
        role: &'a str,
    },
    /// A delegated scope, by value, granted for everybody.
    DelegatedScope {
        /// The resource that has it.
        resource: Resource,
        /// The value.
        scope: &'a str,
    },
    /// A role of Exchange, by name: an application role or a management role.
    ExchangeRole(&'a str),
    /// A delegating assignment of an Exchange role, by name.
    DelegatingExchangeRole(&'a str),
    /// A role group of Exchange, by name.
    RoleGroup(&'a str),
    /// A directory role, by template id.
    DirectoryRole(&'a str),
    /// `FullAccess` of the service principal on every mailbox.
    MailboxPermission,
    /// An application that owns itself.
    OwnApplication,
    /// An application that owns every Microsoft 365 group.
    Microsoft365GroupOwner,
    /// Anything else, by its description.
    Other(&'a str),
}

/// What a tenant made of an access path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opened {
    /// The application holds it, and [`FakeTenant::reaches`] follows it.
    Modelled,
    /// The application holds it, and reading the tenant's facts shows it. What it opens beyond that, such
    /// as the calendars of Bookings, is not modelled.
    HeldOnly,
    /// The tenant does not know it.
    Unknown,
}

impl FakeTenant {
    /// Gives an application one access path, over the whole organisation, and tells how far the tenant
    /// follows it.
    ///
    /// # Panics
    /// When the application is not in the tenant.
    pub fn open(&self, application: impl AsRef<str>, path: AccessPath<'_>) -> Opened {
        let application = application.as_ref();
        let world = &mut self.state().world;
        let object_id = expect_app(world, application).object_id;
        match path {
            AccessPath::AppRole { resource, role } => {
                let Some(id) = app_role_of(resource, role) else {
                    return Opened::Unknown;
                };
                grant(world, application, resource, id);
                app_role_is_followed(resource, id)
            }
            AccessPath::DelegatedScope { resource, scope } => {
                let id = world.fresh_opaque_id("grant");
                let scope = scope.to_owned();
                world.grants.push(PermissionGrant { id, client: object_id, principal: None, resource, scope });
                Opened::HeldOnly
            }
            AccessPath::ExchangeRole(role) => {
                assign(world, application, NewRoleAssignment::new(role));
                if role.starts_with("Application ") { Opened::Modelled } else { Opened::HeldOnly }
            }
            AccessPath::DelegatingExchangeRole(role) => {
                assign(world, application, NewRoleAssignment::new(role).delegating());
                Opened::Modelled
            }
            AccessPath::RoleGroup(name) => {
                if !world.role_groups.iter().any(|group| group.name == name) {
                    return Opened::Unknown;
                }
                expect_app_mut(world, application).role_groups.push(name.to_owned());
                Opened::Modelled
            }
            AccessPath::DirectoryRole(id) => {
                let Some(role) = DirectoryRole::of_template(id) else {
                    return Opened::Unknown;
                };
                expect_app_mut(world, application).directory_roles.push(role.template_id());
                Opened::Modelled
            }
            AccessPath::MailboxPermission => {
                let mailboxes: Vec<_> =
                    world.directory.iter().filter(|other| other.kind.is_mailbox()).map(|mailbox| mailbox.id).collect();
                for mailbox in mailboxes {
                    permit(world, object_id, mailbox);
                }
                Opened::Modelled
            }
            AccessPath::OwnApplication => {
                let owned = expect_app(world, application).client_id;
                world.links.owners.push((owned, Owner::Application(object_id)));
                Opened::Modelled
            }
            AccessPath::Microsoft365GroupOwner => {
                let groups: Vec<_> = world
                    .directory
                    .iter()
                    .filter(|group| group.kind == crate::RecipientKind::Microsoft365Group)
                    .map(|group| group.id)
                    .collect();
                for group in groups {
                    world.directory.update(group, |group| group.group.owners.push(Owner::Application(object_id)));
                }
                Opened::HeldOnly
            }
            AccessPath::Other(_) => Opened::Unknown,
        }
    }
}

/// Bookings has no mailboxes here, nothing moves mailboxes, and nobody knows what an unlisted id opens.
fn app_role_is_followed(resource: Resource, id: Uuid) -> Opened {
    match crate::roles::app_role_by_id(resource, id) {
        None => Opened::HeldOnly,
        Some(value) if value.starts_with("Bookings") || value == "Mailbox.Migration" => Opened::HeldOnly,
        Some(_) => Opened::Modelled,
    }
}
