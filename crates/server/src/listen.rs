//! The ports: connections with deadlines and bounds, over TLS or not, and an end that lets what was accepted finish.

use crate::app::App;
use crate::http::{PeerAddress, Service};
use axum::body::Body;
use axum::response::Response;
use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use futures::FutureExt;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a connection may take to send the headers of a request.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// How long open requests get when the server stops.
const FINISH_WITHIN: Duration = Duration::from_secs(20);

/// Connections that a port holds at once. An idle one costs some kilobytes and ends by itself after [`HEADERS_WITHIN`].
const MOST_CONNECTIONS: usize = 16_384;

/// One port that is listened on.
pub struct Port {
    listener: TcpListener,
    most: usize,
    tls: Option<RustlsConfig>,
    handle: Handle<SocketAddr>,
}

/// Stops a [`Port`].
#[derive(Clone)]
pub struct Stopper(Handle<SocketAddr>);

impl Stopper {
    /// Takes no more connections, and gives open requests 20 seconds.
    pub fn stop(&self) {
        self.0.graceful_shutdown(Some(FINISH_WITHIN));
    }
}

impl Port {
    /// Takes the address.
    ///
    /// # Errors
    /// When it is taken or not ours.
    pub fn bind(address: SocketAddr, tls: Option<RustlsConfig>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, most: MOST_CONNECTIONS, tls, handle: Handle::new() })
    }

    /// Holds so many connections at once; one more is closed as soon as it is accepted.
    #[must_use]
    pub const fn at_most(mut self, connections: usize) -> Self {
        self.most = connections;
        self
    }

    /// The address that was taken: with the port, where port 0 was asked for.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What stops it.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.handle.clone())
    }

    /// Serves an `answer` for each request until it is stopped.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve<A: Answer>(self, answer: A) -> std::io::Result<()> {
        let make = MakePeer { answer };
        let mut server = axum_server::from_tcp(self.listener)?
            .handle(self.handle)
            // Before the first byte nothing is known of the protocol, so its own deadlines do not count yet.
            .first_request_timeout(HEADERS_WITHIN)
            .acceptor(Admit(Arc::new(Semaphore::new(self.most))));
        tune(server.http_builder());
        match self.tls {
            Some(tls) => {
                let acceptor = RustlsAcceptor::new(tls).handshake_timeout(HEADERS_WITHIN);
                server.map(|tcp| acceptor.acceptor(tcp)).serve(make).await
            }
            None => server.serve(make).await,
        }
    }
}

fn tune(builder: &mut Builder<TokioExecutor>) {
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(96 * 1_024)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(96 * 1_024)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10));
}

/// TLS from PEM files: TLS 1.2 and 1.3.
///
/// # Errors
/// When the files cannot be read or do not fit together.
pub async fn tls(certificate: &std::path::Path, key: &std::path::Path) -> std::io::Result<RustlsConfig> {
    RustlsConfig::from_pem_file(certificate, key).await
}

type Answered = Pin<Box<dyn Future<Output = Response> + Send>>;
/// What never fails, as what may.
type Always = fn(Response) -> Result<Response, Infallible>;

/// What answers requests of a port.
pub trait Answer: Clone + Send + Sync + 'static {
    /// Answers one request of this peer. Never fails.
    fn answer(&self, peer: SocketAddr, request: http::Request<Body>) -> Answered;
}

/// Answers with the OpenID provider.
#[derive(Clone)]
pub struct Provider(pub Arc<App>);

impl Answer for Provider {
    fn answer(&self, peer: SocketAddr, request: http::Request<Body>) -> Answered {
        let service = Service::new(self.0.clone(), PeerAddress(peer.ip()));
        Box::pin(async move { service.answer(request).await })
    }
}

#[derive(Clone)]
struct MakePeer<A> {
    answer: A,
}

#[derive(Clone)]
struct Peer<A> {
    answer: A,
    peer: SocketAddr,
    /// The place of its connection, given back when the connection ends.
    _place: Option<Arc<OwnedSemaphorePermit>>,
}

/// Lets connections in while there is a place for them.
#[derive(Clone)]
struct Admit(Arc<Semaphore>);

impl<A> Accept<TcpStream, Peer<A>> for Admit {
    type Stream = TcpStream;
    type Service = Peer<A>;
    type Future = std::future::Ready<std::io::Result<(TcpStream, Peer<A>)>>;

    fn accept(&self, stream: TcpStream, peer: Peer<A>) -> Self::Future {
        let place = self.0.clone().try_acquire_owned();
        let place = place.map_err(|_| std::io::Error::other("too many connections"));
        let admitted = place.and_then(|place| {
            // Answers are small and whole: to wait for more of them only delays them.
            stream.set_nodelay(true)?;
            Ok((stream, Peer { _place: Some(Arc::new(place)), ..peer }))
        });
        std::future::ready(admitted)
    }
}

impl<A: Answer> tower::Service<SocketAddr> for MakePeer<A> {
    type Response = Peer<A>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Peer<A>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, peer: SocketAddr) -> Self::Future {
        std::future::ready(Ok(Peer { answer: self.answer.clone(), peer, _place: None }))
    }
}

impl<A: Answer> tower::Service<http::Request<hyper::body::Incoming>> for Peer<A> {
    type Response = Response;
    type Error = Infallible;
    type Future = futures::future::Map<Answered, Always>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<hyper::body::Incoming>) -> Self::Future {
        let always: Always = Ok;
        self.answer.answer(self.peer, request.map(Body::new)).map(always)
    }
}
