use std::collections::VecDeque;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use url::Url;

use super::list::{Row, not_a_record};
use super::pages::{Reader, saved_link};
use super::query::Query;
use super::{Change, Filter, Removed, Support};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::request::graph_options;
use crate::graph::{self, Record, Request};
use crate::http::{Failure, Response};
use crate::ids::InvalidValue;
use crate::operation::call_options;

/// A delta query: everything once, and from then on what has changed.
///
/// The first round gives every object and ends with a link. Save the link, and give it to [`since`](Self::since) for
/// the next round, which gives what changed in between. Await it for a whole round at once, or turn it into a stream of
/// [`DeltaEvent`]s; [`into_pages`](Self::into_pages) is for rounds that are to be resumed in the middle.
///
/// - **Replays are normal.** The same change may come twice, in one round or in two, and an object may come that has
///   not changed. Apply changes by id so that a second time does nothing.
/// - **The service can lose track**: after 7 days in the directory, and whenever it likes in Outlook. Then the round
///   becomes a full one, which the caller sees as [`DeltaEvent::Resync`] or [`DeltaRound::is_resync`]: what is kept from
///   before and does not come again is gone. This happens once at most in a round; a second loss is an error of kind
///   [`ErrorKind::Expired`].
/// - The query is a part of the link. Headers and preferences are not: set them in every round, and the query as well,
///   because a round that becomes a full one may have to begin with it again.
///
/// Everything that is true of a [`List`](crate::List) is true here: one page is read ahead, links are followed on the
/// service's origin only, and a page that cannot be read is an error.
///
/// # Examples
///
/// ```
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # rt.block_on(async {
/// # use graph_client::{Client, ClientSecret, Cloud};
/// use futures_util::TryStreamExt;
/// use graph_client::{DeltaEvent, Method};
/// # let tenant = fake_tenant::FakeTenant::contoso();
/// # let server = tenant.serve().await?;
/// # let app = tenant.administrator();
/// # let client = Client::builder()
/// #     .tenant(tenant.domain())
/// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
/// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
/// #     .build()?;
///
/// let mut saved: Option<String> = None;
/// for _round in 0..2 {
///     let mut groups = client.request(Method::GET, "/v1.0/groups/delta").delta::<serde_json::Value>();
///     if let Some(link) = &saved {
///         groups = groups.since(link);
///     }
///     let mut events = groups.into_stream();
///     while let Some(event) = events.try_next().await? {
///         match event {
///             DeltaEvent::Changed(group) => println!("{group} is new or changed"),
///             DeltaEvent::Removed(group) => println!("{} is gone", group.id),
///             DeltaEvent::Resync(_) => println!("everything comes again; forget what does not"),
///             DeltaEvent::Link(link) => saved = Some(link),
///             _ => {}
///         }
///     }
/// }
/// # assert!(saved.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "a delta query does nothing until it is awaited or streamed"]
pub struct Delta<T> {
    request: Request,
    query: Query,
    support: Support,
    from: Option<String>,
    from_now: bool,
    row: Row<T>,
}

impl<T> Delta<T> {
    pub(crate) fn new(request: Request) -> Self {
        let support = request.url().map_or(Support::UNKNOWN, |url| Support::of_delta(url.path()));
        Self { request, query: Query::default(), support, from: None, from_now: false, row: None }
    }

    /// The query with each object checked: one without its id is an error.
    pub(crate) fn of_records(mut self) -> Self
    where
        T: Record,
    {
        self.row = Some(Arc::new(T::is_record));
        self
    }

    /// Asks for some properties only; changes of others are not reported.
    pub fn select(mut self, properties: &[&str]) -> Self {
        self.query.select(properties);
        self
    }

