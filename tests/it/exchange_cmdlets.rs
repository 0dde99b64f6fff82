//! The typed cmdlets against a tenant: what is written is what is read.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use exchange_groups::graph_client::ErrorKind;
use exchange_groups::graph_client::exchange::{
    AddMailboxFolderPermission, AddManagementRoleEntry, AddRoleGroupMember, ApplicationRole, AssignmentScope,
    AutomateProcessing, Cmdlet, CmdletErrorKind as Kind, DepartRestriction, DistinguishedName,
    EnableOrganizationCustomization, ExchangeAdministrativeUnit, FolderRight, FolderUser, GetAdministrativeUnit,
    GetApplicationAccessPolicy, GetCalendarProcessing, GetDistributionGroup, GetMailbox, GetMailboxFolderPermission,
    GetManagementRole, GetManagementRoleAssignment, GetManagementRoleEntry, GetManagementScope, GetOrganizationConfig,
    GetPlace, GetRecipient, GetRoleGroup, GetRoleGroupMember, Identity, ListChange, MailboxFolder, ManagementRoleEntry,
    NewApplicationAccessPolicy, NewDistributionGroup, NewManagementRole, NewManagementRoleAssignment,
    NewManagementScope, NewRoleGroup, NewServicePrincipal, ObjectName, OpathFilter, PlaceType, Property, RawCmdlet,
    RemoveApplicationAccessPolicy, RemoveDistributionGroup, RemoveMailboxFolderPermission, RemoveManagementRole,
    RemoveManagementRoleAssignment, RemoveManagementRoleEntry, RemoveManagementScope, RemoveRoleGroup,
    RemoveRoleGroupMember, RemoveServicePrincipal, RoleEntryIdentity, SetApplicationAccessPolicy,
    SetCalendarProcessing, SetDistributionGroup, SetMailbox, SetMailboxFolderPermission, SetManagementScope, SetPlace,
};
use exchange_groups_tests::Contoso;
use serde_json::{Value, json};

#[tokio::test]
async fn any_cmdlet_runs_by_its_name_with_the_callers_own_output() {
    let contoso = Contoso::start().await;
    let raw = RawCmdlet::<Vec<Value>>::new("Get-Recipient").unwrap();
    let raw =
        raw.parameter("RecipientTypeDetails", ["RoomMailbox"]).unwrap().parameter("ResultSize", "Unlimited").unwrap();
    let rooms = contoso.run(raw).await;
    assert_eq!(rooms.len(), contoso.rooms().len());
    let unknown = RawCmdlet::<()>::new("Remove-Everything").unwrap();
    let error = contoso.client.exchange().run(unknown).await.expect_err("no such cmdlet");
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Denied, "Remove-Everything (Run Remove-Everything)"));
}

#[tokio::test]
async fn a_group_lives_and_dies() {
    let contoso = Contoso::start().await;
    let made = NewDistributionGroup::security("keepers".parse().unwrap())
        .alias("keepers".parse().unwrap())
        .owner("exchange.admin@contoso.com".parse::<Identity>().unwrap())
        .members(["boardroom@contoso.com".parse::<Identity>().unwrap()])
        .depart_restriction(DepartRestriction::Closed)
        .require_sender_authentication(true)
        .ignore_naming_policy();
    let made = contoso.run(made).await;
    let identity = made.identity().unwrap();
    contoso
        .run(SetDistributionGroup::new(&identity).hidden_from_address_lists(true).custom_attribute(1, "B42").unwrap())
        .await;
    let filter = OpathFilter::equals(&Property::EMAIL_ADDRESSES, "keepers@contoso.com").unwrap();
    let found = contoso.run(GetDistributionGroup::matching(filter).security_groups()).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].hidden_from_address_lists_enabled, Some(true));
    let nobody = OpathFilter::equals(&Property::EMAIL_ADDRESSES, "nobody@contoso.com").unwrap();
    assert!(contoso.run(GetDistributionGroup::matching(nobody)).await.is_empty());
    contoso.run(RemoveDistributionGroup::of(&found[0]).unwrap()).await;
    let error = contoso.client.exchange().run(GetDistributionGroup::one(&identity)).await.expect_err("no group");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_policy_is_described_and_removed_by_its_whole_identity() {
    let contoso = Contoso::start().await;
    let app = contoso.booking.client_id.parse().unwrap();
    let board = contoso.run(GetRecipient::new("board@contoso.com".parse::<Identity>().unwrap())).await.remove(0);
    let room = contoso.run(GetRecipient::new("boardroom@contoso.com".parse::<Identity>().unwrap())).await.remove(0);
    assert!(NewApplicationAccessPolicy::restrict_to(app, &room).is_err());
    contoso.run(NewApplicationAccessPolicy::restrict_to(app, &board).unwrap()).await;
    let policies = contoso.run(GetApplicationAccessPolicy::all()).await;
    let identity = policies[0].exact_identity().unwrap();
    contoso.run(SetApplicationAccessPolicy::new(identity.clone(), "the board alone")).await;
    assert_eq!(contoso.run(GetApplicationAccessPolicy::all()).await[0].description.as_deref(), Some("the board alone"));
    contoso.run(RemoveApplicationAccessPolicy::new(identity)).await;
    assert!(contoso.run(GetApplicationAccessPolicy::all()).await.is_empty());
}

