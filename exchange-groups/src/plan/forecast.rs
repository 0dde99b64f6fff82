//! The facts as they will be once the steps of a plan are done: the findings of a plan are about them.

use graph_client::Uuid;

use crate::access::{
    AccessPolicy, ExchangePrincipal, Fact, Facts, Group, GroupType, Ids, Joining, ManagementScope, Member,
    PolicyApplication, PolicyRight, PolicyScope, RoleAssignment, RoleScope,
};
use crate::change::{Change, Step};
use crate::membership::{Difference, MailboxRef};
use crate::observe::Mailboxes;
use crate::observe::Observation;
use crate::restriction;
use crate::spec::{RestrictedCalendarGroup, Scope};

/// The GUID of a new group in the forecast, before Exchange assigns one.
const NEW_GROUP: Uuid = Uuid::from_u128(0x0b7d_55c2_8e1a_4f6b_a1c9_3d20_7e84_5f10);

pub(super) fn facts_after(
    spec: &RestrictedCalendarGroup,
    seen: &Observation,
    steps: &[Step],
    wanted: &[MailboxRef],
    must_not_reach: &[MailboxRef],
) -> Facts {
    let mut facts = seen.facts.clone();
    if steps.is_empty() {
        return facts;
    }
    let ids = if spec.scope.is_group() {
        members_after(spec, seen, wanted, must_not_reach, &mut facts)
    } else {
        Ids::default()
    };
    for Step { change, .. } in steps {
        match change {
            Change::RegisterApplication(cmdlet) => {
                facts.exchange_principal = Fact::Read(Some(ExchangePrincipal {
                    app_id: Some(spec.application),
                    object_id: Some(cmdlet.object_id()),
                }));
            }
            Change::AssignRole(_) | Change::AlterRole(_) => role_after(spec, seen, &ids, &mut facts),
            Change::CreateScope(cmdlet) => {
                edit(&mut facts.scopes, |list| {
                    list.push(ManagementScope {
                        name: cmdlet.name().to_string(),
                        filter: Fact::Read(cmdlet.recipient_restriction_filter().as_str().to_owned()),
                        recipient_root: None,
                        exclusive: false,
                    });
                });
            }
            Change::RemoveRole(cmdlet) => {
                edit(&mut facts.role_assignments, |list| {
                    list.retain(|it| !it.name.eq_ignore_ascii_case(cmdlet.identity().as_str()));
                });
            }
            Change::RestrictApplication(_) => {
                if let Some(id) = ids.guid.or(ids.entra.map(|id| *id.as_uuid())) {
                    edit(&mut facts.policies, |list| {
                        list.push(AccessPolicy {
                            identity: "the policy of this plan".into(),
                            application: PolicyApplication::One(*spec.application.as_uuid()),
                            right: PolicyRight::Restrict,
                            scope: PolicyScope::Group(id),
                            is_valid: Some(true),
                        });
                    });
                }
            }
            Change::RevokePermission(revoke) => {
                edit(&mut facts.grants, |list| list.retain(|it| it.assignment.as_ref() != Some(&revoke.assignment)));
            }
            _ => {}
        }
    }
    facts
}

/// The facts with the members that the group will have, and everything else as it is: what is reached between the change
/// of members and the restriction.
pub(super) fn facts_between(
    spec: &RestrictedCalendarGroup,
    seen: &Observation,
    wanted: &[MailboxRef],
    must_not_reach: &[MailboxRef],
) -> Facts {
    let mut facts = seen.facts.clone();
    members_after(spec, seen, wanted, must_not_reach, &mut facts);
    facts
}

fn edit<T>(fact: &mut Fact<Vec<T>>, change: impl FnOnce(&mut Vec<T>)) {
    match fact {
        Fact::Read(list) | Fact::Partly(list, _) => change(list),
        Fact::Unread(_) => {}
    }
}

/// Sets the members of the group, and adds the group if it is not there yet. Returns its ids.
fn members_after(
    spec: &RestrictedCalendarGroup,
    seen: &Observation,
    wanted: &[MailboxRef],
    must_not_reach: &[MailboxRef],
    facts: &mut Facts,
) -> Ids {
    let mailboxes = Mailboxes::of(seen);
    let mut members: Vec<Member> = wanted.iter().map(|mailbox| mailboxes.member(mailbox)).collect();
    let present = seen.group.as_ref().map_or(&[][..], |group| &group.members);
    let difference = Difference::of(wanted, must_not_reach, spec.other_members, present);
    members.extend(difference.kept.iter().map(|member| crate::observe::member(member)));
    let ids = match &seen.group {
        Some(existing) => restriction::ids_of(&existing.group),
        None => Ids { guid: Some(NEW_GROUP), ..Ids::default() },
    };
    let is_it = |group: &Group| group.ids == ids;
    edit(&mut facts.groups, |groups| match groups.iter_mut().find(|group| is_it(group)) {
        Some(group) => group.members = Fact::Read(members),
        None => groups.push(Group {
            ids,
            name: Some(spec.name.to_string()),
            display_name: Some(spec.name.to_string()),
            distinguished_name: None,
            addresses: vec![spec.address.to_string()],
            kind: Some(GroupType::MailEnabledSecurity),
            members: Fact::Read(members),
            owners: Fact::Read(Vec::new()),
            joining: Some(Joining::ByOwner),
            membership_rule: None,
        }),
    });
    ids
}

/// The role over the group, in place of whatever has its name.
fn role_after(spec: &RestrictedCalendarGroup, seen: &Observation, ids: &Ids, facts: &mut Facts) {
    let name = restriction::assignment_name(spec, spec.permission);
    let existing = seen.group.as_ref().map(|seen| restriction::ids_of(&seen.group));
    let over_group = restriction::right_roles(spec, &seen.facts, existing.as_ref());
    let over_group: Vec<String> = over_group.iter().map(|it| it.name.clone()).collect();
    let role = spec.permission.role();
    // The id of the group: a name may be that of several.
    let group = ids.guid.map(|id| id.to_string()).or(ids.entra.map(|id| id.to_string()));
    let scope = match &spec.scope {
        Scope::Group => RoleScope::Group(group.unwrap_or_default()),
        Scope::Filter(filter) => {
            let adopted = restriction::scope_of_filter(spec, facts, filter);
            let name = adopted.map_or_else(|| restriction::scope_name(spec).to_string(), |scope| scope.name.clone());
            RoleScope::Management(name)
        }
        Scope::AdministrativeUnit(unit) => RoleScope::AdministrativeUnit(unit.to_string()),
    };
    edit(&mut facts.role_assignments, |list| {
        let is_right = |it: &RoleAssignment| over_group.contains(&it.name);
        if let Some(existing) = list.iter_mut().find(|it| is_right(it)) {
            existing.enabled = Some(true);
            return;
        }
        list.retain(|it| !restriction::is_named(it, &name));
        list.push(RoleAssignment {
            name: name.to_string(),
            role: role.as_str().to_owned(),
            permissions: Fact::default(),
            scope,
            enabled: Some(true),
            delegating: Some(false),
        });
    });
}
