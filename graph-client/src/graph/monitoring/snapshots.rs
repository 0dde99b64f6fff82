use reqwest::Method;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::{BASE, ConfigurationBaseline, name_fault, single};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::graph::macros::open_enum;
use crate::graph::{List, Operation, Timestamp, call};
use crate::ids::InvalidValue;

/// Snapshots of the configuration of whole kinds. Made by [`Client::configuration_snapshots`].
#[derive(Debug, Clone)]
pub struct ConfigurationSnapshots {
    client: Client,
}

impl ConfigurationSnapshots {
    /// The jobs. A tenant shows twelve, and keeps what they took for seven days.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.Read.All`
    pub fn jobs(&self) -> List<SnapshotJob> {
        let path = format!("{BASE}/configurationSnapshotJobs");
        call(&self.client, Method::GET, "list the snapshot jobs", &path, &[])
            .header("Prefer", "include-unknown-enum-members")
            .list()
    }

    /// One job: read it again every few seconds until it has ended.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it is not there.
    pub fn job(&self, id: &str) -> Operation<SnapshotJob> {
        let path = format!("{BASE}/configurationSnapshotJobs/{{}}");
        // Without the header a job that took a part is told as unknown.
        let request = call(&self.client, Method::GET, "read a snapshot job", &path, &[id]);
        single(request.header("Prefer", "include-unknown-enum-members").typed())
    }

    /// Takes a snapshot of every object of some kinds. Each object counts towards 20,000 a month.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) when the name breaks the rule or no kind is named. The call is not
    /// repeated by itself: a second snapshot of one name is refused.
    pub fn create(&self, display_name: &str, kinds: &[&str]) -> Operation<SnapshotJob> {
        let path = format!("{BASE}/configurationSnapshots/createSnapshot");
        let mut faults: Vec<InvalidValue> = name_fault("snapshot name", display_name).into_iter().collect();
        if kinds.is_empty() {
            faults.push(InvalidValue::new("kinds", "", "must name one kind at least"));
        }
        let body = json!({ "displayName": display_name, "resources": kinds });
        single(call(&self.client, Method::POST, "take a snapshot", &path, &[]).checked(faults).body(&body).typed())
    }

    /// Deletes a job and what it took.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.ReadWrite.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it is not there.
    pub fn delete(&self, id: &str) -> Operation<()> {
        let path = format!("{BASE}/configurationSnapshotJobs/{{}}");
        call(&self.client, Method::DELETE, "delete a snapshot job", &path, &[id]).unit()
    }

    /// What a job took, in the shape of a baseline.
    ///
    /// # Permissions
    ///
    /// `ConfigurationMonitoring.Read.All`
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) when the job has not ended; [`ErrorKind::NotFound`] after seven days.
    pub fn content(&self, job: &SnapshotJob) -> Operation<ConfigurationBaseline> {
        let id = job.resource_location.as_deref().and_then(|link| link.trim_end_matches('/').rsplit('/').next());
        let id = id.map(|id| id.split(['\'', '(', ')']).find(|part| part.contains('-')).unwrap_or(id));
        let id = id.filter(|id| !id.is_empty());
        let path = format!("{BASE}/configurationSnapshots/{{}}");
        let request = call(&self.client, Method::GET, "read a snapshot", &path, &[id.unwrap_or("none")]);
        let request = match id {
            Some(_) => request,
            None => request.refused(Error::new(ErrorKind::Input, "the snapshot job has no content yet")),
        };
        single(request.typed())
    }
}

impl Client {
    /// Snapshots of the tenant's configuration.
    #[must_use]
    pub fn configuration_snapshots(&self) -> ConfigurationSnapshots {
        ConfigurationSnapshots { client: self.clone() }
    }
}

open_enum! {
    /// How far a snapshot job is.
    pub enum SnapshotStatus {
        /// It waits.
        NotStarted = "notStarted",
        /// It runs.
        Running = "running",
        /// Everything was taken.
        Succeeded = "succeeded",
        /// Nothing was taken.
        Failed = "failed",
        /// A part was taken.
        PartiallySuccessful = "partiallySuccessful",
    }
}

/// A snapshot job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SnapshotJob {
    /// The id.
    pub id: String,
    /// The name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// How far it is.
    #[serde(default)]
    pub status: Option<SnapshotStatus>,
    /// The kinds.
    #[serde(default)]
    pub resources: Option<Vec<String>>,
    /// When it was made.
    #[serde(default)]
    pub created_date_time: Option<Timestamp>,
    /// When it ended. The service sends the year 1 until then, which is `None` here.
    #[serde(default, deserialize_with = "not_yet")]
    pub completed_date_time: Option<Timestamp>,
    /// Where its content is, once it has ended.
    #[serde(default)]
    pub resource_location: Option<String>,
    /// What could not be taken.
    #[serde(default, deserialize_with = "texts")]
    pub error_details: Vec<String>,
}

fn not_yet<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty() && !text.starts_with("0001-")).map(|text| Timestamp::from(&*text)))
}

/// Texts, or objects with one: the pages disagree.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let details = Option::<Vec<Value>>::deserialize(deserializer)?.unwrap_or_default();
    let text = |detail: Value| match &detail {
        Value::String(text) => text.clone(),
        other => other["errorMessage"].as_str().map_or_else(|| other.to_string(), str::to_owned),
    };
    Ok(details.into_iter().map(text).collect())
}
