//! What the catalogue does not know is unknown, never harmless.

use graph_client::AppRoleId;

use super::world::*;
use crate::access::*;

fn unheard(resource: Resource, name: Option<&str>) -> Facts {
    tenant().with(|facts| {
        read(&mut facts.grants).push(Grant {
            resource,
            role: AppRoleId::from_uuid(guid(0xfeed)),
            value: name.map(str::to_owned),
            assignment: None,
            eligible: false,
        });
    })
}

fn verdicts(facts: &Facts) -> (Access, Truth) {
    let model = AccessModel::new(facts);
    (model.reach(&mailbox("ceo"), Level::Events).verdict, model.widening().verdict)
}

#[test]
fn a_permission_that_the_catalogue_lacks_is_harmless_only_by_its_name() {
    use Access::{Denied, Unknown};
    for (resource, name, expected) in [
        (Resource::Graph, Some("Sites.Read.All"), (Denied, Truth::No)),
        (Resource::Graph, Some("Sites.FullControl.All"), (Denied, Truth::Unknown)),
        (Resource::Graph, Some("CalendarSomething.Read.All"), (Unknown, Truth::No)),
        (Resource::Graph, Some("MailboxThing.ReadWrite.All"), (Unknown, Truth::Unknown)),
        (Resource::Graph, Some("ediscovery.New.All"), (Unknown, Truth::Unknown)),
        (Resource::Graph, None, (Unknown, Truth::Unknown)),
        (Resource::Exchange, Some("Anything.Read.All"), (Unknown, Truth::Unknown)),
        (Resource::Exchange, None, (Unknown, Truth::Unknown)),
        // Known by name alone: it is for cmdlets and opens no data, and what it can do is not documented.
        (Resource::Exchange, Some("Exchange.AdminAPI.ManageAsApp"), (Denied, Truth::Unknown)),
        (Resource::Exchange, Some("EWS.AccessAsApp"), (Unknown, Truth::Unknown)),
        (Resource::Other(client(7)), Some("Exchange.ManageAsApp"), (Unknown, Truth::Unknown)),
        (Resource::Other(client(7)), Some("Sites.Read.All"), (Denied, Truth::No)),
    ] {
        assert_eq!(verdicts(&unheard(resource, name)), expected, "{resource} {name:?}");
    }
}

#[test]
fn an_id_under_another_name_than_the_catalogue_has_is_unknown() {
    let mut facts = tenant().graph("Place.Read.All");
    read(&mut facts.grants)[0].value = Some("Everything.Read".into());
    assert_eq!(verdicts(&facts), (Access::Unknown, Truth::Unknown));
    // The name was not read, and the id is confirmed by several sources.
    read(&mut facts.grants)[0].value = None;
    assert_eq!(verdicts(&facts), (Access::Denied, Truth::No));
    // Only one source has this id.
    let mut facts = tenant().graph("Place.ReadWrite.All");
    read(&mut facts.grants)[0].value = None;
    assert_eq!(verdicts(&facts), (Access::Unknown, Truth::Unknown));
}

#[test]
fn one_id_on_two_resources_is_two_permissions() {
    let mut facts = tenant().graph("Calendars.ReadWrite");
    assert_eq!(verdicts(&facts).0, Access::Allowed);
    // On the Exchange resource this id was for the Outlook REST API, and has another name.
    read(&mut facts.grants)[0].resource = Resource::Exchange;
    read(&mut facts.grants)[0].value = Some("Calendars.ReadWrite.All".into());
    let model = AccessModel::new(&facts);
    let reach = model.reach(&mailbox("ceo"), Level::Events);
    assert_eq!(reach.verdict, Access::Unknown);
    assert_eq!(reach.paths[0].path, AccessPath::LegacyRest);
    // Work hours and locations, no events.
    assert_eq!(verdicts(&tenant().graph("Calendars.ReadWrite.All")), (Access::Denied, Truth::No));
}

