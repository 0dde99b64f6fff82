//! The domain: its state behind a lock, its set-up and what a test looks at.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use crate::engine;
use crate::faults::{Armed, Fault, strike};
use crate::keys::{Key, Level, authorise};
use crate::request::{Interruption, RecordedRequest, Request, Response};
use crate::routes::{Name, Service, route};
use crate::staff;
use crate::state::{Object, State};

/// A PlaceOS domain in memory. Clones are the same domain.
#[derive(Clone)]
pub struct FakePlaceOs {
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for FakePlaceOs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakePlaceOs").field("domain", &self.domain()).finish_non_exhaustive()
    }
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("an object is wanted, not {other}"),
    }
}

impl FakePlaceOs {
    /// An empty domain with one administrator's key.
    #[must_use]
    pub fn empty(domain: &str) -> Self {
        let fake = Self { state: Arc::new(Mutex::new(State { domain: domain.to_owned(), ..State::default() })) };
        fake.new_key(Level::Admin, &["public"]);
        let authority = json!({ "name": domain, "domain": domain, "login_url": "/login?continue={{url}}" });
        fake.add("authority", authority, |state| &mut state.authorities);
        fake
    }

    /// Contoso's domain: an organisation zone and the drivers for calendars and bookings, and no rooms yet.
    #[must_use]
    pub fn contoso() -> Self {
        let fake = Self::empty("contoso.placeos.run");
        fake.add_zone(json!({ "name": "Contoso", "display_name": "Contoso", "tags": ["org"] }));
        fake.add_driver(json!({
            "name": "Microsoft Graph API", "module_name": "Calendar", "role": "service",
            "file_name": "drivers/microsoft/graph_api.cr", "default_uri": "https://graph.microsoft.com",
        }));
        fake.add_driver(json!({
            "name": "PlaceOS Bookings", "module_name": "Bookings", "role": "logic",
            "file_name": "drivers/place/bookings.cr",
        }));
        fake.add_driver(json!({
            "name": "Display", "module_name": "Display", "role": "device", "file_name": "drivers/display.cr",
        }));
        fake
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of the domain.
    #[must_use]
    pub fn domain(&self) -> String {
        self.state().domain.clone()
    }

    /// The key of the administrator, which may do everything.
    #[must_use]
    pub fn admin_key(&self) -> String {
        self.state().keys.first().map(|key| key.text.clone()).unwrap_or_default()
    }

    /// A further key, with the permissions of its user and its scopes.
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect as well")]
    pub fn new_key(&self, level: Level, scopes: &[&str]) -> String {
        let mut state = self.state();
        let number = state.keys.len() + 1;
        let text = format!("key-{number:04}.s3cr3t-of-key-{number:04}-Zq9x");
        state.keys.push(Key { text: text.clone(), level, scopes: scopes.iter().map(|it| (*it).to_owned()).collect() });
        text
    }

    /// Adds a zone and gives its id.
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect as well")]
    pub fn add_zone(&self, zone: Value) -> String {
        self.add("zone", zone, |state| &mut state.zones)
    }

    /// Adds a driver and gives its id.
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect as well")]
    pub fn add_driver(&self, driver: Value) -> String {
        self.add("driver", driver, |state| &mut state.drivers)
    }

    /// Adds a module as it is given and gives its id.
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect as well")]
    pub fn add_module(&self, module: Value) -> String {
        self.add("mod", module, |state| &mut state.modules)
    }

    /// Adds settings as they are given and gives their id.
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect as well")]
    pub fn add_settings(&self, settings: Value) -> String {
        self.add("sets", settings, |state| &mut state.settings)
    }

    /// Adds a system as it is given and gives its id.
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect as well")]
    pub fn add_system(&self, system: Value) -> String {
        let mut system = object(system);
        system.entry("version").or_insert(json!(0));
        for list in ["zones", "modules", "features"] {
            system.entry(list).or_insert(json!([]));
        }
        self.add("sys", Value::Object(system), |state| &mut state.systems)
    }

    /// Adds a tenant of Staff API as it is given and gives its id.
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect as well")]
    pub fn add_tenant(&self, tenant: Value) -> i64 {
        let mut tenant = object(tenant);
        let mut state = self.state();
        let id = i64::try_from(state.tenants.len()).unwrap_or_default() + 1;
        tenant.insert("id".to_owned(), id.into());
        state.tenants.push(tenant);
        id
    }

    fn add(&self, prefix: &str, value: Value, of: impl FnOnce(&mut State) -> &mut Vec<Object>) -> String {
        let mut state = self.state();
        let object = state.stamp(prefix, object(value));
        let id = crate::state::text(&object, "id").to_owned();
        of(&mut state).push(object);
        id
    }

    /// Another administrator changes fields of a system, which counts its version up.
    ///
    /// # Panics
    /// When there is no such system, or the fields are no object.
    pub fn change_system(&self, id: &str, fields: Value) {
        let changed = self.state().change_system(id, object(fields));
        assert!(changed.is_some(), "no system {id}");
    }

    /// Another administrator removes a system.
    pub fn remove_system(&self, id: &str) {
        self.state().systems.retain(|it| crate::state::text(it, "id") != id);
    }

    /// Another administrator changes fields of a module.
    ///
    /// # Panics
    /// When there is no such module, or the fields are no object.
    pub fn change_module(&self, id: &str, fields: Value) {
        let mut state = self.state();
        match State::find_mut(&mut state.modules, id) {
            Some(module) => module.extend(object(fields)),
            None => panic!("no module {id}"),
        }
    }

    /// Sets whether new modules run at once. No source says that they do, and none that they do not.
    pub fn run_new_modules(&self, run: bool) {
        self.state().runs_new_modules = run;
    }

    /// Every system.
    #[must_use]
    pub fn systems(&self) -> Vec<Value> {
        values(&self.state().systems)
    }

    /// Every module.
    #[must_use]
    pub fn modules(&self) -> Vec<Value> {
        values(&self.state().modules)
    }

    /// Every zone.
    #[must_use]
    pub fn zones(&self) -> Vec<Value> {
        values(&self.state().zones)
    }

    /// Every driver.
    #[must_use]
    pub fn drivers(&self) -> Vec<Value> {
        values(&self.state().drivers)
    }

    /// All settings as they were written, secrets included.
    #[must_use]
    pub fn settings(&self) -> Vec<Value> {
        values(&self.state().settings)
    }

    /// The earlier versions of all settings.
    #[must_use]
    pub fn settings_history(&self) -> Vec<Value> {
        self.state().history.iter().map(|(_, it)| Value::Object(it.clone())).collect()
    }

    /// The tenants of Staff API with their credentials.
    #[must_use]
    pub fn tenants(&self) -> Vec<Value> {
        values(&self.state().tenants)
    }

    /// The domains that PlaceOS answers on, which it calls authorities. There is one.
    #[must_use]
    pub fn domains(&self) -> Vec<Value> {
        values(&self.state().authorities)
    }

    /// The authentication sources as they were written, secrets included.
    #[must_use]
    pub fn auth_sources(&self) -> Vec<Value> {
        values(&self.state().auth_sources)
    }

    /// The modules that were started, in order.
    #[must_use]
    pub fn started(&self) -> Vec<String> {
        self.state().started.clone()
    }

    /// Everything that was asked so far.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state().requests.clone()
    }

