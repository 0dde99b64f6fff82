use bytes::Bytes;
use reqwest::header::HeaderMap;

use super::*;
use crate::exchange::ExchangeMailbox;

const READ: Expected = Expected::LIST;
const ONE: Expected = Expected { shape: Shape::One, is_write: true, is_documented: false };
const NOTHING: Expected = Expected { shape: Shape::Nothing, is_write: true, is_documented: false };

fn read(status: u16, body: &[u8], expected: Expected) -> Result<Page<ExchangeMailbox>> {
    Page::read(&Response { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body) }, expected)
}

/// Source: exchange-wire, section 4, "Cmdlets without output".
#[test]
fn nothing_to_show_has_three_forms_and_none_of_them_is_a_list() {
    let forms: [(u16, &[u8]); 4] =
        [(200, b""), (200, b" \r\n"), (204, b""), (200, br#"{"value":null,"@adminapi.warnings":["w"]}"#)];
    for (status, body) in forms {
        assert!(read(status, body, NOTHING).unwrap().rows.is_empty());
        for expected in [READ, ONE] {
            assert_eq!(read(status, body, expected).err().map(|error| error.kind()), Some(ErrorKind::Decode));
        }
    }
    for expected in [READ, NOTHING] {
        assert!(read(200, br#"{"value":[]}"#, expected).unwrap().rows.is_empty());
    }
}

#[test]
fn what_is_neither_rows_nor_nothing_is_an_error_and_leaves_the_outcome_of_a_write_open() {
    for body in [
        &b"\0\0\0"[..],
        b"{}",
        b"[]",
        br#"{"value":null}"#,
        br#"{"value":{}}"#,
        br#"{"value":"x"}"#,
        br#"{"value":[{}]}"#,
        br#"{"value":[null]}"#,
        br#"{"value":[{"Message":"maintenance"}]}"#,
        br#"{"@odata.context":"x"}"#,
        br#"{"DisplayName":"Room 1"}"#,
        br#"{"message":"maintenance"}"#,
        br#"{"value":[],"@odata.nextLink":7}"#,
        b"<!DOCTYPE html><html>Sign in</html>",
        b"Please wait",
        b"\x1f\x8b\x08\x00",
        br#"{"value":[{"#,
        b"\"text\"",
    ] {
        for expected in [READ, ONE, NOTHING] {
            let error = read(200, body, expected).err().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(body)));
            assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Decode, expected.is_write));
        }
    }
    let error = read(200, br#"{"message":"maintenance"}"#, READ).err().unwrap();
    assert!(error.message().contains("maintenance"), "{error}");
    let one = br#"{"value":[{"DisplayName":"Room 1"}]}"#;
    assert_eq!(read(200, one, READ).unwrap().rows.len(), 1);
    assert!(read(200, one, NOTHING).is_err(), "a cmdlet without output has none");
}

#[test]
fn an_object_by_itself_is_a_record_only_from_a_documented_end_point_and_with_a_property_of_its_own() {
    let documented = Expected { is_documented: true, is_write: false, ..ONE };
    let row = |body: &[u8]| read(200, body, documented).map(|page| page.rows);
    let rooms = row(br#"{"@odata.context":"x","DisplayName":"Room 1"}"#).unwrap();
    assert_eq!(rooms[0].display_name.as_deref(), Some("Room 1"));
    assert!(row(br#"{"Message":"maintenance"}"#).is_err());
    assert!(read(200, br#"{"DisplayName":"Room 1"}"#, Expected { is_documented: true, ..READ }).is_err());
}

#[test]
fn a_property_that_comes_twice_has_its_last_value() {
    let body = br#"{"value":[{"Alias":"a","LastUsedDate(DateTime])":1,"Alias":"b","LastUsedDate(DateTime])":2}]}"#;
    assert_eq!(read(200, body, READ).unwrap().rows[0].alias.as_deref(), Some("b"));
}

#[test]
fn an_odd_value_costs_its_property_and_is_told() {
    let body = br#"{"value":[{"Alias":"a","IsDirSynced":"maybe","ResourceCapacity":12.5,"X":{}},{"Alias":"b","ResourceCapacity":7}]}"#;
    let page = read(200, body, READ).unwrap();
    let rows: Vec<_> = page.rows.iter().map(|row| (row.alias.as_deref(), row.resource_capacity)).collect();
    assert_eq!(rows, [(Some("a"), None), (Some("b"), Some(7))]);
    assert_eq!(page.odd.iter().map(String::as_str).collect::<Vec<_>>(), ["IsDirSynced", "ResourceCapacity"]);
}

#[test]
fn a_prompt_or_an_error_inside_a_success_is_a_failure_in_any_form() {
    let prompt = read(200, br#"{"value":[],"@adminapi.confirmationmessage":"Are you sure?"}"#, NOTHING).err().unwrap();
    assert!(prompt.message().contains("not carried out") && prompt.message().contains("Are you sure?"));
    for errors in [r#"["It broke."]"#, r#""It broke.""#, r#"{"Message":"It broke."}"#, r#"[{"message":"It broke."}]"#] {
        for name in ["@adminapi.errors", "error"] {
            let body = format!(r#"{{"value":[],"{name}":{errors}}}"#);
            let error = read(200, body.as_bytes(), READ).err().unwrap();
            assert_eq!((error.kind(), error.message()), (ErrorKind::Service, "It broke."));
        }
    }
    for none in ["[]", "null", "\"\"", "{}"] {
        assert!(read(200, format!(r#"{{"value":[],"@adminapi.errors":{none}}}"#).as_bytes(), READ).is_ok());
    }
}

#[test]
fn warnings_come_in_any_form_and_only_one_of_them_counts() {
    for warnings in [r#"["w"]"#, r#""w""#, r#"{"Message":"w"}"#, r#"[{"Message":"w"},null]"#] {
        let page = read(200, format!(r#"{{"@adminapi.warnings":{warnings},"value":[]}}"#).as_bytes(), READ).unwrap();
        assert_eq!(page.warnings, ["w"]);
    }
    for none in ["null", "[]", "\"\"", "{}", "[null]"] {
        let page = read(200, format!(r#"{{"@adminapi.warnings":{none},"value":[]}}"#).as_bytes(), READ).unwrap();
        assert!(page.warnings.is_empty());
    }
    let text = "There are more results available than are currently displayed. To view them, increase the value for \
                the ResultSize parameter.";
    let cut = serde_json::json!({ "value": [], "@adminapi.warnings": [text] });
    assert_eq!(read(200, cut.to_string().as_bytes(), READ).err().unwrap().kind(), ErrorKind::Decode);
    let more = serde_json::json!({ "value": [], "@adminapi.warnings": [text], "@odata.nextLink": "https://x/y" });
    assert_eq!(read(200, more.to_string().as_bytes(), READ).unwrap().next_link.as_deref(), Some("https://x/y"));
}
