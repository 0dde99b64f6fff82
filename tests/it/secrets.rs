//! No secret and no access token in anything that a program prints, logs or stores.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::io;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use exchange_groups::graph_client::exchange::GetMailbox;
use exchange_groups::graph_client::{
    AccessToken, Client, ClientBuilder, ClientSecret, Cloud, Filter, Method, SmtpAddress, StaticToken,
};
use exchange_groups::{ExchangeGroups, RestrictedCalendarGroup};
use exchange_groups_tests::{GROUP, OWNER, quick_retries, quick_wait};
use fake_tenant::{FakeTenant, Fault, Matcher};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

/// Secrets with characters that a form has to encode.
const ADMIN_SECRET: &str = "adm1n~Secret/With+Signs=&%";
const APP_SECRET: &str = "b00king~Secret/With+Signs=&%";

/// Everything that was written by anybody.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn add(&self, text: impl Display) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(format!("{text}\n").into_bytes());
    }

    fn show(&self, value: impl Debug) {
        self.add(format!("{value:?}"));
        self.add(format!("{value:#?}"));
    }

    /// Both readings, and those of every cause.
    fn error(&self, error: &dyn std::error::Error) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.add(error);
            self.show(error);
            next = error.source();
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

thread_local! {
    /// Where this thread's traces go. A test's runtime is its thread's alone.
    static LISTENER: RefCell<Option<Written>> = const { RefCell::new(None) };
}

/// Traces of all levels for as long as it lives.
pub(crate) struct Listening;

impl Listening {
    /// One subscriber for the process: one that is set for a thread misses call sites that other threads meet first.
    pub(crate) fn to(written: &Written) -> Self {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            let is_heard = dynamic_filter_fn(|_, _| LISTENER.with_borrow(Option::is_some));
            let writer = || LISTENER.with_borrow(|listener| listener.clone().unwrap_or_default());
            let layer = tracing_subscriber::fmt::layer()
                .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
                .with_ansi(false)
                .with_writer(writer)
                .with_filter(is_heard);
            tracing_subscriber::registry().with(layer).init();
        });
        LISTENER.set(Some(written.clone()));
        Self
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        LISTENER.set(None);
    }
}

