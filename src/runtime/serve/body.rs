//! The body of a request as a guest reads it: of bounded size, and never waited for without end.

use std::{
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Sleep;
use wasmtime_wasi_http::Error;

use crate::runtime::metrics::Metrics;

/// A body whose reader is told when it is too long, or when its next piece does not come.
pub(super) struct Bounded {
    body: Incoming,
    limit: u64,
    received: u64,
    timeout: Duration,
    /// While a piece is waited for.
    wait: Option<Pin<Box<Sleep>>>,
    metrics: Option<Arc<Metrics>>,
}

impl Bounded {
    /// `None`: the client says itself that it would send more than `limit` bytes.
    pub fn new(body: Incoming, limit: u64, timeout: Duration, metrics: Option<Arc<Metrics>>) -> Option<Bounded> {
        (body.size_hint().lower() <= limit).then_some(Bounded {
            body,
            limit,
            received: 0,
            timeout,
            wait: None,
            metrics,
        })
    }
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.wait = None;
                let Some(frame) = frame else { return Poll::Ready(None) };
                let frame = frame.map_err(Error::from);
                if let Some(data) = frame.as_ref().ok().and_then(Frame::data_ref) {
                    self.received += data.len() as u64;
                    if let Some(metrics) = &self.metrics {
                        metrics.received.fetch_add(data.len() as u64, Ordering::Relaxed);
                    }
                    if self.received > self.limit {
                        return Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(self.limit)))));
                    }
                }
                Poll::Ready(Some(frame))
            }
            Poll::Pending => {
                let timeout = self.timeout;
                let wait = self.wait.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
                wait.as_mut().poll(cx).map(|()| Some(Err(Error::ConnectionReadTimeout)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
