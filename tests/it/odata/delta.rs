//! What has changed since.

use exchange_groups::graph_client::{Change, DeltaEvent, ErrorKind, Filter, Method, RemovalReason};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{Graph, failed, header, ok, parameter};

fn delta(items: &Value, next: Option<&str>, link: Option<&str>) -> ResponseTemplate {
    let mut body = json!({ "value": items });
    if let Some(next) = next {
        body["@odata.nextLink"] = next.into();
    }
    if let Some(link) = link {
        body["@odata.deltaLink"] = link.into();
    }
    ok(&body)
}

#[tokio::test]
async fn a_round_gives_changes_removals_and_the_link_for_the_next_one() {
    let graph = Graph::start(|number, _, root| match number {
        0 => delta(&json!([{"id": "1"}]), Some(&format!("{root}/v1.0/groups/delta?$skiptoken=a")), None),
        1 => delta(&json!([]), Some(&format!("{root}/v1.0/groups/delta?$skiptoken=b")), None),
        _ => delta(
            &json!([{"id": "2", "@removed": {"reason": "changed"}}, {"id": "1"}]),
            None,
            Some(&format!("{root}/v1.0/groups/delta?$deltatoken=c%2f")),
        ),
    })
    .await;
    let round = graph.delta().select(&["id"]).header("x-own", "1").await.unwrap();
    assert!(!round.is_resync);
    assert_eq!(round.link, format!("{}/v1.0/groups/delta?$deltatoken=c%2f", graph.server.uri()));
    assert_eq!(round.changes[0], Change::Changed(json!({"id": "1"})));
    let Change::Removed(removed) = &round.changes[1] else { panic!("{:?}", round.changes) };
    assert_eq!((&*removed.id, &removed.reason), ("2", &RemovalReason::Changed));
    graph.delta().since(&round.link).header("x-own", "1").await.unwrap();
    let requests = graph.requests().await;
    assert_eq!(requests[0].url.query(), Some("$select=id"));
    assert_eq!(requests[3].url.query(), Some("$deltatoken=c%2f"));
    assert!(requests.iter().all(|request| header(request, "x-own") == Some("1")));
}

#[tokio::test]
async fn a_lost_track_becomes_a_full_round_that_the_caller_sees() {
    for (status, code, has_location) in [
        (410, "resyncRequired", true),
        (410, "syncStateNotFound", false),
        (400, "SyncStateNotFound", false),
        (400, "ResyncRequired", true),
        (400, "Directory_ExpiredPageToken", false),
    ] {
        let graph = Graph::start(move |number, _, root| match number {
            0 if has_location => {
                failed(status, code).insert_header("location", format!("{root}/v1.0/groups/delta?$deltatoken="))
            }
            0 => failed(status, code),
            1 => delta(&json!([{"id": "1"}]), Some(&format!("{root}/v1.0/groups/delta?$skiptoken=a")), None),
            _ => delta(&json!([{"id": "2"}]), None, Some(&format!("{root}/v1.0/groups/delta?$deltatoken=new"))),
        })
        .await;
        let saved = format!("{}/v1.0/groups/delta?$deltatoken=old", graph.server.uri());
        let events = graph.delta().select(&["id"]).since(&saved).into_stream().try_collect::<Vec<_>>().await.unwrap();
        assert_eq!(events.len(), 4, "{events:?}");
        let DeltaEvent::Resync(resync) = &events[0] else { panic!("{events:?}") };
        assert_eq!(resync.code.as_deref(), Some(code));
        assert!(matches!(&events[2], DeltaEvent::Changed(object) if object["id"] == "2"));
        assert!(matches!(&events[3], DeltaEvent::Link(link) if link.ends_with("new")));
        let anew = graph.requests().await[1].url.query().map(str::to_owned);
        assert_eq!(anew.as_deref(), Some(if has_location { "$deltatoken=" } else { "$select=id" }));
    }
}

#[tokio::test]
async fn what_came_before_a_resync_is_not_in_the_round() {
    let graph = Graph::start(|number, _, root| match number {
        0 => delta(&json!([{"id": "old"}]), Some(&format!("{root}/v1.0/groups/delta?$skiptoken=a")), None),
        1 => failed(410, "resyncRequired"),
        _ => delta(&json!([{"id": "new"}]), None, Some("link")),
    })
    .await;
    let round = graph.delta().await.unwrap();
    assert!(round.is_resync);
    assert_eq!(round.changes, [Change::Changed(json!({"id": "new"}))]);
}

#[tokio::test]
async fn a_second_loss_is_an_error_and_so_is_a_foreign_place_to_start_again() {
    let graph = Graph::start(|_, _, _| failed(410, "resyncRequired")).await;
    let error = graph.delta().await.unwrap_err();
    assert_eq!((error.kind(), graph.requests().await.len()), (ErrorKind::Expired, 2), "{error}");

    let foreign = Graph::start(|_, _, _| delta(&json!([]), None, Some("link"))).await;
    let location = foreign.server.uri();
    let graph = Graph::start(move |_, _, _| failed(410, "resyncRequired").insert_header("location", &*location)).await;
    assert_eq!(graph.delta().await.unwrap_err().kind(), ErrorKind::Untrusted);
    assert_eq!(foreign.requests().await.len(), 0, "the token was sent to another host");
}

#[tokio::test]
async fn a_round_without_an_end_is_an_error() {
    let graph = Graph::start(|_, _, _| delta(&json!([{"id": "1"}]), None, None)).await;
    let error = graph.delta().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Decode, "GET /v1.0/groups/delta"), "{error}");
}

#[tokio::test]
async fn now_is_asked_of_the_directory_and_page_sizes_of_outlook() {
    let graph = Graph::start(|_, _, _| delta(&json!([]), None, Some("link"))).await;
    let view = || graph.client.request(Method::GET, "/v1.0/users/a@contoso.com/calendarView/delta").delta::<Value>();
    assert_eq!(graph.delta().from_now().await.unwrap().link, "link");
    view().page_size(50).time_zone("UTC").await.unwrap();
    let requests = graph.requests().await;
    assert_eq!(parameter(&requests[0], "$deltatoken").as_deref(), Some("latest"));
    assert_eq!(header(&requests[1], "prefer"), Some("odata.maxpagesize=50, outlook.timezone=\"UTC\""));
    for refused in [
        view().from_now(),
        view().select(&["id"]),
        view().filter(Filter::eq("id", "x")),
        graph.delta().page_size(5),
        graph.delta().filter(Filter::ne("id", "x")),
    ] {
        assert_eq!(refused.await.unwrap_err().kind(), ErrorKind::Input);
    }
    assert_eq!(graph.requests().await.len(), 2);
}