/// The bearer tokens that really went over the wire, in headers and in the items of batches.
async fn tokens(server: &MockServer) -> BTreeSet<String> {
    let requests = server.received_requests().await.expect("requests are recorded");
    let texts = requests.iter().flat_map(|request| {
        let header = request.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        [header.to_owned(), String::from_utf8_lossy(&request.body).into_owned()]
    });
    texts
        .flat_map(|text| {
            text.split("Bearer ")
                .skip(1)
                .map(|rest| rest.split(['"', ' ', '\\']).next().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        })
        .filter(|token| !token.is_empty())
        .collect()
}

/// The tenant behind a server that records, a client of its administrator, and the credentials of the administrator and of the
/// booking application.
async fn recorded(tenant: &FakeTenant) -> (MockServer, ClientBuilder, ClientSecret, ClientSecret) {
    let (admin, booking) = (tenant.administrator(), tenant.booking_application());
    tenant.add_secret(&admin, ADMIN_SECRET);
    tenant.add_secret(&booking, APP_SECRET);
    let server = MockServer::builder().start().await;
    Mock::given(any()).respond_with(tenant.clone()).mount(&server).await;
    let cloud = Cloud::custom(server.uri(), server.uri(), server.uri()).expect("the server's address is one");
    let secret_of =
        |client_id: &str, secret: &str| ClientSecret::new(client_id.parse().expect("an id"), secret.to_owned());
    let credential = secret_of(&admin.client_id, ADMIN_SECRET);
    let app_credential = secret_of(&booking.client_id, APP_SECRET);
    let builder = Client::builder()
        .tenant(tenant.initial_domain())
        .credential(credential.clone())
        .cloud(cloud)
        .retry(quick_retries());
    (server, builder, credential, app_credential)
}

#[tokio::test]
async fn a_whole_run_writes_no_secret_and_no_token_anywhere() {
    let written = Written::default();
    let listening = Listening::to(&written);

    let tenant = FakeTenant::contoso();
    let (admin, booking) = (tenant.administrator(), tenant.booking_application());
    let (server, builder, credential, app_credential) = recorded(&tenant).await;
    written.show(&credential);
    written.show(&builder);
    let client = builder.build().unwrap();
    let groups = ExchangeGroups::new(client.clone()).wait(quick_wait()).application(app_credential);
    written.show((&client, &groups, client.exchange(), client.rooms(), client.calendar("ceo@contoso.com")));
    written.show(client.request(Method::GET, "/v1.0/organization").query("$select", "id"));
    written.show(client.rooms().list());

    let spec = RestrictedCalendarGroup::placeos(GROUP, &*booking.client_id)
        .owner(OWNER)
        .revoke_tenant_wide_grant(true)
        .must_not_reach("ceo@contoso.com")
        .build()
        .unwrap();
    written.show(&spec);
    // Trouble on the way writes more than a smooth run: refused tokens, throttling, errors of all kinds.
    tenant.fail_next(Matcher::cmdlet("Get-AcceptedDomain"), Fault::throttle("0"));
    tenant.fail_next(Matcher::cmdlet("Get-Mailbox"), Fault::NulBody403 { diagnostics: None });
    tenant.fail_next(Matcher::cmdlet("New-ServicePrincipal"), Fault::Html { status: 503 });
    tenant.fail_next(
        Matcher::cmdlet("New-ManagementRoleAssignment"),
        Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "Something is wrong today."),
    );
    let plan = groups.plan(&spec).await.unwrap();
    written.add(&plan);
    written.show(&plan);
    written.add(serde_json::to_string(&plan).unwrap());
    let apply = groups.apply(&plan);
    written.show(&apply);
    let report = apply.await.unwrap();
    written.add(&report);
    written.show(&report);
    written.add(serde_json::to_string(&report).unwrap());
    for error in report.steps.iter().filter_map(|step| step.error.as_ref()) {
        written.error(error);
    }
    assert_eq!(report.steps.iter().filter(|step| step.error.is_some()).count(), 1, "{report}");
    let proof = groups.prove(&spec).await.unwrap();
    written.add(&proof);
    written.show(&proof);
    written.add(serde_json::to_string(&proof).unwrap());

    // Failed sign-ins and failed calls.
    let wrong = ClientSecret::new(admin.client_id.parse().unwrap(), format!("{APP_SECRET}x"));
    let error = groups_of(&client, wrong).plan(&spec).await.expect_err("a wrong secret");
    written.error(&error);
    tenant.fail_next(Matcher::path("/oauth2/"), Fault::Html { status: 200 });
    let error = client.with_credential(credential.clone()).organization().get().await.expect_err("no token came");
    written.error(&error);
    tenant.fail_next(Matcher::path("/oauth2/"), Fault::TruncatedBody);
    let error = client.with_credential(credential).organization().get().await.expect_err("no token came");
    written.error(&error);
    let marker = StaticToken::graph("marker-of-a-graph-token").and_exchange("marker-of-an-exchange-token");
    written.show(&marker);
    let error = groups_of(&client, marker).plan(&spec).await.expect_err("tokens that nobody issued");
    written.error(&error);
    let malformed = StaticToken::exchange("marker-of-a-malformed\ntoken");
    let error = groups_of(&client, malformed).plan(&spec).await.expect_err("a token that no header can carry");
    written.error(&error);
    written.show(AccessToken::new("marker-of-an-access-token", std::time::SystemTime::now()).unwrap());
    drop(listening);

    let own = [admin.secret(), booking.secret()];
    assert_clean(&written.text(), &tokens(&server).await, &[ADMIN_SECRET, APP_SECRET, own[0], own[1]]);
}

