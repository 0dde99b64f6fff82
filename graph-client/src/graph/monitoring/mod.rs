//! Tenant Configuration Management: Microsoft compares what a tenant should be with what it is, every six hours.
//!
//! A [`ConfigurationMonitor`] keeps a [`ConfigurationBaseline`]: named objects with the properties that they should have.
//! Each run has a [`MonitoringResult`], and what differs is a [`ConfigurationDrift`]. A snapshot takes the configuration of
//! whole kinds. It is generally available in `v1.0` since April 2026, in the global cloud, with Entra ID P1 or P2.
//!
//! Runs are at 00:00, 06:00, 12:00 and 18:00 GMT and cannot be started. A tenant has 30 monitors and about 200 watched
//! objects at once.

mod drifts;
mod monitors;
mod results;
mod snapshots;

pub use self::drifts::{ConfigurationDrift, ConfigurationDrifts, DriftStatus, DriftedProperty};
pub use self::monitors::{
    BaselineParameter, BaselineResource, ConfigurationBaseline, ConfigurationMonitor, ConfigurationMonitors,
    MonitorStatus, MonitorUpdate, MonitoringIdentity, MonitoringIdentitySet, NewMonitor, RefusedKind,
};
pub use self::results::{MonitoringError, MonitoringResult, MonitoringResults, RunStatus};
pub use self::snapshots::{ConfigurationSnapshots, SnapshotJob, SnapshotStatus};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind};
use crate::ids::InvalidValue;
use crate::operation::Operation;

/// The path of the service.
const BASE: &str = "/v1.0/admin/configurationManagement";

/// An object of names and values, such as the properties of a watched object.
pub type OpenObject = Map<String, Value>;

/// One object. Some documented samples wrap it in `value`, others do not: both are read.
fn single<T: DeserializeOwned + Send + 'static>(operation: Operation<Value>) -> Operation<T> {
    operation.then(|outcome| {
        let mut body = outcome?;
        if let Some(inner) = body.get_mut("value").filter(|inner| inner.is_object()) {
            body = inner.take();
        }
        serde_json::from_value(body).map_err(|error| {
            Error::new(ErrorKind::Decode, "the response is not the object that was asked for").with_source(error)
        })
    })
}

/// The rule for the display names of monitors and snapshots, as tenants refuse others.
fn name_fault(field: &'static str, name: &str) -> Option<InvalidValue> {
    let is_plain = name.chars().all(|character| character.is_ascii_alphanumeric() || character == ' ');
    let length = name.chars().count();
    (!is_plain || !(8..=32).contains(&length))
        .then(|| InvalidValue::new(field, name, "must be 8 to 32 characters long, of letters, digits and spaces"))
}
