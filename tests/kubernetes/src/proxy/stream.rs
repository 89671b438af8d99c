//! A body that can be cut off.

use bytes::Bytes;
use hyper::body::Frame;
use kube::client::Body;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A body as it is passed on: until its end, or until it is cut, which ends the connection in the middle of it.
pub(super) struct Streamed {
    body: Body,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Streamed {
    pub(super) fn new(body: Body, knife: CancellationToken) -> Self {
        Self { body, cut: Box::pin(knife.cancelled_owned()) }
    }
}

impl hyper::body::Body for Streamed {
    type Data = Bytes;
    type Error = anyhow::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, anyhow::Error>>> {
        if self.cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(anyhow::Error::msg("cut"))));
        }
        Pin::new(&mut self.body).poll_frame(context).map_err(Into::into)
    }
}