/// Neither a token, nor a part of one, nor a secret in any of its forms.
fn assert_clean(text: &str, tokens: &BTreeSet<String>, secrets: &[&str]) {
    assert!(text.contains("DEBUG") && text.contains("http.request"), "nothing was traced");
    assert!(tokens.len() >= 5, "real tokens of two services and two applications: {}", tokens.len());
    for token in tokens {
        assert!(!text.contains(token.as_str()), "a token was written");
        if let Some(signature) = token.split('.').nth(2) {
            assert!(!text.contains(signature), "a token's signature was written");
        }
    }
    for secret in secrets {
        let encoded: String = secret
            .bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect();
        for form in [*secret, &encoded, secret.split('/').next().unwrap_or(secret)] {
            assert!(!text.contains(form), "a client secret was written");
        }
    }
    assert!(!text.contains("marker-of-a"), "a given token was written");
    assert!(!text.contains("Bearer "), "an authorization header was written");
}

fn groups_of(client: &Client, credential: impl exchange_groups::graph_client::TokenProvider) -> ExchangeGroups {
    ExchangeGroups::new(client.with_credential(credential)).wait(quick_wait())
}

#[tokio::test]
async fn a_failed_sign_in_names_the_application_and_not_its_secret() {
    let contoso = exchange_groups_tests::Contoso::start().await;
    let secret = "this-is-the-value-of-a-secret";
    let wrong = ClientSecret::new(contoso.booking.client_id.parse().unwrap(), secret);
    let error = contoso.client.with_credential(wrong).organization().get().await.expect_err("a wrong secret");
    let text = format!("{error} {error:?}");
    assert!(text.contains(&contoso.booking.client_id) && text.contains("AADSTS7000215"), "{text}");
    assert!(!text.contains(secret), "{text}");
}

