//! Who reaches what in the whole tenant, from configuration alone, against the tenant's own decision.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::collections::BTreeMap;

use exchange_groups::access::{Access, CaveatKind, Level, MailboxPresence, Truth};
use exchange_groups::{CalendarAccess, RestrictedCalendarGroup};
use exchange_groups_tests::{Contoso, GROUP, OWNER};
use fake_tenant::{FakeTenant, Fault, Matcher, NewGroup, NewMailbox, NewRoleAssignment, PolicyRight, Resource};
use futures_util::TryStreamExt;
use proptest::prelude::*;

/// What is said of every mailbox, by its address.
async fn reach(contoso: &Contoso, application: &str) -> BTreeMap<String, Access> {
    let stream = contoso.groups.reach(application.parse().unwrap()).into_stream();
    let mailboxes: Vec<_> = stream.try_collect().await.unwrap();
    mailboxes.into_iter().map(|it| (it.address.expect("an address").to_string(), it.access)).collect()
}

/// Everything that is certain is as the tenant decides.
fn assert_true(contoso: &Contoso, application: &str, said: &BTreeMap<String, Access>) {
    for mailbox in contoso.tenant.mailboxes() {
        let reaches = contoso.tenant.can_read(application, &mailbox);
        match said.get(&mailbox) {
            Some(Access::Allowed) => assert!(reaches, "{mailbox} is said to be reached"),
            Some(Access::Denied) => assert!(!reaches, "{mailbox} is said not to be reached"),
            Some(Access::Unknown) => {}
            None => panic!("{mailbox} is not listed"),
        }
    }
}

#[tokio::test]
async fn a_tenant_wide_permission_reaches_every_mailbox_and_a_restriction_the_members_alone() {
    let contoso = Contoso::start().await;
    let app = contoso.booking.client_id.clone();
    let before = reach(&contoso, &app).await;
    assert_true(&contoso, &app, &before);
    let others: Vec<_> = before.iter().filter(|(_, access)| **access != Access::Allowed).collect();
    // By the references it is not certain whether a permission reaches the mailbox of a Microsoft 365 group.
    assert_eq!(others, [(&"everyone@contoso.com".to_owned(), &Access::Unknown)]);
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    let after = reach(&contoso, &app).await;
    assert_true(&contoso, &app, &after);
    let allowed: Vec<_> =
        after.iter().filter(|(_, access)| **access == Access::Allowed).map(|(it, _)| it.clone()).collect();
    assert_eq!(allowed, contoso.rooms(), "the rooms and nobody else");
    let unknown: Vec<_> = after.iter().filter(|(_, access)| **access == Access::Unknown).map(|(it, _)| it).collect();
    assert!(unknown.is_empty(), "{unknown:?}");

    let report = contoso.groups.reach(app.parse().unwrap()).await.unwrap();
    assert_eq!((report.allowed.len(), report.unknown.len()), (40, 0));
    // The mailbox of the Microsoft 365 group as well.
    assert_eq!(report.mailboxes, contoso.tenant.mailboxes().len() + 1);
    assert!(report.to_string().contains("it reaches 40 of"), "{report}");
    assert_eq!(report.allowed[0].paths.len(), 1);
    let same = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(report, same);
}

/// 110 pages of mailboxes, ten of members, and few requests beside them.
#[tokio::test]
async fn ten_thousand_rooms_and_a_hundred_thousand_others_take_at_most_130_requests() {
    let contoso = Contoso::of(FakeTenant::builder().rooms(10_000).people(100_000).build()).await;
    let spec = RestrictedCalendarGroup::placeos(GROUP, &*contoso.booking.client_id)
        .owner("person-00001@contoso.com")
        .revoke_tenant_wide_grant(true)
        .must_not_reach("person-00002@contoso.com")
        .build()
        .unwrap();
    contoso.provision(&spec).await;
    contoso.tenant.clear_requests();
    let groups = exchange_groups::ExchangeGroups::new(contoso.new_client());
    let report = groups.reach(contoso.booking.client_id.parse().unwrap()).await.unwrap();
    assert_eq!((report.allowed.len(), report.unknown.len(), report.denied), (10_000, 0, 100_000));
    let sent = contoso.tenant.requests().iter().filter(|request| !request.batch_item).count();
    assert!(sent <= 130, "{sent} requests, sign-ins included");
}

