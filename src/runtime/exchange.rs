//! One request: a fresh instance, its answer, and its end.
//!
//! The guest runs in its connection's task, as a future that is polled first for the head of the answer and then, inside
//! the body ([`Answer`]), for the rest: no task, no channel between threads, no waking of another core. A guest that is
//! done when its answer's head is there gives its whole body at once, which goes out in one write.
//!
//! A client that goes away before its answer has a head cancels its guest. After that, or after the end of its answer, a
//! guest may go on working; it then has the request's time once more.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, Version, header, uri};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
};
use wasmtime::{
    Engine, PoolConcurrencyLimitError,
    component::{Accessor, InstancePre},
};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi_http::{FieldMap, WasiBody, WasiHttpView, p2, p3};

use crate::diagnostic::Problem;

use super::{
    error::Error,
    linker::Wasi,
    state::{Guest, Host},
    tell::Told,
    trap::Trapped,
};

/// What a server's connections share.
pub(super) struct Server {
    pub engine: Engine,
    pub handler: Handler,
    pub host: Arc<Host>,
    /// One for each request answered at once.
    pub places: Arc<Semaphore>,
    /// How long a request waits for a place.
    pub queue: Duration,
    /// How long a guest may take to the head of its answer.
    pub timeout: Duration,
}

/// What answers: imports bound, exports found.
pub(super) enum Handler {
    P2(p2::bindings::ProxyPre<Guest>),
    P3(p3::bindings::ServicePre<Guest>),
}

impl Handler {
    /// Errors where the handler has other types than `wasi:http` says.
    pub fn new(wasi: Wasi, pre: InstancePre<Guest>) -> wasmtime::Result<Handler> {
        Ok(match wasi {
            Wasi::P2 => Handler::P2(p2::bindings::ProxyPre::new(pre)?),
            Wasi::P3 => Handler::P3(p3::bindings::ServicePre::new(pre)?),
        })
    }
}

impl Server {
    /// Makes what a request needs, to see whether it can be made.
    pub fn try_guest(&self) -> Result<(), Error> {
        Guest::new(&self.host, WasiCtx::builder()).map(drop)
    }

    fn tell(&self, told: Told) {
        // Where nobody reads fast enough it is lost, and the answer's status still tells it.
        let _ = self.host.teller.try_send(told);
    }

    /// Tells why a guest ended badly; `request` as its line reads.
    fn tell_failure(&self, request: &str, failure: &Failure) {
        if failure.is_full() {
            return;
        }
        let trapped = Trapped::new(&failure.error, self.host.limits, failure.starved);
        self.tell(Told::Trapped { what: format!("the guest of `{request}`"), trapped });
    }
}

/// What a guest says where it has no answer, in one form for both versions.
type Refusal = wasmtime_wasi_http::Error;
/// The answer of a guest, head and body.
type GuestResponse = Response<WasiBody>;
/// What a guest says by itself: an answer, or that it has none.
type Said = Result<GuestResponse, String>;
type Work = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// A guest that trapped, or could not be made.
struct Failure {
    error: wasmtime::Error,
    starved: bool,
}

impl Failure {
    /// There was no room for one more instance.
    fn is_full(&self) -> bool {
        self.error.is::<PoolConcurrencyLimitError>()
    }
}

