//! Samples of Exchange's wire, where the folder with them is at hand: each request is what our value would send, and each
//! answer becomes the right output or the right kind of error.
//!
//! `CONFORMANCE_DATA` names the folder that holds `exchange-samples`; without it there is nothing to check, and the test
//! says so. The project's own tests cover each rule in small.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use exchange_groups::graph_client::exchange::{
    AddDistributionGroupMember, AddManagementRoleEntry, Cmdlet, CmdletErrorKind as Kind,
    EnableOrganizationCustomization, Exchange, GetAcceptedDomain, GetAdministrativeUnit, GetApplicationAccessPolicy,
    GetCalendarProcessing, GetDistributionGroup, GetDistributionGroupMember, GetMailbox, GetManagementRoleAssignment,
    GetManagementRoleEntry, GetManagementScope, GetOrganizationConfig, GetPlace, GetRecipient,
    NewApplicationAccessPolicy, NewDistributionGroup, NewManagementRole, NewManagementRoleAssignment,
    NewManagementScope, NewRoleGroup, NewServicePrincipal, Property, RawCmdlet, RemoveApplicationAccessPolicy,
    RemoveDistributionGroup, RemoveDistributionGroupMember, RemoveManagementRole, RemoveManagementRoleEntry,
    RemoveManagementScope, RemoveServicePrincipal, SetApplicationAccessPolicy, SetCalendarProcessing,
    SetDistributionGroup, SetMailbox, SetManagementRoleAssignment, SetPlace, TestApplicationAccessPolicy,
    TestServicePrincipalAuthorization, UpdateDistributionGroupMember,
};
use exchange_groups::graph_client::{Client, Cloud, Error, ErrorKind, Method, RetryOptions, StaticToken};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const TENANT: &str = "3c8fb1f0-6f4e-4b1e-9c5b-2f6f0a4d7e11";
const HOST: &str = "https://outlook.office365.com";
const GRAPH: &str = "https://graph.microsoft.com";

/// What an answer is to become, where it is no success: the kind of the error and what the cmdlet said.
fn expected_error(name: &str) -> Option<(ErrorKind, Option<Kind>)> {
    Some(match name {
        "Add-DistributionGroupMember.already-member-400"
        | "Add-DistributionGroupMember.already-member-400-pipe-form" => {
            (ErrorKind::Conflict, Some(Kind::AlreadyMember))
        }
        "Enable-OrganizationCustomization.already-enabled-400" => (ErrorKind::Service, Some(Kind::NotOffered)),
        "Get-DistributionGroup.not-found-404"
        | "InvokeCommand.cmdlet-proxy-nested"
        | "InvokeCommand.form-b-localized-string"
        | "New-ManagementRoleAssignment.sp-not-ready-404" => (ErrorKind::NotFound, Some(Kind::ObjectNotFound)),
        "Get-DistributionGroupMember.page-expired-400" => (ErrorKind::Service, Some(Kind::PageExpired)),
        "Get-ManagementScope.role-not-propagated-401" | "InvokeCommand.unauthorized-401-claims-challenge" => {
            (ErrorKind::Auth, Some(Kind::Other))
        }
        "InvokeCommand.concurrency-plain-text" => (ErrorKind::Throttled, Some(Kind::TooManyAtOnce)),
        "InvokeCommand.credential-object-500" | "Set-DistributionGroup.untagged-hashtable-400" => {
            (ErrorKind::Service, Some(Kind::InvalidParameterValue))
        }
        "InvokeCommand.forbidden-403-no-diagnostics" => (ErrorKind::Denied, Some(Kind::DeniedWithoutReason)),
        "InvokeCommand.retired-cmdlet-400" => (ErrorKind::Service, Some(Kind::Retired)),
        "InvokeCommand.throttled-429" => (ErrorKind::Throttled, Some(Kind::Other)),
        "InvokeCommand.unavailable-503"
        | "New-ApplicationAccessPolicy.unreliable-500"
        | "Update-DistributionGroupMember.timeout-504" => (ErrorKind::Unavailable, Some(Kind::Other)),
        "InvokeCommand.v1.0-405" | "v2.cmdlet-not-allowed" => (ErrorKind::Service, Some(Kind::Other)),
        "New-ApplicationAccessPolicy.not-security-principal-400" => {
            (ErrorKind::Service, Some(Kind::NotSecurityPrincipal))
        }
        "New-DistributionGroup.already-exists-400"
        | "New-RoleGroup.already-exists-400"
        | "New-ServicePrincipal.already-exists-400" => (ErrorKind::Conflict, Some(Kind::AlreadyExists)),
        "New-MailUser.smtp-in-use" => (ErrorKind::Conflict, Some(Kind::AddressInUse)),
        "New-ManagementRoleAssignment.dehydrated-400" => (ErrorKind::Service, Some(Kind::Dehydrated)),
        "Remove-DistributionGroup.confirm-true-not-executed" | "graph.members-of-mesg-refused" => {
            (ErrorKind::Service, None)
        }
        "Remove-DistributionGroupMember.not-member-400" => (ErrorKind::Conflict, Some(Kind::NotMember)),
        "Remove-ManagementScope.in-use-400" => (ErrorKind::Conflict, Some(Kind::InUse)),
        "Set-DistributionGroup.dirsynced-400" => (ErrorKind::Denied, Some(Kind::DirectorySynced)),
        "Set-DistributionGroup.executing-user-400" => (ErrorKind::Denied, Some(Kind::NotGroupManager)),
        "Set-OrganizationConfig.licence-missing-Ex5E8EA4" => (ErrorKind::Service, Some(Kind::LicenceMissing)),
        // An object by itself, which no cmdlet sends, and rows in a form that we do not ask for.
        "RestEntity.Mailbox-by-id" | "InvokeCommand.clixml" => (ErrorKind::Decode, None),
        "graph.calendar-denied-by-aap" => (ErrorKind::Denied, None),
        _ => return None,
    })
}

