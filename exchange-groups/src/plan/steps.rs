use graph_client::SmtpAddress;
use graph_client::exchange::{
    AddDistributionGroupMember, AssignmentScope, ExchangeRecipient, Identity, ListChange, NewApplicationAccessPolicy,
    NewDistributionGroup, NewManagementRoleAssignment, NewManagementScope, NewServicePrincipal,
    RemoveDistributionGroupMember, RemoveManagementRoleAssignment, SetDistributionGroup, SetManagementRoleAssignment,
    UpdateDistributionGroupMember,
};

use crate::access::ManagementScope;
use crate::change::{Change, RevokePermission, Step};
use crate::membership::{Difference, MailboxRef, MembershipCost, MembershipMethod, SET_LIMIT};
use crate::observe::{Observation, ObservedGroup};
use crate::restriction;
use crate::spec::{OtherMembers, RestrictedCalendarGroup, Restriction, Scope};
use crate::text::count;

pub(super) fn steps(
    spec: &RestrictedCalendarGroup,
    seen: &Observation,
    wanted: &[MailboxRef],
    must_not_reach: &[MailboxRef],
) -> Vec<Step> {
    let mut steps = Steps { group: group_identity(spec, seen), steps: Vec::new() };
    if spec.scope.is_group() {
        match &seen.group {
            None => steps.create_group(spec, seen),
            Some(group) => steps.alter_group(spec, seen, group),
        }
        let present = seen.group.as_ref().map_or(&[][..], |group| &group.members);
        let difference = Difference::of(wanted, must_not_reach, spec.other_members, present);
        let cost = membership_cost(spec, wanted, &difference, present.len());
        steps.members(wanted, &difference, cost.as_ref());
    }
    match spec.restriction {
        Restriction::Rbac => steps.rbac(spec, seen),
        Restriction::Policy => steps.policy(spec, seen),
    }
    steps.steps
}

/// How the missing members are added.
pub(super) fn membership_cost(
    spec: &RestrictedCalendarGroup,
    wanted: &[MailboxRef],
    difference: &Difference<'_>,
    present: usize,
) -> Option<MembershipCost> {
    let removed = difference.denied.len() + difference.unexpected.len();
    let left = present.saturating_sub(removed);
    // A member without an id or an address cannot be removed by name, and the list would remove it unseen.
    let can_be_named = difference.removals().all(|member| member.identity().is_some());
    let other_members = if can_be_named { spec.other_members } else { OtherMembers::Keep };
    MembershipCost::of(difference.missing.len(), wanted.len(), left, other_members)
}

/// How the steps name the group. A group that is not there yet has an address only; once it is made, its id takes the
/// place of the address.
fn group_identity(spec: &RestrictedCalendarGroup, seen: &Observation) -> Identity {
    let existing = seen.group.as_ref().and_then(|seen| seen.group.identity());
    existing.map_or_else(|| Identity::from(&spec.address), |identity| identity.shown_as(&spec.address))
}

struct Steps {
    group: Identity,
    steps: Vec<Step>,
}

impl Steps {
    fn push(&mut self, reason: impl Into<String>, change: Change) {
        self.steps.push(Step { reason: reason.into(), change });
    }

    fn create_group(&mut self, spec: &RestrictedCalendarGroup, seen: &Observation) {
        let mut cmdlet = NewDistributionGroup::security(spec.name.clone())
            .alias(spec.alias.clone())
            .primary_smtp_address(spec.address.clone());
        for owner in &spec.owners {
            cmdlet = cmdlet.owner(owner_identity(owner, seen.recipient(owner)));
        }
        if let Some(description) = &spec.description {
            cmdlet = cmdlet.description(description);
        }
        self.push("no group has this address", Change::CreateGroup(cmdlet));
    }

    fn alter_group(&mut self, spec: &RestrictedCalendarGroup, seen: &Observation, existing: &ObservedGroup) {
        let group = &existing.group;
        let mut cmdlet = SetDistributionGroup::new(self.group.clone());
        let mut reasons = Vec::new();
        // A naming policy puts its own text around the name, so only a name that has nothing of the spec's is wrong.
        let shown = group.display_name.as_deref().unwrap_or_default();
        if !shown.contains(spec.name.as_str()) {
            cmdlet = cmdlet.display_name(spec.name.as_str());
            reasons.push(format!("it is called \"{shown}\""));
        }
        if let (Some(wanted), Some(found)) = (&spec.description, &group.description)
            && wanted != found
        {
            cmdlet = cmdlet.description(wanted);
            reasons.push("its description differs".into());
        }
        let missing: Vec<_> = spec
            .owners
            .iter()
            .filter_map(|owner| Some((owner, seen.recipient(owner)?)))
            .filter(|(_, recipient)| !owns(recipient, &group.managed_by))
            .collect();
        if !missing.is_empty() {
            let names: Vec<_> = missing.iter().map(|(owner, _)| owner.to_string()).collect();
            let does = if names.len() == 1 { "does" } else { "do" };
            reasons.push(format!("{} {does} not own it", names.join(", ")));
            let add = missing.into_iter().map(|(owner, recipient)| owner_identity(owner, Some(recipient))).collect();
            cmdlet = cmdlet.owners(ListChange::Alter { add, remove: Vec::new() });
        }
        if !reasons.is_empty() {
            self.push(reasons.join("; "), Change::AlterGroup(cmdlet));
        }
    }

