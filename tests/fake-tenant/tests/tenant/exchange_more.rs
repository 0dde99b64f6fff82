//! Exchange beyond groups: rooms, folder permissions, role groups, and the v2.0 end points.

use std::time::Duration;

use fake_tenant::{DirectoryRole, FakeTenant, NewGroup, Request};
use serde_json::{Value, json};

use crate::{EXCHANGE, Session, ends_with, text, texts, with_group};

const BOARDROOM: &str = "boardroom@contoso.com";

#[test]
fn calendar_processing_starts_with_the_documented_defaults() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let room = &admin.run("Get-CalendarProcessing", json!({"Identity": BOARDROOM}))[0];
    for (name, value) in [
        ("AutomateProcessing", json!("AutoAccept")),
        ("AllowConflicts", json!(false)),
        ("AllowRecurringMeetings", json!(true)),
        ("AllBookInPolicy", json!(true)),
        ("BookingWindowInDays", json!(180)),
        ("MaximumDurationInMinutes", json!(1440)),
        ("DeleteSubject", json!(true)),
        ("RemovePrivateProperty", json!(true)),
        ("ProcessExternalMeetingMessages", json!(false)),
        ("BookInPolicy", json!([])),
    ] {
        assert_eq!(room[name], value, "{name}");
    }
    let person = &admin.run("Get-CalendarProcessing", json!({"Identity": "ceo@contoso.com"}))[0];
    assert_eq!(person["AutomateProcessing"], "AutoUpdate");
    let (status, ..) = admin
        .failure("Set-CalendarProcessing", json!({"Identity": "ceo@contoso.com", "AutomateProcessing": "AutoAccept"}));
    assert_eq!(status, 400);

    admin.run(
        "Set-CalendarProcessing",
        json!({"Identity": BOARDROOM, "DeleteSubject": false, "BookingWindowInDays": 365, "BookInPolicy": ["ceo@contoso.com"]}),
    );
    let room = &admin.run("Get-CalendarProcessing", json!({"Identity": BOARDROOM}))[0];
    assert_eq!((&room["DeleteSubject"], &room["BookingWindowInDays"]), (&json!(false), &json!(365)));
    assert!(text(&room["BookInPolicy"][0]).starts_with("/o=ExchangeLabs/"), "people come back by legacy name");
    admin.run(
        "Set-CalendarProcessing",
        json!({"Identity": BOARDROOM, "BookInPolicy": {"@odata.type": "#Exchange.GenericHashTable", "Add": ["adele.vance@contoso.com"], "Remove": ["ceo@contoso.com"]}}),
    );
    let room = &admin.run("Get-CalendarProcessing", json!({"Identity": BOARDROOM}))[0];
    assert!(text(&room["BookInPolicy"][0]).ends_with("adele.vance"));

    let too_far = admin.failure("Set-CalendarProcessing", json!({"Identity": BOARDROOM, "BookingWindowInDays": 1081}));
    assert_eq!(too_far.0, 400);
    tenant.add_dynamic_group("all-rooms", "RecipientTypeDetails -eq 'RoomMailbox'");
    let dynamic = admin
        .failure("Set-CalendarProcessing", json!({"Identity": BOARDROOM, "BookInPolicy": ["all-rooms@contoso.com"]}));
    assert!(ends_with(&dynamic.1, "ManagementObjectNotFoundException"));
    assert_eq!(admin.invoke("Get-CalendarProcessing", json!({"Identity": "nobody"})).status(), 404);
}

#[test]
fn places_are_read_and_written() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let room = &admin.run("Get-Place", json!({"Identity": BOARDROOM}))[0];
    assert_eq!((&room["Type"], &room["Capacity"]), (&json!("Room"), &json!(24)));
    assert_eq!(room["Localities"], json!(["building-1@contoso.com"]));
    assert_eq!(admin.run("Get-Place", json!({"Type": "RoomList", "ResultSize": "Unlimited"})).len(), 3);
    admin.run(
        "Set-Place",
        json!({"Identity": BOARDROOM, "CountryOrRegion": "US", "City": "Seattle", "GeoCoordinates": "47.6062;-122.3321",
               "IsWheelChairAccessible": true, "Tags": ["whiteboard"]}),
    );
    let room = &admin.run("Get-Place", json!({"Identity": BOARDROOM}))[0];
    assert_eq!((&room["GeoCoordinates"], &room["Tags"]), (&json!("47.6062;-122.3321"), &json!(["whiteboard"])));
    // Graph shows the same place.
    let place = admin.get(&format!("/v1.0/places/{BOARDROOM}")).json();
    assert_eq!((&place["address"]["city"], &place["tags"]), (&json!("Seattle"), &json!(["whiteboard"])));
    assert_eq!(place["geoCoordinates"]["latitude"], 47.6062);
    assert_eq!(admin.failure("Set-Place", json!({"Identity": BOARDROOM, "CountryOrRegion": "Seattle"})).0, 400);
    tenant.set_dir_synced(BOARDROOM, true);
    let (_, exception, sentence) = admin.failure("Set-Place", json!({"Identity": BOARDROOM, "City": "Bellevue"}));
    assert!(ends_with(&exception, "InvalidOperationException"));
    assert!(sentence.contains("synchronized from your on-premises organization"));
}

