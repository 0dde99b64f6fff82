//! The tenant behind an HTTP server.

#[cfg(feature = "cli")]
pub(crate) mod control;
mod notifier;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Sleep;
use url::Url;

use crate::FakeTenant;
use crate::request::{Interruption, Request, Response};

const BREAK_AFTER: Duration = Duration::from_millis(50);

/// A running server. It stops, with all its connections, when this is dropped.
pub struct Server {
    address: SocketAddr,
    /// The id of the tenant.
    tenant: String,
    /// The certificate in PEM, where it speaks TLS.
    certificate: Option<String>,
    accepting: AbortHandle,
    delivering: AbortHandle,
}

impl Server {
    /// The origin of everything, such as `http://127.0.0.1:49152`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The certificate in PEM, which a client has to trust. `None` where it speaks plain HTTP.
    #[must_use]
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// The base URL of Graph, to which `/v1.0/...` is added.
    #[must_use]
    pub fn graph_url(&self) -> String {
        self.url()
    }

    /// The base URL of Exchange, to which `/adminapi/...` is added.
    #[must_use]
    pub fn exchange_url(&self) -> String {
        self.url()
    }

    /// The base URL of the sign-in service, to which `/{tenant}/oauth2/v2.0/token` is added.
    #[must_use]
    pub fn login_url(&self) -> String {
        self.url()
    }

    /// Where applications of the tenant get their tokens: `/{tenant}/oauth2/v2.0/token`.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("{}/{}/oauth2/v2.0/token", self.url(), self.tenant)
    }

    /// Where cmdlets of Exchange are run: `/adminapi/beta/{tenant}/InvokeCommand`.
    #[must_use]
    pub fn invoke_url(&self) -> String {
        format!("{}/adminapi/beta/{}/InvokeCommand", self.url(), self.tenant)
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
        self.delivering.abort();
    }
}

impl FakeTenant {
    /// Serves sign-in, Graph and Exchange on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When the port cannot be opened.
    pub async fn serve(&self) -> io::Result<Server> {
        self.serve_on(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Serves sign-in, Graph and Exchange on this address.
    ///
    /// # Errors
    /// When the address cannot be opened.
    pub async fn serve_on(&self, address: SocketAddr) -> io::Result<Server> {
        let tenant = self.clone();
        let each = move |stream| connection(stream, "http", tenant.clone());
        self.listen(address, None, each).await
    }

    /// Listens on an address, and hands each connection to `each`.
    async fn listen<F, C>(&self, address: SocketAddr, certificate: Option<String>, each: F) -> io::Result<Server>
    where
        F: Fn(TcpStream) -> C + Send + 'static,
        C: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, each)).abort_handle();
        let delivering = tokio::spawn(notifier::deliver(self.clone())).abort_handle();
        Ok(Server { address, tenant: self.id(), certificate, accepting, delivering })
    }
}

/// The connections belong to this task: aborting it closes them too.
async fn accept<F, C>(listener: TcpListener, each: F)
where
    F: Fn(TcpStream) -> C,
    C: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small and awaited one by one; waiting to fill packets would only add delay.
                let _ = stream.set_nodelay(true);
                connections.spawn(each(stream));
            }
            // Out of file handles, most likely: let some connections end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection<S>(stream: S, scheme: &'static str, tenant: FakeTenant)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(request, scheme, tenant.clone()));
    // A client that goes away is no concern of the tenant.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// A request with its body, at the origin that the client used.
async fn whole(request: hyper::Request<Incoming>, scheme: &str) -> io::Result<Request> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let target = match parts.uri.authority() {
        Some(_) => parts.uri.to_string(),
        None => format!("{scheme}://{host}{}", parts.uri),
    };
    let url = Url::parse(&target).map_err(io::Error::other)?;
    let mut request = Request::new(parts.method.as_str(), url).body(body);
    for (name, value) in &parts.headers {
        request = request.header(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
    }
    Ok(request)
}

async fn answer(
    request: hyper::Request<Incoming>,
    scheme: &'static str,
    tenant: FakeTenant,
) -> io::Result<hyper::Response<Payload>> {
    let request = whole(request, scheme).await?;
    if let Some(refused) = notifier::handshake(&request).await {
        return reply(refused, false);
    }
    let Some(flight) = tenant.take_off(&request) else {
        return reply(crate::flight::too_many(), false);
    };
    let response = tenant.handle(&request);
    if let Some(delay) = response.delay().into_iter().chain(tenant.latency()).max() {
        tokio::time::sleep(delay).await;
    }
    drop(flight);
    match response.interruption() {
        // An error from the service makes hyper close the connection without an answer.
        Some(Interruption::DropConnection) => Err(io::Error::other("dropped on request")),
        other => reply(response, other == Some(Interruption::TruncateBody)),
    }
}

fn reply(response: Response, truncate: bool) -> io::Result<hyper::Response<Payload>> {
    let mut reply = hyper::Response::new(Payload {
        left: response.body.len() as u64,
        data: Some(Bytes::from(response.body)),
        breaks: truncate.then(|| Box::pin(tokio::time::sleep(BREAK_AFTER))),
    });
    *reply.status_mut() = hyper::StatusCode::from_u16(response.status).map_err(io::Error::other)?;
    for (name, value) in &response.headers {
        let name = HeaderName::try_from(name).map_err(io::Error::other)?;
        let value = HeaderValue::try_from(value).map_err(io::Error::other)?;
        reply.headers_mut().append(name, value);
    }
    Ok(reply)
}

/// A body that can promise more than it gives.
struct Payload {
    data: Option<Bytes>,
    left: u64,
    /// When the connection breaks: late enough for the first half to be on its way.
    breaks: Option<Pin<Box<Sleep>>>,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let data = self.data.take();
        let Some(breaks) = &mut self.breaks else {
            self.left = 0;
            return Poll::Ready(data.filter(|data| !data.is_empty()).map(|data| Ok(Frame::data(data))));
        };
        match data {
            Some(data) if data.len() > 1 => Poll::Ready(Some(Ok(Frame::data(data.slice(..data.len() / 2))))),
            _ => breaks.as_mut().poll(context).map(|()| Some(Err(io::Error::other("truncated on request")))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
