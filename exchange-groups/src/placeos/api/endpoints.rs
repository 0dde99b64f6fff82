//! The calls that are made of PlaceOS's APIs: for a firewall, for the scopes of a key, and for a check against what is
//! published. Nothing is sent that is not in this table.

/// One of the two services behind a domain of PlaceOS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaceOsService {
    /// The REST API, below `/api/engine/v2`.
    Rest,
    /// The Staff API, below `/api/staff/v1`.
    Staff,
}

/// A call: its method and path, the parameters of the query that it may have, and the fields that its body may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoint {
    /// The service.
    pub service: PlaceOsService,
    /// The method.
    pub method: &'static str,
    /// The path, with its variables in braces.
    pub path: &'static str,
    /// The parameters of the query.
    pub query: &'static [&'static str],
    /// The fields of the body.
    pub body: &'static [&'static str],
    /// What it is for: *list the systems*.
    pub purpose: &'static str,
}

impl Endpoint {
    /// The scope that a key needs for it.
    #[must_use]
    pub fn scope(&self) -> String {
        let kind = if self.is_read() { "read" } else { "write" };
        match self.service {
            // Staff API takes no other scope.
            PlaceOsService::Staff => format!("public.{kind}"),
            PlaceOsService::Rest => format!("{}.{kind}", self.path.split('/').nth(4).unwrap_or_default()),
        }
    }

    pub(crate) fn is_read(&self) -> bool {
        self.method == "GET"
    }
}

macro_rules! endpoints {
    ($($service:ident $name:ident $method:literal $path:literal [$($parameter:literal),*] {$($field:literal),* $(,)?} $purpose:literal;)+) => {
        $(pub(crate) const $name: &Endpoint = &Endpoint {
            service: PlaceOsService::$service,
            method: $method,
            path: $path,
            query: &[$($parameter),*],
            body: &[$($field),*],
            purpose: $purpose,
        };)+

        /// Every call that is made.
        #[must_use]
        pub fn endpoints() -> &'static [&'static Endpoint] {
            &[$($name),+]
        }
    };
}

endpoints! {
    Rest LIST_ZONES "GET" "/api/engine/v2/zones" ["limit", "offset"] {} "list the zones";
    Rest GET_ZONE "GET" "/api/engine/v2/zones/{id}" [] {} "read a zone";
    Rest CREATE_ZONE "POST" "/api/engine/v2/zones" []
        {"name", "display_name", "code", "tags", "parent_id", "update_systems"} "create a zone";
    Rest LIST_DRIVERS "GET" "/api/engine/v2/drivers" ["limit", "offset"] {} "list the drivers";
    Rest LIST_SYSTEMS "GET" "/api/engine/v2/systems" ["limit", "offset"] {} "list the systems";
    Rest SYSTEMS_WITH_EMAILS "GET" "/api/engine/v2/systems/with_emails" ["in"] {} "look a system up by its address";
    Rest GET_SYSTEM "GET" "/api/engine/v2/systems/{sys_id}" [] {} "read a system";
    Rest CREATE_SYSTEM "POST" "/api/engine/v2/systems" []
        {"name", "display_name", "email", "capacity", "bookable", "features", "code", "zones", "update_triggers"}
        "create a system";
    Rest UPDATE_SYSTEM "PATCH" "/api/engine/v2/systems/{sys_id}" ["version"]
        {"email", "capacity", "zones", "update_triggers"} "change a system";
    Rest ADD_MODULE "PUT" "/api/engine/v2/systems/{sys_id}/module/{module_id}" [] {} "put a module into a system";
    Rest LIST_MODULES "GET" "/api/engine/v2/modules" ["limit", "offset", "control_system_id", "driver_id"] {} "list the modules";
    Rest GET_MODULE "GET" "/api/engine/v2/modules/{id}" [] {} "read a module";
    Rest CREATE_MODULE "POST" "/api/engine/v2/modules" [] {"driver_id", "control_system_id", "uri"} "create a module";
    Rest UPDATE_MODULE "PATCH" "/api/engine/v2/modules/{id}" [] {"notes"} "change the notes of a module";
    Rest START_MODULE "POST" "/api/engine/v2/modules/{id}/start" [] {} "start a module";
    Rest STOP_MODULE "POST" "/api/engine/v2/modules/{id}/stop" [] {} "stop a module";
    Rest LIST_SETTINGS "GET" "/api/engine/v2/settings" ["limit", "offset", "parent_id"] {} "list settings";
    Rest CREATE_SETTINGS "POST" "/api/engine/v2/settings" [] {"parent_id", "encryption_level", "settings_string"}
        "write settings";
    Rest UPDATE_SETTINGS "PATCH" "/api/engine/v2/settings/{id}" [] {"parent_id", "encryption_level", "settings_string"}
        "replace settings";
    Rest LIST_DOMAINS "GET" "/api/engine/v2/domains" ["limit", "offset"] {} "list the domains";
    Rest UPDATE_DOMAIN "PATCH" "/api/engine/v2/domains/{id}" [] {"login_url", "logout_url"}
        "change the sign-in of a domain";
    Rest LIST_AUTH_SOURCES "GET" "/api/engine/v2/oauth_auths" ["limit", "offset", "authority_id"] {}
        "list the authentication sources";
    Rest CREATE_AUTH_SOURCE "POST" "/api/engine/v2/oauth_auths" []
        {"name", "authority_id", "client_id", "client_secret", "site", "scope", "token_method", "auth_scheme",
         "token_url", "authorize_url", "raw_info_url", "info_mappings"}
        "create an authentication source";
    Rest UPDATE_AUTH_SOURCE "PATCH" "/api/engine/v2/oauth_auths/{id}" []
        {"name", "authority_id", "client_id", "client_secret", "site", "scope", "token_method", "auth_scheme",
         "token_url", "authorize_url", "raw_info_url", "info_mappings"}
        "change an authentication source";
    Staff LIST_TENANTS "GET" "/api/staff/v1/tenants" [] {} "list the tenants of Staff API";
    Staff CREATE_TENANT "POST" "/api/staff/v1/tenants" []
        {"name", "domain", "email_domain", "platform", "delegated", "service_account", "credentials"}
        "create a tenant of Staff API";
    Staff UPDATE_TENANT "PATCH" "/api/staff/v1/tenants/{id}" []
        {"name", "domain", "email_domain", "platform", "delegated", "service_account", "credentials"}
        "change a tenant of Staff API";
}
