//! The calls by resource.

use std::collections::HashSet;

use graph_client::serde_json::{self, Value, json};
use graph_client::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;

use super::client::PlaceOs;
use super::endpoints::{
    ADD_MODULE, CREATE_MODULE, CREATE_SETTINGS, CREATE_SYSTEM, CREATE_TENANT, CREATE_ZONE, Endpoint, GET_MODULE,
    GET_SYSTEM, GET_ZONE, LIST_DRIVERS, LIST_MODULES, LIST_SETTINGS, LIST_SYSTEMS, LIST_TENANTS, LIST_ZONES,
    START_MODULE, STOP_MODULE, SYSTEMS_WITH_EMAILS, UPDATE_MODULE, UPDATE_SETTINGS, UPDATE_SYSTEM, UPDATE_TENANT,
};
use super::error::{PlaceOsError, PlaceOsErrorKind};
use super::models::{EncryptionLevel, PlaceOsDriver, PlaceOsModule, PlaceOsZone, SettingsRecord, StaffTenant, System};
use super::settings::{CalendarCredentials, NewSystem, NewZone, SettingsView, StaffTenantChange, SystemUpdate};

type Result<T> = std::result::Result<T, PlaceOsError>;

/// How many objects a page has.
const PAGE: usize = 1_000;

pub(super) fn decoded<T: DeserializeOwned>(endpoint: &'static Endpoint, body: Value) -> Result<T> {
    serde_json::from_value(body).map_err(|error| {
        // The text of a decoder may repeat a value.
        let message = format!("the answer is not what the API promises, in {:?}", error.classify());
        let mut error = PlaceOsError::new(PlaceOsErrorKind::Decode, endpoint.purpose, message);
        error.is_outcome_unknown = !endpoint.is_read();
        error
    })
}

