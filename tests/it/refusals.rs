//! What cannot be done is said before anything is written, with what to do about it.

use exchange_groups::graph_client::exchange::CmdletErrorKind;
use exchange_groups::graph_client::{Client, ClientSecret, Cloud, ErrorKind as ServiceErrorKind};
use exchange_groups::{ErrorKind, ExchangeGroups, FindingKind, RestrictedCalendarGroup, Rooms, Severity, Verdict};
use exchange_groups_tests::{Contoso, GROUP, OWNER, quick_retries};
use fake_tenant::{DirectoryRole, FakeTenant, Matcher, NewGroup, NewMailbox, RecipientKind};
use serde_json::json;
use wiremock::matchers::{any, body_partial_json};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Plans, and insists that this finding blocks the plan, says all of `words`, and that nothing is written, not even by
/// applying.
async fn assert_blocked(contoso: &Contoso, spec: &RestrictedCalendarGroup, kind: FindingKind, words: &[&str]) {
    let plan = contoso.plan(spec).await;
    let Some(finding) = plan.blockers().find(|finding| finding.kind == kind) else {
        panic!("{kind:?} does not block\n{plan}")
    };
    for word in words {
        assert!(finding.to_string().contains(word), "{word:?} is not in: {finding}");
    }
    assert!(!finding.advice.text.is_empty());
    assert!(plan.to_string().contains(&finding.message), "an administrator sees it in the plan");
    let error = contoso.groups.apply(&plan).await.expect_err("a blocked plan");
    assert_eq!(error.kind(), ErrorKind::Blocked);
    assert!(error.findings().iter().any(|found| found.kind == kind), "it is found again");
    assert!(error.to_string().contains(&finding.advice.to_string()), "{error}");
    assert_eq!(contoso.tenant.writes(), []);
}

#[tokio::test]
async fn a_distribution_list_at_the_address_blocks() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_group(NewGroup::distribution(GROUP));
    let words = [GROUP, "MailUniversalDistributionGroup", "Choose another address"];
    assert_blocked(&contoso, &contoso.rbac().build().unwrap(), FindingKind::WrongGroupType, &words).await;
}

#[tokio::test]
async fn a_room_list_at_the_address_blocks() {
    let contoso = Contoso::start().await;
    let spec = RestrictedCalendarGroup::placeos("building-1@contoso.com", &*contoso.booking.client_id)
        .owner(OWNER)
        .must_not_reach("ceo@contoso.com")
        .build()
        .unwrap();
    let words = ["building-1@contoso.com", "RoomList", "Choose another address"];
    assert_blocked(&contoso, &spec, FindingKind::WrongGroupType, &words).await;
}

#[tokio::test]
async fn a_microsoft_365_group_at_the_address_blocks() {
    let contoso = Contoso::start().await;
    let spec = RestrictedCalendarGroup::placeos("everyone@contoso.com", &*contoso.booking.client_id)
        .owner(OWNER)
        .must_not_reach("ceo@contoso.com")
        .build()
        .unwrap();
    let words = ["everyone@contoso.com", "GroupMailbox", "Choose another address"];
    assert_blocked(&contoso, &spec, FindingKind::AddressTaken, &words).await;
}

#[tokio::test]
async fn a_mailbox_at_the_address_blocks() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_person("placeosroombooking");
    let words = [GROUP, "UserMailbox", "Choose another address"];
    assert_blocked(&contoso, &contoso.rbac().build().unwrap(), FindingKind::AddressTaken, &words).await;
}

#[tokio::test]
async fn a_mailbox_that_has_the_address_as_a_second_one_blocks() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_mailbox(NewMailbox::shared("old-booking").proxy_address(GROUP));
    let words = [GROUP, "SharedMailbox", "old-booking@contoso.com"];
    assert_blocked(&contoso, &contoso.rbac().build().unwrap(), FindingKind::AddressTaken, &words).await;
}

