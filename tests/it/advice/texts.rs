//! What administrators read: the texts of the advice that was once wrong, whole.

use exchange_groups::graph_client::exchange::CmdletErrorKind;
use exchange_groups::{Finding, FindingKind as Kind, Observation, Outcome, Plan, RestrictedCalendarGroup, Rooms};
use exchange_groups_tests::{Contoso, GROUP, OWNER};
use fake_tenant::{NewMailbox, PolicyRight};
use serde_json::json;

use super::follow::{Case, small};

fn of_kind(findings: &[Finding], kind: Kind) -> String {
    let texts: Vec<_> = findings.iter().filter(|it| it.kind == kind).map(ToString::to_string).collect();
    texts.join("\n")
}

/// P7
#[tokio::test]
async fn a_permission_is_granted_only_once_the_policy_acts() {
    let tenant = small();
    tenant.revoke_app_role(tenant.booking_application(), "Calendars.ReadWrite");
    let mut case = Case::of(tenant, Contoso::policy).await;
    let plan = case.plan().await;
    insta::assert_snapshot!(of_kind(&plan.findings, Kind::NothingToNarrow), @"The application holds no tenant-wide calendar permission, so there is nothing for the policy to narrow, and no room is reached. Only once the policy has propagated, grant Calendars.ReadWrite on Microsoft Graph under App registrations > the application > API permissions, with admin consent. The policy has propagated when Test-ApplicationAccessPolicy shows Denied for ceo@contoso.com, and well over a day has passed since: more than 24 hours were reported. Or set restriction to rbac in the spec, which needs no tenant-wide permission. Caution: Until the policy has propagated, the permission reaches every mailbox of the organisation.");
}

/// P8
#[tokio::test]
async fn the_administering_application_is_named_and_never_the_restricted_one() {
    let contoso = Contoso::of(small()).await;
    let administrator = contoso.tenant.administrator();
    contoso.tenant.remove_directory_role(&administrator, fake_tenant::DirectoryRole::ExchangeAdministrator);
    contoso.tenant.assign_directory_role(&administrator, fake_tenant::DirectoryRole::ExchangeRecipientAdministrator);
    contoso.tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Restrict, "executives@contoso.com");
    let plan = contoso.plan(&contoso.policy().build().unwrap()).await;
    let text = of_kind(&plan.findings, Kind::MissingRight);
    assert!(text.contains(&administrator.client_id) && !text.contains(&contoso.booking.client_id), "{text}");
    let (_, advice) = text.split_once("). ").unwrap();
    let text = advice.replace(&administrator.client_id, "(its client id)");
    insta::assert_snapshot!(text, @"Assign the administering application (its client id) the Entra role Exchange Administrator, and grant it the application permission Application.Read.All on Microsoft Graph; both are in new tokens only. Caution: Never assign them to the restricted application: it could lift its own restriction.");
}

/// P9
#[test]
fn more_rooms_than_a_group_takes_are_divided() {
    let app = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01";
    let spec =
        RestrictedCalendarGroup::placeos(GROUP, app).owner(OWNER).must_not_reach("ceo@contoso.com").build().unwrap();
    let mut seen = Observation::empty("contoso.onmicrosoft.com", app.parse().unwrap());
    seen.rooms = (0..10_001)
        .map(|number| {
            serde_json::from_value(json!({
                "PrimarySmtpAddress": format!("room-{number}@contoso.com"),
                "ExternalDirectoryObjectId": format!("00000000-0000-4000-8000-{number:012}"),
                "RecipientTypeDetails": "RoomMailbox",
            }))
            .unwrap()
        })
        .collect();
    let plan = Plan::new(&spec, &seen);
    insta::assert_snapshot!(of_kind(&plan.findings, Kind::TooManyMembers), @"The group would have 10,001 members, and Exchange takes 10,000. Divide the rooms over several groups with one spec each, and name the other groups in other_groups of each.");
}

/// P10
#[tokio::test]
async fn an_organisation_that_is_being_customised_is_waited_for() {
    let tenant = small();
    tenant.set_dehydrated(true);
    tenant.set_hydration_delay(std::time::Duration::from_secs(45 * 60));
    tenant.set_delegation_delay(std::time::Duration::from_secs(40 * 60));
    let mut case = Case::of(tenant, Contoso::rbac).await;
    let finding = case.find(Kind::Dehydrated).await;
    insta::assert_snapshot!(finding, @"The Exchange organisation has never been customised (IsDehydrated), so no role can be assigned. Run the command once, wait for an hour, and plan again. For up to two hours assignments are refused, first as if the organisation were not customised, then as if a delegating assignment were missing. Wait, and change nothing. [Enable-OrganizationCustomization]");
    case.follow(&finding).await;
    let report = case.apply().await;
    let failed = report.steps.iter().find_map(|step| match &step.outcome {
        Outcome::Failed { error } => error.split_once(" (HTTP").map(|(_, rest)| rest.split_once("). ").unwrap().1),
        _ => None,
    });
    insta::assert_snapshot!(failed.unwrap(), @"Enable-OrganizationCustomization was run already (IsDehydrated is False), and has not propagated yet: wait for an hour and apply again. The next refusal may be that a delegating assignment is missing, for up to an hour more: wait then too, and assign nothing");
    insta::assert_snapshot!(CmdletErrorKind::Dehydrated.advice().unwrap(), @"If Enable-OrganizationCustomization was not run yet, run it once. Then wait for up to an hour: until then the service goes on saying this, although IsDehydrated is false.");
    insta::assert_snapshot!(CmdletErrorKind::NoDelegatingRole.advice().unwrap(), @"If Enable-OrganizationCustomization was run within the last two hours, wait: the service says so of callers that have a delegating assignment, for up to an hour after it first takes assignments. Otherwise assign the caller a delegating assignment of this role; Organization Management has one.");
}