#[tokio::test]
async fn a_scope_is_made_from_a_group_previewed_used_and_removed() {
    let contoso = Contoso::start().await;
    let group = NewDistributionGroup::security("scoped".parse().unwrap())
        .owner("exchange.admin@contoso.com".parse::<Identity>().unwrap())
        .members(["boardroom@contoso.com".parse::<Identity>().unwrap()]);
    contoso.run(group).await;
    let group = contoso.run(GetDistributionGroup::one("scoped".parse::<Identity>().unwrap())).await.remove(0);
    let dn: DistinguishedName = group.distinguished_name.as_deref().unwrap().parse().unwrap();
    let reached = contoso.run(GetRecipient::matching(OpathFilter::member_of(&dn)).of_type(&["RoomMailbox"])).await;
    assert_eq!(reached.len(), 1);

    let name: ObjectName = "scoped-rooms".parse().unwrap();
    contoso.run(NewManagementScope::members_of(name.clone(), &dn)).await;
    let scopes = contoso.run(GetManagementScope::all()).await;
    let scope = scopes.iter().find(|scope| scope.is_about(&dn)).expect("the scope of the group");
    assert_eq!(scope.name.as_deref(), Some("scoped-rooms"));

    let principal = contoso.booking.object_id.parse().unwrap();
    contoso.run(NewServicePrincipal::new(contoso.booking.client_id.parse().unwrap(), principal)).await;
    let scope = AssignmentScope::Custom(name.clone());
    contoso.run(NewManagementRoleAssignment::new(principal, ApplicationRole::CalendarsRead, scope)).await;
    let in_use = contoso.client.exchange().run(RemoveManagementScope::new(scope_identity())).await;
    assert_eq!(in_use.expect_err("in use").cmdlet().map(|cmdlet| cmdlet.kind), Some(Kind::InUse));
    let wider = OpathFilter::member_of(&dn).or(OpathFilter::equals(&Property::ALIAS, "boardroom").unwrap());
    contoso.run(SetManagementScope::filter(scope_identity(), wider)).await;

    for held in contoso.run(GetManagementRoleAssignment::of(principal)).await {
        let identity = held.identity.or(held.name).unwrap();
        contoso.run(RemoveManagementRoleAssignment::new(identity.parse::<Identity>().unwrap())).await;
    }
    contoso.run(RemoveManagementScope::new(scope_identity())).await;
    contoso.run(RemoveServicePrincipal::new(principal)).await;
    assert!(contoso.run(GetManagementScope::all()).await.iter().all(|scope| !scope.is_about(&dn)));
}

fn scope_identity() -> Identity {
    "scoped-rooms".parse().unwrap()
}

#[tokio::test]
async fn a_list_of_owners_is_changed_by_a_tagged_table() {
    let contoso = Contoso::start().await;
    let change = ListChange::Alter {
        add: vec!["adele.vance@contoso.com".parse::<Identity>().unwrap()],
        remove: vec!["exchange.admin@contoso.com".parse::<Identity>().unwrap()],
    };
    let group = NewDistributionGroup::security("owned".parse().unwrap())
        .owner("exchange.admin@contoso.com".parse::<Identity>().unwrap());
    let group = contoso.run(group).await.identity().unwrap();
    contoso.run(SetDistributionGroup::new(&group).owners(change)).await;
    let adele = GetDistributionGroup::owned_by("adele.vance@contoso.com".parse::<Identity>().unwrap());
    assert_eq!(contoso.run(adele).await.len(), 1);
    let config = contoso.run(GetOrganizationConfig::new().select([Property::NAME])).await;
    assert!(!config.name.is_empty());
}