/// The requests that our values cannot be: what is asked for does nothing, is not bound, or is no request of ours.
const REFUSED: &[(&str, &str)] = &[
    ("Remove-DistributionGroup.confirm-true-not-executed", "Confirm is always false"),
    ("Set-DistributionGroup.untagged-hashtable-400", "a table is always tagged"),
    ("InvokeCommand.credential-object-500", "an object without a tag is refused"),
    ("InvokeCommand.v1.0-405", "InvokeCommand is posted to beta alone"),
    ("InvokeCommand.clixml", "JSON is the only form that is asked for"),
    ("RestEntity.Mailbox-by-id", "single entities are not read"),
    ("v2.cmdlet-not-allowed", "the documented end points are used for reads alone"),
];

struct Sample {
    name: String,
    request: Value,
    response: Value,
}

#[derive(Debug, Default)]
struct Counts {
    requests: usize,
    refused: usize,
    outputs: usize,
    errors: usize,
    faults: Vec<String>,
}

fn samples(folder: &Path) -> BTreeMap<String, Sample> {
    let files = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files = files.map(|entry| entry.expect("an entry").path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let text = std::fs::read(&path).expect("a file");
            let mut sample: Value = serde_json::from_slice(&text).expect("JSON");
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let (request, response) = (sample["request"].take(), sample["response"].take());
            (name.clone(), Sample { name, request, response })
        })
        .collect()
}

impl Sample {
    fn url(&self) -> &str {
        self.request["url"].as_str().unwrap_or_default()
    }

    fn command(&self) -> Option<(&str, Map<String, Value>)> {
        let input = self.request.get("body")?.get("CmdletInput")?;
        let parameters = input.get("Parameters").and_then(Value::as_object).cloned().unwrap_or_default();
        Some((input["CmdletName"].as_str()?, parameters))
    }

    fn rows(&self) -> usize {
        let body = &self.response["body"];
        body["value"].as_array().map_or(usize::from(body.is_object() && body.get("value").is_none()), Vec::len)
    }

