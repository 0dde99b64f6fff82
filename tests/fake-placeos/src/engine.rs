//! The REST API: systems, modules, settings, zones and drivers.

use serde_json::{Map, Value, json};

use crate::keys::Level;
use crate::request::{Request, Response};
use crate::routes::Name;
use crate::schema::{AUTH_SOURCE, AUTHORITY, MODULE, SETTINGS, SYSTEM, Schema, ZONE};
use crate::state::{Object, State, lower, text, texts};

/// The most objects of a page.
const LARGEST_PAGE: usize = 10_000;

pub(crate) fn handle(state: &mut State, name: Name, ids: &[String], request: &Request, level: Level) -> Response {
    let id = ids.first().map_or("", String::as_str);
    let body: Value = match serde_json::from_slice(&request.body) {
        Ok(body) => body,
        Err(_) if request.body.is_empty() => Value::Null,
        Err(_) => return Response::error(400, "invalid JSON"),
    };
    match name {
        Name::ListSystems => list(request, &state.systems, |system| is_wanted_system(request, system)),
        Name::SystemsWithEmails => with_emails(state, request),
        Name::GetSystem => get_system(state, id),
        Name::CreateSystem => create_system(state, &body),
        Name::UpdateSystem => update_system(state, id, request, &body),
        Name::AddModule => add_module(state, id, ids.get(1).map_or("", String::as_str)),
        Name::ListModules => list(request, &state.modules, |module| is_wanted_module(request, module)),
        Name::GetModule => found(State::find(&state.modules, id)),
        Name::CreateModule => create_module(state, &body),
        Name::UpdateModule => update_module(state, id, &body),
        Name::StartModule => run(state, id, true),
        Name::StopModule => run(state, id, false),
        Name::ListZones => list(request, &state.zones, |zone| is_wanted_zone(request, zone)),
        Name::GetZone => found(State::find(&state.zones, id)),
        Name::CreateZone => create_zone(state, &body),
        Name::ListDrivers => list(request, &state.drivers, |_| true),
        Name::ListSettings => {
            let of_parent: Vec<Object> = state.settings.iter().map(|it| shown(it, level)).collect();
            list(request, &of_parent, |it| {
                request.parameter("parent_id").is_none_or(|parents| is_among(parents, text(it, "parent_id")))
            })
        }
        Name::GetSettings => match State::find(&state.settings, id) {
            Some(settings) => Response::json(200, &Value::Object(shown(settings, level))),
            None => not_found(),
        },
        Name::CreateSettings => create_settings(state, &body, level),
        Name::UpdateSettings => update_settings(state, id, &body, level),
        Name::DeleteSettings => delete_settings(state, id),
        Name::SettingsHistory => {
            let earlier: Vec<Object> =
                state.history.iter().filter(|(of, _)| of == id).map(|(_, it)| shown(it, level)).collect();
            list(request, &earlier, |_| true)
        }
        Name::ListDomains => list(request, &state.authorities, |_| true),
        Name::UpdateDomain => update_domain(state, id, &body),
        Name::ListAuthSources => list(request, &state.auth_sources, |source| {
            request.parameter("authority_id").is_none_or(|wanted| wanted == text(source, "authority_id"))
        }),
        Name::GetAuthSource => found(State::find(&state.auth_sources, id)),
        Name::CreateAuthSource => create_auth_source(state, &body),
        Name::UpdateAuthSource => update_auth_source(state, id, &body),
        Name::ListTenants | Name::CreateTenant | Name::UpdateTenant => not_found(),
    }
}

fn not_found() -> Response {
    Response::error(404, "not found")
}

fn found(object: Option<&Object>) -> Response {
    object.map_or_else(not_found, |object| Response::json(200, &Value::Object(object.clone())))
}

fn missing_parameter(name: &str) -> Response {
    // GUESS: 400 for a parameter that is missing; the shape is the published `ParameterError`.
    Response::json(
        400,
        &json!({ "error": format!("missing parameter {name}"), "parameter": name, "restriction": null }),
    )
}

