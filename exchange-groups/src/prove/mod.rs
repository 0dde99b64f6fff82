//! Shows what the application can reach: by Exchange's own test, and by reads with its own token.

mod proof;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::{StreamExt, stream};
use graph_client::exchange::{
    AccessCheckResult, AuthorizationRow, Exchange, TestApplicationAccessPolicy, TestServicePrincipalAuthorization,
};
use graph_client::{Client, ErrorKind, Later, Service};

pub use self::proof::{Check, Evidence, Expectation, Proof, Verdict};
use crate::discover::Target;
use crate::roles::opens_calendars;
use crate::{ExchangeGroups, Finding, FindingKind, Plan, RestrictedCalendarGroup, Restriction, Result, Severity};

/// A proof that is about to be made. Made by [`ExchangeGroups::prove`]; await it for the [`Proof`].
#[must_use = "nothing is proven before it is awaited"]
pub struct Prove {
    groups: ExchangeGroups,
    spec: RestrictedCalendarGroup,
    settle: Duration,
    pause: Duration,
    on_progress: Listener,
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

async fn prove(prove: Prove) -> Result<Proof> {
    let Prove { groups, spec, settle, pause, mut on_progress } = prove;
    let started = Instant::now();
    let (client, meter) = groups.client.metered();
    let groups = ExchangeGroups { client, ..groups };
    let mut look = Look::at_everything(&groups, &spec, &mut on_progress).await?;
    while look.may_settle() && has_time(started, settle, pause) {
        look.wait_for_the_rest(&groups, (started, settle), pause, &mut on_progress).await;
        // What passed before the wait may have changed in it: only one look at everything is a proof.
        look = Look::at_everything(&groups, &spec, &mut on_progress).await?;
    }
    let Look { plan, checks, .. } = look;
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

/// Whether another look begins in time. Any duration may be given.
fn has_time(started: Instant, settle: Duration, pause: Duration) -> bool {
    started.elapsed().saturating_add(pause) <= settle
}

type Listener = Box<dyn FnMut(usize, usize) + Send>;

/// The tenant, the configuration and every mailbox, looked at once.
struct Look {
    plan: Plan,
    expected: Vec<(Target, Expectation)>,
    checks: Vec<Check>,
}

impl Look {
    async fn at_everything(
        groups: &ExchangeGroups,
        spec: &RestrictedCalendarGroup,
        on_progress: &mut Listener,
    ) -> Result<Self> {
        let plan = groups.plan(spec).await?;
        let expected = expectations(&plan);
        let configured = configured(&groups.client.exchange(), spec, &expected).await;
        let live = match reader(groups, spec).await {
            Ok(reader) => {
                let all: Vec<usize> = (0..expected.len()).collect();
                read_all(&reader, &all, &expected, on_progress).await
            }
            Err(reason) => (0..expected.len()).map(|index| (index, Evidence::Unknown(reason.clone()))).collect(),
        };
        let mut checks: Vec<Check> = expected
            .iter()
            .zip(configured)
            .map(|((target, expected), configured)| Check {
                mailbox: target.address.clone(),
                expected: *expected,
                configured,
                live: Evidence::Unknown("it was not read".into()),
            })
            .collect();
        for (index, evidence) in live {
            checks[index].live = evidence;
        }
        Ok(Self { plan, expected, checks })
    }

    /// Whether time may mend what is not as expected: it mends no missing credential.
    fn may_settle(&self) -> bool {
        self.checks.iter().any(Check::has_failed)
    }

    /// Reads the mailboxes that have not passed until they have, or the time is over.
    async fn wait_for_the_rest(
        &self,
        groups: &ExchangeGroups,
        (started, settle): (Instant, Duration),
        pause: Duration,
        on_progress: &mut Listener,
    ) {
        let mut open: Vec<usize> =
            (0..self.checks.len()).filter(|&index| self.checks[index].live != Evidence::Passed).collect();
        while !open.is_empty() && has_time(started, settle, pause) {
            tracing::debug!(open = open.len(), "not all mailboxes are as expected yet");
            tokio::time::sleep(pause).await;
            if let Ok(reader) = reader(groups, &self.plan.spec).await {
                let live = read_all(&reader, &open, &self.expected, on_progress).await;
                open = live.into_iter().filter(|(_, live)| *live != Evidence::Passed).map(|(index, _)| index).collect();
            }
        }
    }
}

/// A client of the application. It is new each time, and so is its token: an old one would carry the permissions of
/// before. The error is why nothing can be read with it.
async fn reader(groups: &ExchangeGroups, spec: &RestrictedCalendarGroup) -> Result<Client, String> {
    let credential = groups.application.as_ref().ok_or("the application's credential was not given")?;
    let reader = groups.client.with_shared_credential(Arc::clone(credential));
    match reader.token_claims(Service::Graph).await {
        Ok(claims) => match claims.client_id {
            Some(other) if other != spec.application => {
                Err(format!("the credential is that of application {other}, not of {}", spec.application))
            }
            _ => Ok(reader),
        },
        // A token need not be readable; the service will judge it.
        Err(error) if error.kind() == ErrorKind::Decode => Ok(reader),
        Err(error) => Err(reason(&error)),
    }
}

/// Reads some of the mailboxes, in whatever order they answer.
async fn read_all(
    reader: &Client,
    which: &[usize],
    expected: &[(Target, Expectation)],
    on_progress: &mut Listener,
) -> Vec<(usize, Evidence)> {
    let total = expected.len();
    let mut seen = total - which.len();
    let mut live = Vec::with_capacity(which.len());
    let mut reads =
        stream::iter(which.to_vec()).map(|index| read(reader, index, &expected[index])).buffer_unordered(IN_FLIGHT);
    while let Some(one) = reads.next().await {
        live.push(one);
        seen += 1;
        on_progress(seen, total);
    }
    live
}

/// Why a mailbox could not be read: what the service said and what to do, without what differs from call to call.
fn reason(error: &graph_client::Error) -> String {
    let message = error.message().trim_end_matches('.');
    let code = error.code().map(|code| format!(" [{code}]")).unwrap_or_default();
    let advice = error.advice().map(|advice| format!(". {advice}")).unwrap_or_default();
    format!("{message}{code}{advice}")
}

fn expectations(plan: &Plan) -> Vec<(Target, Expectation)> {
    let open = plan.members.iter().cloned().map(|target| (target, Expectation::Open));
    open.chain(plan.closed.iter().cloned().map(|target| (target, Expectation::Closed))).collect()
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

/// Whether one of the roles covers the mailbox; `None` when none says yes and one does not say.
fn is_in_scope(rows: &[AuthorizationRow]) -> Option<bool> {
    let mut known = Some(false);
    for row in rows.iter().filter(|row| opens_calendars(row.role_name.as_deref())) {
        match row.in_scope {
            Some(true) => return Some(true),
            Some(false) => {}
            None => known = None,
        }
    }
    known
}

/// Reads one event of the mailbox's next day.
async fn read(reader: &Client, index: usize, (target, expected): &(Target, Expectation)) -> (usize, Evidence) {
    let now = SystemTime::now();
    let tomorrow = now.later(Duration::from_secs(24 * 60 * 60));
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
