//! Many calls in one request: the rounds of a JSON batch.
//!
//! A service says how its batch stands on the wire by an [`Envelope`]. What becomes of each call is decided here: which
//! is sent again and when, which waits for another, whose token is renewed, and what an error says.

use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use url::Url;

use super::{
    Attempts, BatchPermits, BlockedFor, Call, Failure, Limit, Limiters, Meter, Repeat, Response, Retries, RetryOptions,
    repeat,
};
use crate::error::{Error, ErrorKind, Result};

/// Sends one call the way of every other call: with sign-in, limits and retries.
pub(crate) trait Carrier: Sync {
    fn execute(&self, call: &Call, meter: &Meter) -> impl Future<Output = Result<Response>> + Send;

    fn limiters(&self) -> &Limiters;
}

/// How a service's batch stands on the wire.
pub(crate) trait Envelope: Send {
    /// The call that carries these. The number of each names its response. What follows from the calls inside (whether it
    /// may be repeated, how long it may take) is set by the batch.
    fn wrap(&mut self, calls: &[Numbered<'_>]) -> Result<Call>;

    /// The responses in the response to the whole, by number.
    fn unwrap(&mut self, response: &Response) -> Result<HashMap<usize, Response>>;

    /// Takes up the response to a call that succeeded. Gives the address of its next page, which is then read in a further
    /// round.
    fn take(&mut self, number: usize, call: &Call, response: Response) -> Result<Option<Url>>;
}

/// A call of a batch.
pub(crate) struct Item {
    pub(crate) call: Box<Call>,
    /// The calls that must have succeeded before. Each stands before this one.
    pub(crate) after: Vec<usize>,
}

/// A call that a round carries.
pub(crate) struct Numbered<'a> {
    pub(crate) number: usize,
    pub(crate) call: &'a Call,
    /// The calls of the same round that it waits for.
    pub(crate) after: Vec<usize>,
}

/// One batch on its way.
pub(crate) struct Batch<'a, C, E> {
    carrier: &'a C,
    envelope: E,
    meter: &'a Meter,
    items: HashMap<usize, Item>,
    /// What the next round carries, in order.
    open: Vec<usize>,
    /// What waits for another round, and why.
    again: Vec<(usize, Failure)>,
    failed: Vec<(usize, Error)>,
    /// The token was renewed for one of the calls: a refusal is final.
    renewed: bool,
    client_request_id: String,
    max_attempts: u32,
    retry: RetryOptions,
}

/// Sends calls in one batch, round by round, until each of them has succeeded or failed. What succeeds is taken up by the
/// envelope; the errors come back with the envelope.
pub(crate) async fn send_batch<C: Carrier, E: Envelope>(
    carrier: &C,
    envelope: E,
    meter: &Meter,
    items: HashMap<usize, Item>,
    retries: &mut Retries<'_>,
) -> (E, Vec<(usize, Error)>) {
    let mut open: Vec<usize> = items.keys().copied().collect();
    open.sort_unstable();
    let mut batch = Batch {
        carrier,
        envelope,
        meter,
        items,
        open,
        again: Vec::new(),
        failed: Vec::new(),
        renewed: false,
        client_request_id: super::new_request_id(),
        max_attempts: retries.options().max_attempts,
        retry: retries.options().clone(),
    };
    // It gives up on calls, never on the batch.
    let _ = repeat(&mut batch, retries).await;
    (batch.envelope, batch.failed)
}