    /// Narrows what is watched. The directory takes conditions on `id` only, calendars none.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.query.filter(filter);
        self
    }

    /// Asks for pages of `size` items. Calendars, contacts and mail only: the directory chooses by itself.
    pub fn page_size(mut self, size: u32) -> Self {
        self.request = if self.support.is_directory() {
            self.request.refused(InvalidValue::new("page size", size.to_string(), "must not be set for the directory"))
        } else {
            self.request.prefer(&format!("odata.maxpagesize={size}"))
        };
        self
    }

    /// Adds any other query parameter; the value is percent-encoded here, and nothing else is done to it.
    pub fn query(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.request = self.request.query(name, value);
        self
    }

    /// Gives only a link: what is there already does not come. The directory only.
    pub fn from_now(mut self) -> Self {
        self.from_now = true;
        self
    }

    /// Goes on from the link that ended an earlier round, or from that of a page in the middle of one.
    pub fn since(mut self, link: &str) -> Self {
        self.from = Some(link.to_owned());
        self
    }

    call_options!(request.outgoing);

    graph_options!();

    fn map_request(mut self, change: impl FnOnce(Request) -> Request) -> Self {
        self.request = change(self.request);
        self
    }
}

impl<T: DeserializeOwned + Send + 'static> Delta<T> {
    /// What has changed, as it comes.
    pub fn into_stream(self) -> DeltaEvents<T> {
        DeltaEvents { pages: self.into_pages(), ready: VecDeque::new() }
    }

    /// What has changed, page by page: each page has a link to go on from.
    pub fn into_pages(self) -> DeltaPages<T> {
        let Self { request, query, support, from, from_now, row } = self;
        // Where everything begins anew, should the service lose track and not say where.
        let request = query.apply(request, support).classified_by(let_resync_through);
        let whole = request.url().cloned();
        let request = match from {
            Some(link) => request.at(saved_link(&link)),
            None if from_now && support.is_outlook() => {
                request.refused(InvalidValue::new("delta", "from now", "must not be asked of Outlook"))
            }
            None if from_now => request.query("$deltatoken", "latest"),
            None => request,
        };
        DeltaPages { reader: Reader::new(request), whole, resync: None, has_resynced: false, row }
    }
}

/// The whole round, in memory.
impl<T: DeserializeOwned + Send + 'static> IntoFuture for Delta<T> {
    type Output = Result<DeltaRound<T>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let mut pages = self.into_pages();
        Box::pin(async move {
            let mut round = DeltaRound { changes: Vec::new(), is_resync: false, link: String::new() };
            while let Some(page) = poll_fn(|context| Pin::new(&mut pages).poll_next(context)).await {
                let page = page?;
                if page.resync.is_some() {
                    round.is_resync = true;
                    round.changes.clear();
                }
                round.changes.extend(page.changes);
                round.link = page.delta_link.unwrap_or_default();
            }
            Ok(round)
        })
    }
}

impl<T> std::fmt::Debug for Delta<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Delta").field(&self.request).finish()
    }
}

/// A whole round of a delta query.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeltaRound<T> {
    /// What has changed.
    pub changes: Vec<Change<T>>,
    /// The service had lost track: these are all objects, and what is kept from before and is not here is gone.
    pub is_resync: bool,
    /// Where the next round goes on.
    pub link: String,
}

/// What a delta query tells.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum DeltaEvent<T> {
    /// The object is new or changed. What did not change may be absent.
    Changed(T),
    /// The object is gone.
    Removed(Removed),
    /// The service has lost track, and everything comes again: what is kept from before, what this stream gave so far
    /// included, and does not come again before [`Link`](Self::Link) is gone.
    Resync(Resync),
    /// The round is over; the next one goes on from here. Always the last event.
    Link(String),
}

/// Why everything comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resync {
    /// The service's code, such as `resyncRequired` or `SyncStateNotFound`.
    pub code: Option<String>,
}

/// One page of a delta query.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeltaPage<T> {
    /// What has changed.
    pub changes: Vec<Change<T>>,
    /// The link to the next page of this round.
    pub next_link: Option<String>,
    /// Where the next round goes on, on the last page of this one.
    pub delta_link: Option<String>,
    /// The service has lost track, and this is the first page of everything.
    pub resync: Option<Resync>,
}

#[derive(Deserialize)]
struct Body<T: DeserializeOwned> {
    #[serde(bound = "")]
    value: Vec<Change<T>>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    delta_link: Option<String>,
    error: Option<IgnoredAny>,
}

/// A stream of pages. Made by [`Delta::into_pages`].
#[must_use = "streams do nothing unless polled"]
pub struct DeltaPages<T> {
    reader: Reader,
    whole: Option<Url>,
    /// To be told with the next page.
    resync: Option<Resync>,
    has_resynced: bool,
    row: Row<T>,
}

