//! What is written: values in the field names of the API and of the drivers. A secret is never a part of them; it joins
//! them on the way out.

use std::fmt;

use graph_client::serde_json::{Map, Value, json};
use graph_client::{ClientId, ExposeSecret as _, SecretString, SmtpAddress, TenantId};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::models::SettingsRecord;
use crate::credentials::NewSecret;

/// The credentials of the calendar application: what PlaceOS signs in to Microsoft with. `Debug` does not show the secret,
/// and it does not serialise.
#[derive(Clone)]
pub struct CalendarCredentials {
    /// The tenant.
    pub tenant: TenantId,
    /// The application (client) id.
    pub client_id: ClientId,
    /// The id of the secret in Entra, by which it is told which one PlaceOS has. It is no secret.
    pub key_id: Option<String>,
    /// The secret.
    pub(crate) secret: SecretString,
}

impl CalendarCredentials {
    /// The credentials of an application.
    #[must_use]
    pub fn new(tenant: TenantId, client_id: ClientId, secret: impl Into<SecretString>) -> Self {
        Self { tenant, client_id, key_id: None, secret: secret.into() }
    }

    /// The credentials with a secret that was just added; see [`ExchangeGroups::add_secret`](crate::ExchangeGroups::add_secret).
    #[must_use]
    pub fn of(tenant: TenantId, new: &NewSecret) -> Self {
        Self { key_id: Some(new.key_id.clone()), ..Self::new(tenant, new.application, new.secret.clone()) }
    }

    /// Sets the id of the secret in Entra.
    #[must_use]
    pub fn key_id(mut self, key_id: impl Into<String>) -> Self {
        self.key_id = Some(key_id.into());
        self
    }

    /// The secret in a JSON object, for the wire.
    pub(crate) fn with_secret(&self, object: &Value) -> Value {
        let mut object = object.clone();
        object["client_secret"] = self.secret.expose_secret().into();
        object
    }
}

impl fmt::Debug for CalendarCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CalendarCredentials")
            .field("tenant", &self.tenant)
            .field("client_id", &self.client_id)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// The settings of the calendar module (*Microsoft Graph API*), without the secret.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CalendarSettings {
    /// How it signs in.
    pub calendar_config: CalendarConfig,
    /// The mailbox that it acts as where no user is given. It has to be a member of the group.
    pub calendar_service_account: Option<SmtpAddress>,
    /// The mailbox that mail is sent from. It has to be a member of the group, and sending needs `Mail.Send`.
    pub mailer_from: Option<SmtpAddress>,
}

/// How the calendar module signs in, without the secret.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CalendarConfig {
    /// The tenant.
    pub tenant: TenantId,
    /// The application (client) id.
    pub client_id: ClientId,
    /// `teamsForBusiness` adds a Teams link to every event that is created.
    pub conference_type: Option<String>,
}

impl CalendarSettings {
    /// The settings of an application.
    #[must_use]
    pub fn new(tenant: TenantId, client_id: ClientId) -> Self {
        let calendar_config = CalendarConfig { tenant, client_id, conference_type: None };
        Self { calendar_config, calendar_service_account: None, mailer_from: None }
    }

    /// The names on the outermost level.
    pub(crate) fn keys(&self) -> Vec<String> {
        let value = serde_json::to_value(self).unwrap_or_default();
        value.as_object().map(|it| it.keys().cloned().collect()).unwrap_or_default()
    }

    /// The settings with the secret, for the wire.
    pub(crate) fn text_with(&self, credentials: &CalendarCredentials) -> SecretString {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        value["calendar_config"] = credentials.with_secret(&value["calendar_config"]);
        value.to_string().into()
    }
}

/// The settings of a bookings module. What is not set has the driver's default.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookingsSettings {
    /// The time zone of the room (IANA). Default: that of the system.
    pub calendar_time_zone: Option<String>,
    /// How many seconds before its begin a meeting can be started.
    pub pending_before: Option<u32>,
    /// After how many seconds a meeting that nobody started ends.
    pub pending_period: Option<u32>,
    /// Whether the panel does not book at once. Default: it does not.
    pub disable_book_now: Option<bool>,
    /// Whether the panel does not end meetings.
    pub disable_end_meeting: Option<bool>,
    /// How many minutes lie between two reads of the calendar. Default 5.
    pub cache_polling_period: Option<u32>,
    /// How many days are read. Default 30.
    pub cache_days: Option<u32>,
    /// Whether cancelled bookings are shown.
    pub include_cancelled_bookings: Option<bool>,
    /// Where Microsoft tells of changes: `https://<domain>/api/engine/v2/notifications/office365`.
    pub push_notification_url: Option<String>,
}

