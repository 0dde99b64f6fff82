use std::collections::VecDeque;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::http::Call;
use crate::{Client, Error, ErrorKind, InvalidValue, Request, Result};

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
    /// The number of all items, on the first page of a list that was asked for it.
    #[serde(rename = "@odata.count")]
    pub count: Option<u64>,
}

/// A list that is to be read: await it for one page, or turn it into a stream over all pages.
///
/// Pages are read one after the other. A page that cannot be read is an error of the stream, which then ends: a list
/// is never cut short in silence. Next links are followed on the origin of the service only, and never in a circle.
#[must_use = "a list is not read until it is awaited or streamed"]
pub struct List<T> {
    request: Request,
    items: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> List<T> {
    pub(crate) fn new(request: Request) -> Self {
        Self { request, items: PhantomData }
    }

    /// Asks for pages of `size` items. The service may send fewer, or refuse a size that it does not like.
    pub fn page_size(mut self, size: u32) -> Self {
        self.request = self.request.query("$top", size.to_string());
        self
    }

    /// Asks for some properties only; each item's other fields stay empty.
    pub fn select(mut self, properties: &[&str]) -> Self {
        self.request = self.request.query("$select", properties.join(","));
        self
    }

    /// Adds any other query parameter; the value is percent-encoded here.
    pub fn query(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.request = self.request.query(name, value);
        self
    }

    /// Goes on from a link that an earlier [`Page::next_link`] gave. Everything else of the query is in the link.
    pub fn starting_at(mut self, next_link: &str) -> Self {
        let link = Url::parse(next_link)
            .map_err(|_| InvalidValue::new("next link", next_link, "must be a link that a page gave").into());
        let (client, call) = self.request.into_parts();
        let method = reqwest::Method::GET;
        self.request = match call {
            Err(error) => Request::to_url(client, method, Err(error)),
            Ok(call) => Request::to_url(client, method, link).named(call.operation_name, call.operation),
        };
        self
    }

    /// All items of all pages.
    pub fn into_stream(self) -> Items<T> {
        Items { pages: self.into_pages(), ready: VecDeque::new() }
    }

    /// All pages, for a scan that is to be resumed later by [`starting_at`](Self::starting_at).
    pub fn into_pages(self) -> Pages<T> {
        let (client, call) = self.request.into_parts();
        let state = call.map(|call| Cursor { client, call, followed: Vec::new() });
        Pages { next: Some(Box::pin(async move { state?.read().await })) }
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for List<T> {
    type Output = Result<Page<T>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.request.json())
    }
}

impl<T> std::fmt::Debug for List<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("List").field(&self.request).finish()
    }
}

struct Cursor {
    client: Client,
    call: Call,
    followed: Vec<String>,
}

type Step<T> = (Page<T>, Option<Cursor>);

impl Cursor {
    async fn read<T: DeserializeOwned>(mut self) -> Result<Step<T>> {
        let response = self.client.pipeline.execute(&self.call, &self.client.meter).await?;
        let page: Page<T> = response.json().map_err(|error| error.during(self.call.operation.clone()))?;
        let Some(link) = page.next_link.clone().filter(|link| !link.is_empty()) else {
            return Ok((page, None));
        };
        let untrusted = |message: &str| {
            Error::new(ErrorKind::Untrusted, message)
                .with_request_id(response.request_id().map(str::to_owned))
                .during(self.call.operation.clone())
        };
        if self.followed.contains(&link) {
            return Err(untrusted("the service sent the same link to the next page twice; the list is not complete"));
        }
        // Another origin is refused by the pipeline, before the token is sent.
        self.call.url = Url::parse(&link).map_err(|_| untrusted("the link to the next page is not a URL"))?;
        self.followed.push(link);
        Ok((page, Some(self)))
    }
}

type Reading<T> = Pin<Box<dyn Future<Output = Result<Step<T>>> + Send>>;

/// A stream of pages. Made by [`List::into_pages`].
#[must_use = "streams do nothing unless polled"]
pub struct Pages<T> {
    next: Option<Reading<T>>,
}

impl<T: DeserializeOwned + Send + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(reading) = &mut self.next else {
            return Poll::Ready(None);
        };
        let step = ready!(reading.as_mut().poll(context));
        self.next = None;
        Poll::Ready(Some(step.map(|(page, cursor)| {
            self.next = cursor.map(|cursor| Box::pin(cursor.read()) as Reading<T>);
            page
        })))
    }
}

impl<T> std::fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("is_over", &self.next.is_none()).finish()
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
