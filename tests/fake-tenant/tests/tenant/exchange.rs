//! Exchange: commands, their parameters, their objects and their errors.

use std::collections::BTreeSet;

use fake_tenant::{Ambiguity, DirectoryRole, FakeTenant, NewGroup, NewMailbox, RecipientKind, Request, Response};
use serde_json::{Value, json};

use crate::{EXCHANGE, SECURITY_GROUP, Session, ends_with, explain, text, texts, with_group};

#[test]
fn a_caller_needs_the_app_role_and_a_directory_role() {
    let tenant = FakeTenant::contoso();
    let app = tenant.add_application("Newcomer", "fake");
    let ask = |session: &Session| session.invoke("Get-OrganizationConfig", json!({}));

    // Nothing: 401. The app role alone: 403. Both: 200, with a new token each time.
    let response = ask(&Session::of(&tenant, &app));
    assert_eq!((response.status(), response.body()), (401, &b""[..]));
    tenant.grant_app_role(&app, "Exchange.ManageAsAppV2");
    assert_eq!(ask(&Session::of(&tenant, &app)).status(), 401, "the look-alike opens nothing");
    tenant.grant_app_role(&app, "Exchange.ManageAsApp");
    let stale = Session::of(&tenant, &app);
    let response = ask(&stale);
    assert_eq!(response.status(), 403);
    assert!(response.body().len() > 100 && response.body().iter().all(|byte| *byte == 0));
    assert_eq!(response.header("Content-Encoding"), Some("gzip"));
    assert!(response.header("x-ms-diagnostics").unwrap().starts_with("2000003;reason=\""));

    tenant.assign_directory_role(&app, DirectoryRole::ExchangeAdministrator);
    let response = ask(&stale);
    assert_eq!(response.status(), 403, "the old token does not know of the role");
    assert_eq!(response.header("x-ms-diagnostics"), None);
    assert_eq!(ask(&Session::of(&tenant, &app)).status(), 200);

    // An Exchange role group does as well, and needs no new token.
    tenant.remove_directory_role(&app, DirectoryRole::ExchangeAdministrator);
    tenant.add_to_role_group(&app, "Recipient Management");
    assert_eq!(ask(&stale).status(), 200);
}

#[test]
fn roles_give_cmdlets_and_parameters() {
    let (tenant, _) = with_group();
    let session = |name: &str, role: DirectoryRole| {
        let app = tenant.add_application(name, "fake");
        tenant.grant_app_role(&app, "Exchange.ManageAsApp");
        tenant.assign_directory_role(&app, role);
        Session::of(&tenant, &app)
    };
    let recipients = session("Recipients", DirectoryRole::ExchangeRecipientAdministrator);
    assert_eq!(recipients.invoke("Get-Mailbox", json!({})).status(), 200);
    assert_eq!(recipients.invoke("Get-ApplicationAccessPolicy", json!({})).status(), 403);
    let (status, exception, sentence) = recipients.failure(
        "Add-DistributionGroupMember",
        json!({"Identity": SECURITY_GROUP, "Member": "boardroom@contoso.com", "BypassSecurityGroupManagerCheck": true}),
    );
    assert_eq!(status, 400);
    assert!(ends_with(&exception, "AmbiguousParameterSetException"));
    assert_eq!(
        sentence,
        "Parameter set cannot be resolved using the specified named parameters. Invalid cmdlet parameters specified. BypassSecurityGroupManagerCheck"
    );

    let reader = session("Reader", DirectoryRole::GlobalReader);
    assert_eq!(reader.invoke("Get-ApplicationAccessPolicy", json!({})).status(), 404, "let in, and there is none");
    assert_eq!(reader.invoke("Get-ManagementScope", json!({})).status(), 200);
    let denied = reader.invoke("Remove-DistributionGroup", json!({"Identity": SECURITY_GROUP}));
    assert_eq!(denied.status(), 403);
    assert!(denied.header("x-ms-diagnostics").is_some());

    let listed = |session: &Session| -> BTreeSet<String> {
        let url = format!("{EXCHANGE}/adminapi/v1.0/{}/EXOModuleFile?Version=3.9.2", tenant.id());
        let request = Request::get(&url).bearer(&session.exchange).header("CommandName", "*");
        let names = text(&tenant.handle(&request).json()["value"][0]["ExportedCmdlets"]);
        names.split(',').map(str::to_owned).collect()
    };
    assert!(listed(&recipients).contains("Update-DistributionGroupMember"));
    assert!(!listed(&recipients).contains("New-ManagementRoleAssignment"));
    assert!(listed(&reader).iter().all(|name| name.starts_with("Get-") || name.starts_with("Test-")));
    assert!(listed(&Session::administrator(&tenant)).contains("New-ManagementRoleAssignment"));
}

#[test]
fn the_address_of_a_command_matters() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let body = json!({"CmdletInput": {"CmdletName": "Get-OrganizationConfig", "Parameters": {}}});
    let post =
        |path: &str| tenant.handle(&Request::post(&format!("{EXCHANGE}{path}")).bearer(&admin.exchange).json(&body));
    assert_eq!(post("/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand").status(), 200);
    assert_eq!(post("/adminapi/v1.0/contoso.onmicrosoft.com/InvokeCommand").status(), 405);
    let unknown = admin.invoke("Get-EXOMailbox", json!({}));
    assert_eq!(unknown.status(), 403);
    assert_eq!(unknown.header("X-ExceptionType"), Some("CmdletAccessDeniedException"));
}