    /// Additions take an hour to propagate and removals may take none, so additions come first; but a mailbox that must not
    /// be reached goes before everything else, and whoever the whole list would remove is removed by name before it is set.
    fn members(&mut self, wanted: &[MailboxRef], difference: &Difference<'_>, cost: Option<&MembershipCost>) {
        self.removals(&difference.denied, "it must not be reached");
        let unexpected = "the spec does not name it";
        let Some(cost) = cost else { return self.removals(&difference.unexpected, unexpected) };
        if cost.method == MembershipMethod::OneByOne {
            difference.missing.iter().for_each(|mailbox| self.addition(mailbox));
            return self.removals(&difference.unexpected, unexpected);
        }
        self.removals(&difference.unexpected, unexpected);
        let (list, single) = wanted.split_at(wanted.len().min(SET_LIMIT));
        let reason = match (cost.missing == wanted.len(), cost.other_method) {
            (false, Some(other)) => format!(
                "{} of them are missing: setting the list takes {} where adding them one by one takes {other}",
                cost.missing,
                count(cost.requests, "request")
            ),
            _ if difference.removals().next().is_some() => "none of them is a member yet".to_owned(),
            _ => "the group has no members yet".to_owned(),
        };
        match UpdateDistributionGroupMember::replace_all(self.group.clone(), list.iter().map(MailboxRef::identity)) {
            Ok(cmdlet) => {
                self.push(reason, Change::FillGroup(cmdlet));
                for mailbox in single {
                    self.addition(mailbox);
                }
            }
            // A list that the cmdlet refuses is added one by one, where Exchange says which entry it minds.
            Err(_) => difference.missing.iter().for_each(|mailbox| self.addition(mailbox)),
        }
    }

    fn addition(&mut self, mailbox: &MailboxRef) {
        let cmdlet = AddDistributionGroupMember::new(self.group.clone(), mailbox.identity());
        self.push("it is not a member yet", Change::AddMember(cmdlet));
    }

    fn removals(&mut self, members: &[&ExchangeRecipient], reason: &str) {
        let mut removals: Vec<_> = members
            .iter()
            .filter_map(|member| {
                let identity = member.identity()?;
                let shown = member.primary_smtp_address.as_ref().map(ToString::to_string);
                let shown = shown.or_else(|| member.display_name.clone()).unwrap_or_else(|| identity.to_string());
                Some((shown, identity, member))
            })
            .collect();
        removals.sort_by(|one, other| one.0.cmp(&other.0));
        for (shown, identity, member) in removals {
            let kind = member.recipient_type_details.as_deref().unwrap_or("of an unknown kind");
            let cmdlet = RemoveDistributionGroupMember::new(self.group.clone(), identity.shown_as(shown));
            self.push(format!("{reason} ({kind})"), Change::RemoveMember(cmdlet));
        }
    }

    fn scope(&self, spec: &RestrictedCalendarGroup, seen: &Observation) -> Identity {
        let existing = seen.group.as_ref().and_then(|seen| seen.group.scope_identity());
        existing.map_or_else(|| self.group.clone(), |scope| scope.shown_as(&spec.address))
    }

    /// What the role is limited to. A management scope that is not there yet is created first. `None` when it is not
    /// known to be there; a finding says so.
    fn role_scope(&mut self, spec: &RestrictedCalendarGroup, seen: &Observation) -> Option<AssignmentScope> {
        match &spec.scope {
            Scope::Group => Some(AssignmentScope::Group(self.scope(spec, seen))),
            Scope::Filter(filter) => {
                seen.facts.scopes.whole()?;
                if let Some(scope) = restriction::scope_of_filter(spec, &seen.facts, filter) {
                    return Some(AssignmentScope::Custom(scope.name.parse().ok()?));
                }
                let name = restriction::scope_name(spec);
                let is_taken = |scope: &ManagementScope| scope.name.eq_ignore_ascii_case(name.as_str());
                // Another condition under our name: changing it would change every assignment that uses it.
                if seen.facts.scopes.entries().iter().any(is_taken) {
                    return None;
                }
                let cmdlet = NewManagementScope::new(name.clone(), filter.clone());
                self.push("no management scope has this condition", Change::CreateScope(cmdlet));
                Some(AssignmentScope::Custom(name))
            }
            Scope::AdministrativeUnit(unit) => {
                (seen.scope.as_ref()?.exists == Some(true)).then_some(AssignmentScope::AdministrativeUnit(*unit))
            }
        }
    }

