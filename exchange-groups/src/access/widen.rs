//! Whether the application can widen its own access, by which permission or role, and who else can.

use serde::{Deserialize, Serialize};

use super::catalogue::{
    Entry, application_permission, catalogue, delegated_permission, delegating_assignment, directory_role,
    exchange_role, role_group, role_permission,
};
use super::facts::{DelegatedGrant, Fact, Principal, RoleAssignment};
use super::row::{Condition, Escalation, Risk, Row, RowKind, TierZero};
use super::uses::Uses;
use super::who_else::WhoElse;
use super::{AccessModel, Remedy, Truth, Via};
use crate::text::plain;

/// Whether an application can widen its own access, and who else can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Widening {
    /// Whether it can: yes if any of the paths is one, no only when everything that could be one was read.
    pub verdict: Truth,
    /// The ways that its permissions, roles and ownerships could be, those included that do not work as things are.
    pub paths: Vec<WideningPath>,
    /// The parts of the facts that must be read before the verdict can be a no.
    pub unread: Vec<String>,
    /// Who else can widen the application's access. It is a list and never a verdict.
    pub who_else: Vec<WhoElse>,
}

/// One way by which the application could widen its own access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WideningPath {
    /// The permission or role that it rests on.
    pub via: Via,
    /// What it lets the application do.
    pub escalation: Escalation,
    /// The condition that it depends on, if any.
    pub condition: Option<Condition>,
    /// Whether it works as things are.
    pub verdict: Truth,
    /// The risk as `ScubaGear` rates it.
    pub risk: Option<Risk>,
    /// The path to the tenant's highest privilege as Maester rates it.
    pub tier_zero: Option<TierZero>,
    /// Why, in a sentence.
    pub because: String,
    /// How it is ended.
    pub remedy: Remedy,
}

/// What a possible way to widen access is made of, before it is judged.
pub(super) struct Candidate<'r> {
    via: Via,
    pub(super) row: &'r Row,
    /// A limit on the whole way, such as a role that is only eligible, and what it is.
    pub(super) limit: (Truth, &'static str),
}