#[tokio::test]
async fn a_contact_at_the_address_blocks() {
    let tenant = FakeTenant::contoso();
    let server = MockServer::builder().start().await;
    let contact = json!({"value": [{
        "RecipientTypeDetails": "MailContact",
        "RecipientType": "MailContact",
        "DisplayName": "PlaceOS Support",
        "PrimarySmtpAddress": GROUP,
        "Guid": "21f0b6c3-9d1f-4c55-8f38-1b2c3d4e5f07",
        "ExternalDirectoryObjectId": "",
    }]});
    let look_up = json!({"CmdletInput": {"CmdletName": "Get-Recipient", "Parameters": {"Identity": GROUP}}});
    Mock::given(body_partial_json(look_up))
        .respond_with(ResponseTemplate::new(200).set_body_json(contact))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(any()).respond_with(tenant.clone()).mount(&server).await;
    let (admin, booking) = (tenant.administrator(), tenant.booking_application());
    let client = Client::builder()
        .tenant(tenant.initial_domain())
        .credential(ClientSecret::new(admin.client_id.parse().unwrap(), admin.secret()))
        .cloud(Cloud::custom(server.uri(), server.uri(), server.uri()).unwrap())
        .retry(quick_retries())
        .build()
        .unwrap();
    let spec = RestrictedCalendarGroup::placeos(GROUP, &*booking.client_id).owner(OWNER).build().unwrap();
    let plan = ExchangeGroups::new(client).plan(&spec).await.unwrap();
    let finding = plan.blockers().find(|finding| finding.kind == FindingKind::AddressTaken).expect("a finding");
    assert!(finding.message.contains("MailContact") && finding.message.contains("PlaceOS Support"), "{finding}");
    assert_eq!(tenant.write_count(), 0);
}

#[tokio::test]
async fn a_name_that_another_group_has_blocks() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_group(NewGroup::security("other-group").display_name("PlaceOS Room Booking"));
    let words = ["PlaceOS Room Booking", "other-group@contoso.com", "Choose another name"];
    assert_blocked(&contoso, &contoso.rbac().build().unwrap(), FindingKind::NameTaken, &words).await;
}

#[tokio::test]
async fn an_unknown_owner_blocks() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().owner("nobody@contoso.com").build().unwrap();
    assert_blocked(&contoso, &spec, FindingKind::UnknownOwner, &["nobody@contoso.com", "existing mailbox"]).await;
}

#[tokio::test]
async fn an_owner_that_can_own_nothing_blocks() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().owner("facilities@contoso.com").build().unwrap();
    let words = ["facilities@contoso.com", "MailUniversalDistributionGroup", "mail-enabled security group"];
    assert_blocked(&contoso, &spec, FindingKind::UnfitOwner, &words).await;
}

#[tokio::test]
async fn a_named_room_that_is_no_room_mailbox_blocks() {
    let contoso = Contoso::start().await;
    contoso.tenant.disable_mailbox("room-b1-0101@contoso.com");
    contoso.tenant.add_mailbox(NewMailbox::new(RecipientKind::RemoteRoomMailbox, "basement"));
    for (address, words) in [
        ("nowhere@contoso.com", ["does not exist", "Correct the address"]),
        ("adele.vance@contoso.com", ["UserMailbox", "under mailboxes"]),
        ("projector-1@contoso.com", ["EquipmentMailbox", "under mailboxes"]),
        ("room-b1-0101@contoso.com", ["MailUser", "only room mailboxes"]),
        ("basement@contoso.com", ["RemoteRoomMailbox", "only room mailboxes"]),
        ("building-1@contoso.com", ["RoomList", "only room mailboxes"]),
    ] {
        let rooms = Rooms::at(["boardroom@contoso.com", address]);
        let spec = contoso.rbac().rooms(rooms).build().unwrap();
        assert_blocked(&contoso, &spec, FindingKind::UnmatchedRoom, &[address, words[0], words[1]]).await;
    }
}