/// A condition that reads what no list of recipients shows is decided by Exchange's own list.
#[tokio::test]
async fn a_role_over_a_condition_or_a_unit_is_decided() {
    let contoso = Contoso::start().await;
    contoso.tenant.add_mailbox(NewMailbox::room("marked@contoso.com").custom_attribute(7, "Bookable"));
    let app = contoso.tenant.add_application("Signage", "secret");
    let role = NewRoleAssignment::new("Application Calendars.Read").name("signage");
    contoso.tenant.assign_role(&app, role.filter("CustomAttribute7 -eq 'Bookable'"));
    let unit = contoso.tenant.add_unit("North", ["boardroom@contoso.com"]);
    let role = NewRoleAssignment::new("Application Calendars.Read").name("signage of the north");
    contoso.tenant.assign_role(&app, role.unit(&unit));
    let said = reach(&contoso, &app.client_id).await;
    assert_true(&contoso, &app.client_id, &said);
    // A mailbox of the system has no id in Entra, where units have their members.
    let system = |it: &str| it.starts_with("DiscoverySearchMailbox");
    let allowed: Vec<_> =
        said.iter().filter(|(it, access)| **access != Access::Denied && !system(it)).map(|(it, _)| &**it).collect();
    assert_eq!(allowed, ["boardroom@contoso.com", "marked@contoso.com"]);
}

/// A part that cannot be read makes unknown what needs it, and is told.
#[tokio::test]
async fn what_could_not_be_read_is_unknown_and_never_denied() {
    for cmdlet in ["Get-ApplicationAccessPolicy", "Get-ServicePrincipal", "Get-DistributionGroupMember"] {
        let contoso = Contoso::start().await;
        let spec = if cmdlet == "Get-ApplicationAccessPolicy" { contoso.policy() } else { contoso.rbac() };
        contoso.provision(&spec.build().unwrap()).await;
        contoso.tenant.fail_next(
            Matcher::cmdlet(cmdlet).times(1_000),
            Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "No."),
        );
        let app = contoso.booking.client_id.parse().unwrap();
        let report = contoso.groups.reach(app).await.unwrap();
        assert!(!report.unread.is_empty(), "{cmdlet}: {report}");
        assert!(report.to_string().contains("NOT READ"), "{report}");
        let unknown: Vec<_> = report.unknown.iter().filter_map(|it| it.address.as_ref()).collect();
        for room in contoso.rooms() {
            assert!(unknown.iter().any(|it| it.as_str() == room), "{cmdlet}: {room} is certain");
        }
    }
}

#[tokio::test]
async fn a_page_of_mailboxes_that_cannot_be_read_is_an_error_and_no_short_list() {
    let contoso = Contoso::of(FakeTenant::builder().rooms(1_500).people(1_000).build()).await;
    contoso.tenant.fail_next(
        Matcher::cmdlet("Get-Recipient").after(1).times(100),
        Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "No."),
    );
    let error = contoso.groups.reach(contoso.booking.client_id.parse().unwrap()).await.unwrap_err();
    assert!(error.to_string().starts_with("list the mailboxes"), "{error}");
}

