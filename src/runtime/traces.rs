//! Spans of requests for OpenTelemetry: one for each that is answered, one for each that a guest sends.
//!
//! 1. A request that says what it belongs to (`traceparent`, W3C Trace Context) is a child of that; what it carries on to
//!    the guest names the server's own span.
//! 2. A request that a guest sends is a child of what the guest says in its `traceparent`, else of the request that the
//!    guest answers; the header is set either way.
//! 3. Spans are sent in batches, by a thread of their own, to a collector that speaks OTLP over HTTP. One that cannot be
//!    reached costs its spans and one warning, nothing else.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use opentelemetry::{
    Context, KeyValue,
    propagation::TextMapPropagator,
    trace::{SpanKind, Status, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_http::{HeaderExtractor, HeaderInjector, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{SdkTracer, SdkTracerProvider},
};
use wasmtime_wasi::async_trait;

use crate::{diagnostic::Problem, network};

use super::tell::{Teller, Told};

/// For the collector to take a batch, and for what is left when the server ends.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where spans go. Clones are the same.
#[derive(Debug, Clone)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    collector: Arc<Collector>,
}

/// An address that is no collector's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct TracesError {
    pub why: String,
}

/// The span of a request, while it lasts.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    traces: Traces,
    context: Context,
}

impl Traces {
    /// To the collector at this address, e.g. `http://127.0.0.1:4318`, as `service`; the variables `OTEL_SERVICE_NAME`
    /// and `OTEL_RESOURCE_ATTRIBUTES` say more of it, or otherwise.
    pub fn to(collector: &str, service: &str) -> Result<Traces, TracesError> {
        let refused = |why: String| TracesError { why };
        let uri: Uri = collector.parse().map_err(|_| refused(format!("`{collector}` is no URL")))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(refused(format!("`{collector}` is no address of HTTP: `http://HOST:PORT` is wanted")));
        }
        let address = format!("{}/v1/traces", collector.trim_end_matches('/'));
        let collector = Arc::new(Collector {
            address: address.clone(),
            agent: network::asking_agent(),
            teller: OnceLock::new(),
            told: AtomicBool::new(false),
        });
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sending(collector.clone()))
            .with_endpoint(address)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| refused(error.to_string()))?;
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(service.to_owned());
        }
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
        let tracer = provider.tracer("mosaic");
        Ok(Traces { provider, tracer, collector })
    }

    /// Where it is told that nothing can be sent.
    pub(super) fn tell_to(&self, teller: Teller) {
        let _ = self.collector.teller.set(teller);
    }

    /// Begins the span of a request that came, and names it to whoever answers.
    pub(super) fn begin<B>(&self, request: &mut Request<B>) -> Trace {
        let parent = belongs_to(request.headers()).unwrap_or_default();
        let kind = SpanKind::Server;
        let trace = self.span(
            kind,
            request.method().as_str(),
            &parent,
            vec![
                KeyValue::new("http.request.method", request.method().to_string()),
                KeyValue::new("url.path", request.uri().path().to_owned()),
                KeyValue::new("url.scheme", "http"),
            ],
        );
        trace.name_in(request.headers_mut());
        request.extensions_mut().insert(trace.clone());
        trace
    }

    fn span(&self, kind: SpanKind, name: &str, parent: &Context, attributes: Vec<KeyValue>) -> Trace {
        let span = self.tracer.span_builder(name.to_owned()).with_kind(kind).with_attributes(attributes);
        let span = span.start_with_context(&self.tracer, parent);
        Trace { traces: self.clone(), context: parent.with_span(span) }
    }

    /// Sends what is left.
    pub(super) fn finish(&self) {
        // What cannot be sent has been told.
        let _ = self.provider.shutdown_with_timeout(PATIENCE);
    }
}

/// What a request says it belongs to.
fn belongs_to(headers: &HeaderMap) -> Option<Context> {
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
    context.span().span_context().is_valid().then_some(context)
}

impl Trace {
    /// Begins the span of a request that the guest sends, and names it to whoever gets it.
    pub fn begin_sending<B>(&self, request: &mut Request<B>) -> Trace {
        let parent = belongs_to(request.headers()).unwrap_or_else(|| self.context.clone());
        let uri = request.uri();
        let trace = self.traces.span(
            SpanKind::Client,
            request.method().as_str(),
            &parent,
            vec![
                KeyValue::new("http.request.method", request.method().to_string()),
                KeyValue::new("url.full", uri.to_string()),
                KeyValue::new("server.address", uri.host().unwrap_or_default().to_owned()),
            ],
        );
        trace.name_in(request.headers_mut());
        trace
    }

    fn name_in(&self, headers: &mut HeaderMap) {
        TraceContextPropagator::new().inject_context(&self.context, &mut HeaderInjector(headers));
    }

    /// Ends it with what it came to; `failed`: from which status on it is an error.
    pub fn end(&self, status: Option<StatusCode>, failed: StatusCode) {
        let span = self.context.span();
        match status {
            Some(status) => {
                span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
                if status >= failed {
                    span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
                    span.set_status(Status::error(""));
                }
            }
            None => span.set_status(Status::error("there was no answer")),
        }
        span.end();
    }

    pub fn end_failed(&self, why: String) {
        self.context.span().set_status(Status::error(why));
        self.context.span().end();
    }
}

/// Who takes the spans.
#[derive(Debug)]
struct Collector {
    address: String,
    agent: ureq::Agent,
    teller: OnceLock<Teller>,
    /// It was told that it takes none.
    told: AtomicBool,
}

impl Collector {
    fn tell(&self, why: &dyn fmt::Display) {
        if let Some(teller) = self.teller.get()
            && !self.told.swap(true, Ordering::Relaxed)
        {
            let message = format!("traces could not be sent to `{}`", self.address);
            let problem = Problem::warning("runtime::traces", message)
                .because(why.to_string())
                .help("start a collector that takes OTLP over HTTP there; requests are answered all the same");
            let _ = teller.try_send(Told::Warning(problem));
        }
    }
}

/// Sends to it, on the thread that asks: that of the batches.
#[derive(Debug, Clone)]
struct Sending(Arc<Collector>);

#[async_trait]
impl HttpClient for Sending {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let request = self.0.agent.configure_request(Request::from_parts(head, body.to_vec()));
        let sent = self.0.agent.run(request.timeout_global(Some(PATIENCE)).build());
        let response = sent.inspect_err(|error| self.0.tell(error))?;
        if !response.status().is_success() {
            self.0.tell(&format!("it answered {}", response.status()));
        }
        let (head, mut body) = response.into_parts();
        Ok(Response::from_parts(head, body.read_to_vec()?.into()))
    }
}
