use reqwest::Method;
use serde_json::json;

use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::macros::{open_enum, resource};
use crate::graph::{
    Delta, DirectoryObject, List, OnPremisesProvisioningError, Operation, Page, ServiceProvisioningError, Timestamp,
    User, call, object_link,
};
use crate::ids::{DirectoryObjectId, GroupId};

/// Groups and their members. Made by [`Client::groups`].
///
/// Graph reads groups of every kind. It writes Microsoft 365 groups and security groups only: mail-enabled security
/// groups and distribution lists belong to Exchange, see [`Group::ensure_writable`].
#[derive(Debug, Clone)]
pub struct Groups {
    pub(crate) client: Client,
}

impl Groups {
    /// All groups, 100 a page unless [`List::page_size`] says otherwise (at most 999).
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All` for the basic properties, `Group.Read.All` for all
    pub fn list(&self) -> List<Group> {
        List::records(call(&self.client, Method::GET, "list groups", "/v1.0/groups", &[]))
    }

    /// All groups, and from then on what changes in them. Changes of members are in `other`, as `members@delta`.
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All`
    pub fn delta(&self) -> Delta<Group> {
        call(&self.client, Method::GET, "read the changes of groups", "/v1.0/groups/delta", &[]).delta().of_records()
    }

    /// One group, by its object id.
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All` for the basic properties, `Group.Read.All` for all
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is none.
    pub fn get(&self, id: impl Into<GroupId>) -> Operation<Group> {
        let id: GroupId = id.into();
        call(&self.client, Method::GET, "read a group", "/v1.0/groups/{}", &[id.as_str()]).record()
    }

    /// The direct members.
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All`. Members of a kind that the application may not read come with their id alone.
    pub fn members(&self, id: impl Into<GroupId>) -> List<DirectoryObject> {
        let id: GroupId = id.into();
        List::records(call(
            &self.client,
            Method::GET,
            "list the members of a group",
            "/v1.0/groups/{}/members",
            &[id.as_str()],
        ))
    }

    /// The direct members that are users: people and mailboxes.
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All` and `User.ReadBasic.All`
    pub fn user_members(&self, id: impl Into<GroupId>) -> List<User> {
        let id: GroupId = id.into();
        let path = "/v1.0/groups/{}/members/microsoft.graph.user";
        List::records(call(&self.client, Method::GET, "list the users of a group", path, &[id.as_str()]))
    }

    /// The direct members that are groups.
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All`
    pub fn group_members(&self, id: impl Into<GroupId>) -> List<Group> {
        let id: GroupId = id.into();
        let path = "/v1.0/groups/{}/members/microsoft.graph.group";
        List::records(call(&self.client, Method::GET, "list the groups of a group", path, &[id.as_str()]))
    }

    /// The members, and the members of groups that are members, at any depth.
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All`
    pub fn transitive_members(&self, id: impl Into<GroupId>) -> List<DirectoryObject> {
        let id: GroupId = id.into();
        let path = "/v1.0/groups/{}/transitiveMembers";
        List::records(call(&self.client, Method::GET, "list the transitive members of a group", path, &[id.as_str()]))
    }

    /// The users among the members at any depth.
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All` and `User.ReadBasic.All`
    pub fn transitive_user_members(&self, id: impl Into<GroupId>) -> List<User> {
        let id: GroupId = id.into();
        let path = "/v1.0/groups/{}/transitiveMembers/microsoft.graph.user";
        List::records(call(&self.client, Method::GET, "list the transitive users of a group", path, &[id.as_str()]))
    }

    /// The owners.
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All`
    pub fn owners(&self, id: impl Into<GroupId>) -> List<DirectoryObject> {
        let id: GroupId = id.into();
        List::records(call(
            &self.client,
            Method::GET,
            "list the owners of a group",
            "/v1.0/groups/{}/owners",
            &[id.as_str()],
        ))
    }

    /// The groups that the group is a direct member of.
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All`
    pub fn member_of(&self, id: impl Into<GroupId>) -> List<Group> {
        let id: GroupId = id.into();
        let path = "/v1.0/groups/{}/memberOf/microsoft.graph.group";
        List::records(call(&self.client, Method::GET, "list the groups above a group", path, &[id.as_str()]))
    }

