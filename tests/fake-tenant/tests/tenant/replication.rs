//! What was just made and is not found everywhere, what acts later than it is there, and writes whose answer
//! is lost.

use std::time::Duration;

use fake_tenant::{FakeTenant, Fault, Matcher, ObjectKind, ReplicationDelay, Request, When};
use serde_json::{Value, json};

use crate::{EXCHANGE, SECURITY_GROUP, Session, ends_with, explain, with_group};

const BOARDROOM: &str = "boardroom@contoso.com";
const CEO: &str = "ceo@contoso.com";

fn registered(tenant: &FakeTenant, admin: &Session) {
    let app = tenant.booking_application();
    admin.run("New-ServicePrincipal", json!({"AppId": app.client_id, "ObjectId": app.object_id}));
}

fn policy(tenant: &FakeTenant) -> Value {
    let app = tenant.booking_application();
    json!({"AppId": app.client_id, "AccessRight": "RestrictAccess", "PolicyScopeGroupID": SECURITY_GROUP})
}

fn assignment(tenant: &FakeTenant) -> Value {
    let app = tenant.booking_application();
    json!({
        "Name": "bookings", "App": app.object_id, "Role": "Application Calendars.Read",
        "RecipientGroupScope": "PlaceOS Room Booking",
    })
}

#[test]
fn each_kind_is_found_after_its_own_number_of_reads() {
    let (tenant, admin) = with_group();
    registered(&tenant, &admin);
    tenant.visible_after(ObjectKind::AccessPolicy, ReplicationDelay::Reads(2));
    tenant.visible_after(ObjectKind::RoleAssignment, ReplicationDelay::Reads(1));
    tenant.visible_after(ObjectKind::ManagementScope, ReplicationDelay::Reads(1));
    let rows = |cmdlet: &str| {
        let response = admin.invoke(cmdlet, json!({}));
        if response.status() == 404 { 0 } else { response.json()["value"].as_array().unwrap().len() }
    };

    admin.run("New-ApplicationAccessPolicy", policy(&tenant));
    assert_eq!([0; 3].map(|_| rows("Get-ApplicationAccessPolicy")), [0, 0, 1]);

    let others = rows("Get-ManagementRoleAssignment");
    admin.run("New-ManagementRoleAssignment", assignment(&tenant));
    assert_eq!([0; 2].map(|_| rows("Get-ManagementRoleAssignment") - others), [0, 1]);

    admin.run("New-ManagementScope", json!({"Name": "rooms", "RecipientRestrictionFilter": "Office -eq 'x'"}));
    // A command that names it looks for it as well.
    assert_eq!(admin.failure("Set-ManagementScope", json!({"Identity": "rooms", "Name": "halls"})).0, 404);
    assert_eq!(rows("Get-ManagementScope"), 1);
    // A group is not delayed: each kind for itself.
    admin.run("New-DistributionGroup", json!({"Name": "others", "Type": "Security"}));
    assert_eq!(admin.run("Get-DistributionGroup", json!({"Identity": "others"})).len(), 1);
}

#[test]
fn what_is_not_visible_yet_exists_all_the_same() {
    let (tenant, admin) = with_group();
    registered(&tenant, &admin);
    for kind in [ObjectKind::AccessPolicy, ObjectKind::RoleAssignment, ObjectKind::Group, ObjectKind::Member] {
        tenant.visible_after(kind, ReplicationDelay::Reads(9));
    }
    let app = tenant.booking_application();
    admin.run("New-ApplicationAccessPolicy", policy(&tenant));
    assert!(!tenant.can_read(&app, CEO), "it acts");
    let (_, exception, _) = admin.failure("New-ApplicationAccessPolicy", policy(&tenant));
    assert!(ends_with(&exception, "ADObjectAlreadyExistsException"));
    admin.run("New-ManagementRoleAssignment", assignment(&tenant));
    let (_, exception, _) = admin.failure("New-ManagementRoleAssignment", assignment(&tenant));
    assert!(ends_with(&exception, "ADObjectAlreadyExistsException"));
    let group = json!({"Name": "others", "Type": "Security"});
    admin.run("New-DistributionGroup", group.clone());
    assert!(ends_with(&admin.failure("New-DistributionGroup", group).1, "ADObjectAlreadyExistsException"));
    let member = json!({"Identity": SECURITY_GROUP, "Member": BOARDROOM, "BypassSecurityGroupManagerCheck": true});
    admin.run("Add-DistributionGroupMember", member.clone());
    assert!(ends_with(&admin.failure("Add-DistributionGroupMember", member).1, "MemberAlreadyExistsException"));
}

