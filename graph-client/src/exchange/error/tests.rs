use bytes::Bytes;
use proptest::prelude::*;
use reqwest::header::{HeaderMap, HeaderValue};

use super::*;

fn response(status: u16, headers: &[(&'static str, &'static str)], body: &[u8]) -> Response {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, HeaderValue::from_static(value));
    }
    Response { status, headers: map, body: Bytes::copy_from_slice(body) }
}

fn cmdlet(body: &str) -> CmdletError {
    classify(&response(400, &[], body.as_bytes())).unwrap().detail::<CmdletError>().cloned().unwrap()
}

fn detail(message: &str) -> String {
    let generic = "Exception of type 'Microsoft.Exchange.Management.PSDirectInvoke.X' was thrown.";
    serde_json::json!({ "error": {
        "code": "BadRequest",
        "message": "Error executing cmdlet",
        "details": [{ "code": "Client", "target": "", "message": message }],
        "innererror": { "message": "Error executing cmdlet", "internalexception": { "message": generic } },
    }})
    .to_string()
}

const NOT_FOUND: &str = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException";

#[test]
fn the_three_forms_of_a_detail_say_the_same() {
    let sentence = "The operation couldn't be performed because object 'x' couldn't be found on 'DC7'.";
    let piped = format!("Ex6F9304|{NOT_FOUND}|{sentence}");
    let localized = serde_json::json!({
        "ClassName": NOT_FOUND, "Message": sentence, "localizedString": { "stringId": "Ex6F9304" },
    });
    let typed = serde_json::json!({ "Message": sentence, "TypeName": NOT_FOUND, "StackTrace": null });
    for (message, id) in [(piped, true), (localized.to_string(), true), (typed.to_string(), false)] {
        let error = cmdlet(&detail(&message));
        assert_eq!(error.kind, Kind::ObjectNotFound);
        assert_eq!(error.exception_name(), Some("ManagementObjectNotFoundException"));
        assert_eq!(error.sentence, sentence);
        assert_eq!(error.message_id.as_deref(), id.then_some("Ex6F9304"));
    }
}

#[test]
fn the_error_of_the_server_behind_a_proxy_is_the_one_that_counts() {
    let inner = detail(&format!("Ex6F9304|{NOT_FOUND}|object 'gone' couldn't be found on 'DC'."));
    let outer = format!(
        "|Microsoft.Exchange.Configuration.Tasks.CmdletProxyException|Error on proxy command 'Remove-X' to server \
         AM0: Request return error with following error message: {inner}."
    );
    let error = cmdlet(&detail(&outer));
    assert_eq!((error.kind, error.message_id.as_deref()), (Kind::ObjectNotFound, Some("Ex6F9304")));
    assert_eq!(error.sentence, "object 'gone' couldn't be found on 'DC'.");
}

#[test]
fn binding_errors_are_in_the_internal_exception_in_any_case_of_keys() {
    for (inner, internal) in [("innererror", "internalexception"), ("InnerError", "internalException")] {
        let mut error = Map::new();
        error.insert("code".into(), "BadRequest".into());
        error.insert("message".into(), "Invalid Operation".into());
        let exception = "Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException";
        let message = "Parameter set cannot be resolved using the specified named parameters. Invalid cmdlet \
                       parameters specified. Foo";
        let thrown = serde_json::json!({ "message": message, "type": exception });
        error.insert(inner.into(), serde_json::json!({ "message": "Invalid Operation", internal: thrown }));
        let error = cmdlet(&serde_json::json!({ "error": error }).to_string());
        assert_eq!(error.kind, Kind::UnknownParameter);
        assert!(error.sentence.ends_with("Foo"));
    }
}

#[test]
fn nul_bytes_under_a_false_label_are_a_denial_and_its_reason_tells_whether_to_renew() {
    let nul = [0_u8; 470];
    let stale = classify(&response(403, &[("content-encoding", "gzip")], &nul)).unwrap();
    assert_eq!((stale.kind, stale.renew_token), (ErrorKind::Denied, true));
    let diagnostics = "2000003;reason=\"The user has no role.\";error_category=\"invalid_grant\"";
    let denied = classify(&response(403, &[("x-ms-diagnostics", diagnostics)], &nul)).unwrap();
    assert_eq!((denied.kind, denied.renew_token), (ErrorKind::Denied, false));
    assert!(denied.message.contains("The user has no role."), "{}", denied.message);
}

#[test]
fn a_500_is_final_a_transient_400_is_not_and_the_concurrency_text_is_a_throttle() {
    let fault = classify(&response(500, &[], b"{\"error\":{\"code\":\"InternalServerError\"}}")).unwrap();
    assert_eq!((fault.repeat, fault.outcome_unknown), (Repeat::Never, true));
    let busy = detail("|Microsoft.Exchange.Data.ServerBusyException|Try later.");
    let busy = classify(&response(400, &[], busy.as_bytes())).unwrap();
    assert_eq!((busy.kind, busy.repeat), (ErrorKind::Unavailable, Repeat::IfIdempotent));
    let text = b"You have reached the maximum number of concurrent requests per tenant. Please wait and try again";
    for status in [400, 200] {
        let many = classify(&response(status, &[], text)).unwrap();
        assert_eq!((many.kind, many.repeat), (ErrorKind::Throttled, Repeat::Always));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_classified_and_no_sentence_is_lost(
        status in 400_u16..600,
        noise in proptest::collection::vec(any::<u8>(), 0..200),
        sentence in "[a-zA-Z '\"{}|:.\\\\]{1,60}",
    ) {
        prop_assert!(classify(&response(status, &[], &noise)).is_some());
        let sentence = format!("x{sentence}");
        let failure = classify(&response(status, &[], detail(&sentence).as_bytes())).unwrap();
        // An id and a type may stand before the sentence.
        let is_kept = !failure.message.is_empty() && sentence.ends_with(&failure.message);
        prop_assert!(is_kept, "{:?} became {:?}", sentence, failure.message);
    }
}

/// W12: the only message may be in a later detail or in an inner error.
#[test]
fn the_only_message_is_found_wherever_it_stands() {
    let several = serde_json::json!({ "error": { "code": "BadRequest", "message": "Error executing cmdlet", "details": [
        { "code": "Client", "message": "" }, { "code": "Client", "target": "x", "message": format!("Ex6F9304|{NOT_FOUND}|Gone.") },
    ]}});
    let error = cmdlet(&several.to_string());
    assert_eq!((error.kind, &*error.sentence, error.target.as_deref()), (Kind::ObjectNotFound, "Gone.", Some("x")));
    let thrown = "Exception of type 'X' was thrown.";
    let inner = serde_json::json!({ "error": { "code": "BadRequest", "message": "", "innererror": {
        "message": "The issue may be transient.", "type": "A.TransientException", "internalexception": { "message": thrown },
    }}});
    let error = cmdlet(&inner.to_string());
    assert_eq!((error.kind, &*error.sentence), (Kind::Transient, "The issue may be transient."));
}
