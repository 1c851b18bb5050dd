//! Outgoing HTTP (`wasi:http/outgoing-handler` 0.2, `wasi:http/client` 0.3): to granted authorities only.

use std::sync::Arc;

use http::{StatusCode, uri::Scheme};
use http_body_util::BodyExt;
use wasmtime::{
    AsContextMut as _,
    component::{Linker, LinkerInstance, Resource},
};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttp, WasiHttpHooks, WasiHttpView, default_send_request,
    p2::{
        bindings::http::{outgoing_handler::Host as _, types::ErrorCode},
        types::{HostFutureIncomingResponse, HostOutgoingRequest},
    },
    p3::{self, bindings::http::client::HostWithStore as _},
};

use crate::runtime::{
    denials::Denial,
    grants::{Authority, Missing, Scope},
    state::{Behind, Guest, Host},
    traces::Trace,
    trap::caller,
};

use super::P2;

/// Pieces of a response body that wait for the client: small bodies fit, so that the guest need not wait for the socket.
const BODY_CHUNKS: usize = 16;

type Sent = wasmtime_wasi_http::Result<(
    http::Response<WasiBody>,
    Box<dyn Future<Output = wasmtime_wasi_http::Result<()>> + Send>,
)>;

/// Decides over, and sends, what a guest asks to be sent.
pub(in crate::runtime) struct Outgoing {
    host: Arc<Host>,
    /// The part that asks, where it can be told.
    part: Option<String>,
    /// The request that the guest answers, where it is traced.
    answers: Option<Trace>,
    /// The import by which it asks.
    behind: Behind,
}

impl Outgoing {
    pub fn new(host: Arc<Host>) -> Outgoing {
        Outgoing { host, part: None, behind: Behind::All, answers: None }
    }

    /// What is sent from now on belongs to this request.
    pub fn answers(&mut self, request: Option<Trace>) {
        self.answers = request;
    }

    fn is_granted(&self, uri: &http::Uri) -> bool {
        let Scope::Only(granted) = &self.host.granted(self.behind).http_out else { return true };
        let Some(host) = uri.host() else { return false };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if uri.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 });
        granted.iter().any(|authority: &Authority| authority.covers(&host, port))
    }
}

impl WasiHttpHooks for Outgoing {
    fn send_request(
        &mut self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = wasmtime_wasi_http::Result<()>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        if !self.is_granted(request.uri()) {
            let authority = request.uri().authority().map_or("", |a| a.as_str());
            self.host.refuse(Denial {
                part: self.part.take(),
                interface: "wasi:http/outgoing-handler",
                what: format!("a request to `{authority}`"),
                grant: Missing::new("http-out", authority),
            });
            return Box::new(std::future::ready(Err(Error::HttpRequestDenied)));
        }
        let trace = self.answers.as_ref().map(|answered| answered.begin_sending(&mut request));
        Box::new(async move {
            let sent = default_send_request(request, options).await;
            if let Some(trace) = trace {
                match &sent {
                    Ok((response, _)) => trace.end(Some(response.status()), StatusCode::BAD_REQUEST),
                    Err(error) => trace.end_failed(error.to_string()),
                }
            }
            let (response, io) = sent?;
            Ok((response.map(BodyExt::boxed_unsync), Box::new(io) as Box<_>))
        })
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        BODY_CHUNKS
    }
}

/// Notes which part asks, before the request goes its way.
pub(in crate::runtime) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    link_handler(&mut linker.instance(&format!("wasi:http/outgoing-handler@{P2}"))?, Behind::All)
}

pub(super) fn link_handler(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    type Handled = Result<Resource<HostFutureIncomingResponse>, ErrorCode>;
    type Asked = (Resource<HostOutgoingRequest>, Option<Resource<RequestOptions>>);
    interface.func_wrap("handle", move |mut store, (request, options): Asked| {
        store.data_mut().outgoing.part = caller(&store);
        store.data_mut().outgoing.behind = behind;
        let handled = store.data_mut().http().handle(request, options);
        store.data_mut().outgoing.behind = Behind::All;
        let handled: Handled = match handled {
            Ok(response) => Ok(response),
            Err(error) => Err(error.downcast()?),
        };
        Ok((handled,))
    })
}

/// `wasi:http/client` 0.3, under a label.
pub(super) fn link_client(interface: &mut LinkerInstance<'_, Guest>, behind: Behind) -> wasmtime::Result<()> {
    type Sent = Result<Resource<p3::Response>, p3::bindings::http::types::ErrorCode>;
    interface.func_wrap_concurrent("send", move |accessor, (request,): (Resource<p3::Request>,)| {
        Box::pin(async move {
            // `send` asks before it first waits, so that nobody else asks in between.
            accessor.with(|mut store| {
                let part = caller(store.as_context_mut());
                let outgoing = &mut store.data_mut().outgoing;
                (outgoing.part, outgoing.behind) = (part, behind);
            });
            let http = accessor.with_getter::<WasiHttp>(Guest::http);
            let sent = WasiHttp::send(&http, request);
            let sent =
                asked_at_once(sent, || accessor.with(|mut store| store.data_mut().outgoing.behind = Behind::All));
            let sent: Sent = match sent.await {
                Ok(response) => Ok(response),
                Err(error) => Err(error.downcast()?),
            };
            Ok((sent,))
        })
    })
}

/// The same future; `then` is called as soon as it has run as far as it can at once.
async fn asked_at_once<F: Future>(future: F, then: impl FnOnce()) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut then = Some(then);
    std::future::poll_fn(|cx| {
        let poll = future.as_mut().poll(cx);
        if let Some(then) = then.take() {
            then();
        }
        poll
    })
    .await
}
