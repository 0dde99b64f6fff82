//! The server over TLS, with a certificate that is made for it and for nothing else.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{Server, connection};
use crate::FakeTenant;

/// A client that opens a connection and says nothing is not waited for.
const HANDSHAKE: Duration = Duration::from_secs(10);

impl FakeTenant {
    /// Serves sign-in, Graph and Exchange over TLS on a free port of 127.0.0.1, as the sign-in libraries of Microsoft ask for.
    ///
    /// The certificate is made for this server, for `localhost` and `127.0.0.1`, and signed by itself: a client trusts it by
    /// [`Server::certificate`].
    ///
    /// # Errors
    /// When the certificate cannot be made, or the port not be opened.
    pub async fn serve_tls(&self) -> io::Result<Server> {
        self.serve_tls_on(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Serves sign-in, Graph and Exchange over TLS on this address.
    ///
    /// # Errors
    /// When the certificate cannot be made, or the address not be opened.
    pub async fn serve_tls_on(&self, address: SocketAddr) -> io::Result<Server> {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned(), address.ip().to_string()];
        let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
            .map_err(io::Error::other)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let tenant = self.clone();
        let each = move |stream| {
            let (acceptor, tenant) = (acceptor.clone(), tenant.clone());
            async move {
                // A client that does not trust the certificate hangs up, which is no concern of the tenant.
                if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    connection(stream, "https", tenant).await;
                }
            }
        };
        self.listen(address, Some(made.cert.pem()), each).await
    }
}
