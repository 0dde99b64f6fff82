//! Faults, and the record of what was asked.

use std::time::Duration;

use fake_tenant::{FakeTenant, Fault, Interruption, Matcher, NextLink, Request, Response, When};
use serde_json::{Value, json};

use crate::{EXCHANGE, GRAPH, SECURITY_GROUP, Session, explain, sign_in, text, with_group};

#[test]
fn requests_are_throttled_for_a_while() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    tenant.throttle(2, "2.128");
    let response = admin.get("/v1.0/organization");
    assert_eq!((response.status(), response.header("Retry-After")), (429, Some("2.128")));
    assert_eq!(response.json()["error"]["code"], "TooManyRequests");
    assert_eq!(admin.invoke("Get-AcceptedDomain", json!({})).status(), 429);
    assert_eq!(admin.invoke("Get-AcceptedDomain", json!({})).status(), 200);
    tenant.throttle_window(Duration::from_secs(10), "10");
    assert_eq!(admin.get("/v1.0/organization").status(), 429);
    tenant.advance(Duration::from_secs(10));
    assert_eq!(admin.get("/v1.0/organization").status(), 200);
}

#[test]
fn an_answer_of_exchange_can_be_anything() {
    let (tenant, admin) = with_group();
    let members = || admin.invoke("Get-DistributionGroupMember", json!({"Identity": "building-1"}));
    let next = |fault: Fault| tenant.fail_next(Matcher::cmdlet("Get-DistributionGroupMember"), fault);
    for body in [&b""[..], b"{}", b"[]", b"{\"Message\":\"maintenance\"}", b"\0\0\0\0"] {
        next(Fault::body(200, body));
        let answer = members();
        assert_eq!((answer.status(), answer.body()), (200, body));
    }
    next(Fault::nul_bytes());
    assert!(members().body().iter().all(|byte| *byte == 0));
    let rows = |answer: &Response| answer.json()["value"].as_array().unwrap().len();
    let whole = rows(&members());

    for odd in [json!("a text"), json!({"message": "an object"}), json!(null), json!([1, null])] {
        next(Fault::Warnings(odd.clone()));
        let answer = members();
        assert_eq!((&answer.json()["@adminapi.warnings"], rows(&answer)), (&odd, whole));
    }
    next(Fault::CutList { rows: 3 });
    let cut = members();
    assert_eq!((rows(&cut), cut.json().get("@odata.nextLink")), (3, None));
    assert!(text(&cut.json()["@adminapi.warnings"][0]).starts_with("There are more results available"));
    assert_eq!(rows(&members()), whole, "one answer each");

    // A write may be carried out behind such an answer.
    let hide = || {
        let parameters = json!({"Identity": SECURITY_GROUP, "HiddenFromAddressListsEnabled": true, "BypassSecurityGroupManagerCheck": true});
        admin.invoke("Set-DistributionGroup", parameters).text()
    };
    let hidden = || tenant.group(SECURITY_GROUP).unwrap().hidden;
    tenant.fail_next(Matcher::cmdlet("Set-DistributionGroup"), Fault::body(200, "{}"));
    assert_eq!((&*hide(), hidden()), ("{}", false));
    tenant.fail_next(Matcher::cmdlet("Set-DistributionGroup"), Fault::body(200, "{}").when(When::AfterEffect));
    assert_eq!((&*hide(), hidden()), ("{}", true));
}

