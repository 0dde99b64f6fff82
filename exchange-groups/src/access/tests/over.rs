use super::world::*;
use crate::access::*;

fn over_g(facts: &Facts) -> Vec<(Truth, bool, Truth)> {
    let model = AccessModel::new(facts);
    model
        .assignments_over(&ids("G"))
        .into_iter()
        .map(|over| (over.is_over_group, over.by_filter, over.is_effective))
        .collect()
}

const YES: Truth = Truth::Yes;

#[test]
fn an_assignment_over_the_group_is_recognised_in_every_shape() {
    let entra = ids("G").entra.unwrap().to_string();
    let guid = ids("G").guid.unwrap().to_string();
    for name in ["G", "g", &entra, &entra.to_uppercase(), &guid, &distinguished_name("G")] {
        let facts = tenant().role("Application Calendars.Read", RoleScope::Group(name.to_owned()));
        assert_eq!(over_g(&facts), [(YES, false, YES)], "{name}");
    }
    let name = distinguished_name("G");
    for filter in [
        format!("MemberOfGroup -eq '{name}'"),
        format!("((MemberOfGroup -eq '{}'))", name.to_uppercase()),
        format!("(memberofgroup -eq '{}')", name.replace(',', ", ")),
    ] {
        assert_eq!(over_g(&tenant().filtered(&filter)), [(YES, true, YES)], "{filter}");
    }
}

#[test]
fn an_assignment_over_more_or_less_than_the_group_is_another() {
    let (g, h) = (distinguished_name("G"), distinguished_name("H"));
    for filter in [
        format!("MemberOfGroup -eq '{g}' -or MemberOfGroup -eq '{h}'"),
        format!("MemberOfGroup -eq '{g}' -and CustomAttribute1 -eq 'x'"),
        format!("-not (MemberOfGroup -eq '{g}')"),
        format!("MemberOfGroup -eq '{h}'"),
        String::new(),
    ] {
        assert_eq!(over_g(&tenant().filtered(&filter)), [], "{filter}");
    }
    // Never by prefix, display name or address.
    for name in ["G (copy)", "The group G", "G@contoso.com", "H"] {
        let facts = tenant().role("Application Calendars.Read", RoleScope::Group(name.into()));
        assert_eq!(over_g(&facts), [], "{name}");
    }
    assert_eq!(over_g(&tenant().role("Application Calendars.Read", RoleScope::Organization)), []);
}

#[test]
fn a_name_that_two_groups_have_is_unknown() {
    let facts = tenant().role("Application Calendars.Read", RoleScope::Group("G".into())).with(|facts| {
        group_mut(facts, "H").name = Some("g".into());
    });
    assert_eq!(over_g(&facts), [(Truth::Unknown, false, YES)]);
    let model = AccessModel::new(&facts);
    assert_eq!(model.reach(&mailbox("r1"), Level::Events).verdict, Access::Unknown);
    assert_eq!(model.reach(&mailbox("ceo"), Level::Events).verdict, Access::Unknown);
}

#[test]
fn a_scope_that_is_not_understood_is_neither_narrow_nor_wide() {
    let facts = tenant().role("Application Calendars.Read", RoleScope::Unrecognised("Organization, G".into()));
    assert_eq!(over_g(&facts), []);
    let model = AccessModel::new(&facts);
    assert_eq!(model.reach(&mailbox("r1"), Level::Events).verdict, Access::Unknown);
    assert_eq!(model.reach(&mailbox("ceo"), Level::Events).verdict, Access::Unknown);
}

#[test]
fn an_assignment_says_whether_it_is_in_effect_and_what_it_opens() {
    let facts = tenant().role("Application Calendars.Read", RoleScope::Group("G".into()));
    let model = AccessModel::new(&facts);
    let over = model.assignments_over(&ids("G"));
    assert_eq!(over[0].allows(Level::Events), YES);
    assert_eq!(over[0].allows(Level::Write), Truth::No);
    let disabled = facts.clone().with(|facts| read(&mut facts.role_assignments)[0].enabled = Some(false));
    assert_eq!(over_g(&disabled), [(YES, false, Truth::No)]);
    let unregistered = facts.clone().with(|facts| facts.exchange_principal = Fact::Read(None));
    assert_eq!(over_g(&unregistered), [(YES, false, Truth::No)]);
}

#[test]
fn policies_over_the_group_are_those_of_the_application() {
    let facts = tenant()
        .policy(PolicyRight::Restrict, "G")
        .policy(PolicyRight::Restrict, "H")
        .policy_for(PolicyApplication::Every, PolicyRight::Deny, "G")
        .policy_for(PolicyApplication::One(guid(OTHER_CLIENT)), PolicyRight::Restrict, "G");
    let model = AccessModel::new(&facts);
    let over: Vec<_> = model.policies_over(&ids("G")).into_iter().map(|policy| policy.right).collect();
    assert_eq!(over, [PolicyRight::Restrict, PolicyRight::Deny]);
    let others: Vec<_> =
        model.policies_of_others_over(&ids("G")).into_iter().map(|policy| policy.application).collect();
    assert_eq!(others, [PolicyApplication::One(guid(OTHER_CLIENT))]);
}

