//! Requests in the shapes of clients that nobody here wrote: Kiota's SDKs, graph-rs-sdk, MSAL and `azure_identity`.
//!
//! GUESS: the shapes are from memory; wrong where one of these clients, run against the tenant, sends another.

use fake_tenant::{FakeTenant, Request, Response};
use serde_json::{Value, json};

use crate::{GRAPH, Session, claims, graph_error, text};

const ROLES: &[&str] =
    &["User.Read.All", "Group.ReadWrite.All", "GroupMember.ReadWrite.All", "Directory.Read.All", "Place.Read.All"];

fn session() -> Session {
    let tenant = FakeTenant::contoso();
    let app = tenant.add_application("Foreign", "fake");
    for role in ROLES.iter().chain(&["Calendars.ReadWrite", "Application.Read.All"]) {
        tenant.grant_app_role(&app, role);
    }
    Session::of(&tenant, &app)
}

fn user(session: &Session, name: &str) -> String {
    text(&session.get(&format!("/v1.0/users/{name}")).json()["id"])
}

fn group(session: &Session) -> String {
    let body = json!({"displayName": "Crew", "mailNickname": "crew", "mailEnabled": false, "securityEnabled": true});
    text(&session.send("POST", "/v1.0/groups", &body).json()["id"])
}

fn ids(response: &Response) -> Vec<String> {
    assert_eq!(response.status(), 200, "{}", response.text());
    response.json()["value"].as_array().into_iter().flatten().map(|row| text(&row["id"])).collect()
}

#[test]
fn every_spelling_of_an_address_leads_to_the_same_place() {
    let session = session();
    let app = text(&session.get("/v1.0/servicePrincipals?$top=1").json()["value"][0]["appId"]);
    let ceo = user(&session, "ceo@contoso.com");
    let group = group(&session);
    session.send("POST", &format!("/v1.0/groups/{group}/members/$ref"), &json!({"@odata.id": ceo}));
    let range = "startDateTime=2026-11-23T00:00:00Z&endDateTime=2026-11-24T00:00:00Z";
    for (plain, others) in [
        (
            "/v1.0/users/ceo@contoso.com".to_owned(),
            vec![
                "/v1.0/users('ceo@contoso.com')".to_owned(),
                "/v1.0/users('ceo%40contoso.com')/".to_owned(),
                "/v1.0/users/ceo%40contoso.com".to_owned(),
                format!("/v1.0/users({ceo})"),
                format!("/v1.0/users(%27{ceo}%27)"),
                "/v1.0/Users/ceo@contoso.com/microsoft.graph.user".to_owned(),
            ],
        ),
        (
            "/v1.0/users/delta".to_owned(),
            vec![
                "/v1.0/users/delta()".to_owned(),
                "/v1.0/users/microsoft.graph.delta()".to_owned(),
                "/v1.0/users/microsoft.graph.delta".to_owned(),
                "/v1.0/users/graph.delta()/".to_owned(),
            ],
        ),
        (
            "/v1.0/places/microsoft.graph.room".to_owned(),
            vec![
                "/v1.0/places/graph.room".to_owned(),
                "/v1.0/places/microsoft.graph.room/".to_owned(),
                "/v1.0/places/microsoft.graph.Room".to_owned(),
            ],
        ),
        (
            format!("/v1.0/groups/{group}/members/microsoft.graph.user"),
            vec![format!("/v1.0/groups('{group}')/members/graph.user")],
        ),
        (
            format!("/v1.0/users/boardroom@contoso.com/calendarView?{range}"),
            vec![format!("/v1.0/users('boardroom@contoso.com')/calendar/calendarView?{range}")],
        ),
        (
            format!("/v1.0/users/boardroom@contoso.com/calendarView/delta?{range}"),
            vec![
                format!("/v1.0/users/boardroom@contoso.com/calendarView/delta()?{range}"),
                format!("/v1.0/users('boardroom@contoso.com')/calendarView/microsoft.graph.delta()?{range}"),
            ],
        ),
        (
            format!("/v1.0/servicePrincipals(appId='{app}')"),
            vec![
                format!("/v1.0/servicePrincipals(appId=%27{app}%27)"),
                format!("/v1.0/servicePrincipals(AppId='{app}')/"),
            ],
        ),
    ] {
        let meant = session.get(&plain);
        assert_eq!(meant.status(), 200, "{plain}: {}", meant.text());
        for other in others {
            let answer = session.get(&other);
            assert_eq!(answer.status(), 200, "{other}: {}", answer.text());
            assert_eq!(answer.json()["value"], meant.json()["value"], "{other}");
            assert_eq!(answer.json()["id"], meant.json()["id"], "{other}");
        }
    }
}

