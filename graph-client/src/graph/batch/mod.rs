//! `$batch`: many requests in few.

mod plan;
mod wire;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::Method;

use self::plan::Node;
use self::wire::{Item, Numbered, Requests};
use super::Operation;
use super::operation::Read;
use crate::client::Client;
use crate::cloud::{self, Service};
use crate::error::{Error, ErrorKind, Result};
use crate::graph;
use crate::http::{BatchPass, Body, Call, ClosedFor, Failure, Progress, Repeat, Response, Retries, RetryOptions};
use crate::ids::InvalidValue;

/// Batches in flight, unless the caller says otherwise.
const IN_FLIGHT: usize = 4;

/// Many requests in few. Made by [`Client::batch`].
///
/// Any number of operations of any type is cut into batches of twenty, of which four are in flight at once. Each
/// operation has an answer of its own: one's failure is not another's. What is throttled is sent again alone, after the
/// longest wait that was asked for; what may have happened is sent again only if the operation is idempotent. An error
/// carries the request id of its own request.
///
/// An operation can wait for others by [`add_after`](Self::add_after): if one of those fails it is not carried out.
/// Requests to `/v1.0` and `/beta`, and reads and writes, may be mixed: they go in different batches. Without
/// [`add_after`](Self::add_after) nothing is said about which is carried out first.
///
/// Headers and preferences go with each operation. The time limit of a batch is the longest of its operations'; an
/// operation whose own total time is over is not sent again.
///
/// # Examples
///
/// ```
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # rt.block_on(async {
/// # use graph_client::{Client, ClientSecret, Cloud};
/// use graph_client::Method;
/// # let tenant = fake_tenant::FakeTenant::contoso();
/// # let server = tenant.serve().await?;
/// # let app = tenant.administrator();
/// # let client = Client::builder()
/// #     .tenant(tenant.domain())
/// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
/// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
/// #     .build()?;
///
/// // Answers of different types, by handle.
/// let mut batch = client.batch();
/// let organization = batch.add(client.organization().get());
/// let rooms = batch.add(client.rooms().list().page_size(5));
/// let mut answers = batch.send().await;
/// assert!(!answers.take(organization)?.id.is_empty());
/// assert_eq!(answers.take(rooms)?.items.len(), 5);
///
/// // Answers of one type, in order. Any other request is typed by the caller.
/// let answers = client.batch().run(["nobody", &tenant.rooms()[0]].map(|user| client.users().get(user))).await;
/// assert!(answers[0].is_err() && answers[1].is_ok());
/// let nothing = client.request(Method::GET, "/v1.0/nothing").typed::<serde_json::Value>();
/// assert!(client.batch().run([nothing]).await[0].is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "a batch does nothing until it is sent"]
pub struct Batch {
    client: Client,
    /// Tells the handles of one batch from those of another.
    number: u64,
    entries: Vec<Result<Entry>>,
    retry: RetryOptions,
    in_flight: usize,
}

struct Entry {
    call: Box<Call>,
    item: Item,
    node: Node,
}

/// The place of one operation in a batch, to be named in [`Batch::add_after`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchId {
    batch: u64,
    index: usize,
}

/// The claim to the answer of one operation in a batch.
#[must_use = "the answer is got by the handle"]
pub struct Handle<T> {
    id: BatchId,
    read: Read<T>,
}

impl<T> Handle<T> {
    /// The operation's place, to be named in [`Batch::add_after`].
    #[must_use]
    pub fn id(&self) -> BatchId {
        self.id
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.id).finish()
    }
}