fn wider(facts: &Facts) -> Vec<(AccessPath, Truth)> {
    let wanted = ["r1", "r2"].map(ids);
    let wider = AccessModel::new(facts).wider_than(&wanted, &[mailbox("ceo")], Level::Events);
    wider.into_iter().map(|path| (path.path, path.is_wider)).collect()
}

#[test]
fn what_is_open_beyond_the_wanted_mailboxes_is_named_with_its_remedy() {
    use AccessPath::{GraphGrant, Rbac};
    let scoped = || tenant().role("Application Calendars.Read", RoleScope::Group("G".into()));
    assert_eq!(wider(&scoped()), []);
    assert_eq!(wider(&scoped().graph("Calendars.Read")), [(GraphGrant, YES)]);
    // The nested group's member may be in the policy's scope.
    let restricted = scoped().graph("Calendars.Read").policy(PolicyRight::Restrict, "G");
    assert_eq!(wider(&restricted), [(GraphGrant, Truth::Unknown)]);
    let flat = restricted.with(|facts| {
        let members = read(&mut group_mut(facts, "G").members);
        members.retain(|member| member.ids != ids("N"));
    });
    assert_eq!(wider(&flat), []);
    assert_eq!(wider(&scoped().role("Application MailboxItem.Export", RoleScope::Organization)), [(Rbac, YES)]);
    assert_eq!(wider(&scoped().role("Application Calendars.Read", RoleScope::Group("H".into()))), [(Rbac, YES)]);
    // Another room is known, as a member of another group.
    let rooms = tenant().filtered("RecipientTypeDetails -eq 'RoomMailbox'");
    assert_eq!(wider(&rooms), [(Rbac, YES)]);
    // Without it, which rooms there are is not among the facts.
    let rooms = rooms.with(|facts| group_mut(facts, "N").members = Fact::Read(Vec::new()));
    assert_eq!(wider(&rooms), [(Rbac, Truth::Unknown)]);

    let facts = scoped().graph("Calendars.Read");
    let found = AccessModel::new(&facts).wider_than(&[ids("r1"), ids("r2")], &[mailbox("ceo")], Level::Events);
    assert!(found[0].mailboxes.contains(&ids("ceo")));
    assert_eq!(found[0].allows_any, YES);
    let command = found[0].remedy.command.as_deref().unwrap();
    let own = principal(PRINCIPAL);
    assert_eq!(
        command,
        format!("Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId {own} -AppRoleAssignmentId 'grant-1'")
    );
}

#[test]
fn a_hostile_name_gives_no_command_and_draws_nothing() {
    let hostile = "rooms'; Remove-Mailbox ceo\u{1b}[2J";
    let facts = tenant().with(|facts| {
        facts.exchange_principal = Fact::Read(None);
    });
    let model = AccessModel::new(&facts);
    let via = Via::RoleAssignment { name: hostile.into(), role: "Role Management".into() };
    assert!(!via.to_string().contains('\u{1b}'));
    let remedy = model.remedy(&via);
    assert_eq!(remedy.command, None);
    assert!(!remedy.to_string().contains('\u{1b}'));
    let remedy = model.remedy(&Via::RoleAssignment { name: "O'Brien".into(), role: "x".into() });
    assert_eq!(remedy.command.as_deref(), Some("Remove-ManagementRoleAssignment -Identity 'O''Brien' -Confirm:$false"));
}

#[test]
fn facts_survive_a_round_trip_through_json() {
    let facts = tenant()
        .graph("Calendars.Read")
        .policy(PolicyRight::Restrict, "G")
        .filtered("RecipientTypeDetails -eq 'RoomMailbox'")
        .directory_role("Exchange Administrator")
        .with(|facts| {
            facts.sign_in = Fact::Read(SignIn::Disabled { since: Some(jiff::civil::date(2026, 11, 25)) });
            facts.owners = Fact::Partly(vec![person("owner")], "page 2 failed".into());
        });
    let text = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), facts);
    let ceo = mailbox("ceo");
    assert_eq!(serde_json::from_str::<MailboxFacts>(&serde_json::to_string(&ceo).unwrap()).unwrap(), ceo);
}

#[test]
fn what_stays_visible_past_a_correct_restriction_is_listed() {
    let ways = |facts: &Facts| AccessModel::new(facts).residuals().into_iter().map(|rest| rest.way).collect::<Vec<_>>();
    let is_ews = |way: &&str| way.starts_with("Exchange Web Services");
    let scoped = tenant().role("Application Calendars.Read", RoleScope::Group("G".into()));
    assert!(ways(&scoped).contains(&"getSchedule through a mailbox that is reached"));
    assert!(!ways(&scoped).iter().any(is_ews));
    assert!(!ways(&tenant()).contains(&"getSchedule through a mailbox that is reached"));
    let ews = scoped.role("Application EWS.AccessAsApp", RoleScope::Group("G".into()));
    assert!(ways(&ews).iter().any(is_ews));
    let ended = ews.with(|facts| facts.date = jiff::civil::date(2027, 4, 1));
    assert!(!ways(&ended).iter().any(is_ews));
}
