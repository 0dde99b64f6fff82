use std::collections::HashMap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::{StreamExt, stream};
use graph_client::exchange::{
    AccessCheckResult, AuthorizationRow, Exchange, TestApplicationAccessPolicy, TestServicePrincipalAuthorization,
};
use graph_client::{Client, ErrorKind, SmtpAddress};
use serde::Serialize;

use crate::discover::Target;
use crate::{ExchangeGroups, Finding, FindingKind, Plan, RestrictedCalendarGroup, Restriction, Result, Severity};

/// A proof that is about to be made. Made by [`ExchangeGroups::prove`]; await it for the [`Proof`].
#[must_use = "nothing is proven before it is awaited"]
pub struct Prove {
    groups: ExchangeGroups,
    spec: RestrictedCalendarGroup,
    settle: Duration,
    pause: Duration,
    on_progress: Box<dyn FnMut(usize, usize) + Send>,
}

/// Live reads in flight. Each is of another mailbox, so Graph's limit per mailbox is not met.
const IN_FLIGHT: usize = 8;

impl Prove {
    pub(crate) fn new(groups: ExchangeGroups, spec: RestrictedCalendarGroup) -> Self {
        Self { groups, spec, settle: Duration::ZERO, pause: Duration::from_secs(30), on_progress: Box::new(|_, _| {}) }
    }

    /// Goes on reading the mailboxes that are not as expected for so long, because a change takes its time: an access
    /// policy over an hour, a role up to two, both up to twelve by PlaceOS's experience. Default: does not wait.
    pub fn settle(mut self, deadline: Duration) -> Self {
        self.settle = deadline;
        self
    }

    /// Sets the pause between two rounds while it waits. Default 30 s.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Calls `listener` with the number of mailboxes that have been read, and of those that are to be.
    pub fn on_progress(mut self, listener: impl FnMut(usize, usize) + Send + 'static) -> Self {
        self.on_progress = Box::new(listener);
        self
    }
}

impl fmt::Debug for Prove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prove").field("spec", &self.spec).field("settle", &self.settle).finish_non_exhaustive()
    }
}

impl IntoFuture for Prove {
    type Output = Result<Proof>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(prove(self))
    }
}

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

    fn count(&self, expected: Expectation) -> (usize, usize) {
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
        writeln!(
            f,
            "  by Exchange's own test and by a read with the application's own token, {} requests",
            self.requests
        )?;
        self.show_the_rest(f)?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "  - {finding}"))
    }
}

async fn prove(prove: Prove) -> Result<Proof> {
    let Prove { groups, spec, settle, pause, mut on_progress } = prove;
    let started = Instant::now();
    let (client, meter) = groups.client.metered();
    let plan = ExchangeGroups { client: client.clone(), ..groups.clone() }.plan(&spec).await?;
    let expected = expectations(&plan);
    let configured = configured(&client.exchange(), &spec, &expected).await;
    // A new client, and so a new token: an old one would carry the permissions of before.
    let reader = groups.application.as_ref().map(|credential| client.with_shared_credential(Arc::clone(credential)));
    let mut live: HashMap<usize, Evidence> = HashMap::new();
    let mut open: Vec<usize> = (0..expected.len()).collect();
    match reader {
        None => {
            let reason = "the application's credential was not given";
            live.extend(open.iter().map(|index| (*index, Evidence::Unknown(reason.into()))));
        }
        Some(reader) => loop {
            let total = expected.len();
            let mut reads = stream::iter(open.clone())
                .map(|index| read(&reader, index, &expected[index]))
                .buffer_unordered(IN_FLIGHT);
            let mut seen = total - open.len();
            while let Some((index, evidence)) = reads.next().await {
                live.insert(index, evidence);
                seen += 1;
                on_progress(seen, total);
            }
            drop(reads);
            open.retain(|index| live.get(index) != Some(&Evidence::Passed));
            if open.is_empty() || started.elapsed() + pause > settle {
                break;
            }
            tracing::debug!(open = open.len(), "not all mailboxes are as expected yet");
            tokio::time::sleep(pause).await;
        },
    }
    let lost = || Evidence::Unknown("it was not read".into());
    let checks: Vec<Check> = expected
        .into_iter()
        .zip(configured)
        .enumerate()
        .map(|(index, ((target, expected), configured))| Check {
            mailbox: target.address,
            expected,
            configured,
            live: live.remove(&index).unwrap_or_else(lost),
        })
        .collect();
    let restriction = plan.spec.restriction;
    let mut findings = objections(plan);
    if findings.is_empty() && checks.iter().any(is_behind) {
        findings.push(not_in_effect_yet(restriction));
    }
    Ok(Proof {
        verdict: verdict(&checks, &findings),
        group: spec.address,
        checks,
        findings,
        requests: meter.usage().requests,
        elapsed: started.elapsed(),
    })
}

/// Why a mailbox could not be read: what the service said and what to do, without what differs from call to call.
fn reason(error: &graph_client::Error) -> String {
    let message = error.message().trim_end_matches('.');
    let code = error.code().map(|code| format!(" [{code}]")).unwrap_or_default();
    let advice = error.advice().map(|advice| format!(". {advice}")).unwrap_or_default();
    format!("{message}{code}{advice}")
}

fn expectations(plan: &Plan) -> Vec<(Target, Expectation)> {
    let closed = plan.spec.must_not_reach.iter().map(|address| Target { id: None, address: address.clone() });
    let open = plan.members.iter().cloned().map(|target| (target, Expectation::Open));
    open.chain(closed.map(|target| (target, Expectation::Closed))).collect()
}