impl Batch {
    pub(crate) fn new(client: Client) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let retry = client.pipeline.transport.retry().clone();
        Self { client, number, entries: Vec::new(), retry, in_flight: IN_FLIGHT }
    }

    /// Adds an operation, or the first page of a list. What is wrong with it becomes its answer.
    pub fn add<T>(&mut self, operation: impl Into<Operation<T>>) -> Handle<T> {
        self.add_after(&[], operation)
    }

    /// Adds an operation that is carried out only after others have succeeded.
    ///
    /// If one of them fails, so does this, with the code `FailedDependency` and their error as its source.
    pub fn add_after<T>(&mut self, after: &[BatchId], operation: impl Into<Operation<T>>) -> Handle<T> {
        let id = BatchId { batch: self.number, index: self.entries.len() };
        let (request, read) = operation.into().into_parts();
        let (client, call, _) = request.into_parts();
        self.entries.push(call.and_then(|call| self.entry(&client, call, after)));
        Handle { id, read }
    }

    fn entry(&self, client: &Client, call: Box<Call>, after: &[BatchId]) -> Result<Entry> {
        let check = || {
            let invalid = |rule: &'static str| Err(InvalidValue::new("request", call.url.path(), rule).into());
            // It would be sent with this client's token.
            if !Arc::ptr_eq(&client.pipeline, &self.client.pipeline) {
                return invalid("must be a request of the client that made the batch");
            }
            if after.iter().any(|id| id.batch != self.number) {
                return invalid("must wait for requests of its own batch only");
            }
            Item::of(&call, &self.client.pipeline.cloud.endpoint(Service::Graph).url)
        };
        match check() {
            Err(error) => Err(error.during(call.describe())),
            Ok((item, version)) => {
                let mut after: Vec<usize> = after.iter().map(|id| id.index).collect();
                after.sort_unstable();
                after.dedup();
                let node = Node { version, is_safe: call.is_safe, after };
                Ok(Entry { call, item, node })
            }
        }
    }

    /// Overrides the client's retries for the batches. Those of an operation bound its own attempts.
    pub fn retry(mut self, retry: RetryOptions) -> Self {
        self.retry = retry;
        self
    }

    /// How many batches are in flight at once. Default 4.
    pub fn in_flight(mut self, batches: usize) -> Self {
        self.in_flight = batches.max(1);
        self
    }

    /// How many operations were added.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no operation was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Sends operations of one type and gives their answers in their order: for a batch that nothing was added to. What
    /// was added before is sent as well, and its answers are lost.
    pub async fn run<T, O: Into<Operation<T>>>(mut self, operations: impl IntoIterator<Item = O>) -> Vec<Result<T>> {
        let handles: Vec<Handle<T>> = operations.into_iter().map(|operation| self.add(operation)).collect();
        let mut answers = self.send().await;
        handles.into_iter().map(|handle| answers.take(handle)).collect()
    }

    /// Sends everything. Each operation has its answer, or its error.
    pub async fn send(self) -> Answers {
        let mut slots: Vec<Slot> = self.entries.iter().map(Slot::of).collect();
        // What is refused takes no place in a batch. The others' numbers stay.
        let nodes: Vec<Node> =
            self.entries.iter().map(|entry| entry.as_ref().map_or_else(|_| refused(), |e| e.node.clone())).collect();
        for stage in plan::cut(&nodes) {
            let parts: Vec<Vec<usize>> =
                stage.into_iter().map(|part| self.ready(part, &mut slots)).filter(|part| !part.is_empty()).collect();
            let mut sent =
                stream::iter(parts.into_iter().map(|part| self.send_part(part))).buffer_unordered(self.in_flight);
            while let Some(settled) = sent.next().await {
                for (index, result) in settled {
                    slots[index].answer = Some(result);
                }
            }
        }
        Answers { client: self.client.clone(), batch: self.number, slots }
    }

    /// The requests of a part that can be sent. The others fail with what they wait for.
    fn ready(&self, part: Vec<usize>, slots: &mut [Slot]) -> Vec<usize> {
        let mut ready = Vec::with_capacity(part.len());
        for index in part {
            let Ok(entry) = &self.entries[index] else { continue };
            let failed = entry.node.after.iter().find_map(|&before| slots[before].answer.as_ref()?.as_ref().err());
            if let Some(cause) = failed {
                let error = failed_dependency(entry, cause.clone());
                slots[index].answer = Some(Err(error));
            } else {
                ready.push(index);
            }
        }
        ready
    }

    fn find(&self, index: usize) -> Option<&Entry> {
        self.entries[index].as_ref().ok()
    }

    /// Sends one part until each of its requests is settled.
    async fn send_part(&self, mut open: Vec<usize>) -> Vec<(usize, Result<Response>)> {
        let mut settled: Vec<(usize, Result<Response>)> = Vec::with_capacity(open.len());
        let mut retries = Retries::start(&self.retry);
        while !open.is_empty() {
            let pass = self.enter_mailboxes(&mut open, &retries, &mut settled).await;
            if open.is_empty() {
                break;
            }
            let mut replies = match self.post(&open, retries.elapsed()).await {
                Ok(replies) => replies,
                Err(error) => {
                    settled.extend(open.iter().map(|&index| (index, Err(self.of_envelope(index, &error)))));
                    break;
                }
            };
            // A place is for requests in flight, not for those that wait.
            drop(pass);
            let mut again: Vec<(usize, Failure)> = Vec::new();
            let mut dependent: Vec<(usize, Failure)> = Vec::new();
            // In order, so that what a request waits for is known before it.
            for &index in &open {
                let Some(entry) = self.find(index) else { continue };
                let failure = match replies.remove(&index) {
                    None => missing(),
                    Some(reply) => match entry.call.judge(&reply) {
                        None => {
                            settled.push((index, Ok(reply)));
                            continue;
                        }
                        Some(failure) => failure,
                    },
                };
                if failure.kind == ErrorKind::Throttled {
                    let wait = failure.retry_after.unwrap_or(self.retry.base);
                    let mailbox = entry.call.mailbox.as_deref();
                    self.client.pipeline.gate.throttled_in_batch(mailbox, wait, failure.is_of_application);
                }
                let has_attempts =
                    failure.repeat == Repeat::OnceCopied || retries.counted() < entry.call.retry.max_attempts;
                let may = failure.repeat.is_allowed(entry.call.is_safe);
                if failure.renew_token {
                    // Sent alone it goes the way of every other call, which renews the token.
                    let alone = self.client.pipeline.execute(&entry.call, &self.client.meter).await;
                    settled.push((index, alone));
                } else if failure.status == Some(424) && entry.node.after.iter().any(|before| open.contains(before)) {
                    dependent.push((index, failure));
                } else if may && has_attempts && entry.has_time(retries.elapsed(), failure.retry_after) {
                    again.push((index, failure));
                } else {
                    settled.push((index, Err(entry.error(failure, &retries))));
                }
            }
            let waited = self.wait(&mut again, &mut retries, &mut settled).await;
            // Another's wait may have outlasted a request's own time.
            for (index, failure) in std::mem::take(&mut again) {
                match self.find(index) {
                    Some(entry) if !entry.has_time(retries.elapsed(), None) => {
                        settled.push((index, Err(entry.error(failure, &retries))));
                    }
                    _ => again.push((index, failure)),
                }
            }
            open = again.into_iter().map(|(index, _)| index).collect();
            for (index, failure) in dependent {
                let Some(entry) = self.find(index) else { continue };
                match failed_before(entry, &settled) {
                    Some(cause) => settled.push((index, Err(failed_dependency(entry, cause)))),
                    None if waited || retries.attempt() < self.retry.max_attempts => open.push(index),
                    None => settled.push((index, Err(entry.error(failure, &retries)))),
                }
            }
            if !waited {
                retries.count();
            }
            open.sort_unstable();
        }
        settled
    }

    /// Waits for the mailboxes of the requests that are open. Those to a mailbox that stays closed for too long are
    /// settled, and so are those that wait for them.
    async fn enter_mailboxes(
        &self,
        open: &mut Vec<usize>,
        retries: &Retries<'_>,
        settled: &mut Vec<(usize, Result<Response>)>,
    ) -> BatchPass {
        let mailbox = |index: usize| self.find(index).and_then(|entry| entry.call.mailbox.as_deref());
        let limit = self.total_limit(open).map_or(self.retry.budget, |limit| limit.min(self.retry.budget));
        let patience = limit.saturating_sub(retries.elapsed());
        let mailboxes = open.iter().filter_map(|&index| mailbox(index));
        let (pass, closed) = self.client.pipeline.gate.enter_mailboxes(mailboxes, patience).await;
        for (closed, ClosedFor(wait)) in closed {
            open.retain(|&index| {
                let is_open = mailbox(index) != Some(closed);
                if let (false, Some(entry)) = (is_open, self.find(index)) {
                    settled.push((index, Err(entry.call.shut_out(wait, &mut Progress::start()))));
                }
                is_open
            });
        }
        // In order, so that a whole chain is found.
        open.retain(|&index| {
            let Some(entry) = self.find(index) else { return false };
            let Some(cause) = failed_before(entry, settled) else { return true };
            settled.push((index, Err(failed_dependency(entry, cause))));
            false
        });
        pass
    }

    /// The longest total time of these requests. `None` when one of them has no limit.
    fn total_limit(&self, open: &[usize]) -> Option<Duration> {
        let entries = open.iter().filter_map(|&index| self.find(index));
        let limits: Option<Vec<Duration>> = entries.map(|entry| entry.call.total_limit).collect();
        limits?.into_iter().max()
    }

    /// Waits as long as the most patient request asks. Requests whose wait does not fit are settled as they are.
    async fn wait(
        &self,
        again: &mut Vec<(usize, Failure)>,
        retries: &mut Retries<'_>,
        settled: &mut Vec<(usize, Result<Response>)>,
    ) -> bool {
        while let Some((_, longest)) = again.iter().max_by_key(|(_, failure)| failure.retry_after) {
            // Whether each of them may be repeated was decided before.
            if retries.wait(longest, true, &self.client.meter, &self.client.pipeline.allowance).await {
                return true;
            }
            let hint = longest.retry_after;
            let (hopeless, left) =
                std::mem::take(again).into_iter().partition(|(_, failure)| failure.retry_after == hint);
            *again = left;
            let hopeless: Vec<(usize, Failure)> = hopeless;
            for (index, failure) in hopeless {
                if let Some(entry) = self.find(index) {
                    settled.push((index, Err(entry.error(failure, retries))));
                }
            }
        }
        false
    }

    /// One request that carries those that are open.
    async fn post(&self, open: &[usize], elapsed: Duration) -> Result<HashMap<usize, Response>> {
        let entries: Vec<(usize, &Entry)> = open.iter().filter_map(|&index| Some((index, self.find(index)?))).collect();
        let version = entries.first().map_or("v1.0", |(_, entry)| entry.node.version);
        let url = cloud::join(&self.client.pipeline.cloud.endpoint(Service::Graph).url, &format!("/{version}/$batch"));
        let requests = entries.iter().map(|(index, entry)| Numbered {
            id: index.to_string(),
            // What has succeeded before need not be named, and is not in this batch.
            depends_on: entry.node.after.iter().filter(|before| open.contains(before)).map(usize::to_string).collect(),
            item: &entry.item,
        });
        let body = serde_json::to_vec(&Requests { requests: requests.collect() }).map_err(|error| {
            Error::from(InvalidValue::new("batch", "", "must serialise to JSON")).with_source(error)
        })?;
        let operation = format!("send a batch of {} requests", entries.len());
        let mut call = Call::new(Service::Graph, Method::POST, url, classify).named("send a batch", operation);
        call.body = Body::Json(Bytes::from(body));
        call.is_safe = entries.iter().all(|(_, entry)| entry.call.is_safe);
        call.is_read = entries.iter().all(|(_, entry)| entry.call.is_read);
        call.time_limit = entries.iter().map(|(_, entry)| entry.call.time_limit).max().unwrap_or(call.time_limit);
        // It goes on while one request in it has time.
        call.total_limit = self.total_limit(open).map(|most| most.saturating_sub(elapsed));
        call.retry.clone_from(&self.retry);
        let response = self.client.pipeline.execute(&call, &self.client.meter).await?;
        wire::replies(&response).map_err(|error| error.with_outcome_unknown(!call.is_read).during(call.describe()))
    }

    /// What the failure of a whole batch means for one of its requests.
    fn of_envelope(&self, index: usize, error: &Error) -> Error {
        let is_read = self.find(index).is_some_and(|entry| entry.call.is_read);
        error.clone().with_outcome_unknown(error.is_outcome_unknown() && !is_read)
    }
}

