//! The credentials of the application: expiry, and a rotation step by step.

use std::time::Duration;

use exchange_groups::graph_client::graph::{KeyCredential, Timestamp};
use exchange_groups::graph_client::{ClientId, Service};
use exchange_groups::{CredentialState as State, ErrorKind, ExchangeGroups};
use exchange_groups_tests::{Contoso, quick_wait};
use fake_tenant::{Fault, Matcher};
use serde_json::json;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The administrator may change registrations here.
async fn start() -> (Contoso, ExchangeGroups, ClientId) {
    let contoso = Contoso::start().await;
    contoso.tenant.grant_app_role(contoso.tenant.administrator(), "Application.ReadWrite.All");
    let groups = ExchangeGroups::new(contoso.new_client()).wait(quick_wait());
    let application = contoso.booking.client_id.parse().expect("a client id");
    (contoso, groups, application)
}

#[tokio::test]
async fn an_expired_secret_and_one_that_expires_soon_are_told_apart() {
    let (contoso, groups, application) = start().await;
    groups.add_secret(application, "rooms 2026-11", 90 * DAY).await.unwrap();
    let now = groups.credentials(application, 30 * DAY).await.unwrap();
    assert_eq!((now.credentials.len(), now.credentials[0].name.as_deref()), (2, Some("rooms 2026-11")), "{now}");
    assert!([89, 90].contains(&now.days_to_first_expiry().unwrap()), "{now}");
    assert_eq!(now.credentials[0].states, [State::Valid], "{now}");
    assert_eq!(now.credentials[1].states, [State::NoEnd], "the other one shows no end: {now}");
    let soon = groups.credentials(application, 91 * DAY).await.unwrap();
    assert_eq!(soon.credentials[0].states, [State::ExpiresSoon], "{soon}");
    contoso.tenant.expire_secrets(&contoso.booking);
    let expired = groups.credentials(application, DAY).await.unwrap();
    assert!(expired.credentials[0].states.contains(&State::Expired), "{expired}");
    assert_eq!(expired.states, [State::NoneValid], "{expired}");
    assert_eq!(expired.days_to_first_expiry(), None);
    assert!(expired.to_string().contains("expired"), "{expired}");
    assert_eq!(expired, serde_json::from_str(&serde_json::to_string(&expired).unwrap()).unwrap());
}

#[tokio::test]
async fn a_secret_is_rotated_step_by_step_and_the_old_one_goes_last() {
    let (contoso, groups, application) = start().await;
    let old = groups.credentials(application, DAY).await.unwrap().credentials[0].key_id.clone().unwrap();
    let new = groups.add_secret(application, "rooms 2026-11", 90 * DAY).await.unwrap();
    assert!(new.end.is_some() && !format!("{new:?}").contains("secret:"), "{new:?}");
    groups.verify_secret(&new).await.unwrap();
    let old_works = contoso.client_as(&contoso.booking).token_claims(Service::Graph).await;
    assert!(old_works.is_ok(), "both are valid until the product has the new one");

    // Running twice adds one.
    let again = groups.add_secret(application, "rooms 2026-11", 90 * DAY).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Blocked, "{again}");
    let third = groups.add_secret(application, "another", 90 * DAY).await.unwrap_err();
    assert_eq!(third.kind(), ErrorKind::Blocked, "{third}");

    groups.remove_secret(application, &old).await.unwrap();
    let left = groups.credentials(application, DAY).await.unwrap();
    assert_eq!(left.credentials.len(), 1, "{left}");
    assert_eq!(left.credentials[0].name.as_deref(), Some("rooms 2026-11"));
    groups.verify_secret(&new).await.unwrap();
    let last = groups.remove_secret(application, &new.key_id).await.unwrap_err();
    assert!(last.kind() == ErrorKind::Blocked && last.to_string().contains("last secret"), "{last}");
    let gone = groups.remove_secret(application, &old).await.unwrap_err();
    assert!(gone.to_string().contains("no secret with the key id"), "{gone}");
}

