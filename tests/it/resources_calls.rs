//! Where every typed call goes, and what it says: by method, address and body, as Microsoft's pages give them.

use std::time::{Duration, SystemTime};

use exchange_groups::graph_client::graph::{
    ApplicationRef, ApplicationUpdate, CalendarRole, CalendarUpdate, DateTimeTimeZone, EmailAddress,
    FederatedCredential, GroupUpdate, InitialPassword, InvitationResponse as Reply, KeyCredential,
    MailboxSettingsUpdate, NewInvitation, NewPlace, NewUser, PlaceKind, PlaceUpdate, Properties, Recipient,
    Subscription, UserUpdate,
};
use exchange_groups::graph_client::{Client, ObjectId, Operation, ServicePrincipalId, SmtpAddress};
use exchange_groups_tests::{Answer, RawServer};
use serde_json::{Value, json};

use crate::resources_support::client_of;

const ONE: &str = "11111111-1111-4111-8111-111111111111";
const TWO: &str = "22222222-2222-4222-8222-222222222222";

/// A server that takes everything, and a client of it.
struct Graph {
    server: RawServer,
    client: Client,
}

impl Graph {
    async fn start() -> Self {
        let server = RawServer::start(|_, _| Answer::Json(200, json!({ "id": ONE, "value": [] }).to_string())).await;
        let client = client_of(&server.url());
        Self { server, client }
    }

    /// Sends what awaits and compares the last request. What the answer is read as is of no interest here.
    async fn sent<F: IntoFuture>(&self, call: F, method: &str, target: &str) -> Value {
        let _ = call.await;
        let request = self.server.requests().pop().expect("a request");
        assert_eq!((request.method.as_str(), request.target.as_str()), (method, target));
        serde_json::from_slice(&request.body).unwrap_or_default()
    }

    async fn gets<F: IntoFuture>(&self, call: F, target: &str) {
        assert_eq!(self.sent(call, "GET", target).await, Value::Null);
    }

    async fn deletes<T: Send + 'static>(&self, call: Operation<T>, target: &str) {
        assert_eq!(self.sent(call, "DELETE", target).await, Value::Null);
    }
}

fn at(hours: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(hours * 3_600)
}

fn list_address() -> SmtpAddress {
    "list@contoso.com".parse().expect("an address")
}

fn id(text: &str) -> ObjectId {
    text.parse().expect("an id")
}

#[tokio::test]
async fn calls_about_places() {
    let graph = Graph::start().await;
    let places = graph.client.places();
    graph.gets(places.rooms(), "/v1.0/places/microsoft.graph.room").await;
    graph.gets(places.room_lists(), "/v1.0/places/microsoft.graph.roomlist").await;
    graph.gets(places.workspaces(), "/v1.0/places/microsoft.graph.workspace").await;
    graph.gets(places.buildings(), "/v1.0/places/microsoft.graph.building").await;
    graph.gets(places.floors(), "/v1.0/places/microsoft.graph.floor").await;
    graph.gets(places.sections(), "/v1.0/places/microsoft.graph.section").await;
    graph.gets(places.desks(), "/v1.0/places/microsoft.graph.desk").await;
    let rooms = "/v1.0/places/list@contoso.com/microsoft.graph.roomlist/rooms";
    graph.gets(places.rooms_in(&list_address()), rooms).await;
    graph.gets(graph.client.rooms().in_list(&list_address()), rooms).await;
    let workspaces = "/v1.0/places/list@contoso.com/microsoft.graph.roomlist/workspaces";
    graph.gets(places.workspaces_in(&list_address()), workspaces).await;
    graph
        .gets(
            places.descendants(ONE, &PlaceKind::Floor),
            &format!("/v1.0/places/{ONE}/descendants/microsoft.graph.floor"),
        )
        .await;
    let update = PlaceUpdate::new().capacity(12);
    let sent = graph.sent(places.update(ONE, &PlaceKind::Room, &update), "PATCH", &format!("/v1.0/places/{ONE}")).await;
    assert_eq!(sent, json!({ "@odata.type": "#microsoft.graph.room", "capacity": 12 }));
    let place = NewPlace::new(PlaceKind::Floor, "Third", Some(TWO));
    let sent = graph.sent(places.create(&place), "POST", "/v1.0/places").await;
    assert_eq!(sent, json!({ "@odata.type": "#microsoft.graph.floor", "displayName": "Third", "parentId": TWO }));
    graph.deletes(places.delete(ONE), &format!("/v1.0/places/{ONE}")).await;
}

