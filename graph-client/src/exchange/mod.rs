//! Exchange Online administration: cmdlets as typed values, run over HTTPS without PowerShell.
//!
//! A cmdlet is a value. It serialises to the parameters that go on the wire, and its `Display` is the sentence for a
//! plan or a log. [`Exchange::run`] runs one, [`Exchange::run_all`] runs many of a kind in batches.
//!
//! # Permissions
//!
//! Every call needs the app role `Exchange.ManageAsApp` on *Office 365 Exchange Online*, and an Entra directory role
//! or an Exchange role group that gives the cmdlet. `Exchange Administrator` gives all that this crate types. A role
//! that was granted after the access token was issued is not in the token; the client signs in once more before it
//! reports a missing role.
//!
//! # Sources
//!
//! `InvokeCommand`, the end point that Microsoft's own PowerShell module uses, is not documented by Microsoft. Its form
//! is taken from published captures and from clients in use. Parameters, limits and defaults are those of the cmdlets'
//! documentation.

mod access_policies;
mod batch;
mod cmdlet;
mod error;
mod groups;
mod invoke;
mod lenient;
mod members;
mod organization;
mod recipients;
mod role_assignments;
mod service_principals;
mod values;
mod visible;

pub use self::access_policies::{
    AccessCheck, AccessCheckResult, AccessRight, ApplicationAccessPolicy, GetApplicationAccessPolicy,
    NewApplicationAccessPolicy, TestApplicationAccessPolicy,
};
pub use self::cmdlet::{Cmdlet, Effect, Output};
pub use self::error::{CmdletError, CmdletErrorKind};
pub use self::groups::{
    DistributionGroup, GetDistributionGroup, GroupKind, NewDistributionGroup, SetDistributionGroup,
};
pub use self::invoke::{CmdletSet, Exchange};
pub use self::members::{
    AddDistributionGroupMember, GetDistributionGroupMember, RemoveDistributionGroupMember,
    UpdateDistributionGroupMember,
};
pub use self::organization::{AcceptedDomain, GetAcceptedDomain, GetOrganizationConfig, OrganizationConfig};
pub use self::recipients::{GetMailbox, GetRecipient, Mailbox, Recipient};
pub use self::role_assignments::{
    ApplicationRole, GetManagementRoleAssignment, ManagementRoleAssignment, NewManagementRoleAssignment,
};
pub use self::service_principals::{
    AuthorizationRow, ExchangeServicePrincipal, GetServicePrincipal, NewServicePrincipal,
    TestServicePrincipalAuthorization,
};
pub use self::values::{Alias, GroupName, Identity, ListChange};
pub use self::visible::Wait;
