//! Microsoft Graph.

use std::collections::BTreeSet;
use std::time::Duration;

use fake_tenant::{FakeTenant, NewMailbox, RecipientKind, Request};
use serde_json::{Value, json};

use crate::{GRAPH, Session, graph_error, text, texts};

#[test]
fn the_organization_has_its_domains() {
    let tenant = FakeTenant::contoso();
    let body = Session::administrator(&tenant).get("/v1.0/organization").json();
    assert_eq!(body["value"].as_array().unwrap().len(), 1);
    assert_eq!(body["value"][0]["id"], tenant.id());
    let domains = &body["value"][0]["verifiedDomains"];
    assert_eq!(domains[0]["name"], "contoso.onmicrosoft.com");
    assert_eq!((&domains[0]["isInitial"], &domains[0]["isDefault"]), (&json!(true), &json!(false)));
    assert_eq!(domains[1]["name"], "contoso.com");
    assert_eq!((&domains[1]["isInitial"], &domains[1]["isDefault"]), (&json!(false), &json!(true)));
}

#[test]
fn places_come_a_hundred_at_a_time_with_links_to_where_the_client_is() {
    let tenant = FakeTenant::builder().rooms(250).build();
    let admin = Session::administrator(&tenant);
    let mut addresses = BTreeSet::new();
    let mut sizes = Vec::new();
    let mut url = "http://localhost:8080/v1.0/places/Microsoft.Graph.Room?$count=true".to_owned();
    loop {
        let body = tenant.handle(&Request::get(&url).bearer(&admin.graph)).json();
        let rows = body["value"].as_array().unwrap();
        assert_eq!(body.get("@odata.count").is_some(), sizes.is_empty(), "the count is on the first page only");
        sizes.push(rows.len());
        addresses.extend(texts(rows, "emailAddress"));
        match body.get("@odata.nextLink") {
            Some(link) => url = text(link),
            None => break,
        }
        assert!(url.starts_with("http://localhost:8080/v1.0/places/"), "{url}");
    }
    assert_eq!(sizes, [100, 100, 50]);
    assert_eq!(addresses.len(), 250);
}

#[test]
fn places_can_be_filtered_selected_and_skipped() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let count = |query: &str| {
        let body = admin.get(&format!("/v1.0/places/microsoft.graph.room?{query}")).json();
        body["value"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(count(""), 40);
    assert_eq!(count("$filter=building eq 'Building 2'"), 13);
    assert_eq!(count("$filter=startswith(displayName,'Board')"), 1);
    assert_eq!(count("$filter=emailAddress eq 'boardroom@contoso.com'"), 1);
    assert_eq!(count("$skip=30&$top=20"), 10);
    let body = admin.get("/v1.0/places/microsoft.graph.room?$select=emailAddress&$top=1").json();
    assert_eq!(body["value"][0], json!({"emailAddress": "room-b1-0101@contoso.com"}));
    assert_eq!(admin.get("/v1.0/places/microsoft.graph.room?$filter=building eq").status(), 400);
    assert_eq!(admin.get("/v1.0/places/microsoft.graph.room?$top=").status(), 400);
}

#[test]
fn room_lists_lead_to_their_rooms() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let lists = admin.get("/v1.0/places/microsoft.graph.roomlist").json();
    assert!(text(&lists["@odata.context"]).ends_with("$metadata#places/microsoft.graph.roomList"));
    let addresses = texts(lists["value"].as_array().unwrap(), "emailAddress");
    assert_eq!(addresses, ["building-1@contoso.com", "building-2@contoso.com", "building-3@contoso.com"]);
    let rooms = admin.get("/v1.0/places/building-1@contoso.com/microsoft.graph.roomlist/rooms").json();
    assert_eq!(rooms["value"].as_array().unwrap().len(), 15);
    // Only by address, never by id.
    let id = text(&lists["value"][0]["id"]);
    assert_eq!(admin.get(&format!("/v1.0/places/{id}/microsoft.graph.roomlist/rooms")).status(), 404);
    let room = admin.get("/v1.0/places/boardroom@contoso.com").json();
    assert_eq!(room["@odata.type"], "#microsoft.graph.room");
    assert_eq!(room["capacity"], 24);
    assert_ne!(room["id"], room["placeId"]);
    let by_id = admin.get(&format!("/v1.0/places/{}", text(&room["id"]))).json();
    assert_eq!(by_id["emailAddress"], "boardroom@contoso.com");
    // The buildings setting is off: empty, not an error.
    assert_eq!(admin.get("/v1.0/places/microsoft.graph.building").json()["value"], json!([]));
}

