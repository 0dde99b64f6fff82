//! What a search for differences knows, and how it notes one.

use std::collections::BTreeSet;

use super::access::Judge;
use super::difference::{DriftDifference, DriftEffect as Effect, DriftKind as Kind};
use crate::change::{Change, Step};
use crate::finding::{Actor, Advice, Subject};
use crate::observe::Observation;
use crate::plan::Plan;
use crate::spec::RestrictedCalendarGroup;

pub(super) struct Search<'a> {
    pub(super) spec: &'a RestrictedCalendarGroup,
    pub(super) plan: &'a Plan,
    pub(super) now: &'a Observation,
    pub(super) before: Option<&'a Observation>,
    pub(super) judge: Judge<'a>,
    /// The steps of the plan that no difference has yet.
    pub(super) open: Vec<&'a Step>,
    /// The parts of the observation whose change has a difference.
    pub(super) explained: BTreeSet<&'static str>,
    pub(super) found: Vec<DriftDifference>,
}

impl Search<'_> {
    pub(super) fn add(
        &mut self,
        kind: Kind,
        effect: Effect,
        message: impl Into<String>,
        subject: impl Into<Subject>,
        advice: Advice,
    ) {
        self.explained.extend(parts_of(kind));
        let message = message.into().trim_end_matches('.').to_owned();
        let difference = DriftDifference { kind, effect, message, subject: subject.into(), advice, steps: Vec::new() };
        self.found.push(difference);
    }

    /// Adds a difference with the steps that mend it.
    pub(super) fn add_mended(
        &mut self,
        kind: Kind,
        effect: Effect,
        message: impl Into<String>,
        subject: impl Into<Subject>,
        otherwise: Advice,
        mends: impl Fn(&Change) -> bool,
    ) {
        let steps = self.take(mends);
        if steps.is_empty() {
            self.add(kind, effect, message, subject, otherwise);
        } else {
            self.add_with_steps(kind, effect, message, subject, steps);
        }
    }

    /// Adds a difference that these steps of the plan mend.
    pub(super) fn add_with_steps(
        &mut self,
        kind: Kind,
        effect: Effect,
        message: impl Into<String>,
        subject: impl Into<Subject>,
        steps: Vec<Step>,
    ) {
        let revokes = |step: &Step| matches!(step.change, Change::RevokePermission(_));
        let actor =
            if steps.first().is_some_and(revokes) { Actor::EntraAdministrator } else { Actor::ExchangeAdministrator };
        // A plan that is blocked is not applied: its steps mend nothing yet.
        let is_blocked = self.plan.is_blocked();
        let text = if is_blocked {
            "Look who did it and why. The plan would set it back, once what blocks it is dealt with"
        } else {
            "Look who did it and why, then apply the plan, which sets it back"
        };
        self.add(kind, effect, message, subject, Advice::new(actor, text));
        if let Some(last) = self.found.last_mut()
            && !is_blocked
        {
            last.steps = steps;
        }
    }

    pub(super) fn take(&mut self, mends: impl Fn(&Change) -> bool) -> Vec<Step> {
        let (taken, open): (Vec<&Step>, Vec<&Step>) = self.open.iter().partition(|step| mends(&step.change));
        self.open = open;
        taken.into_iter().cloned().collect()
    }

    pub(super) fn has(&self, kind: Kind) -> bool {
        self.found.iter().any(|difference| difference.kind == kind)
    }
}

/// The parts of an observation that change with a difference of this kind.
fn parts_of(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::KindChanged
        | Kind::RoomAdded
        | Kind::RoomDeleted
        | Kind::RoomAddressChanged
        | Kind::RoomRenamed
        | Kind::RoomHidden => &["rooms", "room_list", "recipients", "group", "facts.groups"],
        Kind::GroupRenamed
        | Kind::GroupAddressChanged
        | Kind::GroupDeleted
        | Kind::GroupReplaced
        | Kind::GroupTypeChanged => &[
            "group",
            "facts.groups",
            "facts.scopes",
            "facts.role_assignments",
            "facts.policies",
            "address_holder",
            "name_holder",
            "other_applications",
        ],
        Kind::MemberAdded
        | Kind::MemberRemoved
        | Kind::NestedGroupAdded
        | Kind::GroupSynchronised
        | Kind::OwnerAdded
        | Kind::OwnerRemoved
        | Kind::ApplicationOwnsGroup
        | Kind::JoiningOpened
        | Kind::GroupPropertyChanged => &["group", "facts.groups"],
        Kind::PolicyRemoved | Kind::PolicyAdded | Kind::PolicyChanged => &["facts.policies", "facts.groups"],
        Kind::AssignmentRemoved | Kind::AssignmentSwitched | Kind::AssignmentChanged | Kind::AssignmentAdded => {
            &["facts.role_assignments", "facts.scopes", "facts.groups", "facts.administrative_units"]
        }
        Kind::ScopeFilterChanged => &["facts.scopes", "facts.groups"],
        Kind::GrantGiven | Kind::GrantRevoked => &["facts.grants", "application"],
        Kind::ServicePrincipalDeleted | Kind::ServicePrincipalReplaced => &[
            "application",
            "facts.service_principal",
            "facts.sign_in",
            "facts.grants",
            "facts.delegated_grants",
            "facts.exchange_principal",
            "facts.role_assignments",
            "facts.scopes",
            "facts.directory_roles",
            "facts.role_groups",
            "facts.owned_applications",
            "facts.owners",
        ],
        Kind::ServicePrincipalDisabled => &["application", "facts.sign_in"],
        Kind::RegistrationChanged => &["facts.exchange_principal", "facts.role_assignments", "facts.scopes"],
        Kind::OtherApplicationAdded => &["other_applications"],
        Kind::Namesake => &["namesakes"],
        Kind::AppRbacSwitched => &["organization", "facts.organization"],
        Kind::DomainRemoved => &["accepted_domains"],
        Kind::SpecUnmet => &["recipients"],
        Kind::AccessChanged | Kind::OtherChange | Kind::Unreadable | Kind::UnfitSnapshot => &[],
    }
}
