//! What the application reaches, by the access model: the findings about access paths, the same for the forecast of a
//! plan and for the present of a proof.

use std::collections::HashMap;

use graph_client::exchange::{Identity, PolicyIdentity, RemoveApplicationAccessPolicy, RemoveManagementRoleAssignment};
use graph_client::{AppRoleAssignmentId, SmtpAddress};

use crate::access::{
    Access, AccessModel, CaveatKind, Facts, Ids, Level, MailboxFacts, PathReach, PolicyRight, Remedy, Truth, Via,
    WiderPath,
};
use crate::change::RevokePermission;
use crate::finding::{Actor, Advice, Finding, FindingKind as Kind, Severity, Subject};
use crate::membership::{Difference, MailboxRef, MailboxSet};
use crate::observe::Mailboxes;
use crate::text::{count, some_of};
use crate::{CalendarPermission, Change, Observation, RestrictedCalendarGroup, Restriction};
use Severity::{Note, Warning};

/// How many mailboxes a sentence names.
const SHOWN: usize = 3;

/// The findings about what the application reaches by these facts.
pub(crate) fn findings(
    spec: &RestrictedCalendarGroup,
    seen: &Observation,
    facts: &Facts,
    wanted: &[MailboxRef],
    must_not_reach: &[MailboxRef],
) -> Vec<Finding> {
    let mailboxes = Mailboxes::of(seen);
    let mut reach =
        Findings { spec, seen, model: AccessModel::new(facts), facts, mailboxes: &mailboxes, found: Vec::new() };
    reach.wider(wanted, must_not_reach);
    reach.permission(wanted);
    reach.wanted(wanted);
    reach.widening();
    reach.caveats();
    reach.found
}