#[test]
fn parameters_are_checked_by_name_and_value() {
    let (_, admin) = with_group();
    let refused = |cmdlet: &str, parameters: Value| {
        let response = admin.invoke(cmdlet, parameters);
        assert_eq!(response.json()["error"]["message"], "Invalid Operation", "{}", response.text());
        explain(&response)
    };
    // Names in any case of letters, but no other names.
    assert_eq!(admin.run("Get-Mailbox", json!({"identity": "boardroom@contoso.com"})).len(), 1);
    let (_, exception, sentence) = refused("Get-Mailbox", json!({"Identiy": "x"}));
    assert!(ends_with(&exception, "AmbiguousParameterSetException"));
    assert!(sentence.ends_with("Invalid cmdlet parameters specified. Identiy"));
    let (_, exception, _) = refused("Add-DistributionGroupMember", json!({"Identity": SECURITY_GROUP}));
    assert!(ends_with(&exception, "ParameterBindingException"));
    for empty in [json!(null), json!("")] {
        let (_, exception, _) =
            refused("Remove-DistributionGroup", json!({"Identity": empty, "BypassSecurityGroupManagerCheck": true}));
        assert!(ends_with(&exception, "ParameterBindingValidationException"));
    }
    // Names of values, or the beginning of one.
    let (_, exception, sentence) = refused("New-DistributionGroup", json!({"Name": "x", "Type": "Secret"}));
    assert!(ends_with(&exception, "ParameterTransformationException"));
    assert!(sentence.contains("Distribution, Security"));
    let prefix = admin.run("New-DistributionGroup", json!({"Name": "prefixed", "Type": "Sec"}));
    assert_eq!(prefix[0]["RecipientTypeDetails"], "MailUniversalSecurityGroup");
    refused("Get-Recipient", json!({"RecipientTypeDetails": "Room"}));
    // One member only, and hash tables with their tag only.
    refused("Add-DistributionGroupMember", json!({"Identity": SECURITY_GROUP, "Member": ["a", "b"]}));
    let (status, exception, sentence) = refused(
        "Set-DistributionGroup",
        json!({"Identity": SECURITY_GROUP, "EmailAddresses": {"Add": ["smtp:rooms@contoso.com"]}}),
    );
    assert_eq!(status, 400);
    assert!(ends_with(&exception, "ParameterTransformationException"));
    assert!(sentence.contains("Newtonsoft.Json.Linq.JProperty"));
    // An object for text is the server's mistake, it says.
    let (status, exception, _) = admin.failure("Get-Mailbox", json!({"Identity": {"a": 1}}));
    assert_eq!((status, &*exception), (500, "System.InvalidCastException"));
}

#[test]
fn asking_for_confirmation_does_nothing() {
    let (tenant, admin) = with_group();
    let response = admin.invoke(
        "Remove-DistributionGroup",
        json!({"Identity": SECURITY_GROUP, "BypassSecurityGroupManagerCheck": true, "Confirm": true}),
    );
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.json()["@adminapi.confirmationmessage"],
        "Are you sure you want to perform this action? Removing distribution group Identity:\"PlaceOS Room Booking\"."
    );
    assert_eq!(response.json()["value"], json!([]));
    assert!(tenant.group(SECURITY_GROUP).is_some());
    assert_eq!(
        admin.run(
            "Remove-DistributionGroup",
            json!({"Identity": SECURITY_GROUP, "BypassSecurityGroupManagerCheck": true, "Confirm": false})
        ),
        Vec::<Value>::new()
    );
    assert!(tenant.group(SECURITY_GROUP).is_none());
}

#[test]
fn a_new_group_looks_as_exchange_shows_it() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let created = admin.run(
        "New-DistributionGroup",
        json!({
            "Name": "rooms-b42", "DisplayName": "Rooms Building 42", "Type": "Security",
            "ManagedBy": ["exchange.admin@contoso.com"], "Members": ["boardroom@contoso.com"],
        }),
    );
    let group = &created[0];
    assert_eq!(group["GroupType"], "Universal, SecurityEnabled");
    assert_eq!(group["PrimarySmtpAddress"], "rooms-b42@contoso.com");
    assert_eq!(group["EmailAddresses"], json!(["SMTP:rooms-b42@contoso.com"]));
    assert_eq!(group["EmailAddresses@odata.type"], "#Collection(String)");
    assert_eq!(
        (&group["MemberJoinRestriction"], &group["MemberDepartRestriction"]),
        (&json!("Closed"), &json!("Closed"))
    );
    assert_eq!(group["RequireSenderAuthenticationEnabled"], true);
    assert_eq!(group["HiddenFromAddressListsEnabled"], false);
    assert_eq!((&group["Guid@data.type"], &group["Guid@odata.type"]), (&json!("System.Guid"), &json!("#Guid")));
    assert_eq!(
        group["DistinguishedName"],
        "CN=rooms-b42,OU=contoso.onmicrosoft.com,OU=Microsoft Exchange Hosted Organizations,DC=EURPR01A001,DC=PROD,DC=OUTLOOK,DC=COM"
    );
    // Owners come back as object ids, not as addresses.
    let owner = admin.run("Get-Mailbox", json!({"Identity": "exchange.admin@contoso.com"}));
    assert_eq!(group["ManagedBy"], json!([owner[0]["ExternalDirectoryObjectId"]]));
    assert_eq!(tenant.members("rooms-b42@contoso.com"), ["boardroom@contoso.com"]);
    // By any of its names.
    for name in ["Name", "Alias", "PrimarySmtpAddress", "Guid", "ExternalDirectoryObjectId", "DistinguishedName"] {
        let found = admin.run("Get-DistributionGroup", json!({"Identity": group[name]}));
        assert_eq!(found[0]["Guid"], group["Guid"], "by {name}");
    }
    let shown = admin.invoke("Get-DistributionGroup", json!({"Identity": "Rooms Building 42"}));
    assert_eq!(shown.status(), 404, "a display name identifies nothing");
    let list = admin.run("New-DistributionGroup", json!({"Name": "RL Building 42", "RoomList": true}));
    assert_eq!(list[0]["RecipientTypeDetails"], "RoomList");
    assert_eq!(list[0]["RecipientType"], "MailUniversalDistributionGroup");
    assert_eq!((&list[0]["GroupType"], &list[0]["MemberDepartRestriction"]), (&json!("Universal"), &json!("Open")));
    assert_eq!(list[0]["ManagedBy"], json!(["Organization Management"]));
    assert_eq!(list[0]["Alias"], "RLBuilding42");
}