#[test]
fn a_role_that_the_catalogue_lacks_goes_by_its_permissions() {
    let facts = tenant().role("Contoso Room Role", RoleScope::Organization);
    assert_eq!(verdicts(&facts).0, Access::Unknown);
    let with = |permissions: &[&str]| {
        let permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
        let facts = facts.clone().with(|facts| {
            read(&mut facts.role_assignments)[0].permissions = Fact::Read(permissions);
        });
        verdicts(&facts)
    };
    assert_eq!(with(&["Calendars.Read"]), (Access::Allowed, Truth::No));
    assert_eq!(with(&["Mail.Read"]), (Access::Denied, Truth::No));
    assert_eq!(with(&["Mail.Read", "Unheard.Of"]).0, Access::Unknown);
    assert_eq!(
        verdicts(&tenant().role("ApplicationImpersonation", RoleScope::Organization)),
        (Access::Denied, Truth::No)
    );
}

#[test]
fn an_unheard_role_in_the_directory_or_in_exchange_may_widen() {
    let unheard = tenant().with(|facts| {
        let role = DirectoryRole { template: guid(0xbeef), name: "New Role".into(), eligible: false, scope: None };
        read(&mut facts.directory_roles).push(role);
    });
    assert_eq!(verdicts(&unheard).1, Truth::Unknown);
    let role_group = |group: RoleGroup| {
        let facts = tenant().exchange("Exchange.ManageAsApp").with(|facts| facts.role_groups = vec![group].into());
        verdicts(&facts).1
    };
    let unread = RoleGroup { name: "Contoso Admins".into(), roles: Fact::default() };
    assert_eq!(role_group(unread), Truth::Unknown);
    let strong = RoleGroup { name: "Contoso Admins".into(), roles: vec!["Role Management".to_owned()].into() };
    assert_eq!(role_group(strong), Truth::Yes);
    let built_in = RoleGroup { name: "organization management".into(), roles: Fact::default() };
    assert_eq!(role_group(built_in), Truth::Yes);
}

#[test]
fn an_eligible_permission_or_role_is_unknown_until_it_is_activated() {
    let mut facts = tenant().graph("Calendars.Read").graph("AppRoleAssignment.ReadWrite.All");
    for grant in read(&mut facts.grants) {
        grant.eligible = true;
    }
    assert_eq!(verdicts(&facts), (Access::Unknown, Truth::Unknown));
    let mut facts = tenant().directory_role("Global Administrator");
    assert_eq!(verdicts(&facts).1, Truth::Yes);
    read(&mut facts.directory_roles)[0].eligible = true;
    assert_eq!(verdicts(&facts).1, Truth::Unknown);
}

#[test]
fn a_delegating_assignment_gives_no_access_and_widens_with_the_ticket() {
    let delegating = tenant()
        .role("Application Calendars.Read", RoleScope::Organization)
        .with(|facts| read(&mut facts.role_assignments)[0].delegating = Some(true));
    assert_eq!(verdicts(&delegating), (Access::Denied, Truth::No));
    assert_eq!(verdicts(&delegating.exchange("Exchange.ManageAsApp")).1, Truth::Yes);
}

#[test]
fn bookings_permissions_are_for_booking_mailboxes_and_the_times_of_staff() {
    let facts = tenant().graph("Bookings.Read.All");
    let model = AccessModel::new(&facts);
    let booking = MailboxFacts { kind: Fact::Read("SchedulingMailbox".into()), ..mailbox("x") };
    assert_eq!(model.reach(&booking, Level::Events).verdict, Access::Allowed);
    assert_eq!(model.reach(&mailbox("ceo"), Level::Events).verdict, Access::Denied);
    assert_eq!(model.reach(&mailbox("ceo"), Level::Times).verdict, Access::Unknown);
}

