//! Every path, parameter and field that is sent, read or faked, against what PlaceOS publishes.
//!
//! The extract is not a part of this repository. `CONFORMANCE_DATA` names the folder that holds `placeos-api.json`; without
//! it this test says so and passes.
#![expect(clippy::print_stdout, reason = "the counts are shown to whoever runs it")]
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::collections::BTreeSet;

use exchange_groups::placeos::{
    AuthSource, BookingsSettings, EncryptionLevel, PlaceOsDomain, PlaceOsDriver, PlaceOsModule, PlaceOsService,
    PlaceOsZone, SettingsRecord, StaffAccess, StaffTenant, System, endpoints,
};
use fake_placeos::{FieldType, RecordedRequest, Service};
use serde_json::{Map, Value, json};

use super::{Domain, ROOMS, World, apply};

/// Fields whose published type is not theirs, each with its reason.
const OTHER_TYPES: &[(&str, &str, &str)] = &[];

/// Required fields that a request leaves out, each with its reason.
const LEFT_OUT: &[(&str, &str, &str)] = &[];

struct Published(Value);

impl Published {
    fn load() -> Option<Self> {
        let folder = std::env::var("CONFORMANCE_DATA").ok()?;
        let path = std::path::Path::new(&folder).join("placeos-api.json");
        let text = std::fs::read_to_string(path).ok()?;
        Some(Self(serde_json::from_str(&text).unwrap()))
    }

    fn service(&self, is_staff: bool) -> &Value {
        &self.0["services"][if is_staff { "staff-api" } else { "rest-api" }]
    }

    fn operation(&self, is_staff: bool, method: &str, path: &str) -> Option<&Value> {
        self.service(is_staff)["paths"].get(path)?.get(method.to_ascii_lowercase())
    }

    fn fields(&self, schema: &str) -> &Map<String, Value> {
        let of = |is_staff| self.service(is_staff)["schemas"].get(schema);
        of(false)
            .or_else(|| of(true))
            .and_then(|schema| schema["object"].as_object())
            .unwrap_or_else(|| panic!("no schema {schema}"))
    }

    fn request_schema(&self, is_staff: bool, method: &str, path: &str) -> Option<String> {
        self.operation(is_staff, method, path)?["request"]["ref"].as_str().map(str::to_owned)
    }
}

fn parameters(operation: &Value, place: &str) -> BTreeSet<String> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    all.filter(|it| it["in"] == place).map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

fn required_parameters(operation: &Value) -> BTreeSet<String> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    let required = all.filter(|it| it["in"] == "query" && it["required"] == true);
    required.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

fn variables(path: &str) -> BTreeSet<String> {
    path.split('/').filter_map(|part| Some(part.strip_prefix('{')?.strip_suffix('}')?.to_owned())).collect()
}

/// What is wrong with a value of a published type.
fn fault(kind: &Value, value: &Value) -> Option<String> {
    if value.is_null() {
        return (kind["nullable"] != true).then(|| "null".to_owned());
    }
    if let Some(item) = kind.get("array") {
        let Some(items) = value.as_array() else { return Some(format!("{value} is no list")) };
        return items.iter().find_map(|it| fault(item, it));
    }
    let is_right = match kind["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some("object") => true,
        _ => kind.get("object").is_some() || kind.get("map").is_some(),
    };
    if !is_right {
        return Some(format!("{value} is no {}", kind["type"]));
    }
    let names = kind["enum"].as_array()?;
    (!names.contains(value)).then(|| format!("{value} is none of {names:?}"))
}

#[tokio::test]
async fn conformance_of_paths_parameters_and_fields() {
    let Some(published) = Published::load() else {
        println!("CONFORMANCE_DATA holds no placeos-api.json: nothing was checked");
        return;
    };
    let mut faults = Vec::new();
    let calls = check_endpoints(&published, &mut faults);
    let models = check_models(&published, &mut faults);
    let routes = check_routes(&published, &mut faults);
    let fields = check_fake_fields(&published, &mut faults);
    let (requests, sent) = Box::pin(check_traffic(&published, &mut faults)).await;
    println!(
        "PlaceOS: {calls} calls, {models} fields read, {sent} fields in {requests} requests, {routes} routes and {fields} \
         fields of the fake"
    );
    assert_eq!(faults, Vec::<String>::new());
    assert!(OTHER_TYPES.iter().chain(LEFT_OUT).all(|(.., reason)| !reason.is_empty()));
}