/// What the models refuse.
fn invalid(field: &str, reason: &str) -> Response {
    Response::json(422, &json!({ "error": format!("{field} {reason}"), "parameter": field, "restriction": reason }))
}

fn read(state: &mut State, schema: &Schema, body: &Value) -> Result<Object, Response> {
    match schema.read(body) {
        Ok((fields, ignored)) => {
            state.ignored.extend(ignored);
            Ok(fields)
        }
        Err(field) => Err(Response::json(
            400,
            &json!({ "error": format!("invalid value of {field}"), "parameter": field, "restriction": null }),
        )),
    }
}

fn is_among(list: &str, value: &str) -> bool {
    list.split(',').any(|it| it == value)
}

/// A page of a list, with the headers that lead on.
fn list(request: &Request, objects: &[Object], is_wanted: impl Fn(&Object) -> bool) -> Response {
    let number = |name: &str, default: usize| match request.parameter(name).map(str::parse::<usize>) {
        None => Ok(default),
        Some(Ok(number)) => Ok(number),
        Some(Err(_)) => Err(missing_parameter(name)),
    };
    let (limit, offset) = match (number("limit", 100), number("offset", 0)) {
        (Ok(limit), Ok(offset)) => (limit.min(LARGEST_PAGE), offset),
        (Err(refused), _) | (_, Err(refused)) => return refused,
    };
    let wanted: Vec<&Object> = objects.iter().filter(|it| is_wanted(it)).collect();
    let page: Vec<&&Object> = wanted.iter().skip(offset).take(limit).collect();
    let end = offset + page.len();
    let kind = request.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let mut response = Response::json(200, &json!(page))
        .with_header("X-Total-Count", wanted.len().to_string())
        .with_header("Content-Range", format!("{kind} {offset}-{}/{}", end.saturating_sub(1), wanted.len()));
    if end < wanted.len() {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in request.query.iter().filter(|(name, _)| name != "offset") {
            query.append_pair(name, value);
        }
        query.append_pair("offset", &end.to_string());
        response = response.with_header("Link", format!("<{}?{}>; rel=\"next\"", request.path, query.finish()));
    }
    response
}

fn is_wanted_system(request: &Request, system: &Object) -> bool {
    let zones = texts(system, "zones");
    let modules = texts(system, "modules");
    request.parameter("zone_id").is_none_or(|wanted| wanted.split(',').all(|zone| zones.iter().any(|it| it == zone)))
        && request.parameter("module_id").is_none_or(|wanted| modules.iter().any(|it| it == wanted))
        && request
            .parameter("email")
            .is_none_or(|wanted| wanted.split(',').any(|email| email.eq_ignore_ascii_case(text(system, "email"))))
        && request
            .parameter("bookable")
            .is_none_or(|wanted| system.get("bookable").and_then(Value::as_bool) == Some(wanted == "true"))
        && request.parameter("q").is_none_or(|wanted| text(system, "name").contains(wanted))
}

/// The input is lower-cased, and compared exactly.
fn with_emails(state: &State, request: &Request) -> Response {
    let Some(emails) = request.parameter("in") else { return missing_parameter("in") };
    let emails = emails.to_lowercase();
    let found: Vec<&Object> = state
        .systems
        .iter()
        .filter(|it| !text(it, "email").is_empty() && is_among(&emails, text(it, "email")))
        .collect();
    Response::json(200, &json!(found))
}

/// By id, or by address.
fn get_system(state: &State, id: &str) -> Response {
    let by_email = || state.systems.iter().find(|it| id.contains('@') && text(it, "email") == id.to_lowercase());
    found(State::find(&state.systems, id).or_else(by_email))
}

fn refused_system(state: &State, system: &Object) -> Option<Response> {
    let name = text(system, "name");
    if name.is_empty() {
        return Some(invalid("name", "can't be blank"));
    }
    if state.systems.iter().any(|it| it.get("id") != system.get("id") && text(it, "name") == name) {
        return Some(invalid("name", "should be unique"));
    }
    // GUESS: zones and modules that are not there are refused; wrong if the service keeps what it is given.
    if texts(system, "zones").iter().any(|zone| State::find(&state.zones, zone).is_none()) {
        return Some(invalid("zones", "has an unknown zone"));
    }
    if texts(system, "modules").iter().any(|module| State::find(&state.modules, module).is_none()) {
        return Some(invalid("modules", "has an unknown module"));
    }
    let email = text(system, "email");
    (!email.is_empty() && !email.contains('@')).then(|| invalid("email", "is invalid"))
}

