#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]
//! Drift: a named test for each way in which a tenant moves away from a spec. What a change does to access, the tenant's
//! own decision says.

use std::collections::{BTreeMap, BTreeSet};

use exchange_groups::{
    Actor, Drift, DriftDifference, DriftEffect, DriftKind, DriftStatus, Observation, OtherMembers,
    RestrictedCalendarGroup, RestrictedCalendarGroupBuilder,
};
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{
    FakeTenant, Fault, Level, Matcher, NewGroup, NewMailbox, NewRoleAssignment, PolicyRight, RecipientKind, Resource,
};
use proptest::prelude::*;
use serde_json::json;

/// A tenant that is as its spec says, and the snapshot of it.
struct World {
    contoso: Contoso,
    spec: RestrictedCalendarGroup,
    snapshot: Observation,
    /// Whom the application reached then.
    reached: BTreeSet<String>,
    rooms: BTreeSet<String>,
}

impl World {
    async fn of(is_policy: bool, before: impl FnOnce(&Contoso)) -> Self {
        let tenant = FakeTenant::contoso();
        for room in tenant.rooms().iter().skip(5) {
            tenant.remove_mailbox(room);
        }
        let contoso = Contoso::of(tenant).await;
        let spec = if is_policy { contoso.policy() } else { contoso.rbac() }.build().unwrap();
        contoso.provision(&spec).await;
        before(&contoso);
        let snapshot = contoso.groups.observe(&spec).await.unwrap();
        let mut world = Self { contoso, spec, snapshot, reached: BTreeSet::new(), rooms: BTreeSet::new() };
        world.reached = world.reached_now();
        world.rooms = world.contoso.tenant.rooms().into_iter().collect();
        world
    }

    async fn rbac() -> Self {
        Self::of(false, |_| {}).await
    }

    async fn policy() -> Self {
        Self::of(true, |_| {}).await
    }

    fn reached_now(&self) -> BTreeSet<String> {
        let tenant = &self.contoso.tenant;
        let reaches = |mailbox: &String| tenant.reaches(&self.contoso.booking, mailbox, Level::Events).allowed;
        tenant.mailboxes().into_iter().filter(reaches).collect()
    }

    /// What the change did to access, by the tenant's own decision.
    fn effect(&self) -> DriftEffect {
        let (now, tenant) = (self.reached_now(), &self.contoso.tenant);
        let rooms_now: BTreeSet<String> = tenant.rooms().into_iter().collect();
        let is_wanted = |mailbox: &String| rooms_now.contains(mailbox);
        if now.iter().any(|mailbox| !is_wanted(mailbox)) {
            return DriftEffect::Wider;
        }
        let lost = rooms_now.iter().any(|room| !now.contains(room));
        if lost { DriftEffect::Outage } else { DriftEffect::Neither }
    }

    async fn drift(&self) -> Drift {
        self.contoso.groups.drift(&self.spec, Some(&self.snapshot)).await.unwrap()
    }

    /// The difference of this kind; its effect is the one that the tenant decides on.
    async fn shows(&self, kind: DriftKind) -> DriftDifference {
        let drift = self.drift().await;
        let difference = of_kind(&drift, kind);
        assert_eq!(difference.effect, self.effect(), "{drift}");
        difference
    }
}

fn of_kind(drift: &Drift, kind: DriftKind) -> DriftDifference {
    let found: Vec<_> = drift.differences.iter().filter(|difference| difference.kind == kind).collect();
    assert_eq!(found.len(), 1, "{kind}: {drift}\n{:?}", drift.differences.iter().map(|it| it.kind).collect::<Vec<_>>());
    assert!(!drift.is_none());
    found[0].clone()
}

/// What an edited snapshot shows: for what the tenant in memory cannot be made to do.
fn since(world: &World, edit: impl FnOnce(&mut serde_json::Value)) -> Observation {
    let mut snapshot = serde_json::to_value(&world.snapshot).unwrap();
    edit(&mut snapshot);
    serde_json::from_value(snapshot).unwrap()
}

#[tokio::test]
async fn nothing_changed_is_no_drift() {
    for world in [World::rbac().await, World::policy().await] {
        for drift in [world.drift().await, world.contoso.groups.drift(&world.spec, None).await.unwrap()] {
            assert!(drift.is_none(), "{drift}\n{:#?}", drift.differences);
            assert_eq!((drift.status(), drift.status().code()), (DriftStatus::InSync, 0));
            assert!(drift.to_string().contains("Nothing differs"), "{drift}");
        }
    }
}

#[tokio::test]
async fn a_room_that_was_added() {
    let world = World::rbac().await;
    world.contoso.tenant.add_room("atrium@contoso.com");
    let difference = world.shows(DriftKind::RoomAdded).await;
    assert_eq!(difference.effect, DriftEffect::Outage);
    assert_eq!(difference.subject.address.as_ref().unwrap().as_str(), "atrium@contoso.com");
    assert_eq!(difference.subject.id.as_deref(), Some(&*world.contoso.object_id("atrium@contoso.com")));
    assert_eq!(difference.steps.len(), 1);
    assert_eq!(difference.steps[0].change.cmdlet(), Some("Add-DistributionGroupMember"));
    assert_eq!(difference.owner(), Actor::ExchangeAdministrator);
}