/// What speaks against the restriction: steps that are not done, and what a plan warns of.
fn objections(plan: Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !plan.steps.is_empty() {
        let count = plan.steps.len();
        let first = &plan.steps[0].sentence;
        findings.push(Finding::new(
            Severity::Blocking,
            FindingKind::Drift,
            format!("The tenant is not as the spec says: {count} steps are not done, the first is \"{first}\""),
            "Apply the plan, and prove again.",
        ));
    }
    findings.extend(plan.findings.into_iter().filter(|finding| finding.severity != Severity::Note));
    findings
}

/// Whether the configuration is right and the live service says otherwise.
fn is_behind(check: &Check) -> bool {
    check.configured == Evidence::Passed && matches!(check.live, Evidence::Failed(_))
}

fn not_in_effect_yet(restriction: Restriction) -> Finding {
    let takes = match restriction {
        Restriction::Rbac => "A role takes effect in 30 minutes to two hours",
        Restriction::Policy => "A policy takes effect in an hour or more",
    };
    Finding::new(
        Severity::Warning,
        FindingKind::NotInEffectYet,
        "The configuration is right, and the live service does not act on it yet",
        format!("{takes}, and PlaceOS has seen twelve: prove again later, or let the proof wait with settle."),
    )
}

fn verdict(checks: &[Check], findings: &[Finding]) -> Verdict {
    // Without a mailbox that stayed closed nothing was shown to be restricted.
    let is_one_sided = !checks.iter().any(|check| check.expected == Expectation::Closed)
        || !checks.iter().any(|check| check.expected == Expectation::Open);
    let leaves_doubt = |finding: &Finding| {
        matches!(finding.kind, FindingKind::NothingMustStayClosed | FindingKind::NotRead | FindingKind::MissingRole)
    };
    let is_refuted = checks.iter().any(Check::has_failed) || !findings.iter().all(leaves_doubt);
    if is_refuted {
        Verdict::Refuted
    } else if is_one_sided || !findings.is_empty() || !checks.iter().all(Check::has_passed) {
        Verdict::Unknown
    } else {
        Verdict::Proven
    }
}

/// Exchange's own test, for all mailboxes.
async fn configured(
    exchange: &Exchange,
    spec: &RestrictedCalendarGroup,
    expected: &[(Target, Expectation)],
) -> Vec<Evidence> {
    let app = spec.application;
    let judge = |verdict: graph_client::Result<Option<bool>>, expected: Expectation| match verdict {
        Ok(Some(is_open)) if is_open == (expected == Expectation::Open) => Evidence::Passed,
        Ok(Some(true)) => Evidence::Failed("Exchange gives the application access".into()),
        Ok(Some(false)) => Evidence::Failed("Exchange gives the application no access".into()),
        Ok(None) => Evidence::Unknown("the answer is not a verdict".into()),
        Err(error) => Evidence::Unknown(reason(&error)),
    };
    match spec.restriction {
        Restriction::Rbac => {
            let tests = expected
                .iter()
                .map(|(target, _)| TestServicePrincipalAuthorization::new(app).resource(target.identity()))
                .collect();
            let answers = exchange.run_all(tests).await;
            let answers = answers.into_iter().map(|answer| answer.map(|rows| is_in_scope(&rows)));
            answers.zip(expected).map(|(answer, (_, expected))| judge(answer, *expected)).collect()
        }
        Restriction::Policy => {
            let tests =
                expected.iter().map(|(target, _)| TestApplicationAccessPolicy::new(target.identity(), app)).collect();
            let answers = exchange.run_all(tests).await;
            let answers = answers.into_iter().map(|answer| {
                answer.map(|check| match check.access_check_result {
                    AccessCheckResult::Granted => Some(true),
                    AccessCheckResult::Denied => Some(false),
                    _ => None,
                })
            });
            answers.zip(expected).map(|(answer, (_, expected))| judge(answer, *expected)).collect()
        }
    }
}

/// Whether one of the roles covers the mailbox; `None` when a row does not say and no other says yes.
fn is_in_scope(rows: &[AuthorizationRow]) -> Option<bool> {
    let mut rows = rows.iter().filter(|row| row.covers_calendars()).map(|row| row.in_scope);
    rows.try_fold(false, |open, in_scope| match (open, in_scope) {
        (true, _) | (_, Some(true)) => Some(true),
        (false, in_scope) => in_scope,
    })
}

/// Reads one event of the mailbox's next day.
async fn read(reader: &Client, index: usize, (target, expected): &(Target, Expectation)) -> (usize, Evidence) {
    let now = SystemTime::now();
    let tomorrow = now + Duration::from_secs(24 * 60 * 60);
    let answer = reader.calendar(target.address.as_str()).view(now, tomorrow).page_size(1).select(&["id"]).await;
    let evidence = match (answer, expected) {
        (Ok(_), Expectation::Open) => Evidence::Passed,
        (Ok(_), Expectation::Closed) => Evidence::Failed("the application read the calendar".into()),
        (Err(error), Expectation::Closed) if error.kind() == ErrorKind::Denied => Evidence::Passed,
        (Err(error), Expectation::Open) if error.kind() == ErrorKind::Denied => Evidence::Failed(reason(&error)),
        (Err(error), _) => Evidence::Unknown(reason(&error)),
    };
    (index, evidence)
}