fn create_system(state: &mut State, body: &Value) -> Response {
    let mut system = match read(state, &SYSTEM, body) {
        Ok(system) => system,
        Err(refused) => return refused,
    };
    if let Some(refused) = refused_system(state, &system) {
        return refused;
    }
    if let Some(email) = system.get_mut("email") {
        *email = lower(email);
    }
    let defaults = [
        ("version", json!(0)),
        ("bookable", json!(false)),
        ("capacity", json!(0)),
        ("features", json!([])),
        ("zones", json!([])),
        ("modules", json!([])),
    ];
    for (name, value) in defaults {
        system.entry(name).or_insert(value);
    }
    let system = state.stamp("sys", system);
    state.systems.push(system.clone());
    Response::json(201, &Value::Object(system))
}

fn update_system(state: &mut State, id: &str, request: &Request, body: &Value) -> Response {
    let Some(current) = State::find(&state.systems, id).cloned() else { return not_found() };
    let Some(version) = request.parameter("version").and_then(|it| it.parse::<i64>().ok()) else {
        return missing_parameter("version");
    };
    if current.get("version").and_then(Value::as_i64) != Some(version) {
        return Response::error(409, "Attempting to edit an old version");
    }
    let fields = match read(state, &SYSTEM, body) {
        Ok(fields) => fields,
        Err(refused) => return refused,
    };
    let mut changed = current;
    changed.extend(fields.clone());
    if let Some(refused) = refused_system(state, &changed) {
        return refused;
    }
    found(state.change_system(id, fields).as_ref())
}

fn add_module(state: &mut State, system: &str, module: &str) -> Response {
    if State::find(&state.modules, module).is_none() {
        return not_found();
    }
    found(state.attach(system, module).as_ref())
}

fn is_wanted_module(request: &Request, module: &Object) -> bool {
    let is = |name: &str, value: &str| request.parameter(name).is_none_or(|wanted| wanted == value);
    is("control_system_id", text(module, "control_system_id"))
        && is("driver_id", text(module, "driver_id"))
        && request.parameter("no_logic").is_none_or(|wanted| wanted != "true" || text(module, "role") != "logic")
        && request
            .parameter("running")
            .is_none_or(|wanted| module.get("running").and_then(Value::as_bool) == Some(wanted == "true"))
}

fn create_module(state: &mut State, body: &Value) -> Response {
    let mut module = match read(state, &MODULE, body) {
        Ok(module) => module,
        Err(refused) => return refused,
    };
    let Some(driver) = State::find(&state.drivers, text(&module, "driver_id")).cloned() else {
        return invalid("driver_id", "is required");
    };
    let system = text(&module, "control_system_id").to_owned();
    match (text(&driver, "role"), system.is_empty()) {
        ("logic", true) => return invalid("control_system_id", "is required"),
        ("logic", false) if State::find(&state.systems, &system).is_none() => {
            return invalid("control_system_id", "is unknown");
        }
        ("logic", false) => {}
        (_, false) => return invalid("control_system_id", "is of logic modules alone"),
        ("service", true) if !text(&module, "uri").starts_with("http") => return invalid("uri", "is required"),
        _ => {}
    }
    module.insert("role".to_owned(), driver.get("role").cloned().unwrap_or_default());
    module.insert("name".to_owned(), driver.get("module_name").cloned().unwrap_or_default());
    for name in ["running", "connected", "has_runtime_error"] {
        module.insert(name.to_owned(), json!(name == "connected"));
    }
    module.insert("running".to_owned(), state.runs_new_modules.into());
    let module = state.stamp("mod", module);
    let id = text(&module, "id").to_owned();
    state.modules.push(module.clone());
    if !system.is_empty() {
        state.attach(&system, &id);
    }
    Response::json(201, &Value::Object(module))
}