#[test]
fn folder_permissions_are_kept_per_calendar() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let folder = format!("{BOARDROOM}:\\Calendar");
    let rights = |rows: &[Value]| -> Vec<(String, String)> {
        rows.iter().map(|row| (text(&row["User"]), text(&row["AccessRights"][0]))).collect()
    };
    let rows = admin.run("Get-MailboxFolderPermission", json!({"Identity": folder}));
    assert_eq!(rights(&rows), [("Default".into(), "AvailabilityOnly".into()), ("Anonymous".into(), "None".into())]);
    let add = json!({"Identity": folder, "User": "ceo@contoso.com", "AccessRights": ["Reviewer"]});
    assert_eq!(admin.run("Add-MailboxFolderPermission", add.clone()).len(), 1);
    let again = admin.failure("Add-MailboxFolderPermission", add);
    assert!(ends_with(&again.1, "UserAlreadyExistsInPermissionEntryException"));
    admin.run(
        "Set-MailboxFolderPermission",
        json!({"Identity": folder, "User": "ceo@contoso.com", "AccessRights": "Editor", "SharingPermissionFlags": "Delegate"}),
    );
    let rows = admin.run("Get-MailboxFolderPermission", json!({"Identity": folder, "User": "ceo@contoso.com"}));
    assert_eq!(
        (text(&rows[0]["AccessRights"][0]), text(&rows[0]["SharingPermissionFlags"])),
        ("Editor".into(), "Delegate".into())
    );
    let remove = json!({"Identity": folder, "User": "ceo@contoso.com", "Confirm": false});
    admin.run("Remove-MailboxFolderPermission", remove.clone());
    let (_, exception, _) = admin.failure("Remove-MailboxFolderPermission", remove);
    assert!(ends_with(&exception, "UserNotFoundInPermissionEntryException"));
}

#[test]
fn role_groups_give_rights_without_a_new_token() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let app = tenant.add_application("Operations", "fake");
    tenant.grant_app_role(&app, "Exchange.ManageAsApp");
    let session = Session::of(&tenant, &app);
    assert_eq!(session.invoke("Get-Mailbox", json!({})).status(), 403);
    let groups = texts(&admin.run("Get-RoleGroup", json!({})), "Name");
    assert!(groups.contains(&"Organization Management".to_owned()));
    let group = admin.run("New-RoleGroup", json!({"Name": "Room Keepers", "Roles": ["Mail Recipients"]}));
    assert_eq!(group[0]["Roles"], json!(["Mail Recipients"]));
    let (_, exception, _) = admin.failure("New-RoleGroup", json!({"Name": "Room Keepers"}));
    assert!(ends_with(&exception, "ADObjectAlreadyExistsException"));
    let member = json!({"Identity": "Room Keepers", "Member": app.object_id});
    // Not before Exchange knows the service principal.
    assert_eq!(admin.invoke("Add-RoleGroupMember", member.clone()).status(), 404);
    admin.run(
        "New-ServicePrincipal",
        json!({"AppId": app.client_id, "ObjectId": app.object_id, "DisplayName": "Operations"}),
    );
    admin.run("Add-RoleGroupMember", member.clone());
    assert!(ends_with(&admin.failure("Add-RoleGroupMember", member.clone()).1, "MemberAlreadyExistsException"));
    assert_eq!(
        texts(&admin.run("Get-RoleGroupMember", json!({"Identity": "Room Keepers"})), "DisplayName"),
        ["Operations"]
    );
    assert_eq!(session.run("Get-CalendarProcessing", json!({"Identity": BOARDROOM})).len(), 1);
    assert_eq!(session.invoke("New-DistributionGroup", json!({"Name": "x"})).status(), 403);
    admin.run("Remove-RoleGroupMember", member);
    assert_eq!(session.invoke("Get-Mailbox", json!({})).status(), 403);
    admin.run("Remove-RoleGroup", json!({"Identity": "Room Keepers", "Confirm": false}));
    assert_eq!(admin.invoke("Get-RoleGroup", json!({"Identity": "Room Keepers"})).status(), 404);
    assert_eq!(admin.failure("Remove-RoleGroup", json!({"Identity": "Organization Management"})).0, 400);
}