impl<C: Carrier, E: Envelope> Attempts for Batch<'_, C, E> {
    type Output = ();

    /// Sends rounds until a call must be waited for.
    async fn attempt(&mut self, retries: &mut Retries<'_>) -> Result<(), Box<Failure>> {
        self.reopen(retries);
        while !self.open.is_empty() {
            let permits = self.acquire_mailboxes(retries).await;
            if self.open.is_empty() {
                break;
            }
            let replies = self.post(retries).await;
            // A permit is for calls in flight, not for those that wait.
            drop(permits);
            let sent = mem::take(&mut self.open);
            match replies {
                Ok(replies) => self.take_up(sent, replies, retries).await,
                Err(error) => self.fail_all(&sent, &error),
            }
            if let Some(longest) = self.longest_wait() {
                return Err(longest);
            }
        }
        Ok(())
    }

    /// Whether each of the calls may be repeated was decided before.
    fn is_idempotent(&self) -> bool {
        true
    }

    /// Fails the calls whose wait does not fit. The others have shorter ones.
    fn give_up(&mut self, failure: Box<Failure>, retries: &Retries<'_>) -> Result<Box<Failure>, Box<Failure>> {
        let (hopeless, left): (Vec<_>, Vec<_>) =
            mem::take(&mut self.again).into_iter().partition(|(_, other)| is_same_wait(other, &failure));
        self.again = left;
        for (number, failure) in hopeless {
            self.fail(number, failure, retries);
        }
        match self.longest_wait() {
            Some(next) => Ok(next),
            // What can be sent at once is left to the next round.
            None if !self.open.is_empty() => Ok(Box::new(at_once(Failure::new(failure.kind, "")))),
            None => Err(failure),
        }
    }
}

