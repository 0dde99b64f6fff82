//! The sign-in of people: an authentication source of PlaceOS, and the application behind it.

use std::time::Duration;

use exchange_groups::RegistrationFindingKind;
use exchange_groups::placeos::{UserSignIn, UserSignInError, UserSignInStep as Step};
use exchange_groups_tests::Contoso;
use fake_placeos::Fault;
use serde_json::{Value, json};

use super::{DOMAIN, Domain};

async fn start() -> (Contoso, Domain) {
    let contoso = Contoso::start().await;
    for role in ["Application.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"] {
        contoso.tenant.grant_app_role(contoso.tenant.administrator(), role);
    }
    (contoso, Domain::start().await)
}

fn sign_in(contoso: &Contoso, domain: &Domain) -> UserSignIn {
    let tenant = contoso.tenant.initial_domain().parse().unwrap();
    UserSignIn::new(contoso.groups.clone(), domain.client(), tenant)
        .domain(DOMAIN)
        .registration(|it| it.secret("PlaceOS User Auth Secret", Duration::from_secs(180 * 24 * 60 * 60)))
}

/// The source, what it knows of the application, and the application with the address that has the id of the source.
#[tokio::test]
async fn people_sign_in_by_an_application_of_their_own() {
    let (contoso, domain) = start().await;
    let sign_in = sign_in(&contoso, &domain).set_login(true);
    let plan = sign_in.plan().await.unwrap();
    let kinds: Vec<_> = plan.steps.iter().map(std::mem::discriminant).collect();
    assert_eq!((kinds.len(), contoso.tenant.write_count()), (4, 0), "{plan}");
    assert!(domain.fake.requests().iter().all(|request| request.method == "GET"), "planning reads");
    let report = sign_in.apply(&plan).await.unwrap();
    assert!(report.is_complete(), "{report}");

    let source = domain.fake.auth_sources().pop().unwrap();
    let application = report.application.unwrap().to_string();
    assert_ne!(application, contoso.booking.client_id, "not the one that reads rooms");
    assert_eq!(source["client_id"], json!(application));
    let secret = source["client_secret"].as_str().unwrap().to_owned();
    assert!(!format!("{report:?}{report}{}", json!(report)).contains(&secret), "the secret is shown");
    let redirect = format!("https://{DOMAIN}/auth/oauth2/callback?id={}", source["id"].as_str().unwrap());
    let registered = contoso.client.applications().get(report.application.unwrap()).await.unwrap();
    assert_eq!(registered.web.unwrap().redirect_uris, [redirect]);
    let login = domain.fake.domains()[0]["login_url"].clone();
    assert!(login.as_str().unwrap().contains(source["id"].as_str().unwrap()), "{login}");
    // By its own right it reaches nothing.
    assert!(!contoso.tenant.can_read(&application, "ceo@contoso.com"));

    let again = sign_in.plan().await.unwrap();
    assert!(again.is_empty() && again.findings.is_empty(), "{again}");
}

/// Whatever call to PlaceOS fails: the next run makes no second source and no second application.
#[tokio::test]
async fn a_sign_in_that_stops_anywhere_is_finished_by_the_next_run() {
    for at in 0..12 {
        let (contoso, domain) = start().await;
        let sign_in = sign_in(&contoso, &domain);
        let plan = sign_in.plan().await.unwrap();
        domain.fake.fail_after(at, Fault::status(500));
        let first = sign_in.apply(&plan).await;
        domain.fake.clear_faults();
        let again = sign_in.plan().await.unwrap();
        // A secret that was added and not written is lost: it is said, and another one is asked for by another name.
        let lost = again.findings.iter().any(|it| it.kind == RegistrationFindingKind::SecretExists);
        let sign_in = if lost {
            let valid_for = Duration::from_secs(90 * 24 * 60 * 60);
            sign_in.registration(|it| it.secret("PlaceOS User Auth Secret 2", valid_for))
        } else {
            sign_in
        };
        let report = sign_in.apply(&sign_in.plan().await.unwrap()).await.unwrap();
        assert!(report.is_complete(), "{at}: {report}");
        let sources = domain.fake.auth_sources();
        assert_eq!(sources.len(), 1, "{at}: {sources:?}");
        assert!(sources[0]["client_secret"].is_string(), "{at}");
        let finished = sign_in.plan().await.unwrap();
        assert!(finished.is_empty(), "{at}: {finished}");
        let apps = contoso.groups.audit().await.unwrap();
        assert!(apps.unread.is_empty());
        if first.is_ok_and(|report| report.is_complete()) {
            return;
        }
    }
}

#[tokio::test]
async fn a_domain_that_is_not_there_and_a_name_that_is_taken_change_nothing() {
    let (contoso, domain) = start().await;
    let nowhere = sign_in(&contoso, &domain).domain("nowhere.placeos.run").plan().await.unwrap_err();
    assert!(matches!(nowhere, UserSignInError::Blocked(_)), "{nowhere}");
    contoso.tenant.add_application("PlaceOS User Authentication", "secret");
    let sign_in = sign_in(&contoso, &domain);
    let plan = sign_in.plan().await.unwrap();
    assert!(plan.is_empty() && !plan.findings.is_empty(), "{plan}");
    let blocked = sign_in.apply(&plan).await.unwrap_err();
    assert!(matches!(blocked, UserSignInError::Blocked(_)), "{blocked}");
    assert_eq!(domain.fake.auth_sources(), Vec::<Value>::new());
    let going_on = sign_in.registration(|it| it.another(true)).plan().await.unwrap();
    assert!(going_on.steps.iter().any(|step| matches!(step, Step::CreateSource { .. })), "{going_on}");
}
