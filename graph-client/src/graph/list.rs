use std::collections::VecDeque;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use url::Url;

use super::pages::{Reader, saved_link};
use super::query::Query;
use super::{Expand, Filter, Search, Support};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::request::graph_options;
use crate::graph::{Record, Request, asks_for_id};
use crate::http::Response;
use crate::operation::{Operation, call_options};

/// One page of a list.
///
/// A response without `value`, or with an error beside it, is no page.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Wire<T>", bound = "T: DeserializeOwned")]
#[non_exhaustive]
pub struct Page<T> {
    /// The items of this page. A page may be empty and still have a successor.
    pub items: Vec<T>,
    /// The link to the next page, exactly as the service sent it. `None` on the last page.
    pub next_link: Option<String>,
    /// The number of all items, on the first page of a list that was asked for it by [`List::count`].
    pub count: Option<u64>,
}

/// A page as it stands on the wire.
#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Wire<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
    #[serde(rename = "@odata.count")]
    count: Option<u64>,
    error: Option<IgnoredAny>,
}

impl<T> TryFrom<Wire<T>> for Page<T> {
    type Error = &'static str;

    fn try_from(page: Wire<T>) -> Result<Self, Self::Error> {
        if page.error.is_some() {
            return Err("an error stands beside the items of a list");
        }
        let next_link = page.next_link.filter(|link| !link.is_empty());
        Ok(Self { items: page.value, next_link, count: page.count })
    }
}

/// Whether a row is what the list lists. `None` where only the caller knows.
pub(super) type Row<T> = Option<Arc<IsAsked<T>>>;

type IsAsked<T> = dyn Fn(&T) -> bool + Send + Sync;

/// A page out of a response, each row of which is a record.
pub(super) fn read_page<T: DeserializeOwned>(response: &Response, row: Option<&IsAsked<T>>) -> Result<Page<T>> {
    let page: Page<T> = response.json()?;
    if row.is_some_and(|is_asked| !page.items.iter().all(is_asked)) {
        return Err(not_a_record(response));
    }
    Ok(page)
}

pub(super) fn not_a_record(response: &Response) -> Error {
    Error::new(
        ErrorKind::Decode,
        "a row of the list is not a record that was asked for, or has no id; the list is not complete",
    )
    .with_status(response.status())
    .with_request_id(response.request_id().map(str::to_owned))
}

/// A guard against a service that sends empty pages with new links for ever.
const EMPTY_PAGES: u32 = 1_000;

/// A list that is to be read: await it for one page, or turn it into a stream over all pages.
///
/// **Awaiting a list gives its first page only**, which for most lists holds 100 items: `into_stream()` gives all.
///
/// A stream reads one page ahead: when a page is handed over, a task asks for the next one, which arrives while the
/// caller works. The task ends with the stream. So two pages are in memory at most, however long the list is.
///
/// A page that cannot be read is an error of the stream, which then ends: a list is never cut short in silence. An
/// empty page with a link goes on, but not for ever: the list ends with an error after 1,000 of them in a row. Links are followed on the origin of the service only, and never in a circle. Headers
/// and preferences are repeated on every page. If the service no longer knows the place of a link, because reading took
/// too long or the link is old, the error is [`ErrorKind::Expired`](crate::ErrorKind::Expired): start again from the
/// first page.
///
/// A link goes out as it came in, escapes in lower case included; the URL library touches only what may not stand in
/// a URL: it encodes spaces, quotes, `<`, `>` and what is not ASCII, drops a default port, tabs and line breaks, and
/// resolves `.` and `..` in the path.
///
/// # Queries
///
/// Names are checked, values quoted, and everything is percent-encoded here. The directory gets
/// `ConsistencyLevel: eventual` and `$count=true` when the query needs its advanced engine, whose responses lag behind
/// changes. What Graph would ignore in silence is not sent: an option that the resource does not support is an error
/// of kind [`ErrorKind::Input`](crate::ErrorKind::Input), which comes when the list is read. [`query`](Self::query)
/// goes past all this.
///
/// # Examples
///
/// ```
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # rt.block_on(async {
/// # use graph_client::{Client, ClientSecret, Cloud};
/// use futures_util::TryStreamExt;
/// use graph_client::{Filter, Method};
/// # let tenant = fake_tenant::FakeTenant::contoso();
/// # let server = tenant.serve().await?;
/// # let app = tenant.administrator();
/// # let client = Client::builder()
/// #     .tenant(tenant.domain())
/// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
/// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
/// #     .build()?;
///
/// let large = client.rooms().list().filter(Filter::ge("capacity", 8)).select(&["displayName", "capacity"]);
/// let mut rooms = large.page_size(20).into_stream();
/// while let Some(room) = rooms.try_next().await? {
///     println!("{:?}", room.display_name);
/// }
///
/// // Any other list is typed by the caller.
/// let groups = client.request(Method::GET, "/v1.0/groups").list::<serde_json::Value>();
/// let page = groups.select(&["id", "displayName"]).count().await?;
/// assert!(page.count.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "a list is not read until it is awaited or streamed"]
#[doc(alias = "pagination")]
pub struct List<T> {
    request: Request,
    query: Query,
    support: Support,
    from: Option<String>,
    row: Row<T>,
}