#[test]
fn names_and_addresses_are_unique_and_well_formed() {
    let (tenant, admin) = with_group();
    let new = |parameters: Value| admin.failure("New-DistributionGroup", parameters);
    let (status, exception, sentence) = new(json!({"Name": "PlaceOS Room Booking", "Alias": "other"}));
    assert_eq!(status, 400);
    assert!(ends_with(&exception, "ADObjectAlreadyExistsException"));
    assert!(sentence.starts_with("The object 'CN=PlaceOS Room Booking,OU=contoso.onmicrosoft.com,"));
    assert!(sentence.ends_with("' already exists."));
    let (status, exception, sentence) = new(json!({"Name": "other", "Alias": "ceo"}));
    assert_eq!(status, 400);
    assert!(ends_with(&exception, "ProxyAddressExistsException"));
    assert!(sentence.starts_with("The proxy address \"SMTP:ceo@contoso.com\" is already being used by"));
    assert_eq!(new(json!({"Name": "other", "PrimarySmtpAddress": "other@fabrikam.com"})).0, 400);
    tenant.add_accepted_domain("fabrikam.com");
    assert_eq!(
        admin.run("New-DistributionGroup", json!({"Name": "other", "PrimarySmtpAddress": "other@fabrikam.com"})).len(),
        1
    );
    for bad in [
        json!({"Name": "x".repeat(65)}),
        json!({"Name": "a", "Alias": "two words"}),
        json!({"Name": "a", "Alias": ".dot"}),
        json!({"Name": "a", "Alias": "x".repeat(65)}),
        json!({"Name": "a", "PrimarySmtpAddress": "nonsense"}),
        json!({"Name": "a", "Type": "Security", "MemberJoinRestriction": "Open"}),
        json!({"Name": "a", "Type": "Security", "RoomList": true}),
    ] {
        assert_eq!(new(bad.clone()).0, 400, "{bad}");
    }
    let (status, exception, sentence) = new(json!({"Name": "a", "ManagedBy": ["nobody@contoso.com"]}));
    assert_eq!(status, 404);
    assert!(ends_with(&exception, "ManagementObjectNotFoundException"));
    assert_eq!(
        sentence,
        "Couldn't find object \"nobody@contoso.com\". Please make sure that it was spelled correctly or specify a different object."
    );
    assert_eq!(new(json!({"Name": "a", "Members": ["nobody@contoso.com"]})).0, 404);
    assert!(tenant.group("a@contoso.com").is_none());
    // The observed form of "already exists": JSON in the message, and the code Context.
    let response = admin.invoke("New-DistributionGroup", json!({"Name": "PlaceOS Room Booking"}));
    let detail = &response.json()["error"]["details"][0];
    assert_eq!(detail["code"], "Context");
    assert!(text(&detail["message"]).starts_with('{'));
    assert_eq!(response.header("Cmdlet-Name"), Some("New-DistributionGroup"));
    assert_eq!(response.header("x-ExceptionType"), Some("ADObjectAlreadyExistsException"));
}

#[test]
fn a_naming_policy_renames_unless_it_is_ignored() {
    let tenant = FakeTenant::contoso();
    tenant.set_naming_policy("GRP_<GroupName>");
    let admin = Session::administrator(&tenant);
    let created = admin.run("New-DistributionGroup", json!({"Name": "rooms"}));
    assert_eq!((&created[0]["Name"], &created[0]["DisplayName"]), (&json!("GRP_rooms"), &json!("GRP_rooms")));
    let created = admin.run("New-DistributionGroup", json!({"Name": "halls", "IgnoreNamingPolicy": true}));
    assert_eq!(created[0]["Name"], "halls");
    assert_eq!(admin.run("Get-OrganizationConfig", json!({}))[0]["DistributionGroupNamingPolicy"], "GRP_<GroupName>");
}

#[test]
fn what_is_not_there_is_reported_in_each_form() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let response = admin.invoke("Get-DistributionGroup", json!({"Identity": "no-such-group@contoso.com"}));
    assert_eq!(response.status(), 404);
    let error = response.json()["error"].take();
    assert_eq!((&error["code"], &error["message"]), (&json!("NotFound"), &json!("Error executing cmdlet")));
    assert_eq!(
        error["details"],
        json!([{"code": "Client", "target": "", "message": "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation couldn't be performed because object 'no-such-group@contoso.com' couldn't be found on 'AM0PR01A001DC007.EURPR01A001.PROD.OUTLOOK.COM'."}])
    );
    assert_eq!(
        error["innererror"]["internalexception"]["type"],
        "Microsoft.Exchange.Management.PSDirectInvoke.DirectInvokeCmdletExecutionException"
    );
    let response = admin.invoke("Get-ManagementScope", json!({"Identity": "no-such"}));
    let message = text(&response.json()["error"]["details"][0]["message"]);
    let message: Value = serde_json::from_str(&message).unwrap();
    assert_eq!(message["localizedString"]["stringId"], "Ex6F9304");
    assert_eq!(message["ClassName"], "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException");
    // A filter that matches nothing is no error.
    assert_eq!(
        admin.run("Get-DistributionGroup", json!({"Filter": "EmailAddresses -eq 'nobody@contoso.com'"})).len(),
        0
    );
}

#[test]
fn an_ambiguous_identity_is_an_error_and_an_empty_one_is_everything() {
    let tenant = FakeTenant::contoso();
    tenant.add_group(NewGroup::security("halls-1").name("Halls"));
    tenant.add_group(NewGroup::security("halls").name("halls-2"));
    let admin = Session::administrator(&tenant);
    let (status, _, sentence) = admin.failure("Get-DistributionGroup", json!({"Identity": "halls"}));
    assert_eq!(status, 500);
    assert!(sentence.contains("multiple recipients matching identity \"halls\""));
    for status in [400, 404, 500] {
        tenant.set_ambiguity(Ambiguity::AmbiguousObject, status);
        let (answered, exception, sentence) = admin.failure("Get-DistributionGroup", json!({"Identity": "halls"}));
        assert_eq!(answered, status);
        assert!(ends_with(&exception, "ManagementObjectAmbiguousException"));
        assert!(sentence.contains("object: 'halls' matches multiple entries"), "{sentence}");
    }
    for empty in [json!(""), json!(null)] {
        assert_eq!(admin.run("Get-DistributionGroup", json!({"Identity": empty})).len(), tenant.groups().len());
        let everybody = admin.run("Get-DistributionGroupMember", json!({"Identity": empty}));
        assert!(everybody.len() > 40);
    }
}

