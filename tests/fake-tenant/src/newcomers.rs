//! Mailboxes and groups that are to be added.

use jiff::Timestamp;

use crate::recipient::{Owner, Place, RecipientId, RecipientKind};
use crate::setup::{expect, free_address, local_part};
use crate::world::{NewRecipient, World};

/// A mailbox, or an account without one, to be added to a tenant.
#[derive(Clone, Debug)]
pub struct NewMailbox {
    address: String,
    kind: RecipientKind,
    display_name: Option<String>,
    hidden: bool,
    dir_synced: bool,
    office: String,
    place: Place,
    custom_attributes: Vec<(usize, String)>,
    further_addresses: Vec<String>,
    shares_address: bool,
}

impl NewMailbox {
    /// A mailbox of some kind. An address without `@` is completed with the default domain.
    #[must_use]
    pub fn new(kind: RecipientKind, address: &str) -> Self {
        Self {
            address: address.to_owned(),
            kind,
            display_name: None,
            hidden: false,
            dir_synced: false,
            office: String::new(),
            place: Place::default(),
            custom_attributes: Vec::new(),
            further_addresses: Vec::new(),
            shares_address: false,
        }
    }

    /// A room.
    #[must_use]
    pub fn room(address: &str) -> Self {
        Self::new(RecipientKind::RoomMailbox, address)
    }

    /// A workspace: a mailbox that Exchange counts among the rooms, with the resource type `Workspace`.
    #[must_use]
    pub fn workspace(address: &str) -> Self {
        Self::new(RecipientKind::Workspace, address)
    }

    /// Equipment, such as a projector or a car.
    #[must_use]
    pub fn equipment(address: &str) -> Self {
        Self::new(RecipientKind::EquipmentMailbox, address)
    }

    /// A room whose mailbox is on-premises, and which is therefore synchronised from there.
    #[must_use]
    pub fn remote_room(address: &str) -> Self {
        Self::new(RecipientKind::RemoteRoomMailbox, address).dir_synced()
    }

    /// A person.
    #[must_use]
    pub fn person(address: &str) -> Self {
        Self::new(RecipientKind::UserMailbox, address)
    }

    /// A shared mailbox.
    #[must_use]
    pub fn shared(address: &str) -> Self {
        Self::new(RecipientKind::SharedMailbox, address)
    }

    /// Sets the display name, which is otherwise the local part of the address.
    #[must_use]
    pub fn display_name(mut self, name: &str) -> Self {
        self.display_name = Some(name.to_owned());
        self
    }

    /// Sets how many people a room holds.
    #[must_use]
    pub fn capacity(mut self, people: u32) -> Self {
        self.place.capacity = Some(people);
        self
    }

    /// Sets the building, and the office with it.
    #[must_use]
    pub fn building(mut self, name: &str) -> Self {
        self.place.building = Some(name.to_owned());
        name.clone_into(&mut self.office);
        self
    }

    /// Sets the floor.
    #[must_use]
    pub fn floor(mut self, number: i32) -> Self {
        self.place.floor = Some(number);
        self
    }

    /// Sets the label of the floor.
    #[must_use]
    pub fn floor_label(mut self, label: &str) -> Self {
        self.place.floor_label = Some(label.to_owned());
        self
    }

    /// Sets the city of the place.
    #[must_use]
    pub fn city(mut self, name: &str) -> Self {
        self.place.city = Some(name.to_owned());
        self
    }

    /// Adds a tag to the place.
    #[must_use]
    pub fn tag(mut self, tag: &str) -> Self {
        self.place.tags.push(tag.to_owned());
        self
    }

    /// Sets the office.
    #[must_use]
    pub fn office(mut self, name: &str) -> Self {
        name.clone_into(&mut self.office);
        self
    }

    /// Hides it from address lists, and so from places.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Says that it is synchronised from on-premises.
    #[must_use]
    pub fn dir_synced(mut self) -> Self {
        self.dir_synced = true;
        self
    }

    /// Sets a custom attribute, 1 to 15; other numbers are ignored.
    #[must_use]
    pub fn custom_attribute(mut self, number: usize, value: &str) -> Self {
        self.custom_attributes.push((number, value.to_owned()));
        self
    }

    /// Adds a further address.
    #[must_use]
    pub fn proxy_address(mut self, address: &str) -> Self {
        self.further_addresses.push(address.to_owned());
        self
    }

    /// Lets a mail user have the address of a mailbox: in a hybrid organisation a person may be
    /// synchronised as a mail user while the mailbox is here. Nothing else in a tenant can share an address.
    #[must_use]
    pub fn shares_address(mut self) -> Self {
        self.shares_address = true;
        self
    }

