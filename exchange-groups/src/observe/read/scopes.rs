//! What limits roles and policies: groups, management scopes, administrative units and the switches of Exchange.

use std::collections::BTreeSet;

use graph_client::exchange::{
    ApplicationRole, DistributionGroup, ExchangeRecipient, GetDistributionGroup, GetDistributionGroupMember,
    GetManagementScope, GetOrganizationConfig, GetRecipient, Identity, ManagementScope, OpathFilter,
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

/// How deep groups are followed into each other.
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
        let mut own = BTreeSet::new();
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
                access::RoleScope::Management(name) => {
                    needs_scopes = true;
                    own.insert(name.to_lowercase());
                }
                access::RoleScope::AdministrativeUnit(unit) => {
                    units.insert(unit);
                }
                _ => {}
            }
        }
        self.seen.facts.scopes = if needs_scopes {
            let scopes = found(self.exchange.run(GetManagementScope::all()).await).map(Option::unwrap_or_default);
            let scopes = self.fact(UnreadPart::Scopes, scopes);
            let is_own = |scope: &&ManagementScope| {
                let name = scope.name.as_ref().or(scope.identity.as_ref());
                name.is_none_or(|name| own.contains(&name.to_lowercase()))
            };
            names.extend(scopes.entries().iter().filter(is_own).flat_map(ManagementScope::groups));
            translate::each(scopes, |scope| Some(translate::management_scope(scope)))
        } else {
            Fact::Read(Vec::new())
        };
        self.groups(names).await;
        if let Fact::Read(assignments) | Fact::Partly(assignments, _) = &mut self.seen.facts.role_assignments {
            self.names.tell_moved(assignments);
        }
        self.units(units).await;
        if let Some(spec) = self.spec {
            self.spec_scope(spec).await;
        }
    }

    /// The recipients that Exchange lists for the conditions of the application's management scopes, as far as the facts
    /// alone do not decide them.
    pub(super) async fn listed_scopes(&mut self) {
        let open = access::AccessModel::new(&self.seen.facts).scopes_to_list();
        for access::OpenScope { name, filter, .. } in open {
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

    /// The groups of these names, those that were observed, and those under the application's own policies.
    async fn groups(&mut self, mut names: BTreeSet<String>) {
        let observed: Vec<ObservedGroup> =
            self.seen.group.iter().chain(self.seen.other_groups.values().flatten()).cloned().collect();
        let model = access::AccessModel::new(&self.seen.facts);
        names.extend(model.policies().filter_map(|policy| match policy.scope {
            access::PolicyScope::Group(id) => Some(id.to_string()),
            _ => None,
        }));
        self.seen.facts.groups = self.groups_named(&names, observed).await;
    }

    /// The groups of these names, ids or distinguished names, beside those that were read already, and the groups in them,
    /// each read once. Ten are asked for in one request.
    pub(crate) async fn groups_named(
        &mut self,
        names: &BTreeSet<String>,
        observed: Vec<ObservedGroup>,
    ) -> Fact<Vec<access::Group>> {
        let mut known: BTreeSet<Uuid> = BTreeSet::new();
        let mut groups = Vec::new();
        let mut missing = None;
        let mut fresh: Vec<(DistributionGroup, Option<Vec<ExchangeRecipient>>)> =
            observed.into_iter().map(|seen| (seen.group, Some(seen.members))).collect();
        let mut open: Vec<Identity> = names.iter().filter_map(|name| name.parse().ok()).collect();
        for depth in 0.. {
            if depth > MOST_NESTED {
                missing = Some(format!("groups are nested in each other more than {MOST_NESTED} deep"));
                break;
            }
            let looked = self.exchange.run_all(open.drain(..).map(GetDistributionGroup::one).collect()).await;
            for found_groups in looked.into_iter().map(found) {
                match found_groups {
                    Ok(them) => fresh.extend(them.into_iter().flatten().map(|group| (group, None))),
                    Err(error) => {
                        self.leave_unread(UnreadPart::Scopes, &error);
                        missing = Some(without_advice(&error));
                    }
                }
            }
            fresh.retain(|(group, _)| {
                group.guid.or(group.external_directory_object_id).is_some_and(|id| known.insert(id))
            });
            if fresh.is_empty() {
                break;
            }
            let unread = fresh.iter().filter(|(_, members)| members.is_none());
            let reads = unread.filter_map(|(group, _)| group.identity()).map(GetDistributionGroupMember::new).collect();
            let mut read = self.exchange.run_all(reads).await.into_iter();
            for (group, members) in fresh.drain(..) {
                self.names.saw(&group);
                let members = match (members, group.identity()) {
                    (Some(members), _) => Fact::Read(members),
                    (None, Some(_)) => match read.next() {
                        Some(members) => self.fact(UnreadPart::Scopes, members),
                        None => Fact::Unread("the members were not read".into()),
                    },
                    (None, None) => Fact::Unread("the group shows no id".into()),
                };
                open.extend(members.entries().iter().filter(|it| is_group(it)).filter_map(ExchangeRecipient::identity));
                groups.push(translate::group_facts(&group, translate::each(members, |it| Some(translate::member(it)))));
            }
        }
        match missing {
            None => Fact::Read(groups),
            Some(why) => Fact::Partly(groups, why),
        }
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