impl<C: Carrier, E: Envelope> Batch<'_, C, E> {
    /// Opens the calls that have waited. Another's wait may have outlasted a call's own time.
    fn reopen(&mut self, retries: &Retries<'_>) {
        for (number, failure) in mem::take(&mut self.again) {
            if self.items.get(&number).is_some_and(|item| item.has_time(retries.elapsed(), None)) {
                self.open.push(number);
            } else {
                self.fail(number, failure, retries);
            }
        }
        self.open.sort_unstable();
    }

    /// The failure that is to be waited for next: what can go at once does not hold up what must wait.
    fn longest_wait(&self) -> Option<Box<Failure>> {
        let (_, longest) = self.again.iter().max_by_key(|(_, failure)| (wait_rank(failure), failure.retry_after))?;
        let mut failure = Failure::new(longest.kind, "");
        failure.repeat = longest.repeat;
        failure.retry_after = longest.retry_after;
        failure.status = longest.status;
        Some(Box::new(failure))
    }

    /// Waits for the mailboxes of the calls that are open. Those to a mailbox that stays blocked for too long fail, and so
    /// do those that wait for them.
    async fn acquire_mailboxes(&mut self, retries: &Retries<'_>) -> BatchPermits {
        let limit =
            self.total_limit(&self.open).map_or(self.retry.max_elapsed, |limit| limit.min(self.retry.max_elapsed));
        let max_wait = limit.saturating_sub(retries.elapsed());
        let mailbox = |number: &usize| self.items.get(number).and_then(|item| item.call.mailbox.as_deref());
        let mailboxes = self.open.iter().filter_map(mailbox);
        let (permits, blocked) = self.carrier.limiters().acquire_mailboxes(mailboxes, max_wait).await;
        let mut refused: Vec<(usize, Duration)> = Vec::new();
        for (blocked, BlockedFor(wait)) in blocked {
            let numbers = self.open.iter().filter(|number| mailbox(number) == Some(blocked));
            refused.extend(numbers.map(|number| (*number, wait)));
        }
        for (number, wait) in refused {
            self.open.retain(|open| *open != number);
            let Some(item) = self.items.get(&number) else { continue };
            let error = Call::blocked(wait).into_error();
            let error = error.with_client_request_id(item.call.client_request_id.clone()).during(item.call.describe());
            self.failed.push((number, error));
        }
        // In order, so that a whole chain is found.
        for number in mem::take(&mut self.open) {
            match self.failed_before(number) {
                Some(error) => self.failed.push((number, error)),
                None => self.open.push(number),
            }
        }
        permits
    }

    /// The longest total time of these calls. `None` when one of them has no limit.
    fn total_limit(&self, numbers: &[usize]) -> Option<Duration> {
        let items = numbers.iter().filter_map(|number| self.items.get(number));
        let limits: Option<Vec<Duration>> = items.map(|item| item.call.total_limit).collect();
        limits?.into_iter().max()
    }

    /// One request that carries the calls that are open.
    async fn post(&mut self, retries: &Retries<'_>) -> Result<HashMap<usize, Response>> {
        let open: Vec<(usize, &Item)> =
            self.open.iter().filter_map(|number| Some((*number, self.items.get(number)?))).collect();
        let numbered: Vec<Numbered<'_>> = open
            .iter()
            .map(|(number, item)| Numbered {
                number: *number,
                call: &item.call,
                // What has succeeded before need not be named, and is not in this round.
                after: item.after.iter().copied().filter(|before| self.open.contains(before)).collect(),
            })
            .collect();
        let mut call = self.envelope.wrap(&numbered)?;
        call.is_idempotent = open.iter().all(|(_, item)| item.call.is_idempotent);
        call.is_safe = open.iter().all(|(_, item)| item.call.is_safe);
        call.time_limit = open.iter().map(|(_, item)| item.call.time_limit).max().unwrap_or(call.time_limit);
        // It goes on while one call in it has time.
        call.total_limit = self.total_limit(&self.open).map(|most| most.saturating_sub(retries.elapsed()));
        call.retry.clone_from(&self.retry);
        call.client_request_id.clone_from(&self.client_request_id);
        let response = self.carrier.execute(&call, self.meter).await?;
        // The calls were carried out, whatever can be made of the response.
        let lost = |error: Error| error.with_outcome_unknown(!call.is_safe).during(call.describe());
        self.envelope.unwrap(&response).map_err(lost)
    }

    /// Decides on each call that a round carried. In order, so that what a call waits for is known before it.
    async fn take_up(&mut self, sent: Vec<usize>, mut replies: HashMap<usize, Response>, retries: &Retries<'_>) {
        let mut stale = Vec::new();
        let mut dependent = Vec::new();
        let mut limits: HashMap<Limit, Duration> = HashMap::new();
        for number in &sent {
            let Some(item) = self.items.get(number) else { continue };
            let failure = match replies.remove(number) {
                None => left_out(),
                Some(reply) => match item.call.judge(&reply) {
                    None => {
                        self.succeed(*number, reply);
                        continue;
                    }
                    Some(failure) => failure,
                },
            };
            if failure.kind == ErrorKind::Throttled || failure.status == Some(503) {
                let wait = failure.retry_after.unwrap_or(self.retry.initial_delay);
                let limit =
                    Limit::of_call_in_batch(item.call.service, item.call.mailbox.as_deref(), failure.is_of_application);
                if let Some(limit) = limit {
                    let longest = limits.entry(limit).or_insert(wait);
                    *longest = wait.max(*longest);
                }
            }
            let is_left = failure.repeat == Repeat::AfterReplication
                || retries.counted() < item.call.retry.max_attempts.min(self.max_attempts);
            if failure.renew_token && !self.renewed {
                stale.push((*number, failure));
            } else if failure.status == Some(424) && item.after.iter().any(|before| sent.contains(before)) {
                dependent.push((*number, failure));
            } else if failure.repeat.is_allowed(item.call.is_idempotent)
                && is_left
                && item.has_time(retries.elapsed(), failure.retry_after)
            {
                self.again.push((*number, failure));
            } else {
                self.fail(*number, failure, retries);
            }
        }
        // The others learn of it too, as they do of a call that is turned away by itself; a round is one event.
        for (limit, wait) in limits {
            self.carrier.limiters().block(&limit, wait);
        }
        self.renew(stale).await;
        for (number, failure) in dependent {
            if let Some(error) = self.failed_before(number) {
                self.failed.push((number, error));
            } else if retries.counted() < self.max_attempts {
                self.again.push((number, at_once(failure)));
            } else {
                self.fail(number, failure, retries);
            }
        }
    }

    /// Sent alone, a call goes the way of every other call, which renews the token; the others then use it.
    async fn renew(&mut self, stale: Vec<(usize, Failure)>) {
        let mut stale = stale.into_iter();
        let Some((first, _)) = stale.next() else { return };
        self.renewed = true;
        if let Some(item) = self.items.get(&first) {
            match self.carrier.execute(&item.call, self.meter).await {
                Ok(response) => self.succeed(first, response),
                Err(error) => self.failed.push((first, error)),
            }
        }
        self.open.extend(stale.map(|(number, _)| number));
    }

    fn succeed(&mut self, number: usize, response: Response) {
        let Some(item) = self.items.get_mut(&number) else { return };
        match self.envelope.take(number, &item.call, response) {
            Ok(None) => {}
            Ok(Some(next)) => {
                item.call.url = next;
                self.open.push(number);
            }
            Err(error) => {
                let id = item.call.client_request_id.clone();
                self.failed.push((number, error.with_client_request_id(id).during(item.call.describe())));
            }
        }
    }

    fn fail(&mut self, number: usize, failure: Failure, retries: &Retries<'_>) {
        let Some(item) = self.items.get(&number) else { return };
        let outcome_unknown = failure.outcome_unknown && !item.call.is_safe;
        let error = failure
            .into_error()
            .with_outcome_unknown(outcome_unknown)
            .with_client_request_id(item.call.client_request_id.clone())
            .with_attempts(retries.attempt(), retries.elapsed())
            .during(item.call.describe());
        self.failed.push((number, error));
    }

    /// The whole batch failed: so does every call in it, and a read in it leaves nothing in doubt.
    fn fail_all(&mut self, numbers: &[usize], error: &Error) {
        for number in numbers {
            let is_safe = self.items.get(number).is_some_and(|item| item.call.is_safe);
            let error = error.clone().with_outcome_unknown(error.is_outcome_unknown() && !is_safe);
            self.failed.push((*number, error));
        }
    }

    /// The error of a call that waits for one that has failed.
    fn failed_before(&self, number: usize) -> Option<Error> {
        let item = self.items.get(&number)?;
        let (_, cause) = self.failed.iter().find(|(other, _)| item.after.contains(other))?;
        Some(failed_dependency(&item.call, cause.clone()))
    }
}

