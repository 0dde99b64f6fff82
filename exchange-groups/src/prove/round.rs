//! One round of checks: the tenant, the configuration and every mailbox.

use std::collections::{BTreeMap, BTreeSet};

use graph_client::SmtpAddress;
use graph_client::exchange::{
    AccessCheckResult, AuthorizationRow, Exchange, ExchangeRecipient, TestApplicationAccessPolicy,
    TestServicePrincipalAuthorization,
};

use super::live::{self, Reader};
use super::options::{Clients, Control, Options};
use super::proof;
use super::proof::{
    Check, CheckOutcome, Evidence, Expectation, Sample, TokenEvidence, Verdict, VisibleTimes, WriteEvidence,
};
use super::verdict::verdict;
use crate::access::{Access, AccessModel, CalendarRight, Fact, Level, Row, RowKind, RowResource, Truth, catalogue};
use crate::access_findings;
use crate::change::{Change, Stage};
use crate::error::Result;
use crate::event::Event;
use crate::finding::{Advice, Finding, FindingKind, Severity, VerdictEffect};
use crate::membership::{Difference, MailboxRef};
use crate::observe::Mailboxes;
use crate::observe::Observation;
use crate::plan::Plan;
use crate::spec::{OtherMembers, Permission, RestrictedCalendarGroup, Restriction};
use crate::text::{count, some_of};

/// The tenant, the configuration and every mailbox, checked once.
pub(super) struct Round {
    pub(super) plan: Plan,
    pub(super) checks: Vec<Check>,
    pub(super) findings: Vec<Finding>,
    pub(super) token: Option<TokenEvidence>,
    pub(super) writing: Option<WriteEvidence>,
    pub(super) visible_times: Vec<VisibleTimes>,
    pub(super) can_widen_itself: Truth,
    pub(super) not_checked: Vec<String>,
    pub(super) sample: Option<Sample>,
    mailboxes: Vec<MailboxRef>,
    /// The mailboxes whose sign-in name is not their address.
    other_sign_in_names: Vec<usize>,
    revoked_grants_matter: bool,
    /// The names of the application permissions that the application holds, where they were read to their end.
    held: Option<BTreeSet<String>>,
    /// The policies that deny a mailbox that is to be reached, by the place of its check.
    denying: BTreeMap<usize, Vec<String>>,
    /// Members that are not read, because they are no mailboxes.
    no_mailboxes: Vec<String>,
}

/// How many mailboxes with another sign-in name are read by address as well.
const MOST_BY_ADDRESS: usize = 60;

impl Round {
    pub(super) async fn of_everything(
        clients: &Clients,
        spec: &RestrictedCalendarGroup,
        options: &Options,
        control: &Control,
    ) -> Result<Self> {
        let seen = Observation::of(&clients.client, spec).await?;
        let plan = Plan::draft(spec, &seen);
        let expected = expectations(&plan, &seen);
        let mut round = Self::configured(spec, &seen, plan, expected);
        round.choose_sample(options);
        round.test(&clients.client.exchange(), spec).await;
        match live::reader(clients, spec).await {
            Ok(reader) => round.read(&reader, spec, options, control).await,
            Err(reason) => round.nothing_was_read(&reason),
        }
        round.notice_refusals_by_policy();
        round.say_what_was_not_checked(&seen, clients);
        Ok(round)
    }

