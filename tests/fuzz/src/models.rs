//! Values of the services in JSON: whatever form they come in, what was read is written and read again.

use graph_client::exchange as ex;
use graph_client::graph::{self, Timestamp};
use serde_json::Value;

use crate::survives;

macro_rules! each {
    ($json:expr, $($type:ty),+ $(,)?) => {{
        let json: &str = $json;
        $( survives::<$type>(json); )+
    }};
}

pub(crate) fn graph_models(bytes: &[u8]) {
    let Ok(json) = std::str::from_utf8(bytes) else { return };
    // Every model reads any object; an id of the wrong form is all that may be refused.
    each!(
        json,
        graph::AdministrativeUnit,
        graph::AppRole,
        graph::AppRoleAssignment,
        graph::Application,
        graph::Attachment,
        graph::AutomaticReplies,
        graph::Calendar,
        graph::CalendarPermission,
        graph::ChangeNotification,
        graph::ChatMessage,
        graph::DirectoryObject,
        graph::DirectoryRole,
        graph::Domain,
        graph::Event,
        graph::Group,
        graph::MailboxSettings,
        graph::ManagedDevice,
        graph::OpenExtension,
        graph::Organization,
        graph::PermissionGrant,
        graph::Place,
        graph::PlannerTask,
        graph::RoleAssignment,
        graph::RoleScheduleInstance,
        graph::Room,
        graph::ScheduleInformation,
        graph::ServicePrincipal,
        graph::SubscribedSku,
        graph::Subscription,
        graph::User,
    );
}

pub(crate) fn exchange_models(bytes: &[u8]) {
    let Ok(json) = std::str::from_utf8(bytes) else { return };
    each!(
        json,
        ex::AcceptedDomain,
        ex::ApplicationAccessPolicy,
        ex::AuthorizationRow,
        ex::CalendarProcessing,
        ex::CasMailbox,
        ex::DistributionGroup,
        ex::ExchangeAdministrativeUnit,
        ex::ExchangeGroup,
        ex::ExchangeMailbox,
        ex::ExchangePlace,
        ex::ExchangeRecipient,
        ex::ExchangeServicePrincipal,
        ex::MailboxFolderPermission,
        ex::MailboxPermission,
        ex::ManagementRole,
        ex::ManagementRoleAssignment,
        ex::ManagementRoleEntry,
        ex::ManagementScope,
        ex::OrganizationConfig,
        ex::RoleGroup,
        ex::UnifiedGroup,
    );
}

pub(crate) fn identifiers(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let json = Value::from(text).to_string();
    each!(
        &json,
        graph_client::AppRoleId,
        graph_client::ClientId,
        graph_client::Cloud,
        graph_client::ObjectId,
        graph_client::ServicePrincipalId,
        graph_client::SmtpAddress,
        graph_client::TenantId,
        ex::Alias,
        ex::DistinguishedName,
        ex::FolderUser,
        ex::GroupName,
        ex::Identity,
        ex::MailboxFolder,
        ex::ObjectName,
        ex::OpathFilter,
        ex::PolicyIdentity,
        ex::Property,
        ex::ProxyAddress,
        ex::RoleEntryIdentity,
    );
    if let Some(time) = Timestamp::from(text).to_system_time() {
        let again = Timestamp::from(time).to_system_time().expect("a time is read as it is written");
        let distance = again.duration_since(time).unwrap_or_else(|error| error.duration());
        assert!(distance < std::time::Duration::from_micros(1), "{text} is {time:?}, and then {again:?}");
    }
}