    /// The answer, with links that lead back to `server`.
    fn answer(&self, server: &str) -> ResponseTemplate {
        let response = &self.response;
        let status: u16 = response["status"].as_u64().and_then(|status| status.try_into().ok()).expect("a status");
        let mut template = ResponseTemplate::new(status);
        for (name, value) in response["headers"].as_object().into_iter().flatten() {
            let is_set_below = ["content-type", "content-length"].iter().any(|known| name.eq_ignore_ascii_case(known));
            if let Some(value) = value.as_str().filter(|_| !is_set_below) {
                template = template.insert_header(name.as_str(), value);
            }
        }
        let bytes = if let Some(text) = response.get("body_text").and_then(Value::as_str) {
            text.as_bytes().to_vec()
        } else {
            match &response["body"] {
                Value::Null => Vec::new(),
                body => body.to_string().replace(HOST, server).into_bytes(),
            }
        };
        template.set_body_bytes(bytes)
    }
}

struct Run {
    server: MockServer,
    client: Client,
}

impl Run {
    /// A server that gives these answers in turn, and then empty ones.
    async fn start(samples: &[&Sample]) -> Self {
        let server = MockServer::start().await;
        let answers: Vec<ResponseTemplate> = samples.iter().map(|sample| sample.answer(&server.uri())).collect();
        let count = std::sync::atomic::AtomicUsize::new(0);
        let respond = move |request: &Request| {
            if is_domain_look_up(request) {
                return domains();
            }
            let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let end = || ResponseTemplate::new(200).set_body_json(json!({ "value": [] }));
            answers.get(number).cloned().unwrap_or_else(end)
        };
        Mock::given(any()).respond_with(respond).mount(&server).await;
        let client = Client::builder()
            .tenant(TENANT)
            .credential(StaticToken::exchange("a-token").and_exchange("a-token"))
            .cloud(Cloud::custom(server.uri(), server.uri(), server.uri()).expect("local addresses"))
            .retry(RetryOptions::none())
            .build()
            .expect("a client");
        Self { server, client }
    }

    async fn requests(&self) -> Vec<Request> {
        let requests = self.server.received_requests().await.expect("requests");
        requests.into_iter().filter(|request| !is_domain_look_up(request)).collect()
    }
}

/// Behind the `@` of the anchor the samples have the tenant's GUID, with which writes fail. We send the initial domain,
/// and look it up when the client was built with a GUID.
const INITIAL_DOMAIN: &str = "contoso.onmicrosoft.com";

fn is_domain_look_up(request: &Request) -> bool {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header("x-cmdletname") == "Get-AcceptedDomain" && header("x-anchormailbox").ends_with(TENANT)
}

fn domains() -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({ "value": [{ "DomainName": INITIAL_DOMAIN, "InitialDomain": true }] }))
}