/// #16, #22 to #24, #27: every application, restricted to what, by permissions and roles together.
#[tokio::test]
async fn an_audit_names_what_is_restricted_to_nothing_and_the_trap_of_a_permission_beside_a_role() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    let tenant = &contoso.tenant;
    let open = tenant.add_application("Old signage", "secret");
    tenant.grant(&open, Resource::Graph, "Calendars.Read");
    let both = tenant.add_application("Panels", "secret");
    tenant.grant(&both, Resource::Graph, "Calendars.ReadWrite");
    tenant.assign_role(&both, NewRoleAssignment::new("Application Calendars.Read").name("panels").group(GROUP));
    let narrowed = tenant.add_application("Visitors", "secret");
    tenant.grant(&narrowed, Resource::Graph, "Calendars.Read");
    tenant.add_access_policy(&narrowed.client_id, PolicyRight::Restrict, GROUP);
    let mail = tenant.add_application("Newsletter", "secret");
    tenant.grant(&mail, Resource::Graph, "User.Read.All");
    let twin = tenant.add_application("Panels", "secret");
    tenant.grant(&twin, Resource::Graph, "User.Read.All");

    let audit = contoso.groups.audit().await.unwrap();
    let access = |app: &fake_tenant::Application| {
        let it = audit.applications.iter().find(|it| it.application.to_string() == app.client_id);
        it.map(|it| it.access)
    };
    assert_eq!(access(&open), Some(CalendarAccess::Unrestricted), "{audit}");
    assert_eq!(access(&both), Some(CalendarAccess::Unrestricted), "the scope of the role restricts nothing");
    assert_eq!(access(&narrowed), Some(CalendarAccess::Restricted), "{audit}");
    assert_eq!(access(&contoso.booking), Some(CalendarAccess::Restricted), "its token has no such role: {audit}");
    assert_eq!(access(&mail), None, "{audit}");
    let of = |app: &fake_tenant::Application| {
        audit.applications.iter().find(|it| it.application.to_string() == app.client_id).unwrap()
    };
    assert!(of(&both).has_grant_beside_role() && !of(&open).has_grant_beside_role(), "{audit}");
    assert_eq!(of(&both).same_name, [twin.client_id.parse().unwrap()]);
    let limit = of(&narrowed).paths[0].limited_to.as_deref();
    assert_eq!(limit, Some("the group \"PlaceOS Room Booking\""), "{audit}");
    assert!(of(&open).paths.iter().all(|path| path.is_tenant_wide == Truth::Yes));
    let first = &audit.applications[0];
    assert_eq!(first.access, CalendarAccess::Unrestricted, "what nothing restricts comes first");
    let text = audit.to_string();
    assert!(text.contains("RESTRICTED TO NOTHING") && text.contains("Old signage"), "{text}");
    // The same as the tenant decides, application by application.
    for it in &audit.applications {
        let reached =
            tenant.mailboxes().iter().filter(|mailbox| tenant.can_read(it.application.to_string(), mailbox)).count();
        let everybody = tenant.mailboxes().len();
        match it.access {
            CalendarAccess::Unrestricted => assert_eq!(reached, everybody, "{:?}", it.name),
            CalendarAccess::Restricted => assert!(reached > 0 && reached < everybody, "{:?}", it.name),
            _ => {}
        }
    }
    assert_eq!(audit, serde_json::from_str(&serde_json::to_string(&audit).unwrap()).unwrap());
}

/// Who signs in to an application gives it their own calendar: that is no right of the application, and is told.
#[tokio::test]
async fn an_audit_names_who_reads_the_calendars_of_whoever_signs_in() {
    let contoso = Contoso::start().await;
    let add_in = contoso.tenant.add_application("Room finder", "secret");
    contoso.tenant.grant_delegated(&add_in, "User.Read Calendars.ReadWrite.Shared");
    contoso.tenant.grant_delegated(&contoso.booking, "User.Read");
    let audit = contoso.groups.audit().await.unwrap();
    let delegated: Vec<_> = audit.delegated.entries().iter().map(|it| (it.name.as_deref(), &*it.permissions)).collect();
    assert_eq!(delegated, [(Some("Room finder"), &["Calendars.ReadWrite.Shared".to_owned()][..])], "{audit}");
    assert!(audit.applications.iter().all(|it| it.name.as_deref() != Some("Room finder")), "{audit}");
    assert!(audit.to_string().contains("Room finder reads the calendars of whoever signs in"), "{audit}");
    let body = serde_json::json!({ "error": { "code": "Authorization_RequestDenied", "message": "No." } });
    contoso.tenant.fail_next(Matcher::path("oauth2PermissionGrants"), Fault::status(403, body));
    let unread = contoso.groups.audit().await.unwrap();
    assert!(unread.delegated.missing().is_some() && unread.to_string().contains("NOT READ"), "{unread}");
}

