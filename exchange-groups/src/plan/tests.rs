//! The planner without a network: snapshots of what people read, properties of what is done.

use std::collections::BTreeSet;

use graph_client::exchange::{AtAddress, DistributionGroup, ExchangeMailbox, ExchangeRecipient};
use graph_client::graph::ServicePrincipal;
use graph_client::{SmtpAddress, Uuid, well_known};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::access::{
    AccessPolicy, ExchangePrincipal, Fact, Facts, Grant, Group, GroupType, Ids, Joining, Member, PolicyApplication,
    PolicyRight, PolicyScope, Resource, RoleAssignment, RoleScope, SignIn,
};
use crate::change::{Change, Stage, Step};
use crate::finding::FindingKind;
use crate::observe::ObservedGroup;
use crate::restriction;
use crate::spec::{OtherMembers, RestrictedCalendarGroupBuilder, Restriction, Rooms};

const APP: &str = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01";
const PRINCIPAL: &str = "b6c2f6a4-55c1-4b09-8a77-0e5b1f6f2d02";

fn address(text: &str) -> SmtpAddress {
    text.parse().unwrap()
}

fn id(number: usize) -> Uuid {
    Uuid::from_u128(0x1000_0000_0000_4000_8000_0000_0000_0000 + number as u128)
}

fn room(number: usize) -> ExchangeMailbox {
    let mut room = ExchangeMailbox::default();
    room.external_directory_object_id = Some(id(number));
    room.primary_smtp_address = Some(address(&format!("room-{number:03}@contoso.com")));
    room.display_name = Some(format!("Room {number}"));
    room.recipient_type_details = Some("RoomMailbox".into());
    room.resource_capacity = i64::try_from(4 + number % 3).ok();
    room
}

fn recipient(number: usize, text: &str, kind: &str) -> ExchangeRecipient {
    let mut recipient = ExchangeRecipient::default();
    recipient.external_directory_object_id = Some(id(number));
    recipient.primary_smtp_address = Some(address(text));
    recipient.name = Some(id(number).to_string());
    recipient.recipient_type_details = Some(kind.into());
    recipient
}

fn member(number: usize) -> ExchangeRecipient {
    recipient(number, &format!("room-{number:03}@contoso.com"), "RoomMailbox")
}

fn found(recipient: ExchangeRecipient) -> AtAddress<ExchangeRecipient> {
    AtAddress::One(recipient)
}

fn grant() -> Grant {
    Grant {
        resource: Resource::Graph,
        role: well_known::app_roles::CALENDARS_READ_WRITE,
        value: Some("Calendars.ReadWrite".into()),
        assignment: serde_json::from_value(json!("pPbCtsFVCUuKdw5bH28tAg")).unwrap(),
        eligible: false,
    }
}

/// The facts of a tenant in which everything was read, and the application holds nothing.
fn facts() -> Facts {
    let mut facts = Facts::new(APP.parse().unwrap(), "2026-11-26".parse().unwrap());
    facts.service_principal = Fact::Read(Some(PRINCIPAL.parse().unwrap()));
    facts.sign_in = Fact::Read(SignIn::Enabled);
    facts.grants = Fact::Read(Vec::new());
    facts.delegated_grants = Fact::Read(Vec::new());
    facts.signed_in = Fact::Read(Vec::new());
    facts.policies = Fact::Read(Vec::new());
    facts.exchange_principal = Fact::Read(None);
    facts.role_assignments = Fact::Read(Vec::new());
    facts.scopes = Fact::Read(Vec::new());
    facts.groups = Fact::Read(Vec::new());
    facts.administrative_units = Fact::Read(Vec::new());
    facts.directory_roles = Fact::Read(Vec::new());
    facts.role_groups = Fact::Read(Vec::new());
    facts.owned_applications = Fact::Read(Vec::new());
    facts.other_applications = Fact::Read(Vec::new());
    facts.owners = Fact::Read(Vec::new());
    facts.purview_roles = Fact::Read(Vec::new());
    facts
}

