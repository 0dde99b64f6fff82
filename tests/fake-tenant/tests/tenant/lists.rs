//! What can be asked of every list: its number, references, casts, changes; and relations that are expanded.

use fake_tenant::{FakeTenant, Response};
use serde_json::{Value, json};

use crate::{Session, graph_error, text};

const ROLES: &[&str] = &[
    "Application.Read.All",
    "Calendars.ReadWrite",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.Read.All",
    "Group.ReadWrite.All",
    "Place.Read.All",
    "RoleManagement.Read.Directory",
    "User.ReadWrite.All",
];

fn session() -> Session {
    let tenant = FakeTenant::contoso();
    let app = tenant.add_application("Lists", "fake");
    for role in ROLES {
        tenant.grant_app_role(&app, role);
    }
    Session::of(&tenant, &app)
}

fn rows(response: &Response) -> Vec<Value> {
    assert_eq!(response.status(), 200, "{}", response.text());
    response.json()["value"].as_array().cloned().unwrap_or_default()
}

fn id(session: &Session, path: &str) -> String {
    text(&session.get(path).json()["id"])
}

fn group_of_adele(session: &Session) -> (String, String) {
    let adele = id(session, "/v1.0/users/adele.vance@contoso.com");
    let body = json!({"displayName": "Crew", "mailNickname": "crew", "mailEnabled": false, "securityEnabled": true,
        "members@odata.bind": [format!("https://graph.microsoft.com/v1.0/users/{adele}")]});
    (text(&session.send("POST", "/v1.0/groups", &body).json()["id"]), adele)
}

#[test]
fn the_number_of_a_list_is_that_of_its_rows() {
    let session = session();
    let (group, adele) = group_of_adele(&session);
    for list in [
        "users".to_owned(),
        "groups".to_owned(),
        "applications".to_owned(),
        "servicePrincipals".to_owned(),
        "domains".to_owned(),
        "oauth2PermissionGrants".to_owned(),
        "directoryRoles".to_owned(),
        "directoryRoleTemplates".to_owned(),
        "places/graph.room".to_owned(),
        "places/microsoft.graph.roomList".to_owned(),
        format!("groups/{group}/members"),
        format!("groups/{group}/members/graph.user"),
        format!("groups/{group}/transitiveMembers/microsoft.graph.user"),
        format!("groups/{group}/owners"),
        format!("users/{adele}/transitiveMemberOf"),
        "users/boardroom@contoso.com/calendars".to_owned(),
        "users/boardroom@contoso.com/events".to_owned(),
    ] {
        // Larger than any of them, so that one page is the list; Exchange's lists take it too.
        let listed = rows(&session.eventual(&format!("/v1.0/{list}?$top=999"))).len();
        let number = session.eventual(&format!("/v1.0/{list}/$count"));
        assert_eq!((number.status(), number.text().as_str()), (200, listed.to_string().as_str()), "{list}");
        assert_eq!(number.header("Content-Type"), Some("text/plain"), "{list}");
    }
    let filter = "$filter=startswith(displayName,'Adele')";
    let filtered = rows(&session.get(&format!("/v1.0/users?{filter}"))).len();
    assert_eq!(session.eventual(&format!("/v1.0/users/$count?{filter}")).text(), filtered.to_string());
    // The directory counts by an index that the request has to accept; mailboxes have no such rule.
    assert_eq!(session.get("/v1.0/users/$count").status(), 400);
    assert_eq!(session.get("/v1.0/users/boardroom@contoso.com/events/$count").text(), "0");
    // One object has no number.
    assert_eq!(session.eventual(&format!("/v1.0/users/{adele}/$count")).status(), 501);
    assert_eq!(session.eventual("/v1.0/flowers/$count").status(), 400);
}

#[test]
fn references_of_a_list_lead_to_its_objects() {
    let session = session();
    let (group, adele) = group_of_adele(&session);
    let references = rows(&session.get(&format!("/v1.0/groups/{group}/members/$ref")));
    let [reference] = &references[..] else { panic!("{references:?}") };
    let link = text(&reference["@odata.id"]);
    assert_eq!(reference.as_object().map(serde_json::Map::len), Some(1));
    let path = link.split_once("/v1.0").map(|(_, path)| format!("/v1.0{path}")).unwrap_or_default();
    assert_eq!(id(&session, &path), adele);
    assert_eq!(session.get(&format!("/v1.0/users/{adele}/$ref")).status(), 501);
}

