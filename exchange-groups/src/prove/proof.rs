use std::fmt;
use std::time::Duration;

use graph_client::graph::Timestamp;
use graph_client::{ClientId, ObjectId, SmtpAddress, printable};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::access::{Access, PathReach, Truth};
use crate::document::{ObservationRef, Origin, seconds};
use crate::finding::Finding;
use crate::names::named;
use crate::spec::{Permission, Restriction};
use crate::text::{count, some_of};

/// The document of a verification: what was checked, mailbox by mailbox, and what follows from it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Proof {
    /// In which tenant, when and by what it was made.
    pub origin: Origin,
    /// The verdict over everything below.
    pub verdict: Verdict,
    /// The group's address.
    pub group: SmtpAddress,
    /// The application.
    pub application: ClientId,
    /// How it is restricted.
    pub restriction: Restriction,
    /// What it may do with the calendars, by the spec.
    pub permission: Permission,
    /// The facts that the configuration was judged by.
    pub observation: ObservationRef,
    /// Every room, every further mailbox, every member that nobody named, and every mailbox that must not be reached.
    pub checks: Vec<Check>,
    /// Which mailboxes were read and tested, if not all.
    pub sample: Option<Sample>,
    /// How writing was verified. `None` when the spec does not grant it.
    pub writing: Option<WriteEvidence>,
    /// The token that the mailboxes were read with. `None` when none was got.
    pub token: Option<TokenEvidence>,
    /// Until when tokens may live that were issued before a permission was revoked: for a holder of one, the verdict
    /// holds from then on. `None` where older tokens reach no more than new ones.
    pub older_tokens_until: Option<Timestamp>,
    /// Whether the application can widen its own reach.
    pub can_widen_itself: Truth,
    /// When people are busy whose events must not be reached, as far as the application sees it.
    pub visible_times: Vec<VisibleTimes>,
    /// What speaks for or against the restriction beside the checks.
    pub findings: Vec<Finding>,
    /// What was not checked.
    pub not_checked: Vec<String>,
    /// How many rounds of checks were made.
    pub rounds: u32,
    /// How long the verification waited for the change to propagate, so far.
    #[serde(with = "seconds")]
    pub waited: Duration,
    /// HTTP requests, those of the live reads included.
    pub requests: u64,
    /// How long it took, waits included.
    #[serde(with = "seconds")]
    pub elapsed: Duration,
}

named! {
    /// The outcome of a verification.
    #[non_exhaustive]
    pub enum Verdict as "verdict" {
        /// Configuration, Exchange's own test and live reads agree with the spec on every mailbox, and no finding speaks
        /// against the restriction.
        Verified = "verified",
        /// The configuration is not what the spec says, or the application can lift the restriction.
        Violated = "violated",
        /// The configuration is what the spec says, and has not propagated to the live service yet.
        NotPropagated = "not_propagated",
        /// Something is not known. That is not a pass.
        Inconclusive = "inconclusive",
    }
}

named! {
    /// What should be true of a mailbox.
    #[non_exhaustive]
    pub enum Expectation as "expectation" {
        /// The application reaches its events.
        Reached = "reached",
        /// The application does not reach its events.
        NotReached = "not_reached",
        /// It is a member that the spec does not name and keeps: whether it is reached is shown, and not judged. Without that
        /// nothing is verified.
        Kept = "kept",
    }
}

/// The result of one kind of check of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "result", content = "because")]
#[non_exhaustive]
pub enum Evidence {
    /// The application is allowed.
    Allowed,
    /// The application is denied.
    Denied,
    /// It is inconclusive, with the reason.
    Unknown(String),
    /// The mailbox is not in the sample.
    NotInSample,
}

impl Evidence {
    /// What it says of access: unknown, where it says nothing.
    pub(super) fn access(&self) -> Access {
        match self {
            Self::Allowed => Access::Allowed,
            Self::Denied => Access::Denied,
            Self::Unknown(_) | Self::NotInSample => Access::Unknown,
        }
    }
}

