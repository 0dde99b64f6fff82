use std::collections::VecDeque;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::query::Query;
use super::read::{Reader, saved_link};
use super::{Expand, Filter, Search, Support};
use crate::request::request_options;
use crate::{Request, Result};

/// One page of a list.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items of this page. A page may be empty and still have a successor.
    #[serde(rename = "value")]
    pub items: Vec<T>,
    /// The link to the next page, exactly as the service sent it. `None` on the last page.
    #[serde(rename = "@odata.nextLink")]
    pub next_link: Option<String>,
    /// The number of all items, on the first page of a list that was asked for it by [`List::count`].
    #[serde(rename = "@odata.count")]
    pub count: Option<u64>,
}

/// A list that is to be read: await it for one page, or turn it into a stream over all pages.
///
/// **Awaiting a list gives its first page only**, which for most lists holds 100 items: `into_stream()` gives all.
///
/// A stream reads one page ahead: when a page is handed over, a task asks for the next one, which arrives while the
/// caller works. The task ends with the stream. So two pages are in memory at most, however long the list is.
///
/// A page that cannot be read is an error of the stream, which then ends: a list is never cut short in silence. An
/// empty page with a link goes on. Links are followed on the origin of the service only, and never in a circle. Headers
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
/// `ConsistencyLevel: eventual` and `$count=true` when the query needs its advanced engine, whose answers lag behind
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
    items: PhantomData<fn() -> T>,
}

impl<T> List<T> {
    /// A list at the path of this request, which also tells what the list supports.
    pub(crate) fn new(request: Request) -> Self {
        let support = request.url().map_or(Support::UNKNOWN, |url| Support::of(url.path()));
        Self::supporting(request, support)
    }

    /// A list that supports this, where its path does not tell it.
    pub(crate) fn supporting(request: Request, support: Support) -> Self {
        Self { request, query: Query::default(), support, from: None, items: PhantomData }
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

    request_options!(request);

    /// The request for the first page.
    pub(crate) fn into_request(self) -> Request {
        let Self { request, query, support, from, .. } = self;
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
        Pages { reader: Reader::new(self.into_request()), items: PhantomData }
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
        Box::pin(self.into_request().json())
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
    items: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let page = ready!(self.reader.poll_next(context)).map(|answer| answer.and_then(|response| response.json()));
        Poll::Ready(page.map(|page| {
            page.map_err(|error| {
                self.reader.stop();
                error.during(self.reader.operation())
            })
        }))
    }
}

impl<T> std::fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("is_over", &self.reader.is_over()).finish()
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