#[tokio::test]
async fn a_room_that_was_deleted() {
    let world = World::rbac().await;
    let room = world.rooms.first().unwrap().clone();
    world.contoso.tenant.remove_mailbox(&room);
    let difference = world.shows(DriftKind::RoomDeleted).await;
    assert_eq!((difference.effect, difference.owner()), (DriftEffect::Neither, Actor::Operator));
}

#[tokio::test]
async fn a_room_of_another_address_or_name_is_the_same_room() {
    let world = World::rbac().await;
    let before = since(&world, |snapshot| snapshot["rooms"][0]["PrimarySmtpAddress"] = json!("old@contoso.com"));
    let now = &world.snapshot;
    let drift = Drift::between(&world.spec, now, Some(&before));
    let difference = of_kind(&drift, DriftKind::RoomAddressChanged);
    assert_eq!((difference.effect, drift.differences.len()), (DriftEffect::Outage, 1), "{drift}");
    let before = since(&world, |snapshot| snapshot["rooms"][0]["DisplayName"] = json!("The old name"));
    let drift = Drift::between(&world.spec, now, Some(&before));
    assert_eq!(of_kind(&drift, DriftKind::RoomRenamed).effect, DriftEffect::Neither);
    assert_eq!((drift.differences.len(), drift.status()), (1, DriftStatus::Harmless), "{drift}");
}

#[tokio::test]
async fn a_room_that_was_hidden() {
    let world = World::rbac().await;
    world.contoso.tenant.hide(world.rooms.first().unwrap());
    world.shows(DriftKind::RoomHidden).await;
}

#[tokio::test]
async fn a_room_that_became_a_persons_mailbox() {
    for world in [World::rbac().await, World::policy().await] {
        world.contoso.tenant.convert_mailbox(world.rooms.first().unwrap(), RecipientKind::UserMailbox);
        let difference = world.shows(DriftKind::KindChanged).await;
        assert_eq!(difference.effect, DriftEffect::Wider);
        assert_eq!(difference.steps[0].change.cmdlet(), Some("Remove-DistributionGroupMember"));
    }
}

#[tokio::test]
async fn a_member_that_somebody_added() {
    for world in [World::rbac().await, World::policy().await] {
        world.contoso.tenant.add_member(GROUP, "adele.vance@contoso.com");
        let difference = world.shows(DriftKind::MemberAdded).await;
        assert_eq!((difference.effect, difference.steps.len()), (DriftEffect::Wider, 1));
        assert_eq!(world.drift().await.status().code(), 5);
    }
}

#[tokio::test]
async fn a_member_that_somebody_removed() {
    for world in [World::rbac().await, World::policy().await] {
        world.contoso.tenant.remove_member(GROUP, world.rooms.first().unwrap());
        let difference = world.shows(DriftKind::MemberRemoved).await;
        assert_eq!((difference.effect, difference.steps.len()), (DriftEffect::Outage, 1));
        assert_eq!(world.drift().await.status(), DriftStatus::Outage);
    }
}

#[tokio::test]
async fn a_nested_group() {
    for world in [World::rbac().await, World::policy().await] {
        let tenant = &world.contoso.tenant;
        tenant.add_group(NewGroup::security("nested@contoso.com").members(["adele.vance@contoso.com"]));
        tenant.add_member(GROUP, "nested@contoso.com");
        let drift = world.drift().await;
        let difference = of_kind(&drift, DriftKind::NestedGroupAdded);
        // A policy counts members of nested groups by Microsoft's page, and did not by users': unknown is right too.
        let wider = [DriftEffect::Wider, DriftEffect::Unknown];
        match world.effect() {
            DriftEffect::Wider => assert!(wider.contains(&difference.effect), "{drift}"),
            other => assert_eq!(difference.effect, other, "{drift}"),
        }
    }
}

#[tokio::test]
async fn a_group_that_was_renamed() {
    let world = World::rbac().await;
    let change = json!({ "Identity": GROUP, "DisplayName": "Something else" });
    world.contoso.tenant.run_cmdlet("Set-DistributionGroup", change);
    let difference = world.shows(DriftKind::GroupRenamed).await;
    assert_eq!(difference.steps.len(), 1, "{difference}");
}

