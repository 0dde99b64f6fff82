//! The objects of the API, in its field names. What is not named here is kept in `other`.

use std::collections::BTreeMap;

use graph_client::serde_json::{Map, Value};
use serde::{Deserialize, Deserializer, Serialize};
use serde_with::skip_serializing_none;

use crate::names::named;

macro_rules! model {
    (
        $(#[$meta:meta])*
        pub struct $name:ident = $schema:literal {
            $($(#[$doc:meta])* $field:ident: $ty:ty $(= $with:literal)?,)+
        }
    ) => {
        $(#[$meta])*
        #[skip_serializing_none]
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$doc])* #[serde(default $(, deserialize_with = $with)?)] pub $field: $ty,)+
            /// The other fields, as they came.
            #[serde(flatten)]
            pub other: Map<String, Value>,
        }

        impl $name {
            /// The name of the type in what PlaceOS publishes.
            pub const SCHEMA: &'static str = $schema;
            /// The fields that are read by name.
            pub const FIELDS: &'static [&'static str] = &[$(stringify!($field)),+];
        }
    };
}

model! {
    /// A zone: an organisation, a region, a building or a level, by its tags.
    pub struct PlaceOsZone = "PlaceOS__Model__Zone" {
        /// The id, `zone-…`.
        id: String = "null_is_empty",
        /// The name, which no other zone has.
        name: Option<String>,
        /// The name that people see.
        display_name: Option<String>,
        /// The code.
        code: Option<String>,
        /// `org`, `region`, `building`, `level` and others.
        tags: Vec<String> = "null_is_empty",
        /// The zone that it is in.
        parent_id: Option<String>,
    }
}

model! {
    /// A system: a room with its modules.
    pub struct System = "PlaceOS__Model__ControlSystem" {
        /// The id, `sys-…`.
        id: String = "null_is_empty",
        /// The name, which no other system has.
        name: Option<String>,
        /// The name that people see.
        display_name: Option<String>,
        /// The address of the room's mailbox.
        email: Option<String>,
        /// Whether people may book it.
        bookable: Option<bool>,
        /// How many people fit in.
        capacity: Option<i64>,
        /// What is in the room.
        features: Vec<String> = "null_is_empty",
        /// A short code, such as the room's number.
        code: Option<String>,
        /// The zones that it is in. Their order is that of their settings.
        zones: Vec<String> = "null_is_empty",
        /// Its modules.
        modules: Vec<String> = "null_is_empty",
        /// The version, which counts the changes. An update names the version that it is of.
        version: Option<i64>,
    }
}

model! {
    /// A module: an instance of a driver.
    pub struct PlaceOsModule = "PlaceOS__Model__Module" {
        /// The id, `mod-…`.
        id: String = "null_is_empty",
        /// The driver.
        driver_id: Option<String>,
        /// The system that a logic module belongs to.
        control_system_id: Option<String>,
        /// The name of its class, such as `Bookings`.
        name: Option<String>,
        /// The kind of driver: `service`, `logic` and others.
        role: Option<String> = "role",
        /// The address that a service module talks to.
        uri: Option<String>,
        /// Whether it runs.
        running: Option<bool>,
        /// Whether it is connected, by its own account.
        connected: Option<bool>,
        /// Notes for administrators.
        notes: Option<String>,
    }
}

model! {
    /// A driver.
    pub struct PlaceOsDriver = "PlaceOS__Model__Driver" {
        /// The id, `driver-…`.
        id: String = "null_is_empty",
        /// The name.
        name: Option<String>,
        /// The name of its class, such as `Calendar`.
        module_name: Option<String>,
        /// The kind of driver: `service`, `logic` and others.
        role: Option<String> = "role",
        /// The file in its repository.
        file_name: Option<String>,
    }
}

model! {
    /// A record of settings, without the settings themselves: they may hold secrets.
    pub struct SettingsRecord = "PlaceOS__Model__Settings" {
        /// The id.
        id: String = "null_is_empty",
        /// The module, driver, system or zone that they are of.
        parent_id: Option<String>,
        /// Who may see them.
        encryption_level: Option<EncryptionLevel> = "encryption_level",
        /// The names on their outermost level.
        keys: Vec<String> = "null_is_empty",
    }
}

