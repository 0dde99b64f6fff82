//! Where tokens come from, and where they go.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use exchange_groups::graph_client::exchange::{GetMailbox, GetOrganizationConfig};
use exchange_groups::graph_client::{
    AccessToken, Client, ClientSecret, Cloud, Error, ErrorKind, Result, StaticToken, TokenContext, TokenProvider,
};
use exchange_groups_tests::{Contoso, GROUP, quick_retries};
use fake_tenant::{DirectoryRole, FakeTenant, Fault, Matcher, When};
use futures_util::StreamExt;

use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{client_at, new_group};

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (ours, theirs) = (MockServer::builder().start().await, MockServer::builder().start().await);
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"value": []})))
        .mount(&theirs)
        .await;
    for status in [301, 302, 307, 308] {
        ours.reset().await;
        let redirect = ResponseTemplate::new(status).insert_header("location", format!("{}/v1.0/x", theirs.uri()));
        Mock::given(any()).respond_with(redirect).mount(&ours).await;
        let client = client_at(&ours.uri());
        let error = client.organization().get().await.unwrap_err();
        assert_eq!(error.status(), Some(status));
        assert!(error.to_string().contains("Redirects are not followed"), "{error}");
        let error = client.exchange().run(new_group()).await.unwrap_err();
        assert_eq!(error.status(), Some(status));
    }
    assert_eq!(theirs.received_requests().await.unwrap().len(), 0);
}

fn bearer(request: &wiremock::Request) -> Option<String> {
    request.headers.get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned)
}

#[tokio::test]
async fn each_service_sees_its_own_token_and_the_sign_in_service_none() {
    let tenant = FakeTenant::contoso();
    let (graph, exchange, login) =
        (MockServer::builder().start().await, MockServer::builder().start().await, MockServer::builder().start().await);
    for server in [&graph, &exchange, &login] {
        Mock::given(any()).respond_with(tenant.clone()).mount(server).await;
    }
    let (admin, booking) = (tenant.administrator(), tenant.booking_application());
    let client = Client::builder()
        .tenant(tenant.initial_domain())
        .credential(ClientSecret::new(admin.client_id.parse().unwrap(), admin.secret()))
        .cloud(Cloud::custom(graph.uri(), exchange.uri(), login.uri()).unwrap())
        .retry(quick_retries())
        .build()
        .unwrap();
    let spec = exchange_groups::RestrictedCalendarGroup::placeos(GROUP, &*booking.client_id)
        .owner(exchange_groups_tests::OWNER)
        .revoke_tenant_wide_grant(true)
        .must_not_reach("ceo@contoso.com")
        .build()
        .unwrap();
    let groups = exchange_groups::ExchangeGroups::new(client)
        .application(ClientSecret::new(booking.client_id.parse().unwrap(), booking.secret()));
    let plan = groups.plan(&spec).await.unwrap();
    assert!(groups.apply(&plan).await.unwrap().is_complete());
    assert!(groups.prove(&spec).await.unwrap().is_verified());

    let tokens = |requests: &[wiremock::Request]| requests.iter().filter_map(bearer).collect::<BTreeSet<_>>();
    let (to_graph, to_exchange, to_login) = (
        graph.received_requests().await.unwrap(),
        exchange.received_requests().await.unwrap(),
        login.received_requests().await.unwrap(),
    );
    assert_eq!(tokens(&to_graph).len(), 2, "the administrator's and the application's");
    assert_eq!(tokens(&to_exchange).len(), 1, "the administrator's");
    assert!(tokens(&to_graph).is_disjoint(&tokens(&to_exchange)));
    for token in tokens(&to_graph) {
        let token = token.trim_start_matches("Bearer ").to_owned();
        assert!(to_exchange.iter().all(|request| !String::from_utf8_lossy(&request.body).contains(&token)));
    }
    assert!(tokens(&to_login).is_empty());
    assert_eq!(to_login.len(), 3);
    assert!(to_login.iter().all(|request| request.url.path() == "/contoso.onmicrosoft.com/oauth2/v2.0/token"));
    assert!(to_graph.iter().all(|request| request.url.path().starts_with("/v1.0/")));
    assert!(to_exchange.iter().all(|request| request.url.path().starts_with("/adminapi/")));
}

#[tokio::test]
async fn two_hundred_calls_at_once_sign_in_once() {
    let contoso = Contoso::start().await;
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let client = contoso.client.clone();
            tokio::spawn(async move { client.organization().get().await.map(drop) })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(contoso.sign_ins(), 1);
    assert_eq!(contoso.tenant.request_count(), 201);
}