fn update_module(state: &mut State, id: &str, body: &Value) -> Response {
    let fields = match read(state, &MODULE, body) {
        Ok(fields) => fields,
        Err(refused) => return refused,
    };
    let now = state.now();
    let Some(module) = State::find_mut(&mut state.modules, id) else { return not_found() };
    for fixed in ["driver_id", "control_system_id"] {
        if fields.get(fixed).is_some_and(|value| module.get(fixed) != Some(value)) {
            return invalid(fixed, "can't be changed");
        }
    }
    module.extend(fields);
    module.insert("updated_at".to_owned(), now.into());
    Response::json(200, &Value::Object(module.clone()))
}

fn run(state: &mut State, id: &str, running: bool) -> Response {
    let Some(module) = State::find_mut(&mut state.modules, id) else { return not_found() };
    let was = module.insert("running".to_owned(), running.into());
    if running && was != Some(Value::Bool(true)) {
        state.started.push(id.to_owned());
    }
    Response::empty(200)
}

fn is_wanted_zone(request: &Request, zone: &Object) -> bool {
    let tags = texts(zone, "tags");
    request.parameter("parent_id").is_none_or(|wanted| is_among(wanted, text(zone, "parent_id")))
        && request.parameter("tags").is_none_or(|wanted| wanted.split(',').all(|tag| tags.iter().any(|it| it == tag)))
}

fn create_zone(state: &mut State, body: &Value) -> Response {
    let mut zone = match read(state, &ZONE, body) {
        Ok(zone) => zone,
        Err(refused) => return refused,
    };
    if text(&zone, "name").is_empty() {
        return invalid("name", "can't be blank");
    }
    // GUESS: names of zones are unique, as those of systems are.
    if state.zones.iter().any(|it| text(it, "name") == text(&zone, "name")) {
        return invalid("name", "should be unique");
    }
    if !text(&zone, "parent_id").is_empty() && State::find(&state.zones, text(&zone, "parent_id")).is_none() {
        return invalid("parent_id", "is unknown");
    }
    zone.entry("tags").or_insert(json!([]));
    let zone = state.stamp("zone", zone);
    state.zones.push(zone.clone());
    Response::json(201, &Value::Object(zone))
}

/// The level of settings as a number: 0 to 3.
fn level_of(settings: &Object) -> usize {
    let names = ["none", "support", "admin", "never_display"];
    names.iter().position(|name| *name == text(settings, "encryption_level")).unwrap_or_default()
}

/// What a caller sees of settings. Nobody sees what is never displayed.
fn shown(settings: &Object, level: Level) -> Object {
    let mut shown = settings.clone();
    let is_readable = match level_of(settings) {
        0 => true,
        1 => level >= Level::Support,
        2 => level >= Level::Admin,
        _ => false,
    };
    if !is_readable {
        // GUESS: the cipher text stands where the clear one would.
        shown.insert("settings_string".to_owned(), "\u{1b}|cipher text".into());
    }
    shown
}

/// The names on the outermost level of JSON or YAML.
fn keys_of(settings: &str) -> Option<Vec<String>> {
    if let Ok(Value::Object(object)) = serde_json::from_str::<Value>(settings) {
        return Some(object.keys().cloned().collect());
    }
    if settings.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let is_outermost = |line: &&str| !line.starts_with([' ', '#', '-', '\t']) && line.contains(':');
    Some(
        settings
            .lines()
            .filter(is_outermost)
            .filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned()))
            .collect(),
    )
}

fn check_settings(state: &State, settings: &mut Object, level: Level) -> Option<Response> {
    let parent = text(settings, "parent_id").to_owned();
    let (kind, objects) = match parent.split('-').next() {
        Some("sys") => ("control_system", &state.systems),
        Some("mod") => ("module", &state.modules),
        Some("driver") => ("driver", &state.drivers),
        Some("zone") => ("zone", &state.zones),
        _ => return Some(invalid("parent_id", "is required")),
    };
    if State::find(objects, &parent).is_none() {
        return Some(invalid("parent_id", "is unknown"));
    }
    settings.insert("parent_type".to_owned(), kind.into());
    if level_of(settings) > 0 && level < Level::Admin {
        return Some(Response::empty(403));
    }
    let Some(keys) = keys_of(text(settings, "settings_string")) else {
        return Some(invalid("settings_string", "must be an object"));
    };
    settings.insert("keys".to_owned(), json!(keys));
    None
}

