use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::Instrument as _;
use url::Url;

use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Request;
use crate::http::{Body, Call, Response, new_request_id};
use crate::ids::InvalidValue;
use crate::operation::Outgoing;

/// Reads pages one after the other, the next while the caller works on this one.
///
/// A page is asked for when its predecessor is handed over, so one page at most is on its way, and it is not taken
/// apart before it is wanted: two pages at most are in memory.
pub(super) struct Reader {
    client: Client,
    /// What each page is asked for with. `None` if there never was a good request.
    pattern: Option<Pattern>,
    /// To be given instead of a further page.
    fault: Option<Error>,
    next: Next,
    followed: Followed,
    /// How many links were followed.
    pages: u32,
}

/// A guard against a service that never ends a list: no list of Graph has so many pages.
const MOST_PAGES: u32 = 100_000;

struct Pattern {
    call: Box<Call>,
    /// The caller chose the `client-request-id`, so every page has it.
    has_own_id: bool,
}

enum Next {
    First,
    Reading(Ahead),
    Over,
}

impl Reader {
    pub(super) fn new(request: Request) -> Self {
        let Outgoing { client, call, has_own_id, .. } = request.outgoing;
        let mut followed = Followed::default();
        let (pattern, fault) = match call {
            Ok(call) => {
                followed.is_new(call.url.as_str());
                (Some(Pattern { call, has_own_id }), None)
            }
            Err(error) => (None, Some(error)),
        };
        Self { client, pattern, fault, next: Next::First, followed, pages: 0 }
    }

