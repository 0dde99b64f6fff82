//! The client: one origin, whole lists, and changes that are not repeated blindly.

use exchange_groups::graph_client::SecretString;
use exchange_groups::placeos::{
    AuthSource, AuthSourceSettings, PlaceOs, PlaceOsCredential, PlaceOsErrorKind, endpoints,
};
use exchange_groups_tests::{Answer, RawServer};
use fake_placeos::{FakePlaceOs, Fault, Level};
use serde_json::json;

use super::{Domain, World, plan};

#[tokio::test]
async fn only_an_https_origin_or_this_machine_gets_the_key() {
    let make = |base: &str| PlaceOs::new(base, PlaceOsCredential::api_key("key-1.secret-of-key"));
    for base in
        ["https://contoso.placeos.run", "https://contoso.placeos.run/", "http://localhost:8080", "http://[::1]:8080"]
    {
        assert!(make(base).is_ok(), "{base}");
    }
    for base in [
        "http://contoso.placeos.run",
        "http://127.0.0.1.evil.example",
        "https://contoso.placeos.run/api",
        "https://user:password@contoso.placeos.run",
        "contoso.placeos.run",
        "ftp://contoso.placeos.run",
        "",
    ] {
        assert_eq!(make(base).unwrap_err().kind(), PlaceOsErrorKind::Input, "{base}");
    }
    for key in ["", "two\r\nlines: in-a-header"] {
        let error = PlaceOs::new("https://contoso.placeos.run", PlaceOsCredential::api_key(key)).unwrap_err();
        assert!(error.kind() == PlaceOsErrorKind::Input && !error.to_string().contains("in-a-header"), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_error_and_the_key_does_not_follow_it() {
    let (domain, elsewhere) = (Domain::start().await, Domain::start().await);
    let location = format!("{}/api/engine/v2/systems", elsewhere.server.url());
    domain.fake.fail("GET", "/systems", Fault::status(302).with_header("Location", &location));
    let error = domain.client().systems().await.unwrap_err();
    assert_eq!(error.kind(), PlaceOsErrorKind::Redirect, "{error}");
    assert_eq!(elsewhere.fake.requests(), []);
}

#[tokio::test]
async fn a_list_is_read_to_its_end_and_one_that_is_cut_is_an_error() {
    let fake = FakePlaceOs::contoso();
    for number in 0..2_345 {
        fake.add_system(json!({ "name": format!("Room {number}") }));
    }
    let domain = Domain::of(fake).await;
    assert_eq!(domain.client().systems().await.unwrap().len(), 2_345);

    let answers = [
        (json!([{ "id": "zone-1" }]), "5"),
        (json!([]), "5"),
        (json!({ "zones": [] }), "0"),
        (json!([{ "name": "no id" }]), "1"),
    ];
    for (body, total) in answers {
        domain.fake.clear_faults();
        let fault =
            Fault::Status { status: 200, body: body.clone(), headers: vec![("X-Total-Count".into(), total.into())] };
        domain.fake.fail_times("GET", "/zones", 9, fault);
        let error = domain.client().zones().await.unwrap_err();
        assert_eq!(error.kind(), PlaceOsErrorKind::Decode, "{body}: {error}");
    }
}

#[tokio::test]
async fn reads_are_repeated_for_a_moment_and_no_longer() {
    let domain = Domain::start().await;
    for fault in [Fault::status(503).with_header("Retry-After", "0"), Fault::status(429), Fault::DropBefore] {
        domain.fake.forget_requests();
        domain.fake.fail_times("GET", "/zones", 2, fault.clone());
        assert!(domain.client().zones().await.is_ok(), "{fault:?}");
        domain.fake.fail_times("GET", "/zones", 3, fault.clone());
        assert!(domain.client().zones().await.is_err(), "{fault:?}");
        assert_eq!(domain.fake.requests().len(), 6, "{fault:?}");
    }
    // What the other side does not do is not asked for again.
    domain.fake.forget_requests();
    domain.fake.fail("GET", "/zones", Fault::status(501));
    assert!(domain.client().zones().await.is_err());
    assert_eq!(domain.fake.requests().len(), 1);
}

#[tokio::test]
async fn a_change_whose_outcome_is_unknown_is_looked_for_and_not_sent_again() {
    let world = World::start().await;
    for fault in [Fault::DropBefore, Fault::DropAfter, Fault::status(500), Fault::AnswerLost(504)] {
        let domain = Domain::start().await;
        let hand_over = world.hand_over(&domain);
        let planned = plan(&hand_over).await;
        domain.fake.forget_requests();
        domain.fake.fail("POST", "/systems", fault.clone());
        let _ = hand_over.apply(&planned).await.unwrap();
        let requests = domain.fake.requests();
        let sent = requests.iter().filter(|it| it.method == "POST" && it.path.ends_with("/systems"));
        let mut addresses: Vec<String> = sent.map(|it| it.body["email"].to_string()).collect();
        let count = addresses.len();
        addresses.dedup();
        assert_eq!(addresses.len(), count, "{fault:?}: no room twice");
        let looked = requests.iter().any(|it| it.path.ends_with("/with_emails"));
        assert!(looked, "{fault:?}");
    }
    // What was asked to wait was not done: it is sent again.
    let domain = Domain::start().await;
    domain.fake.fail("POST", "/systems", Fault::status(429).with_header("Retry-After", "0"));
    assert!(super::apply(&world.hand_over(&domain)).await.is_complete());
}

#[tokio::test]
async fn what_a_refusal_says_is_told_with_what_to_do() {
    let domain = Domain::start().await;
    let error = domain.client_with("key-9.of-nobody-at-all").systems().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (PlaceOsErrorKind::Auth, Some(401)));
    assert!(error.to_string().contains("list the systems") && error.to_string().contains("API key"), "{error}");
    let key = domain.fake.new_key(Level::Admin, &["systems"]);
    let error = domain.client_with(&key).staff_tenants().await.unwrap_err();
    assert_eq!(error.kind(), PlaceOsErrorKind::Denied);
    assert!(error.to_string().contains("public"), "{error}");
    let error = domain.client().system("sys-none").await.unwrap_err();
    assert_eq!(error.kind(), PlaceOsErrorKind::NotFound, "{error}");
    for id in ["", "../domains", "a b", "sys-1?x=y", "sys-1/start"] {
        let error = domain.client().system(id).await.unwrap_err();
        assert_eq!(error.kind(), PlaceOsErrorKind::Input, "{id}: {error}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let server = RawServer::start(|_, _| Answer::Endless).await;
    let client = PlaceOs::new(&server.url(), PlaceOsCredential::api_key("key-1.secret-of-key")).unwrap();
    let error = client.zones().await.unwrap_err();
    assert_eq!(error.kind(), PlaceOsErrorKind::Decode, "{error}");
}

#[tokio::test]
async fn a_key_with_the_scopes_of_the_table_is_enough() {
    let (world, domain) = (World::start().await, Domain::start().await);
    let mut scopes: Vec<String> = endpoints().iter().map(|endpoint| endpoint.scope()).collect();
    scopes.sort_unstable();
    scopes.dedup();
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let key = domain.fake.new_key(Level::Admin, &scopes);
    let hand_over = exchange_groups::placeos::HandOver::new(
        world.contoso.groups.clone(),
        domain.client_with(&key),
        world.spec.clone(),
    )
    .credentials(world.credentials())
    .proof(world.proof.clone())
    .domain(super::DOMAIN)
    .staff_access(exchange_groups::placeos::StaffAccess::Delegated);
    let report = super::apply(&hand_over).await;
    assert!(report.is_complete(), "{report}");
}

/// Sets the sign-in of people up, as the documentation has it: source, then application, then secret, then redirects.
pub(super) async fn sign_in(domain: &Domain, secret: &str) -> AuthSource {
    let client = domain.client();
    let authority = client.domains().await.unwrap().remove(0);
    let tenant = "contoso.onmicrosoft.com".parse().unwrap();
    let settings = AuthSourceSettings::microsoft("Microsoft AD", &authority.id, &tenant);
    let created = client.create_auth_source(&settings, None).await.unwrap();
    // The application is registered with this address.
    let redirect = created.redirect_uri(super::DOMAIN);
    assert_eq!(redirect, format!("https://contoso.placeos.run/auth/oauth2/callback?id={}", created.id));
    let settings = settings.client_id("11111111-2222-3333-4444-555555555555".parse().unwrap());
    let secret = SecretString::from(secret);
    let changed = client.update_auth_source(&created.id, &settings, Some(&secret)).await.unwrap();
    client.set_login(&authority.id, &changed.login_url(), "/auth/logout?continue={{url}}").await.unwrap();
    let _ = client.auth_sources(&authority.id).await.unwrap();
    changed
}

#[tokio::test]
async fn people_sign_in_by_a_source_whose_secret_is_written_and_not_shown() {
    const SECRET: &str = "a-secret-of-the-second-application";
    let domain = Domain::start().await;
    let source = sign_in(&domain, SECRET).await;
    let written = domain.fake.auth_sources().remove(0);
    assert_eq!(written["client_secret"], SECRET);
    let authorize = "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/authorize";
    assert_eq!(written["authorize_url"], authorize);
    assert_eq!(written["info_mappings"]["email"], "mail,userPrincipalName");
    let login = format!("/auth/login?provider=oauth2&id={}&continue={{{{url}}}}", source.id);
    assert_eq!(domain.fake.domains()[0]["login_url"], login);
    // The service gives the secret to administrators; nothing here does.
    let listed = domain.client().auth_sources(source.authority_id.as_deref().unwrap()).await.unwrap();
    for shown in [format!("{source:?} {listed:?}"), serde_json::to_string(&(&source, &listed)).unwrap()] {
        assert!(!shown.contains(SECRET), "{shown}");
    }
    assert_eq!(listed.len(), 1);
    assert!(domain.client().auth_sources("authority-none").await.unwrap().is_empty());
}