/// P13
#[tokio::test]
async fn a_room_that_is_none_is_told_with_what_it_is() {
    let tenant = small();
    tenant.add_mailbox(NewMailbox::remote_room("room-on-premises"));
    let addresses = [
        "room-00001@contoso.com",
        "rom-00002@contoso.com",
        "ben.vance@contoso.com",
        "projector-1@contoso.com",
        "room-on-premises@contoso.com",
        "facilities@contoso.com",
    ];
    let mut case = Case::of(tenant, |contoso| contoso.rbac().rooms(Rooms::at(addresses))).await;
    let plan = case.plan().await;
    let unmatched: Vec<_> = plan.findings.iter().filter(|it| it.kind == Kind::UnmatchedRoom).collect();
    let data: Vec<_> = unmatched
        .iter()
        .map(|it| {
            let address = it.subject.address.as_ref().map(ToString::to_string).unwrap_or_default();
            format!(
                "{} {address} {}",
                it.spec_path.as_deref().unwrap_or_default(),
                it.subject.kind.as_deref().unwrap_or("-")
            )
        })
        .collect();
    insta::assert_snapshot!(data.join("\n"), @r"
    rooms.addresses[1] rom-00002@contoso.com -
    rooms.addresses[2] ben.vance@contoso.com UserMailbox
    rooms.addresses[3] projector-1@contoso.com EquipmentMailbox
    rooms.addresses[4] room-on-premises@contoso.com RemoteRoomMailbox
    rooms.addresses[5] facilities@contoso.com MailUniversalDistributionGroup
    ");
    insta::assert_snapshot!(of_kind(&plan.findings, Kind::UnmatchedRoom), @r#"
    The room rom-00002@contoso.com does not exist in Exchange. Correct the address or leave it out: only room mailboxes of Exchange Online count. To go on without such rooms, set skip_unmatched_rooms.
    The room ben.vance@contoso.com is a UserMailbox: "ben.vance" <ben.vance@contoso.com>. Name it under mailboxes if the application is to reach it, or leave it out.
    The room projector-1@contoso.com is an EquipmentMailbox: "projector-1" <projector-1@contoso.com>. Name it under mailboxes if the application is to reach it, or leave it out.
    The room room-on-premises@contoso.com is a RemoteRoomMailbox: "room-on-premises" <room-on-premises@contoso.com>. Correct the address or leave it out: only room mailboxes of Exchange Online count. To go on without such rooms, set skip_unmatched_rooms.
    The room facilities@contoso.com is a MailUniversalDistributionGroup: "facilities" <facilities@contoso.com>. Correct the address or leave it out: only room mailboxes of Exchange Online count. To go on without such rooms, set skip_unmatched_rooms.
    "#);
    // One room by two addresses is one fault less: it is one member.
    let twice = ["room-00001@contoso.com", "ROOM-00001@contoso.com"];
    insta::assert_snapshot!(
        match case.contoso.rbac().rooms(Rooms::at(twice)).build() {
            Ok(spec) => format!("{} of 5", case.contoso.plan(&spec).await.rooms),
            Err(error) => error.to_string(),
        },
        @r#"the spec has a fault: rooms.addresses[1] "ROOM-00001@contoso.com": must not stand in the list twice"#
    );
}

/// P14
#[tokio::test]
async fn one_is_not_many() {
    let mut case =
        Case::new(|contoso| contoso.rbac().mailbox("exchange.admin@contoso.com").owner("facilities@contoso.com")).await;
    let plan = case.plan().await;
    insta::assert_snapshot!(of_kind(&plan.findings, Kind::UnfitOwner), @r#"The owner facilities@contoso.com is a MailUniversalDistributionGroup: "facilities" <facilities@contoso.com>. Name a mailbox, a mail user or a mail-enabled security group."#);
    case.spec = case.contoso.rbac().build().unwrap();
    case.provision().await;
    case.tenant().remove_member(GROUP, "boardroom@contoso.com");
    let proof = case.prove().await;
    insta::assert_snapshot!(of_kind(&proof.findings, Kind::Drift), @r#"The tenant is not as the spec says: 1 step is not done, the first is "Add boardroom@contoso.com to placeosroombooking@contoso.com". Plan, apply, and verify again."#);
    let error = {
        let plan = case.plan().await;
        case.tenant().add_member(GROUP, "ben.vance@contoso.com");
        case.groups.apply(&plan).await.unwrap_err().to_string()
    };
    let (_, error) = error.split_once("Plan again").unwrap();
    insta::assert_snapshot!(error, @r"
    : 1 step is now to be done that the plan does not have
    - Remove ben.vance@contoso.com from placeosroombooking@contoso.com
    ");
}