#[test]
fn the_links_of_a_delta_in_parentheses_can_be_followed() {
    let session = session();
    let first = session.get("/v1.0/users/delta()?$top=100").json();
    let next = text(&first["@odata.nextLink"]);
    let second = session.get(next.strip_prefix(GRAPH).unwrap_or_default());
    assert_eq!(ids(&second).len(), 100);
}

#[test]
fn a_member_is_named_in_every_form_of_a_reference() {
    let session = session();
    let ceo = user(&session, "ceo@contoso.com");
    let group = group(&session);
    let path = format!("/v1.0/groups/{group}/members");
    for link in [
        format!("{GRAPH}/v1.0/directoryObjects/{ceo}"),
        format!("{GRAPH}/v1.0/directoryObjects('{ceo}')"),
        format!("{GRAPH}/v1.0/users/{ceo}/"),
        format!("directoryObjects/{ceo}"),
        format!("{GRAPH}/beta/directoryObjects(%27{ceo}%27)"),
    ] {
        let added = session.send("POST", &format!("{path}/$ref"), &json!({"@odata.id": link}));
        assert_eq!(added.status(), 204, "{link}: {}", added.text());
        assert_eq!(ids(&session.get(&path)), [ceo.as_str()], "{link}");
        // Kiota's builder of `members/$ref` takes the object in the query.
        let removed =
            session.send("DELETE", &format!("{path}/$ref?%40id={GRAPH}/v1.0/directoryObjects/{ceo}"), &Value::Null);
        assert_eq!(removed.status(), 204, "{}", removed.text());
        assert!(ids(&session.get(&path)).is_empty(), "{link}");
    }
}

#[test]
fn members_bound_in_a_change_are_added() {
    let session = session();
    let (ceo, other) = (user(&session, "ceo@contoso.com"), user(&session, "boardroom@contoso.com"));
    let path = format!("/v1.0/groups/{}", group(&session));
    let bind = |ids: &[&str]| {
        let links: Vec<String> = ids.iter().map(|id| format!("{GRAPH}/v1.0/directoryObjects/{id}")).collect();
        session.send("PATCH", &path, &json!({"members@odata.bind": links}))
    };
    assert_eq!(bind(&[&ceo, &other]).status(), 204);
    let mut members = ids(&session.get(&format!("{path}/members")));
    members.sort();
    let mut wanted = vec![ceo.clone(), other];
    wanted.sort();
    assert_eq!(members, wanted);
    // One that is in already spoils the call, as with a reference.
    assert_eq!(bind(&[&ceo]).status(), 400);
    // No more than twenty at once (Microsoft documentation).
    assert_eq!(bind(&[ceo.as_str(); 21]).status(), 400);
    assert_eq!(bind(&["00000000-1111-2222-3333-444444444444"]).status(), 404);
}

#[test]
fn an_expanded_relation_is_there_or_the_request_is_refused() {
    let session = session();
    let ceo = user(&session, "ceo@contoso.com");
    let path = format!("/v1.0/groups/{}", group(&session));
    session.send("POST", &format!("{path}/members/$ref"), &json!({"@odata.id": ceo}));
    for url in [format!("{path}?$expand=members"), format!("{path}?%24expand=members($select=id,displayName)")] {
        let expanded = session.get(&url).json();
        assert_eq!(expanded["members"][0]["id"], ceo.as_str(), "{url}");
        assert_eq!(expanded["members"][0]["@odata.type"], "#microsoft.graph.user");
    }
    let listed = session.get("/v1.0/groups?$expand=members&$filter=displayName eq 'Crew'").json();
    assert_eq!(listed["value"][0]["members"][0]["id"], ceo.as_str());
    let unknown = session.get("/v1.0/users/ceo@contoso.com?$expand=friends");
    assert_eq!(graph_error(&unknown).0, 400);
    let unmodelled = session.get("/v1.0/users/ceo@contoso.com?$expand=ownedObjects");
    assert_eq!(unmodelled.status(), 501, "{}", unmodelled.text());
}

