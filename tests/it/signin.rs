//! Sign-in over sockets: what each credential sends, what each refusal leads to, and what is never shown.
//!
//! The forms and answers are those of Microsoft's identity platform documentation and of RFC 8628.

use std::collections::{HashMap, VecDeque};
use std::error::Error as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use exchange_groups::graph_client::exchange::GetOrganizationConfig;
use exchange_groups::graph_client::{
    AccessToken, Client, ClientAssertion, ClientCertificate, ClientId, ClientSecret, Cloud, DeviceCode, Error,
    ErrorKind, Method, Result, Service, SignInReason, StaticToken, TokenProvider,
};
use exchange_groups_tests::quick_retries;
use fake_tenant::FakeTenant;
use serde_json::{Value, json};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const APP: &str = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01";
const TOKEN: &str = "/contoso.com/oauth2/v2.0/token";
const KEY: &str = include_str!("../../graph-client/src/auth/testdata/key.pem");
const CERTIFICATE: &str = include_str!("../../graph-client/src/auth/testdata/certificate.pem");

fn app() -> ClientId {
    APP.parse().expect("a GUID")
}

/// A sign-in service, Graph and Exchange on one server.
struct Services {
    server: MockServer,
}

impl Services {
    /// The token end point gives these answers, then tokens without end: `token-1`, `token-2` and so on.
    async fn start(answers: Vec<ResponseTemplate>) -> Self {
        let server = MockServer::builder().start().await;
        let state = Mutex::new((VecDeque::from(answers), 0));
        let respond = move |_: &Request| {
            let mut state = state.lock().expect("no panic");
            state.0.pop_front().unwrap_or_else(|| {
                state.1 += 1;
                granted(&format!("token-{}", state.1))
            })
        };
        Mock::given(method("POST")).and(path(TOKEN)).respond_with(respond).mount(&server).await;
        Self { server }
    }

    /// Graph takes every token.
    async fn with_graph(self) -> Self {
        let organisation = ResponseTemplate::new(200).set_body_json(json!({"value": []}));
        Mock::given(path("/v1.0/organization")).respond_with(organisation).with_priority(9).mount(&self.server).await;
        self
    }

    fn client(&self, credential: impl TokenProvider) -> Client {
        let uri = self.server.uri();
        Client::builder()
            .tenant("contoso.com")
            .credential(credential)
            .cloud(Cloud::custom(&uri, &uri, &uri).expect("addresses on this machine"))
            .retry(quick_retries())
            .build()
            .expect("all is given")
    }

    async fn requests(&self, path: &str) -> Vec<Request> {
        let all = self.server.received_requests().await.expect("they are recorded");
        all.into_iter().filter(|request| request.url.path() == path).collect()
    }

    /// The forms that the token end point was sent.
    async fn forms(&self) -> Vec<HashMap<String, String>> {
        self.requests(TOKEN).await.iter().map(form).collect()
    }
}

fn form(request: &Request) -> HashMap<String, String> {
    let mut url = request.url.clone();
    url.set_query(Some(std::str::from_utf8(&request.body).expect("a form")));
    url.query_pairs().into_owned().collect()
}

fn granted(token: &str) -> ResponseTemplate {
    let body = json!({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token});
    ResponseTemplate::new(200).set_body_json(body)
}

fn refused(status: u16, error: &str, code: u32) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({
        "error": error,
        "error_description": format!("AADSTS{code}: The reason. Trace ID: trace Correlation ID: correlation Timestamp: 2026-11-22 10:00:00Z"),
        "error_codes": [code],
        "timestamp": "2026-11-22 10:00:00Z",
        "trace_id": "trace",
        "correlation_id": "correlation",
        "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
    }))
}

async fn organisation(client: &Client) -> Result<Value> {
    client.request(Method::GET, "/v1.0/organization").json().await
}

fn reason(error: &Error) -> SignInReason {
    error.sign_in().expect("a refusal of the sign-in service").reason()
}