    /// Which of these groups the group is in, at any depth. Any number of groups; Graph is asked for 20 at a time.
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when the group does not exist.
    pub async fn check_member_groups(&self, id: impl Into<GroupId> + Send, groups: &[&str]) -> Result<Vec<String>> {
        let id: GroupId = id.into();
        check_member_groups(&self.client, "/v1.0/groups/{}/checkMemberGroups", id.as_str(), groups).await
    }

    /// Makes a security group or a Microsoft 365 group. A mail-enabled security group is made by Exchange
    /// ([`NewDistributionGroup`](crate::exchange::NewDistributionGroup)).
    ///
    /// # Permissions
    ///
    /// `Group.Create`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for a mail-enabled group that is not a Microsoft 365 group: Graph cannot make it.
    pub fn create(&self, group: &NewGroup) -> Operation<Group> {
        let unified = group.group_types.iter().flatten().any(|kind| kind.eq_ignore_ascii_case("Unified"));
        let request = call(&self.client, Method::POST, "create a group", "/v1.0/groups", &[]);
        if group.mail_enabled == Some(true) && !unified {
            return request.refused(owned_by_exchange(group.display_name.as_deref().unwrap_or_default())).record();
        }
        request.body(group).record()
    }

    /// Changes the properties of a group.
    ///
    /// # Permissions
    ///
    /// `Group.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// As [`add_member`](Self::add_member).
    pub fn update(&self, group: &(impl GroupRef + ?Sized), update: &GroupUpdate) -> Operation<()> {
        let name = "change a group";
        self.write(name, group, "/v1.0/groups/{}", Method::PATCH, &[], |request| request.body(update).idempotent(true))
    }

    /// Deletes a group. Microsoft 365 groups can be restored for 30 days; others are gone.
    ///
    /// # Permissions
    ///
    /// `Group.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// As [`add_member`](Self::add_member), and [`ErrorKind::NotFound`] when there is none.
    pub fn delete(&self, group: &(impl GroupRef + ?Sized)) -> Operation<()> {
        self.write("delete a group", group, "/v1.0/groups/{}", Method::DELETE, &[], |request| request)
    }

    /// Adds a member: the object id of a user, group or service principal. `false` when it is one already.
    ///
    /// # Permissions
    ///
    /// `GroupMember.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] when the group belongs to Exchange: before anything is sent where `group` is a [`Group`]
    /// that was read, and from Graph's refusal where it is an id alone. [`Error::code`] is
    /// [`OWNED_BY_EXCHANGE`] either way.
    pub fn add_member(
        &self,
        group: &(impl GroupRef + ?Sized),
        member: impl Into<DirectoryObjectId>,
    ) -> Operation<bool> {
        self.add("add a member to a group", group, "/v1.0/groups/{}/members/$ref", &member.into())
    }

    /// Takes a member away. `false` when it is none, or when the group does not exist: Graph answers both alike.
    ///
    /// # Permissions
    ///
    /// `GroupMember.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// As [`add_member`](Self::add_member).
    pub fn remove_member(
        &self,
        group: &(impl GroupRef + ?Sized),
        member: impl Into<DirectoryObjectId>,
    ) -> Operation<bool> {
        self.remove("remove a member from a group", group, "/v1.0/groups/{}/members/{}/$ref", &member.into())
    }

    /// Adds an owner: the object id of a user or service principal. `false` when it is one already.
    ///
    /// # Permissions
    ///
    /// `Group.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// As [`add_member`](Self::add_member).
    pub fn add_owner(&self, group: &(impl GroupRef + ?Sized), owner: impl Into<DirectoryObjectId>) -> Operation<bool> {
        self.add("add an owner to a group", group, "/v1.0/groups/{}/owners/$ref", &owner.into())
    }