#[test]
fn properties_that_do_not_exist_are_neither_selected_nor_sorted_by() {
    let session = session();
    for path in [
        "/v1.0/users?$select=id,colour",
        "/v1.0/users/ceo@contoso.com?$select=colour",
        "/v1.0/groups?$orderby=colour",
        "/v1.0/users/boardroom@contoso.com/events?$select=colour",
        "/v1.0/users/boardroom@contoso.com/events?$orderby=colour",
        "/v1.0/places/microsoft.graph.room?$select=colour",
    ] {
        let (status, _, message) = graph_error(&session.get(path));
        assert_eq!(status, 400, "{path}");
        assert!(message.contains("Could not find a property named 'colour' on type 'microsoft.graph."), "{message}");
    }
    assert_eq!(session.get("/v1.0/groups?$select=id,members,displayName").status(), 200);
}

#[test]
fn a_body_with_what_the_schema_does_not_have_is_refused_and_does_nothing() {
    let session = session();
    let path = format!("/v1.0/groups/{}", group(&session));
    let when = |at: &str| json!({"dateTime": at, "timeZone": "UTC"});
    let event = |name: &str, value: Value| {
        let mut event =
            json!({"subject": "x", "start": when("2026-11-23T09:00:00"), "end": when("2026-11-23T10:00:00")});
        event[name] = value;
        event
    };
    let events = "/v1.0/users/boardroom@contoso.com/events";
    for (method, path, body) in [
        ("PATCH", path.as_str(), json!({"colour": "red", "displayName": "Changed"})),
        ("PATCH", path.as_str(), json!({"displayName": 7})),
        ("PATCH", path.as_str(), json!({"securityEnabled": "yes", "displayName": "Changed"})),
        ("POST", events, event("colour", json!("red"))),
        ("POST", events, event("showAs", json!("asleep"))),
        ("POST", events, event("isAllDay", json!("no"))),
        ("POST", events, event("attendees", json!({"emailAddress": {"address": "a@b.c"}}))),
        ("POST", events, event("attendees", json!([{"emailAddress": {"adress": "a@b.c"}}]))),
        (
            "POST",
            "/v1.0/users/boardroom@contoso.com/calendar/getSchedule",
            json!({"schedules": "boardroom@contoso.com"}),
        ),
    ] {
        let refused = session.send(method, path, &body);
        assert_eq!(refused.status(), 400, "{method} {path} {body}: {}", refused.text());
    }
    assert_eq!(session.get(&path).json()["displayName"], "Crew");
    assert!(ids(&session.get(events)).is_empty());
    // Case does not matter to the parameters of an action, and annotations are no properties.
    let schedule = json!({
        "Schedules": ["boardroom@contoso.com"], "StartTime": when("2026-11-23T09:00:00"), "EndTime": when("2026-11-23T10:00:00"),
        "@odata.type": "#x",
    });
    let asked = session.send("POST", "/v1.0/users/boardroom@contoso.com/calendar/getSchedule", &schedule);
    assert_eq!(asked.status(), 200, "{}", asked.text());
}