/// Runs a command as the value of its type that has these parameters.
async fn run(exchange: &Exchange, name: &str, parameters: &Map<String, Value>) -> Result<usize, Failed> {
    macro_rules! by_name {
        ($($known:literal => $cmdlet:ty),+ $(,)?) => {
            match name {
                $($known => typed::<$cmdlet>(exchange, parameters).await,)+
                _ => raw(exchange, name, parameters).await,
            }
        };
    }
    by_name! {
        "Add-DistributionGroupMember" => AddDistributionGroupMember,
        "Add-ManagementRoleEntry" => AddManagementRoleEntry,
        "Enable-OrganizationCustomization" => EnableOrganizationCustomization,
        "Get-AcceptedDomain" => GetAcceptedDomain,
        "Get-AdministrativeUnit" => GetAdministrativeUnit,
        "Get-ApplicationAccessPolicy" => GetApplicationAccessPolicy,
        "Get-CalendarProcessing" => GetCalendarProcessing,
        "Get-DistributionGroup" => GetDistributionGroup,
        "Get-DistributionGroupMember" => GetDistributionGroupMember,
        "Get-Mailbox" => GetMailbox,
        "Get-ManagementRoleAssignment" => GetManagementRoleAssignment,
        "Get-ManagementRoleEntry" => GetManagementRoleEntry,
        "Get-ManagementScope" => GetManagementScope,
        "Get-OrganizationConfig" => GetOrganizationConfig,
        "Get-Place" => GetPlace,
        "Get-Recipient" => GetRecipient,
        "New-ApplicationAccessPolicy" => NewApplicationAccessPolicy,
        "New-DistributionGroup" => NewDistributionGroup,
        "New-ManagementRole" => NewManagementRole,
        "New-ManagementRoleAssignment" => NewManagementRoleAssignment,
        "New-ManagementScope" => NewManagementScope,
        "New-RoleGroup" => NewRoleGroup,
        "New-ServicePrincipal" => NewServicePrincipal,
        "Remove-ApplicationAccessPolicy" => RemoveApplicationAccessPolicy,
        "Remove-DistributionGroup" => RemoveDistributionGroup,
        "Remove-DistributionGroupMember" => RemoveDistributionGroupMember,
        "Remove-ManagementRole" => RemoveManagementRole,
        "Remove-ManagementRoleEntry" => RemoveManagementRoleEntry,
        "Remove-ManagementScope" => RemoveManagementScope,
        "Remove-ServicePrincipal" => RemoveServicePrincipal,
        "Set-ApplicationAccessPolicy" => SetApplicationAccessPolicy,
        "Set-CalendarProcessing" => SetCalendarProcessing,
        "Set-DistributionGroup" => SetDistributionGroup,
        "Set-Mailbox" => SetMailbox,
        "Set-ManagementRoleAssignment" => SetManagementRoleAssignment,
        "Set-Place" => SetPlace,
        "Test-ApplicationAccessPolicy" => TestApplicationAccessPolicy,
        "Test-ServicePrincipalAuthorization" => TestServicePrincipalAuthorization,
        "Update-DistributionGroupMember" => UpdateDistributionGroupMember,
    }
}

enum Failed {
    /// There is no such value.
    NotBuilt(String),
    Service(Box<Error>),
}

async fn typed<C: Cmdlet + DeserializeOwned>(
    exchange: &Exchange,
    parameters: &Map<String, Value>,
) -> Result<usize, Failed>
where
    C::Output: Count,
{
    let cmdlet = serde_json::from_value::<C>(Value::Object(ours(C::NAME, parameters)));
    let cmdlet = cmdlet.map_err(|error| Failed::NotBuilt(error.to_string()))?;
    exchange.run(cmdlet).await.map(|output| output.count()).map_err(|error| Failed::Service(Box::new(error)))
}

async fn raw(exchange: &Exchange, name: &str, parameters: &Map<String, Value>) -> Result<usize, Failed> {
    let refused = |error: exchange_groups::graph_client::InvalidValue| Failed::NotBuilt(error.to_string());
    let mut cmdlet = RawCmdlet::<Vec<Value>>::new(name).map_err(refused)?;
    for (name, value) in parameters {
        cmdlet = cmdlet.parameter(name, value).map_err(refused)?;
    }
    exchange.run(cmdlet).await.map(|rows| rows.len()).map_err(|error| Failed::Service(Box::new(error)))
}

trait Count {
    fn count(&self) -> usize;
}

impl<T> Count for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }
}

impl Count for () {
    fn count(&self) -> usize {
        0
    }
}

macro_rules! one {
    ($($output:ty),+) => {$(
        impl Count for $output {
            fn count(&self) -> usize {
                1
            }
        }
    )+};
}
one!(
    exchange_groups::graph_client::exchange::AccessCheck,
    exchange_groups::graph_client::exchange::ApplicationAccessPolicy,
    exchange_groups::graph_client::exchange::CalendarProcessing,
    exchange_groups::graph_client::exchange::DistributionGroup,
    exchange_groups::graph_client::exchange::ExchangeServicePrincipal,
    exchange_groups::graph_client::exchange::ManagementRole,
    exchange_groups::graph_client::exchange::ManagementRoleAssignment,
    exchange_groups::graph_client::exchange::ManagementScope,
    exchange_groups::graph_client::exchange::OrganizationConfig,
    exchange_groups::graph_client::exchange::RoleGroup
);