    /// Takes an owner away. `false` when it is none. Graph refuses to take the last owner.
    ///
    /// # Permissions
    ///
    /// `Group.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// As [`add_member`](Self::add_member).
    pub fn remove_owner(
        &self,
        group: &(impl GroupRef + ?Sized),
        owner: impl Into<DirectoryObjectId>,
    ) -> Operation<bool> {
        self.remove("remove an owner from a group", group, "/v1.0/groups/{}/owners/{}/$ref", &owner.into())
    }

    fn add(
        &self,
        name: &'static str,
        group: &(impl GroupRef + ?Sized),
        path: &str,
        object: &DirectoryObjectId,
    ) -> Operation<bool> {
        let added = self.write(name, group, path, Method::POST, &[], |request| {
            match object_link(&self.client, object.as_str()) {
                // A repetition finds the member there, which is success.
                Ok(link) => request.body(&json!({ "@odata.id": link })).idempotent(true),
                Err(error) => request.refused(error),
            }
        });
        added.then(|outcome| match outcome {
            Err(error) if error.message().contains("added object references already exist") => Ok(false),
            outcome => outcome.map(|()| true),
        })
    }

    fn remove(
        &self,
        name: &'static str,
        group: &(impl GroupRef + ?Sized),
        path: &str,
        object: &DirectoryObjectId,
    ) -> Operation<bool> {
        let removed = self.write(name, group, path, Method::DELETE, &[object.as_str()], |request| request);
        removed.optional().then(|outcome| outcome.map(|found| found.is_some()))
    }

    fn write(
        &self,
        name: &'static str,
        group: &(impl GroupRef + ?Sized),
        path: &str,
        method: Method,
        more: &[&str],
        prepare: impl FnOnce(crate::graph::Request) -> crate::graph::Request,
    ) -> Operation<()> {
        let mut ids = vec![group.group_id()];
        ids.extend_from_slice(more);
        let mut request = prepare(call(&self.client, method, name, path, &ids));
        if let Some(Err(error)) = group.known().map(Group::ensure_writable) {
            request = request.refused(error);
        }
        let id = group.group_id().to_owned();
        request.unit().then(move |outcome| match outcome {
            Err(error) if error.graph().is_some() && error.message().contains("mail-enabled security group") => {
                Err(owned_by_exchange(&id).with_source(error).during(name))
            }
            outcome => outcome,
        })
    }
}

/// Graph is asked for 20 groups at a time.
const CHECKED_AT_ONCE: usize = 20;

pub(crate) async fn check_member_groups(client: &Client, path: &str, id: &str, groups: &[&str]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for groups in groups.chunks(CHECKED_AT_ONCE) {
        let page: Page<String> = call(client, Method::POST, "check memberships", path, &[id])
            .body(&json!({ "groupIds": groups }))
            .read_only()
            .json()
            .await?;
        for id in page.items {
            if !groups.iter().any(|group| group.eq_ignore_ascii_case(&id)) {
                let message = "the answer names a group that was not asked about";
                return Err(Error::new(ErrorKind::Decode, message).during("check memberships"));
            }
            found.push(id);
        }
    }
    Ok(found)
}

/// The [`Error::code`] of a write to a group that belongs to Exchange.
pub const OWNED_BY_EXCHANGE: &str = "GroupOwnedByExchange";

fn owned_by_exchange(group: &str) -> Error {
    let message = format!(
        "group {group:?} is a mail-enabled security group or distribution list: Graph reads it, Exchange writes it"
    );
    Error::new(ErrorKind::Input, message).with_code(Some(OWNED_BY_EXCHANGE.to_owned())).with_advice(
        "Use client.exchange().run(..) with NewDistributionGroup, SetDistributionGroup, \
             AddDistributionGroupMember, RemoveDistributionGroupMember or RemoveDistributionGroup.",
    )
}

