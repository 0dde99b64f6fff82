use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde::de::DeserializeOwned;

use super::{List, Page};
use crate::request::request_options;
use crate::{Request, Response, Result};

/// One request and the type of its answer: await it to send it by itself, or add it to a [`Batch`](crate::Batch).
///
/// # Examples
///
/// ```
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # rt.block_on(async {
/// # use graph_client::{Client, ClientSecret, Cloud};
/// use graph_client::{Method, Page};
/// use graph_client::graph::Organization;
/// # let tenant = fake_tenant::FakeTenant::contoso();
/// # let server = tenant.serve().await?;
/// # let app = tenant.administrator();
/// # let client = Client::builder()
/// #     .tenant(tenant.domain())
/// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
/// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
/// #     .build()?;
///
/// let page = client.request(Method::GET, "/v1.0/organization").typed::<Page<Organization>>().await?;
/// assert_eq!(page.items.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "an operation does nothing until it is awaited or added to a batch"]
pub struct Operation<T> {
    request: Request,
    decode: Decode<T>,
}

/// How an answer becomes a value.
pub(super) type Decode<T> = fn(Response) -> Result<T>;

impl<T: DeserializeOwned> Operation<T> {
    pub(crate) fn json(request: Request) -> Self {
        Self { request, decode: |response| response.json() }
    }
}

impl Operation<()> {
    pub(crate) fn unit(request: Request) -> Self {
        Self { request, decode: |_| Ok(()) }
    }
}

impl Operation<Response> {
    pub(crate) fn raw(request: Request) -> Self {
        Self { request, decode: Ok }
    }
}

impl<T> Operation<T> {
    request_options!(request);

    pub(super) fn into_parts(self) -> (Request, Decode<T>) {
        (self.request, self.decode)
    }
}

impl<T: Send + 'static> IntoFuture for Operation<T> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (client, call, _) = self.request.into_parts();
            let call = call?;
            let response = client.pipeline.execute(&call, &client.meter).await?;
            (self.decode)(response).map_err(|error| error.during(call.describe()))
        })
    }
}

/// The first page of a list.
impl<T: DeserializeOwned + Send + 'static> From<List<T>> for Operation<Page<T>> {
    fn from(list: List<T>) -> Self {
        Self::json(list.into_request())
    }
}

impl<T> std::fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Operation").field(&self.request).finish()
    }
}