#[test]
fn members_and_times_count_too() {
    let (tenant, admin) = with_group();
    tenant.freeze_clock();
    let admin = Session::of(&tenant, &admin.tenant.administrator());
    tenant.visible_after(ObjectKind::Member, ReplicationDelay::Reads(2));
    let add = |member: &str| {
        admin.run(
            "Add-DistributionGroupMember",
            json!({"Identity": SECURITY_GROUP, "Member": member, "BypassSecurityGroupManagerCheck": true}),
        )
    };
    let members = || admin.run("Get-DistributionGroupMember", json!({"Identity": SECURITY_GROUP})).len();
    add(BOARDROOM);
    assert_eq!([0; 3].map(|_| members()), [0, 0, 1]);
    tenant.visible_after(ObjectKind::Member, ReplicationDelay::Time(Duration::from_secs(60)));
    add(CEO);
    assert_eq!([0; 3].map(|_| members()), [1, 1, 1]);
    tenant.advance(Duration::from_secs(60));
    assert_eq!(members(), 2);
    assert_eq!(tenant.members(SECURITY_GROUP), [BOARDROOM, CEO]);
}

#[test]
fn each_kind_acts_after_its_own_time() {
    let (tenant, _) = with_group();
    tenant.freeze_clock();
    let app = tenant.booking_application();
    tenant.propagates_after(ObjectKind::AccessPolicy, Duration::from_secs(60));
    tenant.propagates_after(ObjectKind::Member, Duration::from_secs(600));
    tenant.run_cmdlet("Add-DistributionGroupMember", json!({"Identity": SECURITY_GROUP, "Member": BOARDROOM}));
    tenant.run_cmdlet("New-ApplicationAccessPolicy", policy(&tenant));
    assert!(tenant.can_read(&app, CEO), "the policy does not act yet");
    tenant.advance(Duration::from_secs(60));
    assert!(!tenant.can_read(&app, CEO) && !tenant.can_read(&app, BOARDROOM), "the policy does, the member does not");
    tenant.advance(Duration::from_secs(540));
    assert!(!tenant.can_read(&app, CEO) && tenant.can_read(&app, BOARDROOM));
}

#[test]
fn everything_may_be_denied_until_a_policy_acts() {
    let (tenant, _) = with_group();
    tenant.freeze_clock();
    tenant.add_member(SECURITY_GROUP, BOARDROOM);
    let app = tenant.booking_application();
    tenant.deny_until_policies_act(true);
    tenant.propagates_after(ObjectKind::AccessPolicy, Duration::from_secs(86_400));
    let created = tenant.run_cmdlet("New-ApplicationAccessPolicy", policy(&tenant));
    assert!(!tenant.can_read(&app, BOARDROOM) && !tenant.can_read(&app, CEO));
    tenant.advance(Duration::from_secs(86_400));
    assert!(tenant.can_read(&app, BOARDROOM) && !tenant.can_read(&app, CEO));
    // A change of a policy that acts denies nothing.
    tenant.run_cmdlet("Set-ApplicationAccessPolicy", json!({"Identity": created[0]["Identity"], "Description": "x"}));
    assert!(tenant.can_read(&app, BOARDROOM));
}

