use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::{BASE, single};
use crate::client::Client;
use crate::graph::macros::open_enum;
use crate::graph::{Filter, List, Operation, Timestamp, call};

const SELECT: &[&str] = &[
    "id",
    "monitorId",
    "tenantId",
    "runInitiationDateTime",
    "runCompletionDateTime",
    "runStatus",
    "driftsCount",
    "errorDetails",
];

/// The runs of monitors. Made by [`Client::configuration_monitoring_results`].
#[derive(Debug, Clone)]
pub struct MonitoringResults {
    client: Client,
}

impl MonitoringResults {
    /// All runs.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.Read.All`
    pub fn list(&self) -> List<MonitoringResult> {
        let path = format!("{BASE}/configurationMonitoringResults");
        call(&self.client, Method::GET, "list the runs of configuration monitors", &path, &[]).list().select(SELECT)
    }

    /// The runs of one monitor, the newest first.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.Read.All`
    pub fn of_monitor(&self, monitor: &str) -> List<MonitoringResult> {
        self.list().filter(Filter::eq("monitorId", monitor)).order_by_descending("runInitiationDateTime")
    }

    /// One run.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it is not there.
    pub fn get(&self, id: &str) -> Operation<MonitoringResult> {
        let path = format!("{BASE}/configurationMonitoringResults/{{}}");
        single(call(&self.client, Method::GET, "read a run of a monitor", &path, &[id]).select(SELECT).typed())
    }
}

impl Client {
    /// The runs of Microsoft's configuration monitors.
    #[must_use]
    pub fn configuration_monitoring_results(&self) -> MonitoringResults {
        MonitoringResults { client: self.clone() }
    }
}

open_enum! {
    /// How a run ended.
    pub enum RunStatus {
        /// Everything was compared.
        Successful = "successful",
        /// Some objects could not be read.
        PartiallySuccessful = "partiallySuccessful",
        /// Nothing was compared. It counts no drifts then, which says nothing.
        Failed = "failed",
    }
}

/// A run of a monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MonitoringResult {
    /// The id.
    pub id: String,
    /// The monitor.
    #[serde(default)]
    pub monitor_id: Option<String>,
    /// The tenant.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// When it began.
    #[serde(default)]
    pub run_initiation_date_time: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub run_completion_date_time: Option<Timestamp>,
    /// How it ended. Without `successful` its number of drifts says nothing.
    #[serde(default)]
    pub run_status: Option<RunStatus>,
    /// How many drifts there are.
    #[serde(default)]
    pub drifts_count: Option<u32>,
    /// What could not be read.
    #[serde(default)]
    pub error_details: Option<Vec<MonitoringError>>,
}

/// What a run could not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MonitoringError {
    /// Why.
    #[serde(default)]
    pub error_message: Option<String>,
    /// The kind.
    #[serde(default)]
    pub resource_type: Option<String>,
    /// The object.
    #[serde(default)]
    pub resource_instance_name: Option<String>,
}