#[test]
fn hidden_and_very_new_rooms_are_not_in_places() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let count = || {
        let body = admin.get("/v1.0/places/microsoft.graph.room").json();
        body["value"].as_array().map_or(0, Vec::len)
    };
    tenant.hide("boardroom@contoso.com");
    assert_eq!(count(), 39);
    tenant.set_places_lag(Duration::from_secs(1800));
    tenant.add_room("annex");
    assert_eq!(count(), 39);
    assert_eq!(admin.run("Get-Mailbox", json!({"Identity": "annex@contoso.com"})).len(), 1);
    tenant.advance(Duration::from_secs(1801));
    assert_eq!(count(), 40);
}

#[test]
fn a_list_of_places_may_end_early_and_count_all_the_same() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    tenant.cut_places_at(Some(10));
    let body = admin.get("/v1.0/places/microsoft.graph.room?$count=true").json();
    assert_eq!((body["value"].as_array().unwrap().len(), &body["@odata.count"]), (10, &json!(40)));
    assert!(body.get("@odata.nextLink").is_none());
}

#[test]
fn a_room_that_no_list_of_places_has_is_a_mailbox_all_the_same() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    tenant.set_place_listed("boardroom@contoso.com", false);
    assert_eq!(admin.run("Get-Place", json!({"Type": "Room"})).len(), 39);
    assert_eq!(admin.get("/v1.0/places/microsoft.graph.room").json()["value"].as_array().unwrap().len(), 39);
    assert_eq!(admin.run("Get-Mailbox", json!({"Identity": "boardroom@contoso.com"})).len(), 1);
}

#[test]
fn service_principals_are_found_by_either_id() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let booking = tenant.booking_application();
    let by_app_id = admin.get(&format!("/v1.0/servicePrincipals(appId='{}')", booking.client_id)).json();
    assert_eq!(by_app_id["id"], booking.object_id);
    let by_id = admin.get(&format!("/v1.0/servicePrincipals/{}?$select=appId", booking.object_id)).json();
    assert_eq!(by_id["appId"], booking.client_id);
    assert!(by_id.get("displayName").is_none());
    let path = format!("/v1.0/servicePrincipals?$filter=appId eq '{}'", booking.client_id);
    assert_eq!(texts(admin.get(&path).json()["value"].as_array().unwrap(), "id"), [booking.object_id]);
    let exchange = admin.get("/v1.0/servicePrincipals(appId='00000002-0000-0ff1-ce00-000000000000')").json();
    let manage =
        exchange["appRoles"].as_array().unwrap().iter().find(|role| role["value"] == "Exchange.ManageAsApp").unwrap();
    assert_eq!(manage["id"], "dc50a0fb-09a3-484d-be87-e023b12c6440");
    let missing = "00000000-0000-4000-8000-000000000001";
    assert_eq!(
        graph_error(&admin.get(&format!("/v1.0/servicePrincipals(appId='{missing}')"))),
        (
            404,
            "Request_ResourceNotFound".to_owned(),
            format!(
                "Resource '{missing}' does not exist or one of its queried reference-property objects are not present."
            )
        )
    );
}

