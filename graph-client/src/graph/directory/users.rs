use reqwest::Method;
use secrecy::ExposeSecret as _;

use super::groups;
use crate::client::Client;
use crate::error::Result;
use crate::graph::macros::resource;
use crate::graph::model::{Content, Output, Written};
use crate::graph::{
    Delta, DirectoryObject, Group, List, MailboxSettings, OnPremisesProvisioningError, Operation, SecretText,
    ServiceProvisioningError, Timestamp, call,
};
use crate::ids::UserRef;

/// People, rooms and other accounts. Made by [`Client::users`].
///
/// A room's account is a disabled user: a filter on `accountEnabled` loses every room.
#[derive(Debug, Clone)]
pub struct Users {
    pub(crate) client: Client,
}

/// What most programs ask of a user. Without `$select` Graph leaves out all but eleven properties.
pub const USER_PROPERTIES: &[&str] = &[
    "id",
    "displayName",
    "givenName",
    "surname",
    "mail",
    "userPrincipalName",
    "mailNickname",
    "accountEnabled",
    "userType",
    "jobTitle",
    "department",
    "companyName",
    "officeLocation",
    "businessPhones",
    "mobilePhone",
    "preferredLanguage",
    "proxyAddresses",
];

impl Users {
    /// All users, 100 a page unless [`List::page_size`] says otherwise (at most 999).
    ///
    /// Graph sends few properties unless [`List::select`] names them; see [`USER_PROPERTIES`].
    ///
    /// # Permissions
    ///
    /// `User.ReadBasic.All` for the basic properties, `User.Read.All` for all
    pub fn list(&self) -> List<User> {
        List::records(call(&self.client, Method::GET, "list users", "/v1.0/users", &[]))
    }

    /// All users, and from then on what changes in them.
    ///
    /// # Permissions
    ///
    /// `User.Read.All`
    pub fn delta(&self) -> Delta<User> {
        call(&self.client, Method::GET, "read the changes of users", "/v1.0/users/delta", &[]).delta().of_records()
    }

    /// One user, by object id or user principal name.
    ///
    /// # Permissions
    ///
    /// `User.ReadBasic.All` for the basic properties, `User.Read.All` for all
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none. An address that is not the user
    /// principal name is not found either.
    pub fn get(&self, id_or_name: impl Into<UserRef>) -> Operation<User> {
        let id_or_name: UserRef = id_or_name.into();
        call(&self.client, Method::GET, "read a user", "/v1.0/users/{}", &[id_or_name.as_str()]).record()
    }

    /// One user with the properties that are named, such as [`USER_PROPERTIES`].
    ///
    /// # Permissions
    ///
    /// As [`get`](Self::get)
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn get_with(&self, id_or_name: impl Into<UserRef>, properties: &[&str]) -> Operation<User> {
        let id_or_name: UserRef = id_or_name.into();
        call(&self.client, Method::GET, "read a user", "/v1.0/users/{}", &[id_or_name.as_str()])
            .query("$select", properties.join(","))
            .record()
    }

    /// The manager. `None` when there is none.
    ///
    /// # Permissions
    ///
    /// `User.Read.All`
    ///
    /// # Errors
    ///
    /// Every [`ErrorKind`](crate::ErrorKind) but a missing manager. A user who does not exist cannot be told from one
    /// without a manager.
    pub fn manager(&self, id_or_name: impl Into<UserRef>) -> Operation<Option<DirectoryObject>> {
        let id_or_name: UserRef = id_or_name.into();
        let path = "/v1.0/users/{}/manager";
        call(&self.client, Method::GET, "read a user's manager", path, &[id_or_name.as_str()]).record().optional()
    }

