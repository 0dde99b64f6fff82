//! No secret is in what a hand-over says, whatever the other side repeats.

use exchange_groups::graph_client::SecretString;
use exchange_groups::placeos::{CalendarCredentials, PlaceOs, PlaceOsCredential, StaffAccess};
use exchange_groups_tests::{Answer, RawServer};
use fake_placeos::Fault;
use serde_json::json;

use super::{Domain, World, plan, quick};

/// A secret with everything that is written otherwise in JSON and in a query.
const SECRET: &str = "Zq9~\"b00king\\Secret/With+Signs=&%";

#[tokio::test]
async fn nothing_that_is_shown_or_stored_holds_a_secret_even_if_the_service_repeats_it() {
    let world = World::start().await;
    let tenant = world.contoso.tenant.initial_domain().parse().unwrap();
    let credentials = CalendarCredentials::new(tenant, world.spec.application(), SECRET).key_id("key-1");
    let mut shown = 0;
    for (first, status) in [400, 409, 422, 500].into_iter().enumerate() {
        for skip in (first..).step_by(2) {
            let domain = Domain::start().await;
            let key = domain.fake.admin_key();
            let half = key.split_once('.').unwrap().1.to_owned();
            let hand_over =
                world.hand_over(&domain).credentials(credentials.clone()).staff_access(StaffAccess::Application);
            domain.fake.fail_after(skip, Fault::Echo(status));
            let facts = hand_over.observe().await.unwrap();
            let planned = hand_over.plan(&facts);
            let applied = hand_over.apply(&planned).await;
            let mut texts = vec![
                format!("{hand_over:?} {:?}", hand_over.placeos()),
                format!("{facts:?} {}", serde_json::to_string(&facts).unwrap()),
                format!("{planned} {planned:?} {}", serde_json::to_string(&planned).unwrap()),
            ];
            match applied {
                Ok(report) => texts.push(format!("{report} {report:?} {}", serde_json::to_string(&report).unwrap())),
                Err(error) => texts.push(format!("{error} {error:?}")),
            }
            let quoted = |text: &str| {
                let json = serde_json::to_string(text).unwrap();
                json[1..json.len() - 1].to_owned()
            };
            let forms = [SECRET.to_owned(), quoted(SECRET), quoted(&quoted(SECRET)), key, half, "b00king".to_owned()];
            for (text, form) in texts.iter().flat_map(|text| forms.iter().map(move |form| (text, form))) {
                assert!(!text.contains(form.as_str()), "{status} at request {skip}: {form} in {text}");
            }
            shown += texts.len();
            if domain.fake.clear_faults() > 0 {
                break;
            }
        }
    }
    assert!(shown > 100, "{shown} texts were looked at");
}

#[tokio::test]
async fn a_service_that_writes_the_key_into_its_objects_does_not_get_it_shown() {
    let key = "key-1.Th1s-is-the-secret-half";
    let body = json!([{ "id": "zone-1", "name": format!("you sent {key}"), key: key, "tags": [key] }]).to_string();
    let server = RawServer::start(move |_, _| Answer::Json(200, body.clone())).await;
    for credential in [PlaceOsCredential::api_key(key), PlaceOsCredential::bearer(SecretString::from(key))] {
        assert!(!format!("{credential:?}").contains("Th1s"));
        let client = PlaceOs::new(&server.url(), credential).unwrap();
        let zones = client.zones().await.unwrap();
        assert_eq!(zones.len(), 1);
        assert!(!format!("{zones:?} {}", serde_json::to_string(&zones).unwrap()).contains("Th1s"), "{zones:?}");
    }
    let heads: Vec<String> = server.requests().into_iter().map(|request| request.head.to_lowercase()).collect();
    assert!(heads[0].contains("x-api-key: key-1.th1s") && !heads[0].contains("authorization"));
    assert!(heads[1].contains("authorization: bearer key-1.th1s") && !heads[1].contains("x-api-key"));
}

#[tokio::test]
async fn settings_and_credentials_that_a_service_gives_are_not_kept() {
    let domain = Domain::start().await;
    let driver = domain.driver("Calendar");
    domain.fake.add_settings(json!({
        "parent_id": driver, "encryption_level": "support", "keys": ["calendar_config"],
        "settings_string": "calendar_config: { client_secret: somebody-elses }",
    }));
    let settings = domain.client().settings_of(&driver).await.unwrap();
    assert!(settings[0].has_clear_secret);
    assert!(!format!("{settings:?} {}", serde_json::to_string(&settings).unwrap()).contains("somebody-elses"));

    let body = json!([{ "id": 1, "domain": "a.b", "credentials": { "client_secret": "somebody-elses" } }]).to_string();
    let server = RawServer::start(move |_, _| Answer::Json(200, body.clone())).await;
    let client = PlaceOs::new(&server.url(), PlaceOsCredential::api_key("key-1.secret-of-key")).unwrap().retry(quick());
    let tenants = client.staff_tenants().await.unwrap();
    assert!(!format!("{tenants:?}").contains("somebody-elses"), "{tenants:?}");
}

#[tokio::test]
async fn the_secret_is_sent_to_the_settings_and_nowhere_else() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let hand_over = world.hand_over(&domain).staff_access(StaffAccess::Delegated);
    let planned = plan(&hand_over).await;
    assert!(hand_over.apply(&planned).await.unwrap().is_complete());
    let with_secret: Vec<_> = domain
        .fake
        .requests()
        .into_iter()
        .filter(|request| format!("{request:?}").contains(&world.secret()))
        .map(|request| (request.method, request.path, request.body["encryption_level"].clone()))
        .collect();
    let expected = ("POST".to_owned(), "/api/engine/v2/settings".to_owned(), json!("never_display"));
    assert_eq!(with_secret, [expected]);
    assert!(!domain.fake.settings_history().iter().any(|it| it.to_string().contains(&world.secret())));
    assert!(!domain.module("Calendar").to_string().contains(&world.secret()), "nor in the notes");
}