#[test]
fn calendars_of_microsoft_365_groups_are_never_said_to_be_reached() {
    let group = MailboxFacts { kind: Fact::Read("GroupMailbox".into()), ..mailbox("x") };
    let facts = tenant().graph("Calendars.Read");
    assert_eq!(AccessModel::new(&facts).reach(&group, Level::Events).verdict, Access::Unknown);
    let facts = facts.policy(PolicyRight::Restrict, "G");
    assert_eq!(AccessModel::new(&facts).reach(&group, Level::Events).verdict, Access::Denied);
    let by_role = tenant().role("Application Calendars.Read", RoleScope::Organization);
    assert_eq!(AccessModel::new(&by_role).reach(&group, Level::Events).verdict, Access::Unknown);
}

#[test]
fn an_entry_for_a_reached_mailbox_shows_the_calendar_through_it() {
    use Access::{Allowed, Denied, Unknown};
    let facts = tenant().role("Application Calendars.Read", RoleScope::Group("G".into()));
    let model = AccessModel::new(&facts);
    let entry = |holder: Member, right: CalendarRight| {
        let sharing =
            CalendarSharing { default: CalendarRight::Nothing, entries: vec![CalendarEntry { holder, right }] };
        let ceo = MailboxFacts { sharing: Fact::Read(sharing), ..mailbox("ceo") };
        (model.reach(&ceo, Level::Times).verdict, model.reach(&ceo, Level::Brief).verdict)
    };
    assert_eq!(entry(member("r1"), CalendarRight::LimitedDetails), (Allowed, Allowed));
    assert_eq!(entry(member("r1"), CalendarRight::Availability), (Allowed, Denied));
    assert_eq!(entry(member("svc"), CalendarRight::Details), (Denied, Denied));
    assert_eq!(entry(member("H"), CalendarRight::Details), (Unknown, Unknown));
    // With no mailbox to ask through, nothing is shown.
    let facts = tenant();
    let ceo = MailboxFacts {
        sharing: Fact::Read(CalendarSharing { default: CalendarRight::Details, entries: Vec::new() }),
        ..mailbox("ceo")
    };
    assert_eq!(AccessModel::new(&facts).reach(&ceo, Level::Times).verdict, Denied);
}

#[test]
fn the_user_whom_a_policy_allows_is_a_mailbox_to_ask_through() {
    let mut facts = tenant().graph("Calendars.Read").policy(PolicyRight::Restrict, "G");
    read(&mut facts.policies)[0].scope = PolicyScope::User(ids("svc"));
    let ceo = MailboxFacts {
        sharing: Fact::Read(CalendarSharing { default: CalendarRight::Availability, entries: Vec::new() }),
        ..mailbox("ceo")
    };
    let model = AccessModel::new(&facts);
    assert_eq!(model.reach(&ceo, Level::Times).verdict, Access::Allowed);
    assert_eq!(model.reach(&ceo, Level::Events).verdict, Access::Denied);
}

#[test]
fn a_scope_group_counts_as_far_as_its_assignment_does() {
    let facts = tenant().role("Application Calendars.Read", RoleScope::Group("M".into())).graph("Group.ReadWrite.All");
    assert_eq!(verdicts(&facts).1, Truth::Yes);
    for (enabled, expected) in [(Some(false), Truth::No), (None, Truth::Unknown)] {
        let facts = facts.clone().with(|facts| read(&mut facts.role_assignments)[0].enabled = enabled);
        assert_eq!(verdicts(&facts).1, expected, "enabled: {enabled:?}");
    }
    let unread = facts.clone().with(|facts| facts.exchange_principal = Fact::default());
    assert_eq!(verdicts(&unread).1, Truth::Unknown);
    let unregistered = facts.with(|facts| facts.exchange_principal = Fact::Read(None));
    assert_eq!(verdicts(&unregistered).1, Truth::No);
}