/// The parameters as a value of ours holds them: lists are always asked for whole, and the by-pass is on unless it is
/// switched off.
fn ours(name: &str, parameters: &Map<String, Value>) -> Map<String, Value> {
    const BYPASS: &[&str] = &[
        "Add-DistributionGroupMember",
        "Remove-DistributionGroup",
        "Remove-DistributionGroupMember",
        "Set-DistributionGroup",
        "Update-DistributionGroupMember",
    ];
    let mut parameters = parameters.clone();
    if parameters.get("ResultSize").is_some_and(Value::is_number) {
        parameters.insert("ResultSize".into(), json!("Unlimited"));
    }
    if BYPASS.contains(&name) {
        parameters.entry("BypassSecurityGroupManagerCheck").or_insert(json!(true));
    }
    if name == "New-ApplicationAccessPolicy"
        && let Some([one]) = parameters.get("AppId").and_then(Value::as_array).map(Vec::as_slice)
    {
        // A single value binds to a list.
        let one = one.clone();
        parameters.insert("AppId".into(), one);
    }
    parameters
}

/// What a value of ours sends in addition to what a sample has: the stricter form of the same command.
fn with_our_additions(name: &str, sample: &Map<String, Value>, sent: &Map<String, Value>) -> Map<String, Value> {
    let mut expected = ours(name, sample);
    for (parameter, value) in [("ResultSize", json!("Unlimited")), ("Confirm", json!(false))] {
        if sent.get(parameter) == Some(&value) {
            expected.entry(parameter).or_insert(value);
        }
    }
    expected
}

/// What is wrong with a request, against the sample of it.
fn compare(sample: &Sample, sent: &Request) -> Result<(), String> {
    let equal = |what: &str, ours: &str, theirs: &str| {
        if ours == theirs { Ok(()) } else { Err(format!("{what}: {ours:?} is sent in place of {theirs:?}")) }
    };
    equal("method", sent.method.as_str(), sample.request["method"].as_str().unwrap_or_default())?;
    let target = &sent.url.as_str()[sent.url.origin().ascii_serialization().len()..];
    equal("address", target, sample.url().trim_start_matches(HOST).trim_start_matches(GRAPH))?;
    let header = |name: &str| sent.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for (name, value) in sample.request["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        match &*name.to_ascii_lowercase() {
            "authorization" => equal(name, header(name), "Bearer a-token")?,
            // Each command has an id of its own, and lists come in pages as large as the service gives them.
            "client-request-id" if header(name).len() == 36 => {}
            "prefer" if header(name).starts_with("odata.maxpagesize=") => {}
            // What has no body has no type of one.
            "content-type" if sent.body.is_empty() => {}
            "content-type" => equal(name, header(name), "application/json")?,
            "parameter-based-routing" => {}
            "x-anchormailbox" => equal(name, header(name), &value.replace(TENANT, INITIAL_DOMAIN))?,
            _ => equal(name, header(name), value)?,
        }
    }
    let Some((name, parameters)) = sample.command() else { return Ok(()) };
    let sent: Value = serde_json::from_slice(&sent.body).map_err(|error| error.to_string())?;
    let input = &sent["CmdletInput"];
    equal("cmdlet", input["CmdletName"].as_str().unwrap_or_default(), name)?;
    let sent = input["Parameters"].as_object().cloned().unwrap_or_default();
    let expected = with_our_additions(name, &parameters, &sent);
    if sent == expected {
        return Ok(());
    }
    Err(format!("parameters: {} are sent in place of {}", Value::Object(sent), Value::Object(expected)))
}