fn boardroom() -> Identity {
    "boardroom@contoso.com".parse().unwrap()
}

fn adele() -> Identity {
    "adele.vance@contoso.com".parse().unwrap()
}

#[tokio::test]
async fn a_room_takes_meetings_by_the_rules_that_were_set() {
    let contoso = Contoso::start().await;
    let wanted = SetCalendarProcessing::new(boardroom())
        .automate_processing(AutomateProcessing::AutoAccept)
        .delete_subject(false)
        .add_organizer_to_subject(false)
        .booking_window_in_days(365_u32)
        .book_in_policy(ListChange::Replace(vec![adele()]));
    contoso.run(wanted).await;
    let present = contoso.run(GetCalendarProcessing::new(boardroom())).await;
    assert_eq!((present.delete_subject, present.booking_window_in_days), (Some(false), Some(365)));
    assert_eq!(present.book_in_policy.len(), 1);
}

#[tokio::test]
async fn a_place_has_what_was_said_of_it() {
    let contoso = Contoso::start().await;
    let set = SetPlace::new(boardroom()).capacity(14_u32).building("Building 42").floor_label("Top");
    contoso.run(set.tags(ListChange::Replace(vec!["whiteboard".into()]))).await;
    let place = contoso.run(GetPlace::one(boardroom())).await.remove(0);
    assert_eq!((place.capacity, place.building.as_deref()), (Some(14), Some("Building 42")));
    assert_eq!(place.tags, ["whiteboard"]);
    assert_eq!(contoso.run(GetPlace::all(PlaceType::Room)).await.len(), contoso.rooms().len());
    assert_eq!(contoso.run(GetPlace::all(PlaceType::RoomList)).await.len(), 3);
}

#[tokio::test]
async fn rights_in_a_calendar_come_change_and_go() {
    let contoso = Contoso::start().await;
    let calendar = || MailboxFolder::calendar(boardroom());
    contoso.run(AddMailboxFolderPermission::new(calendar(), adele(), [FolderRight::Reviewer])).await;
    let read = || GetMailboxFolderPermission::new(calendar()).user(adele());
    assert!(contoso.run(read()).await[0].grants(FolderRight::Reviewer));
    contoso.run(SetMailboxFolderPermission::new(calendar(), adele(), [FolderRight::Editor])).await;
    assert!(contoso.run(read()).await[0].grants(FolderRight::Editor));
    contoso.run(SetMailboxFolderPermission::new(calendar(), FolderUser::Default, [FolderRight::LimitedDetails])).await;
    contoso.run(RemoveMailboxFolderPermission::new(calendar(), adele())).await;
    let left = contoso.run(GetMailboxFolderPermission::new(calendar())).await;
    let users: Vec<_> = left.iter().filter_map(|permission| permission.user.as_deref()).collect();
    assert!(users.contains(&"Default") && users.len() == 2, "{users:?}");
}

#[tokio::test]
async fn a_role_group_gets_and_loses_members() {
    let contoso = Contoso::start().await;
    let name: Identity = "Room keepers".parse().unwrap();
    let group = NewRoleGroup::new("Room keepers".parse().unwrap()).role("Mail Recipients").description("Rooms alone");
    contoso.run(group.clone()).await;
    let again = contoso.client.exchange().run(group).await.expect_err("it exists");
    assert_eq!(again.cmdlet().map(|cmdlet| cmdlet.kind), Some(Kind::AlreadyExists));
    contoso.run(AddRoleGroupMember::new(&name, adele())).await;
    assert_eq!(contoso.run(GetRoleGroupMember::new(&name)).await.len(), 1);
    assert_eq!(contoso.run(GetRoleGroup::one(&name)).await[0].name.as_deref(), Some("Room keepers"));
    contoso.run(RemoveRoleGroupMember::new(&name, adele())).await;
    assert!(contoso.run(GetRoleGroupMember::new(&name)).await.is_empty());
    contoso.run(RemoveRoleGroup::new(&name)).await;
    assert_eq!(
        contoso.client.exchange().run(GetRoleGroup::one(&name)).await.map_err(|error| error.kind()).err(),
        Some(ErrorKind::NotFound)
    );
}