/// One mailbox: what is expected, and what was found.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Check {
    /// The mailbox.
    pub mailbox: SmtpAddress,
    /// Its object id, by which it was read.
    pub id: Option<ObjectId>,
    /// What should be true.
    pub expected: Expectation,
    /// What the configuration says of reading its events.
    pub configured: Access,
    /// What the configuration says of writing, where the spec grants it.
    pub configured_write: Option<Access>,
    /// By which access paths, where that explains the outcome.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathReach>,
    /// What Exchange's own test says. It is computed from the configuration, and covers the restriction's mechanism alone.
    pub tested: Evidence,
    /// What a read with the application's own token says.
    pub live: Evidence,
}

named! {
    /// How a check ended.
    #[non_exhaustive]
    pub enum CheckOutcome as "outcome" {
        /// The configuration is not as expected.
        Failed = "failed",
        /// The configuration is as expected, and has not propagated to the live service yet.
        Pending = "pending",
        /// It is inconclusive, with the reason.
        Inconclusive = "inconclusive",
        /// It is as expected.
        Passed = "passed",
    }
}

impl Check {
    /// How it ended. A denial counts only if the same token was allowed somewhere else: see [`Proof::has_control`].
    #[must_use]
    pub fn outcome(&self, has_control: bool) -> CheckOutcome {
        use CheckOutcome::{Failed, Inconclusive, Passed, Pending};

        match self.expected {
            // Whether it is reached is shown and not judged; but it must have been seen.
            Expectation::Kept => {
                if matches!(self.live, Evidence::Unknown(_)) {
                    Inconclusive
                } else {
                    Passed
                }
            }
            Expectation::Reached => match (self.configured, self.configured_write, &self.tested, &self.live) {
                (Access::Denied, ..) | (_, Some(Access::Denied), ..) => Failed,
                (Access::Unknown, ..)
                | (_, Some(Access::Unknown), ..)
                | (_, _, Evidence::Denied | Evidence::Unknown(_), _)
                | (.., Evidence::Unknown(_)) => Inconclusive,
                (.., Evidence::Denied) => Pending,
                (.., Evidence::Allowed | Evidence::NotInSample) => Passed,
            },
            Expectation::NotReached => match (self.configured, &self.tested, &self.live) {
                (Access::Allowed, ..) | (_, Evidence::Allowed, _) | (Access::Unknown, _, Evidence::Allowed) => Failed,
                (Access::Denied, _, Evidence::Allowed) => Pending,
                (Access::Unknown, ..) | (_, Evidence::Unknown(_), _) => Inconclusive,
                (.., Evidence::Denied) if has_control => Passed,
                // Without a look at it, or without a control, nothing shows that it is denied.
                (.., Evidence::Denied | Evidence::Unknown(_) | Evidence::NotInSample) => Inconclusive,
            },
        }
    }
}

/// The mailboxes that were read and tested, where not all were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sample {
    /// How many of the mailboxes that are to be reached.
    pub size: usize,
    /// How many there are.
    pub of: usize,
}

/// How writing was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
#[non_exhaustive]
pub enum WriteEvidence {
    /// By the configuration alone: nothing was written.
    Configuration,
    /// By creating a private event in a mailbox and deleting it for good.
    Event {
        /// The mailbox.
        mailbox: SmtpAddress,
        /// What the service said.
        result: Evidence,
        /// The event that could not be deleted again.
        left_behind: Option<String>,
    },
}

/// What the token says with which the mailboxes were read.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenEvidence {
    /// The application permissions in it (`roles`).
    pub roles: Vec<String>,
    /// When it was issued (`iat`).
    pub issued_at: Option<Timestamp>,
    /// When it ends (`exp`).
    pub expires_at: Option<Timestamp>,
    /// Whether the client announced continuous access evaluation (`xms_cc` has `cp1`): such tokens live for up to a day.
    pub continuous_access_evaluation: bool,
}

