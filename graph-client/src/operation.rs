//! One call with the options that a caller gives it, and the type of what it gives back.

use std::borrow::Cow;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::http::{Call, Response, RetryOptions};
use crate::ids::InvalidValue;

/// A call that is to be sent. What is wrong with it is kept, and reported when it is sent.
pub(crate) struct Outgoing {
    pub(crate) client: Client,
    pub(crate) call: Result<Box<Call>>,
    /// What the `Prefer` header holds.
    pub(crate) preferences: Vec<String>,
    /// The caller chose the `client-request-id`.
    pub(crate) has_own_id: bool,
}

impl Outgoing {
    pub(crate) fn new(client: Client, call: Result<Box<Call>>) -> Self {
        Self { client, call, preferences: Vec::new(), has_own_id: false }
    }

    /// Changes the call, if nothing is wrong with it yet.
    pub(crate) fn change(mut self, change: impl FnOnce(&mut Call)) -> Self {
        if let Ok(call) = &mut self.call {
            change(call);
        }
        self
    }

    /// The same call, which is not sent but gives this error.
    pub(crate) fn refused(mut self, error: impl Into<Error>) -> Self {
        self.call = self.call.and_then(|call| Err(error.into().during(call.describe())));
        self
    }

    pub(crate) fn named(self, name: &'static str, operation: impl Into<Cow<'static, str>>) -> Self {
        self.change(|call| call.name(name, operation))
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        if name.eq_ignore_ascii_case("prefer") {
            return self.prefer(value);
        }
        if value.trim().is_empty() {
            return self.refused(InvalidValue::new(name.to_owned(), value, "must not be empty"));
        }
        let (Ok(header), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
            return self.refused(InvalidValue::new("header", name, "must be a valid header with a text value"));
        };
        self.change(|call| _ = call.headers.insert(header, value))
    }

    pub(crate) fn prefer(mut self, preference: &str) -> Self {
        if preference.trim().is_empty() {
            return self.refused(InvalidValue::new("preference", preference, "must not be empty"));
        }
        let name = |preference: &str| preference.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        self.preferences.retain(|other| name(other) != name(preference));
        self.preferences.push(preference.trim().to_owned());
        match HeaderValue::try_from(self.preferences.join(", ")) {
            Ok(value) => self.change(|call| call.set_header("prefer", value)),
            Err(_) => self.refused(InvalidValue::new("preference", preference, "must be text for a header")),
        }
    }

    pub(crate) fn timeout(self, limit: Duration) -> Self {
        self.change(|call| call.time_limit = limit)
    }

    pub(crate) fn total_timeout(self, limit: Duration) -> Self {
        self.change(|call| call.total_limit = Some(limit))
    }

    pub(crate) fn retry(self, retry: RetryOptions) -> Self {
        self.change(|call| call.retry = retry)
    }

    pub(crate) fn client_request_id(mut self, id: impl Into<String>) -> Self {
        let id = id.into();
        if HeaderValue::from_str(&id).is_err() || id.trim().is_empty() {
            return self.refused(InvalidValue::new("client-request-id", id, "must be text for a header"));
        }
        self.has_own_id |= self.call.is_ok();
        self.change(|call| call.client_request_id = id)
    }
}

/// The options of everything that sends calls: they go to the call inside.
macro_rules! call_options {
    ($($outgoing:ident).+) => {
        /// Sets a header. A header of the pipeline's own (`authorization`, `client-request-id`) wins over it; `prefer` adds
        /// a preference to the others.
        pub fn header(mut self, name: &str, value: &str) -> Self {
            self.$($outgoing).+ = self.$($outgoing).+.header(name, value);
            self
        }

        /// Adds a preference, such as `odata.maxpagesize=50`, to the others in the `Prefer` header.
        ///
        /// A second preference of the same name takes the place of the first. Lists repeat them on every page.
        pub fn prefer(mut self, preference: &str) -> Self {
            self.$($outgoing).+ = self.$($outgoing).+.prefer(preference);
            self
        }

        /// Limits each attempt of each request, from sending to the last byte of the response. Default: 60 s for Graph,
        /// for Exchange what [`Cmdlet::time_limit`](crate::exchange::Cmdlet::time_limit) says.
        pub fn timeout(mut self, limit: std::time::Duration) -> Self {
            self.$($outgoing).+ = self.$($outgoing).+.timeout(limit);
            self
        }

        /// Limits each request with all its attempts and the waits between them. Default: as long as
        /// [`RetryOptions::max_elapsed`](crate::RetryOptions::max_elapsed) starts attempts.
        ///
        /// When the time is over, a request that changes something may have been carried out:
        /// [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown).
        pub fn total_timeout(mut self, limit: std::time::Duration) -> Self {
            self.$($outgoing).+ = self.$($outgoing).+.total_timeout(limit);
            self
        }

        /// Overrides the client's retries.
        pub fn retry(mut self, retry: crate::http::RetryOptions) -> Self {
            self.$($outgoing).+ = self.$($outgoing).+.retry(retry);
            self
        }

        /// Sets the id that is sent with every request and attempt. Default: a new GUID for each request.
        pub fn client_request_id(mut self, id: impl Into<String>) -> Self {
            self.$($outgoing).+ = self.$($outgoing).+.client_request_id(id);
            self
        }
    };
}
pub(crate) use call_options;

