//! Groups, permissions and roles: what is refused before it is sent, and what is done twice without harm.

use exchange_groups::graph_client::graph::{
    GrantOutcome, Group, GroupKind, GroupUpdate, NewApplication, NewGroup, OWNED_BY_EXCHANGE, Patch, Place, PlaceKind,
    PlaceUpdate, RoleHolding,
};
use exchange_groups::graph_client::{ErrorKind, well_known};
use exchange_groups_tests::{Answer, RawServer};
use serde_json::{Value, json};

use crate::resources_support::client_of;

const ID: &str = "02bd9fd6-8f93-4758-87c3-1fb73740a315";
const OTHER: &str = "f1847572-48aa-47aa-96a3-2ec61904f41f";

async fn always(status: u16, body: Value) -> RawServer {
    RawServer::start(move |_, _| Answer::Json(status, body.to_string())).await
}

fn group(body: Value) -> Group {
    serde_json::from_value(body).expect("a group")
}

#[tokio::test]
async fn a_group_of_exchange_is_refused_before_anything_is_sent() {
    let server = always(204, json!(null)).await;
    let groups = client_of(&server.url()).groups();
    let body = json!({ "id": ID, "mail": "rooms@contoso.com", "mailEnabled": true, "securityEnabled": true,
        "groupTypes": [] });
    let exchange = group(body);
    assert_eq!(exchange.kind(), Some(GroupKind::MailEnabledSecurity));
    let errors = [
        groups.add_member(&exchange, OTHER).await.unwrap_err(),
        groups.remove_member(&exchange, OTHER).await.unwrap_err(),
        groups.add_owner(&exchange, OTHER).await.unwrap_err(),
        groups.update(&exchange, &GroupUpdate::new().display_name("x")).await.unwrap_err(),
        groups.delete(&exchange).await.unwrap_err(),
        groups.create(&NewGroup::security("x", "x").mail_enabled(true)).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.code(), error.attempts()), (ErrorKind::Input, Some(OWNED_BY_EXCHANGE), 0));
        assert!(error.advice().expect("advice").contains("AddDistributionGroupMember"), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_group_of_exchange_that_was_not_read_is_known_by_the_refusal() {
    let message = "Cannot Update a mail-enabled security groups and or distribution list.";
    let server = always(400, json!({ "error": { "code": "Request_BadRequest", "message": message } })).await;
    let error = client_of(&server.url()).groups().add_member(ID, OTHER).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Input, Some(OWNED_BY_EXCHANGE)));
    let source = std::error::Error::source(&error).expect("Graph's own error");
    assert!(source.to_string().contains(message.trim_end_matches('.')), "{source}");
}

#[tokio::test]
async fn a_member_is_added_and_removed_twice_without_an_error() {
    let message = "One or more added object references already exist for the following modified properties: 'members'.";
    let server = RawServer::start(move |_, request| match request.method.as_str() {
        "POST" => {
            Answer::Json(400, json!({ "error": { "code": "Request_BadRequest", "message": message } }).to_string())
        }
        _ => Answer::Json(404, json!({ "error": { "code": "Request_ResourceNotFound", "message": "no" } }).to_string()),
    })
    .await;
    let groups = client_of(&server.url()).groups();
    assert!(!groups.add_member(ID, OTHER).await.expect("it is a member"));
    assert!(!groups.remove_member(ID, OTHER).await.expect("it is none"));
    let sent: Value = serde_json::from_slice(&server.requests()[0].body).expect("JSON");
    let link = sent["@odata.id"].as_str().expect("a link");
    assert!(link.ends_with(&format!("/v1.0/directoryObjects/{OTHER}")), "{link}");
}

#[tokio::test]
async fn an_id_that_would_address_something_else_is_not_sent() {
    let server = always(200, json!({ "value": [] })).await;
    let client = client_of(&server.url());
    for id in ["", " ", ".", ".."] {
        assert_eq!(client.groups().delete(id).await.unwrap_err().kind(), ErrorKind::Input, "{id:?}");
        assert_eq!(client.users().get(id).await.unwrap_err().kind(), ErrorKind::Input, "{id:?}");
        assert_eq!(client.calendar(id).delete_event("1").await.unwrap_err().kind(), ErrorKind::Input, "{id:?}");
        assert_eq!(client.groups().members(id).await.unwrap_err().kind(), ErrorKind::Input, "{id:?}");
    }
    assert!(client.groups().add_member(ID, "not a guid").await.is_err());
    assert!(server.requests().is_empty());
    let _ = client.users().get("a/b?c#d'e").await;
    assert_eq!(server.requests()[0].target, "/v1.0/users/a%2Fb%3Fc%23d%27e");
}

