use graph_client::exchange::{
    AccessRight, AddDistributionGroupMember, Cmdlet, Identity, ListChange, NewApplicationAccessPolicy,
    NewDistributionGroup, NewManagementRoleAssignment, NewServicePrincipal, Recipient, RemoveDistributionGroupMember,
    SetDistributionGroup, UpdateDistributionGroupMember,
};

use super::{Change, RevokeGrant, Step};
use crate::discover::{Roll, Selection, key_of};
use crate::{Observation, ObservedGroup, OtherMembers, RestrictedCalendarGroup, Restriction};

/// How many members one `Update-DistributionGroupMember` is given; Microsoft's advice. The rest is added one by one.
const FILL_LIMIT: usize = 5_000;

pub(super) fn steps(spec: &RestrictedCalendarGroup, seen: &Observation, selection: &Selection) -> Vec<Step> {
    let mut steps = Steps { group: group_identity(spec, seen), steps: Vec::new() };
    match &seen.group {
        None => steps.create_group(spec),
        Some(group) => steps.alter_group(spec, seen, group),
    }
    steps.members(spec, seen, selection);
    match spec.restriction {
        Restriction::Rbac => steps.rbac(spec, seen),
        Restriction::Policy => steps.policy(spec, seen),
    }
    steps.steps
}

/// How the steps name the group. A group that is not there yet has an address only.
fn group_identity(spec: &RestrictedCalendarGroup, seen: &Observation) -> Identity {
    let existing = seen.group.as_ref().and_then(|seen| seen.group.identity());
    existing.map_or_else(|| Identity::from(&spec.address), |identity| identity.shown_as(&spec.address))
}

/// Members that the group has and the spec does not want.
pub(super) fn unwanted<'a>(
    spec: &'a RestrictedCalendarGroup,
    seen: &'a Observation,
    selection: &'a Selection,
) -> impl Iterator<Item = &'a Recipient> {
    let members = seen.group.iter().flat_map(|group| &group.members);
    let wanted = Roll::of_targets(selection.members());
    let closed = selection.closed(spec, seen);
    members.filter(move |member| {
        let is_closed = || Roll::of_targets(&closed).has_by_any(member);
        !wanted.has(key_of(member)) && (spec.other_members == OtherMembers::Remove || is_closed())
    })
}

struct Steps {
    group: Identity,
    steps: Vec<Step>,
}

impl Steps {
    fn push<C: Cmdlet>(&mut self, reason: impl Into<String>, cmdlet: C, change: impl Fn(C) -> Change) {
        let sentence = cmdlet.to_string();
        let change = change(cmdlet);
        self.steps.push(Step { stage: change.stage(), sentence, reason: reason.into(), change });
    }

    fn create_group(&mut self, spec: &RestrictedCalendarGroup) {
        let mut cmdlet = NewDistributionGroup::security(spec.name.clone())
            .alias(spec.alias.clone())
            .primary_smtp_address(spec.address.clone());
        for owner in &spec.owners {
            cmdlet = cmdlet.owner(owner);
        }
        if let Some(description) = &spec.description {
            cmdlet = cmdlet.description(description);
        }
        self.push("no group has this address", cmdlet, Change::CreateGroup);
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
            .map(|(owner, _)| owner)
            .collect();
        if !missing.is_empty() {
            let names: Vec<_> = missing.iter().map(ToString::to_string).collect();
            reasons.push(format!("{} does not own it", names.join(", ")));
            let add = missing.into_iter().map(Identity::from).collect();
            cmdlet = cmdlet.owners(ListChange::Alter { add, remove: Vec::new() });
        }
        if !reasons.is_empty() {
            self.push(reasons.join("; "), cmdlet, Change::AlterGroup);
        }
    }