/// A secret whose text nobody has is not left behind, or it is said that it may be there.
#[tokio::test]
async fn a_secret_whose_response_is_lost_is_taken_away_again() {
    let (contoso, groups, application) = start().await;
    let before = contoso.tenant.secrets(&contoso.booking);
    let lost = || contoso.tenant.fail_next(Matcher::path("/addPassword"), Fault::AnswerLost { status: 502 });
    lost();
    let error = groups.add_secret(application, "rooms 2026-11", 90 * DAY).await.unwrap_err();
    assert_eq!(contoso.tenant.secrets(&contoso.booking), before, "{error}");
    assert!(!error.to_string().contains("may have happened"), "{error}");

    lost();
    let no = json!({ "error": { "code": "Authorization_RequestDenied", "message": "No." } });
    contoso.tenant.fail_next(Matcher::path("/removePassword"), Fault::status(403, no));
    let error = groups.add_secret(application, "rooms 2026-11", 90 * DAY).await.unwrap_err();
    assert_eq!(contoso.tenant.secrets(&contoso.booking).len(), before.len() + 1);
    assert!(error.to_string().contains("may have happened"), "{error}");
    let left = groups.add_secret(application, "rooms 2026-11", 90 * DAY).await.unwrap_err();
    assert_eq!(left.kind(), ErrorKind::Blocked, "{left}");
}

/// Only a secret that works now replaces another one; certificates, keys for other purposes and secrets of next month do not.
#[tokio::test]
async fn the_last_secret_that_works_now_stays_and_one_that_does_not_work_goes() {
    let (contoso, groups, application) = start().await;
    let old = groups.credentials(application, DAY).await.unwrap().credentials[0].key_id.clone().unwrap();
    let applications = contoso.client.applications();
    let administrator = contoso.tenant.graph_token(contoso.tenant.administrator());
    let start = Timestamp::from(std::time::SystemTime::now() + 30 * DAY);
    let url = format!(
        "{}/v1.0/applications(appId='{application}')/addPassword",
        contoso.cloud().graph_url().as_str().trim_end_matches('/')
    );
    let body = json!({ "passwordCredential": { "displayName": "next month", "startDateTime": start.to_string() } });
    let request = reqwest::Client::new().post(url).bearer_auth(administrator).body(body.to_string());
    let added = request.header("Content-Type", "application/json").send().await.unwrap();
    assert!(added.status().is_success(), "{}", added.text().await.unwrap());
    let mut encryption = KeyCredential::certificate("encryption", "AAAA");
    encryption.usage = Some("Encrypt".into());
    applications.set_keys(application, &[KeyCredential::certificate("sign-in", "AAAA"), encryption]).await.unwrap();

    let now = groups.credentials(application, DAY).await.unwrap();
    let states = |name: &str| {
        let it = now.credentials.iter().find(|it| it.name.as_deref() == Some(name));
        it.unwrap_or_else(|| panic!("no {name}: {now}")).states.clone()
    };
    assert!(states("next month").contains(&State::NotYetValid), "{now}");
    assert!(states("encryption").contains(&State::NotForSignIn) && !states("sign-in").contains(&State::NotForSignIn));
    let last = groups.remove_secret(application, &old).await.unwrap_err();
    assert!(last.kind() == ErrorKind::Blocked && last.to_string().contains("last secret"), "{last}");
    // What does not work is no reason to keep it.
    contoso.tenant.expire_secrets(&contoso.booking);
    groups.remove_secret(application, &old).await.unwrap();
}

#[tokio::test]
async fn a_secret_that_lives_too_long_is_told() {
    let (_contoso, groups, application) = start().await;
    groups.add_secret(application, "two years", 730 * DAY).await.unwrap();
    let credentials = groups.credentials(application, DAY).await.unwrap();
    let long = credentials.credentials.iter().find(|it| it.name.as_deref() == Some("two years")).unwrap();
    assert!(long.states.contains(&State::LongLived), "{credentials}");
}

/// What may not be read is an error, and never an application without secrets.
#[tokio::test]
async fn credentials_that_may_not_be_read_are_no_answer() {
    let contoso = Contoso::start().await;
    let body = json!({ "error": { "code": "Authorization_RequestDenied", "message": "Insufficient privileges." } });
    contoso.tenant.fail_next(Matcher::path("/applications"), Fault::status(403, body));
    let error = contoso.groups.credentials(contoso.booking.client_id.parse().unwrap(), DAY).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service, "{error}");
}