impl Entry {
    /// Whether another attempt begins within the time that the caller gave the request.
    fn has_time(&self, elapsed: Duration, wait: Option<Duration>) -> bool {
        self.call.total_limit.is_none_or(|limit| elapsed.saturating_add(wait.unwrap_or_default()) < limit)
    }

    fn error(&self, failure: Failure, retries: &Retries<'_>) -> Error {
        let in_doubt = failure.in_doubt && !self.call.is_read;
        failure
            .into_error()
            .with_outcome_unknown(in_doubt)
            .with_client_request_id(self.call.client_request_id.clone())
            .with_attempts(retries.attempt(), retries.elapsed())
            .during(self.call.describe())
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("len", &self.entries.len()).finish_non_exhaustive()
    }
}

/// The answers of a batch. Each is taken by its handle.
pub struct Answers {
    client: Client,
    batch: u64,
    slots: Vec<Slot>,
}

struct Slot {
    operation: String,
    answer: Option<Result<Response>>,
}

impl Slot {
    fn of(entry: &Result<Entry>) -> Self {
        match entry {
            Ok(entry) => Self { operation: entry.call.describe().into_owned(), answer: None },
            Err(error) => Self { operation: error.operation().to_owned(), answer: Some(Err(error.clone())) },
        }
    }
}