    /// What the configuration says of every mailbox.
    fn configured(
        spec: &RestrictedCalendarGroup,
        seen: &Observation,
        plan: Plan,
        expected: Vec<(MailboxRef, Expectation)>,
    ) -> Self {
        let model = AccessModel::new(&seen.facts);
        let known = Mailboxes::of(seen);
        let mut checks = Vec::with_capacity(expected.len());
        let mut visible_times = Vec::new();
        let mut denying = BTreeMap::new();
        for (mailbox, expected) in &expected {
            let facts = known.facts(mailbox);
            let policies: Vec<_> = model.denied_by(&facts).iter().map(|policy| policy.identity.clone()).collect();
            if *expected == Expectation::Reached && !policies.is_empty() {
                denying.insert(checks.len(), policies);
            }
            let reach = model.reach(&facts, Level::Events);
            let is_as_expected = match expected {
                Expectation::Reached => reach.verdict == Access::Allowed,
                Expectation::NotReached => reach.verdict == Access::Denied,
                Expectation::Kept => true,
            };
            let writes = *expected == Expectation::Reached && spec.permission == Permission::ReadWrite;
            checks.push(Check {
                mailbox: mailbox.address.clone(),
                id: mailbox.id.map(graph_client::ObjectId::from_uuid),
                expected: *expected,
                configured: reach.verdict,
                configured_write: writes.then(|| model.reach(&facts, Level::Write).verdict),
                paths: if is_as_expected { Vec::new() } else { reach.paths },
                tested: Evidence::NotInSample,
                live: Evidence::NotInSample,
            });
            if *expected == Expectation::NotReached {
                visible_times.push(VisibleTimes {
                    mailbox: mailbox.address.clone(),
                    times: model.reach(&facts, Level::Times).verdict,
                    details: model.reach(&facts, Level::Brief).verdict,
                    hide: hide(&mailbox.address),
                });
            }
        }
        let mut findings: Vec<Finding> = drift(&plan).into_iter().collect();
        findings.extend(plan.findings.iter().cloned());
        findings.extend(access_findings::findings(spec, seen, &seen.facts, &plan.members, &plan.must_not_reach));
        findings.extend(visible(&visible_times, seen));
        findings
            .retain(|finding| finding.severity != Severity::Note || finding.kind.effect() != VerdictEffect::Unaffected);
        findings.sort_by_key(|finding| finding.severity);
        let revoked_grants_matter =
            spec.restriction == Restriction::Rbac && crate::restriction::calendar_grants(&seen.facts).next().is_none();
        Self {
            can_widen_itself: model.widening().verdict,
            writing: (spec.permission == Permission::ReadWrite).then_some(WriteEvidence::Configuration),
            plan,
            checks,
            findings,
            token: None,
            visible_times,
            not_checked: Vec::new(),
            sample: None,
            other_sign_in_names: expected
                .iter()
                .enumerate()
                .filter(|(_, (mailbox, expected))| {
                    *expected == Expectation::Reached && known.has_other_sign_in_name(mailbox)
                })
                .map(|(index, _)| index)
                .collect(),
            mailboxes: expected.into_iter().map(|(mailbox, _)| mailbox).collect(),
            revoked_grants_matter,
            held: seen.facts.grants.whole().map(|held| held.iter().map(crate::restriction::grant_name).collect()),
            denying,
            no_mailboxes: members_without_mailbox(seen),
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        verdict(&self.checks, &self.findings)
    }

    /// Whether tokens from before a revocation reach more than new ones.
    pub(super) fn older_tokens_matter(&self) -> bool {
        self.revoked_grants_matter
    }

    /// Leaves the evidence of every mailbox that is not in the sample at [`Evidence::NotInSample`].
    fn choose_sample(&mut self, options: &Options) {
        let reached: Vec<usize> =
            (0..self.checks.len()).filter(|&index| self.checks[index].expected == Expectation::Reached).collect();
        let size = options.sample.map_or(reached.len(), |size| size.clamp(1, reached.len().max(1)));
        if size < reached.len() {
            self.sample = Some(Sample { size, of: reached.len() });
        }
        // Spread evenly over the mailboxes, which are in the order of their addresses.
        let chosen = (0..size.min(reached.len())).map(|place| reached[place * reached.len() / size]);
        let pending = || Evidence::Unknown("it was not checked".into());
        for index in chosen {
            (self.checks[index].tested, self.checks[index].live) = (pending(), pending());
        }
        for check in self.checks.iter_mut().filter(|check| check.expected != Expectation::Reached) {
            (check.tested, check.live) = (pending(), pending());
        }
    }

    fn chosen(&self) -> Vec<usize> {
        (0..self.checks.len()).filter(|&index| self.checks[index].live != Evidence::NotInSample).collect()
    }

    /// Exchange's own test, ten mailboxes to a request.
    async fn test(&mut self, exchange: &Exchange, spec: &RestrictedCalendarGroup) {
        let chosen = self.chosen();
        let app = spec.application;
        let mailboxes = chosen.iter().map(|&index| self.mailboxes[index].identity());
        let responses: Vec<graph_client::Result<Option<bool>>> = match spec.restriction {
            Restriction::Rbac => {
                let tests = mailboxes.map(|it| TestServicePrincipalAuthorization::new(app).resource(it)).collect();
                let responses = exchange.run_all(tests).await.into_iter();
                responses.map(|response| response.map(|rows| is_in_scope(&rows))).collect()
            }
            Restriction::Policy => {
                let tests = mailboxes.map(|it| TestApplicationAccessPolicy::new(it, app)).collect();
                let responses = exchange.run_all(tests).await.into_iter();
                let granted = |result| match result {
                    AccessCheckResult::Granted => Some(true),
                    AccessCheckResult::Denied => Some(false),
                    _ => None,
                };
                responses.map(|response| response.map(|check| granted(check.access_check_result))).collect()
            }
        };
        for (index, response) in chosen.into_iter().zip(responses) {
            self.checks[index].tested = match response {
                Ok(Some(true)) => Evidence::Allowed,
                Ok(Some(false)) => Evidence::Denied,
                Ok(None) => Evidence::Unknown("the response is not a verdict".into()),
                Err(error) => Evidence::Unknown(live::reason(&error)),
            };
        }
    }

    async fn read(&mut self, reader: &Reader, spec: &RestrictedCalendarGroup, options: &Options, control: &Control) {
        let chosen = self.chosen();
        self.read_some(reader, &chosen, control).await;
        if control.stop.is_stopped() {
            self.not_checked.push("the mailboxes that were left when the verification was stopped".into());
            self.token.clone_from(&reader.token);
            return;
        }
        self.read_by_address(reader).await;
        self.token.clone_from(&reader.token);
        if let Some(held) = &self.held {
            let carried = reader.token.iter().flat_map(|token| &token.roles);
            self.findings.extend(outdated_token(carried.filter(|role| !held.contains(*role))));
        }
        if let (Permission::ReadWrite, Some(mailbox)) = (spec.permission, &options.write_in) {
            // Nothing is tried in a mailbox that must not be reached, where it could succeed.
            let to_be_reached =
                |(it, check): &(&MailboxRef, &Check)| it.address == *mailbox && check.expected == Expectation::Reached;
            let writing = match self.mailboxes.iter().zip(&self.checks).find(to_be_reached) {
                Some((it, _)) => live::write(reader, it).await,
                None => WriteEvidence::Event {
                    mailbox: mailbox.clone(),
                    result: Evidence::Unknown(
                        "it is no mailbox that the application is to reach by the spec, so nothing was written".into(),
                    ),
                    left_behind: None,
                },
            };
            self.findings.extend(write_finding(&writing));
            self.writing = Some(writing);
        }
    }

    async fn read_some(&mut self, reader: &Reader, which: &[usize], control: &Control) {
        let total = self.checks.len();
        let mut done = total - which.len();
        for chunk in which.chunks(live::AT_ONCE) {
            if control.stop.is_stopped() {
                control.events.tell(&Event::Stopped);
                // What an earlier round showed of them stands.
                for &index in which.iter().skip(done + which.len() - total) {
                    if self.checks[index].live == Evidence::NotInSample {
                        self.checks[index].live = Evidence::Unknown("the verification was stopped".into());
                    }
                }
                return;
            }
            // By object id: an address may be another's sign-in name.
            let users: Vec<String> = chunk.iter().map(|&index| self.mailboxes[index].graph_id()).collect();
            for (&index, evidence) in chunk.iter().zip(reader.read(&users).await) {
                done += 1;
                let mailbox = self.mailboxes[index].address.clone();
                control.events.tell(&Event::Checked { mailbox, access: evidence.access(), done, total });
                self.checks[index].live = evidence;
            }
        }
    }

    /// The product may ask by address. Where that is not the sign-in name, Graph may not find the mailbox.
    async fn read_by_address(&mut self, reader: &Reader) {
        let others: Vec<usize> = self.other_sign_in_names.iter().copied().take(MOST_BY_ADDRESS).collect();
        let users: Vec<String> = others.iter().map(|&index| self.mailboxes[index].address.to_string()).collect();
        let found = reader.finds(&users).await;
        let lost: Vec<SmtpAddress> = others
            .iter()
            .zip(found)
            .filter(|(_, found)| !found)
            .map(|(&index, _)| self.mailboxes[index].address.clone())
            .collect();
        self.findings.extend(live::address_finding(&lost));
    }

    pub(super) fn nothing_was_read(&mut self, reason: &str) {
        for index in self.chosen() {
            self.checks[index].live = Evidence::Unknown(reason.to_owned());
        }
    }

    /// Reads the mailboxes to which the change has not propagated yet.
    pub(super) async fn read_pending_again(
        &mut self,
        clients: &Clients,
        spec: &RestrictedCalendarGroup,
        control: &Control,
    ) {
        let has_control = proof::has_control(&self.checks);
        let pending: Vec<usize> = (0..self.checks.len())
            .filter(|&index| self.checks[index].outcome(has_control) != CheckOutcome::Passed)
            .collect();
        if let Ok(reader) = live::reader(clients, spec).await {
            self.read_some(&reader, &pending, control).await;
        }
        self.notice_refusals_by_policy();
    }

    /// By Microsoft's page policies do not bind roles. Where the live service refuses just the mailboxes that a policy
    /// denies and allows the others, the policy is the reason, and waiting does not help.
    fn notice_refusals_by_policy(&mut self) {
        self.findings.retain(|finding| finding.kind != FindingKind::RefusedUnderDenyPolicy);
        let has_control = proof::has_control(&self.checks);
        let pending: Vec<usize> = (0..self.checks.len())
            .filter(|&index| self.checks[index].outcome(has_control) == CheckOutcome::Pending)
            .collect();
        if !has_control || pending.is_empty() || !pending.iter().all(|index| self.denying.contains_key(index)) {
            return;
        }
        let mailboxes = crate::text::some_of(pending.iter().map(|&index| &self.checks[index].mailbox), 3);
        let mut policies: Vec<&String> = pending.iter().flat_map(|index| &self.denying[index]).collect();
        policies.sort_unstable();
        policies.dedup();
        let message = format!(
            "The live service refuses {mailboxes}, which the access policy {} denies, and allows the others",
            crate::text::some_of(policies, 3)
        );
        let advice = Advice::exchange(
            "Remove these mailboxes from that policy's group, and verify again an hour later: waiting alone does not help.",
        );
        let finding = Finding::new(Severity::Warning, FindingKind::RefusedUnderDenyPolicy, message, advice);
        self.findings.push(finding.about(&self.checks[pending[0]].mailbox));
    }

    fn say_what_was_not_checked(&mut self, seen: &Observation, clients: &Clients) {
        if clients.application.is_none() {
            self.not_checked.push("the mailboxes themselves: the application's credential was not given".into());
        }
        self.not_checked
            .extend(seen.unread.iter().map(|unread| format!("{}: {}", unread.what.description(), unread.error)));
        if let Some(more) = self.other_sign_in_names.len().checked_sub(MOST_BY_ADDRESS).filter(|more| *more > 0) {
            self.not_checked.push(format!(
                "whether Graph finds {} by address, whose sign-in name is another: they were read by object id",
                count(more, "more mailbox")
            ));
        }
        if !self.no_mailboxes.is_empty() {
            let who = crate::text::some_of(&self.no_mailboxes, 3);
            self.not_checked.push(format!("members of the group that are no mailboxes here: {who}"));
        }
        self.not_checked.push(
            "subscriptions made before the restriction (they live for up to seven days), other applications of the same \
             vendor, and exports such as Graph Data Connect"
                .into(),
        );
    }
}

/// The permissions that the token carries and the application does not hold any more, among those that allow access to calendars. The
/// same mailboxes may be reached by them with this token, so that nothing is shown about the next one.
fn outdated_token<'a>(carried: impl Iterator<Item = &'a String>) -> Option<Finding> {
    let allows = |role: &&String| {
        let is_it = |row: &&Row| {
            row.resource == RowResource::Graph
                && row.kind == RowKind::Application
                && row.value.eq_ignore_ascii_case(role)
        };
        catalogue().iter().find(is_it).is_none_or(|row| row.allows_at(Level::Events))
    };
    let stale: Vec<&String> = carried.filter(allows).collect();
    if stale.is_empty() {
        return None;
    }
    let message = format!("The token carries {}, which the application does not hold any more", some_of(stale, 5));
    let advice =
        Advice::operator("Verify again in some minutes: the sign-in service follows a revocation with a delay.");
    Some(Finding::new(Severity::Warning, FindingKind::OutdatedToken, message, advice))
}

