//! `$batch`: many requests in few.

mod plan;
mod wire;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use url::Url;

use self::plan::Node;
use self::wire::{Item, Requests};
use super::Operation;
use crate::client::Client;
use crate::cloud::{self, Service};
use crate::error::{Error, ErrorKind, Result};
use crate::graph;
use crate::http::{
    self, Body, Call, Envelope, Failure, Numbered, Response, RetryOptions, failed_dependency, send_batch,
};
use crate::ids::InvalidValue;
use crate::operation::{Outgoing, Read};

/// Batches in flight, unless the caller says otherwise.
const IN_FLIGHT: usize = 4;

/// Many requests in few. Made by [`Client::batch`].
///
/// Any number of operations of any type is cut into batches of twenty, of which four are in flight at once. Each
/// operation has a response of its own: one's failure is not another's. What is throttled is sent again alone, after the
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
/// // BatchResponses of different types, by handle.
/// let mut batch = client.batch();
/// let organization = batch.add(client.organization().get());
/// let rooms = batch.add(client.rooms().list().page_size(5));
/// let mut responses = batch.send().await;
/// assert!(!responses.take(organization)?.id.is_empty());
/// assert_eq!(responses.take(rooms)?.items.len(), 5);
///
/// // BatchResponses of one type, in order. Any other request is typed by the caller.
/// let responses = client.batch().run(["nobody", &tenant.rooms()[0]].map(|user| client.users().get(user))).await;
/// assert!(responses[0].is_err() && responses[1].is_ok());
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

/// The permit of one operation in a batch, to be named in [`Batch::add_after`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchId {
    batch: u64,
    index: usize,
}

/// The claim to the response of one operation in a batch.
#[must_use = "the response is got by the handle"]
pub struct BatchHandle<T> {
    id: BatchId,
    read: Read<T>,
}

impl<T> BatchHandle<T> {
    /// The operation's permit, to be named in [`Batch::add_after`].
    #[must_use]
    pub fn id(&self) -> BatchId {
        self.id
    }
}

impl<T> fmt::Debug for BatchHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BatchHandle").field(&self.id).finish()
    }
}

impl Batch {
    pub(crate) fn new(client: Client) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let retry = client.pipeline.transport.retry().clone();
        Self { client, number, entries: Vec::new(), retry, in_flight: IN_FLIGHT }
    }

    /// Adds an operation, or the first page of a list. What is wrong with it becomes its response.
    pub fn add<T>(&mut self, operation: impl Into<Operation<T>>) -> BatchHandle<T> {
        self.add_after(&[], operation)
    }

    /// Adds an operation that is carried out only after others have succeeded.
    ///
    /// If one of them fails, so does this, with the code `FailedDependency` and their error as its source.
    pub fn add_after<T>(&mut self, after: &[BatchId], operation: impl Into<Operation<T>>) -> BatchHandle<T> {
        let id = BatchId { batch: self.number, index: self.entries.len() };
        let (outgoing, read) = operation.into().into_parts();
        let Outgoing { client, call, .. } = outgoing;
        self.entries.push(call.and_then(|call| self.entry(&client, call, after)));
        BatchHandle { id, read }
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
                let node = Node { version, is_idempotent: call.is_idempotent, after };
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

    /// Sends operations of one type and gives their responses in their order: for a batch that nothing was added to. What
    /// was added before is sent as well, and its responses are lost.
    pub async fn run<T, O: Into<Operation<T>>>(mut self, operations: impl IntoIterator<Item = O>) -> Vec<Result<T>> {
        let handles: Vec<BatchHandle<T>> = operations.into_iter().map(|operation| self.add(operation)).collect();
        let mut responses = self.send().await;
        handles.into_iter().map(|handle| responses.take(handle)).collect()
    }

    /// Sends everything. Each operation has its response, or its error.
    pub async fn send(self) -> BatchResponses {
        let Self { client, number, entries, retry, in_flight } = self;
        let mut slots: Vec<Slot> = entries.iter().map(Slot::of).collect();
        // What is refused takes no place in a batch. The others' numbers stay.
        let nodes: Vec<Node> =
            entries.iter().map(|entry| entry.as_ref().map_or_else(|_| refused(), |e| e.node.clone())).collect();
        let mut entries: Vec<Option<Entry>> = entries.into_iter().map(Result::ok).collect();
        for stage in plan::cut(&nodes) {
            let parts: Vec<Vec<(usize, Entry)>> = stage
                .into_iter()
                .map(|part| ready(part, &mut entries, &mut slots))
                .filter(|part| !part.is_empty())
                .collect();
            let sent = parts.into_iter().map(|part| send_part(&client, part, retry.clone()));
            let mut sent = stream::iter(sent).buffer_unordered(in_flight);
            while let Some(results) = sent.next().await {
                for (index, result) in results {
                    slots[index].response = Some(result);
                }
            }
        }
        BatchResponses { client, batch: number, slots }
    }
}