    fn members(&mut self, spec: &RestrictedCalendarGroup, seen: &Observation, selection: &Selection) {
        // What must not be there goes first.
        let mut removals: Vec<_> = unwanted(spec, seen, selection)
            .filter_map(|member| {
                let identity = member.identity()?;
                let shown = member.primary_smtp_address.as_ref().map(ToString::to_string);
                let shown = shown.or_else(|| member.display_name.clone()).unwrap_or_else(|| identity.to_string());
                Some((shown, identity, member))
            })
            .collect();
        removals.sort_by(|one, other| one.0.cmp(&other.0));
        for (shown, identity, member) in removals {
            let kind = member.recipient_type_details.as_deref().unwrap_or("member");
            let cmdlet = RemoveDistributionGroupMember::new(self.group.clone(), identity.shown_as(shown));
            self.push(format!("the spec does not name this {kind}"), cmdlet, Change::RemoveMember);
        }
        let present: &[Recipient] = seen.group.as_ref().map_or(&[], |group| &group.members);
        let roll = Roll::of_recipients(present);
        let missing: Vec<_> = selection.members().filter(|target| !roll.has_target(target)).collect();
        let (fill, single) = if present.is_empty() && missing.len() > 1 {
            missing.split_at(missing.len().min(FILL_LIMIT))
        } else {
            missing.split_at(0)
        };
        if !fill.is_empty() {
            let members = fill.iter().map(|target| target.identity());
            match UpdateDistributionGroupMember::replace_all(self.group.clone(), members) {
                Ok(cmdlet) => self.push("the group has no members yet", cmdlet, Change::FillGroup),
                Err(fault) => unreachable!("5,000 distinct members at most: {fault}"),
            }
        }
        for target in single {
            let cmdlet = AddDistributionGroupMember::new(self.group.clone(), target.identity());
            self.push("it is not a member yet", cmdlet, Change::AddMember);
        }
    }

    fn rbac(&mut self, spec: &RestrictedCalendarGroup, seen: &Observation) {
        // Without a service principal in Entra there is nobody to give a role to; a finding says so.
        let Some(application) = &seen.application else { return };
        if seen.exchange_application.is_none() {
            let mut cmdlet = NewServicePrincipal::new(spec.application, application.id);
            if let Some(name) = &application.display_name {
                cmdlet = cmdlet.display_name(name);
            }
            self.push("Exchange does not know the application yet", cmdlet, Change::RegisterApplication);
        }
        let role = spec.permission.role();
        let has_role = seen.group.as_ref().is_some_and(|existing| {
            seen.role_assignments.iter().any(|assignment| {
                assignment.enabled != Some(false)
                    && assignment.role.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(role.as_str()))
                    && assignment.scope().is_group(&existing.group)
            })
        });
        if !has_role {
            let existing = seen.group.as_ref().and_then(|seen| seen.group.scope_identity());
            let scope = existing.map_or_else(|| self.group.clone(), |scope| scope.shown_as(&spec.address));
            let cmdlet = NewManagementRoleAssignment::over_group(application.id, role, scope);
            self.push("the application has no such role over the group", cmdlet, Change::AssignRole);
        }
        if spec.revoke_tenant_wide_grant {
            for grant in &seen.grants {
                let revoke = RevokeGrant {
                    application: spec.application,
                    service_principal: application.id,
                    assignment: grant.assignment.clone(),
                    permission: grant.permission.clone(),
                };
                let change = Change::RevokeGrant(revoke);
                self.steps.push(Step {
                    stage: change.stage(),
                    sentence: format!(
                        "Take the tenant-wide permission \"{}\" ({}) away from application {}",
                        grant.permission, grant.resource, spec.application
                    ),
                    reason: "it opens every mailbox, whatever the role says".into(),
                    change,
                });
            }
        }
    }

    fn policy(&mut self, spec: &RestrictedCalendarGroup, seen: &Observation) {
        let has_policy = seen.group.as_ref().is_some_and(|existing| {
            seen.policies.iter().any(|policy| {
                policy.right() == Some(AccessRight::RestrictAccess)
                    && policy.app_id != "*"
                    && policy.has_scope(&existing.group)
            })
        });
        if !has_policy {
            let existing = seen.group.as_ref().and_then(|seen| seen.group.scope_identity());
            let scope = existing.map_or_else(|| self.group.clone(), |scope| scope.shown_as(&spec.address));
            let cmdlet = NewApplicationAccessPolicy::restrict(spec.application, scope)
                .description(format!("Restricts the application to {}", spec.name));
            self.push("no policy restricts the application to the group", cmdlet, Change::RestrictApplication);
        }
    }
}

/// Whether a recipient is among the owners, which Exchange names by name or object id.
fn owns(recipient: &Recipient, owners: &[String]) -> bool {
    let ids = [recipient.external_directory_object_id, recipient.guid];
    let names = [&recipient.name, &recipient.alias, &recipient.display_name, &recipient.distinguished_name];
    owners.iter().any(|owner| {
        ids.iter().flatten().any(|id| id.to_string().eq_ignore_ascii_case(owner))
            || names.iter().filter_map(|name| name.as_deref()).any(|name| name.eq_ignore_ascii_case(owner))
            || recipient
                .primary_smtp_address
                .as_ref()
                .is_some_and(|address| address.as_str().eq_ignore_ascii_case(owner))
    })
}
