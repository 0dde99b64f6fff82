use std::collections::BTreeSet;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{BASE, OpenObject, name_fault, single};
use crate::client::Client;
use crate::error::Error;
use crate::graph::macros::open_enum;
use crate::graph::{List, Operation, Timestamp, call};
use crate::ids::InvalidValue;

/// What is asked for by name, as some properties come in no other way.
const SELECT: &[&str] = &[
    "id",
    "displayName",
    "description",
    "tenantId",
    "status",
    "inactivationReason",
    "mode",
    "monitorRunFrequencyInHours",
    "createdDateTime",
    "lastModifiedDateTime",
    "createdBy",
    "lastModifiedBy",
    "parameters",
];

/// The configuration monitors of the tenant. Made by [`Client::configuration_monitors`].
#[derive(Debug, Clone)]
pub struct ConfigurationMonitors {
    client: Client,
}

impl ConfigurationMonitors {
    /// All monitors, without their baselines.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.Read.All`
    pub fn list(&self) -> List<ConfigurationMonitor> {
        let path = format!("{BASE}/configurationMonitors");
        call(&self.client, Method::GET, "list the configuration monitors", &path, &[]).list().select(SELECT)
    }

    /// One monitor, without its baseline.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it is not there. A caller without the permission is refused
    /// with an empty message.
    pub fn get(&self, id: &str) -> Operation<ConfigurationMonitor> {
        let path = format!("{BASE}/configurationMonitors/{{}}");
        single(call(&self.client, Method::GET, "read a configuration monitor", &path, &[id]).select(SELECT).typed())
    }

    /// The baseline of a monitor.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the monitor is not there.
    pub fn baseline(&self, id: &str) -> Operation<ConfigurationBaseline> {
        let path = format!("{BASE}/configurationMonitors/{{}}/baseline");
        single(call(&self.client, Method::GET, "read the baseline of a monitor", &path, &[id]).typed())
    }

    /// Creates a monitor. Its first run is at the next of the four hours of the day.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) when a name or the baseline breaks a rule, all at once and before any
    /// request. [`RefusedKind::of`] says which kinds the service refuses.
    pub fn create(&self, monitor: &NewMonitor) -> Operation<ConfigurationMonitor> {
        let path = format!("{BASE}/configurationMonitors");
        let request = call(&self.client, Method::POST, "create a configuration monitor", &path, &[]);
        single(request.checked(monitor.faults()).body(&monitor.body()).typed())
    }

    /// Changes a monitor.
    ///
    /// **A new baseline deletes every earlier result and drift of the monitor.** Read them first, and send a baseline only
    /// where it differs; for a history that is to last, make another monitor.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create); [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it is not there.
    pub fn update(&self, id: &str, update: &MonitorUpdate) -> Operation<()> {
        let path = format!("{BASE}/configurationMonitors/{{}}");
        let request = call(&self.client, Method::PATCH, "change a configuration monitor", &path, &[id]);
        request.checked(update.faults()).body(update).idempotent(true).unit()
    }

    /// Deletes a monitor with its results and drifts. There is no bin for it.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it is not there.
    pub fn delete(&self, id: &str) -> Operation<()> {
        let path = format!("{BASE}/configurationMonitors/{{}}");
        call(&self.client, Method::DELETE, "delete a configuration monitor", &path, &[id]).unit()
    }
}

impl Client {
    /// Microsoft's monitors of the tenant's configuration.
    #[must_use]
    pub fn configuration_monitors(&self) -> ConfigurationMonitors {
        ConfigurationMonitors { client: self.clone() }
    }
}

open_enum! {
    /// Whether a monitor runs.
    pub enum MonitorStatus {
        /// It runs four times a day.
        Active = "active",
        /// It is paused.
        Inactive = "inactive",
    }
}

/// A configuration monitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConfigurationMonitor {
    /// The id.
    pub id: String,
    /// The name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The description.
    #[serde(default)]
    pub description: Option<String>,
    /// The tenant.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// Whether it runs.
    #[serde(default)]
    pub status: Option<MonitorStatus>,
    /// Why it does not.
    #[serde(default)]
    pub inactivation_reason: Option<String>,
    /// What it does about a drift: `monitorOnly`, which is nothing.
    #[serde(default)]
    pub mode: Option<String>,
    /// How often it runs, in hours.
    #[serde(default)]
    pub monitor_run_frequency_in_hours: Option<u32>,
    /// When it was made.
    #[serde(default)]
    pub created_date_time: Option<Timestamp>,
    /// When it was changed last.
    #[serde(default)]
    pub last_modified_date_time: Option<Timestamp>,
    /// Who made it.
    #[serde(default)]
    pub created_by: Option<MonitoringIdentitySet>,
    /// Who changed it last.
    #[serde(default)]
    pub last_modified_by: Option<MonitoringIdentitySet>,
    /// The values of the baseline's parameters.
    #[serde(default)]
    pub parameters: Option<OpenObject>,
    /// The baseline, where it was expanded.
    #[serde(default)]
    pub baseline: Option<ConfigurationBaseline>,
}

/// A person or an application, or both.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MonitoringIdentitySet {
    /// The person.
    #[serde(default)]
    pub user: Option<MonitoringIdentity>,
    /// The application.
    #[serde(default)]
    pub application: Option<MonitoringIdentity>,
}

/// Who it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MonitoringIdentity {
    /// The object id.
    #[serde(default)]
    pub id: Option<String>,
    /// The name.
    #[serde(default)]
    pub display_name: Option<String>,
}