#[test]
fn what_is_not_modelled_says_so_in_the_voice_of_the_fake() {
    let session = session();
    for (method, path) in [
        ("GET", "/v1.0/sites/root"),
        ("GET", "/v1.0/users/ceo@contoso.com/photo"),
        ("GET", "/v1.0/users/ceo@contoso.com/messages"),
        ("POST", "/v1.0/users"),
        ("DELETE", "/v1.0/users/ceo@contoso.com"),
    ] {
        let body = if method == "POST" { json!({}) } else { Value::Null };
        let answer = session.send(method, path, &body);
        assert_eq!(answer.status(), 501, "{method} {path}: {}", answer.text());
        assert_eq!(answer.header("fake-tenant"), Some("not-modelled"), "{path}");
        assert!(text(&answer.json()["error"]["message"]).contains("fake-tenant"), "{path}");
    }
    // What Graph does not have either is Graph's to refuse.
    let nonsense = session.get("/v1.0/users/ceo@contoso.com/nonsense");
    assert_eq!((nonsense.status(), nonsense.header("fake-tenant")), (400, None));
    assert_eq!(
        session.tenant.unmodelled(),
        [
            "DELETE /v1.0/users/ceo@contoso.com",
            "GET /v1.0/sites/root",
            "GET /v1.0/users/ceo@contoso.com/messages",
            "GET /v1.0/users/ceo@contoso.com/photo",
            "POST /v1.0/users",
        ]
    );
}

