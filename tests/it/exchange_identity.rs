//! Objects are who they are: look-ups by address, the anchor by the tenant's initial domain, and what survives JSON.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use exchange_groups::graph_client::exchange::{
    AtAddress, CmdletErrorKind as Kind, DistributionGroup, ExchangeMailbox, ExchangeRecipient, GetDistributionGroup,
    GetMailbox, GetOrganizationConfig, GetRecipient, Identity, NewDistributionGroup, SetDistributionGroup,
};
use exchange_groups::graph_client::{Client, ClientSecret, Cloud, ErrorKind, RetryOptions, SmtpAddress, StaticToken};
use exchange_groups_tests::Contoso;
use fake_tenant::{FakeTenant, NewGroup};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const GUID: &str = "3c8fb1f0-6f4e-4b1e-9c5b-2f6f0a4d7e11";

fn address(text: &str) -> SmtpAddress {
    text.parse().unwrap()
}

/// A server that answers by cmdlet and parameters, and a client of it for a tenant of this name.
async fn scripted(
    tenant: &str,
    answer: impl Fn(&str, &Value, &Request) -> ResponseTemplate + Send + Sync + 'static,
) -> (MockServer, Client) {
    let server = MockServer::start().await;
    let respond = move |request: &Request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let input = &body["CmdletInput"];
        answer(input["CmdletName"].as_str().unwrap_or_default(), &input["Parameters"], request)
    };
    Mock::given(any()).respond_with(respond).mount(&server).await;
    let uri = server.uri();
    let client = Client::builder()
        .tenant(tenant)
        .credential(StaticToken::graph("a-token").and_exchange("a-token"))
        .cloud(Cloud::custom(&uri, &uri, &uri).unwrap())
        .retry(RetryOptions::none())
        .build()
        .unwrap();
    (server, client)
}

#[expect(clippy::needless_pass_by_value, reason = "callers write the rows in place")]
fn rows(rows: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "value": rows }))
}

fn failed(status: u16, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({ "error": {
        "code": "BadRequest", "message": "Error executing cmdlet", "details": [{ "code": "Client", "message": message }],
    }}))
}

fn anchors(requests: &[Request]) -> Vec<String> {
    let anchor = |request: &Request| {
        request.headers.get("x-anchormailbox")?.to_str().ok()?.rsplit_once('@').map(|it| it.1.to_owned())
    };
    requests.iter().filter_map(anchor).collect()
}

/// W6, V1: of two recipients the one counts that has the address; a name that reads like it does not.
#[tokio::test]
async fn w6_an_address_leads_to_who_has_it_and_not_to_who_is_called_like_it() {
    let by_name = json!({ "Name": "rooms@contoso.com", "DisplayName": "rooms@contoso.com", "PrimarySmtpAddress": "board@contoso.com",
        "EmailAddresses": ["SMTP:board@contoso.com", "X500:rooms@contoso.com"] });
    let proxy = json!({ "Name": "b", "PrimarySmtpAddress": "b@contoso.com",
        "EmailAddresses": ["SMTP:b@contoso.com", "smtp:Rooms@contoso.com"] });
    let primary = json!({ "Name": "c", "PrimarySmtpAddress": "ROOMS@contoso.com" });
    let cases: [(Vec<Value>, Vec<Value>, &str); 6] = [
        (vec![by_name.clone(), proxy.clone()], vec![], "one b"),
        (vec![by_name.clone()], vec![proxy.clone()], "one b"),
        (vec![by_name.clone()], vec![], "by name"),
        (vec![proxy.clone(), primary.clone()], vec![], "several"),
        (vec![by_name.clone()], vec![proxy, primary], "several"),
        (vec![], vec![], "nothing"),
    ];
    for (identity, filter, expected) in cases {
        let (server, client) =
            scripted("contoso.onmicrosoft.com", move |_, parameters, _| match parameters["Identity"].is_string() {
                true if identity.is_empty() => {
                    failed(404, "Ex6F9304|X.ManagementObjectNotFoundException|object couldn't be found on 'DC'.")
                }
                true => rows(json!(identity)),
                false => {
                    assert_eq!(parameters["Filter"], "EmailAddresses -eq 'rooms@contoso.com'");
                    rows(json!(filter))
                }
            })
            .await;
        let told = match client.exchange().recipient_at(&address("rooms@contoso.com")).await.unwrap() {
            AtAddress::One(recipient) => format!("one {}", recipient.name.unwrap()),
            AtAddress::Several(_) => "several".into(),
            AtAddress::OnlyByName(_) => "by name".into(),
            AtAddress::Nothing => "nothing".into(),
        };
        assert_eq!(told, expected);
        assert!(server.received_requests().await.unwrap().len() <= 2);
    }
}