#[tokio::test]
async fn a_member_of_a_room_list_that_is_no_room_warns_and_is_left_out() {
    let contoso = Contoso::start().await;
    contoso.tenant.disable_mailbox("room-b2-0102@contoso.com");
    let spec = contoso.rbac().rooms(Rooms::in_list("building-2@contoso.com")).build().unwrap();
    let plan = contoso.plan(&spec).await;
    let finding = plan.findings.iter().find(|finding| finding.kind == FindingKind::NotARoom).expect("a finding");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.message.contains("room-b2-0102@contoso.com"), "{finding}");
    assert_eq!(plan.rooms, 12);
}

#[tokio::test]
async fn a_room_list_that_is_none_blocks() {
    let contoso = Contoso::start().await;
    for (address, word) in [
        ("nowhere@contoso.com", "does not exist"),
        ("facilities@contoso.com", "MailUniversalDistributionGroup"),
        ("board@contoso.com", "MailUniversalSecurityGroup"),
    ] {
        let spec = contoso.rbac().rooms(Rooms::in_list(address)).build().unwrap();
        assert_blocked(&contoso, &spec, FindingKind::NotARoomList, &[address, word, "room list"]).await;
    }
}

#[tokio::test]
async fn an_unknown_application_blocks() {
    let contoso = Contoso::start().await;
    let stranger = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01";
    let spec = RestrictedCalendarGroup::placeos(GROUP, stranger)
        .owner(OWNER)
        .must_not_reach("ceo@contoso.com")
        .build()
        .unwrap();
    assert_blocked(&contoso, &spec, FindingKind::UnknownApplication, &[stranger, "client id", "admin consent"]).await;
}

#[tokio::test]
async fn the_object_id_of_an_application_is_not_taken_for_its_client_id() {
    let contoso = Contoso::start().await;
    let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.object_id)
        .owner(OWNER)
        .must_not_reach("ceo@contoso.com")
        .build()
        .unwrap();
    assert_blocked(&contoso, &spec, FindingKind::UnknownApplication, &["not an object id"]).await;
}

#[tokio::test]
async fn a_domain_that_is_not_accepted_blocks() {
    let contoso = Contoso::start().await;
    let spec = RestrictedCalendarGroup::placeos("rooms@fabrikam.com", &*contoso.booking.client_id)
        .owner(OWNER)
        .must_not_reach("ceo@contoso.com")
        .build()
        .unwrap();
    let words = ["rooms@fabrikam.com", "contoso.com", "contoso.onmicrosoft.com"];
    assert_blocked(&contoso, &spec, FindingKind::DomainNotAccepted, &words).await;

    contoso.tenant.add_accepted_domain("fabrikam.com");
    assert!(!contoso.plan(&spec).await.is_blocked());
}

#[tokio::test]
async fn a_tenant_that_was_never_customised_blocks_a_role_and_not_a_policy() {
    let contoso = Contoso::start().await;
    contoso.tenant.set_dehydrated(true);
    let words = ["Enable-OrganizationCustomization"];
    assert_blocked(&contoso, &contoso.rbac().build().unwrap(), FindingKind::Dehydrated, &words).await;
    assert!(!contoso.plan(&contoso.policy().build().unwrap()).await.is_blocked());
}

#[tokio::test]
async fn without_any_exchange_role_the_first_read_says_which_role_to_give() {
    let contoso = Contoso::start().await;
    contoso.tenant.remove_directory_role(contoso.tenant.administrator(), DirectoryRole::ExchangeAdministrator);
    let error = contoso.groups.plan(&contoso.rbac().build().unwrap()).await.expect_err("no plan");
    assert_eq!(error.kind(), ErrorKind::Service);
    let service = error.service().expect("the service's error");
    assert_eq!(service.kind(), ServiceErrorKind::Denied);
    assert_eq!(service.status(), Some(403));
    assert_eq!(service.cmdlet().map(|cmdlet| cmdlet.kind), Some(CmdletErrorKind::CmdletDenied));
    assert!(error.to_string().contains("Exchange Administrator"), "{error}");
    assert_eq!(contoso.tenant.write_count(), 0);
}

