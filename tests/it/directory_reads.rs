//! The reads that a judgement of an application's access is made from, alone and in batches.

use std::time::{Duration, SystemTime};

use exchange_groups::graph_client::graph::{CalendarRefusal, DirectoryObject, FreeBusyQuery};
use exchange_groups::graph_client::{ClientId, ErrorKind, ObjectId, Service, ServicePrincipalId};
use exchange_groups_tests::Contoso;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::resources_support::client_of;

const ID: &str = "5b31c38c-2584-42f0-aa47-657fb3a84230";

/// Everything about an application comes in one request of `$batch`, each part as it is documented.
#[tokio::test]
async fn what_an_application_is_and_owns_is_read_in_one_batch() {
    let server = MockServer::builder().start().await;
    let respond = |request: &Request| {
        let sent: Value = serde_json::from_slice(&request.body).expect("a batch");
        let responses: Vec<Value> = sent["requests"].as_array().unwrap().iter().map(|item| {
            let url = item["url"].as_str().unwrap();
            let path = url.split('?').next().unwrap();
            let body = match path.rsplit('/').next().unwrap() {
                "owners" => json!({"value": [{"@odata.type": "#microsoft.graph.user", "id": "u", "displayName": "Owner"}]}),
                "ownedObjects" => json!({"value": [
                    {"@odata.type": "#microsoft.graph.application", "id": "a", "appId": ID, "displayName": "Other"},
                    {"@odata.type": "#microsoft.graph.servicePrincipal", "id": ID},
                ]}),
                "memberOf" | "transitiveMemberOf" => json!({"value": [
                    {"@odata.type": "#microsoft.graph.group", "id": "g", "displayName": "Admins", "isAssignableToRole": true},
                    {"@odata.type": "#microsoft.graph.directoryRole", "id": "r", "displayName": "Exchange Administrator",
                     "roleTemplateId": "29232cdf-9323-42fd-ade2-1d097af3e4de"},
                    {"@odata.type": "#microsoft.graph.administrativeUnit", "id": "n", "displayName": "North"},
                ]}),
                "members" => json!({"value": [{"@odata.type": "#microsoft.graph.user", "id": "m", "mail": "room@contoso.com"}]}),
                "scopedRoleMembers" => json!({"value": [{"id": "s", "administrativeUnitId": "n", "roleId": "r",
                                                          "roleMemberInfo": {"id": "u", "displayName": "Admin"}}]}),
                "appRoleAssignments" => json!({"value": [{"id": "x", "appRoleId": ID, "principalId": ID, "resourceId": ID}]}),
                "oauth2PermissionGrants" => json!({"value": [{"id": "o", "clientId": ID, "scope": " Calendars.Read User.Read"}]}),
                "roleAssignments" | "roleEligibilityScheduleInstances" => {
                    assert!(url.contains("principalId%20eq%20"), "{url}");
                    json!({"value": [{"id": "d", "principalId": ID, "roleDefinitionId": "r", "directoryScopeId": "/"}]})
                }
                "organization" => json!({"value": [{"id": "t", "verifiedDomains": [
                    {"name": "contoso.com", "isDefault": true, "isInitial": false},
                    {"name": "contoso.onmicrosoft.com", "isDefault": false, "isInitial": true},
                ]}]}),
                _ => json!({"id": ID, "appId": ID, "accountEnabled": false, "appRoles": [
                    {"id": "798ee544-9d2d-430c-a058-570e29e34338", "value": "Calendars.Read", "allowedMemberTypes": ["Application"]},
                ]}),
            };
            json!({"id": item["id"], "status": 200, "headers": {}, "body": body})
        }).collect();
        ResponseTemplate::new(200).set_body_json(json!({ "responses": responses }))
    };
    Mock::given(any()).respond_with(respond).mount(&server).await;
    let client = client_of(&server.uri());
    let (id, object): (ServicePrincipalId, ObjectId) = (ID.parse().unwrap(), ID.parse().unwrap());
    let principals = client.service_principals();
    let mut batch = client.batch();
    let principal = batch.add(principals.by_app_id(&ID.parse().unwrap()));
    let owners = batch.add(principals.owners(&id));
    let owned = batch.add(principals.owned_objects(&id));
    let member_of = batch.add(principals.member_of(&id));
    let transitive = batch.add(principals.transitive_member_of(&id));
    let application_owners = batch.add(client.applications().owners(ID.parse::<ClientId>().unwrap()));
    let assignments = batch.add(principals.app_role_assignments(&id));
    let grants = batch.add(principals.permission_grants(&id));
    let roles = batch.add(client.directory_roles().assignments_of(&object));
    let eligible = batch.add(client.directory_roles().eligible_of(&object));
    let unit_members = batch.add(client.administrative_units().members("n"));
    let unit_roles = batch.add(client.administrative_units().scoped_role_members("n"));
    let organization = batch.add(client.organization().get());
    let group_owners = batch.add(client.groups().owners("g"));
    let mut answers = batch.send().await;
    assert_eq!(server.received_requests().await.unwrap().len(), 1);

    let principal = answers.take(principal).unwrap();
    assert_eq!(principal.account_enabled, Some(false));
    assert!(principal.app_role("Calendars.Read").is_some());
    for owners in [owners, application_owners, group_owners] {
        let owners = answers.take(owners).unwrap().items;
        assert!(matches!(&*owners, [DirectoryObject::User(user)] if user.id == "u"), "{owners:?}");
    }
    let owned = answers.take(owned).unwrap().items;
    assert!(
        matches!(&*owned, [DirectoryObject::Application(other), DirectoryObject::ServicePrincipal(_)] if other.app_id.is_some()),
        "{owned:?}"
    );
    for memberships in [member_of, transitive] {
        let memberships = answers.take(memberships).unwrap().items;
        let [
            DirectoryObject::Group(group),
            DirectoryObject::DirectoryRole(role),
            DirectoryObject::AdministrativeUnit(unit),
        ] = &*memberships
        else {
            panic!("{memberships:?}")
        };
        assert_eq!(group.is_assignable_to_role, Some(true));
        assert_eq!(role.role_template_id.as_deref(), Some("29232cdf-9323-42fd-ade2-1d097af3e4de"));
        assert_eq!((unit.id.as_str(), memberships[2].display_name()), ("n", Some("North")));
    }
    assert_eq!(answers.take(assignments).unwrap().items[0].app_role_id.to_string(), ID);
    let grants = answers.take(grants).unwrap().items;
    assert_eq!(grants[0].scopes().collect::<Vec<_>>(), ["Calendars.Read", "User.Read"]);
    assert_eq!(answers.take(roles).unwrap().items[0].directory_scope_id.as_deref(), Some("/"));
    assert_eq!(answers.take(eligible).unwrap().items.len(), 1);
    assert_eq!(answers.take(unit_members).unwrap().items[0].mail(), Some("room@contoso.com"));
    let unit_roles = answers.take(unit_roles).unwrap().items;
    assert_eq!(unit_roles[0].role_member_info.as_ref().and_then(|who| who.id.as_deref()), Some("u"));
    assert_eq!(answers.take(organization).unwrap().initial_domain(), Some("contoso.onmicrosoft.com"));
}