impl Item {
    /// Whether another attempt begins within the time that the caller gave the call.
    fn has_time(&self, elapsed: Duration, wait: Option<Duration>) -> bool {
        self.call.total_limit.is_none_or(|limit| elapsed.saturating_add(wait.unwrap_or_default()) < limit)
    }
}

/// The error of a call that was not carried out because one that it waits for failed.
pub(crate) fn failed_dependency(call: &Call, cause: Error) -> Error {
    Error::new(ErrorKind::Service, "it was not carried out, because a request that it waits for failed")
        .with_status(424)
        .with_code(Some("FailedDependency".to_owned()))
        .with_source(cause)
        .during(call.describe())
}

fn left_out() -> Failure {
    let mut failure = Failure::new(ErrorKind::Interrupted, "the response to the batch leaves this request out");
    failure.repeat = Repeat::IfIdempotent;
    failure.outcome_unknown = true;
    failure
}

fn at_once(mut failure: Failure) -> Failure {
    failure.repeat = Repeat::AtOnce;
    failure
}

fn is_same_wait(one: &Failure, other: &Failure) -> bool {
    one.retry_after == other.retry_after && wait_rank(one) == wait_rank(other)
}

/// What must be waited for comes before what can go at once.
fn wait_rank(failure: &Failure) -> u8 {
    match failure.repeat {
        Repeat::AtOnce => 0,
        Repeat::AfterReplication => 1,
        _ => 2,
    }
}
