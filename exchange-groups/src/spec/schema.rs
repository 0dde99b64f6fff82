//! The JSON Schema of a spec file, for editors. It says what can be said of one field at a time; the builder says the rest.

use serde_json::Value;

use super::builder::RestrictedCalendarGroupBuilder;

/// What every address looks like. Which characters it may hold is for the builder to say.
pub(super) const ADDRESS: &str = r"^[^@\s]+@[^@\s]+\.[^@\s]+$";

/// A GUID as Microsoft shows it. Spaces around it are trimmed.
pub(super) const GUID: &str = r"^\s*[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\s*$";

impl RestrictedCalendarGroupBuilder {
    /// The JSON Schema (draft 2020-12) of a spec file, for editors and other tools.
    ///
    /// A file that is written in an editor names it in its first line; see the README. Whatever the builder accepts is
    /// valid; rules about several fields at once, such as an address that stands in two lists, are in no schema.
    #[must_use]
    pub fn json_schema() -> Value {
        schemars::schema_for!(Self).to_value()
    }
}