/// The requests of a part that can be sent. The others fail with what they wait for.
fn ready(part: Vec<usize>, entries: &mut [Option<Entry>], slots: &mut [Slot]) -> Vec<(usize, Entry)> {
    let mut ready = Vec::with_capacity(part.len());
    for index in part {
        let Some(entry) = entries[index].take() else { continue };
        let failed = entry.node.after.iter().find_map(|&before| slots[before].response.as_ref()?.as_ref().err());
        if let Some(cause) = failed {
            let error = failed_dependency(&entry.call, cause.clone());
            slots[index].response = Some(Err(error));
        } else {
            ready.push((index, entry));
        }
    }
    ready
}

/// Sends one part until each of its requests has a response or an error.
async fn send_part(client: &Client, part: Vec<(usize, Entry)>, retry: RetryOptions) -> Vec<(usize, Result<Response>)> {
    let version = part.first().map_or("v1.0", |(_, entry)| entry.node.version);
    let root = &client.pipeline.cloud.endpoint(Service::Graph).url;
    let url = cloud::join(root, &format!("/{version}/$batch"));
    let mut envelope = Part { url, items: HashMap::new(), responses: Vec::new() };
    let mut calls = HashMap::new();
    for (index, Entry { call, item, node }) in part {
        envelope.items.insert(index, item);
        calls.insert(index, http::Item { call, after: node.after });
    }
    let mut retries = client.pipeline.retries(retry, &client.meter);
    let (envelope, failed) = send_batch(&*client.pipeline, envelope, &client.meter, calls, &mut retries).await;
    let failed = failed.into_iter().map(|(index, error)| (index, Err(error)));
    envelope.responses.into_iter().map(|(index, response)| (index, Ok(response))).chain(failed).collect()
}

/// Up to twenty requests as Graph takes them.
struct Part {
    url: Url,
    items: HashMap<usize, Item>,
    responses: Vec<(usize, Response)>,
}

impl Envelope for Part {
    fn wrap(&mut self, calls: &[Numbered<'_>]) -> Result<Call> {
        let requests = calls.iter().filter_map(|call| {
            Some(wire::Numbered {
                id: call.number.to_string(),
                depends_on: call.after.iter().map(usize::to_string).collect(),
                item: self.items.get(&call.number)?,
            })
        });
        let body = serde_json::to_vec(&Requests { requests: requests.collect() }).map_err(|error| {
            Error::from(InvalidValue::new("batch", "", "must serialise to JSON")).with_source(error)
        })?;
        let operation = format!("send a batch of {} requests", calls.len());
        let call = Call::new(Service::Graph, Method::POST, self.url.clone(), classify);
        let mut call = call.named("send a batch", operation);
        call.body = Body::Json(Bytes::from(body));
        Ok(call)
    }

    fn unwrap(&mut self, response: &Response) -> Result<HashMap<usize, Response>> {
        wire::replies(response)
    }

    fn take(&mut self, number: usize, _: &Call, response: Response) -> Result<Option<Url>> {
        self.responses.push((number, response));
        Ok(None)
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("len", &self.entries.len()).finish_non_exhaustive()
    }
}

/// The responses of a batch. Each is taken by its handle.
pub struct BatchResponses {
    client: Client,
    batch: u64,
    slots: Vec<Slot>,
}

struct Slot {
    operation: String,
    response: Option<Result<Response>>,
}

impl Slot {
    fn of(entry: &Result<Entry>) -> Self {
        match entry {
            Ok(entry) => Self { operation: entry.call.describe().into_owned(), response: None },
            Err(error) => Self { operation: error.operation().to_owned(), response: Some(Err(error.clone())) },
        }
    }
}

impl BatchResponses {
    /// The response of one operation.
    ///
    /// # Errors
    ///
    /// What the operation by itself would give; [`ErrorKind::Input`] for the handle of another batch.
    pub fn take<T>(&mut self, handle: BatchHandle<T>) -> Result<T> {
        let BatchHandle { id, read } = handle;
        let slot = self.slots.get_mut(id.index).filter(|_| id.batch == self.batch);
        let Some(slot) = slot else {
            return Err(InvalidValue::new("handle", "", "must be a handle of the batch that was sent").into());
        };
        let lost = || Err(Error::new(ErrorKind::Decode, "the batch lost a request").with_outcome_unknown(true));
        let response = slot.response.take().unwrap_or_else(lost);
        read(response).map_err(|error| self.client.pipeline.redact(error).during(slot.operation.clone()))
    }
}

impl fmt::Debug for BatchResponses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchResponses").field("len", &self.slots.len()).finish_non_exhaustive()
    }
}

/// Takes the permit of a request that was refused before it was sent.
fn refused() -> Node {
    Node { version: "v1.0", is_idempotent: true, after: Vec::new() }
}

/// The whole is answered with 200 even if each request failed, and was seen with 424. Then its body counts.
fn classify(response: &Response) -> Option<Failure> {
    if response.status() == 424 && wire::replies(response).is_ok() {
        return None;
    }
    graph::classify(response)
}
impl Client {
    /// Many requests in few: they are sent twenty at a time, and each has a response of its own.
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone())
    }
}
