use crate::graph::Timestamp;
use crate::graph::macros::resource;

resource! {
    /// Why an object could not be synchronised with on-premises Active Directory.
    pub struct OnPremisesProvisioningError {
        /// What kind of error it is. Graph documents `PropertyConflict` only.
        category: Option<String>,
        /// When it happened.
        occurred_date_time: Option<Timestamp>,
        /// The property that is in the way: `UserPrincipalName` or `ProxyAddresses`.
        property_causing_error: Option<String>,
        /// The value that is in the way.
        value: Option<String>,
    }

    /// Why a service could not take an object over, such as Exchange Online a group.
    pub struct ServiceProvisioningError {
        /// When it happened.
        created_date_time: Option<Timestamp>,
        /// Whether it has been seen to.
        is_resolved: Option<bool>,
        /// The service, as `exchange/…` or `SharePoint/…`.
        service_instance: Option<String>,
        /// What the service said, as XML.
        error_detail: Option<String>,
    }
}
