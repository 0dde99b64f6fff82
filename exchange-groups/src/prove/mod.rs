//! Verifies what the application reaches: by the configuration, by Exchange's own test, and by reads with its own token.

mod live;
mod options;
mod proof;
mod round;
#[cfg(test)]
mod tests;
mod verdict;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use graph_client::graph::Timestamp;
use graph_client::{Client, SmtpAddress, TokenProvider};
use tokio::time::Instant;
use tracing::Instrument as _;

pub(crate) use self::live::read_one;
use self::options::{Clients, Control, Options};
pub use self::proof::{
    Check, CheckOutcome, Evidence, Expectation, Proof, Sample, TokenEvidence, Verdict, VisibleTimes, WriteEvidence,
};
use self::round::Round;
use crate::control::{Events, Running, Stop};
use crate::document::{Origin, whole_seconds};
use crate::error::Result;
use crate::event::{Awaited, Event, Listener};
use crate::finding::{Advice, Finding, FindingKind, Severity};
use crate::groups::ExchangeGroups;
use crate::restriction::TOKENS_ARE_DEAD_AFTER;
use crate::spec::{RestrictedCalendarGroup, Restriction};
use crate::trace;

/// A verification that is ready to start. Made by [`ExchangeGroups::prove`](crate::ExchangeGroups::prove); await it for the [`Proof`].
#[must_use = "nothing is verified before it is awaited"]
pub struct Prove {
    clients: Clients,
    spec: RestrictedCalendarGroup,
    options: Options,
    stop: Stop,
    on_event: Listener,
}

impl Prove {
    pub(crate) fn new(
        client: Client,
        application: Option<Arc<dyn TokenProvider>>,
        spec: RestrictedCalendarGroup,
    ) -> Self {
        let options = Options {
            wait_up_to: Duration::ZERO,
            poll_interval: Duration::from_secs(30),
            sample: None,
            write_in: None,
            revoked_at: None,
        };
        Self { clients: Clients { client, application }, spec, options, stop: Stop::new(), on_event: Box::new(|_| {}) }
    }

    /// Waits for the change to propagate, up to this long: while the configuration is right and has not
    /// propagated to the live service, the mailboxes that are not as expected are read again. Default: does not wait.
    ///
    /// Microsoft says an hour or more for a policy and 30 minutes to two hours for a role; more than 24 hours have been
    /// reported. There is no guaranteed limit.
    pub fn wait_up_to(mut self, deadline: Duration) -> Self {
        self.options.wait_up_to = deadline;
        self
    }

    /// Sets the poll interval while it waits. Default 30 s. The last look is at the end of the time.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.options.poll_interval = interval;
        self
    }

    /// Reads and tests a sample of this many of the mailboxes that are to be reached, spread over all of them. What must not be
    /// reached is always checked as a whole, and the configuration is judged for every mailbox. Default: all.
    pub fn sample(mut self, mailboxes: usize) -> Self {
        self.options.sample = Some(mailboxes);
        self
    }

    /// Verifies writing by an event: it is created in this mailbox, private, free, far ahead and without attendees, and
    /// deleted for good at once. Whoever owns the mailbox must agree, and the application must be meant to reach it: in
    /// another nothing is tried. Default: writing is verified by the configuration, and nothing is written.
    pub fn write_in(mut self, mailbox: SmtpAddress) -> Self {
        self.options.write_in = Some(mailbox);
        self
    }

    /// Sets when a tenant-wide permission was last revoked, such as when [`apply`](crate::ExchangeGroups::apply) did it. Until 28
    /// hours after that, tokens that were issued before may carry it. Default: just now.
    pub fn revoked_at(mut self, time: SystemTime) -> Self {
        self.options.revoked_at = Some(time);
        self
    }

    /// Calls `listener` for everything that happens: each mailbox that was read, each wait.
    pub fn on_event(mut self, listener: impl FnMut(&Event) + Send + 'static) -> Self {
        self.on_event = Box::new(listener);
        self
    }

    /// Sets the handle that stops the verification. What was not read then is unknown, and the verdict is inconclusive
    /// unless what was read decides it.
    pub fn stopped_by(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Starts it, for the events as a stream. The listener of [`on_event`](Self::on_event) is told as well.
    pub fn start(mut self) -> Running<Result<Proof>> {
        let mut on_event = std::mem::replace(&mut self.on_event, Box::new(|_| {}));
        Running::start(self.stop.clone(), |mut listener| {
            self.on_event(move |event| {
                on_event(event);
                listener(event);
            })
            .into_future()
        })
    }
}

impl fmt::Debug for Prove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prove").field("spec", &self.spec).field("options", &self.options).finish_non_exhaustive()
    }
}

