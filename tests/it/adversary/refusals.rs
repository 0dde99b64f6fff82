//! Refusals that are none, changes that do not act yet, and tokens from before.

use std::time::Duration;

use exchange_groups::Verdict;
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{Fault, Level, Matcher, Resource, When};
use serde_json::{Value, json};

use super::{CEO, MODES, Mode, Tally, attempt, provisioned, tenant};

fn error(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

/// What a proxy, a gateway or another part of the service answers, and what is not the refusal of an access path.
fn refusals() -> Vec<(u16, Value)> {
    const RAOP: &str =
        "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.";
    vec![
        (403, Value::Null),
        (403, json!({})),
        (403, json!([])),
        (403, json!("Forbidden")),
        (403, json!({"error": null})),
        (403, json!({"error": "forbidden"})),
        (403, json!({"error": {}})),
        (403, json!({"message": "Forbidden"})),
        (403, json!({"Message": RAOP})),
        (403, json!({"message": RAOP, "code": "ErrorAccessDenied"})),
        (403, error("", RAOP)),
        (403, error("Forbidden", RAOP)),
        (403, error("ErrorQuotaExceeded", "The mailbox is full.")),
        (403, error("ErrorQuotaExceeded", RAOP)),
        (403, error("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")),
        (403, error("DelegatedCalendarAccessDenied", "The user does not have permission to access the calendar.")),
        (
            403,
            error(
                "ErrorSendAsDenied",
                "The user account which was used to submit this request does not have the right.",
            ),
        ),
        (403, error("AccessDenied", "Access is denied. Check credentials and try again.")),
        (403, error("erroraccessdenied", "Access is denied. Check credentials and try again.")),
        (403, error("ErrorAccessDenied", "")),
        (403, error("ErrorAccessDenied", "Access is denied.")),
        (403, error("ErrorAccessDenied", "Access to OData is disabled.")),
        (403, error("ErrorAccessDenied", "Access to OData is disabled: the user agent is blocked.")),
        (403, error("ErrorAccessDenied", "[RAOP]")),
        (
            403,
            error(
                "ErrorAccessDenied",
                "Blocked by the proxy: Access is denied. Check credentials and try again. Ticket 5",
            ),
        ),
        (
            403,
            error("ExtensionError", &format!("Operation: Create; Exception: [Status Code: Forbidden; Reason: {RAOP}]")),
        ),
        (403, error("TooManyRequests", "Please retry again later.")),
        (401, error("InvalidAuthenticationToken", "Access token has expired or is not yet valid.")),
        (401, error("ErrorAccessDenied", RAOP)),
        (404, error("ErrorInvalidUser", "The requested user is invalid.")),
        (
            404,
            error(
                "MailboxNotEnabledForRESTAPI",
                "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            ),
        ),
        (404, error("ErrorItemNotFound", "The specified object was not found in the store.")),
        (404, error("Request_ResourceNotFound", "Resource does not exist.")),
        (404, error("ErrorAccessDenied", RAOP)),
        (400, error("ErrorAccessDenied", RAOP)),
        (409, error("ErrorAccessDenied", RAOP)),
        (451, error("ErrorAccessDenied", RAOP)),
        (500, error("ErrorAccessDenied", RAOP)),
        (503, error("ErrorAccessDenied", RAOP)),
        (200, error("ErrorAccessDenied", RAOP)),
        (200, json!({"@odata.context": "c", "error": {"code": "ErrorAccessDenied", "message": RAOP}})),
        (200, json!({})),
        (200, json!({"value": null})),
        (204, Value::Null),
    ]
}

fn faults() -> Vec<(String, Fault)> {
    let page = |status: u16, text: &str| Fault::Body {
        when: When::BeforeEffect,
        status,
        content_type: "text/html".to_owned(),
        body: text.as_bytes().to_vec(),
    };
    let mut faults: Vec<(String, Fault)> = refusals()
        .into_iter()
        .map(|(status, body)| (format!("{status} {body}"), Fault::status(status, body)))
        .collect();
    for status in [200, 401, 403, 404, 502] {
        let text = "<html>Access is denied. Check credentials and try again. [RAOP] ErrorAccessDenied</html>";
        faults.push((format!("a page with {status}"), page(status, text)));
    }
    faults.push(("NUL bytes".to_owned(), Fault::NulBody403 { diagnostics: None }));
    faults
}

/// Something is configured as it should be and does not act yet: the application really reads the chief executive.
async fn not_acting(mode: Mode) -> (Contoso, exchange_groups::RestrictedCalendarGroup) {
    let contoso = Contoso::of(tenant()).await;
    let spec = mode.spec(&contoso);
    match mode {
        Mode::Policy => {
            contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
            contoso.provision(&spec).await;
        }
        Mode::Rbac => {
            contoso.provision(&spec).await;
            contoso.tenant.add_member(GROUP, CEO);
            contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
            contoso.tenant.remove_member(GROUP, CEO);
        }
    }
    assert!(contoso.tenant.reaches_now(&contoso.booking, CEO, Level::Events).allowed);
    assert!(!contoso.tenant.reaches(&contoso.booking, CEO, Level::Events).allowed);
    (contoso, spec)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_but_the_documented_refusal_is_a_denial() {
    let mut tally = Tally::default();
    for mode in MODES {
        let (contoso, spec) = not_acting(mode).await;
        let ceo = contoso.object_id(CEO);
        for (what, fault) in faults() {
            contoso.tenant.clear_faults();
            contoso.tenant.fail_next(Matcher::path(&format!("/users/{ceo}/calendarView")).times(99), fault);
            attempt(&contoso, &spec, &format!("{mode:?}: {what}"), &mut tally).await;
        }
    }
    tally.conclude("a refusal that is none");
}

#[tokio::test]
async fn nothing_is_verified_while_changes_propagate() {
    let mut tally = Tally::default();
    for mode in MODES {
        for deny in [false, true] {
            let contoso = Contoso::of(tenant()).await;
            let spec = mode.spec(&contoso);
            contoso.tenant.set_policy_delay(Duration::from_secs(3_600));
            contoso.tenant.deny_until_policies_act(deny);
            contoso.provision(&spec).await;
            for _ in 0..4 {
                let verdict =
                    attempt(&contoso, &spec, &format!("{mode:?}, denied meanwhile: {deny}"), &mut tally).await;
                let rooms = contoso.tenant.rooms();
                let all_reached = rooms.iter().all(|room| contoso.tenant.can_read(&contoso.booking, room));
                if !all_reached {
                    assert_ne!(verdict, Some(Verdict::Verified), "the rooms are not reached yet");
                }
                contoso.tenant.advance(Duration::from_secs(1_300));
            }
            let proof = contoso.prove(&spec).await;
            if !proof.is_verified() {
                tally.false_violated.push(format!("{mode:?}, settled: {proof}"));
            }
        }
    }
    tally.conclude("a change that does not act yet");
}

/// V13: whoever has a token from before reads on, and the proof says until when.
#[tokio::test]
async fn a_token_from_before_is_spoken_of() {
    let contoso = Contoso::of(tenant()).await;
    let spec = Mode::Rbac.spec(&contoso);
    let _before = contoso.tenant.graph_token(&contoso.booking);
    contoso.provision(&spec).await;
    assert!(contoso.tenant.reaches_now(&contoso.booking, CEO, Level::Events).allowed, "by the token from before");
    let proof = contoso.prove(&spec).await;
    assert!(proof.older_tokens_until.is_some(), "{proof}");
    assert!(proof.to_string().contains("Older tokens"), "{proof}");
}

/// The credential is another's, or the wide permission comes back between plan and proof.
#[tokio::test]
async fn nothing_is_verified_with_what_is_not_the_applications_own() {
    let mut tally = Tally::default();
    for mode in MODES {
        let (contoso, spec) = provisioned(mode).await;
        let other = contoso.tenant.add_application("Other", "not-a-real-secret-of-another");
        let secret = exchange_groups::graph_client::ClientSecret::new(
            other.client_id.parse().expect("a client id"),
            other.secret(),
        );
        let groups = contoso.groups.clone().application(secret);
        contoso.tenant.grant(&contoso.booking, Resource::Graph, "MailboxItem.Export.All");
        let proof = groups.prove(&spec).await;
        tally.note(&format!("{mode:?}: the credential of another"), &proof, Some("items are exported"));
        attempt(&contoso, &spec, &format!("{mode:?}: a permission to export"), &mut tally).await;
    }
    tally.conclude("another's credential");
}