/// The live read of many mailboxes costs a request for twenty, and each has an answer of its own.
#[tokio::test]
async fn many_calendars_are_read_twenty_at_a_time_with_an_answer_each() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    let client = contoso.client_as(&contoso.booking);
    let claims = client.token_claims(Service::Graph).await.unwrap();
    assert!(claims.issued_at.is_some_and(|issued| Some(issued) < claims.expires_at), "{claims:?}");
    contoso.tenant.clear_requests();
    let now = SystemTime::now();
    let mut mailboxes = contoso.rooms();
    mailboxes.push("ceo@contoso.com".to_owned());
    mailboxes.push("nobody@contoso.com".to_owned());
    let views = mailboxes.iter().map(|mailbox| {
        client.calendar(mailbox).view(now, now + Duration::from_secs(86_400)).page_size(1).select(&["id"])
    });
    let answers = client.batch().run(views).await;
    assert_eq!(answers.len(), 42);
    assert!(answers[..40].iter().all(Result::is_ok));
    let refused = answers[40].as_ref().unwrap_err();
    assert_eq!((refused.kind(), refused.status()), (ErrorKind::Denied, Some(403)));
    assert!(CalendarRefusal::of(refused).is_some_and(CalendarRefusal::is_denial), "{refused}");
    assert!(refused.request_id().is_some());
    let missing = answers[41].as_ref().unwrap_err();
    assert!(CalendarRefusal::of(missing).is_none_or(|refusal| !refusal.is_denial()), "{missing}");
    let batches = contoso.tenant.requests().iter().filter(|request| request.path.ends_with("/$batch")).count();
    assert_eq!(batches, 3);

    // Free and busy of others, through a mailbox that is reached.
    let query = FreeBusyQuery::new(now, now + Duration::from_secs(4 * 3_600));
    let rooms = contoso.rooms();
    let through = |mailbox: &str| client.calendar(mailbox).schedule(&rooms[..20], &query);
    let answers = client.batch().run([through(&rooms[0]), through("ceo@contoso.com")]).await;
    let schedules = answers[0].as_ref().unwrap();
    assert_eq!(schedules.len(), 20);
    assert!(schedules.iter().all(|room| room.schedule.is_ok()), "{schedules:?}");
    assert!(answers[1].is_err(), "not through one that is not");
    assert_eq!(through(&rooms[0]).await.unwrap().len(), 20);
    let error = client.calendar(&rooms[0]).schedule(&rooms[..21], &query).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
}