#[test]
fn items_of_a_batch_of_exchange_are_throttled_one_by_one() {
    let (tenant, admin) = with_group();
    let url = format!("{EXCHANGE}/adminapi/beta/{}/", tenant.id());
    let item = |id: &str, member: &str| {
        let parameters = json!({"Identity": SECURITY_GROUP, "Member": member, "BypassSecurityGroupManagerCheck": true});
        json!({
            "id": id, "method": "POST", "url": format!("{url}InvokeCommand"),
            "headers": {"Authorization": format!("Bearer {}", admin.exchange)},
            "body": {"CmdletInput": {"CmdletName": "Add-DistributionGroupMember", "Parameters": parameters}},
        })
    };
    tenant.fail_next(Matcher::cmdlet("Add-DistributionGroupMember").after(1), Fault::throttle("7"));
    let batch = json!({"requests": [item("1", "boardroom"), item("2", "ceo"), item("3", "reception")]});
    let answer = tenant.handle(&Request::post(&format!("{url}$batch")).bearer(&admin.exchange).json(&batch));
    assert_eq!(answer.status(), 200);
    let answer = answer.json();
    let answered = |id: &str| answer["responses"].as_array().unwrap().iter().find(|item| item["id"] == id).unwrap();
    let status: Vec<_> = ["1", "2", "3"].map(|id| answered(id)["status"].clone()).into();
    assert_eq!(json!(status), json!([200, 429, 200]));
    assert_eq!(answered("2")["headers"]["Retry-After"], "7");
    assert_eq!(tenant.members(SECURITY_GROUP), ["boardroom@contoso.com", "reception@contoso.com"]);
}

#[test]
fn faults_hit_what_they_are_meant_for() {
    let (tenant, admin) = with_group();
    tenant.fail_next(
        Matcher::cmdlet("Get-Mailbox").after(1),
        Fault::status(503, json!(null)).with_header("Retry-After", "5"),
    );
    tenant.fail_next(Matcher::path("/places/").times(2), Fault::Html { status: 502 });
    let mailboxes = || admin.invoke("Get-Mailbox", json!({"Identity": "ceo"})).status();
    assert_eq!([mailboxes(), mailboxes(), mailboxes()], [200, 503, 200]);
    let places = || admin.get("/v1.0/places/microsoft.graph.room").status();
    assert_eq!([places(), places(), places()], [502, 502, 200]);
    tenant.fail_next(Matcher::any(), Fault::concurrency());
    let response = admin.invoke("Get-AcceptedDomain", json!({}));
    assert_eq!(response.header("Content-Type"), Some("text/plain"));
    assert!(response.text().starts_with("You have reached the maximum number of concurrent requests per tenant."));
    tenant.fail_next(Matcher::any(), Fault::NulBody403 { diagnostics: None });
    let response = admin.invoke("Get-AcceptedDomain", json!({}));
    assert_eq!((response.status(), response.body()[0]), (403, 0));
    tenant.fail_next(
        Matcher::any(),
        Fault::cmdlet_error(
            400,
            "Microsoft.Exchange.Data.Directory.TransientException",
            "This issue may be transient.",
        ),
    );
    assert_eq!(
        explain(&admin.invoke("Get-AcceptedDomain", json!({}))),
        (
            400,
            "Microsoft.Exchange.Data.Directory.TransientException".to_owned(),
            "This issue may be transient.".to_owned()
        )
    );
    tenant.fail_next(Matcher::any().times(100), Fault::throttle("1"));
    tenant.clear_faults();
    assert_eq!(mailboxes(), 200);
}

#[test]
fn a_lost_answer_says_nothing_of_the_work() {
    let (tenant, admin) = with_group();
    let add = |member: &str| {
        admin.invoke(
            "Add-DistributionGroupMember",
            json!({"Identity": SECURITY_GROUP, "Member": member, "BypassSecurityGroupManagerCheck": true}),
        )
    };
    let cmdlet = || Matcher::cmdlet("Add-DistributionGroupMember");
    tenant.fail_next(cmdlet(), Fault::DropConnection(When::BeforeEffect));
    assert_eq!(add("ceo").interruption(), Some(Interruption::DropConnection));
    assert!(tenant.members(SECURITY_GROUP).is_empty());
    tenant.fail_next(cmdlet(), Fault::DropConnection(When::AfterEffect));
    assert_eq!(add("ceo").interruption(), Some(Interruption::DropConnection));
    assert_eq!(tenant.members(SECURITY_GROUP), ["ceo@contoso.com"]);
    tenant.fail_next(cmdlet(), Fault::AnswerLost { status: 504 });
    assert_eq!(add("boardroom").status(), 504);
    tenant.fail_next(cmdlet(), Fault::TruncatedBody);
    assert_eq!(add("reception").interruption(), Some(Interruption::TruncateBody));
    assert_eq!(tenant.members(SECURITY_GROUP).len(), 3);
    tenant.fail_next(cmdlet(), Fault::Delay(Duration::from_secs(3)));
    assert_eq!(add("projector-1").delay(), Some(Duration::from_secs(3)));
}

