//! Set-ups that are right, whoever made them: nothing to do, verified, and no advice that breaks them.

use exchange_groups::{
    Change, Expectation, FindingKind, RestrictedCalendarGroup, RestrictedCalendarGroupBuilder, Rooms, Severity,
    Verdict, Workspaces,
};
use exchange_groups_tests::{Contoso, GROUP, OWNER};
use fake_tenant::{NewGroup, NewMailbox, NewRoleAssignment, PolicyRight, Supposition};
use serde_json::json;

use super::{check, has, in_plan, in_proof, removes_something};

const ROLE: &str = "Application Calendars.ReadWrite";

/// The spec of somebody who set the group up by hand, so without a description of ours.
fn by_hand(contoso: &Contoso) -> RestrictedCalendarGroupBuilder {
    RestrictedCalendarGroup::builder("PlaceOS Room Booking", GROUP, &*contoso.booking.client_id)
        .permission(exchange_groups::Permission::ReadWrite)
        .owner(OWNER)
        .revoke_tenant_wide_grant(true)
        .must_not_reach("ceo@contoso.com")
}

/// The group with every room, the application registered in Exchange and its tenant-wide permission revoked: all but
/// the role.
async fn prepared() -> Contoso {
    let contoso = Contoso::start().await;
    let tenant = &contoso.tenant;
    let group = NewGroup::security(GROUP).name("PlaceOS Room Booking").display_name("PlaceOS Room Booking");
    tenant.add_group(group.owner(OWNER).members(tenant.rooms()));
    let app = &contoso.booking;
    let ids = json!({ "AppId": app.client_id, "ObjectId": app.object_id, "DisplayName": app.display_name });
    tenant.run_cmdlet("New-ServicePrincipal", ids);
    tenant.revoke_app_role(app, "Calendars.ReadWrite");
    contoso
}

async fn assert_nothing_to_do_and_verified(contoso: &Contoso, spec: &RestrictedCalendarGroup) {
    let plan = contoso.plan(spec).await;
    assert!(plan.is_empty() && !removes_something(&plan.findings), "{plan}");
    let proof = contoso.prove(spec).await;
    assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
    assert!(!removes_something(&proof.findings), "{proof}");
    let report = contoso.apply(spec).await;
    assert!(report.is_complete() && report.changes() == 0, "{report}");
}

#[tokio::test]
async fn v7_a_management_scope_over_the_group_is_what_the_spec_asks_for() {
    for as_published in ["MemberOfGroup -eq '{}'", "memberofgroup -eq \"{}\"", "(MemberOfGroup -eq '{}')"] {
        let contoso = prepared().await;
        let tenant = &contoso.tenant;
        let filter = as_published.replace("{}", &tenant.group(GROUP).unwrap().distinguished_name);
        let scope = json!({ "Name": "Rooms", "RecipientRestrictionFilter": filter });
        tenant.run_cmdlet("New-ManagementScope", scope);
        let role = json!({ "App": contoso.booking.object_id, "Role": ROLE, "CustomResourceScope": "Rooms" });
        tenant.run_cmdlet("New-ManagementRoleAssignment", role);
        assert_nothing_to_do_and_verified(&contoso, &by_hand(&contoso).build().unwrap()).await;
    }
}

#[tokio::test]
async fn v7_a_management_scope_that_lets_somebody_else_through_is_not() {
    for more in [" -or (Alias -eq 'ceo')", " -or (RecipientTypeDetails -eq 'UserMailbox')"] {
        let contoso = prepared().await;
        let group = contoso.tenant.group(GROUP).unwrap().distinguished_name;
        let filter = format!("(MemberOfGroup -eq '{group}'){more}");
        contoso.tenant.assign_role(&contoso.booking, NewRoleAssignment::new(ROLE).filter(&filter));
        assert!(contoso.tenant.can_read(&contoso.booking, "ceo@contoso.com"));
        let spec = by_hand(&contoso).build().unwrap();
        let proof = contoso.prove(&spec).await;
        assert_eq!(proof.verdict, Verdict::Violated, "{filter}\n{proof}");
    }
}

