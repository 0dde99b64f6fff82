//! What identifies a recipient, and kinds of recipients that are taken for others.

use fake_tenant::{FakeTenant, NewGroup, NewMailbox, RecipientKind};
use serde_json::{Value, json};

use crate::{Session, text, texts};

#[test]
fn a_name_that_looks_like_an_address_is_found_by_identity_and_not_by_address() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let wanted = "placeosroombooking@contoso.com";
    tenant.add_group(NewGroup::security("board-secrets").name(wanted).members(["ceo"]));
    let found = admin.run("Get-DistributionGroup", json!({"Identity": wanted}));
    assert_eq!(texts(&found, "PrimarySmtpAddress"), ["board-secrets@contoso.com"]);
    let filter = |text: &str| admin.run("Get-Recipient", json!({"Filter": format!("EmailAddresses -eq '{text}'")}));
    assert!(filter(wanted).is_empty(), "nobody has that address");
    for written in ["board-secrets@contoso.com", "smtp:board-secrets@contoso.com", "BOARD-SECRETS@contoso.com"] {
        assert_eq!(texts(&filter(written), "Name"), [wanted], "{written}");
    }
    // The address is free: a group of ours may have it, and is then one of two that the text identifies.
    admin.run("New-DistributionGroup", json!({"Name": "Bookable", "PrimarySmtpAddress": wanted, "Type": "Security"}));
    assert_eq!(admin.failure("Get-DistributionGroup", json!({"Identity": wanted})).0, 500);
    assert_eq!(texts(&filter(wanted), "Name"), ["Bookable"]);
}

#[test]
fn recipients_are_identified_by_each_of_their_names() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    tenant.add_mailbox(NewMailbox::room("kiosk").display_name("Kiosk, east").proxy_address("kiosk-old"));
    let room = admin.run("Get-Mailbox", json!({"Identity": "kiosk"})).remove(0);
    let canonical = format!(
        "EURPR01A001.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/contoso.onmicrosoft.com/{}",
        text(&room["Name"])
    );
    let names =
        ["Name", "Alias", "DistinguishedName", "Guid", "ExchangeGuid", "ExternalDirectoryObjectId", "LegacyExchangeDN"];
    let names = names.map(|name| text(&room[name]));
    let others = [canonical, "kiosk@contoso.com".to_owned(), "kiosk-old@contoso.com".to_owned()];
    for name in names.iter().chain(&others) {
        assert_eq!(admin.run("Get-Recipient", json!({"Identity": name}))[0]["Guid"], room["Guid"], "{name}");
    }
    assert_eq!(admin.invoke("Get-Recipient", json!({"Identity": "Kiosk, east"})).status(), 404);
}

#[test]
fn workspaces_are_rooms_with_another_resource_type() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    tenant.add_mailbox(NewMailbox::workspace("desks-3"));
    for cmdlet in ["Get-Mailbox", "Get-Recipient"] {
        let row = |identity: &str| admin.run(cmdlet, json!({"Identity": identity})).remove(0);
        let kind = |row: Value| (text(&row["RecipientTypeDetails"]), text(&row["ResourceType"]));
        let expected = |details: &str, resource: &str| (details.to_owned(), resource.to_owned());
        assert_eq!(kind(row("desks-3")), expected("RoomMailbox", "Workspace"), "{cmdlet}");
        assert_eq!(kind(row("boardroom")), expected("RoomMailbox", "Room"), "{cmdlet}");
        assert_eq!(kind(row("projector-1")), expected("EquipmentMailbox", "Equipment"), "{cmdlet}");
        assert_eq!(row("ceo")["ResourceType"], Value::Null, "{cmdlet}");
    }
    let rooms = admin.run("Get-Mailbox", json!({"RecipientTypeDetails": "RoomMailbox"}));
    assert!(texts(&rooms, "Alias").contains(&"desks-3".to_owned()));
    let of_kind = |kind: &str| {
        let filter = format!("RecipientTypeDetails -eq 'RoomMailbox' -and ResourceType -eq '{kind}'");
        texts(&admin.run("Get-Mailbox", json!({"Filter": filter})), "Alias")
    };
    assert_eq!(of_kind("Workspace"), ["desks-3"]);
    assert_eq!(of_kind("Room").len(), 40);
}

#[test]
fn room_lists_hold_rooms_on_premises_and_other_room_lists() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    tenant.add_mailbox(NewMailbox::remote_room("annex"));
    tenant.add_room_list("campus", ["building-1", "building-2", "annex"]);
    let members = admin.run("Get-DistributionGroupMember", json!({"Identity": "campus"}));
    assert_eq!(texts(&members, "RecipientTypeDetails"), ["RoomList", "RoomList", "RemoteRoomMailbox"]);
    assert_eq!(texts(&members, "RecipientType")[2], "MailUser");
    assert_eq!(admin.invoke("Get-Mailbox", json!({"Identity": "annex"})).status(), 404, "no mailbox here");
    assert_eq!(admin.run("Get-Recipient", json!({"Identity": "annex"}))[0]["IsDirSynced"], true);
}

#[test]
fn in_a_hybrid_tenant_a_mail_user_may_have_the_address_of_a_mailbox() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    tenant.add_mailbox(NewMailbox::new(RecipientKind::MailUser, "ceo").dir_synced().shares_address());
    let found = admin.run("Get-Recipient", json!({"Filter": "EmailAddresses -eq 'ceo@contoso.com'"}));
    assert_eq!(texts(&found, "RecipientTypeDetails"), ["UserMailbox", "MailUser"]);
    assert_ne!(found[0]["ExternalDirectoryObjectId"], found[1]["ExternalDirectoryObjectId"]);
    assert_eq!(admin.failure("Get-Recipient", json!({"Identity": "ceo@contoso.com"})).0, 500);
    assert_eq!(admin.run("Get-Mailbox", json!({"Identity": "ceo@contoso.com"})).len(), 1, "only one is a mailbox");
}

#[test]
fn groups_of_every_kind_are_read_by_their_own_cmdlets() {
    let tenant = FakeTenant::contoso();
    let admin = Session::administrator(&tenant);
    let group = |identity: &str| admin.run("Get-Group", json!({"Identity": identity})).remove(0);
    assert_eq!(group("everyone")["RecipientTypeDetails"], "GroupMailbox");
    assert_eq!(group("board")["RecipientTypeDetails"], "MailUniversalSecurityGroup");
    assert_eq!(group("board")["DistinguishedName"], tenant.group("board@contoso.com").unwrap().distinguished_name);
    let unified = admin.run("Get-UnifiedGroup", json!({}));
    assert_eq!(texts(&unified, "PrimarySmtpAddress"), ["everyone@contoso.com"]);
    assert_eq!(unified[0]["AccessType"], "Private");
    assert_eq!(admin.invoke("Get-UnifiedGroup", json!({"Identity": "board"})).status(), 404);
    assert_eq!(admin.invoke("Get-DistributionGroup", json!({"Identity": "everyone"})).status(), 404);
}