impl Counts {
    async fn check(&mut self, sample: &Sample, all: &BTreeMap<String, Sample>) {
        if sample.name.starts_with("batch.") {
            return self.check_batch(sample, all).await;
        }
        if sample.name.ends_with("page-2") {
            // It is checked together with the first page.
            return;
        }
        let later = sample.name.strip_suffix("page-1").and_then(|stem| all.get(&format!("{stem}page-2")));
        // A link comes from the page before.
        let before = sample.url().contains("skiptoken").then(|| Sample {
            name: sample.name.clone(),
            request: Value::Null,
            response: json!({ "status": 200, "body": { "value": [], "@odata.nextLink": sample.url() } }),
        });
        let pages: Vec<&Sample> = before.iter().chain([sample]).chain(later).collect();
        let run_of = Run::start(&pages).await;
        let mut exchange = run_of.client.exchange();
        if sample.url().contains("/v2.0/") {
            exchange = exchange.prefer_documented();
        }
        let refused = REFUSED.iter().find(|(name, _)| *name == sample.name);
        let outcome = self.send(sample, &run_of, &exchange, refused.is_some()).await;
        let requests = run_of.requests().await;
        if refused.is_some() {
            self.refused += 1;
        } else {
            for (page, sent) in pages.iter().zip(&requests).filter(|(page, _)| !page.request.is_null()) {
                match compare(page, sent) {
                    Ok(()) => self.requests += 1,
                    Err(fault) => self.faults.push(format!("{}: {fault}", page.name)),
                }
            }
            if requests.len() < pages.len() {
                self.faults.push(format!("{}: {} of {} pages are read", sample.name, requests.len(), pages.len()));
            }
        }
        self.compare_outcome(sample, outcome, pages.iter().map(|page| page.rows()).sum(), pages.len());
    }

    /// Sends what the sample sends. For a request that cannot be ours, its answer is given to another one.
    async fn send(
        &mut self,
        sample: &Sample,
        run_of: &Run,
        exchange: &Exchange,
        is_refused: bool,
    ) -> Result<usize, Failed> {
        let service = |error: Error| Failed::Service(Box::new(error));
        if sample.name.starts_with("graph.") {
            let graph = run_of.client.with_credential(StaticToken::graph("a-token"));
            let path = sample.url().trim_start_matches(GRAPH);
            let method = if sample.request["method"] == "GET" { Method::GET } else { Method::POST };
            let request = graph.request(method.clone(), path);
            let request = if method == Method::POST { request.body(&sample.request["body"]) } else { request };
            return request.send().await.map(|_| 0).map_err(service);
        }
        if sample.name.starts_with("EXOModuleFile") {
            return exchange.available_cmdlets().await.map(|_| 1).map_err(service);
        }
        let Some((name, parameters)) = sample.command().filter(|_| !sample.name.starts_with("RestEntity")) else {
            return run(exchange, "Get-Mailbox", &Map::new()).await;
        };
        if sample.url().contains("$select=") {
            let select = [Property::NAME, "IsDehydrated".parse().expect("a property")];
            return exchange.run(GetOrganizationConfig::new().select(select)).await.map(|_| 1).map_err(service);
        }
        if !is_refused
            || sample.name.ends_with("405")
            || sample.name.ends_with("clixml")
            || sample.name.starts_with("v2")
        {
            let parameters =
                if sample.name.ends_with("timeout-504") { with_two_members(&parameters) } else { parameters };
            return run(exchange, name, &parameters).await;
        }
        match run(exchange, name, &parameters).await {
            Err(Failed::NotBuilt(_)) => {}
            _ => self.faults.push(format!("{}: the value can be built", sample.name)),
        }
        run(exchange, "Set-Place", &json!({ "Identity": "x" }).as_object().cloned().unwrap_or_default()).await
    }

    fn compare_outcome(&mut self, sample: &Sample, outcome: Result<usize, Failed>, rows: usize, files: usize) {
        let name = &sample.name;
        match (outcome, expected_error(name)) {
            (Ok(count), None) if count == rows => self.outputs += files,
            (Ok(count), None) => self.faults.push(format!("{name}: {count} rows in place of {rows}")),
            (Ok(_), Some(_)) => self.faults.push(format!("{name}: a success in place of an error")),
            (Err(Failed::NotBuilt(fault)), _) => self.faults.push(format!("{name}: no such value: {fault}")),
            (Err(Failed::Service(error)), None) => self.faults.push(format!("{name}: {error}")),
            (Err(Failed::Service(error)), Some((kind, said))) => {
                let found = (error.kind(), error.cmdlet().map(|cmdlet| cmdlet.kind));
                if found == (kind, said) {
                    self.errors += 1;
                } else {
                    self.faults.push(format!("{name}: {found:?} in place of {:?}: {error}", (kind, said)));
                }
            }
        }
    }

