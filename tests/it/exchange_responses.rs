//! Responses of Exchange that are no response to the command: none of them is taken for one.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use exchange_groups::graph_client::exchange::{
    AddDistributionGroupMember, ApplicationRole, AssignedScope, AutomateProcessing, CmdletErrorKind as Kind,
    CreatedObject, DistributionGroup, GetApplicationAccessPolicy, GetCalendarProcessing, GetDistributionGroup,
    GetDistributionGroupMember, GetMailbox, GetManagementRoleAssignment, GetOrganizationConfig, GetRecipient, Identity,
    NewDistributionGroup, NewManagementRoleAssignment, NewServicePrincipal, SetCalendarProcessing,
    TestApplicationAccessPolicy, Wait,
};
use exchange_groups::graph_client::{Client, Cloud, ErrorKind, Result, RetryOptions, StaticToken};
use exchange_groups_tests::quick_retries;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const APP: &str = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01";

/// A server that answers by a function of the number of the request and the request, and its client.
async fn scripted(
    retry: RetryOptions,
    answer: impl Fn(usize, &Request) -> ResponseTemplate + Send + Sync + 'static,
) -> (MockServer, Client) {
    let server = MockServer::start().await;
    let count = AtomicUsize::new(0);
    let respond = move |request: &Request| answer(count.fetch_add(1, Ordering::SeqCst), request);
    Mock::given(any()).respond_with(respond).mount(&server).await;
    let uri = server.uri();
    let client = Client::builder()
        .tenant("contoso.onmicrosoft.com")
        .credential(StaticToken::exchange("a-token").and_exchange("a-token"))
        .cloud(Cloud::custom(&uri, &uri, &uri).unwrap())
        .retry(retry)
        .build()
        .unwrap();
    (server, client)
}

async fn answering(status: u16, body: impl Into<Vec<u8>>) -> (MockServer, Client) {
    let body = body.into();
    scripted(RetryOptions::none(), move |_, _| ResponseTemplate::new(status).set_body_bytes(body.clone())).await
}

fn identity(text: &str) -> Identity {
    text.parse().unwrap()
}

fn group() -> Identity {
    identity("rooms@contoso.com")
}

/// Bodies with a status of success that hold no rows.
fn bodies() -> Vec<(u16, Vec<u8>)> {
    let texts = [
        "",
        "{}",
        "[]",
        "null",
        r#"{"value":null}"#,
        r#"{"value":null,"@adminapi.warnings":["w"]}"#,
        r#"{"value":{}}"#,
        r#"{"value":[{}]}"#,
        r#"{"value":[null]}"#,
        r#"{"value":[{"Message":"maintenance"}]}"#,
        r#"{"@odata.context":"https://x/$metadata"}"#,
        r#"{"DisplayName":"Room 1"}"#,
        r#"{"Message":"maintenance"}"#,
        r#"{"message":"maintenance"}"#,
        "<html>Sign in</html>",
        "maintenance",
    ];
    let texts = texts.into_iter().map(|text| (200, text.as_bytes().to_vec()));
    texts.chain([(200, vec![0; 470]), (204, Vec::new()), (201, Vec::new())]).collect()
}