#[tokio::test]
async fn without_the_app_role_of_exchange_the_first_read_says_which_role_to_give() {
    let contoso = Contoso::start().await;
    contoso.tenant.revoke_app_role(contoso.tenant.administrator(), "Exchange.ManageAsApp");
    let error = contoso.groups.plan(&contoso.rbac().build().unwrap()).await.expect_err("no plan");
    assert_eq!(error.service().map(|error| (error.kind(), error.status())), Some((ServiceErrorKind::Auth, Some(401))));
    assert!(error.to_string().contains("Exchange.ManageAsApp"), "{error}");
}

#[tokio::test]
async fn without_the_graph_permission_to_read_applications_the_missing_right_is_named() {
    let contoso = Contoso::start().await;
    let admin = contoso.tenant.administrator();
    for permission in ["Application.Read.All", "Directory.Read.All"] {
        contoso.tenant.revoke_app_role(&admin, permission);
    }
    let words = ["What the application holds in Entra", "Application.Read.All"];
    assert_blocked(&contoso, &contoso.rbac().build().unwrap(), FindingKind::MissingRight, &words).await;
    // A policy can be made without it, and nothing is proven then.
    let spec = contoso.policy().build().unwrap();
    assert!(!contoso.plan(&spec).await.is_blocked());
    contoso.provision(&spec).await;
    assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Inconclusive);
}

#[tokio::test]
async fn cmdlets_that_the_caller_may_not_run_are_named_before_any_write() {
    let contoso = Contoso::start().await;
    let admin = contoso.tenant.administrator();
    contoso.tenant.remove_directory_role(&admin, DirectoryRole::ExchangeAdministrator);
    contoso.tenant.assign_directory_role(&admin, DirectoryRole::ExchangeRecipientAdministrator);
    contoso.tenant.assign_directory_role(&admin, DirectoryRole::GlobalReader);
    let words = ["New-ServicePrincipal", "New-ManagementRoleAssignment", "Exchange Administrator"];
    assert_blocked(&contoso, &contoso.rbac().build().unwrap(), FindingKind::MissingRight, &words).await;
    let words = ["New-ApplicationAccessPolicy", "Exchange Administrator"];
    assert_blocked(&contoso, &contoso.policy().build().unwrap(), FindingKind::MissingRight, &words).await;
}

#[tokio::test]
async fn a_reader_gets_the_whole_plan_and_every_cmdlet_that_it_may_not_run() {
    let contoso = Contoso::start().await;
    let admin = contoso.tenant.administrator();
    contoso.tenant.remove_directory_role(&admin, DirectoryRole::ExchangeAdministrator);
    contoso.tenant.assign_directory_role(&admin, DirectoryRole::GlobalReader);
    let words = ["New-DistributionGroup", "Update-DistributionGroupMember", "New-ManagementRoleAssignment"];
    assert_blocked(&contoso, &contoso.rbac().build().unwrap(), FindingKind::MissingRight, &words).await;
    assert_eq!(contoso.plan(&contoso.rbac().build().unwrap()).await.steps.len(), 5);
}

#[tokio::test]
async fn an_exchange_recipient_administrator_is_told_what_is_missing_before_any_write() {
    let contoso = Contoso::start().await;
    let admin = contoso.tenant.administrator();
    contoso.tenant.remove_directory_role(&admin, DirectoryRole::ExchangeAdministrator);
    contoso.tenant.assign_directory_role(&admin, DirectoryRole::ExchangeRecipientAdministrator);
    let words = ["New-ServicePrincipal", "New-ManagementRoleAssignment", "Exchange Administrator"];
    assert_blocked(&contoso, &contoso.rbac().build().unwrap(), FindingKind::MissingRight, &words).await;
}

#[tokio::test]
async fn a_group_that_is_kept_on_premises_blocks() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_group(NewGroup::security(GROUP).display_name("PlaceOS Room Booking").owner(OWNER));
    contoso.tenant.set_dir_synced(GROUP, true);
    let words = [GROUP, "on-premises", "another address"];
    assert_blocked(&contoso, &contoso.rbac().build().unwrap(), FindingKind::DirectorySynced, &words).await;
}