#[tokio::test]
async fn a_group_of_another_address() {
    let world = World::rbac().await;
    let change = json!({ "Identity": GROUP, "PrimarySmtpAddress": "rooms.new@contoso.com" });
    world.contoso.tenant.run_cmdlet("Set-DistributionGroup", change);
    let drift = world.drift().await;
    assert!(!drift.is_none());
    // The old address stays with it, so it is the same group; where it does not, the group is missing at its address.
    let kinds: Vec<_> = drift.differences.iter().map(|difference| difference.kind).collect();
    assert!(kinds.contains(&DriftKind::GroupAddressChanged), "{kinds:?}\n{drift}");
    assert_eq!(world.effect(), DriftEffect::Neither);
    assert_ne!(drift.status(), DriftStatus::Wider, "{drift}");
}

#[tokio::test]
async fn a_group_that_was_deleted() {
    for world in [World::rbac().await, World::policy().await] {
        world.contoso.tenant.run_cmdlet("Remove-DistributionGroup", json!({ "Identity": GROUP }));
        let drift = world.drift().await;
        let difference = of_kind(&drift, DriftKind::GroupDeleted);
        // What a policy does whose group is gone is not documented.
        assert!([world.effect(), DriftEffect::Unknown].contains(&difference.effect), "{drift}");
        assert!(difference.steps.iter().any(|step| step.change.cmdlet() == Some("New-DistributionGroup")));
    }
}

#[tokio::test]
async fn a_group_that_was_made_anew_is_another_group() {
    let world = World::rbac().await;
    let other = json!("11111111-2222-3333-4444-555555555555");
    let before = since(&world, |snapshot| {
        snapshot["group"]["group"]["ExternalDirectoryObjectId"] = other.clone();
        snapshot["group"]["group"]["Guid"] = other;
    });
    of_kind(&Drift::between(&world.spec, &world.snapshot, Some(&before)), DriftKind::GroupReplaced);
}

#[tokio::test]
async fn a_group_that_directory_synchronisation_took_over() {
    let world = World::rbac().await;
    world.contoso.tenant.set_dir_synced(GROUP, true);
    world.shows(DriftKind::GroupSynchronised).await;
}

#[tokio::test]
async fn a_new_owner_and_open_joining() {
    let world = World::rbac().await;
    let owner = world.contoso.object_id("adele.vance@contoso.com");
    let before = since(&world, |snapshot| snapshot["group"]["group"]["ManagedBy"] = json!([]));
    of_kind(&Drift::between(&world.spec, &world.snapshot, Some(&before)), DriftKind::OwnerAdded);
    let before = since(&world, |snapshot| {
        snapshot["group"]["group"]["ManagedBy"].as_array_mut().unwrap().push(json!(owner));
    });
    of_kind(&Drift::between(&world.spec, &world.snapshot, Some(&before)), DriftKind::OwnerRemoved);
    let change = json!({ "Identity": GROUP, "MemberJoinRestriction": "ApprovalRequired" });
    world.contoso.tenant.run_cmdlet("Set-DistributionGroup", change);
    let difference = world.shows(DriftKind::JoiningOpened).await;
    assert!(difference.advice.command.unwrap().contains("-MemberJoinRestriction Closed"));
}

#[tokio::test]
async fn an_application_that_owns_the_group() {
    let world = World::rbac().await;
    let mut now = serde_json::to_value(&world.snapshot).unwrap();
    let principal = now["application"]["id"].clone();
    now["group"]["group"]["ManagedBy"].as_array_mut().unwrap().push(principal);
    let now: Observation = serde_json::from_value(now).unwrap();
    let drift = Drift::between(&world.spec, &now, Some(&world.snapshot));
    assert_eq!(of_kind(&drift, DriftKind::ApplicationOwnsGroup).effect, DriftEffect::Wider);
}

#[tokio::test]
async fn a_policy_that_was_removed_while_the_grant_is_there() {
    let world = World::policy().await;
    let policy = world.contoso.tenant.access_policies(&world.contoso.booking)[0].identity.clone();
    world.contoso.tenant.run_cmdlet("Remove-ApplicationAccessPolicy", json!({ "Identity": policy }));
    let difference = world.shows(DriftKind::PolicyRemoved).await;
    assert_eq!((difference.effect, difference.steps.len()), (DriftEffect::Wider, 1));
    assert!(world.reached_now().contains("ceo@contoso.com"));
}

#[tokio::test]
async fn a_second_policy() {
    for right in [PolicyRight::Restrict, PolicyRight::Deny] {
        let world = World::policy().await;
        let tenant = &world.contoso.tenant;
        let room = world.rooms.first().unwrap();
        tenant.add_group(NewGroup::security("other@contoso.com").members(["adele.vance@contoso.com", room]));
        tenant.add_access_policy(&world.contoso.booking.client_id, right, "other@contoso.com");
        world.shows(DriftKind::PolicyAdded).await;
    }
}