#[tokio::test]
async fn a_token_that_is_revoked_in_the_middle_of_a_list_is_renewed_once() {
    let contoso = Contoso::start().await;
    let mut list = contoso.client.rooms().list().page_size(10).into_pages();
    let mut count = list.next().await.unwrap().unwrap().items.len();
    contoso.tenant.revoke_tokens();
    while let Some(page) = list.next().await {
        count += page.unwrap().items.len();
    }
    assert_eq!((count, contoso.sign_ins()), (40, 2));
}

#[tokio::test]
async fn a_token_that_expired_by_the_services_clock_is_renewed_once() {
    let contoso = Contoso::of(FakeTenant::builder().rooms(2_500).build()).await;
    contoso.client.exchange().run(GetOrganizationConfig::new()).await.unwrap();
    contoso.tenant.advance(Duration::from_secs(3_600));
    assert_eq!(contoso.client.exchange().run(GetMailbox::rooms()).await.unwrap().len(), 2_500);
    assert_eq!(contoso.sign_ins(), 2);
}

#[tokio::test]
async fn a_token_that_is_refused_for_good_is_reported_after_one_renewal() {
    let contoso = Contoso::start().await;
    let refused = || Fault::status(401, json!({"error": {"code": "InvalidAuthenticationToken", "message": "No."}}));
    contoso.tenant.fail_next(Matcher::path("/v1.0/organization").times(9), refused());
    let error = contoso.client.organization().get().await.unwrap_err();
    assert_eq!((error.kind(), error.status(), error.attempts()), (ErrorKind::Auth, Some(401), 2));
    assert_eq!(contoso.sign_ins(), 2);
}

#[tokio::test]
async fn a_role_that_is_granted_later_works_on_the_next_call() {
    let contoso = Contoso::start().await;
    let admin = contoso.tenant.administrator();
    contoso.tenant.remove_directory_role(&admin, DirectoryRole::ExchangeAdministrator);
    let error = contoso.client.exchange().run(GetOrganizationConfig::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.to_string().contains("Exchange Administrator"), "{error}");
    assert!(error.cmdlet().is_some_and(|cmdlet| cmdlet.diagnostics.is_some()), "{error:?}");
    assert_eq!(contoso.sign_ins(), 1, "a denial with a reason is a denial");

    contoso.tenant.assign_directory_role(&admin, DirectoryRole::ExchangeAdministrator);
    contoso.client.exchange().run(GetOrganizationConfig::new()).await.expect("one more sign-in");
    assert_eq!(contoso.sign_ins(), 2);
}

#[tokio::test]
async fn a_refusal_of_nul_bytes_under_a_false_gzip_label_is_read() {
    let contoso = Contoso::start().await;
    let fault = |diagnostics: Option<&str>| Fault::NulBody403 { diagnostics: diagnostics.map(str::to_owned) };
    contoso.tenant.fail_next(Matcher::cmdlet("Get-Mailbox"), fault(Some("2000003;reason=\"No role gives it.\"")));
    let error = contoso.client.exchange().run(GetMailbox::rooms()).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Denied, Some(403)));
    assert!(error.message().contains("No role gives it."), "{error}");
    assert_eq!(contoso.tenant.count("Get-Mailbox"), 1);

    contoso.tenant.fail_next(Matcher::cmdlet("Get-Mailbox").times(9), fault(None));
    let error = contoso.client.exchange().run(GetMailbox::rooms()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Denied, 2));
    assert!(error.advice().is_some_and(|advice| advice.contains("Exchange Administrator")), "{error}");
    assert_eq!(contoso.tenant.count("Get-Mailbox"), 3, "once with a new token");
}

#[tokio::test]
async fn a_refused_sign_in_tells_its_code_and_what_to_do() {
    let contoso = Contoso::start().await;
    let admin = contoso.tenant.administrator();
    let id = |text: &str| text.parse().expect("a client id");
    let expired = contoso.tenant.add_application("Expired", "its secret");
    contoso.tenant.expire_secrets(&expired);
    let disabled = contoso.tenant.add_application("Disabled", "its secret");
    contoso.tenant.set_application_enabled(&disabled, false);
    for (credential, code, advice) in [
        (ClientSecret::new(id(&admin.client_id), "wrong"), "AADSTS7000215", "not the secret's id"),
        (ClientSecret::new(id("8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01"), "any"), "AADSTS700016", "client id"),
        (ClientSecret::new(id(&expired.client_id), "its secret"), "AADSTS7000222", "expired"),
        (ClientSecret::new(id(&disabled.client_id), "its secret"), "AADSTS7000112", "disabled"),
    ] {
        contoso.tenant.clear_requests();
        let error = contoso.client.with_credential(credential).organization().get().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some(code)));
        assert!(error.advice().is_some_and(|text| text.contains(advice)), "{error}");
        assert!(error.operation().starts_with("sign in to contoso.onmicrosoft.com"), "{error}");
        assert!(error.request_id().is_some(), "the trace id: {error:?}");
        assert!(!error.is_retryable());
        assert_eq!(contoso.tenant.request_count(), 1, "{code} is final, and nothing else is sent");
    }
}