/// W5, W6: an identity that fits several is looked up by the addresses.
#[tokio::test]
async fn w6_an_identity_that_fits_several_is_decided_by_the_addresses() {
    let (_server, client) = scripted("contoso.onmicrosoft.com", |_, parameters, _| match &parameters["Identity"] {
        Value::String(_) => failed(404, "|X.ManagementObjectAmbiguousException|object 'x' matches multiple entries."),
        _ => rows(json!([{ "Name": "a", "PrimarySmtpAddress": "rooms@contoso.com" }])),
    })
    .await;
    let found = client.exchange().group_at(&address("rooms@contoso.com")).await.unwrap();
    assert_eq!(found.one().and_then(|group| group.name).as_deref(), Some("a"));
    let error = client.exchange().run(GetDistributionGroup::one(address("rooms@contoso.com"))).await.expect_err("two");
    assert_eq!(error.cmdlet().map(|said| said.kind), Some(Kind::SeveralMatch));
}

/// V1, against a tenant: another team's group whose name is our address is not at it.
#[tokio::test]
async fn v1_a_group_that_is_called_like_the_address_is_not_at_the_address() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_group(NewGroup::security("board-secrets@contoso.com").name("placeosroombooking@contoso.com"));
    let exchange = contoso.client.exchange();
    let ours = address("placeosroombooking@contoso.com");
    assert!(matches!(exchange.group_at(&ours).await.unwrap(), AtAddress::OnlyByName(groups) if groups.len() == 1));
    assert!(matches!(exchange.recipient_at(&ours).await.unwrap(), AtAddress::OnlyByName(_)));
    let board = exchange.group_at(&address("Board-Secrets@contoso.com")).await.unwrap().one().unwrap();
    assert!(board.has_address(&address("board-secrets@CONTOSO.com")) && !board.has_address(&ours));
    let rooms: Vec<SmtpAddress> = contoso.rooms().iter().map(|room| address(room)).collect();
    let mut asked = rooms.clone();
    asked.push(address("nobody@contoso.com"));
    let found = exchange.mailboxes_at(&asked).await;
    assert_eq!(found.iter().filter(|outcome| matches!(outcome, Ok(AtAddress::One(_)))).count(), rooms.len());
    assert!(matches!(found.last(), Some(Ok(AtAddress::Nothing))));
}

