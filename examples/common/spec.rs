//! The spec in a file.

use std::fmt::Display;
use std::path::Path;

use exchange_groups::graph_client::ClientId;
use exchange_groups::{RestrictedCalendarGroup, RestrictedCalendarGroupBuilder};

use super::environment::{BadInput, Environment};

/// What the file says, in YAML or JSON, which is YAML.
pub(crate) fn read(path: &Path) -> Result<RestrictedCalendarGroupBuilder, BadInput> {
    let fault = |text: &dyn Display| BadInput::from(format!("--spec {}: {text}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| fault(&error))?;
    RestrictedCalendarGroupBuilder::check_text(&text).map_err(|error| fault(&error))?;
    // A map of serde_json would keep the last of two fields of one name; one of YAML refuses them.
    let value: yaml_serde::Value = yaml_serde::from_str(&text).map_err(|error| fault(&error))?;
    if value.is_null() {
        return Err(fault(&"is empty"));
    }
    if !value.is_mapping() {
        return Err(fault(&"must be JSON or YAML with the fields of a spec, such as \"name: Rooms\""));
    }
    let value = serde_json::to_value(value).map_err(|error| fault(&error))?;
    Ok(RestrictedCalendarGroup::from_value(value).map_err(|error| fault(&error))?.into())
}

/// The spec, if it restricts another application than the one that administers.
pub(crate) fn build(
    spec: RestrictedCalendarGroupBuilder,
    environment: &Environment,
) -> Result<RestrictedCalendarGroup, BadInput> {
    let spec = spec.build().map_err(|error| BadInput::from(error.to_string()))?;
    let administrator = environment.get("CLIENT_ID").and_then(|text| text.parse::<ClientId>().ok());
    if administrator == Some(spec.application()) {
        let fault = "CLIENT_ID is the application that is to be restricted; use another one to administer";
        return Err(BadInput::from(fault.to_owned()));
    }
    Ok(spec)
}