impl IntoFuture for Prove {
    type Output = Result<Proof>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let span = trace::run!("exchange_groups.prove", self.spec);
        Box::pin(prove(self).instrument(span))
    }
}

async fn prove(prove: Prove) -> Result<Proof> {
    let Prove { clients, spec, options, stop, on_event } = prove;
    let started = Instant::now();
    let (client, meter) = clients.client.metered();
    let control = Control { events: Events::new(on_event), stop };
    let clients = Clients { client: control.events.heard_from(&client), ..clients };
    let mut round = Box::pin(Round::of_everything(&clients, &spec, &options, &control)).await?;
    let mut rounds = 1;
    let left = || options.wait_up_to.saturating_sub(started.elapsed());
    let mut failed = None;
    // One round in an interval, whatever it shows. It waits only while waiting can help.
    while (round.verdict() == Verdict::NotPropagated || failed.is_some()) && !left().is_zero() {
        tracing::debug!(rounds, "the change has not propagated yet");
        control.events.tell(&Event::waiting(Awaited::Propagation, left()));
        // The last look is at the end of the time, and not much sooner than an interval after the one before.
        let is_last = left() < options.poll_interval.saturating_mul(2);
        let pause = if is_last { left() } else { options.poll_interval };
        if control.stop.or(tokio::time::sleep(pause)).await.is_none() {
            break;
        }
        rounds += 1;
        round.read_pending_again(&clients, &spec, &control).await;
        if left().is_zero() || round.verdict() != Verdict::NotPropagated {
            // What passed before may have changed meanwhile: only one look at everything is a proof.
            match Box::pin(Round::of_everything(&clients, &spec, &options, &control)).await {
                Ok(whole) => (round, failed) = (whole, None),
                Err(error) => failed = Some(error),
            }
        }
    }
    if let Some(error) = failed {
        // What was waited for is not thrown away with one look that failed, and is no proof without it.
        round.nothing_was_read(&format!("the last look at everything failed: {error}"));
    }
    let verdict = round.verdict();
    let waited = if rounds > 1 { started.elapsed() } else { Duration::ZERO };
    if verdict == Verdict::NotPropagated {
        round.findings.push(not_propagated(&spec, waited));
    }
    let older_tokens_until = round.older_tokens_matter().then(|| {
        // Rounded up: by then the last of them has ended.
        let since = whole_seconds(options.revoked_at.unwrap_or_else(SystemTime::now)) + Duration::from_secs(1);
        Timestamp::from(since.checked_add(TOKENS_ARE_DEAD_AFTER).unwrap_or(since))
    });
    let Round { plan, checks, findings, token, writing, visible_times, can_widen_itself, not_checked, sample, .. } =
        round;
    Ok(Proof {
        origin: Origin::now(&plan.origin.tenant),
        verdict,
        group: spec.address.clone(),
        application: spec.application,
        restriction: spec.restriction,
        permission: spec.permission,
        observation: plan.observation,
        checks,
        sample,
        writing,
        token,
        older_tokens_until,
        can_widen_itself,
        visible_times,
        findings,
        not_checked,
        rounds,
        waited,
        requests: meter.usage().requests,
        elapsed: started.elapsed(),
    })
}

fn not_propagated(spec: &RestrictedCalendarGroup, waited: Duration) -> Finding {
    let (what, takes) = match spec.restriction {
        Restriction::Rbac => ("role", "Microsoft says 30 minutes to two hours for a role"),
        Restriction::Policy => ("policy", "Microsoft says an hour or more for a policy"),
    };
    let measured = if waited.is_zero() {
        "It was checked once".to_owned()
    } else {
        format!("It was checked again for {waited:.0?}")
    };
    let seen = spec.longest_propagation.as_deref().map(|seen| format!(", {seen}")).unwrap_or_default();
    Finding::new(
        Severity::Warning,
        FindingKind::NotPropagated,
        format!("The configuration is right, and the {what} has not propagated to the live service yet. {measured}"),
        Advice::operator(format!(
            "Change nothing, and verify again later. {takes}{seen}, and more than 24 hours have been reported: there is no \
             upper limit.",
        )),
    )
}

impl ExchangeGroups {
    /// Verifies that the application reaches every room and no mailbox that it must not reach. Await the value; see
    /// [`Prove`] for waiting, sampling and progress. Nothing is changed.
    ///
    /// # Permissions
    ///
    /// As [`observe`](Self::observe).
    pub fn prove(&self, spec: &RestrictedCalendarGroup) -> Prove {
        Prove::new(self.client.clone(), self.application.clone(), spec.clone())
    }
}