/// W24: with a GUID or a custom domain the initial domain is read once, for all calls and clones.
#[tokio::test]
async fn w24_the_initial_domain_is_looked_up_once_and_stands_in_every_anchor() {
    let asked = Arc::new(AtomicUsize::new(0));
    for tenant in [GUID, "contoso.com"] {
        asked.store(0, Ordering::SeqCst);
        let count = Arc::clone(&asked);
        let (server, client) = scripted(tenant, move |name, _, _| match name {
            "Get-AcceptedDomain" => {
                count.fetch_add(1, Ordering::SeqCst);
                rows(json!([
                    { "DomainName": "contoso.com", "InitialDomain": "False" },
                    { "DomainName": "contoso.onmicrosoft.com", "InitialDomain": "True" },
                ]))
            }
            _ => rows(json!([])),
        })
        .await;
        let other = client.with_credential(StaticToken::exchange("another"));
        let groups = client.exchange();
        let (one, two, three) = tokio::join!(
            groups.run(GetMailbox::rooms()),
            groups.run(GetDistributionGroup::all()),
            groups.run_all(vec![GetMailbox::rooms(), GetMailbox::all()]),
        );
        assert!(one.is_ok() && two.is_ok() && three.iter().all(Result::is_err), "a batch has another form");
        client.metered().0.exchange().run(SetDistributionGroup::new(identity()).display_name("x")).await.unwrap();
        other.exchange().run(GetMailbox::rooms()).await.unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{tenant}");
        let anchors = anchors(&server.received_requests().await.unwrap());
        assert_eq!(anchors.iter().filter(|domain| *domain == tenant).count(), 1, "the look-up itself");
        assert!(anchors.iter().all(|domain| domain == tenant || domain == "contoso.onmicrosoft.com"), "{anchors:?}");
        assert!(anchors.len() >= 6);
    }
    let (server, client) = scripted("contoso.onmicrosoft.com", |_, _, _| rows(json!([]))).await;
    client.exchange().run(GetMailbox::rooms()).await.unwrap();
    assert_eq!(anchors(&server.received_requests().await.unwrap()), ["contoso.onmicrosoft.com"], "as it is");
}

fn identity() -> Identity {
    "rooms@contoso.com".parse().unwrap()
}

/// W24: where Exchange refuses the look-up Graph is asked, and where nobody tells the command goes out all the same.
#[tokio::test]
async fn w24_the_initial_domain_comes_from_graph_where_exchange_refuses() {
    let denied = || {
        ResponseTemplate::new(403)
            .insert_header("x-ms-diagnostics", "2000003;reason=\"No role.\"")
            .set_body_bytes(vec![0; 470])
    };
    for (graph, settings, expected) in
        [(true, false, "contoso.onmicrosoft.com"), (false, true, "contoso.onmicrosoft.com"), (false, false, GUID)]
    {
        let (server, client) = scripted(GUID, move |name, _, request| match (name, request.url.path()) {
            (_, "/v1.0/organization") if graph => rows(json!([{ "id": GUID, "verifiedDomains": [
                { "name": "contoso.com", "isInitial": false },
                { "name": "contoso.onmicrosoft.com", "isInitial": true },
            ]}])),
            (_, "/v1.0/organization") => ResponseTemplate::new(403),
            ("Get-OrganizationConfig", _) if settings => rows(json!([{ "Name": "contoso.onmicrosoft.com" }])),
            ("Get-AcceptedDomain" | "Get-OrganizationConfig", _) => denied(),
            _ => rows(json!([])),
        })
        .await;
        for _ in 0..3 {
            client.exchange().run(GetMailbox::rooms()).await.unwrap();
        }
        let requests = server.received_requests().await.unwrap();
        let mailboxes: Vec<Request> = requests
            .iter()
            .filter(|request| request.headers.get("x-cmdletname").is_some_and(|name| name == "Get-Mailbox"))
            .cloned()
            .collect();
        assert_eq!(anchors(&mailboxes), [expected; 3]);
        assert!(requests.len() <= 6, "a look-up that failed is not repeated for every command: {}", requests.len());
    }
}