#[tokio::test]
async fn an_assignment_that_was_removed_or_disabled() {
    let world = World::rbac().await;
    let name = world.contoso.tenant.role_assignments(&world.contoso.booking)[0].name.clone();
    let change = json!({ "Identity": name, "Enabled": false });
    world.contoso.tenant.run_cmdlet("Set-ManagementRoleAssignment", change);
    let difference = world.shows(DriftKind::AssignmentSwitched).await;
    assert_eq!((difference.effect, difference.steps.len()), (DriftEffect::Outage, 1));
    world.contoso.tenant.run_cmdlet("Remove-ManagementRoleAssignment", json!({ "Identity": name }));
    let difference = world.shows(DriftKind::AssignmentRemoved).await;
    assert_eq!((difference.effect, difference.steps.len()), (DriftEffect::Outage, 1));
}

#[tokio::test]
async fn an_assignment_of_another_scope() {
    let world = World::rbac().await;
    let tenant = &world.contoso.tenant;
    tenant.add_group(NewGroup::security("other@contoso.com").members(["adele.vance@contoso.com"]));
    let name = tenant.role_assignments(&world.contoso.booking)[0].name.clone();
    let group = world.contoso.object_id("other@contoso.com");
    let change = json!({ "Identity": name, "RecipientGroupScope": group });
    tenant.run_cmdlet("Set-ManagementRoleAssignment", change);
    let difference = world.shows(DriftKind::AssignmentChanged).await;
    assert_eq!(difference.effect, DriftEffect::Wider);
}

#[tokio::test]
async fn an_unscoped_assignment_that_was_added() {
    let world = World::rbac().await;
    world.contoso.tenant.assign_role(&world.contoso.booking, NewRoleAssignment::new("Application Calendars.Read"));
    let difference = world.shows(DriftKind::AssignmentAdded).await;
    assert_eq!(difference.effect, DriftEffect::Wider);
}

#[tokio::test]
async fn a_management_scope_whose_filter_was_edited() {
    let mut name = String::new();
    let world = World::of(false, |contoso| {
        let filter = "Department -eq 'nobody'";
        let assignment = NewRoleAssignment::new("Application Calendars.Read").filter(filter);
        name = contoso.tenant.assign_role(&contoso.booking, assignment);
    })
    .await;
    let scope = world.contoso.tenant.management_scopes()[0].clone();
    let change = json!({ "Identity": scope, "RecipientRestrictionFilter": "RecipientTypeDetails -eq 'UserMailbox'" });
    world.contoso.tenant.run_cmdlet("Set-ManagementScope", change);
    let drift = world.drift().await;
    let difference = of_kind(&drift, DriftKind::ScopeFilterChanged);
    assert_eq!(world.effect(), DriftEffect::Wider);
    assert!([DriftEffect::Wider, DriftEffect::Unknown].contains(&difference.effect), "{name}: {drift}");
}

#[tokio::test]
async fn a_grant_that_was_given_again() {
    let world = World::rbac().await;
    world.contoso.tenant.grant_app_role(&world.contoso.booking, "Calendars.ReadWrite");
    let difference = world.shows(DriftKind::GrantGiven).await;
    assert_eq!((difference.effect, difference.owner()), (DriftEffect::Wider, Actor::EntraAdministrator));
    assert_eq!(difference.steps.len(), 1);
    // Without a snapshot it differs from the spec all the same.
    let drift = world.contoso.groups.drift(&world.spec, None).await.unwrap();
    assert_eq!(of_kind(&drift, DriftKind::GrantGiven).effect, DriftEffect::Wider);
}

#[tokio::test]
async fn a_grant_that_a_policy_needs_and_that_is_gone() {
    let world = World::policy().await;
    for role in world.contoso.tenant.app_roles(&world.contoso.booking) {
        world.contoso.tenant.revoke(&world.contoso.booking, Resource::Graph, &role);
    }
    let drift = world.drift().await;
    assert_eq!(world.effect(), DriftEffect::Outage);
    let lost = drift.differences.iter().find(|difference| difference.kind == DriftKind::GrantRevoked);
    assert_eq!(lost.unwrap().effect, DriftEffect::Outage, "{drift}");
}

#[tokio::test]
async fn a_service_principal_that_was_disabled() {
    let world = World::rbac().await;
    world.contoso.tenant.set_application_enabled(&world.contoso.booking, false);
    let difference = world.shows(DriftKind::ServicePrincipalDisabled).await;
    assert_eq!((difference.effect, difference.owner()), (DriftEffect::Outage, Actor::EntraAdministrator));
}

#[tokio::test]
async fn a_service_principal_that_is_gone_or_was_made_anew() {
    let world = World::rbac().await;
    let mut now = serde_json::to_value(&world.snapshot).unwrap();
    now["application"] = json!(null);
    now["facts"]["service_principal"] = json!({ "read": null });
    let now: Observation = serde_json::from_value(now).unwrap();
    let drift = Drift::between(&world.spec, &now, Some(&world.snapshot));
    assert_eq!(of_kind(&drift, DriftKind::ServicePrincipalDeleted).effect, DriftEffect::Outage);
    let other = json!("11111111-2222-3333-4444-555555555555");
    let before = since(&world, |snapshot| snapshot["facts"]["service_principal"] = json!({ "read": other }));
    of_kind(&Drift::between(&world.spec, &world.snapshot, Some(&before)), DriftKind::ServicePrincipalReplaced);
}