#[tokio::test]
async fn a_closed_mailbox_that_is_a_room_of_the_group_blocks() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().must_not_reach("boardroom@contoso.com").build().unwrap();
    let words = ["boardroom@contoso.com", "must not be reached", "Exclude it"];
    assert_blocked(&contoso, &spec, FindingKind::DeniedMailboxIsMember, &words).await;

    let spec = contoso
        .rbac()
        .rooms(Rooms::all().except("boardroom@contoso.com"))
        .must_not_reach("boardroom@contoso.com")
        .build()
        .unwrap();
    assert!(!contoso.plan(&spec).await.is_blocked());
}

#[tokio::test]
async fn a_closed_mailbox_is_recognised_as_a_room_by_its_second_address() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_mailbox(NewMailbox::room("quiet-room").proxy_address("silent-room@contoso.com"));
    let spec = contoso.rbac().must_not_reach("silent-room@contoso.com").build().unwrap();
    let words = ["silent-room@contoso.com"];
    assert_blocked(&contoso, &spec, FindingKind::DeniedMailboxIsMember, &words).await;
}

#[tokio::test]
async fn a_closed_mailbox_that_does_not_exist_blocks() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().must_not_reach("the-ceo@contoso.com").build().unwrap();
    let words = ["the-ceo@contoso.com", "does not exist", "existing mailbox"];
    assert_blocked(&contoso, &spec, FindingKind::UnknownDeniedMailbox, &words).await;

    let spec = contoso.rbac().must_not_reach("facilities@contoso.com").build().unwrap();
    let words = ["facilities@contoso.com", "MailUniversalDistributionGroup"];
    assert_blocked(&contoso, &spec, FindingKind::UnknownDeniedMailbox, &words).await;

    contoso.tenant.convert_mailbox("adele.vance@contoso.com", RecipientKind::MailUser);
    let spec = contoso.rbac().must_not_reach("adele.vance@contoso.com").build().unwrap();
    let words = ["adele.vance@contoso.com", "MailUser"];
    assert_blocked(&contoso, &spec, FindingKind::UnknownDeniedMailbox, &words).await;
}

#[tokio::test]
async fn a_further_mailbox_that_does_not_exist_blocks() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().mailbox("nobody@contoso.com").build().unwrap();
    let words = ["nobody@contoso.com", "does not exist", "mailbox of Exchange Online"];
    assert_blocked(&contoso, &spec, FindingKind::UnknownMailbox, &words).await;
}

#[tokio::test]
async fn a_further_mailbox_that_is_kept_elsewhere_or_is_a_group_blocks() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_mailbox(NewMailbox::new(RecipientKind::RemoteRoomMailbox, "basement"));
    for (address, kind) in [
        ("basement@contoso.com", "RemoteRoomMailbox"),
        ("everyone@contoso.com", "GroupMailbox"),
        ("facilities@contoso.com", "MailUniversalDistributionGroup"),
    ] {
        let spec = contoso.rbac().mailbox(address).build().unwrap();
        assert_blocked(&contoso, &spec, FindingKind::UnknownMailbox, &[address, kind]).await;
    }
}

#[tokio::test]
async fn a_plan_that_removes_more_than_half_of_the_members_blocks_until_it_is_allowed() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    contoso.tenant.clear_requests();
    let rooms = || Rooms::in_list("building-3@contoso.com");
    let words = ["28 of 40", "allow_large_removal"];
    let spec = contoso.rbac().rooms(rooms()).build().unwrap();
    assert_blocked(&contoso, &spec, FindingKind::LargeRemoval, &words).await;
    assert_eq!(contoso.tenant.members(GROUP).len(), 40);

    contoso.provision(&contoso.rbac().rooms(rooms()).allow_large_removal(true).build().unwrap()).await;
    assert_eq!(contoso.tenant.members(GROUP).len(), 12);
}