#[tokio::test]
async fn an_unknown_tenant_is_told() {
    let contoso = Contoso::start().await;
    let admin = contoso.tenant.administrator();
    let client = Client::builder()
        .tenant("fabrikam.com")
        .credential(ClientSecret::new(admin.client_id.parse().unwrap(), admin.secret()))
        .cloud(contoso.cloud())
        .build()
        .unwrap();
    let error = client.exchange().run(GetOrganizationConfig::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some("AADSTS90002")));
    assert!(error.to_string().contains("fabrikam.com") && error.to_string().contains("verified domain"), "{error}");
}

#[tokio::test]
async fn a_sign_in_service_in_trouble_is_asked_again() {
    let contoso = Contoso::start().await;
    contoso.tenant.fail_next(Matcher::path("/oauth2/"), Fault::Html { status: 503 });
    contoso.tenant.fail_next(Matcher::path("/oauth2/"), Fault::DropConnection(When::BeforeEffect));
    let transient = json!({"error": "invalid_request", "error_description": "AADSTS90033: A transient error has occurred. Please try again.", "error_codes": [90033]});
    contoso.tenant.fail_next(Matcher::path("/oauth2/"), Fault::status(400, transient));
    contoso.client.organization().get().await.unwrap();
    assert_eq!(contoso.sign_ins(), 4);
}

#[tokio::test]
async fn the_old_token_serves_while_it_holds_when_no_new_one_can_be_had() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_token_lifetime(Duration::from_secs(4));
    contoso.client.organization().get().await.unwrap();
    // A token is renewed after half of a short life.
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    let refused =
        json!({"error": "invalid_client", "error_description": "AADSTS7000222: Expired.", "error_codes": [7_000_222]});
    contoso.tenant.fail_next(Matcher::path("/oauth2/"), Fault::status(401, refused));
    contoso.client.organization().get().await.expect("the old token holds for some time");
    assert_eq!(contoso.sign_ins(), 2, "a new one was asked for");
    contoso.client.organization().get().await.unwrap();
    assert_eq!(contoso.sign_ins(), 2, "and is not asked for by every call");
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    contoso.client.organization().get().await.unwrap();
    assert_eq!(contoso.sign_ins(), 3, "until the old one has ended");
}

#[tokio::test]
async fn given_tokens_are_used_as_they_are() {
    let contoso = Contoso::start().await;
    let admin = contoso.tenant.administrator();
    let tokens = StaticToken::graph(contoso.tenant.graph_token(&admin));
    let client = contoso.client_with_tokens(tokens);
    client.organization().get().await.unwrap();
    let error = client.exchange().run(GetOrganizationConfig::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(error.to_string().contains("Exchange Online"), "{error}");
    assert!(error.advice().is_some_and(|advice| advice.contains("one resource")), "{error}");

    contoso.tenant.revoke_tokens();
    contoso.tenant.clear_requests();
    let error = client.organization().get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some("InvalidAuthenticationToken")));
    assert_eq!(contoso.tenant.request_count(), 1, "there is no other token to try");
}

#[derive(Debug)]
struct Vault {
    asked: Arc<AtomicUsize>,
    tenant: FakeTenant,
}

#[async_trait::async_trait]
impl TokenProvider for Vault {
    async fn token(&self, context: &TokenContext) -> Result<AccessToken> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let admin = self.tenant.administrator();
        let token = match context.scope() {
            "https://graph.microsoft.com/.default" => self.tenant.graph_token(&admin),
            "https://outlook.office365.com/.default" => self.tenant.exchange_token(&admin),
            other => return Err(Error::auth(format!("the vault has no token for {other}"))),
        };
        AccessToken::new(token, SystemTime::now() + Duration::from_secs(3_600))
    }
}

#[tokio::test]
async fn a_token_provider_of_the_caller_is_asked_once_per_service() {
    let contoso = Contoso::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let vault = Vault { asked: Arc::clone(&asked), tenant: contoso.tenant.clone() };
    let client = contoso.client.with_credential(vault);
    for _ in 0..3 {
        client.organization().get().await.unwrap();
        client.exchange().run(GetOrganizationConfig::new()).await.unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert_eq!(contoso.sign_ins(), 0);
}

#[tokio::test]
async fn one_credential_chosen_at_run_time_serves_several_clients() {
    let contoso = Contoso::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let vault: Arc<dyn TokenProvider> = Arc::new(Vault { asked: Arc::clone(&asked), tenant: contoso.tenant.clone() });
    for _ in 0..2 {
        contoso.client.with_credential(Arc::clone(&vault)).organization().get().await.unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2, "each client keeps tokens of its own");
    assert_eq!(contoso.sign_ins(), 0);
}