#[test]
fn objects_are_found_by_their_ids_whatever_they_are() {
    let session = session();
    let (group, adele) = group_of_adele(&session);
    let principal = text(&rows(&session.get("/v1.0/servicePrincipals?$filter=displayName eq 'Lists'"))[0]["id"]);
    let application = text(&rows(&session.get("/v1.0/applications?$filter=displayName eq 'Lists'"))[0]["id"]);
    let nobody = "00000000-0000-4000-8000-000000000000";
    for collection in ["directoryObjects", "users", "groups", "servicePrincipals"] {
        let body = json!({"ids": [group, adele, nobody, principal, application]});
        let found = rows(&session.send("POST", &format!("/v1.0/{collection}/getByIds"), &body));
        let kinds: Vec<_> = found.iter().map(|row| text(&row["@odata.type"])).collect();
        let of = |kind: &str| format!("#microsoft.graph.{kind}");
        assert_eq!(kinds, [of("group"), of("user"), of("servicePrincipal"), of("application")], "{collection}");
    }
    let body = json!({"ids": [group, adele], "types": ["user"]});
    let found = rows(&session.send("POST", "/v1.0/directoryObjects/getByIds", &body));
    assert_eq!(found.iter().map(|row| text(&row["id"])).collect::<Vec<_>>(), [adele]);
}

#[test]
fn every_list_of_the_directory_is_followed_by_delta() {
    let session = session();
    for list in ["applications", "servicePrincipals", "oauth2PermissionGrants", "directoryRoles"] {
        let all = rows(&session.eventual(&format!("/v1.0/{list}"))).len();
        let mut response = session.get(&format!("/v1.0/{list}/delta"));
        let mut told = 0;
        while let Some(link) = response.json()["@odata.nextLink"].as_str().map(str::to_owned) {
            told += rows(&response).len();
            response = session.get(link.split_once("graph.microsoft.com").map_or("", |(_, path)| path));
        }
        told += rows(&response).len();
        assert_eq!(told, all, "{list}");
        let link = text(&response.json()["@odata.deltaLink"]);
        let path = link.split_once("graph.microsoft.com").map(|(_, path)| path.to_owned()).unwrap_or_default();
        session.tenant.add_application("Newcomer", "fake");
        let changed = rows(&session.get(&path)).len();
        assert_eq!(changed, usize::from(matches!(list, "applications" | "servicePrincipals")), "{list}");
    }
}

#[test]
fn a_manager_is_set_shown_expanded_and_taken_away() {
    let session = session();
    let adele = id(&session, "/v1.0/users/adele.vance@contoso.com");
    let ceo = id(&session, "/v1.0/users/ceo@contoso.com");
    let manager = format!("/v1.0/users/{adele}/manager");
    let (status, code, _) = graph_error(&session.get(&manager));
    assert_eq!((status, code.as_str()), (404, "Request_ResourceNotFound"));
    let reference = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/users/{ceo}")});
    assert_eq!(session.send("PUT", &format!("{manager}/$ref"), &reference).status(), 204);
    assert_eq!(id(&session, &manager), ceo);
    let shown = text(&session.get(&format!("{manager}/$ref")).json()["@odata.id"]);
    assert!(shown.ends_with(&ceo), "{shown}");
    let reports = rows(&session.get(&format!("/v1.0/users/{ceo}/directReports")));
    assert!(matches!(&reports[..], [report] if report["id"] == json!(adele)), "{reports:?}");
    let expanded = session.get(&format!("/v1.0/users/{adele}?$expand=manager($select=id)")).json();
    assert_eq!(expanded["manager"], json!({"@odata.type": "#microsoft.graph.user", "id": ceo}));
    assert_eq!(session.send("DELETE", &format!("{manager}/$ref"), &Value::Null).status(), 204);
    assert_eq!(session.get(&manager).status(), 404);
}

#[test]
fn a_relation_is_expanded_or_the_request_is_refused() {
    let session = session();
    let (group, adele) = group_of_adele(&session);
    let user = session.get(&format!("/v1.0/users/{adele}?$expand=memberOf"));
    let groups = user.json()["memberOf"].as_array().cloned().unwrap_or_default();
    assert!(groups.iter().any(|other| other["id"] == json!(group)), "{}", user.text());
    for overlooked in [
        "users?$expand=manager".to_owned(),
        format!("users/{adele}?$expand=drives"),
        "servicePrincipals?$expand=owners".to_owned(),
        format!("groups/{group}/members?$expand=memberOf"),
        "users/boardroom@contoso.com/events?$expand=instances".to_owned(),
        "users/boardroom@contoso.com/calendars?$expand=events".to_owned(),
    ] {
        let refused = session.get(&format!("/v1.0/{overlooked}"));
        assert_eq!((refused.status(), refused.header("fake-tenant")), (501, Some("not-modelled")), "{overlooked}");
    }
}

#[test]
fn directory_roles_are_there_once_somebody_holds_them() {
    let session = session();
    let templates = rows(&session.get("/v1.0/directoryRoleTemplates"));
    let roles = rows(&session.get("/v1.0/directoryRoles"));
    assert!(!roles.is_empty() && roles.len() < templates.len(), "{} of {}", roles.len(), templates.len());
    for role in &roles {
        let template = text(&role["roleTemplateId"]);
        assert!(templates.iter().any(|other| other["id"] == role["roleTemplateId"]));
        let by_template = session.get(&format!("/v1.0/directoryRoles(roleTemplateId='{template}')/members"));
        let by_id = session.get(&format!("/v1.0/directoryRoles/{}/members", text(&role["id"])));
        assert!(!rows(&by_template).is_empty(), "{role}");
        assert_eq!(rows(&by_template), rows(&by_id));
    }
}