#[tokio::test]
async fn a_search_that_finds_no_room_blocks_and_empties_nothing() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    contoso.tenant.clear_requests();
    let nothing = exchange_groups::RoomFilter::new().office("Building 9");
    let spec = contoso.rbac().rooms(Rooms::matching(nothing)).allow_large_removal(true).build().unwrap();
    assert_blocked(&contoso, &spec, FindingKind::NoRooms, &["none of the 40 rooms"]).await;
    assert_eq!(contoso.tenant.members(GROUP).len(), 40);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_to_its_end_is_an_error_and_no_plan() {
    let contoso = Contoso::of(FakeTenant::builder().rooms(1_500).people(2).build()).await;
    let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id)
        .owner("person-00001@contoso.com")
        .build()
        .unwrap();
    contoso.tenant.fail_next(
        Matcher::cmdlet("Get-Mailbox").after(1),
        fake_tenant::Fault::cmdlet_error(
            400,
            "",
            "Expired or Invalid pagination request. Default Expiry time is 00:30:00",
        ),
    );
    let error = contoso.groups.plan(&spec).await.expect_err("half of the rooms are not all rooms");
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(error.to_string().contains("list the rooms"), "{error}");
}

#[test]
fn every_fault_of_a_spec_is_told_at_once_with_field_value_and_rule() {
    let error = RestrictedCalendarGroup::builder("", "room booking@contoso.com", "e7e4dbfc-046-4074-9b3b-2ae8f144f59b")
        .alias("meeting rooms")
        .owner(OWNER)
        .rooms(Rooms::at(["boardroom@contoso.com", "BoardRoom@contoso.com"]))
        .must_not_reach("boardroom@contoso.com")
        .build()
        .unwrap_err();
    let faults: Vec<_> = error.faults().iter().map(|fault| (&*fault.field, &*fault.value)).collect();
    for expected in [
        ("name", ""),
        ("address", "room booking@contoso.com"),
        ("alias", "meeting rooms"),
        ("rooms.addresses[1]", "BoardRoom@contoso.com"),
        ("application", "e7e4dbfc-046-4074-9b3b-2ae8f144f59b"),
        ("must_not_reach[0]", "boardroom@contoso.com"),
    ] {
        assert!(faults.contains(&expected), "{expected:?} is not in {faults:?}");
    }
    let text = error.to_string();
    for rule in [
        "must not be empty",
        "must not contain spaces",
        "may hold only letters",
        "must not stand in the list twice",
        "8-4-4-4-12",
        "must not be one of the rooms as well",
    ] {
        assert!(text.contains(rule), "{rule:?} is not in {text}");
    }
}

#[test]
fn a_name_has_64_characters_at_most() {
    let spec = |name: &str| {
        RestrictedCalendarGroup::builder(name, GROUP, "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01").owner(OWNER).build()
    };
    assert!(spec(&"é".repeat(64)).is_ok());
    let error = spec(&"é".repeat(65)).unwrap_err();
    assert_eq!(error.faults().len(), 1);
    assert_eq!(error.faults()[0].field, "name");
    assert!(error.faults()[0].rule.contains("64"), "{error}");
}

#[test]
fn a_spec_file_goes_through_the_same_checks() {
    let text = json!({
        "name": " ",
        "address": GROUP,
        "application": "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01",
        "owners": [],
        "rooms": {"addresses": []},
        "restriction": "policy",
        "revoke_tenant_wide_grant": true,
    })
    .to_string();
    let error = serde_json::from_str::<RestrictedCalendarGroup>(&text).unwrap_err().to_string();
    insta::assert_snapshot!(error, @r#"
    the spec has 4 faults:
    - name " ": must not be empty
    - owners "[]": must name at least one owner: Exchange keeps no group without one
    - rooms.addresses "[]": must name at least one room; leave it out for all rooms
    - revoke_tenant_wide_grant "true": must be false with an access policy, which narrows the tenant-wide permission and needs it
    "#);
    let misspelt = json!({"name": "R", "address": GROUP, "application": "x", "owner": OWNER}).to_string();
    let error = serde_json::from_str::<RestrictedCalendarGroup>(&misspelt).unwrap_err().to_string();
    assert!(error.contains("owner"), "a misspelt field is not ignored: {error}");
}