/// #25: a collection that failed is not clean.
#[tokio::test]
async fn an_audit_whose_reads_failed_reports_nothing_as_restricted() {
    for cmdlet in ["Get-ApplicationAccessPolicy", "Get-ManagementRoleAssignment", "Get-DistributionGroup"] {
        let contoso = Contoso::start().await;
        let is_role = cmdlet == "Get-ManagementRoleAssignment";
        contoso.provision(&if is_role { contoso.rbac() } else { contoso.policy() }.build().unwrap()).await;
        contoso.tenant.fail_next(
            Matcher::cmdlet(cmdlet).times(1_000),
            Fault::cmdlet_error(400, "Microsoft.Exchange.Management.Tasks.TaskException", "No."),
        );
        let audit = contoso.groups.audit().await.unwrap();
        assert!(!audit.is_all_restricted() && !audit.unread.is_empty(), "{cmdlet}: {audit}");
        let booking = audit.applications.iter().find(|it| it.application.to_string() == contoso.booking.client_id);
        assert_eq!(booking.map(|it| it.access), Some(CalendarAccess::Undecided), "{cmdlet}: {audit}");
    }
}

#[tokio::test]
async fn the_applications_that_reach_a_mailbox_are_found_with_their_paths() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    let open = contoso.tenant.add_application("Old signage", "secret");
    contoso.tenant.grant(&open, Resource::Graph, "Calendars.Read");
    let names = |access: &exchange_groups::MailboxAccess| {
        access.applications.iter().map(|it| (it.name.clone().unwrap_or_default(), it.access)).collect::<Vec<_>>()
    };
    let room = contoso.groups.reached_by(&"boardroom@contoso.com".parse().unwrap()).await.unwrap();
    let booking = contoso.booking.display_name.clone();
    assert_eq!(names(&room), [("Old signage".to_owned(), Access::Allowed), (booking, Access::Allowed)], "{room}");
    let ceo = contoso.groups.reached_by(&"ceo@contoso.com".parse().unwrap()).await.unwrap();
    assert_eq!(names(&ceo), [("Old signage".to_owned(), Access::Allowed)], "{ceo}");
    assert!(ceo.to_string().contains("Calendars.Read"), "{ceo}");
    let nobody = contoso.groups.reached_by(&"nobody@contoso.com".parse().unwrap()).await.unwrap();
    assert_eq!(nobody.presence, MailboxPresence::NoMailbox, "{nobody}");
}

