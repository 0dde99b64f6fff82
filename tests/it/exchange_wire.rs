//! The rules of Exchange's wire: what is sent, how often, where to, and what each answer is taken for.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use exchange_groups::graph_client::exchange::{
    AddDistributionGroupMember, Cmdlet, CmdletError, CmdletErrorKind as Kind, GetAcceptedDomain,
    GetApplicationAccessPolicy, GetDistributionGroup, GetDistributionGroupMember, GetDynamicDistributionGroupMember,
    GetMailbox, Identity, JoinRestriction, NewDistributionGroup, OpathFilter, Property, RawCmdlet,
    RemoveDistributionGroup, SetDistributionGroup,
};
use exchange_groups::graph_client::{
    AccessToken, Client, Cloud, Error, ErrorKind, RetryOptions, StaticToken, TokenContext, TokenProvider,
};
use exchange_groups_tests::quick_retries;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const TENANT: &str = "contoso.onmicrosoft.com";
const GROUP: &str = "5a0d9c1e-7c34-4f0b-b8f4-9a1c2f3d4e05";

/// A server that answers by a function of the number of the request and the request.
struct Scripted {
    server: MockServer,
}

impl Scripted {
    async fn start(answer: impl Fn(usize, &Request) -> ResponseTemplate + Send + Sync + 'static) -> Self {
        let server = MockServer::start().await;
        let count = AtomicUsize::new(0);
        let respond = move |request: &Request| answer(count.fetch_add(1, Ordering::SeqCst), request);
        Mock::given(any()).respond_with(respond).mount(&server).await;
        Self { server }
    }

    fn client(&self, retry: RetryOptions) -> Client {
        self.client_with(retry, StaticToken::exchange("a-token"))
    }

    fn client_with(&self, retry: RetryOptions, credential: impl TokenProvider) -> Client {
        let uri = self.server.uri();
        Client::builder()
            .tenant(TENANT)
            .credential(credential)
            .cloud(Cloud::custom(&uri, &uri, &uri).unwrap())
            .retry(retry)
            .build()
            .unwrap()
    }

    async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "callers write the rows in place")]
fn rows(rows: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "value": rows }))
}