/// A tenant with rooms 1 to `rooms`, an administrator, a chief executive, and an application that reads everything.
fn tenant(rooms: usize) -> Observation {
    let principal: ServicePrincipal = serde_json::from_value(json!({
        "id": PRINCIPAL, "appId": APP, "displayName": "Bookings",
    }))
    .unwrap();
    let mut seen = Observation::empty("contoso.onmicrosoft.com", APP.parse().unwrap());
    seen.accepted_domains = vec!["contoso.com".into()];
    seen.rooms = (1..=rooms).map(room).collect();
    seen.recipients = [
        (address("admin@contoso.com"), found(recipient(901, "admin@contoso.com", "UserMailbox"))),
        (address("ceo@contoso.com"), found(recipient(902, "ceo@contoso.com", "UserMailbox"))),
    ]
    .into();
    seen.application = Some(principal);
    seen.facts = facts();
    seen.facts.grants = Fact::Read(vec![grant()]);
    seen
}

fn group_ids() -> Ids {
    Ids { guid: Some(id(900)), ..Ids::default() }
}

/// Puts the group into an observation, with its members.
fn put_group(seen: &mut Observation, group: DistributionGroup, members: Vec<ExchangeRecipient>) {
    seen.group = Some(ObservedGroup { group, members });
    refresh(seen);
}

/// The facts name the group that was observed.
fn refresh(seen: &mut Observation) {
    let Some(existing) = &seen.group else { return };
    let members = existing.members.iter().map(|member| Member {
        ids: Ids {
            entra: member.external_directory_object_id.map(graph_client::ObjectId::from_uuid),
            ..Ids::default()
        },
        kind: member.recipient_type_details.clone(),
    });
    let group = Group {
        ids: group_ids(),
        name: Some("PlaceOS Room Booking".into()),
        display_name: existing.group.display_name.clone(),
        distinguished_name: None,
        addresses: vec!["rooms@contoso.com".into()],
        kind: Some(GroupType::MailEnabledSecurity),
        members: Fact::Read(members.collect()),
        owners: Fact::Read(Vec::new()),
        joining: Some(Joining::ByOwner),
        membership_rule: None,
    };
    seen.facts.groups = Fact::Read(vec![group]);
}

fn edit<T>(fact: &mut Fact<Vec<T>>) -> &mut Vec<T> {
    match fact {
        Fact::Read(list) => list,
        _ => panic!("the list was read"),
    }
}

fn role(name: &str, role: &str, scope: RoleScope) -> RoleAssignment {
    RoleAssignment {
        name: name.into(),
        role: role.into(),
        permissions: Fact::default(),
        scope,
        enabled: Some(true),
        delegating: Some(false),
    }
}

fn spec() -> RestrictedCalendarGroupBuilder {
    RestrictedCalendarGroup::placeos("rooms@contoso.com", APP)
        .owner("admin@contoso.com")
        .revoke_tenant_wide_grant(true)
        .must_not_reach("ceo@contoso.com")
}

fn plan(spec: RestrictedCalendarGroupBuilder, seen: &Observation) -> Plan {
    Plan::new(&spec.build().unwrap(), seen)
}

fn kinds(plan: &Plan, severity: Severity) -> Vec<FindingKind> {
    plan.findings.iter().filter(|finding| finding.severity == severity).map(|finding| finding.kind).collect()
}

