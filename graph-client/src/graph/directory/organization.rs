use reqwest::Method;

use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::macros::{open_enum, resource};
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
    /// [`ErrorKind::Decode`] if the response holds no organisation or several.
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

resource! {
    /// An organisation.
    pub struct Organization {
        /// The tenant's GUID.
        id: String,
        /// The organisation's name.
        display_name: Option<String>,
        /// The domains that the organisation has proven to own.
        verified_domains: Vec<VerifiedDomain>,
        /// `AAD` for a tenant of work accounts.
        tenant_type: Option<String>,
        /// The country, as two letters.
        country_letter_code: Option<String>,
        /// The country.
        country: Option<String>,
        /// The state or province.
        state: Option<String>,
        /// The city.
        city: Option<String>,
        /// The street and number.
        street: Option<String>,
        /// The postal code.
        postal_code: Option<String>,
        /// Telephone numbers.
        business_phones: Vec<String>,
        /// The language.
        preferred_language: Option<String>,
        /// The country that licences are used in where nothing else says.
        default_usage_location: Option<String>,
        /// Who is told about technical matters.
        technical_notification_mails: Vec<String>,
        /// Who gets marketing mail.
        marketing_notification_emails: Vec<String>,
        /// Who is told about security.
        security_compliance_notification_mails: Vec<String>,
        /// Who is called about security.
        security_compliance_notification_phones: Vec<String>,
        /// The plans that the organisation's licences bring.
        assigned_plans: Vec<AssignedPlan>,
        /// The plans that are set up.
        provisioned_plans: Vec<ProvisionedPlan>,
        /// Where the privacy statement is.
        privacy_profile: Option<PrivacyProfile>,
        /// Whether accounts are synchronised from on-premises Active Directory.
        on_premises_sync_enabled: Option<bool>,
        /// When they were last synchronised.
        on_premises_last_sync_date_time: Option<Timestamp>,
        /// When the tenant was made.
        created_date_time: Option<Timestamp>,
        /// When it was deleted.
        deleted_date_time: Option<Timestamp>,
    }

    /// A domain that the organisation has proven to own.
    pub struct VerifiedDomain {
        /// The domain's name.
        name: String,
        /// Whether new addresses are made in it.
        is_default: Option<bool>,
        /// Whether it is the tenant's first one, under `onmicrosoft.com`.
        is_initial: Option<bool>,
        /// What it is used for, as a list in one text: `Email, OfficeCommunicationsOnline`.
        capabilities: Option<String>,
        /// `Managed` or `Federated`.
        kind: Option<String> = "type",
    }

    /// A plan that is set up.
    pub struct ProvisionedPlan {
        /// The service, such as `exchange`.
        service: Option<String>,
        /// Whether it can be used.
        capability_status: Option<String>,
        /// How far its setting up is.
        provisioning_status: Option<String>,
    }

    /// Where the privacy statement is.
    pub struct PrivacyProfile {
        /// The address of the contact.
        contact_email: Option<String>,
        /// The statement.
        statement_url: Option<String>,
    }

    /// A domain of the tenant.
    pub struct Domain {
        /// The domain's name.
        id: String,
        /// How its people sign in.
        authentication_type: Option<DomainAuthentication>,
        /// Whether an administrator has taken it over.
        is_admin_managed: Option<bool>,
        /// Whether new addresses are made in it.
        is_default: Option<bool>,
        /// Whether it is the tenant's first one, under `onmicrosoft.com`.
        is_initial: Option<bool>,
        /// Whether it is not below another one.
        is_root: Option<bool>,
        /// Whether the organisation has proven to own it.
        is_verified: Option<bool>,
        /// What it is used for, such as `Email`.
        supported_services: Vec<String>,
        /// Always empty, except for a domain that is being verified.
        availability_status: Option<String>,
        /// The registrar, where Microsoft knows it.
        manufacturer: Option<String>,
        /// More about the registrar.
        model: Option<String>,
        /// After how many days passwords expire.
        password_validity_period_in_days: Option<i32>,
        /// How many days before that people are told.
        password_notification_window_in_days: Option<i32>,
        /// A change that is going on.
        state: Option<DomainState>,
    }

    /// A change of a domain.
    pub struct DomainState {
        /// What is being done.
        operation: Option<String>,
        /// How far it is.
        status: Option<String>,
        /// When that was.
        last_action_date_time: Option<Timestamp>,
    }

    /// A product that the organisation has licences of.
    pub struct SubscribedSku {
        /// The id: the tenant's and the product's.
        id: String,
        /// The product.
        sku_id: Option<String>,
        /// Its name, such as `ENTERPRISEPACK`.
        sku_part_number: Option<String>,
        /// The account.
        account_id: Option<String>,
        /// The name of the account.
        account_name: Option<String>,
        /// `User` or `Company`.
        applies_to: Option<String>,
        /// `Enabled`, `Warning`, `Suspended`, `Deleted` or `LockedOut`.
        capability_status: Option<String>,
        /// How many licences are in use.
        consumed_units: Option<i32>,
        /// How many there are.
        prepaid_units: Option<LicenseUnits>,
        /// The plans that it brings.
        service_plans: Vec<ServicePlan>,
        /// The subscriptions.
        subscription_ids: Vec<String>,
    }

    /// How many licences there are.
    pub struct LicenseUnits {
        /// In good standing.
        enabled: Option<i32>,
        /// Past their end, in the time of grace.
        warning: Option<i32>,
        /// Suspended.
        suspended: Option<i32>,
        /// Locked out.
        locked_out: Option<i32>,
    }

    /// A plan that a product brings.
    pub struct ServicePlan {
        /// The plan's id.
        service_plan_id: Option<String>,
        /// Its name, such as `EXCHANGE_S_ENTERPRISE`.
        service_plan_name: Option<String>,
        /// `Success` when it can be used.
        provisioning_status: Option<String>,
        /// `User` or `Company`.
        applies_to: Option<String>,
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