/// One operation and the type of its outcome: await it to send it by itself, or add it to a [`Batch`](crate::Batch) if
/// it is Graph's.
///
/// Every typed call of Graph that is one request is one, and so is every cmdlet of Exchange, whose pages are read to the
/// end. All take the same options.
///
/// # Examples
///
/// ```
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # rt.block_on(async {
/// # use graph_client::{Client, ClientSecret, Cloud};
/// use std::time::Duration;
///
/// use graph_client::Method;
/// use graph_client::exchange::GetAcceptedDomain;
/// # let tenant = fake_tenant::FakeTenant::contoso();
/// # let server = tenant.serve().await?;
/// # let app = tenant.administrator();
/// # let client = Client::builder()
/// #     .tenant(tenant.domain())
/// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
/// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
/// #     .build()?;
///
/// let organization = client.organization().get().timeout(Duration::from_secs(10)).await?;
///
/// // Any other request is typed by the caller.
/// let response = client.request(Method::GET, "/v1.0/organization").typed::<serde_json::Value>().await?;
/// assert_eq!(response["value"][0]["id"], organization.id);
///
/// // A cmdlet takes the same options.
/// let domains = client.exchange().run(GetAcceptedDomain::new()).timeout(Duration::from_secs(30)).await?;
/// assert!(!domains.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "an operation does nothing until it is awaited or added to a batch"]
pub struct Operation<T> {
    pub(crate) outgoing: Outgoing,
    how: How<T>,
}

/// How an operation is carried out.
enum How<T> {
    /// By one request.
    Request(Read<T>),
    /// By as many as it takes, such as one a page.
    Requests(Box<dyn FnOnce(Client, Box<Call>) -> Running<T> + Send + Sync>),
}

type Running<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// How a response, or its failure, becomes the outcome.
pub(crate) type Read<T> = Box<dyn FnOnce(Result<Response>) -> Result<T> + Send + Sync>;

impl<T> Operation<T> {
    pub(crate) fn of_request(
        outgoing: Outgoing,
        read: impl FnOnce(Result<Response>) -> Result<T> + Send + Sync + 'static,
    ) -> Self {
        Self { outgoing, how: How::Request(Box::new(read)) }
    }

    pub(crate) fn of_requests<F>(
        outgoing: Outgoing,
        run: impl FnOnce(Client, Box<Call>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        Self { outgoing, how: How::Requests(Box::new(|client, call| Box::pin(run(client, call)))) }
    }

    call_options!(outgoing);

    /// The call, and how its response is read. What takes several requests is refused.
    pub(crate) fn into_parts(self) -> (Outgoing, Read<T>) {
        match self.how {
            How::Request(read) => (self.outgoing, read),
            How::Requests(_) => {
                let fault = InvalidValue::new("operation", "", "must be one request to Graph to be in a batch");
                let lost = |response: Result<Response>| Err(response.map_or_else(|error| error, |_| fault_of_batch()));
                (self.outgoing.refused(fault), Box::new(lost))
            }
        }
    }
}

fn fault_of_batch() -> Error {
    InvalidValue::new("operation", "", "must be one request to Graph to be in a batch").into()
}

impl<T: 'static> Operation<T> {
    /// The operation with another outcome, such as `None` where the service says that there is nothing.
    pub(crate) fn then<U: 'static>(
        self,
        outcome: impl FnOnce(Result<T>) -> Result<U> + Send + Sync + 'static,
    ) -> Operation<U> {
        let how = match self.how {
            How::Request(read) => How::Request(Box::new(|response| outcome(read(response))) as Read<U>),
            How::Requests(run) => How::Requests(Box::new(|client, call| {
                let running = run(client, call);
                Box::pin(async move { outcome(running.await) })
            })),
        };
        Operation { outgoing: self.outgoing, how }
    }
}

impl<T: Send + 'static> IntoFuture for Operation<T> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Outgoing { client, call, .. } = self.outgoing;
            let call = call?;
            match self.how {
                How::Request(read) => {
                    let response = client.pipeline.execute(&call, &client.meter).await;
                    read(response).map_err(|error| client.pipeline.redact(error).during(call.describe()))
                }
                How::Requests(run) => {
                    let operation = call.describe();
                    let outcome = run(client.clone(), call).await;
                    outcome.map_err(|error| client.pipeline.redact(error).during(operation))
                }
            }
        })
    }
}

impl<T> std::fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Operation").field(&self.outgoing).finish()
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("Call");
        match &self.call {
            Ok(call) => debug.field("method", &call.method).field("path", &call.url.path()),
            Err(error) => debug.field("error", error),
        };
        debug.finish_non_exhaustive()
    }
}