/// A condition that every mailbox of today meets restricts nothing, whatever list Exchange makes of it.
#[tokio::test]
async fn a_condition_that_holds_for_everybody_is_no_restriction() {
    for (filter, access) in [
        ("Alias -ne $null", CalendarAccess::Unrestricted),
        ("RecipientType -eq 'UserMailbox'", CalendarAccess::Unrestricted),
        ("CustomAttribute1 -eq $null", CalendarAccess::Unrestricted),
        // Who has the attribute and who lacks it is for the organisation to say.
        ("CustomAttribute1 -ne 'Director'", CalendarAccess::Undecided),
        ("PrimarySmtpAddress -like '*@contoso.com'", CalendarAccess::Undecided),
        // Every mailbox of the tenant happens to have it.
        ("CustomAttribute9 -eq 'Contoso'", CalendarAccess::Undecided),
        ("RecipientTypeDetails -eq 'RoomMailbox'", CalendarAccess::Restricted),
        ("CustomAttribute7 -eq 'Bookable'", CalendarAccess::Restricted),
    ] {
        let tenant = FakeTenant::builder().build();
        for room in ["north@contoso.com", "south@contoso.com"] {
            let room = NewMailbox::room(room).custom_attribute(7, "Bookable");
            tenant.add_mailbox(room.custom_attribute(9, "Contoso"));
        }
        tenant.add_mailbox(NewMailbox::person("ceo@contoso.com").custom_attribute(9, "Contoso"));
        let app = tenant.add_application("Signage", "secret");
        let role = NewRoleAssignment::new("Application Calendars.Read").name("signage");
        tenant.assign_role(&app, role.filter(filter));
        let contoso = Contoso::of(tenant).await;
        for mailbox in contoso.tenant.mailboxes() {
            let is_meant = mailbox.starts_with("north") || mailbox.starts_with("south") || mailbox.starts_with("ceo");
            if !is_meant && filter.contains("CustomAttribute9") {
                contoso.tenant.remove_mailbox(&mailbox);
            }
        }
        let audit = contoso.groups.audit().await.unwrap();
        let audited = audit.applications.iter().find(|it| it.application.to_string() == app.client_id).unwrap();
        assert_eq!(audited.access, access, "{filter}: {audit}");
        if access != CalendarAccess::Undecided {
            contoso.tenant.add_person("new.hire@contoso.com");
            let is_reached = contoso.tenant.can_read(&app.client_id, "new.hire@contoso.com");
            assert_eq!(is_reached, access == CalendarAccess::Unrestricted, "{filter}");
        }
    }
}

/// A scope column shows the name that its group had. Under another group of that name it means nobody knows which.
#[tokio::test]
async fn a_role_over_a_group_whose_name_moved_is_not_taken_for_one_over_the_new_group() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.rbac().build().unwrap()).await;
    let tenant = &contoso.tenant;
    tenant.set_scope_follows_rename(false);
    tenant.advance(std::time::Duration::from_secs(3_600));
    let name = tenant.group(GROUP).unwrap().name;
    tenant.run_cmdlet("Set-DistributionGroup", serde_json::json!({"Identity": GROUP, "Name": "Before"}));
    tenant.add_group(NewGroup::security("new@contoso.com").name(&name).owner(OWNER).members(["ceo@contoso.com"]));
    let app = contoso.booking.client_id.clone();

    let audit = contoso.groups.audit().await.unwrap();
    let audited = audit.applications.iter().find(|it| it.application.to_string() == app).unwrap();
    assert_eq!(audited.access, CalendarAccess::Undecided, "{audit}");
    assert!(audited.paths.iter().all(|path| path.limited_to.as_deref() != Some(&*format!("the group \"{name}\""))));
    for mailbox in ["ceo@contoso.com", "boardroom@contoso.com"] {
        let access = contoso.groups.reached_by(&mailbox.parse().unwrap()).await.unwrap();
        let booking = access.applications.iter().find(|it| it.application.to_string() == app);
        assert_eq!(booking.map(|it| it.access), Some(Access::Unknown), "{mailbox}: {access}");
    }
}

/// Scopes and policies of other applications cost this one no request, however many there are.
#[tokio::test]
async fn the_groups_of_other_applications_are_not_read() {
    let mut requests = Vec::new();
    for others in [0, 60] {
        let contoso = Contoso::start().await;
        contoso.provision(&contoso.rbac().build().unwrap()).await;
        for number in 0..others {
            let group = format!("other-{number}@contoso.com");
            contoso.tenant.add_group(NewGroup::security(&group).owner(OWNER).members(["ceo@contoso.com"]));
            let app = contoso.tenant.add_application(&format!("Other {number}"), "secret");
            contoso.tenant.add_access_policy(&app.client_id, PolicyRight::Restrict, &group);
        }
        let groups = exchange_groups::ExchangeGroups::new(contoso.new_client());
        let report = groups.reach(contoso.booking.client_id.parse().unwrap()).await.unwrap();
        assert_eq!((report.allowed.len(), report.unknown.len()), (40, 0), "{report}");
        requests.push(report.requests);
    }
    assert_eq!(requests[0], requests[1]);
}