impl PlaceOs {
    /// Every object of a list. A list that ends before its own count is an error.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        endpoint: &'static Endpoint,
        filter: &[(&str, String)],
    ) -> Result<Vec<T>> {
        let (mut found, mut ids, mut offset) = (Vec::new(), HashSet::new(), 0);
        loop {
            let mut query = filter.to_vec();
            query.extend([("limit", PAGE.to_string()), ("offset", offset.to_string())]);
            let answer = self.call(endpoint, &[], &query, None).await?;
            let Value::Array(items) = answer.body else {
                return Err(PlaceOsError::new(PlaceOsErrorKind::Decode, endpoint.purpose, "the answer is no list"));
            };
            let count = items.len();
            offset += count;
            for item in items {
                let id = item["id"].as_str().unwrap_or_default().to_owned();
                if id.is_empty() {
                    let message = "an object of the list has no id";
                    return Err(PlaceOsError::new(PlaceOsErrorKind::Decode, endpoint.purpose, message));
                }
                // What moves while it is listed can come twice.
                if ids.insert(id) {
                    found.push(decoded(endpoint, item)?);
                }
            }
            let is_whole = match answer.total {
                Some(total) => offset >= total,
                // Without a count, the page that is not full is the last one.
                None => count < PAGE,
            };
            if is_whole {
                break;
            }
            if count == 0 {
                let message = format!("the list was cut short: {offset} of {}", answer.total.unwrap_or_default());
                return Err(PlaceOsError::new(PlaceOsErrorKind::Decode, endpoint.purpose, message));
            }
        }
        if found.len() < offset {
            let message = "the list changed while it was read: an object came twice, and another may be missing";
            return Err(PlaceOsError::new(PlaceOsErrorKind::Decode, endpoint.purpose, message));
        }
        Ok(found)
    }

    /// Every zone.
    ///
    /// # Errors
    ///
    /// A [`PlaceOsError`]; a list that cannot be read to its end is one.
    pub async fn zones(&self) -> Result<Vec<PlaceOsZone>> {
        self.list(LIST_ZONES, &[]).await
    }

    /// Every driver.
    ///
    /// # Errors
    ///
    /// As [`zones`](Self::zones).
    pub async fn drivers(&self) -> Result<Vec<PlaceOsDriver>> {
        self.list(LIST_DRIVERS, &[]).await
    }

    /// Every system.
    ///
    /// # Errors
    ///
    /// As [`zones`](Self::zones).
    pub async fn systems(&self) -> Result<Vec<System>> {
        self.list(LIST_SYSTEMS, &[]).await
    }

    /// Every module.
    ///
    /// # Errors
    ///
    /// As [`zones`](Self::zones).
    pub async fn modules(&self) -> Result<Vec<PlaceOsModule>> {
        self.list(LIST_MODULES, &[]).await
    }

    pub(crate) async fn modules_of_driver(&self, driver: &str, system: Option<&str>) -> Result<Vec<PlaceOsModule>> {
        let mut filter = vec![("driver_id", driver.to_owned())];
        filter.extend(system.map(|system| ("control_system_id", system.to_owned())));
        self.list(LIST_MODULES, &filter).await
    }

    /// The tenants of Staff API: which of them act as the application for everybody is in
    /// [`delegated`](StaffTenant::delegated).
    ///
    /// # Errors
    ///
    /// A [`PlaceOsError`]; the key needs the scope `public`.
    pub async fn staff_tenants(&self) -> Result<Vec<StaffTenant>> {
        let Value::Array(tenants) = self.call(LIST_TENANTS, &[], &[], None).await?.body else {
            return Err(PlaceOsError::new(PlaceOsErrorKind::Decode, LIST_TENANTS.purpose, "the answer is no list"));
        };
        tenants.into_iter().map(|tenant| tenant_of(LIST_TENANTS, tenant)).collect()
    }

    /// The settings of a module, driver, system or zone: what they are, and not what is in them.
    ///
    /// # Errors
    ///
    /// As [`zones`](Self::zones).
    pub async fn settings_of(&self, parent_id: &str) -> Result<Vec<SettingsView>> {
        let records: Vec<Value> = self.list(LIST_SETTINGS, &[("parent_id", parent_id.to_owned())]).await?;
        let views: Result<Vec<SettingsView>> = records.into_iter().map(|it| settings_of(LIST_SETTINGS, it)).collect();
        // A service that does not know the filter gives all.
        Ok(views?.into_iter().filter(|it| it.record.parent_id.as_deref() == Some(parent_id)).collect())
    }

    /// The systems with an address.
    pub(crate) async fn systems_with_email(&self, address: &str) -> Result<Vec<System>> {
        let query = [("in", address.to_lowercase())];
        let body = self.call(SYSTEMS_WITH_EMAILS, &[], &query, None).await?.body;
        let systems: Vec<System> = decoded(SYSTEMS_WITH_EMAILS, body)?;
        let is_it = |it: &System| it.address().is_some_and(|email| email.eq_ignore_ascii_case(address));
        Ok(systems.into_iter().filter(is_it).collect())
    }

    /// A system.
    ///
    /// # Errors
    ///
    /// A [`PlaceOsError`].
    pub async fn system(&self, id: &str) -> Result<System> {
        decoded(GET_SYSTEM, self.call(GET_SYSTEM, &[id], &[], None).await?.body)
    }

    /// A module.
    ///
    /// # Errors
    ///
    /// A [`PlaceOsError`].
    pub async fn module(&self, id: &str) -> Result<PlaceOsModule> {
        decoded(GET_MODULE, self.call(GET_MODULE, &[id], &[], None).await?.body)
    }

    /// A zone.
    ///
    /// # Errors
    ///
    /// A [`PlaceOsError`].
    pub async fn zone(&self, id: &str) -> Result<PlaceOsZone> {
        decoded(GET_ZONE, self.call(GET_ZONE, &[id], &[], None).await?.body)
    }

    pub(crate) async fn create_zone(&self, zone: &NewZone) -> Result<PlaceOsZone> {
        decoded(CREATE_ZONE, self.call(CREATE_ZONE, &[], &[], Some(&zone.body())).await?.body)
    }

    pub(crate) async fn create_system(&self, system: &NewSystem) -> Result<System> {
        decoded(CREATE_SYSTEM, self.call(CREATE_SYSTEM, &[], &[], Some(&system.body())).await?.body)
    }

    /// Changes a system of this version. Another version is a [conflict](PlaceOsErrorKind::Conflict).
    pub(crate) async fn update_system(&self, id: &str, version: i64, update: &SystemUpdate) -> Result<()> {
        let query = [("version", version.to_string())];
        self.call(UPDATE_SYSTEM, &[id], &query, Some(&update.body())).await.map(drop)
    }

    pub(crate) async fn add_module(&self, system: &str, module: &str) -> Result<()> {
        self.call(ADD_MODULE, &[system, module], &[], None).await.map(drop)
    }

    pub(crate) async fn create_logic_module(&self, driver: &str, system: &str) -> Result<PlaceOsModule> {
        let body = json!({ "driver_id": driver, "control_system_id": system });
        decoded(CREATE_MODULE, self.call(CREATE_MODULE, &[], &[], Some(&body)).await?.body)
    }

    pub(crate) async fn create_service_module(&self, driver: &str, uri: &str) -> Result<PlaceOsModule> {
        let body = json!({ "driver_id": driver, "uri": uri });
        decoded(CREATE_MODULE, self.call(CREATE_MODULE, &[], &[], Some(&body)).await?.body)
    }

    pub(crate) async fn note(&self, module: &str, notes: &str) -> Result<()> {
        self.call(UPDATE_MODULE, &[module], &[], Some(&json!({ "notes": notes }))).await.map(drop)
    }

    pub(crate) async fn start_module(&self, module: &str) -> Result<()> {
        self.call(START_MODULE, &[module], &[], None).await.map(drop)
    }

    pub(crate) async fn stop_module(&self, module: &str) -> Result<()> {
        self.call(STOP_MODULE, &[module], &[], None).await.map(drop)
    }

    /// Writes settings: into the record, where there is one.
    pub(crate) async fn write_settings(
        &self,
        record: Option<&str>,
        parent: &str,
        level: EncryptionLevel,
        text: &SecretString,
    ) -> Result<()> {
        let body = json!({ "parent_id": parent, "encryption_level": level, "settings_string": text.expose_secret() });
        let client = self.hiding(text);
        match record {
            Some(record) => client.call(UPDATE_SETTINGS, &[record], &[], Some(&body)).await.map(drop),
            None => client.call(CREATE_SETTINGS, &[], &[], Some(&body)).await.map(drop),
        }
    }

    /// Creates a tenant of Staff API, or changes the one of this id.
    pub(crate) async fn write_tenant(
        &self,
        id: Option<i64>,
        tenant: &StaffTenantChange,
        credentials: Option<&CalendarCredentials>,
    ) -> Result<()> {
        let body = tenant.body(credentials);
        match id {
            Some(id) => self.call(UPDATE_TENANT, &[&id.to_string()], &[], Some(&body)).await.map(drop),
            None => self.call(CREATE_TENANT, &[], &[], Some(&body)).await.map(drop),
        }
    }
}

/// JSON without what is not to be kept.
pub(super) fn without(mut object: Value, names: &[&str]) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|name, _| !names.contains(&name.as_str()));
    }
    object
}

/// Credentials are never given; a service that gives them all the same is not to be repeated.
fn tenant_of(endpoint: &'static Endpoint, tenant: Value) -> Result<StaffTenant> {
    decoded(endpoint, without(tenant, &["credentials"]))
}

fn settings_of(endpoint: &'static Endpoint, mut record: Value) -> Result<SettingsView> {
    let text = record.as_object_mut().and_then(|it| it.remove("settings_string"));
    let text = text.as_ref().and_then(Value::as_str).unwrap_or_default();
    let record: SettingsRecord = decoded(endpoint, record)?;
    // A level that is not known hides nothing for sure.
    let is_hidden = matches!(record.encryption_level, Some(EncryptionLevel::Admin | EncryptionLevel::NeverDisplay));
    let has_clear_secret = !is_hidden && text.contains("client_secret");
    let bookings = if is_hidden { None } else { serde_json::from_str(text).ok() };
    Ok(SettingsView { record, has_clear_secret, bookings })
}
