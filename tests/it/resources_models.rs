//! The decoding rules on fixtures of this project; `resources_conformance.rs` has Microsoft's own documents.

use exchange_groups::graph_client::graph::{
    BookingType, ChangeNotification, DirectoryObject, Event, FreeBusyStatus, Group, GroupKind, OpenExtension, Room,
    Subscription, Timestamp, UploadSession, User,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn read<T: DeserializeOwned>(body: &Value) -> T {
    serde_json::from_str(&body.to_string()).expect("it decodes")
}

fn back<T: DeserializeOwned + Serialize>(body: &Value) -> Value {
    serde_json::to_value(read::<T>(body)).expect("JSON")
}

#[test]
fn an_old_room_is_read_in_its_own_spelling() {
    let room: Room = read(&json!({
        "id": "1", "capacity": "8", "floorNumber": 2, "isWheelchairAccessible": true, "bookingType": "RESERVED",
        "geocoordinates": { "latitude": 1.5 }, "tags": null, "nickname": null, "emailAddress": "",
        "isManaged": true, "displayDevice": "x"
    }));
    assert_eq!((room.capacity, room.floor_number, room.is_wheel_chair_accessible), (Some(8), Some(2), Some(true)));
    assert_eq!(room.booking_type, Some(BookingType::Reserved));
    assert_eq!(room.geo_coordinates.expect("a position").latitude, Some(1.5));
    assert_eq!((room.other["isManaged"].clone(), room.other.len()), (json!(true), 2));
}

#[test]
fn a_user_may_write_a_room_for_a_test() {
    let mut room = Room::default();
    room.id = "1".to_owned();
    assert_eq!(serde_json::to_value(room).expect("JSON"), json!({ "id": "1" }));
}

#[test]
fn what_is_not_known_survives_a_round_trip() {
    let body = json!({
        "id": "1", "showAs": "hibernating", "type": "seriesMaster", "@odata.etag": "W/1",
        "extkmpdyld2_name": { "a": [1, null] }, "start": { "dateTime": "2026-11-22T09:00:00.0000000",
        "timeZone": "tzone://Microsoft/Custom", "news": true },
        "attendees": [{ "type": "required", "emailAddress": { "address": "Bob <bob>", "name": null } }],
        "recurrence": { "pattern": { "type": "absolutemonthly", "interval": 1, "month": 0 },
            "range": { "type": "noEnd", "endDate": "0001-01-01" } }
    });
    let event: Event = read(&body);
    assert_eq!(event.show_as, Some(FreeBusyStatus::Unknown("hibernating".into())));
    let mut expected = body.clone();
    expected["attendees"][0]["emailAddress"] = json!({ "address": "Bob <bob>" });
    expected["recurrence"]["pattern"]["type"] = json!("absoluteMonthly");
    assert_eq!(back::<Event>(&body), expected);
}

#[test]
fn everything_but_the_id_may_be_missing_or_null() {
    assert_eq!(read::<User>(&json!({})), User::default());
    let user: User = read(&json!({ "id": "1", "businessPhones": ["1", null], "mailboxSettings": null, "mail": null }));
    assert_eq!((user.business_phones.len(), user.mailbox_settings), (1, None));
    assert_eq!(read::<Event>(&json!({ "id": "1", "@removed": { "reason": "deleted" } })).other.len(), 1);
}

#[test]
fn groups_have_kinds() {
    let kind = |types: &[&str], mail: Option<bool>, security: Option<bool>| {
        read::<Group>(&json!({ "groupTypes": types, "mailEnabled": mail, "securityEnabled": security })).kind()
    };
    let yes = Some(true);
    let no = Some(false);
    assert_eq!(kind(&["Unified"], yes, no), Some(GroupKind::Microsoft365));
    assert_eq!(kind(&["unified", "DynamicMembership"], yes, yes), Some(GroupKind::Microsoft365));
    assert_eq!(kind(&[], no, yes), Some(GroupKind::Security));
    assert_eq!(kind(&[], yes, yes), Some(GroupKind::MailEnabledSecurity));
    assert_eq!(kind(&[], yes, no), Some(GroupKind::Distribution));
    assert_eq!(kind(&[], yes, None), None);
}

#[test]
fn members_are_told_apart_however_their_type_is_written() {
    for (kind, expected) in
        [("#microsoft.graph.user", "user"), ("microsoft.graph.GROUP", "group"), ("#microsoft.graph.device", "other")]
    {
        let body = json!({ "@odata.type": kind, "id": "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01", "displayName": "A" });
        let object: DirectoryObject = read(&body);
        let found = match &object {
            DirectoryObject::User(_) => "user",
            DirectoryObject::Group(_) => "group",
            _ => "other",
        };
        assert_eq!((found, object.display_name()), (expected, Some("A")));
        assert_eq!(back::<DirectoryObject>(&body), body);
    }
}

#[test]
fn times_are_kept_as_they_came() {
    for text in ["2026-11-22T10:15:00.1234567Z", "2026-11-22T10:15:00+01:00", "0001-01-01T00:00:00Z", "NA"] {
        let body = json!({ "id": "1", "createdDateTime": text });
        assert_eq!(back::<Event>(&body), body);
    }
    assert_eq!(Timestamp::from("NA").to_system_time(), None);
}

#[test]
fn other_services_spell_names_in_their_own_way() {
    let session: UploadSession =
        read(&json!({ "ExpirationDateTime": "2026-11-22T10:15:00Z", "NextExpectedRanges": ["0-"] }));
    assert!(session.expiration_date_time.is_some() && session.next_expected_ranges == ["0-"]);
    let extension: OpenExtension =
        read(&json!({ "id": "microsoft.graph.openTypeExtension.Com.Contoso.Deal", "worth": 1 }));
    assert!(extension.is_named("com.contoso.deal") && extension.other["worth"] == 1);
}

#[test]
fn secrets_are_not_shown() {
    let subscription: Subscription = read(&json!({ "id": "1", "clientState": "hush" }));
    let notification: ChangeNotification = read(&json!({ "clientState": "hush" }));
    let session: UploadSession = read(&json!({ "uploadUrl": "https://contoso.com/hush" }));
    assert!(!format!("{subscription:?}{notification:?}{session:?}").contains("hush"));
    assert_eq!(serde_json::to_value(subscription).expect("JSON")["clientState"], "hush");
}