const BYPASS: bool = true;

fn change_member(admin: &Session, cmdlet: &str, member: &str) -> Response {
    admin.invoke(
        cmdlet,
        json!({"Identity": SECURITY_GROUP, "Member": member, "BypassSecurityGroupManagerCheck": BYPASS, "Confirm": false}),
    )
}

#[test]
fn members_are_added_and_removed_once() {
    let (tenant, admin) = with_group();
    let add = |member: &str| change_member(&admin, "Add-DistributionGroupMember", member);
    let remove = |member: &str| change_member(&admin, "Remove-DistributionGroupMember", member);
    let added = add("boardroom@contoso.com");
    assert_eq!((added.status(), &added.json()["value"]), (200, &json!([])));
    let room = admin.run("Get-Mailbox", json!({"Identity": "boardroom@contoso.com"})).remove(0);
    let id = text(&room["ExternalDirectoryObjectId"]);
    assert_eq!((&room["Name"], &room["Identity"]), (&json!(id), &json!(id)));
    // The sentences name directory names: for an account that is its object id.
    for name in
        ["PrimarySmtpAddress", "Alias", "Guid", "ExchangeGuid", "DistinguishedName", "ExternalDirectoryObjectId"]
    {
        let (status, exception, sentence) = explain(&add(&text(&room[name])));
        assert_eq!(status, 400);
        assert!(ends_with(&exception, "MemberAlreadyExistsException"));
        assert_eq!(
            sentence,
            format!("The recipient \"{id}\" is already a member of the group \"PlaceOS Room Booking\".")
        );
    }
    assert_eq!(tenant.members(SECURITY_GROUP), ["boardroom@contoso.com"]);
    assert_eq!(remove("boardroom").status(), 200);
    let (status, exception, sentence) = explain(&remove("boardroom"));
    assert_eq!(status, 400);
    assert!(ends_with(&exception, "MemberNotFoundException"));
    assert_eq!(sentence, format!("The recipient \"{id}\" isn't a member of the group \"PlaceOS Room Booking\"."));
    let (status, _, sentence) = explain(&add("nobody@contoso.com"));
    assert_eq!(status, 404);
    assert!(sentence.starts_with("Couldn't find object \"nobody@contoso.com\""));
    // Groups may be members, Microsoft 365 groups may not.
    assert_eq!(add("board@contoso.com").status(), 200);
    assert_eq!(add("everyone@contoso.com").status(), 404);
    assert_eq!(admin.run("Get-DistributionGroupMember", json!({"Identity": "everyone@contoso.com"})).len(), 0);
}

#[test]
fn replacing_members_is_all_or_nothing() {
    let (tenant, admin) = with_group();
    let update = |members: Value| {
        admin.invoke(
            "Update-DistributionGroupMember",
            json!({"Identity": SECURITY_GROUP, "Members": members, "BypassSecurityGroupManagerCheck": true, "Confirm": false}),
        )
    };
    assert_eq!(update(json!(["boardroom@contoso.com", "room-b1-0101@contoso.com"])).status(), 200);
    assert_eq!(update(json!(["boardroom@contoso.com", "room-b2-0101@contoso.com"])).status(), 200);
    let members = ["boardroom@contoso.com", "room-b2-0101@contoso.com"];
    assert_eq!(tenant.members(SECURITY_GROUP), members);
    assert_eq!(update(json!(["ceo@contoso.com", "nobody@contoso.com"])).status(), 404);
    let (status, _, sentence) = explain(&update(json!(["ceo@contoso.com", "ceo"])));
    assert_eq!(status, 400);
    assert!(sentence.starts_with("The parameter \"Members\" contains the following duplicated recipient identity"));
    assert_eq!(tenant.members(SECURITY_GROUP), members);
    let many: Vec<String> = (0..10_001).map(|number| format!("a{number}@contoso.com")).collect();
    assert_eq!(update(json!(many)).status(), 400);
    assert_eq!(update(json!([])).status(), 200);
    assert!(tenant.members(SECURITY_GROUP).is_empty());
}

#[test]
fn groups_are_changed_by_their_managers_or_past_them() {
    let (tenant, admin) = with_group();
    let member = json!({"Identity": SECURITY_GROUP, "Member": "boardroom@contoso.com"});
    let (status, exception, _) = admin.failure("Add-DistributionGroupMember", member.clone());
    assert_eq!(status, 400);
    assert!(ends_with(&exception, "OperationRequiresGroupManagerException"));
    let response = admin.invoke("Set-DistributionGroup", json!({"Identity": SECURITY_GROUP, "DisplayName": "x"}));
    assert_eq!(response.json()["error"]["details"][0]["target"], Value::Null);
    assert_eq!(explain(&response).2, "The executing user is not in the current organization.");
    let owned = NewGroup::security("owned").owner(tenant.administrator());
    tenant.add_group(owned);
    admin.run("Add-DistributionGroupMember", json!({"Identity": "owned", "Member": "boardroom"}));
    let synced = tenant.add_group(NewGroup::security("synced").dir_synced());
    let (status, exception, sentence) = admin.failure(
        "Set-DistributionGroup",
        json!({"Identity": synced, "DisplayName": "Rooms B42", "BypassSecurityGroupManagerCheck": true}),
    );
    assert_eq!((status, &*exception), (400, "System.InvalidOperationException"));
    assert!(sentence.contains("failed because it's out of the current user's write scope. The action 'Set-DistributionGroup', 'DisplayName', can't be performed"));
    assert!(sentence.contains("is being synchronized from your on-premises organization."));
}

