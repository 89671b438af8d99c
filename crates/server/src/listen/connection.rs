//! One connection from its acceptance to its end: the TLS handshake, its requests, its deadlines, and what a port that stops means
//! to it.

use super::activity::{Activity, Delivering, Ending, Verdict};
use super::certificates::Certificates;
use super::options::PortOptions;
use super::stream::Watched;
use super::tally::{Cut, Tally};
use super::{Answer, Stopping};
use crate::http::{Arriving, json};
use axum::body::Body;
use futures::FutureExt;
use futures::future::Either;
use http::header::{CONNECTION, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::future::{Future, poll_fn, ready};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout};

/// What all connections of a port share.
pub struct Shared<A> {
    pub answer: A,
    pub options: PortOptions,
    pub builder: Builder<TokioExecutor>,
    pub certificates: Option<Arc<Certificates>>,
    pub tally: Tally,
    /// Places for requests that are open.
    pub requests: Arc<Semaphore>,
    pub stopping: Stopping,
}

impl<A: Answer> Shared<A> {
    /// Serves a connection until it ends.
    pub async fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        // Answers are small and whole: to wait for more of them only delays them. Where it fails the connection is gone.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let Some(certificates) = &self.certificates else { return self.live(stream, peer).await };
        // A port that stops lets a handshake finish: its client may already have sent a request behind it.
        match timeout(self.options.handshake, certificates.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => self.live(stream, peer).await,
            Ok(Err(error)) => {
                self.tally.handshake_failed();
                tracing::debug!(%peer, %error, "a TLS handshake failed");
            }
            Err(_) => self.tally.cut(Cut::Handshake),
        }
    }

    async fn live<S>(&self, stream: S, peer: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Activity::begun(Instant::now());
        let service = service_fn(|request| self.answered(&activity, peer, request));
        let stream = TokioIo::new(Watched::new(stream, activity.clone(), self.options.linger));
        let mut connection = pin!(self.builder.serve_connection(stream, service));
        let mut told = pin!(self.stopping.told());
        let mut timer = pin!(sleep_until(Instant::now() + self.options.headers));
        let mut ending = Ending::default();
        let cut = poll_fn(|cx| {
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            if ending.stopping.is_none() && told.as_mut().poll(cx).is_ready() {
                ending.stopping = Some(Instant::now());
            }
            loop {
                let now = Instant::now();
                // HTTP/2 can say which requests it still takes; HTTP/1 can only be silent, so it waits until nobody speaks.
                let farewell = ending.stopping.is_some() && ending.closing.is_none() && activity.is_http2();
                let verdict = activity.judge(now, ending, &self.options);
                match if farewell { Verdict::Close } else { verdict } {
                    Verdict::Close => {
                        ending.closing = Some(now);
                        connection.as_mut().graceful_shutdown();
                        if connection.as_mut().poll(cx).is_ready() {
                            return Poll::Ready(None);
                        }
                    }
                    Verdict::End(reason) => return Poll::Ready(reason),
                    Verdict::Wait(until) => {
                        // A timer that is too early only asks once more; to set it for each request would cost more.
                        if until < timer.deadline() || timer.is_elapsed() {
                            timer.as_mut().reset(until);
                        }
                        if timer.as_mut().poll(cx).is_pending() {
                            return Poll::Pending;
                        }
                    }
                }
            }
        })
        .await;
        if let Some(reason) = cut {
            self.tally.cut(reason);
            tracing::debug!(%peer, reason = reason.name(), "a connection was ended");
        }
    }

    /// Answers one request. What it returns borrows nothing, since HTTP/2 runs it beside its connection.
    fn answered(
        &self,
        activity: &Arc<Activity>,
        peer: SocketAddr,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Delivering<Body>>, Infallible>> + Send + 'static {
        let (version, head) = (request.version(), request.method() == Method::HEAD);
        let place = self.requests.clone().try_acquire_owned().ok();
        let answering = match place {
            Some(_) => {
                let request = request.map(|body| Arriving::within(self.options.body, body));
                Either::Left(self.answer.answer(peer, request))
            }
            None => {
                self.tally.turn_request_away();
                Either::Right(ready(overloaded()))
            }
        };
        let open = activity.begin(version, place);
        let stopping = self.stopping.clone();
        answering.map(move |mut response| {
            if version < Version::HTTP_2 && stopping.is_told() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response.map(|body| open.delivering(body, head)))
        })
    }
}

/// The answer to one request too many.
fn overloaded() -> Response<Body> {
    let text = r#"{"error":"temporarily_unavailable","error_description":"too many requests at once: try again in a moment"}"#;
    let mut response = json(StatusCode::SERVICE_UNAVAILABLE, text);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    response
}