/// W24, against a tenant, which has a custom domain and a GUID.
#[tokio::test]
async fn w24_every_name_of_a_tenant_leads_to_the_same_anchor() {
    let tenant = FakeTenant::contoso();
    let server = tenant.serve().await.unwrap();
    let administrator = tenant.administrator();
    for name in [tenant.domain(), tenant.initial_domain(), tenant.id()] {
        tenant.clear_requests();
        let client = Client::builder()
            .tenant(name)
            .credential(ClientSecret::new(administrator.client_id.parse().unwrap(), administrator.secret()))
            .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url()).unwrap())
            .build()
            .unwrap();
        client.exchange().run(GetOrganizationConfig::new()).await.unwrap();
        let requests = tenant.requests();
        let call = requests.iter().find(|request| request.cmdlet.as_deref() == Some("Get-OrganizationConfig")).unwrap();
        let anchor = call.header("X-AnchorMailbox").unwrap();
        assert!(anchor.ends_with(&format!("@{}", tenant.initial_domain())), "{anchor}");
    }
}

/// W24: the error about the target server is told by itself, explained, and leaves the outcome open.
#[tokio::test]
async fn w24_the_target_dc_error_is_explained_and_leaves_the_outcome_open() {
    let message = "|Microsoft.Exchange.Data.Directory.InsufficientPermissionsException|User 'x' doesn't have write \
                   permission to target DC 'AM0PR01A001DC007'.";
    for status in [400, 403, 500] {
        let (server, client) = scripted("contoso.onmicrosoft.com", move |_, _, _| failed(status, message)).await;
        let new = NewDistributionGroup::security("Rooms".parse().unwrap());
        let error = client.exchange().run(new).await.expect_err("no permission");
        assert_eq!(error.cmdlet().map(|said| said.kind), Some(Kind::TargetNotWritable));
        assert!(error.is_outcome_unknown() && error.kind() == ErrorKind::Service, "{error}");
        assert!(error.advice().is_some_and(|advice| advice.contains("initial domain")), "{error}");
        assert_eq!(server.received_requests().await.unwrap().len(), 1, "it is not repeated");
        let error = client.exchange().run(GetRecipient::new(identity())).await.expect_err("no permission");
        assert!(!error.is_outcome_unknown(), "a read has no outcome");
    }
}

/// P4: what was read survives JSON, with its addresses.
#[tokio::test]
async fn p4_records_survive_a_round_trip_with_their_addresses() {
    fn survives<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(record: &T) {
        let stored = serde_json::to_string(record).unwrap();
        assert_eq!(&serde_json::from_str::<T>(&stored).unwrap(), record, "{stored}");
    }
    let contoso = Contoso::start().await;
    let exchange = contoso.client.exchange();
    let rooms = exchange.run(GetMailbox::all()).await.unwrap();
    assert!(rooms.iter().any(|room| !room.email_addresses.is_empty()));
    rooms.iter().for_each(survives);
    exchange.run(GetDistributionGroup::all()).await.unwrap().iter().for_each(survives);
    let filter = GetRecipient::at(&address(&contoso.rooms()[0])).unwrap();
    exchange.run(filter).await.unwrap().iter().for_each(survives);
    survives(&exchange.run(GetOrganizationConfig::new().with_ews_applications()).await.unwrap_or_default());

    for addresses in [
        json!(["SMTP:a@contoso.com", "smtp:b@contoso.com", "X500:/o=x", "SIP:a@contoso.com"]),
        json!(["a@contoso.com", "b@contoso.com"]),
        json!("SMTP:a@contoso.com,smtp:b@contoso.com"),
    ] {
        let row = json!({ "Name": "a", "PrimarySmtpAddress": "a@contoso.com", "EmailAddresses": addresses });
        let both = [address("a@contoso.com"), address("b@contoso.com")];
        let mailbox: ExchangeMailbox = serde_json::from_value(row.clone()).unwrap();
        let recipient: ExchangeRecipient = serde_json::from_value(row.clone()).unwrap();
        let group: DistributionGroup = serde_json::from_value(row).unwrap();
        assert_eq!((&*mailbox.email_addresses, &*recipient.email_addresses), (&both[..], &both[..]));
        assert_eq!(group.email_addresses, both);
        survives(&mailbox);
        survives(&recipient);
        survives(&group);
    }
}