/// An access policy that restricts was seen not to bind the mailboxes in which searches are kept.
#[tokio::test]
async fn whether_a_policy_binds_a_discovery_mailbox_is_unknown() {
    let contoso = Contoso::start().await;
    contoso.provision(&contoso.policy().build().unwrap()).await;
    let report = contoso.groups.reach(contoso.booking.client_id.parse().unwrap()).await.unwrap();
    let unknown: Vec<_> = report.unknown.iter().filter_map(|it| it.kind.as_deref()).collect();
    assert!(unknown.contains(&"DiscoveryMailbox"), "{report}");
}

#[derive(Debug, Clone)]
struct World {
    groups: [u8; 3],
    nested: bool,
    marked: u8,
    grants: [bool; 3],
    policies: Vec<(u8, bool, u8)>,
    roles: Vec<(bool, u8, bool)>,
    /// The condition of roles over one.
    filter: &'static str,
}

const FILTERS: [&str; 5] = [
    "CustomAttribute3 -eq 'Bookable'",
    "RecipientTypeDetails -eq 'RoomMailbox'",
    "RecipientType -eq 'UserMailbox'",
    "Alias -ne $null",
    "CustomAttribute3 -ne 'Bookable'",
];

fn worlds() -> impl Strategy<Value = World> {
    (
        any::<[u8; 3]>(),
        any::<bool>(),
        any::<u8>(),
        any::<[bool; 3]>(),
        prop::collection::vec((0..3_u8, any::<bool>(), 0..3_u8), 0..4),
        prop::collection::vec((any::<bool>(), 0..6_u8, any::<bool>()), 0..4),
        prop::sample::select(FILTERS.to_vec()),
    )
        .prop_map(|(groups, nested, marked, grants, policies, roles, filter)| World {
            groups,
            nested,
            marked,
            grants,
            policies,
            roles,
            filter,
        })
}

const GROUPS: [&str; 3] = [GROUP, "second@contoso.com", "third@contoso.com"];