model! {
    /// A tenant of Staff API, without its credentials, which the API never gives.
    pub struct StaffTenant = "PlaceOS__Model__Tenant__Responder" {
        /// The id.
        id: Option<i64>,
        /// The name.
        name: Option<String>,
        /// The domain of PlaceOS.
        domain: Option<String>,
        /// The domain of the addresses that it is for. `None` for all.
        email_domain: Option<String>,
        /// `office365` or `google`.
        platform: Option<String>,
        /// Whether Staff API acts as the person who is signed in. Otherwise it acts as the application, for everybody.
        delegated: Option<bool>,
        /// The mailbox that it acts as where no person is named.
        service_account: Option<String>,
    }
}

model! {
    /// A domain that PlaceOS answers on; its API calls it an authority.
    pub struct PlaceOsDomain = "PlaceOS__Model__Authority" {
        /// The id, `authority-…`.
        id: String = "null_is_empty",
        /// The name.
        name: Option<String>,
        /// The domain.
        domain: Option<String>,
        /// Where people are sent to sign in.
        login_url: Option<String>,
        /// Where people are sent to sign out.
        logout_url: Option<String>,
    }
}

model! {
    /// An authentication source: how the people of a domain sign in. Without its secret.
    pub struct AuthSource = "PlaceOS__Model__OAuthAuthentication" {
        /// The id, `oauth_strat-…`.
        id: String = "null_is_empty",
        /// The name.
        name: Option<String>,
        /// The domain that it is of.
        authority_id: Option<String>,
        /// The application (client) id.
        client_id: Option<String>,
        /// The origin of the sign-in service.
        site: Option<String>,
        /// What is asked for.
        scope: Option<String>,
        /// The method of the request for a token.
        token_method: Option<String>,
        /// Where the request for a token has the credentials.
        auth_scheme: Option<String>,
        /// Where tokens are asked for.
        token_url: Option<String>,
        /// Where people sign in.
        authorize_url: Option<String>,
        /// Where the profile of a person is read.
        raw_info_url: Option<String>,
        /// Which property of the profile is which one of PlaceOS.
        info_mappings: BTreeMap<String, String> = "null_is_empty",
    }
}

named! {
    /// Who may see settings.
    #[non_exhaustive]
    pub enum EncryptionLevel as "encryption level" {
        /// Everybody. They are kept in the clear.
        None = "none",
        /// Support and administrators.
        Support = "support",
        /// Administrators.
        Admin = "admin",
        /// Nobody: they are never displayed again.
        NeverDisplay = "never_display",
    }
}

impl System {
    /// Whether it has the address of a room, in any case of letters.
    pub(crate) fn address(&self) -> Option<&str> {
        self.email.as_deref().map(str::trim).filter(|email| !email.is_empty())
    }
}

impl PlaceOsModule {
    /// Whether it runs. `None` where the API does not say.
    #[must_use]
    pub fn is_running(&self) -> Option<bool> {
        self.running
    }
}

fn null_is_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A name, or the number that stands for it elsewhere in PlaceOS.
fn role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(name) => Some(name),
        Value::Number(number) => Some(
            match number.as_i64() {
                Some(0) => "ssh",
                Some(1) => "device",
                Some(2) => "service",
                Some(3) => "websocket",
                Some(99) => "logic",
                _ => return Ok(Some(number.to_string())),
            }
            .to_owned(),
        ),
        _ => None,
    })
}

/// A name, or the number that stands for it. Another one is not known, and so no level that can be relied on.
fn encryption_level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<EncryptionLevel>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(name) => name.parse().ok(),
        Value::Number(number) => {
            number.as_u64().and_then(|at| EncryptionLevel::ALL.get(usize::try_from(at).ok()?).copied())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_numbers_stand_for_the_same() {
        for (role, name) in [(json!("service"), "service"), (json!(2), "service"), (json!(99), "logic")] {
            let driver: PlaceOsDriver = serde_json::from_value(json!({ "id": "driver-1", "role": role })).unwrap();
            assert_eq!(driver.role.as_deref(), Some(name));
        }
        for (level, expected) in [
            (json!("never_display"), Some(EncryptionLevel::NeverDisplay)),
            (json!(2), Some(EncryptionLevel::Admin)),
            (json!("new"), None),
        ] {
            let record: SettingsRecord = serde_json::from_value(json!({ "encryption_level": level })).unwrap();
            assert_eq!(record.encryption_level, expected);
        }
    }

    #[test]
    fn what_is_not_named_is_kept() {
        let body = json!({ "id": "sys-1", "zones": null, "map_id": "map", "signage": true });
        let system: System = serde_json::from_value(body).unwrap();
        let back = serde_json::to_value(&system).unwrap();
        assert_eq!((&back["map_id"], &back["signage"]), (&json!("map"), &json!(true)));
    }
}