#[tokio::test]
async fn calls_about_groups() {
    let graph = Graph::start().await;
    let groups = graph.client.groups();
    let group = |below: &str| format!("/v1.0/groups/{ONE}{below}");
    graph.gets(groups.get(ONE), &group("")).await;
    graph.gets(groups.members(ONE), &group("/members")).await;
    graph.gets(groups.user_members(ONE), &group("/members/microsoft.graph.user")).await;
    let cast = groups.user_members(ONE).select(&["mail"]).page_size(999);
    graph.gets(cast, &group("/members/microsoft.graph.user?$select=mail&$top=999&$count=true")).await;
    let head = graph.server.requests().pop().expect("a request").head;
    assert!(head.contains("consistencylevel: eventual"), "a cast with an option needs the advanced engine: {head}");
    graph.gets(groups.group_members(ONE), &group("/members/microsoft.graph.group")).await;
    graph.gets(groups.transitive_members(ONE), &group("/transitiveMembers")).await;
    graph.gets(groups.transitive_user_members(ONE), &group("/transitiveMembers/microsoft.graph.user")).await;
    graph.gets(groups.owners(ONE), &group("/owners")).await;
    graph.gets(groups.member_of(ONE), &group("/memberOf/microsoft.graph.group")).await;
    graph.gets(groups.delta(), "/v1.0/groups/delta").await;
    let check = groups.check_member_groups(ONE, &[TWO]);
    assert_eq!(graph.sent(Box::pin(check), "POST", &group("/checkMemberGroups")).await, json!({ "groupIds": [TWO] }));
    let update = GroupUpdate::new().description("rooms");
    assert_eq!(graph.sent(groups.update(ONE, &update), "PATCH", &group("")).await, json!({ "description": "rooms" }));
    let sent = graph.sent(groups.add_owner(ONE, TWO), "POST", &group("/owners/$ref")).await;
    assert!(sent["@odata.id"].as_str().is_some_and(|link| link.ends_with(&format!("/v1.0/directoryObjects/{TWO}"))));
    graph.deletes(groups.remove_owner(ONE, TWO), &group(&format!("/owners/{TWO}/$ref"))).await;
    graph.deletes(groups.remove_member(ONE, TWO), &group(&format!("/members/{TWO}/$ref"))).await;
    graph.deletes(groups.delete(ONE), &group("")).await;
}

#[tokio::test]
async fn calls_about_users_and_their_mailboxes() {
    let graph = Graph::start().await;
    let users = graph.client.users();
    let user = |below: &str| format!("/v1.0/users/ann@contoso.com{below}");
    let ann = "ann@contoso.com";
    graph.gets(users.list(), "/v1.0/users").await;
    graph.gets(users.delta(), "/v1.0/users/delta").await;
    graph.gets(users.get_with(ann, &["id", "mail"]), &user("?$select=id,mail")).await;
    graph.gets(users.get(ann).select(&["id"]).query("$expand", "manager"), &user("?$select=id&$expand=manager")).await;
    graph.gets(users.manager(ann), &user("/manager")).await;
    graph.gets(users.member_of(ann), &user("/memberOf")).await;
    graph.gets(users.groups(ann), &user("/memberOf/microsoft.graph.group")).await;
    graph.gets(users.transitive_groups(ann), &user("/transitiveMemberOf/microsoft.graph.group")).await;
    graph.gets(users.photo(ann, None), &user("/photo/$value")).await;
    graph.gets(users.photo(ann, Some(96)), &user("/photos/96x96/$value")).await;
    let check = users.check_member_groups(ann, &[TWO]);
    assert_eq!(graph.sent(Box::pin(check), "POST", &user("/checkMemberGroups")).await, json!({ "groupIds": [TWO] }));
    let new = NewUser::new("ann@contoso.com", "Ann", "ann", InitialPassword::new("pass word"));
    assert_eq!(
        graph.sent(users.create(&new), "POST", "/v1.0/users").await,
        json!({
            "userPrincipalName": "ann@contoso.com", "displayName": "Ann", "mailNickname": "ann", "accountEnabled": true,
            "passwordProfile": { "password": "pass word", "forceChangePasswordNextSignIn": true },
        })
    );
    let update = UserUpdate::new().department("Facilities");
    assert_eq!(graph.sent(users.update(ann, &update), "PATCH", &user("")).await, json!({ "department": "Facilities" }));
    graph.deletes(users.delete(ann), &user("")).await;
    let guest = NewInvitation::new("bob@fabrikam.com", "https://contoso.com");
    assert_eq!(
        graph.sent(users.invite(&guest), "POST", "/v1.0/invitations").await,
        json!({ "invitedUserEmailAddress": "bob@fabrikam.com", "inviteRedirectUrl": "https://contoso.com" })
    );
    let settings = graph.client.mailbox_settings(ann);
    graph.gets(settings.get(), &user("/mailboxSettings")).await;
    graph.gets(settings.purpose(), &user("/mailboxSettings/userPurpose")).await;
    let update = MailboxSettingsUpdate::new().time_zone("UTC");
    assert_eq!(
        graph.sent(settings.update(&update), "PATCH", &user("/mailboxSettings")).await,
        json!({ "timeZone": "UTC" })
    );
}

