//! The fields that are kept and answered, with their types.

use serde_json::{Map, Value};

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldType {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A list of texts.
    Texts,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Texts by name.
    TextMap,
    /// Any JSON.
    Any,
}

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// The name.
    pub name: &'static str,
    /// The type.
    pub kind: FieldType,
    /// Whether requests set it. What the service computes is answered alone.
    pub is_written: bool,
}

/// The fields of a kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schema {
    /// The published name of the type.
    pub name: &'static str,
    /// The fields.
    pub fields: &'static [Field],
}

const LEVELS: FieldType = FieldType::OneOf(&["none", "support", "admin", "never_display"]);
const ROLES: FieldType = FieldType::OneOf(&["ssh", "device", "service", "websocket", "logic"]);
const PARENTS: FieldType = FieldType::OneOf(&["control_system", "driver", "module", "zone"]);

macro_rules! schema {
    ($const:ident $name:literal: $($field:ident $kind:expr, $written:literal;)+) => {
        pub(crate) const $const: Schema = Schema {
            name: $name,
            fields: &[$(Field { name: stringify!($field), kind: $kind, is_written: $written }),+],
        };
    };
}

use FieldType::{Any, Boolean, Integer, Text, TextMap, Texts};

schema! { SYSTEM "PlaceOS__Model__ControlSystem":
    id Text, false; created_at Integer, false; updated_at Integer, false; version Integer, false;
    name Text, true; description Text, true; features Texts, true; email Text, true; bookable Boolean, true;
    public Boolean, true; display_name Text, true; code Text, true; type Text, true; capacity Integer, true;
    map_id Text, true; approval Boolean, true; images Texts, true; security_groups Texts, true; timezone Any, true;
    support_url Text, true; room_booking_url Text, true; installed_ui_devices Integer, true; zones Texts, true;
    modules Texts, true; update_triggers Boolean, true;
}
schema! { MODULE "PlaceOS__Model__Module":
    id Text, false; created_at Integer, false; updated_at Integer, false; name Text, false; role ROLES, false;
    running Boolean, false; connected Boolean, false; has_runtime_error Boolean, false;
    uri Text, true; custom_name Text, true; notes Text, true; ignore_connected Boolean, true;
    control_system_id Text, true; driver_id Text, true;
}
schema! { SETTINGS "PlaceOS__Model__Settings":
    id Text, false; created_at Integer, false; updated_at Integer, false; keys Texts, false; parent_type PARENTS, false;
    settings_id Text, false; encryption_level LEVELS, true; settings_string Text, true; parent_id Text, true;
}
schema! { ZONE "PlaceOS__Model__Zone":
    id Text, false; created_at Integer, false; updated_at Integer, false;
    name Text, true; description Text, true; tags Texts, true; location Text, true; display_name Text, true;
    code Text, true; capacity Integer, true; map_id Text, true; timezone Any, true; parent_id Text, true;
    update_systems Boolean, true;
}
schema! { DRIVER "PlaceOS__Model__Driver":
    id Text, false; name Text, false; description Text, false; file_name Text, false; module_name Text, false;
    role ROLES, false; commit Text, false; default_uri Text, false; repository_id Text, false;
}
schema! { TENANT "PlaceOS__Model__Tenant__Responder":
    id Integer, false; name Text, true; domain Text, true; email_domain Text, true; platform Text, true;
    delegated Boolean, true; service_account Text, true; credentials Any, true; booking_limits Any, true;
    outlook_config Any, true; early_checkin Integer, true;
}

schema! { AUTHORITY "PlaceOS__Model__Authority":
    id Text, false; created_at Integer, false; updated_at Integer, false; name Text, true; description Text, true;
    domain Text, true; login_url Text, true; logout_url Text, true; email_domains Texts, true;
}
schema! { AUTH_SOURCE "PlaceOS__Model__OAuthAuthentication":
    id Text, false; created_at Integer, false; updated_at Integer, false; name Text, true; client_id Text, true;
    client_secret Text, true; info_mappings TextMap, true; authorize_params TextMap, true; site Text, true;
    authorize_url Text, true; token_method Text, true; auth_scheme Text, true; token_url Text, true; scope Text, true;
    raw_info_url Text, true; authority_id Text, true;
}

/// The kinds of objects with their fields.
#[must_use]
pub fn schemas() -> &'static [Schema] {
    &[SYSTEM, MODULE, SETTINGS, ZONE, DRIVER, TENANT, AUTHORITY, AUTH_SOURCE]
}

impl Schema {
    /// The fields that a body sets, and the names of those that are not looked at; the first field of a wrong type fails.
    pub(crate) fn read(&self, body: &Value) -> Result<(Map<String, Value>, Vec<String>), String> {
        let Some(object) = body.as_object() else { return Err("body".to_owned()) };
        let (mut set, mut ignored) = (Map::new(), Vec::new());
        for (name, value) in object {
            match self.fields.iter().find(|field| field.name == name && field.is_written) {
                None => ignored.push(format!("{}.{name}", self.name)),
                Some(field) if field.kind.takes(value) => _ = set.insert(name.clone(), value.clone()),
                Some(_) => return Err(name.clone()),
            }
        }
        Ok((set, ignored))
    }
}

impl FieldType {
    fn takes(self, value: &Value) -> bool {
        match self {
            _ if value.is_null() => true,
            Self::Text => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
            Self::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            Self::OneOf(texts) => value.as_str().is_some_and(|text| texts.contains(&text)),
            Self::TextMap => value.as_object().is_some_and(|members| members.values().all(Value::is_string)),
            Self::Any => true,
        }
    }
}