    /// Forgets what was asked.
    pub fn forget_requests(&self) {
        self.state().requests.clear();
    }

    /// The fields that requests had and that are not looked at. The service ignores them too; a client should not send any.
    #[must_use]
    pub fn ignored_fields(&self) -> Vec<String> {
        self.state().ignored.clone()
    }

    /// The next request of this method (any, where it is empty) whose path has this text meets the fault.
    pub fn fail(&self, method: &str, path: &str, fault: Fault) {
        self.fail_times(method, path, 1, fault);
    }

    /// As [`fail`](Self::fail), so many times.
    pub fn fail_times(&self, method: &str, path: &str, times: usize, fault: Fault) {
        let method = (!method.is_empty()).then(|| method.to_owned());
        self.state().faults.push(Armed { method, path: path.to_owned(), skip: 0, times, fault });
    }

    /// The request after `skip` more of any kind meets the fault.
    pub fn fail_after(&self, skip: usize, fault: Fault) {
        self.state().faults.push(Armed { method: None, path: String::new(), skip, times: 1, fault });
    }

    /// Takes back the faults that hit nothing yet, and says how many there were.
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect as well")]
    pub fn clear_faults(&self) -> usize {
        std::mem::take(&mut self.state().faults).len()
    }

    /// Answers a request.
    #[must_use]
    pub fn handle(&self, request: &Request) -> Response {
        let mut state = self.state();
        let fault = strike(&mut state.faults, request);
        let response = match fault {
            None => answer(&mut state, request),
            Some(Fault::Status { status, body, headers }) => {
                let response = if body.is_null() { Response::empty(status) } else { Response::json(status, &body) };
                headers.iter().fold(response, |response, (name, value)| response.with_header(name, value.clone()))
            }
            Some(Fault::DropBefore) => dropped(),
            Some(Fault::DropAfter) => {
                let _ = answer(&mut state, request);
                dropped()
            }
            Some(Fault::AnswerLost(status)) => {
                let _ = answer(&mut state, request);
                Response::empty(status)
            }
            Some(Fault::Echo(status)) => echo(status, request),
            Some(Fault::SystemChanged { id, fields }) => {
                state.change_system(&id, object(fields));
                answer(&mut state, request)
            }
        };
        state.requests.push(RecordedRequest {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            body: serde_json::from_slice(&request.body).unwrap_or_default(),
            status: response.interruption.is_none().then_some(response.status),
        });
        response
    }
}

fn values(objects: &[Object]) -> Vec<Value> {
    objects.iter().map(|it| Value::Object(it.clone())).collect()
}

fn dropped() -> Response {
    Response { interruption: Some(Interruption::DropConnection), ..Response::empty(0) }
}

/// A peer that repeats what it was sent, in its message and where no message belongs.
fn echo(status: u16, request: &Request) -> Response {
    let headers: Map<String, Value> =
        request.headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let said = format!("you sent {headers:?} {body}");
    Response::json(status, &json!({ "error": said, "backtrace": [body], "headers": headers }))
        .with_header("X-Echo", said.replace(['\r', '\n'], " "))
}

fn answer(state: &mut State, request: &Request) -> Response {
    let Some((route, ids)) = route(&request.method, &request.path) else {
        return Response::not_modelled(&format!("{} {}", request.method, request.path));
    };
    let level = match authorise(state, request, route) {
        Ok(level) => level,
        Err(refused) => return refused,
    };
    let unknown = request.query.iter().find(|(name, _)| !route.query.contains(&&**name));
    if let Some((name, _)) = unknown {
        return Response::not_modelled(&format!("the parameter {name} of {} {}", route.method, route.path));
    }
    match route.service {
        Service::Rest => engine::handle(state, route.name, &ids, request, level),
        Service::Staff => {
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            match route.name {
                Name::CreateTenant => staff::create(state, &body),
                Name::UpdateTenant => staff::update(state, ids.first().map_or("", String::as_str), &body),
                _ => staff::list(state),
            }
        }
    }
}
