//! Every access path of the catalogue, opened behind the product's back.

use exchange_groups::access::{Escalation, Row, RowKind, RowResource, Truth, catalogue};
use exchange_groups::{RestrictedCalendarGroup, Verdict};
use exchange_groups_tests::{Contoso, GROUP};
use fake_tenant::{AccessPath, NewRoleAssignment, Opened, PolicyRight, Resource, RoleAssignmentView};
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::{ADELE, CEO, MODES, Mode, Tally, attempt, provisioned, reached_beyond};

/// How the tenant names what a row describes.
fn path_of<'a>(row: &'a Row, key: &'a str) -> AccessPath<'a> {
    let resource = if row.resource == RowResource::Graph { Resource::Graph } else { Resource::Exchange };
    match row.kind {
        RowKind::Application => AccessPath::AppRole { resource, role: key },
        RowKind::Delegated => AccessPath::DelegatedScope { resource, scope: row.value },
        RowKind::ApplicationRole | RowKind::ManagementRole => AccessPath::ExchangeRole(row.value),
        RowKind::Assignment => AccessPath::DelegatingExchangeRole("Application Calendars.Read"),
        RowKind::RoleGroup => AccessPath::RoleGroup(row.value),
        RowKind::DirectoryRole => AccessPath::DirectoryRole(key),
        _ if row.value.starts_with("mailbox permission") => AccessPath::MailboxPermission,
        _ if row.value.starts_with("owner of its own") => AccessPath::OwnApplication,
        _ if row.value.contains("Microsoft 365 group)") => AccessPath::Microsoft365GroupOwner,
        _ => AccessPath::Other(row.value),
    }
}

/// Whether an application with this permission lifts its own restriction, without any condition (section "escalation" of
/// the access model: these three have none).
fn lifts_the_restriction(row: &Row) -> bool {
    let alone = [Escalation::GrantAppRoles, Escalation::DirectoryRoles, Escalation::ExchangeRoles];
    row.kind == RowKind::Application && row.condition.is_none() && row.escalates.iter().any(|way| alone.contains(way))
}

/// Whether the row says that nothing of a calendar is opened and nothing can be widened.
fn is_harmless(row: &Row) -> bool {
    row.allows.is_empty() && row.escalates.is_empty() && row.kind == RowKind::Application
}

/// Takes back what was opened. Whether nothing of it is left.
fn close(contoso: &Contoso, row: &Row, key: &str, before: &[String]) -> bool {
    let resource = if row.resource == RowResource::Graph { Resource::Graph } else { Resource::Exchange };
    match row.kind {
        RowKind::Application if !before.iter().any(|held| held == row.value) => {
            contoso.tenant.revoke(&contoso.booking, resource, key);
        }
        RowKind::ApplicationRole => {
            let made =
                contoso.tenant.role_assignments(&contoso.booking).into_iter().rfind(RoleAssignmentView::is_unscoped);
            let made = made.expect("the assignment").name;
            contoso.tenant.run_cmdlet("Remove-ManagementRoleAssignment", json!({ "Identity": made }));
        }
        _ => return false,
    }
    // What is to be found next is what is open then, not what a token from now still carries.
    contoso.tenant.revoke_tokens();
    contoso.tenant.app_roles(&contoso.booking) == before
}

/// Allows one path after the other, and proves after each.
async fn open_each(mode: Mode, rows: &'static [Row]) -> Tally {
    let mut tally = Tally::default();
    let mut start = None;
    for row in rows {
        let (contoso, spec) = match start.take() {
            Some(start) => start,
            None => provisioned(mode).await,
        };
        let before = contoso.tenant.app_roles(&contoso.booking);
        let key = row.id.map_or_else(|| row.value.to_owned(), |id| id.to_string());
        if contoso.tenant.open(&contoso.booking, path_of(row, &key)) == Opened::Unknown {
            tally.skipped += 1;
            start = Some((contoso, spec));
            continue;
        }
        tally.merge(prove_one(&contoso, &spec, mode, row).await);
        if close(&contoso, row, &key, &before) {
            start = Some((contoso, spec));
        }
    }
    tally
}