fn expectations(plan: &Plan, seen: &Observation) -> Vec<(MailboxRef, Expectation)> {
    let reached = plan.members.iter().cloned().map(|mailbox| (mailbox, Expectation::Reached));
    let denied = plan.must_not_reach.iter().cloned().map(|mailbox| (mailbox, Expectation::NotReached));
    let mut expected: Vec<_> = reached.chain(denied).collect();
    let present = seen.group.as_ref().map_or(&[][..], |group| &group.members);
    // Every member is checked, also those that nobody named and whatever is to become of them.
    let difference = Difference::of(&plan.members, &plan.must_not_reach, OtherMembers::Keep, present);
    let kept = difference.kept.iter().filter(|member| may_be_a_mailbox(member));
    let kept = kept.filter_map(|member| MailboxRef::of_recipient(member));
    expected.extend(kept.map(|mailbox| (mailbox, Expectation::Kept)));
    expected
}

/// A recipient of an unknown kind may be one.
fn may_be_a_mailbox(recipient: &ExchangeRecipient) -> bool {
    recipient.is_mailbox() || (recipient.recipient_type_details.is_none() && recipient.recipient_type.is_none())
}

/// The members that nobody can read, by what they are called.
fn members_without_mailbox(seen: &Observation) -> Vec<String> {
    let members = seen.group.iter().flat_map(|group| &group.members).filter(|member| !may_be_a_mailbox(member));
    let called = |member: &ExchangeRecipient| {
        let address = member.primary_smtp_address.as_ref().map(ToString::to_string);
        address.or_else(|| member.display_name.clone()).unwrap_or_else(|| "one without a name".into())
    };
    members.map(called).collect()
}