/// A filter holds the distinguished name of the day on which it was written. Once the group is renamed it names nobody's,
/// and whether it opens anything is not known: a role of ours comes, and the other one is advised to be removed.
#[tokio::test]
async fn v7_a_management_scope_of_a_renamed_group_is_replaced() {
    let contoso = prepared().await;
    let tenant = &contoso.tenant;
    let filter = format!("MemberOfGroup -eq '{}'", tenant.group(GROUP).unwrap().distinguished_name);
    tenant.assign_role(&contoso.booking, NewRoleAssignment::new(ROLE).filter(&filter));
    tenant.run_cmdlet("Set-DistributionGroup", json!({ "Identity": GROUP, "Name": "PlaceOS Room Booking (old)" }));
    assert!(!filter.contains(&tenant.group(GROUP).unwrap().distinguished_name), "the name is a part of it");
    let spec = by_hand(&contoso).build().unwrap();
    assert_ne!(contoso.prove(&spec).await.verdict, Verdict::Verified, "no room is reached");
    contoso.provision(&spec).await;
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Inconclusive, "{proof}");
    in_proof(&proof, FindingKind::BrokenScope);
    let removals = proof.findings.iter().flat_map(|finding| &finding.advice.changes);
    let removal = removals.into_iter().find(|change| matches!(change, Change::RemoveRole(_))).expect("a removal");
    removal.make(&contoso.client).await.unwrap();
    assert_nothing_to_do_and_verified(&contoso, &spec).await;
}

#[tokio::test]
async fn v8_two_groups_of_one_application_are_both_meant() {
    for policy in [false, true] {
        let contoso = Contoso::start().await;
        let rooms = contoso.rooms();
        let (one, other) = rooms.split_at(rooms.len() / 2);
        let spec = |name: &str, address: &str, beside: &str, rooms: &[String]| {
            let spec = RestrictedCalendarGroup::placeos(address, &*contoso.booking.client_id)
                .name(name)
                .owner(OWNER)
                .rooms(Rooms::at(rooms))
                .other_group(beside)
                .must_not_reach("ceo@contoso.com");
            let spec = if policy {
                spec.restriction(exchange_groups::Restriction::Policy)
            } else {
                spec.revoke_tenant_wide_grant(true)
            };
            spec.build().unwrap()
        };
        let (a, b) = ("rooms-a@contoso.com", "rooms-b@contoso.com");
        let specs = [spec("Rooms A", a, b, one), spec("Rooms B", b, a, other)];
        for spec in &specs {
            contoso.provision(spec).await;
        }
        for spec in &specs {
            assert_nothing_to_do_and_verified(&contoso, spec).await;
        }
        // Who is in neither group, and who is in the other one without being meant, is seen all the same.
        contoso.tenant.add_member(b, "ceo@contoso.com");
        for spec in &specs {
            assert_eq!(contoso.prove(spec).await.verdict, Verdict::Violated);
        }
    }
}

#[tokio::test]
async fn v9_an_on_premises_room_in_the_list_costs_a_warning() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_mailbox(NewMailbox::remote_room("old-hall@contoso.com"));
    let list = ["room-b1-0101@contoso.com", "room-b1-0102@contoso.com", "old-hall@contoso.com"];
    contoso.tenant.add_room_list("old-town@contoso.com", list);
    let spec = contoso.rbac().rooms(Rooms::in_list("old-town@contoso.com")).build().unwrap();
    let plan = contoso.plan(&spec).await;
    assert_eq!((plan.rooms, plan.is_blocked()), (2, false), "{plan}");
    contoso.provision(&spec).await;
    let proof = contoso.prove(&spec).await;
    assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
    let left_out = in_proof(&proof, FindingKind::NotARoom);
    assert_eq!(left_out.severity, Severity::Warning);
    assert_eq!(left_out.subject.kind.as_deref(), Some("RemoteRoomMailbox"), "{left_out}");
    assert!(left_out.message.contains("old-hall@contoso.com"), "{left_out}");
}

#[tokio::test]
async fn v11_a_role_over_the_group_is_known_in_the_shape_of_a_live_tenant() {
    let contoso = prepared().await;
    let tenant = &contoso.tenant;
    let group = tenant.group(GROUP).unwrap();
    let role = json!({ "App": contoso.booking.object_id, "Role": ROLE, "RecipientGroupScope": group.object_id });
    tenant.run_cmdlet("New-ManagementRoleAssignment", role);
    let rows = tenant.run_cmdlet("Get-ManagementRoleAssignment", json!({ "RoleAssignee": contoso.booking.object_id }));
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["RecipientWriteScope"], &rows[0]["CustomResourceScope"], &rows[0]["CustomRecipientWriteScope"]),
        (&json!("Group"), &json!(group.name), &json!("")),
    );
    assert_nothing_to_do_and_verified(&contoso, &by_hand(&contoso).build().unwrap()).await;
}