#[test]
fn an_answer_comes_in_the_envelope_of_graph() {
    let session = session();
    let answer = session.get("/v1.0/users/ceo@contoso.com");
    assert_eq!(
        answer.header("Content-Type"),
        Some("application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
    );
    assert_eq!(answer.header("OData-Version"), Some("4.0"));
    assert!(answer.header("request-id").is_some());
    let body = json!({"displayName": "Crew", "mailNickname": "crew", "mailEnabled": false, "securityEnabled": true});
    let made = session.send("POST", "/v1.0/groups", &body);
    let at = made.header("Location").unwrap_or_default();
    assert_eq!(made.status(), 201);
    assert_eq!(session.get(at.strip_prefix(GRAPH).unwrap_or_default()).json()["displayName"], "Crew", "{at}");
    assert_eq!(session.get("/v1.0/users/nobody@contoso.com").header("OData-Version"), None);
}

#[test]
fn links_lead_back_the_way_that_the_client_came() {
    let session = session();
    let ask = |headers: &[(&str, &str)]| {
        let mut request = Request::get("http://127.0.0.1:9000/v1.0/users?$top=1").bearer(&session.graph);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = session.tenant.handle(&request).json();
        (text(&body["@odata.nextLink"]), text(&body["@odata.context"]))
    };
    for (headers, origin) in [
        (&[][..], "http://127.0.0.1:9000"),
        (&[("Host", "graph.test:81")], "http://graph.test:81"),
        (&[("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "graph.test")], "https://graph.test"),
        (&[("X-Forwarded-Proto", "https, http"), ("Host", "graph.test")], "https://graph.test"),
        (
            &[("X-Forwarded-Host", "graph.test"), ("X-Forwarded-Port", "8443"), ("X-Forwarded-Proto", "https")],
            "https://graph.test:8443",
        ),
        (
            &[("Forwarded", "for=10.0.0.1;proto=https;host=\"graph.test:8443\", for=10.0.0.2;proto=http")],
            "https://graph.test:8443",
        ),
    ] {
        let (next, context) = ask(headers);
        assert!(next.starts_with(&format!("{origin}/v1.0/users?")), "{next}");
        assert!(context.starts_with(&format!("{origin}/v1.0/$metadata#users")), "{context}");
    }
}

#[test]
fn msal_finds_its_way_to_a_token() {
    let session = session();
    let tenant = &session.tenant;
    let origin = "https://login.test:8443";
    let get = |path: &str| tenant.handle(&Request::get(&format!("{origin}{path}")));
    let authority = format!("{origin}/{}", tenant.id());
    for path in [
        format!("/{}/v2.0/.well-known/openid-configuration", tenant.id()),
        format!("/{}/v2.0/.well-known/openid-configuration", tenant.domain()),
    ] {
        let found = get(&path);
        assert_eq!(found.status(), 200, "{path}");
        let found = found.json();
        assert_eq!(found["issuer"], format!("{authority}/v2.0"));
        assert_eq!(found["token_endpoint"], format!("{authority}/oauth2/v2.0/token"));
        assert_eq!(found["device_authorization_endpoint"], format!("{authority}/oauth2/v2.0/devicecode"));
        let keys = text(&found["jwks_uri"]);
        assert!(get(keys.strip_prefix(origin).unwrap_or_default()).json()["keys"].is_array());
    }
    let common = get("/organizations/v2.0/.well-known/openid-configuration").json();
    assert_eq!(common["issuer"], format!("{origin}/{{tenantid}}/v2.0"));
    let unknown = get("/nowhere.test/v2.0/.well-known/openid-configuration");
    assert_eq!((unknown.status(), text(&unknown.json()["error"])), (400, "invalid_tenant".to_owned()));
    let asked =
        format!("/common/discovery/instance?api-version=1.1&authorization_endpoint={authority}/oauth2/v2.0/authorize");
    let instance = get(&asked).json();
    assert_eq!(instance["tenant_discovery_endpoint"], format!("{authority}/v2.0/.well-known/openid-configuration"));
    let aliases = &instance["metadata"][0]["aliases"];
    assert_eq!(
        (&instance["metadata"][0]["preferred_network"], &aliases[0]),
        (&json!("login.test:8443"), &json!("login.test:8443"))
    );
}

#[test]
fn the_first_version_of_the_token_endpoint_names_a_resource() {
    let tenant = FakeTenant::contoso();
    let app = tenant.booking_application();
    let url = format!("https://login.microsoftonline.com/{}/oauth2/token", tenant.id());
    let form = |resource: &str| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &*app.client_id),
            ("client_secret", app.secret()),
            ("resource", resource),
        ];
        tenant.handle(&Request::post(&url).form(&fields))
    };
    let issued = form("https://graph.microsoft.com/");
    assert_eq!(issued.status(), 200, "{}", issued.text());
    let body = issued.json();
    // Numbers are text here, as they are from IMDS.
    assert_eq!((&body["expires_in"], &body["resource"]), (&json!("3599"), &json!("https://graph.microsoft.com/")));
    assert_eq!(claims(&text(&body["access_token"]))["aud"], "https://graph.microsoft.com/");
    assert_eq!(form("https://nobody.test").json()["error"], "invalid_resource");
}

#[test]
fn a_delta_link_stands_for_the_options_of_its_round() {
    let session = session();
    let follow = |url: &str| {
        let mut url = url.to_owned();
        let (mut rows, mut pages) = (Vec::new(), 0);
        loop {
            let body = session.get(url.strip_prefix(GRAPH).unwrap_or(&url)).json();
            rows.extend(body["value"].as_array().cloned().unwrap_or_default());
            pages += 1;
            assert!(pages < 100, "the links of a round come to an end: {body}");
            match body.get("@odata.deltaLink") {
                Some(link) => return (rows, pages, text(link)),
                None => url = text(&body["@odata.nextLink"]),
            }
        }
    };
    let path = format!("/v1.0/groups/{}", group(&session));
    let (all, pages, link) = follow("/v1.0/groups/delta()?$select=displayName&$top=3");
    assert_eq!(pages, all.len().div_ceil(3), "the size of a page is one of the options");
    // A property that was not asked for is not followed.
    session.send("PATCH", &path, &json!({"description": "quiet"}));
    assert_eq!(follow(&link).0, Vec::<Value>::new());
    session.send("PATCH", &path, &json!({"displayName": "Louder"}));
    let (changed, _, later) = follow(&link);
    assert_eq!((changed.len(), &changed[0]["displayName"]), (1, &json!("Louder")));
    assert!(changed[0].get("description").is_none(), "{changed:?}");
    assert_eq!(follow(&later).0, Vec::<Value>::new());
    // A link can be used again.
    assert_eq!(follow(&link).0, changed);
}

#[test]
fn dates_in_filters_are_moments() {
    let mut session = session();
    session.tenant.set_time(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_800_000_000));
    session.graph = session.tenant.graph_token("Foreign");
    group(&session);
    let found = |filter: &str| {
        let path = format!("/v1.0/groups?$count=true&$filter=displayName eq 'Crew' and createdDateTime {filter}");
        ids(&session.eventual(&path)).len()
    };
    // 2027-01-15T08:00:00Z
    assert_eq!(found("ge 2027-01-15T09:00:00%2B01:00"), 1);
    assert_eq!(found("eq 2027-01-15T08:00:00.000Z"), 1);
    assert_eq!(found("gt 2027-01-15T08:00:00.000Z"), 0);
}

