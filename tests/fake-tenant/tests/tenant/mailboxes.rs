//! Client access, the switches of EWS, and permissions to whole mailboxes.

use fake_tenant::FakeTenant;
use serde_json::{Value, json};

use crate::{Session, ends_with, text, texts};

const APP: &str = "00000000-1111-4222-8333-444444444444";

fn session() -> (FakeTenant, Session) {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    (tenant, admin)
}

#[test]
fn the_organization_switches_ews_and_lists_who_may_use_it() {
    let (_, admin) = session();
    let read = |parameters: Value| admin.run("Get-OrganizationConfig", parameters).remove(0);
    let set = |parameters: Value| admin.run("Set-OrganizationConfig", parameters);
    let before = read(json!({}));
    assert_eq!((&before["EwsEnabled"], &before["EnforceExoAppRbacPermissions"]), (&Value::Null, &json!(false)));
    set(json!({"EwsEnabled": true, "EwsAllowedAppIDs": format!("{APP}, 11111111-1111-4222-8333-444444444444")}));
    assert_eq!(read(json!({}))["EwsEnabled"], true);
    // The list reads back with the switch only: without it, nothing means nothing.
    assert_eq!(read(json!({}))["EwsAllowedAppIDs"], Value::Null);
    let whole = || read(json!({"RetrieveEwsOperationAccessPolicy": true}))["EwsAllowedAppIDs"].clone();
    assert_eq!(whole(), format!("{APP},11111111-1111-4222-8333-444444444444"));
    set(json!({"EwsAllowedAppIDs": APP}));
    assert_eq!(whole(), APP, "replaced, not added to");
    set(json!({"EwsAllowedAppIDs": null, "EwsEnabled": null}));
    assert_eq!((whole(), read(json!({}))["EwsEnabled"].clone()), (Value::Null, Value::Null));

    set(json!({
        "EwsApplicationAccessPolicy": "EnforceAllowList", "EwsAllowList": ["PlaceOS*"],
        "EnforceExoAppRbacPermissions": true,
    }));
    let tagged = json!({"@odata.type": "#Exchange.GenericHashTable", "Add": ["Outlook*"], "Remove": ["PlaceOS*"]});
    set(json!({"EwsAllowList": tagged}));
    let after = read(json!({}));
    assert_eq!(
        [&after["EwsApplicationAccessPolicy"], &after["EwsAllowList"], &after["EwsBlockList"]],
        [&json!("EnforceAllowList"), &json!(["Outlook*"]), &Value::Null]
    );
    assert_eq!(after["EnforceExoAppRbacPermissions"], true);
    let (status, exception, sentence) =
        admin.failure("Set-OrganizationConfig", json!({"EwsApplicationAccessPolicy": "Everything"}));
    assert_eq!(status, 400);
    assert!(ends_with(&exception, "ParameterTransformationException"));
    assert!(sentence.contains("EnforceAllowList, EnforceBlockList"), "{sentence}");
}

#[test]
fn a_mailbox_has_client_access_settings_of_its_own() {
    let (_, admin) = session();
    let read = |identity: &str| admin.run("Get-CASMailbox", json!({"Identity": identity})).remove(0);
    assert_eq!((&read("boardroom")["EwsEnabled"], &read("boardroom")["ImapEnabled"]), (&Value::Null, &json!(true)));
    admin.run(
        "Set-CASMailbox",
        json!({
            "Identity": "boardroom@contoso.com", "EwsEnabled": false, "ImapEnabled": false,
            "EwsApplicationAccessPolicy": "EnforceBlockList", "EwsBlockList": ["Bad*"],
        }),
    );
    let row = read("boardroom");
    assert_eq!(
        (&row["EwsEnabled"], &row["ImapEnabled"], &row["PopEnabled"]),
        (&json!(false), &json!(false), &json!(true))
    );
    assert_eq!(
        (&row["EwsApplicationAccessPolicy"], &row["EwsBlockList"]),
        (&json!("EnforceBlockList"), &json!(["Bad*"]))
    );
    assert_eq!(read("ceo")["EwsEnabled"], Value::Null, "nobody else's");
    assert_eq!(admin.run("Get-CASMailbox", json!({"RecipientTypeDetails": "RoomMailbox"})).len(), 40);
    assert_eq!(admin.invoke("Get-CASMailbox", json!({"Identity": "facilities"})).status(), 404);
}

#[test]
fn rights_to_a_mailbox_are_given_to_people_and_service_principals() {
    let (tenant, admin) = session();
    let app = tenant.booking_application();
    let read = || admin.run("Get-MailboxPermission", json!({"Identity": "boardroom"}));
    assert_eq!(texts(&read(), "User"), ["NT AUTHORITY\\SELF"]);
    let give =
        |user: &str| json!({"Identity": "boardroom", "User": user, "AccessRights": "FullAccess", "AutoMapping": false});
    assert_eq!(admin.failure("Add-MailboxPermission", give(&app.object_id)).0, 404, "not registered in Exchange");
    admin.run("New-ServicePrincipal", json!({"AppId": app.client_id, "ObjectId": app.object_id}));
    for user in [&*app.object_id, "ceo@contoso.com"] {
        admin.run("Add-MailboxPermission", give(user));
    }
    let rows = read();
    assert_eq!(texts(&rows, "User")[1..], [app.object_id.clone(), "ceo@contoso.com".to_owned()]);
    assert_eq!((&rows[1]["AccessRights"], &rows[1]["Deny"]), (&json!(["FullAccess"]), &json!("False")));
    let again = admin.invoke("Add-MailboxPermission", give("ceo@contoso.com"));
    let warning = text(&again.json()["@adminapi.warnings"][0]);
    assert!(again.status() == 200 && warning.contains("already present"), "{warning}");
    let one = json!({"Identity": "boardroom", "User": app.object_id});
    assert_eq!(admin.run("Get-MailboxPermission", one).len(), 1);
    let take = json!({"Identity": "boardroom", "User": "ceo", "AccessRights": ["FullAccess"], "Confirm": false});
    admin.run("Remove-MailboxPermission", take);
    assert_eq!(texts(&read(), "User").len(), 2);
}