#[tokio::test]
async fn calls_about_calendars() {
    let graph = Graph::start().await;
    let calendar = graph.client.calendar("ann@contoso.com");
    let other = calendar.clone().in_calendar("AAA=");
    let mailbox = |below: &str| format!("/v1.0/users/ann@contoso.com{below}");
    graph.gets(calendar.get(), &mailbox("/calendar")).await;
    graph.gets(other.get(), &mailbox("/calendars/AAA%3D")).await;
    graph.gets(graph.client.calendar("me").get(), "/v1.0/me/calendar").await;
    graph.gets(graph.client.calendar("me").in_calendar("AAA=").get(), "/v1.0/me/calendars/AAA%3D").await;
    graph.gets(calendar.calendars(), &mailbox("/calendars")).await;
    graph.gets(calendar.calendar_groups(), &mailbox("/calendarGroups")).await;
    graph.gets(calendar.calendars_in("G="), &mailbox("/calendarGroups/G%3D/calendars")).await;
    let sent = graph.sent(calendar.create_calendar("Rooms"), "POST", &mailbox("/calendars")).await;
    assert_eq!(sent, json!({ "name": "Rooms" }));
    let update = CalendarUpdate::new().name("Halls");
    let sent = graph.sent(other.update_calendar(&update), "PATCH", &mailbox("/calendars/AAA%3D")).await;
    assert_eq!(sent, json!({ "name": "Halls" }));
    graph.deletes(calendar.delete_calendar("AAA="), &mailbox("/calendars/AAA%3D")).await;
    graph.gets(calendar.permissions(), &mailbox("/calendar/calendarPermissions")).await;
    let share = calendar.share(&EmailAddress::new("bob@contoso.com"), &CalendarRole::Read);
    let sent = graph.sent(share, "POST", &mailbox("/calendar/calendarPermissions")).await;
    assert_eq!(sent, json!({ "emailAddress": { "address": "bob@contoso.com" }, "role": "read" }));
    let sent = graph
        .sent(calendar.set_role("P=", &CalendarRole::Write), "PATCH", &mailbox("/calendar/calendarPermissions/P%3D"))
        .await;
    assert_eq!(sent, json!({ "role": "write" }));
    graph.deletes(calendar.unshare("P="), &mailbox("/calendar/calendarPermissions/P%3D")).await;
    let window = "?startDateTime=1970-01-01T00:00:00Z&endDateTime=1970-01-01T01:00:00Z";
    graph.gets(calendar.view(at(0), at(1)), &mailbox(&format!("/calendarView{window}"))).await;
    graph.gets(other.view(at(0), at(1)), &mailbox(&format!("/calendars/AAA%3D/calendarView{window}"))).await;
    graph.gets(calendar.view_delta(at(0), at(1)), &mailbox(&format!("/calendarView/delta{window}"))).await;
    for error in [
        calendar.view(at(1), at(1)).await.unwrap_err(),
        calendar.view_delta(at(1), at(0)).await.map(drop).unwrap_err(),
        calendar.instances("E=", at(1), at(0)).await.unwrap_err(),
    ] {
        assert!(error.message().contains("must be after the start"), "{error}");
    }
}

