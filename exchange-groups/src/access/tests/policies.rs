use super::world::*;
use crate::access::policies::decide;
use crate::access::*;

/// The three-valued table of access policies, row by row: a matching deny, a matching restrict, a restrict at all.
#[test]
fn access_policies_are_decided_by_the_table() {
    use Access::{Allowed, Denied, Unknown as Open};
    use Truth::{No, Unknown, Yes};
    let any = [Yes, No, Unknown];
    let mut rows = Vec::new();
    for restrict in any {
        for exists in any {
            rows.push((Yes, restrict, exists, Denied));
        }
    }
    for exists in any {
        rows.push((Unknown, Yes, exists, Open));
        rows.push((Unknown, Unknown, exists, Open));
        rows.push((No, Yes, exists, Allowed));
        rows.push((No, Unknown, exists, Open));
    }
    rows.extend([
        (Unknown, No, Yes, Denied),
        (Unknown, No, No, Open),
        (Unknown, No, Unknown, Open),
        (No, No, Yes, Denied),
        (No, No, Unknown, Open),
        (No, No, No, Allowed),
    ]);
    assert_eq!(rows.len(), 27);
    for (deny, restrict, exists, expected) in rows {
        assert_eq!(decide(deny, restrict, exists), expected, "deny {deny}, restrict {restrict}, exists {exists}");
    }
}

#[test]
fn an_own_restrict_widens_under_one_for_every_application() {
    let under_all = tenant().graph("Calendars.Read").policy_for(PolicyApplication::Every, PolicyRight::Restrict, "H");
    assert_eq!(AccessModel::new(&under_all).reach(&mailbox("r1"), Level::Events).verdict, Access::Denied);
    let with_own = under_all.policy(PolicyRight::Restrict, "G");
    assert_eq!(AccessModel::new(&with_own).reach(&mailbox("r1"), Level::Events).verdict, Access::Allowed);
}

#[test]
fn a_policy_whose_principal_is_deleted_decides_nothing_alone() {
    let mut facts = tenant().graph("Calendars.Read").policy(PolicyRight::Restrict, "G");
    read(&mut facts.policies)[0].scope = PolicyScope::Deleted;
    assert_eq!(AccessModel::new(&facts).reach(&mailbox("ceo"), Level::Events).verdict, Access::Unknown);
    let facts = facts.policy(PolicyRight::Restrict, "H");
    // Another restrict decides for those that it has, and for the CEO only the deleted one could allow.
    assert_eq!(AccessModel::new(&facts).reach(&mailbox("x"), Level::Events).verdict, Access::Allowed);
    assert_eq!(AccessModel::new(&facts).reach(&mailbox("ceo"), Level::Events).verdict, Access::Unknown);
}

#[test]
fn one_page_of_policies_that_failed_leaves_only_a_deny_certain() {
    let mut facts = tenant().graph("Calendars.Read").policy(PolicyRight::Deny, "CEO");
    let read_so_far = read(&mut facts.policies).clone();
    facts.policies = Fact::Partly(read_so_far, "page 2 failed".into());
    let model = AccessModel::new(&facts);
    assert_eq!(model.reach(&mailbox("ceo"), Level::Events).verdict, Access::Denied);
    assert_eq!(model.reach(&mailbox("r1"), Level::Events).verdict, Access::Unknown);
}

/// Exchange's list of groups shows no Microsoft 365 groups, so that the members of one in a policy's group are not read.
#[test]
fn a_microsoft_365_group_in_a_policys_group_may_have_anybody_in_it() {
    for kind in [Some("GroupMailbox"), Some("MailUniversalDistributionGroup"), None] {
        let mut facts = tenant().graph("Calendars.Read").policy(PolicyRight::Restrict, "G");
        let unread = Member { ids: ids("nobody"), kind: kind.map(str::to_owned) };
        read(&mut group_mut(&mut facts, "G").members).push(unread);
        let model = AccessModel::new(&facts);
        assert_eq!(model.reach(&mailbox("ceo"), Level::Events).verdict, Access::Unknown, "{kind:?}");
        assert_eq!(model.reach(&mailbox("r1"), Level::Events).verdict, Access::Allowed);
    }
}