#[test]
fn settings_of_a_group_are_kept() {
    let (tenant, admin) = with_group();
    let set = |mut parameters: Value| {
        parameters["Identity"] = json!(SECURITY_GROUP);
        parameters["BypassSecurityGroupManagerCheck"] = json!(true);
        admin.invoke("Set-DistributionGroup", parameters)
    };
    let done = set(json!({
        "HiddenFromAddressListsEnabled": true, "RequireSenderAuthenticationEnabled": true, "Description": "Rooms",
        "CustomAttribute1": "PlaceOS", "MailTip": "Not for mail", "ManagedBy": ["ceo@contoso.com"],
    }));
    assert_eq!((done.status(), &done.json()["value"]), (200, &json!([])));
    let group = admin.run("Get-DistributionGroup", json!({"Identity": SECURITY_GROUP})).remove(0);
    assert_eq!(group["HiddenFromAddressListsEnabled"], true);
    assert_eq!(group["CustomAttribute1"], "PlaceOS");
    assert_eq!(group["Description"], json!(["Rooms"]));
    assert_eq!(tenant.group(SECURITY_GROUP).unwrap().owners, ["ceo@contoso.com"]);
    let add = json!({"@odata.type": "#Exchange.GenericHashTable", "add": ["smtp:rooms@contoso.com"]});
    assert_eq!(set(json!({"EmailAddresses": add})).status(), 200);
    let group = admin.run("Get-DistributionGroup", json!({"Identity": "rooms@contoso.com"})).remove(0);
    assert_eq!(group["EmailAddresses"], json!([format!("SMTP:{SECURITY_GROUP}"), "smtp:rooms@contoso.com"]));
    assert_eq!(set(json!({"ManagedBy": []})).status(), 400);
    assert_eq!(set(json!({"PrimarySmtpAddress": "ceo@contoso.com"})).status(), 400);
    assert_eq!(set(json!({"DisplayName": "Bookable", "Name": "bookable"})).status(), 200);
    let names = admin.run("Get-DistributionGroup", json!({"Identity": "bookable"}));
    assert_eq!(texts(&names, "DisplayName"), ["Bookable"]);
}

#[test]
fn mailboxes_look_as_exchange_shows_them() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let rooms = admin.run("Get-Mailbox", json!({"RecipientTypeDetails": ["RoomMailbox"], "ResultSize": "Unlimited"}));
    assert_eq!(rooms.len(), 40);
    let room = &rooms[0];
    assert_eq!(
        (&room["RecipientType"], &room["IsResource"], &room["ResourceType"], &room["RoomMailboxAccountEnabled"]),
        (&json!("UserMailbox"), &json!(true), &json!("Room"), &json!(false))
    );
    assert_eq!(room["EmailAddresses"], json!(["SMTP:room-b1-0101@contoso.com", "SIP:room-b1-0101@contoso.com"]));
    assert_eq!(room["ProhibitSendQuota"], "99 GB (106,300,440,576 bytes)");
    assert!(text(&room["WhenMailboxCreated"]).ends_with(".0000000+00:00"));
    let kinds = |kinds: Value| {
        admin.run("Get-Mailbox", json!({"RecipientTypeDetails": kinds, "ResultSize": "Unlimited"})).len()
    };
    assert_eq!(kinds(json!("SharedMailbox")), 1);
    assert_eq!(kinds(json!(["RoomMailbox", "EquipmentMailbox"])), 41);
    assert_eq!(kinds(json!("UserMailbox")), 202);
    let system = admin.run("Get-Mailbox", json!({"RecipientTypeDetails": "DiscoveryMailbox"}));
    assert_eq!(system[0]["ExternalDirectoryObjectId"], "");
    // Groups are recipients too; their mailboxes are not mailboxes here.
    let unified = admin.run("Get-Recipient", json!({"Identity": "everyone@contoso.com"}));
    assert_eq!(unified[0]["RecipientTypeDetails"], "GroupMailbox");
    assert_eq!(unified[0]["IsValidSecurityPrincipal"], false);
    assert_eq!(admin.invoke("Get-Mailbox", json!({"Identity": "everyone@contoso.com"})).status(), 404);
}

#[test]
fn recipients_can_be_filtered() {
    let tenant = FakeTenant::contoso();
    tenant.add_mailbox(NewMailbox::room("annex").custom_attribute(1, "PlaceOS").office("Annex"));
    let admin = Session::administrator(&tenant);
    let board = admin.run("Get-DistributionGroup", json!({"Identity": "board@contoso.com"}));
    let name = text(&board[0]["DistinguishedName"]);
    let count = |filter: &str| admin.run("Get-Recipient", json!({"Filter": filter, "ResultSize": "Unlimited"})).len();
    assert_eq!(count(&format!("MemberOfGroup -eq '{name}'")), 3);
    assert_eq!(count(&format!("MemberOfGroup -eq '{name}' -and RecipientTypeDetails -eq 'RoomMailbox'")), 1);
    assert_eq!(count("CustomAttribute1 -eq 'PlaceOS'"), 1);
    assert_eq!(count("Office -eq 'Annex' -or Alias -eq 'boardroom'"), 2);
    assert_eq!(count("EmailAddresses -eq 'boardroom@contoso.com'"), 1);
    assert_eq!(count("EmailAddresses -eq 'SMTP:boardroom@contoso.com'"), 1);
    assert_eq!(count("DisplayName -like 'B1 *' -and -not (DisplayName -like '*Rainier')"), 13);
    assert_eq!(count("HiddenFromAddressListsEnabled -eq $true"), 1);
    for bad in ["DisplayName -eq", "Nonsense -eq 'x'", "MemberOfGroup -eq 'board@contoso.com'"] {
        assert_eq!(admin.failure("Get-Recipient", json!({"Filter": bad})).0, 400, "{bad}");
    }
}

/// Follows the links of a list; every page is asked for with the same body.
fn pages(admin: &Session, parameters: &Value, prefer: Option<&str>) -> Vec<Value> {
    let request = |url: Option<String>| {
        let mut request = admin.command("Get-Mailbox", parameters);
        if let Some(url) = url {
            let body = json!({"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": parameters}});
            request = Request::post(&url).bearer(&admin.exchange).json(&body);
        }
        match prefer {
            Some(prefer) => request.header("Prefer", prefer),
            None => request,
        }
    };
    let mut bodies = vec![admin.tenant.handle(&request(None)).json()];
    while let Some(link) = bodies.last().and_then(|body| body.get("@odata.nextLink")).map(text) {
        assert!(link.contains("/InvokeCommand?%24skiptoken="), "{link}");
        bodies.push(admin.tenant.handle(&request(Some(link))).json());
    }
    bodies
}

