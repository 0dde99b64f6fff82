//! What limits roles and policies: groups, management scopes, administrative units and the switches of Exchange.

use std::collections::BTreeSet;

use graph_client::exchange::{
    ApplicationRole, DistributionGroup, ExchangeRecipient, GetDistributionGroup, GetDistributionGroupMember,
    GetManagementScope, GetOrganizationConfig, GetRecipient, Identity, OpathFilter,
};
use graph_client::{ObjectId, Uuid, well_known};

use super::Reader;
use super::lookup::found;
use crate::access::{self, Fact};
use crate::observe::observation::{ObservedGroup, ObservedScope, UnreadPart, is_group};
use crate::observe::translate;
use crate::restriction;
use crate::spec::{RestrictedCalendarGroup, Scope};
use crate::text::without_advice;

/// How deep groups under a policy are followed into each other.
const MOST_NESTED: usize = 50;

impl Reader<'_> {
    /// The switches of Exchange Web Services matter only to an application that may use them.
    pub(super) async fn organization(&mut self) {
        use access::Resource;

        let is_for_ews = |grant: &access::Grant| {
            grant.resource == Resource::Exchange && grant.role == well_known::app_roles::FULL_ACCESS_AS_APP
        };
        let is_role_for_ews = |assignment: &access::RoleAssignment| {
            let row = access::catalogue().iter().find(|row| row.value.eq_ignore_ascii_case(&assignment.role));
            row.is_none_or(|row| row.narrowed_by.contains(&access::Narrowing::EwsSwitch))
                || assignment.role.eq_ignore_ascii_case(ApplicationRole::ExchangeFullAccess.as_str())
        };
        let may_use_ews = self.seen.facts.grants.entries().iter().any(is_for_ews)
            || self.seen.facts.role_assignments.entries().iter().any(is_role_for_ews);
        let allowed = if may_use_ews {
            let config = self.exchange.run(GetOrganizationConfig::new().with_ews_applications()).await;
            match self.fact(UnreadPart::Scopes, config) {
                Fact::Read(config) => translate::client_ids(config.ews_allowed_app_ids.as_deref()),
                Fact::Partly(_, why) | Fact::Unread(why) => Fact::Unread(why),
            }
        } else {
            Fact::Unread("the application cannot use Exchange Web Services".into())
        };
        self.seen.facts.organization = Fact::Read(translate::organization(&self.seen.organization, allowed));
    }

    /// Whatever roles and policies are limited to.
    pub(super) async fn scopes(&mut self) {
        let assignments: Vec<access::RoleScope> =
            self.seen.facts.role_assignments.entries().iter().map(|it| it.scope.clone()).collect();
        let mut names = BTreeSet::new();
        let mut units = BTreeSet::new();
        let scope = self.spec.map(|spec| &spec.scope);
        let mut needs_scopes = matches!(scope, Some(Scope::Filter(_)));
        if let Some(Scope::AdministrativeUnit(unit)) = scope {
            units.insert(unit.to_string());
        }
        for scope in assignments {
            match scope {
                access::RoleScope::Group(name) => {
                    names.insert(name);
                }
                access::RoleScope::Management(_) => needs_scopes = true,
                access::RoleScope::AdministrativeUnit(unit) => {
                    units.insert(unit);
                }
                _ => {}
            }
        }
        self.seen.facts.scopes = if needs_scopes {
            let scopes = found(self.exchange.run(GetManagementScope::all()).await).map(Option::unwrap_or_default);
            let scopes = self.fact(UnreadPart::Scopes, scopes);
            for scope in scopes.entries() {
                names.extend(scope.groups());
            }
            translate::each(scopes, |scope| Some(translate::management_scope(scope)))
        } else {
            Fact::Read(Vec::new())
        };
        self.groups(names).await;
        self.names_that_moved();
        self.units(units).await;
        if let Some(spec) = self.spec {
            self.spec_scope(spec).await;
        }
    }

    /// The recipients that Exchange lists for the conditions of the application's management scopes, as far as the facts
    /// alone do not decide them.
    pub(super) async fn listed_scopes(&mut self) {
        let open = access::AccessModel::new(&self.seen.facts).scopes_to_list();
        for (name, filter) in open {
            let Ok(filter) = serde_json::from_value::<OpathFilter>(filter.into()) else { continue };
            let listed = self.exchange.run(GetRecipient::matching(filter)).await;
            let listed = self.fact(UnreadPart::Scopes, listed);
            let members = translate::each(listed, |recipient| Some(translate::member(recipient)));
            self.seen.facts.scope_recipients.insert(name, members);
        }
    }

    /// What the scope of the spec contains, where it is not the group.
    async fn spec_scope(&mut self, spec: &RestrictedCalendarGroup) {
        match &spec.scope {
            Scope::Group => {}
            Scope::Filter(filter) => {
                let listed = self.exchange.run(GetRecipient::matching(filter.clone())).await;
                let recipients = self.fact(UnreadPart::Scopes, listed);
                let known = access::AccessModel::new(&self.seen.facts).scopes_with_filter(filter.as_str());
                let mut names: Vec<String> = known.iter().map(|scope| scope.name.clone()).collect();
                let exists = self.seen.facts.scopes.whole().map(|_| !names.is_empty());
                // The scope that a plan creates will contain the same.
                names.push(restriction::scope_name(spec).to_string());
                let members = match &recipients {
                    Fact::Read(list) => Fact::Read(list.iter().map(translate::member).collect::<Vec<_>>()),
                    Fact::Partly(list, why) => Fact::Partly(list.iter().map(translate::member).collect(), why.clone()),
                    Fact::Unread(why) => Fact::Unread(why.clone()),
                };
                for name in names {
                    self.seen.facts.scope_recipients.insert(name, members.clone());
                }
                self.seen.scope = Some(ObservedScope { recipients, exists });
            }
            Scope::AdministrativeUnit(unit) => {
                let read = found(self.client.administrative_units().get(unit).await);
                let exists = match self.fact(UnreadPart::Scopes, read) {
                    Fact::Read(found) => Some(found.is_some()),
                    Fact::Partly(..) | Fact::Unread(_) => None,
                };
                self.seen.scope = Some(ObservedScope { recipients: Fact::Read(Vec::new()), exists });
            }
        }
    }

    /// A scope column shows the name that a group had. An assignment that was last changed before the group of that name
    /// was made is over another group, which was called so before.
    fn names_that_moved(&mut self) {
        let (Fact::Read(assignments) | Fact::Partly(assignments, _)) = &mut self.seen.facts.role_assignments else {
            return;
        };
        for assignment in assignments {
            let access::RoleScope::Group(name) = &assignment.scope else { continue };
            let made = self.named.get(&name.to_ascii_lowercase());
            if let (Some(changed), Some(made)) = (self.assigned.get(&assignment.name), made)
                && changed < made
            {
                let scope = format!("{name} (a group that was called so before the one that is now)");
                assignment.scope = access::RoleScope::Unrecognised(scope);
            }
        }
    }

    async fn groups(&mut self, names: BTreeSet<String>) {
        let mut groups: Vec<access::Group> = Vec::new();
        let mut known: BTreeSet<Uuid> = BTreeSet::new();
        let mut missing = None;
        let observed: Vec<ObservedGroup> =
            self.seen.group.iter().chain(self.seen.other_groups.values().flatten()).cloned().collect();
        let mut open: Vec<(DistributionGroup, Option<Vec<ExchangeRecipient>>)> =
            observed.into_iter().map(|seen| (seen.group, Some(seen.members))).collect();
        let policy_scopes = self.seen.facts.policies.entries().iter().filter_map(|policy| match policy.scope {
            access::PolicyScope::Group(id) => Some(id.to_string()),
            _ => None,
        });
        let names: BTreeSet<String> = names.into_iter().chain(policy_scopes).collect();
        for name in names {
            match self.groups_named(&name).await {
                Ok(found) => open.extend(found.into_iter().map(|group| (group, None))),
                Err(error) => {
                    self.leave_unread(UnreadPart::Scopes, &error);
                    missing = Some(without_advice(&error));
                }
            }
        }
        // Groups in groups: a policy counts their members.
        while let Some((group, members)) = open.pop() {
            let Some(id) = group.guid.or(group.external_directory_object_id) else { continue };
            if !known.insert(id) {
                continue;
            }
            let made = group.when_created.as_ref().and_then(graph_client::graph::Timestamp::to_system_time);
            if let (Some(name), Some(made)) = (&group.name, made) {
                let oldest = self.named.entry(name.to_ascii_lowercase()).or_insert(made);
                *oldest = made.min(*oldest);
            }
            if groups.len() >= MOST_NESTED {
                missing = Some(format!("more than {MOST_NESTED} groups are nested in each other"));
                break;
            }
            let members = match (members, group.identity()) {
                (Some(members), _) => Fact::Read(members),
                (None, Some(identity)) => {
                    let members = self.exchange.run(GetDistributionGroupMember::new(identity)).await;
                    self.fact(UnreadPart::Scopes, members)
                }
                (None, None) => Fact::Unread("the group shows no id".into()),
            };
            for nested in members.entries().iter().filter(|member| is_group(member)) {
                let Some(identity) = nested.identity() else { continue };
                match found(self.exchange.run(GetDistributionGroup::one(identity)).await) {
                    Ok(found) => open.extend(found.into_iter().flatten().map(|group| (group, None))),
                    Err(error) => self.leave_unread(UnreadPart::Scopes, &error),
                }
            }
            groups.push(translate::group_facts(&group, translate::each(members, |it| Some(translate::member(it)))));
        }
        self.seen.facts.groups = match missing {
            None => Fact::Read(groups),
            Some(why) => Fact::Partly(groups, why),
        };
    }

    /// Every group that such a text names: a name, an id or a distinguished name.
    async fn groups_named(&self, name: &str) -> graph_client::Result<Vec<DistributionGroup>> {
        let Ok(identity) = name.parse::<Identity>() else { return Ok(Vec::new()) };
        Ok(found(self.exchange.run(GetDistributionGroup::one(identity)).await)?.unwrap_or_default())
    }

    async fn units(&mut self, names: BTreeSet<String>) {
        let mut units = Vec::new();
        let mut missing = None;
        for name in names {
            let Ok(id) = name.parse::<ObjectId>() else {
                missing = Some(format!("the administrative unit \"{name}\" is named and not identified"));
                continue;
            };
            let members = self.list(UnreadPart::Scopes, self.client.administrative_units().members(&name)).await;
            let members = translate::each(members, translate::directory_member);
            units.push(access::AdministrativeUnit { id, name: None, members, membership_rule: None });
        }
        self.seen.facts.administrative_units = match missing {
            None => Fact::Read(units),
            Some(why) => Fact::Partly(units, why),
        };
    }
}
