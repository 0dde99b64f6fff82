//! What holds for every tenant.

use jiff::civil::date;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::world::*;
use crate::access::*;

const MAILBOXES: [&str; 6] = ["r1", "r2", "r3", "ceo", "svc", "x"];

const GRAPH: &[&str] = &[
    "Calendars.Read",
    "Calendars.ReadWrite",
    "Calendars.ReadBasic.All",
    "MailboxItem.Export.All",
    "Bookings.Read.All",
    "eDiscovery.ReadWrite.All",
    "Mail.Read",
    "User.Read.All",
    "Group.ReadWrite.All",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "AdministrativeUnit.ReadWrite.All",
    "Group.Create",
    "User-Mail.ReadWrite.All",
    "RoleManagementPolicy.ReadWrite.Directory",
    "DelegatedPermissionGrant.ReadWrite.All",
    "EntitlementManagement.ReadWrite.All",
];
const EXCHANGE: &[&str] = &[
    "full_access_as_app",
    "Calendars.Read",
    "IMAP.AccessAsApp",
    "Exchange.ManageAsApp",
    "Exchange.ManageAsAppV2",
    "Exchange.AdminAPI.ManageAsApp",
];
const ROLES: &[&str] = &[
    "Application Calendars.Read",
    "Application Calendars.ReadWrite",
    "Application Exchange Full Access",
    "Application EWS.AccessAsApp",
    "Application MailboxItem.Read",
    "Application Mail.Read",
    "Role Management",
    "Mail Recipients",
    "Security Group Creation and Membership",
    "Unheard Role",
];
const DIRECTORY_ROLES: &[&str] = &[
    "Global Administrator",
    "Exchange Administrator",
    "Exchange Recipient Administrator",
    "Global Reader",
    "Groups Administrator",
    "Cloud Application Administrator",
    "Compliance Administrator",
];

fn grant() -> impl Strategy<Value = Grant> {
    let resource = prop_oneof![
        4 => select(GRAPH).prop_map(|name| permission(Resource::Graph, name)),
        2 => select(EXCHANGE).prop_map(|name| permission(Resource::Exchange, name)),
    ];
    (resource, any::<bool>(), prop::bool::weighted(0.1)).prop_map(|(mut grant, named, eligible)| {
        let row = catalogue().iter().find(|row| row.id == Some(*grant.role.as_uuid()));
        // A name that was not read leaves an id that several sources confirm.
        if !named && row.is_some_and(|row| row.id_status == IdStatus::Confirmed) {
            grant.value = None;
        }
        grant.eligible = eligible;
        grant
    })
}

fn policy_strategy() -> impl Strategy<Value = AccessPolicy> {
    let application = prop_oneof![
        5 => Just(PolicyApplication::One(guid(CLIENT))),
        2 => Just(PolicyApplication::Every),
        1 => Just(PolicyApplication::One(guid(OTHER_CLIENT))),
        1 => Just(PolicyApplication::One(guid(PRINCIPAL))),
    ];
    let right = select(vec![PolicyRight::Restrict, PolicyRight::Restrict, PolicyRight::Deny]);
    let scope = prop_oneof![
        6 => select(vec!["G", "H", "N"]).prop_map(|name| PolicyScope::Group(*ids(name).entra.unwrap().as_uuid())),
        2 => select(&MAILBOXES[..]).prop_map(|name| PolicyScope::User(ids(name))),
        1 => Just(PolicyScope::Deleted),
        1 => Just(PolicyScope::Unresolved("503".into())),
    ];
    let is_valid = select(vec![Some(true), Some(true), Some(true), Some(true), Some(false), None]);
    (application, right, scope, is_valid).prop_map(|(application, right, scope, is_valid)| AccessPolicy {
        identity: "a policy".into(),
        application,
        right,
        scope,
        is_valid,
    })
}