#[test]
fn clients_and_groups_are_shown_without_credentials() {
    let credential = ClientSecret::new("8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse().unwrap(), ADMIN_SECRET);
    let client = Client::builder().tenant("contoso.com").credential(credential.clone()).build().unwrap();
    let groups = ExchangeGroups::new(client.clone()).application(credential);
    let text = format!("{client:?} {groups:?}");
    assert!(text.contains("contoso.com"), "{text}");
    assert!(!text.contains("Secret/With"), "{text}");
}

#[tokio::test]
async fn a_trace_has_the_standard_names_and_no_address_or_filter() {
    let contoso = exchange_groups_tests::Contoso::start().await;
    contoso.client.organization().get().await.expect("signed in");
    let (client, room) = (&contoso.client, &contoso.tenant.rooms()[0]);
    let written = Written::default();
    let listening = Listening::to(&written);
    contoso.tenant.fail_next(Matcher::path("/v1.0/users/"), Fault::throttle("0.01"));
    client.users().get(room).await.expect("a user");
    let confidential = Filter::eq("displayName", "Confidential");
    client.users().list().filter(confidential).await.expect("a page");
    client.calendar(room).get().await.expect_err("the administrator reads no calendars");
    let cmdlet = GetMailbox::one(room.parse::<SmtpAddress>().expect("an address"));
    client.exchange().run(cmdlet).await.expect("a mailbox");
    drop(listening);

    let text = written.text();
    for expected in [
        "http.request.method=GET",
        "http.request.method=POST",
        "server.address=\"127.0.0.1\"",
        "server.port=",
        "http.response.status_code=200",
        "http.response.status_code=429",
        "error.type=429",
        "otel.status_code=\"ERROR\"",
        "http.request.resend_count=1",
        "otel.name=\"read a user\"",
        "graph.request_id=",
        "graph.client_request_id=",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    for hidden in ["contoso.com", "Confidential", "displayName", "Bearer", "authorization"] {
        assert!(!text.contains(hidden), "{hidden} is in {text}");
    }
}

/// The same text, repeated in every form in which a service may have got it.
fn echoes(secret: &str) -> Vec<String> {
    let form: String = secret
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    let json = serde_json::to_string(secret).expect("a text");
    vec![
        format!("bad request: client_secret={form}&scope=x"),
        format!("client_secret={secret}"),
        format!("{{\"client_secret\":{json}}}"),
        format!("the value {secret} is wrong"),
        format!("the value {form} is wrong"),
        format!("the value {} is wrong", form.to_lowercase().replace(&secret.to_lowercase(), secret)),
        format!("Authorization: Bearer {secret}"),
        format!("client_assertion={form}"),
        format!("refresh_token = \"{secret}\""),
    ]
}

/// W19.
#[tokio::test]
async fn a_refused_sign_in_that_repeats_the_request_shows_no_secret() {
    use serde_json::json;
    let secret = "s3cr3t~Value/With+Signs=&%and.more";
    for echo in echoes(secret) {
        let bodies = [
            (
                401,
                json!({"error": "invalid_client", "error_codes": [7_000_215],
                         "error_description": format!("AADSTS7000215: {echo}\r\nTrace ID: t")})
                .to_string(),
            ),
            (
                400,
                json!({"error": echo, "error_description": echo, "suberror": echo, "claims": echo, "trace_id": echo,
                         "correlation_id": echo})
                .to_string(),
            ),
            (400, json!({"error": {"message": echo}}).to_string()),
            (200, json!({"access_token": 5, "echo": echo}).to_string()),
            (500, echo.clone()),
            (200, format!("<html>{echo}</html>")),
        ];
        for (status, body) in bodies {
            let written = Written::default();
            let listening = Listening::to(&written);
            let server = MockServer::builder().start().await;
            let answer = wiremock::ResponseTemplate::new(status).set_body_raw(body, "application/json");
            Mock::given(any()).respond_with(answer).mount(&server).await;
            let cloud = Cloud::custom(server.uri(), server.uri(), server.uri()).unwrap();
            let app = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01".parse().unwrap();
            let builder = Client::builder().tenant("contoso.com").cloud(cloud).retry(quick_retries());
            let client = builder.credential(ClientSecret::new(app, secret)).build().unwrap();
            let error = client.organization().get().await.unwrap_err();
            written.error(&error);
            let said = error.sign_in().map(|said| format!("{said} {said:?}")).unwrap_or_default();
            written.add(format!("{} {said}", error.message()));
            drop(listening);
            let text = written.text();
            assert!(!text.contains("s3cr3t") && !text.contains("Signs"), "{status} {echo}: {text}");
        }
    }
}

/// W19.
#[tokio::test]
async fn an_answer_of_graph_that_repeats_the_request_shows_no_token() {
    use serde_json::{Value, json};
    let token = "opaque-t0ken~of/Graph+Signs==";
    for echo in echoes(token) {
        let error = json!({"error": {"code": echo, "message": echo, "target": echo, "details": [{"code": echo, "message": echo}],
                                     "innerError": {"code": echo, "message": echo, "request-id": echo}}});
        let bodies = [
            (403, error.to_string()),
            (200, error.to_string()),
            (502, echo.clone()),
            (404, format!("<html>{echo}</html>")),
            (200, json!({"message": echo}).to_string()),
            (200, json!({"value": echo}).to_string()),
            (200, json!({"value": [echo]}).to_string()),
            (200, echo.clone()),
        ];
        for (status, body) in bodies {
            let written = Written::default();
            let listening = Listening::to(&written);
            let server = MockServer::builder().start().await;
            let respond = {
                let (body, echo) = (body.clone(), echo.clone());
                move |request: &wiremock::Request| {
                    if !request.url.path().ends_with("$batch") {
                        return wiremock::ResponseTemplate::new(status).set_body_raw(body.clone(), "application/json");
                    }
                    let sent: Value = serde_json::from_slice(&request.body).expect("a batch");
                    let items = sent["requests"].as_array().cloned().unwrap_or_default();
                    let body: Value = serde_json::from_str(&body).unwrap_or_else(|_| body.clone().into());
                    let items = items.iter().map(|item| {
                        json!({"id": item["id"], "status": status, "headers": {"request-id": echo}, "body": body})
                    });
                    let body = json!({"responses": items.collect::<Vec<_>>()});
                    wiremock::ResponseTemplate::new(200).set_body_json(body)
                }
            };
            Mock::given(any()).respond_with(respond).mount(&server).await;
            let cloud = Cloud::custom(server.uri(), server.uri(), server.uri()).unwrap();
            let builder = Client::builder().tenant("contoso.com").cloud(cloud).retry(quick_retries());
            let client = builder.credential(StaticToken::graph(token)).build().unwrap();
            let mut errors = vec![
                client.groups().get("g").await.unwrap_err(),
                client.groups().list().await.unwrap_err(),
                client.groups().delete("g").await.unwrap_err(),
                client.users().delta().await.unwrap_err(),
            ];
            let mut batch = client.batch();
            let (group, groups) = (batch.add(client.groups().get("g")), batch.add(client.groups().list()));
            let mut answers = batch.send().await;
            errors.push(answers.take(group).unwrap_err());
            errors.push(answers.take(groups).unwrap_err());
            for error in &errors {
                written.error(error);
                let graph = error.graph().map(|graph| format!("{graph:?}")).unwrap_or_default();
                written.add(format!("{} {:?} {:?} {graph}", error.message(), error.code(), error.request_id()));
            }
            drop(listening);
            let text = written.text();
            assert!(!text.contains("t0ken") && !text.contains("Signs"), "{status} {body}: {text}");
        }
    }
}

/// Every request of a run in turn is answered with what was asked, the token in it.
#[tokio::test]
async fn a_service_that_repeats_a_request_of_a_run_gets_no_token_shown() {
    let mut repeated = 0;
    for (first, status) in [400, 401, 403, 500].into_iter().enumerate() {
        // Every request is met, with one of the statuses.
        for place in (first..).step_by(4) {
            let tenant = FakeTenant::builder().rooms(2).people(2).build();
            let (admin, booking) = (tenant.administrator(), tenant.booking_application());
            let (server, builder, _, app_credential) = recorded(&tenant).await;
            let groups = ExchangeGroups::new(builder.build().unwrap()).wait(quick_wait()).application(app_credential);
            let [room, other] = &tenant.rooms()[..] else { panic!("two rooms") };
            let spec = RestrictedCalendarGroup::placeos("bookable@contoso.com", &*booking.client_id)
                .owner(tenant.people().swap_remove(0))
                .rooms(exchange_groups::Rooms::at([room.as_str()]))
                .revoke_tenant_wide_grant(true)
                .must_not_reach(other)
                .build()
                .unwrap();

            let written = Written::default();
            let listening = Listening::to(&written);
            tenant.fail_next(Matcher::any().after(place), Fault::Echo { status });
            let mut failed = false;
            let mut note = |error: &dyn std::error::Error| {
                written.error(error);
                failed = true;
            };
            match groups.plan(&spec).await {
                Ok(plan) => {
                    written.show(&plan);
                    written.add(&plan);
                    written.add(serde_json::to_string(&plan).unwrap());
                    match groups.apply(&plan).await {
                        Ok(report) => {
                            report.steps.iter().filter_map(|step| step.error.as_ref()).for_each(|error| note(error));
                            written.show(&report);
                            written.add(&report);
                            written.add(serde_json::to_string(&report).unwrap());
                        }
                        Err(error) => note(&error),
                    }
                }
                Err(error) => note(&error),
            }
            match groups.prove(&spec).await {
                Ok(proof) => {
                    written.show(&proof);
                    written.add(&proof);
                    written.add(serde_json::to_string(&proof).unwrap());
                }
                Err(error) => note(&error),
            }
            match groups.explain(spec.application(), &other.parse().unwrap()).await {
                Ok(explanation) => {
                    written.show(&explanation);
                    written.add(&explanation);
                }
                Err(error) => note(&error),
            }
            match groups.audit().await {
                Ok(audit) => written.show(&audit),
                Err(error) => note(&error),
            }
            match groups.credentials(spec.application(), Duration::from_secs(86_400)).await {
                Ok(credentials) => written.show(&credentials),
                Err(error) => note(&error),
            }
            drop(listening);
            let own = [admin.secret(), booking.secret()];
            let tokens = tokens(&server).await;
            let text = written.text();
            for hidden in tokens.iter().map(String::as_str).chain([ADMIN_SECRET, APP_SECRET, own[0], own[1]]) {
                assert!(!text.contains(hidden), "status {status} at request {place}: {hidden} was written");
            }
            if tenant.pending_faults() > 0 {
                break;
            }
            repeated += usize::from(failed);
        }
    }
    assert!(repeated > 20, "{repeated} runs failed in a way that was shown");
}