#[tokio::test]
async fn a_certificate_signs_an_assertion_for_the_token_end_point() {
    let services = Services::start(Vec::new()).await.with_graph().await;
    let credential = || ClientCertificate::new(app(), CERTIFICATE, KEY).unwrap();
    organisation(&services.client(credential())).await.unwrap();
    organisation(&services.client(credential())).await.unwrap();

    let forms = services.forms().await;
    let part = |form: &HashMap<String, String>, index| -> Value {
        let part = form["client_assertion"].split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(forms.len(), 2);
    assert_eq!(forms[0]["grant_type"], "client_credentials");
    assert_eq!(forms[0]["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert_eq!(forms[0]["scope"], "https://graph.microsoft.com/.default");
    assert_eq!(forms[0]["client_id"], APP);
    assert!(!forms[0].contains_key("client_secret"));
    assert_eq!(part(&forms[0], 0)["alg"], "PS256");
    let claims = part(&forms[0], 1);
    assert_eq!(claims["aud"], format!("{}{TOKEN}", services.server.uri()));
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!(APP), &json!(APP)));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert!(claims["nbf"].as_u64().unwrap().abs_diff(now) < 60);
    assert_ne!(part(&forms[1], 1)["jti"], claims["jti"], "an assertion is used once");
}

#[tokio::test]
async fn a_token_file_is_read_at_each_sign_in() {
    // Tokens that are over at once, so that each call signs in.
    let over = || ResponseTemplate::new(200).set_body_json(json!({"access_token": "t", "expires_in": "0"}));
    let services = Services::start(vec![over(), over()]).await.with_graph().await;
    let file = std::env::temp_dir().join(format!("graph-client-assertion-{}", std::process::id()));
    let client = services.client(ClientAssertion::from_file(app(), &file));

    let error = organisation(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(error.message().contains(file.to_str().unwrap()) && error.source().is_some(), "{error}");

    for assertion in ["first", "second\n"] {
        std::fs::write(&file, assertion).unwrap();
        organisation(&client).await.unwrap();
    }
    std::fs::write(&file, "\n").unwrap();
    let error = organisation(&client).await.unwrap_err();
    assert!(error.message().contains("empty"), "{error}");
    std::fs::remove_file(&file).unwrap();

    let sent: Vec<_> = services.forms().await.iter().map(|form| form["client_assertion"].clone()).collect();
    assert_eq!(sent, ["first", "second"]);
}

#[tokio::test]
async fn a_callback_is_told_what_to_sign_and_its_failure_is_the_source() {
    let services = Services::start(Vec::new()).await.with_graph().await;
    let credential = ClientAssertion::new(app(), |wanted| async move {
        assert_eq!(wanted.client_id(), app());
        Ok(format!("signed for {}", wanted.audience()))
    });
    organisation(&services.client(credential)).await.unwrap();
    let expected = format!("signed for {}{TOKEN}", services.server.uri());
    assert_eq!(services.forms().await[0]["client_assertion"], expected);

    let credential = ClientAssertion::new(app(), |_| async {
        Err(Error::auth("the vault is sealed").with_source(std::io::Error::other("sealed")))
    });
    let error = organisation(&services.client(credential)).await.unwrap_err();
    assert!(error.operation().contains(APP) && error.message() == "the vault is sealed", "{error}");
    assert_eq!(error.source().unwrap().to_string(), "sealed");
}

#[tokio::test]
async fn a_new_application_is_waited_for_and_another_is_not() {
    let lag = || {
        vec![
            refused(400, "unauthorized_client", 700_016),
            refused(401, "invalid_client", 7_000_215),
            refused(400, "unauthorized_client", 7_000_112),
            refused(401, "invalid_client", 700_027),
        ]
    };
    let services = Services::start(lag()).await.with_graph().await;
    organisation(&services.client(ClientSecret::new(app(), "s").just_created())).await.unwrap();
    assert_eq!(services.forms().await.len(), 5);

    let services = Services::start(lag()).await.with_graph().await;
    let certificate = ClientCertificate::new(app(), CERTIFICATE, KEY).unwrap().just_created();
    organisation(&services.client(certificate)).await.unwrap();
    let forms = services.forms().await;
    assert_ne!(forms[0]["client_assertion"], forms[4]["client_assertion"], "each attempt has its own assertion");

    let services = Services::start(lag()).await.with_graph().await;
    let error = organisation(&services.client(ClientSecret::new(app(), "s"))).await.unwrap_err();
    assert_eq!((services.forms().await.len(), reason(&error)), (1, SignInReason::ApplicationNotFound));

    // A secret that has expired is not new, whatever the caller says.
    let services = Services::start(vec![refused(401, "invalid_client", 7_000_222)]).await;
    let error = organisation(&services.client(ClientSecret::new(app(), "s").just_created())).await.unwrap_err();
    assert_eq!((services.forms().await.len(), reason(&error)), (1, SignInReason::ExpiredSecret));
}

#[tokio::test]
async fn passing_faults_are_repeated_and_refusals_are_typed() {
    let faults = vec![refused(400, "invalid_request", 90_033), refused(400, "temporarily_unavailable", 1)];
    let services = Services::start(faults).await.with_graph().await;
    organisation(&services.client(ClientSecret::new(app(), "s"))).await.unwrap();
    assert_eq!(services.forms().await.len(), 3);

    let services = Services::start(vec![refused(401, "invalid_client", 7_000_215)]).await;
    let error = organisation(&services.client(ClientSecret::new(app(), "s"))).await.unwrap_err();
    let sign_in = error.sign_in().unwrap();
    assert_eq!((error.kind(), error.status(), error.code()), (ErrorKind::Auth, Some(401), Some("AADSTS7000215")));
    assert_eq!((sign_in.error(), sign_in.codes()), ("invalid_client", [7_000_215].as_slice()));
    assert_eq!((sign_in.trace_id(), sign_in.correlation_id()), (Some("trace"), Some("correlation")));
    assert_eq!(error.message(), "The reason.");
    assert!(error.advice().unwrap().contains("value, not the secret's id"));
}

const DEVICE_CODE: &str = "/contoso.com/oauth2/v2.0/devicecode";

async fn issue_device_codes(services: &Services) {
    let issued = ResponseTemplate::new(200).set_body_json(json!({
        "device_code": "device-code-secret", "user_code": "FJC3QZ", "expires_in": 900, "interval": 1,
        "verification_uri": "https://microsoft.com/devicelogin", "message": "Open the page and enter FJC3QZ.",
    }));
    Mock::given(method("POST")).and(path(DEVICE_CODE)).respond_with(issued).mount(&services.server).await;
}

fn signed_in(token: &str, refresh_token: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "token_type": "Bearer", "scope": "User.Read", "expires_in": 3599, "access_token": token,
        "refresh_token": refresh_token, "id_token": "id",
    }))
}