fn assignment() -> impl Strategy<Value = RoleAssignment> {
    let scope = prop_oneof![
        1 => Just(RoleScope::Organization),
        3 => select(vec!["G", "H", "M", "N"]).prop_map(|name| RoleScope::Group(name.into())),
        3 => (0..FILTERS.len()).prop_map(|at| RoleScope::Management(format!("scope {at}"))),
        1 => Just(RoleScope::AdministrativeUnit("U".into())),
        1 => Just(RoleScope::Group("of nobody".into())),
        1 => Just(RoleScope::Unrecognised("MyGAL".into())),
    ];
    let flag = |usual: bool| select(vec![Some(usual), Some(usual), Some(usual), Some(!usual), None]);
    (select(ROLES), scope, flag(true), flag(false)).prop_map(|(name, scope, enabled, delegating)| RoleAssignment {
        enabled,
        delegating,
        ..role(name, scope)
    })
}

/// Filters without a negation, so that another member never narrows them.
const FILTERS: [&str; 6] = [
    "MemberOfGroup -eq '{G}'",
    "MemberOfGroup -eq '{H}' -or MemberOfGroup -eq '{G}'",
    "RecipientTypeDetails -eq 'RoomMailbox'",
    "CustomAttribute1 -eq 'PLACEOS'",
    "MemberOfGroup -eq 'CN=moved' -and RecipientTypeDetails -eq 'RoomMailbox'",
    "Unheard -gt 'of'",
];

fn members() -> impl Strategy<Value = Vec<Member>> {
    vec(select(&["r1", "r2", "r3", "ceo", "svc", "x", "N"][..]), 0..4)
        .prop_map(|names| names.into_iter().map(member).collect())
}

fn facts() -> impl Strategy<Value = Facts> {
    let entra = (vec(grant(), 0..4), vec(select(DIRECTORY_ROLES), 0..2), any::<[bool; 5]>());
    let exchange = (vec(policy_strategy(), 0..4), vec(assignment(), 0..4), any::<[bool; 2]>());
    let groups = (members(), members(), select(vec![GroupType::MailEnabledSecurity, GroupType::Distribution]));
    let ews = (
        select(vec![date(2026, 8, 1), date(2026, 11, 26), date(2027, 4, 2)]),
        select(vec![None, Some(true), Some(false)]),
        select(vec![vec![], vec![client(CLIENT)], vec![client(OTHER_CLIENT)]]),
        select(vec![UserAgents::Any, UserAgents::Only(vec!["x".into()])]),
    );
    (entra, exchange, groups, ews).prop_map(|(entra, exchange, groups, ews)| {
        let (grants, roles, [signed_in, owns_other, svc_owns, scoped_role, delegates]) = entra;
        let (policies, assignments, [registered, right_principal]) = exchange;
        let mut facts = roles.into_iter().fold(tenant(), World::directory_role);
        facts.grants = Fact::Read(grants);
        facts.policies = Fact::Read(policies);
        facts.role_assignments = Fact::Read(assignments);
        if registered {
            facts = facts.registered();
            if !right_principal {
                read(&mut facts.exchange_principal).as_mut().unwrap().object_id = Some(principal(0xdead));
            }
        }
        for (at, filter) in FILTERS.iter().enumerate() {
            let filter = filter.replace("{G}", &distinguished_name("G")).replace("{H}", &distinguished_name("H"));
            read(&mut facts.scopes).push(ManagementScope { name: format!("scope {at}"), ..management_scope(&filter) });
        }
        group_mut(&mut facts, "G").members = Fact::Read(groups.0);
        group_mut(&mut facts, "H").members = Fact::Read(groups.1);
        group_mut(&mut facts, "M").kind = Some(if scoped_role { GroupType::Microsoft365 } else { groups.2 });
        if signed_in {
            facts.signed_in = Fact::Read(vec![person("svc")]);
        }
        if svc_owns {
            group_mut(&mut facts, "G").owners = Fact::Read(vec![person("svc")]);
        }
        if owns_other {
            let other = OtherApplication {
                client_id: client(OTHER_CLIENT),
                name: "another".into(),
                has_access_path: Fact::Read(true),
                can_widen: Fact::Read(false),
            };
            facts.owned_applications = Fact::Read(vec![other.clone()]);
            facts.other_applications = Fact::Read(vec![other]);
        }
        if delegates {
            facts.delegated_grants = Fact::Read(vec![DelegatedGrant {
                resource: Resource::Exchange,
                scopes: vec!["Exchange.Manage".into()],
                user: None,
                id: None,
            }]);
        }
        facts.date = ews.0;
        let organization = read(&mut facts.organization);
        organization.ews_enabled = ews.1;
        organization.ews_allowed_app_ids = Fact::Read(ews.2);
        organization.user_agents = Fact::Read(ews.3);
        facts
    })
}