/// What may be sent, by the table that everything is sent by.
fn check_endpoints(published: &Published, faults: &mut Vec<String>) -> usize {
    for endpoint in endpoints() {
        let name = format!("{} {}", endpoint.method, endpoint.path);
        let is_staff = endpoint.service == PlaceOsService::Staff;
        let Some(operation) = published.operation(is_staff, endpoint.method, endpoint.path) else {
            faults.push(format!("{name} is not published"));
            continue;
        };
        let (known, own) = (parameters(operation, "query"), endpoint.query.iter().map(|it| (*it).to_owned()).collect());
        faults.extend(BTreeSet::difference(&own, &known).map(|it| format!("{name}: no parameter {it}")));
        faults.extend(required_parameters(operation).difference(&own).map(|it| format!("{name}: {it} is required")));
        if variables(endpoint.path) != parameters(operation, "path") {
            faults.push(format!("{name}: other variables"));
        }
        match published.request_schema(is_staff, endpoint.method, endpoint.path) {
            None if endpoint.body.is_empty() => {}
            None => faults.push(format!("{name} has no body")),
            Some(schema) => {
                let fields = published.fields(&schema);
                let unknown = endpoint.body.iter().filter(|field| !fields.contains_key(**field));
                faults.extend(unknown.map(|field| format!("{name}: no field {field}")));
                for (field, kind) in fields {
                    let is_excepted = LEFT_OUT.iter().any(|(of, it, _)| *of == name && it == field);
                    if kind["required"] == true && !endpoint.body.contains(&field.as_str()) && !is_excepted {
                        faults.push(format!("{name}: the field {field} is required"));
                    }
                }
            }
        }
    }
    endpoints().len()
}

/// A value of a published type.
fn sample(kind: &Value) -> Value {
    if let Some(item) = kind.get("array") {
        return json!([sample(item)]);
    }
    if let Some(names) = kind["enum"].as_array() {
        return names[0].clone();
    }
    if let Some(item) = kind.get("map") {
        return json!({ "name": sample(item) });
    }
    match kind["type"].as_str() {
        Some("integer") => json!(7),
        Some("boolean") => json!(true),
        Some("string") => json!("text"),
        _ => json!({}),
    }
}

/// What is read: each field takes a value of its published type, and gives it back.
fn check_models(published: &Published, faults: &mut Vec<String>) -> usize {
    macro_rules! models {
        ($($model:ty),+ $(,)?) => {[$((
            <$model>::SCHEMA,
            <$model>::FIELDS,
            (|value: Value| {
                let model: $model = serde_json::from_value(value).map_err(|error| error.to_string())?;
                serde_json::to_value(&model).map_err(|error| error.to_string())
            }) as fn(Value) -> Result<Value, String>,
        )),+]};
    }
    let mut count = 0;
    for (schema, names, round_trip) in models![
        System,
        PlaceOsModule,
        PlaceOsDriver,
        PlaceOsZone,
        SettingsRecord,
        StaffTenant,
        PlaceOsDomain,
        AuthSource,
    ] {
        let fields = published.fields(schema);
        for name in names {
            count += 1;
            let Some(kind) = fields.get(*name) else {
                faults.push(format!("{schema}.{name} is not published"));
                continue;
            };
            let value = sample(kind);
            match round_trip(json!({ *name: value })) {
                Ok(back) if back[*name] == value => {}
                Ok(back) => faults.push(format!("{schema}.{name} was {value} and is {}", back[*name])),
                Err(error) => faults.push(format!("{schema}.{name} does not take {value}: {error}")),
            }
        }
    }
    let levels: Vec<Value> = EncryptionLevel::ALL.iter().map(|level| level.as_str().into()).collect();
    let known = published.fields("PlaceOS__Model__Settings")["encryption_level"]["enum"].clone();
    if known != Value::from(levels) {
        faults.push(format!("the encryption levels are {known}"));
    }
    count
}

fn check_routes(published: &Published, faults: &mut Vec<String>) -> usize {
    for route in fake_placeos::routes() {
        let name = format!("the fake's {} {}", route.method, route.path);
        let Some(operation) = published.operation(route.service == Service::Staff, route.method, route.path) else {
            faults.push(format!("{name} is not published"));
            continue;
        };
        let known = parameters(operation, "query");
        faults.extend(
            route.query.iter().filter(|it| !known.contains(**it)).map(|it| format!("{name}: no parameter {it}")),
        );
        if variables(route.path) != parameters(operation, "path") {
            faults.push(format!("{name}: other variables"));
        }
    }
    fake_placeos::routes().len()
}

