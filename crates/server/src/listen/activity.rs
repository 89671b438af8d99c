//! What goes on on one connection, and how long it may go on: the pure part of every deadline. The stream tells what is read and
//! written, the service which requests begin and end; [`Activity::judge`] says what follows.

use super::options::PortOptions;
use super::tally::Cut;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

/// Requests that a peer may give up beyond those that it took answers of. A browser gives up a few; whoever resets streams to make
/// work gives up all.
const MOST_ABANDONED: u32 = 100;

/// What goes on on one connection.
#[derive(Debug)]
pub struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    /// When each open request began, the oldest first.
    open: Vec<(u64, Instant)>,
    /// How many requests there were.
    requests: u64,
    /// Does it speak HTTP/2? Known from the first request on.
    http2: bool,
    /// Since when nothing is open: the beginning, the end of the last request, or when a peer that took nothing took something.
    since: Instant,
    /// When the first byte of headers arrived that are not whole yet (HTTP/1).
    head: Option<Instant>,
    /// Since when the peer takes nothing.
    stalled: Option<Instant>,
    abandoned: u32,
}

/// When the port stops, and when this connection began to close.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ending {
    /// When the port began to stop.
    pub stopping: Option<Instant>,
    /// When the connection was told to take no more requests.
    pub closing: Option<Instant>,
}

/// What is to be done with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing before that moment.
    Wait(Instant),
    /// Take no more requests, and end when those that are open have ended.
    Close,
    /// End it now. Without a reason nobody has done wrong.
    End(Option<Cut>),
}

impl Activity {
    /// A connection that has just begun.
    pub fn begun(now: Instant) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            open: Vec::new(),
            requests: 0,
            http2: false,
            since: now,
            head: None,
            stalled: None,
            abandoned: 0,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes arrived.
    pub fn read(&self) {
        let mut state = self.state();
        if state.open.is_empty() && state.head.is_none() && !state.http2 {
            state.head = Some(Instant::now());
        }
    }

    /// The peer took something, or there is nothing left for it to take; which says something only when it took nothing before. What
    /// is written in between, such as a ping, makes nobody less idle.
    pub fn taken(&self) {
        let mut state = self.state();
        if state.stalled.take().is_some() {
            state.since = Instant::now();
        }
    }

    /// There is something that the peer does not take.
    pub fn stalled(&self) {
        let mut state = self.state();
        if state.stalled.is_none() {
            state.stalled = Some(Instant::now());
        }
    }

    /// The headers of a request are there.
    pub fn begin(self: &Arc<Self>, version: http::Version, place: Option<OwnedSemaphorePermit>) -> Open {
        let mut state = self.state();
        state.head = None;
        state.http2 = version == http::Version::HTTP_2;
        state.requests += 1;
        let number = state.requests;
        state.open.push((number, Instant::now()));
        drop(state);
        Open { activity: self.clone(), number, answered: false, _place: place }
    }

    fn end(&self, number: u64, answered: bool) {
        let mut state = self.state();
        state.open.retain(|(open, _)| *open != number);
        state.since = Instant::now();
        state.abandoned =
            if answered { state.abandoned.saturating_sub(1) } else { state.abandoned.saturating_add(1) };
    }

    /// Does it speak HTTP/2? Known from the first request on.
    pub fn is_http2(&self) -> bool {
        self.state().http2
    }

    /// What is to be done at this moment.
    pub fn judge(&self, now: Instant, ending: Ending, options: &PortOptions) -> Verdict {
        let state = self.state();
        if state.abandoned > MOST_ABANDONED {
            return Verdict::End(Some(Cut::Abandoned));
        }
        let (due, verdict) = state.due(ending, options);
        let stalled = state.stalled.map(|since| since + options.unread);
        match stalled.filter(|stalled| *stalled < due) {
            Some(stalled) if now >= stalled => Verdict::End(Some(Cut::Unread)),
            Some(stalled) => Verdict::Wait(stalled),
            None if now >= due => verdict,
            None => Verdict::Wait(due),
        }
    }
}

impl State {
    /// What comes next if nothing happens, and when.
    fn due(&self, ending: Ending, options: &PortOptions) -> (Instant, Verdict) {
        if let Some((_, oldest)) = self.open.first() {
            return (*oldest + options.answer, Verdict::End(Some(Cut::Answer)));
        }
        if let Some(closing) = ending.closing {
            return (closing + options.headers, Verdict::End(None));
        }
        let headers = match self.head {
            // Before the first request the connection's beginning counts: what protocol it speaks is not known yet.
            _ if self.requests == 0 => Some(self.since + options.headers),
            head => head.map(|head| head + options.headers),
        };
        let quiet = match ending.stopping {
            // A request that is on its way shall find somebody who answers.
            Some(stopping) if self.head.is_none() => Some(self.since.max(stopping) + options.linger),
            _ => None,
        };
        match (headers, quiet) {
            (Some(headers), quiet) if quiet.is_none_or(|quiet| headers <= quiet) => {
                (headers, Verdict::End(Some(Cut::Headers)))
            }
            (_, Some(quiet)) => (quiet, Verdict::Close),
            (_, None) => (self.since + options.idle, Verdict::Close),
        }
    }
}

/// A request that is open; dropped, it has ended.
pub struct Open {
    activity: Arc<Activity>,
    number: u64,
    answered: bool,
    /// Its place among the requests that may be open; one that is turned away has none.
    _place: Option<OwnedSemaphorePermit>,
}

impl Open {
    /// The request stays open until its answer is delivered or given up. It is delivered when its body ends; one that answers HEAD is
    /// never looked at.
    pub fn delivering<B: HttpBody>(mut self, body: B, head: bool) -> Delivering<B> {
        self.answered = head || body.is_end_stream();
        Delivering { body, open: self }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.activity.end(self.number, self.answered);
    }
}

/// An answer on its way to the peer.
pub struct Delivering<B> {
    body: B,
    open: Open,
}

impl<B: HttpBody + Unpin> HttpBody for Delivering<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        self.open.answered |= matches!(frame, Poll::Ready(None)) || self.body.is_end_stream();
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
#[path = "activity_tests.rs"]
mod tests;