#[tokio::test]
async fn calls_about_events() {
    let graph = Graph::start().await;
    let calendar = graph.client.calendar("ann@contoso.com");
    let event = |below: &str| format!("/v1.0/users/ann@contoso.com/events/E%3D{below}");
    graph.gets(calendar.events(), "/v1.0/users/ann@contoso.com/events").await;
    graph.gets(calendar.event("E="), &event("")).await;
    let window = "?startDateTime=1970-01-01T00:00:00Z&endDateTime=1970-01-01T01:00:00Z";
    graph.gets(calendar.instances("E=", at(0), at(1)), &event(&format!("/instances{window}"))).await;
    graph.deletes(calendar.delete_event("E="), &event("")).await;
    let comment = json!({ "comment": "No room" });
    assert_eq!(graph.sent(calendar.cancel("E=", Some("No room")), "POST", &event("/cancel")).await, comment);
    assert_eq!(graph.sent(calendar.cancel("E=", None), "POST", &event("/cancel")).await, json!({}));
    let reply = Reply::silent().comment("Perhaps");
    let sent = graph.sent(calendar.tentatively_accept("E=", &reply), "POST", &event("/tentativelyAccept")).await;
    assert_eq!(sent, json!({ "sendResponse": false, "comment": "Perhaps" }));
    assert_eq!(
        graph.sent(calendar.accept("E=", &Reply::sent()), "POST", &event("/accept")).await,
        json!({ "sendResponse": true })
    );
    assert_eq!(
        graph.sent(calendar.decline("E=", &Reply::sent()), "POST", &event("/decline")).await,
        json!({ "sendResponse": true })
    );
    let to = [Recipient::new("bob@contoso.com")];
    let sent = graph.sent(calendar.forward("E=", &to, None), "POST", &event("/forward")).await;
    assert_eq!(sent, json!({ "toRecipients": [{ "emailAddress": { "address": "bob@contoso.com" } }] }));
    let until = DateTimeTimeZone::new("2026-11-22T10:00:00", "UTC");
    let sent = graph.sent(calendar.snooze_reminder("E=", &until), "POST", &event("/snoozeReminder")).await;
    assert_eq!(sent, json!({ "newReminderTime": { "dateTime": "2026-11-22T10:00:00", "timeZone": "UTC" } }));
    assert_eq!(graph.sent(calendar.dismiss_reminder("E="), "POST", &event("/dismissReminder")).await, json!({}));
    assert_eq!(
        graph.sent(calendar.permanently_delete_event("E="), "POST", &event("/permanentDelete")).await,
        json!({})
    );

    graph.gets(calendar.attachments("E="), &event("/attachments")).await;
    graph.gets(calendar.attachment("E=", "A="), &event("/attachments/A%3D")).await;
    let sent = graph.sent(calendar.attach("E=", "a.txt", "text/plain", b"hi"), "POST", &event("/attachments")).await;
    assert_eq!(
        sent,
        json!({ "@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentType": "text/plain",
            "contentBytes": "aGk=" })
    );
    let session = calendar.upload_session("E=", "b.bin", 5_000_000);
    let sent = graph.sent(session, "POST", &event("/attachments/createUploadSession")).await;
    assert_eq!(sent, json!({ "AttachmentItem": { "attachmentType": "file", "name": "b.bin", "size": 5_000_000 } }));
    graph.deletes(calendar.detach("E=", "A="), &event("/attachments/A%3D")).await;

    let properties: Properties = json!({ "costCentre": "42" }).as_object().expect("an object").clone();
    let sent = graph
        .sent(calendar.add_extension("E=", "com.contoso.booking", &properties), "POST", &event("/extensions"))
        .await;
    assert_eq!(
        sent,
        json!({ "@odata.type": "microsoft.graph.openTypeExtension", "extensionName": "com.contoso.booking",
            "costCentre": "42" })
    );
    graph.gets(calendar.extension("E=", "com.contoso.booking"), &event("/extensions/com.contoso.booking")).await;
    let change = calendar.update_extension("E=", "com.contoso.booking", &properties);
    let sent = graph.sent(change, "PATCH", &event("/extensions/com.contoso.booking")).await;
    assert_eq!(sent, json!({ "costCentre": "42" }));
    graph
        .deletes(calendar.delete_extension("E=", "com.contoso.booking"), &event("/extensions/com.contoso.booking"))
        .await;
    let property = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Color";
    let expected = "?$expand=singleValueExtendedProperties($filter%3Did%20eq%20%27String%20%7B66f5a359-4659-4830-9070-00047ec6ac6e%7D%20Name%20Color%27)";
    graph.gets(calendar.event_with_properties("E=", &[property]), &event(expected)).await;
}