    /// The groups, roles and units that the user is a direct member of.
    ///
    /// # Permissions
    ///
    /// `Directory.Read.All`
    pub fn member_of(&self, id_or_name: impl Into<UserRef>) -> List<DirectoryObject> {
        let id_or_name: UserRef = id_or_name.into();
        let path = "/v1.0/users/{}/memberOf";
        List::records(call(&self.client, Method::GET, "list a user's memberships", path, &[id_or_name.as_str()]))
    }

    /// The groups that the user is a direct member of.
    ///
    /// # Permissions
    ///
    /// `Directory.Read.All`
    pub fn groups(&self, id_or_name: impl Into<UserRef>) -> List<Group> {
        let id_or_name: UserRef = id_or_name.into();
        let path = "/v1.0/users/{}/memberOf/microsoft.graph.group";
        List::records(call(&self.client, Method::GET, "list a user's groups", path, &[id_or_name.as_str()]))
    }

    /// The groups that the user is in, at any depth.
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All`
    pub fn transitive_groups(&self, id_or_name: impl Into<UserRef>) -> List<Group> {
        let id_or_name: UserRef = id_or_name.into();
        let path = "/v1.0/users/{}/transitiveMemberOf/microsoft.graph.group";
        List::records(call(&self.client, Method::GET, "list a user's transitive groups", path, &[id_or_name.as_str()]))
    }

    /// Which of these groups the user is in, at any depth. Any number of groups; Graph is asked for 20 at a time.
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the user does not exist.
    pub async fn check_member_groups(
        &self,
        id_or_name: impl Into<UserRef> + Send,
        groups: &[&str],
    ) -> Result<Vec<String>> {
        let id_or_name: UserRef = id_or_name.into();
        groups::check_member_groups(&self.client, "/v1.0/users/{}/checkMemberGroups", id_or_name.as_str(), groups).await
    }

    /// Makes a user.
    ///
    /// # Permissions
    ///
    /// `User.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) with Microsoft's reason, such as a name that is taken.
    pub fn create(&self, user: &NewUser) -> Operation<User> {
        call(&self.client, Method::POST, "create a user", "/v1.0/users", &[]).body(user).record()
    }

    /// Changes a user.
    ///
    /// # Permissions
    ///
    /// `User.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn update(&self, id_or_name: impl Into<UserRef>, update: &UserUpdate) -> Operation<()> {
        let id_or_name: UserRef = id_or_name.into();
        let request = call(&self.client, Method::PATCH, "change a user", "/v1.0/users/{}", &[id_or_name.as_str()]);
        request.body(update).idempotent(true).unit()
    }

    /// Deletes a user, who can be restored for 30 days.
    ///
    /// # Permissions
    ///
    /// `User.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none.
    pub fn delete(&self, id_or_name: impl Into<UserRef>) -> Operation<()> {
        let id_or_name: UserRef = id_or_name.into();
        let request = call(&self.client, Method::DELETE, "delete a user", "/v1.0/users/{}", &[id_or_name.as_str()]);
        request.unit()
    }

    /// Invites someone from outside as a guest. Inviting them again does no harm; with `send_invitation_message` it sends a
    /// message each time.
    ///
    /// # Permissions
    ///
    /// `User.Invite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Service`](crate::ErrorKind::Service) when the organisation does not let guests in.
    pub fn invite(&self, invitation: &NewInvitation) -> Operation<Invitation> {
        call(&self.client, Method::POST, "invite a guest", "/v1.0/invitations", &[]).body(invitation).record()
    }

    /// The photo, as the bytes of an image (JPEG). `size` is 48, 64, 96, 120, 240, 360, 432, 504 or 648 pixels; `None`
    /// asks for the largest. `None` comes back when there is no photo.
    ///
    /// # Permissions
    ///
    /// `ProfilePhoto.Read.All` or `User.Read.All`
    ///
    /// # Errors
    ///
    /// Every [`ErrorKind`](crate::ErrorKind) but a missing photo.
    pub fn photo(&self, id_or_name: impl Into<UserRef>, size: Option<u16>) -> Operation<Option<Vec<u8>>> {
        let id_or_name: UserRef = id_or_name.into();
        let name = "read a user's photo";
        let request = match size {
            None => call(&self.client, Method::GET, name, "/v1.0/users/{}/photo/$value", &[id_or_name.as_str()]),
            Some(size) => {
                let size = format!("{size}x{size}");
                call(&self.client, Method::GET, name, "/v1.0/users/{}/photos/{}/$value", &[id_or_name.as_str(), &size])
            }
        };
        let photo = request.shaped(crate::graph::picture_shape()).raw().then(|answer| Ok(answer?.bytes().to_vec()));
        photo.optional()
    }
}