impl<T: DeserializeOwned> DeltaPages<T> {
    fn read(&mut self, response: &Response) -> Result<DeltaPage<T>> {
        let body: Body<T> = response.json()?;
        if body.error.is_some() {
            let message = "an error stands beside the changes";
            return Err(
                Error::new(ErrorKind::Decode, message).with_request_id(response.request_id().map(str::to_owned))
            );
        }
        let is_record = |change: &Change<T>| match (change, &self.row) {
            (Change::Changed(object), Some(is_record)) => is_record(object),
            _ => true,
        };
        if !body.value.iter().all(is_record) {
            return Err(not_a_record(response));
        }
        let is_set = |link: &Option<String>| link.as_ref().is_some_and(|link| !link.is_empty());
        if !is_set(&body.next_link) && !is_set(&body.delta_link) {
            let message = "the last page has no link to go on from: what changes from now on would be lost";
            return Err(
                Error::new(ErrorKind::Decode, message).with_request_id(response.request_id().map(str::to_owned))
            );
        }
        Ok(DeltaPage {
            changes: body.value,
            next_link: body.next_link.filter(|link| !link.is_empty()),
            delta_link: body.delta_link.filter(|link| !link.is_empty()),
            resync: self.resync.take(),
        })
    }

    /// Starts again where the service says, or from the beginning.
    fn begin_anew(&mut self, response: &Response, failure: Failure) -> Result<()> {
        let Some(whole) = self.whole.as_ref().filter(|_| !self.has_resynced) else {
            return Err(failure.into_error());
        };
        let url = match response.header("location").filter(|location| !location.trim().is_empty()) {
            // Another origin is refused by the pipeline, before the token is sent.
            Some(location) => whole.join(location).map_err(|_| {
                Error::new(ErrorKind::Untrusted, "the place to start again from is not a URL")
                    .with_request_id(response.request_id().map(str::to_owned))
            })?,
            None => whole.clone(),
        };
        self.has_resynced = true;
        self.resync = Some(Resync { code: failure.code.clone() });
        self.reader.restart(url);
        Ok(())
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for DeltaPages<T> {
    type Item = Result<DeltaPage<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let response = match ready!(self.reader.poll_next(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(response)) => response,
            };
            let page = match graph::classify(&response) {
                None => self.read(&response),
                Some(failure) => match self.begin_anew(&response, failure) {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                },
            };
            return Poll::Ready(Some(page.map_err(|error| {
                self.reader.stop();
                self.reader.redact(error).during(self.reader.operation())
            })));
        }
    }
}

/// The pipeline gives an error without its headers, and the place to start again from is in one.
fn let_resync_through(response: &Response) -> Option<Failure> {
    graph::classify(response).filter(|failure| failure.kind != ErrorKind::Expired)
}

impl<T> std::fmt::Debug for DeltaPages<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeltaPages").field("is_over", &self.reader.is_over()).finish_non_exhaustive()
    }
}

/// A stream of what has changed. Made by [`Delta::into_stream`].
#[must_use = "streams do nothing unless polled"]
pub struct DeltaEvents<T> {
    pages: DeltaPages<T>,
    ready: VecDeque<DeltaEvent<T>>,
}

// The events are moved out one by one; nothing is pinned inside.
impl<T> Unpin for DeltaEvents<T> {}

impl<T: DeserializeOwned + Send + 'static> Stream for DeltaEvents<T> {
    type Item = Result<DeltaEvent<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            let page = match ready!(Pin::new(&mut self.pages).poll_next(context)) {
                Some(Ok(page)) => page,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            self.ready.extend(page.resync.map(DeltaEvent::Resync));
            self.ready.extend(page.changes.into_iter().map(|change| match change {
                Change::Changed(object) => DeltaEvent::Changed(object),
                Change::Removed(removed) => DeltaEvent::Removed(removed),
            }));
            self.ready.extend(page.delta_link.map(DeltaEvent::Link));
        }
    }
}

impl<T> std::fmt::Debug for DeltaEvents<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeltaEvents").field("pages", &self.pages).field("ready", &self.ready.len()).finish()
    }
}