/// What the application sees of a mailbox whose events it must not reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VisibleTimes {
    /// The mailbox.
    pub mailbox: SmtpAddress,
    /// When it is free and busy.
    pub times: Access,
    /// Subject and place as well.
    pub details: Access,
    /// The command that hides it, from everybody in the organisation.
    pub hide: String,
}

impl Proof {
    /// Whether the restriction is verified.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.verdict == Verdict::Verified
    }

    /// Whether the token was allowed at a mailbox that must be reached. Without that a denial shows nothing: while a
    /// change propagates, everything may be denied.
    #[must_use]
    pub fn has_control(&self) -> bool {
        has_control(&self.checks)
    }

    /// The checks with their outcomes.
    pub fn outcomes(&self) -> impl Iterator<Item = (&Check, CheckOutcome)> {
        let has_control = self.has_control();
        self.checks.iter().map(move |check| (check, check.outcome(has_control)))
    }

    fn count(&self, expected: Expectation) -> (usize, usize) {
        let of_kind = || self.outcomes().filter(|(check, _)| check.expected == expected);
        (of_kind().filter(|(_, outcome)| *outcome == CheckOutcome::Passed).count(), of_kind().count())
    }
}

pub(super) fn has_control(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.expected == Expectation::Reached && check.live == Evidence::Allowed)
}

/// What can be said of several mailboxes at once.
type Reasons<'a> = (CheckOutcome, Expectation, String, &'a Evidence, &'a Evidence);

impl Proof {
    /// The mailboxes that have not passed, those with the same reasons together, failures first.
    fn show_the_rest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups: Vec<(Reasons<'_>, Vec<&SmtpAddress>)> = Vec::new();
        for (check, outcome) in self.outcomes().filter(|(_, outcome)| *outcome != CheckOutcome::Passed) {
            let reasons = (outcome, check.expected, configured(check), &check.tested, &check.live);
            match groups.iter_mut().find(|(known, _)| *known == reasons) {
                Some((_, mailboxes)) => mailboxes.push(&check.mailbox),
                None => groups.push((reasons, vec![&check.mailbox])),
            }
        }
        groups.sort_by_key(|((outcome, ..), _)| *outcome);
        let hidden = groups.len().saturating_sub(SHOWN_GROUPS);
        for ((outcome, expected, configured, tested, live), mailboxes) in groups.into_iter().take(SHOWN_GROUPS) {
            let expected = match expected {
                Expectation::NotReached => "must not be reached",
                Expectation::Reached => "must be reached",
                Expectation::Kept => "is a member that the spec does not name",
            };
            let outcome = match outcome {
                CheckOutcome::Failed => "FAILED",
                CheckOutcome::Pending => "not propagated yet",
                CheckOutcome::Inconclusive | CheckOutcome::Passed => "inconclusive",
            };
            writeln!(f, "  - {} {expected}: {outcome}", some_of(mailboxes, SHOWN_MAILBOXES))?;
            writeln!(f, "      configuration    {}", printable(&configured))?;
            for (way, evidence) in [("Exchange's test", tested), ("live read", live)] {
                writeln!(f, "      {way:<16} {}", printable(&evidence.to_string()))?;
            }
        }
        if hidden > 0 {
            writeln!(f, "  … and {}; the checks have them all", count(hidden, "more reason"))?;
        }
        Ok(())
    }

    fn show_visible_times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for visible in &self.visible_times {
            let what = match (visible.times, visible.details) {
                (Access::Denied, Access::Denied) => continue,
                (_, Access::Allowed) => "sees when it is busy, with subject and place",
                (Access::Allowed, Access::Denied) => "sees when it is busy, not what with",
                (Access::Allowed, Access::Unknown) => "sees when it is busy; whether subject and place is not known",
                _ => "may see when it is busy, which was not checked",
            };
            writeln!(f, "  Visible      {}: the application {what}, by getSchedule", visible.mailbox)?;
            writeln!(f, "               [{}] hides it from everybody in the organisation", printable(&visible.hide))?;
        }
        Ok(())
    }
}

