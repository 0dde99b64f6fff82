use reqwest::Method;

use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::model::{model, open_enum};
use crate::graph::{AssignedPlan, List, Operation, Page, Record, Timestamp, call};

/// The organisation that the tenant belongs to. Made by [`Client::organization`].
#[derive(Debug, Clone)]
pub struct Organizations {
    pub(crate) client: Client,
}

impl Organizations {
    /// The one organisation of the tenant.
    ///
    /// # Permissions
    ///
    /// `Organization.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] if the answer holds no organisation or several.
    pub fn get(&self) -> Operation<Organization> {
        let operation = "read the organization";
        let request = self.client.request(Method::GET, "/v1.0/organization").named(operation, operation);
        request.typed::<Page<Organization>>().then(|page| {
            let mut found = page?.items;
            if found.len() > 1 {
                found.clear();
            }
            let message = "the answer does not hold one organization";
            found.pop().filter(Record::is_record).ok_or_else(|| Error::new(ErrorKind::Decode, message))
        })
    }

    /// The domains of the tenant, those that are not verified yet included.
    ///
    /// # Permissions
    ///
    /// `Domain.Read.All`
    pub fn domains(&self) -> List<Domain> {
        List::records(call(&self.client, Method::GET, "list domains", "/v1.0/domains", &[]))
    }

    /// One domain, by its name.
    ///
    /// # Permissions
    ///
    /// `Domain.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when the tenant does not have it.
    pub fn domain(&self, name: &str) -> Operation<Domain> {
        call(&self.client, Method::GET, "read a domain", "/v1.0/domains/{}", &[name]).record()
    }

    /// The licences that the organisation has.
    ///
    /// # Permissions
    ///
    /// `LicenseAssignment.Read.All`
    pub fn licenses(&self) -> List<SubscribedSku> {
        List::records(call(&self.client, Method::GET, "list licences", "/v1.0/subscribedSkus", &[]))
    }
}

open_enum! {
    /// How people of a domain sign in.
    pub enum DomainAuthentication {
        /// With Microsoft.
        Managed = "Managed",
        /// With another provider.
        Federated = "Federated",
    }
}