/// W1: a read that must list and gets no list is an error.
#[tokio::test]
async fn w1_a_list_that_is_missing_is_never_an_empty_list() {
    for (status, body) in bodies() {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let (_server, client) = answering(status, body).await;
        let exchange = client.exchange();
        let kinds = [
            exchange.run(GetDistributionGroupMember::new(group())).await.map(|rows| rows.len()),
            exchange.run(GetMailbox::rooms()).await.map(|rows| rows.len()),
            exchange.run(GetApplicationAccessPolicy::all()).await.map(|rows| rows.len()),
        ];
        for kind in kinds {
            let error = kind.map_err(|error| (error.kind(), error.is_outcome_unknown()));
            assert!(
                matches!(error, Err((ErrorKind::Decode, false))) || shown.contains("DisplayName"),
                "{status} {shown:?}: {error:?}"
            );
            assert!(error.is_err(), "{status} {shown:?}");
        }
    }
    let (_server, client) = answering(200, r#"{"value":[]}"#).await;
    assert!(client.exchange().run(GetMailbox::rooms()).await.unwrap().is_empty(), "an empty list is one");
}

/// W1: the second page is held against the same rule, alone and in a batch.
#[tokio::test]
async fn w1_a_later_page_without_a_list_is_an_error() {
    for (status, body) in bodies() {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let (_server, client) = scripted(RetryOptions::none(), move |page, request| {
            let host = request.headers.get("host").and_then(|host| host.to_str().ok()).unwrap();
            let link = format!("http://{host}/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand?%24skiptoken=1");
            match page {
                0 => ResponseTemplate::new(200)
                    .set_body_json(json!({ "value": [{ "Name": "a" }], "@odata.nextLink": link })),
                _ => ResponseTemplate::new(status).set_body_bytes(body.clone()),
            }
        })
        .await;
        let error = client.exchange().run(GetDistributionGroupMember::new(group())).await.expect_err(&shown);
        assert_eq!(error.kind(), ErrorKind::Decode, "{shown}: {error}");
    }
}

/// W1, W2: the same in a batch, whose items have bodies of their own.
#[tokio::test]
async fn w1_items_of_a_batch_without_a_list_are_errors() {
    let odd = [json!({}), Value::Null, json!({ "Message": "maintenance" }), json!({ "value": [{}] }), json!("text")];
    let count = odd.len();
    let (_server, client) = scripted(RetryOptions::none(), move |_, request| {
        let sent: Value = serde_json::from_slice(&request.body).unwrap();
        let items = sent["requests"].as_array().unwrap();
        let responses: Vec<Value> = items
            .iter()
            .zip(&odd)
            .map(|(item, body)| json!({ "id": item["id"], "status": 200, "body": body }))
            .collect();
        ResponseTemplate::new(200).set_body_json(json!({ "responses": responses }))
    })
    .await;
    let reads = (0..count).map(|number| GetDistributionGroupMember::new(identity(&format!("g{number}")))).collect();
    for result in client.exchange().run_all(reads).await {
        assert_eq!(result.expect_err("no list").kind(), ErrorKind::Decode);
    }
}

/// W2: an object that is no record is none, wherever it stands; an error need not come first.
#[tokio::test]
async fn w2_a_message_or_a_late_error_is_no_record() {
    for body in [
        r#"{"@odata.context":"x","error":{"code":"NotFound","message":"Gone away."}}"#,
        r#"{"value":[],"error":{"message":"Gone away."}}"#,
        r#"{"Error":"Gone away."}"#,
    ] {
        let (_server, client) = answering(200, body).await;
        let error = client.exchange().run(GetOrganizationConfig::new()).await.expect_err(body);
        assert!(error.message().contains("Gone away."), "{error}");
    }
    let (_server, client) = answering(200, r#"{"message":"maintenance"}"#).await;
    for exchange in [client.exchange(), client.exchange().prefer_documented()] {
        let error = exchange.run(GetOrganizationConfig::new()).await.expect_err("no record");
        assert!(error.kind() == ErrorKind::Decode && error.message().contains("maintenance"), "{error}");
    }
}

/// W1, W2: a write's outcome is unknown when its response is none.
#[tokio::test]
async fn w2_a_write_without_its_object_has_an_unknown_outcome() {
    let app = APP.parse().unwrap();
    let new = || NewServicePrincipal::new(app, "b6c2f6a4-55c1-4b09-8a77-0e5b1f6f2d02".parse().unwrap());
    for (status, body) in bodies() {
        let (_server, client) = answering(status, body).await;
        let error = client.exchange().run(new()).await.expect_err("no object");
        assert!(error.is_outcome_unknown(), "{error}");
    }
    for body in [
        r#"{"value":[]}"#.to_owned(),
        json!({ "value": [{ "AppId": APP }, { "AppId": APP }] }).to_string(),
        json!({ "value": [{ "AppId": "00000003-0000-0000-c000-000000000000" }] }).to_string(),
    ] {
        let (_server, client) = answering(200, body).await;
        let error = client.exchange().run(new()).await.expect_err("not the object");
        assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Decode, true), "{error}");
    }
    let check =
        json!({ "value": [{ "AppId": "00000003-0000-0000-c000-000000000000", "AccessCheckResult": "Granted" }] });
    let (_server, client) = answering(200, check.to_string()).await;
    let test = TestApplicationAccessPolicy::new(identity("ceo@contoso.com"), app);
    assert!(client.exchange().run(test).await.is_err(), "the verdict is about another application");
}