#[tokio::test]
async fn calls_about_applications_and_their_permissions() {
    let graph = Graph::start().await;
    let applications = graph.client.applications();
    let app = || ApplicationRef::id(ONE);
    let path = |below: &str| format!("/v1.0/applications/{ONE}{below}");
    graph.gets(applications.list(), "/v1.0/applications").await;
    graph.gets(applications.get(app()), &path("")).await;
    let by_app_id = ApplicationRef::AppId(TWO.parse().expect("an id"));
    graph.gets(applications.get(by_app_id), &format!("/v1.0/applications(appId='{TWO}')")).await;
    let by_name = ApplicationRef::UniqueName("rooms".to_owned());
    graph.gets(applications.get(by_name), "/v1.0/applications(uniqueName='rooms')").await;
    let update = ApplicationUpdate::new().display_name("Rooms");
    assert_eq!(
        graph.sent(applications.update(app(), &update), "PATCH", &path("")).await,
        json!({ "displayName": "Rooms" })
    );
    graph.deletes(applications.delete(app()), &path("")).await;
    let sent = graph.sent(applications.add_password(app(), "main", None), "POST", &path("/addPassword")).await;
    assert_eq!(sent, json!({ "passwordCredential": { "displayName": "main" } }));
    let sent = graph.sent(applications.remove_password(app(), TWO), "POST", &path("/removePassword")).await;
    assert_eq!(sent, json!({ "keyId": TWO }));
    let key = KeyCredential::certificate("main", "MII=");
    let shown = json!({ "type": "AsymmetricX509Cert", "usage": "Verify", "key": "MII=", "displayName": "main" });
    let sent = graph.sent(applications.set_keys(app(), std::slice::from_ref(&key)), "PATCH", &path("")).await;
    assert_eq!(sent, json!({ "keyCredentials": [shown] }));
    let proof = "a.signed.proof".into();
    let sent = graph.sent(applications.add_key(app(), &key, &proof), "POST", &path("/addKey")).await;
    assert_eq!(sent, json!({ "keyCredential": shown, "passwordCredential": null, "proof": "a.signed.proof" }));
    let sent = graph.sent(applications.remove_key(app(), TWO, &proof), "POST", &path("/removeKey")).await;
    assert_eq!(sent, json!({ "keyId": TWO, "proof": "a.signed.proof" }));
    graph.gets(applications.federated_credentials(app()), &path("/federatedIdentityCredentials")).await;
    let trusted =
        FederatedCredential::new("aks", "https://issuer.example", "system:sa:x:y", "api://AzureADTokenExchange");
    let add = applications.add_federated_credential(app(), &trusted);
    let sent = graph.sent(add, "POST", &path("/federatedIdentityCredentials")).await;
    assert_eq!(
        sent,
        json!({ "name": "aks", "issuer": "https://issuer.example", "subject": "system:sa:x:y",
            "audiences": ["api://AzureADTokenExchange"] })
    );
    let delete = applications.delete_federated_credential(app(), "aks");
    graph.deletes(delete, &path("/federatedIdentityCredentials/aks")).await;

    let (holder, resource): (ServicePrincipalId, ServicePrincipalId) =
        (ONE.parse().expect("an id"), TWO.parse().expect("an id"));
    let principals = graph.client.service_principals();
    graph.gets(principals.list(), "/v1.0/servicePrincipals").await;
    graph.gets(principals.get(&holder), &format!("/v1.0/servicePrincipals/{ONE}")).await;
    graph
        .gets(principals.by_app_id(&TWO.parse().expect("an id")), &format!("/v1.0/servicePrincipals(appId='{TWO}')"))
        .await;
    graph.deletes(principals.delete(&holder), &format!("/v1.0/servicePrincipals/{ONE}")).await;
    let assignment = "opaque".into();
    let delete = principals.delete_app_role_assignment(&holder, &assignment);
    graph.deletes(delete, &format!("/v1.0/servicePrincipals/{ONE}/appRoleAssignments/opaque")).await;

    let grants = graph.client.permission_grants();
    graph.gets(grants.list(), "/v1.0/oauth2PermissionGrants").await;
    graph.gets(grants.get("G"), "/v1.0/oauth2PermissionGrants/G").await;
    let grant = grants.grant_for_all(&holder, &resource, &["Calendars.Read", "openid"]);
    assert_eq!(
        graph.sent(grant, "POST", "/v1.0/oauth2PermissionGrants").await,
        json!({ "clientId": ONE, "consentType": "AllPrincipals", "resourceId": TWO, "scope": "Calendars.Read openid" })
    );
    let grant = grants.grant_for_one(&holder, &resource, "U", &["openid"]);
    assert_eq!(
        graph.sent(grant, "POST", "/v1.0/oauth2PermissionGrants").await,
        json!({ "clientId": ONE, "consentType": "Principal", "principalId": "U", "resourceId": TWO, "scope": "openid" })
    );
    let sent = graph.sent(grants.set_scopes("G", &["openid"]), "PATCH", "/v1.0/oauth2PermissionGrants/G").await;
    assert_eq!(sent, json!({ "scope": "openid" }));
    graph.deletes(grants.delete("G"), "/v1.0/oauth2PermissionGrants/G").await;
}