impl<T> List<T> {
    /// A list at the path of this request, which also tells what the list supports.
    pub(crate) fn new(request: Request) -> Self {
        let support = request.url().map_or(Support::UNKNOWN, |url| Support::of(url.path()));
        Self::supporting(request, support)
    }

    /// A list of records at the path of this request: a row without its id is an error.
    pub(crate) fn records(request: Request) -> Self
    where
        T: Record,
    {
        Self::new(request).of_records()
    }

    /// The list with each row checked.
    pub(crate) fn of_records(mut self) -> Self
    where
        T: Record,
    {
        self.row = Some(Arc::new(T::is_record));
        self
    }

    /// A list of records each of which was asked for: Graph ignores some conditions in silence.
    pub(crate) fn records_that(request: Request, was_asked_for: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self
    where
        T: Record,
    {
        let mut list = Self::new(request);
        list.row = Some(Arc::new(move |row: &T| row.is_record() && was_asked_for(row)));
        list
    }

    /// A list that supports this, where its path does not tell it.
    pub(crate) fn supporting(request: Request, support: Support) -> Self {
        Self { request, query: Query::default(), support, from: None, row: None }
    }

    /// Asks for pages of `size` items (`$top`). It does not limit the list.
    ///
    /// The service may send fewer, or refuse a size that it does not like; for directory objects 999 is the most.
    pub fn page_size(mut self, size: u32) -> Self {
        self.query.top(size);
        self
    }

    /// Asks for some properties only; each item's other fields stay empty.
    pub fn select(mut self, properties: &[&str]) -> Self {
        self.query.select(properties);
        self
    }

    /// Asks for the items that satisfy a condition. A second filter narrows the first.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.query.filter(filter);
        self
    }

    /// Asks for the items in which these words are found.
    pub fn search(mut self, search: Search) -> Self {
        self.query.search(search);
        self
    }

    /// Asks for an order: by this property, the least first. A second one orders what the first leaves equal.
    pub fn order_by(mut self, property: &str) -> Self {
        self.query.order_by(property, false);
        self
    }

    /// Asks for an order: by this property, the greatest first.
    pub fn order_by_descending(mut self, property: &str) -> Self {
        self.query.order_by(property, true);
        self
    }

    /// Asks for related objects along with each item.
    pub fn expand(mut self, expand: impl Into<Expand>) -> Self {
        self.query.expand(expand.into());
        self
    }

    /// Asks for the number of all items, which the first page gives in [`Page::count`].
    pub fn count(mut self) -> Self {
        self.query.count();
        self
    }

    /// Adds any other query parameter; the value is percent-encoded here, and nothing else is done to it.
    pub fn query(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.request = self.request.query(name, value);
        self
    }

