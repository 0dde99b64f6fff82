//! Which answers of Graph are evidence that an application was denied a calendar.

use exchange_groups::graph_client::graph::CalendarRefusal;
use exchange_groups::graph_client::{Error, ErrorKind};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::resources_support::with_retries;

const RAOP: &str = "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.";
const NO_PERMISSION: &str = "Access is denied. Check credentials and try again.";

async fn refused(answer: ResponseTemplate) -> Error {
    let server = MockServer::builder().start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let client = with_retries(&server.uri(), exchange_groups::graph_client::RetryOptions::none());
    client.calendar("room@contoso.com").get().await.expect_err("refused")
}

fn body(code: impl Into<Value>, message: &str) -> Value {
    json!({"error": {"code": code.into(), "message": message,
                     "innerError": {"request-id": "2f038156-cf40-403d-8e46-831fe42a8229", "date": "2026-11-24T10:16:21"}}})
}

/// V4, and the table of refusals of calendar calls: each documented answer, and nothing else.
#[tokio::test]
async fn each_documented_refusal_is_told_and_two_are_denials() {
    for (status, code, message, expected, is_denial) in [
        (403, "ErrorAccessDenied", RAOP, CalendarRefusal::AppOnlyAccessPolicy, true),
        (403, "ErrorAccessDenied", RAOP.trim_end_matches('.'), CalendarRefusal::AppOnlyAccessPolicy, true),
        (403, "ErrorAccessDenied", NO_PERMISSION, CalendarRefusal::NoPermission, true),
        (403, "ErrorAccessDenied", "Access to OData is disabled.", CalendarRefusal::ODataDisabled, false),
        (
            404,
            "ErrorInvalidUser",
            "The requested user 'user@contoso.com' is invalid.",
            CalendarRefusal::InvalidUser,
            false,
        ),
        (
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            CalendarRefusal::MailboxNotEnabled,
            false,
        ),
    ] {
        let error = refused(ResponseTemplate::new(status).set_body_json(body(code, message))).await;
        let refusal = CalendarRefusal::of(&error).unwrap_or_else(|| panic!("{code} {message}: {error}"));
        assert_eq!((refusal, refusal.is_denial()), (expected, is_denial), "{message}");
        assert_eq!((error.status(), error.code()), (Some(status), Some(code)));
        assert_eq!(error.request_id(), Some("2f038156-cf40-403d-8e46-831fe42a8229"));
        assert_eq!(error.graph().map(|graph| graph.message.as_str()), Some(message));
    }
}

/// V4. None of these says that the application may not reach the mailbox.
#[tokio::test]
async fn any_other_answer_is_no_refusal() {
    for (status, code, message) in [
        (403, "ErrorQuotaExceeded", NO_PERMISSION),
        (403, "DelegatedCalendarAccessDenied", NO_PERMISSION),
        (
            403,
            "ErrorSendAsDenied",
            "The user account which was used to submit this request does not have the right to send mail.",
        ),
        (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
        (403, "accessDenied", NO_PERMISSION),
        (403, "erroraccessdenied", NO_PERMISSION),
        (403, "ExtensionError", "Operation: Create; Exception: Reason: Access to OData is disabled"),
        (403, "ErrorAccessDenied", "Access is denied."),
        (403, "ErrorAccessDenied", "The page said: Access is denied. Check credentials and try again."),
        (403, "ErrorAccessDenied", "Access to OData is disabled: [RAOP]"),
        (403, "ErrorAccessDenied", "[RAOP] AppOnly AccessPolicy"),
        (403, "ErrorAccessDenied", ""),
        (403, "", "You do not have the required permissions to access this item."),
        (403, "Unauthorized", "App is not authorized to Create meeting on behalf of user"),
        (401, "ErrorAccessDenied", NO_PERMISSION),
        (401, "InvalidAuthenticationToken", "CompactToken parsing failed with error code: 80049217"),
        (404, "ErrorItemNotFound", "The specified object was not found in the store."),
        (404, "ErrorAccessDenied", RAOP),
        (
            404,
            "Request_ResourceNotFound",
            "Resource 'x' does not exist or one of its queried reference-property objects are not present.",
        ),
        (403, "ErrorInvalidUser", "The requested user 'user@contoso.com' is invalid."),
        (
            400,
            "ErrorMissingEmailAddress",
            "When making a request as an account that does not have a mailbox, you must specify it.",
        ),
        (400, "BadRequest", "Invalid filter clause"),
        (405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."),
        (429, "TooManyRequests", "Please retry again later."),
        (429, "ErrorAccessDenied", RAOP),
        (500, "ErrorInternalServerError", "Insufficient memory within specified address space range."),
        (501, "NotImplemented", "This operation target is not yet supported."),
        (503, "ErrorAccessDenied", RAOP),
    ] {
        let error = refused(ResponseTemplate::new(status).set_body_json(body(code, message))).await;
        assert_eq!(CalendarRefusal::of(&error), None, "{status} {code} {message}");
    }
    for (content_type, text) in [
        ("text/html", format!("<html>{RAOP}</html>")),
        ("text/plain", NO_PERMISSION.to_owned()),
        ("application/json", json!({"code": "ErrorAccessDenied", "message": RAOP}).to_string()),
        ("application/json", json!({"error": "ErrorAccessDenied", "message": RAOP}).to_string()),
        ("application/json", json!({"error": {"message": RAOP}}).to_string()),
        (
            "application/json",
            json!({"error": {"innerError": {"code": "ErrorAccessDenied", "message": RAOP}}}).to_string(),
        ),
        ("application/json", json!([body("ErrorAccessDenied", RAOP)]).to_string()),
        ("application/json", String::new()),
        ("application/json", "\0".repeat(40)),
    ] {
        let error = refused(ResponseTemplate::new(403).set_body_raw(text.clone(), content_type)).await;
        assert_eq!((CalendarRefusal::of(&error), error.kind()), (None, ErrorKind::Decode), "{text}");
    }
}

/// An inner code is not the code of the refusal, and an outer one is, whatever stands within.
#[tokio::test]
async fn the_code_of_a_refusal_is_the_outer_one() {
    let outer =
        json!({"error": {"code": "accessDenied", "message": RAOP, "innerError": {"code": "ErrorAccessDenied"}}});
    let error = refused(ResponseTemplate::new(403).set_body_json(outer)).await;
    assert_eq!(CalendarRefusal::of(&error), None);
    let outer = json!({"error": {"code": "ErrorAccessDenied", "message": RAOP, "innerError": {"code": "other"}}});
    let error = refused(ResponseTemplate::new(403).set_body_json(outer)).await;
    assert_eq!(CalendarRefusal::of(&error), Some(CalendarRefusal::AppOnlyAccessPolicy));
}