#[test]
fn who_administers_through_a_role_needs_the_ticket_for_cmdlets() {
    let facts = tenant().role("Role Management", RoleScope::Organization);
    assert_eq!(verdicts(&facts).1, Truth::No);
    assert_eq!(verdicts(&facts.clone().exchange("Exchange.ManageAsApp")).1, Truth::Yes);
    // The Admin API takes other permissions, and which roles count there is not documented.
    assert_eq!(verdicts(&facts.exchange("Exchange.ManageAsAppV2")).1, Truth::Unknown);
    let recipients = tenant().directory_role("Exchange Recipient Administrator");
    assert_eq!(verdicts(&recipients.clone()).1, Truth::No);
    assert_eq!(verdicts(&recipients.exchange("Exchange.ManageAsAppV2")).1, Truth::Yes);
}

#[test]
fn a_permission_for_policies_of_roles_needs_one_for_their_schedules() {
    let alone = tenant().graph("RoleManagementPolicy.ReadWrite.Directory");
    assert_eq!(verdicts(&alone).1, Truth::No);
    assert_eq!(verdicts(&alone.graph("RoleEligibilitySchedule.ReadWrite.Directory")).1, Truth::Yes);
}

#[test]
fn a_delegated_permission_widens_with_the_rights_of_who_signs_in() {
    let facts = |scope: &str, people: Vec<Principal>| {
        let facts = tenant().with(|facts| {
            let scopes = vec!["openid".to_owned(), "User.Read".to_owned(), scope.to_owned()];
            let grant = DelegatedGrant { resource: Resource::Graph, scopes, user: None, id: None };
            facts.delegated_grants = Fact::Read(vec![grant]);
            facts.signed_in = Fact::Read(people);
        });
        verdicts(&facts).1
    };
    assert_eq!(facts("RoleManagement.ReadWrite.Directory", vec![person("svc")]), Truth::Unknown);
    assert_eq!(facts("RoleManagement.ReadWrite.Directory", Vec::new()), Truth::No);
    assert_eq!(facts("Unheard.Write", vec![person("svc")]), Truth::Unknown);
    assert_eq!(facts("Calendars.ReadWrite", vec![person("svc")]), Truth::No);
    assert_eq!(facts("Sites.Read.All", vec![person("svc")]), Truth::No);
}

/// Every permission that an application can hold, alone: what the catalogue says opens a calendar is never denied, and
/// what it says widens is never a plain no unless its condition is one that the tenant of the examples does not meet.
#[test]
fn every_application_permission_of_the_catalogue_is_judged() {
    let mut judged = 0;
    for row in catalogue().iter().filter(|row| row.kind == RowKind::Application) {
        let resource = if row.resource == RowResource::Graph { Resource::Graph } else { Resource::Exchange };
        let facts = tenant().registered().with(|facts| {
            let mut grant = permission(resource, row.value);
            if let Some(id) = row.id {
                grant.role = AppRoleId::from_uuid(id);
            }
            read(&mut facts.grants).push(grant);
            facts.purview_roles = Fact::default();
        });
        let model = AccessModel::new(&facts);
        let room = MailboxFacts { full_access: Fact::default(), ..mailbox("r1") };
        let reach = model.reach(&room, Level::Events);
        let is_bookings = row.value.starts_with("Bookings");
        if row.allows_at(Level::Events) && !is_bookings {
            assert_ne!(reach.verdict, Access::Denied, "{}", row.value);
        }
        if row.escalates.is_empty() && row.id.is_some() {
            assert_eq!(model.widening().verdict, Truth::No, "{}", row.value);
        }
        if !row.escalates.is_empty() && row.condition.is_none() {
            let harmless = [Escalation::ScopeGroupEntra, Escalation::ScopeAttributes, Escalation::ScopeUnit];
            let expected = row.escalates.iter().all(|escalation| harmless.contains(escalation));
            assert_eq!(model.widening().verdict == Truth::No, expected, "{}", row.value);
        }
        judged += 1;
    }
    assert_eq!(judged, 135);
}