    /// Goes on from a link that an earlier [`Page::next_link`] gave.
    ///
    /// The query is a part of the link, so that of this list is left out. Headers and preferences are not: set them
    /// again. `ConsistencyLevel` is set if the link needs it.
    pub fn starting_at(mut self, next_link: &str) -> Self {
        self.from = Some(next_link.to_owned());
        self
    }

    call_options!(request.outgoing);

    graph_options!();

    fn map_request(mut self, change: impl FnOnce(Request) -> Request) -> Self {
        self.request = change(self.request);
        self
    }

    /// The request for the first page, and what a row is checked by.
    pub(super) fn into_parts(self) -> (Request, Row<T>) {
        let Self { request, query, support, from, row } = self;
        let request = Self::first_page(request, &query, support, from);
        // A row that was not asked for its id has none.
        let row = row.filter(|_| request.url().is_some_and(asks_for_id));
        (request, row)
    }

    fn first_page(request: Request, query: &Query, support: Support, from: Option<String>) -> Request {
        let Some(link) = from else {
            return query.apply(request, support);
        };
        let link = saved_link(&link);
        let is_advanced =
            support.is_directory() && (query.is_advanced(support) || link.as_ref().is_ok_and(asks_advanced_engine));
        let request = request.at(link);
        if is_advanced { request.eventual_consistency() } else { request }
    }
}

impl<T: DeserializeOwned + Send + 'static> List<T> {
    /// All items of all pages.
    pub fn into_stream(self) -> Items<T> {
        Items { pages: self.into_pages(), ready: VecDeque::new() }
    }

    /// All pages, for a scan that is to be resumed later by [`starting_at`](Self::starting_at).
    pub fn into_pages(self) -> Pages<T> {
        let (request, row) = self.into_parts();
        Pages { reader: Reader::new(request), row, empty: 0 }
    }
}

/// Each advanced query has one of these in its links.
fn asks_advanced_engine(link: &Url) -> bool {
    link.query_pairs().any(|(name, value)| {
        name.eq_ignore_ascii_case("$search")
            || (name.eq_ignore_ascii_case("$count") && value.eq_ignore_ascii_case("true"))
    })
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for List<T> {
    type Output = Result<Page<T>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Operation::from(self).into_future()
    }
}

impl<T> std::fmt::Debug for List<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("List").field(&self.request).finish()
    }
}

/// A stream of pages. Made by [`List::into_pages`].
#[must_use = "streams do nothing unless polled"]
pub struct Pages<T> {
    reader: Reader,
    row: Row<T>,
    /// How many of the last pages were empty.
    empty: u32,
}

impl<T: DeserializeOwned> Pages<T> {
    fn read(&mut self, response: &Response) -> Result<Page<T>> {
        let page = read_page(response, self.row.as_deref())?;
        self.empty = if page.items.is_empty() { self.empty + 1 } else { 0 };
        if self.empty > EMPTY_PAGES && page.next_link.is_some() {
            let message = "the service sends empty pages without end; the list is not complete";
            return Err(
                Error::new(ErrorKind::Untrusted, message).with_request_id(response.request_id().map(str::to_owned))
            );
        }
        Ok(page)
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(read) = ready!(self.reader.poll_next(context)) else { return Poll::Ready(None) };
        let page = read.and_then(|response| self.read(&response));
        Poll::Ready(Some(page.map_err(|error| {
            self.reader.stop();
            self.reader.redact(error).during(self.reader.operation())
        })))
    }
}

impl<T> std::fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("is_over", &self.reader.is_over()).finish_non_exhaustive()
    }
}

/// A stream of items over all pages. Made by [`List::into_stream`].
#[must_use = "streams do nothing unless polled"]
pub struct Items<T> {
    pages: Pages<T>,
    ready: VecDeque<T>,
}

// The items are moved out one by one; nothing is pinned inside.
impl<T> Unpin for Items<T> {}

impl<T: DeserializeOwned + Send + 'static> Stream for Items<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(context)) {
                Some(Ok(page)) => self.ready = page.items.into(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T> std::fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).field("ready", &self.ready.len()).finish()
    }
}