    /// A batch, with a command without an answer of the sample's added to a sample that has one command: a command by
    /// itself is not sent as a batch.
    async fn check_batch(&mut self, sample: &Sample, all: &BTreeMap<String, Sample>) {
        if sample.name.ends_with("continuation") {
            return;
        }
        let later = all.get("batch.page-2-continuation").filter(|_| sample.name.ends_with("page-1"));
        let pages: Vec<&Sample> = [sample].into_iter().chain(later).collect();
        let items = sample.request["body"]["requests"].as_array().cloned().unwrap_or_default();
        let server = MockServer::start().await;
        let answers: Vec<(Vec<Value>, Value)> = pages
            .iter()
            .map(|page| {
                let text = page.response["body"]["responses"].to_string().replace(HOST, &server.uri());
                let items = page.request["body"]["requests"].as_array().cloned().unwrap_or_default();
                (items, serde_json::from_str(&text).expect("JSON"))
            })
            .collect();
        let count = std::sync::atomic::AtomicUsize::new(0);
        let respond = move |request: &Request| {
            if is_domain_look_up(request) {
                return domains();
            }
            let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let (items, responses) = &answers[number.min(answers.len() - 1)];
            let sent: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let mut ours = Vec::new();
            for (index, item) in sent["requests"].as_array().into_iter().flatten().enumerate() {
                let theirs = items
                    .get(index)
                    .and_then(|item| responses.as_array()?.iter().find(|response| response["id"] == item["id"]));
                let mut answer = theirs.cloned().unwrap_or(json!({ "status": 200, "body": { "value": [] } }));
                answer["id"] = item["id"].clone();
                ours.insert(0, answer);
            }
            ResponseTemplate::new(200).set_body_json(json!({ "responses": ours }))
        };
        Mock::given(any()).respond_with(respond).mount(&server).await;
        let client = Client::builder()
            .tenant(TENANT)
            .credential(StaticToken::exchange("a-token"))
            .cloud(Cloud::custom(server.uri(), server.uri(), server.uri()).expect("local addresses"))
            .retry(RetryOptions::none())
            .build()
            .expect("a client");
        let command = |item: &Value| {
            let input = &item["body"]["CmdletInput"];
            let parameters = input["Parameters"].as_object().into_iter().flatten();
            let cmdlet = RawCmdlet::<Vec<Value>>::new(input["CmdletName"].as_str().unwrap_or_default());
            let cmdlet = parameters.fold(cmdlet, |cmdlet, (name, value)| cmdlet?.parameter(name, value));
            cmdlet.expect("a command")
        };
        let mut cmdlets: Vec<_> = items.iter().map(command).collect();
        if let [one] = &*cmdlets {
            cmdlets.push(one.clone());
        }
        let results = client.exchange().run_all(cmdlets).await;
        if pages.len() > 1 {
            let rows = results[0].as_ref().map(Vec::len).unwrap_or_default();
            if rows != 2 {
                self.faults.push(format!("{}: {rows} rows over both pages", sample.name));
            }
        }
        let errors: Vec<Option<Kind>> = results
            .into_iter()
            .take(items.len())
            .map(|result| result.err().and_then(|error| error.cmdlet().map(|said| said.kind)))
            .collect();
        let expected: Vec<Option<Kind>> = items
            .iter()
            .map(|item| {
                let responses = sample.response["body"]["responses"].as_array();
                let status = responses.into_iter().flatten().find(|response| response["id"] == item["id"]);
                status.filter(|response| response["status"] != 200).map(|_| Kind::AlreadyMember)
            })
            .collect();
        if errors == expected {
            self.outputs += pages.len();
        } else {
            self.faults.push(format!("{}: {errors:?} in place of {expected:?}", sample.name));
        }
        let sent = server.received_requests().await.expect("requests");
        for (page, sent) in pages.iter().zip(sent.into_iter().filter(|request| !is_domain_look_up(request))) {
            match compare_batch(page, &sent, &server.uri()) {
                Ok(()) => self.requests += 1,
                Err(fault) => self.faults.push(format!("{}: {fault}", page.name)),
            }
        }
    }
}

