use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{BASE, OpenObject, single};
use crate::client::Client;
use crate::graph::macros::open_enum;
use crate::graph::{Filter, List, Operation, Timestamp, call};

const SELECT: &[&str] = &[
    "id",
    "monitorId",
    "tenantId",
    "resourceType",
    "baselineResourceDisplayName",
    "firstReportedDateTime",
    "status",
    "resourceInstanceIdentifier",
    "driftedProperties",
];

/// What differs from the baselines of monitors. Made by [`Client::configuration_drifts`].
#[derive(Debug, Clone)]
pub struct ConfigurationDrifts {
    client: Client,
}

impl ConfigurationDrifts {
    /// All drifts: those that last, and for 30 days those that are mended.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.Read.All`
    pub fn list(&self) -> List<ConfigurationDrift> {
        let path = format!("{BASE}/configurationDrifts");
        call(&self.client, Method::GET, "list the configuration drifts", &path, &[]).list().select(SELECT)
    }

    /// The drifts of one monitor.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.Read.All`
    pub fn of_monitor(&self, monitor: &str) -> List<ConfigurationDrift> {
        self.list().filter(Filter::eq("monitorId", monitor))
    }

    /// One drift.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it is not there, be it because its monitor's baseline was
    /// changed.
    pub fn get(&self, id: &str) -> Operation<ConfigurationDrift> {
        let path = format!("{BASE}/configurationDrifts/{{}}");
        single(call(&self.client, Method::GET, "read a configuration drift", &path, &[id]).select(SELECT).typed())
    }
}

impl Client {
    /// What differs from the baselines of Microsoft's monitors.
    #[must_use]
    pub fn configuration_drifts(&self) -> ConfigurationDrifts {
        ConfigurationDrifts { client: self.clone() }
    }
}

open_enum! {
    /// Whether a drift lasts.
    pub enum DriftStatus {
        /// It lasts.
        Active = "active",
        /// A later run saw it mended.
        Fixed = "fixed",
    }
}

/// An object that is not as the baseline says. Who changed it is not told, and when only as the first report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConfigurationDrift {
    /// The id.
    pub id: String,
    /// The monitor.
    #[serde(default)]
    pub monitor_id: Option<String>,
    /// The tenant.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// The kind. Kinds that no page lists occur.
    #[serde(default)]
    pub resource_type: Option<String>,
    /// The name of the object in the baseline.
    #[serde(default)]
    pub baseline_resource_display_name: Option<String>,
    /// When a run reported it first.
    #[serde(default)]
    pub first_reported_date_time: Option<Timestamp>,
    /// Whether it lasts.
    #[serde(default)]
    pub status: Option<DriftStatus>,
    /// The key properties of the object.
    #[serde(default)]
    pub resource_instance_identifier: Option<OpenObject>,
    /// What differs. `None` where it was not sent, which says nothing.
    #[serde(default)]
    pub drifted_properties: Option<Vec<DriftedProperty>>,
}

/// A property that differs. An object that is gone has the one property `Ensure`, which is `Absent`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DriftedProperty {
    /// The name.
    #[serde(default)]
    pub property_name: String,
    /// What it is, as it came: numbers and truth values are often text.
    #[serde(default)]
    pub current_value: Value,
    /// What it should be.
    #[serde(default)]
    pub desired_value: Value,
}
