//! What the domain refuses, and what it says where it knows nothing.

use fake_placeos::{FakePlaceOs, Fault, Level, Request};
use serde_json::{Value, json};

fn ask(placeos: &FakePlaceOs, method: &str, target: &str, body: &Value) -> (u16, Value) {
    let request = Request::new(method, target).key(&placeos.admin_key());
    let request = if body.is_null() { request } else { request.json(body) };
    let answer = placeos.handle(&request);
    (answer.status(), answer.body())
}

const SYSTEMS: &str = "/api/engine/v2/systems";
const MODULES: &str = "/api/engine/v2/modules";
const SETTINGS: &str = "/api/engine/v2/settings";
const TENANTS: &str = "/api/staff/v1/tenants";

fn system(placeos: &FakePlaceOs) -> Value {
    ask(placeos, "POST", SYSTEMS, &json!({ "name": "Room 1", "email": "Room1@Contoso.com" })).1
}

#[test]
fn a_system_needs_a_name_of_its_own_and_its_address_is_kept_in_lower_case() {
    let placeos = FakePlaceOs::contoso();
    assert_eq!(ask(&placeos, "POST", SYSTEMS, &json!({ "email": "a@b.c" })).0, 422);
    let system = system(&placeos);
    assert_eq!((&system["email"], &system["version"]), (&json!("room1@contoso.com"), &json!(0)));
    assert_eq!(ask(&placeos, "POST", SYSTEMS, &json!({ "name": "Room 1" })).0, 422);
    assert_eq!(ask(&placeos, "POST", SYSTEMS, &json!({ "name": "Room 2", "zones": ["zone-none"] })).0, 422);
    assert_eq!(ask(&placeos, "POST", SYSTEMS, &json!({ "name": "Room 2", "capacity": "eight" })).0, 400);
    let (_, found) = ask(&placeos, "GET", &format!("{SYSTEMS}/with_emails?in=ROOM1@contoso.com,x@y.z"), &Value::Null);
    assert_eq!(found[0]["id"], system["id"]);
}

#[test]
fn an_update_needs_the_version_that_is_current() {
    let placeos = FakePlaceOs::contoso();
    let id = system(&placeos)["id"].as_str().expect("an id").to_owned();
    let body = json!({ "capacity": 8 });
    assert_eq!(ask(&placeos, "PATCH", &format!("{SYSTEMS}/{id}"), &body).0, 400);
    assert_eq!(ask(&placeos, "PATCH", &format!("{SYSTEMS}/{id}?version=1"), &body).0, 409);
    let (status, changed) = ask(&placeos, "PATCH", &format!("{SYSTEMS}/{id}?version=0"), &body);
    assert_eq!((status, &changed["version"], &changed["name"]), (200, &json!(1), &json!("Room 1")));
    assert_eq!(ask(&placeos, "PATCH", &format!("{SYSTEMS}/sys-none?version=0"), &body).0, 404);
}

#[test]
fn a_logic_module_belongs_to_a_system_and_others_do_not() {
    let placeos = FakePlaceOs::contoso();
    let driver = |name: &str| {
        let found = placeos.drivers().into_iter().find(|it| it["module_name"] == name).expect("a driver");
        found["id"].clone()
    };
    let id = system(&placeos)["id"].clone();
    assert_eq!(ask(&placeos, "POST", MODULES, &json!({ "driver_id": driver("Bookings") })).0, 422);
    assert_eq!(ask(&placeos, "POST", MODULES, &json!({ "driver_id": driver("Calendar") })).0, 422, "no uri");
    let in_system = json!({ "driver_id": driver("Calendar"), "uri": "https://a.b", "control_system_id": id });
    assert_eq!(ask(&placeos, "POST", MODULES, &in_system).0, 422);
    let (status, module) =
        ask(&placeos, "POST", MODULES, &json!({ "driver_id": driver("Bookings"), "control_system_id": id }));
    assert_eq!((status, &module["running"]), (201, &json!(false)));
    let system = placeos.systems().remove(0);
    assert_eq!((&system["modules"], &system["version"]), (&json!([module["id"]]), &json!(1)));
    assert_eq!(ask(&placeos, "POST", MODULES, &json!({ "driver_id": "driver-none" })).0, 422);
}