#[test]
fn lists_come_in_pages() {
    let tenant = FakeTenant::builder().rooms(2500).build();
    let admin = Session::administrator(&tenant);
    let sizes = |bodies: &[Value]| -> Vec<usize> {
        bodies.iter().map(|body| body["value"].as_array().map_or(0, Vec::len)).collect()
    };
    let warned = |body: &Value| !body["@adminapi.warnings"].as_array().is_none_or(Vec::is_empty);
    let unlimited = json!({"ResultSize": "Unlimited"});
    assert_eq!(sizes(&pages(&admin, &unlimited, None)), [1000, 1000, 500]);
    // As Microsoft's own module writes it, with spaces.
    let bodies = pages(&admin, &unlimited, Some("odata.maxpagesize = 900;odata.continue-on-error"));
    assert_eq!(sizes(&bodies), [900, 900, 700]);
    let all: BTreeSet<String> =
        bodies.iter().flat_map(|body| texts(body["value"].as_array().unwrap(), "PrimarySmtpAddress")).collect();
    assert_eq!(all.len(), 2500);
    assert!(!warned(&bodies[0]));
    // A thousand unless told otherwise, with a warning that there is more.
    let bodies = pages(&admin, &json!({}), None);
    assert_eq!(sizes(&bodies[..1]), [1000]);
    assert!(warned(&bodies[0]));
    let one = admin.invoke("Get-Mailbox", json!({"ResultSize": 1})).json();
    assert!(one.get("@odata.nextLink").is_some());
    assert_eq!(one["value"].as_array().unwrap().len(), 1);
    assert_eq!(
        one["@adminapi.warnings"],
        json!([
            "There are more results available than are currently displayed. To view them, increase the value for the ResultSize parameter."
        ])
    );
}

#[test]
fn a_link_is_good_for_its_own_command_and_half_an_hour() {
    let tenant = FakeTenant::builder().rooms(30).build();
    let admin = Session::administrator(&tenant);
    let parameters = json!({"ResultSize": "Unlimited"});
    let first =
        tenant.handle(&admin.command("Get-Mailbox", &parameters).header("Prefer", "odata.maxpagesize=10")).json();
    let link = text(&first["@odata.nextLink"]);
    let follow = |parameters: &Value| {
        let token = tenant.exchange_token(tenant.administrator());
        let body = json!({"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": parameters}});
        tenant.handle(&Request::post(&link).bearer(&token).json(&body).header("Prefer", "odata.maxpagesize=10"))
    };
    let expired = |response: &Response| {
        assert_eq!(response.status(), 400);
        assert_eq!(
            response.json()["error"]["message"],
            "Expired or Invalid pagination request. Default Expiry time is 00:30:00"
        );
    };
    assert_eq!(follow(&parameters).status(), 200);
    assert_eq!(follow(&parameters).status(), 200, "a page may be asked for again");
    expired(&follow(&json!({})));
    tenant.advance(std::time::Duration::from_secs(31 * 60));
    expired(&follow(&parameters));
}

#[test]
fn a_batch_runs_ten_commands_and_answers_in_another_order() {
    let (tenant, admin) = with_group();
    let url = format!("{EXCHANGE}/adminapi/beta/{}", tenant.id());
    let item = |id: usize, cmdlet: &str, parameters: Value| {
        json!({
            "id": id.to_string(), "method": "POST", "url": format!("{url}/InvokeCommand"),
            "headers": {"Authorization": format!("Bearer {}", admin.exchange), "Prefer": "odata.maxpagesize = 10"},
            "body": {"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}},
        })
    };
    let send = |requests: Vec<Value>| {
        let body = json!({"requests": requests});
        tenant.handle(&Request::post(&format!("{url}/$batch")).bearer(&admin.exchange).json(&body))
    };
    let add = |id, member: &str| {
        let parameters = json!({"Identity": SECURITY_GROUP, "Member": member, "BypassSecurityGroupManagerCheck": true});
        item(id, "Add-DistributionGroupMember", parameters)
    };
    tenant.clear_requests();
    let mut unauthorised = add(3, "ceo@contoso.com");
    unauthorised["headers"] = json!({});
    let response = send(vec![
        add(1, "boardroom@contoso.com"),
        add(2, "boardroom@contoso.com"),
        unauthorised,
        item(4, "Get-Mailbox", json!({"ResultSize": "Unlimited"})),
    ]);
    let body = response.json();
    let responses = body["responses"].as_array().unwrap();
    assert_ne!(responses[0]["id"], "1");
    let by_id = |id: &str| responses.iter().find(|item| item["id"] == id).unwrap();
    assert_eq!(by_id("1")["status"], 200);
    assert_eq!(
        (&by_id("2")["status"], &by_id("2")["headers"]["Cmdlet-Name"]),
        (&json!(400), &json!("Add-DistributionGroupMember"))
    );
    assert_eq!(by_id("3")["status"], 401);
    assert_eq!(by_id("4")["body"]["value"].as_array().unwrap().len(), 10);
    // The rest of the list is fetched by an item with the link for its URL.
    let mut next = item(4, "Get-Mailbox", json!({"ResultSize": "Unlimited"}));
    next["url"] = by_id("4")["body"]["@odata.nextLink"].clone();
    assert_eq!(send(vec![next]).json()["responses"][0]["status"], 200);
    assert_eq!(tenant.request_count(), 2);
    assert_eq!(tenant.count("Add-DistributionGroupMember"), 3);
    let many = |count: usize| (0..count).map(|id| item(id, "Get-AcceptedDomain", json!({}))).collect();
    assert_eq!(send(many(10)).status(), 200);
    assert_eq!(send(many(11)).status(), 400);
}

#[test]
fn service_principals_are_pointers() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let app = tenant.booking_application();
    assert_eq!(admin.failure("Get-ServicePrincipal", json!({"Identity": app.client_id})).0, 404);
    let parameters = json!({"AppId": app.client_id, "ObjectId": app.object_id, "DisplayName": app.display_name});
    let created = admin.run("New-ServicePrincipal", parameters.clone());
    assert_eq!((&created[0]["AppId"], &created[0]["ObjectId"]), (&json!(app.client_id), &json!(app.object_id)));
    let (status, exception, sentence) = admin.failure("New-ServicePrincipal", parameters);
    assert_eq!(status, 400);
    assert!(ends_with(&exception, "ADObjectAlreadyExistsException"));
    assert!(sentence.starts_with(&format!("The object 'CN={},OU=contoso.onmicrosoft.com", app.object_id)));
    assert_eq!(
        admin
            .failure(
                "New-ServicePrincipal",
                json!({"AppId": "e7e4dbfc-046-4074-9b3b-2ae8f144f59b", "ObjectId": app.object_id})
            )
            .0,
        400
    );
    for identity in [&app.client_id, &app.object_id, &app.display_name] {
        assert_eq!(admin.run("Get-ServicePrincipal", json!({"Identity": identity})).len(), 1);
    }
    assert!(tenant.has_pointer(&app));
    admin.run("Remove-ServicePrincipal", json!({"Identity": app.object_id, "Confirm": false}));
    assert!(!tenant.has_pointer(&app));
}