#[tokio::test]
async fn a_second_application_of_the_product() {
    let world = World::rbac().await;
    let tenant = &world.contoso.tenant;
    let other = tenant.add_application("PlaceOS Bookings Visualiser", "another-secret");
    tenant.assign_role(&other, NewRoleAssignment::new("Application Calendars.Read").group(GROUP));
    let drift = world.drift().await;
    let other = drift.differences.iter().find(|it| it.kind == DriftKind::OtherApplicationAdded);
    assert_eq!(other.unwrap().effect, DriftEffect::Neither, "{drift}");
}

/// The product's flow of consent, run again: a new registration of its name, with permissions over the whole tenant.
#[tokio::test]
async fn a_consent_to_the_product_that_was_given_again() {
    let world = World::rbac().await;
    let tenant = &world.contoso.tenant;
    // The application may be called otherwise than the product calls those that it registers.
    let spec =
        RestrictedCalendarGroupBuilder::from(world.spec.clone()).application_name("Contoso Rooms").build().unwrap();
    for name in ["Contoso Rooms", &*world.contoso.booking.display_name] {
        let other = tenant.add_application(name, "another-secret");
        let drift = world.contoso.groups.drift(&spec, Some(&world.snapshot)).await.unwrap();
        let found = drift.differences.iter().find(|it| it.subject.id.as_deref() == Some(&*other.client_id)).unwrap();
        assert_eq!(
            (found.kind, found.effect),
            (DriftKind::Namesake, DriftEffect::Neither),
            "it holds nothing: {drift}"
        );
        tenant.grant(&other, Resource::Graph, "Calendars.ReadWrite");
        for snapshot in [None, Some(&world.snapshot)] {
            let drift = world.contoso.groups.drift(&spec, snapshot).await.unwrap();
            let of_it = |it: &&DriftDifference| it.subject.id.as_deref() == Some(&*other.client_id);
            let difference = drift.differences.iter().find(of_it).unwrap_or_else(|| panic!("{drift}"));
            assert_eq!(difference.kind, DriftKind::Namesake);
            assert_eq!((difference.effect, difference.owner()), (DriftEffect::Wider, Actor::EntraAdministrator));
            assert_eq!(drift.status(), DriftStatus::Wider);
        }
        assert!(tenant.can_read(&other.client_id, "ceo@contoso.com"));
        let plan = world.contoso.plan(&spec).await;
        assert!(plan.to_string().contains(&other.client_id), "{plan}");
        // Once it is restricted, it is wider no more.
        tenant.add_access_policy(&other.client_id, PolicyRight::Restrict, GROUP);
        let drift = world.contoso.groups.drift(&spec, None).await.unwrap();
        let of_kind = drift.differences.iter().any(|it| it.kind == DriftKind::Namesake);
        assert!(!of_kind, "{drift}");
        tenant.revoke_app_role(&other, "Calendars.ReadWrite");
    }
}

/// What could not be read is no absence.
#[tokio::test]
async fn applications_of_the_name_that_cannot_be_listed_are_unknown() {
    let world = World::rbac().await;
    let body = json!({ "error": { "code": "Authorization_RequestDenied", "message": "Insufficient privileges." } });
    world.contoso.tenant.fail_next(Matcher::path("/servicePrincipals?").times(100), Fault::status(403, body));
    let drift = world.drift().await;
    assert_eq!(drift.status(), DriftStatus::Unknown, "{drift}");
    assert!(drift.to_string().contains("applications of the application's name"), "{drift}");
}

#[tokio::test]
async fn enforced_application_roles() {
    let world = World::policy().await;
    world.contoso.tenant.set_enforce_app_roles(true);
    let drift = world.drift().await;
    let difference = of_kind(&drift, DriftKind::AppRbacSwitched);
    assert!([world.effect(), DriftEffect::Unknown].contains(&difference.effect), "{drift}");
}

#[tokio::test]
async fn a_domain_that_is_not_accepted_any_more() {
    let world = World::rbac().await;
    let before = since(&world, |snapshot| {
        snapshot["accepted_domains"].as_array_mut().unwrap().push(json!("contoso.example"));
    });
    let drift = Drift::between(&world.spec, &world.snapshot, Some(&before));
    assert_eq!((of_kind(&drift, DriftKind::DomainRemoved).effect, drift.differences.len()), (DriftEffect::Neither, 1));
}