#[test]
fn items_of_a_batch_fail_one_by_one() {
    let (tenant, admin) = with_group();
    let url = format!("https://outlook.office365.com/adminapi/beta/{}", tenant.id());
    let items: Vec<Value> = ["ceo", "boardroom"]
        .iter()
        .map(|member| {
            json!({
                "id": member, "method": "POST", "url": format!("{url}/InvokeCommand"),
                "headers": {"Authorization": format!("Bearer {}", admin.exchange)},
                "body": {"CmdletInput": {"CmdletName": "Add-DistributionGroupMember", "Parameters": {
                    "Identity": SECURITY_GROUP, "Member": member, "BypassSecurityGroupManagerCheck": true,
                }}},
            })
        })
        .collect();
    tenant.fail_next(Matcher::cmdlet("Add-DistributionGroupMember").after(1), Fault::throttle("7"));
    let request = Request::post(&format!("{url}/$batch")).bearer(&admin.exchange).json(&json!({"requests": items}));
    let body = tenant.handle(&request).json();
    assert_eq!((&body["responses"][0]["id"], &body["responses"][0]["status"]), (&json!("boardroom"), &json!(429)));
    assert_eq!(body["responses"][0]["headers"]["Retry-After"], "7");
    assert_eq!(tenant.members(SECURITY_GROUP), ["ceo@contoso.com"]);
}

#[test]
fn the_record_tells_what_was_asked_and_keeps_no_secret() {
    let tenant = FakeTenant::contoso();
    let app = tenant.administrator();
    let response = sign_in(
        &tenant,
        "contoso.com",
        &[
            ("grant_type", "client_credentials"),
            ("client_id", &app.client_id),
            ("client_secret", app.secret()),
            ("scope", "https://outlook.office365.com/.default"),
        ],
    );
    let token = text(&response.json()["access_token"]);
    let admin = Session::administrator(&tenant);
    admin.run("New-DistributionGroup", json!({"Name": "rooms", "Type": "Security"}));
    admin.run("Get-DistributionGroup", json!({"Identity": "rooms"}));
    admin.run("Test-ApplicationAccessPolicy", json!({"Identity": "ceo", "AppId": app.client_id}));
    admin.get("/v1.0/organization");
    let requests = tenant.requests();
    assert_eq!((requests.len(), tenant.request_count()), (5, 5));
    let new = &requests[1];
    assert_eq!((&*new.method, new.cmdlet.as_deref(), new.status), ("POST", Some("New-DistributionGroup"), 200));
    assert_eq!(new.parameter("name"), Some(&json!("rooms")));
    assert_eq!((new.authorization, new.application.as_deref()), (true, Some(&*app.client_id)));
    assert_eq!(tenant.writes().first(), Some(new));
    assert_eq!(tenant.writes().len(), 1);
    assert_eq!((tenant.count("new-distributiongroup"), tenant.write_count()), (1, 1));
    for secret in [app.secret(), &token, &admin.exchange, &admin.graph] {
        assert!(!format!("{requests:?}").contains(secret));
        assert!(!format!("{tenant:?} {app:?} {response:?}").contains(secret));
    }
    tenant.clear_requests();
    tenant.set_recording(false);
    admin.run("Get-DistributionGroup", json!({"Identity": "rooms"}));
    assert_eq!((tenant.requests().len(), tenant.request_count(), tenant.count("Get-DistributionGroup")), (0, 1, 1));
}

