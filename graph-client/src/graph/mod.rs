//! Microsoft Graph: one module per resource.
//!
//! Rows are decoded leniently: everything but an id may be absent, because `$select`, old records and national clouds
//! leave things out.

mod administrative_units;
mod application_models;
mod applications;
mod calendar;
mod directory;
mod error;
mod event_extras;
mod event_models;
mod events;
mod groups;
mod identities;
mod lenient;
mod mail;
mod mailbox_settings;
mod managed_devices;
mod model;
mod notifications;
mod organization;
mod permission_grants;
mod place_models;
mod places;
mod planner;
mod refusal;
mod role_assignments;
mod schedule;
mod service_principals;
mod shape;
mod subscriptions;
mod teams;
mod users;

use std::borrow::Cow;

use serde::de::DeserializeOwned;

pub use self::administrative_units::{AdministrativeUnit, AdministrativeUnits, ScopedRoleMembership};
pub use self::application_models::{
    ApiApplication, Application, ApplicationUpdate, FederatedCredential, InformationalUrls, KeyCredential,
    NewApplication, NewPassword, PasswordCredential, PreAuthorizedApplication, PublicClient, RequiredResourceAccess,
    ResourceAccess, ResourceAccessType, SignInAudience, SinglePageApplication, WebApplication,
};
pub use self::applications::{ApplicationRef, Applications};
pub use self::calendar::{
    Calendar, CalendarColor, CalendarGroup, CalendarPermission, CalendarRole, CalendarUpdate, Calendars,
    OnlineMeetingProvider,
};
pub use self::directory::DirectoryObject;
pub use self::error::GraphError;
pub(crate) use self::error::classify;
pub use self::event_extras::{Attachment, ExtendedProperty, MultiValueProperty, OpenExtension, UploadSession};
pub use self::event_models::{
    Attendee, AttendeeType, BodyType, DateTimeTimeZone, DayOfWeek, EmailAddress, Event, EventType, FreeBusyStatus,
    Importance, ItemBody, Location, LocationIdType, LocationType, OnlineMeeting, Phone, PhoneType, Recipient,
    Recurrence, RecurrencePattern, RecurrencePatternType, RecurrenceRange, RecurrenceRangeType, ResponseStatus,
    ResponseType, Sensitivity, TimeSlot, WeekIndex,
};
pub use self::events::{Answer, EventUpdate, NewEvent};
pub use self::groups::{Group, GroupKind, GroupRef, GroupUpdate, GroupVisibility, Groups, NewGroup, OWNED_BY_EXCHANGE};
pub use self::identities::{Identity, IdentitySet};
pub use self::mail::{Mail, NewMessage};
pub use self::mailbox_settings::{
    AutomaticReplies, AutomaticRepliesStatus, DelegateMeetingMessages, ExternalAudience, Locale, Mailbox,
    MailboxSettings, MailboxSettingsUpdate, NamedTimeZone, UserPurpose, WorkingHours,
};
pub use self::managed_devices::{ComplianceState, DeviceOwnerType, ManagedDevice, ManagedDevices};
pub use self::model::{Patch, Properties, SecretText, Timestamp};
pub use self::notifications::{
    ChangeNotification, EncryptedContent, LifecycleEvent, NotificationBatch, NotificationEvent, Notifications,
    ResourceData,
};
pub use self::organization::{
    Domain, DomainAuthentication, DomainState, LicenseUnits, Organization, Organizations, PrivacyProfile,
    ProvisionedPlan, ServicePlan, SubscribedSku, VerifiedDomain,
};
pub use self::permission_grants::{ConsentType, PermissionGrant, PermissionGrants};
pub use self::place_models::{
    BookingType, Building, Desk, FeatureState, Floor, GeoCoordinates, MailboxDetails, NewPlace, PhysicalAddress, Place,
    PlaceKind, PlaceMode, PlaceProperties, PlaceUpdate, ResourceLink, Room, RoomList, Section, Workspace,
};
pub use self::places::{Places, Rooms};
pub use self::planner::{
    NewPlannerTask, Planner, PlannerAssignment, PlannerBucket, PlannerContainer, PlannerPlan, PlannerTask,
    PlannerTaskUpdate,
};
pub use self::refusal::CalendarRefusal;
pub use self::role_assignments::{
    DirectoryRole, DirectoryRoles, MemberType, RoleAssignment, RoleDefinition, RoleHolding, RolePermission,
    RoleScheduleInstance,
};
pub use self::schedule::{Availability, FreeBusyError, FreeBusyQuery, ScheduleInformation, ScheduleItem};
pub use self::service_principals::{
    AppRole, AppRoleAssignment, Created, PermissionScope, ServicePrincipal, ServicePrincipalType, ServicePrincipals,
};
pub(crate) use self::shape::{
    Record, asks_for_id, nothing as nothing_shape, picture as picture_shape, record as record_shape,
};
pub use self::subscriptions::{ChangeType, NewSubscription, Subscription, Subscriptions};
pub use self::teams::{
    Channel, ChannelIdentity, ChatAttachment, ChatMention, ChatMessage, ChatMessageImportance, ChatMessageType,
    NewChatMessage,
};
pub use self::users::{
    AssignedLicense, AssignedPlan, ExtensionAttributes, InitialPassword, Invitation, NewInvitation, NewUser,
    ObjectIdentity, USER_PROPERTIES, User, UserUpdate, Users,
};
use crate::{Client, Error, ErrorKind, InvalidValue, Method, Request};

/// Percent-encodes what stands between two slashes of a path.
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
        }
    }
    encoded
}

/// A request for `template`, each `{}` of which stands for one id.
///
/// An id that is empty would address the collection instead of one member, and `..` something else altogether: both
/// are refused before anything is sent.
pub(crate) fn call(client: &Client, method: Method, name: &'static str, template: &str, ids: &[&str]) -> Request {
    let mut path = String::with_capacity(template.len() + 64);
    let mut rest = template;
    for id in ids {
        if id.trim().is_empty() || matches!(*id, "." | "..") {
            let fault = InvalidValue::new("id", *id, "must be the id or address of one object");
            return Request::to_url(client.clone(), method, Err(Error::from(fault).during(name)));
        }
        let (before, after) = rest.split_once("{}").unwrap_or((rest, ""));
        path.push_str(before);
        path.push_str(&segment(id));
        rest = after;
    }
    path.push_str(rest);
    let operation = match ids {
        [] => Cow::Borrowed(name),
        ids => Cow::Owned(format!("{name} ({})", ids.join(", "))),
    };
    client.request(method, path).named(name, operation)
}

/// The name of the type that an annotation gives, without its namespace. It comes with or without `#`, in any case.
fn type_name(properties: &Properties) -> Option<&str> {
    let annotation = properties.get("@odata.type")?.as_str()?;
    annotation.rsplit('.').next()
}

fn object_of<T: DeserializeOwned>(properties: Properties) -> serde_json::Result<Box<T>> {
    serde_json::from_value(serde_json::Value::Object(properties)).map(Box::new)
}

fn undecodable(error: &serde_json::Error) -> Error {
    // As a message and not as a source, so that what it quotes is redacted and shown safely.
    Error::new(ErrorKind::Decode, format!("the answer is not what was expected: {error}"))
}

/// A link to an object of the directory, as members and owners are named.
fn object_link(client: &Client, id: &str) -> crate::Result<String> {
    let id: crate::ObjectId = id.parse()?;
    let root = &client.cloud().endpoint(crate::cloud::Service::Graph).url;
    Ok(crate::cloud::join(root, &format!("/v1.0/directoryObjects/{id}")).to_string())
}