fn compare_batch(sample: &Sample, sent: &Request, origin: &str) -> Result<(), String> {
    let outer = Sample {
        name: sample.name.clone(),
        request: json!({ "method": sample.request["method"], "url": sample.url(), "headers": sample.request["headers"] }),
        response: Value::Null,
    };
    compare(&outer, sent)?;
    let body: Value = serde_json::from_slice(&sent.body).map_err(|error| error.to_string())?;
    let theirs = sample.request["body"]["requests"].as_array().cloned().unwrap_or_default();
    for (ours, theirs) in body["requests"].as_array().into_iter().flatten().zip(&theirs) {
        let url = ours["url"].as_str().unwrap_or_default().replace(origin, HOST);
        if url != theirs["url"].as_str().unwrap_or_default() || ours["method"] != theirs["method"] {
            return Err(format!("an item goes to {url}"));
        }
        for name in ["Authorization", "Content-Type", "X-AnchorMailbox", "X-CmdletName", "Prefer", "Accept"] {
            let value = ours["headers"][name].as_str().unwrap_or_default();
            let is_alike = match name {
                "Authorization" => value == "Bearer a-token",
                "Prefer" => value.starts_with("odata.maxpagesize"),
                "Accept" => value == "application/json",
                "X-AnchorMailbox" => {
                    let theirs = theirs["headers"][name].as_str().unwrap_or_default();
                    value == theirs.replace(TENANT, INITIAL_DOMAIN)
                }
                _ => theirs["headers"][name] == value,
            };
            if !is_alike {
                return Err(format!("an item has {name}: {value}"));
            }
        }
        let command = |item: &Value| {
            let input = &item["body"]["CmdletInput"];
            (input["CmdletName"].as_str().unwrap_or_default().to_owned(), input["Parameters"].as_object().cloned())
        };
        let ((name, sent), (_, sample)) = (command(ours), command(theirs));
        let (sent, sample) = (sent.unwrap_or_default(), sample.unwrap_or_default());
        if sent != with_our_additions(&name, &sample, &sent) {
            return Err(format!("an item has the parameters {}", Value::Object(sent)));
        }
    }
    Ok(())
}

/// The sample of a time-out only sketches its 10,000 members.
fn with_two_members(parameters: &Map<String, Value>) -> Map<String, Value> {
    let mut parameters = parameters.clone();
    parameters.entry("BypassSecurityGroupManagerCheck").or_insert(json!(true));
    parameters
}

#[tokio::test]
async fn every_sample_of_the_wire_is_sent_and_read_as_it_is() {
    let Some(folder) = std::env::var_os("CONFORMANCE_DATA").map(PathBuf::from) else {
        tell("CONFORMANCE_DATA does not name a folder with exchange-samples: nothing is checked");
        return;
    };
    let all = samples(&folder.join("exchange-samples"));
    assert!(!all.is_empty(), "the folder has no samples");
    let mut counts = Counts::default();
    for sample in all.values() {
        counts.check(sample, &all).await;
    }
    tell(&format!(
        "{} samples: {} requests are as we send them, {} cannot be ours; {} answers became outputs, {} errors of the right \
         kind; {} faults",
        all.len(),
        counts.requests,
        counts.refused,
        counts.outputs,
        counts.errors,
        counts.faults.len(),
    ));
    assert!(counts.faults.is_empty(), "{}", counts.faults.join("\n"));
    assert_eq!(counts.outputs + counts.errors, all.len(), "every answer was checked");
    assert_eq!(counts.requests + counts.refused, all.len(), "every request was checked");
}

#[expect(clippy::print_stderr, reason = "a check over a folder tells what it did")]
fn tell(text: &str) {
    eprintln!("{text}");
}
