//! A small HTTP/1.1 listener for the operator's own ports: bounded connections, deadlines on headers and answers, an end that lets
//! open requests finish.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// Connections at once.
const CONNECTIONS: usize = 256;
/// How long a handshake, or the headers of a request, may take.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);
/// How long an answer may take, its body included.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long open requests have when the port stops.
const DRAIN: Duration = Duration::from_secs(3);
/// The wait after a connection could not be accepted, where a process has too many files open for example.
const PAUSE: Duration = Duration::from_millis(50);

/// An answer.
pub type Answer = http::Response<Full<Bytes>>;

/// A request whose body was read.
pub struct Request {
    /// The method.
    pub method: http::Method,
    /// The path.
    pub path: String,
    /// The body.
    pub body: Bytes,
}

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// The largest body that is read, in bytes.
    const LARGEST: usize;
    /// Answers one.
    fn answer(&self, request: Request) -> impl Future<Output = Answer> + Send;
}

/// An answer of this type and text.
#[must_use]
pub fn text(status: http::StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = http::Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(media_type));
    answer
}

/// Serves a port until it is told to stop.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    handler: Arc<H>,
    stop: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
            Some(_) = open.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // One too many is closed at once: whoever asks tries again.
        let Ok(permit) = room.clone().try_acquire_owned() else { continue };
        let (tls, handler, stop) = (tls.clone(), handler.clone(), stop.clone());
        open.spawn(async move {
            let _permit = permit;
            match tls {
                None => connection(stream, handler, stop).await,
                Some(tls) => {
                    if let Ok(Ok(stream)) = tokio::time::timeout(HEADERS_WITHIN, tls.accept(stream)).await {
                        connection(stream, handler, stop).await;
                    }
                }
            }
        });
    }
    tokio::time::timeout(DRAIN, async { while open.join_next().await.is_some() {} }).await.ok();
}

async fn connection<H: Handler>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    handler: Arc<H>,
    stop: CancellationToken,
) {
    let service = service_fn(move |request: http::Request<Incoming>| {
        let handler = handler.clone();
        async move {
            let answered = tokio::time::timeout(ANSWER_WITHIN, respond(&*handler, request)).await;
            let late = || text(http::StatusCode::SERVICE_UNAVAILABLE, "text/plain", "no answer in time\n");
            Ok::<_, Infallible>(answered.unwrap_or_else(|_| late()))
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await.ok();
        }
    }
}

async fn respond<H: Handler>(handler: &H, request: http::Request<Incoming>) -> Answer {
    let (parts, body) = request.into_parts();
    match Limited::new(body, H::LARGEST).collect().await {
        Ok(body) => {
            let path = parts.uri.path().to_owned();
            handler.answer(Request { method: parts.method, path, body: body.to_bytes() }).await
        }
        Err(_) => text(http::StatusCode::PAYLOAD_TOO_LARGE, "text/plain", "the body cannot be read\n"),
    }
}

/// Takes an address.
///
/// # Errors
/// When it is taken or not ours.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}