/// A command without output succeeds on the three known forms of nothing, and on no other.
#[tokio::test]
async fn w1_a_command_without_output_succeeds_on_the_known_forms_of_nothing_alone() {
    let known: &[(u16, &str)] = &[
        (200, r#"{"value":[]}"#),
        (200, ""),
        (204, ""),
        (200, r#"{"value":null,"@adminapi.warnings":["The command completed but nothing was changed."]}"#),
    ];
    let set = || SetCalendarProcessing::new(group()).automate_processing(AutomateProcessing::AutoAccept);
    for (status, body) in known {
        let (_server, client) = answering(*status, *body).await;
        client.exchange().run(set()).await.unwrap_or_else(|error| panic!("{status} {body}: {error}"));
    }
    for (status, body) in bodies().into_iter().filter(|(status, body)| {
        !known.iter().any(|(known, text)| known == status && text.as_bytes() == &body[..])
            && !body.windows(4).any(|part| part == b"[\"w\"")
    }) {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let (_server, client) = answering(status, body).await;
        let error = client.exchange().run(set()).await.expect_err(&shown);
        assert!(error.is_outcome_unknown(), "{shown}: {error}");
    }
}

/// W3: a list that was cut short is no list; with a link it is read on.
#[tokio::test]
async fn w3_a_warning_of_more_results_without_a_link_is_a_list_cut_short() {
    let text = "There are more results available than are currently displayed. To view them, increase the value for \
                the ResultSize parameter.";
    for warnings in [json!([text]), json!(text), json!({ "Message": text })] {
        let body = json!({ "value": [{ "Name": "a" }], "@adminapi.warnings": warnings }).to_string();
        let (_server, client) = answering(200, body).await;
        let error = client.exchange().run(GetDistributionGroupMember::new(group())).await.expect_err("cut short");
        assert!(error.kind() == ErrorKind::Decode && error.message().contains("cut short"), "{error}");
    }
}

/// W3, W4: warnings reach the caller in any form, and change nothing else.
#[tokio::test]
async fn w4_warnings_in_any_form_reach_the_caller_and_change_no_outcome() {
    for (warnings, told) in [
        (json!(["Careful."]), true),
        (json!("Careful."), true),
        (json!({ "Message": "Careful." }), true),
        (json!([{ "message": "Careful." }]), true),
        (json!(null), false),
        (json!([]), false),
    ] {
        let body = json!({ "@adminapi.warnings": warnings, "value": [{ "Name": "a" }] }).to_string();
        let (_server, client) = answering(200, body).await;
        let (exchange, kept) = client.exchange().with_warnings();
        assert_eq!(exchange.run(GetDistributionGroupMember::new(group())).await.unwrap().len(), 1);
        let kept_now = kept.take();
        let texts: Vec<(&str, &str)> = kept_now.iter().map(|warning| (&*warning.cmdlet, &*warning.message)).collect();
        assert_eq!(texts == [("Get-DistributionGroupMember", "Careful.")], told, "{warnings}");
        assert!(kept.take().is_empty(), "they are taken once");
    }
}

fn failed(message: &str) -> Value {
    json!({ "error": {
        "code": "NotFound", "message": "Error executing cmdlet", "details": [{ "code": "Client", "message": message }],
    }})
}

/// W5: that several objects match is never "there is none", whatever the status and the sentence.
#[tokio::test]
async fn w5_several_that_match_are_never_none() {
    let ambiguous = "|Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException|The operation couldn't \
                     be performed because object 'x' matches multiple entries.";
    let not_found = "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation \
                     couldn't be performed because object 'x' matches multiple entries.";
    let recipients = "|Microsoft.Exchange.Management.Tasks.RecipientTaskException|There are multiple recipients \
                      matching identity \"x\". Please specify a unique value.";
    for message in [ambiguous, not_found, recipients] {
        for status in [400, 404, 500, 503] {
            let body = failed(message).to_string();
            let (server, client) =
                scripted(quick_retries(), move |_, _| ResponseTemplate::new(status).set_body_string(body.clone()))
                    .await;
            let error = client.exchange().run(GetRecipient::new(group())).await.expect_err("several");
            assert_eq!(error.cmdlet().map(|said| said.kind), Some(Kind::SeveralMatch), "{status}: {error}");
            assert_ne!(error.kind(), ErrorKind::NotFound, "{status}");
            assert!(error.advice().is_some_and(|advice| advice.contains("Entra object id")), "{error}");
            assert_eq!(server.received_requests().await.unwrap().len(), 1, "asking again does not help");
        }
    }
}

/// W7, for Exchange: a 404 that does not come from Exchange is not "there is no such object".
#[tokio::test]
async fn w7_a_404_of_something_in_between_is_not_an_object_that_is_missing() {
    for body in ["", "<html>Not found</html>", r#"{"message":"no such route"}"#] {
        let (_server, client) = answering(404, body).await;
        let error = client.exchange().run(GetDistributionGroup::one(group())).await.expect_err("no answer");
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
    }
    let missing = failed("Ex6F9304|X.ManagementObjectNotFoundException|object 'x' couldn't be found on 'DC'.");
    let (_server, client) = answering(404, missing.to_string()).await;
    let error = client.exchange().run(GetDistributionGroup::one(group())).await.expect_err("no group");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

fn new_group() -> NewDistributionGroup {
    NewDistributionGroup::security("Rooms".parse().unwrap()).primary_smtp_address("rooms@contoso.com".parse().unwrap())
}

/// Looks for the group, as a caller of `create` does.
async fn look(client: &Client) -> Result<Option<DistributionGroup>> {
    Ok(client.exchange().group_at(&"rooms@contoso.com".parse().unwrap()).await?.one())
}

/// W8: a group whose response was lost, and which cannot be read for three looks, is waited for and found.
#[tokio::test]
async fn w8_what_was_made_without_a_response_is_waited_for_and_found() {
    let exists = failed("|Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException|The object already exists.");
    for (answer, is_there) in
        [(ResponseTemplate::new(504), false), (ResponseTemplate::new(400).set_body_json(exists), true)]
    {
        let (server, client) = scripted(RetryOptions::none(), move |number, _| match number {
            0 => answer.clone(),
            1..=3 => ResponseTemplate::new(404)
                .set_body_json(failed("Ex6F9304|X.ManagementObjectNotFoundException|object couldn't be found.")),
            _ => ResponseTemplate::new(200)
                .set_body_json(json!({ "value": [{ "Name": "Rooms", "PrimarySmtpAddress": "rooms@contoso.com" }] })),
        })
        .await;
        let wait = Wait::default().with_initial_interval(Duration::from_millis(1));
        let made = client.exchange().create(&new_group(), &wait, || look(&client)).await.unwrap();
        assert_eq!(matches!(made, CreatedObject::Existing(_)), is_there);
        assert_eq!(matches!(made, CreatedObject::AfterLostResponse(_)), !is_there);
        assert_eq!(made.into_inner().name.as_deref(), Some("Rooms"));
        let writes = server.received_requests().await.unwrap();
        let writes = writes.iter().filter(|request| request.headers["x-cmdletname"] == "New-DistributionGroup");
        assert_eq!(writes.count(), 1, "it is made once");
    }
}

/// W8: what is never found ends with what the command said, and a refusal is not waited for.
#[tokio::test]
async fn w8_what_is_never_found_ends_with_what_the_command_said() {
    let missing = || failed("Ex6F9304|X.ManagementObjectNotFoundException|object couldn't be found.");
    let (_server, client) = scripted(RetryOptions::none(), move |number, _| match number {
        0 => ResponseTemplate::new(504),
        _ => ResponseTemplate::new(404).set_body_json(missing()),
    })
    .await;
    let wait = Wait::default().with_initial_interval(Duration::ZERO).with_deadline(Duration::from_millis(50));
    let started = Instant::now();
    let error = client.exchange().create(&new_group(), &wait, || look(&client)).await.expect_err("not made");
    assert!(error.is_outcome_unknown() && error.status() == Some(504), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));

    let refused = failed("|Microsoft.Exchange.Configuration.Tasks.OperationRequiresGroupManagerException|No.");
    let (server, client) = answering(400, refused.to_string()).await;
    let error = client.exchange().create(&new_group(), &Wait::default(), || look(&client)).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

/// W9: a role that was assigned and cannot be read yet is waited for, and assigned once.
#[tokio::test]
async fn w9_an_assignment_that_is_not_visible_yet_is_waited_for() {
    let row = json!({ "Name": "rooms", "Role": "Application Calendars.Read", "RecipientWriteScope": "Group",
        "CustomResourceScope": "Rooms", "CustomRecipientWriteScope": "", "Enabled": true });
    let (server, client) = scripted(RetryOptions::none(), move |number, _| {
        let rows = if (1..=3).contains(&number) { json!([]) } else { json!([row]) };
        ResponseTemplate::new(200).set_body_json(json!({ "value": rows }))
    })
    .await;
    let principal = "b6c2f6a4-55c1-4b09-8a77-0e5b1f6f2d02".parse().unwrap();
    let assign = NewManagementRoleAssignment::over_group(principal, ApplicationRole::CalendarsRead, identity("Rooms"))
        .name("rooms".parse().unwrap());
    let exchange = client.exchange();
    let look = || async {
        let found = exchange.run(GetManagementRoleAssignment::of(principal)).await?;
        Ok(found.into_iter().find(|it| it.scope() == AssignedScope::Group("Rooms".into())))
    };
    let wait = Wait::default().with_initial_interval(Duration::from_millis(1));
    let made = exchange.create(&assign, &wait, look).await.unwrap();
    assert!(matches!(made, CreatedObject::New(it) if it.application_role() == Some(ApplicationRole::CalendarsRead)));
    assert_eq!(server.received_requests().await.unwrap().len(), 5, "assigned once, looked for four times");
}

/// A tenant that never had a policy says that none was found; a 404 of something else says nothing.
#[tokio::test]
async fn no_policy_found_is_an_empty_list_only_if_the_cmdlet_says_so() {
    let missing = failed("Ex6F9304|X.ManagementObjectNotFoundException|object couldn't be found on 'DC'.").to_string();
    for (body, is_empty) in [(missing, true), (String::new(), false), ("<html></html>".into(), false)] {
        let (_server, client) = answering(404, body).await;
        let policies = client.exchange().run(GetApplicationAccessPolicy::all()).await;
        assert_eq!(policies.is_ok_and(|policies| policies.is_empty()), is_empty);
        let groups = client.exchange().run(GetDistributionGroup::all()).await;
        assert!(groups.is_err(), "other lists are not missing");
    }
}

/// W17, for waits: no deadline and no pause is too long for arithmetic.
#[tokio::test]
async fn w17_the_longest_wait_there_is_does_not_panic() {
    let (_server, client) = answering(200, r#"{"value":[]}"#).await;
    let mut wait = Wait::default().with_deadline(Duration::MAX).with_max_interval(Duration::MAX);
    wait = wait.with_initial_interval(Duration::from_millis(1));
    let looks = AtomicUsize::new(0);
    let exchange = client.exchange();
    let found = exchange.wait_until_visible(&wait, || {
        let look = looks.fetch_add(1, Ordering::SeqCst);
        async move { Ok((look > 3).then_some(())) }
    });
    found.await.unwrap();
    let endless = Wait::default().with_initial_interval(Duration::MAX).with_deadline(Duration::from_secs(1));
    let error = client.exchange().wait_until_visible(&endless, || async { Ok(None::<()>) }).await.expect_err("late");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

/// W11: a 429 on an item of a batch stops the other calls to Exchange as long as it says.
#[tokio::test]
async fn w11_a_throttled_item_of_a_batch_is_told_to_the_limiter() {
    let retry = RetryOptions::none().with_max_elapsed(Duration::from_secs(2));
    let (_server, client) = scripted(retry, |_, request| {
        let sent: Value = serde_json::from_slice(&request.body).unwrap();
        let responses: Vec<Value> = sent["requests"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| match item["id"].as_str() {
                Some("1") => json!({ "id": item["id"], "status": 429, "headers": { "Retry-After": "60" } }),
                _ => json!({ "id": item["id"], "status": 200, "body": { "value": [] } }),
            })
            .collect();
        ResponseTemplate::new(200).set_body_json(json!({ "responses": responses }))
    })
    .await;
    assert_eq!(client.exchange_load().blocked_for, None);
    let reads = (0..3).map(|number| GetDistributionGroupMember::new(identity(&format!("g{number}")))).collect();
    let results = client.exchange().run_all(reads).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 2);
    let closed = client.exchange_load().blocked_for.expect("the limiter waits");
    assert!(closed > Duration::from_secs(50) && closed <= Duration::from_secs(60), "{closed:?}");
    assert_eq!(client.graph_load().blocked_for, None, "Graph is another service");
    let error = client.exchange().run(GetMailbox::rooms()).await.expect_err("not sent");
    assert_eq!(error.kind(), ErrorKind::Throttled);
    let adds = vec![AddDistributionGroupMember::new(group(), identity("a")); 2];
    assert!(client.exchange().run_all(adds).await.iter().all(Result::is_err));
}

/// W14: owners and members keep what they are, whatever form they come in.
#[tokio::test]
async fn w14_names_with_commas_are_one_name_and_nothing_is_lost() {
    let name = "CN=Meyer\\, Alex,OU=contoso.onmicrosoft.com,DC=PROD";
    let body = json!({ "value": [
        { "Name": "one", "ManagedBy": "Meyer, Alex", "GroupType": "Universal, SecurityEnabled" },
        { "Name": "two", "ManagedBy": [name, "ben"] },
        { "Name": "three", "ManagedBy": [{ "Name": "Meyer, Alex", "DistinguishedName": name }, { "Odd": 1 }] },
    ]});
    let (_server, client) = answering(200, body.to_string()).await;
    let groups = client.exchange().run(GetDistributionGroup::all()).await.unwrap();
    assert_eq!(groups[0].managed_by, ["Meyer, Alex"]);
    assert_eq!(groups[0].group_type, ["Universal", "SecurityEnabled"]);
    assert_eq!(groups[1].managed_by, [name, "ben"]);
    assert_eq!(groups[2].managed_by, [name, r#"{"Odd":1}"#]);
    let rules = json!({ "value": [{ "BookInPolicy": "Meyer, Alex", "BookingWindowInDays": "180.0" }] });
    let (_server, client) = answering(200, rules.to_string()).await;
    let rules = client.exchange().run(GetCalendarProcessing::new(group())).await.unwrap();
    assert_eq!((rules.book_in_policy, rules.booking_window_in_days), (vec!["Meyer, Alex".to_owned()], Some(180)));
}

/// W15: an odd value costs its property, not the list, and is told once.
#[tokio::test]
async fn w15_an_odd_value_costs_its_property_and_is_told_once() {
    let row = |name: &str, more: Value| {
        let mut row = json!({ "Name": name, "PrimarySmtpAddress": format!("{name}@contoso.com") });
        row.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        row
    };
    let body = json!({ "value": [
        row("a", json!({ "IsDirSynced": "True", "ResourceCapacity": 12.0, "Office": 7 })),
        row("b", json!({ "ExternalDirectoryObjectId": "00000000-0000-0000-0000-000000000000" })),
        row("c", json!({ "IsDirSynced": [1, 2], "ResourceCapacity": "a dozen" })),
        row("d", json!({ "IsDirSynced": "perhaps", "ExternalDirectoryObjectId": 5 })),
    ]});
    let (_server, client) = answering(200, body.to_string()).await;
    let (exchange, warnings) = client.exchange().with_warnings();
    let rooms = exchange.run(GetMailbox::rooms()).await.unwrap();
    let seen: Vec<_> =
        rooms.iter().map(|room| (room.name.as_deref().unwrap(), room.is_dir_synced, room.resource_capacity)).collect();
    assert_eq!(seen, [("a", Some(true), Some(12)), ("b", None, None), ("c", None, None), ("d", None, None)]);
    assert_eq!(rooms[0].office.as_deref(), Some("7"));
    assert!(rooms.iter().all(|room| room.external_directory_object_id.is_none()));
    assert!(rooms.iter().all(|room| room.primary_smtp_address.is_some()), "nothing else is lost");
    let told = warnings.take();
    assert_eq!(told.len(), 3, "one for each property: {told:?}");
}

/// W18, for Exchange: what others write draws nothing on a terminal and forges no line.
#[tokio::test]
async fn w18_texts_of_the_service_and_of_names_draw_nothing_on_a_terminal() {
    let attack = "x\u{1b}[2J\nPROVEN\u{202e}\u{9b}1m";
    let message = format!("|Microsoft.Exchange.Management.Tasks.RecipientTaskException|{attack}");
    let body = json!({ "value": [], "@adminapi.warnings": [attack] }).to_string();
    let (_server, client) = answering(200, body).await;
    let (exchange, warnings) = client.exchange().with_warnings();
    exchange.run(GetMailbox::rooms()).await.unwrap();
    let mut shown: Vec<String> = warnings.take().iter().map(ToString::to_string).collect();
    let (_server, client) = answering(400, failed(&message).to_string()).await;
    let named = NewDistributionGroup::security("Rooms".parse().unwrap()).owner(identity(attack));
    let error = client.exchange().run(named.clone()).await.expect_err("a failure");
    shown.extend([named.to_string(), error.cmdlet().unwrap().to_string(), error.operation().to_owned()]);
    shown.push(GetRecipient::new(identity(attack)).to_string());
    shown.push(format!("{:?}", identity(attack)));
    assert_eq!(shown.len(), 6);
    for text in shown {
        let is_raw = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!text.chars().any(is_raw), "{text:?}");
    }
}