impl World {
    async fn build(&self) -> Contoso {
        let tenant = FakeTenant::builder().build();
        let mut mailboxes = Vec::new();
        for number in 0..5 {
            let address = format!("room-{number}@contoso.com");
            let room = NewMailbox::room(&address);
            let is_marked = self.marked & (1 << number) != 0;
            tenant.add_mailbox(if is_marked { room.custom_attribute(3, "Bookable") } else { room });
            mailboxes.push(address);
        }
        for person in [OWNER, "ceo@contoso.com", "adele@contoso.com"] {
            tenant.add_person(person);
            mailboxes.push(person.to_owned());
        }
        let of = |bits: u8| mailboxes.iter().enumerate().filter(move |(at, _)| bits & (1 << at) != 0).map(|(_, it)| it);
        for (group, bits) in GROUPS.iter().zip(self.groups) {
            tenant.add_group(NewGroup::security(group).owner(OWNER).members(of(bits)));
        }
        if self.nested {
            tenant.add_member(GROUPS[0], GROUPS[1]);
        }
        let unit = tenant.add_unit("Unit", of(self.marked));
        let app = tenant.booking_application();
        tenant.revoke_app_role(&app, "Calendars.ReadWrite");
        for (held, role) in self.grants.iter().zip(["Calendars.ReadWrite", "Calendars.Read", "Calendars.ReadBasic.All"])
        {
            if *held {
                tenant.grant(&app, Resource::Graph, role);
            }
        }
        for (who, deny, group) in &self.policies {
            let id = match who {
                0 => "*".to_owned(),
                1 => app.client_id.clone(),
                _ => app.object_id.clone(),
            };
            let right = if *deny { PolicyRight::Deny } else { PolicyRight::Restrict };
            tenant.add_access_policy(&id, right, GROUPS[usize::from(*group)]);
        }
        for (at, (write, scope, disabled)) in self.roles.iter().enumerate() {
            let role = if *write { "Application Calendars.ReadWrite" } else { "Application Calendars.Read" };
            let role = NewRoleAssignment::new(role).name(&format!("role {at}"));
            let role = if *disabled { role.disabled() } else { role };
            tenant.assign_role(
                &app,
                match scope {
                    3 => role.filter(self.filter),
                    4 => role.unit(&unit),
                    5 => role,
                    group => role.group(GROUPS[usize::from(*group)]),
                },
            );
        }
        Contoso::of(tenant).await
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Reach, the audit and the view from each mailbox say what the tenant decides, for every mailbox; what is uncertain in
    /// the sources is unknown and nothing else is.
    #[test]
    fn reach_is_the_tenants_own_decision_for_every_mailbox(world in worlds()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let contoso = world.build().await;
            let app = contoso.booking.client_id.clone();
            let said = reach(&contoso, &app).await;
            let mut decided = 0;
            for mailbox in contoso.tenant.mailboxes() {
                let reaches = contoso.tenant.can_read(&app, &mailbox);
                match said.get(&mailbox) {
                    Some(Access::Allowed) => prop_assert!(reaches, "{} is said to be reached", mailbox),
                    Some(Access::Denied) => prop_assert!(!reaches, "{} is said not to be reached", mailbox),
                    Some(Access::Unknown) => continue,
                    None => prop_assert!(false, "{} is not listed", mailbox),
                }
                decided += 1;
            }
            let is_certain = !world.nested && !world.grants[2];
            prop_assert!(!is_certain || decided == said.len(), "{:?}", said);
            let audit = contoso.groups.audit().await.unwrap();
            let reached = contoso.tenant.mailboxes().iter().filter(|it| contoso.tenant.can_read(&app, it)).count();
            let audited = audit.applications.iter().find(|it| it.application.to_string() == app);
            match audited.map(|it| it.access) {
                None => prop_assert_eq!(reached, 0),
                Some(CalendarAccess::Unrestricted) => {
                    contoso.tenant.add_person("new.hire@contoso.com");
                    prop_assert!(contoso.tenant.can_read(&app, "new.hire@contoso.com"));
                }
                Some(CalendarAccess::Restricted) => {
                    contoso.tenant.add_person("new.hire@contoso.com");
                    prop_assert!(!contoso.tenant.can_read(&app, "new.hire@contoso.com"));
                }
                _ => {}
            }
            let ceo = contoso.groups.reached_by(&"ceo@contoso.com".parse().unwrap()).await.unwrap();
            let by = ceo.applications.iter().find(|it| it.application.to_string() == app).map_or(Access::Denied, |it| it.access);
            prop_assert_eq!(Some(&by), said.get("ceo@contoso.com"), "one judgement, from both sides");
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_reach_can_be_asked_at_another_level() {
    let contoso = Contoso::start().await;
    let app = contoso.tenant.add_application("Reader", "secret");
    contoso.tenant.grant(&app, Resource::Graph, "Calendars.Read");
    let write = contoso.groups.reach(app.client_id.parse().unwrap()).level(Level::Write).await.unwrap();
    assert!(write.allowed.is_empty(), "{write}");
    let read = contoso.groups.reach(app.client_id.parse().unwrap()).await.unwrap();
    assert_eq!(read.allowed.len(), contoso.tenant.mailboxes().len());
    let audit = contoso.groups.audit().await.unwrap();
    let audited = audit.applications.iter().find(|it| it.application.to_string() == app.client_id).unwrap();
    assert!(audited.caveats.iter().all(|caveat| caveat.kind != CaveatKind::GrantBesideRole));
}