#[test]
fn management_roles_tell_what_a_cmdlet_takes() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let roles = |parameters| texts(&admin.run("Get-ManagementRole", parameters), "Name");
    assert!(roles(json!({"Cmdlet": "Set-CalendarProcessing"})).contains(&"Mail Recipients".to_owned()));
    assert_eq!(
        roles(
            json!({"Cmdlet": "Add-DistributionGroupMember", "CmdletParameters": ["BypassSecurityGroupManagerCheck"]})
        ),
        ["Security Group Creation and Membership"]
    );
    assert!(roles(json!({"Cmdlet": "New-Nonsense"})).is_empty());
    assert_eq!(roles(json!({"Identity": "Application Calendars.Read"})), ["Application Calendars.Read"]);
}

#[test]
fn a_directory_role_that_exchange_does_not_honour_is_told_apart() {
    let tenant = FakeTenant::contoso();
    let app = tenant.add_application("Apps", "fake");
    tenant.grant_app_role(&app, "Exchange.ManageAsApp");
    tenant.assign_directory_role(&app, DirectoryRole::ApplicationAdministrator);
    let answer = Session::of(&tenant, &app).invoke("Get-Mailbox", json!({}));
    assert_eq!(answer.status(), 403);
    assert!(answer.header("x-ms-diagnostics").unwrap().contains("isn't supported in this scenario"));
}

#[test]
fn delegating_rights_come_later_than_hydration() {
    let (tenant, admin) = with_group();
    tenant.set_dehydrated(true);
    tenant.set_hydration_delay(Duration::from_secs(1800));
    tenant.set_delegation_delay(Duration::from_secs(2400));
    admin.run("Enable-OrganizationCustomization", json!({}));
    let booking = tenant.booking_application();
    admin.run("New-ServicePrincipal", json!({"AppId": booking.client_id, "ObjectId": booking.object_id}));
    let assign = json!({"App": booking.object_id, "Role": "Application Calendars.Read"});
    let (_, exception, _) = admin.failure("New-ManagementRoleAssignment", assign.clone());
    assert!(ends_with(&exception, "InvalidOperationInDehydratedContextException"));
    tenant.advance(Duration::from_secs(1801));
    let (_, _, sentence) = admin.failure("New-ManagementRoleAssignment", assign.clone());
    assert!(sentence.starts_with("You don't have access to create, change, or remove the"));
    tenant.advance(Duration::from_secs(2400));
    let admin = Session::administrator(&tenant);
    assert_eq!(admin.run("New-ManagementRoleAssignment", assign).len(), 1);
}

#[test]
fn policies_use_up_their_space() {
    let (tenant, admin) = with_group();
    let policy = |app: usize| {
        json!({"AppId": format!("00000000-0000-4000-8000-{app:012}"), "AccessRight": "RestrictAccess",
               "PolicyScopeGroupId": crate::SECURITY_GROUP, "Description": "rooms"})
    };
    for app in 0..100 {
        admin.run("New-ApplicationAccessPolicy", policy(app));
    }
    let (status, _, sentence) = admin.failure("New-ApplicationAccessPolicy", policy(100));
    assert_eq!((status, &*sentence), (400, "The total size of App Access Policies exceeded the limit."));
    assert_eq!(tenant.count("New-ApplicationAccessPolicy"), 101);
}

#[test]
fn service_principals_are_renamed_and_retired_cmdlets_say_so() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let booking = tenant.booking_application();
    admin.run("New-ServicePrincipal", json!({"AppId": booking.client_id, "ObjectId": booking.object_id}));
    admin.run("Set-ServicePrincipal", json!({"Identity": booking.client_id, "DisplayName": "Bookings"}));
    assert_eq!(admin.run("Get-ServicePrincipal", json!({"Identity": "Bookings"})).len(), 1);
    let (status, exception, sentence) = admin.failure("Get-MessageTrace", json!({}));
    assert_eq!((status, ends_with(&exception, "ValidationException")), (400, true));
    assert!(sentence.starts_with("Get-MessageTrace will start deprecating"));
}