fn configured(check: &Check) -> String {
    let because = |paths: &[PathReach]| {
        let reasons: Vec<_> = paths.iter().map(|path| format!("{}: {}", path.via, path.because)).collect();
        if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) }
    };
    let write = match check.configured_write {
        Some(write) if write != check.configured => format!(", writing {write}"),
        _ => String::new(),
    };
    format!("{}{write}{}", check.configured, because(&check.paths))
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed => f.write_str("allowed"),
            Self::Denied => f.write_str("denied"),
            Self::Unknown(because) => write!(f, "inconclusive: {}", printable(because)),
            Self::NotInSample => f.write_str("not in the sample"),
        }
    }
}

const SHOWN_GROUPS: usize = 10;
const SHOWN_MAILBOXES: usize = 3;

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Proof for {}: {}", self.group, self.verdict.as_str().replace('_', " ").to_uppercase())?;
        let how = match self.restriction {
            Restriction::Rbac => "RBAC for Applications",
            Restriction::Policy => "application access policy",
        };
        writeln!(f, "  Application  {} ({how}), tenant {}", self.application, printable(&self.origin.tenant))?;
        writeln!(f, "  Made         {} by {}", self.origin.made_at, printable(&self.origin.software))?;
        let (reached, all_reached) = self.count(Expectation::Reached);
        let (denied, all_denied) = self.count(Expectation::NotReached);
        writeln!(f, "  Reached      {reached} of {} that the application is to reach", count(all_reached, "mailbox"))?;
        writeln!(f, "  Not reached  {denied} of {} that it must not reach", count(all_denied, "mailbox"))?;
        let (_, kept) = self.count(Expectation::Kept);
        if kept > 0 {
            let who = self.checks.iter().filter(|check| check.expected == Expectation::Kept);
            let who = some_of(who.map(|check| format!("{} ({})", check.mailbox, check.live)), SHOWN_MAILBOXES);
            writeln!(f, "  Kept members {kept} that the spec does not name: {}", printable(&who))?;
        }
        if let Some(sample) = self.sample {
            writeln!(f, "  Sample       {} of {} read and tested", sample.size, count(sample.of, "mailbox"))?;
        }
        let was_read = self.checks.iter().any(|check| matches!(check.live, Evidence::Allowed | Evidence::Denied));
        let by = if was_read {
            "the configuration, Exchange's own test and reads with the application's own token"
        } else {
            "the configuration and Exchange's own test alone"
        };
        writeln!(f, "  By           {by}, {}", count(usize::try_from(self.requests).unwrap_or(usize::MAX), "request"))?;
        match &self.writing {
            None => {}
            Some(WriteEvidence::Configuration) => {
                writeln!(f, "  Writing      by the configuration alone; nothing was written")?;
            }
            Some(WriteEvidence::Event { mailbox, result, left_behind }) => {
                let shown = match (result, left_behind) {
                    (Evidence::Allowed, None) => format!("an event was created in {mailbox} and deleted"),
                    (Evidence::Allowed, Some(_)) => format!("an event was created in {mailbox}"),
                    _ => format!("not verified by an event in {mailbox}: {result}"),
                };
                writeln!(f, "  Writing      {shown}")?;
                if let Some(event) = left_behind {
                    writeln!(f, "               the event {} is left behind: delete it", printable(event))?;
                }
            }
        }
        if let Some(until) = &self.older_tokens_until {
            writeln!(
                f,
                "  Older tokens may carry a revoked permission until {until}: for their holders the verdict holds from then"
            )?;
        }
        if self.verdict == Verdict::NotPropagated && !self.waited.is_zero() {
            writeln!(f, "  Waited       {:.0?} in {}", self.waited, count(self.rounds as usize, "round"))?;
        }
        self.show_the_rest(f)?;
        self.show_visible_times(f)?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "  - {finding}"))?;
        for what in &self.not_checked {
            writeln!(f, "  Not checked: {}", printable(what))?;
        }
        Ok(())
    }
}