#[tokio::test]
async fn v14_other_applications_that_gain_by_the_group_are_named() {
    let contoso = Contoso::start().await;
    let tenant = &contoso.tenant;
    let group = NewGroup::security(GROUP).name("PlaceOS Room Booking").display_name("PlaceOS Room Booking");
    tenant.add_group(group.owner(OWNER).members(["boardroom@contoso.com"]));
    let panels = tenant.add_application("Door Panels", "panels~secret");
    tenant.grant_app_role(&panels, "Calendars.Read");
    tenant.add_access_policy(&panels.client_id, PolicyRight::Restrict, GROUP);
    let signs = tenant.add_application("Signs", "signs~secret");
    tenant.assign_role(&signs, NewRoleAssignment::new("Application Calendars.Read").group(GROUP));
    let lights = tenant.add_application("Lights", "lights~secret");
    let filter = format!("MemberOfGroup -eq '{}'", tenant.group(GROUP).unwrap().distinguished_name);
    tenant.assign_role(&lights, NewRoleAssignment::new("Application Mail.Read").name("By filter").filter(&filter));
    let elsewhere = tenant.add_application("Elsewhere", "elsewhere~secret");
    let other =
        NewRoleAssignment::new("Application Calendars.Read").name("Other scope").filter("Alias -eq 'boardroom'");
    tenant.assign_role(&elsewhere, other);
    let spec = contoso.rbac().build().unwrap();
    let plan = contoso.plan(&spec).await;
    let finding = in_plan(&plan, FindingKind::OtherApplications);
    assert!(finding.message.contains(&panels.client_id), "{finding}");
    assert!(finding.message.contains("Application Calendars.Read"), "{finding}");
    assert!(finding.message.contains("By filter"), "the scope names the group in its filter: {finding}");
    assert!(!finding.message.contains("Other scope"), "{finding}");
    assert!(finding.message.contains("39 mailboxes"), "what they gain is said: {finding}");
    contoso.provision(&spec).await;
    let proof = contoso.prove(&spec).await;
    assert!(in_proof(&proof, FindingKind::OtherApplications).message.contains(&panels.client_id), "{proof}");
    assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
}

#[tokio::test]
async fn v15_a_room_is_read_by_object_id_and_a_product_that_reads_by_address_is_warned() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().build().unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.set_user_principal_name("boardroom@contoso.com", "hall.one@contoso.onmicrosoft.com");
    for found_by_address in [false, true] {
        contoso.tenant.suppose(Supposition::AddressesFindMailboxes, found_by_address);
        let proof = contoso.prove(&spec).await;
        assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
        assert_eq!(has(&proof.findings, FindingKind::AddressNotASignInName), !found_by_address, "{proof}");
        if !found_by_address {
            let finding = in_proof(&proof, FindingKind::AddressNotASignInName);
            assert!(finding.message.contains("boardroom@contoso.com"), "{finding}");
        }
    }
}

#[tokio::test]
async fn v16_the_rooms_of_nested_lists_are_selected() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_room_list("campus@contoso.com", ["building-1@contoso.com", "building-2@contoso.com"]);
    // A list that leads back to itself ends all the same.
    contoso.tenant.add_member("building-2@contoso.com", "campus@contoso.com");
    let spec = contoso.rbac().rooms(Rooms::in_list("campus@contoso.com")).build().unwrap();
    let plan = contoso.plan(&spec).await;
    let nested = in_plan(&plan, FindingKind::NestedRoomList);
    assert!(nested.message.contains("building-1@") && nested.message.contains("building-2@"), "{nested}");
    contoso.provision(&spec).await;
    let mut rooms = contoso.tenant.members("building-1@contoso.com");
    rooms.extend(contoso.tenant.members("building-2@contoso.com"));
    rooms.retain(|member| member != "campus@contoso.com");
    rooms.sort_unstable();
    assert_eq!(contoso.tenant.members(GROUP), rooms);
    assert_eq!(contoso.prove(&spec).await.verdict, Verdict::Verified);
}

#[tokio::test]
async fn v17_workspaces_are_counted_and_can_be_left_out() {
    let desks = ["desk-1@contoso.com", "desk-2@contoso.com"];
    for (workspaces, members, counted) in [
        (Workspaces::Include, 42, "2 workspaces"),
        (Workspaces::Exclude, 40, ""),
        (Workspaces::Only, 2, "2 workspaces"),
    ] {
        let contoso = Contoso::start().await;
        for desk in desks {
            contoso.tenant.add_mailbox(NewMailbox::workspace(desk));
        }
        let spec = contoso.rbac().rooms(Rooms::all().workspaces(workspaces)).build().unwrap();
        let plan = contoso.plan(&spec).await;
        let selected = if workspaces == Workspaces::Exclude { 0 } else { 2 };
        assert_eq!((plan.rooms, plan.workspaces, plan.rooms_in_tenant), (members, selected, 42), "{plan}");
        assert!(plan.to_string().contains(counted), "{plan}");
        contoso.provision(&spec).await;
        assert_eq!(contoso.tenant.members(GROUP).len(), members);
        let proof = contoso.prove(&spec).await;
        assert_eq!(proof.verdict, Verdict::Verified, "{proof}");
        if selected > 0 {
            assert_eq!(check(&proof, desks[0]).0.expected, Expectation::Reached);
        } else {
            assert!(!contoso.tenant.can_read(&contoso.booking, desks[0]));
        }
    }
}