/// Does to an observation what the service does to a tenant.
fn carry_out(plan: &Plan, seen: &mut Observation) {
    for step in &plan.steps {
        let value = serde_json::to_value(&step.change).unwrap();
        let parameters = &value["parameters"];
        let text = |name: &str| parameters[name].as_str().unwrap().to_owned();
        let guid = |value: &Value| Uuid::try_parse(value.as_str().unwrap()).unwrap();
        match &step.change {
            Change::CreateGroup(_) => {
                let mut group = DistributionGroup::default();
                group.guid = Some(id(900));
                group.primary_smtp_address = Some(address(&text("PrimarySmtpAddress")));
                group.display_name = Some(text("Name"));
                group.description = Some(text("Description"));
                group.recipient_type_details = Some("MailUniversalSecurityGroup".into());
                let owners = parameters["ManagedBy"].as_array().unwrap();
                // As Exchange shows it: by its name, which is its id here.
                let owner = |owner: &Value| owner.as_str().unwrap().to_owned();
                group.managed_by = owners.iter().map(owner).collect();
                put_group(seen, group, Vec::new());
            }
            Change::AlterGroup(_) => {
                let group = &mut seen.group.as_mut().unwrap().group;
                if let Some(name) = parameters["DisplayName"].as_str() {
                    group.display_name = Some(name.into());
                }
                if let Some(description) = parameters["Description"].as_str() {
                    group.description = Some(description.into());
                }
                if let Some(added) = parameters["ManagedBy"]["Add"].as_array() {
                    group.managed_by.extend(added.iter().map(|owner| owner.as_str().unwrap().to_owned()));
                }
            }
            Change::FillGroup(_) => {
                let members = parameters["Members"].as_array().unwrap().iter().map(|member| {
                    let known = seen.rooms.iter().find(|room| room.external_directory_object_id == Some(guid(member)));
                    let mut member = ExchangeRecipient::default();
                    member.external_directory_object_id = known.unwrap().external_directory_object_id;
                    member
                });
                seen.group.as_mut().unwrap().members = members.collect();
            }
            Change::AddMember(_) => {
                let mut member = ExchangeRecipient::default();
                member.external_directory_object_id = Some(guid(&parameters["Member"]));
                seen.group.as_mut().unwrap().members.push(member);
            }
            Change::RemoveMember(_) => {
                let gone = guid(&parameters["Member"]);
                let members = &mut seen.group.as_mut().unwrap().members;
                members.retain(|member| member.external_directory_object_id != Some(gone));
            }
            Change::RegisterApplication(_) => {
                seen.facts.exchange_principal = Fact::Read(Some(ExchangePrincipal {
                    app_id: text("AppId").parse().ok(),
                    object_id: text("ObjectId").parse().ok(),
                }));
            }
            Change::AssignRole(_) => {
                let assigned = role(&text("Name"), &text("Role"), RoleScope::Group("PlaceOS Room Booking".into()));
                edit(&mut seen.facts.role_assignments).push(assigned);
            }
            Change::AlterRole(_) => {
                let name = text("Identity");
                let list = edit(&mut seen.facts.role_assignments);
                let assignment = list.iter_mut().find(|it| it.name == name).unwrap();
                if parameters["Enabled"] == true {
                    assignment.enabled = Some(true);
                }
                if parameters["RecipientGroupScope"].is_string() {
                    assignment.scope = RoleScope::Group("PlaceOS Room Booking".into());
                }
            }
            Change::RemoveRole(_) => {
                let name = text("Identity");
                edit(&mut seen.facts.role_assignments).retain(|it| it.name != name);
            }
            Change::RestrictApplication(_) => {
                edit(&mut seen.facts.policies).push(AccessPolicy {
                    identity: "ours".into(),
                    application: PolicyApplication::One(guid(&parameters["AppId"])),
                    right: PolicyRight::Restrict,
                    scope: PolicyScope::Group(id(900)),
                    is_valid: Some(true),
                });
            }
            Change::RevokePermission(revoke) => {
                edit(&mut seen.facts.grants).retain(|grant| grant.assignment.as_ref() != Some(&revoke.assignment));
            }
            other => panic!("no plan of these tests has {other}"),
        }
        refresh(seen);
    }
}