/// A record of settings, and what can be said of its text without showing it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SettingsView {
    /// The record.
    #[serde(flatten)]
    pub record: SettingsRecord,
    /// Whether a client secret is in it, and may be read by more than administrators.
    #[serde(default)]
    pub has_clear_secret: bool,
    /// The settings, where they are those of a bookings module and nothing else.
    pub bookings: Option<BookingsSettings>,
}

/// A zone that is to be created.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewZone {
    /// The name, which no other zone has.
    pub name: String,
    /// The name that people see.
    pub display_name: String,
    /// The code.
    pub code: Option<String>,
    /// `building` or `level`.
    pub tags: Vec<String>,
    /// The zone that it is in.
    pub parent_id: Option<String>,
}

impl NewZone {
    pub(crate) fn body(&self) -> Value {
        let mut body = serde_json::to_value(self).unwrap_or_default();
        // The API publishes it as required, with no system to update as its default.
        body["update_systems"] = false.into();
        body
    }
}

/// A system that is to be created.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewSystem {
    /// The name, which no other system has.
    pub name: String,
    /// The name that people see.
    pub display_name: Option<String>,
    /// The address of the room's mailbox.
    pub email: SmtpAddress,
    /// How many people fit in.
    pub capacity: Option<i64>,
    /// Whether people may book it.
    pub bookable: bool,
    /// A short code, such as the room's number.
    pub code: Option<String>,
    /// What is in the room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// The zones that it is in.
    pub zones: Vec<String>,
}

impl NewSystem {
    pub(crate) fn body(&self) -> Value {
        let mut body = serde_json::to_value(self).unwrap_or_default();
        body["update_triggers"] = false.into();
        body
    }
}

/// A change of a system: the fields that change, and no others.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SystemUpdate {
    /// The address of the room's mailbox.
    pub email: Option<SmtpAddress>,
    /// How many people fit in.
    pub capacity: Option<i64>,
    /// The zones that it is in.
    pub zones: Option<Vec<String>>,
}

impl SystemUpdate {
    pub(crate) fn body(&self) -> Value {
        let mut body = serde_json::to_value(self).unwrap_or_default();
        body["update_triggers"] = false.into();
        body
    }
}

/// A tenant of Staff API as it should be, without the secret.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StaffTenantChange {
    /// The name.
    pub name: Option<String>,
    /// The domain of PlaceOS.
    pub domain: String,
    /// The domain of the addresses that it is for. `None` for all.
    pub email_domain: Option<String>,
    /// `office365`.
    pub platform: String,
    /// Whether Staff API acts as the person who is signed in.
    pub delegated: bool,
    /// The mailbox that it acts as where no person is named.
    pub service_account: Option<SmtpAddress>,
    /// `teamsForBusiness` adds a Teams link to every event that is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conference_type: Option<String>,
}

impl StaffTenantChange {
    /// The body for the wire. With an application's credentials where it acts as the application.
    pub(crate) fn body(&self, credentials: Option<&CalendarCredentials>) -> Value {
        let mut body = serde_json::to_value(self).unwrap_or_default();
        let mut kept = Map::new();
        if let Some(object) = body.as_object_mut()
            && let Some(conference_type) = object.remove("conference_type")
        {
            kept.insert("conference_type".to_owned(), conference_type);
        }
        let mut sent = Value::Object(kept);
        if !self.delegated
            && let Some(credentials) = credentials
        {
            sent["tenant"] = json!(credentials.tenant);
            sent["client_id"] = json!(credentials.client_id);
            sent = credentials.with_secret(&sent);
        }
        if sent.as_object().is_some_and(|it| !it.is_empty()) {
            body["credentials"] = sent;
        }
        body
    }
}
