use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::cloud::{self, Service};
use crate::graph;
use crate::http::{Body, Call};
use crate::{Client, Error, InvalidValue, Method, Response, Result, RetryOptions};

/// One Graph request. Made by [`Client::request`]; nothing is sent before [`send`](Self::send) or
/// [`json`](Self::json).
///
/// What is wrong with the request (a bad header, a body that does not serialise) is kept and reported when it is sent.
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    client: Client,
    call: Result<Call>,
}

impl Request {
    pub(crate) fn new(client: Client, method: Method, path: &str) -> Self {
        let root = &client.pipeline.cloud.endpoint(Service::Graph).url;
        let url = cloud::join(root, path).map_err(Error::from);
        Self::to_url(client, method, url)
    }

    pub(crate) fn to_url(client: Client, method: Method, url: Result<Url>) -> Self {
        let call = url.map(|url| {
            let mut call = Call::new(Service::Graph, method, url, graph::classify);
            call.mailbox = mailbox_of(call.url.path());
            call.retry.clone_from(client.pipeline.transport.retry());
            call.headers.insert(reqwest::header::ACCEPT, HeaderValue::from_static("application/json"));
            call
        });
        Self { client, call }
    }

    /// Names the operation for errors (`operation` may hold values) and traces (`name` may not).
    pub(crate) fn named(mut self, name: &'static str, operation: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        self.call = self.call.map(|call| call.named(name, operation));
        self
    }

    /// Adds a query parameter; the value is percent-encoded here.
    pub fn query(mut self, name: &str, value: impl AsRef<str>) -> Self {
        if let Ok(call) = &mut self.call {
            call.url.query_pairs_mut().append_pair(name, value.as_ref());
        }
        self
    }

    /// Sets a header. A header of the pipeline's own (`authorization`, `client-request-id`) wins over it.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Ok(call) = &mut self.call {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                call.headers.insert(name, value);
            } else {
                let fault = InvalidValue::new("header", name, "must be a valid header with a text value");
                self.call = Err(fault.into());
            }
        }
        self
    }

    /// Sets the body, which is sent as JSON.
    pub fn body(mut self, body: &impl Serialize) -> Self {
        if let Ok(call) = &mut self.call {
            match serde_json::to_vec(body) {
                Ok(bytes) => call.body = Body::Json(Bytes::from(bytes)),
                Err(error) => {
                    let fault = InvalidValue::new("body", "", "must serialise to JSON");
                    self.call = Err(Error::from(fault).with_source(error));
                }
            }
        }
        self
    }

    /// Limits each attempt, from sending to the last byte of the answer. Default 60 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        if let Ok(call) = &mut self.call {
            call.time_limit = limit;
        }
        self
    }

    /// Overrides the client's retries for this request.
    pub fn retry(mut self, retry: RetryOptions) -> Self {
        if let Ok(call) = &mut self.call {
            call.retry = retry;
        }
        self
    }

    /// Says that sending the request twice does no more than sending it once, so that it may be repeated after a
    /// time-out or a broken connection. GET, PUT and DELETE are so by themselves; POST and PATCH are not.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        if let Ok(call) = &mut self.call {
            call.is_safe = idempotent;
        }
        self
    }

    /// Sets the id that is sent with every attempt. Default: a new GUID.
    pub fn client_request_id(mut self, id: impl Into<String>) -> Self {
        if let Ok(call) = &mut self.call {
            call.client_request_id = id.into();
        }
        self
    }

    /// Sends the request and gives the answer, whose status is 2xx.
    ///
    /// # Errors
    ///
    /// Every [`ErrorKind`](crate::ErrorKind): any other status is an error.
    pub async fn send(self) -> Result<Response> {
        self.client.pipeline.execute(&self.call?, &self.client.meter).await
    }

    /// Sends the request and decodes the answer.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and [`ErrorKind::Decode`](crate::ErrorKind::Decode).
    pub async fn json<T: DeserializeOwned>(self) -> Result<T> {
        let call = self.call?;
        let response = self.client.pipeline.execute(&call, &self.client.meter).await?;
        response.json().map_err(|error| error.during(call.operation))
    }

    /// The parts that a list needs in order to ask for further pages.
    pub(crate) fn into_parts(self) -> (Client, Result<Call>) {
        (self.client, self.call)
    }
}

/// The mailbox that a path works in: `/v1.0/users/{mailbox}/…`. Reading a user itself is the directory's affair.
fn mailbox_of(path: &str) -> Option<Box<str>> {
    let mut segments = path.split('/').skip_while(|segment| *segment != "users").skip(1);
    let (mailbox, what) = (segments.next()?, segments.next()?);
    let is_directory =
        ["manager", "memberOf", "transitiveMemberOf", "directReports", "photo", "photos", "appRoleAssignments"];
    (!is_directory.contains(&what)).then(|| mailbox.to_ascii_lowercase().into())
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("Request");
        match &self.call {
            Ok(call) => debug.field("method", &call.method).field("path", &call.url.path()),
            Err(error) => debug.field("error", error),
        };
        debug.finish_non_exhaustive()
    }
}