/// What the plan would still do. Only what decides over access violates the restriction.
fn drift(plan: &Plan) -> Option<Finding> {
    let is_property = |step: &&crate::change::Step| matches!(step.change, Change::AlterGroup(_));
    let (properties, decisive): (Vec<_>, Vec<_>) = plan.steps.iter().partition(is_property);
    let (first, steps, kind) = match (decisive.first(), properties.first()) {
        (Some(first), _) => (*first, decisive.len(), FindingKind::Drift),
        (None, Some(first)) => (*first, properties.len(), FindingKind::PropertiesDiffer),
        (None, None) => return None,
    };
    debug_assert!(first.stage() != Stage::Observe, "no step is an observation");
    let are = if steps == 1 { "is" } else { "are" };
    let message = format!(
        "The tenant is not as the spec says: {} {are} not done, the first is \"{}\"",
        count(steps, "step"),
        first.sentence()
    );
    Some(Finding::new(Severity::Warning, kind, message, Advice::operator("Plan, apply, and verify again.")))
}

fn write_finding(writing: &WriteEvidence) -> Option<Finding> {
    let WriteEvidence::Event { mailbox, result, .. } = writing else { return None };
    let kind = match result {
        Evidence::Allowed => return None,
        Evidence::Denied => FindingKind::WriteRefused,
        Evidence::Unknown(_) | Evidence::NotInSample => FindingKind::WriteUndecided,
    };
    let message = format!("Writing was to be verified by an event in {mailbox}, and was not: {result}");
    let advice = Advice::operator(match kind {
        FindingKind::WriteRefused => {
            "Where nothing else was found, change nothing and verify again later: a role that writes may be newer than one \
             that reads."
        }
        _ => {
            "Verify again, with a mailbox that the application is to reach and whose owner agrees; or without write_in, by \
             the configuration alone."
        }
    });
    Some(Finding::new(Severity::Warning, kind, message, advice).about(mailbox))
}

