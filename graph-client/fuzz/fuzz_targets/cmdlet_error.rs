//! Whatever Exchange answers, reading it neither panics nor loses the sentence that says what went wrong.
//!
//! `cargo +nightly fuzz run cmdlet_error` in `graph-client`, with cargo-fuzz installed.
#![no_main]

use graph_client::exchange::{CmdletError, CmdletErrorKind};
use libfuzzer_sys::fuzz_target;

/// A sentence that no other part of an answer holds.
const SENTENCE: &str = "The quick brown room jumps over the lazy mailbox";

fuzz_target!(|bytes: &[u8]| {
    for status in [200, 400, 401, 403, 404, 429, 500, 503] {
        let error = CmdletError::read(status, [], bytes);
        assert!(status < 400 || error.is_some_and(|error| !error.sentence.is_empty()), "a failure says nothing");
    }
    // The bytes around a sentence that the service sends must not hide it.
    let noise = String::from_utf8_lossy(bytes);
    let detail = serde_json::json!({ "error": {
        "code": noise,
        "message": noise,
        "details": [{ "code": noise, "target": noise, "message": SENTENCE }],
        "innererror": { "message": noise, "internalexception": { "message": noise, "type": noise } },
    }});
    let error = CmdletError::read(400, [("x-ms-diagnostics", &*noise)], detail.to_string());
    assert_eq!(error.map(|error| error.sentence).as_deref(), Some(SENTENCE));
    // A kind is decided for any sentence.
    let piped = serde_json::json!({ "error": { "details": [{ "message": format!("Ex000001|A.B|{SENTENCE} {noise}") }] } });
    let error = CmdletError::read(400, [], piped.to_string()).expect("a failure");
    assert!(error.sentence.starts_with(SENTENCE) || error.kind != CmdletErrorKind::ObjectNotFound);
});
