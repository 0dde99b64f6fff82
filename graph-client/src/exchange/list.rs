//! Lists of Exchange, row by row.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::future::BoxFuture;
use url::Url;

use super::cmdlet::{Cmdlet, Output};
use super::invoke::{Exchange, from_response, not_found};
use super::rows::Reader;
use crate::error::{Error, Result};
use crate::http::Call;
use crate::ids::InvalidValue;
use crate::operation::{Outgoing, call_options};

/// A cmdlet that lists, to be read as a stream. Made by [`Exchange::list`].
///
/// Pages hold 1,000 rows unless [`prefer`](Self::prefer) says otherwise. A page that cannot be read is an error of the
/// stream, which then ends: a list is never cut short in silence.
///
/// # Examples
///
/// ```
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # rt.block_on(async {
/// # use graph_client::{Client, ClientSecret, Cloud};
/// use futures_util::TryStreamExt;
/// use graph_client::exchange::GetMailbox;
/// # let tenant = fake_tenant::FakeTenant::contoso();
/// # let server = tenant.serve().await?;
/// # let app = tenant.administrator();
/// # let client = Client::builder()
/// #     .tenant(tenant.domain())
/// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
/// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
/// #     .build()?;
///
/// let mut mailboxes = client.exchange().list(GetMailbox::all()).into_stream();
/// while let Some(mailbox) = mailboxes.try_next().await? {
///     println!("{:?}", mailbox.primary_smtp_address);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "a list is not read until it is streamed"]
pub struct RowList<C> {
    exchange: Exchange,
    cmdlet: C,
    outgoing: Outgoing,
    from: Option<String>,
}

impl<C: Cmdlet> RowList<C> {
    pub(super) fn new(exchange: Exchange, cmdlet: C) -> Self {
        let outgoing = exchange.outgoing(&cmdlet);
        Self { exchange, cmdlet, outgoing, from: None }
    }

    /// Goes on from a link that an earlier [`RowPage::next_link`] gave. Exchange keeps a link for some minutes.
    pub fn starting_at(mut self, next_link: &str) -> Self {
        self.from = Some(next_link.to_owned());
        self
    }

    call_options!(outgoing);

    /// All rows of all pages.
    pub fn into_stream(self) -> Rows<C> {
        Rows { pages: self.into_pages(), ready: VecDeque::new() }
    }

    /// All pages, for a scan that is to be resumed later by [`starting_at`](Self::starting_at).
    pub fn into_pages(self) -> RowPages<C> {
        let Self { exchange, cmdlet, outgoing, from } = self;
        let call = outgoing.call.and_then(|mut call| {
            if let Some(link) = &from {
                if Url::parse(link).is_err() {
                    let fault = InvalidValue::new("link", &**link, "must be a link that a page gave");
                    return Err(Error::from(fault).during(call.operation));
                }
                call.url =
                    exchange.follow(link, &[], &call.url).map_err(|error| error.during(call.operation.clone()))?;
            }
            Ok(call)
        });
        let state = match call {
            Ok(call) => {
                State::Ready(Box::new(Position { exchange, cmdlet, call: *call, followed: from.into_iter().collect() }))
            }
            Err(error) => State::Faulty(Some(error)),
        };
        RowPages { state }
    }
}

impl Exchange {
    /// Runs a cmdlet that lists, to be read row by row or page by page: no more than a page is in memory.
    ///
    /// # Errors
    ///
    /// The stream's are those of [`run`](Self::run). It ends with the first.
    pub fn list<C, R>(&self, cmdlet: C) -> RowList<C>
    where
        C: Cmdlet<Output = Vec<R>>,
    {
        RowList::new(self.clone(), cmdlet)
    }
}

impl<C: Cmdlet> fmt::Debug for RowList<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowList").field("cmdlet", &self.cmdlet).finish_non_exhaustive()
    }
}