impl AccessModel<'_> {
    /// Whether the application can widen its own access, by which paths, and who else can.
    #[must_use]
    pub fn widening(&self) -> Widening {
        let uses = self.uses();
        let mut paths = Vec::new();
        for candidate in self.candidates() {
            for escalation in candidate.row.escalates {
                paths.push(self.judge(&candidate, *escalation, &uses));
            }
        }
        self.unlisted(&mut paths);
        self.delegated(&uses, &mut paths);
        self.owned_groups(&uses, &mut paths);
        let unread = self.unread_for_widening(&uses);
        let verdict = Truth::any(paths.iter().map(|path| path.verdict));
        let verdict = if unread.is_empty() { verdict } else { verdict.or(Truth::Unknown) };
        Widening { verdict, paths, unread, who_else: self.who_else(&uses) }
    }

    /// The permissions and roles that the catalogue knows.
    pub(super) fn candidates(&self) -> Vec<Candidate<'static>> {
        const FREE: (Truth, &str) = (Truth::Yes, "");
        let mut candidates = Vec::new();
        for grant in self.facts.grants.entries() {
            if let Entry::Listed(row) = application_permission(grant) {
                let limit = if grant.eligible { (Truth::Unknown, "the permission is only eligible") } else { FREE };
                candidates.push(Candidate { via: grant.via(), row, limit });
            }
        }
        for role in self.facts.directory_roles.entries() {
            let limit = if role.eligible {
                (Truth::Unknown, "the role is only eligible, until somebody activates it")
            } else if role.scope.is_some() {
                (Truth::Unknown, "the role is limited to an administrative unit or object")
            } else {
                FREE
            };
            if let Some(row) = directory_role(role.template) {
                let via = Via::DirectoryRole { template: role.template, name: role.name.clone() };
                candidates.push(Candidate { via, row, limit });
            }
        }
        let registered = self.is_registered().0;
        for assignment in self.facts.role_assignments.entries() {
            let enabled = registered.and(Truth::from(assignment.enabled));
            let limit = (enabled, "the assignment is disabled, or its service principal is not the application's");
            let rows = match assignment.delegating {
                Some(true) => vec![delegating_assignment()],
                Some(false) => vec![exchange_role(&assignment.role)],
                None => vec![delegating_assignment(), exchange_role(&assignment.role)],
            };
            let limit = match assignment.delegating {
                Some(_) => limit,
                None => (enabled.and(Truth::Unknown), "whether the assignment is a delegating one was not read"),
            };
            for row in rows.into_iter().flatten() {
                candidates.push(Candidate { via: assignment.via(), row, limit });
            }
        }
        for group in self.facts.role_groups.entries() {
            let rows: Vec<&'static Row> = match (role_group(&group.name), &group.roles) {
                (Some(row), _) => vec![row],
                (None, roles) => roles.entries().iter().filter_map(|role| exchange_role(role)).collect(),
            };
            let via = Via::RoleGroup(group.name.clone());
            candidates.extend(rows.into_iter().map(|row| Candidate { via: via.clone(), row, limit: FREE }));
        }
        candidates
    }

    fn judge(&self, candidate: &Candidate<'_>, escalation: Escalation, uses: &Uses<'_>) -> WideningPath {
        let row = candidate.row;
        let (base, what) = self.means(escalation, row, uses);
        // GUESS: Exchange Administrator writes members of Microsoft 365 groups through Graph, without the ticket for
        // cmdlets; wrong if Graph refuses it to a service principal.
        let through_graph = row.kind == RowKind::DirectoryRole && escalation == Escalation::ScopeGroupEntra;
        let condition = row.condition.filter(|condition| !(through_graph && *condition == Condition::HoldsManageAsApp));
        let condition = condition.map_or(Truth::Yes, |condition| self.condition(condition, uses));
        let verdict = base.and(condition).and(candidate.limit.0);
        let because = if candidate.limit.0 != Truth::Yes && verdict == candidate.limit.0 {
            candidate.limit.1.to_owned()
        } else {
            match (verdict, row.condition) {
                (Truth::Yes, _) => format!("{} lets it {}", candidate.via, escalation.phrase()),
                (verdict, _) if base == verdict => what.to_owned(),
                (Truth::No, Some(condition)) => format!("{} does not hold", condition.phrase()),
                (_, Some(condition)) => format!("whether {} is not known", condition.phrase()),
                (_, None) => what.to_owned(),
            }
        };
        self.path(candidate.via.clone(), escalation, row.condition, verdict, Some(row), &because)
    }

    fn path(
        &self,
        via: Via,
        escalation: Escalation,
        condition: Option<Condition>,
        verdict: Truth,
        row: Option<&Row>,
        because: &str,
    ) -> WideningPath {
        WideningPath {
            remedy: self.remedy(&via),
            via,
            escalation,
            condition,
            verdict,
            risk: row.and_then(|row| row.risk),
            tier_zero: row.and_then(|row| row.tier_zero),
            because: plain(because),
        }
    }

    /// Roles that the catalogue does not know, with whether they count at all.
    pub(super) fn unknown_roles(&self) -> Vec<(Via, Truth)> {
        let mut unknown = Vec::new();
        for role in self.facts.directory_roles.entries() {
            if directory_role(role.template).is_none() {
                let via = Via::DirectoryRole { template: role.template, name: role.name.clone() };
                unknown.push((via, Truth::Unknown));
            }
        }
        let cmdlets = self.runs_cmdlets().and(Truth::Unknown);
        for group in self.facts.role_groups.entries() {
            let is_known = role_group(&group.name).is_some()
                || matches!(&group.roles, Fact::Read(roles) if roles.iter().all(|role| exchange_role(role).is_some()));
            if !is_known {
                unknown.push((Via::RoleGroup(group.name.clone()), cmdlets));
            }
        }
        let registered = self.is_registered().0;
        for assignment in self.facts.role_assignments.entries() {
            if assignment.delegating != Some(true) && !is_known_role(assignment) {
                unknown.push((assignment.via(), cmdlets.and(registered).and(Truth::from(assignment.enabled))));
            }
        }
        unknown
    }

    fn unlisted(&self, paths: &mut Vec<WideningPath>) {
        for grant in self.facts.grants.entries() {
            if let Entry::Unlisted { widens, because, .. } = application_permission(grant) {
                paths.push(self.path(grant.via(), Escalation::Unknown, None, widens, None, &because));
            }
        }
        for (via, verdict) in self.unknown_roles() {
            let because = "the catalogue of access paths does not have the role";
            paths.push(self.path(via, Escalation::Unknown, None, verdict, None, because));
        }
    }

    /// Delegated permissions: what the person who signs in may do.
    fn delegated(&self, uses: &Uses<'_>, paths: &mut Vec<WideningPath>) {
        for grant in self.facts.delegated_grants.entries() {
            for scope in &grant.scopes {
                let via = grant.via(scope);
                let signs_in = self.signs_in();
                match delegated_permission(grant.resource, scope) {
                    Entry::Listed(row) if row.escalates.contains(&Escalation::UserRights) => {
                        let verdict = signs_in.and(self.person_widens(uses));
                        let because = match verdict {
                            Truth::Yes => "somebody who signs in to it owns a group that decides who is in scope",
                            Truth::No => "nobody signs in to it",
                            Truth::Unknown => "the rights of those who sign in to it are not among the facts",
                        };
                        let condition = Some(Condition::UserSignsIn);
                        paths.push(self.path(via, Escalation::UserRights, condition, verdict, Some(row), because));
                    }
                    entry => {
                        // The same permission for applications says what it could change, and the person's rights bound it.
                        let twin = catalogue()
                            .iter()
                            .find(|row| row.kind == RowKind::Application && row.value.eq_ignore_ascii_case(scope));
                        let widens = match (&entry, twin) {
                            (_, Some(row)) => Truth::any(row.escalates.iter().map(|escalation| {
                                let condition = row.condition.map_or(Truth::Yes, |held| self.condition(held, uses));
                                self.means(*escalation, row, uses).0.and(condition)
                            })),
                            (Entry::Listed(_), None) => Truth::No,
                            (Entry::Unlisted { widens, .. }, None) => *widens,
                        };
                        if widens != Truth::No {
                            let verdict = widens.and(signs_in).and(Truth::Unknown);
                            let because = "it depends on who signs in to it, and on their rights";
                            let condition = Some(Condition::UserSignsIn);
                            paths.push(self.path(via, Escalation::UserRights, condition, verdict, twin, because));
                        }
                    }
                }
            }
        }
    }

    /// Whether somebody who signs in to the application can widen its access by their own rights.
    fn person_widens(&self, uses: &Uses<'_>) -> Truth {
        let people = self.facts.signed_in.entries();
        let owns = uses.any_group(|group| {
            let is_owner = |owner: &Principal| {
                let own = |person: &Principal| owner.ids.same(&person.ids).or(self.is_member(owner, person));
                Truth::any(people.iter().map(own))
            };
            Truth::any(group.owners.entries().iter().map(is_owner))
        });
        // Whether they administer Exchange is not among the facts.
        owns.or(Truth::Unknown)
    }

    /// Whether a person is a member of an owning group. Members of an owning security group count as owners.
    fn is_member(&self, owner: &Principal, person: &Principal) -> Truth {
        let group = self.groups.only(|group| group.ids.same(&owner.ids) == Truth::Yes);
        group.map_or(Truth::No, |group| self.groups.contains_directly(group, &person.ids))
    }

    fn owned_groups(&self, uses: &Uses<'_>, paths: &mut Vec<WideningPath>) {
        for group in uses.groups() {
            for owner in group.owners.entries().iter().filter(|owner| self.owns(group, owner) != Truth::No) {
                let via = Via::GroupOwner { group: group.label().to_owned(), owner: owner.name.clone() };
                let because = "whether an application that owns a group may write its members is not known";
                paths.push(self.path(via, Escalation::ScopeGroupEntra, None, Truth::Unknown, None, because));
            }
        }
    }

    /// What must be read before it can be said that the application cannot widen its access.
    fn unread_for_widening(&self, uses: &Uses<'_>) -> Vec<String> {
        let facts = self.facts;
        let mut unread: Vec<String> = [
            ("the application permissions", facts.grants.missing()),
            ("the delegated permissions", facts.delegated_grants.missing()),
            ("the directory roles", facts.directory_roles.missing()),
            ("the role assignments in Exchange", facts.role_assignments.missing()),
            ("the role groups of Exchange", facts.role_groups.missing()),
        ]
        .into_iter()
        .filter_map(|(what, why)| why.map(|why| format!("{what}: {}", plain(why))))
        .collect();
        unread.extend(uses.unread.iter().map(|what| (*what).to_owned()));
        for group in uses.groups() {
            let label = plain(group.label());
            if let Some(why) = group.owners.missing() {
                unread.push(format!("the owners of the group {label}: {}", plain(why)));
            }
            if group.kind.is_none() {
                unread.push(format!("the type of the group {label}"));
            }
        }
        unread
    }
}

impl DelegatedGrant {
    /// What a way by one of these delegated permissions rests on.
    #[must_use]
    pub fn via(&self, scope: &str) -> Via {
        Via::DelegatedGrant { resource: self.resource, scope: scope.to_owned(), user: self.user, id: self.id.clone() }
    }
}

/// Whether what a role contains is known: by its name, or by permissions that are.
fn is_known_role(assignment: &RoleAssignment) -> bool {
    exchange_role(&assignment.role).is_some()
        || matches!(&assignment.permissions, Fact::Read(permissions)
            if !permissions.is_empty() && permissions.iter().all(|name| role_permission(name).is_some()))
}