fn session() -> (FakeTenant, Session) {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    (tenant, admin)
}

#[test]
fn a_fault_repeats_what_was_asked_to_whoever_asked() {
    let (tenant, session) = session();
    tenant.fail_next(Matcher::path("/users"), Fault::Echo { status: 400 });
    let asked = Request::get(&format!("{GRAPH}/v1.0/users")).bearer("a-token-of-nobody");
    let echoed = tenant.handle(&asked);
    assert_eq!(echoed.status(), 400);
    assert!(echoed.text().contains("Bearer a-token-of-nobody"), "{}", echoed.text());
    assert_eq!(echoed.header("x-echo"), Some("Bearer a-token-of-nobody"));
    assert_eq!(session.get("/v1.0/users?$top=1").status(), 200);
}

#[test]
fn an_answer_is_as_large_as_a_test_wants_and_means_the_same() {
    let (tenant, session) = session();
    let right = session.get("/v1.0/users?$top=1").json();
    tenant.fail_next(Matcher::path("/users"), Fault::Oversized { bytes: 5_000_000 });
    let large = session.get("/v1.0/users?$top=1");
    assert!(large.body().len() > 5_000_000);
    assert_eq!(large.json(), right);
    tenant.fail_next(Matcher::path("/users"), Fault::empty());
    let empty = session.get("/v1.0/users?$top=1");
    assert_eq!((empty.status(), empty.body().len()), (200, 0));
}

#[test]
fn links_to_the_next_page_lead_where_a_test_wants() {
    let (tenant, session) = session();
    let path = "/v1.0/users?$top=2";
    let link = |fault: NextLink| {
        tenant.fail_next(Matcher::path("/users"), Fault::NextLink(fault));
        session.get(path).json()["@odata.nextLink"].as_str().map(str::to_owned)
    };
    assert_eq!(link(NextLink::Same).as_deref(), Some("https://graph.microsoft.com/v1.0/users?$top=2"));
    assert_eq!(
        link(NextLink::To("https://elsewhere.example/x".to_owned())).as_deref(),
        Some("https://elsewhere.example/x")
    );
    assert_eq!(link(NextLink::Missing), None);
    // Each page of an endless list has another address.
    let mut seen = vec![path.to_owned()];
    for _ in 0..4 {
        tenant.fail_next(Matcher::path("/users"), Fault::NextLink(NextLink::Endless));
        let last = seen[seen.len() - 1].clone();
        let page = session.get(&last).json();
        let next = page["@odata.nextLink"].as_str().unwrap_or_default().replace(GRAPH, "");
        assert!(!seen.contains(&next), "{next} after {seen:?}");
        assert_eq!(page["value"].as_array().map(Vec::len), Some(2));
        seen.push(next);
    }
    // What is no list has no next page.
    tenant.fail_next(Matcher::path("/users"), Fault::NextLink(NextLink::Same));
    assert_eq!(session.get("/v1.0/users/ceo@contoso.com").json().get("@odata.nextLink"), None);
}

#[test]
fn random_faults_are_the_same_for_the_same_seed() {
    let run = |seed: u64| -> Vec<u16> {
        let (tenant, session) = session();
        tenant.fail_at_random(seed, 300, [Fault::throttle("1"), Fault::Html { status: 502 }]);
        (0..200).map(|_| session.get("/v1.0/users/ceo@contoso.com").status()).collect()
    };
    let first = run(7);
    assert_eq!(first, run(7));
    assert_ne!(first, run(8));
    let hit = first.iter().filter(|status| **status != 200).count();
    assert!((35..=85).contains(&hit), "{hit} of 200");
    assert!(first.contains(&429) && first.contains(&502));
}
