use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde::de::DeserializeOwned;

use super::list::read_page;
use super::{List, Page};
use crate::error::{ErrorKind, Result};
use crate::graph::Request;
use crate::graph::request::request_options;
use crate::http::Response;

/// One request and the type of its answer: await it to send it by itself, or add it to a [`Batch`](crate::Batch).
///
/// Every typed call of one request is one, and takes the options of a request.
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
/// let organization = client.organization().get().timeout(std::time::Duration::from_secs(10)).await?;
///
/// // Any other request is typed by the caller.
/// let answer = client.request(Method::GET, "/v1.0/organization").typed::<serde_json::Value>().await?;
/// assert_eq!(answer["value"][0]["id"], organization.id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "an operation does nothing until it is awaited or added to a batch"]
pub struct Operation<T> {
    request: Request,
    read: Read<T>,
}

/// How an answer, or its failure, becomes the outcome.
pub(super) type Read<T> = Box<dyn FnOnce(Result<Response>) -> Result<T> + Send + Sync>;

impl<T: DeserializeOwned> Operation<T> {
    pub(crate) fn json(request: Request) -> Self {
        Self { request, read: Box::new(|answer| answer?.json()) }
    }
}

impl Operation<()> {
    pub(crate) fn unit(request: Request) -> Self {
        Self { request, read: Box::new(|answer| answer.map(drop)) }
    }
}

impl Operation<Response> {
    pub(crate) fn raw(request: Request) -> Self {
        Self { request, read: Box::new(|answer| answer) }
    }
}

impl<T: 'static> Operation<T> {
    /// The operation with another outcome, such as `None` where the service says that there is nothing.
    pub(crate) fn then<U>(self, outcome: impl FnOnce(Result<T>) -> Result<U> + Send + Sync + 'static) -> Operation<U> {
        let Self { request, read } = self;
        Operation { request, read: Box::new(|answer| outcome(read(answer))) }
    }

    /// The operation with `None` where the service does not find what is read.
    pub(crate) fn optional(self) -> Operation<Option<T>> {
        self.then(|outcome| match outcome {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            outcome => outcome.map(Some),
        })
    }
}

impl<T> Operation<T> {
    /// Adds a query parameter, as [`Request::query`](crate::Request::query).
    pub fn query(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.request = self.request.query(name, value);
        self
    }

    /// Asks for some properties only; the other fields stay empty.
    pub fn select(mut self, properties: &[&str]) -> Self {
        self.request = self.request.select(properties);
        self
    }

    request_options!(request);

    pub(super) fn into_parts(self) -> (Request, Read<T>) {
        (self.request, self.read)
    }
}

impl<T: Send + 'static> IntoFuture for Operation<T> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (client, call, _) = self.request.into_parts();
            let call = call?;
            let answer = client.pipeline.execute(&call, &client.meter).await;
            (self.read)(answer).map_err(|error| client.pipeline.redact(error).during(call.describe()))
        })
    }
}

/// The first page of a list.
impl<T: DeserializeOwned + Send + 'static> From<List<T>> for Operation<Page<T>> {
    fn from(list: List<T>) -> Self {
        let (request, row) = list.into_parts();
        Self { request, read: Box::new(move |answer| read_page(&answer?, row.as_deref())) }
    }
}

impl<T> std::fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Operation").field(&self.request).finish()
    }
}
