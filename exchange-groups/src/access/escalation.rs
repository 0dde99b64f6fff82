//! Whether what a permission or role lets an application do would widen its access, and whether its condition holds.

use super::catalogue::{Entry, application_permission};
use super::facts::{Fact, Group, GroupType, OtherApplication, Principal};
use super::row::{Condition, Escalation, Row, RowKind, RowResource};
use super::uses::Uses;
use super::{AccessModel, Truth};

impl AccessModel<'_> {
    /// Whether what a permission or role lets an application do would widen its access here, whatever its own condition.
    pub(super) fn means(&self, escalation: Escalation, row: &Row, uses: &Uses<'_>) -> (Truth, &'static str) {
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

    pub(super) fn condition(&self, condition: Condition, uses: &Uses<'_>) -> Truth {
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
                let owns = Truth::any(group.owners.entries().iter().map(|owner| self.owns(group, owner)));
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
    pub(super) fn runs_cmdlets(&self) -> Truth {
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

    /// Whether other applications have access that this one could use, as far as the row lets it.
    fn others_have_access(&self, row: &Row) -> Truth {
        match row.condition {
            Some(Condition::OwnedApplicationHasAccess) => have_access(&self.facts.owned_applications, self),
            Some(Condition::AgentIdentityHasAccess) => Truth::Yes,
            _ => have_access(&self.facts.other_applications, self),
        }
    }

    pub(super) fn signs_in(&self) -> Truth {
        match &self.facts.signed_in {
            Fact::Read(people) => Truth::from(!people.is_empty()),
            Fact::Partly(people, _) if !people.is_empty() => Truth::Yes,
            Fact::Partly(..) | Fact::Unread(_) => Truth::Unknown,
        }
    }

    /// Whether this owner of the group is the application. Exchange's own groups are owned by recipients: an owner of theirs
    /// that could not be compared is a person, and not to be removed.
    pub(super) fn owns(&self, group: &Group, owner: &Principal) -> Truth {
        let is_exchanges = matches!(
            group.kind,
            Some(GroupType::MailEnabledSecurity | GroupType::Distribution | GroupType::DynamicDistribution)
        );
        match self.is_itself(owner) {
            Truth::Unknown if is_exchanges => Truth::No,
            it => it,
        }
    }

    pub(super) fn is_itself(&self, principal: &Principal) -> Truth {
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