#[test]
fn a_fresh_tenant_is_planned_as_an_administrator_would_read_it() {
    let seen = tenant(3);
    let plan = plan(spec().rooms(Rooms::all().except("room-002@contoso.com")), &seen);
    insta::assert_snapshot!(plan, @r#"
    Plan for "PlaceOS Room Booking" <rooms@contoso.com>
      Application     Bookings, client id 8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01
      Restriction     RBAC for Applications: "Application Calendars.ReadWrite" over the members of the group
      Rooms           2 of 3 in the tenant (all rooms except room-002@contoso.com)
      Must not reach  ceo@contoso.com

    Group
       1. Create the mail-enabled security group "PlaceOS Room Booking" at rooms@contoso.com, owned by admin@contoso.com
          because no group has this address

    Members
       2. Set the member list of rooms@contoso.com to 2 mailboxes
          because the group has no members yet

    Restriction
       3. Register the service principal of application "Bookings" (8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01) in Exchange
          because Exchange has not registered the application yet
       4. Assign the role "Application Calendars.ReadWrite" to the application (service principal b6c2f6a4-55c1-4b09-8a77-0e5b1f6f2d02) over the members of rooms@contoso.com
          because the application has no such role over the group

    Tenant-wide permission
       5. Revoke the tenant-wide permission "Calendars.ReadWrite" (Microsoft Graph) of application 8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01
          because it reaches every mailbox, whatever the role says

    Notes
      - After the tenant-wide permission is revoked, and until the role has propagated, the application may reach no calendar. Choose the time: Microsoft says 30 minutes to two hours for a role, and PlaceOS's page says up to twelve hours for a policy.
      - Others who can change what the application reaches: Global Administrators and Exchange Administrators (they change every restriction); Holders of Role Management, Organization Configuration, or Distribution Groups with Security Group Creation and Membership (they change role assignments and scopes, access policies, or members of the groups). Check that each of them is meant.
    "#);
}

#[test]
fn drift_is_shown_member_by_member_and_long_lists_are_cut() {
    let mut seen = tenant(14);
    carry_out(&plan(spec(), &seen), &mut seen);
    let members = &mut seen.group.as_mut().unwrap().members;
    members.retain(|member| member.external_directory_object_id == Some(id(1)));
    members.push(recipient(902, "ceo@contoso.com", "UserMailbox"));
    let text = plan(spec(), &seen).to_string();
    let steps = text.split("\n\n").nth(1).unwrap();
    insta::assert_snapshot!(steps, @r"
    Members
       1. Remove ceo@contoso.com from rooms@contoso.com
          because it must not be reached (UserMailbox)
       2. Add room-002@contoso.com to rooms@contoso.com
          because it is not a member yet
       3. Add room-003@contoso.com to rooms@contoso.com
          because it is not a member yet
       4. Add room-004@contoso.com to rooms@contoso.com
          because it is not a member yet
       5. Add room-005@contoso.com to rooms@contoso.com
          because it is not a member yet
       6. Add room-006@contoso.com to rooms@contoso.com
          because it is not a member yet
       7. Add room-007@contoso.com to rooms@contoso.com
          because it is not a member yet
       8. Add room-008@contoso.com to rooms@contoso.com
          because it is not a member yet
       9. Add room-009@contoso.com to rooms@contoso.com
          because it is not a member yet
      10. Add room-010@contoso.com to rooms@contoso.com
          because it is not a member yet
          … and 4 more members to add or remove, one by one
    ");
}

#[test]
fn a_change_as_json_is_the_command_as_it_goes_on_the_wire() {
    let plan = plan(spec(), &tenant(1));
    let commands: Vec<Value> = plan.steps.iter().map(|step| serde_json::to_value(&step.change).unwrap()).collect();
    let group = "rooms@contoso.com";
    assert_eq!(
        commands,
        [
            json!({ "command": "New-DistributionGroup", "parameters": {
                "Name": "PlaceOS Room Booking", "Alias": "rooms", "Type": "Security",
                "PrimarySmtpAddress": group, "ManagedBy": [id(901)],
                "Description": "Room calendars that PlaceOS may read and write",
            }}),
            json!({ "command": "Add-DistributionGroupMember", "parameters": {
                "Identity": group, "Member": id(1), "BypassSecurityGroupManagerCheck": true,
            }}),
            json!({ "command": "New-ServicePrincipal", "parameters": {
                "AppId": APP, "ObjectId": PRINCIPAL, "DisplayName": "Bookings",
            }}),
            json!({ "command": "New-ManagementRoleAssignment", "parameters": {
                "Name": "restricted-Calendars.ReadWrite-bddc4090a67353d78160d2577f10281a",
                "App": PRINCIPAL, "Role": "Application Calendars.ReadWrite", "RecipientGroupScope": group,
            }}),
            json!({ "command": "DELETE appRoleAssignments", "parameters": {
                "application": APP, "service_principal": PRINCIPAL, "assignment": "pPbCtsFVCUuKdw5bH28tAg",
                "permission": "Calendars.ReadWrite", "resource": "Microsoft Graph",
            }}),
        ]
    );
    let stored: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(stored, plan);
}

#[test]
fn a_large_group_is_filled_in_one_command_as_far_as_microsoft_advises() {
    let plan = plan(spec(), &tenant(5_003));
    let filled = plan.steps.iter().find_map(|step| match &step.change {
        Change::FillGroup(cmdlet) => Some(cmdlet.members().len()),
        _ => None,
    });
    assert_eq!(filled, Some(5_000));
    let added = plan.steps.iter().filter(|step| matches!(step.change, Change::AddMember(_))).count();
    assert_eq!(added, 3);
}

#[test]
fn findings_say_what_stands_in_the_way() {
    let blocking =
        |spec: RestrictedCalendarGroupBuilder, seen: &Observation| kinds(&plan(spec, seen), Severity::Blocking);
    let seen = tenant(2);
    assert_eq!(blocking(spec(), &seen), []);
    assert_eq!(
        blocking(spec().rooms(Rooms::at(["nobody@contoso.com"])), &seen),
        [FindingKind::UnmatchedRoom, FindingKind::NoRooms]
    );
    assert_eq!(blocking(spec().owner("gone@contoso.com"), &seen), [FindingKind::UnknownOwner]);
    assert_eq!(blocking(spec().mailbox("gone@contoso.com"), &seen), [FindingKind::UnknownMailbox]);
    assert_eq!(blocking(spec().must_not_reach("room-001@contoso.com"), &seen), [FindingKind::DeniedMailboxIsMember]);
    let mut without_app = Observation { application: None, ..tenant(2) };
    without_app.facts.service_principal = Fact::Read(None);
    assert_eq!(blocking(spec(), &without_app), [FindingKind::UnknownApplication]);
    let elsewhere = Observation { accepted_domains: vec!["fabrikam.com".into()], ..tenant(2) };
    assert_eq!(blocking(spec(), &elsewhere), [FindingKind::DomainNotAccepted]);
    let contact = recipient(7, "rooms@contoso.com", "MailContact");
    let taken = Observation { address_holder: Some(found(contact.clone())), ..tenant(2) };
    assert_eq!(blocking(spec(), &taken), [FindingKind::AddressTaken]);
    let named = Observation { address_holder: Some(AtAddress::OnlyByName(vec![contact])), ..tenant(2) };
    assert_eq!(blocking(spec(), &named), [FindingKind::AddressIsAName]);
    let recipient_administrator = Observation {
        cmdlets: Some(
            serde_json::from_value(json!(["new-distributiongroup", "update-distributiongroupmember"])).unwrap(),
        ),
        ..tenant(2)
    };
    assert_eq!(blocking(spec(), &recipient_administrator), [FindingKind::MissingRight]);
}

#[test]
fn an_unmatched_room_is_skipped_where_the_spec_says_so() {
    let named = spec().rooms(Rooms::at(["room-001@contoso.com", "typo@contoso.com"]));
    let blocked = plan(named.clone(), &tenant(2));
    let finding = blocked.blockers().next().unwrap();
    assert_eq!(finding.kind, FindingKind::UnmatchedRoom);
    assert_eq!(finding.spec_path.as_deref(), Some("rooms.addresses[1]"));
    assert_eq!(finding.subject.address, Some(address("typo@contoso.com")));
    assert_eq!(finding.subject.kind, None, "an address that leads to nothing has no kind");
    let skipped = plan(named.skip_unmatched_rooms(true), &tenant(2));
    assert!(!skipped.is_blocked() && kinds(&skipped, Severity::Warning).contains(&FindingKind::SkippedRoom));
    assert_eq!(skipped.rooms, 1);
}

/// P16
#[test]
fn two_addresses_of_one_mailbox_are_one_member() {
    let mut seen = tenant(2);
    let desk = recipient(77, "frontdesk@contoso.com", "UserMailbox");
    for text in ["frontdesk@contoso.com", "front.desk@contoso.com"] {
        seen.recipients.insert(address(text), found(desk.clone()));
    }
    let plan = plan(spec().mailbox("frontdesk@contoso.com").mailbox("front.desk@contoso.com"), &seen);
    assert_eq!(plan.members.len(), 3);
}

#[test]
fn a_permission_that_nobody_asked_to_revoke_reaches_everybody() {
    let plan = plan(spec().revoke_tenant_wide_grant(false), &tenant(2));
    assert!(kinds(&plan, Severity::Warning).contains(&FindingKind::TenantWidePermission), "{plan}");
    assert!(!plan.steps.iter().any(|step| step.stage() == Stage::Revocation));
}

#[test]
fn what_the_permission_allows_is_held_against_the_spec() {
    let policy = || spec().restriction(Restriction::Policy).revoke_tenant_wide_grant(false);
    let has = |plan: &Plan, kind| plan.findings.iter().any(|finding| finding.kind == kind);
    assert!(!has(&plan(policy(), &tenant(2)), FindingKind::WiderPermission));
    let read = policy().permission(crate::spec::Permission::Read);
    assert!(has(&plan(read, &tenant(2)), FindingKind::WiderPermission));
    let mut only_reads = tenant(2);
    edit(&mut only_reads.facts.grants)[0].role = well_known::app_roles::CALENDARS_READ;
    edit(&mut only_reads.facts.grants)[0].value = Some("Calendars.Read".into());
    assert!(has(&plan(policy(), &only_reads), FindingKind::InsufficientPermission));
}

#[test]
fn another_role_or_policy_that_reaches_more_is_a_warning_with_the_command_that_removes_it() {
    let mut seen = tenant(2);
    let principal = ExchangePrincipal { app_id: APP.parse().ok(), object_id: PRINCIPAL.parse().ok() };
    seen.facts.exchange_principal = Fact::Read(Some(principal));
    let everything = role("everything", "Application Calendars.Read", RoleScope::Organization);
    edit(&mut seen.facts.role_assignments).push(everything);
    let wider = plan(spec(), &seen);
    let finding = wider.findings.iter().find(|finding| finding.kind == FindingKind::OtherRole).expect("a finding");
    assert_eq!(finding.subject.id.as_deref(), Some("everything"));
    let commands: Vec<_> = finding.advice.commands().collect();
    assert!(
        commands[0].starts_with("Remove-ManagementRoleAssignment") && commands[0].contains("everything"),
        "{commands:?}"
    );
}

/// W10
#[test]
fn a_disabled_role_over_the_group_is_enabled() {
    let mut seen = tenant(2);
    carry_out(&plan(spec(), &seen), &mut seen);
    edit(&mut seen.facts.role_assignments)[0].enabled = Some(false);
    let plan = plan(spec(), &seen);
    let commands: Vec<_> = plan.steps.iter().map(|step| step.change.cmdlet().unwrap()).collect();
    assert_eq!(commands, ["Set-ManagementRoleAssignment"], "{plan}");
    carry_out(&plan, &mut seen);
    assert!(self::plan(spec(), &seen).is_empty());
}

/// P15
#[test]
fn a_role_of_ours_for_another_permission_is_replaced_the_new_one_first() {
    for (before, after) in [
        (crate::spec::Permission::Read, crate::spec::Permission::ReadWrite),
        (crate::spec::Permission::ReadWrite, crate::spec::Permission::Read),
    ] {
        let mut seen = tenant(2);
        carry_out(&plan(spec().permission(before), &seen), &mut seen);
        let replace = plan(spec().permission(after), &seen);
        let commands: Vec<_> = replace.steps.iter().map(|step| step.change.cmdlet().unwrap()).collect();
        assert_eq!(commands, ["New-ManagementRoleAssignment", "Remove-ManagementRoleAssignment"], "{replace}");
        assert!(!replace.findings.iter().any(|finding| finding.kind == FindingKind::OtherRole), "{replace}");
        carry_out(&replace, &mut seen);
        assert!(plan(spec().permission(after), &seen).is_empty());
    }
}

#[test]
fn the_name_of_an_assignment_is_its_own_and_short_enough() {
    let one = spec().build().unwrap();
    let names: BTreeSet<String> = restriction::PERMISSIONS
        .into_iter()
        .map(|permission| restriction::assignment_name(&one, permission).to_string())
        .collect();
    assert_eq!(names.len(), 2);
    assert!(names.iter().all(|name| name.chars().count() <= 64), "{names:?}");
    let same = restriction::assignment_name(&spec().build().unwrap(), one.permission).to_string();
    assert!(names.contains(&same), "every run makes the same");
    let other = RestrictedCalendarGroup::placeos("other@contoso.com", APP).owner("admin@contoso.com").build().unwrap();
    assert!(!names.contains(restriction::assignment_name(&other, one.permission).as_str()));
}

/// P1, P2
#[test]
fn a_plan_whose_document_was_edited_shows_what_it_would_do() {
    let plan = plan(spec(), &tenant(1));
    let mut document = serde_json::to_value(&plan).unwrap();
    document["steps"][1]["change"]["parameters"]["Member"] = json!("attacker@contoso.com");
    let edited: Plan = serde_json::from_value(document).unwrap();
    assert!(edited.to_string().contains("attacker@contoso.com"));
    assert_ne!(edited.digest(), plan.digest());
    assert!(!edited.lacks(&plan).is_empty(), "what is really to be done does not stand in it");
}

/// P5
#[test]
fn additions_come_before_removals_except_of_what_must_not_be_reached() {
    let mut seen = tenant(2);
    let members = vec![member(1), member(9), recipient(902, "ceo@contoso.com", "UserMailbox")];
    let mut group = DistributionGroup::default();
    group.guid = Some(id(900));
    group.primary_smtp_address = Some(address("rooms@contoso.com"));
    group.recipient_type_details = Some("MailUniversalSecurityGroup".into());
    put_group(&mut seen, group, members);
    let plan = plan(spec(), &seen);
    let members: Vec<String> =
        plan.steps.iter().filter(|step| step.stage() == Stage::Members).map(Step::sentence).collect();
    let named = |text: &str| members.iter().position(|sentence| sentence.contains(text)).unwrap();
    assert!(named("ceo@contoso.com") < named("room-002@contoso.com"), "{members:?}");
    assert!(named("room-002@contoso.com") < named("room-009@contoso.com"), "{members:?}");
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
struct Case {
    rooms: usize,
    members: BTreeSet<usize>,
    group: bool,
    keep: bool,
    policy: bool,
    ceo_is_member: bool,
}

fn cases() -> impl Strategy<Value = Case> {
    (1_usize..30, proptest::collection::btree_set(1_usize..40, 0..30), any::<[bool; 4]>()).prop_map(
        |(rooms, members, [group, keep, policy, ceo_is_member])| Case {
            rooms,
            members,
            group,
            keep,
            policy,
            ceo_is_member,
        },
    )
}

impl Case {
    fn spec(&self) -> RestrictedCalendarGroupBuilder {
        let spec = spec().allow_large_removal(true);
        let spec = if self.keep { spec.other_members(OtherMembers::Keep) } else { spec };
        if self.policy { spec.restriction(Restriction::Policy).revoke_tenant_wide_grant(false) } else { spec }
    }

    fn seen(&self) -> Observation {
        let mut seen = tenant(self.rooms);
        if self.group {
            let mut group = DistributionGroup::default();
            group.guid = Some(id(900));
            group.primary_smtp_address = Some(address("rooms@contoso.com"));
            group.recipient_type_details = Some("MailUniversalSecurityGroup".into());
            let mut members: Vec<_> = self.members.iter().copied().map(member).collect();
            if self.ceo_is_member {
                members.push(recipient(902, "ceo@contoso.com", "UserMailbox"));
            }
            put_group(&mut seen, group, members);
        }
        seen
    }
}

proptest! {
    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(case in cases()) {
        let mut seen = case.seen();
        carry_out(&plan(case.spec(), &seen), &mut seen);
        let second = plan(case.spec(), &seen);
        prop_assert!(second.is_empty(), "{second}");
    }

    #[test]
    fn every_room_is_a_member_afterwards_and_no_closed_mailbox_is(case in cases()) {
        let mut seen = case.seen();
        let first = plan(case.spec(), &seen);
        prop_assert!(!first.is_blocked());
        carry_out(&first, &mut seen);
        let members: BTreeSet<_> = seen.group.unwrap().members.iter().filter_map(|it| it.external_directory_object_id).collect();
        for number in 1..=case.rooms {
            prop_assert!(members.contains(&id(number)));
        }
        prop_assert!(!members.contains(&id(902)));
        if !case.keep {
            prop_assert_eq!(members.len(), case.rooms);
        }
    }

    #[test]
    fn the_order_of_what_was_read_does_not_change_the_plan(case in cases()) {
        let seen = case.seen();
        let mut reversed = seen.clone();
        reversed.rooms.reverse();
        if let Some(group) = &mut reversed.group {
            group.members.reverse();
        }
        prop_assert_eq!(plan(case.spec(), &reversed).steps, plan(case.spec(), &seen).steps);
    }

    #[test]
    fn a_list_is_set_only_where_it_removes_nobody_and_members_are_kept_where_asked(case in cases()) {
        let seen = case.seen();
        let plan = plan(case.spec(), &seen);
        let present = seen.group.as_ref().map_or(&[][..], |group| &group.members);
        let mut present: BTreeSet<_> = present.iter().filter_map(|it| it.external_directory_object_id).collect();
        for step in &plan.steps {
            match &step.change {
                Change::FillGroup(cmdlet) => {
                    prop_assert!(present.is_empty() || !case.keep);
                    let listed: BTreeSet<_> = cmdlet.members().iter().map(|it| it.as_str().parse().unwrap()).collect();
                    prop_assert!(present.is_subset(&listed));
                }
                Change::RemoveMember(cmdlet) => {
                    prop_assert!(!case.keep || cmdlet.member().as_str() == id(902).to_string());
                    present.remove(&cmdlet.member().as_str().parse().unwrap());
                }
                _ => {}
            }
        }
        // The restriction comes after the members, and the end of the tenant-wide permission last of all.
        prop_assert!(plan.steps.is_sorted_by_key(Step::stage));
    }
}