#[tokio::test]
async fn a_role_that_is_granted_already_is_not_an_error() {
    let message = "Permission being assigned already exists on the object";
    let server = always(400, json!({ "error": { "code": "Request_BadRequest", "message": message } })).await;
    let principals = client_of(&server.url()).service_principals();
    let (principal, resource) = (ID.parse().expect("an id"), OTHER.parse().expect("an id"));
    let role = well_known::app_roles::CALENDARS_READ;
    assert_eq!(principals.grant_app_role(&principal, &resource, &role).await.expect("granted"), GrantOutcome::Existed);
    assert_eq!(server.requests()[0].target, format!("/v1.0/servicePrincipals/{OTHER}/appRoleAssignedTo"));
}

#[tokio::test]
async fn a_missing_object_is_waited_for_only_when_it_is_new() {
    let server = RawServer::start(|number, _| match number {
        0 | 1 => {
            Answer::Json(404, json!({ "error": { "code": "Request_ResourceNotFound", "message": "no" } }).to_string())
        }
        _ => Answer::Json(200, json!({ "id": ID, "displayName": "App" }).to_string()),
    })
    .await;
    let applications = client_of(&server.url()).applications();
    let id = exchange_groups::graph_client::graph::ApplicationRef::id(ID);
    assert_eq!(applications.get(id.clone()).await.unwrap_err().kind(), ErrorKind::NotFound);
    let found = applications.just_created().get(id).await.expect("found after a wait");
    assert_eq!(found.display_name.as_deref(), Some("App"));
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_secret_is_handed_over_once_and_not_shown() {
    use exchange_groups::graph_client::graph::ApplicationRef;
    let server = always(200, json!({ "keyId": ID, "secretText": "very-secret", "hint": "ver" })).await;
    let applications = client_of(&server.url()).applications();
    let password = applications.add_password(ApplicationRef::id(ID), "test", None).await.expect("a password");
    assert!(!format!("{password:?}").contains("very-secret"));
    let body: Value = serde_json::from_slice(&server.requests()[0].body).expect("JSON");
    assert_eq!(body, json!({ "passwordCredential": { "displayName": "test" } }));
    let new = serde_json::to_value(NewApplication::new("x")).expect("JSON");
    assert_eq!(new, json!({ "displayName": "x", "signInAudience": "AzureADMyOrg" }));
}

#[tokio::test]
async fn a_role_is_held_directly_through_a_group_or_may_be_activated() {
    let role = well_known::directory_roles::EXCHANGE_ADMINISTRATOR;
    let row = move |principal: &str, scope: &str| json!({ "id": "x", "principalId": principal, "roleDefinitionId": role, "directoryScopeId": scope });
    let server = RawServer::start(move |_, request| {
        let rows = if request.target.contains("transitive") {
            json!([row(ID, "/"), row(OTHER, "/")])
        } else if request.target.contains("roleEligibility") {
            json!([row(ID, "/")])
        } else {
            json!([row(ID, "/administrativeUnits/1")])
        };
        Answer::Json(200, json!({ "value": rows }).to_string())
    })
    .await;
    let roles = client_of(&server.url()).directory_roles();
    let held = roles.how_held(&ID.parse().expect("an id"), &role).await.expect("an answer");
    assert_eq!(held.into_iter().collect::<Vec<_>>(), [RoleHolding::ThroughGroup, RoleHolding::Eligible]);
    let transitive = server.requests().into_iter().find(|request| request.target.contains("transitive"));
    let transitive = transitive.expect("a request");
    assert!(transitive.head.to_ascii_lowercase().contains("consistencylevel: eventual"), "{}", transitive.head);
    assert_eq!(transitive.target.matches("count=true").count(), 1, "{}", transitive.target);
}

#[tokio::test]
async fn places_are_told_apart_by_their_type() {
    let server = RawServer::start(|_, request| {
        let body = if request.target.contains("descendants") {
            json!({ "value": [{ "id": "1" }, { "id": "2", "@odata.type": "#Microsoft.Graph.ROOM", "news": 1 }] })
        } else if request.method == "PATCH" {
            json!({ "@odata.type": "#microsoft.graph.room", "id": "3", "capacity": 4 })
        } else {
            json!({ "@odata.type": "#microsoft.graph.hologram", "id": "4", "displayName": "New" })
        };
        Answer::Json(200, body.to_string())
    })
    .await;
    let places = client_of(&server.url()).places();
    let found = places.descendants("b", &PlaceKind::Desk).await.expect("places");
    assert!(matches!((&found[0], &found[1]), (Place::Desk(_), Place::Room(_))), "{found:?}");
    assert_eq!(serde_json::to_value(&found[1]).expect("JSON")["news"], 1);
    let other = places.get("4").await.expect("a place");
    assert!(matches!(other, Place::Other(_)) && other.display_name() == Some("New"), "{other:?}");
    let update = PlaceUpdate::new().capacity(4).label(Patch::Clear);
    places.update("room@contoso.com", &PlaceKind::Room, &update).await.expect("a room");
    let sent: Value = serde_json::from_slice(&server.requests()[2].body).expect("JSON");
    assert_eq!(sent, json!({ "@odata.type": "#microsoft.graph.room", "capacity": 4, "label": null }));
}