/// What a tenant should be: objects with the properties that are compared. What is not named is not looked at.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConfigurationBaseline {
    /// The id. A baseline that is to be sent has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name.
    #[serde(default)]
    pub display_name: String,
    /// The description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The parameters that properties may refer to.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<BaselineParameter>,
    /// The objects.
    #[serde(default, deserialize_with = "nullable")]
    pub resources: Vec<BaselineResource>,
}

/// A parameter of a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BaselineParameter {
    /// The name.
    #[serde(default)]
    pub display_name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `string`, `integer` or `boolean`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_type: Option<String>,
}

/// An object of a baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BaselineResource {
    /// A name that is unique in the baseline: drifts are about it.
    #[serde(default)]
    pub display_name: String,
    /// The kind, such as `microsoft.exchange.distributiongroup`, in lower case.
    #[serde(default)]
    pub resource_type: String,
    /// The properties that are compared, by their names in Pascal case. Lists and texts are sent as they are.
    #[serde(default)]
    pub properties: OpenObject,
}

fn nullable<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

impl BaselineResource {
    /// An object of a kind, with the properties that are compared.
    #[must_use]
    pub fn new(display_name: impl Into<String>, resource_type: impl Into<String>, properties: OpenObject) -> Self {
        Self { display_name: display_name.into(), resource_type: resource_type.into(), properties }
    }

    fn faults(&self) -> Vec<InvalidValue> {
        let mut faults = Vec::new();
        if self.display_name.trim().is_empty() || self.display_name.chars().count() > 128 {
            faults.push(InvalidValue::new("resource name", &self.display_name, "must be 1 to 128 characters long"));
        }
        let is_kind = |text: &str| {
            text.starts_with("microsoft.")
                && text.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '.')
        };
        if !is_kind(&self.resource_type) {
            let rule = "must be a kind in lower case, such as microsoft.exchange.distributiongroup";
            faults.push(InvalidValue::new("resource type", &self.resource_type, rule));
        }
        if self.properties.is_empty() {
            faults.push(InvalidValue::new("properties", &self.display_name, "must name one property at least"));
        }
        // No source says how a text is written that begins as an expression does.
        let texts = self.properties.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
        for (name, text) in texts.filter(|(_, text)| text.starts_with('[')) {
            let rule = format!("must not begin with [ in {name}: the service takes it for an expression");
            faults.push(InvalidValue::new("property", text, rule));
        }
        faults
    }
}

impl ConfigurationBaseline {
    /// A baseline of these objects.
    #[must_use]
    pub fn new(display_name: impl Into<String>, resources: Vec<BaselineResource>) -> Self {
        Self { display_name: display_name.into(), resources, ..Self::default() }
    }

    fn faults(&self) -> Vec<InvalidValue> {
        let mut faults: Vec<InvalidValue> = self.resources.iter().flat_map(BaselineResource::faults).collect();
        if self.display_name.trim().is_empty() {
            faults.push(InvalidValue::new("baseline name", &self.display_name, "must not be empty"));
        }
        if self.resources.is_empty() {
            faults.push(InvalidValue::new("resources", "", "must name one object at least"));
        }
        let mut names = BTreeSet::new();
        for resource in &self.resources {
            if !names.insert(&resource.display_name) {
                faults.push(InvalidValue::new("resource name", &resource.display_name, "must be there once"));
            }
        }
        faults
    }
}

/// A monitor that is to be made.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "it does nothing until it is sent"]
pub struct NewMonitor {
    display_name: String,
    description: Option<String>,
    baseline: ConfigurationBaseline,
}

impl NewMonitor {
    /// A monitor with a name of 8 to 32 letters, digits and spaces.
    pub fn new(display_name: impl Into<String>, baseline: ConfigurationBaseline) -> Self {
        Self { display_name: display_name.into(), description: None, baseline }
    }

    /// Describes it.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The body that is sent: a file of it needs no right at all.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({ "displayName": self.display_name, "baseline": self.baseline });
        if let Some(description) = &self.description {
            body["description"] = description.as_str().into();
        }
        body
    }

    fn faults(&self) -> Vec<InvalidValue> {
        let mut faults = self.baseline.faults();
        faults.extend(name_fault("monitor name", &self.display_name));
        faults
    }
}

/// Changes of a monitor. What is not set stays.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use = "it does nothing until it is sent"]
pub struct MonitorUpdate {
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<MonitorStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<ConfigurationBaseline>,
}

impl MonitorUpdate {
    /// No change yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Renames it.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// Describes it.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Pauses it, or lets it run again.
    pub fn status(mut self, status: MonitorStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Replaces the baseline, which deletes every earlier result and drift.
    pub fn baseline(mut self, baseline: ConfigurationBaseline) -> Self {
        self.baseline = Some(baseline);
        self
    }

    fn faults(&self) -> Vec<InvalidValue> {
        let mut faults = self.baseline.as_ref().map_or_else(Vec::new, ConfigurationBaseline::faults);
        faults.extend(self.display_name.as_deref().and_then(|name| name_fault("monitor name", name)));
        faults
    }
}

/// A kind of object that the service does not monitor, as its refusal says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RefusedKind {
    /// The kind.
    pub resource_type: String,
    /// What the service says of it.
    pub message: String,
}

impl RefusedKind {
    /// The kinds that a refused baseline names. None where the refusal is about something else.
    #[must_use]
    pub fn of(error: &Error) -> Vec<Self> {
        let details = error.graph().map_or(&[][..], |graph| &graph.details);
        let refused = details.iter().filter_map(|detail| {
            let (target, message) = (detail.target.clone()?, detail.message.clone().unwrap_or_default());
            message.contains("is not supported").then_some(Self { resource_type: target, message })
        });
        refused.collect()
    }
}