    fn rbac(&mut self, spec: &RestrictedCalendarGroup, seen: &Observation) {
        // Without a service principal in Entra there is nobody to assign a role to; a finding says so.
        let Some(application) = &seen.application else { return };
        if seen.facts.exchange_principal.whole().is_some_and(Option::is_none) {
            let mut cmdlet = NewServicePrincipal::new(spec.application, application.id);
            if let Some(name) = &application.display_name {
                cmdlet = cmdlet.display_name(name);
            }
            self.push("Exchange has not registered the application yet", Change::RegisterApplication(cmdlet));
        }
        self.role(spec, seen);
        if spec.revoke_tenant_wide_grant {
            for grant in restriction::calendar_grants(&seen.facts) {
                let Some(assignment) = grant.assignment.clone() else { continue };
                let revoke = RevokePermission {
                    application: spec.application,
                    service_principal: application.id,
                    assignment,
                    permission: restriction::grant_name(grant),
                    resource: restriction::resource_name(grant.resource),
                };
                self.push("it reaches every mailbox, whatever the role says", Change::RevokePermission(revoke));
            }
        }
    }

    fn role(&mut self, spec: &RestrictedCalendarGroup, seen: &Observation) {
        let Some(application) = &seen.application else { return };
        // What was not read may be there already; a finding says that it was not.
        if seen.facts.role_assignments.whole().is_none() {
            return;
        }
        let role = spec.permission.role();
        let group = seen.group.as_ref().map(|seen| restriction::ids_of(&seen.group));
        let over_group = restriction::right_roles(spec, &seen.facts, group.as_ref());
        let right = over_group.iter().find(|it| it.enabled != Some(false)).or(over_group.first());
        let name = restriction::assignment_name(spec, spec.permission);
        let ours_elsewhere = seen.facts.role_assignments.entries().iter().find(|it| restriction::is_named(it, &name));
        match (right, ours_elsewhere) {
            (Some(right), _) if right.enabled == Some(false) => {
                if let Ok(identity) = right.name.parse::<Identity>() {
                    let cmdlet = SetManagementRoleAssignment::enabled(identity, true);
                    self.push("the role over the group is assigned and disabled", Change::AlterRole(cmdlet));
                }
            }
            (Some(_), _) => {}
            (None, Some(ours)) => {
                let Some(scope) = self.role_scope(spec, seen) else { return };
                let cmdlet = SetManagementRoleAssignment::scope(Identity::from(&name), scope);
                self.push("this assignment is made by these crates, and over another scope", Change::AlterRole(cmdlet));
                if ours.enabled == Some(false) {
                    let cmdlet = SetManagementRoleAssignment::enabled(Identity::from(&name), true);
                    self.push("it is disabled", Change::AlterRole(cmdlet));
                }
            }
            (None, None) => {
                let Some(scope) = self.role_scope(spec, seen) else { return };
                let cmdlet = NewManagementRoleAssignment::new(application.id, role, scope);
                let reason = if spec.scope.is_group() {
                    "the application has no such role over the group"
                } else {
                    "the application has no such role over the scope"
                };
                self.push(reason, Change::AssignRole(cmdlet.name(name)));
            }
        }
        // What these crates assigned for another permission is replaced. The new role comes first: no outage.
        for permission in restriction::PERMISSIONS.into_iter().filter(|it| *it != spec.permission) {
            let name = restriction::assignment_name(spec, permission);
            if seen.facts.role_assignments.entries().iter().any(|it| restriction::is_named(it, &name)) {
                let cmdlet = RemoveManagementRoleAssignment::new(Identity::from(&name));
                let reason = "the spec asks for another permission, which its own role grants";
                self.push(reason, Change::RemoveRole(cmdlet));
            }
        }
    }

    fn policy(&mut self, spec: &RestrictedCalendarGroup, seen: &Observation) {
        let group = seen.group.as_ref().map(|seen| restriction::ids_of(&seen.group));
        let has_policy = group.is_some_and(|group| restriction::has_right_policy(spec, &seen.facts, &group));
        // What was not read may be there already; a finding says that it was not.
        if seen.facts.policies.known().is_some() && !has_policy {
            let cmdlet = NewApplicationAccessPolicy::restrict(spec.application, self.scope(spec, seen))
                .description(format!("Restricts the application to {}", spec.name));
            self.push("no policy restricts the application to the group", Change::RestrictApplication(cmdlet));
        }
    }
}

/// An owner by its id: the address may be the name of somebody else.
fn owner_identity(owner: &SmtpAddress, recipient: Option<&ExchangeRecipient>) -> Identity {
    let identity = recipient.and_then(ExchangeRecipient::identity);
    identity.map_or_else(|| Identity::from(owner), |identity| identity.shown_as(owner))
}

/// Whether a recipient is among the owners, which Exchange names by name or object id.
fn owns(recipient: &ExchangeRecipient, owners: &[String]) -> bool {
    let ids = [recipient.external_directory_object_id, recipient.guid];
    // A display name or an alias may be another's name.
    let names = [&recipient.name, &recipient.distinguished_name];
    owners.iter().any(|owner| {
        ids.iter().flatten().any(|id| id.to_string().eq_ignore_ascii_case(owner))
            || names.iter().filter_map(|name| name.as_deref()).any(|name| name.eq_ignore_ascii_case(owner))
            || recipient
                .primary_smtp_address
                .as_ref()
                .is_some_and(|address| address.as_str().eq_ignore_ascii_case(owner))
    })
}