struct Findings<'a> {
    spec: &'a RestrictedCalendarGroup,
    seen: &'a Observation,
    model: AccessModel<'a>,
    facts: &'a Facts,
    mailboxes: &'a Mailboxes<'a>,
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, finding: Finding) {
        // Several rows of the catalogue may come to the same.
        if !self.found.contains(&finding) {
            self.found.push(finding);
        }
    }

    /// The access paths that lead beyond the mailboxes that are meant: those that the spec wants, the members that it
    /// keeps, and the members of the other groups that it names.
    fn wider(&mut self, wanted: &[MailboxRef], must_not_reach: &[MailboxRef]) {
        let denied = MailboxSet::of_refs(must_not_reach);
        let present = self.seen.group.as_ref().map_or(&[][..], |group| &group.members);
        let kept = Difference::of(wanted, must_not_reach, self.spec.other_members, present).kept;
        let others = self.seen.other_groups.values().flatten().flat_map(|group| &group.members);
        let others = others.filter(|member| !denied.has_by_any(member));
        let mut meant: Vec<Ids> = wanted.iter().map(|mailbox| self.mailboxes.member(mailbox).ids).collect();
        meant.extend(kept.into_iter().chain(others).map(|member| crate::observe::member(member).ids));

        let mut names: HashMap<Ids, String> = HashMap::new();
        let mut known: Vec<MailboxFacts> = Vec::new();
        for mailbox in must_not_reach {
            let facts = self.mailboxes.facts(mailbox);
            names.insert(facts.ids, mailbox.address.to_string());
            known.push(facts);
        }
        for room in self.seen.rooms.iter().filter_map(MailboxRef::of_room) {
            let facts = self.mailboxes.facts(&room);
            names.entry(facts.ids).or_insert_with(|| room.address.to_string());
            known.push(facts);
        }
        for wider in self.model.wider_than(&meant, &known, Level::Events) {
            self.wider_path(&wider, &names);
        }
    }

    fn wider_path(&mut self, wider: &WiderPath, names: &HashMap<Ids, String>) {
        let some: Vec<String> =
            wider.mailboxes.iter().map(|ids| names.get(ids).cloned().unwrap_or_else(|| label(ids))).collect();
        let whom = match (wider.opens_any, &*some) {
            (Truth::Yes, _) => "every mailbox of the organisation".to_owned(),
            (_, []) => "mailboxes outside the group".to_owned(),
            (_, some) => some_of(some, SHOWN),
        };
        let narrowed = matches!(wider.via, Via::Grant { .. }) && self.is_narrowed_by_other_policies(wider);
        let kind = match (wider.is_wider, &wider.via) {
            (Truth::Yes, Via::Grant { .. }) if narrowed => Kind::OtherPolicy,
            (Truth::Yes, Via::RoleAssignment { .. }) => Kind::OtherRole,
            (Truth::Yes, _) => Kind::TenantWidePermission,
            (Truth::No, _) => return,
            (Truth::Unknown, _) => Kind::UndecidedPath,
        };
        let message = match wider.is_wider {
            Truth::Yes => format!("By {} the application reaches {whom}: {}", wider.via, wider.because),
            _ => format!("By {} the application may reach {whom}: {}", wider.via, wider.because),
        };
        let (advice, subject) = if kind == Kind::OtherPolicy {
            self.remove_other_policies()
        } else {
            (self.close(&wider.via, &wider.remedy), subject_of(&wider.via))
        };
        let mut finding = Finding::new(Warning, kind, message, advice).about(subject);
        if self.spec.restriction == Restriction::Rbac && matches!(wider.via, Via::Grant { .. }) {
            finding = finding.at("revoke_tenant_wide_grant");
        }
        self.add(finding);
    }

    /// Whether an access policy of another scope is why a permission reaches a mailbox, and not the lack of one.
    fn is_narrowed_by_other_policies(&self, wider: &WiderPath) -> bool {
        wider.opens_any == Truth::No && self.other_restrictions().next().is_some()
    }

    fn other_restrictions(&self) -> impl Iterator<Item = &crate::access::AccessPolicy> {
        let group = self.seen.group.as_ref().map(|seen| &seen.group);
        let others: Vec<_> = self.seen.other_groups.values().flatten().map(|seen| &seen.group).collect();
        self.facts.policies.entries().iter().filter(move |policy| {
            let crate::access::PolicyScope::Group(id) = policy.scope else {
                return policy.right == PolicyRight::Restrict;
            };
            let is_it = |group: &&graph_client::exchange::DistributionGroup| {
                [group.guid, group.external_directory_object_id].contains(&Some(id))
            };
            policy.right == PolicyRight::Restrict
                && policy.identity.parse::<PolicyIdentity>().is_ok()
                && !group.iter().chain(&others).any(is_it)
        })
    }

    fn remove_other_policies(&self) -> (Advice, Subject) {
        let mut advice = Advice::exchange("Remove the other policies, if their mailboxes are not to be reached.")
            .with_danger(
                "Keep the policy over the group: without any policy the tenant-wide permission reaches every mailbox.",
            );
        let mut subject = Subject::default();
        for policy in self.other_restrictions() {
            // A policy that is for every application binds others too.
            if policy.application == crate::access::PolicyApplication::Every {
                continue;
            }
            subject.id = Some(policy.identity.clone());
            if let Ok(identity) = policy.identity.parse() {
                advice = advice.with_change(Change::RemovePolicy(RemoveApplicationAccessPolicy::new(identity)));
            }
        }
        (advice, subject)
    }

    /// How what an access path rests on is removed, with the moment at which it may be.
    fn close(&self, via: &Via, remedy: &Remedy) -> Advice {
        let actor = match via {
            Via::Grant { .. } | Via::DelegatedGrant { .. } | Via::DirectoryRole { .. } => Actor::EntraAdministrator,
            Via::Unread(_) => Actor::Operator,
            _ => Actor::ExchangeAdministrator,
        };
        let is_ours = |name: &str| {
            crate::restriction::PERMISSIONS.iter().any(|permission| {
                crate::restriction::assignment_name(self.spec, *permission).as_str().eq_ignore_ascii_case(name)
            })
        };
        let mut advice = Advice::new(actor, remedy.step.clone());
        let change = match via {
            Via::Grant { name, resource, assignment, .. } => self.seen.application.as_ref().and_then(|application| {
                Some(Change::RevokePermission(RevokePermission {
                    application: self.spec.application,
                    service_principal: application.id,
                    assignment: self.assignment(assignment.as_deref()?)?,
                    permission: name.clone(),
                    resource: resource.to_string(),
                }))
            }),
            Via::RoleAssignment { name, .. } if !is_ours(name) => {
                name.parse::<Identity>().ok().map(|name| Change::RemoveRole(RemoveManagementRoleAssignment::new(name)))
            }
            _ => None,
        };
        advice = match (change, &remedy.command) {
            (Some(change), _) => advice.with_change(change),
            (None, Some(command)) => advice.with_command(command.clone()),
            (None, None) => advice,
        };
        let danger = match (self.spec.restriction, via) {
            (Restriction::Rbac, Via::Grant { .. }) => Some(
                "Until the role over the group has taken effect, the application reaches its rooms by this permission alone: \
                 set revoke_tenant_wide_grant to have it revoked in order.",
            ),
            _ => None,
        };
        match (danger, &remedy.caution) {
            (Some(danger), _) => advice.with_danger(danger),
            (None, Some(caution)) => advice.with_danger(caution.clone()),
            (None, None) => advice,
        }
    }

    /// The id of a grant, among those that were read.
    fn assignment(&self, id: &str) -> Option<AppRoleAssignmentId> {
        let ids = self.facts.grants.entries().iter().filter_map(|grant| grant.assignment.clone());
        ids.into_iter().find(|known| known.as_str() == id)
    }

    /// What the spec grants is what is looked for: reading, and writing where it says so.
    fn permission(&mut self, wanted: &[MailboxRef]) {
        let Some(one) = wanted.first() else { return };
        let facts = self.mailboxes.facts(one);
        let read = self.model.reach(&facts, Level::Events);
        let write = self.model.reach(&facts, Level::Write);
        match self.spec.permission {
            CalendarPermission::ReadWrite if read.verdict == Access::Allowed && write.verdict == Access::Denied => {
                let held = some_of(read.allowed().map(|path| path.via.to_string()), SHOWN);
                let message = format!("The spec says read and write, and the application only reads, by {held}");
                let advice = match self.spec.restriction {
                    Restriction::Rbac => Advice::operator("Apply the plan: its role is for reading and writing."),
                    Restriction::Policy => self.grant_under_policy("Grant Calendars.ReadWrite on Microsoft Graph."),
                };
                self.add(Finding::new(Warning, Kind::InsufficientPermission, message, advice).at("permission"));
            }
            CalendarPermission::Read if write.verdict == Access::Allowed => {
                let held = some_of(write.allowed().map(|path| path.via.to_string()), SHOWN);
                let message = format!("The spec says read, and the application also writes, by {held}");
                let advice = Advice::spec(
                    "Set permission to read_write if that is meant. A policy narrows which mailboxes are reached, not \
                     what is done there: for reading alone use RBAC for Applications, or have the permission replaced \
                     by Calendars.Read.",
                );
                self.add(Finding::new(Warning, Kind::WiderPermission, message, advice).at("permission"));
            }
            _ => {}
        }
        let holds_nothing = self.facts.grants.whole().is_some()
            && crate::restriction::calendar_grants(self.facts).next().is_none()
            && self.seen.application.is_some();
        if self.spec.restriction == Restriction::Policy && holds_nothing {
            let permission = match self.spec.permission {
                CalendarPermission::Read => "Calendars.Read",
                CalendarPermission::ReadWrite => "Calendars.ReadWrite",
            };
            let message = "The application holds no tenant-wide calendar permission, so there is nothing for the policy to \
                           narrow, and no room is reached";
            let advice = self.grant_under_policy(&format!("Grant {permission} on Microsoft Graph, or use RBAC."));
            self.add(Finding::new(Warning, Kind::NothingToNarrow, message, advice).at("restriction"));
        }
    }

    fn grant_under_policy(&self, what: &str) -> Advice {
        let refused = some_of(&self.spec.must_not_reach, SHOWN);
        Advice::entra(format!(
            "{what} Do so only once the policy acts: Test-ApplicationAccessPolicy answers Denied for {}, and some hours \
             have passed.",
            if refused.is_empty() { "a mailbox outside the group" } else { &refused }
        ))
        .with_danger("Until the policy acts, the permission reaches every mailbox of the organisation.")
    }

    /// The mailboxes that are wanted and denied.
    fn wanted(&mut self, wanted: &[MailboxRef]) {
        let mut denied: Vec<&SmtpAddress> = Vec::new();
        let mut because: Option<PathReach> = None;
        let mut by_policy: Vec<(&SmtpAddress, String)> = Vec::new();
        for mailbox in wanted {
            let facts = self.mailboxes.facts(mailbox);
            for policy in self.model.denied_by(&facts) {
                by_policy.push((&mailbox.address, policy.identity.clone()));
            }
            let reach = self.model.reach(&facts, Level::Events);
            if reach.verdict == Access::Denied {
                denied.push(&mailbox.address);
                because = because.or_else(|| reach.paths.into_iter().next());
            }
        }
        if !by_policy.is_empty() {
            let rooms = some_of(by_policy.iter().map(|(address, _)| address), SHOWN);
            let mut policies: Vec<&str> = by_policy.iter().map(|(_, policy)| policy.as_str()).collect();
            policies.sort_unstable();
            policies.dedup();
            let effect = match self.spec.restriction {
                Restriction::Policy => "denying wins, so the application does not reach them",
                Restriction::Rbac => {
                    "by Microsoft's page policies do not bind roles; if these mailboxes are refused, this is the first \
                     suspect"
                }
            };
            let message = format!("The access policy {} denies {rooms}: {effect}", policies.join(", "));
            let mut advice = Advice::exchange(
                "Take the mailboxes out of that policy's group, or remove the policy if nothing else needs it.",
            )
            .with_danger("Whatever else the policy denies is reached again once it is removed. Waiting does not help.");
            for policy in &policies {
                let of_all = self
                    .facts
                    .policies
                    .entries()
                    .iter()
                    .any(|it| it.identity == *policy && it.application == crate::access::PolicyApplication::Every);
                if let (false, Ok(identity)) = (of_all, policy.parse()) {
                    advice = advice.with_change(Change::RemovePolicy(RemoveApplicationAccessPolicy::new(identity)));
                }
            }
            let subject = Subject {
                address: by_policy.first().map(|(address, _)| (*address).clone()),
                id: policies.first().map(|policy| (*policy).to_owned()),
                kind: None,
            };
            self.add(Finding::new(Warning, Kind::DenyPolicy, message, advice).about(subject).at("rooms"));
        } else if !denied.is_empty() && !self.found.iter().any(|finding| finding.kind == Kind::NothingToNarrow) {
            let because = because.map_or_else(|| "the application has no access path".to_owned(), |path| path.because);
            let message = format!(
                "Not reached of what the spec wants: {}, {} ({because})",
                count(denied.len(), "mailbox"),
                some_of(&denied, SHOWN)
            );
            let advice = Advice::operator("Apply the plan; if it has no step for this, see the other findings.");
            self.add(Finding::new(Warning, Kind::NotReached, message, advice));
        }
    }

    /// Whether the application can lift the restriction, and who else can.
    fn widening(&mut self) {
        let widening = self.model.widening();
        for path in &widening.paths {
            let risk = path.severity.map(|severity| format!(", risk {severity:?} by ScubaGear").to_lowercase());
            let risk = risk.unwrap_or_default();
            match path.verdict {
                Truth::Yes => {
                    let message = format!("The application can lift its own restriction: {}{risk}", path.because);
                    let advice = self.close_widening(&path.via, &path.remedy);
                    let finding = Finding::new(Warning, Kind::CanWidenItself, message, advice);
                    self.add(finding.about(subject_of(&path.via)));
                }
                Truth::Unknown => {
                    let message =
                        format!("The application may be able to lift its own restriction: {}{risk}", path.because);
                    let advice = self.close_widening(&path.via, &path.remedy);
                    let finding = Finding::new(Warning, Kind::WideningUndecided, message, advice);
                    self.add(finding.about(subject_of(&path.via)));
                }
                Truth::No => {}
            }
        }
        if widening.verdict == Truth::Unknown && !widening.unread.is_empty() {
            // Why each was not read is said by a finding of its own.
            let parts = widening.unread.iter().map(|part| part.split(':').next().unwrap_or_default());
            let message = format!(
                "Whether the application can lift its own restriction is not known, because this was not read: {}",
                some_of(parts, 5)
            );
            let advice = Advice::entra(
                "Let the administering application read it: Directory.Read.All, RoleManagement.Read.Directory and \
                 RoleEligibilitySchedule.Read.Directory on Microsoft Graph.",
            );
            self.add(Finding::new(Note, Kind::WideningUndecided, message, advice));
        }
        if !widening.who_else.is_empty() {
            let who: Vec<_> = widening.who_else.iter().map(|who| format!("{} ({})", who.who, who.by)).collect();
            let who = who.join("; ");
            let message = format!("Others who can change what the application reaches: {who}");
            self.add(Finding::new(
                Note,
                Kind::OthersCanWiden,
                message,
                Advice::nobody("See that each of them is meant."),
            ));
        }
    }

    /// A permission by which the application lifts its restriction is no calendar permission: revoking it opens nothing.
    fn close_widening(&self, via: &Via, remedy: &Remedy) -> Advice {
        let mut advice = self.close(via, remedy);
        advice.danger =
            Some("Whatever the application does by this permission or role ends with it: ask its owner first.".into());
        advice
    }

    fn caveats(&mut self) {
        for caveat in self.model.caveats() {
            let (severity, kind) = match caveat.kind {
                CaveatKind::PolicyNamesObjectId => (Warning, Kind::PolicyWithWrongId),
                CaveatKind::RetiredPermission => (Warning, Kind::ObsoletePermission),
                CaveatKind::Migration | CaveatKind::Mail => (Note, Kind::RelatedPermission),
                CaveatKind::Delegated => (Note, Kind::DelegatedPermission),
                CaveatKind::ScopeLeadsNowhere | CaveatKind::InvalidPolicy => (Warning, Kind::BrokenScope),
                // These are said by the paths that they open, or by a finding of their own.
                _ => continue,
            };
            let advice = caveat.remedy.as_ref().map_or_else(
                || Advice::exchange("Correct it, or remove it if nothing else needs it."),
                |remedy| {
                    let advice = Advice::entra(remedy.step.clone());
                    match &remedy.command {
                        Some(command) => advice.with_command(command.clone()),
                        None => advice,
                    }
                },
            );
            let subject = Subject { id: Some(caveat.subject.clone()), ..Subject::default() };
            self.add(
                Finding::new(severity, kind, format!("{}: {}", caveat.subject, caveat.text), advice).about(subject),
            );
        }
    }
}

fn label(ids: &Ids) -> String {
    let id = ids.entra.map(|id| id.to_string()).or_else(|| ids.guid.or(ids.exchange_guid).map(|id| id.to_string()));
    id.unwrap_or_else(|| "a mailbox without an id".into())
}

fn subject_of(via: &Via) -> Subject {
    match via {
        Via::Grant { name, assignment, .. } => {
            Subject { id: assignment.clone(), kind: Some(name.clone()), address: None }
        }
        Via::RoleAssignment { name, role } => {
            Subject { id: Some(name.clone()), kind: Some(role.clone()), address: None }
        }
        Via::DirectoryRole { name, template } => {
            Subject { id: Some(template.to_string()), kind: Some(name.clone()), address: None }
        }
        _ => Subject::default(),
    }
}