#[test]
fn app_role_assignments_can_be_read_removed_and_made_once() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let booking = tenant.booking_application();
    let path = format!("/v1.0/servicePrincipals/{}/appRoleAssignments", booking.object_id);
    let held = admin.get(&path).json();
    let calendars = held["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|held| held["appRoleId"] == "ef54d2bf-783f-4e0f-bca1-3210c0444d99")
        .unwrap()
        .clone();
    assert_eq!(calendars["principalId"], booking.object_id);
    assert_eq!(calendars["resourceDisplayName"], "Microsoft Graph");
    let id = text(&calendars["id"]);
    assert!(id.len() == 43 && !id.contains('='), "an opaque base64url text: {id}");

    let delete = Request::delete(&format!("{GRAPH}{path}/{id}")).bearer(&admin.graph);
    assert_eq!(tenant.handle(&delete).status(), 204);
    assert_eq!(tenant.handle(&delete).status(), 404);
    assert!(!tenant.app_roles(&booking).contains(&"Calendars.ReadWrite".to_owned()));
    assert_eq!(tenant.writes().len(), 2);

    let grant = Request::post(&format!("{GRAPH}{path}")).bearer(&admin.graph).json(&json!({
        "principalId": booking.object_id,
        "resourceId": calendars["resourceId"],
        "appRoleId": calendars["appRoleId"],
    }));
    assert_eq!(tenant.handle(&grant).status(), 201);
    assert_eq!(
        graph_error(&tenant.handle(&grant)),
        (400, "Request_BadRequest".to_owned(), "Permission being assigned already exists on the object".to_owned())
    );
    // The resource's side of the same thing.
    let path = format!("/v1.0/servicePrincipals/{}/appRoleAssignedTo", text(&calendars["resourceId"]));
    let holders = admin.get(&path).json();
    assert!(texts(holders["value"].as_array().unwrap(), "principalId").contains(&booking.object_id));

    let reader = tenant.add_application("Reader", "fake");
    let delete = Request::delete(&format!("{GRAPH}{path}/{id}")).bearer(&tenant.graph_token(&reader));
    assert_eq!(
        graph_error(&tenant.handle(&delete)),
        (
            403,
            "Authorization_RequestDenied".to_owned(),
            "Insufficient privileges to complete the operation.".to_owned()
        )
    );
}

#[test]
fn groups_of_exchange_are_read_only() {
    let tenant = FakeTenant::contoso();
    let app = tenant.add_application("Groups", "fake");
    tenant.grant_app_role(&app, "GroupMember.ReadWrite.All");
    let session = Session::of(&tenant, &app);
    let found = session.get("/v1.0/groups?$filter=mail eq 'board@contoso.com'").json();
    let group = &found["value"][0];
    assert_eq!(
        (&group["mailEnabled"], &group["securityEnabled"], &group["groupTypes"]),
        (&json!(true), &json!(true), &json!([]))
    );
    let path = format!("/v1.0/groups/{}/members", text(&group["id"]));
    let members = session.get(&path).json();
    assert_eq!(members["value"].as_array().unwrap().len(), 3);
    // Without User.Read.All a member is a type and an id.
    assert_eq!(members["value"][0]["@odata.type"], "#microsoft.graph.user");
    assert_eq!(members["value"][0]["displayName"], Value::Null);
    let write = Request::post(&format!("{GRAPH}{path}/$ref"))
        .bearer(&session.graph)
        .json(&json!({"@odata.id": "https://graph.microsoft.com/v1.0/directoryObjects/x"}));
    assert_eq!(
        graph_error(&tenant.handle(&write)),
        (
            400,
            "Request_BadRequest".to_owned(),
            "Cannot Update a mail-enabled security groups and or distribution list.".to_owned()
        )
    );
    let unified = session.get("/v1.0/groups?$filter=groupTypes/any(c:c eq 'Unified')").json();
    assert_eq!(texts(unified["value"].as_array().unwrap(), "mail"), ["everyone@contoso.com"]);
}

#[test]
fn calendars_want_a_window_and_give_ten_events() {
    let tenant = FakeTenant::contoso();
    for hour in 8..20 {
        tenant.add_event(
            "boardroom",
            &format!("Meeting {hour}"),
            &format!("2026-11-23T{hour:02}:00:00Z"),
            &format!("2026-11-23T{hour:02}:30:00Z"),
        );
    }
    let booking = Session::of(&tenant, &tenant.booking_application());
    let page = booking.calendar("boardroom@contoso.com").json();
    assert_eq!(page["value"].as_array().unwrap().len(), 10);
    assert_eq!(page["value"][0]["start"], json!({"dateTime": "2026-11-23T08:00:00.0000000", "timeZone": "UTC"}));
    let link = text(&page["@odata.nextLink"]);
    let rest = tenant.handle(&Request::get(&link).bearer(&booking.graph)).json();
    assert_eq!(texts(rest["value"].as_array().unwrap(), "subject"), ["Meeting 18", "Meeting 19"]);
    let path = "/v1.0/users/boardroom@contoso.com/calendar/calendarView?startDateTime=2026-11-23T10:00:00%2B01:00&endDateTime=2026-11-23T09:30:00&$select=subject";
    let narrow = booking.get(path).json();
    assert_eq!(texts(narrow["value"].as_array().unwrap(), "subject"), ["Meeting 9"]);
    assert!(narrow["value"][0].get("start").is_none());
    let unbounded = booking.get("/v1.0/users/boardroom@contoso.com/calendarView");
    assert_eq!(graph_error(&unbounded).1, "ErrorInvalidRequest");
    assert_eq!(unbounded.status(), 400);
}

