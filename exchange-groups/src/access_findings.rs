//! The findings about access paths, by the access model: over the forecast of a plan, and over the observation of a
//! proof.

use std::collections::HashMap;

use graph_client::exchange::{Identity, PolicyIdentity, RemoveApplicationAccessPolicy, RemoveManagementRoleAssignment};
use graph_client::{AppRoleAssignmentId, SmtpAddress};

use crate::access::{
    Access, AccessModel, CaveatKind, Facts, Ids, Level, MailboxFacts, PathReach, PolicyCoverage, PolicyRight, Remedy,
    Truth, Via, WiderPath,
};
use crate::change::Change;
use crate::change::RevokePermission;
use crate::finding::{Actor, Advice, Finding, FindingKind as Kind, Severity, Subject};
use crate::membership::{Difference, MailboxRef, MailboxSet};
use crate::observe::Mailboxes;
use crate::observe::Observation;
use crate::restriction;
use crate::spec::{Permission, RestrictedCalendarGroup, Restriction};
use crate::text::{capitalised, count, some_of};
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
        let listed = self.seen.scope.iter().flat_map(|scope| scope.recipients.entries());
        for recipient in listed {
            let ids = crate::observe::member(recipient).ids;
            if let Some(address) = &recipient.primary_smtp_address {
                names.entry(ids).or_insert_with(|| address.to_string());
            }
        }
        for wider in self.model.wider_than(&meant, &known, Level::Events) {
            self.wider_path(&wider, &names);
        }
    }

    fn wider_path(&mut self, wider: &WiderPath, names: &HashMap<Ids, String>) {
        let some: Vec<String> =
            wider.mailboxes.iter().map(|ids| names.get(ids).cloned().unwrap_or_else(|| label(ids))).collect();
        let mailboxes = match (wider.allows_any, &*some) {
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
            Truth::Yes => format!("By {} the application reaches {mailboxes}: {}", wider.via, wider.because),
            _ => format!("By {} the application may reach {mailboxes}: {}", wider.via, wider.because),
        };
        let (advice, subject) = if kind == Kind::OtherPolicy {
            self.remove_other_policies()
        } else {
            let mut advice = self.planned(&wider.via).unwrap_or_else(|| self.close(&wider.via, &wider.remedy));
            // A role over another group may be that of another spec.
            if kind == Kind::OtherRole && wider.allows_any != Truth::Yes && !advice.changes.is_empty() {
                advice.text +=
                    " If its scope is a group that is meant, name the group in other_groups of the spec instead.";
            }
            // A command for one mailbox becomes one for each.
            advice.command = advice.command.and_then(|command| for_each_mailbox(&command, &some));
            (advice, subject_of(&wider.via))
        };
        let mut finding = Finding::new(Warning, kind, message, advice).about(subject);
        if self.spec.restriction == Restriction::Rbac && matches!(wider.via, Via::Grant { .. }) {
            finding = finding.at("revoke_tenant_wide_grant");
        }
        self.add(finding);
    }

    /// Whether an access policy of another scope is why a permission reaches a mailbox, and not the lack of one.
    fn is_narrowed_by_other_policies(&self, wider: &WiderPath) -> bool {
        wider.allows_any == Truth::No && self.other_restrictions().next().is_some()
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
        let mut advice = Advice::exchange(
            "Remove the other policies, if their mailboxes are not to be reached. If the group of one is meant, name it in \
             other_groups of the spec instead.",
        )
            .with_danger(
                "Only once the policy over the group has propagated: without any policy the tenant-wide permission reaches every \
                 mailbox of the organisation.",
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

    fn is_ours(&self, name: &str) -> bool {
        restriction::PERMISSIONS
            .iter()
            .any(|permission| restriction::assignment_name(self.spec, *permission).as_str().eq_ignore_ascii_case(name))
    }

    /// The advice for an access path that the plan closes in its own order: by hand it would be out of order, or undo what
    /// the restriction needs.
    fn planned(&self, via: &Via) -> Option<Advice> {
        match via {
            Via::RoleAssignment { name, .. } if self.is_ours(name) => {
                Some(Advice::operator("Apply the plan: it corrects the role assignment, which these crates made."))
            }
            Via::Grant { assignment, .. } => {
                let is_it =
                    |grant: &&crate::access::Grant| grant.assignment.as_ref().map(ToString::to_string) == *assignment;
                let grant = restriction::calendar_grants(self.facts).find(is_it)?;
                match self.spec.restriction {
                    Restriction::Rbac => self.revoked_by_the_plan(),
                    Restriction::Policy => self.narrowed_by_the_policy(grant),
                }
            }
            _ => None,
        }
    }

    fn revoked_by_the_plan(&self) -> Option<Advice> {
        self.spec.revoke_tenant_wide_grant.then(|| {
            Advice::operator("Apply the plan: it revokes the permission once the role is in place.")
                .with_danger("Revoked by hand before the role has propagated, the application reaches no room.")
        })
    }

    /// Under an access policy the application reaches its rooms by the very permission that the policy narrows.
    fn narrowed_by_the_policy(&self, grant: &crate::access::Grant) -> Option<Advice> {
        let is_covered = grant.row().is_some_and(|row| row.coverage == PolicyCoverage::Documented);
        let group = self.seen.group.as_ref().map(|seen| restriction::ids_of(&seen.group));
        let has_policy = |ids| restriction::has_right_policy(self.spec, &self.seen.facts, &ids);
        let is_missing = self.facts.policies.whole().is_some() && !group.is_some_and(has_policy);
        is_covered.then(|| {
            Advice::operator(if is_missing {
                "Apply the plan: its access policy narrows the permission to the group."
            } else {
                "Correct what the other findings say of the access policies, their groups and what could not be read."
            })
            .with_danger(
                "Do not revoke the permission: under an access policy the application reaches its rooms by it.",
            )
        })
    }

    /// The advice to remove the cause of an access path, with the time from which that is safe.
    fn close(&self, via: &Via, remedy: &Remedy) -> Advice {
        let mut advice = Advice::new(actor_of(remedy), remedy.step.clone());
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
            Via::RoleAssignment { name, .. } => {
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
                "Only once the role over the group has propagated: until then the application reaches its rooms by this \
                 permission alone. With revoke_tenant_wide_grant the plan revokes it in order.",
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

    /// Whether the application may do what the spec grants, and no more: read, or read and write.
    fn permission(&mut self, wanted: &[MailboxRef]) {
        let Some(one) = wanted.first() else { return };
        let facts = self.mailboxes.facts(one);
        let read = self.model.reach(&facts, Level::Events);
        let write = self.model.reach(&facts, Level::Write);
        match self.spec.permission {
            Permission::ReadWrite if read.verdict == Access::Allowed && write.verdict == Access::Denied => {
                let held = some_of(read.allowed().map(|path| path.via.to_string()), SHOWN);
                let message = format!("The spec says read and write, and the application only reads, by {held}");
                let advice = match self.spec.restriction {
                    Restriction::Rbac => Advice::operator("Apply the plan: its role is for reading and writing."),
                    Restriction::Policy => self.grant_under_policy("Calendars.ReadWrite"),
                };
                self.add(Finding::new(Warning, Kind::InsufficientPermission, message, advice).at("permission"));
            }
            Permission::Read if write.verdict == Access::Allowed => {
                let held = some_of(write.allowed().map(|path| path.via.to_string()), SHOWN);
                let message = format!("The spec says read, and the application also writes, by {held}");
                let advice = Advice::spec(
                    "Set permission to read_write if that is meant. An access policy narrows which mailboxes are reached, \
                     not what is done there: for reading alone set restriction to rbac, or have the permission replaced \
                     by Calendars.Read.",
                );
                self.add(Finding::new(Warning, Kind::WiderPermission, message, advice).at("permission"));
            }
            _ => {}
        }
        let holds_nothing = self.facts.grants.whole().is_some()
            && restriction::calendar_grants(self.facts).next().is_none()
            && self.seen.application.is_some();
        if self.spec.restriction == Restriction::Policy && holds_nothing {
            let permission = match self.spec.permission {
                Permission::Read => "Calendars.Read",
                Permission::ReadWrite => "Calendars.ReadWrite",
            };
            let message = "The application holds no tenant-wide calendar permission, so there is nothing for the policy to \
                           narrow, and no room is reached";
            let advice = self.grant_under_policy(permission);
            self.add(Finding::new(Warning, Kind::NothingToNarrow, message, advice).at("restriction"));
        }
    }

    fn grant_under_policy(&self, permission: &str) -> Advice {
        let refused = some_of(&self.spec.must_not_reach, SHOWN);
        Advice::entra(format!(
            "Only once the policy has propagated, grant {permission} on Microsoft Graph under App registrations > the application > \
             API permissions, with admin consent. The policy has propagated when Test-ApplicationAccessPolicy shows Denied \
             for {}, and well over a day has passed since: more than 24 hours were reported. Or set restriction to rbac in \
             the spec, which needs no tenant-wide permission.",
            if refused.is_empty() { "a mailbox outside the group" } else { &refused }
        ))
        .with_danger("Until the policy has propagated, the permission reaches every mailbox of the organisation.")
    }

    /// The mailboxes that the spec selects and that are denied.
    fn wanted(&mut self, wanted: &[MailboxRef]) {
        let mut denied: Vec<&SmtpAddress> = Vec::new();
        let mut because: Option<PathReach> = None;
        let mut by_policy: Vec<(&SmtpAddress, String)> = Vec::new();
        // A policy that stands in the way of the plan's own has a finding of its own.
        let group = self.seen.group.as_ref().filter(|_| self.spec.restriction == Restriction::Policy);
        let group = group.map(|seen| restriction::ids_of(&seen.group));
        let blocking = group.map_or_else(Vec::new, |ids| restriction::denying_policies(self.spec, self.facts, &ids));
        let blocking: Vec<String> = blocking.into_iter().map(|policy| policy.identity.clone()).collect();
        for mailbox in wanted {
            let facts = self.mailboxes.facts(mailbox);
            for policy in self.model.denied_by(&facts).into_iter().filter(|policy| !blocking.contains(&policy.identity))
            {
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
                "Remove the mailboxes from that policy's group, or remove the policy if nothing else needs it.",
            )
            .with_danger(
                "Only once the restriction of this plan has propagated: until then whatever else the policy denies may be reached \
                 again. Waiting does not help.",
            );
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
            let risk = path.risk.map(|risk| format!(", risk {risk} by ScubaGear"));
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
            let advice = Advice::entra(format!(
                "Grant {} the application permissions Directory.Read.All, RoleManagement.Read.Directory and \
                 RoleEligibilitySchedule.Read.Directory on Microsoft Graph, and verify again.",
                self.seen.called_administrator()
            ));
            self.add(Finding::new(Warning, Kind::WideningUndecided, message, advice));
        }
        if !widening.who_else.is_empty() {
            let who: Vec<_> =
                widening.who_else.iter().map(|who| format!("{} ({})", self.called(&who.who), who.by)).collect();
            let who = who.join("; ");
            let message = format!("Others who can change what the application reaches: {who}");
            self.add(Finding::new(
                Note,
                Kind::OthersCanWiden,
                message,
                Advice::nobody("Check that each of them is meant."),
            ));
        }
    }

    /// A recipient by its address, where only its id is known and the spec has the address.
    fn called(&self, who: &str) -> String {
        let is_it = |id: Option<graph_client::Uuid>| id.is_some_and(|id| id.to_string().eq_ignore_ascii_case(who));
        let known = self.seen.recipients.values().filter_map(graph_client::exchange::AtAddress::as_one);
        known
            .filter(|one| is_it(one.external_directory_object_id) || is_it(one.guid))
            .find_map(|one| one.primary_smtp_address.as_ref())
            .map_or_else(|| who.to_owned(), ToString::to_string)
    }

    /// A permission by which the application lifts its restriction is no calendar permission: revoking it allows nothing.
    fn close_widening(&self, via: &Via, remedy: &Remedy) -> Advice {
        let mut advice = self.close(via, remedy);
        advice.danger =
            Some("Whatever the application does by this permission or role ends with it: ask its owner first.".into());
        advice
    }

    /// The advice to remove an access policy that has no effect, or another than it seems.
    fn remove_policy(&self, identity: &str, kind: Kind) -> Advice {
        let is_it = |policy: &&crate::access::AccessPolicy| policy.identity == identity;
        let policy = self.facts.policies.entries().iter().find(is_it);
        let is_of_all = policy.is_none_or(|policy| policy.application == crate::access::PolicyApplication::Every);
        let mut advice = Advice::exchange("Remove the policy, if nothing else needs it.");
        if let (false, Ok(identity)) = (is_of_all, identity.parse()) {
            advice = advice.with_change(Change::RemovePolicy(RemoveApplicationAccessPolicy::new(identity)));
        }
        if kind == Kind::BrokenScope {
            advice = advice.with_danger(
                "Only once the restriction of this plan has propagated: until then an invalid policy may be all that keeps a \
                 tenant-wide permission from every mailbox of the organisation.",
            );
        }
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
                // Findings of their own cover these, or those of the paths that they allow.
                _ => continue,
            };
            let advice = match &caveat.remedy {
                Some(remedy) => {
                    let mut advice = Advice::new(actor_of(remedy), remedy.step.clone());
                    advice.command.clone_from(&remedy.command);
                    advice.danger.clone_from(&remedy.caution);
                    if severity == Note {
                        advice.text = format!("If the application does not need it: {}", advice.text);
                    }
                    advice
                }
                None => self.remove_policy(&caveat.subject, kind),
            };
            let subject = Subject { id: Some(caveat.subject.clone()), ..Subject::default() };
            let message = match caveat.kind {
                CaveatKind::PolicyNamesObjectId | CaveatKind::InvalidPolicy => {
                    format!("{} It is {}", caveat.text, caveat.subject)
                }
                _ => format!("{}: {}", capitalised(&caveat.subject), caveat.text),
            };
            self.add(Finding::new(severity, kind, message, advice).about(subject));
        }
    }
}

/// A command with a mailbox to be filled in, for each of these; the command itself if there is none to fill in. A mailbox
/// that goes by no address gives no command.
fn for_each_mailbox(command: &str, mailboxes: &[String]) -> Option<String> {
    const MAILBOX: &str = "<mailbox>:\\Calendar";
    if !command.contains(MAILBOX) {
        return Some(command.to_owned());
    }
    let is_plain = |address: &&String| address.contains('@') && !address.contains(['\'', ' ', ';', '$', '`']);
    let filled: Vec<String> = mailboxes
        .iter()
        .filter(is_plain)
        .map(|address| command.replace(MAILBOX, &format!("'{address}:\\Calendar'")))
        .collect();
    (!filled.is_empty()).then(|| filled.join("; "))
}

/// Who follows a remedy.
fn actor_of(remedy: &Remedy) -> Actor {
    match &*remedy.actor {
        actor if actor.contains("Entra") => Actor::EntraAdministrator,
        actor if actor.contains("Exchange") => Actor::ExchangeAdministrator,
        _ => Actor::Operator,
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