/// The command that hides free and busy times.
fn hide(address: &SmtpAddress) -> String {
    share(address, "None")
}

fn share(address: &SmtpAddress, right: &str) -> String {
    let address = address.as_str().replace('\'', "''");
    format!("Set-MailboxFolderPermission -Identity '{address}:\\Calendar' -User Default -AccessRights {right}")
}

fn visible(visible_times: &[VisibleTimes], seen: &Observation) -> Option<Finding> {
    let details: Vec<_> = visible_times.iter().filter(|it| it.details == Access::Allowed).collect();
    let one = details.first()?;
    let shared = match seen.sharing.get(&one.mailbox) {
        Some(Fact::Read(sharing)) => match &sharing.default {
            CalendarRight::LimitedDetails => "LimitedDetails",
            _ => "more than AvailabilityOnly",
        },
        _ => "more than AvailabilityOnly",
    };
    let names = some_of(details.iter().map(|it| &it.mailbox), 3);
    let message = format!(
        "The application sees subject and place of what {names} is busy with, by getSchedule through any mailbox that it \
         reaches: the calendar's Default permission is {shared}"
    );
    let mut advice = Advice::exchange(
        "Set it to AvailabilityOnly, which shows when somebody is busy; None hides that too, from everybody in the \
         organisation.",
    )
    .with_danger("The name of the calendar folder is in the mailbox's language.");
    // One line for each: PowerShell takes several on one.
    let commands: Vec<_> = details.iter().map(|it| share(&it.mailbox, "AvailabilityOnly")).collect();
    advice = advice.with_command(commands.join("; "));
    Some(Finding::new(Severity::Warning, FindingKind::FreeBusyVisible, message, advice).about(&one.mailbox))
}

/// Whether one of the roles covers the mailbox; `None` when none says yes and one does not say.
fn is_in_scope(rows: &[AuthorizationRow]) -> Option<bool> {
    let mut known = Some(false);
    for row in rows.iter().filter(|row| allows_calendars(row)) {
        match row.in_scope {
            Some(true) => return Some(true),
            Some(false) => {}
            None => known = None,
        }
    }
    known
}

/// Whether the role of a row allows access to calendars: by its permissions, where they are shown and known, else by its name. A
/// role that nobody knows may.
fn allows_calendars(row: &AuthorizationRow) -> bool {
    let role = row.role_name.as_deref().unwrap_or_default();
    match catalogue().iter().find(|known| known.value.eq_ignore_ascii_case(role)) {
        Some(known) => known.allows_at(Level::Events),
        None => true,
    }
}
