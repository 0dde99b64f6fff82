//! What is answered: the methods and paths, with the parameters that are looked at.

/// One of the two services behind a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The REST API, below `/api/engine/v2`.
    Rest,
    /// The Staff API, below `/api/staff/v1`.
    Staff,
}

/// A method of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The service.
    pub service: Service,
    /// The method.
    pub method: &'static str,
    /// The path, with its variables in braces.
    pub path: &'static str,
    /// The parameters of the query that are looked at.
    pub query: &'static [&'static str],
    pub(crate) name: Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    ListSystems,
    CreateSystem,
    SystemsWithEmails,
    GetSystem,
    UpdateSystem,
    AddModule,
    ListModules,
    CreateModule,
    GetModule,
    UpdateModule,
    StartModule,
    StopModule,
    ListSettings,
    CreateSettings,
    GetSettings,
    UpdateSettings,
    DeleteSettings,
    SettingsHistory,
    ListZones,
    CreateZone,
    GetZone,
    ListDrivers,
    ListDomains,
    UpdateDomain,
    ListAuthSources,
    GetAuthSource,
    CreateAuthSource,
    UpdateAuthSource,
    ListTenants,
    CreateTenant,
    UpdateTenant,
}

macro_rules! routes {
    ($($service:ident $method:literal $path:literal [$($parameter:literal),*] => $name:ident;)+) => {
        const ROUTES: &[Route] = &[$(
            Route {
                service: Service::$service,
                method: $method,
                path: $path,
                query: &[$($parameter),*],
                name: Name::$name,
            }
        ),+];
    };
}

routes! {
    Rest "GET" "/api/engine/v2/systems/with_emails" ["in"] => SystemsWithEmails;
    Rest "GET" "/api/engine/v2/systems" ["limit", "offset", "q", "zone_id", "email", "bookable", "module_id"] => ListSystems;
    Rest "POST" "/api/engine/v2/systems" [] => CreateSystem;
    Rest "GET" "/api/engine/v2/systems/{sys_id}" [] => GetSystem;
    Rest "PUT" "/api/engine/v2/systems/{sys_id}" ["version"] => UpdateSystem;
    Rest "PATCH" "/api/engine/v2/systems/{sys_id}" ["version"] => UpdateSystem;
    Rest "PUT" "/api/engine/v2/systems/{sys_id}/module/{module_id}" [] => AddModule;
    Rest "GET" "/api/engine/v2/modules" ["limit", "offset", "control_system_id", "driver_id", "no_logic", "running"] => ListModules;
    Rest "POST" "/api/engine/v2/modules" [] => CreateModule;
    Rest "GET" "/api/engine/v2/modules/{id}" [] => GetModule;
    Rest "PUT" "/api/engine/v2/modules/{id}" [] => UpdateModule;
    Rest "PATCH" "/api/engine/v2/modules/{id}" [] => UpdateModule;
    Rest "POST" "/api/engine/v2/modules/{id}/start" [] => StartModule;
    Rest "POST" "/api/engine/v2/modules/{id}/stop" [] => StopModule;
    Rest "GET" "/api/engine/v2/settings" ["limit", "offset", "parent_id"] => ListSettings;
    Rest "POST" "/api/engine/v2/settings" [] => CreateSettings;
    Rest "GET" "/api/engine/v2/settings/{id}" [] => GetSettings;
    Rest "PUT" "/api/engine/v2/settings/{id}" [] => UpdateSettings;
    Rest "PATCH" "/api/engine/v2/settings/{id}" [] => UpdateSettings;
    Rest "DELETE" "/api/engine/v2/settings/{id}" [] => DeleteSettings;
    Rest "GET" "/api/engine/v2/settings/{id}/history" [] => SettingsHistory;
    Rest "GET" "/api/engine/v2/zones" ["limit", "offset", "parent_id", "tags"] => ListZones;
    Rest "POST" "/api/engine/v2/zones" [] => CreateZone;
    Rest "GET" "/api/engine/v2/zones/{id}" [] => GetZone;
    Rest "GET" "/api/engine/v2/drivers" ["limit", "offset"] => ListDrivers;
    Rest "GET" "/api/engine/v2/domains" ["limit", "offset", "q"] => ListDomains;
    Rest "PUT" "/api/engine/v2/domains/{id}" [] => UpdateDomain;
    Rest "PATCH" "/api/engine/v2/domains/{id}" [] => UpdateDomain;
    Rest "GET" "/api/engine/v2/oauth_auths" ["limit", "offset", "authority_id"] => ListAuthSources;
    Rest "GET" "/api/engine/v2/oauth_auths/{id}" [] => GetAuthSource;
    Rest "POST" "/api/engine/v2/oauth_auths" [] => CreateAuthSource;
    Rest "PUT" "/api/engine/v2/oauth_auths/{id}" [] => UpdateAuthSource;
    Rest "PATCH" "/api/engine/v2/oauth_auths/{id}" [] => UpdateAuthSource;
    Staff "GET" "/api/staff/v1/tenants" [] => ListTenants;
    Staff "POST" "/api/staff/v1/tenants" [] => CreateTenant;
    Staff "PUT" "/api/staff/v1/tenants/{id}" [] => UpdateTenant;
    Staff "PATCH" "/api/staff/v1/tenants/{id}" [] => UpdateTenant;
}

/// Everything that is answered. Anything else is a 501 that says so.
#[must_use]
pub fn routes() -> &'static [Route] {
    ROUTES
}

/// The route of a request and the values of its variables.
pub(crate) fn route(method: &str, path: &str) -> Option<(&'static Route, Vec<String>)> {
    ROUTES.iter().find_map(|route| {
        let variables = variables(route.path, path)?;
        (route.method == method).then_some((route, variables))
    })
}

fn variables(template: &str, path: &str) -> Option<Vec<String>> {
    let (mut expected, mut found) = (template.split('/'), path.trim_end_matches('/').split('/'));
    let mut variables = Vec::new();
    loop {
        match (expected.next(), found.next()) {
            (None, None) => return Some(variables),
            (Some(name), Some(value)) if name.starts_with('{') && !value.is_empty() => {
                let encoded = format!("v={}", value.replace('+', "%2B"));
                let decoded = url::form_urlencoded::parse(encoded.as_bytes()).next()?.1.into_owned();
                variables.push(decoded);
            }
            (Some(name), Some(value)) if name == value => {}
            _ => return None,
        }
    }
}