/// A mailbox of the tenant, with some of its own facts.
fn mailboxes() -> impl Strategy<Value = Vec<MailboxFacts>> {
    let right = select(vec![CalendarRight::Nothing, CalendarRight::Availability, CalendarRight::LimitedDetails]);
    vec((right, any::<[bool; 4]>()), MAILBOXES.len()).prop_map(|all| {
        let one = |(name, (default, [full, blank, has_attribute, entry])): (&&str, (CalendarRight, [bool; 4]))| {
            let mut facts = mailbox(name);
            facts.full_access = Fact::Read(full);
            read(&mut facts.cas).ews_enabled = (!blank).then_some(false);
            if has_attribute {
                facts.properties.insert("CustomAttribute1".into(), vec!["PLACEOS".into()]);
            }
            let entries = if entry {
                vec![CalendarEntry { holder: member("r1"), right: CalendarRight::Details }]
            } else {
                Vec::new()
            };
            facts.sharing = Fact::Read(CalendarSharing { default, entries });
            facts
        };
        MAILBOXES.iter().zip(all).map(one).collect()
    })
}

/// Every verdict about these mailboxes, in one order.
fn verdicts(facts: &Facts, mailboxes: &[MailboxFacts]) -> Vec<Access> {
    let model = AccessModel::new(facts);
    let levels = |mailbox| Level::ALL.iter().map(|&level| model.reach(mailbox, level).verdict).collect::<Vec<_>>();
    mailboxes.iter().flat_map(levels).collect()
}

fn rank(access: Access) -> u8 {
    match access {
        Access::Denied => 0,
        Access::Unknown => 1,
        Access::Allowed => 2,
    }
}

fn is_widened(before: &[Access], after: &[Access]) -> bool {
    before.iter().zip(after).all(|(before, after)| rank(*after) >= rank(*before))
}

/// Turns one part of the facts into unread.
fn forget(facts: &mut Facts, mailboxes: &mut [MailboxFacts], part: usize) {
    fn unread<T>(fact: &mut Fact<T>) {
        *fact = Fact::Unread("forgotten".into());
    }
    match part {
        0 => unread(&mut facts.grants),
        1 => unread(&mut facts.delegated_grants),
        2 => unread(&mut facts.policies),
        3 => unread(&mut facts.exchange_principal),
        4 => unread(&mut facts.role_assignments),
        5 => unread(&mut facts.scopes),
        6 => unread(&mut facts.groups),
        7 => unread(&mut facts.administrative_units),
        8 => unread(&mut facts.organization),
        9 => unread(&mut facts.directory_roles),
        10 => unread(&mut facts.role_groups),
        11 => unread(&mut facts.owned_applications),
        12 => unread(&mut facts.other_applications),
        13 => unread(&mut facts.purview_roles),
        14 => unread(&mut facts.service_principal),
        15 => unread(&mut facts.sign_in),
        16 => unread(&mut facts.signed_in),
        17 => read(&mut facts.groups).iter_mut().for_each(|group| unread(&mut group.members)),
        18 => unread(&mut group_mut(facts, "G").members),
        19 => read(&mut facts.groups).iter_mut().for_each(|group| unread(&mut group.owners)),
        20 => read(&mut facts.groups).iter_mut().for_each(|group| group.kind = None),
        21 => read(&mut facts.scopes).iter_mut().for_each(|scope| unread(&mut scope.filter)),
        22 => read(&mut facts.administrative_units).iter_mut().for_each(|unit| unread(&mut unit.members)),
        23 => read(&mut facts.role_assignments).iter_mut().for_each(|assignment| assignment.enabled = None),
        24 => read(&mut facts.role_assignments).iter_mut().for_each(|assignment| assignment.delegating = None),
        25 => unread(&mut read(&mut facts.organization).ews_allowed_app_ids),
        26 => unread(&mut read(&mut facts.organization).user_agents),
        27 => mailboxes.iter_mut().for_each(|mailbox| unread(&mut mailbox.cas)),
        28 => mailboxes.iter_mut().for_each(|mailbox| unread(&mut mailbox.full_access)),
        29 => mailboxes.iter_mut().for_each(|mailbox| unread(&mut mailbox.sharing)),
        30 => mailboxes.iter_mut().for_each(|mailbox| unread(&mut mailbox.addresses)),
        31 => mailboxes.iter_mut().for_each(|mailbox| mailbox.properties.clear()),
        32 => mailboxes.iter_mut().for_each(|mailbox| mailbox.found = Found::Unread("forgotten".into())),
        33 => {
            // The read of the grants stopped in the middle.
            let mut some = read(&mut facts.grants).clone();
            some.truncate(1);
            facts.grants = Fact::Partly(some, "page 2 failed".into());
        }
        34 => {
            let mut some = read(&mut facts.policies).clone();
            some.truncate(1);
            facts.policies = Fact::Partly(some, "page 2 failed".into());
        }
        35 => {
            let group = group_mut(facts, "G");
            let mut some = read(&mut group.members).clone();
            some.truncate(1);
            group.members = Fact::Partly(some, "page 2 failed".into());
        }
        _ => unreachable!("there is no such part"),
    }
}

