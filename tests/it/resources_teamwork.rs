//! Messages of channels, plans and managed devices: what is sent, what is refused, and what is read.

use std::collections::BTreeMap;

use exchange_groups::graph_client::graph::{
    ChatMention, ChatMessageType, ComplianceState, ItemBody, NewChatMessage, NewPlannerTask, Patch, PlannerTask,
    PlannerTaskUpdate, SecretText,
};
use exchange_groups::graph_client::{ErrorKind, Filter};
use exchange_groups_tests::{Answer, RawRequest, RawServer};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use crate::resources_support::client_of;

const TEAM: &str = "fbe2bf47-16c8-47cf-b4a5-4b9b187c508b";
const CHANNEL: &str = "19:4a95f7d8db4c4e7fae857bcebe0623e6@thread.tacv2";
const USER: &str = "fbab97d0-4932-4511-b675-204639209557";

fn sent(request: &RawRequest) -> Value {
    serde_json::from_slice(&request.body).expect("JSON")
}

#[tokio::test]
async fn the_messages_of_a_channel_are_read_page_by_page() {
    let server = RawServer::start(|number, request| {
        let root = request.head.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
        let next = format!("http://{root}/v1.0/teams/{TEAM}/channels/{CHANNEL}/messages?$skiptoken=%5b%7b");
        Answer::Json(
            200,
            match number {
                0 => json!({ "@odata.count": 2, "@odata.nextLink": next, "value": [{
                    "id": "1616965872395", "replyToId": null, "messageType": "message", "importance": "normal",
                    "from": { "application": null, "device": null,
                        "user": { "id": "8ea0e38b-efb3-4757-924a-5f94061cf8c2", "displayName": "Robin Kline",
                            "userIdentityType": "aadUser" } },
                    "body": { "contentType": "html", "content": "Hello <at id=\"0\">Jane</at>" },
                    "channelIdentity": { "teamId": TEAM, "channelId": CHANNEL },
                    "mentions": [{ "id": 0, "mentionText": "Jane", "mentioned": { "application": null,
                        "user": { "id": USER, "displayName": "Jane" } } }],
                    "reactions": [], "attachments": [] }] }),
                _ => json!({ "value": [{ "id": "1616883610266", "messageType": "systemEventMessage", "from": null,
                    "body": { "contentType": "html", "content": "<systemEventMessage/>" },
                    "eventDetail": { "teamId": TEAM } }] }),
            }
            .to_string(),
        )
    })
    .await;
    let messages = client_of(&server.url()).channel(TEAM, CHANNEL).messages().page_size(50);
    let messages: Vec<_> = messages.into_stream().try_collect().await.expect("two pages");
    assert_eq!(messages.len(), 2);
    let sender = messages[0].from.as_ref().and_then(|from| from.user.as_ref()).expect("a sender");
    assert_eq!(sender.display_name.as_deref(), Some("Robin Kline"));
    assert_eq!(messages[0].mentions[0].mentioned.as_ref().and_then(|who| who.user.as_ref()?.id.as_deref()), Some(USER));
    assert_eq!(messages[1].message_type, Some(ChatMessageType::SystemEventMessage));
    assert_eq!(messages[1].other["eventDetail"]["teamId"], TEAM);
    for request in server.requests() {
        assert!(request.head.contains("prefer: include-unknown-enum-members"), "{}", request.head);
    }
    assert!(server.requests()[0].target.ends_with("/messages?$top=50"), "{}", server.requests()[0].target);
}