#[tokio::test]
async fn a_role_is_found_by_what_it_gives() {
    let contoso = Contoso::start().await;
    let roles = contoso
        .run(GetManagementRole::giving("Add-DistributionGroupMember", ["BypassSecurityGroupManagerCheck"]))
        .await;
    assert!(!roles.is_empty());
    let misspelt = GetManagementRole::giving("Add-DistributionGroupMember; x", Vec::<String>::new());
    let error = contoso.client.exchange().run(misspelt).await.expect_err("no cmdlet's name");
    assert_eq!(error.kind(), ErrorKind::Input);
}

#[tokio::test]
async fn a_tenant_is_customised_once() {
    let contoso = Contoso::start().await;
    let again = contoso.client.exchange().run(EnableOrganizationCustomization::new()).await;
    assert!(again.is_err(), "Contoso is customised already");
    assert_eq!(contoso.run(GetOrganizationConfig::new()).await.is_dehydrated, Some(false));
}

/// What a command is: the parameters on the wire, the sentence and the line of PowerShell.
fn readings<C: Cmdlet>(cmdlet: &C) -> (Value, String, String) {
    (serde_json::to_value(cmdlet).unwrap(), cmdlet.to_string(), cmdlet.powershell().unwrap())
}

/// Source: the page of `Get-AdministrativeUnit`, its second example and the values of `Identity`.
#[test]
fn an_administrative_unit_is_read_by_any_of_its_names() {
    let unit = GetAdministrativeUnit::one("West Coast".parse::<Identity>().unwrap());
    let (wire, sentence, line) = readings(&unit);
    assert_eq!(wire, json!({ "Identity": "West Coast" }));
    assert_eq!(sentence, "Read the administrative unit West Coast");
    assert_eq!(line, "Get-AdministrativeUnit -Identity 'West Coast'");
    assert_eq!(readings(&GetAdministrativeUnit::all()).2, "Get-AdministrativeUnit");
    let row: ExchangeAdministrativeUnit = serde_json::from_value(json!({
        "DisplayName": "West Coast",
        "ExternalDirectoryObjectId": "5a0d9c1e-7c34-4f0b-b8f4-9a1c2f3d4e05",
        "Name": "2b6f0a4d-0c11-4c8e-9d54-7e1f2a3b4c06",
        "Guid": "",
    }))
    .unwrap();
    assert_eq!(row.external_directory_object_id, "5a0d9c1e-7c34-4f0b-b8f4-9a1c2f3d4e05".parse().ok());
    assert_eq!((row.display_name.as_deref(), row.guid), (Some("West Coast"), None));
}

/// Source: the page of `Set-Mailbox`, parameters `Identity` and `HiddenFromAddressListsEnabled`.
#[tokio::test]
async fn a_mailbox_is_hidden_from_address_lists_and_shown_again() {
    let hide = SetMailbox::new(boardroom()).hidden_from_address_lists(true);
    let (wire, sentence, line) = readings(&hide);
    let expected =
        json!({ "Identity": "boardroom@contoso.com", "HiddenFromAddressListsEnabled": true, "Confirm": false });
    assert_eq!(wire, expected);
    assert_eq!(sentence, "Change the mailbox boardroom@contoso.com: HiddenFromAddressListsEnabled true");
    assert_eq!(
        line,
        "Set-Mailbox -Identity 'boardroom@contoso.com' -HiddenFromAddressListsEnabled:$true -Confirm:$false"
    );
    let contoso = Contoso::start().await;
    contoso.run(hide).await;
    let is_hidden =
        || async { contoso.run(GetMailbox::one(boardroom())).await.remove(0).hidden_from_address_lists_enabled };
    assert_eq!(is_hidden().await, Some(true));
    contoso.run(SetMailbox::new(boardroom()).hidden_from_address_lists(false)).await;
    assert_eq!(is_hidden().await, Some(false));
}