async fn prove_one(contoso: &Contoso, spec: &RestrictedCalendarGroup, mode: Mode, row: &Row) -> Tally {
    let mut tally = Tally::default();
    let proof = contoso.groups.prove(spec).await;
    let what = format!("{mode:?}, {:?} {:?} {}", row.resource, row.kind, row.value);
    let reached = reached_beyond(contoso, &contoso.tenant.rooms()).map(|mailbox| format!("{mailbox} is reached"));
    let lifts = lifts_the_restriction(row).then(|| "the application can lift the restriction".to_owned());
    let may_lift = proof.as_ref().is_ok_and(|proof| proof.can_widen_itself != Truth::No);
    let may_lift = may_lift.then(|| "the application may lift the restriction, as far as is known".to_owned());
    tally.note(&what, &proof, reached.clone().or(lifts).or(may_lift).as_deref());
    let proof = proof.expect("a proof");
    if is_harmless(row) && reached.is_none() && proof.verdict == Verdict::Violated {
        tally.false_violated.push(format!("{what}\n{proof}"));
    }
    tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_access_path_of_the_catalogue_is_overlooked() {
    let chunks = || catalogue().chunks(40);
    let attempts = MODES.into_iter().flat_map(|mode| chunks().map(move |rows| open_each(mode, rows)));
    let mut tally = Tally::default();
    let mut done = stream::iter(attempts).buffer_unordered(3);
    while let Some(one) = done.next().await {
        tally.merge(one);
    }
    tally.conclude("an access path of the catalogue");
    assert!(tally.attempts > 400, "{tally:?}");
}

/// Roles over everything that is not the group, policies that widen, members that nobody meant.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_scope_policy_or_member_is_overlooked() {
    let mut tally = Tally::default();
    for mode in MODES {
        for (what, role) in [
            (
                "people by a filter",
                NewRoleAssignment::new("Application Calendars.Read").filter("RecipientTypeDetails -eq 'UserMailbox'"),
            ),
            ("an attribute", NewRoleAssignment::new("Application Calendars.Read").filter("CustomAttribute1 -eq 'VIP'")),
            (
                "all but the group",
                NewRoleAssignment::new("Application Calendars.Read").filter("Alias -ne 'room-00001'"),
            ),
            ("nobody's filter", NewRoleAssignment::new("Application Calendars.Read").filter("Alias -eq 'nobody'")),
            ("a unit", NewRoleAssignment::new("Application Calendars.ReadWrite").unit("Board")),
            ("a list", NewRoleAssignment::new("Application MailboxItem.Export").group("list")),
            ("a team", NewRoleAssignment::new("Application Calendars.Read").group("team")),
            ("a group of the directory", NewRoleAssignment::new("Application Calendars.Read").group("directory")),
            ("a role that nobody knows", NewRoleAssignment::new("Application Calendars.Peek")),
            (
                "an exclusive scope",
                NewRoleAssignment::new("Application Calendars.Read").exclusive_filter("Alias -eq 'ceo'"),
            ),
            (
                "another service principal",
                NewRoleAssignment::new("Application Calendars.Read")
                    .of_object_id("0b5c3d1e-6a7f-4c2d-9e8b-1f2a3b4c5d6e"),
            ),
        ] {
            let (contoso, spec) = provisioned(mode).await;
            contoso.tenant.add_unit("Board", [CEO]);
            contoso.tenant.add_group(fake_tenant::NewGroup::distribution("list").members([ADELE]));
            contoso.tenant.add_group(fake_tenant::NewGroup::microsoft_365("team").members([ADELE]));
            contoso.tenant.add_group(fake_tenant::NewGroup::entra_security("directory").members([ADELE]));
            contoso.tenant.assign_role(&contoso.booking, role);
            attempt(&contoso, &spec, &format!("{mode:?}, a role over {what}"), &mut tally).await;
        }
        for (what, right, of_all, scope) in [
            ("a restriction to the CEO", PolicyRight::Restrict, false, CEO),
            ("a restriction of everybody to another", PolicyRight::Restrict, true, ADELE),
            ("a restriction to a group", PolicyRight::Restrict, false, "other@contoso.com"),
            ("a denial of a room's group", PolicyRight::Deny, false, "other@contoso.com"),
        ] {
            let (contoso, spec) = provisioned(mode).await;
            let inner = contoso.tenant.add_group(fake_tenant::NewGroup::security("inner").members([ADELE]));
            contoso
                .tenant
                .add_group(fake_tenant::NewGroup::security("other").members([inner, "room-00001".to_owned()]));
            let app = if of_all { "*" } else { &*contoso.booking.client_id };
            contoso.tenant.add_access_policy(app, right, scope);
            attempt(&contoso, &spec, &format!("{mode:?}, {what}"), &mut tally).await;
        }
        for member in [CEO, ADELE, "inner", "list", "team"] {
            let (contoso, spec) = provisioned(mode).await;
            contoso.tenant.add_group(fake_tenant::NewGroup::security("inner").members([CEO]));
            contoso.tenant.add_group(fake_tenant::NewGroup::distribution("list").members([ADELE]));
            contoso.tenant.add_group(fake_tenant::NewGroup::microsoft_365("team").members([CEO]));
            contoso.tenant.add_member(GROUP, member);
            attempt(&contoso, &spec, &format!("{mode:?}, {member} is a member"), &mut tally).await;
        }
    }
    tally.conclude("a scope, a policy or a member");
}