fn header(request: &Request, name: &str) -> String {
    request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn group() -> Identity {
    GROUP.parse().unwrap()
}

/// The body of a failed cmdlet, with the message of its detail.
fn failed(message: &str) -> Value {
    json!({ "error": {
        "code": "BadRequest",
        "message": "Error executing cmdlet",
        "details": [{ "code": "Client", "target": "", "message": message }],
        "innererror": { "message": "Error executing cmdlet", "internalexception": {
            "message": "Exception of type 'Microsoft.Exchange.Management.PSDirectInvoke.X' was thrown.",
        }},
    }})
}

/// The body of a command whose parameters did not bind.
fn unbound(exception: &str, message: &str) -> Value {
    json!({ "error": { "code": "BadRequest", "message": "Invalid Operation", "innererror": {
        "message": "Invalid Operation", "internalexception": { "message": message, "type": exception },
    }}})
}

#[expect(clippy::too_many_lines, reason = "a row for each known failure")]
/// Every row of the catalogue of failures: status, body, and what it is taken for.
fn catalogue() -> Vec<(u16, Value, Kind, ErrorKind)> {
    let task =
        |name: &str, text: &str| failed(&format!("Ex000000|Microsoft.Exchange.Configuration.Tasks.{name}|{text}"));
    let manage = |name: &str, text: &str| failed(&format!("|Microsoft.Exchange.Management.Tasks.{name}|{text}"));
    let plain = |text: &str| failed(&format!("|System.InvalidOperationException|{text}"));
    let binder = "Microsoft.Exchange.AdminApi.CommandInvocation";
    vec![
        (
            404,
            task("ManagementObjectNotFoundException", "object 'x' couldn't be found on 'DC'."),
            Kind::ObjectNotFound,
            ErrorKind::NotFound,
        ),
        (
            400,
            task("ManagementObjectNotFoundException", "object 'x' couldn't be found on 'DC'."),
            Kind::ObjectNotFound,
            ErrorKind::NotFound,
        ),
        (
            404,
            failed("|Microsoft.Exchange.Data.Directory.ADNoSuchObjectException|Gone."),
            Kind::ObjectNotFound,
            ErrorKind::NotFound,
        ),
        (
            404,
            failed(
                "Ex94914C|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|Couldn't find object \"x\". Please make sure that it was spelled correctly or specify a different object.",
            ),
            Kind::RecipientNotFound,
            ErrorKind::NotFound,
        ),
        (
            404,
            task("ManagementObjectAmbiguousException", "object 'x' matches multiple entries."),
            Kind::SeveralMatch,
            ErrorKind::Service,
        ),
        (
            400,
            failed(
                "|Microsoft.Exchange.Data.Directory.InsufficientPermissionsException|User doesn't have write permission to target DC 'AM0PR01A001DC007'.",
            ),
            Kind::TargetNotWritable,
            ErrorKind::Service,
        ),
        (
            500,
            manage("RecipientTaskException", "There are multiple recipients matching identity \"x\"."),
            Kind::SeveralMatch,
            ErrorKind::Service,
        ),
        (
            400,
            failed(
                "|Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException|The object 'CN=x' already exists.",
            ),
            Kind::AlreadyExists,
            ErrorKind::Conflict,
        ),
        (
            409,
            failed(
                "|Microsoft.Exchange.Configuration.ObjectModel.ProxyAddressExistsException|The proxy address \"SMTP:x\" is already being used by the proxy addresses or LegacyExchangeDN.",
            ),
            Kind::AddressInUse,
            ErrorKind::Conflict,
        ),
        (500, manage("WLCDManagedMemberExistsException", "In use."), Kind::AddressInUse, ErrorKind::Conflict),
        (400, failed("ExB10BE9|System.Exception|In Gebrauch."), Kind::AddressInUse, ErrorKind::Conflict),
        (
            400,
            manage("MemberAlreadyExistsException", "\"a\" is already a member of the group \"b\"."),
            Kind::AlreadyMember,
            ErrorKind::Conflict,
        ),
        (
            400,
            manage("MemberNotFoundException", "\"a\" isn't a member of the group \"b\"."),
            Kind::NotMember,
            ErrorKind::Conflict,
        ),
        (
            400,
            task("OperationRequiresGroupManagerException", "You don't have sufficient permissions."),
            Kind::NotGroupManager,
            ErrorKind::Denied,
        ),
        (
            400,
            manage("RecipientTaskException", "The executing user is not in the current organization."),
            Kind::NotGroupManager,
            ErrorKind::Denied,
        ),
        (
            400,
            manage("DynamicGroupMembershipChangeDeniedException", "No."),
            Kind::DynamicMembership,
            ErrorKind::Service,
        ),
        (403, manage("InsufficientPermissionsException", "No."), Kind::InsufficientPermissions, ErrorKind::Denied),
        (400, manage("MinGroupOwnersCriteriaBreachedException", "No."), Kind::LastOwner, ErrorKind::Service),
        (400, plain("The group must have at least one owner."), Kind::LastOwner, ErrorKind::Service),
        (
            400,
            plain(
                "x failed because it's out of the current user's write scope. the object is being synchronized from your on-premises organization.",
            ),
            Kind::DirectorySynced,
            ErrorKind::Denied,
        ),
        (
            400,
            plain("x isn't within your current write scopes. Can't perform save operation."),
            Kind::OutOfWriteScope,
            ErrorKind::Denied,
        ),
        (
            400,
            unbound(
                &format!("{binder}.AmbiguousParameterSetException"),
                "Parameter set cannot be resolved using the specified named parameters. Invalid cmdlet parameters specified. X",
            ),
            Kind::UnknownParameter,
            ErrorKind::Service,
        ),
        (
            400,
            unbound(&format!("{binder}.ParameterTransformationException"), "Cannot process. Room, Space"),
            Kind::InvalidParameterValue,
            ErrorKind::Service,
        ),
        (
            400,
            manage("ValidationException", "Get-MessageTrace will start deprecating on September 1st"),
            Kind::Retired,
            ErrorKind::Service,
        ),
        (403, failed("|X.CmdletAccessDeniedException|No."), Kind::CmdletDenied, ErrorKind::Denied),
        (
            403,
            plain("The role assigned to application x isn't supported in this scenario."),
            Kind::RolePropagating,
            ErrorKind::Denied,
        ),
        (
            400,
            plain("x is not present in the role definition of the current user"),
            Kind::RolePropagating,
            ErrorKind::Denied,
        ),
        (
            400,
            task("InvalidOperationInDehydratedContextException", "Run Enable-OrganizationCustomization."),
            Kind::Dehydrated,
            ErrorKind::Service,
        ),
        (
            400,
            plain(
                "You don't have access to create, change, or remove the \"x\" management role assignment. You must be assigned a delegating role assignment to the role.",
            ),
            Kind::NoDelegatingRole,
            ErrorKind::Denied,
        ),
        (
            400,
            plain("The total size of App Access Policies exceeded the limit."),
            Kind::PolicySpaceUsedUp,
            ErrorKind::Service,
        ),
        (
            400,
            plain("The parameter \"Members\" contains the following duplicated recipient identity"),
            Kind::DuplicateInList,
            ErrorKind::Service,
        ),
        (
            400,
            json!({ "error": { "code": "BadRequest", "message": "Expired or Invalid pagination request. Default Expiry time is 00:30:00" } }),
            Kind::PageExpired,
            ErrorKind::Service,
        ),
        (400, plain("The recipient 'x' is not a security principal."), Kind::NotSecurityPrincipal, ErrorKind::Service),
        (
            400,
            plain("x can't be removed because it's being used by one or more management role assignments."),
            Kind::InUse,
            ErrorKind::Conflict,
        ),
        (
            400,
            failed("Ex5E8EA4|System.InvalidOperationException|Customer Lockbox needs a licence."),
            Kind::LicenceMissing,
            ErrorKind::Service,
        ),
        (
            400,
            plain("This operation is not available for the current service offer."),
            Kind::NotOffered,
            ErrorKind::Service,
        ),
        (400, failed("|Microsoft.Exchange.Data.ServerBusyException|Later."), Kind::Transient, ErrorKind::Unavailable),
        (400, plain("The issue may be transient, try again."), Kind::Transient, ErrorKind::Unavailable),
        (400, failed("|X.CmdletProxyNotAvailableFailure|Later."), Kind::Transient, ErrorKind::Unavailable),
    ]
}

#[tokio::test]
async fn each_row_of_the_catalogue_has_its_kind_its_sentence_and_what_to_do_next() {
    let answers: Vec<_> = catalogue().into_iter().map(|(status, body, ..)| (status, body)).collect();
    let exchange = Scripted::start(move |number, _| {
        let (status, body) = &answers[number];
        ResponseTemplate::new(*status).insert_header("request-id", "r-1").set_body_json(body)
    })
    .await;
    let client = exchange.client(RetryOptions::none());
    for (status, body, kind, error_kind) in catalogue() {
        let error = client.exchange().run(SetDistributionGroup::new(group())).await.expect_err("a failure");
        let cmdlet = error.cmdlet().unwrap_or_else(|| panic!("no cmdlet error for {body}"));
        assert_eq!((cmdlet.kind, error.kind(), error.status()), (kind, error_kind, Some(status)), "{body}");
        assert!(!cmdlet.sentence.contains('|') && !cmdlet.sentence.is_empty(), "{}", cmdlet.sentence);
        assert!(error.advice().is_some_and(|advice| advice.ends_with('.')), "no advice for {kind:?}");
        assert_eq!(error.request_id(), Some("r-1"));
        assert!(error.to_string().starts_with("Set-DistributionGroup"), "{error}");
    }
}

#[test]
fn an_answer_from_a_log_is_read_like_one_from_the_wire() {
    let text = failed("Ex6F9304|A.ManagementObjectNotFoundException|object 'x' couldn't be found on 'y'.").to_string();
    let error = CmdletError::read(404, [("X-ExceptionType", "Other")], text).unwrap();
    assert_eq!((error.kind, error.message_id.as_deref()), (Kind::ObjectNotFound, Some("Ex6F9304")));
    let cut = CmdletError::read(400, [], r#"{"error":{"message":"It bro"#).unwrap();
    assert!(cut.sentence.contains("It bro"), "{cut}");
    assert_eq!(CmdletError::read(200, [], r#"{"value":[]}"#), None);
    assert!(CmdletError::read(200, [], r#" {"error": {"message":"No"}}"#).is_some());
    let denied = CmdletError::read(403, [("x-ms-diagnostics", "2000003;reason=\"No role.\"")], vec![0; 470]).unwrap();
    assert_eq!(denied.kind, Kind::CmdletDenied);
    assert_eq!(CmdletError::read(403, [], vec![0; 470]).unwrap().kind, Kind::DeniedWithoutReason);
}

#[tokio::test]
async fn a_list_is_read_to_its_end_by_posting_the_same_command() {
    let exchange = Scripted::start(|number, request| {
        let next =
            |number: usize| format!("http://{}{}?%24skiptoken=p{number}", header(request, "host"), request.url.path());
        match number {
            0 => ResponseTemplate::new(200)
                .set_body_json(json!({ "value": [{ "Name": "a" }], "@odata.nextLink": next(1) })),
            1 => ResponseTemplate::new(200).set_body_json(json!({ "value": [], "@odata.nextLink": next(2) })),
            _ => rows(json!([{ "Name": "b" }])),
        }
    })
    .await;
    let client = exchange.client(RetryOptions::none());
    let members = client.exchange().run(GetDistributionGroupMember::new(group())).await.unwrap();
    let names: Vec<_> = members.into_iter().filter_map(|member| member.name).collect();
    assert_eq!(names, ["a", "b"]);
    let requests = exchange.requests().await;
    assert_eq!(requests[2].url.query(), Some("%24skiptoken=p2"));
    for request in &requests {
        assert_eq!(request.method.as_str(), "POST");
        assert_eq!(body(request), body(&requests[0]));
        for name in ["client-request-id", "x-anchormailbox", "x-cmdletname", "prefer"] {
            assert_eq!(header(request, name), header(&requests[0], name), "{name}");
        }
    }
    assert_eq!(
        header(&requests[0], "x-anchormailbox"),
        format!("APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{TENANT}")
    );
}

#[tokio::test]
async fn a_later_page_that_fails_is_never_the_end_of_the_list() {
    for (number, kind) in [
        (0, ErrorKind::Decode),
        (1, ErrorKind::Decode),
        (2, ErrorKind::Decode),
        (3, ErrorKind::Untrusted),
        (4, ErrorKind::Untrusted),
        (5, ErrorKind::Untrusted),
        (6, ErrorKind::Service),
    ] {
        let exchange = Scripted::start(move |page, request| {
            let link = |path: &str| format!("http://{}{path}", header(request, "host"));
            let here = link(&format!("{}?%24skiptoken=p", request.url.path()));
            let link_to = |link: String| {
                ResponseTemplate::new(200).set_body_json(json!({ "value": [{ "Name": "a" }], "@odata.nextLink": link }))
            };
            match (page, number) {
                (0, 4) => link_to("http://127.0.0.1:9/adminapi/beta/x/InvokeCommand?p".into()),
                (0, 5) => link_to(link("/adminapi/beta/another-tenant/InvokeCommand?p")),
                (0, _) | (_, 3) => link_to(here),
                (_, 0) => ResponseTemplate::new(404),
                (_, 1) => ResponseTemplate::new(200),
                (_, 2) => ResponseTemplate::new(200).set_body_raw("<html></html>", "text/html"),
                _ => ResponseTemplate::new(400)
                    .set_body_json(json!({ "error": { "message": "Expired or Invalid pagination request." } })),
            }
        })
        .await;
        let client = exchange.client(RetryOptions::none());
        let error = client.exchange().run(GetDistributionGroup::all()).await.expect_err("a list that is not complete");
        assert_eq!(error.kind(), kind, "case {number}: {error}");
        assert!(exchange.requests().await.len() <= 2);
    }
}

/// A credential whose tokens are numbered.
#[derive(Debug, Clone, Default)]
struct Numbered(Arc<Mutex<usize>>);

#[async_trait::async_trait]
impl TokenProvider for Numbered {
    async fn token(&self, _: &TokenContext) -> Result<AccessToken, Error> {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        AccessToken::new(format!("token-{count}"), SystemTime::now() + Duration::from_secs(3600))
    }
}

#[tokio::test]
async fn a_stale_token_is_renewed_once_before_a_missing_role_is_reported() {
    let stale = Scripted::start(|_, request| match &*header(request, "authorization") {
        "Bearer token-1" => ResponseTemplate::new(403).set_body_bytes(vec![0; 470]),
        _ => rows(json!([])),
    })
    .await;
    let client = stale.client_with(RetryOptions::none(), Numbered::default());
    assert!(client.exchange().run(GetApplicationAccessPolicy::all()).await.unwrap().is_empty());

    let denied = Scripted::start(|_, _| ResponseTemplate::new(403).set_body_bytes(vec![0; 470])).await;
    let numbered = Numbered::default();
    let client = denied.client_with(RetryOptions::none(), numbered.clone());
    let error = client.exchange().run(GetApplicationAccessPolicy::all()).await.expect_err("a denial");
    assert_eq!(error.cmdlet().map(|cmdlet| cmdlet.kind), Some(Kind::DeniedWithoutReason));
    assert_eq!(*numbered.0.lock().unwrap(), 2);

    let reason = Scripted::start(|_, _| {
        ResponseTemplate::new(403)
            .insert_header("x-ms-diagnostics", "2000003;reason=\"The role is missing.\"")
            .set_body_bytes(vec![0; 470])
    })
    .await;
    let client = reason.client_with(RetryOptions::none(), Numbered::default());
    let error = client.exchange().run(GetApplicationAccessPolicy::all()).await.expect_err("a denial");
    assert_eq!(error.cmdlet().map(|cmdlet| cmdlet.kind), Some(Kind::CmdletDenied));
    assert!(error.message().contains("The role is missing."), "{error}");
    assert_eq!(reason.requests().await.len(), 1, "a denial with a reason is final");
}

type Answer = Box<dyn Fn() -> ResponseTemplate + Send + Sync>;

#[tokio::test]
async fn writes_are_repeated_only_where_the_service_did_not_act() {
    let text = "You have reached the maximum number of concurrent requests per tenant. Please wait and try again";
    let busy = || ResponseTemplate::new(400).set_body_json(failed("|X.ServerBusyException|Later."));
    let cases: Vec<(&str, Answer, bool, bool)> = vec![
        ("429", Box::new(|| ResponseTemplate::new(429).insert_header("retry-after", "0.01")), true, true),
        ("503", Box::new(|| ResponseTemplate::new(503).insert_header("retry-after", "0")), true, true),
        ("concurrency, 400", Box::new(move || ResponseTemplate::new(400).set_body_string(text)), true, true),
        ("concurrency, 200", Box::new(move || ResponseTemplate::new(200).set_body_string(text)), true, true),
        ("transient 400", Box::new(busy), true, false),
        ("504", Box::new(|| ResponseTemplate::new(504)), true, false),
        ("500", Box::new(|| ResponseTemplate::new(500)), false, false),
        ("404", Box::new(|| ResponseTemplate::new(404)), false, false),
    ];
    for (name, answer, repeats_reads, repeats_writes) in cases {
        let exchange = Scripted::start(move |number, _| if number % 2 == 0 { answer() } else { rows(json!([])) }).await;
        let client = exchange.client(quick_retries());
        let read = client.exchange().run(GetDistributionGroup::all()).await;
        assert_eq!(read.is_ok(), repeats_reads, "{name}, read: {read:?}");
        if exchange.requests().await.len() % 2 == 1 {
            let _ = client.exchange().run(GetDistributionGroup::all()).await;
        }
        let write = client.exchange().run(AddDistributionGroupMember::new(group(), group())).await;
        assert_eq!(write.is_ok(), repeats_writes, "{name}, write: {write:?}");
        if let Err(error) = write {
            // A 404 that is not Exchange's own does not say what became of the command either.
            assert!(error.is_outcome_unknown(), "{name}: {error}");
        }
    }
}

/// The items of a batch, and the answer to each by its number among all items so far.
fn batch_answer(request: &Request, answer: impl Fn(&Value) -> (u16, Value, Value)) -> ResponseTemplate {
    let mut responses: Vec<Value> = body(request)["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let (status, headers, body) = answer(item);
            json!({ "id": item["id"], "status": status, "headers": headers, "body": body })
        })
        .collect();
    responses.reverse();
    ResponseTemplate::new(200).set_body_json(json!({ "responses": responses }))
}

fn identity_of(item: &Value) -> &str {
    item["body"]["CmdletInput"]["Parameters"]["Identity"].as_str().unwrap()
}

#[tokio::test]
async fn a_batch_keeps_order_repeats_the_throttled_alone_and_reads_every_page() {
    let exchange = Scripted::start(|number, request| {
        let uri =
            format!("http://{}{}", header(request, "host"), request.url.path().replace("$batch", "InvokeCommand"));
        batch_answer(request, |item| match (identity_of(item), number) {
            ("g1", 0) => (429, json!({ "Retry-After": "0.01" }), Value::Null),
            ("g2", 0) => {
                let link = format!("{uri}?%24skiptoken=p");
                (200, json!({}), json!({ "value": [{ "Name": "g2-a" }], "@odata.nextLink": link }))
            }
            ("g3", _) => (404, json!({ "request-id": "r-3" }), failed("|X.ManagementObjectNotFoundException|Gone.")),
            ("g2", _) => (200, json!({}), json!({ "value": [{ "Name": "g2-b" }] })),
            (name, _) => (200, json!({}), json!({ "value": [{ "Name": format!("{name}-a") }] })),
        })
    })
    .await;
    let client = exchange.client(quick_retries());
    let groups = (0..4).map(|index| GetDistributionGroupMember::new(format!("g{index}").parse::<Identity>().unwrap()));
    let results = client.exchange().run_all(groups.collect()).await;
    let names = |index: usize| -> Vec<String> {
        results[index].as_ref().unwrap().iter().filter_map(|member| member.name.clone()).collect()
    };
    assert_eq!((names(0), names(1)), (vec!["g0-a".into()], vec!["g1-a".into()]));
    assert_eq!(names(2), ["g2-a", "g2-b"]);
    let error = results[3].as_ref().expect_err("a group that is gone");
    assert_eq!((error.kind(), error.request_id()), (ErrorKind::NotFound, Some("r-3")));

    let requests = exchange.requests().await;
    assert_eq!(requests.len(), 2);
    let items: Vec<Value> = requests.iter().map(|request| body(request)["requests"].clone()).collect();
    let of = |round: usize, name: &str| {
        items[round].as_array().unwrap().iter().find(|item| identity_of(item) == name).cloned()
    };
    assert_eq!(items[0].as_array().unwrap().len(), 4);
    assert_eq!(items[1].as_array().unwrap().len(), 2, "only the throttled command and the next page");
    for name in ["g1", "g2"] {
        let (first, second) = (of(0, name).unwrap(), of(1, name).unwrap());
        assert_eq!(first["headers"], second["headers"], "the same client-request-id over attempts and pages");
        assert_eq!((&first["id"], &first["body"]), (&second["id"], &second["body"]));
    }
    assert!(of(1, "g2").unwrap()["url"].as_str().unwrap().ends_with("%24skiptoken=p"));
    assert_ne!(
        of(0, "g0").unwrap()["headers"]["client-request-id"],
        of(0, "g1").unwrap()["headers"]["client-request-id"]
    );
}

#[tokio::test]
async fn a_stale_token_inside_a_batch_is_renewed_once_for_all_its_commands() {
    let exchange = Scripted::start(|_, request| {
        let is_stale = header(request, "authorization") == "Bearer token-1";
        if !request.url.path().ends_with("$batch") {
            return if is_stale { ResponseTemplate::new(401) } else { rows(json!([])) };
        }
        batch_answer(request, |item| match (&item["headers"]["Authorization"], identity_of(item)) {
            (_, "g3") => (403, json!({}), Value::Null),
            (Value::String(token), _) if token == "Bearer token-1" => (401, json!({}), Value::Null),
            _ => (200, json!({}), json!({ "value": [] })),
        })
    })
    .await;
    let numbered = Numbered::default();
    let client = exchange.client_with(quick_retries(), numbered.clone());
    let groups = (0..4).map(|index| GetDistributionGroupMember::new(format!("g{index}").parse::<Identity>().unwrap()));
    let results = client.exchange().run_all(groups.collect()).await;
    assert!(results[..3].iter().all(Result::is_ok), "{results:?}");
    assert_eq!(results[3].as_ref().map_err(Error::kind).err(), Some(ErrorKind::Denied));
    assert_eq!(*numbered.0.lock().unwrap(), 2, "one renewal");
    assert_eq!(exchange.requests().await.len(), 4, "a batch, one command twice, and the rest");
}

#[tokio::test]
async fn a_command_that_a_batch_leaves_out_is_asked_for_again_if_it_reads() {
    let exchange = Scripted::start(|number, request| {
        let template = batch_answer(request, |_| (200, json!({}), json!({ "value": [] })));
        if number % 2 == 0 { ResponseTemplate::new(200).set_body_json(json!({ "responses": [] })) } else { template }
    })
    .await;
    let client = exchange.client(quick_retries());
    let reads = vec![GetDistributionGroupMember::new(group()), GetDistributionGroupMember::new(group())];
    assert!(client.exchange().run_all(reads).await.iter().all(Result::is_ok));
    let writes = vec![
        AddDistributionGroupMember::new(group(), "a".parse::<Identity>().unwrap()),
        AddDistributionGroupMember::new(group(), "b".parse::<Identity>().unwrap()),
    ];
    for result in client.exchange().run_all(writes).await {
        assert!(result.expect_err("no answer").is_outcome_unknown());
    }
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_before_anything_is_sent() {
    let exchange = Scripted::start(|_, _| rows(json!([]))).await;
    let client = exchange.client(RetryOptions::none());
    let open = NewDistributionGroup::security("rooms".parse().unwrap()).join_restriction(JoinRestriction::Open);
    let error = client.exchange().run(open.clone()).await.expect_err("a rule");
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Input, "New-DistributionGroup"));
    assert!(open.powershell().is_err(), "nor is it written down");
    let other = NewDistributionGroup::distribution("x".parse().unwrap()).display_name("x".repeat(300));
    let results = client.exchange().run_all(vec![open, other]).await;
    assert!(results.iter().all(|result| result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Input)));
    assert!(exchange.requests().await.is_empty());
}

#[tokio::test]
async fn users_have_an_anchor_of_their_own_and_reads_may_take_the_documented_way() {
    let exchange = Scripted::start(|_, _| rows(json!([]))).await;
    let client = exchange.client(RetryOptions::none());
    let delegated = client.exchange().signed_in_as("admin@contoso.com".parse().unwrap());
    delegated.run(GetAcceptedDomain::new()).await.unwrap();
    let documented = client.exchange().prefer_documented();
    documented.run(GetAcceptedDomain::new()).await.unwrap();
    documented.run(GetDistributionGroup::all()).await.unwrap();
    let members = vec![GetDistributionGroupMember::new(group()), GetDistributionGroupMember::new(group())];
    assert!(documented.run_all(members).await.iter().all(Result::is_ok));
    let requests = exchange.requests().await;
    assert_eq!(header(&requests[0], "x-anchormailbox"), "UPN:admin@contoso.com");
    let paths: Vec<_> = requests.iter().map(|request| request.url.path().to_owned()).collect();
    let path = |version: &str, end_point: &str| format!("/adminapi/{version}/{TENANT}/{end_point}");
    assert_eq!(
        paths,
        [
            path("beta", "InvokeCommand"),
            path("v2.0", "AcceptedDomain"),
            path("beta", "InvokeCommand"),
            path("v2.0", "DistributionGroupMember"),
            path("v2.0", "DistributionGroupMember"),
        ]
    );
}

/// Source: exchange-wire, section 1.2, the table of end points.
#[tokio::test]
async fn a_read_takes_its_documented_end_point_also_by_its_name() {
    let exchange = Scripted::start(|_, _| rows(json!([]))).await;
    let documented = exchange.client(RetryOptions::none()).exchange().prefer_documented();
    let end_points = [
        "OrganizationConfig",
        "AcceptedDomain",
        "Mailbox",
        "MailboxFolderPermission",
        "DistributionGroupMember",
        "DynamicDistributionGroupMember",
    ];
    for end_point in end_points {
        let named = RawCmdlet::<Vec<Value>>::new(format!("get-{end_point}")).unwrap();
        documented.run(named.clone()).await.unwrap();
        assert!(documented.run_all(vec![named.clone(), named]).await.iter().all(Result::is_ok));
    }
    documented.run(RawCmdlet::<Vec<Value>>::new("Set-Mailbox").unwrap()).await.unwrap();
    documented.run(GetDynamicDistributionGroupMember::new(group())).await.unwrap();
    let requests = exchange.requests().await;
    let mut paths: Vec<_> = requests.iter().map(|request| request.url.path().to_owned()).collect();
    let path = |version: &str, end_point: &str| format!("/adminapi/{version}/{TENANT}/{end_point}");
    let last = paths.split_off(paths.len() - 2);
    assert_eq!(last, [path("beta", "InvokeCommand"), path("v2.0", "DynamicDistributionGroupMember")]);
    let expected: Vec<_> = end_points.iter().flat_map(|end_point| vec![path("v2.0", end_point); 3]).collect();
    assert_eq!(paths, expected);
}

#[tokio::test]
async fn an_answer_may_be_limited_to_some_properties() {
    let exchange = Scripted::start(|_, _| rows(json!([{ "DisplayName": "Room 1" }]))).await;
    let client = exchange.client(RetryOptions::none());
    let filter = OpathFilter::starts_with(&Property::NAME, "room-").unwrap();
    let rooms = GetMailbox::rooms().filter(filter).select([Property::DISPLAY_NAME, Property::OFFICE]);
    let rooms = client.exchange().run(rooms).await.unwrap();
    assert_eq!((rooms[0].display_name.as_deref(), rooms[0].alias.as_deref()), (Some("Room 1"), None));
    let request = exchange.requests().await.remove(0);
    assert_eq!(request.url.query(), Some("$select=DisplayName,Office"));
    let parameters = &body(&request)["CmdletInput"]["Parameters"];
    let expected =
        json!({ "Filter": "Name -like 'room-*'", "RecipientTypeDetails": ["RoomMailbox"], "ResultSize": "Unlimited" });
    assert_eq!(parameters, &expected);
}

#[tokio::test]
async fn the_bypass_is_on_by_default_and_off_on_request() {
    let exchange = Scripted::start(|_, _| rows(json!([]))).await;
    let client = exchange.client(RetryOptions::none());
    client.exchange().run(RemoveDistributionGroup::by_id(GROUP.parse().unwrap())).await.unwrap();
    let off = RemoveDistributionGroup::by_id(GROUP.parse().unwrap()).bypass_manager_check(false);
    client.exchange().run(off).await.unwrap();
    let sent: Vec<Value> =
        exchange.requests().await.iter().map(|request| body(request)["CmdletInput"]["Parameters"].clone()).collect();
    assert_eq!(sent[0], json!({ "Identity": GROUP, "BypassSecurityGroupManagerCheck": true, "Confirm": false }));
    assert_eq!(sent[1]["BypassSecurityGroupManagerCheck"], json!(false));
}