fn device_code() -> (DeviceCode, Arc<Mutex<Vec<String>>>) {
    let prompts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&prompts);
    let credential = DeviceCode::new(app(), move |prompt| {
        assert_eq!((prompt.user_code(), prompt.verification_uri()), ("FJC3QZ", "https://microsoft.com/devicelogin"));
        assert!(prompt.expires_at() > SystemTime::now() + Duration::from_secs(800));
        seen.lock().expect("no panic").push(prompt.message().to_owned());
    });
    (credential, prompts)
}

#[tokio::test]
async fn one_person_signs_in_once_for_both_services() {
    let pending = refused(400, "authorization_pending", 70_016);
    let answers = vec![pending, signed_in("first", "refresh-1"), signed_in("second", "refresh-2")];
    let services = Services::start(answers).await.with_graph().await;
    issue_device_codes(&services).await;
    let (credential, prompts) = device_code();
    let client = services.client(credential.clone());

    // Both at once: the second waits for the person whom the first has asked.
    let (graph, exchange) = tokio::join!(client.token_claims(Service::Graph), client.token_claims(Service::Exchange));
    assert!(graph.is_err() && exchange.is_err(), "the tokens are opaque");
    organisation(&client).await.unwrap();
    assert_eq!(*prompts.lock().unwrap(), ["Open the page and enter FJC3QZ."]);

    let asked = form(&services.requests(DEVICE_CODE).await[0]);
    assert_eq!((asked["client_id"].as_str(), asked.len()), (APP, 2));
    assert_eq!(asked["scope"], "https://graph.microsoft.com/.default offline_access");
    let forms = services.forms().await;
    assert_eq!(forms.len(), 3);
    assert_eq!(forms[0], forms[1]);
    assert_eq!(forms[0]["grant_type"], "urn:ietf:params:oauth:grant-type:device_code");
    assert_eq!(forms[0]["device_code"], "device-code-secret");
    assert_eq!(forms[2]["grant_type"], "refresh_token");
    assert_eq!(forms[2]["refresh_token"], "refresh-1");
    assert_eq!(forms[2]["scope"], "https://outlook.office365.com/.default offline_access");

    // A client with a clone of the credential asks nobody, and uses the newest refresh token.
    organisation(&client.with_credential(credential)).await.unwrap();
    assert_eq!(services.forms().await[3]["refresh_token"], "refresh-2");
    assert_eq!(prompts.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_dead_refresh_token_leads_to_the_person_and_a_policy_does_not() {
    let answers = vec![
        signed_in("first", "refresh-1"),
        refused(400, "invalid_grant", 50_173),
        signed_in("second", "refresh-2"),
        refused(400, "invalid_grant", 53_003),
    ];
    let services = Services::start(answers).await.with_graph().await;
    issue_device_codes(&services).await;
    let (credential, prompts) = device_code();
    let client = services.client(credential.clone());
    organisation(&client).await.unwrap();
    organisation(&client.with_credential(credential.clone())).await.unwrap();
    assert_eq!(prompts.lock().unwrap().len(), 2);
    assert!(!services.forms().await[2].contains_key("refresh_token"));

    let error = organisation(&client.with_credential(credential)).await.unwrap_err();
    assert_eq!(reason(&error), SignInReason::BlockedByPolicy);
    assert_eq!(prompts.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_device_code_sign_in_may_be_dropped_declined_or_forbidden() {
    let answers = vec![refused(400, "authorization_pending", 70_016), refused(400, "authorization_declined", 70_000)];
    let services = Services::start(answers).await.with_graph().await;
    issue_device_codes(&services).await;
    let (credential, prompts) = device_code();
    let client = services.client(credential);
    let dropped = tokio::time::timeout(Duration::from_millis(1500), organisation(&client)).await;
    assert!(dropped.is_err());
    let error = organisation(&client).await.unwrap_err();
    assert_eq!((reason(&error), error.kind()), (SignInReason::Declined, ErrorKind::Auth));
    organisation(&client).await.unwrap();
    assert_eq!(prompts.lock().unwrap().len(), 3, "each of the three sign-ins asked");

    let services = Services::start(Vec::new()).await;
    let forbidden = refused(401, "invalid_client", 7_000_218);
    Mock::given(path(DEVICE_CODE)).respond_with(forbidden).mount(&services.server).await;
    let (credential, prompts) = device_code();
    let error = organisation(&services.client(credential)).await.unwrap_err();
    assert_eq!(reason(&error), SignInReason::CredentialMismatch);
    assert!(error.advice().unwrap().contains("public client flows"));
    assert_eq!(prompts.lock().unwrap().len(), 0);
}

const DEMAND: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#;

fn challenge() -> ResponseTemplate {
    let bearer = format!(
        r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000", error_description="Continuous access evaluation resulted in challenge, with a comma", claims="{}", error="insufficient_claims""#,
        STANDARD.encode(DEMAND)
    );
    ResponseTemplate::new(401)
        .append_header("WWW-Authenticate", r#"Negotiate, Basic realm="claims=x, y""#)
        .append_header("WWW-Authenticate", bearer.as_str())
        .set_body_json(json!({"error": {"code": "InvalidAuthenticationToken", "message": "Continuous access evaluation resulted in claims challenge with result: InteractionRequired"}}))
}

/// Graph challenges these tokens.
async fn challenge_tokens(services: &Services, tokens: &'static str) {
    let is_challenged = move |request: &Request| {
        let value = request.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.strip_prefix("Bearer ").is_some_and(|token| tokens.split(' ').any(|challenged| challenged == token))
    };
    let graph = Mock::given(path_regex("^/v1.0/")).and(is_challenged);
    graph.respond_with(challenge()).with_priority(1).mount(&services.server).await;
}

#[tokio::test]
async fn a_claims_challenge_is_met_by_one_new_token() {
    let services = Services::start(Vec::new()).await.with_graph().await;
    challenge_tokens(&services, "token-1").await;
    let client = services.client(ClientSecret::new(app(), "s").with_claims_challenges());
    organisation(&client).await.unwrap();

    let forms = services.forms().await;
    let claims = |index: usize| serde_json::from_str::<Value>(&forms[index]["claims"]).unwrap();
    assert_eq!(forms.len(), 2);
    assert_eq!(claims(0), json!({"access_token": {"xms_cc": {"values": ["cp1"]}}}));
    let nbf = json!({"essential": true, "value": "1604106651"});
    assert_eq!(claims(1), json!({"access_token": {"nbf": nbf, "xms_cc": {"values": ["cp1"]}}}));

    // Exchange evaluates no application's token continuously, and whoever did not opt in asks for nothing.
    client.token_claims(Service::Exchange).await.unwrap_err();
    assert!(!services.forms().await[2].contains_key("claims"));
    organisation(&client.with_credential(ClientSecret::new(app(), "s"))).await.unwrap();
    assert!(!services.forms().await[3].contains_key("claims"));
}

#[tokio::test]
async fn a_second_challenge_is_an_error_that_says_what_is_demanded() {
    let services = Services::start(Vec::new()).await.with_graph().await;
    challenge_tokens(&services, "token-1 token-2").await;
    let client = services.client(ClientSecret::new(app(), "s").with_claims_challenges());
    let error = organisation(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.status(), error.attempts()), (ErrorKind::Auth, Some(401), 2));
    assert_eq!(error.claims_challenge(), Some(DEMAND));
    assert_eq!(services.forms().await.len(), 2);
    assert_eq!(services.requests("/v1.0/organization").await.len(), 2);
}

#[tokio::test]
async fn a_challenge_that_cannot_be_met_says_why_and_drops_the_token() {
    let answers = vec![granted("revoked"), refused(400, "invalid_grant", 53_003)];
    let services = Services::start(answers).await.with_graph().await;
    challenge_tokens(&services, "revoked").await;
    let client = services.client(ClientSecret::new(app(), "s").with_claims_challenges());
    let error = organisation(&client).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(401), Some("InvalidAuthenticationToken")));
    assert_eq!((reason(&error), error.claims_challenge()), (SignInReason::BlockedByPolicy, Some(DEMAND)));
    assert!(error.advice().unwrap().contains("Conditional Access"), "{error}");

    organisation(&client).await.unwrap();
    assert_eq!(services.requests("/v1.0/organization").await.len(), 2, "the revoked token was not sent again");
}

#[tokio::test]
async fn two_hundred_challenged_calls_share_one_new_token() {
    let services = Services::start(Vec::new()).await.with_graph().await;
    challenge_tokens(&services, "token-1").await;
    let client = services.client(ClientSecret::new(app(), "s").with_claims_challenges());
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { organisation(&client).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(services.forms().await.len(), 2);
}

#[tokio::test]
async fn a_preflight_asks_which_roles_the_token_carries() {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.unwrap();
    let administrator = tenant.administrator();
    let client = Client::builder()
        .tenant(tenant.initial_domain())
        .credential(ClientSecret::new(administrator.client_id.parse().unwrap(), administrator.secret()))
        .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url()).unwrap())
        .build()
        .unwrap();
    let exchange = client.token_claims(Service::Exchange).await.unwrap();
    assert!(exchange.has_role("Exchange.ManageAsApp") && exchange.is_application());
    assert_eq!(exchange.client_id.unwrap().to_string(), administrator.client_id);
    let graph = client.token_claims(Service::Graph).await.unwrap();
    assert!(graph.has_role("Place.Read.All") && !graph.has_role("Exchange.ManageAsApp"), "{:?}", graph.roles);
    assert!(graph.expires_at.unwrap() > SystemTime::now());

    // A token without roles is issued all the same, and one that cannot be read may serve.
    let error = client.with_credential(StaticToken::graph("opaque")).token_claims(Service::Graph).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_an_error_without_the_token() {
    for body in [
        json!({"access_token": ["hunter2"], "expires_in": 3599}),
        json!({"access_token": "hunter2"}),
        json!({"access_token": "hunter2", "expires_in": "hunter2"}),
        json!({"access_token": "hunter2\n", "expires_in": 3599}),
        json!({"access_token": "hunter2", "expires_in": u64::MAX}),
    ] {
        let services = Services::start(vec![ResponseTemplate::new(200).set_body_json(&body)]).await;
        let error = organisation(&services.client(ClientSecret::new(app(), "s"))).await.unwrap_err();
        let shown = format!("{error} {error:?} {error:#?} {:?}", error.source().map(ToString::to_string));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(matches!(error.kind(), ErrorKind::Decode | ErrorKind::Auth), "{error}");
    }
}

/// Collects what is traced.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_traced_or_shown() {
    use tracing_subscriber::fmt::format::FmtSpan;

    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

    let answers = vec![
        granted("token-hunter2"),
        refused(400, "invalid_grant", 53_003),
        signed_in("token-hunter2", "refresh-hunter2"),
        granted("token-hunter2"),
        refused(400, "invalid_request", 90_033),
        granted("token-hunter2"),
        granted("token-hunter2"),
    ];
    let services = Services::start(answers).await.with_graph().await;
    challenge_tokens(&services, "token-hunter2").await;
    issue_device_codes(&services).await;
    let mut shown = String::new();
    let mut show = |things: &[&dyn std::fmt::Debug]| {
        for thing in things {
            shown.extend([format!("{thing:?}"), format!("{thing:#?}")]);
        }
    };

    let secret = ClientSecret::new(app(), "secret-hunter2").with_claims_challenges();
    show(&[&secret]);
    let client = services.client(secret);
    show(&[&client, &organisation(&client).await.unwrap_err()]);
    let (device, _) = device_code();
    show(&[&device]);
    let client = services.client(device.clone());
    show(&[&client, &organisation(&client).await.unwrap_err(), &device]);
    let assertion = ClientAssertion::new(app(), |_| async { Ok("assertion-hunter2".to_owned()) });
    show(&[&assertion]);
    show(&[&organisation(&services.client(assertion)).await.unwrap_err()]);
    let certificate = ClientCertificate::new(app(), CERTIFICATE, KEY).unwrap();
    show(&[&certificate]);
    organisation(&services.client(certificate)).await.unwrap();
    show(&[&StaticToken::graph("static-hunter2"), &AccessToken::new("hunter2", SystemTime::now()).unwrap()]);
    drop(guard);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("graph.sign_in"), "the sign-ins were traced");
    let ours: String = log.lines().filter(|line| line.contains("graph_client")).collect();
    let sent: Vec<String> = services
        .forms()
        .await
        .into_iter()
        .flat_map(|form| ["client_assertion", "device_code"].map(|name| form.get(name).cloned()))
        .flatten()
        .collect();
    assert!(sent.iter().any(|text| text.starts_with("eyJ")) && sent.iter().any(|text| text == "device-code-secret"));
    for secret in ["hunter2", "FJC3QZ", &KEY[60..100]].into_iter().chain(sent.iter().map(String::as_str)) {
        assert!(!shown.contains(secret), "{secret} is shown:\n{shown}");
        assert!(!ours.contains(secret), "{secret} is traced:\n{ours}");
    }
}

