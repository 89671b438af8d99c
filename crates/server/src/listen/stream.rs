//! A connection's stream: it tells [`Activity`] what is read and what the peer does not take, and it is closed so that a peer which
//! still sends gets to read its last answer.

use super::activity::Activity;
use std::future::Future;
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// The most that is read and dropped from a connection that is closed.
const MOST_DROPPED: usize = 256 * 1_024;

/// A stream that is looked at.
pub struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    linger: Duration,
    closed: Option<Closed>,
}

/// Nothing is written any more.
struct Closed {
    until: Pin<Box<Sleep>>,
    dropped: usize,
}

impl<S> Watched<S> {
    pub const fn new(stream: S, activity: Arc<Activity>, linger: Duration) -> Self {
        Self { stream, activity, linger, closed: None }
    }

    /// Notes whether the peer took what is written.
    fn noted<T>(&self, written: Poll<Result<T>>) -> Poll<Result<T>> {
        match written {
            Poll::Ready(_) => self.activity.taken(),
            Poll::Pending => self.activity.stalled(),
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.read();
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.noted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.noted(flushed)
    }

    /// Says that nothing follows, and reads on for a while. A socket that is closed with unread bytes resets the connection, and the
    /// peer may lose the answer that says what it does wrong (RFC 9112 section 9.6).
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        if this.closed.is_none() {
            let shut = Pin::new(&mut this.stream).poll_shutdown(cx);
            ready!(this.noted(shut))?;
            this.closed = Some(Closed { until: Box::pin(sleep(this.linger)), dropped: 0 });
        }
        let Some(closed) = &mut this.closed else { return Poll::Ready(Ok(())) };
        let mut buffer = [0; 2_048];
        while closed.dropped < MOST_DROPPED {
            let mut buffer = ReadBuf::new(&mut buffer);
            match Pin::new(&mut this.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => closed.dropped += buffer.filled().len(),
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    ready!(closed.until.as_mut().poll(cx));
                    return Poll::Ready(Ok(()));
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}