#[test]
fn new_objects_are_not_found_at_first() {
    let tenant = FakeTenant::contoso();
    tenant.set_visibility_lag(2);
    let admin = Session::administrator(&tenant);
    let app = tenant.booking_application();
    admin.run("New-DistributionGroup", json!({"Name": "rooms", "Type": "Security"}));
    let find = || admin.invoke("Get-DistributionGroup", json!({"Identity": "rooms@contoso.com"})).status();
    assert_eq!([find(), find(), find()], [404, 404, 200]);
    admin.run("New-ServicePrincipal", json!({"AppId": app.client_id, "ObjectId": app.object_id}));
    let assign = || {
        admin
            .invoke("New-ManagementRoleAssignment", json!({"App": app.object_id, "Role": "Application Calendars.Read"}))
            .status()
    };
    assert_eq!([assign(), assign(), assign()], [404, 404, 200]);
}

#[test]
fn scopes_and_assignments_need_an_organization_that_was_customized() {
    let tenant = FakeTenant::contoso();
    tenant.set_dehydrated(true);
    tenant.set_hydration_delay(std::time::Duration::from_secs(1800));
    let admin = Session::administrator(&tenant);
    let scope = || {
        admin.invoke("New-ManagementScope", json!({"Name": "rooms", "RecipientRestrictionFilter": "Office -eq 'x'"}))
    };
    assert_eq!(admin.run("Get-OrganizationConfig", json!({}))[0]["IsDehydrated"], true);
    let (status, exception, sentence) = explain(&scope());
    assert_eq!(status, 400);
    assert!(ends_with(&exception, "InvalidOperationInDehydratedContextException"));
    assert!(sentence.ends_with("you first need to run the command: Enable-OrganizationCustomization."));
    admin.run("Enable-OrganizationCustomization", json!({}));
    assert_eq!(admin.failure("Enable-OrganizationCustomization", json!({})).0, 400);
    // It says at once that it is ready, and is not (observed).
    assert_eq!(admin.run("Get-OrganizationConfig", json!({}))[0]["IsDehydrated"], false);
    assert_eq!(scope().status(), 400);
    tenant.advance(std::time::Duration::from_secs(1800));
    assert_eq!(scope().status(), 200);
}

#[test]
fn role_assignments_have_a_reach_and_a_name() {
    let (tenant, admin) = with_group();
    let app = tenant.booking_application();
    let assign = |parameters: Value| admin.invoke("New-ManagementRoleAssignment", parameters);
    let (status, _, sentence) = explain(&assign(json!({"App": app.object_id, "Role": "Application Calendars.Read"})));
    assert_eq!(status, 404, "Exchange has no pointer yet");
    assert!(sentence.contains(&app.object_id));
    admin.run(
        "New-ServicePrincipal",
        json!({"AppId": app.client_id, "ObjectId": app.object_id, "DisplayName": "Bookings"}),
    );
    let group = tenant.group(SECURITY_GROUP).unwrap();

    // A group scope is not found by its address.
    let by_address =
        json!({"App": app.object_id, "Role": "Application Calendars.Read", "RecipientGroupScope": SECURITY_GROUP});
    assert_eq!(assign(by_address).status(), 404);
    let created = assign(
        json!({"App": app.client_id, "Role": "Application Calendars.Read", "RecipientGroupScope": group.object_id}),
    )
    .json();
    let row = &created["value"][0];
    assert_eq!(row["Name"], format!("Application Calendars.Read-{}", &app.object_id[..8]));
    assert_eq!((&row["RoleAssignee"], &row["RoleAssigneeType"]), (&json!(app.object_id), &json!("ServicePrincipal")));
    assert_eq!(scope_columns(row), ["Group", &group.name, ""]);
    assert_eq!(row.get("RecipientGroupScope"), None);
    let tested = admin.run("Test-ServicePrincipalAuthorization", json!({"Identity": app.object_id}));
    assert_eq!((&tested[0]["ScopeType"], &tested[0]["AllowedResourceScope"]), (&json!("Group"), &json!(group.name)));
    for identity in [&group.name, &group.guid, &group.distinguished_name] {
        let again =
            json!({"App": app.client_id, "Role": "Application Calendars.Read", "RecipientGroupScope": identity});
        assert!(ends_with(&explain(&assign(again)).1, "ADObjectAlreadyExistsException"));
    }

    let filter = format!("MemberOfGroup -eq '{}'", group.distinguished_name);
    let scope = admin.run("New-ManagementScope", json!({"Name": "app-rooms", "RecipientRestrictionFilter": filter}));
    assert_eq!(
        (&scope[0]["RecipientFilter"], &scope[0]["ScopeRestrictionType"]),
        (&json!(filter), &json!("RecipientScope"))
    );
    // What is read back has been put in order: brackets, and containers in capitals.
    let scope = admin.run("Get-ManagementScope", json!({"Identity": "app-rooms"}));
    let kept = text(&scope[0]["RecipientFilter"]);
    assert!(kept.starts_with("((MemberOfGroup -eq 'CN=PlaceOS Room Booking,OU=CONTOSO.ONMICROSOFT.COM,"), "{kept}");
    let created = assign(json!({"Name": "bookings", "App": app.object_id, "Role": "application calendars.readwrite", "CustomResourceScope": "app-rooms"})).json();
    assert_eq!(created["value"][0]["Role"], "Application Calendars.ReadWrite");
    assert_eq!(scope_columns(&created["value"][0]), ["CustomRecipientScope", "app-rooms", ""]);
    let (status, _, sentence) =
        admin.failure("Remove-ManagementScope", json!({"Identity": "app-rooms", "Confirm": false}));
    assert_eq!(status, 400);
    assert!(sentence.contains("it's being used by one or more management role assignments"));
    assert_eq!(assign(json!({"App": app.object_id, "Role": "Application Nonsense"})).status(), 404);

    let own = admin.run("Get-ManagementRoleAssignment", json!({"RoleAssignee": app.client_id}));
    assert_eq!(own.len(), 2);
    assert!(admin.run("Get-ManagementRoleAssignment", json!({})).len() > 2, "others have assignments too");
    assert_eq!(admin.run("Get-ManagementRoleAssignment", json!({"RoleAssigneeType": "ServicePrincipal"})).len(), 2);
    admin.run("Set-ManagementRoleAssignment", json!({"Identity": "bookings", "Enabled": false}));
    assert!(!tenant.role_assignments(&app).iter().find(|assignment| assignment.name == "bookings").unwrap().enabled);
    admin.run("Remove-ManagementRoleAssignment", json!({"Identity": "bookings", "Confirm": false}));
    admin.run("Remove-ManagementScope", json!({"Identity": "app-rooms", "Confirm": false}));
    assert!(tenant.management_scopes().is_empty());
}