/// What names a group that is to be changed: its id, or the group as it was read.
///
/// With the group at hand, a write that Graph cannot do is refused before it is sent.
pub trait GroupRef: Sync {
    /// The object id.
    fn group_id(&self) -> &str;

    /// The group itself, where it was read.
    fn known(&self) -> Option<&Group> {
        None
    }
}

impl GroupRef for str {
    fn group_id(&self) -> &str {
        self
    }
}

impl GroupRef for &str {
    fn group_id(&self) -> &str {
        self
    }
}

impl GroupRef for String {
    fn group_id(&self) -> &str {
        self
    }
}

impl GroupRef for Group {
    fn group_id(&self) -> &str {
        &self.id
    }

    fn known(&self) -> Option<&Group> {
        Some(self)
    }
}

/// What kind of group it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupKind {
    /// A Microsoft 365 group, with a mailbox of its own.
    Microsoft365,
    /// A security group without an address.
    Security,
    /// A mail-enabled security group, which belongs to Exchange.
    MailEnabledSecurity,
    /// A distribution list, which belongs to Exchange.
    Distribution,
}

impl Group {
    /// What kind of group it is. `None` when the properties that tell it did not come: `groupTypes`, `mailEnabled` and
    /// `securityEnabled`.
    #[must_use]
    pub fn kind(&self) -> Option<GroupKind> {
        if self.has_type("Unified") {
            return Some(GroupKind::Microsoft365);
        }
        match (self.mail_enabled?, self.security_enabled?) {
            (true, true) => Some(GroupKind::MailEnabledSecurity),
            (true, false) => Some(GroupKind::Distribution),
            (false, true) => Some(GroupKind::Security),
            (false, false) => None,
        }
    }

    /// Whether a rule says who its members are.
    #[must_use]
    pub fn is_dynamic(&self) -> bool {
        self.has_type("DynamicMembership")
    }

    fn has_type(&self, name: &str) -> bool {
        self.group_types.iter().any(|kind| kind.eq_ignore_ascii_case(name))
    }

    /// Whether Graph can change the group.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] with the code [`OWNED_BY_EXCHANGE`] and the way through Exchange, for a mail-enabled
    /// security group or a distribution list. A group whose kind is not known passes: Graph then decides.
    pub fn ensure_writable(&self) -> Result<()> {
        if self.mail_enabled == Some(true) && !self.has_type("Unified") {
            return Err(owned_by_exchange(self.mail.as_deref().unwrap_or(&self.id)).during("change a group"));
        }
        Ok(())
    }
}

open_enum! {
    /// Who sees a Microsoft 365 group and may join it.
    pub enum GroupVisibility {
        /// Anyone joins.
        Public = "Public",
        /// Owners let people in.
        Private = "Private",
        /// Only members see who the members are.
        HiddenMembership = "HiddenMembership",
    }
}