#[tokio::test]
async fn calls_about_the_organisation_and_its_roles() {
    let graph = Graph::start().await;
    let organization = graph.client.organization();
    graph.gets(organization.domains(), "/v1.0/domains").await;
    graph.gets(organization.domain("contoso.com"), "/v1.0/domains/contoso.com").await;
    graph.gets(organization.licenses(), "/v1.0/subscribedSkus").await;
    assert!(organization.licenses().page_size(5).await.is_err(), "Graph would ignore it");
    let roles = graph.client.directory_roles();
    let directory = |below: &str| format!("/v1.0/roleManagement/directory/{below}");
    let of_one = format!("?$filter=principalId%20eq%20%27{ONE}%27");
    graph.gets(roles.definitions(), &directory("roleDefinitions")).await;
    graph.gets(roles.definition(TWO), &directory(&format!("roleDefinitions/{TWO}"))).await;
    graph.gets(roles.assignments_of(&id(ONE)), &directory(&format!("roleAssignments{of_one}"))).await;
    graph
        .gets(
            roles.holders_of(&id(TWO)),
            &directory(&format!("roleAssignments?$filter=roleDefinitionId%20eq%20%27{TWO}%27")),
        )
        .await;
    graph
        .gets(roles.transitive_of(&id(ONE)), &directory(&format!("transitiveRoleAssignments{of_one}&$count=true")))
        .await;
    graph.gets(roles.eligible_of(&id(ONE)), &directory(&format!("roleEligibilityScheduleInstances{of_one}"))).await;
    graph.gets(roles.active_of(&id(ONE)), &directory(&format!("roleAssignmentScheduleInstances{of_one}"))).await;
    let sent = graph.sent(roles.assign(&id(ONE), &id(TWO)), "POST", &directory("roleAssignments")).await;
    assert_eq!(sent, json!({ "principalId": ONE, "roleDefinitionId": TWO, "directoryScopeId": "/" }));
    graph.deletes(roles.unassign("opaque"), &directory("roleAssignments/opaque")).await;
    graph.gets(roles.activated(), "/v1.0/directoryRoles").await;
    assert!(roles.activated().select(&["id"]).await.is_err(), "Graph would ignore it");
}

#[tokio::test]
async fn calls_about_subscriptions() {
    let graph = Graph::start().await;
    let subscriptions = graph.client.subscriptions();
    graph.gets(subscriptions.list(), "/v1.0/subscriptions").await;
    graph.gets(subscriptions.get("S"), "/v1.0/subscriptions/S").await;
    let subscription: Subscription =
        serde_json::from_value(json!({ "id": "S", "resource": "users/a@contoso.com/events" })).expect("a subscription");
    let until = SystemTime::now() + Duration::from_secs(3_600);
    let sent = graph.sent(subscriptions.renew(&subscription, until), "PATCH", "/v1.0/subscriptions/S").await;
    let expiry = sent["expirationDateTime"].as_str().expect("a time");
    assert!(expiry.ends_with('Z') && expiry.len() <= "2026-11-22T10:00:00.000000Z".len(), "{expiry}");
    graph.sent(subscriptions.reauthorize("S"), "POST", "/v1.0/subscriptions/S/reauthorize").await;
    graph.deletes(subscriptions.delete("S"), "/v1.0/subscriptions/S").await;
}