resource! {
    /// A person, or the account of a room or another mailbox.
    pub struct User {
        /// The object id.
        id: String,
        /// The name that people see.
        display_name: Option<String> [read create update],
        /// The user principal name (UPN), by which the user signs in. Often, but not always, it is the email address.
        user_principal_name: Option<String> [read create update],
        /// The main address.
        mail: Option<String>,
        /// The part of the address before the `@`.
        mail_nickname: Option<String> [read create],
        /// The first name.
        given_name: Option<String> [read create update],
        /// The last name.
        surname: Option<String> [read create update],
        /// Whether sign-in is possible. The accounts of rooms have `false`.
        account_enabled: Option<bool> [read create update],
        /// `Member` or `Guest`.
        user_type: Option<String>,
        /// The job.
        job_title: Option<String> [read create update],
        /// The department.
        department: Option<String> [read create update],
        /// The company.
        company_name: Option<String> [read update],
        /// The office.
        office_location: Option<String> [read create update],
        /// Telephone numbers. Graph stores one at most.
        business_phones: Vec<String> [read create update],
        /// The mobile number.
        mobile_phone: Option<String> [read create update],
        /// The fax number.
        fax_number: Option<String>,
        /// The language, such as `en-GB`.
        preferred_language: Option<String> [read create update],
        /// The country that licences are used in.
        usage_location: Option<String> [read create update],
        /// The street and number.
        street_address: Option<String>,
        /// The city.
        city: Option<String>,
        /// The state or province.
        state: Option<String>,
        /// The postal code.
        postal_code: Option<String>,
        /// The country.
        country: Option<String>,
        /// The number in the staff records.
        employee_id: Option<String>,
        /// The kind of employment.
        employee_type: Option<String>,
        /// What they say about themselves.
        about_me: Option<String>,
        /// The birthday.
        birthday: Option<Timestamp>,
        /// When they were hired.
        hire_date: Option<Timestamp>,
        /// Addresses for instant messages.
        im_addresses: Vec<String>,
        /// Further addresses, outside the organisation.
        other_mails: Vec<String>,
        /// All addresses of the mailbox, the main one with `SMTP:` in capitals.
        proxy_addresses: Vec<String>,
        /// The ways to sign in.
        identities: Vec<ObjectIdentity>,
        /// The licences.
        assigned_licenses: Vec<AssignedLicense>,
        /// The plans that the licences bring.
        assigned_plans: Vec<AssignedPlan>,
        /// Whether it is a resource account, such as that of a Teams room.
        is_resource_account: Option<bool>,
        /// Whether only some administrators may change it.
        is_management_restricted: Option<bool>,
        /// Whether address lists show it.
        show_in_address_list: Option<bool>,
        /// The mailbox's settings, where they were asked for.
        mailbox_settings: Option<MailboxSettings>,
        /// How the account came to be, such as `Invitation`.
        creation_type: Option<String>,
        /// Of a guest: whether the invitation was accepted.
        external_user_state: Option<String>,
        /// Of a guest: when that changed.
        external_user_state_change_date_time: Option<Timestamp>,
        /// The age group.
        age_group: Option<String>,
        /// Whether consent was given for a minor.
        consent_provided_for_minor: Option<String>,
        /// The age group by law.
        legal_age_group_classification: Option<String>,
        /// Interests.
        interests: Vec<String>,
        /// A personal site.
        my_site: Option<String>,
        /// Past projects.
        past_projects: Vec<String>,
        /// The preferred name.
        preferred_name: Option<String>,
        /// Responsibilities.
        responsibilities: Vec<String>,
        /// Schools.
        schools: Vec<String>,
        /// Skills.
        skills: Vec<String>,
        /// Whether the account is synchronised from on-premises Active Directory.
        on_premises_sync_enabled: Option<bool>,
        /// The id that links it to the account in on-premises Active Directory.
        on_premises_immutable_id: Option<String>,
        /// The name in on-premises Active Directory.
        on_premises_distinguished_name: Option<String>,
        /// The domain in on-premises Active Directory.
        on_premises_domain_name: Option<String>,
        /// The account name in on-premises Active Directory.
        on_premises_sam_account_name: Option<String>,
        /// The user principal name in on-premises Active Directory.
        on_premises_user_principal_name: Option<String>,
        /// The security identifier in on-premises Active Directory.
        on_premises_security_identifier: Option<String>,
        /// When it was last synchronised.
        on_premises_last_sync_date_time: Option<Timestamp>,
        /// Why it could not be synchronised.
        on_premises_provisioning_errors: Vec<OnPremisesProvisioningError>,
        /// Why a service could not take it over.
        service_provisioning_errors: Vec<ServiceProvisioningError>,
        /// The fifteen custom attributes (extensionAttribute1 to 15).
        on_premises_extension_attributes: Option<ExtensionAttributes> [read update],
        /// Password policies.
        password_policies: Option<String>,
        /// Where the data is kept.
        preferred_data_location: Option<String>,
        /// The security identifier.
        security_identifier: Option<String>,
        /// When the account was made.
        created_date_time: Option<Timestamp>,
        /// When it was deleted, while it can be restored.
        deleted_date_time: Option<Timestamp>,
        /// When the password was last changed.
        last_password_change_date_time: Option<Timestamp>,
        /// Since when sign-ins count.
        sign_in_sessions_valid_from_date_time: Option<Timestamp>,
        /// The manager, where they were asked for by `$expand`.
        manager: Option<Box<DirectoryObject>>,
        /// Memberships, where they were asked for by `$expand`.
        member_of: Vec<DirectoryObject>,
        /// The initial password, or a new one.
        password_profile: Option<InitialPassword> [create update],
    }
    /// A user who is to be made, by [`new`](Self::new).
    create NewUser;
    /// Changes of a user.
    update UserUpdate;
}

