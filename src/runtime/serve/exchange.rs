//! One request: its guest, its answer, and its end.
//!
//! The guest runs in its connection's task, as a future that is polled first for the head of the answer and then, inside
//! the body ([`Answer`]), for the rest: no task, no channel between threads, no waking of another core. A guest that is
//! done when its answer's head is there gives its whole body at once, which goes out in one write.
//!
//! A client that goes away before its answer has a head cancels its guest. After that, or after the end of its answer, a
//! guest may go on working until the request's time is over.

use std::{convert::Infallible, net::SocketAddr, pin::Pin, sync::Arc, task::Poll, time::Duration};

use http::{HeaderValue, Request, Response, StatusCode, Uri, Version, header, uri};
use hyper::body::Incoming;
use tokio::{
    sync::{Semaphore, oneshot},
    time::Instant as Moment,
};

use crate::{
    diagnostic::{Diagnose, Problem},
    runtime::{state::Host, tell::Told, trap::Trapped},
};

use super::{
    answer::{Answer, Writer},
    body::Bounded,
    instances::{Failure, GuestResponse, Instances, Said, Work},
    visit::{Own, Watch},
};

/// What a server's connections share.
pub(super) struct Server {
    pub instances: Arc<Instances>,
    pub host: Arc<Host>,
    /// One for each request answered at once.
    pub places: Arc<Semaphore>,
    /// How long a request waits for a place.
    pub queue: Duration,
    /// For a request as a whole; `None`: without end.
    pub timeout: Option<Duration>,
    /// For the next piece of a request's body.
    pub body_timeout: Duration,
    /// Bytes of a request's body.
    pub max_body: u64,
    pub watch: Watch,
}

/// When a request's time is over, if ever.
pub(super) type Deadline = Option<Moment>;

/// Waits for `future` until the deadline; `None` where it passed.
pub(super) async fn within<F: Future>(deadline: Deadline, future: F) -> Option<F::Output> {
    match deadline {
        Some(at) => tokio::time::timeout_at(at, future).await.ok(),
        None => Some(future.await),
    }
}

/// Who is at the other end, and where it came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub client: SocketAddr,
    pub server: SocketAddr,
}

impl Server {
    pub fn tell(&self, told: Told) {
        // Where nobody reads fast enough it is lost, and the answer's status still tells it.
        let _ = self.host.teller.try_send(told);
    }

    /// Tells why a guest ended badly; `request` as its line reads.
    pub fn tell_failure(&self, request: &str, failure: &Failure) {
        if failure.is_full() {
            return;
        }
        let trapped = Trapped::new(&failure.error, self.host.limits, failure.starved).dumped(failure.dump.clone());
        if let Some(metrics) = &self.watch.metrics {
            metrics.trapped(&trapped);
        }
        self.tell(Told::Trapped { what: format!("the guest of `{request}`"), trapped });
    }

    /// Tells of a guest that used up its request's time; `how` it stood then.
    pub fn tell_slow(&self, request: &str, how: &str) {
        let after = self.timeout.unwrap_or_default();
        let message = format!("the guest of `{request}` {how} after {after:?}");
        self.tell(Told::Warning(Problem::warning("runtime::request-timeout", message)));
    }
}

/// Answers one request. `deadline`: where the connection looks up how long it may take.
pub(super) async fn exchange(
    server: Arc<Server>,
    mut request: Request<Incoming>,
    ends: Ends,
    deadline: Deadline,
) -> Result<Response<Answer>, Infallible> {
    let visit = server.watch.visit(&mut request, ends.client);
    let response = respond(server, request, ends, deadline).await;
    let visit = visit.map(|visit| visit.answered(&response));
    Ok(response.map(|body| body.noted(visit)))
}

async fn respond(server: Arc<Server>, request: Request<Incoming>, ends: Ends, deadline: Deadline) -> Response<Answer> {
    let line = format!("{} {}", request.method(), request.uri().path());
    let Some(request) = with_authority(request, ends.server) else {
        return plain(StatusCode::BAD_REQUEST);
    };
    let (head, body) = request.into_parts();
    let Some(body) = Bounded::new(body, server.max_body, server.body_timeout, server.watch.metrics.clone()) else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let place = match server.places.clone().try_acquire_owned() {
        Ok(place) => place,
        Err(_) => match tokio::time::timeout(server.queue, server.places.clone().acquire_owned()).await {
            Ok(Ok(place)) => place,
            _ => return busy(),
        },
    };
    let (say, said) = oneshot::channel();
    let work = match server.instances.clone().answer(Request::from_parts(head, body), say, place) {
        Ok(work) => work,
        Err(error) => {
            error.problems().into_iter().for_each(|problem| server.tell(Told::Warning(problem)));
            return plain(StatusCode::INTERNAL_SERVER_ERROR);
        }
    };
    match within(deadline, answer(work, said)).await {
        Some(Answered::Response(response, work)) => {
            let writer = work.map(|work| Writer { work, server, line, deadline, timer: None });
            response.map(|body| Answer::new(body, writer))
        }
        Some(Answered::Refused(message)) => {
            server.tell(Told::Warning(Problem::warning(
                "runtime::guest-error",
                format!("the guest of `{line}` failed: {message}"),
            )));
            plain(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Some(Answered::Failed(failure)) => {
            server.tell_failure(&line, &failure);
            if failure.is_full() { busy() } else { plain(StatusCode::INTERNAL_SERVER_ERROR) }
        }
        Some(Answered::Nothing) => {
            let message = format!("the guest of `{line}` ended without an answer");
            server.tell(Told::Warning(Problem::warning("runtime::no-answer", message)));
            plain(StatusCode::INTERNAL_SERVER_ERROR)
        }
        None => {
            server.tell_slow(&line, "had no answer");
            plain(StatusCode::GATEWAY_TIMEOUT)
        }
    }
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
    response.extensions_mut().insert(Own);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// No place for one more.
fn busy() -> Response<Answer> {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