#[test]
fn dynamic_groups_are_read_and_not_written() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    tenant.add_dynamic_group("all-rooms", "RecipientTypeDetails -eq 'RoomMailbox'");
    let members = admin.run("Get-DynamicDistributionGroupMember", json!({"Identity": "all-rooms"}));
    assert_eq!(members.len(), 40);
    let (_, exception, _) =
        admin.failure("Add-DistributionGroupMember", json!({"Identity": "all-rooms", "Member": BOARDROOM}));
    assert!(ends_with(&exception, "DynamicGroupMembershipChangeDeniedException"));
    assert_eq!(
        admin
            .failure(
                "New-ApplicationAccessPolicy",
                json!({"AppId": "*", "AccessRight": "RestrictAccess", "PolicyScopeGroupId": "all-rooms"})
            )
            .0,
        400
    );
}

#[test]
fn version_two_serves_a_few_cmdlets_under_permissions_of_its_own() {
    let tenant = FakeTenant::contoso();
    let app = tenant.add_application("Reader", "fake");
    tenant.grant_app_role(&app, "Exchange.ManageAsAppV2");
    tenant.assign_directory_role(&app, DirectoryRole::ExchangeRecipientAdministrator);
    let token = tenant.exchange_token(&app);
    let ask = |end_point: &str, cmdlet: &str, parameters: Value| {
        let url = format!("{EXCHANGE}/adminapi/v2.0/{}/{end_point}", tenant.id());
        let body = json!({"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}});
        tenant.handle(&Request::post(&url).bearer(&token).header("Prefer", "odata.maxpagesize=10").json(&body))
    };
    let domains = ask("AcceptedDomain", "Get-AcceptedDomain", json!({})).json();
    assert!(text(&domains["@odata.context"]).ends_with("/$metadata#AcceptedDomain"));
    assert_eq!(texts(domains["value"].as_array().unwrap(), "DomainName"), ["contoso.onmicrosoft.com", "contoso.com"]);
    let parameters = json!({"Identity": "building-1@contoso.com"});
    let page = ask("DistributionGroupMember", "Get-DistributionGroupMember", parameters.clone()).json();
    assert_eq!(page["value"].as_array().unwrap().len(), 10);
    assert!(text(&page["@odata.nextLink"]).contains("/adminapi/v2.0/"));
    let refused = ask(
        "DistributionGroupMember",
        "Add-DistributionGroupMember",
        json!({"Identity": "building-1@contoso.com", "Member": BOARDROOM}),
    );
    assert_eq!((refused.status(), &refused.json()["error"]["message"]), (400, &json!("Invalid Operation")));
    let set = json!({"Identity": BOARDROOM, "GrantSendOnBehalfTo": ["ceo@contoso.com"]});
    assert_eq!(ask("Mailbox", "Set-Mailbox", set).status(), 200);
    let hide = json!({"Identity": BOARDROOM, "HiddenFromAddressListsEnabled": true});
    assert_eq!(ask("Mailbox", "Set-Mailbox", hide).status(), 400);
    // Neither permission is good at the other end point.
    let url = format!("{EXCHANGE}/adminapi/beta/{}/InvokeCommand", tenant.id());
    let body = json!({"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": {}}});
    assert_eq!(tenant.handle(&Request::post(&url).bearer(&token).json(&body)).status(), 401);
    let admin = tenant.exchange_token(tenant.administrator());
    let url = format!("{EXCHANGE}/adminapi/v2.0/{}/Mailbox", tenant.id());
    assert_eq!(tenant.handle(&Request::post(&url).bearer(&admin).json(&body)).status(), 401);
}

#[test]
fn the_list_of_cmdlets_has_the_new_ones() {
    let tenant = FakeTenant::contoso();
    tenant.add_group(NewGroup::security("x"));
    let token = tenant.exchange_token(tenant.administrator());
    let url = format!("{EXCHANGE}/adminapi/v1.0/{}/EXOModuleFile?Version=3.9.2", tenant.id());
    let names = text(&tenant.handle(&Request::get(&url).bearer(&token)).json()["value"][0]["ExportedCmdlets"]);
    for cmdlet in
        ["Set-CalendarProcessing", "Set-Place", "Add-MailboxFolderPermission", "New-RoleGroup", "Get-ManagementRole"]
    {
        assert!(names.split(',').any(|name| name == cmdlet), "{cmdlet}");
    }
}