#[test]
fn mailboxes_that_are_not_there_are_told_apart() {
    let tenant = FakeTenant::contoso();
    tenant.add_mailbox(NewMailbox::new(RecipientKind::User, "unlicensed"));
    tenant.disable_mailbox("reception@contoso.com");
    let booking = Session::of(&tenant, &tenant.booking_application());
    assert_eq!(
        graph_error(&booking.calendar("user@contoso.com")),
        (404, "ErrorInvalidUser".to_owned(), "The requested user 'user@contoso.com' is invalid.".to_owned())
    );
    for address in ["unlicensed@contoso.com", "reception@contoso.com"] {
        let (status, code, _) = graph_error(&booking.calendar(address));
        assert_eq!((status, &*code), (404, "MailboxNotEnabledForRESTAPI"));
    }
    assert_eq!(
        graph_error(&Session::administrator(&tenant).calendar("boardroom@contoso.com")),
        (403, "ErrorAccessDenied".to_owned(), "Access is denied. Check credentials and try again.".to_owned())
    );
}

#[test]
fn a_batch_answers_each_item_by_its_id() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let batch = |requests: Vec<Value>| {
        let body = json!({"requests": requests});
        tenant.handle(&Request::post(&format!("{GRAPH}/v1.0/$batch")).bearer(&admin.graph).json(&body))
    };
    let response = batch(vec![
        json!({"id": "1", "method": "GET", "url": "/organization"}),
        json!({"id": "2", "method": "GET", "url": "/servicePrincipals/none"}),
        json!({"id": "3", "method": "GET", "url": "/places/microsoft.graph.room?$top=1"}),
    ]);
    assert_eq!(response.status(), 200);
    let body = response.json();
    let status = |id: &str| {
        let responses = body["responses"].as_array().unwrap();
        responses.iter().find(|item| item["id"] == id).unwrap()["status"].clone()
    };
    assert_eq!([status("1"), status("2"), status("3")], [200, 404, 200].map(Value::from));
    assert_ne!(body["responses"][0]["id"], "1", "the order is not that of the requests");
    assert_eq!(tenant.request_count(), 1);
    assert_eq!(tenant.requests().iter().filter(|request| request.batch_item).count(), 3);
    let many = |count: usize| {
        (0..count).map(|id| json!({"id": id.to_string(), "method": "GET", "url": "/organization"})).collect()
    };
    assert_eq!(batch(many(20)).status(), 200);
    assert_eq!(batch(many(21)).status(), 400);
    let twice = json!({"id": "a", "method": "GET", "url": "/organization"});
    assert_eq!(batch(vec![twice.clone(), twice]).status(), 400);
}

#[test]
fn answers_can_be_traced_and_strangers_are_turned_away() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let request = Request::get(&format!("{GRAPH}/v1.0/nonsense"))
        .bearer(&admin.graph)
        .header("client-request-id", "7f0a5a56-3e55-4a3c-bb5f-2f0a6f1c9d10");
    let response = tenant.handle(&request);
    assert_eq!(graph_error(&response).2, "Resource not found for the segment 'nonsense'.");
    let inner = response.json()["error"]["innerError"].take();
    assert_eq!(inner["client-request-id"], "7f0a5a56-3e55-4a3c-bb5f-2f0a6f1c9d10");
    assert_eq!(response.header("client-request-id").unwrap(), "7f0a5a56-3e55-4a3c-bb5f-2f0a6f1c9d10");
    assert_eq!(Some(text(&inner["request-id"]).as_str()), response.header("request-id"));
    assert!(response.header("Date").unwrap().ends_with(" GMT"));
    let anonymous = tenant.handle(&Request::get(&format!("{GRAPH}/v1.0/organization")));
    assert_eq!(graph_error(&anonymous).2, "Access token is empty.");
}
