//! The ports: connections with deadlines and bounds, over TLS or not, and an end that lets what was accepted finish. What goes on on
//! one connection is in the modules below; this one accepts them and knows how many there are.

mod activity;
mod certificates;
mod connection;
mod door;
mod options;
mod stream;
mod tally;

pub use certificates::{CertificateFault, Certificates, Look};
pub use options::PortOptions;
pub use tally::{Cut, Tally};

use crate::app::App;
use crate::http::{PeerAddress, Service, TrustedProxies};
use axum::body::Body;
use axum::response::Response;
use connection::Shared;
use door::Door;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The most that the headers of a request may take, in bytes.
const LARGEST_HEADERS: usize = 96 * 1_024;
/// The same for HTTP/2, where one connection may hold those of many.
const LARGEST_HEADER_LIST: u32 = 32 * 1_024;
/// What an HTTP/2 peer may send of one body, and of all, before any of it is read, in bytes. Bodies have at most 64 KiB.
const WINDOWS: (u32, u32) = (64 * 1_024, 256 * 1_024);

/// One port that is listened on.
pub struct Port {
    listener: TcpListener,
    certificates: Option<Arc<Certificates>>,
    options: PortOptions,
    tally: Tally,
    stopper: Stopper,
}

/// Stops a [`Port`].
#[derive(Clone)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Stopper {
    /// Takes no more connections, and gives open requests as long as the port's options say.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    fn stopping(&self) -> Stopping {
        Stopping(self.0.subscribe())
    }
}

/// Says when a port stops.
#[derive(Clone)]
struct Stopping(watch::Receiver<bool>);

impl Stopping {
    fn is_told(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it stops; a stopper that is gone stops it too.
    fn told(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.0.clone();
        async move {
            stopping.wait_for(|told| *told).await.ok();
        }
    }
}

impl Port {
    /// Takes the address; with certificates it speaks TLS alone.
    ///
    /// # Errors
    /// When it is taken or not ours.
    pub fn bind(address: SocketAddr, certificates: Option<Arc<Certificates>>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let (options, tally) = (PortOptions::default(), Tally::default());
        let stopper = Stopper(Arc::new(watch::Sender::new(false)));
        Ok(Self { listener, certificates, options, tally, stopper })
    }

    /// Bears other numbers and deadlines.
    #[must_use]
    pub const fn with(mut self, options: PortOptions) -> Self {
        self.options = options;
        self
    }

    /// Counts where others read it.
    #[must_use]
    pub fn counting(mut self, tally: Tally) -> Self {
        self.tally = tally;
        self
    }

    /// The address that was taken: with the port, where port 0 was asked for.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What it presents to clients, where it speaks TLS.
    #[must_use]
    pub const fn certificates(&self) -> Option<&Arc<Certificates>> {
        self.certificates.as_ref()
    }

    /// What stops it.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Serves an `answer` for each request until it is stopped.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve<A: Answer>(self, answer: A) -> std::io::Result<()> {
        let Self { listener, certificates, options, tally, stopper } = self;
        let door = Door::open(listener)?;
        let follower = certificates.clone().map(|certificates| tokio::spawn(certificates.follow()));
        let stopping = stopper.stopping();
        let requests = Arc::new(Semaphore::new(options.requests));
        let shared = Shared { answer, options, builder: builder(), certificates, tally, requests, stopping };
        let mut room = Room {
            places: Arc::new(Semaphore::new(options.connections)),
            shared: Arc::new(shared),
            tasks: JoinSet::new(),
        };
        room.fill(&door, stopper.stopping().told()).await;
        door.close(|stream, peer| room.let_in(stream, peer)).await;
        room.empty().await;
        if let Some(follower) = follower {
            follower.abort();
        }
        Ok(())
    }
}

/// The connections of a port.
struct Room<A> {
    places: Arc<Semaphore>,
    shared: Arc<Shared<A>>,
    tasks: JoinSet<()>,
}

impl<A: Answer> Room<A> {
    /// Lets connections in until the port stops.
    async fn fill(&mut self, door: &Door, told: impl Future<Output = ()>) {
        let mut told = std::pin::pin!(told);
        loop {
            tokio::select! {
                biased;
                () = &mut told => return,
                Some(_) = self.tasks.join_next() => {}
                (stream, peer) = door.next() => self.let_in(stream, peer),
            }
        }
    }

    /// Lets a connection in while there is a place for it.
    fn let_in(&mut self, stream: tokio::net::TcpStream, peer: SocketAddr) {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            self.shared.tally.turn_away();
            return;
        };
        let (shared, opened) = (self.shared.clone(), self.shared.tally.opened());
        self.tasks.spawn(async move {
            shared.serve(stream, peer).await;
            drop((place, opened));
        });
    }

    /// Waits until all have ended, and ends those that are open when the time is over.
    async fn empty(mut self) {
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(self.shared.options.finish, ended).await.is_err() {
            for _ in 0..self.tasks.len() {
                self.shared.tally.cut(Cut::Stop);
            }
            self.tasks.shutdown().await;
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    let (stream, connection) = WINDOWS;
    builder
        .http1()
        .timer(TokioTimer::new())
        // The deadline of a connection's first headers is another one than that of a connection that idles: they are kept where
        // both are known.
        .header_read_timeout(None)
        .max_buf_size(LARGEST_HEADERS)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .initial_stream_window_size(stream)
        .initial_connection_window_size(connection)
        .max_send_buf_size(64 * 1_024)
        .max_header_list_size(LARGEST_HEADER_LIST)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}

type Answered = Pin<Box<dyn Future<Output = Response> + Send>>;

/// What answers requests of a port.
pub trait Answer: Clone + Send + Sync + 'static {
    /// Answers one request of this peer. Never fails.
    fn answer(&self, peer: SocketAddr, request: http::Request<Body>) -> Answered;
}

/// Answers with the OpenID provider.
#[derive(Clone)]
pub struct Provider {
    app: Arc<App>,
    proxies: Arc<TrustedProxies>,
}

impl Provider {
    /// Answers with this provider, and believes these proxies.
    #[must_use]
    pub fn new(app: Arc<App>, proxies: TrustedProxies) -> Self {
        Self { app, proxies: Arc::new(proxies) }
    }
}

impl Answer for Provider {
    fn answer(&self, peer: SocketAddr, request: http::Request<Body>) -> Answered {
        let address = self.proxies.address(peer.ip(), request.headers());
        let service = Service::new(self.app.clone(), PeerAddress(address));
        Box::pin(async move { service.answer(request).await })
    }
}