model! {
    /// An organisation.
    #[derive(Default)]
    pub struct Organization {
        /// The tenant's GUID.
        pub id: String = "id",
        /// The organisation's name.
        pub display_name: Option<String> = "displayName",
        /// The domains that the organisation has proven to own.
        pub verified_domains: Vec<VerifiedDomain> = "verifiedDomains",
        /// `AAD` for a tenant of work accounts.
        pub tenant_type: Option<String> = "tenantType",
        /// The country, as two letters.
        pub country_letter_code: Option<String> = "countryLetterCode",
        /// The country.
        pub country: Option<String> = "country",
        /// The state or province.
        pub state: Option<String> = "state",
        /// The city.
        pub city: Option<String> = "city",
        /// The street and number.
        pub street: Option<String> = "street",
        /// The postal code.
        pub postal_code: Option<String> = "postalCode",
        /// Telephone numbers.
        pub business_phones: Vec<String> = "businessPhones",
        /// The language.
        pub preferred_language: Option<String> = "preferredLanguage",
        /// The country that licences are used in where nothing else says.
        pub default_usage_location: Option<String> = "defaultUsageLocation",
        /// Who is told about technical matters.
        pub technical_notification_mails: Vec<String> = "technicalNotificationMails",
        /// Who gets marketing mail.
        pub marketing_notification_emails: Vec<String> = "marketingNotificationEmails",
        /// Who is told about security.
        pub security_compliance_notification_mails: Vec<String> = "securityComplianceNotificationMails",
        /// Who is called about security.
        pub security_compliance_notification_phones: Vec<String> = "securityComplianceNotificationPhones",
        /// The plans that the organisation's licences bring.
        pub assigned_plans: Vec<AssignedPlan> = "assignedPlans",
        /// The plans that are set up.
        pub provisioned_plans: Vec<ProvisionedPlan> = "provisionedPlans",
        /// Where the privacy statement is.
        pub privacy_profile: Option<PrivacyProfile> = "privacyProfile",
        /// Whether accounts are synchronised from on premises.
        pub on_premises_sync_enabled: Option<bool> = "onPremisesSyncEnabled",
        /// When they were last synchronised.
        pub on_premises_last_sync_date_time: Option<Timestamp> = "onPremisesLastSyncDateTime",
        /// When the tenant was made.
        pub created_date_time: Option<Timestamp> = "createdDateTime",
        /// When it was deleted.
        pub deleted_date_time: Option<Timestamp> = "deletedDateTime",
    }

    /// A domain that the organisation has proven to own.
    #[derive(Default)]
    pub struct VerifiedDomain {
        /// The domain's name.
        pub name: String = "name",
        /// Whether new addresses are made in it.
        pub is_default: Option<bool> = "isDefault",
        /// Whether it is the tenant's first one, under `onmicrosoft.com`.
        pub is_initial: Option<bool> = "isInitial",
        /// What it is used for, as a list in one text: `Email, OfficeCommunicationsOnline`.
        pub capabilities: Option<String> = "capabilities",
        /// `Managed` or `Federated`.
        pub kind: Option<String> = "type",
    }

    /// A plan that is set up.
    #[derive(Default)]
    pub struct ProvisionedPlan {
        /// The service, such as `exchange`.
        pub service: Option<String> = "service",
        /// Whether it can be used.
        pub capability_status: Option<String> = "capabilityStatus",
        /// How far its setting up is.
        pub provisioning_status: Option<String> = "provisioningStatus",
    }

    /// Where the privacy statement is.
    #[derive(Default)]
    pub struct PrivacyProfile {
        /// The address of the contact.
        pub contact_email: Option<String> = "contactEmail",
        /// The statement.
        pub statement_url: Option<String> = "statementUrl",
    }

    /// A domain of the tenant.
    #[derive(Default)]
    pub struct Domain {
        /// The domain's name.
        pub id: String = "id",
        /// How its people sign in.
        pub authentication_type: Option<DomainAuthentication> = "authenticationType",
        /// Whether an administrator has taken it over.
        pub is_admin_managed: Option<bool> = "isAdminManaged",
        /// Whether new addresses are made in it.
        pub is_default: Option<bool> = "isDefault",
        /// Whether it is the tenant's first one, under `onmicrosoft.com`.
        pub is_initial: Option<bool> = "isInitial",
        /// Whether it is not below another one.
        pub is_root: Option<bool> = "isRoot",
        /// Whether the organisation has proven to own it.
        pub is_verified: Option<bool> = "isVerified",
        /// What it is used for, such as `Email`.
        pub supported_services: Vec<String> = "supportedServices",
        /// Always empty, except for a domain that is being verified.
        pub availability_status: Option<String> = "availabilityStatus",
        /// The registrar, where Microsoft knows it.
        pub manufacturer: Option<String> = "manufacturer",
        /// More about the registrar.
        pub model: Option<String> = "model",
        /// After how many days passwords expire.
        pub password_validity_period_in_days: Option<i32> = "passwordValidityPeriodInDays",
        /// How many days before that people are told.
        pub password_notification_window_in_days: Option<i32> = "passwordNotificationWindowInDays",
        /// A change that is going on.
        pub state: Option<DomainState> = "state",
    }

    /// A change of a domain.
    #[derive(Default)]
    pub struct DomainState {
        /// What is being done.
        pub operation: Option<String> = "operation",
        /// How far it is.
        pub status: Option<String> = "status",
        /// When that was.
        pub last_action_date_time: Option<Timestamp> = "lastActionDateTime",
    }

    /// A product that the organisation has licences of.
    #[derive(Default)]
    pub struct SubscribedSku {
        /// The id: the tenant's and the product's.
        pub id: String = "id",
        /// The product.
        pub sku_id: Option<String> = "skuId",
        /// Its name, such as `ENTERPRISEPACK`.
        pub sku_part_number: Option<String> = "skuPartNumber",
        /// The account.
        pub account_id: Option<String> = "accountId",
        /// The name of the account.
        pub account_name: Option<String> = "accountName",
        /// `User` or `Company`.
        pub applies_to: Option<String> = "appliesTo",
        /// `Enabled`, `Warning`, `Suspended`, `Deleted` or `LockedOut`.
        pub capability_status: Option<String> = "capabilityStatus",
        /// How many licences are in use.
        pub consumed_units: Option<i32> = "consumedUnits",
        /// How many there are.
        pub prepaid_units: Option<LicenseUnits> = "prepaidUnits",
        /// The plans that it brings.
        pub service_plans: Vec<ServicePlan> = "servicePlans",
        /// The subscriptions.
        pub subscription_ids: Vec<String> = "subscriptionIds",
    }

    /// How many licences there are.
    #[derive(Default)]
    pub struct LicenseUnits {
        /// In good standing.
        pub enabled: Option<i32> = "enabled",
        /// Past their end, in the time of grace.
        pub warning: Option<i32> = "warning",
        /// Suspended.
        pub suspended: Option<i32> = "suspended",
        /// Locked out.
        pub locked_out: Option<i32> = "lockedOut",
    }

    /// A plan that a product brings.
    #[derive(Default)]
    pub struct ServicePlan {
        /// The plan's id.
        pub service_plan_id: Option<String> = "servicePlanId",
        /// Its name, such as `EXCHANGE_S_ENTERPRISE`.
        pub service_plan_name: Option<String> = "servicePlanName",
        /// `Success` when it can be used.
        pub provisioning_status: Option<String> = "provisioningStatus",
        /// `User` or `Company`.
        pub applies_to: Option<String> = "appliesTo",
    }
}

impl Organization {
    /// The tenant's first domain, under `onmicrosoft.com` (or the like of another cloud), which never changes.
    #[must_use]
    pub fn initial_domain(&self) -> Option<&str> {
        let domain = self.verified_domains.iter().find(|domain| domain.is_initial == Some(true))?;
        (!domain.name.is_empty()).then_some(domain.name.as_str())
    }
}

impl SubscribedSku {
    /// Whether the product brings mailboxes in Exchange Online.
    #[must_use]
    pub fn has_exchange(&self) -> bool {
        self.service_plans.iter().any(|plan| {
            plan.service_plan_name.as_deref().is_some_and(|name| name.starts_with("EXCHANGE_"))
                && plan.provisioning_status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("Success"))
        })
    }
}

impl Client {
    /// The organisation that the tenant belongs to.
    #[must_use]
    pub fn organization(&self) -> Organizations {
        Organizations { client: self.clone() }
    }
}