#[test]
fn a_write_is_carried_out_although_its_answer_is_lost() {
    let (tenant, admin) = with_group();
    registered(&tenant, &admin);
    let app = tenant.booking_application();
    tenant.visible_after(ObjectKind::RoleAssignment, ReplicationDelay::Reads(1));
    tenant.fail_next(Matcher::cmdlet("New-ManagementRoleAssignment"), Fault::DropConnection(When::AfterEffect));
    tenant.fail_next(Matcher::cmdlet("New-ApplicationAccessPolicy"), Fault::AnswerLost { status: 504 });
    let lost = admin.invoke("New-ManagementRoleAssignment", assignment(&tenant));
    assert!(lost.interruption().is_some());
    let named = || admin.invoke("Get-ManagementRoleAssignment", json!({"Identity": "bookings"})).status();
    assert_eq!([named(), named()], [404, 200]);
    assert_eq!(tenant.role_assignments(&app).len(), 1);
    assert_eq!(admin.invoke("New-ApplicationAccessPolicy", policy(&tenant)).status(), 504);
    assert_eq!(tenant.access_policies(&app).len(), 1);
}

#[test]
fn writes_can_depend_on_the_anchor_mailbox() {
    let (tenant, admin) = with_group();
    let run = |organization: &str, cmdlet: &str, parameters: &Value| {
        let anchor = format!("APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{organization}");
        tenant.handle(&admin.command(cmdlet, parameters).header("X-AnchorMailbox", &anchor))
    };
    let hide = |hidden: bool| json!({"Identity": SECURITY_GROUP, "HiddenFromAddressListsEnabled": hidden, "BypassSecurityGroupManagerCheck": true});
    let by_id = tenant.id();
    assert_eq!(run(&by_id, "Set-DistributionGroup", &hide(true)).status(), 200, "off unless switched on");
    tenant.refuse_writes_by_other_anchors(When::BeforeEffect);
    for organization in [&*by_id, "contoso.com"] {
        assert_eq!(run(organization, "Get-DistributionGroup", &json!({"Identity": SECURITY_GROUP})).status(), 200);
        let (status, exception, sentence) = explain(&run(organization, "Set-DistributionGroup", &hide(false)));
        assert_eq!(status, 400);
        assert_eq!(exception, "Microsoft.Exchange.Data.Directory.InsufficientPermissionsException");
        assert!(sentence.contains("doesn't have write permission to target DC"), "{sentence}");
    }
    assert!(tenant.group(SECURITY_GROUP).unwrap().hidden);
    tenant.refuse_writes_by_other_anchors(When::AfterEffect);
    assert_eq!(run(&by_id, "Set-DistributionGroup", &hide(false)).status(), 400);
    assert!(!tenant.group(SECURITY_GROUP).unwrap().hidden, "refused and carried out");
    assert_eq!(run("contoso.onmicrosoft.com", "Set-DistributionGroup", &hide(true)).status(), 200);

    // In a batch every item has an anchor of its own.
    let item = |id: &str, organization: &str| {
        json!({
            "id": id, "method": "POST",
            "url": format!("{EXCHANGE}/adminapi/beta/{by_id}/InvokeCommand"),
            "headers": {"Authorization": format!("Bearer {}", admin.exchange), "X-AnchorMailbox": format!("APP:x@{organization}")},
            "body": {"CmdletInput": {"CmdletName": "Set-DistributionGroup", "Parameters": hide(false)}},
        })
    };
    let batch = json!({"requests": [item("1", &by_id), item("2", "contoso.onmicrosoft.com")]});
    let url = format!("{EXCHANGE}/adminapi/beta/{by_id}/$batch");
    let answer = tenant.handle(&Request::post(&url).bearer(&admin.exchange).json(&batch)).json();
    let status = |id: &str| {
        answer["responses"].as_array().unwrap().iter().find(|item| item["id"] == id).unwrap()["status"].clone()
    };
    assert_eq!((status("1"), status("2")), (json!(400), json!(200)));
}