/// One page of a list of Exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowPage<R> {
    /// The rows, in the service's order.
    pub rows: Vec<R>,
    /// The link to the next page, to be kept for [`RowList::starting_at`]. `None` on the last one.
    pub next_link: Option<String>,
}

/// Where a list is being read.
struct Position<C> {
    exchange: Exchange,
    cmdlet: C,
    call: Call,
    followed: Vec<String>,
}

type Row<C> = <<C as Cmdlet>::Output as Output>::Row;

type Read<C> = Result<(RowPage<Row<C>>, Option<Box<Position<C>>>)>;

enum State<C: Cmdlet> {
    Faulty(Option<Error>),
    Ready(Box<Position<C>>),
    Reading(BoxFuture<'static, Read<C>>),
    Over,
}

impl<C: Cmdlet> Position<C> {
    async fn read(mut self: Box<Self>) -> Read<C> {
        self.exchange.set_anchor(&mut self.call).await;
        let Self { exchange, cmdlet, call, followed } = &mut *self;
        let response = match exchange.client.pipeline.execute(call, &exchange.client.meter).await {
            Ok(response) => response,
            Err(error) => {
                // "There is none" may be an empty list.
                not_found(cmdlet, followed.is_empty(), error)?;
                return Ok((RowPage { rows: Vec::new(), next_link: None }, None));
            }
        };
        let fail = |error: Error, call: &Call| exchange.client.pipeline.redact(from_response(error, &response, call));
        let mut reader = Reader::new(cmdlet, exchange.documented_end_point(cmdlet).is_some());
        let next_link =
            reader.read(cmdlet, &response, exchange.warnings.as_ref()).map_err(|error| fail(error, call))?;
        let rows = reader.into_rows();
        let Some(link) = &next_link else { return Ok((RowPage { rows, next_link }, None)) };
        let url = exchange.follow(link, followed, &call.url).map_err(|error| fail(error, call))?;
        call.url = url;
        followed.push(link.clone());
        Ok((RowPage { rows, next_link }, Some(self)))
    }
}

/// A stream of pages. Made by [`RowList::into_pages`].
#[must_use = "streams do nothing unless polled"]
pub struct RowPages<C: Cmdlet> {
    state: State<C>,
}

// What is pinned is in a box.
impl<C: Cmdlet> Unpin for RowPages<C> {}

impl<C: Cmdlet> Stream for RowPages<C> {
    type Item = Result<RowPage<Row<C>>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Poll::Ready(None),
                State::Faulty(error) => return Poll::Ready(error.map(Err)),
                State::Ready(position) => self.state = State::Reading(Box::pin(position.read())),
                State::Reading(mut reading) => {
                    let Poll::Ready(read) = reading.as_mut().poll(context) else {
                        self.state = State::Reading(reading);
                        return Poll::Pending;
                    };
                    return Poll::Ready(Some(read.map(|(page, next)| {
                        if let Some(next) = next {
                            self.state = State::Ready(next);
                        }
                        page
                    })));
                }
            }
        }
    }
}

impl<C: Cmdlet> fmt::Debug for RowPages<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowPages").field("is_over", &matches!(self.state, State::Over)).finish_non_exhaustive()
    }
}

/// A stream of rows over all pages. Made by [`RowList::into_stream`].
#[must_use = "streams do nothing unless polled"]
pub struct Rows<C: Cmdlet> {
    pages: RowPages<C>,
    ready: VecDeque<Row<C>>,
}

// The rows are moved out one by one; nothing is pinned inside.
impl<C: Cmdlet> Unpin for Rows<C> {}

impl<C: Cmdlet> Stream for Rows<C> {
    type Item = Result<Row<C>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(row)));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(context)) {
                Some(Ok(page)) => self.ready = page.rows.into(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<C: Cmdlet> fmt::Debug for Rows<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("pages", &self.pages).field("ready", &self.ready.len()).finish()
    }
}