impl Answers {
    /// The answer of one operation.
    ///
    /// # Errors
    ///
    /// What the operation by itself would give; [`ErrorKind::Input`] for the handle of another batch.
    pub fn take<T>(&mut self, handle: Handle<T>) -> Result<T> {
        let Handle { id, read } = handle;
        let slot = self.slots.get_mut(id.index).filter(|_| id.batch == self.batch);
        let Some(slot) = slot else {
            return Err(InvalidValue::new("handle", "", "must be a handle of the batch that was sent").into());
        };
        let lost = || Err(Error::new(ErrorKind::Decode, "the batch lost a request").with_outcome_unknown(true));
        let answer = slot.answer.take().unwrap_or_else(lost);
        read(answer).map_err(|error| self.client.pipeline.redact(error).during(slot.operation.clone()))
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").field("len", &self.slots.len()).finish_non_exhaustive()
    }
}

/// Takes the place of a request that was refused before it was sent.
fn refused() -> Node {
    Node { version: "v1.0", is_safe: true, after: Vec::new() }
}

/// The whole is answered with 200 even if each request failed, and was seen with 424. Then its body counts.
fn classify(response: &Response) -> Option<Failure> {
    if response.status() == 424 && wire::replies(response).is_ok() {
        return None;
    }
    graph::classify(response)
}

fn missing() -> Failure {
    let mut failure = Failure::new(ErrorKind::Interrupted, "the answer to the batch leaves this request out");
    failure.repeat = Repeat::IfSafe;
    failure.in_doubt = true;
    failure
}

/// The error of a request that this one waits for, if one of them has failed.
fn failed_before(entry: &Entry, settled: &[(usize, Result<Response>)]) -> Option<Error> {
    let mut before = settled.iter().filter(|(other, _)| entry.node.after.contains(other));
    before.find_map(|(_, result)| result.as_ref().err().cloned())
}

fn failed_dependency(entry: &Entry, cause: Error) -> Error {
    Error::new(ErrorKind::Service, "it was not carried out, because a request that it waits for failed")
        .with_status(424)
        .with_code(Some("FailedDependency".to_owned()))
        .with_source(cause)
        .during(entry.call.describe())
}

impl Client {
    /// Many requests in few: they are sent twenty at a time, and each has an answer of its own.
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone())
    }
}