#[tokio::test]
async fn what_became_unreadable_is_unknown_and_never_in_sync() {
    for (is_policy, cmdlet) in [(false, "Get-ManagementRoleAssignment"), (true, "Get-ApplicationAccessPolicy")] {
        let world = World::of(is_policy, |_| {}).await;
        let refusal =
            Fault::cmdlet_error(403, "Microsoft.Exchange.Configuration.Tasks.AccessDeniedException", "Denied");
        world.contoso.tenant.fail_next(Matcher::cmdlet(cmdlet).times(50), refusal);
        let drift = world.drift().await;
        assert!(drift.differences.iter().any(|it| it.kind == DriftKind::Unreadable), "{drift}");
        assert!(drift.unread > 0);
        assert_eq!((drift.status(), drift.status().code()), (DriftStatus::Unknown, 6), "{drift}");
    }
}

#[tokio::test]
async fn what_is_unreadable_in_the_snapshot_as_well_is_unknown_all_the_same() {
    let world = World::rbac().await;
    let refusal = Fault::cmdlet_error(403, "Microsoft.Exchange.Configuration.Tasks.AccessDeniedException", "Denied");
    world.contoso.tenant.fail_next(Matcher::cmdlet("Get-ManagementRoleAssignment").times(500), refusal);
    let before = world.contoso.groups.observe(&world.spec).await.unwrap();
    let drift = world.contoso.groups.drift(&world.spec, Some(&before)).await.unwrap();
    assert_eq!(drift.status(), DriftStatus::Unknown, "{drift}");
}

#[tokio::test]
async fn an_application_that_can_widen_itself_is_told_beside_other_causes() {
    let world = World::rbac().await;
    world.contoso.tenant.add_member(GROUP, "adele.vance@contoso.com");
    world.contoso.tenant.grant(&world.contoso.booking, Resource::Graph, "AppRoleAssignment.ReadWrite.All");
    let drift = world.drift().await;
    of_kind(&drift, DriftKind::MemberAdded);
    let text = drift.to_string();
    let widens = drift.differences.iter().find(|difference| difference.kind == DriftKind::AccessChanged);
    assert_eq!(widens.map(|difference| difference.effect), Some(DriftEffect::Wider), "{text}");
}

/// A second cause is not hidden by a first one of the same effect, with a snapshot and without.
#[tokio::test]
async fn two_causes_of_one_effect_are_both_told() {
    let world = World::rbac().await;
    let tenant = &world.contoso.tenant;
    tenant.add_member(GROUP, "adele.vance@contoso.com");
    tenant.add_group(NewGroup::security("leaders@contoso.com").members(["ceo@contoso.com"]));
    let role = NewRoleAssignment::new("Application Calendars.Read").name("leaders").group("leaders@contoso.com");
    tenant.assign_role(&world.contoso.booking, role);
    for snapshot in [None, Some(&world.snapshot)] {
        let drift = world.contoso.groups.drift(&world.spec, snapshot).await.unwrap();
        of_kind(&drift, DriftKind::MemberAdded);
        let about_role: Vec<_> =
            drift.differences.iter().filter(|it| it.subject.id.as_deref() == Some("leaders")).collect();
        assert_eq!(about_role.len(), 1, "told, and once: {drift}");
        assert_eq!(about_role[0].effect, DriftEffect::Wider, "{drift}");
        assert!(!about_role[0].message.contains("adele"), "{drift}");
    }
}

/// What the spec names and the tenant has no more is no "in sync", and nothing that the spec "does not ask for".
#[tokio::test]
async fn a_mailbox_of_the_spec_that_is_gone() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_mailbox(NewMailbox::shared("booking@contoso.com"));
    let spec = contoso.rbac().mailbox("booking@contoso.com").build().unwrap();
    contoso.provision(&spec).await;
    let snapshot = contoso.groups.observe(&spec).await.unwrap();
    contoso.tenant.remove_mailbox("booking@contoso.com");
    contoso.tenant.add_member(GROUP, "adele.vance@contoso.com");
    for before in [None, Some(&snapshot)] {
        let drift = contoso.groups.drift(&spec, before).await.unwrap();
        let gone = of_kind(&drift, DriftKind::SpecUnmet);
        assert_eq!((gone.effect, gone.owner()), (DriftEffect::Outage, Actor::SpecAuthor), "{drift}");
        assert!(gone.message.contains("booking@contoso.com"), "{drift}");
        assert!(!drift.to_string().contains("does not ask for"), "{drift}");
        // The plan is blocked, so that nothing is mended by it yet.
        assert!(drift.steps.is_empty() && drift.differences.iter().all(|it| it.steps.is_empty()), "{drift}");
        let added = of_kind(&drift, DriftKind::MemberAdded);
        assert!(added.advice.text.contains("once what blocks it is dealt with"), "{drift}");
    }
}

