//! Verifying writing by an event: only where it is meant, and without a trace.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::time::{Duration, SystemTime};

use exchange_groups::{Evidence, Proof, RestrictedCalendarGroup, Verdict, WriteEvidence};
use exchange_groups_tests::Contoso;
use fake_tenant::{Fault, Matcher, When};
use serde_json::json;

const ROOM: &str = "room-b1-0101@contoso.com";

async fn provisioned() -> (Contoso, RestrictedCalendarGroup) {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.clear_requests();
    (contoso, spec)
}

async fn prove(contoso: &Contoso, spec: &RestrictedCalendarGroup, mailbox: &str) -> Proof {
    contoso.groups.prove(spec).write_in(mailbox.parse().unwrap()).await.unwrap()
}

fn evidence(proof: &Proof) -> (&Evidence, Option<&String>) {
    match &proof.writing {
        Some(WriteEvidence::Event { result, left_behind, .. }) => (result, left_behind.as_ref()),
        other => panic!("no event was tried: {other:?}"),
    }
}

fn created(contoso: &Contoso) -> usize {
    let is_it = |path: &str| path.ends_with("/events");
    contoso.tenant.requests().iter().filter(|it| it.method == "POST" && is_it(&it.path)).count()
}

/// The events of the room in the next three years, as the application sees them.
async fn events(contoso: &Contoso) -> usize {
    let now = SystemTime::now();
    let years = Duration::from_secs(3 * 365 * 24 * 60 * 60);
    contoso.client_as(&contoso.booking).calendar(ROOM).view(now, now + years).page_size(100).await.unwrap().items.len()
}

#[tokio::test]
async fn an_event_is_created_and_nothing_of_it_stays() {
    let (contoso, spec) = provisioned().await;
    let before = events(&contoso).await;
    let proof = prove(&contoso, &spec, ROOM).await;
    assert!(proof.is_verified(), "{proof}");
    assert_eq!(evidence(&proof), (&Evidence::Allowed, None));
    assert!(proof.to_string().contains(&format!("an event was created in {ROOM} and deleted")), "{proof}");
    assert_eq!((created(&contoso), events(&contoso).await), (1, before));
}

#[tokio::test]
async fn nothing_is_written_unless_it_is_asked_for() {
    let (contoso, spec) = provisioned().await;
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.writing, Some(WriteEvidence::Configuration));
    assert_eq!(created(&contoso), 0);
}

/// Before the restriction it would succeed in every mailbox.
#[tokio::test]
async fn nothing_is_tried_where_the_application_is_not_to_write() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    for mailbox in ["ceo@contoso.com", "adele.vance@contoso.com", "nobody@contoso.com"] {
        let proof = prove(&contoso, &spec, mailbox).await;
        assert!(matches!(evidence(&proof), (Evidence::Unknown(_), None)), "{proof}");
        assert_eq!(created(&contoso), 0, "{mailbox}");
    }
}

#[tokio::test]
async fn an_event_whose_response_was_lost_is_found_and_deleted() {
    for fault in [Fault::DropConnection(When::AfterEffect), Fault::AnswerLost { status: 504 }] {
        let (contoso, spec) = provisioned().await;
        let before = events(&contoso).await;
        contoso.tenant.fail_next(Matcher::path("/events").method("POST").times(20), fault.clone());
        let proof = prove(&contoso, &spec, ROOM).await;
        assert_eq!(evidence(&proof), (&Evidence::Allowed, None), "{fault:?}: {proof}");
        assert!(proof.is_verified(), "{fault:?}: {proof}");
        contoso.tenant.clear_faults();
        assert_eq!(events(&contoso).await, before, "{fault:?}");
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_deleted_is_not_hidden() {
    let refused = json!({"error": {"code": "ErrorAccessDenied", "message": "Access is denied. Check credentials and try again."}});
    let (contoso, spec) = provisioned().await;
    contoso.tenant.fail_next(Matcher::path("/permanentDelete"), Fault::status(403, refused.clone()));
    assert_eq!(evidence(&prove(&contoso, &spec, ROOM).await).1, None, "it is deleted the other way");
    contoso.tenant.fail_next(Matcher::path("/permanentDelete"), Fault::status(403, refused.clone()));
    contoso.tenant.fail_next(Matcher::path("/events/").method("DELETE"), Fault::status(403, refused));
    let proof = prove(&contoso, &spec, ROOM).await;
    let (result, left_behind) = evidence(&proof);
    assert_eq!(result, &Evidence::Allowed);
    assert!(proof.to_string().contains(&format!("the event {} is left behind", left_behind.unwrap())), "{proof}");
    assert!(!proof.to_string().contains("and deleted"), "{proof}");
}

#[tokio::test]
async fn what_could_not_be_told_is_not_verified() {
    let (contoso, spec) = provisioned().await;
    contoso.tenant.fail_next(Matcher::path("/events").method("POST").times(20), Fault::Html { status: 403 });
    let proof = prove(&contoso, &spec, ROOM).await;
    assert!(matches!(evidence(&proof), (Evidence::Unknown(_), None)), "{proof}");
    assert_eq!(proof.verdict, Verdict::Inconclusive, "{proof}");
}
