//! The domain behind a plain HTTP server.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::FakePlaceOs;
use crate::request::Request;

/// A running server. It stops, with all its connections, when this is dropped.
pub struct Server {
    address: SocketAddr,
    accepting: AbortHandle,
}

impl Server {
    /// The origin, such as `http://127.0.0.1:49152`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
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
    }
}

impl FakePlaceOs {
    /// Serves the domain on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When the port cannot be opened.
    pub async fn serve(&self) -> io::Result<Server> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, self.clone())).abort_handle();
        Ok(Server { address, accepting })
    }
}

/// The connections belong to this task: aborting it closes them too.
async fn accept(listener: TcpListener, domain: FakePlaceOs) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, domain.clone()));
            }
            // Out of file handles, most likely: let some connections end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, domain: FakePlaceOs) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(request, domain.clone()));
    // A client that goes away is no concern of the domain.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(request: hyper::Request<Incoming>, domain: FakePlaceOs) -> io::Result<hyper::Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::new(parts.method.as_str(), target);
    for (name, value) in &parts.headers {
        request = request.header(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
    }
    request.body = body.to_vec();
    let response = domain.handle(&request);
    if response.interruption.is_some() {
        // An error from the service makes hyper close the connection without an answer.
        return Err(io::Error::other("dropped on request"));
    }
    let mut reply = hyper::Response::new(Full::new(Bytes::from(response.body)));
    *reply.status_mut() = hyper::StatusCode::from_u16(response.status).map_err(io::Error::other)?;
    for (name, value) in &response.headers {
        let name = HeaderName::try_from(name).map_err(io::Error::other)?;
        let value = HeaderValue::try_from(value).map_err(io::Error::other)?;
        reply.headers_mut().append(name, value);
    }
    Ok(reply)
}
