//! The body of an answer, and the guest that may still be writing it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;
use wasmtime_wasi_http::{Error, WasiBody};

use super::{
    exchange::{Deadline, Server, within},
    instances::Work,
    visit::Visit,
};

/// What hyper sends, piece by piece, and the guest along with it.
pub(in crate::runtime) struct Answer {
    /// What is there already, in one piece.
    first: Option<Bytes>,
    trailers: Option<HeaderMap>,
    rest: Rest,
    guest: Option<Writer>,
    /// Told when the answer is dropped.
    visit: Option<Visit>,
}

/// What of a body is still to come.
enum Rest {
    Nothing,
    Body(WasiBody),
    Failure(Error),
}

/// A guest that is not done.
pub(super) struct Writer {
    pub work: Work,
    pub server: Arc<Server>,
    /// The request's line.
    pub line: String,
    pub deadline: Deadline,
    /// Until the deadline, once it has been waited for.
    pub timer: Option<Pin<Box<Sleep>>>,
}

impl Answer {
    pub fn new(mut body: WasiBody, guest: Option<Writer>) -> Answer {
        let (mut first, mut trailers) = (BytesMut::new(), None);
        let rest = loop {
            match body.frame().now_or_never() {
                Some(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => first.extend_from_slice(&data),
                    Err(frame) => trailers = frame.into_trailers().ok(),
                },
                Some(Some(Err(error))) => break Rest::Failure(error),
                Some(None) => break Rest::Nothing,
                None => break Rest::Body(body),
            }
        };
        Answer { first: (!first.is_empty()).then(|| first.freeze()), trailers, rest, guest, visit: None }
    }

    pub fn text(text: &'static str) -> Answer {
        let first = Some(Bytes::from_static(text.as_bytes()));
        Answer { first, trailers: None, rest: Rest::Nothing, guest: None, visit: None }
    }

    /// The same, its end and size noted.
    pub fn noted(mut self, visit: Option<Visit>) -> Answer {
        self.visit = visit;
        self
    }

    /// Lets the guest go on; what it still has to give is in `rest` afterwards.
    fn poll_guest(&mut self, cx: &mut Context<'_>) {
        let Some(writer) = &mut self.guest else { return };
        match writer.work.as_mut().poll(cx) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(failure)) => {
                writer.server.tell_failure(&writer.line, &failure);
                self.rest = Rest::Failure(Error::HttpResponseIncomplete);
            }
            Poll::Pending if writer.poll_deadline(cx).is_ready() => {
                writer.tell_cut();
                self.rest = Rest::Failure(Error::HttpResponseIncomplete);
            }
            Poll::Pending => return,
        }
        self.guest = None;
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match std::mem::replace(&mut self.rest, Rest::Nothing) {
            Rest::Failure(error) => return Poll::Ready(Some(Err(error))),
            Rest::Body(mut body) => {
                let frame = Pin::new(&mut body).poll_frame(cx);
                if !matches!(frame, Poll::Ready(None)) {
                    self.rest = Rest::Body(body);
                    return frame;
                }
            }
            Rest::Nothing => {}
        }
        Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }
}

impl Writer {
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.deadline else { return Poll::Pending };
        self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at))).as_mut().poll(cx)
    }

    fn tell_cut(&self) {
        self.server.tell_slow(&self.line, "was not done");
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.poll_guest(cx);
        let frame = self.poll_rest(cx);
        if let (Poll::Ready(Some(Ok(frame))), Some(visit)) = (&frame, &mut self.visit) {
            visit.sent(frame.data_ref().map_or(0, Bytes::len));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.trailers.is_none() && matches!(self.rest, Rest::Nothing)
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.rest, &self.trailers) {
            (Rest::Nothing, None) => SizeHint::with_exact(self.first.as_ref().map_or(0, |first| first.len() as u64)),
            _ => SizeHint::default(),
        }
    }
}

impl Drop for Answer {
    /// The answer is sent, or its client gone: a guest that is not done finds its stream closed, and may end its work in
    /// what is left of the request's time.
    fn drop(&mut self) {
        self.rest = Rest::Nothing;
        if let Some(mut writer) = self.guest.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                match within(writer.deadline, writer.work.as_mut()).await {
                    Some(Ok(())) => {}
                    Some(Err(failure)) => writer.server.tell_failure(&writer.line, &failure),
                    None => writer.tell_cut(),
                }
            });
        }
    }
}