/// Source: the examples of the pages of the five cmdlets.
#[test]
fn a_role_is_cut_to_what_it_must_contain() {
    let name = || "Redmond Journaling View-Only".parse::<ObjectName>().unwrap();
    let parent = || "Journaling".parse::<Identity>().unwrap();
    let (wire, sentence, line) = readings(&NewManagementRole::new(name(), parent()));
    assert_eq!(wire, json!({ "Name": "Redmond Journaling View-Only", "Parent": "Journaling" }));
    assert_eq!(sentence, "Create the role \"Redmond Journaling View-Only\" from the role Journaling");
    assert_eq!(line, "New-ManagementRole -Name 'Redmond Journaling View-Only' -Parent 'Journaling'");
    let cut = NewManagementRole::new(name(), parent()).cmdlet("Get-JournalRule").description("Reads alone");
    let expected = json!({
        "Name": "Redmond Journaling View-Only", "Parent": "Journaling", "EnabledCmdlets": ["Get-JournalRule"],
        "Description": "Reads alone",
    });
    assert_eq!(readings(&cut).0, expected);
    assert!(NewManagementRole::new(name(), parent()).cmdlet("Get-*").powershell().is_err());

    let rules = "Transport Rules".parse().unwrap();
    let (wire, sentence, line) = readings(&GetManagementRoleEntry::of_role(&rules));
    assert_eq!(wire, json!({ "Identity": "Transport Rules\\*", "ResultSize": "Unlimited" }));
    assert_eq!(sentence, "List the entries of the role \"Transport Rules\"");
    assert_eq!(line, "Get-ManagementRoleEntry -Identity 'Transport Rules\\*' -ResultSize 'Unlimited'");
    let entries = GetManagementRoleEntry::of_cmdlet("Get-Recipient").unwrap();
    assert_eq!(readings(&entries).0["Identity"], "*\\Get-Recipient");
    assert_eq!(entries.to_string(), "List the role entries of Get-Recipient");
    let entry = RoleEntryIdentity::new(&"Tier 2 Help Desk".parse().unwrap(), "Set-Mailbox").unwrap();
    assert_eq!(GetManagementRoleEntry::one(&entry).to_string(), "Read the role entry Tier 2 Help Desk\\Set-Mailbox");

    let entry: RoleEntryIdentity = "Recipient Administrators\\Get-Mailbox".parse().unwrap();
    let (wire, sentence, line) =
        readings(&AddManagementRoleEntry::new(entry).parameter("Identity").parameter("Filter"));
    let expected = json!({ "Identity": "Recipient Administrators\\Get-Mailbox", "Parameters": ["Identity", "Filter"] });
    assert_eq!(wire, expected);
    assert_eq!(sentence, "Add the role entry Recipient Administrators\\Get-Mailbox with Identity, Filter");
    assert_eq!(
        line,
        "Add-ManagementRoleEntry -Identity 'Recipient Administrators\\Get-Mailbox' -Parameters @('Identity','Filter')"
    );

    let read: ManagementRoleEntry = serde_json::from_value(json!({
        "Role": "Tier 1 Help Desk", "Name": "New-Mailbox", "Parameters": ["Name", "Room"], "Type": "Cmdlet",
    }))
    .unwrap();
    let (wire, sentence, line) = readings(&RemoveManagementRoleEntry::new(read.identity().unwrap()));
    assert_eq!(wire, json!({ "Identity": "Tier 1 Help Desk\\New-Mailbox", "Confirm": false }));
    assert_eq!(sentence, "Remove the role entry Tier 1 Help Desk\\New-Mailbox");
    assert_eq!(line, "Remove-ManagementRoleEntry -Identity 'Tier 1 Help Desk\\New-Mailbox' -Confirm:$false");
    assert!(ManagementRoleEntry::default().identity().is_err());

    let remove = RemoveManagementRole::new("ExampleRole2".parse::<Identity>().unwrap());
    assert_eq!(readings(&remove).0, json!({ "Identity": "ExampleRole2", "Confirm": false }));
    assert_eq!(remove.to_string(), "Remove the role ExampleRole2");
    let (wire, sentence, line) = readings(&remove.with_child_roles());
    assert_eq!(wire, json!({ "Identity": "ExampleRole2", "Recurse": true, "Confirm": false }));
    assert_eq!(sentence, "Remove the role ExampleRole2 with all its child roles");
    assert_eq!(line, "Remove-ManagementRole -Identity 'ExampleRole2' -Recurse:$true -Confirm:$false");
}
