use std::fmt;
use std::time::Duration;

use graph_client::SmtpAddress;
use serde::Serialize;

use crate::Finding;

/// What was proven, mailbox by mailbox.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Proof {
    /// The verdict over everything below.
    pub verdict: Verdict,
    /// The group's address.
    pub group: SmtpAddress,
    /// Every room, every further member and every mailbox that must stay closed.
    pub checks: Vec<Check>,
    /// What speaks against the restriction although every check may have passed.
    pub findings: Vec<Finding>,
    /// HTTP requests, those of the live reads included.
    pub requests: u64,
    /// How long it took, waits included.
    #[serde(serialize_with = "crate::apply::seconds")]
    pub elapsed: Duration,
}

/// The outcome of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Every check passed, and nothing speaks against the restriction.
    Proven,
    /// At least one check failed, or something makes the restriction meaningless.
    Refuted,
    /// Nothing failed, and something could not be told. That is not a pass.
    Unknown,
}

/// What should be true of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// The application reads it.
    Open,
    /// The application does not.
    Closed,
}

/// What one way of looking says about an expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "result", content = "because")]
#[non_exhaustive]
pub enum Evidence {
    /// It is as expected.
    Passed,
    /// It is not.
    Failed(String),
    /// It could not be told.
    Unknown(String),
}

/// One mailbox: what is expected, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// The mailbox.
    pub mailbox: SmtpAddress,
    /// What should be true.
    pub expected: Expectation,
    /// What Exchange's own test says. It answers from the configuration.
    pub configured: Evidence,
    /// What a read with the application's own token says. Only this proves access.
    pub live: Evidence,
}

impl Check {
    /// Whether both ways of looking say that it is as expected.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.configured == Evidence::Passed && self.live == Evidence::Passed
    }

    /// Whether one of them says that it is not.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        matches!(self.configured, Evidence::Failed(_)) || matches!(self.live, Evidence::Failed(_))
    }
}

impl Proof {
    /// Whether the restriction is proven.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.verdict == Verdict::Proven
    }

    pub(super) fn count(&self, expected: Expectation) -> (usize, usize) {
        let of_kind = || self.checks.iter().filter(|check| check.expected == expected);
        (of_kind().filter(|check| check.has_passed()).count(), of_kind().count())
    }
}

/// What can be said of several mailboxes at once.
type Reasons<'a> = (bool, Expectation, &'a Evidence, &'a Evidence);

impl Proof {
    /// The mailboxes that have not passed, those with the same reasons together, failures first.
    fn show_the_rest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups: Vec<(Reasons<'_>, Vec<&SmtpAddress>)> = Vec::new();
        for check in self.checks.iter().filter(|check| !check.has_passed()) {
            let reasons = (!check.has_failed(), check.expected, &check.configured, &check.live);
            match groups.iter_mut().find(|(known, _)| *known == reasons) {
                Some((_, mailboxes)) => mailboxes.push(&check.mailbox),
                None => groups.push((reasons, vec![&check.mailbox])),
            }
        }
        groups.sort_by_key(|((has_not_failed, ..), _)| *has_not_failed);
        let hidden = groups.len().saturating_sub(SHOWN_GROUPS);
        for ((_, expected, configured, live), mailboxes) in groups.into_iter().take(SHOWN_GROUPS) {
            let names: Vec<_> = mailboxes.iter().take(SHOWN_MAILBOXES).map(ToString::to_string).collect();
            let more = mailboxes.len() - names.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let expected = match expected {
                Expectation::Open => "should be open",
                Expectation::Closed => "must stay closed",
            };
            writeln!(f, "  - {}{more} {expected}", names.join(", "))?;
            for (way, evidence) in [("Exchange's test", configured), ("live read", live)] {
                match evidence {
                    Evidence::Passed => {}
                    Evidence::Failed(reason) => writeln!(f, "      {way} FAILED: {reason}")?,
                    Evidence::Unknown(reason) => writeln!(f, "      {way} could not tell: {reason}")?,
                }
            }
        }
        if hidden > 0 {
            writeln!(f, "  … and {hidden} more reasons; the checks have them all")?;
        }
        Ok(())
    }
}

const SHOWN_GROUPS: usize = 10;
const SHOWN_MAILBOXES: usize = 3;

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Proven => "PROVEN",
            Verdict::Refuted => "NOT RESTRICTED AS SPECIFIED",
            Verdict::Unknown => "COULD NOT TELL",
        };
        writeln!(f, "Proof for {}: {verdict}", self.group)?;
        let (open, all_open) = self.count(Expectation::Open);
        let (closed, all_closed) = self.count(Expectation::Closed);
        writeln!(f, "  Open    {open} of {all_open} mailboxes that the application is to reach")?;
        writeln!(f, "  Closed  {closed} of {all_closed} mailboxes that it must not reach")?;
        let was_read = self.checks.iter().any(|check| !matches!(check.live, Evidence::Unknown(_)));
        let by = if was_read {
            "Exchange's own test and a read with the application's own token"
        } else {
            "Exchange's own test alone"
        };
        writeln!(f, "  by {by}, {} requests", self.requests)?;
        self.show_the_rest(f)?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "  - {finding}"))
    }
}