#[test]
fn the_transcript_names_what_was_asked_and_by_whom() {
    let session = session();
    session.get("/v1.0/users/nobody@contoso.com");
    assert_eq!(session.tenant.transcript(), "404 GET /v1.0/users/nobody@contoso.com  (Foreign)\n");
    assert_eq!(session.tenant.failed_requests().len(), 1);
}

/// One day of a series: changed, moved, and gone.
#[test]
fn an_occurrence_of_a_series_is_changed_by_itself() {
    let session = session();
    let at = |time: &str| json!({"dateTime": format!("2026-12-01T{time}"), "timeZone": "UTC"});
    let series = json!({
        "subject": "Stand-up",
        "start": at("09:00:00"),
        "end": at("09:15:00"),
        "recurrence": {
            "pattern": {"type": "daily", "interval": 1},
            "range": {"type": "numbered", "startDate": "2026-12-01", "numberOfOccurrences": 4},
        },
    });
    let series = session.send("POST", "/v1.0/users/boardroom@contoso.com/events", &series).json();
    let window = "startDateTime=2026-12-01T00:00:00Z&endDateTime=2026-12-10T00:00:00Z";
    let instances = format!("/v1.0/users/boardroom@contoso.com/events/{}/instances?{window}", text(&series["id"]));
    let all = session.get(&instances).json();
    let second = text(&all["value"][1]["id"]);
    let path = format!("/v1.0/users/boardroom@contoso.com/events/{second}");
    let changed = session.send("PATCH", &path, &json!({"subject": "Review"}));
    assert_eq!(changed.status(), 200, "{}", changed.text());
    assert_eq!((&changed.json()["subject"], &changed.json()["type"]), (&json!("Review"), &json!("exception")));
    assert_eq!(changed.json()["seriesMasterId"], series["id"]);

    // Over the next one it is not moved; within its own day it is.
    let over = json!({
        "start": {"dateTime": "2026-12-03T08:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-12-03T10:00:00", "timeZone": "UTC"},
    });
    let refused = session.send("PATCH", &path, &over);
    assert_eq!(graph_error(&refused).1, "ErrorOccurrenceCrossingBoundary");
    let later = json!({
        "start": {"dateTime": "2026-12-02T14:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-12-02T14:30:00", "timeZone": "UTC"},
    });
    assert_eq!(session.send("PATCH", &path, &later).status(), 200);
    let third = text(&all["value"][2]["id"]);
    let gone = session.send("DELETE", &format!("/v1.0/users/boardroom@contoso.com/events/{third}"), &json!(null));
    assert_eq!(gone.status(), 204);
    let now = session.get(&instances).json();
    let shown: Vec<_> = now["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (text(&it["subject"]), text(&it["start"]["dateTime"])))
        .collect();
    let days: Vec<&str> = shown.iter().map(|(_, start)| &start[..13]).collect();
    assert_eq!(days, ["2026-12-01T09", "2026-12-02T14", "2026-12-04T09"], "{shown:?}");
    let subjects: Vec<&str> = shown.iter().map(|(subject, _)| subject.as_str()).collect();
    assert_eq!(subjects, ["Stand-up", "Review", "Stand-up"]);
}

/// The directory has no such operator, with or without the header for advanced queries.
#[test]
fn contains_is_refused_where_the_directory_refuses_it() {
    let session = session();
    for path in ["/v1.0/users", "/v1.0/groups"] {
        let refused = session.get(&format!("{path}?$filter=contains(displayName,'dele')&$count=true"));
        assert_eq!(refused.status(), 400, "{path}");
        assert!(graph_error(&refused).2.contains("'Contains' is not supported"), "{}", refused.text());
    }
}