resource! {
    /// A way to sign in.
    pub struct ObjectIdentity {
        /// The kind, such as `userPrincipalName` or `federated`.
        sign_in_type: Option<String>,
        /// Who vouches for it.
        issuer: Option<String>,
        /// The id there.
        issuer_assigned_id: Option<String>,
    }

    /// A licence that someone has.
    pub struct AssignedLicense {
        /// The product.
        sku_id: Option<String>,
        /// The plans that are turned off.
        disabled_plans: Vec<String>,
    }

    /// A plan that a licence brings.
    pub struct AssignedPlan {
        /// The service, such as `exchange`.
        service: Option<String>,
        /// The plan's id.
        service_plan_id: Option<String>,
        /// Whether it can be used: `Enabled` or otherwise.
        capability_status: Option<String>,
        /// Since when.
        assigned_date_time: Option<Timestamp>,
    }

    /// The fifteen custom attributes of Exchange.
    pub struct ExtensionAttributes {
        /// The first.
        extension_attribute1: Option<String>,
        /// The second.
        extension_attribute2: Option<String>,
        /// The third.
        extension_attribute3: Option<String>,
        /// The fourth.
        extension_attribute4: Option<String>,
        /// The fifth.
        extension_attribute5: Option<String>,
        /// The sixth.
        extension_attribute6: Option<String>,
        /// The seventh.
        extension_attribute7: Option<String>,
        /// The eighth.
        extension_attribute8: Option<String>,
        /// The ninth.
        extension_attribute9: Option<String>,
        /// The tenth.
        extension_attribute10: Option<String>,
        /// The eleventh.
        extension_attribute11: Option<String>,
        /// The twelfth.
        extension_attribute12: Option<String>,
        /// The thirteenth.
        extension_attribute13: Option<String>,
        /// The fourteenth.
        extension_attribute14: Option<String>,
        /// The fifteenth.
        extension_attribute15: Option<String>,
    }
}

