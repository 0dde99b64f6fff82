//! The planner without a network: snapshots of what people read, properties of what is done.

use std::collections::BTreeSet;

use graph_client::SmtpAddress;
use graph_client::exchange::{
    ApplicationAccessPolicy, DistributionGroup, ExchangeServicePrincipal, Mailbox, ManagementRoleAssignment, Recipient,
};
use graph_client::graph::ServicePrincipal;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{Grant, ObservedGroup, OtherMembers, RestrictedCalendarGroupBuilder, Restriction, Rooms};

const APP: &str = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01";
const PRINCIPAL: &str = "b6c2f6a4-55c1-4b09-8a77-0e5b1f6f2d02";

fn address(text: &str) -> SmtpAddress {
    text.parse().unwrap()
}

fn id(number: usize) -> Uuid {
    Uuid::from_u128(0x1000_0000_0000_4000_8000_0000_0000_0000 + number as u128)
}

fn room(number: usize) -> Mailbox {
    let mut room = Mailbox::default();
    room.external_directory_object_id = Some(id(number));
    room.primary_smtp_address = Some(address(&format!("room-{number:03}@contoso.com")));
    room.display_name = Some(format!("Room {number}"));
    room.resource_capacity = i64::try_from(4 + number % 3).ok();
    room
}

fn recipient(number: usize, text: &str, kind: &str) -> Recipient {
    let mut recipient = Recipient::default();
    recipient.external_directory_object_id = Some(id(number));
    recipient.primary_smtp_address = Some(address(text));
    recipient.name = Some(id(number).to_string());
    recipient.recipient_type_details = Some(kind.into());
    recipient
}

fn member(number: usize) -> Recipient {
    recipient(number, &format!("room-{number:03}@contoso.com"), "RoomMailbox")
}

/// A tenant with rooms 1 to `rooms`, an administrator, a chief executive, and an application that reads everything.
fn tenant(rooms: usize) -> Observation {
    let principal: ServicePrincipal = serde_json::from_value(json!({
        "id": PRINCIPAL, "appId": APP, "displayName": "Bookings",
    }))
    .unwrap();
    let grant: Grant = serde_json::from_value(json!({
        "assignment": "pPbCtsFVCUuKdw5bH28tAg", "permission": "Calendars.ReadWrite", "resource": "Microsoft Graph",
    }))
    .unwrap();
    Observation {
        accepted_domains: vec!["contoso.com".into()],
        rooms: (1..=rooms).map(room).collect(),
        recipients: [
            (address("admin@contoso.com"), Some(recipient(901, "admin@contoso.com", "UserMailbox"))),
            (address("ceo@contoso.com"), Some(recipient(902, "ceo@contoso.com", "UserMailbox"))),
        ]
        .into(),
        application: Some(principal),
        grants: vec![grant],
        ..Observation::default()
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
                let owner = |owner: &Value| {
                    let recipient = seen.recipients[&address(owner.as_str().unwrap())].as_ref().unwrap();
                    recipient.name.clone().unwrap()
                };
                group.managed_by = owners.iter().map(owner).collect();
                seen.group = Some(ObservedGroup { group, members: Vec::new() });
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
                    let mut member = Recipient::default();
                    member.external_directory_object_id = known.unwrap().external_directory_object_id;
                    member
                });
                seen.group.as_mut().unwrap().members = members.collect();
            }
            Change::AddMember(_) => {
                let mut member = Recipient::default();
                member.external_directory_object_id = Some(guid(&parameters["Member"]));
                seen.group.as_mut().unwrap().members.push(member);
            }
            Change::RemoveMember(_) => {
                let gone = guid(&parameters["Member"]);
                let members = &mut seen.group.as_mut().unwrap().members;
                members.retain(|member| member.external_directory_object_id != Some(gone));
            }
            Change::RegisterApplication(_) => {
                let mut pointer = ExchangeServicePrincipal::default();
                pointer.app_id = Some(guid(&parameters["AppId"]));
                pointer.object_id = Some(guid(&parameters["ObjectId"]));
                seen.exchange_application = Some(pointer);
            }
            Change::AssignRole(_) => {
                let mut assignment = ManagementRoleAssignment::default();
                assignment.role = Some(text("Role"));
                assignment.recipient_write_scope = Some("Group".into());
                // Exchange shows the group by a name of its own, whatever it was asked for by.
                assignment.custom_resource_scope =
                    seen.group.as_ref().and_then(|seen| seen.group.guid).map(|guid| guid.to_string());
                seen.role_assignments.push(assignment);
            }
            Change::RestrictApplication(_) => {
                let mut policy = ApplicationAccessPolicy::default();
                policy.app_id = text("AppId");
                policy.access_right = Some(text("AccessRight"));
                let group = seen.group.as_ref().and_then(|seen| seen.group.guid).unwrap_or_default();
                policy.identity = format!("{}\\{}:S-1-5-21-1-2-3-4;{group}", id(1), policy.app_id);
                seen.policies.push(policy);
            }
            Change::RevokeGrant(revoke) => {
                seen.grants.retain(|grant| grant.assignment != revoke.assignment);
            }
        }
    }
}