const PARTS: usize = 36;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_grant_never_narrows(facts in facts(), mailboxes in mailboxes(), grant in grant()) {
        let before = verdicts(&facts, &mailboxes);
        let after = verdicts(&facts.with(|facts| read(&mut facts.grants).push(grant)), &mailboxes);
        prop_assert!(is_widened(&before, &after), "{before:?} {after:?}");
    }

    #[test]
    fn another_role_never_narrows(facts in facts(), mailboxes in mailboxes(), assignment in assignment()) {
        let before = verdicts(&facts, &mailboxes);
        let after = verdicts(&facts.with(|facts| read(&mut facts.role_assignments).push(assignment)), &mailboxes);
        prop_assert!(is_widened(&before, &after), "{before:?} {after:?}");
    }

    /// But for the group of a policy that denies.
    #[test]
    fn another_member_never_narrows(
        facts in facts(),
        mailboxes in mailboxes(),
        group in select(vec!["G", "H", "M"]),
        name in select(&MAILBOXES[..]),
    ) {
        let mut facts = facts;
        read(&mut facts.policies).retain(|policy| policy.right == PolicyRight::Restrict);
        let before = verdicts(&facts, &mailboxes);
        read(&mut group_mut(&mut facts, group).members).push(member(name));
        let after = verdicts(&facts, &mailboxes);
        prop_assert!(is_widened(&before, &after), "{before:?} {after:?}");
    }

    #[test]
    fn a_first_restrict_never_widens(facts in facts(), mailboxes in mailboxes(), group in select(vec!["G", "H", "N"])) {
        let mut facts = facts;
        let concerns = |policy: &AccessPolicy| {
            matches!(policy.application, PolicyApplication::Every)
                || policy.application == PolicyApplication::One(guid(CLIENT))
        };
        read(&mut facts.policies).retain(|policy| policy.right == PolicyRight::Deny || !concerns(policy));
        let before = verdicts(&facts, &mailboxes);
        let after = verdicts(&facts.policy(PolicyRight::Restrict, group), &mailboxes);
        prop_assert!(is_widened(&after, &before), "{before:?} {after:?}");
    }

    #[test]
    fn what_is_unread_makes_verdicts_unknown_and_nothing_else(
        facts in facts(),
        mailboxes in mailboxes(),
        part in 0..PARTS,
    ) {
        let before = verdicts(&facts, &mailboxes);
        let widens = AccessModel::new(&facts).widening().verdict;
        let (mut facts, mut mailboxes) = (facts, mailboxes);
        forget(&mut facts, &mut mailboxes, part);
        let after = verdicts(&facts, &mailboxes);
        for (at, (before, after)) in before.iter().zip(&after).enumerate() {
            prop_assert!(after == before || *after == Access::Unknown, "part {part}, {at}: {before} became {after}");
        }
        let still = AccessModel::new(&facts).widening();
        prop_assert!(
            still.verdict == widens || still.verdict == Truth::Unknown,
            "part {part}: {widens} became {still:#?}"
        );
    }

    #[test]
    fn removing_a_grant_never_changes_a_role(facts in facts(), mailboxes in mailboxes(), at in any::<Index>()) {
        let by_role = |facts: &Facts| -> Vec<PathReach> {
            let model = AccessModel::new(facts);
            let paths = |mailbox| Level::ALL.iter().map(|&level| model.reach(mailbox, level).paths).collect::<Vec<_>>();
            let all = mailboxes.iter().flat_map(paths).flatten();
            all.filter(|path| matches!(path.path, AccessPath::Rbac | AccessPath::EwsRbac)).collect()
        };
        let before = by_role(&facts);
        let mut facts = facts;
        if read(&mut facts.grants).is_empty() {
            return Ok(());
        }
        let at = at.index(read(&mut facts.grants).len());
        read(&mut facts.grants).remove(at);
        prop_assert_eq!(before, by_role(&facts));
    }

    /// Unless it is a restrict that others stand beside.
    #[test]
    fn removing_a_policy_never_narrows(facts in facts(), mailboxes in mailboxes(), at in any::<Index>()) {
        let mut facts = facts;
        if read(&mut facts.policies).is_empty() {
            return Ok(());
        }
        let before = verdicts(&facts, &mailboxes);
        let at = at.index(read(&mut facts.policies).len());
        let removed = read(&mut facts.policies).remove(at);
        let others = read(&mut facts.policies).iter().any(|policy| policy.right == PolicyRight::Restrict);
        if removed.right == PolicyRight::Restrict && others {
            return Ok(());
        }
        let after = verdicts(&facts, &mailboxes);
        prop_assert!(is_widened(&before, &after), "{before:?} {after:?}");
    }

    /// Free/busy is left out: through a nested member that is reached, every other mailbox can be asked for.
    #[test]
    fn strict_and_lenient_differ_for_nested_members_alone(facts in facts(), mailboxes in mailboxes()) {
        let strict = AccessModel::new(&facts);
        let lenient = AccessModel::new(&facts).lenient();
        for mailbox in &mailboxes {
            for level in [Level::Events, Level::Write] {
                let (strict, lenient) = (strict.reach(mailbox, level).verdict, lenient.reach(mailbox, level).verdict);
                if strict != lenient {
                    prop_assert_eq!(strict, Access::Unknown);
                    let groups = facts.groups.entries();
                    let is_member = |group: &Group| {
                        group.members.entries().iter().any(|member| member.ids == mailbox.ids)
                    };
                    let nested = ids("N");
                    let in_nested = groups.iter().any(|group| group.ids == nested && is_member(group));
                    prop_assert!(in_nested, "{:?} is no nested member", mailbox.addresses);
                }
            }
        }
    }

    #[test]
    fn that_it_cannot_widen_needs_everything_read(facts in facts(), forgotten in prop::option::of(0..PARTS)) {
        let mut facts = facts;
        if let Some(part) = forgotten {
            forget(&mut facts, &mut [], part);
        }
        let model = AccessModel::new(&facts);
        if model.widening().verdict == Truth::No {
            prop_assert!(facts.grants.missing().is_none());
            prop_assert!(facts.directory_roles.missing().is_none());
            prop_assert!(facts.role_assignments.missing().is_none());
            prop_assert!(facts.role_groups.missing().is_none());
            for group in model.uses().groups() {
                prop_assert!(group.kind.is_some() && group.owners.missing().is_none(), "{}", group.label());
            }
        }
    }

    #[test]
    fn the_verdict_is_the_best_of_its_access_paths(facts in facts(), mailboxes in mailboxes()) {
        let model = AccessModel::new(&facts);
        for mailbox in &mailboxes {
            for &level in Level::ALL {
                let reach = model.reach(mailbox, level);
                let best = reach.paths.iter().map(|path| rank(path.verdict)).max().unwrap_or(0);
                prop_assert_eq!(rank(reach.verdict), best);
            }
            // Events show when the mailbox is busy, and writing shows events.
            let by_level: Vec<_> = Level::ALL.iter().map(|&level| rank(model.reach(mailbox, level).verdict)).collect();
            prop_assert!(by_level[0] >= by_level[2], "times {} events {}", by_level[0], by_level[2]);
        }
    }
}