/// A first password. It is not shown by `Debug`.
#[derive(Clone)]
pub struct InitialPassword {
    password: secrecy::SecretString,
    change_at_sign_in: bool,
}

impl InitialPassword {
    /// A password that must be changed at the first sign-in.
    #[must_use]
    pub fn new(password: impl Into<secrecy::SecretString>) -> Self {
        Self { password: password.into(), change_at_sign_in: true }
    }

    /// A password that may be kept.
    #[must_use]
    pub fn lasting(password: impl Into<secrecy::SecretString>) -> Self {
        Self { password: password.into(), change_at_sign_in: false }
    }
}

impl std::fmt::Debug for InitialPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InitialPassword").field("password", &"<redacted>").finish_non_exhaustive()
    }
}

impl PartialEq for InitialPassword {
    /// Passwords are not compared: two of them are never the same.
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Written for InitialPassword {
    fn properties(&self) -> &'static [&'static str] {
        &["password", "forceChangePasswordNextSignIn"]
    }

    fn property(&self, index: usize) -> Content<'_> {
        match index {
            0 => Content::Text(self.password.expose_secret()),
            _ => Content::Bool(self.change_at_sign_in),
        }
    }
}

impl Output for InitialPassword {
    fn content(&self) -> Content<'_> {
        Content::Object(self)
    }
}

impl NewUser {
    /// A user who can sign in.
    pub fn new(
        user_principal_name: impl Into<String>,
        display_name: impl Into<String>,
        mail_nickname: impl Into<String>,
        password: InitialPassword,
    ) -> Self {
        Self::default()
            .user_principal_name(user_principal_name)
            .display_name(display_name)
            .mail_nickname(mail_nickname)
            .account_enabled(true)
            .password_profile(password)
    }
}

resource! {
    /// An invitation of a guest.
    pub struct Invitation {
        /// The invitation's id.
        id: String,
        /// Who is invited.
        invited_user_email_address: Option<String> [read create],
        /// Their name.
        invited_user_display_name: Option<String> [read create],
        /// `Guest` or `Member`.
        invited_user_type: Option<String> [read create],
        /// The link by which it is accepted. Whoever has it can accept.
        invite_redeem_url: Option<SecretText>,
        /// Where they come after accepting.
        invite_redirect_url: Option<String> [read create],
        /// Whether an invitation message is sent.
        send_invitation_message: Option<bool> [read create],
        /// Whether an earlier acceptance was taken back.
        reset_redemption: Option<bool>,
        /// How far it is: `PendingAcceptance`, `Completed`, `InProgress` or `Error`.
        status: Option<String>,
        /// The account of the guest.
        invited_user: Option<Box<User>>,
    }
    /// An invitation that is to be made, by [`new`](Self::new).
    create NewInvitation;
}

impl NewInvitation {
    /// Invites an address; whoever accepts comes to the page.
    pub fn new(address: impl Into<String>, redirect_url: impl Into<String>) -> Self {
        Self::default().invited_user_email_address(address).invite_redirect_url(redirect_url)
    }
}

impl Client {
    /// People, rooms and other accounts.
    #[must_use]
    pub fn users(&self) -> Users {
        Users { client: self.clone() }
    }
}
