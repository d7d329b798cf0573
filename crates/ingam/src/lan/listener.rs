//! TLS in front of the pages. Hands out connections whose handshake is done, so that a slow or silent one keeps no
//! other waiting.

use axum::Router;
use axum::serve::{Listener, ListenerExt};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

/// A phone on a weak network needs a second or two; who needs more has gone away.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes that are done and wait to be taken.
const WAITING: usize = 16;

/// Connections over TLS.
pub struct Tls {
    address: io::Result<SocketAddr>,
    done: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl Tls {
    pub(super) fn new(listener: TcpListener, config: Arc<ServerConfig>) -> Self {
        let address = listener.local_addr();
        let (hand_over, done) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            let (mut listener, acceptor) = (listener, TlsAcceptor::from(config));
            while !hand_over.is_closed() {
                let (stream, from) = Listener::accept(&mut listener).await;
                let (acceptor, hand_over) = (acceptor.clone(), hand_over.clone());
                tokio::spawn(async move {
                    // One that fails says so to the phone; here it is nobody's business.
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        let _ = hand_over.send((stream, from)).await;
                    }
                });
            }
        });
        Self { address, done }
    }

    #[cfg(test)]
    pub(super) fn port(&self) -> io::Result<u16> {
        self.local_addr().map(|address| address.port())
    }
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.done.recv().await {
            Some(next) => next,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address.as_ref().copied().map_err(|error| error.kind().into())
    }
}

/// Serves until `stop` is ready.
pub async fn serve(tls: Tls, router: Router, stop: impl Future<Output = ()> + Send + 'static) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    // The address of who calls comes through only where something looks at the connection.
    let served = axum::serve(tls.tap_io(|_| {}), service).with_graceful_shutdown(stop).await;
    if let Err(error) = served {
        tracing::error!(%error, "HTTPS ended");
    }
}
