use reqwest::Method;

use super::groups;
use crate::client::Client;
use crate::error::Result;
use crate::graph::model::{input, model, update};
use crate::graph::{Delta, DirectoryObject, Group, List, MailboxSettings, Operation, SecretText, Timestamp, call};

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
    pub fn get(&self, id_or_name: &str) -> Operation<User> {
        call(&self.client, Method::GET, "read a user", "/v1.0/users/{}", &[id_or_name]).record()
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
    pub fn get_with(&self, id_or_name: &str, properties: &[&str]) -> Operation<User> {
        call(&self.client, Method::GET, "read a user", "/v1.0/users/{}", &[id_or_name])
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
    pub fn manager(&self, id_or_name: &str) -> Operation<Option<DirectoryObject>> {
        let path = "/v1.0/users/{}/manager";
        call(&self.client, Method::GET, "read a user's manager", path, &[id_or_name]).record().optional()
    }

    /// The groups, roles and units that the user is a direct member of.
    ///
    /// # Permissions
    ///
    /// `Directory.Read.All`
    pub fn member_of(&self, id_or_name: &str) -> List<DirectoryObject> {
        let path = "/v1.0/users/{}/memberOf";
        List::records(call(&self.client, Method::GET, "list a user's memberships", path, &[id_or_name]))
    }

    /// The groups that the user is a direct member of.
    ///
    /// # Permissions
    ///
    /// `Directory.Read.All`
    pub fn groups(&self, id_or_name: &str) -> List<Group> {
        let path = "/v1.0/users/{}/memberOf/microsoft.graph.group";
        List::records(call(&self.client, Method::GET, "list a user's groups", path, &[id_or_name]))
    }

    /// The groups that the user is in, at any depth.
    ///
    /// # Permissions
    ///
    /// `GroupMember.Read.All`
    pub fn transitive_groups(&self, id_or_name: &str) -> List<Group> {
        let path = "/v1.0/users/{}/transitiveMemberOf/microsoft.graph.group";
        List::records(call(&self.client, Method::GET, "list a user's transitive groups", path, &[id_or_name]))
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
    pub async fn check_member_groups(&self, id_or_name: &str, groups: &[&str]) -> Result<Vec<String>> {
        groups::check_member_groups(&self.client, "/v1.0/users/{}/checkMemberGroups", id_or_name, groups).await
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
    pub fn update(&self, id_or_name: &str, update: &UserUpdate) -> Operation<()> {
        let request = call(&self.client, Method::PATCH, "change a user", "/v1.0/users/{}", &[id_or_name]);
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
    pub fn delete(&self, id_or_name: &str) -> Operation<()> {
        let request = call(&self.client, Method::DELETE, "delete a user", "/v1.0/users/{}", &[id_or_name]);
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
    pub fn photo(&self, id_or_name: &str, size: Option<u16>) -> Operation<Option<Vec<u8>>> {
        let name = "read a user's photo";
        let request = match size {
            None => call(&self.client, Method::GET, name, "/v1.0/users/{}/photo/$value", &[id_or_name]),
            Some(size) => {
                let size = format!("{size}x{size}");
                call(&self.client, Method::GET, name, "/v1.0/users/{}/photos/{}/$value", &[id_or_name, &size])
            }
        };
        let photo = request.shaped(crate::graph::picture_shape()).raw().then(|answer| Ok(answer?.bytes().to_vec()));
        photo.optional()
    }
}

model! {
    /// A person, or the account of a room or another mailbox.
    #[derive(Default)]
    pub struct User {
        /// The object id.
        pub id: String = "id",
        /// The name that people see.
        pub display_name: Option<String> = "displayName",
        /// The name for signing in, which often but not always is the address.
        pub user_principal_name: Option<String> = "userPrincipalName",
        /// The main address.
        pub mail: Option<String> = "mail",
        /// The part of the address before the `@`.
        pub mail_nickname: Option<String> = "mailNickname",
        /// The first name.
        pub given_name: Option<String> = "givenName",
        /// The last name.
        pub surname: Option<String> = "surname",
        /// Whether sign-in is possible. Rooms: `false`.
        pub account_enabled: Option<bool> = "accountEnabled",
        /// `Member` or `Guest`.
        pub user_type: Option<String> = "userType",
        /// The job.
        pub job_title: Option<String> = "jobTitle",
        /// The department.
        pub department: Option<String> = "department",
        /// The company.
        pub company_name: Option<String> = "companyName",
        /// The office.
        pub office_location: Option<String> = "officeLocation",
        /// Telephone numbers.
        pub business_phones: Vec<String> = "businessPhones",
        /// The mobile number.
        pub mobile_phone: Option<String> = "mobilePhone",
        /// The fax number.
        pub fax_number: Option<String> = "faxNumber",
        /// The language, such as `en-GB`.
        pub preferred_language: Option<String> = "preferredLanguage",
        /// The country that licences are used in.
        pub usage_location: Option<String> = "usageLocation",
        /// The street and number.
        pub street_address: Option<String> = "streetAddress",
        /// The city.
        pub city: Option<String> = "city",
        /// The state or province.
        pub state: Option<String> = "state",
        /// The postal code.
        pub postal_code: Option<String> = "postalCode",
        /// The country.
        pub country: Option<String> = "country",
        /// The number in the staff records.
        pub employee_id: Option<String> = "employeeId",
        /// The kind of employment.
        pub employee_type: Option<String> = "employeeType",
        /// What they say about themselves.
        pub about_me: Option<String> = "aboutMe",
        /// The birthday.
        pub birthday: Option<Timestamp> = "birthday",
        /// When they were hired.
        pub hire_date: Option<Timestamp> = "hireDate",
        /// Addresses for instant messages.
        pub im_addresses: Vec<String> = "imAddresses",
        /// Further addresses, outside the organisation.
        pub other_mails: Vec<String> = "otherMails",
        /// All addresses of the mailbox, the main one with `SMTP:` in capitals.
        pub proxy_addresses: Vec<String> = "proxyAddresses",
        /// The ways to sign in.
        pub identities: Vec<ObjectIdentity> = "identities",
        /// The licences.
        pub assigned_licenses: Vec<AssignedLicense> = "assignedLicenses",
        /// The plans that the licences bring.
        pub assigned_plans: Vec<AssignedPlan> = "assignedPlans",
        /// Whether it is a resource account, such as that of a Teams room.
        pub is_resource_account: Option<bool> = "isResourceAccount",
        /// Whether only some administrators may change it.
        pub is_management_restricted: Option<bool> = "isManagementRestricted",
        /// Whether address lists show it.
        pub show_in_address_list: Option<bool> = "showInAddressList",
        /// The mailbox's settings, where they were asked for.
        pub mailbox_settings: Option<MailboxSettings> = "mailboxSettings",
        /// How the account came to be, such as `Invitation`.
        pub creation_type: Option<String> = "creationType",
        /// Of a guest: whether the invitation was accepted.
        pub external_user_state: Option<String> = "externalUserState",
        /// Of a guest: when that changed.
        pub external_user_state_change_date_time: Option<Timestamp> = "externalUserStateChangeDateTime",
        /// The age group.
        pub age_group: Option<String> = "ageGroup",
        /// Whether consent was given for a minor.
        pub consent_provided_for_minor: Option<String> = "consentProvidedForMinor",
        /// The age group by law.
        pub legal_age_group_classification: Option<String> = "legalAgeGroupClassification",
        /// Interests.
        pub interests: Vec<String> = "interests",
        /// A personal site.
        pub my_site: Option<String> = "mySite",
        /// Past projects.
        pub past_projects: Vec<String> = "pastProjects",
        /// The preferred name.
        pub preferred_name: Option<String> = "preferredName",
        /// Responsibilities.
        pub responsibilities: Vec<String> = "responsibilities",
        /// Schools.
        pub schools: Vec<String> = "schools",
        /// Skills.
        pub skills: Vec<String> = "skills",
        /// Whether the account is synchronised from on premises.
        pub on_premises_sync_enabled: Option<bool> = "onPremisesSyncEnabled",
        /// The id that links it to the account on premises.
        pub on_premises_immutable_id: Option<String> = "onPremisesImmutableId",
        /// The name on premises.
        pub on_premises_distinguished_name: Option<String> = "onPremisesDistinguishedName",
        /// The domain on premises.
        pub on_premises_domain_name: Option<String> = "onPremisesDomainName",
        /// The account name on premises.
        pub on_premises_sam_account_name: Option<String> = "onPremisesSamAccountName",
        /// The user principal name on premises.
        pub on_premises_user_principal_name: Option<String> = "onPremisesUserPrincipalName",
        /// The security identifier on premises.
        pub on_premises_security_identifier: Option<String> = "onPremisesSecurityIdentifier",
        /// When it was last synchronised.
        pub on_premises_last_sync_date_time: Option<Timestamp> = "onPremisesLastSyncDateTime",
        /// The fifteen custom attributes.
        pub on_premises_extension_attributes: Option<ExtensionAttributes> = "onPremisesExtensionAttributes",
        /// Password policies.
        pub password_policies: Option<String> = "passwordPolicies",
        /// Where the data is kept.
        pub preferred_data_location: Option<String> = "preferredDataLocation",
        /// The security identifier.
        pub security_identifier: Option<String> = "securityIdentifier",
        /// When the account was made.
        pub created_date_time: Option<Timestamp> = "createdDateTime",
        /// When it was deleted, while it can be restored.
        pub deleted_date_time: Option<Timestamp> = "deletedDateTime",
        /// When the password was last changed.
        pub last_password_change_date_time: Option<Timestamp> = "lastPasswordChangeDateTime",
        /// Since when sign-ins count.
        pub sign_in_sessions_valid_from_date_time: Option<Timestamp> = "signInSessionsValidFromDateTime",
        /// The manager, where they were asked for by `$expand`.
        pub manager: Option<Box<DirectoryObject>> = "manager",
        /// Memberships, where they were asked for by `$expand`.
        pub member_of: Vec<DirectoryObject> = "memberOf",
    }

    /// A way to sign in.
    #[derive(Default)]
    pub struct ObjectIdentity {
        /// The kind, such as `userPrincipalName` or `federated`.
        pub sign_in_type: Option<String> = "signInType",
        /// Who vouches for it.
        pub issuer: Option<String> = "issuer",
        /// The id there.
        pub issuer_assigned_id: Option<String> = "issuerAssignedId",
    }

    /// A licence that someone has.
    #[derive(Default)]
    pub struct AssignedLicense {
        /// The product.
        pub sku_id: Option<String> = "skuId",
        /// The plans that are turned off.
        pub disabled_plans: Vec<String> = "disabledPlans",
    }

    /// A plan that a licence brings.
    #[derive(Default)]
    pub struct AssignedPlan {
        /// The service, such as `exchange`.
        pub service: Option<String> = "service",
        /// The plan's id.
        pub service_plan_id: Option<String> = "servicePlanId",
        /// Whether it can be used: `Enabled` or otherwise.
        pub capability_status: Option<String> = "capabilityStatus",
        /// Since when.
        pub assigned_date_time: Option<Timestamp> = "assignedDateTime",
    }

    /// The fifteen custom attributes of Exchange.
    #[derive(Default)]
    pub struct ExtensionAttributes {
        /// The first.
        pub extension_attribute1: Option<String> = "extensionAttribute1",
        /// The second.
        pub extension_attribute2: Option<String> = "extensionAttribute2",
        /// The third.
        pub extension_attribute3: Option<String> = "extensionAttribute3",
        /// The fourth.
        pub extension_attribute4: Option<String> = "extensionAttribute4",
        /// The fifth.
        pub extension_attribute5: Option<String> = "extensionAttribute5",
        /// The sixth.
        pub extension_attribute6: Option<String> = "extensionAttribute6",
        /// The seventh.
        pub extension_attribute7: Option<String> = "extensionAttribute7",
        /// The eighth.
        pub extension_attribute8: Option<String> = "extensionAttribute8",
        /// The ninth.
        pub extension_attribute9: Option<String> = "extensionAttribute9",
        /// The tenth.
        pub extension_attribute10: Option<String> = "extensionAttribute10",
        /// The eleventh.
        pub extension_attribute11: Option<String> = "extensionAttribute11",
        /// The twelfth.
        pub extension_attribute12: Option<String> = "extensionAttribute12",
        /// The thirteenth.
        pub extension_attribute13: Option<String> = "extensionAttribute13",
        /// The fourteenth.
        pub extension_attribute14: Option<String> = "extensionAttribute14",
        /// The fifteenth.
        pub extension_attribute15: Option<String> = "extensionAttribute15",
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

impl serde::Serialize for InitialPassword {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use secrecy::ExposeSecret as _;
        use serde::ser::SerializeMap as _;

        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("password", self.password.expose_secret())?;
        map.serialize_entry("forceChangePasswordNextSignIn", &self.change_at_sign_in)?;
        map.end()
    }
}

input! {
    /// A user who is to be made, by [`new`](Self::new).
    pub struct NewUser {
        /// The name that people see.
        pub display_name: String = "displayName",
        /// The name for signing in.
        pub user_principal_name: String = "userPrincipalName",
        /// The part of the address before the `@`.
        pub mail_nickname: String = "mailNickname",
        /// Whether sign-in is possible.
        pub account_enabled: bool = "accountEnabled",
        /// The first password.
        pub password_profile: InitialPassword = "passwordProfile",
        /// The first name.
        pub given_name: String = "givenName",
        /// The last name.
        pub surname: String = "surname",
        /// The job.
        pub job_title: String = "jobTitle",
        /// The department.
        pub department: String = "department",
        /// The office.
        pub office_location: String = "officeLocation",
        /// The mobile number.
        pub mobile_phone: String = "mobilePhone",
        /// Telephone numbers, at most one.
        pub business_phones: Vec<String> = "businessPhones",
        /// The country that licences are used in.
        pub usage_location: String = "usageLocation",
        /// The language, such as `en-GB`.
        pub preferred_language: String = "preferredLanguage",
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

model! {
    /// An invitation of a guest.
    #[derive(Default)]
    pub struct Invitation {
        /// The invitation's id.
        pub id: String = "id",
        /// Who is invited.
        pub invited_user_email_address: Option<String> = "invitedUserEmailAddress",
        /// Their name.
        pub invited_user_display_name: Option<String> = "invitedUserDisplayName",
        /// `Guest` or `Member`.
        pub invited_user_type: Option<String> = "invitedUserType",
        /// The link by which it is accepted. Whoever has it can accept.
        pub invite_redeem_url: Option<SecretText> = "inviteRedeemUrl",
        /// Where they come after accepting.
        pub invite_redirect_url: Option<String> = "inviteRedirectUrl",
        /// Whether a message was sent.
        pub send_invitation_message: Option<bool> = "sendInvitationMessage",
        /// Whether an earlier acceptance was taken back.
        pub reset_redemption: Option<bool> = "resetRedemption",
        /// How far it is: `PendingAcceptance`, `Completed`, `InProgress` or `Error`.
        pub status: Option<String> = "status",
        /// The account of the guest.
        pub invited_user: Option<Box<User>> = "invitedUser",
    }
}

input! {
    /// An invitation that is to be made, by [`new`](Self::new).
    pub struct NewInvitation {
        /// Who is invited.
        pub invited_user_email_address: String = "invitedUserEmailAddress",
        /// Where they come after accepting.
        pub invite_redirect_url: String = "inviteRedirectUrl",
        /// Their name.
        pub invited_user_display_name: String = "invitedUserDisplayName",
        /// `Guest` or `Member`.
        pub invited_user_type: String = "invitedUserType",
        /// Whether a message is sent.
        pub send_invitation_message: bool = "sendInvitationMessage",
    }
}

impl NewInvitation {
    /// Invites an address; whoever accepts comes to the page.
    pub fn new(address: impl Into<String>, redirect_url: impl Into<String>) -> Self {
        Self::default().invited_user_email_address(address).invite_redirect_url(redirect_url)
    }
}

update! {
    /// Changes of a user.
    pub struct UserUpdate {
        /// The name that people see.
        pub display_name: String = "displayName",
        /// The name for signing in.
        pub user_principal_name: String = "userPrincipalName",
        /// Whether sign-in is possible.
        pub account_enabled: bool = "accountEnabled",
        /// The first name.
        pub given_name: String = "givenName",
        /// The last name.
        pub surname: String = "surname",
        /// The job.
        pub job_title: String = "jobTitle",
        /// The department.
        pub department: String = "department",
        /// The company.
        pub company_name: String = "companyName",
        /// The office.
        pub office_location: String = "officeLocation",
        /// Telephone numbers, at most one.
        pub business_phones: Vec<String> = "businessPhones",
        /// The mobile number.
        pub mobile_phone: String = "mobilePhone",
        /// The country that licences are used in.
        pub usage_location: String = "usageLocation",
        /// The language, such as `en-GB`.
        pub preferred_language: String = "preferredLanguage",
        /// A new password.
        pub password_profile: InitialPassword = "passwordProfile",
        /// The custom attributes.
        pub on_premises_extension_attributes: ExtensionAttributes = "onPremisesExtensionAttributes",
    }
}

impl Client {
    /// People, rooms and other accounts.
    #[must_use]
    pub fn users(&self) -> Users {
        Users { client: self.clone() }
    }
}