/// Where members that the spec does not name are kept, a room that became a person's mailbox still is one.
#[tokio::test]
async fn a_room_that_became_a_persons_mailbox_among_members_that_are_kept() {
    let contoso = Contoso::start().await;
    let spec = contoso.rbac().other_members(OtherMembers::Keep).build().unwrap();
    contoso.provision(&spec).await;
    let snapshot = contoso.groups.observe(&spec).await.unwrap();
    let room = contoso.rooms()[0].clone();
    contoso.tenant.convert_mailbox(&room, RecipientKind::UserMailbox);
    let drift = contoso.groups.drift(&spec, Some(&snapshot)).await.unwrap();
    let changed = of_kind(&drift, DriftKind::KindChanged);
    assert_eq!(changed.effect, DriftEffect::Wider, "{drift}");
    assert!(drift.differences.iter().all(|it| it.kind != DriftKind::RoomDeleted), "{drift}");
    assert!(contoso.tenant.can_read(&contoso.booking.client_id, &room));
}

#[tokio::test]
async fn a_snapshot_of_another_tenant_tells_nothing() {
    let world = World::rbac().await;
    let before = since(&world, |snapshot| snapshot["origin"]["tenant"] = json!("fabrikam.onmicrosoft.com"));
    let drift = Drift::between(&world.spec, &world.snapshot, Some(&before));
    assert_eq!(of_kind(&drift, DriftKind::UnfitSnapshot).effect, DriftEffect::Unknown);
}

#[tokio::test]
async fn the_plan_mends_what_it_can_and_then_nothing_differs() {
    let world = World::rbac().await;
    let tenant = &world.contoso.tenant;
    tenant.add_member(GROUP, "adele.vance@contoso.com");
    tenant.remove_member(GROUP, world.rooms.first().unwrap());
    tenant.grant_app_role(&world.contoso.booking, "Calendars.ReadWrite");
    let drift = world.drift().await;
    // Each step of the plan has one difference.
    let mended: usize = drift.differences.iter().map(|difference| difference.steps.len()).sum();
    assert_eq!(mended, drift.steps.len(), "{drift}");
    let document = serde_json::to_string(&drift).unwrap();
    assert_eq!(serde_json::from_str::<Drift>(&document).unwrap(), drift);
    world.contoso.provision(&world.spec).await;
    assert!(world.contoso.groups.drift(&world.spec, None).await.unwrap().is_none());
    assert!(world.drift().await.is_none(), "{}", world.drift().await);
}

/// The text format of Prometheus, as far as a gauge needs it.
#[tokio::test]
async fn metrics_have_the_text_format_of_prometheus_and_names_that_stay() {
    let world = World::rbac().await;
    world.contoso.tenant.add_member(GROUP, "adele.vance@contoso.com");
    let drift = world.drift().await;
    let text = drift.prometheus();
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut values: BTreeMap<String, f64> = BTreeMap::new();
    let mut typed = Vec::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            assert!(help.split_once(' ').is_some_and(|(name, text)| is_name(name) && !text.is_empty()), "{line}");
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(kind, "gauge");
            assert!(!typed.contains(&name.to_owned()), "{name} is there twice");
            typed.push(name.to_owned());
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = sample.split_once('{').unwrap();
        assert_eq!(typed.last().map(String::as_str), Some(name), "samples stand behind their type");
        for label in labels.strip_suffix('}').unwrap().split("\",") {
            let (label, value) = label.split_once("=\"").unwrap();
            assert!(is_name(label) && !value.trim_end_matches('"').contains(['"', '\n']), "{line}");
        }
        assert!(values.insert(sample.to_owned(), value.parse().unwrap()).is_none(), "{line} is there twice");
    }
    assert!(text.ends_with('\n'));
    let value = |name: &str, label: &str| {
        let mut fitting =
            values.iter().filter(|(sample, _)| sample.starts_with(&format!("{name}{{")) && sample.contains(label));
        *fitting.next().unwrap_or_else(|| panic!("{name} {label}\n{text}")).1
    };
    assert!(value("exchange_groups_drift", "effect=\"wider\"") > 0.5);
    assert!(value("exchange_groups_drift", "effect=\"outage\"") < 0.5);
    assert!(value("exchange_groups_drift_differences", "kind=\"member_added\"") > 0.5);
    assert!(value("exchange_groups_drift_status", "status=\"wider\"") > 0.5);
    for name in ["drift_steps", "members", "rooms", "unread_parts", "requests", "snapshot_age_seconds"] {
        value(&format!("exchange_groups_{name}"), GROUP);
    }
}

#[test]
fn every_outcome_has_a_code_of_its_own_beside_those_of_failures() {
    let codes: BTreeSet<u8> = DriftStatus::ALL.iter().map(|status| status.code()).collect();
    assert_eq!(codes.len(), DriftStatus::ALL.len());
    assert!(!codes.contains(&1) && !codes.contains(&2) && DriftStatus::InSync.code() == 0);
}

