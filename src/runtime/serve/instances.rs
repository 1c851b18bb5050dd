//! The instances that answer requests: a fresh one for each, unless they are to be used again.
//!
//! A request's guest is one future ([`Instances::answer`]): it makes an instance, or takes an idle one, hands the request
//! to its handler, and ends when the guest is done. Dropped before that, the guest and all it holds are gone.
//!
//! An instance is used again only after it has ended well and was never refused memory.

use std::{
    io,
    num::NonZeroU32,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::{Request, Response};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use wasmtime::{
    Engine, PoolConcurrencyLimitError, Store,
    component::{Accessor, InstancePre},
};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi_http::{FieldMap, WasiBody, WasiHttpView, p2, p3};

use crate::runtime::{
    error::Error,
    limits::Starved,
    linker::Wasi,
    state::{Guest, Host},
};

use super::body::Bounded;

/// What makes instances, and those that wait for their next request.
pub(super) struct Instances {
    engine: Engine,
    handler: Handler,
    host: Arc<Host>,
    /// Requests that one instance answers, one after another.
    uses: NonZeroU32,
    idle: Mutex<Vec<Instance>>,
}

/// What answers: imports bound, exports found.
enum Handler {
    P2(p2::bindings::ProxyPre<Guest>),
    P3(p3::bindings::ServicePre<Guest>),
}

/// The exports of one instance.
enum Exports {
    P2(p2::bindings::Proxy),
    P3(p3::bindings::Service),
}

struct Instance {
    store: Store<Guest>,
    /// `None` before the guest has started.
    exports: Option<Exports>,
    /// Requests it has answered.
    used: u32,
}

/// What a guest says where it has no answer, in one form for both versions.
type Refusal = wasmtime_wasi_http::Error;
/// The answer of a guest, head and body.
pub(super) type GuestResponse = Response<WasiBody>;
/// What a guest says by itself: an answer, or that it has none.
pub(super) type Said = Result<GuestResponse, String>;
/// The guest's whole life, or its life for one request.
pub(super) type Work = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// A guest that trapped, or could not be made.
pub(super) struct Failure {
    pub error: wasmtime::Error,
    pub starved: Option<Starved>,
    /// It had started.
    started: bool,
    /// What it was then.
    pub dump: Option<PathBuf>,
}

impl Failure {
    /// A guest that had started.
    pub fn of(error: wasmtime::Error, starved: Option<Starved>, dump: Option<PathBuf>) -> Failure {
        Failure { error, starved, started: true, dump }
    }

    /// There was no room for one more instance: in the pool, in the memory of all requests together, or among the
    /// mappings or the memory that the system lets this process have.
    pub fn is_full(&self) -> bool {
        let no_memory = |cause: &(dyn std::error::Error + 'static)| {
            cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory)
        };
        let crowded = || self.starved == Some(Starved::Together) || self.error.chain().any(no_memory);
        self.error.is::<PoolConcurrencyLimitError>() || !self.started && crowded()
    }
}

impl Instances {
    /// Errors where the handler has other types than `wasi:http` says.
    pub fn new(wasi: Wasi, pre: InstancePre<Guest>, host: Arc<Host>, uses: NonZeroU32) -> wasmtime::Result<Instances> {
        let engine = pre.engine().clone();
        let handler = match wasi {
            Wasi::P2 => Handler::P2(p2::bindings::ProxyPre::new(pre)?),
            Wasi::P3 => Handler::P3(p3::bindings::ServicePre::new(pre)?),
        };
        Ok(Instances { engine, handler, host, uses, idle: Mutex::default() })
    }

    /// Makes what a request needs, to see whether it can be made.
    pub fn try_guest(&self) -> Result<(), Error> {
        Guest::new(&self.host, WasiCtx::builder()).map(drop)
    }

    /// Answers one request, which is over when the future ends. `say`: where the guest puts its answer; `place` is given
    /// back at the end.
    pub fn answer(
        self: Arc<Self>,
        request: Request<Bounded>,
        say: oneshot::Sender<Said>,
        place: OwnedSemaphorePermit,
    ) -> Result<Work, Error> {
        let mut instance = match self.idle().pop() {
            Some(instance) => instance,
            None => self.fresh()?,
        };
        instance.store.data_mut().outgoing.answers(request.extensions().get().cloned());
        let clock = instance.store.data().clock.clone();
        clock.reset();
        Ok(Box::pin(async move {
            let Instance { store, exports, .. } = &mut instance;
            let life = async {
                let exports = match exports {
                    Some(exports) => exports,
                    None => exports.insert(self.handler.start(store).await?),
                };
                exports.handle(store, request, say).await
            };
            let result = clock.measure(life).await;
            let starved = instance.store.data().meter.starved;
            let dump = result.as_ref().err().and_then(|error| self.host.dump(error, &mut instance.store));
            let started = instance.exports.is_some();
            instance.used += 1;
            if result.is_ok() && starved.is_none() && instance.used < self.uses.get() {
                self.idle().push(instance);
            } else {
                drop(instance);
            }
            drop(place);
            result.map_err(|error| Failure { error, starved, started, dump })
        }))
    }

    fn fresh(&self) -> Result<Instance, Error> {
        let store = Guest::new(&self.host, WasiCtx::builder())?.into_store(&self.engine);
        Ok(Instance { store, exports: None, used: 0 })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler {
    async fn start(&self, store: &mut Store<Guest>) -> wasmtime::Result<Exports> {
        Ok(match self {
            Handler::P2(pre) => Exports::P2(pre.instantiate_async(store).await?),
            Handler::P3(pre) => Exports::P3(pre.instantiate_async(store).await?),
        })
    }
}

impl Exports {
    async fn handle(
        &self,
        store: &mut Store<Guest>,
        request: Request<Bounded>,
        say: oneshot::Sender<Said>,
    ) -> wasmtime::Result<()> {
        match self {
            Exports::P2(proxy) => {
                let mut http = store.data_mut().http();
                let request = http.new_incoming_request(p2::bindings::http::types::Scheme::Http, request)?;
                let answer = http.new_response_outparam_from_callback(|answer| {
                    // The client may be gone.
                    let _ = say.send(answer.map_err(|error| Refusal::from(error).to_string()));
                })?;
                proxy.wasi_http_incoming_handler().call_handle(store, request, answer).await
            }
            Exports::P3(service) => {
                store.run_concurrent(async |accessor| handle_p3(accessor, service, request, say).await).await?
            }
        }
    }
}

/// A guest of WASI 0.3: it may go on after it returned its answer, to write its body and beyond.
async fn handle_p3(
    accessor: &Accessor<Guest>,
    service: &p3::bindings::Service,
    request: Request<Bounded>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_that_finds_no_memory_had_no_place() {
        let failure = |started, kind: io::ErrorKind| {
            let error = wasmtime::Error::from(io::Error::from(kind)).context("could not map a memory");
            Failure { error, starved: None, started, dump: None }
        };
        assert!(failure(false, io::ErrorKind::OutOfMemory).is_full());
        assert!(!failure(false, io::ErrorKind::NotFound).is_full());
        // What a guest is told by the host while it runs is its own affair.
        assert!(!failure(true, io::ErrorKind::OutOfMemory).is_full());
    }
}