#[tokio::test]
async fn a_query_that_teams_or_planner_would_ignore_is_not_sent() {
    let server = RawServer::start(|_, _| Answer::Json(200, json!({ "value": [] }).to_string())).await;
    let client = client_of(&server.url());
    let channel = client.channel(TEAM, CHANNEL);
    for error in [
        channel.messages().filter(Filter::eq("importance", "high")).await.unwrap_err(),
        channel.messages().page_size(51).await.unwrap_err(),
        channel.replies("1").expand("replies").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    }
    let error = client.planner().tasks("plan").filter(Filter::eq("title", "x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_message_is_sent_once_and_says_something() {
    let server = RawServer::start(|number, _| match number {
        0 => Answer::Json(201, json!({ "id": "1", "messageType": "message" }).to_string()),
        _ => Answer::Close,
    })
    .await;
    let channel = client_of(&server.url()).channel(TEAM, CHANNEL);
    let text = r#"<at id="0">Jane</at>, the room is free"#;
    let message = NewChatMessage::new(ItemBody::html(text)).mentions(vec![ChatMention::user(0, "Jane", USER)]);
    assert_eq!(channel.send(&message).await.expect("sent").id, "1");
    let request = &server.requests()[0];
    assert!(request.target.ends_with(&format!("/v1.0/teams/{TEAM}/channels/{}/messages", CHANNEL.replace(':', "%3A"))));
    assert_eq!(
        sent(request),
        json!({
            "body": { "contentType": "html", "content": text },
            "mentions": [{ "id": 0, "mentionText": "Jane", "mentioned": { "user": { "id": USER, "displayName": "Jane" } } }],
        })
    );
    // Whether it arrived is not known, and nobody wants to read it twice.
    assert!(channel.reply("1", &message).await.unwrap_err().is_outcome_unknown());
    assert_eq!(server.requests().len(), 2);

    let plain = ItemBody::text(text);
    let mention = vec![ChatMention::user(0, "Jane", USER), ChatMention::user(1, "Bob", USER)];
    let error = channel.send(&NewChatMessage::new(plain).mentions(mention)).await.unwrap_err();
    assert!(error.message().contains(r#"<at id=\"0\">"#) || error.message().contains(r#"<at id="0">"#), "{error}");
    assert!(error.message().contains(r#"<at id="1">"#), "both are named: {error}");
    let error = channel.send(&NewChatMessage::new(ItemBody::text(" "))).await.unwrap_err();
    assert!(error.message().contains("must say something"), "{error}");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_task_is_made_given_to_someone_and_changed_as_it_was_read() {
    let server = RawServer::start(|number, _| match number {
        0 => Answer::Json(
            201,
            json!({
                "@odata.etag": "W/\"JzEtVGFzayAgQEBA\"", "id": "01gzSlKkIUSUl6DF_EilrmQAKDhh",
                "planId": "xqQg5FS2LkCp935s-FIFm2QAFkHM", "title": "Move the table", "percentComplete": 0,
                "createdBy": { "user": { "id": "6463a5ce-2119-4198-9f2a-628761df4a62" } },
                "assignments": { USER: { "@odata.type": "#microsoft.graph.plannerAssignment", "orderHint": "RWk1" } },
            })
            .to_string(),
        ),
        1 => Answer::Json(
            412,
            json!({ "error": { "code": "", "message": "The If-Match header contains an invalid value." } }).to_string(),
        ),
        _ => Answer::Json(204, String::new()),
    })
    .await;
    let planner = client_of(&server.url()).planner();
    let task = NewPlannerTask::new("xqQg5FS2LkCp935s-FIFm2QAFkHM", "Move the table").assign_to(USER).priority(3);
    let task = planner.create_task(&task).await.expect("a task");
    assert_eq!(
        sent(&server.requests()[0]),
        json!({
            "planId": "xqQg5FS2LkCp935s-FIFm2QAFkHM", "title": "Move the table", "priority": 3,
            "assignments": { USER: { "@odata.type": "#microsoft.graph.plannerAssignment", "orderHint": " !" } },
        })
    );
    assert!(task.assignments.as_ref().is_some_and(|assignments| assignments.contains_key(USER)));
    let done = PlannerTaskUpdate::new()
        .percent_complete(100)
        .due_date_time(Patch::Clear)
        .assignments(BTreeMap::from([(USER.to_owned(), None)]));
    assert_eq!(planner.update_task(&task, &done).await.unwrap_err().kind(), ErrorKind::Conflict);
    let request = &server.requests()[1];
    assert!(request.head.contains("if-match: W/\"JzEtVGFzayAgQEBA\""), "{}", request.head);
    assert_eq!(sent(request), json!({ "percentComplete": 100, "dueDateTime": null, "assignments": { USER: null } }));
    planner.delete_task(&task).await.expect("deleted");
    assert!(server.requests()[2].head.starts_with("DELETE /v1.0/planner/tasks/01gzSlKkIUSUl6DF_EilrmQAKDhh "));
    assert!(server.requests()[2].head.contains("if-match: W/"), "{}", server.requests()[2].head);
}

#[tokio::test]
async fn all_faults_of_a_task_are_told_at_once_and_before_anything_is_sent() {
    let server = RawServer::start(|_, _| Answer::Close).await;
    let planner = client_of(&server.url()).planner();
    let error = planner.create_task(&NewPlannerTask::new("plan", "").percent_complete(101).priority(11)).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Input, "create a task"));
    assert_eq!(
        error.message(),
        "title \"\": must not be empty; percent complete \"101\": must be 0 to 100; priority \"11\": must be 0 to 10"
    );
    let unread: PlannerTask = serde_json::from_value(json!({ "id": "1" })).expect("a task");
    for error in [
        planner.update_task(&unread, &PlannerTaskUpdate::new().title("x")).await.unwrap_err(),
        planner.delete_task(&unread).await.unwrap_err(),
        planner.create_plan("", "Moves").await.map(drop).unwrap_err(),
        planner.create_bucket("plan", " ").await.map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn plans_and_buckets_are_made_in_their_place() {
    let server = RawServer::start(|number, request| match (number, request.method.as_str()) {
        (_, "POST") => Answer::Json(201, json!({ "id": "xqQg5FS2LkCp935s-FIFm2QAFkHM" }).to_string()),
        // The form that came before containers.
        _ => Answer::Json(200, json!({ "value": [{ "id": "1", "owner": TEAM, "title": "Moves" }] }).to_string()),
    })
    .await;
    let planner = client_of(&server.url()).planner();
    let plans = planner.plans_of_group(TEAM).await.expect("plans").items;
    assert_eq!(plans[0].owner.as_deref(), Some(TEAM));
    planner.create_plan(TEAM, "Moves").await.expect("a plan");
    planner.create_bucket("xqQg5FS2LkCp935s-FIFm2QAFkHM", "This week").await.expect("a bucket");
    let requests = server.requests();
    assert_eq!(sent(&requests[1]), json!({ "container": { "containerId": TEAM, "type": "group" }, "title": "Moves" }));
    assert_eq!(
        sent(&requests[2]),
        json!({ "planId": "xqQg5FS2LkCp935s-FIFm2QAFkHM", "name": "This week", "orderHint": " !" })
    );
}

#[tokio::test]
async fn a_device_is_found_by_its_name_and_shows_no_code() {
    let device = json!({
        "id": "705c034c-034c-705c-4c03-5c704c035c70", "deviceName": "Panel 1", "complianceState": "compliant",
        "managedDeviceOwnerType": "company", "activationLockBypassCode": "the-bypass-code",
        "remoteAssistanceSessionUrl": "https://assist.example/the-session", "totalStorageSpaceInBytes": 8_589_934_592_i64,
        "lastSyncDateTime": "2017-01-01T00:02:49.3205976-08:00",
    });
    let server = RawServer::start(move |_, _| Answer::Json(200, json!({ "value": [device] }).to_string())).await;
    let devices = client_of(&server.url()).managed_devices();
    let found = devices.list().filter(Filter::eq("deviceName", "Panel 'one'")).await.expect("a page").items;
    assert!(server.requests()[0].target.contains("deviceName%20eq%20%27Panel%20%27%27one%27%27%27"));
    assert_eq!(found[0].compliance_state, Some(ComplianceState::Compliant));
    assert_eq!(found[0].total_storage_space_in_bytes, Some(8_589_934_592));
    assert!(found[0].last_sync_date_time.as_ref().is_some_and(|time| time.to_system_time().is_some()));
    assert_eq!(found[0].activation_lock_bypass_code.as_ref().map(SecretText::as_str), Some("the-bypass-code"));
    let shown = format!("{found:?}");
    assert!(!shown.contains("the-bypass-code") && !shown.contains("the-session"), "{shown}");
    assert_eq!(devices.of_user("ann@contoso.com").await.expect("a page").items.len(), 1);
    assert!(server.requests()[1].target.starts_with("/v1.0/users/ann@contoso.com/managedDevices"));
}
