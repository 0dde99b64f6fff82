//! Set-ups that are right are not called violated.

use exchange_groups::access::{RowKind, RowResource, catalogue};
use exchange_groups::{RestrictedCalendarGroup, Rooms, Verdict};
use exchange_groups_tests::{Contoso, GROUP, OWNER};
use fake_tenant::{NewGroup, NewMailbox, NewRoleAssignment, PolicyRight, Resource};
use serde_json::json;

use super::{ADELE, CEO, MODES, Mode, Tally, provisioned, tenant};

async fn is_right(contoso: &Contoso, spec: &RestrictedCalendarGroup, what: &str, tally: &mut Tally) {
    let proof = contoso.groups.prove(spec).await;
    tally.note(what, &proof, None);
    let proof = proof.expect("a proof");
    if proof.verdict != Verdict::Verified {
        tally.false_violated.push(format!("{what}: {proof}"));
    }
}

/// V7: a management scope over the group, as Microsoft's and vendors' guides make it.
async fn by_a_management_scope(tally: &mut Tally) {
    let (contoso, spec) = provisioned(Mode::Rbac).await;
    let ours = contoso.tenant.role_assignments(&contoso.booking)[0].name.clone();
    contoso.tenant.run_cmdlet("Remove-ManagementRoleAssignment", json!({"Identity": ours}));
    let name = contoso.tenant.group(GROUP).expect("the group").distinguished_name;
    let role = NewRoleAssignment::new("Application Calendars.ReadWrite").filter(&format!("MemberOfGroup -eq '{name}'"));
    contoso.tenant.assign_role(&contoso.booking, role);
    assert!(contoso.plan(&spec).await.is_empty());
    is_right(&contoso, &spec, "V7: a management scope over the group", tally).await;
}

/// V8: one application over two groups.
async fn by_two_groups(mode: Mode, tally: &mut Tally) {
    let contoso = Contoso::of(tenant()).await;
    let rooms = contoso.tenant.rooms();
    let spec = |group: &str, name: &str, other: &str, rooms: &[String]| {
        let spec = RestrictedCalendarGroup::placeos(group, &*contoso.booking.client_id)
            .name(name)
            .owner(OWNER)
            .rooms(Rooms::at(rooms.iter().map(String::as_str)))
            .other_group(other)
            .must_not_reach(CEO);
        match mode {
            Mode::Rbac => spec.revoke_tenant_wide_grant(true),
            Mode::Policy => spec.restriction(exchange_groups::Restriction::Policy),
        }
        .build()
        .expect("a spec")
    };
    let (a, b) = ("rooms-a@contoso.com", "rooms-b@contoso.com");
    let first = spec(a, "Rooms A", b, &rooms[..1]);
    let second = spec(b, "Rooms B", a, &rooms[1..]);
    contoso.apply(&first).await;
    contoso.provision(&second).await;
    is_right(&contoso, &first, &format!("V8: the first of two groups, {mode:?}"), tally).await;
    is_right(&contoso, &second, &format!("V8: the second of two groups, {mode:?}"), tally).await;
}

/// V9: a room list with a room whose mailbox is on-premises.
async fn with_a_room_elsewhere(mode: Mode, tally: &mut Tally) {
    let contoso = Contoso::of(tenant()).await;
    let mut rooms = contoso.tenant.rooms();
    rooms.push(contoso.tenant.add_mailbox(NewMailbox::remote_room("old-room")));
    contoso.tenant.add_room_list("campus", rooms);
    let spec = match mode {
        Mode::Rbac => contoso.rbac(),
        Mode::Policy => contoso.policy(),
    };
    let spec = spec.rooms(Rooms::in_list("campus@contoso.com")).build().expect("a spec");
    contoso.apply(&spec).await;
    is_right(&contoso, &spec, &format!("V9: a room that is on-premises, {mode:?}"), tally).await;
}

/// Permissions that open no calendar and widen nothing, all at once.
async fn with_harmless_permissions(mode: Mode, tally: &mut Tally) {
    let (contoso, spec) = provisioned(mode).await;
    let rows = catalogue().iter().filter(|row| row.kind == RowKind::Application && row.resource == RowResource::Graph);
    for row in rows.filter(|row| row.allows.is_empty() && row.escalates.is_empty()) {
        if let Some(id) = row.id {
            contoso.tenant.grant(&contoso.booking, Resource::Graph, &id.to_string());
        }
    }
    for name in ["User.Read.All", "Group.Read.All", "Place.Read.All"] {
        contoso.tenant.grant(&contoso.booking, Resource::Graph, name);
    }
    is_right(&contoso, &spec, &format!("permissions that open nothing, {mode:?}"), tally).await;
}

/// What others have is theirs.
async fn beside_others(mode: Mode, tally: &mut Tally) {
    let (contoso, spec) = provisioned(mode).await;
    let other = contoso.tenant.add_application("Panels", "not-a-real-secret-of-panels");
    contoso.tenant.assign_role(&other, NewRoleAssignment::new("Application Exchange Full Access"));
    contoso.tenant.grant(&other, Resource::Graph, "Calendars.ReadWrite");
    contoso.tenant.add_access_policy(&other.client_id, PolicyRight::Restrict, GROUP);
    let group = contoso.tenant.add_group(NewGroup::security("others").members([CEO, ADELE]));
    contoso.tenant.add_access_policy(&other.client_id, PolicyRight::Deny, &group);
    contoso.tenant.assign_role(&contoso.booking, NewRoleAssignment::new("Application Mail.Send").group(&group));
    contoso.tenant.assign_role(&contoso.booking, NewRoleAssignment::new("Application Calendars.Read").disabled());
    is_right(&contoso, &spec, &format!("beside others, {mode:?}"), tally).await;
}

/// Nothing that denies more than it should be is called wider.
async fn with_more_denied(mode: Mode, tally: &mut Tally) {
    let (contoso, spec) = provisioned(mode).await;
    let group = contoso.tenant.add_group(NewGroup::security("others").members([CEO, ADELE]));
    contoso.tenant.add_access_policy(&contoso.booking.client_id, PolicyRight::Deny, &group);
    is_right(&contoso, &spec, &format!("people denied besides, {mode:?}"), tally).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_right_is_verified() {
    let mut tally = Tally::default();
    by_a_management_scope(&mut tally).await;
    for mode in MODES {
        by_two_groups(mode, &mut tally).await;
        with_a_room_elsewhere(mode, &mut tally).await;
        with_harmless_permissions(mode, &mut tally).await;
        beside_others(mode, &mut tally).await;
        with_more_denied(mode, &mut tally).await;
    }
    tally.conclude("a set-up that is right");
}