    pub(crate) fn add_to(self, world: &mut World, created: Timestamp) -> String {
        let address = if self.shares_address {
            assert!(self.kind == RecipientKind::MailUser, "only a mail user can share the address of a mailbox");
            let holder = expect(world, &self.address);
            let holder = world.directory.get(holder).filter(|holder| holder.kind.is_mailbox());
            holder.unwrap_or_else(|| panic!("{} is not a mailbox", self.address)).primary().to_owned()
        } else {
            free_address(world, &self.address)
        };
        let local = local_part(&address).to_owned();
        let id = world.create(NewRecipient {
            kind: self.kind,
            address: address.clone(),
            display_name: self.display_name.unwrap_or_else(|| local.clone()),
            alias: local,
            name: None,
            created,
        });
        let further: Vec<String> = self.further_addresses.iter().map(|address| free_address(world, address)).collect();
        world.directory.update(id, |mailbox| {
            mailbox.hidden = self.hidden;
            mailbox.dir_synced = self.dir_synced;
            mailbox.office = self.office;
            mailbox.place = self.place;
            mailbox.addresses.extend(further);
            for (number, value) in self.custom_attributes {
                if let Some(attribute) = number.checked_sub(1).and_then(|at| mailbox.custom_attributes.get_mut(at)) {
                    *attribute = value;
                }
            }
        });
        address
    }
}

/// A group to be added to a tenant.
#[derive(Clone, Debug)]
pub struct NewGroup {
    address: String,
    kind: RecipientKind,
    display_name: Option<String>,
    name: Option<String>,
    hidden: bool,
    dir_synced: bool,
    owners: Vec<String>,
    members: Vec<String>,
}

impl NewGroup {
    fn new(kind: RecipientKind, address: &str) -> Self {
        Self {
            address: address.to_owned(),
            kind,
            display_name: None,
            name: None,
            hidden: false,
            dir_synced: false,
            owners: Vec::new(),
            members: Vec::new(),
        }
    }

    /// A mail-enabled security group.
    #[must_use]
    pub fn security(address: &str) -> Self {
        Self::new(RecipientKind::SecurityGroup, address)
    }

    /// A distribution list.
    #[must_use]
    pub fn distribution(address: &str) -> Self {
        Self::new(RecipientKind::DistributionList, address)
    }

    /// A room list.
    #[must_use]
    pub fn room_list(address: &str) -> Self {
        Self::new(RecipientKind::RoomList, address)
    }

    /// A security group that only the directory knows, and Exchange does not.
    #[must_use]
    pub fn entra_security(address: &str) -> Self {
        Self::new(RecipientKind::CloudSecurityGroup, address)
    }

    /// A Microsoft 365 group.
    #[must_use]
    pub fn microsoft_365(address: &str) -> Self {
        Self::new(RecipientKind::Microsoft365Group, address)
    }

    /// Sets the display name, which is otherwise the local part of the address.
    #[must_use]
    pub fn display_name(mut self, name: &str) -> Self {
        self.display_name = Some(name.to_owned());
        self
    }

    /// Sets the name, which is otherwise the display name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Adds an owner by address, or an application by client id.
    #[must_use]
    pub fn owner(mut self, owner: impl AsRef<str>) -> Self {
        self.owners.push(owner.as_ref().to_owned());
        self
    }

    /// Adds members by address.
    #[must_use]
    pub fn members<M: AsRef<str>>(mut self, members: impl IntoIterator<Item = M>) -> Self {
        self.members.extend(members.into_iter().map(|member| member.as_ref().to_owned()));
        self
    }

    /// Hides it from address lists.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Says that it is synchronised from on-premises, where alone it can be changed.
    #[must_use]
    pub fn dir_synced(mut self) -> Self {
        self.dir_synced = true;
        self
    }

    pub(crate) fn add_to(self, world: &mut World, created: Timestamp) -> String {
        let address = free_address(world, &self.address);
        let local = local_part(&address).to_owned();
        let display_name = self.display_name.unwrap_or_else(|| local.clone());
        let mut owners: Vec<Owner> = self
            .owners
            .iter()
            .map(|owner| match world.app(owner) {
                Some(app) => Owner::Application(app.object_id),
                None => Owner::Recipient(expect(world, owner)),
            })
            .collect();
        if owners.is_empty() {
            owners.push(Owner::RoleGroup("Organization Management".to_owned()));
        }
        let members: Vec<RecipientId> = self.members.iter().map(|member| expect(world, member)).collect();
        let id = world.create(NewRecipient {
            kind: self.kind,
            address: address.clone(),
            alias: local,
            name: Some(self.name.unwrap_or_else(|| display_name.clone())),
            display_name,
            created,
        });
        world.directory.update(id, |group| {
            group.hidden = self.hidden;
            group.dir_synced = self.dir_synced;
            group.group.owners = owners;
        });
        for member in members {
            world.add_member(id, member);
        }
        address
    }
}