/// A change behind the back of the spec.
#[derive(Debug, Clone, Copy)]
enum Move {
    AddMember,
    RemoveMember,
    AddRoom,
    RemoveRoom,
    Convert(RecipientKind),
    Grant(&'static str),
    RevokeAll,
    Unscoped(&'static str),
    RoleOver,
    DisableRoles,
    RemoveRoles,
    RemovePolicies,
    Policy(PolicyRight),
    RemoveGroup,
    Enforce,
    DisableApplication,
    FullAccess,
}

impl Move {
    fn make(self, world: &World, pick: usize) {
        let (tenant, app) = (&world.contoso.tenant, &world.contoso.booking);
        let rooms: Vec<&String> = world.rooms.iter().collect();
        let room = rooms[pick % rooms.len()];
        let person = ["adele.vance@contoso.com", "ceo@contoso.com"][pick % 2];
        let address = format!("other-{}@contoso.com", tenant.groups().len());
        let other = || tenant.add_group(NewGroup::security(&address).members([person, room]));
        let assignments = tenant.role_assignments(app);
        match self {
            Self::AddMember => tenant.add_member(GROUP, person),
            Self::RemoveMember => tenant.remove_member(GROUP, room),
            Self::AddRoom => drop(tenant.add_room("atrium@contoso.com")),
            Self::RemoveRoom => tenant.remove_mailbox(rooms[(pick + 1) % rooms.len()]),
            Self::Convert(kind) => tenant.convert_mailbox(room, kind),
            Self::Grant(role) => tenant.grant_app_role(app, role),
            Self::RevokeAll => tenant.app_roles(app).iter().for_each(|role| tenant.revoke(app, Resource::Graph, role)),
            Self::Unscoped(role) => drop(tenant.assign_role(app, NewRoleAssignment::new(role))),
            Self::RoleOver => {
                other();
                let role = NewRoleAssignment::new("Application Calendars.ReadWrite").group(&address);
                tenant.assign_role(app, role);
            }
            Self::DisableRoles => assignments.iter().for_each(|it| {
                tenant.run_cmdlet("Set-ManagementRoleAssignment", json!({ "Identity": it.name, "Enabled": false }));
            }),
            Self::RemoveRoles => assignments.iter().for_each(|it| {
                tenant.run_cmdlet("Remove-ManagementRoleAssignment", json!({ "Identity": it.name }));
            }),
            Self::RemovePolicies => tenant.access_policies(app).iter().for_each(|it| {
                tenant.run_cmdlet("Remove-ApplicationAccessPolicy", json!({ "Identity": it.identity }));
            }),
            Self::Policy(right) => {
                other();
                tenant.add_access_policy(&app.client_id, right, &address);
            }
            Self::RemoveGroup => drop(tenant.run_cmdlet("Remove-DistributionGroup", json!({ "Identity": GROUP }))),
            Self::Enforce => tenant.set_enforce_app_roles(true),
            Self::DisableApplication => tenant.set_application_enabled(app, false),
            Self::FullAccess => tenant.grant(app, Resource::Exchange, "full_access_as_app"),
        }
    }
}

const MOVES: &[Move] = &[
    Move::AddMember,
    Move::RemoveMember,
    Move::AddRoom,
    Move::RemoveRoom,
    Move::Convert(RecipientKind::UserMailbox),
    Move::Convert(RecipientKind::SharedMailbox),
    Move::Convert(RecipientKind::MailUser),
    Move::Grant("Calendars.Read"),
    Move::Grant("Calendars.ReadWrite"),
    Move::Grant("Mail.Read"),
    Move::RevokeAll,
    Move::Unscoped("Application Calendars.Read"),
    Move::Unscoped("Application Exchange Full Access"),
    Move::RoleOver,
    Move::DisableRoles,
    Move::RemoveRoles,
    Move::RemovePolicies,
    Move::Policy(PolicyRight::Restrict),
    Move::Policy(PolicyRight::Deny),
    Move::RemoveGroup,
    Move::Enforce,
    Move::DisableApplication,
    Move::FullAccess,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whoever is reached newly, or no longer, is never "no drift"; and where somebody is reached newly, nothing harmless.
    #[test]
    fn a_change_of_reach_is_never_no_drift(
        moves in proptest::sample::subsequence(MOVES, 1..3), pick in 0_usize..20, is_policy: bool, with_snapshot: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::of(is_policy, |_| {}).await;
            for change in &moves {
                change.make(&world, pick);
            }
            let snapshot = with_snapshot.then_some(&world.snapshot);
            let drift = world.contoso.groups.drift(&world.spec, snapshot).await.unwrap();
            let (effect, status) = (world.effect(), drift.status());
            let known: &[DriftStatus] = match effect {
                DriftEffect::Wider => &[DriftStatus::Wider, DriftStatus::Unknown],
                DriftEffect::Outage => &[DriftStatus::Outage, DriftStatus::Wider, DriftStatus::Unknown],
                _ => DriftStatus::ALL,
            };
            prop_assert!(known.contains(&status), "{moves:?} {pick} {is_policy}: {effect} is told as {status}\n{drift}");
            if world.reached_now() != world.reached {
                prop_assert!(!drift.is_none() || !with_snapshot, "{moves:?} {pick} {is_policy}");
            }
            Ok(())
        })?;
    }
}