    /// The next response. A link in it is being followed already.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Response>>> {
        if let Some(error) = self.fault.take() {
            self.next = Next::Over;
            return Poll::Ready(Some(Err(error)));
        }
        let Some(pattern) = &self.pattern else {
            return Poll::Ready(None);
        };
        if matches!(self.next, Next::First) {
            match Ahead::start(&self.client, pattern.call_to(pattern.call.url.clone())) {
                Ok(ahead) => self.next = Next::Reading(ahead),
                Err(error) => {
                    self.next = Next::Over;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        let Next::Reading(ahead) = &mut self.next else {
            return Poll::Ready(None);
        };
        let read = ready!(Pin::new(ahead).poll(context));
        self.next = Next::Over;
        if let Ok(response) = &read
            && let Some(link) = next_link(&response.body)
        {
            match self.follow(&link, response) {
                Ok(ahead) => self.next = Next::Reading(ahead),
                // This page is good; what is wrong is the way to the next one.
                Err(error) => self.fault = Some(error),
            }
        }
        Poll::Ready(Some(read))
    }

    fn follow(&mut self, link: &str, response: &Response) -> Result<Ahead> {
        let Some(pattern) = &self.pattern else {
            return Err(Error::new(ErrorKind::Input, "there is no request to go on with"));
        };
        let untrusted = |message: &str| {
            Error::new(ErrorKind::Untrusted, message)
                .with_request_id(response.request_id().map(str::to_owned))
                .during(pattern.call.describe())
        };
        let url = Url::parse(link).map_err(|_| untrusted("the link to the next page is not a URL"))?;
        if !self.followed.is_new(url.as_str()) {
            return Err(untrusted("the service sent the same link to the next page twice; the list is not complete"));
        }
        self.pages += 1;
        if self.pages >= MOST_PAGES {
            return Err(untrusted("the service sends pages without end; the list is not complete"));
        }
        // Another origin is refused by the pipeline, before the token is sent.
        Ahead::start(&self.client, pattern.call_to(url))
    }

    /// Starts again from another place, with the same headers and options.
    pub(super) fn restart(&mut self, url: Url) {
        self.fault = None;
        self.followed = Followed::default();
        self.next = Next::Over;
        if let Some(pattern) = &mut self.pattern {
            self.followed.is_new(url.as_str());
            pattern.call.url = url;
            self.next = Next::First;
        }
    }

    /// Reads nothing more.
    pub(super) fn stop(&mut self) {
        self.fault = None;
        self.next = Next::Over;
    }

    pub(super) fn is_over(&self) -> bool {
        self.fault.is_none() && matches!(self.next, Next::Over)
    }

    /// The error without the tokens that were sent.
    pub(super) fn redact(&self, error: Error) -> Error {
        self.client.pipeline.redact(error)
    }

    pub(super) fn operation(&self) -> String {
        self.pattern.as_ref().map_or_else(String::new, |pattern| pattern.call.describe().into_owned())
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("is_over", &self.is_over()).finish_non_exhaustive()
    }
}

impl Pattern {
    /// A request like the first one. Headers are not a part of the links, so each page repeats them.
    fn call_to(&self, url: Url) -> Call {
        let call = &*self.call;
        Call {
            operation: call.operation.clone(),
            headers: call.headers.clone(),
            body: Body::Empty,
            mailbox: call.mailbox.clone(),
            retry: call.retry.clone(),
            client_request_id: if self.has_own_id { call.client_request_id.clone() } else { new_request_id() },
            url,
            method: call.method.clone(),
            shape: call.shape.clone(),
            total_limit: call.total_limit,
            ..*call
        }
    }
}

/// A response on its way, read by a task of its own.
///
/// A future that only moves when the caller polls would let the response wait while the caller works, until its time
/// limit ends it, and would keep its place at a gate from calls that the caller makes in the meantime. The task ends
/// with this value.
struct Ahead(JoinHandle<Result<Response>>);

impl Ahead {
    fn start(client: &Client, call: Call) -> Result<Self> {
        let runtime = Handle::try_current().map_err(|error| {
            Error::new(ErrorKind::Input, "a list can only be read inside a Tokio runtime").with_source(error)
        })?;
        let client = client.clone();
        let read = async move { client.pipeline.execute(&call, &client.meter).await };
        Ok(Self(runtime.spawn(read.instrument(tracing::Span::current()))))
    }
}

impl Future for Ahead {
    type Output = Result<Response>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(Pin::new(&mut self.0).poll(context)) {
            Ok(read) => read,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(Error::new(ErrorKind::Interrupted, "the runtime stopped").with_source(error)),
            },
        })
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The links that were followed, as hashes: a long list must not grow in memory, and two of its links have the same
/// hash once in billions of lists.
#[derive(Default)]
struct Followed {
    seen: HashSet<u64>,
    hasher: RandomState,
}

impl Followed {
    fn is_new(&mut self, link: &str) -> bool {
        self.seen.insert(self.hasher.hash_one(link))
    }
}

/// A link that a caller saved.
pub(super) fn saved_link(link: &str) -> Result<Url> {
    let invalid = |_| InvalidValue::new("link", link, "must be a link that a page gave").into();
    Url::parse(link).map_err(invalid)
}

/// The link to the next page, found without taking the items apart, so that it can be followed at once. Where it
/// stands before the items, as Graph puts it, they are not even looked at.
fn next_link(body: &[u8]) -> Option<String> {
    struct Find<'a>(&'a mut Option<String>);

    impl<'de> Visitor<'de> for Find<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a page")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                if key == "@odata.nextLink" {
                    *self.0 = map.next_value()?;
                    return Err(serde::de::Error::custom("the rest does not matter"));
                }
                map.next_value::<IgnoredAny>()?;
            }
            Ok(())
        }
    }

    let mut link = None;
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // A response that is not JSON is reported when the page is taken apart.
    let _ = serde_json::Deserializer::from_slice(body).deserialize_map(Find(&mut link));
    link.filter(|link| !link.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_is_found_wherever_it_stands() {
        for (body, expected) in [
            (r#"{"@odata.nextLink":"l","value":[{"@odata.nextLink":"no"}]}"#, Some("l")),
            (r#"{"value":[{"@odata.nextLink":"no"}],"@odata.nextLink":"l"}"#, Some("l")),
            ("\u{feff}{\"@odata.nextLink\":\"l\\u0041\",\"value\":[]}", Some("lA")),
            (r#"{"value":[],"@odata.nextLink":null}"#, None),
            (r#"{"value":[],"@odata.nextLink":""}"#, None),
            (r#"{"value":[],"a@odata.nextLink":"no"}"#, None),
            ("<html>", None),
            ("[]", None),
        ] {
            assert_eq!(next_link(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }
}