#[test]
fn what_is_never_displayed_is_displayed_to_nobody() {
    let placeos = FakePlaceOs::contoso();
    let id = system(&placeos)["id"].clone();
    let body = |level: &str| json!({ "parent_id": id, "encryption_level": level, "settings_string": "{\"password\":\"hunter2hunter2\"}" });
    for (level, is_shown) in [("none", true), ("support", true), ("admin", true), ("never_display", false)] {
        let (status, answer) = ask(&placeos, "POST", SETTINGS, &body(level));
        assert_eq!((status, &answer["keys"]), (201, &json!(["password"])));
        assert_eq!(answer.to_string().contains("hunter2hunter2"), is_shown, "{level}");
    }
    assert_eq!(ask(&placeos, "POST", SETTINGS, &json!({ "settings_string": "{}" })).0, 422, "no parent");
    let support = placeos.new_key(Level::Support, &["public"]);
    let answer = placeos.handle(&Request::new("POST", SETTINGS).key(&support).json(&body("admin")));
    assert_eq!(answer.status(), 403);
}

#[test]
fn earlier_settings_are_kept_until_the_record_is_deleted() {
    let placeos = FakePlaceOs::contoso();
    let id = system(&placeos)["id"].clone();
    let (_, settings) =
        ask(&placeos, "POST", SETTINGS, &json!({ "parent_id": id, "settings_string": "secret: in-the-clear" }));
    let path = format!("{SETTINGS}/{}", settings["id"].as_str().expect("an id"));
    assert_eq!(ask(&placeos, "PATCH", &path, &json!({ "settings_string": "other: 1" })).1["keys"], json!(["other"]));
    let (_, history) = ask(&placeos, "GET", &format!("{path}/history"), &Value::Null);
    assert!(history.to_string().contains("in-the-clear"), "{history}");
    assert_eq!(ask(&placeos, "DELETE", &path, &Value::Null).0, 202);
    assert_eq!(placeos.settings_history(), Vec::<Value>::new());
}

#[test]
fn a_tenant_of_an_application_needs_its_credentials_and_never_gives_them_back() {
    let placeos = FakePlaceOs::contoso();
    let delegated =
        json!({ "name": "Contoso", "domain": "contoso.placeos.run", "platform": "office365", "delegated": true });
    assert_eq!(ask(&placeos, "POST", TENANTS, &delegated).0, 201);
    assert_eq!(ask(&placeos, "POST", TENANTS, &delegated).0, 422, "the domain is taken");
    assert_eq!(ask(&placeos, "PATCH", &format!("{TENANTS}/1"), &json!({ "delegated": false })).0, 422);
    let credentials = json!({ "tenant": "t", "client_id": "c", "client_secret": "hunter2hunter2" });
    let (status, answer) =
        ask(&placeos, "PATCH", &format!("{TENANTS}/1"), &json!({ "delegated": false, "credentials": credentials }));
    assert_eq!((status, answer.get("credentials")), (200, None));
    let (_, kept) = ask(&placeos, "PATCH", &format!("{TENANTS}/1"), &json!({ "name": "New", "credentials": {} }));
    assert_eq!(kept["name"], "New");
    assert_eq!(placeos.tenants()[0]["credentials"]["client_secret"], "hunter2hunter2");
    assert_eq!(ask(&placeos, "PATCH", &format!("{TENANTS}/9"), &json!({ "name": "x" })).0, 404);
}