#[test]
fn a_fresh_tenant_is_planned_as_an_administrator_would_read_it() {
    let seen = tenant(3);
    let plan = plan(spec().rooms(Rooms::all().except("room-002@contoso.com")), &seen);
    insta::assert_snapshot!(plan, @r#"
    Plan for "PlaceOS Room Booking" <rooms@contoso.com>
      Application  Bookings, client id 8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01
      Restriction  RBAC for Applications: "Application Calendars.ReadWrite" over the members of the group
      Rooms        2 of 3 in the tenant (all rooms except room-002@contoso.com)
      Closed to it ceo@contoso.com

    Group
       1. Create the mail-enabled security group "PlaceOS Room Booking" at rooms@contoso.com, owned by admin@contoso.com
          because no group has this address

    Members
       2. Make 2 recipients the only members of rooms@contoso.com
          because the group has no members yet

    Restriction
       3. Make the application "Bookings" (8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01) known to Exchange
          because Exchange does not know the application yet
       4. Give the application (service principal b6c2f6a4-55c1-4b09-8a77-0e5b1f6f2d02) the role "Application Calendars.ReadWrite" over the members of rooms@contoso.com
          because the application has no such role over the group

    Tenant-wide permission
       5. Take the tenant-wide permission "Calendars.ReadWrite" (Microsoft Graph) away from application 8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01
          because it opens every mailbox, whatever the role says

    Notes
      - Once the tenant-wide permission is gone, the application reads no calendar until its role takes effect. That takes 30 minutes to two hours, and PlaceOS has seen twelve: choose the time.
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
          because the spec does not name this UserMailbox
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
                "PrimarySmtpAddress": group, "ManagedBy": ["admin@contoso.com"],
                "Description": "Room calendars that PlaceOS may read and write",
            }}),
            json!({ "command": "Add-DistributionGroupMember", "parameters": {
                "Identity": group, "Member": id(1), "BypassSecurityGroupManagerCheck": true,
            }}),
            json!({ "command": "New-ServicePrincipal", "parameters": {
                "AppId": APP, "ObjectId": PRINCIPAL, "DisplayName": "Bookings",
            }}),
            json!({ "command": "New-ManagementRoleAssignment", "parameters": {
                "App": PRINCIPAL, "Role": "Application Calendars.ReadWrite", "RecipientGroupScope": group,
            }}),
            json!({ "command": "DELETE appRoleAssignments", "parameters": {
                "application": APP, "service_principal": PRINCIPAL, "assignment": "pPbCtsFVCUuKdw5bH28tAg",
                "permission": "Calendars.ReadWrite",
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
        [FindingKind::NotARoom, FindingKind::NoRooms]
    );
    assert_eq!(blocking(spec().owner("gone@contoso.com"), &seen), [FindingKind::UnknownOwner]);
    assert_eq!(blocking(spec().mailbox("gone@contoso.com"), &seen), [FindingKind::UnknownMailbox]);
    assert_eq!(blocking(spec().must_not_reach("room-001@contoso.com"), &seen), [FindingKind::ClosedMailboxIsMember]);
    let without_app = Observation { application: None, ..tenant(2) };
    assert_eq!(blocking(spec(), &without_app), [FindingKind::UnknownApplication]);
    let elsewhere = Observation { accepted_domains: vec!["fabrikam.com".into()], ..tenant(2) };
    assert_eq!(blocking(spec(), &elsewhere), [FindingKind::DomainNotAccepted]);
    let taken = Observation { address_holder: Some(recipient(7, "rooms@contoso.com", "MailContact")), ..tenant(2) };
    assert_eq!(blocking(spec(), &taken), [FindingKind::AddressTaken]);
    let recipient_administrator = Observation {
        cmdlets: Some(
            serde_json::from_value(json!(["new-distributiongroup", "update-distributiongroupmember"])).unwrap(),
        ),
        ..tenant(2)
    };
    assert_eq!(blocking(spec(), &recipient_administrator), [FindingKind::MissingRole]);
}

#[test]
fn a_grant_that_nobody_asked_to_revoke_is_a_warning() {
    let plan = plan(spec().revoke_tenant_wide_grant(false), &tenant(2));
    assert_eq!(kinds(&plan, Severity::Warning), [FindingKind::TenantWideGrant]);
    assert!(!plan.steps.iter().any(|step| step.stage == Stage::Revocation));
}

#[test]
fn a_policy_over_a_grant_that_writes_is_noted_where_the_spec_says_read() {
    let policy = || spec().restriction(Restriction::Policy).revoke_tenant_wide_grant(false);
    assert_eq!(kinds(&plan(policy(), &tenant(2)), Severity::Note), []);
    let read = policy().permission(crate::CalendarPermission::Read);
    assert_eq!(kinds(&plan(read, &tenant(2)), Severity::Note), [FindingKind::WiderGrant]);
}

#[test]
fn another_role_or_policy_of_the_application_is_a_warning() {
    let mut seen = tenant(2);
    let mut everything = ManagementRoleAssignment::default();
    everything.role = Some("Application Calendars.Read".into());
    seen.role_assignments.push(everything);
    assert_eq!(kinds(&plan(spec(), &seen), Severity::Warning), [FindingKind::OtherRole]);

    let mut other = ApplicationAccessPolicy::default();
    other.app_id = APP.into();
    other.access_right = Some("RestrictAccess".into());
    other.scope_name = Some("Executives".into());
    let seen = Observation { policies: vec![other], ..tenant(2) };
    let policy = spec().restriction(Restriction::Policy).revoke_tenant_wide_grant(false);
    assert_eq!(kinds(&plan(policy, &seen), Severity::Warning), [FindingKind::OtherPolicy]);
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
            seen.group = Some(ObservedGroup { group, members });
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
    fn members_are_replaced_only_where_there_are_none_and_kept_where_asked(case in cases()) {
        let seen = case.seen();
        let plan = plan(case.spec(), &seen);
        let present = seen.group.as_ref().map_or(0, |group| group.members.len());
        for step in &plan.steps {
            match &step.change {
                Change::FillGroup(_) => prop_assert_eq!(present, 0),
                Change::RemoveMember(cmdlet) if case.keep => {
                    prop_assert_eq!(cmdlet.member().as_str(), id(902).to_string());
                }
                _ => {}
            }
        }
        // The restriction comes after the members, and the end of the tenant-wide permission last of all.
        prop_assert!(plan.steps.is_sorted_by_key(|step| step.stage));
    }
}