fn create_settings(state: &mut State, body: &Value, level: Level) -> Response {
    let mut settings = match read(state, &SETTINGS, body) {
        Ok(settings) => settings,
        Err(refused) => return refused,
    };
    settings.entry("encryption_level").or_insert(json!("none"));
    if let Some(refused) = check_settings(state, &mut settings, level) {
        return refused;
    }
    let settings = state.stamp("sets", settings);
    state.settings.push(settings.clone());
    Response::json(201, &Value::Object(shown(&settings, level)))
}

fn update_settings(state: &mut State, id: &str, body: &Value, level: Level) -> Response {
    let Some(mut settings) = State::find(&state.settings, id).cloned() else { return not_found() };
    let earlier = settings.clone();
    let fields = match read(state, &SETTINGS, body) {
        Ok(fields) => fields,
        Err(refused) => return refused,
    };
    settings.extend(fields);
    if let Some(refused) = check_settings(state, &mut settings, level) {
        return refused;
    }
    settings.insert("updated_at".to_owned(), state.now().into());
    let mut earlier: Map<String, Value> = earlier;
    earlier.insert("settings_id".to_owned(), id.into());
    state.history.push((id.to_owned(), earlier));
    if let Some(current) = State::find_mut(&mut state.settings, id) {
        current.clone_from(&settings);
    }
    Response::json(200, &Value::Object(shown(&settings, level)))
}

/// Deleting settings deletes their earlier versions.
fn delete_settings(state: &mut State, id: &str) -> Response {
    if State::find(&state.settings, id).is_none() {
        return not_found();
    }
    state.settings.retain(|it| text(it, "id") != id);
    state.history.retain(|(of, _)| of != id);
    Response::empty(202)
}

fn update_domain(state: &mut State, id: &str, body: &Value) -> Response {
    let fields = match read(state, &AUTHORITY, body) {
        Ok(fields) => fields,
        Err(refused) => return refused,
    };
    let now = state.now();
    let Some(domain) = State::find_mut(&mut state.authorities, id) else { return not_found() };
    domain.extend(fields);
    domain.insert("updated_at".to_owned(), now.into());
    Response::json(200, &Value::Object(domain.clone()))
}

fn refused_auth_source(state: &State, source: &Object) -> Option<Response> {
    if text(source, "name").is_empty() {
        return Some(invalid("name", "can't be blank"));
    }
    let is_known = State::find(&state.authorities, text(source, "authority_id")).is_some();
    (!is_known).then(|| invalid("authority_id", "is unknown"))
}

fn create_auth_source(state: &mut State, body: &Value) -> Response {
    let source = match read(state, &AUTH_SOURCE, body) {
        Ok(source) => source,
        Err(refused) => return refused,
    };
    if let Some(refused) = refused_auth_source(state, &source) {
        return refused;
    }
    let source = state.stamp("oauth_strat", source);
    state.auth_sources.push(source.clone());
    Response::json(201, &Value::Object(source))
}

fn update_auth_source(state: &mut State, id: &str, body: &Value) -> Response {
    let Some(mut source) = State::find(&state.auth_sources, id).cloned() else { return not_found() };
    let fields = match read(state, &AUTH_SOURCE, body) {
        Ok(fields) => fields,
        Err(refused) => return refused,
    };
    source.extend(fields);
    if let Some(refused) = refused_auth_source(state, &source) {
        return refused;
    }
    source.insert("updated_at".to_owned(), state.now().into());
    if let Some(current) = State::find_mut(&mut state.auth_sources, id) {
        current.clone_from(&source);
    }
    Response::json(200, &Value::Object(source))
}