#[test]
fn a_key_that_is_wrong_or_may_not_is_refused() {
    let placeos = FakePlaceOs::contoso();
    let status =
        |key: &str, method: &str, target: &str| placeos.handle(&Request::new(method, target).key(key)).status();
    assert_eq!(status("wrong.key", "GET", SYSTEMS), 401);
    assert_eq!(placeos.handle(&Request::get(SYSTEMS)).status(), 401);
    let systems_alone = placeos.new_key(Level::Admin, &["systems.read"]);
    assert_eq!(status(&systems_alone, "GET", SYSTEMS), 200);
    assert_eq!(status(&systems_alone, "POST", SYSTEMS), 403);
    assert_eq!(status(&systems_alone, "GET", TENANTS), 403, "Staff API takes the scope public alone");
    let user = placeos.new_key(Level::User, &["public"]);
    assert_eq!(status(&user, "GET", TENANTS), 403);
}

#[test]
fn a_list_says_how_many_there_are_and_leads_on() {
    let placeos = FakePlaceOs::contoso();
    for number in 0..250 {
        placeos.add_system(json!({ "name": format!("Room {number}") }));
    }
    let answer = placeos.handle(&Request::get(SYSTEMS).key(&placeos.admin_key()));
    assert_eq!(answer.body().as_array().map(Vec::len), Some(100));
    assert_eq!(answer.header("X-Total-Count"), Some("250"));
    assert!(answer.header("Link").is_some_and(|link| link.contains("offset=100")));
}

#[test]
fn what_is_not_modelled_is_said_so() {
    let placeos = FakePlaceOs::contoso();
    let answer = placeos.handle(&Request::new("DELETE", &format!("{SYSTEMS}/sys-1")).key(&placeos.admin_key()));
    assert_eq!((answer.status(), answer.header("X-Fake-PlaceOS")), (501, Some("not modelled")));
    let answer = placeos.handle(&Request::get(&format!("{SYSTEMS}?signage=true")).key(&placeos.admin_key()));
    assert_eq!(answer.status(), 501);
}

#[test]
fn a_fault_hits_the_request_that_it_waits_for() {
    let placeos = FakePlaceOs::contoso();
    placeos.fail_after(1, Fault::status(503).with_header("Retry-After", "1"));
    assert_eq!(ask(&placeos, "GET", SYSTEMS, &Value::Null).0, 200);
    assert_eq!(ask(&placeos, "GET", SYSTEMS, &Value::Null).0, 503);
    assert_eq!(ask(&placeos, "GET", SYSTEMS, &Value::Null).0, 200);
    placeos.fail("POST", SYSTEMS, Fault::AnswerLost(502));
    assert_eq!(ask(&placeos, "POST", SYSTEMS, &json!({ "name": "Room 1" })).0, 502);
    assert_eq!(placeos.systems().len(), 1);
}

#[test]
fn an_authentication_source_belongs_to_a_domain() {
    let placeos = FakePlaceOs::contoso();
    let sources = "/api/engine/v2/oauth_auths";
    let (_, domains) = ask(&placeos, "GET", "/api/engine/v2/domains", &Value::Null);
    let domain = domains[0]["id"].clone();
    assert_eq!(ask(&placeos, "POST", sources, &json!({ "name": "Microsoft AD" })).0, 422);
    assert_eq!(ask(&placeos, "POST", sources, &json!({ "authority_id": domain })).0, 422);
    let (status, source) = ask(&placeos, "POST", sources, &json!({ "name": "Microsoft AD", "authority_id": domain }));
    assert_eq!(status, 201);
    let id = source["id"].as_str().expect("an id");
    assert!(id.starts_with("oauth_strat-"), "{id}");
    let (status, changed) = ask(&placeos, "PATCH", &format!("{sources}/{id}"), &json!({ "client_id": "c" }));
    assert_eq!((status, &changed["name"]), (200, &json!("Microsoft AD")));
    let path = format!("/api/engine/v2/domains/{}", domain.as_str().expect("an id"));
    assert_eq!(ask(&placeos, "PATCH", &path, &json!({ "login_url": "/auth/login" })).1["login_url"], "/auth/login");
}