#[tokio::test]
async fn a_long_lived_token_is_renewed_when_the_service_wishes() {
    let answer = |refresh_in: Value| {
        let body = json!({"access_token": "t", "expires_in": "86399", "refresh_in": refresh_in});
        ResponseTemplate::new(200).set_body_json(body)
    };
    let services = Services::start(vec![answer(json!("0")), answer(json!(43199))]).await.with_graph().await;
    let client = services.client(ClientSecret::new(app(), "s"));
    for sign_ins in [1, 2, 2] {
        organisation(&client).await.unwrap();
        assert_eq!(services.forms().await.len(), sign_ins);
    }
}

#[tokio::test]
async fn the_delegated_user_is_named_by_the_token() {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"scp": "Exchange.Manage", "upn": "exchange.admin@contoso.com", "idtyp": "user"});
    let token = format!("{}.{}.c2ln", part(json!({"alg": "RS256"})), part(claims));
    let services = Services::start(vec![signed_in(&token, "refresh-1")]).await;
    issue_device_codes(&services).await;
    let client = services.client(device_code().0);
    let claims = client.token_claims(Service::Exchange).await.unwrap();
    assert_eq!(claims.user_principal_name.as_deref(), Some("exchange.admin@contoso.com"));
    assert!(claims.has_scope("Exchange.Manage") && !claims.is_application());
    let asked = form(&services.requests(DEVICE_CODE).await[0]);
    assert_eq!(asked["scope"], "https://outlook.office365.com/.default offline_access");
    // The same credential of a client is asked for the same service once.
    client.exchange().run(GetOrganizationConfig::default()).await.unwrap_err();
    assert_eq!(services.forms().await.len(), 1);
}