/// The columns that tell where an assignment reaches.
fn scope_columns(row: &Value) -> [&str; 3] {
    ["RecipientWriteScope", "CustomResourceScope", "CustomRecipientWriteScope"]
        .map(|column| row[column].as_str().unwrap_or("not a text"))
}

#[test]
fn access_policies_want_a_security_principal() {
    let (tenant, admin) = with_group();
    let app = tenant.booking_application();
    tenant.add_mailbox(NewMailbox::new(RecipientKind::MailUser, "partner"));
    let new = |scope: &str| {
        admin.invoke(
            "New-ApplicationAccessPolicy",
            json!({"AppId": [app.client_id], "AccessRight": "RestrictAccess", "PolicyScopeGroupID": scope, "Description": " "}),
        )
    };
    let (status, exception, sentence) = explain(&new("building-1@contoso.com"));
    assert_eq!((status, &*exception), (400, "System.ArgumentException"));
    assert_eq!(sentence, "The recipient 'Building 1 Rooms' is not a security principal.");
    for refused in ["boardroom", "projector-1", "reception", "everyone", "facilities"] {
        assert_eq!(new(refused).status(), 400, "{refused}");
    }
    assert_eq!(new("nobody@contoso.com").status(), 404);
    assert_eq!(new("partner@contoso.com").status(), 200);
    let created = new(SECURITY_GROUP).json()["value"][0].take();
    let group = tenant.group(SECURITY_GROUP).unwrap();
    let identity = text(&created["Identity"]);
    assert!(identity.starts_with(&format!("{}\\{}:S-1-5-21-", tenant.id(), app.client_id)), "{identity}");
    assert!(identity.ends_with(&format!(";{}", group.object_id)), "the id of the directory: {identity}");
    assert_eq!((&created["ScopeIdentity"], &created["IsValid"]), (&json!(group.name), &json!(true)));
    assert_eq!((&created["ScopeName"], &created["Description"]), (&json!(group.name), &json!(" ")));
    assert_eq!(new(SECURITY_GROUP).status(), 400);
    let bad = json!({"AppId": "e7e4dbfc-046-4074-9b3b-2ae8f144f59b", "AccessRight": "DenyAccess", "PolicyScopeGroupID": SECURITY_GROUP});
    assert_eq!(admin.invoke("New-ApplicationAccessPolicy", bad).status(), 400);

    // The trap: an identity that is not there returns every policy.
    for identity in [json!(identity), json!("no-such"), json!(null)] {
        let rows = admin.run("Get-ApplicationAccessPolicy", json!({"Identity": identity}));
        assert_eq!(rows.len(), if identity == created["Identity"] { 1 } else { 2 });
    }
    admin.run("Set-ApplicationAccessPolicy", json!({"Identity": identity, "Description": "rooms"}));
    assert_eq!(tenant.access_policies(&app)[1].description, "rooms");
    assert_eq!(
        admin.failure("Remove-ApplicationAccessPolicy", json!({"Identity": "no-such", "Confirm": false})).0,
        404
    );
    admin.run("Remove-ApplicationAccessPolicy", json!({"Identity": identity, "Confirm": false}));
    assert_eq!(tenant.access_policies(&app).len(), 1);
}

#[test]
fn an_answer_can_be_cut_to_selected_properties() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let url = format!("{EXCHANGE}/adminapi/beta/{}/InvokeCommand?$select=Name,Guid", tenant.id());
    let body = json!({"CmdletInput": {"CmdletName": "Get-DistributionGroup", "Parameters": {"Identity": "board"}}});
    let row = tenant.handle(&Request::post(&url).bearer(&admin.exchange).json(&body)).json()["value"][0].take();
    let names: Vec<&String> = row.as_object().unwrap().keys().collect();
    assert_eq!(names, ["Name", "Guid@data.type", "Guid@odata.type", "Guid"]);
}
