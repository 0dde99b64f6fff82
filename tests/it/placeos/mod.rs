//! The hand-over to PlaceOS, against a tenant and a domain in memory over real sockets.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

mod client;
mod conformance;
mod hand_over;
mod reconcile;
mod secrets;
mod stops;
mod user_sign_in;

use std::collections::BTreeMap;
use std::time::Duration;

use exchange_groups::graph_client::RetryOptions;
use exchange_groups::placeos::{
    CalendarCredentials, HandOver, HandOverPlan, HandOverReport, PlaceOs, PlaceOsCredential, ZoneMap,
};
use exchange_groups::{Proof, RestrictedCalendarGroup, Rooms};
use exchange_groups_tests::Contoso;
use fake_placeos::{FakePlaceOs, Server};
use fake_tenant::{FakeTenant, NewMailbox};
use serde_json::{Value, json};

const DOMAIN: &str = "contoso.placeos.run";
const ROOMS: [&str; 3] = ["room-a@contoso.com", "room-b@contoso.com", "room-c@contoso.com"];
const BOARDROOM: &str = "boardroom@contoso.com";

/// A tenant with three rooms and a boardroom that stays closed, whose restriction is applied and verified.
struct World {
    contoso: Contoso,
    spec: RestrictedCalendarGroup,
    proof: Proof,
}

fn tenant() -> FakeTenant {
    let tenant = FakeTenant::builder().build();
    for person in ["exchange.admin@contoso.com", "ceo@contoso.com", "adele.vance@contoso.com"] {
        tenant.add_person(person);
    }
    for (address, capacity, floor) in [(ROOMS[0], 8, 1), (ROOMS[1], 12, 1), (ROOMS[2], 4, 2)] {
        let name = format!("Room {}", &address[5..6].to_uppercase());
        let room = NewMailbox::room(address).display_name(&name).capacity(capacity);
        tenant.add_mailbox(
            room.building("Building 1").floor(floor).floor_label(&format!("Level {floor}")).tag("Display"),
        );
    }
    tenant.add_mailbox(NewMailbox::room(BOARDROOM).display_name("Boardroom").building("Building 1"));
    tenant
}

impl World {
    async fn start() -> Self {
        let contoso = Contoso::of(tenant()).await;
        let spec = contoso.rbac().rooms(Rooms::all().except(BOARDROOM)).build().unwrap();
        contoso.provision(&spec).await;
        let proof = contoso.prove(&spec).await;
        assert!(proof.is_verified(), "{proof}");
        Self { contoso, spec, proof }
    }

    fn secret(&self) -> String {
        self.contoso.booking.secret().to_owned()
    }

    fn credentials(&self) -> CalendarCredentials {
        let tenant = self.contoso.tenant.initial_domain().parse().unwrap();
        let client_id = self.contoso.booking.client_id.parse().unwrap();
        CalendarCredentials::new(tenant, client_id, self.secret()).key_id("key-1")
    }

    /// The hand-over to a domain, without a verification.
    fn unverified(&self, domain: &Domain) -> HandOver {
        HandOver::new(self.contoso.groups.clone(), domain.client(), self.spec.clone())
            .credentials(self.credentials())
            .domain(DOMAIN)
            .zones(ZoneMap::new().create_missing(true))
    }

    /// The hand-over to a domain, with the verification.
    fn hand_over(&self, domain: &Domain) -> HandOver {
        self.unverified(domain).proof(self.proof.clone())
    }

    /// The verification with something else in it.
    fn proof_with(&self, change: impl FnOnce(&mut Value)) -> Proof {
        let mut proof = serde_json::to_value(&self.proof).unwrap();
        change(&mut proof);
        serde_json::from_value(proof).unwrap()
    }
}

/// A domain of PlaceOS behind a server.
struct Domain {
    fake: FakePlaceOs,
    server: Server,
}

impl Domain {
    async fn start() -> Self {
        Self::of(FakePlaceOs::contoso()).await
    }

    async fn of(fake: FakePlaceOs) -> Self {
        let server = fake.serve().await.unwrap();
        Self { fake, server }
    }

    fn client(&self) -> PlaceOs {
        self.client_with(&self.fake.admin_key())
    }

    fn client_with(&self, key: &str) -> PlaceOs {
        let credential = PlaceOsCredential::api_key(key.to_owned());
        PlaceOs::new(&self.server.url(), credential).unwrap().retry(quick())
    }

    /// The module of a class, of which there is one.
    fn module(&self, name: &str) -> Value {
        self.fake.modules().into_iter().find(|module| module["name"] == name).unwrap()
    }

    fn driver(&self, name: &str) -> String {
        let driver = self.fake.drivers().into_iter().find(|driver| driver["module_name"] == name).unwrap();
        driver["id"].as_str().unwrap().to_owned()
    }

    fn system(&self, email: &str) -> Value {
        self.fake.systems().into_iter().find(|system| system["email"] == email).unwrap()
    }

    /// Everything that the domain holds, by names in place of ids, versions and times.
    fn state(&self) -> Value {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let id = |object: &Value| object["id"].as_str().unwrap().to_owned();
        for zone in self.fake.zones() {
            names.insert(id(&zone), format!("zone {}", zone["name"].as_str().unwrap()));
        }
        for driver in self.fake.drivers() {
            names.insert(id(&driver), format!("driver {}", driver["module_name"].as_str().unwrap()));
        }
        for system in self.fake.systems() {
            names.insert(id(&system), format!("system {}", system["name"].as_str().unwrap()));
        }
        for module in self.fake.modules() {
            let of = module["control_system_id"].as_str().and_then(|system| names.get(system)).cloned();
            names.insert(id(&module), format!("module {} of {of:?}", module["name"].as_str().unwrap()));
        }
        let mut state = json!({});
        for (kind, objects) in [
            ("zones", self.fake.zones()),
            ("systems", self.fake.systems()),
            ("modules", self.fake.modules()),
            ("settings", self.fake.settings()),
            ("tenants", self.fake.tenants()),
        ] {
            let mut objects: Vec<Value> = objects.into_iter().map(|object| named(object, &names)).collect();
            objects.sort_by_key(ToString::to_string);
            state[kind] = objects.into();
        }
        state
    }
}

fn replace(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = names.get(text.as_str()) {
                text.clone_from(name);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, names)),
        Value::Object(members) => members.values_mut().for_each(|item| replace(item, names)),
        _ => {}
    }
}

/// An object with names in place of ids, and without what is another one each time.
fn named(mut object: Value, names: &BTreeMap<String, String>) -> Value {
    for volatile in ["created_at", "updated_at", "version"] {
        object.as_object_mut().unwrap().remove(volatile);
    }
    if object["id"].as_str().is_some_and(|id| id.starts_with("sets-")) {
        object.as_object_mut().unwrap().remove("id");
    }
    replace(&mut object, names);
    // Modules of different classes have no order.
    if let Some(modules) = object.get_mut("modules").and_then(Value::as_array_mut) {
        modules.sort_by_key(ToString::to_string);
    }
    object
}

/// Retries that suit a domain in memory.
fn quick() -> RetryOptions {
    RetryOptions::default()
        .with_max_attempts(3)
        .with_initial_delay(Duration::from_millis(2))
        .with_max_delay(Duration::from_millis(5))
}

async fn plan(hand_over: &HandOver) -> HandOverPlan {
    hand_over.plan(&hand_over.observe().await.unwrap())
}

async fn apply(hand_over: &HandOver) -> HandOverReport {
    let plan = plan(hand_over).await;
    hand_over.apply(&plan).await.unwrap_or_else(|error| panic!("not applied: {error}\n{plan}"))
}
