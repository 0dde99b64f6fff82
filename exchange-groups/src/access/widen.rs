//! Whether the application can widen its own access, by which permission or role, and who else can.

use serde::{Deserialize, Serialize};

use super::catalogue::{
    Condition, Entry, Escalation, Row, RowKind, RowResource, Severity, TierZero, application_permission, catalogue,
    delegated_permission, delegating_assignment, directory_role, exchange_role, role_group, role_permission,
};
use super::facts::{DelegatedGrant, Fact, OtherApplication, Principal, RoleAssignment};
use super::members::{MemberKind, member_kind};
use super::remedy::plain;
use super::uses::Uses;
use super::{AccessModel, Remedy, Truth, Via};

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
    pub severity: Option<Severity>,
    /// The path to the tenant's highest privilege as Maester rates it.
    pub tier_zero: Option<TierZero>,
    /// Why, in a sentence.
    pub because: String,
    /// How it is ended.
    pub remedy: Remedy,
}

/// Somebody other than the application who can widen its access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WhoElse {
    /// Who.
    pub who: String,
    /// By what right.
    pub by: String,
}

/// What a possible way to widen access is made of, before it is judged.
struct Candidate<'r> {
    via: Via,
    row: &'r Row,
    /// A limit on the whole way, such as a role that is only eligible, and what it is.
    limit: (Truth, &'static str),
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
    fn candidates(&self) -> Vec<Candidate<'static>> {
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
                (Truth::Yes, _) => format!("{} lets it {escalation}", candidate.via),
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
            severity: row.and_then(|row| row.severity),
            tier_zero: row.and_then(|row| row.tier_zero),
            because: plain(because),
        }
    }

    /// Whether what a permission or role lets an application do would widen its access here, whatever its own condition.
    fn means(&self, escalation: Escalation, row: &Row, uses: &Uses<'_>) -> (Truth, &'static str) {
        const NO_CMDLETS: &str = "it takes Exchange.ManageAsApp to run cmdlets of Exchange";
        match escalation {
            Escalation::GrantAppRoles
            | Escalation::DirectoryRoles
            | Escalation::UserTakeover
            | Escalation::GrantDelegated
            | Escalation::ExchangeCmdlets
            // Through Graph nothing else is needed, and through cmdlets the row's condition asks for the ticket.
            | Escalation::ExchangeRoles => (Truth::Yes, ""),
            // The Admin API is a way of its own to these.
            Escalation::ExchangeRecipients if row.kind == RowKind::Application => (Truth::Yes, ""),
            Escalation::ExchangeAdmin
            | Escalation::AccessPolicyChange
            | Escalation::EwsSwitchChange
            | Escalation::MailboxPermissions
            | Escalation::MailboxExport
            | Escalation::ExchangeRecipients => (self.runs_cmdlets(), NO_CMDLETS),
            Escalation::ScopeGroupExchange => {
                (self.runs_cmdlets().and(uses.has_group()), "it takes Exchange.ManageAsApp and a scope group in use")
            }
            Escalation::AppCredentials => {
                (self.others_have_access(row), "it takes another application that has an access path or can widen its own")
            }
            Escalation::ScopeGroupEntra => (
                uses.has_graph_group(),
                "Graph writes members of Microsoft 365 groups only, and not of mail-enabled security groups or \
                 distribution lists",
            ),
            Escalation::ScopeUnit => (uses.has_unit(), "it takes a role assignment that an administrative unit limits"),
            Escalation::ScopeAttributes if row.resource == RowResource::Rbac => {
                (self.runs_cmdlets().and(uses.has_attribute()), "it takes Exchange.ManageAsApp and a filter in use")
            }
            Escalation::ScopeAttributes => {
                let address = if row.condition == Some(Condition::AddressInFilter) { uses.has_address() } else { Truth::No };
                (
                    uses.has_graph_attribute().or(address),
                    "it takes a filter or membership rule that reads an attribute which Graph writes",
                )
            }
            Escalation::UserRights => (self.signs_in(), "it takes a person who signs in to it"),
            Escalation::Unknown => (Truth::Unknown, "no source says what it can do"),
        }
    }

    fn condition(&self, condition: Condition, uses: &Uses<'_>) -> Truth {
        match condition {
            Condition::AnotherApplicationHasAccess => have_access(&self.facts.other_applications, self),
            Condition::OwnedApplicationHasAccess => have_access(&self.facts.owned_applications, self),
            Condition::UserSignsIn => self.signs_in(),
            Condition::HoldsSchedulePermission => self.holds_any(&[
                "RoleAssignmentSchedule.ReadWrite.Directory",
                "RoleEligibilitySchedule.ReadWrite.Directory",
            ]),
            Condition::HoldsGroupSchedulePermission => self.holds_any(&[
                "PrivilegedAccess.ReadWrite.AzureADGroup",
                "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
                "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
            ]),
            Condition::HoldsAuthenticationMethodPermission => {
                self.holds_any(&["UserAuthenticationMethod.ReadWrite.All"])
            }
            Condition::AttributeInUse => uses.has_graph_attribute(),
            // Whether other addresses become proxy addresses is not known.
            Condition::AddressInFilter => uses.has_address().and(Truth::Unknown),
            Condition::AsNarrowerPermissions => Truth::Yes,
            Condition::ScopeGroupIsMicrosoft365 => uses.has_graph_group(),
            Condition::ScopeGroupIsTeam => uses.has_graph_group().and(Truth::Unknown),
            Condition::OwnsScopeGroup => uses.any_group(|group| {
                let owns = Truth::any(group.owners.entries().iter().map(|owner| self.is_itself(owner)));
                if group.owners.missing().is_none() { owns } else { owns.or(Truth::Unknown) }
            }),
            Condition::UnitInUse => uses.has_unit(),
            Condition::HoldsAdministrativeRole => self.holds_administrative_role(|_| true),
            Condition::HoldsRecipientRole => self.holds_administrative_role(|escalation| {
                matches!(
                    escalation,
                    Escalation::ExchangeRecipients | Escalation::ExchangeAdmin | Escalation::MailboxPermissions
                )
            }),
            Condition::HoldsManageAsApp => self.runs_cmdlets(),
            Condition::UserActivates
            | Condition::GroupUnderPim
            | Condition::AccessPackage
            | Condition::TargetIsNoAdministrator
            | Condition::NotDocumented
            | Condition::FederatedDomain
            | Condition::CertificateSignIn
            | Condition::ProvisioningWritesUsers
            | Condition::HybridTenant
            | Condition::Workflow
            | Condition::AgentIdentityHasAccess => Truth::Unknown,
        }
    }

    /// Whether it holds any of these permissions.
    fn holds_any(&self, names: &[&str]) -> Truth {
        let held = |grant: &super::Grant| match application_permission(grant) {
            Entry::Listed(row) if names.contains(&row.value) => Truth::from((!grant.eligible).then_some(true)),
            // An id or name that does not fit may stand for it.
            Entry::Unlisted { .. } if grant.value.as_deref().is_none_or(|name| names.contains(&name)) => Truth::Unknown,
            Entry::Listed(_) | Entry::Unlisted { .. } => Truth::No,
        };
        let found = Truth::any(self.facts.grants.entries().iter().map(held));
        if self.facts.grants.missing().is_none() { found } else { found.or(Truth::Unknown) }
    }

    /// Whether it gets in at the end point of cmdlets: what it may do there comes from its roles.
    fn runs_cmdlets(&self) -> Truth {
        // The Admin API takes other permissions, for a few cmdlets. Which of the roles count there is not known.
        let api = self.holds_any(&["Exchange.ManageAsAppV2", "Exchange.AdminAPI.ManageAsApp"]);
        self.holds_any(&["Exchange.ManageAsApp"]).or(api.and(Truth::Unknown))
    }

    /// Whether it has a directory role, role group, management role or delegating assignment that changes access.
    fn holds_administrative_role(&self, counts: impl Fn(Escalation) -> bool) -> Truth {
        let by_cmdlet = |escalation: &Escalation| {
            matches!(
                escalation,
                Escalation::ExchangeAdmin
                    | Escalation::ExchangeRoles
                    | Escalation::ExchangeRecipients
                    | Escalation::AccessPolicyChange
                    | Escalation::EwsSwitchChange
                    | Escalation::MailboxPermissions
                    | Escalation::MailboxExport
                    | Escalation::ScopeGroupExchange
            ) && counts(*escalation)
        };
        let held = self
            .candidates()
            .into_iter()
            .filter(|candidate| candidate.row.kind != RowKind::Application)
            .filter(|candidate| candidate.row.escalates.iter().any(by_cmdlet))
            .map(|candidate| candidate.limit.0);
        let found = Truth::any(held);
        let is_whole = self.facts.directory_roles.missing().is_none()
            && self.facts.role_groups.missing().is_none()
            && (self.facts.role_assignments.missing().is_none() || self.is_registered().0 == Truth::No)
            && self.unknown_roles().is_empty();
        if is_whole { found } else { found.or(Truth::Unknown) }
    }

    /// Roles that the catalogue does not know, with whether they count at all.
    fn unknown_roles(&self) -> Vec<(Via, Truth)> {
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

    fn signs_in(&self) -> Truth {
        match &self.facts.signed_in {
            Fact::Read(people) => Truth::from(!people.is_empty()),
            Fact::Partly(people, _) if !people.is_empty() => Truth::Yes,
            Fact::Partly(..) | Fact::Unread(_) => Truth::Unknown,
        }
    }

    fn owned_groups(&self, uses: &Uses<'_>, paths: &mut Vec<WideningPath>) {
        for group in uses.groups() {
            for owner in group.owners.entries().iter().filter(|owner| self.is_itself(owner) != Truth::No) {
                let via = Via::GroupOwner { group: group.label().to_owned(), owner: owner.name.clone() };
                let because = "whether an application that owns a group may write its members is not known";
                paths.push(self.path(via, Escalation::ScopeGroupEntra, None, Truth::Unknown, None, because));
            }
        }
    }

    fn is_itself(&self, principal: &Principal) -> Truth {
        match (&self.facts.service_principal, principal.ids.entra) {
            (Fact::Read(None), _) | (_, None) => Truth::No,
            (Fact::Read(Some(own)), Some(id)) => Truth::from(own.as_uuid() == id.as_uuid()),
            (Fact::Partly(..) | Fact::Unread(_), Some(_)) => {
                // Only a service principal can be it.
                let is_one = principal.kind.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("ServicePrincipal"));
                if is_one { Truth::Unknown } else { Truth::No }
            }
        }
    }

    /// Whether other applications have access that this one could use, as far as the row lets it.
    fn others_have_access(&self, row: &Row) -> Truth {
        match row.condition {
            Some(Condition::OwnedApplicationHasAccess) => have_access(&self.facts.owned_applications, self),
            Some(Condition::AgentIdentityHasAccess) => Truth::Yes,
            _ => have_access(&self.facts.other_applications, self),
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

    fn who_else(&self, uses: &Uses<'_>) -> Vec<WhoElse> {
        let mut list = Vec::new();
        let mut add = |who: &str, by: String| {
            let entry = WhoElse { who: plain(who), by: plain(&by) };
            if !list.contains(&entry) {
                list.push(entry);
            }
        };
        for group in uses.groups() {
            let label = group.label();
            if group.owners.missing().is_some() {
                add("Owners who were not read", format!("owners of the group {label}"));
            }
            for owner in group.owners.entries() {
                add(&owner.name, format!("owner of the group {label}"));
                if member_kind(owner.kind.as_deref()) == MemberKind::Group {
                    add(&format!("Every member of {}", owner.name), format!("owner of the group {label}"));
                }
            }
            match group.joining {
                Some(super::Joining::Open) => {
                    add("Every user, for their own mailbox", format!("the group {label} is open to join"));
                }
                Some(super::Joining::ByOwner) => {}
                None => add("Perhaps every user", format!("who may join the group {label} was not read")),
            }
            if group.kind == Some(super::GroupType::Microsoft365) {
                add(
                    "Groups Administrators, and applications with Group.ReadWrite.All or GroupMember.ReadWrite.All",
                    format!("they write the members of the Microsoft 365 group {label}"),
                );
            }
        }
        for (unit, _) in &uses.units {
            let name = unit.name.clone().unwrap_or_else(|| unit.id.to_string());
            add("Administrators of the unit", format!("they write the members of the administrative unit {name}"));
        }
        for (attribute, _) in &uses.attributes {
            add(
                "Whoever writes the attribute, such as the synchronisation of HR",
                format!("a filter reads {attribute}"),
            );
        }
        add("Global Administrators and Exchange Administrators", "they change every restriction".into());
        add(
            "Holders of Role Management, Organization Configuration, or Distribution Groups with Security Group Creation \
             and Membership",
            "they change role assignments and scopes, access policies, or members of the groups".into(),
        );
        for owner in self.facts.owners.entries() {
            add(&owner.name, "owner of the application: adds a credential and acts as it".into());
        }
        if self.facts.owners.missing().is_some() {
            add("Owners who were not read", "owners of the application".into());
        }
        for application in self.facts.other_applications.entries() {
            if application.client_id != self.facts.client_id && application.can_widen.known() == Some(&true) {
                let by = format!("the application {} has permissions that widen access", application.client_id);
                add(&application.name, by);
            }
        }
        list
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

/// Whether one of the applications, other than this one itself, has an access path or can widen its own.
fn have_access(applications: &Fact<Vec<OtherApplication>>, model: &AccessModel<'_>) -> Truth {
    let read = |fact: &Fact<bool>| Truth::from(fact.whole().copied());
    let found = Truth::any(
        applications
            .entries()
            .iter()
            .filter(|application| application.client_id != model.facts.client_id)
            .map(|application| read(&application.has_access_path).or(read(&application.can_widen))),
    );
    if applications.missing().is_none() { found } else { found.or(Truth::Unknown) }
}

impl Condition {
    /// The condition as a clause.
    fn phrase(self) -> &'static str {
        match self {
            Self::AnotherApplicationHasAccess => "another application has an access path",
            Self::OwnedApplicationHasAccess => "an application that it owns has an access path",
            Self::UserSignsIn => "a user signs in to it",
            Self::UserActivates => "somebody activates an eligible assignment",
            Self::HoldsSchedulePermission => "it also holds a permission for schedules of directory roles",
            Self::HoldsGroupSchedulePermission => "it also holds a permission for schedules of groups",
            Self::GroupUnderPim => "a role-assignable group or scope group is managed in PIM",
            Self::AccessPackage => "an access package gives out a scope group or a role",
            Self::HoldsAuthenticationMethodPermission => "it also holds UserAuthenticationMethod.ReadWrite.All",
            Self::TargetIsNoAdministrator => "the account to take over is no administrator's",
            Self::AttributeInUse => "a filter or membership rule reads an attribute that Graph writes",
            Self::AddressInFilter => "a filter reads addresses that Graph writes",
            Self::NotDocumented => "its undocumented condition holds",
            Self::AsNarrowerPermissions => "a permission for groups or users would do",
            Self::ScopeGroupIsMicrosoft365 => "a scope group is a Microsoft 365 group",
            Self::OwnsScopeGroup => "it owns a scope group",
            Self::ScopeGroupIsTeam => "a scope group is the group of a team",
            Self::UnitInUse => "a role assignment is limited to an administrative unit",
            Self::FederatedDomain => "the tenant has a federated domain",
            Self::CertificateSignIn => "sign-in by certificate is on",
            Self::ProvisioningWritesUsers => "provisioning writes users",
            Self::HybridTenant => "the tenant is hybrid",
            Self::Workflow => "a lifecycle workflow adds to a scope group or issues a pass",
            Self::AgentIdentityHasAccess => "an agent identity has an access path",
            Self::HoldsAdministrativeRole => "it also has a role that changes access",
            Self::HoldsRecipientRole => "it also has a role for recipients",
            Self::HoldsManageAsApp => "it also holds Exchange.ManageAsApp",
        }
    }
}