/// Answers one request. `address`: the one the client came to.
pub(super) async fn exchange(
    server: Arc<Server>,
    request: Request<Incoming>,
    address: SocketAddr,
) -> Result<Response<Answer>, Infallible> {
    let line = format!("{} {}", request.method(), request.uri().path());
    let Some(request) = with_authority(request, address) else {
        return Ok(plain(StatusCode::BAD_REQUEST));
    };
    let place = match server.places.clone().try_acquire_owned() {
        Ok(place) => place,
        Err(_) => match tokio::time::timeout(server.queue, server.places.clone().acquire_owned()).await {
            Ok(Ok(place)) => place,
            _ => return Ok(busy()),
        },
    };
    let guest = match Guest::new(&server.host, WasiCtx::builder()) {
        Ok(guest) => guest,
        Err(error) => {
            crate::diagnostic::Diagnose::problems(&error).into_iter().for_each(|p| server.tell(Told::Warning(p)));
            return Ok(plain(StatusCode::INTERNAL_SERVER_ERROR));
        }
    };
    let (say, said) = oneshot::channel();
    let work = work(server.clone(), guest, request, say, place);
    let answered = tokio::time::timeout(server.timeout, answer(work, said)).await;
    Ok(match answered {
        Ok(Answered::Response(response, work)) => {
            let watch = Watch { server, line };
            response.map(|body| Answer::new(body, work.map(|work| (work, watch))))
        }
        Ok(Answered::Refused(message)) => {
            server.tell(Told::Warning(Problem::warning(
                "runtime::guest-error",
                format!("the guest of `{line}` failed: {message}"),
            )));
            plain(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Ok(Answered::Failed(failure)) => {
            server.tell_failure(&line, &failure);
            if failure.is_full() { busy() } else { plain(StatusCode::INTERNAL_SERVER_ERROR) }
        }
        Ok(Answered::Nothing) => {
            let message = format!("the guest of `{line}` ended without an answer");
            server.tell(Told::Warning(Problem::warning("runtime::no-answer", message)));
            plain(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Err(_) => {
            let message = format!("the guest of `{line}` had no answer after {:?}", server.timeout);
            server.tell(Told::Warning(Problem::warning("runtime::request-timeout", message)));
            plain(StatusCode::GATEWAY_TIMEOUT)
        }
    })
}

/// What came of waiting for the head of an answer.
enum Answered {
    /// With what is left to do for its body and after, if anything.
    Response(GuestResponse, Option<Work>),
    /// The guest said that it cannot answer.
    Refused(String),
    Failed(Failure),
    Nothing,
}

/// Runs the guest until it has said something, or is done without.
async fn answer(mut work: Work, mut said: oneshot::Receiver<Said>) -> Answered {
    let mut ended = None;
    let said = std::future::poll_fn(|cx| {
        if ended.is_none()
            && let Poll::Ready(end) = work.as_mut().poll(cx)
        {
            ended = Some(end);
        }
        match Pin::new(&mut said).poll(cx) {
            Poll::Ready(Ok(said)) => Poll::Ready(Some(said)),
            // Whoever could say something is gone: the end is near.
            Poll::Ready(Err(_)) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    if said.is_none() && ended.is_none() {
        ended = Some(work.as_mut().await);
    }
    match (said, ended) {
        (_, Some(Err(failure))) => Answered::Failed(failure),
        (Some(Err(message)), _) => Answered::Refused(message),
        (Some(Ok(response)), None) => Answered::Response(response, Some(work)),
        (Some(Ok(response)), Some(Ok(()))) => Answered::Response(response, None),
        (None, _) => Answered::Nothing,
    }
}

/// The guest's whole life. `say`: where it puts its answer; `place` is given back when it ends.
fn work(
    server: Arc<Server>,
    guest: Guest,
    request: Request<Incoming>,
    say: oneshot::Sender<Said>,
    place: OwnedSemaphorePermit,
) -> Work {
    let clock = guest.clock.clone();
    let mut store = guest.into_store(&server.engine);
    Box::pin(async move {
        let life = async {
            match &server.handler {
                Handler::P2(pre) => {
                    let proxy = pre.instantiate_async(&mut store).await?;
                    let mut http = store.data_mut().http();
                    let request = http.new_incoming_request(p2::bindings::http::types::Scheme::Http, request)?;
                    let answer = http.new_response_outparam_from_callback(|answer| {
                        // The client may be gone.
                        let _ = say.send(answer.map_err(|error| Refusal::from(error).to_string()));
                    })?;
                    proxy.wasi_http_incoming_handler().call_handle(&mut store, request, answer).await
                }
                Handler::P3(pre) => {
                    let service = pre.instantiate_async(&mut store).await?;
                    store.run_concurrent(async |accessor| answer_p3(accessor, &service, request, say).await).await?
                }
            }
        };
        let result = clock.measure(life).await;
        let starved = store.data().meter.starved;
        drop(store);
        drop(place);
        result.map_err(|error| Failure { error, starved })
    })
}

/// A guest of WASI 0.3: it may go on after it returned its answer, to write its body and beyond.
async fn answer_p3(
    accessor: &Accessor<Guest>,
    service: &p3::bindings::Service,
    request: Request<Incoming>,
    say: oneshot::Sender<Said>,
) -> wasmtime::Result<()> {
    let (head, body) = request.into_parts();
    let uri = head.uri.into_parts();
    let headers = accessor.with(|mut store| FieldMap::new_immutable(store.data_mut().http().hooks, head.headers));
    let (request, sent) =
        p3::Request::new(head.method, uri.scheme, uri.authority, uri.path_and_query, headers, None, body);
    let request = accessor.with(|mut store| store.data_mut().table.push(request))?;
    let answer = service.wasi_http_handler().call_handle(accessor, request).await?;
    let answer = match answer {
        Ok(response) => accessor.with(|mut store| {
            let response = store.data_mut().table.delete(response)?;
            response.into_http(&mut store, sent).map(Ok)
        })?,
        Err(error) => Err(Refusal::from(error).to_string()),
    };
    // The client may be gone.
    let _ = say.send(answer);
    std::future::poll_fn(|cx| accessor.poll_no_interesting_tasks(cx)).await;
    Ok(())
}

/// The body of an answer, and the guest that may still be writing it.
pub(super) struct Answer {
    /// What is there already, in one piece.
    first: Option<Bytes>,
    trailers: Option<HeaderMap>,
    rest: Rest,
    work: Option<(Work, Watch)>,
}

/// What of a body is still to come.
enum Rest {
    Nothing,
    Body(WasiBody),
    Failure(wasmtime_wasi_http::Error),
}

/// Whom to tell if a guest ends badly.
struct Watch {
    server: Arc<Server>,
    line: String,
}

impl Answer {
    fn new(mut body: WasiBody, work: Option<(Work, Watch)>) -> Answer {
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
        Answer { first: (!first.is_empty()).then(|| first.freeze()), trailers, rest, work }
    }

    fn text(text: &'static str) -> Answer {
        Answer { first: Some(Bytes::from_static(text.as_bytes())), trailers: None, rest: Rest::Nothing, work: None }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = wasmtime_wasi_http::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some((work, watch)) = &mut self.work
            && let Poll::Ready(end) = work.as_mut().poll(cx)
        {
            if let Err(failure) = end {
                watch.server.tell_failure(&watch.line, &failure);
                self.rest = Rest::Failure(wasmtime_wasi_http::Error::HttpResponseIncomplete);
            }
            self.work = None;
        }
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
    /// The answer is sent, or its client gone: a guest that is not done finds its stream closed, and may end its work.
    fn drop(&mut self) {
        self.rest = Rest::Nothing;
        if let Some((work, watch)) = self.work.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                if let Ok(Err(failure)) = tokio::time::timeout(watch.server.timeout, work).await {
                    watch.server.tell_failure(&watch.line, &failure);
                }
            });
        }
    }
}

/// The request with the scheme and authority it was meant for; `None` where it tells none, or nonsense. A client of
/// HTTP/1.0 need not tell: the address it came to stands in.
fn with_authority(mut request: Request<Incoming>, address: SocketAddr) -> Option<Request<Incoming>> {
    let told = match (request.uri().authority(), request.headers().get(header::HOST)) {
        (Some(authority), _) => authority.clone(),
        (None, Some(host)) => host.to_str().ok()?.parse().ok()?,
        (None, None) if request.version() == Version::HTTP_10 => address.to_string().parse().ok()?,
        (None, None) => return None,
    };
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    if parts.path_and_query.is_none() {
        parts.path_and_query = Some(uri::PathAndQuery::from_static("/"));
    }
    parts.scheme = Some(uri::Scheme::HTTP);
    parts.authority = Some(told);
    *request.uri_mut() = Uri::from_parts(parts).ok()?;
    Some(request)
}

/// An answer of the server's own.
fn plain(status: StatusCode) -> Response<Answer> {
    let mut response = Response::new(Answer::text(status.canonical_reason().unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// No place for one more.
fn busy() -> Response<Answer> {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Turns a connection away.
pub(super) async fn refuse(mut stream: TcpStream) {
    const ANSWER: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    // The client may be gone, or not listen.
    let _ = tokio::time::timeout(Duration::from_secs(1), async {
        stream.write_all(ANSWER).await?;
        stream.shutdown().await
    })
    .await;
}