fn check_fake_fields(published: &Published, faults: &mut Vec<String>) -> usize {
    let mut count = 0;
    for schema in fake_placeos::schemas() {
        let fields = published.fields(schema.name);
        for field in schema.fields {
            count += 1;
            let name = format!("the fake's {}.{}", schema.name, field.name);
            let Some(kind) = fields.get(field.name) else {
                faults.push(format!("{name} is not published"));
                continue;
            };
            let is_same = match field.kind {
                FieldType::Text => kind["type"] == "string" && kind.get("enum").is_none(),
                FieldType::Integer => kind["type"] == "integer",
                FieldType::Boolean => kind["type"] == "boolean",
                FieldType::Texts => kind["array"]["type"] == "string",
                FieldType::OneOf(names) => kind["enum"] == json!(names),
                FieldType::TextMap => kind["map"]["type"] == "string",
                FieldType::Any => kind["type"] == "object" || kind.get("object").is_some(),
                _ => false,
            };
            if !is_same && !OTHER_TYPES.iter().any(|(of, it, _)| *of == schema.name && *it == field.name) {
                faults.push(format!("{name} is {kind}"));
            }
        }
    }
    count
}

/// What is sent and what is answered, in runs that make every call.
async fn check_traffic(published: &Published, faults: &mut Vec<String>) -> (usize, usize) {
    let world = World::start().await;
    let mut requests: Vec<RecordedRequest> = Vec::new();
    let settings = BookingsSettings { cache_days: Some(7), ..Default::default() };
    for access in [StaffAccess::Delegated, StaffAccess::Application] {
        let domain = Domain::start().await;
        domain.fake.add_system(json!({ "name": "A", "email": ROOMS[0], "capacity": 1 }));
        let hand_over = world
            .hand_over(&domain)
            .staff_access(access)
            .email_domain("contoso.com")
            .conference_type("teamsForBusiness")
            .bookings_settings(settings.clone());
        assert!(apply(&hand_over).await.is_complete());
        assert!(apply(&hand_over.clone().replace_credentials(true)).await.is_complete());
        let other = if access == StaffAccess::Delegated { StaffAccess::Application } else { StaffAccess::Delegated };
        assert!(apply(&hand_over.staff_access(other)).await.is_complete());
        // A room that is taken out of the group's spec is stopped.
        let spec = world.contoso.rbac().rooms(exchange_groups::Rooms::at([ROOMS[1], ROOMS[2]])).build().unwrap();
        let fewer = exchange_groups::placeos::HandOver::new(world.contoso.groups.clone(), domain.client(), spec)
            .credentials(world.credentials())
            .domain(super::DOMAIN);
        let _ = apply(&fewer).await;
        // Looked up where an answer is lost.
        let domain_of_lost = Domain::start().await;
        domain_of_lost.fake.fail("POST", "/systems", fake_placeos::Fault::DropAfter);
        let _ = apply(&world.hand_over(&domain_of_lost)).await;
        super::client::sign_in(&domain_of_lost, "a secret of people").await;
        assert_eq!(domain.fake.ignored_fields(), Vec::<String>::new());
        requests.extend(domain.fake.requests());
        requests.extend(domain_of_lost.fake.requests());
    }
    let mut fields = 0;
    let mut made = BTreeSet::new();
    for request in &requests {
        let found = endpoints().iter().find(|endpoint| {
            let mut parts = endpoint.path.split('/');
            let mut own = request.path.split('/');
            endpoint.method == request.method
                && loop {
                    match (parts.next(), own.next()) {
                        (None, None) => break true,
                        (Some(part), Some(own)) if part == own => {}
                        (Some(part), Some(own)) if part.starts_with('{') && own != "with_emails" => {}
                        _ => break false,
                    }
                }
        });
        let Some(endpoint) = found else {
            faults.push(format!("{} {} is in no table", request.method, request.path));
            continue;
        };
        made.insert((endpoint.method, endpoint.path));
        let unknown = request.query.iter().filter(|(name, _)| !endpoint.query.contains(&name.as_str()));
        faults.extend(unknown.map(|(name, _)| format!("{endpoint:?}: the parameter {name} is in no table")));
        let is_staff = endpoint.service == PlaceOsService::Staff;
        let schema = published.request_schema(is_staff, endpoint.method, endpoint.path);
        let (Some(schema), Some(body)) = (schema, request.body.as_object()) else { continue };
        for (name, value) in body {
            fields += 1;
            let kind = published.fields(&schema).get(name).cloned().unwrap_or_default();
            if let Some(fault) = fault(&kind, value) {
                faults.push(format!("{} {}: {name}: {fault}", endpoint.method, endpoint.path));
            }
        }
    }
    let never = endpoints().iter().filter(|endpoint| !made.contains(&(endpoint.method, endpoint.path)));
    faults.extend(never.map(|endpoint| format!("{} {} was never called", endpoint.method, endpoint.path)));
    (requests.len(), fields)
}