resource! {
    /// A group.
    pub struct Group {
        /// The object id.
        id: String,
        /// The name that people see.
        display_name: Option<String> [read create update],
        /// A description.
        description: Option<String> [read create update],
        /// The mail address.
        mail: Option<String>,
        /// The part of the address before the `@`. A new group needs it even if it has no mailbox.
        mail_nickname: Option<String> [read create update],
        /// Whether it has an email address.
        mail_enabled: Option<bool> [read create],
        /// Whether permissions can be given to it.
        security_enabled: Option<bool> [read create update],
        /// `Unified` for a Microsoft 365 group, `DynamicMembership` where a rule says who its members are.
        group_types: Vec<String> [read create],
        /// Who sees it and may join.
        visibility: Option<GroupVisibility> [read create update],
        /// All addresses, the main one with `SMTP:` in capitals.
        proxy_addresses: Vec<String>,
        /// The rule that says who its members are.
        membership_rule: Option<String> [read create update],
        /// Whether the rule is applied: `On` or `Paused`.
        membership_rule_processing_state: Option<String> [read create update],
        /// The organisation's own classification.
        classification: Option<String> [read create update],
        /// Whether directory roles can be assigned to it. Set at creation; it cannot be changed later.
        is_assignable_to_role: Option<bool> [read create],
        /// Whether only some administrators may change it.
        is_management_restricted: Option<bool>,
        /// Whether address lists leave it out.
        hide_from_address_lists: Option<bool> [read update],
        /// Whether Outlook leaves it out.
        hide_from_outlook_clients: Option<bool> [read update],
        /// What was set up with it, such as `Team`.
        resource_provisioning_options: Vec<String>,
        /// How it behaves, such as `WelcomeEmailDisabled`.
        resource_behavior_options: Vec<String>,
        /// What it was made with, such as `YammerProvisioning`.
        creation_options: Vec<String>,
        /// Whether it is synchronised from on-premises Active Directory, where it must then be changed.
        on_premises_sync_enabled: Option<bool>,
        /// The domain in on-premises Active Directory.
        on_premises_domain_name: Option<String>,
        /// The short name of the domain in on-premises Active Directory.
        on_premises_net_bios_name: Option<String>,
        /// The account name in on-premises Active Directory.
        on_premises_sam_account_name: Option<String>,
        /// The security identifier in on-premises Active Directory.
        on_premises_security_identifier: Option<String>,
        /// When it was last synchronised.
        on_premises_last_sync_date_time: Option<Timestamp>,
        /// Why it could not be synchronised.
        on_premises_provisioning_errors: Vec<OnPremisesProvisioningError>,
        /// Why a service could not take it over.
        service_provisioning_errors: Vec<ServiceProvisioningError>,
        /// Where its data is kept.
        preferred_data_location: Option<String> [read create update],
        /// Its language.
        preferred_language: Option<String>,
        /// The security identifier.
        security_identifier: Option<String>,
        /// The colour of a Microsoft 365 group.
        theme: Option<String>,
        /// A name by which the group can be created or updated. It is set at creation and cannot be changed later.
        unique_name: Option<String> [read create],
        /// When it was made.
        created_date_time: Option<Timestamp>,
        /// When it was last renewed.
        renewed_date_time: Option<Timestamp>,
        /// When it expires.
        expiration_date_time: Option<Timestamp>,
        /// When it was deleted, while it can be restored.
        deleted_date_time: Option<Timestamp>,
        /// Members, where they were asked for by `$expand` (at most 20).
        members: Vec<DirectoryObject>,
        /// Owners, where they were asked for by `$expand` (at most 20).
        owners: Vec<DirectoryObject>,
        /// Links to the first owners, as `https://graph.microsoft.com/v1.0/users/{id}`.
        owner_links: Vec<String> = "owners@odata.bind" [create],
        /// Links to the first members.
        member_links: Vec<String> = "members@odata.bind" [create],
    }
    /// A group that is to be made: by [`security`](Self::security) or [`microsoft365`](Self::microsoft365).
    create NewGroup;
    /// Changes of a group.
    update GroupUpdate;
}

impl NewGroup {
    /// A security group without a mail address.
    pub fn security(display_name: impl Into<String>, mail_nickname: impl Into<String>) -> Self {
        Self::default()
            .display_name(display_name)
            .mail_nickname(mail_nickname)
            .mail_enabled(false)
            .security_enabled(true)
            .group_types(Vec::new())
    }

    /// A Microsoft 365 group, with a mailbox of its own.
    pub fn microsoft365(display_name: impl Into<String>, mail_nickname: impl Into<String>) -> Self {
        Self::default()
            .display_name(display_name)
            .mail_nickname(mail_nickname)
            .mail_enabled(true)
            .security_enabled(false)
            .group_types(vec!["Unified".to_owned()])
    }
}

impl Client {
    /// Groups and their members.
    #[must_use]
    pub fn groups(&self) -> Groups {
        Groups { client: self.clone() }
    }
}
